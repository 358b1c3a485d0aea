"""The acquirer's book: charges, refunds and every movement of money, kept in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from sandbox.acquirer.outcomes import DECLINES, FORGOTTEN, Outcome, Status, read_token

CLIENT_MAY_TAKE = timedelta(hours=24)

Notice = Callable[["Charge | Refund"], None]


@dataclass(frozen=True)
class Wish:
    """A charge as the shop asks for it; `amount` in minor units."""

    order: str
    token: str
    amount: int
    currency: str
    description: str
    customer: str
    email: str | None


@dataclass(frozen=True)
class Charge:
    shop: str
    wish: Wish
    id: str
    card_mask: str
    amount: int
    status: Status
    made_at: datetime
    paid_at: datetime | None = None
    decline_code: str | None = None
    settles_at: datetime | None = None
    settles_as: Literal["paid", "declined"] | None = None
    settles_code: str | None = None

    @property
    def decline_text(self) -> str | None:
        return DECLINES[self.decline_code] if self.decline_code else None

    @property
    def receipt_status(self) -> str:
        """A receipt follows a paid charge with an e-mail; the mailbox `receipt_failed` always fails."""
        if self.wish.email is None or self.status == "declined":
            return "none"
        if self.status != "paid":
            return "pending"
        return "failed" if self.wish.email.startswith("receipt_failed@") else "done"


@dataclass(frozen=True)
class Refund:
    shop: str
    refund: str
    order: str
    charge_id: str
    amount: int
    currency: str
    refunded_at: datetime


@dataclass(frozen=True)
class Operation:
    """Money that moved: the only thing that counts when charges are counted."""

    shop: str
    order: str
    kind: Literal["charge", "refund"]
    amount: int
    currency: str
    token: str
    at: datetime


class Refused(Exception):
    """A request the book does not follow: an HTTP status, the acquirer's word and the field it is about."""

    def __init__(self, status: int, error: str, field: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.field = field


@dataclass
class Book:
    now: Callable[[], datetime]
    notify: Notice = lambda _: None
    pending_for: timedelta = timedelta(seconds=60)
    charges: dict[tuple[str, str], Charge] = field(default_factory=dict)
    refunds: dict[tuple[str, str], Refund] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    forgotten: set[tuple[str, str]] = field(default_factory=set)
    tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def charge(self, shop: str, wish: Wish) -> tuple[Charge | None, Outcome]:
        """Follow the card's token; no charge comes back when nothing was to happen. An order is taken once for ever."""
        mask, outcomes = read_token(wish.token)
        with self.lock:
            if (shop, wish.order) in self.charges:
                raise Refused(409, "duplicate_order", "order")
            outcome = self._outcome(shop, wish.token, outcomes)
            if outcome.status is None:
                return None, outcome
            charge = self._made(shop, wish, mask, outcome)
            self._keep(charge)
            return charge, outcome

    def find(self, shop: str, order: str) -> Charge:
        self.settle()
        with self.lock:
            if (shop, order) not in self.charges:
                raise Refused(404, "no_such_order", "order")
            return self.charges[shop, order]

    def refund(self, shop: str, order: str, refund: str, amount: int) -> Refund:
        with self.lock:
            if (shop, refund) in self.refunds:
                raise Refused(409, "duplicate_refund", "refund")
            charge = self.find(shop, order)
            if charge.status != "paid":
                raise Refused(422, "not_paid", "order")
            if amount > charge.amount - self._refunded(shop, order):
                raise Refused(422, "amount_exceeds_payment", "amount")
            made = Refund(shop, refund, order, charge.id, amount, charge.wish.currency, self.now())
            self.refunds[shop, refund] = made
            self._moved(charge, "refund", amount)
        self.notify(made)
        return made

    def find_refund(self, shop: str, refund: str) -> Refund:
        with self.lock:
            if (shop, refund) not in self.refunds:
                raise Refused(404, "no_such_refund", "refund")
            return self.refunds[shop, refund]

    def forget(self, shop: str, token: str) -> None:
        """Every later charge of this card is declined; forgetting twice is fine."""
        read_token(token)
        with self.lock:
            self.forgotten.add((shop, token))

    def answer_for_client(self, charge_id: str, agreed: bool) -> Charge:
        """What the client pressed on the bank's page; a charge that no longer waits stays as it is."""
        with self.lock:
            charge = self.by_id(charge_id)
            if charge.status != "action_required":
                return charge
            return self._settled(charge, "paid" if agreed else "declined", "client_refused")

    def by_id(self, charge_id: str) -> Charge:
        self.settle()
        with self.lock:
            for charge in self.charges.values():
                if charge.id == charge_id:
                    return charge
        raise Refused(404, "no_such_charge", "id")

    def settle(self) -> None:
        """Bring every charge whose moment has come to its end."""
        with self.lock:
            now = self.now()
            for charge in list(self.charges.values()):
                if charge.settles_at and charge.settles_as and charge.settles_at <= now:
                    self._settled(charge, charge.settles_as, charge.settles_code)

    def _outcome(self, shop: str, token: str, outcomes: list[Outcome]) -> Outcome:
        if (shop, token) in self.forgotten:
            return FORGOTTEN
        number = self.tries[shop, token]
        self.tries[shop, token] += 1
        return outcomes[min(number, len(outcomes) - 1)]

    def _made(self, shop: str, wish: Wish, mask: str, outcome: Outcome) -> Charge:
        assert outcome.status is not None
        number = len(self.charges) + 1
        charge = Charge(shop, wish, f"sbx-{number:06d}", mask, wish.amount + outcome.extra, outcome.status, self.now())
        if outcome.status == "paid":
            return replace(charge, paid_at=charge.made_at)
        if outcome.status == "declined":
            return replace(charge, decline_code=outcome.decline_code)
        if outcome.status == "pending":
            moment = charge.made_at + self.pending_for
            return replace(charge, settles_at=moment, settles_as=outcome.later, settles_code=outcome.decline_code)
        moment = charge.made_at + CLIENT_MAY_TAKE
        return replace(charge, settles_at=moment, settles_as="declined", settles_code="client_absent")

    def _settled(self, charge: Charge, status: Literal["paid", "declined"], code: str | None) -> Charge:
        paid = status == "paid"
        done = replace(
            charge,
            status=status,
            paid_at=self.now() if paid else None,
            decline_code=None if paid else code,
            settles_at=None,
            settles_as=None,
            settles_code=None,
        )
        self._keep(done)
        return done

    def _keep(self, charge: Charge) -> None:
        self.charges[charge.shop, charge.wish.order] = charge
        if charge.status == "paid":
            self._moved(charge, "charge", charge.amount)
        self.notify(charge)

    def _moved(self, charge: Charge, kind: Literal["charge", "refund"], amount: int) -> None:
        self.operations.append(
            Operation(charge.shop, charge.wish.order, kind, amount, charge.wish.currency, charge.wish.token, self.now())
        )

    def _refunded(self, shop: str, order: str) -> int:
        return sum(
            refund.amount for (owner, _), refund in self.refunds.items() if (owner, refund.order) == (shop, order)
        )

"""Cancelling a charge: a person takes back what a client was asked for; the page behind its link takes no money."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from billing.charge_rows import attempts_of, given_back, no_such_charge
from billing.news import was_given_up
from billing.reconciliation import Reconciliation
from billing.settlement import OPEN, Settlement
from billing.transfers import transfer_that_paid
from calculations.refusal import Refusal
from storage.database import Database
from storage.model import Charge, ChargeAttempt


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`open_until`: so long an order that the acquirer could not close may still be paid; what is paid counts."""

    state: str
    open_until: datetime | None


class Cancelling:
    """`step`: see Charging; here cancel_committed."""

    def __init__(
        self,
        database: Database,
        settlement: Settlement,
        reconciliation: Reconciliation,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._settlement = settlement
        self._reconciliation = reconciliation
        self._now = now
        self._step = step

    def cancel(self, charge_id: int) -> Cancelled:
        """Nothing more is asked of the client, by page or by card, until the same is asked for anew; safe to repeat.

        Raises Refusal: no_such_charge, charge_paid, charge_on_its_way.
        """
        standing_order = self._note(charge_id)
        self._step("cancel_committed")
        if standing_order is not None:
            self._reconciliation.ask_now(standing_order)
            self._reconciliation.void(standing_order)
        with self._database.read() as session:
            charge = session.get_one(Charge, charge_id)
            order = _open_order(session, charge)
            return Cancelled(charge.state, order.valid_until if order else None)

    def _note(self, charge_id: int) -> int | None:
        """The client's order that stands open at an acquirer, to be closed there."""
        with self._database.write() as session:
            charge = session.get(Charge, charge_id, with_for_update=True)
            if charge is None:
                raise no_such_charge(charge_id)
            if charge.state == "succeeded":
                raise _given_back(charge) if given_back(session, charge) == charge.amount else _paid(session, charge)
            order = _open_order(session, charge)
            if order is not None and order.method == "saved_card" and order.decline_kind != "needs_client":
                raise Refusal(
                    "charge_on_its_way",
                    ru=f"Списание {charge_id} уже у банка, и ответа ещё нет: спросите (`charges ask {charge_id}`) и "
                    f"отмените или верните деньги после него.",
                    en=f"Charge {charge_id} is with the bank, which has not answered yet: ask (`charges ask "
                    f"{charge_id}`), and cancel it or give the money back after that.",
                )
            is_new = charge.cancelled_at is None and not was_given_up(session, charge)
            charge.cancelled_at = charge.cancelled_at or self._now()
            charge.next_attempt_at = None
            if order is None and is_new:
                self._settlement.close(session, charge)
            return order.id if order is not None and order.state != "created" else None


def _paid(session: Session, charge: Charge) -> Refusal:
    transfer = transfer_that_paid(session, charge)
    if transfer is not None and not any(attempt.state == "succeeded" for attempt in attempts_of(session, charge)):
        return Refusal(
            "charge_paid",
            ru=f"Списание {charge.id} оплачено переводом {transfer.number} от {transfer.booked_on:%d.%m.%Y}: верните "
            f"деньги платёжным поручением, а если перевод связан ошибочно — `statements unmatch {transfer.id}`.",
            en=f"Charge {charge.id} was paid by bank transfer {transfer.number} of {transfer.booked_on}: give the "
            f"money back by a payment order of your own; if it was matched wrongly: `statements unmatch "
            f"{transfer.id}`.",
        )
    return Refusal(
        "charge_paid",
        ru=f"Платёж {charge.id} уже получен: верните деньги (`charges refund {charge.id}`).",
        en=f"Charge {charge.id} is paid already: give the money back (`charges refund {charge.id}`).",
    )


def _given_back(charge: Charge) -> Refusal:
    return Refusal(
        "charge_paid",
        ru=f"Платёж {charge.id} был получен, и деньги возвращены: отменять нечего.",
        en=f"Charge {charge.id} was paid and given back: there is nothing to cancel.",
    )


def _open_order(session: Session, charge: Charge) -> ChargeAttempt | None:
    return next((attempt for attempt in reversed(attempts_of(session, charge)) if attempt.state in OPEN), None)

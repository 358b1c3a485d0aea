"""Payments in person: a client behind a link pays one charge, by card or SBP; each click places at most one order."""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.charge_rows import (
    attempts_of,
    charge_of_key,
    new_charge,
    no_such_charge,
    spent_numbers,
    take_over_wishes,
)
from billing.declines import CLIENT_WORDS
from billing.key import gateway_customer_id, order_number
from billing.orders import ChargeOrder, Limit
from billing.page_terminals import payee_of, terminals_by_method
from billing.receipts import receipt_of_charge, receipt_of_try
from billing.reconciliation import Reconciliation
from billing.settlement import LONGEST_REASON, OPEN, REQUEST_LIMIT, Settlement, hold
from billing.terminals import OpenTerminal, close_sbp, notice_path, open_terminal, stop_terminal
from calculations.money import Money
from calculations.refusal import Refusal
from customers.consents import ConsentGiven, tick_of, withdraw_tick
from gateways import AnyGateway, Capability, Method, Misconfigured, NotSent, PageOrder, Started, Trouble
from schemas.declaration import Words
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Portal, Refund, Terminal
from storage.vault import Vault

log = logging.getLogger(__name__)

PAGE_LIFE = timedelta(hours=1)
ENOUGH_TO_PAY = timedelta(minutes=2)  # a page with less time left is not handed out again

State = Literal["to_pay", "started", "checking", "paid", "cancelled", "not_owed"]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Money of a payment that goes back to its client; `at` is empty while that is on its way."""

    amount: Money
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a charge stands for its client.

    `to_pay`: by one of `methods`. `started`: at `page_url`, or with `qr_payload`, until `valid_until`. `checking`: a
    try is on its way, nothing is to be done. `cancelled`: a person of the company took it back. `not_owed`: it was paid
    in another way, or its schedule was replaced.

    `decline`: why the last try took nothing, in words. `later`: the limit of later charges that the client is asked to
    agree to. `page_words`: how the way by a page is called. `payee`: see payee_of.
    """

    charge_id: int
    state: State
    amount: Money
    description: str
    methods: tuple[Method, ...]
    payee: str
    page_words: Words
    method: str
    can_save: bool
    page_url: str
    qr_payload: str
    valid_until: datetime | None
    paid_at: datetime | None
    given_back: tuple[GivenBack, ...]
    decline: Words | None
    later: Limit | None


@dataclass(frozen=True, slots=True)
class _Errand:
    charge_id: int
    attempt_id: int
    terminal: OpenTerminal
    order: PageOrder


class InPerson:
    """`public_url` is where acquirers send their notices. `step`: see Charging; here page_committed, page_sent,
    page_answered, page_settled."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        settlement: Settlement,
        reconciliation: Reconciliation,
        public_url: str,
        now: Callable[[], datetime],
        step: Callable[[str], None],
        is_owed: Callable[[Session, Charge], bool],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._settlement = settlement
        self._reconciliation = reconciliation
        self._public_url = public_url
        self._now = now
        self._step = step
        self._is_owed = is_owed

    def standing(self, charge_id: int) -> Standing:
        """Raises Refusal: no_such_charge."""
        with self._database.read() as session:
            charge = session.get(Charge, charge_id)
            if charge is None:
                raise no_such_charge(charge_id)
            return self._standing(session, charge)

    def refresh(self, charge_id: int) -> Standing:
        """The same after the acquirer was asked: the client has come back from its page."""
        with self._database.read() as session:
            charge = session.get(Charge, charge_id)
            if charge is None:
                raise no_such_charge(charge_id)
            attempts = attempts_of(session, charge)
        if attempts and attempts[-1].state in OPEN - {"created"}:
            last = attempts[-1]
            if self._reconciliation.bring_forward(last.terminal_id, last.order_number):
                self._reconciliation.look_up(last.id)
        return self.standing(charge_id)

    def start(self, charge_id: int, method: Method, return_url: str, consent: ConsentGiven | None) -> Standing:
        """Place the order that the client pays now, or hand out the page of one they have begun and not paid.

        An order whose page keeps a card and a click that does not agree to that are not each other's.

        Raises Refusal, in the client's words, when nothing can be paid this way now; nothing was taken then.
        """
        standing = self.refresh(charge_id)
        if standing.state in ("cancelled", "not_owed"):
            return standing
        self._close_what_stands_in_the_way(charge_id, method, consent)
        try:
            attempt_id = self._intend(charge_id, method, consent)
        except IntegrityError:  # another click was faster: what it has begun is the client's
            return self.standing(charge_id)
        if attempt_id is None:
            standing = self.standing(charge_id)
            if standing.state == "to_pay":  # an order nobody can pay any more, which its acquirer does not close
                raise _not_closed_yet(charge_id)
            return standing
        self._step("page_committed")
        errand = self._mark_sent(attempt_id, return_url)
        if isinstance(errand, Refusal):
            raise errand
        if errand is not None:
            self._step("page_sent")
            refusal = self._place(errand)
            self._step("page_settled")
            if refusal:
                raise refusal
        return self.standing(charge_id)

    def _close_what_stands_in_the_way(self, charge_id: int, method: Method, consent: ConsentGiven | None) -> None:
        """An order that this click makes useless is closed at the acquirer first, if it can be."""
        with self._database.read() as session:
            charge = session.get(Charge, charge_id)
            last = attempts_of(session, charge)[-1:] if charge else []
            if not last or last[0].state not in OPEN - {"created"} or not self._is_useless(last[0], method, consent):
                return
        self._reconciliation.void(last[0].id)

    def _is_useless(self, attempt: ChargeAttempt, method: Method, consent: ConsentGiven | None) -> bool:
        if attempt.method == "saved_card":
            return attempt.decline_kind == "needs_client" and not attempt.payment_link
        agrees = (tick_of(attempt) is None) == (consent is None)
        return attempt.method != method or not agrees or not self._may_be_handed_out(attempt)

    def _may_be_handed_out(self, attempt: ChargeAttempt) -> bool:
        """A page says itself when it is paid; a QR does not, and waits until the acquirer can be asked again."""
        if attempt.state != "pending" or self._is_over(attempt) or (attempt.method == "sbp" and attempt.reason):
            return False
        return bool(attempt.payment_link or attempt.qr_payload)

    def _is_over(self, attempt: ChargeAttempt) -> bool:
        return attempt.valid_until is not None and attempt.valid_until <= self._now() + ENOUGH_TO_PAY

    def _intend(self, charge_id: int, method: Method, consent: ConsentGiven | None) -> int | None:
        """The committed row of a new try; None when there is none to make."""
        now = self._now()
        with self._database.write() as session:
            charge = session.get_one(Charge, charge_id, with_for_update=True)
            attempts = attempts_of(session, charge)
            if charge.state == "succeeded" or charge.cancelled_at:
                return None
            if attempts and attempts[-1].state in OPEN:
                if consent is None:
                    withdraw_tick(attempts[-1], now)  # its page could not be closed, and may be paid by whoever has it
                return None
            if not self._is_owed(session, charge):
                return None
            terminal = terminals_by_method(session, charge, attempts, self._gateways, now).get(method)
            if terminal is None:
                raise _not_now(charge_id)
            portal = session.get_one(Portal, charge.portal_id)
            attempt = ChargeAttempt(
                portal_id=charge.portal_id,
                charge_id=charge.id,
                number=len(attempts) + 1,
                method=method,
                asked_by="client",
                terminal_id=terminal.id,
                order_number=order_number(portal.member_id, charge.key, spent_numbers(attempts) + 1),
                amount=charge.amount,
                currency=charge.currency,
                state="created",
                consent_given=consent.model_dump(mode="json") if consent else {},
                valid_until=now + PAGE_LIFE,
                look_up_at=now + REQUEST_LIMIT,
                created_at=now,
            )
            session.add(attempt)
            charge.state, charge.settled_at = "open", None
            session.flush()
            return attempt.id

    def _mark_sent(self, attempt_id: int, return_url: str) -> _Errand | Refusal | None:
        now = self._now()
        with self._database.write() as session:
            charge, attempt = hold(session, attempt_id)
            portal = session.get_one(Portal, charge.portal_id)
            terminal = session.get_one(Terminal, attempt.terminal_id, with_for_update={"read": True})
            if attempt.state != "created":
                return None
            if charge.cancelled_at:
                self._settlement.take_back(session, charge, attempt, "the charge was cancelled")
                return None
            if portal.state in ("uninstalled", "deleted") or terminal.state != "active":
                self._settlement.take_back(session, charge, attempt, "the terminal or the portal was stopped")
                return _not_now(charge.id)
            try:
                opened = open_terminal(self._gateways, self._vault, terminal)
                receipt = receipt_of_try(session, opened.fiscal, charge, attempt, now)
            except Refusal as refusal:
                self._settlement.take_back(session, charge, attempt, refusal.en)
                return _not_now(charge.id)
            except Misconfigured as trouble:
                self._settlement.take_back(session, charge, attempt, str(trouble))
                return _not_now(charge.id)
            won = session.execute(
                update(ChargeAttempt)
                .where(ChargeAttempt.id == attempt_id, ChargeAttempt.state == "created")
                .values(state="sent", sent_at=now, look_up_at=now + 2 * REQUEST_LIMIT)
                .returning(ChargeAttempt.id)
            ).one_or_none()
            order = PageOrder(
                number=attempt.order_number,
                amount=Money(attempt.amount, attempt.currency),
                description=charge.description,
                method="sbp" if attempt.method == "sbp" else "card",
                save_card=tick_of(attempt) is not None,
                gateway_customer_id=gateway_customer_id(portal.member_id, charge.customer),
                return_url=return_url,
                notice_url=self._public_url + notice_path(terminal),
                valid_until=attempt.valid_until or now + PAGE_LIFE,
                receipt_email=charge.receipt_email,
                receipt=receipt,
            )
            return _Errand(charge.id, attempt_id, opened, order) if won else None

    def _place(self, errand: _Errand) -> Refusal | None:
        """Why nothing was placed, if that is sure."""
        try:
            started = errand.terminal.gateway.start_payment(errand.terminal.credentials, errand.order)
        except NotSent as trouble:
            self._settlement.close_unsent(errand.attempt_id, str(trouble)[:LONGEST_REASON])
            return _try_again(errand.charge_id)
        except Misconfigured as trouble:
            if errand.order.save_card:
                return self._without_saving(errand, trouble)
            return self._without_terminal(errand, trouble)
        except Trouble as trouble:  # nobody has its page: it is asked about at once, and closed if it is there
            self._settlement.leave_unknown(errand.attempt_id, str(trouble)[:LONGEST_REASON])
            self._reconciliation.ask_now(errand.attempt_id)
        else:
            self._step("page_answered")
            self._hand_out(errand.attempt_id, started)
        return None

    def _without_terminal(self, errand: _Errand, trouble: Misconfigured) -> Refusal:
        """A refused order by SBP says nothing of cards: one that is refused too stops the terminal."""
        by_sbp, why = errand.order.method == "sbp", str(trouble)[:LONGEST_REASON]
        stop = close_sbp if by_sbp else stop_terminal
        with self._database.write() as session:
            charge, _ = hold(session, errand.attempt_id)
            terminal = stop(session, errand.terminal.id, errand.terminal.configured_at, why)
            ways = terminals_by_method(session, charge, attempts_of(session, charge), self._gateways, self._now())
            if by_sbp:
                _log_refused(terminal, "places no order by SBP, which it offers no more until it is configured", why)
        self._give_up(errand, trouble)
        return _not_by_sbp() if by_sbp and "card" in ways else _not_now(errand.charge_id)

    def _without_saving(self, errand: _Errand, trouble: Misconfigured) -> Refusal:
        """It may be nothing but the saving that is not permitted, and one client's tick stops no other's payment: a try
        without it shows whether the terminal is to be stopped."""
        with self._database.read() as session:
            terminal = session.get_one(Terminal, errand.terminal.id)
            _log_refused(terminal, "did not place an order that saves its card", str(trouble))
        self._give_up(errand, trouble)
        return _not_with_saving()

    def _give_up(self, errand: _Errand, trouble: Misconfigured) -> None:
        why = str(trouble)[:LONGEST_REASON]
        if not trouble.placed:
            self._settlement.close_unsent(errand.attempt_id, why)
            return
        self._settlement.leave_unknown(errand.attempt_id, why)
        self._reconciliation.ask_now(errand.attempt_id)  # nobody has its page: it is closed

    def _hand_out(self, attempt_id: int, started: Started) -> None:
        now = self._now()
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state not in ("sent", "unknown", "pending"):
                return
            attempt.state, attempt.reason, attempt.gateway_payment_id = "pending", "", started.payment_id
            attempt.payment_link, attempt.qr_payload = started.page_url, started.qr_payload
            attempt.look_up_at = now + REQUEST_LIMIT

    def ask(self, order: ChargeOrder) -> int:
        """A charge that waits for its client behind a link; asked again, it is the same one. Raises Refusal.

        One that was given up before anything was taken may be paid again; what is asked for now about its receipt and
        its later charges holds.
        """
        try:
            return self._ask(order)
        except IntegrityError:  # whoever asked for the same at this moment has written it
            return self._ask(order)

    def _ask(self, order: ChargeOrder) -> int:
        with self._database.write() as session:
            charge = charge_of_key(session, order) or new_charge(session, order, None, self._now())
            if charge.state == "succeeded":
                return charge.id
            _go_through(charge, order.gateway)
            attempts = attempts_of(session, charge)
            ways = terminals_by_method(session, charge, attempts, self._gateways, self._now())
            if not ways:
                raise _no_such_way(session, charge)
            charge.cancelled_at = None
            if charge.state == "cancelled":
                charge.state, charge.settled_at = "open", None
            if not any(attempt.state in OPEN for attempt in attempts):
                take_over_wishes(charge, order)
                self._check_receipt(session, charge, ways.values())
            return charge.id

    def _check_receipt(self, session: Session, charge: Charge, terminals: Iterable[Terminal]) -> None:
        """Refusal where a receipt could not be made: better now than to the client behind the link."""
        for terminal in terminals:
            with suppress(Misconfigured):
                fiscal = open_terminal(self._gateways, self._vault, terminal).fiscal
                receipt_of_charge(session, fiscal, charge, self._now())

    def _standing(self, session: Session, charge: Charge) -> Standing:
        attempts = attempts_of(session, charge)
        ways = terminals_by_method(session, charge, attempts, self._gateways, self._now())
        last = attempts[-1] if attempts else None
        taken = next((attempt for attempt in attempts if attempt.state == "succeeded"), None)
        begun = last is not None and last.state in OPEN and self._may_be_handed_out(last) and not charge.cancelled_at
        return Standing(
            charge_id=charge.id,
            state=self._state(session, charge, last),
            amount=Money(charge.amount, charge.currency),
            description=charge.description,
            methods=tuple(ways),
            payee=payee_of(session, charge, attempts, ways.values()),
            page_words=self._gateways[ways["card"].gateway].page_words if "card" in ways else AnyGateway.page_words,
            method=last.method if last and begun else "",
            can_save=any(self._can_save(terminal) for terminal in ways.values()),
            page_url=last.payment_link if last and begun else "",
            qr_payload=last.qr_payload if last and begun else "",
            valid_until=last.valid_until if last and begun else None,
            paid_at=taken.paid_at if taken else None,
            given_back=_given_back(session, charge),
            decline=self._decline(session, charge, last) if last and not taken else None,
            later=_later(charge),
        )

    def _state(self, session: Session, charge: Charge, last: ChargeAttempt | None) -> State:
        if charge.state == "succeeded":
            return "paid"
        if charge.cancelled_at:
            return "cancelled"
        if last is None or last.state not in OPEN:
            return "to_pay" if self._is_owed(session, charge) else "not_owed"
        if self._may_be_handed_out(last):
            return "started"
        waits_for_client = last.decline_kind == "needs_client" or self._has_expired(session, last)
        return "to_pay" if last.state == "pending" and waits_for_client else "checking"

    def _has_expired(self, session: Session, attempt: ChargeAttempt) -> bool:
        """Its page is not good any more, and the next click closes the order before another one is placed."""
        gateway = self._gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)
        had_page = bool(attempt.payment_link or attempt.qr_payload)
        return had_page and self._is_over(attempt) and gateway is not None and Capability.VOID in gateway.capabilities

    def _can_save(self, terminal: Terminal) -> bool:
        return Capability.CHARGE_SAVED_CARD in self._gateways[terminal.gateway].capabilities

    def _decline(self, session: Session, charge: Charge, last: ChargeAttempt) -> Words | None:
        if not last.decline_kind or last.state == "succeeded":
            return None
        gateway = self._gateways.get(session.get_one(Terminal, last.terminal_id).gateway)
        return CLIENT_WORDS[gateway.reason_of(last.decline_code)] if gateway else None


def _given_back(session: Session, charge: Charge) -> tuple[GivenBack, ...]:
    query = select(Refund).where(Refund.charge_id == charge.id, Refund.state.not_in(("declined", "not_sent")))
    refunds = session.scalars(query.order_by(Refund.number))
    return tuple(GivenBack(Money(refund.amount, refund.currency), refund.settled_at) for refund in refunds)


def _later(charge: Charge) -> Limit | None:
    return Limit(Money(charge.later_limit, charge.currency), charge.later_period) if charge.later_limit else None


def _try_again(charge_id: int) -> Refusal:
    return Refusal(
        "not_accepted_now",
        ru="Банк сейчас не принял оплату: деньги не списаны. Попробуйте ещё раз через минуту; не получится — сообщите "
        f"компании номер платежа {charge_id}.",
        en="The bank did not accept the payment now: nothing was taken. Try again in a minute; if that fails, tell the "
        f"company the payment's number {charge_id}.",
    )


def _not_closed_yet(charge_id: int) -> Refusal:
    return Refusal(
        "not_closed_yet",
        ru="Банк ещё не закрыл прошлую попытку, и начать новую пока нельзя: деньги не списаны. Попробуйте позже; не "
        f"получится — сообщите компании номер платежа {charge_id}.",
        en="The bank has not closed the last try yet, and no other may begin before: nothing was taken. Try again "
        f"later; if that fails, tell the company the payment's number {charge_id}.",
    )


def _log_refused(terminal: Terminal, what: str, why: str) -> None:
    log.error("terminal %s/%s of portal %s %s: %s", terminal.gateway, terminal.name, terminal.portal_id, what, why)


def _not_by_sbp() -> Refusal:
    return Refusal(
        "not_by_sbp",
        ru="По СБП сейчас заплатить нельзя: деньги не списаны. Заплатите картой.",
        en="This cannot be paid by SBP now: nothing was taken. Pay by card.",
    )


def _not_with_saving() -> Refusal:
    return Refusal(
        "not_with_saving",
        ru="Сохранить карту или счёт для автоплатежей сейчас нельзя: деньги не списаны, ничего не сохранено. Заплатите "
        "без галочки.",
        en="A card or an account cannot be kept for automatic payments now: nothing was taken or kept. Pay with the "
        "box left unticked.",
    )


def _not_now(charge_id: int) -> Refusal:
    return Refusal(
        "not_payable_now",
        ru=f"По ссылке сейчас нельзя заплатить: деньги не списаны. Сообщите компании номер платежа {charge_id}.",
        en=f"The link cannot be paid now: nothing was taken. Tell the company the payment's number {charge_id}.",
    )


def _go_through(charge: Charge, gateway: str) -> None:
    """Where a terminal is named for a charge that had none, that one. Refusal: other_gateway."""
    if gateway and charge.gateway not in ("", gateway):
        raise Refusal(
            "other_gateway",
            ru=f"Списание {charge.id} идёт через {charge.gateway}, а не через {gateway}: не называйте другого "
            "терминала или дайте новому платежу свой ключ (--payment-key).",
            en=f"Charge {charge.id} goes through {charge.gateway}, not through {gateway}: name no other terminal, or "
            "give another payment a key of its own (--payment-key).",
        )
    charge.gateway = gateway or charge.gateway


def _no_such_way(session: Session, charge: Charge) -> Refusal:
    """It names what was asked for: a charge that was to be made now is not there after this."""
    query = select(Terminal).where(Terminal.portal_id == charge.portal_id).order_by(Terminal.gateway, Terminal.name)
    known = ", ".join(f"{one.gateway}/{one.name} ({one.state})" for one in session.scalars(query))
    ru = f" через {charge.gateway}" if charge.gateway else ""
    en = f" through {charge.gateway}" if charge.gateway else ""
    what = f"{Money(charge.amount, charge.currency)}"
    return Refusal(
        "no_way_to_pay",
        ru=f"{what} клиента {charge.customer} за {charge.document} нельзя оплатить по ссылке{ru}: у портала нет "
        f"работающего терминала для этого, или их несколько и не сказано, какой. Терминалы портала: {known or 'нет'}. "
        "Назовите один из работающих или настройте терминал.",
        en=f"{what} of {charge.customer} for {charge.document} cannot be paid by a link{en}: the portal has no working "
        f"terminal for it, or several and none is named. Its terminals: {known or 'none'}. Name one that is active as "
        "the gateway, or configure one.",
    )

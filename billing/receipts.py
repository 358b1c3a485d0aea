"""Fiscal receipts (54-FZ): each has a state of its own, follows its money, and never undoes it.

    planned -> pending -> done | failed

A payment's receipt travels with the order; the closing one is sent when the thing is given. How one fared is asked for,
or told by a notice.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.charge_rows import no_such_charge
from billing.fiscal import IN_ADVANCE, Fiscal, closing_receipt, part_of, receipt_of, restored, stored
from billing.look_up_plan import asked_out_of_turn, is_request_over
from billing.placed import placed_order
from billing.terminals import OpenTerminal, open_terminal
from billing.turns import in_turns
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import (
    AnyGateway,
    Capability,
    Misconfigured,
    NotSent,
    Receipt,
    ReceiptNotice,
    ReceiptStatus,
    RefundOrder,
    SentReceipt,
    Trouble,
)
from jobs.passing_over import passing_over
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Portal, ReceiptRow, Refund, Terminal
from storage.vault import Vault

LONGEST_REASON = 300
LOOK_UP_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    *[timedelta(days=1)] * 3,
)
REFUND_IS_OPEN = timedelta(hours=1)
NOT_TOLD = "nothing more is told of this receipt: see the acquirer's cabinet"
NOT_MADE = "the till did not make this receipt: see the acquirer's cabinet"
ON_ITS_WAY = "it was being sent: if nothing more is told, see the acquirer's cabinet"
MADE_BY_PERSON = "made, by a person's word"
UNMADE_BY_PERSON = "not made, by a person's word: `charges close` sends it again"

log = logging.getLogger(__name__)


class Receipts:
    """`step`: see Charging; here receipt_committed, receipt_answered, receipt_settled."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._now = now
        self._step = step

    def close(self, charge_id: int) -> str:
        """Send the closing receipt of a charge that was paid in advance: its thing is given now.

        How it stands; asked again, it is the same receipt, which is sent once more when it was surely not sent and
        nothing is planned any more. Raises Refusal.
        """
        with self._database.write() as session:
            charge = session.get(Charge, charge_id, with_for_update=True)
            if charge is None:
                raise no_such_charge(charge_id)
            paid = _paid_receipt(session, charge_id)
            if paid is None or restored(paid.content).lines[0].settlement not in IN_ADVANCE:
                raise _nothing_to_close(charge_id)
            try:
                terminal = self._terminal(session, paid)
            except Misconfigured as trouble:
                raise _unusable(str(trouble)) from trouble
            if Capability.SEND_RECEIPT not in terminal.gateway.capabilities or terminal.fiscal is None:
                raise Refusal(
                    "closing_not_possible",
                    ru="Этот эквайер не принимает закрывающих чеков: пробейте его в кассе.",
                    en="This acquirer takes no closing receipts: make it at your till.",
                )
            closing = _closing_of(session, paid.attempt_id)
            if closing is None:
                day = _day_of(session, charge.portal_id, self._now())
                kept = _kept(session, paid)
                if not kept:
                    raise _nothing_to_close(charge_id)
                content = stored(closing_receipt(terminal.fiscal, part_of(restored(paid.content), kept), day))
                closing = ReceiptRow(
                    portal_id=charge.portal_id,
                    charge_id=charge_id,
                    attempt_id=paid.attempt_id,
                    kind="closing",
                    number=f"{paid.number}-C",
                    content=content,
                    state="planned",
                    look_up_at=self._now(),
                    created_at=self._now(),
                )
                session.add(closing)
                session.flush()
            elif closing.state == "planned" and closing.look_up_at is None:
                closing.look_ups, closing.look_up_at = 0, self._now()
            receipt_id = closing.id
        self._follow(receipt_id)
        with self._database.read() as session:
            followed = session.get(ReceiptRow, receipt_id)
            if followed is None:
                raise _nothing_to_close(charge_id)
            return followed.state

    def told_by_person(self, charge_id: int, *, made: bool) -> str:
        """Whether the closing receipt is made, by somebody who has looked in the acquirer's cabinet or made it at the
        till; how it stands then. One that is not made waits until `close` is asked for again. Raises Refusal."""
        now = self._now()
        with self._database.write() as session:
            if session.get(Charge, charge_id, with_for_update=True) is None:
                raise no_such_charge(charge_id)
            paid = _paid_receipt(session, charge_id)
            closing = _closing_of(session, paid.attempt_id) if paid else None
            if closing is None:
                raise _not_closed(charge_id)
            if closing.state == "done" and closing.reason != MADE_BY_PERSON:
                if made:
                    return closing.state
                raise _made(closing)
            attempt = session.get_one(ChargeAttempt, closing.attempt_id)
            if _is_open(closing) and not is_request_over(self._gateway(session, attempt), closing.sent_at, now):
                raise _still_at_work(closing)
            _kept(session, closing)
            closing.look_ups, closing.look_up_at = 0, None
            if made:
                closing.state, closing.settled_at, closing.reason = "done", now, MADE_BY_PERSON
            else:
                closing.state, closing.settled_at, closing.reason = "planned", None, UNMADE_BY_PERSON
                closing.sent_at, closing.gateway_receipt_id = None, ""
            return closing.state

    def ask_now(self, charge_id: int) -> None:
        """Ask about a charge's receipts, also when the planned questions are used up."""
        with self._database.write() as session:
            query = select(ReceiptRow).where(ReceiptRow.charge_id == charge_id, ReceiptRow.state == "pending")
            rows = [row for row in session.scalars(query.order_by(ReceiptRow.id)) if self._is_told(session, row)]
            for row in rows:
                row.look_ups, row.look_up_at = asked_out_of_turn(row.look_ups, row.look_up_at), self._now()
        for row in rows:
            self._follow(row.id)

    def follow_due(self) -> int:
        """Send closing receipts that wait, and ask about receipts that are not final; how many."""
        due = select(ReceiptRow.id, ReceiptRow.portal_id).where(ReceiptRow.look_up_at <= self._now())
        followed = 0
        for receipt_id in in_turns(self._database, due, ReceiptRow.look_up_at, self._now):
            followed += 1
            with passing_over(f"receipt {receipt_id}"):
                self._follow(receipt_id)
        return followed

    def hear(self, terminal_id: int, told: ReceiptNotice) -> bool:
        """Take in the till's word on the one receipt that it can be of; said again, or where it may be of several, it
        changes nothing. False when it is of money that is not known here to have moved: it is to be told again."""
        kinds = ("refund",) if told.returned else ("payment", "closing")
        with self._database.write() as session:
            _hold_charges(session, terminal_id, told.order_number)
            found = session.execute(
                select(ReceiptRow, ChargeAttempt.gateway_payment_id)
                .join(ChargeAttempt, ChargeAttempt.id == ReceiptRow.attempt_id)
                .where(
                    ChargeAttempt.terminal_id == terminal_id,
                    ChargeAttempt.order_number == told.order_number,
                    ReceiptRow.kind.in_(kinds),
                )
                .with_for_update(of=ReceiptRow)
            ).all()
            rows = [row for row, payment_id in found if _is_of(row, payment_id, told) and _may_be(row, told)]
            named = [row for row in rows if told.receipt_id and row.gateway_receipt_id == told.receipt_id]
            if any(row.settled_at for row in named):
                return True
            if told.returned and _is_giving_back(session, terminal_id, told):
                return False
            if told.receipt_id:
                rows = named or [row for row in rows if row.state != "done"]  # those have numbers of their own
            if len(rows) != 1:
                if found:
                    log.warning("order %s: which of its receipts a notice speaks of cannot be told", told.order_number)
                return True
            (row,) = rows
            if row.state == "planned" and (row.kind == "payment" or not told.settlements):
                return False
            if row.settled_at is None:
                row.gateway_receipt_id = told.receipt_id or row.gateway_receipt_id
                _stand(session, row, told.status, self._now(), told.reason)
            elif row.state != told.status:
                log.warning(
                    "receipt %s of charge %s stays %s, though a notice says that it is %s: see the acquirer's cabinet",
                    *(row.number, row.charge_id, row.state, told.status),
                )
            return True

    def _follow(self, receipt_id: int) -> None:
        """Ask once, or send what was not sent; the next moment is fixed before asking."""
        now = self._now()
        with self._database.write() as session:
            row = _hold(session, receipt_id)
            if row.look_up_at is None or row.look_up_at > now:
                return
            row.look_up_at = now + LOOK_UP_AFTER[row.look_ups] if row.look_ups < len(LOOK_UP_AFTER) else None
            row.look_ups += 1
            order = placed_order(session.get_one(ChargeAttempt, row.attempt_id))
            try:
                terminal = self._terminal(session, row)
            except Misconfigured as trouble:
                row.reason = str(trouble)[:LONGEST_REASON]
                return
            to_send, again_at, sent_before = row.state == "planned", row.look_up_at, row.sent_at
            if to_send and sent_before is None and not _sets_off(session, row, now):
                return
            if to_send:
                row.sent_at = now
            if to_send and not terminal.gateway.finds_receipts:  # whatever becomes of us, it is not sent twice
                row.state, row.reason = "pending", ON_ITS_WAY
                _ask_only_by_name(row)
            back = _order_of(session, row)
        gateway, credentials = terminal.gateway, terminal.credentials
        self._step("receipt_committed")
        try:
            if to_send:
                sent = gateway.send_receipt(credentials, order, row.number, restored(row.content))
            elif back is not None:
                sent = SentReceipt("", gateway.fetch_refund_receipt(credentials, back))
            elif Capability.FETCH_RECEIPT in gateway.capabilities:
                sent = gateway.fetch_receipt(credentials, order, row.gateway_receipt_id)
            else:
                payment = gateway.fetch_payment(credentials, order) if row.kind == "payment" else None
                sent = SentReceipt("", payment.receipt_status if payment else "none")
        except Trouble as trouble:
            self._step("receipt_answered")
            unsent = to_send and isinstance(trouble, NotSent | Misconfigured)
            self._note(receipt_id, str(trouble), again_at, unsent=unsent, sent_before=sent_before)
        else:
            self._step("receipt_answered")
            self._settle(receipt_id, sent, again_at)
        self._step("receipt_settled")

    def _note(
        self, receipt_id: int, why: str, again_at: datetime | None, *, unsent: bool, sent_before: datetime | None
    ) -> None:
        """`unsent`: it was surely not sent now, and is sent at that moment, or when a person asks again."""
        with self._database.write() as session:
            row = _hold(session, receipt_id)
            if row.settled_at is not None:
                return
            row.reason = why[:LONGEST_REASON]
            if unsent:
                row.state, row.look_up_at, row.sent_at = "planned", again_at, sent_before

    def _settle(self, receipt_id: int, sent: SentReceipt, again_at: datetime | None) -> None:
        with self._database.write() as session:
            row = _hold(session, receipt_id)
            if row.settled_at is not None:  # told by a notice meanwhile
                return
            row.gateway_receipt_id = sent.receipt_id or row.gateway_receipt_id
            row.look_up_at = again_at  # while it was being sent nobody was to ask about it
            row.sent_at = None
            _ask_only_by_name(row)
            _stand(session, row, sent.status, self._now())

    def _terminal(self, session: Session, row: ReceiptRow) -> OpenTerminal:
        attempt = session.get_one(ChargeAttempt, row.attempt_id)
        return open_terminal(self._gateways, self._vault, session.get_one(Terminal, attempt.terminal_id))

    def _is_told(self, session: Session, row: ReceiptRow) -> bool:
        """Whether its acquirer says how it stands when it is asked."""
        gateway = self._gateway(session, session.get_one(ChargeAttempt, row.attempt_id))
        wanted = Capability.FETCH_REFUND_RECEIPT if row.kind == "refund" else Capability.FETCH_RECEIPT
        has_name = row.kind != "closing" or row.gateway_receipt_id != ""
        return gateway is not None and wanted in gateway.capabilities and has_name

    def _gateway(self, session: Session, attempt: ChargeAttempt) -> AnyGateway | None:
        return self._gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)


def _hold(session: Session, receipt_id: int) -> ReceiptRow:
    """The charge's row is held first by everybody: of a closing receipt and a refund, one comes before the other."""
    charge_id = session.scalars(select(ReceiptRow.charge_id).where(ReceiptRow.id == receipt_id)).one()
    session.get_one(Charge, charge_id, with_for_update=True)
    return session.get_one(ReceiptRow, receipt_id, with_for_update=True)


def _hold_charges(session: Session, terminal_id: int, order_number: str) -> None:
    attempts = select(ChargeAttempt.charge_id).where(
        ChargeAttempt.terminal_id == terminal_id, ChargeAttempt.order_number == order_number
    )
    session.scalars(select(Charge).where(Charge.id.in_(attempts)).order_by(Charge.id).with_for_update()).all()


def _sets_off(session: Session, closing: ReceiptRow, now: datetime) -> bool:
    """A closing receipt that no till has seen is of what is kept by now; False: not now, for a refund is open, which
    takes nothing from the plan, or it is no more, since all was given back."""
    try:
        kept = _kept(session, closing)
    except Refusal as refund_open:
        closing.reason, closing.look_ups = refund_open.en, closing.look_ups - 1
        closing.look_up_at = closing.look_up_at or now + REFUND_IS_OPEN
        return False
    if not kept:
        session.delete(closing)
        return False
    content = restored(closing.content)
    if kept != content.total:
        closing.content = stored(replace(part_of(content, kept), offset=True))
    return True


def _kept(session: Session, receipt: ReceiptRow) -> Money:
    """What is left of a receipt's payment after its refunds. Refusal: refund_open."""
    attempt = session.get_one(ChargeAttempt, receipt.attempt_id)
    refunds = session.scalars(select(Refund).where(Refund.attempt_id == attempt.id)).all()
    for refund in refunds:
        if refund.state in ("created", "sent", "unknown"):
            raise Refusal(
                "refund_open",
                ru=f"Возврат {refund.refund_number} ещё не завершён: закройте чек после ответа эквайера.",
                en=f"Refund {refund.refund_number} is not settled yet: close the receipt after the acquirer's word.",
            )
    given_back = sum(refund.amount for refund in refunds if refund.state == "succeeded")
    return Money(attempt.amount - given_back, attempt.currency)


def refuse_while_closing(session: Session, attempt: ChargeAttempt, gateway: AnyGateway, now: datetime) -> None:
    """Refusal receipt_open, while nobody knows whether the till has the closing receipt, which a refund would undo."""
    closing = _closing_of(session, attempt.id)
    if closing is None or not _is_open(closing):
        return
    if not is_request_over(gateway, closing.sent_at, now):
        raise _still_at_work(closing)
    ru = en = ""
    if closing.look_up_at:
        at = closing.look_up_at.astimezone(ZoneInfo(session.get_one(Portal, closing.portal_id).time_zone))
        ru, en = f"повторите после {at:%d.%m.%Y %H:%M} или ", f"try again after {at:%Y-%m-%d %H:%M}, or "
    raise Refusal(
        "receipt_open",
        ru=f"Пробит ли закрывающий чек {closing.number}, пока неизвестно, поэтому деньги не возвращены: {ru}посмотрите "
        f"в кабинете эквайера и скажите `charges close {closing.charge_id} --made` или `--not-made`.",
        en=f"Whether closing receipt {closing.number} is made is not known yet, so nothing was given back: {en}see the "
        f"acquirer's cabinet and say `charges close {closing.charge_id} --made` or `--not-made`.",
    )


def _is_open(closing: ReceiptRow) -> bool:
    return closing.sent_at is not None and closing.settled_at is None


def _still_at_work(closing: ReceiptRow) -> Refusal:
    return Refusal(
        "receipt_open",
        ru=f"Запрос на закрывающий чек {closing.number} ещё может выполняться: повторите через несколько минут.",
        en=f"The request for closing receipt {closing.number} may still be at work: try again in a few minutes.",
    )


def _unusable(why: str) -> Refusal:
    return Refusal(
        "closing_not_possible",
        ru=f"Терминал сейчас не работает, чек не отправлен: {why}",
        en=f"The terminal cannot be used now: {why}; no receipt was sent",
    )


def _not_closed(charge_id: int) -> Refusal:
    return Refusal(
        "not_closed",
        ru=f"Закрывающего чека по списанию {charge_id} ещё не было: его отправит `charges close {charge_id}`.",
        en=f"Charge {charge_id} has no closing receipt yet: `charges close {charge_id}` sends it.",
    )


def _made(closing: ReceiptRow) -> Refusal:
    return Refusal(
        "receipt_made",
        ru=f"Закрывающий чек {closing.number} пробит: это слово эквайера.",
        en=f"Closing receipt {closing.number} is made: that is the acquirer's word.",
    )


def _nothing_to_close(charge_id: int) -> Refusal:
    return Refusal(
        "nothing_to_close",
        ru=f"По списанию {charge_id} нет чека предоплаты, или она возвращена: закрывать нечего.",
        en=f"Charge {charge_id} has no receipt of a payment in advance, or it was given back: nothing to close.",
    )


def receipt_of_try(
    session: Session, fiscal: Fiscal | None, charge: Charge, attempt: ChargeAttempt, now: datetime
) -> Receipt | None:
    """The receipt that is to travel with this try, written down; None where the shop makes none. Raises Refusal."""
    receipt = receipt_of_charge(session, fiscal, charge, now)
    plan_receipt(session, attempt, receipt, now)
    return receipt


def receipt_of_charge(session: Session, fiscal: Fiscal | None, charge: Charge, now: datetime) -> Receipt | None:
    """What a receipt of a payment of this charge says today; None where the shop makes none. Raises Refusal."""
    if fiscal is None:
        return None
    return receipt_of(
        fiscal,
        amount=Money(charge.amount, charge.currency),
        name=charge.description,
        email=charge.receipt_email,
        kind=charge.receipt_kind,
        day=_day_of(session, charge.portal_id, now),
    )


def plan_receipt(session: Session, attempt: ChargeAttempt, receipt: Receipt | None, now: datetime) -> None:
    """Write down the receipt that travels with this try; one of an earlier try under the same number is replaced.

    It stays planned when no money came: a bank may say later that it took it, and the till made the receipt then.
    """
    for row in session.scalars(
        select(ReceiptRow).where(
            ReceiptRow.portal_id == attempt.portal_id,
            ReceiptRow.number == attempt.order_number,
            ReceiptRow.state == "planned",
        )
    ).all():
        session.delete(row)
    session.flush()
    if receipt is None:
        return
    session.add(
        ReceiptRow(
            portal_id=attempt.portal_id,
            charge_id=attempt.charge_id,
            attempt_id=attempt.id,
            kind="payment",
            number=attempt.order_number,
            content=stored(receipt),
            state="planned",
            created_at=now,
        )
    )
    session.flush()


def note_payment(session: Session, attempt: ChargeAttempt, status: ReceiptStatus, now: datetime) -> None:
    """The money is there: from now on its receipt is asked about until it is made or has failed."""
    row = _of_attempt(session, attempt)
    if row is None:
        return
    row.state, row.look_up_at = "pending", now + LOOK_UP_AFTER[0]
    _stand(session, row, status, now)
    attempt.receipt_status = row.state


def note_refund(
    session: Session, attempt: ChargeAttempt, refund: Refund, receipt: Receipt, now: datetime, *, is_told: bool
) -> None:
    """The money is back: from now on its receipt is asked about where the acquirer tells, else only a notice does."""
    """The receipt that travelled with a refund."""
    session.add(
        ReceiptRow(
            portal_id=refund.portal_id,
            charge_id=refund.charge_id,
            attempt_id=attempt.id,
            refund_id=refund.id,
            kind="refund",
            number=refund.refund_number,
            content=stored(receipt),
            state="pending",
            reason="" if is_told else NOT_TOLD,
            look_up_at=now + LOOK_UP_AFTER[0] if is_told else None,
            created_at=now,
        )
    )


def receipt_to_give_back(session: Session, attempt: ChargeAttempt) -> Receipt | None:
    """What a refund takes back: the thing, once the acquirer has taken its closing receipt; before that the payment."""
    closing = _closing_of(session, attempt.id)
    row = closing if closing and closing.state in ("pending", "done") else _of_attempt(session, attempt)
    return restored(row.content) if row else None


def _is_of(row: ReceiptRow, payment_id: str, told: ReceiptNotice) -> bool:
    """By the acquirer's number of the payment, where both are known; before it is paid we may have its page's."""
    is_unpaid = row.kind == "payment" and row.state == "planned"
    return is_unpaid or "" in (payment_id, told.payment_id) or payment_id == told.payment_id


def _may_be(row: ReceiptRow, told: ReceiptNotice) -> bool:
    """By the sum and by what its lines are for: a payment in advance and its closing receipt differ in that alone."""
    receipt = restored(row.content)
    settlements = {line.settlement for line in receipt.lines}
    return receipt.total == told.amount and told.settlements in (frozenset(), settlements)


def _is_giving_back(session: Session, terminal_id: int, told: ReceiptNotice) -> bool:
    """Whether a refund of this sum is on its way, whose receipt is written down once it is there."""
    query = (
        select(Refund.id)
        .join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
        .where(
            ChargeAttempt.terminal_id == terminal_id,
            ChargeAttempt.order_number == told.order_number,
            Refund.amount == told.amount.minor,
            Refund.state.in_(("sent", "unknown")),
        )
    )
    return session.scalars(query).first() is not None


def _stand(session: Session, row: ReceiptRow, status: ReceiptStatus, now: datetime, why: str = "") -> None:
    if row.state in ("done", "failed"):
        return
    if status in ("done", "failed"):
        row.state, row.look_up_at, row.settled_at = status, None, now
        because = f" ({why})" if why else ""
        row.reason = "" if status == "done" else f"{NOT_MADE}{because}"[:LONGEST_REASON]
        if status == "failed":
            log.error(
                "portal %s: the till did not make receipt %s of charge %s%s: the money stands, make the receipt at the "
                "till or in the acquirer's cabinet",
                *(row.portal_id, row.number, row.charge_id, because),
            )
    else:
        row.state = "pending"
        row.reason = "" if row.look_up_at else NOT_TOLD
    if row.kind == "payment":
        session.execute(
            update(ChargeAttempt).where(ChargeAttempt.id == row.attempt_id).values(receipt_status=row.state)
        )


def _ask_only_by_name(row: ReceiptRow) -> None:
    """Asked without a name, an acquirer speaks of the payment's own receipt, not of the closing one."""
    if row.kind == "closing" and not row.gateway_receipt_id:
        row.look_up_at = None


def _closing_of(session: Session, attempt_id: int) -> ReceiptRow | None:
    query = select(ReceiptRow).where(ReceiptRow.attempt_id == attempt_id, ReceiptRow.kind == "closing")
    return session.scalars(query).first()


def _order_of(session: Session, row: ReceiptRow) -> RefundOrder | None:
    """The refund that a receipt is of, to ask about."""
    if row.refund_id is None:
        return None
    refund, attempt = session.get_one(Refund, row.refund_id), session.get_one(ChargeAttempt, row.attempt_id)
    return RefundOrder(
        order_number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        number=refund.refund_number,
        amount=Money(refund.amount, refund.currency),
        refunded_before=Money(0, refund.currency),
        placed_at=refund.sent_at or refund.created_at,
    )


def _of_attempt(session: Session, attempt: ChargeAttempt) -> ReceiptRow | None:
    query = select(ReceiptRow).where(ReceiptRow.attempt_id == attempt.id, ReceiptRow.kind == "payment")
    return session.scalars(query).first()


def _paid_receipt(session: Session, charge_id: int) -> ReceiptRow | None:
    query = (
        select(ReceiptRow)
        .join(ChargeAttempt, ChargeAttempt.id == ReceiptRow.attempt_id)
        .where(ReceiptRow.charge_id == charge_id, ReceiptRow.kind == "payment", ChargeAttempt.state == "succeeded")
    )
    return session.scalars(query.order_by(ReceiptRow.id.desc())).first()


def _day_of(session: Session, portal_id: int, now: datetime) -> date:
    return now.astimezone(ZoneInfo(session.get_one(Portal, portal_id).time_zone)).date()

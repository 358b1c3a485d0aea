"""What a call is told of its charge, read from the rows alone, so that a repeat is told the same."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from billing.charge_rows import cancelled_by_person, was_refused
from billing.declines import decline_words
from billing.orders import ChargeResult, ChargeStatus
from billing.series import retry_of
from billing.settlement import OPEN
from billing.transfers import transfer_that_paid
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import AnyGateway, Reason
from schemas.declaration import Words
from storage.model import BankTransfer, Charge, ChargeAttempt, Portal, SavedCard, Terminal

AFTER_LOOK_UP = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=10)


def in_question(charge: Charge, attempts: Sequence[ChargeAttempt]) -> ChargeAttempt:
    """The try that says how the charge stands: the one that was paid, else the card's last refusal, else the last."""
    fitting: list[ChargeAttempt] = []
    if charge.state == "succeeded":
        fitting = [attempt for attempt in attempts if attempt.state == "succeeded"]
    elif charge.state == "declined":
        fitting = [attempt for attempt in attempts if was_refused(attempt)]
    return (fitting or attempts)[-1]


def is_of_call(attempts: Sequence[ChargeAttempt], attempt: ChargeAttempt, call_id: int | None) -> bool:
    """Whether this call made the try, or the one that the planned tries up to it go back to."""
    calls = [one.call_id for one in attempts if one.number <= attempt.number and one.call_id is not None]
    return call_id is not None and calls[-1:] == [call_id]


def read_result(
    session: Session,
    charge: Charge,
    attempts: Sequence[ChargeAttempt],
    gateways: Mapping[str, AnyGateway],
    *,
    call_id: int | None,
    attempt_id: int | None,
    now: datetime,
) -> ChargeResult:
    """How the charge stands for a call that has just sent the try `attempt_id`, if any. Refusal: charge_stopped."""
    transfer = transfer_that_paid(session, charge)
    if transfer is not None and not any(attempt.state == "succeeded" for attempt in attempts):
        mine = bool(attempts) and is_of_call(attempts, attempts[-1], call_id)
        return _paid_by_transfer(session, charge, transfer, mine=mine)
    told = in_question(charge, attempts)
    mine = told.id == attempt_id or is_of_call(attempts, told, call_id)
    status = _status(charge, told, mine=mine)
    declined = was_refused(told)
    return ChargeResult(
        status=status,
        charge_id=charge.id,
        amount=Money(charge.amount, charge.currency),
        card_mask=session.get_one(SavedCard, told.saved_card_id).mask if told.saved_card_id else "",
        gateway_payment_id=told.gateway_payment_id,
        charged_at=told.paid_at,
        decline_code=told.decline_code if declined else "",
        decline_kind=told.decline_kind,
        decline_words=words_of_decline(session, charge, told, gateways, now) if declined else None,
        next_attempt_date=_next_attempt_date(charge, zone_of(session, charge)) if declined else None,
        receipt_status=told.receipt_status,
        payment_link=told.payment_link,
        known_before=not mine,
        wait_until=_wait_until(charge, told, now) if status in ("pending", "unknown") else None,
    )


def words_of_decline(
    session: Session, charge: Charge, told: ChargeAttempt, gateways: Mapping[str, AnyGateway], now: datetime
) -> Words:
    """Why the try was refused and what happens next, as things stand now."""
    zone = zone_of(session, charge)
    never = _why_never(session, charge, told, now, zone)
    return decline_words(_reason(session, told, gateways), _next_attempt_date(charge, zone), never)


def zone_of(session: Session, charge: Charge) -> ZoneInfo:
    return ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone)


def _next_attempt_date(charge: Charge, zone: ZoneInfo) -> date | None:
    return charge.next_attempt_at.astimezone(zone).date() if charge.next_attempt_at else None


def _paid_by_transfer(session: Session, charge: Charge, transfer: BankTransfer, *, mine: bool) -> ChargeResult:
    """No card was charged: the client's bank sent the money, on a day that the bank's statement tells."""
    return ChargeResult(
        status="succeeded" if mine else "skipped",
        charge_id=charge.id,
        amount=Money(charge.amount, charge.currency),
        card_mask="",
        charged_at=datetime.combine(transfer.booked_on, time(), zone_of(session, charge)),
        known_before=not mine,
    )


def _status(charge: Charge, told: ChargeAttempt, *, mine: bool) -> ChargeStatus:
    if told.state == "succeeded":
        return "succeeded" if mine else "skipped"
    if was_refused(told):
        return "declined" if mine or not charge.next_attempt_at else "skipped"
    if told.state == "unknown":
        return "unknown"
    if charge.state == "open" or charge.next_attempt_at:
        return "pending"
    if charge.cancelled_at:
        raise cancelled_by_person(charge)
    raise Refusal(
        "charge_stopped",
        ru=f"Списание {charge.id} остановлено, деньги не получены: {told.reason}",
        en=f"Charge {charge.id} was stopped and nothing was taken: {told.reason}",
    )


def _why_never(session: Session, charge: Charge, told: ChargeAttempt, now: datetime, zone: ZoneInfo) -> Words | None:
    """Why nothing is planned after a decline for which the portal's policy plans something."""
    if charge.next_attempt_at or charge.retry == "none" or told.state != "declined" or told.saved_card_id is None:
        return None
    retry = retry_of(session, told, now=now, zone=zone)
    return Words(retry.ru, retry.en) if retry.at is None else None


def _reason(session: Session, attempt: ChargeAttempt, gateways: Mapping[str, AnyGateway]) -> Reason:
    gateway = gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)
    return gateway.reason_of(attempt.decline_code) if gateway else Reason.UNKNOWN


def _wait_until(charge: Charge, told: ChargeAttempt, now: datetime) -> datetime:
    moment = told.look_up_at if told.state in OPEN else charge.next_attempt_at
    if moment is None:  # nothing is planned: a notice or a person will move it, and the outbox tells
        return now + LONGEST_WAIT
    return min(max(moment, now) + AFTER_LOOK_UP, now + LONGEST_WAIT)

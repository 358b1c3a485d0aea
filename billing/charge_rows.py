"""Rows of charges and their tries, as everybody who takes money writes and finds them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.description import description_of
from billing.orders import ChargeOrder
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.retry_plan import MOST_DAYS
from storage.model import Charge, ChargeAttempt, Portal, Refund

MAY_STILL_COME = timedelta(days=1)


def new_charge(session: Session, order: ChargeOrder, deadline_at: datetime | None, now: datetime) -> Charge:
    language = session.get_one(Portal, order.portal_id).language
    charge = Charge(
        portal_id=order.portal_id,
        key=order.key,
        call_id=order.call_id,
        document=order.document,
        customer=order.customer,
        amount=order.amount.minor,
        currency=order.amount.currency,
        description=order.description or description_of(order.document).in_language(language),
        receipt_email=order.receipt_email,
        receipt_kind=order.receipt_kind,
        gateway=order.gateway,
        later_limit=order.later.amount.minor if order.later else None,
        later_period=order.later.period if order.later else "",
        retry=order.retry,
        state="open",
        deadline_at=deadline_at,
        created_at=now,
    )
    session.add(charge)
    session.flush()
    return charge


def charge_of_key(session: Session, order: ChargeOrder) -> Charge | None:
    """The charge of this key, held. Raises Refusal: other_figures."""
    query = select(Charge).where(Charge.portal_id == order.portal_id, Charge.key == order.key)
    charge = session.scalar(query.with_for_update())
    if charge is not None:
        _same_figures(charge, order)
    return charge


def take_over_wishes(charge: Charge, order: ChargeOrder) -> None:
    """What an order says of the receipt and of later charges, where it says anything."""
    charge.receipt_email = order.receipt_email or charge.receipt_email
    charge.receipt_kind = order.receipt_kind or charge.receipt_kind
    if order.later:
        charge.later_limit, charge.later_period = order.later.amount.minor, order.later.period


def _same_figures(charge: Charge, order: ChargeOrder) -> None:
    known = Money(charge.amount, charge.currency)
    if (known, charge.customer) == (order.amount, order.customer):
        return
    was = f"{known.text} {known.currency}, {charge.customer}"
    given = f"{order.amount.text} {order.amount.currency}, {order.customer}"
    raise Refusal(
        "other_figures",
        ru=f"Под этим ключом уже есть списание {charge.id}: {was}; теперь пришло {given}. Деньги не списаны: исправьте "
        "сумму или укажите другой ключ платежа.",
        en=f"Charge {charge.id} exists under this key: {was}; now {given} came. Nothing was taken: correct the amount "
        "or give another payment key.",
    )


def no_such_charge(charge_id: int) -> Refusal:
    return Refusal(
        "no_such_charge",
        ru=f"Списания {charge_id} нет: номера показывает `charges list`.",
        en=f"There is no charge {charge_id}: see `charges list`.",
    )


def cancelled_by_person(charge: Charge) -> Refusal:
    return Refusal(
        "charge_stopped",
        ru=f"Деньги не списаны: платёж отменён сотрудником (списание {charge.id}). Если он всё же нужен, запустите "
        "списание ещё раз.",
        en=f"Nothing was taken: charge {charge.id} was cancelled by a person. If it is needed after all, charge again.",
    )


def nothing_owed(charge: Charge) -> Refusal:
    return Refusal(
        "nothing_owed",
        ru=f"Деньги не списаны: платёж уже оплачен другим способом или заменён в графике (списание {charge.id}).",
        en=f"Nothing was taken: it is paid in another way or its schedule was replaced (charge {charge.id}).",
    )


def attempts_of(session: Session, charge: Charge) -> Sequence[ChargeAttempt]:
    """The tries of a charge, oldest first; none while a link waits for its client."""
    query = select(ChargeAttempt).where(ChargeAttempt.charge_id == charge.id).order_by(ChargeAttempt.number)
    return session.scalars(query).all()


def given_back(session: Session, charge: Charge) -> int:
    """How much of it surely went back to its client, in minor units."""
    given = select(func.coalesce(func.sum(Refund.amount), 0))
    return int(session.scalar(given.where(Refund.charge_id == charge.id, Refund.state == "succeeded")) or 0)


def was_refused(attempt: ChargeAttempt) -> bool:
    """Whether the bank refused the saved card, also where the order is still open to the client or was closed since."""
    return attempt.method == "saved_card" and attempt.decline_kind != ""


def was_declined_long_ago(attempts: Sequence[ChargeAttempt], now: datetime) -> bool:
    """Whether the last decline is older than any plan reaches: its repeat could not be made, and nobody expects it."""
    declined = [attempt.sent_at or attempt.created_at for attempt in attempts if was_refused(attempt)]
    return bool(declined) and now > declined[-1] + timedelta(days=MOST_DAYS + 1)


def on_its_way(attempts: Sequence[ChargeAttempt], now: datetime) -> ChargeAttempt | None:
    """A try that was closed because its acquirer knew no such order: the request may still come there, for a day, and
    has to find its number taken. No other shop is asked for the money meanwhile."""
    for attempt in reversed(attempts):
        if attempt.state != "not_sent":
            return None
        if attempt.method == "saved_card" and (attempt.look_ups or attempt.look_up_at) and attempt.sent_at:
            return attempt if now < attempt.sent_at + MAY_STILL_COME else None
    return None


def spent_numbers(attempts: Sequence[ChargeAttempt]) -> int:
    """How many order numbers are used up: what was never sent is sent again under the same one."""
    return sum(attempt.state in ("declined", "cancelled") for attempt in attempts)

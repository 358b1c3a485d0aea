"""Payments against a contract's debt: each applied once by its key, one after another, and written to the document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.news import news_of_document
from bitrix24.client import PortalClient
from bitrix24.crm import Item, update_item
from calculations.debt import Application, Bucket, Debt
from calculations.money import Money
from payments.effects import has_ended
from schemas.binding import Binding
from storage.database import Database
from storage.model import DebtPayment

OUR_FIELDS: Mapping[Bucket, str] = {
    Bucket.principal: "debt",
    Bucket.interest: "debt_interest",
    Bucket.costs: "debt_costs",
    Bucket.penalty: "debt_penalty",
}
OVERPAYMENT = "overpayment"
SURPLUS = "surplus_to_principal"


class AnotherPaymentUnderWay(Exception):
    """Another call is writing this contract's debt right now: read it again in a moment."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A payment that was applied: by which call, and what it did."""

    payment_id: int
    call_id: int | None
    amount: Money
    application: Application
    written: bool


@dataclass(frozen=True, slots=True)
class PaidSoFar:
    total: Money
    count: int


def debt_in_document(item: Item, fields: Mapping[Bucket, str], currency: str) -> Debt | None:
    """What the document's fields say is owed; None when the field of the principal is empty."""
    sums = _held(item, fields, currency)
    principal = sums.get(Bucket.principal)
    if principal is None:
        return None
    return Debt.of(
        principal,
        interest=sums.get(Bucket.interest),
        costs=sums.get(Bucket.costs),
        penalty=sums.get(Bucket.penalty),
    )


def shows_debt(item: Item, fields: Mapping[Bucket, str], debt: Debt) -> bool:
    """Whether the document's fields say that this is owed; fields that are empty say nothing."""
    sums = _held(item, fields, debt.principal.currency)
    return Bucket.principal in sums and all(debt.of_bucket(bucket) == held for bucket, held in sums.items())


def find_applied(
    database: Database, portal_id: int, contract: Binding, operation: str, payment_key: str
) -> Applied | None:
    with database.read() as session:
        row = session.scalar(
            select(DebtPayment).where(
                DebtPayment.portal_id == portal_id,
                DebtPayment.contract == contract.text,
                DebtPayment.operation == operation,
                DebtPayment.payment_key == payment_key,
            )
        )
        return _applied(row) if row else None


def find_abandoned(database: Database, portal_id: int, contract: Binding) -> Applied | None:
    """The contract's last payment, where its call ended before the payment was known to be in the document."""
    with database.read() as session:
        last = _last(session, portal_id, contract)
        abandoned = last is not None and last.state != "written" and has_ended(session, last.call_id)
        return _applied(last) if last and abandoned else None


def apply_once(
    database: Database,
    portal_id: int,
    contract: Binding,
    operation: str,
    payment_key: str,
    call_id: int,
    amount: Money,
    read_debt: Callable[[], Debt],
    work_out: Callable[[Debt], Application],
    now: datetime,
) -> Applied:
    """Apply a payment to the debt as it stands, or find what was applied under this key before.

    The debt is read after the last payment of the contract is known to be in the document, and the new row follows
    that payment in the chain: of two calls at once one gets AnotherPaymentUnderWay and comes again.
    """
    known = find_applied(database, portal_id, contract, operation, payment_key)
    if known:
        return known
    with database.read() as session:
        last = _last(session, portal_id, contract)
    if last and last.state != "written":
        raise AnotherPaymentUnderWay(contract.text)
    application = work_out(read_debt())
    row = DebtPayment(
        portal_id=portal_id,
        call_id=call_id,
        contract=contract.text,
        operation=operation,
        payment_key=payment_key,
        currency=amount.currency,
        amount=amount.minor,
        before=_stored(application.before),
        after=_stored(application.after),
        applied={
            **{bucket.value: getattr(application, bucket.value).minor for bucket in Bucket},
            OVERPAYMENT: application.overpayment.minor,
            SURPLUS: application.surplus_to_principal,
            "order": [bucket.value for bucket in application.order],
        },
        previous_id=last.id if last else 0,
        state="intended",
        created_at=now,
    )
    try:
        with database.write() as session:
            session.add(row)
            session.flush()
            return _applied(row)
    except IntegrityError as clash:
        raise AnotherPaymentUnderWay(contract.text) from clash


def write_debt(client: PortalClient, contract: Item, fields: Mapping[Bucket, str], debt: Debt) -> None:
    """Put what is owed into the document's fields, in the form each of them holds now."""
    values = {
        name: _as_held(str(contract.value(name) or ""), getattr(debt, bucket.value))
        for bucket, name in fields.items()
        if bucket is Bucket.principal or contract.holds(name)
    }
    update_item(client, contract.binding, values)


def mark_written(database: Database, applied: Applied, now: datetime) -> None:
    """The document shows it; a debt that it cleared, or made anew, is news for the contract."""
    with database.write() as session:
        written = update(DebtPayment).where(*_still(applied)).values(state="written").returning(DebtPayment)
        row = session.scalar(written)
        what = _news_of(applied.application)
        if row and what:
            session.add(news_of_document(row.portal_id, row.contract, what, now, call_id=row.call_id))


def _news_of(application: Application) -> Literal["debt_cleared", "debt_appeared"] | None:
    if application.before.cleared == application.after.cleared:
        return None
    return "debt_cleared" if application.after.cleared else "debt_appeared"


def withdraw(database: Database, applied: Applied) -> None:
    """Take back a payment that is not in the document: it did not happen, and others need not wait for it."""
    with database.write() as session:
        session.execute(delete(DebtPayment).where(*_still(applied)))


def _still(applied: Applied) -> tuple[ColumnElement[bool], ...]:
    """The payment while it is intended; SQLite may have given a withdrawn one's id to another call's."""
    return (
        DebtPayment.id == applied.payment_id,
        DebtPayment.call_id == applied.call_id,
        DebtPayment.state == "intended",
    )


def paid_so_far(database: Database, portal_id: int, contract: Binding, currency: str) -> PaidSoFar:
    """Payments less refunds of a contract, and how many payments there were."""
    sums = {"payment": 0, "refund": 0}
    count = 0
    with database.read() as session:
        for operation, total, number in session.execute(
            select(DebtPayment.operation, func.sum(DebtPayment.amount), func.count())
            .where(
                DebtPayment.portal_id == portal_id,
                DebtPayment.contract == contract.text,
                DebtPayment.currency == currency,
            )
            .group_by(DebtPayment.operation)
        ):
            sums[operation] = int(total)
            count += number if operation == "payment" else 0
    return PaidSoFar(Money(sums["payment"] - sums["refund"], currency), count)


def _held(item: Item, fields: Mapping[Bucket, str], currency: str) -> dict[Bucket, Money]:
    """What the fields that are not empty hold; an emptied money field is `|RUB`."""
    values = {bucket: item.value(name) for bucket, name in fields.items()}
    return {
        bucket: Money.parse(str(value), None, default=currency)
        for bucket, value in values.items()
        if value not in (None, "", False) and not str(value).startswith("|")
    }


def _last(session: Session, portal_id: int, contract: Binding) -> DebtPayment | None:
    return session.scalar(
        select(DebtPayment)
        .where(DebtPayment.portal_id == portal_id, DebtPayment.contract == contract.text)
        .order_by(DebtPayment.id.desc())
        .limit(1)
    )


def _stored(debt: Debt) -> dict[str, int]:
    return {bucket.value: getattr(debt, bucket.value).minor for bucket in Bucket}


def _applied(row: DebtPayment) -> Applied:
    def debt(stored: Mapping[str, int]) -> Debt:
        return Debt(**{bucket.value: Money(stored[bucket.value], row.currency) for bucket in Bucket})

    application = Application(
        before=debt(row.before),
        after=debt(row.after),
        order=tuple(Bucket(name) for name in row.applied["order"]),
        **{bucket.value: Money(row.applied[bucket.value], row.currency) for bucket in Bucket},
        overpayment=Money(row.applied[OVERPAYMENT], row.currency),
        surplus_to_principal=row.applied[SURPLUS],
    )
    return Applied(row.id, row.call_id, Money(row.amount, row.currency), application, row.state == "written")


def _as_held(held: str, money: Money) -> str:
    """A money field holds `1200.50|RUB`, a number or a text holds `1200.50`."""
    return f"{money.text}|{money.currency}" if "|" in held or not held else money.text

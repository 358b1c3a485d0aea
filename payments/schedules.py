"""Payment schedules as they are kept: the rows that were agreed, one current schedule a document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Update, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from calculations.money import Money
from calculations.rows import Plan, Row
from payments.agreed_terms import AgreedTerms
from payments.rows_paid import KnownRow, known_rows
from schemas.binding import Binding
from storage.database import Database
from storage.model import Schedule, ScheduleRow


class ScheduleExists(Exception):
    """The document has a schedule already."""

    def __init__(self, schedule: "Saved") -> None:
        super().__init__(schedule.id)
        self.schedule = schedule


@dataclass(frozen=True, slots=True)
class Saved:
    """A schedule as its rows are stored; `items` are those the CRM shows, `paid` those paid, by the rows' numbers."""

    id: int
    key: str
    document: Binding
    currency: str
    terms: AgreedTerms
    rows: tuple[Row, ...]
    items: Mapping[int, int]
    paid: frozenset[int]

    @property
    def item_ids(self) -> list[int]:
        return [self.items[row.number] for row in self.rows if row.number in self.items]


def current_schedule(database: Database, portal_id: int, document: Binding) -> Saved | None:
    with database.read() as session:
        row = _current(session, portal_id, document)
        return _saved(session, row) if row else None


def schedule_of_call(database: Database, portal_id: int, key: str) -> Saved | None:
    """What an earlier run of the same call stored."""
    with database.read() as session:
        row = session.scalar(select(Schedule).where(Schedule.portal_id == portal_id, Schedule.key == key))
        return _saved(session, row) if row else None


def find_schedule(database: Database, portal_id: int, schedule_id: int) -> Saved | None:
    """The current schedule with this id; None when there is none or another took its place."""
    with database.read() as session:
        row = session.scalar(
            select(Schedule).where(
                Schedule.portal_id == portal_id, Schedule.id == schedule_id, Schedule.state == "current"
            )
        )
        return _saved(session, row) if row else None


def store_schedule(
    database: Database,
    portal_id: int,
    document: Binding,
    key: str,
    terms: AgreedTerms,
    plan: Plan,
    *,
    replace: bool,
    now: datetime,
) -> Saved:
    """Store a schedule as the document's current one. Raises ScheduleExists unless `replace`.

    Replacing cancels the unpaid rows of the old one; what is paid stays with it. Where the terms name the schedule
    they replace, another one in its place is a ScheduleExists too.
    """
    try:
        with database.write() as session:
            old = _current(session, portal_id, document)
            if old and (not replace or terms.replaces not in (None, old.id)):
                raise ScheduleExists(_saved(session, old))
            if old:
                terms = terms.model_copy(update={"replaces": old.id})
                old.state = "replaced"
                for one in known_rows(session, old):
                    one.row.state = "paid" if one.is_paid else "cancelled"
                session.flush()
            schedule = Schedule(
                portal_id=portal_id,
                key=key,
                document=document.text,
                state="current",
                plan=terms.plan.value,
                currency=plan.currency,
                terms=terms.model_dump(mode="json", exclude_defaults=True),
                created_at=now,
            )
            session.add(schedule)
            session.flush()
            session.add_all(_stored_row(portal_id, schedule.id, row) for row in plan.rows)
            session.flush()
            return _saved(session, schedule)
    except IntegrityError:
        found = current_schedule(database, portal_id, document)
        if found is None:
            raise
        raise ScheduleExists(found) from None


def note_items(database: Database, schedule_id: int, items: Mapping[int, int]) -> None:
    """Write down which CRM items show which rows, by number."""
    with database.write() as session:
        for number, item_id in items.items():
            session.execute(_row(schedule_id, number).values(item_id=item_id))


def note_paid(database: Database, schedule_id: int, numbers: Iterable[int]) -> None:
    with database.write() as session:
        for number in numbers:
            session.execute(_row(schedule_id, number).where(ScheduleRow.state == "planned").values(state="paid"))


def cancelled_items(database: Database, schedule_id: int) -> list[int]:
    """The CRM items of rows that another schedule took the place of."""
    with database.read() as session:
        found = session.scalars(
            select(ScheduleRow.item_id)
            .where(ScheduleRow.schedule_id == schedule_id, ScheduleRow.state == "cancelled")
            .order_by(ScheduleRow.number)
        )
        return [item_id for item_id in found if item_id]


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """A row of a schedule; `name` is the day that tells it from the others.

    `is_paid_otherwise`: people say that it is paid, or its item was charged, and its own key knows of no payment.
    """

    due_date: date
    name: date
    amount: Money
    is_paid_otherwise: bool = False


def planned_payment(database: Database, portal_id: int, document: Binding, day: date | None) -> PlannedPayment | None:
    """A row of the document's current schedule: the earliest unpaid one, or the one of a day, paid or not.

    A day is a row's name, else its other date.
    """
    with database.read() as session:
        schedule = _current(session, portal_id, document)
        if schedule is None:
            return None
        rows = known_rows(session, schedule)
        if day is None:
            fitting = [one for one in rows if not one.is_paid]
            fitting.sort(key=lambda one: one.row.due_date)
        else:
            fitting = [one for one in rows if day in (one.row.due_date, one.row.contract_date)]
            fitting.sort(key=lambda one: (one.name != day, one.row.due_date != day))
        return _planned(schedule, fitting[0]) if fitting else None


def charged_payment(database: Database, portal_id: int, document: Binding, today: date) -> PlannedPayment | None:
    """The row of the document's current schedule whose day came last, if a charge under its own key has paid it."""
    with database.read() as session:
        schedule = _current(session, portal_id, document)
        if schedule is None:
            return None
        came = [one for one in known_rows(session, schedule) if one.row.due_date <= today]
        last = max(came, key=lambda one: (one.row.due_date, one.row.number), default=None)
        return _planned(schedule, last) if last and last.is_charged else None


def is_instalment(database: Database, portal_id: int, document: Binding, payments_type: int | None) -> bool:
    """Whether the document has a schedule of several rows, or is the item that shows one of them."""
    of_schedule = Schedule.document == document.text
    if payments_type and document.entity_type_id == payments_type:
        shown = select(ScheduleRow.schedule_id).where(ScheduleRow.item_id == document.item_id)
        of_schedule = Schedule.id.in_(shown)
    query = (
        select(func.count(ScheduleRow.id))
        .join(Schedule, ScheduleRow.schedule_id == Schedule.id)
        .where(Schedule.portal_id == portal_id, of_schedule, Schedule.state == "current")
    )
    with database.read() as session:
        return (session.scalar(query) or 0) > 1


def _current(session: Session, portal_id: int, document: Binding) -> Schedule | None:
    return session.scalar(
        select(Schedule).where(
            Schedule.portal_id == portal_id, Schedule.document == document.text, Schedule.state == "current"
        )
    )


def _planned(schedule: Schedule, known: KnownRow) -> PlannedPayment:
    return PlannedPayment(
        known.row.due_date,
        known.name,
        Money(known.row.amount, schedule.currency),
        is_paid_otherwise=known.is_paid and not known.is_charged,
    )


def _saved(session: Session, schedule: Schedule) -> Saved:
    stored = known_rows(session, schedule)
    rows = tuple(
        Row(
            number=row.number,
            date=row.contract_date,
            due_date=row.due_date,
            amount=Money(row.amount, schedule.currency),
            principal=Money(row.principal, schedule.currency),
            interest=Money(row.interest, schedule.currency),
            balance=Money(row.balance, schedule.currency),
        )
        for row in (one.row for one in stored)
    )
    return Saved(
        id=schedule.id,
        key=schedule.key,
        document=Binding.parse(schedule.document),
        currency=schedule.currency,
        terms=AgreedTerms.model_validate({"plan": schedule.plan, **schedule.terms}),
        rows=rows,
        items={one.row.number: one.row.item_id for one in stored if one.row.item_id},
        paid=frozenset(one.row.number for one in stored if one.is_paid),
    )


def _row(schedule_id: int, number: int) -> Update:
    return update(ScheduleRow).where(ScheduleRow.schedule_id == schedule_id, ScheduleRow.number == number)


def _stored_row(portal_id: int, schedule_id: int, row: Row) -> ScheduleRow:
    return ScheduleRow(
        portal_id=portal_id,
        schedule_id=schedule_id,
        number=row.number,
        contract_date=row.date,
        due_date=row.due_date,
        amount=row.amount.minor,
        principal=row.principal.minor,
        interest=row.interest.minor,
        balance=row.balance.minor,
        state="planned",
    )

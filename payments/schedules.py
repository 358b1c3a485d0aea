"""Payment schedules as they are kept: the rows that were agreed, one current schedule a document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Update, case, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from calculations.money import Money
from calculations.rows import Plan, Row
from payments.agreed_terms import AgreedTerms
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
                session.execute(
                    update(ScheduleRow)
                    .where(ScheduleRow.schedule_id == old.id, ScheduleRow.state == "planned")
                    .values(state="cancelled")
                )
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
    """A row of a schedule that is to be paid; `name` is the day that tells it from the others."""

    due_date: date
    name: date
    amount: Money


def planned_payment(database: Database, portal_id: int, document: Binding, day: date | None) -> PlannedPayment | None:
    """A row of the document's current schedule: the first unpaid one, or the one of a day, paid or not.

    A row's name is the day it is due, or its contract date where another one is due with it: Saturday's and Sunday's
    payments are both due on Monday. A day is a row's name, else its other date.
    """
    other = aliased(ScheduleRow)
    shares_its_day = (
        select(other.id)
        .where(
            other.schedule_id == ScheduleRow.schedule_id,
            other.due_date == ScheduleRow.due_date,
            other.id != ScheduleRow.id,
        )
        .exists()
    )
    name = case((shares_its_day, ScheduleRow.contract_date), else_=ScheduleRow.due_date)
    query = (
        select(ScheduleRow.due_date, name, ScheduleRow.amount, Schedule.currency)
        .join(Schedule, ScheduleRow.schedule_id == Schedule.id)
        .where(Schedule.portal_id == portal_id, Schedule.document == document.text, Schedule.state == "current")
    )
    if day is None:
        query = query.where(ScheduleRow.state == "planned").order_by(ScheduleRow.due_date, ScheduleRow.number)
    else:
        of_day = or_(ScheduleRow.due_date == day, ScheduleRow.contract_date == day)
        query = query.where(of_day).order_by(name != day, ScheduleRow.due_date != day, ScheduleRow.number)
    with database.read() as session:
        found = session.execute(query.limit(1)).first()
        return PlannedPayment(found[0], found[1], Money(found[2], found[3])) if found else None


def _current(session: Session, portal_id: int, document: Binding) -> Schedule | None:
    return session.scalar(
        select(Schedule).where(
            Schedule.portal_id == portal_id, Schedule.document == document.text, Schedule.state == "current"
        )
    )


def _saved(session: Session, schedule: Schedule) -> Saved:
    stored: Sequence[ScheduleRow] = session.scalars(
        select(ScheduleRow).where(ScheduleRow.schedule_id == schedule.id).order_by(ScheduleRow.number)
    ).all()
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
        for row in stored
    )
    return Saved(
        id=schedule.id,
        key=schedule.key,
        document=Binding.parse(schedule.document),
        currency=schedule.currency,
        terms=AgreedTerms.model_validate({"plan": schedule.plan, **schedule.terms}),
        rows=rows,
        items={row.number: row.item_id for row in stored if row.item_id},
        paid=frozenset(row.number for row in stored if row.state == "paid"),
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

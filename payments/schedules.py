"""Payment schedules: the rows as agreed in our tables, and their picture in the CRM's smart process "Payments"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bitrix24.client import PortalClient
from bitrix24.crm import Item, items_by_xml_id
from bitrix24.outcomes import results_of
from bitrix24.payments_process import PaymentsProcess, ensure_payments_process
from calculations.money import Money
from calculations.rows import Plan, Row
from payments.effects import begin_effect, finish_effect
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Schedule, ScheduleRow

PROCESS_KEY = "payments_process"
TITLE = Words("Платёж {number} из {count}: {title}", "Payment {number} of {count}: {title}")
DOWN_PAYMENT_TITLE = Words("Первый взнос: {title}", "Down payment: {title}")


class ProcessBeingMade(Exception):
    """Another call is making the portal's smart process right now."""


class ScheduleExists(Exception):
    """The document has a schedule already."""

    def __init__(self, schedule: "Saved") -> None:
        super().__init__(schedule.id)
        self.schedule = schedule


@dataclass(frozen=True, slots=True)
class Saved:
    """A schedule as its rows are stored; `item_ids` is empty until the CRM shows it."""

    id: int
    key: str
    plan: str
    terms: Mapping[str, Any]
    rows: tuple[Row, ...]
    item_ids: tuple[int, ...]


def current_schedule(database: Database, portal_id: int, document: Binding) -> Saved | None:
    with database.read() as session:
        row = _current(session, portal_id, document)
        return _saved(session, row) if row else None


def schedule_of_call(database: Database, portal_id: int, key: str) -> Saved | None:
    """What an earlier run of the same call stored."""
    with database.read() as session:
        row = session.scalar(select(Schedule).where(Schedule.portal_id == portal_id, Schedule.key == key))
        return _saved(session, row) if row else None


def store_schedule(
    database: Database,
    portal_id: int,
    document: Binding,
    key: str,
    kind: str,
    terms: Mapping[str, Any],
    plan: Plan,
    *,
    replace: bool,
    now: datetime,
) -> Saved:
    """Store a schedule as the document's current one. Raises ScheduleExists unless `replace`.

    Replacing cancels the unpaid rows of the old one; what is paid stays with it.
    """
    try:
        with database.write() as session:
            old = _current(session, portal_id, document)
            if old and not replace:
                raise ScheduleExists(_saved(session, old))
            if old:
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
                plan=kind,
                currency=plan.currency,
                terms=dict(terms),
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


def show_in_crm(
    client: PortalClient, database: Database, document: Item, schedule: Saved, call_id: int, now: datetime
) -> list[Binding]:
    """Make the items of rows that have none, found by their xmlId; to be called within `asking`.

    Raises ProcessBeingMade while another call makes the portal's smart process.
    """
    process = _process(client, database, call_id, now)
    keys = {row.number: f"{schedule.key}-{row.number}" for row in schedule.rows}
    known = {item.xml_id: item.id for item in items_by_xml_id(client, process.entity_type_id, list(keys.values()))}
    waiting = {
        row.number: client.submit(
            "crm.item.add",
            {
                "entityTypeId": process.entity_type_id,
                "useOriginalUfNames": "Y",
                "fields": _fields_of(client, process, document, schedule, row, keys[row.number]),
            },
        )
        for row in schedule.rows
        if keys[row.number] not in known
    }
    made = {
        number: int(result["item"]["id"]) for number, result in zip(waiting, results_of(waiting.values()), strict=True)
    }
    ids = {row.number: made.get(row.number) or known[keys[row.number]] for row in schedule.rows}
    with database.write() as session:
        for number, item_id in ids.items():
            session.execute(
                update(ScheduleRow)
                .where(ScheduleRow.schedule_id == schedule.id, ScheduleRow.number == number)
                .values(item_id=item_id)
            )
    return [Binding(process.entity_type_id, ids[row.number]) for row in schedule.rows]


def _process(client: PortalClient, database: Database, call_id: int, now: datetime) -> PaymentsProcess:
    """The smart process; of the calls that find it missing at once, one makes it."""
    if client.facts.payments_type:
        return ensure_payments_process(client, database)
    begun = begin_effect(database, client.facts.id, PROCESS_KEY, call_id, {}, now)
    if begun.call_id != call_id and not begun.done:
        raise ProcessBeingMade(PROCESS_KEY)
    process = ensure_payments_process(client, database)
    finish_effect(database, begun.id, {"entity_type_id": process.entity_type_id})
    return process


def earliest_unpaid(database: Database, portal_id: int, document: Binding) -> tuple[date, Money] | None:
    """The due date and the sum of the first planned row of the document's current schedule."""
    with database.read() as session:
        found = session.execute(
            select(ScheduleRow.due_date, ScheduleRow.amount, Schedule.currency)
            .join(Schedule, ScheduleRow.schedule_id == Schedule.id)
            .where(
                Schedule.portal_id == portal_id,
                Schedule.document == document.text,
                Schedule.state == "current",
                ScheduleRow.state == "planned",
            )
            .order_by(ScheduleRow.due_date, ScheduleRow.number)
            .limit(1)
        ).first()
        return (found[0], Money(found[1], found[2])) if found else None


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
    item_ids = tuple(row.item_id for row in stored if row.item_id)
    return Saved(schedule.id, schedule.key, schedule.plan, schedule.terms, rows, item_ids)


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


def _fields_of(
    client: PortalClient, process: PaymentsProcess, document: Item, schedule: Saved, row: Row, xml_id: str
) -> Mapping[str, Any]:
    title = (TITLE if row.number else DOWN_PAYMENT_TITLE).in_language(client.facts.language)
    fields: dict[str, Any] = {
        "title": title.format(number=row.number, count=schedule.rows[-1].number, title=document.title),
        "xmlId": xml_id,
        "opportunity": row.amount.text,
        "currencyId": row.amount.currency,
        "isManualOpportunity": "Y",
        "begindate": row.date.isoformat(),
        "closedate": row.due_date.isoformat(),
        f"parentId{document.entity_type_id}": document.id,
        "contactIds": list(document.contact_ids),
        "companyId": document.company_id,
        "mycompanyId": document.my_company_id,
        "assignedById": document.assigned_by_id,
    }
    own = {
        "number": str(row.number),
        "principal": f"{row.principal.text}|{row.principal.currency}",
        "interest": f"{row.interest.text}|{row.interest.currency}",
        "balance": f"{row.balance.text}|{row.balance.currency}",
    }
    fields.update({process.fields[name]: value for name, value in own.items() if name in process.fields})
    return {name: value for name, value in fields.items() if value not in (None, 0, [])}

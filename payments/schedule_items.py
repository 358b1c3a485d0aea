"""A schedule's picture in the CRM: an item of the smart process "Payments" for each row, retired with its schedule."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bitrix24.client import PortalClient
from bitrix24.crm import Item, items_by_xml_id, items_on_stages
from bitrix24.outcomes import results_of
from bitrix24.payments_process import PaymentsProcess, ensure_payments_process
from bitrix24.stages import SUCCESS, failure_stage, meanings
from calculations.rows import Row
from payments.effects import begin_effect, finish_effect
from payments.schedules import Saved, cancelled_items, note_items, note_paid
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database

PROCESS_KEY = "payments_process"
TITLE = Words("Платёж {number} из {count}: {title}", "Payment {number} of {count}: {title}")
DOWN_PAYMENT_TITLE = Words("Первый взнос: {title}", "Down payment: {title}")


class ProcessBeingMade(Exception):
    """Another call is making the portal's smart process right now."""


def show_in_crm(
    client: PortalClient, database: Database, document: Item, schedule: Saved, call_id: int, now: datetime
) -> list[Binding]:
    """Make the items of rows that have none, found by their xmlId; to be called within `asking`.

    Raises ProcessBeingMade while another call makes the portal's smart process.
    """
    process = _process(client, database, call_id, now)
    keys = {row.number: f"{schedule.key}-{row.number}" for row in schedule.rows}
    shown = items_by_xml_id(client, process.entity_type_id, list(keys.values())) if keys else []
    known = {item.xml_id: item.id for item in shown}
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
    note_items(database, schedule.id, ids)
    if schedule.terms.replaces:
        _retire(client, database, process, schedule.terms.replaces)
    return [Binding(process.entity_type_id, ids[row.number]) for row in schedule.rows]


def learn_paid(client: PortalClient, database: Database, schedule: Saved) -> frozenset[int]:
    """Numbers of the paid rows: those we know of, and those whose items people have put on a stage of success."""
    process_id = client.facts.payments_type
    open_items = {item_id: number for number, item_id in schedule.items.items() if number not in schedule.paid}
    if not process_id or not open_items:
        return schedule.paid
    items = items_on_stages(client, process_id, list(open_items))
    stages: dict[str, str] = {}
    for category_id in {item.category_id for item in items}:
        stages |= meanings(client, process_id, category_id)
    paid = {open_items[item.id] for item in items if stages.get(item.stage_id) == SUCCESS}
    if paid:
        note_paid(database, schedule.id, paid)
    return schedule.paid | paid


def _retire(client: PortalClient, database: Database, process: PaymentsProcess, schedule_id: int) -> None:
    """Move the items of cancelled rows to the stage of failure, so that nobody asks for them; gone ones stay gone."""
    item_ids = cancelled_items(database, schedule_id)
    if not item_ids:
        return
    items = items_on_stages(client, process.entity_type_id, item_ids)
    stages = {
        category_id: failure_stage(client, process.entity_type_id, category_id)
        for category_id in {item.category_id for item in items}
    }
    results_of(
        client.submit(
            "crm.item.update",
            {
                "entityTypeId": process.entity_type_id,
                "id": item.id,
                "fields": {"stageId": stages[item.category_id]},
            },
        )
        for item in items
        if item.stage_id != stages[item.category_id]
    )


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

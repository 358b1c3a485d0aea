"""Invoices of a split: made once each, with client, sum, date and rows; the source treated as agreed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bitrix24.client import PortalClient
from bitrix24.crm import Item, items_by_xml_id
from bitrix24.outcomes import results_of
from bitrix24.product_rows import set_rows_params
from bitrix24.stages import failure_stage, is_final_stage
from calculations.money import Money
from payments.product_rows import shares_of_rows
from payments.reminders import Due, remind
from payments.splits import SplitPlan
from payments.sums import total_of
from schemas.binding import SMART_INVOICE, Binding
from schemas.declaration import Words

PART_TITLE = Words("{title} — часть {number} из {count}", "{title} — part {number} of {count}")


def make_invoices(client: PortalClient, source: Item, plan: SplitPlan) -> list[int]:
    """Make what is missing of a plan and return the invoices' ids in the order of the parts.

    Running it again, within `asking`, makes nothing twice: parts are found by their xmlId, the source is set to what
    it already is.
    """
    invoice_ids = _existing_or_made(client, source, plan)
    rows = _rows_of_parts(plan)
    results_of(
        client.submit("crm.item.productrow.set", set_rows_params(Binding(SMART_INVOICE, invoice_id), part_rows))
        for invoice_id, part_rows in zip(invoice_ids, rows, strict=True)
        if part_rows
    )
    if plan.treatment == "cancel" and source.entity_type_id == SMART_INVOICE:
        stage = failure_stage(client, SMART_INVOICE, source.category_id)
        client.call("crm.item.update", _update(source.id, {"stageId": stage}))
    return invoice_ids


def remind_of_parts(client: PortalClient, source: Item, plan: SplitPlan, now: datetime) -> str:
    """To-dos before each part is due; what the portal refused, empty when nothing."""
    dues = [
        Due(Binding(SMART_INVOICE, invoice_id), amount, day)
        for invoice_id, amount, day in zip(plan.invoice_ids, plan.parts, plan.due_dates, strict=True)
    ]
    return remind(client, source, dues, plan.reminders, now)


def is_closed(client: PortalClient, source: Item) -> bool:
    """Whether an invoice stands on a stage of success or failure."""
    return is_final_stage(client, source.entity_type_id, source.category_id, source.stage_id)


def still_there(client: PortalClient, invoice_ids: Sequence[int]) -> bool:
    """Whether at least one of these invoices is still in the CRM."""
    found = client.call(
        "crm.item.list",
        {"entityTypeId": SMART_INVOICE, "select": ["id"], "filter": {"@id": list(invoice_ids)}},
    )
    return bool(found["items"])


def _existing_or_made(client: PortalClient, source: Item, plan: SplitPlan) -> list[int]:
    count = len(plan.amounts)
    known = {
        item.xml_id: item.id
        for item in items_by_xml_id(client, SMART_INVOICE, [plan.xml_id(number) for number in range(1, count + 1)])
    }
    source_is_first = plan.treatment == "first_part" and source.entity_type_id == SMART_INVOICE
    waiting: dict[int, Any] = {}
    for number in range(1, count + 1):
        if number == 1 and source_is_first:
            known[plan.xml_id(1)] = source.id
        elif plan.xml_id(number) not in known:
            fields = _fields_of_part(client, source, plan, number)
            waiting[number] = client.submit("crm.item.add", {"entityTypeId": SMART_INVOICE, "fields": fields})
    for number, made in zip(waiting, results_of(waiting.values()), strict=True):
        known[plan.xml_id(number)] = int(made["item"]["id"])
    if source_is_first:
        client.call("crm.item.update", _update(source.id, _sum_and_date(plan, 1)))
    return [known[plan.xml_id(number)] for number in range(1, count + 1)]


def _fields_of_part(client: PortalClient, source: Item, plan: SplitPlan, number: int) -> Mapping[str, Any]:
    title = PART_TITLE.in_language(client.facts.language)
    fields: dict[str, Any] = {
        "title": title.format(title=source.title, number=number, count=len(plan.amounts)),
        "xmlId": plan.xml_id(number),
        **_sum_and_date(plan, number),
        **_client_of(source),
        **source.parents,
    }
    if source.entity_type_id == SMART_INVOICE:
        fields["categoryId"] = source.category_id
    else:
        fields[f"parentId{source.entity_type_id}"] = source.id
    return fields


def _client_of(source: Item) -> Mapping[str, Any]:
    known = {
        "companyId": source.company_id,
        "contactIds": list(source.contact_ids),
        "mycompanyId": source.my_company_id,
        "assignedById": source.assigned_by_id,
    }
    return {name: value for name, value in known.items() if value}


def _sum_and_date(plan: SplitPlan, number: int) -> Mapping[str, Any]:
    # Without isManualOpportunity the portal counts the sum anew from product rows and ours is lost.
    return {
        "opportunity": plan.parts[number - 1].text,
        "currencyId": plan.currency,
        "isManualOpportunity": "Y",
        "closedate": plan.due_dates[number - 1].isoformat(),
    }


def _update(item_id: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"entityTypeId": SMART_INVOICE, "id": item_id, "fields": fields}


def _rows_of_parts(plan: SplitPlan) -> list[list[Mapping[str, Any]]]:
    """Each part's rows: every product with the part's share of its price, one piece each."""
    totals = [total_of(row, plan.currency) for row in plan.rows]
    if not any(total.minor for total in totals):
        return [[] for _ in plan.amounts]
    return [_rows_of_part(plan, part) for part in shares_of_rows(totals, plan.parts)]


def _rows_of_part(plan: SplitPlan, shares: Sequence[Money]) -> list[Mapping[str, Any]]:
    return [row.one_piece_for(share.text) for row, share in zip(plan.rows, shares, strict=True) if share.minor]

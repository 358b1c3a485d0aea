"""Split invoice in a portal: invoices to the kopeck, once each, whatever is lost on the way."""

from decimal import Decimal
from typing import Any

import pytest

from tests.outside import eventually
from tests.service import RunningService

DEAL, INVOICE = 2, 31


def invoices_of(service: RunningService, deal: int) -> list[dict[str, Any]]:
    return [one for one in service.portal.items(INVOICE) if one.get("parentId2") == deal]


def total(items: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(str(one["opportunity"])) for one in items), Decimal(0))


def rows_total(item: dict[str, Any]) -> Decimal:
    return sum((Decimal(str(row["price"])) * Decimal(str(row["quantity"])) for row in item["rows"]), Decimal(0))


def test_a_deal_becomes_invoices_with_client_date_link_and_a_to_do(service: RunningService) -> None:
    company = service.portal.add(4, title="ООО «Ромашка»")
    contact = service.portal.add(3, name="Анна")
    deal = service.portal.add(DEAL, title="Окна", opportunity="100.00", companyId=company, contactIds=[contact])
    result = service.run("split_invoice", DEAL, deal, parts="3", first_due_date="10.11.2026", remind_days_before="5")
    made = invoices_of(service, deal)
    assert result["result_status"] == "ok"
    assert result["part_amounts"] == ["33.34", "33.33", "33.33"]
    assert sorted(result["invoice_ids"]) == sorted(one["id"] for one in made)
    assert total(made) == Decimal("100.00")
    assert {one["companyId"] for one in made} == {company}
    assert all(one["contactIds"] == [contact] for one in made)
    assert {one["isManualOpportunity"] for one in made} == {"Y"}
    assert sorted(one["closedate"][:10] for one in made) == ["2026-11-10", "2026-12-10", "2027-01-11"]
    todos = [one for one in service.portal.get("/todos") if one["owner_id"] in result["invoice_ids"]]
    assert sorted(one["owner_id"] for one in todos) == sorted(result["invoice_ids"])


def test_an_invoice_becomes_its_first_part_and_its_rows_are_shared(service: RunningService) -> None:
    rows = [
        {"productName": "Рама", "price": 33.33, "quantity": 3, "taxRate": 20},
        {"productName": "Монтаж", "price": 0.01, "quantity": 1},
    ]
    source = service.portal.add(INVOICE, rows=rows, title="Счёт 7", opportunity="100.00", closedate="2026-11-10")
    result = service.run("split_invoice", INVOICE, source, parts="4", remind_days_before="no")
    assert result["invoice_ids"][0] == source
    parts = [service.portal.item(INVOICE, number) for number in result["invoice_ids"]]
    assert [Decimal(str(one["opportunity"])) for one in parts] == [Decimal(25)] * 4
    assert [rows_total(one) for one in parts] == [Decimal(25)] * 4
    assert parts[0]["rows"][0]["productName"] == "Рама"


@pytest.mark.parametrize(("treatment", "closed"), [("cancel", True), ("keep", False)])
def test_the_source_is_treated_as_the_form_says(service: RunningService, treatment: str, closed: bool) -> None:
    source = service.portal.add(INVOICE, title="Счёт", opportunity="10.00", closedate="2026-11-10")
    before = service.portal.item(INVOICE, source)
    result = service.run("split_invoice", INVOICE, source, source_invoice=treatment, remind_days_before="no")
    after = service.portal.item(INVOICE, source)
    assert source not in result["invoice_ids"]
    assert total([service.portal.item(INVOICE, number) for number in result["invoice_ids"]]) == Decimal(10)
    assert (after["stageId"] != before["stageId"]) is closed
    assert Decimal(str(after["opportunity"])) == Decimal(10)


def test_shares_make_parts_of_unequal_size(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Доли", opportunity="999.99")
    result = service.run("split_invoice", DEAL, deal, shares="50%, 30%, rest", remind_days_before="no")
    assert result["part_amounts"] == ["499.99", "300.00", "200.00"]


def test_a_document_split_before_is_left_alone(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Дважды", opportunity="50.00")
    first = service.run("split_invoice", DEAL, deal, remind_days_before="no")
    second = service.run("split_invoice", DEAL, deal, remind_days_before="no")
    assert (second["result_status"], second["error_code"]) == ("skipped", "already_split")
    assert second["invoice_ids"] == first["invoice_ids"]
    assert len(invoices_of(service, deal)) == 2


def test_a_document_whose_parts_were_deleted_is_split_again(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Снова", opportunity="50.00")
    first = service.run("split_invoice", DEAL, deal, remind_days_before="no")
    for number in first["invoice_ids"]:
        service.portal.delete(f"/items/{INVOICE}/{number}")
    again = service.run("split_invoice", DEAL, deal, remind_days_before="no")
    assert again["result_status"] == "ok"
    assert total(invoices_of(service, deal)) == Decimal(50)


@pytest.mark.parametrize("fault", ["lost_after", "lost_before"])
def test_a_lost_answer_makes_no_second_invoice(service: RunningService, fault: str) -> None:
    deal = service.portal.add(DEAL, title="Потери", opportunity="80.00")
    service.portal.fault(fault, match="crm.item.add", times=1)
    result = service.run("split_invoice", DEAL, deal, parts="4", remind_days_before="no")
    assert result["result_status"] == "ok"
    assert len(invoices_of(service, deal)) == 4
    assert total(invoices_of(service, deal)) == Decimal(80)


def test_who_takes_over_a_split_waits_until_the_first_calls_requests_cannot_arrive(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Наследство", opportunity="80.00")
    service.portal.fault("lost_before", match="crm.item.add", times=1)
    first = start(service, deal)
    assert service.wait_call_state(first, "waiting")
    service.cancel(first)
    second = start(service, deal)
    assert service.wait_waiting_for(second, "an earlier request may still arrive")
    assert invoices_of(service, deal) == []
    service.outside.forward(seconds=60)
    assert service.wait_answered(second)["result_status"] == "ok"
    assert total(invoices_of(service, deal)) == Decimal(80)


def start(service: RunningService, deal: int) -> str:
    properties = {"parts": "4", "remind_days_before": "no"}
    template = service.portal.define(
        [{"code": "split_invoice", "name": "Step", "properties": properties}], entityTypeId=DEAL
    )
    return service.portal.start(template, deal, entityTypeId=DEAL)


def test_a_sum_that_cannot_be_split_is_refused_with_a_comment_in_the_deal(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Копейки", opportunity="0.03")
    result = service.run("split_invoice", DEAL, deal, parts="12")
    assert (result["result_status"], result["error_code"]) == ("failed", "zero_part")
    assert "не больше 3" in result["error_text"]

    def told() -> list[str]:
        return [one["text"] for one in service.portal.get("/comments") if one["entity_id"] == deal]

    assert eventually(lambda: bool(told()))
    assert [result["error_text"] in text for text in told()] == [True]


def test_a_paid_invoice_is_not_split(service: RunningService) -> None:
    source = service.portal.add(INVOICE, title="Оплачен", opportunity="10.00")
    stages = service.portal.get("/stages", entityTypeId=INVOICE)
    success = next(one["stage"] for one in stages if one["semantics"] == "S")
    service.portal.move(INVOICE, source, success)
    result = service.run("split_invoice", INVOICE, source)
    assert (result["result_status"], result["error_code"]) == ("failed", "invoice_closed")


def test_a_sum_of_a_contact_is_split_without_asking_for_rows_it_cannot_have(service: RunningService) -> None:
    contact = service.portal.add(3, name="Ирина")
    asked = len(service.portal.history(method="crm.item.productrow.list")["entries"])
    result = service.run("split_invoice_activity", 3, contact, amount="90", parts="3", remind_days_before="no")
    assert (result["result_status"], result["part_amounts"]) == ("ok", ["30.00"] * 3)
    assert len(service.portal.history(method="crm.item.productrow.list")["entries"]) == asked

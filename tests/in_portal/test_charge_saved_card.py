"""Charge saved card in a portal: once for a key, declines in words, nothing without consent or before its day."""

from typing import Any

import pytest
from sqlalchemy import select

from customers.cards import import_cards
from storage.model import Charge, SavedCard
from tests.service import RunningService

DEAL, CONTACT = 2, 3
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
SHOP = '{"shop": "demo", "secret": "demo-secret-of-the-sandbox"}'


@pytest.fixture(scope="module", autouse=True)
def shop(service: RunningService) -> None:
    service.built.terminals.configure(service.row.id, "sandbox", "main", SHOP)


def client_with_card(service: RunningService, ending: str, *, consent: bool = True) -> tuple[int, str]:
    contact = service.portal.add(CONTACT, name="Клиент")
    mask = f"{contact:04}"
    agreed = "2026-01-10T09:00:00Z,paper" if consent else ","
    line = f"sandbox,C_{contact},card_{mask}_{ending},**** {mask},2030-12,,{agreed}"
    built = service.built
    report = import_cards(
        built.database, built.vault, service.row.id, f"{HEADER}\n{line}\n".encode(), {"sandbox"}, built.now()
    )
    assert not report.problems
    return contact, mask


def deal_of(service: RunningService, contact: int, amount: str = "500.00") -> int:
    return service.portal.add(DEAL, title="Абонемент", opportunity=amount, contactIds=[contact])


def charge(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    return service.run("charge_saved_card", DEAL, deal, **properties)


def taken(service: RunningService, mask: str) -> list[dict[str, Any]]:
    """Money the acquirer moved from the card of this mask."""
    operations = service.outside.get("/acquirer/operations")
    found = operations["operations"] if isinstance(operations, dict) else operations
    return [one for one in found if mask in str(one)]


def test_a_card_is_charged_once_for_a_deal_and_sum(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    first = charge(service, deal)
    assert (first["result_status"], first["charge_status"]) == ("ok", "succeeded")
    assert first["charged_amount"] == "500.00"
    assert first["card_mask"].endswith(mask)
    second = charge(service, deal)
    assert (second["result_status"], second["charge_status"]) == ("skipped", "skipped")
    assert second["charge_id"] == first["charge_id"]
    assert len(taken(service, mask)) == 1


def test_a_lost_answer_of_the_bank_is_asked_about_and_charged_once(service: RunningService) -> None:
    contact, mask = client_with_card(service, "error_500_paid")
    deal = deal_of(service, contact)
    template = service.portal.define([{"code": "charge_saved_card", "name": "Step", "properties": {}}])
    workflow = service.portal.start(template, deal)
    assert service.wait_call_state(workflow, "waiting")
    service.outside.forward(seconds=40)
    assert service.wait_answered(workflow)["charge_status"] == "succeeded"
    assert len(taken(service, mask)) == 1


def test_a_decline_is_explained_with_the_next_attempt(service: RunningService) -> None:
    contact, mask = client_with_card(service, "insufficient_funds")
    result = charge(service, deal_of(service, contact))
    assert (result["result_status"], result["charge_status"]) == ("failed", "declined")
    assert result["decline_code"] == "insufficient_funds"
    assert "недостаточно" in result["decline_reason"]
    assert result["next_attempt_date"]
    assert taken(service, mask) == []


def test_a_card_that_its_bank_wants_asked_no_more_is_left_alone_and_the_workflow_reads_until_when(
    service: RunningService,
) -> None:
    contact, mask = client_with_card(service, "insufficient_funds")
    with service.built.database.write() as session:
        card = session.scalars(select(SavedCard).where(SavedCard.customer == f"C_{contact}")).one()
        card.method = "sbp"
    assert charge(service, deal_of(service, contact))["charge_status"] == "declined"
    result = charge(service, deal_of(service, contact))
    assert (result["result_status"], result["error_code"]) == ("failed", "bank_limit")
    assert "правила СБП разрешают пробовать 500.00 RUB не чаще 1 за час; уже отклонено: 1" in result["error_text"]
    assert (result["charge_status"], result["decline_reason"], result["charge_id"]) == ("", "", "")
    assert taken(service, mask) == []


def test_a_card_without_consent_is_never_charged(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid", consent=False)
    result = charge(service, deal_of(service, contact))
    assert result["result_status"] == "failed"
    assert taken(service, mask) == []


def test_a_payment_due_later_is_left_alone(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    result = charge(service, deal_of(service, contact), due_date="01.01.2030")
    assert (result["result_status"], result["error_code"]) == ("skipped", "not_due_yet")
    assert taken(service, mask) == []


def test_a_due_date_of_the_schedule_charges_its_payment_and_not_the_whole_sum(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    service.run(
        "build_payment_schedule",
        DEAL,
        deal,
        count="5",
        first_date="05.09.2026",
        remind_days_before="no",
        shift="following",
    )
    assert charge(service, deal)["charged_amount"] == "100.00"  # Saturday 5 September is paid on Monday
    for day in ("07.09.2026", "05.09.2026"):
        again = charge(service, deal, due_date=day)
        assert (again["error_code"], again["charged_amount"]) == ("already_charged", "100.00")
    other = charge(service, deal, due_date="08.09.2026")
    assert (other["result_status"], other["error_code"]) == ("failed", "not_in_schedule")
    assert len(taken(service, mask)) == 1


def test_other_figures_under_a_known_key_are_shown_and_not_charged(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    charge(service, deal, payment_key="order-5", amount="10")
    result = charge(service, deal, payment_key="order-5", amount="20")
    assert (result["result_status"], result["error_code"]) == ("failed", "other_figures")
    assert "10.00" in result["error_text"]
    assert "20.00" in result["error_text"]
    assert len(taken(service, mask)) == 1


def test_another_currency_than_the_documents_is_refused_where_the_sum_is_the_documents(
    service: RunningService,
) -> None:
    contact, mask = client_with_card(service, "paid")
    result = charge(service, deal_of(service, contact), currency="USD")
    assert (result["result_status"], result["error_code"]) == ("failed", "currency_mismatch")
    assert "RUB" in result["error_text"]
    assert "USD" in result["error_text"]
    assert taken(service, mask) == []


def test_a_deal_without_a_client_says_so(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Без клиента", opportunity="5.00")
    assert charge(service, deal)["error_code"] == "client_missing"


def test_a_client_that_is_none_is_named_and_nothing_is_charged(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    refused = charge(service, deal_of(service, contact), customer="D_5")
    assert (refused["result_status"], refused["error_code"]) == ("failed", "bad_binding")
    assert "D_5 — не клиент" in refused["error_text"]
    assert taken(service, mask) == []


@pytest.mark.parametrize("written", ["first@example.com, second@example.com", "first@example.com"])
def test_of_all_the_addresses_a_portal_puts_into_the_field_the_first_gets_the_receipt(
    service: RunningService, written: str
) -> None:
    contact, _ = client_with_card(service, "paid")
    made = charge(service, deal_of(service, contact), receipt_email=written)
    with service.built.database.read() as session:
        assert session.get_one(Charge, int(made["charge_id"])).receipt_email == "first@example.com"


def receipt_kind(service: RunningService, charge_id: int) -> str:
    with service.built.database.read() as session:
        return session.get_one(Charge, charge_id).receipt_kind


@pytest.mark.parametrize(("count", "kind"), [("1", ""), ("3", "instalment")])
def test_the_receipt_of_a_schedules_payment_is_an_instalments_whichever_document_is_charged(
    service: RunningService, count: str, kind: str
) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact, "600.00")
    wish = {"count": count, "first_date": "01.10.2026", "remind_days_before": "no"}
    built = service.run("build_payment_schedule", DEAL, deal, **wish)
    by_deal = charge(service, deal)
    process, item = service.row.fields["payments_type"], built["payment_ids"][-1]
    properties = {"customer": f"C_{contact}", "due_date": "01.10.2026"}
    by_item = service.run("charge_saved_card", process, item, **properties)
    assert [receipt_kind(service, int(one["charge_id"])) for one in (by_deal, by_item)] == [kind, kind]
    named = charge(service, deal_of(service, contact, "7.00"), receipt_kind="advance")
    assert receipt_kind(service, int(named["charge_id"])) == "advance"

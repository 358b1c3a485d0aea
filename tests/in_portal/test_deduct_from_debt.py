"""Deduct from debt in a portal: the contract's own fields, one payment once, payments at the same moment one by one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.service import RunningService

DEAL = 2
DEBT = "UF_CRM_PAY_DEBT"


def contract(service: RunningService, debt: str) -> int:
    return service.portal.add(DEAL, None, title="Договор", opportunity="1000.00", **{DEBT: f"{debt}|RUB"})


def held(service: RunningService, deal: int) -> str:
    return str(service.portal.item(DEAL, deal)[DEBT])


def deduct(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    return service.run("deduct_from_debt", DEAL, deal, **properties)


def abandoned(service: RunningService, deal: int, fault: str, **properties: object) -> None:
    """A payment whose write got no answer, and whose call ended while it waited to look again."""
    service.portal.fault(fault, match="crm.item.update", times=1)
    template = service.portal.define(
        [{"code": "deduct_from_debt", "name": "Step", "properties": properties}], entityTypeId=DEAL
    )
    workflow = service.portal.start(template, deal, entityTypeId=DEAL)
    assert service.wait_call_state(workflow, "waiting")
    service.cancel(workflow)
    service.outside.forward(seconds=60)


def test_a_payment_reduces_the_debt_in_the_deal(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    result = deduct(service, deal, payment_amount="1 200,50")
    assert (result["debt_before"], result["debt_after"]) == ("5000.00", "3799.50")
    assert held(service, deal) == "3799.50|RUB"
    again = deduct(service, deal, payment_amount="799.50")
    assert (again["paid_total"], again["paid_count"]) == ("2000.00", 2)


def test_the_documents_own_sum_is_the_payment_when_none_is_given(service: RunningService) -> None:
    assert deduct(service, contract(service, "5000.00"))["applied_principal"] == "1000.00"


def test_one_payment_key_is_counted_once(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    deduct(service, deal, payment_amount="100", payment_key="p-7")
    second = deduct(service, deal, payment_amount="100", payment_key="p-7")
    assert (second["result_status"], second["error_code"]) == ("skipped", "already_applied")
    assert second["debt_after"] == "4900.00"
    assert held(service, deal) == "4900.00|RUB"


def test_a_refund_of_a_known_payment_puts_the_debt_back(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    deduct(service, deal, payment_amount="100", payment_key="p-8")
    result = deduct(service, deal, payment_amount="100", payment_key="p-8", operation="refund")
    assert (result["result_status"], result["debt_after"]) == ("ok", "5000.00")
    assert held(service, deal) == "5000.00|RUB"


def test_payments_at_the_same_moment_are_all_counted(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: deduct(service, deal, payment_amount="100"), range(4)))
    assert {result["result_status"] for result in results} == {"ok"}
    assert held(service, deal) == "4600.00|RUB"


def test_an_overpayment_that_is_rejected_leaves_the_debt(service: RunningService) -> None:
    deal = contract(service, "50.00")
    result = deduct(service, deal, payment_amount="100", overpayment="reject")
    assert (result["result_status"], result["error_code"]) == ("failed", "overpayment")
    assert held(service, deal) == "50.00|RUB"


def test_a_contract_without_a_debt_tells_which_field_to_fill_in(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Без долга", opportunity="10.00")
    assert deduct(service, deal)["error_code"] == "debt_missing"


@pytest.mark.parametrize(("fault", "left", "count"), [("lost_after", "4700.00", 2), ("lost_before", "4800.00", 1)])
def test_a_payment_whose_call_ended_unheard_counts_if_the_contract_shows_it_and_holds_up_nobody(
    service: RunningService, fault: str, left: str, count: int
) -> None:
    deal = contract(service, "5000.00")
    abandoned(service, deal, fault, payment_amount="100")
    result = deduct(service, deal, payment_amount="200")
    assert (result["result_status"], result["debt_after"], result["paid_count"]) == ("ok", left, count)
    assert held(service, deal) == f"{left}|RUB"


@pytest.mark.parametrize(("fault", "status"), [("lost_after", "skipped"), ("lost_before", "ok")])
def test_started_again_under_its_key_such_a_payment_is_counted_once(
    service: RunningService, fault: str, status: str
) -> None:
    deal = contract(service, "5000.00")
    abandoned(service, deal, fault, payment_amount="100", payment_key="p-9")
    result = deduct(service, deal, payment_amount="100", payment_key="p-9")
    assert (result["result_status"], result["debt_after"], result["paid_count"]) == (status, "4900.00", 1)
    assert held(service, deal) == "4900.00|RUB"


def test_a_payment_is_not_written_again_while_its_first_write_may_still_arrive(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    service.portal.fault("lost_after", match="crm.item.update", times=1)
    template = service.portal.define(
        [{"code": "deduct_from_debt", "name": "Step", "properties": {"payment_amount": "100"}}], entityTypeId=DEAL
    )
    workflow = service.portal.start(template, deal, entityTypeId=DEAL)
    assert service.wait_waiting_for(workflow, "an earlier request may still arrive")
    service.outside.forward(seconds=60)
    assert service.wait_answered(workflow)["debt_after"] == "4900.00"
    assert held(service, deal) == "4900.00|RUB"


def test_a_field_the_portal_does_not_know_is_refused_and_nothing_counts_as_paid(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    result = deduct(service, deal, debt="5000", payment_amount="100", debt_field="UF_CRM_NOPE")
    assert (result["result_status"], result["error_code"]) == ("failed", "debt_field_missing")
    assert "UF_CRM_NOPE" in result["error_text"]
    assert deduct(service, deal, payment_amount="200")["paid_total"] == "200.00"


def test_a_payment_in_other_money_than_the_contracts_is_refused(service: RunningService) -> None:
    deal = contract(service, "5000.00")
    result = deduct(service, deal, debt="5000", payment_amount="10|USD")
    assert (result["result_status"], result["error_code"]) == ("failed", "currency_mismatch")
    assert held(service, deal) == "5000.00|RUB"

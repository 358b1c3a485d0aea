"""Deduct from debt in a portal: the contract's own fields, one payment once, payments at the same moment one by one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.service import RunningService

DEAL = 2
DEBT = "UF_CRM_PAY_DEBT"


def contract(service: RunningService, debt: str) -> int:
    return service.portal.add(DEAL, None, title="Договор", opportunity="1000.00", **{DEBT: f"{debt}|RUB"})


def held(service: RunningService, deal: int) -> str:
    return str(service.portal.item(DEAL, deal)[DEBT])


def deduct(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    return service.run("deduct_from_debt", DEAL, deal, **properties)


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

"""A refund of a known payment is its inverse, whatever the order of repayment and the policy for what is too much."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.service import RunningService

DEAL = 2
FIELDS = ("UF_CRM_PAY_DEBT_COSTS", "UF_CRM_PAY_DEBT_INTEREST", "UF_CRM_PAY_DEBT", "UF_CRM_PAY_DEBT_PENALTY")
OWED = ("100.01|RUB", "200.02|RUB", "3000.03|RUB", "50.04|RUB")
ALL_OWED = Decimal("3350.10")
APPLIED = ("applied_costs", "applied_interest", "applied_principal", "applied_penalty", "overpayment_amount")


def held(service: RunningService, deal: int) -> tuple[str, ...]:
    fields = service.portal.item(DEAL, deal)
    return tuple(str(fields[name]) for name in FIELDS)


def there_and_back(service: RunningService, order: str, policy: str, amount: str) -> None:
    deal = service.portal.add(DEAL, None, title="Договор", **dict(zip(FIELDS, OWED, strict=True)))
    terms = {"payment_amount": amount, "payment_key": "p-1", "order": order, "overpayment": policy}

    def deduct(operation: str) -> dict[str, Any]:
        return service.run("deduct_from_debt", DEAL, deal, operation=operation, **terms)

    paid = deduct("payment")
    between = held(service, deal)
    undone = deduct("refund")
    assert (paid["result_status"], undone["result_status"]) == ("ok", "ok"), (paid, undone)
    assert sum(Decimal(paid[name]) for name in APPLIED) == Decimal(amount)
    assert [Decimal(undone[name]) for name in APPLIED] == [-Decimal(paid[name]) for name in APPLIED]
    assert (undone["debt_before"], undone["debt_after"]) == (paid["debt_after"], paid["debt_before"])
    assert (undone["paid_total"], undone["paid_count"]) == ("0.00", 1)
    assert between != OWED
    assert held(service, deal) == OWED


@pytest.mark.parametrize(
    ("policy", "amount"),
    [("credit", "3500.00"), ("negative", "3500.00"), ("reject", str(ALL_OWED)), ("credit", "3000.00")],
)
def test_a_refund_puts_every_bucket_back_in_every_order(service: RunningService, policy: str, amount: str) -> None:
    orders = [",".join(order) for order in permutations(["costs", "interest", "principal", "penalty"])]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda order: there_and_back(service, order, policy, amount), orders))

"""The portal did what it was asked and the connection broke: nothing is made or taken twice."""

from decimal import Decimal
from typing import Any

import pytest

from tests.foreign.crm import DEAL, INVOICE
from tests.foreign.test_robots import document, invoices_of
from tests.foreign.world import World
from tests.outside import eventually


def run_with_lost(world: World, lost: str, code: str, deal: int, **properties: Any) -> dict[str, Any]:
    """The clock goes on until the answer comes, for what waits."""
    world.bitrix.lose.append(lost)
    body = world.bitrix.call(code, document("DEAL", deal), properties)
    assert world.bitrix.deliver(body)[0] == 200
    step = world.bitrix.steps[body["event_token"]]
    for _ in range(20):
        if eventually(lambda: bool(step.answers), 1.5):
            break
        world.outside.forward(seconds=40)
    assert step.answers, (world.state(body), world.bitrix.requests[-20:])
    assert world.wait_state(body, "delivered")
    assert world.bitrix.lose == []
    assert step.sends == 1
    return step.answers[0]


@pytest.mark.parametrize("lost", ["crm.item.add", "crm.activity.todo.add", "crm.item.get"])
def test_invoices_whose_making_was_not_heard_of_are_not_made_again(world: World, lost: str) -> None:
    deal = world.bitrix.crm.make(DEAL, title="Поставка", opportunity=100000)
    result = run_with_lost(world, lost, "split_invoice", deal, parts="3", first_due_date=world.date("2027-01-31"))
    assert result["result_status"] == "ok"
    reminded = [
        one["ownerId"] for one in world.bitrix.crm.todos if str(one["ownerId"]) in map(str, result["invoice_ids"])
    ]
    assert len(reminded) == 3
    assert [amount for amount, _ in invoices_of(world, deal)] == [Decimal("33333.34"), *[Decimal("33333.33")] * 2]
    assert sorted(map(int, result["invoice_ids"])) == sorted(
        number for number, one in world.bitrix.crm.items[INVOICE].items() if str(one.get("parentId2")) == str(deal)
    )


def test_a_debt_whose_writing_was_not_heard_of_is_reduced_once(world: World) -> None:
    deal = world.bitrix.crm.make(DEAL, title="Долг", UF_CRM_PAY_DEBT="100|RUB")
    result = run_with_lost(world, "crm.item.update", "deduct_from_debt", deal, payment_amount="10")
    assert (result["result_status"], result["debt_after"]) == ("ok", "90.00")
    assert Decimal(str(world.bitrix.crm.items[DEAL][deal]["UF_CRM_PAY_DEBT"]).split("|")[0]) == 90


def test_a_date_whose_writing_was_not_heard_of_moves_once(world: World) -> None:
    deal = world.bitrix.crm.make(DEAL, title="Аренда", UF_CRM_PAY_NEXT_PAYMENT_DATE="2027-01-31")
    result = run_with_lost(world, "crm.item.update", "advance_next_payment_date", deal)
    assert (result["result_status"], result["next_date"]) == ("ok", "2027-02-28")
    assert world.bitrix.crm.items[DEAL][deal]["UF_CRM_PAY_NEXT_PAYMENT_DATE"] == "2027-02-28"


def test_rows_of_a_schedule_whose_making_was_not_heard_of_are_there_once(world: World) -> None:
    deal = world.bitrix.crm.make(DEAL, title="Рассрочка", opportunity=90000)
    result = run_with_lost(world, "crm.item.add", "build_payment_schedule", deal, count="3", start_date="2026-10-15")
    assert result["result_status"] == "ok"
    items = [item for kind, found in world.bitrix.crm.items.items() if kind > 1000 for item in found.values()]
    rows = [item for item in items if str(item.get("parentId2")) == str(deal)]
    assert [Decimal(str(row["opportunity"])) for row in rows] == [Decimal(30000)] * 3


def test_the_smart_process_is_made_once_although_its_making_was_not_heard_of(plain_world: World) -> None:
    crm = plain_world.bitrix.crm
    deal = crm.make(DEAL, title="Первая", opportunity=10)
    assert crm.types == []
    result = run_with_lost(plain_world, "crm.type.add", "build_payment_schedule", deal, count="2")
    assert result["result_status"] == "ok"
    assert len(crm.types) == 1

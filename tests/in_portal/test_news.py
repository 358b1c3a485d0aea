"""News of money in the CRM: a trigger fires, people read a comment, each once, and never before the workflow."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from billing.subscriptions import SubscriptionOrder
from calculations.money import Money
from calculations.recurrence import Period
from customers.cards import list_cards
from customers.consents import withdraw_consents
from storage.model import Charge, Consent, News
from tests.in_portal.test_charge_saved_card import charge, client_with_card, deal_of, shop
from tests.outside import eventually
from tests.service import RunningService

__all__ = ["shop"]  # the fixture of a terminal

DEAL = 2
PAID, FAILED = "WON", "FINAL_INVOICE"


@pytest.fixture(scope="module", autouse=True)
def triggers(service: RunningService) -> None:
    """Placed as an admin would: a payment received wins the deal, one that failed moves it aside."""
    service.portal.post("/triggers", code="pay_payment_received", stage=PAID)
    service.portal.post("/triggers", code="pay_payment_failed", stage=FAILED)
    service.portal.post("/triggers", code="pay_debt_cleared", stage="EXECUTING")
    service.portal.post("/triggers", code="pay_debt_appeared", stage="PREPARATION")
    service.portal.post("/triggers", code="pay_schedule_finished", stage="PREPAYMENT_INVOICE")


def stage(service: RunningService, deal: int) -> str:
    return str(service.portal.item(DEAL, deal)["stageId"])


def told(service: RunningService, item: int, kind: str = "deal") -> list[str]:
    found = service.portal.get("/comments")
    return [one["text"] for one in found if (one["entity_type"], one["entity_id"]) == (kind, item)]


def news(service: RunningService, deal: int) -> list[News]:
    with service.built.database.read() as session:
        return list(session.scalars(select(News).where(News.document == f"D_{deal}").order_by(News.id)))


def all_told(service: RunningService, deal: int, number: int = 1) -> bool:
    def done() -> bool:
        rows = news(service, deal)
        return len(rows) == number and all(row.due_at is None for row in rows)

    return eventually(done, 60)


def test_a_payment_moves_the_deal_once_its_workflow_has_been_answered(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    assert charge(service, deal)["charge_status"] == "succeeded"
    assert all_told(service, deal)
    assert stage(service, deal) == PAID
    assert told(service, deal) == []  # the workflow knows it: people are not told by us as well


def test_a_decline_moves_the_deal_aside_and_the_retry_that_is_paid_moves_it_on_and_is_told_of(
    service: RunningService,
) -> None:
    contact, mask = client_with_card(service, "insufficient_funds_then_paid")
    deal = deal_of(service, contact)
    assert charge(service, deal)["charge_status"] == "declined"
    assert all_told(service, deal)
    assert stage(service, deal) == FAILED
    (of_robot,) = told(service, deal)
    assert "Списать с сохранённой карты" in of_robot
    service.outside.forward(days=1)
    assert eventually(lambda: len(news(service, deal)) == 2, 60)
    assert all_told(service, deal, 2)
    assert stage(service, deal) == PAID
    ours = [text for text in told(service, deal) if text != of_robot]
    assert len(ours) == 1
    assert "Оплата получена: 500,00" in ours[0]
    assert mask in ours[0]


def test_a_step_that_waits_for_no_answer_is_told_by_trigger_and_comment(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    service.portal.post("/robot-call", code="charge_saved_card", id=deal, overrides={"use_subscription": "N"})
    assert all_told(service, deal)
    assert stage(service, deal) == PAID
    assert [text.startswith("Оплата получена") for text in told(service, deal)] == [True]


def test_a_charge_that_settles_after_its_workflow_was_told_pending_is_told_of(service: RunningService) -> None:
    contact, _ = client_with_card(service, "pending")
    deal = deal_of(service, contact)
    template = service.portal.define([{"code": "charge_saved_card", "name": "Step", "properties": {}}])
    workflow = service.portal.start(template, deal)
    assert service.wait_call_state(workflow, "waiting")
    with service.built.database.read() as session:
        charge_id = session.scalars(select(Charge.id).where(Charge.document == f"D_{deal}")).one()
    assert news(service, deal) == []
    settle(service, charge_id, workflow)
    assert all_told(service, deal)
    assert stage(service, deal) == PAID


def settle(service: RunningService, charge_id: int, workflow: str) -> None:
    for _ in range(50):
        service.outside.forward(seconds=1800)
        if service.step(workflow)["outcome"] == "answered":
            break
    assert service.wait_answered(workflow)["charge_id"]


def test_a_refund_is_told_of_and_moves_nothing(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    charged = charge(service, deal)
    assert all_told(service, deal)
    assert service.built.charging.refunds.refund(int(charged["charge_id"]), 20_000).state == "succeeded"
    assert all_told(service, deal, 2)
    (text,) = told(service, deal)
    assert "200,00" in text
    assert "500,00" in text
    assert stage(service, deal) == PAID


@pytest.mark.passes_over
@pytest.mark.parametrize("step", ["news_taken", "news_commented", "trigger_begun", "trigger_fired"])
def test_a_worker_that_dies_anywhere_tells_it_once_all_the_same(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    contact, _ = client_with_card(service, "insufficient_funds_then_paid")
    deal = deal_of(service, contact)
    charge(service, deal)
    assert all_told(service, deal)
    died: list[str] = []
    monkeypatch.setattr(service.built.teller, "_step", dies_once_at(step, died))
    service.outside.forward(days=1)
    assert eventually(lambda: died == [step], 60)
    service.outside.forward(seconds=190)
    assert all_told(service, deal, 2)
    assert stage(service, deal) == PAID
    assert len([text for text in told(service, deal) if text.startswith("Оплата получена")]) == 1
    assert died == [step]


def dies_once_at(step: str, died: list[str]) -> Callable[[str], None]:
    def pass_step(name: str) -> None:
        if name == step and not died:
            died.append(name)
            raise KeyError(name)

    return pass_step


def test_an_answer_lost_after_the_trigger_fired_does_not_fire_it_again(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    service.portal.fault("lost_after", match="crm.automation.trigger.execute", times=1)
    charge(service, deal)
    assert eventually(lambda: stage(service, deal) == PAID, 60)
    assert eventually(lambda: any(row.stage is not None for row in news(service, deal)), 60)
    service.portal.move(DEAL, deal, "EXECUTING")  # a person takes it on before we look
    service.outside.forward(seconds=190)
    assert all_told(service, deal)
    assert stage(service, deal) == "EXECUTING"


def test_a_lost_request_is_made_again(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    service.portal.fault("lost_before", match="crm.automation.trigger.execute", times=1)
    charge(service, deal)
    assert eventually(lambda: any(row.stage is not None for row in news(service, deal)), 60)
    service.outside.forward(seconds=190)
    assert all_told(service, deal)
    assert stage(service, deal) == PAID


def test_a_deleted_deal_is_given_up_with_its_reason(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    service.portal.fault("lost_before", match="crm.automation.trigger.execute", times=1)
    charge(service, deal)
    assert eventually(lambda: any(row.stage is not None for row in news(service, deal)), 60)
    service.portal.delete(f"/items/{DEAL}/{deal}")
    service.outside.forward(seconds=190)
    assert all_told(service, deal)
    assert [bool(row.reason) for row in news(service, deal)] == [True]


def test_a_clients_own_card_has_no_stages_and_is_told_by_a_comment(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    service.portal.post(
        "/robot-call",
        code="charge_saved_card",
        entityTypeId=3,
        id=contact,
        properties={"amount": "70", "currency": "RUB"},
        overrides={"use_subscription": "N"},
    )
    assert eventually(lambda: len(told(service, contact, "contact")) == 1, 60)
    with service.built.database.read() as session:
        (row,) = session.scalars(select(News).where(News.document == f"C_{contact}"))
    assert row.reason == ""


def test_a_debt_that_is_cleared_and_one_that_comes_back_move_their_contract(service: RunningService) -> None:
    deal = service.portal.add(DEAL, None, title="Договор", opportunity="100.00", UF_CRM_PAY_DEBT="500|RUB")
    service.run("deduct_from_debt", DEAL, deal, payment_amount="200", payment_key="first")
    assert news(service, deal) == []
    service.run("deduct_from_debt", DEAL, deal, payment_amount="300", payment_key="second")
    assert all_told(service, deal)
    assert stage(service, deal) == "EXECUTING"
    service.run("deduct_from_debt", DEAL, deal, payment_amount="300", payment_key="second", operation="refund")
    assert all_told(service, deal, 2)
    assert stage(service, deal) == "PREPARATION"
    service.run("deduct_from_debt", DEAL, deal, payment_amount="300", payment_key="second")
    assert len(news(service, deal)) == 2
    assert told(service, deal) == []


def test_a_schedule_that_is_over_moves_its_deal_once(service: RunningService) -> None:
    deal = service.portal.add(DEAL, None, title="Абонемент", UF_CRM_PAY_NEXT_PAYMENT_DATE="2026-10-31")
    going_on = service.run("advance_next_payment_date", DEAL, deal, period="month", until="2026-11-30")
    assert going_on["stop_reason"] == "none"
    assert news(service, deal) == []
    over = service.run("advance_next_payment_date", DEAL, deal, period="month", until="2026-11-30")
    assert over["stop_reason"] == "until_reached"
    assert all_told(service, deal)
    assert stage(service, deal) == "PREPAYMENT_INVOICE"


def test_a_charge_that_was_stopped_before_the_bank_is_told_once_with_its_reason(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    with service.built.database.write() as session:
        consent = session.scalars(select(Consent).where(Consent.customer == f"C_{contact}")).one()
        consent.limit_amount, consent.limit_currency = 100, "RUB"
    assert charge(service, deal)["result_status"] == "failed"
    assert all_told(service, deal)
    (text,) = told(service, deal)
    assert "Списать с сохранённой карты" in text
    assert stage(service, deal) == FAILED


def test_a_subscription_that_its_client_has_ended_is_told_of(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal = deal_of(service, contact)
    begin = SubscriptionOrder(
        portal_id=service.row.id,
        key=f"club-{deal}",
        document=f"D_{deal}",
        customer=f"C_{contact}",
        saved_card_id=next(card.id for card in list_cards(service.built.database, service.row.id, f"C_{contact}")),
        amount=Money(90_000, "RUB"),
        description="Клуб",
        period=Period.month,
        every=1,
        first_date=service.built.now().date() + timedelta(days=20),
    )
    service.built.subscriptions.begin(begin)
    withdraw_consents(service.built.database, service.row.id, f"C_{contact}", "the client", service.built.now())
    service.outside.forward(days=20)
    assert eventually(lambda: len(news(service, deal)) == 1, 60)
    assert all_told(service, deal)
    (text,) = told(service, deal)
    assert "не списаны" in text
    assert "Подписка остановлена" in text
    assert stage(service, deal) == FAILED

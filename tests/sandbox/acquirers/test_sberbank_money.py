"""Sberbank's sandbox: holds, reversals, refunds and orders that are given up."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.acquirers.sberbank.demo import CUSTOMER
from tests.sandbox.acquirers.sberbank_shop import Shop, open_shop


@pytest.fixture(params=["rbs", "ecom", "yookassa"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with open_shop(request.param) as opened:
        yield opened


@pytest.fixture
def ecom() -> Iterator[Shop]:
    with open_shop("ecom") as opened:
        yield opened


@pytest.fixture
def rbs() -> Iterator[Shop]:
    with open_shop("rbs") as opened:
        yield opened


def amounts(shop: Shop, order_id: str) -> tuple[int, int, int, int, str]:
    """orderStatus, then approved, deposited and refunded sums and their state."""
    status = shop.status(order_id)
    told = status["paymentAmountInfo"]
    return (
        status["orderStatus"],
        told["approvedAmount"],
        told["depositedAmount"],
        told["refundedAmount"],
        told["paymentState"],
    )


def held(shop: Shop, **more: Any) -> str:
    order_id, _ = shop.charge(path="registerPreAuth.do", **more)
    return order_id


def refund(shop: Shop, order_id: str, amount: int, refund_id: str = "") -> dict[str, Any]:
    key = {"jsonParams": {"externalRefundId": refund_id}} if refund_id else {}
    return shop.ask("refund.do", orderId=order_id, amount=amount, **key)


def test_a_two_stage_order_is_held_and_then_taken_in_part(shop: Shop) -> None:
    order_id = held(shop)
    assert amounts(shop, order_id) == (1, 19_900, 0, 0, "APPROVED")
    assert shop.money() == []
    assert shop.ask("deposit.do", orderId=order_id, amount=20_000)["errorCode"] == "5"
    assert shop.ask("deposit.do", orderId=order_id, amount=15_000)["errorCode"] == "0"
    assert amounts(shop, order_id) == (2, 19_900, 15_000, 0, "DEPOSITED")
    assert shop.ask("deposit.do", orderId=order_id, amount=1)["errorCode"] == "5"
    assert shop.money() == [15_000]


def test_nothing_deposits_everything_at_rbs_only(shop: Shop) -> None:
    order_id = held(shop)
    assert shop.ask("deposit.do", orderId=order_id, amount=0)["errorCode"] == ("5" if shop.is_ecom else "0")
    assert shop.money() == ([] if shop.is_ecom else [19_900])


def test_a_hold_is_completed_by_itself_at_the_shops_date(shop: Shop) -> None:
    order_id = held(shop, autocompletionDate="2026-02-01T12:00:00")
    shop.pass_time(hours=23)
    assert shop.status(order_id)["orderStatus"] == 1
    shop.pass_time(hours=1)
    assert shop.status(order_id)["orderStatus"] == 2


def test_a_hold_nobody_completes_is_let_go(shop: Shop) -> None:
    order_id = held(shop)
    shop.pass_time(days=8)
    assert amounts(shop, order_id)[0] == 3
    assert shop.money() == []


def test_a_hold_is_let_go_in_part_once_and_then_whole(shop: Shop) -> None:
    order_id = held(shop)
    assert shop.ask("reverse.do", orderId=order_id, amount=5_000)["errorCode"] == "0"
    assert amounts(shop, order_id) == (1, 14_900, 0, 0, "APPROVED")
    second = shop.ask("reverse.do", orderId=order_id, amount=5_000)
    assert (second["errorCode"], "частичную" in second["errorMessage"]) == ("5", True)
    assert shop.ask("reverse.do", orderId=order_id)["errorCode"] == "0"
    assert amounts(shop, order_id)[0] == 3


def test_money_taken_today_is_reversed_today_and_not_after_the_banks_day(shop: Shop) -> None:
    first, _ = shop.charge("A-1")
    second, _ = shop.charge("A-2")
    shop.pass_time(hours=11, minutes=59)  # 23:59 in Moscow
    assert shop.ask("reverse.do", orderId=first)["errorCode"] == "0"
    assert amounts(shop, first) == (3, 19_900, 0, 0, "REVERSED")
    shop.pass_time(minutes=1)
    assert shop.ask("reverse.do", orderId=second)["errorCode"] == "5"
    assert shop.money() == [19_900, 19_900, -19_900]


def test_money_goes_back_in_parts_up_to_what_was_paid(shop: Shop) -> None:
    order_id, _ = shop.charge()
    assert refund(shop, order_id, 5_000)["errorCode"] == "0"
    assert amounts(shop, order_id) == (4, 19_900, 19_900, 5_000, "REFUNDED")
    too_much = refund(shop, order_id, 15_000)
    assert (too_much["errorCode"], "превышает" in too_much["errorMessage"]) == ("7", True)
    assert refund(shop, order_id, 14_900)["errorCode"] == "0"
    assert amounts(shop, order_id)[0] == 4
    assert shop.money() == [19_900, -5_000, -14_900]


def test_the_deposited_sum_may_go_down_with_a_refund(shop: Shop) -> None:
    shop.bank.settings["deposited_after_refund"] = "remaining"
    order_id, _ = shop.charge()
    refund(shop, order_id, 5_000)
    assert amounts(shop, order_id)[2:4] == (14_900, 5_000)


def test_an_order_nobody_paid_has_nothing_to_give_back(shop: Shop) -> None:
    order_id = shop.register()
    answer = refund(shop, order_id, 1)
    assert (answer["errorCode"], "не найдена" in answer["errorMessage"].lower()) == ("7", True)
    assert refund(shop, "00000000-0000-0000-0000-000000000000", 1)["errorCode"] == "6"


def test_ecom_does_a_refund_once_under_its_number(ecom: Shop) -> None:
    order_id, _ = ecom.charge()
    assert refund(ecom, order_id, 5_000, "R-1")["errorCode"] == "0"
    assert refund(ecom, order_id, 5_000, "R-1")["errorCode"] == "0"
    assert refund(ecom, order_id, 4_000, "R-1")["errorCode"] == "5"
    assert ecom.money() == [19_900, -5_000]
    (operation,) = [one for one in ecom.status(order_id)["operations"] if one["type"] == "REFUND"]
    assert (operation["amount"], operation["actionCode"], operation["externalRefundId"]) == (5_000, 0, "R-1")


def test_rbs_knows_no_numbers_of_refunds(rbs: Shop) -> None:
    order_id, _ = rbs.charge()
    refund(rbs, order_id, 5_000, "R-1")
    refund(rbs, order_id, 5_000, "R-1")
    assert rbs.money() == [19_900, -5_000, -5_000]
    assert "operations" not in rbs.status(order_id)


@pytest.mark.parametrize(("setting", "listed"), [("all", True), ("none", False)])
def test_operations_are_listed_where_the_shop_is_allowed_to_see_them(shop: Shop, setting: str, listed: bool) -> None:
    shop.bank.settings["operations"] = setting
    order_id, _ = shop.charge()
    assert ("operations" in shop.status(order_id)) is listed


@pytest.mark.parametrize(("end", "status", "refunded"), [("pending_paid", 4, 5_000), ("pending_declined", 2, 0)])
def test_a_refund_may_be_on_its_way(shop: Shop, end: str, status: int, refunded: int) -> None:
    order_id, _ = shop.charge()
    shop.plan(refund={"end": end})
    assert refund(shop, order_id, 5_000, "R-1")["errorCode"] == "0"
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (2, -99)
    assert refund(shop, order_id, 15_000)["errorCode"] == "7"
    shop.pass_time(seconds=61)
    assert amounts(shop, order_id)[0::3] == (status, refunded)


def test_a_refund_may_be_refused_by_the_gateway_or_by_the_cards_bank(ecom: Shop) -> None:
    order_id, _ = ecom.charge()
    ecom.plan(refund=[{"end": "declined"}, {"end": "declined", "code": "5"}, {"end": "declined", "code": "125"}])
    assert refund(ecom, order_id, 1_000, "R-1")["errorCode"] == "7"
    assert refund(ecom, order_id, 1_000, "R-2")["errorCode"] == "5"
    assert refund(ecom, order_id, 1_000, "R-3")["errorCode"] == "5"
    refused = [one for one in ecom.status(order_id)["operations"] if one["type"] == "REFUND"]
    assert [(one["externalRefundId"], one["actionCode"]) for one in refused] == [("R-3", 125)]
    assert ecom.money() == [19_900]


def test_a_refund_behind_a_lost_answer_is_done_once_under_its_number(ecom: Shop) -> None:
    order_id, _ = ecom.charge()
    ecom.plan(refund={"answer": "cut_after"})
    with pytest.raises(requests.ConnectionError):
        refund(ecom, order_id, 5_000, "R-1")
    assert refund(ecom, order_id, 5_000, "R-1")["errorCode"] == "0"
    assert ecom.money() == [19_900, -5_000]


@pytest.mark.parametrize("status", [3, 6])
def test_an_order_given_up_before_it_was_paid_is_closed_for_good(shop: Shop, status: int) -> None:
    shop.bank.settings["declined_status"] = status
    order_id = shop.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    assert shop.ask("decline.do", orderNumber="A-1")["errorCode"] == "0"
    assert shop.status(order_id)["orderStatus"] == status
    assert shop.pay(order_id, shop.card())["errorCode"] == "5"
    assert shop.ask("decline.do", orderId=order_id)["errorCode"] == "5"
    shop.pass_time(minutes=30)
    assert shop.status(order_id)["orderStatus"] == status


def test_a_paid_order_cannot_be_given_up(shop: Shop) -> None:
    order_id, _ = shop.charge()
    assert shop.ask("decline.do", orderId=order_id)["errorCode"] == "5"
    assert shop.status(order_id)["orderStatus"] == 2

"""Sberbank's sandbox: bindings and charges without the client, in every way a flavour has."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.acquirers.sberbank.demo import CUSTOMER
from tests.sandbox.acquirers.sberbank_shop import GOOD, LOST, OLD, POOR, RETURN, Shop, open_shop

ACCOUNT = {"subscriptionId": "5" * 32, "memberId": "100000000111"}
SBP = {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}


@pytest.fixture(params=["rbs", "ecom", "yookassa"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with open_shop(request.param) as opened:
        yield opened


@pytest.fixture
def ecom() -> Iterator[Shop]:
    with open_shop("ecom") as opened:
        yield opened


@pytest.fixture
def facade() -> Iterator[Shop]:
    with open_shop("yookassa") as opened:
        yield opened


def test_a_card_on_file_is_charged_without_its_client(shop: Shop) -> None:
    order_id, answer = shop.charge()
    assert answer["errorCode"] == "0"
    assert answer["redirect"] == f"{RETURN}?orderId={order_id}&lang=ru"
    status = shop.status(order_id)
    assert (status["orderStatus"], status["actionCode"]) == (2, 0)
    assert status["paymentAmountInfo"] == {
        "approvedAmount": 19_900,
        "depositedAmount": 19_900,
        "refundedAmount": 0,
        "paymentState": "DEPOSITED",
    }
    assert status["bindingInfo"] == {"clientId": CUSTOMER, "bindingId": shop.card()}
    assert status["depositedDate"] == 1_769_850_000_000
    assert shop.money() == [19_900]


def test_the_masked_card_has_a_name_of_its_own_in_each_flavour(shop: Shop) -> None:
    order_id, _ = shop.charge()
    info = shop.status(order_id)["cardAuthInfo"]
    assert info["maskedPan" if shop.is_ecom else "pan"] == "220220******2424"
    assert info["expiration"] == "203012"


@pytest.mark.parametrize(("kind", "action"), [(POOR, 116), (LOST, 41), (OLD, 101)])
def test_a_refusal_is_answered_0_and_told_by_the_status(shop: Shop, kind: str, action: int) -> None:
    order_id, answer = shop.charge(kind=kind)
    assert answer["errorCode"] == "0"
    status = shop.status(order_id)
    assert (status["orderStatus"], status["actionCode"]) == (0, action)
    assert status["actionCodeDescription"]
    assert shop.money() == []


@pytest.mark.parametrize("code", ["5", "7", "61", "93", "239", "910", "-2018", "-3101", "2003", "1014"])
def test_every_refusal_can_be_planned_by_its_action_code(shop: Shop, code: str) -> None:
    shop.plan(charge={"end": "declined", "code": code})
    order_id, _ = shop.charge()
    assert shop.status(order_id)["actionCode"] == int(code)


def test_a_refused_try_may_be_answered_with_an_error(shop: Shop) -> None:
    shop.bank.settings["refused_answer"] = "5"
    assert shop.charge(kind=POOR)[1]["errorCode"] == "5"


def test_a_refusal_may_end_the_order_at_once(shop: Shop) -> None:
    shop.bank.settings["after_refusal"] = "final"
    order_id, _ = shop.charge(kind=POOR)
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (6, 116)
    assert shop.pay(order_id, shop.card())["errorCode"] == "5"
    assert shop.money() == []


def test_an_order_has_three_tries(shop: Shop) -> None:
    order_id, _ = shop.charge(kind=POOR)
    shop.pay(order_id, shop.card(POOR))
    assert shop.status(order_id)["orderStatus"] == 0
    shop.pay(order_id, shop.card(LOST))
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (6, -2013)
    fourth = shop.pay(order_id, shop.card())
    assert (fourth["errorCode"], "количество попыток" in fourth["errorMessage"]) == ("5", True)
    assert shop.money() == []


def test_the_third_refusal_may_keep_its_own_code_until_a_fourth_try(shop: Shop) -> None:
    shop.bank.settings["third_refusal"] = "own"
    order_id, _ = shop.charge(kind=POOR)
    shop.pay(order_id, shop.card(POOR))
    shop.pay(order_id, shop.card(LOST))
    assert shop.status(order_id)["actionCode"] == 41
    shop.pay(order_id, shop.card())
    assert shop.status(order_id)["actionCode"] == -2013


def test_a_try_that_was_refused_can_be_made_good(shop: Shop) -> None:
    order_id, _ = shop.charge(kind=POOR)
    shop.pay(order_id, shop.card(GOOD))
    assert shop.status(order_id)["orderStatus"] == 2
    assert shop.money() == [19_900]


def test_a_paid_order_is_not_paid_again(shop: Shop) -> None:
    order_id, _ = shop.charge()
    assert shop.pay(order_id, shop.card())["errorCode"] == "5"
    assert shop.status(order_id)["orderStatus"] == 2
    assert shop.money() == [19_900]


def test_an_order_closes_after_20_minutes(shop: Shop) -> None:
    order_id = shop.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    shop.pass_time(minutes=19)
    assert shop.status(order_id)["actionCode"] == -100
    shop.pass_time(minutes=2)
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (6, -2007)
    refused = shop.pay(order_id, shop.card())
    assert (refused["errorCode"], "истек" in refused["errorMessage"]) == ("5", True)


def test_a_closed_order_may_keep_status_0(shop: Shop) -> None:
    shop.bank.settings["closed_status"] = 0
    order_id = shop.register()
    shop.pass_time(minutes=21)
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (0, -2007)


def test_an_order_lives_as_long_as_the_shop_says_and_its_date_wins(shop: Shop) -> None:
    short = shop.register("A-1", sessionTimeoutSecs=60)
    long = shop.register("A-2", sessionTimeoutSecs=60, expirationDate="2026-01-31T13:00:00")  # Moscow: 10:00 UTC
    shop.pass_time(minutes=2)
    assert shop.status(short)["actionCode"] == -2007
    assert shop.status(long)["actionCode"] == -100
    shop.pass_time(minutes=58)
    assert shop.status(long)["actionCode"] == -2007


def test_a_binding_of_another_client_pays_nothing(shop: Shop) -> None:
    order_id = shop.register(clientId="somebody-else", features="AUTO_PAYMENT")
    answer = shop.pay(order_id, shop.card())
    assert (answer["errorCode"], "данной связкой" in answer["errorMessage"]) == ("1", True)
    assert shop.status(order_id)["actionCode"] == -100


def test_a_binding_nobody_knows_or_that_was_switched_off_pays_nothing(shop: Shop) -> None:
    order_id = shop.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    unknown = shop.pay(order_id, "00000000-0000-0000-0000-000000000000")
    assert (unknown["errorCode"], "Связка не найдена" in unknown["errorMessage"]) == (
        "1" if shop.is_ecom else "2",
        True,
    )
    unbind = "unbindCard.do" if shop.is_ecom else "unBindCard.do"
    assert shop.ask(unbind, bindingId=shop.card())["errorCode"] == "0"
    inactive = shop.pay(order_id, shop.card())
    assert (inactive["errorCode"], "неактивна" in inactive["errorMessage"]) == ("2", True)
    assert shop.money() == []


def test_a_binding_its_client_switched_off_is_error_code_15(shop: Shop) -> None:
    card = next(card for card in shop.bank.cards if card.token == shop.card())
    card.facts["disabled"] = True
    order_id = shop.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    assert shop.pay(order_id, shop.card())["errorCode"] == "15"


@pytest.mark.parametrize("code", ["2003", "2004"])
def test_a_shop_without_permission_for_auto_payment_is_refused_by_its_settings(shop: Shop, code: str) -> None:
    shop.bank.shops[shop.name]["auto_payment"] = "no"
    shop.bank.settings["auto_payment_code"] = code
    order_id, _ = shop.charge()
    assert shop.status(order_id)["actionCode"] == int(code)


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ("form", {"formUrl"}),
        ("method", {"threeDSMethodURL"}),
        ("creq", {"acsUrl", "cReq"}),
        ("pareq", {"acsUrl", "paReq"}),
    ],
)
def test_without_auto_payment_the_bank_wants_its_client(shop: Shop, shape: str, names: set[str]) -> None:
    shop.bank.settings["challenge"] = shape
    order_id = shop.register(clientId=CUSTOMER)
    answer = shop.pay(order_id, shop.card())
    assert answer["errorCode"] == "0"
    assert names <= answer.keys()
    assert shop.status(order_id)["orderStatus"] == 5
    assert shop.money() == []


def test_a_bank_that_wants_its_client_waits_until_the_order_closes(shop: Shop) -> None:
    shop.plan(charge={"end": "needs_client"})
    order_id, _ = shop.charge()
    assert shop.status(order_id)["orderStatus"] == 5
    locked = shop.pay(order_id, shop.card())
    assert (locked["errorCode"], "заблокирован" in locked["errorMessage"]) == ("5", True)
    shop.pass_time(minutes=21)
    assert shop.status(order_id)["actionCode"] == -2007


@pytest.mark.parametrize(("end", "status", "money"), [("pending_paid", 2, [19_900]), ("pending_declined", 0, [])])
@pytest.mark.parametrize("pending", [0, 6])
def test_an_outcome_the_bank_does_not_know_yet(
    shop: Shop, end: str, status: int, money: list[int], pending: int
) -> None:
    shop.bank.settings["pending_status"] = pending
    shop.plan(charge={"end": end, "code": "93"} if status == 0 else {"end": end})
    order_id, answer = shop.charge()
    assert answer["errorCode"] == "0"
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (pending, 1019)
    assert shop.pay(order_id, shop.card())["errorCode"] == "5"
    shop.pass_time(seconds=61)
    assert (shop.status(order_id)["orderStatus"], shop.money()) == (status, money)
    assert shop.status(order_id)["actionCode"] == (0 if money else 93)


@pytest.mark.parametrize("manner", ["error_500", "html", "cut_after"])
def test_money_moves_behind_a_lost_answer(shop: Shop, manner: str) -> None:
    shop.plan(charge={"answer": manner})
    order_id = shop.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    with pytest.raises((requests.RequestException, AssertionError)):
        shop.pay(order_id, shop.card())
    assert shop.status(order_id)["orderStatus"] == 2
    assert shop.money() == [19_900]


def test_money_moves_although_the_answer_says_system_error(shop: Shop) -> None:
    shop.plan(charge={"code": "7"})
    order_id, answer = shop.charge()
    assert answer["errorCode"] == "7"
    assert shop.status(order_id)["orderStatus"] == 2


def test_a_wrong_amount_can_be_taken(shop: Shop) -> None:
    shop.plan(charge={"extra": 100})
    order_id, _ = shop.charge()
    assert shop.status(order_id)["paymentAmountInfo"]["depositedAmount"] == 20_000
    assert shop.status(order_id)["amount"] == 19_900


def test_bindings_of_a_client_are_listed_without_those_that_cannot_pay(shop: Shop) -> None:
    listed = shop.ask("getBindings.do", clientId=CUSTOMER)["bindings"]
    assert [one["bindingId"] for one in listed] == [shop.card(GOOD), shop.card(POOR), shop.card(LOST)]
    assert listed[0] == {
        "bindingId": shop.card(),
        "maskedPan": "220220******2424",
        "expiryDate": "203012",
        "bindingStatus": "1",
        "paymentWay": "CARD",
        "paymentSystem": "MIR",
    }
    shown: Any = True if shop.is_ecom else "true"
    assert len(shop.ask("getBindings.do", clientId=CUSTOMER, showExpired=shown)["bindings"]) == 4


def test_a_client_without_bindings_is_an_error_at_rbs_and_an_empty_list_at_ecom(shop: Shop) -> None:
    answer = shop.ask("getBindings.do", clientId="nobody")
    if shop.is_ecom:
        assert (answer["errorCode"], answer["bindings"]) == ("0", [])
    else:
        assert (answer["errorCode"], "bindings" in answer) == ("2", False)


def test_a_binding_is_switched_off_once_and_on_again(shop: Shop) -> None:
    unbind = "unbindCard.do" if shop.is_ecom else "unBindCard.do"
    assert shop.ask(unbind, bindingId=shop.card())["errorCode"] == "0"
    assert shop.ask(unbind, bindingId=shop.card())["errorCode"] == "2"
    shown: Any = True if shop.is_ecom else "true"
    inactive = shop.ask("getBindings.do", clientId=CUSTOMER, showInactive=shown)["bindings"]
    assert inactive[0]["bindingStatus"] == "0"
    assert shop.ask("bindCard.do", bindingId=shop.card())["errorCode"] == "0"
    assert shop.ask("bindCard.do", bindingId=shop.card())["errorCode"] == "2"
    found = shop.ask("getBindingsByCardOrId.do", bindingId=shop.card())["bindings"]
    assert (found[0]["clientId"], found[0]["bindingStatus"]) == (CUSTOMER, "1")


def test_the_facade_may_have_no_bindings_at_all(facade: Shop) -> None:
    facade.bank.settings["facade_bindings"] = False
    order_id = facade.register(clientId=CUSTOMER, features="AUTO_PAYMENT")
    assert facade.pay(order_id, facade.card())["errorCode"] == "5"
    assert facade.ask("getBindings.do", clientId=CUSTOMER)["errorCode"] == "5"


# ECOM's own ways


def recurrent(shop: Shop, number: str = "R-1", kind: str = GOOD, **more: Any) -> dict[str, Any]:
    return shop.ask("recurrentPayment.do", orderNumber=number, bindingId=shop.card(kind), amount=19_900, **more)


def test_a_recurrent_payment_is_answered_in_its_own_envelope(ecom: Shop) -> None:
    answer = recurrent(ecom)
    assert answer.keys() == {"success", "data", "orderStatus"}
    assert (answer["success"], answer["data"]["orderNumber"]) == (True, "R-1")
    assert (answer["orderStatus"]["orderStatus"], answer["orderStatus"]["actionCode"]) == (2, 0)
    assert answer["orderStatus"]["cardAuthInfo"]["pan"] == "220220******2424"
    assert ecom.status(answer["data"]["orderId"])["cardAuthInfo"]["maskedPan"] == "220220******2424"
    assert ecom.money() == [19_900]


def test_a_recurrent_payment_may_be_well_followed_and_not_paid(ecom: Shop) -> None:
    answer = recurrent(ecom, kind=POOR)
    assert answer["success"] is True
    assert answer["orderStatus"]["actionCode"] == 116
    assert answer["orderStatus"]["orderStatus"] != 2
    assert ecom.money() == []


def test_a_recurrent_payment_of_a_known_number_or_card_is_refused_in_the_envelope(ecom: Shop) -> None:
    recurrent(ecom)
    again = recurrent(ecom)
    assert (again["success"], again["error"]["code"]) == (False, "1")
    assert "уже обработан" in again["error"]["description"]
    unknown = ecom.ask("recurrentPayment.do", orderNumber="R-2", bindingId="0" * 36, amount=1)
    assert unknown["error"]["code"] == "1"
    strict = ecom.ask("recurrentPayment.do", orderNumber="R-3", bindingId=ecom.card(), amount="1")
    assert strict == {
        "success": False,
        "error": {
            "code": "5",
            "description": "Error, value of the request parameter",
            "message": "Error, value of the request parameter",
        },
    }
    assert ecom.money() == [19_900]


def test_a_recurrent_payment_behind_a_lost_answer_is_found_by_its_number(ecom: Shop) -> None:
    ecom.plan(charge={"answer": "cut_after"})
    with pytest.raises(requests.ConnectionError):
        recurrent(ecom)
    assert ecom.ask("getOrderStatusExtended.do", orderNumber="R-1")["orderStatus"] == 2


def by_account(shop: Shop, **changed: Any) -> tuple[str, dict[str, Any]]:
    order_id = shop.register(jsonParams=SBP, description="Абонемент")
    answer = shop.ask("paymentOrderBySubscription", **({"orderId": order_id} | ACCOUNT | changed))
    return order_id, answer


def test_a_bound_account_is_charged_and_the_answer_only_says_that_it_was_taken_on(ecom: Shop) -> None:
    order_id, answer = by_account(ecom)
    assert answer == {"errorCode": "0"}
    assert ecom.status(order_id)["orderStatus"] == 2
    assert ecom.money() == [19_900]


def test_a_bound_accounts_charge_may_be_in_progress(ecom: Shop) -> None:
    ecom.plan(charge={"end": "pending_paid"})
    order_id, _ = by_account(ecom)
    assert (ecom.status(order_id)["orderStatus"], ecom.status(order_id)["actionCode"]) == (0, -99)
    ecom.pass_time(seconds=61)
    assert ecom.status(order_id)["orderStatus"] == 2


def test_a_subscription_that_is_not_there_any_more_is_its_own_refusal(ecom: Shop) -> None:
    order_id, answer = by_account(ecom, subscriptionId="a" * 32)
    assert answer == {"errorCode": "0"}
    assert ecom.status(order_id)["actionCode"] == -5031
    assert ecom.money() == []


def test_a_bound_account_pays_only_orders_of_sbp_with_a_description(ecom: Shop) -> None:
    plain = ecom.register("A-1", description="Абонемент")
    silent = ecom.register("A-2", jsonParams=SBP)
    assert ecom.ask("paymentOrderBySubscription", orderId=plain, **ACCOUNT)["errorCode"] == "5"
    assert ecom.ask("paymentOrderBySubscription", orderId=silent, **ACCOUNT)["errorCode"] == "4"
    assert ecom.ask("paymentOrderBySubscription", orderId=silent, subscriptionId="x", memberId="1")["errorCode"] == "5"

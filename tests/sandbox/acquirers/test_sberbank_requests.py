"""Sberbank's sandbox: how each flavour takes a request, what it refuses and in which words, types that drift."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.acquirers.sberbank.demo import PASSWORD, RBS_SHOP
from tests.sandbox.acquirers.sberbank_shop import ECOM, FORM, RETURN, SHOPS, Shop, open_shop

ORDER: dict[str, Any] = {"orderNumber": "A-1", "amount": 19_900, "returnUrl": RETURN}


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


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["errorCode"])


def test_an_order_is_registered_with_a_page_and_stays_unpaid(shop: Shop) -> None:
    answer = shop.ask("register.do", **ORDER, description="Платёж 1 из 4")
    assert len(answer["orderId"]) == 36
    assert answer["formUrl"] == shop.page(answer["orderId"])
    status = shop.status(answer["orderId"])
    assert (status["orderStatus"], status["actionCode"], status["amount"]) == (0, -100, 19_900)
    assert (status["orderNumber"], status["currency"]) == ("A-1", "643")
    assert {"name": "mdOrder", "value": answer["orderId"]} in status["attributes"]
    assert shop.money() == []


def test_rbs_leaves_the_error_code_out_where_all_went_well(rbs: Shop) -> None:
    assert rbs.ask("register.do", **ORDER).keys() == {"orderId", "formUrl"}


def test_ecom_says_error_code_0_as_text_and_adds_links(ecom: Shop) -> None:
    answer = ecom.ask("register.do", **ORDER)
    assert answer["errorCode"] == "0"
    assert answer["externalParams"]["sbolDeepLink"].startswith("sberpay://")
    assert "sbpPayload" not in answer["externalParams"]


def test_an_order_number_is_taken_once_for_ever(shop: Shop) -> None:
    order_id = shop.register()
    again = shop.ask("register.do", **ORDER)
    assert code_of(again) == "1"
    assert "уже обработан" in again["errorMessage"]
    assert shop.ask("getOrderStatusExtended.do", orderNumber="A-1")["attributes"][0]["value"] == order_id


def test_the_banks_own_number_of_an_order_wins_over_the_shops(shop: Shop) -> None:
    first, second = shop.register("A-1"), shop.register("A-2")
    asked = shop.ask("getOrderStatusExtended.do", orderId=first, orderNumber="A-2")
    assert asked["orderNumber"] == "A-1"
    assert second != first


@pytest.mark.parametrize("changed", [{"password": "wrong"}, {"userName": "nobody"}, {"password": None}])
def test_a_wrong_login_is_error_code_5_with_http_200(shop: Shop, changed: dict[str, Any]) -> None:
    login = {"userName": shop.name, "password": PASSWORD} | changed
    sent = {name: value for name, value in (login | ORDER).items() if value is not None}
    answer = shop.send("register.do", sent)
    assert (answer.status_code, answer.json()["errorCode"]) == (200, "5")
    assert "Доступ запрещен" in answer.json()["errorMessage"]


def test_a_shop_of_another_flavour_is_not_let_in(rbs: Shop) -> None:
    login = {"password": PASSWORD} | ORDER
    to_ecom = requests.post(f"{rbs.address}/{ECOM}register.do", json={"userName": RBS_SHOP} | login, timeout=20)
    to_rbs = requests.post(f"{rbs.address}/{FORM}register.do", data={"userName": SHOPS["ecom"]} | login, timeout=20)
    assert (to_ecom.json()["errorCode"], to_rbs.json()["errorCode"]) == ("5", "5")


def test_an_open_token_stands_for_login_and_password_at_rbs(rbs: Shop) -> None:
    rbs.bank.shops[RBS_SHOP]["token"] = "open-token"
    assert "orderId" in rbs.send("register.do", {"token": "open-token"} | ORDER).json()
    assert rbs.send("register.do", {"token": "other"} | ORDER).json()["errorCode"] == "5"


def test_rbs_takes_get_as_well_as_post_and_ecom_only_post(rbs: Shop) -> None:
    asked = requests.get(
        f"{rbs.address}/{FORM}register.do", {"userName": RBS_SHOP, "password": PASSWORD} | ORDER, timeout=20
    )
    assert "orderId" in asked.json()
    refused = requests.get(f"{rbs.address}/{ECOM}register.do", timeout=20)
    assert (refused.status_code, refused.content) == (405, b"")
    assert refused.headers["Content-Type"].startswith("text/html")


def test_an_address_that_is_none_is_an_empty_page_of_html(shop: Shop) -> None:
    for path in ("registr.do", "recurrentPayment.do" if not shop.is_ecom else "unBindCard.do", "getReceiptStatus"):
        answer = shop.send(path, {})
        assert (answer.status_code, answer.content) == (404, b"")
        assert answer.headers["Content-Type"].startswith("text/html")


def test_too_many_requests_are_an_empty_page_of_html_and_nothing_is_done(shop: Shop) -> None:
    shop.plan(start={"answer": "busy"})
    answer = shop.send("register.do", {"userName": shop.name, "password": PASSWORD} | ORDER)
    assert (answer.status_code, answer.content) == (429, b"")
    assert shop.bank.orders == []


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": 643},
        {"orderNumber": 1},
        {"amount": "19900"},
        {"amount": 199.0},
        {"amount": True},
        {"amount": -1},
        {"jsonParams": "{}"},
        {"unknownField": "1"},
        {"dynamicCallbackUrl": "https://shop.example/callback"},
        {"ip": "127.0.0.1"},
        {"description": ""},
        {"description": "d" * 513},
        {"orderNumber": "A" * 37},
        {"orderNumber": "A/1"},
        {"returnUrl": "short"},
        {"bindingId": "no-uuid"},
        {"email": "é@example.com"},
    ],
    ids=str,
)
def test_ecom_takes_no_field_it_does_not_know_and_no_type_but_the_documented_one(
    ecom: Shop, changed: dict[str, Any]
) -> None:
    answer = ecom.ask("register.do", **{**ORDER, **changed})
    assert answer == {"errorCode": "5", "errorMessage": "Error, value of the request parameter"}
    assert ecom.bank.orders == []


def test_ecom_takes_json_only(ecom: Shop) -> None:
    url = f"{ecom.address}/{ECOM}register.do"
    for answer in (
        requests.post(url, data=ORDER, timeout=20),
        requests.post(url, data=b"{", headers={"Content-Type": "application/json"}, timeout=20),
        requests.post(url, json=[], timeout=20),
    ):
        assert answer.json()["errorCode"] == "5"


def test_rbs_ignores_fields_it_does_not_know(rbs: Shop) -> None:
    assert "orderId" in rbs.ask("register.do", **ORDER, unknownField="1", pageView="MOBILE")


def test_rbs_reads_what_is_nested_from_json_in_a_field(rbs: Shop) -> None:
    order_id = rbs.register(jsonParams={"purpose": "тест"})
    assert rbs.order(order_id).facts["params"] == {"purpose": "тест"}
    broken = rbs.ask("register.do", orderNumber="A-2", amount=1, returnUrl=RETURN, jsonParams="{")
    assert code_of(broken) == "8"


@pytest.mark.parametrize("missing", ["orderNumber", "amount", "returnUrl"])
def test_what_has_to_be_there_and_is_not_is_error_code_4(shop: Shop, missing: str) -> None:
    sent = {name: value for name, value in ORDER.items() if name != missing}
    assert code_of(shop.ask("register.do", **sent)) == "4"


def test_an_order_number_of_rbs_is_shorter_than_one_of_ecom(shop: Shop) -> None:
    longest = 36 if shop.is_ecom else 32
    assert len(shop.register("A" * longest)) == 36
    assert code_of(shop.ask("register.do", **(ORDER | {"orderNumber": "B" * (longest + 1)}))) in ("4", "5")


def test_a_currency_nobody_knows_is_error_code_3(shop: Shop) -> None:
    answer = shop.ask("register.do", **ORDER, currency="999")
    assert code_of(answer) == "3"
    assert "999" in answer["errorMessage"]


def test_features_that_are_none_are_error_code_14(shop: Shop) -> None:
    assert code_of(shop.ask("register.do", **ORDER, features="VERIFY;MAGIC")) == "14"
    assert len(shop.register(features="AUTO_PAYMENT;FORCE_SSL")) == 36


def test_an_order_of_nothing_is_only_for_checking_a_card(shop: Shop) -> None:
    assert code_of(shop.ask("register.do", **(ORDER | {"amount": 0}))) == "5"
    assert len(shop.register(amount=0, features="VERIFY")) == 36


@pytest.mark.parametrize(
    ("setting", "expected"), [("text", "0"), ("number", 0), ("absent", None)], ids=["text", "number", "absent"]
)
def test_the_type_of_an_error_code_drifts(shop: Shop, setting: str, expected: object) -> None:
    order_id = shop.register()
    shop.bank.settings["error_code"] = setting
    assert shop.status(order_id).get("errorCode") == expected
    refused = shop.ask("getOrderStatusExtended.do", orderNumber="nobody")
    assert refused["errorCode"] in ("6", 6)


@pytest.mark.parametrize(("setting", "expected"), [("text", "643"), ("number", 643), ("810", "810")])
def test_the_currency_drifts(shop: Shop, setting: str, expected: object) -> None:
    order_id = shop.register()
    shop.bank.settings["currency"] = setting
    assert shop.status(order_id)["currency"] == expected


@pytest.mark.parametrize("code", ["0", "5", "6", "9"])
def test_an_order_nobody_knows_has_no_status_whatever_the_error_code(shop: Shop, code: str) -> None:
    shop.bank.settings["unknown_order"] = code
    answer = shop.ask("getOrderStatusExtended.do", orderNumber="nobody")
    assert (answer["errorCode"], "orderStatus" in answer) == (code, False)


def test_the_older_status_of_rbs_begins_its_keys_with_capitals(rbs: Shop) -> None:
    order_id, _ = rbs.charge()
    answer = rbs.ask("getOrderStatus.do", orderId=order_id)
    assert (answer["ErrorCode"], answer["OrderStatus"], answer["Amount"]) == ("0", 2, 19_900)
    assert (answer["OrderNumber"], answer["depositAmount"]) == ("A-1", 19_900)
    assert "orderStatus" not in answer


@pytest.mark.parametrize("manner", ["error_500", "html", "cut_after"])
def test_an_order_is_registered_although_its_answer_is_lost(shop: Shop, manner: str) -> None:
    shop.plan(start={"answer": manner})
    login = {"userName": shop.name, "password": PASSWORD}
    if manner == "cut_after":
        with pytest.raises(requests.ConnectionError):
            shop.send("register.do", login | ORDER)
    else:
        answer = shop.send("register.do", login | ORDER)
        assert (answer.status_code, answer.headers["Content-Type"][:9]) != (200, "applicati")
    assert shop.ask("getOrderStatusExtended.do", orderNumber="A-1")["orderStatus"] == 0


def test_a_request_cut_before_it_arrived_did_nothing(shop: Shop) -> None:
    shop.plan(start={"answer": "cut_before"})
    with pytest.raises(requests.ConnectionError):
        shop.send("register.do", {"userName": shop.name, "password": PASSWORD} | ORDER)
    assert shop.bank.orders == []


@pytest.mark.parametrize(("code", "expected"), [("", "7"), ("5", "5"), ("7", "7")])
def test_a_request_that_is_not_followed_says_why(shop: Shop, code: str, expected: str) -> None:
    shop.plan(start={"end": "nothing", "code": code})
    assert code_of(shop.ask("register.do", **ORDER)) == expected
    assert shop.bank.orders == []

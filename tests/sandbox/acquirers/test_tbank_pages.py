"""What a client meets at the sandbox's T-Bank: the payment form, 3-D Secure, SBP and bound accounts."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.acquirers.tbank_shop import CUSTOMER, PAN, Shop, open_shop, press

ADDRESSES: dict[str, Any] = {
    "SuccessURL": "https://shop.example/good?order=${OrderId}",
    "FailURL": "https://shop.example/bad",
}
CHALLENGED = "2201382000000047"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def qr(shop: Shop, payment: str) -> str:
    answer = shop.ask("GetQr", PaymentId=payment, DataType="PAYLOAD")
    assert answer["Success"], answer
    return str(answer["Data"])


def test_the_form_is_russian_shows_the_sum_and_the_test_cards_and_fits_a_phone(shop: Shop) -> None:
    page = press(shop.init(2_500_000, Description="Взнос <1>")["PaymentURL"])
    assert page.status == 200
    assert "25 000,00" in page.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert 'lang="ru"' in page.text
    assert "width=device-width" in page.text
    assert PAN in page.text


def test_text_of_the_shop_is_shown_and_never_becomes_markup(shop: Shop) -> None:
    url = shop.init(Description="<script>alert(1)</script>")["PaymentURL"]
    assert "<script>" not in requests.get(url, timeout=10).text


def test_opening_the_form_is_told_as_a_status(shop: Shop) -> None:
    answer = shop.init()
    press(answer["PaymentURL"])
    assert shop.status(answer["PaymentId"]) == "FORM_SHOWED"


@pytest.mark.parametrize("pan", [PAN, "2201382000000013", "2201382000000039"])
def test_a_good_card_pays_and_leads_back_to_the_shop(shop: Shop, pan: str) -> None:
    answer = shop.init(OrderId="A-1", **ADDRESSES)
    paid = shop.pay(answer["PaymentURL"], pan)
    assert (paid.status, paid.location) == (303, "https://shop.example/good?order=A-1")
    assert shop.status(answer["PaymentId"]) == "CONFIRMED"
    assert shop.money() == [10_000]


@pytest.mark.parametrize(
    ("pan", "code"), [("2201382000000831", 1051), ("2201382000000021", 1005), ("2201382000000005", 101)]
)
def test_a_card_of_the_stand_that_is_refused_leads_back_with_the_reason_kept(shop: Shop, pan: str, code: int) -> None:
    answer = shop.init(OrderId="A-1", **ADDRESSES)
    assert shop.pay(answer["PaymentURL"], pan).location == "https://shop.example/bad"
    [line] = shop.ask("CheckOrder", OrderId="A-1")["Payments"]
    assert (line["Status"], line["ErrorCode"]) == ("REJECTED", code)
    assert shop.money() == []


def test_3_d_secure_asks_for_its_password(shop: Shop) -> None:
    answer = shop.init(**ADDRESSES)
    asked = shop.pay(answer["PaymentURL"], CHALLENGED)
    assert "3-D Secure" in asked.text
    assert shop.status(answer["PaymentId"]) == "3DS_CHECKING"
    done = press(answer["PaymentURL"], do="confirm", password="1qwezxc")
    assert done.location.startswith("https://shop.example/good")
    assert shop.money() == [10_000]


@pytest.mark.parametrize(("setting", "status"), [("REJECTED", "REJECTED"), ("AUTH_FAIL", "AUTH_FAIL")])
def test_a_wrong_password_ends_the_payment(shop: Shop, setting: str, status: str) -> None:
    shop.settings(failed_3ds=setting)
    answer = shop.init(**ADDRESSES)
    shop.pay(answer["PaymentURL"], CHALLENGED)
    assert press(answer["PaymentURL"], do="confirm", password="wrong").location == "https://shop.example/bad"
    assert shop.status(answer["PaymentId"]) == status
    assert shop.money() == []


def test_3_d_secure_that_nobody_answers_closes_itself(shop: Shop) -> None:
    answer = shop.init()
    shop.pay(answer["PaymentURL"], CHALLENGED)
    shop.forward(hours=35)
    assert shop.status(answer["PaymentId"]) == "3DS_CHECKING"
    shop.forward(hours=2)
    assert shop.status(answer["PaymentId"]) == "DEADLINE_EXPIRED"


@pytest.mark.parametrize("wrong", [{"pan": "4111111111111111"}, {"expiry": "13/30"}, {"cvc": "12"}])
def test_a_form_filled_in_wrongly_says_so_and_may_be_tried_again(shop: Shop, wrong: dict[str, str]) -> None:
    answer = shop.init()
    assert "Проверьте" in shop.pay(answer["PaymentURL"], **{"pan": PAN} | wrong).text
    assert shop.status(answer["PaymentId"]) != "REJECTED"
    shop.pay(answer["PaymentURL"])
    assert shop.money() == [10_000]


def test_a_page_may_give_several_tries(shop: Shop) -> None:
    shop.settings(page_attempts=3)
    answer = shop.init(**ADDRESSES)
    for _ in range(2):
        assert "Недостаточно средств" in shop.pay(answer["PaymentURL"], "2201382000000831").text
        assert shop.status(answer["PaymentId"]) == "FORM_SHOWED"
    assert shop.pay(answer["PaymentURL"], "2201382000000831").location == "https://shop.example/bad"
    assert shop.status(answer["PaymentId"]) == "REJECTED"


def test_a_paid_page_takes_nothing_twice_and_says_that_it_is_paid(shop: Shop) -> None:
    answer = shop.init()
    assert "Оплачено" in shop.pay(answer["PaymentURL"]).text
    assert "Оплачено" in shop.pay(answer["PaymentURL"]).text
    assert shop.money() == [10_000]


def test_a_client_who_refuses_is_led_back_and_may_still_pay(shop: Shop) -> None:
    answer = shop.init(**ADDRESSES)
    assert press(answer["PaymentURL"], do="refuse").location == "https://shop.example/bad"
    shop.pay(answer["PaymentURL"])
    assert shop.money() == [10_000]


def test_a_payment_announced_as_the_shops_own_is_not_paid_on_a_page(shop: Shop) -> None:
    answer = shop.init(OrderId="A-1", DATA={"OperationInitiatorType": "R"})
    shop.pay(answer["PaymentURL"])
    [line] = shop.ask("CheckOrder", OrderId="A-1")["Payments"]
    assert (line["Status"], line["ErrorCode"]) == ("REJECTED", 1126)


def test_a_planned_end_goes_before_what_the_card_would_do(shop: Shop) -> None:
    shop.plan("page", end="declined", code="1061")
    answer = shop.init(OrderId="A-1")
    shop.pay(answer["PaymentURL"])
    assert shop.ask("CheckOrder", OrderId="A-1")["Payments"][0]["ErrorCode"] == 1061
    shop.plan("page", end="pending_paid")
    waiting = shop.init()
    assert "В обработке" in shop.pay(waiting["PaymentURL"]).text
    shop.forward(seconds=61)
    assert shop.status(waiting["PaymentId"]) == "CONFIRMED"


def test_a_card_is_saved_for_its_customer_when_init_asked_for_it(shop: Shop) -> None:
    fields: dict[str, Any] = {"Recurrent": "Y", "CustomerKey": "client-9", "DATA": {"OperationInitiatorType": "1"}}
    shop.pay(shop.init(**fields)["PaymentURL"])
    [card] = shop.ask("GetCardList", CustomerKey="client-9")
    assert (card["Pan"], card["ExpDate"], card["Status"]) == ("220077******7761", "1230", "A")
    assert int(card["RebillId"]) > 2**53
    charged = shop.ask("Charge", PaymentId=shop.new(), RebillId=card["RebillId"])
    assert charged["Status"] == "CONFIRMED"


def test_the_same_card_saved_again_keeps_its_number_and_gets_another_rebill_id(shop: Shop) -> None:
    seen = []
    for _ in range(2):
        shop.pay(shop.init(Recurrent="Y", CustomerKey="client-9")["PaymentURL"])
        [card] = shop.ask("GetCardList", CustomerKey="client-9")
        seen.append((card["CardId"], card["RebillId"]))
    assert seen[0][0] == seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_a_card_that_nobody_asked_to_save_is_not_kept(shop: Shop) -> None:
    shop.pay(shop.init(CustomerKey="client-9")["PaymentURL"])
    assert shop.ask("GetCardList", CustomerKey="client-9") == []


def test_a_qr_is_nspks_link_with_the_sum_and_is_the_same_when_asked_again(shop: Shop) -> None:
    payment = shop.new(15_000)
    link = qr(shop, payment)
    query = parse_qs(urlsplit(link).query)
    assert (query["type"], query["sum"], query["cur"]) == (["02"], ["15000"], ["RUB"])
    assert re.fullmatch(r"\d{12}", query["bank"][0])
    assert re.fullmatch(r"[0-9A-F]{4}", query["crc"][0])
    assert qr(shop, payment) == link
    drawn = shop.ask("GetQr", PaymentId=payment, DataType="IMAGE")["Data"]
    assert drawn.startswith("<svg")


def test_a_payer_agrees_in_the_banks_app(shop: Shop) -> None:
    payment = shop.new(**ADDRESSES)
    link = qr(shop, payment)
    assert shop.status(payment) == "FORM_SHOWED"
    assert "Оплатить" in press(link).text
    assert press(link, do="pay").location.startswith("https://shop.example/good")
    state = shop.ask("GetState", PaymentId=payment)
    assert state["Status"] == "CONFIRMED"
    assert {"Key": "Source", "Value": "cards"} not in state["Params"]
    assert shop.money() == [10_000]


def test_a_payer_who_refuses_may_try_three_times(shop: Shop) -> None:
    payment = shop.new()
    link = qr(shop, payment)
    seen = []
    for _ in range(3):
        press(link, do="refuse")
        seen.append(shop.status(payment))
    assert seen == ["FORM_SHOWED", "FORM_SHOWED", "REJECTED"]
    press(link, do="pay")
    assert shop.money() == []


def test_the_form_leads_to_sbp(shop: Shop) -> None:
    answer = shop.init()
    led = press(answer["PaymentURL"], do="sbp")
    assert led.status == 303
    press(led.location, do="pay")
    assert shop.status(answer["PaymentId"]) == "CONFIRMED"


@pytest.mark.parametrize(
    ("setting", "amount", "code"), [({"sbp_enabled": False}, 10_000, "3001"), ({}, 999, "3016"), ({}, 1_000, "0")]
)
def test_sbp_wants_to_be_switched_on_and_ten_roubles(
    shop: Shop, setting: dict[str, bool], amount: int, code: str
) -> None:
    shop.settings(**setting)
    assert shop.ask("GetQr", PaymentId=shop.new(amount))["ErrorCode"] == code


@pytest.mark.parametrize(
    ("wish", "status"),
    [({}, "CONFIRMED"), ({"IsRejected": True}, "REJECTED"), ({"IsDeadlineExpired": True}, "DEADLINE_EXPIRED")],
)
def test_a_demo_terminal_plays_the_payer(shop: Shop, wish: dict[str, bool], status: str) -> None:
    payment = shop.new()
    assert shop.ask("SbpPayTest", PaymentId=payment)["ErrorCode"] == "8"
    qr(shop, payment)
    assert shop.ask("SbpPayTest", PaymentId=payment, **wish)["Success"]
    assert shop.status(payment) == status


def test_an_account_bound_with_a_payment_is_charged_without_its_owner(shop: Shop) -> None:
    payment = shop.new(Recurrent="Y", CustomerKey=CUSTOMER, DATA={"QR": "true"})
    press(qr(shop, payment), do="pay")
    [link] = shop.ask("GetAccountQrList")["AccountTokens"]
    assert link["Status"] == "ACTIVE"
    again = shop.new(Recurrent="Y", DATA={"QR": "true"})
    answer = shop.ask("ChargeQr", PaymentId=again, AccountToken=link["AccountToken"])
    assert (answer["Success"], answer["Status"], answer["Currency"]) == (True, "CONFIRMED", 643)
    assert shop.ask("ChargeQr", PaymentId=again, AccountToken=link["AccountToken"])["ErrorCode"] == "3037"
    assert shop.money() == [10_000, 10_000]


def test_an_account_is_bound_without_a_payment_too(shop: Shop) -> None:
    answer = shop.ask("AddAccountQr", Description="Подписка", DataType="PAYLOAD")
    press(answer["Data"], do="pay")
    state = shop.ask("GetAddAccountQrState", RequestKey=answer["RequestKey"])
    assert (state["Status"], bool(state["AccountToken"])) == ("ACTIVE", True)
    assert shop.money() == []


def test_a_binding_refused_or_left_open_becomes_inactive(shop: Shop) -> None:
    refused, left = (shop.ask("AddAccountQr", Description="Подписка") for _ in range(2))
    press(refused["Data"], do="refuse")
    shop.forward(hours=25)
    for one in (refused, left):
        assert shop.ask("GetAddAccountQrState", RequestKey=one["RequestKey"])["Status"] == "INACTIVE"


def test_an_owner_unbinds_the_account_at_any_moment(shop: Shop) -> None:
    payment = shop.new(Recurrent="Y", DATA={"QR": "true"})
    link = qr(shop, payment)
    press(link, do="pay")
    [bound] = shop.ask("GetAccountQrList")["AccountTokens"]
    press(link, do="unbind")
    again = shop.new(Recurrent="Y", DATA={"QR": "true"})
    answer = shop.ask("ChargeQr", PaymentId=again, AccountToken=bound["AccountToken"])
    assert (answer["Success"], answer["ErrorCode"]) == (False, "3015")
    assert shop.money() == [10_000]


def test_an_account_is_charged_only_under_a_payment_made_for_it(shop: Shop) -> None:
    assert shop.ask("ChargeQr", PaymentId=shop.new(), AccountToken="x")["ErrorCode"] == "3013"
    made_for_it = shop.new(Recurrent="Y", DATA={"QR": "true"})
    assert shop.ask("ChargeQr", PaymentId=made_for_it, AccountToken="x")["ErrorCode"] == "3014"


def test_a_charge_of_an_account_may_wait_for_the_payers_bank(shop: Shop) -> None:
    press(qr(shop, shop.new(Recurrent="Y", DATA={"QR": "true"})), do="pay")
    [bound] = shop.ask("GetAccountQrList")["AccountTokens"]
    shop.plan("charge", end="pending_paid")
    payment = shop.new(Recurrent="Y", DATA={"QR": "true"})
    answer = shop.ask("ChargeQr", PaymentId=payment, AccountToken=bound["AccountToken"])
    assert (answer["Success"], answer["Status"]) == (True, "FORM_SHOWED")
    shop.forward(seconds=61)
    assert shop.status(payment) == "CONFIRMED"

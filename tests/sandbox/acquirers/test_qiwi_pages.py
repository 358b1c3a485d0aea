"""Bills of the sandbox's QIWI: the form a client pays on, tokens it saves, both kinds of notices."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.acquirers.qiwi_shop import BILL_KEY, BILL_SITE, NOTICE_KEY, Shop, bill_body, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def test_a_client_pays_on_the_form_and_is_led_back(shop: Shop) -> None:
    bill = shop.bill()
    assert bill["status"]["value"] == "CREATED"
    url = f"{bill['payUrl']}&successUrl=https%3A%2F%2Fshop.example%2Fback%3Fa%3D1"
    opened = shop.visit(url)
    assert "100,50" in opened.text
    assert "Договор № 9" in opened.text
    assert "Карта будет сохранена" in opened.text
    assert 'content="width=device-width' in opened.text
    paid = shop.visit(url, do="pay", pan="4256 0000 0000 0003", expiry="12/30", cvc="123")
    assert (paid.status, paid.location) == (303, "https://shop.example/back?a=1")
    details = shop.payin("GET", "bills/B-1/details")[1]
    assert details["status"]["value"] == "PAID"
    [payment] = details["payments"]
    assert payment["billId"] == "B-1"
    assert payment["createdToken"]["name"] == "425600******0003"
    assert "Оплачено" in shop.visit(url).text
    assert shop.money() == [10_050]


def test_the_saved_card_is_charged_for_its_own_account_only(shop: Shop) -> None:
    shop.pay(shop.bill())
    token = shop.payin("GET", "bills/B-1")[1][0]["createdToken"]["token"]
    method = {"type": "TOKEN", "paymentToken": token}
    assert shop.charge("P-1", paymentMethod=method)[0] == 400
    charged = shop.charge("P-2", customer={"account": "C-9"}, paymentMethod=method)[1]
    assert charged["status"]["value"] == "COMPLETED"


def test_without_the_flag_no_card_is_saved(shop: Shop) -> None:
    shop.pay(shop.bill(flags=["SALE"]))
    assert "createdToken" not in shop.payin("GET", "bills/B-1/details")[1]["payments"][0]
    assert "tokenData" not in shop.notices()[0]["payment"]
    status, error = shop.payin("PUT", "bills/B-2", bill_body(flags=["BIND_PAYMENT_TOKEN"]))
    assert (status, list(error["cause"])) == (400, ["customer.account"])


def test_a_bill_that_is_there_is_answered_with_and_made_once(shop: Shop) -> None:
    first = shop.bill()
    assert shop.bill(comment="another")["invoiceUid"] == first["invoiceUid"]
    shop.later(hours=2)
    assert shop.bill()["status"]["value"] == "EXPIRED"
    assert "Срок счёта истёк" in shop.pay(first).text
    assert shop.money() == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"pan": "4111111111111111"}, "только тестовые карты"),
        ({"expiry": "1330"}, "срок действия"),
        ({"cvc": "12"}, "три цифры"),
    ],
)
def test_a_card_entered_wrongly_is_said_in_russian(shop: Shop, form: dict[str, str], words: str) -> None:
    entered = {"do": "pay", "pan": "2200000000000004", "expiry": "12/30", "cvc": "123"} | form
    assert words in shop.visit(str(shop.bill()["payUrl"]), **entered).text


def test_a_refused_card_leaves_the_bill_open_for_another(shop: Shop) -> None:
    bill = shop.bill()
    assert "Платёж отклонён" in shop.pay(bill, expiry="02/30").text
    details = shop.payin("GET", "bills/B-1/details")[1]
    assert details["status"]["value"] == "CREATED"
    assert details["payments"][0]["status"]["reason"] == "ACQUIRING_INSUFFICIENT_FUNDS"
    shop.pay(bill)
    assert shop.payin("GET", "bills/B-1/details")[1]["status"]["value"] == "PAID"
    assert shop.money() == [10_050]


@pytest.mark.parametrize(("button", "status"), [("confirm", "PAID"), ("refuse", "CREATED")])
def test_3d_secure_is_asked_for_by_its_code(shop: Shop, button: str, status: str) -> None:
    bill = shop.bill()
    assert "Подтвердить" in shop.pay(bill, cvc="849").text
    shop.visit(str(bill["payUrl"]), do=button)
    assert shop.payin("GET", "bills/B-1/details")[1]["status"]["value"] == status


@pytest.mark.parametrize(("expiry", "status"), [("03/30", "PAID"), ("04/30", "CREATED")])
def test_slow_cards_end_after_three_seconds(shop: Shop, expiry: str, status: str) -> None:
    assert "В обработке" in shop.pay(shop.bill(), expiry=expiry).text
    shop.later(seconds=4)
    assert shop.payin("GET", "bills/B-1/details")[1]["status"]["value"] == status


def test_what_a_card_does_can_be_planned(shop: Shop) -> None:
    shop.plan("page", {"end": "declined", "code": "DECLINED_BY_FRAUD"}, {"end": "nothing"}, {"extra": 1})
    bill = shop.bill()
    assert "DECLINED_BY_FRAUD" in shop.pay(bill).text
    assert "Не удалось провести платёж" in shop.pay(bill).text
    shop.pay(bill)
    assert shop.money() == [10_051]


def test_a_payment_is_told_with_its_signature_and_its_token(shop: Shop) -> None:
    shop.pay(shop.bill())
    [body] = shop.notices()
    payment = body["payment"]
    assert (body["type"], payment["billId"], payment["status"]["value"]) == ("PAYMENT", "B-1", "SUCCESS")
    assert payment["tokenData"]["paymentToken"] == shop.bank.cards[-1].token
    signed = f"{payment['paymentId']}|{payment['createdDateTime']}|{payment['amount']['value']}"
    expected = hmac.new(NOTICE_KEY.encode(), signed.encode(), hashlib.sha256)
    assert shop.heard[0].headers["Signature"] == expected.hexdigest()


def test_a_signature_may_be_of_two_decimals_and_in_base64(shop: Shop) -> None:
    shop.set(signed_sum="two_decimals", signature="base64")
    shop.charge()
    payment = shop.notices()[0]["payment"]
    signed = f"P-1|{payment['createdDateTime']}|2000.00"
    expected = hmac.new(NOTICE_KEY.encode(), signed.encode(), hashlib.sha256).digest()
    assert shop.heard[0].headers["Signature"] == base64.b64encode(expected).decode()


@pytest.mark.parametrize(("place", "answered", "told"), [("answer", True, False), ("notice", False, True)])
def test_a_token_is_told_where_it_is_set(shop: Shop, place: str, answered: bool, told: bool) -> None:
    shop.set(token_told_in=place)
    shop.pay(shop.bill())
    assert ("createdToken" in shop.payin("GET", "bills/B-1/details")[1]["payments"][0]) is answered
    assert ("tokenData" in shop.notices()[0]["payment"]) is told


def test_notices_come_in_every_manner_and_to_the_address_of_their_bill(shop: Shop) -> None:
    shop.bank.webhooks.clear()
    shop.bill("B-0", customFields={"invoice_callback_url": f"{shop.webhook}?own"})
    for number, manner in enumerate(("once", "twice", "never", "forged", "before")):
        shop.plan("page", {"notice": manner})
        shop.pay(shop.bill(f"B-{number}", customFields={"invoice_callback_url": shop.webhook}))
    numbers = [body["payment"]["billId"] for body in shop.notices()]
    assert numbers == ["B-0", "B-1", "B-1", "B-3", "B-3", "B-4"]
    good, bad = shop.heard[4].headers["Signature"], shop.heard[3].headers["Signature"]
    assert good != bad


def test_a_notice_is_repeated_until_it_is_taken(shop: Shop) -> None:
    shop.says = [500, 200]
    shop.charge()
    assert len(shop.notices()) == 2


def test_a_stale_notice_tells_of_the_try_before(shop: Shop) -> None:
    bill = shop.bill()
    shop.pay(bill, expiry="02/30")
    shop.plan("page", {"notice": "stale"})
    shop.pay(bill)
    assert [body["payment"]["status"]["value"] for body in shop.notices()] == ["DECLINE", "SUCCESS", "DECLINE"]


def test_a_refund_is_told_under_its_number(shop: Shop) -> None:
    shop.charge()
    shop.payin("PUT", "payments/P-1/refunds/R-1", {"amount": {"currency": "RUB", "value": "1.00"}})
    body = shop.notices()[-1]
    assert (body["type"], body["refund"]["refundId"], body["refund"]["status"]["value"]) == ("REFUND", "R-1", "SUCCESS")


def test_a_bill_alone_lives_from_put_to_refund(shop: Shop) -> None:
    status, bill = shop.old("PUT", "B-1", bill_body())
    assert (status, bill["siteId"], bill["status"]["value"]) == (200, BILL_SITE, "WAITING")
    shop.pay(bill)
    assert shop.old("GET", "B-1")[1]["status"]["value"] == "PAID"
    assert (
        shop.old("PUT", "B-1/refunds/R-1", {"amount": {"currency": "RUB", "value": "0.50"}})[1]["status"] == "PARTIAL"
    )
    assert shop.old("PUT", "B-1/refunds/R-2", {"amount": {"currency": "RUB", "value": "100"}})[1]["status"] == "FULL"
    assert shop.old("GET", "B-1/refunds/R-1")[0] == shop.old("GET", "B-1/refund/R-1")[0] == 200
    assert shop.old("GET", "B-1/refunds/R-3")[0] == 404
    assert shop.money() == [10_050, -50, -10_000]


def test_a_bill_is_told_with_the_signature_of_bills(shop: Shop) -> None:
    shop.pay(shop.old("PUT", "B-1", bill_body(amount={"currency": "RUB", "value": 1}))[1])
    shop.notices()
    [heard] = shop.heard
    bill: dict[str, Any] = heard.body["bill"]
    signed = f"RUB|1.00|B-1|{BILL_SITE}|PAID"
    assert heard.headers["X-Api-Signature-Sha256"] == hmac.new(BILL_KEY.encode(), signed.encode(), "sha256").hexdigest()
    assert bill["amount"]["value"] == 1


def test_only_an_unpaid_bill_is_rejected(shop: Shop) -> None:
    first, second = (shop.old("PUT", number, bill_body())[1] for number in ("B-1", "B-2"))
    assert shop.old("POST", "B-1/reject")[1]["status"]["value"] == "REJECTED"
    assert "Счёт отменён" in shop.pay(first).text
    shop.pay(second)
    assert shop.old("POST", "B-2/reject")[0] == 400
    assert shop.old("GET", "B-3")[1]["errorCode"] == "api.invoice.not.found"
    assert shop.money() == [10_050]


@pytest.mark.parametrize(
    "change", [{"expirationDateTime": ""}, {"expirationDateTime": "2026-01-31T16:00:00"}, {"amount": {"value": "1"}}]
)
def test_a_bill_without_its_moment_or_currency_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    assert shop.payin("PUT", "bills/B-1", bill_body(**change))[0] == 400
    assert shop.payin("GET", "bills/B-1/details")[0] == 404

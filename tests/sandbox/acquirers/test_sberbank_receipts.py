"""Sberbank's sandbox: baskets of each flavour, and the cash desk behind ECOM."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.acquirers.sberbank_shop import RETURN, Shop, open_shop

EMAIL = "client@example.com"
ITEM: dict[str, Any] = {
    "positionId": "1",
    "itemCode": "51",
    "name": "Абонемент",
    "quantity": {"value": 1},
    "itemPrice": 19_900,
    "itemAmount": 19_900,
    "paymentMethod": "full_payment",
    "paymentObject": "service",
    "tax": {"taxType": 6},
}
BUNDLE: dict[str, Any] = {
    "ffdVersion": "1.05",
    "receiptType": "sell",
    "company": {
        "email": "shop@example.com",
        "sno": "osn",
        "inn": "5027119066",
        "paymentAddress": "https://shop.example",
    },
    "payments": [{"type": 1, "sum": 19_900}],
    "total": 19_900,
    "cartItems": {"items": [ITEM]},
}


@pytest.fixture
def ecom() -> Iterator[Shop]:
    with open_shop("ecom") as opened:
        yield opened


@pytest.fixture
def rbs() -> Iterator[Shop]:
    with open_shop("rbs") as opened:
        yield opened


def changed(**item: Any) -> dict[str, Any]:
    """The basket with another item."""
    bundle = copy.deepcopy(BUNDLE)
    bundle["cartItems"]["items"][0] |= item
    return bundle


def register(shop: Shop, bundle: dict[str, Any], **more: Any) -> dict[str, Any]:
    wish = {"orderNumber": "A-1", "amount": 19_900, "returnUrl": RETURN, "email": EMAIL}
    return shop.ask("register.do", **(wish | {"orderBundle": bundle} | more))


def paid(shop: Shop) -> str:
    order_id, _ = shop.charge(orderBundle=BUNDLE, email=EMAIL)
    return order_id


def test_a_payment_with_a_basket_has_its_receipt(ecom: Shop) -> None:
    order_id = paid(ecom)
    answer = ecom.receipts("getReceiptStatus", orderId=order_id).json()
    (receipt,) = answer["receipts"]
    assert (answer["orderId"], answer["orderNumber"]) == (order_id, "A-1")
    assert (receipt["operationType"], receipt["receiptType"], receipt["receiptStatus"]) == ("AUTHORIZATION", "sell", 3)
    assert receipt["payload"]["total"] == 19_900


@pytest.mark.parametrize(("setting", "status"), [("pending", 1), ("failed", 4)])
def test_a_receipt_may_wait_or_fail(ecom: Shop, setting: str, status: int) -> None:
    ecom.bank.settings["receipts"] = setting
    (receipt,) = ecom.receipts("getReceiptStatus", orderId=paid(ecom)).json()["receipts"]
    assert receipt["receiptStatus"] == status
    assert ("error" in receipt) is (setting == "failed")


def test_a_refund_has_its_receipt_too(ecom: Shop) -> None:
    order_id = paid(ecom)
    back = BUNDLE | {"receiptType": "sell_refund"}
    assert ecom.ask("refund.do", orderId=order_id, amount=19_900, orderBundle=back)["errorCode"] == "0"
    receipts = ecom.receipts("getReceiptStatus", orderNumber="A-1").json()["receipts"]
    assert [one["operationType"] for one in receipts] == ["AUTHORIZATION", "REFUND"]
    one = ecom.receipts("getReceiptStatus", receiptId=receipts[1]["receiptId"]).json()["receipts"]
    assert [found["receiptType"] for found in one] == ["sell_refund"]


@pytest.mark.parametrize("named", [True, False])
def test_a_closing_receipt_is_made_afterwards(ecom: Shop, named: bool) -> None:
    ecom.bank.settings["receipt_id_told"] = named
    order_id = paid(ecom)
    closing = BUNDLE | {"payments": [{"type": 2, "sum": 19_900}]}
    answer = ecom.receipts("doReceipt", orderId=order_id, email=EMAIL, orderBundle=closing).json()
    assert (answer["orderId"], "receiptId" in answer) == (order_id, named)
    receipts = ecom.receipts("getReceiptStatus", orderId=order_id).json()["receipts"]
    assert len(receipts) == 2
    if named:
        assert answer["receiptId"] == receipts[1]["receiptId"]


def test_the_cash_desk_answers_with_statuses_of_http(ecom: Shop) -> None:
    assert ecom.receipts("getReceiptStatus", orderId="0" * 36).status_code == 404
    assert ecom.receipts("getReceiptStatus", orderId=ecom.register()).status_code == 404
    assert ecom.receipts("getReceiptStatus", orderId=1).status_code == 451
    assert ecom.receipts("doReceipt", orderId=paid_order(ecom), orderBundle=BUNDLE).status_code == 451
    assert ecom.receipts("retryReceipt", receiptIds=["1"]).json()["retryResult"][0]["receiptId"] == "1"


def paid_order(shop: Shop) -> str:
    order_id, _ = shop.charge("A-9")
    return order_id


@pytest.mark.parametrize(
    ("bundle", "code"),
    [
        ({}, "8"),
        ({"cartItems": {"items": []}}, "8"),
        (changed(itemAmount=19_901), "8"),
        (changed(itemPrice=1), "8"),
        (changed(tax={"taxType": "6"}), "8"),
        (changed(tax=None), "8"),
        (changed(name=""), "8"),
        (BUNDLE | {"total": 1}, "8"),
        (BUNDLE | {"payments": [{"type": 1, "sum": 1}]}, "8"),
        (BUNDLE | {"payments": [{"type": 9, "sum": 19_900}]}, "8"),
        (BUNDLE | {"company": {"email": "shop@example.com"}}, "8"),
        (BUNDLE | {"cartItems": {"items": [ITEM, ITEM]}}, "8"),
        (BUNDLE | {"ffdVersion": 1.05}, "5"),
        (BUNDLE | {"receiptType": "buy"}, "5"),
        (BUNDLE | {"surprise": 1}, "5"),
        (changed(surprise=1), "5"),
        (changed(paymentObject="4"), "5"),
        (changed(paymentMethod="later"), "5"),
        (changed(name="Абонемент\n"), "5"),
    ],
    ids=str,
)
def test_ecom_holds_a_basket_to_54_fz(ecom: Shop, bundle: dict[str, Any], code: str) -> None:
    assert register(ecom, bundle)["errorCode"] == code
    assert ecom.bank.orders == []


def test_the_newer_format_numbers_its_objects_and_measures(ecom: Shop) -> None:
    newer = changed(paymentObject="4", quantity={"value": 1, "measure": "0"}) | {"ffdVersion": "1.2"}
    assert register(ecom, newer)["errorCode"] == "0"
    assert register(ecom, BUNDLE | {"ffdVersion": "1.2"}, orderNumber="A-2")["errorCode"] == "5"


def test_a_receipt_needs_somebody_to_get_it(ecom: Shop) -> None:
    wish = {"orderNumber": "A-1", "amount": 19_900, "returnUrl": RETURN, "orderBundle": BUNDLE}
    assert ecom.ask("register.do", **wish)["errorCode"] == "4"
    assert ecom.ask("register.do", **wish, phone="+79998887700")["errorCode"] == "0"


def test_rates_beyond_the_documented_ones_may_be_refused(ecom: Shop) -> None:
    assert register(ecom, changed(tax={"taxType": 12}))["errorCode"] == "0"
    ecom.bank.settings["tax_types"] = "documented"
    assert register(ecom, changed(tax={"taxType": 12}), orderNumber="A-2")["errorCode"] == "8"


def test_rbs_takes_a_basket_that_adds_up_and_has_no_cash_desk_to_ask(rbs: Shop) -> None:
    items = [{**ITEM, "quantity": {"value": 1, "measure": "шт"}, "itemAttributes": {"attributes": []}}]
    assert "orderId" in register(rbs, {"cartItems": {"items": items}})
    wrong = register(rbs, {"cartItems": {"items": [items[0] | {"itemAmount": 1}]}}, orderNumber="A-2")
    assert wrong["errorCode"] == "8"
    assert rbs.receipts("getReceiptStatus", orderNumber="A-1").status_code == 451

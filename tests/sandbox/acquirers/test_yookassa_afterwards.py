"""What follows a payment at the sandbox's YooKassa: holds, refunds, receipts and the registers of a day."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.acquirers.yookassa_store import RECEIPT, Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def money(value: str) -> dict[str, str]:
    return {"value": value, "currency": "RUB"}


def back(payment: dict[str, Any], value: str = "2.00", **more: Any) -> dict[str, Any]:
    return {"payment_id": payment["id"], "amount": money(value), **more}


def closing(payment: dict[str, Any], **more: Any) -> dict[str, Any]:
    settled = [{"type": "prepayment", "amount": money("2.00")}]
    return {**RECEIPT, "type": "payment", "payment_id": payment["id"], "send": True, "settlements": settled, **more}


def test_money_is_held_until_the_shop_takes_a_part_of_it(store: Store) -> None:
    payment = store.charge(capture=False)
    assert (payment["status"], payment["paid"], payment["refundable"]) == ("waiting_for_capture", True, False)
    assert payment["expires_at"] == "2026-02-07T12:00:00.000Z"
    assert store.money() == []
    assert store.refused(f"payments/{payment['id']}/capture", {"amount": money("2.01")}) == (
        "invalid_request",
        "amount",
    )
    taken = store.post(f"payments/{payment['id']}/capture", {"amount": money("1.50")})
    assert (taken["status"], taken["amount"]) == ("succeeded", money("1.50"))
    assert store.money() == [150]


def test_a_hold_is_taken_whole_without_a_body(store: Store) -> None:
    payment = store.charge(capture=False)
    assert store.post(f"payments/{payment['id']}/capture")["amount"] == money("2.00")


def test_a_hold_is_let_go(store: Store) -> None:
    payment = store.charge(capture=False)
    cancelled = store.post(f"payments/{payment['id']}/cancel")
    assert cancelled["cancellation_details"] == {"party": "merchant", "reason": "canceled_by_merchant"}
    assert store.money() == []


def test_a_hold_ends_by_itself(store: Store) -> None:
    payment = store.charge(capture=False)
    store.forward(days=7)
    found = store.get(f"payments/{payment['id']}")
    assert found["cancellation_details"] == {"party": "yoo_money", "reason": "expired_on_capture"}


def test_only_a_hold_is_taken_or_let_go(store: Store) -> None:
    for payment in (store.charge(), store.page()):
        for verb in ("capture", "cancel"):
            assert store.refused(f"payments/{payment['id']}/{verb}", {}) == ("invalid_request", "payment_id")


def test_money_goes_back_in_parts_and_never_more_than_came(store: Store) -> None:
    payment = store.charge()
    first = store.post("refunds", back(payment, "0.50", description="A-1-R1", metadata={"refund": "A-1-R1"}))
    assert (first["status"], first["amount"], first["payment_id"]) == ("succeeded", money("0.50"), payment["id"])
    assert (first["description"], first["metadata"]) == ("A-1-R1", {"refund": "A-1-R1"})
    assert store.get(f"payments/{payment['id']}")["refunded_amount"] == money("0.50")
    assert store.refused("refunds", back(payment, "1.51")) == ("invalid_request", "amount")
    second = store.post("refunds", back(payment, "1.50"))
    assert store.get(f"payments/{payment['id']}")["refundable"] is False
    assert store.get(f"refunds/{first['id']}") == first
    listed = store.get("refunds", payment_id=payment["id"])["items"]
    assert [one["id"] for one in listed] == [second["id"], first["id"]]
    assert store.get("refunds", payment_id="another")["items"] == []
    assert store.money() == [200, -50, -150]


def test_refunds_may_come_without_the_labels_of_their_shop(store: Store) -> None:
    store.bank.settings["refund_metadata"] = False
    assert "metadata" not in store.post("refunds", back(store.charge(), metadata={"refund": "A-1-R1"}))


@pytest.mark.parametrize(
    ("turn", "status", "reason", "left"),
    [
        ({"end": "pending_paid"}, "succeeded", None, []),
        ({"end": "pending_declined"}, "canceled", "general_decline", [200]),
        ({"end": "pending_declined", "code": "rejected_by_payee"}, "canceled", "rejected_by_payee", [200]),
    ],
)
def test_a_refund_may_take_its_time(
    store: Store, turn: dict[str, Any], status: str, reason: str | None, left: list[int]
) -> None:
    payment = store.charge()
    store.plan("refund", turn)
    refund = store.post("refunds", back(payment))
    assert refund["status"] == "pending"
    assert store.refused("refunds", back(payment, "0.01")) == ("invalid_request", "amount")
    store.forward(minutes=1)
    found = store.get(f"refunds/{refund['id']}")
    assert found["status"] == status
    assert found.get("cancellation_details", {}).get("reason") == reason
    assert store.money() == (left or [200, -200])


def test_a_refund_is_cancelled_with_a_reason(store: Store) -> None:
    payment = store.charge()
    store.plan("refund", {"end": "declined"}, {"end": "nothing", "code": "forbidden"})
    refund = store.post("refunds", back(payment))
    assert refund["cancellation_details"] == {"party": "yoo_money", "reason": "insufficient_funds"}
    assert store.refused("refunds", back(payment), 403)[0] == "forbidden"
    assert store.post("refunds", back(payment))["status"] == "succeeded"


def test_only_money_that_came_goes_back(store: Store) -> None:
    for payment in (store.page(), store.charge(capture=False)):
        assert store.refused("refunds", back(payment)) == ("invalid_request", "payment_id")


def test_receipts_follow_their_payment_and_their_refund(store: Store) -> None:
    payment = store.charge(receipt=RECEIPT)
    refund = store.post("refunds", back(payment, receipt=RECEIPT))
    assert refund["receipt_registration"] == "succeeded"
    given, first = store.get("receipts", payment_id=payment["id"])["items"]
    assert (first["type"], first["status"], first["payment_id"]) == ("payment", "succeeded", payment["id"])
    assert first["settlements"] == [{"type": "cashless", "amount": money("2.00")}]
    assert first["fiscal_document_number"]
    assert (given["type"], given["refund_id"]) == ("refund", refund["id"])
    assert store.get("receipts", refund_id=refund["id"])["items"] == [given]


def test_a_receipt_of_a_refund_may_name_the_refund_alone(store: Store) -> None:
    store.bank.settings["refund_receipt_names_payment"] = False
    payment = store.charge(receipt=RECEIPT)
    store.post("refunds", back(payment, receipt=RECEIPT))
    assert [one["type"] for one in store.get("receipts", payment_id=payment["id"])["items"]] == ["payment"]


def test_a_closing_receipt_is_an_object_of_its_own(store: Store) -> None:
    payment = store.charge()
    assert "receipt_registration" not in payment
    receipt = store.post("receipts", closing(payment))
    assert (receipt["type"], receipt["settlements"][0]["type"]) == ("payment", "prepayment")
    assert receipt["id"].startswith("rt-")
    assert len(receipt["id"]) == 39
    assert store.get(f"receipts/{receipt['id']}") == receipt
    assert store.get("receipts", payment_id=payment["id"])["items"] == [receipt]


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"type": None}, "type"),
        ({"payment_id": "another"}, "payment_id"),
        ({"send": False}, "send"),
        ({"customer": {}}, "customer"),
        ({"settlements": []}, "settlements"),
        ({"settlements": [{"type": "barter", "amount": money("2.00")}]}, "settlements[0].type"),
        ({"settlements": [{"type": "prepayment", "amount": money("1.00")}]}, "settlements"),
    ],
)
def test_a_wrong_closing_receipt_names_its_field(store: Store, change: dict[str, Any], parameter: str) -> None:
    assert store.refused("receipts", closing(store.charge()) | change) == ("invalid_request", parameter)


def test_a_cash_desk_may_be_slow_and_may_fail(store: Store) -> None:
    store.bank.settings["receipts"] = "pending"
    payment = store.charge(receipt=RECEIPT)
    assert payment["receipt_registration"] == "pending"
    (receipt,) = store.get("receipts", payment_id=payment["id"], status="pending")["items"]
    assert "fiscal_document_number" not in receipt
    store.bank.settings["receipts"] = "canceled"
    assert store.get(f"receipts/{receipt['id']}")["status"] == "canceled"
    assert store.get(f"payments/{payment['id']}")["receipt_registration"] == "canceled"


def test_a_shop_that_sends_receipts_sends_one_with_every_payment(store: Store) -> None:
    store.bank.settings |= {"receipt_required": True, "measure_required": True, "vat_22": False}
    body = {"payment_method_id": "2c000000-000f-5000-9000-000000000001", "amount": money("2.00"), "capture": True}
    assert store.refused("payments", body) == ("invalid_request", "receipt")
    assert store.refused("payments", body | {"receipt": RECEIPT}) == ("invalid_request", "receipt.items[0].vat_code")
    old = {**RECEIPT, "items": [RECEIPT["items"][0] | {"vat_code": 6}]}
    assert store.refused("payments", body | {"receipt": old}) == ("invalid_request", "receipt.items[0].measure")
    measured = {**old, "items": [old["items"][0] | {"measure": "piece"}]}
    assert store.post("payments", body | {"receipt": measured})["status"] == "succeeded"


def file(store: Store, name: str) -> requests.Response:
    return requests.get(f"{store.url}/acquirers/yookassa/cabinet/{name}", timeout=10)


def test_the_registers_of_a_day_are_files_of_the_cabinet(store: Store) -> None:
    store.forward(hours=8, minutes=59)  # 23:59 in Moscow
    payment = store.charge(value="25000.00", description="Заказ; №72")
    store.forward(minutes=1)
    later = store.charge(value="8.50")
    refund = store.post("refunds", back(payment, "5000.00"))
    page = file(store, store.shop).text
    assert "payments-2026-01-31.csv" in page
    assert "refunds-2026-02-01.csv" in page
    assert file(store, f"{store.shop}/payments-2026-01-31.csv").content.decode().splitlines() == [
        f"РЕЕСТР ПЛАТЕЖЕЙ ПО ДОГОВОРУ НЭК.{store.shop}.01 ({store.shop})",
        "Дата платежей: 2026-01-31",
        "Идентификатор платежа;Сумма платежа;Валюта платежа;Сумма за вычетом комиссии и НДС;Сумма комиссии без НДС;"
        "Время платежа;Описание;НДС с комиссии",
        f'{payment["id"]};25000.00;RUB;24115.50;725.00;31.01.2026 23:59:00;"Заказ; №72";159.50',
        "",
        "Сумма принятых платежей: 25000.00 RUB",
        "Число платежей: 1",
    ]
    assert later["id"] in file(store, f"{store.shop}/payments-2026-02-01.csv").text
    assert f"{refund['id']};{payment['id']};5000.00;RUB;01.02.2026 00:00:00" in (
        file(store, f"{store.shop}/refunds-2026-02-01.csv").content.decode()
    )


def test_registers_may_be_english_and_of_the_old_encoding(store: Store) -> None:
    store.bank.settings |= {"register_language": "en", "register_encoding": "cp1251"}
    store.charge()
    assert b"Payment ID;Payment amount" in file(store, f"{store.shop}/payments-2026-01-31.csv").content


@pytest.mark.parametrize("name", ["999", "100500/payments-2026-02-31.csv", "100500/fees-2026-01-31.csv"])
def test_what_the_cabinet_does_not_have_is_not_found(store: Store, name: str) -> None:
    assert file(store, name).status_code == 404

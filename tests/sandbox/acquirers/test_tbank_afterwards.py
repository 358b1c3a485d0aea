"""What follows a payment at the sandbox's T-Bank: cancels, refunds, receipts, saved cards and the day's register."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.acquirers.tbank_shop import (
    CUSTOMER,
    RECEIPT,
    TERMINAL,
    TWO_STAGE_TERMINAL,
    Shop,
    open_shop,
    press,
)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def by_sbp(shop: Shop) -> str:
    payment = shop.new()
    press(shop.ask("GetQr", PaymentId=payment)["Data"], do="pay")
    return payment


def changed(**item: Any) -> dict[str, Any]:
    """The receipt with its one item changed."""
    return RECEIPT | {"Items": [RECEIPT["Items"][0] | item]}


def test_an_unpaid_payment_is_called_off(shop: Shop) -> None:
    answer = shop.init()
    payment = answer["PaymentId"]
    assert shop.ask("Cancel", PaymentId=payment)["Status"] == "CANCELED"
    assert shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())["Success"] is False
    assert "отменён" in shop.pay(answer["PaymentURL"]).text
    assert shop.money() == []
    assert shop.ask("Cancel", PaymentId=payment)["ErrorCode"] == "4"


def test_a_payment_is_given_back_in_parts_and_never_above_its_sum(shop: Shop) -> None:
    payment = shop.charged()
    first = shop.ask("Cancel", PaymentId=payment, Amount=3_000)
    assert (first["Status"], first["OriginalAmount"], first["NewAmount"]) == ("PARTIAL_REFUNDED", 10_000, 7_000)
    assert shop.ask("Cancel", PaymentId=payment, Amount=7_001)["ErrorCode"] == "330"
    rest = shop.ask("Cancel", PaymentId=payment)
    assert (rest["Status"], rest["OriginalAmount"], rest["NewAmount"]) == ("REFUNDED", 7_000, 0)
    assert shop.ask("Cancel", PaymentId=payment)["ErrorCode"] == "4"
    assert shop.money() == [10_000, -3_000, -7_000]


@pytest.mark.parametrize(("setting", "kind"), [("number", int), ("text", str)])
def test_the_number_of_a_cancelled_payment_drifts_in_type(shop: Shop, setting: str, kind: type) -> None:
    shop.settings(cancel_payment_id=setting)
    payment = shop.charged()
    answer = shop.ask("Cancel", PaymentId=payment)
    assert isinstance(answer["PaymentId"], kind)
    assert str(answer["PaymentId"]) == payment


@pytest.mark.parametrize(("setting", "shown"), [("original", 10_000), ("remaining", 7_000)])
def test_a_sum_after_a_refund_is_the_first_or_what_is_left(shop: Shop, setting: str, shown: int) -> None:
    shop.settings(amount_after_refund=setting)
    payment = shop.charged()
    shop.ask("Cancel", PaymentId=payment, Amount=3_000)
    assert shop.ask("GetState", PaymentId=payment)["Amount"] == shown


def test_a_refund_with_a_number_of_its_own_is_done_once(shop: Shop) -> None:
    payment = shop.charged()
    first, again = (shop.ask("Cancel", PaymentId=payment, Amount=3_000, ExternalRequestId="R-1") for _ in range(2))
    assert (first["ExternalRequestId"], again["ExternalRequestId"]) == ("R-1", "R-1")
    assert again["Status"] == "PARTIAL_REFUNDED"
    other = shop.ask("Cancel", PaymentId=payment, Amount=3_000, ExternalRequestId="R-2")
    assert other["NewAmount"] == 4_000
    assert shop.money() == [10_000, -3_000, -3_000]


def test_a_refund_with_a_number_that_was_refused_may_be_asked_for_again(shop: Shop) -> None:
    payment = shop.charged()
    shop.plan("refund", end="declined")
    assert shop.ask("Cancel", PaymentId=payment, ExternalRequestId="R-1")["ErrorCode"] == "3002"
    assert shop.ask("Cancel", PaymentId=payment, ExternalRequestId="R-1")["Status"] == "REFUNDED"
    assert shop.money() == [10_000, -10_000]


def test_sbp_knows_no_numbers_of_refunds(shop: Shop) -> None:
    shop.settings(sbp_refund="at_once")
    payment = by_sbp(shop)
    for _ in range(2):
        shop.ask("Cancel", PaymentId=payment, Amount=3_000, ExternalRequestId="R-1")
    assert shop.money() == [10_000, -3_000, -3_000]


def test_a_refund_by_sbp_takes_its_time(shop: Shop) -> None:
    payment = by_sbp(shop)
    assert shop.ask("Cancel", PaymentId=payment)["Status"] == "ASYNC_REFUNDING"
    assert shop.ask("Cancel", PaymentId=payment)["Success"] is False
    assert shop.money() == [10_000]
    shop.forward(seconds=61)
    assert shop.ask("GetQrState", PaymentId=payment)["Status"] == "REFUNDED"
    assert shop.money() == [10_000, -10_000]


def test_a_refund_that_the_payers_bank_refuses_leaves_the_payment_and_its_reason(shop: Shop) -> None:
    payment = by_sbp(shop)
    shop.plan("refund", end="pending_declined", code="3028")
    shop.ask("Cancel", PaymentId=payment)
    shop.forward(seconds=61)
    state = shop.ask("GetQrState", PaymentId=payment)
    assert (state["Status"], state["QrCancelCode"]) == ("CONFIRMED", "3028")
    assert shop.money() == [10_000]


@pytest.mark.parametrize(("answer", "moved"), [("cut_before", 0), ("busy", 0), ("cut_after", 1), ("error_500", 1)])
def test_a_refund_whose_answer_is_lost_is_seen_by_the_payments_state(shop: Shop, answer: str, moved: int) -> None:
    payment = shop.charged()
    shop.plan("refund", answer=answer)
    with pytest.raises((requests.ConnectionError, requests.JSONDecodeError)):
        shop.post("Cancel", {"TerminalKey": TERMINAL, "PaymentId": payment}).json()
    assert shop.status(payment) == ("REFUNDED" if moved else "CONFIRMED")
    assert len(shop.money()) == 1 + moved


def test_money_that_is_held_is_let_go_in_parts(shop: Shop) -> None:
    shop.terminal = TWO_STAGE_TERMINAL
    answer = shop.init()
    shop.pay(answer["PaymentURL"])
    part = shop.ask("Cancel", PaymentId=answer["PaymentId"], Amount=4_000)
    assert (part["Status"], part["NewAmount"]) == ("PARTIAL_REVERSED", 6_000)
    assert shop.ask("Cancel", PaymentId=answer["PaymentId"])["Status"] == "REVERSED"
    assert shop.money() == []


def test_a_turn_of_void_is_not_used_up_by_a_refund(shop: Shop) -> None:
    shop.plan("void", end="nothing")
    assert shop.ask("Cancel", PaymentId=shop.charged())["Status"] == "REFUNDED"
    assert shop.ask("Cancel", PaymentId=shop.new())["ErrorCode"] == "9999"


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        (RECEIPT, "0"),
        ({"Phone": "+79031234567"} | {k: v for k, v in RECEIPT.items() if k != "Email"}, "0"),
        ({k: v for k, v in RECEIPT.items() if k != "Email"}, "329"),
        (RECEIPT | {"Taxation": "unknown"}, "1"),
        (RECEIPT | {"Items": []}, "1"),
        (RECEIPT | {"Items": [{**RECEIPT["Items"][0]}] * 101}, "1"),
        (changed(Amount=3_751), "1"),
        (changed(Price=1_000, Amount=2_500), "334"),
        (changed(Quantity=2.5001), "310"),
        (changed(Quantity=0), "310"),
        (changed(Tax="vat18"), "1"),
        (changed(Name="x" * 129), "1"),
        (changed(PaymentMethod="later"), "1"),
        (changed(PaymentObject="thing"), "1"),
        (RECEIPT | {"Payments": {"Electronic": 3_750}}, "0"),
        (RECEIPT | {"Payments": {"Electronic": 3_000}}, "308"),
        (RECEIPT | {"Payments": {"Electronic": 3_000, "AdvancePayment": 750}}, "323"),
        (RECEIPT | {"FfdVersion": "1.2"}, "201"),
        (changed(MeasurementUnit="шт") | {"FfdVersion": "1.2"}, "0"),
    ],
)
def test_a_receipt_has_to_add_up_and_to_name_what_54_fz_wants(shop: Shop, receipt: dict[str, Any], code: str) -> None:
    assert shop.init(3_750, Receipt=receipt)["ErrorCode"] == code


def test_a_shop_with_a_till_has_to_send_receipts(shop: Shop) -> None:
    shop.settings(receipt_required=True)
    assert shop.init()["ErrorCode"] == "309"


@pytest.mark.parametrize(("known", "code"), [(True, "0"), (False, "1")])
def test_vat_of_2026_is_known_or_not(shop: Shop, known: bool, code: str) -> None:
    shop.settings(vat_22=known)
    assert shop.init(3_750, Receipt=RECEIPT)["ErrorCode"] == code


def test_a_refund_in_part_of_a_payment_with_a_receipt_names_its_items(shop: Shop) -> None:
    payment = shop.charged(3_750, Receipt=RECEIPT)
    part = changed(Quantity=1, Amount=1_500)
    assert shop.ask("Cancel", PaymentId=payment, Amount=1_500)["ErrorCode"] == "309"
    assert shop.ask("Cancel", PaymentId=payment, Amount=1_500, Receipt=part)["Status"] == "PARTIAL_REFUNDED"
    kinds = [one["kind"] for one in shop.bank.orders[-1].facts["receipts"]]
    assert kinds == ["payment", "refund"]


def test_a_closing_receipt_follows_a_prepayment(shop: Shop) -> None:
    payment = shop.charged(3_750, Receipt=RECEIPT)
    closing = changed(PaymentMethod="full_payment", PaymentObject="service")
    closing["Payments"] = {"Electronic": 0, "AdvancePayment": 3_750}
    answer = shop.ask("cashbox/SendClosingReceipt", PaymentId=payment, Receipt=closing)
    assert (answer["Success"], answer["ErrorCode"]) == (True, "0")
    assert shop.money() == [3_750]
    assert [one["kind"] for one in shop.bank.orders[-1].facts["receipts"]] == ["payment", "closing"]


def test_there_is_nothing_to_close_without_a_prepayment(shop: Shop) -> None:
    plain = shop.charged()
    assert shop.ask("cashbox/SendClosingReceipt", PaymentId=plain, Receipt=RECEIPT)["ErrorCode"] == "309"
    unpaid = shop.new(3_750, Receipt=RECEIPT)
    assert shop.ask("cashbox/SendClosingReceipt", PaymentId=unpaid, Receipt=RECEIPT)["ErrorCode"] == "8"


def test_a_card_list_is_a_bare_array_and_keeps_removed_cards(shop: Shop) -> None:
    cards = shop.ask("GetCardList", CustomerKey=CUSTOMER)
    assert isinstance(cards, list)
    assert {card["Status"] for card in cards} == {"A"}
    gone = shop.ask("RemoveCard", CustomerKey=CUSTOMER, CardId=cards[0]["CardId"])
    assert (gone["Success"], gone["Status"], gone["CardId"]) == (True, "D", cards[0]["CardId"])
    left = {card["CardId"]: card["Status"] for card in shop.ask("GetCardList", CustomerKey=CUSTOMER)}
    assert left[cards[0]["CardId"]] == "D"
    assert len(left) == len(cards)


def test_a_removed_card_is_not_charged_any_more(shop: Shop) -> None:
    card = shop.ask("GetCardList", CustomerKey=CUSTOMER)[0]
    shop.ask("RemoveCard", CustomerKey=CUSTOMER, CardId=card["CardId"])
    assert shop.ask("Charge", PaymentId=shop.new(), RebillId=card["RebillId"])["Success"] is False
    assert shop.money() == []


@pytest.mark.parametrize(("setting", "code"), [("refused", "107"), ("done", "0")])
def test_a_card_removed_twice_is_refused_or_done_again(shop: Shop, setting: str, code: str) -> None:
    shop.settings(removed_card_again=setting)
    card = shop.ask("GetCardList", CustomerKey=CUSTOMER)[0]
    answers = [shop.ask("RemoveCard", CustomerKey=CUSTOMER, CardId=card["CardId"]) for _ in range(2)]
    assert [one["ErrorCode"] for one in answers] == ["0", code]


def test_a_customer_or_card_nobody_knows_is_told_by_an_error(shop: Shop) -> None:
    assert shop.ask("GetCardList", CustomerKey="nobody")["ErrorCode"] == "7"
    assert shop.ask("RemoveCard", CustomerKey="nobody", CardId="1")["ErrorCode"] == "7"
    assert shop.ask("RemoveCard", CustomerKey=CUSTOMER, CardId="1")["ErrorCode"] == "107"


def test_a_customer_is_added_told_and_removed(shop: Shop) -> None:
    assert shop.ask("AddCustomer", CustomerKey="new", Email="new@example.com")["Success"]
    assert shop.ask("GetCustomer", CustomerKey="new")["Email"] == "new@example.com"
    assert shop.ask("GetCardList", CustomerKey="new") == []
    assert shop.ask("RemoveCustomer", CustomerKey="new")["Success"]
    assert shop.ask("GetCustomer", CustomerKey="new")["ErrorCode"] == "7"


def register(shop: Shop, name: str) -> requests.Response:
    return requests.get(f"{shop.url}/acquirers/tbank/register/{name}", timeout=10)


def test_the_register_of_a_moscow_day_has_21_fields_a_line_in_the_banks_encoding(shop: Shop) -> None:
    payment = shop.charged(1_000_050, OrderId="A-1", Description="Взнос")
    shop.ask("Cancel", PaymentId=payment, Amount=50)
    shop.forward(hours=9)  # midnight in Moscow
    shop.charged()
    content = register(shop, f"{TERMINAL}/2026-01-31.csv").content
    paid, back = (line.split(";") for line in content.decode("cp1251").splitlines())
    assert content.endswith(b"\r\n")
    assert (len(paid), len(back)) == (21, 21)
    assert paid[1:7] == ["2200 77** **** 7761", "Mir", "A-1", "31.01.2026", "15:00:00", "MSK"]
    assert paid[11:15] == ["10000.50", "200.01", "9800.49", "Debit"]
    assert (paid[16], paid[20]) == (payment, "Взнос")
    assert (back[11], back[14], back[16]) == ("0.50", "Credit", payment)


def test_a_fee_for_receipts_is_one_field_more(shop: Shop) -> None:
    shop.settings(register_receipt_fee=True)
    shop.charged(3_750, Receipt=RECEIPT)
    [line] = register(shop, f"{TERMINAL}/2026-01-31.csv").content.decode("cp1251").splitlines()
    assert line.split(";")[11:16] == ["37.50", "0.75", "1.50", "35.25", "Debit"]


def test_a_day_without_operations_is_an_empty_register_and_a_name_that_is_no_day_is_not_found(shop: Shop) -> None:
    assert register(shop, f"{TERMINAL}/2025-01-31.csv").content == b""
    assert register(shop, f"{TERMINAL}/today.csv").status_code == 404

"""T-Bank of the sandbox: signatures, orders, statuses and the checks of fields."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.acquirers.tbank_shop import LOAN_TERMINAL, PASSWORD, TERMINAL, Shop, open_shop, press


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


# The example of the bank's own description, its signature included.
EXAMPLE = {
    "TerminalKey": "MerchantTerminalKey",
    "Amount": 19200,
    "OrderId": "21090",
    "Description": "Подарочная карта на 1000 рублей",
    "DATA": {"Phone": "+71234567890", "Email": "a@test.com"},
    "Token": "0024a00af7c350a3a67ca168ce06502aa72772456662e38696d48b56ee9c97d9",
}


def test_the_documented_example_of_a_signature_is_let_in(shop: Shop) -> None:
    shop.bank.shops["MerchantTerminalKey"] = {"password": "usaf8fw8fsw21g"}
    answer = requests.post(f"{shop.url}/acquirers/tbank/v2/Init", json=EXAMPLE, timeout=10).json()
    assert (answer["Success"], answer["Status"], answer["OrderId"], answer["Amount"]) == (True, "NEW", "21090", 19200)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Amount": 19201}, "204"),
        ({"Token": ""}, "204"),
        ({"Token": None}, "204"),
        ({"TerminalKey": "Another"}, "205"),
        ({"TerminalKey": None}, "2"),
    ],
)
def test_a_request_that_is_not_signed_as_it_stands_is_refused_with_http_200(
    shop: Shop, change: dict[str, Any], code: str
) -> None:
    shop.bank.shops["MerchantTerminalKey"] = {"password": "usaf8fw8fsw21g"}
    answer = requests.post(f"{shop.url}/acquirers/tbank/v2/Init", json=EXAMPLE | change, timeout=10)
    assert answer.status_code == 200
    assert (answer.json()["Success"], answer.json()["ErrorCode"]) == (False, code)
    assert shop.bank.orders == []


def test_booleans_are_signed_as_words_and_objects_are_not_signed(shop: Shop) -> None:
    payment = shop.new()
    body = {"TerminalKey": TERMINAL, "PaymentId": payment, "IsRejected": True, "DATA": {"left": "out"}}
    text = f"true{PASSWORD}{payment}{TERMINAL}"
    signed = body | {"Token": hashlib.sha256(text.encode()).hexdigest()}
    answer = requests.post(f"{shop.url}/acquirers/tbank/v2/SbpPayTest", json=signed, timeout=10).json()
    assert answer["ErrorCode"] == "8"  # signed well: refused for want of a QR only


def test_only_a_json_object_is_read_and_names_are_case_sensitive(shop: Shop) -> None:
    url = f"{shop.url}/acquirers/tbank/v2/Init"
    assert requests.post(url, data={"TerminalKey": TERMINAL}, timeout=10).json()["ErrorCode"] == "1"
    assert requests.post(url, json=["TerminalKey"], timeout=10).json()["ErrorCode"] == "1"
    assert shop.ask("Init", amount=10_000, OrderId="1")["ErrorCode"] == "2"
    assert requests.get(url, timeout=10).status_code == 405
    assert requests.post(f"{shop.url}/acquirers/tbank/v2/Unknown", json={}, timeout=10).status_code == 404


def test_a_new_payment_has_a_number_of_its_own_and_a_page(shop: Shop) -> None:
    answer = shop.init(10_000, OrderId="A-1", Description="Платёж 1 из 4")
    assert answer["Success"] is True
    assert (answer["ErrorCode"], answer["Status"], answer["OrderId"]) == ("0", "NEW", "A-1")
    assert answer["PaymentId"].isdecimal()
    assert "Платёж 1 из 4" in press(answer["PaymentURL"]).text
    assert shop.money() == []


def test_an_order_number_used_twice_makes_two_payments(shop: Shop) -> None:
    first, second = (shop.new(OrderId="A-1") for _ in range(2))
    assert first != second
    found = shop.ask("CheckOrder", OrderId="A-1")
    assert [one["PaymentId"] for one in found["Payments"]] == [first, second]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Amount": "10000"}, "247"),
        ({"Amount": 100.5}, "247"),
        ({"Amount": True}, "247"),
        ({"Amount": 0}, "251"),
        ({"Amount": None}, "2"),
        ({"OrderId": "x" * 37}, "212"),
        ({"OrderId": ""}, "201"),
        ({"OrderId": 17}, "1"),
        ({"Description": "x" * 141}, "213"),
        ({"CustomerKey": "x" * 37}, "216"),
        ({"Recurrent": "Y"}, "2"),
        ({"PayType": "X"}, "1"),
        ({"RedirectDueDate": "tomorrow"}, "12"),
        ({"RedirectDueDate": "2026-01-31T15:00:30+03:00"}, "3017"),
        ({"RedirectDueDate": "2026-06-01T15:00:00+03:00"}, "3017"),
        ({"DATA": {"key": 1}}, "250"),
        ({"DATA": {str(number): "x" for number in range(21)}}, "207"),
        ({"DATA": {"k" * 21: "x"}}, "208"),
        ({"DATA": {"key": "x" * 101}}, "209"),
    ],
)
def test_a_field_that_is_not_as_documented_is_refused_by_its_code(
    shop: Shop, fields: dict[str, Any], code: str
) -> None:
    whole = {"Amount": 10_000, "OrderId": "A-1"} | fields
    answer = shop.ask("Init", **{name: value for name, value in whole.items() if value is not None})
    assert (answer["Success"], answer["ErrorCode"]) == (False, code)
    assert shop.bank.orders == []


def test_the_longest_fields_are_taken(shop: Shop) -> None:
    data = {f"{number:020d}": "x" * 100 for number in range(19)} | {"OperationInitiatorType": "0"}
    assert shop.init(OrderId="x" * 36, Description="ж" * 140, CustomerKey="c" * 36, DATA=data)["Success"]


def test_a_lenient_terminal_takes_text_where_a_number_is_documented(shop: Shop) -> None:
    shop.settings(lenient_types=True)
    assert shop.ask("Init", Amount="10000", OrderId=17)["OrderId"] == "17"


@pytest.mark.parametrize(
    ("initiator", "recurrent", "ecom", "aft"),
    [
        ("0", "N", "0", "0"),
        ("0", "Y", "1126", "1126"),
        ("1", "N", "1126", "1126"),
        ("1", "Y", "0", "0"),
        ("2", "N", "0", "1126"),
        ("2", "Y", "1126", "1126"),
        ("R", "N", "0", "1126"),
        ("R", "Y", "1126", "1126"),
        ("I", "N", "1126", "0"),
        ("I", "Y", "1126", "1126"),
        ("9", "N", "1125", "1125"),
    ],
)
def test_who_initiates_has_to_fit_recurrence_and_terminal(
    shop: Shop, initiator: str, recurrent: str, ecom: str, aft: str
) -> None:
    fields: dict[str, Any] = {"Recurrent": recurrent, "CustomerKey": "c", "DATA": {"OperationInitiatorType": initiator}}
    answers = []
    for terminal in (TERMINAL, LOAN_TERMINAL):
        shop.terminal = terminal
        answers.append(shop.init(**fields)["ErrorCode"])
    assert answers == [ecom, aft]


def test_a_payment_is_found_by_its_number_and_by_its_order(shop: Shop) -> None:
    payment = shop.charged(OrderId="A-1")
    state = shop.ask("GetState", PaymentId=payment)
    assert (state["Success"], state["Status"], state["OrderId"], state["Amount"]) == (True, "CONFIRMED", "A-1", 10_000)
    assert {"Key": "Source", "Value": "cards"} in state["Params"]
    [line] = shop.ask("CheckOrder", OrderId="A-1")["Payments"]
    assert (line["PaymentId"], line["Status"], line["Amount"]) == (payment, "CONFIRMED", 10_000)
    assert line["RRN"]


def test_in_the_list_of_an_order_texts_and_numbers_change_places(shop: Shop) -> None:
    shop.plan("charge", end="declined", code="116")
    shop.ask("Charge", PaymentId=shop.new(OrderId="A-1"), RebillId=shop.rebill())
    shop.charged(OrderId="A-1")
    refused, paid = shop.ask("CheckOrder", OrderId="A-1")["Payments"]
    assert (refused["Success"], refused["ErrorCode"], refused["Status"]) == ("false", 116, "REJECTED")
    assert (paid["Success"], paid["ErrorCode"]) == ("true", 0)
    shop.settings(check_order_types="plain")
    refused, paid = shop.ask("CheckOrder", OrderId="A-1")["Payments"]
    assert (refused["Success"], refused["ErrorCode"]) == (False, "116")
    assert (paid["Success"], paid["ErrorCode"]) == (True, "0")


def test_what_is_not_there_is_told_by_an_error_or_by_an_empty_list(shop: Shop) -> None:
    assert shop.ask("GetState", PaymentId="1")["ErrorCode"] == "255"
    assert shop.ask("CheckOrder", OrderId="none")["ErrorCode"] == "335"
    shop.settings(unknown_order="empty")
    assert shop.ask("CheckOrder", OrderId="none")["Payments"] == []


def test_an_order_may_show_in_the_list_later_than_by_its_number(shop: Shop) -> None:
    shop.settings(check_order_lag_seconds=30)
    payment = shop.new(OrderId="A-1")
    assert shop.status(payment) == "NEW"
    assert shop.ask("CheckOrder", OrderId="A-1")["ErrorCode"] == "335"
    shop.forward(seconds=30)
    assert shop.ask("CheckOrder", OrderId="A-1")["Payments"][0]["PaymentId"] == payment


def test_one_terminal_sees_nothing_of_another(shop: Shop) -> None:
    payment = shop.new(OrderId="A-1")
    shop.terminal = LOAN_TERMINAL
    assert shop.ask("GetState", PaymentId=payment)["ErrorCode"] == "255"
    assert shop.ask("CheckOrder", OrderId="A-1")["ErrorCode"] == "335"


def test_why_a_payment_was_rejected_is_told_by_its_state_only_where_the_terminal_does_so(shop: Shop) -> None:
    shop.plan("charge", end="declined", code="1051")
    payment = shop.new()
    shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    state = shop.ask("GetState", PaymentId=payment)
    assert (state["Success"], state["ErrorCode"], state["Status"]) == (True, "0", "REJECTED")
    shop.settings(get_state_of_rejected="refused")
    state = shop.ask("GetState", PaymentId=payment)
    assert (state["Success"], state["ErrorCode"], state["Status"]) == (False, "1051", "REJECTED")


def test_an_unpaid_link_ends_after_a_day_or_at_its_own_moment(shop: Shop) -> None:
    usual, short = shop.new(), shop.new(RedirectDueDate="2026-01-31T16:00:00+03:00")
    shop.forward(hours=2)
    assert (shop.status(usual), shop.status(short)) == ("NEW", "DEADLINE_EXPIRED")
    shop.forward(hours=23)
    assert shop.status(usual) == "DEADLINE_EXPIRED"
    assert shop.ask("Charge", PaymentId=usual, RebillId=shop.rebill())["Success"] is False
    assert shop.money() == []


@pytest.mark.parametrize(("answer", "status"), [("busy", 429), ("error_500", 500)])
def test_an_overloaded_or_broken_door_answers_outside_the_protocol(shop: Shop, answer: str, status: int) -> None:
    payment = shop.charged()
    shop.plan("fetch", answer=answer)
    reply = shop.post("GetState", {"TerminalKey": TERMINAL, "PaymentId": payment})
    assert reply.status_code == status
    assert ("html" in reply.headers["Content-Type"]) == (status == 429)
    assert shop.status(payment) == "CONFIRMED"


@pytest.mark.parametrize(
    ("answer", "placed"), [("cut_before", 0), ("cut_after", 1), ("error_500", 1), ("html", 1), ("busy", 0)]
)
def test_an_init_whose_answer_is_lost_is_found_by_its_order_or_was_never_made(
    shop: Shop, answer: str, placed: int
) -> None:
    shop.plan("start", answer=answer)
    with pytest.raises((requests.ConnectionError, requests.JSONDecodeError)):
        shop.post("Init", {"TerminalKey": TERMINAL, "Amount": 10_000, "OrderId": "A-1"}).json()
    assert len(shop.bank.find(TERMINAL, number="A-1")) == placed
    assert shop.ask("CheckOrder", OrderId="A-1")["Success"] is bool(placed)

"""CloudPayments of the sandbox: keys, fields, charges of tokens, every planned end, and looking things up."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.acquirers.cloudpayments.known_cards import CARDS
from sandbox.acquirers.cloudpayments.reasons import REASONS
from tests.sandbox.acquirers.cloudpayments_site import ACCOUNT, RECEIPT, SECRET, SITE, TOKEN, Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.mark.parametrize("auth", [None, (SITE, "another"), ("another", SECRET), (SITE, "")])
def test_who_has_no_keys_is_not_let_in(site: Site, auth: Any) -> None:
    answer = requests.post(f"{site.url}/acquirers/cloudpayments/test", auth=auth, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html")
    assert site.ask("test")["Success"] is True


def test_a_form_is_read_as_json_is_and_names_in_any_letter_case(site: Site) -> None:
    fields = {"amount": "100.50", "accountId": ACCOUNT, "token": TOKEN, "trInitiatorCode": "0", "invoiceid": "A-1"}
    url = f"{site.url}/acquirers/cloudpayments/payments/tokens/charge"
    answer = requests.post(url, data=fields, auth=(SITE, SECRET), timeout=10).json()
    assert (answer["Success"], answer["Model"]["Amount"], answer["Model"]["Currency"]) == (True, 100.5, "RUB")
    assert requests.post(url, data="[1]", auth=(SITE, SECRET), timeout=10).json()["Success"] is False
    assert requests.get(url, auth=(SITE, SECRET), timeout=10).status_code == 405
    assert site.post("payments/moon").status_code == 404


def test_a_token_is_charged_and_the_answer_has_the_shape_of_the_documentation(site: Site) -> None:
    answer = site.charge(100.5, InvoiceId="A-1", Description="Платёж", JsonData={"a": 1})
    model = answer["Model"]
    assert (answer["Success"], answer["Message"]) == (True, None)
    assert (model["Status"], model["StatusCode"], model["ReasonCode"], model["Reason"]) == (
        "Completed",
        3,
        0,
        "Approved",
    )
    assert (model["InvoiceId"], model["AccountId"], model["Token"]) == ("A-1", ACCOUNT, TOKEN)
    assert (model["CardFirstSix"], model["CardLastFour"], model["CardExpDate"]) == ("400000", "3055", "12/30")
    assert model["CreatedDateIso"] == model["ConfirmDateIso"] == "2026-01-31T12:00:00"
    assert json.loads(model["JsonData"]) == {"a": 1}
    assert model["TrInitiatorCode"] == 0
    assert site.money() == [10_050]
    [notice] = site.notices()
    assert (notice["Status"], notice["Amount"], notice["InvoiceId"], notice["Token"]) == (
        "Completed",
        "100.50",
        "A-1",
        TOKEN,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Amount": None}, "Amount is required"),
        ({"Amount": 0}, "Invalid Amount value"),
        ({"Amount": -1}, "Invalid Amount value"),
        ({"Amount": 1.005}, "Invalid Amount value"),
        ({"Amount": "1,5"}, "Invalid Amount value"),
        ({"Amount": True}, "Invalid Amount value"),
        ({"Currency": "QQQ"}, "Invalid Currency value"),
        ({"AccountId": None}, "AccountId is required"),
        ({"Token": ""}, "Token is required"),
        ({"TrInitiatorCode": None}, "TrInitiatorCode is required"),
        ({"TrInitiatorCode": 2}, "Invalid TrInitiatorCode value"),
        ({"PaymentScheduled": 5}, "Invalid PaymentScheduled value"),
        ({"JsonData": "["}, "Invalid JsonData value"),
        ({"JsonData": [1]}, "Invalid JsonData value"),
        ({"InvoiceId": {}}, "Invalid InvoiceId value"),
        ({"Token": "tk_of_another_site"}, "Token not found"),
        ({"AccountId": "somebody else"}, "Token not found"),
    ],
)
def test_a_wrong_request_is_refused_with_http_200_and_words_and_nothing_is_made(
    site: Site, change: dict[str, Any], message: str
) -> None:
    assert site.charge(**change) == {"Success": False, "Message": message}
    assert site.bank.orders == []


@pytest.mark.parametrize("amount", [100, 100.5, 0.01, 1_234_567.89, "100.50"])
def test_sums_are_exact_in_both_directions(site: Site, amount: Any) -> None:
    model = site.charge(amount)["Model"]
    assert Decimal(str(model["Amount"])) == Decimal(str(amount))
    assert site.money() == [int(Decimal(str(amount)) * 100)]
    site.settings(amounts_as_text=True)
    assert Decimal(site.charge(amount)["Model"]["Amount"]) == Decimal(str(amount))


@pytest.mark.parametrize("code", [*REASONS, "5999", "0"])
def test_each_decline_by_its_code(site: Site, code: str) -> None:
    site.plan("charge", end="declined", code=code)
    answer = site.charge(InvoiceId="A-1")
    assert (answer["Success"], answer["Message"]) == (False, None)
    assert (answer["Model"]["Status"], answer["Model"]["StatusCode"]) == ("Declined", 5)
    assert answer["Model"]["ReasonCode"] == int(code)
    [notice] = site.notices()
    assert (notice["ReasonCode"], "GatewayName" in notice) == (code, False)
    assert site.money() == []


@pytest.mark.parametrize(
    ("token", "code"), [("tk_demo_no_money", 5051), ("tk_demo_lost", 5041), ("tk_demo_expired", 5054)]
)
def test_the_demo_cards_are_refused_each_for_its_own_reason(site: Site, token: str, code: int) -> None:
    assert site.charge(Token=token)["Model"]["ReasonCode"] == code


@pytest.mark.parametrize(("end", "status"), [("pending_paid", "Completed"), ("pending_declined", "Declined")])
def test_a_charge_may_come_to_its_end_later(site: Site, end: str, status: str) -> None:
    site.plan("charge", end=end)
    answer = site.charge()
    assert (answer["Success"], answer["Model"]["Status"]) == (True, "Pending")
    site.forward(minutes=2)
    assert site.status(answer["Model"]["TransactionId"]) == status
    assert len(site.notices()) == 1


def test_3_d_secure_is_asked_for_with_the_issuers_form_and_no_reason(site: Site) -> None:
    site.plan("charge", end="needs_client")
    answer = site.charge(InvoiceId="A-1")
    model = answer["Model"]
    assert (answer["Success"], "ReasonCode" in model, "Status" in model) == (False, False, False)
    assert site.found("A-1")["Model"]["Status"] == "AwaitingAuthentication"
    form = requests.post(model["AcsUrl"], data={"PaReq": model["PaReq"], "TermUrl": "https://shop.example"}, timeout=10)
    assert "Подтвердить" in form.text
    done = site.model("payments/cards/post3ds", TransactionId=model["TransactionId"], PaRes="authenticated")
    assert done["Status"] == "Completed"


def test_3_d_secure_that_nobody_goes_on_with_is_declined(site: Site) -> None:
    site.plan("charge", end="needs_client")
    transaction = site.charge()["Model"]["TransactionId"]
    site.forward(minutes=31)
    found = site.ask("payments/get", TransactionId=transaction)["Model"]
    assert (found["Status"], found["ReasonCode"]) == ("Declined", 5206)


def test_another_sum_may_be_taken(site: Site) -> None:
    site.plan("charge", extra=100)
    assert site.charge(100)["Model"]["Amount"] == 101
    assert site.money() == [10_100]


def test_nothing_is_done_where_nothing_was_planned(site: Site) -> None:
    site.plan("charge", end="nothing")
    assert site.charge()["Success"] is False
    assert site.bank.orders == []


@pytest.mark.parametrize("answer", ["cut_before", "cut_after"])
def test_an_answer_may_be_lost_before_or_after_the_money_moved(site: Site, answer: str) -> None:
    site.plan("charge", answer=answer)
    with pytest.raises(requests.ConnectionError):
        site.charge()
    assert site.money() == ([10_050] if answer == "cut_after" else [])


@pytest.mark.parametrize(("answer", "status"), [("error_500", 500), ("html", 200), ("busy", 429)])
def test_an_answer_may_be_of_another_kind(site: Site, answer: str, status: int) -> None:
    site.plan("charge", answer=answer)
    got = site.post("payments/tokens/charge", Amount=1, AccountId=ACCOUNT, Token=TOKEN, TrInitiatorCode=0)
    assert got.status_code == status
    assert site.money() == ([] if answer == "busy" else [100])
    assert "json" not in got.headers["Content-Type"]


def test_a_request_under_the_same_key_gets_its_first_answer_for_an_hour(site: Site) -> None:
    first = site.charge(100, key="A-1", InvoiceId="A-1")
    assert site.charge(100, key="A-1", InvoiceId="A-1") == first
    site.forward(minutes=59)
    assert site.charge(100, key="A-1", InvoiceId="A-1") == first
    assert site.money() == [10_000]
    site.forward(minutes=2)
    assert site.charge(100, key="A-1", InvoiceId="A-1")["Model"]["TransactionId"] != first["Model"]["TransactionId"]
    assert site.money() == [10_000, 10_000]


def test_a_key_may_be_the_sites_or_a_methods(site: Site) -> None:
    charged = site.charge(100, key="A-1", InvoiceId="A-1")
    page = {"Amount": 1, "Description": "Платёж"}
    assert "Url" in site.ask("orders/create", "A-1", **page)["Model"]
    site.settings(keys_across_methods=True)
    site.charge(100, key="A-2", InvoiceId="A-2")
    assert site.ask("orders/create", "A-2", **page)["Model"]["InvoiceId"] == "A-2"
    assert charged["Success"] is True


def test_a_wrong_request_may_be_corrected_under_its_key(site: Site) -> None:
    assert site.charge(0, key="A-1")["Success"] is False
    assert site.charge(1, key="A-1")["Success"] is True


def test_an_invoice_may_be_used_again_and_the_search_shows_its_last_operation(site: Site) -> None:
    first = site.charged(InvoiceId="A-1")
    site.plan("charge", end="declined")
    second = site.charge(InvoiceId="A-1")["Model"]["TransactionId"]
    found = site.found("A-1")
    assert (found["Success"], found["Model"]["TransactionId"]) == (False, second)
    site.settings(declined_is_found=True)
    assert site.found("A-1")["Success"] is True
    assert site.status(first) == "Completed"


def test_what_is_not_there_is_not_found(site: Site) -> None:
    assert site.found("A-1") == {"Success": False, "Message": "Not found"}
    assert site.found("A-1", "v2/payments/find") == {"Success": False, "Message": "Not found"}
    assert site.ask("payments/get", TransactionId=1) == {"Success": False, "Message": "Not found"}
    site.bank.shops["pk_other"] = {"api_secret": "other"}
    site.charged(InvoiceId="A-1")
    url = f"{site.url}/acquirers/cloudpayments/payments/find"
    other = requests.post(url, json={"InvoiceId": "A-1"}, auth=("pk_other", "other"), timeout=10).json()
    assert other["Message"] == "Not found"


def test_the_search_may_lag_and_one_operation_never_does(site: Site) -> None:
    site.settings(search_lag_seconds=30)
    transaction = site.charged(InvoiceId="A-1")
    assert site.found("A-1")["Message"] == "Not found"
    assert site.status(transaction) == "Completed"
    site.forward(seconds=31)
    assert site.found("A-1")["Success"] is True


def test_a_number_made_of_digits_comes_back_as_a_number(site: Site) -> None:
    site.charged(InvoiceId="1234567")
    assert site.found("1234567")["Model"]["InvoiceId"] == 1_234_567
    site.settings(invoice_ids_as_numbers=False)
    assert site.found("1234567")["Model"]["InvoiceId"] == "1234567"


def test_lists_are_of_a_day_in_a_zone_and_of_any_time_by_the_hundred(site: Site) -> None:
    site.bank.webhooks.clear()
    for _ in range(101):
        site.charged(1)
    site.plan("charge", end="declined")
    site.charge(1)
    assert len(site.model("payments/list", Date="2026-01-31")) == 102
    assert site.model("payments/list", Date="2026-02-01", TimeZone="MSK") == []
    period = {"CreatedDateGte": "2026-01-31T00:00:00+03:00", "CreatedDateLte": "2026-02-01", "TimeZone": "UTC"}
    assert len(site.model("v2/payments/list", PageNumber=1, **period)) == 100
    assert len(site.model("v2/payments/list", PageNumber=2, **period)) == 2
    paid = site.model("v2/payments/list", PageNumber=2, Statuses=["Completed"], **period)
    assert [one["Status"] for one in paid] == ["Completed"]
    assert site.ask("v2/payments/list", PageNumber=0, **period)["Success"] is False


def test_tokens_are_listed_with_their_masks(site: Site) -> None:
    first = site.model("payments/tokens/list", PageNumber=1)[0]
    assert first == {
        "Token": TOKEN,
        "AccountId": ACCOUNT,
        "CardMask": "4000 00****** 3055",
        "ExpirationDateMonth": 12,
        "ExpirationDateYear": 2030,
    }


def test_a_technical_refusal_may_be_made_good_by_the_second_bank_as_another_payment(site: Site) -> None:
    site.settings(second_bank=True)
    site.plan("charge", end="declined", code="5096")
    answer = site.charge(InvoiceId="A-1")
    declined, paid = site.bank.orders
    assert (declined.state, paid.state) == ("declined", "paid")
    assert answer["Model"]["FallBackScenarioDeclinedTransactionId"] == int(declined.id)
    assert [one["Status"] for one in site.notices()] == ["Declined", "Completed"]


def test_a_payment_of_two_stages_is_held_then_taken_in_part_or_let_go(site: Site) -> None:
    fields = {"Amount": 100, "AccountId": ACCOUNT, "Token": TOKEN, "TrInitiatorCode": 1, "InvoiceId": "H-1"}
    held = [site.model("payments/tokens/auth", **fields)["TransactionId"] for _ in range(3)]
    assert site.money() == []
    assert site.ask("payments/confirm", TransactionId=held[0], Amount=101)["Success"] is False
    assert site.ask("payments/confirm", TransactionId=held[0], Amount=60)["Success"] is True
    assert site.ask("payments/void", TransactionId=held[1])["Success"] is True
    assert site.ask("payments/void", TransactionId=held[0])["Success"] is False
    site.forward(days=7, seconds=1)
    assert [site.status(one) for one in held] == ["Completed", "Cancelled", "Cancelled"]
    assert site.money() == [6_000]


def test_a_receipt_travels_with_a_payment_and_a_bad_one_stops_no_money(site: Site) -> None:
    good = {"cloudPayments": {"CustomerReceipt": RECEIPT}}
    site.charged(100.5, InvoiceId="A-1", JsonData=good)
    site.charged(100, InvoiceId="A-2", JsonData=good)
    statuses = [order.facts["receipts"][0]["status"] for order in site.bank.orders]
    assert statuses == ["Processed", "Error"]
    assert site.money() == [10_050, 10_000]


def test_the_test_cards_of_the_documentation_are_known() -> None:
    documented = "4242424242424242 5555555555554444 2200000000000004 4012888888881881 4000000000003055 2202000000003055"
    refused = "4111111111111111 2200000022222222 4000056655665556 2203000000000043"
    assert set(CARDS) == {*documented.split(), *refused.split()}

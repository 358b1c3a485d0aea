"""WebMoney's merchant service by canned replies: the form behind a ticket, and what X18 says became of it."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import DECLINES, Capability, Http, Misconfigured, NotSent, Outcome, OutcomeUnknown, Receipt, TaxSystem
from gateways._webmoney_notices import form_signature
from gateways._webmoney_numbers import LARGEST, payment_numbers
from gateways.webmoney import WebMoney
from tests.gateways.answering import answering, reply
from tests.gateways.webmoney_replies import (
    LOOK_UP,
    NUMBER,
    ORDER,
    PAGE,
    ROOT,
    SECOND_NUMBER,
    SHOP,
    TICKET,
    USD,
    asked,
    paid,
    placed,
    ticketed,
    told,
)

UNKNOWN_RETVALS = ["-100", "-8", "5", "10", "999"]
SHOP_RETVALS = ["1", "2", "3", "4", "6", "-2", "-3", "-6", "-7"]


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def webmoney() -> WebMoney:
    return WebMoney(Http(ROOT, lambda: 0.0))


@given(st.text(max_size=40))
def test_numbers_are_whole_in_bounds_and_follow_from_the_order(order: str) -> None:
    numbers = payment_numbers(order)
    assert numbers == payment_numbers(order)
    assert len(numbers) == 8
    assert all(1 <= number <= LARGEST for number in numbers)


def test_numbers_of_one_order_and_of_its_neighbours_differ() -> None:
    numbers = [number for try_ in range(1, 50) for number in payment_numbers(f"ABCDEFGHIJKLMNOPQRSTUVWXYZ-{try_}")]
    assert len(set(numbers)) == len(numbers)


def test_the_published_signature_of_a_form_is_computed_with_its_last_semicolon() -> None:
    expected = "10ea4f78a62b8da4256c1e9f34fa6c06ba4df313571e247ef511311caf8b9f9d"
    assert form_signature("Z1234567890", "1", 1, "secret_key_X20") == expected
    for changed in (("Z1234567891", "1", 1), ("Z1234567890", "2", 1), ("Z1234567890", "1", 2)):
        assert form_signature(*changed, "secret_key_X20") != expected


def test_a_form_is_filled_in_at_webmoney_and_its_ticket_is_the_page(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    acquirer.post(TICKET, body=ticketed())
    started = webmoney.start_payment(SHOP, PAGE)
    assert started.payment_id == str(NUMBER)
    assert started.page_url == f"{ROOT}lmi/payment.asp?gid=D31A3F81-B953-4F55-B1B4-8DCBA881076F"
    look_up, ticket = (asked(call.request) for call in acquirer.calls)
    assert look_up["lmi_payment_no"] == str(NUMBER)
    signed = f"210987654321Z123456789012{NUMBER}canary-secret"
    assert look_up["sha256"] == hashlib.sha256(signed.encode()).hexdigest()
    signed = f"210987654321Z123456789012{NUMBER}1canary-secret"
    assert ticket["sha256"] == hashlib.sha256(signed.encode()).hexdigest()
    assert ticket["lmi_payment_amount"] == "12.08"
    assert ticket["lmi_payment_desc_base64"] == f"{ORDER} Платёж 1 из 4 <&>"
    assert ticket["lmi_result_url"] == "https://robots.example/webhooks/webmoney/1"
    assert ticket["lmi_success_url"] == ticket["lmi_fail_url"] == "https://robots.example/pay/1?back=1"
    assert ticket["order_number"] == ORDER
    assert ticket["lmi_paymentform_sign"] == form_signature("Z123456789012", "12.08", NUMBER, "canary-x20-secret")
    assert "canary" not in str([look_up, ticket])


def test_a_form_without_a_secret_for_it_is_not_signed(acquirer: responses.RequestsMock, webmoney: WebMoney) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    acquirer.post(TICKET, body=ticketed())
    webmoney.start_payment(SHOP.model_copy(update={"x20_secret": ""}), PAGE)
    assert "lmi_paymentform_sign" not in asked(acquirer.calls[1].request)


@pytest.mark.parametrize("others", [paid("ANOTHER-1"), told("13")])
def test_a_number_that_is_another_orders_is_passed_over(
    acquirer: responses.RequestsMock, webmoney: WebMoney, others: bytes
) -> None:
    acquirer.post(LOOK_UP, body=others)
    acquirer.post(LOOK_UP, body=told("8"))
    acquirer.post(TICKET, body=ticketed())
    assert webmoney.start_payment(SHOP, PAGE).payment_id == str(SECOND_NUMBER)
    assert asked(acquirer.calls[2].request)["lmi_payment_no"] == str(SECOND_NUMBER)


@pytest.mark.parametrize("before", [paid(), told("9")])
def test_an_order_that_may_be_there_is_not_placed_again(
    acquirer: responses.RequestsMock, webmoney: WebMoney, before: bytes
) -> None:
    acquirer.post(LOOK_UP, body=before)
    with pytest.raises(OutcomeUnknown, match="already"):
        webmoney.start_payment(SHOP, PAGE)


def test_an_order_without_a_free_number_is_not_placed(acquirer: responses.RequestsMock, webmoney: WebMoney) -> None:
    acquirer.post(LOOK_UP, body=paid("ANOTHER-1"))
    with pytest.raises(NotSent, match="every number"):
        webmoney.start_payment(SHOP, PAGE)
    assert len(acquirer.calls) == 8


def test_an_order_whose_number_cannot_be_asked_about_is_not_placed(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body="<html>")
    with pytest.raises(NotSent):
        webmoney.start_payment(SHOP, PAGE)


def test_a_form_without_a_ticket_is_not_placed(acquirer: responses.RequestsMock, webmoney: WebMoney) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    acquirer.post(TICKET, body=told("21"))
    with pytest.raises(NotSent, match="retval 21"):
        webmoney.start_payment(SHOP, PAGE)
    acquirer.replace("POST", TICKET, body=ticketed("<no ticket>"))
    with pytest.raises(OutcomeUnknown):
        webmoney.start_payment(SHOP, PAGE)


def test_a_purse_takes_its_own_currency_only(webmoney: WebMoney) -> None:
    with pytest.raises(NotSent, match="RUB"):
        webmoney.start_payment(SHOP, replace(PAGE, amount=Money(100, "RUB")))


def test_receipts_are_not_made_and_that_is_said(webmoney: WebMoney) -> None:
    receipt = Receipt((), "client@example.com", "", TaxSystem.OSN)
    with pytest.raises(Misconfigured, match="receipts"):
        webmoney.start_payment(SHOP, replace(PAGE, receipt=receipt))


def test_a_paid_form_is_known_by_its_number_and_by_what_it_was_paid_for(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=paid())
    found = webmoney.fetch_payment(SHOP, placed())
    assert found is not None
    assert (found.order_number, found.payment_id) == (ORDER, str(NUMBER))
    assert (found.outcome, found.amount) == (Outcome.SUCCEEDED, USD)
    assert found.paid_at == datetime(2026, 1, 31, 12, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("written", ["00010101 00:00:00", "20261301 00:00:00", "soon"])
def test_a_moment_that_is_none_takes_nothing_from_a_payment(
    acquirer: responses.RequestsMock, webmoney: WebMoney, written: str
) -> None:
    acquirer.post(LOOK_UP, body=paid().replace(b"20260131 15:04:05", written.encode()))
    found = webmoney.fetch_payment(SHOP, placed())
    assert found is not None
    assert (found.outcome, found.amount, found.paid_at) == (Outcome.SUCCEEDED, USD, None)


@pytest.mark.parametrize(("purse", "currency"), [("Z", "USD"), ("E", "EUR"), ("K", "KZT"), ("P", "RUB"), ("R", "RUB")])
def test_a_sum_is_in_the_units_of_the_purse(
    acquirer: responses.RequestsMock, webmoney: WebMoney, purse: str, currency: str
) -> None:
    acquirer.post(LOOK_UP, body=paid(amount="12.1"))
    found = webmoney.fetch_payment(SHOP.model_copy(update={"purse": f"{purse}123456789012"}), placed())
    assert found is not None
    assert found.amount == Money(1210, currency)


@pytest.mark.parametrize(
    ("retval", "outcome"),
    [("7", Outcome.REGISTERED), ("8", Outcome.REGISTERED), ("9", Outcome.PENDING), ("13", Outcome.DECLINED)],
)
def test_a_form_that_is_not_paid_says_how_it_stands(
    acquirer: responses.RequestsMock, webmoney: WebMoney, retval: str, outcome: Outcome
) -> None:
    acquirer.post(LOOK_UP, body=told(retval))
    found = webmoney.fetch_payment(SHOP, placed())
    assert found is not None
    assert (found.outcome, found.amount) == (outcome, USD)
    if outcome is Outcome.DECLINED:
        assert DECLINES[webmoney.reason_of(found.decline_code)].kind == "needs_client"


def test_money_that_is_held_is_not_in_hand(acquirer: responses.RequestsMock, webmoney: WebMoney) -> None:
    acquirer.post(LOOK_UP, body=paid(more="<hold_period>3</hold_period><hold_state>1</hold_state>"))
    found = webmoney.fetch_payment(SHOP, placed())
    assert found is not None
    assert found.outcome is Outcome.PENDING


def test_another_orders_payment_under_our_number_is_for_a_person(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=paid("ANOTHER-1"))
    with pytest.raises(OutcomeUnknown, match=str(NUMBER)):
        webmoney.fetch_payment(SHOP, placed())


def test_an_order_whose_ticket_was_lost_is_looked_for_under_each_of_its_numbers(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=paid("ANOTHER-1"))
    acquirer.post(LOOK_UP, body=paid())
    found = webmoney.fetch_payment(SHOP, placed(""))
    assert found is not None
    assert (found.payment_id, found.outcome) == (str(SECOND_NUMBER), Outcome.SUCCEEDED)


def test_an_order_that_nobody_began_to_pay_and_whose_ticket_was_lost_is_not_there(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    assert webmoney.fetch_payment(SHOP, placed("")) is None


def test_a_form_is_closed_only_while_nobody_has_begun_to_pay_it(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    assert webmoney.void(SHOP, placed()).outcome is Outcome.CANCELLED
    acquirer.replace("POST", LOOK_UP, body=told("9"))
    assert webmoney.void(SHOP, placed()).outcome is Outcome.PENDING
    acquirer.replace("POST", LOOK_UP, body=paid())
    assert webmoney.void(SHOP, placed()).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("retval", SHOP_RETVALS)
def test_a_shop_that_may_not_ask_is_stopped_and_told_why(
    acquirer: responses.RequestsMock, webmoney: WebMoney, retval: str
) -> None:
    acquirer.post(LOOK_UP, body=told(retval))
    with pytest.raises(Misconfigured, match=f"retval {retval},") as caught:
        webmoney.fetch_payment(SHOP, placed())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        *[told(retval) for retval in UNKNOWN_RETVALS],
        told("0"),
        told("canary"),
        told("8").replace("windows-1251", "no-such-encoding"),
        "",
        "<html><body>503</body>",
        "<merchant.response></merchant.response>",
        '<!DOCTYPE a [<!ENTITY b "canary-secret">]><merchant.response><retval>8</retval></merchant.response>',
        paid(amount="much").decode("windows-1251").replace("windows-1251", "utf-8"),
        paid(amount="12.085").decode("windows-1251").replace("windows-1251", "utf-8"),
    ],
)
def test_an_answer_that_says_nothing_sure_is_unknown(
    acquirer: responses.RequestsMock, webmoney: WebMoney, body: str
) -> None:
    acquirer.post(LOOK_UP, body=body)
    with pytest.raises(OutcomeUnknown) as caught:
        webmoney.fetch_payment(SHOP, placed())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", reply("500 Internal Server Error", ""), reply("404 Not Found", told("8"))])
def test_a_look_up_that_was_not_answered_is_unknown(answer: bytes) -> None:
    with answering(answer) as heard, pytest.raises(OutcomeUnknown):
        WebMoney(Http(heard.address, lambda: 0.0)).fetch_payment(SHOP, placed())


def test_the_credentials_are_checked_by_asking_after_nobodys_payment(
    acquirer: responses.RequestsMock, webmoney: WebMoney
) -> None:
    acquirer.post(LOOK_UP, body=told("8"))
    assert webmoney.check(SHOP) == []
    [lack] = webmoney.check(SHOP.model_copy(update={"purse": "P123456789012"}))
    assert "2022-02-11" in lack.en


@pytest.mark.parametrize(
    ("field", "value"), [("purse", "Z12"), ("purse", "123456789012"), ("purse", "G123456789012"), ("wmid", "21")]
)
def test_what_is_no_purse_or_wmid_is_said_before_anything_is_asked(webmoney: WebMoney, field: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=field):
        webmoney.check(SHOP.model_copy(update={field: value}))


def test_it_saves_no_cards_and_is_closed_for_roubles_with_the_reason_in_both_languages() -> None:
    assert not WebMoney.capabilities & {Capability.CHARGE_SAVED_CARD, Capability.REFUND}
    assert WebMoney.closed is not None
    assert "11.02.2022" in WebMoney.closed.ru
    assert "2022-02-11" in WebMoney.closed.en

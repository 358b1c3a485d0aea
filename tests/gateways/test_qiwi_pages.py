"""QIWI's bills by canned replies: pages of Payin, and the older bills that nothing else goes with."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from gateways import Http, Misconfigured, NotSent, Outcome, OutcomeUnknown, Receipt, TaxSystem
from gateways.qiwi import BILL_ADDRESS, Qiwi
from tests.gateways.qiwi_replies import (
    BILL,
    BILLS,
    CHARGE,
    DETAILS,
    NO_SUCH_BILL,
    NO_SUCH_THING,
    OLD_BILL,
    PAGE,
    PAYIN,
    PAYMENT,
    REFUND,
    ROOT,
    RUB,
    asked,
    bill,
    declined,
    error,
    old_bill,
    on_page,
    placed,
)

RECEIPT = Receipt((), "client@example.com", "", TaxSystem.OSN)


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def qiwi() -> Qiwi:
    return Qiwi(Http(ROOT, lambda: 0.0, fixed=True))


def test_a_bill_that_saves_the_card_leads_to_a_page_and_back(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(BILL, json=bill())
    started = qiwi.start_payment(PAYIN, PAGE)
    assert started.payment_id == "235d8d5a-38ed"
    assert parse_qs(urlsplit(started.page_url).query) == {
        "invoiceUid": ["235d8d5a-38ed"],
        "successUrl": ["https://robots.example/pay/1?back=1"],
    }
    assert asked(acquirer.calls[0].request) == {
        "amount": {"currency": "RUB", "value": "3000.00"},
        "comment": "Платёж 1 из 4",
        "expirationDateTime": "2023-04-07T17:00:00+00:00",
        "customer": {"account": "p1-C_5"},
        "customFields": {"invoice_callback_url": "https://robots.example/webhooks/qiwi/1"},
        "flags": ["SALE", "BIND_PAYMENT_TOKEN"],
    }


def test_without_consent_no_token_is_asked_for(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(BILL, json=bill())
    qiwi.start_payment(PAYIN, replace(PAGE, save_card=False))
    assert asked(acquirer.calls[0].request)["flags"] == ["SALE"]


@pytest.mark.parametrize(
    "answer",
    [
        bill("EXPIRED"),
        bill("PAID"),
        bill(payUrl=""),
        bill(billId="A-2"),
        bill(amount={"value": "1.00", "currency": "RUB"}),
        bill(amount={"value": "3000.00", "currency": "USD"}),
    ],
)
def test_a_bill_that_is_there_and_is_not_this_one_is_not_handed_out(
    acquirer: responses.RequestsMock, qiwi: Qiwi, answer: dict[str, Any]
) -> None:
    acquirer.put(BILL, json=answer)
    with pytest.raises(OutcomeUnknown):
        qiwi.start_payment(PAYIN, PAGE)


def test_a_bill_that_was_refused_was_not_placed(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(BILL, status=400, json=error("validation.error", cause={"amount": ["too much"]}))
    with pytest.raises(NotSent, match=r"validation\.error amount"):
        qiwi.start_payment(PAYIN, PAGE)


@pytest.mark.parametrize(
    ("status", "payments", "outcome"),
    [
        ("CREATED", [], Outcome.REGISTERED),
        ("WAITING", [], Outcome.REGISTERED),
        ("CREATED", [declined("ACQUIRING_LIMIT_EXCEEDED")], Outcome.PENDING),
        ("EXPIRED", [declined("ACQUIRING_LIMIT_EXCEEDED")], Outcome.CANCELLED),
        ("REJECTED", [], Outcome.CANCELLED),
        ("PAID", [on_page()], Outcome.SUCCEEDED),
        ("PAID", [on_page(capturedAmount={"value": 0, "currency": "RUB"})], Outcome.PENDING),
    ],
)
def test_the_bills_own_status_decides(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: str, payments: list[dict[str, Any]], outcome: Outcome
) -> None:
    acquirer.get(DETAILS, json=bill(status, payments))
    found = qiwi.fetch_payment(PAYIN, placed("235d8d5a-38ed"))
    assert found is not None
    assert (found.order_number, found.outcome, found.amount) == ("A-1", outcome, RUB)


@pytest.mark.parametrize(
    ("status", "payments"),
    [("PAID", []), ("PAID", [on_page(), on_page()]), ("EXPIRED", [on_page()]), ("NEW", [])],
)
def test_a_bill_whose_words_contradict_each_other_is_for_a_person(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: str, payments: list[dict[str, Any]]
) -> None:
    acquirer.get(DETAILS, json=bill(status, payments))
    with pytest.raises(OutcomeUnknown):
        qiwi.fetch_payment(PAYIN, placed("235d8d5a-38ed"))


def test_a_card_that_its_payment_saved_comes_with_it(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    made = {"token": "canary-token", "name": "444444******1049", "expiredDate": "2034-12-01T00:00:00+03:00"}
    acquirer.get(DETAILS, json=bill("PAID", [on_page(createdToken=made, customer={"account": "p1-C_5"})]))
    found = qiwi.fetch_payment(PAYIN, placed("235d8d5a-38ed"))
    assert found is not None
    assert found.stored_card is not None
    assert (found.stored_card.token, found.stored_card.mask) == ("canary-token", "444444******1049")
    assert (found.stored_card.expires, found.stored_card.gateway_customer_id) == ("2034-11", "p1-C_5")


def test_a_page_whose_answer_was_lost_is_found_as_a_bill(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(PAYMENT, status=404, json=NO_SUCH_THING)
    acquirer.get(DETAILS, json=bill("CREATED"))
    found = qiwi.fetch_payment(PAYIN, placed())
    assert found is not None
    assert (found.outcome, found.action_url) == (
        Outcome.REGISTERED,
        "https://oplata.qiwi.example/form?invoiceUid=235d8d5a-38ed",
    )


def test_payin_rejects_no_bill_and_says_how_it_stands(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(DETAILS, json=bill("CREATED"))
    assert qiwi.void(PAYIN, placed("235d8d5a-38ed")).outcome is Outcome.REGISTERED


@pytest.mark.parametrize("credentials", [PAYIN, BILLS])
def test_a_shop_that_must_make_receipts_is_told_that_none_are_made(qiwi: Qiwi, credentials: Any) -> None:
    with pytest.raises(Misconfigured, match="receipts"):
        qiwi.start_payment(credentials, replace(PAGE, receipt=RECEIPT))
    with pytest.raises(Misconfigured, match="receipts"):
        qiwi.charge_saved_card(PAYIN, replace(CHARGE, receipt=RECEIPT), lambda _: None)


def test_bills_alone_are_placed_at_an_address_of_their_own(acquirer: responses.RequestsMock) -> None:
    acquirer.put(f"{BILL_ADDRESS}partner/bill/v1/bills/A-1", json=old_bill())
    Qiwi(Http(Qiwi.address, lambda: 0.0)).start_payment(BILLS, PAGE)


def test_a_bill_alone_is_placed_and_its_page_leads_back(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(OLD_BILL, json=old_bill())
    started = qiwi.start_payment(BILLS, PAGE)
    assert parse_qs(urlsplit(started.page_url).query)["successUrl"] == ["https://robots.example/pay/1?back=1"]
    assert asked(acquirer.calls[0].request) == {
        "amount": {"currency": "RUB", "value": "3000.00"},
        "comment": "Платёж 1 из 4",
        "expirationDateTime": "2023-04-07T17:00:00+00:00",
        "customer": {"account": "p1-C_5"},
        "customFields": {},
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("WAITING", Outcome.REGISTERED),
        ("PAID", Outcome.SUCCEEDED),
        ("REJECTED", Outcome.CANCELLED),
        ("EXPIRED", Outcome.CANCELLED),
    ],
)
def test_a_bill_alone_says_how_it_stands(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: str, outcome: Outcome
) -> None:
    acquirer.get(OLD_BILL, json=old_bill(status))
    found = qiwi.fetch_payment(BILLS, placed())
    assert found is not None
    assert (found.order_number, found.outcome, found.amount) == ("A-1", outcome, RUB)
    assert (found.paid_at is not None) == (outcome is Outcome.SUCCEEDED)


def test_a_bill_that_is_not_there_is_none(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(OLD_BILL, status=404, json=NO_SUCH_BILL)
    assert qiwi.fetch_payment(BILLS, placed()) is None


def test_an_unpaid_bill_is_rejected_for_good(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.post(f"{OLD_BILL}/reject", json=old_bill("REJECTED"))
    assert qiwi.void(BILLS, placed()).outcome is Outcome.CANCELLED


def test_a_bill_that_was_paid_meanwhile_is_not_rejected(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.post(f"{OLD_BILL}/reject", status=400, json=error("invoice.cannot.be.rejected"))
    acquirer.get(OLD_BILL, json=old_bill("PAID"))
    assert qiwi.void(BILLS, placed()).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("status", ["PARTIAL", "FULL"])
def test_a_bill_is_given_back_in_parts_and_whole(acquirer: responses.RequestsMock, qiwi: Qiwi, status: str) -> None:
    given = {"amount": {"value": 1000, "currency": "RUB"}, "refundId": "A-1-R1", "status": status}
    acquirer.put(f"{OLD_BILL}/refunds/A-1-R1", json=given)
    acquirer.get(f"{OLD_BILL}/refunds/A-1-R1", json=given)
    assert qiwi.refund(BILLS, REFUND).outcome is Outcome.SUCCEEDED
    found = qiwi.fetch_refund(BILLS, REFUND)
    assert found is not None
    assert (found.number, found.amount.minor) == ("A-1-R1", 100_000)


def test_a_refund_above_what_was_paid_is_refused(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(f"{OLD_BILL}/refunds/A-1-R1", status=400, json=error("refund.incorrect.amount"))
    assert qiwi.refund(BILLS, REFUND).reason == "refund.incorrect.amount"


def test_the_credentials_of_bills_are_checked_by_a_bill(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(f"{ROOT}partner/bill/v1/bills/connection-check", status=404, json=NO_SUCH_BILL)
    assert qiwi.check(BILLS) == []

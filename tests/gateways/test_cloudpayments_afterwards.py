"""CloudPayments by canned replies: what follows a payment (refunds, receipts), and that no secret shows anywhere."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from calculations.money import Money
from gateways import (
    NotSent,
    Outcome,
    OutcomeUnknown,
    ReceiptStatus,
    Refunded,
    SentReceipt,
    Settlement,
    Subject,
    TaxSystem,
    Trouble,
    Vat,
)
from gateways._cloudpayments_codes import METHODS, OBJECTS, TAX_SYSTEMS, VAT_RATES
from gateways.cloudpayments import CloudPayments
from tests.gateways.cloudpayments_replies import (
    AT,
    CHARGE,
    CREDENTIALS,
    FIND,
    FIND_ALL,
    GET,
    LIST,
    NOT_FOUND,
    PAGE,
    PAYMENT_ID,
    RECEIPT,
    RECEIPT_STATUS,
    RECEIPT_URL,
    REFUND,
    REFUND_ID,
    REFUND_URL,
    ROOT,
    TOKEN,
    answer,
    asked,
    gateway,
    paid,
    paths,
    placed,
    refunded,
    transaction,
)

DONE = Refunded("A-1-R1", Outcome.SUCCEEDED, REFUND.amount)
SECOND = replace(REFUND, number="A-1-R2", refunded_before=Money(500_000, "RUB"))
PLACED = answer({"TransactionId": int(REFUND_ID)})
CLOSING = replace(RECEIPT, offset=True)


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def cloudpayments() -> CloudPayments:
    return gateway()


def refund(acquirer: responses.RequestsMock, body: Any, status: int = 200) -> Refunded:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    acquirer.post(REFUND_URL, json=body, status=status)
    acquirer.post(GET, json=answer(refunded()))
    return gateway().refund(CREDENTIALS, REFUND)


def test_a_refund_is_asked_for_once_under_its_number_and_then_seen_to_be_done(
    acquirer: responses.RequestsMock,
) -> None:
    assert refund(acquirer, PLACED) == DONE
    assert paths(acquirer) == ["payments/get", "v2/payments/find", "payments/refund", "payments/get"]
    assert asked(acquirer, 2) == {
        "TransactionId": int(PAYMENT_ID),
        "Amount": Decimal("5000.00"),
        "JsonData": {"refund": "A-1-R1"},
    }
    assert acquirer.calls[2].request.headers["X-Request-ID"] == "A-1-R1"
    assert asked(acquirer, 3) == {"TransactionId": int(REFUND_ID)}


def test_a_refunds_receipt_travels_with_it(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    acquirer.post(REFUND_URL, json=PLACED)
    cloudpayments.refund(CREDENTIALS, replace(REFUND, receipt=RECEIPT))
    data = asked(acquirer, 2)["JsonData"]
    assert data["refund"] == "A-1-R1"
    assert data["cloudPayments"]["CustomerReceipt"]["Items"][0]["label"] == "Обучение"


@pytest.mark.parametrize("status", ["Created", "AwaitingAuthentication", "MoonPhase", None])
def test_a_refund_by_sbp_is_on_its_way_until_it_is_seen_to_be_done(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, status: str | None
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    acquirer.post(REFUND_URL, json=PLACED)
    acquirer.post(GET, json=answer(refunded(Status=status)))
    assert cloudpayments.refund(CREDENTIALS, REFUND).outcome is Outcome.PENDING


@pytest.mark.parametrize("answered", [{"status": 500}, {"status": 429}, {"json": NOT_FOUND}, {"json": paid()}], ids=str)
def test_a_refund_that_was_accepted_and_cannot_be_seen_is_on_its_way(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, answered: dict[str, Any]
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    acquirer.post(REFUND_URL, json=PLACED)
    acquirer.post(GET, **answered)
    assert cloudpayments.refund(CREDENTIALS, REFUND) == Refunded("A-1-R1", Outcome.PENDING, REFUND.amount)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Insufficient funds", "Insufficient funds"),
        ("Сумма превышает 5 000", "CloudPayments did not accept it"),
    ],
)
def test_a_refund_that_is_not_accepted_is_declined_and_says_why(
    acquirer: responses.RequestsMock, message: str, reason: str
) -> None:
    acquirer.assert_all_requests_are_fired = False
    found = refund(acquirer, {"Success": False, "Message": message})
    assert found == Refunded("A-1-R1", Outcome.DECLINED, REFUND.amount, reason)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"Success": False, "Message": "Internal error"}),
        (200, {"Success": False, "Message": None}),
        (200, answer()),
        (200, answer({})),
        (200, []),
        (500, {}),
        (404, {}),
    ],
    ids=str,
)
def test_an_answer_that_is_not_surely_understood_leaves_the_refund_unknown(
    acquirer: responses.RequestsMock, status: int, body: Any
) -> None:
    acquirer.assert_all_requests_are_fired = False
    with pytest.raises(OutcomeUnknown):
        refund(acquirer, body, status)


def test_a_refusal_of_a_refund_without_a_known_reason_says_which_refund_it_was(
    acquirer: responses.RequestsMock,
) -> None:
    acquirer.assert_all_requests_are_fired = False
    with pytest.raises(OutcomeUnknown, match="refund A-1-R1 without a reason"):
        refund(acquirer, {"Success": False, "Message": "Internal error"})


@pytest.mark.parametrize(
    ("get", "find"),
    [
        ({"status": 500}, {"json": paid()}),
        ({"json": NOT_FOUND}, {"json": paid()}),
        ({"json": paid(Status="Authorized")}, {"json": paid()}),
        ({"json": paid(InvoiceId="B-1")}, {"json": paid()}),
        ({"json": paid()}, {"status": 502}),
        ({"json": paid()}, {"json": []}),
    ],
    ids=str,
)
def test_while_the_payment_and_its_refunds_cannot_be_seen_nothing_is_asked_for(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, get: dict[str, Any], find: dict[str, Any]
) -> None:
    acquirer.assert_all_requests_are_fired = False
    acquirer.post(GET, **get)
    acquirer.post(FIND_ALL, **find)
    with pytest.raises(NotSent, match="A-1-R1 was not asked for"):
        cloudpayments.refund(CREDENTIALS, REFUND)


def test_a_refund_that_was_done_before_is_not_done_again(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=answer(refunded()))
    acquirer.post(LIST, json=answer([transaction(), refunded()]))
    assert cloudpayments.refund(CREDENTIALS, REFUND) == DONE
    assert cloudpayments.fetch_refund(CREDENTIALS, REFUND) == DONE
    assert "payments/refund" not in paths(acquirer)
    sent = asked(acquirer)
    assert (sent["CreatedDateGte"], sent["Statuses"]) == (
        "2026-01-31T11:00:00+00:00",
        ["Authorized", "Completed", "Declined", "Cancelled"],
    )


def test_a_refund_of_a_payment_that_is_the_last_word_on_its_number_was_not_done(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    assert cloudpayments.fetch_refund(CREDENTIALS, REFUND) is None


def test_a_second_refund_is_told_from_the_first_by_its_label(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    second = refunded(TransactionId=5, JsonData={"refund": "A-1-R2"})
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=answer(refunded()))
    acquirer.post(LIST, json=answer([transaction(), refunded()]))
    acquirer.post(LIST, json=answer([transaction(), refunded(), second]))
    assert cloudpayments.fetch_refund(CREDENTIALS, SECOND) is None
    found = cloudpayments.fetch_refund(CREDENTIALS, SECOND)
    assert found == Refunded("A-1-R2", Outcome.SUCCEEDED, REFUND.amount)


def test_a_refund_that_was_declined_before_does_not_stand_in_the_way_of_the_next(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=answer(refunded()))
    acquirer.post(LIST, json=answer([transaction(), refunded(Status="Declined", ReasonCode=6014)]))
    later = replace(REFUND, number="A-1-R2", placed_at=AT + timedelta(days=40))
    assert cloudpayments.fetch_refund(CREDENTIALS, later) is None
    sent = asked(acquirer)
    assert sent["CreatedDateGte"] == "2026-01-31T11:00:00+00:00"  # since the payment
    assert sent["CreatedDateLte"] == "2026-03-15T12:00:00+00:00"


@pytest.mark.parametrize(
    "seen",
    [
        [refunded(JsonData=None)],
        [refunded(JsonData={"refund": "A-1-R7"})],
        [refunded(), refunded(TransactionId=6)],
    ],
    ids=str,
)
def test_a_refund_that_cannot_be_told_from_others_is_for_a_person_and_not_asked_for(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, seen: list[dict[str, Any]]
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=answer(refunded()))
    acquirer.post(LIST, json=answer([transaction(), *seen]))
    with pytest.raises(OutcomeUnknown, match="cabinet"):
        cloudpayments.fetch_refund(CREDENTIALS, REFUND)
    with pytest.raises(NotSent):
        cloudpayments.refund(CREDENTIALS, REFUND)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        ({"Status": "Created"}, Outcome.PENDING, ""),
        (
            {"Status": "Declined", "ReasonCode": 6013, "Reason": "InvalidRefund"},
            Outcome.DECLINED,
            "6013: InvalidRefund",
        ),
        ({"Status": "Cancelled", "Reason": ""}, Outcome.DECLINED, "CloudPayments gave no reason"),
        ({"Amount": -5000}, Outcome.SUCCEEDED, ""),
    ],
    ids=str,
)
def test_how_a_refund_stands_is_read_off_its_operation(
    acquirer: responses.RequestsMock,
    cloudpayments: CloudPayments,
    change: dict[str, Any],
    outcome: Outcome,
    reason: str,
) -> None:
    acquirer.post(GET, json=paid())
    acquirer.post(FIND_ALL, json=answer(refunded()))
    acquirer.post(LIST, json=answer([refunded(**change)]))
    found = cloudpayments.fetch_refund(CREDENTIALS, REFUND)
    assert found == Refunded("A-1-R1", outcome, REFUND.amount, reason)


def test_a_payment_whose_number_was_never_heard_is_found_for_its_refund(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=paid())
    acquirer.post(FIND_ALL, json=paid())
    assert cloudpayments.fetch_refund(CREDENTIALS, replace(REFUND, payment_id="order-gASGZ")) is None
    acquirer.replace(responses.POST, FIND, json=NOT_FOUND)
    with pytest.raises(OutcomeUnknown, match="no paid order A-1"):
        cloudpayments.fetch_refund(CREDENTIALS, replace(REFUND, payment_id=""))


def test_a_closing_receipt_is_paid_by_the_advance(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(RECEIPT_URL, json={"Success": True, "Message": "Queued", "Model": {"Id": "4Q7o", "ErrorCode": 0}})
    sent = cloudpayments.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING)
    assert sent == SentReceipt("4Q7o", "pending")
    body = asked(acquirer)
    assert (body["Inn"], body["Type"], body["InvoiceId"]) == ("7708806062", "Income", "A-1")
    assert body["CustomerReceipt"]["amounts"] == {"advancePayment": Decimal("25000.50")}
    assert acquirer.calls[0].request.headers["X-Request-ID"] == "A-1-C"


def test_a_closing_receipt_without_the_tills_owner_is_not_sent(cloudpayments: CloudPayments) -> None:
    keys = CREDENTIALS.model_copy(update={"inn": ""})
    with pytest.raises(NotSent, match="inn"):
        cloudpayments.send_receipt(keys, placed(PAYMENT_ID), "A-1-C", CLOSING)


def test_a_receipt_that_the_till_does_not_take_has_failed(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(RECEIPT_URL, json={"Success": False, "Message": "Компания не найдена", "Model": {"ErrorCode": -1}})
    sent = cloudpayments.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING)
    assert sent == SentReceipt("", "failed")


@pytest.mark.parametrize("body", [answer(), answer({}), answer({"Id": ""}), []], ids=str)
def test_a_receipt_without_a_number_leaves_it_unknown(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, body: Any
) -> None:
    acquirer.post(RECEIPT_URL, json=body)
    with pytest.raises(OutcomeUnknown):
        cloudpayments.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING)


@pytest.mark.parametrize(
    ("word", "status"), [("Queued", "pending"), ("NotFound", "pending"), ("Processed", "done"), ("Error", "failed")]
)
def test_how_a_receipt_stands_is_told(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, word: str, status: ReceiptStatus
) -> None:
    acquirer.post(RECEIPT_STATUS, json={"Success": True, "Model": word})
    assert cloudpayments.fetch_receipt(CREDENTIALS, placed(PAYMENT_ID), "4Q7o") == SentReceipt("4Q7o", status)
    assert asked(acquirer) == {"Id": "4Q7o"}


@pytest.mark.parametrize("model", [None, "Moon", 5, {"Status": "Processed"}])
def test_a_word_on_a_receipt_that_is_not_known_is_none(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, model: object
) -> None:
    acquirer.post(RECEIPT_STATUS, json={"Success": True, "Model": model})
    with pytest.raises(OutcomeUnknown):
        cloudpayments.fetch_receipt(CREDENTIALS, placed(PAYMENT_ID), "4Q7o")


def test_the_receipt_that_went_with_a_payment_is_not_told_of(cloudpayments: CloudPayments) -> None:
    assert cloudpayments.fetch_receipt(CREDENTIALS, placed(PAYMENT_ID), "") == SentReceipt("", "pending")


def test_every_word_of_ours_for_receipts_has_one_of_theirs() -> None:
    assert set(VAT_RATES) == set(Vat)
    assert {vat.value: rate for vat, rate in VAT_RATES.items()} == {
        "none": None,
        "vat0": 0,
        "vat5": 5,
        "vat7": 7,
        "vat10": 10,
        "vat20": 20,
        "vat22": 22,
        "vat105": 105,
        "vat107": 107,
        "vat110": 110,
        "vat120": 120,
        "vat122": 122,
    }
    assert set(METHODS) == set(Settlement)
    assert sorted(METHODS.values()) == [1, 2, 3, 4, 5, 6, 7]
    assert OBJECTS == {Subject.COMMODITY: 1, Subject.JOB: 3, Subject.SERVICE: 4, Subject.PAYMENT: 10}
    assert TAX_SYSTEMS == {
        TaxSystem.OSN: 0,
        TaxSystem.USN_INCOME: 1,
        TaxSystem.USN_INCOME_OUTCOME: 2,
        TaxSystem.ESN: 4,
        TaxSystem.PATENT: 5,
    }


ECHO = {"Success": False, "Message": f"Invalid Token {TOKEN} for canary_api_secret"}
VERBS: dict[str, Callable[[CloudPayments], object]] = {
    "charge": lambda one: one.charge_saved_card(CREDENTIALS, CHARGE, lambda _number: None),
    "start": lambda one: one.start_payment(CREDENTIALS, PAGE),
    "start_sbp": lambda one: one.start_payment(CREDENTIALS, replace(PAGE, method="sbp")),
    "fetch": lambda one: one.fetch_payment(CREDENTIALS, placed(PAYMENT_ID)),
    "void": lambda one: one.void(CREDENTIALS, placed("order-1")),
    "refund": lambda one: one.refund(CREDENTIALS, REFUND),
    "fetch_refund": lambda one: one.fetch_refund(CREDENTIALS, REFUND),
    "receipt": lambda one: one.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING),
    "fetch_receipt": lambda one: one.fetch_receipt(CREDENTIALS, placed(PAYMENT_ID), "4Q7o"),
    "check": lambda one: one.check(CREDENTIALS),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("status", "body"),
    [(200, ECHO), (200, f"<html>{TOKEN} canary_api_secret"), (401, ECHO), (500, ECHO), (403, ECHO), (429, ECHO)],
    ids=str,
)
def test_no_secret_and_nothing_that_was_echoed_is_in_what_is_told_of_a_failure(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, verb: str, status: int, body: Any
) -> None:
    acquirer.assert_all_requests_are_fired = False
    for path in ("payments/find", "v2/payments/find"):
        acquirer.post(ROOT + path, json=NOT_FOUND)
    plain = {"body": body} if isinstance(body, str) else {"json": body}
    for path in ("payments/tokens/charge", "orders/create", "payments/qr/sbp/link", "payments/get", "orders/cancel"):
        acquirer.post(ROOT + path, status=status, **plain)
    for path in ("payments/refund", "kkt/receipt", "kkt/receipt/status/get", "test"):
        acquirer.post(ROOT + path, status=status, **plain)
    try:
        told = repr(VERBS[verb](cloudpayments))
    except Trouble as trouble:
        told = "".join(traceback.format_exception_only(trouble))
    assert TOKEN not in told
    assert "canary_api_secret" not in told


def test_no_secret_is_in_what_is_printed_of_credentials_and_orders() -> None:
    assert "canary_api_secret" not in repr(CREDENTIALS)
    assert TOKEN not in repr(CHARGE)

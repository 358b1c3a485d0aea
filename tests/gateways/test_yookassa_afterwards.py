"""YooKassa by canned replies: what follows a payment (refunds, receipts), and that no secret shows anywhere."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import responses
from responses import matchers

from calculations.money import Money
from gateways import (
    Http,
    InvalidSignature,
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    ReceiptStatus,
    Refunded,
    SentReceipt,
    Settlement,
    TaxSystem,
    Trouble,
    Vat,
)
from gateways._yookassa_codes import PAYMENT_MODES, REFUND_REASONS, TAX_SYSTEMS, VAT_CODES
from gateways.yookassa import YooKassa
from tests.gateways.yookassa_replies import (
    CHARGE,
    CREDENTIALS,
    PAGE,
    PAYMENT_ID,
    PAYMENTS,
    RECEIPT,
    RECEIPTS,
    REFUND,
    REFUNDS,
    ROOT,
    TOKEN,
    asked,
    error,
    listed,
    payment,
    placed,
    refund,
)

# every value of RefundCancellationDetails.reason in the OpenAPI specification of API v3
REASONS = [
    "yoo_money_account_closed",
    "insufficient_funds",
    "general_decline",
    "rejected_by_payee",
    "rejected_by_timeout",
    "payment_basket_id_not_found",
    "payment_article_number_not_found",
    "payment_tru_code_not_found",
    "too_many_refunding_articles",
    "some_articles_already_refunded",
]
DONE = Refunded("A-1-R1", Outcome.SUCCEEDED, Money(500_000, "RUB"))
OF_THE_PAYMENT = matchers.query_param_matcher({"payment_id": PAYMENT_ID, "limit": "100"})


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def yookassa() -> YooKassa:
    return YooKassa(Http(ROOT, lambda: 0.0))


def refunded(acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any, status: int = 200) -> Refunded:
    acquirer.get(REFUNDS, json=listed(), match=[OF_THE_PAYMENT])
    acquirer.post(REFUNDS, json=body, status=status)
    return yookassa.refund(CREDENTIALS, REFUND)


def test_a_refund_is_asked_for_under_its_number_as_key_and_as_label(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    assert refunded(acquirer, yookassa, refund()) == DONE
    request = acquirer.calls[1].request
    assert request.headers["Idempotence-Key"] == "A-1-R1"
    assert asked(request) == {
        "payment_id": PAYMENT_ID,
        "amount": {"value": "5000.00", "currency": "RUB"},
        "description": "A-1-R1",
        "metadata": {"order": "A-1", "refund": "A-1-R1"},
    }


def test_a_refunds_receipt_travels_with_it(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(REFUNDS, json=listed())
    acquirer.post(REFUNDS, json=refund())
    yookassa.refund(CREDENTIALS, replace(REFUND, receipt=RECEIPT))
    assert asked(acquirer.calls[1].request)["receipt"]["customer"]["email"] == "client@example.com"


@pytest.mark.parametrize(
    "found", [refund(), refund(metadata=None), refund(description=None), refund(description="another system's")]
)
def test_a_refund_that_was_asked_for_before_is_not_asked_for_again(
    acquirer: responses.RequestsMock, yookassa: YooKassa, found: Any
) -> None:
    """YooKassa keeps a key for a day only; its list of a payment's refunds knows for three years."""
    other = refund(metadata={"refund": "A-1-R2"}, description="A-1-R2")
    acquirer.get(REFUNDS, json=listed(other, found), match=[OF_THE_PAYMENT])
    assert yookassa.refund(CREDENTIALS, REFUND) == DONE
    assert yookassa.fetch_refund(CREDENTIALS, REFUND) == DONE
    assert {call.request.method for call in acquirer.calls} == {"GET"}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_a_refused_refund_is_told_in_words(
    acquirer: responses.RequestsMock, yookassa: YooKassa, reason: str
) -> None:
    body = refund(status="canceled", cancellation_details={"party": "yoo_money", "reason": reason})
    found = refunded(acquirer, yookassa, body)
    assert found.outcome is Outcome.DECLINED
    assert found.reason == f"yoo_money: {reason}: {REFUND_REASONS[reason]}"


@pytest.mark.parametrize("details", [None, {}, {"party": None, "reason": None}])
def test_a_refusal_without_a_reason_says_so(acquirer: responses.RequestsMock, yookassa: YooKassa, details: Any) -> None:
    found = refunded(acquirer, yookassa, refund(status="canceled", cancellation_details=details))
    assert (found.outcome, found.reason) == (Outcome.DECLINED, "YooKassa gave no reason")


def test_a_refund_on_its_way_is_pending(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    assert refunded(acquirer, yookassa, refund(status="pending")).outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, error("invalid_request", "amount"), "invalid_request: amount"),
        (404, error("not_found"), "not_found"),
        (405, error(None), "http_405"),
    ],
)
def test_a_refund_that_is_not_accepted_is_declined(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any, reason: str
) -> None:
    found = refunded(acquirer, yookassa, body, status)
    assert (found.outcome, found.reason) == (Outcome.DECLINED, reason)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (202, {"type": "processing"}),
        (400, error("invalid_request", "Idempotence-Key", "Idempotence key duplicated")),
        (400, {}),
        (200, None),
        (200, refund(status="done")),
        (200, refund(amount={"value": "5000.001", "currency": "RUB"})),
    ],
    ids=str,
)
def test_an_answer_to_a_refund_that_is_not_surely_understood_is_to_be_asked_about(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        refunded(acquirer, yookassa, body, status)


@pytest.mark.parametrize(("status", "body"), [(500, None), (429, None), (200, {}), (404, error("not_found"))], ids=str)
def test_no_refund_is_asked_for_while_the_earlier_ones_cannot_be_seen(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    acquirer.get(REFUNDS, json=body, status=status)
    with pytest.raises(NotSent):
        yookassa.refund(CREDENTIALS, REFUND)


def test_two_refunds_under_one_number_are_for_a_person(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(REFUNDS, json=listed(refund(), refund(id="another")))
    with pytest.raises(OutcomeUnknown, match="2 refunds A-1-R1"):
        yookassa.refund(CREDENTIALS, REFUND)


def test_a_refund_that_is_not_among_the_payments_is_definitely_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(REFUNDS, json=listed(), match=[OF_THE_PAYMENT])
    assert yookassa.fetch_refund(CREDENTIALS, REFUND) is None


def test_a_refund_of_a_payment_nobody_has_heard_of_is_neither_sent_nor_denied(yookassa: YooKassa) -> None:
    nowhere = replace(REFUND, payment_id="")
    with pytest.raises(NotSent):
        yookassa.refund(CREDENTIALS, nowhere)
    with pytest.raises(OutcomeUnknown):
        yookassa.fetch_refund(CREDENTIALS, nowhere)


RECEIPT_ID = "rt-1da5c87d-0984-50e8-a7f3-8de646dd9ec9"
CLOSING = replace(RECEIPT, offset=True, lines=(replace(RECEIPT.lines[0], settlement=Settlement.FULL_PAYMENT),))


def receipt(status: str = "pending", kind: str = "prepayment", value: str = "25000.00") -> dict[str, Any]:
    settled = [{"type": kind, "amount": {"value": value, "currency": "RUB"}}]
    return {"id": RECEIPT_ID, "type": "payment", "payment_id": PAYMENT_ID, "status": status, "settlements": settled}


def closed(acquirer: responses.RequestsMock, yookassa: YooKassa, before: list[Any], body: Any, status: int) -> Any:
    acquirer.get(RECEIPTS, json=listed(*before), match=[OF_THE_PAYMENT])
    if body is not None:
        acquirer.post(RECEIPTS, json=body, status=status)
    return yookassa.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING)


@pytest.mark.parametrize(
    "before",
    [
        [],
        [receipt(kind="cashless")],
        [receipt(value="1.00")],
        [receipt(status="canceled")],
        [receipt() | {"type": "refund", "refund_id": "2d5c8000-0015-5000-8000-1c2a5e5f0a11"}],
    ],
)
def test_a_closing_receipt_offsets_what_was_paid_in_advance(
    acquirer: responses.RequestsMock, yookassa: YooKassa, before: list[Any]
) -> None:
    assert closed(acquirer, yookassa, before, receipt(), 200) == SentReceipt(RECEIPT_ID, "pending")
    request = acquirer.calls[1].request
    assert request.headers["Idempotence-Key"] == "A-1-C"
    body = asked(request)
    assert (body["type"], body["payment_id"], body["send"]) == ("payment", PAYMENT_ID, True)
    assert body["settlements"] == [{"type": "prepayment", "amount": {"value": "25000.00", "currency": "RUB"}}]
    assert [item["payment_mode"] for item in body["items"]] == ["full_payment"]


def test_a_closing_receipt_that_was_sent_before_is_not_sent_again(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    before = [receipt(kind="cashless"), receipt(status="succeeded")]
    assert closed(acquirer, yookassa, before, None, 0) == SentReceipt(RECEIPT_ID, "done")


def test_a_receipt_that_is_not_accepted_has_failed(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    found = closed(acquirer, yookassa, [], error("invalid_request", "items"), 400)
    assert found == SentReceipt("", "failed")


@pytest.mark.parametrize(
    ("status", "body"), [(500, {}), (202, {}), (200, {}), (400, error("invalid_request", "Idempotence-Key"))]
)
def test_an_answer_to_a_receipt_that_is_not_surely_understood_is_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        closed(acquirer, yookassa, [], body, status)


def test_no_receipt_is_sent_while_the_earlier_ones_cannot_be_seen(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(RECEIPTS, status=500)
    with pytest.raises(NotSent):
        yookassa.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING)
    with pytest.raises(NotSent):
        yookassa.send_receipt(CREDENTIALS, placed(), "A-1-C", CLOSING)


@pytest.mark.parametrize(("status", "said"), [("pending", "pending"), ("succeeded", "done"), ("canceled", "failed")])
def test_how_a_receipt_stands_is_asked_by_its_number_or_by_its_payments(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: str, said: ReceiptStatus
) -> None:
    acquirer.get(f"{RECEIPTS}/{RECEIPT_ID}", json=receipt(status))
    acquirer.get(f"{PAYMENTS}/{PAYMENT_ID}", json=payment(receipt_registration=status))
    order = placed(PAYMENT_ID)
    assert yookassa.fetch_receipt(CREDENTIALS, order, RECEIPT_ID) == SentReceipt(RECEIPT_ID, said)
    assert yookassa.fetch_receipt(CREDENTIALS, order, "") == SentReceipt("", said)


@pytest.mark.parametrize(
    ("status", "said"), [("pending", "pending"), ("succeeded", "done"), ("canceled", "failed"), (None, "none")]
)
def test_how_a_refunds_receipt_stands_is_told_beside_the_refund(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: str | None, said: ReceiptStatus
) -> None:
    other = refund(metadata={"refund": "A-1-R2"}, description="A-1-R2", receipt_registration="canceled")
    acquirer.get(REFUNDS, json=listed(other, refund(receipt_registration=status)), match=[OF_THE_PAYMENT])
    assert yookassa.fetch_refund_receipt(CREDENTIALS, REFUND) == said


def test_a_receipt_of_a_refund_that_is_not_there_is_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(REFUNDS, json=listed())
    with pytest.raises(OutcomeUnknown):
        yookassa.fetch_refund_receipt(CREDENTIALS, REFUND)


def test_a_receipt_of_a_payment_that_is_not_there_is_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(f"{PAYMENTS}/{PAYMENT_ID}", json=error("not_found"), status=404)
    for order in (placed(PAYMENT_ID), placed()):
        with pytest.raises(OutcomeUnknown):
            yookassa.fetch_receipt(CREDENTIALS, order, "")


def test_every_rate_tax_system_and_mode_has_yookassas_code() -> None:
    assert set(VAT_CODES) == set(Vat)
    assert sorted(VAT_CODES.values()) == list(range(1, 13))
    assert set(TAX_SYSTEMS) == set(TaxSystem)
    assert set(PAYMENT_MODES) == set(Settlement)
    assert set(PAYMENT_MODES.values()) == {
        "full_prepayment",
        "partial_prepayment",
        "advance",
        "full_payment",
        "partial_payment",
        "credit",
        "credit_payment",
    }


VERBS: dict[str, Callable[[YooKassa], object]] = {
    "check": lambda one: one.check(CREDENTIALS),
    "charge": lambda one: one.charge_saved_card(CREDENTIALS, CHARGE, lambda _number: None),
    "page": lambda one: one.start_payment(CREDENTIALS, PAGE),
    "fetch": lambda one: one.fetch_payment(CREDENTIALS, placed()),
    "fetch by id": lambda one: one.fetch_payment(CREDENTIALS, placed(PAYMENT_ID)),
    "refund": lambda one: one.refund(CREDENTIALS, REFUND),
    "fetch refund": lambda one: one.fetch_refund(CREDENTIALS, REFUND),
    "receipt": lambda one: one.send_receipt(CREDENTIALS, placed(PAYMENT_ID), "A-1-C", CLOSING),
    "fetch receipt": lambda one: one.fetch_receipt(CREDENTIALS, placed(PAYMENT_ID), RECEIPT_ID),
}
ECHO = f"test_canary_secret {TOKEN}"


@pytest.mark.parametrize(("status", "code"), [(s, c) for s in (200, 202, 400, 401, 403, 404, 429, 500) for c in "ab"])
@pytest.mark.parametrize("verb", VERBS)
def test_neither_secret_nor_token_shows_in_any_outcome_of_any_verb(
    yookassa: YooKassa, verb: str, status: int, code: str
) -> None:
    body = error(ECHO if code == "a" else "invalid_request", ECHO, ECHO)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as acquirer:
        for address in (PAYMENTS, f"{PAYMENTS}/{PAYMENT_ID}", REFUNDS, RECEIPTS, f"{RECEIPTS}/{RECEIPT_ID}"):
            listing = address in (PAYMENTS, REFUNDS, RECEIPTS) and not verb.startswith("fetch")
            acquirer.get(address, json=listed() if listing else body, status=200 if listing else status)
        for address in (PAYMENTS, REFUNDS, RECEIPTS):
            acquirer.post(address, json=body, status=status)
        acquirer.get(f"{ROOT}v3/me", json=body, status=status)
        try:
            shown = repr(VERBS[verb](yookassa))
        except (Trouble, InvalidSignature) as trouble:
            shown = "".join(traceback.format_exception(trouble))
    assert "canary" not in shown
    assert "canary" not in f"{CREDENTIALS!r} {CREDENTIALS} {CHARGE!r} {yookassa!r}"


def test_verbs_are_let_in_with_the_shops_own_key(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(REFUNDS, json=error("invalid_credentials"), status=401)
    with pytest.raises(Misconfigured):
        yookassa.refund(CREDENTIALS, REFUND)
    assert acquirer.calls[0].request.headers["Authorization"] == "Basic MTAwNTAwOnRlc3RfY2FuYXJ5X3NlY3JldA=="

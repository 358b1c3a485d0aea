"""YooKassa by canned replies: saved cards, and how its words on a payment are understood."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import (
    DECLINES,
    Http,
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Payment,
    Reason,
)
from gateways._yookassa_answers import Amount, money_of
from gateways._yookassa_codes import NOBODY_REFUSED
from gateways.yookassa import YooKassa
from tests.gateways.answering import answering, reply
from tests.gateways.yookassa_replies import (
    CHARGE,
    CREDENTIALS,
    PAYMENT_ID,
    PAYMENTS,
    RECEIPT,
    ROOT,
    RUB,
    TOKEN,
    asked,
    canceled,
    error,
    listed,
    payment,
    waiting,
)

# every value of PaymentCancellationDetails.reason in the OpenAPI specification of API v3
REFUSALS = {
    "3d_secure_failed": "soft",
    "call_issuer": "soft",
    "card_expired": "hard",
    "country_forbidden": "hard",
    "fraud_suspected": "hard",
    "general_decline": "soft",
    "identification_required": "soft",
    "insufficient_funds": "soft",
    "internal_timeout": "technical",
    "invalid_card_number": "hard",
    "invalid_csc": "needs_client",
    "issuer_unavailable": "technical",
    "payment_method_limit_exceeded": "soft",
    "payment_method_restricted": "hard",
    "permission_revoked": "hard",
    "unsupported_mobile_operator": "hard",
}
NOBODYS = ["canceled_by_merchant", "deal_expired", "expired_on_capture", "expired_on_confirmation"]
DUPLICATED = error("invalid_request", "Idempotence-Key", "Idempotence key duplicated")
RECURRING = error("forbidden", None, "This store can't make recurring payments. Contact the YooMoney manager")


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def yookassa() -> YooKassa:
    return YooKassa(Http(ROOT, lambda: 0.0))


def nothing(_payment_id: str) -> None:
    """Nobody has to be told of YooKassa's number before the money."""


def charge(yookassa: YooKassa) -> Payment:
    return yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)


def charged(acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any, status: int = 200) -> Payment:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=body, status=status)
    return charge(yookassa)


def charged_before(acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any) -> Payment:
    acquirer.reset()
    acquirer.get(PAYMENTS, json=listed(body))
    return charge(yookassa)


def methods(acquirer: responses.RequestsMock) -> list[str]:
    return [str(call.request.method) for call in acquirer.calls]


def test_a_saved_card_is_charged_under_our_number_as_key_and_as_label(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    found = charged(acquirer, yookassa, payment())
    assert found == Payment(
        order_number="A-1",
        payment_id=PAYMENT_ID,
        outcome=Outcome.SUCCEEDED,
        amount=RUB,
        paid_at=datetime(2026, 1, 31, 12, 0, 5, 131_000, tzinfo=UTC),
        receipt_status="done",
    )
    request = acquirer.calls[1].request
    assert request.headers["Idempotence-Key"] == "A-1"
    assert asked(request) == {
        "amount": {"value": "25000.00", "currency": "RUB"},
        "capture": True,
        "description": "Платёж 1 из 4",
        "metadata": {"order": "A-1"},
        "payment_method_id": TOKEN,
    }


def test_a_receipt_travels_with_the_payment_in_yookassas_words(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=payment())
    yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, receipt=RECEIPT), nothing)
    assert asked(acquirer.calls[1].request)["receipt"] == {
        "customer": {"email": "client@example.com", "phone": "79000000000"},
        "tax_system_code": 2,
        "items": [
            {
                "description": "Обучение",
                "quantity": "1.00",
                "measure": "piece",
                "amount": {"value": "25000.00", "currency": "RUB"},
                "vat_code": 12,
                "payment_mode": "partial_prepayment",
                "payment_subject": "service",
            }
        ],
    }


@pytest.mark.parametrize(("reason", "kind"), REFUSALS.items())
def test_each_reason_of_a_refusal_is_a_decline_with_its_policy(
    acquirer: responses.RequestsMock, yookassa: YooKassa, reason: str, kind: str
) -> None:
    found = charged(acquirer, yookassa, canceled(reason))
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, reason)
    assert found.decline_text == f"payment_network: {reason}"
    assert reason in yookassa.declines
    assert DECLINES[yookassa.reason_of(reason)].kind == kind
    assert found.paid_at is None


@pytest.mark.parametrize("reason", NOBODYS)
def test_a_payment_that_nobody_refused_and_nobody_can_pay_any_more_is_cancelled(
    acquirer: responses.RequestsMock, yookassa: YooKassa, reason: str
) -> None:
    found = charged(acquirer, yookassa, canceled(reason))
    assert (found.outcome, found.decline_code) == (Outcome.CANCELLED, reason)
    assert reason in NOBODY_REFUSED


@pytest.mark.parametrize("body", [canceled(None), canceled("a reason, not a code"), canceled("")])
def test_a_canceled_payment_without_a_reason_is_a_decline_without_a_code(
    acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any
) -> None:
    found = charged(acquirer, yookassa, body)
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "")


def test_a_reason_of_tomorrow_is_a_soft_decline(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    found = charged(acquirer, yookassa, canceled("moon_phase"))
    assert found.outcome is Outcome.DECLINED
    assert yookassa.reason_of(found.decline_code) is Reason.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        payment(status="pending", paid=False, captured_at=None),
        payment(status="waiting_for_capture"),
        waiting(payment_method={"type": "bank_card", "id": TOKEN, "saved": True}, confirmation=None),
    ],
)
def test_what_is_on_its_way_is_pending(acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any) -> None:
    assert charged(acquirer, yookassa, body).outcome is Outcome.PENDING


@pytest.mark.parametrize("method", [None, {"type": "bank_card", "id": TOKEN, "saved": True}])
def test_a_bank_that_wants_its_client_leaves_a_soft_decline_with_a_link(
    acquirer: responses.RequestsMock, yookassa: YooKassa, method: Any
) -> None:
    body = waiting(payment_method=method)
    for found in (charged(acquirer, yookassa, body), charged_before(acquirer, yookassa, body)):
        assert (found.outcome, found.payment_id) == (Outcome.ACTION_REQUIRED, PAYMENT_ID)
        assert found.action_url == "https://yoomoney.example/checkout?orderId=2d5c"
        assert yookassa.reason_of(found.decline_code) is Reason.ACTION_REQUIRED


@pytest.mark.parametrize(
    ("status", "body", "code", "reason"),
    [
        (400, error("invalid_request", "amount.value"), "invalid_request", Reason.REQUEST_NOT_ACCEPTED),
        (400, error("invalid_request"), "invalid_request", Reason.REQUEST_NOT_ACCEPTED),
        (
            400,
            error("invalid_request", "payment_method_id"),
            "invalid_request:payment_method_id",
            Reason.CARD_NOT_KNOWN,
        ),
        (404, error("not_found", "payment_method_id"), "not_found:payment_method_id", Reason.CARD_NOT_KNOWN),
        (404, error("not_found"), "not_found", Reason.REQUEST_NOT_ACCEPTED),
        (400, error("payment_method_not_found"), "payment_method_not_found", Reason.CARD_NOT_KNOWN),
        (410, error("gone"), "gone", Reason.CARD_NOT_KNOWN),
        (400, error(None), "http_400", Reason.REQUEST_NOT_ACCEPTED),
        (404, error(None), "http_404", Reason.REQUEST_NOT_ACCEPTED),
        (405, error(None), "http_405", Reason.REQUEST_NOT_ACCEPTED),
        (410, error(None), "http_410", Reason.REQUEST_NOT_ACCEPTED),
        (415, error(None), "http_415", Reason.REQUEST_NOT_ACCEPTED),
    ],
)
def test_a_request_that_yookassa_does_not_accept_is_a_decline_with_its_code(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any, code: str, reason: Reason
) -> None:
    found = charged(acquirer, yookassa, body, status)
    assert (found.outcome, found.decline_code, found.payment_id) == (Outcome.DECLINED, code, "")
    assert found.decline_text
    assert yookassa.declines[code] is reason


def test_a_key_that_was_used_with_another_body_is_no_refusal_since_there_is_a_payment_under_it(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(acquirer, yookassa, DUPLICATED, 400)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, {"type": "processing", "description": "Request accepted", "retry_after": 1800}),
        (201, payment()),
        (302, {}),
        (400, {"detail": "Bad Request"}),
        (404, {"message": "no Route matched with those values"}),
        (409, error("invalid_request")),
        (418, error("teapot")),
        (500, error("internal_server_error")),
        (502, None),
    ],
    ids=str,
)
def test_an_answer_that_is_not_surely_a_refusal_leaves_the_outcome_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(acquirer, yookassa, body, status)
    assert methods(acquirer) == ["GET", "POST"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        "succeeded",
        None,
        {},
        payment(id=None),
        payment(id=""),
        payment(status="SUCCEEDED"),
        payment(status="succeeded", paid=False),
        payment(amount=None),
        payment(amount="25000.00"),
        payment(amount={"value": "25000.00"}),
        payment(amount={"value": "25000.00", "currency": "QQQ"}),
        payment(amount={"value": "25 000.00", "currency": "RUB"}),
        payment(amount={"value": "25000,00", "currency": "RUB"}),
        payment(amount={"value": "25000.005", "currency": "RUB"}),
        payment(amount={"value": "-1.00", "currency": "RUB"}),
        payment(amount={"value": "1e3", "currency": "RUB"}),
        payment(amount={"value": True, "currency": "RUB"}),
        payment(metadata=["order"]),
    ],
    ids=str,
)
def test_an_answer_of_another_shape_leaves_the_outcome_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(acquirer, yookassa, body)


@pytest.mark.parametrize(
    "moment",
    [None, "", "2026-01-31T12:00:05", "2026-01-31", "yesterday", "0001-01-01T00:00:00+03:00", 0, 1769860805, True, {}],
    ids=str,
)
def test_a_moment_that_cannot_be_read_does_not_undo_a_payment(
    acquirer: responses.RequestsMock, yookassa: YooKassa, moment: object
) -> None:
    found = charged(acquirer, yookassa, payment(captured_at=moment))
    assert (found.outcome, found.amount, found.paid_at) == (Outcome.SUCCEEDED, RUB, None)


@pytest.mark.parametrize("moment", ["2026-01-31T12:00:05.131Z", "2026-01-31T15:00:05.131+03:00"])
def test_a_moment_is_read_with_its_zone(acquirer: responses.RequestsMock, yookassa: YooKassa, moment: str) -> None:
    paid_at = charged(acquirer, yookassa, payment(captured_at=moment)).paid_at
    assert paid_at == datetime(2026, 1, 31, 12, 0, 5, 131000, tzinfo=UTC)


@pytest.mark.parametrize("value", ["25000.00", "25000.0", "25000", 25000, 25000.0])
def test_a_sum_is_understood_as_text_and_as_a_number(
    acquirer: responses.RequestsMock, yookassa: YooKassa, value: object
) -> None:
    assert charged(acquirer, yookassa, payment(amount={"value": value, "currency": "RUB"})).amount == RUB


@given(st.integers(min_value=0, max_value=10**14), st.sampled_from(["RUB", "USD", "KZT"]))
def test_every_sum_comes_back_as_it_was_sent(minor: int, currency: str) -> None:
    sum_sent = Money(minor, currency)
    assert money_of(Amount(value=sum_sent.text, currency=currency)) == sum_sent


@pytest.mark.parametrize("metadata", [None, {}, {"order": None}, {"order": 1}, {"order": "B-1"}])
def test_a_payment_that_does_not_bear_our_number_is_not_passed_off_as_ours(
    acquirer: responses.RequestsMock, yookassa: YooKassa, metadata: Any
) -> None:
    assert charged(acquirer, yookassa, payment(metadata=metadata)).order_number != "A-1"


BODIES_401: tuple[Any, ...] = ({}, [], "no object", {"code": "invalid_credentials"})
BODIES_403: tuple[Any, ...] = ({}, [], "no object", {"description": "recurring"})


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, error("invalid_credentials"), "shop_id and secret_key"),
        (403, error("forbidden"), "lacks the right"),
        (403, RECURRING, "enable recurring payments"),
        *((401, body, "shop_id and secret_key") for body in BODIES_401),
        *((403, body, "lacks the right") for body in BODIES_403),
    ],
    ids=str,
)
def test_a_shop_that_is_not_let_in_is_for_a_person_and_says_what_to_ask_for(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any, advice: str
) -> None:
    with pytest.raises(Misconfigured, match=advice):
        charged(acquirer, yookassa, body, status)


@pytest.mark.parametrize("body", ["<html>Blocked</html>", "", "["])
@pytest.mark.parametrize("status", [401, 403])
def test_what_is_no_json_is_no_word_of_yookassas_on_the_shop(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: str
) -> None:
    acquirer.get(PAYMENTS, body=body, status=status)
    with pytest.raises(NotSent):
        charge(yookassa)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_a_page_of_somebody_in_between_is_believed_in_nothing_else(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int
) -> None:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, body="<html>Blocked</html>", status=status)
    with pytest.raises(OutcomeUnknown):
        charge(yookassa)


def test_an_answer_that_yookassa_is_still_working_says_so(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    with pytest.raises(OutcomeUnknown, match="still working"):
        charged(acquirer, yookassa, {"type": "processing", "retry_after": 1800}, 202)


def test_too_many_requests_means_that_nothing_was_sent(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    with pytest.raises(NotSent):
        charged(acquirer, yookassa, error("too_many_requests"), 429)


def test_a_connection_cut_after_the_request_leaves_the_outcome_unknown() -> None:
    with answering(reply("200 OK", '{"type": "list", "items": []}'), b"") as heard, pytest.raises(OutcomeUnknown):
        charge(YooKassa(Http(heard.address, lambda: 0.0)))
    assert b"POST /v3/payments " in heard.requests[1]


def test_payments_of_other_systems_of_the_shop_are_passed_by(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    odd = {"id": 7, "status": "frozen", "created_at": "2026-01-31T12:00:00Z", "metadata": {"order": 1, "x": [None]}}
    acquirer.get(PAYMENTS, json=listed(odd))
    acquirer.post(PAYMENTS, json=payment())
    assert charge(yookassa).outcome is Outcome.SUCCEEDED


def test_a_description_is_cut_and_never_empty(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=payment())
    for description in ("д" * 200, ""):
        yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, description=description), nothing)
    assert [len(asked(acquirer.calls[at].request)["description"]) for at in (1, 3)] == [128, 3]


def test_sums_of_other_currencies_keep_their_decimals(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=payment(amount={"value": "10.50", "currency": "BYN"}))
    found = yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, amount=Money(1050, "BYN")), nothing)
    assert found.amount == Money(1050, "BYN")
    assert asked(acquirer.calls[1].request)["amount"] == {"value": "10.50", "currency": "BYN"}

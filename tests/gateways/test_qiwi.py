"""QIWI's Payin protocol by canned replies: charges of saved cards, and what its words on them mean."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import responses

from gateways import DECLINES, Http, Misconfigured, NotSent, Outcome, OutcomeUnknown, Reason
from gateways._qiwi_codes import DECLINES as CODES
from gateways.qiwi import Qiwi
from tests.gateways.answering import answering, reply
from tests.gateways.checking import lacking, unchecked
from tests.gateways.qiwi_replies import (
    BILL,
    BILLS,
    CARD,
    CHARGE,
    DETAILS,
    NO_SUCH_THING,
    PAYIN,
    PAYMENT,
    REFUND,
    ROOT,
    RUB,
    SITE,
    asked,
    bill,
    declined,
    error,
    on_page,
    payment,
    placed,
    refund,
)

# every API error of the protocol's list of reasons
REASONS = {
    "INVALID_STATE": "hard",
    "INVALID_AMOUNT": "hard",
    "INVALID_RECEIVER_DATA": "hard",
    "DECLINED_BY_MPI": "soft",
    "DECLINED_BY_FRAUD": "hard",
    "REATTEMPT_NOT_PERMITTED": "hard",
    "REATTEMPT_NOT_PERMITTED_BY_PS": "hard",
    "GATEWAY_INTEGRATION_ERROR": "technical",
    "GATEWAY_TECHNICAL_ERROR": "technical",
    "ACQUIRING_MPI_TECH_ERROR": "technical",
    "ACQUIRING_GATEWAY_TECH_ERROR": "technical",
    "ACQUIRING_ACQUIRER_ERROR": "technical",
    "ACQUIRING_AUTH_TECHNICAL_ERROR": "technical",
    "ACQUIRING_ISSUER_NOT_AVAILABLE": "technical",
    "ACQUIRING_SUSPECTED_FRAUD": "hard",
    "ACQUIRING_LIMIT_EXCEEDED": "soft",
    "ACQUIRING_NOT_PERMITTED": "soft",
    "ACQUIRING_INCORRECT_CVV": "needs_client",
    "ACQUIRING_EXPIRED_CARD": "hard",
    "ACQUIRING_INVALID_CARD": "hard",
    "ACQUIRING_INSUFFICIENT_FUNDS": "soft",
    "ACQUIRING_UNKNOWN": "soft",
    "BILL_ALREADY_PAID": "hard",
    "PAYIN_PROCESSING_ERROR": "technical",
    "PAYMENT_EXPIRED_3DS": "soft",
    "TRY_AGAIN_LATER": "technical",
}
# of Mir, group 1: no other try on the same day
NOT_AGAIN_TODAY = ["03", "04", "12", "15", "33", "41", "43", "57", "58", "62", "76", "78", "92", "93", "94", "CD", "TS"]


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def qiwi() -> Qiwi:
    return Qiwi(Http(ROOT, lambda: 0.0, fixed=True))


def nothing(_payment_id: str) -> None:
    raise AssertionError("QIWI places nothing before it is paid")


def test_a_saved_card_is_charged_by_its_token_under_our_number(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(PAYMENT, json=payment())
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert (found.order_number, found.payment_id, found.outcome, found.amount) == (
        "A-1",
        "A-1",
        Outcome.SUCCEEDED,
        RUB,
    )
    assert found.paid_at == datetime(2023, 4, 7, 16, 28, 12, tzinfo=UTC)
    [request] = [call.request for call in acquirer.calls]
    assert request.headers["Authorization"] == "Bearer canary-api-key"
    assert request.headers["Accept"] == "application/json"
    assert asked(request) == {
        "amount": {"currency": "RUB", "value": "3000.00"},
        "paymentMethod": {
            "type": "TOKEN",
            "paymentToken": "canary-token",
            "cardTokenPaymentType": "INITIATED_BY_MERCHANT",
        },
        "customer": {"account": "p1-C_5", "email": "client@example.com"},
        "comment": "Платёж 1 из 4",
        "flags": ["SALE"],
        "callbackUrl": "https://robots.example/webhooks/qiwi/1",
    }


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_a_decline_has_its_policy(acquirer: responses.RequestsMock, qiwi: Qiwi, reason: str) -> None:
    acquirer.put(PAYMENT, json=declined(reason))
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, reason)
    assert DECLINES[qiwi.reason_of(reason)].kind == REASONS[reason]


@pytest.mark.parametrize("detail", NOT_AGAIN_TODAY)
def test_what_the_payment_system_forbids_to_repeat_ends_the_card(
    acquirer: responses.RequestsMock, qiwi: Qiwi, detail: str
) -> None:
    acquirer.put(PAYMENT, json=declined("REATTEMPT_NOT_PERMITTED_BY_PS", detail))
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert found.decline_code == f"REATTEMPT_NOT_PERMITTED_BY_PS {detail}"
    assert DECLINES[qiwi.reason_of(found.decline_code)].kind == "hard"


def test_a_detail_without_a_row_leaves_the_reason(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(PAYMENT, json=declined("ACQUIRING_LIMIT_EXCEEDED", "99"))
    assert qiwi.charge_saved_card(PAYIN, CHARGE, nothing).decline_code == "ACQUIRING_LIMIT_EXCEEDED"


def test_a_cancelled_long_term_order_takes_the_consent_back() -> None:
    assert CODES["REATTEMPT_NOT_PERMITTED_BY_PS TS"] is Reason.CONSENT_REVOKED


def test_a_new_reason_is_a_soft_decline_and_its_text_is_kept_out(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(PAYMENT, json=declined("canary <b>"))
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert (found.outcome, found.decline_code, found.decline_text) == (Outcome.DECLINED, "", "")


def test_a_payment_that_waits_for_3d_secure_needs_its_client(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acs = {"threeDS": {"pareq": "eJyr", "acsUrl": "https://acs.example/"}}
    acquirer.put(PAYMENT, json=payment("WAITING", requirements=acs))
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert (found.outcome, DECLINES[qiwi.reason_of(found.decline_code)].kind) == (
        Outcome.ACTION_REQUIRED,
        "needs_client",
    )


def test_a_payment_on_its_way_and_money_that_is_only_held_are_pending(
    acquirer: responses.RequestsMock, qiwi: Qiwi
) -> None:
    acquirer.put(PAYMENT, json=payment("WAITING"))
    assert qiwi.charge_saved_card(PAYIN, CHARGE, nothing).outcome is Outcome.PENDING
    acquirer.put(PAYMENT, json=payment(capturedAmount={"currency": "RUB", "value": "0.00"}))
    assert qiwi.charge_saved_card(PAYIN, CHARGE, nothing).outcome is Outcome.PENDING


@pytest.mark.parametrize(("value", "minor"), [("2999.99", 299_999), (3000.01, 300_001), (3000, 300_000)])
def test_the_sum_in_hand_is_told_as_qiwi_tells_it(
    acquirer: responses.RequestsMock, qiwi: Qiwi, value: object, minor: int
) -> None:
    acquirer.put(PAYMENT, json=payment(capturedAmount={"currency": "RUB", "value": value}))
    assert qiwi.charge_saved_card(PAYIN, CHARGE, nothing).amount.minor == minor


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (error("validation.error", cause={"paymentToken": ["Token disabled"]}), "validation.error paymentToken"),
        (error("validation.error", cause={"amount": ["Invalid format"]}), "validation.error"),
    ],
)
def test_a_request_that_was_refused_is_a_hard_decline(
    acquirer: responses.RequestsMock, qiwi: Qiwi, body: dict[str, object], code: str
) -> None:
    acquirer.put(PAYMENT, status=400, json=body)
    found = qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, code)
    assert DECLINES[qiwi.reason_of(code)].kind == "hard"
    assert "canary" not in found.decline_text


@pytest.mark.parametrize(
    ("status", "body"), [(401, error("auth.unauthorized")), (403, error("auth.forbidden")), (404, NO_SUCH_THING)]
)
def test_a_key_or_site_that_is_not_accepted_stops_the_terminal_without_a_secret(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: int, body: dict[str, object]
) -> None:
    acquirer.put(PAYMENT, status=status, json=body)
    with pytest.raises(Misconfigured) as caught:
        qiwi.charge_saved_card(PAYIN, CHARGE, nothing)
    assert "canary" not in str(caught.value)
    assert "site_id" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        reply("500 Internal Server Error", ""),
        reply("500 Internal Server Error", '{"errorCode": "internal.error"}'),
        reply("502 Bad Gateway", "<html>"),
        reply("200 OK", "<html>", content_type="text/html"),
        reply("200 OK", '{"paymentId": "A-1"}'),
        reply("200 OK", '{"status": {"value": "NEW"}, "amount": {"value": "1.00", "currency": "RUB"}}'),
        reply("410 Gone", '{"errorCode": "gone"}'),
        reply("400 Bad Request", "{}"),
        b"",
    ],
)
def test_an_answer_that_says_nothing_sure_is_unknown(answer: bytes) -> None:
    with answering(answer) as heard, pytest.raises(OutcomeUnknown) as caught:
        Qiwi(Http(heard.address, lambda: 0.0, fixed=True)).charge_saved_card(PAYIN, CHARGE, nothing)
    assert "canary" not in str(caught.value)


def test_too_many_requests_are_not_sent(qiwi: Qiwi) -> None:
    with answering(reply("429 Too Many Requests", "<html>")) as heard, pytest.raises(NotSent):
        Qiwi(Http(heard.address, lambda: 0.0, fixed=True)).charge_saved_card(PAYIN, CHARGE, nothing)


def test_after_a_lost_answer_a_charge_is_found_by_our_number(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(PAYMENT, json=payment())
    found = qiwi.fetch_payment(PAYIN, placed())
    assert found is not None
    assert (found.order_number, found.outcome, found.amount) == ("A-1", Outcome.SUCCEEDED, RUB)


def test_a_payments_own_word_may_leave_its_number_out(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    body = payment()
    del body["paymentId"]
    acquirer.get(PAYMENT, json=body)
    found = qiwi.fetch_payment(PAYIN, placed("A-1"))
    assert found is not None
    assert found.order_number == "A-1"


def test_only_qiwis_own_word_says_that_there_is_no_order(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(PAYMENT, status=404, json=NO_SUCH_THING)
    acquirer.get(DETAILS, status=404, json=NO_SUCH_THING)
    assert qiwi.fetch_payment(PAYIN, placed()) is None


@pytest.mark.parametrize(
    "body",
    ["<html>404</html>", "{}", '{"errorCode": "http.url.not.found"}', '{"errorCode": "error.code.http.url.not.found"}'],
)
def test_a_404_of_something_else_is_no_word_on_the_order(
    acquirer: responses.RequestsMock, qiwi: Qiwi, body: str
) -> None:
    acquirer.get(PAYMENT, status=404, body=body)
    with pytest.raises(OutcomeUnknown):
        qiwi.fetch_payment(PAYIN, placed())


def test_money_is_given_back_under_our_number(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.put(f"{SITE}/payments/cd4a4ade/refunds/A-1-R1", json=refund())
    found = qiwi.refund(PAYIN, REFUND)
    assert (found.number, found.outcome, found.amount.minor) == ("A-1-R1", Outcome.SUCCEEDED, 100_000)
    assert asked(acquirer.calls[0].request) == {"amount": {"currency": "RUB", "value": "1000.00"}}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("COMPLETED", "succeeded"), ("DECLINED", "declined"), ("DECLINE", "declined"), ("WAITING", "pending")],
)
def test_a_refund_is_asked_about_by_our_number(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: str, outcome: str
) -> None:
    acquirer.get(f"{SITE}/payments/cd4a4ade/refunds/A-1-R1", json=refund(status))
    found = qiwi.fetch_refund(PAYIN, REFUND)
    assert found is not None
    assert found.outcome == outcome


def test_a_refund_that_is_not_there_and_one_that_is_refused(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    path = f"{SITE}/payments/cd4a4ade/refunds/A-1-R1"
    acquirer.get(path, status=404, json=NO_SUCH_THING)
    assert qiwi.fetch_refund(PAYIN, REFUND) is None
    acquirer.put(path, status=400, json=error("refund.incorrect.amount"))
    refused = qiwi.refund(PAYIN, REFUND)
    assert (refused.outcome, refused.reason) == (Outcome.DECLINED, "refund.incorrect.amount")
    acquirer.put(path, status=404, json=NO_SUCH_THING)
    assert qiwi.refund(PAYIN, REFUND).outcome is Outcome.DECLINED


def test_a_card_is_forgotten_with_its_customer(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.delete(f"{SITE}/tokens", status=204)
    qiwi.forget_card(PAYIN, CARD)
    assert asked(acquirer.calls[0].request) == {"customerAccountId": "p1-C_5", "token": "canary-token"}


@pytest.mark.parametrize(
    ("status", "body"), [(404, NO_SUCH_THING), (400, error("validation.error", cause={"token": ["unknown"]}))]
)
def test_a_card_that_is_not_known_any_more_is_forgotten_too(
    acquirer: responses.RequestsMock, qiwi: Qiwi, status: int, body: dict[str, object]
) -> None:
    acquirer.delete(f"{SITE}/tokens", status=status, json=body)
    qiwi.forget_card(PAYIN, CARD)


def test_a_card_that_could_not_be_forgotten_is_said(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.delete(f"{SITE}/tokens", status=400, json=error("validation.error"))
    with pytest.raises(OutcomeUnknown):
        qiwi.forget_card(PAYIN, CARD)


def test_a_shop_of_bills_keeps_no_cards(qiwi: Qiwi) -> None:
    with pytest.raises(Misconfigured, match="protocol"):
        qiwi.charge_saved_card(BILLS, CHARGE, nothing)


def test_the_credentials_are_checked_by_asking_after_nobodys_bill(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(f"{SITE}/bills/connection-check/details", status=404, json=NO_SUCH_THING)
    found = qiwi.check(PAYIN)
    assert (lacking(found), unchecked(found)) == ([], ["keeping and charging cards"])
    acquirer.get(f"{SITE}/bills/connection-check/details", status=401, json=error("auth.unauthorized"))
    with pytest.raises(Misconfigured):
        qiwi.check(PAYIN)


def test_it_is_closed_by_its_owner_with_the_reason_in_both_languages() -> None:
    assert Qiwi.closed is not None
    assert "21.02.2024" in Qiwi.closed.ru
    assert "2024-02-21" in Qiwi.closed.en


def test_a_page_that_was_paid_is_asked_about_by_its_bill(acquirer: responses.RequestsMock, qiwi: Qiwi) -> None:
    acquirer.get(DETAILS, json=bill("PAID", [on_page(), declined("ACQUIRING_LIMIT_EXCEEDED", paymentId="x")]))
    found = qiwi.fetch_payment(PAYIN, placed("cd4a4ade"))
    assert found is not None
    assert (found.order_number, found.payment_id, found.outcome) == ("A-1", "cd4a4ade", Outcome.SUCCEEDED)
    assert str(acquirer.calls[0].request.url).startswith(BILL)

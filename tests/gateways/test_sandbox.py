"""The sandbox's acquirer by canned replies of its protocol (docs/gateways/sandbox.md)."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from calculations.money import Money
from gateways import (
    Headers,
    Http,
    Incoming,
    InvalidSignature,
    Misconfigured,
    Notice,
    Outcome,
    OutcomeUnknown,
    Payment,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
)
from gateways.sandbox import Sandbox, SandboxCredentials
from sandbox.acquirer.outcomes import DECLINES as DECLINES_OF_THE_ACQUIRER

URL = "https://acquirer.example/acquirer/"
CREDENTIALS = SandboxCredentials(shop="demo", secret="canary-secret")
RUB = Money(2_500_000, "RUB")
ORDER = SavedCardOrder("A-1", "canary-token", RUB, "Платёж 1 из 4", "C_5", "client@example.com")
SENT_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
REFUND = RefundOrder("A-1", "sbx-1", "A-1-R1", Money(500_000, "RUB"), Money(0, "RUB"), SENT_AT)
PAID = {
    "id": "sbx-1",
    "order": "A-1",
    "status": "paid",
    "amount": 2_500_000,
    "currency": "RUB",
    "paid_at": "2026-01-31T12:00:00Z",
    "card_mask": "**** 4242",
    "decline_code": None,
    "decline_text": None,
    "action_url": None,
    "receipt_status": "done",
}


def nothing(_payment_id: str) -> None:
    """Nobody has to be told of the acquirer's number before the money."""


def placed(number: str) -> PlacedOrder:
    return PlacedOrder(number, "", RUB, SENT_AT)


def read(sandbox: Sandbox, headers: Headers, body: bytes) -> Notice:
    return sandbox.read_webhook(CREDENTIALS, Incoming(headers, body), lambda _number, _payment_id: None)


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(Http(URL, lambda: 0.0))


def charged(acquirer: responses.RequestsMock, sandbox: Sandbox, body: Any, status: int = 200) -> Payment:
    acquirer.post(f"{URL}charges", json=body, status=status)
    return sandbox.charge_saved_card(CREDENTIALS, ORDER, nothing)


def test_a_paid_charge_is_a_payment_with_the_acquirers_own_figures(
    acquirer: responses.RequestsMock, sandbox: Sandbox
) -> None:
    payment = charged(acquirer, sandbox, PAID)
    assert payment == Payment(
        order_number="A-1",
        payment_id="sbx-1",
        outcome=Outcome.SUCCEEDED,
        amount=RUB,
        paid_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        receipt_status="done",
    )
    assert acquirer.calls[0].request.body is not None
    assert json.loads(acquirer.calls[0].request.body) == {
        "order": "A-1",
        "token": "canary-token",
        "amount": 2_500_000,
        "currency": "RUB",
        "description": "Платёж 1 из 4",
        "customer": "C_5",
        "email": "client@example.com",
    }


def test_a_decline_is_a_result_with_the_acquirers_code(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    body = PAID | {"status": "declined", "paid_at": None, "decline_code": "limit", "decline_text": "Превышен лимит"}
    payment = charged(acquirer, sandbox, body)
    assert (payment.outcome, payment.decline_code, payment.decline_text) == (
        Outcome.DECLINED,
        "limit",
        "Превышен лимит",
    )


def test_a_decline_without_a_code_is_a_decline_all_the_same(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    payment = charged(acquirer, sandbox, PAID | {"status": "declined", "paid_at": None})
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "")


def test_a_bank_that_wants_its_client_gives_a_link(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    body = PAID | {"status": "action_required", "paid_at": None, "action_url": "https://acquirer.example/bank/1"}
    payment = charged(acquirer, sandbox, body)
    assert (payment.outcome, payment.action_url) == (Outcome.ACTION_REQUIRED, "https://acquirer.example/bank/1")


@pytest.mark.parametrize("error", ["unknown_token", "bad_request"])
def test_an_order_the_acquirer_does_not_accept_is_declined(
    acquirer: responses.RequestsMock, sandbox: Sandbox, error: str
) -> None:
    payment = charged(acquirer, sandbox, {"error": error, "field": "token"}, 400)
    assert (payment.outcome, payment.decline_code, payment.decline_text) == (
        Outcome.DECLINED,
        error,
        f"{error}: token",
    )


def test_an_order_number_taken_before_is_to_be_asked_about(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    with pytest.raises(OutcomeUnknown, match="duplicate_order"):
        charged(acquirer, sandbox, {"error": "duplicate_order", "field": "order"}, 409)


@pytest.mark.parametrize(
    ("status", "error"), [(401, "invalid_credentials"), (403, "forbidden"), (404, "no_such_address")]
)
def test_a_shop_that_is_not_let_in_is_for_a_person(
    acquirer: responses.RequestsMock, sandbox: Sandbox, status: int, error: str
) -> None:
    with pytest.raises(Misconfigured, match=error):
        charged(acquirer, sandbox, {"error": error, "field": None}, status)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "paid",
        None,
        {"status": "paid"},
        PAID | {"amount": "2500000"},
        PAID | {"amount": 2500000.0},
        PAID | {"amount": True},
        PAID | {"status": "PAID"},
        PAID | {"currency": "QQQ"},
        PAID | {"paid_at": "2026-01-31T12:00:00"},
    ],
    ids=str,
)
def test_an_answer_of_another_shape_leaves_the_outcome_unknown(
    acquirer: responses.RequestsMock, sandbox: Sandbox, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(acquirer, sandbox, body)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 418, 422])
def test_a_refusal_that_is_not_of_the_protocol_leaves_the_outcome_unknown_and_repeats_nothing(
    acquirer: responses.RequestsMock, sandbox: Sandbox, status: int
) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        charged(acquirer, sandbox, {"error": "your secret is canary-secret"}, status)
    assert "canary" not in str(caught.value)


def test_an_order_is_found_again_or_definitely_unknown(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    acquirer.get(f"{URL}charges?order=A-1", json=PAID)
    found = sandbox.fetch_payment(CREDENTIALS, placed("A-1"))
    assert found is not None
    assert found.outcome is Outcome.SUCCEEDED
    acquirer.get(f"{URL}charges?order=A-2", json={"error": "no_such_order", "field": "order"}, status=404)
    assert sandbox.fetch_payment(CREDENTIALS, placed("A-2")) is None


@pytest.mark.parametrize("body", [{"error": "nothing_here"}, {}, {"detail": "Not Found"}])
def test_a_404_that_is_not_the_acquirers_own_word_does_not_say_that_there_is_no_order(
    acquirer: responses.RequestsMock, sandbox: Sandbox, body: Any
) -> None:
    acquirer.get(f"{URL}charges", json=body, status=404)
    with pytest.raises(OutcomeUnknown):
        sandbox.fetch_payment(CREDENTIALS, placed("A-1"))


def test_a_refund_is_asked_for_under_its_own_number(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    body = {"refund": "A-1-R1", "order": "A-1", "id": "sbx-1", "status": "done", "amount": 500_000, "currency": "RUB"}
    acquirer.post(f"{URL}refunds", json=body)
    acquirer.get(f"{URL}refunds?refund=A-1-R1", json=body)
    done = Refunded("A-1-R1", Outcome.SUCCEEDED, Money(500_000, "RUB"))
    assert sandbox.refund(CREDENTIALS, REFUND) == done
    assert sandbox.fetch_refund(CREDENTIALS, REFUND) == done


def test_a_refund_that_cannot_be_is_declined_and_a_repeated_one_is_asked_about(
    acquirer: responses.RequestsMock, sandbox: Sandbox
) -> None:
    acquirer.post(f"{URL}refunds", json={"error": "amount_exceeds_payment"}, status=422)
    assert sandbox.refund(CREDENTIALS, REFUND).outcome is Outcome.DECLINED
    acquirer.post(f"{URL}refunds", json={"error": "duplicate_refund"}, status=409)
    with pytest.raises(OutcomeUnknown):
        sandbox.refund(CREDENTIALS, REFUND)
    acquirer.get(f"{URL}refunds", json={"error": "no_such_refund"}, status=404)
    assert sandbox.fetch_refund(CREDENTIALS, REFUND) is None


def test_a_check_says_what_the_shop_lacks(acquirer: responses.RequestsMock, sandbox: Sandbox) -> None:
    acquirer.get(f"{URL}check", json={"ok": True, "permissions": ["recurring"]})
    assert sandbox.check(CREDENTIALS) == []
    acquirer.get(f"{URL}check", json={"ok": True, "permissions": []})
    assert "saved cards" in sandbox.check(CREDENTIALS)[0].en
    acquirer.get(f"{URL}check", json={"error": "invalid_credentials", "field": None}, status=401)
    with pytest.raises(Misconfigured):
        sandbox.check(CREDENTIALS)


def signed(body: bytes) -> dict[str, str]:
    return {"X-Sandbox-Signature": hmac.new(b"canary-secret", body, hashlib.sha256).hexdigest()}


def test_a_signed_notice_names_its_order_or_refund(sandbox: Sandbox) -> None:
    charge = b'{"event": "charge", "order": "A-1", "status": "paid", "amount": 1}'
    refund = b'{"event": "refund", "refund": "A-1-R1", "order": "A-1"}'
    assert read(sandbox, signed(charge), charge) == Notice(order_number="A-1")
    assert read(sandbox, signed(refund), refund) == Notice(refund_number="A-1-R1")
    for unknown in (b'{"event": "holiday"}', b"[]", b"\xff"):
        assert read(sandbox, signed(unknown), unknown) == Notice()


@pytest.mark.parametrize("place", range(0, 30, 7))
def test_a_notice_with_any_byte_changed_is_refused(sandbox: Sandbox, place: int) -> None:
    body = bytearray(b'{"event": "charge", "order": "A-1"}')
    headers = signed(bytes(body))
    body[place] ^= 1
    with pytest.raises(InvalidSignature):
        read(sandbox, headers, bytes(body))


@pytest.mark.parametrize("signature", ["", "0" * 64, "не подпись"])
def test_a_notice_without_the_right_signature_is_refused(sandbox: Sandbox, signature: str) -> None:
    with pytest.raises(InvalidSignature):
        read(sandbox, {"X-Sandbox-Signature": signature}, b"{}")
    with pytest.raises(InvalidSignature):
        read(sandbox, {}, b"{}")


def test_every_code_the_acquirer_declines_with_has_a_row(sandbox: Sandbox) -> None:
    assert set(DECLINES_OF_THE_ACQUIRER) <= set(sandbox.declines)


def test_neither_secret_nor_token_shows_in_anything_that_may_be_logged(
    acquirer: responses.RequestsMock, sandbox: Sandbox
) -> None:
    acquirer.post(f"{URL}charges", json={"error": "invalid_credentials"}, status=401)
    with pytest.raises(Misconfigured) as caught:
        sandbox.charge_saved_card(CREDENTIALS, ORDER, nothing)
    shown = f"{caught.value!r} {CREDENTIALS} {ORDER} {ORDER!r} {sandbox!r}"
    assert "canary" not in shown

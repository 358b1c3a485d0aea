"""YooKassa by canned replies: pages and SBP, cards that are saved, orders that are looked up, notices, the shop."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from responses import matchers

from gateways import (
    Http,
    Incoming,
    InvalidSignature,
    Misconfigured,
    Notice,
    NotSent,
    Outcome,
    OutcomeUnknown,
    PageOrder,
    Payment,
    Started,
    StoredCard,
)
from gateways.yookassa import YooKassa
from schemas.declaration import Words
from tests.gateways.checking import lacking, unchecked
from tests.gateways.yookassa_replies import (
    AT,
    CREDENTIALS,
    PAGE,
    PAYMENT_ID,
    PAYMENTS,
    ROOT,
    asked,
    canceled,
    error,
    listed,
    payment,
    placed,
    waiting,
)

SBP = replace(PAGE, method="sbp")
QR = "https://qr.nspk.ru/AD10006M8KH234K782OQM0L13JI31LQD?type=02&bank=100000000009&sum=2500000&cur=RUB&crc=C63A"
SAVED = payment()["payment_method"]


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def yookassa() -> YooKassa:
    return YooKassa(Http(ROOT, lambda: 0.0))


def started(
    acquirer: responses.RequestsMock, yookassa: YooKassa, order: PageOrder, body: Any, status: int = 200
) -> Started:
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=body, status=status)
    return yookassa.start_payment(CREDENTIALS, order)


def fetched(acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any, status: int = 200) -> Payment | None:
    acquirer.get(f"{PAYMENTS}/{PAYMENT_ID}", json=body, status=status)
    return yookassa.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))


def test_a_card_is_paid_on_yookassas_page_and_not_saved_without_consent(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    found = started(acquirer, yookassa, PAGE, waiting())
    assert found == Started(PAYMENT_ID, page_url="https://yoomoney.example/checkout?orderId=2d5c")
    request = acquirer.calls[1].request
    assert request.headers["Idempotence-Key"] == "A-1"
    assert asked(request) == {
        "amount": {"value": "25000.00", "currency": "RUB"},
        "capture": True,
        "description": "Платёж 1 из 4",
        "metadata": {"order": "A-1"},
        "payment_method_data": {"type": "bank_card"},
        "confirmation": {"type": "redirect", "return_url": "https://robots.example/pay/1"},
    }


def test_a_card_is_saved_under_its_clients_name_with_consent(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    started(acquirer, yookassa, replace(PAGE, save_card=True), waiting())
    body = asked(acquirer.calls[1].request)
    assert (body["save_payment_method"], body["merchant_customer_id"]) == (True, "p1-C_5")
    assert body["metadata"] == {"order": "A-1", "save": "yes"}


def test_an_order_whose_saving_was_refused_is_asked_for_without_it_under_a_key_of_its_own(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    forbidden = error("forbidden", None, "This store can't make recurring payments. Contact the YooMoney manager")
    with pytest.raises(Misconfigured, match="recurring"):
        started(acquirer, yookassa, replace(PAGE, save_card=True), forbidden, 403)
    acquirer.replace("POST", PAYMENTS, json=waiting())
    yookassa.start_payment(CREDENTIALS, PAGE)
    first, second = (one.request for one in acquirer.calls if one.request.method == "POST")
    assert (asked(first)["metadata"]["order"], asked(second)["metadata"]["order"]) == ("A-1", "A-1")
    assert first.headers["Idempotence-Key"] != second.headers["Idempotence-Key"]


def test_sbp_gives_the_link_of_a_qr_code(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    body = waiting(confirmation={"type": "qr", "confirmation_data": QR}, payment_method={"type": "sbp", "id": "1"})
    assert started(acquirer, yookassa, SBP, body) == Started(PAYMENT_ID, qr_payload=QR)
    request = asked(acquirer.calls[1].request)
    assert request["payment_method_data"] == {"type": "sbp"}
    assert request["confirmation"] == {"type": "qr", "return_url": "https://robots.example/pay/1"}


@pytest.mark.parametrize(
    "body",
    [
        payment(),
        canceled("expired_on_confirmation"),
        waiting(confirmation=None),
        waiting(confirmation={"type": "redirect"}),
        waiting(confirmation={"type": "redirect", "confirmation_url": "javascript:alert(1)"}),
        waiting(metadata={"order": "B-1"}),
    ],
)
def test_an_order_that_cannot_be_paid_on_a_new_page_is_to_be_asked_about(
    acquirer: responses.RequestsMock, yookassa: YooKassa, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        started(acquirer, yookassa, PAGE, body)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/checkout", "", None, 5])
def test_a_page_without_a_web_address_is_nowhere_to_send_a_client(
    acquirer: responses.RequestsMock, yookassa: YooKassa, url: object
) -> None:
    found = fetched(acquirer, yookassa, waiting(confirmation={"type": "redirect", "confirmation_url": url}))
    assert found is not None
    assert (found.outcome, found.action_url) == (Outcome.REGISTERED, "")


def test_a_page_that_was_placed_before_is_to_be_asked_about_and_not_placed_twice(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(waiting()))
    with pytest.raises(OutcomeUnknown, match="placed before"):
        yookassa.start_payment(CREDENTIALS, PAGE)
    assert len(acquirer.calls) == 1


def test_a_page_that_is_refused_was_not_placed(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    with pytest.raises(NotSent, match=r"invalid_request: receipt\.customer\.phone"):
        started(acquirer, yookassa, PAGE, error("invalid_request", "receipt.customer.phone"), 400)


def test_a_key_of_another_page_leaves_the_outcome_unknown(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    with pytest.raises(OutcomeUnknown):
        started(acquirer, yookassa, PAGE, error("invalid_request", None, "Idempotence key duplicated"), 400)


def test_a_page_is_registered_until_its_client_has_chosen_how_to_pay(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    untouched = fetched(acquirer, yookassa, waiting())
    assert untouched is not None
    assert (untouched.outcome, untouched.action_url) == (
        Outcome.REGISTERED,
        "https://yoomoney.example/checkout?orderId=2d5c",
    )
    acquirer.reset()
    begun = fetched(acquirer, yookassa, waiting(payment_method={"type": "bank_card", "id": "1", "saved": False}))
    assert begun is not None
    assert begun.outcome is Outcome.PENDING


def stored(acquirer: responses.RequestsMock, yookassa: YooKassa, **changes: Any) -> StoredCard | None:
    changes = {"metadata": {"order": "A-1", "save": "yes"}, "merchant_customer_id": "p1-C_5", **changes}
    found = fetched(acquirer, yookassa, payment(**changes))
    assert found is not None
    assert found.outcome is Outcome.SUCCEEDED
    return found.stored_card


def test_a_paid_page_names_the_card_it_saved(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    assert stored(acquirer, yookassa) == StoredCard(
        token="2c000000-000f-5000-9000-000000004444",
        mask="555555******4444",
        expires="2028-07",
        gateway_customer_id="p1-C_5",
        method="card",
    )


@pytest.mark.parametrize(
    ("method", "mask", "expires", "kind"),
    [
        (SAVED | {"card": {"last4": "4444"}}, "********4444", "", "card"),
        (SAVED | {"card": {"last4": 4444, "expiry_year": 2028, "expiry_month": 7}}, "********4444", "2028-07", "card"),
        (SAVED | {"card": {"last4": "4444", "expiry_year": "28", "expiry_month": "13"}}, "********4444", "", "card"),
        (
            {"type": "sbp", "id": "2c-1", "saved": True, "payer_bank_details": {"bank_id": "100000000111"}},
            "СБП **** 0111",
            "",
            "sbp",
        ),
        ({"type": "sbp", "id": "2c-1", "saved": "true"}, "СБП **** 0021", "", "sbp"),
        ({"type": "yoo_money", "id": "2c-12345", "saved": True}, "yoo_money **** 2345", "", "card"),
    ],
)
def test_what_is_saved_is_shown_by_a_mask_that_ends_in_four_digits(
    acquirer: responses.RequestsMock, yookassa: YooKassa, method: Any, mask: str, expires: str, kind: str
) -> None:
    card = stored(acquirer, yookassa, payment_method=method)
    assert card is not None
    assert (card.mask, card.expires, card.method) == (mask, expires, kind)


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_method": SAVED | {"saved": False}},
        {"payment_method": SAVED | {"status": "inactive"}},
        {"payment_method": SAVED | {"card": {"last4": "444"}}},
        {"payment_method": {"type": "bank_card"}},
        {"payment_method": None},
        {"metadata": {"order": "A-1"}},
    ],
)
def test_what_was_not_saved_by_this_payment_or_cannot_be_read_is_no_card_and_no_doubt_about_the_money(
    acquirer: responses.RequestsMock, yookassa: YooKassa, changes: Any
) -> None:
    assert stored(acquirer, yookassa, **changes) is None


@pytest.mark.parametrize(
    ("registration", "status"),
    [
        ("pending", "pending"),
        ("succeeded", "done"),
        ("canceled", "failed"),
        (None, "none"),
        ("something new", "pending"),
    ],
)
def test_how_the_receipt_stands_is_said_beside_the_payment(
    acquirer: responses.RequestsMock, yookassa: YooKassa, registration: str | None, status: str
) -> None:
    found = fetched(acquirer, yookassa, payment(receipt_registration=registration))
    assert found is not None
    assert found.receipt_status == status


def test_an_order_whose_number_at_yookassa_is_known_is_asked_for_by_it(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    assert fetched(acquirer, yookassa, error("not_found"), 404) is None


@pytest.mark.parametrize(("status", "body"), [(404, {}), (404, error("invalid_request")), (400, error("not_found"))])
def test_only_yookassas_own_word_says_that_there_is_no_payment(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        fetched(acquirer, yookassa, body, status)


def window(before: timedelta, after: timedelta, **more: str) -> Any:
    moments = {"created_at.gte": AT - before, "created_at.lte": AT + after}
    texts = {name: at.strftime("%Y-%m-%dT%H:%M:%S.000Z") for name, at in moments.items()}
    return matchers.query_param_matcher({**texts, "limit": "100", **more})


NEAR = (timedelta(hours=1), timedelta(hours=1))
WIDE = (timedelta(days=3), timedelta(days=2))


def test_an_order_is_found_by_its_label_near_the_moment_it_was_placed(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(payment(metadata=None), cursor="c1"), match=[window(*NEAR)])
    acquirer.get(PAYMENTS, json=listed(payment()), match=[window(*NEAR, cursor="c1")])
    found = yookassa.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert (found.outcome, found.payment_id) == (Outcome.SUCCEEDED, PAYMENT_ID)


def test_an_order_that_a_forgotten_process_placed_days_before_is_found_too(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(), match=[window(*NEAR)])
    acquirer.get(PAYMENTS, json=listed(canceled("insufficient_funds")), match=[window(*WIDE)])
    found = yookassa.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert found.outcome is Outcome.DECLINED


def test_an_order_that_is_on_no_page_is_definitely_unknown(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(payment(metadata={"order": "B-1"})))
    assert yookassa.fetch_payment(CREDENTIALS, placed()) is None


def test_a_list_without_an_end_says_nothing_about_an_order(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(cursor="again"))
    with pytest.raises(OutcomeUnknown, match="more than 10000"):
        yookassa.fetch_payment(CREDENTIALS, placed())
    assert len(acquirer.calls) == 100


def test_two_payments_of_one_order_are_for_a_person(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(PAYMENTS, json=listed(payment(), canceled("general_decline", id="another")))
    with pytest.raises(OutcomeUnknown, match="2 payments"):
        yookassa.fetch_payment(CREDENTIALS, placed())


SHOP = {"account_id": "100500", "status": "enabled", "test": False, "payment_methods": ["bank_card", "sbp"]}
NO_SUCH_METHOD = error("invalid_request", "payment_method_id", "Payment method doesn't exist")
NO_RECURRING = error("forbidden", None, "This store can't make recurring payments. Contact the YooMoney manager")


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({}, []),
        ({"status": "disabled"}, ["disabled"]),
        ({"payment_methods": ["sbp", "yoo_money"]}, ["cards"]),
        ({"payment_methods": []}, ["cards", "SBP"]),
    ],
)
def test_a_check_says_what_the_shop_lacks(
    acquirer: responses.RequestsMock, yookassa: YooKassa, changes: Any, lacks: list[str]
) -> None:
    acquirer.get(f"{ROOT}v3/me", json=SHOP | changes)
    acquirer.post(PAYMENTS, json=NO_SUCH_METHOD, status=400)
    found = yookassa.check(CREDENTIALS)
    assert len(lacking(found)) == len(lacks)
    assert all(one in said for one, said in zip(lacks, lacking(found), strict=True))
    assert unchecked(found) == []


def test_a_shop_that_may_not_read_its_settings_shows_by_a_list_that_its_key_is_good(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(f"{ROOT}v3/me", json=error("forbidden"), status=403)
    acquirer.get(PAYMENTS, json=listed())
    acquirer.post(PAYMENTS, json=NO_SUCH_METHOD, status=400)
    found = yookassa.check(CREDENTIALS)
    assert (lacking(found), unchecked(found)) == ([], ["cards and SBP"])
    acquirer.replace("GET", PAYMENTS, json=error("forbidden"), status=403)
    with pytest.raises(Misconfigured):
        yookassa.check(CREDENTIALS)


def test_a_shop_whose_settings_name_no_ways_to_pay_is_to_be_looked_at(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(f"{ROOT}v3/me", json=SHOP | {"payment_methods": None})
    acquirer.post(PAYMENTS, json=NO_SUCH_METHOD, status=404)
    found = yookassa.check(CREDENTIALS)
    assert (lacking(found), unchecked(found)) == ([], ["cards and SBP"])


def checked(acquirer: responses.RequestsMock, yookassa: YooKassa, **answer: Any) -> Sequence[Words]:
    """What a check of a shop in order finds when a charge of nobody's card is answered so."""
    acquirer.get(f"{ROOT}v3/me", json=SHOP)
    acquirer.post(PAYMENTS, **answer)
    return yookassa.check(CREDENTIALS)


def test_a_check_asks_for_recurring_payments_by_a_method_that_nobody_has_and_would_hold_at_most(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    found = checked(acquirer, yookassa, json=NO_RECURRING, status=403)
    assert ["recurring payments" in one for one in lacking(found)] == [True]
    assert unchecked(found) == []
    body = asked(acquirer.calls[1].request)
    assert (body["payment_method_id"], body["capture"]) == ("00000000-0000-5000-8000-000000000000", False)
    assert body["amount"] == {"value": "1.00", "currency": "RUB"}
    assert not {"payment_method_data", "payment_token", "confirmation", "save_payment_method"} & body.keys()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NO_SUCH_METHOD, 400),
        (error("not_found", "payment_method_id"), 404),
        (canceled("permission_revoked"), 200),
    ],
    ids=str,
)
def test_a_shop_that_is_told_of_the_method_may_make_recurring_payments(
    acquirer: responses.RequestsMock, yookassa: YooKassa, answer: Any, status: int
) -> None:
    assert checked(acquirer, yookassa, json=answer, status=status) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"json": error("invalid_request", "amount"), "status": 400},
        {"json": error("forbidden", None, "The key lacks the right"), "status": 403},
        {"json": error("invalid_credentials"), "status": 401},
        {"json": {"type": "processing"}, "status": 202},
        {"body": "", "status": 429},
        {"body": "", "status": 500},
        {"body": "<html>", "status": 403},
        {"json": [], "status": 400},
    ],
    ids=str,
)
def test_an_answer_that_says_nothing_of_recurring_payments_leaves_them_unchecked(
    acquirer: responses.RequestsMock, yookassa: YooKassa, answer: dict[str, Any]
) -> None:
    found = checked(acquirer, yookassa, **answer)
    assert (lacking(found), unchecked(found)) == ([], ["recurring payments (автоплатежи)"])


def test_a_wrong_key_is_for_a_person(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(f"{ROOT}v3/me", json=error("invalid_credentials"), status=401)
    with pytest.raises(Misconfigured, match="secret_key"):
        yookassa.check(CREDENTIALS)


def noticed(yookassa: YooKassa, body: bytes) -> Notice:
    return yookassa.read_webhook(CREDENTIALS, Incoming({}, body), lambda _number, _payment_id: None)


def notice(event: str, subject: dict[str, Any]) -> bytes:
    return json.dumps({"type": "notification", "event": event, "object": subject}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (notice("payment.succeeded", payment()), Notice(order_number="A-1", payment_id=PAYMENT_ID)),
        (notice("payment.canceled", payment(status="pending")), Notice(order_number="A-1", payment_id=PAYMENT_ID)),
        (notice("payment.succeeded", {"id": PAYMENT_ID}), Notice(payment_id=PAYMENT_ID)),
        (
            notice("refund.succeeded", {"id": "r", "payment_id": PAYMENT_ID, "metadata": {"refund": "A-1-R1"}}),
            Notice(payment_id=PAYMENT_ID, refund_number="A-1-R1", of_refund=True),
        ),
        (notice("payment_method.active", {"id": "pm-1"}), Notice()),
        (notice("deal.closed", {}), Notice()),
        (notice("payment.succeeded", {"id": "x" * 65, "metadata": {"order": "A\x001"}}), Notice()),
    ],
)
def test_a_notice_names_what_to_ask_about_and_nothing_else_of_it_is_believed(
    yookassa: YooKassa, body: bytes, said: Notice
) -> None:
    assert noticed(yookassa, body) == said


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"type": "notification"}', b'{"event": "payment.succeeded"}']
)
def test_what_is_no_notification_is_refused(yookassa: YooKassa, body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        noticed(yookassa, body)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_door(body: bytes) -> None:
    try:
        said = noticed(YooKassa(Http(ROOT, lambda: 0.0)), body)
    except InvalidSignature:
        return
    assert said.stored_card is None


@pytest.mark.parametrize(
    ("parameter", "description"),
    [
        ("amount.value", "Amount is above the maximum of this payment method"),
        ("receipt.customer.phone", "Incorrect phone for the payment method"),
    ],
)
def test_what_suits_one_order_ill_is_no_word_on_the_shops_sbp(
    acquirer: responses.RequestsMock, yookassa: YooKassa, parameter: str, description: str
) -> None:
    with pytest.raises(NotSent):
        started(acquirer, yookassa, replace(PAGE, method="sbp"), error("invalid_request", parameter, description), 400)

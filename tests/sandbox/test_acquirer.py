from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP, Acquirer, new_acquirer
from sandbox.acquirer.control import acquirer_control
from sandbox.acquirer.door import acquirer_answer
from sandbox.acquirer.outcomes import DECLINES, OUTCOMES
from sandbox.clock import SandboxClock
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SandboxClock:
    clock = SandboxClock(lambda: NOW)
    clock.stop()
    return clock


@pytest.fixture
def acquirer(clock: SandboxClock) -> Acquirer:
    return new_acquirer(clock.now)


class Shop:
    """A shop that speaks to the acquirer as the service would."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.auth = (DEMO_SHOP, DEMO_SECRET)

    def charge(self, order: str, token: str, /, **other: object) -> requests.Response:
        body = {
            "order": order,
            "token": token,
            "amount": 2500000,
            "currency": "RUB",
            "description": "Платёж 1 из 4",
            "customer": "C_5",
        } | other
        return self.session.post(f"{self.address}/acquirer/charges", json=body, timeout=10)

    def find(self, order: str) -> requests.Response:
        return self.session.get(f"{self.address}/acquirer/charges", params={"order": order}, timeout=10)

    def refund(self, order: str, refund: str, amount: int) -> requests.Response:
        body = {"order": order, "refund": refund, "amount": amount}
        return self.session.post(f"{self.address}/acquirer/refunds", json=body, timeout=10)

    def find_refund(self, refund: str) -> requests.Response:
        return self.session.get(f"{self.address}/acquirer/refunds", params={"refund": refund}, timeout=10)

    def control(self, **wish: object) -> requests.Response:
        return requests.post(f"{self.address}/control/acquirer", json=wish, timeout=10)

    def seen(self, **only: str) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.address}/control/acquirer", params=only, timeout=10).json()
        return answer

    def moved(self, order: str) -> list[tuple[str, int]]:
        return [(one["kind"], one["amount"]) for one in self.seen(order=order)["operations"]]


@pytest.fixture
def shop(acquirer: Acquirer) -> Iterator[Shop]:
    def answer(request: Request) -> Response:
        if request.path.startswith("/control/"):
            return acquirer_control(acquirer, request)
        return acquirer_answer(acquirer, request)

    with served(answer) as address:
        yield Shop(address)


def test_credentials_are_checked(shop: Shop) -> None:
    assert shop.session.get(f"{shop.address}/acquirer/check", timeout=5).json() == {
        "ok": True,
        "permissions": ["recurring"],
    }
    shop.session.auth = (DEMO_SHOP, "wrong")
    refused = shop.session.get(f"{shop.address}/acquirer/check", timeout=5)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_credentials")
    assert shop.charge("A-1", "card_4242_paid").status_code == 401
    assert shop.moved("A-1") == []


def test_a_further_shop_is_accepted_and_has_orders_of_its_own(shop: Shop) -> None:
    shop.charge("A-1", "card_4242_paid")
    shop.control(shops={"second": "its-secret"})
    shop.session.auth = ("second", "its-secret")
    assert shop.find("A-1").status_code == 404
    assert shop.charge("A-1", "card_4242_paid").json()["status"] == "paid"
    assert [one["shop"] for one in shop.seen()["operations"]] == [DEMO_SHOP, "second"]


def test_a_paid_charge_says_everything_and_moves_the_money_once(shop: Shop) -> None:
    paid = shop.charge("A-1", "card_4242_paid", email="client@example.com").json()
    assert paid == {
        "id": "sbx-000001",
        "order": "A-1",
        "status": "paid",
        "amount": 2500000,
        "currency": "RUB",
        "paid_at": "2026-01-31T12:00:00Z",
        "card_mask": "**** 4242",
        "decline_code": None,
        "decline_text": None,
        "action_url": None,
        "receipt_status": "done",
    }
    assert shop.find("A-1").json() == paid
    assert shop.moved("A-1") == [("charge", 2500000)]


@pytest.mark.parametrize("token", ["card_4242_paid", "card_4242_lost_card", "card_4242_pending"])
def test_an_order_is_taken_once_for_ever_whatever_became_of_it(shop: Shop, token: str) -> None:
    first = shop.charge("A-1", token).json()
    moved = shop.moved("A-1")
    again = shop.charge("A-1", "card_4242_paid")
    assert (again.status_code, again.json()["error"]) == (409, "duplicate_order")
    assert shop.find("A-1").json() == first
    assert shop.moved("A-1") == moved


@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card", "expired_card", "limit", "do_not_honor"])
def test_a_declined_card_gives_its_code_and_words(shop: Shop, code: str) -> None:
    declined = shop.charge("A-1", f"card_0002_{code}").json()
    assert declined["status"] == "declined"
    assert declined["decline_code"] == code
    assert declined["decline_text"] == DECLINES[code]
    assert declined["paid_at"] is None
    assert shop.moved("A-1") == []


def test_a_decline_may_come_without_a_reason(shop: Shop) -> None:
    declined = shop.charge("A-1", "card_0002_no_reason").json()
    assert (declined["status"], declined["decline_code"], declined["decline_text"]) == ("declined", None, None)


@pytest.mark.parametrize(
    ("token", "status", "code", "money"),
    [
        ("card_4242_pending", "paid", None, [("charge", 2500000)]),
        ("card_4242_pending_declined", "declined", "do_not_honor", []),
    ],
)
def test_a_pending_charge_settles_when_its_moment_comes(
    shop: Shop, clock: SandboxClock, token: str, status: str, code: str | None, money: list[Any]
) -> None:
    shop.control(pending_seconds=600)
    assert shop.charge("A-1", token).json()["status"] == "pending"
    clock.advance(timedelta(seconds=599))
    assert shop.find("A-1").json()["status"] == "pending"
    assert shop.moved("A-1") == []
    clock.advance(timedelta(seconds=1))
    settled = shop.find("A-1").json()
    assert (settled["status"], settled["decline_code"]) == (status, code)
    assert shop.moved("A-1") == money


def test_a_bank_that_wants_its_client_gives_up_after_a_day(shop: Shop, clock: SandboxClock) -> None:
    waits = shop.charge("A-1", "card_4242_needs_client").json()
    assert waits["status"] == "action_required"
    assert waits["action_url"] == f"{shop.address}/acquirer/pages/{waits['id']}"
    clock.advance(timedelta(hours=24))
    given_up = shop.find("A-1").json()
    assert (given_up["status"], given_up["decline_code"]) == ("declined", "client_absent")
    assert given_up["action_url"] is None


@pytest.mark.parametrize(("agreed", "status"), [(True, "paid"), (False, "declined")])
def test_the_client_decides_on_the_banks_page_once(shop: Shop, acquirer: Acquirer, agreed: bool, status: str) -> None:
    charge_id = shop.charge("A-1", "card_4242_needs_client").json()["id"]
    acquirer.book.answer_for_client(charge_id, agreed)
    acquirer.book.answer_for_client(charge_id, not agreed)
    assert shop.find("A-1").json()["status"] == status
    assert shop.moved("A-1") == ([("charge", 2500000)] if agreed else [])


def test_a_lost_answer_has_moved_the_money(shop: Shop) -> None:
    with pytest.raises(requests.ConnectionError):
        shop.charge("A-1", "card_4242_lost_answer")
    assert shop.find("A-1").json()["status"] == "paid"
    assert shop.moved("A-1") == [("charge", 2500000)]


def test_a_lost_request_never_happened_and_may_be_repeated(shop: Shop) -> None:
    with pytest.raises(requests.ConnectionError):
        shop.charge("A-1", "card_4242_lost_request_then_paid")
    missing = shop.find("A-1")
    assert (missing.status_code, missing.json()["error"]) == (404, "no_such_order")
    assert shop.charge("A-1", "card_4242_lost_request_then_paid").json()["status"] == "paid"
    assert shop.moved("A-1") == [("charge", 2500000)]


@pytest.mark.parametrize(
    ("ending", "http_status", "money"),
    [
        ("error_500_paid", 500, [("charge", 2500000)]),
        ("error_500_nothing", 500, []),
        ("html", 200, []),
    ],
)
def test_an_answer_nobody_can_read_leaves_the_truth_to_a_question(
    shop: Shop, ending: str, http_status: int, money: list[Any]
) -> None:
    answer = shop.charge("A-1", f"card_4242_{ending}")
    assert answer.status_code == http_status
    assert shop.moved("A-1") == money
    assert shop.find("A-1").status_code == (200 if money else 404)


def test_an_unreadable_answer_is_a_web_page(shop: Shop) -> None:
    answer = shop.charge("A-1", "card_4242_html")
    assert answer.headers["Content-Type"].startswith("text/html")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_slow_answer_comes_in_the_end_and_charges_once(shop: Shop) -> None:
    shop.control(slow_seconds=0.3)
    assert shop.charge("A-1", "card_4242_slow").json()["status"] == "paid"
    assert shop.moved("A-1") == [("charge", 2500000)]


def test_a_wrong_amount_is_reported_as_it_was_taken(shop: Shop) -> None:
    assert shop.charge("A-1", "card_4242_wrong_amount").json()["amount"] == 2500001
    assert shop.moved("A-1") == [("charge", 2500001)]


def test_outcomes_of_one_card_may_follow_each_other(shop: Shop) -> None:
    token = "card_4242_insufficient_funds_then_limit_then_paid"
    statuses = [shop.charge(f"A-{number}", token).json()["decline_code"] for number in range(4)]
    assert statuses == ["insufficient_funds", "limit", None, None]
    assert shop.moved("A-2") == shop.moved("A-3") == [("charge", 2500000)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"order": ""}, "order"),
        ({"order": "x" * 256}, "order"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"amount": True}, "amount"),
        ({"currency": "rub"}, "currency"),
        ({"description": None}, "description"),
        ({"customer": ""}, "customer"),
        ({"email": "nobody"}, "email"),
        ({"token": "4111111111111111"}, "token"),
        ({"token": "card_4242_unheard_of"}, "token"),
    ],
)
def test_a_bad_request_names_its_field_and_takes_nothing(shop: Shop, wrong: dict[str, object], field: str) -> None:
    refused = shop.charge("A-1", "card_4242_paid", **wrong)
    assert (refused.status_code, refused.json()["field"]) == (400, field)
    assert shop.seen()["charges"] == []


def test_what_is_not_json_or_nowhere_is_refused(shop: Shop) -> None:
    post = shop.session.post
    assert post(f"{shop.address}/acquirer/charges", data=b"amount=1", timeout=5).status_code == 400
    assert post(f"{shop.address}/acquirer/charges", json=["A-1"], timeout=5).status_code == 400
    assert post(f"{shop.address}/acquirer/wishes", json={}, timeout=5).status_code == 404


def test_a_forgotten_card_is_never_charged_again(shop: Shop) -> None:
    token = "card_4242_paid"
    shop.charge("A-1", token)
    for _ in range(2):
        answer = shop.session.post(f"{shop.address}/acquirer/cards/forget", json={"token": token}, timeout=5)
        assert answer.json() == {"ok": True}
    assert shop.charge("A-2", token).json()["decline_code"] == "card_forgotten"
    assert shop.moved("A-2") == []


def test_refunds_return_up_to_what_was_paid_each_under_its_own_number(shop: Shop) -> None:
    shop.charge("A-1", "card_4242_paid")
    refunded = shop.refund("A-1", "R-1", 1000000).json()
    assert (refunded["status"], refunded["amount"], refunded["currency"]) == ("done", 1000000, "RUB")
    assert shop.find_refund("R-1").json() == refunded
    assert shop.refund("A-1", "R-1", 1000000).json()["error"] == "duplicate_refund"
    too_much = shop.refund("A-1", "R-2", 1500001)
    assert (too_much.status_code, too_much.json()["error"]) == (422, "amount_exceeds_payment")
    assert shop.refund("A-1", "R-3", 1500000).status_code == 200
    assert shop.moved("A-1") == [("charge", 2500000), ("refund", 1000000), ("refund", 1500000)]


def test_only_a_paid_order_is_refunded(shop: Shop) -> None:
    shop.charge("A-1", "card_4242_lost_card")
    assert shop.refund("A-1", "R-1", 100).json()["error"] == "not_paid"
    assert shop.refund("A-2", "R-1", 100).status_code == 404
    assert shop.find_refund("R-1").json()["error"] == "no_such_refund"


def test_a_refunds_answer_may_be_lost_after_or_before_the_money(shop: Shop) -> None:
    shop.charge("A-1", "card_4242_paid")
    shop.control(refund_outcomes=["lost_answer", "lost_request"])
    with pytest.raises(requests.ConnectionError):
        shop.refund("A-1", "R-1", 100)
    with pytest.raises(requests.ConnectionError):
        shop.refund("A-1", "R-2", 200)
    assert shop.find_refund("R-1").status_code == 200
    assert shop.find_refund("R-2").status_code == 404
    assert shop.refund("A-1", "R-2", 200).status_code == 200
    assert shop.moved("A-1") == [("charge", 2500000), ("refund", 100), ("refund", 200)]


@pytest.mark.parametrize(
    ("token", "email", "expected"),
    [
        ("card_4242_paid", None, "none"),
        ("card_4242_paid", "receipt_failed@example.com", "failed"),
        ("card_4242_pending", "client@example.com", "pending"),
        ("card_4242_lost_card", "client@example.com", "none"),
    ],
)
def test_a_receipt_follows_the_charge(shop: Shop, token: str, email: str | None, expected: str) -> None:
    assert shop.charge("A-1", token, email=email).json()["receipt_status"] == expected


def test_every_decline_of_the_table_has_words() -> None:
    codes = {outcome.decline_code for outcome in OUTCOMES.values()} - {None}
    assert codes <= DECLINES.keys()


def test_control_refuses_what_it_does_not_know(shop: Shop) -> None:
    assert shop.control(slow_second=1).status_code == 400
    assert shop.control(refund_outcomes=["happy"]).status_code == 400
    assert shop.control(webhooks={"demo": {"url": "http://127.0.0.1/"}}).status_code == 400

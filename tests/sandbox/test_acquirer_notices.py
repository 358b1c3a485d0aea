import hashlib
import hmac
import json
import queue
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirer import notices as notices_module
from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP, Acquirer, new_acquirer, settle_in_background
from sandbox.acquirer.control import acquirer_control
from sandbox.acquirer.door import acquirer_answer
from sandbox.clock import SandboxClock
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SECRET = "notice-secret"


class Listener:
    """The shop's webhook: keeps what arrives and answers with the statuses it was given, then with 200."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[tuple[bytes, str]] = queue.Queue()
        self.statuses: list[int] = []

    def __call__(self, request: Request) -> Response:
        self.arrived.put((request.get_data(), request.headers["X-Sandbox-Signature"]))
        return Response(status=self.statuses.pop(0) if self.statuses else 200)

    def next(self) -> dict[str, Any]:
        raw, signature = self.arrived.get(timeout=10)
        assert signature == hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        body: dict[str, Any] = json.loads(raw)
        return body


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def webhook(listener: Listener) -> Iterator[str]:
    with served(listener) as address:
        yield f"{address}/webhooks/sandbox/key"


@pytest.fixture
def clock() -> SandboxClock:
    clock = SandboxClock(lambda: NOW)
    clock.stop()
    return clock


@pytest.fixture
def acquirer(clock: SandboxClock) -> Acquirer:
    return new_acquirer(clock.now)


@pytest.fixture
def address(acquirer: Acquirer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(notices_module, "PAUSE_SECONDS", 0.01)

    def answer(request: Request) -> Response:
        if request.path.startswith("/control/"):
            return acquirer_control(acquirer, request)
        return acquirer_answer(acquirer, request)

    with served(answer) as address:
        yield address


def listen(address: str, url: str, **other: object) -> None:
    wish = {"webhooks": {DEMO_SHOP: {"url": url, "secret": SECRET} | other}}
    assert requests.post(f"{address}/control/acquirer", json=wish, timeout=5).status_code == 200


def charge(address: str, order: str, token: str = "card_4242_paid") -> requests.Response:
    body = {"order": order, "token": token, "amount": 100, "currency": "RUB", "description": "x", "customer": "C_5"}
    return requests.post(f"{address}/acquirer/charges", json=body, auth=(DEMO_SHOP, DEMO_SECRET), timeout=10)


def test_a_signed_notice_follows_every_charge_and_refund(address: str, listener: Listener, webhook: str) -> None:
    listen(address, webhook)
    made = charge(address, "A-1").json()
    assert listener.next() == {
        "event": "charge",
        "order": "A-1",
        "id": made["id"],
        "status": "paid",
        "amount": 100,
        "currency": "RUB",
    }
    requests.post(
        f"{address}/acquirer/refunds",
        json={"order": "A-1", "refund": "R-1", "amount": 40},
        auth=(DEMO_SHOP, DEMO_SECRET),
        timeout=5,
    )
    notice = listener.next()
    assert (notice["event"], notice["refund"], notice["amount"]) == ("refund", "R-1", 40)


def test_a_pending_charge_is_told_about_when_it_settles_though_nobody_asks(
    address: str, listener: Listener, webhook: str, acquirer: Acquirer, clock: SandboxClock
) -> None:
    settle_in_background(acquirer)
    listen(address, webhook)
    charge(address, "A-1", "card_4242_pending")
    assert listener.next()["status"] == "pending"
    clock.advance(timedelta(hours=1))
    assert listener.next()["status"] == "paid"


def test_a_notice_may_come_twice(address: str, listener: Listener, webhook: str) -> None:
    listen(address, webhook, copies=2)
    charge(address, "A-1")
    assert listener.next() == listener.next()


def test_a_notice_may_come_before_the_answer(address: str, listener: Listener, webhook: str) -> None:
    listen(address, webhook, before_answer=True)
    assert charge(address, "A-1").json()["status"] == "paid"
    assert listener.arrived.qsize() == 1


def test_a_notice_is_tried_again_until_it_is_taken(address: str, listener: Listener, webhook: str) -> None:
    listener.statuses = [500, 404]
    listen(address, webhook)
    charge(address, "A-1")
    assert listener.next() == listener.next() == listener.next()
    charge(address, "A-2")
    assert listener.next()["order"] == "A-2"
    seen = requests.get(f"{address}/control/acquirer", timeout=5).json()["notices"]
    assert [one["status"] for one in seen[:3]] == [500, 404, 200]


def test_a_notice_still_signed_with_no_listener_does_not_stop_charges(address: str, webhook: str) -> None:
    listen(address, "http://127.0.0.1:9/nobody", before_answer=True)
    assert charge(address, "A-1").json()["status"] == "paid"
    assert requests.get(f"{address}/control/acquirer", timeout=5).json()["notices"][0]["status"] is None


def test_no_notice_is_sent_where_none_is_wanted(address: str, listener: Listener, webhook: str) -> None:
    listen(address, webhook, copies=0)
    charge(address, "A-1")
    listen(address, webhook, before_answer=True)
    charge(address, "A-2")
    assert listener.next()["order"] == "A-2"
    assert listener.arrived.empty()

"""The sandbox as one process for the whole session, and fresh portals with an app for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.outside import Outside, Portal, RestAnswer
from tests.sandbox.receiver import Received, Receiver, receiving


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@dataclass
class Installed:
    """A portal with an installed app whose server is the receiver."""

    outside: Outside
    portal: Portal
    app: dict[str, Any]
    receiver: Receiver

    def rest(self, method: str, **params: Any) -> RestAnswer:
        return self.portal.rest(method, params)

    def add_robot(self, code: str = "pay", **more: Any) -> None:
        """Register a robot with one property and one result."""
        wish: dict[str, Any] = {
            "CODE": code,
            "HANDLER": f"{self.receiver.url}/{code}",
            "AUTH_USER_ID": 1,
            "USE_SUBSCRIPTION": "Y",
            "NAME": {"ru": "Оплата", "en": "Pay"},
            "PROPERTIES": {"amount": {"Name": {"en": "Amount"}, "Type": "string"}},
            "RETURN_PROPERTIES": {"status": {"Name": {"en": "Status"}, "Type": "string"}},
        }
        answer = self.portal.rest("bizproc.robot.add", wish | more)
        assert answer.result is True, answer

    def called(self, code: str = "pay", count: int = 1) -> Received:
        """The latest of `count` calls of a robot."""
        return self.receiver.wait(f"/{code}", count)[count - 1]

    def send(self, call: Received, **values: Any) -> RestAnswer:
        """Answer a robot call."""
        params = {"EVENT_TOKEN": call.body["event_token"], "RETURN_VALUES": values}
        return self.portal.rest("bizproc.event.send", params)

    def flow(self, call: Received) -> dict[str, Any]:
        flow: dict[str, Any] = self.portal.get(f"/workflows/{call.body['workflow_id']}")
        return flow

    def run_robot(self, code: str = "pay", **wish: Any) -> Received:
        """A deal enters the stage where the robot stands; gives the call that reached the handler."""
        before = len(self.receiver.at(f"/{code}"))
        self.portal.delete("/robots")
        self.portal.place_robot(code, "PREPARATION", **wish)
        deal = self.portal.add(2, title="Deal", opportunity="1200.50")
        self.portal.move(2, deal, "PREPARATION")
        call = self.called(code, before + 1)
        assert self.outside.wait_idle()
        return call


@pytest.fixture
def installed(outside: Outside, receiver: Receiver) -> Installed:
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    page = portal.install(app)
    assert page["finished"]
    portal.tokens()
    return Installed(outside, portal, app, receiver)

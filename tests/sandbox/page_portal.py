"""A portal for tests of pages: one robot with every type of field, one deal, a handler that answers on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.bizproc_registry import internal_code
from sandbox.bizproc_store import Registered
from sandbox.clock import SandboxClock
from sandbox.crm_items import create
from sandbox.encoding import parse_query
from sandbox.outside import Outside
from sandbox.pages.frame import Site
from sandbox.portal import App, Installation, Portal, Traits, User
from sandbox.surroundings import surround
from tests.sandbox.served import served

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
CLIENT_ID = "local.0123456789abcd.12345678"


@dataclass
class PagePortal:
    outside: Outside
    site: Site
    portal: Portal
    calls: list[dict[str, Any]]

    @property
    def address(self) -> str:
        return f"{self.outside.url}/pages/portals/{self.portal.member_id}"

    def answer_robot(self, values: dict[str, Any]) -> None:
        """Answer the last robot call as the service would."""
        assert self.outside.world.deliveries.wait_idle(5)
        secret = next(iter(self.portal.webhooks))
        answer = requests.post(
            f"{self.portal.client_endpoint}1/{secret}/bizproc.event.send",
            json={"EVENT_TOKEN": self.calls[-1]["event_token"], "RETURN_VALUES": values},
            timeout=5,
        )
        assert answer.json()["result"] is True


@contextmanager
def page_portal() -> Iterator[PagePortal]:
    """The outside with one portal on a stopped clock, until the block ends."""
    clock = SandboxClock(lambda: NOW)
    clock.stop()
    outside = Outside(clock)
    site = surround(outside)
    outside.start()
    calls: list[dict[str, Any]] = []

    def handler(request: Request) -> Response:
        calls.append(parse_query(request.get_data(as_text=True)))
        return Response("ok")

    with served(handler) as handler_address:
        users = [User(1, "Анна", "Админ", "anna@example.com", admin=True), User(2, "Мария", "Менеджер")]
        portal = outside.create_portal(Traits(), users)
        app = App(CLIENT_ID, "secret", ("crm", "bizproc"))
        portal.installations[CLIENT_ID] = Installation(app, 1, "token", finished=True)
        robot = every_type_robot(f"{handler_address}/robots")
        portal.bizproc.registered[robot.internal] = robot
        try:
            yield PagePortal(outside, site, portal, calls)
        finally:
            outside.stop()


def every_type_robot(handler: str) -> Registered:
    code = "split_invoice"
    return Registered(
        client_id=CLIENT_ID,
        code=code,
        internal=internal_code(CLIENT_ID, code),
        robot=True,
        handler=handler,
        auth_user_id=1,
        use_subscription="Y",
        name={"RU": "Разбить счёт на части", "EN": "Split invoice into parts"},
        description={"RU": "Делает из одной суммы несколько счетов", "EN": "Makes several invoices of one sum"},
        properties={
            "amount": _described("Сумма", "string", hint="Пусто: сумма документа"),
            "parts": _described("Число частей", "int", default="2"),
            "shares": _described("Доли", "text", hint="Например: 50%, 30%, 20%"),
            "first_due_date": _described("Дата первого счёта", "date", required="Y"),
            "remainder": _described(
                "Копейки",
                "select",
                default="spread_first",
                options={"spread_first": "В первый", "spread_last": "В последний"},
            ),
            "notify": _described("Предупредить менеджера", "bool", default="Y"),
            "manager": _described("Менеджер", "user"),
            "items": _described("Элементы", "string", multiple="Y"),
        },
        return_properties={
            "result_status": _described("Итог", "string"),
            "error_text": _described("Причина словами", "string"),
            "part_amounts": _described("Суммы частей", "string", multiple="Y"),
            "due_dates": _described("Даты", "date", multiple="Y"),
            "parts_count": _described("Частей", "int"),
        },
        filter={"INCLUDE": [["crm", "CCrmDocumentDeal"]]},
    )


def add_deal(stand: PagePortal, title: str = "Окна в офис", amount: str = "100000.00") -> int:
    values = {"title": title, "opportunity": Decimal(amount), "isManualOpportunity": True}
    with stand.portal.lock:
        item, _ = create(stand.outside.world, stand.portal, stand.portal.kind(2), values, 1)
    return item.id


def _described(
    title: str,
    kind: str,
    *,
    hint: str = "",
    default: str | None = None,
    required: str = "N",
    multiple: str = "N",
    options: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "NAME": {"RU": title, "EN": title},
        "DESCRIPTION": {"RU": hint} if hint else {},
        "TYPE": kind,
        "REQUIRED": required,
        "MULTIPLE": multiple,
        "OPTIONS": options or {},
        "DEFAULT": default,
    }

"""What an admin's browser and Bitrix24's backend send at installation, for tests that change it."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import click.testing
from sqlalchemy import select

from handlers import create_app
from storage.model import Base, Portal, PortalToken
from tests.handlers.doors import php_form
from tests.outside import eventually
from tests.service import RunningService

INSTALL = "/bitrix24/install"
APP = "/bitrix24/app"
EVENTS = "/bitrix24/events"
QUERY = ("DOMAIN", "PROTOCOL", "LANG", "APP_SID")
SECONDS = 60

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: Mapping[str, str]

    def policy(self, directive: str) -> list[str]:
        """What the Content-Security-Policy says of one directive."""
        parts = [part.split() for part in self.headers["Content-Security-Policy"].split(";")]
        return next(words[1:] for words in parts if words[0] == directive)


def ask(url: str, form: str | None = None, **headers: str) -> Answer:
    """A GET, or a POST of a form; no answer is an error for the test."""
    request = urllib.request.Request(url, None if form is None else form.encode(), headers)
    try:
        with _opener.open(request, timeout=SECONDS) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode(), dict(refused.headers))


def add_to_portal(service: RunningService) -> None:
    """The application stands in the portal's list; nobody has opened it and nothing was sent."""
    service.install(open=False)


def page_fields(service: RunningService, user_id: int = 1, **changes: str | None) -> dict[str, str]:
    """The fields of a page in the portal's frame with a fresh pair; `changes` replace some, None leaves one out."""
    pair = service.portal.tokens(user_id, client_id=service.app["client_id"])
    fields: dict[str, str | None] = {
        "DOMAIN": service.portal.domain,
        "PROTOCOL": "0",
        "LANG": "ru",
        "APP_SID": "5e1f",
        "AUTH_ID": pair["access_token"],
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": pair["refresh_token"],
        "SERVER_ENDPOINT": f"{service.outside.oauth_url}/rest/",
        "APPLICATION_TOKEN": application_token(service),
        "APPLICATION_SCOPE": "crm,bizproc",
        "member_id": service.portal.member_id,
        "status": "L",
        "PLACEMENT": "DEFAULT",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def open_page(service: RunningService, fields: Mapping[str, str], path: str = INSTALL) -> Answer:
    """As the frame does: part of the fields in the address, the others in the body."""
    query = {name: value for name, value in fields.items() if name in QUERY}
    body = {name: value for name, value in fields.items() if name not in QUERY}
    return ask(f"{service.address}{path}?{urlencode(query)}", urlencode(body))


def event_auth(service: RunningService, user_id: int = 1, **changes: str | None) -> dict[str, str]:
    """The `auth` of an event with tokens."""
    pair = service.portal.tokens(user_id, client_id=service.app["client_id"])
    auth: dict[str, str | None] = {
        "access_token": pair["access_token"],
        "refresh_token": pair["refresh_token"],
        "expires_in": "3600",
        "scope": "crm,bizproc",
        "domain": service.portal.domain,
        "status": "L",
        "server_endpoint": f"{service.outside.oauth_url}/rest/",
        "client_endpoint": service.portal.client_endpoint,
        "member_id": service.portal.member_id,
        "application_token": application_token(service),
        **changes,
    }
    return {name: value for name, value in auth.items() if value is not None}


def send_event(service: RunningService, event: str, auth: Mapping[str, str], path: str = EVENTS, **data: str) -> Answer:
    form = {"event": event, "data": {"LANGUAGE_ID": "ru", **data}, "ts": "1789550000", "auth": auth}
    return ask(service.address + path, php_form(form))


def application_token(service: RunningService) -> str:
    installed = service.portal.get()["installed"]
    token: str = installed[service.app["client_id"]]["application_token"]
    return token


def robot_call_status(service: RunningService, token: str) -> int:
    """Whether a robot's call with this application_token is taken."""
    form = {
        "workflow_id": "66f1c0ffee1234.56789012",
        "code": "split_invoice",
        "document_id": ["crm", "CCrmDocumentDeal", "DEAL_712"],
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "event_token": f"66f1c0ffee1234.56789012|A1|{token}",
        "properties": {"parts": "2"},
        "use_subscription": "N",
        "timeout_duration": "0",
        "ts": "1789550123",
        "auth": {"member_id": service.portal.member_id, "application_token": token, "user_id": "1"},
    }
    return ask(f"{service.address}/bitrix24/activities", php_form(form)).status


def command(service: RunningService, *words: str) -> click.testing.Result:
    """`flask --app wsgi ...` of an operator."""
    result = create_app(service.built).test_cli_runner().invoke(args=words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def register_again(service: RunningService) -> click.testing.Result:
    return command(service, "portals", "register", service.portal.member_id)


def everything(service: RunningService) -> dict[str, list[Any]]:
    """All that is registered in the portal, of whatever application, in a fixed order."""
    portal = service.portal
    fields = portal.hook("userfieldconfig.list", {"moduleId": "crm", "filter": {}, "start": -1}).result["fields"]
    return {
        "steps": sorted(portal.get("/registered"), key=lambda one: (one["client_id"], one["code"])),
        "events": sorted((one["client_id"], one["event"], one["handler"]) for one in portal.get("/events")),
        "triggers": sorted((one["code"], one["name"]) for one in portal.get("/triggers")["registered"]),
        "fields": sorted((one["entityId"], one["fieldName"]) for one in fields),
    }


def nothing_stored(service: RunningService) -> bool:
    """No row of a portal and no token."""
    with service.built.database.read() as session:
        return not session.scalars(select(Portal.id)).all() and not session.scalars(select(PortalToken.id)).all()


def stored(service: RunningService) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to be compared before and after what must change nothing."""
    with service.built.database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table.name not in ("workers", "buckets")
        }


def wait_registered(service: RunningService) -> None:
    assert eventually(lambda: not nothing_stored(service), 10)
    service.wait_registered()


class Trap:
    """A host that must never be contacted: it notes whoever connects."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.visits = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(10)
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()

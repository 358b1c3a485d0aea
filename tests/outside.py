"""The sandbox as a process of its own, for tests: started on free ports, steered through its control door."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
TIMEOUT_SECONDS = 60.0

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    """The control door did not do what it was asked; the text is its reason."""


@dataclass(frozen=True)
class RestAnswer:
    """What a portal's REST said: the status and the body as it came."""

    status: int
    body: dict[str, Any]

    @property
    def result(self) -> Any:
        return self.body.get("result")

    @property
    def error(self) -> Any:
        return self.body.get("error")


class Outside:
    """`python -m sandbox.outside` on free ports; usable as a context."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "sandbox.outside", "--port", "0", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.stdout.close()
            raise RuntimeError(f"The sandbox did not start; its exit status is {self._process.wait(10)}")
        self.addresses: dict[str, str] = json.loads(line)
        self.oauth_url = self.addresses["oauth_url"]
        self.smtp_url = self.addresses["smtp_url"]
        self.pages_url = self.addresses["pages_url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
            self._process.wait(20)
        if self._process.stdout:
            self._process.stdout.close()

    def kill(self) -> None:
        """End at once, as a crash would."""
        self._process.kill()
        self._process.wait(20)

    def get(self, path: str, **wish: object) -> Any:
        query = f"?{urlencode(wish)}" if wish else ""
        return self._ask("GET", path + query, None)

    def post(self, path: str, **wish: object) -> Any:
        return self._ask("POST", path, wish)

    def delete(self, path: str, **wish: object) -> Any:
        return self._ask("DELETE", path, wish)

    def create_portal(self, **traits: object) -> Portal:
        """A fresh portal; traits are those of POST /control/portals."""
        return Portal(self, self.post("/portals", **traits))

    def register_app(self, app_url: str, **more: object) -> dict[str, Any]:
        """An application at the OAuth host: `client_id`, `client_secret` and its addresses."""
        app: dict[str, Any] = self.post("/apps", app_url=app_url, **more)
        return app

    def now(self) -> datetime:
        return datetime.fromisoformat(self.get("/clock")["now"])

    def set_clock(self, moment: datetime) -> None:
        self.post("/clock", set=moment.isoformat())

    def forward(self, seconds: int = 0, days: int = 0, months: int = 0) -> None:
        """Move the clock; what falls due meanwhile happens within a moment."""
        self.post("/clock", seconds=seconds, days=days, months=months)

    def wait_idle(self, seconds: float = 10, workflows: bool = False) -> bool:
        """Wait until no call or event is on its way; with `workflows` until no workflow waits either."""
        wish = {"seconds": seconds} | ({"workflows": 1} if workflows else {})
        return bool(self.get("/idle", **wish)["idle"])

    def deliveries(self, **wish: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/deliveries", **wish)
        return found

    def refresh(self, app: dict[str, Any], refresh_token: str) -> RestAnswer:
        """Ask the OAuth host for a new pair."""
        query = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        query |= {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        return fetch(f"{self.oauth_url}/oauth/token/?{urlencode(query)}")

    def app_info(self, token: str) -> RestAnswer:
        return fetch(f"{self.oauth_url}/rest/app.info?{urlencode({'auth': token})}")

    def fault(self, name: str, match: str = "*", **options: object) -> None:
        """Plan a fault of the OAuth host; `match` is token or app.info."""
        self.post("/oauth/faults", name=name, match=match, **options)

    def _ask(self, method: str, path: str, wish: dict[str, Any] | None) -> Any:
        body = None if wish is None else json.dumps(wish).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.oauth_url}/control{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read().decode("utf-8", "replace")
            raise Refused(f"{method} {path}: {refused.code} {text}") from None


class Portal:
    """One portal of the sandbox, as a test's hands and eyes in it."""

    def __init__(self, outside: Outside, shown: dict[str, Any]) -> None:
        self.outside = outside
        self.member_id: str = shown["member_id"]
        self.url: str = shown["url"]
        self.domain: str = shown["domain"]
        self.tls_domain: str = shown["tls_domain"]
        self.client_endpoint: str = shown["client_endpoint"]
        self.webhook: str = next(iter(shown["webhooks"].values()), "")
        self.token = ""

    def get(self, path: str = "", **wish: object) -> Any:
        return self.outside.get(f"/portals/{self.member_id}{path}", **wish)

    def post(self, path: str, **wish: object) -> Any:
        return self.outside.post(f"/portals/{self.member_id}{path}", **wish)

    def delete(self, path: str, **wish: object) -> Any:
        return self.outside.delete(f"/portals/{self.member_id}{path}", **wish)

    def install(self, app: dict[str, Any], **wish: object) -> dict[str, Any]:
        """Install as an admin's browser does; the page's status, HTML and whether installFinish was called."""
        page: dict[str, Any] = self.post("/install", client_id=app["client_id"], **wish)
        return page

    def tokens(self, user_id: int = 1, **wish: object) -> dict[str, Any]:
        """A fresh pair of a user; the access token is the one `rest` uses from now on."""
        pair: dict[str, Any] = self.post("/tokens", user_id=user_id, **wish)
        self.token = pair["access_token"]
        return pair

    def rest(self, method: str, params: dict[str, Any] | None = None, token: str | None = None) -> RestAnswer:
        """Call REST with JSON and an access token."""
        body = (params or {}) | {"auth": self.token if token is None else token}
        return fetch(self.client_endpoint + method, json.dumps(body).encode(), "application/json")

    def hook(self, method: str, params: dict[str, Any] | None = None) -> RestAnswer:
        """Call REST through the admin's incoming webhook."""
        return fetch(self.webhook + method, json.dumps(params or {}).encode(), "application/json")

    def place_robot(self, code: str, stage: str, **wish: object) -> str:
        """Put a robot on a deal's stage (`entityTypeId` for others); gives the step's name."""
        return str(self.post("/robots", code=code, stage=stage, **wish)["step"])

    def define(self, steps: list[dict[str, Any]], **wish: object) -> int:
        """A process of the designer; gives its template's id."""
        return int(self.post("/templates", steps=steps, **wish)["id"])

    def start(self, template_id: int, item_id: int, **wish: object) -> str:
        return str(self.post("/workflows", template_id=template_id, id=item_id, **wish)["id"])

    def add(self, entity_type_id: int, rows: list[dict[str, Any]] | None = None, **fields: object) -> int:
        return int(self.post("/items", entityTypeId=entity_type_id, fields=fields, rows=rows or [])["id"])

    def item(self, entity_type_id: int, item_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/items/{entity_type_id}/{item_id}")
        return found

    def items(self, entity_type_id: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/items", entityTypeId=entity_type_id)
        return found

    def write(self, entity_type_id: int, item_id: int, **fields: object) -> None:
        self.post(f"/items/{entity_type_id}/{item_id}", fields=fields)

    def move(self, entity_type_id: int, item_id: int, stage: str) -> None:
        self.post(f"/items/{entity_type_id}/{item_id}/move", stage=stage)

    def workflows(self, **wish: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/workflows", **wish)
        return found

    def fault(self, name: str, match: str = "*", **options: object) -> None:
        """Plan a fault: `times` (1), `skip` (0) and the fault's own options."""
        self.post("/faults", name=name, match=match, **options)

    def switch(self, **values: object) -> None:
        self.post("/switches", **values)

    def history(self, **wish: object) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/history", **wish)
        return found


def eventually(happened: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it came true in time; asked again every few hundredths of a second."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def fetch(
    url: str, body: bytes | None = None, content_type: str = "application/x-www-form-urlencoded", bearer: str = ""
) -> RestAnswer:
    """One request without following redirects; a body that is no JSON is given as `{"text": ...}`."""
    headers = {"Content-Type": content_type} if body is not None else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    request = urllib.request.Request(url, body, headers)
    try:
        with _plain.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return RestAnswer(answer.status, _body(answer.read()))
    except urllib.error.HTTPError as refused:
        with refused:
            location = {"location": refused.headers["Location"]} if refused.headers["Location"] else {}
            return RestAnswer(refused.code, _body(refused.read()) | location)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_more: object) -> None:
        return None


_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def _body(raw: bytes) -> dict[str, Any]:
    try:
        read = json.loads(raw)
    except ValueError:
        return {"text": raw.decode("utf-8", "replace")}
    return read if isinstance(read, dict) else {"value": read}

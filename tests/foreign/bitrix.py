"""A portal and its authorisation server as another house would build them from the documentation."""

import json
import re
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.foreign.crm import Crm, RestError
from tests.foreign.php import as_json_array, from_form, to_form

RESERVED = {
    "title",
    "usesubscription",
    "istimeout",
    "authuserid",
    "setstatusmessage",
    "statusmessage",
    "timeoutduration",
}
RESERVED |= {"timeoutdurationtype"}
TYPES = {"bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"}
SCOPE = "crm,bizproc,placement,user,userfieldconfig,im"


@dataclass(frozen=True)
class Manner:
    """How a portal behaves where the documentation leaves room."""

    member_id: str = "0123456789abcdef0123456789abcdef"
    rest_path: str = "/rest/"
    original_names: bool = True  # CRM 25 and newer honours useOriginalUfNames
    dates_as_moments: bool = False
    numbers_as_text: bool = False
    codes_in_capitals: bool = False
    errors_with_200: bool = False
    keys_backwards: bool = False
    with_time: bool = True
    busy_every: int = 0  # each n-th request is one too many
    spaced_scope: bool = False


@dataclass
class Step:
    """One robot that waits in a running workflow."""

    code: str
    document: str
    troubles: list[str] = field(default_factory=list)  # what the next answers to bizproc.event.send will be
    answers: list[dict[str, Any]] = field(default_factory=list)
    sends: int = 0


class Bitrix:
    """One portal with one application; `oauth_url` and the portal's endpoint are different ports."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.crm = Crm(manner.original_names, manner.dates_as_moments)
        self.client_id, self.client_secret = "local.5f00ba11.00000001", secrets.token_urlsafe(24)
        self.application_token = secrets.token_hex(16)
        self.access: dict[str, str] = {}
        self.refresh: dict[str, str] = {}
        self.registered: dict[str, dict[str, Any]] = {}
        self.handlers: list[dict[str, Any]] = []
        self.triggers: dict[str, str] = {}
        self.steps: dict[str, Step] = {}
        self.requests: list[str] = []
        self.oauth_requests: list[str] = []
        self.lose: list[str] = []  # methods that are done once more without the answer arriving
        self.foreign_tokens: set[str] = set()  # good ones, but of another application
        self.refreshed = 0
        self._lock = threading.RLock()
        self._user = 1  # whose token the request under way carries; only user 1 is an administrator
        self._servers = [_Server(self, "oauth"), _Server(self, "portal")]
        self.oauth_url = f"http://127.0.0.1:{self._servers[0].server_port}"
        self.domain = f"127.0.0.1:{self._servers[1].server_port}"
        self.endpoint = f"http://{self.domain}{manner.rest_path}"
        self._threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in self._servers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join(10)
            server.server_close()

    # the hands of an admin and of the queue server

    def new_pair(self, user: str = "1") -> tuple[str, str]:
        pair = f"AT.{secrets.token_urlsafe(20)}", f"RT.{secrets.token_urlsafe(20)}"
        self.access[pair[0]], self.refresh[pair[1]] = user, user
        return pair

    def expire(self) -> None:
        """An hour passes for every access token; refresh tokens stay good."""
        self.access.clear()

    def auth(self, **other: Any) -> dict[str, Any]:
        access, refresh = self.new_pair()
        endpoints = {"client_endpoint": self.endpoint, "server_endpoint": f"{self.oauth_url}/rest/"}
        return {
            "application_token": self.application_token,
            "access_token": access,
            "refresh_token": refresh,
            "expires": "1790848800",
            "expires_in": "3600",
            "scope": self.scope,
            "domain": self.domain,
            "status": "L",
            "member_id": self.manner.member_id,
            "user_id": 1,
            **endpoints,
            **other,
        }

    @property
    def scope(self) -> str:
        return SCOPE.replace(",", " ") if self.manner.spaced_scope else SCOPE

    def install_in_frame(self, service: str, language: str = "ru", user: str = "1", **other: Any) -> tuple[int, str]:
        """The administrator opens the application: half of the data in the address, half in the body."""
        access, refresh = self.new_pair(user)
        query = to_form({"DOMAIN": self.domain, "PROTOCOL": 0, "LANG": language, "APP_SID": secrets.token_hex(8)})
        body = {"AUTH_ID": access, "AUTH_EXPIRES": 3600, "REFRESH_ID": refresh, "member_id": self.manner.member_id}
        body |= {
            "status": "L",
            "PLACEMENT": "DEFAULT",
            "PLACEMENT_OPTIONS": "[]",
            "SERVER_ENDPOINT": f"{self.oauth_url}/rest/",
        }
        body |= {"APPLICATION_TOKEN": self.application_token, "APPLICATION_SCOPE": self.scope} | other
        kept = {key: value for key, value in body.items() if value is not None}
        return post(f"{service}/bitrix24/install?{query}", to_form(kept).encode())

    def install_by_event(self, service: str, **other: Any) -> tuple[int, str]:
        data = {"VERSION": 1, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
        event = {"event": "ONAPPINSTALL", "data": data, "ts": "1790845200", "auth": self.auth(**other)}
        return post(f"{service}/bitrix24/install", to_form(event).encode())

    def call(self, code: str, document: list[str], properties: dict[str, Any] | None, **other: Any) -> dict[str, Any]:
        """The body of a robot's call; a workflow then waits for its answer."""
        workflow, random = f"{secrets.token_hex(7)}.{secrets.randbelow(10**8):08}", secrets.token_urlsafe(24)
        token = f"{workflow}|A{secrets.randbelow(10**5)}_1_2_3|{random}.{secrets.token_hex(32)}"
        self.steps[token] = Step(code, document[2])
        body: dict[str, Any] = {
            "auth": self.auth(**other.pop("auth", {})),
            "event_token": token,
            "use_subscription": "Y",
        }
        body |= {"document_type": [*document[:2], document[2].rpartition("_")[0]], "document_id": document}
        body |= {"ts": "1790845200", "code": code, "workflow_id": workflow, "timeout_duration": 0}
        return body | ({} if properties is None else {"properties": properties}) | other

    def deliver(self, body: dict[str, Any], handler: str = "", *, as_json: bool = False) -> tuple[int, str]:
        """The queue server posts to the address the code was registered with."""
        address = handler or self.registered[body["code"]]["HANDLER"]
        if as_json:
            return post(address, json.dumps(body).encode(), "application/json; charset=utf-8")
        return post(address, to_form(body).encode())

    # REST

    def rest(self, method: str, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.requests.append(method)
            if self.manner.busy_every and len(self.requests) % self.manner.busy_every == 0:
                return self._refusal(RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503))
            token = str(wish.pop("auth", ""))
            if token not in self.access:
                return self._refusal(RestError("expired_token", "The access token provided has expired", 401))
            self._user = int(self.access[token])
            begun = len(self.requests)
            try:
                answer = self._batch(wish) if method.lower() == "batch" else self._envelope(self._run(method, wish))
            except RestError as error:
                return self._refusal(error)
            lost = next((one for one in self.lose if f"> {one}" in self.requests[begun:]), None)
            if lost:
                self.lose.remove(lost)
                raise LostAnswer
        if self.manner.with_time:
            answer["time"] = {"start": 1790845200.1, "duration": 0.01, "operating": 0, "operating_reset_at": 1790845800}
        spoken: dict[str, Any] = self._spoken(answer)
        return 200, spoken

    def _envelope(self, result: Any) -> dict[str, Any]:
        if not isinstance(result, dict) or "@next" not in result:
            return {"result": result}
        total = {"total": result.pop("@total")} if "@total" in result else {}
        more: dict[str, Any] = result.pop("@next")
        return total | more | {"result": result}

    def _refusal(self, error: RestError) -> tuple[int, dict[str, Any]]:
        code = error.code.upper() if self.manner.codes_in_capitals else error.code
        politely = self.manner.errors_with_200 and error.status == 400
        return (200 if politely else error.status), {"error_description": error.text, "error": code}

    def _spoken(self, value: Any) -> Any:
        """As this portal's PHP puts it in JSON."""
        if isinstance(value, dict):
            pairs = [(key, self._spoken(inner)) for key, inner in value.items()]
            return as_json_array(dict(reversed(pairs) if self.manner.keys_backwards else pairs))
        if isinstance(value, list):
            return [self._spoken(inner) for inner in value]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if number and self.manner.numbers_as_text else value

    def _batch(self, wish: dict[str, Any]) -> dict[str, Any]:
        commands = wish.get("cmd") or {}
        named = (
            list(commands.items())
            if isinstance(commands, dict)
            else [(str(at), one) for at, one in enumerate(commands)]
        )
        if len(named) > 50:
            raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        said: dict[str, dict[str, Any]] = {
            name: {} for name in ("result", "result_error", "result_total", "result_next")
        }
        for key, command in named:
            method, _, query = command.partition("?")
            try:
                answer = self._envelope(self._run(method, _referring(from_form(query), said["result"])))
            except RestError as error:
                said["result_error"][key] = {"error": self._refusal(error)[1]["error"], "error_description": error.text}
                if str(wish.get("halt") or 0) not in ("0", "false"):
                    break
                continue
            said["result"][key] = answer["result"]
            said["result_total"] |= {key: answer["total"]} if "total" in answer else {}
            said["result_next"] |= {key: answer["next"]} if "next" in answer else {}
        if self.manner.with_time:
            said["result_time"] = {key: {"duration": 0.02, "operating": 0.02} for key in said["result"]}
        return {"result": said}

    def _run(self, method: str, wish: dict[str, Any]) -> Any:
        method = method.removesuffix(".json").lower()
        if method != "batch":
            self.requests.append(f"> {method}")
        upper = {key.upper(): value for key, value in wish.items()}
        kind, _, verb = method.rpartition(".")
        if kind in ("bizproc.robot", "bizproc.activity") and verb in ("add", "update", "delete", "list"):
            return self._registration(kind == "bizproc.robot", verb, upper)
        crm = self.crm
        match method:
            case "bizproc.event.send":
                return self._event_send(upper)
            case "server.time":
                return "2026-10-01T12:00:00+03:00"
            case "user.current" | "profile":
                return {"ID": self._user, "ADMIN": self._user == 1, "NAME": "Admin", "TIME_ZONE": ""}
            case "user.admin":
                return self._user == 1
            case "scope":
                return SCOPE.split(",")
            case "app.info":
                return {"ID": 5, "CODE": self.client_id, "STATUS": "L", "INSTALLED": True, "LICENSE": "ru_tf"}
            case "event.get" | "placement.get":
                return [one for one in self.handlers if one["method"] == method.removesuffix(".get")]
            case "event.bind" | "placement.bind":
                self.handlers.append(
                    {key.lower(): value for key, value in wish.items()} | {"method": method.removesuffix(".bind")}
                )
                return True
            case "crm.activity.todo.add":
                crm.todos.append(wish)
                return {"id": crm.number()}
            case "crm.activity.list":
                return self.crm.todo_list(wish)
            case "crm.currency.base.get":
                return "RUB"
            case "crm.automation.trigger.add":
                self.triggers[wish["CODE"]] = wish["NAME"]
                return True
            case "crm.automation.trigger.list":
                return [{"CODE": code, "NAME": name} for code, name in self.triggers.items()]
            case "crm.timeline.comment.add" if "fields" in wish:
                crm.comments.append(wish["fields"])
                return crm.number()
        routes = {
            "crm.item.add": crm.item_add,
            "crm.item.update": crm.item_update,
            "crm.item.get": crm.item_get,
            "crm.item.delete": crm.item_delete,
            "crm.item.list": crm.item_list,
            "crm.item.fields": crm.item_fields,
            "crm.item.productrow.set": crm.productrow_set,
            "crm.item.productrow.list": crm.productrow_list,
            "crm.type.add": crm.type_add,
            "crm.type.list": crm.type_list,
            "crm.category.list": crm.category_list,
            "crm.status.list": crm.status_list,
            "crm.status.add": crm.status_add,
            "userfieldconfig.add": crm.field_add,
            "userfieldconfig.list": crm.field_list,
        }
        if method not in routes:
            raise RestError("ERROR_METHOD_NOT_FOUND", f"Method {method} not found", 404)
        return routes[method](wish)

    def _registration(self, robot: bool, verb: str, wish: dict[str, Any]) -> Any:
        if verb == "list":
            return [code for code, one in self.registered.items() if one["robot"] == robot]
        code = str(wish.get("CODE") or "")
        known = self.registered.get(code)
        if verb == "add" and known:
            raise RestError("ERROR_ACTIVITY_ALREADY_INSTALLED", "Activity or Robot already installed!")
        if verb != "add" and (known is None or known["robot"] != robot):
            raise RestError("ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
        if verb == "delete":
            return bool(self.registered.pop(code))
        given = wish if verb == "add" else {key.upper(): value for key, value in (wish.get("FIELDS") or {}).items()}
        _check_registration(code, given, known)
        self.registered[code] = (known or {}) | given | {"robot": robot}
        return True

    def _event_send(self, wish: dict[str, Any]) -> Any:
        step = self.steps.get(str(wish.get("EVENT_TOKEN")))
        if step is None:
            raise RestError("ACCESS_DENIED", "Access denied!", 403)
        step.sends += 1
        trouble = step.troubles.pop(0) if step.troubles else ""
        if trouble == "locked":
            raise RestError("423", "Рабочий процесс заблокирован")
        if trouble == "locked in words":
            raise RestError("", "Instance is locked. Try again later.")
        if trouble == "gone":
            raise RestError("404", "Экземпляр рабочего процесса не найден")
        if trouble == "forged":
            raise RestError("ACCESS_DENIED", "Access denied!", 403)
        if not step.answers:
            returned = {key.lower(): value for key, value in (wish.get("RETURN_VALUES") or {}).items()}
            step.answers.append(returned | {"@log": wish.get("LOG_MESSAGE")})
        if trouble == "lost":
            raise LostAnswer
        return True

    # OAuth

    def app_info(self, token: str) -> tuple[int, dict[str, Any]]:
        if token not in self.access:
            return 401, {"error": "EXPIRED_TOKEN" if self.manner.codes_in_capitals else "expired_token"}
        install = {"installed": True, "version": "1", "status": "L", "scope": self.scope, "domain": self.domain}
        install |= {
            "uri": f"http://{self.domain}",
            "client_endpoint": self.endpoint,
            "member_id": self.manner.member_id,
        }
        user = int(self.access[token])
        result = {
            "user_id": user,
            "install": install,
            "expires": 1790848800,
            "scope": self.scope,
            "client_id": "local.another" if token in self.foreign_tokens else self.client_id,
        }
        return 200, self._spoken({"result": result, "time": {}})

    def token(self, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if (wish.get("client_id"), wish.get("client_secret")) != (self.client_id, self.client_secret):
                return 200, {"error": "wrong_client", "error_description": "Wrong client"}
            user = self.refresh.pop(str(wish.get("refresh_token")), "")
            if wish.get("grant_type") != "refresh_token" or not user:
                return 400, {"error": "invalid_grant", "error_description": "Invalid grant"}
            access, refresh = self.new_pair(user)
            self.refreshed += 1
        auth = {
            "access_token": access,
            "refresh_token": refresh,
            "expires": 1790848800,
            "expires_in": 3600,
            "scope": self.scope,
        }
        auth |= {"domain": urlsplit(self.oauth_url).netloc, "server_endpoint": f"{self.oauth_url}/rest/", "status": "L"}
        auth |= {"client_endpoint": self.endpoint, "member_id": self.manner.member_id, "user_id": int(user)}
        return 200, self._spoken(auth)


class LostAnswer(Exception):
    """The portal did it, and the connection broke before it could say so."""


def _check_registration(code: str, given: dict[str, Any], known: dict[str, Any] | None) -> None:
    def require(holds: object, text: str) -> None:
        if not holds:
            raise RestError("ERROR_ACTIVITY_VALIDATION_FAILURE", text)

    require(given, "No fields to update")
    require(re.fullmatch(r"[a-z0-9.\-_]{1,128}", code, re.IGNORECASE), "Wrong activity code!")
    handler = urlsplit(str(given.get("HANDLER") or (known or {}).get("HANDLER")))
    if handler.scheme not in ("http", "https"):
        raise RestError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if "." not in (handler.hostname or ""):
        raise RestError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    require(given.get("NAME") or known, "Empty activity NAME!")
    for kind in ("PROPERTIES", "RETURN_PROPERTIES"):
        for key, one in (given.get(kind) or {}).items():
            upper = {name.upper(): value for name, value in one.items()}
            require(re.fullmatch(r"[a-z][a-z0-9_]*", key, re.IGNORECASE), f"Wrong property key ({key})!")
            require(key.lower() not in RESERVED, f"Reserved property key ({key})!")
            require(upper.get("NAME"), f"Empty property NAME ({key})!")
            require(upper.get("TYPE", "string") in TYPES, f"Unknown type ({key})!")
    rules = given.get("FILTER") or {}
    require(isinstance(rules, dict) and set(rules) <= {"INCLUDE", "EXCLUDE"}, "Wrong activity FILTER!")


def _referring(value: Any, results: dict[str, Any]) -> Any:
    """`$result[key][field]` stands for what an earlier command of the batch gave."""
    if isinstance(value, dict):
        return {key: _referring(inner, results) for key, inner in value.items()}
    if isinstance(value, list):
        return [_referring(inner, results) for inner in value]
    if not isinstance(value, str) or not value.startswith("$result"):
        return value
    found: Any = results
    for name in re.findall(r"\[([^\]]*)\]", value):
        found = (found[int(name)] if isinstance(found, list) else found.get(name)) if found else ""
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, bitrix: Bitrix, role: str) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.bitrix, self.role = bitrix, role


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        is_json = (self.headers.get("Content-Type") or "").startswith("application/json")
        self._answer(json.loads(body or "{}") if is_json else from_form(body))

    def _answer(self, body: dict[str, Any]) -> None:
        bitrix, address = self.server.bitrix, urlsplit(self.path)
        wish = from_form(address.query) | body
        try:
            if self.server.role == "oauth":
                status, said = self._oauth(bitrix, address.path, wish)
            elif address.path.startswith(bitrix.manner.rest_path):
                status, said = bitrix.rest(address.path.removeprefix(bitrix.manner.rest_path), wish)
            else:
                status, said = 404, {"error": "ERROR_METHOD_NOT_FOUND"}
        except LostAnswer:
            self.close_connection = True
            return
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(text)

    @staticmethod
    def _oauth(bitrix: Bitrix, path: str, wish: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        bitrix.oauth_requests.append(path)
        if path.rstrip("/") == "/oauth/token":
            return bitrix.token(wish)
        if path.removesuffix(".json") == "/rest/app.info":
            return bitrix.app_info(str(wish.get("auth")))
        return 404, {"error": "ERROR_METHOD_NOT_FOUND"}

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is for its failures."""


def post(address: str, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> tuple[int, str]:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(
            "POST", target, body, {"Content-Type": content_type, "User-Agent": "Bitrix24 Webhook Engine"}
        )
        with connection.getresponse() as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()

"""What each planned fault does to a request, an answer or a single command."""

from __future__ import annotations

import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.errors import RestError
from sandbox.faults import REQUEST_FAULTS, Fault, Faults
from sandbox.portal import Portal
from sandbox.servers import ConnectionCut

_ON_COMMANDS = frozenset({"error", "locked", "item_deleted", "item_changed"})
_ON_REQUESTS = frozenset(REQUEST_FAULTS) - _ON_COMMANDS
_PAGE = "<!DOCTYPE html><html><head><title>Bitrix24</title></head><body>Ведутся технические работы</body></html>"

_REFUSALS: dict[str, tuple[int, str, str]] = {
    "error_500": (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    "overload": (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    "bucket": (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "operating": (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    "expired_token": (401, "expired_token", "The access token provided has expired."),
    "invalid_token": (401, "invalid_token", "Unable to get application by token"),
    "no_access": (403, "user_access_error", "The user does not have access to the application."),
    "plan": (403, "ACCESS_DENIED", "REST API is available only on commercial plans"),
    "payment_required": (401, "PAYMENT_REQUIRED", "Subscription has been ended"),
}


def strike_request(faults: Faults, subjects: list[str]) -> Fault | None:
    """The planned fault for this request, found by its method or by a command of its batch."""
    if not faults.planned:
        return None
    return next((fault for subject in subjects if (fault := faults.take(subject, _ON_REQUESTS))), None)


def before(portal: Portal | None, request: Request, fault: Fault | None) -> Response | None:
    """Let a fault act before anything happens; a response given here stands in for the whole request."""
    if fault is None:
        return None
    options = fault.options
    if fault.name in _REFUSALS:
        raise RestError(*_REFUSALS[fault.name])
    match fault.name:
        case "refuse":
            raise ConnectionCut(reset=True)
        case "lost_before":
            raise ConnectionCut()
        case "delay":
            time.sleep(float(options.get("seconds", 1.0)))
        case "html":
            return Response(_PAGE, status=int(options.get("status", 200)), content_type="text/html; charset=utf-8")
        case "redirect":
            to = f"{str(options.get('to', '')).rstrip('/')}{request.path}"
            return Response(_PAGE, status=302, headers={"Location": to}, content_type="text/html")
        case "insufficient_scope":
            status = int(portal.switch("insufficient_scope_status")) if portal else 403
            raise RestError(status, "insufficient_scope", "The request requires higher privileges than provided")
        case "portal_deleted":
            status = int(portal.switch("portal_deleted_status")) if portal else 410
            raise RestError(status, "PORTAL_DELETED", "Portal was deleted")
    return None


def after(fault: Fault | None, response: Response) -> Response:
    """Let a fault act once everything has happened."""
    if fault is None:
        return response
    options = fault.options
    match fault.name:
        case "lost_after":
            raise ConnectionCut()
        case "delay_after":
            time.sleep(float(options.get("seconds", 1.0)))
        case "error_500_after":
            error = RestError(*_REFUSALS["error_500"])
            return Response(json.dumps(error.body()), status=500, content_type="application/json")
        case "html_after":
            return Response(_PAGE, status=int(options.get("status", 200)), content_type="text/html; charset=utf-8")
        case "cut":
            return _cut(response, whole=bool(options.get("whole")))
        case "list_for_map":
            return _listed(response)
    return response


def strike_command(portal: Portal, method: str, params: dict[str, Any]) -> None:
    """Faults that belong to one command, alone or inside a batch."""
    fault = portal.faults.take(method, _ON_COMMANDS)
    if fault is None:
        return
    options = fault.options
    match fault.name:
        case "error":
            raise RestError(
                int(options.get("status", 400)), options.get("code", "ERROR"), str(options.get("description", ""))
            )
        case "locked":
            raise locked(portal)
        case "item_deleted":
            with portal.lock:
                portal.crm.items[_number(params, "entityTypeId")].pop(_number(params, "id"), None)
        case "item_changed":
            with portal.lock:
                item = portal.crm.item(_number(params, "entityTypeId"), _number(params, "id"))
                if item:
                    item.values.update(options.get("fields", {}))


def locked(portal: Portal) -> RestError:
    """Somebody else's hit holds the workflow."""
    return RestError(400, numeric_code(portal, 423), "Instance is locked")


def numeric_code(portal: Portal, code: int) -> str | int:
    """A numeric workflow error as this portal's `event_send_code` switch writes it."""
    spelled: dict[str, str | int] = {"string": str(code), "number": code, "empty": ""}
    return spelled[str(portal.switch("event_send_code"))]


def _number(params: dict[str, Any], name: str) -> int:
    text = str(params.get(name, ""))
    return int(text) if text.isdigit() else 0


def _cut(response: Response, whole: bool) -> Response:
    body = response.get_data()
    half = body[: len(body) // 2]
    if whole:
        response.set_data(half)
        return response
    head = f"HTTP/1.1 {response.status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    raise ConnectionCut(sent=head.encode() + half)


def _listed(response: Response) -> Response:
    body = json.loads(response.get_data())
    result = body.get("result")
    if isinstance(result, dict) and isinstance(result.get("result"), dict):
        result["result"] = list(result["result"].values())
    elif isinstance(result, dict):
        body["result"] = list(result.values())
    response.set_data(json.dumps(body, ensure_ascii=False))
    return response

"""What a portal lets us do: every permission and method we need is tried, and what is missing is said in words."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from bitrix24.client import PortalClient
from bitrix24.errors import NO_SUCH_METHOD, RestError
from schemas.binding import DEAL, SMART_INVOICE

NEEDED_SCOPES = {
    "crm": "items, invoices, timeline and triggers",
    "bizproc": "robots and answers to workflows",
    "userfieldconfig": "our fields in the CRM",
    "user": "who is an administrator, and the portal's time zone",
}
HARMLESS: Sequence[tuple[str, Mapping[str, object], str]] = (
    ("bizproc.robot.list", {}, "robots of the CRM's automation"),
    ("bizproc.activity.list", {}, "activities of business processes"),
    ("event.get", {}, "events of the application"),
    ("crm.automation.trigger.list", {}, "triggers"),
    ("crm.item.fields", {"entityTypeId": DEAL}, "deals"),
    ("crm.item.fields", {"entityTypeId": SMART_INVOICE}, "smart invoices"),
    ("crm.type.list", {}, "smart processes"),
    ("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE"}}, "stages"),
    ("crm.activity.list", {"filter": {"OWNER_TYPE_ID": DEAL, "OWNER_ID": 0}}, "to-dos"),
    ("userfieldconfig.list", {"moduleId": "crm", "filter": {"entityId": "CRM_DEAL"}}, "fields"),
    ("crm.currency.base.get", {}, "the portal's currency"),
    ("user.current", {}, "the portal's time zone"),
)
ASKED_ABOUT: Mapping[str, str] = {  # they write, or need an item: the portal only says whether we may
    "bizproc.robot.add": "registering robots",
    "bizproc.robot.update": "registering robots",
    "bizproc.robot.delete": "registering robots",
    "bizproc.activity.add": "registering activities",
    "bizproc.activity.update": "registering activities",
    "bizproc.activity.delete": "registering activities",
    "bizproc.event.send": "answers to workflows",
    "event.bind": "events of the application",
    "event.unbind": "events of the application",
    "crm.automation.trigger.add": "triggers",
    "crm.automation.trigger.delete": "triggers",
    "crm.automation.trigger.execute": "news of payments that move an item on",
    "crm.item.get": "items",
    "crm.item.list": "items",
    "crm.item.add": "invoices and payments",
    "crm.item.update": "dates, debts and stages",
    "crm.item.productrow.list": "product rows of invoices",
    "crm.item.productrow.set": "product rows of invoices",
    "crm.timeline.comment.add": "comments on failures",
    "crm.timeline.comment.list": "comments on failures",
    "crm.activity.todo.add": "to-dos before due dates",
    "crm.type.add": "the smart process of payments",
    "userfieldconfig.add": "our fields in the CRM",
}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What was tried, and what to do where it does not work."""

    what: str
    problem: str = ""


def check_portal(client: PortalClient) -> Iterator[CheckLine]:
    """Nothing is changed in the portal; everything is asked at once, so that it costs few requests."""
    scopes, administrator = client.submit("scope"), client.submit("user.admin")
    tried = [(method, purpose, client.submit(method, params)) for method, params, purpose in HARMLESS]
    asked = {method: client.submit("method.get", {"name": method}) for method in ASKED_ABOUT}
    yield from _scopes(scopes)
    yield _administrator(administrator)
    for method, purpose, future in tried:
        try:
            future.result()
        except RestError as error:
            yield CheckLine(f"{method} ({purpose})", str(error))
        else:
            yield CheckLine(f"{method} ({purpose})")
    for method, purpose in ASKED_ABOUT.items():
        yield from _available(f"{method} ({purpose})", asked[method])


def _available(what: str, asked: Future[Any]) -> Iterator[CheckLine]:
    """Source: Bitrix24 REST documentation, method.get. A portal without it leaves these methods untried."""
    try:
        answer = asked.result()
    except RestError as error:
        if error.code.upper() != NO_SUCH_METHOD:
            yield CheckLine(what, str(error))
        return
    known = answer if isinstance(answer, Mapping) else {}
    if not _yes(known.get("isExisting", True)):
        yield CheckLine(what, "the portal does not have this method: its plan or version lacks the feature")
    elif not _yes(known.get("isAvailable", True)):
        yield CheckLine(what, "the application lacks the permission for it: add it and install the app again")
    else:
        yield CheckLine(what)


def _scopes(asked: Future[Any]) -> Iterator[CheckLine]:
    try:
        granted = {str(scope).lower() for scope in asked.result() or []}
    except RestError as error:
        yield CheckLine("permissions", str(error))
        return
    for scope, purpose in NEEDED_SCOPES.items():
        problem = "" if scope in granted else f"add the permission {scope} to the application and install it again"
        yield CheckLine(f"permission {scope} ({purpose})", problem)


def _administrator(asked: Future[Any]) -> CheckLine:
    what = "the user who installed is an administrator"
    try:
        answer = asked.result()
    except RestError as error:
        return CheckLine(what, str(error))
    if _yes(answer):
        return CheckLine(what)
    return CheckLine(what, "they are not any more: an administrator has to open the application in the portal")


def _yes(value: object) -> bool:
    return value is True or str(value).lower() in ("1", "y", "true")

"""What a portal lets us do: every permission and method we need is tried, and what is missing is said in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bitrix24.client import PortalClient
from bitrix24.errors import RestError
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
)


@dataclass(frozen=True, slots=True)
class CheckLine:
    """What was tried, and what to do where it does not work."""

    what: str
    problem: str = ""


def check_portal(client: PortalClient) -> Iterator[CheckLine]:
    """Nothing is changed in the portal."""
    yield from _scopes(client)
    yield _administrator(client)
    for method, params, purpose in HARMLESS:
        try:
            client.call(method, params)
        except RestError as error:
            yield CheckLine(f"{method} ({purpose})", str(error))
        else:
            yield CheckLine(f"{method} ({purpose})")


def _scopes(client: PortalClient) -> Iterator[CheckLine]:
    try:
        granted = {str(scope).lower() for scope in client.call("scope") or []}
    except RestError as error:
        yield CheckLine("permissions", str(error))
        return
    for scope, purpose in NEEDED_SCOPES.items():
        problem = "" if scope in granted else f"add the permission {scope} to the application and install it again"
        yield CheckLine(f"permission {scope} ({purpose})", problem)


def _administrator(client: PortalClient) -> CheckLine:
    what = "the user who installed is an administrator"
    try:
        answer = client.call("user.admin")
    except RestError as error:
        return CheckLine(what, str(error))
    if answer is True or str(answer).lower() in ("1", "y", "true"):
        return CheckLine(what)
    return CheckLine(what, "they are not any more: an administrator has to open the application in the portal")

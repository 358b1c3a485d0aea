"""Register everything: robots, activities, events, triggers and fields; again and again with the same outcome.

The portal forgets robots and event handlers when the app is updated: this runs at install, at updates and by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from bitrix24.client import PortalClient
from bitrix24.errors import NO_SUCH_METHOD, RestError
from bitrix24.own_fields import ensure_own_fields
from bitrix24.triggers import TRIGGERS
from schemas.declaration import Declaration
from storage.database import Database
from storage.model import Portal

ACTIVITY_SUFFIX = "_activity"
EVENTS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL")
LISTS = ("bizproc.robot.list", "bizproc.activity.list", "event.get", "crm.automation.trigger.list")
ALREADY = "ERROR_ACTIVITY_ALREADY_INSTALLED"
NOT_THERE = "ERROR_ACTIVITY_NOT_FOUND"
LONGEST_SILENCE = timedelta(minutes=5)  # between two lines of a registration

_DOCUMENTS = "Bitrix\\Crm\\Integration\\BizProc\\Document\\"
ROBOT_DOCUMENTS = [
    ["crm", "CCrmDocumentLead"],
    ["crm", "CCrmDocumentDeal"],
    ["crm", _DOCUMENTS + "Quote"],
    ["crm", _DOCUMENTS + "SmartInvoice"],
    ["crm", _DOCUMENTS + "Dynamic"],
]
OTHER_DOCUMENTS = [["crm", "CCrmDocumentContact"], ["crm", "CCrmDocumentCompany"]]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing registered: what, its name, and why not where it was refused."""

    what: str
    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the portal calls us."""

    activities: str
    events: str


class Report:
    """What was done, line by line; `tell` is told after each line, for pages that show progress."""

    def __init__(self, tell: Callable[[Sequence[Line]], None]) -> None:
        self.lines: list[Line] = []
        self._tell = tell

    def add(self, *lines: Line) -> None:
        self.lines.extend(lines)
        self._tell(self.lines)

    @property
    def problems(self) -> list[Line]:
        return [line for line in self.lines if line.problem]


def begin_registration(database: Database, portal_id: int, now: datetime) -> None:
    """Write down that a registration is due, before anything is asked of the portal: a process may die in it."""
    _store(database, portal_id, [], now, finished=False)


def break_off_registration(database: Database, portal_id: int, bug: str, now: datetime) -> None:
    """End a registration that broke by a fault of our own; what it did before stays in its report."""
    with database.write() as session:
        portal = session.get_one(Portal, portal_id, with_for_update=True)
        told = f"our own trouble ({bug}): run flask --app wsgi portals register {portal.member_id}"
        line = {"what": "registration", "name": "the rest", "problem": told}
        lines = [*portal.registration.get("lines", []), line]
        portal.registration = {"at": now.isoformat(), "finished": True, "lines": lines}


def cut_off_registrations(database: Database, now: datetime) -> list[int]:
    """Portals whose registration was begun and has not moved on for long: its process has died."""
    with database.read() as session:
        rows = session.execute(select(Portal.id, Portal.registration).where(Portal.state == "active")).all()
    return [
        portal_id
        for portal_id, report in rows
        if report.get("finished") is False and datetime.fromisoformat(report["at"]) < now - LONGEST_SILENCE
    ]


def register_everything(
    client: PortalClient,
    database: Database,
    declarations: Sequence[Declaration],
    addresses: Addresses,
    activity_filter: str,
    auth_user_id: int,
    now: Callable[[], datetime],
) -> Report:
    """List, add or update, remove what is stale. One refused method does not stop the rest and is in the report."""
    portal_id = client.facts.id
    report = Report(lambda lines: _store(database, portal_id, lines, now(), finished=False))
    language = client.facts.language
    robots = {one.code: _robot(one, addresses, auth_user_id, language) for one in declarations}
    activities = (
        {}
        if activity_filter == "never"
        else {
            one.code + ACTIVITY_SUFFIX: _activity(one, addresses, auth_user_id, language, activity_filter)
            for one in declarations
        }
    )
    lists = {method: client.submit(method) for method in LISTS}  # together: they fit into one request
    _register_kind(client, "robot", robots, lists["bizproc.robot.list"], report)
    _register_kind(client, "activity", activities, lists["bizproc.activity.list"], report)
    _bind_events(client, addresses, lists["event.get"], report)
    _add_triggers(client, lists["crm.automation.trigger.list"], report)
    fields = ensure_own_fields(client, lambda what, name, problem: report.add(Line(what, name, problem)))
    with database.write() as session:
        portal = session.get_one(Portal, portal_id, with_for_update=True)
        portal.fields = {**portal.fields, **fields}
    _store(database, portal_id, report.lines, now(), finished=True)
    return report


def _register_kind(
    client: PortalClient, kind: str, wanted: Mapping[str, dict[str, Any]], listed: Future[Any], report: Report
) -> None:
    try:
        known = {str(code) for code in listed.result() or []}
    except RestError as error:
        report.add(Line(kind, "list", f"{error}{_what_to_do(client, kind, error)}"))
        return
    futures: dict[str, Future[Any]] = {}
    for code, params in wanted.items():
        futures[code] = _update(client, kind, params) if code in known else client.submit(f"bizproc.{kind}.add", params)
    for code, future in futures.items():
        report.add(Line(kind, code, _settle(client, kind, wanted[code], future)))
    for code in sorted(known - set(wanted)):
        report.add(Line(f"{kind} removed", code, _problem(client.submit(f"bizproc.{kind}.delete", {"CODE": code}))))


def _what_to_do(client: PortalClient, kind: str, error: RestError) -> str:
    """A portal has the method only where its plan has the feature (Bitrix24 REST docs, bizproc.robot)."""
    if error.code.upper() != NO_SUCH_METHOD:
        return ""
    if kind == "activity":
        return "; the portal's plan has no business-process designer"
    again = f"portals set {client.facts.member_id} --activities everywhere, then register it again"
    return f"; the portal's plan has no robots: to offer the same steps in its business processes, run {again}"


def _settle(client: PortalClient, kind: str, params: dict[str, Any], first: Future[Any]) -> str:
    """The list may be older than what somebody did meanwhile: what is there is updated, what is gone is added."""
    try:
        first.result()
    except RestError as error:
        if error.code == ALREADY:
            return _problem(_update(client, kind, params))
        if error.code == NOT_THERE:
            return _problem(client.submit(f"bizproc.{kind}.add", params))
        return str(error)
    return ""


def _update(client: PortalClient, kind: str, params: dict[str, Any]) -> Future[Any]:
    fields = {name: value for name, value in params.items() if name != "CODE"}
    return client.submit(f"bizproc.{kind}.update", {"CODE": params["CODE"], "FIELDS": fields})


def _robot(one: Declaration, addresses: Addresses, auth_user_id: int, language: str) -> dict[str, Any]:
    return {**_step(one, one.code, addresses, auth_user_id, language), "FILTER": {"INCLUDE": ROBOT_DOCUMENTS}}


def _activity(
    one: Declaration, addresses: Addresses, auth_user_id: int, language: str, activity_filter: str
) -> dict[str, Any]:
    """Robots are in the business-process designer as well: nobody should see a step twice."""
    documents = OTHER_DOCUMENTS if activity_filter == "where_robots_are_not" else ROBOT_DOCUMENTS + OTHER_DOCUMENTS
    step = _step(one, one.code + ACTIVITY_SUFFIX, addresses, auth_user_id, language)
    return {**step, "FILTER": {"INCLUDE": documents}}


def _step(one: Declaration, code: str, addresses: Addresses, auth_user_id: int, language: str) -> dict[str, Any]:
    return {
        "CODE": code,
        "HANDLER": addresses.activities,
        "AUTH_USER_ID": auth_user_id,
        "USE_SUBSCRIPTION": "Y",  # never left to a default: kernels disagree on what empty means
        "NAME": one.name.as_bitrix24(),
        "DESCRIPTION": one.description.as_bitrix24(),
        "PROPERTIES": {key: field.as_bitrix24(language) for key, field in one.properties.items()},
        "RETURN_PROPERTIES": {key: field.as_bitrix24(language) for key, field in one.return_properties.items()},
    }


def _bind_events(client: PortalClient, addresses: Addresses, listed: Future[Any], report: Report) -> None:
    try:
        bound = {(str(one.get("event", "")).upper(), str(one.get("handler"))) for one in listed.result() or []}
    except RestError as error:
        report.add(Line("event", "list", str(error)))
        return
    wanted = {(event, addresses.events) for event in EVENTS}
    futures = {
        event: client.submit("event.bind", {"event": event, "handler": handler})
        for event, handler in sorted(wanted - bound)
    }
    for event in EVENTS:
        problem = _problem(futures[event]) if event in futures else ""
        report.add(Line("event", event, "" if "already" in problem.lower() else problem))
    for event, handler in sorted(bound - wanted):
        unbound = client.submit("event.unbind", {"event": event, "handler": handler})
        report.add(Line("event removed", f"{event} {handler}", _problem(unbound)))


def _add_triggers(client: PortalClient, listed: Future[Any], report: Report) -> None:
    language = client.facts.language
    futures = {
        code: client.submit("crm.automation.trigger.add", {"CODE": code, "NAME": words.in_language(language)})
        for code, words in TRIGGERS.items()
    }
    for code, future in futures.items():
        report.add(Line("trigger", code, _problem(future)))
    try:
        known = {str(one.get("CODE")) for one in listed.result() or []}
    except RestError as error:
        report.add(Line("trigger", "list", str(error)))
        return
    for code in sorted(known - set(TRIGGERS)):
        removed = client.submit("crm.automation.trigger.delete", {"CODE": code})
        report.add(Line("trigger removed", code, _problem(removed)))


def _problem(future: Future[Any]) -> str:
    try:
        future.result()
    except RestError as error:
        return str(error)
    return ""


def _store(database: Database, portal_id: int, lines: Sequence[Line], now: datetime, *, finished: bool) -> None:
    report = {
        "at": now.isoformat(),
        "finished": finished,
        "lines": [{"what": line.what, "name": line.name, "problem": line.problem} for line in lines],
    }
    with database.write() as session:
        session.execute(update(Portal).where(Portal.id == portal_id).values(registration=report))

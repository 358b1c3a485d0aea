"""What robots did: executions with the values sent and returned, workflows, to-dos, comments and notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.bizproc_registry import label
from sandbox.bizproc_store import Execution, LogLine, Workflow
from sandbox.crm_store import Comment
from sandbox.kinds import COMPANY, CONTACT, DEAL, INVOICE, LEAD, QUOTE
from sandbox.pages import words
from sandbox.pages.cards import group_title, item_address, item_title, user_name
from sandbox.pages.frame import Site, page
from sandbox.portal import Portal

SHOWN = 100
RESULTS = {
    "ok": ("выполнено", "good"),
    "skipped": ("пропущено", "warn"),
    "pending": ("ещё не решено", "warn"),
    "failed": ("не вышло", "bad"),
}
OUTCOMES = {
    "waiting": ("ждёт ответа", "warn"),
    "answered": ("ответил", "good"),
    "timeout": ("ответа не дождались", "bad"),
    "terminated": ("остановлен", ""),
    "sent": ("отправлено без ожидания", ""),
}
STATES = {
    "running": ("идёт", "warn"),
    "completed": ("завершён", "good"),
    "terminated": ("остановлен", ""),
    "failed": ("ошибка", "bad"),
}
LINES = {
    "sent": "вызван робот",
    "answered": "получен ответ",
    "log": "запись робота",
    "timeout": "истекло ожидание",
    "not_sent": "не отправлено",
    "error": "ошибка",
}
OWNERS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY, "quote": QUOTE, "smart_invoice": INVOICE}


@dataclass(frozen=True)
class ShownExecution:
    name: str
    word: str
    tone: str
    started: datetime
    finished: datetime | None
    error_text: str
    returned: list[tuple[str, str]]
    sent: list[tuple[str, str]]


@dataclass(frozen=True)
class ShownWorkflow:
    name: str
    item_title: str
    item_address: str
    word: str
    tone: str
    status_text: str
    started: datetime
    executions: list[ShownExecution]
    log: list[LogLine]


def workflows(site: Site, request: Request, portal: Portal) -> Response:
    with portal.lock:
        newest = list(portal.bizproc.workflows.values())[: -SHOWN - 1 : -1]
        flows = [_workflow(portal, flow) for flow in newest]
    return page(site, request, "workflows.html", portal, flows=flows, lines=LINES)


def feed(site: Site, request: Request, portal: Portal) -> Response:
    with portal.lock:
        todos = [
            {"todo": one, "responsible": user_name(portal, one.responsible_id)}
            | _owner(portal, one.owner_type_id, one.owner_id)
            for one in sorted(portal.crm.activities, key=lambda one: one.deadline)
        ]
        comments = [{"comment": one} | _owner(portal, *comment_owner(one)) for one in portal.crm.comments[::-1]]
        notices = [{"notice": one, "person": user_name(portal, one.user_id)} for one in portal.notices[::-1]]
    return page(site, request, "feed.html", portal, todos=todos, comments=comments, notices=notices)


def executions_of(portal: Portal, entity_type_id: int, item_id: int) -> list[ShownExecution]:
    """Everything robots did with one item, newest first."""
    return [
        shown_execution(portal, one)
        for flow in reversed(portal.bizproc.workflows.values())
        if (flow.entity_type_id, flow.item_id) == (entity_type_id, item_id)
        for one in reversed(flow.executions)
    ]


def shown_execution(portal: Portal, one: Execution) -> ShownExecution:
    registered = next((robot for robot in portal.bizproc.registered.values() if robot.code == one.code), None)
    word, tone = OUTCOMES.get(one.outcome, (one.outcome, ""))
    if one.outcome == "answered":
        word, tone = RESULTS.get(str(one.returned.get("result_status")), (word, tone))
    returned = {key: value for key, value in one.returned.items() if key not in ("result_status", "error_text")}
    return ShownExecution(
        name=label(registered.name, portal.traits.language) if registered else one.code,
        word=word,
        tone=tone,
        started=one.started,
        finished=one.finished,
        error_text=str(one.returned.get("error_text") or ""),
        returned=_titled(portal, registered.return_properties if registered else {}, returned),
        sent=_titled(portal, registered.properties if registered else {}, one.properties),
    )


def comment_owner(comment: Comment) -> tuple[int, int]:
    """The item a comment stands under: entity type and number."""
    name = comment.entity_type.lower()
    dynamic = name.removeprefix("dynamic_")
    return (int(dynamic) if dynamic.isdigit() else OWNERS.get(name, 0)), comment.entity_id


def _workflow(portal: Portal, flow: Workflow) -> ShownWorkflow:
    word, tone = STATES.get(flow.state, (flow.state, ""))
    owner = _owner(portal, flow.entity_type_id, flow.item_id)
    return ShownWorkflow(
        name=_workflow_name(portal, flow),
        item_title=str(owner["title"]),
        item_address=str(owner["address"]),
        word=word,
        tone=tone,
        status_text=flow.status_text,
        started=flow.started,
        executions=[shown_execution(portal, one) for one in flow.executions],
        log=list(flow.log),
    )


def _workflow_name(portal: Portal, flow: Workflow) -> str:
    """Robots of a stage are named after the stage people see."""
    if not flow.automation:
        return flow.name
    stage = flow.name.removeprefix("Robots of ")
    named = next((one.name for one in portal.crm.statuses if one.status_id == stage), stage)
    return f"Роботы стадии «{named}»"


def _owner(portal: Portal, entity_type_id: int, item_id: int) -> dict[str, object]:
    item = portal.crm.item(entity_type_id, item_id)
    title = item_title(item) if item else f"{group_title(portal, entity_type_id)}, № {item_id} (удалено)"
    return {"title": title, "address": item_address(portal, entity_type_id, item_id)}


def _titled(
    portal: Portal, described: Mapping[str, dict[str, Any]], values: Mapping[str, Any]
) -> list[tuple[str, str]]:
    shown = []
    for key, value in values.items():
        text = _value_text(portal, described.get(key, {}), value)
        title = label(described[key]["NAME"], portal.traits.language) if key in described else key
        if text:
            shown.append((title, text))
    return shown


def _value_text(portal: Portal, described: Mapping[str, Any], value: Any) -> str:
    if described.get("TYPE") == "bool" and value in ("Y", "N"):
        return "да" if value == "Y" else "нет"
    if described.get("TYPE") == "select" and isinstance(described.get("OPTIONS"), dict):
        return str(described["OPTIONS"].get(str(value), value))
    return words.plain(value, portal.traits.zone)

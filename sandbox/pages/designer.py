"""The little designer: portals, boards with robots on their stages, and the robots' forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.bizproc_registry import allowed_for, label
from sandbox.bizproc_store import PlacedRobot, Registered
from sandbox.control_bizproc import robot_step
from sandbox.crm_items import stages
from sandbox.crm_store import Status
from sandbox.kinds import DEAL
from sandbox.pages.cards import Card, Funnel, card, expressions, funnel_of, funnels, stage_tone
from sandbox.pages.frame import Site, go, page, portal_address
from sandbox.pages.robot_form import form_fields, read_form, settings
from sandbox.portal import Portal


@dataclass(frozen=True)
class ShownRobot:
    address: str
    code: str
    name: str
    description: str
    settings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    """One stage of a board; `next` is where the button on a card leads."""

    name: str
    tone: str
    anchor: str
    add_address: str
    robots: list[ShownRobot]
    cards: list[Card]
    next: Status | None


def portals(site: Site, request: Request) -> Response:
    shown = []
    for portal in list(site.world.portals.values()):
        with portal.lock:
            registered = list(portal.bizproc.registered.values())
            shown.append(
                {
                    "portal": portal,
                    "address": portal_address(portal),
                    "installations": list(portal.installations.values()),
                    "robots": sum(one.robot for one in registered),
                    "activities": sum(not one.robot for one in registered),
                    "workflows": len(portal.bizproc.workflows),
                }
            )
    return page(site, request, "portals.html", portals=shown)


def board(
    site: Site, request: Request, portal: Portal, entity_type_id: int = DEAL, category_id: int | None = None
) -> Response:
    """A funnel; the portal's own address shows its first funnel of deals."""
    with portal.lock:
        every = funnels(portal)
        funnel = every[0] if category_id is None else funnel_of(portal, entity_type_id, category_id)
        columns = _columns(portal, funnel)
        registered = bool(_choices(portal, funnel, ""))
        apps = [
            f"{portal.scheme}://{portal.host}/bx24/frame?{urlencode({'client_id': client_id})}"
            for client_id in portal.installations
        ]
    return page(
        site,
        request,
        "board.html",
        portal,
        funnel=funnel,
        funnels=every,
        columns=columns,
        registered=registered,
        apps=apps,
    )


def choose(site: Site, request: Request, portal: Portal, entity_type_id: int, category_id: int) -> Response:
    """Which robot to put on `?stage=`."""
    with portal.lock:
        funnel = funnel_of(portal, entity_type_id, category_id)
        stage = _stage(portal, funnel, request.args.get("stage", ""))
        choices = _choices(portal, funnel, stage.status_id)
    return page(site, request, "robot_choice.html", portal, funnel=funnel, stage=stage, choices=choices)


def add(site: Site, request: Request, portal: Portal, entity_type_id: int, category_id: int, internal: str) -> Response:
    """The form of a new robot on GET; the robot placed on POST."""
    with portal.lock:
        funnel = funnel_of(portal, entity_type_id, category_id)
        stage = _stage(portal, funnel, request.args.get("stage", ""))
        registered = _registered(portal, internal)
        if request.method == "POST":
            number = portal.bizproc.next_id()
            placed = PlacedRobot(number, entity_type_id, stage.status_id, {})
            _fill(portal, placed, registered, request, f"A{number}")
            portal.bizproc.placed.append(placed)
            return go(funnel.address)
        return _form(site, request, portal, funnel, stage, registered, None)


def edit(site: Site, request: Request, portal: Portal, number: int) -> Response:
    """The form of a placed robot on GET; the changed settings kept on POST."""
    with portal.lock:
        placed = _placed(portal, number)
        registered = _registered(portal, placed.step["internal"])
        funnel, stage = _place_of(portal, placed)
        if request.method == "POST":
            _fill(portal, placed, registered, request, placed.step["name"])
            return go(funnel.address)
        return _form(site, request, portal, funnel, stage, registered, placed)


def remove(_site: Site, _request: Request, portal: Portal, number: int) -> Response:
    with portal.lock:
        placed = _placed(portal, number)
        portal.bizproc.placed.remove(placed)
        return go(_place_of(portal, placed)[0].address)


def _columns(portal: Portal, funnel: Funnel) -> list[Column]:
    kind = portal.kind(funnel.entity_type_id)
    every = stages(portal, kind, funnel.category_id)
    items = list(portal.crm.items[funnel.entity_type_id].values())
    columns = []
    for stage, following in zip(every, [*every[1:], None], strict=True):
        on_stage = [item for item in items if item.values.get("stageId") == stage.status_id]
        columns.append(
            Column(
                name=stage.name,
                tone=stage_tone(stage),
                anchor=f"stage-{stage.id}",
                add_address=f"{funnel.address}/robots?stage={quote(stage.status_id)}",
                robots=_robots_of(portal, funnel, stage),
                cards=[card(portal, item) for item in reversed(on_stage)],
                next=following if not stage.semantics else None,
            )
        )
    return columns


def _robots_of(portal: Portal, funnel: Funnel, stage: Status) -> list[ShownRobot]:
    shown = []
    for placed in portal.bizproc.placed:
        if (placed.entity_type_id, placed.stage_id) != (funnel.entity_type_id, stage.status_id):
            continue
        address = portal_address(portal, "robots", placed.id)
        registered = portal.bizproc.registered.get(placed.step["internal"])
        if registered is None:
            shown.append(ShownRobot(address, "", "Робот удалённого приложения", ""))
        else:
            shown.append(_shown(portal, registered, address, settings(portal, registered, placed.step)))
    return shown


def _choices(portal: Portal, funnel: Funnel, stage_id: str) -> list[ShownRobot]:
    document_type = portal.kind(funnel.entity_type_id).document_type
    return [
        _shown(portal, one, f"{funnel.address}/robots/{one.internal}?stage={quote(stage_id)}")
        for one in portal.bizproc.registered.values()
        if one.robot and allowed_for(one, document_type)
    ]


def _shown(portal: Portal, registered: Registered, address: str, settings: list[str] | None = None) -> ShownRobot:
    language = portal.traits.language
    name, description = label(registered.name, language), label(registered.description, language)
    return ShownRobot(address, registered.code, name, description, settings or [])


def _form(
    site: Site,
    request: Request,
    portal: Portal,
    funnel: Funnel,
    stage: Status,
    registered: Registered,
    placed: PlacedRobot | None,
) -> Response:
    step = placed.step if placed else {}
    return page(
        site,
        request,
        "robot_form.html",
        portal,
        funnel=funnel,
        stage=stage,
        robot=_shown(portal, registered, ""),
        fields=form_fields(portal, registered, step.get("properties")),
        expressions=expressions(portal, funnel.entity_type_id),
        timeout_minutes=int(step.get("timeout_seconds", 0)) // 60,
        parallel=bool(step.get("parallel")),
        remove_address=portal_address(portal, "robots", placed.id, "remove") if placed else "",
    )


def _fill(portal: Portal, placed: PlacedRobot, registered: Registered, request: Request, name: str) -> None:
    minutes = request.form.get("timeout_minutes", "0") or "0"
    if not minutes.isdigit():
        raise BadRequest("Сколько ждать, пишется целым числом минут")
    wish = {
        "code": registered.code,
        "client_id": registered.client_id,
        "name": name,
        "properties": read_form(registered, request.form),
        "timeout_seconds": int(minutes) * 60,
        "parallel": request.form.get("parallel") == "Y",
    }
    placed.step = robot_step(portal, wish, name)


def _stage(portal: Portal, funnel: Funnel, status_id: str) -> Status:
    for stage in stages(portal, portal.kind(funnel.entity_type_id), funnel.category_id):
        if stage.status_id == status_id:
            return stage
    raise NotFound("Такой стадии нет")


def _registered(portal: Portal, internal: str) -> Registered:
    found = portal.bizproc.registered.get(internal)
    if found is None:
        raise NotFound("Такого робота в портале больше нет")
    return found


def _placed(portal: Portal, number: int) -> PlacedRobot:
    for placed in portal.bizproc.placed:
        if placed.id == number:
            return placed
    raise NotFound("Такого робота на стадиях нет")


def _place_of(portal: Portal, placed: PlacedRobot) -> tuple[Funnel, Status]:
    for funnel in funnels(portal):
        if funnel.entity_type_id != placed.entity_type_id:
            continue
        for stage in stages(portal, portal.kind(funnel.entity_type_id), funnel.category_id):
            if stage.status_id == placed.stage_id:
                return funnel, stage
    raise NotFound("Стадии этого робота больше нет")

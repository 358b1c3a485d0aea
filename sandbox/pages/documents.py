"""Pages of CRM items: the list of everything, one item's card, a new deal, the move to another stage."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from sandbox.crm_items import change, create
from sandbox.crm_store import Activity, Item
from sandbox.engine import run
from sandbox.errors import RestError
from sandbox.kinds import COMPANY, CONTACT, DEAL, LEAD
from sandbox.pages import words
from sandbox.pages.cards import (
    Funnel,
    card,
    children,
    children_of,
    facts,
    funnel_of,
    group,
    item_address,
    item_or_404,
    item_title,
    stage_tone,
    stages_of,
)
from sandbox.pages.frame import Site, back, go, page, portal_address
from sandbox.pages.journal import comment_owner, executions_of
from sandbox.portal import Portal


def items(site: Site, request: Request, portal: Portal) -> Response:
    """Every item of the CRM, kind by kind: what robots make first."""
    with portal.lock:
        kinds = sorted(portal.crm.items, key=lambda one: (one in (COMPANY, CONTACT), -one))
        groups = [
            group(portal, entity_type_id, reversed(portal.crm.items[entity_type_id].values()))
            for entity_type_id in kinds
            if portal.crm.items[entity_type_id]
        ]
    return page(site, request, "items.html", portal, groups=groups)


def item(site: Site, request: Request, portal: Portal, entity_type_id: int, item_id: int) -> Response:
    with portal.lock:
        found = item_or_404(portal, entity_type_id, item_id)
        shown: dict[str, Any] = {
            "funnel": _funnel(portal, found),
            "item": card(portal, found),
            "stages": stages_of(portal, found),
            "stage_tone": stage_tone,
            "children": children(portal, found),
            "executions": executions_of(portal, entity_type_id, item_id),
            "facts": facts(portal, found),
            "rows": [row.values for row in found.rows],
            "currency": str(found.values.get("currencyId") or ""),
            "todos": _todos(portal, found),
            "comments": [
                one for one in reversed(portal.crm.comments) if comment_owner(one) == (entity_type_id, item_id)
            ],
        }
    under = portal_address(portal) if entity_type_id in (DEAL, LEAD) else portal_address(portal, "items")
    return page(site, request, "item.html", portal, under, **shown)


def move(site: Site, request: Request, portal: Portal, entity_type_id: int, item_id: int) -> Response:
    """Put an item on another stage and let the stage's robots work."""
    stage = request.form.get("stage", "")
    with portal.lock:
        found = item_or_404(portal, entity_type_id, item_id)
        try:
            flows = change(site.world, portal, portal.kind(entity_type_id), found, {"stageId": stage}, _admin(portal))
        except RestError as refused:
            raise BadRequest(refused.description) from refused
    for flow in flows:
        run(site.world, portal, flow)
    return back(request) if "back" in request.form else go(item_address(portal, entity_type_id, item_id))


def new_deal(site: Site, request: Request, portal: Portal, category_id: int) -> Response:
    """A form on GET, a deal on POST; a sum that cannot be read is told about and nothing is made."""
    with portal.lock:
        funnel = funnel_of(portal, DEAL, category_id)
        clients = [
            (f"{name}:{one.id}", item_title(one))
            for entity_type_id, name in ((COMPANY, "companyId"), (CONTACT, "contactId"))
            for one in portal.crm.items[entity_type_id].values()
        ]
    typed = {name: request.form.get(name, "") for name in ("title", "sum", "client")}
    amount = _amount(typed["sum"])
    if request.method == "POST" and amount is not None:
        return go(_make_deal(site, portal, category_id, typed["title"], amount, typed["client"]))
    problem = f"Сумма «{typed['sum']}» не прочиталась: напишите, например, 100 000,00" if typed["sum"] else ""
    currency = words.SIGNS.get(portal.traits.currency, portal.traits.currency)
    return page(
        site, request, "new_deal.html", portal, funnel=funnel, clients=clients, typed=typed, problem=problem,
        currency=currency,
    )  # fmt: skip


def _make_deal(site: Site, portal: Portal, category_id: int, title: str, amount: Decimal, client: str) -> str:
    values: dict[str, Any] = {
        "title": title,
        "opportunity": amount,
        "isManualOpportunity": True,
        "categoryId": category_id,
    }
    name, _, number = client.partition(":")
    if name in ("companyId", "contactId") and number.isdigit():
        values[name] = int(number)
    with portal.lock:
        made, flows = create(site.world, portal, portal.kind(DEAL), values, _admin(portal))
    for flow in flows:
        run(site.world, portal, flow)
    return item_address(portal, DEAL, made.id)


def _todos(portal: Portal, found: Item) -> list[Activity]:
    """To-dos of an item and of everything that hangs on it, the soonest first."""
    owners = {(one.entity_type_id, one.id) for one in [found, *children_of(portal, found)]}
    todos = [one for one in portal.crm.activities if (one.owner_type_id, one.owner_id) in owners]
    return sorted(todos, key=lambda one: one.deadline)


def _amount(text: str) -> Decimal | None:
    plain = "".join(text.split()).replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount.quantize(Decimal("0.01")) if amount.is_finite() and amount > 0 else None


def _funnel(portal: Portal, found: Item) -> Funnel:
    if not portal.kind(found.entity_type_id).stage_field:
        return Funnel(found.entity_type_id, 0, "Счета и платежи", portal_address(portal, "items"))
    return funnel_of(portal, found.entity_type_id, int(found.values.get("categoryId") or 0))


def _admin(portal: Portal) -> int:
    return next(user.id for user in portal.users.values() if user.admin)

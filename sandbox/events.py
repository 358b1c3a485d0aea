"""Events of a portal: who is bound to what, and what is sent when something happens."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import RestError
from sandbox.payloads import tokenless_auth, user_auth
from sandbox.portal import BoundEvent, Installation, Portal
from sandbox.world import World

KNOWN = frozenset(
    {"ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPTEST"}
    | {
        f"ONCRM{what}{act}"
        for what in ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE")
        for act in ("ADD", "UPDATE", "DELETE")
    }
    | {f"ONCRMDYNAMICITEM{act}" for act in ("ADD", "UPDATE", "DELETE")}
)


def emit(world: World, portal: Portal, event: str, data: dict[str, Any], user_id: int | None) -> None:
    """Queue an event for every handler bound to it; `user_id` None means a robot or workflow did it: no tokens."""
    for bound in portal.events:
        installation = portal.installations.get(bound.client_id)
        if bound.event != event or bound.offline or installation is None:
            continue
        if installation.finished or not installation.app.with_pages:
            send_event(world, portal, installation, bound, data, user_id)


def send_event(
    world: World,
    portal: Portal,
    installation: Installation,
    bound: BoundEvent,
    data: dict[str, Any],
    user_id: int | None,
) -> None:
    key = "event_id" if portal.switch("old_payloads") else "event_handler_id"
    auth = (
        tokenless_auth(world, portal, installation)
        if user_id is None
        else user_auth(world, portal, installation, bound.user_id or user_id, with_refresh=False)
    )
    ts = int(world.clock.now().timestamp())
    body = {"event": bound.event, key: bound.id, "data": data, "ts": ts, "auth": auth}
    world.deliveries.post(portal, "event", bound.event, bound.handler, body)


def bind(call: Call) -> Any:
    """event.bind"""
    given, portal = call.upper(), call.portal
    event, handler = str(given.get("EVENT", "")).upper(), str(given.get("HANDLER", ""))
    offline = str(given.get("EVENT_TYPE", "online")) == "offline"
    if not _exists(portal, event):
        raise RestError(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
    if not offline and not handler.startswith(("http://", "https://")):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    user_id = int(str(given.get("AUTH_TYPE") or 0))
    if user_id not in (0, call.caller.user.id) and not call.caller.user.admin:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")
    wanted = (call.client_id, event, handler, user_id, offline)
    if any((one.client_id, one.event, one.handler, one.user_id, one.offline) == wanted for one in portal.events):
        if portal.switch("event_rebind") == "refuse":
            raise RestError(400, "ERROR_EVENT_BINDING_EXISTS", "Handler already binded")
        return True
    portal.events.append(BoundEvent(portal.next_id(), call.client_id, event, handler, user_id, offline))
    return True


def unbind(call: Call) -> Any:
    """event.unbind: every given parameter narrows, so none at all removes all of the app's handlers."""
    given, portal = call.upper(), call.portal
    event, handler = str(given.get("EVENT", "")).upper(), str(given.get("HANDLER", ""))

    def matches(one: BoundEvent) -> bool:
        return one.client_id == call.client_id and event in ("", one.event) and handler in ("", one.handler)

    before = len(portal.events)
    portal.events = [one for one in portal.events if not matches(one)]
    return {"count": before - len(portal.events)}


def bound(call: Call) -> Any:
    """event.get"""
    return [
        {"event": one.event, "handler": one.handler, "auth_type": str(one.user_id), "offline": int(one.offline)}
        for one in call.portal.events
        if one.client_id == call.client_id
    ]


def names(_call: Call) -> Any:
    """events"""
    return sorted(KNOWN)


def _exists(portal: Portal, event: str) -> bool:
    typed = portal.switch("typed_dynamic_events") and event.startswith("ONCRMDYNAMICITEM")
    return event in KNOWN or bool(typed and event.rpartition("_")[2].isdigit())

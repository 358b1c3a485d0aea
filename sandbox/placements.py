"""placement.*: where an app's pages show up in the portal."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.call import Call, as_map
from sandbox.errors import RestError, access_denied
from sandbox.portal import BoundPlacement, Portal

_PLACES = ("LIST_MENU", "LIST_TOOLBAR", "DETAIL_TAB", "DETAIL_TOOLBAR", "DETAIL_ACTIVITY", "ACTIVITY_TIMELINE_MENU")
_KINDS = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE")


def codes(portal: Portal) -> list[str]:
    """Every placement this portal has; smart processes bring their own."""
    kinds = [*_KINDS, *(f"DYNAMIC_{number}" for number in portal.crm.types)]
    return ["DEFAULT", "LEFT_MENU", *(f"CRM_{kind}_{place}" for place in _PLACES for kind in kinds)]


def bind(call: Call) -> Any:
    """placement.bind"""
    given, portal = call.upper(), call.portal
    if not call.caller.user.admin:
        raise access_denied()
    placement, handler = str(given.get("PLACEMENT") or ""), str(given.get("HANDLER") or "")
    for name, value in (("PLACEMENT", placement), ("HANDLER", handler)):
        if not value:
            raise RestError(200, "ERROR_ARGUMENT", f"Argument '{name}' is null or empty")
    if placement not in codes(portal):
        raise RestError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    parts = urlsplit(handler)
    if parts.scheme not in ("http", "https"):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if not parts.hostname:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if any(
        (one.client_id, one.placement, one.handler) == (call.client_id, placement, handler) for one in portal.placements
    ):
        if portal.switch("placement_rebind") == "refuse":
            raise RestError(400, "ERROR_PLACEMENT_HANDLER_EXISTS", "Handler already binded")
        return True
    languages = as_map(given.get("LANG_ALL"), "LANG_ALL")
    titles = {str(language): str(one.get("TITLE", "")) for language, one in languages.items()}
    bound = BoundPlacement(
        portal.next_id(),
        call.client_id,
        placement,
        handler,
        str(given.get("TITLE") or ""),
        str(given.get("DESCRIPTION") or ""),
        titles,
        str(given.get("GROUP_NAME") or ""),
        as_map(given.get("OPTIONS"), "OPTIONS"),
    )
    portal.placements.append(bound)
    return True


def unbind(call: Call) -> Any:
    """placement.unbind: without HANDLER every handler of the placement goes."""
    given, portal = call.upper(), call.portal
    placement, handler = str(given.get("PLACEMENT") or ""), str(given.get("HANDLER") or "")
    if not placement:
        raise RestError(400, "ERROR_ARGUMENT", "Argument 'PLACEMENT' is null or empty")

    def matches(one: BoundPlacement) -> bool:
        return one.client_id == call.client_id and one.placement == placement and handler in ("", one.handler)

    before = len(portal.placements)
    portal.placements = [one for one in portal.placements if not matches(one)]
    return {"count": before - len(portal.placements)}


def get(call: Call) -> Any:
    """placement.get"""
    return [
        {
            "placement": one.placement,
            "userId": 0,
            "handler": one.handler,
            "options": one.options or [],
            "title": one.title,
            "description": one.description,
            "langAll": {
                language: {"TITLE": title, "DESCRIPTION": "", "GROUP_NAME": one.group}
                for language, title in (one.titles or {call.portal.traits.language: one.title}).items()
            },
        }
        for one in call.portal.placements
        if one.client_id == call.client_id
    ]


def list_codes(call: Call) -> Any:
    """placement.list"""
    return codes(call.portal)

"""Methods about users: user.current, user.get, user.admin, profile."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call, as_list, paged
from sandbox.portal import User


def current(call: Call) -> Any:
    """user.current"""
    return _shown(call, call.caller.user)


def get(call: Call) -> Any:
    """user.get: filter fields stand at the top or under FILTER."""
    given = call.upper()
    conditions = {
        str(key).upper().lstrip("=@"): value for key, value in (given | dict(given.get("FILTER") or {})).items()
    }
    found = [_shown(call, user) for user in sorted(call.portal.users.values(), key=lambda one: one.id)]
    for name in ("ID", "EMAIL", "NAME", "LAST_NAME"):
        if name in conditions:
            wanted = [str(one) for one in as_list(conditions[name])]
            found = [one for one in found if one[name] in wanted]
    return paged(found, given.get("START"))


def admin(call: Call) -> Any:
    """user.admin"""
    return call.caller.user.admin


def profile(call: Call) -> Any:
    """profile"""
    user = call.caller.user
    return {
        "ID": str(user.id),
        "ADMIN": user.admin,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": call.portal.traits.time_zone,
    }


def _shown(call: Call, user: User) -> dict[str, Any]:
    return {
        "ID": str(user.id),
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "SECOND_NAME": "",
        "EMAIL": user.email,
        "LAST_LOGIN": call.portal.local(call.world.clock.now()).isoformat(timespec="seconds"),
        "DATE_REGISTER": "2024-07-22T00:00:00+00:00",
        "TIME_ZONE": call.portal.traits.time_zone,
        "IS_ONLINE": "Y",
        "PERSONAL_GENDER": "",
        "WORK_POSITION": "",
        "UF_DEPARTMENT": [1],
        "USER_TYPE": "employee",
    }

"""Carrying out one REST command: rights, limits, the method itself and what it sets in motion."""

from __future__ import annotations

import time
import traceback
from typing import Any

from sandbox.call import Call, Caller
from sandbox.errors import RestError
from sandbox.fault_effects import strike_command
from sandbox.methods import METHODS, MethodSpec
from sandbox.portal import Portal
from sandbox.world import World

ALL_SCOPES = ("*",)


def perform(world: World, portal: Portal, caller: Caller, method: str, params: dict[str, Any]) -> tuple[Any, float]:
    """One command's result and the seconds it counts as operating time."""
    spec = _spec(portal, method)
    now = world.clock.now().timestamp()
    if portal.operating.blocked(caller.name, method, now):
        raise RestError(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
    _guard(portal, caller, spec)
    call = Call(world, portal, caller, params)
    started = time.perf_counter()
    try:
        strike_command(portal, method, params)
        with portal.lock:
            result = spec.run(call)
        for step in call.later:
            step()
    except RestError:
        raise
    except Exception:
        traceback.print_exc()
        raise RestError(500, "INTERNAL_SERVER_ERROR", "Internal server error") from None
    finally:
        seconds = portal.operating.cost(method, time.perf_counter() - started)
        with portal.lock:
            portal.operating.add(caller.name, method, seconds, now)
    return result, seconds


def envelope_time(world: World, portal: Portal, caller: Caller, method: str, started: float) -> dict[str, Any]:
    """The `time` of an answer: moments by the sandbox's clock, lengths by the machine's."""
    now = world.clock.now()
    finish = now.timestamp()
    duration = round(time.perf_counter() - started, 6)
    local = portal.local(now).isoformat(timespec="seconds")
    return {
        "start": round(finish - duration, 6),
        "finish": round(finish, 6),
        "duration": duration,
        "processing": duration,
        "date_start": local,
        "date_finish": local,
        "operating_reset_at": portal.operating.reset_at(caller.name, method, finish),
        "operating": round(portal.operating.spent(caller.name, method, finish), 6),
    }


def _spec(portal: Portal, method: str) -> MethodSpec:
    spec = METHODS.get(method)
    if spec is None or not spec.present(portal):
        raise RestError(int(portal.switch("missing_method_status")), "ERROR_METHOD_NOT_FOUND", "Method not found!")
    return spec


def _guard(portal: Portal, caller: Caller, spec: MethodSpec) -> None:
    if not spec.within(caller.scopes):
        raise RestError(
            int(portal.switch("insufficient_scope_status")),
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token",
        )
    if spec.app and caller.installation is None:
        described = (
            "Access denied!" if spec.app == "ACCESS_DENIED" else "Current authorization type is denied for this method"
        )
        raise RestError(403, spec.app, f"{described} Application context required")
    if spec.admin and not caller.user.admin:
        raise RestError(403, "ACCESS_DENIED", "Access denied!")

"""A clock that can be moved forward, stopped and started again: the time of everything in the sandbox."""

from __future__ import annotations

import threading
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from werkzeug.exceptions import BadRequest, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from sandbox.json_answer import json_answer, read_object


class SandboxClock:
    """Time as the sandbox sees it.

    It runs at the machine's pace from the moment it was last set to, or stands still while it is stopped.
    `machine` tells the real time; tests pass their own.
    """

    def __init__(self, machine: Callable[[], datetime]) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._shift = timedelta(0)
        self._stopped_at: datetime | None = None

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    @property
    def running(self) -> bool:
        return self._stopped_at is None

    def set(self, moment: datetime) -> None:
        """Jump to a moment, which must carry a time zone; a stopped clock stays stopped there."""
        with self._lock:
            self._jump(moment.astimezone(UTC))

    def advance(self, step: timedelta) -> None:
        with self._lock:
            self._jump(self._now() + step)

    def advance_months(self, months: int) -> None:
        """Forward by calendar months; the 31st becomes the last day of a shorter month."""
        with self._lock:
            now = self._now()
            years, month = divmod(now.month - 1 + months, 12)
            year = now.year + years
            day = min(now.day, monthrange(year, month + 1)[1])
            self._jump(now.replace(year=year, month=month + 1, day=day))

    def stop(self) -> None:
        with self._lock:
            self._stopped_at = self._now()

    def start(self) -> None:
        with self._lock:
            if self._stopped_at is None:
                return
            self._shift = self._stopped_at - self._machine()
            self._stopped_at = None

    def reset(self) -> None:
        """The machine's time again, running."""
        with self._lock:
            self._shift = timedelta(0)
            self._stopped_at = None

    def _now(self) -> datetime:
        return self._stopped_at or self._machine() + self._shift

    def _jump(self, moment: datetime) -> None:
        if self._stopped_at is not None:
            self._stopped_at = moment
        else:
            self._shift = moment - self._machine()


def iso(moment: datetime) -> str:
    """The way the sandbox writes moments: `2026-01-31T10:00:00Z`, whole seconds."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def clock_answer(clock: SandboxClock) -> Response:
    """What `GET /clock` says."""
    return json_answer({"now": iso(clock.now())})


def clock_control(clock: SandboxClock, request: Request) -> Response:
    """`/control/clock`: GET tells the time; POST moves it.

    The POST body is JSON with one or more of `set` (ISO moment with zone), `seconds`, `days`, `months` (whole
    numbers to go forward), `running` (true | false), `reset` (true), applied in the order reset, running, set, forward.
    """
    if request.method == "GET":
        return json_answer({"now": iso(clock.now()), "running": clock.running})
    if request.method != "POST":
        raise MethodNotAllowed(["GET", "POST"])
    _move(clock, read_object(request))
    return json_answer({"now": iso(clock.now()), "running": clock.running})


def _move(clock: SandboxClock, wish: dict[str, object]) -> None:
    if unknown := wish.keys() - {"set", "seconds", "days", "months", "running", "reset"}:
        raise BadRequest(f"The clock does not know: {', '.join(sorted(unknown))}")
    moment = _moment(wish["set"]) if "set" in wish else None
    seconds, days, months = (_whole(wish, name) for name in ("seconds", "days", "months"))
    if wish.get("reset"):
        clock.reset()
    if "running" in wish:
        clock.start() if wish["running"] else clock.stop()
    if moment:
        clock.set(moment)
    clock.advance_months(months)
    clock.advance(timedelta(days=days, seconds=seconds))


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise BadRequest(f"Not an ISO moment: {text}") from error
    if moment.tzinfo is None:
        raise BadRequest(f"A moment needs its zone, for example 2026-01-31T10:00:00Z; received {text}")
    return moment


def _whole(wish: dict[str, object], name: str) -> int:
    value = wish.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(f"{name} must be a whole number; received {value!r}")
    return value

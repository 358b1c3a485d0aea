"""Commands on their way and what comes back: many in one `batch` request, or one as a plain call."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from bitrix24.errors import AnswerLost, RestError, error_in
from bitrix24.query import build_query, fits_a_batch, plain

MOST_COMMANDS = 50
BATCH = "batch"
EMPTY_IS_NOTHING = frozenset({"bizproc.event.send"})  # an empty result of a step is stored as empty in any case

_METHOD = re.compile(r"[a-z][a-z0-9]*(?:\.[a-z0-9]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A command's own result; `following` is the next page's start, `seconds` what the portal spent on it."""

    result: Any
    following: int | None = None
    seconds: float | None = None
    reset_in: float | None = None  # so many seconds until operating time of this method is given back


Outcome = Value | RestError


@dataclass(eq=False, slots=True)
class Command:
    """One command and those who wait for it. `whole` delivers the Value instead of its result."""

    method: str
    params: dict[str, Any]
    text: str  # as a batch carries it
    user_id: int | None
    alone: bool
    whole: bool = False
    anew: bool = False  # sent once more with a new token or to a new address
    troubled_since: float | None = None  # by the steady count, when it could not be sent for the first time
    futures: list[Future[Any]] = field(default_factory=list)

    def deliver(self, outcome: Outcome) -> None:
        for future in self.futures:
            if not future.set_running_or_notify_cancel():
                continue
            if isinstance(outcome, RestError):
                future.set_exception(outcome.about(self.method))
            else:
                future.set_result(outcome if self.whole else outcome.result)


def make_command(
    method: str, params: Mapping[str, object], user_id: int | None, *, alone: bool, whole: bool = False
) -> Command:
    """Raises ValueError, TypeError for what cannot be asked: those are mistakes of ours."""
    if not _METHOD.fullmatch(method) or method.lower() == BATCH:
        raise ValueError(f"{method!r} is no method of a portal")
    if "auth" in params:
        raise ValueError(f"{method}: the token is put in by the client")
    said = {name: plain(value) for name, value in params.items()}
    alone = alone or not fits_a_batch(said, empty_is_nothing=method.lower() in EMPTY_IS_NOTHING)
    return Command(method, said, f"{method}?{build_query(said)}", user_id, alone, whole)


def batch_params(commands: Sequence[Command]) -> dict[str, Any]:
    """`halt` is off: the commands belong to different calls. Keys are no numbers, or PHP would answer with a list."""
    return {"halt": 0, "cmd": {f"c{number}": command.text for number, command in enumerate(commands)}}


def read_plain(method: str, data: Mapping[str, Any]) -> Value:
    if "result" not in data:
        raise AnswerLost(method, "the answer holds neither a result nor an error")
    return _value(data["result"], data.get("next"), data.get("time"))


def read_batch(commands: Sequence[Command], data: Mapping[str, Any]) -> list[Outcome]:
    """Each command's own outcome; one that the answer does not speak of may have been carried out: AnswerLost."""
    result = data.get("result")
    maps = result if isinstance(result, dict) else {}
    results, errors = _map(maps, "result"), _map(maps, "result_error")
    following, times = _map(maps, "result_next"), _map(maps, "result_time")
    outcomes: list[Outcome] = []
    for number, command in enumerate(commands):
        key = f"c{number}"
        if key in errors:
            outcomes.append(_error(command.method, errors[key]))
        elif key in results:
            outcomes.append(_value(results[key], following.get(key), times.get(key)))
        else:
            outcomes.append(AnswerLost(command.method, "the batch's answer says nothing about this command"))
    return outcomes


def _map(maps: Mapping[str, Any], name: str) -> dict[str, Any]:
    """PHP writes an empty map as an empty list."""
    found = maps.get(name)
    return found if isinstance(found, dict) else {}


def _error(method: str, entry: Any) -> RestError:
    body = entry if isinstance(entry, dict) and "error" in entry else {"error": "", "error_description": str(entry)}
    return error_in(method, 0, body) or AnswerLost(method, "the batch's answer is neither a result nor an error")


def _value(result: Any, following: Any, time: Any) -> Value:
    spent = time if isinstance(time, dict) else {}
    reset_at, finish = _number(spent.get("operating_reset_at")), _number(spent.get("finish"))
    return Value(
        result,
        following=int(str(following)) if str(following).isdigit() else None,
        seconds=_number(spent.get("duration")),
        reset_in=max(0.0, reset_at - finish) if reset_at and finish else None,
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None

"""What the next requests of a shop meet: planned from outside, one turn a request, used up in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from sandbox.servers import ConnectionCut

End = Literal["paid", "declined", "pending_paid", "pending_declined", "needs_client", "nothing"]
Manner = Literal["proper", "slow", "cut_before", "cut_after", "error_500", "html", "busy"]
NoticeManner = Literal["once", "twice", "before", "never", "forged", "stale"]

ENDS = frozenset({"paid", "declined", "pending_paid", "pending_declined", "needs_client", "nothing"})
MANNERS = frozenset({"proper", "slow", "cut_before", "cut_after", "error_500", "html", "busy"})
NOTICES = frozenset({"once", "twice", "before", "never", "forged", "stale"})
MAINTENANCE = "<!doctype html><title>503</title><h1>Ведутся технические работы</h1>"


@dataclass(frozen=True)
class Turn:
    """One planned request.

    `end`: what becomes of the order (`nothing`: the request is not followed at all). `code`: the acquirer's own code of
    a refusal, empty for the protocol's usual one. `answer`: how the answer travels; `cut_before` closes the connection
    before anything is done, `cut_after`, `error_500` and `html` come after it, `busy` (429 with a web page) instead of
    it. `notice`: what the shop is told; `before` the answer, `forged` with a wrong signature before the true one,
    `stale` with the state before the last one once more after it. `extra`: minor units taken beyond what was asked.
    """

    end: End = "paid"
    code: str = ""
    answer: Manner = "proper"
    notice: NoticeManner = "once"
    extra: int = 0


USUAL = Turn()


@dataclass
class Turns:
    """Turns by verb (`start`, `charge`, `fetch`, `refund`, `void`, `page` and what else a protocol has)."""

    slow_seconds: float = 5.0
    planned: dict[str, deque[Turn]] = field(default_factory=dict)

    def plan(self, wish: Mapping[str, object]) -> None:
        """Add turns: `{"charge": [{"end": "declined", "code": "116"}, {}]}`. Raises BadRequest."""
        read = {verb: [_turn(one) for one in _list(turns)] for verb, turns in wish.items()}
        for verb, turns in read.items():
            self.planned.setdefault(verb, deque()).extend(turns)

    def next(self, verb: str) -> Turn:
        waiting = self.planned.get(verb)
        return waiting.popleft() if waiting else USUAL

    def before(self, turn: Turn) -> Response | None:
        """What comes instead of following the request."""
        if turn.answer == "cut_before":
            raise ConnectionCut
        if turn.answer == "busy":
            return Response(MAINTENANCE, status=429, content_type="text/html; charset=utf-8")
        return None

    def after(self, turn: Turn, proper: Response) -> Response:
        """The answer as it travels, after the request was followed."""
        match turn.answer:
            case "cut_after":
                raise ConnectionCut
            case "error_500":
                return Response("", status=500)
            case "html":
                return Response(MAINTENANCE, content_type="text/html; charset=utf-8")
            case "slow":
                time.sleep(self.slow_seconds)
        return proper


def _turn(wish: object) -> Turn:
    known = {one.name for one in fields(Turn)}
    if not isinstance(wish, dict) or not wish.keys() <= known:
        raise BadRequest(f"A turn is an object of: {', '.join(sorted(known))}")
    turn = Turn(**wish)
    if turn.end not in ENDS or turn.answer not in MANNERS or turn.notice not in NOTICES:
        raise BadRequest(f"A turn's end is one of {sorted(ENDS)}, answer {sorted(MANNERS)}, notice {sorted(NOTICES)}")
    return turn


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadRequest("The turns of a verb are a list")
    return value

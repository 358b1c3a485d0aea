"""The client of one portal: commands go in from any thread, each comes back with its own result or error."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from bitrix24.batch import Value, make_command
from bitrix24.exchange import Exchange
from bitrix24.lanes import Lane, LaneQueue
from bitrix24.transport import Transport
from schemas.portal import PortalFacts

PAGE = 50
ORDERED_BY = {"crm.item.list": "id"}  # lists that may be read by growing id, which costs the portal no counting


class PortalClient:
    """Thread-safe; one for a portal and process, opened by Portals.

    A command's result is what the portal gave under `result`; numbers with a fraction are Decimal. Parameters are
    texts, numbers, booleans (sent as Y and N), None (an empty text), lists and maps.
    """

    def __init__(
        self,
        exchange: Exchange,
        transport: Transport,
        facts: Callable[[], PortalFacts],
        *,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        patience: float,
        name: str,
    ) -> None:
        self._facts = facts
        self._elapsed = elapsed
        self._lanes = {
            lane: LaneQueue(lane, exchange, transport, now=now, elapsed=elapsed, patience=patience, name=name)
            for lane in Lane
        }

    @property
    def facts(self) -> PortalFacts:
        """As the portal's row says now."""
        return self._facts()

    def call(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        *,
        lane: Lane = Lane.DATA,
        alone: bool = False,
        user_id: int | None = None,
    ) -> Any:
        """Wait for the command's own result. Raises RestError.

        `user_id` says with whose rights; None is the user who installed the app. `alone`: in a request of its own.
        A command whose answer was lost raises AnswerLost and is never sent again from here.
        """
        return self.submit(method, params, lane=lane, alone=alone, user_id=user_id).result()

    def submit(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        *,
        lane: Lane = Lane.DATA,
        alone: bool = False,
        user_id: int | None = None,
    ) -> Future[Any]:
        """The same without waiting; what is done by the future's callbacks holds up the whole lane."""
        if lane is Lane.CONTINUE and method.lower().endswith(".add"):
            raise ValueError(f"{method} creates something: it may not share requests with what makes workflows go on")
        return self._lanes[lane].submit(make_command(method, params or {}, user_id, alone=alone))

    def read(self, method: str, params: Mapping[str, object] | None = None) -> Any:
        """A read that shares its command with an equal one still waiting; do not change what it returns."""
        command = make_command(method, params or {}, None, alone=False)
        return self._lanes[Lane.DATA].submit(command, shared=True).result()

    def list_all(self, method: str, params: Mapping[str, object] | None = None, key: str = "") -> Iterator[Any]:
        """Every row of a list, page by page as they are asked for; `key` says where in the result they stand.

        Lists that can are read by growing id, so that rows that come and go meanwhile shift nothing.
        """
        given = dict(params or {})
        if identifier := ORDERED_BY.get(method):
            return self._by_id(method, given, key, identifier)
        return self._by_start(method, given, key)

    def stop(self) -> None:
        """Requests under way end; commands that wait, and new ones, come back with TryLater."""
        for lane in self._lanes.values():
            lane.stop()

    def join(self, give_up_at: float) -> None:
        """Wait for the requests under way, until this point of the steady count."""
        for lane in self._lanes.values():
            lane.join(give_up_at - self._elapsed())

    def _by_id(self, method: str, params: dict[str, Any], key: str, identifier: str) -> Iterator[Any]:
        last = 0
        while True:
            asked = params | {
                "filter": dict(params.get("filter") or {}) | {f">{identifier}": last},
                "order": {identifier: "ASC"},
                "start": -1,
            }
            rows = rows_of(self._page(method, asked).result, key)
            yield from rows
            if len(rows) < PAGE:
                return
            last = int(rows[-1][identifier])

    def _by_start(self, method: str, params: dict[str, Any], key: str) -> Iterator[Any]:
        start: int | None = 0
        while start is not None:
            page = self._page(method, params | {"start": start})
            yield from rows_of(page.result, key)
            start = page.following

    def _page(self, method: str, params: dict[str, Any]) -> Value:
        command = make_command(method, params, None, alone=False, whole=True)
        page: Value = self._lanes[Lane.DATA].submit(command).result()
        return page


def rows_of(result: Any, key: str) -> list[Any]:
    """The rows of a page; PHP gives an empty list for an empty map, and a map where the keys of a list have gaps."""
    found = result.get(key, []) if key and isinstance(result, dict) else result
    return list(found.values()) if isinstance(found, dict) else list(found or [])

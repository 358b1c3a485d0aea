"""The queue between portals and handlers: carries robot calls and events once, without order and without retries."""

from __future__ import annotations

import contextlib
import heapq
import http.client
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.encoding import build_query
from sandbox.faults import DELIVERY_FAULTS, Fault
from sandbox.portal import Portal

KEPT = 100_000
_FAULTS = frozenset(DELIVERY_FAULTS)
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Delivery:
    """One POST to a handler; `subject` is a robot's code or an event's name, `status` 0 means no answer."""

    id: int
    member_id: str
    kind: str
    subject: str
    url: str
    body: dict[str, Any] | str
    timeout: float
    retries: int = 0
    fault: str = ""
    state: str = "queued"
    status: int = 0
    error: str = ""
    answer: str = ""
    attempts: int = 0
    took_ms: float = 0.0


@dataclass
class DeliveryQueue:
    workers: int = 8
    kept: deque[Delivery] = field(default_factory=lambda: deque(maxlen=KEPT))
    held: bool = False
    _heap: list[tuple[float, int, Delivery]] = field(default_factory=list)
    _count: int = 0
    _pushed: int = 0
    _under_way: int = 0
    _stopped: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)

    def start(self) -> None:
        self._stopped = False
        for _ in range(self.workers):
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()

    def post(self, portal: Portal, kind: str, subject: str, url: str, body: dict[str, Any] | str) -> Delivery:
        """Queue one delivery, as the portal's planned faults will have it."""
        timeout, retries = portal.switch("queue_timeout_seconds"), portal.switch("queue_retries")
        fault = portal.faults.take(subject, _FAULTS)
        with self._changed:
            self._count += 1
            delivery = Delivery(self._count, portal.member_id, kind, subject, url, body, float(timeout), int(retries))
            self.kept.append(delivery)
            for wait in _moments(delivery, fault):
                self._push(delivery, wait)
        return delivery

    def again(self, delivery: Delivery, body: dict[str, Any] | str) -> Delivery:
        """The same call once more, its body as it was or changed."""
        with self._changed:
            self._count += 1
            copy = replace(delivery, id=self._count, body=body, fault="", state="queued", status=0, attempts=0)
            self.kept.append(copy)
            self._push(copy, 0.0)
        return copy

    def delivery(self, number: int) -> Delivery | None:
        with self._changed:
            return next((one for one in self.kept if one.id == number), None)

    def wait_done(self, delivery: Delivery, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: delivery.state != "queued", timeout=seconds)

    def hold(self, held: bool) -> None:
        """Stop or resume carrying; what is queued meanwhile waits."""
        with self._changed:
            self.held = held
            self._changed.notify_all()

    def idle(self) -> bool:
        with self._changed:
            return not self._heap and not self._under_way

    def wait_idle(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._heap and not self._under_way, timeout=seconds)

    def _push(self, delivery: Delivery, wait: float) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (time.monotonic() + wait, self._pushed, delivery))
        self._changed.notify()

    def _work(self) -> None:
        while delivery := self._take():
            _carry(delivery)
            with self._changed:
                self._under_way -= 1
                if delivery.status != 200 and delivery.attempts <= delivery.retries:
                    self._push(delivery, 0.2 * delivery.attempts)
                self._changed.notify_all()

    def _take(self) -> Delivery | None:
        with self._changed:
            while not self._stopped:
                due = self._heap[0][0] - time.monotonic() if self._heap else None
                if due is not None and due <= 0 and not self.held:
                    self._under_way += 1
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(timeout=None if self.held else due)
            return None


def _moments(delivery: Delivery, fault: Fault | None) -> list[float]:
    """Seconds from now at which it is carried."""
    if fault is None:
        return [0.0]
    delivery.fault = fault.name
    seconds = float(fault.options.get("seconds", 1.0))
    if fault.name == "lost":
        delivery.state = "lost"
    return {
        "doubled": [0.0, 0.3],
        "doubled_together": [0.0, 0.0],
        "lost": [],
        "delayed": [seconds],
        "late_twice": [0.0, seconds],
    }[fault.name]


def _carry(delivery: Delivery) -> None:
    request = urllib.request.Request(
        delivery.url,
        data=(delivery.body if isinstance(delivery.body, str) else build_query(delivery.body)).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"},
        method="POST",
    )
    started = time.perf_counter()
    delivery.attempts += 1
    status, text, error = 0, b"", ""
    try:
        with _opener.open(request, timeout=delivery.timeout) as answer:
            status, text = answer.status, answer.read(4000)
    except urllib.error.HTTPError as refused:
        status = refused.code
        with contextlib.suppress(OSError):
            text = refused.read(4000)
        refused.close()
    except (OSError, http.client.HTTPException) as failed:
        error = f"{type(failed).__name__}: {failed}"
    delivery.status, delivery.error, delivery.answer = status, error, text.decode("utf-8", "replace")
    delivery.took_ms = (time.perf_counter() - started) * 1000
    delivery.state = "delivered" if status == 200 else "failed"

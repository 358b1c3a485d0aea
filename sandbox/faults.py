"""Named faults that strike the next requests or deliveries matching a pattern."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import ControlError

REQUEST_FAULTS: dict[str, str] = {
    "refuse": "the connection is reset before anything happens",
    "lost_before": "the connection ends without an answer, nothing happened",
    "lost_after": "the connection ends without an answer, everything happened",
    "delay": "waits `seconds` before doing anything",
    "delay_after": "does everything, then waits `seconds` before answering",
    "error_500": "INTERNAL_SERVER_ERROR before anything happens",
    "error_500_after": "everything happens, INTERNAL_SERVER_ERROR is answered",
    "html": "a page in HTML with `status` (200) instead of JSON, nothing happened",
    "html_after": "the same after everything happened",
    "redirect": "302 to the same path at `to`",
    "overload": "503 OVERLOAD_LIMIT",
    "bucket": "503 QUERY_LIMIT_EXCEEDED",
    "operating": "429 OPERATION_TIME_LIMIT",
    "expired_token": "401 expired_token although the token is fresh",
    "invalid_token": "401 invalid_token",
    "no_access": "403 user_access_error",
    "insufficient_scope": "the scope was taken away",
    "plan": "403: REST only on commercial plans",
    "payment_required": "401 PAYMENT_REQUIRED",
    "portal_deleted": "PORTAL_DELETED",
    "error": "any refusal: `status`, `code`, `description`; inside a batch it strikes one command",
    "cut": "the second half of the answer is missing; with `whole` true its length is declared as if it were complete",
    "list_for_map": "maps of a batch answer become lists",
    "locked": "event.send answers 423: the workflow is in another hit's hands",
    "item_deleted": "somebody deletes the CRM item named in the request just before it is carried out",
    "item_changed": "somebody writes `fields` into the CRM item just before the request is carried out",
}
OAUTH_FAULTS: dict[str, str] = {
    "renewal_refused": "invalid_grant although the refresh token is good",
    "wrong_client": "wrong_client with HTTP 200",
}
DELIVERY_FAULTS: dict[str, str] = {
    "doubled": "delivered twice",
    "doubled_together": "delivered twice at the same moment",
    "lost": "never delivered",
    "delayed": "delivered `seconds` later",
    "late_twice": "delivered at once and again `seconds` later",
}


@dataclass
class Fault:
    """`match` is a pattern of method names, of robot codes or of event names; `times` counts down to 0."""

    id: int
    name: str
    match: str
    times: int
    skip: int
    options: dict[str, Any]
    struck: int = 0


@dataclass
class Faults:
    known: dict[str, str] = field(default_factory=lambda: {**REQUEST_FAULTS, **DELIVERY_FAULTS})
    planned: list[Fault] = field(default_factory=list)
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def plan(self, name: str, match: str = "*", times: int = 1, skip: int = 0, **options: Any) -> Fault:
        if name not in self.known:
            raise ControlError(f"No fault {name}; known: {', '.join(self.known)}")
        with self._lock:
            self._count += 1
            fault = Fault(self._count, name, match.lower(), times, skip, options)
            self.planned.append(fault)
            return fault

    def take(self, subject: str, names: frozenset[str]) -> Fault | None:
        """The first planned fault of these names for this method or code; a `skip` lets matches pass first."""
        if not self.planned:
            return None
        subject = subject.lower()
        with self._lock:
            for fault in self.planned:
                if fault.name not in names or fault.times <= 0 or not fnmatchcase(subject, fault.match):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                fault.struck += 1
                return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self.planned.clear()

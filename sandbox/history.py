"""What was asked of a portal or of the OAuth host, for tests that check from outside."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SECRET_KEYS = frozenset(
    {"auth", "access_token", "refresh_token", "client_secret", "code", "application_token", "auth_id", "refresh_id"}
)
KEPT = 200_000


@dataclass
class Entry:
    """One request; `batch_size` counts the commands asked for, `commands` has key, method and error of those run."""

    id: int
    at: datetime
    method: str
    params: Any
    source: str
    user_agent: str
    status: int = 0
    error: str = ""
    fault: str = ""
    duration_ms: float = 0.0
    batch_size: int = 0
    commands: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class History:
    """Written by many threads at once, so each entry is counted under a lock."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    statuses: Counter[int] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self, at: datetime, method: str, params: Any, source: str, user_agent: str) -> Entry:
        with self._lock:
            self.count += 1
            entry = Entry(self.count, at, method, params, source, user_agent)
            self.entries.append(entry)
            return entry

    def finish(self, entry: Entry, status: int, error: str, duration_ms: float) -> None:
        entry.status, entry.error, entry.duration_ms = status, error, duration_ms
        with self._lock:
            self.statuses[status] += 1
            self.methods[entry.method] += 1
            if error:
                self.errors[error] += 1


def masked(value: Any) -> Any:
    """The same data with the values of secrets replaced."""
    if isinstance(value, dict):
        return {
            key: "***" if str(key).lower() in SECRET_KEYS and not isinstance(item, dict) else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value

"""Limits of a portal: the leaky bucket of requests and the operating time of methods."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

WINDOW_MINUTES = 10


@dataclass
class Bucket:
    """+1 a request, minus `rate` a second, refused above `size`; one level for each source address.

    `seconds` is a steady count of real seconds, not the movable clock: requests are a matter of the wire.
    """

    rate: float
    size: float
    seconds: Callable[[], float]
    refused: int = 0
    hits: int = 0
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def admit(self, source: str, refused_counts: bool = False) -> bool:
        with self._lock:
            now = self.seconds()
            level = self.level(source, now)
            self.hits += 1
            if level + 1 > self.size:
                self.refused += 1
                self._levels[source] = level + (1 if refused_counts else 0), now
                return False
            self._levels[source] = level + 1, now
            return True

    def level(self, source: str, now: float | None = None) -> float:
        """How full the bucket is for this source."""
        at = self.seconds() if now is None else now
        level, since = self._levels.get(source, (0.0, at))
        return max(0.0, level - (at - since) * self.rate)

    def empty(self) -> None:
        self._levels.clear()


@dataclass
class OperatingTime:
    """Seconds each method of each app ran, in baskets of a minute, ten of them counted."""

    limit: float | None = 480.0
    costs: list[tuple[str, float]] = field(default_factory=list)
    _baskets: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, who: str, method: str, seconds: float, now: float) -> None:
        baskets = self._baskets[who, method]
        minute = int(now // 60)
        baskets[minute] = baskets.get(minute, 0.0) + seconds
        if len(baskets) > WINDOW_MINUTES:
            for old in [key for key in baskets if key <= minute - WINDOW_MINUTES]:
                del baskets[old]

    def cost(self, method: str, measured: float) -> float:
        """What a command counts as: the first price set for a pattern of methods, else what it really took."""
        return next((seconds for pattern, seconds in self.costs if fnmatchcase(method, pattern)), measured)

    def spent(self, who: str, method: str, now: float) -> float:
        first = int(now // 60) - WINDOW_MINUTES + 1
        return sum(seconds for minute, seconds in self._baskets[who, method].items() if minute >= first)

    def reset_at(self, who: str, method: str, now: float) -> int:
        """Unix time at which the oldest counted minute leaves."""
        minute = int(now // 60)
        first = minute - WINDOW_MINUTES + 1
        oldest = min((key for key in self._baskets[who, method] if key >= first), default=minute)
        return (oldest + WINDOW_MINUTES) * 60

    def blocked(self, who: str, method: str, now: float) -> bool:
        return self.limit is not None and self.spent(who, method, now) > self.limit

"""Keeps the state of the outside in a file between runs, so that a portal survives a restart with its items."""

from __future__ import annotations

import pickle  # nosec B403
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.oauth import Tokens
from sandbox.portal import App, Portal

_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


@dataclass
class State:
    """What is kept; `shift` is how far the sandbox's clock was from the machine's."""

    apps: dict[str, App]
    portals: dict[str, Portal]
    tokens: Tokens
    shift: timedelta


class _Pickler(pickle.Pickler):
    """Locks are not kept: whoever reads the file gets fresh ones."""

    def reducer_override(self, kept: Any) -> Any:
        lock = _LOCKS.get(type(kept))
        return (lock, ()) if lock else NotImplemented


def save(path: Path, state: State) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        _Pickler(file).dump(state)
    fresh.replace(path)


def load(path: Path) -> State | None:
    """The state of the last run; None when there was none. The file is our own: nobody else writes it."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        state = pickle.load(file)  # nosec B301
    if not isinstance(state, State):
        raise ValueError(f"{path} holds no state of the sandbox; remove it to start anew")
    return state


def shift_of(now: datetime) -> timedelta:
    return now - datetime.now(UTC)

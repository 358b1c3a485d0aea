"""Everything outside in one object: the clock, the OAuth host's apps, the portals and the queue to handlers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sandbox.deliveries import DeliveryQueue
from sandbox.errors import ControlError
from sandbox.faults import OAUTH_FAULTS, REQUEST_FAULTS, Faults
from sandbox.history import History
from sandbox.oauth import Tokens
from sandbox.portal import App, Installation, Portal


class Clock(Protocol):
    """Where the sandbox takes the time from: an aware moment in UTC."""

    def now(self) -> datetime: ...


@dataclass
class World:
    """`seconds` counts real seconds steadily; business time comes from `clock` only."""

    clock: Clock
    seconds: Callable[[], float]
    oauth_url: str = ""
    apps: dict[str, App] = field(default_factory=dict)
    portals: dict[str, Portal] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    oauth_faults: Faults = field(default_factory=lambda: Faults({**REQUEST_FAULTS, **OAUTH_FAULTS}))
    oauth_history: History = field(default_factory=History)
    deliveries: DeliveryQueue = field(default_factory=DeliveryQueue)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def server_endpoint(self) -> str:
        return f"{self.oauth_url}/rest/"

    def portal(self, member_id: str) -> Portal:
        portal = self.portals.get(member_id)
        if portal is None:
            raise ControlError(f"No portal {member_id}; known: {', '.join(self.portals) or 'none yet'}", 404)
        return portal

    def installation(self, portal: Portal, client_id: str = "") -> Installation:
        """The named installation, or the only one when no name is given."""
        if not client_id and len(portal.installations) == 1:
            return next(iter(portal.installations.values()))
        found = portal.installations.get(client_id)
        if found is None:
            raise ControlError(f"App {client_id or '(none named)'} is not installed in {portal.member_id}", 404)
        return found

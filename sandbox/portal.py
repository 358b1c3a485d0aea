"""One Bitrix24 account: who works in it, which apps are installed, and everything it remembers."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bizproc_store import Bizproc
from sandbox.bucket import Bucket, OperatingTime
from sandbox.crm_store import Crm
from sandbox.faults import Faults
from sandbox.history import History
from sandbox.kinds import Kind, kind_of
from sandbox.switches import SWITCHES, Value


@dataclass
class User:
    id: int
    name: str
    last_name: str = ""
    email: str = ""
    admin: bool = False
    active: bool = True


@dataclass(frozen=True)
class App:
    """An application registered at the OAuth host; a local one belongs to a single portal."""

    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    local: bool = True
    with_pages: bool = True
    install_url: str = ""
    app_page: str = ""


@dataclass
class Installation:
    """An app in a portal. Until `finished` no event, widget or robot call is delivered to an app with pages."""

    app: App
    user_id: int
    application_token: str
    version: int = 1
    status: str = "L"
    finished: bool = False


@dataclass
class Traits:
    """What differs from portal to portal, chosen when it is created."""

    language: str = "ru"
    dates: str = "ru"
    time_zone: str = "Europe/Moscow"
    currency: str = "RUB"
    enterprise: bool = False
    robots: bool = True
    designer: bool = True
    commercial: bool = True

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def limits(self) -> tuple[float, float]:
        """What leaves the bucket a second, and how much it holds: by plan."""
        return (5.0, 250.0) if self.enterprise else (2.0, 50.0)


@dataclass
class BoundEvent:
    id: int
    client_id: str
    event: str
    handler: str
    user_id: int
    offline: bool = False


@dataclass
class BoundPlacement:
    id: int
    client_id: str
    placement: str
    handler: str
    title: str
    description: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    group: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class FrameSession:
    """One opened iframe: what APP_SID stands for."""

    client_id: str
    user_id: int
    placement: str
    options: dict[str, Any]
    opened_at: datetime
    commands: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Notice:
    id: int
    user_id: int
    message: str
    tag: str
    sub_tag: str
    kind: str
    at: datetime
    fields: dict[str, Any]


@dataclass
class Portal:
    """`lock` guards everything below it; no network call and no sleep happens while it is held."""

    member_id: str
    host: str
    traits: Traits
    users: dict[int, User]
    bucket: Bucket
    operating: OperatingTime
    history: History
    webhooks: dict[str, int] = field(default_factory=dict)
    switches: dict[str, Value] = field(default_factory=dict)
    installations: dict[str, Installation] = field(default_factory=dict)
    events: list[BoundEvent] = field(default_factory=list)
    placements: list[BoundPlacement] = field(default_factory=list)
    frames: dict[str, FrameSession] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    crm: Crm = field(default_factory=Crm)
    bizproc: Bizproc = field(default_factory=Bizproc)
    faults: Faults = field(default_factory=Faults)
    deleted: bool = False
    scheme: str = "http"
    tls_host: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    ids: int = 0

    @property
    def client_endpoint(self) -> str:
        return f"{self.scheme}://{self.host}/rest/"

    def switch(self, name: str) -> Value:
        return self.switches.get(name, SWITCHES[name].default)

    def kind(self, entity_type_id: int) -> Kind:
        """The kind of items with this number, smart processes of this portal included."""
        dynamic = self.crm.types.get(entity_type_id)
        return kind_of(entity_type_id, dynamic.id, dynamic.title) if dynamic else kind_of(entity_type_id)

    def next_id(self) -> int:
        self.ids += 1
        return self.ids

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.traits.zone)

    def event_key(self) -> bytes:
        """The portal's own secret behind event tokens."""
        return hashlib.sha256(f"event key of {self.member_id}".encode()).digest()

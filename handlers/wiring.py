"""What the doors of this room take from the services; `services.Services` has it and more."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast

from flask import current_app

from settings import Settings
from storage.database import Database


class DoorServices(Protocol):
    @property
    def settings(self) -> Settings: ...
    @property
    def now(self) -> Callable[[], datetime]: ...
    @property
    def database(self) -> Database: ...


def services() -> DoorServices:
    return cast(DoorServices, current_app.extensions["services"])

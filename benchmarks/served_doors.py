"""What `benchmarks.accepts` serves: the doors over a database of their own, and an empty Flask route to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask

from handlers import create_app
from settings import Settings, load_settings
from storage.database import Database, open_database


@dataclass(frozen=True)
class Doors:
    settings: Settings
    now: Callable[[], datetime]
    database: Database


def doors() -> Flask:
    settings = load_settings()
    return create_app(Doors(settings, lambda: datetime.now(UTC), open_database(settings.database_url)))


def empty() -> Flask:
    app = Flask(__name__)

    @app.get("/empty")
    def _empty() -> str:
        return ""

    return app

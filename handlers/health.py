"""`/health/live`: the process answers. `/health/ready`: database, migrations and a worker are there."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import func, literal, select

from services import Services
from storage.database import Database
from storage.migrate import is_current
from storage.model import Worker

WORKER_SEEN_WITHIN = timedelta(seconds=30)

log = structlog.get_logger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/health/live")
def live() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/health/ready")
def ready() -> tuple[Response, int]:
    """503 with what is missing; calls are taken in without a worker too, but nobody would run them."""
    services: Services = current_app.extensions["services"]
    database = services.database
    checks: dict[str, tuple[Callable[[], bool], str]] = {
        "database": (lambda: answers(database), "does not answer"),
        "migrations": (lambda: is_current(database), "not current: run flask --app wsgi database upgrade"),
        "worker": (lambda: worker_seen(database, services.now()), "none seen lately: start python worker.py"),
    }
    found = {name: "ok" if _holds(name, check) else trouble for name, (check, trouble) in checks.items()}
    return jsonify(found), 200 if set(found.values()) == {"ok"} else 503


def answers(database: Database) -> bool:
    with database.read() as session:
        return session.scalar(select(literal(1))) == 1


def worker_seen(database: Database, now: datetime) -> bool:
    with database.read() as session:
        seen_at: datetime | None = session.scalar(select(func.max(Worker.seen_at)))
    return seen_at is not None and abs(now - seen_at) <= WORKER_SEEN_WITHIN


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        log.exception("health.check_failed", check=name)
        return False

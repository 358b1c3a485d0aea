"""What install, update and page doors share: the grant in a request, and the registration that follows."""

import threading
from collections.abc import Mapping
from typing import Any

import structlog

from bitrix24.installs import Grant, install, read_habits
from bitrix24.proof import Proved, check_administrator, prove
from bitrix24.registration import (
    Addresses,
    Report,
    begin_registration,
    break_off_registration,
    cut_off_registrations,
    register_everything,
)
from services import Services
from storage.model import Portal

EVENTS_PATH = "/bitrix24/events"
ACTIVITIES_PATH = "/bitrix24/activities"

log = structlog.get_logger(__name__)


def text_of(form: Mapping[str, Any], *path: str) -> str:
    """A text in a nested form, empty where there is none or something else."""
    value: Any = form
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def whole_of(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else default


def install_portal(services: Services, member_id: str, grant: Grant) -> int:
    """Prove the opener, check that they are an administrator, store the portal. Raises NotProved."""
    proved = prove_administrator(services, member_id, grant.access_token)
    client_id = services.settings.bitrix24_client_id
    return install(services.database, services.vault, client_id, proved, grant, services.now())


def prove_administrator(services: Services, member_id: str, access_token: str) -> Proved:
    proved = prove(services.portals.oauth, access_token, member_id)
    check_administrator(services.portals.transport, proved, access_token)
    return proved


def start_registration(services: Services, portal_id: int) -> None:
    """On the server, whatever becomes of the page; the worker repeats it when this process dies in it."""
    begin_registration(services.database, portal_id, services.now())
    threading.Thread(target=_register_unattended, args=(services, portal_id), name=f"register-{portal_id}").start()


def resume_registrations(services: Services) -> None:
    """Start again what was cut off; two workers that do so at once do no harm."""
    for portal_id in cut_off_registrations(services.database, services.now()):
        start_registration(services, portal_id)


def _register_unattended(services: Services, portal_id: int) -> None:
    """Nobody hears what breaks in a thread: the page that waits is told, and the operator's list shows it."""
    try:
        register(services, portal_id)
    except Exception as bug:
        log.exception("registration.broke", portal=portal_id)
        break_off_registration(services.database, portal_id, type(bug).__name__, services.now())


def register(services: Services, portal_id: int) -> Report:
    client = services.portals.open(portal_id)
    read_habits(services.database, client)
    with services.database.read() as session:
        portal = session.get_one(Portal, portal_id)
    public = services.settings.public_url
    return register_everything(
        client,
        services.database,
        [robot.declaration for robot in services.catalogue.values()],
        Addresses(activities=public + ACTIVITIES_PATH, events=public + EVENTS_PATH),
        portal.activity_filter,
        portal.installer_user_id,
        services.now,
    )

"""`POST /bitrix24/events`: the application installed, updated, removed; events of the CRM."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app

from bitrix24.installs import uninstall
from bitrix24.proof import NotProved
from handlers.guards import NotProven, proven_portal_id
from handlers.install import grant_of_event
from handlers.installing import install_portal, start_registration, text_of
from handlers.posted import posted_form
from services import Services
from storage.model import Portal

blueprint = Blueprint("events", __name__)

UPDATES = ("ONAPPINSTALL", "ONAPPUPDATE")


@blueprint.post("/bitrix24/events")
def events() -> Response:
    """An update or install proves itself by its token at the OAuth host, all others by application_token."""
    services: Services = current_app.extensions["services"]
    form = posted_form()
    event = text_of(form, "event").upper()
    if event in UPDATES and text_of(form, "auth", "access_token"):
        return _updated(services, form, event)
    return _by_application_token(services, form, event)


def _by_application_token(services: Services, form: dict[str, Any], event: str) -> Response:
    with services.database.read() as session:
        portal_id = proven_portal_id(
            session,
            services.settings.bitrix24_client_id,
            text_of(form, "auth", "member_id"),
            text_of(form, "auth", "application_token"),
        )
    if event == "ONAPPUNINSTALL":
        uninstall(services.database, portal_id, services.now())
    if event == "ONAPPUPDATE":
        start_registration(services, portal_id)
    return Response("taken\n", mimetype="text/plain")


def _updated(services: Services, form: dict[str, Any], event: str) -> Response:
    """The portal forgets our robots at an update; another application_token is believed after proof only."""
    if event == "ONAPPINSTALL" and text_of(form, "data", "INSTALLED").upper() == "N":
        return Response("not finished yet\n", mimetype="text/plain")
    try:
        portal_id = install_portal(services, text_of(form, "auth", "member_id"), grant_of_event(form))
    except NotProved as refusal:
        if not refusal.passing:
            return Response(f"{refusal.words.en}\n", 403, mimetype="text/plain")
        try:  # the portal sends no event twice: what the known token proves is done at least
            return _by_application_token(services, form, event)
        except NotProven:
            return Response(f"{refusal.words.en}\n", 503, mimetype="text/plain")
    if event == "ONAPPUPDATE" or not _registered_since_installed(services, portal_id):
        start_registration(services, portal_id)
    return Response("taken\n", mimetype="text/plain")


def _registered_since_installed(services: Services, portal_id: int) -> bool:
    """Whether the install page has begun the registration already: this event follows its end."""
    with services.database.read() as session:
        portal = session.get_one(Portal, portal_id)
    at = portal.registration.get("at")
    return at is not None and datetime.fromisoformat(at) >= portal.installed_at

"""`POST /bitrix24/install`: the install page in the iframe, and ONAPPINSTALL of an application without pages."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bitrix24.installs import Grant
from bitrix24.proof import NotProved
from handlers.headers import frame, frame_anywhere
from handlers.installing import install_portal, start_registration, text_of, whole_of
from handlers.posted import posted_form
from schemas.declaration import Words
from services import Services
from settings import OFFICIAL_SCRIPT
from storage.model import Portal

blueprint = Blueprint("install", __name__)

PROGRESS_SECONDS = 3600
TITLE = Words("Платёжные роботы", "Payment robots")


@blueprint.post("/bitrix24/install")
def install_door() -> Response:
    form = posted_form()
    if text_of(form, "event"):
        return _by_event(form)
    return _by_page(form)


@blueprint.get("/bitrix24/install/progress")
def progress() -> Response:
    """How far the registration is; asked by the install page with the short-lived token it was given."""
    services: Services = current_app.extensions["services"]
    token = request.headers.get("X-Page-Token", "")
    try:
        portal_id = _signer(services).loads(token, max_age=PROGRESS_SECONDS)
    except BadSignature:
        return Response("this page is too old: open the application again\n", 403, mimetype="text/plain")
    with services.database.read() as session:
        report = session.get_one(Portal, portal_id).registration
    lines = report.get("lines", [])
    return jsonify(
        finished=bool(report.get("finished")),
        done=len(lines),
        problems=[f"{line['what']} {line['name']}: {line['problem']}" for line in lines if line["problem"]],
    )


def _by_event(form: dict[str, Any]) -> Response:
    """ONAPPINSTALL. `INSTALLED=N` comes for an application whose page has not finished yet: nothing is made active."""
    services: Services = current_app.extensions["services"]
    if text_of(form, "event").upper() != "ONAPPINSTALL":
        return Response("this address takes installations only\n", 400, mimetype="text/plain")
    if text_of(form, "data", "INSTALLED").upper() == "N":
        return Response("not finished yet\n", mimetype="text/plain")
    grant = grant_of_event(form)
    try:
        portal_id = install_portal(services, text_of(form, "auth", "member_id"), grant)
    except NotProved as refusal:
        return Response(f"{refusal.words.en}\n", 503 if refusal.passing else 403, mimetype="text/plain")
    start_registration(services, portal_id)
    return Response("installed\n", mimetype="text/plain")


def grant_of_event(form: dict[str, Any]) -> Grant:
    return Grant(
        access_token=text_of(form, "auth", "access_token"),
        refresh_token=text_of(form, "auth", "refresh_token"),
        expires_in=whole_of(text_of(form, "auth", "expires_in"), 3600),
        application_token=text_of(form, "auth", "application_token"),
        language=text_of(form, "data", "LANGUAGE_ID").lower(),
        portals_language=True,
    )


def grant_of_page(form: dict[str, Any]) -> Grant:
    """Part of a page's fields comes in the address, part in the body (Bitrix24 REST docs, installation)."""
    return Grant(
        access_token=_either(form, "AUTH_ID"),
        refresh_token=_either(form, "REFRESH_ID"),
        expires_in=whole_of(_either(form, "AUTH_EXPIRES"), 3600),
        application_token=_either(form, "APPLICATION_TOKEN"),
        language=_either(form, "LANG").lower(),
    )


def member_of_page(form: dict[str, Any]) -> str:
    return _either(form, "member_id")


def _by_page(form: dict[str, Any]) -> Response:
    services: Services = current_app.extensions["services"]
    grant = grant_of_page(form)
    language = "ru" if grant.language in ("ru", "") else "en"
    try:
        portal_id = install_portal(services, member_of_page(form), grant)
    except NotProved as refusal:
        return refused_page(refusal, language)
    start_registration(services, portal_id)
    script = script_address(services)
    with services.database.read() as session:
        endpoint = session.get_one(Portal, portal_id).client_endpoint
    page = render_template(
        "install.html",
        title=TITLE.in_language(language),
        language=language,
        script=script,
        token=_signer(services).dumps(portal_id),
    )
    return frame(make_response(page), endpoint, [script])


def refused_page(refusal: NotProved, language: str) -> Response:
    page = render_template(
        "refused.html",
        title=TITLE.in_language(language),
        text=refusal.words.in_language(language),
        language=language,
    )
    return frame_anywhere(make_response(page, 503 if refusal.passing else 403))


def script_address(services: Services) -> str:
    """Bitrix24's own script, or the sandbox's while everything outside is on this machine."""
    if services.settings.local:
        return f"{services.settings.bitrix24_oauth_url}/api/v1/"
    return OFFICIAL_SCRIPT


def _either(form: dict[str, Any], name: str) -> str:
    return text_of(form, name) or request.args.get(name, "")


def _signer(services: Services) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services.settings.secret_key, salt="install-progress")

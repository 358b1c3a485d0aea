"""`POST /bitrix24/app`: the application's page in the iframe: what is installed, and what a portal lacks."""

import hmac

from flask import Blueprint, Response, current_app, make_response, render_template
from sqlalchemy import func, select

from bitrix24.installs import Grant, hash_of_application_token
from bitrix24.proof import NotProved, prove
from handlers.headers import frame
from handlers.install import TITLE, grant_of_page, member_of_page, refused_page, script_address
from handlers.installing import install_portal, start_registration
from handlers.posted import posted_form
from services import Services
from storage.model import Call, Portal

blueprint = Blueprint("app_page", __name__)


@blueprint.post("/bitrix24/app")
def app_page() -> Response:
    """Any user of the portal may look; an administrator's visit gives a portal that lost its tokens new ones.

    A page that brings another application_token than ours tells of an update whose event never came.
    """
    services: Services = current_app.extensions["services"]
    form = posted_form()
    grant = grant_of_page(form)
    language = "ru" if grant.language in ("ru", "") else "en"
    try:
        proved = prove(services.portals.oauth, grant.access_token, member_of_page(form))
        portal = _portal(services, proved.member_id)
        if portal is None or portal.state != "active" or _has_another_token(portal, grant):
            start_registration(services, install_portal(services, proved.member_id, grant))
            portal = _portal(services, proved.member_id)
    except NotProved as refusal:
        return refused_page(refusal, language)
    if portal is None:
        raise RuntimeError(f"portal {proved.member_id} was installed and is not there")
    lines = portal.registration.get("lines", [])
    page = render_template(
        "app.html",
        title=TITLE.in_language(language),
        language=language,
        script=script_address(services),
        robots=[
            (robot.name.in_language(language), robot.description.in_language(language))
            for robot in services.catalogue.values()
        ],
        finished=bool(portal.registration.get("finished")),
        problems=[line for line in lines if line["problem"]],
        calls=_calls(services, portal.id),
        member_id=portal.member_id,
    )
    return frame(make_response(page), portal.client_endpoint, [script_address(services)])


def _has_another_token(portal: Portal, grant: Grant) -> bool:
    told = hash_of_application_token(grant.application_token)
    return bool(grant.application_token) and not hmac.compare_digest(told, portal.application_token_hash)


def _portal(services: Services, member_id: str) -> Portal | None:
    client_id = services.settings.bitrix24_client_id
    with services.database.read() as session:
        return session.scalar(select(Portal).where(Portal.client_id == client_id, Portal.member_id == member_id))


def _calls(services: Services, portal_id: int) -> dict[str, int]:
    with services.database.read() as session:
        rows = session.execute(select(Call.state, func.count()).where(Call.portal_id == portal_id).group_by(Call.state))
        return {str(state): int(count) for state, count in rows}

"""Installing, updating and uninstalling: what each does to the portal's row, its tokens and its scheduled work."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bitrix24.client import PortalClient
from bitrix24.errors import RestError
from bitrix24.proof import Proved
from bitrix24.tokens import Pair, store_pair
from storage.database import Database
from storage.model import Call, Charge, Consent, News, Portal, PortalToken
from storage.vault import Vault

# How people of these languages write a date in a portal they have not changed: the month first (Bitrix24 cultures).
MONTH_FIRST = frozenset({"en", "us"})
UNFINISHED = ("accepted", "waiting", "answering")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a verified moment brought: the user's pair, and the application token where it was told.

    `language` is the portal's own where `portals_language` says so, else that of the person who opened a page.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    application_token: str = field(repr=False)
    language: str
    portals_language: bool = False


def install(database: Database, vault: Vault, client_id: str, proved: Proved, grant: Grant, now: datetime) -> int:
    """Make or revive the portal's row with its tokens; the portal's id. The proof must have been made just now."""
    try:
        return _store(database, vault, client_id, proved, grant, now)
    except IntegrityError:  # the page and the event of one installation came together, and the other was first
        return _store(database, vault, client_id, proved, grant, now)


def _store(database: Database, vault: Vault, client_id: str, proved: Proved, grant: Grant, now: datetime) -> int:
    with database.write() as session:
        portal = _find(session, client_id, proved.member_id)
        if portal is None:
            portal = Portal(
                client_id=client_id,
                member_id=proved.member_id,
                application_token_hash="",
                installed_at=now,
                currency="RUB",
                fields={},
                registration={},
            )
            session.add(portal)
        new = portal.state in (None, "uninstalled")
        if portal.state == "uninstalled":  # what happened before moves nothing now
            news = update(News).where(News.portal_id == portal.id, News.due_at.is_not(None))
            session.execute(news.values(due_at=None, reason="the application was removed from the portal"))
        if portal.state != "active":
            portal.installed_at = now
        portal.client_endpoint = proved.endpoint
        portal.state, portal.state_reason = "active", ""
        portal.installer_user_id = proved.user_id
        portal.changed_at = now
        if grant.application_token:
            portal.application_token_hash = hash_of_application_token(grant.application_token)
        # The order of dates is guessed from the language: what an operator has set is not guessed over again.
        if grant.language and (new or (grant.portals_language and grant.language != portal.language)):
            portal.language = grant.language
            portal.date_order = "mdy" if grant.language in MONTH_FIRST else "dmy"
        session.flush()
        pair = Pair(grant.access_token, grant.refresh_token, now + timedelta(seconds=grant.expires_in))
        # A pair that cannot be renewed ends within the hour: it replaces none that can.
        if pair.refresh or not _has_pair(session, portal.id, proved.user_id):
            store_pair(session, vault, portal.id, proved.user_id, pair)
        return portal.id


def read_habits(database: Database, client: PortalClient) -> None:
    """Learn the portal's currency and time zone; what it does not tell stays as it is."""
    asked = {method: client.submit(method) for method in ("crm.currency.base.get", "user.current")}  # in one request
    currency, zone = _currency(asked["crm.currency.base.get"]), _time_zone(client, asked["user.current"])
    learned = {name: value for name, value in (("currency", currency), ("time_zone", zone)) if value}
    if learned:
        with database.write() as session:
            session.execute(update(Portal).where(Portal.id == client.facts.id).values(**learned))


def uninstall(database: Database, portal_id: int, now: datetime) -> None:
    """Destroy the tokens, stop what is scheduled, keep the records of money."""
    with database.write() as session:
        session.execute(  # the portal's row first, as an installation does: the two never wait for each other
            update(Portal)
            .where(Portal.id == portal_id)
            .values(
                state="uninstalled",
                state_reason="the application was removed from the portal",
                application_token_hash="",
                changed_at=now,
            )
        )
        session.execute(delete(PortalToken).where(PortalToken.portal_id == portal_id))
        session.execute(
            update(Call)
            .where(Call.portal_id == portal_id, Call.state.in_(UNFINISHED))
            .values(state="cancelled", reason="the application was removed from the portal", finished_at=now)
        )
        session.execute(update(Charge).where(Charge.portal_id == portal_id).values(next_attempt_at=None))
        # A portal that installs the application again does not get its clients' old consents back.
        session.execute(
            update(Consent)
            .where(Consent.portal_id == portal_id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by="the application was removed from the portal")
        )


def hash_of_application_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _find(session: Session, client_id: str, member_id: str) -> Portal | None:
    return session.scalar(
        select(Portal).where(Portal.client_id == client_id, Portal.member_id == member_id).with_for_update()
    )


def _has_pair(session: Session, portal_id: int, user_id: int) -> bool:
    mine = select(PortalToken.id).where(PortalToken.portal_id == portal_id, PortalToken.user_id == user_id)
    return session.scalar(mine) is not None


def _currency(asked: Future[Any]) -> str:
    base = _told(asked)
    if isinstance(base, Mapping):
        base = base.get("CURRENCY") or base.get("currency")
    return str(base) if isinstance(base, str) and len(base) == 3 else ""


def _time_zone(client: PortalClient, asked: Future[Any]) -> str:
    """The installer's zone is the portal's own unless somebody changed it by hand."""
    user = _told(asked)
    profile = user if isinstance(user, Mapping) and user.get("TIME_ZONE") else _told(client.submit("profile"))
    name = str(profile.get("TIME_ZONE") or "") if isinstance(profile, Mapping) else ""
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError):
        return ""


def _told(asked: Future[Any]) -> object:
    try:
        return asked.result()
    except RestError:
        return None

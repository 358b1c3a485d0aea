"""The portal that an operator's command names by its member id."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.model import Portal


def services() -> Any:
    return current_app.extensions["services"]


def portal_id_of(member_id: str) -> int:
    client_id = services().settings.bitrix24_client_id
    with services().database.read() as session:
        query = select(Portal.id).where(Portal.client_id == client_id, Portal.member_id == member_id)
        portal_id: int | None = session.scalar(query)
    if portal_id is None:
        raise click.ClickException(f"no portal {member_id} is installed: `portals list` shows those that are")
    return portal_id


def zone_of(session: Session, portal_id: int) -> ZoneInfo:
    return ZoneInfo(session.get_one(Portal, portal_id).time_zone)


def on_their_clock(session: Session, portal_id: int, moment: datetime) -> str:
    """A moment as the portal's people read it from the wall."""
    return f"{moment.astimezone(zone_of(session, portal_id)):%Y-%m-%d %H:%M}"

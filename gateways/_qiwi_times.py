"""Moments as QIWI writes them: with an offset, with minutes of it left out, or without one, which is Moscow's."""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

MOSCOW = ZoneInfo("Europe/Moscow")


def read_moment(text: object) -> datetime | None:
    """None for what is no moment: it is only told to people, and money does not depend on it."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text) if "T" in text else text)
        return (at if at.tzinfo else at.replace(tzinfo=MOSCOW)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


Moment = Annotated[datetime | None, BeforeValidator(read_moment)]

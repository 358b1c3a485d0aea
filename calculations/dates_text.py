"""Dates as portals and people write them."""

from datetime import date
from enum import StrEnum


class Culture(StrEnum):
    """The order of day and month in the portal's own format; known, never guessed from the text."""

    day_month_year = "day_month_year"
    month_day_year = "month_day_year"


def parse_date(text: str, culture: Culture = Culture.day_month_year) -> date:
    """The calendar day of an ISO date or of a date in the portal's format, with or without a time of day.

    The day is the one written: a time, a zone or the portal's internal `[10800]` suffix (seconds from UTC) never
    moves it. Refusals: `date_missing`, `date_not_understood`, `date_impossible`.
    """
    raise NotImplementedError

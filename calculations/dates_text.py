"""Dates as portals and people write them."""

import re
from datetime import date
from enum import StrEnum

from calculations.refusal import Refusal, shown


class Culture(StrEnum):
    """The order of day and month in the portal's own format; known, never guessed from the text."""

    day_month_year = "day_month_year"
    month_day_year = "month_day_year"


_TIME = re.compile(
    r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?: ?[ap]m)?(?: ?(?:z|[+-][0-2][0-9]:?[0-5][0-9]))?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r" ?\[-?[0-9]{1,6}\]$")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WRITTEN = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_DAY = re.compile(r"(?P<day>[^\sT]+)(?:(?:T| )(?P<time>.+))?")


def parse_date(text: str, culture: Culture = Culture.day_month_year) -> date:
    """The calendar day of an ISO date or of a date in the portal's format, with or without a time of day.

    The day is the one written: a time, a zone or the portal's internal `[10800]` suffix (seconds from UTC) never
    moves it. Dots are only ever written day first, so that a month-first portal refuses them.
    Refusals: `date_missing`, `date_not_understood`, `date_impossible`.
    """
    spaced = " ".join(text.split())
    if not spaced:
        raise Refusal(
            "date_missing",
            ru=f"Дата не указана: впишите её, например {_example(culture)}",
            en=f"There is no date: write one such as {_example(culture)}",
        )
    parts = _DAY.fullmatch(_OFFSET.sub("", spaced))
    if parts is None or (parts["time"] is not None and not _TIME.fullmatch(parts["time"])):
        raise _not_understood(text, culture)
    iso = _ISO.fullmatch(parts["day"])
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]), text, culture)
    written = _WRITTEN.fullmatch(parts["day"])
    if written is None or (written[2] == "." and culture is Culture.month_day_year):
        raise _not_understood(text, culture)
    first, second, year = int(written[1]), int(written[3]), int(written[4])
    if culture is Culture.month_day_year:
        return _date(year, first, second, text, culture)
    return _date(year, second, first, text, culture)


def _date(year: int, month: int, day: int, text: str, culture: Culture) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Refusal(
            "date_impossible",
            ru=f"Даты «{shown(text)}» не бывает: портал пишет даты как {_example(culture)}",
            en=f'The date "{shown(text)}" does not exist: this portal writes dates as {_example(culture)}',
        ) from None


def _not_understood(text: str, culture: Culture) -> Refusal:
    return Refusal(
        "date_not_understood",
        ru=f"Дата «{shown(text)}» не прочитана: напишите её как {_example(culture)} или 2027-01-31",
        en=f'The date "{shown(text)}" was not understood: write it as {_example(culture)} or 2027-01-31',
    )


def _example(culture: Culture) -> str:
    return "01/31/2027" if culture is Culture.month_day_year else "31.01.2027"

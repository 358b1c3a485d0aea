"""Until when a card is good: the last day of the month printed on it."""

from datetime import date, timedelta


def last_good_day(expires: str) -> date | None:
    """Of `YYYY-MM`; None for an empty text: the acquirer did not say."""
    if not expires:
        return None
    year, month = map(int, expires.split("-"))
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)

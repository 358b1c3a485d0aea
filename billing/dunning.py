"""When a softly declined charge is tried again, if nobody says otherwise."""

from datetime import datetime, timedelta

# Card schemes allow far more (Visa: 20 tries in 30 days); these are few, and never two with one card within a day.
RETRY_DAYS = (1, 3, 5, 7)
BETWEEN_TRIES = timedelta(hours=24)


def next_attempt(first_sent_at: datetime, last_sent_at: datetime, now: datetime) -> datetime | None:
    """The next planned moment after a soft decline; None when the plan is used up.

    The plan counts from the first try of the series; a day that passed while a try was open is not made up for.
    """
    for days in RETRY_DAYS:
        moment = first_sent_at + timedelta(days=days)
        if moment > now and moment >= last_sent_at + BETWEEN_TRIES:
            return moment
    return None

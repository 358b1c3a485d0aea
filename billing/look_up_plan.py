"""When an outcome that is not known is asked about: soon, then rarely, then by a person only."""

from datetime import datetime, timedelta
from itertools import accumulate

from gateways import REQUEST_SECONDS, AnyGateway

LOOK_UP_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(hours=1),
    *[timedelta(days=1)] * 5,
)


def next_look_up(sent_at: datetime, asked: int, now: datetime) -> datetime | None:
    """The next planned moment after `now`; None when the plan is used up. `asked`: how often by the plan before now.

    After a long stand-still the plan is gone through from where it was.
    """
    for waited in accumulate(LOOK_UP_AFTER):
        if sent_at + waited > now:
            return sent_at + waited
    return now + LOOK_UP_AFTER[asked + 1] if asked + 1 < len(LOOK_UP_AFTER) else None


def is_request_over(gateway: AnyGateway | None, sent_at: datetime | None, now: datetime) -> bool:
    """Whether nothing of a request is at work any more, here or at its acquirer, whose word that it knows nothing of it
    holds then."""
    ours = timedelta(seconds=REQUEST_SECONDS)
    theirs = max(ours, gateway.longest_work) if gateway else ours
    return sent_at is not None and now - sent_at > ours + theirs


def asked_out_of_turn(look_ups: int, look_up_at: datetime | None) -> int:
    """How often it counts as asked by the plan, when somebody wants it asked at once.

    That question takes nothing from the plan; where the plan was used up it begins anew, so that news whose look-up
    meets trouble is not lost.
    """
    return 0 if look_up_at is None else max(look_ups - 1, 0)


def news_after(look_up_at: datetime | None, now: datetime) -> datetime | None:
    """Since when somebody wants it asked about who did not know of the question that is answered now: a question fixes
    the next moment, which is later, before it is put."""
    return look_up_at if look_up_at and look_up_at <= now else None

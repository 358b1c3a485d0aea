"""When an outcome that is not known is asked about: soon, then rarely, then by a person only."""

from datetime import datetime, timedelta
from itertools import accumulate

LOOK_UP_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(hours=1),
    *[timedelta(days=1)] * 5,
)


def next_look_up(sent_at: datetime, asked: int, now: datetime) -> datetime | None:
    """The next planned moment after `now`; None when the plan is used up. `asked`: how often before now.

    Whoever asks in between takes nothing from the plan; after a long stand-still it is gone through from where it was.
    """
    for waited in accumulate(LOOK_UP_AFTER):
        if sent_at + waited > now:
            return sent_at + waited
    return now + LOOK_UP_AFTER[asked + 1] if asked + 1 < len(LOOK_UP_AFTER) else None

"""Requests that must not overtake each other: none is repeated while an earlier one, cut off from us, may arrive."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bitrix24.errors import AnswerLost, TryLater
from payments.effects import Begun, begin_effect, drop_effect, find_effect, revise_effect
from storage.database import Database

LONGEST_REQUEST = timedelta(seconds=60)  # after which a portal ends one
# The portal has let the connection go: what it is still at ends soon.
AFTER_A_CUT = timedelta(seconds=10)
CUT, QUIET_UNTIL = "cut", "quiet_until"


@contextmanager
def asking(database: Database, portal_id: int, key: str, call_id: int, now: datetime) -> Iterator[None]:
    """Goes around looking how things are in the CRM and asking for what is to change; `key` names what is changed.

    What a killed process asked for last may be done by a slow portal after we looked: made a second time, or written
    over what came later. So a run that finds an earlier one without an outcome, of its own call or of one that ended,
    first lets the time pass in which that can happen. Raises TryLater until then. `now`: when the run began.
    """
    key = f"asking:{key}"
    begun = find_effect(database, portal_id, key, call_id)
    if begun:
        _let_arrive(database, begun, now)
    else:
        begun = begin_effect(database, portal_id, key, call_id, {}, now)
    try:
        yield
    except AnswerLost:
        revise_effect(database, begun.id, {CUT: True})
        raise
    except Exception:
        drop_effect(database, begun)
        raise
    drop_effect(database, begun)


def _let_arrive(database: Database, begun: Begun, now: datetime) -> None:
    noted = begun.result.get(QUIET_UNTIL)
    quiet_until = datetime.fromisoformat(noted) if noted else now + _longest(begun)
    if noted and now >= quiet_until:
        revise_effect(database, begun.id, {})
        return
    if not noted:
        revise_effect(database, begun.id, {QUIET_UNTIL: quiet_until.isoformat()})
    trouble = TryLater("crm", "an earlier request may still arrive: the next one is made after that")
    trouble.until = quiet_until
    raise trouble


def _longest(begun: Begun) -> timedelta:
    """How long an earlier run's last request may take to arrive, from any moment after that run ended."""
    return AFTER_A_CUT if begun.result.get(CUT) else LONGEST_REQUEST

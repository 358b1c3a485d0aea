"""Requests that make something in the CRM: not repeated while an earlier one, cut off from us, may still arrive."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from bitrix24.errors import AnswerLost, TryLater
from payments.effects import Begun, begin_effect, drop_effect, find_effect, revise_effect
from storage.database import Database

LONGEST_REQUEST = timedelta(seconds=60)  # after which a portal ends one
# The portal has let the connection go: what it is still at ends soon.
AFTER_A_CUT = timedelta(seconds=10)
QUIET_UNTIL = "quiet_until"


@contextmanager
def asking(database: Database, portal_id: int, key: str, call_id: int, now: datetime) -> Iterator[None]:
    """Goes around looking for what is there and asking for what is missing; `key` is one call's own.

    What a killed process asked for last may be made by a slow portal after we looked. So a run that finds an earlier
    one without an outcome first lets the time pass in which that can happen. Raises TryLater until then. `now`: when
    the run began.
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
        revise_effect(database, begun.id, {QUIET_UNTIL: (now + AFTER_A_CUT).isoformat()})
        raise
    except Exception:
        drop_effect(database, begun.id)
        raise
    drop_effect(database, begun.id)


def _let_arrive(database: Database, begun: Begun, now: datetime) -> None:
    noted = begun.result.get(QUIET_UNTIL)
    quiet_until = datetime.fromisoformat(noted) if noted else now + LONGEST_REQUEST
    if now >= quiet_until:
        revise_effect(database, begun.id, {})
        return
    if not noted:
        revise_effect(database, begun.id, {QUIET_UNTIL: quiet_until.isoformat()})
    trouble = TryLater("crm.item.add", "an earlier request may still arrive: what is missing is made after that")
    trouble.until = quiet_until
    raise trouble

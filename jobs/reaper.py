"""The calls of workers that died are taken over by the living; a dead worker's own lock is the proof of its death."""

import logging
from collections.abc import Callable, Collection

from jobs.locks import Locks, worker_lock

REAPER = "reaper"

log = logging.getLogger(__name__)


def take_over(
    locks: Locks, own_name: str, names: Callable[[], Collection[str]], give_back: Callable[[str], int]
) -> int:
    """Give back the work of every worker of `names` that is dead; how much that was.

    One reaper at a time. `give_back` is called while the dead worker's lock is held, so that nobody of that name can
    start meanwhile, and has to look anew at what is to be given back.
    """
    others = [name for name in names() if name != own_name]
    if not others or not locks.take(REAPER):
        return 0
    try:
        return sum(_if_dead(locks, name, give_back) for name in others)
    finally:
        locks.release(REAPER)


def _if_dead(locks: Locks, name: str, give_back: Callable[[str], int]) -> int:
    if not locks.take(worker_lock(name)):
        return 0
    try:
        count = give_back(name)
    finally:
        locks.release(worker_lock(name))
    log.warning("worker %s is dead: %s calls are due again", name, count)
    return count

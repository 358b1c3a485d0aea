"""The worker process: takes calls from the inbox, runs robots, sends answers, asks about charges that are open."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

import services
from bp_activities._inbox import claim_due, give_back, give_back_orphans, wake, workers_with_calls
from bp_activities._runner import Runner
from jobs.durable import DurableEngine
from jobs.heartbeat import beat
from jobs.locks import LockLost, Locks, open_locks
from jobs.loop import Every, Loop, Periodic
from jobs.outbox import tell
from logs import configure_logs
from settings import Settings, SettingsRefused, load_settings

log = logging.getLogger("worker")

SLOTS = 192  # calls at once: most of them wait for the portal, and only many at once fill its batches
CLAIM_PAUSE = 0.1
SWEEP_SECONDS = 30.0
A_DAY = 86_400.0
GRACE_SECONDS = 25.0
FAULT = "FAULT_AT"  # for kill tests: `robot_done:3` ends the process at the third pass of that step
REAPER = "reaper"
ONLY_WORKER = "the worker of this database"


def main() -> int:
    try:
        settings = load_settings()
    except SettingsRefused as refusal:
        print(f"worker: {refusal}", file=sys.stderr)
        return 2
    configure_logs(settings.log_level, settings.secrets)
    locks = open_locks(settings.database_url)
    taken = _taken_name(locks, settings)
    if taken:
        print(f"worker: {taken}", file=sys.stderr)
        return 3
    return _work(settings, locks)


def _taken_name(locks: Locks, settings: Settings) -> str:
    """Why this process may not work, empty when it may: one process of a name, one worker on SQLite."""
    if not locks.take(lock_name(settings.worker_name)):
        return f"WORKER_NAME {settings.worker_name} is taken by a living worker: give this one another name"
    if settings.database_url.startswith("sqlite") and not locks.take(ONLY_WORKER):
        return "another worker works on this SQLite database: use PostgreSQL for more than one"
    return ""


def _work(settings: Settings, locks: Locks) -> int:
    step = _fault_step(os.environ.get(FAULT, ""))
    built = services.build(settings, step=step)
    name = settings.worker_name
    give_back(built.database, name, built.now())
    runner = Runner(built.database, built.portals, built.robot_call, built.now, step)
    engine = DurableEngine(settings.database_url, name, runner.run, SLOTS)
    swept = Every(SWEEP_SECONDS, time.monotonic)

    def claim() -> int:
        if swept.due():
            # What is under way is asked first: a run that ends in between has written its row before.
            under_way = engine.under_way
            give_back_orphans(built.database, name, under_way, built.now())
        claims = claim_due(built.database, name, SLOTS - len(engine.under_way), built.now())
        for one in claims:
            engine.start(f"call-{one.call_id}-{one.run}", one.call_id, one.run)
        return len(claims)

    def settled(portal_id: int, _charge_id: int) -> None:
        wake(built.database, portal_id, "charge_open", built.now())

    loop = Loop(
        claim,
        _checked(locks),
        [
            Periodic("heartbeat", 5.0, lambda: beat(built.database, name, str(os.getpid()), built.now())),
            Periodic("reaper", 3.0, lambda: _take_over(built, locks, name)),
            Periodic("outbox", 0.5, lambda: tell(built.database, {"charge_settled": settled}, built.now())),
            Periodic("look-ups", 1.0, built.charging.look_up_due),
            Periodic("retries", 5.0, built.charging.retry_due),
            Periodic("unused tokens", A_DAY, built.portals.renew_unused),
        ],
        CLAIM_PAUSE,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("worker %s works", name)
    try:
        loop.run()
    except LockLost as lost:
        # Somebody may already be taking our calls over: not one more step from here.
        log.error("worker %s ends: its locks are lost: %s", name, lost)
        os._exit(4)
    engine.close(GRACE_SECONDS)
    built.close()
    locks.close()
    return 0


def _checked(locks: Locks) -> Callable[[], None]:
    return locks.check


def _take_over(built: services.Services, locks: Locks, own_name: str) -> None:
    """Calls of workers that died are due again. One reaper at a time; the dead's own lock proves the death."""
    dead = [name for name in workers_with_calls(built.database) if name != own_name]
    if not dead or not locks.take(REAPER):
        return
    try:
        for name in dead:
            if locks.take(lock_name(name)):
                try:
                    count = give_back(built.database, name, built.now())
                finally:
                    locks.release(lock_name(name))
                log.warning("worker %s is dead: %s calls are due again", name, count)
    finally:
        locks.release(REAPER)


def _fault_step(where: str) -> Callable[[str], None]:
    """The process ends itself, as kill -9 would, at a named step; does nothing when none is named."""
    wanted, _, count = where.partition(":")
    left = [int(count or 1)]

    def step(name: str) -> None:
        if name != wanted:
            return
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)

    return step


def lock_name(worker: str) -> str:
    return f"worker {worker}"


if __name__ == "__main__":
    sys.exit(main())

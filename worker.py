"""The worker process: takes calls from the inbox, runs robots, sends answers, asks about charges that are open."""

import itertools
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

import services
from billing.ledger_watch import watch_ledger
from bp_activities._inbox import claim_due, end_lost, give_back, give_back_orphans, wake, workers_with_calls
from bp_activities._runner import Runner
from handlers.installing import resume_registrations
from jobs.durable import DurableEngine
from jobs.engine import Engine
from jobs.heartbeat import beat
from jobs.locks import LockLost, Locks, open_locks, worker_lock
from jobs.loop import Every, EveryHour, Loop, Periodic
from jobs.outbox import tell
from jobs.reaper import take_over
from logs import configure_logs
from payments.expiring_cards import tell_of_expiring_cards
from settings import Settings, SettingsRefused, load_settings
from storage.migrate import is_current

log = logging.getLogger("worker")

SLOTS = 192  # calls at once: most of them wait for the portal, and only many at once fill its batches
CLAIM_PAUSE = 0.1
SWEEP_SECONDS = 30.0
AN_HOUR, A_DAY = 3600.0, 86_400.0
NAME_SECONDS = 5.0  # how long the one before may take to end, or a reaper to look whether it has
GRACE_SECONDS = 25.0
ENDING_SECONDS = 5.0
FAULT = "FAULT_AT"  # for kill tests: `robot_done:3` ends the process at the third pass of that step
ONLY_WORKER = "the worker of this database"


class MayNotWork(Exception):
    """Why this process may not work; the text is one sentence an operator can act on."""


def main() -> int:
    try:
        settings = load_settings()
        configure_logs(settings.log_level, settings.secrets)
        locks = open_locks(settings.database_url)
        _take_name(locks, settings)
        step = _fault_step(os.environ.get(FAULT, ""))
        built = services.build(settings, step=step)
        if not is_current(built.database):
            raise MayNotWork("the database lacks migrations: run flask --app wsgi database upgrade")
    except (SettingsRefused, LockLost, MayNotWork) as refusal:
        print(f"worker: {refusal}", file=sys.stderr)
        return 2
    return _work(built, locks, step)


def _take_name(locks: Locks, settings: Settings) -> None:
    """One process of a name, one worker on SQLite. Raises MayNotWork."""
    name = settings.worker_name
    if not _taken(locks, worker_lock(name)):
        raise MayNotWork(f"WORKER_NAME {name} is taken by a living worker: give this one another name")
    if settings.database_url.startswith("sqlite") and not _taken(locks, ONLY_WORKER):
        raise MayNotWork("another worker works on this SQLite database: use PostgreSQL for more than one")


def _taken(locks: Locks, lock: str) -> bool:
    give_up_at = time.monotonic() + NAME_SECONDS
    while not locks.take(lock):
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(CLAIM_PAUSE)
    return True


def _work(built: services.Services, locks: Locks, step: Callable[[str], None]) -> int:
    settings = built.settings
    runner = Runner(built.database, built.portals, built.robot_call, built.now, step)
    give_back(built.database, settings.worker_name, built.now())
    engine = DurableEngine(settings.database_url, settings.worker_name, runner.run, SLOTS)
    loop = Loop(
        claims(built, engine, settings.worker_name, SLOTS),
        [
            Periodic("locks", 1.0, lambda: _end_when_lost(locks)),
            Periodic("reaper", 3.0, lambda: _take_over(built, locks)),
            Periodic("unused tokens", A_DAY, built.portals.renew_unused),
            Periodic("engine's memory", AN_HOUR, engine.forget_old),
            *periodic_work(built),
        ],
        CLAIM_PAUSE,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("worker %s works", settings.worker_name)
    loop.run()
    return _end(built, engine, locks)


def claims(built: services.Services, engine: Engine, name: str, slots: int) -> Callable[[], None]:
    """What the loop does again and again: free slots are filled with due calls."""
    swept = Every(SWEEP_SECONDS, time.monotonic)

    def claim() -> None:
        under_way = engine.under_way
        if swept.due():
            # What is under way was asked first: a run that ended in between has written its row before.
            give_back_orphans(built.database, name, under_way, built.now())
            end_lost(built.database, built.now())
        for one in claim_due(built.database, name, slots - len(under_way), built.now()):
            engine.start(f"call-{one.call_id}-{one.run}", one.call_id, one.run)

    return claim


def periodic_work(built: services.Services) -> list[Periodic]:
    """What is due by the clock, in every worker: each piece of it is won by one of them."""
    settings = built.settings
    subscribers = {"charge_settled": lambda charge_id: wake(built.database, charge_id, built.now())}

    def tell_expiring() -> int:
        return tell_of_expiring_cards(built.database, built.portals, built.now)

    return [
        Periodic("heartbeat", 5.0, lambda: beat(built.database, settings.worker_name, str(os.getpid()), built.now())),
        Periodic("outbox", 0.5, lambda: tell(built.database, subscribers, built.now())),
        Periodic("news", 1.0, built.teller.tell_due),
        Periodic("look-ups", 1.0, built.charging.look_up_due),
        Periodic("retries", 5.0, built.charging.retry_due),
        Periodic("receipts", 5.0, built.charging.receipts.follow_due),
        Periodic("subscriptions", 30.0, built.subscriptions.charge_due),
        Periodic("expiring cards", 5.0, EveryHour(tell_expiring, built.now)),
        Periodic("forgotten cards", 5.0, EveryHour(built.forgetting.tell_acquirers, built.now)),
        Periodic("ledger", 60.0, lambda: watch_ledger(built.database, built.now)),
        Periodic("registrations", 60.0, lambda: resume_registrations(built)),
    ]


def _take_over(built: services.Services, locks: Locks) -> None:
    take_over(
        locks,
        built.settings.worker_name,
        lambda: workers_with_calls(built.database),
        lambda name: give_back(built.database, name, built.now()),
    )


def _end_when_lost(locks: Locks) -> None:
    """Without its locks a worker may be thought dead, and its calls be taken over: not one more step from here."""
    try:
        locks.check()
    except LockLost as lost:
        log.error("the worker ends: its locks are lost: %s", lost)
        os._exit(4)


def _end(built: services.Services, engine: Engine, locks: Locks) -> int:
    """Runs under way may end; those that still wait for a portal then are put off, and run again elsewhere."""
    if not engine.wait_until_idle(GRACE_SECONDS):
        built.teller.close()
        built.portals.close(ENDING_SECONDS)
        if not engine.wait_until_idle(ENDING_SECONDS):
            log.warning("runs are left for the next worker of this name: %s", len(engine.under_way))
            os._exit(0)
    engine.close()
    built.close()
    locks.close()
    return 0


def _fault_step(where: str) -> Callable[[str], None]:
    """The process ends itself, as kill -9 would, at a named step; does nothing when none is named."""
    wanted, _, number = where.partition(":")
    passes = itertools.count(1)

    def step(name: str) -> None:
        if name == wanted and next(passes) == int(number or 1):
            os._exit(9)

    return step


if __name__ == "__main__":
    sys.exit(main())

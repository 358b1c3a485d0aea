"""Two lanes of a portal: what waits in one travels together, and each command has its own answer."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any

from bitrix24.batch import Command, Outcome, Value
from bitrix24.errors import METHOD_USED_UP, AnswerLost, Moved, PortalUnavailable, RestError, StaleToken, TryLater
from bitrix24.exchange import Exchange
from bitrix24.pace import Pace
from bitrix24.tokens import Access
from bitrix24.transport import Connection, Transport
from bitrix24.waiting import Waiting

GATHER_SECONDS = 0.005  # a batch that is not full waits while more keeps coming
SCARCE_SECONDS = 0.25  # and longer the fewer requests are left: this long when they are used up
LULL_SECONDS = 1.0  # after a lull there is no crowd to wait for
LOOK_AGAIN_SECONDS = 1.0
IDLE_SECONDS = 30.0
ENDING = "this process is ending"

log = logging.getLogger(__name__)


class Lane(Enum):
    """DATA reads and writes. CONTINUE lets workflows go on inside the request: answers of robots, triggers, stages."""

    DATA = "data"
    CONTINUE = "continue"


FIRST_GUESS = {Lane.DATA: 0.2, Lane.CONTINUE: 0.8}  # seconds of the portal's time for one command


class LaneQueue:
    """One lane: the commands that wait, and a thread that takes them to the portal while there are any."""

    def __init__(
        self,
        lane: Lane,
        exchange: Exchange,
        transport: Transport,
        *,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        patience: float,
        name: str,
    ) -> None:
        """`patience`: a command comes back with TryLater when it could not be sent for so many seconds."""
        self._exchange = exchange
        self._transport = transport
        self._now = now
        self._elapsed = elapsed
        self._patience = patience
        self._name = f"{name}-{lane.value}"
        self._used = 0.0  # of the bucket, at the last request
        self._pace = Pace(FIRST_GUESS[lane])
        self._waiting = Waiting()
        self._changed = threading.Condition()  # guards the waiting commands and the thread
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def submit(self, command: Command, *, shared: bool = False) -> Future[Any]:
        with self._changed:
            if self._closing.is_set():
                raise TryLater(command.method, ENDING)
            future = self._waiting.add(command, shared=shared)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def stop(self) -> None:
        """The request under way ends; what still waits comes back with TryLater."""
        with self._changed:
            self._closing.set()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        with self._changed:
            thread = self._thread
        if thread:
            thread.join(max(0.0, seconds))

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with self._transport.connect() as connection:
            while self._anything_waits():
                try:
                    self._travel(connection)
                except Exception as bug:
                    log.exception("%s: nothing could be sent", self._name)
                    self._fail(self._take_where(_any), TryLater("portal", f"our own trouble: {type(bug).__name__}"))

    def _anything_waits(self) -> bool:
        with self._changed:
            if not self._waiting and not self._closing.is_set():
                lull = self._elapsed()
                self._changed.wait(IDLE_SECONDS)
                if self._elapsed() - lull > LULL_SECONDS:
                    self._used = 0.0
            if self._waiting and not self._closing.is_set():
                return True
            left = self._waiting.take_where(_any)
            self._thread = None
        self._fail(left, TryLater("portal", ENDING))
        return False

    def _travel(self, connection: Connection) -> None:
        """One round. What goes wrong before a request is sent leaves the commands waiting."""
        self._gather()
        paused = self._exchange.paused_methods()
        for method, seconds in paused.items():
            self._give_up(seconds, f"{METHOD_USED_UP}: this method waits", partial(_is, method))
        with self._changed:
            head = self._waiting.head(paused)
        if head is None:
            self._closing.wait(min([LOOK_AGAIN_SECONDS, *paused.values()]))
            return
        try:
            access = self._exchange.access(head.user_id)
        except PortalUnavailable as shut:
            everybody = bool(shut.trouble)
            self._fail(self._take_where(lambda one: everybody or one.user_id == head.user_id), shut)
            return
        except TryLater as trouble:
            self._wait(self._exchange.backoff(), trouble.description)
            return
        leave = self._exchange.leave()
        if leave.wait:
            self._wait(leave.wait, "the portal is in trouble" if leave.paused else "")
            return
        self._used = leave.used
        with self._changed:
            commands = self._waiting.take(self._pace.size, head.user_id, paused)
        self._send(connection, access, commands)

    def _gather(self) -> None:
        """Those whose answers have just come are about to ask their next thing: one request can carry it all."""
        head = self._waiting.head()
        if head is None or head.alone:
            return
        patient = round(SCARCE_SECONDS * self._used / GATHER_SECONDS)
        before = 0
        while patient > 0 or before < len(self._waiting):
            before = len(self._waiting)
            if before >= self._pace.size or self._closing.wait(GATHER_SECONDS):
                return
            patient -= 1

    def _send(self, connection: Connection, access: Access, commands: list[Command]) -> None:
        try:
            outcomes = self._exchange.ask(connection, access, commands)
        except (StaleToken, Moved, TryLater) as error:
            self._recover(access, commands, error)
        except PortalUnavailable as error:
            self._shut(commands, error)
        except RestError as error:
            if isinstance(error, AnswerLost):
                self._pace.lost()
            self._fail(commands, error)
        except Exception as bug:  # our own, but the commands may have been carried out
            log.exception("%s: a request failed", self._name)
            self._fail(commands, AnswerLost("portal", f"our own trouble: {type(bug).__name__}"))
        else:
            self._pace.learn([one.seconds for one in outcomes if isinstance(one, Value) and one.seconds is not None])
            self._deliver(access, commands, outcomes)
            if access.suspended:
                self._exchange.note_works()

    def _recover(self, access: Access, commands: list[Command], error: StaleToken | Moved | TryLater) -> None:
        """The request was not carried out: the same commands go again, once with what is new, patiently otherwise."""
        if not isinstance(error, TryLater) and commands[0].anew:
            self._fail(commands, TryLater("portal", f"refused again: {error.description}", error.code, error.status))
            return
        try:
            self._exchange.recover(access, error)
        except PortalUnavailable as shut:
            self._shut(commands, shut)
            return
        except TryLater as trouble:
            self._put_back(commands)
            self._wait(self._exchange.backoff(), trouble.description)
            return
        except Exception:
            self._put_back(commands)
            raise
        for command in commands:
            command.anew = not isinstance(error, TryLater)
        self._put_back(commands)
        if isinstance(error, TryLater):
            self._give_up(0.0, error.description, lambda one: one in commands)

    def _shut(self, commands: Sequence[Command], error: PortalUnavailable) -> None:
        try:
            self._exchange.note_trouble(error)
        finally:
            self._fail(commands, error)

    def _deliver(self, access: Access, commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
        later: list[tuple[Command, TryLater]] = []
        for command, outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, TryLater):
                later.append((command, outcome))
            elif isinstance(outcome, StaleToken):
                command.deliver(TryLater(command.method, outcome.description, outcome.code, outcome.status))
            else:
                command.deliver(outcome)
        if not later:
            return
        again = [command for command, _ in later]
        self._put_back(again)
        for _, error in later:
            self._exchange.recover(access, error)
        self._give_up(0.0, f"{METHOD_USED_UP}: this method waits", lambda one: one in again)

    # --- patience ----------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float, trouble: str) -> None:
        """Let time pass; in trouble those whose patience would end meanwhile get their answer at once."""
        if trouble:
            self._give_up(seconds, trouble, _any)
        self._closing.wait(seconds)

    def _give_up(self, seconds: float, why: str, wanted: Callable[[Command], bool]) -> None:
        """Fail the wanted commands whose patience does not last `seconds` more; it runs from their first trouble."""
        now = self._elapsed()

        def impatient(command: Command) -> bool:
            if not wanted(command):
                return False
            if command.troubled_since is None:
                command.troubled_since = now
            return now + seconds - command.troubled_since > self._patience

        error = TryLater("portal", why)
        error.until = self._now() + timedelta(seconds=seconds)
        self._fail(self._take_where(impatient), error)

    def _take_where(self, wanted: Callable[[Command], bool]) -> list[Command]:
        with self._changed:
            return self._waiting.take_where(wanted)

    def _put_back(self, commands: list[Command]) -> None:
        with self._changed:
            self._waiting.put_back(commands)

    def _fail(self, commands: Sequence[Command], error: RestError) -> None:
        for command in commands:
            command.deliver(error.about(command.method))


def _any(_command: Command) -> bool:
    return True


def _is(method: str, command: Command) -> bool:
    return command.method.lower() == method

"""One request to a portal and its answer: leave of the bucket, address and token, and what to do when it goes wrong.

Both lanes of a portal share one Exchange. A request that was surely not carried out raises an error that says how to
go on: `recover` does that, and the same commands may then be sent again.
"""

import threading
from collections.abc import Callable, Sequence

from bitrix24.batch import BATCH, Command, Outcome, Value, batch_params, read_batch, read_plain
from bitrix24.bucket import Bucket, Leave
from bitrix24.error_counts import ErrorCounts
from bitrix24.errors import (
    FULL,
    METHOD_USED_UP,
    AnswerLost,
    Moved,
    PortalUnavailable,
    RestError,
    StaleToken,
    TryLater,
    error_in,
)
from bitrix24.pauses import MethodPauses
from bitrix24.tokens import Access, Tokens
from bitrix24.transport import Connection, Reply

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
METHOD_PAUSE = 60.0  # where the portal did not say when: operating time is counted in minutes
REDIRECTS = (301, 302, 303, 307, 308)


class Exchange:
    """The wire of one portal, for one process; any number of threads."""

    def __init__(
        self,
        tokens: Tokens,
        bucket: Bucket,
        pauses: MethodPauses,
        errors: ErrorCounts,
        *,
        follow: Callable[[Access, str], None],
        elapsed: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """`follow` finds out the portal's new address when the old one (of this Access) redirects to a location."""
        self._tokens = tokens
        self._bucket = bucket
        self._pauses = pauses
        self._errors = errors
        self._follow = follow
        self._elapsed = elapsed
        self._random = random
        self._guard = threading.Lock()
        self._failures = 0
        self._resets: dict[str, float] = {}

    def access(self, user_id: int | None) -> Access:
        return self._tokens.current(user_id)

    def leave(self) -> Leave:
        return self._bucket.leave()

    def paused_methods(self) -> dict[str, float]:
        """Method in lower case -> seconds it still waits."""
        return self._pauses.current()

    def ask(self, connection: Connection, access: Access, commands: Sequence[Command]) -> list[Outcome]:
        """Send one request; each command's own outcome.

        Raises what concerns the request as a whole: StaleToken, Moved, TryLater (not carried out), PortalUnavailable,
        AnswerLost, Refused.
        """
        try:
            outcomes = self._ask(connection, access, commands)
        except RestError as error:
            self._errors.add([error])
            raise
        self._errors.add([outcome for outcome in outcomes if isinstance(outcome, RestError)])
        return outcomes

    def _ask(self, connection: Connection, access: Access, commands: Sequence[Command]) -> list[Outcome]:
        single = commands[0] if len(commands) == 1 else None
        method = single.method if single else BATCH
        params = single.params if single else batch_params(commands)
        reply = connection.post(method, access.endpoint + method, params | {"auth": access.token})
        if error := _error_of(reply, method, whole_batch=single is None):
            error.scrub(access.token)
            raise error
        outcomes: list[Outcome] = [read_plain(method, reply.data)] if single else read_batch(commands, reply.data)
        for outcome in outcomes:
            if isinstance(outcome, RestError):
                outcome.scrub(access.token)
        self._remember(commands, outcomes)
        return outcomes

    def recover(self, access: Access, error: StaleToken | Moved | TryLater) -> None:
        """Make it worth sending the same again. Raises what stands in the way: TryLater, PortalUnavailable."""
        if isinstance(error, StaleToken):
            self._tokens.renew(access)
        elif isinstance(error, Moved):
            self._follow(access, error.location)
        elif error.code.upper() == METHOD_USED_UP and error.method != BATCH:
            self.pause_method(error.method)
        else:  # nobody in any of our processes asks this portal anything in between
            self._bucket.pause(self.backoff(), full=error.code.upper() == FULL)

    def backoff(self) -> float:
        """Seconds to wait after a failure: full jitter below a bound that doubles with each failure in a row."""
        with self._guard:
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._failures)
            self._failures = min(self._failures + 1, 10)
        return longest * self._random()

    def pause_method(self, method: str) -> None:
        left = self._resets.get(method.lower(), 0.0) - self._elapsed()
        self._pauses.pause(method.lower(), left if left > 0 else METHOD_PAUSE)

    def note_trouble(self, error: PortalUnavailable) -> None:
        self._tokens.note_trouble(error)

    def note_works(self) -> None:
        self._tokens.note_works()

    def _remember(self, commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
        with self._guard:
            self._failures = 0
        for command, outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, Value) and outcome.reset_in is not None:
                self._resets[command.method.lower()] = self._elapsed() + outcome.reset_in


def _error_of(reply: Reply, method: str, *, whole_batch: bool) -> RestError | None:
    if reply.status in REDIRECTS:
        moved = Moved(method, "the portal answered with a redirect", status=reply.status)
        moved.location = reply.location
        return moved
    if 300 <= reply.status < 400:
        return AnswerLost(method, "an answer without content", status=reply.status)
    return error_in(method, reply.status, reply.data, whole_batch=whole_batch)

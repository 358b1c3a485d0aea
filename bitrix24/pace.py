"""How many commands fit into one request, learned from the time the portal spent on the last ones."""

from collections.abc import Sequence

from bitrix24.batch import MOST_COMMANDS

REQUEST_SECONDS = 20.0  # a portal cuts a request off after 60; a third leaves room for the one that is slow this time
EASE = 0.5


class Pace:
    """Starts from a guess, believes worse news at once and better news by and by."""

    def __init__(self, guess: float) -> None:
        self._mean = guess
        self._longest = 0.0

    @property
    def size(self) -> int:
        room = REQUEST_SECONDS - self._longest
        return max(1, min(MOST_COMMANDS, int(room / self._mean) if self._mean > 0 else MOST_COMMANDS))

    def learn(self, seconds: Sequence[float]) -> None:
        if not seconds:
            return
        mean, longest = sum(seconds) / len(seconds), max(seconds)
        self._mean = max(mean, EASE * self._mean)
        self._longest = max(longest, EASE * self._longest)

    def lost(self) -> None:
        """The answer did not come: the same commands together were too much, perhaps."""
        self._mean = REQUEST_SECONDS / max(1, self.size // 2)

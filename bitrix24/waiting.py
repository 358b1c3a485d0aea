"""The commands of one lane that wait, in order; a plain structure, guarded by its lane."""

from collections import deque
from collections.abc import Callable, Container
from concurrent.futures import Future
from typing import Any

from bitrix24.batch import Command


class Waiting:
    def __init__(self) -> None:
        self._commands: deque[Command] = deque()
        self._reads: dict[tuple[int | None, str], Command] = {}

    def __len__(self) -> int:
        return len(self._commands)

    def add(self, command: Command, *, shared: bool) -> Future[Any]:
        """Queue a command; a `shared` read that equals a shared one still waiting gets that one's answer."""
        future: Future[Any] = Future()
        if shared:
            command = self._reads.setdefault((command.user_id, command.text), command)
        if not command.futures:
            self._commands.append(command)
        command.futures.append(future)
        return future

    def head(self, paused: Container[str] = ()) -> Command | None:
        """The first command whose method does not wait for its operating time."""
        return next((command for command in self._commands if command.method.lower() not in paused), None)

    def take(self, most: int, user_id: int | None, paused: Container[str]) -> list[Command]:
        """The next batch: commands of one user, in order, or the first alone if it cannot share a request."""
        taken: list[Command] = []
        left: deque[Command] = deque()
        while self._commands and len(taken) < most:
            command = self._commands.popleft()
            if command.user_id != user_id or command.method.lower() in paused or (command.alone and taken):
                left.append(command)
                continue
            taken.append(command)
            if command.alone:
                break
        self._commands.extendleft(reversed(left))
        self._forget_reads(taken)
        return taken

    def take_where(self, wanted: Callable[[Command], bool]) -> list[Command]:
        taken: list[Command] = []
        left: deque[Command] = deque()
        for command in self._commands:
            (taken if wanted(command) else left).append(command)
        self._commands = left
        self._forget_reads(taken)
        return taken

    def put_back(self, commands: list[Command]) -> None:
        """To the front, in their order. They have not been carried out."""
        self._commands.extendleft(reversed(commands))

    def _forget_reads(self, taken: list[Command]) -> None:
        """From now on the answer may be older than the next asker's question."""
        for command in taken:
            key = (command.user_id, command.text)
            if self._reads.get(key) is command:
                del self._reads[key]

"""The answer to a workflow: result values, the log message, and the exact bytes that carry them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.declaration import Words

Scalar = str | int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the workflow gets: money, dates and Y/N as strings, counts as numbers, lists of either."""

    values: Mapping[str, Scalar | list[str] | list[int]]
    log_message: str

    @property
    def status(self) -> str:
        return str(self.values["result_status"])

    @property
    def error_code(self) -> str:
        return str(self.values["error_code"])

    def body(self, event_token: str) -> str:
        """The parameters of `bizproc.event.send` as JSON; stored before the first send and repeated byte for byte."""
        return json.dumps(
            {"EVENT_TOKEN": event_token, "RETURN_VALUES": self.values, "LOG_MESSAGE": self.log_message},
            ensure_ascii=False,
            separators=(",", ":"),
        )


def failed(code: str, words: Words, language: str) -> Answer:
    """An answer for a call whose robot could not speak: unknown robot, deadline passed, trouble of ours."""
    text = words.in_language(language)
    return Answer({"result_status": "failed", "error_code": code, "error_text": text}, text)

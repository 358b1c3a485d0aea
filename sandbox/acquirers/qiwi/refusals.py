"""QIWI's error objects: what was wrong by a code, the fields under `cause`."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    def __init__(
        self, code: str, status: int = 400, service: str = "payin-core", cause: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.service = service
        self.cause = cause or {}

    def answer(self) -> dict[str, object]:
        """As QIWI writes it; the texts say no more than the code."""
        words = self.code.replace(".", " ").capitalize()
        found: dict[str, object] = {
            "serviceName": self.service,
            "errorCode": self.code,
            "description": words,
            "userMessage": words,
            "dateTime": "2023-04-07T19:26:21.166+03:00",
            "traceId": "fd0e2a08c63ace83",
        }
        return found | ({"cause": {name: [why] for name, why in self.cause.items()}} if self.cause else {})


def wrong(field: str, why: str) -> Refusal:
    return Refusal("validation.error", cause={field: why})

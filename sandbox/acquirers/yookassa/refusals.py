"""What YooKassa answers instead of an object: its error, and "still processing"."""

from __future__ import annotations

from uuid import uuid4

from sandbox.acquirers.turns import Turn

STATUSES = {
    "processing": 202,
    "invalid_request": 400,
    "invalid_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "gone": 410,
    "too_many_requests": 429,
    "internal_server_error": 500,
}
UNDECIDED = frozenset({202, 401, 403, 429, 500})
"""Statuses after which the key of a request is free: nothing was decided about what it asks for."""

RETRY_AFTER_MS = 1800


class Refusal(Exception):
    """`code` is one of STATUSES, or empty where YooKassa has none; `parameter` is the field or header at fault."""

    def __init__(self, code: str, description: str = "", parameter: str = "", status: int = 400) -> None:
        super().__init__(f"{code} {parameter}: {description}")
        self.code = code
        self.description = description
        self.parameter = parameter
        self.status = STATUSES.get(code, status)

    def answer(self) -> dict[str, object]:
        if self.code == "processing":
            return processing()
        named = {"code": self.code, "description": self.description, "parameter": self.parameter}
        shown: dict[str, object] = {"type": "error", "id": str(uuid4())}
        return shown | {name: value for name, value in named.items() if value}


def processing() -> dict[str, object]:
    return {
        "type": "processing",
        "description": "The request is still being processed. Repeat it with the same Idempotence-Key",
        "retry_after": RETRY_AFTER_MS,
    }


def planned(turn: Turn, usual: str = "internal_server_error") -> Refusal:
    """The refusal a turn asks for; a code that is no error's is a wrong request that names it."""
    found = turn.code or usual
    if found in STATUSES:
        return Refusal(found, "Planned by the sandbox")
    return Refusal("invalid_request", "Planned by the sandbox", found)


def reason_of(turn: Turn, usual: str) -> str:
    """The reason a turn gives for a cancellation; codes of errors are none."""
    return usual if not turn.code or turn.code in STATUSES else turn.code

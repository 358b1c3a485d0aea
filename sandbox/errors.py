"""The refusals a portal and its OAuth host answer with."""

from __future__ import annotations


class RestError(Exception):
    """One REST error; `code` may be empty or numeric, as some methods really answer."""

    def __init__(self, status: int, code: str | int, description: str = "") -> None:
        super().__init__(f"{status} {code} {description}")
        self.status = status
        self.code = code
        self.description = description

    def body(self) -> dict[str, str | int]:
        return {"error": self.code, "error_description": self.description}


class ControlError(Exception):
    """A control request that cannot be carried out; the text says what to do instead."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def access_denied(description: str = "Access denied!") -> RestError:
    return RestError(403, "ACCESS_DENIED", description)


def bad_argument(description: str) -> RestError:
    return RestError(400, "100", description)


def not_found(description: str = "Not found") -> RestError:
    return RestError(400, "NOT_FOUND", description)

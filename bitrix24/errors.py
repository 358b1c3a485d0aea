"""Why a command to a portal has no result, named by what to do next.

RestError
+-- Refused             the portal said no, and will say no again
|   +-- NotFound        there is no such item, workflow, category ...
|   +-- AccessDenied    the user whose token was used may not do this
|   +-- Locked          the workflow is in other hands for a moment: send the same again soon
+-- TryLater            surely not carried out: the same may be sent again
+-- AnswerLost          it may have been carried out: look before repeating anything that creates
+-- PortalUnavailable   nothing works until a person has done something
"""

from copy import copy
from datetime import datetime
from typing import Any, Literal, Self

Trouble = Literal["", "needs_reauthorisation", "suspended", "uninstalled", "deleted"]

LONGEST_DESCRIPTION = 500


class RestError(Exception):
    """`method` is what was asked, `code` and `status` are the portal's own; no token and no body is in the text."""

    def __init__(self, method: str, description: str, code: str = "", status: int = 0) -> None:
        self.method = method
        self.description = " ".join(description.split())[:LONGEST_DESCRIPTION]
        self.code = code
        self.status = status
        super().__init__(method, self.description, code, status)

    def __str__(self) -> str:
        origin = ", ".join(part for part in (self.code, f"HTTP {self.status}" if self.status else "") if part)
        return f"{self.method}: {self.description or 'no description'}" + (f" ({origin})" if origin else "")

    def about(self, method: str) -> Self:
        """The same error as another command's own: each command of a lost batch raises its own object."""
        own = copy(self)
        own.method = method
        own.args = (method, self.description, self.code, self.status)
        return own

    def scrub(self, secret: str) -> None:
        """Take a secret that the portal repeated out of every text of this error."""
        self.description = self.description.replace(secret, "***")
        self.code = self.code.replace(secret, "***")
        self.args = (self.method, self.description, self.code, self.status)


class Refused(RestError):
    pass


class NotFound(Refused):
    pass


class AccessDenied(Refused):
    pass


class Locked(Refused):
    pass


class TryLater(RestError):
    """`until` is when there is hope again, where that is known."""

    until: datetime | None = None


class AnswerLost(RestError):
    pass


class PortalUnavailable(RestError):
    """`trouble` is the state the whole portal is in; empty when only this method or this user is shut out."""

    trouble: Trouble = ""


class StaleToken(RestError):
    """The access token is not accepted (any more): renew it and send the same again. Never leaves the client."""


class Moved(RestError):
    """The portal answered from an address it has left. Never leaves the client; `location` is not to be trusted."""

    location: str = ""


FULL = "QUERY_LIMIT_EXCEEDED"
NO_SUCH_METHOD = "ERROR_METHOD_NOT_FOUND"
METHOD_USED_UP = "OPERATION_TIME_LIMIT"

_STALE = {"EXPIRED_TOKEN", "INVALID_TOKEN", "NO_AUTH_FOUND"}
_TROUBLES: dict[str, tuple[Trouble, str]] = {
    "PORTAL_DELETED": ("deleted", "the portal was deleted"),
    "PAYMENT_REQUIRED": ("suspended", "the app or the portal's plan is not paid for"),
    "OVERLOAD_LIMIT": ("suspended", "Bitrix24 has blocked the portal's REST by hand: ask their support"),
    "USER_ACCESS_ERROR": ("suspended", "the user who installed the app may not use it: an administrator can allow it"),
    "AUTHORIZATION_ERROR": ("needs_reauthorisation", "the user who installed the app is dismissed"),
    "APPLICATION_NOT_FOUND": ("needs_reauthorisation", "the app is not installed in the portal"),
    "NOT_INSTALLED": ("needs_reauthorisation", "the app is not installed in the portal"),
    "INVALID_CREDENTIALS": ("needs_reauthorisation", "the portal does not accept our credentials"),
    "INSUFFICIENT_SCOPE": ("", "the app lacks a permission (scope): add it to the app and install it again"),
}
_PLAN = "the portal's plan has no REST: it works on commercial plans only"
_NOT_FOUND = {"404", "NOT_FOUND", "ERROR_NOT_FOUND", "OWNER_NOT_FOUND", "ENTITY_NOT_FOUND"}


def unavailable(
    method: str, description: str, trouble: Trouble = "", code: str = "", status: int = 0
) -> PortalUnavailable:
    error = PortalUnavailable(method, description, code, status)
    error.trouble = trouble
    return error


def error_in(method: str, status: int, body: dict[str, Any], *, whole_batch: bool = False) -> RestError | None:
    """The error an answer carries, None when it carries none; an error may come with HTTP 200.

    The same reading serves a whole answer and one entry of a batch's `result_error`. `whole_batch` says that the body
    is that of a batch request itself: no single command's rights can be meant then.
    """
    given = body.get("error")
    if given is None or (given == "" and "result" in body):
        return None if status < 400 else _named(method, status, "", "", whole_batch)
    if isinstance(given, dict):  # the shape of REST 3
        return _named(method, status, str(given.get("code", "")), str(given.get("message", "")), whole_batch)
    return _named(method, status, str(given), str(body.get("error_description") or ""), whole_batch)


def _named(method: str, status: int, code: str, description: str, whole_batch: bool) -> RestError:
    upper = code.upper()
    lower = description.lower()
    if upper in _STALE:
        return StaleToken(method, description, code, status)
    if upper in (FULL, METHOD_USED_UP):
        return TryLater(method, description or "too many requests", code, status)
    if upper in _TROUBLES:
        trouble, meaning = _TROUBLES[upper]
        return unavailable(method, _joined(meaning, description), trouble, code, status)
    if upper == "ACCESS_DENIED":
        if whole_batch or "commercial plan" in lower:
            return unavailable(method, _joined(_PLAN, description), "suspended", code, status)
        return AccessDenied(method, description, code, status)
    if upper == "ALLOWED_ONLY_INTRANET_USER":
        return AccessDenied(method, description, code, status)
    if upper == "423" or (not code and _says(lower, "locked", "заблокирован")):
        return Locked(method, description, code, status)
    if upper in _NOT_FOUND or (not code and _says(lower, "not found", "не найден")):
        return NotFound(method, description, code, status)
    if status == 429 or status == 503:
        return TryLater(method, description or "the portal asks to wait", code, status)
    if status >= 500 or upper == "INTERNAL_SERVER_ERROR":
        return AnswerLost(method, description or "the portal broke while answering", code, status)
    return Refused(method, description, code, status)


def _says(text: str, *words: str) -> bool:
    return any(word in text for word in words)


def _joined(meaning: str, description: str) -> str:
    return f"{meaning} ({description})" if description else meaning

"""Logs: one JSON object a line on standard error, ours and the libraries' alike, with nothing secret in it.

What is said in an error of unknown origin may quote what somebody sent, so only its kind and place are shown; a text
we write to be read is an ordinary field. Known secrets, values under secret names and card numbers are blotted out.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

BLOT = "***"
LONGEST_TEXT = 2000
SHORTEST_SECRET = 8  # anything shorter would be found in innocent words
SELF_WILLED_LIBRARIES = ("dbos",)  # gives itself a handler at its start unless it has one
QUIET_LIBRARIES = ("urllib3", "alembic", "werkzeug")
SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|credential|cookie|api_?key|(^|_)(auth|authorization|pan|cvv|cvc)($|_)"
)
SECRET_PAIR = re.compile(
    r"(?i)([\w\[\]-]*(?:token|secret|passw|credential|cookie|api_?key|auth)[\w\[\]-]*[\"']?\s*[=:]\s*[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s&\"',;)}]+"
)
ADDRESS_WITH_PASSWORD = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
CARD_LIKE = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
RARE_LINE_BREAKS = dict.fromkeys(map(ord, "\x85\u2028\u2029"), " ")  # JSON escapes the common ones
# Of these the text names files, addresses of our own and what the system said, never what a caller sent.
SPEAKING_ERRORS = ("sqlite3.OperationalError", "psycopg.OperationalError", "settings.SettingsRefused")
# gunicorn puts the caller's own line or address behind these.
QUOTING_EVENTS = ("Invalid request from ip=", "Error handling request")


class Blotter:
    """Takes secrets out of what is about to be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {self.text(name): self._value(name, value) for name, value in event.items()}

    def _value(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if SECRET_NAME.search(name):
            return BLOT
        if isinstance(value, dict):
            return {self.text(str(key)): self._value(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(name, item) for item in value]
        shown = self.text(str(value))
        return value if isinstance(value, int | float) and shown == str(value) else shown

    def text(self, text: str) -> str:
        characters = len(text)
        # Twice the length that is shown: a secret cut in half here is cut away whole below.
        text = text[: 2 * LONGEST_TEXT].translate(RARE_LINE_BREAKS)
        if self._known:
            text = self._known.sub(BLOT, text)
        text = ADDRESS_WITH_PASSWORD.sub(BLOT, text)
        text = SECRET_PAIR.sub(rf"\1{BLOT}", text)
        text = CARD_LIKE.sub(_blot_card, text)
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}... ({characters} characters)"


def _blot_card(found: re.Match[str]) -> str:
    digits = [int(character) for character in found[0] if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return BLOT if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else found[0]


def configure_logs(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Every logger of the process writes here from now on. `secrets` are values that must appear nowhere."""
    blotter = Blotter(secrets)
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _place_of_error,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, _without_quotes],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                blotter,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in SELF_WILLED_LIBRARIES:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    sys.excepthook = lambda _kind, error, _place: _log_unhandled(error)
    threading.excepthook = lambda unhandled: _log_unhandled(unhandled.exc_value)


def _log_unhandled(error: BaseException | None) -> None:
    structlog.get_logger(__name__).critical("process.broken", exc_info=error)


def _place_of_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Kinds and places of an error and of what caused it, outermost first."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if given and error is None:
        error = sys.exc_info()[1]
    if error is None:
        return event
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 5:
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
        chain.append({"kind": _kind(error), "text": _speaking_text(error), "places": places})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    event["error"] = chain
    return event


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _speaking_text(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or ""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return str(error).partition("\n")[0] if kinds & set(SPEAKING_ERRORS) else ""


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _without_quotes(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for start in QUOTING_EVENTS:
        if str(event.get("event", "")).startswith(start):
            event["event"] = start.rstrip("= ") + " (what was sent is not shown)"
    return event

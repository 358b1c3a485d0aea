"""Logs say what happened in one line of JSON each, and nothing that is secret, however it got there."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from logs import BLOT, LONGEST_TEXT, Blotter, configure_logs

KNOWN = "known-secret-Zk3x9Q"
CARD = "4111111111111111"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers[:], root.level
    # A worker started in this process before us has asked the library to be quiet.
    dbos = logging.getLogger("dbos")
    dbos_level = dbos.level
    dbos.setLevel(logging.NOTSET)
    written = io.StringIO()
    configure_logs("INFO", [KNOWN, "short", ""], written)
    yield written
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    dbos.setLevel(dbos_level)
    sys.excepthook, threading.excepthook = hooks


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_own_and_the_libraries_words_are_lines_of_the_same_kind(stream: io.StringIO) -> None:
    structlog.get_logger("handlers.inbox").info("call.accepted", calls=3, portal=7)
    logging.getLogger("gunicorn.error").info("Booting worker with pid: %s", 42)
    logging.getLogger("dbos").warning("a workflow was recovered")
    ours, gunicorn, dbos = lines(stream)
    assert (ours["event"], ours["calls"], ours["portal"], ours["level"]) == ("call.accepted", 3, 7, "info")
    assert ours["logger"] == "handlers.inbox"
    assert gunicorn["event"] == "Booting worker with pid: 42"
    assert (dbos["level"], dbos["logger"]) == ("warning", "dbos")
    assert all(line["at"].endswith("Z") for line in (ours, gunicorn, dbos))


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("x").debug("quiet")
    logging.getLogger("urllib3.connectionpool").info("GET /rest/?auth=quiet")
    assert stream.getvalue() == ""


def test_a_line_break_in_a_value_makes_no_second_line(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("said", reason='first\r\n{"event": "forged"}\u2028\x85end')
    logging.getLogger("x").warning("first\nforged")
    assert stream.getvalue().count("\n") == 2
    assert [line["event"] for line in lines(stream)] == ["said", "first\nforged"]


@pytest.mark.parametrize(
    "fields",
    [
        {"application_token": "abcdefgh"},
        {"accessToken": "abcdefgh"},
        {"password": "abcdefgh"},
        {"auth": {"member_id": "abcdefgh"}},
        {"nested": {"deeper": [{"client_secret": "abcdefgh"}]}},
        {"said": f"abcdefgh and {KNOWN}".removeprefix("abcdefgh ")},
        {"said": f"x{KNOWN}y"},
        {"said": [KNOWN]},
        {KNOWN: "a name can hold one too"},
        {"said": "POST /rest?auth=abcdefgh&x=1"},
        {"said": "auth[application_token]=abcdefgh"},
        {"said": '{"refresh_token": "abcdefgh"}'},
        {"said": "Authorization: Bearer abcdefgh"},
        {"said": "postgresql://payments:abcdefgh@host/payments"},
        {"said": "smtp://user:abcdefgh@host:587"},
        {"said": f"card {CARD}"},
        {"said": "card 4111 1111-1111 1111."},
        {"said": f"pan{CARD}"},
        {"number": int(CARD)},
        {"pan": 123456},
    ],
    ids=range(20),
)
def test_secrets_are_blotted_out_wherever_they_stand(stream: io.StringIO, fields: dict[str, Any]) -> None:
    structlog.get_logger("x").info("event", **fields)
    written = stream.getvalue()
    for secret in ("abcdefgh", KNOWN, CARD, "4111 1111", "123456,", ": 123456"):
        assert secret not in written
    assert BLOT in written


def test_ordinary_values_stay_readable(stream: io.StringIO) -> None:
    fields = {
        "reason": "code: String should match pattern",
        "status": 403,
        "amount": "1 200,50",
        "key": "pay-0a1b",
        "order": "1234567890123",  # long, but no card's check digit
        "reference": "261001T090000p4242n17",
        "error_code": "no_consent",
        "robot": "split_invoice",
        "ok": True,
        "share": 0.5,
        "nothing": None,
    }
    structlog.get_logger("x").info("event", **fields)
    (line,) = lines(stream)
    assert {name: line[name] for name in fields} == fields


def test_an_error_shows_its_kind_and_place_and_not_what_it_quotes(stream: io.StringIO) -> None:
    def fail() -> None:
        try:
            dict[str, str]()["canary-key"]
        except KeyError as error:
            raise ValueError("canary-value") from error

    log = structlog.get_logger("x")
    try:
        fail()
    except ValueError:
        log.exception("broken", door="/x")
        logging.getLogger("y").exception("broken too")
    ours, theirs = lines(stream)
    for line in (ours, theirs):
        assert [error["kind"] for error in line["error"]] == ["ValueError", "KeyError"]
        assert line["error"][0]["places"][-1].endswith(" fail")
        assert "test_logs.py" in line["error"][0]["places"][-1]
    assert "canary" not in stream.getvalue()


def test_what_the_system_and_the_database_said_is_shown(stream: io.StringIO) -> None:
    log = structlog.get_logger("x")
    with pytest.raises(OperationalError) as raised, create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT :x FROM not_there"), {"x": "canary"})
    log.error("broken", exc_info=raised.value)
    log.error("broken", exc_info=OSError(28, "No space left on device", "/canary"))
    database, system = lines(stream)
    assert database["error"][-1]["text"] == "no such table: not_there"
    assert system["error"][0]["text"] == "No space left on device"
    assert "canary" not in stream.getvalue()


def test_what_nobody_caught_is_a_line_too(stream: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError("canary")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert [line["event"] for line in lines(stream)] == ["process.broken", "process.broken"]
    assert all(line["error"][0]["kind"] == "RuntimeError" for line in lines(stream))
    assert "canary" not in stream.getvalue()


def test_what_gunicorn_quotes_of_a_request_is_not_repeated(stream: io.StringIO) -> None:
    log = logging.getLogger("gunicorn.error")
    log.warning("Invalid request from ip=127.0.0.1: Invalid HTTP request line: 'canary'")
    log.error("Error handling request %s %s", "POST", "/pay/canary")
    assert len(lines(stream)) == 2
    assert "canary" not in stream.getvalue()


def test_a_warning_is_a_line(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this will change", stacklevel=1)
    assert "this will change" in lines(stream)[0]["event"]


def test_a_very_long_value_is_cut_with_the_secret_at_its_end(stream: io.StringIO) -> None:
    structlog.get_logger("x").info("said", reason="x" * (2 * LONGEST_TEXT - 5) + KNOWN, other="y" * 10**6)
    (line,) = lines(stream)
    assert len(line["reason"]) < LONGEST_TEXT + 50
    assert "1000000 characters" in line["other"]
    assert KNOWN[:5] not in stream.getvalue()


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_known_secret_is_found_in_any_surroundings(before: str, after: str) -> None:
    event = Blotter([KNOWN])(None, "", {"event": before + KNOWN + after, "x": [{before: after + KNOWN}]})
    assert KNOWN not in repr(event)

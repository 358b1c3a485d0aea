"""Robots without a portal: list them, describe one, invoke one, or stream calls through `invoke --jsonl`.

Nothing outside is touched: no settings, no database, no network. A robot calculates with roubles, dates as dd.mm.yyyy
and Moscow's day, and the result is printed as JSON.
"""

import argparse
import io
import json
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import IO, Any
from zoneinfo import ZoneInfo

from bp_activities._answer import Answer, failed
from bp_activities._call import Call
from bp_activities._catalogue import catalogue, robot_of
from bp_activities._values import read_date, shown
from calculations.calendar import Calendar
from calculations.dates_text import Culture
from calculations.refusal import Refusal
from schemas.declaration import Declaration, PropertyDeclaration, Words
from schemas.portal import PortalFacts

TRIAL_PORTAL = PortalFacts(
    id=0, member_id="", language="ru", time_zone=ZoneInfo("Europe/Moscow"), date_order="dmy", currency="RUB"
)
CALENDAR = Calendar()
TODAY = Words("today", "today")
BAD_LINE = Words(
    "Строка должна быть объектом JSON с полями id, code, properties, today",
    "A line must be a JSON object with id, code, properties, today",
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bp_activities", description="Payment robots without a portal.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every robot's code and name")
    describe = commands.add_parser("describe", help="a robot's form and results, as JSON")
    describe.add_argument("code")
    invoke = commands.add_parser("invoke", help="run a robot's calculation, result as JSON")
    invoke.add_argument("code", nargs="?")
    invoke.add_argument("--properties", default="{}", help="JSON object of the form's values")
    invoke.add_argument("--today", default="", help="the day to calculate on; the machine's when absent")
    invoke.add_argument("--jsonl", action="store_true", help="read {id, code, properties, today} a line")
    chosen = parser.parse_args(arguments)
    _speak_utf8()

    if chosen.command == "list":
        for code, robot in catalogue().items():
            print(f"{code}\t{robot.name.ru}\t{robot.name.en}")
        return 0
    if chosen.command == "describe":
        known = robot_of(chosen.code)
        if known is None:
            parser.error(f"no robot {chosen.code}; `list` prints the codes")
        print(_json(described(known.declaration), indent=2))
        return 0
    if chosen.jsonl:
        for answer in answered_lines(sys.stdin):
            print(answer, flush=True)
        return 0
    if not chosen.code:
        parser.error("name a robot's code, or give --jsonl")
    try:
        properties = _parsed(chosen.properties)
    except ValueError as error:
        parser.error(f"--properties is no JSON: {error}")
    print(_json(answered(chosen.code, properties, chosen.today).values, indent=2))
    return 0


def _speak_utf8() -> None:
    """Whatever the machine's locale: bytes that are no UTF-8 spoil their own line only, a mark of byte order none, and
    half of a surrogate pair goes out as the escape that JSON writes it with."""
    for stream, encoding, errors in (
        (sys.stdin, "utf-8-sig", "surrogateescape"),
        (sys.stdout, "utf-8", "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=errors)


def answered_lines(lines: IO[str]) -> Iterator[str]:
    """One answer a line; a line that cannot be used answers with its own error and the stream goes on."""
    for line in lines:
        if line.strip():
            yield answered_line(line)


def answered_line(line: str) -> str:
    bad_line = failed("bad_line", BAD_LINE, TRIAL_PORTAL.language)
    try:
        line.encode()
        asked = _parsed(line)
        asked_id = _written(asked.get("id")) if isinstance(asked, dict) else "null"
    except (ValueError, RecursionError):
        return _answer_line("null", bad_line)
    if not isinstance(asked, dict) or not isinstance(asked.get("code"), str):
        return _answer_line(asked_id, bad_line)
    return _answer_line(asked_id, answered(asked["code"], asked.get("properties") or {}, asked.get("today")))


def _answer_line(asked_id: str, answer: Answer) -> str:
    return f'{{"id": {asked_id}, "result": {_json(answer.values)}}}'


def answered(code: str, properties: object, today: object) -> Answer:
    """The robot's answer with effects off; never raises, a bug is told on standard error."""
    language = TRIAL_PORTAL.language
    robot = robot_of(code)
    if robot is None:
        words = Words(
            f"Робота с кодом «{shown(code)}» нет: впишите код из тех, что печатает команда list",
            f"There is no robot with the code “{shown(code)}”: give one of those that the command list prints",
        )
        return failed("unknown_robot", words, language)
    if not isinstance(properties, dict):
        return robot.complete(
            failed("bad_properties", Words("properties — объект JSON", "properties must be a JSON object"), language)
        )
    try:
        return robot.answer(properties, _trial(code, _now(today)))
    except Refusal as refusal:
        return robot.complete(failed(refusal.code, Words(refusal.ru, refusal.en), language))
    except Exception:
        traceback.print_exc()
        words = Words("Внутренняя ошибка; сообщите разработчикам", "Internal error; tell the developers")
        return robot.complete(failed("internal_error", words, language))


def described(declaration: Declaration) -> Mapping[str, Any]:
    return {
        "code": declaration.code,
        "name": declaration.name.as_bitrix24(),
        "description": declaration.description.as_bitrix24(),
        "properties": _described(declaration.properties),
        "return_properties": _described(declaration.return_properties),
    }


def _described(properties: Mapping[str, PropertyDeclaration]) -> Mapping[str, Any]:
    return {
        key: {
            "name": one.name.as_bitrix24(),
            "description": one.description.as_bitrix24() if one.description else None,
            "type": one.type,
            "required": one.required,
            "multiple": one.multiple,
            "default": one.default,
            "options": {option: words.as_bitrix24() for option, words in one.options.items()},
        }
        for key, one in properties.items()
    }


def _trial(code: str, now: datetime) -> Call:
    return Call(
        key="trial",
        code=code,
        now=now,
        facts=TRIAL_PORTAL,
        calendar=CALENDAR,
        document=None,
        deadline_at=None,
        world=None,
    )


def _now(today: object) -> datetime:
    if today in (None, ""):
        return datetime.now(UTC)
    day = read_date(str(today), TODAY, Culture.day_month_year)
    return datetime.combine(day, time(12), TRIAL_PORTAL.time_zone)


class _Number(str):
    """A JSON number as the text it was: a sum never passes through a binary fraction, an id goes back as it came."""


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=str)


def _written(value: object) -> str:
    """What `_parsed` has read, as JSON again."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json(key)}: {_written(one)}' for key, one in value.items())}}}"
    return _json(value)


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


if __name__ == "__main__":
    sys.exit(main())

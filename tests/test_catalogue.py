"""The catalogue keeps its word: codes and keys are for ever, words are in both languages, names are free of traps."""

import json
import re
from pathlib import Path

import pytest

from bp_activities._catalogue import ACTIVITY_SUFFIX, catalogue, robot_of
from bp_activities._declaration import Robot
from docs.write_robot_pages import GUARD, PAGES, guard, page

# The base class of REST steps owns these names: a property called so silently loses its value.
RESERVED = {
    "title",
    "usesubscription",
    "istimeout",
    "authuserid",
    "setstatusmessage",
    "statusmessage",
    "timeoutduration",
    "timeoutdurationtype",
}
# What no default may decide for people.
MUST_BE_CHOSEN = {("recalculate_schedule", "mode")}
EVERY = list(catalogue().values())


def each(robot: Robot) -> str:
    return robot.code


def test_the_robots_that_portals_know_are_there() -> None:
    assert set(catalogue()) >= {
        "advance_next_payment_date",
        "build_payment_schedule",
        "charge_saved_card",
        "deduct_from_debt",
        "split_invoice",
    }


def test_nothing_that_saved_workflows_hold_has_changed() -> None:
    kept = json.loads(GUARD.read_text())
    now = json.loads(guard())
    for code, robot in kept.items():
        for part in ("properties", "return_properties"):
            for key, one in robot[part].items():
                assert key in now[code][part], f"{code}.{key} is gone: saved workflows still send or read it"
                assert now[code][part][key]["type"] == one["type"]
                assert set(one["options"]) <= set(now[code][part][key]["options"])


def test_the_guard_and_the_pages_are_written_anew_after_a_change() -> None:
    assert GUARD.read_text() == guard() + "\n", "run `make robots` and look at the difference"
    for code, robot in catalogue().items():
        assert (PAGES / f"{code}.md").read_text() == page(robot), "run `make robots`"


@pytest.mark.parametrize("robot", EVERY, ids=each)
def test_names_are_of_the_allowed_form_and_free(robot: Robot) -> None:
    declaration = robot.declaration
    names = [*declaration.properties, *declaration.return_properties]
    lowered = [name.lower() for name in names]
    assert len(set(lowered)) == len(lowered), "names that differ only in case, or stand on both sides, collide"
    assert not RESERVED & {name.replace("_", "") for name in lowered}
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert re.fullmatch(r"[a-z0-9.\-_]{1,128}", robot.code + ACTIVITY_SUFFIX)


@pytest.mark.parametrize("robot", EVERY, ids=each)
def test_every_word_is_in_both_languages(robot: Robot) -> None:
    declaration = robot.declaration
    words = [declaration.name, declaration.description]
    for one in (*declaration.properties.values(), *declaration.return_properties.values()):
        words += [one.name, *one.options.values()]
        words += [one.description] if one.description else []
    for word in words:
        assert word.ru.strip()
        assert word.en.strip()
        assert not re.search("[а-яА-Я]", word.en)


@pytest.mark.parametrize("robot", EVERY, ids=each)
def test_defaults_are_keys_and_can_be_read_by_the_form_itself(robot: Robot) -> None:
    for key, one in robot.declaration.properties.items():
        if one.options and one.default is not None:
            assert one.default in one.options, key
        assert one.required == ((robot.code, key) in MUST_BE_CHOSEN), "a robot works with nothing else filled in"


@pytest.mark.parametrize("robot", EVERY, ids=each)
def test_the_first_results_say_how_it_ended(robot: Robot) -> None:
    assert list(robot.declaration.return_properties)[:3] == ["result_status", "error_code", "error_text"]


def test_a_call_by_the_activitys_code_finds_the_same_robot() -> None:
    for code, robot in catalogue().items():
        assert robot_of(code + ACTIVITY_SUFFIX) is robot
    assert robot_of("nothing_of_ours") is None


def test_robots_are_files_without_an_underscore() -> None:
    folder = Path(__file__).parent.parent / "bp_activities"
    assert {file.stem for file in folder.glob("*.py") if not file.name.startswith("_")} == set(catalogue())

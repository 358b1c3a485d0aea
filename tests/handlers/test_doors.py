"""Every door has a guard named beside it and keeps it; refusals say why, failures only a reference."""

import re

import pytest
from flask import Flask, abort
from werkzeug.routing import Rule

from handlers import DOORS, Guard, command_groups
from tests.handlers.doors import FORM, Doors, php_form, robot_call

GUARDS = {door.blueprint.name: door.guard for door in DOORS}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_route_belongs_to_a_door_with_a_guard(doors: Doors) -> None:
    unguarded = [rule.rule for rule in rules(doors.app) if rule.endpoint.split(".")[0] not in GUARDS]
    assert unguarded == []
    assert len(GUARDS) == len(DOORS)


def test_only_these_routes_are_open(doors: Doors) -> None:
    found = {rule.rule for rule in rules(doors.app) if GUARDS[rule.endpoint.split(".")[0]] is Guard.OPEN}
    assert found == {"/health/live", "/health/ready", "/metrics"}


def test_every_guarded_route_refuses_a_forged_request_and_keeps_nothing_of_it(doors: Doors) -> None:
    forged = php_form(robot_call(auth={"member_id": "forged", "application_token": "forged", "access_token": "forged"}))
    checked = 0
    for rule in rules(doors.app):
        if GUARDS[rule.endpoint.split(".")[0]] is Guard.OPEN:
            continue
        address = re.sub("<[^>]*>", "forged", rule.rule)
        for method in (rule.methods or set()) - {"HEAD"}:
            answer = doors.client.open(address, method=method, data=forged, content_type=FORM)
            assert answer.status_code in (403, 404, 503), rule.rule  # 503: the OAuth host cannot be asked
            checked += 1
    assert checked >= 5
    assert doors.rows() == 0


def test_every_command_module_has_its_group() -> None:
    names = [group.name for group in command_groups()]
    assert len(names) == len(set(names))
    assert {"calls", "database", "portals"} <= set(names)


def test_a_refusal_names_a_reference_that_the_log_has_too(doors: Doors, logged: list[dict[str, str]]) -> None:
    answer = doors.post(robot_call(code="not a code"))
    assert answer.text is not None
    reference = answer.text.splitlines()[1].removeprefix("reference: ")
    (entry,) = [entry for entry in logged if entry["event"] == "door.refused"]
    assert (entry["reference"], entry["door"]) == (reference, "/bitrix24/activities")


def test_a_refusal_is_json_for_those_who_ask_for_it(doors: Doors) -> None:
    answer = doors.client.post("/bitrix24/activities", data="", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert set(answer.get_json()) == {"error", "reference"}


def test_a_failure_shows_a_reference_and_nothing_of_itself(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_call: object) -> None:
        raise RuntimeError("the innermost secret")

    monkeypatch.setattr(doors.app.extensions["inbox"], "accept", fail)
    answer = doors.post(robot_call())
    assert answer.status_code == 500
    assert answer.text is not None
    assert "reference: " in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_failures_are_never_thrown_at_the_server(doors: Doors) -> None:
    @doors.app.get("/broken")
    def _broken() -> str:
        abort(418)

    assert doors.client.get("/broken").status_code == 418
    assert doors.client.get("/no/such/door").status_code == 404
    assert doors.client.get("/bitrix24//activities").status_code == 404
    assert doors.client.post("/bitrix24/activities/").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "payments.example.com.evil.example", "", "[::", "a b"])
def test_a_request_under_another_name_is_refused(doors: Doors, host: str) -> None:
    answer = doors.client.post(
        "/bitrix24/activities", data=php_form(robot_call()), content_type=FORM, headers={"Host": host}
    )
    assert answer.status_code == 400
    assert doors.rows() == 0


@pytest.mark.parametrize("host", ["payments.example.com", "payments.example.com:443", "127.0.0.1:8080", "localhost"])
def test_our_own_name_and_this_machines_are_taken(doors: Doors, host: str) -> None:
    assert doors.client.get("/health/live", headers={"Host": host}).status_code == 200


def test_what_a_proxy_claims_is_not_believed(doors: Doors) -> None:
    claims = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.0.0.1"}
    answer = doors.client.get("/health/live", headers=claims)
    assert answer.status_code == 200
    assert "evil" not in str(answer.headers)

"""Registering robots and actions: what is accepted, what is refused and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.outside import Refused
from tests.sandbox.conftest import Installed

GOOD: dict[str, Any] = {
    "CODE": "pay",
    "HANDLER": "https://pay.example.com/robot",
    "AUTH_USER_ID": 1,
    "USE_SUBSCRIPTION": "Y",
    "NAME": {"ru": "Оплата", "en": "Pay"},
}
INVALID = "ERROR_ACTIVITY_VALIDATION_FAILURE"


@pytest.mark.parametrize("kind", ["robot", "activity"])
def test_added_listed_updated_and_deleted(installed: Installed, kind: str) -> None:
    assert installed.rest(f"bizproc.{kind}.add", **GOOD).result is True
    assert installed.rest(f"bizproc.{kind}.list").result == ["pay"]
    fields = {"HANDLER": "https://pay.example.com/other"}
    assert installed.rest(f"bizproc.{kind}.update", CODE="pay", FIELDS=fields).result is True
    assert installed.portal.get("/registered")[0]["handler"] == "https://pay.example.com/other"
    assert installed.rest(f"bizproc.{kind}.delete", CODE="pay").result is True
    assert installed.rest(f"bizproc.{kind}.list").result == []


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"CODE": ""}, INVALID, "Empty activity code!"),
        ({"CODE": "pay card"}, INVALID, "Wrong activity code!"),
        ({"CODE": "p" * 129}, INVALID, "Wrong activity code!"),
        ({"HANDLER": "ftp://pay.example.com"}, "ERROR_UNSUPPORTED_PROTOCOL", ""),
        ({"HANDLER": "https://localhost/robot"}, "ERROR_WRONG_HANDLER_URL", ""),
        ({"HANDLER": "https://pay.example.com/" + "x" * 1000}, "ERROR_WRONG_HANDLER_URL", ""),
        ({"NAME": ""}, INVALID, "Empty activity NAME!"),
        ({"PROPERTIES": "x"}, INVALID, "Wrong properties array!"),
        ({"PROPERTIES": {"1a": {"NAME": "A"}}}, INVALID, "Wrong property key (1a)!"),
        ({"PROPERTIES": {"a": {"TYPE": "string"}}}, INVALID, "Empty property NAME (a)!"),
        ({"RETURN_PROPERTIES": {"a-b": {"NAME": "A"}}}, INVALID, "Wrong property key (a-b)!"),
        ({"FILTER": {"ONLY": []}}, INVALID, "Wrong activity FILTER!"),
        ({"USE_PLACEMENT": "Y"}, "ERROR_WRONG_HANDLER_URL", ""),
    ],
)
def test_a_bad_registration_says_what_is_wrong(
    installed: Installed, change: dict[str, Any], error: str, text: str
) -> None:
    answer = installed.rest("bizproc.robot.add", **(GOOD | change))
    assert (answer.status, answer.error) == (400, error)
    assert text in answer.body["error_description"]


def test_a_bad_document_type_matters_to_actions_only(installed: Installed) -> None:
    bad = GOOD | {"DOCUMENT_TYPE": ["crm"]}
    assert installed.rest("bizproc.robot.add", **bad).result is True
    answer = installed.rest("bizproc.activity.add", **(bad | {"CODE": "other"}))
    assert answer.body["error_description"] == "Wrong activity DOCUMENT_TYPE!"


def test_robots_and_actions_share_their_codes(installed: Installed) -> None:
    installed.rest("bizproc.robot.add", **GOOD)
    for kind in ("robot", "activity"):
        assert installed.rest(f"bizproc.{kind}.add", **GOOD).error == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    answer = installed.rest("bizproc.activity.update", CODE="pay", FIELDS={"NAME": "New"})
    assert answer.error == "ERROR_ACTIVITY_NOT_FOUND"
    assert installed.rest("bizproc.activity.delete", CODE="pay").error == "ERROR_ACTIVITY_NOT_FOUND"


@pytest.mark.parametrize("fields", [{}, {"PLACEMENT_HANDLER": "https://pay.example.com/form"}, None])
def test_an_update_without_fields_is_refused(installed: Installed, fields: Any) -> None:
    installed.rest("bizproc.robot.add", **GOOD)
    answer = installed.rest("bizproc.robot.update", CODE="pay", FIELDS=fields)
    assert (answer.error, answer.body["error_description"]) == (INVALID, "No fields to update")


def test_an_empty_filter_resets_it_and_properties_are_replaced_whole(installed: Installed) -> None:
    first = GOOD | {"FILTER": {"INCLUDE": [["crm"]]}, "PROPERTIES": {"a": {"NAME": "A"}, "b": {"NAME": "B"}}}
    installed.rest("bizproc.robot.add", **first)
    installed.rest("bizproc.robot.update", CODE="pay", FIELDS={"FILTER": "", "PROPERTIES": {"c": {"NAME": "C"}}})
    kept = installed.portal.get("/registered")[0]
    assert kept["filter"] is None
    assert list(kept["properties"]) == ["c"]


def test_keys_are_read_in_any_case_but_property_names_and_options_stay(installed: Installed) -> None:
    wish = {
        "code": "pay",
        "handler": GOOD["HANDLER"],
        "name": {"ru": "Оплата"},
        "properties": {
            "MixedCase": {"name": {"en": "M"}, "type": "select", "options": {"keyA": "A"}, "default": "keyA"}
        },
    }
    assert installed.rest("bizproc.robot.add", **wish).result is True
    described = installed.portal.get("/registered")[0]["properties"]["MixedCase"]
    assert described["TYPE"] == "select"
    assert described["OPTIONS"] == {"keyA": "A"}
    assert described["NAME"] == {"EN": "M"}


def test_empty_lists_of_properties_are_accepted(installed: Installed) -> None:
    assert installed.rest("bizproc.robot.add", **(GOOD | {"PROPERTIES": [], "RETURN_PROPERTIES": []})).result is True


def test_only_an_admin_with_an_app_registers(installed: Installed) -> None:
    hook = installed.portal.hook("bizproc.robot.add", GOOD)
    assert (hook.status, hook.error) == (403, "ACCESS_DENIED")
    assert "Application context required" in hook.body["error_description"]
    installed.portal.tokens(2)
    manager = installed.rest("bizproc.robot.add", **GOOD)
    assert (manager.status, manager.error) == (403, "ACCESS_DENIED")


def test_a_plan_without_robots_does_not_have_the_methods(installed: Installed) -> None:
    installed.portal.post("/traits", robots=False)
    answer = installed.rest("bizproc.robot.add", **GOOD)
    assert (answer.status, answer.error) == (404, "ERROR_METHOD_NOT_FOUND")
    assert "bizproc.robot.add" not in installed.rest("methods").result
    assert installed.rest("method.get", name="bizproc.robot.add").result == {"isExisting": False, "isAvailable": False}
    assert installed.rest("bizproc.activity.add", **GOOD).result is True


def test_a_scope_that_was_not_granted_is_missing(installed: Installed) -> None:
    app = installed.outside.register_app(installed.receiver.url, scopes=["crm"])
    installed.portal.install(app)
    installed.portal.tokens(client_id=app["client_id"])
    answer = installed.rest("bizproc.robot.add", **GOOD)
    assert (answer.status, answer.error) == (403, "insufficient_scope")
    assert installed.rest("crm.item.list", entityTypeId=2).status == 200


def test_the_designer_offers_a_step_only_where_its_filter_and_kind_let_it(installed: Installed) -> None:
    installed.rest("bizproc.robot.add", **(GOOD | {"FILTER": {"INCLUDE": [["crm", "CCrmDocumentLead"]]}}))
    installed.rest("bizproc.activity.add", **(GOOD | {"CODE": "pay_activity"}))
    for code in ("pay", "pay_activity"):
        with pytest.raises(Refused, match="does not offer"):
            installed.portal.place_robot(code, "PREPARATION")
    assert installed.portal.place_robot("pay", "IN_PROCESS", entityTypeId=1)
    assert installed.portal.define([{"code": "pay_activity"}])
    with pytest.raises(Refused, match="does not offer"):
        installed.portal.define([{"code": "pay"}])


def test_a_step_of_a_removed_robot_fails_and_heals_when_the_code_is_added_again(installed: Installed) -> None:
    installed.add_robot()
    template = installed.portal.define([{"code": "pay"}])
    deal = installed.portal.add(2, title="Deal")
    installed.rest("bizproc.robot.delete", CODE="pay")
    broken = installed.portal.post("/workflows", template_id=template, id=deal)
    assert (broken["state"], broken["status_text"]) == ("failed", "Rest application not found")
    installed.add_robot()
    assert installed.portal.post("/workflows", template_id=template, id=deal)["state"] == "running"

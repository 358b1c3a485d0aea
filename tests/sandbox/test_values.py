"""The forms in which property values reach a handler, and in which returned ones are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.outside import Outside
from tests.sandbox.conftest import Installed
from tests.sandbox.receiver import Receiver

FIRST = datetime(2026, 9, 25, 11, 30, tzinfo=UTC)


def typed(kind: str, **more: Any) -> dict[str, Any]:
    return {"x": {"Name": {"en": "X"}, "Type": kind} | more}


def received(installed: Installed, described: dict[str, Any], value: Any, **wish: Any) -> Any:
    """What the handler gets for one property filled in with a value."""
    installed.add_robot(PROPERTIES=described)
    call = installed.run_robot(properties={"x": value}, **wish)
    return call.body.get("properties", {}).get("x")


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("string", "  leading 007", "  leading 007"),
        ("string", "a=b&c=[d]+é", "a=b&c=[d]+é"),
        ("text", "one\ntwo", "one\ntwo"),
        ("bool", "Y", "Y"),
        ("bool", True, "Y"),
        ("bool", 0, "N"),
        ("bool", "", ""),
        ("int", "007", "007"),
        ("int", 0, "0"),
        ("double", "1 200,50", "1 200,50"),
        ("date", "2026-09-25", "25.09.2026"),
        ("date", "25.09.2026", "25.09.2026"),
        ("datetime", "2026-09-25T14:30:00+03:00", "25.09.2026 14:30:00"),
        ("datetime", "2026-09-25T11:30:00+00:00", "25.09.2026 14:30:00"),
        ("select", "Key", "Key"),
        ("user", "user_5", "user_5"),
        ("user", 5, "user_5"),
        ("user", "group_hr5", "group_hr5"),
        ("file", "17", "17"),
        ("string", "", ""),
        ("string", "{=Document:TITLE}", "Deal"),
        ("string", "no {=Document:TITLE}!", "no Deal!"),
        ("string", "{=Document:OPPORTUNITY_WITH_CURRENCY}", "1200.5|RUB"),
        ("double", "{=Document:OPPORTUNITY}", "1200.5"),
        ("string", "{=Document:NO_SUCH_FIELD}", "{=Document:NO_SUCH_FIELD}"),
        ("string", "{=Document:COMMENTS}", ""),
        ("string", "{=Nowhere:status}", ""),
        ("user", "{=Document:ASSIGNED_BY_ID}", "user_1"),
    ],
)
def test_a_value_in_a_russian_portal(installed: Installed, kind: str, value: Any, sent: str) -> None:
    assert received(installed, typed(kind), value) == sent


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("date", "2026-09-25", "09/25/2026"),
        ("datetime", "2026-09-25T14:30:00-04:00", "09/25/2026 02:30:00 pm"),
        ("datetime", "2026-09-25T09:05:00-04:00", "09/25/2026 09:05:00 am"),
    ],
)
def test_a_date_in_an_american_portal(outside: Outside, receiver: Receiver, kind: str, value: str, sent: str) -> None:
    portal = outside.create_portal(dates="us", language="en", time_zone="America/New_York")
    app = outside.register_app(receiver.url)
    portal.install(app)
    portal.tokens()
    assert received(Installed(outside, portal, app, receiver), typed(kind), value) == sent


def test_a_datetime_may_carry_the_offset(installed: Installed) -> None:
    installed.portal.switch(datetime_suffix=True)
    assert received(installed, typed("datetime"), "2026-09-25T14:30:00+03:00") == "25.09.2026 14:30:00 [10800]"


@pytest.mark.parametrize(("value", "sent"), [(["a", "b"], ["a", "b"]), (["a"], ["a"]), ("a", ["a"]), ([], "")])
def test_a_multiple_value_is_a_list(installed: Installed, value: Any, sent: Any) -> None:
    assert received(installed, typed("string", Multiple="Y"), value) == sent


def test_an_empty_multiple_value_may_be_absent(installed: Installed) -> None:
    installed.portal.switch(empty_list="absent")
    installed.add_robot(PROPERTIES=typed("string", Multiple="Y"))
    assert "properties" not in installed.run_robot(properties={"x": []}).body


def test_a_list_in_a_single_field_is_joined(installed: Installed) -> None:
    assert received(installed, typed("string"), ["a", "b"]) == "a, b"


def test_without_properties_the_key_is_missing(installed: Installed) -> None:
    installed.add_robot(PROPERTIES={})
    assert "properties" not in installed.run_robot().body


def test_an_emptied_field_has_its_default_again_unless_it_was_kept_empty(installed: Installed) -> None:
    described = typed("string", Default="usual")
    assert received(installed, described, "") == "usual"
    kept = installed.run_robot(properties={"x": ""}, keep_empty=True)
    assert kept.body["properties"]["x"] == ""


def test_a_reserved_name_loses_its_value(installed: Installed) -> None:
    described = {"Title": {"Name": "T", "Type": "string"}, "other": {"Name": "O", "Type": "string"}}
    installed.add_robot(PROPERTIES=described)
    call = installed.run_robot(properties={"Title": "gone", "other": "here"})
    assert call.body["properties"] == {"Title": "", "other": "here"}


@pytest.mark.parametrize(("said", "sent"), [("url", "/disk/17"), ("object", {"id": "17", "name": "17.pdf"})])
def test_a_file_may_come_another_way(installed: Installed, said: str, sent: Any) -> None:
    installed.portal.switch(file_value=said)
    value = received(installed, typed("file"), "17")
    assert value == sent or str(value).endswith(str(sent))


def test_document_field_types_work_where_they_are_known(installed: Installed) -> None:
    assert received(installed, typed("UF:money"), "{=Document:OPPORTUNITY_WITH_CURRENCY}") == "1200.5|RUB"


def test_document_field_types_may_lose_their_value(installed: Installed) -> None:
    installed.portal.switch(document_field_types=False)
    assert received(installed, typed("UF:money"), "1200.5|RUB") == ""


@pytest.mark.parametrize(
    ("kind", "answered", "kept"),
    [
        ("string", "ok", "ok"),
        ("int", "12", 12),
        ("int", "0", "0"),
        ("double", "12.50", "12.50"),
        ("bool", "Y", True),
        ("bool", "", ""),
        ("date", "25.09.2026", "2026-09-25"),
        ("date", "2026-09-25", "2026-09-25"),
        ("datetime", "2026-09-25T14:30:00+03:00", "2026-09-25 14:30:00+03:00"),
        ("datetime", "25.09.2026 14:30:00", "2026-09-25 14:30:00+03:00"),
        ("int", "not a number", None),
    ],
)
def test_a_returned_value_takes_the_declared_type(installed: Installed, kind: str, answered: str, kept: Any) -> None:
    installed.add_robot(RETURN_PROPERTIES=typed(kind))
    call = installed.run_robot()
    installed.send(call, X=answered)
    assert installed.flow(call)["steps"][0]["returned"] == {"x": kept}


def test_a_returned_list_is_kept_as_a_list_and_joined_in_a_text(installed: Installed) -> None:
    installed.add_robot(RETURN_PROPERTIES=typed("int", Multiple="Y"))
    steps: list[dict[str, Any]] = [
        {"code": "pay", "name": "Pay"},
        {"type": "set_fields", "fields": {"COMMENTS": "invoices {=Pay:x}"}},
    ]
    deal = installed.portal.add(2, title="Deal")
    installed.portal.start(installed.portal.define(steps), deal)
    call = installed.called()
    assert installed.outside.wait_idle()
    installed.send(call, x=["7", "8"])
    assert installed.portal.item(2, deal)["comments"] == "invoices 7, 8"


def test_the_call_has_every_field_in_its_place(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot(properties={"amount": "5"}, timeout_seconds=60)
    body = call.body
    assert call.content_type == "application/x-www-form-urlencoded"
    assert "document_id%5B0%5D=crm" in call.raw
    assert body["code"] == "pay"
    assert body["document_id"] == ["crm", "CCrmDocumentDeal", "DEAL_1"]
    assert body["document_type"] == ["crm", "CCrmDocumentDeal", "DEAL"]
    workflow_id, step, tail = body["event_token"].split("|")
    assert workflow_id == body["workflow_id"]
    assert [len(part) for part in tail.split(".")] == [32, 64]
    assert step
    assert (body["use_subscription"], body["timeout_duration"]) == ("Y", "60")
    assert int(body["ts"]) <= int(installed.outside.now().timestamp()) + 1
    auth = body["auth"]
    assert auth["member_id"] == installed.portal.member_id
    assert auth["domain"] == installed.portal.domain
    assert auth["client_endpoint"] == installed.portal.client_endpoint
    assert auth["user_id"] == "1"
    assert installed.outside.refresh(installed.app, auth["refresh_token"]).status == 200
    assert installed.portal.rest("user.current", token=auth["access_token"]).result["ID"] == "1"
    installed_as = installed.portal.get()["installed"][installed.app["client_id"]]
    assert auth["application_token"] == installed_as["application_token"]


def test_the_step_runs_as_the_user_it_names(installed: Installed) -> None:
    installed.add_robot()
    assert installed.run_robot(user_id=2).body["auth"]["user_id"] == "2"


def test_a_call_without_a_user_has_no_tokens(installed: Installed) -> None:
    installed.add_robot(AUTH_USER_ID=0)
    auth = installed.run_robot().body["auth"]
    assert "access_token" not in auth
    assert auth["application_token"]


@pytest.mark.parametrize(
    ("entity_type_id", "document"),
    [
        (1, ["CCrmDocumentLead", "LEAD_1"]),
        (31, ["Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE_1"]),
        (1030, ["Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic", "DYNAMIC_1030_1"]),
    ],
)
def test_every_kind_of_document_is_named(installed: Installed, entity_type_id: int, document: list[str]) -> None:
    installed.rest("crm.type.add", fields={"title": "Payments", "isAutomationEnabled": "Y"})
    installed.add_robot()
    steps: list[dict[str, Any]] = [{"code": "pay"}]
    template = installed.portal.define(steps, entityTypeId=entity_type_id)
    item = installed.portal.add(entity_type_id, title="Item")
    installed.portal.start(template, item, entityTypeId=entity_type_id)
    body = installed.called().body
    assert body["document_id"][1:] == document
    assert body["document_type"][2] == document[1].rpartition("_")[0]

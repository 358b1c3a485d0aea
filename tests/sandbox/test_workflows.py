"""Business processes: templates drawn or brought as files, starting, waiting, ending."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bpt import unserialize
from tests.outside import RestAnswer, eventually
from tests.sandbox.conftest import Installed

DEAL_TYPE = ["crm", "CCrmDocumentDeal", "DEAL"]


def php(value: Any) -> bytes:
    """PHP's serialize()."""
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, str):
        raw = value.encode()
        return b's:%d:"%s";' % (len(raw), raw)
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    inner = [php(key) + php(item) for key, item in pairs]
    return b"a:%d:{%s}" % (len(inner), b"".join(inner))


def rest_type(installed: Installed, code: str = "pay") -> str:
    return "rest_" + hashlib.md5(f"{installed.app['client_id']}@{code}".encode()).hexdigest()


def step(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    own = {"Title": name} | properties
    return {"Type": kind, "Name": name, "Activated": "Y", "Properties": own, "Children": []}


def packed(*children: dict[str, Any], parameters: dict[str, Any] | None = None, squeeze: bool = True) -> str:
    root = step("SequentialWorkflowActivity", "Template", Permission={}) | {"Children": list(children)}
    data = {
        "VERSION": 2,
        "TEMPLATE": [root],
        "PARAMETERS": parameters or {},
        "VARIABLES": {},
        "CONSTANTS": {},
        "DOCUMENT_FIELDS": {},
    }
    raw = php(data)
    return base64.b64encode(zlib.compress(raw, 9) if squeeze else raw).decode()


def add(installed: Installed, data: Any, **more: Any) -> RestAnswer:
    wish = {"DOCUMENT_TYPE": DEAL_TYPE, "NAME": "План", "AUTO_EXECUTE": "0", "TEMPLATE_DATA": data} | more
    return installed.rest("bizproc.workflow.template.add", **wish)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(min_size=1).filter(lambda key: not key.isdigit()), inner, min_size=1, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_what_php_wrote_is_read_back(value: Any) -> None:
    assert unserialize(php(value)) == value


@pytest.mark.parametrize("squeeze", [True, False])
def test_a_template_of_a_file_waits_and_calls_the_robot(installed: Installed, squeeze: bool) -> None:
    installed.add_robot()
    due = step("DelayActivity", "A1", TimeoutTime="{=Template:DueDate}", TimeoutTimeIsLocal="N")
    amount = {"amount": "{=Template:Amount}", "UseSubscription": "Y", "TimeoutDuration": 2, "TimeoutDurationType": "h"}
    charge = step(rest_type(installed), "A2", **amount)
    parameters = {"DueDate": {"Name": "Due", "Type": "datetime"}, "Amount": {"Name": "Amount", "Type": "string"}}
    data = packed(due, charge, parameters=parameters, squeeze=squeeze)
    template = add(installed, ["plan.bpt", data]).result
    deal = installed.portal.add(2, title="Deal")
    moment = int(installed.outside.now().timestamp()) + 3600
    started = installed.rest(
        "bizproc.workflow.start",
        TEMPLATE_ID=template,
        DOCUMENT_ID=["crm", "CCrmDocumentDeal", f"DEAL_{deal}"],
        PARAMETERS={"DueDate": str(moment), "Amount": "1200.50|RUB"},
    )
    assert started.result
    assert not installed.receiver.at("/pay")
    installed.outside.forward(seconds=3601)
    call = installed.called()
    assert call.body["properties"] == {"amount": "1200.50|RUB"}
    assert call.body["timeout_duration"] == "7200"
    assert call.body["workflow_id"] == started.result


def test_a_bare_file_is_accepted_and_listed_updated_deleted(installed: Installed) -> None:
    template = add(installed, packed()).result
    listed = installed.rest("bizproc.workflow.template.list", select=["ID", "NAME"]).result
    assert listed == [{"ID": str(template), "NAME": "План"}]
    fields = {"NAME": "Other", "AUTO_EXECUTE": "1"}
    assert installed.rest("bizproc.workflow.template.update", ID=template, FIELDS=fields).result is True
    assert installed.portal.get("/templates")[0]["auto_execute"] == 1
    assert installed.rest("bizproc.workflow.template.delete", ID=template).result is True
    assert installed.portal.get("/templates") == []


def test_a_process_may_begin_by_itself(installed: Installed) -> None:
    installed.add_robot()
    add(installed, packed(step(rest_type(installed), "A1", amount="5")), AUTO_EXECUTE="1")
    installed.portal.add(2, title="Deal")
    assert installed.called().body["properties"] == {"amount": "5"}


def test_a_file_with_an_unregistered_or_unfilled_robot_is_refused(installed: Installed) -> None:
    data = packed(step(rest_type(installed), "A1"))
    assert "not found" in add(installed, data).body["error_description"]
    installed.add_robot(PROPERTIES={"amount": {"Name": "A", "Type": "string", "Required": "Y"}})
    assert "required" in add(installed, data).body["error_description"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"DOCUMENT_TYPE": ["crm"]}, "Incorrect field DOCUMENT_TYPE!"),
        ({"NAME": ""}, "Empty template name!"),
        ({"AUTO_EXECUTE": 1}, "Incorrect field AUTO_EXECUTE!"),
        ({"AUTO_EXECUTE": "7"}, "Incorrect field AUTO_EXECUTE!"),
        ({"TEMPLATE_DATA": "no base64!"}, "Incorrect field TEMPLATE_DATA!"),
        ({"TEMPLATE_DATA": base64.b64encode(b"a:1:{").decode()}, "Incorrect field TEMPLATE_DATA!"),
        ({"TEMPLATE_DATA": base64.b64encode(b'O:8:"stdClass":0:{}').decode()}, "Incorrect field TEMPLATE_DATA!"),
        ({"TEMPLATE_DATA": base64.b64encode(b's:9:"short";').decode()}, "Incorrect field TEMPLATE_DATA!"),
    ],
)
def test_a_bad_template_says_which_field(installed: Installed, change: dict[str, Any], text: str) -> None:
    answer = add(installed, packed(), **change)
    assert (answer.status, answer.error) == (400, "ERROR_TEMPLATE_VALIDATION_FAILURE")
    assert text in answer.body["error_description"]


def test_a_number_for_auto_execute_works_where_the_check_is_looser(installed: Installed) -> None:
    installed.portal.switch(auto_execute_strict=False)
    assert add(installed, packed(), AUTO_EXECUTE=1).status == 200


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"TEMPLATE_ID": ""}, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID"),
        ({"TEMPLATE_ID": 999}, "ERROR_WRONG_WORKFLOW_ID", "Template not found"),
        ({"DOCUMENT_ID": "DEAL_1"}, "", "Wrong DOCUMENT_ID!"),
        ({"DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_99"]}, "", "Wrong DOCUMENT_ID!"),
        ({"DOCUMENT_ID": ["crm", "CCrmDocumentLead", "DEAL_1"]}, "", "Incorrect document type!"),
        ({"DOCUMENT_ID": ["crm", "CCrmDocumentLead", "LEAD_1"]}, "", "Template type and DOCUMENT_ID mismatch!"),
    ],
)
def test_a_bad_start_says_why(installed: Installed, change: dict[str, Any], error: str, text: str) -> None:
    installed.portal.add(2, title="Deal")
    installed.portal.add(1, title="Lead")
    wish = {
        "TEMPLATE_ID": add(installed, packed()).result,
        "DOCUMENT_ID": ["crm", "CCrmDocumentDeal", "DEAL_1"],
    } | change
    answer = installed.rest("bizproc.workflow.start", **wish)
    assert (answer.status, answer.error, answer.body["error_description"]) == (400, error, text)


def test_running_ones_are_listed_and_ended(installed: Installed) -> None:
    installed.add_robot()
    template = installed.portal.define([{"code": "pay"}])
    deal = installed.portal.add(2, title="Deal")
    first, second = (installed.portal.start(template, deal) for _ in range(2))
    listed = installed.rest("bizproc.workflow.instances", filter={"DOCUMENT_ID": f"DEAL_{deal}"}).result
    assert {one["ID"] for one in listed} == {first, second}
    assert installed.rest("bizproc.workflow.terminate", ID=first, STATUS="enough").result is True
    assert installed.portal.get(f"/workflows/{first}")["status_text"] == "enough"
    assert installed.rest("bizproc.workflow.kill", ID=second).result is True
    assert installed.rest("bizproc.workflow.instances").result == []
    calls = installed.receiver.wait("/pay", 2)
    assert [installed.send(call).error for call in calls] == ["404", "404"]


def test_steps_branch_repeat_and_wait(installed: Installed) -> None:
    installed.add_robot()
    steps: list[dict[str, Any]] = [
        {"type": "repeat", "times": 2, "steps": [{"code": "pay", "name": "Pay"}]},
        {
            "type": "if",
            "value": "{=Pay:status}",
            "equals": "ok",
            "steps": [{"type": "wait", "seconds": 86400}, {"type": "set_fields", "fields": {"STAGE_ID": "WON"}}],
            "otherwise": [{"type": "set_fields", "fields": {"STAGE_ID": "LOSE"}}],
        },
    ]
    template = installed.portal.define(steps)
    good, bad = installed.portal.add(2, title="Good"), installed.portal.add(2, title="Bad")
    for deal, status in ((good, "ok"), (bad, "failed")):
        installed.portal.start(template, deal)
        for number in range(2):
            call = installed.called(count=len(installed.receiver.at("/pay")) or 1)
            assert installed.outside.wait_idle()
            call = installed.receiver.at("/pay")[-1]
            assert installed.send(call, status=status).result is True, number
            assert installed.outside.wait_idle()
    assert installed.portal.item(2, good)["stageId"] == "NEW"
    assert installed.portal.item(2, bad)["stageId"] == "LOSE"
    installed.outside.forward(days=1, seconds=5)
    assert eventually(lambda: installed.portal.item(2, good)["stageId"] == "WON")
    assert len({call.body["event_token"] for call in installed.receiver.at("/pay")}) == 4


def test_robots_stand_on_stages_of_invoices_too(installed: Installed) -> None:
    installed.add_robot()
    stage = installed.portal.get("/stages", entityTypeId=31)[1]["stage"]
    installed.portal.place_robot("pay", stage, entityTypeId=31)
    invoice = installed.portal.add(31, title="Invoice")
    installed.portal.move(31, invoice, stage)
    assert installed.called().body["document_id"][2] == f"SMART_INVOICE_{invoice}"


def test_a_change_of_stage_over_rest_runs_robots_before_it_answers(installed: Installed) -> None:
    installed.add_robot(USE_SUBSCRIPTION="N")
    installed.portal.place_robot("pay", "WON")
    deal = installed.portal.add(2, title="Deal")
    installed.rest("crm.item.update", entityTypeId=2, id=deal, fields={"stageId": "WON"})
    flows = installed.portal.workflows()
    assert [flow["state"] for flow in flows] == ["completed"]
    assert installed.called().body["use_subscription"] == "N"

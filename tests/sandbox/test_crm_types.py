"""Smart processes, custom fields, funnels and stages."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.crm_fields import camel
from tests.sandbox.conftest import Installed
from tests.sandbox.crm import DEAL, add, found, smart_process


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("UF_CRM_3_DIGIT", "ufCrm3Digit"),
        ("UF_CRM_3_PAY_DATE", "ufCrm3PayDate"),
        ("UF_CRM_3_1747309727", "ufCrm3_1747309727"),
        ("UF_CRM_3_DIGIT10", "ufCrm_3_DIGIT10"),
        ("UF_CRM_3_DIGIT_10", "ufCrm_3_DIGIT_10"),
        ("UF_CRM_1747309879", "ufCrm_1747309879"),
        ("UF_CRM_PAY_DATE", "ufCrmPayDate"),
    ],
)
def test_names_of_custom_fields_in_camel_case(name: str, shown: str) -> None:
    assert camel(name) == shown


def test_a_smart_process_has_its_fields_under_both_names(installed: Installed) -> None:
    made = smart_process(installed)
    number = made["id"]
    field = {
        "entityId": f"CRM_{number}",
        "fieldName": f"UF_CRM_{number}_PAY_DATE",
        "userTypeId": "date",
        "editFormLabel": {"ru": "Дата", "en": "Date"},
    }
    assert installed.rest("userfieldconfig.add", moduleId="crm", field=field).status == 200
    money = field | {"fieldName": f"UF_CRM_{number}_SUM", "userTypeId": "money"}
    installed.rest("userfieldconfig.add", moduleId="crm", field=money)
    entity_type_id = made["entityTypeId"]
    own = {f"UF_CRM_{number}_PAY_DATE": "2026-09-25", f"UF_CRM_{number}_SUM": "1200.50|RUB"}
    answer = installed.rest("crm.item.add", entityTypeId=entity_type_id, fields=own, useOriginalUfNames="Y")
    item = answer.result["item"]
    assert item[f"UF_CRM_{number}_PAY_DATE"] == "2026-09-25T03:00:00+03:00"
    assert item[f"UF_CRM_{number}_SUM"] == "1200.50|RUB"
    plain = installed.rest("crm.item.get", entityTypeId=entity_type_id, id=item["id"]).result["item"]
    assert plain[f"ufCrm{number}PayDate"] == "2026-09-25T03:00:00+03:00"
    ignored = installed.rest("crm.item.add", entityTypeId=entity_type_id, fields=own).result["item"]
    assert ignored[f"ufCrm{number}PayDate"] is None
    described = installed.rest("crm.item.fields", entityTypeId=entity_type_id).result["fields"]
    assert described[f"ufCrm{number}PayDate"]["upperName"] == f"UF_CRM_{number}_PAY_DATE"


def test_a_smart_process_has_only_what_its_flags_give_it(installed: Installed) -> None:
    number = smart_process(installed)["entityTypeId"]
    item = add(installed, number, title="Item", opportunity=5, isManualOpportunity="Y", closedate="2026-09-25")
    assert (item["opportunity"], item["closedate"]) == (None, None)
    assert "opportunity" not in installed.rest("crm.item.fields", entityTypeId=number).result["fields"]
    flags = {"isLinkWithProductsEnabled": "Y", "isBeginCloseDatesEnabled": "Y"}
    number = smart_process(installed, **flags)["entityTypeId"]
    item = add(installed, number, title="Item", opportunity=5, isManualOpportunity="Y", closedate="2026-09-25")
    assert (item["opportunity"], item["closedate"][:10]) == (5, "2026-09-25")


def test_types_are_numbered_listed_and_limited(installed: Installed) -> None:
    made = smart_process(installed)
    assert made["entityTypeId"] == 1030
    assert smart_process(installed)["entityTypeId"] == 1032
    assert smart_process(installed, entityTypeId=150)["entityTypeId"] == 150
    for taken in (150, 1031, 200):
        answer = installed.rest("crm.type.add", fields={"title": "X", "entityTypeId": taken})
        assert answer.error == "INVALID_ARG_VALUE"
    listed = installed.rest("crm.type.list", filter={"entityTypeId": 150}).result["types"]
    assert [one["entityTypeId"] for one in listed] == [150]
    by_type = installed.rest("crm.type.getByEntityTypeId", entityTypeId=1030).result["type"]
    assert by_type["id"] == made["id"]
    installed.portal.tokens(2)
    assert installed.rest("crm.type.add", fields={"title": "X"}).error == "ACCESS_DENIED"


def test_children_lists_are_switched_by_true_only(installed: Installed) -> None:
    def relation(value: str) -> str:
        relations = {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": value}]}
        made = smart_process(installed, relations=relations)
        return str(made["relations"]["parent"][0]["isChildrenListEnabled"])

    assert (relation("true"), relation("Y")) == ("Y", "N")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fieldName": "PAY_DATE"}, "You cannot create custom fields"),
        ({"entityId": "CRM_1030"}, "You cannot create custom fields"),
        ({"fieldName": "UF_CRM_" + "X" * 50}, "You cannot create custom fields"),
        ({"userTypeId": "nothing"}, "Invalid custom type"),
    ],
)
def test_a_bad_custom_field_is_refused_with_an_empty_code(
    installed: Installed, change: dict[str, Any], text: str
) -> None:
    smart_process(installed)
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_PAY_DATE", "userTypeId": "date"} | change
    answer = installed.rest("userfieldconfig.add", moduleId="crm", field=field)
    assert (answer.status, answer.error) == (400, "")
    assert text in answer.body["error_description"]


def test_a_list_field_is_written_by_the_ids_of_its_options(installed: Installed) -> None:
    field = {
        "entityId": "CRM_DEAL",
        "fieldName": "UF_CRM_MODE",
        "userTypeId": "enumeration",
        "enum": [{"value": "Now", "xmlId": "now"}, {"value": "Plan", "xmlId": "plan"}],
    }
    made = installed.rest("userfieldconfig.add", moduleId="crm", field=field).result["field"]
    by_xml_id = {one["xmlId"]: one["id"] for one in made["enum"]}
    twice = installed.rest("userfieldconfig.add", moduleId="crm", field=field)
    assert "already exists" in twice.body["error_description"]
    item = add(installed, DEAL, ufCrmMode=by_xml_id["plan"])
    assert item["ufCrmMode"] == int(by_xml_id["plan"])
    wrong = installed.rest("crm.item.add", entityTypeId=DEAL, fields={"ufCrmMode": "plan"})
    assert wrong.error == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    listed = installed.rest("userfieldconfig.list", moduleId="crm", filter={"entityId": "CRM_DEAL"})
    assert [one["fieldName"] for one in listed.result["fields"]] == ["UF_CRM_MODE"]


def test_yes_and_no_fields_are_filtered_by_one_and_zero(installed: Installed) -> None:
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_PAID", "userTypeId": "boolean"}
    installed.rest("userfieldconfig.add", moduleId="crm", field=field)
    add(installed, DEAL, ufCrmPaid="Y")
    add(installed, DEAL, ufCrmPaid="N")
    assert found(installed, filter={"ufCrmPaid": "1"}) == [1]
    assert found(installed, filter={"ufCrmPaid": "Y"}) == [2]


def test_funnels_and_stages(installed: Installed) -> None:
    made = smart_process(installed)
    number = made["entityTypeId"]
    category = installed.rest("crm.category.add", entityTypeId=number, fields={"name": "Second"}).result["category"]
    entity = f"DYNAMIC_{number}_STAGE_{category['id']}"
    stage = {"ENTITY_ID": entity, "STATUS_ID": "LATE", "NAME": "Late", "SORT": 25, "COLOR": "#39A8EF"}
    assert installed.rest("crm.status.add", fields=stage).status == 200
    listed = installed.rest("crm.status.list", filter={"ENTITY_ID": entity}, order={"SORT": "ASC"}).result
    assert [one["STATUS_ID"] for one in listed][2] == f"DT{number}_{category['id']}:LATE"
    assert installed.rest("crm.status.add", fields=stage).error == "ERROR_CORE"
    after_failure = stage | {"STATUS_ID": "AFTER", "SORT": 900}
    assert installed.rest("crm.status.add", fields=after_failure).status == 400
    item = add(installed, number, categoryId=category["id"])
    assert item["stageId"] == f"DT{number}_{category['id']}:NEW"
    types = installed.rest("crm.status.entity.types").result
    assert {"ID": entity, "PREFIX": f"DT{number}_{category['id']}"}.items() <= {
        key: value for one in types if one["ID"] == entity for key, value in one.items()
    }.items()
    categories = installed.rest("crm.category.list", entityTypeId=number).result["categories"]
    assert [one["isDefault"] for one in categories] == ["Y", "N"]


def test_rows_of_a_smart_process_are_found_by_its_letter(installed: Installed) -> None:
    number = smart_process(installed)["entityTypeId"]
    item = add(installed, number, title="Item")
    fields = {"ownerType": f"T{number:x}", "ownerId": item["id"], "productName": "A", "price": 5}
    row = installed.rest("crm.item.productrow.add", fields=fields).result["productRow"]
    installed.rest("crm.item.productrow.update", id=row["id"], fields={"price": 7})
    assert installed.portal.item(number, item["id"])["rows"][0]["price"] == 7
    installed.rest("crm.item.productrow.delete", id=row["id"])
    assert installed.portal.item(number, item["id"])["rows"] == []

"""CRM items and what belongs to them, over REST."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Installed
from tests.sandbox.crm import CONTACT, DEAL, INVOICE, add, found, smart_process


def test_an_item_is_added_changed_read_and_deleted(installed: Installed) -> None:
    item = add(installed, DEAL, title="Deal", opportunity=1200.5, isManualOpportunity="Y", currencyId="USD")
    assert (item["title"], item["opportunity"], item["currencyId"], item["stageId"]) == ("Deal", 1200.5, "USD", "NEW")
    changed = installed.rest("crm.item.update", entityTypeId=DEAL, id=item["id"], fields={"title": "Other"})
    assert changed.result["item"]["title"] == "Other"
    assert installed.rest("crm.item.get", entityTypeId=DEAL, id=item["id"]).result["item"]["title"] == "Other"
    assert installed.rest("crm.item.delete", entityTypeId=DEAL, id=item["id"]).result == []
    gone = installed.rest("crm.item.get", entityTypeId=DEAL, id=item["id"])
    assert (gone.status, gone.error) == (400, "NOT_FOUND")


def test_unknown_fields_are_dropped_without_a_word(installed: Installed) -> None:
    item = add(installed, DEAL, title="Deal", noSuchField=1, OPPORTUNITY=5, UF_CRM_NO="x")
    assert not {"noSuchField", "OPPORTUNITY", "UF_CRM_NO"} & set(item)


def test_a_written_sum_holds_only_when_it_is_set_by_hand(installed: Installed) -> None:
    assert add(installed, DEAL, opportunity=100)["opportunity"] == 0
    item = add(installed, DEAL, opportunity=100, isManualOpportunity="Y")
    assert item["opportunity"] == 100
    rows = [{"productName": "A", "price": 10.5, "quantity": 2}, {"productName": "B", "price": 4}]
    installed.rest("crm.item.productrow.set", ownerType="D", ownerId=item["id"], productRows=rows)
    assert installed.portal.item(DEAL, item["id"])["opportunity"] == 100
    installed.rest("crm.item.update", entityTypeId=DEAL, id=item["id"], fields={"isManualOpportunity": "N"})
    assert installed.portal.item(DEAL, item["id"])["opportunity"] == 25


def test_dates_come_back_as_moments_on_the_portals_clock(installed: Installed) -> None:
    item = add(installed, INVOICE, begindate="2026-09-25", closedate="2026-10-01T12:00:00+03:00")
    assert item["begindate"] == "2026-09-25T03:00:00+03:00"
    assert item["closedate"][:10] == "2026-10-01"
    assert item["createdTime"].endswith("+03:00")
    bad = installed.rest("crm.item.add", entityTypeId=INVOICE, fields={"closedate": "01.10.2026"})
    assert (bad.status, bad.error) == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")


def test_an_invoice_is_due_in_a_week_and_has_a_number(installed: Installed) -> None:
    deal = add(installed, DEAL, title="Deal")
    item = add(installed, INVOICE, title="Invoice", parentId2=deal["id"], xmlId="key-1", contactIds=[4, 5])
    assert item["stageId"].startswith("DT31_")
    assert item["accountNumber"] == str(item["id"])
    assert (item["parentId2"], item["xmlId"], item["contactId"]) == (deal["id"], "key-1", 4)
    assert item["closedate"] > item["begindate"]
    assert found(installed, INVOICE, filter={"=xmlId": "key-1"}) == [item["id"]]
    assert found(installed, INVOICE, filter={"parentId2": deal["id"]}) == [item["id"]]


def test_a_client_has_phones_and_addresses(installed: Installed) -> None:
    fm = [{"typeId": "EMAIL", "value": "a@example.com"}, {"typeId": "PHONE", "value": "+79990000000"}]
    item = add(installed, CONTACT, name="Иван", lastName="Петров", fm=fm)
    assert (item["email"], item["phone"], item["hasEmail"]) == ("a@example.com", "+79990000000", "Y")
    assert item["fm"][0] == {"id": 1, "valueType": "WORK", "typeId": "EMAIL", "value": "a@example.com"}


def test_a_stage_of_another_funnel_is_refused(installed: Installed) -> None:
    answer = installed.rest("crm.item.add", entityTypeId=DEAL, fields={"stageId": "DT31_1:N"})
    assert answer.error == "CRM_FIELD_ERROR_VALUE_NOT_VALID"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"id": 2}, [2]),
        ({"=title": "Beta"}, [2]),
        ({"title": ["Alpha", "Beta"]}, [1, 2]),
        ({"@id": [1, 4]}, [1, 4]),
        ({"!@id": [1, 4]}, [2, 3]),
        ({"!=id": 1}, [2, 3, 4]),
        ({">opportunity": 100}, [2, 3, 4]),
        ({">=opportunity": "200", "<opportunity": 300}, [2]),
        ({"<=opportunity": 100}, [1]),
        ({"%title": "et"}, [2]),
        ({"=%title": "A%"}, [1]),
        ({"%=title": "%a"}, [1, 2, 3, 4]),
        ({"!%title": "lph"}, [2, 3, 4]),
        ({"logic": "OR", "0": {"id": 1}, "1": {"title": "Gamma"}}, [1, 3]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}, ">opportunity": 150}, [2]),
        ({"xmlId": "x4"}, [4]),
        ({"!xmlId": ""}, [4]),
        ({"contactId": 7}, [3]),
        ({"opened": "Y"}, [1, 2, 3, 4]),
        ({">createdTime": "2020-01-01T00:00:00+03:00"}, [1, 2, 3, 4]),
        ({"<closedate": "2020-01-01"}, []),
    ],
)
def test_filters(installed: Installed, conditions: dict[str, Any], expected: list[int]) -> None:
    titles = ("Alpha", "Beta", "Gamma", "Delta")
    for number, title in enumerate(titles, start=1):
        more: dict[str, Any] = {"xmlId": "x4"} if number == 4 else {"contactId": 7} if number == 3 else {}
        add(installed, DEAL, title=title, opportunity=100 * number, isManualOpportunity="Y", **more)
    assert found(installed, filter=conditions) == expected


def test_a_filter_by_an_unknown_field_is_refused(installed: Installed) -> None:
    answer = installed.rest("crm.item.list", entityTypeId=DEAL, filter={"=nothing": 1})
    assert (answer.status, answer.error) == (400, "INVALID_ARG_VALUE")


def test_order_and_selection(installed: Installed) -> None:
    for title in ("b", "a", "c"):
        add(installed, DEAL, title=title)
    assert found(installed, order={"title": "ASC"}) == [2, 1, 3]
    assert found(installed, order={"id": "DESC"}) == [3, 2, 1]
    answer = installed.rest("crm.item.list", entityTypeId=DEAL, select=["id", "title"])
    assert answer.result["items"][0] == {"id": 1, "title": "b"}


def test_pages_of_fifty(installed: Installed) -> None:
    for _ in range(3):
        installed.rest("batch", cmd=[f"crm.item.add?entityTypeId=2&fields[title]={number}" for number in range(40)])
    first = installed.rest("crm.item.list", entityTypeId=DEAL)
    assert (len(first.result["items"]), first.body["total"], first.body["next"]) == (50, 120, 50)
    last = installed.rest("crm.item.list", entityTypeId=DEAL, start=100)
    assert (len(last.result["items"]), last.body["total"], "next" in last.body) == (20, 120, False)
    fast = installed.rest("crm.item.list", entityTypeId=DEAL, start=-1, filter={">id": 100}, order={"id": "ASC"})
    assert ("total" in fast.body, "next" in fast.body, len(fast.result["items"])) == (False, False, 20)


def test_old_invoices_and_unknown_types_are_refused(installed: Installed) -> None:
    old = installed.rest("crm.item.add", entityTypeId=5, fields={})
    assert (old.status, old.error) == (400, "ENTITY_TYPE_NOT_SUPPORTED")
    assert installed.rest("crm.item.add", entityTypeId=1042, fields={}).error == "NOT_FOUND"
    assert installed.rest("crm.item.add", fields={}).error == "100"


def test_product_rows_replace_one_another(installed: Installed) -> None:
    item = add(installed, INVOICE, title="Invoice")
    rows = [{"productName": "A", "price": 10, "quantity": 3}]
    answer = installed.rest("crm.item.productrow.set", ownerType="SI", ownerId=item["id"], productRows=rows)
    shown = answer.result["productRows"][0]
    assert (shown["productName"], shown["price"], shown["quantity"], shown["ownerType"]) == ("A", 10, 3, "SI")
    assert installed.portal.item(INVOICE, item["id"])["opportunity"] == 30
    installed.rest("crm.item.productrow.set", ownerType="SI", ownerId=item["id"], productRows=[])
    listed = installed.rest("crm.item.productrow.list", filter={"=ownerType": "SI", "=ownerId": item["id"]})
    assert listed.result == {"productRows": []}
    missing = installed.rest("crm.item.productrow.set", ownerType="D", ownerId=99, productRows=rows)
    assert missing.error == "OWNER_NOT_FOUND"


def test_comments_to_dos_and_notices(installed: Installed) -> None:
    deal = add(installed, DEAL, title="Deal")["id"]
    comment = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal, "COMMENT": "paid", "FILES": [["a.pdf", "YQ=="]]}
    assert installed.rest("crm.timeline.comment.add", fields=comment).status == 200
    assert installed.rest("crm.timeline.comment.add", FIELDS=comment).status == 400
    assert installed.portal.get("/comments")[0]["text"] == "paid"
    todo = {"ownerTypeId": DEAL, "ownerId": deal, "deadline": "2099-10-01T10:00:00+03:00", "title": "Remind"}
    number = installed.rest("crm.activity.todo.add", **todo).result["id"]
    listed = installed.rest("crm.activity.list", filter={"OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}).result
    assert [(one["ID"], one["SUBJECT"]) for one in listed] == [(str(number), "Remind")]
    bad = installed.rest("crm.activity.todo.add", **(todo | {"deadline": "tomorrow"}))
    assert bad.error == "WRONG_DATETIME_FORMAT"
    assert installed.rest("crm.activity.todo.add", **(todo | {"ownerId": 99})).error == "OWNER_NOT_FOUND"
    for text in ("first", "second"):
        wish = {"USER_ID": 2, "MESSAGE": text, "TAG": f"debt|deal|{deal}"}
        assert installed.rest("im.notify.system.add", **wish).result
    assert [one["message"] for one in installed.portal.get("/notices")] == ["second"]
    assert installed.rest("im.notify.system.add", USER_ID=99, MESSAGE="x").result is False


@pytest.mark.parametrize(
    ("said", "accepted"),
    [("dynamic_31", {"dynamic_31"}), ("smart_invoice", {"smart_invoice"}), ("both", {"dynamic_31", "smart_invoice"})],
)
def test_a_comment_of_an_invoice_is_named_one_way_or_another(
    installed: Installed, said: str, accepted: set[str]
) -> None:
    installed.portal.switch(invoice_timeline=said)
    invoice = add(installed, INVOICE, title="Invoice")["id"]

    def accepts(name: str) -> bool:
        fields = {"ENTITY_TYPE": name, "ENTITY_ID": invoice, "COMMENT": "x"}
        return installed.rest("crm.timeline.comment.add", fields=fields).status == 200

    assert {name for name in ("dynamic_31", "smart_invoice") if accepts(name)} == accepted


def test_a_deadline_in_the_past_may_be_refused(installed: Installed) -> None:
    deal = add(installed, DEAL, title="Deal")["id"]
    todo = {"ownerTypeId": DEAL, "ownerId": deal, "deadline": "2020-10-01T10:00:00+03:00"}
    assert installed.rest("crm.activity.todo.add", **todo).status == 200
    installed.portal.switch(past_deadline="refuse")
    assert installed.rest("crm.activity.todo.add", **todo).status == 400


def test_a_trigger_moves_an_item_where_a_person_placed_it_and_robots_run_in_the_call(installed: Installed) -> None:
    installed.add_robot()
    deal = add(installed, DEAL, title="Deal")["id"]
    assert installed.rest("crm.automation.trigger.add", CODE="paid", NAME="Paid").result is True
    assert installed.rest("crm.automation.trigger.add", CODE="paid", NAME="Payment received").result is True
    assert installed.rest("crm.automation.trigger.list").result == [{"NAME": "Payment received", "CODE": "paid"}]
    wish = {"CODE": "paid", "OWNER_TYPE_ID": DEAL, "OWNER_ID": deal}
    assert installed.rest("crm.automation.trigger.execute", **wish).result is True
    assert installed.portal.item(DEAL, deal)["stageId"] == "NEW"
    installed.portal.post("/triggers", code="paid", stage="WON")
    installed.portal.place_robot("pay", "WON")
    assert installed.rest("crm.automation.trigger.execute", **wish).result is True
    assert installed.portal.item(DEAL, deal)["stageId"] == "WON"
    installed.called()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"CODE": ""}, "Empty trigger code!"),
        ({"CODE": "a b"}, "Wrong trigger code!"),
        ({"CODE": "other"}, "Trigger with code other is not registered."),
        ({"OWNER_TYPE_ID": 99}, "Incorrect parameter OWNER_TYPE_ID."),
        ({"OWNER_ID": 99}, "Incorrect parameter OWNER_ID."),
    ],
)
def test_a_bad_trigger_call_has_words_only(installed: Installed, change: dict[str, Any], text: str) -> None:
    installed.rest("crm.automation.trigger.add", CODE="paid", NAME="Paid")
    deal = add(installed, DEAL, title="Deal")["id"]
    wish = {"CODE": "paid", "OWNER_TYPE_ID": DEAL, "OWNER_ID": deal} | change
    answer = installed.rest("crm.automation.trigger.execute", **wish)
    assert (answer.status, answer.error, answer.body["error_description"]) == (400, "", text)


def test_methods_about_the_portal_and_its_people(installed: Installed) -> None:
    assert installed.rest("user.current").result["TIME_ZONE"] == "Europe/Moscow"
    assert [one["ID"] for one in installed.rest("user.get", ID=2).result] == ["2"]
    assert installed.rest("user.get", filter={"ID": [1, 2]}).body["total"] == 2
    assert installed.rest("user.admin").result is True
    assert installed.rest("profile").result["ADMIN"] is True
    assert installed.rest("app.info").result["INSTALLED"] is True
    assert "crm" in installed.rest("scope").result
    assert installed.rest("method.get", name="crm.item.add").result == {"isExisting": True, "isAvailable": True}
    assert installed.rest("feature.get", code="rest_offline_extended").result == {"value": "N"}
    assert installed.rest("server.time").result.endswith("+03:00")
    assert installed.rest("crm.currency.base.get").result == "RUB"
    base = [one["CURRENCY"] for one in installed.rest("crm.currency.list").result if one["BASE"] == "Y"]
    assert base == ["RUB"]
    smart_process(installed)
    types = {one["ID"]: one["SYMBOL_CODE_SHORT"] for one in installed.rest("crm.enum.ownertype").result}
    assert (types[2], types[31], types[1030]) == ("D", "SI", "T406")
    hook = installed.portal.hook("app.info").result
    assert set(hook) == {"SCOPE", "LICENSE"}


def test_placements(installed: Installed) -> None:
    smart_process(installed)
    assert "CRM_DYNAMIC_1030_DETAIL_TAB" in installed.rest("placement.list").result
    wish = {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://pay.example.com/tab", "TITLE": "Pay"}
    assert installed.rest("placement.bind", **wish).result is True
    assert installed.rest("placement.bind", **wish).status == 400
    assert [one["handler"] for one in installed.rest("placement.get").result] == [wish["HANDLER"]]
    missing = installed.rest("placement.bind", PLACEMENT="", HANDLER="x")
    assert (missing.status, missing.error) == (200, "ERROR_ARGUMENT")
    assert installed.rest("placement.bind", **(wish | {"PLACEMENT": "X"})).error == "ERROR_PLACEMENT_NOT_FOUND"
    assert installed.portal.hook("placement.bind", wish).error == "WRONG_AUTH_TYPE"
    assert installed.rest("placement.unbind", PLACEMENT="CRM_DEAL_DETAIL_TAB").result == {"count": 1}

"""What tests of the CRM share: adding and finding items over REST, making a smart process."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Installed

DEAL, CONTACT, INVOICE = 2, 3, 31


def add(installed: Installed, entity_type_id: int, **fields: Any) -> dict[str, Any]:
    answer = installed.rest("crm.item.add", entityTypeId=entity_type_id, fields=fields)
    assert answer.status == 200, answer
    item: dict[str, Any] = answer.result["item"]
    return item


def found(installed: Installed, entity_type_id: int = DEAL, **wish: Any) -> list[int]:
    answer = installed.rest("crm.item.list", entityTypeId=entity_type_id, **wish)
    assert answer.status == 200, answer
    return [item["id"] for item in answer.result["items"]]


def smart_process(installed: Installed, **more: Any) -> dict[str, Any]:
    fields = {"title": "Payments", "isAutomationEnabled": "Y", "isStagesEnabled": "Y"} | more
    made: dict[str, Any] = installed.rest("crm.type.add", fields=fields).result["type"]
    return made

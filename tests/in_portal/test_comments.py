"""A refusal is told in the document's timeline, whatever kind of document it is."""

import pytest

from tests.outside import eventually
from tests.service import RunningService


def told(service: RunningService, item: int) -> list[str]:
    return [one["text"] for one in service.portal.get("/comments") if one["entity_id"] == item]


@pytest.mark.parametrize("entity_type_id", [1, 2, 31])
def test_each_kind_of_document_gets_its_comment(service: RunningService, entity_type_id: int) -> None:
    item = service.portal.add(entity_type_id, title="Без суммы")
    result = service.run("split_invoice", entity_type_id, item)
    assert result["error_code"] == "amount_missing"
    assert eventually(lambda: any(result["error_text"] in text for text in told(service, item)))


@pytest.mark.parametrize("name", ["dynamic_31", "smart_invoice"])
def test_an_invoice_gets_its_comment_whatever_the_portal_calls_it(service: RunningService, name: str) -> None:
    service.portal.switch(invoice_timeline=name)
    item = service.portal.add(31, title="Без суммы")
    service.run("split_invoice", 31, item)
    assert eventually(lambda: len(told(service, item)) == 1)

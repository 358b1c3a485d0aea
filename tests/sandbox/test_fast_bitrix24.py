"""fast_bitrix24, as installed, works against the sandbox: through a webhook and with an app's token."""

from __future__ import annotations

from typing import Any

import pytest
from fast_bitrix24 import Bitrix
from fast_bitrix24.server_response import ErrorInServerResponseException

from tests.sandbox.conftest import Installed


@pytest.fixture
def fast(installed: Installed) -> Any:
    return Bitrix(installed.portal.webhook, verbose=False)


def test_every_page_of_a_list_comes(installed: Installed, fast: Any) -> None:
    for number in range(130):
        installed.portal.add(2, title=f"Deal {number}")
    found = fast.get_all("crm.item.list", {"entityTypeId": 2, "select": ["id", "title"]})
    assert sorted(item["id"] for item in found) == list(range(1, 131))


def test_many_items_are_added_in_batches(installed: Installed, fast: Any) -> None:
    titles = [f"Deal {number:02}" for number in range(60)]
    added = fast.call("crm.item.add", [{"entityTypeId": 2, "fields": {"title": title}} for title in titles])
    assert sorted(item["title"] for item in added) == titles
    assert len(installed.portal.items(2)) == 60


def test_items_are_read_by_id(installed: Installed, fast: Any) -> None:
    for number in range(3):
        installed.portal.add(2, title=f"Deal {number}")
    found = fast.get_by_ID("crm.item.get", [1, 3], "id", {"entityTypeId": 2})
    assert {key: answer["item"]["title"] for key, answer in found.items()} == {"1": "Deal 0", "3": "Deal 2"}


def test_a_batch_by_hand(fast: Any) -> None:
    answer = fast.call_batch({"halt": 0, "cmd": {"me": "user.current", "time": "server.time"}})
    assert answer["me"]["ID"] == "1"
    assert "time" in answer


def test_an_error_in_a_batch_is_raised(fast: Any) -> None:
    with pytest.raises(ErrorInServerResponseException):
        fast.call("crm.item.get", [{"entityTypeId": 2, "id": 999}, {"entityTypeId": 2, "id": 998}])


def test_an_apps_token_is_asked_for_again_when_it_is_rejected(installed: Installed) -> None:
    given: list[str] = []

    async def token() -> str:
        given.append(installed.portal.tokens()["access_token"])
        if len(given) == 1:
            installed.portal.post("/tokens/expire")
        return given[-1]

    fast: Any = Bitrix(installed.portal.client_endpoint, token_func=token, verbose=False)
    assert fast.call("profile", {}, raw=True)["result"]["ID"] == "1"
    assert len(given) == 2

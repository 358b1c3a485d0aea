"""The official Python SDK, as installed, works against the sandbox: calls, lists, batches, renewal of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from b24pysdk import BitrixApp, BitrixToken, BitrixWebhook
from b24pysdk.errors import BitrixAPIInsufficientScope
from b24pysdk.errors.oauth import BitrixOAuthInvalidGrant

from tests.outside import Outside, Portal
from tests.sandbox.led_here import leading
from tests.sandbox.receiver import receiving


class Sdk:
    """A portal with an app, seen through the SDK."""

    def __init__(self, portal: Portal, app: dict[str, Any]) -> None:
        self.portal = portal
        pair = portal.tokens()
        self.app = BitrixApp(client_id=app["client_id"], client_secret=app["client_secret"])
        self.token = BitrixToken(
            domain=portal.tls_domain,
            auth_token=pair["access_token"],
            refresh_token=pair["refresh_token"],
            bitrix_app=self.app,
        )
        self.client = self.token.get_client()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder: Path = tmp_path_factory.mktemp("tls")
    with Outside("--tls-folder", str(folder)) as running:
        yield running


@pytest.fixture
def sdk(secured: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    portal = secured.create_portal()
    ports = {
        "oauth.bitrix24.tech": urlsplit(secured.addresses["tls_url"]).port or 0,
        "localhost": int(portal.tls_domain.partition(":")[2]),
    }
    with leading(ports) as proxy, receiving() as receiver:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", secured.addresses["authority"])
        app = secured.register_app(receiver.url)
        portal.install(app)
        yield Sdk(portal, app)


def add_deals(sdk: Sdk, count: int) -> None:
    for number in range(count):
        sdk.portal.add(2, title=f"Deal {number}", opportunity=100 + number)


def test_an_item_is_added_and_read(sdk: Sdk) -> None:
    added = sdk.client.crm.item.add(fields={"title": "Deal"}, entity_type_id=2).result
    read = sdk.client.crm.item.get(bitrix_id=added["item"]["id"], entity_type_id=2).result
    assert read["item"]["title"] == "Deal"


def test_a_list_longer_than_a_page_comes_whole(sdk: Sdk) -> None:
    add_deals(sdk, 120)
    found = sdk.client.crm.item.list(entity_type_id=2, select=["id"]).as_list().result
    assert sorted(item["id"] for item in found) == list(range(1, 121))


def test_the_fast_list_walks_by_id(sdk: Sdk) -> None:
    add_deals(sdk, 120)
    request = sdk.client.crm.item.list(entity_type_id=2, select=["id"])
    found = [item["id"] for item in request.as_list_fast().result]
    assert found == list(range(1, 121))


def test_a_batch_answers_by_key_with_errors_apart(sdk: Sdk) -> None:
    requests = {
        "add": sdk.client.crm.item.add(fields={"title": "Deal"}, entity_type_id=2),
        "missing": sdk.client.crm.item.get(bitrix_id=999, entity_type_id=2),
    }
    answer = sdk.client.call_batch(requests)
    assert answer.result.result["add"]["item"]["title"] == "Deal"
    assert answer.result.result_error["missing"]["error"] == "NOT_FOUND"


def test_more_than_fifty_requests_go_in_several_batches(sdk: Sdk) -> None:
    requests = [sdk.client.crm.item.add(fields={"title": f"Deal {n}"}, entity_type_id=2) for n in range(70)]
    answer = sdk.client.call_batches(requests)
    assert len(list(answer.result.result)) == 70
    assert len(sdk.portal.items(2)) == 70


def test_an_expired_token_is_renewed_once(sdk: Sdk) -> None:
    before = sdk.token.auth_token
    sdk.portal.post("/tokens/expire")
    assert sdk.client.user.current().result["ID"] == "1"
    assert sdk.token.auth_token != before


def test_a_used_refresh_token_is_no_good(sdk: Sdk) -> None:
    used = sdk.token.refresh_token
    sdk.token.refresh_and_set_oauth_token()
    with pytest.raises(BitrixOAuthInvalidGrant):
        sdk.app.refresh_oauth_token(refresh_token=used)


def test_app_info_says_whose_token_it_is(sdk: Sdk) -> None:
    told = sdk.token.get_app_info().result
    assert told.client_id == sdk.app.client_id
    assert told.install.member_id == sdk.portal.member_id
    assert told.user_id == 1


def test_a_renamed_portal_is_followed(sdk: Sdk) -> None:
    sdk.portal.fault("redirect", "user.current", to="https://localhost")
    assert sdk.client.user.current().result["ID"] == "1"
    assert sdk.token.domain == "localhost"


def test_a_webhook_reads_too(sdk: Sdk) -> None:
    secret = sdk.portal.webhook.rstrip("/").rpartition("/rest/")[2]
    hook = BitrixWebhook(domain=sdk.portal.tls_domain, webhook_token=secret)
    assert hook.get_client().profile().result["ADMIN"] is True


def test_a_missing_scope_is_named(sdk: Sdk) -> None:
    sdk.portal.fault("insufficient_scope", "user.current")
    with pytest.raises(BitrixAPIInsufficientScope):
        sdk.token.call_method("user.current")


def test_registration_of_a_robot(sdk: Sdk) -> None:
    added = sdk.client.bizproc.robot.add(
        code="pay",
        handler="https://pay.example.com/robot",
        name={"en": "Pay"},
        auth_user_id=1,
        use_subscription=True,
        properties={"amount": {"Name": {"en": "Amount"}, "Type": "string"}},
    ).result
    assert added is True
    assert sdk.client.bizproc.robot.list().result == ["pay"]

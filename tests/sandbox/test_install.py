"""How an app comes, changes and goes: the iframe, events of apps with and without pages, installFinish."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.wrappers import Response

from tests.outside import Outside, Refused
from tests.sandbox.conftest import Installed
from tests.sandbox.receiver import Receiver


def test_the_install_page_gets_its_fields_in_query_and_body(outside: Outside, receiver: Receiver) -> None:
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    page = portal.install(app, finish="never")
    assert (page["status"], "installFinish" in page["html"], page["finished"]) == (200, True, False)
    sent = receiver.received[0]
    assert sent.path == "/bitrix24/install"
    assert sent.content_type == "application/x-www-form-urlencoded"
    assert set(sent.query) == {"DOMAIN", "PROTOCOL", "LANG", "APP_SID"}
    assert (sent.query["DOMAIN"], sent.query["PROTOCOL"], sent.query["LANG"]) == (portal.domain, "0", "ru")
    body = sent.body
    assert body["member_id"] == portal.member_id
    assert body["SERVER_ENDPOINT"] == f"{outside.oauth_url}/rest/"
    assert body["APPLICATION_TOKEN"] == page["application_token"]
    assert (body["status"], body["PLACEMENT"], body["AUTH_EXPIRES"]) == ("L", "DEFAULT", "3600")
    assert "user_id" not in body
    told = outside.app_info(body["AUTH_ID"]).result
    assert (told["client_id"], told["install"]["member_id"]) == (app["client_id"], portal.member_id)
    assert told["install"]["installed"] is False
    assert outside.refresh(app, body["REFRESH_ID"]).status == 200


def test_older_portals_send_less(outside: Outside, receiver: Receiver) -> None:
    portal = outside.create_portal(switches={"old_payloads": True})
    portal.install(outside.register_app(receiver.url))
    assert not {"SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE"} & set(receiver.received[0].body)


def test_a_manager_opens_the_install_page_with_his_own_token(outside: Outside, receiver: Receiver) -> None:
    portal = outside.create_portal()
    portal.install(outside.register_app(receiver.url), user_id=2, finish="never")
    token = receiver.received[0].body["AUTH_ID"]
    assert portal.rest("user.admin", token=token).result is False
    assert portal.rest("profile", token=token).result["ID"] == "2"


def test_a_page_that_failed_does_not_finish(outside: Outside, receiver: Receiver) -> None:
    receiver.answer = lambda _: Response("no", status=500)
    portal = outside.create_portal()
    page = portal.install(outside.register_app(receiver.url))
    assert (page["status"], page["finished"]) == (500, False)


def test_nothing_is_delivered_before_install_finish(outside: Outside, receiver: Receiver) -> None:
    portal = outside.create_portal()
    app = outside.register_app(receiver.url)
    portal.install(app, finish="never")
    portal.tokens()
    installed = Installed(outside, portal, app, receiver)
    installed.add_robot()
    installed.rest("event.bind", event="ONCRMDEALADD", handler=f"{receiver.url}/events")
    portal.place_robot("pay", "NEW")
    portal.add(2, title="Deal")
    assert outside.wait_idle()
    assert not receiver.at("/pay")
    assert not receiver.at("/events")
    assert portal.workflows()[0]["log"][-1]["kind"] == "not_sent"
    assert portal.post("/open")["status"] == 200
    assert receiver.received[-1].path == "/bitrix24/install"
    portal.post("/install-finish")
    portal.add(2, title="Deal")
    receiver.wait("/pay")
    receiver.wait("/events")


def test_an_app_without_pages_gets_an_event_with_tokens(outside: Outside, receiver: Receiver) -> None:
    portal = outside.create_portal()
    app = outside.register_app(receiver.url, with_pages=False)
    page = portal.install(app)
    body = receiver.wait("/bitrix24/install")[0].body
    assert body["event"] == "ONAPPINSTALL"
    assert body["data"] == {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
    auth = body["auth"]
    assert auth["application_token"] == page["application_token"]
    assert auth["scope"].split(",") == list(app["scopes"])
    assert outside.refresh(app, auth["refresh_token"]).status == 200


def test_an_update_wipes_registrations_and_tells_the_bound_handler(installed: Installed) -> None:
    installed.add_robot()
    handler = f"{installed.receiver.url}/events"
    installed.rest("event.bind", event="ONAPPUPDATE", handler=handler)
    installed.rest("placement.bind", PLACEMENT="CRM_DEAL_DETAIL_TAB", HANDLER=handler, TITLE="Pay")
    old = installed.portal.get()["installed"][installed.app["client_id"]]["application_token"]
    installed.portal.post("/update")
    body = installed.receiver.wait("/events")[0].body
    assert (body["event"], body["data"]["VERSION"], body["data"]["PREVIOUS_VERSION"]) == ("ONAPPUPDATE", "2", "1")
    assert body["auth"]["application_token"] != old
    assert body["auth"]["refresh_token"]
    assert installed.rest("bizproc.robot.list").result == []
    assert installed.rest("event.get").result == []
    assert installed.rest("placement.get").result == []


def test_an_uninstall_comes_without_tokens_after_access_is_gone(installed: Installed) -> None:
    installed.add_robot()
    handler = f"{installed.receiver.url}/events"
    installed.rest("event.bind", event="OnAppUninstall", handler=handler)
    token = installed.portal.post("/uninstall", clean=True)["application_token"]
    body = installed.receiver.wait("/events")[0].body
    assert body["event"] == "ONAPPUNINSTALL"
    assert body["data"] == {"LANGUAGE_ID": "ru", "CLEAN": "1"}
    assert body["auth"]["application_token"] == token
    assert set(body["auth"]) == {"domain", "server_endpoint", "client_endpoint", "member_id", "application_token"}
    assert installed.rest("user.current").error == "invalid_token"


def test_a_placement_is_opened_with_its_options(installed: Installed) -> None:
    handler = f"{installed.receiver.url}/tab"
    installed.rest("placement.bind", PLACEMENT="CRM_DEAL_DETAIL_TAB", HANDLER=handler, TITLE="Pay")
    installed.portal.post("/open", placement="CRM_DEAL_DETAIL_TAB", id=712, user_id=2)
    sent = installed.receiver.at("/tab")[0]
    assert sent.body["PLACEMENT"] == "CRM_DEAL_DETAIL_TAB"
    assert json.loads(sent.body["PLACEMENT_OPTIONS"]) == {"ID": "712", "URI": "/crm/deal/details/712/"}
    assert installed.portal.rest("profile", token=sent.body["AUTH_ID"]).result["ID"] == "2"


@pytest.mark.parametrize(("said", "options"), [("0", {"ID": "0"}), ("absent", {})])
def test_a_new_card_has_no_number(installed: Installed, said: str, options: dict[str, Any]) -> None:
    installed.portal.switch(new_card_id=said)
    handler = f"{installed.receiver.url}/tab"
    installed.rest("placement.bind", PLACEMENT="CRM_DEAL_DETAIL_TAB", HANDLER=handler)
    installed.portal.post("/open", placement="CRM_DEAL_DETAIL_TAB")
    assert json.loads(installed.receiver.at("/tab")[0].body["PLACEMENT_OPTIONS"]) == options


def test_bound_events_of_the_crm_are_delivered_with_the_users_token_or_none(installed: Installed) -> None:
    handler = f"{installed.receiver.url}/events"
    installed.rest("event.bind", event="onCrmDealUpdate", handler=handler)
    deal = installed.portal.add(2, title="Deal")
    installed.portal.write(2, deal, title="Other")
    body = installed.receiver.wait("/events")[0].body
    assert (body["event"], body["data"]) == ("ONCRMDEALUPDATE", {"FIELDS": {"ID": "1"}})
    assert body["event_handler_id"]
    assert "access_token" in body["auth"]
    assert "refresh_token" not in body["auth"]
    steps: list[dict[str, Any]] = [{"type": "set_fields", "fields": {"TITLE": "By workflow"}}]
    installed.portal.start(installed.portal.define(steps), deal)
    by_workflow = installed.receiver.wait("/events", 2)[1].body
    assert "access_token" not in by_workflow["auth"]


def test_a_change_of_nothing_is_no_event(installed: Installed) -> None:
    installed.rest("event.bind", event="ONCRMDEALUPDATE", handler=f"{installed.receiver.url}/events")
    deal = installed.portal.add(2, title="Deal")
    installed.portal.write(2, deal, title="Deal")
    assert installed.outside.wait_idle()
    assert not installed.receiver.at("/events")


def test_events_of_invoices_and_smart_processes_name_their_type(installed: Installed) -> None:
    installed.rest("event.bind", event="ONCRMDYNAMICITEMADD", handler=f"{installed.receiver.url}/events")
    installed.portal.add(31, title="Invoice")
    body = installed.receiver.wait("/events")[0].body
    assert body["data"] == {"FIELDS": {"ID": "1", "ENTITY_TYPE_ID": "31"}}


def test_binding_an_event_twice(installed: Installed) -> None:
    wish = {"event": "ONCRMDEALADD", "handler": "https://pay.example.com/events"}
    assert installed.rest("event.bind", **wish).result is True
    assert installed.rest("event.bind", **wish).status == 400
    installed.portal.switch(event_rebind="accept")
    assert installed.rest("event.bind", **wish).result is True
    assert len(installed.rest("event.get").result) == 1
    assert installed.rest("event.bind", event="ONNOSUCH", handler=wish["handler"]).error == "ERROR_EVENT_NOT_FOUND"
    assert installed.rest("event.unbind").result == {"count": 1}


def test_a_renamed_portal_answers_302_at_its_old_address(installed: Installed) -> None:
    old = installed.portal.client_endpoint
    new = installed.portal.post("/address", rename=0)
    moved = installed.rest("user.current")
    assert moved.status == 302
    assert urlsplit(moved.body["location"]).netloc == new["domain"]
    assert new["client_endpoint"] != old
    installed.portal.client_endpoint = new["client_endpoint"]
    assert installed.rest("user.current").status == 200
    assert installed.outside.app_info(installed.portal.token).result["install"]["domain"] == new["domain"]


def test_a_closed_portal_refuses_connections_until_it_opens(installed: Installed) -> None:
    installed.portal.post("/address", open=False)
    with pytest.raises(OSError, match="refused"):
        installed.rest("user.current")
    installed.portal.post("/address", open=True)
    assert installed.rest("user.current").status == 200


def test_a_local_app_belongs_to_one_portal_and_a_market_app_to_many(outside: Outside, receiver: Receiver) -> None:
    local, market = (outside.register_app(receiver.url, local=kind) for kind in (True, False))
    first, second = outside.create_portal(), outside.create_portal()
    first.install(local)
    with pytest.raises(Refused, match="local app"):
        second.install(local)
    tokens = {portal.install(market)["application_token"] for portal in (first, second)}
    assert len(tokens) == 2
    assert receiver.received[-1].body["status"] == "F"


def test_a_deleted_portal_says_so(installed: Installed) -> None:
    installed.portal.post("/address", deleted=True)
    answer = installed.rest("user.current")
    assert (answer.status, answer.error) == (410, "PORTAL_DELETED")


def test_rest_needs_a_commercial_plan(installed: Installed) -> None:
    installed.portal.post("/traits", commercial=False)
    answer = installed.rest("user.current")
    assert (answer.status, answer.error) == (403, "ACCESS_DENIED")

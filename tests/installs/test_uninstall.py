"""ONAPPUNINSTALL: tokens are destroyed, all that is scheduled stops, the records of money stay; and a new beginning."""

from typing import Any

import pytest
from sqlalchemy import select

from customers.cards import import_cards
from storage.model import Call, Charge, Consent, PortalToken
from tests.installs import wire
from tests.installs.wire import send_event
from tests.outside import eventually
from tests.service import RunningService

DEAL, CONTACT = 2, 3
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
SHOP = '{"shop": "demo", "secret": "demo-secret-of-the-sandbox"}'
MONEY = ("charges", "charge_attempts", "ledger_entries", "debt_payments", "schedules", "schedule_rows", "saved_cards")


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, with an acquirer, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    installed.use_enterprise_rate()
    installed.built.terminals.configure(installed.row.id, "sandbox", "main", SHOP)
    return installed


def client_with_card(service: RunningService, ending: str) -> int:
    contact = service.portal.add(CONTACT, name="Клиент")
    line = f"sandbox,C_{contact},card_{contact:04}_{ending},**** {contact:04},2030-12,,2026-01-10T09:00:00Z,paper"
    built = service.built
    body = f"{HEADER}\n{line}\n".encode()
    assert not import_cards(built.database, built.vault, service.row.id, body, {"sandbox"}, built.now()).problems
    return contact


def charge(service: RunningService, contact: int) -> dict[str, Any]:
    deal = service.portal.add(DEAL, title="Абонемент", opportunity="500.00", contactIds=[contact])
    return service.run("charge_saved_card", DEAL, deal)


def removal(service: RunningService, **changes: str) -> dict[str, str]:
    auth = {"member_id": service.portal.member_id, "application_token": wire.application_token(service), **changes}
    return {name: value for name, value in auth.items() if value}


def uninstall(service: RunningService) -> None:
    service.portal.post("/uninstall", client_id=service.app["client_id"])
    assert eventually(lambda: service.row.state == "uninstalled")


def rows(service: RunningService, table: Any) -> list[Any]:
    with service.built.database.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def money(service: RunningService) -> dict[str, Any]:
    stored = wire.stored(service)
    return {name: stored[name] for name in MONEY if name in stored}


def acquirer_was_asked(service: RunningService) -> int:
    return len(service.outside.get("/acquirer/history")["entries"])


def test_tokens_are_destroyed_and_calls_refused(quiet: RunningService) -> None:
    token = wire.application_token(quiet)
    uninstall(quiet)
    assert rows(quiet, PortalToken) == []
    assert wire.robot_call_status(quiet, token) == 403
    assert wire.robot_call_status(quiet, "") == 403


def test_what_was_scheduled_stops_and_the_records_of_money_stay(quiet: RunningService) -> None:
    assert charge(quiet, client_with_card(quiet, "paid"))["charge_status"] == "succeeded"
    declined = charge(quiet, client_with_card(quiet, "insufficient_funds"))
    assert declined["next_attempt_date"]
    amounts = [(one.key, one.amount, one.state) for one in rows(quiet, Charge)]
    ledger = money(quiet)
    uninstall(quiet)
    assert [one.next_attempt_at for one in rows(quiet, Charge)] == [None, None]
    assert [(one.key, one.amount, one.state) for one in rows(quiet, Charge)] == amounts
    assert {name: len(found) for name, found in money(quiet).items()} == {k: len(v) for k, v in ledger.items()}
    assert money(quiet)["ledger_entries"] == ledger["ledger_entries"] != []
    moved = quiet.outside.get("/acquirer/operations")
    quiet.outside.forward(days=10)
    assert not eventually(lambda: quiet.outside.get("/acquirer/operations") != moved, 6)


def test_consents_end_so_that_nobody_is_charged_on_an_old_one(quiet: RunningService) -> None:
    client_with_card(quiet, "paid")
    uninstall(quiet)
    (consent,) = rows(quiet, Consent)
    assert consent.withdrawn_at is not None
    assert "removed from the portal" in consent.withdrawn_by


def test_a_call_that_waits_for_its_turn_is_cancelled_with_the_reason(quiet: RunningService) -> None:
    contact = client_with_card(quiet, "error_500_paid")
    deal = quiet.portal.add(DEAL, title="Ждёт", opportunity="500.00", contactIds=[contact])
    template = quiet.portal.define([{"code": "charge_saved_card", "name": "Step", "properties": {}}])
    workflow = quiet.portal.start(template, deal)
    assert quiet.wait_call_state(workflow, "waiting")
    uninstall(quiet)
    (call,) = rows(quiet, Call)
    assert (call.state, call.reason) == ("cancelled", "the application was removed from the portal")


@pytest.mark.parametrize(
    "wrong",
    [
        {"application_token": "0" * 32},
        {"application_token": ""},
        {"member_id": "0" * 32},
        {"member_id": ""},
    ],
)
def test_with_a_wrong_token_nothing_happens(quiet: RunningService, wrong: dict[str, str]) -> None:
    client_with_card(quiet, "paid")
    before = wire.stored(quiet)
    answer = send_event(quiet, "ONAPPUNINSTALL", removal(quiet, **wrong), CLEAN="1")
    assert (answer.status, "unknown portal or wrong application_token" in answer.text) == (403, True)
    assert wire.stored(quiet) == before


def test_another_portals_token_removes_neither(quiet: RunningService) -> None:
    other = quiet.outside.create_portal()
    other.install(quiet.outside.register_app("http://127.0.0.1:9"), open=False)
    (theirs,) = other.get()["installed"].values()
    before = wire.stored(quiet)
    auth = removal(quiet, application_token=theirs["application_token"])
    assert send_event(quiet, "ONAPPUNINSTALL", auth).status == 403
    assert wire.stored(quiet) == before


def test_an_access_token_proves_no_removal(quiet: RunningService) -> None:
    before = wire.stored(quiet)
    auth = wire.event_auth(quiet, application_token="0" * 32)
    assert send_event(quiet, "ONAPPUNINSTALL", auth).status == 403
    assert wire.stored(quiet) == before


def test_the_same_removal_again_is_refused_and_changes_nothing(quiet: RunningService) -> None:
    auth = removal(quiet)
    assert send_event(quiet, "ONAPPUNINSTALL", auth, CLEAN="0").status == 200
    before = wire.stored(quiet)
    assert send_event(quiet, "ONAPPUNINSTALL", auth, CLEAN="0").status == 403
    assert wire.stored(quiet) == before


def test_installing_again_works_and_the_old_records_are_there_but_no_old_consent(quiet: RunningService) -> None:
    contact = client_with_card(quiet, "paid")
    assert charge(quiet, contact)["charge_status"] == "succeeded"
    portal_id, ledger = quiet.row.id, money(quiet)["ledger_entries"]
    uninstall(quiet)
    quiet.install()
    assert eventually(lambda: quiet.row.state == "active")
    quiet.wait_registered()
    assert quiet.row.id == portal_id
    assert set(quiet.registered()["robots"]) == set(quiet.built.catalogue)
    assert wire.robot_call_status(quiet, wire.application_token(quiet)) == 200
    assert money(quiet)["ledger_entries"] == ledger
    result = charge(quiet, contact)
    assert result["result_status"] == "failed"
    assert money(quiet)["ledger_entries"] == ledger


def test_a_removed_portal_is_asked_nothing_any_more(quiet: RunningService) -> None:
    uninstall(quiet)
    asked = quiet.portal.history(counters_only=1)["hits"]
    renewals = quiet.outside.get("/oauth/history")["renewals"]
    result = wire.register_again(quiet)
    assert result.exit_code == 1
    assert "the application was removed from the portal" in result.output
    assert quiet.portal.history(counters_only=1)["hits"] == asked
    assert quiet.outside.get("/oauth/history")["renewals"] == renewals

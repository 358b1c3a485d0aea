"""ONAPPINSTALL of an application without pages: server to server, at the install address and at that of events."""

from typing import Any

import pytest

from tests.handlers.doors import php_form
from tests.installs import wire
from tests.installs.wire import EVENTS, INSTALL, Trap, event_auth, send_event
from tests.outside import eventually
from tests.service import RunningService


@pytest.fixture
def pageless(service: RunningService) -> RunningService:
    """In the portal, without pages; its event has not been sent yet."""
    wire.add_to_portal(service)
    return service


def test_an_application_without_pages_is_installed_by_its_event_alone(service: RunningService) -> None:
    service.outside.register_app(
        service.address,
        client_id=service.app["client_id"],
        client_secret=service.app["client_secret"],
        with_pages=False,
    )
    answer = service.install()
    wire.wait_registered(service)
    assert set(service.registered()["robots"]) == set(service.built.catalogue)
    assert service.row.installer_user_id == 1
    assert wire.robot_call_status(service, answer["application_token"]) == 200
    (delivery,) = service.outside.deliveries(subject="ONAPPINSTALL", member_id=service.portal.member_id)
    assert delivery["status"] == 200


@pytest.mark.parametrize("path", [INSTALL, EVENTS])
def test_the_event_is_taken_at_both_addresses(pageless: RunningService, path: str) -> None:
    assert send_event(pageless, "ONAPPINSTALL", event_auth(pageless), path, INSTALLED="Y", VERSION="1").status == 200
    wire.wait_registered(pageless)
    assert pageless.row.client_endpoint == pageless.portal.client_endpoint


@pytest.mark.parametrize("path", [INSTALL, EVENTS])
def test_an_application_that_is_not_installed_yet_is_not_activated(pageless: RunningService, path: str) -> None:
    answer = send_event(pageless, "ONAPPINSTALL", event_auth(pageless), path, INSTALLED="N", VERSION="1")
    assert answer.status == 200
    assert wire.nothing_stored(pageless)
    assert pageless.registered() == {"robots": [], "activities": []}


@pytest.mark.parametrize("separator", [",", " "])
def test_an_older_event_without_user_and_expiry_is_enough(pageless: RunningService, separator: str) -> None:
    left_out: dict[str, Any] = {"expires_in": None, "server_endpoint": None, "status": None}
    auth = event_auth(pageless, scope=separator.join(("crm", "bizproc")), **left_out)
    assert send_event(pageless, "onappinstall", auth, INSTALL).status == 200
    wire.wait_registered(pageless)
    assert pageless.row.installer_user_id == 1


@pytest.mark.parametrize("path", [INSTALL, EVENTS])
@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": "0" * 70},
        {"member_id": "0" * 32},
        {"member_id": None},
        {"access_token": None},
    ],
)
def test_an_event_that_proves_nothing_stores_nothing(
    pageless: RunningService, path: str, wrong: dict[str, Any]
) -> None:
    answer = send_event(pageless, "ONAPPINSTALL", event_auth(pageless, **wrong), path, INSTALLED="Y")
    assert answer.status == 403
    assert wire.nothing_stored(pageless)
    assert pageless.registered() == {"robots": [], "activities": []}


def test_a_token_of_another_application_stores_nothing(pageless: RunningService) -> None:
    stranger = pageless.outside.register_app("http://127.0.0.1:9")
    pageless.portal.install(stranger, open=False)
    token = pageless.portal.tokens(1, client_id=stranger["client_id"])["access_token"]
    answer = send_event(pageless, "ONAPPINSTALL", event_auth(pageless, access_token=token), INSTALL, INSTALLED="Y")
    assert answer.status == 403
    assert wire.nothing_stored(pageless)


@pytest.mark.parametrize("fault", ["refuse", "lost_before", "error_500", "html"])
def test_while_the_oauth_host_is_in_trouble_the_event_is_not_taken(pageless: RunningService, fault: str) -> None:
    auth = event_auth(pageless)
    pageless.outside.fault(fault, match="app.info")
    answer = send_event(pageless, "ONAPPINSTALL", auth, INSTALL, INSTALLED="Y")
    assert (answer.status, "does not answer now" in answer.text) == (503, True)
    assert wire.nothing_stored(pageless)


def test_an_event_in_the_name_of_somebody_who_is_no_admin_is_refused(pageless: RunningService) -> None:
    answer = send_event(pageless, "ONAPPINSTALL", event_auth(pageless, user_id=2), INSTALL, INSTALLED="Y")
    assert (answer.status, "An administrator" in answer.text) == (403, True)
    assert wire.nothing_stored(pageless)


def test_hosts_in_the_event_are_never_contacted_and_never_kept(pageless: RunningService, trap: Trap) -> None:
    forged = event_auth(
        pageless,
        domain=trap.host,
        server_endpoint=f"http://{trap.host}/rest/",
        client_endpoint=f"http://{trap.host}/rest/",
    )
    assert send_event(pageless, "ONAPPINSTALL", forged, INSTALL, INSTALLED="Y").status == 200
    wire.wait_registered(pageless)
    assert pageless.row.client_endpoint == pageless.portal.client_endpoint
    assert trap.host not in str(wire.stored(pageless))
    assert trap.visits == 0


@pytest.mark.parametrize("event", ["ONAPPUNINSTALL", "ONAPPUPDATE", "ONCRMDEALADD", "anything"])
def test_other_events_are_not_taken_at_the_install_address(installed: RunningService, event: str) -> None:
    assert installed.outside.wait_idle()
    installed.wait_registered()
    before = wire.stored(installed)
    assert send_event(installed, event, event_auth(installed), INSTALL).status == 400
    assert wire.stored(installed) == before


def test_the_same_event_again_changes_nothing_in_the_portal(pageless: RunningService) -> None:
    auth = event_auth(pageless)
    assert send_event(pageless, "ONAPPINSTALL", auth, INSTALL, INSTALLED="Y").status == 200
    wire.wait_registered(pageless)
    before = wire.everything(pageless)
    assert send_event(pageless, "ONAPPINSTALL", auth, INSTALL, INSTALLED="Y").status == 200
    assert eventually(lambda: pageless.row.registration["finished"], 30)
    assert wire.everything(pageless) == before


def test_an_event_with_a_list_where_a_text_belongs_is_refused(pageless: RunningService) -> None:
    form = {
        "event": "ONAPPINSTALL",
        "data": {"INSTALLED": "Y"},
        "auth": {"access_token": ["a", "b"], "member_id": ["c"]},
    }
    assert wire.ask(pageless.address + INSTALL, php_form(form)).status == 403
    assert wire.nothing_stored(pageless)

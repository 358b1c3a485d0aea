"""ONAPPUPDATE: the portal has forgotten our registrations and may know us by another application_token."""

import pytest

from tests.installs import wire
from tests.installs.wire import Trap, event_auth, send_event
from tests.outside import eventually
from tests.service import RunningService

NEW_TOKEN = "f" * 32


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    return installed


def codes_are_back(service: RunningService) -> bool:
    return set(service.registered()["robots"]) == set(service.built.catalogue)


def test_everything_is_registered_again_and_the_new_application_token_counts(quiet: RunningService) -> None:
    stood = wire.everything(quiet)
    old = wire.application_token(quiet)
    new = quiet.portal.post("/update", client_id=quiet.app["client_id"])["application_token"]
    assert new != old
    assert eventually(lambda: wire.everything(quiet) == stood, 30)
    assert wire.robot_call_status(quiet, new) == 200
    assert wire.robot_call_status(quiet, old) == 403


@pytest.mark.parametrize("wrong", [{"access_token": "0" * 70}, {"member_id": "0" * 32}, {"user_id": 2}])
def test_a_new_application_token_is_believed_after_proof_only(quiet: RunningService, wrong: dict[str, str]) -> None:
    old = wire.application_token(quiet)
    user_id = int(wrong.get("user_id", 1))
    auth = event_auth(quiet, user_id, application_token=NEW_TOKEN, **{k: v for k, v in wrong.items() if k != "user_id"})
    before, asked = wire.stored(quiet), quiet.portal.history()["methods"].get("batch", 0)
    assert send_event(quiet, "ONAPPUPDATE", auth, VERSION="2").status == 403
    assert wire.stored(quiet) == before
    assert quiet.portal.history()["methods"].get("batch", 0) == asked
    assert wire.robot_call_status(quiet, NEW_TOKEN) == 403
    assert wire.robot_call_status(quiet, old) == 200


def test_an_update_that_brings_no_tokens_needs_the_application_token(quiet: RunningService) -> None:
    wipe(quiet)
    auth = {"member_id": quiet.portal.member_id, "application_token": NEW_TOKEN}
    assert send_event(quiet, "ONAPPUPDATE", auth).status == 403
    assert quiet.registered()["robots"] == []
    auth["application_token"] = wire.application_token(quiet)
    assert send_event(quiet, "ONAPPUPDATE", auth).status == 200
    assert eventually(lambda: codes_are_back(quiet), 30)


@pytest.mark.parametrize("fault", ["refuse", "error_500", "html"])
def test_an_update_in_bad_times_of_the_oauth_host_registers_again_by_the_known_token(
    quiet: RunningService, fault: str
) -> None:
    wipe(quiet)
    auth = event_auth(quiet)
    quiet.outside.fault(fault, match="app.info")
    assert send_event(quiet, "ONAPPUPDATE", auth, VERSION="2").status == 200
    assert eventually(lambda: codes_are_back(quiet), 30)


def test_in_bad_times_of_the_oauth_host_another_application_token_is_not_taken(quiet: RunningService) -> None:
    before = wire.stored(quiet)
    auth = event_auth(quiet, application_token=NEW_TOKEN)
    quiet.outside.fault("refuse", match="app.info")
    assert send_event(quiet, "ONAPPUPDATE", auth, VERSION="2").status == 503
    assert wire.stored(quiet) == before


def test_hosts_in_the_event_are_never_contacted(quiet: RunningService, trap: Trap) -> None:
    forged = f"http://{trap.host}/rest/"
    auth = event_auth(quiet, domain=trap.host, server_endpoint=forged, client_endpoint=forged)
    assert send_event(quiet, "ONAPPUPDATE", auth, VERSION="2").status == 200
    quiet.wait_registered()
    assert quiet.row.client_endpoint == quiet.portal.client_endpoint
    assert trap.visits == 0


def test_what_the_operator_has_set_stays_as_it_was(quiet: RunningService) -> None:
    chosen = ("--activities", "everywhere", "--date-order", "mdy", "--rate", "enterprise")
    assert wire.command(quiet, "portals", "set", quiet.portal.member_id, *chosen).exit_code == 0
    quiet.portal.post("/update", client_id=quiet.app["client_id"])
    assert eventually(lambda: codes_are_back(quiet), 30)
    quiet.wait_registered()
    row = quiet.row
    assert (row.activity_filter, row.date_order, row.rate_per_second) == ("everywhere", "mdy", 5)


def test_an_admin_who_opens_the_application_heals_an_update_that_never_arrived(quiet: RunningService) -> None:
    quiet.portal.fault("lost", match="ONAPPUPDATE")
    new = quiet.portal.post("/update", client_id=quiet.app["client_id"])["application_token"]
    assert wire.robot_call_status(quiet, new) == 403
    assert quiet.portal.post("/open", client_id=quiet.app["client_id"], user_id=2)["status"] == 403
    assert wire.robot_call_status(quiet, new) == 403
    assert quiet.portal.post("/open", client_id=quiet.app["client_id"], user_id=1)["status"] == 200
    assert wire.robot_call_status(quiet, new) == 200
    assert eventually(lambda: codes_are_back(quiet), 30)


def test_an_event_of_the_crm_that_proves_itself_is_taken_and_does_nothing(quiet: RunningService) -> None:
    before = wire.stored(quiet)
    assert send_event(quiet, "ONCRMDEALUPDATE", event_auth(quiet)).status == 200
    assert send_event(quiet, "ONCRMDEALUPDATE", event_auth(quiet, application_token="0" * 32)).status == 403
    assert wire.stored(quiet) == before


def wipe(service: RunningService) -> None:
    """The portal forgets our registrations and its event is lost on the way."""
    service.portal.fault("lost", match="ONAPPUPDATE")
    service.portal.post("/update", client_id=service.app["client_id"], new_token=False)
    assert service.registered()["robots"] == []

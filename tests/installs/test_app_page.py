"""The application's page in the portal's frame: for any user of the portal, and for an admin who brings it to life."""

import pytest
from sqlalchemy import select, update

from storage.model import Call, Portal
from tests.installs import wire
from tests.installs.wire import APP, Trap, open_page, page_fields
from tests.outside import eventually
from tests.service import RunningService

ASK_AN_ADMIN = "Приложение устанавливает администратор портала"


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    return installed


def set_state(service: RunningService, state: str) -> None:
    with service.built.database.write() as session:
        session.execute(update(Portal).values(state=state, state_reason="for the test"))


@pytest.mark.parametrize("user_id", [1, 2])
def test_any_user_of_the_portal_sees_the_robots_by_name(quiet: RunningService, user_id: int) -> None:
    page = open_page(quiet, page_fields(quiet, user_id=user_id), APP)
    assert page.status == 200
    for robot in quiet.built.catalogue.values():
        assert robot.name.ru in page.text


@pytest.mark.parametrize(("language", "in_words"), [("ru", "Роботы в дизайнере"), ("de", "The robots are in the")])
def test_the_page_speaks_the_language_of_its_reader(quiet: RunningService, language: str, in_words: str) -> None:
    page = open_page(quiet, page_fields(quiet, user_id=2, LANG=language), APP)
    assert in_words in page.text
    assert quiet.row.language == "ru"


def test_only_this_portal_may_frame_the_page(quiet: RunningService) -> None:
    page = open_page(quiet, page_fields(quiet, DOMAIN="evil.example"), APP)
    assert page.policy("frame-ancestors") == [quiet.portal.url]
    assert page.headers["Cache-Control"] == "no-store"


def test_a_visit_changes_nothing_of_a_portal_that_works(quiet: RunningService) -> None:
    before = wire.stored(quiet)
    open_page(quiet, page_fields(quiet, user_id=1), APP)
    open_page(quiet, page_fields(quiet, user_id=2), APP)
    assert wire.stored(quiet) == before


def test_the_page_counts_calls_of_its_own_portal(quiet: RunningService) -> None:
    assert wire.robot_call_status(quiet, wire.application_token(quiet)) == 200

    def ended() -> bool:
        with quiet.built.database.read() as session:
            return session.scalars(select(Call.state)).one() == "delivered"

    assert eventually(ended, 20)
    page = open_page(quiet, page_fields(quiet), APP).text
    assert "выполнено: 1" in " ".join(page.split())


@pytest.mark.parametrize("path", [APP, wire.INSTALL])
def test_a_page_shown_from_another_portal_sees_nothing_of_ours(quiet: RunningService, path: str) -> None:
    other = quiet.outside.create_portal()
    page = open_page(quiet, page_fields(quiet, member_id=other.member_id), path)
    assert page.status == 403
    assert quiet.portal.member_id not in page.text
    assert "Разбить счёт" not in page.text


def test_a_page_without_a_token_shows_nothing(quiet: RunningService) -> None:
    page = open_page(quiet, page_fields(quiet, AUTH_ID=None), APP)
    assert page.status == 403
    assert "Разбить счёт" not in page.text


def test_while_the_oauth_host_is_away_the_page_says_when_to_come_back(quiet: RunningService) -> None:
    fields = page_fields(quiet)
    quiet.outside.fault("refuse", match="app.info")
    page = open_page(quiet, fields, APP)
    assert (page.status, "через минуту" in page.text) == (503, True)


@pytest.mark.parametrize("state", ["needs_reauthorisation", "suspended", "uninstalled", "deleted"])
def test_an_admins_visit_brings_a_portal_back_to_life(quiet: RunningService, state: str) -> None:
    set_state(quiet, state)
    assert open_page(quiet, page_fields(quiet), APP).status == 200
    assert eventually(lambda: (quiet.row.state, quiet.row.registration["finished"]) == ("active", True), 30)
    assert wire.register_again(quiet).exit_code == 0


@pytest.mark.parametrize("state", ["needs_reauthorisation", "suspended", "uninstalled", "deleted"])
def test_a_visit_without_admin_rights_leaves_it_as_it_is_and_says_whom_to_ask(
    quiet: RunningService, state: str
) -> None:
    set_state(quiet, state)
    before = wire.stored(quiet)
    page = open_page(quiet, page_fields(quiet, user_id=2), APP)
    assert (page.status, ASK_AN_ADMIN in page.text) == (403, True)
    assert wire.stored(quiet) == before


def test_a_refused_renewal_stops_the_portal_until_an_admin_opens_the_page(quiet: RunningService) -> None:
    quiet.outside.fault("renewal_refused", match="token")
    quiet.portal.post("/tokens/expire")
    assert wire.register_again(quiet).exit_code == 1
    assert quiet.row.state == "needs_reauthorisation"
    asked = quiet.outside.get("/oauth/history", counters_only=1)["methods"].get("token", 0)
    for _ in range(5):
        assert wire.register_again(quiet).exit_code == 1
    assert quiet.outside.get("/oauth/history", counters_only=1)["methods"].get("token", 0) == asked
    assert open_page(quiet, page_fields(quiet), APP).status == 200
    assert quiet.row.state == "active"
    assert eventually(lambda: wire.register_again(quiet).exit_code == 0)


def test_hosts_in_the_request_are_never_contacted(quiet: RunningService, trap: Trap) -> None:
    set_state(quiet, "needs_reauthorisation")
    fields = page_fields(quiet, DOMAIN=trap.host, SERVER_ENDPOINT=f"http://{trap.host}/rest/")
    assert open_page(quiet, fields, APP).status == 200
    quiet.wait_registered()
    assert quiet.row.client_endpoint == quiet.portal.client_endpoint
    assert trap.visits == 0

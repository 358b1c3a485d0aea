"""What an operator types about portals: list, register, check, set, rotate-keys."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text

import services
from bitrix24.check import ASKED_ABOUT, HARMLESS
from bitrix24.tokens import Pair, store_pair
from handlers import create_app
from services import Services
from storage.migrate import upgrade
from storage.model import PortalToken
from storage.vault import Vault
from tests.factories import NOW, make_portal
from tests.handlers.doors import settings_for
from tests.installs import wire
from tests.outside import eventually
from tests.postgres import postgres_database
from tests.service import RunningService

ROOT = Path(__file__).parents[2]
NOBODY = "0" * 32


@pytest.fixture
def quiet(installed: RunningService) -> RunningService:
    """Installed, and nothing of the installation under way any more."""
    assert installed.outside.wait_idle()
    installed.wait_registered()
    return installed


# --- list --------------------------------------------------------------------------------------------------------


def test_the_list_names_each_portal_its_address_and_its_state(quiet: RunningService) -> None:
    shown = wire.command(quiet, "portals", "list")
    assert shown.exit_code == 0
    assert shown.output == f"{quiet.portal.member_id}  {quiet.portal.client_endpoint}  active\n"


def test_the_list_says_why_a_portal_does_not_work(quiet: RunningService) -> None:
    quiet.outside.fault("renewal_refused", match="token")
    quiet.portal.post("/tokens/expire")
    wire.register_again(quiet)
    shown = wire.command(quiet, "portals", "list").output
    assert "needs_reauthorisation" in shown
    assert "an administrator has to open the app in the portal" in shown


@pytest.mark.parametrize("words", [("register",), ("check",), ("set", "--rate", "usual")])
def test_a_portal_that_is_not_there_is_refused_in_words(service: RunningService, words: tuple[str, ...]) -> None:
    shown = wire.command(service, "portals", words[0], NOBODY, *words[1:])
    assert shown.exit_code == 1
    assert f"no portal {NOBODY} is installed" in shown.output
    assert "Traceback" not in shown.output


# --- register ----------------------------------------------------------------------------------------------------


def test_register_shows_a_line_for_everything(quiet: RunningService) -> None:
    shown = wire.register_again(quiet)
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    for code in quiet.built.catalogue:
        assert f"ok      robot {code}" in lines
        assert f"ok      activity {code}_activity" in lines
    assert "ok      event ONAPPUNINSTALL" in lines
    assert "ok      trigger pay_debt_cleared" in lines


def test_register_while_the_portal_is_away_fails_in_words(quiet: RunningService) -> None:
    quiet.outside.fault("renewal_refused", match="token")
    quiet.portal.post("/tokens/expire")
    shown = wire.register_again(quiet)
    assert shown.exit_code == 1
    assert "Traceback" not in shown.output
    assert all(line.startswith("refused") for line in shown.output.splitlines())


# --- check -------------------------------------------------------------------------------------------------------


def test_check_of_a_healthy_portal_is_content_and_changes_nothing(quiet: RunningService) -> None:
    before, stored = wire.everything(quiet), wire.stored(quiet)
    requests = quiet.portal.history(counters_only=1)["hits"]
    shown = wire.command(quiet, "portals", "check", quiet.portal.member_id)
    assert shown.exit_code == 0, shown.output
    assert all(line.startswith("ok") for line in shown.output.splitlines())
    assert quiet.portal.history(counters_only=1)["hits"] - requests <= 5
    assert wire.everything(quiet) == before
    assert wire.stored(quiet) == stored


def test_check_tries_or_asks_about_every_method_that_our_rooms_name() -> None:
    name = re.compile(r'"((?:crm|bizproc|userfieldconfig|user|event)\.[a-z]+(?:\.[a-z]+)*)"')
    rooms = ("bitrix24", "payments", "bp_activities", "customers", "billing", "notifications")
    sources = [file.read_text() for room in rooms for file in (ROOT / room).rglob("*.py")]
    named = {method for source in sources for method in name.findall(source)}
    known = {method for method, _, _ in HARMLESS} | set(ASKED_ABOUT) | {"user.admin"}
    assert len(named) > 20
    assert named - known == set()


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (["bizproc", "user", "userfieldconfig"], "crm"),
        (["crm", "user", "userfieldconfig"], "bizproc"),
        (["crm", "bizproc", "user"], "userfieldconfig"),
        (["crm", "bizproc", "userfieldconfig"], "user"),
    ],
)
def test_check_names_the_permission_that_is_missing(service: RunningService, scopes: list[str], missing: str) -> None:
    service.outside.register_app(
        service.address,
        client_id=service.app["client_id"],
        client_secret=service.app["client_secret"],
        scopes=scopes,
    )
    service.install()
    service.wait_registered()
    shown = wire.command(service, "portals", "check", service.portal.member_id)
    assert shown.exit_code == 1
    lines = [line for line in shown.output.splitlines() if line.startswith("missing")]
    assert any(f"add the permission {missing} to the application" in line for line in lines)
    assert not any(f"add the permission {scope} " in line for line in lines for scope in scopes)


def test_check_names_the_methods_that_a_plan_does_not_have(quiet: RunningService) -> None:
    quiet.portal.post("/traits", robots=False)
    shown = wire.command(quiet, "portals", "check", quiet.portal.member_id)
    assert shown.exit_code == 1
    lines = [line for line in shown.output.splitlines() if line.startswith("missing")]
    assert any("bizproc.robot.list" in line for line in lines)
    assert any("bizproc.robot.add" in line and "plan or version" in line for line in lines)
    assert not any("crm.item" in line for line in lines)


def test_check_sees_an_installer_who_is_no_administrator_any_more(quiet: RunningService) -> None:
    quiet.portal.post("/users", id=1, admin=False)
    shown = wire.command(quiet, "portals", "check", quiet.portal.member_id)
    assert shown.exit_code == 1
    assert "an administrator has to open the application in the portal" in shown.output


def test_check_goes_on_where_a_portal_cannot_be_asked_about_methods(quiet: RunningService) -> None:
    unknown = {"status": 404, "code": "ERROR_METHOD_NOT_FOUND", "description": "Method not found!"}
    quiet.portal.fault("error", match="method.get", times=99, **unknown)
    shown = wire.command(quiet, "portals", "check", quiet.portal.member_id)
    assert (shown.exit_code, "crm.item.fields" in shown.output) == (0, True)


# --- set ---------------------------------------------------------------------------------------------------------


def test_set_changes_what_it_is_given_and_nothing_else(quiet: RunningService) -> None:
    shown = wire.command(quiet, "portals", "set", quiet.portal.member_id, "--rate", "enterprise")
    assert shown.exit_code == 0
    assert (quiet.row.rate_per_second, quiet.row.rate_burst) == (5, 250)
    assert (quiet.row.activity_filter, quiet.row.date_order) == ("where_robots_are_not", "dmy")
    wire.command(quiet, "portals", "set", quiet.portal.member_id, "--date-order", "mdy", "--activities", "never")
    assert (quiet.row.activity_filter, quiet.row.date_order) == ("never", "mdy")
    assert (quiet.row.rate_per_second, quiet.row.rate_burst) == (5, 250)


@pytest.mark.parametrize("words", [(), ("--rate", "endless"), ("--activities", "sometimes"), ("--date-order", "ymd")])
def test_set_without_a_known_choice_says_what_there_is(quiet: RunningService, words: tuple[str, ...]) -> None:
    before = wire.stored(quiet)
    shown = wire.command(quiet, "portals", "set", quiet.portal.member_id, *words)
    assert shown.exit_code == 2
    assert "--" in shown.output
    assert wire.stored(quiet) == before


def test_the_days_of_further_tries_are_set_switched_off_and_refused_in_words(quiet: RunningService) -> None:
    assert quiet.row.retry_days == [1, 3, 5, 7]
    wire.command(quiet, "portals", "set", quiet.portal.member_id, "--retries", "2, 6")
    assert quiet.row.retry_days == [2, 6]
    wire.command(quiet, "portals", "set", quiet.portal.member_id, "--retries", "no")
    assert quiet.row.retry_days == []
    shown = wire.command(quiet, "portals", "set", quiet.portal.member_id, "--retries", "6, 2")
    assert shown.exit_code == 1
    assert "such as 1, 3, 5, 7" in shown.output
    assert quiet.row.retry_days == []


# --- rotate-keys -------------------------------------------------------------------------------------------------


def with_keys(service: RunningService, *keys: str) -> Services:
    """The same service started anew with other keys in its environment."""
    return services.build(service.built.settings.model_copy(update={"encryption_keys": keys}))


def test_after_a_rotation_the_old_key_may_go(quiet: RunningService) -> None:
    (old,) = quiet.built.settings.encryption_keys
    new = Fernet.generate_key().decode()
    both, only_new, only_old = with_keys(quiet, new, old), with_keys(quiet, new), with_keys(quiet, old)
    try:
        assert "no key of ENCRYPTION_KEYS opens" in register_with(only_new, quiet)
        rotated = create_app(both).test_cli_runner().invoke(args=("portals", "rotate-keys"))
        assert (rotated.exit_code, "Secrets under the newest key: 2." in rotated.output) == (0, True)
        assert "refused" not in register_with(only_new, quiet)
        assert "no key of ENCRYPTION_KEYS opens" in register_with(only_old, quiet)
    finally:
        for built in (both, only_new, only_old):
            built.close()


def register_with(built: Services, service: RunningService) -> str:
    words = ("portals", "register", service.portal.member_id)
    output: str = create_app(built).test_cli_runner().invoke(args=words).output
    return output


@pytest.fixture
def on_postgresql() -> Iterator[Services]:
    with postgres_database() as url:
        upgrade(url)
        built = services.build(settings_for(url))
        yield built
        built.close()


def test_a_rotation_does_not_overwrite_a_renewal_of_the_same_moment(on_postgresql: Services) -> None:
    database, vault = on_postgresql.database, on_postgresql.vault
    with database.write() as session:
        portal_id = make_portal(session).id
        store_pair(session, vault, portal_id, 1, Pair("access-old", "refresh-old", NOW))
    rotation = threading.Thread(
        target=create_app(on_postgresql).test_cli_runner().invoke, kwargs={"args": ("portals", "rotate-keys")}
    )
    with database.write() as renewal:
        store_pair(renewal, vault, portal_id, 1, Pair("access-new", "refresh-new", NOW))
        renewal.flush()
        rotation.start()
        assert eventually(lambda: somebody_waits(on_postgresql))
    rotation.join(20)
    with database.read() as session:
        row = session.scalars(select(PortalToken)).one()
    assert (
        Vault(on_postgresql.settings.encryption_keys).open(portal_id, "refresh_token", row.refresh_token)
        == "refresh-new"
    )


def somebody_waits(built: Services) -> bool:
    with built.database.read() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

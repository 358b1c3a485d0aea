"""The install page in the portal's frame: who gets in, what is stored, what the page is told while we register."""

from typing import Any

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.installs import wire
from tests.installs.wire import Trap, ask, open_page, page_fields
from tests.outside import eventually
from tests.service import RunningService

PROGRESS = "/bitrix24/install/progress"
ASK_AN_ADMIN = "Попросите его открыть эту страницу"
OPEN_AGAIN = "откройте его заново из Битрикс24"
WAIT_A_MINUTE = "откройте приложение через минуту"


@pytest.fixture
def added(service: RunningService) -> RunningService:
    wire.add_to_portal(service)
    return service


def asked_of_the_portal(service: RunningService) -> int:
    return int(service.portal.history(counters_only=1)["hits"])


def page_token(page: wire.Answer) -> str:
    return page.text.partition('data-token="')[2].partition('"')[0]


def progress(service: RunningService, token: str) -> wire.Answer:
    return ask(service.address + PROGRESS, **{"X-Page-Token": token})


# --- the opener is proved and the portal is stored ---------------------------------------------------------------


def test_a_page_opened_by_an_admin_installs_the_portal(added: RunningService) -> None:
    page = open_page(added, page_fields(added))
    assert page.status == 200
    row = added.row
    assert (row.state, row.language, row.date_order, row.installer_user_id) == ("active", "ru", "dmy", 1)
    assert row.client_endpoint == added.portal.client_endpoint
    assert wire.robot_call_status(added, wire.application_token(added)) == 200


@pytest.mark.parametrize("in_address", [(), (*wire.QUERY, "member_id", "AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN")])
def test_a_field_counts_wherever_it_stands(
    added: RunningService, monkeypatch: pytest.MonkeyPatch, in_address: tuple[str, ...]
) -> None:
    monkeypatch.setattr(wire, "QUERY", in_address)
    assert open_page(added, page_fields(added)).status == 200
    assert added.row.state == "active"


def test_a_portal_that_sends_only_the_old_fields_is_installed(added: RunningService) -> None:
    left_out: dict[str, Any] = dict.fromkeys(
        ("SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE", "AUTH_EXPIRES")
    )
    assert open_page(added, page_fields(added, **left_out)).status == 200
    assert added.row.state == "active"


def test_without_an_application_token_calls_are_refused_until_the_event_brings_it(service: RunningService) -> None:
    service.portal.switch(application_token=False)
    service.install(finish="never")
    service.wait_registered()
    token = wire.application_token(service)
    assert wire.robot_call_status(service, token) == 403
    assert wire.robot_call_status(service, "") == 403
    service.portal.post("/install-finish", client_id=service.app["client_id"])
    assert eventually(lambda: wire.robot_call_status(service, token) == 200)


def test_registration_starts_with_the_post_whatever_becomes_of_the_page(added: RunningService) -> None:
    open_page(added, page_fields(added))
    assert eventually(lambda: len(added.registered()["activities"]) == len(added.built.catalogue), 30)
    assert set(added.registered()["robots"]) == set(added.built.catalogue)


def test_the_portals_currency_and_time_zone_are_learned(service: RunningService) -> None:
    service.portal.post("/traits", currency="KZT", time_zone="Asia/Almaty", language="en")
    service.install()
    service.wait_registered()
    row = service.row
    assert (row.currency, row.time_zone, row.language, row.date_order) == ("KZT", "Asia/Almaty", "en", "mdy")


def test_what_a_portal_does_not_tell_has_its_usual_value(service: RunningService) -> None:
    service.portal.post("/traits", currency="KZT", time_zone="Asia/Almaty")
    wire.add_to_portal(service)
    fields = page_fields(service)
    for method in ("crm.currency.base.get", "user.current"):
        service.portal.fault("error", match=method, status=403, code="ACCESS_DENIED", description="No rights")
    service.portal.fault("error", match="profile", skip=1, status=403, code="ACCESS_DENIED", description="No rights")
    assert open_page(service, fields).status == 200
    service.wait_registered()
    assert (service.row.currency, service.row.time_zone) == ("RUB", "Europe/Moscow")
    assert not any(line["problem"] for line in service.row.registration["lines"])


def test_tokens_are_kept_for_each_user_and_the_last_admin_is_the_one_we_act_for(installed: RunningService) -> None:
    installed.portal.post("/users", id=7, admin=True)
    assert open_page(installed, page_fields(installed, user_id=7)).status == 200
    installed.wait_registered()
    assert installed.row.installer_user_id == 7
    assert [row[2] for row in wire.stored(installed)["portal_tokens"]] == [1, 7]
    assert {one["auth_user_id"] for one in installed.portal.get("/registered")} == {7}


# --- nobody else gets in -----------------------------------------------------------------------------------------


def test_somebody_without_admin_rights_reads_what_to_do_and_nothing_is_half_registered(added: RunningService) -> None:
    page = open_page(added, page_fields(added, user_id=2))
    assert page.status == 403
    assert ASK_AN_ADMIN in page.text
    assert "installFinish" not in page.text
    assert wire.nothing_stored(added)
    assert added.registered() == {"robots": [], "activities": []}


def test_the_refusal_can_be_read_in_the_portals_frame_in_its_language(added: RunningService) -> None:
    page = open_page(added, page_fields(added, user_id=2, LANG="de"))
    assert "Ask one to open this page" in page.text
    assert page.policy("frame-ancestors") not in ([], ["'none'"])
    assert page.policy("script-src") == ["'self'"]


def test_somebody_without_admin_rights_changes_nothing_of_an_installed_portal(installed: RunningService) -> None:
    assert installed.outside.wait_idle()
    installed.wait_registered()
    before = wire.stored(installed)
    assert open_page(installed, page_fields(installed, user_id=2)).status == 403
    assert wire.stored(installed) == before


@pytest.mark.parametrize("missing", ["AUTH_ID", "member_id"])
def test_a_page_without_its_proof_is_refused(added: RunningService, missing: str) -> None:
    left_out: dict[str, Any] = {missing: None}
    page = open_page(added, page_fields(added, **left_out))
    assert (page.status, OPEN_AGAIN in page.text) == (403, True)
    assert wire.nothing_stored(added)


def test_an_invented_token_is_refused_in_words_that_help(added: RunningService) -> None:
    page = open_page(added, page_fields(added, AUTH_ID="0" * 70))
    assert (page.status, OPEN_AGAIN in page.text) == (403, True)
    assert wire.nothing_stored(added)
    assert asked_of_the_portal(added) == 0


def test_a_token_that_ran_out_is_refused(added: RunningService) -> None:
    fields = page_fields(added)
    added.portal.post("/tokens/expire")
    page = open_page(added, fields)
    assert (page.status, OPEN_AGAIN in page.text) == (403, True)
    assert wire.nothing_stored(added)


def test_a_token_of_another_portal_installs_neither(installed: RunningService) -> None:
    other = installed.outside.create_portal()
    before = wire.stored(installed)
    page = open_page(installed, page_fields(installed, member_id=other.member_id))
    assert (page.status, OPEN_AGAIN in page.text) == (403, True)
    assert wire.stored(installed) == before
    assert other.history(counters_only=1)["hits"] == 0


def test_a_token_of_another_application_is_refused(added: RunningService) -> None:
    stranger = added.outside.register_app("http://127.0.0.1:9")
    added.portal.install(stranger, open=False)
    token = added.portal.tokens(1, client_id=stranger["client_id"])["access_token"]
    page = open_page(added, page_fields(added, AUTH_ID=token))
    assert (page.status, OPEN_AGAIN in page.text) == (403, True)
    assert wire.nothing_stored(added)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("refuse", {}),
        ("lost_before", {}),
        ("error_500", {}),
        ("bucket", {}),
        ("html", {"status": 200}),
        ("html", {"status": 502}),
        ("cut", {"whole": True}),
        ("redirect", {"to": "http://127.0.0.1:9"}),
    ],
)
def test_while_the_oauth_host_is_in_trouble_nothing_is_half_registered(
    added: RunningService, fault: str, options: dict[str, object]
) -> None:
    fields = page_fields(added)
    added.outside.fault(fault, match="app.info", **options)
    page = open_page(added, fields)
    assert (page.status, WAIT_A_MINUTE in page.text) == (503, True)
    assert wire.nothing_stored(added)
    assert asked_of_the_portal(added) == 0
    assert open_page(added, fields).status == 200  # the same minute later


@pytest.mark.parametrize("fault", ["refuse", "lost_before", "error_500", "html", "bucket"])
def test_while_the_portal_does_not_say_who_is_an_admin_nobody_is_taken_for_one(
    added: RunningService, fault: str
) -> None:
    fields = page_fields(added, user_id=2)
    added.portal.fault(fault, times=10)
    page = open_page(added, fields)
    assert (page.status, WAIT_A_MINUTE in page.text) == (503, True)
    assert wire.nothing_stored(added)
    added.portal.delete("/faults")


@pytest.mark.parametrize("unknown", ["profile", "user.admin"])
def test_one_method_that_a_portal_does_not_have_is_made_up_for_by_the_other(
    added: RunningService, unknown: str
) -> None:
    refusal = {"status": 404, "code": "ERROR_METHOD_NOT_FOUND", "description": "Method not found!", "times": 9}
    added.portal.fault("error", match=unknown, **refusal)
    assert open_page(added, page_fields(added, user_id=2)).status == 403
    assert open_page(added, page_fields(added, user_id=1)).status == 200


def test_hosts_in_the_request_are_never_contacted_and_never_kept(added: RunningService, trap: Trap) -> None:
    forged: dict[str, Any] = {"DOMAIN": trap.host, "SERVER_ENDPOINT": f"http://{trap.host}/rest/"}
    forged |= {"domain": trap.host, "client_endpoint": f"http://{trap.host}/rest/", "server_domain": trap.host}
    assert open_page(added, page_fields(added, **forged)).status == 200
    added.wait_registered()
    assert added.row.client_endpoint == added.portal.client_endpoint
    assert not any(line["problem"] for line in added.row.registration["lines"])
    added.portal.post("/tokens/expire")
    wire.register_again(added)
    assert trap.host not in str(wire.stored(added))
    assert trap.visits == 0


# --- the page and its progress -----------------------------------------------------------------------------------


def test_the_page_may_be_framed_by_this_portal_only_and_runs_two_scripts(added: RunningService) -> None:
    page = open_page(added, page_fields(added))
    assert page.policy("frame-ancestors") == [added.portal.url]
    assert page.policy("script-src") == ["'self'", added.outside.oauth_url]
    assert f'src="{added.outside.oauth_url}/api/v1/"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in page.headers


def test_no_token_of_the_portal_is_on_the_page(added: RunningService) -> None:
    fields = page_fields(added)
    page = open_page(added, fields)
    assert not [name for name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN") if fields[name] in page.text]


def test_progress_grows_and_says_finished_only_when_everything_stands(added: RunningService) -> None:
    added.portal.fault("delay", match="crm.automation.trigger.add", seconds=1.5)
    token = page_token(open_page(added, page_fields(added)))
    assert eventually(lambda: '"done":0' not in progress(added, token).text.replace(" ", ""))
    assert '"finished":false' in progress(added, token).text.replace(" ", "")
    assert eventually(lambda: '"finished":true' in progress(added, token).text.replace(" ", ""), 30)
    stands = wire.everything(added)
    assert len(stands["steps"]) == 2 * len(added.built.catalogue)
    assert len(stands["events"]) == 3
    assert stands["triggers"]
    assert stands["fields"]


def test_the_report_of_an_earlier_installation_does_not_finish_a_new_page(installed: RunningService) -> None:
    assert installed.outside.wait_idle()
    installed.wait_registered()
    installed.portal.fault("delay", match="bizproc.*", seconds=1)
    token = page_token(open_page(installed, page_fields(installed)))
    assert '"finished":false' in progress(installed, token).text.replace(" ", "")


def test_a_registration_that_breaks_is_said_and_finishes_the_page(
    added: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_arguments: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("handlers.installing.read_habits", breaks)
    token = page_token(open_page(added, page_fields(added)))
    assert eventually(lambda: '"finished":true' in progress(added, token).text.replace(" ", ""))
    answer = progress(added, token).text
    assert "RuntimeError" in answer
    assert f"portals register {added.portal.member_id}" in answer
    assert "nobody thought of this" not in answer


@pytest.mark.parametrize("token", ["", "forged", "WzFd.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_progress_needs_the_pages_own_token(installed: RunningService, token: str) -> None:
    answer = progress(installed, token)
    assert (answer.status, "open the application again" in answer.text) == (403, True)


def test_a_token_for_another_purpose_or_of_yesterday_shows_no_progress(installed: RunningService) -> None:
    class Yesterday(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - 86400

    key = installed.built.settings.secret_key
    elsewhere = URLSafeTimedSerializer(key, salt="another-purpose").dumps(installed.row.id)
    old = URLSafeTimedSerializer(key, salt="install-progress", signer=Yesterday).dumps(installed.row.id)
    assert progress(installed, elsewhere).status == 403
    assert progress(installed, old).status == 403
    assert (
        progress(installed, URLSafeTimedSerializer(key, salt="install-progress").dumps(installed.row.id)).status == 200
    )

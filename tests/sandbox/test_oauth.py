"""Tokens: renewal with rotation, their ends, and what the OAuth host says of an installation."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.outside import RestAnswer, fetch
from tests.sandbox.conftest import Installed


def test_a_refresh_token_works_once_and_gives_another(installed: Installed) -> None:
    first = installed.portal.tokens()
    renewed = installed.outside.refresh(installed.app, first["refresh_token"])
    assert renewed.status == 200
    assert renewed.body["refresh_token"] != first["refresh_token"]
    assert renewed.body["member_id"] == installed.portal.member_id
    assert renewed.body["client_endpoint"] == installed.portal.client_endpoint
    assert renewed.body["domain"] != installed.portal.domain
    assert renewed.body["expires_in"] == 3600
    again = installed.outside.refresh(installed.app, first["refresh_token"])
    assert (again.status, again.error) == (400, "invalid_grant")
    assert installed.outside.refresh(installed.app, renewed.body["refresh_token"]).status == 200


def test_the_old_access_token_lives_on_after_a_renewal(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.outside.refresh(installed.app, pair["refresh_token"])
    assert installed.rest("user.current").status == 200


def test_a_refresh_token_dies_after_180_days(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.outside.forward(days=181)
    assert installed.outside.refresh(installed.app, pair["refresh_token"]).error == "invalid_grant"


def ask(installed: Installed, **changed: str) -> RestAnswer:
    query = {
        "grant_type": "refresh_token",
        "client_id": installed.app["client_id"],
        "client_secret": installed.app["client_secret"],
        "refresh_token": installed.portal.tokens()["refresh_token"],
    } | changed
    return fetch(f"{installed.outside.oauth_url}/oauth/token/?{urlencode(query)}")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_id": "local.unknown"}, 200, "wrong_client"),
        ({"client_secret": "wrong"}, 400, "invalid_client"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"refresh_token": "forged"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "invalid_request"),
    ],
)
def test_each_wrong_renewal_has_its_own_error(
    installed: Installed, changed: dict[str, str], status: int, error: str
) -> None:
    answer = ask(installed, **changed)
    assert (answer.status, answer.error) == (status, error)


def test_a_renewal_may_be_posted(installed: Installed) -> None:
    body = {
        "grant_type": "refresh_token",
        "client_id": installed.app["client_id"],
        "client_secret": installed.app["client_secret"],
        "refresh_token": installed.portal.tokens()["refresh_token"],
    }
    answer = fetch(f"{installed.outside.oauth_url}/oauth/token/", urlencode(body).encode())
    assert answer.status == 200


def test_a_code_of_the_consent_page_is_exchanged_once_and_soon(installed: Installed) -> None:
    def code() -> str:
        query = urlencode({"client_id": installed.app["client_id"], "state": "s1"})
        sent = fetch(f"{installed.outside.oauth_url}/oauth/authorize/?{query}")
        assert sent.status == 302
        assert f"member_id={installed.portal.member_id}" in sent.body["location"]
        return str(sent.body["location"]).split("code=")[1].split("&")[0]

    good = code()
    assert ask(installed, grant_type="authorization_code", code=good).status == 200
    assert ask(installed, grant_type="authorization_code", code=good).error == "invalid_grant"
    late = code()
    installed.outside.forward(seconds=31)
    assert ask(installed, grant_type="authorization_code", code=late).error == "invalid_grant"


def test_app_info_names_the_app_the_portal_and_the_user(installed: Installed) -> None:
    token = installed.portal.tokens(2)["access_token"]
    told = installed.outside.app_info(token).result
    assert told["client_id"] == installed.app["client_id"]
    assert told["user_id"] == 2
    install = told["install"]
    assert install["member_id"] == installed.portal.member_id
    assert install["client_endpoint"] == installed.portal.client_endpoint
    assert install["domain"] == installed.portal.domain
    assert install["installed"] is True


def test_app_info_of_a_bad_token(installed: Installed) -> None:
    assert installed.outside.app_info("").error == "NO_AUTH_FOUND"
    forged = installed.outside.app_info("f" * 70)
    assert (forged.status, forged.error) == (400, "invalid_client")
    token = installed.portal.tokens()["access_token"]
    installed.portal.post("/tokens/expire")
    assert installed.outside.app_info(token).error == "expired_token"


def test_tokens_die_with_the_installation(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.portal.post("/uninstall")
    assert installed.rest("user.current").error == "invalid_token"
    assert installed.outside.refresh(installed.app, pair["refresh_token"]).error == "invalid_grant"


def test_access_runs_out_after_an_hour(installed: Installed) -> None:
    installed.outside.forward(seconds=3599)
    assert installed.rest("user.current").status == 200
    installed.outside.forward(seconds=2)
    answer = installed.rest("user.current")
    assert (answer.status, answer.error) == (401, "expired_token")


def test_the_token_is_taken_from_body_query_or_header(installed: Installed) -> None:
    url, token = f"{installed.portal.client_endpoint}user.current", installed.portal.token
    assert fetch(url, f"auth={token}".encode()).status == 200
    assert fetch(f"{url}.json?auth={token}").status == 200
    assert installed.rest("user.current").status == 200
    assert fetch(url, bearer=token).status == 200
    assert fetch(url).error == "NO_AUTH_FOUND"


def test_a_token_of_another_portal_is_no_good(installed: Installed) -> None:
    other = installed.outside.create_portal()
    answer = other.rest("user.current", token=installed.portal.token)
    assert (answer.status, answer.error) == (401, "invalid_token")


def test_a_dismissed_user_is_not_authorised(installed: Installed) -> None:
    installed.portal.tokens(2)
    installed.portal.post("/users", id=2, active=False)
    assert installed.rest("user.current").error == "authorization_error"


def test_planned_faults_of_a_renewal(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.outside.fault("renewal_refused", "token")
    assert installed.outside.refresh(installed.app, pair["refresh_token"]).error == "invalid_grant"
    assert installed.outside.refresh(installed.app, pair["refresh_token"]).status == 200


def test_a_renewal_whose_answer_is_lost_has_still_rotated(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.outside.fault("lost_after", "token")
    with pytest.raises(OSError, match="closed connection"):
        installed.outside.refresh(installed.app, pair["refresh_token"])
    assert installed.outside.refresh(installed.app, pair["refresh_token"]).error == "invalid_grant"

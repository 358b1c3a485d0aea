"""Security headers stand on every answer; a page in an iframe is for exactly one portal."""

import re
from pathlib import Path

import pytest
from flask import Response

from handlers.headers import CSP, content_policy, frame, origin_of
from tests.handlers.doors import Doors, doors_on, robot_call

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def test_every_route_and_every_refusal_carries_the_headers(doors: Doors) -> None:
    addresses = [re.sub("<[^>]*>", "x", rule.rule) for rule in doors.app.url_map.iter_rules()]
    assert len(addresses) > 8
    for address in [*addresses, "/no/such/door"]:
        for method in ("GET", "POST", "TRACE"):
            answer = doors.client.open(address, method=method)
            for name, value in ALWAYS.items():
                assert answer.headers[name] == value, (method, address, name)
            policy = answer.headers[CSP]
            for directive in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
                assert directive in policy.split("; "), (method, address)
            assert "unsafe" not in policy
            assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
            assert "Set-Cookie" not in answer.headers


def test_an_accepted_call_and_a_failure_carry_the_headers(doors: Doors) -> None:
    assert doors.post(robot_call()).headers["X-Content-Type-Options"] == "nosniff"
    doors.app.extensions["inbox"] = None
    broken = doors.post(robot_call())
    assert broken.status_code == 500
    assert broken.headers[CSP] == content_policy()


def test_without_https_browsers_are_not_told_to_insist_on_it(tmp_path: Path) -> None:
    with doors_on(f"sqlite:///{tmp_path}/x.db", public_url="http://127.0.0.1:8080") as local:
        assert "Strict-Transport-Security" not in local.client.get("/health/live").headers


def test_a_page_may_be_framed_by_exactly_the_portal_it_was_made_for() -> None:
    one = frame(Response(), "https://one.bitrix24.ru/rest/", ["https://api.bitrix24.com/api/v1/"])
    two = frame(Response(), "https://two.bitrix24.ru:8443/rest/")
    assert "frame-ancestors https://one.bitrix24.ru" in one.headers[CSP].split("; ")
    assert "script-src 'self' https://api.bitrix24.com" in one.headers[CSP].split("; ")
    assert "frame-ancestors https://two.bitrix24.ru:8443" in two.headers[CSP].split("; ")
    assert "script-src 'self'" in two.headers[CSP].split("; ")


@pytest.mark.parametrize(
    "address",
    ["", "one.bitrix24.ru", "javascript:alert(1)", "https://", "https://a;script-src *", "https://user@a", "https://*"],
)
def test_what_could_end_a_directive_is_no_origin(address: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        origin_of(address)

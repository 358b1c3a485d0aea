"""What strangers and broken senders may post: a plain no, no row in any table, no request to the portal."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.foreign.bitrix import Bitrix, Manner, post
from tests.foreign.crm import DEAL
from tests.foreign.php import to_form
from tests.foreign.test_robots import document
from tests.foreign.world import World


@contextmanager
def nothing_happens(world: World) -> Iterator[None]:
    """No row more or less, no request to the portal, no new pair of tokens."""
    before = (world.rows(), len(world.bitrix.requests), world.bitrix.refreshed)
    yield
    assert (world.rows(), len(world.bitrix.requests), world.bitrix.refreshed) == before


def a_call(world: World, **other: Any) -> dict[str, Any]:
    where = document("DEAL", 4_000_000)
    return world.bitrix.call("deduct_from_debt", where, {"payment_amount": "1", "debt": "5"}, **other)


def send(world: World, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> int:
    return post(f"{world.address}/bitrix24/activities", body, content_type)[0]


@pytest.mark.parametrize(
    "auth",
    [
        {"application_token": "fedcba98765432100123456789abcdef"},
        {"application_token": ""},
        {"application_token": ["the", "list"]},
        {"member_id": "ffffffffffffffffffffffffffffffff"},
        {"member_id": ""},
        {"member_id": "0123456789abcdef0123456789abcdef' OR 1=1 --"},
        {"member_id": {"$ne": "1"}},
    ],
)
def test_a_call_that_does_not_prove_its_portal_is_forbidden(plain_world: World, auth: dict[str, Any]) -> None:
    with nothing_happens(plain_world):
        assert send(plain_world, to_form(a_call(plain_world, auth=auth)).encode()) == 403


def test_an_empty_body_is_refused(plain_world: World) -> None:
    with nothing_happens(plain_world):
        assert {send(plain_world, b""), send(plain_world, b"{}", JSON)} <= {400, 403}


def test_a_call_without_auth_or_with_a_text_for_it_is_forbidden(plain_world: World) -> None:
    body = a_call(plain_world)
    del body["auth"]
    with nothing_happens(plain_world):
        assert send(plain_world, to_form(body).encode()) in (400, 403)
        assert send(plain_world, to_form(body | {"auth": "yes"}).encode()) in (400, 403)
        assert send(plain_world, to_form(body | {"auth": []}).encode()) in (400, 403)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MANGLED = {
    "no brackets close": (FORM, b"&auth[member_id=1"),
    "brackets the wrong way": (FORM, b"&auth]member_id[=1"),
    "brackets within brackets": (FORM, b"&properties[a[b]]=1"),
    "latin-1": (FORM, b"&properties[note]=caf\xe9"),
    "escaped latin-1": (FORM, b"&properties[note]=caf%E9"),
    "a value and a map": (FORM, b"&properties[amount]=1&properties[amount][x]=2"),
    "deep": (FORM, b"&properties" + b"[a]" * 40 + b"=1"),
    "too many fields": (FORM, b"".join(b"&properties[f%d]=1" % number for number in range(1001))),
    "a nul": (FORM, b"&properties[note]=%00"),
    "json garbage": (JSON, b'{"auth": {"member_id": '),
    "a json list": (JSON, b"[1, 2, 3]"),
    "a json text": (JSON, b'"auth"'),
    "deep json": (JSON, b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "no number": (JSON, b'{"ts": NaN}'),
    "half of a pair": (JSON, b'{"code": "\\ud800"}'),
    "another type": ("text/plain", b"&code=x"),
    "multipart": ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
}


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_body_is_refused_although_its_proof_is_good(plain_world: World, name: str) -> None:
    content_type, mangled = MANGLED[name]
    good = to_form(a_call(plain_world)).encode() if content_type == FORM and mangled else b""
    with nothing_happens(plain_world):
        assert send(plain_world, good + mangled, content_type) == 400


def test_a_body_beyond_the_bound_is_refused_by_its_size(plain_world: World) -> None:
    body = a_call(plain_world)
    body["properties"]["note"] = "x" * 300_000
    with nothing_happens(plain_world):
        assert send(plain_world, to_form(body).encode()) == 413
        assert send(plain_world, json.dumps(body).encode(), JSON) == 413


@pytest.mark.parametrize("missing", ["code", "event_token", "document_id"])
def test_a_call_without_a_field_that_it_cannot_do_without_is_refused(plain_world: World, missing: str) -> None:
    body = a_call(plain_world)
    del body[missing]
    with nothing_happens(plain_world):
        assert send(plain_world, to_form(body).encode()) == 400


def test_the_hosts_in_a_call_are_never_asked_anything(plain_world: World) -> None:
    """The proof is good, the addresses lead elsewhere: the work is done in the portal and with the tokens we have."""
    with Bitrix(Manner()) as elsewhere:
        forged = {"domain": elsewhere.domain, "client_endpoint": elsewhere.endpoint}
        forged |= {
            "server_endpoint": f"{elsewhere.oauth_url}/rest/",
            "access_token": "stolen",
            "refresh_token": "stolen",
        }
        deal = plain_world.bitrix.crm.make(DEAL, title="Д", UF_CRM_PAY_DEBT="10|RUB")
        where = document("DEAL", deal)
        result = plain_world.run("deduct_from_debt", where, {"payment_amount": "4"}, auth=forged)
        assert result["debt_after"] == "6.00"
        assert (elsewhere.requests, elsewhere.oauth_requests) == ([], [])


def test_a_doubled_call_runs_once_however_it_is_written(plain_world: World) -> None:
    """Eight at the same moment, then one more as JSON with its fields in another order: one payment, one answer."""
    bitrix = plain_world.bitrix
    deal = bitrix.crm.make(DEAL, title="Д", UF_CRM_PAY_DEBT="100|RUB")
    body = bitrix.call("deduct_from_debt", document("DEAL", deal), {"payment_amount": "10", "order": "principal"})
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: bitrix.deliver(body)[0], range(8)))
    backwards = dict(reversed(body.items())) | {"properties": dict(reversed(body["properties"].items()))}
    assert {*statuses, bitrix.deliver(backwards, as_json=True)[0]} == {200}
    assert plain_world.answer(body)["debt_after"] == "90.00"
    assert plain_world.wait_state(body, "delivered")
    with nothing_happens(plain_world):
        assert bitrix.deliver(body)[0] == 200
    assert bitrix.steps[body["event_token"]].sends == 1
    assert bitrix.crm.items[DEAL][deal]["UF_CRM_PAY_DEBT"] == "90.00|RUB"


def test_the_same_token_with_other_figures_is_not_run(plain_world: World) -> None:
    bitrix = plain_world.bitrix
    deal = bitrix.crm.make(DEAL, title="Д", UF_CRM_PAY_DEBT="100|RUB")
    body = bitrix.call("deduct_from_debt", document("DEAL", deal), {"payment_amount": "10"})
    assert bitrix.deliver(body)[0] == 200
    assert bitrix.deliver(body | {"properties": {"payment_amount": "90"}})[0] in (200, 409)
    assert plain_world.answer(body)["debt_after"] == "90.00"
    assert plain_world.wait_state(body, "delivered")
    assert bitrix.steps[body["event_token"]].sends == 1


# --- installs ----------------------------------------------------------------------------------------------------


def test_an_install_with_a_token_nobody_gave_changes_nothing(plain_world: World) -> None:
    with nothing_happens(plain_world):
        assert plain_world.bitrix.install_in_frame(plain_world.address, AUTH_ID="made-up")[0] == 403
        assert plain_world.bitrix.install_by_event(plain_world.address, access_token="made-up")[0] == 403


def test_an_install_for_another_member_id_or_application_changes_nothing(plain_world: World) -> None:
    bitrix = plain_world.bitrix
    token, _ = bitrix.new_pair()
    bitrix.foreign_tokens.add(token)
    with nothing_happens(plain_world):
        assert bitrix.install_in_frame(plain_world.address, member_id="f" * 32)[0] == 403
        assert bitrix.install_by_event(plain_world.address, member_id="f" * 32)[0] == 403
        assert bitrix.install_in_frame(plain_world.address, AUTH_ID=token)[0] == 403
        assert bitrix.install_by_event(plain_world.address, access_token=token)[0] == 403


def test_an_install_by_an_ordinary_user_changes_nothing(plain_world: World) -> None:
    before = plain_world.rows()
    assert plain_world.bitrix.install_in_frame(plain_world.address, user="2")[0] == 403
    assert plain_world.rows() == before


def test_an_uninstall_without_the_token_leaves_the_portal_installed(plain_world: World) -> None:
    forged = {"application_token": "fedcba98765432100123456789abcdef", "member_id": plain_world.bitrix.manner.member_id}
    event = {"event": "ONAPPUNINSTALL", "data": {"LANGUAGE_ID": "ru", "CLEAN": "1"}, "ts": "1790845200", "auth": forged}
    with nothing_happens(plain_world):
        assert post(f"{plain_world.address}/bitrix24/events", to_form(event).encode())[0] == 403
    assert plain_world.portal.state == "active"

"""`POST /bitrix24/activities`: what becomes a row, what is refused without one, and what a repeat does."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bitrix24.installs import hash_of_application_token
from handlers.php_form import LONGEST_BODY, MOST_FIELDS
from schemas.robot_call import LONGEST_TIMEOUT, LONGEST_VALUE
from storage.model import Base
from tests.factories import make_portal
from tests.handlers.doors import FORM, MEMBER, TOKEN, TS, Doors, php_form, proof, robot_call


def test_a_call_is_answered_200_and_is_a_row_with_all_that_a_robot_needs(either_doors: Doors) -> None:
    answer = either_doors.post(robot_call(timeout_duration="3600"))
    assert (answer.status_code, answer.text) == (200, "accepted\n")
    (call,) = either_doors.calls()
    assert call.portal_id == either_doors.portal_id
    assert call.code == "split_invoice"
    assert call.workflow_id == "66f1c0ffee1234.56789012"
    assert call.event_token == "66f1c0ffee1234.56789012|A51234_22222|Zk3.0f3c"
    assert call.document_id == ["crm", "CCrmDocumentDeal", "DEAL_712"]
    assert call.document_type == ["crm", "CCrmDocumentDeal", "DEAL"]
    assert call.properties == {"amount": "1 200,50|RUB", "emails": ["a@example.com"], "note": ""}
    assert call.use_subscription is True
    assert call.user_id == 7
    assert call.sent_at == datetime.fromtimestamp(TS, UTC)
    assert call.deadline_at == call.sent_at + timedelta(hours=1)
    assert (call.state, call.run, call.answer) == ("accepted", 0, None)
    assert call.due_at == call.received_at


def test_hosts_and_tokens_of_the_call_are_kept_nowhere(doors: Doors) -> None:
    doors.post(robot_call())
    with doors.database.engine.connect() as connection:
        everything = [
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in connection.execute(table.select())
        ]
    assert len(everything) == 2  # the portal and the call
    for secret in ("elsewhere.example", "access-token", "refresh-token", TOKEN):
        assert not any(secret in row for row in everything)


def test_the_same_call_as_json_makes_the_same_row(doors: Doors) -> None:
    call = robot_call(ts=TS, timeout_duration=0, use_subscription=True)
    assert doors.post(json.dumps(call), "application/json").status_code == 200
    assert doors.post(robot_call()).text == "accepted before\n"
    assert len(doors.calls()) == 1


@pytest.mark.parametrize("properties", [None, "", {}])
def test_a_robot_without_properties_is_called_without_them(doors: Doors, properties: Any) -> None:
    assert doors.post(robot_call(properties=properties)).status_code == 200
    assert doors.calls()[0].properties == {}


def test_a_code_that_nobody_knows_is_taken_so_that_its_workflow_gets_an_answer(doors: Doors) -> None:
    assert doors.post(robot_call(code="robot_of_last_year")).status_code == 200
    assert doors.calls()[0].code == "robot_of_last_year"


@pytest.mark.parametrize(
    ("said", "awaited"), [("Y", True), ("N", False), ("n", False), ("0", False), ("", True), (None, True), ("1", True)]
)
def test_only_a_clear_no_means_that_nobody_waits_for_the_answer(doors: Doors, said: str | None, awaited: bool) -> None:
    doors.post(robot_call(use_subscription=said))
    assert doors.calls()[0].use_subscription is awaited


@pytest.mark.parametrize("duration", [None, "", "0"])
def test_without_a_duration_there_is_no_deadline(doors: Doors, duration: str | None) -> None:
    doors.post(robot_call(timeout_duration=duration))
    assert doors.calls()[0].deadline_at is None


@pytest.mark.parametrize("user", [None, "", "0"])
def test_a_call_may_name_no_user(doors: Doors, user: str | None) -> None:
    doors.post(robot_call(auth=proof(user_id=user)))
    assert doors.calls()[0].user_id == 0


def test_of_equal_keys_the_last_counts(doors: Doors) -> None:
    doors.post(php_form(robot_call(properties={"a": "first"})) + "&properties[a]=last&code=deduct_from_debt")
    assert (doors.calls()[0].code, doors.calls()[0].properties) == ("deduct_from_debt", {"a": "last"})


# --- twice -------------------------------------------------------------------------------------------------------


def test_the_same_call_again_is_answered_200_and_changes_nothing(either_doors: Doors) -> None:
    either_doors.post(robot_call())
    before = either_doors.calls()[0].received_at
    reordered = robot_call(properties={"note": "", "emails": ["a@example.com"], "amount": "1 200,50|RUB"}, ts=TS + 5)
    answer = either_doors.post(reordered)
    assert (answer.status_code, answer.text) == (200, "accepted before\n")
    (call,) = either_doors.calls()
    assert (call.received_at, call.sent_at) == (before, datetime.fromtimestamp(TS, UTC))
    assert either_doors.conflicts() == []


def test_the_same_token_with_other_properties_is_kept_once_as_a_conflict_and_not_run(either_doors: Doors) -> None:
    either_doors.post(robot_call())
    for _ in range(2):
        answer = either_doors.post(robot_call(properties={"amount": "9 999,00|RUB"}))
        assert answer.status_code == 200
        assert answer.text is not None
        assert answer.text.startswith("accepted before with other properties")
    (call,) = either_doors.calls()
    assert call.properties["amount"] == "1 200,50|RUB"
    (conflict,) = either_doors.conflicts()
    assert (conflict.call_id, conflict.properties) == (call.id, {"amount": "9 999,00|RUB"})


def test_two_portals_may_use_the_same_token(either_doors: Doors) -> None:
    with either_doors.database.write() as session:
        make_portal(
            session,
            client_id="local.test",
            member_id="another",
            application_token_hash=hash_of_application_token("token of another"),
        )
    either_doors.post(robot_call())
    other = robot_call(auth=proof(member_id="another", application_token="token of another"))
    assert either_doors.post(other).text == "accepted\n"
    assert len({call.portal_id for call in either_doors.calls()}) == 2


# --- refused -----------------------------------------------------------------------------------------------------

NOT_PROVEN = "unknown portal or wrong application_token"


@pytest.mark.parametrize(
    "auth",
    [
        proof(application_token="wrong"),
        proof(application_token=""),
        proof(application_token=None),
        proof(application_token=[TOKEN]),
        proof(application_token={"x": TOKEN}),
        proof(application_token=TOKEN + "x"),
        proof(application_token=TOKEN.upper()),
        proof(application_token="x" * 300),
        proof(application_token="Счёт"),
        proof(member_id="unknown"),
        proof(member_id=""),
        proof(member_id=None),
        proof(member_id=[MEMBER]),
        proof(member_id="' OR 1=1 --"),
        proof(member_id=MEMBER.upper()),
        None,
        "",
        TOKEN,
        [MEMBER, TOKEN],
    ],
    ids=range(19),
)
def test_a_call_without_its_portals_proof_is_refused_in_the_same_words(either_doors: Doors, auth: Any) -> None:
    answer = either_doors.post(robot_call(auth=auth))
    assert answer.status_code == 403
    assert answer.text is not None
    assert answer.text.splitlines()[0] == NOT_PROVEN
    assert either_doors.rows() == 0


@pytest.mark.parametrize(
    "extra",
    [
        f"auth[application_token]={TOKEN}&auth[application_token]=wrong",
        f"auth[application_token]=wrong&auth[application_token]={TOKEN}",
        f"auth[member_id]=other&auth[member_id]={MEMBER}",
    ],
)
def test_a_proof_given_twice_differently_proves_nothing(doors: Doors, extra: str) -> None:
    base = {"auth": {"member_id": MEMBER}} if "member_id" not in extra else {"auth": {"application_token": TOKEN}}
    answer = doors.post(f"{php_form(robot_call(**base))}&{extra}")
    assert answer.status_code == 403
    assert doors.rows() == 0


def test_another_portals_token_proves_nothing(doors: Doors) -> None:
    with doors.database.write() as session:
        make_portal(
            session,
            client_id="local.test",
            member_id="another",
            application_token_hash=hash_of_application_token("token of another"),
        )
        make_portal(
            session,
            client_id="another.application",
            member_id="third",
            application_token_hash=hash_of_application_token("token of third"),
        )
    assert doors.post(robot_call(auth=proof(application_token="token of another"))).status_code == 403
    third = proof(member_id="third", application_token="token of third")
    assert doors.post(robot_call(auth=third)).status_code == 403
    assert doors.rows() == 0


def test_an_uninstall_by_another_process_is_seen_at_once(either_doors: Doors) -> None:
    assert either_doors.post(robot_call()).status_code == 200
    either_doors.set_portal(state="uninstalled")
    answer = either_doors.post(robot_call(event_token="next"))
    assert answer.status_code == 403
    assert answer.text is not None
    assert "not installed" in answer.text
    either_doors.set_portal(state="uninstalled", application_token_hash="")
    assert either_doors.post(robot_call(event_token="next")).status_code == 403
    assert len(either_doors.calls()) == 1


@pytest.mark.parametrize("state", ["needs_reauthorisation", "suspended"])
def test_a_portal_in_trouble_still_has_its_calls_taken(doors: Doors, state: str) -> None:
    doors.set_portal(state=state)
    assert doors.post(robot_call()).status_code == 200
    assert len(doors.calls()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": None}, "code"),
        ({"code": ""}, "code"),
        ({"code": "x" * 101}, "code"),
        ({"code": "split invoice"}, "code"),
        ({"code": "split_invoice\n"}, "code"),
        ({"code": ["split_invoice"]}, "code"),
        ({"event_token": None}, "event_token"),
        ({"event_token": ""}, "event_token"),
        ({"event_token": "x" * 513}, "event_token"),
        ({"event_token": "a b"}, "event_token"),
        ({"event_token": "a\r\nb"}, "event_token"),
        ({"event_token": "Счёт"}, "event_token"),
        ({"event_token": ["x"]}, "event_token"),
        ({"workflow_id": None}, "workflow_id"),
        ({"workflow_id": "x" * 256}, "workflow_id"),
        ({"document_id": None}, "document_id"),
        ({"document_id": "DEAL_712"}, "document_id"),
        ({"document_id": ["crm", "DEAL_712"]}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", "DEAL_712", "x"]}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", ""]}, "document_id"),
        ({"document_id": ["crm", "CCrmDocumentDeal", ["DEAL_712"]]}, "document_id"),
        ({"document_type": None}, "document_type"),
        ({"document_type": ["crm"]}, "document_type"),
        ({"properties": "x"}, "properties"),
        ({"properties": {"a": "x" * (LONGEST_VALUE + 1)}}, "properties"),
        ({"properties": {"x" * 256: "a"}}, "properties"),
        ({"timeout_duration": "-1"}, "timeout_duration"),
        ({"timeout_duration": str(LONGEST_TIMEOUT + 1)}, "timeout_duration"),
        ({"timeout_duration": "soon"}, "timeout_duration"),
        ({"timeout_duration": "9" * 400}, "timeout_duration"),
        ({"ts": None}, "ts"),
        ({"ts": ""}, "ts"),
        ({"ts": "0"}, "ts"),
        ({"ts": "99999999999"}, "ts"),
        ({"ts": "1789550123.5"}, "ts"),
        ({"ts": "now"}, "ts"),
        ({"auth": proof(user_id="x")}, "auth"),
        ({"auth": proof(user_id="-1")}, "auth"),
        ({"auth": proof(user_id=str(2**31))}, "auth"),
    ],
    ids=range(39),
)
def test_a_mangled_call_is_refused_by_the_name_of_its_field(doors: Doors, change: dict[str, Any], field: str) -> None:
    answer = doors.post(robot_call(**change))
    assert answer.status_code == 400
    assert answer.text is not None
    assert answer.text.startswith(f"{field}:")
    assert doors.rows() == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (php_form(robot_call()).encode() + b"&x=" + b"y" * LONGEST_BODY, FORM, 413),
        (b"x" * (2 * LONGEST_BODY), FORM, 413),
        (php_form(robot_call()).encode() + b"&x=1" * MOST_FIELDS, FORM, 400),
        (php_form(robot_call()).encode() + b"&x" + b"[y]" * 20 + b"=1", FORM, 400),
        (php_form(robot_call()).encode() + b"&properties=1", FORM, 400),
        (php_form(robot_call()).encode() + b"&properties[amount][x]=1", FORM, 400),
        (php_form(robot_call()).encode() + b"&properties[x]=%FF", FORM, 400),
        (php_form(robot_call()).encode() + b"&properties[x]=a%00b", FORM, 400),
        (php_form(robot_call()).encode() + b"&properties[x=1", FORM, 400),
        (php_form(robot_call()).encode(), "text/plain", 400),
        (php_form(robot_call()).encode(), "", 400),
        (b"", FORM, 403),
        (b"\x00\x01\x02", FORM, 400),
        (b"[" * 100_000, "application/json", 400),
        (b"null", "application/json", 400),
        (json.dumps(robot_call(properties={"x": "a\x00b"})).encode(), "application/json", 400),
        (json.dumps(robot_call(properties={"x": "\ud800"})).encode(), "application/json", 400),
    ],
    ids=range(17),
)
def test_an_oversized_or_broken_body_is_refused_without_a_row(
    doors: Doors, body: bytes, content_type: str, status: int
) -> None:
    assert doors.post(body, content_type).status_code == status
    assert doors.rows() == 0


def test_multipart_is_refused(doors: Doors) -> None:
    answer = doors.client.post("/bitrix24/activities", data={"code": "x"}, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert doors.rows() == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_post_is_taken(doors: Doors, method: str) -> None:
    answer = doors.client.open("/bitrix24/activities", method=method, data=php_form(robot_call()), content_type=FORM)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert doors.rows() == 0


def test_fields_in_the_address_are_not_read(doors: Doors) -> None:
    query = php_form(robot_call())
    assert doors.client.post(f"/bitrix24/activities?{query}", data="", content_type=FORM).status_code == 403
    assert doors.rows() == 0

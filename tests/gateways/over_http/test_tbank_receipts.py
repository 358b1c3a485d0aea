"""T-Bank's receipts end to end: only its notices tell how one fared, and each settles the receipt it is of."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from billing.certificate import problems_of, read_certificate
from sandbox.acquirers.notices import Delivery
from sandbox.acquirers.tbank.cards import FIRST_REBILL_ID
from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from sandbox.acquirers.tbank.tokens import signed
from sandbox.acquirers.turns import Turn
from storage.model import ReceiptRow
from tests.gateways.over_http.world import AcquirerWorld, open_world, visit

CREDENTIALS = {"terminal_key": TERMINAL, "password": PASSWORD}
GOOD = {"pan": "2200770239097761", "expiry": "12/30", "cvc": "123"}
FISCAL_NUMBERS = "9999078900001341-{}-3221220045"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "tbank", CREDENTIALS, shop=TERMINAL, token=str(FIRST_REBILL_ID)) as world:
        receipts = {"tax_system": "osn", "vat": "standard", "kind": "advance"}
        world.terminals().configure(world.portal_id, "tbank", "main", json.dumps(CREDENTIALS | {"receipts": receipts}))
        yield world


def charged(world: AcquirerWorld) -> int:
    return world.charge(world.new_order(receipt_email="c@example.com")).charge_id


def rows(world: AcquirerWorld) -> list[ReceiptRow]:
    world.bank.notices.wait()
    with world.database.read() as session:
        return list(session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)))


def stand(world: AcquirerWorld) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in rows(world)]


def of_receipts(world: AcquirerWorld) -> list[Delivery]:
    world.bank.notices.wait()
    return [one for one in world.bank.notices.deliveries if json.loads(one.body)["Status"] == "RECEIPT"]


def tell(world: AcquirerWorld, **changes: Any) -> str:
    """The first notice of a receipt comes once more, changed as told; our answer."""
    body = {**json.loads(of_receipts(world)[0].body), **changes}
    return requests.post(world.webhook, json=signed(body, PASSWORD), timeout=10).text


def test_a_receipt_of_a_payment_is_made_once_its_notice_has_come(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    [row] = rows(world)
    assert (row.state, row.reason, row.look_up_at) == ("done", "", None)
    assert row.gateway_receipt_id == FISCAL_NUMBERS.format(101)
    certificate = read_certificate(world.database, charge_id)
    assert certificate is not None
    assert [one.receipt_status for one in certificate.attempts] == ["done"]
    assert problems_of(certificate) == []


def test_refund_and_closing_have_receipts_and_notices_of_their_own(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    world.charging.receipts.close(charge_id)
    assert stand(world) == [("payment", "done"), ("closing", "done")]
    world.charging.refunds.refund(charge_id, 500_000)
    assert stand(world) == [("payment", "done"), ("closing", "done"), ("refund", "done")]
    numbers = [FISCAL_NUMBERS.format(number) for number in (101, 102, 103)]
    assert [row.gateway_receipt_id for row in rows(world)] == numbers


def test_a_closing_receipt_that_is_told_before_the_payments_own_is_taken_for_what_it_is(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "pending"
    charge_id = charged(world)
    world.bank.settings["receipts"] = "done"
    world.charging.receipts.close(charge_id)
    assert stand(world) == [("payment", "pending"), ("closing", "done")]


def test_a_closing_receipt_that_a_person_did_not_find_is_done_once_its_notice_says_so(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    world.bank.settings["receipts"] = "pending"
    world.charging.receipts.close(charge_id)
    world.charging.receipts.told_by_person(charge_id, made=False)
    [_, closing] = world.bank.orders[0].facts["receipts"]
    assert tell(world, Receipt=[], FiscalDocumentNumber=900) == "LATER"
    assert tell(world, Receipt=closing["receipt"], FiscalDocumentNumber=900) == "OK"
    assert stand(world) == [("payment", "done"), ("closing", "done")]
    world.charging.receipts.close(charge_id)
    assert len(world.bank.orders[0].facts["receipts"]) == 2


def test_a_notice_that_does_not_say_what_its_lines_are_for_settles_neither_of_two(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "pending"
    charge_id = charged(world)
    world.charging.receipts.close(charge_id)
    [first, _] = world.bank.orders[0].facts["receipts"]
    body = {
        "TerminalKey": TERMINAL,
        "OrderId": world.bank.orders[0].number,
        "Success": True,
        "Status": "RECEIPT",
        "PaymentId": int(world.bank.orders[0].id),
        "ErrorCode": "0",
        "Amount": 2_500_000,
        "Type": "Income",
        "FnNumber": "1",
        "FiscalDocumentNumber": 2,
        "FiscalDocumentAttribute": 3,
    }
    answer = requests.post(world.webhook, json=signed(body, PASSWORD), timeout=10)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert stand(world) == [("payment", "pending"), ("closing", "pending")]
    requests.post(world.webhook, json=signed(body, PASSWORD) | {"Receipt": first["receipt"]}, timeout=10)
    assert stand(world) == [("payment", "done"), ("closing", "pending")]


def test_two_refunds_of_the_same_sum_are_told_apart_by_their_numbers_only(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    for _ in range(2):
        world.charging.refunds.refund(charge_id, 500_000)
        assert stand(world)[-1] == ("refund", "done")
    assert tell(world) == "OK"
    assert len({row.gateway_receipt_id for row in rows(world)}) == 3


def test_of_two_refunds_of_the_same_sum_that_nobody_told_of_neither_is_guessed(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "pending"
    charge_id = charged(world)
    for _ in range(2):
        world.charging.refunds.refund(charge_id, 500_000)
    world.bank.settings["receipts"] = "done"
    world.charging.refunds.refund(charge_id, 700_000)
    assert tell(world, Amount=500_000) == "OK"
    assert [state for _, state in stand(world)] == ["pending", "pending", "pending", "done"]


def test_a_till_that_failed_is_said_to_people_and_undoes_nothing(
    world: AcquirerWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.bank.settings["receipts"] = "failed"
    with caplog.at_level(logging.ERROR):
        charge_id = charged(world)
        [row] = rows(world)
    assert (row.state, row.look_up_at) == ("failed", None)
    assert row.reason == "the till did not make this receipt: see the acquirer's cabinet (311: Касса не ответила)"
    [said] = [one.getMessage() for one in caplog.records if one.name == "billing.receipts"]
    assert f"portal {world.portal_id}" in said
    assert f"charge {charge_id}" in said
    assert "make the receipt at the till" in said
    assert world.charges()[0].state == "succeeded"
    assert world.attempts()[0].receipt_status == "failed"
    assert world.sound()


def test_the_same_notice_twice_changes_nothing_and_none_moves_a_settled_receipt(
    world: AcquirerWorld, caplog: pytest.LogCaptureFixture
) -> None:
    charged(world)
    [before] = rows(world)
    world.clock.forward(hours=1)
    with caplog.at_level(logging.ERROR):
        assert tell(world) == "OK"
        assert tell(world, Success=False, ErrorCode="311") == "OK"
        assert tell(world, FiscalDocumentNumber=999) == "OK"
    [after] = rows(world)
    assert (after.state, after.settled_at, after.gateway_receipt_id) == (
        "done",
        before.settled_at,
        before.gateway_receipt_id,
    )
    assert caplog.records == []


def test_a_receipt_that_failed_stays_so_and_the_log_tells_of_what_is_said_later(
    world: AcquirerWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.bank.settings["receipts"] = "failed"
    charge_id = charged(world)
    assert stand(world) == [("payment", "failed")]
    made = {"Success": True, "ErrorCode": "0", "FnNumber": "1", "FiscalDocumentNumber": 2, "FiscalDocumentAttribute": 3}
    with caplog.at_level(logging.WARNING):
        assert tell(world, **made) == "OK"
    assert stand(world) == [("payment", "failed")]
    assert f"charge {charge_id} stays failed" in caplog.text


@pytest.mark.parametrize("changes", [{"Amount": 1}, {"PaymentId": 1}, {"OrderId": "another"}, {"Type": "IncomeReturn"}])
def test_a_notice_of_another_receipt_settles_none_of_ours(world: AcquirerWorld, changes: dict[str, Any]) -> None:
    world.bank.settings["receipts"] = "failed"
    charged(world)
    [failed] = of_receipts(world)
    world.bank.settings["receipts"] = "pending"
    world.charge(world.new_order(key="sum:D_8", document="D_8", receipt_email="c@example.com"))
    body = json.loads(failed.body) | {"OrderId": world.numbers()[1], "PaymentId": int(world.bank.orders[1].id)}
    assert requests.post(world.webhook, json=signed(body | changes, PASSWORD), timeout=10).text == "OK"
    assert stand(world)[1] == ("payment", "pending")


def test_a_forged_notice_settles_nothing(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "failed"
    charged(world)
    world.bank.settings["receipts"] = "pending"
    world.charge(world.new_order(key="sum:D_8", document="D_8", receipt_email="c@example.com"))
    body = json.loads(of_receipts(world)[0].body)
    forged = signed(body | {"OrderId": world.numbers()[1], "PaymentId": int(world.bank.orders[1].id)}, "not it")
    assert requests.post(world.webhook, json=forged, timeout=10).status_code == 403
    assert stand(world)[1] == ("payment", "pending")


def test_a_receipt_of_money_that_is_not_known_yet_is_told_again_and_the_door_itself_asks_nothing(
    world: AcquirerWorld,
) -> None:
    charge_id = world.link(receipt_email="c@example.com")
    page = world.start(charge_id).page_url
    visit(page, do="pay", **GOOD)
    assert {one.answer for one in of_receipts(world)} == {"LATER"}
    assert (world.attempts()[0].state, stand(world)) == ("pending", [("payment", "planned")])
    assert world.tick() == 1
    assert (world.charges()[0].state, stand(world)) == ("succeeded", [("payment", "pending")])
    assert tell(world) == "OK"
    assert stand(world) == [("payment", "done")]
    assert world.sound()


def test_a_receipt_of_a_refund_on_its_way_is_told_again_until_the_money_is_back(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    world.plan("refund", Turn(end="pending_paid"))
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    assert {one.answer for one in of_receipts(world)[1:]} == {"LATER"}
    told = json.loads(of_receipts(world)[-1].body)
    world.settle()
    assert stand(world) == [("payment", "done"), ("refund", "pending")]
    assert tell(world, **told) == "OK"
    assert stand(world) == [("payment", "done"), ("refund", "done")]
    assert world.sound()


def test_a_receipt_of_which_no_notice_ever_comes_stays_pending(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "pending"
    charged(world)
    for _ in range(12):
        world.tick(days=1)
        world.charging.receipts.follow_due()
    [row] = rows(world)
    assert (row.state, row.look_up_at) == ("pending", None)
    assert "cabinet" in row.reason

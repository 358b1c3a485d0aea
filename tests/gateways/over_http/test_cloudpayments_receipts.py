"""CloudPayments' receipts end to end: a notice tells that one was made, and each settles the receipt it is of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests
from sqlalchemy import select

from billing.certificate import problems_of, read_certificate
from gateways import Method
from gateways._cloudpayments_notices import signature
from sandbox.acquirers.cloudpayments.demo import GOOD_TOKEN, INN, SECRET, SITE
from sandbox.acquirers.turns import Turn
from storage.model import ReceiptRow
from tests.gateways.over_http.world import AcquirerWorld, open_world, visit

CREDENTIALS = {"public_id": SITE, "api_secret": SECRET, "inn": INN}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "cloudpayments", CREDENTIALS, shop=SITE, token=GOOD_TOKEN) as world:
        receipts = {"tax_system": "osn", "vat": "standard", "kind": "advance"}
        kept = json.dumps(CREDENTIALS | {"receipts": receipts})
        world.terminals().configure(world.portal_id, "cloudpayments", "main", kept)
        yield world


def charged(world: AcquirerWorld) -> int:
    return world.charge(world.new_order(receipt_email="c@example.com")).charge_id


def rows(world: AcquirerWorld) -> list[ReceiptRow]:
    world.bank.notices.wait()
    with world.database.read() as session:
        return list(session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)))


def stand(world: AcquirerWorld) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in rows(world)]


def told(world: AcquirerWorld) -> list[dict[str, str]]:
    world.bank.notices.wait()
    bodies = [dict(parse_qsl(one.body or "")) for one in world.bank.notices.deliveries]
    return [one for one in bodies if "FiscalSign" in one]


def tell(world: AcquirerWorld, **changes: str) -> str:
    """The first notice of a receipt comes once more, changed as told; our answer."""
    body = urlencode({**told(world)[0], **changes}).encode()
    return requests.post(world.webhook, body, headers={"Content-HMAC": signature(body, SECRET)}, timeout=10).text


@pytest.mark.parametrize("kind", ["form", "json", "get"])
def test_a_receipt_of_a_payment_is_made_once_its_notice_has_come(world: AcquirerWorld, kind: str) -> None:
    world.bank.settings["notice_format"] = kind
    charge_id = charged(world)
    [row] = rows(world)
    [there] = world.bank.orders[0].facts["receipts"]
    assert (row.state, row.reason, row.look_up_at, row.gateway_receipt_id) == ("done", "", None, there["id"])
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
    assert [row.gateway_receipt_id for row in rows(world)] == [one["Id"] for one in told(world)]


def test_a_closing_receipt_whose_answer_was_lost_is_done_by_its_notice(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    world.plan("receipt", Turn(answer="cut_after"))
    world.charging.receipts.close(charge_id)
    assert stand(world) == [("payment", "done"), ("closing", "done")]
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"


def test_a_closing_receipt_is_found_by_its_number_where_the_lines_are_not_told(world: AcquirerWorld) -> None:
    world.bank.settings["receipt_notices"] = False
    charge_id = charged(world)
    world.bank.settings |= {"receipt_notices": True, "receipts": "Queued"}
    world.charging.receipts.close(charge_id)
    [_, closing] = world.bank.orders[0].facts["receipts"]
    assert stand(world) == [("payment", "pending"), ("closing", "pending")]
    world.bank.settings["receipts"] = "Processed"
    charged_again = world.charge(world.new_order(key="sum:D_8", document="D_8", receipt_email="c@example.com"))
    assert charged_again.status == "succeeded"
    changes = {"InvoiceId": world.numbers()[0], "TransactionId": world.bank.orders[0].id, "Receipt": ""}
    assert tell(world, Id="another", **changes) == '{"code":0}'
    assert stand(world)[:2] == [("payment", "pending"), ("closing", "pending")]
    assert tell(world, Id=closing["id"], **changes) == '{"code":0}'
    assert stand(world)[:2] == [("payment", "pending"), ("closing", "done")]


def test_the_same_notice_twice_changes_nothing(world: AcquirerWorld) -> None:
    charged(world)
    [before] = rows(world)
    world.clock.forward(hours=1)
    assert tell(world) == '{"code":0}'
    assert tell(world, Id="") == '{"code":0}'
    [after] = rows(world)
    assert (after.settled_at, after.gateway_receipt_id) == (before.settled_at, before.gateway_receipt_id)


@pytest.mark.parametrize(
    "changes", [{"Amount": "1.00"}, {"TransactionId": "1"}, {"InvoiceId": "another"}, {"Type": "IncomeReturn"}], ids=str
)
def test_a_notice_of_another_receipt_settles_none_of_ours(world: AcquirerWorld, changes: dict[str, Any]) -> None:
    charged(world)
    world.bank.settings["receipts"] = "Error"
    world.charge(world.new_order(key="sum:D_8", document="D_8", receipt_email="c@example.com"))
    of_second = {"InvoiceId": world.numbers()[1], "TransactionId": world.bank.orders[1].id, "Id": "second"}
    assert tell(world, **{**of_second, **changes}) == '{"code":0}'
    assert stand(world)[1] == ("payment", "pending")


@pytest.mark.parametrize("method", ["card", "sbp"])
def test_a_receipt_of_money_that_is_not_known_yet_is_told_again(world: AcquirerWorld, method: Method) -> None:
    begun = world.start(world.link(receipt_email="c@example.com"), method)
    paid = {"do": "pay", "pan": "4000000000003055", "expiry": "12/30", "cvc": "123"}
    visit(begun.page_url, **paid) if method == "card" else visit(begun.qr_payload, do="pay")
    world.bank.notices.wait()
    assert {one.answer for one in world.bank.notices.deliveries if "FiscalSign" in (one.body or "")} == {"LATER"}
    assert (world.attempts()[0].state, stand(world)) == ("pending", [("payment", "planned")])
    assert world.tick() == 1
    assert stand(world) == [("payment", "pending")]
    assert tell(world) == '{"code":0}'
    assert stand(world) == [("payment", "done")]
    assert world.sound()


def test_a_receipt_of_a_refund_on_its_way_is_told_again_until_the_money_is_back(world: AcquirerWorld) -> None:
    charge_id = charged(world)
    world.plan("refund", Turn(end="pending_paid"))
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    way = {"Type": "IncomeReturn", "Amount": "5000.00", "TransactionId": "9", "Id": "back"}
    assert tell(world, **way) == "LATER"
    world.settle()
    assert stand(world) == [("payment", "done"), ("refund", "pending")]
    assert tell(world, **way) == '{"code":0}'
    assert stand(world) == [("payment", "done"), ("refund", "done")]
    assert world.sound()


def test_a_receipt_of_which_no_notice_ever_comes_stays_pending(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "Error"
    charged(world)
    for _ in range(12):
        world.tick(days=1)
        world.charging.receipts.follow_due()
    [row] = rows(world)
    assert (row.state, row.look_up_at) == ("pending", None)
    assert "cabinet" in row.reason

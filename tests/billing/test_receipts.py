"""Receipts: what they say, how they follow their money, and that they never undo it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import receipts
from billing.certificate import Certificate, read_certificate
from billing.fiscal import Fiscal, receipt_of, restored
from billing.terminals import TerminalRefused
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import (
    Capability,
    Outcome,
    Payment,
    ReceiptStatus,
    Refunded,
    Settlement,
    Subject,
    TaxSystem,
    Vat,
)
from storage.model import ReceiptRow
from storage.vault import Vault
from tests.billing.test_races import at_once
from tests.billing.till import Till, configure, till_world
from tests.billing.world import Killed, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with till_world(tmp_path) as world:
        yield world


def rows(world: World) -> list[ReceiptRow]:
    with world.database.read() as session:
        return list(session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)))


def certificate(world: World, charge_id: int) -> Certificate:
    found = read_certificate(world.database, charge_id)
    assert found is not None
    return found


def pay(world: World, kind: str = "") -> int:
    return world.charge(world.new_order(receipt_email="c@example.com", receipt_kind=kind)).charge_id


def follow(world: World, **later: float) -> None:
    world.clock.forward(**later)
    world.charging.receipts.follow_due()


def test_a_terminal_without_a_tax_system_makes_no_receipts(world: World) -> None:
    pay(world)
    assert rows(world) == []


@pytest.mark.parametrize(
    ("kind", "settlement", "subject", "vat"),
    [
        ("", Settlement.FULL_PAYMENT, Subject.SERVICE, Vat.VAT22),
        ("full_payment", Settlement.FULL_PAYMENT, Subject.SERVICE, Vat.VAT22),
        ("prepayment", Settlement.PREPAYMENT, Subject.PAYMENT, Vat.VAT122),
        ("full_prepayment", Settlement.FULL_PREPAYMENT, Subject.PAYMENT, Vat.VAT122),
        ("advance", Settlement.ADVANCE, Subject.PAYMENT, Vat.VAT122),
        ("credit_payment", Settlement.CREDIT_PAYMENT, Subject.PAYMENT, Vat.NONE),
        ("instalment", Settlement.PREPAYMENT, Subject.PAYMENT, Vat.VAT122),
    ],
)
def test_a_receipt_says_what_the_payment_is(
    world: World, kind: str, settlement: Settlement, subject: Subject, vat: Vat
) -> None:
    till = configure(world)
    pay(world, kind)
    (receipt,) = till.receipts
    assert receipt is not None
    (line,) = receipt.lines
    assert (line.settlement, line.subject, line.vat) == (settlement, subject, vat)
    assert (receipt.total, receipt.email, receipt.tax_system) == (
        Money(2_500_000, "RUB"),
        "c@example.com",
        TaxSystem.OSN,
    )


def test_the_rate_is_that_of_the_day_of_payment() -> None:
    fiscal = Fiscal(tax_system="osn", vat="standard")
    money = Money(100, "RUB")
    before = receipt_of(fiscal, amount=money, name="x", email="a@b.ru", kind="advance", day=date(2025, 12, 31))
    after = receipt_of(fiscal, amount=money, name="x", email="a@b.ru", kind="advance", day=date(2026, 1, 1))
    assert (before.lines[0].vat, after.lines[0].vat) == (Vat.VAT120, Vat.VAT122)


@pytest.mark.parametrize(
    ("name", "printed"),
    [("Курс\n «Питон»  ", "Курс «Питон»"), ("", "Оплата"), (" \t\n", "Оплата"), ("я" * 200, "я" * 128)],
)
def test_a_line_of_a_receipt_has_a_name_whatever_the_item_is_called(name: str, printed: str) -> None:
    fiscal = Fiscal(tax_system="osn")
    found = receipt_of(fiscal, amount=Money(1, "RUB"), name=name, email="a@b.ru", kind="", day=date(2026, 1, 1))
    assert found.lines[0].name == printed


def test_a_receipt_follows_its_payment_until_it_is_made(world: World) -> None:
    till = configure(world)
    charge_id = pay(world)
    assert [row.state for row in rows(world)] == ["done"]  # this bank told it with the payment
    assert world.attempts()[0].receipt_status == "done"
    till.standing = "failed"
    follow(world, days=1)
    assert [row.state for row in rows(world)] == ["done"]
    assert charge_id == world.charges()[0].id


def test_a_till_that_fails_does_not_undo_the_payment(world: World) -> None:
    till = configure(world)
    world.bank.script = ["pending"]
    pay(world)
    assert [row.state for row in rows(world)] == ["planned"]
    number = world.attempts()[0].order_number
    world.bank.becomes(number, "paid")
    till.standing = "failed"
    world.tick(minutes=1)
    follow(world, minutes=2)
    assert [row.state for row in rows(world)] == ["failed"]
    assert world.attempts()[0].receipt_status == "failed"
    assert world.charges()[0].state == "succeeded"
    assert world.sound()


def test_no_money_no_receipt(world: World) -> None:
    configure(world)
    world.bank.script = ["declined:lost"]
    charge_id = pay(world)
    follow(world, days=1)
    assert [row.state for row in rows(world)] == ["planned"]
    assert certificate(world, charge_id).receipts == []


def test_money_that_a_bank_owns_up_to_after_its_refusal_has_its_receipt(world: World) -> None:
    till = configure(world)
    till.standing = "pending"
    world.bank.script = ["declined:lost"]
    charge_id = pay(world)
    (attempt,) = world.attempts()
    paid = Payment(attempt.order_number, "7", Outcome.SUCCEEDED, Money(attempt.amount, attempt.currency))
    world.charging.settlement.settle(attempt.id, paid)
    assert [(row.state, row.attempt_id) for row in rows(world)] == [("pending", attempt.id)]
    (receipt,) = certificate(world, charge_id).receipts
    assert receipt.number == attempt.order_number


@pytest.mark.parametrize("email", ["nope", "a@b.ru, c@d.ru", "a@b", "a b@c.ru"])
def test_an_address_that_no_till_takes_is_refused_before_any_money_is_taken(world: World, email: str) -> None:
    configure(world)
    refused = world.refused(receipt_email=email)
    assert refused.code == "receipt_contact_wrong"
    assert email in refused.ru
    assert world.bank.taken == []


def test_without_a_contact_nothing_is_taken_and_the_terminals_own_stands_in_for_it(world: World) -> None:
    configure(world)
    with pytest.raises(Refusal, match="needs the client's e-mail"):
        world.charge()
    assert world.money() == []
    till = configure(world, email="shop@example.com")
    assert world.again().status == "succeeded"
    assert till.receipts[-1] is not None
    assert till.receipts[-1].email == "shop@example.com"


def test_an_instalment_is_what_the_terminal_says() -> None:
    fiscal = Fiscal(tax_system="osn", vat="standard", instalment="credit_payment")
    receipt = receipt_of(
        fiscal, amount=Money(1, "RUB"), name="x", email="a@b.ru", kind="instalment", day=date(2026, 1, 1)
    )
    assert [(line.settlement, line.vat) for line in receipt.lines] == [(Settlement.CREDIT_PAYMENT, Vat.NONE)]


def test_an_unknown_kind_is_refused_with_the_known_ones(world: World) -> None:
    configure(world)
    with pytest.raises(Refusal, match="full_prepayment") as caught:
        pay(world, "half_payment")
    assert caught.value.code == "receipt_kind_unknown"
    assert world.money() == []


def test_a_receipt_is_of_roubles_only(world: World) -> None:
    configure(world)
    with pytest.raises(Refusal, match="roubles") as caught:
        world.charge(world.new_order(amount=Money(10_000, "USD"), receipt_email="c@example.com"))
    assert caught.value.code == "receipt_currency"
    assert world.money() == []


def test_a_wrong_tax_system_is_refused_when_the_terminal_is_configured(world: World) -> None:
    with pytest.raises(TerminalRefused, match="receipts: tax_system"):
        configure(world, tax_system="simple")


def test_the_closing_receipt_sets_the_advance_off_once(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "advance")
    till.standing = "done"
    assert world.charging.receipts.close(charge_id) == "done"
    assert world.charging.receipts.close(charge_id) == "done"
    assert len(till.closings) == 1
    closing = till.receipts[-1]
    assert closing is not None
    assert closing.offset
    assert (closing.lines[0].settlement, closing.lines[0].vat, closing.lines[0].subject) == (
        Settlement.FULL_PAYMENT,
        Vat.VAT22,
        Subject.SERVICE,
    )


def test_what_was_given_back_is_not_set_off(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "advance")
    world.charging.refunds.refund(charge_id, 500_000)
    till.refund_script = ["lost_after"]
    world.charging.refunds.refund(charge_id, 300_000)
    with pytest.raises(Refusal, match="is not settled yet"):
        world.charging.receipts.close(charge_id)
    world.tick(minutes=1)
    world.charging.receipts.close(charge_id)
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(1_700_000, "RUB"))


def test_an_advance_that_was_given_back_whole_is_not_closed(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "advance")
    world.charging.refunds.refund(charge_id)
    with pytest.raises(Refusal, match="nothing to close"):
        world.charging.receipts.close(charge_id)
    assert till.closings == []


def test_a_terminal_that_cannot_be_used_is_said_to_whoever_closes(world: World) -> None:
    configure(world)
    charge_id = pay(world, "advance")
    world.vault = Vault([Fernet.generate_key().decode()])
    world.charging = world.new_process()
    with pytest.raises(Refusal, match="cannot be used now") as caught:
        world.charging.receipts.close(charge_id)
    assert caught.value.code == "closing_not_possible"
    assert [row.kind for row in rows(world)] == ["payment"]


def test_only_a_payment_in_advance_is_closed(world: World) -> None:
    configure(world)
    with pytest.raises(Refusal, match="nothing to close"):
        world.charging.receipts.close(pay(world))


def test_a_closing_receipt_that_was_not_sent_is_sent_again_and_one_whose_answer_was_lost_is_not(world: World) -> None:
    till = configure(world)
    till.closing_script = ["refused", "lost"]
    charge_id = pay(world, "prepayment")
    assert world.charging.receipts.close(charge_id) == "planned"
    follow(world, minutes=1)
    assert rows(world)[-1].state == "pending"
    follow(world, minutes=5)
    assert len(till.closings) == 1


def test_a_closing_receipt_that_was_not_let_in_is_sent_again(world: World) -> None:
    till = configure(world)
    till.closing_script = ["misconfigured"]
    charge_id = pay(world, "prepayment")
    assert world.charging.receipts.close(charge_id) == "planned"
    follow(world, minutes=1)
    assert len(till.closings) == 1


@pytest.mark.parametrize("word", ["refused", "misconfigured"])
def test_a_closing_receipt_that_was_never_sent_is_sent_when_a_person_asks_again(world: World, word: str) -> None:
    till = configure(world)
    till.closing_script = [word] * 100
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    for _ in range(20):
        follow(world, days=1)
    assert (rows(world)[-1].state, rows(world)[-1].look_up_at) == ("planned", None)
    till.closing_script = []
    world.charging.receipts.close(charge_id)
    world.charging.receipts.close(charge_id)
    assert len(till.closings) == 1


@pytest.mark.parametrize("step", ["receipt_committed", "receipt_answered", "receipt_settled"])
def test_a_closing_receipt_is_not_sent_twice_wherever_its_process_was_killed(world: World, step: str) -> None:
    till = configure(world)
    charge_id = pay(world, "prepayment")
    world.kill_at(step)
    with pytest.raises(Killed):
        world.charging.receipts.close(charge_id)
    world.charging = world.new_process()
    world.charging.receipts.close(charge_id)
    follow(world, minutes=1)
    assert len(till.closings) == (0 if step == "receipt_committed" else 1)
    assert rows(world)[-1].state == "pending"


def test_a_closing_receipt_with_a_name_is_followed_until_it_is_made(world: World) -> None:
    till = configure(world)
    assert world.charging.receipts.close(pay(world, "prepayment")) == "pending"
    assert rows(world)[-1].reason == ""
    till.standing = "done"
    follow(world, minutes=5)
    assert rows(world)[-1].state == "done"


@pytest.mark.parametrize("word", ["lost", "unnamed"])
def test_a_closing_receipt_without_a_name_is_not_taken_for_the_payments_own(world: World, word: str) -> None:
    till = configure(world)
    till.closing_script = [word]
    world.charging.receipts.close(pay(world, "prepayment"))
    till.standing = "done"
    follow(world, days=1)
    closing = rows(world)[-1]
    assert (closing.kind, closing.state, closing.reason != "") == ("closing", "pending", True)


def test_a_closing_receipt_whose_answer_was_lost_is_sent_again_where_the_acquirer_looks_for_it_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = configure(world)
    monkeypatch.setattr(Till, "finds_receipts", True)
    till.closing_script, till.standing = ["lost"], "done"
    charge_id = pay(world, "prepayment")
    assert world.charging.receipts.close(charge_id) == "planned"
    follow(world, minutes=1)
    assert world.charging.receipts.close(charge_id) == "done"
    assert len(set(till.closings)) == 1


def test_a_refund_carries_the_receipt_of_what_is_given_back(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "advance")
    world.charging.refunds.refund(charge_id, 500_000)
    receipt = till.receipts[-1]
    assert receipt is not None
    assert receipt.total == Money(500_000, "RUB")
    assert receipt.lines[0].vat is Vat.VAT122
    assert [row.kind for row in rows(world)] == ["payment", "refund"]


@pytest.fixture
def tells_of_refunds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The acquirer says how a refund's receipt stands."""
    monkeypatch.setattr(Till, "capabilities", Till.capabilities | {Capability.FETCH_REFUND_RECEIPT})


@pytest.mark.usefixtures("tells_of_refunds")
@pytest.mark.parametrize("standing", ["done", "failed"])
def test_a_refunds_receipt_is_followed_where_the_acquirer_tells(
    world: World, standing: ReceiptStatus, caplog: pytest.LogCaptureFixture
) -> None:
    till = configure(world)
    charge_id = pay(world)
    world.charging.refunds.refund(charge_id, 500_000)
    follow(world, minutes=1)
    assert [(row.kind, row.state, row.reason) for row in rows(world)[1:]] == [("refund", "pending", "")]
    till.standing = standing
    follow(world, minutes=5)
    assert till.asked_about == [f"{world.attempts()[0].order_number}-R1"] * 2
    assert [(row.state, row.look_up_at) for row in rows(world)[1:]] == [(standing, None)]
    assert ("make the receipt at the till" in caplog.text) == (standing == "failed")
    assert world.attempts()[0].receipt_status == "done"
    assert world.sound()


def test_a_refunds_receipt_that_nobody_tells_of_is_not_asked_about(world: World) -> None:
    till = configure(world)
    world.charging.refunds.refund(pay(world))
    follow(world, days=1)
    assert [(row.state, row.look_up_at, row.reason != "") for row in rows(world)[1:]] == [("pending", None, True)]
    world.charging.receipts.ask_now(1)
    assert till.asked_about == []


@pytest.mark.usefixtures("tells_of_refunds")
def test_receipts_that_are_asked_about_no_more_are_when_a_person_asks(world: World) -> None:
    till = configure(world)
    world.bank.script = ["pending"]
    charge_id = pay(world, "prepayment")
    world.bank.becomes(world.attempts()[0].order_number, "paid")
    world.tick(minutes=1)
    world.charging.receipts.close(charge_id)
    world.charging.refunds.refund(charge_id, 500_000)
    for _ in range(12):
        follow(world, days=1)
    assert [(row.state, row.look_up_at) for row in rows(world)] == [("pending", None)] * 3
    till.standing = "done"
    world.charging.receipts.ask_now(charge_id)
    assert [row.state for row in rows(world)] == ["done"] * 3


def test_a_closing_receipt_without_a_name_is_not_asked_about(world: World) -> None:
    till = configure(world)
    till.closing_script = ["unnamed"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    till.standing = "done"
    world.charging.receipts.ask_now(charge_id)
    assert rows(world)[-1].state == "pending"


@pytest.mark.parametrize("word", ["sent", "unnamed"])
def test_a_refund_after_the_closing_receipt_gives_back_the_thing_and_not_the_advance(world: World, word: str) -> None:
    till = configure(world)
    till.closing_script = [word]
    charge_id = pay(world, "advance")
    world.charging.receipts.close(charge_id)
    world.charging.refunds.refund(charge_id, 500_000)
    receipt = till.receipts[-1]
    assert receipt is not None
    assert (receipt.total, receipt.offset) == (Money(500_000, "RUB"), False)
    assert (receipt.lines[0].settlement, receipt.lines[0].vat, receipt.lines[0].subject) == (
        Settlement.FULL_PAYMENT,
        Vat.VAT22,
        Subject.SERVICE,
    )
    assert restored(rows(world)[-1].content) == receipt


def test_a_refund_before_the_closing_receipt_could_be_sent_gives_back_the_advance(world: World) -> None:
    till = configure(world)
    till.closing_script = ["refused"]
    charge_id = pay(world, "advance")
    world.charging.receipts.close(charge_id)
    world.charging.refunds.refund(charge_id, 500_000)
    receipt = till.receipts[-1]
    assert receipt is not None
    assert receipt.lines[0].settlement is Settlement.ADVANCE


def test_a_closing_receipt_that_waited_sets_off_what_is_kept_by_then(world: World) -> None:
    till = configure(world)
    till.closing_script = ["refused"]
    charge_id = pay(world, "prepayment")
    assert world.charging.receipts.close(charge_id) == "planned"
    world.charging.refunds.refund(charge_id, 500_000)
    follow(world, minutes=1)
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(2_000_000, "RUB"))
    assert restored(next(row for row in rows(world) if row.kind == "closing").content) == closing


def test_a_closing_receipt_that_waited_is_given_up_once_all_was_given_back(world: World) -> None:
    till = configure(world)
    till.closing_script = ["refused"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    world.charging.refunds.refund(charge_id)
    world.clock.forward(minutes=1)
    with pytest.raises(Refusal, match="nothing to close"):
        world.charging.receipts.close(charge_id)
    assert till.closings == []
    assert [row.kind for row in rows(world)] == ["payment", "refund"]


def test_a_closing_receipt_that_waited_waits_for_the_word_on_a_refund(world: World) -> None:
    till = configure(world)
    till.closing_script = ["refused"]
    till.refund_script = ["lost_after"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    world.charging.refunds.refund(charge_id, 500_000)
    follow(world, minutes=1)
    waits = next(row for row in rows(world) if row.kind == "closing")
    assert (till.closings, waits.state) == ([], "planned")
    assert "not settled yet" in waits.reason
    world.tick(minutes=1)
    follow(world, minutes=5)
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(2_000_000, "RUB"))
    refund = next(row for row in rows(world) if row.kind == "refund")
    assert restored(refund.content).lines[0].settlement is Settlement.PREPAYMENT


def test_a_closing_receipt_waits_as_long_as_its_refund(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "prepayment")
    till.closing_script = ["refused"]
    world.charging.receipts.close(charge_id)
    till.refund_script = ["accepted"]
    world.charging.refunds.refund(charge_id, 500_000)
    for _ in range(6 * 24):
        world.tick(hours=1)
        world.charging.receipts.follow_due()
    assert till.closings == []
    number = f"{world.attempts()[0].order_number}-R1"
    till.refunds[number] = Refunded(number, Outcome.SUCCEEDED, Money(500_000, "RUB"))
    for _ in range(2 * 24):
        world.tick(hours=1)
        world.charging.receipts.follow_due()
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(2_000_000, "RUB"))


def refuse_refund(world: World, charge_id: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        world.charging.refunds.refund(charge_id, 500_000)
    assert caught.value.code == "receipt_open"
    return caught.value


def refunded(world: World, charge_id: int) -> Settlement:
    """What a refund takes back now, by its receipt."""
    world.charging.refunds.refund(charge_id, 500_000)
    assert isinstance(world.bank, Till)
    receipt = world.bank.receipts[-1]
    assert receipt is not None
    assert (receipt.offset, receipt.total) == (False, Money(500_000, "RUB"))
    assert restored(next(row for row in rows(world) if row.kind == "refund").content) == receipt
    return receipt.lines[0].settlement


def test_nothing_is_given_back_while_a_closing_receipt_that_will_be_looked_for_may_be_at_the_till(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = configure(world)
    monkeypatch.setattr(Till, "finds_receipts", True)
    till.closing_script = ["lost", "lost"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    assert "try again in a few minutes" in refuse_refund(world, charge_id).en
    follow(world, minutes=1)
    assert "try again in a few minutes" in refuse_refund(world, charge_id).en
    world.clock.forward(minutes=2)
    assert "try again after 2026-01-31 12:06" in refuse_refund(world, charge_id).en
    with pytest.raises(Refusal, match="2026-01-31 12:06"):
        world.charging.refunds.left(charge_id)
    assert world.money() == [2_500_000]
    follow(world, minutes=3)
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(2_500_000, "RUB"))
    assert refunded(world, charge_id) is Settlement.FULL_PAYMENT


def test_nothing_is_given_back_while_a_closing_receipt_is_being_sent(world: World) -> None:
    till = configure(world)
    charge_id = pay(world, "prepayment")
    world.at_step["receipt_committed"] = lambda: world.steps.append(refuse_refund(world, charge_id).code)
    world.charging.receipts.close(charge_id)
    assert "receipt_open" in world.steps
    assert len(till.closings) == 1
    assert refunded(world, charge_id) is Settlement.FULL_PAYMENT


@pytest.mark.parametrize("step", ["refund_committed", "refund_sent", "refund_answered"])
def test_no_closing_receipt_is_sent_while_a_refund_is_on_its_way(world: World, step: str) -> None:
    till = configure(world)
    till.closing_script = ["refused"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)

    def another_process() -> None:
        follow(world, minutes=1)
        world.new_process().receipts.close(charge_id)

    world.at_step[step] = another_process
    assert refunded(world, charge_id) is Settlement.PREPAYMENT
    assert till.closings == []
    follow(world, hours=1)
    closing = till.receipts[-1]
    assert closing is not None
    assert (closing.offset, closing.total) == (True, Money(2_000_000, "RUB"))


@pytest.mark.parametrize(("made", "settlement"), [(True, Settlement.FULL_PAYMENT), (False, Settlement.PREPAYMENT)])
def test_a_person_says_whether_a_closing_receipt_that_nobody_tells_of_was_made(
    world: World, made: bool, settlement: Settlement
) -> None:
    till = configure(world)
    till.closing_script = ["lost"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    follow(world, days=30)
    assert f"`charges close {charge_id} --made` or `--not-made`" in refuse_refund(world, charge_id).en
    assert world.charging.receipts.told_by_person(charge_id, made=made) == ("done" if made else "planned")
    assert "person" in rows(world)[-1].reason
    assert refunded(world, charge_id) is settlement


def test_a_closing_receipt_that_a_person_did_not_find_is_sent_again_once_they_ask_for_it(world: World) -> None:
    till = configure(world)
    till.closing_script = ["lost"]
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    world.clock.forward(minutes=2)
    world.charging.receipts.told_by_person(charge_id, made=False)
    world.charging.refunds.refund(charge_id, 500_000)
    follow(world, days=30)
    assert len(till.closings) == 1
    till.standing = "done"
    assert world.charging.receipts.close(charge_id) == "done"
    closing = till.receipts[-1]
    assert closing is not None
    assert (len(till.closings), closing.offset, closing.total) == (2, True, Money(2_000_000, "RUB"))


def test_a_closing_receipt_that_failed_and_was_made_by_hand_is_taken_back_as_the_thing(world: World) -> None:
    till = configure(world)
    till.standing = "failed"
    charge_id = pay(world, "prepayment")
    assert world.charging.receipts.close(charge_id) == "failed"
    assert world.charging.receipts.told_by_person(charge_id, made=True) == "done"
    assert refunded(world, charge_id) is Settlement.FULL_PAYMENT


def test_a_persons_word_on_a_closing_receipt_waits_while_its_request_or_a_refund_is_at_work(world: World) -> None:
    till = configure(world)
    till.closing_script = ["lost"]
    charge_id = pay(world, "prepayment")
    with pytest.raises(Refusal, match="`charges close 1` sends it"):
        world.charging.receipts.told_by_person(charge_id, made=True)
    world.charging.receipts.close(charge_id)
    with pytest.raises(Refusal, match="may still be at work") as early:
        world.charging.receipts.told_by_person(charge_id, made=False)
    assert early.value.code == "receipt_open"
    world.clock.forward(minutes=2)
    world.charging.receipts.told_by_person(charge_id, made=False)
    till.refund_script = ["lost_after"]
    world.charging.refunds.refund(charge_id, 500_000)
    with pytest.raises(Refusal, match="is not settled yet"):
        world.charging.receipts.told_by_person(charge_id, made=True)


def test_nobody_denies_a_receipt_that_the_till_has_made_but_a_person_their_own_word(world: World) -> None:
    till = configure(world)
    till.standing = "done"
    charge_id = pay(world, "prepayment")
    world.charging.receipts.close(charge_id)
    with pytest.raises(Refusal, match="the acquirer's word") as caught:
        world.charging.receipts.told_by_person(charge_id, made=False)
    assert caught.value.code == "receipt_made"
    assert world.charging.receipts.told_by_person(charge_id, made=True) == "done"
    assert rows(world)[-1].reason == ""
    till.closing_script = ["lost"]
    other = world.charge(
        world.new_order(key="due:D_6", document="D_6", receipt_email="c@example.com", receipt_kind="advance")
    ).charge_id
    world.charging.receipts.close(other)
    world.clock.forward(minutes=2)
    world.charging.receipts.told_by_person(other, made=True)
    assert world.charging.receipts.told_by_person(other, made=False) == "planned"


def test_a_refund_that_begins_while_a_closing_receipt_is_marked_as_sent_comes_after_it(
    either_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = either_world
    world.bank = Till(world.clock)
    world.charging = world.new_process()
    till = configure(world)
    till.standing = "done"
    charge_id = pay(world, "prepayment")
    refund = Thread(target=partial(at_once, partial(world.new_process().refunds.refund, charge_id, 500_000)))

    def begin_refund(session: Session, row: ReceiptRow, now: datetime) -> bool:
        """What is kept was looked at, and nothing is committed yet."""
        is_due = sets_off(session, row, now)
        refund.start()
        refund.join(timeout=1)
        return is_due

    sets_off = receipts._sets_off
    monkeypatch.setattr(receipts, "_sets_off", begin_refund)
    world.charging.receipts.close(charge_id)
    refund.join(timeout=30)
    with suppress(Refusal):
        world.charging.refunds.refund(charge_id, 500_000)
    closing, *given_back = [(one.offset, one.lines[0].settlement) for one in till.receipts[1:] if one]
    assert closing == (True, Settlement.FULL_PAYMENT)
    assert set(given_back) == {(False, Settlement.FULL_PAYMENT)}

"""Transfers of statements matched with charges: only by what they name, once, and never beside a card's payment."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from billing.certificate import problems_of, read_certificate
from billing.key import order_stem
from billing.ledger import check_ledger
from billing.statement_file import StatementUnreadable
from billing.statements import ImportReport, Statements
from billing.transfer_rules import payers_clients
from calculations.money import Money
from calculations.refusal import Refusal
from storage.model import BankTransfer, LedgerEntry, TransferBooking
from tests.billing.statement_text import OTHER_INN, OUR_INN, OURS, THEIR_INN, came_in, statement, went_out
from tests.billing.test_races import at_once
from tests.billing.world import Killed, World

ROOT = Path(__file__).parent.parent.parent
STEM = order_stem("member-1", "due:D_5")
WRONG_INN = "5027119067"


def statements(world: World) -> Statements:
    return Statements(world.database, world.clock, world.pass_step)


def take(world: World, *documents: str, portal_id: int = 1) -> ImportReport:
    return statements(world).take(portal_id, statement(*documents))


def asked_for(world: World, **changes: object) -> int:
    """A charge that waits for its client; nothing was tried yet."""
    return world.charging.in_person.ask(world.new_order(call_id=None, **changes))


def transfers(world: World) -> list[BankTransfer]:
    with world.database.read() as session:
        return list(session.scalars(select(BankTransfer).order_by(BankTransfer.id)))


def bookings(world: World) -> list[tuple[str, str, int | None]]:
    with world.database.read() as session:
        rows = session.scalars(select(TransferBooking).order_by(TransferBooking.id))
        return [(row.kind, row.rule, row.charge_id) for row in rows if row.undone_at is None]


def balances(world: World) -> dict[str, int]:
    report = check_ledger(world.database)
    assert report.problems == []
    return {name.removeprefix("portal 1: "): amount for name, amount in report.balances.items()}


def reason(world: World) -> str:
    [transfer] = transfers(world)
    assert (transfer.state, bookings(world)) == ("unmatched", [])
    assert check_ledger(world.database).entries == 0
    return transfer.reason


@pytest.mark.parametrize("purpose", [f"Оплата {STEM}", f"оплата {STEM.lower()}-1, без НДС", "По ключу due:D_5."])
def test_a_transfer_that_names_a_charge_pays_it(world: World, purpose: str) -> None:
    asked_for(world)
    assert take(world, came_in(purpose=purpose)) == ImportReport(added=1, known=0, matched=1, unmatched=0, warnings=[])
    assert world.charges()[0].state == "succeeded"
    assert world.told() == [1]
    assert balances(world) == {f"bank:{OURS}, RUB": 2_500_000, "customer:C_5, RUB": -2_500_000}


def test_a_charge_that_was_declined_before_is_paid_and_not_tried_again(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    take(world, came_in(purpose=STEM))
    world.settle()
    assert world.money() == []
    assert world.charge().status == "succeeded"
    told = world.again()
    assert (told.status, told.amount, told.card_mask) == ("skipped", Money(2_500_000, "RUB"), "")
    assert told.charged_at is not None
    assert told.charged_at.isoformat() == "2026-01-31T00:00:00+03:00"


def test_a_robot_that_asks_for_what_a_transfer_paid_charges_nothing(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM))
    assert world.again().status == "skipped"
    assert world.bank.asked == []
    assert world.charging.in_person.standing(1).state == "paid"
    assert world.charging.in_person.start(1, "card", "https://back.example", None).state == "paid"
    assert world.bank.pages == {}


def test_the_same_statement_twice_adds_nothing(world: World) -> None:
    asked_for(world)
    content = (came_in(purpose=STEM), went_out())
    assert take(world, *content).added == 2
    before = check_ledger(world.database)
    assert take(world, *content) == ImportReport(added=0, known=2, matched=0, unmatched=0, warnings=[])
    assert take(world, content[0], came_in("5.00", number="9")).added == 1
    assert check_ledger(world.database).entries == before.entries


def test_a_known_document_with_another_purpose_is_left_as_it_is_and_told(world: World) -> None:
    take(world, came_in(purpose="Оплата"))
    [warning] = take(world, came_in(purpose=STEM)).warnings
    assert "document 118 of 2026-01-31, 25000.00 RUB, is known with another purpose" in warning
    assert [one.purpose for one in transfers(world)] == ["Оплата"]


def stored_without_inn(world: World) -> None:
    """As a release stored it that kept no INN with a wrong check digit."""
    with world.database.write() as session:
        for row in session.scalars(select(BankTransfer)):
            row.counterparty_inn = row.reason = ""


def test_a_wrong_inn_that_was_not_kept_before_is_taken_in_and_is_no_other_line(world: World) -> None:
    documents = (came_in(inn=WRONG_INN), went_out(inn=WRONG_INN))
    take(world, *documents)
    stored_without_inn(world)
    assert take(world, *documents) == ImportReport(added=0, known=2, matched=0, unmatched=2, warnings=[])
    assert [row.counterparty_inn for row in transfers(world)] == [WRONG_INN, WRONG_INN]
    assert f"INN {WRONG_INN} has a wrong check digit" in transfers(world)[1].reason
    assert take(world, *documents).warnings == []


@pytest.mark.parametrize(
    ("inn", "purpose", "kept"),
    [(THEIR_INN, "Оплата", ""), (WRONG_INN, "Возврат", ""), ("5027119068", "Оплата", WRONG_INN)],
)
def test_another_inn_or_purpose_is_told_also_where_a_wrong_inn_was_not_kept(
    world: World, inn: str, purpose: str, kept: str
) -> None:
    take(world, came_in(purpose="Оплата", inn=WRONG_INN))
    if not kept:
        stored_without_inn(world)
    assert len(take(world, came_in(purpose=purpose, inn=inn)).warnings) == 1
    assert [(row.purpose, row.counterparty_inn) for row in transfers(world)] == [("Оплата", kept)]


@pytest.mark.parametrize(
    "other", [{"number": "119"}, {"day": "30.01.2026"}, {"amount": "25000.01"}, {"account": "40702810400000000100"}]
)
def test_what_differs_in_number_date_sum_or_payer_is_another_transfer(world: World, other: dict[str, str]) -> None:
    assert take(world, came_in(), came_in(**other)).added == 2


def test_a_second_payment_of_a_paid_charge_is_its_clients_credit(world: World) -> None:
    world.charge()
    take(world, came_in(purpose=STEM))
    assert bookings(world) == [("credit", "order_number", 1)]
    assert world.told() == [1]
    assert balances(world) == {
        "acquirer:bank/main, RUB": 2_500_000,
        "customer:C_5, RUB": -2_500_000,
        f"bank:{OURS}, RUB": 2_500_000,
        "credit:C_5, RUB": -2_500_000,
    }


def test_two_transfers_for_one_charge_pay_it_once(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM), came_in(purpose=STEM, number="119"))
    assert [kind for kind, _, _ in bookings(world)] == ["charge", "credit"]
    assert check_ledger(world.database).sound


def test_a_banks_payout_of_a_paid_charge_is_no_second_payment(world: World) -> None:
    world.charge()
    take(world, came_in(purpose=f"Возмещение по заказу {STEM}-1", inn="7707083893"))
    assert "a bank's payout of it, or a second payment?" in transfers(world)[0].reason
    assert bookings(world) == []


@pytest.mark.parametrize("amount", ["24999.99", "10000.00", "25000.01"])
def test_another_sum_pays_nothing(world: World, amount: str) -> None:
    asked_for(world)
    take(world, came_in(amount, STEM))
    assert reason(world) == f"it names charge 1 of 25000.00 RUB, and is of {amount} RUB"
    assert world.charges()[0].state == "open"


def test_another_currency_pays_nothing(world: World) -> None:
    asked_for(world, amount=Money(2_500_000, "USD"))
    take(world, came_in(purpose=STEM))
    assert reason(world) == "it names charge 1 of 25000.00 USD, and is of 25000.00 RUB"


def test_a_purpose_that_names_two_charges_pays_none(world: World) -> None:
    asked_for(world)
    asked_for(world, key="due:D_6")
    take(world, came_in(purpose=f"{STEM} и due:D_6 {order_stem('member-1', 'due:D_6')}"))
    assert reason(world) == "it names charges 1, 2: say which one it pays"


def test_equal_sums_alone_are_no_match_and_are_shown_as_candidates(world: World) -> None:
    asked_for(world)
    take(world, came_in())
    assert reason(world) == "its purpose names no order number, no key of a charge and no invoice of ours"


@pytest.mark.parametrize("word", ["pending", "lost_after", "action"])
def test_while_a_try_is_on_its_way_a_transfer_waits_for_its_end(world: World, word: str) -> None:
    world.bank.script = [word]
    world.charge()
    take(world, came_in(purpose=STEM))
    assert "is being charged" in reason(world)
    with pytest.raises(Refusal) as refused:
        statements(world).match(1, 1)
    assert refused.value.code == "charge_open"
    if word != "lost_after":
        world.bank.becomes(world.attempts()[0].order_number, "paid")
    world.settle()
    take(world)
    assert bookings(world) == [("credit", "order_number", 1)]
    assert check_ledger(world.database).sound


def test_a_transfer_that_came_before_its_charge_is_matched_by_the_next_import(world: World) -> None:
    take(world, came_in(purpose=STEM))
    asked_for(world)
    assert take(world).matched == 1
    assert world.charges()[0].state == "succeeded"


def test_another_portals_charge_is_not_found(world: World) -> None:
    other = world.add_portal("member-2")
    world.charging.in_person.ask(world.new_order(portal_id=other, call_id=None))
    stem = order_stem("member-2", "due:D_5")
    take(world, came_in(purpose=f"{stem}-1 due:D_5"))
    assert "names no order number" in reason(world)
    with pytest.raises(Refusal) as refused:
        statements(world).match(1, 1)
    assert refused.value.code == "no_such_charge"
    take(world, came_in(purpose=f"{stem}-1 due:D_5"), portal_id=other)
    assert world.charges()[0].state == "succeeded"
    assert check_ledger(world.database).sound


def test_an_invoice_is_paid_by_a_payer_who_is_known(world: World) -> None:
    first = asked_for(world, description="Счёт №16")
    asked_for(world, key="due:D_6", description="Счёт №17", document="D_6")
    asked_for(world, key="due:D_7", description="Счёт №18", document="D_7")
    take(world, came_in(purpose="Оплата по счету № 16", number="1"))
    assert "is no client's we know yet" in reason(world)
    assert statements(world).match(1, first) == "charge"
    take(
        world, came_in(purpose="Оплата по счету № 17 от 31.01.2026", number="2"), came_in(purpose="за D_7", number="3")
    )
    assert bookings(world)[1:] == [("charge", "invoice_and_payer", 2), ("charge", "invoice_and_payer", 3)]


def known_payer(world: World) -> None:
    """Client C_5 has paid with THEIR_INN before."""
    asked_for(world, key="due:D_1", amount=Money(100, "RUB"))
    take(world, came_in("1.00", "due:D_1", number="1"))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"amount": "7.00"}, "it names charge 2 of 25000.00 RUB, and is of 7.00 RUB"),
        ({"purpose": "по счету № 99"}, "it names 99, and client C_5 has no charge for that"),
        ({"inn": OTHER_INN}, f"it names 17, and INN {OTHER_INN} is no client's we know yet: match it by hand"),
        ({"inn": "0"}, "it names 17, and INN none is no client's we know yet: match it by hand"),
        ({"inn": WRONG_INN}, f"it names 17, and INN {WRONG_INN} has a wrong check digit: match it by hand"),
        ({"purpose": "Оплата услуг"}, "its purpose names no order number, no key of a charge and no invoice of ours"),
    ],
)
def test_an_invoice_is_matched_by_number_sum_and_payer_together_only(
    world: World, changed: dict[str, str], why: str
) -> None:
    known_payer(world)
    asked_for(world, description="Счёт №17")
    take(world, came_in(**{"purpose": "по счету № 17", "number": "2", **changed}))
    assert (transfers(world)[1].state, transfers(world)[1].reason) == ("unmatched", why)


def test_an_inn_that_paid_for_two_clients_tells_of_neither(world: World) -> None:
    known_payer(world)
    asked_for(world, key="due:D_2", amount=Money(200, "RUB"), customer="C_6")
    take(world, came_in("2.00", "due:D_2", number="2"))
    asked_for(world, description="Счёт №17")
    take(world, came_in(purpose="по счету № 17", number="3"))
    assert "stands for several clients (C_5, C_6)" in transfers(world)[2].reason


def test_equal_instalments_of_one_invoice_are_left_to_a_person(world: World) -> None:
    known_payer(world)
    asked_for(world, description="Счёт №17, платёж 1")
    asked_for(world, key="due:D_6", description="Счёт №17, платёж 2")
    take(world, came_in(purpose="по счету № 17", number="2"))
    assert transfers(world)[1].reason == "it names charges 2, 3: say which one it pays"


def test_a_key_with_spaces_is_read_to_its_end_and_never_taken_for_a_shorter_one(world: World) -> None:
    asked_for(world, key="given:Аренда")
    asked_for(world, key="given:Аренда май", customer="C_6")
    asked_for(world, key="given:Аренда, зал 2", customer="C_7")
    take(
        world,
        came_in(purpose="Оплата given:Аренда  май, без НДС", number="1"),
        came_in(purpose="given:Аренда, зал 2", number="2"),
        came_in(purpose="Оплата (given:Аренда)", number="3"),
        came_in(purpose="given:Арендатор", number="4"),
    )
    assert [booked[2] for booked in bookings(world)] == [2, 3, 1]
    assert transfers(world)[3].state == "unmatched"


@pytest.mark.parametrize(
    ("purpose", "paid"),
    [
        ("по счету № 17 от 31.01.2026", True),
        ("по счету 31.01.2026 № 17", True),
        ("по счёту от 31.01.26 г. N 17", True),
        ("по счету № 17", True),
        ("по счету № 17 от 12.04.2026", False),
        ("по счету 17.01.2026 № 20", False),
        ("по счету 17.01.2026", False),
        ("по счету № 17 и по счету № 18 (частично)", False),
        ("по счету № 17 и по счету № 19 (частично)", False),
        ("по счету № 17, сделка D_5", True),
        ("по счету № 17, сделка D_6", False),
    ],
)
def test_an_invoice_is_its_number_and_its_date_and_one_of_several_is_not_guessed(
    world: World, purpose: str, paid: bool
) -> None:
    known_payer(world)
    asked_for(world, description="Счёт № 17 от 31.01.2026")
    asked_for(world, key="due:D_6", description="Счёт № 18", document="D_6", amount=Money(1_000, "RUB"))
    take(world, came_in(purpose=purpose, number="2"))
    assert [booked[1:] for booked in bookings(world)[1:]] == ([("invoice_and_payer", 2)] if paid else [])


def test_money_that_went_out_is_booked_to_its_recipient_with_contract_and_document(world: World) -> None:
    take(world, went_out(), went_out("50.00", "Возврат за D_5", number="8"))
    with world.database.read() as session:
        rows = session.scalars(select(TransferBooking).order_by(TransferBooking.id)).all()
    assert [(row.kind, row.counterparty_inn, row.contract, row.document) for row in rows] == [
        ("counterparty", OTHER_INN, "12/2025", ""),
        ("counterparty", OTHER_INN, "", "D_5"),
    ]
    assert balances(world) == {f"bank:{OURS}, RUB": -105_000, f"counterparty:{OTHER_INN}, RUB": 105_000}


def test_money_that_went_to_nobody_with_an_inn_waits_for_a_person(world: World) -> None:
    take(world, went_out(inn="0"))
    assert "has no INN" in reason(world)
    with pytest.raises(Refusal) as refused:
        statements(world).match_counterparty(1, "123")
    assert refused.value.code == "inn_wrong"
    statements(world).match_counterparty(1, THEIR_INN)
    assert balances(world)[f"counterparty:{THEIR_INN}, RUB"] == 100_000


def test_money_that_went_to_an_inn_with_a_wrong_check_digit_waits_for_a_person(world: World) -> None:
    take(world, went_out(inn=WRONG_INN))
    assert reason(world) == (
        f"its recipient's INN {WRONG_INN} has a wrong check digit: say whose it is with --counterparty"
    )


def test_an_inn_with_a_wrong_check_digit_stands_for_no_client_though_a_person_has_matched_it(world: World) -> None:
    first = asked_for(world)
    take(world, came_in(inn=WRONG_INN))
    assert statements(world).match(1, first) == "charge"
    asked_for(world, key="due:D_6", description="Счёт №17")
    take(world, came_in(purpose="по счету № 17", number="2", inn=WRONG_INN))
    assert transfers(world)[1].reason == f"it names 17, and INN {WRONG_INN} has a wrong check digit: match it by hand"
    with world.database.read() as session:
        assert payers_clients(session, transfers(world)[1]) == set()


def test_transfers_between_own_accounts_are_nobodys_payment(world: World) -> None:
    take(world, came_in(inn=OUR_INN, purpose=STEM))
    assert [one.state for one in transfers(world)] == ["own"]
    with pytest.raises(Refusal) as refused:
        statements(world).match(1, asked_for(world))
    assert refused.value.code == "not_to_be_matched"


def test_by_hand_an_equal_sum_pays_and_another_is_a_credit(world: World) -> None:
    charge_id = asked_for(world)
    take(world, came_in("10000.00"), came_in(number="119"), came_in(number="120"))
    assert [statements(world).match(number, charge_id) for number in (1, 2, 3)] == ["credit", "charge", "credit"]
    assert balances(world) == {
        f"bank:{OURS}, RUB": 6_000_000,
        "credit:C_5, RUB": -3_500_000,
        "customer:C_5, RUB": -2_500_000,
    }
    with pytest.raises(Refusal) as refused:
        statements(world).match(2, charge_id)
    assert refused.value.code == "not_to_be_matched"


@pytest.mark.parametrize(
    ("transfer_id", "charge_id", "code"),
    [(9, 1, "no_such_transfer"), (1, 9, "no_such_charge"), (2, 1, "other_direction")],
)
def test_what_cannot_be_matched_by_hand_is_said(world: World, transfer_id: int, charge_id: int, code: str) -> None:
    asked_for(world)
    take(world, came_in(), went_out(inn="0"))
    with pytest.raises(Refusal) as refused:
        statements(world).match(transfer_id, charge_id)
    assert refused.value.code == code


def test_a_booking_is_taken_back_by_its_reverse_and_rules_leave_it_alone(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM))
    statements(world).unmatch(1)
    assert world.charges()[0].state == "open"
    assert set(balances(world).values()) == {0}
    assert check_ledger(world.database).entries == 4
    assert take(world, came_in(purpose=STEM)).matched == 0
    with pytest.raises(Refusal) as refused:
        statements(world).unmatch(1)
    assert refused.value.code == "not_matched"
    assert statements(world).match(1, 1) == "charge"
    assert check_ledger(world.database).entries == 6
    assert world.charges()[0].state == "succeeded"


def test_a_cancelled_charge_is_cancelled_again_when_its_transfer_is_taken_back(world: World) -> None:
    charge_id = asked_for(world)
    world.charging.cancelling.cancel(charge_id)
    take(world, came_in(purpose=STEM))
    assert world.charges()[0].state == "succeeded"
    statements(world).unmatch(1)
    assert (world.charges()[0].state, world.charging.in_person.standing(charge_id).state) == ("cancelled", "cancelled")
    assert world.doubted() == []


def test_a_declined_charge_is_declined_again_when_its_transfer_is_taken_back(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    take(world, came_in(purpose=STEM))
    statements(world).unmatch(1)
    [charge] = world.charges()
    assert (charge.state, charge.decline_code, charge.next_attempt_at) == ("declined", "funds", None)


def test_a_card_that_was_paid_after_all_beside_a_transfer_is_found_and_put_right(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    take(world, came_in(purpose=STEM))
    world.bank.becomes(world.attempts()[0].order_number, "paid")
    world.charging.reconciliation.bring_forward(1, world.attempts()[0].order_number)
    world.tick()
    assert check_ledger(world.database).problems == ["charge 1 was taken more than once: refund one try"]
    statements(world).unmatch(1)
    assert world.charges()[0].state == "succeeded"
    assert statements(world).match(1, 1) == "credit"
    assert check_ledger(world.database).sound


def test_a_charge_that_a_transfer_paid_is_not_refunded_to_a_card(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM))
    with pytest.raises(Refusal) as refused:
        world.charging.refunds.refund(1)
    assert refused.value.code == "paid_by_transfer"


def test_a_certificate_shows_the_transfer_and_is_sound(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM), came_in(purpose=STEM, number="119"))
    statements(world).unmatch(2)
    certificate = read_certificate(world.database, 1)
    assert certificate is not None
    assert [(one.kind, one.amount, one.undone_at is None) for one in certificate.transfers] == [
        ("charge", "25000.00 RUB", True),
        ("credit", "25000.00 RUB", False),
    ]
    assert problems_of(certificate) == []
    assert problems_of(certificate.model_copy(update={"transfers": []})) != []


@pytest.mark.parametrize("content", [b"", b"no statement", statement(came_in("0"))])
def test_a_wrong_file_leaves_nothing_behind(world: World, content: bytes) -> None:
    with pytest.raises(StatementUnreadable):
        statements(world).take(1, content)
    assert transfers(world) == []


@pytest.mark.parametrize("step", ["statement_stored", "transfer_booked", "transfer_matched"])
def test_an_import_killed_at_any_step_is_finished_by_the_next_one(world: World, step: str) -> None:
    asked_for(world)
    asked_for(world, key="due:D_6")
    content = (came_in(purpose=STEM), came_in(purpose="due:D_6", number="119"), went_out())
    world.kill_at(step)
    with pytest.raises(Killed):
        take(world, *content)
    assert check_ledger(world.database).sound
    take(world, *content)
    assert {charge.state for charge in world.charges()} == {"succeeded"}
    assert len(bookings(world)) == 3
    assert check_ledger(world.database).entries == 6
    assert check_ledger(world.database).sound


def test_imports_of_one_statement_at_the_same_moment_book_each_line_once(either_world: World) -> None:
    world = either_world
    for number in range(4):
        asked_for(world, key=f"due:D_{number}")
    documents = [came_in(purpose=f"due:D_{number}", number=str(number)) for number in range(4)]
    at_once(*[partial(take, world, *documents, went_out()) for _ in range(4)])
    assert len(transfers(world)) == len(bookings(world)) == 5
    assert check_ledger(world.database).entries == 10
    assert check_ledger(world.database).sound


def test_processes_that_import_one_statement_at_once_add_each_line_once(either_world: World, tmp_path: Path) -> None:
    world = either_world
    for number in range(6):
        asked_for(world, key=f"due:D_{number}")
    file = tmp_path / "statement.txt"
    file.write_bytes(statement(*[came_in(purpose=f"due:D_{number}", number=str(number)) for number in range(6)]))
    url = world.database.engine.url.set(drivername=world.database.engine.dialect.name)
    command = [sys.executable, "-m", "tests.billing.importer", url.render_as_string(hide_password=False), str(file)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.stdout and process.stdout.readline() for process in processes] == ["ready\n"] * 3
    added = [process.communicate("go\n", timeout=120)[0] for process in processes]
    assert sorted(added) == ["0\n", "0\n", "6\n"]
    assert {kind for kind, _, _ in bookings(world)} == {"charge"}
    assert check_ledger(world.database).entries == 12
    assert check_ledger(world.database).sound


def test_a_transfer_and_a_card_that_race_take_the_money_once_or_credit_it(either_world: World) -> None:
    world = either_world
    world.bank.script = ["declined:funds"]
    world.charge()
    world.clock.forward(days=1)
    at_once(partial(take, world, came_in(purpose=STEM)), world.new_process().retry_due, world.new_process().retry_due)
    world.settle()
    take(world)
    kinds = [kind for kind, _, _ in bookings(world)]
    assert kinds == (["credit"] if world.money() else ["charge"])
    assert check_ledger(world.database).sound


def test_people_who_match_one_transfer_at_once_book_it_once(either_world: World) -> None:
    world = either_world
    first, second = asked_for(world), asked_for(world, key="due:D_6")
    take(world, came_in())
    told = at_once(*[partial(statements(world).match, 1, charge_id) for charge_id in (first, second, first)])
    assert sorted(map(str, told)) == ["charge", "not_to_be_matched", "not_to_be_matched"]
    assert check_ledger(world.database).entries == 2
    assert check_ledger(world.database).sound


def test_a_changed_transfer_or_booking_is_found_by_the_check(world: World) -> None:
    asked_for(world)
    take(world, came_in(purpose=STEM))
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bank_transfers SET amount = 7")
    assert check_ledger(world.database).problems == [
        "portal 1: transfer:1:1 is booked with other figures than its row has"
    ]
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bank_transfers SET amount = 2500000, state = 'unmatched'")
    assert check_ledger(world.database).problems == ["transfer 1 has another state than its bookings say"]
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM transfer_bookings")
    assert check_ledger(world.database).problems == [
        "portal 1: transfer:1:1 is booked, but no such money moved by our own rows",
        "charge 1 is called paid, and neither a try nor a transfer paid it",
    ]
    with world.database.read() as session:
        assert session.scalars(select(LedgerEntry.account).order_by(LedgerEntry.id)).all() == [
            f"bank:{OURS}",
            "customer:C_5",
        ]

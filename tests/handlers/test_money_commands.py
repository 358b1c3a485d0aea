"""What operators type about money: terminals, cards, consents, charges, the ledger."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click.testing
import pytest
from flask import Flask

from billing.forgetting import Forgetting
from billing.pay_links import PayLinks
from billing.subscriptions import Subscriptions
from calculations.money import Money
from gateways import Unchecked
from handlers.commands import cards, charges, consents, gateways, ledger, subscriptions
from schemas.declaration import Words
from storage.database import open_database
from tests.billing.world import HEADER, World, by_hand
from tests.factories import make_portal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(open_database(f"sqlite:///{tmp_path}/money.db"))
    yield world
    world.database.close()


class Operator:
    def __init__(self, world: World) -> None:
        self.app = Flask(__name__)
        for module in (cards, charges, consents, gateways, ledger, subscriptions):
            self.app.cli.add_command(module.group)
        self.app.extensions["services"] = SimpleNamespace(
            settings=SimpleNamespace(bitrix24_client_id="app", public_url="https://pay.example"),
            now=world.clock,
            database=world.database,
            vault=world.vault,
            gateways={"bank": world.bank},
            charging=world.charging,
            terminals=world.terminals(),
            forgetting=Forgetting(world.database, world.vault, world.gateways, world.clock),
            subscriptions=Subscriptions(world.database, world.charging, world.clock),
            pay_links=PayLinks(world.database, "a secret of the tests", "https://pay.example"),
        )

    def types(self, *words: str, answer: str = "") -> click.testing.Result:
        result = self.app.test_cli_runner().invoke(args=words, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


def configure(operator: Operator, credentials: str, *more: str) -> click.testing.Result:
    portal = ("--portal", "member-1", "--gateway", "bank")
    return operator.types("gateways", "configure", *portal, "--credentials", credentials, *more)


def test_configure_checks_the_credentials_and_shows_the_webhook_address(world: World, operator: Operator) -> None:
    result = configure(operator, '{"shop": "second"}', "--terminal", "second")
    assert result.exit_code == 0
    key = world.terminals().of_portal(1)[1].webhook_key
    assert f"https://pay.example/webhooks/bank/{key}" in result.output
    shown = operator.types("gateways", "show").output
    assert "bank/main  active" in shown
    assert f"bank/second  active  shop second  https://pay.example/webhooks/bank/{key}" in shown


def test_configure_says_what_is_missing_and_what_could_not_be_checked_and_is_done_all_the_same(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Unchecked("карты: спросите", "keeping cards: ask the bank"), Words("нет СБП", "SBP is not allowed")]
    monkeypatch.setattr(type(world.bank), "check", lambda _bank, _credentials: found)
    result = configure(operator, '{"shop": "demo"}')
    assert result.exit_code == 0
    assert result.output.splitlines()[-2:] == [
        "Ask the acquirer for what is missing: SBP is not allowed",
        "Not checked: keeping cards: ask the bank",
    ]


def test_configure_says_who_is_paid_and_it_stays_until_it_is_cleared(operator: Operator) -> None:
    payee = "ООО «Ромашка», ИНН 7707083893"
    assert "paid to" not in configure(operator, '{"shop": "demo"}').output
    assert f"Clients read: paid to {payee}" in configure(operator, '{"shop": "demo"}', "--payee", payee).output
    assert f"bank/main  active  shop demo  paid to {payee}  https://" in operator.types("gateways", "show").output
    kept = configure(operator, '{"shop": "demo", "secret": "rotated"}')
    assert f"Clients read: paid to {payee}" in kept.output
    assert "paid to" not in configure(operator, '{"shop": "demo"}', "--payee", "").output
    assert "paid to" not in operator.types("gateways", "show").output


def test_a_payee_that_would_not_fit_on_a_line_is_refused_and_nothing_is_kept(world: World, operator: Operator) -> None:
    refused = configure(operator, '{"shop": "second"}', "--terminal", "second", "--payee", "я" * 151)
    assert refused.exit_code == 1
    assert "at most 150 characters" in refused.output
    assert configure(operator, '{"shop": "second"}', "--terminal", "second", "--payee", "a\nb").exit_code == 1
    assert len(world.terminals().of_portal(1)) == 1


def test_credentials_come_from_a_file_and_are_stored_sealed(world: World, operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"shop": "demo", "secret": "canary-secret"}')
    result = configure(operator, f"@{tmp_path}/secret.json")
    assert result.exit_code == 0
    assert "canary" not in result.output
    terminal = world.terminals().of_portal(1)[0]
    assert "canary" not in terminal.credentials
    assert "canary-secret" in world.vault.open(1, "terminal credentials", terminal.credentials)


@pytest.mark.parametrize(
    ("credentials", "word"),
    [
        ('{"shop": "demo", "secret": "wrong"}', "401"),
        ("not json canary", "no JSON object; bank takes one with: shop, secret"),
        ('["canary"]', "no JSON object; bank takes one with: shop, secret"),
        ("[" * 200_000, "no JSON object"),
        ('{"shop": "x", "receipts": "canary"}', "receipts: an object is wanted here; it takes: tax_system, vat"),
        ('{"secret": "canary"}', "shop"),
        ('{"shop": "demo", "canary": "1"}', "Extra"),
        ("@/nowhere/secret.json", "cannot be read"),
    ],
)
def test_credentials_that_do_not_work_are_not_kept_and_not_repeated(
    world: World, operator: Operator, credentials: str, word: str
) -> None:
    before = world.terminals().of_portal(1)[0].credentials
    result = configure(operator, credentials)
    assert result.exit_code == 1
    assert word in result.output
    assert "canary" not in result.output
    assert world.terminals().of_portal(1)[0].credentials == before


def test_a_wrong_password_says_that_the_terminal_keeps_the_one_it_had(operator: Operator) -> None:
    wrong = '{"shop": "demo", "secret": "wrong"}'
    assert "bank/main keeps the credentials it had" in configure(operator, wrong).output
    assert "keeps" not in configure(operator, wrong, "--terminal", "second").output


@pytest.mark.parametrize("name", ["a/b", "", " "])
def test_a_terminal_is_not_given_a_name_that_code_and_terminal_could_not_tell_apart(
    operator: Operator, name: str
) -> None:
    result = configure(operator, '{"shop": "second"}', "--terminal", name)
    assert result.exit_code == 1
    assert "without a slash" in result.output


def test_an_unknown_portal_or_gateway_is_named(operator: Operator) -> None:
    unknown = operator.types("gateways", "configure", "--portal", "no", "--gateway", "bank", "--credentials", "{}")
    assert unknown.exit_code == 1
    assert "portals list" in unknown.output
    other = operator.types("gateways", "configure", "--portal", "member-1", "--gateway", "x", "--credentials", "{}")
    assert "there are: bank" in other.output


@pytest.fixture
def closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank's owner has closed it."""
    monkeypatch.setattr(type(world.bank), "closed", Words("Лицензия отозвана.", "Its licence was revoked."))


def shown_without_terminals(world: World, operator: Operator) -> str:
    with world.database.write() as session:
        make_portal(session, client_id="app", member_id="member-2")
    return operator.types("gateways", "show", "--portal", "member-2").output


@pytest.mark.usefixtures("closed")
def test_a_gateway_closed_by_its_owner_is_configured_only_by_whoever_insists(world: World, operator: Operator) -> None:
    refused = configure(operator, '{"shop": "second"}', "--terminal", "second")
    assert refused.exit_code == 1
    assert "Its licence was revoked." in refused.output
    assert "--confirm-closed" in refused.output
    assert len(world.terminals().of_portal(1)) == 1
    insisted = configure(operator, '{"shop": "second"}', "--terminal", "second", "--confirm-closed")
    assert insisted.exit_code == 0
    assert "Its licence was revoked." in insisted.output
    assert len(world.terminals().of_portal(1)) == 2


@pytest.mark.usefixtures("closed")
def test_a_closed_gateway_is_not_offered_and_shown_apart_with_the_reason(world: World, operator: Operator) -> None:
    assert "bank  Bank: Its licence was revoked." in operator.types("gateways", "show").output  # of its terminal
    unknown = operator.types("gateways", "configure", "--portal", "member-1", "--gateway", "x", "--credentials", "{}")
    assert "there are: none" in unknown.output
    offered, apart = shown_without_terminals(world, operator).split("Closed by their owners")
    assert "bank" not in offered
    assert "bank  Bank: Its licence was revoked." in apart


def test_open_gateways_are_shown_with_what_they_take_while_there_is_no_terminal(
    world: World, operator: Operator
) -> None:
    shown = shown_without_terminals(world, operator)
    assert "bank  Bank  credentials: shop, secret" in shown
    assert "Closed by their owners" not in shown


def test_a_shop_is_not_exchanged_under_its_payments(world: World, operator: Operator) -> None:
    world.charge()
    result = configure(operator, '{"shop": "other"}')
    assert result.exit_code == 1
    assert "Repeat with --same-shop" in result.output
    assert configure(operator, '{"shop": "demo", "secret": "rotated"}').exit_code == 0
    assert configure(operator, '{"shop": "other"}', "--same-shop").exit_code == 0


def test_a_closed_gateway_needs_a_confirmation(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.bank), "closed", world.bank.title)
    assert "--confirm-closed" in configure(operator, '{"shop": "demo"}').output
    assert configure(operator, '{"shop": "demo"}', "--confirm-closed").exit_code == 0


def test_cards_are_imported_listed_and_forgotten(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(HEADER + "bank,C_6,token-9,**** 9999,2027-09,,2026-01-01,paper\nbank,C_6,,**** 1,,,,\n")
    result = operator.types("cards", "import", "--portal", "member-1", str(file))
    assert result.exit_code == 1  # one line was bad
    assert "Cards added: 1" in result.output
    assert "line 3: token is empty" in result.output
    listed = operator.types("cards", "list", "--portal", "member-1", "--customer", "C_6").output
    assert listed == "2  C_6  bank  **** 9999  until 2027-09  active  with consent\n"
    assert operator.types("cards", "forget", "--portal", "member-1", "2").exit_code == 0
    assert "forgotten  without consent" in operator.types("cards", "list", "--portal", "member-1").output
    assert operator.types("cards", "forget", "--portal", "member-1", "99").exit_code == 1


def test_a_card_that_its_bank_has_refused_for_good_is_listed_as_one_that_is_not_charged(
    world: World, operator: Operator
) -> None:
    world.add_card("token-2", "**** 1111")
    world.bank.script = ["declined:lost"]
    assert world.again(saved_card="4242").decline_kind == "hard"
    refused, charged = operator.types("cards", "list", "--portal", "member-1").output.splitlines()
    assert "never charged until its client agrees anew: Card **** 4242" in refused
    assert charged.endswith("active  with consent")


def test_accounts_bound_by_sbp_are_imported_where_the_acquirer_charges_them(
    operator: Operator, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(f"{HEADER.strip()},method\nbank,C_6,token-9,СБП **** 0111,,,2026-01-01,paper,sbp\n")
    monkeypatch.setattr(type(world.bank), "methods", frozenset({"card"}))
    refused = operator.types("cards", "import", "--portal", "member-1", str(file))
    assert "line 2: method is sbp, and accounts bound by SBP can be charged only at: none" in refused.output
    monkeypatch.undo()
    assert "Cards added: 1" in operator.types("cards", "import", "--portal", "member-1", str(file)).output


def test_another_header_imports_nothing(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text("token;mask\n")
    result = operator.types("cards", "import", "--portal", "member-1", str(file))
    assert result.exit_code == 1
    assert "gateway,customer,token" in result.output
    assert "semicolons: save the table as CSV with commas" in result.output


@pytest.mark.usefixtures("closed")
def test_a_closed_gateway_is_not_offered_for_cards(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(HEADER + "nobank,C_6,token-9,**** 9999,2027-09,,,\nbank,C_6,token-9,**** 9999,2027-09,,,\n")
    result = operator.types("cards", "import", "--portal", "member-1", str(file))
    assert "line 2: gateway is none of: none (closed by their owners: bank)" in result.output
    assert "Cards added: 1" in result.output


def test_a_withdrawal_says_what_it_came_too_late_for(world: World, operator: Operator) -> None:
    world.bank.script = ["pending"]
    world.charge()
    result = operator.types("consents", "withdraw", "--portal", "member-1", "--customer", "C_5")
    assert "withdrawn: 1" in result.output
    assert "Charge 1 had gone to the bank before" in result.output


@pytest.mark.parametrize("typed", ["С_5", "c5", "5", "D_5"])  # the first letter of the first one is Cyrillic
def test_a_withdrawal_for_a_name_that_is_no_client_does_not_look_like_one(operator: Operator, typed: str) -> None:
    result = operator.types("consents", "withdraw", "--portal", "member-1", "--customer", typed)
    assert result.exit_code == 1
    assert "C_5" in result.output
    assert "withdrawn" not in result.output


def test_a_withdrawal_for_a_client_nobody_knows_says_that_it_has_no_cards_here(operator: Operator) -> None:
    result = operator.types("consents", "withdraw", "--portal", "member-1", "--customer", "C_777")
    assert result.exit_code == 1
    assert "no client C_777 has cards here" in result.output
    assert "cards list" in result.output


def test_a_withdrawal_for_a_client_without_consent_says_so(world: World, operator: Operator) -> None:
    world.add_card("token-6", "**** 6666", customer="C_6", consent=False)
    result = operator.types("consents", "withdraw", "--portal", "member-1", "--customer", "C_6")
    assert result.exit_code == 0  # what was asked for is so
    assert "C_6 has no consent" in result.output


def test_charges_are_listed_shown_asked_about_and_refunded(world: World, operator: Operator) -> None:
    world.bank.script = ["lost_after"]
    world.charge()
    assert operator.types("charges", "list").output == "1  open  25000.00 RUB  C_5  D_5  due:D_5  2026-01-31 12:00\n"
    assert "unknown: bank: no answer" in operator.types("charges", "show", "1").output
    assert operator.types("charges", "ask", "1").exit_code == 0
    shown = operator.types("charges", "show", "1").output
    assert "Charge 1 of portal member-1: succeeded" in shown
    assert "Ledger line 1, charge:1:1: acquirer:bank/main 25000.00 RUB" in shown
    assert "The ledger's lines are intact." in shown
    assert "100.50 RUB: succeeded" in operator.types("charges", "refund", "1", "--amount", "100.50").output
    assert "24899.50 RUB: succeeded" in operator.types("charges", "refund", "1").output
    assert operator.types("charges", "refund", "1").exit_code == 1
    certificate: dict[str, Any] = json.loads(operator.types("charges", "show", "1", "--json").output)
    assert [refund["amount"] for refund in certificate["refunds"]] == ["100.50 RUB", "24899.50 RUB"]
    assert operator.types("charges", "list", "--state", "declined").stdout == ""
    assert operator.types("charges", "show", "9").exit_code == 1


def test_of_a_paid_charge_is_asked_what_went_back(world: World, operator: Operator) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.tick(days=1)
    first, second = world.attempts()
    assert (first.state, second.state) == ("declined", "succeeded")
    world.bank.book[second.order_number] = replace(
        world.bank.book[second.order_number], given_back=Money(500_000, "RUB")
    )
    assert operator.types("charges", "ask", "1").exit_code == 0
    assert f"Refund {second.order_number}-R1, 5000.00 RUB: succeeded" in operator.types("charges", "show", "1").output


def test_of_a_charge_that_nobody_has_tried_is_nothing_to_ask(world: World, operator: Operator) -> None:
    world.charging.in_person.ask(world.new_order(call_id=None))
    asked = operator.types("charges", "ask", "1")
    assert asked.exit_code == 1
    assert "there is nothing to ask about charge 1: it is open" in asked.output


def test_the_ledger_check_says_it_by_its_exit_status(world: World, operator: Operator) -> None:
    world.charge()
    sound = operator.types("ledger", "check", "--json")
    assert sound.exit_code == 0
    assert json.loads(sound.output)["entries"] == 2
    lines = operator.types("ledger", "check").output.splitlines()
    assert lines[:2] == [
        "portal 1: acquirer:bank/main: 25 000.00 RUB",
        "portal 1: customer:C_5: -25 000.00 RUB",
    ]
    assert lines[2].startswith("A minus at a customer is what they have paid")
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_entries SET amount = 1 WHERE id = 1")
    broken = operator.types("ledger", "check")
    assert broken.exit_code == 1
    assert "changed after it was written" in broken.output
    assert json.loads(operator.types("ledger", "check", "--json").output)["sound"] is False


@pytest.mark.parametrize(
    "change", ["currency = 'XYZ'", "currency = ''", "amount = 100.5", "amount = 'abc'", "created_at = 'garbage'"]
)
def test_a_ledger_line_that_cannot_be_read_is_told_first_and_crashes_nothing(
    world: World, operator: Operator, change: str
) -> None:
    world.charge()
    by_hand(world.database, f"UPDATE ledger_entries SET {change} WHERE id = 1")
    checked = operator.types("ledger", "check")
    assert checked.exit_code == 1
    lines = checked.output.splitlines()
    assert lines[0].startswith("portal 1: the line of id 1 has what cannot be read as its ")
    assert "portal 1: customer:C_5: -25 000.00 RUB" in lines
    as_json = operator.types("ledger", "check", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.output)["balances"] == {"portal 1: customer:C_5, RUB": -2_500_000}
    shown = operator.types("charges", "show", "1")
    assert shown.exit_code == 0
    assert "Ledger line 2, charge:1:1: customer:C_5 -25000.00 RUB" in shown.output
    assert "The ledger's lines are NOT as they were written" in shown.output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE refunds SET amount = 'abc'", "the row of id 1 in refunds has what cannot be read as its amount"),
        ("UPDATE refunds SET settled_at = 'x'", "the row of id 1 in refunds has what cannot be read as its settled_at"),
        ("UPDATE refunds SET currency = 'XYZ'", "the row of id 1 in refunds has what cannot be read as its currency"),
        ("UPDATE charges SET amount = 'abc'", "the row of id 1 in charges has what cannot be read as its amount"),
        ("UPDATE charges SET created_at = 'x'", "the row of id 1 in charges has what cannot be read as its created_at"),
        ("UPDATE charges SET key = x'ff'", "the row of id 1 in charges has what cannot be read as its key"),
        ("UPDATE charge_attempts SET paid_at = 7", "the row of id 1 in charge_attempts has what cannot be read as its"),
        ("UPDATE charge_attempts SET number = 'abc'", "the row of id 1 in charge_attempts has what cannot be read as"),
    ],
)
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_charge_of_which_a_row_cannot_be_read_names_the_row(
    world: World, operator: Operator, change: str, told: str, words: tuple[str, ...]
) -> None:
    world.charge()
    world.charging.refunds.refund(1, 500_000)
    by_hand(world.database, change)
    result = operator.types("charges", "show", "1", *words)
    assert result.exit_code == 1
    assert f"Error: charge 1: {told}" in result.output

"""Whom the client behind a link pays: said where it is known and the same whichever way they take."""

from dataclasses import replace

import pytest

from billing.terminals import TerminalRefused
from gateways import Method
from storage.model import Charge, Terminal
from tests.billing.bank import Bank
from tests.billing.world import World

BACK = "https://pay.example/back"
ROMASHKA = "ООО «Ромашка», ИНН 7707083893"


class Purse(Bank):
    code = "purse"
    methods = frozenset({"sbp"})


def link(world: World) -> int:
    order = replace(world.order, call_id=None, customer="C_9", key="sum:D_9")
    return world.charging.in_person.ask(order)


def named(world: World, payee: str | None, code: str = "bank", name: str = "main") -> None:
    world.terminals().configure(world.portal_id, code, name, world.credentials, payee=payee)


def payee(world: World, charge_id: int) -> str:
    return world.charging.in_person.standing(charge_id).payee


def begin(world: World, charge_id: int, method: Method = "card") -> None:
    world.charging.in_person.start(charge_id, method, BACK, None)


def pay(world: World, charge_id: int, method: Method = "card") -> None:
    begin(world, charge_id, method)
    world.bank.becomes(world.attempts()[-1].order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"


@pytest.fixture
def two_ways(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Cards go through bank/main, SBP through purse/main."""
    monkeypatch.setattr(Bank, "methods", frozenset({"card"}))
    world.opened = {"bank": world.bank, "purse": Purse(world.clock)}
    world.charging = world.new_process()
    named(world, None, "purse")
    return world


def test_nobody_is_named_until_the_operator_has(world: World) -> None:
    charge_id = link(world)
    assert payee(world, charge_id) == ""
    named(world, ROMASHKA)
    assert payee(world, charge_id) == ROMASHKA


def test_of_two_ways_to_pay_one_payee_is_named_only_where_both_have_it(two_ways: World) -> None:
    charge_id = link(two_ways)
    assert set(two_ways.charging.in_person.standing(charge_id).methods) == {"card", "sbp"}
    named(two_ways, ROMASHKA)
    assert payee(two_ways, charge_id) == ""
    named(two_ways, "ИП Иванов", "purse")
    assert payee(two_ways, charge_id) == ""
    named(two_ways, ROMASHKA, "purse")
    assert payee(two_ways, charge_id) == ROMASHKA


def test_a_paid_charge_names_who_was_paid_whatever_ways_there_are_now(two_ways: World) -> None:
    named(two_ways, ROMASHKA)
    named(two_ways, "ИП Иванов", "purse")
    charge_id = link(two_ways)
    pay(two_ways, charge_id)
    assert payee(two_ways, charge_id) == ROMASHKA


def test_a_page_that_stands_open_names_whose_it_is_also_when_its_terminal_has_stopped(world: World) -> None:
    named(world, ROMASHKA)
    charge_id = link(world)
    begin(world, charge_id)
    with world.database.write() as session:
        session.get_one(Terminal, world.attempts()[-1].terminal_id).state = "stopped"
    assert world.charging.in_person.standing(charge_id).methods == ()
    assert payee(world, charge_id) == ROMASHKA


def test_what_was_paid_past_every_terminal_names_nobody(world: World) -> None:
    named(world, ROMASHKA)
    charge_id = link(world)
    with world.database.write() as session:  # as a bank transfer does
        session.get_one(Charge, charge_id).state = "succeeded"
    assert payee(world, charge_id) == ""


def test_a_terminal_keeps_its_payee_until_another_one_is_given(world: World) -> None:
    charge_id = link(world)
    named(world, f"  {ROMASHKA} ")
    named(world, None)
    assert payee(world, charge_id) == ROMASHKA
    named(world, "  ")
    assert payee(world, charge_id) == ""


@pytest.mark.parametrize(
    "text", ["a" * 151, "two\nlines", "a\ttab", "\x1b[31mred", "a\x00b", "\u202eback", "a\u2028b", "\udcff"]
)
def test_a_payee_is_one_short_line_without_hidden_characters(world: World, text: str) -> None:
    with pytest.raises(TerminalRefused, match="payee"):
        named(world, text)
    assert payee(world, link(world)) == ""


def test_a_long_name_and_the_spaces_that_do_not_break_are_taken_as_they_are(world: World) -> None:
    named(world, "ИНН\u00a0" + "7" * 146)
    assert payee(world, link(world)) == "ИНН\u00a0" + "7" * 146

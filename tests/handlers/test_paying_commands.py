"""What operators type about links of payment, subscriptions, certificates and charges out of turn."""

import json
from pathlib import Path

import pytest

from gateways import Capability
from storage.model import Consent, SavedCard, Terminal
from tests.billing.till import Till, configure
from tests.billing.world import Killed, World
from tests.handlers.test_money_commands import Operator, operator, world

__all__ = ["operator", "world"]

LINK = ("charges", "link", "--portal", "member-1", "--customer", "C_5", "--document", "D_5", "--amount", "250.00")
SUBSCRIPTION = (
    "subscriptions", "begin", "--portal", "member-1", "--customer", "C_5", "--document", "D_5", "--card", "1",
    "--amount", "900.50", "--first-date", "2026-02-28",
)  # fmt: skip


def test_the_same_thing_asked_for_twice_is_the_same_link(operator: Operator) -> None:
    first = operator.types(*LINK)
    assert first.exit_code == 0
    assert "Charge 1 of 250.00 RUB waits for C_5" in first.output
    assert first.output.splitlines()[-1].startswith("https://pay.example/pay/")
    assert operator.types(*LINK).output == first.output


def test_what_nobody_has_described_is_called_by_its_document_and_never_by_its_code(
    world: World, operator: Operator
) -> None:
    assert operator.types(*LINK).exit_code == 0
    assert operator.types(*SUBSCRIPTION, "--first-date", "2026-01-31").exit_code == 0
    operator.app.extensions["services"].subscriptions.charge_due()
    assert [charge.description for charge in world.charges()] == ["Оплата по сделке 5"] * 2
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    (page,) = world.bank.pages.values()
    assert page.description == "Оплата по сделке 5"


def test_a_link_may_ask_for_consent_up_to_a_limit(world: World, operator: Operator) -> None:
    assert operator.types(*LINK, "--later", "1 000,00", "--later-period", "month").exit_code == 0
    (charge,) = world.charges()
    assert (charge.later_limit, charge.later_period) == (100_000, "month")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--amount", "0"), "above"),
        (("--amount", "12.345"), "12.345"),
        (("--later", "0"), "above"),
        (("--later", "100|USD"), "write a sum in RUB"),
        (("--later-period", "decade"), "decade"),
        (("--customer", "Ivanov"), "Ivanov"),
        (("--customer", "D_5"), "D_5 is no client: a contact is C_5, a company CO_7"),
        (("--email", "notanemail"), "notanemail is no e-mail address"),
        (("--later-period", "month"), "--later-period says in what time --later may be taken: give --later too"),
        (("--gateway", "nobank"), "250.00 RUB of C_5 for D_5 cannot be paid by a link through nobank"),
        (("--gateway", "nobank"), "no working terminal"),
        (("--gateway", "nobank"), "Its terminals: bank/main (active)."),
        (("--portal", "nobody"), "nobody"),
    ],
)
def test_what_cannot_be_paid_by_a_link_is_said(
    world: World, operator: Operator, changed: tuple[str, str], said: str
) -> None:
    result = operator.types(*LINK, *changed)
    assert result.exit_code != 0
    assert said in result.output
    assert world.charges() == []


def test_a_link_in_a_currency_that_no_terminal_takes_says_which_one_does(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.bank), "currencies", frozenset({"RUB"}))
    for words in (LINK, SUBSCRIPTION):
        result = operator.types(*words, "--amount", "5|USD")
        assert result.exit_code == 1
        assert "does not take USD, only RUB" in result.output
    assert world.charges() == []


def test_a_link_of_a_known_charge_goes_where_it_is_told_or_says_why_not(world: World, operator: Operator) -> None:
    assert operator.types(*LINK).exit_code == 0
    nowhere = operator.types(*LINK, "--gateway", "nosuch")
    assert nowhere.exit_code == 1
    assert "through nosuch" in nowhere.output
    world.terminals().configure(1, "bank", "second", world.credentials)
    assert operator.types(*LINK, "--gateway", "bank/second").exit_code == 0
    assert [charge.gateway for charge in world.charges()] == ["bank/second"]
    other = operator.types(*LINK, "--gateway", "bank/main")
    assert other.exit_code == 1
    assert "Charge 1 goes through bank/second, not through bank/main" in other.output
    assert "--payment-key" in other.output


def test_a_link_of_what_is_paid_says_so_and_when(world: World, operator: Operator) -> None:
    link = operator.types(*LINK).output.splitlines()[-1]
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    world.bank.becomes(world.attempts()[0].order_number, "paid")
    world.tick(minutes=2)
    with world.database.write() as session:
        session.get_one(Terminal, 1).state = "stopped"  # the page of what is paid needs no terminal
    result = operator.types(*LINK)
    assert result.exit_code == 0
    first, *_, last = result.output.splitlines()
    assert first.startswith("Charge 1 of 250.00 RUB is paid already, on 2026-01-31 12:0")
    assert "another payment of the same needs a --payment-key of its own" in first
    assert "waits" not in result.output
    assert last == link


def page_shown(operator: Operator) -> str:
    """The client's page as `charges show 1` tells it; empty where it tells none."""
    *_, last = operator.types("charges", "show", "1").output.splitlines()
    return last.removeprefix("The client can pay it here: ") if last.startswith("The client") else ""


def test_a_charge_that_waits_for_its_client_shows_the_page_where_they_pay(world: World, operator: Operator) -> None:
    link = operator.types(*LINK).output.splitlines()[-1]
    assert page_shown(operator) == link
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    assert page_shown(operator) == link  # begun, and theirs to finish
    assert link not in operator.types("charges", "show", "1", "--json").output
    with world.database.write() as session:
        session.get_one(Terminal, 1).state = "stopped"
    assert page_shown(operator) == link
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    world.tick(minutes=2)
    assert page_shown(operator) == ""  # nothing new can begin
    with world.database.write() as session:
        session.get_one(Terminal, 1).state = "active"
    assert page_shown(operator) == link
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    world.bank.becomes(world.attempts()[1].order_number, "paid")
    world.tick(minutes=2)
    assert page_shown(operator) == ""


def test_a_declined_card_shows_the_page_and_one_that_is_being_charged_does_not(
    world: World, operator: Operator
) -> None:
    world.bank.script = ["pending"]
    world.charge()
    assert page_shown(operator) == ""
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    world.tick(minutes=2)
    assert page_shown(operator).startswith("https://pay.example/pay/")


def test_a_subscription_is_begun_once_listed_and_stopped(world: World, operator: Operator) -> None:
    begun = operator.types(*SUBSCRIPTION, "--until", "2026-12-31")
    assert begun.output == "Subscription 1: 900.50 RUB every month from 2026-02-28, first charge on 2026-02-28.\n"
    again = operator.types(*SUBSCRIPTION, "--until", "2026-12-31")
    assert again.exit_code == 0
    assert "Subscription 1: 900.50 RUB every month from 2026-02-28, known already, next charge on" in again.output
    endless = operator.types(*SUBSCRIPTION)
    assert endless.exit_code == 1
    assert "every 1 month, 2026-02-28 .. 2026-12-31. Nothing was changed" in endless.output
    listed = operator.types("subscriptions", "list", "--portal", "member-1").output
    assert "1  active  900.50 RUB every month  C_5  D_5  card 1  next on 2026-02-28" in listed
    assert operator.types("subscriptions", "stop", "--portal", "member-1", "1").exit_code == 0
    assert "1  stopped" in operator.types("subscriptions", "list", "--portal", "member-1").output
    assert operator.types("subscriptions", "stop", "--portal", "member-1", "7").exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--every", "3"), "every 3 months from 2026-02-28, first charge on 2026-02-28."),
        (("--every", "3", "--period", "two_weeks"), "every 6 weeks from"),
        (("--every", "2", "--period", "half_year"), "every 2 half years from"),
        (("--first-date", "2025-12-16"), "from 2025-12-16, first charge on 2026-02-16."),
        (("--first-date", "0001-01-01"), "from 0001-01-01, first charge on 2026-02-01."),
    ],
)
def test_a_begun_subscription_says_how_often_and_when_first(
    operator: Operator, words: tuple[str, ...], said: str
) -> None:
    assert said in operator.types(*SUBSCRIPTION, *words).output


def test_a_subscription_that_ends_before_it_begins_is_refused(operator: Operator) -> None:
    result = operator.types(*SUBSCRIPTION, "--until", "2026-02-01")
    assert result.exit_code == 1
    assert "ends on 2026-02-01, and its first charge would be on 2026-02-28" in result.output


def test_the_list_says_which_subscriptions_will_not_be_charged(world: World, operator: Operator) -> None:
    for number, card in enumerate(("token-2", "token-3"), start=2):
        world.add_card(card, f"**** 000{number}")
    for card in ("1", "2", "3"):
        assert operator.types(*SUBSCRIPTION, "--card", card).exit_code == 0
    with world.database.write() as session:
        session.get_one(Consent, 1).withdrawn_at = world.clock()
        session.get_one(SavedCard, 3).expires = "2026-01"
    operator.types("cards", "forget", "--portal", "member-1", "2")
    first, second, third = operator.types("subscriptions", "list", "--portal", "member-1").output.splitlines()
    assert first.endswith("next on 2026-02-28  will not be charged: no consent")
    assert second.endswith("will not be charged: its card was forgotten")
    assert third.endswith("the bank will refuse it: its card has expired by then")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--every", "0"), "is not in the range"),
        (("--every", str(2**31)), "is not in the range"),
        (("--card", str(2**63)), "is not in the range"),
        (("--card", str(2**63 - 1)), "has no card"),
        (("--customer", "D_5"), "D_5 is no client: a contact is C_5, a company CO_7"),
    ],
)
def test_a_subscription_that_nobody_could_keep_is_refused(
    operator: Operator, words: tuple[str, ...], said: str
) -> None:
    result = operator.types(*SUBSCRIPTION, *words)
    assert result.exit_code != 0
    assert said in result.output


@pytest.mark.parametrize("words", [("cards", "forget"), ("subscriptions", "stop")])
def test_a_row_of_a_number_beyond_the_databases_own_is_refused(operator: Operator, words: tuple[str, ...]) -> None:
    result = operator.types(*words, "--portal", "member-1", str(2**63))
    assert result.exit_code == 2
    assert "is not in the range" in result.output


def test_a_subscription_of_somebody_elses_card_is_refused(world: World, operator: Operator) -> None:
    result = operator.types(*SUBSCRIPTION, "--customer", "C_6")
    assert result.exit_code == 1
    assert "C_6 has no card 1" in result.output


def test_a_hard_decline_is_not_tried_again_and_says_why_and_what_to_do(world: World, operator: Operator) -> None:
    world.bank.script = ["declined:lost"]
    world.charge()
    result = operator.types("charges", "now", "1")
    assert result.exit_code == 1
    assert "the bank refused card **** 4242 for good" in result.output
    assert "charges link" in result.output


@pytest.mark.parametrize("verb", ["ask", "now", "close", "refund", "show"])
def test_a_charge_that_does_not_exist_is_said_to_be_none(operator: Operator, verb: str) -> None:
    result = operator.types("charges", verb, "999")
    assert result.exit_code == 1
    assert "here is no charge 999" in result.output
    assert "charges list" in result.output


def test_a_refund_whose_outcome_is_not_known_names_the_way_to_learn_it(world: World, operator: Operator) -> None:
    world.charge()
    world.bank.refund_script = ["lost_after"]
    lost = operator.types("charges", "refund", "1", "--amount", "5.00")
    assert lost.exit_code == 1
    assert "unknown" in lost.output
    assert "`charges ask 1`" in lost.output
    again = operator.types("charges", "refund", "1", "--amount", "6.00")
    assert "is not settled yet" in again.output
    assert "`charges ask 1`" in again.output


def test_a_closing_receipt_that_nobody_tells_of_is_told_by_the_operator(world: World) -> None:
    world.bank = Till(world.clock)
    world.charging = world.new_process()
    till, operator = configure(world, kind="advance", email="shop@example.com"), Operator(world)
    till.closing_script = ["lost"]
    world.charge()
    assert "is pending: see `charges show 1`" in operator.types("charges", "close", "1").output
    world.clock.forward(minutes=2)
    refused = operator.types("charges", "refund", "1", "--amount", "5.00")
    assert refused.exit_code == 1
    assert "say `charges close 1 --made` or `--not-made`" in refused.output
    assert operator.types("charges", "close", "1", "--made").output == "The closing receipt of charge 1 is done.\n"
    assert "done: made, by a person's word" in operator.types("charges", "show", "1").output
    assert "is planned: see" in operator.types("charges", "close", "1", "--not-made").output
    assert operator.types("charges", "refund", "1", "--amount", "5.00").exit_code == 0
    assert "here is no charge 999" in operator.types("charges", "close", "999", "--made").output


def test_a_paid_charges_receipts_are_asked_about_when_the_operator_wants_that(world: World) -> None:
    world.bank = Till(world.clock)
    world.charging = world.new_process()
    till, operator = configure(world, kind="advance", email="shop@example.com"), Operator(world)
    world.charge()
    operator.types("charges", "close", "1")
    till.standing = "done"
    asked = operator.types("charges", "ask", "1")
    assert (asked.exit_code, asked.output) == (0, "Asked: see `charges show 1`.\n")
    assert "of the closing: done" in operator.types("charges", "show", "1").output


def test_the_list_shows_when_a_charge_was_asked_for_and_what_was_given_back(world: World, operator: Operator) -> None:
    world.charge()
    assert operator.types("charges", "list").output.endswith("  due:D_5  2026-01-31 12:00\n")
    for amount in ("5.00", "6.50"):
        operator.types("charges", "refund", "1", "--amount", amount)
    world.bank.refund_script = ["declined"]
    operator.types("charges", "refund", "1", "--amount", "1.00")
    assert operator.types("charges", "list").output.endswith("  due:D_5  2026-01-31 12:00  given back 11.50 RUB\n")


def test_a_refund_typed_twice_under_its_key_is_done_once(world: World, operator: Operator) -> None:
    world.charge()
    typed = ("charges", "refund", "1", "--amount", "5.00", "--key", "return-7")
    first = operator.types(*typed)
    assert (first.exit_code, operator.types(*typed).output) == (0, first.output)
    assert world.money() == [2_500_000, -500]
    assert "not longer than 64" in operator.types(*typed[:-1], "x" * 65).output
    assert "printable" in operator.types(*typed[:-1], "a\x01").output


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person types."""
    monkeypatch.setattr("handlers.commands.charges._is_person", lambda: True)


@pytest.mark.usefixtures("at_terminal")
def test_a_person_is_not_asked_about_what_was_given_back_under_its_key(world: World, operator: Operator) -> None:
    world.charge()
    typed = ("charges", "refund", "1", "--key", "return-7")
    assert "Give it back?" in operator.types(*typed, answer="y\n").output
    again = operator.types(*typed)
    assert again.output == "Refund 1 of charge 1, 25000.00 RUB: succeeded.\n"
    assert world.money() == [2_500_000, -2_500_000]


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_person_is_asked_before_everything_is_given_back(world: World, operator: Operator, answer: str) -> None:
    world.charge()
    operator.types("charges", "refund", "1", "--amount", "5.00")
    kept = operator.types("charges", "refund", "1", answer=answer)
    assert kept.exit_code == 1
    assert "24995.00 RUB of charge 1 would be given back to C_5, for D_5." in kept.output
    assert "[y/N]" in kept.output
    assert world.money() == [2_500_000, -500]
    agreed = operator.types("charges", "refund", "1", answer="y\n")
    assert agreed.exit_code == 0
    assert world.money() == [2_500_000, -500, -2_499_500]
    nothing_left = operator.types("charges", "refund", "1")
    assert "nothing to give back" in nothing_left.output
    assert "[y/N]" not in nothing_left.output


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize("words", [("--yes",), ("--amount", "25000")])
def test_whoever_has_said_it_all_is_not_asked(world: World, operator: Operator, words: tuple[str, ...]) -> None:
    world.charge()
    assert operator.types("charges", "refund", "1", *words).exit_code == 0
    assert world.money() == [2_500_000, -2_500_000]


@pytest.mark.usefixtures("at_terminal")
def test_a_refund_that_was_begun_and_not_sent_is_never_taken_for_all_that_is_left(
    world: World, operator: Operator
) -> None:
    world.charge()
    world.kill_at("refund_committed")
    with pytest.raises(Killed):
        world.charging.refunds.refund(1, 500)
    assert "is not sent to the bank yet: try again in a minute" in operator.types("charges", "refund", "1").output
    assert operator.types("charges", "refund", "1", "--amount", "5.00").exit_code == 0
    agreed = operator.types("charges", "refund", "1", answer="y\n")
    assert "24995.00 RUB of charge 1 would be given back" in agreed.output
    assert world.money() == [2_500_000, -500, -2_499_500]


def test_a_program_is_asked_nothing(world: World, operator: Operator) -> None:
    world.charge()
    result = operator.types("charges", "refund", "1")
    assert result.exit_code == 0
    assert "would be" not in result.output


@pytest.mark.parametrize("verb", ["show", "ask", "now", "cancel", "close", "refund"])
def test_a_charge_of_a_number_beyond_the_databases_own_is_refused(operator: Operator, verb: str) -> None:
    assert "here is no charge" in operator.types("charges", verb, str(2**63 - 1)).output
    result = operator.types("charges", verb, str(2**63))
    assert result.exit_code == 2
    assert "is not in the range" in result.output


@pytest.mark.parametrize("limit", ["-5", "0", "99999999999999999999"])
def test_a_list_of_nothing_or_of_more_than_anybody_counts_is_not_asked_for(operator: Operator, limit: str) -> None:
    assert operator.types("charges", "list", "--limit", limit).exit_code == 2


def test_a_declined_charge_is_tried_out_of_turn_and_its_plan_stays(world: World, operator: Operator) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    planned = world.charges()[0].next_attempt_at
    world.bank.script = ["declined:funds"]
    assert operator.types("charges", "now", "1").exit_code == 0
    assert [one.asked_by for one in world.attempts()] == ["call", "person"]
    assert world.charges()[0].next_attempt_at == planned
    assert operator.types("charges", "now", "1").exit_code == 0
    assert operator.types("charges", "now", "1").exit_code == 1
    assert "is succeeded" in operator.types("charges", "now", "1").output
    assert world.money() == [2_500_000]


def test_a_sum_of_another_currency_gives_nothing_back(world: World, operator: Operator) -> None:
    world.charge()
    result = operator.types("charges", "refund", "1", "--amount", "5.00|USD")
    assert result.exit_code == 1
    assert "write a sum in RUB" in result.output
    assert world.money() == [2_500_000]


def test_a_certificate_is_checked_by_itself_and_a_changed_one_is_found(
    world: World, operator: Operator, tmp_path: Path
) -> None:
    world.charge()
    kept = tmp_path / "charge.json"
    text = operator.types("charges", "show", "1", "--json").output
    kept.write_text(text, encoding="utf-8")
    assert operator.types("charges", "verify", str(kept)).output == "The certificate of charge 1 is sound.\n"
    kept.write_text(text.replace("2500000", "2400000", 1), encoding="utf-8")
    result = operator.types("charges", "verify", str(kept))
    assert result.exit_code == 1
    assert "has another hash than its facts" in result.output
    kept.write_text("{}", encoding="utf-8")
    assert "is no certificate" in operator.types("charges", "verify", str(kept)).output
    kept.write_bytes(text.replace("Payment", "Платёж").encode("cp1251"))
    assert "is no certificate" in operator.types("charges", "verify", str(kept)).output


def test_a_certificate_without_a_seal_is_not_called_sound_though_nothing_contradicts_it(
    world: World, operator: Operator, tmp_path: Path
) -> None:
    world.charge()
    kept = tmp_path / "charge.json"
    text = operator.types("charges", "show", "1", "--json").output
    kept.write_text(json.dumps(json.loads(text) | {"seal": ""}), encoding="utf-8")
    result = operator.types("charges", "verify", str(kept))
    assert result.exit_code == 1
    assert result.output == (
        "it is not sealed: printed before seals, or its seal was taken out; only its lines can be checked\n"
    )


def test_a_wrong_link_is_cancelled_and_its_page_says_so(world: World, operator: Operator) -> None:
    assert operator.types(*LINK).exit_code == 0
    cancelled = operator.types("charges", "cancel", "1")
    assert cancelled.exit_code == 0
    assert "Charge 1 is cancelled: its link takes no money" in cancelled.output
    assert world.charging.in_person.standing(1).state == "cancelled"
    assert operator.types("charges", "list").output.strip().endswith("cancelled 2026-01-31 12:00")
    assert "Cancelled by a person at 2026-01-31 12:00:00+03:00" in operator.types("charges", "show", "1").output
    assert operator.types(*LINK).exit_code == 0
    assert "Cancelled by" not in operator.types("charges", "show", "1").output
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    world.bank.becomes(world.attempts()[-1].order_number, "paid")
    world.charging.in_person.refresh(1)
    refused = operator.types("charges", "cancel", "1")
    assert refused.exit_code == 1
    assert "`charges refund 1`" in refused.output


def test_a_page_that_the_acquirer_cannot_close_is_named_with_its_end(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.bank, "capabilities", world.bank.capabilities - {Capability.VOID})
    assert operator.types(*LINK).exit_code == 0
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    cancelled = operator.types("charges", "cancel", "1")
    assert cancelled.exit_code == 0
    assert "may still be paid until 2026-01-31" in cancelled.output

"""Money given back: whole or in part, once, with its own number and its own lines in the ledger."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from billing.ledger import check_ledger
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import Outcome, OutcomeUnknown, Refunded, RefundOrder
from storage.model import Refund
from tests.billing.bank import Bank, BankCredentials
from tests.billing.test_in_person import last, link, start
from tests.billing.world import Killed, World


@pytest.fixture
def charge_id(world: World) -> int:
    return world.charge().charge_id


def refused(world: World, charge_id: int, amount: int | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        world.charging.refunds.refund(charge_id, amount)
    return caught.value.code


def test_a_whole_refund_gives_everything_back_once(world: World, charge_id: int) -> None:
    result = world.charging.refunds.refund(charge_id)
    assert (result.state, result.amount.text) == ("succeeded", "25000.00")
    assert world.money() == [2_500_000, -2_500_000]
    assert refused(world, charge_id) == "nothing_to_refund"
    assert world.sound()


def test_parts_add_up_to_no_more_than_was_paid(world: World, charge_id: int) -> None:
    world.charging.refunds.refund(charge_id, 1_000_000)
    assert refused(world, charge_id, 1_500_001) == "too_much_to_refund"
    assert refused(world, charge_id, 0) == "too_much_to_refund"
    world.charging.refunds.refund(charge_id, 1_500_000)
    assert sum(world.money()) == 0
    assert world.sound()


def test_a_refunded_charge_is_still_the_charge_of_its_key(world: World, charge_id: int) -> None:
    world.charging.refunds.refund(charge_id)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000, -2_500_000]


def test_an_unpaid_or_unknown_charge_has_nothing_to_give_back(world: World) -> None:
    world.bank.script = ["declined:lost"]
    assert refused(world, world.charge().charge_id) == "nothing_to_refund"
    assert refused(world, 99) == "no_such_charge"


def test_a_lost_answer_is_asked_about_and_a_second_command_waits_for_it(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_after"]
    assert world.charging.refunds.refund(charge_id, 1_000_000).state == "unknown"
    assert refused(world, charge_id, 1_000_000) == "refund_open"
    world.tick(minutes=1)
    assert world.money() == [2_500_000, -1_000_000]
    assert world.sound()
    assert refused(world, charge_id, 2_500_000) == "too_much_to_refund"


def test_a_lost_request_may_be_asked_for_again_under_the_same_number(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id)
    world.tick(seconds=30)
    assert refused(world, charge_id) == "refund_open"
    world.tick(minutes=2)
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert list(world.bank.refunds) == [f"{world.bank.asked[0]}-R1"]
    assert sum(world.money()) == 0


def test_a_declined_refund_says_why_and_the_next_one_has_another_number(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["declined"]
    result = world.charging.refunds.refund(charge_id)
    assert (result.state, result.reason) == ("declined", "too late")
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert list(world.bank.refunds) == [f"{world.bank.asked[0]}-R2"]
    assert world.sound()


def test_an_acquirer_that_cannot_be_reached_leaves_nothing_open(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["refused"]
    assert world.charging.refunds.refund(charge_id).state == "not_sent"
    assert world.charging.refunds.refund(charge_id).state == "succeeded"


@pytest.mark.parametrize("word", ["paid", "lost_after", "lost_before", "refused"])
@pytest.mark.parametrize("step", ["refund_committed", "refund_sent", "refund_answered", "refund_settled"])
def test_killed_at_a_step_and_asked_again_the_money_is_given_back_once(
    world: World, charge_id: int, word: str, step: str
) -> None:
    world.bank.refund_script = [word]
    world.kill_at(step)
    with pytest.raises(Killed):
        world.charging.refunds.refund(charge_id)
    world.charging = world.new_process()
    for _ in range(3):
        world.settle()
        if sum(world.money()):
            world.charging.refunds.refund(charge_id)
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()


def test_a_refund_that_is_asked_about_no_more_is_asked_about_by_a_person(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_after"]
    world.charging.refunds.refund(charge_id)
    with world.database.write() as session:
        session.get_one(Refund, 1).look_up_at = None  # the planned questions are used up
    world.settle()
    assert refused(world, charge_id) == "refund_open"
    assert world.charging.refunds.ask_now(charge_id)
    assert not world.charging.refunds.ask_now(charge_id)
    assert refused(world, charge_id) == "nothing_to_refund"
    assert world.sound()


def test_sbp_is_asked_for_a_refund_once_an_hour_and_five_times_a_day(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id, "sbp")
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(charge_id)
    world.bank.refund_script = ["declined"] * 3
    refunds = world.charging.refunds
    for _ in range(4):
        refunds.refund(charge_id, 100)
        assert refused(world, charge_id, 100) == "refund_too_often"
        world.clock.forward(hours=1)
    refunds.refund(charge_id, 100)
    world.clock.forward(hours=3)
    with pytest.raises(Refusal, match="2026-02-01 12:00") as caught:
        refunds.refund(charge_id, 100)
    assert caught.value.code == "refund_too_often"
    world.clock.forward(hours=17)
    assert refunds.refund(charge_id, 100).state == "succeeded"
    assert world.sound()


def test_a_card_is_given_back_to_as_often_as_people_want(world: World, charge_id: int) -> None:
    assert {world.charging.refunds.refund(charge_id, 100).state for _ in range(7)} == {"succeeded"}


def test_a_refund_that_a_stopped_process_left_unsent_stands_in_nobodys_way(world: World, charge_id: int) -> None:
    world.kill_at("refund_committed")
    with pytest.raises(Killed):
        world.charging.refunds.refund(charge_id, 500_000)
    world.charging = world.new_process()
    assert refused(world, charge_id, 700_000) == "refund_open"
    assert refused(world, charge_id) == "refund_open"
    world.tick(minutes=1)
    assert world.charging.refunds.refund(charge_id, 700_000).state == "succeeded"
    assert world.charging.refunds.refund(charge_id).amount == Money(1_800_000, "RUB")
    assert world.money() == [2_500_000, -700_000, -1_800_000]
    assert world.sound()


def test_a_process_that_wakes_after_its_refund_was_given_up_sends_nothing(world: World, charge_id: int) -> None:
    other = world.new_process()

    def hang() -> None:
        world.clock.forward(minutes=2)
        other.look_up_due()
        assert other.refunds.refund(charge_id, 700_000).state == "succeeded"

    world.at_step["refund_committed"] = hang
    assert world.charging.refunds.refund(charge_id, 500_000).state == "not_sent"
    assert world.money() == [2_500_000, -700_000]
    assert world.sound()


def test_a_refund_that_its_acquirer_has_accepted_is_not_asked_for_again_because_it_does_not_show_yet(
    world: World, charge_id: int
) -> None:
    world.bank.refund_script = ["accepted"]
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    for later in [{"minutes": 2}] * 4 + [{"hours": 12}] * 13:
        world.tick(**later)
    assert refused(world, charge_id, 500_000) == "refund_open"
    for _ in range(4):
        world.tick(hours=12)
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert world.money() == [2_500_000, -500_000]


@pytest.mark.parametrize("amount", [500_000, None])
def test_what_is_asked_for_again_under_its_key_is_given_back_once(
    world: World, charge_id: int, amount: int | None
) -> None:
    given = 2_500_000 if amount is None else amount
    first = world.charging.refunds.refund(charge_id, amount, "return-7")
    assert world.charging.refunds.refund(charge_id, amount, "return-7") == first
    assert world.charging.refunds.refund(charge_id, given, "return-7") == first
    assert (first.state, world.money()) == ("succeeded", [2_500_000, -given])
    assert world.sound()


def test_another_key_or_none_is_another_refund(world: World, charge_id: int) -> None:
    for key in ("return-7", "return-8", "", ""):
        world.charging.refunds.refund(charge_id, 500_000, key)
    assert world.money() == [2_500_000, *[-500_000] * 4]


def test_a_known_key_with_another_sum_shows_both(world: World, charge_id: int) -> None:
    world.charging.refunds.refund(charge_id, 500_000, "return-7")
    with pytest.raises(Refusal, match=r"5000\.00 RUB is given back, not 6000\.00 RUB") as refused:
        world.charging.refunds.refund(charge_id, 600_000, "return-7")
    assert refused.value.code == "refund_key_conflict"
    assert world.money() == [2_500_000, -500_000]


def test_a_refund_whose_outcome_is_not_known_is_said_again_under_its_key(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_after"]
    assert world.charging.refunds.refund(charge_id, 500_000, "return-7").state == "unknown"
    assert world.charging.refunds.refund(charge_id, 500_000, "return-7").state == "unknown"
    world.tick(minutes=2)
    assert world.charging.refunds.refund(charge_id, 500_000, "return-7").state == "succeeded"
    assert world.money() == [2_500_000, -500_000]
    assert world.sound()


def test_a_refund_that_came_to_nothing_is_asked_for_anew_under_its_key(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["declined"]
    assert world.charging.refunds.refund(charge_id, 500_000, "return-7").state == "declined"
    assert world.charging.refunds.refund(charge_id, 500_000, "return-7").state == "succeeded"
    assert world.money() == [2_500_000, -500_000]


class TwoRequests(Bank):
    """Knows no numbers of refunds: the total is read first, then a part is asked for; `hang` stands in between."""

    total = 0

    def hang(self) -> None:
        pass

    def refund(self, credentials: BankCredentials, order: RefundOrder) -> Refunded:
        if self.total != order.refunded_before.minor:
            raise OutcomeUnknown("another total")
        self.hang()
        order.sending()
        self.total += order.amount.minor
        self.taken.append((order.order_number, -order.amount))
        return Refunded(order.number, Outcome.SUCCEEDED, order.amount)

    def fetch_refund(self, credentials: BankCredentials, order: RefundOrder) -> Refunded | None:
        if self.total == order.refunded_before.minor:
            return None
        return Refunded(order.number, Outcome.SUCCEEDED, order.amount)


@pytest.fixture
def slow(world: World) -> TwoRequests:
    world.bank = bank = TwoRequests(world.clock)
    world.charging = world.new_process()
    return bank


def test_a_process_that_hung_before_its_request_sends_nothing_that_others_have_done_since(
    world: World, slow: TwoRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge_id = world.charge().charge_id
    other = world.new_process()

    def hang() -> None:
        monkeypatch.setattr(slow, "hang", lambda: None)
        world.clock.forward(seconds=61)
        other.look_up_due()
        other.refunds.refund(charge_id, 500_000)

    monkeypatch.setattr(slow, "hang", hang)
    world.charging.refunds.refund(charge_id, 500_000)
    assert world.money() == [2_500_000, -500_000]
    assert world.sound()


def test_the_time_of_a_refund_is_counted_from_the_request_that_moves_money(
    world: World, slow: TwoRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge_id = world.charge().charge_id
    other = world.new_process()
    asked: list[str] = []

    def before(credentials: BankCredentials, order: RefundOrder) -> None:
        asked.append(order.number)
        slow.hang()  # the first process goes on to its request while the second one hears "no such refund"

    def hang() -> None:
        world.clock.forward(seconds=61)
        monkeypatch.setattr(slow, "hang", lambda: world.charging.refunds._keep_sending(1))
        monkeypatch.setattr(slow, "fetch_refund", before)
        other.look_up_due()

    monkeypatch.setattr(slow, "hang", hang)
    result = world.charging.refunds.refund(charge_id, 500_000)
    assert (asked != [], result.state) == (True, "succeeded")
    assert world.money() == [2_500_000, -500_000]


def test_the_word_that_a_refund_is_accepted_counts_also_after_it_was_given_up(world: World, charge_id: int) -> None:
    other = world.new_process()

    def late(credentials: BankCredentials, order: RefundOrder) -> Refunded:
        world.clock.forward(seconds=61)
        other.look_up_due()
        return Refunded(order.number, Outcome.PENDING, order.amount)

    world.bank.refund = late  # type: ignore[method-assign]
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    assert refused(world, charge_id, 500_000) == "refund_open"


def test_a_late_word_moves_no_refund_whose_successor_is_begun(world: World, charge_id: int) -> None:
    other = world.new_process()
    given = world.bank.refund

    def late(credentials: BankCredentials, order: RefundOrder) -> Refunded:
        world.clock.forward(seconds=61)
        other.look_up_due()
        world.bank.refund = given  # type: ignore[method-assign]
        assert other.refunds.refund(charge_id, 500_000).state == "succeeded"
        return Refunded(order.number, Outcome.SUCCEEDED, order.amount)

    world.bank.refund = late  # type: ignore[method-assign]
    assert world.charging.refunds.refund(charge_id, 500_000).state == "not_sent"
    assert world.money() == [2_500_000, -500_000]
    assert world.sound()


def accepted_and(world: World, charge_id: int, hours: int) -> None:
    """A refund was accepted, and asked about for so long."""
    world.bank.refund_script = ["accepted"]
    world.charging.refunds.refund(charge_id, 500_000)
    for later in [{"minutes": 2}] * 4 + [{"hours": 12}] * (hours // 12):
        world.tick(**later)


def the_refund(world: World) -> Refund:
    with world.database.read() as session:
        return session.get_one(Refund, 1)


def test_an_accepted_refund_is_asked_about_until_its_acquirer_can_be_asked(
    world: World, charge_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted_and(world, charge_id, hours=24 * 7)
    with monkeypatch.context() as away:
        away.setattr(world.bank, "fetch_refund", lost)
        for _ in range(8):
            world.tick(hours=12)
    for _ in range(4):
        world.tick(hours=12)
    assert the_refund(world).state == "not_sent"


def lost(credentials: BankCredentials, order: RefundOrder) -> Refunded:
    raise OutcomeUnknown("bank: no answer")


def working(credentials: BankCredentials, order: RefundOrder) -> Refunded:
    return Refunded(order.number, Outcome.PENDING, order.amount)


def done(credentials: BankCredentials, order: RefundOrder) -> Refunded:
    return Refunded(order.number, Outcome.SUCCEEDED, order.amount)


def test_a_refund_that_its_acquirer_works_on_for_weeks_is_booked_in_the_end(
    world: World, charge_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.bank, "fetch_refund", working)
    accepted_and(world, charge_id, hours=24 * 20)
    monkeypatch.setattr(world.bank, "fetch_refund", done)
    for _ in range(4):
        world.tick(hours=12)
    assert the_refund(world).state == "succeeded"


def test_a_refund_that_turns_out_to_be_accepted_at_the_last_question_is_asked_about_on(
    world: World, charge_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.bank, "fetch_refund", lost)
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    for later in [{"minutes": 2}] * 4 + [{"hours": 12}] * 9:
        world.tick(**later)
    monkeypatch.setattr(world.bank, "fetch_refund", working)
    for _ in range(4):
        world.tick(hours=12)
    monkeypatch.setattr(world.bank, "fetch_refund", done)
    for _ in range(4):
        world.tick(hours=12)
    assert the_refund(world).state == "succeeded"


def test_what_was_given_back_past_us_is_asked_about_until_our_own_refund_is_known(world: World, charge_id: int) -> None:
    world.clock.forward(days=10)
    [attempt] = world.attempts()
    world.bank.refund_script = ["accepted"]
    world.charging.refunds.refund(charge_id, 500_000)
    number = attempt.order_number
    world.bank.book[number] = replace(world.bank.book[number], given_back=Money(700_000, "RUB"))
    world.charging.reconciliation.bring_forward(attempt.terminal_id, number, of_refund=True)
    for _ in range(12):
        world.tick(hours=1)
    world.bank.look_up_script = ["lost"]
    world.tick(hours=1)
    ours = the_refund(world).refund_number
    world.bank.refunds[ours] = Refunded(ours, Outcome.SUCCEEDED, Money(500_000, "RUB"))
    for _ in range(10):
        world.tick(hours=12)
    with world.database.read() as session:
        booked = session.scalars(select(Refund.amount).where(Refund.state == "succeeded")).all()
    assert sorted(booked) == [200_000, 500_000]


def told_of_given_back(world: World, total: int) -> None:
    """Somebody has given it back at the acquirer, and a notice of that came."""
    [attempt] = world.attempts()
    number = attempt.order_number
    world.bank.book[number] = replace(world.bank.book[number], given_back=Money(total, "RUB"))
    world.charging.reconciliation.bring_forward(attempt.terminal_id, number, of_refund=True)


def booked_refunds(world: World) -> list[int]:
    with world.database.read() as session:
        booked = session.scalars(select(Refund.amount).where(Refund.state == "succeeded"))
        return sorted(booked)


def by_us_meanwhile(world: World, charge_id: int) -> None:
    """A refund of ours, from its request to its booking, of which the bank's total tells from now on."""
    assert world.new_process().refunds.refund(charge_id, 500_000).state == "succeeded"
    number = world.attempts()[0].order_number
    paid = world.bank.book[number]
    known = paid.given_back.minor if paid.given_back else 0
    world.bank.book[number] = replace(paid, given_back=Money(known + 500_000, "RUB"))


@pytest.mark.parametrize("before_us", [700_000, 300_000, 2_000_000])
def test_a_total_from_before_a_refund_of_ours_is_asked_for_again(world: World, charge_id: int, before_us: int) -> None:
    told_of_given_back(world, before_us)
    world.at_step["looked_up"] = lambda: by_us_meanwhile(world, charge_id)
    world.tick()
    assert booked_refunds(world) == [500_000]
    world.settle()
    assert booked_refunds(world) == sorted([500_000, before_us])
    assert check_ledger(world.database).sound


def test_a_total_that_has_a_refund_of_ours_which_was_open_when_it_was_asked_for_books_it_once(
    world: World, charge_id: int
) -> None:
    world.bank.refund_script = ["lost_after"]
    world.charging.refunds.refund(charge_id, 500_000)
    told_of_given_back(world, 500_000)

    def settled_meanwhile() -> None:
        assert world.new_process().refunds.look_up_due() == 1

    world.at_step["looked_up"] = settled_meanwhile
    world.clock.forward(minutes=1)
    world.charging.reconciliation.look_up_due()
    assert booked_refunds(world) == [500_000]
    world.settle()
    assert booked_refunds(world) == [500_000]
    assert world.sound()


def test_news_of_money_given_back_that_comes_while_its_order_is_asked_about_is_not_lost(
    world: World, charge_id: int
) -> None:
    told_of_given_back(world, 700_000)
    world.at_step["looked_up"] = lambda: told_of_given_back(world, 900_000)
    world.tick()
    assert booked_refunds(world) == [700_000]
    world.tick(seconds=1)
    assert booked_refunds(world) == [200_000, 700_000]
    assert world.attempts()[0].look_up_at is None


def arrives(world: World, amount: int) -> str:
    """The request of a refund that everybody gave up is carried out now."""
    [attempt] = world.attempts()
    number = f"{attempt.order_number}-R1"
    world.bank.refunds[number] = Refunded(number, Outcome.SUCCEEDED, Money(amount, "RUB"))
    world.bank.taken.append((attempt.order_number, Money(-amount, "RUB")))
    return number


def news_of_refund(world: World, number: str) -> bool:
    return world.charging.refunds.hear(world.attempts()[0].terminal_id, number)


def test_news_of_a_refund_that_was_given_up_is_asked_about(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    number = arrives(world, 500_000)
    assert news_of_refund(world, number)
    world.tick()
    world.settle()
    assert booked_refunds(world) == [500_000]
    news_of_refund(world, number)
    assert the_refund(world).look_up_at is None
    assert world.sound()


def test_false_news_of_a_refund_that_was_given_up_is_asked_about_once(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    before = the_refund(world)
    assert news_of_refund(world, before.refund_number)
    world.tick()
    after = the_refund(world)
    assert (after.state, after.reason, after.look_up_at) == (before.state, before.reason, None)
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"


def test_news_of_a_refund_that_was_given_up_and_made_anew_is_none(world: World, charge_id: int) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    again = world.charging.refunds.refund(charge_id, 500_000)
    assert (again.refund_id, again.state) == (2, "succeeded")
    news_of_refund(world, f"{world.attempts()[0].order_number}-R1")
    assert the_refund(world).look_up_at is None
    world.settle()
    assert booked_refunds(world) == [500_000]


def test_a_late_refund_that_was_booked_by_the_total_is_not_booked_again_under_its_number(
    world: World, charge_id: int
) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    number = arrives(world, 500_000)
    told_of_given_back(world, 500_000)
    world.tick()
    assert booked_refunds(world) == [500_000]
    with world.database.write() as session:
        session.get_one(Refund, 1).look_up_at = world.clock()  # its own notice came first
    world.tick()
    assert news_of_refund(world, number)
    world.settle()
    assert booked_refunds(world) == [500_000]
    assert the_refund(world).look_up_at is None
    assert world.sound()


def test_a_refund_that_was_declined_is_none_of_which_its_acquirer_says_that_it_was_done(
    world: World, charge_id: int
) -> None:
    world.bank.refund_script = ["declined"]
    world.charging.refunds.refund(charge_id, 500_000)
    assert not news_of_refund(world, the_refund(world).refund_number)
    assert not news_of_refund(world, "another")
    assert the_refund(world).look_up_at is None


def test_news_of_a_refund_that_comes_while_it_is_given_up_is_not_lost(
    world: World, charge_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bank.refund_script = ["lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)

    def overtaken(credentials: BankCredentials, order: RefundOrder) -> None:
        monkeypatch.undo()
        news_of_refund(world, arrives(world, 500_000))

    monkeypatch.setattr(world.bank, "fetch_refund", overtaken)
    world.tick(minutes=1, seconds=1)
    world.tick(seconds=1)
    assert booked_refunds(world) == [500_000]
    assert world.sound()


def test_a_trouble_with_asking_what_went_back_is_told_until_it_was_answered(world: World, charge_id: int) -> None:
    told_of_given_back(world, 700_000)
    world.bank.look_up_script = ["lost"]
    world.tick()
    assert world.attempts()[0].reason == "bank: no answer"
    world.settle()
    assert (booked_refunds(world), world.attempts()[0].reason) == ([700_000], "")

"""A client may allow no more than so much at once or in a period: what is above it is not sent."""

import threading
from typing import Any

import pytest

from calculations.refusal import Refusal
from customers.consents import ConsentGiven, note_consent
from storage.model import Consent, SavedCard
from tests.billing.world import World


def limit(world: World, amount: int, period: str, currency: str = "RUB") -> None:
    with world.database.write() as session:
        consent = session.get_one(Consent, 1)
        consent.limit_amount, consent.limit_currency, consent.limit_period = amount, currency, period


@pytest.mark.parametrize(("amount", "charged"), [(2_500_000, True), (2_499_999, False)])
def test_a_limit_of_one_charge(world: World, amount: int, charged: bool) -> None:
    limit(world, amount, "")
    if charged:
        assert world.charge().status == "succeeded"
    else:
        assert world.refused().code == "consent_limit"
        assert world.bank.asked == []


# The clock stands at 12:00 of Saturday 31 January 2026 in Moscow.
@pytest.mark.parametrize(
    ("period", "later"),
    [("day", {"hours": 12}), ("week", {"days": 2}), ("month", {"hours": 12}), ("year", {"days": 335})],
)
def test_a_limit_of_a_period_begins_anew_with_the_portals_next_one(
    world: World, period: str, later: dict[str, Any]
) -> None:
    limit(world, 3_000_000, period)
    assert world.charge().status == "succeeded"
    refusal = world.refused(key="due:D_6")
    assert refusal.code == "consent_limit"
    assert "25000.00 was taken" in refusal.en
    world.clock.forward(**later)
    assert world.again(key="due:D_7").status == "succeeded"


def test_a_limit_in_another_currency_allows_nothing(world: World) -> None:
    limit(world, 3_000_000, "month", "USD")
    assert world.refused().code == "consent_limit"


def test_what_may_have_been_taken_counts(world: World) -> None:
    limit(world, 3_000_000, "month")
    world.bank.script = ["lost_before"]
    world.charge()
    assert world.refused(key="due:D_6").code == "consent_limit"


def test_a_limit_holds_from_the_moment_in_which_its_consent_replaces_another(either_world: World) -> None:
    world, told = either_world, list[str]()
    given = ConsentGiven(
        words="w", text_version="1", given_at=world.clock(), evidence={}, limit_amount=100, limit_currency="RUB"
    )

    def charge() -> None:
        try:
            told.append(world.charge().status)
        except Refusal as refusal:
            told.append(refusal.code)

    meanwhile = threading.Thread(target=charge)
    with world.database.write() as session:
        note_consent(session, session.get_one(SavedCard, 1), given)
        meanwhile.start()
        meanwhile.join(1)
    meanwhile.join(20)
    assert told == ["consent_limit"]
    assert world.money() == []

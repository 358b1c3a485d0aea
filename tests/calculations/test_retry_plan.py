"""The plan of further tries: which day, which hour, how often at most, and why never."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.refusal import Refusal
from calculations.retry_plan import (
    BETWEEN_TRIES,
    CIVIL_FROM,
    CIVIL_TO,
    DAYS,
    LIMITS,
    MINUTES,
    Decline,
    Instrument,
    Retry,
    parse_days,
    plan_retry,
)

MOSCOW = ZoneInfo("Europe/Moscow")
VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")
NOON = datetime(2026, 1, 31, 9, tzinfo=UTC)  # in Moscow
DAY = timedelta(days=1)


def plan(decline: Decline = Decline.soft, tries: list[datetime] | None = None, **given: Any) -> Retry:
    asked = tries or [NOON]
    return plan_retry(decline, asked, **{"now": asked[-1], "zone": MOSCOW, **given})


def test_a_soft_decline_is_tried_again_after_one_three_five_and_seven_days() -> None:
    tries = [NOON]
    for days in DAYS:
        moment = plan(tries=tries).at
        assert moment == NOON + days * DAY
        tries.append(moment)
    over = plan(tries=tries)
    assert (over.at, over.code) == (None, "plan_used_up")
    assert "4" in over.ru


def test_a_day_that_passed_while_a_try_was_open_is_not_made_up_for() -> None:
    assert plan(now=NOON + 4 * DAY).at == NOON + 5 * DAY
    assert plan(tries=[NOON, NOON + 2.5 * DAY]).at == NOON + 5 * DAY  # the third day is too close to the last try


def test_a_portal_has_days_of_its_own_or_none() -> None:
    assert plan(days=(2, 10)).at == NOON + 2 * DAY
    assert plan(tries=[NOON, NOON + 2 * DAY], days=(2, 10)).at == NOON + 10 * DAY
    for decline in (Decline.soft, Decline.technical):
        never = plan(decline, days=(), technical_failures=1)
        assert (never.at, never.code) == (None, "policy")


@pytest.mark.parametrize(
    ("text", "days"), [("1, 3, 5, 7", (1, 3, 5, 7)), ("2", (2,)), ("1 30", (1, 30)), ("no", ()), (" Нет ", ())]
)
def test_days_are_read_as_people_write_them(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "0", "1, 1", "3, 1", "31", "1, two", "-1", "1.5", "yes"])
def test_what_are_no_days_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_days(text)
    assert text in caught.value.ru
    assert "1, 3, 5, 7" in caught.value.en


@pytest.mark.parametrize(
    ("given", "code", "word"),
    [
        ({"has_consent": False}, "consent_withdrawn", "согласие"),
        ({"decline": Decline.hard}, "hard_decline", "Банк"),
        ({"expires_on": date(2026, 1, 31)}, "card_expired", "2026-01-31"),
    ],
)
def test_some_cards_are_never_charged_again(given: dict[str, Any], code: str, word: str) -> None:
    never = plan(**given)
    assert (never.at, never.code) == (None, code)
    assert word in never.ru
    assert never.en


def test_a_withdrawn_consent_weighs_more_than_every_other_reason() -> None:
    assert plan(Decline.hard, has_consent=False).code == "consent_withdrawn"


def test_a_card_is_good_on_its_last_day() -> None:
    assert plan(expires_on=date(2026, 2, 1)).at == NOON + DAY


def test_a_technical_failure_is_tried_within_the_day_then_like_a_soft_one() -> None:
    for failures, minutes in enumerate(MINUTES, start=1):
        again = plan(Decline.technical, technical_failures=failures)
        assert (again.at, again.code) == (NOON + timedelta(minutes=minutes), "technical")
    assert plan(Decline.technical, technical_failures=len(MINUTES) + 1).at == NOON + DAY


def test_the_clients_night_is_left_alone() -> None:
    late = datetime(2026, 1, 31, 19, 30, tzinfo=UTC)  # 22:30 in Moscow
    assert plan(tries=[late]).at == datetime(2026, 2, 2, 6, tzinfo=UTC)  # 9:00, the morning after the next evening
    early = datetime(2026, 1, 31, 5, tzinfo=UTC)  # 8:00 in Moscow, 15:00 in Vladivostok
    assert plan(tries=[early]).at == datetime(2026, 2, 3, 5, tzinfo=UTC) - 2 * DAY + timedelta(hours=1)
    assert plan(tries=[early], zone=VLADIVOSTOK).at == early + DAY


@pytest.mark.parametrize(
    ("instrument", "on", "tries"),
    [
        (Instrument.visa, date(2025, 5, 24), 15),  # Visa Core Rules: 15 further tries before May 2025, 20 since
        (Instrument.visa, date(2026, 1, 31), 20),
        (Instrument.mastercard, date(2026, 1, 31), 34),
    ],
)
def test_a_schemes_limit_in_thirty_days_is_kept(instrument: Instrument, on: date, tries: int) -> None:
    last = datetime(on.year, on.month, on.day, 9, tzinfo=UTC)
    before = [last - timedelta(hours=20 * number) for number in reversed(range(tries + 1))]
    plenty = plan(tries=[last - 40 * DAY, *before[1:]], instrument=instrument, now=last)
    assert plenty.code == "plan_used_up"  # of the first try's days none is left
    series = plan_retry(Decline.technical, before, now=last, zone=MOSCOW, instrument=instrument, technical_failures=1)
    assert series.at is None
    assert series.code == "limit_reached"
    fewer = plan_retry(
        Decline.technical, before[2:], now=last, zone=MOSCOW, instrument=instrument, technical_failures=1
    )
    assert fewer.at == last + timedelta(minutes=MINUTES[0])


def test_an_account_in_sbp_is_asked_once_an_hour_at_most() -> None:
    again = plan(Decline.technical, instrument=Instrument.sbp, technical_failures=1)
    assert again.at == NOON + DAY
    later = plan(Decline.technical, instrument=Instrument.sbp, technical_failures=3)
    assert later.at == NOON + timedelta(hours=4)


def test_a_series_has_a_first_try() -> None:
    with pytest.raises(ValueError, match="first"):
        plan_retry(Decline.soft, [], now=NOON, zone=MOSCOW)


@given(
    st.integers(0, 20 * 86_400),
    st.integers(0, 20 * 86_400),
    st.sampled_from(Instrument),
    st.sampled_from([MOSCOW, VLADIVOSTOK, ZoneInfo("Europe/Berlin")]),
)
def test_the_next_try_lies_ahead_by_day_and_never_within_a_day_of_the_last(
    sent: int, later: int, instrument: Instrument, zone: ZoneInfo
) -> None:
    tries = [NOON, NOON + timedelta(seconds=sent)]
    now = tries[-1] + timedelta(seconds=later)
    again = plan_retry(Decline.soft, tries, now=now, zone=zone, instrument=instrument)
    if again.at is None:
        assert now >= NOON + 6 * DAY or tries[-1] > NOON + 6 * DAY
        return
    assert again.at > now
    assert again.at >= tries[-1] + BETWEEN_TRIES
    assert again.at.tzinfo is UTC
    assert CIVIL_FROM <= again.at.astimezone(zone).time() < CIVIL_TO


def test_every_limit_names_a_scheme_once_for_a_stretch_and_a_date() -> None:
    named = [(one.instrument, one.within, one.valid_from) for one in LIMITS]
    assert len(set(named)) == len(named)

"""Shares: percentages and weights people write, split by the largest remainder."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from calculations.percent import parse_percent, parse_sum_or_percent, percent_text
from calculations.refusal import Refusal
from calculations.shares import parse_shares, split_by_shares
from tests.calculations.refusals import refused

TENTH = Fraction(1, 10)


@pytest.mark.parametrize(
    ("value", "tenths"),
    [
        ("50%, 30%, 20%", (5, 3, 2)),
        ("50%,30%,20%", (5, 3, 2)),
        ("50 %; 30 %; 20 %", (5, 3, 2)),
        ("50%\n30%\n20%", (5, 3, 2)),
        ("50%, 30%, rest", (5, 3, 2)),
        ("50%,30%,Остаток", (5, 3, 2)),
        ("5, 3, 2", (5, 3, 2)),
        ("5,3,2", (5, 3, 2)),
        ("2.5; 1,5; 1", (5, 3, 2)),
        (["50%", "30%", "20%"], (5, 3, 2)),
        (["50", "30", "20"], (5, 3, 2)),
        (["50%, 30%, 20%"], (5, 3, 2)),
        (["2,5", "1,5", "1"], (5, 3, 2)),
        ("100%", (10,)),
        ("rest", (10,)),
    ],
)
def test_percentages_and_weights_are_read(value: str | list[str], tenths: tuple[int, ...]) -> None:
    assert parse_shares(value) == tuple(TENTH * share for share in tenths)


@pytest.mark.parametrize(
    ("value", "weights"),
    [
        ("50,5, 49,5", (505, 495)),
        ("1,5, 2", (15, 20)),
        ("2, 1,5", (20, 15)),
        ("2, 1,5,", (20, 15)),
        ("1,5", (1, 5)),
        ("1,5,", (1, 5)),
        ("1,5,2", (1, 5, 2)),
        ("1, 5, 2", (1, 5, 2)),
        ("1,5; 2", (15, 20)),
        ("1,5;", (1,)),
        ("1,5\n2", (15, 20)),
        (["1,5", "2"], (15, 20)),
        (["1,5, 2"], (15, 20)),
        ("1.5,2", (15, 20)),
    ],
)
def test_a_comma_between_weights_separates_unless_others_have_a_space(
    value: str | list[str], weights: tuple[int, ...]
) -> None:
    assert parse_shares(value) == tuple(Fraction(weight, sum(weights)) for weight in weights)


@pytest.mark.parametrize("value", ["5 ,3, 2", ["50%, 30%", "20%"], "1,5,2, 3"])
def test_what_is_neither_one_weight_nor_two_is_refused(value: str | list[str]) -> None:
    with refused("shares_not_understood"):
        parse_shares(value)


def test_percentages_may_have_decimals() -> None:
    assert parse_shares("33.33%, 33.33%, 33.34%") == (
        Fraction(3333, 10000),
        Fraction(3333, 10000),
        Fraction(3334, 10000),
    )
    assert parse_shares("33,5%, 66,5%") == (Fraction(335, 1000), Fraction(665, 1000))
    assert parse_shares("33,5%,66,5%") == (Fraction(335, 1000), Fraction(665, 1000))
    assert parse_shares("50%,30%, 20%") == (Fraction(5, 10), Fraction(3, 10), Fraction(2, 10))
    assert parse_shares("33,5%,rest") == (Fraction(335, 1000), Fraction(665, 1000))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "shares_missing"),
        (" , ", "shares_missing"),
        ([], "shares_missing"),
        ("50%, 30%", "shares_not_100"),
        ("33.33%, 33.33%, 33.33%", "shares_not_100"),
        ("50.01%, 50%", "shares_not_100"),
        ("50%, 50%, rest", "shares_not_100"),
        ("60%, 50%, rest", "shares_not_100"),
        ("50%, 50", "shares_mixed"),
        ("50%, rest, 20%", "shares_rest_not_last"),
        ("5, 3, rest", "shares_rest_of_weights"),
        ("0%, 100%", "shares_not_positive"),
        ("0, 1", "shares_not_positive"),
        ("-1, 2", "shares_not_understood"),
        ("half, half", "shares_not_understood"),
        ("50/50", "shares_not_understood"),
        ("1," * 12_001, "too_many_parts"),
    ],
)
def test_shares_that_do_not_make_a_whole_are_refused(value: str | list[str], code: str) -> None:
    with refused(code):
        parse_shares(value)


def test_the_refusal_says_what_the_percentages_make() -> None:
    with refused("shares_not_100", "33.33%, 33.33%, 33.33%", "99.99%"):
        parse_shares("33.33%, 33.33%, 33.33%")
    with refused("shares_not_100", "100.01%"):
        parse_shares("50.01%; 50%")


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        # Fowler: 5 cents by 70 : 30; the exact parts 3.5 and 1.5 lose the same half, the earlier one wins
        (5, (7, 3), (4, 1)),
        (100, (1, 1, 1), (34, 33, 33)),
        # exact 1.25, 1.25, 2.5 -> floors 1, 1, 2; the largest loss is the third's
        (5, (1, 1, 2), (1, 1, 3)),
        # exact 14.285, 28.571, 57.142 -> 14, 28, 57; the second lost most
        (100, (1, 2, 4), (14, 29, 57)),
        (10001, (50, 30, 20), (5001, 3000, 2000)),
    ],
)
def test_leftovers_go_to_the_largest_lost_fraction_then_to_the_earlier_part(
    total: int, weights: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    parts = split_by_shares(Money(total, "RUB"), [Fraction(weight) for weight in weights])
    assert tuple(part.minor for part in parts) == expected


@given(st.integers(10**6, 10**13), st.lists(st.integers(1, 1000), min_size=1, max_size=40))
def test_parts_add_up_and_none_is_a_unit_off_its_exact_share(total: int, weights: list[int]) -> None:
    money = Money(total, "RUB")
    parts = split_by_shares(money, [Fraction(weight) for weight in weights])
    assert sum(part.minor for part in parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(total * weight, whole)) < 1
    assert split_by_shares(-money, [Fraction(weight) for weight in weights]) == tuple(-part for part in parts)


def test_a_share_that_rounds_to_nothing_is_refused() -> None:
    with refused("zero_part", "0.02 RUB", "3", "0.03 RUB"):
        split_by_shares(Money(2, "RUB"), [Fraction(1)] * 3)
    with refused("zero_part", "0.05 RUB", "2", "1.00 RUB"):
        split_by_shares(Money(5, "RUB"), [Fraction(98), Fraction(1), Fraction(1)])
    with refused("shares_not_positive"):
        split_by_shares(Money(2, "RUB"), [Fraction(1), Fraction(0)])
    with refused("parts_not_positive", "0"):
        split_by_shares(Money(2, "RUB"), [])


@given(st.integers(1, 300), st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_the_sum_named_in_the_refusal_of_a_zero_works(total: int, weights: list[int]) -> None:
    shares = [Fraction(weight) for weight in weights]
    try:
        split_by_shares(Money(total, "RUB"), shares)
    except Refusal as refusal:
        said = refusal.en
    else:
        return
    assert ("make it larger" in said) == (total >= len(shares))
    enough = Money.parse(said.split("a sum of ")[1].removesuffix(" or more"))
    assert enough.minor > total
    assert all(split_by_shares(enough, shares))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("12.5", Fraction(1, 8)),
        ("12,5%", Fraction(1, 8)),
        (" 12,5 % ", Fraction(1, 8)),
        ("0", Fraction(0)),
        ("-0", Fraction(0)),
        ("365", Fraction(365, 100)),
        ("0.01%", Fraction(1, 10000)),
    ],
)
def test_a_percentage_is_read_exactly(text: str, share: Fraction) -> None:
    assert parse_percent(text) == share


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "percent_not_understood"),
        ("twelve", "percent_not_understood"),
        ("1e3", "percent_not_understood"),
        ("12.5.1", "percent_not_understood"),
        ("-1", "percent_negative"),
        ("10001", "percent_too_large"),
    ],
)
def test_what_is_no_percentage_is_refused(text: str, code: str) -> None:
    with refused(code, text):
        parse_percent(text)


def test_a_down_payment_is_a_percentage_or_a_sum() -> None:
    assert parse_sum_or_percent("20%", "RUB") == Fraction(1, 5)
    assert parse_sum_or_percent("10 000,50", "RUB") == Money(1000050, "RUB")


@pytest.mark.parametrize(
    ("share", "text"), [(Fraction(1, 2), "50"), (Fraction(1, 3), "33.333"), (Fraction(1, 8), "12.5")]
)
def test_a_share_is_shown_as_a_percentage(share: Fraction, text: str) -> None:
    assert percent_text(share) == text

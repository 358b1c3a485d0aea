"""Splits: parts add up exactly, leftovers go where the named method says, nothing is zero."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from calculations.refusal import Refusal
from calculations.split import Remainder, split, split_minor
from tests.calculations.refusals import refused

totals = st.integers(1, 10**13)
OFFERS = {
    "sum": re.compile(r"a sum from ([0-9.]+ RUB)"),
    "count": re.compile(r"a count of at most ([0-9]+)"),
    "unit": re.compile(r"a rounding unit of at most ([0-9.]+ RUB)"),
}


def rub(*kopecks: int) -> tuple[Money, ...]:
    return tuple(Money(part, "RUB") for part in kopecks)


@pytest.mark.parametrize(
    ("total", "parts", "remainder", "expected"),
    [
        # Fowler's example of allocation (Patterns of Enterprise Application Architecture, Money): 5 cents 1 : 1
        (5, 2, Remainder.spread_first, (3, 2)),
        (10000, 3, Remainder.spread_first, (3334, 3333, 3333)),
        (10000, 3, Remainder.spread_last, (3333, 3333, 3334)),
        (10000, 3, Remainder.remainder_first, (3334, 3333, 3333)),
        (10000, 3, Remainder.remainder_last, (3333, 3333, 3334)),
        (20000, 3, Remainder.spread_first, (6667, 6667, 6666)),
        (20000, 3, Remainder.spread_last, (6666, 6667, 6667)),
        (20000, 3, Remainder.remainder_first, (6668, 6666, 6666)),
        (20000, 3, Remainder.remainder_last, (6666, 6666, 6668)),
        (12, 12, Remainder.spread_first, (1,) * 12),
        (7, 1, Remainder.remainder_last, (7,)),
    ],
)
def test_leftover_kopecks_go_where_the_method_says(
    total: int, parts: int, remainder: Remainder, expected: tuple[int, ...]
) -> None:
    assert split(Money(total, "RUB"), parts, remainder) == rub(*expected)


@pytest.mark.parametrize(
    ("total", "parts", "remainder", "expected"),
    [
        # 1 234.56 into 3 by 100: 12 hundreds and 34.56
        (123456, 3, Remainder.spread_first, (43456, 40000, 40000)),
        (123456, 3, Remainder.spread_last, (40000, 40000, 43456)),
        (123456, 3, Remainder.remainder_first, (43456, 40000, 40000)),
        (123456, 3, Remainder.remainder_last, (40000, 40000, 43456)),
        # 1 434.56 into 3: 14 hundreds and 34.56; two hundreds are over
        (143456, 3, Remainder.spread_first, (53456, 50000, 40000)),
        (143456, 3, Remainder.spread_last, (40000, 50000, 53456)),
        (143456, 3, Remainder.remainder_first, (63456, 40000, 40000)),
        (143456, 3, Remainder.remainder_last, (40000, 40000, 63456)),
    ],
)
def test_a_rounding_unit_spreads_whole_units_or_rounds_the_base_down(
    total: int, parts: int, remainder: Remainder, expected: tuple[int, ...]
) -> None:
    assert split(Money(total, "RUB"), parts, remainder, Money(10000, "RUB")) == rub(*expected)


def test_a_unit_of_zero_is_no_unit() -> None:
    assert split(Money(10000, "RUB"), 3, unit=Money(0, "RUB")) == rub(3334, 3333, 3333)


@given(totals, st.integers(1, 200), st.sampled_from(Remainder), st.integers(1, 10**6))
def test_parts_add_up_and_differ_by_what_the_method_allows(
    total: int, parts: int, remainder: Remainder, unit: int
) -> None:
    sums = split_minor(total, parts, remainder, unit)
    assert sum(sums) == total
    assert len(sums) == parts
    odd = 0 if remainder in (Remainder.spread_first, Remainder.remainder_first) else -1
    others = sums[1:] if odd == 0 else sums[:-1]
    assert all(part % unit == 0 for part in others)
    if remainder in (Remainder.remainder_first, Remainder.remainder_last):
        assert len(set(others)) <= 1
        assert all(part <= sums[odd] for part in others)
    else:
        whole = [part - part % unit for part in sums]
        assert max(whole) - min(whole) <= unit
        assert whole == sorted(whole, reverse=odd == 0)


@given(totals, st.integers(1, 50), st.sampled_from(Remainder), st.integers(0, 10**4))
def test_a_negative_total_is_the_mirror_image(total: int, parts: int, remainder: Remainder, unit: int) -> None:
    money, step = Money(total, "RUB"), Money(unit, "RUB")
    if parts > max(1, total // max(1, unit)):
        return
    assert split(-money, parts, remainder, step) == tuple(-part for part in split(money, parts, remainder, step))


@given(st.integers(1, 500), st.integers(1, 600), st.sampled_from(Remainder), st.integers(1, 40))
def test_a_zero_part_is_refused_and_the_count_and_the_sum_named_work(
    total: int, parts: int, remainder: Remainder, unit: int
) -> None:
    money, step = Money(total, "RUB"), Money(unit, "RUB")
    most = max(count for count in range(1, total + 1) if 0 not in split_minor(total, count, remainder, unit))
    if parts <= most:
        assert all(split(money, parts, remainder, step))
        return
    enough = Money(parts * unit, "RUB")
    with refused("zero_part", str(money), str(parts), f"{most}", str(enough)):
        split(money, parts, remainder, step)
    assert all(split(enough, parts, remainder, step))


@given(
    st.integers(1, 500), st.integers(2, 600), st.sampled_from(Remainder), st.integers(1, 10**5), st.sampled_from([1, 2])
)
def test_all_that_the_refusal_of_a_zero_offers_is_accepted(
    total: int, parts: int, remainder: Remainder, unit: int, fewest: int
) -> None:
    money, step = Money(total, "RUB"), Money(unit, "RUB")
    try:
        split(money, parts, remainder, step, fewest=fewest)
    except Refusal as refusal:
        said = refusal.en
    else:
        return
    assert (f"rounded to {step}" in said) == (unit > 1)
    offered = {what: read for what, read in OFFERS.items() if read.search(said)}
    assert "sum" in offered
    assert ("unit" in offered) == (total >= parts)
    assert ("count" in offered) == (max(1, total // unit) >= fewest)
    for what, read in offered.items():
        [value] = read.findall(said)
        if what == "sum":
            assert all(split(Money.parse(value), parts, remainder, step))
        elif what == "unit":
            assert all(split(money, parts, remainder, Money.parse(value)))
        else:
            assert fewest <= int(value) < parts
            assert all(split(money, int(value), remainder, step))


def test_nine_hundred_into_twelve_by_a_hundred_is_refused() -> None:
    with refused("zero_part", "900.00 RUB", "12", "9"):
        split(Money(90000, "RUB"), 12, Remainder.remainder_last, Money(10000, "RUB"))


@pytest.mark.parametrize("parts", [0, -1])
def test_a_count_below_one_is_refused(parts: int) -> None:
    with refused("parts_not_positive", str(parts)):
        split(Money(100, "RUB"), parts)


def test_other_senseless_input_is_refused() -> None:
    with refused("too_many_parts", "12001"):
        split(Money(10**9, "RUB"), 12_001)
    with refused("amount_zero", "0.00 RUB"):
        split(Money(0, "RUB"), 2)
    with refused("unit_negative", "-1.00 RUB"):
        split(Money(100, "RUB"), 2, unit=Money(-100, "RUB"))
    with refused("currency_mismatch"):
        split(Money(100, "RUB"), 2, unit=Money(1, "USD"))

"""A register's lines beside our movements: every one of both is told of exactly once, and only equal ones agree."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.register_comparison import Movement, compare
from calculations.money import Money
from gateways import RegisterLine

DAY, DAY_BEFORE = date(2026, 1, 31), date(2026, 1, 30)
AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def line(
    kind: Literal["charge", "refund"] = "charge", amount: int = 100, order: str = "A", **more: Any
) -> RegisterLine:
    return RegisterLine(kind, order, more.get("payment", ""), Money(amount, more.get("currency", "RUB")), AT)


def ours(kind: Literal["charge", "refund"] = "charge", amount: int = 100, order: str = "A", **more: Any) -> Movement:
    return Movement(
        kind=kind,
        charge_id=1,
        order_number=order,
        payment_id=more.get("payment", f"p-{order}"),
        number=f"{order}-R1" if kind == "refund" else "",
        amount=Money(amount, "RUB"),
        state=more.get("state", "succeeded"),
        on=more.get("on", DAY),
        sent_on=more.get("sent_on", DAY),
    )


def verdicts(lines: list[RegisterLine], movements: list[Movement]) -> list[str]:
    return [row.verdict for row in compare(lines, movements, DAY)]


@pytest.mark.parametrize(
    ("lines", "movements", "expected"),
    [
        ([line()], [ours()], ["agrees"]),
        ([line(order="", payment="p-A")], [ours()], ["agrees"]),
        ([line(amount=101)], [ours()], ["other_sum"]),
        ([line(payment="p-B")], [ours(), ours(order="B", on=DAY_BEFORE)], ["two_orders"]),
        ([line(payment="of nobody")], [ours()], ["agrees"]),
        ([replace(line(), at=AT - timedelta(days=1))], [ours()], ["other_day"]),
        ([replace(line(), at=None)], [ours()], ["agrees"]),
        ([replace(line(), at=None)], [ours(on=DAY_BEFORE)], ["other_day"]),
        ([line(currency="USD")], [ours()], ["other_sum"]),
        ([line("refund")], [ours()], ["other_kind"]),
        ([line("refund", amount=50)], [ours()], ["missing_here", "missing_there"]),
        ([line()], [ours(state="unknown", on=None)], ["open_here"]),
        ([line(amount=7)], [ours(state="pending", on=None)], ["open_here"]),
        ([line()], [ours(state="declined", on=None)], ["missing_here"]),
        ([line()], [], ["missing_here"]),
        ([], [ours()], ["missing_there"]),
        ([], [ours(on=DAY_BEFORE)], []),
        ([], [ours(state="unknown", on=None)], []),
        ([line()], [ours(on=DAY_BEFORE)], ["agrees"]),
        ([line(), line()], [ours()], ["missing_here", "agrees"]),
        (
            [line(), line("refund", 40), line("refund", 40)],
            [ours(), ours("refund", 40)],
            ["missing_here"] + ["agrees"] * 2,
        ),
        ([line("refund", 30), line("refund", 40)], [ours("refund", 40), ours("refund", 30)], ["agrees"] * 2),
        ([line("refund", 30)], [ours("refund", 30, state="unknown", on=None)], ["open_here"]),
    ],
)
def test_verdicts(lines: list[RegisterLine], movements: list[Movement], expected: list[str]) -> None:
    assert verdicts(lines, movements) == expected


def test_notes_say_what_to_look_at() -> None:
    rows = compare([line(), line()], [ours(on=DAY_BEFORE)], DAY)
    assert [row.note for row in rows] == ["listed more than once", "settled here on 2026-01-30"]
    [row] = compare([], [ours(sent_on=DAY_BEFORE)], DAY)
    assert row.note == "sent on 2026-01-30: see that day's register too"
    [row] = compare([line()], [ours(state="declined", on=None)], DAY)
    assert row.note == "declined here, the acquirer is asked about it"


KINDS = st.sampled_from(["charge", "refund"])
AMOUNTS = st.integers(1, 3)
ORDERS = st.sampled_from(["A", "B"])
LINES = st.lists(st.builds(line, KINDS, AMOUNTS, ORDERS), max_size=6)
MOVEMENTS = st.lists(
    st.builds(
        ours,
        KINDS,
        AMOUNTS,
        ORDERS,
        state=st.sampled_from(["succeeded", "unknown"]),
        on=st.sampled_from([DAY, DAY_BEFORE]),
    ),
    max_size=6,
)


@given(LINES, MOVEMENTS)
def test_each_line_and_each_movement_of_the_day_is_told_of_once(
    lines: list[RegisterLine], movements: list[Movement]
) -> None:
    rows = compare(lines, movements, DAY)
    assert sum(row.theirs is not None for row in rows) == len(lines)
    theirs = Counter((row.kind, row.theirs) for row in rows if row.theirs)
    assert theirs == Counter((one.kind, one.amount) for one in lines)
    of_day = [one for one in movements if one.took_place and one.on == DAY]
    assert len(of_day) <= sum(row.ours is not None for row in rows) <= len(movements)
    assert all(row.theirs == row.ours for row in rows if row.verdict == "agrees")


@given(MOVEMENTS)
def test_a_register_of_exactly_what_we_hold_agrees_in_any_order(movements: list[Movement]) -> None:
    of_day = [one for one in movements if one.took_place and one.on == DAY]
    lines = [line(one.kind, one.amount.minor, one.order_number) for one in reversed(of_day)]
    assert set(verdicts(lines, of_day)) <= {"agrees"}

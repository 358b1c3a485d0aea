"""Debt: buckets in order, overpayment by policy, refunds in reverse order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.debt import (
    DEFAULT_ORDER,
    Applied,
    Bucket,
    Debt,
    Overpayment,
    apply_payment,
    parse_order,
    refund,
)
from calculations.money import Money
from tests.calculations.refusals import refused

COSTS, INTEREST, PRINCIPAL, PENALTY = Bucket.costs, Bucket.interest, Bucket.principal, Bucket.penalty


def rub(kopecks: int) -> Money:
    return Money(kopecks, "RUB")


def debt(costs: int, interest: int, principal: int, penalty: int) -> Debt:
    return Debt(costs=rub(costs), interest=rub(interest), principal=rub(principal), penalty=rub(penalty))


def sums(applied: Applied) -> tuple[int, int, int, int, int]:
    return (
        applied.costs.minor,
        applied.interest.minor,
        applied.principal.minor,
        applied.penalty.minor,
        applied.overpayment.minor,
    )


kopecks = st.integers(0, 10**9)
debts = st.builds(debt, kopecks, kopecks, st.integers(-(10**6), 10**9), kopecks)
orders = st.sampled_from([tuple(order) for order in permutations(Bucket)])
payments = st.integers(1, 5 * 10**9).map(rub)
lenient = st.sampled_from([Overpayment.credit, Overpayment.negative])

OWED = debt(costs=1000, interest=2000, principal=30000, penalty=500)


@pytest.mark.parametrize(
    ("payment", "expected"),
    [
        (400, (400, 0, 0, 0, 0)),
        (1000, (1000, 0, 0, 0, 0)),
        (1500, (1000, 500, 0, 0, 0)),
        (5000, (1000, 2000, 2000, 0, 0)),
        (33200, (1000, 2000, 30000, 200, 0)),
        (33500, (1000, 2000, 30000, 500, 0)),
        (40000, (1000, 2000, 30000, 500, 6500)),
    ],
)
def test_a_payment_covers_costs_interest_principal_then_penalty(
    payment: int, expected: tuple[int, int, int, int, int]
) -> None:
    """Civil Code art. 319; penalties after the principal."""
    assert sums(apply_payment(OWED, rub(payment))) == expected


def test_another_order_is_followed() -> None:
    order = parse_order("principal, penalty, interest, costs")
    assert sums(apply_payment(OWED, rub(31000), order=order)) == (0, 500, 30000, 500, 0)


@pytest.mark.parametrize(
    ("policy", "left", "cleared"), [(Overpayment.credit, 0, True), (Overpayment.negative, -6500, True)]
)
def test_a_surplus_is_credit_or_a_principal_below_zero(policy: Overpayment, left: int, cleared: bool) -> None:
    done = apply_payment(OWED, rub(40000), overpayment=policy)
    assert done.overpayment == rub(6500)
    assert done.before.total == rub(33500)
    assert done.after.total == rub(left)
    assert done.after.cleared is cleared
    assert done.after.principal == rub(left)


def test_a_surplus_may_be_refused() -> None:
    with refused("overpayment", "400.00 RUB", "335.00 RUB", "65.00 RUB", "(credit)"):
        apply_payment(OWED, rub(40000), overpayment=Overpayment.reject)
    assert apply_payment(OWED, rub(33500), overpayment=Overpayment.reject).after.cleared


def test_a_refused_surplus_is_told_beside_what_the_payment_could_cover() -> None:
    """A credit balance in the principal pays no interest: of 5.00 the 3.00 of interest are covered."""
    with refused("overpayment", "5.00 RUB", "1.00 RUB", "3.00 RUB", "2.00 RUB"):
        apply_payment(debt(0, 300, -200, 0), rub(500), overpayment=Overpayment.reject)
    apply_payment(debt(0, 300, -200, 0), rub(300), overpayment=Overpayment.reject)


def test_where_nothing_is_owed_no_smaller_payment_is_advised() -> None:
    with refused("overpayment", "10.00 RUB", "-50.00 RUB", "(credit)") as caught:
        apply_payment(debt(0, 0, -5000, 0), rub(1000), overpayment=Overpayment.reject)
    assert "не больше" not in caught.value.ru


def test_cleared_speaks_of_all_four_buckets() -> None:
    assert not debt(0, 0, 0, 1).cleared
    assert debt(0, 0, 0, 0).cleared
    assert not apply_payment(debt(0, 0, 100, 50), rub(100)).after.cleared


def test_a_payment_after_the_debt_is_closed_is_all_surplus() -> None:
    assert sums(apply_payment(debt(0, 0, 0, 0), rub(100))) == (0, 0, 0, 0, 100)


def test_a_credit_balance_in_the_principal_takes_no_payment() -> None:
    done = apply_payment(debt(0, 300, -200, 0), rub(500))
    assert sums(done) == (0, 300, 0, 0, 200)
    assert done.after.principal == rub(-200)


@given(debts, payments, orders, lenient)
def test_nothing_is_lost_and_no_bucket_goes_below_zero(
    owed: Debt, payment: Money, order: tuple[Bucket, ...], policy: Overpayment
) -> None:
    done = apply_payment(owed, payment, order=order, overpayment=policy)
    assert sum(sums(done)) == payment.minor
    assert min(sums(done)) >= 0
    untouched = False
    for bucket in order:
        rest = max(0, owed.of_bucket(bucket).minor) - done.of_bucket(bucket).minor
        assert rest >= 0
        assert not untouched or done.of_bucket(bucket).minor == 0
        untouched = untouched or rest > 0
    assert not untouched or done.overpayment.minor == 0
    fallen = done.before.total - done.after.total
    assert fallen == (payment if policy is Overpayment.negative else payment - done.overpayment)


@given(debts, payments, orders, lenient)
def test_a_whole_refund_undoes_the_payment(
    owed: Debt, payment: Money, order: tuple[Bucket, ...], policy: Overpayment
) -> None:
    done = apply_payment(owed, payment, order=order, overpayment=policy)
    undone = refund(done.after, payment, original=done)
    assert undone.after == owed
    assert sums(undone) == tuple(-part for part in sums(done))


@given(st.builds(debt, kopecks, kopecks, st.integers(1, 10**9), kopecks), orders, st.data())
def test_without_a_surplus_every_policy_does_the_same_and_is_undone_the_same(
    owed: Debt, order: tuple[Bucket, ...], data: st.DataObject
) -> None:
    payment = rub(data.draw(st.integers(1, owed.total.minor)))
    done = {policy: apply_payment(owed, payment, order=order, overpayment=policy) for policy in Overpayment}
    assert len({sums(one) for one in done.values()}) == 1
    assert {refund(one.after, payment, original=one).after for one in done.values()} == {owed}


@given(debts, st.integers(2, 5 * 10**9), orders, lenient, st.data())
def test_a_refund_in_two_parts_is_the_same_as_in_one(
    owed: Debt, paid: int, order: tuple[Bucket, ...], policy: Overpayment, data: st.DataObject
) -> None:
    done = apply_payment(owed, rub(paid), order=order, overpayment=policy)
    first_part = rub(data.draw(st.integers(1, paid - 1)))
    first = refund(done.after, first_part, original=done)
    second = refund(first.after, rub(paid) - first_part, original=done.after_refund(first))
    assert second.after == owed
    assert done.after_refund(first).after_refund(second).amount == rub(0)


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        (6500, (0, 0, 0, 0, -6500)),
        (6800, (0, 0, 0, -300, -6500)),
        (7100, (0, 0, -100, -500, -6500)),
        (40000, (-1000, -2000, -30000, -500, -6500)),
    ],
)
def test_a_refund_restores_the_surplus_then_buckets_from_the_last(
    back: int, expected: tuple[int, int, int, int, int]
) -> None:
    done = apply_payment(OWED, rub(40000))
    assert sums(refund(done.after, rub(back), original=done)) == expected


def test_a_refund_of_an_unknown_payment_adds_to_the_principal() -> None:
    undone = refund(OWED, rub(700))
    assert undone.after == debt(1000, 2000, 30700, 500)
    assert sums(undone) == (0, 0, -700, 0, 0)


def test_a_refund_above_what_is_left_of_the_payment_is_refused() -> None:
    done = apply_payment(OWED, rub(500))
    with refused("refund_above_payment", "5.01 RUB", "5.00 RUB"):
        refund(done.after, rub(501), original=done)
    first = refund(done.after, rub(300), original=done)
    with refused("refund_above_payment", "3.00 RUB", "2.00 RUB"):
        refund(first.after, rub(300), original=done.after_refund(first))


@pytest.mark.parametrize("amount", [0, -100])
def test_a_payment_and_a_refund_must_be_above_zero(amount: int) -> None:
    with refused("payment_not_positive", rub(amount).text):
        apply_payment(OWED, rub(amount))
    with refused("refund_not_positive", rub(amount).text):
        refund(OWED, rub(amount))


def test_a_bucket_below_zero_is_refused() -> None:
    with refused("bucket_negative", "interest", "-0.01 RUB"):
        debt(0, -1, 0, 0)
    assert debt(0, 0, -1, 0).cleared


def test_currencies_do_not_mix() -> None:
    with refused("currency_mismatch"):
        apply_payment(OWED, Money(100, "USD"))
    with refused("currency_mismatch"):
        refund(OWED, Money(100, "USD"))
    with refused("currency_mismatch"):
        Debt.of(rub(100), interest=Money(1, "USD"))


def test_a_debt_of_principal_alone_has_empty_buckets() -> None:
    assert Debt.of(rub(100)) == debt(0, 0, 100, 0)
    assert Debt.of(rub(100), costs=rub(1), interest=rub(2), penalty=rub(3)) == debt(1, 2, 100, 3)


@pytest.mark.parametrize(
    "text",
    [
        "costs,interest,principal,penalty",
        " Costs, interest; principal penalty",
        "издержки, проценты, основной долг, неустойка",
        "Издержки; Проценты\nОсновной  долг неустойка",
        "costs, проценты, principal, неустойка",
        ["costs", "interest,principal", "penalty"],
    ],
)
def test_an_order_is_read_from_text_or_list(text: str | list[str]) -> None:
    assert parse_order(text) == DEFAULT_ORDER


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "order_missing"),
        ([], "order_missing"),
        ("costs,interest,body", "order_not_understood"),
        ("издержки, долг", "order_not_understood"),
        ("principal, основной долг", "order_repeats"),
        ("costs,costs", "order_repeats"),
    ],
)
def test_an_order_that_is_none_is_refused(text: str | list[str], code: str) -> None:
    with refused(code):
        parse_order(text)


def test_a_short_order_is_enough_while_the_other_buckets_are_empty() -> None:
    order = parse_order("interest,principal")
    assert sums(apply_payment(debt(0, 100, 200, 0), rub(250), order=order)) == (0, 100, 150, 0, 0)
    with refused("order_incomplete", "penalty", "5.00 RUB"):
        apply_payment(debt(0, 100, 200, 500), rub(250), order=order)
    assert COSTS not in order
    assert order == (INTEREST, PRINCIPAL)
    assert PENALTY not in order

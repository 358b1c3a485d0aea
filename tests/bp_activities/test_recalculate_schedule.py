"""Recalculate schedule without a portal: a loan given by its figures, after an early repayment."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from bp_activities.__main__ import answered

LOAN = {
    "principal": "900 000,00",
    "annual_rate": "12",
    "payment": "80000",
    "remaining_count": "12",
    "last_paid_date": "15.10.2026",
    "repayment_amount": "200000",
    "repayment_date": "01.11.2026",
}
KOPECK = Decimal("0.01")


def invoke(today: str = "2026-11-02", **properties: object) -> dict[str, Any]:
    return dict(answered("recalculate_schedule", properties, today).values)


def sums(texts: list[str]) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def left_after_the_repayment() -> Decimal:
    """17 days at 12 % of a common year's 365, and the rest of the repayment off the principal."""
    accrued = (Decimal(900_000) * 12 * 17 / 36_500).quantize(KOPECK, ROUND_HALF_UP)
    return Decimal(900_000) - (200_000 - accrued)


def test_reducing_the_payment_keeps_the_dates_and_makes_a_new_annuity_of_what_is_left() -> None:
    result = invoke(**LOAN, mode="reduce_payment")
    left = left_after_the_repayment()
    payment = (left * Decimal("0.01") / (1 - Decimal("1.01") ** -12)).quantize(KOPECK, ROUND_HALF_UP)
    assert result["payments_count"] == 12
    assert result["last_date"] == "2027-10-15"
    assert set(sums(result["row_amounts"][:-1])) == {payment}
    assert sum(sums(result["row_principal"])) == left
    assert Decimal(result["row_balance"][-1]) == 0


def test_shortening_the_term_keeps_the_payment_and_makes_the_last_one_smaller() -> None:
    result = invoke(**LOAN, mode="shorten_term")
    assert set(sums(result["row_amounts"][:-1])) == {Decimal(80_000)}
    assert Decimal(0) < Decimal(result["row_amounts"][-1]) < 80_000
    assert result["payments_count"] < 12
    assert sum(sums(result["row_principal"])) == left_after_the_repayment()


def test_the_first_interest_runs_from_the_repayment_to_the_shifted_day() -> None:
    result = invoke(**LOAN, mode="reduce_payment")
    assert (result["row_dates"][0], result["row_due_dates"][0]) == ("2026-11-15", "2026-11-16")  # a Sunday
    days = (date(2026, 11, 16) - date(2026, 11, 1)).days
    expected = (left_after_the_repayment() * 12 * days / 36_500).quantize(KOPECK, ROUND_HALF_UP)
    assert Decimal(result["row_interest"][0]) == expected


def test_without_a_date_the_repayment_is_todays() -> None:
    undated = {name: value for name, value in LOAN.items() if name != "repayment_date"}
    assert invoke(today="2026-11-01", **undated, mode="shorten_term") == invoke(**LOAN, mode="shorten_term")


def test_a_repayment_of_everything_leaves_nothing_to_pay() -> None:
    closing = Decimal(900_000) + (200_000 - (900_000 - left_after_the_repayment()))
    result = invoke(**{**LOAN, "repayment_amount": str(closing)}, mode="shorten_term")
    assert (result["result_status"], result["payments_count"], result["row_dates"]) == ("ok", 0, [])
    assert (result["last_date"], result["total_interest"], result["full_cost_percent"]) == ("", "0.00", "")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"mode": ""}, "field_required", "Что изменить"),
        ({"mode": "both"}, "bad_choice", "reduce_payment, shorten_term"),
        ({"repayment_amount": ""}, "repayment_missing", "Сумма погашения"),
        ({"repayment_amount": "0"}, "repayment_not_positive", "больше нуля"),
        ({"repayment_amount": "100 USD"}, "currency_mismatch", "RUB"),
        ({"repayment_amount": "5000"}, "repayment_below_interest", "5030.14"),
        ({"repayment_amount": "1000000"}, "repayment_above_debt", "905030.14"),
        ({"repayment_date": "14.10.2026"}, "repayment_before_paid_date", "2026-10-15"),
        ({"repayment_date": "20.11.2026"}, "instalment_unpaid", "2026-11-16"),
        ({"principal": ""}, "figures_missing", "Остаток основного долга"),
        ({"remaining_count": ""}, "figures_missing", "Осталось платежей"),
        ({"first_date": "15.10.2026"}, "first_before_paid_date", "2026-10-15"),
    ],
)
def test_what_cannot_be_recalculated_is_refused_in_words(change: dict[str, str], code: str, words: str) -> None:
    result = invoke(**{**LOAN, "mode": "reduce_payment", **change})
    assert (result["result_status"], result["error_code"]) == ("failed", code)
    assert words in result["error_text"]


def test_without_a_first_date_the_day_of_the_last_payment_comes_back_after_a_short_month() -> None:
    loan = LOAN | {"last_paid_date": "31.10.2026", "repayment_date": "31.10.2026"}
    result = invoke(**loan, mode="reduce_payment")
    assert result["row_dates"][:4] == ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]


def test_too_little_left_for_smaller_payments_is_refused_and_both_ways_out_work() -> None:
    loan = LOAN | {"annual_rate": "0", "repayment_amount": "899999.99"}
    refused = invoke(**loan, mode="reduce_payment")
    assert (refused["result_status"], refused["error_code"]) == ("failed", "zero_part")
    assert "shorten_term" in refused["error_text"]
    assert "900000.00 RUB" in refused["error_text"]
    assert invoke(**loan, mode="shorten_term")["row_amounts"] == ["0.01"]
    closed = invoke(**loan | {"repayment_amount": "900000"}, mode="reduce_payment")
    assert (closed["result_status"], closed["payments_count"]) == ("ok", 0)

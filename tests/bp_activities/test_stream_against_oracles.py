"""A stream of calls agrees with a second arithmetic to the kopeck and the day; bad lines break nothing."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy_financial
import pytest

from tests.bp_activities.oracles.loans import constant_payment
from tests.bp_activities.oracles.yearly_cost import full_cost_percent
from tests.bp_activities.stream_cases.case import Case
from tests.bp_activities.stream_cases.debts import debt_cases
from tests.bp_activities.stream_cases.next_dates import next_date_cases
from tests.bp_activities.stream_cases.recalculations import recalculation_cases
from tests.bp_activities.stream_cases.schedules import schedule_cases
from tests.bp_activities.stream_cases.splits import split_cases

ROOT = Path(__file__).parent.parent.parent
SEED = 20261124
OUTCOME = ("result_status", "error_code", "error_text")
REFUSALS = {
    "split_invoice": {"shares_not_100", "zero_part"},
    "build_payment_schedule": {
        "count_until_disagree",
        "down_payment_late",
        "first_after_until",
        "interest_outgrows_payment",
        "rows_sum_wrong",
        "shares_not_100",
        "zero_part",
    },
    "recalculate_schedule": {
        "interest_outgrows_payment",
        "repayment_above_debt",
        "repayment_below_interest",
        "repayment_below_payment",
    },
    "advance_next_payment_date": {"date_out_of_range"},
    "deduct_from_debt": {"overpayment", "payment_not_positive", "refund_not_positive"},
}
BAD_LINES = {
    "{": "bad_line",
    '["a", "list"]': "bad_line",
    '{"id": "bad", "code": "no_such_robot", "properties": {}}': "unknown_robot",
    '{"id": "bad", "code": "split_invoice", "properties": {"amount": "1,005.001"}}': "amount_too_precise",
    '{"id": "bad", "code": "split_invoice", "properties": {"amount": "10", "parts": "many"}}': "bad_number",
    '{"id": "bad", "code": "advance_next_payment_date", "properties": {"current_date": "31.02.2026"}}': (
        "date_impossible"
    ),
    '{"id": "bad", "code": "deduct_from_debt", "properties": "text"}': "bad_properties",
}


def all_cases() -> list[Case]:
    random = Random(SEED)
    cases = [
        *split_cases(random, 250),
        *schedule_cases(random, 490),
        *recalculation_cases(random, 160),
        *next_date_cases(random, 250),
        *debt_cases(random, 150),
    ]
    random.shuffle(cases)
    return cases


CASES = all_cases()


@dataclass(frozen=True)
class Stream:
    """Results of one process: of the cases in their order, and of each bad line among them."""

    good: list[dict[str, Any]]
    bad: list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def stream() -> Stream:
    lines: list[str] = []
    bad: dict[int, str] = {}
    for number, case in enumerate(CASES):
        if number % 20 == 7:
            bad[len(lines)] = list(BAD_LINES)[len(bad) % len(BAD_LINES)]
            lines.append(bad[len(lines)])
        call = {"id": number, "code": case.code, "properties": case.properties, "today": case.today.isoformat()}
        lines.append(json.dumps(call, ensure_ascii=False))
    done = subprocess.run(
        [sys.executable, "-m", "bp_activities", "invoke", "--jsonl"],
        cwd=ROOT,
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    good = [answer for place, answer in enumerate(answers) if place not in bad]
    assert [answer["id"] for answer in good] == list(range(len(CASES)))
    return Stream(
        [answer["result"] for answer in good], [(line, answers[place]["result"]) for place, line in bad.items()]
    )


def test_every_answer_agrees_to_the_kopeck_and_the_day(stream: Stream) -> None:
    wrong = []
    for case, result in zip(CASES, stream.good, strict=True):
        told = {key: value for key, value in result.items() if key not in OUTCOME}
        if case.expected is not None and (result["result_status"] != "ok" or told != case.expected):
            wrong.append((case, result))
    assert not wrong


def test_what_the_contract_does_not_allow_is_refused_in_words(stream: Stream) -> None:
    refused = [(case, result) for case, result in zip(CASES, stream.good, strict=True) if case.expected is None]
    for case, result in refused:
        assert result["result_status"] == "failed", case
        assert result["error_code"] in REFUSALS[case.code], (case, result)
        assert result["error_text"]


def test_a_bad_line_answers_with_its_own_error_and_the_next_one_is_answered(stream: Stream) -> None:
    assert {line for line, _ in stream.bad} == set(BAD_LINES)
    for line, result in stream.bad:
        assert (result["result_status"], result["error_code"]) == ("failed", BAD_LINES[line])


def test_every_robot_that_reckons_has_dozens_of_agreed_answers() -> None:
    agreed = Counter(case.code for case in CASES if case.expected is not None)
    assert set(agreed) == set(REFUSALS)
    assert min(agreed.values()) >= 80


@pytest.mark.parametrize("percent", [1, 650, 1635, 36500])
@pytest.mark.parametrize("count", [1, 12, 60])
def test_the_second_arithmetic_pays_what_numpy_financial_pays(percent: int, count: int) -> None:
    rate = Fraction(percent, 120_000)
    theirs = -float(numpy_financial.pmt(float(rate), count, 123_456_789))
    assert constant_payment(123_456_789, rate, count) == pytest.approx(theirs, abs=0.51)


@pytest.mark.parametrize("payment", [8_800_00, 9_000_00, 12_345_67])
def test_the_second_arithmetic_finds_the_return_that_numpy_financial_finds(payment: int) -> None:
    payments = [(date(2026 + month // 12, month % 12 + 1, 15), payment) for month in range(1, 13)]
    theirs = 1200 * float(numpy_financial.irr([-100_000_00, *[payment] * 12]))
    assert float(full_cost_percent(date(2026, 1, 15), 100_000_00, payments)) == pytest.approx(theirs, abs=0.000_51)

"""Calls of deduct_from_debt."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from tests.bp_activities.oracles.exact import text
from tests.bp_activities.oracles.owed import BUCKETS, applied
from tests.bp_activities.stream_cases.case import Case, without_defaults, written_money

DEFAULTS = {"currency": "RUB", "operation": "payment", "overpayment": "credit", "order": ",".join(BUCKETS)}


def debt_cases(random: Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        yield one_debt(random)


def one_debt(random: Random) -> Case:
    currency = random.choice(["RUB", "RUB", "RUB", "JPY", "KWD"])
    owed = {bucket: random.choice([0, random.randint(1, 10**7)]) for bucket in BUCKETS}
    owed["principal"] = random.choice([0, -random.randint(1, 10**5), random.randint(1, 10**8), 10**15 + 1])
    whole = sum(owed.values())
    payment = random.choice([random.randint(1, 10**8), max(whole, 1), max(whole + 1, 1), max(whole - 1, 1), 0, -5_00])
    order = random.sample(BUCKETS, 4)
    properties: dict[str, Any] = {
        "payment_amount": written_money(random, payment, currency),
        "currency": currency,
        "operation": random.choice(["payment", "payment", "payment", "refund"]),
        "debt": written_money(random, owed["principal"], currency),
        "order": random.choice([", ", ","]).join(random.choice([order, BUCKETS])),
        "overpayment": random.choice(["credit", "reject", "negative"]),
    }
    for bucket in ("interest", "costs", "penalty"):
        if owed[bucket] or random.random() < 0.5:
            properties[bucket] = written_money(random, owed[bucket], currency)
    expected = answer(properties, payment, owed) if payment > 0 else None
    money = (
        None
        if expected is None
        else {
            key: text(value, currency) if key not in ("debt_cleared", "paid_count") else value
            for key, value in expected.items()
        }
    )
    return Case("deduct_from_debt", without_defaults(random, properties, DEFAULTS), date(2026, 10, 1), money)


def answer(properties: dict[str, Any], payment: int, owed: dict[str, int]) -> dict[str, Any] | None:
    whole = sum(owed.values())
    if properties["operation"] == "refund":
        took, surplus, paid, count = dict.fromkeys(BUCKETS, 0) | {"principal": -payment}, 0, -payment, 0
        left = whole + payment
    else:
        order = [bucket.strip() for bucket in properties["order"].split(",")]
        took, surplus = applied(payment, owed, order)
        if surplus and properties["overpayment"] == "reject":
            return None
        paid, count = payment, 1
        left = whole - sum(took.values()) - (surplus if properties["overpayment"] == "negative" else 0)
    return {
        "debt_before": whole,
        "debt_after": left,
        **{f"applied_{bucket}": took[bucket] for bucket in BUCKETS},
        "overpayment_amount": surplus,
        "debt_cleared": "Y" if left <= 0 else "N",
        "paid_total": paid,
        "paid_count": count,
    }

"""What a robot shows without a portal is what it writes in one: the same rows, the same sums, the same refusals."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bp_activities.__main__ import answered
from tests.service import RunningService

DEAL, INVOICE = 2, 31
ONLY_IN_A_PORTAL = {"schedule_id", "payment_ids", "invoice_ids", "error_text"}

sums = st.integers(1, 10**11).map(lambda kopecks: f"{kopecks // 100}.{kopecks % 100:02}")
terms = {
    "amount": sums,
    "period": st.sampled_from(["day", "week", "two_weeks", "month", "quarter", "year"]),
    "every": st.sampled_from(["1", "2"]),
    "month_end": st.sampled_from(["clip", "last_day", "skip"]),
    "shift": st.sampled_from(["following", "modified_following", "preceding", "none"]),
    "remainder": st.sampled_from(["", "spread_first", "spread_last", "remainder_first", "remainder_last"]),
    "rounding_unit": st.sampled_from(["0", "100"]),
    "remind_days_before": st.just("no"),
}
schedules = st.fixed_dictionaries(
    {
        **terms,
        "plan": st.sampled_from(["equal", "full", "annuity", "differentiated"]),
        "start_date": st.sampled_from(["2026-10-31", "30.11.2026", "31.12.2027"]),
        "count": st.sampled_from(["1", "2", "5"]),
        "annual_rate": st.sampled_from(["0", "12,5", "18"]),
        "day_count": st.sampled_from(["equal", "act_365_366", "act_365", "act_360", "30e_360"]),
        "down_payment": st.sampled_from(["", "20%", "0.50"]),
        "fee": st.sampled_from(["0", "0.10"]),
    }
)
splits = st.fixed_dictionaries(
    {
        **terms,
        "parts": st.sampled_from(["2", "3", "5"]),
        "shares": st.sampled_from(["", "50%, 30%, rest", "3, 2, 2"]),
        "first_due_date": st.sampled_from(["2026-10-31", "30.11.2026", "31.12.2027"]),
    }
)


def compared(service: RunningService, code: str, properties: dict[str, str]) -> dict[str, Any]:
    """The answer in the portal, once it is seen to be the one given without it."""
    deal = service.portal.add(DEAL, title="Как показано", opportunity="1.00")
    written = service.run(code, DEAL, deal, **properties)
    for name, shown in answered(code, properties, "2026-10-01").values.items():
        if name not in ONLY_IN_A_PORTAL:
            assert written[name] == shown or (written[name], shown) == ("", []), (name, written)
    return written


def assert_held(service: RunningService, kind: int, ids: list[int], amounts: list[str], dues: list[str]) -> None:
    items = [service.portal.item(kind, one) for one in ids]
    assert [Decimal(str(one["opportunity"])) for one in items] == list(map(Decimal, amounts))
    assert [one["closedate"][:10] for one in items] == dues


@settings(max_examples=20)
@given(schedules)
def test_a_schedule_is_written_as_it_was_shown(service: RunningService, properties: dict[str, str]) -> None:
    written = compared(service, "build_payment_schedule", properties)
    if written["result_status"] == "ok":
        kind = service.row.fields["payments_type"]
        assert_held(service, kind, written["payment_ids"], written["row_amounts"], written["row_due_dates"])


@settings(max_examples=15)
@given(splits)
def test_a_split_is_written_as_it_was_shown(service: RunningService, properties: dict[str, str]) -> None:
    written = compared(service, "split_invoice", properties)
    if written["result_status"] == "ok":
        assert_held(service, INVOICE, written["invoice_ids"], written["part_amounts"], written["due_dates"])

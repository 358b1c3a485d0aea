"""The keys that the two robots of schedules answer with, from rows of minor units."""

from collections.abc import Sequence
from datetime import date

from tests.bp_activities.oracles.exact import text, texts
from tests.bp_activities.oracles.loans import Row
from tests.bp_activities.oracles.working_days import projected_years, shifted
from tests.bp_activities.stream_cases.case import Answer, iso


def schedule_answer(
    days: Sequence[date], rows: Sequence[Row], shift: str, currency: str, full_cost: str, down: int = 0
) -> Answer:
    """`down`: how many rows in front are no instalments."""
    due = [shifted(day, shift) for day in days]
    return {
        "schedule_id": "",
        "payment_ids": [],
        "row_dates": iso(list(days)),
        "row_due_dates": iso(due),
        "row_amounts": texts([row.amount for row in rows], currency),
        "row_principal": texts([row.principal for row in rows], currency),
        "row_interest": texts([row.interest for row in rows], currency),
        "row_balance": texts([row.balance for row in rows], currency),
        "payments_count": len(rows) - down,
        "last_date": days[-1].isoformat() if days else "",
        "total_interest": text(sum(row.interest for row in rows), currency),
        "full_cost_percent": full_cost,
        "projected_years": projected_years(due),
    }

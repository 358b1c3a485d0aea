"""Which row of a schedule a charge is for, and the day that is its name: a payment is charged under it once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from billing.key import charge_key
from payments.schedules import note_paid, planned_payment
from schemas.binding import Binding
from storage.database import Database, open_database
from storage.model import Base, Portal, Schedule, ScheduleRow

SATURDAY, SUNDAY, MONDAY, TUESDAY = (date(2026, 9, day) for day in (5, 6, 7, 8))
NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
DEAL = Binding.parse("D_5")


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[Database]:
    """A schedule of a payment a day, moved to working days: three are due on Monday."""
    database = open_database(f"sqlite:///{tmp_path}/plans.db")
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        session.add(
            Portal(
                client_id="app",
                member_id="m",
                client_endpoint="https://portal.example/rest/",
                state="active",
                application_token_hash="",
                installer_user_id=1,
                installed_at=NOW,
                changed_at=NOW,
            )
        )
        session.flush()
        plan = {"key": "k", "document": "D_5", "state": "current", "plan": "equal", "currency": "RUB", "terms": {}}
        session.add(Schedule(portal_id=1, created_at=NOW, **plan))
        session.flush()
        for number, day in enumerate((SATURDAY, SUNDAY, MONDAY, TUESDAY), start=1):
            session.add(
                ScheduleRow(
                    portal_id=1,
                    schedule_id=1,
                    number=number,
                    contract_date=day,
                    due_date=max(day, MONDAY),
                    amount=100 * number,
                    principal=100 * number,
                    interest=0,
                    balance=0,
                    state="planned",
                )
            )
    yield database
    database.close()


def test_payments_due_on_one_day_are_charged_under_keys_of_their_own(daily: Database) -> None:
    keys = set()
    for number in range(1, 5):
        planned = planned_payment(daily, 1, DEAL, None)
        assert planned is not None
        assert (planned.amount.minor, planned.due_date) == (100 * number, TUESDAY if number == 4 else MONDAY)
        keys.add(charge_key(payment_key="", document="D_5", due_date=planned.name, amount=planned.amount))
        note_paid(daily, 1, [number])
    assert len(keys) == 4
    assert planned_payment(daily, 1, DEAL, None) is None


@pytest.mark.parametrize(("day", "amount"), [(SATURDAY, 100), (SUNDAY, 200), (MONDAY, 300), (TUESDAY, 400)])
def test_a_day_names_one_payment_by_the_same_name(daily: Database, day: date, amount: int) -> None:
    planned = planned_payment(daily, 1, DEAL, day)
    assert planned is not None
    assert (planned.amount.minor, planned.name) == (amount, day)

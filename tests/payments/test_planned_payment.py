"""Which row of a schedule a charge is for, and the day that is its name: a payment is charged under it once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from billing.key import charge_key
from calculations.money import Money
from payments.schedules import PlannedPayment, charged_payment, current_schedule, note_paid, planned_payment
from schemas.binding import Binding
from storage.database import Database, open_database
from storage.model import Base, Charge, Portal, Schedule, ScheduleRow

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
        plan = {"key": "k", "document": "D_5", "state": "current", "plan": "equal", "currency": "RUB"}
        session.add(Schedule(portal_id=1, created_at=NOW, terms={"start_date": "2026-09-01"}, **plan))
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


def add_charge(
    database: Database, key: str, minor: int, *, state: str = "succeeded", document: str = "D_5", at: datetime = NOW
) -> None:
    with database.write() as session:
        session.add(
            Charge(
                portal_id=1,
                key=key,
                document=document,
                customer="C_5",
                amount=minor,
                currency="RUB",
                description="",
                state=state,
                created_at=at,
            )
        )


def key_of(planned: PlannedPayment) -> str:
    return charge_key(payment_key="", document="D_5", due_date=planned.name, amount=planned.amount)


def planned_sum(database: Database) -> int:
    planned = planned_payment(database, 1, DEAL, None)
    return planned.amount.minor if planned else 0


def test_payments_due_on_one_day_are_charged_one_after_another_under_keys_of_their_own(daily: Database) -> None:
    keys = set()
    for number in range(1, 5):
        planned = planned_payment(daily, 1, DEAL, None)
        assert planned is not None
        assert (planned.amount.minor, planned.due_date) == (100 * number, TUESDAY if number == 4 else MONDAY)
        keys.add(key_of(planned))
        add_charge(daily, key_of(planned), 100 * number)
    assert len(keys) == 4
    assert planned_payment(daily, 1, DEAL, None) is None
    schedule = current_schedule(daily, 1, DEAL)
    assert schedule is not None
    assert schedule.paid == {1, 2, 3, 4}


def test_what_people_have_paid_is_passed_over(daily: Database) -> None:
    note_paid(daily, 1, [1, 2])
    assert planned_sum(daily) == 300


@pytest.mark.parametrize("state", ["open", "declined", "cancelled"])
def test_a_charge_that_brought_no_money_leaves_its_payment_the_earliest_unpaid_one(daily: Database, state: str) -> None:
    add_charge(daily, f"due:D_5:{SATURDAY}", 100, state=state)
    assert planned_sum(daily) == 100


def test_a_charge_of_the_payments_own_item_has_paid_it(daily: Database) -> None:
    with daily.write() as session:
        session.get_one(Portal, 1).fields = {"payments_type": 1042}
        session.get_one(ScheduleRow, 1).item_id = 15
    add_charge(daily, f"due:T412_15:{MONDAY}", 100, document="T412_15")
    assert planned_sum(daily) == 200
    named = planned_payment(daily, 1, DEAL, SATURDAY)
    assert named is not None
    assert named.is_paid_otherwise  # the deal's own key knows of no charge


def test_a_day_names_a_paid_payment_too_and_says_whether_its_own_charge_has_paid_it(daily: Database) -> None:
    def paid_otherwise() -> bool:
        named = planned_payment(daily, 1, DEAL, SATURDAY)
        assert named is not None
        return named.is_paid_otherwise

    assert not paid_otherwise()
    note_paid(daily, 1, [1])
    assert paid_otherwise()
    add_charge(daily, f"due:D_5:{SATURDAY}", 100)
    assert not paid_otherwise()


def test_a_charge_of_another_portal_or_document_pays_nothing_here(daily: Database) -> None:
    add_charge(daily, f"due:D_55:{SATURDAY}", 100, document="D_55")
    add_charge(daily, f"given:due:D_5:{SATURDAY}", 100)
    assert planned_sum(daily) == 100


def test_a_charge_that_is_older_than_the_schedule_has_paid_its_payment_only_when_it_is_the_same_sum(
    daily: Database,
) -> None:
    before = datetime(2026, 8, 1, tzinfo=UTC)
    add_charge(daily, f"due:D_5:{SATURDAY}", 999, at=before)
    assert planned_sum(daily) == 100  # whoever charges it reads that the figures are others
    add_charge(daily, f"due:D_5:{SUNDAY}", 999)
    note_paid(daily, 1, [1])
    assert planned_sum(daily) == 300
    add_charge(daily, f"due:D_5:{MONDAY}", 300, at=before)
    assert planned_sum(daily) == 400


def test_until_the_next_day_comes_the_payment_in_question_is_the_one_charged_last(daily: Database) -> None:
    assert charged_payment(daily, 1, DEAL, MONDAY) is None
    add_charge(daily, f"due:D_5:{SATURDAY}", 100)
    assert charged_payment(daily, 1, DEAL, MONDAY) is None  # Monday's own, the last one due, is not charged
    add_charge(daily, f"due:D_5:{MONDAY}", 300)
    assert charged_payment(daily, 1, DEAL, MONDAY) == PlannedPayment(MONDAY, MONDAY, Money(300, "RUB"))
    assert charged_payment(daily, 1, DEAL, SUNDAY) is None
    assert charged_payment(daily, 1, DEAL, TUESDAY) is None


@pytest.mark.parametrize(("day", "amount"), [(SATURDAY, 100), (SUNDAY, 200), (MONDAY, 300), (TUESDAY, 400)])
def test_a_day_names_one_payment_by_the_same_name(daily: Database, day: date, amount: int) -> None:
    planned = planned_payment(daily, 1, DEAL, day)
    assert planned is not None
    assert (planned.amount.minor, planned.name) == (amount, day)

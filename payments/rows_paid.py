"""What is paid of a schedule: the rows people say are paid, and those a charge has paid, told by the charges' keys."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.key import charge_key
from calculations.money import Money
from schemas.binding import Binding
from storage.model import Charge, Portal, Schedule, ScheduleRow


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A stored row, the day that is its name, and the keys under which it may be charged: its own, then its item's.

    `charged` are those of them that brought money.
    """

    row: ScheduleRow
    name: date
    keys: Sequence[str]
    charged: frozenset[str]

    @property
    def is_paid(self) -> bool:
        return self.row.state == "paid" or bool(self.charged)

    @property
    def is_charged(self) -> bool:
        """Whether whoever charges it again is told of the payment by its own key."""
        return self.keys[0] in self.charged


def known_rows(session: Session, schedule: Schedule) -> list[KnownRow]:
    """By their numbers. A row's name is the day it is due, or its contract date where another one is due with it:
    Saturday's and Sunday's payments are both due on Monday."""
    rows = session.scalars(
        select(ScheduleRow).where(ScheduleRow.schedule_id == schedule.id).order_by(ScheduleRow.number)
    ).all()
    process = session.get_one(Portal, schedule.portal_id).fields.get("payments_type")
    due = Counter(row.due_date for row in rows)
    known = []
    for row in rows:
        name = row.contract_date if due[row.due_date] > 1 else row.due_date
        keys = [_key(schedule, row, schedule.document, name)]
        if process and row.item_id:
            item = Binding(process, row.item_id).text
            keys += [_key(schedule, row, item, day) for day in (row.due_date, row.contract_date)]
        known.append((row, name, keys))
    brought_money = _brought_money(session, schedule, {key: row for row, _, keys in known for key in keys})
    return [KnownRow(row, name, keys, brought_money.intersection(keys)) for row, name, keys in known]


def _key(schedule: Schedule, row: ScheduleRow, document: str, day: date) -> str:
    return charge_key(payment_key="", document=document, due_date=day, amount=Money(row.amount, schedule.currency))


def is_of_row(charge: Charge, schedule: Schedule, row: ScheduleRow) -> bool:
    """Of a charge under a key of the row: one from before the schedule, of another sum, was for another row on its
    day."""
    same = (charge.amount, charge.currency) == (row.amount, schedule.currency)
    return same or charge.created_at >= schedule.created_at


def _brought_money(session: Session, schedule: Schedule, row_of_key: dict[str, ScheduleRow]) -> frozenset[str]:
    found = session.scalars(
        select(Charge).where(
            Charge.portal_id == schedule.portal_id, Charge.key.in_(row_of_key), Charge.state == "succeeded"
        )
    )
    return frozenset(charge.key for charge in found if is_of_row(charge, schedule, row_of_key[charge.key]))

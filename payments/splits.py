"""A split as it was agreed: fixed in a row before the first invoice is made, so that every run makes the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from bitrix24.product_rows import ProductRow
from calculations.money import Money
from payments.effects import Begun, begin_effect, drop_effect, find_effect, finish_effect
from storage.database import Database


class SplitPlan(BaseModel):
    """The parts in minor units of one currency, their dates, the rows they share, and what becomes of the source."""

    model_config = ConfigDict(frozen=True)

    origin: str  # the beginning of every part's xmlId
    currency: str
    amounts: tuple[int, ...]
    due_dates: tuple[date, ...]
    treatment: str
    reminders: tuple[int, ...]
    rows: tuple[ProductRow, ...]
    invoice_ids: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        origin: str,
        amounts: Sequence[Money],
        due_dates: Sequence[date],
        treatment: str,
        reminders: tuple[int, ...],
        rows: Sequence[ProductRow],
    ) -> Self:
        return cls(
            origin=origin,
            currency=amounts[0].currency,
            amounts=tuple(amount.minor for amount in amounts),
            due_dates=tuple(due_dates),
            treatment=treatment,
            reminders=reminders,
            rows=tuple(rows),
        )

    @property
    def parts(self) -> list[Money]:
        return [Money(amount, self.currency) for amount in self.amounts]

    def xml_id(self, number: int) -> str:
        """The key a part carries in the CRM; numbers begin with 1."""
        return f"{self.origin}-{number}"


@dataclass(frozen=True, slots=True)
class Split:
    """A plan that was begun, by which call, and whether all of it is done."""

    begun: Begun
    plan: SplitPlan

    @property
    def call_id(self) -> int:
        return self.begun.call_id

    @property
    def done(self) -> bool:
        return self.begun.done


def find_split(database: Database, portal_id: int, key: str, call_id: int) -> Split | None:
    found = find_effect(database, portal_id, key, call_id)
    return _split(found) if found else None


def begin_split(database: Database, portal_id: int, key: str, call_id: int, plan: SplitPlan, now: datetime) -> Split:
    return _split(begin_effect(database, portal_id, key, call_id, _stored(plan), now))


def with_invoices(plan: SplitPlan, invoice_ids: Sequence[int]) -> SplitPlan:
    return plan.model_copy(update={"invoice_ids": tuple(invoice_ids)})


def finish_split(database: Database, split: Split, plan: SplitPlan) -> None:
    finish_effect(database, split.begun.id, _stored(plan))


def forget_split(database: Database, split: Split) -> None:
    drop_effect(database, split.begun)


def _stored(plan: SplitPlan) -> dict[str, Any]:
    return plan.model_dump(mode="json")


def _split(begun: Begun) -> Split:
    return Split(begun, SplitPlan.model_validate(begun.result))

"""What the robots of payment schedules share: the result they give, and how a stored schedule is shown in the CRM."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from bitrix24.crm import Item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._declaration import Result, Wait, result, warned
from calculations.calendar import Calendar
from calculations.money import Money
from calculations.rows import Plan, Row
from payments.asking import asking
from payments.reminders import Due, remind
from payments.schedule_items import ProcessBeingMade, show_in_crm
from payments.schedules import Saved
from schemas.binding import Binding

UNDER_WAY_PAUSE = timedelta(seconds=3)


class PaymentSchedule(Result):
    schedule_id: int | None = result("График", "Schedule")
    payment_ids: list[int] = result("Платежи", "Payments", default=[])
    row_dates: list[date] = result("Даты по договору", "Contract dates", default=[])
    row_due_dates: list[date] = result("Рабочие дни оплаты", "Working days to pay", default=[])
    row_amounts: list[Money] = result("Суммы", "Amounts", default=[])
    row_principal: list[Money] = result("Основной долг", "Principal", default=[])
    row_interest: list[Money] = result("Проценты", "Interest", default=[])
    row_balance: list[Money] = result("Остаток после платежа", "Balance after", default=[])
    payments_count: int | None = result("Число платежей", "Number of payments")
    last_date: date | None = result("Последняя дата", "Last date")
    total_interest: Money | None = result("Всего процентов", "Total interest")
    full_cost_percent: Decimal | None = result(
        "Полная стоимость, % (оценка: 12 месячных ставок)", "Full cost, % (estimate: 12 monthly rates)"
    )
    projected_years: list[int] = _fields.projected_years


def shown_in_crm(call: Call, world: World, document: Item, saved: Saved, reminders: Sequence[int]) -> PaymentSchedule:
    """Make the schedule's items and to-dos where they are missing; what came of it is the robot's answer."""
    with asking(world.database, call.facts.id, call.key, world.call_id, call.now):
        items = _items(call, world, document, saved)
        dues = [Due(binding, row.amount, row.due_date) for row, binding in zip(saved.rows, items, strict=True)]
        problem = remind(world.client, document, dues, reminders, call.now)
    done = shown(saved, [binding.item_id for binding in items], call.calendar)
    return warned(done, _fields.REMINDERS_REFUSED, problem) if problem else done


def previewed(plan: Plan) -> PaymentSchedule:
    return PaymentSchedule(
        **_columns(plan.rows, plan.currency),
        full_cost_percent=plan.full_cost_percent,
        projected_years=list(plan.projected_years),
    )


def shown(saved: Saved, item_ids: Sequence[int], calendar: Calendar) -> PaymentSchedule:
    return PaymentSchedule(
        schedule_id=saved.id,
        payment_ids=list(item_ids),
        **_columns(saved.rows, saved.currency),
        full_cost_percent=saved.terms.full_cost_percent,
        projected_years=list(calendar.projected_years(row.due_date for row in saved.rows)),
    )


def _items(call: Call, world: World, document: Item, saved: Saved) -> list[Binding]:
    try:
        return show_in_crm(world.client, world.database, document, saved, world.call_id, call.now)
    except ProcessBeingMade as other:
        raise Wait(
            call.now + UNDER_WAY_PAUSE,
            "process_being_made",
            ru="Смарт-процесс «Платежи» как раз создаётся",
            en="The smart process Payments is being made right now",
        ) from other


def _columns(rows: Sequence[Row], currency: str) -> dict[str, object]:
    return {
        "row_dates": [row.date for row in rows],
        "row_due_dates": [row.due_date for row in rows],
        "row_amounts": [row.amount for row in rows],
        "row_principal": [row.principal for row in rows],
        "row_interest": [row.interest for row in rows],
        "row_balance": [row.balance for row in rows],
        "payments_count": sum(1 for row in rows if row.number),
        "last_date": rows[-1].date if rows else None,
        "total_interest": sum((row.interest for row in rows), start=Money(0, currency)),
    }

"""Advance next payment date: the date of a regular payment moves to the next one, once for each period."""

from datetime import date, timedelta

from bp_activities import _fields
from bp_activities._call import Call
from bp_activities._declaration import Form, NotDone, Result, Wait, field, result, robot
from bp_activities._values import Amount
from calculations.calendar import Shift
from calculations.next_date import CatchUp, NextDate, StopReason, advance
from calculations.recurrence import MonthEnd, Period
from calculations.refusal import Refusal
from payments.next_date import (
    AdvanceUnderWay,
    AlreadyAdvanced,
    DateChanged,
    begun_from,
    read_date_field,
    write_next_date,
)

UNDER_WAY_PAUSE = timedelta(seconds=2)
FINISHED = (StopReason.debt_cleared, StopReason.count_reached, StopReason.until_reached)


class AdvanceNextPaymentDate(Form):
    current_date: date | None = field(
        "Текущая дата платежа",
        "Current payment date",
        hint=("Пусто — из поля документа", "Empty: from the document's field"),
    )
    period: Period = _fields.period
    every: int = _fields.every
    until: date | None = field(
        "Платить до", "Pay until", hint=("Включительно; пусто — без срока", "Inclusive; empty: no end")
    )
    payments_left: int | None = field(
        "Осталось платежей",
        "Payments left",
        ge=0,
        le=100_000,
        hint=("После текущего; пусто — без ограничения", "After the current one; empty: no limit"),
    )
    debt: Amount | None = field(
        "Остаток долга",
        "Debt left",
        hint=("0 — платежи закончены; пусто — не важно", "0: payments end; empty: no limit"),
    )
    regular: bool = field("Платёж регулярный", "The payment is regular", default="Y")
    update_document: bool = _fields.update_document
    anchor_day: int = field(
        "Число месяца по договору",
        "Day of the month agreed",
        default="0",
        ge=0,
        le=31,
        hint=("0 — число текущей даты; 31 после февраля снова даст 31", "0: the current date's day; 31 stays 31"),
    )
    month_end: MonthEnd = _fields.month_end
    shift: Shift = _fields.shift
    catch_up: CatchUp = field(
        "Если даты пропущены",
        "When dates were missed",
        default="one",
        hint=("Пропущенные даты всегда перечислены в результате", "Missed dates are always listed in the result"),
    )
    date_field: str | None = field(
        "Поле даты",
        "Date field",
        hint=("Код поля CRM; пусто — «Дата следующего платежа»", "A CRM field's code; empty: Next payment date"),
    )
    payment_key: str | None = _fields.payment_key


class NextPayment(Result):
    next_date: date | None = result("Следующая дата", "Next date")
    next_due_date: date | None = result("Рабочий день оплаты", "Working day to pay")
    is_regular: bool | None = result("Платежи продолжаются", "Payments go on")
    remaining_payments: int | None = result("Осталось платежей", "Payments left")
    missed_dates: list[date] = result("Пропущенные даты", "Missed dates", default=[])
    stop_reason: StopReason | None = result("Причина остановки", "Stop reason")
    projected_years: list[int] = _fields.projected_years


@robot(
    "advance_next_payment_date",
    ru="Передвинуть дату следующего платежа",
    en="Advance next payment date",
    hint=(
        "После оплаты переносит дату на следующую; один период — один раз. Останавливается, когда долг погашен",
        "After a payment moves the date to the next one, once for each period; stops when the debt or the term is over",
    ),
)
def advance_next_payment_date(form: AdvanceNextPaymentDate, call: Call) -> NextPayment:
    if call.world is None or call.document is None:
        return _shown(_calculate(form, call, form.current_date), call)
    held = None
    if form.update_document or form.current_date is None:
        held = read_date_field(call.world.client, call.document, form.date_field)
    begun = begun_from(call.world.database, call.world.call_id)
    current = form.current_date or begun or (held.value if held else None)
    moved = _calculate(form, call, current)
    if not form.update_document or held is None:
        return _shown(moved, call)
    try:
        write_next_date(
            call.world.client,
            call.world.database,
            held,
            current=current or call.today,
            moved=moved.next_date,
            key=form.payment_key,
            finished=moved.stop_reason in FINISHED,
            call_id=call.world.call_id,
            now=call.now,
        )
    except AlreadyAdvanced as first:
        raise NotDone(
            "already_advanced",
            ru=f"Этот период уже обработан: дата передвинута с {first.was:%d.%m.%Y}",
            en=f"This period is done already: the date was moved on from {first.was.isoformat()}",
            known=_known(moved, first.moved, call),
        ) from first
    except AdvanceUnderWay as other:
        raise Wait(
            call.now + UNDER_WAY_PAUSE,
            "advance_under_way",
            ru="Эту дату как раз передвигает другой процесс",
            en="Another process is moving this date right now",
        ) from other
    except DateChanged as other:
        raise Refusal(
            "date_changed",
            ru=f"Пока робот считал, дату в документе изменили на {other.shown}: запустите робота ещё раз",
            en=f"The date in the document became {other.shown} while the robot calculated: start it again",
        ) from other
    return _shown(moved, call)


def _calculate(form: AdvanceNextPaymentDate, call: Call, current: date | None) -> NextDate:
    if current is None:
        raise Refusal(
            "current_date_missing",
            ru="Не указана текущая дата платежа и пусто её поле в документе: заполните одно из них",
            en="There is no current payment date, neither in the form nor in the document's field: fill one of them in",
        )
    return advance(
        current,
        today=call.today,
        period=form.period,
        every=form.every,
        anchor_day=form.anchor_day,
        month_end=form.month_end,
        shift=form.shift,
        until=form.until,
        payments_left=form.payments_left,
        debt=form.debt.money(None, call.facts.currency) if form.debt else None,
        regular=form.regular,
        catch_up=form.catch_up,
        calendar=call.calendar,
    )


def _shown(moved: NextDate, call: Call) -> NextPayment:
    return NextPayment(**_known(moved, moved.next_date, call))


def _known(moved: NextDate, next_date: date | None, call: Call) -> dict[str, object]:
    due_date = moved.next_due_date if next_date == moved.next_date else None
    return {
        "next_date": next_date,
        "next_due_date": due_date,
        "is_regular": moved.is_regular,
        "remaining_payments": moved.remaining_payments,
        "missed_dates": list(moved.missed_dates),
        "stop_reason": moved.stop_reason,
        "projected_years": list(call.calendar.projected_years([due_date] if due_date else [])),
    }

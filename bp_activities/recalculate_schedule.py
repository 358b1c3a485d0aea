"""Recalculate schedule: after an early or partial repayment the rows that remain are worked out anew."""

from datetime import date, timedelta
from fractions import Fraction

from bitrix24.crm import get_item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._declaration import Form, NotDone, Wait, field, robot
from bp_activities._payment_schedule import PaymentSchedule, previewed, shown, shown_in_crm
from bp_activities._values import Amount, CurrencyCode
from calculations.calendar import Calendar
from calculations.day_count import DayCount
from calculations.early import EarlyMode, Loan, Recalculation, loan_from_rows, loan_from_terms, recalculate
from calculations.money import Money
from calculations.recurrence import Period
from calculations.refusal import Refusal
from calculations.split import MOST_PARTS
from payments.agreed_terms import AgreedTerms, Repayment
from payments.schedule_items import learn_paid
from payments.schedules import Saved, ScheduleExists, current_schedule, find_schedule, schedule_of_call, store_schedule

CHANGED_PAUSE = timedelta(seconds=3)


class RecalculateSchedule(Form):
    repayment_amount: Amount | None = field(
        "Сумма погашения",
        "Repayment",
        hint=("Сколько внесено досрочно, вместе с процентами", "What was paid early, interest included"),
    )
    mode: EarlyMode = field("Что изменить", "What changes", required=True)
    repayment_date: date | None = field("Дата погашения", "Repayment date", hint=("Пусто — сегодня", "Empty: today"))
    schedule: int | None = field(
        "График",
        "Schedule",
        ge=1,
        le=999_999_999,
        hint=("Номер графика; пусто — график документа", "The schedule's number; empty: the document's own"),
    )
    save: bool = field("Сохранить", "Save", default="Y", hint=("Нет — только рассчитать", "No: only calculate"))
    remind_days_before: str = _fields.remind_days_before
    principal: Amount | None = field(
        "Остаток основного долга",
        "Principal owed",
        hint=(
            "Только для расчёта без графика, как и поля ниже",
            "Only to calculate without a schedule, like the fields below",
        ),
    )
    payment: Amount | None = field("Платёж", "Payment")
    remaining_count: int | None = field("Осталось платежей", "Payments left", ge=1, le=MOST_PARTS)
    annual_rate: Fraction | None = field("Ставка, % годовых", "Yearly rate, %")
    last_paid_date: date | None = field(
        "Последний оплаченный платёж",
        "Last payment made",
        hint=(
            "День, по который начислены проценты: срок платежа с учётом переноса с выходного, а не дата по договору",
            "The day interest has been charged to: when the payment was due after the shift, not its contract date",
        ),
    )
    first_date: date | None = field(
        "Следующий платёж",
        "Next payment",
        hint=(
            "По договору; пусто — через период после последнего: если тот был перенесён, впишите",
            "Its contract date; empty: one period after the last one, so fill it in if that one was shifted",
        ),
    )
    period: Period = _fields.period
    every: int = _fields.every
    day_count: DayCount = field("Счёт дней", "Day count", default="act_365_366")
    currency: CurrencyCode | None = _fields.currency


@robot(
    "recalculate_schedule",
    ru="Пересчитать график",
    en="Recalculate schedule",
    hint=(
        "После досрочного погашения пересчитывает оставшиеся платежи; оплаченные не меняются",
        "After an early repayment works out the payments that remain; what is paid does not change",
    ),
)
def recalculate_schedule(form: RecalculateSchedule, call: Call) -> PaymentSchedule:
    reminders = _fields.read_reminders(form.remind_days_before)
    if call.world is None or form.principal:
        loan = _loan_by_figures(form, call)
        return previewed(_after(loan, _repayment(form, call, loan.principal.currency), None).plan)
    saved = schedule_of_call(call.world.database, call.facts.id, call.key)
    if saved is None:
        current = _current(form, call, call.world)
        repayment = _repayment(form, call, current.currency)
        if form.save:
            _check_counted_once(current, repayment, call.calendar)
        loan = _loan_of(current, learn_paid(call.world.client, call.world.database, current))
        if not form.save:
            return previewed(_after(loan, repayment, current.terms).plan)
        saved = _store(call, call.world, current, loan, repayment)
    return shown_in_crm(call, call.world, get_item(call.world.client, saved.document), saved, reminders)


def _current(form: RecalculateSchedule, call: Call, world: World) -> Saved:
    """The schedule the form names, else the document's own."""
    if form.schedule:
        current = find_schedule(world.database, call.facts.id, form.schedule)
        named_ru, named_en = (
            f"Графика {form.schedule} нет или его заменил другой",
            f"There is no schedule {form.schedule}",
        )
    elif call.document:
        current = current_schedule(world.database, call.facts.id, call.document)
        named_ru, named_en = f"У документа {call.document} нет графика", f"Document {call.document} has no schedule"
    else:
        current, named_ru, named_en = None, "У этого шага нет документа CRM", "This step has no CRM document"
    if current is None:
        raise Refusal(
            "schedule_missing",
            ru=f"{named_ru}: постройте его роботом «Построить график платежей» или укажите номер",
            en=f"{named_en}: build it with the robot “Build payment schedule” or give its number",
        )
    return current


def _repayment(form: RecalculateSchedule, call: Call, currency: str) -> Repayment:
    if form.repayment_amount is None:
        raise Refusal(
            "repayment_missing",
            ru="Поле «Сумма погашения» пусто: впишите, сколько внесено досрочно, например 50000",
            en="“Repayment” is empty: write what was paid early, such as 50000",
        )
    amount = form.repayment_amount.money(form.currency, currency)
    if amount.currency != currency:
        raise Refusal(
            "currency_mismatch",
            ru=f"Погашение {amount}, а долг в {currency}: укажите сумму в валюте долга",
            en=f"The repayment is {amount} and the debt in {currency}: give it in the currency of the debt",
        )
    return Repayment(amount=amount.minor, day=form.repayment_date or call.today, mode=form.mode)


def _loan_by_figures(form: RecalculateSchedule, call: Call) -> Loan:
    if not (form.principal and form.payment and form.remaining_count and form.last_paid_date):
        raise Refusal(
            "figures_missing",
            ru="Без графика нужны поля «Остаток основного долга», «Платёж», «Осталось платежей» и "
            "«Последний оплаченный платёж»: заполните их все",
            en="Without a schedule “Principal owed”, “Payment”, “Payments left” and “Last payment made” are needed: "
            "fill them all in",
        )
    principal = form.principal.money(form.currency, call.facts.currency)
    return loan_from_terms(
        principal=principal,
        annual_rate=form.annual_rate or Fraction(0),
        payment=form.payment.money(form.currency, principal.currency),
        remaining_count=form.remaining_count,
        last_paid_date=form.last_paid_date,
        first_date=form.first_date,
        day_count=form.day_count,
        period=form.period,
        every=form.every,
        calendar=call.calendar,
    )


def _loan_of(current: Saved, paid: frozenset[int]) -> Loan:
    in_order = [row.number for row in current.rows if row.number in paid]
    late = [row for row in current.rows[: len(in_order)] if row.number not in paid]
    if late:
        raise Refusal(
            "rows_paid_out_of_order",
            ru=f"В графике {current.id} платёж {late[0].due_date} не оплачен, а более поздний оплачен: исправьте в CRM",
            en=f"In schedule {current.id} the payment of {late[0].due_date} is unpaid and a later one paid: correct it",
        )
    return loan_from_rows(
        current.rows,
        paid_count=len(in_order),
        start_date=current.terms.start_date,
        period_from=current.terms.period_from,
        kind=current.terms.plan,
        annual_rate=current.terms.annual_rate,
        day_count=current.terms.day_count,
        period=current.terms.period,
        every=current.terms.every,
    )


def _after(loan: Loan, repayment: Repayment, terms: AgreedTerms | None) -> Recalculation:
    currency = loan.principal.currency
    return recalculate(
        loan,
        amount=Money(repayment.amount, currency),
        day=repayment.day,
        mode=repayment.mode,
        remainder=terms.remainder if terms else None,
        rounding_unit=Money(terms.rounding_unit, currency) if terms and terms.rounding_unit else None,
    )


def _check_counted_once(current: Saved, repayment: Repayment, calendar: Calendar) -> None:
    if current.terms.after == repayment:
        raise NotDone(
            "already_recalculated",
            ru=f"График {current.id} уже пересчитан после этого погашения: второй раз оно не учтено",
            en=f"Schedule {current.id} is recalculated after this repayment already: it was not counted twice",
            known=shown(current, current.item_ids, calendar).known(),
        )


def _store(call: Call, world: World, current: Saved, loan: Loan, repayment: Repayment) -> Saved:
    done = _after(loan, repayment, current.terms)
    terms = current.terms.model_copy(
        update={
            "start_date": repayment.day,
            "full_cost_percent": done.plan.full_cost_percent,
            "replaces": current.id,
            "after": repayment,
            "period_from": done.period_from,
        }
    )
    try:
        return store_schedule(
            world.database, call.facts.id, current.document, call.key, terms, done.plan, replace=True, now=call.now
        )
    except ScheduleExists as other:
        raise Wait(
            call.now + CHANGED_PAUSE,
            "schedule_changed",
            ru="График как раз изменил другой процесс",
            en="Another process has just changed the schedule",
        ) from other

"""Build payment schedule: a sum becomes rows with dates, sums and interest, kept with the document."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from bitrix24.crm import Item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, Result, Wait, field, result, robot, warned
from bp_activities._values import Amount
from calculations.calendar import Shift
from calculations.custom_rows import CustomRow, parse_custom_rows
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.percent import parse_sum_or_percent
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import MonthEnd, Period
from calculations.refusal import Refusal
from calculations.rows import Plan, Row
from calculations.split import Remainder
from payments.asking import asking
from payments.reminders import Due, remind
from payments.schedules import ProcessBeingMade, Saved, ScheduleExists, schedule_of_call, show_in_crm, store_schedule
from payments.sums import sum_of
from schemas.binding import Binding

COUNT_WITH_NOTHING_FILLED_IN = 2
UNDER_WAY_PAUSE = timedelta(seconds=3)


class OnExisting(Choice):
    keep = "keep", "Оставить прежний", "Keep the old one"
    replace_unpaid = "replace_unpaid", "Заменить неоплаченное", "Replace what is unpaid"


class BuildPaymentSchedule(Form):
    plan: PlanKind = field("Вид графика", "Plan", default="equal")
    amount: Amount | None = field("Сумма", "Amount", hint=("Пусто — сумма документа", "Empty: the document's own sum"))
    currency: str | None = _fields.currency
    count: int | None = field(
        "Число платежей",
        "Number of payments",
        ge=1,
        le=1200,
        hint=("Без первого взноса; пусто и без срока — 2", "Without the down payment; empty and no end date: 2"),
    )
    period: Period = _fields.period
    first_date: date | None = field(
        "Дата первого платежа",
        "First payment date",
        hint=("Пусто — через период после начала", "Empty: one period after the start"),
    )
    down_payment: str | None = field(
        "Первый взнос", "Down payment", hint=("Сумма или процент: 10000 или 20%", "A sum or a percentage: 10000 or 20%")
    )
    custom_rows: str | None = field(
        "Свои строки",
        "Own rows",
        join="\n",
        hint=(
            "Для своего графика, строка на платёж: 31.01.2027 10000; последняя может быть 28.02.2027 rest",
            "For own rows, one a line: 31.01.2027 10000; the last may be 28.02.2027 rest",
        ),
    )
    annual_rate: Fraction | None = field("Ставка, % годовых", "Yearly rate, %")
    start_date: date | None = field("Начало", "Start date", hint=("Пусто — сегодня", "Empty: today"))
    until: date | None = field(
        "Последний срок",
        "Until",
        hint=("Вместо числа платежей, включительно", "Instead of the number of payments, inclusive"),
    )
    on_existing: OnExisting = field("Если график уже есть", "When there is a schedule", default="keep")
    save: bool = field("Сохранить", "Save", default="Y", hint=("Нет — только рассчитать", "No: only calculate"))
    remind_days_before: str = _fields.remind_days_before
    down_payment_date: date | None = field(
        "Дата первого взноса", "Down payment date", hint=("Пусто — начало", "Empty: the start date")
    )
    every: int = _fields.every
    month_end: MonthEnd = _fields.month_end
    remainder: Remainder | None = _fields.remainder
    rounding_unit: Amount = _fields.rounding_unit
    shift: Shift = _fields.shift
    fee: Amount = field(
        "Комиссия при выдаче",
        "Fee withheld at issue",
        default="0",
        hint=("Входит в полную стоимость", "Counts into the full cost"),
    )
    day_count: DayCount = field("Счёт дней", "Day count", default="act_365_366")
    item: Binding | None = _fields.item


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
    full_cost_percent: Decimal | None = result("Полная стоимость, % (оценка)", "Full cost, % (estimate)")


@robot(
    "build_payment_schedule",
    ru="Построить график платежей",
    en="Build payment schedule",
    hint=(
        "Рассчитывает график и сохраняет его строки как «Платежи»; прежний график без замены не трогает",
        "Calculates a schedule and keeps its rows as Payments; an existing one is left alone",
    ),
)
def build_payment_schedule(form: BuildPaymentSchedule, call: Call) -> PaymentSchedule:
    reminders = _fields.read_reminders(form.remind_days_before)
    if call.world is None:
        return _previewed(build_plan(_terms(form, call, None), call.calendar))
    document = call.item(form.item)
    if not form.save:
        return _previewed(build_plan(_terms(form, call, document), call.calendar))
    saved = schedule_of_call(call.world.database, call.facts.id, call.key) or _store(form, call, call.world, document)
    with asking(call.world.database, call.facts.id, call.key, call.world.call_id, call.now):
        shown = _show(call, call.world, document, saved)
        dues = [Due(binding, row.amount, row.due_date) for row, binding in zip(saved.rows, shown, strict=True)]
        problem = remind(call.world.client, document, dues, reminders, call.now)
    done = _shown(saved, [binding.item_id for binding in shown])
    return warned(done, _fields.REMINDERS_REFUSED, problem) if problem else done


def _show(call: Call, world: World, document: Item, saved: Saved) -> list[Binding]:
    try:
        return show_in_crm(world.client, world.database, document, saved, world.call_id, call.now)
    except ProcessBeingMade as other:
        raise Wait(
            call.now + UNDER_WAY_PAUSE,
            "process_being_made",
            ru="Смарт-процесс «Платежи» как раз создаётся",
            en="The smart process Payments is being made right now",
        ) from other


def _store(form: BuildPaymentSchedule, call: Call, world: World, document: Item) -> Saved:
    terms = _terms(form, call, document)
    plan = build_plan(terms, call.calendar)
    try:
        return store_schedule(
            world.database,
            call.facts.id,
            document.binding,
            call.key,
            form.plan.value,
            _kept_terms(terms, plan),
            plan,
            replace=form.on_existing == OnExisting.replace_unpaid,
            now=call.now,
        )
    except ScheduleExists as first:
        raise NotDone(
            "schedule_exists",
            ru=f"У документа {document.binding} уже есть график {first.schedule.id}: новый не построен. "
            "Чтобы заменить неоплаченное, выберите это в роботе",
            en=f"Document {document.binding} has schedule {first.schedule.id} already: no new one was built. "
            "Choose in the robot to replace what is unpaid",
            known=_shown(first.schedule, first.schedule.item_ids).known(),
        ) from first


def _terms(form: BuildPaymentSchedule, call: Call, document: Item | None) -> Terms:
    amount = _amount(form, call, document)
    currency = amount.currency
    until_decides = form.until is not None or form.plan in (PlanKind.full, PlanKind.custom)
    return Terms(
        amount=amount,
        plan=form.plan,
        count=form.count or (None if until_decides else COUNT_WITH_NOTHING_FILLED_IN),
        until=form.until,
        start_date=form.start_date or call.today,
        first_date=form.first_date,
        period=form.period,
        every=form.every,
        month_end=form.month_end,
        shift=form.shift,
        remainder=form.remainder,
        rounding_unit=form.rounding_unit.money(None, currency),
        down_payment=parse_sum_or_percent(form.down_payment, currency) if form.down_payment else None,
        down_payment_date=form.down_payment_date,
        annual_rate=form.annual_rate or Fraction(0),
        day_count=form.day_count,
        fee=form.fee.money(None, currency),
        custom_rows=_custom_rows(form, call, currency),
    )


def _custom_rows(form: BuildPaymentSchedule, call: Call, currency: str) -> tuple[CustomRow, ...]:
    if form.plan != PlanKind.custom:
        return ()
    if not form.custom_rows:
        raise Refusal(
            "rows_missing",
            ru="Для своего графика заполните поле «Свои строки»: дата и сумма в каждой строке",
            en="For a plan of own rows fill in “Own rows”: a date and a sum in each line",
        )
    return parse_custom_rows(form.custom_rows, currency, call.culture)


def _amount(form: BuildPaymentSchedule, call: Call, document: Item | None) -> Money:
    if form.amount:
        default = document.currency if document and document.currency else call.facts.currency
        return form.amount.money(form.currency, default)
    if document is not None and (own := sum_of(document)):
        return own
    named = f" {document.binding}" if document else ""
    raise Refusal(
        "amount_missing",
        ru=f"В документе{named} нет суммы: заполните поле «Сумма»",
        en=f"The document{named} has no sum: fill in “Amount”",
    )


def _kept_terms(terms: Terms, plan: Plan) -> dict[str, str]:
    return {
        "amount": terms.amount.text,
        "annual_rate": str(terms.annual_rate),
        "day_count": terms.day_count.value,
        "period": terms.period.value,
        "every": str(terms.every),
        "start_date": terms.start_date.isoformat(),
        "full_cost_percent": str(plan.full_cost_percent if plan.full_cost_percent is not None else ""),
    }


def _previewed(plan: Plan) -> PaymentSchedule:
    return PaymentSchedule(**_rows(plan.rows), full_cost_percent=plan.full_cost_percent)


def _shown(saved: Saved, item_ids: Sequence[int]) -> PaymentSchedule:
    full_cost = saved.terms["full_cost_percent"]
    return PaymentSchedule(
        schedule_id=saved.id,
        payment_ids=list(item_ids),
        **_rows(saved.rows),
        full_cost_percent=Decimal(full_cost) if full_cost else None,
    )


def _rows(rows: Sequence[Row]) -> dict[str, object]:
    return {
        "row_dates": [row.date for row in rows],
        "row_due_dates": [row.due_date for row in rows],
        "row_amounts": [row.amount for row in rows],
        "row_principal": [row.principal for row in rows],
        "row_interest": [row.interest for row in rows],
        "row_balance": [row.balance for row in rows],
        "payments_count": sum(1 for row in rows if row.number),
        "last_date": rows[-1].date,
        "total_interest": sum((row.interest for row in rows[1:]), start=rows[0].interest),
    }

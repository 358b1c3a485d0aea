"""Build payment schedule: a sum becomes rows with dates, sums and interest, kept with the document."""

from datetime import date
from fractions import Fraction

from bitrix24.crm import Item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, field, robot
from bp_activities._payment_schedule import PaymentSchedule, previewed, shown, shown_in_crm
from bp_activities._values import Amount, CurrencyCode, naming
from calculations.calendar import Shift
from calculations.custom_rows import CustomRow, parse_custom_rows
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.percent import parse_sum_or_percent
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import MonthEnd, Period
from calculations.refusal import Refusal
from calculations.rows import Plan
from calculations.split import Remainder
from payments.agreed_terms import AgreedTerms
from payments.schedule_items import learn_paid
from payments.schedules import Saved, ScheduleExists, current_schedule, schedule_of_call, store_schedule
from payments.sums import sum_of
from schemas.binding import Binding
from schemas.declaration import Words

COUNT_WITH_NOTHING_FILLED_IN = 2
DOWN_PAYMENT = Words("Первый взнос", "Down payment")
OWN_ROWS = Words("Свои строки", "Own rows")


class OnExisting(Choice):
    keep = "keep", "Оставить прежний", "Keep the old one"
    replace_unpaid = "replace_unpaid", "Заменить неоплаченное", "Replace what is unpaid"


class BuildPaymentSchedule(Form):
    plan: PlanKind = field("Вид графика", "Plan", default="equal")
    amount: Amount | None = field("Сумма", "Amount", hint=("Пусто — сумма документа", "Empty: the document's own sum"))
    currency: CurrencyCode | None = _fields.currency
    count: int | None = field(
        "Число платежей",
        "Number of payments",
        ge=1,
        le=1200,
        hint=(
            "Без первого взноса; пусто и без срока — 2. Оплате одним платежом и своему графику не нужно",
            "Without the down payment; empty and no end date: 2. Not used in full and for own rows",
        ),
    )
    period: Period = _fields.period
    first_date: date | None = field(
        "Дата первого платежа",
        "First payment date",
        hint=("Пусто — через период после начала", "Empty: one period after the start"),
    )
    down_payment: str | None = field(
        DOWN_PAYMENT.ru,
        DOWN_PAYMENT.en,
        hint=("Сумма или процент: 10000 или 20%", "A sum or a percentage: 10000 or 20%"),
    )
    custom_rows: str | None = field(
        OWN_ROWS.ru,
        OWN_ROWS.en,
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
        hint=(
            "Вместо числа платежей, включительно; своему графику не нужно",
            "Instead of the number of payments, inclusive; not used for own rows",
        ),
    )
    on_existing: OnExisting = field("Если график уже есть", "When there is a schedule", default="keep")
    save: bool = field("Сохранить", "Save", default="Y", hint=("Нет — только рассчитать", "No: only calculate"))
    remind_days_before: str = _fields.remind_days_before
    down_payment_date: date | None = field(
        "Дата первого взноса", "Down payment date", hint=("Пусто — начало", "Empty: the start date")
    )
    every: int = _fields.every
    month_end: MonthEnd = _fields.month_end
    remainder: Remainder | None = field(
        _fields.REMAINDER.ru,
        _fields.REMAINDER.en,
        hint=(
            "Пусто — по копейке первым; в последнюю — с округлением, в дифференцированном и в аннуитете под 0 %",
            "Empty: a unit each to the first; to the last with a rounding unit, differentiated or an annuity at 0 %",
        ),
    )
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
        return previewed(build_plan(_terms(form, call, None), call.calendar))
    document = call.item(form.item)
    if not form.save:
        return previewed(build_plan(_terms(form, call, document), call.calendar))
    saved = schedule_of_call(call.world.database, call.facts.id, call.key) or _store(form, call, call.world, document)
    return shown_in_crm(call, call.world, document, saved, reminders)


def _store(form: BuildPaymentSchedule, call: Call, world: World, document: Item) -> Saved:
    terms = _terms(form, call, document)
    plan = build_plan(terms, call.calendar)
    try:
        return store_schedule(
            world.database,
            call.facts.id,
            document.binding,
            call.key,
            _agreed(terms, plan),
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
            known=shown(first.schedule, first.schedule.item_ids, call.calendar).known(),
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
        rounding_unit=form.rounding_unit.money(currency, currency),
        down_payment=_down_payment(form.down_payment, currency) if form.down_payment else None,
        down_payment_date=form.down_payment_date,
        annual_rate=form.annual_rate or Fraction(0),
        day_count=form.day_count,
        fee=form.fee.money(currency, currency),
        custom_rows=_custom_rows(form, call, currency),
    )


def _down_payment(text: str, currency: str) -> Money | Fraction:
    return naming(DOWN_PAYMENT, text, lambda: parse_sum_or_percent(text, currency))


def _custom_rows(form: BuildPaymentSchedule, call: Call, currency: str) -> tuple[CustomRow, ...]:
    if form.plan != PlanKind.custom:
        return ()
    text = form.custom_rows
    if not text:
        raise Refusal(
            "rows_missing",
            ru="Для своего графика заполните поле «Свои строки»: дата и сумма в каждой строке",
            en="For a plan of own rows fill in “Own rows”: a date and a sum in each line",
        )
    return naming(OWN_ROWS, text, lambda: parse_custom_rows(text, currency, call.culture))


def _amount(form: BuildPaymentSchedule, call: Call, document: Item | None) -> Money:
    if form.amount:
        default = document.currency if document and document.currency else call.facts.currency
        return form.amount.money(form.currency, default)
    if document is not None and (own := sum_of(document)):
        return own - _paid_before(form, call, document, own)
    named = f" {document.binding}" if document else ""
    raise Refusal(
        "amount_missing",
        ru=f"В документе{named} нет суммы: заполните поле «Сумма»",
        en=f"The document{named} has no sum: fill in “Amount”",
    )


def _paid_before(form: BuildPaymentSchedule, call: Call, document: Item, whole: Money) -> Money:
    """What the document's schedule has brought already: a new one in its place is about the rest."""
    nothing = Money(0, whole.currency)
    if call.world is None or form.on_existing != OnExisting.replace_unpaid:
        return nothing
    old = current_schedule(call.world.database, call.facts.id, document.binding)
    if old is None or old.rows[0].amount.currency != whole.currency:
        return nothing
    paid = learn_paid(call.world.client, call.world.database, old)
    brought = sum((row.principal for row in old.rows if row.number in paid), start=nothing)
    if brought >= whole:
        raise Refusal(
            "nothing_remains",
            ru=f"По графику {old.id} оплачено {brought}, это вся сумма документа {document.binding}: строить нечего",
            en=f"Schedule {old.id} has brought {brought}, the whole sum of {document.binding}: nothing is left to plan",
        )
    return brought


def _agreed(terms: Terms, plan: Plan) -> AgreedTerms:
    return AgreedTerms(
        plan=terms.plan,
        start_date=terms.start_date,
        annual_rate=terms.annual_rate,
        day_count=terms.day_count,
        period=terms.period,
        every=terms.every,
        remainder=terms.remainder,
        rounding_unit=terms.rounding_unit.minor if terms.rounding_unit else 0,
        full_cost_percent=plan.full_cost_percent,
    )

"""Split invoice: one invoice becomes N invoices with their own sums and due dates; the total stays."""

from datetime import date
from fractions import Fraction

from bitrix24.crm import Item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, Result, field, result, robot
from bp_activities._values import Amount
from calculations.calendar import Shift
from calculations.money import Money
from calculations.recurrence import MonthEnd, Period, Recurrence
from calculations.refusal import Refusal
from calculations.split import Remainder, parse_shares, split, split_by_shares
from payments.invoices import AlreadySplit, SplitPlan, open_total, split_into_invoices
from schemas.binding import SMART_INVOICE, Binding


class SourceInvoice(Choice):
    first_part = "first_part", "Станет первой частью", "Becomes the first part"
    cancel = "cancel", "Отменить", "Cancel it"
    keep = "keep", "Оставить как есть", "Keep it as it is"


class SplitInvoice(Form):
    amount: Amount | None = field(
        "Сумма", "Amount", hint=("Пусто — сумма документа", "Empty: the document's own sum")
    )
    currency: str | None = _fields.currency
    parts: int = field(
        "Число частей", "Number of parts", default="2", ge=2, le=120, hint=("От 2 до 120", "From 2 to 120")
    )
    shares: str | None = field(
        "Доли вместо числа частей",
        "Shares instead of parts",
        join=", ",
        hint=("Например 50%, 30%, 20% или веса 2, 1, 1", "Such as 50%, 30%, 20% or weights 2, 1, 1"),
    )
    first_due_date: date | None = field(
        "Срок первой части",
        "First due date",
        hint=("Пусто — срок счёта, а без него через период", "Empty: the invoice's own, else one period from today"),
    )
    period: Period = _fields.period
    source_invoice: SourceInvoice = field(
        "Исходный счёт",
        "The source invoice",
        default="first_part",
        hint=("Что сделать со счётом, который делится", "What becomes of the invoice that is split"),
    )
    remind_days_before: str = _fields.remind_days_before
    every: int = _fields.every
    month_end: MonthEnd = _fields.month_end
    remainder: Remainder | None = _fields.remainder
    rounding_unit: Amount = _fields.rounding_unit
    shift: Shift = _fields.shift
    item: Binding | None = _fields.item


class InvoiceParts(Result):
    invoice_ids: list[int] = result("Счета", "Invoices", default=[])
    part_amounts: list[Money] = result("Суммы частей", "Part amounts", default=[])
    due_dates: list[date] = result("Сроки", "Due dates", default=[])
    parts_count: int | None = result("Число частей", "Number of parts")


@robot(
    "split_invoice",
    ru="Разбить счёт на части",
    en="Split invoice into parts",
    hint=(
        "Создаёт несколько счетов со своими суммами и сроками; общая сумма не меняется. Уже разбитый документ не делит снова",
        "Makes several invoices with their own sums and dates; the total stays. A document already split is left alone",
    ),
)
def split_invoice(form: SplitInvoice, call: Call) -> InvoiceParts:
    reminders = _fields.read_reminders(form.remind_days_before)
    source = call.item(form.item) if call.world else None
    total = _total(form, call, source)
    shares = parse_shares(form.shares) if form.shares else None
    amounts = _amounts(form, total, shares)
    dates = _due_dates(form, call, source, len(amounts))
    parts = InvoiceParts(part_amounts=amounts, due_dates=dates, parts_count=len(amounts))
    if call.world is None or source is None:
        return parts
    if source.entity_type_id == SMART_INVOICE:
        _check_source(form, call.world, source, total)
    plan = SplitPlan(
        key=call.key,
        business_key=f"split:{source.binding}:{form.amount.text if form.amount else 'own'}",
        amounts=tuple(amounts),
        due_dates=tuple(dates),
        treatment=form.source_invoice.value,
        reminders=reminders,
    )
    try:
        done = split_into_invoices(call.world.client, call.world.database, source, plan, call.world.call_id, call.now)
    except AlreadySplit as first:
        raise NotDone(
            "already_split",
            ru=f"Документ уже разбит, новых счетов не создано: {first.listed}. Чтобы разбить заново, удалите их",
            en=f"Already split, nothing new was made: {first.listed}. Delete them to split again",
            known={
                "invoice_ids": first.invoice_ids,
                "part_amounts": list(first.amounts),
                "due_dates": list(first.due_dates),
                "parts_count": len(first.invoice_ids),
            },
        ) from first
    return InvoiceParts(
        invoice_ids=done.invoice_ids,
        part_amounts=list(done.amounts),
        due_dates=list(done.due_dates),
        parts_count=len(done.invoice_ids),
    )

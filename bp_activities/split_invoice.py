"""Split invoice: one invoice becomes N invoices with their own sums and due dates; the total stays."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

from bitrix24.crm import Item
from bitrix24.product_rows import get_rows
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, Result, Wait, field, result, robot, warned
from bp_activities._values import Amount, CurrencyCode, naming, refuse
from calculations.calendar import Shift
from calculations.money import Money
from calculations.recurrence import MonthEnd, PaymentDates, Period
from calculations.refusal import Refusal
from calculations.shares import parse_shares, split_by_shares
from calculations.split import Remainder, split
from payments.asking import asking
from payments.invoices import is_closed, make_invoices, remind_of_parts, still_there
from payments.splits import Split, SplitPlan, begin_split, find_split, finish_split, forget_split, with_invoices
from payments.sums import sum_of
from schemas.binding import SMART_INVOICE, Binding
from schemas.declaration import Words

UNDER_WAY_PAUSE = timedelta(seconds=5)
SHARES = Words("Доли вместо числа частей", "Shares instead of parts")
FEWEST_PARTS, MOST_PARTS = 2, 120


class SourceInvoice(Choice):
    first_part = "first_part", "Станет первой частью", "Becomes the first part"
    cancel = "cancel", "Отменить", "Cancel it"
    keep = "keep", "Оставить как есть", "Keep it as it is"


class SplitInvoice(Form):
    amount: Amount | None = field("Сумма", "Amount", hint=("Пусто — сумма документа", "Empty: the document's own sum"))
    currency: CurrencyCode | None = _fields.currency
    parts: int = field(
        "Число частей",
        "Number of parts",
        default="2",
        ge=FEWEST_PARTS,
        le=MOST_PARTS,
        hint=("От 2 до 120", "From 2 to 120"),
    )
    shares: str | None = field(
        SHARES.ru,
        SHARES.en,
        join="; ",
        hint=(
            "Например 50%, 30%, 20% или веса 2, 1, 1; дробные — через точку с запятой: 1,5; 2. Без неё запятая "
            "дробная, только если после других запятых есть пробел: 1,5, 2; а 1,5 — два веса",
            "Such as 50%, 30%, 20% or weights 2, 1, 1; with semicolons between decimals: 1,5; 2. Without them a comma "
            "is decimal only where other commas have a space after them: 1,5, 2; and 1,5 is two weights",
        ),
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
    projected_years: list[int] = _fields.projected_years


@robot(
    "split_invoice",
    ru="Разбить счёт на части",
    en="Split invoice into parts",
    hint=(
        "Создаёт несколько счетов со своими суммами и сроками; сумма не меняется. Разбитый документ не делит снова",
        "Makes several invoices with their own sums and dates; the total stays. A document already split is left alone",
    ),
)
def split_invoice(form: SplitInvoice, call: Call) -> InvoiceParts:
    reminders = _fields.read_reminders(form.remind_days_before)
    if call.world is None:
        amounts = _amounts(form, _total(form, call, None))
        dates = _due_dates(form, call, None, len(amounts))
        return InvoiceParts(
            part_amounts=list(amounts),
            due_dates=list(dates),
            parts_count=len(amounts),
            projected_years=list(call.calendar.projected_years(dates)),
        )
    source = call.item(form.item)
    agreed = _agree(form, call, call.world, source, reminders)
    if agreed.call_id != call.world.call_id:
        raise _split_before(agreed, call)
    if agreed.done:
        return _shown(agreed.plan, call)
    with asking(call.world.database, call.facts.id, agreed.plan.origin, call.world.call_id, call.now):
        plan = with_invoices(agreed.plan, make_invoices(call.world.client, source, agreed.plan))
        problem = remind_of_parts(call.world.client, source, plan, call.now)
    finish_split(call.world.database, agreed, plan)
    return warned(_shown(plan, call), _fields.REMINDERS_REFUSED, problem) if problem else _shown(plan, call)


def _agree(form: SplitInvoice, call: Call, world: World, source: Item, reminders: tuple[int, ...]) -> Split:
    """The split of this document and sum as it was fixed before, by whomever, or fixed now."""
    key = f"split:{source.binding}:{form.amount.text if form.amount else ''}:{form.currency or ''}"
    known = find_split(world.database, call.facts.id, key, world.call_id)
    if known and known.done and known.call_id != world.call_id:
        if still_there(world.client, known.plan.invoice_ids):
            return known
        forget_split(world.database, known)
        known = None
    if known:
        return known
    total = _total(form, call, source)
    if source.entity_type_id == SMART_INVOICE:
        _check_source(form, world, source, total)
    amounts = _amounts(form, total)
    plan = SplitPlan.of(
        origin=call.key,
        amounts=amounts,
        due_dates=_due_dates(form, call, source, len(amounts)),
        treatment=form.source_invoice.value,
        reminders=reminders,
        rows=get_rows(world.client, source.binding),
    )
    return begin_split(world.database, call.facts.id, key, world.call_id, plan, call.now)


def _check_source(form: SplitInvoice, world: World, source: Item, total: Money) -> None:
    if is_closed(world.client, source):
        raise Refusal(
            "invoice_closed",
            ru=f"Счёт {source.id} «{source.title}» уже оплачен или отменён: делить нечего",
            en=f"Invoice {source.id} “{source.title}” is paid or cancelled already: there is nothing to split",
        )
    own = sum_of(source)
    if form.source_invoice != SourceInvoice.keep and own != total:
        held = own.text if own else "0"
        raise Refusal(
            "amount_differs",
            ru=f"Части дали бы {total.text} {total.currency}, а счёт на {held}: оставьте поле «Сумма» пустым",
            en=f"The parts would make {total.text} {total.currency}, the invoice is for {held}: leave “Amount” empty",
        )


def _total(form: SplitInvoice, call: Call, source: Item | None) -> Money:
    default = source.currency if source and source.currency else call.facts.currency
    if form.amount:
        total = form.amount.money(form.currency, default)
    elif source is not None and (own := sum_of(source)):
        total = own
    else:
        named = f" {source.binding}" if source else ""
        raise Refusal(
            "amount_missing",
            ru=f"В документе{named} нет суммы: заполните поле «Сумма»",
            en=f"The document{named} has no sum: fill in “Amount”",
        )
    if total.minor <= 0:
        raise Refusal(
            "amount_not_positive",
            ru=f"Сумма {total.text} {total.currency}: разбить можно только сумму больше нуля",
            en=f"The sum is {total.text} {total.currency}: only a sum above zero can be split",
        )
    return total


def _amounts(form: SplitInvoice, total: Money) -> Sequence[Money]:
    unit = form.rounding_unit.money(total.currency, total.currency)
    if form.shares:
        if unit:
            raise Refusal(
                "shares_and_rounding",
                ru="Доли и округление частей вместе не работают: оставьте в поле «Округлять части до» ноль",
                en="Shares and a rounding unit do not go together: leave zero in “Round parts to”",
            )
        return split_by_shares(total, _shares(form.shares))
    remainder = form.remainder or (Remainder.remainder_last if unit else Remainder.spread_first)
    return split(total, form.parts, remainder, unit, fewest=FEWEST_PARTS)


def _shares(text: str) -> Sequence[Fraction]:
    shares = naming(SHARES, text, lambda: parse_shares(text))
    if not FEWEST_PARTS <= len(shares) <= MOST_PARTS:
        raise refuse(
            SHARES,
            text,
            "out_of_range",
            ru=f"долей {len(shares)}, а нужно от {FEWEST_PARTS} до {MOST_PARTS}",
            en=f"there are {len(shares)} of them, give {FEWEST_PARTS} to {MOST_PARTS}",
        )
    return shares


def _due_dates(form: SplitInvoice, call: Call, source: Item | None, count: int) -> Sequence[date]:
    own = source.close_date if source and source.entity_type_id == SMART_INVOICE else None
    first = form.first_due_date or own
    dates = PaymentDates.of(call.today, first, form.period, form.every, form.month_end).take(count)
    return [call.calendar.shift(day, form.shift) for day in dates]


def _split_before(agreed: Split, call: Call) -> Exception:
    if not agreed.done:
        return Wait(
            call.now + UNDER_WAY_PAUSE,
            "split_under_way",
            ru="Этот документ как раз разбивает другой процесс",
            en="Another process is splitting this document right now",
        )
    listed = ", ".join(map(str, agreed.plan.invoice_ids))
    return NotDone(
        "already_split",
        ru=f"Документ уже разбит на счета {listed}: новых не создано. Чтобы разбить заново, удалите их",
        en=f"The document is split already into invoices {listed}: nothing new was made. Delete them to split again",
        known=_shown(agreed.plan, call).known(),
    )


def _shown(plan: SplitPlan, call: Call) -> InvoiceParts:
    return InvoiceParts(
        invoice_ids=list(plan.invoice_ids),
        part_amounts=plan.parts,
        due_dates=list(plan.due_dates),
        parts_count=len(plan.amounts),
        projected_years=list(call.calendar.projected_years(plan.due_dates)),
    )

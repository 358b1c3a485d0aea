"""Deduct from debt: a payment reduces what is owed, bucket by bucket; a refund puts it back."""

from contextlib import AbstractContextManager
from datetime import timedelta

from bitrix24.crm import Item
from bitrix24.errors import Refused
from bitrix24.own_fields import own_field
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, Result, Wait, field, result, robot
from bp_activities._values import Amount, CurrencyCode, naming
from calculations.debt import Application, Bucket, Debt, Overpayment, apply_payment, parse_order, refund
from calculations.money import Money
from calculations.refusal import Refusal
from payments.asking import asking
from payments.debts import (
    OUR_FIELDS,
    AnotherPaymentUnderWay,
    Applied,
    apply_once,
    debt_in_document,
    find_abandoned,
    find_applied,
    mark_written,
    paid_so_far,
    shows_debt,
    withdraw,
    write_debt,
)
from payments.sums import sum_of
from schemas.binding import Binding
from schemas.declaration import Words

UNDER_WAY_PAUSE = timedelta(seconds=2)
ORDER = Words("Порядок погашения", "Order of repayment")


class Operation(Choice):
    payment = "payment", "Платёж", "Payment"
    refund = "refund", "Возврат", "Refund"


class DeductFromDebt(Form):
    payment_amount: Amount | None = field(
        "Сумма платежа", "Payment amount", hint=("Пусто — сумма документа", "Empty: the document's own sum")
    )
    currency: CurrencyCode | None = _fields.currency
    debt: Amount | None = field(
        "Основной долг",
        "Principal owed",
        hint=("Пусто — из поля долга в договоре", "Empty: from the contract's debt field"),
    )
    contract: Binding | None = field(
        "Договор",
        "Contract",
        hint=("Элемент CRM с долгом, например D_5; пусто — документ", "The CRM item with the debt, such as D_5"),
    )
    operation: Operation = field("Операция", "Operation", default="payment")
    update_document: bool = _fields.update_document
    interest: Amount | None = field("Проценты", "Interest owed")
    costs: Amount | None = field("Издержки", "Costs owed")
    penalty: Amount | None = field("Неустойка", "Penalty owed")
    order: str = field(
        ORDER.ru,
        ORDER.en,
        default="costs,interest,principal,penalty",
        join=",",
        hint=(
            "По ст. 319 ГК РФ: издержки, проценты, основной долг, затем неустойка",
            "Costs, interest, principal, penalty",
        ),
    )
    overpayment: Overpayment = field("Если заплачено больше долга", "When more was paid than owed", default="credit")
    debt_field: str | None = field(
        "Поле долга",
        "Debt field",
        hint=("Код поля CRM; пусто — «Остаток долга»", "A CRM field's code; empty: Debt left"),
    )
    payment_key: str | None = _fields.payment_key


class DebtAfter(Result):
    debt_before: Money | None = result("Долг до платежа", "Debt before")
    debt_after: Money | None = result("Долг после платежа", "Debt after")
    applied_principal: Money | None = result("В основной долг", "Applied to principal")
    applied_interest: Money | None = result("В проценты", "Applied to interest")
    applied_costs: Money | None = result("В издержки", "Applied to costs")
    applied_penalty: Money | None = result("В неустойку", "Applied to penalty")
    overpayment_amount: Money | None = result("Переплата", "Overpayment")
    debt_cleared: bool | None = result("Долг погашен", "Debt cleared")
    paid_total: Money | None = result("Всего оплачено", "Paid in total")
    paid_count: int | None = result("Число платежей", "Number of payments")


@robot(
    "deduct_from_debt",
    ru="Вычесть из долга",
    en="Deduct from debt",
    hint=(
        "Уменьшает долг на сумму платежа в порядке ст. 319 ГК РФ и записывает остаток; один платёж — один раз",
        "Takes a payment off the debt in the order of costs, interest, principal, penalty; one payment is taken once",
    ),
)
def deduct_from_debt(form: DeductFromDebt, call: Call) -> DebtAfter:
    order = naming(ORDER, form.order, lambda: parse_order(form.order))
    if call.world is None:
        amount = _payment(form, call, None)
        debt = _debt_in_form(form, amount.currency)
        if debt is None:
            raise Refusal(
                "debt_missing",
                ru="Не указан основной долг: заполните поле «Основной долг»",
                en="The principal owed is not given: fill in “Principal owed”",
            )
        application = _work_out(form, order, amount, debt, None)
        count = 1 if form.operation == Operation.payment else 0
        return _shown(application, application.amount, count)
    return _in_portal(form, call, call.world, order)


def _in_portal(form: DeductFromDebt, call: Call, world: World, order: tuple[Bucket, ...]) -> DebtAfter:
    contract = call.item(form.contract)
    amount = _payment(form, call, contract)
    fields = _fields_of(form, world, contract)
    key = form.payment_key or _own_key(call, world)
    portal_id = call.facts.id

    def read_debt() -> Debt:
        typed = _debt_in_form(form, form.currency or contract.currency or amount.currency)
        debt = typed or debt_in_document(call.item(form.contract), fields, amount.currency)
        if debt is None:
            raise Refusal(
                "debt_missing",
                ru=f"В договоре {contract.binding} пусто поле долга: заполните его или поле «Основной долг» робота",
                en=f"The debt field of contract {contract.binding} is empty: fill it in, or “Principal owed”",
            )
        return debt

    def work_out(debt: Debt) -> Application:
        paid = find_applied(world.database, portal_id, contract.binding, Operation.payment.value, key)
        return _work_out(form, order, amount, debt, paid)

    _close_abandoned(form, call, world, contract, fields)
    try:
        applied = apply_once(
            world.database,
            portal_id,
            contract.binding,
            form.operation.value,
            key,
            world.call_id,
            amount,
            read_debt,
            work_out,
            call.now,
        )
    except AnotherPaymentUnderWay as other:
        raise Wait(
            call.now + UNDER_WAY_PAUSE,
            "another_payment",
            ru=f"В долг договора {other} как раз записывают другой платёж",
            en=f"Another payment is being written to the debt of contract {other}",
        ) from other
    if applied.call_id != world.call_id:
        raise _known_already(applied, call, world, contract)
    if not applied.written:
        if form.update_document:
            _write(call, world, contract, fields, applied)
        mark_written(world.database, applied, call.now)
    so_far = paid_so_far(world.database, portal_id, contract.binding, amount.currency)
    return _shown(applied.application, so_far.total, so_far.count)


def _close_abandoned(form: DeductFromDebt, call: Call, world: World, contract: Item, fields: dict[Bucket, str]) -> None:
    """A payment whose call ended unheard counts if the contract shows it; if not, it did not happen."""
    left = find_abandoned(world.database, call.facts.id, contract.binding)
    if left is None or Bucket.principal not in fields:
        return
    with _writing(call, world, contract):
        now_held = call.item(form.contract)
        written = shows_debt(now_held, fields, left.application.after)
        if written and not shows_debt(now_held, fields, left.application.before):
            mark_written(world.database, left, call.now)
        else:
            withdraw(world.database, left)


def _write(call: Call, world: World, contract: Item, fields: dict[Bucket, str], applied: Applied) -> None:
    with _writing(call, world, contract):
        try:
            write_debt(world.client, contract, fields, applied.application.after)
            _check_kept(call.item(contract.binding), contract, fields, applied)
        except (Refused, Refusal):
            withdraw(world.database, applied)
            raise


def _check_kept(now_held: Item, before: Item, fields: dict[Bucket, str], applied: Applied) -> None:
    """The portal ignores fields it does not know and says nothing."""
    field = fields[Bucket.principal]
    if now_held.value(field) == before.value(field) and not shows_debt(now_held, fields, applied.application.after):
        raise Refusal(
            "debt_field_missing",
            ru=f"Портал не записал долг: в документе {before.binding} нет поля {field}, проверьте его код",
            en=f"The portal kept no debt: document {before.binding} has no field {field}, check its code",
        )


def _writing(call: Call, world: World, contract: Item) -> AbstractContextManager[None]:
    return asking(world.database, call.facts.id, f"debt:{contract.binding}", world.call_id, call.now)


def _known_already(applied: Applied, call: Call, world: World, contract: Item) -> NotDone:
    so_far = paid_so_far(world.database, call.facts.id, contract.binding, applied.amount.currency)
    return NotDone(
        "already_applied",
        ru=f"Этот платёж уже учтён: {applied.amount.text} {applied.amount.currency}, долг не изменён",
        en=f"This payment is counted already: {applied.amount.text} {applied.amount.currency}; the debt is unchanged",
        known=_shown(applied.application, so_far.total, so_far.count).known(),
    )


def _payment(form: DeductFromDebt, call: Call, contract: Item | None) -> Money:
    if form.payment_amount:
        default = contract.currency if contract and contract.currency else call.facts.currency
        return form.payment_amount.money(form.currency, default)
    document = call.item(None) if call.document else None
    own = sum_of(document) if document else None
    if own:
        return own
    ru, en = (f"В документе {document.binding}", f"Document {document.binding}") if document else ("В шаге", "The step")
    raise Refusal(
        "amount_missing",
        ru=f"{ru} нет суммы: заполните поле «Сумма платежа»",
        en=f"{en} has no sum: fill in “Payment amount”",
    )


def _debt_in_form(form: DeductFromDebt, currency: str) -> Debt | None:
    if form.debt is None:
        return None
    return Debt.of(
        form.debt.money(currency, currency),
        interest=form.interest.money(currency, currency) if form.interest else None,
        costs=form.costs.money(currency, currency) if form.costs else None,
        penalty=form.penalty.money(currency, currency) if form.penalty else None,
    )


def _work_out(
    form: DeductFromDebt, order: tuple[Bucket, ...], amount: Money, debt: Debt, paid: Applied | None
) -> Application:
    if form.operation == Operation.refund:
        return refund(debt, amount, original=paid.application if paid else None)
    return apply_payment(debt, amount, order=order, overpayment=form.overpayment)


def _fields_of(form: DeductFromDebt, world: World, contract: Item) -> dict[Bucket, str]:
    ours = world.client.facts.fields
    named = {bucket: own_field(ours, name, contract.entity_type_id) for bucket, name in OUR_FIELDS.items()}
    fields = {bucket: field for bucket, field in named.items() if field}
    if form.debt_field:
        fields[Bucket.principal] = form.debt_field
    if form.update_document and Bucket.principal not in fields:
        raise Refusal(
            "debt_field_missing",
            ru=f"У документа {contract.binding} нет нашего поля «Остаток долга»: укажите в роботе код своего поля",
            en=f"Document {contract.binding} lacks our field “Debt left”: name a field of your own in the robot",
        )
    return fields


def _own_key(call: Call, world: World) -> str:
    payments_type = world.client.facts.payments_type
    if call.document and payments_type and call.document.entity_type_id == payments_type:
        return f"item:{call.document}"
    return f"call:{call.key}"


def _shown(application: Application, paid_total: Money, paid_count: int) -> DebtAfter:
    return DebtAfter(
        debt_before=application.before.total,
        debt_after=application.after.total,
        applied_principal=application.principal,
        applied_interest=application.interest,
        applied_costs=application.costs,
        applied_penalty=application.penalty,
        overpayment_amount=application.overpayment,
        debt_cleared=application.after.cleared,
        paid_total=paid_total,
        paid_count=paid_count,
    )

"""Charge saved card: the client's saved card is charged once for a payment, or the reason why not is said."""

from datetime import date, datetime, timedelta
from typing import Any

from billing.fiscal import INSTALMENT
from billing.key import charge_key
from billing.orders import ChargeOrder, ChargeResult
from bitrix24.crm import Item
from bp_activities import _fields
from bp_activities._call import Call, World
from bp_activities._choices import Choice
from bp_activities._declaration import Form, NotDone, Result, Status, Wait, field, result, robot
from bp_activities._inbox import waits_for_charge
from bp_activities._values import Amount, CurrencyCode
from calculations.money import Money
from calculations.refusal import Refusal
from customers.card_holders import customers_with_cards
from payments.effects import begin_effect, find_effect
from payments.schedule_items import learn_paid
from payments.schedules import PlannedPayment, charged_payment, current_schedule, is_instalment, planned_payment
from payments.sums import sum_of
from schemas.binding import COMPANY, CONTACT, DEAL, LEAD, QUOTE, Binding
from schemas.declaration import Words

ASK_AGAIN = timedelta(seconds=30)


class Retry(Choice):
    portal = "portal", "По правилам портала", "By the portal's rules"
    none = "none", "Не повторять", "Do not retry"


class ChargeSavedCard(Form):
    amount: Amount | None = field("Сумма", "Amount", hint=("Пусто — сумма документа", "Empty: the document's own sum"))
    currency: CurrencyCode | None = _fields.currency
    customer: Binding | None = field(
        "Клиент", "Client", hint=("C_5 или CO_7; пусто — клиент документа", "C_5 or CO_7; empty: the document's client")
    )
    due_date: date | None = field(
        "Срок платежа",
        "Due date",
        hint=("Пусто — из графика или счёта; раньше срока не списывает", "Empty: from the schedule or invoice"),
    )
    saved_card: str | None = field(
        "Карта",
        "Card",
        hint=(
            "Номер карты у нас или последние 4 цифры; нужно, когда карт несколько",
            "Our card id or the last 4 digits",
        ),
    )
    description: str | None = field("Назначение", "Description", join=" ", hint=("Увидит клиент", "The client sees it"))
    receipt_email: str | None = field("Почта для чека", "E-mail for the receipt")
    retry: Retry = field("При отказе банка", "When the bank declines", default="portal")
    gateway: str | None = field("Платёжная система", "Gateway", hint=("Пусто — та, где карта", "Empty: the card's own"))
    receipt_kind: str | None = field(
        "Вид чека",
        "Receipt kind",
        hint=("Пусто — по графику, иначе как в терминале", "Empty: by the schedule, else the terminal's"),
    )
    payment_key: str | None = _fields.payment_key


class CardCharge(Result):
    charge_status: str = result("Списание", "Charge status", default="")
    charge_id: int | None = result("Номер списания", "Charge id")
    gateway_payment_id: str = result("Номер у банка", "The bank's id", default="")
    charged_amount: Money | None = result("Списано", "Charged amount")
    charged_at: datetime | None = result("Когда списано", "Charged at")
    card_mask: str = result("Карта", "Card", default="")
    decline_code: str = result("Код отказа", "Decline code", default="")
    decline_reason: str = result("Причина отказа", "Decline reason", default="")
    next_attempt_date: date | None = result("Следующая попытка", "Next attempt")
    receipt_status: str = result("Чек", "Receipt", default="none")
    payment_link: str = result("Ссылка на оплату", "Payment link", default="")


@robot(
    "charge_saved_card",
    ru="Списать с сохранённой карты",
    en="Charge saved card",
    hint=(
        "Списывает один раз за платёж; без согласия клиента и раньше срока не списывает. Отказ банка объясняет словами",
        "Charges once for a payment; never without the client's consent or before the due date; explains a decline",
    ),
)
def charge_saved_card(form: ChargeSavedCard, call: Call) -> CardCharge:
    if call.world is None:
        raise NotDone(
            "effects_off",
            ru="Проба робота: деньги не списываются",
            en="The robot is being tried out: no money is taken",
            known={"charge_status": "skipped"},
        )
    document = call.item(None)
    agreed = _agreed(form, call, call.world, document)
    order = ChargeOrder(
        portal_id=call.facts.id,
        key=agreed["key"],
        call_id=call.world.call_id,
        document=document.binding.text,
        customer=_customer(form, call.world, document).text,
        amount=Money(agreed["minor"], agreed["currency"]),
        description=form.description or document.title,
        saved_card=form.saved_card or "",
        gateway=form.gateway or "",
        receipt_email=_first_address(form.receipt_email or ""),
        receipt_kind=form.receipt_kind or agreed.get("receipt_kind", ""),
        retry="portal" if form.retry == Retry.portal else "none",
        deadline_at=call.deadline_at,
    )
    return _answered(call.world.charging.charge(order), call, call.world)


def _first_address(text: str) -> str:
    """A portal puts all the addresses of a client into the field, with commas between; a receipt goes to one."""
    return text.split(",")[0].strip()


def _agreed(form: ChargeSavedCard, call: Call, world: World, document: Item) -> dict[str, Any]:
    """The key and the sum as the call's first run saw them: while it waits, the schedule's next row may come first."""
    effect = f"charge:{world.call_id}"
    begun = find_effect(world.database, call.facts.id, effect, world.call_id)
    if begun:
        return begun.result
    planned = _planned(form, call, world, document)
    due = form.due_date or (planned.due_date if planned else _own_date(document))
    if due and due > call.today and not form.payment_key:
        raise NotDone(
            "not_due_yet",
            ru=f"Срок платежа {due:%d.%m.%Y} ещё не наступил: карта не тронута",
            en=f"The payment is due on {due.isoformat()}, later than today: the card was left alone",
            known={"charge_status": "skipped"},
        )
    amount = _amount(form, call, world, document, planned)
    key = charge_key(
        payment_key=form.payment_key or "",
        document=document.binding.text,
        due_date=planned.name if planned else due,  # a row has one key, by whichever of its dates it is named
        amount=amount,
    )
    in_parts = is_instalment(world.database, call.facts.id, document.binding, call.facts.payments_type)
    plan = {
        "key": key,
        "minor": amount.minor,
        "currency": amount.currency,
        "receipt_kind": INSTALMENT if in_parts else "",
    }
    return begin_effect(world.database, call.facts.id, effect, world.call_id, plan, call.now).result


def _planned(form: ChargeSavedCard, call: Call, world: World, document: Item) -> PlannedPayment | None:
    """The row of the document's schedule to charge: the one of the day given, else the earliest unpaid one.

    While that one's day has not come, or none is unpaid, it is the row whose day came last, where its charge has paid
    it: a second click in its period finds that charge. Raises NotDone when what is asked for is paid otherwise.
    """
    schedule = current_schedule(world.database, call.facts.id, document.binding)
    if schedule is None or (form.payment_key and form.amount):  # a payment of its own beside the schedule
        return None
    learn_paid(world.client, world.database, schedule)
    planned = planned_payment(world.database, call.facts.id, document.binding, form.due_date)
    if not (form.due_date or form.payment_key) and (planned is None or planned.due_date > call.today):
        planned = charged_payment(world.database, call.facts.id, document.binding, call.today) or planned
    if planned.is_paid_otherwise if planned else not form.due_date:
        raise NotDone(
            "paid_already",
            ru=f"По графику документа {document.binding} этот платёж уже оплачен: карта не тронута",
            en=f"By the schedule of {document.binding} this payment is paid already: the card was left alone",
            known={"charge_status": "skipped"},
        )
    return planned


def _answered(charge: ChargeResult, call: Call, world: World) -> CardCharge:
    language = call.facts.language
    wants_client = charge.decline_words is not None and charge.decline_kind == "needs_client"
    known = {
        "charge_status": charge.status,
        "charge_id": charge.charge_id,
        "gateway_payment_id": charge.gateway_payment_id,
        "charged_amount": charge.amount if charge.charged_at else None,
        "charged_at": charge.charged_at.astimezone(call.facts.time_zone) if charge.charged_at else None,
        "card_mask": charge.card_mask,
        "decline_code": charge.decline_code,
        "decline_reason": charge.decline_words.in_language(language) if charge.decline_words else "",
        "next_attempt_date": charge.next_attempt_date,
        "receipt_status": charge.receipt_status,
        "payment_link": world.pay_links.of(charge.charge_id) if wants_client else "",
    }
    if charge.status in ("pending", "unknown"):
        raise Wait(
            charge.wait_until or call.now + ASK_AGAIN,
            "charge_open",
            ru=f"Списание {charge.charge_id} ещё не завершено: банк пока не дал окончательного ответа",
            en=f"Charge {charge.charge_id} is still open: the bank has given no final answer yet",
            result=CardCharge.model_validate(known),
            reason=waits_for_charge(charge.charge_id),
        )
    if charge.status == "declined":
        words = charge.decline_words or Words("Банк отказал в списании", "The bank declined the charge")
        return CardCharge.model_validate(
            {**known, "result_status": Status.failed, "error_code": "declined", "error_text": words}
        )
    if charge.status == "skipped" and charge.charged_at is None:
        words = charge.decline_words or Words("Это списание уже отклонено", "This charge was declined before")
        raise NotDone("declined_before", ru=words.ru, en=words.en, known=known)
    if charge.status == "skipped":
        raise NotDone(
            "already_charged",
            ru=f"Этот платёж уже списан: списание {charge.charge_id}, второй раз деньги не взяты",
            en=f"This payment is charged already by charge {charge.charge_id}: no money was taken again",
            known=known,
        )
    return CardCharge.model_validate(known)


def _amount(form: ChargeSavedCard, call: Call, world: World, document: Item, planned: PlannedPayment | None) -> Money:
    if form.amount:
        amount = form.amount.money(form.currency, document.currency or call.facts.currency)
    elif planned:
        amount = planned.amount
    elif form.due_date and current_schedule(world.database, call.facts.id, document.binding):
        raise Refusal(
            "not_in_schedule",
            ru=f"В графике документа {document.binding} нет платежа на {form.due_date:%d.%m.%Y}: исправьте срок или "
            "заполните поле «Сумма»",
            en=f"The schedule of {document.binding} has no payment on {form.due_date.isoformat()}: correct the due "
            "date or fill in “Amount”",
        )
    elif own := sum_of(document):
        amount = own
    else:
        raise Refusal(
            "amount_missing",
            ru=f"В документе {document.binding} нет суммы: заполните поле «Сумма»",
            en=f"Document {document.binding} has no sum: fill in “Amount”",
        )
    if form.currency and form.currency != amount.currency:
        raise Refusal(
            "currency_mismatch",
            ru=f"В поле «Валюта» {form.currency}, а сумма документа {document.binding} — {amount.text} "
            f"{amount.currency}: очистите поле или заполните поле «Сумма»",
            en=f"The field “Currency” says {form.currency}, the sum of {document.binding} is {amount.text} "
            f"{amount.currency}: clear the field or fill in “Amount”",
        )
    if amount.minor <= 0:
        raise Refusal(
            "amount_not_positive",
            ru=f"Сумма {amount.text} {amount.currency}: списать можно только больше нуля",
            en=f"The sum is {amount.text} {amount.currency}: only a sum above zero can be charged",
        )
    return amount


def _own_date(document: Item) -> date | None:
    """The date of an invoice or of a smart process item; a deal's closing date says nothing of a payment."""
    if document.entity_type_id in (LEAD, DEAL, CONTACT, COMPANY, QUOTE):
        return None
    return document.close_date


def _customer(form: ChargeSavedCard, world: World, document: Item) -> Binding:
    """The client named, else the document's; of its contact and its company the one whose card is saved here."""
    if form.customer and form.customer.entity_type_id not in (CONTACT, COMPANY):
        raise Refusal(
            "bad_binding",
            ru=f"Поле «Клиент»: {form.customer} — не клиент: укажите контакт (C_5) или компанию (CO_7)",
            en=f"The field “Client”: {form.customer} is no client: give a contact (C_5) or a company (CO_7)",
        )
    if form.customer:
        return form.customer
    if document.entity_type_id in (CONTACT, COMPANY):
        return document.binding
    candidates = [Binding(CONTACT, contact_id) for contact_id in document.contact_ids]
    if document.company_id:
        candidates.append(Binding(COMPANY, document.company_id))
    if not candidates:
        raise Refusal(
            "client_missing",
            ru=f"В документе {document.binding} нет клиента: добавьте его или заполните поле «Клиент»",
            en=f"Document {document.binding} has no client: add one or fill in “Client”",
        )
    with_cards = customers_with_cards(world.database, world.client.facts.id, candidates)
    return with_cards[0] if with_cards else candidates[0]

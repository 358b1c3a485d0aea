"""`register.do` and `registerPreAuth.do`: an order is made, not paid; its number is taken once for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.acquirers.sberbank.baskets import check_basket
from sandbox.acquirers.sberbank.call import Answer, Call, accepted
from sandbox.acquirers.sberbank.orders import CURRENCIES, new_order
from sandbox.acquirers.sberbank.qr import SCENARIOS, read_scenario, show_qr
from sandbox.acquirers.sberbank.refusals import (
    BAD_FEATURES,
    BAD_VALUE,
    DUPLICATE,
    NO_CURRENCY,
    WRONG_SUM,
    Refusal,
    planned,
)

MOSCOW = ZoneInfo("Europe/Moscow")
LIFE = timedelta(minutes=20)
FEATURES = frozenset({"VERIFY", "AUTO_PAYMENT", "FORCE_SSL", "FORCE_TDS", "FORCE_FULL_TDS"})


def register(call: Call) -> Answer:
    return _register(call, two_stage=False)


def register_pre_auth(call: Call) -> Answer:
    return _register(call, two_stage=True)


def check_number(call: Call) -> None:
    """Raises Refusal for a number taken before and a currency nobody knows."""
    if call.bank.find(call.shop, number=call.text("orderNumber")):
        raise Refusal(*DUPLICATE)
    currency = call.fields.get("currency", "643")
    if currency not in CURRENCIES:
        raise Refusal(NO_CURRENCY[0], f"{NO_CURRENCY[1]} {currency}")


def _register(call: Call, two_stage: bool) -> Answer:
    fields, bank = call.fields, call.bank
    features = tuple(fields["features"].split(";")) if fields.get("features") else ()
    if not set(features) <= FEATURES:
        raise Refusal(*BAD_FEATURES)
    check_number(call)
    if fields["amount"] == 0 and "VERIFY" not in features:
        raise Refusal(*WRONG_SUM)
    check_basket(call, fields["amount"])
    scenario = read_scenario(call)
    until = _until(call)
    completes_at = _moment(call.text("autocompletionDate")) if call.text("autocompletionDate") else None
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    order = new_order(call, until, two_stage=two_stage, features=features, scenario=scenario, completes_at=completes_at)
    answer: Answer = {"orderId": order.id, "formUrl": _page(call, order.id)}
    if not call.is_ecom:
        return answer
    outside = {
        "sbolDeepLink": f"sberpay://invoicing/v2?bankInvoiceId={order.id.replace('-', '')}&operationType=Web2App"
    }
    if scenario in SCENARIOS and bank.settings["sbp_payload"]:
        outside |= show_qr(call.root, order)
    if bank.settings["created_notices"]:
        order.facts["notices"].append(
            {"mdOrder": order.id, "orderNumber": order.number, "operation": "created", "status": 1}
        )
    return accepted(**answer, externalParams=outside)


def _page(call: Call, order_id: str) -> str:
    root = f"{call.root}acquirers/sberbank/"
    if call.is_ecom:
        return f"{root}pp/pay_ru?orderId={order_id}"
    return f"{root}payment/merchants/sbersafe/payment_ru.html?mdOrder={order_id}"


def _until(call: Call) -> datetime:
    """When the order closes: `expirationDate` (Moscow time) wins over the length of a session."""
    now = call.bank.now()
    if "expirationDate" in call.fields:
        until = _moment(call.text("expirationDate"))
        if until <= now:
            raise Refusal(*BAD_VALUE)
        return until
    seconds = call.fields.get("sessionTimeoutSecs")
    return now + (timedelta(seconds=seconds) if seconds else LIFE)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)
    except ValueError:
        raise Refusal(*BAD_VALUE) from None

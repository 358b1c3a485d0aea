"""Looking things up: one operation, the last of an InvoiceId, lists of a day or of any stretch of time, tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sandbox.acquirers.cloudpayments.call import Answer, Call, succeeded
from sandbox.acquirers.cloudpayments.cards import is_account
from sandbox.acquirers.cloudpayments.refusals import Refusal
from sandbox.acquirers.cloudpayments.transactions import shown, shown_refund

ON_A_PAGE = 100
ZONES = {"UTC": "UTC", "MSK": "Europe/Moscow", "YEKT": "Asia/Yekaterinburg", "NOVT": "Asia/Novosibirsk"}
FOUND = frozenset({"Authorized", "Completed", "Cancelled", "Declined"})

Model = dict[str, object]


def get(call: Call) -> Answer:
    wanted = call.fields.number("TransactionId")
    found = next((one for _, one in _operations(call) if one["TransactionId"] == wanted), None)
    if found is None:
        raise Refusal("Not found")
    return _told(call, found)


def find(call: Call) -> Answer:
    """Payments only."""
    return _last(call, payments_only=True)


def find_all(call: Call) -> Answer:
    """Refunds as well."""
    return _last(call, payments_only=False)


def list_day(call: Call) -> Answer:
    zone = _zone(call)
    try:
        begins = datetime.fromisoformat(call.fields.text("Date")).replace(tzinfo=zone)
    except ValueError:
        raise Refusal("Invalid Date value") from None
    until = begins + timedelta(days=1)
    return succeeded([one for at, one in _operations(call) if begins <= at < until])


def list_period(call: Call) -> Answer:
    """Oldest first, a hundred a page."""
    zone = _zone(call)
    begins, ends = (_moment(call, name, zone) for name in ("CreatedDateGte", "CreatedDateLte"))
    page = call.fields.number("PageNumber")
    statuses = call.fields.values.get("statuses") or list(FOUND)
    if page < 1 or not isinstance(statuses, list) or not FOUND.issuperset(statuses):
        raise Refusal("Invalid PageNumber value" if page < 1 else "Invalid Statuses value")
    fits = [
        one
        for at, one in _operations(call)
        if begins <= at <= ends and one["Status"] in statuses and at <= _seen_until(call)
    ]
    return succeeded(fits[(page - 1) * ON_A_PAGE : page * ON_A_PAGE])


def list_tokens(call: Call) -> Answer:
    page = call.fields.number("PageNumber")
    cards = [one for one in call.bank.cards if one.shop == call.shop and one.active and not is_account(one)]
    shown_cards = [
        {
            "Token": card.token,
            "AccountId": card.customer,
            "CardMask": f"{card.mask[:4]} {card.mask[4:6]}****** {card.mask[-4:]}",
            "ExpirationDateMonth": int(card.expires[5:]),
            "ExpirationDateYear": int(card.expires[:4]),
        }
        for card in cards
    ]
    return succeeded(shown_cards[(page - 1) * ON_A_PAGE : page * ON_A_PAGE])


def _last(call: Call, *, payments_only: bool) -> Answer:
    number = call.fields.text("InvoiceId")
    found = [
        one
        for at, one in _operations(call)
        if str(one["InvoiceId"]) == number and at <= _seen_until(call) and not (payments_only and one["Type"])
    ]
    if not found:
        raise Refusal("Not found")
    return _told(call, found[-1])


def _told(call: Call, model: Model) -> Answer:
    """Of a declined one the request counts as refused, as a rule."""
    if model["Status"] == "Declined" and not call.bank.settings["declined_is_found"]:
        raise Refusal(None, model)
    return succeeded(model)


def _operations(call: Call) -> list[tuple[datetime, Model]]:
    """Payments and refunds of the site with their moments, in the order of their numbers."""
    bank = call.bank
    found: list[tuple[datetime, Model]] = []
    for order in bank.orders:
        if order.shop == call.shop:
            found.append((order.made_at, shown(bank, order)))
            found += [(one["at"], shown_refund(bank, order, one)) for one in order.facts["refunds"]]
    return sorted(found, key=lambda one: int(str(one[1]["TransactionId"])))


def _seen_until(call: Call) -> datetime:
    """A search may lag behind."""
    return call.bank.now() - timedelta(seconds=call.bank.settings["search_lag_seconds"])


def _zone(call: Call) -> tzinfo:
    name = call.fields.optional_text("TimeZone", "UTC")
    if name not in ZONES:
        raise Refusal("Invalid TimeZone value")
    return UTC if name == "UTC" else ZoneInfo(ZONES[name])


def _moment(call: Call, name: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(call.fields.text(name))
    except ValueError:
        raise Refusal(f"Invalid {name} value") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)

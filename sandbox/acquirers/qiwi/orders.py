"""Bills and payments as QIWI keeps them; a bill is paid by tries, a payment by a token is one try by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sandbox.acquirers.bank import Bank, Card, Order
from sandbox.acquirers.qiwi.refusals import Refusal

OPEN = frozenset({"CREATED", "WAITING"})


@dataclass
class Try:
    """A payment: `code` is the reason of a refusal, and its detail after a space where there is one."""

    id: str
    bill: str
    amount: int
    made_at: datetime
    changed_at: datetime
    status: str = "WAITING"
    code: str = ""
    kind: str = "CARD"
    mask: str = ""
    captured: int = 0
    asks: bool = False
    token: str = ""
    expires: str = ""


@dataclass
class Return:
    """A refund: money back under the shop's own number of it."""

    id: str
    amount: int
    made_at: datetime
    status: str = "COMPLETED"
    code: str = ""
    settles_as: str = "COMPLETED"


@dataclass
class Facts:
    """What of an order is only QIWI's. `old`: made through the bill API. `told` counts the letters taken so far."""

    kind: str
    status: str
    until: datetime | None = None
    changed_at: datetime | None = None
    old: bool = False
    account: str = ""
    binds: bool = False
    callback: str = ""
    tries: list[Try] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)
    told: int = 0


def facts_of(order: Order) -> Facts:
    facts: Facts = order.facts["qiwi"]
    return facts


def new_order(
    bank: Bank,
    shop: str,
    number: str,
    amount: tuple[int, str],
    facts: Facts,
    description: str,
    card: Card | None = None,
) -> Order:
    order = Order(
        shop,
        number,
        made_uuid(bank, "invoice"),
        *amount,
        made_at=bank.now(),
        customer=facts.account,
        description=description,
        card=card,
        settles_at=facts.until,
        facts={"qiwi": facts},
    )
    bank.orders.append(order)
    return order


def new_try(bank: Bank, order: Order, name: str = "", bill: str = "") -> Try:
    """A payment of a bill gets a number of QIWI's, one by a token bears the shop's."""
    facts = facts_of(order)
    now = bank.now()
    made = Try(name or made_uuid(bank, "payment"), bill or order.number, order.amount, now, now)
    facts.tries.append(made)
    return made


def found(bank: Bank, shop: str, kind: str, number: str) -> Order:
    """Raises Refusal with the protocol's own "not found"."""
    order = peek(bank, shop, kind, number)
    if order is None:
        raise not_found(bank)
    return order


def peek(bank: Bank, shop: str, kind: str, number: str) -> Order | None:
    same = [one for one in bank.find(shop, number=number) if facts_of(one).kind == kind]
    return same[0] if same else None


def paid_try(bank: Bank, shop: str, payment_id: str) -> tuple[Order, Try]:
    """The payment of this number, whichever order it belongs to. Raises Refusal."""
    for order in bank.orders:
        for one in facts_of(order).tries:
            if order.shop == shop and one.id == payment_id:
                return order, one
    raise not_found(bank)


def not_found(bank: Bank) -> Refusal:
    return Refusal("payin.resource.not.found", int(bank.settings["not_found_status"]))


def made_uuid(bank: Bank, what: str) -> str:
    number = bank.facts.get("made", 0) + 1
    bank.facts["made"] = number
    prefix = {"invoice": 0x235D8D5A, "payment": 0xCD4A4ADE, "token": 0x66AEBF5F, "bill": 0xC4479BB1}[what]
    return str(UUID(int=(prefix << 96) + number))

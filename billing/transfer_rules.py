"""The rules by which a transfer is matched, in order; the first that names anything decides, and nothing is guessed.

    order_number       the purpose has our order number of a charge
    charge_key         the purpose has a charge's key, as `charges list` shows it
    invoice_and_payer  the purpose names an invoice or CRM item of an unpaid charge of exactly this sum, and the payer's
                       INN has paid for this client before, and for no other
    recipient_inn      money that went out: its recipient has an INN

An INN with a wrong check digit stands for nobody.

A rule only ever books equal sums. What it names and cannot book is left to a person, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from billing.inn import inn_in_words, is_inn
from billing.key import order_stem
from billing.purpose import Invoice, begins_with, documents_in, invoices_in, keys_in, orders_in
from billing.transfers import Kind, is_being_charged, kind_for
from calculations.money import Money
from storage.model import BankTransfer, Charge, ChargeAttempt, Portal, TransferBooking

# They pay out what cards have brought, and pay in for clients who have no account: whose money it is they do not tell.
BANKS_OF_ALL = frozenset(
    {
        "7707083893",  # Sberbank
        "7710140679",  # T-Bank
        "7750005725",  # YooMoney, whose is YooKassa
        "7708806062",  # CloudPayments
    }
)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class FromClient:
    charge_id: int
    kind: Kind
    rule: str


@dataclass(frozen=True, slots=True)
class ToCounterparty:
    inn: str
    rule: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Why no rule books it, for an operator."""

    reason: str


Judgement = FromClient | ToCounterparty | Unmatched


def judge(session: Session, transfer: BankTransfer) -> Judgement:
    if transfer.direction == "out":
        inn = transfer.counterparty_inn
        if is_inn(inn):
            return ToCounterparty(inn, "recipient_inn")
        why = f"its recipient's {inn_in_words(inn)}" if inn else "its recipient has no INN"
        return Unmatched(f"{why}: say whose it is with --counterparty")
    for rule, named in (("order_number", _by_order_number), ("charge_key", _by_charge_key)):
        charges = named(session, transfer)
        if charges:
            return _one_of(session, transfer, charges, rule)
    return _by_invoice_and_payer(session, transfer)


def candidates(session: Session, transfer: BankTransfer) -> Sequence[Charge]:
    """What a person may want to match a transfer with: the charges it names, then unpaid ones of its sum."""
    if transfer.direction == "out":
        return ()
    same_sum = select(Charge).where(
        Charge.portal_id == transfer.portal_id,
        Charge.amount == transfer.amount,
        Charge.currency == transfer.currency,
        Charge.state != "succeeded",
    )
    found = [
        *_by_order_number(session, transfer),
        *_by_charge_key(session, transfer),
        *_of_invoice(_of_clients(session, transfer, payers_clients(session, transfer)), transfer),
        *session.scalars(same_sum.order_by(Charge.id.desc()).limit(SHOWN)),
    ]
    return list({charge.id: charge for charge in found}.values())[:SHOWN]


def payers_clients(session: Session, transfer: BankTransfer) -> set[str]:
    """The clients for whom this INN has paid before, by a rule that names them or by hand."""
    inn = transfer.counterparty_inn
    if not is_inn(inn) or inn in BANKS_OF_ALL:
        return set()
    paid = (
        select(Charge.customer)
        .join(TransferBooking, TransferBooking.charge_id == Charge.id)
        .join(BankTransfer, BankTransfer.id == TransferBooking.transfer_id)
        .where(
            BankTransfer.portal_id == transfer.portal_id,
            BankTransfer.counterparty_inn == inn,
            TransferBooking.undone_at.is_(None),
            TransferBooking.rule != "invoice_and_payer",  # it follows from the others, and proves nothing by itself
        )
    )
    return set(session.scalars(paid.distinct()))


def _by_order_number(session: Session, transfer: BankTransfer) -> Sequence[Charge]:
    """Charges of the portal whose order number it has, also of those where nothing was tried yet."""
    unknown = orders_in(transfer.purpose)
    charge_ids: set[int] = set()
    for stem in sorted(unknown):
        of_stem = select(ChargeAttempt.charge_id).where(
            ChargeAttempt.portal_id == transfer.portal_id, ChargeAttempt.order_number.startswith(f"{stem}-")
        )
        if found := session.scalars(of_stem.distinct()).all():
            charge_ids.update(found)
            unknown = unknown - {stem}
    if unknown:
        member_id = session.get_one(Portal, transfer.portal_id).member_id
        is_tried = exists().where(ChargeAttempt.charge_id == Charge.id)
        untried = select(Charge.id, Charge.key).where(Charge.portal_id == transfer.portal_id, ~is_tried)
        charge_ids.update(found for found, key in session.execute(untried) if order_stem(member_id, key) in unknown)
    return session.scalars(select(Charge).where(Charge.id.in_(charge_ids)).order_by(Charge.id)).all()


def _by_charge_key(session: Session, transfer: BankTransfer) -> Sequence[Charge]:
    """The charges whose whole key it has; of a key that goes on as a longer one, the longer one."""
    named: dict[int, Charge] = {}
    for words, text in keys_in(transfer.purpose).items():
        query = select(Charge).where(
            Charge.portal_id == transfer.portal_id, Charge.key.startswith(words, autoescape=True)
        )
        found = [charge for charge in session.scalars(query) if begins_with(text, charge.key)]
        if found:
            longest = max(found, key=lambda charge: len(charge.key))
            named[longest.id] = longest
    return [named[charge_id] for charge_id in sorted(named)]


def _one_of(session: Session, transfer: BankTransfer, charges: Sequence[Charge], rule: str) -> Judgement:
    if len(charges) > 1:
        return Unmatched(f"it names charges {_listed(charges)}: say which one it pays")
    charge = charges[0]
    sent, asked = Money(transfer.amount, transfer.currency), Money(charge.amount, charge.currency)
    if sent != asked:
        return Unmatched(f"it names charge {charge.id} of {asked}, and is of {sent}")
    if is_being_charged(session, charge):
        return Unmatched(f"charge {charge.id}, which it names, is being charged: looked at again at the next import")
    kind = kind_for(transfer, charge)
    if kind == "credit" and transfer.counterparty_inn in BANKS_OF_ALL:
        return Unmatched(f"it names charge {charge.id}, which is paid: a bank's payout of it, or a second payment?")
    return FromClient(charge.id, kind, rule)


def _by_invoice_and_payer(session: Session, transfer: BankTransfer) -> Judgement:
    invoices = sorted(invoices_in(transfer.purpose), key=lambda one: one.number)
    documents = sorted(documents_in(transfer.purpose))
    clients = payers_clients(session, transfer)
    if not invoices and not documents:
        return Unmatched("its purpose names no order number, no key of a charge and no invoice of ours")
    named = f"it names {', '.join([*(one.number for one in invoices), *documents])}"
    if len(clients) != 1:
        return Unmatched(f"{named}, and {_whose(transfer.counterparty_inn, clients)}: match it by hand")
    theirs = _of_clients(session, transfer, clients)
    by_invoice = [[one for one in theirs if _is_for(one, invoice)] for invoice in invoices]
    by_document = [[one for one in theirs if one.document == document] for document in documents]
    meant = [found for found in (*by_invoice, *by_document) if found]
    if not meant:
        return Unmatched(f"{named}, and client {next(iter(clients))} has no charge for that")
    charges = [one for one in meant[0] if all(one in others for others in meant)]
    if not charges or (len(invoices) > 1 and [] in by_invoice):
        return Unmatched(f"{named}: match it by hand with what it pays")
    of_sum = [one for one in charges if (one.amount, one.currency) == (transfer.amount, transfer.currency)]
    unpaid = [charge for charge in of_sum if charge.state != "succeeded"]
    return _one_of(session, transfer, unpaid or of_sum or charges, "invoice_and_payer")


def _whose(inn: str, clients: set[str]) -> str:
    if clients:
        return f"INN {inn} stands for several clients ({', '.join(sorted(clients))})"
    whose = inn_in_words(inn)
    return whose if inn and not is_inn(inn) else f"{whose} is no client's we know yet"


def _of_clients(session: Session, transfer: BankTransfer, clients: set[str]) -> Sequence[Charge]:
    query = select(Charge).where(Charge.portal_id == transfer.portal_id, Charge.customer.in_(sorted(clients)))
    return session.scalars(query.order_by(Charge.id)).all() if clients else ()


def _of_invoice(charges: Sequence[Charge], transfer: BankTransfer) -> list[Charge]:
    """Those whose description names an invoice that the purpose names, or whose CRM item it names."""
    invoices, documents = invoices_in(transfer.purpose), documents_in(transfer.purpose)
    return [
        charge
        for charge in charges
        if charge.document in documents or any(_is_for(charge, invoice) for invoice in invoices)
    ]


def _is_for(charge: Charge, invoice: Invoice) -> bool:
    return any(invoice.may_be(one) for one in invoices_in(charge.description))


def _listed(charges: Sequence[Charge]) -> str:
    return ", ".join(str(charge.id) for charge in charges[:SHOWN])

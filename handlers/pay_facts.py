"""What the page of payment says besides how the charge stands: its subject, its card kept for later, its receipt."""

import re
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.description import description_of
from billing.settlement import OPEN
from customers.consents import card_has_consent, tick_of
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Consent, Portal, ReceiptRow, SavedCard

LAST_FOUR = re.compile(r"[0-9]{4}$")


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card, or an account bound by SBP, that the client allowed behind this link to be charged later; `name` is what
    they know it by. Not `allowed`: they, or somebody for them, took that back."""

    id: int
    method: str
    name: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class ComingReceipt:
    email: str
    state: Literal["coming", "sent"]


@dataclass(frozen=True, slots=True)
class PayFacts:
    """`called`: what somebody has called the payment, empty where nobody has; `subject`: that, or our own words. A code
    of the CRM tells a client nothing. `will_keep`: the order that stands open keeps the card, as the client has ticked.
    """

    zone: ZoneInfo
    called: str
    subject: Words
    will_keep: bool
    card: KeptCard | None
    receipt: ComingReceipt | None


def read_pay_facts(database: Database, charge_id: int) -> PayFacts:
    with database.read() as session:
        charge = session.get_one(Charge, charge_id)
        called, subject = _names(charge)
        return PayFacts(
            zone=ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone),
            called=called,
            subject=subject,
            will_keep=_will_keep(session, charge),
            card=_card(session, charge),
            receipt=_receipt(session, charge),
        )


def _names(charge: Charge) -> tuple[str, Words]:
    """What somebody has called it, and what its client reads."""
    own = description_of(charge.document)
    if charge.description in (own.ru, own.en):
        return "", own
    called = "" if _is_code(charge.description) else charge.description
    return called, Words(called, called)


def _is_code(text: str) -> bool:
    try:
        Binding.parse(text)
    except ValueError:
        return False
    return True


def _will_keep(session: Session, charge: Charge) -> bool:
    query = select(ChargeAttempt).where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state.in_(OPEN))
    return any(tick_of(attempt) is not None for attempt in session.scalars(query))


def _card(session: Session, charge: Charge) -> KeptCard | None:
    query = select(Consent).where(
        Consent.portal_id == charge.portal_id, Consent.customer == charge.customer, Consent.how == "page"
    )
    here = [
        consent
        for consent in session.scalars(query.order_by(Consent.withdrawn_at.is_not(None), Consent.id.desc()))
        if consent.evidence.get("charge") == str(charge.id)
    ]
    if not here:
        return None
    allowed = here[0].withdrawn_at is None
    card = session.get_one(SavedCard, here[0].saved_card_id)
    if not allowed and card_has_consent(session, card.id):  # given again behind another link
        return None
    last_four = LAST_FOUR.search(card.mask)
    return KeptCard(card.id, card.method, f"•• {last_four[0]}" if last_four else card.mask, allowed)


def _receipt(session: Session, charge: Charge) -> ComingReceipt | None:
    """Of the payment, where it goes to the client and not to the shop's own address."""
    query = (
        select(ReceiptRow)
        .join(ChargeAttempt, ChargeAttempt.id == ReceiptRow.attempt_id)
        .where(ReceiptRow.charge_id == charge.id, ReceiptRow.kind == "payment", ReceiptRow.state != "failed")
        .where(ChargeAttempt.state == "succeeded")
    )
    row = session.scalars(query.order_by(ReceiptRow.id.desc())).first()
    if row is None or not charge.receipt_email or row.content["email"] != charge.receipt_email:
        return None
    return ComingReceipt(charge.receipt_email, "sent" if row.state == "done" else "coming")

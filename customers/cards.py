"""Saved cards: brought in from a file, listed, forgotten. We keep the acquirer's token, sealed, and a mask."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from customers.cards_file import BadLine, CardLine, KnownGateways, read_cards_file
from customers.consents import ConsentGiven, card_has_consent, is_news, note_consent, replace_consent
from storage.database import Database
from storage.model import Consent, SavedCard, Terminal
from storage.vault import Vault

TOKEN = "card token"  # what the vault binds a sealed token to


@dataclass
class ImportReport:
    """What became of the lines: cards added, cards whose facts changed, cards as they were, consents noted."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    consents: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)  # number of the line, what is wrong


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card as people may see it."""

    id: int
    gateway: str
    customer: str
    mask: str
    expires: str
    state: str
    has_consent: bool


def import_cards(
    database: Database,
    vault: Vault,
    portal_id: int,
    content: bytes,
    gateways: Collection[str],
    now: datetime,
    closed: Collection[str] = (),
    sbp: Collection[str] = (),
) -> ImportReport:
    """Bring in every good line, in one transaction; the same file again changes nothing. Raises CardsFileRefused.

    `gateways`, `closed` and `sbp`: see KnownGateways.
    """
    known = KnownGateways(gateways, closed, sbp)
    report = ImportReport()
    with database.write() as session:
        for number, line in read_cards_file(content, known, now):
            if isinstance(line, BadLine):
                report.problems.append((number, str(line)))
                continue
            try:
                _take(session, vault, portal_id, line, now, report)
            except BadLine as problem:
                report.problems.append((number, str(problem)))
    return report


def _take(session: Session, vault: Vault, portal_id: int, line: CardLine, now: datetime, report: ImportReport) -> None:
    token_hash = hash_of_token(portal_id, line.gateway, line.token)
    card = session.scalar(
        select(SavedCard).where(
            SavedCard.portal_id == portal_id, SavedCard.gateway == line.gateway, SavedCard.token_hash == token_hash
        )
    )
    if card is None:
        card = SavedCard(
            portal_id=portal_id,
            gateway=line.gateway,
            customer=line.customer,
            token=vault.seal(portal_id, TOKEN, line.token),
            token_hash=token_hash,
            mask=line.mask,
            expires=line.expires,
            gateway_customer_id=line.gateway_customer_id,
            method=line.method or "card",
            state="active",
            created_at=now,
        )
        session.add(card)
        session.flush()
        report.added += 1
    elif card.customer != line.customer:
        raise BadLine(f"this card is known as one of {card.customer}: a card does not change its owner")
    elif card.state == "forgotten":
        raise BadLine(f"card {card.id} was forgotten and does not come back by a file: let the client enter it again")
    elif line.method not in ("", card.method):
        raise BadLine(f"its method is known as {card.method}, which does not change")
    elif line.consent_limit and _is_known_otherwise(session, card.id, line):
        raise BadLine("its consent of that moment is known with another limit: write when this one was agreed to")
    elif (card.mask, card.expires, card.gateway_customer_id) != (line.mask, line.expires, line.gateway_customer_id):
        card.mask, card.expires, card.gateway_customer_id = line.mask, line.expires, line.gateway_customer_id
        report.changed += 1
    else:
        report.unchanged += 1
    if line.consent_at and is_news(session, card.id, line.consent_at):
        replace_consent(session, card.id, line.consent_at)
        session.add(
            Consent(
                portal_id=portal_id,
                customer=line.customer,
                saved_card_id=card.id,
                given_at=line.consent_at,
                source=line.consent_source,
                how=line.consent_how,
                text_version=line.consent_text_version,
                limit_amount=line.consent_limit.minor if line.consent_limit else None,
                limit_currency=line.consent_limit.currency if line.consent_limit else "",
                limit_period=line.consent_limit_period,
            )
        )
        session.flush()
        report.consents += 1


def _is_known_otherwise(session: Session, card_id: int, line: CardLine) -> bool:
    """Whether the consent that the line tells of is written already, with another limit than the line's."""
    query = select(Consent).where(Consent.saved_card_id == card_id, Consent.given_at == line.consent_at)
    told = (line.consent_limit.minor, line.consent_limit.currency) if line.consent_limit else (None, "")
    return any(
        (known.limit_amount, known.limit_currency, known.limit_period) != (*told, line.consent_limit_period)
        for known in session.scalars(query)
    )


def keep_card(
    session: Session,
    vault: Vault,
    terminal: Terminal,
    customer: str,
    token: str,
    *,
    mask: str,
    expires: str,
    gateway_customer_id: str,
    method: str,
    only_new: bool,
    consent: ConsentGiven,
    now: datetime,
) -> SavedCard | None:
    """A card that a payment in person has saved, with its client's consent; told twice, it is kept once. The card where
    it may be charged from now on and was not before.

    `only_new`: a card that is known is another one than was saved, and its client has not agreed to charges of it now.
    A card of another client of the portal is left as it is: a card does not change its owner. So is one that was
    forgotten after this consent was given: an acquirer tells of it again.
    """
    token_hash = hash_of_token(terminal.portal_id, terminal.gateway, token)
    card = session.scalar(
        select(SavedCard)
        .where(
            SavedCard.portal_id == terminal.portal_id,
            SavedCard.gateway == terminal.gateway,
            SavedCard.token_hash == token_hash,
        )
        .with_for_update()
    )
    if card is not None and only_new:
        return None
    if card is None:
        card = SavedCard(
            portal_id=terminal.portal_id,
            gateway=terminal.gateway,
            customer=customer,
            token_hash=token_hash,
            terminal_id=terminal.id,
            created_at=now,
        )
        session.add(card)
    if card.customer != customer:
        return None
    if card.state == "forgotten" and not is_news(session, card.id, consent.given_at):
        return None
    known = card.state == "active" and card_has_consent(session, card.id)
    card.token = vault.seal(terminal.portal_id, TOKEN, token)
    card.mask, card.expires, card.gateway_customer_id = mask, expires, gateway_customer_id
    card.method, card.state = method, "active"
    session.flush()
    note_consent(session, card, consent)
    return None if known else card


def list_cards(database: Database, portal_id: int, customer: str = "") -> Sequence[KnownCard]:
    with database.read() as session:
        query = select(SavedCard).where(SavedCard.portal_id == portal_id).order_by(SavedCard.id)
        if customer:
            query = query.where(SavedCard.customer == customer)
        return [
            KnownCard(
                id=card.id,
                gateway=card.gateway,
                customer=card.customer,
                mask=card.mask,
                expires=card.expires,
                state=card.state,
                has_consent=card_has_consent(session, card.id),
            )
            for card in session.scalars(query)
        ]


def forget_card(database: Database, portal_id: int, card_id: int, by: str, now: datetime) -> bool:
    """Never charge this card again, from this moment: its consent is ended, its mask kept.

    The sealed token stays until the acquirer has heard of it (`destroy_token`); nothing is charged by it.

    False when the portal has no such card; a second time changes nothing.
    """
    with database.write() as session:
        card = session.get(SavedCard, card_id, with_for_update=True)
        if card is None or card.portal_id != portal_id:
            return False
        card.state = "forgotten"
        session.flush()
        session.execute(
            update(Consent)
            .where(Consent.saved_card_id == card_id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=by)
        )
    return True


def destroy_token(database: Database, card_id: int) -> None:
    """What nobody needs any more is not kept; only a forgotten card loses its token."""
    with database.write() as session:
        card = session.get_one(SavedCard, card_id, with_for_update=True)
        if card.state == "forgotten":
            card.token = ""


def hash_of_token(portal_id: int, gateway: str, token: str) -> str:
    return hashlib.sha256(f"{portal_id}\n{gateway}\n{token}".encode()).hexdigest()

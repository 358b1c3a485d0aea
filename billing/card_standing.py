"""Whether a saved card may be charged for what was asked at some moment, whoever asks; if not, why."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from billing.card_choice import card_forgotten, consent_withdrawn, no_consent
from billing.declines import decline_words
from calculations.refusal import Refusal
from customers.consents import agreed_last, card_has_consent, withdrawn_since
from gateways import ENDS_CARD, AnyGateway, Reason
from storage.database import Database
from storage.model import ChargeAttempt, SavedCard


def hindrance(
    session: Session,
    card: SavedCard,
    asked_at: datetime | None,
    gateways: Mapping[str, AnyGateway],
    terminal_id: int | None = None,
) -> Refusal | None:
    """Why nothing is taken of the card: no_saved_card, no_consent, card_refused, consent_withdrawn.

    `asked_at`: when the subscription or the charge was begun; None: just now. `terminal_id`: where it would be charged;
    None: where its token is from.
    """
    if card.state != "active":
        return card_forgotten(card)
    if not card_has_consent(session, card.id):
        return no_consent(card.customer, card)
    found = _refusals(session, card, gateways, terminal_id or card.terminal_id)
    entered_at = agreed_last(session, card.id)
    for reason, moment in found:
        if moment >= entered_at:
            return _card_refused(card, reason)
    if asked_at is None:
        return None
    is_revoked = any(reason is Reason.CONSENT_REVOKED and moment >= asked_at for reason, moment in found)
    return consent_withdrawn(card) if is_revoked or withdrawn_since(session, card.id, asked_at) else None


def refused_cards(database: Database, portal_id: int, gateways: Mapping[str, AnyGateway]) -> Mapping[int, Refusal]:
    """The portal's cards that a bank has refused for good, by their ids: nothing is taken of them before their clients
    agree anew."""
    declined = select(ChargeAttempt.saved_card_id).where(
        ChargeAttempt.portal_id == portal_id,
        ChargeAttempt.decline_kind != literal_column("''"),  # as the index has it
        ChargeAttempt.decline_kind == "hard",
    )
    found = {}
    with database.read() as session:
        for card in session.scalars(select(SavedCard).where(SavedCard.id.in_(declined))):
            why = hindrance(session, card, None, gateways)
            if why and why.code == "card_refused":
                found[card.id] = why
    return found


def is_final(session: Session, attempt: ChargeAttempt, gateways: Mapping[str, AnyGateway]) -> bool:
    """Whether the refusal of this try forbids another one of its charge with its card: for ever where the order was to
    blame, else until the client has entered the card anew."""
    if attempt.decline_kind != "hard":
        return False
    card = session.get_one(SavedCard, attempt.saved_card_id)
    of_card = _reason(gateways.get(card.gateway), attempt.decline_code) in ENDS_CARD
    return not of_card or attempt.sent_at is None or attempt.sent_at >= agreed_last(session, card.id)


def _refusals(
    session: Session, card: SavedCard, gateways: Mapping[str, AnyGateway], terminal_id: int | None
) -> Sequence[tuple[Reason, datetime]]:
    """The refusals of the card for good, the latest first. That an acquirer does not know it counts at the terminal
    alone that said so: another one may be of another shop."""
    gateway = gateways.get(card.gateway)
    tried = (
        select(ChargeAttempt)
        .where(
            ChargeAttempt.saved_card_id == card.id,
            ChargeAttempt.decline_kind != literal_column("''"),  # as the index has it
            ChargeAttempt.decline_kind == "hard",
            ChargeAttempt.sent_at.is_not(None),
        )
        .order_by(ChargeAttempt.sent_at.desc())
    )
    found = []
    for attempt in session.scalars(tried):
        reason = _reason(gateway, attempt.decline_code)
        is_elsewhere = terminal_id not in (None, attempt.terminal_id)
        if attempt.sent_at and reason in ENDS_CARD and not (reason is Reason.CARD_NOT_KNOWN and is_elsewhere):
            found.append((reason, attempt.sent_at))
    return found


def _reason(gateway: AnyGateway | None, code: str) -> Reason:
    return gateway.reason_of(code) if gateway else Reason.UNKNOWN


def _card_refused(card: SavedCard, reason: Reason) -> Refusal:
    words = decline_words(reason, None, None)
    return Refusal(
        "card_refused",
        ru=f"Карта {card.mask} не тронута: банк отказал по ней раньше. {words.ru}",
        en=f"Card {card.mask} was left alone: it was refused before. {words.en}",
    )

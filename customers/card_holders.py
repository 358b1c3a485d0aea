"""Whose card can be charged: of several clients of a document, those with one that is consented to come first."""

from collections.abc import Sequence

from sqlalchemy import select

from customers.consents import card_has_consent
from schemas.binding import Binding
from storage.database import Database
from storage.model import SavedCard


def customers_with_cards(database: Database, portal_id: int, candidates: Sequence[Binding]) -> list[Binding]:
    """The candidates that have a saved card, those with consent first, otherwise in the order given."""
    with database.read() as session:
        cards = session.scalars(
            select(SavedCard).where(
                SavedCard.portal_id == portal_id,
                SavedCard.state == "active",
                SavedCard.customer.in_([candidate.text for candidate in candidates]),
            )
        ).all()
        holders = {card.customer for card in cards}
        willing = {card.customer for card in cards if card_has_consent(session, card.id)}
    found = [candidate for candidate in candidates if candidate.text in holders]
    return sorted(found, key=lambda candidate: candidate.text not in willing)

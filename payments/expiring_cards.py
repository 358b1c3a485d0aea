"""Cards about to expire: a month before, whoever keeps the client reads it in the client's own timeline, once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bitrix24.errors import PortalUnavailable, RestError, TryLater
from bitrix24.portals import Portals
from bitrix24.workflow import add_comment, has_comment
from customers.consents import card_has_consent
from customers.expiry import last_good_day
from jobs.passing_over import passing_over
from payments.words import date_words
from schemas.binding import Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Portal, SavedCard

AHEAD = timedelta(days=30)
SAID = Words(
    "Карта {mask} действует до {day}: после этого дня списания с неё не пройдут. Пришлите клиенту ссылку на оплату, "
    "чтобы он сохранил новую карту.",
    "Card {mask} is good until {day}: after that day charges of it will be declined. Send the client a payment link to "
    "save a new card.",
)

log = logging.getLogger(__name__)


def tell_of_expiring_cards(database: Database, portals: Portals, now: Callable[[], datetime]) -> int:
    """Tell of every card that may be charged and expires within 30 days; how many were told of.

    A portal that cannot be reached is told the next time.
    """
    told = 0
    for card in _expiring(database, now()):
        with passing_over(f"card {card.id}"):
            told += _tell_of(database, portals, card)
    return told


def _tell_of(database: Database, portals: Portals, card: SavedCard) -> bool:
    try:
        _tell(portals, card)
    except (TryLater, PortalUnavailable) as trouble:
        log.warning("card %s: its client's timeline is to be told later: %s", card.id, trouble)
        return False
    except (RestError, ValueError) as trouble:
        log.warning("card %s: its client's timeline was not told: %s", card.id, trouble)
    with database.write() as session:
        session.get_one(SavedCard, card.id).expiry_told = card.expires
    return True


def _expiring(database: Database, now: datetime) -> list[SavedCard]:
    latest = (now + AHEAD).date()
    with database.read() as session:
        cards = session.scalars(
            select(SavedCard)
            .join(Portal, Portal.id == SavedCard.portal_id)
            .where(
                SavedCard.state == "active",
                SavedCard.expires != "",
                SavedCard.expires <= f"{latest:%Y-%m}",
                SavedCard.expiry_told != SavedCard.expires,
                Portal.state == "active",
            )
            .order_by(SavedCard.id)
        ).all()
        return [card for card in cards if _is_due(session, card, now)]


def _is_due(session: Session, card: SavedCard, now: datetime) -> bool:
    day = last_good_day(card.expires)
    return day is not None and now.date() <= day <= (now + AHEAD).date() and card_has_consent(session, card.id)


def _tell(portals: Portals, card: SavedCard) -> None:
    client = portals.open(card.portal_id)
    day = last_good_day(card.expires)
    assert day is not None
    language = client.facts.language
    said = SAID.in_language(language).format(mask=card.mask, day=date_words(day, language))
    customer = Binding.parse(card.customer)
    if not has_comment(client, customer, said):
        add_comment(client, customer, said)

"""A card about to expire is told of once, in its client's timeline; others are left alone."""

from datetime import timedelta

import pytest

from bitrix24.portals import Portals
from customers.cards import import_cards
from payments import expiring_cards
from payments.expiring_cards import tell_of_expiring_cards
from storage.model import SavedCard
from tests.service import RunningService

CONTACT = 3
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"


def card(service: RunningService, mask: str, expires: str, *, consent: bool = True) -> int:
    contact = service.portal.add(CONTACT, name="Клиент")
    agreed = "2026-01-10T09:00:00Z,paper" if consent else ","
    line = f"sandbox,C_{contact},card_{mask}_paid,**** {mask},{expires},,{agreed}"
    built = service.built
    content = f"{HEADER}\n{line}\n".encode()
    assert not import_cards(built.database, built.vault, service.row.id, content, {"sandbox"}, built.now()).problems
    return contact


def told(service: RunningService, contact: int) -> list[str]:
    return [one["text"] for one in service.portal.get("/comments") if one["entity_id"] == contact]


def tell(service: RunningService) -> int:
    return tell_of_expiring_cards(service.built.database, service.built.portals, service.built.now)


def test_a_card_of_the_next_thirty_days_is_told_of_once(service: RunningService) -> None:
    now = service.built.now()
    soon = card(service, "1001", f"{now:%Y-%m}")
    later = card(service, "1002", f"{now + timedelta(days=90):%Y-%m}")
    without_consent = card(service, "1003", f"{now:%Y-%m}", consent=False)
    gone = card(service, "1004", f"{now - timedelta(days=60):%Y-%m}")
    tell(service)
    assert tell(service) == 0
    (text,) = told(service, soon)
    assert "**** 1001" in text
    assert [told(service, one) for one in (later, without_consent, gone)] == [[], [], []]


@pytest.mark.passes_over
def test_a_fault_of_ours_about_one_card_keeps_no_other_from_being_told_of(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, seen = expiring_cards._tell, []

    def broken_once(portals: Portals, found: SavedCard) -> None:
        seen.append(found)
        if len(seen) == 1:
            raise KeyError("a bug")
        sound(portals, found)

    soon = [card(service, mask, f"{service.built.now():%Y-%m}") for mask in ("1005", "1006")]
    monkeypatch.setattr(expiring_cards, "_tell", broken_once)
    assert tell(service) == 1
    assert [len(told(service, one)) for one in soon] == [0, 1]

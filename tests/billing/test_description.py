"""What a payment is called where nobody has called it anything."""

from dataclasses import replace

import pytest

from billing.description import description_of
from billing.purpose import contract_in, documents_in, invoices_in
from storage.model import Portal
from tests.billing.world import World

KINDS = ["L_5", "D_5", "C_5", "CO_5", "Q_5", "SI_7", "T412_15"]


@pytest.mark.parametrize(
    ("document", "ru", "en"),
    [
        ("D_5", "Оплата по сделке 5", "Payment for deal 5"),
        ("L_5", "Оплата по заявке 5", "Payment for request 5"),
        ("Q_5", "Оплата по предложению 5", "Payment for quote 5"),
        ("SI_7", "Оплата по счёту (код 7)", "Payment for invoice (code 7)"),
        ("T412_15", "Оплата по документу 15", "Payment for document 15"),
        ("C_5", "Оплата", "Payment"),
        ("CO_5", "Оплата", "Payment"),
    ],
)
def test_a_payment_is_called_by_what_it_is_for_in_words_that_people_read(document: str, ru: str, en: str) -> None:
    words = description_of(document)
    assert (words.ru, words.en) == (ru, en)


@pytest.mark.parametrize("document", KINDS)
def test_the_words_name_nothing_that_a_bank_transfer_could_be_matched_by(document: str) -> None:
    """The CRM's code of an invoice is not its number: a transfer for invoice 7 may be for another one."""
    words = description_of(document)
    for text in (words.ru, words.en):
        assert (invoices_in(text), contract_in(text), documents_in(text)) == (set(), "", set())


@pytest.mark.parametrize(("language", "called"), [("ru", "Оплата по сделке 5"), ("de", "Payment for deal 5")])
def test_a_charge_without_a_description_gets_the_words_in_its_portals_language(
    world: World, language: str, called: str
) -> None:
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).language = language
    world.charge(replace(world.order, description=""))
    world.again(key="due:named", description="Договор № 9")
    assert [charge.description for charge in world.charges()] == [called, "Договор № 9"]

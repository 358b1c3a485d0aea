"""`cards import | list | forget`: cards saved elsewhere, by the acquirers' tokens; no card number is taken."""

from pathlib import Path

import click

from billing.card_standing import refused_cards
from customers.cards import import_cards, list_cards
from customers.cards_file import CardsFileRefused
from gateways import AnyGateway, Capability
from handlers.commands._commands import Commands
from handlers.commands._number import NUMBER
from handlers.commands._portal import portal_id_of, services

group = Commands("cards", help="Saved cards.")


@group.command("import")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(member_id: str, file: Path) -> None:
    """Bring in the cards of a CSV file (docs/cards.md). A bad line is named and does not stop the others."""
    at_hand = services()
    try:
        report = import_cards(
            at_hand.database,
            at_hand.vault,
            portal_id_of(member_id),
            file.read_bytes(),
            set(at_hand.gateways),
            at_hand.now(),
            closed={code for code, gateway in at_hand.gateways.items() if gateway.closed},
            sbp={code for code, gateway in at_hand.gateways.items() if _charges_accounts(gateway)},
        )
    except CardsFileRefused as refusal:
        raise click.ClickException(f"{file}: {refusal}") from refusal
    click.echo(
        f"Cards added: {report.added}, changed: {report.changed}, known already: {report.unchanged}; "
        f"consents noted: {report.consents}."
    )
    for number, problem in report.problems:
        click.echo(f"{file}, line {number}: {problem}", err=True)
    if report.problems:
        raise click.exceptions.Exit(1)


def _charges_accounts(gateway: AnyGateway) -> bool:
    return "sbp" in gateway.methods and Capability.CHARGE_SAVED_CARD in gateway.capabilities


@group.command("list")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--customer", default="", help="Only this client's, such as C_5.")
def list_(member_id: str, customer: str) -> None:
    """The portal's cards, and whether each may be charged."""
    at_hand = services()
    portal_id = portal_id_of(member_id)
    cards = list_cards(at_hand.database, portal_id, customer)
    if not cards:
        click.echo("No such card.", err=True)
    refused = refused_cards(at_hand.database, portal_id, at_hand.gateways)
    for card in cards:
        consent = "with consent" if card.has_consent else "without consent: never charged"
        if card.id in refused:
            consent += f", never charged until its client agrees anew: {refused[card.id].en}"
        expires = f"until {card.expires}  " if card.expires else ""
        click.echo(f"{card.id}  {card.customer}  {card.gateway}  {card.mask}  {expires}{card.state}  {consent}")


@group.command("forget")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.argument("card_id", type=NUMBER)
def forget(member_id: str, card_id: int) -> None:
    """Never charge this card again, from this moment; its acquirer is told, and its token is destroyed."""
    unheard = services().forgetting.forget(portal_id_of(member_id), card_id, "an operator")
    if unheard is None:
        raise click.ClickException(f"portal {member_id} has no card {card_id}: see `cards list`")
    click.echo(f"Card {card_id} is forgotten.")
    if unheard:
        click.echo(f"Its acquirer has not heard yet and is told again every hour: {unheard}")

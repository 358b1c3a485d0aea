"""`consents withdraw`: a client takes back the consent to automatic charges; it stops them at once."""

import click

from customers.consents import withdraw_consents
from handlers.commands._bound import client_of
from handlers.commands._commands import Commands
from handlers.commands._portal import portal_id_of, services

group = Commands("consents", help="Clients' consents to automatic charges.")


@group.command("withdraw")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--customer", required=True, help="The client, such as C_5.")
def withdraw(member_id: str, customer: str) -> None:
    """End every consent of a client. What went to the bank before is named: it cannot be called back."""
    at_hand = services()
    client = client_of(customer)
    done = withdraw_consents(at_hand.database, portal_id_of(member_id), client, "an operator", at_hand.now())
    if not done.is_known:  # a name that nobody bears would look withdrawn, and the client would be charged on
        raise click.ClickException(
            f"no client {client} has cards here, nothing was withdrawn: `cards list --portal {member_id}` shows whose "
            f"cards there are"
        )
    if done.consents:
        click.echo(f"Consents of {client} withdrawn: {done.consents}. Nothing of theirs is charged from now on.")
    else:
        click.echo(f"{client} has no consent to withdraw: nothing of theirs is charged.")
    for charge_id in done.sent_before:
        click.echo(f"Charge {charge_id} had gone to the bank before: see `charges show {charge_id}`.")

"""`gateways configure | show`: a portal's terminals at acquirers; what is configured takes effect at once."""

from pathlib import Path

import click

from billing.terminals import TerminalRefused
from gateways import Trouble
from handlers.commands._commands import Commands
from handlers.commands._portal import portal_id_of, services

group = Commands("gateways", help="Terminals at acquirers.")


@group.command("configure")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--gateway", "code", required=True, help="The gateway's code, such as sandbox.")
@click.option("--terminal", "name", default="main", help="A name of your own, for portals with several shops.")
@click.option("--credentials", required=True, help="JSON, or @file with JSON in it.")
@click.option("--payee", help="Who is paid, as clients read it on the page of payment; “” clears it.")
@click.option("--confirm-closed", is_flag=True, help="Configure a gateway that its owner has closed.")
@click.option("--same-shop", is_flag=True, help="Another login of the shop that the terminal has been so far.")
def configure(
    member_id: str,
    code: str,
    name: str,
    credentials: str,
    payee: str | None,
    confirm_closed: bool,
    same_shop: bool,
) -> None:
    """Ask the acquirer whether the credentials work (no money moves), keep them sealed, and use them from now on."""
    portal_id = portal_id_of(member_id)
    try:
        done = services().terminals.configure(
            portal_id,
            code,
            name,
            _text(credentials),
            payee=payee,
            confirm_closed=confirm_closed,
            same_shop=same_shop,
        )
    except TerminalRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except Trouble as trouble:
        raise click.ClickException(f"nothing was kept: {trouble}{_still(portal_id, code, name)}") from trouble
    click.echo(f"{code}/{name} takes payments of portal {member_id}.")
    click.echo(f"Webhook address: {services().settings.public_url}{done.webhook_path}")
    if done.payee:
        click.echo(f"Clients read: paid to {done.payee}")
    _warn_of_closed(code)
    for lack in done.lacks:
        click.echo(f"Ask the acquirer for what is missing: {lack.en}")
    for one in done.unchecked:
        click.echo(f"Not checked: {one.en}")


@group.command("show")
@click.option("--portal", "member_id", default="", help="Only this portal's terminals.")
def show(member_id: str) -> None:
    """Every terminal with its state and its webhook address; the known gateways when there is none."""
    terminals = services().terminals.of_portal(portal_id_of(member_id) if member_id else None)
    for terminal in terminals:
        why = f" ({terminal.reason})" if terminal.reason else ""
        address = f"{services().settings.public_url}/webhooks/{terminal.gateway}/{terminal.webhook_key}"
        shop = services().terminals.account_of(terminal)
        name = f"{terminal.gateway}/{terminal.name}"
        if terminal.sbp_closed:
            why += f" (not by SBP: {terminal.sbp_closed})"
        payee = f"  paid to {terminal.payee}" if terminal.payee else ""
        click.echo(f"portal {terminal.portal_id}  {name}  {terminal.state}{why}  shop {shop}{payee}  {address}")
        _warn_of_closed(terminal.gateway)
    if not terminals:
        _show_gateways()


def _still(portal_id: int, code: str, name: str) -> str:
    for terminal in services().terminals.of_portal(portal_id):
        if (terminal.gateway, terminal.name) == (code, name):
            return f". {code}/{name} keeps the credentials it had and is {terminal.state} with them."
    return ""


def _show_gateways() -> None:
    gateways = services().gateways
    click.echo("No terminal is configured. Gateways:")
    for code, gateway in gateways.items():
        if not gateway.closed:
            fields = ", ".join(gateway.credentials.model_fields)
            click.echo(f"{code}  {gateway.title.en}  credentials: {fields}")
    closed = [code for code, gateway in gateways.items() if gateway.closed]
    if closed:
        click.echo("Closed by their owners (configure wants --confirm-closed for them):")
    for code in closed:
        _warn_of_closed(code)


def _warn_of_closed(code: str) -> None:
    gateway = services().gateways.get(code)
    if gateway and gateway.closed:
        click.echo(f"{code}  {gateway.title.en}: {gateway.closed.en}")


def _text(credentials: str) -> str:
    if not credentials.startswith("@"):
        return credentials
    try:
        return Path(credentials[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise click.ClickException(f"the credentials' file {credentials[1:]} cannot be read: {why}") from error

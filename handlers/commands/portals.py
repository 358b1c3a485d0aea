"""`portals list | register | check | rotate-keys`: installs, and what they may do."""

import click
from flask.cli import AppGroup
from sqlalchemy import select

from bitrix24.check import check_portal
from handlers.commands._portal import portal_id_of, services
from handlers.installing import register
from storage.model import Portal, PortalToken, SavedCard, Terminal

group = AppGroup("portals", help="Installed portals.")


@group.command("list")
def list_() -> None:
    """Every portal, its state and why."""
    with services().database.read() as session:
        for portal in session.scalars(select(Portal).order_by(Portal.id)):
            problems = [line for line in portal.registration.get("lines", []) if line["problem"]]
            refused = f", refused: {len(problems)}" if problems else ""
            reason = f" ({portal.state_reason})" if portal.state_reason else ""
            click.echo(f"{portal.member_id}  {portal.client_endpoint}  {portal.state}{reason}{refused}")


@group.command("register")
@click.argument("member_id")
def register_(member_id: str) -> None:
    """Register everything again: robots, activities, events, triggers, fields."""
    report = register(services(), portal_id_of(member_id))
    for line in report.lines:
        click.echo(f"{'refused' if line.problem else 'ok':8}{line.what} {line.name}  {line.problem}".rstrip())
    if report.problems:
        raise click.exceptions.Exit(1)


@group.command("check")
@click.argument("member_id")
def check(member_id: str) -> None:
    """Try every method and permission we need there, and say what is missing."""
    missing = 0
    for line in check_portal(services().portals.open(portal_id_of(member_id))):
        missing += bool(line.problem)
        click.echo(f"{'missing' if line.problem else 'ok':8}{line.what}  {line.problem}".rstrip())
    if missing:
        raise click.exceptions.Exit(1)


@group.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every stored secret under the newest key of ENCRYPTION_KEYS; older keys may leave the list afterwards."""
    at_hand = services()
    resealed = 0
    with at_hand.database.write() as session:
        for token in session.scalars(select(PortalToken)):
            token.access_token = at_hand.vault.reseal(token.access_token)
            token.refresh_token = at_hand.vault.reseal(token.refresh_token)
            resealed += 2
        for terminal in session.scalars(select(Terminal)):
            terminal.credentials = at_hand.vault.reseal(terminal.credentials)
            resealed += 1
        for card in session.scalars(select(SavedCard).where(SavedCard.token != "")):
            card.token = at_hand.vault.reseal(card.token)
            resealed += 1
    click.echo(f"Secrets under the newest key: {resealed}.")

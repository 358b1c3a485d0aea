"""`portals list | register | check | set | rotate-keys`: installs, and what they may do."""

from typing import TextIO

import click
from sqlalchemy import select, update

from bitrix24.check import check_portal
from calculations.own_days import parse_own_days
from calculations.refusal import Refusal
from calculations.retry_plan import parse_days
from handlers.commands._commands import Commands
from handlers.commands._portal import portal_id_of, services
from handlers.installing import register
from storage.model import Portal, PortalToken, SavedCard, Terminal

# Requests a second and the burst above them (Bitrix24 REST docs, limits).
RATES = {"usual": (2, 50), "enterprise": (5, 250)}

group = Commands("portals", help="Installed portals.")


@group.command("list")
def list_() -> None:
    """Every portal, its state and why."""
    with services().database.read() as session:
        portals = session.scalars(select(Portal).order_by(Portal.id)).all()
        if not portals:
            click.echo("No portal is installed yet: open the application in one.", err=True)
        for portal in portals:
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


@group.command("set")
@click.argument("member_id")
@click.option(
    "--activities",
    type=click.Choice(["where_robots_are_not", "everywhere", "never"]),
    help="Which documents our business-process activities are offered for.",
)
@click.option("--date-order", type=click.Choice(["dmy", "mdy"]), help="How dates are written in this portal.")
@click.option("--rate", type=click.Choice(["usual", "enterprise"]), help="The request budget of the portal's plan.")
@click.option(
    "--calendar",
    type=click.File(encoding="utf-8"),
    help="A file of the portal's own days, a line each: 31.12.2027 off. An empty file: none.",
)
@click.option("--retries", help="After how many days a soft decline is tried again: 1, 3, 5, 7; no: never.")
def set_(
    member_id: str,
    activities: str | None,
    date_order: str | None,
    rate: str | None,
    calendar: TextIO | None,
    retries: str | None,
) -> None:
    """Change what we could not learn from the portal; `register` then brings it to the designer."""
    per_second, burst = RATES.get(rate or "", (None, None))
    given = {
        "activity_filter": activities,
        "date_order": date_order,
        "rate_per_second": per_second,
        "rate_burst": burst,
        "own_days": _own_days(calendar) if calendar else None,
        "retry_days": _retry_days(retries) if retries is not None else None,
    }
    values = {name: value for name, value in given.items() if value is not None}
    if not values:
        raise click.UsageError("say what to set: --activities, --date-order, --rate, --calendar or --retries")
    portal_id = portal_id_of(member_id)
    with services().database.write() as session:
        session.execute(update(Portal).where(Portal.id == portal_id).values(**values))
    click.echo(f"Portal {member_id}: " + ", ".join(f"{name} = {value}" for name, value in values.items()))


def _own_days(file: TextIO) -> dict[str, list[str]]:
    try:
        return parse_own_days(file.read()).as_stored
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is no text in UTF-8") from None
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None


def _retry_days(text: str) -> list[int]:
    try:
        return list(parse_days(text))
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from None


@group.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every stored secret under the newest key of ENCRYPTION_KEYS; older keys may leave the list afterwards."""
    at_hand = services()
    resealed = 0
    # Rows are locked as they are read: a renewal at this very moment must not be overwritten by the pair before it.
    with at_hand.database.write() as session:
        for token in session.scalars(select(PortalToken).with_for_update()):
            token.access_token = at_hand.vault.reseal(token.access_token)
            token.refresh_token = at_hand.vault.reseal(token.refresh_token)
            resealed += 2
        for terminal in session.scalars(select(Terminal).with_for_update()):
            terminal.credentials = at_hand.vault.reseal(terminal.credentials)
            resealed += 1
        for card in session.scalars(select(SavedCard).where(SavedCard.token != "").with_for_update()):
            card.token = at_hand.vault.reseal(card.token)
            resealed += 1
    click.echo(f"Secrets under the newest key: {resealed}.")

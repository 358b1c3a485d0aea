"""`ledger check`: proves the sums, the chain, and that the ledger says what the charges say."""

import json

import click

from billing.ledger import check_ledger
from calculations.money import Money
from handlers.commands._commands import Commands
from handlers.commands._portal import services

SIGNS = (
    "A minus at a customer is what they have paid, at a credit what they have paid besides; a plus at an acquirer or a "
    "bank is what it took in for us, at a counterparty what we paid to them."
)

group = Commands("ledger", help="The double entry of all money.")


@group.command("check")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(as_json: bool) -> None:
    """Exit status 0 when everything agrees, 1 when something does not."""
    report = check_ledger(services().database)
    if as_json:
        shape = {
            "sound": report.sound,
            "entries": report.entries,
            "balances": dict(report.balances),
            "problems": list(report.problems),
        }
        click.echo(json.dumps(shape, ensure_ascii=False))
    else:
        for problem in report.problems:
            click.echo(problem, err=True)
        for name, amount in report.balances.items():
            account, _, currency = name.rpartition(", ")
            click.echo(f"{account}: {_read_by_people(Money(amount, currency))}")
        if report.balances:
            click.echo(SIGNS)
        click.echo(f"{report.entries} lines, {'all sound' if report.sound else f'{len(report.problems)} problems'}.")
    if not report.sound:
        raise click.exceptions.Exit(1)


def _read_by_people(money: Money) -> str:
    """`-1 247 844.89 RUB`."""
    whole, point, part = money.text.removeprefix("-").partition(".")
    return f"{'-' if money.minor < 0 else ''}{int(whole):,}{point}{part} {money.currency}".replace(",", " ")

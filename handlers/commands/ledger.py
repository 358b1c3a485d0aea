"""`ledger check`: proves the sums, the chain, and that the ledger says what the charges say."""

import json

import click

from billing.ledger import check_ledger
from handlers.commands._commands import Commands
from handlers.commands._portal import services

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
        for name, amount in report.balances.items():
            click.echo(f"{name}: {amount} minor units")
        for problem in report.problems:
            click.echo(problem, err=True)
        click.echo(f"{report.entries} lines, {'all sound' if report.sound else f'{len(report.problems)} problems'}.")
    if not report.sound:
        raise click.exceptions.Exit(1)

"""`database upgrade`: bring the database to this version; the release step of a deployment."""

import click

from handlers.commands._commands import Commands
from handlers.commands._portal import services
from storage.migrate import upgrade

group = Commands("database", help="The database.")


@group.command("upgrade")
def upgrade_command() -> None:
    """Apply the migrations that are missing."""
    upgrade(services().settings.database_url)
    click.echo("the database is current")

"""A group of operator's commands, which says in one sentence when the database is what keeps them from working."""

from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError

from storage.migrate import is_current


class Commands(AppGroup):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DBAPIError as error:
            if _lacks_migrations(ctx):
                raise click.ClickException(
                    "the database is not of this version: run `flask --app wsgi database upgrade` first"
                ) from error
            raise


def _lacks_migrations(ctx: click.Context) -> bool:
    app = ctx.ensure_object(ScriptInfo).load_app()
    try:
        return not is_current(app.extensions["services"].database)
    except DBAPIError:
        return False

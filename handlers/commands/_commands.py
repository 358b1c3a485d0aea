"""A group of operator's commands, which says in one sentence when the database is what keeps them from working."""

from typing import Any

import click
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError, OperationalError

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
            if isinstance(error, OperationalError):
                raise click.ClickException(
                    f"the database failed ({error.orig}): what was asked for may be done all the same, so look "
                    "before it is asked for again (`charges show ID`, `ledger check`)"
                ) from error
            raise


def _lacks_migrations(ctx: click.Context) -> bool:
    app = ctx.ensure_object(ScriptInfo).load_app()
    try:
        return not is_current(app.extensions["services"].database)
    except DBAPIError:
        return False

"""Names of the CRM's things as people type them."""

import click

from schemas.binding import Binding


def bound(text: str) -> str:
    """`C_5`, `CO_7`, `D_5`, `SI_7` or `T412_15`, as the CRM writes it."""
    try:
        return Binding.parse(text).text
    except ValueError as error:
        raise click.ClickException(f"{text} names nothing in the CRM: write C_5, CO_7, D_5, SI_7 or T412_15") from error

"""Names of the CRM's things as people type them."""

import click

from schemas.binding import COMPANY, CONTACT, Binding


def bound(text: str) -> str:
    """`C_5`, `CO_7`, `D_5`, `SI_7` or `T412_15`, as the CRM writes it."""
    try:
        return Binding.parse(text).text
    except ValueError as error:
        raise click.ClickException(f"{text} names nothing in the CRM: write C_5, CO_7, D_5, SI_7 or T412_15") from error


def client_of(text: str) -> str:
    """`C_5` or `CO_7`: whoever pays."""
    try:
        binding = Binding.parse(text)
    except ValueError:
        binding = None
    if binding is None or binding.entity_type_id not in (CONTACT, COMPANY):
        raise click.ClickException(f"{text} is no client: a contact is C_5, a company CO_7, in Latin letters")
    return binding.text

"""Addresses of receipts as people type them."""

import click

from billing.fiscal import LIKE_AN_EMAIL


def email_of(text: str) -> str:
    """`client@example.com`, or nothing; a till refuses anything else only after the money was taken."""
    if text and not LIKE_AN_EMAIL.fullmatch(text):
        raise click.ClickException(f"{text} is no e-mail address: write one such as client@example.com")
    return text

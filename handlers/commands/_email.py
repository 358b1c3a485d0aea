"""Addresses of receipts as people type them."""

import re

import click

LOOKS_LIKE_ONE = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def email_of(text: str) -> str:
    """`client@example.com`, or nothing; a till refuses anything else only after the money was taken."""
    if text and not LOOKS_LIKE_ONE.fullmatch(text):
        raise click.ClickException(f"{text} is no e-mail address: write one such as client@example.com")
    return text

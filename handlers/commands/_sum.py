"""Sums of money as people type them."""

import click

from calculations.money import Money
from calculations.refusal import Refusal


def sum_of(text: str, currency: str) -> Money:
    """`100.50`, `1 000,50` or `100.50|RUB`, above zero; without a currency in it, of the given one."""
    try:
        money = Money.parse(text, default=currency)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    if money.minor <= 0:
        raise click.ClickException(f"{money} cannot be paid: write a sum above zero")
    return money


def sum_in(text: str, currency: str) -> Money:
    """The same where only one currency can be meant."""
    money = sum_of(text, currency)
    if money.currency != currency:
        raise click.ClickException(f"{money} is of another currency: write a sum in {currency}")
    return money

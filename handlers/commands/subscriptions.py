"""`subscriptions begin | list | stop`: sums agreed to be taken of a saved card every period."""

from datetime import datetime

import click

from billing.subscriptions import SubscriptionOrder
from calculations.money import Money
from calculations.recurrence import Period
from calculations.refusal import Refusal
from handlers.commands._bound import bound, client_of
from handlers.commands._commands import Commands
from handlers.commands._email import email_of
from handlers.commands._number import COUNT, NUMBER
from handlers.commands._portal import portal_id_of, services
from handlers.commands._sum import sum_of
from storage.model import Subscription

WILL_NOT = {
    "no_consent": "will not be charged: no consent",
    "consent_withdrawn": "will not be charged: its client took the consent back since it began",
    "card_refused": "will not be charged: its card was refused for good",
    "no_saved_card": "will not be charged: its card was forgotten",
    "card_expired": "the bank will refuse it: its card has expired by then",
}

group = Commands("subscriptions", help="Sums taken of a saved card every period.")


@group.command("begin")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--customer", required=True, help="Whose card it is: C_5 or CO_7.")
@click.option("--document", required=True, help="What is paid for: D_5, SI_7, T412_15.")
@click.option("--card", "card_id", type=NUMBER, required=True, help="The card's id, see `cards list`.")
@click.option("--amount", required=True, help="How much each time, such as 100.50 or 100.50|RUB.")
@click.option("--first-date", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day that periods count from.")
@click.option("--period", type=click.Choice([one.value for one in Period]), default="month", show_default=True)
@click.option("--every", type=COUNT, default=1, show_default=True, help="Every so many periods.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day a charge may fall on.")
@click.option("--description", default="", help="What the client reads; when empty, such as “Оплата по сделке 5”.")
@click.option("--email", default="", help="Where receipts go.")
@click.option("--key", default="", help="A key of your own; the document with the card when empty.")
def begin(
    member_id: str,
    customer: str,
    document: str,
    card_id: int,
    amount: str,
    key: str,
    first_date: datetime,
    until: datetime | None,
    **more: object,
) -> None:
    """Charge the card on the first date and every period after it; asked for twice, it is one subscription.

    Where the first date is past, nothing of the past is charged: the first charge is that of the period to come.
    """
    binding = bound(document)
    try:
        order = SubscriptionOrder(
            portal_id=portal_id_of(member_id),
            key=key or f"{binding}:{card_id}",
            document=binding,
            customer=client_of(customer),
            saved_card_id=card_id,
            amount=sum_of(amount, "RUB"),
            description=str(more["description"]),
            period=Period(str(more["period"])),
            every=int(str(more["every"])),
            first_date=first_date.date(),
            ends_on=until.date() if until else None,
            receipt_email=email_of(str(more["email"])),
        )
        begun = services().subscriptions.begin(order)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    row = begun.subscription
    following = f"{'first' if begun.is_new else 'known already, next'} charge on {row.next_date}"
    click.echo(f"Subscription {row.id}: {order.amount} {_every(row)} from {row.first_date}, {following}.")


@group.command("list")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
def list_(member_id: str) -> None:
    """Every subscription of a portal: how much, whose card, when next, and why not."""
    portal_id = portal_id_of(member_id)
    rows, hindered = services().subscriptions.of_portal(portal_id), services().subscriptions.hindered(portal_id)
    if not rows:
        click.echo("No subscription.", err=True)
    for row in rows:
        money = Money(row.amount, row.currency)
        following = f"next on {row.next_date}" if row.next_date else "no further charge"
        why = f" ({row.reason})" if row.reason else ""
        will_not = f"  {WILL_NOT[hindered[row.id]]}" if row.id in hindered else ""
        click.echo(
            f"{row.id}  {row.state}  {money} {_every(row)}  {row.customer}  {row.document}  "
            f"card {row.saved_card_id}  {following}{why}{will_not}"
        )


@group.command("stop")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.argument("subscription_id", type=NUMBER)
def stop(member_id: str, subscription_id: int) -> None:
    """Charge nothing more for it; what was sent to the bank already goes on."""
    if not services().subscriptions.stop(portal_id_of(member_id), subscription_id, "stopped by an operator"):
        raise click.ClickException(f"portal {member_id} has no subscription {subscription_id}")
    click.echo(f"Subscription {subscription_id} is stopped.")


def _every(row: Subscription) -> str:
    if row.every == 1:
        return f"every {row.period.replace('_', ' ')}"
    if row.period == Period.two_weeks:
        return f"every {2 * row.every} weeks"
    return f"every {row.every} {row.period.replace('_', ' ')}s"

"""`charges list | show | verify | ask | link | now | cancel | close | refund`: charges, certificates, refunds."""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import BinaryIO
from zoneinfo import ZoneInfo

import click
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.certificate import Certificate, notices_of, problems_of, read_certificate
from billing.charge_rows import given_back
from billing.in_person import Standing
from billing.key import charge_key, order_stem
from billing.orders import ChargeOrder, Limit
from billing.page_terminals import refuse_currency
from billing.unreadable import RowUnreadable
from calculations.money import Money
from calculations.refusal import Refusal
from handlers.commands._bound import bound, client_of
from handlers.commands._commands import Commands
from handlers.commands._email import email_of
from handlers.commands._number import COUNT, NUMBER
from handlers.commands._portal import on_their_clock, portal_id_of, services, zone_of
from handlers.commands._sum import sum_in, sum_of
from storage.model import Charge, ChargeAttempt

LONGEST_KEY = 64

group = Commands("charges", help="Charges of saved cards.")


@group.command("list")
@click.option("--portal", "member_id", default="", help="Only this portal's.")
@click.option("--state", type=click.Choice(["open", "succeeded", "declined", "cancelled"]), help="Only these.")
@click.option("--limit", type=COUNT, default=100, show_default=True, help="At most so many, the newest first.")
def list_(member_id: str, state: str | None, limit: int) -> None:
    """One charge a line: id, state, sum, client, document, key, when it was asked for, given back, cancelled."""
    query = select(Charge).order_by(Charge.id.desc()).limit(limit)
    if member_id:
        query = query.where(Charge.portal_id == portal_id_of(member_id))
    if state:
        query = query.where(Charge.state == state)
    with services().database.read() as session:
        charges = session.scalars(query).all()
        if not charges:
            click.echo("No such charge.", err=True)
        for charge in charges:
            money = Money(charge.amount, charge.currency)
            asked = on_their_clock(session, charge.portal_id, charge.created_at)
            click.echo(
                f"{charge.id}  {charge.state}  {money}  {charge.customer}  {charge.document}  {charge.key}  {asked}"
                f"{_given_back(session, charge)}{_cancelled(session, charge)}"
            )


@group.command("show")
@click.argument("charge_id", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(charge_id: int, as_json: bool) -> None:
    """A charge's certificate: its key, its tries, the acquirer's ids, its ledger lines and whether they are intact."""
    try:
        certificate = read_certificate(services().database, charge_id)
    except RowUnreadable as problem:
        raise click.ClickException(str(problem)) from problem
    if certificate is None:
        raise click.ClickException(f"there is no charge {charge_id}: see `charges list`")
    if as_json:
        click.echo(certificate.model_dump_json(indent=2))
        return
    with services().database.read() as session:
        charge = _charge(session, charge_id)
        at = partial(_moment, zone_of(session, charge.portal_id))
    click.echo("\n".join(_lines(certificate, at)))
    if charge.cancelled_at:
        click.echo(f"Cancelled by a person at {at(charge.cancelled_at)}")
    if certificate.state in ("open", "declined") and _is_for_client(charge_id):
        click.echo(f"The client can pay it here: {services().pay_links.of(charge_id)}")


@group.command("verify")
@click.argument("file", type=click.File("rb"))
def verify(file: BinaryIO) -> None:
    """Check a certificate that `charges show --json` has printed, by itself alone; - reads standard input."""
    try:
        certificate = Certificate.model_validate_json(file.read())
    except ValidationError as error:
        raise click.ClickException(
            f"{file.name} is no certificate of a charge: give what `charges show ID --json` has printed, in UTF-8"
        ) from error
    problems = [*problems_of(certificate), *notices_of(certificate)]
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(f"The certificate of charge {certificate.charge_id} is sound.")


@group.command("ask")
@click.argument("charge_id", type=NUMBER)
def ask(charge_id: int) -> None:
    """Let the acquirer be asked at once about a charge's open refund, else about its last try, also when the planned
    questions are used up; of a paid try, what went back of it, and how its receipts stand."""
    if services().charging.refunds.ask_now(charge_id):
        click.echo(f"Asked about the refund: see `charges show {charge_id}`.")
        return
    goes_on = ChargeAttempt.state.in_(("sent", "pending", "unknown", "succeeded"))
    query = select(ChargeAttempt).where(ChargeAttempt.charge_id == charge_id)
    query = query.order_by(goes_on.desc(), ChargeAttempt.number.desc())
    with services().database.read() as session:
        charge = _charge(session, charge_id)
        attempt = session.scalars(query.limit(1)).first()
    reconciliation = services().charging.reconciliation
    if attempt is None or not reconciliation.bring_forward(attempt.terminal_id, attempt.order_number, of_refund=True):
        raise click.ClickException(f"there is nothing to ask about charge {charge_id}: it is {charge.state}")
    asked = reconciliation.look_up(attempt.id)
    services().charging.receipts.ask_now(charge_id)
    click.echo(f"{'Asked' if asked else 'Another process is asking'}: see `charges show {charge_id}`.")


@group.command("link")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--customer", required=True, help="Who pays: C_5 or CO_7.")
@click.option("--document", required=True, help="What is paid for: D_5, SI_7, T412_15.")
@click.option("--amount", required=True, help="How much, such as 100.50 or 100.50|RUB.")
@click.option("--description", default="", help="What the client reads; when empty, such as “Оплата по сделке 5”.")
@click.option("--gateway", default="", help="A gateway's code, or code/terminal, where the portal has several.")
@click.option("--email", default="", help="Where the receipt goes.")
@click.option("--later", default="", help="The most that the client is asked to allow for later charges.")
@click.option(
    "--later-period",
    type=click.Choice(["day", "week", "month", "year"]),
    help="In one of these; without it, in one charge.",
)
@click.option("--payment-key", default="", help="A key of your own; the document with the sum when empty.")
def link(
    member_id: str,
    customer: str,
    document: str,
    amount: str,
    description: str,
    gateway: str,
    email: str,
    later: str,
    later_period: str | None,
    payment_key: str,
) -> None:
    """Print the address where a client pays in person; the same thing asked for twice is the same link."""
    portal_id = portal_id_of(member_id)
    money = sum_of(amount, "RUB")
    if later_period and not later:
        raise click.UsageError("--later-period says in what time --later may be taken: give --later too")
    limit = Limit(sum_in(later, money.currency), later_period or "") if later else None
    try:
        with services().database.read() as session:
            refuse_currency(session, services().gateways, portal_id, gateway, money.currency)
        charge_id = services().charging.in_person.ask(
            ChargeOrder(
                portal_id=portal_id,
                key=charge_key(payment_key=payment_key, document=bound(document), due_date=None, amount=money),
                call_id=None,
                document=bound(document),
                customer=client_of(customer),
                amount=money,
                description=description,
                gateway=gateway,
                receipt_email=email_of(email),
                retry="none",
                later=limit,
            )
        )
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    with services().database.read() as session:
        charge = session.get_one(Charge, charge_id)
    if charge.state == "succeeded":
        click.echo(_paid_already(charge))
    else:
        click.echo(f"Charge {charge_id} of {money} waits for {customer}:")
        click.echo(f"In the purpose of a bank transfer: {order_stem(member_id, charge.key)}. On the page:")
    click.echo(services().pay_links.of(charge_id))


@group.command("now")
@click.argument("charge_id", type=NUMBER)
def now(charge_id: int) -> None:
    """Try a declined charge out of turn; its next planned try is made too, no sooner than a day after this one."""
    try:
        services().charging.charge_now(charge_id)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    click.echo(f"Tried: see `charges show {charge_id}`.")


@group.command("cancel")
@click.argument("charge_id", type=NUMBER)
def cancel(charge_id: int) -> None:
    """Take back what a client was asked for: its link takes no money, nothing more is tried, until asked for anew."""
    try:
        cancelled = services().charging.cancelling.cancel(charge_id)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    if cancelled.state == "succeeded":
        raise click.ClickException(
            f"charge {charge_id} was paid a moment ago: `charges refund {charge_id}` gives it back"
        )
    click.echo(f"Charge {charge_id} is cancelled: its link takes no money, and nothing more is tried.")
    if cancelled.open_until:
        with services().database.read() as session:
            until = on_their_clock(session, _charge(session, charge_id).portal_id, cancelled.open_until)
        click.echo(
            f"The acquirer could not close the page that the client has opened: it may still be paid until "
            f"{until}, and what is paid there counts. See `charges show {charge_id}` then."
        )


@group.command("close")
@click.argument("charge_id", type=NUMBER)
@click.option("--made/--not-made", default=None, help="Send nothing: say what the cabinet or the till shows.")
def close(charge_id: int, made: bool | None) -> None:
    """Send the closing receipt of a charge paid in advance: what it was paid for is given now."""
    receipts = services().charging.receipts
    try:
        state = receipts.close(charge_id) if made is None else receipts.told_by_person(charge_id, made=made)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    why = "" if state == "done" else f": see `charges show {charge_id}`"
    click.echo(f"The closing receipt of charge {charge_id} is {state}{why}.")


@group.command("refund")
@click.argument("charge_id", type=NUMBER)
@click.option("--amount", default="", help="How much, such as 100.50; without it all that is left.")
@click.option("--key", default="", help="Your name for this refund, such as a return's number: done once under it.")
@click.option("--yes", is_flag=True, help="Do not ask a person at a terminal before all that is left is given back.")
def refund(charge_id: int, amount: str, key: str, yes: bool) -> None:
    """Give the money of a charge back, whole or in part."""
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise click.ClickException(f"a key is printable and not longer than {LONGEST_KEY} characters")
    minor = _minor(charge_id, amount) if amount else None
    refunds = services().charging.refunds
    try:
        if minor is None and not yes and _is_person() and not refunds.is_known(charge_id, key):
            minor = _agreed(charge_id)
        result = refunds.refund(charge_id, minor, key)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    why = f" ({result.reason})" if result.reason else ""
    click.echo(f"Refund {result.refund_id} of charge {charge_id}, {result.amount}: {result.state}{why}.")
    if result.state in ("sent", "unknown"):
        click.echo(f"Whether it went through is not known yet: `charges ask {charge_id}` asks the acquirer.")
    if result.state != "succeeded":
        raise click.exceptions.Exit(1)


def _is_person() -> bool:
    """At both ends: a program may leave its own terminal to the command and still read what it prints."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _agreed(charge_id: int) -> int:
    """What the person at the terminal has read and agreed to: no more than that is given back then."""
    left: Money = services().charging.refunds.left(charge_id)
    with services().database.read() as session:
        charge = _charge(session, charge_id)
    click.echo(f"{left} of charge {charge_id} would be given back to {charge.customer}, for {charge.document}.")
    if not click.confirm("Give it back?"):
        raise click.ClickException("nothing was given back")
    return left.minor


def _minor(charge_id: int, amount: str) -> int:
    with services().database.read() as session:
        charge = _charge(session, charge_id)
    return sum_in(amount, charge.currency).minor


def _charge(session: Session, charge_id: int) -> Charge:
    charge = session.get(Charge, charge_id)
    if charge is None:
        raise click.ClickException(f"there is no charge {charge_id}: see `charges list`")
    return charge


def _given_back(session: Session, charge: Charge) -> str:
    minor = given_back(session, charge)
    return f"  given back {Money(minor, charge.currency)}" if minor else ""


def _cancelled(session: Session, charge: Charge) -> str:
    at = charge.cancelled_at
    return f"  cancelled {on_their_clock(session, charge.portal_id, at)}" if at else ""


def _is_for_client(charge_id: int) -> bool:
    standing: Standing = services().charging.in_person.standing(charge_id)
    return standing.state == "started" or (standing.state == "to_pay" and bool(standing.methods))


def _paid_already(charge: Charge) -> str:
    paid_at = services().charging.in_person.standing(charge.id).paid_at or charge.settled_at
    with services().database.read() as session:
        on = f", on {on_their_clock(session, charge.portal_id, paid_at)}" if paid_at else ""
    return (
        f"Charge {charge.id} of {Money(charge.amount, charge.currency)} is paid already{on}; another payment of the "
        f"same needs a --payment-key of its own. The page that says so:"
    )


def _lines(certificate: Certificate, at: Callable[[datetime | None], str]) -> Iterator[str]:
    yield f"Charge {certificate.charge_id} of portal {certificate.member_id}: {certificate.state}"
    yield f"Key {certificate.key}"
    yield f"In the purpose of a bank transfer: {order_stem(certificate.member_id, certificate.key)}"
    yield f"{certificate.amount} of {certificate.customer} for {certificate.document}: {certificate.description}"
    yield f"Asked for at {at(certificate.created_at)} by call {certificate.call_id or 'none'}"
    if certificate.next_attempt_at:
        yield f"Next try planned at {at(certificate.next_attempt_at)}"
    for attempt in certificate.attempts:
        by = f"card {attempt.card_mask}" if attempt.card_mask else f"the client in person, by {attempt.method}"
        yield f"Try {attempt.number}, order {attempt.order_number} at {attempt.gateway}, {by}:"
        yield f"  {_with_reason(attempt.state, attempt.reason)}"
        yield f"  acquirer's id {attempt.gateway_payment_id or 'none'}, decline code {attempt.decline_code or 'none'}"
        yield f"  receipt {attempt.receipt_status}"
        yield f"  sent {at(attempt.sent_at)}, paid {at(attempt.paid_at)}"
        yield f"  settled {at(attempt.settled_at)}, asked about next {at(attempt.next_look_up_at)}"
    for refund in certificate.refunds:
        yield f"Refund {refund.refund_number}, {refund.amount}: {_with_reason(refund.state, refund.reason)}"
    for transfer in certificate.transfers:
        what = "pays it" if transfer.kind == "charge" else "a credit of its client"
        until = f", taken back {at(transfer.undone_at)}" if transfer.undone_at else ""
        yield f"Transfer {transfer.transfer_id}, {transfer.amount} of {transfer.booked_on}: {what}{until}"
        yield f"  document {transfer.document_number} of {transfer.payer}, matched by {transfer.rule}"
    for receipt in certificate.receipts:
        yield f"Receipt {receipt.number} of the {receipt.kind}: {_with_reason(receipt.state, receipt.reason)}"
    for consent in certificate.consents:
        until = f", taken back {at(consent.withdrawn_at)}" if consent.withdrawn_at else ""
        yield f"Consent for card {consent.card_mask}: {consent.how}, given {at(consent.given_at)}{until}"
    for entry in certificate.entries:
        yield f"Ledger line {entry.sequence}, {entry.event}: {entry.account} {entry.amount}"
        yield f"  hash {entry.hash}"
    intact = "intact" if certificate.entries_unchanged else "NOT as they were written: see `ledger check`"
    yield f"The ledger's lines are {intact}."


def _with_reason(state: str, reason: str) -> str:
    return f"{state}: {reason}" if reason else state


def _moment(zone: ZoneInfo, moment: datetime | None) -> str:
    return moment.astimezone(zone).isoformat(sep=" ", timespec="seconds") if moment else "-"

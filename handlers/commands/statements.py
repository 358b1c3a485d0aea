"""`statements import | list | match | unmatch`: transfers of bank accounts, and what each was booked as."""

from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy import select

from billing.in_person import Standing
from billing.inn import inn_in_words
from billing.statement_file import StatementUnreadable
from billing.statements import BY_HAND
from billing.transfer_rules import candidates
from billing.transfers import standing_booking
from calculations.money import Money
from calculations.refusal import Refusal
from handlers.commands._commands import Commands
from handlers.commands._number import COUNT, NUMBER
from handlers.commands._portal import on_their_clock, portal_id_of, services
from storage.model import BankTransfer, Charge, TransferBooking

group = Commands("statements", help="Bank statements.")


@group.command("import")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(member_id: str, file: Path) -> None:
    """Take in a statement in 1C's client-bank format; what was taken in before adds nothing."""
    try:
        report = services().statements.take(portal_id_of(member_id), file.read_bytes())
    except StatementUnreadable as refusal:
        raise click.ClickException(f"{file}: {refusal}") from refusal
    click.echo(f"Transfers added: {report.added}, known already: {report.known}.")
    click.echo(f"Matched now: {report.matched}, left unmatched: {report.unmatched}.")
    for warning in report.warnings:
        click.echo(f"{file}: {warning}", err=True)
    if report.warnings:
        raise click.exceptions.Exit(1)


@group.command("list")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--unmatched", is_flag=True, help="Only what is not matched, with the reason and what it may belong to.")
@click.option("--limit", type=COUNT, default=100, show_default=True, help="At most so many, the newest first.")
def list_(member_id: str, unmatched: bool, limit: int) -> None:
    """The portal's transfers and what each was booked as, or why it was not."""
    query = select(BankTransfer).where(BankTransfer.portal_id == portal_id_of(member_id))
    if unmatched:
        query = query.where(BankTransfer.state.in_(("unmatched", "left")))
    newest_first = query.order_by(BankTransfer.booked_on.desc(), BankTransfer.id.desc()).limit(limit)
    with services().database.read() as session:
        transfers = session.scalars(newest_first).all()
        if not transfers:
            click.echo("No such transfer.", err=True)
        for transfer in transfers:
            booking = standing_booking(session, transfer.id)
            charge = session.get(Charge, booking.charge_id) if booking and booking.charge_id else None
            click.echo("\n".join(_lines(transfer, booking, charge)))
            if unmatched:
                for one in candidates(session, transfer):
                    money = Money(one.amount, one.currency)
                    click.echo(f"    charge {one.id}?  {one.state}  {money}  {one.customer}  {one.description}")


@group.command("match")
@click.argument("transfer_id", type=NUMBER)
@click.option("--charge", "charge_id", type=NUMBER, help="Money that came in: the charge it belongs to.")
@click.option("--counterparty", "inn", help="Money that went out: the INN of whom it went to.")
def match(transfer_id: int, charge_id: int | None, inn: str | None) -> None:
    """Say what a transfer is. It pays an unpaid charge of the same sum; else it is a credit of the charge's client."""
    if (charge_id is None) == (inn is None):
        raise click.UsageError("say either --charge or --counterparty")
    try:
        if inn is not None:
            services().statements.match_counterparty(transfer_id, inn)
            click.echo(f"Transfer {transfer_id} is booked as paid to INN {inn}.")
        if charge_id is not None:
            _match_with_charge(transfer_id, charge_id)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal


@group.command("unmatch")
@click.argument("transfer_id", type=NUMBER)
def unmatch(transfer_id: int) -> None:
    """Take a booking back by a reversing entry; what it paid is unpaid again, and no rule matches it any more."""
    try:
        services().statements.unmatch(transfer_id)
    except Refusal as refusal:
        raise click.ClickException(refusal.en) from refusal
    click.echo(f"The booking of transfer {transfer_id} is taken back; match it by hand or leave it.")


def _match_with_charge(transfer_id: int, charge_id: int) -> None:
    if services().statements.match(transfer_id, charge_id) == "charge":
        click.echo(f"Transfer {transfer_id} pays charge {charge_id}.")
        return
    click.echo(f"Transfer {transfer_id} is booked as a credit of the client of charge {charge_id}.")
    click.echo("It does not pay the charge, which is paid already or of another sum.")
    click.echo(_still_asked_for(charge_id), nl=False, err=True)


def _still_asked_for(charge_id: int) -> str:
    """What would take the charge's money beside a transfer that did not pay it."""
    with services().database.read() as session:
        charge = session.get_one(Charge, charge_id)
        money = Money(charge.amount, charge.currency)
        planned = charge.next_attempt_at and on_their_clock(session, charge.portal_id, charge.next_attempt_at)
    standing: Standing = services().charging.in_person.standing(charge_id)
    if planned:
        way = f"Charge {charge_id} is still planned: {money} are taken of the client's card at {planned}"
    elif standing.state == "to_pay" and standing.methods:
        way = f"Charge {charge_id} is still open: {money} can be paid behind its link"
    else:
        return ""
    return f"{way}, besides this transfer. `charges cancel {charge_id}` stops it.\n"


def _lines(transfer: BankTransfer, booking: TransferBooking | None, charge: Charge | None) -> Iterator[str]:
    money = Money(transfer.amount, transfer.currency)
    party = f"{transfer.counterparty_name} ({inn_in_words(transfer.counterparty_inn)})"
    yield f"{transfer.id}  {transfer.state}  {transfer.direction}  {transfer.booked_on}  {money}  {party}"
    yield f"    {transfer.purpose or 'no purpose'}"
    if charge is not None and booking is not None:
        what = "pays" if booking.kind == "charge" else f"a credit of {charge.customer}, besides"
        yield f"    {what} charge {charge.id}, by {_by(booking)}"
    elif booking is not None:
        contract = f"contract {booking.contract}" if booking.contract else ""
        about = ", ".join(part for part in (booking.document, contract) if part)
        yield f"    paid to INN {booking.counterparty_inn}{f' for {about}' if about else ''}, by {_by(booking)}"
    else:
        yield f"    {transfer.reason}"


def _by(booking: TransferBooking) -> str:
    return "hand" if booking.rule == BY_HAND else booking.rule

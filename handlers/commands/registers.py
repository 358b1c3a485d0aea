"""`registers compare`: an acquirer's register of a day beside our charges and refunds of that day."""

import json
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path

import click

from billing.register_comparison import Compared
from billing.registers import RegisterRefused, RegisterReport
from calculations.money import Money
from gateways import RegisterUnreadable
from handlers.commands._commands import Commands
from handlers.commands._portal import portal_id_of, services

VERDICTS = {
    "agrees": "agrees",
    "other_sum": "other sum",
    "other_kind": "other kind",
    "other_day": "other day",
    "two_orders": "two orders",
    "open_here": "open here",
    "missing_here": "missing at us",
    "missing_there": "missing at the acquirer",
}

group = Commands("registers", help="Acquirers' registers.")


@group.command("compare")
@click.option("--portal", "member_id", required=True, help="The portal's member id.")
@click.option("--gateway", "code", required=True, help="The gateway's code, such as sberbank.")
@click.option("--terminal", "name", default="", help="The terminal's name, where the portal has several there.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The acquirer's day, in Moscow.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare(member_id: str, code: str, name: str, day: datetime, as_json: bool, files: tuple[Path, ...]) -> None:
    """Compare the day's files, line by line; exit status 0 when all agrees, 1 when something differs.

    YooKassa sends payments and refunds in two files: give both.
    """
    if day.year in (MINYEAR, MAXYEAR):
        raise click.ClickException(
            f"no acquirer has a register of {day:%Y-%m-%d}: write the day of the register's file"
        )
    contents = [(str(file), file.read_bytes()) for file in files]
    try:
        report = services().registers.compare(portal_id_of(member_id), code, name, day.date(), contents)
    except RegisterUnreadable as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except RegisterRefused as refusal:
        raise click.ClickException(f"{', '.join(map(str, files))}: {refusal}") from refusal
    click.echo(json.dumps(_shape(report), ensure_ascii=False) if as_json else "\n".join(_table(report)))
    if not report.agrees:
        raise click.exceptions.Exit(1)


def _table(report: RegisterReport) -> Iterator[str]:
    yield f"{report.terminal} on {report.day}, Moscow's day:"
    widths = [max([*map(len, column), 0]) for column in zip(*map(_cells, report.rows), strict=True)]
    for row in report.rows:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(_cells(row), widths, strict=True))
        yield f"{cells}  {row.note}".rstrip()
    for kind, word in (("charge", "Payments"), ("refund", "Refunds")):
        rows = [row for row in report.rows if row.kind == kind]
        theirs, ours = [row.theirs for row in rows if row.theirs], [row.ours for row in rows if row.ours]
        yield f"{word}: the acquirer lists {len(theirs)} of {_sum(theirs)}, we have {len(ours)} of {_sum(ours)}."
    unknown = f", not told for {report.without_fee} lines" if report.without_fee else ""
    yield f"Fee: {_sum(report.fees)}{unknown}."
    yield from (f"Warning: {warning}." for warning in report.warnings)
    differ = sum(row.verdict != "agrees" for row in report.rows)
    counts = {"differing": differ, "warnings": len(report.warnings)}
    told = ", ".join(f"{word}: {count}" for word, count in counts.items() if count)
    yield f"{len(report.rows)} lines, {told or 'all agree'}."


def _cells(row: Compared) -> tuple[str, ...]:
    return (
        VERDICTS[row.verdict],
        row.kind,
        "".join(filter(str.isprintable, row.order_number or row.payment_id)),
        f"theirs {row.theirs or '-'}",
        f"ours {row.ours or '-'}",
        f"charge {row.charge_id}" if row.charge_id else "no charge",
    )


def _sum(amounts: Sequence[Money]) -> str:
    currencies = dict.fromkeys(amount.currency for amount in amounts)
    sums = [Money(sum(one.minor for one in amounts if one.currency == code), code) for code in currencies]
    return ", ".join(map(str, sums)) or "0"


def _shape(report: RegisterReport) -> dict[str, object]:
    return {
        "agrees": report.agrees,
        "terminal": report.terminal,
        "day": report.day.isoformat(),
        "fees": [str(fee) for fee in report.fees],
        "lines_without_fee": report.without_fee,
        "warnings": list(report.warnings),
        "lines": [
            {
                "verdict": row.verdict,
                "kind": row.kind,
                "order_number": row.order_number,
                "payment_id": row.payment_id,
                "theirs": str(row.theirs) if row.theirs else None,
                "ours": str(row.ours) if row.ours else None,
                "charge_id": row.charge_id,
                "note": row.note,
            }
            for row in report.rows
        ],
    }

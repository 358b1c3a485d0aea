"""Registers: an acquirer's file of a day beside what we hold; what is open is asked about, never settled by it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billing.charges import Charging
from billing.register_comparison import ACQUIRERS_ZONE, Compared, Movement, compare, day_of
from calculations.money import Money
from gateways import AnyGateway, Capability, Register, RegisterLine, RegisterUnreadable
from storage.database import Database
from storage.model import ChargeAttempt, Refund, Terminal

AT_ONCE = 500  # numbers in one question to the database

Key = TypeVar("Key", int, str)


class RegisterRefused(Exception):
    """The comparison cannot be made; one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class RegisterReport:
    """What a comparison found. `fees` are summed by currency; `without_fee` lines told none.

    `warnings` tell where a file says of itself what its lines do not bear out, or that it is of another day.
    """

    terminal: str
    day: date
    rows: Sequence[Compared]
    fees: Sequence[Money]
    without_fee: int
    warnings: Sequence[str]

    @property
    def agrees(self) -> bool:
        return not self.warnings and all(row.verdict == "agrees" for row in self.rows)


class Registers:
    def __init__(self, database: Database, gateways: Mapping[str, AnyGateway], charging: Charging) -> None:
        self._database = database
        self._gateways = gateways
        self._charging = charging

    def compare(
        self, portal_id: int, code: str, name: str, day: date, files: Sequence[tuple[str, bytes]]
    ) -> RegisterReport:
        """Compare the files of one day of one terminal; an empty `name` is the portal's only terminal there.

        `day` is the acquirer's, in Moscow; a file is its name and its content. Raises RegisterRefused, and
        RegisterUnreadable for a file.
        """
        terminal = self._terminal(portal_id, code, name)
        gateway = self._gateways.get(code)
        if gateway is None or Capability.READ_REGISTER not in gateway.capabilities:
            raise RegisterRefused(f"registers of {code} cannot be read: compare them by hand with `charges list`")
        registers = [(file, _read(gateway, file, content)) for file, content in files]
        for file, register in registers:
            _of_this_day(file, register.lines, day)
        lines = [replace(line, file=file) for file, register in registers for line in register.lines]
        warnings = [warning for file, register in registers for warning in _warnings(file, register, day)]
        with self._database.read() as session:
            movements = _movements(session, terminal.id, lines, day)
        rows = compare(lines, movements, day)
        self._ask_about_open(terminal.id, rows, movements)
        fees = [line.fee for line in lines if line.fee is not None]
        return RegisterReport(f"{code}/{terminal.name}", day, rows, _sums(fees), len(lines) - len(fees), warnings)

    def _terminal(self, portal_id: int, code: str, name: str) -> Terminal:
        with self._database.read() as session:
            query = select(Terminal).where(Terminal.portal_id == portal_id, Terminal.gateway == code)
            terminals = session.scalars(query.order_by(Terminal.name)).all()
        named = [terminal for terminal in terminals if name in ("", terminal.name)]
        if len(named) == 1:
            return named[0]
        known = ", ".join(terminal.name for terminal in terminals) or "none"
        raise RegisterRefused(f"say which terminal of {code} it is (--terminal); the portal has: {known}")

    def _ask_about_open(self, terminal_id: int, rows: Sequence[Compared], movements: Sequence[Movement]) -> None:
        """Whatever the acquirer lists and we have not seen succeed is asked about at the next tick: a refund that we
        do not know, by what went back of its payment."""
        unsure = [row for row in rows if row.verdict in ("open_here", "missing_here")]
        orders = {row.order_number for row in unsure}
        given_back = {row.order_number for row in unsure if (row.verdict, row.kind) == ("missing_here", "refund")}
        for movement in movements:
            number = movement.order_number
            if number not in orders:
                continue
            if movement.kind == "charge":
                self._charging.reconciliation.bring_forward(terminal_id, number, of_refund=number in given_back)
            else:
                self._charging.refunds.bring_forward(terminal_id, movement.number)


def _read(gateway: AnyGateway, file: str, content: bytes) -> Register:
    try:
        return gateway.read_register(content)
    except RegisterUnreadable as error:
        raise RegisterUnreadable(f"{file}: {error}") from error


def _of_this_day(file: str, lines: Sequence[RegisterLine], day: date) -> None:
    """A file of another day would make every line look wrong."""
    days = {day_of(line.at) for line in lines if line.at}
    if days and day not in days:
        told = ", ".join(str(one) for one in sorted(filter(None, days)))
        raise RegisterRefused(
            f"the register {file} is of {told}, not of {day}: give the file of that day, or its own --day"
        )


def _warnings(file: str, register: Register, day: date) -> Iterator[str]:
    heading = register.heading
    if heading and heading.day != day:
        yield f"{file}, line {heading.number}: the register says that it is of {heading.day}, not of {day}"
    yield from (f"{file}, {warning}" for warning in register.warnings)


def _movements(session: Session, terminal_id: int, lines: Sequence[RegisterLine], day: date) -> list[Movement]:
    """What we hold of the day, and of every order that the lines name."""
    begins = datetime.combine(day, time(), ACQUIRERS_ZONE).astimezone(UTC)
    ends = begins + timedelta(days=1)
    of_terminal = select(ChargeAttempt).where(ChargeAttempt.terminal_id == terminal_id)
    refunded = select(Refund.attempt_id).where(
        Refund.state == "succeeded", Refund.settled_at >= begins, Refund.settled_at < ends
    )
    wanted: list[ColumnElement[bool]] = [
        (ChargeAttempt.state == "succeeded") & (ChargeAttempt.paid_at >= begins) & (ChargeAttempt.paid_at < ends),
        ChargeAttempt.id.in_(refunded),
        *(ChargeAttempt.order_number.in_(some) for some in _some({line.order_number for line in lines})),
        *(ChargeAttempt.gateway_payment_id.in_(some) for some in _some({line.payment_id for line in lines})),
    ]
    attempts: dict[int, ChargeAttempt] = {}
    for condition in wanted:
        attempts.update((attempt.id, attempt) for attempt in session.scalars(of_terminal.where(condition)))
    refunds = [
        refund
        for some in _some({attempt.id for attempt in attempts.values()})
        for refund in session.scalars(select(Refund).where(Refund.attempt_id.in_(some)).order_by(Refund.id))
    ]
    charged = [_charged(attempt) for attempt in _bearers(attempts.values())]
    return charged + [_given_back(attempts[refund.attempt_id], refund) for refund in refunds]


def _bearers(attempts: Iterable[ChargeAttempt]) -> Iterable[ChargeAttempt]:
    """One try a number: those proved not sent bore it before the one that bears it now."""
    borne: dict[str, ChargeAttempt] = {}
    for attempt in sorted(attempts, key=lambda one: (one.state != "not_sent", one.number)):
        borne[attempt.order_number] = attempt
    return borne.values()


def _charged(attempt: ChargeAttempt) -> Movement:
    return Movement(
        kind="charge",
        charge_id=attempt.charge_id,
        order_number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        number="",
        amount=Money(attempt.amount, attempt.currency),
        state=attempt.state,
        on=day_of(attempt.paid_at),
        sent_on=day_of(attempt.sent_at),
    )


def _given_back(attempt: ChargeAttempt, refund: Refund) -> Movement:
    return Movement(
        kind="refund",
        charge_id=refund.charge_id,
        order_number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        number=refund.refund_number,
        amount=Money(refund.amount, refund.currency),
        state=refund.state,
        on=day_of(refund.settled_at),
        sent_on=day_of(refund.sent_at),
    )


def _sums(amounts: Iterable[Money]) -> Sequence[Money]:
    """One sum a currency."""
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, Money(0, amount.currency)) + amount
    return tuple(sums.values())


def _some(values: Iterable[Key]) -> Iterator[list[Key]]:
    known = [value for value in values if value]
    for begin in range(0, len(known), AT_ONCE):
        yield known[begin : begin + AT_ONCE]

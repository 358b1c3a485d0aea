"""A day's register of an acquirer beside what we hold of that day: pure, to the kopeck, line by line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from calculations.money import Money
from gateways import RegisterLine

Kind = Literal["charge", "refund"]
Verdict = Literal[
    "agrees", "other_sum", "other_kind", "other_day", "two_orders", "open_here", "missing_here", "missing_there"
]
ACQUIRERS_ZONE = ZoneInfo("Europe/Moscow")  # registers of Sberbank, YooKassa and T-Bank go by Moscow's day
OPEN = frozenset({"created", "sent", "pending", "unknown"})


@dataclass(frozen=True, slots=True)
class Movement:
    """A payment or a refund as we hold it, whatever its state; `number` is a refund's own.

    `on` is the acquirer's day on which it was settled, `sent_on` that of its request, as far as they are known.
    """

    kind: Kind
    charge_id: int
    order_number: str
    payment_id: str
    number: str
    amount: Money
    state: str
    on: date | None
    sent_on: date | None

    @property
    def took_place(self) -> bool:
        return self.state == "succeeded"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a comparison. `theirs` is empty for what the acquirer does not list, `ours` for what we lack."""

    verdict: Verdict
    kind: Kind
    order_number: str
    payment_id: str
    theirs: Money | None
    ours: Money | None
    charge_id: int | None
    note: str = ""


def day_of(moment: datetime | None) -> date | None:
    return moment.astimezone(ACQUIRERS_ZONE).date() if moment else None


Same = Callable[[RegisterLine, Movement], bool]


def compare(lines: Sequence[RegisterLine], movements: Sequence[Movement], day: date) -> list[Compared]:
    """Every line of the register and every movement of `day`, once each: what differs first.

    A line belongs to an order by our number, else by the acquirer's. `movements` may hold more than the day's: a line
    may be of an order that was settled here on another day.
    """
    order_of_payment = {movement.payment_id: movement.order_number for movement in movements if movement.payment_id}
    found = [
        row
        for theirs, ours in _by_order(lines, movements, order_of_payment)
        for row in _of_order(theirs, ours, day, order_of_payment)
    ]
    return sorted(found, key=lambda row: (row.verdict == "agrees", row.theirs is None))


def _by_order(
    lines: Iterable[RegisterLine], movements: Iterable[Movement], order_of_payment: Mapping[str, str]
) -> Iterable[tuple[list[RegisterLine], list[Movement]]]:
    """Lines and movements of one order together; lines of an order that we do not know by their own words."""
    orders: dict[tuple[str, str], tuple[list[RegisterLine], list[Movement]]] = {}
    for movement in movements:
        orders.setdefault((movement.order_number, ""), ([], []))[1].append(movement)
    for line in lines:
        key = (line.order_number, "")
        if key not in orders:
            known = order_of_payment.get(line.payment_id)
            key = (known, "") if known else (line.order_number, line.payment_id)
        orders.setdefault(key, ([], []))[0].append(line)
    return orders.values()


def _of_order(
    lines: Sequence[RegisterLine], movements: Sequence[Movement], day: date, order_of_payment: Mapping[str, str]
) -> list[Compared]:
    rows: list[Compared] = []
    theirs, ours = list(lines), list(movements)
    for verdict, same in _senses(day):
        for line in list(theirs):
            movement = next((one for one in ours if same(line, one)), None)
            if movement is not None:
                rows.append(_pair(verdict, line, movement, day, order_of_payment))
                theirs.remove(line)
                ours.remove(movement)
    rows += [_missing_here(line, lines, movements, day) for line in theirs]
    rows += [_missing_there(movement) for movement in ours if movement.took_place and movement.on == day]
    return rows


def _senses(day: date) -> Sequence[tuple[Verdict, Same]]:
    """In what senses a line may be one of our movements, the surest first."""

    def same(line: RegisterLine, ours: Movement) -> bool:
        return (line.kind, line.amount) == (ours.kind, ours.amount)

    def of_day(ours: Movement) -> bool:
        return ours.took_place and ours.on == day

    return (
        ("agrees", lambda line, ours: same(line, ours) and of_day(ours)),
        ("agrees", lambda line, ours: same(line, ours) and ours.took_place),
        ("open_here", lambda line, ours: same(line, ours) and ours.state in OPEN),
        ("other_sum", lambda line, ours: line.kind == ours.kind and of_day(ours)),
        ("open_here", lambda line, ours: line.kind == ours.kind and ours.state in OPEN),
        ("other_kind", lambda line, ours: line.kind != ours.kind and line.amount == ours.amount and of_day(ours)),
    )


def _pair(
    verdict: Verdict, line: RegisterLine, ours: Movement, day: date, order_of_payment: Mapping[str, str]
) -> Compared:
    notes = []
    if verdict == "other_kind":
        notes.append(f"a {ours.kind} here")
    elif verdict == "open_here":
        notes.append(f"{ours.state} here, the acquirer is asked about it")
    elif ours.on != day:
        notes.append(f"settled here on {ours.on}")
    told = day_of(line.at) or ours.on or day  # a line without a date is of the day that we know
    if told != day:
        notes.append(_not_of_the_day(line))
        verdict = "other_day" if verdict == "agrees" else verdict
    named = order_of_payment.get(line.payment_id, ours.order_number)
    if named != ours.order_number:
        notes.append(f"{line.place} has the acquirer's number of another order, {named}")
        verdict = "two_orders" if verdict in ("agrees", "other_day") else verdict
    return Compared(
        verdict,
        line.kind,
        ours.order_number,
        line.payment_id,
        line.amount,
        ours.amount,
        ours.charge_id,
        "; ".join(notes),
    )


def _not_of_the_day(line: RegisterLine) -> str:
    on = day_of(line.at)
    return f"{line.place} is of {on}" if on else f"{line.place} has no date"


def _missing_here(
    line: RegisterLine, lines: Sequence[RegisterLine], movements: Sequence[Movement], day: date
) -> Compared:
    note = "listed more than once" if lines.count(line) > 1 else _what_is_here(line, movements)
    if line.at and day_of(line.at) != day:
        note += f"; {_not_of_the_day(line)}"
    order_number, charge_id = line.order_number, None
    if movements:
        order_number, charge_id = movements[0].order_number, movements[0].charge_id
    return Compared("missing_here", line.kind, order_number, line.payment_id, line.amount, None, charge_id, note)


def _what_is_here(line: RegisterLine, movements: Sequence[Movement]) -> str:
    if not movements:
        return "no such order here"
    charged, refunds = ([ours for ours in movements if ours.kind == kind] for kind in ("charge", "refund"))
    if line.kind == "refund" and any(ours.took_place for ours in charged):
        known = "no such refund of this order"
        if refunds and not refunds[-1].took_place:
            known = refunds[-1].state
        return f"{known} here, the acquirer is asked what went back"
    if charged and not charged[-1].took_place:
        asked = f"{charged[-1].state} here, the acquirer is asked about it"
        return f"{asked}; if only a hold was let go, no money moved" if line.kind == "refund" else asked
    return f"no such {line.kind} of this order here"


def _missing_there(ours: Movement) -> Compared:
    note = f"sent on {ours.sent_on}: see that day's register too" if ours.sent_on != ours.on else ""
    number = ours.number or ours.order_number
    return Compared("missing_there", ours.kind, number, ours.payment_id, None, ours.amount, ours.charge_id, note)

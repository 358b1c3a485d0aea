"""The file that brings cards saved elsewhere: comma, UTF-8, one card a line, read line by line."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime

from calculations.money import Money
from calculations.refusal import Refusal
from customers.consent_text import PERIODS
from schemas.binding import COMPANY, CONTACT, Binding
from schemas.card_number import holds_card_number

HEADER = ("gateway", "customer", "token", "mask", "expires", "gateway_customer_id", "consent_at", "consent_source")
MAY_FOLLOW = ("method", "consent_how", "consent_text_version", "consent_limit", "consent_limit_period")
"""Columns that a file may have after those, in any order."""
METHODS = ("card", "sbp")
HOW = ("import", "paper")
EXPIRES = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
LONGEST_VALUE = 500


class CardsFileRefused(Exception):
    """The file as a whole cannot be read; nothing of it was imported."""


class BadLine(ValueError):
    """Why a line is not imported. The text never repeats the line: it may hold what we must not keep."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One card of the file, or account bound by SBP; `consent_at` None: kept, and never charged.

    `method`: empty where the file does not say. `consent_limit` is the most that may be taken in one
    `consent_limit_period`, or at once when that is empty; None where the client has set no limit.
    """

    gateway: str
    customer: str
    token: str
    mask: str
    expires: str
    gateway_customer_id: str
    consent_at: datetime | None
    consent_source: str
    method: str
    consent_how: str
    consent_text_version: str
    consent_limit: Money | None
    consent_limit_period: str

    def __repr__(self) -> str:
        return f"CardLine({self.gateway}, {self.customer}, {self.mask})"


@dataclass(frozen=True, slots=True)
class KnownGateways:
    """What a line may name: gateways by their codes; `closed` ones are taken and not offered, and at those of `sbp` an
    account bound by SBP can be charged."""

    codes: Collection[str]
    closed: Collection[str] = ()
    sbp: Collection[str] = ()


def read_cards_file(content: bytes, known: KnownGateways, now: datetime) -> Iterator[tuple[int, CardLine | BadLine]]:
    """The number of each line that is not blank, counted from the header's 1, with its card or what is wrong with it.

    Raises CardsFileRefused when the header is another one.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    try:
        header = tuple(_values(lines[0]))
    except BadLine:
        header = ()
    more = header[len(HEADER) :]
    if header[: len(HEADER)] != HEADER or not set(more) <= set(MAY_FOLLOW) or len(set(more)) != len(more):
        hint = "; this one has semicolons: save the table as CSV with commas" if b";" in lines[0] else ""
        raise CardsFileRefused(
            f"the first line must be exactly: {','.join(HEADER)}, after which only {', '.join(MAY_FOLLOW)} may "
            f"follow{hint}"
        )
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            yield number, _read(line, header, known, now)


def _read(line: bytes, header: Sequence[str], known: KnownGateways, now: datetime) -> CardLine | BadLine:
    try:
        return _card(_named(header, _values(line)), known, now)
    except BadLine as problem:
        return problem


def _values(line: bytes) -> list[str]:
    """The values of one line; a quote that does not end spoils its own line only."""
    try:
        text = line.removesuffix(b"\r").decode()
        return [value.strip() for value in next(csv.reader([text], strict=True), [])]
    except UnicodeDecodeError:
        raise BadLine("is not UTF-8") from None
    except csv.Error as error:
        raise BadLine(f"is no comma-separated line ({error})") from None


def _named(header: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Each value by its column's name; of a column that the file has not, an empty one."""
    if len(values) != len(header):
        raise BadLine(f"has {len(values)} values instead of {len(header)}")
    for name, value in zip(header, values, strict=True):
        if holds_card_number(value):
            raise BadLine(f"{name} holds what looks like a card number: give the acquirer's token and a mask")
        if len(value) > LONGEST_VALUE or not value.isprintable():
            raise BadLine(f"{name} is longer than {LONGEST_VALUE} characters or holds unprintable ones")
    return {**dict.fromkeys(MAY_FOLLOW, ""), **dict(zip(header, values, strict=True))}


def _card(said: Mapping[str, str], known: KnownGateways, now: datetime) -> CardLine:
    if said["gateway"] not in known.codes:
        offered = ", ".join(sorted(set(known.codes) - set(known.closed))) or "none"
        apart = f" (closed by their owners: {', '.join(sorted(known.closed))})" if known.closed else ""
        raise BadLine(f"gateway is none of: {offered}{apart}")
    if not said["token"]:
        raise BadLine("token is empty")
    if not re.search(r"[0-9]{4}$", said["mask"]):
        raise BadLine("mask must end in the card's last four digits, such as **** 4242")
    if said["expires"] and not EXPIRES.fullmatch(said["expires"]):
        raise BadLine("expires must look like 2027-09, or be empty")
    _check_method(said, known)
    _check_consent(said)
    return CardLine(
        gateway=said["gateway"],
        customer=_customer(said["customer"]),
        token=said["token"],
        mask=said["mask"],
        expires=said["expires"],
        gateway_customer_id=said["gateway_customer_id"],
        consent_at=_consent_at(said["consent_at"], now) if said["consent_at"] else None,
        consent_source=said["consent_source"],
        method=said["method"],
        consent_how=said["consent_how"] or "import",
        consent_text_version=said["consent_text_version"],
        consent_limit=_limit(said["consent_limit"]) if said["consent_limit"] else None,
        consent_limit_period=said["consent_limit_period"],
    )


def _check_method(said: Mapping[str, str], known: KnownGateways) -> None:
    if said["method"] not in ("", *METHODS):
        raise BadLine(f"method is none of: {', '.join(METHODS)}")
    if said["method"] == "sbp" and said["gateway"] not in known.sbp:
        able = ", ".join(sorted(known.sbp)) or "none"
        raise BadLine(f"method is sbp, and accounts bound by SBP can be charged only at: {able}")
    if said["method"] == "sbp" and said["expires"]:
        raise BadLine("method is sbp, and an account does not expire: leave expires empty")


def _check_consent(said: Mapping[str, str]) -> None:
    if bool(said["consent_at"]) != bool(said["consent_source"]):
        raise BadLine("consent_at and consent_source are given together, or neither")
    if said["consent_how"] not in ("", *HOW):
        raise BadLine(f"consent_how is none of: {', '.join(HOW)}")
    for name in ("consent_how", "consent_text_version", "consent_limit"):
        if said[name] and not said["consent_at"]:
            raise BadLine(f"{name} is given, and consent_at is not")
    if said["consent_limit_period"] not in PERIODS:
        raise BadLine(f"consent_limit_period is none of: {', '.join(filter(None, PERIODS))}; or empty: at once")
    if said["consent_limit_period"] and not said["consent_limit"]:
        raise BadLine("consent_limit_period is given, and consent_limit is not")


def _limit(text: str) -> Money:
    try:
        limit = Money.parse(text)
    except Refusal:
        raise BadLine("consent_limit must look like 12000.00 RUB") from None
    if limit.minor <= 0:
        raise BadLine("consent_limit must be more than zero, or empty where the client has set no limit")
    return limit


def _customer(text: str) -> str:
    try:
        binding = Binding.parse(text)
    except ValueError:
        raise BadLine("customer must look like C_5 (contact) or CO_7 (company)") from None
    if binding.entity_type_id not in (CONTACT, COMPANY):
        raise BadLine("customer must be a contact (C_5) or a company (CO_7)")
    return binding.text


def _consent_at(text: str, now: datetime) -> datetime:
    """A date means its midnight in UTC; a moment carries its zone."""
    try:
        day = date.fromisoformat(text)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadLine("consent_at must look like 2026-01-31 or 2026-01-31T10:00:00+03:00") from None
    if moment.tzinfo is None:
        raise BadLine("consent_at has a time without its zone: write 2026-01-31T10:00:00+03:00")
    if moment.year == MINYEAR:
        raise BadLine("consent_at is an empty date: write when the client agreed, or leave it empty")
    if moment > now:
        raise BadLine("consent_at lies in the future")
    return moment.astimezone(UTC)

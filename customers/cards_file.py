"""The file that brings cards saved elsewhere: comma, UTF-8, one card a line, read line by line."""

import csv
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from schemas.binding import COMPANY, CONTACT, Binding
from schemas.card_number import holds_card_number

HEADER = ("gateway", "customer", "token", "mask", "expires", "gateway_customer_id", "consent_at", "consent_source")
EXPIRES = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
LONGEST_VALUE = 500


class CardsFileRefused(Exception):
    """The file as a whole cannot be read; nothing of it was imported."""


class BadLine(ValueError):
    """Why a line is not imported. The text never repeats the line: it may hold what we must not keep."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One card of the file; `consent_at` None: kept, and never charged."""

    gateway: str
    customer: str
    token: str
    mask: str
    expires: str
    gateway_customer_id: str
    consent_at: datetime | None
    consent_source: str

    def __repr__(self) -> str:
        return f"CardLine({self.gateway}, {self.customer}, {self.mask})"


def read_cards_file(
    content: bytes, gateways: Collection[str], now: datetime, closed: Collection[str] = ()
) -> Iterator[tuple[int, CardLine | BadLine]]:
    """The number of each line that is not blank, counted from the header's 1, with its card or what is wrong with it.

    Raises CardsFileRefused when the header is another one.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    try:
        header = tuple(_values(lines[0]))
    except BadLine:
        header = ()
    if header != HEADER:
        hint = "; this one has semicolons: save the table as CSV with commas" if b";" in lines[0] else ""
        raise CardsFileRefused(f"the first line must be exactly: {','.join(HEADER)}{hint}")
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            yield number, _read(line, gateways, now, closed)


def _read(line: bytes, gateways: Collection[str], now: datetime, closed: Collection[str]) -> CardLine | BadLine:
    try:
        return _card(_values(line), gateways, now, closed)
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


def _card(values: list[str], gateways: Collection[str], now: datetime, closed: Collection[str]) -> CardLine:
    if len(values) != len(HEADER):
        raise BadLine(f"has {len(values)} values instead of {len(HEADER)}")
    for name, value in zip(HEADER, values, strict=True):
        if holds_card_number(value):
            raise BadLine(f"{name} holds what looks like a card number: give the acquirer's token and a mask")
        if len(value) > LONGEST_VALUE or not value.isprintable():
            raise BadLine(f"{name} is longer than {LONGEST_VALUE} characters or holds unprintable ones")
    gateway, customer, token, mask, expires, gateway_customer_id, consent_at, consent_source = values
    if gateway not in gateways:
        known = ", ".join(sorted(set(gateways) - set(closed))) or "none"
        apart = f" (closed by their owners: {', '.join(sorted(closed))})" if closed else ""
        raise BadLine(f"gateway is none of: {known}{apart}")
    if not token:
        raise BadLine("token is empty")
    if not re.search(r"\d{4}$", mask):
        raise BadLine("mask must end in the card's last four digits, such as **** 4242")
    if expires and not EXPIRES.fullmatch(expires):
        raise BadLine("expires must look like 2027-09, or be empty")
    if bool(consent_at) != bool(consent_source):
        raise BadLine("consent_at and consent_source are given together, or neither")
    return CardLine(
        gateway=gateway,
        customer=_customer(customer),
        token=token,
        mask=mask,
        expires=expires,
        gateway_customer_id=gateway_customer_id,
        consent_at=_consent_at(consent_at, now) if consent_at else None,
        consent_source=consent_source,
    )


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
    if moment > now:
        raise BadLine("consent_at lies in the future")
    return moment.astimezone(UTC)

"""What the purpose of a payment names in its own words: orders and keys of ours, invoices, contracts, CRM items."""

import re
from datetime import date
from typing import NamedTuple

from schemas.binding import COMPANY, CONTACT, Binding

_ORDER = re.compile(r"(?<![A-Z0-9])([A-Z2-7]{26})(?:-\d+)?(?![A-Z0-9])")
_KEY = re.compile(r"(?<![^\s(«\"])(?:given|due|sum|subscription):[^\s,;)»\"]+")
_NUMBER = r"(?:№|N|no|номер|#)?\.?\s*"
_DATE = r"\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})(?!\d)"
_INVOICE = re.compile(
    rf"(?<!\w)(?:сч[её]т(?:а|у|ом|е)?|сч|invoice)\.?"
    rf"(?:\s+(?:на\s+оплату\s+)?(?:(?:от\s+)?(?P<before>{_DATE})\s*(?:г\.?)?\s*)?{_NUMBER}|[№#]\s*)"
    rf"(?!{_DATE})(?P<number>(?=\S*\d)[\w/-]+)(?:\s*г?\.?\s*от\s+(?P<after>{_DATE}))?",
    re.IGNORECASE,
)
_CONTRACT = re.compile(
    r"(?<!\w)(?:договор|контракт)\w*(?:\s+[а-яё]+){0,3}?\s*(?:№|N)\s*((?=\S*\d)[\w./-]+)"
    r"|(?<!\w)(?:договор|контракт)\w*\s+((?=\S*\d)[\w./-]+)",
    re.IGNORECASE,
)
_BINDING = re.compile(r"(?<![A-Za-z0-9_:])(?:[A-Z]{1,2}|T[0-9A-Fa-f]{1,8})_\d+(?!\w)")
_ACCOUNT_DIGITS = 20  # «на счет 40702...» names a bank account


def orders_in(text: str) -> set[str]:
    """The part that all order numbers of one charge share (see `billing/key.py`)."""
    return set(_ORDER.findall(text.upper()))


def keys_in(text: str) -> dict[str, str]:
    """The first words of charges' keys, as `charges list` shows them, each with the text that it begins: what a person
    gave as a key may have spaces and signs in it, and only the charges themselves tell where it ends."""
    text = " ".join(text.split())
    return {found[0].rstrip("."): text[found.start() :] for found in _KEY.finditer(text)}


def begins_with(text: str, key: str) -> bool:
    """Whether this whole key stands at the beginning of the text, and no longer word."""
    key = " ".join(key.split())
    return text.startswith(key) and not re.match(r"[\w:/-]|\.\w", text[len(key) :])


class Invoice(NamedTuple):
    """As somebody names one; `day` is None where they say no date, or none that there is."""

    number: str
    day: date | None

    def may_be(self, other: "Invoice") -> bool:
        return self.number == other.number and (None in (self.day, other.day) or self.day == other.day)


def invoices_in(text: str) -> set[Invoice]:
    """17 of «по счёту № 17 от 31.01.2026», «счёту 31.01.2026 № 17», «Счёт №17» or `Invoice 17`."""
    found = {
        Invoice(one["number"].upper().rstrip("-/"), _day(one["before"] or one["after"] or ""))
        for one in _INVOICE.finditer(text)
    }
    return {one for one in found if not (one.number.isdigit() and len(one.number) == _ACCOUNT_DIGITS)}


def _day(text: str) -> date | None:
    try:
        day, month, year = map(int, text.split("."))
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None


def contract_in(text: str) -> str:
    """The number of the contract it names, if it names exactly one."""
    found = {(numbered or plain).rstrip("./-") for numbered, plain in _CONTRACT.findall(text)}
    return found.pop() if len(found) == 1 else ""


def documents_in(text: str) -> set[str]:
    """CRM items that can be paid for, as bindings: `D_5`, `SI_7`, `T412_15`."""
    found = set()
    for word in _BINDING.findall(text):
        try:
            binding = Binding.parse(word)
        except ValueError:
            continue
        if binding.entity_type_id not in (CONTACT, COMPANY):
            found.add(binding.text)
    return found

"""What the purpose of a payment names in its own words: orders and keys of ours, invoices, contracts, CRM items."""

import re

from schemas.binding import COMPANY, CONTACT, Binding

_ORDER = re.compile(r"(?<![A-Z0-9])([A-Z2-7]{26})(?:-\d+)?(?![A-Z0-9])")
_KEY = re.compile(r"(?<![^\s(«\"])(?:given|due|sum|subscription):[^\s,;)»\"]+")
_NUMBER = r"(?:№|N|no|номер|#)?\.?\s*"
_INVOICE = re.compile(
    rf"(?<!\w)(?:сч[её]т(?:а|у|ом|е)?|сч|invoice)\.?\s+(?:на\s+оплату\s+)?{_NUMBER}((?=\S*\d)[\w/-]+)"
    rf"|(?<!\w)(?:сч[её]т(?:а|у|ом|е)?|сч|invoice)\.?[№#]\s*((?=\S*\d)[\w/-]+)",
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


def keys_in(text: str) -> set[str]:
    """Keys of charges as `charges list` shows them."""
    return {found.rstrip(".") for found in _KEY.findall(text)}


def invoices_in(text: str) -> set[str]:
    """Numbers of invoices: `17` of «по счёту № 17 от 31.01.2026», «Счёт №17» or `Invoice 17`."""
    found = {(spaced or joined).upper().rstrip("-/") for spaced, joined in _INVOICE.findall(text)}
    return {number for number in found if not (number.isdigit() and len(number) == _ACCOUNT_DIGITS)}


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

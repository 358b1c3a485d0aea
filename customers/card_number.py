"""Card numbers, to be kept out: whatever looks like one is refused at the door and shown nowhere."""

import re

# 13-19 digits in a row, or in groups with spaces or dashes between that no letter or digit touches.
_DIGITS = re.compile(r"(?<!\d)\d{13,19}(?!\d)")
_GROUPS = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z])")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def holds_card_number(text: str) -> bool:
    """Whether a text holds 13 to 19 digits whose last one is right by the Luhn rule (ISO/IEC 7812-1).

    A UUID, as acquirers name saved cards, is none, whatever digits stand in it.
    """
    text = _UUID.sub(";", text)
    found = _DIGITS.findall(text) + _GROUPS.findall(text)
    return any(_luhn(re.sub(r"[ -]", "", number)) for number in found)


def without_card_numbers(text: str) -> str:
    """The text with each of them cut down to its last four digits."""
    for pattern in (_DIGITS, _GROUPS):
        text = pattern.sub(lambda found: _masked(found.group()), text)
    return text


def _masked(number: str) -> str:
    digits = re.sub(r"[ -]", "", number)
    return f"**** {digits[-4:]}" if _luhn(digits) else number


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0

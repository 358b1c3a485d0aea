"""Card numbers, to be kept out: whatever looks like one is refused at the door and shown nowhere."""

import re

# 13-19 digits in a row, or in groups with spaces or dashes between that no letter or digit touches.
_DIGITS = re.compile(r"(?<!\d)\d{13,19}(?!\d)")
_GROUPS = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z])")

# As people type them: in a row, or in groups of four (Amex 4-6-5), with the first digits of a card scheme.
_TYPED = re.compile(
    r"(?<!\d)(?:(?:220[0-4]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|35\d\d|[4-6]\d{3})([ -]?)\d{4}(?:\1\d{4}){2}"
    r"(?:\1\d{3})?"
    r"|3[47]\d\d([ -]?)\d{6}\2\d{5})(?!\d)"
)
CUT = "<card number ending in"
"""What stands at the door instead of a card number; whatever a person sees of it says that nothing was done with it."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def holds_card_number(text: str) -> bool:
    """Whether a text holds 13 to 19 digits whose last one is right by the Luhn rule (ISO/IEC 7812-1).

    A UUID, as acquirers name saved cards, is none, whatever digits stand in it.
    """
    text = _UUID.sub(";", text)
    found = _DIGITS.findall(text) + _GROUPS.findall(text)
    return any(_luhn(re.sub(r"[ -]", "", number)) for number in found)


def cut_card_numbers(text: str) -> str:
    """The text as it may be kept, with `CUT` and the last four digits instead of each number typed like a card's.

    Narrower than `holds_card_number`: dates, sums and registration numbers of companies pass.
    """

    def cut(found: re.Match[str]) -> str:
        digits = re.sub(r"[ -]", "", found.group())
        return f"{CUT} {digits[-4:]}>" if _luhn(digits) else found.group()

    return _TYPED.sub(cut, text)


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

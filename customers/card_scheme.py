"""Which scheme a card belongs to, as far as its mask shows its first digits (ISO/IEC 7812 ranges of the schemes)."""

import re

_SCHEMES = (
    ("mir", re.compile(r"220[0-4]")),
    ("visa", re.compile(r"4")),
    ("mastercard", re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720")),
)


def scheme_of(mask: str) -> str:
    """`mir`, `visa`, `mastercard`, or `card` when the mask does not tell."""
    return next((name for name, beginning in _SCHEMES if beginning.match(mask)), "card")

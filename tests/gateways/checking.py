"""What a check has found, by itself: in English, what a shop lacks and what could not be found out."""

from collections.abc import Sequence

from gateways import Unchecked
from schemas.declaration import Words


def lacking(found: Sequence[Words]) -> list[str]:
    return [one.en for one in found if not isinstance(one, Unchecked)]


def unchecked(found: Sequence[Words]) -> list[str]:
    """The subjects alone, without whom to ask about them."""
    return [one.en.split(":")[0] for one in found if isinstance(one, Unchecked)]

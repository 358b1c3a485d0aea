"""A card that T-Bank keeps for a customer, as notices and lists of cards tell it."""

import re

from gateways._orders import StoredCard

NUMBER = re.compile(r"[0-9]{1,40}")
MASK = re.compile(r"[0-9* X+()-]{4,30}")
EXPIRES = re.compile(r"(0[1-9]|1[0-2])([0-9]{2})")


def kept_card(rebill_id: str, mask: str, expires: str, customer: str) -> StoredCard | None:
    """None where it has no number to be charged by, or no mask to be known by."""
    if not (NUMBER.fullmatch(rebill_id) and MASK.fullmatch(mask)):
        return None
    month = EXPIRES.fullmatch(expires)
    return StoredCard(
        token=rebill_id,
        mask=mask,
        expires=f"20{month[2]}-{month[1]}" if month else "",
        gateway_customer_id=customer,
    )

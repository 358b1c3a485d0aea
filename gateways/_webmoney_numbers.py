"""Order numbers at WebMoney: whole numbers, derived from our own (docs/gateways/webmoney.md)."""

import hashlib

LARGEST = 2_147_483_647  # LMI_PAYMENT_NO is between 1 and this
BYTES_EACH = 4


def payment_numbers(order_number: str) -> list[int]:
    """Eight numbers that follow from an order's number, in the order they are tried: each may be another's already."""
    digest = hashlib.sha256(f"LMI_PAYMENT_NO\n{order_number}".encode()).digest()
    pieces = (digest[start : start + BYTES_EACH] for start in range(0, len(digest), BYTES_EACH))
    return [int.from_bytes(piece) % LARGEST + 1 for piece in pieces]

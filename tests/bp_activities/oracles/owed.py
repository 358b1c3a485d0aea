"""A payment laid over what is owed, in the order given; no part of a debt goes below zero."""

BUCKETS = ["costs", "interest", "principal", "penalty"]


def applied(payment: int, owed: dict[str, int], order: list[str]) -> tuple[dict[str, int], int]:
    """What each part of the debt took, and what is left over."""
    took = dict.fromkeys(BUCKETS, 0)
    for bucket in order:
        took[bucket] = min(payment, max(owed[bucket], 0))
        payment -= took[bucket]
    return took, payment

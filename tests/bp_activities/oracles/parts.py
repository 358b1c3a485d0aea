"""One sum in parts that add up to it: four ways to place what division leaves, and shares by largest remainder."""

from fractions import Fraction

WAYS = ["spread_first", "spread_last", "remainder_first", "remainder_last"]


def split(total: int, count: int, way: str, unit: int = 1) -> list[int]:
    """Raises ValueError where a part would be nothing."""
    base = total // count // unit * unit
    parts = [base] * count
    left = total - base * count
    if way == "remainder_first":
        parts[0] += left
    elif way == "remainder_last":
        parts[-1] += left
    else:
        order = list(range(count)) if way == "spread_first" else list(reversed(range(count)))
        for place in order[: left // unit]:
            parts[place] += unit
        parts[order[0]] += left % unit
    if min(parts) <= 0:
        raise ValueError("a part of nothing")
    return parts


def by_shares(total: int, shares: list[Fraction]) -> list[int]:
    """Largest remainder, ties to the earlier. Raises ValueError where a part would be nothing."""
    whole = sum(shares, Fraction(0))
    exact = [total * share / whole for share in shares]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    if min(parts) <= 0:
        raise ValueError("a part of nothing")
    return parts

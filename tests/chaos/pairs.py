"""All-pairs: few cases in which any two values of different columns meet at least once."""

from collections.abc import Sequence
from itertools import combinations, product


def all_pairs(*columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The greedy choice, always the same: each next case is the one that shows most pairs not seen yet."""
    cases = list(product(*columns))
    left = {pair for case in cases for pair in _pairs(case)}
    chosen = []
    while left:
        best = max(cases, key=lambda case: len(left & _pairs(case)))
        chosen.append(best)
        left -= _pairs(best)
    return chosen


def _pairs(case: tuple[str, ...]) -> set[tuple[tuple[int, str], tuple[int, str]]]:
    return set(combinations(enumerate(case), 2))

"""Rounding of exact fractions to whole units: half away from zero, the same for negatives as for positives."""


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` (the denominator above zero) rounded half away from zero: 0.5 -> 1, -0.5 -> -1."""
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def round_up(numerator: int, denominator: int, unit: int) -> int:
    """The smallest multiple of `unit` that is not below `numerator / denominator`."""
    return -(-numerator // (denominator * unit)) * unit

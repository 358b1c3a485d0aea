"""Money: whole minor units with a currency that never travels apart from them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` kopecks (cents, yen ...) of an ISO 4217 `currency`; the exponent is the currency's own (RUB 2, JPY 0)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str | None = None, *, default: str | None = None) -> Self:
        """Money as people and portals write it: `1200.50`, `1 200,50`, `1200.50|RUB`, `1 200,50 руб.`.

        `currency` is the one the form names: a text that names another is refused. `default` is taken when neither
        names one. Refusals: `amount_missing`, `amount_not_understood`, `amount_ambiguous`, `amount_too_precise`,
        `amount_too_large`, `currency_unknown`, `currency_missing`, `currency_mismatch`.
        """
        raise NotImplementedError

    @classmethod
    def rounded(cls, minor: Fraction, currency: str) -> Self:
        """An exact number of minor units rounded once, half away from zero."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The plain decimal: `25000.00`; as many digits as the currency has."""
        raise NotImplementedError

    def __add__(self, other: "Money") -> "Money":
        raise NotImplementedError

    def __sub__(self, other: "Money") -> "Money":
        raise NotImplementedError

    def __neg__(self) -> "Money":
        raise NotImplementedError

    def __mul__(self, factor: int) -> "Money":
        raise NotImplementedError

    def __lt__(self, other: "Money") -> bool:
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise NotImplementedError

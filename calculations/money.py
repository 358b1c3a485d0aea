"""Money: whole minor units with a currency that never travels apart from them."""

from dataclasses import dataclass
from fractions import Fraction

from calculations.currencies import EXPONENTS, exponent
from calculations.money_text import read_money
from calculations.refusal import Refusal
from calculations.rounding import half_up


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` kopecks (cents, yen ...) of an ISO 4217 `currency`; the exponent is the currency's own (RUB 2, JPY 0).

    Sums of different currencies do not meet: adding or comparing them is the refusal `currency_mismatch`.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"Money is made of whole minor units, not of {self.minor!r}")
        if self.currency not in EXPONENTS:
            exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str | None = None, *, default: str | None = None) -> "Money":
        """Money as people and portals write it: `1200.50`, `1 200,50`, `1200.50|RUB`, `1 200,50 руб.`.

        `currency` is the one the form names: a text that names another is refused. `default` is taken when neither
        names one. Refusals: `amount_missing`, `amount_not_understood`, `amount_ambiguous`, `amount_too_precise`,
        `amount_too_large`, `currency_unknown`, `currency_missing`, `currency_mismatch`.
        """
        return cls(*read_money(text, currency, default))

    @classmethod
    def rounded(cls, minor: Fraction, currency: str) -> "Money":
        """An exact number of minor units rounded once, half away from zero."""
        return cls(half_up(minor.numerator, minor.denominator), currency)

    @property
    def text(self) -> str:
        """The plain decimal: `25000.00`; as many digits as the currency has."""
        decimals = EXPONENTS[self.currency]
        digits = str(abs(self.minor)).rjust(decimals + 1, "0")
        whole, part = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
        return ("-" if self.minor < 0 else "") + whole + ("." + part if part else "")

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same_currency(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same_currency(other), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same_currency(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same_currency(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same_currency(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same_currency(other)

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise Refusal(
                "currency_mismatch",
                ru=f"Суммы {self} и {other} в разных валютах: приведите их к одной",
                en=f"The sums {self} and {other} are in different currencies: give both in one",
            )
        return other.minor

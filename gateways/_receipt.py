"""Fiscal receipts as acquirers take them (54-FZ, fiscal data formats 1.05 and 1.2), in words of our own."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from calculations.money import Money

ReceiptStatus = Literal["none", "pending", "done", "failed"]


class TaxSystem(StrEnum):
    """Requisite 1055."""

    OSN = "osn"
    USN_INCOME = "usn_income"
    USN_INCOME_OUTCOME = "usn_income_outcome"
    ESN = "esn"
    PATENT = "patent"


class Vat(StrEnum):
    """Requisite 1199. `vat20` is on top of the price's net sum, `vat120` the same share of a sum paid in advance."""

    NONE = "none"
    VAT0 = "vat0"
    VAT5 = "vat5"
    VAT7 = "vat7"
    VAT10 = "vat10"
    VAT20 = "vat20"
    VAT22 = "vat22"
    VAT105 = "vat105"
    VAT107 = "vat107"
    VAT110 = "vat110"
    VAT120 = "vat120"
    VAT122 = "vat122"


class Settlement(StrEnum):
    """Requisite 1214: what the payment is for the thing that is sold."""

    FULL_PREPAYMENT = "full_prepayment"
    PREPAYMENT = "prepayment"
    ADVANCE = "advance"
    FULL_PAYMENT = "full_payment"
    PARTIAL_PAYMENT = "partial_payment"
    CREDIT = "credit"
    CREDIT_PAYMENT = "credit_payment"


class Subject(StrEnum):
    """Requisite 1212."""

    COMMODITY = "commodity"
    SERVICE = "service"
    JOB = "job"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One thing of one unit: its price is its sum."""

    name: str
    amount: Money
    vat: Vat
    settlement: Settlement
    subject: Subject


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt of a payment; the lines add up to it to the kopeck. `email` or `phone` is there.

    `offset`: the closing receipt of a thing that was paid in advance, no money moves with it.
    """

    lines: tuple[ReceiptLine, ...]
    email: str
    phone: str
    tax_system: TaxSystem
    offset: bool = False

    @property
    def total(self) -> Money:
        return Money(sum(line.amount.minor for line in self.lines), self.lines[0].amount.currency)


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A receipt of its own at the acquirer (not the one that travels with a payment), and how it stands."""

    receipt_id: str
    status: ReceiptStatus

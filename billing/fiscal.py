"""What a shop's receipts say (54-FZ): its tax system and rate, and what a payment is by the charge's own word."""

import re
from datetime import date

from pydantic import BaseModel, ConfigDict

from calculations.money import Money
from calculations.refusal import Refusal, shown
from calculations.vat import VatRate, vat_percent
from gateways import Receipt, ReceiptLine, Settlement, Subject, TaxSystem, Vat

IN_ADVANCE = frozenset({Settlement.FULL_PREPAYMENT, Settlement.PREPAYMENT, Settlement.ADVANCE})
LONGEST_NAME = 128
OF_TILLS = "RUB"
NAMELESS = "Оплата"  # a CRM item may have no title, a line of a receipt must have a name
CLOSED_BY = Settlement.FULL_PAYMENT
LIKE_AN_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")  # a till refuses anything else once the money is taken
INSTALMENT = "instalment"  # the kind of a charge that is one of a schedule's: which one that is the terminal says


class Fiscal(BaseModel):
    """Beside a terminal's credentials, as `receipts`: only a terminal that has it makes receipts.

    `kind` is what a payment is where the charge does not say; `instalment` what one of a schedule's is: by itself a
    prepayment, the thing being given once all is paid; `credit_payment` where it was given before. `email` is where
    receipts of clients without one go.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tax_system: TaxSystem
    vat: VatRate = VatRate.none
    subject: Subject = Subject.SERVICE
    kind: Settlement = Settlement.FULL_PAYMENT
    instalment: Settlement = Settlement.PREPAYMENT
    email: str = ""


def kind_of(text: str, fiscal: Fiscal) -> Settlement:
    """The kind a charge names, else the terminal's. Refusal: receipt_kind_unknown."""
    if text == INSTALMENT:
        return fiscal.instalment
    try:
        return Settlement(text) if text else fiscal.kind
    except ValueError:
        known = ", ".join((*Settlement, INSTALMENT))
        raise Refusal(
            "receipt_kind_unknown",
            ru=f"Вида чека «{shown(text)}» нет: укажите один из {known} или оставьте поле пустым",
            en=f"There is no receipt kind {shown(text)}: give one of {known}, or leave the field empty",
        ) from None


def receipt_of(fiscal: Fiscal, *, amount: Money, name: str, email: str, kind: str, day: date) -> Receipt:
    """The receipt of a payment of one thing.

    Refusals: receipt_kind_unknown, receipt_currency, receipt_contact_missing, receipt_contact_wrong, vat_rate_unknown.

    Money in advance is for a payment, at the calculated rate; a credit's instalment bears no VAT of its own.
    """
    settlement = kind_of(kind, fiscal)
    if amount.currency != OF_TILLS:
        raise Refusal(
            "receipt_currency",
            ru=f"Чек бывает только в рублях, а сумма в {amount.currency}: нужен терминал без чеков. Деньги не списаны.",
            en=f"A receipt is in roubles only, and the sum is in {amount.currency}: it needs a terminal without "
            "receipts. Nothing was taken.",
        )
    contact = email or fiscal.email
    if not contact:
        raise Refusal(
            "receipt_contact_missing",
            ru="Для чека нужна почта клиента: заполните «Почту для чека» или общую почту терминала. Деньги не списаны.",
            en="A receipt needs the client's e-mail: fill in “E-mail for the receipt” or the terminal's own e-mail. "
            "Nothing was taken.",
        )
    if not LIKE_AN_EMAIL.fullmatch(contact):
        raise Refusal(
            "receipt_contact_wrong",
            ru=f"Для чека нужна почта клиента, а «{shown(contact)}» — не один адрес почты. Деньги не списаны.",
            en=f"A receipt needs the client's e-mail, and “{shown(contact)}” is not one address. Nothing was taken.",
        )
    in_advance = settlement in IN_ADVANCE
    credit = settlement is Settlement.CREDIT_PAYMENT
    line = ReceiptLine(
        name=" ".join(name.split())[:LONGEST_NAME].strip() or NAMELESS,
        amount=amount,
        vat=Vat.NONE if credit else _vat(fiscal.vat, day, in_advance=in_advance),
        settlement=settlement,
        subject=Subject.PAYMENT if in_advance or credit else fiscal.subject,
    )
    return Receipt((line,), contact, "", fiscal.tax_system)


def closing_receipt(fiscal: Fiscal, paid: Receipt, day: date) -> Receipt:
    """The receipt of the thing itself, when it is given: the money paid in advance is set off against it."""
    lines = tuple(
        ReceiptLine(line.name, line.amount, _vat(fiscal.vat, day, in_advance=False), CLOSED_BY, fiscal.subject)
        for line in paid.lines
    )
    return Receipt(lines, paid.email, paid.phone, paid.tax_system, offset=True)


def part_of(receipt: Receipt, amount: Money) -> Receipt:
    """The receipt of a refund: the same thing, the sum given back."""
    (line,) = receipt.lines
    part = ReceiptLine(line.name, amount, line.vat, line.settlement, line.subject)
    return Receipt((part,), receipt.email, receipt.phone, receipt.tax_system)


def _vat(rate: VatRate, day: date, *, in_advance: bool) -> Vat:
    percent = vat_percent(rate, day)
    if percent is None:
        return Vat.NONE
    if in_advance and percent:
        return Vat(f"vat{100 + percent}")
    return Vat(f"vat{percent}")


def stored(receipt: Receipt) -> dict[str, object]:
    """As it is kept in a row."""
    return {
        "email": receipt.email,
        "phone": receipt.phone,
        "tax_system": receipt.tax_system.value,
        "offset": receipt.offset,
        "lines": [
            {
                "name": line.name,
                "amount": line.amount.minor,
                "currency": line.amount.currency,
                "vat": line.vat.value,
                "settlement": line.settlement.value,
                "subject": line.subject.value,
            }
            for line in receipt.lines
        ],
    }


class _StoredLine(BaseModel):
    name: str
    amount: int
    currency: str
    vat: Vat
    settlement: Settlement
    subject: Subject


class _Stored(BaseModel):
    email: str
    phone: str
    tax_system: TaxSystem
    offset: bool
    lines: list[_StoredLine]


def restored(content: dict[str, object]) -> Receipt:
    kept = _Stored.model_validate(content)
    lines = tuple(
        ReceiptLine(line.name, Money(line.amount, line.currency), line.vat, line.settlement, line.subject)
        for line in kept.lines
    )
    return Receipt(lines, kept.email, kept.phone, kept.tax_system, kept.offset)

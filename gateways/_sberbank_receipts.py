"""Baskets of Sberbank's orders: what the bank hands to the cash register (54-FZ), for each flavour."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from gateways._errors import Misconfigured
from gateways._receipt import Receipt, ReceiptLine, ReceiptStatus, Settlement, Subject, TaxSystem, Vat
from gateways._sberbank_answers import Receipts
from gateways._sberbank_credentials import SberbankCredentials

LONGEST_NAME = 100
PIECE = "шт"  # in words; format 1.2 at ECOM numbers its units, 0 is a piece
NAMELESS = "Оплата"  # of a thing whose name has nothing that the bank prints
NOT_PRINTED = re.compile(r"[^ -~А-Яа-яЁё№]")

TAX_CODES: Mapping[Vat, int] = MappingProxyType(
    {
        Vat.NONE: 0,
        Vat.VAT0: 1,
        Vat.VAT10: 2,
        Vat.VAT110: 4,
        Vat.VAT20: 6,
        Vat.VAT120: 7,
        Vat.VAT5: 8,
        Vat.VAT105: 9,
        Vat.VAT7: 10,
        Vat.VAT107: 11,
        Vat.VAT22: 12,
        Vat.VAT122: 13,
    }
)
"""Up to 7 by specification 1.0.7; the later rates as integrations with the bank use them: see `tax_codes`."""

_SETTLEMENTS = tuple(Settlement)  # the form flavours number them from 1, in the order of requisite 1214
_SUBJECTS: Mapping[Subject, str] = MappingProxyType(
    {Subject.COMMODITY: "1", Subject.JOB: "3", Subject.SERVICE: "4", Subject.PAYMENT: "10"}
)
_TAX_SYSTEMS: Mapping[TaxSystem, int] = MappingProxyType(
    {
        TaxSystem.OSN: 0,
        TaxSystem.USN_INCOME: 1,
        TaxSystem.USN_INCOME_OUTCOME: 2,
        TaxSystem.ESN: 4,
        TaxSystem.PATENT: 5,
    }
)


def receipt_fields(credentials: SberbankCredentials, receipt: Receipt) -> dict[str, object]:
    """What goes into `register.do` for a receipt of the payment. Raises Misconfigured."""
    contacts = {name: value for name, value in (("email", receipt.email), ("phone", receipt.phone)) if value}
    if credentials.is_ecom:
        return {**contacts, "orderBundle": ecom_bundle(credentials, receipt, "sell")}
    codes = _tax_codes(credentials)
    items = [_form_item(codes, place, line) for place, line in enumerate(receipt.lines, 1)]
    bundle = {"customerDetails": contacts, "cartItems": {"items": items}}
    return {**contacts, "taxSystem": _TAX_SYSTEMS[receipt.tax_system], "orderBundle": bundle}


def ecom_bundle(credentials: SberbankCredentials, receipt: Receipt, kind: str) -> dict[str, object]:
    """`kind`: sell or sell_refund. Raises Misconfigured."""
    company = (credentials.company_email, credentials.company_inn, credentials.company_site)
    if not all(company):
        raise Misconfigured(
            "receipts need company_email, company_inn and company_site in the credentials: nothing sent"
        )
    email, inn, site = company
    codes = _tax_codes(credentials)
    total = receipt.total.minor
    return {
        "ffdVersion": credentials.ffd_version,
        "receiptType": kind,
        "company": {"email": email, "sno": receipt.tax_system.value, "inn": inn, "paymentAddress": site},
        "payments": [{"type": 2 if receipt.offset else 1, "sum": total}],
        "total": total,
        "cartItems": {
            "items": [
                _ecom_item(credentials.ffd_version, codes, place, line) for place, line in enumerate(receipt.lines, 1)
            ]
        },
    }


def status_of_receipts(receipts: Receipts, receipt_id: str) -> ReceiptStatus:
    """How one receipt stands, or, without an id, the one that went with the payment. Retried ones count together."""
    of_payment = [one for one in receipts.receipts or () if one.operation not in ("REFUND", "REVERSAL")]
    asked = [one for one in receipts.receipts or () if one.receipt_id == receipt_id] if receipt_id else of_payment
    codes = {one.status for one in asked}
    if not codes:
        return "none"
    if 3 in codes:
        return "done"
    return "failed" if codes <= {4, 5, 6} else "pending"


def _tax_codes(credentials: SberbankCredentials) -> Mapping[Vat, int]:
    given = dict(re.findall(r"(vat\d+|none)\s*=\s*(\d+)", credentials.tax_codes))
    return dict(TAX_CODES) | {vat: int(given[vat.value]) for vat in Vat if vat.value in given}


def _ecom_item(ffd_version: str, codes: Mapping[Vat, int], place: int, line: ReceiptLine) -> dict[str, object]:
    newer = ffd_version == "1.2"
    return {
        **_item(codes, place, line),
        "quantity": {"value": 1, "measure": "0" if newer else PIECE},
        "paymentMethod": line.settlement.value,
        "paymentObject": _SUBJECTS[line.subject] if newer else line.subject.value,
    }


def _form_item(codes: Mapping[Vat, int], place: int, line: ReceiptLine) -> dict[str, object]:
    attributes = [
        {"name": "paymentMethod", "value": str(_SETTLEMENTS.index(line.settlement) + 1)},
        {"name": "paymentObject", "value": _SUBJECTS[line.subject]},
    ]
    return {
        **_item(codes, place, line),
        "quantity": {"value": 1, "measure": PIECE},
        "itemAttributes": {"attributes": attributes},
    }


def _item(codes: Mapping[Vat, int], place: int, line: ReceiptLine) -> dict[str, object]:
    return {
        "positionId": str(place),
        "itemCode": str(place),
        "name": NOT_PRINTED.sub(" ", line.name)[:LONGEST_NAME].strip() or NAMELESS,
        "itemPrice": line.amount.minor,
        "itemAmount": line.amount.minor,
        "tax": {"taxType": codes[line.vat]},
    }

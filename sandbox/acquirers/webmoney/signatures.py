"""Hashes of the service: of forms, of X18 and X22, and the two of a notice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

SIGNED = (
    "LMI_PAYEE_PURSE",
    "LMI_PAYMENT_AMOUNT",
    "LMI_PAYMENT_NO",
    "LMI_MODE",
    "LMI_SYS_INVS_NO",
    "LMI_SYS_TRANS_NO",
    "LMI_SYS_TRANS_DATE",
    "SECRET",
    "LMI_PAYER_PURSE",
    "LMI_PAYER_WM",
)


def form_signature(purse: str, amount: str, number: str, x20_secret: str) -> str:
    return _sha256(f"{purse};{amount};{number};{x20_secret};")


def x18_signature(wmid: str, purse: str, number: str, secret: str) -> str:
    return _sha256(wmid + purse + number + secret)


def x22_signature(wmid: str, purse: str, number: str, hours: str, secret: str) -> str:
    return _sha256(wmid + purse + number + hours + secret)


def notice_hash(fields: Mapping[str, str], secret: str, separator: str) -> str:
    values = [secret if name == "SECRET" else fields[name] for name in SIGNED]
    return _sha256(separator.join(values)).upper()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

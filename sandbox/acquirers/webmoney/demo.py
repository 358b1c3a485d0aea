"""The demo shop's purses with their secrets, the purses its clients pay from, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank

WMID = "210987654321"
PURSE, EURO_PURSE, ROUBLE_PURSE = "Z123456789012", "E123456789012", "P123456789012"
SECRET_KEY = "demo-secret-key-of-the-sandbox"
X20_SECRET = "demo-x20-secret-of-the-sandbox"
CURRENCIES = {"Z": "USD", "E": "EUR", "K": "KZT", "P": "RUB", "R": "RUB"}

SETTINGS: dict[str, Any] = {
    "mode": "0",
    "prerequest": "with_parameters",
    "hashes": "both",
    "own_fields": "as_sent",
    "sign_required": False,
    "unique_numbers": True,
    "urls_in_form": True,
    "not_found": "8",
    "encoding": "windows-1251",
    "held": False,
}
"""`mode`: 1 plays payments and moves no money. `prerequest`: with_parameters, empty or off. `hashes` of a notice: both,
hash or hash2. `own_fields` of a form come back as_sent or upper, or are dropped. `sign_required`: a form has to be
signed. `unique_numbers`: a number is paid once. `urls_in_form`: whether addresses in a form replace those of the purse.
`not_found`: the retval of X18 for a number it does not know, 7 or 8. `held`: X18 tells that the money is held."""


def open_demo(bank: Bank) -> None:
    secrets = {"wmid": WMID, "secret_key": SECRET_KEY, "x20_secret": X20_SECRET}
    bank.shops |= {purse: dict(secrets) for purse in (PURSE, EURO_PURSE, ROUBLE_PURSE)}
    bank.settings |= SETTINGS

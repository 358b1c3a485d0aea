"""`X-Request-ID`: a request that comes again under it within an hour gets its first answer, and nothing is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.cloudpayments.call import Answer

LIFE = timedelta(hours=1)
HEADER = "X-Request-ID"

Place = tuple[str, str, str]


def kept_answer(bank: Bank, shop: str, path: str, key: str) -> Answer | None:
    found = _kept(bank).get(_place(bank, shop, path, key)) if key else None
    return found[1] if found and bank.now() - found[0] < LIFE else None


def keep_answer(bank: Bank, shop: str, path: str, key: str, answer: Answer) -> None:
    """Only what was followed is kept: a request that was refused as wrong may be sent again, corrected."""
    if key and (answer["Success"] or answer.get("Model") is not None):
        _kept(bank)[_place(bank, shop, path, key)] = (bank.now(), answer)


def _place(bank: Bank, shop: str, path: str, key: str) -> Place:
    """Whether a key is the site's or a method's is not said."""
    return shop, "" if bank.settings["keys_across_methods"] else path, key


def _kept(bank: Bank) -> dict[Place, tuple[datetime, Answer]]:
    kept: dict[Place, tuple[datetime, Answer]] = bank.facts.setdefault("keys", {})
    return kept

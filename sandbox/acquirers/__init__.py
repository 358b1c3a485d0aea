"""Acquirers that speak real protocols: a package in this folder is one, mounted under `/acquirers/<code>/`."""

from __future__ import annotations

import importlib
import pkgutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Notices
from sandbox.acquirers.turns import Turns

SETTLE_EVERY_SECONDS = 0.2


class Kind(Protocol):
    """What the package of an acquirer offers, as names of its `__init__`."""

    def accepts(self, status: int, answer: str) -> bool:
        """Whether a shop's answer to a notice ends the tries."""

    def open_shop(self, bank: Bank) -> None:
        """Fill a fresh bank: the demo shop with its secrets, some cards, the settings this acquirer has."""

    def answer(self, bank: Bank, request: Request, path: str) -> Response:
        """One request below `/acquirers/<code>/`; `path` is the rest without a slash in front."""

    def settle(self, bank: Bank, order: Order) -> None:
        """Bring a pending order to its end and tell the shop."""


@dataclass(frozen=True)
class Acquirer:
    code: str
    kind: Kind
    bank: Bank


def open_acquirers(now: Callable[[], datetime]) -> dict[str, Acquirer]:
    """Every acquirer of this folder by its code, living by the given clock."""
    return {code: open_acquirer(code, now) for code in acquirer_codes()}


def open_acquirer(code: str, now: Callable[[], datetime]) -> Acquirer:
    kind: Kind = importlib.import_module(f"{__name__}.{code}")
    bank = Bank(now, Turns(), Notices(kind.accepts))
    kind.open_shop(bank)
    return Acquirer(code, kind, bank)


def acquirer_codes() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def settle_all(acquirers: dict[str, Acquirer]) -> None:
    """Let pending orders settle, and their notices go out, also while nobody asks."""

    def settle_for_ever() -> None:
        while True:
            for acquirer in acquirers.values():
                for order in acquirer.bank.due():
                    acquirer.kind.settle(acquirer.bank, order)
            time.sleep(SETTLE_EVERY_SECONDS)

    threading.Thread(target=settle_for_ever, name="acquirers-settling", daemon=True).start()

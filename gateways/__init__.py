"""Acquirers: one file each behind one interface; a file dropped into this folder is a gateway."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from gateways._declines import DECLINES, ENDS_CARD, DeclineKind, Reason
from gateways._errors import InvalidSignature, Misconfigured, NotSent, OutcomeUnknown, Trouble
from gateways._gateway import Capability, Credentials, Gateway, Unchecked, WithoutSbp
from gateways._http import REQUEST_SECONDS, Http
from gateways._notice import Awaited, AwaitedOrder, Headers, Incoming, Notice, ReceiptNotice
from gateways._orders import (
    Method,
    Outcome,
    PageOrder,
    Payment,
    Placed,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from gateways._receipt import (
    Receipt,
    ReceiptLine,
    ReceiptStatus,
    SentReceipt,
    Settlement,
    Subject,
    TaxSystem,
    Vat,
)
from gateways._register import Register, RegisterLine, RegisterUnreadable

__all__ = [
    "DECLINES",
    "ENDS_CARD",
    "REQUEST_SECONDS",
    "AnyGateway",
    "Awaited",
    "AwaitedOrder",
    "Capability",
    "Credentials",
    "DeclineKind",
    "Gateway",
    "Headers",
    "Http",
    "Incoming",
    "InvalidSignature",
    "Method",
    "Misconfigured",
    "NotSent",
    "Notice",
    "Outcome",
    "OutcomeUnknown",
    "PageOrder",
    "Payment",
    "Placed",
    "PlacedOrder",
    "Reason",
    "Receipt",
    "ReceiptLine",
    "ReceiptNotice",
    "ReceiptStatus",
    "RefundOrder",
    "Refunded",
    "Register",
    "RegisterLine",
    "RegisterUnreadable",
    "SavedCardOrder",
    "SentReceipt",
    "Settlement",
    "Started",
    "StoredCard",
    "Subject",
    "TaxSystem",
    "Trouble",
    "Unchecked",
    "Vat",
    "WithoutSbp",
    "kinds_of_gateways",
    "open_gateways",
]

AnyGateway = Gateway[Any]


def open_gateways(
    addresses: Mapping[str, str], elapsed: Callable[[], float], roots: Path | None = None
) -> Mapping[str, AnyGateway]:
    """Every gateway of this folder by its code.

    `addresses` replace acquirers' own, by code; `elapsed` is a clock of seconds that never jumps, for time limits.
    `roots` is a PEM file of authorities trusted besides the usual ones. A gateway that has no address of its own is
    there only while one is given. Raises Misconfigured for an address that is neither https nor on the loopback.
    """
    found = {}
    for kind in kinds_of_gateways():
        address = addresses.get(kind.code, kind.address)
        if address:
            found[kind.code] = kind(Http(address, elapsed, fixed=kind.code in addresses, roots=roots))
    return MappingProxyType(found)


def kinds_of_gateways() -> list[type[AnyGateway]]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return [_gateway_in(importlib.import_module(f"{__name__}.{name}")) for name in names]


def _gateway_in(module: ModuleType) -> type[AnyGateway]:
    mine: list[type[AnyGateway]] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Gateway) and value.__module__ == module.__name__
    ]
    if len(mine) != 1:
        raise ImportError(f"{module.__name__} must hold one gateway; it holds {len(mine)}")
    return mine[0]

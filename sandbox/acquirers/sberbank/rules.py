"""What each field of a request may be (OpenAPI 1.0.7). ECOM holds everybody to it, RBS only to what it cannot read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

UUID = r"[a-f0-9\-]{36}"
ASCII = r"[ -~]*"
PRINTED = r"[ -~А-Яа-яЁё№«»]*"


@dataclass(frozen=True)
class Text:
    pattern: str = ASCII
    shortest: int = 1
    longest: int = 512

    def fits(self, value: object) -> bool:
        fitting = isinstance(value, str) and self.shortest <= len(value) <= self.longest
        return fitting and re.fullmatch(self.pattern, str(value)) is not None


@dataclass(frozen=True)
class Whole:
    most: int = 999_999_999_999

    def fits(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= self.most


@dataclass(frozen=True)
class Other:
    """A flag, an object or a list."""

    kind: type

    def fits(self, value: object) -> bool:
        return isinstance(value, self.kind)


Rule = Text | Whole | Other

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "orderNumber": Text(r"""[^"\\/|#$%;'<>=*]*""", longest=36),
        "amount": Whole(),
        "currency": Text(r"\d{3}", 3, 3),
        "returnUrl": Text(shortest=12, longest=2048),
        "failUrl": Text(shortest=12, longest=2048),
        "description": Text(PRINTED),
        "language": Text("[a-z]+", 2, 2),
        "clientId": Text(longest=255),
        "merchantLogin": Text(r"[A-Za-z0-9\-_ ]+", longest=30),
        "jsonParams": Other(dict),
        "sessionTimeoutSecs": Whole(999_999_999),
        "expirationDate": Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", 19, 19),
        "autocompletionDate": Text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", 19, 19),
        "bindingId": Text(UUID, 36, 36),
        "features": Text(longest=255),
        "phone": Text(r"\+?\d{7,15}", longest=16),
        "email": Text(shortest=3, longest=128),
        "orderBundle": Other(dict),
        "orderId": Text(UUID, 36, 36),
        "mdOrder": Text(UUID, 36, 36),
        "ip": Text(longest=39),
        "cvc": Text(r"\d{3}", 3, 3),
        "termUrl": Text("https?://.*", longest=2048),
        "threeDSMethodNotificationUrl": Text("https?://.*", longest=2048),
        "showExpired": Other(bool),
        "showInactive": Other(bool),
        "additionalParameters": Other(dict),
        "subscriptionId": Text("[a-f0-9]{32}", 32, 32),
        "memberId": Text(r"\d{12}", 12, 12),
        "receiptId": Text(UUID, 36, 36),
        "receiptStatus": Whole(6),
        "receiptIds": Other(list),
        "newExpiry": Text(r"\d{6}", 6, 6),
        "qrId": Text("[A-Z0-9]{32}", 32, 32),
        "qrHeight": Whole(1000),
        "qrWidth": Whole(1000),
        "qrFormat": Text("matrix|image"),
    }
)


@dataclass(frozen=True)
class Shape:
    """Names of fields: those that have to be there and those that may; the login stands apart."""

    required: frozenset[str]
    optional: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        return self.required | self.optional


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def shape(required: str, optional: str = "") -> Shape:
    return Shape(names(required), names(optional))


def fitting(name: str, value: Any) -> bool:
    return RULES[name].fits(value)

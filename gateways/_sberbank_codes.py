"""Sberbank's codes: what each actionCode of an order means, and what an errorCode with its text is about."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from gateways._declines import Reason

# Both numbers are the bank's own. `actionCode` is the result of paying an order and stands here as it is. `errorCode`
# is the result of a request; one number means many things, so it stands here with its name, and only for requests that
# were surely not carried out.
NOT_BEGUN = -100
EXPIRED, TRIES_USED_UP = -2007, -2013  # an order takes three tries
CLOSED_UNPAID = frozenset({NOT_BEGUN, EXPIRED})  # with a declined order: nobody tried to pay it, or its time ran out
IN_PROGRESS = frozenset({-99, 94, 1001, 1019, 2007})  # not a bank's last word, whatever the order's status says
ASKED_TOO_EARLY = 1014  # the gateway's refusal by default: true when it is read a second time
NO_REFUSALS = IN_PROGRESS | {0, 400, NOT_BEGUN, EXPIRED, ASKED_TOO_EARLY}  # of an unpaid order, every other code is one
CLIENT_WANTED = "3ds"  # no number of the bank's: it answered with a page for its client

INSTRUMENT_INACTIVE = 2
INSTRUMENT_DISABLED_BY_CLIENT = 15
DUPLICATE_ORDER = 1
UNKNOWN_CURRENCY = 3
UNKNOWN_ORDER = 6
SYSTEM_ERROR = 7
FEATURES_NOT_PERMITTED = 14
REQUEST_ERRORS = frozenset({UNKNOWN_CURRENCY, 4, 8, 9})

SHOP_CODES: Mapping[int, str] = MappingProxyType(
    {
        13: "the amount is not accepted from this terminal",
        109: "the merchant or the terminal is blocked or its number is wrong",
        110: "the request's data are not accepted from this terminal",
        258: "the terminal is not known",
        1004: "the terminal has no permission for the operation",
        2002: "the operation is not allowed in this order",
        2003: "payments without 3-D Secure are forbidden: ask for AUTO_PAYMENT",
        2004: "payments without CVC are forbidden: ask for AUTO_PAYMENT",
        2005: "the payment does not fit the shop's 3-D Secure conditions",
        2014: "a 3-D Secure rule of the terminal forbids the payment",
        2016: "the shop has no permission for 3-D Secure",
    }
)
"""What the bank has to change in the shop's settings before such a payment can pass."""

_BY_REASON: Mapping[Reason, str] = {
    Reason.INSUFFICIENT_FUNDS: "116",
    Reason.LIMIT_EXCEEDED: "12 61 65",
    Reason.BANK_UNAVAILABLE: "15 31 76 96 103 904 909 910 913 914 1018 -2018",
    Reason.REFUSED_BY_BANK: "1 5 81 107 118 120 902 1014 -2013",
    Reason.CARD_BLOCKED: "62 75 104 106",
    Reason.WRONG_CARD_DATA: "82 1015",
    Reason.CLIENT_DID_NOT_CONFIRM: "-2005 -2006 -2010 -2011 -2015 -2016 -2017 -2019 -2020 999",
    Reason.ORDER_EXPIRED: "-2007",
    Reason.CARD_LOST: "7 41 43",
    Reason.CARD_EXPIRED: "101",
    Reason.CARD_NOT_VALID: "14 53 111 125",
    Reason.OPERATION_FORBIDDEN: "93",
    Reason.CONSENT_REVOKED: "239 -3100 -3101",
    Reason.CARD_NOT_KNOWN: "-5031",
    Reason.REQUEST_NOT_ACCEPTED: "2009",
}

DECLINES: Mapping[str, Reason] = MappingProxyType(
    {code: reason for reason, codes in _BY_REASON.items() for code in codes.split()}
    | {str(code): Reason.SHOP_NOT_PERMITTED for code in SHOP_CODES}
    | {
        CLIENT_WANTED: Reason.ACTION_REQUIRED,
        "errorCode 1": Reason.CARD_NOT_KNOWN,
        "errorCode 2": Reason.CARD_NOT_KNOWN,
        "errorCode 15": Reason.CONSENT_REVOKED,
    }
    | {f"errorCode {code}": Reason.REQUEST_NOT_ACCEPTED for code in (*REQUEST_ERRORS, 5)}
)

_SHOP_TEXT = re.compile(
    r"доступ запрещ|операция запрещена|мерчант не найден|терминал не найден|логин|парол|username не соответ|отключ[её]н"
    r"|привилег|нет разрешени|нет прав|access denied|forbidden|merchant (is )?not found|terminal (is )?not found"
    r"|\blogin|password|credentials|permission|privilege|\bcv[cv]",
    re.IGNORECASE,
)
_CARD_TEXT = re.compile(r"связк|карт|binding|card", re.IGNORECASE)
_CARD_UNKNOWN_TEXT = re.compile(r"(связк|binding).*(не найден|not found)", re.IGNORECASE)
_REQUEST_TEXT = re.compile(
    r"валидаци|неверная сумма|неверный параметр|неверно указано|request parameter|validation", re.IGNORECASE
)
_ORDER_UNKNOWN_TEXT = re.compile(r"(заказ|order).*(не найден|not found)", re.IGNORECASE)
_TROUBLE_TEXT = re.compile(
    r"системн|внутренн|доступ|временн|позже|ошибка при|выполнении запроса|заблокир|превыш|лимит"
    r"|system|internal|unavailable|temporar|later|timeout|access|blocked|locked|exceed|limit|too many",
    re.IGNORECASE,
)
_NOT_REFUNDABLE_TEXT = re.compile(
    r"сумма возврат|превыша|не найдена успешная|неверная сумма|неверный статус|not found|exceeds|amount", re.IGNORECASE
)


def is_about_the_shop(code: int | None, text: str) -> bool:
    """Its login, terminal or permissions: until a person changes something, every order will be answered so."""
    if code in (INSTRUMENT_INACTIVE, INSTRUMENT_DISABLED_BY_CLIENT):
        return False  # of one card, in whatever words
    return code == FEATURES_NOT_PERMITTED or bool(code and _SHOP_TEXT.search(text))


def refusal_of_card(code: int | None, text: str) -> str:
    """The decline's code when the saved card is not known, not this client's or switched off; else empty."""
    if code == INSTRUMENT_DISABLED_BY_CLIENT:
        return "errorCode 15"
    if code == INSTRUMENT_INACTIVE or (code and _CARD_UNKNOWN_TEXT.search(text)):
        return "errorCode 2"
    return "errorCode 1" if code == 1 and _CARD_TEXT.search(text) else ""


def is_about_the_request(code: int | None, text: str) -> bool:
    """This order's own data were not accepted, and no order was placed."""
    return code in REQUEST_ERRORS or (code == 5 and bool(_REQUEST_TEXT.search(text)))


def says_no_such_order(code: int | None, text: str) -> bool:
    """Of an answer without a status; code 0 without one says the same."""
    return code in (0, UNKNOWN_ORDER) or (code in (5, 9) and bool(_ORDER_UNKNOWN_TEXT.search(text)))


def leaves_out_order(code: int | None, text: str) -> bool:
    """Of an answer without a status to a question by our number alone: nor is there an error, or it is 5, the request's
    one value not being accepted; both is how a number is said to be unknown. A wrong guess is safe with a number that
    the bank takes once only."""
    return code in (None, 5) and not _SHOP_TEXT.search(text) and not _TROUBLE_TEXT.search(text)


def is_no_refund(code: int | None, text: str) -> bool:
    """The refund was refused for good: too much, or nothing was paid."""
    return code in (5, 7) and bool(_NOT_REFUNDABLE_TEXT.search(text))

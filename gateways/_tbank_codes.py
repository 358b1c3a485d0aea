"""T-Bank's tables: statuses of payments, codes of refusals, and the codes by which it asks for a person.

Source: the acquirer's OpenAPI document 1.80, chapters on statuses and on error codes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gateways._declines import Reason
from gateways._orders import Outcome

# a status that is not here, or not known yet, is on its way: pending
OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "NEW": Outcome.REGISTERED,
        "CONFIRMED": Outcome.SUCCEEDED,
        "PARTIAL_REFUNDED": Outcome.SUCCEEDED,
        "CANCELED": Outcome.CANCELLED,
        "REVERSED": Outcome.CANCELLED,
        "DEADLINE_EXPIRED": Outcome.CANCELLED,
        "ATTEMPTS_EXPIRED": Outcome.CANCELLED,
        "REJECTED": Outcome.DECLINED,
        "AUTH_FAIL": Outcome.DECLINED,
    }
)
GIVEN_BACK = frozenset({"REFUNDED", "REVERSED"})
GIVEN_BACK_IN_PART = frozenset({"PARTIAL_REFUNDED", "PARTIAL_REVERSED"})
GIVING_BACK = frozenset({"REFUNDING", "ASYNC_REFUNDING", "REVERSING"})
TOOK_MONEY = frozenset({"CONFIRMED", "PARTIAL_REFUNDED", "REFUNDED", "REFUNDING", "ASYNC_REFUNDING"})
ON_THE_WAY = frozenset(
    {"FORM_SHOWED", "AUTHORIZING", "3DS_CHECKING", "3DS_CHECKED", "PAY_CHECKING", "AUTHORIZED", "CONFIRMING"}
)
STATUSES = OUTCOMES.keys() | GIVEN_BACK | GIVEN_BACK_IN_PART | GIVING_BACK | ON_THE_WAY
NOBODY_PAYS_YET = frozenset({"NEW", "FORM_SHOWED"})
CLIENT_WANTED = "3DS_CHECKING"  # the client's bank waits for them, for 36 hours

NO_SUCH_ORDER = frozenset({"255", "335"})
NO_SUCH_CUSTOMER = frozenset({"7", "503"})
NO_SUCH_CARD = frozenset({"107", "231"})

_CODES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.INSUFFICIENT_FUNDS: "103 116 1051 1116 5060",
        Reason.LIMIT_EXCEEDED: "403 404 405 406 632 633 634 1013 1019 1061 1065 1075 5061 5062",
        Reason.SHOP_LIMIT_EXCEEDED: "1201 1202 1203 1204 1205",
        Reason.TOO_OFTEN: "3032 3042",
        Reason.TOO_OFTEN_TODAY: "119 603 2200 3033 3041",
        Reason.BANK_UNAVAILABLE: (
            "3 21 55 96 97 98 120 123 125 401 402 515 903 999 1017 1089 1091 1096 3040 7999 8002 8004 9001 9999"
        ),
        Reason.REFUSED_BY_BANK: (
            "5 11 14 16 18 53 99 604 650 651 703 1001 1005 1006 1008 1012 1030 1034 1062 1082 1088 1092 1207 1217 1218 "
            "3009 5032 5043 5067"
        ),
        Reason.CARD_RESTRICTED: "1038 1057 1058 5065",
        Reason.WRONG_CARD_DATA: "218 219 221 239 1055 1077 1086",
        Reason.CLIENT_DID_NOT_CONFIRM: "54 101 109 110 111 511 512 513 2014",
        Reason.ORDER_EXPIRED: "DEADLINE_EXPIRED ATTEMPTS_EXPIRED",  # statuses, with no code beside them
        Reason.ACTION_REQUIRED: CLIENT_WANTED,  # a status too
        Reason.CARD_LOST: "1041",
        Reason.CARD_EXPIRED: "252 1033 1054 1071 1080",
        Reason.CARD_NOT_KNOWN: "107 231 262 502 503 3012 3014 5031",
        Reason.CARD_NOT_VALID: "508 642 1014 1015 1039 1053 5066",
        Reason.CONSENT_REVOKED: "3015",
        Reason.FRAUD_SUSPECTED: "1004 1007 1043 1059 1063 1093 1094 3003 5036 5063",
        Reason.OPERATION_FORBIDDEN: (
            "76 77 78 105 106 108 381 382 384 410 506 507 600 601 1078 1235 1316 3013 5064 8001 8003"
        ),
        Reason.RECEIPT_NOT_TAKEN: "311 312 313 314",
        Reason.REQUEST_NOT_ACCEPTED: (
            "1 9 12 17 201 203 206 207 208 209 210 211 212 213 214 215 216 217 220 222 223 224 225 226 227 228 229 230 "
            "233 234 235 236 237 238 240 241 242 243 244 245 246 247 248 249 250 251 253 254 256 257 258 259 260 261 "
            "308 310 316 317 318 319 320 321 323 326 327 328 329 330 332 333 334 383 385 386 419 619 620 637 1064 1119 "
            "3016 3017 3044"
        ),
    }
)
# codes that are no word on the money while the payment has no final status: an inner fault may have let it through
UNSURE = frozenset(_CODES[Reason.BANK_UNAVAILABLE].split())
# faults of the service that makes receipts: of one order's content or of the till, nobody tells; where money moves they
# are no word on it
OF_RECEIPTS = frozenset(_CODES[Reason.RECEIPT_NOT_TAKEN].split())
NOT_KNOWN_YET = "1018"  # also of a payment that is rejected: true when it is read a second time
# 4, 8: the payment's status does not allow this; 20: an order number for the second time; 100: a heap of meanings;
# 102, 104: a refusal or a fault; 1018: not known; 1085: "success"; 3037: asked before
ASK = frozenset({"4", "8", "20", "100", "102", "104", NOT_KNOWN_YET, "1085", "3037"})

_KEYS = "compare terminal_key and password with the terminal's in T-Bank's cabinet (Магазины - Терминалы)"
_BLOCKED = "the terminal is blocked, not active yet or without a valid contract: ask the shop's T-Bank manager"
_CHARGES = (
    "charging saved cards (the method Charge) is switched off, as it is by default: ask the shop's T-Bank manager to "
    "switch it on, for a DEMO terminal write to acq_help@tbank.ru"
)
_INITIATOR = (
    "the terminal does not take charges initiated by the shop (OperationInitiatorType R): ask the shop's T-Bank "
    "manager for a terminal of the kind ECOM with recurring payments"
)
_METHOD = "the way of payment is switched off: switch it on in T-Bank's cabinet (the shop, Способы оплаты)"
_RECEIPTS = (
    "an on-line till is connected to the shop and does not take its receipts: set receipts up for this terminal, and "
    "compare the till in T-Bank's cabinet"
)
_REQUEST = "the terminal wants more than was sent: tell whoever runs the service, and ask acq_help@tbank.ru what it is"
_ACCOUNT = "refunds of SBP need the shop's account at T-Bank with money on it: change the account in T-Bank's cabinet"
_TDS = "the terminal asks for 3-D Secure where no client is present: ask the shop's T-Bank manager for another one"
CONFIGURATION: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("204", "205", "322", "331", "501", "1003", "2015"), _KEYS),
        **dict.fromkeys(("191", "202", "648", "1503"), _BLOCKED),
        **dict.fromkeys(("10", "500"), _CHARGES),
        **dict.fromkeys(("1125", "1126"), _INITIATOR),
        **dict.fromkeys(("13", "1099", "3001", "3011", "3019", "3101"), _METHOD),
        **dict.fromkeys(("309", "315"), _RECEIPTS),
        **dict.fromkeys(("2", "702"), _REQUEST),
        **dict.fromkeys(("991",), _TDS),
        **dict.fromkeys(("3038",), _ACCOUNT),
    }
)
DECLINES: Mapping[str, Reason] = MappingProxyType(
    {code: reason for reason, codes in _CODES.items() for code in codes.split()}
    | dict.fromkeys(CONFIGURATION, Reason.SHOP_NOT_PERMITTED)
)
# of a refund: nothing was given back, and the client's or the shop's side has to change before it can be
REFUND_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "79": "the client's card is foreign",
        "324": "this payment cannot be given back in this way",
        "326": "the sum is not accepted",
        "330": "the sum is above what is left of the payment",
        "3002": "the shop's account has not enough money: top it up",
        "3028": "the client's bank refused it",
        "3029": "too many tries within an hour: ask again in an hour",
        "3030": "too many tries within a day: ask again tomorrow",
        "3031": "the client's bank refused it",
        "5038": "the client's bank refused it by law",
        "5043": "the client's bank refused it",
    }
)

"""CloudPayments' tables: statuses, codes of refusals, words for receipts (developers.cloudpayments.ru, «Справочники»).

Of regular payments CloudPayments says which refusals end them ("unconditionally negative": a new payment in person is
needed), and after which two in a day block the card for 24 hours: those are not tried again within the day. 5001 and
5005 are among the first, but elsewhere mean "not today": they are tried again by the portal's days, and if
CloudPayments blocks the card, that costs no money.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from gateways._declines import Reason
from gateways._orders import Outcome
from gateways._receipt import ReceiptStatus, Settlement, Subject, TaxSystem, Vat

# a status that is not here is on its way: pending; so is a hold, which is no payment
OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "AwaitingAuthentication": Outcome.PENDING,
        "Authorized": Outcome.PENDING,
        "Completed": Outcome.SUCCEEDED,
        "Cancelled": Outcome.CANCELLED,
        "Declined": Outcome.DECLINED,
    }
)

# not CloudPayments' own: the bank wants 3-D Secure; a request that was refused before any payment was made of it
WANTS_CLIENT = "3ds_required"
CARD_REFUSED = "token_refused"
REQUEST_REFUSED = "request_refused"

_CODES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.INSUFFICIENT_FUNDS: "5051",
        Reason.LIMIT_EXCEEDED: "5013 5061 5065",
        Reason.SHOP_LIMIT_EXCEEDED: "5300 5303",
        # 3001-3008 but 3004: our own answer to a Check notice, or none
        Reason.SHOP_NOT_PERMITTED: "3001 3002 3003 3005 3006 3007 3008 6017",
        Reason.BANK_UNAVAILABLE: "5006 5031 5091 5092",
        Reason.REFUSED_BY_BANK: "5001 5005 5019 5030 5096 5204",
        Reason.CARD_RESTRICTED: "5063",
        Reason.WRONG_CARD_DATA: "5055 5082",
        Reason.CLIENT_DID_NOT_PAY: "3004",
        Reason.CLIENT_DID_NOT_CONFIRM: "5206 5207 5209 6001",
        Reason.ACTION_REQUIRED: WANTS_CLIENT,
        Reason.CARD_LOST: "5004 5007 5033 5041 5043",
        Reason.CARD_EXPIRED: "5054",
        Reason.CARD_NOT_KNOWN: f"6011 6025 {CARD_REFUSED}",
        Reason.CARD_NOT_VALID: "5014 5015",
        Reason.CONSENT_REVOKED: "5017 6010",
        Reason.FRAUD_SUSPECTED: "5034 5059",
        Reason.OPERATION_FORBIDDEN: "5003 5012 5036 5057 5058 5062 5113",
        Reason.REQUEST_NOT_ACCEPTED: (
            f"5761 5762 5763 6002 6003 6004 6005 6006 6007 6008 6009 6013 6014 6015 6016 6021 6022 {REQUEST_REFUSED}"
        ),
    }
)
DECLINES: Mapping[str, Reason] = MappingProxyType(
    {code: reason for reason, codes in _CODES.items() for code in codes.split()}
)

# an answer without a payment in it says why in words only; by these it is a refusal for sure, or "no such thing"
NOT_FOUND = re.compile(r"(?i)\bnot found\b|не найден")
DEFINITE = re.compile(
    r"(?i)requir|invalid|incorrect|wrong|not found|not allowed|must be|exceed|denied|insufficient"
    r"|unable to find (the )?token"
    r"|обязател|неверн|некоррект|не найден|превыша|недостаточно|запрещ|не может быть"
)
TROUBLE = re.compile(  # with one of these beside it, it may be a trouble of theirs after the request was taken up
    r"(?i)\berror|went|\btime|respon|unavailable|later|internal|server|gateway|acquirer"
    r"|ошибк|врем|ответ|сбой|позже|банк|эквайр"
)
ABOUT_TOKEN = re.compile(r"(?i)token|токен")
CLOSED_BEFORE = re.compile(r"(?i)already.*cancel|cancell?ed|уже отмен|отменён|отменен")
PLAIN_WORDS = re.compile(r"[A-Za-zА-Яа-яЁё ,.«»-]{1,120}")  # without digits there can be no token in it

RECEIPT_STATUSES: Mapping[str, ReceiptStatus] = MappingProxyType(
    {"Queued": "pending", "NotFound": "pending", "Processed": "done", "Error": "failed"}
)
TAX_SYSTEMS: Mapping[TaxSystem, int] = MappingProxyType(
    {
        TaxSystem.OSN: 0,
        TaxSystem.USN_INCOME: 1,
        TaxSystem.USN_INCOME_OUTCOME: 2,
        TaxSystem.ESN: 4,
        TaxSystem.PATENT: 5,
    }
)
VAT_RATES: Mapping[Vat, int | None] = MappingProxyType(
    {vat: None if vat is Vat.NONE else int(vat.value.removeprefix("vat")) for vat in Vat}
)
METHODS: Mapping[Settlement, int] = MappingProxyType(
    {
        Settlement.FULL_PREPAYMENT: 1,
        Settlement.PREPAYMENT: 2,
        Settlement.ADVANCE: 3,
        Settlement.FULL_PAYMENT: 4,
        Settlement.PARTIAL_PAYMENT: 5,
        Settlement.CREDIT: 6,
        Settlement.CREDIT_PAYMENT: 7,
    }
)
OBJECTS: Mapping[Subject, int] = MappingProxyType(
    {Subject.COMMODITY: 1, Subject.JOB: 3, Subject.SERVICE: 4, Subject.PAYMENT: 10}
)

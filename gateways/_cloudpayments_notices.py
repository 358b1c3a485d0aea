"""CloudPayments' notices: signed with the API secret, as a form, as JSON, or in the address of a GET.

`Content-HMAC` is over the text as it travels, `X-Content-HMAC` over the same text decoded. The second does not tell a
separator from one inside a value, so it proves where a notice comes from, and a card is taken by the first only.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote_to_bytes

from gateways._cloudpayments_answers import NUMBER, Transaction, label, money_of, read, stored_card
from gateways._cloudpayments_codes import METHODS
from gateways._cloudpayments_requests import REFUND_LABEL, account_of
from gateways._errors import InvalidSignature, OutcomeUnknown
from gateways._notice import Awaited, Incoming, Notice, ReceiptNotice
from gateways._receipt import Settlement

JSON_TYPE = "application/json"
MOST_FIELDS = 200
WELCOME, BAD_NUMBER, BAD_ACCOUNT, BAD_SUM, NOT_TAKEN = 0, 10, 11, 12, 13
RETURNED: Mapping[str, bool] = MappingProxyType({"Income": False, "IncomeReturn": True})
OF_TILLS = "RUB"
SETTLEMENTS: Mapping[str, Settlement] = MappingProxyType({str(number): kind for kind, number in METHODS.items()})
# of the kinds of notices only Check lacks all of these: Pay and Confirm name who took the money, Fail says why not
AFTER_THE_BANK = ("GatewayName", "AuthCode", "Reason", "ReasonCode", "PaymentTransactionId", "Token", "TotalFee")


def read_notice(incoming: Incoming, api_secret: str, awaited: Awaited) -> Notice:
    """A Check names its order too: a Pay may lack all that tells the two apart, and asking moves no money.

    Raises InvalidSignature.
    """
    message = incoming.query if incoming.method == "GET" else incoming.body
    by_header = {name: incoming.headers.get(name, "") for name in ("Content-HMAC", "X-Content-HMAC")}
    exact = _signed(message, by_header["Content-HMAC"], api_secret)
    if not exact and not any(_signed(one, by_header["X-Content-HMAC"], api_secret) for one in _decoded(message)):
        raise InvalidSignature("neither Content-HMAC nor X-Content-HMAC fits the notice")
    fields = _fields(incoming, message)
    number = fields.get("InvoiceId", "")
    refund = fields.get("OperationType") == "Refund" or "PaymentTransactionId" in fields
    found = None if refund else _transaction(fields)
    refund_number = label(fields.get("Data"), REFUND_LABEL) if refund else ""
    notice = Notice(
        order_number=number if NUMBER.fullmatch(number) else "",
        payment_id=found.transaction_id if found else "",
        refund_number=refund_number,
        of_refund=refund and not refund_number,
        stored_card=stored_card(found) if exact and found and found.status == "Completed" else None,
        reply=_reply(check_code(fields, awaited) if _is_check(fields) else WELCOME),
        reply_type=JSON_TYPE,
    )
    return _of_receipt(fields, notice) if exact else notice


def _of_receipt(fields: Mapping[str, str], notice: Notice) -> Notice:
    """A Receipt comes when the till has made one, and never when it has not. A refund's names the refund's operation,
    and a closing one, of an order's number alone, may name none."""
    way, number = fields.get("Type", ""), fields.get("Id", "")
    if "FiscalSign" not in fields or way not in RETURNED:
        return notice
    try:
        amount = money_of(fields.get("Amount", ""), OF_TILLS)
    except OutcomeUnknown:
        return notice
    return ReceiptNotice(
        order_number=notice.order_number,
        payment_id="" if RETURNED[way] else notice.payment_id,
        reply=notice.reply,
        reply_type=notice.reply_type,
        status="done",
        returned=RETURNED[way],
        amount=amount,
        settlements=_settlements(fields.get("Receipt", "")),
        receipt_id=number if NUMBER.fullmatch(number) else "",
        reason="",
    )


def _settlements(content: str) -> frozenset[Settlement]:
    """What a receipt's lines are for; empty when they are not all told."""
    try:
        items = _part(json.loads(content), "items")
    except (ValueError, RecursionError):
        return frozenset()
    methods = [str(_part(item, "method")) for item in items] if isinstance(items, list) else []
    return frozenset(SETTLEMENTS[one] for one in methods) if set(methods) <= SETTLEMENTS.keys() else frozenset()


def _part(value: object, name: str) -> object:
    named = value.items() if isinstance(value, dict) else ()
    return next((one for key, one in named if key.casefold() == name), None)


def check_code(fields: Mapping[str, str], awaited: Awaited) -> int:
    """The answer to the question before money is taken: only what we wait for, of this client, in one stage, of just
    this sum. An order may be placed without an account; one that is another's was placed by somebody else."""
    number = fields.get("InvoiceId", "")
    expected = awaited(number, "") if NUMBER.fullmatch(number) else None
    if expected is None:
        return BAD_NUMBER
    if fields.get("AccountId", "") not in ("", account_of(expected)):
        return BAD_ACCOUNT
    if fields.get("OperationType", "Payment") != "Payment" or fields.get("Status") == "Authorized":
        return NOT_TAKEN
    try:
        asked = money_of(fields.get("Amount", ""), fields.get("Currency", ""))
    except OutcomeUnknown:
        return BAD_SUM
    return WELCOME if asked == expected.amount else BAD_SUM


def signature(message: bytes, api_secret: str) -> str:
    return base64.b64encode(hmac.new(api_secret.encode(), message, hashlib.sha256).digest()).decode()


def _signed(message: bytes, given: str, api_secret: str) -> bool:
    return hmac.compare_digest(signature(message, api_secret).encode(), given.encode(errors="surrogatepass"))


def _decoded(message: bytes) -> tuple[bytes, ...]:
    """What was signed as decoded: the text itself (JSON), a form with `+` for a space, percent signs alone."""
    return message, unquote_to_bytes(message.replace(b"+", b" ")), unquote_to_bytes(message)


def _fields(incoming: Incoming, message: bytes) -> dict[str, str]:
    """Values as text, whatever they came as; the first of a name that comes twice."""
    named = incoming.headers.get("Content-Type", "").lower().startswith(JSON_TYPE)
    if incoming.method != "GET" and (named or message.lstrip().startswith(b"{")):
        try:
            data = json.loads(message, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            raise InvalidSignature("the notice is no JSON") from None
        if not isinstance(data, dict):
            raise InvalidSignature("the notice is no JSON object")
        return {name: _text(value) for name, value in data.items() if value is not None}
    try:
        pairs = parse_qsl(message.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidSignature("the notice is no form in UTF-8") from None
    return dict(reversed(pairs))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_check(fields: Mapping[str, str]) -> bool:
    asked = bool(fields.get("TransactionId") and fields.get("Status"))
    return asked and not any(fields.get(name) for name in AFTER_THE_BANK)


def _transaction(fields: Mapping[str, str]) -> Transaction | None:
    """None for a notice that speaks of no payment (a subscription), or not in the documented shape."""
    try:
        return read(Transaction, {**fields, "Type": None})
    except OutcomeUnknown:
        return None


def _reply(code: int) -> str:
    return json.dumps({"code": code}, separators=(",", ":"))

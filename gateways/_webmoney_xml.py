"""WebMoney's XML interfaces X18 (what became of a payment) and X22 (a ticket, which is a link to a filled-in form)."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from gateways._errors import Misconfigured, NotSent, OutcomeUnknown
from gateways._http import Http, Reply

LOOK_UP, TICKET = "conf/xml/XMLTransGet.asp", "conf/xml/XMLTransSave.asp"
BY_SHOPS_NUMBER = "1"  # lmi_payment_no_type
MOSCOW = ZoneInfo("Europe/Moscow")

# retval; the service publishes no list: these are the words of other clients of X18, and what is not here is unknown
FOUND, NOT_PAID_YET, REJECTED = "0", "9", "13"
NOT_FOUND = frozenset({"7", "8"})
SHOP_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "1": "the purse is not set up in the merchant service",
        "2": "allow SHA256 and set a secret key in the merchant service",
        "3": "allow SHA256 in the merchant service",
        "4": "the WMID does not own the purse and is not trusted with it",
        "6": "the WMID does not own the purse and is not trusted with it",
        "-2": "wmid or purse is not written as it should be",
        "-3": "purse is not written as it should be",
        "-6": "the signature does not fit: compare secret_key",
        "-7": "the signature does not fit: compare secret_key",
    }
)
NUMBER = re.compile(r"-?[0-9]{1,9}")
TICKET_TEXT = re.compile(r"[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True, slots=True)
class Word:
    """What X18 says of a number. `purpose` is the form's description, which begins with our order's number."""

    retval: str
    amount: str = ""
    purpose: str = ""
    at: datetime | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Shop:
    wmid: str
    purse: str
    secret_key: str


def look_up(http: Http, shop: Shop, number: int) -> Word:
    """Raises Misconfigured when the service does not let the shop ask, OutcomeUnknown for anything unforeseen."""
    signed = hashlib.sha256(f"{shop.wmid}{shop.purse}{number}{shop.secret_key}".encode()).hexdigest()
    request = {
        "wmid": shop.wmid,
        "lmi_payee_purse": shop.purse,
        "lmi_payment_no": str(number),
        "lmi_payment_no_type": BY_SHOPS_NUMBER,
        "sign": "",
        "sha256": signed,
        "md5": "",
        "secret_key": "",
    }
    reply = http.post_xml(LOOK_UP, _document(request))
    fields = _fields(reply)
    retval = _retval(reply, fields)
    if retval == FOUND and "operation/amount" in fields:
        return Word(
            retval,
            fields["operation/amount"],
            fields.get("operation/purpose", ""),
            _moment(fields.get("operation/operdate", "")),
            fields.get("operation/hold_state", "0") not in ("", "0"),
        )
    if retval in NOT_FOUND or retval in (NOT_PAID_YET, REJECTED):
        return Word(retval)
    raise OutcomeUnknown(f"{reply.request}: retval {retval} is not known")


def ticket(http: Http, shop: Shop, number: int, hours: int, form: Mapping[str, str]) -> str:
    """The ticket of a form. Raises NotSent when the service gave none: then nobody has anything to pay."""
    signed = hashlib.sha256(f"{shop.wmid}{shop.purse}{number}{hours}{shop.secret_key}".encode()).hexdigest()
    tags = {"wmid": shop.wmid, "validityperiodinhours": str(hours), "sign": "", "sha256": signed, "md5": ""}
    reply = http.post_xml(TICKET, _document({"signtags": tags, "paymenttags": form}))
    fields = _fields(reply)
    retval = _retval(reply, fields)
    if retval != "0":
        raise NotSent(f"{reply.request}: retval {retval}; nothing was placed")
    token = fields.get("transtoken", "")
    if not TICKET_TEXT.fullmatch(token):
        raise OutcomeUnknown(f"{reply.request}: answered without a ticket")
    return token


def description(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _document(parts: Mapping[str, Any]) -> str:
    return f"<merchant.request>{_elements(parts)}</merchant.request>"


def _elements(parts: Mapping[str, Any]) -> str:
    inner = {name: _elements(part) if isinstance(part, Mapping) else escape(part) for name, part in parts.items()}
    return "".join(f"<{name}>{text}</{name}>" for name, text in inner.items())


def _retval(reply: Reply, fields: Mapping[str, str]) -> str:
    retval = fields.get("retval", "")
    if reply.status != 200 or not NUMBER.fullmatch(retval):
        raise OutcomeUnknown(f"{reply.request}: answered {reply.status} without a result")
    if retval in SHOP_REFUSED:
        raise Misconfigured(f"{reply.request}: retval {retval}, {SHOP_REFUSED[retval]}")
    return retval


def _fields(reply: Reply) -> dict[str, str]:
    """The texts of a response by their path below its root. Raises OutcomeUnknown."""
    path: list[str] = []
    texts: dict[str, str] = {}

    def opened(name: str, _attributes: dict[str, str]) -> None:
        path.append(name)

    def told(text: str) -> None:
        place = "/".join(path[1:])
        texts[place] = texts.get(place, "") + text

    def closed(_name: str) -> None:
        path.pop()

    def forbidden(*_declaration: object) -> None:
        raise OutcomeUnknown(f"{reply.request}: answered with a document that declares a type of its own")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = opened, told, closed
    parser.StartDoctypeDeclHandler = forbidden
    try:
        parser.Parse(reply.content, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise OutcomeUnknown(f"{reply.request}: answered {reply.status} with something that is no XML") from None
    return {name: text.strip() for name, text in texts.items()}


def _moment(text: str) -> datetime | None:
    """`20170221 20:25:01`, in Moscow."""
    try:
        return datetime.strptime(text, "%Y%m%d %H:%M:%S").replace(tzinfo=MOSCOW).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

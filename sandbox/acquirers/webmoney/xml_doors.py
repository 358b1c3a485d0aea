"""X18, what became of a number, and X22, a ticket for a form: XML there and back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta, timezone
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.webmoney.orders import WrongForm, facts_of, known_to_x18, order_of_form
from sandbox.acquirers.webmoney.signatures import x18_signature, x22_signature

MOSCOW = timezone(timedelta(hours=3))
BY_SHOPS_NUMBER = "1"
LONGEST_HOURS = 744


def read_xml(request: Request) -> ElementTree.Element | None:
    """None for what is no XML. It comes from the machine the sandbox runs on."""
    try:
        return ElementTree.fromstring(request.get_data())  # nosec B314
    except ElementTree.ParseError:
        return None


def transaction_get(bank: Bank, root: ElementTree.Element | None, turn: Turn) -> Response:
    """X18. `turn.code` of a declined turn is the retval."""
    if root is None:
        return _answer(bank, "-100")
    fields = _texts(root)
    purse, number = fields.get("lmi_payee_purse", ""), fields.get("lmi_payment_no", "")
    refused = _shop_refusal(bank, fields, x18_signature(fields.get("wmid", ""), purse, number, _secret(bank, purse)))
    if turn.end in ("declined", "nothing"):
        return _answer(bank, turn.code or "-8")
    if refused:
        return _answer(bank, refused)
    order = known_to_x18(bank, purse, number)
    if order is None:
        by_number = fields.get("lmi_payment_no_type") == BY_SHOPS_NUMBER
        return _answer(bank, bank.settings["not_found"] if by_number else "7")
    if order.state == "paid":
        return _answer(bank, "0", _operation(bank, order))
    return _answer(bank, "13" if order.state == "declined" else "9")


def ticket_save(bank: Bank, root: ElementTree.Element | None, turn: Turn) -> Response:
    """X22."""
    sign, form = (root.find("signtags"), root.find("paymenttags")) if root is not None else (None, None)
    if sign is None or form is None:
        return _answer(bank, "-100")
    tags, fields = _texts(sign), _form(form)
    purse, hours = fields.get("lmi_payee_purse", ""), tags.get("validityperiodinhours", "")
    signature = x22_signature(
        tags.get("wmid", ""), purse, fields.get("lmi_payment_no", ""), hours, _secret(bank, purse)
    )
    refused = _shop_refusal(bank, tags | {"lmi_payee_purse": purse}, signature)
    if refused or turn.end in ("declined", "nothing"):
        return _answer(bank, refused or turn.code or "-8")
    if not hours.isdecimal() or not 1 <= int(hours) <= LONGEST_HOURS:
        return _answer(bank, "-2")
    try:
        order = order_of_form(bank, fields)
    except WrongForm:
        return _answer(bank, "-2")
    order.settles_at = bank.now() + timedelta(hours=int(hours))
    ticket = f"<transtoken>{order.id}</transtoken><validityperiodinhours>{hours}</validityperiodinhours>"
    return _answer(bank, "0", ticket)


def _form(form: ElementTree.Element) -> dict[str, str]:
    fields = _texts(form)
    encoded = fields.pop("lmi_payment_desc_base64", "")
    return fields | ({"lmi_payment_desc": base64.b64decode(encoded).decode()} if encoded else {})


def _shop_refusal(bank: Bank, fields: Mapping[str, str], signature: str) -> str:
    """The retval for a shop that is not known or not proved; empty when it is."""
    shop = bank.shops.get(fields.get("lmi_payee_purse", ""))
    if shop is None:
        return "1"
    if fields.get("wmid") != shop["wmid"]:
        return "4"
    if fields.get("secret_key"):
        return "" if fields["secret_key"] == shop["secret_key"] else "-7"
    if not fields.get("sha256"):
        return "3"
    return "" if fields["sha256"].lower() == signature else "-7"


def _operation(bank: Bank, order: Order) -> str:
    facts = facts_of(order)
    at = (order.paid_at or bank.now()).astimezone(MOSCOW)
    fields = {
        "amount": f"{order.taken // 100}.{order.taken % 100:02d}",
        "operdate": f"{at:%Y%m%d %H:%M:%S}",
        "purpose": order.description,
        "pursefrom": facts.payer_purse,
        "wmidfrom": facts.payer_wmid,
        "hold_period": "3" if bank.settings["held"] else "0",
        "hold_state": "1" if bank.settings["held"] else "0",
        "capitallerflag": "0",
        "enumflag": "1",
        "IPAddress": "127.0.0.1",
        "sdp_type": "0",
    }
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    return f'<operation wmtransid="{facts.transaction}" wminvoiceid="{facts.invoice}">{inner}</operation>'


def _texts(parent: ElementTree.Element) -> dict[str, str]:
    return {element.tag: (element.text or "").strip() for element in parent}


def _secret(bank: Bank, purse: str) -> str:
    return bank.shops.get(purse, {}).get("secret_key", "")


def _answer(bank: Bank, retval: str, more: str = "") -> Response:
    encoding = str(bank.settings["encoding"])
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><merchant.response>{more}'
        f"<retval>{retval}</retval><retdesc>{escape(WORDS.get(retval, ''))}</retdesc></merchant.response>"
    )
    return Response(text.encode(encoding, "replace"), content_type=f"text/xml; charset={encoding}")


WORDS = {
    "1": "Merchant purse not found",
    "3": "Please use sign or sha256 method for authentication",
    "4": "Merchant wmid not found or security trust for purse is not exists",
    "7": "Payment with lmi_payment_no number not found for this merchant purse",
    "8": "Payment with lmi_payment_no (by merchant orderid number!) not found for this merchant purse",
    "9": "Payment with lmi_payment_no number found for this merchant purse, but not paid yet!",
    "13": "Payment with lmi_payment_no number found for this merchant purse, but it already reject!",
    "-7": "MD5 or SHA256 not right",
}

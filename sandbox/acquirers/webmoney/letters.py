"""Requests to the shop's Result URL: the question before a payment, and the word after it with both hashes."""

from __future__ import annotations

from urllib.parse import urlencode

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.turns import NoticeManner
from sandbox.acquirers.webmoney.orders import facts_of
from sandbox.acquirers.webmoney.signatures import notice_hash
from sandbox.acquirers.webmoney.xml_doors import MOSCOW

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask_shop(bank: Bank, order: Order) -> str:
    """What the shop says before a payment; YES agrees. Never under the bank's lock: the shop may ask us meanwhile."""
    manner, url = bank.settings["prerequest"], _url(bank, order)
    if manner == "off" or not url:
        return "YES"
    fields = {"LMI_PREREQUEST": "1"} | _common(bank, order) if manner == "with_parameters" else {}
    letter = _letter(bank, url, fields)
    bank.notices.send(letter, at_once=True)
    bank.notices.wait()
    body = (letter.body or b"").decode()
    answered = next(one for one in reversed(bank.notices.deliveries) if (one.url, one.body) == (url, body))
    return answered.answer.strip() if answered.status == 200 else f"Магазин ответил {answered.status}"


def result_letters(bank: Bank, order: Order, manner: NoticeManner = "once") -> list[Letter]:
    url = _url(bank, order)
    if not url or manner == "never":
        return []
    true = _letter(bank, url, _signed(bank, order, bank.shops[order.shop]["secret_key"]))
    forged = _letter(bank, url, _signed(bank, order, "not the shop's key"))
    question = _letter(bank, url, {"LMI_PREREQUEST": "1"} | _common(bank, order))
    return {"twice": [true, true], "forged": [forged, true], "stale": [true, question]}.get(manner, [true])


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def _signed(bank: Bank, order: Order, secret: str) -> dict[str, str]:
    facts = facts_of(order)
    at = (order.paid_at or bank.now()).astimezone(MOSCOW)
    fields = _common(bank, order) | {
        "LMI_SYS_INVS_NO": facts.invoice,
        "LMI_SYS_TRANS_NO": facts.transaction,
        "LMI_SYS_TRANS_DATE": f"{at:%Y%m%d %H:%M:%S}",
        "LMI_PAYMENT_DESC": order.description,
        "LMI_LANG": "ru-RU",
        "LMI_DBLCHK": "ENUM",
    }
    if order.taken != order.amount:
        fields["LMI_PAYMENT_AMOUNT"] = f"{order.taken // 100}.{order.taken % 100:02d}"
    hashes = bank.settings["hashes"]
    named = {"LMI_HASH": "", "LMI_HASH2": ";"}
    wanted = {"both": set(named), "hash": {"LMI_HASH"}, "hash2": {"LMI_HASH2"}}[hashes]
    return fields | {name: notice_hash(fields, secret, named[name]) for name in sorted(wanted)}


def _common(bank: Bank, order: Order) -> dict[str, str]:
    facts = facts_of(order)
    manner = bank.settings["own_fields"]
    sent_back = {} if manner == "dropped" else facts.own
    own = {name.upper() if manner == "upper" else name: text for name, text in sent_back.items()}
    return {
        "LMI_MODE": str(bank.settings["mode"]),
        "LMI_PAYMENT_AMOUNT": order.facts["amount"],
        "LMI_PAYEE_PURSE": order.shop,
        "LMI_PAYMENT_NO": order.number,
        "LMI_PAYER_WM": facts.payer_wmid,
        "LMI_PAYER_PURSE": facts.payer_purse,
        "LMI_PAYER_IP": "127.0.0.1",
        **own,
    }


def _letter(bank: Bank, url: str, fields: dict[str, str]) -> Letter:
    return Letter(url, urlencode(fields, encoding=bank.settings["encoding"], errors="replace").encode(), FORM)


def _url(bank: Bank, order: Order) -> str:
    return facts_of(order).result_url or bank.webhooks.get(order.shop, "")

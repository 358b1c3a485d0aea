"""The sandbox's WebMoney as its documents have it: forms, tickets, the question, both hashes, X18."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import Acquirer, open_acquirer
from tests.sandbox.served import served

PURSE, WMID = "Z123456789012", "210987654321"
SECRET, X20_SECRET = "demo-secret-key-of-the-sandbox", "demo-x20-secret-of-the-sandbox"
PAYER = "Z945718891756"
SIGNED = (
    "LMI_PAYEE_PURSE LMI_PAYMENT_AMOUNT LMI_PAYMENT_NO LMI_MODE LMI_SYS_INVS_NO LMI_SYS_TRANS_NO LMI_SYS_TRANS_DATE "
    "LMI_SECRET_KEY LMI_PAYER_PURSE LMI_PAYER_WM"
)
FORM = {
    "LMI_PAYEE_PURSE": PURSE,
    "LMI_PAYMENT_AMOUNT": "12.08",
    "LMI_PAYMENT_NO": "1234",
    "LMI_PAYMENT_DESC_BASE64": base64.b64encode("Договор № 9".encode()).decode(),
    "FIELD_1": "VALUE_1",
}


@dataclass(frozen=True)
class Page:
    status: int
    text: str
    location: str


@dataclass
class Shop:
    """`says` is what the Result URL answers next, YES when used up."""

    moment: datetime = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    url: str = ""
    result_url: str = ""
    heard: list[dict[str, str]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acquirer: Acquirer = open_acquirer("webmoney", lambda: self.moment)
        self.bank = self.acquirer.bank

    def at_acquirer(self, request: Request) -> Response:
        return self.acquirer.kind.answer(self.bank, request, request.path.removeprefix("/acquirers/webmoney/"))

    def at_result_url(self, request: Request) -> Response:
        fields = parse_qs(request.get_data().decode("ascii"), encoding="windows-1251")
        self.heard.append({name: values[0] for name, values in fields.items()})
        return Response(self.says.pop(0) if self.says else "YES")

    def set(self, **settings: Any) -> None:
        self.bank.settings |= settings

    def plan(self, verb: str, *turns: dict[str, Any]) -> None:
        self.bank.turns.plan({verb: list(turns)})

    def visit(self, url: str, **form: str) -> Page:
        answer = requests.request("POST" if form else "GET", url, data=form or None, allow_redirects=False, timeout=30)
        return Page(answer.status_code, unescape(answer.text), answer.headers.get("Location", ""))

    def post_form(self, **changes: str) -> Page:
        return self.visit(f"{self.url}/acquirers/webmoney/lmi/payment.asp", **FORM | changes)

    def pay(self, url: str) -> Page:
        return self.visit(url, do="pay", payer=PAYER)

    def ask(self, path: str, xml: str) -> ElementTree.Element:
        answer = requests.post(f"{self.url}/acquirers/webmoney/conf/xml/{path}", data=xml.encode(), timeout=30)
        return ElementTree.fromstring(answer.content)

    def x18(self, number: str = "1234", kind: str = "1", **changes: str) -> ElementTree.Element:
        tags = {
            "wmid": WMID,
            "lmi_payee_purse": PURSE,
            "lmi_payment_no": number,
            "lmi_payment_no_type": kind,
            "sha256": hashlib.sha256(f"{WMID}{PURSE}{number}{SECRET}".encode()).hexdigest(),
        } | changes
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in tags.items())
        return self.ask("XMLTransGet.asp", f"<merchant.request>{inner}</merchant.request>")

    def x22(self, hours: str = "1", **changes: str) -> ElementTree.Element:
        signature = hashlib.sha256(f"{WMID}{PURSE}1234{hours}{SECRET}".encode()).hexdigest()
        sign = f"<wmid>{WMID}</wmid><validityperiodinhours>{hours}</validityperiodinhours><sha256>{signature}</sha256>"
        tags = {name.lower(): text for name, text in FORM.items()} | changes
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in tags.items())
        body = f"<signtags>{sign}</signtags><paymenttags>{inner}</paymenttags>"
        return self.ask("XMLTransSave.asp", f"<merchant.request>{body}</merchant.request>")

    def ticket(self) -> str:
        return f"{self.url}/acquirers/webmoney/lmi/payment.asp?gid={self.x22().findtext('transtoken')}"

    def told(self) -> list[dict[str, str]]:
        """Results, without the questions before them."""
        self.bank.notices.wait()
        return [one for one in self.heard if "LMI_PREREQUEST" not in one]

    def later(self, **by: float) -> None:
        self.moment += timedelta(**by)
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)
        self.bank.notices.wait()

    def money(self) -> list[int]:
        return [one.amount for one in self.bank.operations]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with served(shop.at_acquirer) as url, served(shop.at_result_url) as result_url:
        shop.url, shop.result_url = url, result_url
        shop.bank.webhooks[PURSE] = result_url
        yield shop
        shop.bank.notices.wait()


def hash_of(fields: dict[str, str], separator: str) -> str:
    values = [SECRET if name == "LMI_SECRET_KEY" else fields[name] for name in SIGNED.split()]
    return hashlib.sha256(separator.join(values).encode()).hexdigest().upper()


def test_a_posted_form_is_paid_from_a_purse_and_told_with_both_hashes(shop: Shop) -> None:
    opened = shop.post_form()
    assert opened.status == 303
    page = shop.visit(opened.location)
    assert "12,08" in page.text
    assert "Договор № 9" in page.text
    assert 'content="width=device-width' in page.text
    assert "Оплачено" in shop.pay(opened.location).text
    [question] = [one for one in shop.heard if "LMI_PREREQUEST" in one]
    assert (question["LMI_PREREQUEST"], question["LMI_PAYMENT_AMOUNT"], question["FIELD_1"]) == (
        "1",
        "12.08",
        "VALUE_1",
    )
    assert not {"LMI_HASH", "LMI_HASH2"} & question.keys()
    [result] = shop.told()
    assert result["LMI_HASH"] == hash_of(result, "")
    assert result["LMI_HASH2"] == hash_of(result, ";")
    assert (result["LMI_MODE"], result["LMI_PAYMENT_NO"], result["FIELD_1"]) == ("0", "1234", "VALUE_1")
    assert result["LMI_PAYMENT_DESC"] == "Договор № 9"
    assert shop.money() == [1208]


@pytest.mark.parametrize("hashes", ["hash", "hash2"])
def test_only_one_hash_may_come(shop: Shop, hashes: str) -> None:
    shop.set(hashes=hashes, own_fields="upper")
    shop.pay(shop.ticket())
    [result] = shop.told()
    assert ("LMI_HASH2" in result) is (hashes == "hash2")
    assert "FIELD_1" in result


def test_a_shop_that_does_not_say_yes_is_not_paid_and_its_words_are_shown(shop: Shop) -> None:
    shop.says = ["Этот платёж не ожидается"]
    url = shop.ticket()
    assert "Этот платёж не ожидается" in shop.pay(url).text
    assert shop.money() == []
    assert "Оплачено" in shop.pay(url).text


def test_the_question_may_come_empty_or_not_at_all(shop: Shop) -> None:
    shop.set(prerequest="empty")
    shop.pay(shop.ticket())
    assert len(shop.told()) == 2  # an empty question looks like no question
    assert shop.heard[0] == {}
    shop.heard.clear()
    shop.set(prerequest="off", unique_numbers=False)
    shop.pay(shop.ticket())
    assert len(shop.told()) == len(shop.heard) == 1


def test_a_form_signature_is_checked_with_its_last_semicolon(shop: Shop) -> None:
    right = hashlib.sha256(f"{PURSE};12.08;1234;{X20_SECRET};".encode()).hexdigest()
    assert shop.post_form(LMI_PAYMENTFORM_SIGN=right).status == 303
    wrong = hashlib.sha256(f"{PURSE};12.08;1234;{X20_SECRET}".encode()).hexdigest()
    assert "Подпись формы неверна" in shop.post_form(LMI_PAYMENTFORM_SIGN=wrong).text
    shop.set(sign_required=True)
    assert shop.post_form().status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"LMI_PAYEE_PURSE": "Z000000000000"},
        {"LMI_PAYMENT_AMOUNT": "0"},
        {"LMI_PAYMENT_AMOUNT": "12,08"},
        {"LMI_PAYMENT_NO": "0"},
        {"LMI_PAYMENT_NO": "2147483648"},
        {"LMI_PAYMENT_NO": "ABC"},
        {"LMI_PAYMENT_DESC_BASE64": "?"},
    ],
)
def test_a_wrong_form_is_refused_on_a_page(shop: Shop, change: dict[str, str]) -> None:
    assert shop.post_form(**change).status == 400
    assert shop.bank.orders == []


def test_a_ticket_is_a_link_to_the_filled_in_form_until_it_expires(shop: Shop) -> None:
    url = shop.ticket()
    assert "12,08" in shop.visit(url).text
    shop.later(hours=2)
    assert "Срок ссылки истёк" in shop.pay(url).text
    assert shop.money() == []
    assert shop.x22(hours="0").findtext("retval") == shop.x22(hours="745").findtext("retval") == "-2"


def test_x18_knows_what_was_begun_paid_and_rejected(shop: Shop) -> None:
    assert shop.x18().findtext("retval") == "8"
    assert shop.x18(kind="0").findtext("retval") == "7"
    url = shop.ticket()
    assert shop.x18().findtext("retval") == "8"  # a ticket alone is not there
    shop.plan("page", {"end": "pending_paid"})
    assert "ждём оплаты" in shop.pay(url).text
    assert shop.x18().findtext("retval") == "9"
    shop.later(minutes=2)
    found = shop.x18()
    assert found.findtext("retval") == "0"
    assert found.findtext("operation/amount") == "12.08"
    assert found.findtext("operation/purpose") == "Договор № 9"
    assert found.findtext("operation/operdate") == "20260131 15:02:00"
    assert len(shop.told()) == 1


def test_x18_tells_of_a_rejected_invoice(shop: Shop) -> None:
    shop.plan("page", {"end": "declined"}, {"end": "pending_declined"})
    assert "Не оплачено" in shop.pay(shop.ticket()).text
    assert shop.x18().findtext("retval") == "13"
    shop.pay(shop.ticket())
    shop.later(minutes=2)
    assert shop.x18().findtext("retval") == "13"
    assert shop.told() == []


@pytest.mark.parametrize(
    ("change", "retval"),
    [({"lmi_payee_purse": "Z1"}, "1"), ({"wmid": "1"}, "4"), ({"sha256": "0" * 64}, "-7"), ({"sha256": ""}, "3")],
)
def test_who_asks_is_proved_by_the_hash(shop: Shop, change: dict[str, str], retval: str) -> None:
    assert shop.x18(**change).findtext("retval") == retval
    assert shop.ask("XMLTransGet.asp", "no xml").findtext("retval") == "-100"


def test_a_number_is_paid_once_unless_it_is_set_otherwise(shop: Shop) -> None:
    first, second = shop.ticket(), shop.ticket()
    shop.pay(first)
    assert "уже проведён" in shop.pay(second).text
    shop.set(unique_numbers=False)
    shop.pay(second)
    assert shop.money() == [1208, 1208]


def test_the_test_mode_moves_no_money_and_x18_does_not_know_of_it(shop: Shop) -> None:
    shop.set(mode="1")
    shop.pay(shop.ticket())
    [result] = shop.told()
    assert result["LMI_MODE"] == "1"
    assert shop.money() == []
    assert shop.x18().findtext("retval") == "8"
    opened = shop.post_form(LMI_SIM_MODE="1")
    assert "Не оплачено" in shop.pay(opened.location).text


def test_a_client_confirms_by_a_code_and_may_refuse(shop: Shop) -> None:
    shop.plan("page", {"end": "needs_client"}, {"end": "nothing"})
    url = shop.ticket()
    assert "Код из приложения" in shop.pay(url).text
    assert "неверен" in shop.visit(url, do="confirm", code="1").text
    assert "Оплачено" in shop.visit(url, do="confirm", code="12345").text
    shop.set(unique_numbers=False)
    other = shop.ticket()
    assert "Не удалось" in shop.pay(other).text
    assert "Не оплачено" in shop.visit(other, do="refuse").text
    assert shop.money() == [1208]


def test_results_come_in_every_manner(shop: Shop) -> None:
    shop.set(unique_numbers=False)
    for manner in ("once", "twice", "never", "forged", "before"):
        shop.plan("page", {"notice": manner})
        shop.pay(shop.ticket())
    results = shop.told()
    assert len(results) == 6
    assert [one["LMI_HASH2"] == hash_of(one, ";") for one in results] == [True, True, True, False, True, True]


def test_a_stale_question_comes_after_the_result(shop: Shop) -> None:
    shop.plan("page", {"notice": "stale"})
    shop.pay(shop.ticket())
    shop.told()
    assert ["LMI_PREREQUEST" in one for one in shop.heard] == [True, False, True]


def test_more_may_be_taken_than_was_asked_and_both_say_it(shop: Shop) -> None:
    shop.plan("page", {"extra": 1})
    shop.pay(shop.ticket())
    assert shop.told()[0]["LMI_PAYMENT_AMOUNT"] == shop.x18().findtext("operation/amount") == "12.09"


def test_the_way_back_is_a_redirect_a_button_or_a_link(shop: Shop) -> None:
    shop.set(unique_numbers=False)
    back = "https://shop.example/back?a=1"
    by_get = shop.post_form(LMI_SUCCESS_URL=back).location
    assert shop.pay(by_get).location == back
    by_post = shop.post_form(LMI_SUCCESS_URL=back, LMI_SUCCESS_METHOD="1").location
    assert f'action="{back}"' in shop.pay(by_post).text
    as_link = shop.post_form(LMI_SUCCESS_URL=back, LMI_SUCCESS_METHOD="2").location
    assert f'href="{back}"' in shop.pay(as_link).text


@pytest.mark.parametrize("answer", ["cut_before", "cut_after", "error_500", "html", "busy"])
def test_answers_of_the_xml_doors_are_lost_and_broken_when_planned(shop: Shop, answer: str) -> None:
    shop.plan("fetch", {"answer": answer})
    with pytest.raises((requests.ConnectionError, ElementTree.ParseError)):
        shop.x18()
    assert shop.x18().findtext("retval") == "8"


def test_a_retval_can_be_planned_and_money_can_be_held(shop: Shop) -> None:
    shop.plan("fetch", {"end": "declined", "code": "-8"})
    assert shop.x18().findtext("retval") == "-8"
    shop.set(held=True, not_found="7", encoding="utf-8")
    assert shop.x18().findtext("retval") == "7"
    shop.pay(shop.ticket())
    assert shop.x18().findtext("operation/hold_state") == "1"
    shop.plan("start", {"end": "declined", "code": "21"})
    assert shop.x22().findtext("retval") == "21"

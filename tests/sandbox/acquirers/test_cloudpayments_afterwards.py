"""CloudPayments of the sandbox: pages, SBP, saved cards, refunds, receipts and notices."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.acquirers.cloudpayments_site import (
    ACCOUNT,
    GOOD,
    INN,
    POOR,
    RECEIPT,
    SECURE,
    SITE,
    Site,
    open_site,
    press,
)


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


def test_a_page_shows_the_sum_and_leads_back_when_it_was_paid(site: Site) -> None:
    page = site.page(25_000.5)
    assert (page["Amount"], page["Status"], len(page["Id"])) == (25_000.5, "Created", 16)
    opened = press(page["Url"])
    assert "25 000,50" in opened.text.replace("\xa0", " ")
    assert "Платёж 1 из 4" in opened.text
    assert site.found("P-1")["Message"] == "Not found"
    paid = site.pay(page["Url"])
    assert (paid.status, paid.location) == (303, "https://shop.example/ok")
    assert site.found("P-1")["Model"]["Status"] == "Completed"
    assert site.money() == [2_500_050]
    assert "Оплачено" in press(page["Url"]).text
    assert site.pay(page["Url"]).status == 200
    assert site.money() == [2_500_050]


def test_a_refused_try_leaves_the_page_open_and_is_a_payment_of_its_own(site: Site) -> None:
    page = site.page()
    refused = site.pay(page["Url"], POOR)
    assert (refused.status, "Недостаточно средств" in refused.text) == (200, True)
    assert site.found("P-1")["Model"]["ReasonCode"] == 5051
    assert site.pay(page["Url"], GOOD).status == 303
    assert [one["Status"] for one in site.notices()] == ["Declined", "Completed"]
    assert site.money() == [10_050]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"pan": "4000000000000000"}, "номер карты"),
        ({"expiry": "13/30"}, "срок действия"),
        ({"expiry": "12/25"}, "срок действия"),
        ({"cvc": "12"}, "код"),
    ],
    ids=str,
)
def test_what_was_entered_wrongly_is_said(site: Site, form: dict[str, str], words: str) -> None:
    assert words in site.pay(site.page()["Url"], **form).text
    assert site.bank.orders == []


def test_3_d_secure_on_the_page(site: Site) -> None:
    page = site.page()
    assert "Пароль 3-D Secure" in site.pay(page["Url"], SECURE).text
    assert site.found("P-1")["Model"]["Status"] == "AwaitingAuthentication"
    press(page["Url"], do="confirm", password="wrong")
    assert site.found("P-1")["Model"]["ReasonCode"] == 5206
    site.pay(page["Url"], SECURE)
    assert press(page["Url"], do="confirm", password="123456").location == "https://shop.example/ok"
    assert site.money() == [10_050]


def test_who_refuses_is_led_back_and_nothing_was_made(site: Site) -> None:
    page = site.page()
    assert press(page["Url"], do="refuse").location == "https://shop.example/fail"
    assert site.bank.orders == []
    assert press(f"{page['Url']}x").status == 404


@pytest.mark.parametrize(
    ("turn", "status"),
    [
        ({"end": "declined", "code": "5041"}, "Declined"),
        ({"end": "pending_paid"}, "Completed"),
        ({"end": "pending_declined"}, "Declined"),
        ({"end": "needs_client"}, "Declined"),
    ],
    ids=str,
)
def test_a_page_follows_its_plan(site: Site, turn: dict[str, Any], status: str) -> None:
    site.plan("page", **turn)
    site.pay(site.page()["Url"])
    site.forward(hours=1)
    assert site.found("P-1")["Model"]["Status"] == status


def test_a_cancelled_page_cannot_be_paid(site: Site) -> None:
    page = site.page()
    assert site.ask("orders/cancel", Id=page["Id"])["Success"] is True
    assert "Счёт отменён" in site.pay(page["Url"]).text
    assert site.ask("orders/cancel", Id=page["Id"]) == {"Success": False, "Message": "Order is already cancelled"}
    site.settings(repeated_cancel="accepted")
    assert site.ask("orders/cancel", Id=page["Id"])["Success"] is True
    assert site.ask("orders/cancel", Id="another")["Success"] is False
    paid = site.page(InvoiceId="P-2")
    site.pay(paid["Url"])
    assert site.ask("orders/cancel", Id=paid["Id"])["Message"] == "Order is paid"


def test_a_page_with_an_account_saves_the_card_and_without_one_does_not(site: Site) -> None:
    assert "будет сохранена" not in press(site.page()["Url"]).text
    site.pay(site.page()["Url"])
    assert site.found("P-1")["Model"]["Token"] is None
    page = site.page(InvoiceId="P-2", AccountId="client-9")
    assert "будет сохранена" in press(page["Url"]).text
    site.pay(page["Url"])
    token = site.found("P-2")["Model"]["Token"]
    assert [one.get("Token") for one in site.notices()] == [None, token]
    charged = site.charge(Token=token, AccountId="client-9")
    assert charged["Model"]["Status"] == "Completed"
    assert site.charge(Token=token, AccountId=ACCOUNT)["Message"] == "Token not found"


def test_a_token_may_be_told_in_notices_only_or_not_be_made(site: Site) -> None:
    site.settings(token_in_answers=False)
    site.pay(site.page(InvoiceId="P-2", AccountId="client-9")["Url"])
    assert site.found("P-2")["Model"]["Token"] is None
    assert site.notices()[0]["Token"].startswith("tk_")
    site.settings(token_saving=False)
    site.pay(site.page(InvoiceId="P-3", AccountId="client-9")["Url"])
    assert "Token" not in site.notices()[1]


def test_some_test_cards_pay_in_person_and_are_refused_by_their_token(site: Site) -> None:
    site.pay(site.page(AccountId="client-9")["Url"], "4111111111111111")
    token = site.found("P-1")["Model"]["Token"]
    assert site.charge(Token=token, AccountId="client-9")["Model"]["ReasonCode"] == 5051


def test_an_sbp_link_is_paid_in_the_payers_bank(site: Site) -> None:
    link = site.link(100.5, SuccessRedirectUrl="https://shop.example/ok")
    assert (link["MerchantOrderId"], link["Amount"], link["Message"]) == ("S-1", 100.5, "Created")
    assert "type=02" in link["QrUrl"]
    assert "sum=10050" in link["QrUrl"]
    assert site.status(link["TransactionId"]) == "Pending"
    assert "100,50" in press(link["QrUrl"]).text
    assert press(link["QrUrl"], do="pay").location == "https://shop.example/ok"
    assert site.status(link["TransactionId"]) == "Completed"
    assert site.notices()[0]["PaymentMethod"] == "Sbp"
    assert site.money() == [10_050]


def test_an_sbp_link_may_be_paid_twice_and_the_second_is_another_payment(site: Site) -> None:
    link = site.link()
    press(link["QrUrl"], do="pay")
    press(link["QrUrl"], do="pay")
    assert [order.number for order in site.bank.orders] == ["S-1", "S-1"]
    assert site.money() == [10_050, 10_050]
    site.settings(sbp_link_pays_again=False)
    press(link["QrUrl"], do="pay")
    assert site.money() == [10_050, 10_050]


def test_an_sbp_link_ends_at_its_time_or_is_refused(site: Site) -> None:
    link = site.link(TtlMinutes=60)
    site.forward(minutes=61)
    assert site.status(link["TransactionId"]) == "Declined"
    press(link["QrUrl"], do="pay")
    assert site.money() == []
    refused = site.link(InvoiceId="S-2")
    press(refused["QrUrl"], do="refuse")
    assert site.status(refused["TransactionId"]) == "Declined"


@pytest.mark.parametrize(
    "change",
    [
        {"PublicId": "pk_other"},
        {"Currency": "USD"},
        {"Scheme": "auth"},
        {"TtlMinutes": 0},
        {"TtlMinutes": 129_601},
        {"Amount": 0},
    ],
    ids=str,
)
def test_a_wrong_link_is_refused(site: Site, change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"PublicId": SITE, "Amount": 1, "Currency": "RUB", "Scheme": "charge"}
    assert site.ask("payments/qr/sbp/link", **fields | change)["Success"] is False
    assert site.bank.orders == []


def test_sbp_may_be_switched_off_or_be_an_image(site: Site) -> None:
    fields: dict[str, Any] = {"PublicId": SITE, "Amount": 1, "Currency": "RUB", "Scheme": "charge"}
    image = site.model("payments/qr/sbp/image", **fields)
    assert (image["QrUrl"], image["QrImage"][:4]) == (None, "iVBO")
    site.settings(sbp_enabled=False)
    assert site.ask("payments/qr/sbp/link", **fields)["Success"] is False


def test_a_bound_account_is_charged_tells_its_end_later_and_can_be_unbound(site: Site) -> None:
    link = site.link(AccountId="client-9", SaveCard=True)
    press(link["QrUrl"], do="pay")
    token = site.notices()[0]["Token"]
    charged = site.charge(Token=token, AccountId="client-9")
    assert (charged["Success"], charged["Model"]["Status"]) == (True, "Pending")
    site.forward(minutes=2)
    assert site.status(charged["Model"]["TransactionId"]) == "Completed"
    press(link["QrUrl"], do="unbind")
    assert site.charge(Token=token, AccountId="client-9")["Model"]["ReasonCode"] == 6010


def test_a_page_leads_to_sbp_too(site: Site) -> None:
    qr = press(site.page()["Url"], do="sbp")
    assert press(qr.location, do="pay").location == "https://shop.example/ok"
    assert site.found("P-1")["Model"]["Status"] == "Completed"


def test_money_is_given_back_in_parts_and_never_more_than_was_taken(site: Site) -> None:
    payment = site.charged(100, InvoiceId="A-1")
    first = site.model("payments/refund", TransactionId=payment, Amount=40, JsonData={"refund": "R-1"})
    assert site.ask("payments/refund", TransactionId=payment, Amount=61)["Success"] is False
    assert site.ask("payments/refund", TransactionId=payment, Amount=60)["Success"] is True
    assert site.money() == [10_000, -4_000, -6_000]
    shown = site.ask("payments/get", TransactionId=first["TransactionId"])["Model"]
    assert (shown["Type"], shown["Amount"], shown["OriginalTransactionId"]) == (1, 40, payment)
    assert (shown["Status"], shown["InvoiceId"], shown["JsonData"]) == ("Completed", "A-1", '{"refund": "R-1"}')
    assert site.ask("payments/get", TransactionId=payment)["Model"]["Refunded"] is True
    assert site.found("A-1")["Model"]["TransactionId"] == payment
    assert site.found("A-1", "v2/payments/find")["Model"]["Type"] == 1
    _, notice, _ = site.notices()
    assert (notice["PaymentTransactionId"], notice["OperationType"], notice["Data"]) == (
        str(payment),
        "Refund",
        '{"refund": "R-1"}',
    )


def test_a_refund_under_the_same_key_is_done_once(site: Site) -> None:
    payment = site.charged(100)
    first = site.ask("payments/refund", "R-1", TransactionId=payment, Amount=40)
    assert site.ask("payments/refund", "R-1", TransactionId=payment, Amount=40) == first
    assert site.money() == [10_000, -4_000]


@pytest.mark.parametrize(
    ("turn", "status", "money"),
    [
        ({"end": "pending_paid"}, "Completed", [10_000, -4_000]),
        ({"end": "pending_declined"}, "Declined", [10_000]),
    ],
    ids=str,
)
def test_a_refund_may_come_to_its_end_later(site: Site, turn: dict[str, Any], status: str, money: list[int]) -> None:
    payment = site.charged(100)
    site.plan("refund", **turn)
    refund = site.model("payments/refund", TransactionId=payment, Amount=40)["TransactionId"]
    assert site.status(refund) == "Pending"
    assert site.ask("payments/refund", TransactionId=payment, Amount=61)["Success"] is False
    site.forward(minutes=2)
    assert site.status(refund) == status
    assert site.money() == money


def test_a_refund_by_sbp_takes_its_time_and_one_may_be_refused_or_lost(site: Site) -> None:
    link = site.link(100)
    press(link["QrUrl"], do="pay")
    fields: dict[str, Any] = {"TransactionId": link["TransactionId"], "Amount": 40}
    assert site.status(site.model("payments/refund", **fields)["TransactionId"]) == "Pending"
    site.forward(minutes=2)
    assert site.money() == [10_000, -4_000]
    site.plan("refund", end="declined")
    assert site.ask("payments/refund", **fields) == {"Success": False, "Message": "Insufficient funds"}
    site.plan("refund", end="nothing")
    assert site.ask("payments/refund", **fields)["Success"] is False
    assert site.money() == [10_000, -4_000]
    assert site.ask("payments/refund", TransactionId=1, Amount=1)["Message"] == "Transaction not found"


def test_a_receipt_of_its_own_has_a_number_and_a_state(site: Site) -> None:
    fields: dict[str, Any] = {"Inn": INN, "Type": "Income", "InvoiceId": "A-1", "CustomerReceipt": RECEIPT}
    site.charged(100.5, InvoiceId="A-1")
    answer = site.ask("kkt/receipt", **fields)
    assert (answer["Success"], answer["Message"], answer["Model"]["ErrorCode"]) == (True, "Queued", 0)
    assert site.model("kkt/receipt/status/get", Id=answer["Model"]["Id"]) == "Processed"
    assert site.model("kkt/receipt/status/get", Id="another") == "NotFound"
    assert [one["kind"] for one in site.bank.orders[0].facts["receipts"]] == ["closing"]
    refused = site.ask("kkt/receipt", **fields | {"Inn": "0000000000"})
    assert (refused["Success"], refused["Model"]) == (False, {"ErrorCode": -1})


@pytest.mark.parametrize(
    "change",
    [
        {"Items": []},
        {"Items": [RECEIPT["Items"][0] | {"label": ""}]},  # type: ignore[index]
        {"Items": [RECEIPT["Items"][0] | {"price": 1}]},  # type: ignore[index]
        {"Items": [RECEIPT["Items"][0] | {"vat": 18}]},  # type: ignore[index]
        {"Items": [RECEIPT["Items"][0] | {"method": 9}]},  # type: ignore[index]
        {"amounts": {"electronic": 100}},
        {"amounts": {}},
    ],
    ids=str,
)
def test_a_receipt_that_does_not_add_up_is_refused(site: Site, change: dict[str, Any]) -> None:
    wrong = dict(RECEIPT) | change
    answer = site.ask("kkt/receipt", Inn=INN, Type="Income", CustomerReceipt=wrong)
    assert (answer["Success"], answer["Model"]) == (False, {"ErrorCode": -1})
    assert answer["Message"]


@pytest.mark.parametrize("kind", ["form", "json", "get"])
def test_notices_come_in_every_format_signed_twice(site: Site, kind: str) -> None:
    site.settings(notice_format=kind)
    site.charged(100.5, InvoiceId="A-1", Description="Платёж + процент")
    [notice] = site.notices()
    assert (notice["InvoiceId"], notice["Amount"], notice["Description"]) == ("A-1", "100.50", "Платёж + процент")
    assert site.forged == 0


@pytest.mark.parametrize(("manner", "times", "forged"), [("twice", 2, 0), ("never", 0, 0), ("forged", 1, 1)])
def test_notices_come_in_the_manner_of_the_turn(site: Site, manner: str, times: int, forged: int) -> None:
    site.plan("charge", notice=manner)
    site.charged()
    assert (len(site.notices()), site.forged) == (times, forged)


def test_a_notice_may_come_before_the_answer_and_an_old_one_after_the_new(site: Site) -> None:
    site.plan("charge", notice="before")
    site.charged()
    assert len(site.heard) == 1
    page = site.page()
    site.pay(page["Url"], POOR)
    site.plan("page", notice="stale")
    site.pay(page["Url"], GOOD)
    assert [one["Status"] for one in site.notices()][1:] == ["Declined", "Completed", "Declined"]


def test_a_notice_is_sent_again_until_it_is_taken(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.acquirers.notices.PAUSE_SECONDS", 0.01)
    site.says += [(500, ""), (200, "OK"), (200, '{"code":13}')]
    site.charged()
    assert len(site.notices()) == 4
    assert site.bank.notices.deliveries[-1].answer == '{"code":0}'


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ((200, '{"code":0}'), 0),
        ((200, '{"code":10}'), 3001),
        ((200, '{"code":11}'), 3002),
        ((200, '{"code":12}'), 3003),
        ((200, '{"code":13}'), 3008),
        ((200, '{"code":20}'), 3004),
        ((200, '{"code":7}'), 3005),
        ((200, "OK"), 3005),
        ((404, ""), 3007),
    ],
    ids=str,
)
def test_check_asks_before_money_is_taken(site: Site, said: tuple[int, str], code: int) -> None:
    site.settings(check=True)
    site.says.append(said)
    answer = site.charge(InvoiceId="A-1")
    assert (answer["Model"]["ReasonCode"], site.money()) == (code, [] if code else [10_050])
    check = site.heard[0]
    assert (check["InvoiceId"], check["Amount"], check["Status"]) == ("A-1", "100.50", "Completed")
    assert "GatewayName" not in check


def test_check_stands_before_pages_and_links_as_well_and_nobody_at_home_is_a_refusal(site: Site) -> None:
    site.settings(check=True)
    site.says += [(200, '{"code":12}'), (200, '{"code":10}')]
    site.pay(site.page()["Url"])
    assert site.found("P-1")["Model"]["ReasonCode"] == 3003
    fields: dict[str, Any] = {"PublicId": SITE, "Amount": 1, "Currency": "RUB", "Scheme": "charge"}
    assert site.ask("payments/qr/sbp/link", **fields)["Model"]["ReasonCode"] == 3001
    site.notices()
    site.bank.webhooks[SITE] = "http://127.0.0.1:9/nobody"
    assert site.charge()["Model"]["ReasonCode"] == 3006
    site.bank.webhooks.clear()
    assert site.charge()["Success"] is True


def test_who_comes_to_the_issuers_page_without_its_form_is_sent_away(site: Site) -> None:
    site.plan("charge", end="needs_client")
    address = site.charge()["Model"]["AcsUrl"]
    assert requests.get(address, timeout=10).status_code == 404

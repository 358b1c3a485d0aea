"""What a client sees at the sandbox's YooKassa: the form with its test cards, 3-D Secure, the bank behind a QR."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.acquirers.yookassa.known_cards import CARDS
from tests.sandbox.acquirers.yookassa_store import GOOD, REDIRECT, Store, open_store, words_of


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def by_sbp(store: Store, **more: Any) -> tuple[str, str]:
    """A payment by QR: its id and the link that the QR holds."""
    confirmation = {"type": "qr", "return_url": REDIRECT["return_url"]}
    payment = store.page(payment_method_data={"type": "sbp"}, confirmation=confirmation, **more)
    return payment["id"], payment["confirmation"]["confirmation_data"]


def test_the_form_shows_the_sum_what_it_is_for_and_the_cards_that_work(store: Store) -> None:
    payment = store.page(value="25000.00")
    assert (payment["status"], payment["paid"]) == ("pending", False)
    assert "payment_method" not in payment
    page = requests.get(payment["confirmation"]["confirmation_url"], timeout=10)
    words = words_of(page)
    assert "25\u00a0000,00\u00a0₽".replace("\u00a0", " ") in words.replace("\u00a0", " ")
    assert "Платёж 1 из 4" in words
    assert "СБП" not in words
    assert all(pan in words for pan in CARDS)
    assert 'name="viewport"' in page.text


@pytest.mark.parametrize("pan", [pan for pan, card in CARDS.items() if not card.reason and not card.asks])
def test_a_good_card_pays_and_leads_back_to_the_shop(store: Store, pan: str) -> None:
    payment = store.page()
    assert store.pay(payment, pan).headers["Location"] == REDIRECT["return_url"]
    found = store.get(f"payments/{payment['id']}")
    assert (found["status"], found["payment_method"]["card"]["last4"]) == ("succeeded", pan[-4:])
    assert found["payment_method"]["saved"] is False
    assert store.money() == [200]
    assert store.bank.card(store.shop, payment["id"]) is None


@pytest.mark.parametrize("pan", [pan for pan, card in CARDS.items() if card.reason])
def test_a_bad_card_is_refused_with_its_reason_and_leads_back_too(store: Store, pan: str) -> None:
    payment = store.page()
    assert store.pay(payment, pan).headers["Location"] == REDIRECT["return_url"]
    found = store.get(f"payments/{payment['id']}")
    assert found["cancellation_details"]["reason"] == CARDS[pan].reason
    if CARDS[pan].party:
        assert found["cancellation_details"]["party"] == CARDS[pan].party
    assert store.money() == []


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"code": "1234", "do": "confirm"}, "succeeded"),
        ({"code": "abc", "do": "confirm"}, "canceled"),
        ({"do": "refuse"}, "canceled"),
    ],
)
@pytest.mark.parametrize("pan", [pan for pan, card in CARDS.items() if card.asks])
def test_3d_secure_asks_for_a_code(store: Store, pan: str, form: dict[str, str], status: str) -> None:
    payment = store.page()
    assert "3-D Secure" in store.pay(payment, pan).text
    assert store.get(f"payments/{payment['id']}")["status"] == "pending"
    url = payment["confirmation"]["confirmation_url"]
    assert store.press(url, **form).headers["Location"] == REDIRECT["return_url"]
    found = store.get(f"payments/{payment['id']}")
    assert found["status"] == status
    if status == "canceled":
        assert found["cancellation_details"]["reason"] == "3d_secure_failed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pan": "4242424242424242"}, "Проверьте номер карты"),
        ({"expiry": "13/30"}, "Проверьте срок"),
        ({"expiry": "12/25"}, "Проверьте срок"),
        ({"cvc": "12"}, "Проверьте код"),
    ],
)
def test_a_slip_of_the_hand_is_told_and_the_form_stays(store: Store, change: dict[str, str], said: str) -> None:
    payment = store.page()
    form = {"pan": "5555555555554444", "expiry": "12/30", "cvc": "123", "do": "pay"} | change
    assert said in store.press(payment["confirmation"]["confirmation_url"], **form).text
    assert store.pay(payment).status_code == 303


def test_a_card_is_saved_only_where_the_shop_asked_for_it_and_can_be_charged_then(store: Store) -> None:
    payment = store.page(save_payment_method=True, merchant_customer_id="p1-C_5")
    store.pay(payment)
    method = store.get(f"payments/{payment['id']}")["payment_method"]
    assert (method["saved"], method["status"], method["id"]) == (True, "active", payment["id"])
    assert store.charge(method["id"])["payment_method"] == method
    assert store.money() == [200, 200]


def test_who_leaves_without_paying_may_come_back_within_the_hour(store: Store) -> None:
    payment = store.page()
    url = payment["confirmation"]["confirmation_url"]
    assert store.press(url, do="refuse").headers["Location"] == REDIRECT["return_url"]
    store.forward(minutes=59)
    assert store.get(f"payments/{payment['id']}")["status"] == "pending"
    store.forward(minutes=1)
    found = store.get(f"payments/{payment['id']}")
    assert found["cancellation_details"] == {"party": "yoo_money", "reason": "expired_on_confirmation"}
    assert "Время на оплату истекло" in requests.get(url, timeout=10).text
    assert "Не оплачено" in store.pay(payment).text
    assert store.money() == []


def test_the_method_is_shown_from_the_beginning_as_the_setting_says(store: Store) -> None:
    store.bank.settings["method_shown"] = "made"
    assert store.page()["payment_method"]["type"] == "bank_card"


def test_a_page_that_names_no_method_offers_both(store: Store) -> None:
    payment = store.page(payment_method_data=None)
    url = payment["confirmation"]["confirmation_url"]
    assert "Оплатить через СБП" in requests.get(url, timeout=10).text
    bank = store.press(url, do="sbp").headers["Location"]
    assert store.press(f"{store.url}{bank}", do="pay").status_code == 303
    assert store.get(f"payments/{payment['id']}")["payment_method"]["type"] == "sbp"


def test_a_qr_leads_to_the_payers_bank_which_pays_and_leads_back(store: Store) -> None:
    payment_id, link = by_sbp(store)
    assert "Приложение банка" in requests.get(link, timeout=10).text
    assert store.press(link, do="pay").headers["Location"] == REDIRECT["return_url"]
    found = store.get(f"payments/{payment_id}")
    assert found["status"] == "succeeded"
    assert found["payment_method"]["payer_bank_details"] == {"bank_id": "100000000111", "bic": "044525225"}
    assert store.money() == [200]
    assert "Оплачено" in requests.get(link, timeout=10).text


def test_sbp_knows_no_hold(store: Store) -> None:
    payment_id, link = by_sbp(store, capture=False)
    store.press(link, do="pay")
    assert store.get(f"payments/{payment_id}")["status"] == "succeeded"


def test_an_account_that_was_saved_is_charged_until_its_client_unbinds_it(store: Store) -> None:
    payment_id, link = by_sbp(store, save_payment_method=True)
    store.press(link, do="pay")
    assert store.charge(payment_id)["status"] == "succeeded"
    assert "Отвязать" in requests.get(link, timeout=10).text
    store.press(link, do="unbind")
    assert store.charge(payment_id)["cancellation_details"]["reason"] == "permission_revoked"
    assert store.get(f"payment_methods/{payment_id}")["status"] == "inactive"


def test_a_client_may_refuse_in_the_banks_app(store: Store) -> None:
    payment_id, link = by_sbp(store)
    store.press(link, do="refuse")
    assert store.get(f"payments/{payment_id}")["status"] == "canceled"


@pytest.mark.parametrize(
    ("turn", "status", "money"),
    [
        ({"end": "declined", "code": "call_issuer"}, "canceled", []),
        ({"end": "pending_paid"}, "pending", []),
        ({"end": "nothing"}, "pending", []),
        ({"extra": 1}, "succeeded", [201]),
        ({"end": "paid"}, "succeeded", [200]),
    ],
)
@pytest.mark.parametrize("sbp", [False, True])
def test_what_the_button_brings_about_can_be_planned(
    store: Store, turn: dict[str, object], status: str, money: list[int], sbp: bool
) -> None:
    store.plan("page", turn)
    if sbp:
        payment_id, link = by_sbp(store)
        store.press(link, do="pay")
    else:
        payment = store.page()
        payment_id = payment["id"]
        store.pay(payment)
    assert store.get(f"payments/{payment_id}")["status"] == status
    assert store.money() == money


def test_a_card_is_bound_without_a_payment(store: Store) -> None:
    method = store.post("payment_methods", {"type": "bank_card", "confirmation": REDIRECT})
    assert (method["status"], method["saved"]) == ("pending", False)
    assert "Привязка карты" in requests.get(method["confirmation"]["confirmation_url"], timeout=10).text
    store.pay(method)
    found = store.get(f"payment_methods/{method['id']}")
    assert (found["status"], found["saved"], found["card"]["last4"]) == ("active", True, "4444")
    assert found["holder"]["account_id"] == store.shop
    assert store.get("payments")["items"] == []
    assert store.charge(method["id"])["status"] == "succeeded"
    assert store.money() == [200]
    assert [one["event"] for one in store.told(2)] == ["payment_method.active", "payment.succeeded"]


def test_a_binding_that_failed_saves_nothing(store: Store) -> None:
    method = store.post("payment_methods", {"type": "bank_card", "confirmation": REDIRECT})
    store.pay(method, "5555555555554543")
    assert store.get(f"payment_methods/{method['id']}")["status"] == "inactive"


def test_a_binding_needs_a_card_and_a_way_back(store: Store) -> None:
    assert store.refused("payment_methods", {"type": "sbp"}) == ("invalid_request", "type")
    assert store.refused("payment_methods", {"type": "bank_card"}) == ("invalid_request", "confirmation")


def test_a_page_nobody_has_made_is_not_there(store: Store) -> None:
    assert requests.get(f"{store.url}/acquirers/yookassa/pay/0123456789abcdef", timeout=10).status_code == 404
    assert requests.get(f"{store.url}/acquirers/yookassa/pay/", timeout=10).status_code == 404
    store.charge(GOOD)
    assert requests.get(f"{store.url}/acquirers/yookassa/pay/", timeout=10).status_code == 404

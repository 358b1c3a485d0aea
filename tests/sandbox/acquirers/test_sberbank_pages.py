"""Sberbank's sandbox: what a client sees and presses, on the payment page, at the ACS and in the payer's bank."""

import base64
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.acquirers.sberbank.demo import CUSTOMER
from sandbox.acquirers.sberbank.known_cards import CARDS
from tests.sandbox.acquirers.sberbank_shop import RETURN, Shop, open_shop

FRICTIONLESS = {"pan": "2202 2050 0001 2424", "expiry": "12/30", "cvc": "649"}
CHALLENGED = {"pan": "4006 8009 0096 2514", "expiry": "12/30", "cvc": "941"}
FAIL = "https://shop.example/fail"


@pytest.fixture(params=["rbs", "ecom", "yookassa"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with open_shop(request.param) as opened:
        yield opened


@pytest.fixture
def ecom() -> Iterator[Shop]:
    with open_shop("ecom") as opened:
        yield opened


@pytest.fixture
def rbs() -> Iterator[Shop]:
    with open_shop("rbs") as opened:
        yield opened


def test_the_page_shows_the_sum_in_russian_and_leads_back_to_the_shop(shop: Shop) -> None:
    order_id = shop.register(description="Первый взнос", amount=1_250_000)
    page = shop.session.get(shop.page(order_id), timeout=20).text
    assert "12\u00a0500,00\u00a0₽" in page
    assert "Первый взнос" in page
    assert 'name="viewport"' in page
    assert all(pan in page for pan in CARDS)
    paid = shop.press(shop.page(order_id), do="pay", **FRICTIONLESS)
    assert (paid.status_code, paid.headers["Location"]) == (303, f"{RETURN}?orderId={order_id}&lang=ru")
    assert shop.status(order_id)["orderStatus"] == 2
    assert shop.money() == [1_250_000]


def test_a_card_is_bound_to_the_client_the_order_names(shop: Shop) -> None:
    order_id = shop.register(clientId="C_5")
    assert "Карта будет сохранена" in shop.session.get(shop.page(order_id), timeout=20).text
    shop.press(shop.page(order_id), do="pay", **FRICTIONLESS)
    info = shop.status(order_id)["bindingInfo"]
    (binding,) = shop.ask("getBindings.do", clientId="C_5")["bindings"]
    assert (info["clientId"], info["bindingId"]) == ("C_5", binding["bindingId"])
    assert (binding["maskedPan"], binding["expiryDate"]) == ("220220******2424", "203012")


def test_without_a_client_no_binding_is_ever_made(shop: Shop) -> None:
    order_id = shop.register()
    shop.press(shop.page(order_id), do="pay", **FRICTIONLESS)
    assert "bindingInfo" not in shop.status(order_id)
    assert len(shop.bank.cards) == 13


def test_the_same_card_of_the_same_client_is_the_same_binding(shop: Shop) -> None:
    for number in ("A-1", "A-2"):
        shop.press(shop.page(shop.register(number, clientId="C_5")), do="pay", **FRICTIONLESS)
    assert len(shop.ask("getBindings.do", clientId="C_5")["bindings"]) == 1


def test_an_order_of_nothing_checks_the_card_moves_no_money_and_ends_reversed(shop: Shop) -> None:
    order_id = shop.register(amount=0, features="VERIFY", clientId="C_5")
    assert shop.press(shop.page(order_id), do="pay", **FRICTIONLESS).status_code == 303
    status = shop.status(order_id)
    assert (status["orderStatus"], status["actionCode"]) == (3, 0)
    assert status["bindingInfo"]["clientId"] == "C_5"
    assert shop.money() == []
    assert "Карта проверена" in shop.session.get(shop.page(order_id), timeout=20).text


def test_the_acs_asks_for_its_password(shop: Shop) -> None:
    order_id = shop.register()
    asked = shop.press(shop.page(order_id), do="pay", **CHALLENGED)
    assert "Пароль из сообщения вашего банка" in asked.text
    assert shop.status(order_id)["orderStatus"] == 5
    paid = shop.press(shop.page(order_id), do="confirm", password="111111")
    assert paid.headers["Location"].startswith(RETURN)
    assert shop.status(order_id)["orderStatus"] == 2


def test_a_wrong_password_is_a_refused_try_and_the_page_stays_open(shop: Shop) -> None:
    order_id = shop.register()
    shop.press(shop.page(order_id), do="pay", **CHALLENGED)
    shown = shop.press(shop.page(order_id), do="confirm", password="000000")
    assert "Операция отклонена" in shown.text
    assert (shop.status(order_id)["orderStatus"], shop.status(order_id)["actionCode"]) == (0, -2006)
    shop.press(shop.page(order_id), do="pay", **CHALLENGED)
    shop.press(shop.page(order_id), do="refuse")
    assert shop.status(order_id)["actionCode"] == -2006
    assert shop.money() == []


@pytest.mark.parametrize(
    ("pan", "action"), [("2202205000060910", 116), ("2202202107593166", 101), ("2202205300068092", 116)]
)
def test_cards_that_are_refused_after_their_password(shop: Shop, pan: str, action: int) -> None:
    order_id = shop.register()
    shop.press(shop.page(order_id), do="pay", pan=pan, expiry="12/30", cvc=CARDS[pan].cvc)
    shop.press(shop.page(order_id), do="confirm", password="111111")
    assert shop.status(order_id)["actionCode"] == action


def test_the_card_of_100_roubles_pays_what_it_has(shop: Shop) -> None:
    order_id = shop.register(amount=10_000)
    shop.press(shop.page(order_id), do="pay", pan="2202205300068092", expiry="12/30", cvc="583")
    shop.press(shop.page(order_id), do="confirm", password="111111")
    assert shop.money() == [10_000]


@pytest.mark.parametrize(
    ("changed", "action"), [({"cvc": "000"}, 82), ({"expiry": "12/25"}, 101)], ids=["code", "expired"]
)
def test_what_is_entered_wrongly_is_a_refused_try(shop: Shop, changed: dict[str, str], action: int) -> None:
    order_id = shop.register()
    shop.press(shop.page(order_id), do="pay", **(FRICTIONLESS | changed))
    assert shop.status(order_id)["actionCode"] == action


@pytest.mark.parametrize("changed", [{"pan": "4111111111111111"}, {"expiry": "13/30"}, {"cvc": "1"}], ids=str)
def test_what_cannot_be_a_card_is_told_and_is_no_try(shop: Shop, changed: dict[str, str]) -> None:
    order_id = shop.register()
    shown = shop.press(shop.page(order_id), do="pay", **(FRICTIONLESS | changed))
    assert 'role="alert"' in shown.text
    assert shop.status(order_id)["actionCode"] == -100


def test_after_the_third_refusal_the_client_is_led_away(shop: Shop) -> None:
    order_id = shop.register(failUrl=FAIL)
    for _ in range(2):
        assert shop.press(shop.page(order_id), do="pay", **(FRICTIONLESS | {"cvc": "000"})).status_code == 200
    last = shop.press(shop.page(order_id), do="pay", **(FRICTIONLESS | {"cvc": "000"}))
    assert last.headers["Location"] == f"{FAIL}?orderId={order_id}&lang=ru"
    assert shop.status(order_id)["actionCode"] == -2013


def test_a_client_who_walks_away_leaves_the_order_open(shop: Shop) -> None:
    order_id = shop.register(failUrl=f"{FAIL}?shop=1")
    left = shop.press(shop.page(order_id), do="refuse")
    assert left.headers["Location"] == f"{FAIL}?shop=1&orderId={order_id}&lang=ru"
    assert shop.status(order_id)["actionCode"] == -100


def test_a_page_that_is_over_takes_no_money(shop: Shop) -> None:
    order_id = shop.register()
    shop.pass_time(minutes=21)
    shown = shop.press(shop.page(order_id), do="pay", **FRICTIONLESS)
    assert "Время на оплату истекло" in shown.text
    paid = shop.register("A-2")
    shop.press(shop.page(paid), do="pay", **FRICTIONLESS)
    assert "Оплачено" in shop.press(shop.page(paid), do="pay", **FRICTIONLESS).text
    assert shop.money() == [19_900]


@pytest.mark.parametrize(
    ("turn", "status", "money"),
    [
        ({"end": "declined", "code": "93"}, 0, []),
        ({"end": "needs_client"}, 5, []),
        ({"end": "nothing"}, 0, []),
        ({"end": "pending_paid"}, 0, []),
        ({"extra": 1}, 2, [19_901]),
    ],
    ids=str,
)
def test_what_a_page_meets_can_be_planned(shop: Shop, turn: dict[str, object], status: int, money: list[int]) -> None:
    shop.plan(page=turn)
    order_id = shop.register()
    shop.session.get(shop.page(order_id), timeout=20)
    shop.press(shop.page(order_id), do="pay", **FRICTIONLESS)
    assert shop.status(order_id)["orderStatus"] == status
    assert shop.money() == money


def test_an_order_of_sbp_has_a_link_that_a_bank_opens(ecom: Shop) -> None:
    answer = ecom.ask(
        "register.do",
        orderNumber="A-1",
        amount=19_900,
        returnUrl=RETURN,
        description="Абонемент",
        jsonParams={"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"},
    )
    payload = answer["externalParams"]["sbpPayload"]
    assert answer["externalParams"]["qrcId"] in payload
    assert "type=02&bank=100000000111&sum=19900&cur=RUB&crc=" in payload
    page = ecom.session.get(payload, timeout=20).text
    assert "199,00\u00a0₽" in page
    assert "Абонемент" in page
    assert ecom.press(payload, do="pay").headers["Location"].startswith(RETURN)
    assert ecom.status(answer["orderId"])["orderStatus"] == 2
    assert "Оплачено" in ecom.press(payload, do="pay").text
    assert ecom.money() == [19_900]


def test_the_link_may_be_missing_although_the_order_is_there(ecom: Shop) -> None:
    ecom.bank.settings["sbp_payload"] = False
    params = {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}
    answer = ecom.ask("register.do", orderNumber="A-1", amount=1, returnUrl=RETURN, jsonParams=params)
    assert (answer["errorCode"], "sbpPayload" in answer["externalParams"]) == ("0", False)


@pytest.mark.parametrize(("scenario", "money"), [("C2B_SUBSCRIPTION", []), ("C2B_SUBSCRIPTION_WITH_PAYMENT", [19_900])])
def test_a_payer_binds_an_account_and_unbinds_it_in_their_bank(ecom: Shop, scenario: str, money: list[int]) -> None:
    params = {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": scenario}
    wish = {"amount": 19_900, "returnUrl": RETURN, "jsonParams": params}
    assert ecom.ask("register.do", orderNumber="A-0", **wish)["errorCode"] == "4"
    params["sbp.subscriptionPurpose"] = "Абонемент"
    answer = ecom.ask("register.do", orderNumber="A-1", **wish)
    payload = answer["externalParams"]["sbpPayload"]
    assert "Магазин сможет списывать" in ecom.session.get(payload, timeout=20).text
    ecom.press(payload, do="pay")
    status = ecom.status(answer["orderId"])
    bound = {one["name"]: one["value"] for one in status["attributes"]}
    assert status["orderStatus"] == 2
    assert (len(bound["subscriptionId"]), len(bound["memberId"]), len(bound["qrcId"])) == (32, 12, 32)
    assert ecom.money() == money
    order_id = ecom.register("A-2", description="Абонемент", jsonParams=params | {"sbp.scenario": "C2B"})
    account = {name: bound[name] for name in ("subscriptionId", "memberId")}
    ecom.press(payload, do="unbind")
    ecom.ask("paymentOrderBySubscription", orderId=order_id, **account)
    assert ecom.status(order_id)["actionCode"] == -5031


def test_sbp_that_is_none_is_refused(ecom: Shop) -> None:
    for params in ({"qrType": "QR"}, {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "B2B"}):
        answer = ecom.ask("register.do", orderNumber="A-1", amount=1, returnUrl=RETURN, jsonParams=params)
        assert answer["errorCode"] == "5"


def test_rbs_draws_the_qr_of_an_order(rbs: Shop) -> None:
    order_id = rbs.register()
    plain = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id)
    assert (plain["errorCode"], plain["qrStatus"], "renderedQr" in plain) == ("0", "STARTED", False)
    drawn = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id, qrFormat="image", qrHeight=200, qrWidth=200)
    assert drawn["payload"] == plain["payload"]
    assert base64.b64decode(drawn["renderedQr"]).startswith(b"\x89PNG")
    matrix = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id, qrFormat="matrix")["renderedQr"]
    assert set(matrix) == {"0", "1", "\n"}
    assert urlsplit(plain["payload"]).query.startswith("type=02&bank=100000000111&sum=19900&cur=RUB")


@pytest.mark.parametrize("path", ["sbp/c2b/qr/dynamic/status.do", "sbp/c2b/qr/status.do"])
def test_the_status_of_a_qr_has_two_spellings(rbs: Shop, path: str) -> None:
    order_id = rbs.register()
    qr = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id)
    key = {"mdOrder": order_id, "qrId": qr["qrId"]}
    assert rbs.ask(path, **key)["qrStatus"] == "STARTED"
    rbs.press(qr["payload"], do="pay")
    assert (rbs.ask(path, **key)["qrStatus"], rbs.ask(path, **key)["transactionState"]) == ("ACCEPTED", "DEPOSITED")
    assert rbs.status(order_id)["orderStatus"] == 2
    rbs.bank.settings["sbp_status_paths"] = "short" if "dynamic" in path else "dynamic"
    assert rbs.send(path, key).status_code == 404


def test_a_qr_that_was_rejected_cannot_be_paid(rbs: Shop) -> None:
    order_id = rbs.register()
    qr = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id)
    key = {"mdOrder": order_id, "qrId": qr["qrId"]}
    assert rbs.ask("sbp/c2b/qr/dynamic/reject.do", **key)["rejected"] is True
    assert rbs.ask("sbp/c2b/qr/dynamic/status.do", **key)["qrStatus"] == "REJECTED"
    rbs.press(qr["payload"], do="pay")
    assert rbs.money() == []


def test_a_payer_who_refuses_leaves_the_order_open(rbs: Shop) -> None:
    order_id = rbs.register()
    qr = rbs.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id)
    rbs.press(qr["payload"], do="refuse")
    assert (rbs.status(order_id)["orderStatus"], rbs.status(order_id)["actionCode"]) == (0, 902)


def test_the_page_leads_to_the_payers_bank(shop: Shop) -> None:
    order_id = shop.register()
    led = shop.press(shop.page(order_id), do="sbp")
    assert "/qr/AD" in led.headers["Location"]
    shop.press(led.headers["Location"], do="pay")
    assert shop.status(order_id)["orderStatus"] == 2
    assert "bindingInfo" not in shop.status(order_id)


def test_the_facade_may_have_no_sbp() -> None:
    with open_shop("yookassa") as facade:
        facade.bank.settings["facade_sbp"] = False
        order_id = facade.register(clientId=CUSTOMER)
        assert facade.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=order_id)["errorCode"] == "5"


@pytest.mark.parametrize(("has_sbp", "code"), [(True, "6"), (False, "5")])
def test_that_the_facade_has_no_sbp_is_said_of_an_order_that_nobody_has_too(has_sbp: bool, code: str) -> None:
    with open_shop("yookassa") as facade:
        facade.bank.settings["facade_sbp"] = has_sbp
        nobodys = "00000000-0000-0000-0000-000000000000"
        assert facade.ask("sbp/c2b/qr/dynamic/get.do", mdOrder=nobodys)["errorCode"] == code


def test_pages_of_nothing_are_not_found(shop: Shop) -> None:
    assert shop.session.get(shop.page("nothing"), timeout=20).status_code == 404
    assert shop.session.get(f"{shop.address}/qr/nothing", timeout=20).status_code == 404

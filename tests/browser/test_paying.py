"""A client with a phone pays behind a link: on the acquirer's page, by SBP, in vain; comes back, and back again."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from billing.orders import ChargeOrder
from calculations.money import Money
from customers.cards import list_cards
from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from tests.chromium import DESK, PHONE, watched
from tests.outside import eventually
from tests.service import RunningService

pytestmark = pytest.mark.browser

CREDENTIALS = f'{{"terminal_key": "{TERMINAL}", "password": "{PASSWORD}"}}'
GOOD_CARD, ASKING_CARD, EMPTY_CARD = "2200770239097761", "2201382000000047", "2201382000000831"
SECONDS = 20_000


@pytest.fixture
def paying(service: RunningService) -> RunningService:
    service.install()
    service.wait_registered()
    service.built.terminals.configure(service.row.id, "tbank", "main", CREDENTIALS)
    return service


def link(service: RunningService, **changes: Any) -> str:
    order = ChargeOrder(
        portal_id=service.row.id,
        key="first",
        call_id=None,
        document="D_5",
        customer="C_5",
        amount=Money(1_250_000, "RUB"),
        description="Абонемент на октябрь, договор № 17",
    )
    return service.built.pay_links.of(service.built.charging.in_person.ask(replace(order, **changes)))


def told(service: RunningService, deal: int) -> list[str]:
    return [one["text"] for one in service.portal.get("/comments") if one["entity_id"] == deal]


def enter(page: Page, card: str) -> None:
    page.get_by_label("Номер карты").fill(card)
    page.get_by_label("Срок действия").fill("12/30")
    page.get_by_label("Код с обратной стороны").fill("123")
    page.get_by_role("button", name="Оплатить", exact=True).click()


def operations(service: RunningService) -> list[tuple[str, int]]:
    return [(one["kind"], one["amount"]) for one in service.outside.get("/acquirers/tbank")["operations"]]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_first_payment_saves_the_card_and_going_back_pays_nothing_twice(
    paying: RunningService, browser: Browser, size: dict[str, int]
) -> None:
    before = len(operations(paying))
    with watched(browser, size) as seen:
        page = seen.page
        page.goto(link(paying))
        expect(page.locator(".sum")).to_have_text("12\u00a0500,00\u00a0₽")
        tick = page.get_by_role("checkbox")
        expect(tick).not_to_be_checked()
        assert (seen.errors, seen.foreign(), seen.too_wide(), seen.nameless()) == ([], [], [], [])
        tick.check()
        page.get_by_role("button", name="Оплатить картой").click()
        expect(page.get_by_text("Карта будет сохранена")).to_be_visible(timeout=SECONDS)
        assert (seen.too_wide(), seen.nameless()) == ([], [])
        enter(page, ASKING_CARD)
        page.get_by_label("Пароль 3-D Secure").fill("1qwezxc")
        page.get_by_role("button", name="Подтвердить").click()
        expect(page.locator(".done")).to_contain_text("Оплачено", timeout=SECONDS)
        page.go_back()
        page.go_back()
        page.goto(link(paying))
        expect(page.locator(".done")).to_contain_text("Оплачено", timeout=SECONDS)
        expect(page.get_by_role("button", name="Оплатить")).to_have_count(0)
        assert (seen.errors, seen.too_wide()) == ([], [])
    assert operations(paying)[before:] == [("charge", 1_250_000)]
    assert eventually(lambda: bool(list_cards(paying.built.database, paying.row.id)))
    (card,) = list_cards(paying.built.database, paying.row.id)
    assert (card.customer, card.mask[-4:], card.has_consent) == ("C_5", "0047", True)


def test_the_saved_card_is_charged_by_the_robot_and_taken_back_on_the_page_where_it_was_given(
    paying: RunningService, browser: Browser
) -> None:
    first = paying.portal.add(2, title="Октябрь", opportunity="12500.00")
    with watched(browser, PHONE) as seen:
        page = seen.page
        page.goto(link(paying, document=f"D_{first}"))
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Оплатить картой").click()
        enter(page, GOOD_CARD)
        expect(page.locator(".done")).to_contain_text("Оплачено", timeout=SECONDS)
        assert eventually(lambda: bool(list_cards(paying.built.database, paying.row.id)))
        assert eventually(lambda: len(told(paying, first)) == 2, 30)
        assert sorted(text.split(":")[0].split(" карту")[0] for text in told(paying, first)) == [
            "Клиент сохранил",
            "Оплата получена",
        ]
        deal = paying.portal.add(2, title="Ноябрь", opportunity="900.00")
        charged = paying.run("charge_saved_card", 2, deal, customer="C_5")
        assert (charged["charge_status"], charged["charged_amount"]) == ("succeeded", "900.00")
        page.goto(link(paying, document=f"D_{first}"))
        page.get_by_role("button", name="Отозвать согласие").click()
        expect(page.get_by_role("button", name="Отозвать согласие")).to_have_count(0)
    deal = paying.portal.add(2, title="Декабрь", opportunity="900.00")
    assert paying.run("charge_saved_card", 2, deal, customer="C_5")["error_code"] == "no_consent"


def test_sbp_is_a_picture_on_the_phone_and_the_page_learns_of_the_payment(
    paying: RunningService, browser: Browser
) -> None:
    with watched(browser, PHONE) as seen, watched(browser, PHONE) as bank:
        page = seen.page
        page.goto(link(paying))
        page.get_by_role("button", name="Оплатить по СБП").click()
        picture = page.get_by_alt_text("QR-код СБП")
        expect(picture).to_be_visible(timeout=SECONDS)
        assert picture.evaluate("one => one.naturalWidth") > 100
        assert (seen.errors, seen.foreign(), seen.too_wide(), seen.nameless()) == ([], [], [], [])
        bank.page.goto(page.get_by_role("link", name="Оплатить в приложении банка").get_attribute("href") or "")
        bank.page.get_by_role("button", name="Оплатить в приложении банка").click()
        expect(page.locator(".done")).to_contain_text("Оплачено", timeout=2 * SECONDS)  # by itself: nothing is clicked
    assert operations(paying)[-1] == ("charge", 1_250_000)


def test_a_long_subject_and_payee_break_and_a_begun_payment_is_checked_with_a_thumb(
    paying: RunningService, browser: Browser
) -> None:
    paying.built.terminals.configure(paying.row.id, "tbank", "main", CREDENTIALS, payee="ООО«" + "Ромашка" * 20 + "»")
    long = link(paying, key="long", description="Договор№" + "1234567890" * 12, amount=Money(10**15, "RUB"))
    address = link(paying)
    with watched(browser, PHONE) as seen:
        page = seen.page
        page.goto(long)
        expect(page.locator(".payee")).to_contain_text("Получатель: ООО«Ромашка")
        assert seen.too_wide() == []
        page.goto(address)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Оплатить картой").click()
        expect(page.get_by_label("Номер карты")).to_be_visible(timeout=SECONDS)
        page.goto(address)
        check = page.get_by_role("link", name="Проверить оплату")
        size = check.bounding_box()
        assert size is not None
        assert size["height"] >= 44
        page.keyboard.press("Tab")
        ring = page.get_by_role("link", name="Продолжить оплату").evaluate("one => getComputedStyle(one).outlineColor")
        assert ring == "rgb(24, 100, 171)"  # 6:1 against white
        expect(page.get_by_text("Карта будет сохранена для автоплатежей")).to_be_visible()
        page.get_by_role("button", name="Оплатить без сохранения карты").click()
        expect(page.get_by_label("Номер карты")).to_be_visible(timeout=SECONDS)
        expect(page.get_by_text("Карта будет сохранена")).to_have_count(0)
        assert (seen.errors, seen.foreign(), seen.too_wide(), seen.nameless()) == ([], [], [], [])


@pytest.mark.parametrize(("size", "app_first"), [(PHONE, True), (DESK, False)], ids=["phone", "desk"])
def test_a_phone_is_offered_the_banks_app_before_a_code_that_it_cannot_point_at_itself(
    paying: RunningService, browser: Browser, size: dict[str, int], app_first: bool
) -> None:
    with watched(browser, size) as seen:
        page = seen.page
        page.goto(link(paying, description="D_5"))
        expect(page.locator("body")).not_to_contain_text("D_5")
        page.get_by_role("button", name="Оплатить по СБП").click()
        picture = page.get_by_alt_text("QR-код СБП")
        expect(picture).to_be_visible(timeout=SECONDS)
        app, code = page.get_by_role("link", name="Оплатить в приложении банка").bounding_box(), picture.bounding_box()
        assert app is not None
        assert code is not None
        assert (app["y"] < code["y"]) == app_first


def test_a_cut_link_is_told_on_a_page_that_fits(paying: RunningService, browser: Browser) -> None:
    with watched(browser, PHONE) as seen:
        answer = seen.page.goto(link(paying)[:-9])
        assert answer is not None
        assert answer.status == 404
        expect(seen.page.locator(".trouble")).to_contain_text("Ссылка не найдена")
        assert (seen.foreign(), seen.too_wide()) == ([], [])


def test_a_refused_card_is_explained_and_another_one_pays(paying: RunningService, browser: Browser) -> None:
    before = len(operations(paying))
    with watched(browser, PHONE) as seen:
        page = seen.page
        page.goto(link(paying))
        page.get_by_role("button", name="Оплатить картой").click()
        enter(page, EMPTY_CARD)
        expect(page.locator(".trouble")).to_contain_text("недостаточно средств", timeout=SECONDS)
        page.get_by_role("button", name="Оплатить картой").click()
        enter(page, GOOD_CARD)
        expect(page.locator(".done")).to_contain_text("Оплачено", timeout=SECONDS)
    assert operations(paying)[before:] == [("charge", 1_250_000)]

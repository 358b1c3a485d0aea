from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import requests

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP
from sandbox.crm_items import create
from sandbox.crm_store import Activity, Comment
from sandbox.pages import words
from tests.sandbox.page_portal import NOW, PagePortal, add_deal, page_portal
from tests.sandbox.test_pages_designer import place, read


@pytest.fixture
def stand() -> Iterator[PagePortal]:
    with page_portal() as stand:
        yield stand


def play_robot(stand: PagePortal, values: dict[str, object]) -> int:
    deal = add_deal(stand)
    place(stand)
    requests.post(f"{stand.address}/items/2/{deal}/move", data={"stage": "PREPARATION"}, timeout=5)
    stand.answer_robot(values)
    return deal


def test_the_log_shows_what_a_robot_was_given_and_what_it_returned(stand: PagePortal) -> None:
    play_robot(
        stand,
        {"result_status": "ok", "part_amounts": ["25000.00", "75000.00"], "due_dates": ["2026-02-15", "2026-03-15"]},
    )
    html = read(f"{stand.address}/workflows")
    for seen in (
        "Роботы стадии «Подготовка документов»",
        "выполнено",
        "завершён",
        "25\u00a0000,00; 75\u00a0000,00",
        "15.02.2026; 15.03.2026",
        "Число частей",
        "вызван робот",
    ):
        assert seen in html


def test_a_failure_is_said_in_words(stand: PagePortal) -> None:
    deal = play_robot(stand, {"result_status": "failed", "error_text": "Сумма 0: укажите больше нуля."})
    for html in (read(f"{stand.address}/workflows"), read(f"{stand.address}/items/2/{deal}")):
        assert "не вышло" in html
        assert html.count("Сумма 0: укажите больше нуля.") == 1


def test_invoices_hang_on_their_deal_with_a_total(stand: PagePortal) -> None:
    deal = add_deal(stand)
    portal = stand.portal
    with portal.lock:
        for number in (1, 2):
            values = {
                "title": f"Счёт {number}",
                "opportunity": Decimal("50000.25"),
                "isManualOpportunity": True,
                "parentId2": deal,
                "closedate": date(2026, 1 + number, 28),
            }
            create(stand.outside.world, portal, portal.kind(31), values, 1)
    for html in (read(f"{stand.address}/items/2/{deal}"), read(f"{stand.address}/items")):
        for seen in ("Счёт 1", "28.02.2026", "28.03.2026", "50\u00a0000,25\u00a0₽", "100\u00a0000,50\u00a0₽"):
            assert seen in html


def test_todos_comments_and_notifications_are_read_on_one_page(stand: PagePortal) -> None:
    deal = add_deal(stand)
    crm = stand.portal.crm
    crm.activities.append(Activity(1, 2, deal, "Напомнить о платеже", "Срок 15.02", NOW, 2, NOW))
    crm.comments.append(Comment(1, "deal", deal, 1, "Разбили на 4 счёта", [], NOW))
    html = read(f"{stand.address}/feed")
    for seen in ("Напомнить о платеже", "Мария Менеджер", "Разбили на 4 счёта", "15.01.2026 12:00"):
        assert seen in html
    assert "Напомнить о платеже" in read(f"{stand.address}/items/2/{deal}")


def test_a_new_deal_is_made_from_a_sum_as_people_write_it(stand: PagePortal) -> None:
    made = requests.post(
        f"{stand.address}/new-deal/0", data={"title": "Двери", "sum": "100\u00a0000,50", "client": ""}, timeout=5
    )
    assert "Двери" in made.text
    (deal,) = stand.portal.crm.items[2].values()
    assert (deal.values["opportunity"], deal.values["stageId"]) == (Decimal("100000.50"), "NEW")


@pytest.mark.parametrize("text", ["сто", "0", "-5", "NaN"])
def test_a_sum_that_is_none_makes_no_deal(stand: PagePortal, text: str) -> None:
    answer = requests.post(f"{stand.address}/new-deal/0", data={"title": "Двери", "sum": text}, timeout=5)
    assert f"Сумма «{text}» не прочиталась" in answer.text
    assert stand.portal.crm.items[2] == {}


def test_a_stage_that_does_not_exist_moves_nothing(stand: PagePortal) -> None:
    deal = add_deal(stand)
    address = f"{stand.address}/items/2/{deal}/move"
    assert requests.post(address, data={"stage": "NOWHERE"}, timeout=5).status_code == 400
    assert stand.portal.crm.items[2][deal].values["stageId"] == "NEW"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("day", datetime(2026, 1, 16, 9, tzinfo=UTC)),
        ("week", datetime(2026, 1, 22, 9, tzinfo=UTC)),
        ("month", datetime(2026, 2, 15, 9, tzinfo=UTC)),
    ],
)
def test_the_clock_is_moved_by_a_button_and_the_person_stays_on_the_page(
    stand: PagePortal, step: str, expected: datetime
) -> None:
    here = f"/pages/portals/{stand.portal.member_id}/feed?x=1"
    answer = requests.post(
        f"{stand.outside.url}/pages/clock", data={"step": step, "back": here}, timeout=5, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, here)
    assert stand.site.clock.now() == expected


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/pages/", "/control/clock", ""])
def test_a_button_never_leads_off_the_site(stand: PagePortal, elsewhere: str) -> None:
    answer = requests.post(
        f"{stand.outside.url}/pages/clock", data={"step": "day", "back": elsewhere}, timeout=5, allow_redirects=False
    )
    assert answer.headers["Location"] == "/pages/"


def test_letters_are_listed_and_read(stand: PagePortal) -> None:
    letter = "Subject: Завтра спишем\nContent-Type: text/html; charset=utf-8\n\n<script>x()</script><p>25 000,00 ₽</p>"
    stand.site.mailbox.receive("pay@example.com", ["client@example.com"], letter.encode())
    html = read(f"{stand.outside.url}/pages/mails")
    assert "Завтра спишем" in html
    assert "client@example.com" in html
    opened = read(f"{stand.outside.url}/pages/mails/1")
    assert "<script>" not in opened
    assert 'sandbox srcdoc="&lt;script&gt;' in opened
    assert requests.get(f"{stand.outside.url}/pages/mails/2", timeout=5).status_code == 404


def charge(stand: PagePortal, order: str, token: str) -> dict[str, str]:
    body = {
        "order": order,
        "token": token,
        "amount": 2500000,
        "currency": "RUB",
        "description": "Окна",
        "customer": "C_1",
    }
    answer: dict[str, str] = requests.post(
        f"{stand.outside.url}/acquirer/charges", json=body, auth=(DEMO_SHOP, DEMO_SECRET), timeout=5
    ).json()
    return answer


def test_the_acquirers_page_shows_requests_and_the_money_that_moved(stand: PagePortal) -> None:
    charge(stand, "A-1", "card_4242_paid")
    charge(stand, "A-2", "card_0002_insufficient_funds")
    html = read(f"{stand.outside.url}/pages/acquirer")
    assert html.count("25\u00a0000,00\u00a0₽") == 3
    assert "Недостаточно средств на карте" in html
    assert "списание" in html


def test_a_client_confirms_on_the_banks_page(stand: PagePortal) -> None:
    address = charge(stand, "A-1", "card_4242_needs_client")["action_url"]
    assert "Подтвердить оплату" in read(address)
    done = requests.post(address, data={"agreed": "yes"}, timeout=5)
    assert "Оплачено" in done.text
    assert [one.order for one in stand.site.acquirer.book.operations] == ["A-1"]
    assert requests.get(address.replace("sbx-", "sbx-9"), timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("minor", "expected"),
    [(0, "0,00\u00a0₽"), (5, "0,05\u00a0₽"), (123456789, "1\u00a0234\u00a0567,89\u00a0₽"), (-100, "−1,00\u00a0₽")],
)
def test_sums_are_written_as_russians_write_them(minor: int, expected: str) -> None:
    assert words.sum_of_minor(minor, "RUB") == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "1 счёт"), (2, "2 счёта"), (5, "5 счетов"), (11, "11 счетов"), (21, "21 счёт"), (112, "112 счетов")],
)
def test_counted_things_agree_with_their_number(number: int, expected: str) -> None:
    assert words.counted(number, "счёт", "счёта", "счетов") == expected.replace(" ", "\u00a0")


def test_dates_are_written_with_dots_and_other_text_stays() -> None:
    assert words.day("2026-01-31T00:00:00+03:00") == "31.01.2026"
    assert words.day(date(2026, 1, 31)) == "31.01.2026"
    assert words.day("скоро") == "скоро"
    assert words.day(None) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("25000.00", "25\u00a0000,00"),
        ("-0.50", "−0,50"),
        ("12.682", "12,682"),
        ("2026-01-31", "31.01.2026"),
        ("2026-01-31T21:30:00+00:00", "01.02.2026 00:30"),
        (date(2026, 1, 31), "31.01.2026"),
        (["1.00", "2.00"], "1,00; 2,00"),
        ("5", "5"),
        ("1.2.3", "1.2.3"),
        (True, "да"),
        (None, ""),
    ],
)
def test_values_of_robots_are_shown_as_russians_write_them(value: object, expected: str) -> None:
    assert words.plain(value, ZoneInfo("Europe/Moscow")) == expected


def test_a_deals_card_shows_the_todos_of_its_invoices(stand: PagePortal) -> None:
    deal = add_deal(stand)
    portal = stand.portal
    with portal.lock:
        invoice, _ = create(stand.outside.world, portal, portal.kind(31), {"title": "Счёт 1", "parentId2": deal}, 1)
    portal.crm.activities.append(Activity(1, 31, invoice.id, "Напомнить о счёте", "", NOW, 2, NOW))
    assert "Напомнить о счёте" in read(f"{stand.address}/items/2/{deal}")

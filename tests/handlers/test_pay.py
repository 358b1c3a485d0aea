"""The page behind a link of payment: what a client sees, clicks and may take back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import ascii_letters, digits
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import handlers
from billing.certificate import read_certificate
from billing.charges import Charging
from billing.orders import Limit
from billing.pay_links import PayLinks
from calculations.money import Money
from customers.consent_text import VERSION
from customers.consents import ConsentGiven
from gateways import StoredCard
from handlers.errors import attach_error_handlers
from handlers.headers import attach_headers
from handlers.pay import blueprint
from schemas.declaration import Words
from storage.database import open_database
from storage.model import Charge, ChargeAttempt, Consent, ReceiptRow, Terminal
from tests.billing.world import World

RU = {"Accept-Language": "ru"}
RECEIPTS = '{"shop": "demo", "receipts": {"vat": "standard", "tax_system": "osn"}}'
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(open_database(f"sqlite:///{tmp_path}/money.db"))
    yield world
    world.database.close()


@pytest.fixture
def client(world: World) -> FlaskClient:
    app = Flask(handlers.__name__)
    app.register_blueprint(blueprint)
    attach_error_handlers(app, world.clock)
    attach_headers(app, https=True)
    app.extensions["services"] = SimpleNamespace(
        settings=SimpleNamespace(public_url="https://pay.example"),
        now=world.clock,
        database=world.database,
        charging=world.charging,
        pay_links=PayLinks(world.database, "a secret of the tests", "https://pay.example"),
    )
    return app.test_client()


def link(world: World, client: FlaskClient, **changes: Any) -> str:
    order = replace(world.order, call_id=None, customer="C_9", key="sum:D_9", description="Договор № 9 <b>")
    order = replace(order, **changes)
    charge_id = world.charging.in_person.ask(order)
    links: PayLinks = client.application.extensions["services"].pay_links
    return links.of(charge_id).removeprefix("https://pay.example")


def last(world: World) -> ChargeAttempt:
    return world.attempts()[-1]


def click(client: FlaskClient, address: str, **form: str) -> Any:
    data = "&".join(f"{name}={value}" for name, value in form.items())
    return client.post(address, data=data, content_type=FORM, headers=RU)


def seen(client: FlaskClient, address: str, language: str = "ru") -> str:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return " ".join(answer.text.replace("\xa0", " ").split())


def test_the_page_says_what_is_paid_and_how_much_as_people_write_it(world: World, client: FlaskClient) -> None:
    text = seen(client, link(world, client))
    assert "25 000,00 ₽" in text
    assert "Договор № 9 &lt;b&gt;" in text
    assert "Оплатить картой" in text
    assert "Оплатить по СБП" in text
    assert '<input type="checkbox" name="save" value="yes">' in text  # not ticked
    assert "25,000.00" in seen(client, link(world, client), "en")


def test_a_card_that_may_not_be_kept_is_paid_with_by_a_click_without_the_tick(
    world: World, client: FlaskClient
) -> None:
    world.bank.start_script = ["misconfigured"]
    address = link(world, client)
    text = " ".join(click(client, address, method="card", save="yes").text.split())
    assert "Заплатите без галочки" in text
    assert '<input type="checkbox" name="save" value="yes">' in text  # not ticked
    assert click(client, address, method="card").location == f"https://bank.example/{last(world).order_number}"


@pytest.mark.parametrize(
    ("languages", "word"),
    [
        ("en-GB,ru;q=0.5", "Payment"),
        ("ru-RU,en;q=0.9", "Оплата"),
        ("de,en;q=0.7,ru;q=0.3", "Payment"),
        ("en;q=0,ru;q=0.1", "Оплата"),
        ("de", "Оплата"),
        ("", "Оплата"),
    ],
)
def test_the_page_speaks_the_language_that_the_browser_puts_first(
    world: World, client: FlaskClient, languages: str, word: str
) -> None:
    assert f"<h1>{word}</h1>" in seen(client, link(world, client), languages)


def test_the_button_says_where_it_leads(world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(world.bank), "page_words", Words("Оплатить из кошелька", "Pay from a purse"))
    assert "Оплатить из кошелька" in seen(client, link(world, client))


@pytest.mark.parametrize("token", ["x", "MQ.forged", "WzFd"])
def test_a_link_that_was_not_made_here_leads_nowhere(world: World, client: FlaskClient, token: str) -> None:
    link(world, client)
    assert client.get(f"/pay/{token}").status_code == 404
    assert client.post(f"/pay/{token}", data="method=card", content_type=FORM).status_code == 404


def test_any_changed_letter_of_a_link_leads_nowhere(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    changed = [
        address[:place] + ("A" if address[place] != "A" else "B") + address[place + 1 :]
        for place in range(len("/pay/"), len(address))
    ]
    letters = f"{ascii_letters}{digits}-_=."
    changed += [address[:-1] + letter for letter in letters if letter != address[-1]]
    changed += [address + letter for letter in letters]
    assert [one for one in changed if client.get(one).status_code != 404] == []
    assert client.get(address).status_code == 200


def test_a_link_never_leads_to_the_charge_that_a_restored_database_has_under_its_id(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client)
    assert client.get(address).status_code == 200
    with world.database.write() as session:  # what the copy had not seen is gone, and its id is given out again
        session.get_one(Charge, 1).key = "sum:D_10"
    assert client.get(address).status_code == 404
    assert client.post(f"{address}/withdraw", data="", content_type=FORM).status_code == 404


def test_a_click_leads_to_the_acquirers_page_and_back_it_says_paid(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    answer = click(client, address, method="card")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"https://bank.example/{last(world).order_number}")
    assert "form-action 'self' https:" in answer.headers["Content-Security-Policy"].split("; ")
    assert world.bank.pages[last(world).order_number].return_url == f"https://pay.example{address}?back=1"
    assert "Продолжить оплату" in seen(client, address)
    world.bank.becomes(last(world).order_number, "paid")
    assert "Оплачено 31 января 2026 г., 12:00. Спасибо!" in seen(client, f"{address}?back=1")
    assert "Оплатить" not in seen(client, address)


def paid(world: World, client: FlaskClient, save: str = "", **changes: Any) -> str:
    """The address of a payment that was made by card."""
    address = link(world, client, **changes)
    click(client, address, method="card", save=save)
    world.bank.becomes(last(world).order_number, "paid")
    seen(client, f"{address}?back=1")
    return address


def test_what_was_given_back_is_said_beside_what_was_paid(world: World, client: FlaskClient) -> None:
    address = paid(world, client)
    charge_id = last(world).charge_id
    assert "Возвра" not in seen(client, address)
    world.bank.refund_script = ["paid", "declined", "lost_before"]
    world.charging.refunds.refund(charge_id, 500_000)
    given_back = "Возвращено 5 000,00 ₽ 31 января 2026 г. Деньги придут на карту или счёт в срок вашего банка."
    text = seen(client, address)
    assert given_back in text
    assert "оформляется" not in text
    assert "Спасибо" not in text
    world.charging.refunds.refund(charge_id, 200_000)  # declined: nothing of it is on its way
    assert "2 000,00 ₽" not in seen(client, address)
    world.charging.refunds.refund(charge_id, 300_000)
    text = seen(client, address)
    assert given_back in text
    assert "Возврат 3 000,00 ₽ оформляется." in text
    assert "5,000.00 was given back on January 31, 2026." in seen(client, address, "en")


def test_going_back_and_clicking_again_places_no_second_order(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    first = click(client, address, method="card").headers["Location"]
    assert click(client, address, method="card").headers["Location"] == first
    assert len(world.bank.pages) == 1
    world.bank.becomes(last(world).order_number, "paid")
    assert click(client, address, method="card").headers["Location"] == f"https://pay.example{address}?back=1"
    assert "Оплачено" in seen(client, address)
    assert click(client, address, method="sbp").status_code == 303
    assert world.money() == [2_500_000]


def test_a_click_that_did_not_reach_the_bank_says_so(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    world.bank.start_script = ["refused"]
    answer = click(client, address, method="card")
    assert "Банк сейчас не принял оплату: деньги не списаны" in answer.text
    assert "Оплатить картой" in answer.text
    assert click(client, address, method="card").headers["Location"].startswith("https://bank.example/")


def test_where_nothing_can_be_paid_now_there_is_no_button_and_the_number_stays_in_sight(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client)
    world.terminals().configure(world.portal_id, "bank", "main", RECEIPTS)  # and nobody has asked for an e-mail
    text = click(client, address, method="card").text
    assert "По ссылке сейчас нельзя заплатить" in text
    assert "Платёж № 1" in text
    assert "<button" not in text
    world.bank.start_script = ["misconfigured"]
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')
    text = click(client, address, method="card").text
    assert "По ссылке сейчас нельзя заплатить" in text
    assert "Оплата по ссылке сейчас недоступна" not in text  # once is enough


def test_a_payment_that_is_owed_no_more_has_no_button(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    services = client.application.extensions["services"]
    services.charging = Charging(
        world.database, world.vault, world.gateways, world.clock, is_owed=lambda _session, _charge: False
    )
    text = seen(client, address)
    assert "Этот платёж уже оплачен другим способом" in text
    assert "<button" not in text
    assert "made in another way" in seen(client, address, "en")


def test_a_cancelled_payment_has_no_button_and_a_click_from_a_page_still_open_leads_back_to_it(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client)
    world.charging.cancelling.cancel(1)
    text = seen(client, address)
    assert "Компания отменила этот платёж" in text
    assert "<button" not in text
    assert click(client, address, method="card").status_code == 303
    assert world.bank.pages == {}
    assert "has cancelled this payment" in seen(client, address, "en")


def test_the_payments_number_is_on_every_page(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    assert "Платёж № 1" in seen(client, address)
    assert "Payment No. 1" in seen(client, address, "en")
    click(client, address, method="card")
    assert "Платёж № 1" in seen(client, address)
    world.bank.look_up_script = ["lost"]
    assert "Платёж № 1" in seen(client, f"{address}?back=1")
    world.bank.becomes(last(world).order_number, "paid")
    assert "Платёж № 1" in seen(client, f"{address}?back=1")


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [("card", "sbp", "Оплата картой уже начата"), ("sbp", "card", "Оплата по СБП уже начата")],
)
def test_a_click_never_opens_the_other_way_to_pay(
    world: World, client: FlaskClient, first: str, second: str, said: str
) -> None:
    address = link(world, client)
    world.bank.can_void = False
    click(client, address, method=first)
    answer = click(client, address, method=second)
    assert answer.status_code == 200
    assert said in answer.text
    assert len(world.attempts()) == 1
    assert click(client, address, method=first).status_code == 303


def test_sbp_is_a_picture_and_a_link_that_renew_themselves(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    answer = click(client, address, method="sbp")
    assert answer.headers["Location"] == f"https://pay.example{address}"
    text = seen(client, address)
    assert 'src="data:image/svg+xml' in text
    assert f'href="https://qr.example/{last(world).order_number}"' in text
    assert '<meta http-equiv="refresh"' in text


def test_the_tick_keeps_the_words_and_where_they_were_read(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card", save="yes")
    world.bank.becomes(last(world).order_number, "paid")
    text = seen(client, f"{address}?back=1")
    with world.database.read() as session:
        consent = session.scalars(select(Consent).where(Consent.customer == "C_9")).one()
    assert "Договор № 9 <b>" in consent.words
    assert consent.evidence["page"] == address
    assert consent.evidence["address"] == "127.0.0.1"
    assert "Отозвать согласие" in text
    certificate = read_certificate(world.database, last(world).charge_id)
    assert certificate is not None
    assert [one.words for one in certificate.consents] == [consent.words]


def test_words_that_changed_while_the_page_was_open_are_read_again_before_anything_is_kept(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client)
    (read,) = re.findall('name="read" value="([0-9a-f]+)"', seen(client, address))
    with world.database.write() as session:
        session.get_one(Charge, 1).later_limit = 100_000
    answer = click(client, address, method="card", save="yes", read=read)
    assert answer.status_code == 200
    assert "условия согласия изменились" in answer.text
    assert world.attempts() == []
    (read,) = re.findall('name="read" value="([0-9a-f]+)"', answer.text)
    assert click(client, address, method="card", save="yes", read=read).status_code == 303
    assert "не больше" in last(world).consent_given["words"]


def test_behind_a_balancer_the_evidence_keeps_what_the_header_claims_beside_what_the_socket_says(
    world: World, client: FlaskClient
) -> None:
    def evidence(claim: str | None) -> dict[str, str]:
        headers = RU if claim is None else RU | {"X-Forwarded-For": claim}
        address = link(world, client, key=f"sum:{claim}")
        client.post(address, data="method=card&save=yes", content_type=FORM, headers=headers)
        return ConsentGiven.model_validate(last(world).consent_given).evidence

    behind = evidence("203.0.113.7, 198.51.100.2")
    assert (behind["address"], behind["forwarded_for"]) == ("127.0.0.1", "203.0.113.7, 198.51.100.2")
    forged = evidence("6.6.6.6, " * 100 + "203.0.113.7")["forwarded_for"]
    assert len(forged) == 300
    assert forged.endswith(", 203.0.113.7")  # what the balancer itself has added stands last
    assert "forwarded_for" not in evidence(None)


def test_a_limit_that_was_asked_for_is_in_the_words_and_holds_later_charges(world: World, client: FlaskClient) -> None:
    later = Limit(Money(3_000_000, "RUB"), "month")
    address = link(world, client, later=later)
    assert "не больше 30 000,00 ₽ в месяц, в сроки" in seen(client, address)
    assert "30,000.00 a month, at the times agreed" in seen(client, address, "en")
    click(client, address, method="card", save="yes")
    world.bank.becomes(last(world).order_number, "paid")
    seen(client, f"{address}?back=1")
    assert world.again(customer="C_9").status == "succeeded"
    assert world.refused(customer="C_9", key="due:D_7").code == "consent_limit"


def test_the_consent_is_taken_back_where_it_was_given(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card", save="yes")
    world.bank.becomes(last(world).order_number, "paid")
    seen(client, f"{address}?back=1")
    assert "автоматические списания с карты •• 7777" in seen(client, address)
    assert "charges of the card •• 7777" in seen(client, address, "en")
    assert "Согласие отозвано" not in seen(client, address)
    assert click(client, f"{address}/withdraw").status_code == 303
    assert "Отозвать согласие" not in seen(client, address)
    assert "Согласие отозвано: автоматических списаний с карты •• 7777 больше не будет." in seen(client, address)
    assert world.refused(customer="C_9").code == "no_consent"


def test_a_consent_to_the_same_card_behind_another_link_is_not_called_withdrawn(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.billing.bank.StoredCard", lambda *_: StoredCard("the-card", "**** 7777", "2030-01"))
    first = paid(world, client, save="yes")
    click(client, f"{first}/withdraw")
    world.clock.forward(minutes=1)
    second = link(world, client, key="sum:D_10")
    click(client, second, method="card", save="yes")
    world.bank.becomes(last(world).order_number, "paid")
    assert "Отозвать согласие" in seen(client, f"{second}?back=1")
    assert "Согласие отозвано" not in seen(client, first)


def test_a_tick_is_shown_when_the_client_comes_back_and_can_be_taken_off(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card", save="yes")
    text = seen(client, address)
    assert "Карта будет сохранена для автоплатежей." in text
    assert "Оплатить без сохранения карты" in text
    click(client, address, method="card")
    assert not world.bank.pages[last(world).order_number].save_card
    assert len(world.bank.voided) == 1
    text = seen(client, address)
    assert "Карта будет сохранена" not in text
    assert "без сохранения" not in text


def test_an_account_that_is_kept_is_not_called_a_card(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="sbp", save="yes")
    text = seen(client, address)
    assert "Счёт будет сохранён для автоплатежей." in text
    assert "Оплатить без сохранения счёта" in text
    assert "Карта будет" not in text


def test_what_has_begun_may_be_finished_while_nothing_new_can_begin(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card")
    with world.database.write() as session:
        session.scalars(select(Terminal)).one().state = "stopped"
    text = seen(client, address)
    assert "Продолжить оплату" in text
    assert "Проверить оплату" in text
    assert "недоступна" not in text


def name_payee(world: World, payee: str) -> None:
    world.terminals().configure(world.portal_id, "bank", "main", world.credentials, payee=payee)


def test_the_page_names_whom_the_client_pays_and_so_do_the_words_they_agree_to(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client)
    for language in ("ru", "en"):
        text = seen(client, address, language)
        assert not [one for one in ("олучатель", "aid to") if one in text]
    name_payee(world, "ООО «Ромашка», ИНН 7707083893")
    text = seen(client, address)
    assert "Получатель: ООО «Ромашка», ИНН 7707083893</p>" in text
    assert "договору «Договор № 9 &lt;b&gt;» (получатель: ООО «Ромашка», ИНН 7707083893) — в суммах" in text
    text = seen(client, address, "en")
    assert "Paid to: ООО «Ромашка», ИНН 7707083893</p>" in text
    assert "(paid to: ООО «Ромашка», ИНН 7707083893) to be charged to it without me" in text
    name_payee(world, "")
    assert "олучатель" not in seen(client, address)


def test_a_payee_that_looks_like_html_is_shown_as_it_was_typed(world: World, client: FlaskClient) -> None:
    name_payee(world, '<b onclick="x">{limit}</b>')
    text = seen(client, link(world, client))
    assert text.count("&lt;b onclick=&#34;x&#34;&gt;{limit}&lt;/b&gt;") == 2
    assert "<b " not in text


def test_a_consent_keeps_the_payee_that_its_client_read(world: World, client: FlaskClient) -> None:
    def kept(address: str) -> str:
        click(client, address, method="card", save="yes")
        return ConsentGiven.model_validate(last(world).consent_given).words

    nameless = kept(link(world, client))
    name_payee(world, "ООО «Ромашка»")
    named = kept(link(world, client, key="sum:D_10"))
    assert nameless == named.replace(" (получатель: ООО «Ромашка»)", "")
    name_payee(world, "ИП Иванов")
    words = [ConsentGiven.model_validate(attempt.consent_given).words for attempt in world.attempts()]
    assert words == [nameless, named]


def test_a_paid_page_still_says_who_was_paid(world: World, client: FlaskClient) -> None:
    name_payee(world, "ООО «Ромашка»")
    address = paid(world, client)
    assert "Получатель: ООО «Ромашка»" in seen(client, address)
    assert "Paid to: ООО «Ромашка»" in seen(client, address, "en")


def test_what_nobody_has_described_is_said_in_the_clients_language_and_is_no_contract_they_consent_to(
    world: World, client: FlaskClient
) -> None:
    address = link(world, client, description="", document="D_9")
    for language, called, neutral in (
        ("ru", "Оплата по сделке 9", "платежи этой компании —"),
        ("en", "Payment for deal 9", "payments to this company to be charged"),
    ):
        text = seen(client, address, language)
        assert f'<p class="subject">{called}</p>' in text
        assert neutral in text
    click(client, address, method="card", save="yes")
    assert "платежи этой компании" in ConsentGiven.model_validate(last(world).consent_given).words


@pytest.mark.parametrize("code", ["D_9", "T412_15"])
def test_a_code_of_the_crm_is_no_subject(world: World, client: FlaskClient, code: str) -> None:
    address = link(world, client, description=code, document="D_9")
    for language, neutral in (("ru", "платежи этой компании —"), ("en", "payments to this company to be charged")):
        text = seen(client, address, language)
        assert neutral in text
        assert f"«{code}»" not in text
        assert 'class="subject"' not in text
    assert "Необязательно:" in seen(client, address)
    click(client, address, method="card", save="yes")
    kept = ConsentGiven.model_validate(last(world).consent_given)
    assert "платежи этой компании" in kept.words
    assert kept.text_version == VERSION


def test_a_paid_page_says_where_the_receipt_goes_or_that_it_may_be_closed(world: World, client: FlaskClient) -> None:
    assert "Страницу можно закрыть." in seen(client, paid(world, client))
    world.terminals().configure(world.portal_id, "bank", "main", RECEIPTS)
    text = seen(client, paid(world, client, key="sum:D_10", receipt_email="ivan@example.com"))
    assert "Чек придёт на ivan@example.com." in text
    assert "Страницу можно закрыть." not in text
    with world.database.write() as session:
        session.scalars(select(ReceiptRow)).one().state = "failed"
    assert "Чек" not in seen(client, link(world, client, key="sum:D_10", receipt_email="ivan@example.com"))


def test_without_the_tick_nothing_is_saved(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card")
    assert not world.bank.pages[last(world).order_number].save_card


def test_a_refusal_of_the_bank_is_said_in_words(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    click(client, address, method="card")
    world.bank.becomes(last(world).order_number, "declined:funds")
    text = seen(client, f"{address}?back=1")
    assert "На карте недостаточно средств, деньги не списаны. Пополните её" in text
    assert "Оплатить картой" in text


def test_an_unknown_way_to_pay_is_refused(world: World, client: FlaskClient) -> None:
    assert click(client, link(world, client), method="cash").status_code == 400
    assert world.attempts() == []


def test_a_stopped_terminal_is_told_plainly(world: World, client: FlaskClient) -> None:
    address = link(world, client)
    world.bank.start_script = ["misconfigured"]
    click(client, address, method="card")
    assert "Оплата по ссылке сейчас недоступна" in seen(client, address)


def test_nothing_of_the_link_is_kept_by_browsers_or_told_to_others(world: World, client: FlaskClient) -> None:
    headers = client.get(link(world, client)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://pay.example"},
        {"Origin": "https://pay.example:8443"},
        {"Origin": "https://pay.example.evil.example"},
        {"Origin": "https://pay.example:x"},
        {"Origin": "https://pay.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},  # another host of the same company
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_button_on_somebody_elses_page_pays_and_withdraws_nothing(
    world: World, client: FlaskClient, sent: dict[str, str]
) -> None:
    address = link(world, client)
    for door in (address, f"{address}/withdraw"):
        answer = client.post(door, data="method=card&save=yes", content_type=FORM, headers=RU | sent)
        assert answer.status_code == 403
        assert "пришёл не с нашей страницы" in answer.text
        assert "Откройте ссылку на оплату ещё раз" in answer.text
    english = client.post(address, data="method=card", content_type=FORM, headers={"Accept-Language": "en"} | sent)
    assert "Open the link of the payment again" in english.text
    assert world.attempts() == []
    assert world.bank.pages == {}


@pytest.mark.parametrize(
    "sent",
    [
        {},  # a browser too old to say
        {"Origin": "https://pay.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://PAY.example:443"},
        {"Origin": "http://localhost"},  # the host that the request itself was made to
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},  # our own page: its referrer policy hides even itself
        {"Origin": "null"},  # the same, of a browser too old for the other header
        {"Origin": "null", "Sec-Fetch-Site": "none"},  # sent again by hand
    ],
)
def test_a_button_on_our_own_page_works_in_every_browser(
    world: World, client: FlaskClient, sent: dict[str, str]
) -> None:
    address = link(world, client)
    assert client.post(address, data="method=card", content_type=FORM, headers=RU | sent).status_code == 303
    assert len(world.attempts()) == 1


@pytest.mark.parametrize(
    ("public_url", "allowed"),
    [
        ("https://pay.example", "'self' https:"),
        ("http://127.0.0.1:8080", "'self' https: http://127.0.0.1:* http://localhost:*"),
    ],
)
def test_the_form_leads_to_us_and_to_https_and_to_this_machine_only_where_all_is_played_on_it(
    world: World, client: FlaskClient, public_url: str, allowed: str
) -> None:
    address = link(world, client)
    client.application.extensions["services"].settings.public_url = public_url
    assert f"form-action {allowed}" in client.get(address).headers["Content-Security-Policy"].split("; ")

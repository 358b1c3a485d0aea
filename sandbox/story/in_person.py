"""The chapters in which a client pays in person: a card is saved and charged a month later, a part given back; SBP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from sandbox.story.client import Client
from sandbox.story.scene import DEAL, Scene
from sandbox.story.service import Service
from sandbox.story.table import Chapter

TEST_CARD = {"pan": "2200770239097761", "expiry": "12/30", "cvc": "123"}
PICTURE = "data:image/svg+xml"
BANK = "/acquirers/tbank"
PAYEE = "ООО «Ромашка», ИНН 7707083893"


class Subscriber:
    """A client with a deal of 12 000,00 a month, and what became of their payments."""

    title = "Абонемент"

    def __init__(self, scene: Scene, service: Service) -> None:
        self._scene = scene
        self._service = service
        self._company = scene.company("ООО «Первый раз»")
        self._deal = scene.add(DEAL, title=self.title, opportunity="12000.00", companyId=self._company)

    def pays_the_first_time(self) -> Chapter:
        """A link, a consent that is not ticked beforehand, the bank's page: paid, and the card is saved."""
        chapter = Chapter("Клиент платит по ссылке на странице банка и разрешает списания: карта сохранена")
        _give_terminal(self._scene, self._service)
        link = _link(self._scene, self._service, self._company, self._deal, "12000.00", self.title)
        client = Client()
        page = client.open(link)
        chapter.expect("на странице сумма, как её пишут люди", "12\u00a0000,00\u00a0₽" in page.text, True)
        chapter.expect("клиент видит, кому платит", PAYEE in page.text, True)
        chapter.expect("согласие на списания не отмечено заранее", "checked" in page.text, False)
        page = client.press("method", "card", save="yes")
        chapter.expect("клиент на странице банка", BANK in page.address, True)
        page = client.press("do", "pay", **TEST_CARD)
        chapter.expect("банк вернул клиента, страница говорит «Оплачено»", "Оплачено" in page.text, True)
        self._scene.wait(lambda: bool(self._cards()), "сохранённую карту")
        chapter.happened("Оплата по ссылке", self._document, "\n".join(["12 000,00 ₽ картой", *self._cards()]))
        chapter.expect("карту можно списывать", ["with consent" in one for one in self._cards()], [True])
        page = client.open(link)
        chapter.expect("вернувшись, второй раз не заплатить", [one for one in page.forms if one.fields], [])
        chapter.expect("деньги взяты один раз", self._moved(), [1200000])
        return chapter

    def pays_every_month(self) -> Chapter:
        """The agreed sum is taken of the saved card on the agreed day, and not before."""
        chapter = Chapter("Через месяц сервис сам списывает с сохранённой карты")
        card = self._cards()[0].split()[0]
        day = _in_a_month(self._scene)
        self._command(
            "begin", "--customer", f"CO_{self._company}", "--document", f"D_{self._deal}", "--card", card,
            "--amount", "12000.00", "--first-date", day, "--description", self.title,
        )  # fmt: skip
        chapter.expect("до этого дня ничего не списано", self._moved(), [1200000])
        self._scene.control.post("/clock", months=1)
        self._scene.wait(lambda: len(self._moved()) == 2, f"списание {day}")
        chapter.happened(
            "Автоматический платёж", self._document, f"12 000,00 ₽ с карты клиента, {date.fromisoformat(day):%d.%m.%Y}"
        )
        chapter.expect("в свой день списано один раз", self._moved(), [1200000, 1200000])
        self._scene.wait(lambda: "next on" in self._command("list"), "следующий день подписки")
        return chapter

    def gets_money_back(self) -> Chapter:
        """A part of the first payment is given back, and its certificate tells everything that happened."""
        chapter = Chapter("Часть денег возвращена клиенту, справка о списании показывает всё")
        charge = self._charge()
        said = self._service.command("charges", "refund", charge, "--amount", "2000.00")
        chapter.happened("Возврат", self._document, said.strip())
        chapter.expect("банк вернул 2 000,00 ₽", self._moved(), [1200000, 1200000, -200000])
        certificate = self._service.command("charges", "show", charge)
        chapter.show(f"flask --app wsgi charges show {charge}", certificate)
        chapter.expect("в справке есть возврат", "Refund" in certificate, True)
        chapter.expect("в справке есть согласие клиента", "Consent" in certificate, True)
        kept = self._service.ground.folder / f"charge-{charge}.json"
        kept.write_text(self._service.command("charges", "show", "--json", charge), encoding="utf-8")
        chapter.expect("справка проверена сама по себе", self._service.complaint("charges", "verify", str(kept)), "")
        chapter.expect("книга проводок сходится", self._service.complaint("ledger", "check"), "")
        return chapter

    @property
    def _document(self) -> str:
        return f"Сделка «{self.title}»"

    def _cards(self) -> list[str]:
        """The client's cards, a line each."""
        command = ("cards", "list", "--portal", self._scene.member_id, "--customer", f"CO_{self._company}")
        return self._service.command(*command).splitlines()

    def _command(self, verb: str, *words: str) -> str:
        return self._service.command("subscriptions", verb, "--portal", self._scene.member_id, *words)

    def _charge(self) -> str:
        """The id of the client's first charge."""
        charges = self._service.command("charges", "list", "--portal", self._scene.member_id).splitlines()
        return next(one.split()[0] for one in reversed(charges) if f"CO_{self._company}" in one.split())

    def _moved(self) -> list[int]:
        return _money(self._scene, self.title)


def pays_by_sbp(scene: Scene, service: Service) -> Chapter:
    """A QR code as a picture; the payer's bank opens it, and the page learns of the payment."""
    chapter = Chapter("Оплата по СБП: QR-код картинкой и ссылкой")
    title = "Доставка мебели"
    company = scene.company("Мария Орлова")
    deal = scene.add(DEAL, title=title, opportunity="3500.00", companyId=company)
    client = Client()
    client.open(_link(scene, service, company, deal, "3500.00", title))
    page = client.press("method", "sbp")
    (picture,) = page.pictures
    kept = service.ground.folder / "sbp-qr.svg"
    kept.write_text(unquote(picture.partition(",")[2]), encoding="utf-8")
    chapter.expect("QR-код показан картинкой", picture.startswith(PICTURE), True)
    chapter.happened("QR-код СБП", f"Сделка «{title}»", str(kept))
    payer = Client()
    payer.open(next(link for link in page.links if BANK in link))
    payer.press("do", "pay")
    scene.wait(lambda: "Оплачено" in client.open(f"{page.address}?back=1").text, "оплату по СБП")
    chapter.expect("страница узнала об оплате", "Оплачено" in client.page.text, True)
    chapter.expect("деньги взяты один раз", _money(scene, title), [350000])
    return chapter


def left_to_pay(scene: Scene, service: Service) -> str:
    """The address of a payment for whoever plays the story to pay."""
    title = "Попробуйте сами: абонемент"
    company = scene.company("ООО «Проба»")
    deal = scene.add(DEAL, title=title, opportunity="990.00", companyId=company)
    return _link(scene, service, company, deal, "990.00", title)


def _give_terminal(scene: Scene, service: Service) -> None:
    credentials = f'{{"terminal_key": "{TERMINAL}", "password": "{PASSWORD}"}}'
    service.command(
        "gateways", "configure", "--portal", scene.member_id, "--gateway", "tbank", "--credentials", credentials,
        "--payee", PAYEE,
    )  # fmt: skip


def _in_a_month(scene: Scene) -> str:
    """The day to which the clock comes when it is moved a month forward; the story never stands at a month's end."""
    today = date.fromisoformat(scene.control.get("/clock")["now"][:10])
    return (today.replace(day=1) + timedelta(days=31)).replace(day=today.day).isoformat()


def _link(scene: Scene, service: Service, company: int, deal: int, amount: str, title: str) -> str:
    """The address where a client pays; the operator's command prints it last."""
    said = service.command(
        "charges", "link", "--portal", scene.member_id, "--customer", f"CO_{company}", "--document", f"D_{deal}",
        "--amount", amount, "--description", title, "--gateway", "tbank",
    )  # fmt: skip
    return said.splitlines()[-1]


def _money(scene: Scene, description: str) -> list[int]:
    """What the bank really moved for orders of this description, in kopecks; below zero what it gave back."""
    bank: dict[str, Any] = scene.control.get(BANK)
    numbers = {one["id"] for one in bank["orders"] if one["description"] == description}
    return [
        one["amount"] if one["kind"] == "charge" else -one["amount"]
        for one in bank["operations"]
        if one["order_id"] in numbers
    ]

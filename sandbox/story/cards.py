"""The last chapters of the story: saved cards, charged once, declined and explained, thought about by the bank."""

from __future__ import annotations

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP
from sandbox.story.scene import DEAL, Scene
from sandbox.story.service import Service
from sandbox.story.table import Chapter

CHARGE_STAGE, PAID_STAGE = "FINAL_INVOICE", "WON"
PAYING_CARD, SLOW_CARD = "card_4242_paid", "card_0077_pending"
POOR_CARD, LOST_CARD = "card_0051_insufficient_funds_then_paid", "card_0041_lost_card"
CARDS_HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
CONSENT_AT = "2026-01-10T09:00:00Z"


def charged_once(scene: Scene, service: Service) -> Chapter:
    """The same call sent twice and the deal sent to the stage again: one movement of money."""
    chapter = Chapter("Списание с сохранённой карты: сколько бы раз ни пришёл вызов, деньги взяты один раз")
    _give_terminal(scene, service)
    scene.put_robot("charge_saved_card", CHARGE_STAGE)
    deal = _deal(scene, service, "Обслуживание, январь", "ООО «Полный кошелёк»", PAYING_CARD)
    scene.post("/faults", name="doubled_together", match="charge_saved_card", times=1)
    scene.move(deal, CHARGE_STAGE)
    (paid,) = scene.answers_for(deal, 1)
    deliveries = scene.control.get("/deliveries", subject="charge_saved_card", member_id=scene.member_id)
    scene.move(deal, "NEW")
    scene.move(deal, CHARGE_STAGE)
    again = scene.answers_for(deal, 2)[-1]
    chapter.answered(paid, "charged_amount", "charge_id", "card_mask", "error_text", remark="вызов пришёл дважды")
    chapter.answered(again, "charged_amount", "charge_id", "error_text", remark="сделка вернулась на стадию")
    chapter.expect(
        "портал прислал вызов дважды, и оба приняты",
        [(one["attempts"], one["status"]) for one in deliveries],
        [(2, 200)],
    )
    chapter.expect(
        "деньги списаны",
        (paid.status, paid.values.get("charge_status"), paid.values.get("charged_amount")),
        ("ok", "succeeded", "25000.00"),
    )
    chapter.expect("процесс продолжен один раз", paid.answers, 1)
    chapter.expect(
        "повтор узнал первое списание",
        (again.status, again.values.get("charge_id")),
        ("skipped", paid.values.get("charge_id")),
    )
    chapter.expect("в банке одно списание с карты", _money_moved(scene, PAYING_CARD), [2500000])
    return chapter


def declined(scene: Scene, service: Service) -> Chapter:
    """A card without money: the bank's code, the reason in words, the day of the next try, and what the deal hears."""
    chapter = Chapter("Отказ банка объяснён словами, и назван день следующей попытки")
    scene.post("/triggers", code="pay_payment_received", stage=PAID_STAGE)
    deal = _deal(scene, service, "Обслуживание, февраль", "ООО «До зарплаты»", POOR_CARD)
    scene.move(deal, CHARGE_STAGE)
    (answer,) = scene.answers_for(deal, 1)
    chapter.answered(answer, "decline_code", "decline_reason", "next_attempt_date", "card_mask")
    chapter.expect(
        "отказ с кодом банка",
        (answer.status, answer.values.get("charge_status"), answer.values.get("decline_code")),
        ("failed", "declined", "insufficient_funds"),
    )
    chapter.expect("причина словами", bool(answer.values.get("decline_reason")), True)
    chapter.expect("день следующей попытки", bool(answer.values.get("next_attempt_date")), True)
    scene.wait(lambda: bool(_comments(scene, deal)), f"комментарий в сделке {deal}")
    chapter.expect("один комментарий в сделке", len(_comments(scene, deal)), 1)
    chapter.expect("с карты ничего не списано", _money_moved(scene, POOR_CARD), [])
    scene.control.post("/clock", days=1)
    scene.wait(lambda: bool(_money_moved(scene, POOR_CARD)), "вторую попытку на следующий день")
    chapter.happened("Вторая попытка", "Сделка «Обслуживание, февраль»", "на следующий день деньги на карте были")
    chapter.expect("вторая попытка взяла деньги, один раз", _money_moved(scene, POOR_CARD), [2500000])
    scene.wait(lambda: scene.item(DEAL, deal)["stageId"] == PAID_STAGE, f"триггер «Оплата получена» в сделке {deal}")
    chapter.happened("Триггер «Оплата получена»", "Сделка «Обслуживание, февраль»", "перешла на стадию успеха")
    chapter.expect("и об оплате написано в сделке", _comments(scene, deal)[-1].startswith("Оплата получена"), True)
    return chapter


def declined_for_good(scene: Scene, service: Service) -> Chapter:
    """A card its owner has lost: the reason in words, and no further try with it."""
    chapter = Chapter("Окончательный отказ: эту карту больше не трогают, и сказано почему")
    deal = _deal(scene, service, "Обслуживание, апрель", "ООО «Растеряша»", LOST_CARD)
    scene.move(deal, CHARGE_STAGE)
    (answer,) = scene.answers_for(deal, 1)
    chapter.answered(answer, "decline_code", "decline_reason", "card_mask", "error_text")
    chapter.expect(
        "отказ с кодом и причиной словами",
        (answer.status, answer.values.get("decline_code"), bool(answer.values.get("decline_reason"))),
        ("failed", "lost_card", True),
    )
    chapter.expect("следующей попытки нет", answer.values.get("next_attempt_date") or "", "")
    return chapter


def thought_about(scene: Scene, service: Service) -> Chapter:
    """The bank takes its minute: the workflow waits for the money, and the ledger agrees with everything."""
    chapter = Chapter("Банк думает минуту: процесс ждёт, пока не станет ясно, что с деньгами")
    deal = _deal(scene, service, "Обслуживание, март", "ООО «Не спеша»", SLOW_CARD)
    scene.move(deal, CHARGE_STAGE)
    scene.wait(lambda: "pending" in _charge_statuses(scene), "списание, которое банк ещё обрабатывает")
    chapter.expect("пока банк думает, денег он не взял", _money_moved(scene, SLOW_CARD), [])
    scene.control.post("/clock", seconds=60)
    (answer,) = scene.answers_for(deal, 1)
    chapter.answered(answer, "charged_amount", "charge_id", "card_mask", "error_text")
    chapter.expect("банк решил, и процесс продолжен", answer.values.get("charge_status"), "succeeded")
    chapter.expect("списано один раз", _money_moved(scene, SLOW_CARD), [2500000])
    scene.wait(lambda: len(_notices(scene)) >= 4, "уведомления банка")
    chapter.expect("уведомления банка приняты с первого раза", set(_notices(scene)), {(1, 200)})
    chapter.expect("книга проводок сходится (ledger check)", service.complaint("ledger", "check"), "")
    return chapter


def _give_terminal(scene: Scene, service: Service) -> None:
    """What an operator does once: the service gets the acquirer's credentials, the acquirer the service's webhook."""
    credentials = f'{{"shop": "{DEMO_SHOP}", "secret": "{DEMO_SECRET}"}}'
    said = service.command(
        "gateways", "configure", "--portal", scene.member_id, "--gateway", "sandbox", "--credentials", credentials
    )
    address = said.partition("Webhook address: ")[2].split()[0]
    scene.control.post("/acquirer", webhooks={DEMO_SHOP: {"url": address, "secret": DEMO_SECRET}})


def _deal(scene: Scene, service: Service, title: str, client: str, token: str) -> int:
    """A deal of 25 000,00 with a new client, whose card with its consent the operator brings in a file."""
    company = scene.company(client)
    card = f'sandbox,CO_{company},{token},**** {token[5:9]},2030-12,,{CONSENT_AT},"Договор {company} от 10.01.2026"'
    cards = service.ground.folder / "cards.csv"
    cards.write_text(f"{CARDS_HEADER}\n{card}\n", encoding="utf-8")
    service.command("cards", "import", "--portal", scene.member_id, str(cards))
    return scene.add(DEAL, title=title, opportunity="25000.00", companyId=company)


def _money_moved(scene: Scene, token: str) -> list[int]:
    operations = scene.control.get("/acquirer")["operations"]
    return [one["amount"] for one in operations if one["token"] == token]


def _comments(scene: Scene, deal: int) -> list[str]:
    return [one["text"] for one in scene.get("/comments") if one["entity_type"] == "deal" and one["entity_id"] == deal]


def _charge_statuses(scene: Scene) -> list[str]:
    return [one["status"] for one in scene.control.get("/acquirer")["charges"]]


def _notices(scene: Scene) -> list[tuple[int, int | None]]:
    """Attempt and answer of every notice the acquirer sent."""
    return [(one["attempt"], one["status"]) for one in scene.control.get("/acquirer")["notices"]]

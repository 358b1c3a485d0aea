"""The chapters of the story, in the order docs/story.md tells them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP
from sandbox.story.scene import COMPANY, DEAL, INVOICE, Answer, Scene
from sandbox.story.service import Service
from sandbox.story.table import Chapter

TODAY = "2026-01-15T09:00:00Z"
SPLIT_STAGE, PLAN_STAGE, LEASE_STAGE, CHARGE_STAGE = "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE"
PAYING_CARD, POOR_CARD = "card_4242_paid", "card_0051_insufficient_funds"
CODES = [
    "advance_next_payment_date",
    "build_payment_schedule",
    "charge_saved_card",
    "deduct_from_debt",
    "split_invoice",
]
CARDS = """\
gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source
sandbox,CO_{paying},card_4242_paid,**** 4242,2030-12,,2026-01-10T09:00:00Z,"Договор 15 от 10.01.2026"
sandbox,CO_{poor},card_0051_insufficient_funds,**** 0051,2030-12,,2026-01-10T09:00:00Z,"Договор 16 от 10.01.2026"
"""


def install(scene: Scene, client_id: str) -> Chapter:
    """The admin opens the app; it registers its robots and activities by itself."""
    chapter = Chapter("Администратор портала открывает приложение: оно устанавливается и приносит своих роботов")
    page = scene.post("/install", client_id=client_id)
    chapter.expect("страница установки открылась", page["status"], 200)
    scene.wait(
        lambda: len(_registered(scene, True)) >= 5 and len(_registered(scene, False)) >= 5, "регистрацию роботов"
    )
    robots, activities = _registered(scene, True), _registered(scene, False)
    chapter.happened("Установка", "Портал", f"роботов: {len(robots)}, действий: {len(activities)}")
    chapter.expect("роботы в дизайнере", sorted(robots), CODES)
    chapter.expect("те же шаги для бизнес-процессов", sorted(activities), [f"{code}_activity" for code in CODES])
    return chapter


def split(scene: Scene) -> Chapter:
    """100 000,00 in four invoices."""
    chapter = Chapter("Сделка на 100 000,00 ₽ разбита на 4 счёта")
    scene.put_robot("split_invoice", SPLIT_STAGE, parts="4", first_due_date="10.02.2026")
    deal = scene.add(
        DEAL, title="Окна в офис", opportunity="100000.00", companyId=_company(scene, "ООО «Светлые окна»")
    )
    scene.move(deal, SPLIT_STAGE)
    (answer,) = scene.answers_for(deal, 1)
    chapter.answered(answer, "part_amounts", "due_dates", "invoice_ids", "error_text")
    invoices = [one for one in scene.items(INVOICE) if one.get("parentId2") == deal]
    total = sum((Decimal(str(one["opportunity"])) for one in invoices), Decimal(0))
    chapter.expect("четыре равные части", answer.values.get("part_amounts"), ["25000.00"] * 4)
    chapter.expect(
        "раз в месяц, с выходных на рабочий день",
        _days(answer, "due_dates"),
        ["2026-02-10", "2026-03-10", "2026-04-10", "2026-05-12"],
    )
    chapter.expect("в CRM ровно четыре счёта на 100 000,00 ₽", (len(invoices), total), (4, Decimal(100000)))
    reminded = [one["owner_id"] for one in scene.get("/todos") if one["owner_type_id"] == INVOICE]
    chapter.expect("менеджеру — дело перед каждым сроком", sorted(reminded), sorted(one["id"] for one in invoices))
    return chapter


def schedule(scene: Scene) -> Chapter:
    """20 % down, the rest in three payments, to the kopeck."""
    chapter = Chapter("График платежей: первый взнос 20 %, остальное тремя платежами")
    scene.put_robot("build_payment_schedule", PLAN_STAGE, down_payment="20%", count="3", first_date="15.02.2026")
    deal = scene.add(DEAL, title="Мебель", opportunity="100000.00", companyId=_company(scene, "ООО «Уют»"))
    scene.move(deal, PLAN_STAGE)
    (answer,) = scene.answers_for(deal, 1)
    chapter.answered(answer, "row_amounts", "row_dates", "row_due_dates", "payment_ids", "error_text")
    chapter.expect(
        "взнос 20 000,00 ₽, копейки не потерялись",
        answer.values.get("row_amounts"),
        ["20000.00", "26666.67", "26666.67", "26666.66"],
    )
    chapter.expect(
        "даты по договору", _days(answer, "row_dates"), ["2026-01-15", "2026-02-15", "2026-03-15", "2026-04-15"]
    )
    chapter.expect(
        "рабочие дни оплаты", _days(answer, "row_due_dates"), ["2026-01-15", "2026-02-16", "2026-03-16", "2026-04-15"]
    )
    chapter.expect("в CRM четыре платежа", len(set(answer.values.get("payment_ids", []))), 4)
    return chapter


def lease(scene: Scene) -> Chapter:
    """Two months of a lease: the date moves on, the debt gets smaller, in the deal's own fields."""
    chapter = Chapter("Лизинг: после платежа дата переходит на следующий месяц, долг уменьшается")
    scene.put_robot("advance_next_payment_date", LEASE_STAGE, anchor_day="31")
    scene.put_robot("deduct_from_debt", LEASE_STAGE, payment_amount="50 000,00")
    date_field, debt_field = _field(scene, "NEXT_PAYMENT_DATE"), _field(scene, "DEBT")
    fields: dict[str, Any] = {date_field: "2026-01-31", debt_field: "600000.00|RUB"}
    deal = scene.add(
        DEAL, title="Лизинг автомобиля", opportunity="600000.00", companyId=_company(scene, "ООО «Автопарк»"), **fields
    )
    months = [("2026-02-28", "2026-03-02", "550000.00"), ("2026-03-31", "2026-03-31", "500000.00")]
    for number, (next_date, due_date, debt) in enumerate(months, start=1):
        scene.move(deal, LEASE_STAGE)
        advanced, deducted = scene.answers_for(deal, 2 * number)[-2:]
        chapter.answered(advanced, "next_date", "next_due_date", "error_text")
        chapter.answered(deducted, "debt_before", "debt_after", "error_text")
        chapter.expect(
            f"платёж {number}: следующая дата и её рабочий день",
            (_day(advanced.values.get("next_date")), _day(advanced.values.get("next_due_date"))),
            (next_date, due_date),
        )
        chapter.expect(f"платёж {number}: долг", deducted.values.get("debt_after"), debt)
        item = scene.item(DEAL, deal)
        chapter.expect(
            f"платёж {number}: в сделке те же дата и долг",
            (_day(item[date_field]), Decimal(str(item[debt_field]).partition("|")[0])),
            (next_date, Decimal(debt)),
        )
        scene.move(deal, "NEW")
        scene.control.post("/clock", months=1)
    return chapter


def charges(scene: Scene, service: Service) -> Chapter:
    """A saved card charged once though the call came twice, and a declined one explained."""
    chapter = Chapter("Списание с сохранённой карты: один раз, сколько бы раз ни пришёл вызов; отказ объяснён")
    paying, poor = _company(scene, "ООО «Платёжеспособность»"), _company(scene, "ООО «До зарплаты»")
    _give_cards(scene, service, paying, poor)
    scene.put_robot("charge_saved_card", CHARGE_STAGE)

    paid_deal = scene.add(DEAL, title="Обслуживание, январь", opportunity="25000.00", companyId=paying)
    scene.post("/faults", name="doubled_together", match="charge_saved_card", times=1)
    scene.move(paid_deal, CHARGE_STAGE)
    (paid,) = scene.answers_for(paid_deal, 1)
    deliveries = scene.control.get("/deliveries", subject="charge_saved_card", member_id=scene.member_id)
    scene.move(paid_deal, "NEW")
    scene.move(paid_deal, CHARGE_STAGE)
    again = scene.answers_for(paid_deal, 2)[-1]
    poor_deal = scene.add(DEAL, title="Обслуживание, февраль", opportunity="25000.00", companyId=poor)
    scene.move(poor_deal, CHARGE_STAGE)
    (declined,) = scene.answers_for(poor_deal, 1)

    chapter.answered(paid, "charged_amount", "charge_id", "card_mask", "error_text", remark="вызов пришёл дважды")
    chapter.answered(again, "charged_amount", "charge_id", "error_text", remark="сделка вернулась на стадию")
    chapter.answered(declined, "decline_code", "decline_reason", "next_attempt_date", "card_mask")
    chapter.expect(
        "деньги списаны",
        (paid.status, paid.values.get("charge_status"), paid.values.get("charged_amount")),
        ("ok", "succeeded", "25000.00"),
    )
    chapter.expect(
        "портал прислал вызов дважды, и оба приняты",
        [(one["attempts"], one["status"]) for one in deliveries],
        [(2, 200)],
    )
    chapter.expect("процесс продолжен один раз", paid.answers, 1)
    chapter.expect(
        "повтор узнал первое списание",
        (again.status, again.values.get("charge_id")),
        ("skipped", paid.values.get("charge_id")),
    )
    chapter.expect("в банке одно списание с карты", _money_moved(scene, PAYING_CARD), [2500000])
    chapter.expect(
        "отказ: код банка",
        (declined.status, declined.values.get("charge_status"), declined.values.get("decline_code")),
        ("failed", "declined", "insufficient_funds"),
    )
    chapter.expect("отказ объяснён словами", bool(declined.values.get("decline_reason")), True)
    chapter.expect("назван день следующей попытки", bool(declined.values.get("next_attempt_date")), True)
    chapter.expect("с этой карты ничего не списано", _money_moved(scene, POOR_CARD), [])
    chapter.expect("книга проводок сходится (ledger check)", service.complaint("ledger", "check"), "")
    return chapter


def _give_cards(scene: Scene, service: Service, paying: int, poor: int) -> None:
    """What an operator does once: the acquirer's credentials, then cards saved elsewhere."""
    credentials = f'{{"shop": "{DEMO_SHOP}", "secret": "{DEMO_SECRET}"}}'
    portal = ("--portal", scene.member_id)
    service.command("gateways", "configure", *portal, "--gateway", "sandbox", "--credentials", credentials)
    cards: Path = service.ground.folder / "cards.csv"
    cards.write_text(CARDS.format(paying=paying, poor=poor), encoding="utf-8")
    service.command("cards", "import", *portal, str(cards))


def _registered(scene: Scene, robot: bool) -> list[str]:
    return [one["code"] for one in scene.get("/registered") if one["robot"] is robot]


def _company(scene: Scene, title: str) -> int:
    return scene.add(COMPANY, title=title)


def _field(scene: Scene, ending: str) -> str:
    """The app's own field of deals, made when it was installed."""
    deal = scene.items(DEAL)[0]
    return next(name for name in deal if name.startswith("UF_CRM_") and name.endswith(ending))


def _days(answer: Answer, key: str) -> list[str]:
    return [_day(value) for value in answer.values.get(key, [])]


def _day(value: object) -> str:
    return str(value)[:10]


def _money_moved(scene: Scene, token: str) -> list[int]:
    operations = scene.control.get("/acquirer")["operations"]
    return [one["amount"] for one in operations if one["token"] == token]

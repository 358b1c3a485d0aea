"""The first chapters of the story, in the order docs/story.md tells them: install, split, schedule, lease."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.story.scene import DEAL, INVOICE, Answer, Scene
from sandbox.story.table import Chapter

TODAY = "2026-01-15T09:00:00Z"
SPLIT_STAGE, PLAN_STAGE, LEASE_STAGE = "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING"
CODES = [
    "advance_next_payment_date",
    "build_payment_schedule",
    "charge_saved_card",
    "deduct_from_debt",
    "recalculate_schedule",
    "split_invoice",
]


def install(scene: Scene, client_id: str) -> Chapter:
    """The admin opens the app; it registers its robots and activities by itself."""
    chapter = Chapter("Администратор портала открывает приложение: оно устанавливается и приносит своих роботов")
    page = scene.post("/install", client_id=client_id)
    chapter.expect("страница установки открылась", page["status"], 200)
    scene.wait(
        lambda: len(_registered(scene, True)) == len(_registered(scene, False)) == len(CODES), "регистрацию роботов"
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
    deal = scene.add(DEAL, title="Окна в офис", opportunity="100000.00", companyId=scene.company("ООО «Светлые окна»"))
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
    """20 % down, the rest in three payments, to the kopeck; then half of the rest is paid early."""
    chapter = Chapter("График платежей: первый взнос 20 %, остальное тремя платежами, потом досрочное погашение")
    scene.put_robot("build_payment_schedule", PLAN_STAGE, down_payment="20%", count="3", first_date="15.02.2026")
    deal = scene.add(DEAL, title="Мебель", opportunity="100000.00", companyId=scene.company("ООО «Уют»"))
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
    payments = answer.values.get("payment_ids", [])
    chapter.expect("в CRM четыре платежа", len(set(payments)), 4)
    kind = next(one["entityTypeId"] for one in scene.get("/types") if one["title"] == "Платежи")
    scene.pay(kind, payments[0])
    scene.start("recalculate_schedule", deal, repayment_amount="40 000,00", mode="reduce_payment")
    recalculated = scene.answers_for(deal, 2)[-1]
    chapter.answered(recalculated, "row_amounts", "row_dates", "error_text")
    chapter.expect(
        "после 40 000,00 ₽ досрочно те же даты, платежи вдвое меньше",
        (recalculated.values.get("row_amounts"), _days(recalculated, "row_dates")),
        (["13333.34", "13333.33", "13333.33"], _days(answer, "row_dates")[1:]),
    )
    return chapter


def lease(scene: Scene) -> Chapter:
    """Two months of a lease: the date moves on, the debt gets smaller, in the deal's own fields."""
    chapter = Chapter("Лизинг: после платежа дата переходит на следующий месяц, долг уменьшается")
    scene.put_robot("advance_next_payment_date", LEASE_STAGE, anchor_day="31")
    scene.put_robot("deduct_from_debt", LEASE_STAGE, payment_amount="50 000,00")
    date_field, debt_field = _field(scene, "NEXT_PAYMENT_DATE"), _field(scene, "DEBT")
    fields: dict[str, Any] = {date_field: "2026-01-31", debt_field: "600000.00|RUB"}
    deal = scene.add(
        DEAL, title="Лизинг автомобиля", opportunity="600000.00", companyId=scene.company("ООО «Автопарк»"), **fields
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


def _registered(scene: Scene, robot: bool) -> list[str]:
    return [one["code"] for one in scene.get("/registered") if one["robot"] is robot]


def _field(scene: Scene, ending: str) -> str:
    """The app's own field of deals, made when it was installed."""
    deal = scene.items(DEAL)[0]
    return next(name for name in deal if name.startswith("UF_CRM_") and name.endswith(ending))


def _days(answer: Answer, key: str) -> list[str]:
    return [_day(value) for value in answer.values.get(key, [])]


def _day(value: object) -> str:
    return str(value)[:10]

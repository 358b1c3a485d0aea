"""Recalculate schedule in a portal: the document's own schedule, what is paid of it, and its items in the CRM."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.service import RunningService

DEAL = 2


def build(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    wish = {"count": "4", "first_date": "02.11.2026", "remind_days_before": "no", **properties}
    return service.run("build_payment_schedule", DEAL, deal, **wish)


def recalculate(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    wish = {"repayment_date": "15.10.2026", "remind_days_before": "no", **properties}
    return service.run("recalculate_schedule", DEAL, deal, **wish)


def stage_of(service: RunningService, semantics: str) -> str:
    stages = service.portal.get("/stages", entityTypeId=service.row.fields["payments_type"])
    return next(str(one["stage"]) for one in stages if one["semantics"] == semantics)


def stages_of(service: RunningService, ids: list[int]) -> set[str]:
    kind = service.row.fields["payments_type"]
    return {str(service.portal.item(kind, item)["stageId"]) for item in ids}


def test_the_rows_that_remain_are_shown_anew_and_the_old_ones_retired(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Станок", opportunity="400.00")
    built = build(service, deal)
    result = recalculate(service, deal, repayment_amount="100", mode="reduce_payment")
    assert result["result_status"] == "ok"
    assert result["row_amounts"] == ["75.00"] * 4
    assert result["row_dates"] == built["row_dates"]
    assert result["schedule_id"] != built["schedule_id"]
    assert set(result["payment_ids"]).isdisjoint(built["payment_ids"])
    assert stages_of(service, built["payment_ids"]) == {stage_of(service, "F")}
    assert stage_of(service, "F") not in stages_of(service, result["payment_ids"])


def test_a_payment_put_on_the_stage_of_success_is_paid(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Пресс", opportunity="400.00")
    built = build(service, deal)
    success = stage_of(service, "S")
    service.portal.move(service.row.fields["payments_type"], built["payment_ids"][0], success)
    result = recalculate(service, deal, repayment_amount="150", repayment_date="10.11.2026", mode="shorten_term")
    assert result["row_amounts"] == ["100.00", "50.00"]
    assert result["row_dates"] == built["row_dates"][1:3]
    assert stages_of(service, built["payment_ids"][:1]) == {success}


def test_the_same_repayment_is_not_counted_twice(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Кран", opportunity="400.00")
    build(service, deal)
    first = recalculate(service, deal, repayment_amount="100", mode="reduce_payment")
    second = recalculate(service, deal, repayment_amount="100,00", mode="reduce_payment")
    assert (second["result_status"], second["error_code"]) == ("skipped", "already_recalculated")
    assert (second["schedule_id"], second["row_amounts"]) == (first["schedule_id"], first["row_amounts"])
    third = recalculate(service, deal, repayment_amount="100", repayment_date="16.10.2026", mode="reduce_payment")
    assert third["row_amounts"] == ["50.00"] * 4


def test_a_lost_answer_leaves_one_set_of_payments(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Потери", opportunity="400.00")
    built = build(service, deal)
    service.portal.fault("lost_after", match="crm.item.add", times=1)
    result = recalculate(service, deal, repayment_amount="100", mode="reduce_payment")
    kind = service.row.fields["payments_type"]
    shown = [one["id"] for one in service.portal.items(kind) if one.get("parentId2") == deal]
    assert sorted(shown) == sorted(built["payment_ids"] + result["payment_ids"])


def test_a_preview_is_what_saving_makes_and_leaves_nothing_behind(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Проба", opportunity="100000.00")
    build(service, deal, plan="annuity", annual_rate="18", count="6")
    wish = {"repayment_amount": "40000", "mode": "shorten_term"}
    preview = recalculate(service, deal, **wish, save="N")
    saved = recalculate(service, deal, **wish)
    kept = {"schedule_id", "payment_ids"}
    assert {name: preview[name] for name in preview.keys() - kept} == {
        name: saved[name] for name in saved.keys() - kept
    }
    assert preview["payment_ids"] in ([], "")
    assert sum(map(Decimal, saved["row_principal"])) < 60_000 + 40_000 * Decimal("0.18")


def test_a_second_repayment_within_a_period_bears_its_own_days_of_it(service: RunningService) -> None:
    """2, 12 and 22 October, 2 November: ten, ten and eleven days of 31, a month being 1 %."""
    deal = service.portal.add(DEAL, title="Дважды", opportunity="100000.00")
    build(service, deal, plan="annuity", annual_rate="12", day_count="equal", start_date="02.10.2026")
    left = Decimal(100_000)
    for day in ("12.10.2026", "22.10.2026"):
        left += (left * 10 / 3100).quantize(Decimal("0.01"), ROUND_HALF_UP) - 20_000
        result = recalculate(service, deal, repayment_amount="20000", repayment_date=day, mode="reduce_payment")
        assert sum(map(Decimal, result["row_principal"])) == left
    assert Decimal(result["row_interest"][0]) == (left * 11 / 3100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_schedule_that_is_not_there_is_refused(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Пусто", opportunity="400.00")
    for named in ({}, {"schedule": "999999"}):
        result = recalculate(service, deal, repayment_amount="100", mode="reduce_payment", **named)
        assert (result["result_status"], result["error_code"]) == ("failed", "schedule_missing")


def test_a_schedule_that_replaces_the_unpaid_is_about_what_is_not_paid(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Замена", opportunity="400.00")
    built = build(service, deal)
    service.portal.move(service.row.fields["payments_type"], built["payment_ids"][0], stage_of(service, "S"))
    replaced = build(service, deal, count="2", on_existing="replace_unpaid")
    assert replaced["row_amounts"] == ["150.00", "150.00"]
    assert stages_of(service, built["payment_ids"][1:]) == {stage_of(service, "F")}

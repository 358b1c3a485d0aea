"""Build payment schedule in a portal: rows kept and shown as Payments, one schedule a document."""

from typing import Any

from tests.service import RunningService

DEAL = 2


def build(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    return service.run("build_payment_schedule", DEAL, deal, **{"remind_days_before": "no", **properties})


def payments_of(service: RunningService, deal: int) -> list[dict[str, Any]]:
    kind = service.row.fields.get("payments_type")
    if kind is None:  # the first schedule that is saved makes it
        return []
    return [one for one in service.portal.items(kind) if one.get("parentId2") == deal]


def test_rows_become_items_of_the_smart_process_payments(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Мебель", opportunity="100000.00")
    result = build(service, deal, down_payment="20%", count="3", first_date="15.02.2027")
    shown = payments_of(service, deal)
    assert result["result_status"] == "ok"
    assert result["row_amounts"] == ["20000.00", "26666.67", "26666.67", "26666.66"]
    assert sorted(one["id"] for one in shown) == sorted(result["payment_ids"])
    assert sorted(one["closedate"][:10] for one in shown) == sorted(result["row_due_dates"])
    assert result["payments_count"] == 3


def test_a_second_schedule_is_not_built_unless_replacing_is_chosen(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Кухня", opportunity="300.00")
    first = build(service, deal, count="3")
    kept = build(service, deal, count="2")
    assert (kept["result_status"], kept["error_code"]) == ("skipped", "schedule_exists")
    assert kept["schedule_id"] == first["schedule_id"]
    replaced = build(service, deal, count="2", on_existing="replace_unpaid")
    assert replaced["result_status"] == "ok"
    assert replaced["row_amounts"] == ["150.00", "150.00"]


def test_a_lost_answer_makes_no_second_payment(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Потери", opportunity="300.00")
    service.portal.fault("lost_after", match="crm.item.add", times=1)
    assert build(service, deal, count="3")["result_status"] == "ok"
    assert len(payments_of(service, deal)) == 3


def test_a_preview_leaves_nothing_behind(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Проба", opportunity="300.00")
    result = build(service, deal, count="3", save="N")
    assert (result["schedule_id"], result["payment_ids"]) in ((0, []), ("", []), ("", ""))
    assert result["row_amounts"] == ["100.00", "100.00", "100.00"]
    assert payments_of(service, deal) == []


def test_own_rows_that_do_not_make_the_sum_are_refused(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Свои", opportunity="300.00")
    result = build(service, deal, plan="custom", custom_rows="31.01.2027 100\n28.02.2027 150")
    assert result["result_status"] == "failed"
    assert "50.00" in result["error_text"]

"""Charge saved card for a deal with a schedule: each run takes the earliest unpaid payment whose day has come, once."""

from datetime import timedelta
from typing import Any

from tests.in_portal.test_charge_saved_card import charge, client_with_card, deal_of, receipt_kind, shop, taken
from tests.outside import eventually
from tests.service import RunningService

__all__ = ["shop"]  # the fixture of a terminal

DEAL = 2


def deal_in_parts(service: RunningService, contact: int, first_date: str, count: int = 3) -> tuple[int, dict[str, Any]]:
    """A deal of 100, 200 and 300 roubles, a payment a month."""
    day, month, year = first_date.split(".")
    sums = [100 * number for number in range(1, count + 1)]
    deal = deal_of(service, contact, f"{sum(sums)}.00")
    rows = "\n".join(f"{day}.{int(month) + later:02}.{year} {amount}" for later, amount in enumerate(sums))
    built = service.run("build_payment_schedule", DEAL, deal, plan="custom", custom_rows=rows, remind_days_before="no")
    return deal, built


def put_on_success(service: RunningService, item: int) -> None:
    kind = service.row.fields["payments_type"]
    stages = service.portal.get("/stages", entityTypeId=kind)
    service.portal.move(kind, item, next(str(one["stage"]) for one in stages if one["semantics"] == "S"))


def a_month_passes(service: RunningService) -> None:
    before = service.built.now()
    service.outside.forward(days=32)
    assert eventually(lambda: service.built.now() > before + timedelta(days=31), 10)


def outcome(result: dict[str, Any]) -> tuple[str, str, str]:
    return result["result_status"], result["error_code"], result["charged_amount"]


def test_what_people_have_put_on_the_stage_of_success_is_not_charged(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal, built = deal_in_parts(service, contact, "01.09.2026", count=2)
    put_on_success(service, built["payment_ids"][0])
    named = charge(service, deal, due_date="01.09.2026")
    assert outcome(named) == ("skipped", "paid_already", "")
    assert named["charge_status"] == "skipped"
    assert outcome(charge(service, deal)) == ("ok", "", "200.00")
    assert len(taken(service, mask)) == 1


def test_a_schedule_that_is_paid_leaves_nothing_to_charge(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal, built = deal_in_parts(service, contact, "01.09.2026", count=1)
    put_on_success(service, built["payment_ids"][0])
    for wish in ({}, {"amount": "100"}, {"payment_key": "september"}):
        assert outcome(charge(service, deal, **wish)) == ("skipped", "paid_already", "")
    assert taken(service, mask) == []
    assert outcome(charge(service, deal, payment_key="extra", amount="7")) == ("ok", "", "7.00")


def test_a_payment_charged_as_its_own_item_is_not_charged_again_for_the_deal(service: RunningService) -> None:
    contact, mask = client_with_card(service, "paid")
    deal, built = deal_in_parts(service, contact, "01.09.2026", count=2)
    process = service.row.fields["payments_type"]
    item = service.run("charge_saved_card", process, built["payment_ids"][0], customer=f"C_{contact}")
    assert outcome(item) == ("ok", "", "100.00")
    assert outcome(charge(service, deal)) == ("ok", "", "200.00")
    assert len(taken(service, mask)) == 2


def test_a_charged_payment_is_paid_when_the_schedule_is_recalculated(service: RunningService) -> None:
    contact, _ = client_with_card(service, "paid")
    deal, built = deal_in_parts(service, contact, "01.10.2026")
    assert outcome(charge(service, deal)) == ("ok", "", "100.00")
    wish = {"repayment_amount": "300", "repayment_date": "10.10.2026", "mode": "shorten_term"}
    done = service.run("recalculate_schedule", DEAL, deal, remind_days_before="no", **wish)
    assert (done["row_amounts"], done["row_dates"]) == (["200.00"], built["row_dates"][1:2])


def test_each_month_takes_its_payment_and_a_second_click_none(service: RunningService) -> None:
    """Last, for it moves the clock."""
    contact, mask = client_with_card(service, "paid")
    deal, _ = deal_in_parts(service, contact, "01.10.2026")
    ids = []
    for number in range(1, 4):
        first, second = charge(service, deal), charge(service, deal)
        assert outcome(first) == ("ok", "", f"{number}00.00")
        assert outcome(second) == ("skipped", "already_charged", f"{number}00.00")
        assert second["charge_id"] == first["charge_id"]
        assert receipt_kind(service, int(first["charge_id"])) == "instalment"
        ids.append(first["charge_id"])
        a_month_passes(service)
    assert len(set(ids)) == 3
    late = charge(service, deal)
    assert (*outcome(late), late["charge_id"]) == ("skipped", "already_charged", "300.00", ids[-1])
    assert len(taken(service, mask)) == 3

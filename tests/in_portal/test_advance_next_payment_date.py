"""Advance next payment date in a portal: the deal's own field moves on, once for each period."""

from datetime import date
from typing import Any

from tests.service import RunningService

DEAL = 2
FIELD = "UF_CRM_PAY_NEXT_PAYMENT_DATE"


def lease(service: RunningService, day: str) -> int:
    return service.portal.add(DEAL, None, title="Лизинг", opportunity="1000.00", **{FIELD: day})


def held(service: RunningService, deal: int) -> str:
    return str(service.portal.item(DEAL, deal)[FIELD] or "")[:10]


def advance(service: RunningService, deal: int, **properties: object) -> dict[str, Any]:
    return service.run("advance_next_payment_date", DEAL, deal, **properties)


def test_the_deals_own_field_moves_to_the_next_month(service: RunningService) -> None:
    deal = lease(service, "2027-01-31")
    result = advance(service, deal)
    assert (result["next_date"], result["next_due_date"]) == ("2027-02-28", "2027-03-01")
    assert held(service, deal) == "2027-02-28"
    assert advance(service, deal, anchor_day="31")["next_date"] == "2027-03-31"
    assert held(service, deal) == "2027-03-31"


def test_the_same_period_a_second_time_is_skipped(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    advance(service, deal, current_date="15.01.2027")
    second = advance(service, deal, current_date="15.01.2027")
    assert (second["result_status"], second["error_code"]) == ("skipped", "already_advanced")
    assert second["next_date"] == "2027-02-15"
    assert held(service, deal) == "2027-02-15"


def test_one_payment_key_moves_the_date_once(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    advance(service, deal, payment_key="p-1")
    assert advance(service, deal, payment_key="p-1")["result_status"] == "skipped"
    assert held(service, deal) == "2027-02-15"


def test_a_stop_empties_the_field_and_names_the_reason(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    result = advance(service, deal, debt="0")
    assert (result["stop_reason"], result["next_date"]) == ("debt_cleared", "")
    assert held(service, deal) == ""


def test_a_lost_answer_of_the_write_moves_the_date_once(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    service.portal.fault("lost_after", match="crm.item.update", times=1)
    assert advance(service, deal)["result_status"] == "ok"
    assert held(service, deal) == "2027-02-15"


def test_a_move_whose_call_ended_unheard_is_not_made_again_under_its_key(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    service.portal.fault("lost_after", match="crm.item.update", times=1)
    properties = {"payment_key": "p-2"}
    template = service.portal.define(
        [{"code": "advance_next_payment_date", "name": "Step", "properties": properties}], entityTypeId=DEAL
    )
    workflow = service.portal.start(template, deal, entityTypeId=DEAL)
    assert service.wait_call_state(workflow, "waiting")
    service.cancel(workflow)
    second = advance(service, deal, payment_key="p-2")
    assert (second["result_status"], second["error_code"]) == ("skipped", "already_advanced")
    assert second["next_date"] == held(service, deal) == "2027-02-15"


def test_without_a_date_anywhere_the_user_reads_what_to_fill_in(service: RunningService) -> None:
    deal = service.portal.add(DEAL, title="Пусто")
    result = advance(service, deal)
    assert (result["result_status"], result["error_code"]) == ("failed", "current_date_missing")


def test_a_calculation_without_writing_leaves_the_deal_alone(service: RunningService) -> None:
    deal = lease(service, "2027-01-15")
    assert advance(service, deal, update_document="N")["next_date"] == "2027-02-15"
    assert date.fromisoformat(held(service, deal)) == date(2027, 1, 15)

"""Robots and activities, called where they were registered: right answers, once each, and what the CRM holds after."""

from decimal import Decimal
from typing import Any

import pytest

from tests.foreign.crm import COMPANY, CONTACT, DEAL, INVOICE
from tests.foreign.world import World
from tests.outside import eventually

ROBOTS = {
    "split_invoice",
    "build_payment_schedule",
    "advance_next_payment_date",
    "deduct_from_debt",
    "charge_saved_card",
}
PAYMENTS = "DYNAMIC_177"


def document(kind: str, number: int) -> list[str]:
    classes = {"DEAL": "CCrmDocumentDeal", "CONTACT": "CCrmDocumentContact", "COMPANY": "CCrmDocumentCompany"}
    inner = {"SMART_INVOICE": "SmartInvoice"}.get(kind, "Dynamic")
    return ["crm", classes.get(kind, f"Bitrix\\Crm\\Integration\\BizProc\\Document\\{inner}"), f"{kind}_{number}"]


def run_once(world: World, code: str, where: list[str], **properties: Any) -> dict[str, Any]:
    body = world.bitrix.call(code, where, properties)
    assert world.bitrix.deliver(body)[0] == 200
    result = world.answer(body)
    assert world.wait_state(body, "delivered"), world.state(body)
    assert world.bitrix.steps[body["event_token"]].sends == 1
    assert (result["result_status"], result["error_code"]) == ("ok", ""), result
    return result


def field(world: World, kind: int, number: int, name: str) -> str:
    return str(world.bitrix.crm.items[kind][number].get(f"UF_CRM_PAY_{name}"))


def invoices_of(world: World, deal: int) -> list[tuple[Decimal, str]]:
    """Sum and day of the invoices that were made for a deal."""
    found = [one for one in world.bitrix.crm.items[INVOICE].values() if str(one.get("parentId2")) == str(deal)]
    return [(Decimal(str(one["opportunity"])), one["closedate"]) for one in found]


def test_each_robot_is_registered_with_its_activity_and_a_form_that_can_be_drawn(world: World) -> None:
    registered = world.bitrix.registered
    assert {code for code, one in registered.items() if one["robot"]} >= ROBOTS
    assert {code for code, one in registered.items() if not one["robot"]} >= {f"{code}_activity" for code in ROBOTS}
    for code, one in registered.items():
        assert one["HANDLER"] == f"{world.address}/bitrix24/activities"
        assert one["USE_SUBSCRIPTION"] == "Y"
        assert str(one["AUTH_USER_ID"]) == "1"
        assert all(one["NAME"][language].strip() for language in ("ru", "en")), code
        assert {"result_status", "error_code", "error_text"} <= set(one["RETURN_PROPERTIES"])
        lowered = [key.lower() for key in (*one["PROPERTIES"], *one["RETURN_PROPERTIES"])]
        assert len(lowered) == len(set(lowered)), code  # the settings form lowers names: none may meet another
        for form in one["PROPERTIES"].values():
            assert {"ru", "en"} <= set(form["Name"])
            if form["Type"] == "select" and form.get("Default"):
                assert form["Default"] in form["Options"]


def test_a_deal_is_split_into_three_invoices(world: World) -> None:
    """100000.00 / 3 leaves one kopeck: the first part takes it. 31.01 and 28.02.2027 are Sundays, paid on Mondays;
    31.03.2027 is a Wednesday."""
    deal = world.bitrix.crm.make(DEAL, title="Поставка", opportunity=100000, contactIds=[77])
    first = world.date("2027-01-31")
    result = run_once(world, "split_invoice", document("DEAL", deal), parts="3", first_due_date=first)
    assert result["part_amounts"] == ["33333.34", "33333.33", "33333.33"]
    assert result["due_dates"] == ["2027-02-01", "2027-03-01", "2027-03-31"]
    assert str(result["parts_count"]) == "3"
    assert len(set(result["invoice_ids"])) == 3
    sums = [Decimal("33333.34"), Decimal("33333.33"), Decimal("33333.33")]
    assert invoices_of(world, deal) == list(zip(sums, result["due_dates"], strict=True))


def test_the_activity_splits_another_item_by_shares(world: World) -> None:
    """A contact's process names a deal: half, three tenths and a fifth of 100000 are whole."""
    deal = world.bitrix.crm.make(DEAL, title="Проект", opportunity=1)
    contact = world.bitrix.crm.make(CONTACT, name="Анна")
    properties = {"item": f"D_{deal}", "amount": "100000|RUB", "shares": "50%, 30%, 20%", "parts": ""}
    result = run_once(world, "split_invoice_activity", document("CONTACT", contact), **properties)
    assert result["part_amounts"] == ["50000.00", "30000.00", "20000.00"]
    assert sum(amount for amount, _ in invoices_of(world, deal)) == 100000


def test_a_schedule_with_a_fifth_down_has_its_rows_in_the_crm(world: World) -> None:
    """20 % of 100000 are 20000 at once; 80000 / 3 leaves two kopecks for the first two. 15.11.2026 is a Sunday."""
    deal = world.bitrix.crm.make(DEAL, title="Рассрочка", opportunity="5", contactIds=[77])
    result = run_once(
        world,
        "build_payment_schedule",
        document("DEAL", deal),
        amount="100 000,00",
        down_payment="20%",
        count="3",
        start_date=world.date("2026-10-15"),
    )
    assert result["row_amounts"] == ["20000.00", "26666.67", "26666.67", "26666.66"]
    assert result["row_dates"] == ["2026-10-15", "2026-11-15", "2026-12-15", "2027-01-15"]
    assert result["row_due_dates"] == ["2026-10-15", "2026-11-16", "2026-12-15", "2027-01-15"]
    assert str(result["payments_count"]) == "3"
    kind = next(int(one["entityTypeId"]) for one in world.bitrix.crm.types if str(one["entityTypeId"]) != "177")
    rows = [world.bitrix.crm.items[kind][int(number)] for number in result["payment_ids"]]
    assert [Decimal(str(row["opportunity"])) for row in rows] == [Decimal(one) for one in result["row_amounts"]]
    assert {str(row["parentId2"]) for row in rows} == {str(deal)}


def test_the_activity_counts_an_annuity_for_an_item_of_a_smart_process(world: World) -> None:
    """1 % a month: 1000 * 1.0201 / 0.0201 = 50751.2437..., up to whole hundreds 50800. Interest 1000.00, so 49800 of
    principal; then 1 % of 50200 = 502.00; the last row pays off 50200 + 502 = 50702.00."""
    if not any(str(one["entityTypeId"]) == "177" for one in world.bitrix.crm.types):
        world.bitrix.crm.type_add({"fields": {"title": "Договоры", "entityTypeId": 177}})
    contract = world.bitrix.crm.make(177, title="Договор", opportunity="100000.00")
    properties = {
        "plan": "annuity",
        "annual_rate": "12",
        "count": "2",
        "day_count": "equal",
        "rounding_unit": "100",
        "save": "N",
    }
    where = document(PAYMENTS, contract)
    result = run_once(world, "build_payment_schedule_activity", where, **properties)
    assert result["row_amounts"] == ["50800.00", "50702.00"]
    assert result["row_interest"] == ["1000.00", "502.00"]
    assert result["row_balance"] == ["50200.00", "0.00"]
    assert result["total_interest"] == "1502.00"


def test_the_next_payment_date_is_written_back(world: World) -> None:
    """February has no 31st: the 28th, a Sunday, to be paid on Monday the 1st of March."""
    deal = world.bitrix.crm.make(DEAL, title="Аренда")
    where = document("DEAL", deal)
    result = run_once(world, "advance_next_payment_date", where, current_date=world.date("2027-01-31"))
    assert (result["next_date"], result["next_due_date"], result["stop_reason"]) == ("2027-02-28", "2027-03-01", "none")
    assert field(world, DEAL, deal, "NEXT_PAYMENT_DATE") == "2027-02-28"


def test_the_activity_goes_on_from_the_field_with_the_day_agreed(world: World) -> None:
    """The field holds 28.02; the 31st was agreed: 31.03.2027, a Wednesday."""
    company = world.bitrix.crm.make(COMPANY, title="Ромашка", UF_CRM_PAY_NEXT_PAYMENT_DATE="2027-02-28")
    where = document("COMPANY", company)
    result = run_once(world, "advance_next_payment_date_activity", where, anchor_day="31")
    assert (result["next_date"], result["next_due_date"]) == ("2027-03-31", "2027-03-31")
    assert field(world, COMPANY, company, "NEXT_PAYMENT_DATE") == "2027-03-31"


def test_a_payment_reduces_the_debt_in_the_crm(world: World) -> None:
    """600000 - 50000.50 = 549999.50."""
    deal = world.bitrix.crm.make(DEAL, title="Долг", UF_CRM_PAY_DEBT="600000|RUB")
    result = run_once(world, "deduct_from_debt", document("DEAL", deal), payment_amount="50000.50|RUB")
    assert (result["debt_before"], result["debt_after"]) == ("600000.00", "549999.50")
    amount, currency = field(world, DEAL, deal, "DEBT").split("|")
    assert (Decimal(amount), currency) == (Decimal("549999.50"), "RUB")


def test_the_activity_pays_interest_before_principal(world: World) -> None:
    """1200.50: first the interest of 1000, then 200.50 of the 5000; 4799.50 are left of 6000 together."""
    contact = world.bitrix.crm.make(CONTACT, name="Пётр")
    properties = {"debt": "5 000,00", "interest": "1000", "payment_amount": "1 200,50"}
    result = run_once(world, "deduct_from_debt_activity", document("CONTACT", contact), **properties)
    assert (result["debt_before"], result["debt_after"]) == ("6000.00", "4799.50")
    assert (result["applied_interest"], result["applied_principal"]) == ("1000.00", "200.50")


@pytest.mark.parametrize("code", ["charge_saved_card", "charge_saved_card_activity"])
def test_a_saved_card_is_charged_once(world: World, code: str) -> None:
    contact = world.bitrix.crm.make(CONTACT, name="Клиент")
    digits = world.save_card(contact)
    if code == "charge_saved_card":
        deal = world.bitrix.crm.make(DEAL, title="Абонемент", opportunity="750.00", contactIds=[contact])
        result = run_once(world, code, document("DEAL", deal))
    else:
        result = run_once(world, code, document("CONTACT", contact), amount="750,00")
    assert (result["charge_status"], result["charged_amount"]) == ("succeeded", "750.00")
    assert result["card_mask"].endswith(digits)
    assert len(world.taken(digits)) == 1


def test_a_token_that_expired_is_renewed_and_the_answer_still_comes_once(world: World) -> None:
    deal = world.bitrix.crm.make(DEAL, title="Позже", UF_CRM_PAY_DEBT="100|RUB")
    before = world.bitrix.refreshed
    world.bitrix.expire()
    result = run_once(world, "deduct_from_debt", document("DEAL", deal), payment_amount="40")
    assert result["debt_after"] == "60.00"
    assert eventually(lambda: world.bitrix.refreshed == before + 1)

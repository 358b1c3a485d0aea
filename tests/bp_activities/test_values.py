"""Values as portals send them: read where they can be, else refused with the field's name and the value."""

import re
from datetime import date

import pytest

from bp_activities._catalogue import catalogue, robot_of
from bp_activities._declaration import Form
from bp_activities._values import lines_of, read_binding, read_yes
from calculations.dates_text import Culture
from calculations.refusal import Refusal
from schemas.binding import Binding
from schemas.declaration import Words

LABEL = Words("Сумма", "Amount")


def form_of(code: str, culture: Culture = Culture.day_month_year, /, **properties: object) -> Form:
    robot = robot_of(code)
    assert robot
    return robot.read(properties, culture)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("one", ["one"]),
        (["one"], ["one"]),
        (["one", "", None, "two"], ["one", "two"]),
        ({"0": "one", "2": "two"}, ["one", "two"]),
        ("", []),
        (None, []),
        (True, ["Y"]),
        (4, ["4"]),
    ],
)
def test_a_property_comes_as_one_value_a_list_or_a_map(sent: object, read: list[str]) -> None:
    assert lines_of(sent, LABEL) == read


def test_a_list_inside_a_list_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        lines_of([["one"]], LABEL)
    assert refusal.value.code == "not_a_value"


@pytest.mark.parametrize("text", ["{=Document:UF_CRM_GONE}", "сумма {=Variable:X} рублей", "{=A1_2_3_4:amount}"])
def test_an_unresolved_expression_is_named_with_its_field(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        form_of("split_invoice", amount=text)
    assert refusal.value.code == "unresolved_expression"
    assert "«Сумма»" in refusal.value.ru
    assert "{=" in refusal.value.ru
    assert "“Amount”" in refusal.value.en


@pytest.mark.parametrize(("text", "meant"), [("Y", True), ("1", True), ("да", True), ("N", False), ("false", False)])
def test_yes_and_no_come_in_many_words(text: str, meant: bool) -> None:
    assert read_yes(text, LABEL) is meant


@pytest.mark.parametrize("text", ["D_5", "DEAL_5", "T412_15", "DYNAMIC_1042_15"])
def test_a_crm_item_is_named_in_both_manners(text: str) -> None:
    assert read_binding(text, LABEL) in (Binding(2, 5), Binding(1042, 15))


def test_a_date_is_read_in_the_portals_own_order() -> None:
    american = form_of("advance_next_payment_date", Culture.month_day_year, current_date="09/25/2026")
    russian = form_of("advance_next_payment_date", current_date="25.09.2026")
    assert american == russian
    with pytest.raises(Refusal):
        form_of("advance_next_payment_date", current_date="09/25/2026")


def test_a_choice_is_a_key_or_its_title_in_any_case() -> None:
    keys = form_of("split_invoice", period="month", shift="none")
    assert form_of("split_invoice", period="Месяц", shift="DO NOT SHIFT") == keys


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"parts": "1"}, "out_of_range"),
        ({"parts": "121"}, "out_of_range"),
        ({"parts": "2,5"}, "bad_number"),
        ({"parts": "сто"}, "bad_number"),
        ({"parts": "٤"}, "bad_number"),
        ({"parts": "12,000"}, "bad_number"),
        ({"parts": "12.000"}, "bad_number"),
        ({"parts": "99999999999"}, "out_of_range"),
        ({"parts": ["2", "3"]}, "one_value_expected"),
        ({"period": "fortnight"}, "bad_choice"),
        ({"item": "5"}, "bad_binding"),
        ({"first_due_date": "31.02.2027"}, "date_impossible"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code(properties: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        form_of("split_invoice", Culture.day_month_year, **properties)
    assert refusal.value.code == code
    assert "Поле «" in refusal.value.ru


def test_an_emptied_form_means_the_defaults() -> None:
    emptied = dict.fromkeys(("parts", "period", "source_invoice", "remind_days_before", "shift"), "")
    assert form_of("split_invoice", Culture.day_month_year, **emptied) == form_of("split_invoice")


def test_numbers_with_spaces_and_trailing_zeros_are_whole() -> None:
    assert form_of("split_invoice", parts=" 1 2 ") == form_of("split_invoice", parts="12.00")
    assert form_of("split_invoice", parts="12,0000") == form_of("split_invoice", parts="12")


@pytest.mark.parametrize("text", ["1.000", "12,000", "120.000"])
def test_a_count_whose_separator_may_be_of_thousands_is_refused_with_both_readings(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        form_of("build_payment_schedule", count=text)
    assert refusal.value.code == "bad_number"
    thousands, whole = re.sub("[.,]", "", text), re.split("[.,]", text)[0]
    assert f"как {thousands}, и как {whole}:" in refusal.value.ru
    assert f"{thousands} or {whole}:" in refusal.value.en


@pytest.mark.parametrize(
    ("code", "key", "most"),
    [("split_invoice", "parts", 120), ("build_payment_schedule", "count", 1200), ("split_invoice", "every", 1200)],
)
def test_a_number_too_long_is_answered_with_the_bounds_of_its_field(code: str, key: str, most: int) -> None:
    with pytest.raises(Refusal) as refusal:
        form_of(code, **{key: "99999999999"})
    assert refusal.value.code == "out_of_range"
    assert f"до {most}" in refusal.value.ru
    assert f"to {most}" in refusal.value.en


def test_every_whole_number_of_a_form_has_both_bounds() -> None:
    for robot in catalogue().values():
        for name, one in robot.declaration.properties.items():
            if one.type == "int":
                with pytest.raises(Refusal) as refusal:
                    robot.read({"mode": "reduce_payment", name: "9" * 30}, Culture.day_month_year)
                assert refusal.value.code == "out_of_range", (robot.code, name)


def test_a_field_the_form_does_not_know_is_left_alone() -> None:
    assert form_of("split_invoice", colour="red") == form_of("split_invoice")


def test_the_date_of_today_is_not_part_of_a_form() -> None:
    assert not any(isinstance(value, date) for value in vars(form_of("split_invoice")).values())

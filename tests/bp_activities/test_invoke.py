"""Robots without a portal: the command prints the result as JSON and a bad line never ends the stream."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from holidays.countries.russia import RussiaStaticHolidays

from bp_activities.__main__ import answered, answered_lines, main

ROOT = Path(__file__).parent.parent.parent


def stream(*lines: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answered_lines(io.StringIO("\n".join(lines) + "\n"))]


def invoke(code: str, today: str = "2026-10-01", **properties: object) -> dict[str, Any]:
    return dict(answered(code, properties, today).values)


def test_a_split_shows_sums_dates_and_count_as_the_contract_says() -> None:
    result = invoke("split_invoice", amount="100 000,00", parts="3", first_due_date="31.01.2028", shift="none")
    assert result["result_status"] == "ok"
    assert result["part_amounts"] == ["33333.34", "33333.33", "33333.33"]
    assert result["due_dates"] == ["2028-01-31", "2028-02-29", "2028-03-31"]
    assert result["parts_count"] == 3
    assert result["invoice_ids"] == []


def test_without_a_first_date_the_first_part_is_due_a_period_from_today() -> None:
    result = invoke("split_invoice", today="31.01.2027", amount="10", shift="none")
    assert result["due_dates"] == ["2027-02-28", "2027-03-31"]


def test_a_charge_tried_out_takes_nothing() -> None:
    result = invoke("charge_saved_card", amount="100", customer="C_5")
    assert (result["result_status"], result["error_code"]) == ("skipped", "effects_off")
    assert result["charge_status"] == "skipped"


def test_a_refusal_has_every_result_key_and_a_sentence() -> None:
    result = invoke("split_invoice")
    assert (result["result_status"], result["error_code"]) == ("failed", "amount_missing")
    assert "Сумма" in result["error_text"]
    assert result["part_amounts"] == []
    assert set(result) == set(invoke("split_invoice", amount="10"))


@pytest.mark.parametrize("down_payment", ["десять", "10|USD", "1,200", "1001%%"])
def test_a_down_payment_that_is_none_is_refused_by_its_field(down_payment: str) -> None:
    result = invoke("build_payment_schedule", amount="100", down_payment=down_payment)
    assert result["result_status"] == "failed"
    assert f"«Первый взнос», получено «{down_payment}»" in result["error_text"]


@pytest.mark.parametrize(
    ("code", "properties", "error", "told"),
    [
        ("split_invoice", {"amount": "1", "shares": "50%, 49%"}, "shares_not_100", "«Доли вместо числа частей»"),
        ("split_invoice", {"amount": "9", "shares": ", ".join("1" * 121)}, "out_of_range", "долей 121, а нужно от 2"),
        ("split_invoice", {"amount": "9", "shares": "100%"}, "out_of_range", "долей 1, а нужно от 2 до 120"),
        ("split_invoice", {"amount": "9", "rounding_unit": "-1"}, "unit_negative", "Округлять до -1.00 RUB"),
        ("split_invoice", {"amount": "0.01"}, "zero_part", "часть выходит нулевой: делите сумму от 0.02 RUB"),
        (
            "split_invoice",
            {"amount": "100", "rounding_unit": "1000"},
            "zero_part",
            "до 1000.00 RUB часть выходит нулевой: делите сумму от 2000.00 RUB или округляйте не крупнее 50.00 RUB",
        ),
        (
            "build_payment_schedule",
            {"amount": "9", "plan": "custom", "custom_rows": "31.01.2027 -"},
            "amount_not_understood",
            "«Свои строки», получено «31.01.2027 -»: Строка 1",
        ),
        ("split_invoice", {"amount": "9", "currency": "ZZZ"}, "currency_unknown", "Поле «Валюта», получено «ZZZ»"),
        (
            "split_invoice",
            {"amount": "9", "rounding_unit": "10 USD"},
            "currency_mismatch",
            "Поле «Округлять части до», получено «10 USD»",
        ),
        (
            "build_payment_schedule",
            {"amount": "9", "rounding_unit": "10 USD"},
            "currency_mismatch",
            "Поле «Округлять части до», получено «10 USD»",
        ),
        (
            "build_payment_schedule",
            {"amount": "9", "fee": "10 USD"},
            "currency_mismatch",
            "Поле «Комиссия при выдаче», получено «10 USD»",
        ),
        ("build_payment_schedule", {"amount": "9", "down_payment": "9"}, "down_payment_wrong", "Первый взнос 9.00 RUB"),
        (
            "build_payment_schedule",
            {"amount": "9", "period": "day", "until": "01.01.2080"},
            "too_many_parts",
            "До 2080-01-01 включительно платежей больше 12000",
        ),
        (
            "build_payment_schedule",
            {"amount": "9", "plan": "custom", "custom_rows": "31.01.2027;9"},
            "row_not_understood",
            "напишите дату, пробел и сумму, например 31.01.2027 10000",
        ),
        (
            "deduct_from_debt",
            {"payment_amount": "10", "debt": "-50", "overpayment": "reject"},
            "overpayment",
            "Платёж 10.00 RUB при долге -50.00 RUB",
        ),
        ("deduct_from_debt", {"payment_amount": "1", "debt": "1", "order": "x"}, "order_not_understood", "«Порядок"),
        ("deduct_from_debt", {"payment_amount": "1", "debt": "1", "costs": "-2"}, "bucket_negative", "«издержки»"),
        ("deduct_from_debt", {"debt": "1"}, "amount_missing", "«Сумма платежа»"),
    ],
)
def test_a_refusal_names_the_field_and_what_would_work(
    code: str, properties: dict[str, object], error: str, told: str
) -> None:
    result = answered(code, properties, "2026-10-01").values
    assert (result["result_status"], result["error_code"]) == ("failed", error)
    assert told in str(result["error_text"])


@pytest.mark.parametrize("parts", ["2", "3", "120"])
@pytest.mark.parametrize("unit", ["0", "0.01", "10", "1000"])
@pytest.mark.parametrize("amount", ["0.01", "0.02", "1", "100", "999.99"])
def test_no_count_is_offered_that_the_robot_would_refuse(amount: str, unit: str, parts: str) -> None:
    told = str(invoke("split_invoice", amount=amount, parts=parts, rounding_unit=unit)["error_text"])
    for count in re.findall(r"число частей не больше (\d+)", told):
        assert invoke("split_invoice", amount=amount, parts=count, rounding_unit=unit)["result_status"] == "ok"


def test_the_activitys_code_is_the_same_robot() -> None:
    assert invoke("split_invoice_activity", amount="10") == invoke("split_invoice", amount="10")


def test_a_stream_answers_each_line_and_survives_bad_ones() -> None:
    answers = stream(
        json.dumps({"id": 1, "code": "split_invoice", "properties": {"amount": "10"}, "today": "2027-01-31"}),
        "no json at all",
        "",
        '["a", "list"]',
        json.dumps({"id": "two", "code": "no_such_robot", "properties": {}}),
        json.dumps({"id": 3, "code": "split_invoice", "properties": "text"}),
        json.dumps({"id": 4, "code": "split_invoice", "properties": {"amount": "10"}, "today": "yesterday"}),
        json.dumps({"id": 5, "properties": {}}),
        json.dumps({"id": 6, "code": "split_invoice", "properties": {"amount": 10.5, "parts": 3}}),
    )
    assert [answer["id"] for answer in answers] == [1, None, None, "two", 3, 4, 5, 6]
    assert [answer["result"]["error_code"] for answer in answers] == [
        "",
        "bad_line",
        "bad_line",
        "unknown_robot",
        "bad_properties",
        "date_not_understood",
        "bad_line",
        "",
    ]
    assert answers[-1]["result"]["part_amounts"] == ["3.50", "3.50", "3.50"]


def test_a_sum_given_as_a_json_number_keeps_every_digit() -> None:
    [answer] = stream('{"id": 1, "code": "split_invoice", "properties": {"amount": 90071992547409.93}}')
    assert answer["result"]["part_amounts"] == ["45035996273704.97", "45035996273704.96"]


@pytest.mark.parametrize(
    "written",
    ["1.5", "1.50", "-0.0", "1e400", '[1.5, "1.5", null]', '{"а": [1.10], "b": {}}', "9" * 5000, "true", '"1.5"'],
)
def test_an_id_comes_back_as_it_was_sent(written: str) -> None:
    for code in ("split_invoice", "no_such_robot"):
        line = f'{{"id": {written}, "code": "{code}", "properties": {{"amount": "10"}}}}\n'
        [answer] = answered_lines(io.StringIO(line))
        assert answer.startswith(f'{{"id": {written}, "result": {{')
    [answer] = answered_lines(io.StringIO(f'{{"id": {written}}}\n'))
    assert answer.startswith(f'{{"id": {written}, "result": {{')


@pytest.mark.parametrize("today", ["[]", "false", "0", "{}", '"yesterday"', "true", "20261001", '"31.02.2026"'])
def test_a_today_that_is_no_date_is_refused_by_its_name(today: str) -> None:
    [answer] = stream(f'{{"id": 1, "code": "split_invoice", "properties": {{"amount": "10"}}, "today": {today}}}')
    assert answer["result"]["result_status"] == "failed"
    assert answer["result"]["error_text"].startswith("Поле «today», получено «")
    assert answer["result"]["part_amounts"] == []


@pytest.mark.parametrize("today", ["null", '""'])
def test_no_today_is_the_machines_day(today: str) -> None:
    [answer] = stream(f'{{"id": 1, "code": "split_invoice", "properties": {{"amount": "10"}}, "today": {today}}}')
    assert answer["result"]["result_status"] == "ok"


@pytest.mark.parametrize("code", ["", "no_such_robot"])
def test_a_code_that_names_no_robot_is_answered_in_a_whole_sentence(code: str) -> None:
    [answer] = stream(json.dumps({"id": 1, "code": code, "properties": {}}))
    assert answer["result"]["error_code"] == "unknown_robot"
    assert (
        answer["result"]["error_text"] == f"Робота с кодом «{code}» нет: впишите код из тех, что печатает команда list"
    )


def test_a_json_number_written_as_a_power_of_ten_is_refused_by_its_field() -> None:
    [answer] = stream('{"id": 1, "code": "split_invoice", "properties": {"amount": 1e3}}')
    assert answer["result"]["error_code"] == "amount_not_understood"
    assert "«Сумма», получено «1e3»: Сумма «1e3» записана степенью десяти" in answer["result"]["error_text"]


def test_a_number_of_thousands_of_digits_is_refused_by_its_field() -> None:
    [answer] = stream('{"id": 1, "code": "split_invoice", "properties": {"amount": ' + "9" * 5000 + "}}")
    assert (answer["id"], answer["result"]["error_code"]) == (1, "too_long")


@pytest.mark.parametrize("code", ["advance_next_payment_date", "charge_saved_card", "deduct_from_debt"])
def test_a_key_longer_than_a_database_indexes_is_refused_in_words(code: str) -> None:
    answer = invoke(code, payment_key="ж" * 501)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "too_long")
    assert "Ключ платежа" in answer["error_text"]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_line_of_broken_bytes_or_half_characters_does_not_end_the_stream(locale: str) -> None:
    lines = [
        b'\xef\xbb\xbf{"id": 0, "code": "split_invoice", "properties": {"amount": "10"}}',
        b'{"id": 1, "code": "split_invoice", "properties": {"amount": "\xff"}}',
        b'\xff\xfe{"id": 2}',
        b'{"id": "\\ud800", "code": "split_invoice", "properties": {"amount": "\\udfff"}}',
        '{"id": "четыре", "code": "split_invoice", "properties": {"amount": "10"}}'.encode(),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "bp_activities", "invoke", "--jsonl"],
        env={"PATH": "", "PYTHONPATH": str(ROOT), "LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        input=b"\n".join(lines),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [answer["id"] for answer in answers] == [0, None, None, "\ud800", "четыре"]
    assert [answer["result"]["error_code"] for answer in answers] == [
        "",
        "bad_line",
        "bad_line",
        "amount_not_understood",
        "",
    ]


def test_the_command_needs_no_settings_and_exits_zero_also_on_a_refusal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bp_activities", "invoke", "split_invoice", "--properties", '{"amount": "-5"}'],
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result_status"] == "failed"


def test_list_and_describe_show_what_the_designer_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "split_invoice\tРазбить счёт на части\tSplit invoice into parts" in capsys.readouterr().out
    assert main(["describe", "split_invoice"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["properties"]["parts"]["default"] == "2"
    assert next(iter(described["return_properties"])) == "result_status"


@pytest.mark.parametrize(
    "arguments", [["describe", "nothing"], ["invoke"], ["invoke", "split_invoice", "--properties", "{"]]
)
def test_words_that_make_no_command_are_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err


def test_years_without_a_decree_are_marked_in_every_robot_that_names_working_days() -> None:
    far = str(max(RussiaStaticHolidays.special_public_holidays) + 1)
    asked = {
        "split_invoice": {"amount": "10", "first_due_date": f"31.12.{int(far) - 1}"},
        "build_payment_schedule": {"amount": "10", "first_date": f"15.12.{int(far) - 1}"},
        "advance_next_payment_date": {"current_date": f"15.12.{int(far) - 1}"},
    }
    for code, properties in asked.items():
        assert invoke(code, **properties)["projected_years"] == [int(far)], code
    assert invoke("advance_next_payment_date", current_date="15.10.2026")["projected_years"] == []

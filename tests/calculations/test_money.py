"""Money: reading what people write, exact digits, guarded arithmetic, rounding half away from zero."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.currencies import EXPONENTS, exponent
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.rounding import half_up, round_up
from tests.calculations.refusals import refused

NO_BREAK, THIN, NARROW = "\u00a0", "\u2009", "\u202f"

# ISO 4217, list one: currencies whose minor unit is not 1/100, and some whose is.
NO_DECIMALS = {
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"),
    *("XAF", "XOF", "XPF"),
}
TWO_DECIMALS = {"RUB", "USD", "EUR", "BYN", "KZT", "UAH", "UZS", "KGS", "AMD", "GEL", "AZN", "CNY", "TRY", "HUF", "MGA"}
THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}

amounts = st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["RUB", "JPY", "KWD", "CLF"]))


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1200.50", 120050),
        ("1 200,50", 120050),
        (f"1{NO_BREAK}200,50", 120050),
        (f"1{THIN}200,50", 120050),
        (f"1{NARROW}234{NARROW}567,8", 123456780),
        ("1,200.50", 120050),
        ("1.200,50", 120050),
        ("1'200.50", 120050),
        ("1 234 567", 123456700),
        ("1,234,567", 123456700),
        ("1.234.567", 123456700),
        ("1200.50|RUB", 120050),
        ("1 200,50|rub", 120050),
        ("1200.50|", 120050),
        ("1200,5", 120050),
        ("1200", 120000),
        ("0.01", 1),
        ("0", 0),
        ("007", 700),
        ("1200,50 руб.", 120050),
        ("1200,50 РУБ", 120050),
        ("1200 р.", 120000),
        ("1200р", 120000),
        ("1200.50 ₽", 120050),
        ("₽1200.50", 120050),
        ("RUB 1200.50", 120050),
        ("1200.50 RUB", 120050),
        ("5 рублей", 500),
        ("-5.00", -500),
        ("−5.00", -500),
        ("–5", -500),
        ("- 5", -500),
        ("-₽5", -500),
        ("₽ -5", -500),
        (" 10000000000000.01 ", 1000000000000001),
    ],
)
def test_text_of_people_and_portals_is_read(text: str, minor: int) -> None:
    assert Money.parse(text, "RUB") == Money(minor, "RUB")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount_missing"),
        ("   ", "amount_missing"),
        ("|RUB", "amount_missing"),
        ("|", "amount_missing"),
        ("1,200", "amount_ambiguous"),
        ("1.200", "amount_ambiguous"),
        ("12,345", "amount_ambiguous"),
        ("1200.505", "amount_too_precise"),
        ("1200.500", "amount_too_precise"),
        ("0,005", "amount_too_precise"),
        ("1 200.505", "amount_too_precise"),
        ("1.200,505", "amount_too_precise"),
        ("1,20,300", "amount_not_understood"),
        ("1 20", "amount_not_understood"),
        ("0 200", "amount_not_understood"),
        ("1,200.50.10", "amount_not_understood"),
        ("1.200 50", "amount_not_understood"),
        ("1,200,50", "amount_not_understood"),
        (".50", "amount_not_understood"),
        ("50.", "amount_not_understood"),
        ("5-", "amount_not_understood"),
        ("--5", "amount_not_understood"),
        ("пять", "amount_not_understood"),
        ("{=Document:OPPORTUNITY}", "amount_not_understood"),
        ("NaN", "amount_not_understood"),
        ("1200;50", "amount_not_understood"),
        ("٣٤", "amount_not_understood"),
        ("1e5", "amount_not_understood"),
        ("1e3", "amount_not_understood"),
        ("1E+22", "amount_not_understood"),
        ("5 рублей 20 копеек", "amount_not_understood"),
        ("１２", "amount_not_understood"),
        ("(5)", "amount_not_understood"),
        ("1_000", "amount_not_understood"),
        ("12.345", "amount_ambiguous"),
        ("5 тыс", "currency_unknown"),
        ("5 ¥", "currency_unknown"),
        ("5|RUBB", "currency_unknown"),
        ("5|USD", "currency_mismatch"),
        ("$5", "currency_mismatch"),
        ("5 USD|RUB", "currency_mismatch"),
        ("12345678901234567", "amount_too_large"),
        ("9" * 5000, "amount_too_large"),
    ],
)
def test_text_that_could_be_misread_is_refused(text: str, code: str) -> None:
    with refused(code):
        Money.parse(text, "RUB")


def test_a_refusal_shows_the_value_received() -> None:
    with refused("amount_too_precise", "1200.505", "RUB"):
        Money.parse("1200.505|RUB")
    with refused("amount_ambiguous", "1,200", "1200", "1.200"):
        Money.parse("1,200", "RUB")
    with refused("amount_ambiguous", "12,345", "12345", "12.345"):
        Money.parse("12,345", "RUB")


@pytest.mark.parametrize(("text", "currency"), [("12,345", "KWD"), ("1,234", "CLF")])
def test_where_thousandths_exist_both_spellings_that_work_are_named(text: str, currency: str) -> None:
    with refused("amount_ambiguous", text) as caught:
        Money.parse(text, currency)
    spellings = re.findall(r"write ([0-9.-]+) or ([0-9.-]+)$", caught.value.en)[0]
    assert caught.value.ru.endswith("напишите {} или {}".format(*spellings))
    read = {Money.parse(spelling, currency) for spelling in spellings}
    assert read == {Money.parse(text.replace(",", ""), currency), Money.parse(text.replace(",", "."), currency)}


@pytest.mark.parametrize("text", ["1e3", "1E+22", "1.5e-3", "-2e2"])
def test_a_power_of_ten_is_refused_by_its_name(text: str) -> None:
    with refused("amount_not_understood", text) as caught:
        Money.parse(text, "RUB")
    assert "степен" in caught.value.ru
    assert "power of ten" in caught.value.en


def test_an_endless_value_is_shown_short() -> None:
    with refused("amount_too_large", "…"):
        Money.parse("1" * 100_000, "RUB")


@pytest.mark.parametrize(
    ("text", "currency", "default", "expected"),
    [
        ("5", None, "RUB", "RUB"),
        ("5|USD", None, "RUB", "USD"),
        ("5 €", None, "RUB", "EUR"),
        ("5", "KZT", "RUB", "KZT"),
        ("5 тенге", "KZT", "RUB", "KZT"),
        ("5", "руб.", None, "RUB"),
        ("5 бел. руб.", None, "RUB", "BYN"),
    ],
)
def test_the_currency_is_the_forms_or_the_texts_or_the_default(
    text: str, currency: str | None, default: str | None, expected: str
) -> None:
    assert Money.parse(text, currency, default=default).currency == expected


def test_a_sum_without_any_currency_is_refused() -> None:
    with refused("currency_missing", "5"):
        Money.parse("5")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1200", "JPY", 1200),
        ("1 200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("0,500", "KWD", 500),
        ("1234,567", "KWD", 1234567),
        ("1.2345", "CLF", 12345),
    ],
)
def test_decimals_are_those_of_the_currency(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("100.5", "JPY", "amount_too_precise"),
        ("100.00", "JPY", "amount_too_precise"),
        ("1,200", "JPY", "amount_ambiguous"),
        ("1,234", "KWD", "amount_ambiguous"),
        ("1.2345", "KWD", "amount_too_precise"),
    ],
)
def test_decimals_the_currency_does_not_have_are_refused(text: str, currency: str, code: str) -> None:
    with refused(code):
        Money.parse(text, currency)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(2500000, "RUB"), "25000.00"),
        (Money(5, "RUB"), "0.05"),
        (Money(-5, "RUB"), "-0.05"),
        (Money(-100, "RUB"), "-1.00"),
        (Money(0, "RUB"), "0.00"),
        (Money(1200, "JPY"), "1200"),
        (Money(1, "KWD"), "0.001"),
        (Money(12345, "CLF"), "1.2345"),
    ],
)
def test_money_goes_out_as_a_plain_decimal(money: Money, text: str) -> None:
    assert money.text == text


@given(amounts)
def test_what_goes_out_is_read_back(money: Money) -> None:
    assert Money.parse(money.text, money.currency) == money
    assert Money.parse(f"{money.text}|{money.currency}") == money
    assert Money.parse(str(money)) == money


@given(st.text(max_size=30))
def test_any_text_is_either_money_or_a_refusal(text: str) -> None:
    try:
        read: object = Money.parse(text, default="RUB")
    except Refusal as refusal:
        read = refusal.code
    assert isinstance(read, Money) or str(read).startswith(("amount_", "currency_"))


def test_decimals_by_the_tables_of_iso_4217() -> None:
    assert {code for code, decimals in EXPONENTS.items() if decimals == 3} == THREE_DECIMALS
    for code in NO_DECIMALS:
        assert exponent(code) == 0
    for code in TWO_DECIMALS:
        assert exponent(code) == 2
    assert exponent("CLF") == exponent("UYW") == 4


@pytest.mark.parametrize("code", ["RUBB", "", "XXX", "rub", "XAU"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with refused("currency_unknown", code):
        Money(1, code)


def test_money_is_made_of_whole_units_only() -> None:
    for minor in (1.5, True, "1", Fraction(1)):
        with pytest.raises(TypeError):
            Money(minor, "RUB")  # type: ignore[arg-type]  # the point of the test


def test_sums_of_one_currency_add_and_compare() -> None:
    two, three = Money(200, "RUB"), Money(300, "RUB")
    assert two + three == Money(500, "RUB")
    assert two - three == Money(-100, "RUB") == -(three - two)
    assert two * 3 == Money(600, "RUB")
    assert two < three <= three
    assert three > two >= two
    assert not Money(0, "RUB")


def test_sums_of_two_currencies_do_not_meet() -> None:
    rub, usd = Money(200, "RUB"), Money(200, "USD")
    assert rub != usd
    for operation in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.__gt__, Money.__ge__):
        with refused("currency_mismatch", "2.00 RUB", "2.00 USD"):
            operation(rub, usd)


@pytest.mark.parametrize(
    ("minor", "rounded"),
    [
        (Fraction(1, 2), 1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(-1, 2), -1),
        (Fraction(-5, 2), -3),
        (Fraction(49, 100), 0),
        (Fraction(-49, 100), 0),
        (Fraction(105 * 6, 12), 53),  # 105.00 at 6 % a year is 0.525 a month
        (Fraction(2675, 10), 268),
    ],
)
def test_halves_are_rounded_away_from_zero(minor: Fraction, rounded: int) -> None:
    assert Money.rounded(minor, "RUB") == Money(rounded, "RUB")


@given(st.fractions())
def test_rounding_is_to_the_nearest_and_symmetric(exact: Fraction) -> None:
    rounded = half_up(exact.numerator, exact.denominator)
    assert abs(rounded - exact) <= Fraction(1, 2)
    assert half_up(-exact.numerator, exact.denominator) == -rounded
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@given(st.fractions(min_value=0), st.integers(1, 10**6))
def test_rounding_up_reaches_the_next_unit_and_no_further(exact: Fraction, unit: int) -> None:
    rounded = round_up(exact.numerator, exact.denominator, unit)
    assert rounded % unit == 0
    assert 0 <= rounded - exact < unit

"""Parameters arrive as they were meant, whether a batch's query carries them or JSON."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix24.query import MOST_VALUES, build_query, fits_a_batch, plain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]=&\0"), min_size=1, max_size=8)
TOP_NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
LEAF = st.none() | st.booleans() | st.integers() | TEXT | st.decimals(allow_nan=False, allow_infinity=False, places=2)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(NAME, inner, min_size=1, max_size=4)
)
PARAMS = st.dictionaries(TOP_NAME, VALUE, max_size=5)


def decode(query: str) -> dict[str, Any]:
    """A small reader of PHP's nested names; lists stay maps from `0` on."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        head, *rest = name.replace("]", "").split("[")
        node = tree
        for part, following in zip([head, *rest], rest, strict=False):
            node = node.setdefault(part, {})
            assert following != ""
        node[[head, *rest][-1]] = value
    return tree


def as_php_reads(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): as_php_reads(item) for key, item in value.items()}
    if isinstance(value, list):
        return {str(index): as_php_reads(item) for index, item in enumerate(value)}
    if value is None:
        return ""
    if isinstance(value, bool):
        return {True: "Y", False: "N"}[value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@given(PARAMS)
def test_an_independent_reader_finds_every_value_where_it_was_put(params: dict[str, Any]) -> None:
    assert decode(build_query({name: plain(value) for name, value in params.items()})) == as_php_reads(params)


@given(PARAMS)
def test_both_encodings_say_the_same(params: dict[str, Any]) -> None:
    said = {name: plain(value) for name, value in params.items()}
    assert as_php_reads(said) == decode(build_query(said))


def test_a_backslash_and_cyrillic_letters_survive() -> None:
    assert (
        build_query({"t": ["Bitrix\\Crm", "Счёт 1+1"]})
        == "t%5B0%5D=Bitrix%5CCrm&t%5B1%5D=%D0%A1%D1%87%D1%91%D1%82+1%2B1"
    )


@pytest.mark.parametrize(
    "params",
    [
        {"rows": [{"n": number} for number in range(MOST_VALUES + 1)]},
        {"fields": {"contactIds": []}},
        {"fields": {}},
        {"text": "see $result[c1][ID]"},
        {"fields": {"a[b": "x"}},
        {"a.b": "x"},
        {"a b": "x"},
        {"fields": {"": "x"}},
    ],
)
def test_what_a_query_cannot_say_does_not_go_into_a_batch(params: dict[str, Any]) -> None:
    assert not fits_a_batch(params, empty_is_nothing=False)


@given(PARAMS)
def test_ordinary_parameters_fit(params: dict[str, Any]) -> None:
    said = {name: plain(value) for name, value in params.items()}
    assert fits_a_batch(said, empty_is_nothing=False) == ("$result" not in str(said))


def test_exactly_as_many_values_as_a_form_may_have_fit() -> None:
    assert fits_a_batch({"rows": [1] * MOST_VALUES}, empty_is_nothing=False)


def test_an_empty_list_fits_where_empty_means_nothing() -> None:
    assert fits_a_batch({"RETURN_VALUES": {"missed_dates": []}}, empty_is_nothing=True)
    assert build_query({"RETURN_VALUES": {"missed_dates": []}}) == "RETURN_VALUES%5Bmissed_dates%5D="


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_is_no_parameter_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        plain({"x": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        plain([value])


def test_money_is_sent_without_an_exponent() -> None:
    assert plain(Decimal("1E+5")) == "100000"

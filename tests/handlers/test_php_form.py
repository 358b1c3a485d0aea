"""Forms as PHP writes them: what each spelling means, what is refused, and that a slow plain reading agrees."""

import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.php_form import (
    DEEPEST,
    LONGEST_BODY,
    LONGEST_KEY,
    MOST_FIELDS,
    FormRefused,
    parse_form,
)

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def read(body: str | bytes, content_type: str = FORM) -> dict[str, Any]:
    return parse_form(body if isinstance(body, bytes) else body.encode(), content_type)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("&&a=1&", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x+y%2Bz", {"a": "x y+z"}),
        ("a=%D0%A1%D1%87%D1%91%D1%82", {"a": "Счёт"}),
        ("a=Счёт", {"a": "Счёт"}),
        ("a=100%", {"a": "100%"}),
        ("a=%zz%41", {"a": "%zzA"}),
        ("a=007&b=1.50", {"a": "007", "b": "1.50"}),
        ("a=1&a=2", {"a": "2"}),
        ("a[b]=1", {"a": {"b": "1"}}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a[b][c][d]=1&a[b][e]=2", {"a": {"b": {"c": {"d": "1"}, "e": "2"}}}),
        ("a[b]=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[0]=x", {"a": ["x"]}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[2]=z&a[0]=x&a[1]=y", {"a": ["x", "y", "z"]}),
        ("a[1]=y", {"a": {"1": "y"}}),
        ("a[0]=x&a[2]=z", {"a": {"0": "x", "2": "z"}}),
        ("a[00]=x", {"a": {"00": "x"}}),
        ("a[0]=x&a[b]=y", {"a": {"0": "x", "b": "y"}}),
        ("a[-1]=x", {"a": {"-1": "x"}}),
        ("a[]=x&a[]=y", {"a": ["x", "y"]}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("a[b]=x&a[]=y", {"a": {"b": "x", "0": "y"}}),
        ("a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[0][0]=p&a[0][1]=q&a[1][0]=r", {"a": [["p", "q"], ["r"]]}),
        ("0=x&1=y", {"0": "x", "1": "y"}),
        ("a.b=1&c d=2", {"a.b": "1", "c d": "2"}),
        ("a[99999999999999999999]=x", {"a": {"99999999999999999999": "x"}}),
        ("auth[member_id]=m&auth[member_id]=m", {"auth": {"member_id": "m"}}),
    ],
)
def test_a_form_means_what_php_says(body: str, expected: dict[str, Any]) -> None:
    assert read(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{}", {}),
        ('{"a": "1", "b": {"c": ["x", "y"]}}', {"a": "1", "b": {"c": ["x", "y"]}}),
        ('{"a": 1200.50, "b": 007e0}', None),
        ('{"a": 1200.50, "b": 12345678901234567890}', {"a": "1200.50", "b": "12345678901234567890"}),
        ('{"a": true, "b": false, "c": null}', {"a": "1", "b": "0", "c": ""}),
        ('{"a": {"1": "y", "0": "x"}}', {"a": ["x", "y"]}),
        ('{"a": {}, "b": []}', {"a": {}, "b": []}),
        ('{"a": "Счёт"}', {"a": "Счёт"}),
    ],
)
def test_json_comes_out_as_if_it_had_been_a_form(body: str, expected: dict[str, Any] | None) -> None:
    if expected is None:
        with pytest.raises(FormRefused):
            read(body, JSON)
    else:
        assert read(body, JSON) == expected


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (b"a=1", "", 400, "content type"),
        (b"a=1", "multipart/form-data; boundary=x", 400, "content type"),
        (b"a=1", "text/plain", 400, "content type"),
        (b"a=1", f"{FORM}; charset=windows-1251", 400, "charset"),
        (b"a=" + b"x" * LONGEST_BODY, FORM, 413, "longer"),
        (b"&".join(b"a%d=1" % n for n in range(MOST_FIELDS + 1)), FORM, 400, "more than"),
        (b"a" + b"[b]" * DEEPEST + b"=1", FORM, 400, "deeper"),
        (b"a" * (LONGEST_KEY + 1) + b"=1", FORM, 400, "longer"),
        (b"a" * 10_000 + b"=1", FORM, 400, "longer"),
        (b"a=\xff", FORM, 400, "UTF-8"),
        (b"a=%ff", FORM, 400, "UTF-8"),
        (b"%ff=a", FORM, 400, "UTF-8"),
        (b"a=%D0", FORM, 400, "UTF-8"),
        (b"a=%ED%A0%80", FORM, 400, "UTF-8"),
        (b"a=x%00y", FORM, 400, "NUL"),
        (b"a=x\x00y", FORM, 400, "NUL"),
        (b"a%00=y", FORM, 400, "NUL"),
        (b"=1", FORM, 400, "no name"),
        (b"[a]=1", FORM, 400, "no name"),
        (b"a[b=1", FORM, 400, "pair"),
        (b"a]b=1", FORM, 400, "pair"),
        (b"a[b]c=1", FORM, 400, "pair"),
        (b"a[[b]]=1", FORM, 400, "pair"),
        (b"a=1&a[b]=2", FORM, 400, "both"),
        (b"a[b]=2&a=1", FORM, 400, "both"),
        (b"a[b]=1&a[b][c]=2", FORM, 400, "both"),
        (b"auth[member_id]=m&auth[member_id]=other", FORM, 403, "twice"),
        (b"auth[x][y]=1&auth[x][y]=2", FORM, 403, "twice"),
        (b"auth=&auth=0", FORM, 403, "twice"),
        (b"", JSON, 400, "no JSON"),
        (b"a=1", JSON, 400, "no JSON"),
        (b"{", JSON, 400, "no JSON"),
        (b"[1]", JSON, 400, "no object"),
        (b'"a"', JSON, 400, "no object"),
        (b'{"a": NaN}', JSON, 400, "NaN"),
        (b'{"a": "x", "a": "y"}', JSON, 400, "twice"),
        (b'{"a": {"b": 1, "b": 1}}', JSON, 400, "twice"),
        (b'{"": 1}', JSON, 400, "no name"),
        (b'{"%s": 1}' % (b"a" * (LONGEST_KEY + 1)), JSON, 400, "longer"),
        (b'{"a": "\\u0000"}', JSON, 400, "NUL"),
        (b'{"a": "\\ud800"}', JSON, 400, "UTF-8"),
        (b'{"\\ud800": 1}', JSON, 400, "UTF-8"),
        (b'{"a": "\xff"}', JSON, 400, "UTF-8"),
        (b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", JSON, 400, "deeper"),
        (b"[" * 200_000, JSON, 400, "no JSON"),
        (b'{"a":' * 40_000, JSON, 400, "no JSON"),
        (b'{"a": [%s]}' % b",".join([b"1"] * MOST_FIELDS), JSON, 400, "more than"),
    ],
)
def test_a_body_no_portal_sends_is_refused_with_a_reason(
    body: bytes, content_type: str, status: int, reason: str
) -> None:
    with pytest.raises(FormRefused) as refused:
        parse_form(body, content_type)
    assert refused.value.status == status
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"&".join(b"a%d=1" % n for n in range(MOST_FIELDS)), FORM),
        (b"a" + b"[b]" * (DEEPEST - 1) + b"=1", FORM),
        (b"a" * LONGEST_KEY + b"=1", FORM),
        (("Я" * LONGEST_KEY).encode() + b"=1", FORM),
        (quote_plus("Я" * LONGEST_KEY).encode() + b"=1", FORM),
        (b"a=" + b"x" * (LONGEST_BODY - 2), FORM),
        (b"a=1", f"{FORM}; charset=UTF-8"),
        (b"a=1", 'Application/X-WWW-Form-Urlencoded;charset="utf-8"'),
        (b'{"a": [%s]}' % b",".join([b"1"] * (MOST_FIELDS - 1)), JSON),
    ],
    ids=range(9),
)
def test_what_just_fits_the_bounds_is_read(body: bytes, content_type: str) -> None:
    assert len(parse_form(body, content_type)) >= 1


def test_refusals_quote_nothing_of_the_body() -> None:
    for body in (b"canary[=1", b"canary=1&canary[b]=2", b"canary=%ff", b"canary" * 1000 + b"=1"):
        with pytest.raises(FormRefused) as refused:
            parse_form(body, FORM)
        assert "canary" not in refused.value.reason


# --- a slow plain reading of the same rules ----------------------------------------------------------------------


class Plain:
    """Every rule once, in the dullest way: a map of paths to values first, containers afterwards."""

    def __init__(self, body: bytes) -> None:
        self.tree: dict[str | int, Any] = {}
        for pair in [pair for pair in body.split(b"&") if pair]:
            name, _, value = pair.partition(b"=")
            self.put(self.path(self.text(name)), self.text(value))

    def text(self, raw: bytes) -> str:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "strict")

    def path(self, key: str) -> list[str]:
        if not re.fullmatch(r"[^\[\]]+(\[[^\[\]]*\])*", key):
            raise ValueError(key)
        name, *brackets = key.replace("]", "").split("[")
        return [name, *brackets]

    def put(self, path: list[str], value: str) -> None:
        node: dict[str | int, Any] = self.tree
        for depth, step in enumerate(path):
            key = self.key(node, step) if depth else step
            if depth == len(path) - 1:
                if isinstance(node.get(key), dict):
                    raise ValueError(path)
                if path[0] == "auth" and node.get(key, value) != value:
                    raise ValueError(path)
                node[key] = value
            else:
                node = node.setdefault(key, {})
                if not isinstance(node, dict):
                    raise ValueError(path)

    def key(self, node: dict[str | int, Any], step: str) -> str | int:
        if step == "":
            return max([key for key in node if isinstance(key, int)], default=-1) + 1
        return int(step) if re.fullmatch("0|[1-9][0-9]{0,17}", step) else step

    def lists(self, node: Any, top: bool = True) -> Any:
        if not isinstance(node, dict):
            return node
        children = {key: self.lists(child, top=False) for key, child in node.items()}
        if not top and sorted(children, key=str) and set(children) == set(range(len(children))):
            return [children[index] for index in range(len(children))]
        return {str(key): child for key, child in children.items()}


names = st.sampled_from(["a", "b", "auth", "ж", "0", "1", "a.b", ""])
steps = st.sampled_from(["", "0", "1", "2", "00", "10", "x", "ж", "-1", "a b", "[", "]"])
keys = st.builds(lambda name, rest: name + "".join(f"[{step}]" for step in rest), names, st.lists(steps, max_size=4))
values = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
escapes = st.sampled_from([quote_plus, lambda text: quote_plus(text, safe="[]"), lambda text: text.replace("&", "+")])
pairs = st.builds(lambda key, value, escape: f"{escape(key)}={escape(value)}", keys, values, escapes)


@given(st.lists(pairs, max_size=12).map("&".join))
def test_the_fast_reading_agrees_with_a_slow_plain_one(body: str) -> None:
    raw = body.encode()
    try:
        plain = Plain(raw)
        expected = plain.lists(plain.tree)
    except ValueError:
        expected = None
    if expected is None or b"%00" in raw:
        with pytest.raises(FormRefused):
            parse_form(raw, FORM)
    else:
        assert parse_form(raw, FORM) == expected


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON]))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(raw: bytes, content_type: str) -> None:
    with suppress(FormRefused):
        assert isinstance(parse_form(raw, content_type), dict)


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
trees = st.recursive(texts, lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=8)


@given(st.dictionaries(texts.filter(bool), trees, max_size=4))
def test_json_of_texts_is_read_as_it_stands(data: dict[str, Any]) -> None:
    assert read(json.dumps(data), JSON) == data

"""T-Bank's notices: the signature of the acquirer's own example, and what a notice tells."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways import Http, Incoming, InvalidSignature, Notice, StoredCard
from gateways._tbank_requests import token
from gateways.tbank import TBank, TBankCredentials

CREDENTIALS = TBankCredentials(terminal_key="1321054611234DEMO", password="Dfsfh56dgKl")
# the acquirer's own example with its token, in the chapter on notices
EXAMPLE: Mapping[str, Any] = {
    "TerminalKey": "1321054611234DEMO",
    "OrderId": "201709",
    "Success": True,
    "Status": "AUTHORIZED",
    "PaymentId": 8742591,
    "ErrorCode": "0",
    "Amount": 9855,
    "CardId": 322264,
    "Pan": "430000******0777",
    "ExpDate": "1122",
    "RebillId": 101709,
    "Token": "b906d28e76c6428e37b25fcf86c0adc52c63d503013fdd632e300593d165766b",
}
CARD = StoredCard("101709", "430000******0777", "2022-11")
LINKED: Mapping[str, Any] = {
    "TerminalKey": "1321054611234DEMO",
    "RequestKey": "13021e10-a3ed-4f14-bcd1-823b5ac37390",
    "AccountToken": "70LSS7DN18SJQRS10006DNPKLJL24B05",
    "BankMemberId": "5555",
    "BankMemberName": "Банк",
    "NotificationType": "LINKACCOUNT",
    "Success": True,
    "ErrorCode": "0",
    "Status": "ACTIVE",
}


def read(body: bytes, query: bytes = b"", credentials: TBankCredentials = CREDENTIALS) -> Notice:
    tbank = TBank(Http("https://acquirer.example/", lambda: 0.0))
    return tbank.read_webhook(credentials, Incoming({}, body, query), lambda _number, _payment_id: None)


def written(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(fields), ensure_ascii=False).encode()


def signed(fields: Mapping[str, Any]) -> bytes:
    return written({**fields, "Token": token(fields, "Dfsfh56dgKl")})


def test_the_acquirers_own_example_is_genuine_and_answered_as_it_wants() -> None:
    notice = read(written(EXAMPLE))
    assert notice == Notice(order_number="201709", payment_id="8742591", stored_card=CARD)
    assert (notice.reply, notice.reply_type) == ("OK", "text/plain")


def test_spaces_order_nested_data_and_the_case_of_the_token_change_nothing() -> None:
    backwards = dict(reversed(list(EXAMPLE.items()))) | {"Data": {"Phone": "+7"}, "Items": [1], "Message": None}
    backwards["Token"] = str(EXAMPLE["Token"]).upper()
    assert read(json.dumps(backwards, indent=3).encode()).stored_card == CARD


@pytest.mark.parametrize("name", [name for name in EXAMPLE if name != "Token"])
def test_a_value_that_was_changed_is_refused(name: str) -> None:
    value = EXAMPLE[name]
    changed = not value if isinstance(value, bool) else f"{value}1"
    with pytest.raises(InvalidSignature):
        read(written({**EXAMPLE, name: changed}))


@pytest.mark.parametrize("name", [name for name in EXAMPLE if name != "Token"])
def test_a_value_that_was_taken_away_is_refused(name: str) -> None:
    with pytest.raises(InvalidSignature):
        read(written({key: value for key, value in EXAMPLE.items() if key != name}))


def test_a_value_that_was_added_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        read(written({**EXAMPLE, "CustomerKey": "p-C_5"}))


@given(st.integers(0, len(written(EXAMPLE)) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused_or_changes_nothing_that_was_signed(place: int, by: int) -> None:
    """Signed are values, not names or spaces: what is read after a change is what was signed, or less."""
    body = bytearray(written(EXAMPLE))
    body[place] ^= by
    try:
        notice = read(bytes(body))
    except InvalidSignature:
        return
    assert notice.order_number in ("201709", "")
    assert notice.payment_id in ("8742591", "")
    if notice.stored_card:
        assert (notice.stored_card.token, notice.stored_card.mask) == ("101709", "430000******0777")


@given(st.text(alphabet="0123456789abcdef", max_size=64))
def test_another_token_is_refused(guess: str) -> None:
    with pytest.raises(InvalidSignature):
        read(written({**EXAMPLE, "Token": guess}))


@pytest.mark.parametrize("guess", [None, "", 5, True, "подпись", "\ud800", ["b906"], EXAMPLE["Token"][:-1]])
def test_a_notice_without_the_right_token_is_refused(guess: Any) -> None:
    with pytest.raises(InvalidSignature):
        read(json.dumps({**EXAMPLE, "Token": guess}).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"\xff", b"OrderId=1", b"[" * 100_000, b'{"Token": ', b'{"OrderId": "\\ud800"}'],
)
def test_what_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        read(body)


def test_a_notice_of_another_terminal_is_refused_although_its_password_is_the_same() -> None:
    other = TBankCredentials(terminal_key="another", password="Dfsfh56dgKl")
    with pytest.raises(InvalidSignature, match="another terminal"):
        read(written(EXAMPLE), credentials=other)


@pytest.mark.parametrize("digits", ["1.10", "1e2", "100000000000000000000001", "0.1", "-0"])
def test_numbers_are_signed_by_their_digits_as_they_came(digits: str) -> None:
    fields = {**EXAMPLE, "Amount": digits}
    genuine = signed({name: value for name, value in fields.items() if name != "Token"})
    assert read(genuine.replace(f'"{digits}"'.encode(), digits.encode())).order_number == "201709"


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "REJECTED", "Success": False},
        {"Status": "CONFIRMED", "Success": False},
        {"Status": "REFUNDED"},
        {"RebillId": None},
        {"RebillId": ""},
        {"RebillId": "not a number"},
        {"Pan": None},
        {"Pan": "<script>"},
    ],
    ids=str,
)
def test_a_notice_that_saves_no_card_speaks_of_its_order_only(change: dict[str, Any]) -> None:
    notice = read(signed({**EXAMPLE, **change}))
    assert (notice.order_number, notice.stored_card) == ("201709", None)


@pytest.mark.parametrize(
    ("written_there", "expires"), [("0229", "2029-02"), ("1299", "2099-12"), ("1329", ""), ("", ""), (None, "")]
)
def test_a_card_is_told_with_its_customer_and_its_month(written_there: str | None, expires: str) -> None:
    change = {"Status": "CONFIRMED", "Success": "true", "ExpDate": written_there, "CustomerKey": "p-C_5"}
    stored = read(signed({**EXAMPLE, **change}), b"order=B-2&customer=another").stored_card
    assert stored == StoredCard("101709", "430000******0777", expires, "p-C_5")


def test_a_customer_that_a_notice_does_not_name_is_the_one_of_its_address() -> None:
    notice = read(written(EXAMPLE), b"order=B-2&customer=p-C_5")
    assert notice.order_number == "201709"
    assert notice.stored_card == StoredCard("101709", "430000******0777", "2022-11", "p-C_5")


def test_a_receipt_and_a_card_added_without_an_order_are_genuine() -> None:
    receipt = {"TerminalKey": "1321054611234DEMO", "OrderId": "201709", "Success": True, "Status": "RECEIPT"}
    assert read(signed({**receipt, "PaymentId": 5, "FiscalNumber": 7})) == Notice("201709", "5")
    added = {"TerminalKey": "1321054611234DEMO", "CustomerKey": "c", "RebillId": "1", "Status": "COMPLETED"}
    assert read(signed(added)) == Notice()


def test_a_bound_account_is_told_with_the_order_that_its_address_names() -> None:
    notice = read(signed(LINKED), b"order=A-1&customer=p-C_5")
    assert notice.order_number == "A-1"
    account = StoredCard("sbp:70LSS7DN18SJQRS10006DNPKLJL24B05", "Банк 2405", "", "p-C_5", "sbp")
    assert notice.stored_card == account
    assert read(signed(LINKED)).order_number == ""
    assert read(signed({**LINKED, "OrderId": "B-2"}), b"order=A-1").order_number == "B-2"


@pytest.mark.parametrize(
    "change",
    [{"Status": "INACTIVE"}, {"Success": False}, {"AccountToken": None}, {"AccountToken": "no token!"}],
    ids=str,
)
def test_an_account_that_was_not_bound_is_not_kept(change: dict[str, Any]) -> None:
    assert read(signed({**LINKED, **change}), b"order=A-1") == Notice(order_number="A-1")


def test_neither_password_nor_what_was_sent_is_in_the_text_of_a_refusal() -> None:
    with pytest.raises(InvalidSignature) as caught:
        read(written({**EXAMPLE, "Token": "canary"}))
    assert not {"canary", "Dfsfh56dgKl", "101709"} & set(str(caught.value).split())

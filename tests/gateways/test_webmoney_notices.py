"""WebMoney at the Result URL: the question before a payment, both hashes after it, and the test mode."""

import hashlib

import pytest

from calculations.money import Money
from gateways import AwaitedOrder, Http, Incoming, InvalidSignature, Notice
from gateways.webmoney import WebMoney, WebMoneyCredentials
from tests.gateways.webmoney_replies import NUMBER, ORDER, ROOT, SHOP, USD, form

# a sample of a test payment that was published with its key
SAMPLE = {
    "LMI_PAYEE_PURSE": "Z945718891756",
    "LMI_PAYMENT_AMOUNT": "0.05",
    "LMI_PAYMENT_NO": "3",
    "LMI_MODE": "1",
    "LMI_SYS_INVS_NO": "821",
    "LMI_SYS_TRANS_NO": "458",
    "LMI_SYS_TRANS_DATE": "20170221 20:25:01",
    "LMI_PAYER_PURSE": "Z945718891756",
    "LMI_PAYER_WM": "059551878952",
}
SAMPLE_HASH = "8FE265B681239AD127FE6A0B552D8737DFAA1C275C67E8B9189A56C0AE68126A"
SAMPLE_HASH2 = "8394AB2B012536D8535D3E1CB5917AB31E91EE891898B3AADD1FA887C9B2A0C2"
SAMPLE_SHOP = WebMoneyCredentials(
    purse="Z945718891756", wmid="059551878952", secret_key="AD15BDAF-864A-4909-81E7-F034FFD0625C"
)
# of the Laravel package's own test, where payer and purse are not there
LARAVEL = {name: "1" for name in SAMPLE if name != "LMI_PAYER_PURSE"} | {"LMI_MODE": "0"}
LARAVEL_HASH = "0311C76DC7A47B13D479387B8CE696093C0BD2D232193E14C9C747420A3643C1"
SIGNED = [*list(SAMPLE)[:7], "secret", "LMI_PAYER_PURSE", "LMI_PAYER_WM"]

PAID = SAMPLE | {
    "LMI_PAYEE_PURSE": "Z123456789012",
    "LMI_PAYMENT_AMOUNT": "12.08",
    "LMI_PAYMENT_NO": str(NUMBER),
    "LMI_MODE": "0",
    "order_number": ORDER,
}
QUESTION = {
    "LMI_PREREQUEST": "1",
    "LMI_PAYEE_PURSE": "Z123456789012",
    "LMI_PAYMENT_AMOUNT": "12.08",
    "LMI_PAYMENT_NO": str(NUMBER),
    "LMI_MODE": "0",
    "order_number": ORDER,
}


def hash_of(fields: dict[str, str], separator: str = ";", secret: str = "canary-secret") -> str:
    values = [secret if name == "secret" else fields.get(name, "") for name in SIGNED]
    return hashlib.sha256(separator.join(values).encode()).hexdigest().upper()


def read(body: bytes, shop: WebMoneyCredentials = SHOP, awaited: Money | None = USD) -> Notice:
    def order_of(number: str, payment_id: str) -> AwaitedOrder | None:
        is_ours = (number or payment_id) in (ORDER, str(NUMBER))
        return AwaitedOrder(awaited, "C_5", "p1-C_5") if awaited and is_ours else None

    return WebMoney(Http(ROOT, lambda: 0.0)).read_webhook(shop, Incoming({}, body), order_of)


@pytest.mark.parametrize("named", [{"LMI_HASH2": SAMPLE_HASH2}, {"LMI_HASH": SAMPLE_HASH}])
def test_the_published_hashes_fit_and_the_test_mode_is_refused_all_the_same(named: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature, match="test mode"):
        read(form(**SAMPLE, **named), SAMPLE_SHOP)


def test_the_published_hash_of_another_client_fits() -> None:
    shop = WebMoneyCredentials(purse="1", wmid="1", secret_key="secret_key")
    assert read(form(**LARAVEL, LMI_HASH=LARAVEL_HASH), shop).payment_id == "1"


@pytest.mark.parametrize("order", ["%FF", "%00", "%ED%A0%80", "%D0%AF"])
def test_a_question_about_a_number_that_is_not_ascii_is_answered_no(order: str) -> None:
    assert read(f"LMI_PREREQUEST=1&order_number={order}&LMI_PAYMENT_NO=5".encode()).reply.startswith("NO")


@pytest.mark.parametrize("kind", ["LMI_HASH", "LMI_HASH2"])
def test_any_changed_letter_of_a_hash_is_seen(kind: str) -> None:
    given = {"LMI_HASH": SAMPLE_HASH, "LMI_HASH2": SAMPLE_HASH2}[kind]
    for place in range(len(given)):
        changed = given[:place] + ("0" if given[place] != "0" else "1") + given[place + 1 :]
        with pytest.raises(InvalidSignature, match="LMI_HASH"):
            read(form(**SAMPLE, **{kind: changed}), SAMPLE_SHOP)


@pytest.mark.parametrize("name", SAMPLE)
@pytest.mark.parametrize("kind", ["LMI_HASH", "LMI_HASH2"])
def test_any_changed_letter_of_what_is_signed_is_seen(name: str, kind: str) -> None:
    given = {"LMI_HASH": SAMPLE_HASH, "LMI_HASH2": SAMPLE_HASH2}[kind]
    value = SAMPLE[name]
    for place in range(len(value)):
        changed = value[:place] + ("8" if value[place] != "8" else "9") + value[place + 1 :]
        with pytest.raises(InvalidSignature, match="LMI_HASH"):
            read(form(**SAMPLE | {name: changed}, **{kind: given}), SAMPLE_SHOP)


def test_a_payment_names_our_order_and_webmoneys_number_of_it() -> None:
    notice = read(form(**PAID, LMI_HASH2=hash_of(PAID)))
    assert (notice.order_number, notice.payment_id, notice.reply) == (ORDER, str(NUMBER), "YES")


def test_the_hash_with_separators_decides_where_both_are_there() -> None:
    with pytest.raises(InvalidSignature):
        read(form(**PAID, LMI_HASH=hash_of(PAID, ""), LMI_HASH2="0" * 64))
    # of the other hash it is not known where a value ends
    moved = PAID | {"LMI_SYS_INVS_NO": "82", "LMI_SYS_TRANS_NO": "1458"}
    assert hash_of(moved, "") == hash_of(PAID, "")
    with pytest.raises(InvalidSignature):
        read(form(**moved, LMI_HASH=hash_of(PAID, ""), LMI_HASH2=hash_of(PAID)))


def test_the_hash_without_separators_is_enough_where_it_is_the_only_one() -> None:
    assert read(form(**PAID, LMI_HASH=hash_of(PAID, ""))).order_number == ORDER


def test_an_order_that_does_not_belong_to_the_signed_number_is_left_out() -> None:
    """Our own field is not among what is signed."""
    fields = PAID | {"order_number": "ANOTHER-1"}
    notice = read(form(**fields, LMI_HASH2=hash_of(fields)))
    assert (notice.order_number, notice.payment_id) == ("", str(NUMBER))


def test_our_field_is_known_in_capitals_too() -> None:
    fields = {name: value for name, value in PAID.items() if name != "order_number"} | {"ORDER_NUMBER": ORDER}
    assert read(form(**fields, LMI_HASH2=hash_of(fields))).order_number == ORDER


def test_a_payment_to_another_purse_is_refused() -> None:
    fields = PAID | {"LMI_PAYEE_PURSE": "Z000000000000"}
    with pytest.raises(InvalidSignature, match="purse"):
        read(form(**fields, LMI_HASH2=hash_of(fields)))


@pytest.mark.parametrize("mode", ["1", "", "2"])
def test_only_a_real_payment_is_one(mode: str) -> None:
    fields = PAID | {"LMI_MODE": mode}
    with pytest.raises(InvalidSignature, match="test mode"):
        read(form(**fields, LMI_HASH2=hash_of(fields)))


def test_a_description_in_any_encoding_leaves_the_hash_alone() -> None:
    body = form(**PAID, LMI_HASH2=hash_of(PAID)) + b"&LMI_PAYMENT_DESC=%CF%EB%E0%F2%B8%E6&X=\xcf"
    assert read(body).order_number == ORDER


def test_the_question_before_a_payment_is_answered_yes_for_an_awaited_sum() -> None:
    notice = read(form(**QUESTION))
    assert notice == Notice(reply="YES")
    assert read(form(**QUESTION | {"LMI_PAYMENT_AMOUNT": "12.080"})).reply == "YES"


@pytest.mark.parametrize(
    "change",
    [
        {"LMI_PAYMENT_AMOUNT": "12.07"},
        {"LMI_PAYMENT_AMOUNT": "12,08"},
        {"LMI_PAYMENT_AMOUNT": ""},
        {"LMI_PAYMENT_NO": str(NUMBER + 1)},
        {"LMI_PAYEE_PURSE": "Z000000000000"},
        {"LMI_PAYEE_PURSE": "E123456789012"},
        {"order_number": "ANOTHER-1"},
        {"order_number": ""},
    ],
)
def test_the_question_about_anything_else_is_answered_no_in_words(change: dict[str, str]) -> None:
    notice = read(form(**QUESTION | change))
    assert notice.reply.startswith("NO")
    assert notice.order_number == notice.payment_id == ""


def test_a_question_without_our_field_is_about_the_order_of_webmoneys_number() -> None:
    without = {name: value for name, value in QUESTION.items() if name != "order_number"}
    assert read(form(**without)) == Notice(reply="YES")
    assert read(form(**without | {"LMI_PAYMENT_NO": str(NUMBER + 1)})).reply.startswith("NO")
    assert read(form(**without | {"LMI_PAYMENT_AMOUNT": "12.07"})).reply.startswith("NO")


def test_the_question_about_an_order_that_was_closed_is_answered_no() -> None:
    assert read(form(**QUESTION), awaited=None).reply.startswith("NO")


def test_the_question_about_an_order_in_another_currency_is_answered_no() -> None:
    assert read(form(**QUESTION), awaited=Money(1208, "EUR")).reply.startswith("NO")


def test_a_question_is_no_payment_whatever_it_carries() -> None:
    fields = PAID | {"LMI_PREREQUEST": "1"}
    notice = read(form(**fields, LMI_HASH2=hash_of(fields)))
    assert notice == Notice(reply="YES")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"LMI_HASH2=",
        form(**PAID),
        form(**PAID, LMI_SECRET_KEY="canary-secret"),
        form(**PAID, LMI_HASH2=hash_of(PAID)) + b"&LMI_MODE=0",
        form(**PAID, LMI_HASH2=hash_of(PAID).lower()),
        b"&".join(b"a%d=1" % place for place in range(200)),
    ],
)
def test_anything_else_is_no_notice(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        read(body)

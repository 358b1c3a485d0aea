"""T-Bank by canned replies: charging saved cards and accounts, and how its words on a payment are understood."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import requests

from calculations.money import Money
from gateways import DECLINES, Http, Misconfigured, NotSent, Outcome, OutcomeUnknown, Payment, Reason
from gateways._tbank_codes import ASK, CONFIGURATION, NO_SUCH_ORDER, REFUND_REFUSALS, UNSURE
from gateways._tbank_requests import token
from gateways.tbank import TBank, TBankCredentials
from schemas.declaration import Words
from tests.gateways.answering import answering, reply
from tests.gateways.checking import lacking, unchecked
from tests.gateways.tbank_replies import (
    ACCOUNT,
    CHARGE,
    CREDENTIALS,
    FEWEST_WORDS,
    NEVER_HEARD,
    NO_ORDER,
    PAGE,
    PAYMENT_ID,
    PLACED,
    RECEIPT,
    RUB,
    Acquirer,
    acquirer,
    error,
    line,
    nothing,
    order,
    placed,
    state,
)

# the acquirer's codes by what may follow, as its document describes them
KINDS = {
    "hard": "252 1033 1054 1080 1014 1015 1041 1004 1007 1043 1059 1063 1093 1094 1039 1053 600 107 3012 3013 3014 "
    "3015 76 77 5031 5063 5066",
    "soft": "103 116 1051 1013 1019 1061 1065 1075 403 405 1005 1006 1008 1012 1057 1058 1062 1082 1088 1092 99 1030 "
    "1034 1201 1202 1203 1204 1205 5060 5061 5062 119 603 2200 3033 3041 311 312 313 314",
    "technical": "1091 3 402 1089 1096 9001 9999 1017 3032 3042",
}
KIND_OF = {code: kind for kind, codes in KINDS.items() for code in codes.split()}
POLLED = ["1018", "102", "104", "4", "8", "100", "3037", "3040", "9999", "3", "402", "77777", ""]
FOR_A_PERSON = ["10", "191", "204", "205", "501", "648", "1099", "1126", "1125", "2", "309", "315", "3001", "3019"]
OF_RECEIPTS = ["311", "312", "313", "314"]

TBankAt = tuple[Acquirer, TBank]


@pytest.fixture
def bank() -> Iterator[TBankAt]:
    with acquirer() as both:
        yield both


def charged(bank: TBankAt, answer: Any, status: int = 200) -> Payment:
    """A card charged: the number is new, the order is placed, and Charge answers this."""
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/Charge", answer, status)
    return tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)


def test_the_signature_is_that_of_the_acquirers_own_example() -> None:
    fields = {
        "TerminalKey": "MerchantTerminalKey",
        "Amount": 19200,
        "OrderId": "21090",
        "Description": "Подарочная карта на 1000 рублей",
        "DATA": {"Phone": "+71234567890"},
        "Items": [1],
        "Token": "not signed",
    }
    assert token(fields, "usaf8fw8fsw21g") == "0024a00af7c350a3a67ca168ce06502aa72772456662e38696d48b56ee9c97d9"


def test_a_flag_is_signed_as_the_word_that_travels() -> None:
    assert token({"A": True}, "p") == token({"A": "true"}, "p") != token({"A": False}, "p")


def test_a_card_is_charged_under_a_new_number_and_its_payment_is_told_before_the_money(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/Charge", state())
    told: list[tuple[str, list[str]]] = []
    payment = tbank.charge_saved_card(
        CREDENTIALS,
        replace(CHARGE, receipt=RECEIPT, notice_url="https://robots.example/n"),
        lambda payment_id: told.append((payment_id, heard.paths)),
    )
    assert payment == Payment("A-1", PAYMENT_ID, Outcome.SUCCEEDED, RUB)
    assert told == [(PAYMENT_ID, ["v2/CheckOrder", "v2/Init"])]
    (_, asked), (_, begun), (_, charge) = heard.asked
    assert asked["OrderId"] == "A-1"
    signed = begun.pop("Token")
    assert signed == token(begun, "canary-password")
    assert begun == {
        "TerminalKey": "canary-terminal",
        "Amount": 2_500_000,
        "OrderId": "A-1",
        "Description": "Платёж 1 из 4",
        "PayType": "O",
        "NotificationURL": "https://robots.example/n",
        "Receipt": {
            "Email": "client@example.com",
            "Phone": "+79031234567",
            "Taxation": "usn_income",
            "Items": [
                {
                    "Name": "Курс",
                    "Price": 2_500_000,
                    "Quantity": 1,
                    "Amount": 2_500_000,
                    "Tax": "vat22",
                    "PaymentMethod": "full_payment",
                    "PaymentObject": "service",
                }
            ],
        },
        "DATA": {"OperationInitiatorType": "R"},
    }
    assert (charge["PaymentId"], charge["RebillId"]) == (PAYMENT_ID, "canary-145919")


def test_an_account_of_sbp_is_charged_by_its_own_method(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/ChargeQr", state())
    assert tbank.charge_saved_card(CREDENTIALS, ACCOUNT, nothing).outcome is Outcome.SUCCEEDED
    begun, charge = heard.asked[1][1], heard.asked[2][1]
    assert (begun["Recurrent"], begun["DATA"], begun["CustomerKey"]) == ("Y", {"QR": "true"}, "p-C_5")
    assert (charge["AccountToken"], "RebillId" in charge) == ("canaryAB12", False)


@pytest.mark.parametrize("status", ["FORM_SHOWED", "FORM SHOWED", "FORMSHOWED", "form_showed"])
def test_an_account_of_sbp_whose_bank_has_not_answered_yet_is_waited_for(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed())
    heard.answers("v2/ChargeQr", state(Status=status))
    assert tbank.charge_saved_card(CREDENTIALS, ACCOUNT, nothing).outcome is Outcome.PENDING


@pytest.mark.parametrize("status", ["NEW", "CONFIRMED", "REJECTED", "CANCELED", "REFUNDED"])
def test_a_number_that_is_known_already_is_never_sent_again(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line(Status=status)))
    with pytest.raises(OutcomeUnknown, match="known to T-Bank already"):
        tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    assert heard.paths == ["v2/CheckOrder"]


@pytest.mark.parametrize("body", [error("3"), {}, order() | {"OrderId": "B-2"}, order() | {"Payments": None}, [], "x"])
def test_while_it_cannot_be_learnt_whether_a_number_is_known_nothing_is_sent(bank: TBankAt, body: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", body)
    with pytest.raises(NotSent, match="A-1 was not sent"):
        tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    assert heard.paths == ["v2/CheckOrder"]


def test_an_order_that_was_placed_before_is_only_charged(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/Charge", state())
    told: list[str] = []
    payment = tbank.charge_saved_card(CREDENTIALS, replace(CHARGE, payment_id=PAYMENT_ID), told.append)
    assert (payment.outcome, heard.paths, told) == (Outcome.SUCCEEDED, ["v2/Charge"], [])


@pytest.mark.parametrize(
    "answer",
    [
        placed(Status="CONFIRMED"),
        placed(OrderId="B-2"),
        placed(Amount=1),
        placed(PaymentId=""),
        placed(PaymentId=None),
        error("3"),
        error("20"),
        error("77777"),
        error(""),
        {},
        [],
    ],
    ids=str,
)
def test_an_order_that_is_not_surely_placed_is_not_charged(bank: TBankAt, answer: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order()).answers("v2/Init", answer)
    told: list[str] = []
    with pytest.raises(OutcomeUnknown):
        tbank.charge_saved_card(CREDENTIALS, CHARGE, told.append)
    assert (heard.paths, told) == (["v2/CheckOrder", "v2/Init"], [])


def test_an_order_placed_in_the_fewest_words_is_charged(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order() | {"OrderId": None}).answers("v2/Init", FEWEST_WORDS)
    heard.answers("v2/Charge", state())
    told: list[str] = []
    payment = tbank.charge_saved_card(CREDENTIALS, CHARGE, told.append)
    assert (payment.outcome, told) == (Outcome.SUCCEEDED, [PAYMENT_ID])


@pytest.mark.parametrize("code", ["251", "334", "212", "223", "253"])
def test_an_order_that_the_acquirer_does_not_accept_is_declined(bank: TBankAt, code: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", error(code))
    payment = tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    assert payment == Payment("A-1", "", Outcome.DECLINED, RUB, decline_code=code, decline_text="Ошибка. Подробности")
    assert tbank.reason_of(code) is Reason.REQUEST_NOT_ACCEPTED


def test_roubles_only_are_charged_and_nothing_else_is_asked_for(bank: TBankAt) -> None:
    heard, tbank = bank
    payment = tbank.charge_saved_card(CREDENTIALS, replace(CHARGE, amount=Money(100, "USD")), nothing)
    assert (payment.outcome, payment.decline_code, heard.paths) == (Outcome.DECLINED, "253", [])


@pytest.mark.parametrize("code", [*KIND_OF, "102", "104", "77777"])
def test_a_rejected_payment_is_a_decline_with_the_acquirers_code(bank: TBankAt, code: str) -> None:
    payment = charged(bank, state(Success=False, Status="REJECTED", ErrorCode=code, Message="Отказ"))
    assert (payment.outcome, payment.decline_code, payment.payment_id) == (Outcome.DECLINED, code, PAYMENT_ID)
    assert payment.decline_text == "Отказ"


def test_a_rejected_payment_whose_status_is_not_known_is_asked_about_once_more(bank: TBankAt) -> None:
    answer = state(Success=False, Status="REJECTED", ErrorCode="1018", Message="Отказ")
    assert charged(bank, answer) == Payment("A-1", PAYMENT_ID, Outcome.PENDING, RUB)
    bank[0].answers("v2/GetState", answer)
    found = bank[1].fetch_payment(CREDENTIALS, PLACED)
    assert found
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "1018")


@pytest.mark.parametrize("code", FOR_A_PERSON)
def test_a_payment_rejected_by_the_shops_settings_and_found_later_says_whose_matter_it_is(
    bank: TBankAt, code: str
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Success=False, Status="REJECTED", ErrorCode=code))
    found = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert found
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, code)
    assert tbank.reason_of(code) is Reason.SHOP_NOT_PERMITTED


@pytest.mark.parametrize("code", OF_RECEIPTS)
def test_an_order_whose_receipt_the_till_did_not_take_is_declined_and_stops_no_terminal(
    bank: TBankAt, code: str
) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", error(code))
    payment = tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, code)
    assert tbank.reason_of(code) is Reason.RECEIPT_NOT_TAKEN
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", error(code))
    with pytest.raises(NotSent, match=f"error {code}; nothing was placed. .*check the e-mail and the name"):
        tbank.start_payment(CREDENTIALS, PAGE)


@pytest.mark.parametrize(("code", "kind"), KIND_OF.items())
def test_each_code_is_followed_by_what_its_kind_allows(bank: TBankAt, code: str, kind: str) -> None:
    assert DECLINES[bank[1].reason_of(code)].kind == kind


@pytest.mark.parametrize("code", ["102", "104", "1018", "77777", "0"])
def test_a_final_refusal_by_a_code_without_a_row_is_a_soft_decline(bank: TBankAt, code: str) -> None:
    assert DECLINES[bank[1].reason_of(code)].kind == "soft"


@pytest.mark.parametrize("code", sorted(set(KIND_OF) - UNSURE - set(OF_RECEIPTS)))
def test_a_definite_refusal_needs_no_status(bank: TBankAt, code: str) -> None:
    payment = charged(bank, error(code))
    assert (payment.outcome, payment.decline_code, payment.payment_id) == (Outcome.DECLINED, code, PAYMENT_ID)


@pytest.mark.parametrize("code", [*POLLED, *OF_RECEIPTS])
@pytest.mark.parametrize("status", ["", "NEW", "AUTHORIZING"])
def test_a_code_that_is_no_word_on_the_money_leaves_the_outcome_to_be_asked_for(
    bank: TBankAt, code: str, status: str
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(bank, error(code, Status=status, PaymentId=PAYMENT_ID))


@pytest.mark.parametrize("code", FOR_A_PERSON)
@pytest.mark.parametrize("status", ["", "NEW", "REJECTED"])
def test_what_a_person_has_to_change_stops_the_terminal_and_says_what(bank: TBankAt, code: str, status: str) -> None:
    with pytest.raises(Misconfigured, match=f"error {code}: .*(ask|compare|switch|tell) "):
        charged(bank, error(code, Status=status))


@pytest.mark.parametrize("code", FOR_A_PERSON)
def test_the_same_holds_before_an_order_is_placed(bank: TBankAt, code: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", error(code))
    with pytest.raises(Misconfigured):
        tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)


def test_no_code_is_both_a_decline_and_a_matter_for_a_person_or_a_question() -> None:
    declines = set(TBank.declines) - set(CONFIGURATION)
    tables = [declines, set(CONFIGURATION) - set(REFUND_REFUSALS), set(ASK), set(NO_SUCH_ORDER)]
    assert sum(len(table) for table in tables) == len(set().union(*tables))


@pytest.mark.parametrize(
    "status",
    [
        "NEW",
        "FORM_SHOWED",
        "AUTHORIZING",
        "3DS_CHECKING",
        "3DS_CHECKED",
        "PAY_CHECKING",
        "AUTHORIZED",
        "CONFIRMING",
        "REVERSING",
        "PARTIAL_REVERSED",
        "REFUNDING",
        "ASYNC_REFUNDING",
        "A_STATUS_OF_TOMORROW",
        "",
    ],
)
def test_a_charge_without_a_final_status_is_pending(bank: TBankAt, status: str) -> None:
    assert charged(bank, state(Status=status)) == Payment("A-1", PAYMENT_ID, Outcome.PENDING, RUB)


@pytest.mark.parametrize(
    "answer",
    [
        state(Success=False),
        state(ErrorCode="1051"),
        state(ErrorCode="1051", Status=""),
        state(Amount=None),
        state(OrderId=""),
        state(PaymentId="1"),
        state(Amount="25000.00"),
        state(Amount=2500000.5),
        state(Amount=True),
        state(Amount=-1),
        state(Success="yes"),
        state(Success=1),
        state(PaymentId="none"),
        {"Status": "CONFIRMED"},
        {},
        [],
        None,
        "CONFIRMED",
    ],
    ids=str,
)
def test_paid_without_figures_or_with_contradictions_is_not_known(bank: TBankAt, answer: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(bank, answer)


@pytest.mark.parametrize(
    "drift",
    [
        {"Success": "true"},
        {"Success": "True"},
        {"ErrorCode": 0},
        {"PaymentId": int(PAYMENT_ID)},
        {"Amount": "2500000"},
        {"Amount": 2500000.0},
        {"Message": None, "Details": {"a": 1}},
        {"Status": " confirmed "},
        {"Params": {"Key": "Route"}},
        {"Params": [{"Key": 1, "Value": None}, "x"]},
    ],
    ids=str,
)
def test_types_that_drift_break_nothing(bank: TBankAt, drift: dict[str, Any]) -> None:
    assert charged(bank, state(**drift)).outcome is Outcome.SUCCEEDED


def test_other_figures_are_handed_on_as_they_are(bank: TBankAt) -> None:
    payment = charged(bank, state(Amount=2_500_001, OrderId="B-2"))
    assert (payment.amount, payment.order_number) == (Money(2_500_001, "RUB"), "B-2")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_an_answer_that_is_no_200_is_no_success_whatever_it_says(bank: TBankAt, status: int) -> None:
    with pytest.raises(OutcomeUnknown, match=str(status)):
        charged(bank, state(), status)


def test_a_status_of_http_with_an_error_for_a_person_is_for_a_person(bank: TBankAt) -> None:
    with pytest.raises(Misconfigured, match="terminal_key"):
        charged(bank, error("204"), 403)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", OutcomeUnknown),
        (reply("500 Oops", ""), OutcomeUnknown),
        (reply("502 Bad", "<html>", content_type="text/html"), OutcomeUnknown),
        (reply("200 OK", "<html>paid</html>", content_type="text/html"), OutcomeUnknown),
        (reply("403 No", "<html>firewall</html>", content_type="text/html"), OutcomeUnknown),
        (reply("302 Found", ""), OutcomeUnknown),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", OutcomeUnknown),
        (reply("429 Many", "<html></html>", content_type="text/html"), NotSent),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_lost_answer_of_a_charge_is_asked_about_by_the_payment_that_was_told(
    answer: bytes, kind: type[Exception]
) -> None:
    told: list[str] = []
    answers = (reply("200 OK", json.dumps(NO_ORDER)), reply("200 OK", json.dumps(placed())), answer)
    with answering(*answers) as heard, pytest.raises(kind):
        TBank(Http(heard.address, lambda: 0.0)).charge_saved_card(CREDENTIALS, CHARGE, told.append)
    assert told == [PAYMENT_ID]


def test_a_lost_answer_of_init_is_asked_about_by_the_number(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).says("v2/Init", requests.exceptions.ReadTimeout())
    with pytest.raises(OutcomeUnknown):
        tbank.charge_saved_card(CREDENTIALS, CHARGE, nothing)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("NEW", Outcome.REGISTERED),
        ("FORM_SHOWED", Outcome.PENDING),
        ("AUTHORIZED", Outcome.PENDING),
        ("REFUNDING", Outcome.PENDING),
        ("A_STATUS_OF_TOMORROW", Outcome.PENDING),
        ("CONFIRMED", Outcome.SUCCEEDED),
        ("PARTIAL_REFUNDED", Outcome.SUCCEEDED),
        ("CANCELED", Outcome.CANCELLED),
        ("CANCELLED", Outcome.CANCELLED),
        ("REVERSED", Outcome.CANCELLED),
        ("DEADLINE_EXPIRED", Outcome.CANCELLED),
        ("ATTEMPTS_EXPIRED", Outcome.CANCELLED),
    ],
)
def test_a_payment_is_asked_for_by_its_own_number(bank: TBankAt, status: str, outcome: Outcome) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status))
    payment = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.payment_id, payment.amount) == (outcome, PAYMENT_ID, RUB)
    assert heard.asked[0][1]["PaymentId"] == PAYMENT_ID


@pytest.mark.parametrize("status", ["REJECTED", "AUTH_FAIL"])
def test_a_decline_tells_its_code_wherever_the_acquirer_keeps_it(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status, Success=False, ErrorCode="1041"))
    payment = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "1041")
    heard.answers("v2/GetState", state(Status=status))
    heard.answers("v2/CheckOrder", order(line(PaymentId="7"), line(Status=status, Success="false", ErrorCode=1051)))
    payment = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "1051")


def test_a_decline_without_a_code_anywhere_is_a_decline_all_the_same(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="REJECTED")).answers("v2/CheckOrder", order(line(Status="REJECTED")))
    payment = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "")


def test_a_payment_that_was_given_back_as_a_whole_was_paid(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="REFUNDED", Amount=0))
    payment = tbank.fetch_payment(CREDENTIALS, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.amount, payment.given_back) == (Outcome.SUCCEEDED, PLACED.amount, PLACED.amount)


@pytest.mark.parametrize("body", [error("255"), error("3"), state(PaymentId="7"), state(Status=""), {}, []], ids=str)
def test_a_payment_whose_state_is_not_told_is_not_known(bank: TBankAt, body: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", body)
    with pytest.raises(OutcomeUnknown):
        tbank.fetch_payment(CREDENTIALS, PLACED)


@pytest.mark.parametrize(
    "body",
    [
        NO_ORDER,
        error("255"),
        error("335", Payments=None),
        order(),
        order() | {"OrderId": None},
        {"Success": True, "ErrorCode": "0", "Payments": []},
    ],
    ids=str,
)
def test_no_such_order_is_the_acquirers_own_definite_word(bank: TBankAt, body: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", body)
    assert tbank.fetch_payment(CREDENTIALS, NEVER_HEARD) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (error("407"), 200),
        (error("3"), 200),
        (order() | {"OrderId": "B-2"}, 200),
        (order(line()) | {"OrderId": ""}, 200),
        ({"Success": True, "OrderId": "A-1"}, 200),
        ({}, 200),
        ({"message": "Not Found"}, 404),
        (NO_ORDER, 404),
    ],
    ids=str,
)
def test_anything_else_does_not_say_that_there_is_no_order(bank: TBankAt, body: Any, status: int) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", body, status)
    with pytest.raises(OutcomeUnknown):
        tbank.fetch_payment(CREDENTIALS, NEVER_HEARD)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([line(PaymentId="9", Status="NEW"), line(PaymentId="5")], ("5", Outcome.SUCCEEDED)),
        ([line(PaymentId="5", Status="REJECTED"), line(PaymentId="10", Status="NEW")], ("10", Outcome.REGISTERED)),
        ([line(PaymentId="10", Status="NEW"), line(PaymentId="9", Status="NEW")], ("10", Outcome.REGISTERED)),
        ([line(PaymentId="9", Status="NEW"), line(PaymentId="10", Status="NEW")], ("10", Outcome.REGISTERED)),
        ([line(PaymentId="9", Status="AUTHORIZING"), line(PaymentId="10", Status="NEW")], ("9", Outcome.PENDING)),
        ([line(PaymentId="9", Status="NEW"), line(PaymentId="10", Status="CANCELED")], ("9", Outcome.REGISTERED)),
    ],
)
def test_of_several_payments_the_one_that_took_money_speaks_for_the_order_else_one_that_may(
    bank: TBankAt, lines: list[dict[str, Any]], found: tuple[str, Outcome]
) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(*lines))
    payment = tbank.fetch_payment(CREDENTIALS, NEVER_HEARD)
    assert payment is not None
    assert (payment.payment_id, payment.outcome) == found


@pytest.mark.parametrize("status", ["CONFIRMED", "PARTIAL_REFUNDED", "REFUNDED", "REFUNDING"])
def test_two_payments_that_took_money_are_named_for_a_person(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line(PaymentId="5"), line(PaymentId="9", Status=status)))
    with pytest.raises(OutcomeUnknown, match="payments 5, 9"):
        tbank.fetch_payment(CREDENTIALS, NEVER_HEARD)


NO_SUCH_PAYMENT = error("255")
UNKNOWN_OF_ANY = ["charging bound SBP accounts", "charging saved cards"]


@pytest.fixture
def terminal(bank: TBankAt) -> Callable[..., Sequence[Words]]:
    """A terminal of the keys that are in order, and what a check finds when it is told this of it."""
    heard, tbank = bank

    def checked(**told: Any) -> Sequence[Words]:
        heard.answers("v2/CheckOrder", NO_ORDER).tells("v2/GetTerminalPayMethods", **told)
        heard.answers("v2/Charge", NO_SUCH_PAYMENT)
        return tbank.check(CREDENTIALS)

    return checked


def pay_methods(*methods: str, **changes: Any) -> dict[str, Any]:
    listed = [{"PayMethod": method, "Params": {"Version": "2.0"}} for method in methods]
    info = {"Paymethods": listed, "AddCardScheme": True, "TokenRequired": True, "InitTokenRequired": True}
    return {"Success": True, "ErrorCode": "0", "TerminalInfo": info | changes}


def test_a_check_moves_no_money(bank: TBankAt, terminal: Callable[..., Sequence[Words]]) -> None:
    found = terminal(json=pay_methods("TinkoffPay", "SBP"))
    assert (lacking(found), unchecked(found)) == ([], UNKNOWN_OF_ANY)
    heard, _ = bank
    assert heard.paths == [
        "v2/CheckOrder",
        "v2/GetTerminalPayMethods?TerminalKey=canary-terminal&PaySource=API",
        "v2/Charge",
    ]
    charge = heard.asked[2][1]
    assert (charge["PaymentId"], charge["RebillId"]) == ("0", "0")


@pytest.mark.parametrize(
    ("told", "lacks", "unknown"),
    [
        (pay_methods("TinkoffPay"), ["the terminal does not take SBP payments"], UNKNOWN_OF_ANY[1:]),
        (pay_methods("SBP", AddCardScheme=False), ["the terminal may not keep cards"], UNKNOWN_OF_ANY),
        (
            pay_methods(AddCardScheme="false"),
            ["the terminal may not keep cards", "the terminal does not take SBP payments"],
            UNKNOWN_OF_ANY[1:],
        ),
    ],
    ids=str,
)
def test_a_check_says_what_a_terminal_lacks(
    terminal: Callable[..., Sequence[Words]], told: Any, lacks: list[str], unknown: list[str]
) -> None:
    found = terminal(json=told)
    assert (lacking(found), unchecked(found)) == (lacks, unknown)


@pytest.mark.parametrize(
    "told",
    [
        {"json": {"Success": True, "ErrorCode": "0"}},
        {"json": {"Success": True, "ErrorCode": "0", "TerminalInfo": {}}},
        {"json": {"Success": True, "ErrorCode": "0", "TerminalInfo": None}},
        {"json": error("204", TerminalInfo={"Paymethods": [], "AddCardScheme": False})},
        {"json": pay_methods(AddCardScheme=False), "status": 404},
        {"json": [], "status": 404},
        {"body": "<html>", "status": 404},
        {"body": "", "status": 429},
        {"body": "", "status": 500},
        {"body": requests.exceptions.ConnectionError("canary-password")},
    ],
    ids=str,
)
def test_a_check_that_hears_nothing_of_a_terminal_calls_nothing_missing_and_says_so(
    terminal: Callable[..., Sequence[Words]], told: dict[str, Any]
) -> None:
    found = terminal(**told)
    assert (lacking(found), unchecked(found)) == ([], ["SBP and keeping cards", *UNKNOWN_OF_ANY])


@pytest.mark.parametrize(
    ("answer", "lacks", "unknown"),
    [
        (error("10"), ["the terminal may not use the method Charge: saved cards cannot be charged"], []),
        (error("10", Success=True), [], UNKNOWN_OF_ANY[1:]),
        (error("204"), [], UNKNOWN_OF_ANY[1:]),
        (error("8"), [], UNKNOWN_OF_ANY[1:]),
        (state(), [], UNKNOWN_OF_ANY[1:]),
        ([], [], UNKNOWN_OF_ANY[1:]),
    ],
    ids=str,
)
def test_a_check_believes_that_charge_is_off_and_nothing_else(
    bank: TBankAt, answer: Any, lacks: list[str], unknown: list[str]
) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).tells("v2/GetTerminalPayMethods", json=pay_methods("SBP"))
    heard.answers("v2/Charge", answer)
    found = tbank.check(CREDENTIALS)
    assert (lacking(found), unchecked(found)) == (lacks, [UNKNOWN_OF_ANY[0], *unknown])


@pytest.mark.parametrize("code", ["204", "205", "501", "191", "202", "648"])
def test_a_check_of_credentials_that_are_refused_says_what_to_do(bank: TBankAt, code: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", error(code))
    with pytest.raises(Misconfigured, match="terminal"):
        tbank.check(CREDENTIALS)


def test_the_test_stand_has_an_address_of_its_own_and_is_wanted_by_a_clear_word() -> None:
    tbank = TBank(Http(TBank.address, lambda: 0.0))
    stand = TBankCredentials(terminal_key="t", password="p", test_stand="Yes")
    assert tbank._at(stand).address == "https://rest-api-test.tinkoff.ru/"
    assert tbank._at(CREDENTIALS).address == "https://securepay.tinkoff.ru/"
    with pytest.raises(Misconfigured, match="yes or no"):
        tbank.check(TBankCredentials(terminal_key="t", password="p", test_stand="maybe"))
    with pytest.raises(Misconfigured, match=r"1\.05 or 1\.2"):
        tbank.check(TBankCredentials(terminal_key="t", password="p", ffd_version="2"))

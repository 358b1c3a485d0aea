"""T-Bank by canned replies: orders that the client pays in person, on its page or by SBP, and closing them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calculations.money import Money
from gateways import Misconfigured, NotSent, Outcome, OutcomeUnknown, Started, StoredCard
from gateways.tbank import TBank
from tests.gateways.tbank_replies import (
    CREDENTIALS,
    FEWEST_WORDS,
    NEVER_HEARD,
    NO_ORDER,
    PAGE,
    PAYMENT_ID,
    PLACED,
    Acquirer,
    acquirer,
    error,
    line,
    order,
    placed,
    state,
)

SBP_PAGE = replace(PAGE, method="sbp")
LINK = "https://qr.nspk.ru/AS1000670LSS7DN18SJQDNP4B05KLJL2?type=01&bank=100000000001&sum=10000&cur=RUB&crc=C08B"
QR = {"Success": True, "ErrorCode": "0", "Message": "OK", "OrderId": "A-1", "PaymentId": 1, "Data": LINK}

TBankAt = tuple[Acquirer, TBank]


@pytest.fixture
def bank() -> Iterator[TBankAt]:
    with acquirer() as both:
        yield both


def test_a_page_is_opened_under_a_new_number_for_as_long_as_asked(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed())
    started = tbank.start_payment(CREDENTIALS, PAGE)
    assert started == Started(PAYMENT_ID, page_url="https://securepay.tinkoff.ru/new/fU1ppgqa")
    body = heard.asked[1][1]
    assert body["RedirectDueDate"] == "2026-02-01T12:28:00+03:00"
    assert body["SuccessURL"] == body["FailURL"] == PAGE.return_url
    assert body["NotificationURL"] == PAGE.notice_url
    assert body["DATA"] == {"OperationInitiatorType": "0"}
    assert not {"Recurrent", "CustomerKey"} & body.keys()


SAVING = replace(PLACED, saves_card_for="p-C_5")
LISTED = {"CardId": 881900, "Pan": "430000******0777", "Status": "A", "RebillId": "145919", "ExpDate": "1130"}
KEPT = StoredCard("145919", "430000******0777", "2030-11", "p-C_5", from_list=True)


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ([LISTED], KEPT),
        ([LISTED, LISTED | {"CardId": 1, "RebillId": "7", "Status": "D"}], KEPT),
        ([LISTED, {name: value for name, value in LISTED.items() if name != "RebillId"}], KEPT),
        ([LISTED, LISTED | {"CardId": 1, "RebillId": "7"}], None),
        ([LISTED | {"Status": "D"}], None),
        ([LISTED | {"RebillId": "no number"}], None),
        ([LISTED | {"Pan": "<script>"}], None),
        ([], None),
        (error("7"), None),
        (error("9999"), None),
        (error("204"), None),
        ({}, None),
        (["card"], None),
    ],
)
def test_a_paid_order_that_saves_a_card_brings_the_only_one_it_can_be(bank: TBankAt, listed: Any, kept: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/GetCardList", listed)
    payment = tbank.fetch_payment(CREDENTIALS, SAVING)
    assert payment is not None
    assert (payment.outcome, payment.stored_card) == (Outcome.SUCCEEDED, kept)
    assert heard.asked[1][1]["CustomerKey"] == "p-C_5"


def test_a_paid_order_found_by_our_number_brings_its_card(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line())).answers("v2/GetCardList", [LISTED])
    payment = tbank.fetch_payment(CREDENTIALS, replace(SAVING, payment_id=""))
    assert payment is not None
    assert payment.stored_card == KEPT


@pytest.mark.parametrize(
    ("placed_before", "answer"),
    [
        (PLACED, state()),
        (SAVING, state(Status="FORM_SHOWED")),
        (SAVING, state(Status="REJECTED", ErrorCode="1051", Success=False)),
        (SAVING, state(Params=[{"Key": "Source", "Value": "SberPay"}])),
    ],
)
def test_cards_are_asked_for_only_when_a_card_was_to_be_saved_and_has_paid(
    bank: TBankAt, placed_before: Any, answer: dict[str, Any]
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", answer)
    payment = tbank.fetch_payment(CREDENTIALS, placed_before)
    assert payment is not None
    assert payment.stored_card is None
    assert heard.paths == ["v2/GetState"]


def test_an_order_found_paid_when_it_is_to_be_closed_brings_its_card(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/GetCardList", [LISTED])
    assert tbank.void(CREDENTIALS, SAVING).stored_card == KEPT


def test_a_card_is_saved_only_where_its_client_agreed(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed())
    tbank.start_payment(CREDENTIALS, replace(PAGE, save_card=True))
    body = heard.asked[1][1]
    assert (body["Recurrent"], body["CustomerKey"]) == ("Y", "p-C_5")
    assert body["DATA"] == {"OperationInitiatorType": "1"}
    assert body["NotificationURL"] == f"{PAGE.notice_url}?order=A-1&customer=p-C_5"


def test_by_sbp_the_client_is_given_the_link_that_a_banks_app_opens(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/GetQr", QR)
    assert tbank.start_payment(CREDENTIALS, SBP_PAGE) == Started(PAYMENT_ID, qr_payload=LINK)
    begun, shown = heard.asked[1][1], heard.asked[2][1]
    assert not {"Recurrent", "CustomerKey", "DATA"} & begun.keys()
    assert (shown["PaymentId"], shown["DataType"]) == (PAYMENT_ID, "PAYLOAD")


def test_an_account_is_bound_only_where_its_client_agreed_and_its_notice_will_name_the_order(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/GetQr", QR)
    tbank.start_payment(CREDENTIALS, replace(SBP_PAGE, save_card=True))
    body = heard.asked[1][1]
    assert (body["Recurrent"], body["DATA"]) == ("Y", {"QR": "true"})
    assert body["NotificationURL"] == f"{PAGE.notice_url}?order=A-1&customer=p-C_5"


@pytest.mark.parametrize("status", ["NEW", "CONFIRMED", "REJECTED", "CANCELED"])
def test_a_number_that_is_known_already_gets_no_second_page(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line(Status=status)))
    with pytest.raises(OutcomeUnknown, match="known to T-Bank already"):
        tbank.start_payment(CREDENTIALS, PAGE)
    assert heard.paths == ["v2/CheckOrder"]


def test_a_page_placed_in_the_fewest_words_is_handed_out(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", FEWEST_WORDS)
    assert tbank.start_payment(CREDENTIALS, PAGE) == Started(PAYMENT_ID, page_url=FEWEST_WORDS["PaymentURL"])


def test_while_it_cannot_be_learnt_whether_a_number_is_known_no_page_is_opened(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", error("9999"))
    with pytest.raises(NotSent):
        tbank.start_payment(CREDENTIALS, PAGE)
    assert heard.paths == ["v2/CheckOrder"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("251"), NotSent),
        (error("334"), NotSent),
        (error("9999"), OutcomeUnknown),
        (error("77777"), OutcomeUnknown),
        (error("204"), Misconfigured),
        (error("309"), Misconfigured),
        (placed(OrderId="B-2"), OutcomeUnknown),
        (placed(Amount=1), OutcomeUnknown),
        (placed(PaymentURL=""), OutcomeUnknown),
        (placed(PaymentURL="javascript:alert(1)"), OutcomeUnknown),
        (placed(Status="REJECTED"), OutcomeUnknown),
        ({}, OutcomeUnknown),
    ],
    ids=str,
)
def test_a_page_that_is_not_surely_there_is_not_handed_out(
    bank: TBankAt, answer: dict[str, Any], kind: type[Exception]
) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", answer)
    with pytest.raises(kind):
        tbank.start_payment(CREDENTIALS, PAGE)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("3001"), Misconfigured),
        (error("3019"), Misconfigured),
        (error("3016"), OutcomeUnknown),
        (error("9999"), OutcomeUnknown),
        (QR | {"Data": ""}, OutcomeUnknown),
        (QR | {"Success": False, "ErrorCode": "9999"}, OutcomeUnknown),
        (QR | {"Data": "<svg>"}, OutcomeUnknown),
        ({}, OutcomeUnknown),
    ],
    ids=str,
)
def test_an_order_by_sbp_without_a_link_is_there_all_the_same(
    bank: TBankAt, answer: dict[str, Any], kind: type[Exception]
) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed()).answers("v2/GetQr", answer)
    with pytest.raises(kind):
        tbank.start_payment(CREDENTIALS, SBP_PAGE)


def test_a_page_takes_roubles_only(bank: TBankAt) -> None:
    with pytest.raises(NotSent, match="roubles"):
        bank[1].start_payment(CREDENTIALS, replace(PAGE, amount=Money(100, "USD")))


@pytest.mark.parametrize("status", ["NEW", "FORM_SHOWED"])
def test_an_order_that_nobody_has_paid_is_closed_for_good(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status)).answers("v2/Cancel", state(Status="CANCELED"))
    assert tbank.void(CREDENTIALS, PLACED).outcome is Outcome.CANCELLED
    assert [body["PaymentId"] for _, body in heard.asked] == [PAYMENT_ID, PAYMENT_ID]


def test_an_order_whose_payment_we_never_heard_of_is_found_and_closed(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line(Status="NEW"))).answers("v2/Cancel", state(Status="CANCELED"))
    payment = tbank.void(CREDENTIALS, NEVER_HEARD)
    assert (payment.outcome, payment.payment_id, payment.order_number) == (Outcome.CANCELLED, PAYMENT_ID, "A-1")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("CONFIRMED", Outcome.SUCCEEDED),
        ("AUTHORIZING", Outcome.PENDING),
        ("AUTHORIZED", Outcome.PENDING),
        ("CANCELED", Outcome.CANCELLED),
    ],
)
def test_an_order_that_is_paid_after_all_is_never_cancelled_which_would_give_the_money_back(
    bank: TBankAt, status: str, outcome: Outcome
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status))
    assert tbank.void(CREDENTIALS, PLACED).outcome is outcome
    assert heard.paths == ["v2/GetState"]


@pytest.mark.parametrize(
    ("answer", "then", "outcome"),
    [
        (error("4"), "CONFIRMED", Outcome.SUCCEEDED),
        (error("8"), "NEW", Outcome.REGISTERED),
        (state(Status="ASYNC_REFUNDING"), "ASYNC_REFUNDING", Outcome.PENDING),
    ],
)
def test_an_order_that_could_not_be_closed_is_asked_about_again(
    bank: TBankAt, answer: dict[str, Any], then: str, outcome: Outcome
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="NEW")).answers("v2/Cancel", answer)
    heard.answers("v2/GetState", state(Status=then))
    assert tbank.void(CREDENTIALS, PLACED).outcome is outcome


def test_an_order_paid_in_the_moment_of_closing_was_given_back_and_is_closed(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="NEW")).answers("v2/Cancel", state(Status="REFUNDED"))
    assert tbank.void(CREDENTIALS, PLACED).outcome is Outcome.CANCELLED


def test_an_order_that_nobody_knows_cannot_be_closed_for_good(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", NO_ORDER)
    with pytest.raises(OutcomeUnknown):
        tbank.void(CREDENTIALS, NEVER_HEARD)

"""T-Bank by canned replies: refunds, saved cards that are dropped, receipts, and what never shows in a text."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from calculations.money import Money
from gateways import Misconfigured, NotSent, Outcome, OutcomeUnknown, Refunded, SentReceipt, Trouble
from gateways.tbank import TBank
from tests.gateways.tbank_replies import (
    ACCOUNT,
    CARD,
    CHARGE,
    CREDENTIALS,
    NEVER_HEARD,
    NO_ORDER,
    PAGE,
    PAYMENT_ID,
    PLACED,
    RECEIPT,
    REFUND,
    Acquirer,
    acquirer,
    error,
    line,
    nothing,
    order,
    placed,
    state,
)

SUM = Money(500_000, "RUB")
DONE = Refunded("A-1-R1", Outcome.SUCCEEDED, SUM)
SECOND = replace(REFUND, number="A-1-R2", refunded_before=Money(300_000, "RUB"))
BY_CARD = [{"Key": "Route", "Value": "ACQ"}, {"Key": "Source", "Value": "cards"}]
BY_SBP = [{"Key": "Source", "Value": "sbpqr"}]

TBankAt = tuple[Acquirer, TBank]


@pytest.fixture
def bank() -> Iterator[TBankAt]:
    with acquirer() as both:
        yield both


def cancelled(**changes: Any) -> dict[str, Any]:
    answer = {
        "OrderId": "A-1",
        "Success": True,
        "Status": "PARTIAL_REFUNDED",
        "OriginalAmount": 2_500_000,
        "NewAmount": 2_000_000,
        "PaymentId": PAYMENT_ID,
        "ErrorCode": "0",
        "ExternalRequestId": "A-1-R1",
    }
    return answer | changes


def qr_state(**changes: Any) -> dict[str, Any]:
    return {"Success": True, "ErrorCode": "0", "Status": "CONFIRMED", "OrderId": "A-1", "Amount": 500_000} | changes


def test_a_refund_is_asked_for_under_its_own_number(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/Cancel", cancelled())
    assert tbank.refund(CREDENTIALS, replace(REFUND, receipt=RECEIPT)) == DONE
    body = heard.asked[1][1]
    assert (body["PaymentId"], body["Amount"], body["ExternalRequestId"]) == (PAYMENT_ID, 500_000, "A-1-R1")
    assert body["Receipt"]["Items"][0]["Amount"] == 2_500_000


def test_the_payment_of_a_refund_is_found_by_its_order_where_its_number_was_never_heard(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line())).answers("v2/GetState", state()).answers("v2/Cancel", cancelled())
    assert tbank.refund(CREDENTIALS, replace(REFUND, payment_id="")) == DONE


@pytest.mark.parametrize("status", ["ASYNC_REFUNDING", "REFUNDING"])
def test_a_refund_on_its_way_is_pending(bank: TBankAt, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/Cancel", cancelled(Status=status))
    assert tbank.refund(CREDENTIALS, REFUND).outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("refund", "status"),
    [(REFUND, "PARTIAL_REFUNDED"), (REFUND, "REFUNDED"), (SECOND, "CONFIRMED"), (SECOND, "ASYNC_REFUNDING")],
)
def test_a_refund_of_a_payment_that_does_not_stand_as_we_left_it_is_not_sent(
    bank: TBankAt, refund: Any, status: str
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status))
    with pytest.raises(OutcomeUnknown, match=status):
        tbank.refund(CREDENTIALS, refund)
    assert heard.paths == ["v2/GetState"]


@pytest.mark.parametrize("code", ["79", "324", "330", "3002", "3028", "3029", "3030", "3031", "5038", "5043"])
def test_a_refund_that_cannot_be_is_declined_and_says_why(bank: TBankAt, code: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/Cancel", error(code))
    refunded = tbank.refund(CREDENTIALS, REFUND)
    assert refunded.outcome is Outcome.DECLINED
    assert refunded.reason.startswith(f"{code}: ")


@pytest.mark.parametrize(
    "answer",
    [
        error("100"),
        error("4"),
        error("8"),
        error("9999"),
        error("77777"),
        cancelled(Status="CONFIRMED"),
        cancelled(Status="NEW"),
        cancelled(Status=""),
        cancelled(OrderId="B-2"),
        cancelled(NewAmount=1_000_000),
        cancelled(NewAmount=2_500_000),
        cancelled(NewAmount="half"),
        cancelled(Success=False),
        {},
        [],
    ],
    ids=str,
)
def test_a_refund_that_is_not_surely_done_is_asked_about(bank: TBankAt, answer: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/Cancel", answer)
    with pytest.raises(OutcomeUnknown):
        tbank.refund(CREDENTIALS, REFUND)


def test_a_refund_whose_sums_are_not_told_is_done_all_the_same(bank: TBankAt) -> None:
    heard, tbank = bank
    answer = cancelled(OriginalAmount=None, NewAmount=None, OrderId=None)
    heard.answers("v2/GetState", state()).answers("v2/Cancel", answer)
    assert tbank.refund(CREDENTIALS, REFUND) == DONE


def test_a_refund_for_which_the_shops_account_is_wrong_is_for_a_person(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state()).answers("v2/Cancel", error("3038"))
    with pytest.raises(Misconfigured, match="account"):
        tbank.refund(CREDENTIALS, REFUND)


def test_a_refund_in_another_currency_is_not_sent(bank: TBankAt) -> None:
    with pytest.raises(NotSent, match="roubles"):
        bank[1].refund(CREDENTIALS, replace(REFUND, amount=Money(1, "USD"), refunded_before=Money(0, "USD")))


def test_a_refund_of_an_order_that_nobody_paid_is_not_sent(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/CheckOrder", order(line(Status="REJECTED")))
    with pytest.raises(OutcomeUnknown, match="no paid order"):
        tbank.refund(CREDENTIALS, replace(REFUND, payment_id=""))


@pytest.mark.parametrize("params", [BY_CARD, BY_SBP, None])
def test_a_payment_given_back_as_a_whole_has_this_refund_too(bank: TBankAt, params: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="REFUNDED", Params=params))
    assert tbank.fetch_refund(CREDENTIALS, REFUND) == DONE


def test_a_refund_that_is_being_given_is_pending(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="ASYNC_REFUNDING"))
    pending = tbank.fetch_refund(CREDENTIALS, REFUND)
    assert pending is not None
    assert pending.outcome is Outcome.PENDING


def test_of_a_payment_by_card_that_is_whole_nothing_was_given_back(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Params=BY_CARD))
    assert tbank.fetch_refund(CREDENTIALS, REFUND) is None
    assert heard.paths == ["v2/GetState"]


@pytest.mark.parametrize("params", [BY_SBP, None])
@pytest.mark.parametrize("answer", [qr_state(), qr_state(QrCancelCode="0"), error("3"), "unreadable"])
def test_nor_of_any_other_unless_sbp_names_a_refusal(bank: TBankAt, params: Any, answer: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Params=params)).answers("v2/GetQrState", answer)
    assert tbank.fetch_refund(CREDENTIALS, REFUND) is None


def test_a_refund_that_sbp_refused_is_declined(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Params=BY_SBP)).answers("v2/GetQrState", qr_state(QrCancelCode="I05043"))
    refunded = tbank.fetch_refund(CREDENTIALS, REFUND)
    assert refunded is not None
    assert (refunded.outcome, refunded.reason) == (Outcome.DECLINED, "I05043: SBP refused it")


@pytest.mark.parametrize("new_amount", [2_000_000, 2_500_000, None])
def test_a_partial_refund_of_a_card_is_asked_for_again_under_its_number_which_does_it_once(
    bank: TBankAt, new_amount: int | None
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="PARTIAL_REFUNDED", Params=BY_CARD))
    heard.answers("v2/Cancel", cancelled(NewAmount=new_amount))
    assert tbank.fetch_refund(CREDENTIALS, REFUND) == DONE
    assert heard.asked[1][1]["ExternalRequestId"] == "A-1-R1"


@pytest.mark.parametrize(
    ("listed", "asked_again"),
    [(line(), True), (line(RRN=""), False), (line(SbpPaymentId="A426"), False), (line(PaymentId="7"), False)],
)
def test_by_what_a_payment_was_made_is_learnt_from_its_order_where_its_state_does_not_tell(
    bank: TBankAt, listed: dict[str, Any], asked_again: bool
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="PARTIAL_REFUNDED")).answers("v2/CheckOrder", order(listed))
    if asked_again:
        heard.answers("v2/Cancel", cancelled())
    else:
        heard.answers("v2/GetQrState", qr_state())
    assert tbank.fetch_refund(CREDENTIALS, REFUND) == DONE


@pytest.mark.parametrize(("refund", "total"), [(REFUND, 500_000), (SECOND, 800_000)])
def test_a_partial_refund_by_sbp_is_told_by_the_total_and_never_asked_for_again(
    bank: TBankAt, refund: Any, total: int
) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="PARTIAL_REFUNDED", Params=BY_SBP))
    heard.answers("v2/GetQrState", qr_state(Amount=total))
    found = tbank.fetch_refund(CREDENTIALS, refund)
    assert found is not None
    assert found.outcome is Outcome.SUCCEEDED
    assert "v2/Cancel" not in heard.paths


@pytest.mark.parametrize("total", [300_000, 500_000, 2_500_000, None])
def test_a_total_that_does_not_fit_is_for_a_person(bank: TBankAt, total: int | None) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status="PARTIAL_REFUNDED", Params=BY_SBP))
    heard.answers("v2/GetQrState", qr_state(Amount=total))
    with pytest.raises(OutcomeUnknown, match="cabinet"):
        tbank.fetch_refund(CREDENTIALS, SECOND)


@pytest.mark.parametrize(("refund", "status"), [(SECOND, "CONFIRMED"), (REFUND, "NEW"), (REFUND, "AUTHORIZED")])
def test_a_state_that_does_not_fit_a_refund_is_for_a_person(bank: TBankAt, refund: Any, status: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(Status=status))
    with pytest.raises(OutcomeUnknown, match=status):
        tbank.fetch_refund(CREDENTIALS, refund)


def test_a_payment_of_another_order_is_not_given_back(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("v2/GetState", state(OrderId="B-2"))
    with pytest.raises(OutcomeUnknown, match="another order"):
        tbank.refund(CREDENTIALS, REFUND)


def listed_card(**changes: Any) -> dict[str, Any]:
    return {"CardId": 881900, "Pan": "430000******0777", "Status": "A", "RebillId": "145919", "CardType": 0} | changes


def test_a_card_is_dropped_by_the_number_under_which_its_customer_has_it(bank: TBankAt) -> None:
    heard, tbank = bank
    others = [listed_card(CardId="1", RebillId="7"), listed_card(CardId="2", Status="D"), listed_card()]
    heard.answers("v2/GetCardList", others)
    heard.answers("v2/RemoveCard", {"Success": True, "ErrorCode": "0", "Status": "D", "CardId": "881900"})
    tbank.forget_card(CREDENTIALS, CARD)
    assert heard.asked[0][1]["CustomerKey"] == "p-C_5"
    assert (heard.asked[1][1]["CustomerKey"], heard.asked[1][1]["CardId"]) == ("p-C_5", "881900")


@pytest.mark.parametrize("known", [[], [listed_card(Status="D")], [listed_card(RebillId="7")], error("7")], ids=str)
def test_a_card_that_is_not_known_any_more_is_dropped_already(bank: TBankAt, known: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetCardList", known)
    tbank.forget_card(CREDENTIALS, CARD)
    assert heard.paths == ["v2/GetCardList"]


@pytest.mark.parametrize("code", ["107", "231", "7"])
def test_a_card_dropped_in_the_same_moment_is_fine(bank: TBankAt, code: str) -> None:
    heard, tbank = bank
    heard.answers("v2/GetCardList", [listed_card()]).answers("v2/RemoveCard", error(code))
    tbank.forget_card(CREDENTIALS, CARD)
    assert heard.paths == ["v2/GetCardList", "v2/RemoveCard"]


@pytest.mark.parametrize("answer", [error("9999"), {"Success": True, "ErrorCode": "0", "Status": "A"}, {}, []], ids=str)
def test_a_card_that_is_not_surely_dropped_is_not_called_so(bank: TBankAt, answer: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetCardList", [listed_card()]).answers("v2/RemoveCard", answer)
    with pytest.raises(OutcomeUnknown):
        tbank.forget_card(CREDENTIALS, CARD)


@pytest.mark.parametrize("answer", [error("9999"), {}, ["card"], None], ids=str)
def test_a_list_of_cards_that_cannot_be_read_drops_nothing(bank: TBankAt, answer: Any) -> None:
    heard, tbank = bank
    heard.answers("v2/GetCardList", answer)
    with pytest.raises(OutcomeUnknown):
        tbank.forget_card(CREDENTIALS, CARD)


def test_of_a_card_without_its_customer_and_of_an_account_there_is_nothing_to_ask_for(bank: TBankAt) -> None:
    heard, tbank = bank
    tbank.forget_card(CREDENTIALS, replace(CARD, gateway_customer_id=""))
    tbank.forget_card(CREDENTIALS, replace(CARD, token="sbp:AB12"))
    assert heard.paths == []


def test_a_closing_receipt_is_paid_by_what_was_paid_in_advance(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("cashbox/SendClosingReceipt", {"Success": True, "ErrorCode": "2304882", "Message": "OK"})
    sent = tbank.send_receipt(CREDENTIALS, PLACED, "A-1-C1", replace(RECEIPT, offset=True))
    assert sent == SentReceipt("A-1-C1", "pending")
    body = heard.asked[0][1]
    assert body["PaymentId"] == PAYMENT_ID
    assert body["Receipt"]["Payments"] == {"Electronic": 0, "AdvancePayment": 2_500_000}


def test_a_receipt_that_is_refused_has_failed_and_one_without_an_answer_is_not_known(bank: TBankAt) -> None:
    heard, tbank = bank
    path = "cashbox/SendClosingReceipt"
    for code in ("308", "311", "315", "9999"):
        heard.answers(path, error(code))
    for _ in range(2):
        assert tbank.send_receipt(CREDENTIALS, PLACED, "A-1-C1", RECEIPT).status == "failed"
    with pytest.raises(Misconfigured, match="till"):
        tbank.send_receipt(CREDENTIALS, PLACED, "A-1-C1", RECEIPT)
    with pytest.raises(OutcomeUnknown):
        tbank.send_receipt(CREDENTIALS, PLACED, "A-1-C1", RECEIPT)
    with pytest.raises(NotSent):
        tbank.send_receipt(CREDENTIALS, NEVER_HEARD, "A-1-C1", RECEIPT)


def test_a_till_of_format_1_2_is_told_the_format_and_a_unit(bank: TBankAt) -> None:
    heard, tbank = bank
    heard.answers("cashbox/SendClosingReceipt", {"Success": True, "ErrorCode": "0"})
    newer = CREDENTIALS.model_copy(update={"ffd_version": "1.2"})
    tbank.send_receipt(newer, PLACED, "A-1-C1", RECEIPT)
    receipt = heard.asked[0][1]["Receipt"]
    assert (receipt["FfdVersion"], receipt["Items"][0]["MeasurementUnit"]) == ("1.2", "шт")


def _placed_first(heard: Acquirer) -> None:
    heard.answers("v2/CheckOrder", NO_ORDER).answers("v2/Init", placed())


VERBS: dict[str, tuple[str, Callable[[Acquirer], object], Callable[[TBank], object]]] = {
    "check": ("v2/CheckOrder", lambda heard: None, lambda bank: bank.check(CREDENTIALS)),
    "page": (
        "v2/Init",
        lambda heard: heard.answers("v2/CheckOrder", NO_ORDER),
        lambda bank: bank.start_payment(CREDENTIALS, PAGE),
    ),
    "sbp": (
        "v2/GetQr",
        _placed_first,
        lambda bank: bank.start_payment(CREDENTIALS, replace(PAGE, method="sbp")),
    ),
    "charge": ("v2/Charge", _placed_first, lambda bank: bank.charge_saved_card(CREDENTIALS, CHARGE, nothing)),
    "account": ("v2/ChargeQr", _placed_first, lambda bank: bank.charge_saved_card(CREDENTIALS, ACCOUNT, nothing)),
    "fetch": ("v2/GetState", lambda heard: None, lambda bank: bank.fetch_payment(CREDENTIALS, PLACED)),
    "void": ("v2/GetState", lambda heard: None, lambda bank: bank.void(CREDENTIALS, PLACED)),
    "refund": (
        "v2/Cancel",
        lambda heard: heard.answers("v2/GetState", state()),
        lambda bank: bank.refund(CREDENTIALS, REFUND),
    ),
    "fetch_refund": ("v2/GetState", lambda heard: None, lambda bank: bank.fetch_refund(CREDENTIALS, REFUND)),
    "forget": (
        "v2/GetCardList",
        lambda heard: None,
        lambda bank: bank.forget_card(CREDENTIALS, replace(CARD, token="canary-145919")),
    ),
    "receipt": (
        "cashbox/SendClosingReceipt",
        lambda heard: None,
        lambda bank: bank.send_receipt(CREDENTIALS, PLACED, "A-1-C1", RECEIPT),
    ),
}
ECHOED = "canary-password canary-terminal canary-145919 canaryAB12"
FAILURES: dict[str, tuple[Any, int]] = {
    "config": (error("204", Message=ECHOED, Details=ECHOED), 200),
    "unknown": (error("77777", Message=ECHOED, Details=ECHOED), 200),
    "code": (error("canary-password", Status="canary-password"), 200),
    "declined": (state(Success=False, Status="REJECTED", ErrorCode="1051", Message=ECHOED), 200),
    "refused": (error("251", Message=ECHOED, Details=ECHOED), 200),
    "shape": ({"Success": ECHOED, "Amount": ECHOED, "PaymentId": ECHOED}, 200),
    "forbidden": (error("1", Message=ECHOED), 403),
    "page": (f"<html>{ECHOED}</html>", 200),
    "fault": (ECHOED, 500),
    "cut": (requests.exceptions.ConnectionError(ECHOED), 200),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("failure", FAILURES)
def test_neither_secret_nor_token_shows_in_anything_that_may_be_logged(verb: str, failure: str) -> None:
    path, before, ask = VERBS[verb]
    body, status = FAILURES[failure]
    shown: list[object] = [CREDENTIALS, CHARGE, ACCOUNT, replace(CARD, token="canary-145919")]
    with acquirer() as (heard, tbank):
        before(heard)
        if isinstance(body, dict):
            heard.answers(path, body, status)
        else:
            heard.says(path, body, status)
        try:
            shown.append(ask(tbank))
        except Trouble as trouble:
            shown += [trouble, repr(trouble), trouble.__cause__]
        shown.append(tbank)
    assert len(shown) > 4
    assert "canary" not in f"{shown} {' '.join(map(str, shown))}"

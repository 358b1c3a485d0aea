"""CloudPayments by canned replies: saved cards, and how its words on a payment are understood."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import DECLINES, Misconfigured, NotSent, Outcome, OutcomeUnknown, Payment, Reason, StoredCard
from gateways._cloudpayments_answers import money_of
from gateways._cloudpayments_requests import sum_of
from gateways.cloudpayments import CloudPayments
from tests.gateways.answering import answering, reply
from tests.gateways.checking import lacking, unchecked
from tests.gateways.cloudpayments_replies import (
    AT,
    CHARGE,
    CHARGE_URL,
    CREDENTIALS,
    FIND,
    GET,
    LIST,
    NOT_FOUND,
    PAYMENT_ID,
    RECEIPT,
    RUB,
    TEST,
    TOKEN,
    answer,
    asked,
    declined,
    gateway,
    paid,
    paths,
    placed,
    transaction,
)

# every code of the chapter «Коды ошибок», the answers to Check of the chapter after it, and 5209, which is not there
CODES = {
    "soft": "5001 5005"
    " 3001 3002 3003 3005 3006 3007 3008 5013 5019 5030 5051 5061 5063 5065 5096 5204 5206 5207 5209 5300 5303"
    " 6001 6017",
    "technical": "5006 5031 5091 5092",
    "needs_client": "3004 5055 5082",
    "hard": "5003 5004 5007 5012 5014 5015 5017 5033 5034 5036 5041 5043 5054 5057 5058 5059 5062 5113 5761"
    " 5762 5763 6002 6003 6004 6005 6006 6007 6008 6009 6010 6011 6013 6014 6015 6016 6021 6022 6025",
}
KINDS = [(code, kind) for kind, codes in CODES.items() for code in codes.split()]
UNCONDITIONAL = ["5057", "5003", "5017", "5033", "5034", "5012"]
TWICE_A_DAY = ["5055", "5063", "5014", "5030", "5013", "5054", "5065", "5096", "5051"]


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def cloudpayments() -> CloudPayments:
    return gateway()


def nothing(_payment_id: str) -> None:
    """Nobody has to be told of CloudPayments' number before the money."""


def charge(cloudpayments: CloudPayments) -> Payment:
    return cloudpayments.charge_saved_card(CREDENTIALS, CHARGE, nothing)


def charged(acquirer: responses.RequestsMock, body: Any, status: int = 200) -> Payment:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CHARGE_URL, json=body, status=status)
    return charge(gateway())


def test_a_saved_card_is_charged_by_the_shop_and_by_plan_under_our_number(
    acquirer: responses.RequestsMock,
) -> None:
    assert charged(acquirer, paid()) == Payment(
        order_number="A-1",
        payment_id=PAYMENT_ID,
        outcome=Outcome.SUCCEEDED,
        amount=RUB,
        paid_at=datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC),
    )
    assert asked(acquirer) == {
        "Amount": Decimal("25000.50"),
        "Currency": "RUB",
        "InvoiceId": "A-1",
        "Description": "Платёж 1 из 4",
        "Token": TOKEN,
        "AccountId": "p1-C_5",
        "TrInitiatorCode": 0,
        "PaymentScheduled": 1,
    }
    request = acquirer.calls[1].request
    assert b'"Amount": 25000.50,' in (request.body or b"")
    assert request.headers["X-Request-ID"] == "A-1"
    assert request.headers["Authorization"] == "Basic cGtfdGVzdDpjYW5hcnlfYXBpX3NlY3JldA=="


def test_a_card_that_was_imported_without_an_account_is_charged_for_the_client(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CHARGE_URL, json=paid())
    order = replace(CHARGE, gateway_customer_id="", description="", receipt_email="client@example.com")
    cloudpayments.charge_saved_card(CREDENTIALS, order, nothing)
    sent = asked(acquirer)
    assert (sent["AccountId"], sent["Description"], sent["Email"]) == ("C_5", "A-1", "client@example.com")


def test_a_receipt_travels_with_the_payment_in_cloudkassirs_words(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CHARGE_URL, json=paid())
    cloudpayments.charge_saved_card(CREDENTIALS, replace(CHARGE, receipt=RECEIPT), nothing)
    assert asked(acquirer)["JsonData"] == {
        "cloudPayments": {
            "CustomerReceipt": {
                "Items": [
                    {
                        "label": "Обучение",
                        "price": Decimal("25000.50"),
                        "quantity": 1,
                        "amount": Decimal("25000.50"),
                        "vat": 122,
                        "method": 2,
                        "object": 4,
                    }
                ],
                "taxationSystem": 1,
                "email": "client@example.com",
                "phone": "+79000000000",
                "amounts": {"electronic": Decimal("25000.50")},
            }
        }
    }


@pytest.mark.parametrize("body", [paid(), declined(), paid(Status="Authorized"), paid(TransactionId=1)])
def test_a_number_that_is_known_is_never_charged_again_whatever_became_of_it(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, body: Any
) -> None:
    acquirer.post(FIND, json=body)
    with pytest.raises(OutcomeUnknown, match="A-1 is known"):
        charge(cloudpayments)
    assert paths(acquirer) == ["payments/find"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {}),
        (404, {}),
        (200, {"Success": False, "Message": "Try later"}),
        (200, answer()),
        (200, []),
        (200, {"Message": "Not found"}),
        (200, {"Success": "no", "Message": "Not found"}),
    ],
    ids=str,
)
def test_while_it_cannot_be_learnt_whether_a_number_is_known_nothing_is_sent_under_it(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, status: int, body: Any
) -> None:
    acquirer.post(FIND, json=body, status=status)
    with pytest.raises(NotSent, match="A-1 was not sent"):
        charge(cloudpayments)
    assert paths(acquirer) == ["payments/find"]


@pytest.mark.parametrize(("code", "kind"), KINDS)
def test_each_code_of_a_refusal_is_a_decline_with_its_policy(
    acquirer: responses.RequestsMock, code: str, kind: str
) -> None:
    found = charged(acquirer, declined(int(code), "SomeReason"))
    assert (found.outcome, found.decline_code, found.payment_id) == (Outcome.DECLINED, code, PAYMENT_ID)
    assert found.decline_text == f"{code}: SomeReason"
    assert DECLINES[gateway().declines[code]].kind == kind
    assert found.paid_at is None
    assert found.stored_card is None


def test_what_ends_regular_payments_is_hard_and_what_blocks_a_card_for_a_day_is_not_tried_within_it() -> None:
    kinds = {code: DECLINES[reason].kind for code, reason in gateway().declines.items()}
    assert {kinds[code] for code in UNCONDITIONAL} == {"hard"}
    assert "technical" not in {kinds[code] for code in TWICE_A_DAY}
    codes = {code for code, _ in KINDS} | {"3ds_required", "token_refused", "request_refused"}
    assert set(kinds) == codes


def test_a_code_of_tomorrow_is_a_soft_decline_and_none_is_a_decline_without_a_code(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    assert cloudpayments.reason_of(charged(acquirer, declined(7777)).decline_code) is Reason.UNKNOWN
    for code in (0, None):
        acquirer.replace(responses.POST, CHARGE_URL, json=declined(ReasonCode=code, Reason=None))
        found = charge(cloudpayments)
        assert (found.outcome, found.decline_code, found.decline_text) == (Outcome.DECLINED, "", "")


def test_a_refusal_without_a_status_is_told_by_its_code(acquirer: responses.RequestsMock) -> None:
    found = charged(acquirer, declined(5051, Status=None))
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "5051")


def test_a_bank_that_wants_3_d_secure_is_answered_as_one_that_wants_its_client(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    model = {"TransactionId": 504, "PaReq": "eJxVUdtugkAQ", "AcsUrl": "https://acs.example/acs", "GoReq": None}
    found = charged(acquirer, answer(model, success=False))
    assert (found.outcome, found.payment_id, found.action_url) == (Outcome.ACTION_REQUIRED, "3ds-504", "")
    assert found.order_number == "A-1"
    assert cloudpayments.reason_of(found.decline_code) is Reason.ACTION_REQUIRED


@pytest.mark.parametrize("status", ["Authorized", "AwaitingAuthentication", "Pending", "MoonPhase"])
def test_what_is_on_its_way_held_or_not_known_is_pending(acquirer: responses.RequestsMock, status: str) -> None:
    assert charged(acquirer, paid(Status=status)).outcome is Outcome.PENDING


def test_a_charge_of_a_bound_sbp_account_is_on_its_way_until_it_is_asked_about(
    acquirer: responses.RequestsMock,
) -> None:
    body = paid(Status="Created", ConfirmDateIso=None, CardFirstSix="", CardLastFour="", ReasonCode=None)
    found = charged(acquirer, body)
    assert (found.outcome, found.payment_id, found.paid_at) == (Outcome.PENDING, PAYMENT_ID, None)


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("Amount is required", "request_refused", Reason.REQUEST_NOT_ACCEPTED),
        ("Invalid Amount value", "request_refused", Reason.REQUEST_NOT_ACCEPTED),
        ("Token not found", "token_refused", Reason.CARD_NOT_KNOWN),
        ("Unable to find token", "token_refused", Reason.CARD_NOT_KNOWN),
        ("Unable to find the token", "token_refused", Reason.CARD_NOT_KNOWN),
        ("Неверный токен", "token_refused", Reason.CARD_NOT_KNOWN),
    ],
)
def test_a_request_that_is_not_accepted_is_a_decline_that_says_why(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, message: str, code: str, reason: Reason
) -> None:
    found = charged(acquirer, {"Success": False, "Message": message})
    assert (found.outcome, found.decline_code, found.decline_text) == (Outcome.DECLINED, code, message)
    assert cloudpayments.reason_of(code) is reason


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"Success": False, "Message": "Internal server error"}),
        (200, {"Success": False, "Message": "Something went wrong"}),
        (200, {"Success": False, "Message": "Invalid response from the acquirer"}),
        (200, {"Success": False, "Message": "Wait time exceeded"}),
        (200, {"Success": False, "Message": "Превышает время ожидания ответа банка"}),
        (200, {"Success": False, "Message": "Внутренняя ошибка: не найден маршрут"}),
        (200, {"Success": False, "Message": None}),
        (200, {"Success": False, "Message": "Unable to find a route"}),
        (200, {"Success": False}),
        (200, answer(success=True)),
        (200, answer(transaction(), success=False)),
        (200, answer(declined()["Model"], success=True)),
        (200, paid(ReasonCode=5051)),
        (200, paid(Status=None, StatusCode=None)),
        (200, paid(Refunded=True)),
        (200, paid(Type=1)),
        (200, paid(Type="Refund")),
        (200, paid(Type="MoonPhase")),
        (200, paid(OriginalTransactionId=5)),
        (200, paid(TransactionId=None)),
        (200, paid(TransactionId="12a")),
        (200, paid(Amount=None)),
        (200, paid(Amount=True)),
        (200, paid(Amount="25 000.00")),
        (200, paid(Amount="25000,00")),
        (200, paid(Amount=25000.005)),
        (200, paid(Amount="1e3")),
        (200, paid(Currency=None)),
        (200, paid(Currency="QQQ")),
        (200, paid(InvoiceId=["A-1"])),
        (200, {"Success": True, "Model": []}),
        (200, {"Success": 1, "Model": transaction()}),
        (200, {"Success": "yes", "Model": transaction()}),
        (200, {"Success": "false", "Model": transaction()}),
        (200, []),
        (200, None),
        (201, paid()),
        (302, paid()),
        (400, {"Success": False, "Message": "Amount is required"}),
        (403, {}),
        (404, {}),
        (500, {}),
        (502, None),
        (503, paid()),
    ],
    ids=str,
)
def test_an_answer_that_is_not_surely_understood_leaves_the_outcome_unknown(
    acquirer: responses.RequestsMock, status: int, body: Any
) -> None:
    with pytest.raises(OutcomeUnknown):
        charged(acquirer, body, status)
    assert paths(acquirer) == ["payments/find", "payments/tokens/charge"]


def test_a_page_of_somebody_in_between_is_believed_in_nothing(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CHARGE_URL, body="<html>Blocked</html>")
    with pytest.raises(OutcomeUnknown):
        charge(cloudpayments)


def test_too_many_requests_means_that_nothing_was_sent(acquirer: responses.RequestsMock) -> None:
    with pytest.raises(NotSent):
        charged(acquirer, None, 429)


def test_keys_that_are_not_accepted_are_for_a_person_and_say_what_to_compare(
    acquirer: responses.RequestsMock,
) -> None:
    with pytest.raises(Misconfigured, match="public_id and api_secret"):
        charged(acquirer, None, 401)


def test_a_connection_cut_after_the_request_leaves_the_outcome_unknown() -> None:
    nobody = reply("200 OK", '{"Success": false, "Message": "Not found"}')
    with answering(nobody, b"") as heard, pytest.raises(OutcomeUnknown):
        charge(gateway(heard.address))
    assert b"POST /payments/tokens/charge " in heard.requests[1]


@pytest.mark.parametrize("number", ["B-1", "", None, 1])
def test_a_payment_that_does_not_bear_our_number_is_not_passed_off_as_ours(
    acquirer: responses.RequestsMock, number: object
) -> None:
    assert charged(acquirer, paid(InvoiceId=number)).order_number != "A-1"


def without_number(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    model = {name: value for name, value in body["Model"].items() if name != "InvoiceId"}
    return body | {"Model": model | changes}


@pytest.mark.parametrize("body", [paid(), declined(), paid(Status="Authorized")], ids=str)
def test_a_charges_own_answer_may_leave_out_our_number(acquirer: responses.RequestsMock, body: dict[str, Any]) -> None:
    named = charged(acquirer, body)
    acquirer.replace(responses.POST, CHARGE_URL, json=without_number(body))
    assert charge(gateway()) == named
    assert named.order_number == "A-1"


@pytest.mark.parametrize("changes", [{"Amount": 25000.49}, {"Currency": "USD"}], ids=str)
def test_an_answer_without_our_number_and_of_another_sum_is_not_passed_off_as_ours(
    acquirer: responses.RequestsMock, changes: dict[str, Any]
) -> None:
    assert charged(acquirer, without_number(paid(), **changes)).order_number == ""


def test_a_payment_that_is_looked_up_bears_our_number_or_is_not_ours(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=without_number(paid()))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert found.order_number == ""


@pytest.mark.parametrize(
    "body",
    [
        paid() | {"Success": "true"},
        paid() | {"Success": "True"},
        paid(Type="Payment"),
        paid(Type="payment"),
        paid(Type="0"),
        paid(TransactionId=PAYMENT_ID, ReasonCode="0"),
    ],
    ids=str,
)
def test_types_that_drift_break_nothing(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, body: Any
) -> None:
    assert charged(acquirer, body).outcome is Outcome.SUCCEEDED
    acquirer.replace(responses.POST, FIND, json=body)
    found = cloudpayments.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert (found.outcome, found.amount) == (Outcome.SUCCEEDED, RUB)


def test_a_number_that_is_not_known_may_be_told_so_in_text(acquirer: responses.RequestsMock) -> None:
    acquirer.post(FIND, json=NOT_FOUND | {"Success": "false"})
    acquirer.post(CHARGE_URL, json=declined() | {"Success": "false"})
    assert charge(gateway()).decline_code == "5051"


def test_a_refund_whose_kind_is_text_is_told_from_a_payment(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=answer([transaction(Type="Refund"), transaction(TransactionId=7, Type="Payment")]))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert (found.outcome, found.payment_id) == (Outcome.SUCCEEDED, "7")


@pytest.mark.parametrize("amount", [25000.5, "25000.50", "25000.5", "25000.50000"])
def test_a_sum_is_understood_as_a_number_and_as_text(acquirer: responses.RequestsMock, amount: object) -> None:
    assert charged(acquirer, paid(Amount=amount)).amount == RUB


@given(st.integers(min_value=0, max_value=10**14), st.sampled_from(["RUB", "USD", "KZT", "JPY"]))
def test_every_sum_goes_out_and_comes_back_to_the_last_digit(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert str(sum_of(money)) == money.text
    assert money_of(sum_of(money), currency) == money


def test_a_payment_is_found_by_its_number_and_tells_the_card_that_it_saved(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=paid())
    found = cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))
    assert found is not None
    assert (found.order_number, found.outcome, found.amount) == ("A-1", Outcome.SUCCEEDED, RUB)
    token = "tk_255c42192323f2e09ea17635302c3"
    assert found.stored_card == StoredCard(token, "424242******4242", "2028-12", "p1-C_5")
    assert asked(acquirer) == {"TransactionId": int(PAYMENT_ID)}


@pytest.mark.parametrize(
    ("change", "card"),
    [
        ({"Token": None}, None),
        ({"AccountId": None}, None),
        ({"CardExpDate": "13/28"}, StoredCard("tk_1", "424242******4242", "", "p1-C_5")),
        ({"CardFirstSix": "<b>"}, StoredCard("tk_1", "********4242", "2028-12", "p1-C_5")),
        ({"CardLastFour": ""}, StoredCard("tk_1", "СБП **** 0001", "", "p1-C_5", "sbp")),
        ({"PaymentMethod": "Sbp", "Token": "tk_98765"}, StoredCard("tk_98765", "СБП **** 8765", "", "p1-C_5", "sbp")),
    ],
    ids=str,
)
def test_a_card_is_kept_with_its_account_and_shown_by_its_last_digits(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, change: dict[str, Any], card: StoredCard | None
) -> None:
    acquirer.post(FIND, json=paid(**{"Token": "tk_1", **change}))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert found.stored_card == card


def test_an_order_nobody_knows_is_none_and_only_by_the_acquirers_own_word(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    assert cloudpayments.fetch_payment(CREDENTIALS, placed()) is None
    assert asked(acquirer) == {"InvoiceId": "A-1"}
    acquirer.post(GET, json={"Success": False, "Message": "Транзакция не найдена"})
    assert cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID)) is None
    acquirer.replace(responses.POST, FIND, status=404)
    with pytest.raises(OutcomeUnknown):
        cloudpayments.fetch_payment(CREDENTIALS, placed())


def test_a_refusal_is_believed_when_no_other_payment_of_the_number_was_made(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=declined())
    acquirer.post(LIST, json=answer([transaction(InvoiceId="B-1"), transaction(Type=1)]))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))
    assert found is not None
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "5051")
    assert asked(acquirer) == {
        "CreatedDateGte": "2026-01-31T11:00:00+00:00",
        "CreatedDateLte": "2026-02-03T12:00:00+00:00",
        "TimeZone": "UTC",
        "Statuses": ["Authorized", "Completed"],
        "PageNumber": 1,
    }


def test_a_payment_made_beside_a_refused_one_speaks_for_the_order(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    """The acquirer tried its second bank, or the client paid by another try."""
    acquirer.post(FIND, json=declined())
    full = [transaction(InvoiceId="B-1")] * 100
    acquirer.post(LIST, json=answer(full))
    acquirer.post(LIST, json=answer([transaction(TransactionId=7)]))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed())
    assert found is not None
    assert (found.outcome, found.payment_id) == (Outcome.SUCCEEDED, "7")
    assert [asked(acquirer, at)["PageNumber"] for at in (1, 2)] == [1, 2]


def test_two_payments_of_one_number_are_for_a_person_who_is_told_their_numbers(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=answer([transaction(TransactionId=7), transaction(TransactionId=8)]))
    with pytest.raises(OutcomeUnknown, match="payments 7, 8"):
        cloudpayments.fetch_payment(CREDENTIALS, placed())


@pytest.mark.parametrize(
    "body", [answer(success=False), answer(None), answer({}), answer([{"Amount": 1}]), {"Success": False}], ids=str
)
def test_a_refusal_is_not_believed_while_the_list_cannot_be_had(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, body: Any
) -> None:
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=body)
    with pytest.raises(OutcomeUnknown):
        cloudpayments.fetch_payment(CREDENTIALS, placed())


def test_a_list_without_end_is_given_up(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=answer([transaction(InvoiceId="B-1")] * 100))
    with pytest.raises(OutcomeUnknown, match="10000 operations"):
        cloudpayments.fetch_payment(CREDENTIALS, placed())


def test_an_answer_about_another_payment_is_not_taken(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(GET, json=paid(TransactionId=5))
    with pytest.raises(OutcomeUnknown, match="another payment"):
        cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))


@pytest.mark.parametrize("moment", ["", None, "yesterday", 5])
def test_a_moment_that_cannot_be_read_breaks_nothing(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, moment: object
) -> None:
    acquirer.post(GET, json=paid(ConfirmDateIso=moment))
    found = cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))
    assert found is not None
    assert found.paid_at == AT.replace(second=3)


def test_the_check_asks_the_test_method_and_moves_no_money(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(TEST, json={"Success": True, "Message": "bd6353c3-0ed6-4a65-946f-083664bf8dbd"})
    found = cloudpayments.check(CREDENTIALS)
    assert (lacking(found), unchecked(found)) == ([], ["keeping and charging cards", "SBP"])
    acquirer.replace(responses.POST, TEST, status=401)
    with pytest.raises(Misconfigured):
        cloudpayments.check(CREDENTIALS)
    acquirer.replace(responses.POST, TEST, json={"Success": False})
    with pytest.raises(OutcomeUnknown):
        cloudpayments.check(CREDENTIALS)
    assert set(paths(acquirer)) == {"test"}

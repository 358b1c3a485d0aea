"""CloudPayments by canned replies: what a client pays in person, by card or SBP, and how it is closed."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import responses

from calculations.money import Money
from gateways import NotSent, Outcome, OutcomeUnknown, Payment, Started
from gateways.cloudpayments import CloudPayments
from tests.gateways.cloudpayments_replies import (
    CANCEL,
    CREATE,
    CREDENTIALS,
    FIND,
    GET,
    LINK,
    LIST,
    NOT_FOUND,
    PAGE,
    PAGE_ID,
    PAYMENT_ID,
    RECEIPT,
    RUB,
    VOID,
    answer,
    asked,
    declined,
    gateway,
    link,
    page,
    paid,
    paths,
    placed,
    transaction,
)

SBP = replace(PAGE, method="sbp")
OPEN_PAGE = Payment("A-1", PAGE_ID, Outcome.REGISTERED, RUB)
CLOSED = {"Success": True, "Message": None}


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def cloudpayments() -> CloudPayments:
    return gateway()


def fetched(cloudpayments: CloudPayments) -> Payment:
    found = cloudpayments.fetch_payment(CREDENTIALS, placed(PAGE_ID))
    assert found is not None
    return found


def test_a_page_is_an_order_without_an_account_where_no_card_is_to_be_kept(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CREATE, json=page())
    started = cloudpayments.start_payment(CREDENTIALS, PAGE)
    assert started == Started(PAGE_ID, page_url="https://orders.cloudpayments.example/d/gASGZVgUN21hcpPF")
    assert asked(acquirer) == {
        "Amount": Decimal("25000.50"),
        "Currency": "RUB",
        "InvoiceId": "A-1",
        "Description": "Платёж 1 из 4",
        "RequireConfirmation": False,
        "SendEmail": False,
        "SuccessRedirectUrl": "https://robots.example/pay/1",
        "FailRedirectUrl": "https://robots.example/pay/1",
    }
    assert acquirer.calls[1].request.headers["X-Request-ID"] == "A-1"


def test_a_page_that_saves_the_card_names_the_account_it_is_kept_for(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(CREATE, json=page())
    order = replace(PAGE, save_card=True, receipt=RECEIPT, receipt_email="client@example.com")
    cloudpayments.start_payment(CREDENTIALS, order)
    sent = asked(acquirer)
    assert (sent["AccountId"], sent["Email"]) == ("p1-C_5", "client@example.com")
    assert sent["JsonData"]["cloudPayments"]["CustomerReceipt"]["amounts"] == {"electronic": Decimal("25000.50")}


@pytest.mark.parametrize("save", [False, True])
def test_sbp_is_a_link_for_an_hour_in_one_stage(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, save: bool
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(LINK, json=link())
    started = cloudpayments.start_payment(CREDENTIALS, replace(SBP, save_card=save))
    payload = "https://qr.nspk.example/AS10000JFUJ0E4?type=02&sum=2500050&cur=RUB&crc=1D35"
    assert started == Started(PAYMENT_ID, qr_payload=payload)
    assert asked(acquirer) == {
        "PublicId": "pk_test",
        "Amount": Decimal("25000.50"),
        "Currency": "RUB",
        "InvoiceId": "A-1",
        "Description": "Платёж 1 из 4",
        "Scheme": "charge",
        "SaveCard": save,
        "SuccessRedirectUrl": "https://robots.example/pay/1",
        "TtlMinutes": 60,
        **({"AccountId": "p1-C_5"} if save else {}),
    }
    assert acquirer.calls[1].request.headers["X-Request-ID"] == "A-1-sbp"


@pytest.mark.parametrize("order", [PAGE, SBP], ids=["card", "sbp"])
def test_a_number_that_is_known_gets_no_second_page(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, order: Any
) -> None:
    acquirer.post(FIND, json=paid())
    with pytest.raises(OutcomeUnknown):
        cloudpayments.start_payment(CREDENTIALS, order)
    assert paths(acquirer) == ["payments/find"]


def test_sbp_takes_roubles_only(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    with pytest.raises(NotSent, match="USD"):
        cloudpayments.start_payment(CREDENTIALS, replace(SBP, amount=Money(100, "USD")))
    assert paths(acquirer) == ["payments/find"]


@pytest.mark.parametrize(("order", "url"), [(PAGE, CREATE), (SBP, LINK)], ids=["card", "sbp"])
def test_a_page_that_is_not_accepted_is_not_placed_and_says_why(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, order: Any, url: str
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(url, json={"Success": False, "Message": "Amount is required"})
    with pytest.raises(NotSent, match="Amount is required"):
        cloudpayments.start_payment(CREDENTIALS, order)


@pytest.mark.parametrize(
    ("order", "url", "body"),
    [
        (PAGE, CREATE, page(Url="")),
        (PAGE, CREATE, page(Url="javascript:alert(1)")),
        (PAGE, CREATE, page(Id=None)),
        (PAGE, CREATE, page(Amount=1)),
        (PAGE, CREATE, page(Currency="USD")),
        (PAGE, CREATE, answer()),
        (PAGE, CREATE, {"Success": False, "Message": "Try later"}),
        (SBP, LINK, link(QrUrl=None)),
        (SBP, LINK, link(TransactionId=None)),
        (SBP, LINK, link(MerchantOrderId="B-1")),
        (SBP, LINK, declined(6001, "SaveCardRefused")),
    ],
    ids=str,
)
def test_a_page_without_a_place_to_pay_is_asked_about(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, order: Any, url: str, body: Any
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(url, json=body)
    with pytest.raises(OutcomeUnknown):
        cloudpayments.start_payment(CREDENTIALS, order)


@pytest.mark.parametrize(("order", "url"), [(PAGE, CREATE), (SBP, LINK)], ids=["card", "sbp"])
def test_a_refusal_of_a_page_without_a_known_reason_says_which_order_it_was(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, order: Any, url: str
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    acquirer.post(url, json={"Success": False, "Message": "Try later"})
    with pytest.raises(OutcomeUnknown, match="order A-1 was refused without a reason"):
        cloudpayments.start_payment(CREDENTIALS, order)


def test_a_page_nobody_has_paid_is_not_known_to_the_search_and_registered_all_the_same(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    assert fetched(cloudpayments) == OPEN_PAGE


def test_a_page_whose_last_try_was_refused_is_still_to_be_paid(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=answer([]))
    assert fetched(cloudpayments) == OPEN_PAGE


def test_a_page_that_is_being_paid_keeps_its_own_number_and_a_paid_one_has_the_payments(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(FIND, json=paid(Status="AwaitingAuthentication"))
    assert (fetched(cloudpayments).outcome, fetched(cloudpayments).payment_id) == (Outcome.PENDING, PAGE_ID)
    acquirer.replace(responses.POST, FIND, json=paid())
    assert (fetched(cloudpayments).outcome, fetched(cloudpayments).payment_id) == (Outcome.SUCCEEDED, PAYMENT_ID)


def test_a_page_nobody_has_paid_is_closed(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(CANCEL, json=CLOSED)
    acquirer.post(FIND, json=NOT_FOUND)
    found = cloudpayments.void(CREDENTIALS, placed(PAGE_ID))
    assert found == Payment("A-1", PAGE_ID, Outcome.CANCELLED, RUB)
    assert asked(acquirer, 0) == {"Id": "gASGZVgUN21hcpPF"}
    assert acquirer.calls[0].request.headers["X-Request-ID"] == "A-1-cancel"


def test_a_closed_page_whose_last_try_was_refused_is_a_decline(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(CANCEL, json=CLOSED)
    acquirer.post(FIND, json=declined(5051))
    acquirer.post(LIST, json=answer([]))
    found = cloudpayments.void(CREDENTIALS, placed(PAGE_ID))
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "5051")


@pytest.mark.parametrize("cancelled", [CLOSED, {"Success": False, "Message": "Order is paid"}], ids=str)
@pytest.mark.parametrize(
    ("status", "outcome"), [("Completed", Outcome.SUCCEEDED), ("AwaitingAuthentication", Outcome.PENDING)]
)
def test_a_page_that_was_paid_meanwhile_is_not_called_closed(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, cancelled: Any, status: str, outcome: Outcome
) -> None:
    acquirer.post(CANCEL, json=cancelled)
    acquirer.post(FIND, json=paid(Status=status))
    assert cloudpayments.void(CREDENTIALS, placed(PAGE_ID)).outcome is outcome


def test_a_page_that_was_paid_by_an_earlier_try_than_the_last_is_paid(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(CANCEL, json=CLOSED)
    acquirer.post(FIND, json=declined())
    acquirer.post(LIST, json=answer([transaction(TransactionId=7)]))
    found = cloudpayments.void(CREDENTIALS, placed(PAGE_ID))
    assert (found.outcome, found.payment_id) == (Outcome.SUCCEEDED, "7")


@pytest.mark.parametrize("message", ["Order already cancelled", "Счёт уже отменён"])
def test_a_page_that_was_closed_before_is_closed(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, message: str
) -> None:
    acquirer.post(CANCEL, json={"Success": False, "Message": message})
    acquirer.post(FIND, json=NOT_FOUND)
    assert cloudpayments.void(CREDENTIALS, placed(PAGE_ID)).outcome is Outcome.CANCELLED


def test_a_page_that_would_not_be_closed_is_not_called_closed(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    acquirer.post(CANCEL, json={"Success": False, "Message": "Try later"})
    acquirer.post(FIND, json=NOT_FOUND)
    with pytest.raises(OutcomeUnknown, match="not closed"):
        cloudpayments.void(CREDENTIALS, placed(PAGE_ID))


def test_a_hold_is_let_go(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(GET, json=paid(Status="Authorized", ConfirmDateIso=None))
    acquirer.post(VOID, json=CLOSED)
    acquirer.post(GET, json=paid(Status="Cancelled", ConfirmDateIso=None))
    acquirer.post(LIST, json=answer([]))
    assert cloudpayments.void(CREDENTIALS, placed(PAYMENT_ID)).outcome is Outcome.CANCELLED
    assert paths(acquirer)[:3] == ["payments/get", "payments/void", "payments/get"]
    assert asked(acquirer, 1) == {"TransactionId": int(PAYMENT_ID)}
    found = cloudpayments.fetch_payment(CREDENTIALS, placed(PAYMENT_ID))
    assert found is not None
    assert found.outcome is Outcome.CANCELLED


@pytest.mark.parametrize("status", ["Completed", "AwaitingAuthentication", "Created"])
def test_what_is_neither_a_page_nor_a_hold_is_left_as_it_is(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments, status: str
) -> None:
    acquirer.post(GET, json=paid(Status=status))
    outcome = Outcome.SUCCEEDED if status == "Completed" else Outcome.PENDING
    assert cloudpayments.void(CREDENTIALS, placed(PAYMENT_ID)).outcome is outcome
    assert paths(acquirer) == ["payments/get"]


def test_an_order_nobody_knows_cannot_be_closed(acquirer: responses.RequestsMock, cloudpayments: CloudPayments) -> None:
    acquirer.post(FIND, json=NOT_FOUND)
    with pytest.raises(OutcomeUnknown, match="knows no order A-1"):
        cloudpayments.void(CREDENTIALS, placed())


def test_a_payment_that_asked_for_3_d_secure_is_over_when_it_is_closed_since_nobody_can_go_on_with_it(
    acquirer: responses.RequestsMock, cloudpayments: CloudPayments
) -> None:
    order = placed(f"3ds-{PAYMENT_ID}")
    acquirer.post(GET, json=paid(Status="AwaitingAuthentication"))
    waiting = cloudpayments.fetch_payment(CREDENTIALS, order)
    assert waiting is not None
    assert (waiting.outcome, waiting.payment_id) == (Outcome.PENDING, f"3ds-{PAYMENT_ID}")
    assert cloudpayments.void(CREDENTIALS, order).outcome is Outcome.CANCELLED
    acquirer.replace(responses.POST, GET, json=paid())
    assert cloudpayments.void(CREDENTIALS, order).outcome is Outcome.SUCCEEDED
    assert asked(acquirer) == {"TransactionId": int(PAYMENT_ID)}

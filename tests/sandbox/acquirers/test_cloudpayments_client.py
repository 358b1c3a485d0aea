"""A Python client of CloudPayments that is not ours, as installed, works against the sandbox's CloudPayments."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from cloudpayments import CloudPayments, CloudPaymentsError, Currency

from tests.sandbox.acquirers.cloudpayments_site import ACCOUNT, INN, NOW, RECEIPT, SECRET, SITE, TOKEN, Site, open_site


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture
def client(site: Site) -> CloudPayments:
    client = CloudPayments(SITE, SECRET)
    client.URL = f"{site.url}/acquirers/cloudpayments/"
    return client


def test_the_keys_are_right(client: CloudPayments) -> None:
    assert len(client.test()) == 36


def test_a_page_is_placed_paid_found_and_given_back_in_part(site: Site, client: CloudPayments) -> None:
    order = client.create_order(100.5, Currency.RUB, "Платёж", invoice_id="P-1", account_id="client-9")
    assert (order.amount, order.currency, order.require_confirmation) == (Decimal("100.5"), "RUB", False)
    with pytest.raises(CloudPaymentsError, match="Not found"):
        client.find_payment("P-1")
    site.pay(order.url)
    paid = client.find_payment("P-1")
    assert (paid.amount, paid.status, paid.reason_code, paid.invoice_id) == (Decimal("100.5"), "Completed", 0, "P-1")
    assert (paid.account_id, paid.card_last_four, paid.confirm_date) == ("client-9", "3055", NOW)
    assert paid.token.startswith("tk_")
    refund = client.get_transaction(client.refund(paid.id, 40, request_id="R-1"))
    assert (refund.amount, refund.status) == (40, "Completed")
    assert [one.id for one in client.list_payments(NOW)] == [paid.id, refund.id]
    assert site.money() == [10_050, -4_000]


def test_a_hold_is_not_let_go_twice(site: Site, client: CloudPayments) -> None:
    order = client.create_order(100, Currency.RUB, "Залог", invoice_id="P-1", require_confirmation=True)
    site.pay(order.url)
    held = client.find_payment("P-1")
    assert held.status == "Authorized"
    client.void_payment(held.id)
    with pytest.raises(CloudPaymentsError):
        client.void_payment(held.id)
    assert client.get_transaction(held.id).status == "Cancelled"


def test_a_client_older_than_the_initiators_code_cannot_charge_a_token(client: CloudPayments) -> None:
    with pytest.raises(CloudPaymentsError, match="TrInitiatorCode is required"):
        client.charge_token(TOKEN, ACCOUNT, 100, Currency.RUB)


def test_a_receipt_of_its_own_is_taken(client: CloudPayments) -> None:
    assert client.create_receipt(INN, "Income", RECEIPT, invoice_id="P-1")

"""An order as it was placed, to ask its acquirer about."""

from sqlalchemy.orm import Session

from billing.key import gateway_customer_id
from calculations.money import Money
from customers.consents import tick_of
from gateways import PlacedOrder
from storage.model import Charge, ChargeAttempt, Portal


def placed_order(attempt: ChargeAttempt, saves_card_for: str = "") -> PlacedOrder:
    return PlacedOrder(
        number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        amount=Money(attempt.amount, attempt.currency),
        placed_at=attempt.sent_at or attempt.created_at,
        saves_card_for=saves_card_for,
        unattended=attempt.method == "saved_card",
    )


def whose_card_is_saved(session: Session, attempt: ChargeAttempt) -> str:
    """Under which name the acquirer was told to keep the card of this try; empty without the client's consent, and once
    it is settled as paid: then nothing more is kept by a look-up."""
    if attempt.method != "card" or attempt.state == "succeeded" or tick_of(attempt) is None:
        return ""
    charge = session.get_one(Charge, attempt.charge_id)
    return gateway_customer_id(session.get_one(Portal, attempt.portal_id).member_id, charge.customer)

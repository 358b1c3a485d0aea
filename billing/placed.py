"""An order as it was placed, to ask its acquirer about."""

from calculations.money import Money
from gateways import PlacedOrder
from storage.model import ChargeAttempt


def placed_order(attempt: ChargeAttempt) -> PlacedOrder:
    return PlacedOrder(
        number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        amount=Money(attempt.amount, attempt.currency),
        placed_at=attempt.sent_at or attempt.created_at,
    )

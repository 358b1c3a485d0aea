"""Every method of the protocol by its path, and the verb its turns are planned under."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.acquirers.cloudpayments.afterwards import confirm, refund, void
from sandbox.acquirers.cloudpayments.call import Answer, Call
from sandbox.acquirers.cloudpayments.charges import auth_token, charge_token, post_3ds
from sandbox.acquirers.cloudpayments.placed import cancel_order, create_order, sbp_image, sbp_link
from sandbox.acquirers.cloudpayments.receipts import kkt_receipt, receipt_status
from sandbox.acquirers.cloudpayments.search import find, find_all, get, list_day, list_period, list_tokens


@dataclass(frozen=True)
class Method:
    verb: str
    follow: Callable[[Call], Answer]


def test(call: Call) -> Answer:
    """Says that the keys are right."""
    digits = hashlib.sha256(call.shop.encode()).hexdigest()
    return {"Success": True, "Message": f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"}


METHODS = {
    "test": Method("check", test),
    "payments/tokens/charge": Method("charge", charge_token),
    "payments/tokens/auth": Method("charge", auth_token),
    "payments/cards/post3ds": Method("confirm", post_3ds),
    "payments/confirm": Method("confirm", confirm),
    "payments/void": Method("void", void),
    "payments/refund": Method("refund", refund),
    "payments/get": Method("fetch", get),
    "payments/find": Method("fetch", find),
    "v2/payments/find": Method("fetch", find_all),
    "payments/list": Method("list", list_day),
    "v2/payments/list": Method("list", list_period),
    "payments/tokens/list": Method("list", list_tokens),
    "orders/create": Method("start", create_order),
    "orders/cancel": Method("void", cancel_order),
    "payments/qr/sbp/link": Method("start", sbp_link),
    "payments/qr/sbp/image": Method("start", sbp_image),
    "kkt/receipt": Method("receipt", kkt_receipt),
    "kkt/receipt/status/get": Method("receipt_status", receipt_status),
}

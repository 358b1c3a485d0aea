"""Every request of the protocol by its path in each flavour, its fields, and the verb its turns are planned under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.acquirers.sberbank.bindings import bind_again, extend_binding, get_bindings, get_bindings_by_id, unbind
from sandbox.acquirers.sberbank.call import Answer, Call
from sandbox.acquirers.sberbank.cancels import decline_order, deposit, refund, reverse_order
from sandbox.acquirers.sberbank.charges import pay_by_binding, pay_by_subscription
from sandbox.acquirers.sberbank.qr import DYNAMIC_STATUS, SHORT_STATUS, get_qr, qr_status, reject_qr
from sandbox.acquirers.sberbank.receipts import do_receipt, get_receipt_status, retry_receipt
from sandbox.acquirers.sberbank.recurrent import recurrent_payment
from sandbox.acquirers.sberbank.register import register, register_pre_auth
from sandbox.acquirers.sberbank.rules import Shape, shape
from sandbox.acquirers.sberbank.states import get_order_status, get_order_status_extended

FORM_PATH = "payment/rest/"
ECOM_PATH = "ecomm/gw/partner/api/v1/"
RECEIPTS_PATH = "ecomm/gw/partner/api/ofd/v1/"

_ORDER = (
    "currency failUrl description language clientId merchantLogin jsonParams sessionTimeoutSecs expirationDate "
    "bindingId features phone email orderBundle"
)


@dataclass(frozen=True)
class Method:
    verb: str
    follow: Callable[[Call], Answer]
    shape: Shape


_BOTH = {
    "register.do": Method("start", register, shape("orderNumber amount returnUrl", _ORDER)),
    "registerPreAuth.do": Method(
        "start", register_pre_auth, shape("orderNumber amount returnUrl", f"{_ORDER} autocompletionDate")
    ),
    "deposit.do": Method("confirm", deposit, shape("orderId amount", "language jsonParams orderBundle")),
    "reverse.do": Method("void", reverse_order, shape("orderId", "amount language jsonParams orderBundle")),
    "refund.do": Method("refund", refund, shape("orderId amount", "language jsonParams orderBundle")),
    "decline.do": Method("void", decline_order, shape("", "orderId orderNumber merchantLogin language jsonParams")),
    "getOrderStatusExtended.do": Method("fetch", get_order_status_extended, shape("", "orderId orderNumber language")),
    "paymentOrderBinding.do": Method(
        "charge",
        pay_by_binding,
        shape("mdOrder bindingId ip", "cvc language email jsonParams threeDSMethodNotificationUrl termUrl"),
    ),
    "getBindings.do": Method("customer", get_bindings, shape("clientId", "language showExpired showInactive")),
    "getBindingsByCardOrId.do": Method(
        "customer", get_bindings_by_id, shape("bindingId", "language showExpired showInactive")
    ),
    "bindCard.do": Method("customer", bind_again, shape("bindingId", "language")),
}
_FORMS = {
    "unBindCard.do": Method("forget", unbind, shape("bindingId")),
    "extendBinding.do": Method("customer", extend_binding, shape("bindingId newExpiry")),
    "getOrderStatus.do": Method("fetch", get_order_status, shape("orderId")),
    "sbp/c2b/qr/dynamic/get.do": Method("qr", get_qr, shape("mdOrder")),
    "sbp/c2b/qr/dynamic/reject.do": Method("qr", reject_qr, shape("mdOrder qrId")),
    DYNAMIC_STATUS: Method("qr", qr_status, shape("mdOrder qrId")),
    SHORT_STATUS: Method("qr", qr_status, shape("mdOrder qrId")),
}
_JSON = {
    "unbindCard.do": Method("forget", unbind, shape("bindingId", "language")),
    "recurrentPayment.do": Method(
        "charge",
        recurrent_payment,
        shape("orderNumber bindingId amount", "language currency description additionalParameters orderBundle"),
    ),
    "paymentOrderBySubscription": Method("charge", pay_by_subscription, shape("orderId subscriptionId memberId")),
}
_RECEIPTS = {
    "getReceiptStatus": Method("receipt", get_receipt_status, shape("", "orderId orderNumber receiptId receiptStatus")),
    "retryReceipt": Method("receipt", retry_receipt, shape("receiptIds")),
    "doReceipt": Method("receipt", do_receipt, shape("orderBundle", "orderId orderNumber receiptId phone email")),
}

METHODS = {
    **{FORM_PATH + name: method for name, method in (_BOTH | _FORMS).items()},
    **{ECOM_PATH + name: method for name, method in (_BOTH | _JSON).items()},
    **{RECEIPTS_PATH + name: method for name, method in _RECEIPTS.items()},
}

"""Every method of the protocol by its path, and the verb its turns are planned under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.acquirers.tbank.call import Answer, Call
from sandbox.acquirers.tbank.cancels import cancel, confirm_payment, verb_of_cancel
from sandbox.acquirers.tbank.charges import charge, charge_qr
from sandbox.acquirers.tbank.customers import add_customer, get_card_list, get_customer, remove_card, remove_customer
from sandbox.acquirers.tbank.init import init
from sandbox.acquirers.tbank.qr import (
    add_account_qr,
    get_account_qr_list,
    get_add_account_qr_state,
    get_qr,
    sbp_pay_test,
)
from sandbox.acquirers.tbank.receipts import send_closing_receipt
from sandbox.acquirers.tbank.states import check_order, get_qr_state, get_state


@dataclass(frozen=True)
class Method:
    """`verb` names its turns; Cancel's depends on what there is to cancel."""

    verb: str
    follow: Callable[[Call], Answer]

    def verb_of(self, call: Call) -> str:
        return verb_of_cancel(call) if self.follow is cancel else self.verb


METHODS = {
    "v2/Init": Method("start", init),
    "v2/Charge": Method("charge", charge),
    "v2/ChargeQr": Method("charge", charge_qr),
    "v2/Confirm": Method("confirm", confirm_payment),
    "v2/Cancel": Method("refund", cancel),
    "v2/GetState": Method("fetch", get_state),
    "v2/CheckOrder": Method("fetch", check_order),
    "v2/GetQrState": Method("fetch", get_qr_state),
    "v2/AddCustomer": Method("customer", add_customer),
    "v2/GetCustomer": Method("customer", get_customer),
    "v2/RemoveCustomer": Method("customer", remove_customer),
    "v2/GetCardList": Method("customer", get_card_list),
    "v2/RemoveCard": Method("forget", remove_card),
    "v2/GetQr": Method("qr", get_qr),
    "v2/AddAccountQr": Method("qr", add_account_qr),
    "v2/GetAddAccountQrState": Method("fetch", get_add_account_qr_state),
    "v2/GetAccountQrList": Method("fetch", get_account_qr_list),
    "v2/SbpPayTest": Method("page", sbp_pay_test),
    "cashbox/SendClosingReceipt": Method("receipt", send_closing_receipt),
}

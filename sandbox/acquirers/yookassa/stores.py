"""`/me`: what a shop is told about itself."""

from __future__ import annotations

from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.refusals import Refusal
from sandbox.acquirers.yookassa.shown import is_test


def get_me(call: Call) -> Shown:
    settings, test = call.bank.settings, is_test(call.bank, call.shop)
    if settings["me"] != "open":
        raise Refusal(str(settings["me"]), "The settings are for some kinds of stores only")
    methods = ["bank_card", "yoo_money"] + (["sbp"] if settings["sbp_enabled"] and not test else [])
    sends_receipts = bool(settings["receipt_required"])
    shown: dict[str, object] = {
        "account_id": call.shop,
        "status": "enabled" if settings["shop_enabled"] else "disabled",
        "test": test,
        "fiscalization": {"enabled": sends_receipts, "provider": "yoo_receipt"},
        "fiscalization_enabled": sends_receipts,
        "payment_methods": methods,
        "itn": "7700000000",
    }
    return lambda: shown

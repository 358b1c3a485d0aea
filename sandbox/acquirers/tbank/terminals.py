"""`GetTerminalPayMethods`: what a terminal takes, asked by GET and without a token."""

from __future__ import annotations

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.tbank.orders import succeeded
from sandbox.acquirers.tbank.refusals import Refusal
from sandbox.json_answer import json_answer

PAY_METHODS = "v2/GetTerminalPayMethods"


def pay_methods(bank: Bank, request: Request) -> Response:
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])
    if request.args.get("TerminalKey", "") not in bank.shops:
        return json_answer(Refusal("205", "Указанный терминал не найден").answer())
    if request.args.get("PaySource") not in ("API", "SDK"):
        return json_answer(Refusal("201", "Поле PaySource обязательно").answer())
    methods = ["TinkoffPay", "MirPay", *(["SBP"] if bank.settings["sbp_enabled"] else [])]
    info = {
        "Paymethods": [{"PayMethod": method} for method in methods],
        "AddCardScheme": True,
        "TokenRequired": True,
        "InitTokenRequired": True,
    }
    return json_answer(succeeded(TerminalInfo=info))

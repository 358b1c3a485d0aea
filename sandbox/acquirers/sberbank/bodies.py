"""What a notice says of an order: the parameters every shop gets, and those RBS adds where a shop wants them."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Order


def notice_of(order: Order, operation: str, good: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "mdOrder": order.id,
        "orderNumber": order.number,
        "operation": operation,
        "status": 1 if good else 0,
    }
    if order.facts["flavour"] == "ecom":
        account = order.facts["account"]
        return body | ({"additionalParams": _account(order, account)} if account else {})
    body["amount"] = order.facts["approved"] or order.amount
    body["actionCode"] = order.facts["action"]
    if order.card and order.customer:
        body |= {"bindingId": order.card.token, "clientId": order.customer}
    return body


def _account(order: Order, account: dict[str, str]) -> dict[str, str]:
    return account | {"qrcId": order.facts["qr"], "phone": "***********1232"}

"""Check: the shop is asked before money is taken, and what it does not answer with zero is refused."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.bodies import notice_of
from sandbox.acquirers.cloudpayments.letters import letter

TIMEOUT_SECONDS = 10.0
CODES = {0: "", 10: "3001", 11: "3002", 12: "3003", 20: "3004", 13: "3008"}
NOT_UNDERSTOOD, UNAVAILABLE, NOT_THERE = "3005", "3006", "3007"

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def refusal_by_check(bank: Bank, order: Order) -> str:
    """The code of a refusal, or empty; nobody is asked while the notice is switched off or goes nowhere."""
    if not bank.settings["check"] or not bank.webhooks.get(order.shop):
        return ""
    question = letter(bank, order.shop, notice_of(bank, order, "Check"))
    request = urllib.request.Request(question.url, question.body, dict(question.headers))
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            said = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return NOT_THERE
    except OSError:
        return UNAVAILABLE
    except ValueError:
        return NOT_UNDERSTOOD
    code = said.get("code") if isinstance(said, dict) else None
    return CODES.get(code, NOT_UNDERSTOOD) if isinstance(code, int) else NOT_UNDERSTOOD

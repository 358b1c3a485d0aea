"""WebMoney on the grid: a purse pays behind a form; nothing is kept to be charged later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Operation
from sandbox.acquirers.webmoney.demo import PURSE, SECRET_KEY, WMID, X20_SECRET
from sandbox.acquirers.webmoney.life import CODE, PAYERS
from sandbox.acquirers.webmoney.orders import facts_of
from tests.grid.stage import Stage
from tests.grid.table import Class

ORDER = "order_number"  # our own field of the form


class WebMoney(Stage):
    code = "webmoney"
    credentials: ClassVar[Mapping[str, str]] = {
        "purse": PURSE,
        "wmid": WMID,
        "secret_key": SECRET_KEY,
        "x20_secret": X20_SECRET,
    }
    currency = "USD"
    keeps: ClassVar[frozenset[str]] = frozenset()
    declines: ClassVar[Mapping[Class, str]] = {"soft": "13"}

    def operations(self, bank: Bank) -> Sequence[Operation]:
        """By the number that is ours; the one WebMoney has follows from it."""
        ours = {order.id: facts_of(order).own[ORDER] for order in bank.orders}
        return [replace(one, number=ours[one.order_id]) for one in bank.operations]

    def pay(self, bank: Bank, page_url: str) -> None:
        """Confirmed by telephone where that is asked for, once with a wrong code."""
        self.press(bank, page_url, do="pay", payer=next(iter(PAYERS)))
        for code in ("0", CODE):
            self.press(bank, page_url, do="confirm", code=code)

"""The sandbox's own acquirer on the grid: it is older than the common bench, so its book is dressed as a bank."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP, Acquirer, notice_shape
from sandbox.acquirer.book import Book, Charge, Refund
from sandbox.acquirer.door import acquirer_answer
from sandbox.acquirer.notices import Notices, signature
from sandbox.acquirer.outcomes import OUTCOMES, Outcome
from sandbox.acquirers.bank import Bank, Operation
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.turns import USUAL, Turn
from tests.billing.world import Clock
from tests.grid.letters import PUBLIC_URL, Letterbox
from tests.grid.stage import WEBHOOK_KEY, SlowTurns, Stage, turns_left
from tests.grid.table import Class, Row

ENDS: Mapping[str, Outcome] = MappingProxyType(
    {
        "paid": OUTCOMES["paid"],
        "pending_paid": OUTCOMES["pending"],
        "pending_declined": OUTCOMES["pending_declined"],
        "needs_client": OUTCOMES["needs_client"],
    }
)
VERBS = MappingProxyType({"POST /charges": "charge", "GET /charges": "fetch", "POST /refunds": "refund"})
URL = f"{PUBLIC_URL}/webhooks/sandbox/{WEBHOOK_KEY}"


@dataclass
class PlayedBook(Book):
    """A book whose outcomes come from the turn, not from the card's token."""

    turn: Turn = USUAL

    def _outcome(self, shop: str, token: str, outcomes: list[Outcome]) -> Outcome:
        if self.turn.end == "declined":
            return Outcome("declined", self.turn.code or None)
        outcome = ENDS[self.turn.end]
        return Outcome(outcome.status, outcome.decline_code, outcome.later, self.turn.extra)


class Sandbox(Stage):
    code = "sandbox"
    credentials: ClassVar[Mapping[str, str]] = {"shop": DEMO_SHOP, "secret": DEMO_SECRET}
    token = "card_4242_paid"
    declines: ClassVar[Mapping[Class, str]] = {
        "soft": "insufficient_funds",
        "hard": "lost_card",
        "no_reason": "",
    }

    def turns(self, row: Row) -> Mapping[str, Sequence[Turn]] | None:
        """A refund is done or not here; it is neither refused nor pending."""
        if any(turn.end not in ("paid", "nothing") for turn in row.turns.get("refund", ())):
            return None
        return super().turns(row)

    def open_bank(self, clock: Clock) -> Bank:
        bank = Bank(clock, SlowTurns(clock=clock), Letterbox(lambda status, _text: status == 200))
        book = PlayedBook(clock, lambda event: self._tell(bank, event))
        bank.facts["book"] = book
        bank.facts["told"] = []
        return bank

    def put_card(self, bank: Bank) -> None:
        """A token of this acquirer is a card by itself."""

    def answer(self, bank: Bank, request: Request) -> Response:
        path = request.path.removeprefix(f"/acquirers/{self.code}")
        book: PlayedBook = bank.facts["book"]
        verb = VERBS.get(f"{request.method} {path}")
        turn = bank.turns.next(verb) if verb else USUAL
        if instead := bank.turns.before(turn):
            return instead
        if turn.end == "nothing":
            return bank.turns.after(turn, Response(json.dumps({"error": "nothing_done"}), status=500))
        request.environ["PATH_INFO"] = f"/acquirer{path}"
        book.turn = turn
        shops = {DEMO_SHOP: DEMO_SECRET}
        proper = acquirer_answer(Acquirer(book, Notices(), shops), Request(request.environ))
        book.turn = USUAL
        return bank.turns.after(turn, proper)

    def settle(self, bank: Bank) -> None:
        book: PlayedBook = bank.facts["book"]
        book.settle()

    def next_moment(self, bank: Bank) -> datetime | None:
        book: PlayedBook = bank.facts["book"]
        return min((one.settles_at for one in book.charges.values() if one.settles_at), default=None)

    def operations(self, bank: Bank) -> Sequence[Operation]:
        book: PlayedBook = bank.facts["book"]
        ids = {key: charge.id for key, charge in book.charges.items()}
        return [
            Operation(
                one.shop, one.order, ids[one.shop, one.order], one.kind, one.amount, one.currency, one.token, one.at
            )
            for one in book.operations
        ]

    def memory_of(self, bank: Bank) -> object:
        book: Any = bank.facts["book"]
        return book.charges, book.refunds, book.operations, turns_left(bank), bank.facts["told"]

    def _tell(self, bank: Bank, event: Charge | Refund) -> None:
        """In the manner of the turn: this acquirer signs the body."""
        book: PlayedBook = bank.facts["book"]
        raw = json.dumps(notice_shape(event)).encode()
        true, forged = (
            Letter(URL, raw, {"X-Sandbox-Signature": signature(secret, raw)}) for secret in (DEMO_SECRET, "another")
        )
        manner = book.turn.notice
        letters = {"twice": [true, true], "forged": [forged, true], "never": []}.get(manner, [true])
        if manner == "stale" and bank.facts["told"]:
            letters.append(bank.facts["told"][-1])
        bank.facts["told"].append(true)
        if letters:
            bank.notices.send(*letters, at_once=manner == "before")

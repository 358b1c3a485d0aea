"""A stage is what differs between acquirers on the grid; each is one file in `stages/`, named as its gateway."""

import importlib
import pkgutil
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from gateways import Capability, Method, kinds_of_gateways
from sandbox.acquirers import Kind
from sandbox.acquirers.bank import Bank, Operation
from sandbox.acquirers.turns import Turn, Turns
from sandbox.servers import ConnectionCut
from tests.billing.world import Clock
from tests.grid import stages
from tests.grid.letters import PUBLIC_URL, Letterbox
from tests.grid.table import Class, Row

KINDS = {kind.code: kind for kind in kinds_of_gateways()}

HOST = "http://127.0.0.1:9"
WEBHOOK_KEY = "key-1"  # the first that a world gives out


@dataclass
class SlowTurns(Turns):
    """A slow answer takes its time by the test's clock. `afterwards`: turns of other verbs that wait until the first
    one of `first` was used: what is asked before a charge is placed meets nothing."""

    clock: Clock | None = None
    first: str = ""
    afterwards: Mapping[str, Sequence[Turn]] = field(default_factory=dict)

    def play(self, turns: Mapping[str, Sequence[Turn]]) -> None:
        """The turns of the first verb now, those of the others after it."""
        if not turns:
            return
        self.first, *others = turns
        self.planned.setdefault(self.first, deque()).extend(turns[self.first])
        self.afterwards = {verb: turns[verb] for verb in others}

    def next(self, verb: str) -> Turn:
        turn = super().next(verb)
        if verb == self.first and self.afterwards:
            for other, turns in self.afterwards.items():
                self.planned.setdefault(other, deque()).extend(turns)
            self.afterwards = {}
        return turn

    def after(self, turn: Turn, proper: Response) -> Response:
        if turn.answer != "slow":
            return super().after(turn, proper)
        assert self.clock is not None
        self.clock.forward(seconds=self.slow_seconds)
        return proper


def turns_left(bank: Bank) -> object:
    assert isinstance(bank.turns, SlowTurns)
    return bank.turns.planned, bank.turns.afterwards


class Stage:
    """`credentials` as `gateways configure` takes them, `token` of the card that `put_card` puts into the bank.

    `keeps`: the ways to pay in person that leave a card or account to charge later; `told_by_notice`: those of them
    where nothing but a notice tells its token. `verbs` those that charging a card may use here, `look_ups` those that
    a row's "fetch" stands for; `declines` the acquirer's code for each class of refusal that it has.
    """

    code: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]]
    currency: ClassVar[str] = "RUB"
    token: ClassVar[str] = ""
    gateway_customer_id: ClassVar[str] = ""
    keeps: ClassVar[frozenset[str]] = frozenset({"card", "sbp"})
    told_by_notice: ClassVar[frozenset[str]] = frozenset()
    verbs: ClassVar[frozenset[str]] = frozenset({"charge", "fetch"})
    look_ups: ClassVar[Sequence[str]] = ("fetch",)
    declines: ClassVar[Mapping[Class, str]]

    @classmethod
    def name(cls) -> str:
        flavour = cls.credentials.get("flavour")
        return f"{cls.code}-{flavour}" if flavour else cls.code

    @property
    def kind(self) -> Kind:
        kind: Kind = importlib.import_module(f"sandbox.acquirers.{self.code}")
        return kind

    def can(self, capability: Capability) -> bool:
        return capability in KINDS[self.code].capabilities

    @property
    def methods(self) -> Sequence[Method]:
        """By which a client may pay in person."""
        return sorted(KINDS[self.code].methods) if self.can(Capability.START_PAYMENT) else ()

    def put_card(self, bank: Bank) -> None:
        """The card that is charged, in the acquirer's own bank."""
        raise NotImplementedError

    def turns(self, row: Row) -> Mapping[str, Sequence[Turn]] | None:
        """The row's turns as this protocol has them; None: it has nothing like that."""
        if not row.turns.keys() <= self.verbs | {"page", "refund", "receipt"} or (
            row.decline and row.decline not in self.declines
        ):
            return None
        return {
            own: [self._coded(turn, row) for turn in turns]
            for verb, turns in row.turns.items()
            for own in (self.look_ups if verb == "fetch" else (verb,))
        }

    def _coded(self, turn: Turn, row: Row) -> Turn:
        if row.decline is None or not turn.end.endswith("declined"):
            return turn
        return replace(turn, code=self.declines[row.decline])

    def open_bank(self, clock: Clock) -> Bank:
        bank = Bank(clock, SlowTurns(clock=clock), Letterbox(self.kind.accepts))
        self.kind.open_shop(bank)
        bank.webhooks |= dict.fromkeys(bank.shops, f"{PUBLIC_URL}/webhooks/{self.code}/{WEBHOOK_KEY}")
        if self.can(Capability.CHARGE_SAVED_CARD):
            self.put_card(bank)
        return bank

    def answer(self, bank: Bank, request: Request) -> Response:
        return self.kind.answer(bank, request, request.path.removeprefix(f"/acquirers/{self.code}/"))

    def address(self) -> str:
        return f"{HOST}/acquirers/{self.code}/"

    def settle(self, bank: Bank) -> None:
        """What the clock has brought about at the acquirer."""
        for order in bank.due():
            self.kind.settle(bank, order)

    def next_moment(self, bank: Bank) -> datetime | None:
        return min((order.settles_at for order in bank.orders if order.settles_at), default=None)

    def operations(self, bank: Bank) -> Sequence[Operation]:
        return bank.operations

    def memory_of(self, bank: Bank) -> object:
        """All by which the acquirer goes on, to see whether two cases stand alike."""
        return bank.orders, bank.operations, bank.cards, turns_left(bank), bank.facts

    def receipts(self, bank: Bank) -> int:
        """How many receipts the acquirer has made, the payments' own too."""
        return sum(len(order.facts.get("receipts", ())) for order in bank.orders)

    def pay(self, bank: Bank, page_url: str) -> None:
        """What a client does who pays on the acquirer's page."""
        raise NotImplementedError

    def pay_by_qr(self, bank: Bank, payload: str) -> None:
        """What a client does who has read a QR with their bank's app."""
        self.press(bank, payload, do="pay")

    def press(self, bank: Bank, url: str, **fields: str) -> Response:
        """A button of a page, as a browser sends it."""
        path = urlsplit(url)._replace(scheme="", netloc="").geturl()
        request = EnvironBuilder(path=path, base_url=HOST, method="POST", data=fields).get_request()
        try:
            return self.answer(bank, request)
        except ConnectionCut:
            return Response("the browser says that the site is not reached", status=502)


def stages_that_can(capability: Capability) -> Mapping[str, Stage]:
    """Every stage whose gateway can do that, by its name: a gateway's code, or with a flavour behind it."""
    return {name: stage for name, stage in _all_stages().items() if stage.can(capability)}


def _all_stages() -> Mapping[str, Stage]:
    found: dict[str, Stage] = {}
    for module in pkgutil.iter_modules(stages.__path__):
        held = vars(importlib.import_module(f"{stages.__name__}.{module.name}")).values()
        kinds = [one for one in held if isinstance(one, type) and issubclass(one, Stage) and one is not Stage]
        found |= {kind.name(): kind() for kind in kinds}
    return found

"""People on the grid: a client who pays behind a link, an operator who gives money back. A killed process sends both
to where they were: they do again what they did."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import select

from calculations.money import Money
from calculations.refusal import Refusal
from customers.consents import ConsentGiven
from gateways import Method
from storage.model import Refund
from tests.grid.world import GridWorld

BACK = "https://pay.example/back"
PATIENCE = 15
SOON, LATER = timedelta(minutes=2), timedelta(minutes=10)
HASTY = 5  # clicks, before they look in only now and then


@dataclass
class Client:
    """Clicks, pays on the acquirer's page or by the QR and comes back, until it is paid or they have had enough;
    `leaves`: they only look at it."""

    world: GridWorld
    method: Method
    leaves: bool = False
    clicks: int = 0
    charge_id: int = field(init=False)

    def __post_init__(self) -> None:
        order = self.world.new_order(call_id=None, customer="C_9", key="sum:D_9", document="D_9", retry="none")
        order = replace(order, amount=Money(order.amount.minor, self.world.stage.currency))
        self.charge_id = self.world.charging.in_person.ask(order)
        self.world.person, self.world.person_due_at = self, self.world.clock()

    def act(self) -> None:
        self.clicks += 1
        try:
            standing = self.world.charging.in_person.start(self.charge_id, self.method, BACK, self._consent())
        except Refusal:  # they read that nothing was taken
            self.world.person_due_at = self.world.clock() + SOON
            return
        if standing.state == "started" and not self.leaves:
            if self.method == "sbp":
                self.world.stage.pay_by_qr(self.world.acquirer, standing.qr_payload)
            else:
                self.world.stage.pay(self.world.acquirer, standing.page_url)
            standing = self.world.charging.in_person.refresh(self.charge_id)
        gone = standing.state == "paid" or self.clicks >= PATIENCE or (self.leaves and standing.state == "started")
        self.world.person_due_at = None if gone else self.world.clock() + (SOON if self.clicks < HASTY else LATER)

    def _consent(self) -> ConsentGiven:
        return ConsentGiven(words="I agree", text_version="1", given_at=self.world.clock(), evidence={"ip": "::1"})


@dataclass
class Operator:
    """Wants a sum given back once: asks again only when the refund they see has surely not been done."""

    world: GridWorld
    amount: int
    asked: int = 0

    def __post_init__(self) -> None:
        self.world.person, self.world.person_due_at = self, self.world.clock()

    def act(self) -> None:
        with self.world.database.read() as session:
            last = session.scalars(select(Refund).order_by(Refund.id.desc())).first()
        if last is None or last.state in ("created", "not_sent"):
            self.asked += 1
            self.world.charging.refunds.refund(self.world.charges()[0].id, self.amount)
        patient = self.asked < PATIENCE and (last is None or last.state not in ("succeeded", "declined"))
        self.world.person_due_at = self.world.clock() + timedelta(hours=1) if patient else None
        self.asked += 1

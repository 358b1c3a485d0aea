"""What the portal asks for under chaos: every robot on deals of their own, with lost answers and doubled calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.processes import Service
from tests.outside import Portal, eventually

DEAL, CONTACT = 2, 3
DEBT = "UF_CRM_PAY_DEBT"
NEXT_DATE = "UF_CRM_PAY_NEXT_PAYMENT_DATE"
GOES_ON = "the workflow goes on"

SHOP = '{"shop": "demo", "secret": "demo-secret-of-the-sandbox"}'
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
PAID, ANSWER_LOST, DECLINED = "paid", "error_500_paid", "insufficient_funds"

# What a robot is asked and, for a charge, what the acquirer makes of it.
KINDS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("charge_saved_card", {}, PAID),
    ("split_invoice", {"parts": "3", "remind_days_before": "no"}, ""),
    ("deduct_from_debt", {"payment_amount": "100"}, ""),
    ("charge_saved_card", {}, ANSWER_LOST),
    ("build_payment_schedule", {"count": "3", "remind_days_before": "no"}, ""),
    ("advance_next_payment_date", {}, ""),
    ("charge_saved_card", {}, DECLINED),
)
# Planned one after another, each for the next request or delivery that it fits.
FAULTS = (
    ("lost_after", "crm.item.add"),
    ("doubled_together", "*"),
    ("lost_after", "bizproc.event.send"),
    ("locked", "bizproc.event.send"),
    ("lost_after", "crm.item.update"),
    ("doubled", "*"),
    ("error_500_after", "batch"),
)
FAULT_EVERY = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that was set off: its robot, the deal it works on, and what its card does."""

    code: str
    deal: int
    outcome: str
    token: str


@dataclass
class Load:
    """A portal with the application, a client with a card for each charge, and what has been set off so far."""

    service: Service
    portal: Portal
    count: int
    asked: dict[str, Asked] = field(default_factory=dict)

    def prepare(self, app: dict[str, Any], folder: Path) -> None:
        self.portal.install(app)
        # Robots and activities of five codes.
        assert eventually(lambda: len(self.portal.get("/registered")) >= 10, 30), self.service.logs()
        member = ("--portal", self.portal.member_id)
        self.service.command("portals", "set", self.portal.member_id, "--rate", "enterprise")
        self.service.command("gateways", "configure", *member, "--gateway", "sandbox", "--credentials", SHOP)
        self._contacts = [self.portal.add(CONTACT, name=f"Клиент {number}") for number in range(self.count)]
        lines = [
            f"sandbox,C_{contact},{_token(number)},**** {number:04},2030-12,,2026-01-10T09:00:00Z,paper"
            for number, contact in enumerate(self._contacts)
            if _kind(number)[2]
        ]
        file = folder / "cards.csv"
        file.write_text("\n".join([HEADER, *lines]) + "\n")
        self.service.command("cards", "import", *member, str(file))
        self._templates = {code: self._template(code, properties) for code, properties, _outcome in KINDS}

    def _template(self, code: str, properties: dict[str, str]) -> int:
        """The robot's step, and one that shows how often the workflow went on after it."""
        step = {"code": code, "name": "Step", "properties": properties}
        return self.portal.define([step, {"type": "log", "name": "After", "text": GOES_ON}])

    def fire(self, pause: Callable[[], object]) -> None:
        """Set off everything, one call after another."""
        for number in range(self.count):
            code, _properties, outcome = _kind(number)
            if number % FAULT_EVERY == 0:
                name, match = FAULTS[number // FAULT_EVERY % len(FAULTS)]
                self.portal.fault(name, match=match)
            deal, workflow = self.set_off(code, contactIds=[self._contacts[number]])
            self.asked[workflow] = Asked(code, deal, outcome, _token(number) if outcome else "")
            pause()

    def set_off(self, code: str, **fields: object) -> tuple[int, str]:
        """A deal of its own and the workflow that asks the robot for it."""
        known = {DEBT: "1000.00|RUB", NEXT_DATE: "2027-01-31"}
        deal = self.portal.add(DEAL, None, title="Сделка", opportunity="300.00", **known, **fields)
        return deal, self.portal.start(self._templates[code], deal)


def _kind(number: int) -> tuple[str, dict[str, str], str]:
    return KINDS[number % len(KINDS)]


def _token(number: int) -> str:
    return f"card_{number:04}_{_kind(number)[2]}"

"""kill -9 at a labelled step of a charge, by a worker that ends itself there, at three acquirers over HTTP.

The robot is called through the portal's designer; the verdict is read outside: the portal's answer, the acquirer's
operations, and the ledger's own check.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.acquirers.sberbank import demo as sberbank
from sandbox.acquirers.tbank import demo as tbank
from tests.chaos.pairs import all_pairs
from tests.chaos.processes import Service
from tests.chaos.verdict import unsettled
from tests.databases import migrated_database
from tests.outside import Outside, Portal, eventually
from tests.ports import free_port

DEAL, CONTACT = 2, 3
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
GATEWAYS = ("sandbox", "sberbank", "tbank")
STEPS = (
    "intent_committed",
    "sent_committed",
    "placed",
    "answered",
    "outcome_written",
    "outcome_committed",
    "look_up_committed",
    "looked_up",
    "look_up_settled",
)
A_WHILE = 65
PATIENCE = 40

# The outcome by the ending of the sandbox's token, and as a turn of the others; what the call is told of it.
OUTCOMES: dict[str, tuple[str, dict[str, str], str]] = {
    "paid": ("paid", {}, "ok"),
    "declined softly": ("insufficient_funds_then_paid", {"end": "declined"}, "failed"),
    "pending": ("pending", {"end": "pending_paid"}, "ok"),
    "cut before": ("lost_request_then_paid", {"answer": "cut_before"}, "ok"),
    "cut after": ("lost_answer", {"answer": "cut_after"}, "ok"),
    "error 500 with effect": ("error_500_paid", {"answer": "error_500"}, "ok"),
    "html": ("html_then_paid", {"answer": "html"}, "ok"),
}
CREDENTIALS = {
    "sandbox": {"shop": "demo", "secret": "demo-secret-of-the-sandbox"},
    "sberbank": {"flavour": "rbs", "user_name": sberbank.RBS_SHOP, "password": sberbank.PASSWORD},
    "tbank": {"terminal_key": tbank.TERMINAL, "password": tbank.PASSWORD},
}
# In every run of the suite: each step, each outcome and each acquirer, the steps of a look-up where there is one.
SHARE = (
    ("sandbox", "intent_committed", "paid"),
    ("tbank", "sent_committed", "declined softly"),
    ("sberbank", "placed", "cut before"),
    ("tbank", "answered", "cut after"),
    ("sberbank", "outcome_written", "paid"),
    ("tbank", "outcome_committed", "paid"),
    ("sandbox", "look_up_committed", "pending"),
    ("sberbank", "looked_up", "error 500 with effect"),
    ("tbank", "look_up_settled", "html"),
)
SHOPS = {"sberbank": sberbank.RBS_SHOP, "tbank": tbank.TERMINAL}


@dataclass(frozen=True)
class Client:
    """Their contact in the portal, and the one card they have."""

    contact: int
    token: str
    customer: str


@dataclass
class Ground:
    """One service, one portal; each case brings a client with a card and a deal of its own."""

    outside: Outside
    service: Service
    portal: Portal
    database_url: str
    folder: Path
    template: int = 0
    killed: int = 0

    def prepare(self, cases: Sequence[tuple[str, ...]]) -> list[Client]:
        """A client for each case, whose only card is at its acquirer."""
        clients, lines = [], [HEADER]
        for number, (gateway, _, outcome) in enumerate(cases, 1):
            contact = self.portal.add(CONTACT, name=f"Клиент {number}")
            ending = OUTCOMES[outcome][0]
            token = f"card_{number:04}_{ending}" if gateway == "sandbox" else f"99000{number:04}"
            customer = "" if gateway == "sandbox" else f"client-{number}"
            lines.append(f"{gateway},C_{contact},{token},**** {number:04},2030-12,{customer},2026-01-10,paper")
            clients.append(Client(contact, token, customer))
            if gateway != "sandbox":
                facts = {"kind": "card", "system": "MIR", "card_id": str(77_000 + number), "code": ""}
                mask = f"220077******{number:04}"
                card = {"shop": SHOPS[gateway], "token": token, "customer": customer, "mask": mask}
                self.outside.post(f"/acquirers/{gateway}", cards=[card | {"expires": "2030-12", "facts": facts}])
        file = self.folder / "cards.csv"
        file.write_text("\n".join([*lines, ""]))
        self.service.command("cards", "import", "--portal", self.portal.member_id, str(file))
        return clients

    def play(self, client: Client, gateway: str, step: str, outcome: str) -> str:
        """What is wrong, in words; empty when the charge went as it should."""
        if gateway != "sandbox":
            self.outside.post(f"/acquirers/{gateway}", turns={"charge": [OUTCOMES[outcome][1]]})
        self.service.start("worker-1", FAULT_AT=step)
        deal = self.portal.add(DEAL, None, title="Сделка", opportunity="300.00", contactIds=[client.contact])
        workflow = self.portal.start(self.template, deal)
        self._let_end(workflow)
        self.service.kill("worker-1")
        self.service.start("worker-1")
        for _ in range(PATIENCE):
            if eventually(lambda: self._step(workflow)["outcome"] == "answered", 1.0):
                break
            self.outside.forward(seconds=A_WHILE)
        self.service.kill("worker-1")
        return self._wrong(self._step(workflow), client.token, gateway, OUTCOMES[outcome][2])

    def _let_end(self, workflow: str) -> None:
        """Until the worker has ended itself; a case may pass its step only after a look-up, or never."""
        for _ in range(2 * PATIENCE):
            if self.service.has_ended("worker-1"):
                self.killed += 1
                return
            if self._step(workflow)["outcome"] == "answered":
                return
            if not eventually(lambda: self.service.has_ended("worker-1"), 1.0):
                self.outside.forward(seconds=A_WHILE if self._is_waiting() else 0)

    def _is_waiting(self) -> bool:
        return any(state == "waiting" for _id, state, _reason in unsettled(self.database_url))

    def _wrong(self, step: dict[str, Any], token: str, gateway: str, wanted: str) -> str:
        taken = [one for one in self.operations(gateway) if one["token"] == token and one["kind"] == "charge"]
        returned = step["returned"] or {}
        if step["outcome"] != "answered" or step["answers"] != 1:
            return f"not answered once: {step}"
        if returned["result_status"] != wanted:
            return f"answered {returned} instead of {wanted}"
        sums = [one["amount"] for one in taken]
        if sums != ([30_000] if wanted == "ok" else []):
            return f"answered {wanted}, and {sums} was taken"
        return ""

    def operations(self, gateway: str) -> list[dict[str, Any]]:
        path = "/acquirer" if gateway == "sandbox" else f"/acquirers/{gateway}"
        found: list[dict[str, Any]] = self.outside.get(path)["operations"]
        return found

    def _step(self, workflow: str) -> dict[str, Any]:
        step: dict[str, Any] = self.portal.get(f"/workflows/{workflow}")["steps"][0]
        return step


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    public_url = f"http://127.0.0.1:{free_port()}"
    with migrated_database("sqlite", folder) as database_url, Outside() as outside:
        app = outside.register_app(public_url)
        for code in SHOPS:
            outside.post(f"/acquirers/{code}", pending_seconds=5)
        with Service(outside, database_url, folder, public_url, app) as service:
            for code in SHOPS:
                service.environment[f"{code.upper()}_API_URL"] = f"{outside.oauth_url}/acquirers/{code}/"
            service.start("web")
            service.start("worker-1")
            service.wait_ready()
            portal = outside.create_portal(enterprise=True)
            portal.install(app)
            assert eventually(lambda: len(portal.get("/registered")) >= 10, 30), service.logs()
            service.kill("worker-1")
            for code, credentials in CREDENTIALS.items():
                words = ("--gateway", code, "--credentials", json.dumps(credentials))
                service.command("gateways", "configure", "--portal", portal.member_id, *words)
            made = Ground(outside, service, portal, database_url, folder)
            step = {"code": "charge_saved_card", "name": "Step", "properties": {"retry": "none"}}
            made.template = portal.define([step])
            yield made


def test_a_worker_killed_at_any_step_of_any_outcome_charges_once_and_answers(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    full = request.config.getoption("--full-chaos")
    cases = all_pairs(GATEWAYS, STEPS, tuple(OUTCOMES)) if full else list(SHARE)
    with ground(tmp_path) as played:
        wrong = {case: played.play(client, *case) for case, client in zip(cases, played.prepare(cases), strict=True)}
        assert {case: why for case, why in wrong.items() if why} == {}
        played.service.command("ledger", "check")
        operations = {one: len(played.operations(one)) for one in GATEWAYS}
        print(json.dumps({"cases": len(cases), "killed": played.killed, "operations": operations}))
        assert played.killed >= len(SHARE)


def test_the_cover_shows_every_pair() -> None:
    cases = all_pairs(GATEWAYS, STEPS, tuple(OUTCOMES))
    assert {(gateway, step) for gateway, step, _ in cases} == {(one, other) for one in GATEWAYS for other in STEPS}
    assert {(step, outcome) for _, step, outcome in cases} == {(one, other) for one in STEPS for other in OUTCOMES}

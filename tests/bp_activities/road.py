"""The road of calls in a test's hands: a portal in memory, one robot that does as it is told, a clock, a database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from bitrix24.errors import RestError
from bitrix24.lanes import Lane
from bitrix24.portals import Portals
from bp_activities._call import Call
from bp_activities._declaration import Form, Result, Robot, result, robot
from bp_activities._declaration import field as form_field
from bp_activities._inbox import Claim, claim_due, give_back
from bp_activities._runner import Runner
from calculations.calendar import Calendar
from schemas.portal import PortalFacts
from storage.database import Database
from storage.model import Call as CallRow
from storage.model import Portal
from tests.factories import NOW, make_call, make_portal

SEND, COMMENT, COMMENTS = "bizproc.event.send", "crm.timeline.comment.add", "crm.timeline.comment.list"
WORKER = "worker-1"


class Killed(BaseException):
    """The process ended here; nothing catches it."""


class Wish(Form):
    amount: str | None = form_field("Сумма", "Amount")


class Done(Result):
    number: int | None = result("Номер", "Number")


@dataclass
class FakePortal:
    """Answers each method as its script says, else as a portal in good health does."""

    script: dict[str, list[object]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def open(self, _portal_id: int) -> "FakePortal":
        return self

    def call(self, method: str, params: Mapping[str, Any], lane: Lane = Lane.DATA) -> object:
        said = self.script[method].pop(0) if self.script.get(method) else True
        if method == SEND:
            assert lane is Lane.CONTINUE
            self.sent.append(json.dumps(params, ensure_ascii=False, separators=(",", ":")))
        if method == COMMENTS:
            return [{"COMMENT": text} for text in self.comments]
        if method == COMMENT and not isinstance(said, RestError):
            self.comments.append(params["fields"]["COMMENT"])
        if isinstance(said, RestError):
            raise said.about(method)
        return said


@dataclass
class Road:
    database: Database
    portal: FakePortal = field(default_factory=FakePortal)
    moment: datetime = NOW
    robot_runs: int = 0
    steps: list[str] = field(default_factory=list)
    kill_at: str = ""
    do: Callable[[Call], Done] = lambda _call: Done(number=7)

    def __post_init__(self) -> None:
        with self.database.write() as session:
            self.portal_id = make_portal(session).id
        self.robot = self._declared()
        self.runner = self.new_process()

    def new_process(self) -> Runner:
        return Runner(
            self.database,
            cast(Portals, self.portal),
            self._open_call,
            lambda: self.moment,
            self._step,
            lambda code: self.robot if code == "tried" else None,
        )

    def accept(self, **values: Any) -> int:
        with self.database.write() as session:
            return make_call(session, self.portal_id, **{"code": "tried", **values}).id

    def claim(self, worker: str = WORKER) -> list[Claim]:
        return claim_due(self.database, worker, 100, self.moment)

    def run_due(self) -> int:
        """Run what is due now; how many calls that was."""
        claims = self.claim()
        for one in claims:
            self.runner.run(one.call_id, one.run)
        return len(claims)

    def run_to_the_end(self, call_id: int, runs: int = 60) -> CallRow:
        """Go from due moment to due moment until the call has ended."""
        for _ in range(runs):
            row = self.row(call_id)
            if row.finished_at:
                return row
            self.moment = max(self.moment, row.due_at)
            self.run_due()
        raise AssertionError(f"the call goes on and on: {row.state} {row.reason}")

    def run_killed(self, step: str) -> bool:
        """Run what is due in a process that ends at a labelled step, then start the next one; whether it was killed."""
        self.kill_at = step
        try:
            self.run_due()
        except Killed:
            return True
        finally:
            self.kill_at = ""
            self.runner = self.new_process()
            give_back(self.database, WORKER, self.moment)
        return False

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)

    def row(self, call_id: int) -> CallRow:
        with self.database.read() as session:
            return session.get_one(CallRow, call_id)

    def set_portal(self, **values: str) -> None:
        with self.database.write() as session:
            portal = session.get_one(Portal, self.portal_id)
            for name, value in values.items():
                setattr(portal, name, value)

    def answer(self, call_id: int) -> dict[str, Any]:
        """The result values of a call's stored answer."""
        values: dict[str, Any] = json.loads(str(self.row(call_id).answer))["RETURN_VALUES"]
        return values

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.kill_at:
            raise Killed(name)

    def _open_call(self, row: CallRow) -> Call:
        with self.database.read() as session:
            portal = session.get_one(Portal, row.portal_id)
        facts = PortalFacts(portal.id, portal.member_id, portal.language, ZoneInfo("UTC"), "dmy", "RUB")
        return Call(
            key=f"pay-{row.id}",
            code=row.code,
            now=self.moment,
            facts=facts,
            calendar=Calendar(),
            document=None,
            deadline_at=row.deadline_at,
            world=None,
        )

    def _declared(self) -> Robot:
        @robot("tried", ru="Робот на пробу", en="Robot on trial", hint=("Для проверки", "For tests"))
        def tried(form: Wish, call: Call) -> Done:
            self.robot_runs += 1
            return self.do(call)

        return tried

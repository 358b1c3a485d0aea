"""News of money and a portal in trouble: nothing is told twice, too early, of what is over, or for ever."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from billing.pay_links import PayLinks
from bitrix24.errors import AnswerLost, RestError, TryLater, unavailable
from bitrix24.portals import Portals
from bp_activities._inbox import wake
from customers.consents import withdraw_consents
from jobs.outbox import tell
from payments import news
from payments.effects import begin_effect
from payments.news import A_REQUEST_IS_OVER, Teller
from storage.database import open_database
from storage.model import Call, News, Portal
from tests.billing.world import World


@dataclass
class Crm:
    """A deal that triggers move and its timeline; `faults` and `before`, by method, happen once."""

    stage: str = "NEW"
    comments: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    faults: dict[str, RestError] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    def open(self, _portal_id: int) -> "Crm":
        return self

    def call(self, method: str, params: dict[str, Any], **_how: object) -> Any:
        self.before.pop(method, lambda: None)()
        if method in self.faults:
            raise self.faults.pop(method)
        if method == "crm.timeline.comment.list":
            return [{"COMMENT": one} for one in reversed(self.comments)]
        if method == "crm.item.get":
            return {"item": {"id": params["id"], "stageId": self.stage}}
        if method == "crm.timeline.comment.add":
            self.comments.append(params["fields"]["COMMENT"])
            return len(self.comments)
        assert method == "crm.automation.trigger.execute"
        self.fired.append(params["CODE"])
        self.stage = "MOVED"
        return True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(open_database(f"sqlite:///{tmp_path}/money.db"))
    yield world
    world.database.close()


@dataclass
class Scene:
    world: World
    crm: Crm = field(default_factory=Crm)

    def __post_init__(self) -> None:
        self.teller = self.new_teller()

    def new_teller(self) -> Teller:
        world = self.world
        links = PayLinks(world.database, "a secret of the tests", "https://pay.example")
        portals = cast("Portals", self.crm)
        return Teller(world.database, portals, world.charging, links, world.clock, lambda _step: None)

    def tick(self, teller: Teller | None = None) -> None:
        """The outbox first, as in the worker it comes more often."""
        world, telling = self.world, teller or self.teller
        tell(world.database, {"charge_settled": lambda one: wake(world.database, one, world.clock())}, world.clock())
        telling.tell_due()
        assert telling.wait_until_idle(20)

    def ticks(self, number: int = 4, **later: float) -> None:
        for _ in range(number):
            self.tick()
            self.world.clock.forward(**(later or {"minutes": 2}))

    def answered(self, status: str, **changes: object) -> None:
        """The workflow of the first order has its answer."""
        answer = json.dumps({"RETURN_VALUES": {"charge_status": status, "error_text": "as the bank says"}})
        result = "ok" if status == "succeeded" else "failed"
        values = {"state": "delivered", "answer": answer, "result_status": result} | changes
        with self.world.database.write() as session:
            session.execute(update(Call).where(Call.id == self.world.order.call_id).values(**values))

    def rows(self) -> list[News]:
        with self.world.database.read() as session:
            return list(session.scalars(select(News).order_by(News.id)))


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_a_trigger_that_the_portal_put_off_fires_later_wherever_the_item_stands_by_then(scene: Scene) -> None:
    scene.world.charge()
    scene.answered("succeeded")
    scene.crm.faults["crm.automation.trigger.execute"] = TryLater("crm", "busy")
    scene.tick()
    scene.crm.stage = "MOVED_BY_A_PERSON"
    scene.ticks()
    assert scene.crm.fired == ["pay_payment_received"]


@pytest.mark.parametrize("slow", ["crm.item.get", "crm.timeline.comment.add"])
def test_a_worker_that_was_taken_over_while_it_waited_asks_for_nothing_more(scene: Scene, slow: str) -> None:
    scene.world.charge(replace(scene.world.order, call_id=None))

    def overtaken() -> None:
        scene.world.clock.forward(seconds=A_REQUEST_IS_OVER.total_seconds())
        scene.tick(scene.new_teller())

    scene.crm.before[slow] = overtaken
    scene.tick()
    scene.ticks()
    assert scene.crm.fired == ["pay_payment_received"]
    assert len(scene.crm.comments) == (
        2 if slow == "crm.timeline.comment.add" else 1
    )  # that one was on its way already
    assert [row.due_at for row in scene.rows()] == [None]


def test_another_workflow_that_waits_for_the_same_charge_is_answered_first(scene: Scene) -> None:
    world = scene.world
    world.bank.script = ["pending"]
    charge_id = world.charge().charge_id
    other = world.new_call()
    begin_effect(world.database, world.portal_id, f"charge:{other}", other, {"key": world.order.key}, world.clock())
    waits = {"state": "waiting", "reason": f"charge {charge_id} is open", "due_at": world.clock() + timedelta(hours=1)}
    with world.database.write() as session:
        session.execute(update(Call).where(Call.id == other).values(**waits))
    world.bank.becomes(world.attempts()[-1].order_number, "paid")
    world.tick(minutes=1)
    scene.answered("succeeded")
    scene.ticks()
    assert scene.crm.fired == []
    with world.database.write() as session:
        session.execute(update(Call).where(Call.id == other).values(state="delivered"))
    scene.ticks()
    assert scene.crm.fired == ["pay_payment_received"]


def test_what_comes_of_a_decline_after_its_workflow_was_told_is_told_in_words(scene: Scene) -> None:
    world = scene.world
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    scene.answered("declined")
    scene.ticks()
    assert (scene.crm.comments, scene.crm.fired) == ([], ["pay_payment_failed"])
    world.charging.cancelling.cancel(charge_id)
    scene.ticks()
    assert [words.split(":")[0] for words in scene.crm.comments] == ["Платёж отменён сотрудником"]


def test_a_retry_that_a_withdrawn_consent_has_ended_is_told_with_its_reason(scene: Scene) -> None:
    world = scene.world
    world.bank.script = ["declined:funds"]
    world.charge()
    scene.answered("declined")
    scene.ticks()
    withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())
    world.tick(days=2)
    scene.ticks()
    (words,) = scene.crm.comments
    assert "попыток больше не будет" in words
    assert "согласие" in words


def test_a_decline_that_was_cancelled_before_it_was_told_is_told_as_what_it_was(scene: Scene) -> None:
    world = scene.world
    world.bank.script = ["declined:funds"]
    charge_id = world.charge(replace(world.order, call_id=None)).charge_id
    world.charging.cancelling.cancel(charge_id)
    scene.ticks()
    assert [words.split(":")[0] for words in scene.crm.comments] == ["Оплата не прошла", "Платёж отменён сотрудником"]


def test_a_failed_step_that_waits_for_no_answer_is_told_where_the_robots_own_comment_is_missing(scene: Scene) -> None:
    world = scene.world
    world.bank.script = ["declined:funds"]
    world.charge()
    scene.answered("declined", use_subscription=False)
    scene.ticks()
    assert len(scene.crm.comments) == 1


def test_a_suspended_portal_is_asked_too_and_after_a_week_it_is_given_up(scene: Scene) -> None:
    scene.world.charge(replace(scene.world.order, call_id=None))
    with scene.world.database.write() as session:
        session.get_one(Portal, scene.world.portal_id).state = "suspended"
    asked: list[int] = []
    scene.crm.before["crm.timeline.comment.add"] = partial(asked.append, 1)
    scene.crm.faults["crm.timeline.comment.add"] = unavailable("crm", "not paid for", "suspended")
    scene.tick()
    assert asked == [1]
    scene.world.clock.forward(days=8)
    scene.tick()
    (row,) = scene.rows()
    assert row.due_at is None
    assert "not paid for" in row.reason
    assert scene.crm.fired == []


@pytest.mark.passes_over
def test_a_fault_of_ours_is_not_tried_in_a_hot_loop(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.world.charge(replace(scene.world.order, call_id=None))
    broken: list[int] = []

    def breaks(*_: object) -> str:
        broken.append(1)
        raise KeyError("a bug")

    monkeypatch.setattr(news, "text_of", breaks)
    scene.ticks(5, seconds=1)
    assert broken == [1]


def test_what_is_lost_again_and_again_ends(scene: Scene) -> None:
    scene.world.charge()
    scene.answered("succeeded")
    for _ in range(25):
        scene.crm.faults["crm.automation.trigger.execute"] = AnswerLost("crm", "no answer")
        scene.tick()
        scene.world.clock.forward(minutes=4)
    (row,) = scene.rows()
    assert (row.due_at, row.tries, row.reason) == (None, 20, "crm: no answer")

"""Two lanes that do not wait for each other, and nobody who waits for ever."""

import threading

import pytest

from bitrix24.client import PortalClient
from bitrix24.errors import AnswerLost, TryLater
from bitrix24.lanes import Lane
from tests.bitrix24.conftest import World, errors
from tests.bitrix24.scripted import PAGE, said


@pytest.mark.parametrize("method", ["crm.item.add", "crm.timeline.comment.ADD"])
def test_creates_never_share_a_lane_with_what_makes_workflows_go_on(world: World, method: str) -> None:
    with pytest.raises(ValueError, match="creates"):
        world.client.submit(method, lane=Lane.CONTINUE)


def test_the_lanes_do_not_wait_for_each_other(world: World) -> None:
    world.portal.gate.clear()
    slow = world.client.submit("bizproc.event.send", {"EVENT_TOKEN": "t"}, lane=Lane.CONTINUE)
    assert world.portal.arrived.acquire(timeout=5)
    read = world.client.submit("crm.item.get")
    assert world.portal.arrived.acquire(timeout=5), "the read waited for the workflow"
    world.portal.gate.set()
    assert errors([slow, read]) == [None, None]


def test_slow_continuations_travel_in_small_requests(world: World) -> None:
    world.portal.seconds = 6.0
    futures = world.together(*[("bizproc.event.send", {"EVENT_TOKEN": str(n)}) for n in range(12)], lane=Lane.CONTINUE)
    assert errors(futures) == [None] * 12
    assert [len(batch) for batch in world.portal.batches] == [1, 2, 2, 2, 2, 2, 2]


def test_after_a_lost_answer_fewer_continuations_travel_together(world: World) -> None:
    world.portal.script = [said(result="first", time={"duration": 0.1}), PAGE]
    futures = world.together(*[("bizproc.event.send", {"EVENT_TOKEN": str(n)}) for n in range(60)], lane=Lane.CONTINUE)
    found = errors(futures)
    lost = sum(isinstance(error, AnswerLost) for error in found)
    sizes = [len(batch) for batch in world.portal.batches][1:]
    assert sizes[0] == lost
    assert sizes[1] <= lost // 2
    assert [error for error in found[lost:] if error] == []


def test_an_answer_with_an_empty_list_shares_its_request(world: World) -> None:
    answer = {"EVENT_TOKEN": "t", "RETURN_VALUES": {"missed_dates": []}}
    futures = world.together(*[("bizproc.event.send", answer)] * 3, lane=Lane.CONTINUE)
    assert errors(futures) == [None] * 3
    assert [len(batch) for batch in world.portal.batches] == [1, 3]


def test_a_command_whose_caller_left_is_carried_out_and_disturbs_nobody(world: World) -> None:
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    left, stays = world.client.submit("a"), world.client.submit("b")
    assert left.cancel()
    world.portal.gate.set()
    assert errors([first, stays]) == [None, None]


def test_a_fault_of_our_own_after_sending_may_have_been_carried_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bitrix24.exchange.read_plain", broken)
    assert isinstance(world.client.submit("crm.item.add").exception(10), AnswerLost)
    monkeypatch.undo()
    assert world.client.call("crm.item.get") == "crm.item.get?"


def test_a_fault_of_our_own_before_sending_leaves_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("bitrix24.bucket.Bucket.leave", broken)
    assert isinstance(world.client.submit("crm.item.add").exception(10), TryLater)
    monkeypatch.undo()
    assert world.client.call("crm.item.get") == "crm.item.get?"


def test_closing_ends_the_request_under_way_and_gives_the_rest_back(world: World) -> None:
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    waiting = world.client.submit("crm.item.add")
    closing = threading.Thread(target=world.house.close)
    closing.start()
    while not _is_closing(world.client):
        pass
    world.portal.gate.set()
    closing.join(10)
    assert first.result(10) == "first?"
    assert isinstance(waiting.exception(10), TryLater)
    with pytest.raises(TryLater, match="ending"):
        world.client.submit("crm.item.get")
    assert len(world.portal.requests) == 1


def _is_closing(client: PortalClient) -> bool:
    try:
        client.submit("crm.item.get")
    except TryLater:
        return True
    return False

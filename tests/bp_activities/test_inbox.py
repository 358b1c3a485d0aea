"""Claims: what is due, fair between portals, each call to one worker at a time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bp_activities._inbox import SHARE, Claim, claim_due, end_lost, give_back, workers_with_calls
from storage.database import open_database
from storage.model import Call
from tests.bp_activities.road import Road
from tests.factories import make_call, make_portal


def accept(road: Road, portal_id: int, count: int = 1, **values: object) -> list[int]:
    with road.database.write() as session:
        return [make_call(session, portal_id, **{"due_at": road.moment, **values}).id for _ in range(count)]


def new_portal(road: Road, **values: object) -> int:
    with road.database.write() as session:
        return make_portal(session, **values).id


def portals_of(road: Road, claims: list[Claim]) -> Counter[int]:
    return Counter(road.row(one.call_id).portal_id for one in claims)


@pytest.mark.parametrize("state", ["accepted", "waiting", "answering"])
def test_what_is_due_is_claimed_under_the_next_run_number(road: Road, state: str) -> None:
    call_id = road.accept(state=state, run=4)
    assert road.claim() == [Claim(call_id, 5)]
    row = road.row(call_id)
    assert (row.state, row.run, row.worker) == ("running", 5, "worker-1")


@pytest.mark.parametrize("state", ["running", "delivered", "dead", "cancelled"])
def test_what_runs_or_has_ended_is_not_claimed(road: Road, state: str) -> None:
    road.accept(state=state)
    assert road.claim() == []


def test_what_is_due_later_is_not_claimed(road: Road) -> None:
    road.accept(state="waiting", due_at=road.moment + timedelta(seconds=1))
    assert road.claim() == []


@pytest.mark.parametrize(
    ("state", "tried"), [("suspended", True), ("needs_reauthorisation", False), ("deleted", False)]
)
def test_calls_of_a_portal_that_cannot_be_asked_wait(road: Road, state: str, tried: bool) -> None:
    road.accept()
    road.set_portal(state=state)
    assert bool(road.claim()) == tried


def test_a_call_taken_in_by_a_machine_whose_clock_is_ahead_does_not_wait_for_ours(road: Road) -> None:
    ahead = road.moment + timedelta(minutes=5)
    new = road.accept(received_at=ahead, due_at=ahead)
    put_off = road.accept(received_at=ahead, due_at=ahead, state="answering", run=1)
    assert [one.call_id for one in road.claim()] == [new]
    assert road.row(put_off).state == "answering"


def test_one_portals_flood_leaves_the_next_calls_of_others_first(road: Road) -> None:
    other = new_portal(road)
    accept(road, road.portal_id, 200)
    late = accept(road, other, 2, due_at=road.moment)
    claimed = [one.call_id for one in claim_due(road.database, "worker-1", 20, road.moment)]
    assert set(late) <= set(claimed)


def test_within_a_portal_the_longest_due_come_first(road: Road) -> None:
    later = accept(road, road.portal_id, 5, due_at=road.moment - timedelta(seconds=1))
    first = accept(road, road.portal_id, 2, due_at=road.moment - timedelta(seconds=9))
    claimed = claim_due(road.database, "worker-1", 4, road.moment)
    assert {one.call_id for one in claimed} == {*first, later[0]}


def test_a_portal_never_holds_all_slots_so_that_another_always_finds_one(road: Road) -> None:
    other = new_portal(road)
    accept(road, road.portal_id, 100)
    slots = 40
    held = claim_due(road.database, "worker-1", slots, road.moment)
    held += claim_due(road.database, "worker-1", slots - len(held), road.moment)
    assert len(held) == slots * SHARE
    accept(road, other, 100)
    more = claim_due(road.database, "worker-1", slots - len(held), road.moment)
    assert portals_of(road, more) == {other: int((slots - len(held)) * SHARE)}


def test_a_single_slot_is_used(road: Road) -> None:
    accept(road, road.portal_id, 3)
    assert len(claim_due(road.database, "worker-1", 1, road.moment)) == 1


def test_what_other_workers_hold_is_no_matter_of_this_one(road: Road) -> None:
    accept(road, road.portal_id, 60)
    assert len(claim_due(road.database, "worker-1", 40, road.moment)) == 30
    assert len(claim_due(road.database, "worker-2", 40, road.moment)) == 30


def test_no_call_is_claimed_by_two_workers(road: Road) -> None:
    everything = accept(road, road.portal_id, 90)
    url = road.database.engine.url.render_as_string(hide_password=False)

    def claim_all(worker: str) -> list[int]:
        database = open_database(url)
        claimed: list[int] = []
        for _ in range(300):
            claimed += [one.call_id for one in claim_due(database, worker, 9, road.moment)]
            if road.row(everything[-1]).state == "running":
                break
        database.close()
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claims = [one for found in pool.map(claim_all, [f"worker-{number}" for number in range(4)]) for one in found]
    assert len(claims) == len(set(claims))
    assert set(claims) <= set(everything)
    assert {road.row(one).run for one in claims} == {1}


def test_what_a_dead_worker_ran_is_due_again_and_what_others_run_is_not(road: Road) -> None:
    mine, others = road.accept(), road.accept()
    claim_due(road.database, "dead", 1, road.moment)
    claim_due(road.database, "alive", 1, road.moment)
    assert set(workers_with_calls(road.database)) == {"dead", "alive"}
    assert give_back(road.database, "dead", road.moment) == 1
    assert (road.row(mine).state, road.row(others).state) == ("accepted", "running")
    assert [one.call_id for one in road.claim()] == [mine]


def test_calls_of_portals_that_are_no_more_come_to_an_end_with_a_reason(road: Road) -> None:
    removed, deleted = new_portal(road, state="uninstalled"), new_portal(road, state="deleted")
    calls = [accept(road, portal, state=state)[0] for portal in (removed, deleted) for state in ("accepted", "waiting")]
    ended = accept(road, deleted, state="delivered")
    alive = road.accept()
    assert end_lost(road.database, road.moment) == 4
    rows: list[Call] = [road.row(one) for one in calls]
    assert [row.state for row in rows] == ["cancelled", "cancelled", "dead", "dead"]
    assert all(row.reason and row.finished_at == road.moment for row in rows)
    assert [road.row(one).state for one in (*ended, alive)] == ["delivered", "accepted"]

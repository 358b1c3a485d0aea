"""Who travels next: in order, one user's commands together, what must be alone alone."""

from hypothesis import given
from hypothesis import strategies as st

from bitrix24.batch import Command, make_command
from bitrix24.errors import NotFound
from bitrix24.waiting import Waiting

COMMANDS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([None, 7]), st.booleans()), max_size=30)


def command(method: str, number: int = 0, user_id: int | None = None, *, alone: bool = False) -> Command:
    return make_command(method, {"n": number}, user_id, alone=alone)


def test_equal_shared_reads_are_one_command_with_many_askers() -> None:
    waiting = Waiting()
    futures = [waiting.add(command("crm.status.list"), shared=True) for _ in range(6)]
    waiting.add(command("crm.status.list", 1), shared=True)
    waiting.add(command("crm.status.list", user_id=7), shared=True)
    taken = waiting.take(50, None, ())
    assert [len(one.futures) for one in taken] == [6, 1]
    assert taken[0].futures == futures


def test_a_read_that_is_on_its_way_is_not_shared_any_more() -> None:
    waiting = Waiting()
    waiting.add(command("crm.status.list"), shared=True)
    sent = waiting.take(50, None, ())
    waiting.add(command("crm.status.list"), shared=True)
    assert len(waiting) == 1
    assert len(sent[0].futures) == 1


def test_what_is_not_asked_to_be_shared_is_not() -> None:
    waiting = Waiting()
    for _ in range(3):
        waiting.add(command("crm.item.add"), shared=False)
    assert len(waiting.take(50, None, ())) == 3


def test_each_asker_of_a_shared_read_gets_an_answer_and_an_error_object_of_its_own() -> None:
    waiting = Waiting()
    futures = [waiting.add(command("crm.status.list"), shared=True) for _ in range(3)]
    futures[1].cancel()
    (taken,) = waiting.take(50, None, ())
    taken.deliver(NotFound("crm.status.list", "gone"))
    found = [futures[0].exception(1), futures[2].exception(1)]
    assert [type(error) for error in found] == [NotFound, NotFound]
    assert found[0] is not found[1]


def test_what_is_put_back_goes_first_and_in_its_order() -> None:
    waiting = Waiting()
    for number in range(6):
        waiting.add(command("a", number), shared=False)
    taken = waiting.take(3, None, ())
    waiting.put_back(taken)
    assert [one.params["n"] for one in waiting.take(50, None, ())] == [0, 1, 2, 3, 4, 5]


@given(commands=COMMANDS, paused=st.sets(st.sampled_from(["a", "b"])), most=st.integers(1, 5))
def test_everybody_travels_once_with_his_own_token_and_in_his_user_s_order(
    commands: list[tuple[str, int | None, bool]], paused: set[str], most: int
) -> None:
    waiting = Waiting()
    for number, (method, user_id, alone) in enumerate(commands):
        waiting.add(command(method, number, user_id, alone=alone), shared=False)
    batches: list[list[Command]] = []
    while head := waiting.head(paused):
        batches.append(waiting.take(most, head.user_id, paused))
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len({one.user_id for one in batch}) == 1
        assert not any(one.alone for one in batch) or len(batch) == 1
    travelled = [one.params["n"] for batch in batches for one in batch]
    assert sorted(travelled) == [number for number, (method, _, _) in enumerate(commands) if method not in paused]
    for alone_or_not in (True, False):
        for user_id in (None, 7):
            mine = [n for n in travelled if commands[n][1] == user_id and commands[n][2] is alone_or_not]
            assert mine == sorted(mine)
    left = waiting.take_where(lambda _one: True)
    assert [one.method in paused for one in left] == [True] * len(left)

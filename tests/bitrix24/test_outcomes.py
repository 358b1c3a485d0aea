"""Several commands at once: none is under way any more when the first error is told."""

from concurrent.futures import Future
from threading import Timer
from typing import Any

import pytest

from bitrix24.errors import AnswerLost, Refused, TryLater
from bitrix24.outcomes import results_of


def ended(result: object = None, error: Exception | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future


def test_results_come_in_the_order_of_asking() -> None:
    assert results_of(ended(number) for number in (3, 1, 2)) == [3, 1, 2]


def test_an_error_is_told_only_when_the_others_have_ended() -> None:
    slow: Future[Any] = Future()
    Timer(0.05, slow.set_result, [1]).start()
    with pytest.raises(Refused):
        results_of([ended(error=Refused("crm.item.add", "no")), slow])
    assert slow.done()


def test_a_lost_answer_outweighs_what_is_known_of_the_others() -> None:
    known = [ended(error=Refused("a", "no")), ended(error=TryLater("b", "busy"))]
    with pytest.raises(AnswerLost):
        results_of([*known, ended(error=AnswerLost("c", "cut")), ended(1)])


def test_of_known_errors_the_first_is_told() -> None:
    with pytest.raises(TryLater):
        results_of([ended(1), ended(error=TryLater("b", "busy")), ended(error=Refused("a", "no"))])

"""Several commands asked at once: all of them end before anything is said of any."""

from collections.abc import Iterable
from concurrent.futures import Future, wait
from typing import Any

from bitrix24.errors import AnswerLost


def results_of(futures: Iterable[Future[Any]]) -> list[Any]:
    """Their results in order, once none is under way any more.

    Raises AnswerLost if any answer was lost, else the first error there is.
    """
    asked = list(futures)
    wait(asked)
    errors = [error for future in asked if (error := future.exception())]
    for error in sorted(errors, key=lambda one: not isinstance(one, AnswerLost)):
        raise error
    return [future.result() for future in asked]

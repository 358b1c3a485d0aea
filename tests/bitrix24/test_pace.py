"""Requests stay under twenty seconds as far as the last ones tell."""

from hypothesis import given
from hypothesis import strategies as st

from bitrix24.pace import REQUEST_SECONDS, Pace


def test_the_first_request_is_careful_where_workflows_go_on() -> None:
    assert Pace(0.8).size == 25


@given(st.lists(st.floats(0.001, 60), min_size=1, max_size=50))
def test_the_next_request_of_the_same_kind_fits_even_if_one_is_slow_again(seconds: list[float]) -> None:
    pace = Pace(0.2)
    pace.learn(seconds)
    mean, longest = sum(seconds) / len(seconds), max(seconds)
    assert pace.size == 1 or pace.size * mean + longest <= REQUEST_SECONDS + 1e-6


def test_quick_answers_make_full_requests_within_a_few() -> None:
    pace = Pace(0.8)
    for _ in range(3):
        pace.learn([0.001] * pace.size)
    assert pace.size == 50


def test_a_lost_answer_halves_the_next_request_down_to_one() -> None:
    pace = Pace(0.4)
    sizes = []
    for _ in range(7):
        sizes.append(pace.size)
        pace.lost()
    assert sizes == [50, 25, 12, 6, 3, 1, 1]


def test_one_slow_workflow_is_forgotten_by_and_by() -> None:
    pace = Pace(0.1)
    pace.learn([19.0])
    assert pace.size == 1
    for _ in range(10):
        pace.learn([0.01] * pace.size)
    assert pace.size == 50


def test_a_portal_that_measures_nothing_changes_nothing() -> None:
    pace = Pace(0.8)
    pace.learn([])
    assert pace.size == 25
    pace.learn([0.0])
    assert pace.size == 50

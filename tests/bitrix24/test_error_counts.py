"""Errors of REST are counted in the database, by whichever process sees them, and only then is anything written."""

import threading

import pytest
from sqlalchemy import event, select

import services
from bitrix24.error_counts import ErrorCounts, named
from bitrix24.errors import AccessDenied, AnswerLost, Refused, RestError, TryLater
from handlers import create_app
from storage.database import open_database
from storage.model import RestErrorCount
from tests.bitrix24.conftest import Site
from tests.bitrix24.wiring import House
from tests.handlers.doors import settings_for

DEAL = 2


def counts(house: House) -> dict[tuple[str, str], int]:
    with house.database.read() as session:
        return {(row.method, row.code): row.count for row in session.scalars(select(RestErrorCount))}


def metric_lines(house: House) -> list[str]:
    """What a process that has seen none of the errors tells of them."""
    built = services.build(settings_for(house.url))
    try:
        shown = create_app(built).test_client().get("/metrics").text
    finally:
        built.close()
    return sorted(line for line in shown.splitlines() if line.startswith("payment_robots_rest_errors_total"))


def test_errors_of_commands_and_requests_are_told_by_another_process(either_site: Site) -> None:
    site = either_site
    for _ in range(2):
        with pytest.raises(RestError):
            site.client.call("crm.item.get", {"entityTypeId": DEAL, "id": 404_404})
    site.portal.fault("bucket", match="crm.item.fields")
    site.client.call("crm.item.fields", {"entityTypeId": DEAL})
    assert metric_lines(site.house) == [
        'payment_robots_rest_errors_total{code="NOT_FOUND",method="crm.item.get"} 2.0',
        'payment_robots_rest_errors_total{code="QUERY_LIMIT_EXCEEDED",method="crm.item.fields"} 1.0',
    ]


def test_each_command_of_a_batch_counts_for_itself(site: Site) -> None:
    site.portal.fault("error", match="crm.item.fields", code="NOT_TODAY", times=3)
    futures = [site.client.submit("crm.item.fields", {"entityTypeId": DEAL, "n": n}) for n in range(10)]
    refused = [future for future in futures if future.exception(20)]
    assert len(refused) == 3
    assert counts(site.house) == {("crm.item.fields", "NOT_TODAY"): 3}


def test_a_portal_that_does_not_answer_is_counted_too(site: Site) -> None:
    site.portal.fault("lost_after", match="crm.item.fields")
    with pytest.raises(AnswerLost):
        site.client.call("crm.item.fields", {"entityTypeId": DEAL})
    assert counts(site.house) == {("crm.item.fields", "no answer"): 1}


def test_where_nothing_goes_wrong_nothing_is_written(site: Site) -> None:
    site.client.call("crm.item.fields", {"entityTypeId": DEAL})
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "rest_error_counts" in statement:
            written.append(statement)

    event.listen(site.house.database.engine, "before_cursor_execute", note)
    site.client.call("crm.item.fields", {"entityTypeId": DEAL})
    assert written == []


def test_two_processes_lose_no_count(either_house: House) -> None:
    portal_id = either_house.add_portal()
    errors = [TryLater("b", "", "BUSY"), Refused("a", "", "NO"), Refused("a", "", "NO")]

    def run() -> None:
        mine = ErrorCounts(either_house.another_database(), portal_id)
        for _ in range(25):
            mine.add(errors)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert counts(either_house) == {("b", "BUSY"): 50, ("a", "NO"): 100}


def test_a_database_that_is_away_costs_nobody_the_answer(house: House) -> None:
    portal_id = house.add_portal()
    elsewhere = open_database("sqlite:////nowhere/at/all.db")
    ErrorCounts(elsewhere, portal_id).add([Refused("a", "", "NO")])
    elsewhere.close()
    assert counts(house) == {}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccessDenied("a", "no", "ACCESS_DENIED", 403), "ACCESS_DENIED"),
        (Refused("a", "no", "a text with words and 'quotes'"), "other"),
        (Refused("a", "no", "X" * 65), "other"),
        (AnswerLost("a", "a page", status=502), "HTTP 502"),
        (TryLater("a", "no connection"), "no answer"),
        (Refused("a", "Field X already exists"), "no code"),
    ],
)
def test_a_figure_has_a_short_name(error: RestError, code: str) -> None:
    assert named(error) == code

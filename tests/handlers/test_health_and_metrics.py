"""Readiness and figures come from the database, so that they are right in every process."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from jobs.heartbeat import beat
from storage.clock import database_now
from storage.migrate import heads
from storage.model import Bucket, CallConflict, Charge, RestErrorCount
from tests.factories import NOW, make_call
from tests.handlers.doors import Doors, robot_call


def ready(doors: Doors) -> tuple[int, dict[str, str]]:
    answer = doors.client.get("/health/ready")
    return answer.status_code, answer.get_json()


def beat_now(doors: Doors, ago: float = 0) -> None:
    beat(doors.database, "worker-1", "1", doors.services.now() - timedelta(seconds=ago))


def migrated(doors: Doors) -> None:
    """As after `database upgrade`: fixtures make the tables without a word about migrations."""
    (only,) = heads()
    with doors.database.write() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": only})


def test_the_process_is_alive_whatever_the_database_does(doors: Doors) -> None:
    doors.database.engine.dispose()
    assert doors.client.get("/health/live").status_code == 200


def test_ready_with_a_current_database_and_a_worker(either_doors: Doors) -> None:
    migrated(either_doors)
    beat_now(either_doors)
    assert ready(either_doors) == (200, {"database": "ok", "migrations": "ok", "worker": "ok"})


def test_not_ready_without_a_worker_or_with_one_last_seen_long_ago(either_doors: Doors) -> None:
    migrated(either_doors)
    status, checks = ready(either_doors)
    assert (status, checks["database"], checks["migrations"]) == (503, "ok", "ok")
    assert checks["worker"] != "ok"
    beat_now(either_doors, ago=31)
    assert ready(either_doors)[0] == 503
    beat_now(either_doors, ago=29)
    assert ready(either_doors)[0] == 200


def test_not_ready_before_the_migrations(doors: Doors) -> None:
    beat_now(doors)
    status, checks = ready(doors)
    assert status == 503
    assert "database upgrade" in checks["migrations"]


def test_not_ready_when_a_check_cannot_be_made(doors: Doors) -> None:
    migrated(doors)
    beat_now(doors)
    with doors.database.write() as session:
        session.execute(text("DROP TABLE workers"))
    assert ready(doors)[0] == 503


def figures(doors: Doors) -> dict[tuple[str, ...], float]:
    answer = doors.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def test_calls_are_counted_by_state_with_the_age_of_the_oldest_due(either_doors: Doors) -> None:
    now = either_doors.services.now()
    with either_doors.database.write() as session:
        make_call(session, either_doors.portal_id, due_at=now - timedelta(seconds=90))
        make_call(session, either_doors.portal_id, due_at=now + timedelta(hours=1), state="waiting")
        make_call(session, either_doors.portal_id, due_at=NOW, state="delivered")
        dead = make_call(session, either_doors.portal_id, state="dead")
        session.add(
            CallConflict(
                portal_id=either_doors.portal_id, call_id=dead.id, properties={}, properties_hash="", received_at=NOW
            )
        )
    found = figures(either_doors)
    assert found["payment_robots_calls", "accepted"] == 1
    assert found["payment_robots_calls", "waiting"] == 1
    assert found["payment_robots_calls", "delivered"] == 1
    assert found["payment_robots_calls", "dead"] == 1
    assert found["payment_robots_call_conflicts",] == 1
    assert 90 <= found["payment_robots_queue_age_seconds",] < 600


def test_an_empty_queue_has_no_age(doors: Doors) -> None:
    assert figures(doors)["payment_robots_queue_age_seconds",] == 0


def test_a_call_through_the_door_is_counted(doors: Doors) -> None:
    doors.post(robot_call())
    assert figures(doors)["payment_robots_calls", "accepted"] == 1


def test_buckets_leak_and_pauses_show(either_doors: Doors) -> None:
    portal = str(either_doors.portal_id)
    with either_doors.database.write() as session:
        now = database_now(session)
        session.add(
            Bucket(
                portal_id=either_doors.portal_id,
                level=40_000,
                as_of=now - timedelta(seconds=5),
                paused_until=now + timedelta(minutes=5),
            )
        )
    found = figures(either_doors)
    assert 0 < found["payment_robots_portal_bucket", portal] <= 30
    assert found["payment_robots_portal_paused", portal] == 1


def test_rest_errors_and_charges_are_counted(either_doors: Doors) -> None:
    with either_doors.database.write() as session:
        session.add(
            RestErrorCount(
                portal_id=either_doors.portal_id, method="crm.item.add", code="QUERY_LIMIT_EXCEEDED", count=3
            )
        )
        for number, state in enumerate(["succeeded", "succeeded", "declined"]):
            session.add(
                Charge(
                    portal_id=either_doors.portal_id,
                    key=f"key-{number}",
                    document="D_1",
                    customer="C_1",
                    amount=100,
                    currency="RUB",
                    description="",
                    state=state,
                    created_at=NOW,
                )
            )
    found = figures(either_doors)
    assert found["payment_robots_rest_errors_total", "QUERY_LIMIT_EXCEEDED", "crm.item.add"] == 3
    assert found["payment_robots_charges", "succeeded"] == 2
    assert found["payment_robots_charges", "declined"] == 1


def test_portals_and_workers_are_counted(doors: Doors) -> None:
    beat_now(doors, ago=10)
    found = figures(doors)
    assert found["payment_robots_portals", "active"] == 1
    assert 10 <= found["payment_robots_worker_seen_seconds", "worker-1"] < 600


def test_figures_name_no_portal_and_no_secret(doors: Doors) -> None:
    doors.post(robot_call())
    page = doors.client.get("/metrics").get_data(as_text=True)
    for text_of_a_portal in ("0123456789abcdef", "fedcba", "bitrix24.ru", "DEAL_712"):
        assert text_of_a_portal not in page

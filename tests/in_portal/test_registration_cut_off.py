"""A registration whose process died in it: the worker starts it again, and leaves alone what is under way or done."""

from datetime import timedelta

from sqlalchemy import update

from handlers.installing import resume_registrations
from storage.model import Portal
from tests.service import RunningService


def leave(service: RunningService, *, finished: bool, silent_for: timedelta) -> None:
    """The portal has lost our robots, and its row says how far the registration came."""
    for code in service.registered()["robots"]:
        service.built.portals.open(service.row.id).call("bizproc.robot.delete", {"CODE": code})
    at = (service.built.now() - silent_for).isoformat()
    with service.built.database.write() as session:
        session.execute(update(Portal).values(registration={"at": at, "finished": finished, "lines": []}))


def test_one_that_fell_silent_is_done_again(service: RunningService) -> None:
    leave(service, finished=False, silent_for=timedelta(minutes=6))
    resume_registrations(service.built)
    service.wait_registered()
    assert "split_invoice" in service.registered()["robots"]


def test_one_under_way_and_one_that_ended_are_left_alone(service: RunningService) -> None:
    for finished, silent_for in ((False, timedelta(minutes=4)), (True, timedelta(days=1))):
        leave(service, finished=finished, silent_for=silent_for)
        resume_registrations(service.built)
        assert service.row.registration["finished"] is finished
        assert service.registered()["robots"] == []

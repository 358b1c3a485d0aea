"""The life of an application in a portal, from installation to a second one, with everything kept in PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from storage.model import PortalToken
from tests.installs import wire
from tests.outside import Outside, eventually
from tests.postgres import postgres_database
from tests.service import RunningService, running_service


@pytest.fixture
def service(outside: Outside) -> Iterator[RunningService]:
    outside.delete("/oauth/faults")
    with postgres_database() as url, running_service(outside, url, enterprise=True) as running:
        yield running


def users_with_tokens(service: RunningService) -> list[int]:
    with service.built.database.read() as session:
        return list(session.scalars(select(PortalToken.user_id)))


def test_install_update_remove_and_install_again(service: RunningService) -> None:
    service.install()
    service.wait_registered()
    assert service.outside.wait_idle()
    stands = wire.everything(service)
    assert len(stands["steps"]) == 2 * len(service.built.catalogue)
    first = wire.application_token(service)

    second = service.portal.post("/update", client_id=service.app["client_id"])["application_token"]
    assert eventually(lambda: wire.everything(service) == stands, 30)
    assert eventually(lambda: service.row.registration["finished"], 30)
    assert (wire.robot_call_status(service, first), wire.robot_call_status(service, second)) == (403, 200)

    wrong = {"member_id": service.portal.member_id, "application_token": first}
    assert wire.send_event(service, "ONAPPUNINSTALL", wrong).status == 403
    assert users_with_tokens(service) == [1]
    service.portal.post("/uninstall", client_id=service.app["client_id"])
    assert eventually(lambda: service.row.state == "uninstalled")
    assert users_with_tokens(service) == []
    assert wire.robot_call_status(service, second) == 403

    service.install()
    assert eventually(lambda: service.row.state == "active")
    service.wait_registered()
    assert service.outside.wait_idle()
    assert wire.everything(service) == stands
    assert wire.robot_call_status(service, wire.application_token(service)) == 200

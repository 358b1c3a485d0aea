"""A request that outlives its sender: the portal is still at it when the next process looks what was done."""

from pathlib import Path

import pytest

from tests.chaos.load import Load
from tests.chaos.processes import Service
from tests.chaos.verdict import INVOICE, unsettled
from tests.databases import KINDS, migrated_database
from tests.outside import Outside, eventually
from tests.ports import free_port

SLOW_SECONDS = 8


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_killed_worker_had_asked_for_is_not_made_again_when_it_comes_late(kind: str, tmp_path: Path) -> None:
    public_url = f"http://127.0.0.1:{free_port()}"
    with migrated_database(kind, tmp_path) as database_url, Outside() as outside:
        app = outside.register_app(public_url)
        with Service(outside, database_url, tmp_path, public_url, app) as service:
            service.start("web")
            service.start("worker-1")
            service.wait_ready()
            load = Load(service, outside.create_portal(enterprise=True), 1)
            load.prepare(app, tmp_path)
            load.portal.fault("delay", match="crm.item.add", seconds=SLOW_SECONDS)
            deal, _workflow = load.set_off("split_invoice")
            assert eventually(lambda: _under_way(load) > 0, 30), service.logs()
            service.kill("worker-1")
            service.start("worker-1")
            assert eventually(lambda: _under_way(load) == 0, 30)
            outside.forward(seconds=600)
            assert eventually(lambda: not unsettled(database_url), 60), unsettled(database_url)
            made = [one for one in load.portal.items(INVOICE) if one.get("parentId2") == deal]
            assert len({one["xmlId"] for one in made}) == len(made) == 3


def _under_way(load: Load) -> int:
    """Requests to make items that the portal has not ended."""
    entries = load.portal.history()["entries"]
    return sum(1 for one in entries if one["status"] == 0 and "crm.item.add" in str(one["params"]))

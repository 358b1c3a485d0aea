"""The sandbox as a process: what it prints, what it keeps between runs, that it shares no code with the service."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sandbox.control import DOORS
from tests.outside import Outside, Portal, fetch
from tests.sandbox.receiver import Receiver

ROOMS = Path(__file__).parent.parent.parent
OWN = {"sandbox"}


def test_it_prints_where_it_is(outside: Outside) -> None:
    assert fetch(f"{outside.oauth_url}/clock").body["now"].endswith("Z")
    assert outside.addresses["control_url"] == f"{outside.oauth_url}/control"
    script = fetch(f"{outside.oauth_url}/api/v1/").body["text"]
    assert "installFinish" in script


def test_portals_survive_a_restart_with_their_items_and_tokens(tmp_path: Path, receiver: Receiver) -> None:
    kept = str(tmp_path / "state")
    with Outside("--portals-file", kept) as first:
        portal = first.create_portal(currency="USD")
        app = first.register_app(receiver.url)
        portal.install(app)
        pair = portal.tokens()
        portal.add(2, title="Deal")
        first.forward(days=3)
        then = first.now()
    with Outside("--portals-file", kept) as second:
        same = Portal(second, second.get(f"/portals/{portal.member_id}"))
        assert same.client_endpoint == portal.client_endpoint
        assert same.item(2, 1)["title"] == "Deal"
        assert second.refresh(app, pair["refresh_token"]).status == 200
        assert second.now() >= then


def test_it_imports_nothing_of_the_service() -> None:
    ours = {path.name for path in ROOMS.iterdir() if path.is_dir()} | {path.stem for path in ROOMS.glob("*.py")}
    found = set()
    for path in (ROOMS / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    assert found & ours <= OWN


def test_the_readme_shows_every_control_door() -> None:
    text = (ROOMS / "sandbox" / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"`(GET|POST|DELETE) (/[^` ?]*)", text))
    places = {"<member_id>": "M", "<workflow_id>": "ID", "<int:entity_type_id>": "2", "<int:item_id>": "712"}
    places["<int:number>"] = "17"
    for path, doors in DOORS.items():
        for method in doors:
            example = path
            for name, value in places.items():
                example = example.replace(name, value)
            assert (method, example) in shown, f"{method} {path} has no example in sandbox/README.md"

"""The house keeps its order: imports go down only, and each outside thing is touched in its own room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (\w+) \| ([\w, ]*)\|$")
CLOCKS_AND_CHANCE = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("uuid", "uuid4"),
    ("secrets", "token_hex"),
    ("secrets", "token_urlsafe"),
    ("secrets", "token_bytes"),
    ("random", "random"),
    ("os", "environ"),
    ("os", "getenv"),
    ("os", "urandom"),
}
ENTRY_POINTS = {"settings", "worker", "wsgi", "jobs", "sandbox", "services"}


def allowed_arrows() -> dict[str, set[str]]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text[text.index("| room | may import |") :].split("\n\n")[0]
    rows = [found for line in table.splitlines() if (found := ROW.match(line))]
    return {
        room: {name.strip() for name in allowed.split(",") if name.strip()}
        for room, allowed in map(re.Match.groups, rows)
    }


def sources() -> Iterator[tuple[str, Path, ast.Module]]:
    for room in allowed_arrows():
        files = sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"]
        for file in files:
            if file.exists() and "versions" not in file.parts:
                yield room, file, ast.parse(file.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_every_room_of_the_house_is_in_the_table() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "docs"}
    assert rooms <= set(allowed_arrows())


def test_imports_go_downwards_only() -> None:
    arrows = allowed_arrows()
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for room, file, tree in sources()
        for name in imported(tree)
        if name in arrows and name != room and name not in arrows[room]
        # Only the sandbox's own entry point starts our processes, and it does so as processes.
    ]
    assert wrong == []


def test_flask_and_requests_stay_in_their_rooms() -> None:
    users: dict[str, set[str]] = {"flask": set(), "requests": set()}
    for _, file, tree in sources():
        for name in imported(tree):
            if name in users:
                users[name].add(str(file.relative_to(ROOT)))
    assert {path.split("/")[0] for path in users["flask"]} <= {"handlers", "wsgi.py"}
    rooms = sorted(path.split("/")[0] for path in users["requests"])
    assert rooms == ["bitrix24", "gateways"]


def test_no_clock_chance_or_environment_is_read_outside_the_entry_points() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} reads {node.value.id}.{node.attr}"
        for room, file, tree in sources()
        if room not in ENTRY_POINTS and file.name != "__main__.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCKS_AND_CHANCE
    ]
    assert wrong == []

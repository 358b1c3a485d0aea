"""No float gets near money: the syntax tree of every module that reckons with it is walked."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "calculations",
    "payments",
    "billing",
    "bp_activities",
    "schemas",
    "gateways",
    "customers",
    "notifications",
    "reports",
    "handlers",
)
MODULES = sorted(module for room in ROOMS for module in (ROOT / room).rglob("*.py"))
OF_NO_MONEY = {
    "billing/reconciliation.py": {"age / 2"},  # half of a stretch of time
    "bp_activities/_inbox.py": {"0.75"},  # of the worker's slots
    "gateways/__init__.py": {"float"},  # seconds
    "gateways/_http.py": {"float"},  # seconds
    "gateways/_sberbank_answers.py": {"milliseconds / 1000"},
    "handlers/inbox.py": {"0.002", "20.0", "0.2", "0.8", "2.0"},  # seconds and shares of them
    "handlers/metrics.py": {"bucket.level / REQUEST"},  # requests
    "payments/news.py": {"float"},  # seconds
}
INEXACT_NAMES = {"float", "complex", "round", "fsum"}
INEXACT_MODULES = {"math", "cmath", "statistics", "random", "numpy"}


def inexact(tree: ast.AST) -> list[str]:
    """Places where a float could come from; fractions are written Fraction(a, b), never with a slash."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(node)
        if isinstance(node, ast.Name) and node.id in INEXACT_NAMES:
            found.append(node)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(node)
        if isinstance(node, ast.Import) and INEXACT_MODULES & {name.name for name in node.names}:
            found.append(node)
        if isinstance(node, ast.ImportFrom) and node.module in INEXACT_MODULES:
            found.append(node)
    return [ast.unparse(node) for node in found]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_that_reckons_with_money_has_nothing_inexact(module: Path) -> None:
    allowed = OF_NO_MONEY.get(module.relative_to(ROOT).as_posix(), set())
    assert set(inexact(ast.parse(module.read_text("utf-8")))) <= allowed


@pytest.mark.parametrize(
    "source",
    ["x = 0.1", "x = 1e3", "x = float('1')", "x = 1 / 3", "x /= 3", "round(x)", "import math", "from math import pow"],
)
def test_the_walk_sees_what_it_looks_for(source: str) -> None:
    assert inexact(ast.parse(source))


def test_there_are_modules_to_walk_and_every_exception_is_about_one_of_them() -> None:
    walked = {module.relative_to(ROOT).as_posix() for module in MODULES}
    arithmetic = {f"calculations/{name}.py" for name in ("money", "plan", "annuity", "full_cost", "early", "debt")}
    assert (
        arithmetic
        | {"billing/ledger.py", "payments/debts.py", "bp_activities/deduct_from_debt.py", "gateways/tbank.py"}
        <= walked
    )
    assert set(OF_NO_MONEY) <= walked

"""No float gets near the arithmetic: the syntax tree of every module is walked."""

import ast
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).parents[2] / "calculations").glob("*.py"))
INEXACT_NAMES = {"float", "complex", "round", "fsum"}
INEXACT_MODULES = {"math", "cmath", "statistics", "random", "numpy"}


def inexact(tree: ast.AST) -> list[str]:
    """Places where a float could come from; fractions are written Fraction(a, b), never with a slash."""
    found: list[str] = []
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"line {line}: literal {node.value}")
        if isinstance(node, ast.Name) and node.id in INEXACT_NAMES:
            found.append(f"line {line}: {node.id}")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"line {line}: true division")
        if isinstance(node, ast.Import):
            found += [f"line {line}: {name.name}" for name in node.names if name.name in INEXACT_MODULES]
        if isinstance(node, ast.ImportFrom) and node.module in INEXACT_MODULES:
            found.append(f"line {line}: {node.module}")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_arithmetic_has_nothing_inexact(module: Path) -> None:
    assert inexact(ast.parse(module.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    ["x = 0.1", "x = 1e3", "x = float('1')", "x = 1 / 3", "x /= 3", "round(x)", "import math", "from math import pow"],
)
def test_the_walk_sees_what_it_looks_for(source: str) -> None:
    assert inexact(ast.parse(source))


def test_there_are_modules_to_walk() -> None:
    assert {"money", "plan", "annuity", "full_cost", "early", "debt"} <= {path.stem for path in MODULES}

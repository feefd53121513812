"""Rules of the house that a parser can check."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("geo", "coordination", "api", "data", "maps")
    for path in (ROOT / package).rglob("*.py")
)


def names_used(tree: ast.AST) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("module", [name for name in MODULES if name != "api/settings.py"])
def test_environment_is_read_in_settings_only(module: str) -> None:
    used = names_used(ast.parse((ROOT / module).read_text(encoding="utf-8")))
    assert not used & {"os.environ", "os.getenv", "os.environb"}


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith(("geo/", "coordination/"))])
def test_the_domain_has_no_clock(module: str) -> None:
    used = names_used(ast.parse((ROOT / module).read_text(encoding="utf-8")))
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "pd.Timestamp.now"}
    assert not used & clocks


@pytest.mark.parametrize("module", MODULES)
def test_no_broad_except(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    broad = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert broad == []


def test_no_initialiser_below_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []

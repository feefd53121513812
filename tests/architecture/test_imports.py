"""The direction of imports: the contracts hold, and each is seen to fail when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("geo", "coordination", "api", "data", "maps")


def run_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", "vendor", "static"),
        )
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    result = run_contracts(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("geo/__init__.py", "import coordination.wording", "direction of imports"),
        ("coordination/wording.py", "import data.store", "direction of imports"),
        ("data/store.py", "import maps", "direction of imports"),
        ("maps/__init__.py", "import data.store", "direction of imports"),
        ("data/store.py", "import api.settings", "direction of imports"),
        ("coordination/wording.py", "import sqlite3", "pure"),
        ("geo/__init__.py", "import pyogrio", "pure"),
        ("coordination/policy.py", "import fastapi", "pure"),
        ("geo/__init__.py", "import os", "pure"),
        ("coordination/policy.py", "import tempfile", "pure"),
        ("data/store.py", "import fastapi", "web framework stays in api"),
        ("maps/__init__.py", "import uvicorn", "web framework stays in api"),
        ("coordination/scheduling.py", "import ortools", "One room knows the solver"),
        ("coordination/schedule_check.py", "import coordination.schedule_solver", "judge of"),
    ],
)
def test_each_contract_fails_when_broken(copy: Path, where: str, line: str, contract: str) -> None:
    path = copy / where
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    result = run_contracts(copy)
    assert result.returncode == 1
    broken = [row for row in result.stdout.splitlines() if "BROKEN" in row]
    assert any(contract in row for row in broken), result.stdout

"""One demo for all tests of the service and the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from api.demo import Demo, run_demo
from coordination import Policy


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Return one finished demo; tests that write take a copy of its store."""
    folder = tmp_path_factory.mktemp("town") / "demo"
    return run_demo(folder, projects=300, seed=0, lang="zh", policy=Policy())


@pytest.fixture
def demo_store(demo: Demo, tmp_path: Path) -> Path:
    """Return a copy of the demo's store that a test may change."""
    return Path(shutil.copy(demo.store, tmp_path / "copy.gpkg"))

"""The small town of `small_town.py`, for tests of maps."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from api.planning import Planned


def load_beside(name: str) -> ModuleType:
    """Return a helper module of this folder, loaded once."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def load_small_town() -> ModuleType:
    """Return the builder of small towns."""
    return load_beside("small_town")


@pytest.fixture(scope="session")
def small_town() -> ModuleType:
    return load_small_town()


@pytest.fixture(scope="session")
def planned(small_town: ModuleType) -> Planned:
    """Return the plan of a small town (`small_plan.py`)."""
    return load_beside("small_plan").small_plan(small_town)

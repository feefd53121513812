"""The small town of `small_town.py`, for tests of maps."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_small_town() -> ModuleType:
    """Return the module (folders below tests are no packages)."""
    if "small_town" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "small_town", Path(__file__).with_name("small_town.py")
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["small_town"] = module
        spec.loader.exec_module(module)
    return sys.modules["small_town"]


@pytest.fixture(scope="session")
def small_town() -> ModuleType:
    return load_small_town()

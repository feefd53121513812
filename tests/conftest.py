"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data, or skip (fail where it is required)."""
    folder = Path(os.environ.get("DIGONCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        message = f"no real data at {folder} (set DIGONCE_TEST_DATA)"
        if os.environ.get("DIGONCE_REQUIRE_TEST_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder

"""The way from one version of the tables to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from pyproj import CRS

from coordination.faults import StoreError
from data import geopackage_store, migrations
from data.geopackage_store import GeopackageStore, create_store, open_store
from data.migrations import STEPS, Step, upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "town.gpkg"
    create_store(path, crs=CRS(4549)).close()
    return path


def with_step(monkeypatch: pytest.MonkeyPatch, apply: Callable[[sqlite3.Connection], None]) -> None:
    """Make a software of version 2, whose step is ``apply``."""
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, Step(2, "second", apply)))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(geopackage_store, "SCHEMA_VERSION", 2)


def test_steps_are_numbered_in_order_up_to_the_version() -> None:
    assert [step.version for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert len(STEPS) == geopackage_store.SCHEMA_VERSION


def test_a_store_of_this_version_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert upgrade(path) == (1, 1)
    assert path.read_bytes() == before


def test_an_older_store_is_refused_until_it_is_upgraded(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_a_column(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE towns ADD COLUMN area_km2 REAL")
        connection.execute("INSERT INTO towns (code, name) VALUES ('310114', '嘉定区')")

    with_step(monkeypatch, add_a_column)
    with pytest.raises(StoreError) as older:
        open_store(path)
    assert older.value.key == "store.older"
    assert "digonce store upgrade" in older.value.text("en")
    assert upgrade(path) == (1, 2)
    assert upgrade(path) == (2, 2)
    with GeopackageStore(path) as store:
        assert store.info().schema_version == 2
        store.verify()


def test_a_step_that_fails_leaves_the_older_version(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE towns ADD COLUMN area_km2 REAL")
        raise RuntimeError

    with monkeypatch.context() as patch:
        with_step(patch, fail)
        with pytest.raises(RuntimeError):
            upgrade(path)
    with GeopackageStore(path) as store, store._snapshot() as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(towns)")]
        assert columns == ["fid", "code", "name", "name_en", "district"]
    with GeopackageStore(path) as store:
        store.verify()


def test_what_is_no_store_is_not_upgraded(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as missing:
        upgrade(tmp_path / "missing.gpkg")
    assert missing.value.key == "store.missing"

"""The way from one version of the tables to the next."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from pyproj import CRS

from coordination.faults import StoreError
from data import geopackage_store, migrations
from data.geopackage_geometry import register_functions
from data.geopackage_schema import TABLES
from data.geopackage_store import GeopackageStore, create_store, open_store
from data.migrations import STEPS, Step, upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "town.gpkg"
    create_store(path, crs=CRS(4549)).close()
    return path


def with_step(monkeypatch: pytest.MonkeyPatch, apply: Callable[[sqlite3.Connection], None]) -> None:
    """Make a software of version 5, whose step is ``apply``."""
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, Step(5, "fifth", apply)))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 5)
    monkeypatch.setattr(geopackage_store, "SCHEMA_VERSION", 5)


def test_steps_are_numbered_in_order_up_to_the_version() -> None:
    assert [step.version for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert len(STEPS) == geopackage_store.SCHEMA_VERSION


def test_a_store_of_this_version_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert upgrade(path) == (4, 4)
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
    assert upgrade(path) == (4, 5)
    assert upgrade(path) == (5, 5)
    with GeopackageStore(path) as store:
        assert store.info().schema_version == 5
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


SQL_TYPES = {
    "text": "TEXT", "code": "TEXT", "number": "REAL", "integer": "INTEGER", "date": "DATE",
    "flag": "BOOLEAN", "json": "TEXT", "blob": "BLOB",
}  # fmt: skip


def tables_of(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return name and type of every column of our tables, as the file has them."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table.name: sorted(
                (name, kind)
                for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table.name})")
                if name not in {"fid", "geom"}
            )
            for table in TABLES
        }


def triggers_of(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        )


def test_the_steps_make_the_tables_that_this_version_reads_and_writes(path: Path) -> None:
    assert tables_of(path) == {
        table.name: sorted((column.name, SQL_TYPES[column.kind]) for column in table.columns)
        for table in TABLES
    }


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A store as the release before made it, with its tables and triggers: two projects, three
    sites of which one has no place, two roads, a finished work, a town, findings, a decision."""
    packed = Path(__file__).parent / "stores" / "version_1.gpkg.gz"
    path = tmp_path / "released.gpkg"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return path


def content_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table that the release before had."""
    with closing(sqlite3.connect(path)) as connection:
        made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        return {
            table.name: connection.execute(f"SELECT * FROM {table.name} ORDER BY fid").fetchall()
            for table in TABLES
            if table.name in made
        }


def test_a_store_of_the_release_before_keeps_everything(released: Path, path: Path) -> None:
    before = content_of(released)
    with pytest.raises(StoreError, match="digonce store upgrade"):
        open_store(released)
    assert upgrade(released) == (1, 4)
    after = content_of(released)
    assert {name: len(rows) for name, rows in before.items() if rows} == {
        "projects": 2, "sites": 3, "filings": 3, "road_sections": 4, "junctions": 1, "ledger": 1,
        "boundaries": 1, "findings": 3, "hotspots": 1, "finding_spans": 2, "rules_run": 14,
        "decisions": 1, "stage_events": 2, "change_log": 20,
    }  # fmt: skip
    wider = {
        name: [tuple(row[len(rows[0]) :]) for row in after[name]]
        for name, rows in before.items()
        if rows and len(after[name][0]) > len(rows[0])
    }
    assert wider == {
        "projects": [(None,) * 2] * 2, "sites": [(None,) * 3] * 3, "ledger": [(None,)],
        "findings": [(None,)] * 3, "rules_run": [(None,) * 2] * 14, "decisions": [(None,) * 3],
        "stage_events": [(None,) * 2] * 2,
    }  # fmt: skip
    assert {name: [row[: len(rows[0])] for row in after[name]] if rows else after[name]
            for name, rows in before.items()} == before  # fmt: skip
    new = set(after) - set(before)
    assert new == {
        "road_aliases", "answers", "replies", "policies", "scenarios", "scenario_schedules",
        "scenario_bundles", "proposals",
    }  # fmt: skip
    assert not any(after[name] for name in new)
    assert tables_of(released) == tables_of(path)
    assert triggers_of(released) == triggers_of(path)
    with GeopackageStore(released) as store:
        store.verify()
        city, info = store.read_city(), store.info()
        assert (info.data_revision, info.as_of) == (7, date(2025, 1, 15))
        assert city.sites["site_id"].tolist() == ["1", "2", "1"]
        assert city.sites.geometry.area.fillna(0).tolist() == [800.0, 0.0, 650.0]
        assert city.sites["inferred"].isna().all()
        assert city.aliases is None
        assert store.answers() == {}
        assert store.decisions()["note"].tolist() == ["会上商定"]


def test_a_store_of_the_second_version_keeps_names_and_answers(tmp_path: Path) -> None:
    packed = Path(__file__).parent / "stores" / "version_2.gpkg.gz"
    path = tmp_path / "second.gpkg"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    assert upgrade(path) == (2, 4)
    with GeopackageStore(path) as store:
        store.verify()
        aliases = store.read_city().aliases
        assert aliases is not None
        assert aliases["alias"].tolist() == ["老沪宜公路"]
        assert list(store.answers().values()) == ["keep"]


def test_an_upgraded_store_logs_and_refuses_what_other_programs_write_to_the_new_columns(
    released: Path,
) -> None:
    upgrade(released)
    with closing(sqlite3.connect(released)) as connection:
        register_functions(connection)  # as GDAL and QGIS bring them
        connection.execute("UPDATE sites SET confirmed = 'geometry' WHERE fid = 1")
        connection.commit()
        with pytest.raises(sqlite3.IntegrityError, match="place_confidence"):
            connection.execute("UPDATE sites SET place_confidence = 'sure' WHERE fid = 1")
        with pytest.raises(sqlite3.IntegrityError, match="written by digonce only"):
            connection.execute("INSERT INTO answers (key, answer) VALUES ('extent:a', 'b')")
    with GeopackageStore(released) as store:
        last = store.changes()[-1]
        assert (last.table, last.actor, last.after["confirmed"]) == (
            "sites",
            "external",
            "geometry",
        )
        assert store.info().data_revision == 8
        store.verify()


def test_what_is_no_store_is_not_upgraded(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as missing:
        upgrade(tmp_path / "missing.gpkg")
    assert missing.value.key == "store.missing"


def test_a_store_of_the_third_version_keeps_its_names_and_its_day(tmp_path: Path) -> None:
    packed = Path(__file__).parent / "stores" / "version_3.gpkg.gz"
    path = tmp_path / "third.gpkg"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    assert upgrade(path) == (3, 4)
    with GeopackageStore(path) as store:
        store.verify()
        assert store.info().as_of == date(2025, 1, 15)
        assert store.scenarios() == ()
        assert store.proposals().empty

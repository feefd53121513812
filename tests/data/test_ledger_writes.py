"""Completed projects in the ledger of a store: written, followed, corrected, taken out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from coordination.faults import UsageError
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.geopackage_store import GeopackageStore, create_store

METRIC = CRS(4549)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GeopackageStore]:
    with create_store(tmp_path / "town.gpkg", crs=METRIC) as opened:
        yield opened


def put(
    store: GeopackageStore, stage: str = "completed", *, finish: str | None = "2025-06-30",
    code: str = "R1", **columns: object,
) -> None:  # fmt: skip
    """Write one road rebuild with two sites, of which the second lies on the footway."""
    plain = {"sector": "road", "work_type": "rebuild", "method": "open_cut", "owner_unit": "市政"}
    rows = pd.DataFrame({"code": [code] * 2, "site_id": ["1", "2"], **(plain | columns)})
    rows["stage"], rows["project_code"] = stage, rows["code"]
    rows["position"], rows["road"] = ["full", "footway"], "甲路"
    rows["start"], rows["finish"] = pd.Timestamp("2025-03-01"), pd.Timestamp("2025-05-31")
    rows["actual_finish"] = pd.to_datetime(pd.Series([finish] * 2))
    projects = as_fields(rows.drop_duplicates("code").reset_index(drop=True), PROJECT_FIELDS)
    sites = gpd.GeoDataFrame(
        as_fields(rows, SITE_FIELDS).assign(project_code=rows["code"]),
        geometry=[
            shapely.MultiPolygon([shapely.box(x, 3_470_000, x + 90, 3_470_009)])
            for x in (520_000, 520_200)
        ],
        crs=METRIC,
    )
    filings = pd.DataFrame(
        {name: pd.Series(dtype="object") for name in (
            "project_code", "site_id", "source_file", "source_row", "geometry_type", "crs", "wkb",
            "row_json",
        )}
    )  # fmt: skip
    with store.transaction("planner") as change:
        change.put_projects(projects, sites, filings)


def ledger(store: GeopackageStore) -> list[tuple[str, str, str | None]]:
    rows = store.read_city().ledger
    if rows is None:
        return []
    surface = rows["surface"].astype("object").where(rows["surface"].notna(), None)
    return sorted(zip(rows["ledger_id"], rows["day"].dt.strftime("%Y-%m-%d"), surface, strict=True))


WRITTEN = [
    ("R1/1/opening", "2025-06-30", None),
    ("R1/1/resurfacing", "2025-06-30", None),
    ("R1/2/opening", "2025-06-30", "footway"),
    ("R1/2/resurfacing", "2025-06-30", "footway"),
]


def test_completing_writes_and_undoing_takes_out(store: GeopackageStore) -> None:
    put(store, "in_progress")
    assert store.read_city().ledger is None
    put(store)
    assert ledger(store) == WRITTEN
    rows = store.read_city().ledger
    assert rows is not None
    assert set(rows["source"]) == {"R1"}
    assert rows.geometry.area.tolist() == pytest.approx([810.0] * 4)
    # One revision holds the project and its rows.
    last = store.info().data_revision
    assert {change.table for change in store.changes(last - 1)} >= {"projects", "ledger"}
    put(store, "in_progress")
    assert ledger(store) == []
    assert [change.action for change in store.ledger_history("R1/1/opening")] == [
        "insert", "delete",
    ]  # fmt: skip


def test_the_same_again_changes_nothing(store: GeopackageStore) -> None:
    put(store)
    revision = store.info().log_revision
    put(store)
    assert store.info().log_revision == revision


def test_a_stage_moved_by_itself_writes_too(store: GeopackageStore) -> None:
    put(store, "in_progress")
    move = {"code": "R1", "stage_from": "in_progress", "stage_to": "completed"}
    with store.transaction("coordinator") as change:
        change.move_stages(
            pd.DataFrame([move | {"plan_year": None, "reason": "竣工", "gates": None}])
        )
    assert ledger(store) == WRITTEN


def test_a_later_day_moves_the_rows(store: GeopackageStore) -> None:
    put(store)
    put(store, finish="2025-07-04")
    assert {day for _, day, _ in ledger(store)} == {"2025-07-04"}
    (_, moved) = store.ledger_history("R1/1/opening")
    assert moved.before is not None
    assert moved.after is not None
    assert (moved.before["day"], moved.after["day"]) == ("2025-06-30", "2025-07-04")


def test_without_an_actual_day_the_filed_one_counts(store: GeopackageStore) -> None:
    put(store, finish=None)
    assert {day for _, day, _ in ledger(store)} == {"2025-05-31"}


def test_what_opened_and_what_made_a_surface(store: GeopackageStore) -> None:
    put(store, sector="pipeline", work_type="new")
    put(store, code="S1", method="surface", work_type="medium_repair")
    put(store, code="T1", method="trenchless", sector="drainage")
    put(store, code="U1", method=None, work_type="upkeep")
    put(store, code="F1", method="none")
    assert [row[0] for row in ledger(store)] == [
        "R1/1/opening", "R1/2/opening",
        "S1/1/resurfacing", "S1/2/resurfacing",
        "T1/1/opening", "T1/2/opening",
        "U1/1/opening", "U1/2/opening",
    ]  # fmt: skip


def test_a_correction_keeps_history_and_stays(store: GeopackageStore) -> None:
    put(store)
    with store.transaction("王工") as change:
        outcome = change.correct_ledger(
            "R1/1/resurfacing", {"day": "2025-08-15", "surface": "concrete"}, reason="验收单为准"
        )
    assert outcome.changed == ("R1/1/resurfacing",)
    first, second = store.ledger_history("R1/1/resurfacing")
    assert first.action == "insert"
    assert second.before is not None
    assert second.after is not None
    assert (second.before["day"], second.after["day"]) == ("2025-06-30", "2025-08-15")
    assert second.actor == "王工"
    assert str(second.after["note"]).endswith("王工: 验收单为准")
    # Writing the project again leaves what people corrected; its other rows follow it.
    put(store, finish="2025-07-04")
    days = {row[0]: row[1:] for row in ledger(store)}
    assert days["R1/1/resurfacing"] == ("2025-08-15", "concrete")
    assert days["R1/1/opening"] == ("2025-07-04", None)
    # Taken out with its project, and written anew as the project says.
    put(store, "withdrawn")
    assert ledger(store) == []
    put(store)
    assert ledger(store) == WRITTEN


def test_the_same_correction_again_changes_nothing(store: GeopackageStore) -> None:
    put(store)
    revision = store.info().log_revision
    with store.transaction("王工") as change:
        outcome = change.correct_ledger("R1/1/opening", {"day": "2025-06-30"}, reason="核对")
    assert outcome.unchanged == ("R1/1/opening",)
    assert store.info().log_revision == revision


@pytest.mark.parametrize(
    ("ledger_id", "changes", "reason", "key"),
    [
        ("nobody", {"day": "2025-06-01"}, "x", "ledger.error.entry"),
        ("R1/1/opening", {"day": "2025-06-01"}, " ", "ledger.error.reason"),
        ("R1/1/opening", {"day": "1 June"}, "x", "ledger.error.day"),
        ("R1/1/opening", {"day": ""}, "x", "ledger.error.needed"),
        ("R1/1/opening", {"kind": "hole"}, "x", "ledger.error.code"),
        ("R1/1/opening", {"source": "B"}, "x", "ledger.error.field"),
        ("R1/1/opening", {"start": "2025-09-01"}, "x", "ledger.error.order"),
    ],
)
def test_what_cannot_be_corrected_leaves_all_as_it_was(
    store: GeopackageStore, ledger_id: str, changes: dict[str, str], reason: str, key: str
) -> None:
    put(store)
    revision = store.info().log_revision
    with pytest.raises(UsageError) as error, store.transaction("王工") as change:
        change.correct_ledger(ledger_id, changes, reason=reason)
    assert error.value.key == key
    assert error.value.text("zh") != error.value.text("en")
    assert store.info().log_revision == revision


def test_other_rows_are_left_alone(store: GeopackageStore) -> None:
    put(store)
    other = gpd.GeoDataFrame(
        {"ledger_id": ["R1/old", "R10/1/opening"], "kind": "opening", "source": ["R1", "old.xlsx"],
         "day": pd.Timestamp(date(2020, 1, 1))},
        geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=METRIC,
    )  # fmt: skip
    with store.transaction("planner") as change:
        change.put_ledger(other)
    put(store, "in_progress")
    assert [row[0] for row in ledger(store)] == ["R1/old", "R10/1/opening"]


def test_a_register_imported_again_leaves_corrections(store: GeopackageStore) -> None:
    register = gpd.GeoDataFrame(
        {"ledger_id": ["1", "2"], "kind": "opening", "source": "old.xlsx", "road": "甲路",
         "day": pd.Timestamp(date(2020, 1, 1))},
        geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=METRIC,
    )  # fmt: skip
    with store.transaction("planner") as change:
        change.put_ledger(register)
    with store.transaction("王工") as change:
        change.correct_ledger("1", {"road": "乙路"}, reason="路名有误")
    with store.transaction("planner") as change:
        outcome = change.put_ledger(register)
    assert (outcome.new, outcome.changed, sorted(outcome.unchanged)) == ((), (), ["1", "2"])
    rows = store.read_city().ledger
    assert rows is not None
    assert sorted(rows["road"]) == ["乙路", "甲路"]

"""The files for others: promised columns, promised bytes, nothing alive in them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.audience import ANYBODY
from coordination.findings import FINDING_COLUMNS, HOTSPOT_COLUMNS
from data.findings_files import write_findings
from data.write_layers import geojson_geometries, inert, write_geojson, write_whole

BEHIND = ["data_revision", "policy_version", "software_version", "as_of", "run_at"]


@pytest.fixture
def folder(meeting: Any, tmp_path: Path) -> Path:
    write_findings(tmp_path, meeting.findings, meeting.city, meeting.provenance)
    return tmp_path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_findings_csv_has_the_promised_columns_and_its_origin(folder: Path) -> None:
    raw = (folder / "findings.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbffinding_id,case_id,rule,")
    header = raw.decode("utf-8-sig").splitlines()[0].split(",")
    assert header == [*FINDING_COLUMNS, "other_zh", "other_en", *BEHIND]
    first = rows_of(folder / "findings.csv")[0]
    assert first["shared_length_m"] == "180.0"
    assert (first["overlap_days"], first["gap_days"]) == ("47", "")
    assert (first["start"], first["finish"]) == ("2025-04-15", "2025-05-31")
    assert first["likelihood"] == "1.0"
    assert first["road"] == "仓场路"
    assert [first[name] for name in BEHIND] == [
        "7", "default-1", "0.1.0", "2025-03-15", "2025-03-15T09:00:00+08:00",
    ]  # fmt: skip


def test_what_is_no_project_is_named_beside_its_id(meeting: Any, tmp_path: Path) -> None:
    metro = gpd.GeoDataFrame(
        {"asset_id": ["=m11"], "kind": ["metro"], "name": ["11号线"], "owner_unit": ["地铁"]},
        geometry=[shapely.Point(0, 0)], crs=4549,
    )  # fmt: skip
    table = meeting.findings.table.copy()
    table.loc[0, ["project_b", "kind_b"]] = ["=m11", "asset"]
    findings, city = replace(meeting.findings, table=table), replace(meeting.city, assets=metro)
    write_findings(tmp_path, findings, city, meeting.provenance)
    first, second = rows_of(tmp_path / "findings.csv")[:2]
    assert (first["project_b"], first["other_zh"], first["other_en"]) == (
        "'=m11", "地铁“11号线”", "metro “11号线”",
    )  # fmt: skip
    assert (second["other_zh"], second["other_en"]) == ("", "")
    document = json.loads((tmp_path / "findings.geojson").read_text(encoding="utf-8"))
    told = [feature["properties"] for feature in document["features"][:2]]
    assert [(one["kind_b"], one["other_zh"]) for one in told] == [
        ("asset", "地铁“11号线”"), (None, None),
    ]  # fmt: skip


def test_excel_and_pandas_read_it_plainly(folder: Path) -> None:
    table = pd.read_csv(folder / "findings.csv")
    assert len(table) == 7
    assert table["saving_mid_wan"].sum() == pytest.approx(24.92)


def test_formulas_are_not_live(folder: Path) -> None:
    for name in ("findings.csv", "hotspots.csv"):
        for row in rows_of(folder / name):
            live = [cell for cell in row.values() if cell.startswith(("=", "+", "@", "\t"))]
            assert live == []
    row = rows_of(folder / "findings.csv")[3]
    assert row["project_a"] == '\'=HYPERLINK("http://example.invalid","click")'
    assert row["legal_basis"] == "'=1+1"


def test_numbers_are_no_free_text(meeting: Any, tmp_path: Path) -> None:
    table = meeting.findings.table.copy()
    table["from_m"] = -3.5
    write_findings(
        tmp_path, replace(meeting.findings, table=table), meeting.city, meeting.provenance
    )
    assert rows_of(tmp_path / "findings.csv")[0]["from_m"] == "-3.5"


def test_hotspots_csv(folder: Path) -> None:
    rows = rows_of(folder / "hotspots.csv")
    assert list(rows[0]) == [*HOTSPOT_COLUMNS, *BEHIND]
    assert (rows[0]["openings_24m"], rows[0]["shortest_gap_days"]) == ("3", "14")
    assert rows[0]["project_codes"] == "W1 G1 R1"


def test_geojson_is_rfc_7946(folder: Path) -> None:
    document = json.loads((folder / "findings.geojson").read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    assert "crs" not in document
    assert document["provenance"]["run_at"] == "2025-03-15T09:00:00+08:00"
    assert document["rules_run"][5] == {
        "rule": "no_dig_period", "ran": False, "missing": ["ledger"], "found": 0,
    }  # fmt: skip
    features = document["features"]
    first = features[0]
    assert first["id"] == first["properties"]["finding_id"]
    assert list(first["properties"])[:28] == list(FINDING_COLUMNS)
    assert first["properties"]["overlap_days"] == 47
    assert first["properties"]["gap_days"] is None
    assert first["properties"]["severity_steps"] == "base:high side:-1 road:+1"
    assert first["properties"]["spans"] == [
        {"road": "仓场路", "section_id": "s1", "from_m": 80.0, "to_m": 260.0, "side": "right"}
    ]
    assert features[4]["geometry"] is None
    assert features[5]["properties"]["spans"] == []
    ring = shapely.LinearRing(first["geometry"]["coordinates"][0][0])
    assert ring.is_ccw
    lon, lat = ring.coords[0]
    assert 121.2 < lon < 121.3
    assert 31.3 < lat < 31.5
    assert all(round(value, 7) == value for value in np.ravel(ring.coords))


def test_gdal_reads_the_geojson_where_it_was(folder: Path, meeting: Any) -> None:
    layer = gpd.read_file(folder / "findings.geojson")
    assert pyogrio.read_info(folder / "findings.geojson")["crs"] == "EPSG:4326"
    assert len(layer) == 7
    there = layer.to_crs(4549).geometry.iloc[0]
    here = meeting.findings.table.geometry.iloc[0]
    assert there.hausdorff_distance(here) < 0.02


def test_equal_input_gives_equal_bytes_apart_from_the_time(meeting: Any, tmp_path: Path) -> None:
    later = replace(meeting.provenance, run_at="2031-01-01T00:00:00+08:00")
    write_findings(tmp_path / "a", meeting.findings, meeting.city, meeting.provenance)
    write_findings(tmp_path / "b", meeting.findings, meeting.city, later)
    for name in ("findings.csv", "findings.geojson", "hotspots.csv", "provenance.json"):
        one = (tmp_path / "a" / name).read_bytes()
        other = (tmp_path / "b" / name).read_bytes()
        assert one != other
        assert one.replace(b"2025-03-15T09:00:00+08:00", b"") == other.replace(
            b"2031-01-01T00:00:00+08:00", b""
        )


def test_no_findings_are_files_too(meeting: Any, tmp_path: Path) -> None:
    empty = replace(
        meeting.findings,
        table=meeting.findings.table.iloc[:0],
        spans=meeting.findings.spans.iloc[:0],
        hotspots=meeting.findings.hotspots.iloc[:0],
    )
    write_findings(tmp_path, empty, meeting.city, meeting.provenance)
    assert rows_of(tmp_path / "findings.csv") == []
    assert json.loads((tmp_path / "findings.geojson").read_text("utf-8"))["features"] == []
    assert json.loads((tmp_path / "provenance.json").read_text("utf-8"))["data_revision"] == 7


def test_files_for_others_hide_what_is_confidential(meeting: Any, tmp_path: Path) -> None:
    write_findings(tmp_path, meeting.findings, meeting.city, meeting.provenance, audience=ANYBODY)
    row = rows_of(tmp_path / "findings.csv")[3]
    assert (row["project_b"], row["start"], row["shared_length_m"]) == (
        "confidential-1", "2025-04-01", "",
    )  # fmt: skip
    document = json.loads((tmp_path / "findings.geojson").read_text("utf-8"))
    assert document["features"][3]["geometry"] is None


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    target = tmp_path / "findings.csv"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "\ud800")
    write_whole(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["findings.csv"]
    assert target.read_text("utf-8") == "new"


def test_a_layer_without_crs_is_refused(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)])
    with pytest.raises(ValueError, match="no CRS"):
        write_geojson(tmp_path / "x.geojson", layer)


CELLS = st.one_of(
    st.none(), st.text(), st.integers(-(10**9), 10**9), st.floats(), st.booleans(),
    st.lists(st.text(), max_size=3), st.dates(),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=6))
def test_any_cell_gives_one_valid_document(cells: list[Any]) -> None:
    layer = gpd.GeoDataFrame(
        {"cell": pd.Series(cells, dtype="object")}, geometry=[None] * len(cells), crs=4326
    )
    with TemporaryDirectory() as scratch:
        target = write_geojson(Path(scratch) / "cells.geojson", layer)
        document = json.loads(target.read_text("utf-8"), parse_constant=_refuse)
    got = [feature["properties"]["cell"] for feature in document["features"]]
    assert [value for value in got if isinstance(value, str)] == [
        cell if isinstance(cell, str) else cell.isoformat()
        for cell in cells
        if isinstance(cell, str) or hasattr(cell, "isoformat")
    ]


def _refuse(name: str) -> None:
    raise AssertionError(name)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_text_stays_a_formula_and_all_other_text_stays(words: list[str]) -> None:
    out = inert(pd.Series(words, dtype="object")).tolist()
    for before, after in zip(words, out, strict=True):
        assert not after.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert after in (before, "'" + before)


@settings(max_examples=60, deadline=None)
@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(1e-3, 2), st.booleans())
def test_outer_rings_turn_left_and_holes_right(
    lon: float, lat: float, size: float, clockwise: bool
) -> None:
    outer = shapely.box(lon, lat, lon + size, lat + size, ccw=not clockwise)
    hole = shapely.box(lon + size / 4, lat + size / 4, lon + size / 2, lat + size / 2)
    series = gpd.GeoSeries([shapely.Polygon(outer.exterior, [hole.exterior])], crs=4326)
    rings = json.loads(geojson_geometries(series)[0])["coordinates"]
    assert shapely.LinearRing(rings[0]).is_ccw
    assert not shapely.LinearRing(rings[1]).is_ccw

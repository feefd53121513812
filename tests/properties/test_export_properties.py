"""What goes out and comes in again is what it was, however evil the texts in it are."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from coordination import Policy
from coordination.projects import FIELDS, PRECISIONS, PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.export_tables import in_words
from data.read_projects import read_projects
from data.write_arrow import write_geopackage, write_geoparquet, write_shapefile
from data.write_kml import write_kml
from data.write_layers import write_csv, write_geojson
from data.write_xlsx import write_xlsx

CRS_USED = CRS(4549)
EAST, NORTH = 620_000.0, 3_475_000.0
ORIGIN: Mapping[str, object] = {
    "data_revision": 7, "policy_version": "default-1", "software_version": "0.1.0",
    "as_of": "2026-03-01", "run_at": "2026-03-01T09:00:00+00:00",
}  # fmt: skip

PIECES = st.sampled_from(
    [",", ";", "|", "，", '"', "'", "''", "\n", "\t", "=1+1", "+8", "-3", "@a", "😀", "𠮷", "𪚥", "仓场路",
     "管", "0", "007", "1e5", " ", "\u3000", "<b>", "&amp;", "]]>", "_x000D_", "_x005F_", "%s", "{0}",
     "\\", "NULL", "é", "\u00a0", "(#N/A)", "2025-03-01"]
)  # fmt: skip
ONE_LINE = {"name", "name_en", "owner_unit", "department", "town", "funding"}
CODES = st.from_regex(r"\A(?:[=+@'-]?[0-9A-Z]{1,8}|0[0-9]{1,5}|[1-9]\.0|京[0-9]{3}|😀𠮷)\Z")


@st.composite
def texts(draw: st.DrawFn, *, one_line: bool) -> str | None:
    """Return a text as the store holds it: trimmed, and in one line where sentences quote it."""
    text = "".join(draw(st.lists(PIECES, max_size=6)))
    if one_line:
        text = re.sub(r"\s+", " ", text)
    return text.strip() or None


def windows(draw: st.DrawFn) -> tuple[date | None, date | None]:
    days = st.none() | st.dates(date(1991, 1, 1), date(2099, 12, 31))
    first, last = draw(days), draw(days)
    if first is not None and last is not None and last < first:
        return last, first
    return first, last


@st.composite
def lists_of_projects(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """Return a flat list, one row per site, as an export makes it."""
    rows: list[dict[str, Any]] = []
    codes = draw(st.lists(CODES, min_size=1, max_size=4, unique=True))
    for code in codes:
        project: dict[str, Any] = {"code": code}
        for item in PROJECT_FIELDS[1:]:
            project[item.name] = _value(draw, item)
        if project["depends_on"]:  # codes are kept in one width
            named = unicodedata.normalize("NFKC", project["depends_on"])
            project["depends_on"] = named.strip() or None
        for number in range(1, draw(st.integers(1, 3)) + 1):
            row = project | {"site_id": str(number)}
            for item in SITE_FIELDS[1:]:
                row[item.name] = _value(draw, item)
            for first, last in (("start", "finish"), ("earliest_start", "latest_finish"),
                                ("actual_start", "actual_finish")):  # fmt: skip
                row[first], row[last] = windows(draw)
            for bound in ("start", "finish"):
                known = st.sampled_from(PRECISIONS[:-1])
                row[f"{bound}_precision"] = draw(known) if row[bound] else "unknown"
            if row["finish"] is None:
                row["duration_days"] = None  # else the finish would be filled in from it
            x, y = draw(st.integers(0, 5000)) / 8, draw(st.integers(0, 5000)) / 8
            width = draw(st.integers(1, 400)) / 4
            hole = shapely.box(x + width / 4, y + 1, x + width / 2, y + 2)
            ground = shapely.box(x, y, x + width, y + 3).difference(hole)
            placed = shapely.MultiPolygon(
                [shapely.transform(ground, lambda at: at + np.array([EAST, NORTH]))]
            )
            row["geometry"] = draw(st.sampled_from([placed, placed, placed, None]))
            rows.append(row)
        rows[-1]["geometry"] = placed
    table = pd.DataFrame(rows)
    for name in [item.name for item in FIELDS if item.kind == "date"]:
        table[name] = pd.to_datetime(table[name]).astype("datetime64[us]")
    flat = pd.concat([as_fields(table, PROJECT_FIELDS), as_fields(table, SITE_FIELDS)], axis=1)
    return gpd.GeoDataFrame(flat, geometry=list(table["geometry"]), crs=CRS_USED)


def _value(draw: st.DrawFn, item: Any) -> Any:
    if item.kind == "text":
        return draw(st.none() | texts(one_line=item.name in ONE_LINE))
    if item.kind == "code":
        return draw(st.sampled_from([None, *item.codes]))
    if item.kind == "flag":
        return draw(st.sampled_from([None, True, False]))
    if item.kind == "integer":
        return draw(st.none() | st.integers(1, 30_000))
    if item.kind == "number":
        return draw(st.none() | st.integers(1, 1900).map(lambda tenths: tenths / 10 + 1.0))
    return None


def _shapefile(path: Path, rows: gpd.GeoDataFrame) -> None:
    write_shapefile(path, rows, name="projects", origin=ORIGIN)


def _csv(path: Path, rows: gpd.GeoDataFrame) -> None:
    plain = pd.DataFrame(rows.drop(columns="geometry"))
    words = tuple(name for name in plain if pd.api.types.is_string_dtype(plain[name]))
    shapes = rows.geometry.to_numpy()
    wkt = ["SRID=4549;" + shape.wkt if shape is not None else None for shape in shapes]
    write_csv(path, plain.assign(wkt=wkt), free_text=words)


def _xlsx(lang: str) -> Callable[[Path, gpd.GeoDataFrame], None]:
    def write(path: Path, rows: gpd.GeoDataFrame) -> None:
        shapes = rows.geometry.to_numpy()
        wkt = ["SRID=4549;" + shape.wkt if shape is not None else None for shape in shapes]
        shown = in_words(rows, lang).assign(wkt=wkt)
        write_xlsx(path, shown, name="projects", origin=ORIGIN, lang=lang)

    return write


WRITERS: dict[str, tuple[str, Callable[[Path, gpd.GeoDataFrame], object]]] = {
    "gpkg": ("x.gpkg", lambda p, r: write_geopackage(p, r, name="projects", origin=ORIGIN)),
    "geoparquet": ("x.parquet", lambda p, r: write_geoparquet(p, r, origin=ORIGIN)),
    "shapefile": ("x.zip", _shapefile),
    "geojson": ("x.geojson", write_geojson),
    "kml": ("x.kml", lambda p, r: write_kml(p, r, name="projects", origin=ORIGIN, title="name")),
    "csv": ("x.csv", _csv),
    "xlsx_zh": ("x.xlsx", _xlsx("zh")),
    "xlsx_en": ("x.xlsx", _xlsx("en")),
}
IN_DEGREES = {"geojson", "kml"}


@pytest.mark.parametrize("kind", list(WRITERS))
# A list of 49 columns shrinks for minutes; as it is it shows well enough what went wrong.
@settings(max_examples=4, phases=(Phase.explicit, Phase.generate))
@given(rows=lists_of_projects())
def test_a_list_comes_back_as_it_went_out(kind: str, rows: gpd.GeoDataFrame) -> None:
    name, write = WRITERS[kind]
    if kind == "shapefile":  # what its .dbf holds of a text; the rest stands beside it
        for item in FIELDS:
            if item.kind == "text":
                rows[item.name] = [
                    None if isinstance(text, str) and len(text.encode()) > 254 else text
                    for text in rows[item.name]
                ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, rows)
        again = path.read_bytes()
        write(path, rows)
        assert path.read_bytes() == again
        read = read_projects(path, policy=Policy(), working_crs=CRS_USED)
    assert [fault.text("en") for fault in read.faults if fault.level == "refused"] == []
    same_projects(rows, read.projects, read.sites, within_m=0.02 if kind in IN_DEGREES else 1e-6)


def same_projects(
    rows: gpd.GeoDataFrame, projects: pd.DataFrame, sites: gpd.GeoDataFrame, *, within_m: float
) -> None:
    """Compare a flat list with the tables made of it, cell by cell."""
    wanted = rows.drop_duplicates("code").set_index("code")
    found = projects.set_index("code")
    assert sorted(found.index) == sorted(wanted.index)
    _same_cells(wanted.sort_index(), found.sort_index(), PROJECT_FIELDS[1:])
    keys = ["code", "site_id"]
    wanted = rows.set_index(keys).sort_index()
    told = sites.rename(columns={"project_code": "code"}).set_index(keys).sort_index()
    assert list(told.index) == list(wanted.index)
    _same_cells(wanted, told, SITE_FIELDS[1:])
    for old, new in zip(wanted.geometry, told.geometry, strict=True):
        assert (old is None) == (new is None)
        if old is not None:
            assert shapely.hausdorff_distance(old, new) <= within_m
            assert new.area == pytest.approx(old.area, abs=within_m * old.length + 1e-6)


def _same_cells(wanted: pd.DataFrame, found: pd.DataFrame, fields: Any) -> None:
    for item in fields:
        if item.kind == "number":
            old, new = (table[item.name].astype("float64") for table in (wanted, found))
            pd.testing.assert_series_equal(old, new, check_index=False, rtol=1e-12)
            continue
        old, new = (
            [None if pd.isna(value) else value for value in table[item.name].astype(object)]
            for table in (wanted, found)
        )
        assert new == old, item.name

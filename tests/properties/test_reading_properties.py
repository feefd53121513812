"""Properties of reading: dates in any writing, tables in any format, repeated imports."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.faults import InputRefusedError
from coordination.policy import Policy
from data.date_text import parse_dates
from data.read_layers import read_layer
from data.read_projects import read_projects

DAYS = st.dates(date(1990, 1, 2), date(2100, 12, 30))
WRITINGS = (
    "{d:%Y-%m-%d}", "{d.year}/{d.month}/{d.day}", "{d.year}.{d.month}.{d.day}",
    "{d.year}年{d.month}月{d.day}日", "{d:%Y%m%d}", "{d:%Y-%m-%d}T23:59:59", "{d.day} {d:%b} {d.year}",
    "民國{roc}年{d.month}月{d.day}日", "{roc:03d}{d:%m%d}",
)  # fmt: skip
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"),
    min_size=1, max_size=12,
).map(str.strip).filter(bool)  # fmt: skip


@given(DAYS, st.sampled_from(WRITINGS), st.sampled_from(["start", "finish"]))
@settings(max_examples=200, deadline=None)
def test_a_day_is_the_same_however_written(day: date, writing: str, bound: str) -> None:
    text = writing.format(d=day, roc=day.year - 1911)
    found = parse_dates(pd.Series([text]), bound=bound)  # type: ignore[arg-type]
    assert found.days[0].date() == day
    assert found.precision[0] == "day"


@given(st.lists(DAYS, min_size=1, max_size=30), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
@settings(max_examples=100, deadline=None)
def test_a_column_is_read_right_or_not_at_all(days: list[date], style: str) -> None:
    found = parse_dates(pd.Series([day.strftime(style) for day in days]), bound="start")
    if found.ambiguous:
        assert all(day.day <= 12 for day in days)
    else:
        assert [day.date() for day in found.days] == days


@given(st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_day_or_missing_or_bad(text: str) -> None:
    found = parse_dates(pd.Series([text], dtype=object), bound="finish")
    assert not (found.bad[0] and found.days.notna()[0])
    assert (found.precision[0] == "unknown") == found.days.isna()[0]


@given(
    DAYS.map(lambda day: day.replace(day=1)), st.sampled_from(["{d.year}年{d.month}月", "{d.year}"])
)
@settings(max_examples=60, deadline=None)
def test_start_never_comes_after_finish_of_one_text(day: date, writing: str) -> None:
    column = pd.Series([writing.format(d=day)])
    first = parse_dates(column, bound="start").days[0]
    last = parse_dates(column, bound="finish").days[0]
    assert first < last


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"PK\x03\x04", b"{", b"SQLite format 3\0", b"\0\0\x27\x0a"]),
)
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_reader(content: bytes, head: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(head + content)
        try:
            outcome = str(read_layer(path).format)
        except InputRefusedError as error:
            outcome = error.faults[-1].level
    assert outcome in {"csv", "refused"}


@given(
    st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6),
    st.sampled_from(["csv", "xlsx", "geojson", "gpkg"]),
)
@settings(max_examples=40, deadline=None)
def test_text_comes_back_from_every_format(rows: list[tuple[str, str]], kind: str) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        if kind == "csv":
            table.to_csv(path, index=False)
        elif kind == "xlsx":
            table.map(lambda text: "'" + text if text.startswith("=") else text).to_excel(
                path, index=False, engine="openpyxl"
            )
            table = table.map(lambda text: "'" + text if text.startswith("=") else text)
        else:
            drawn = gpd.GeoDataFrame(
                table, geometry=[shapely.Point(121, 31)] * len(table), crs=4326
            )
            target = path.with_suffix("." + kind)
            drawn.to_file(target, engine="pyogrio")
            path = target
        read = read_layer(path).table
    assert read[["a", "b"]].to_numpy().tolist() == table.to_numpy().tolist()


CODES = st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=6)


@given(CODES, st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_order_of_rows_changes_no_project(codes: list[str], random: object) -> None:
    rows = [
        f"{code},unit {code},open_cut,2025-01-0{i + 1},2025-02-01,{i}"
        for i, code in enumerate(codes)
    ]
    header = "code,owner_unit,method,start,finish,site_id"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        found = []
        for order in (rows, random.sample(rows, len(rows))):  # type: ignore[attr-defined]
            path.write_text("\n".join([header, *order]), "utf-8")
            found.append(read_projects(path, policy=Policy()))
    one, two = (read.projects.sort_values("code", ignore_index=True) for read in found)
    pd.testing.assert_frame_equal(one, two)
    one, two = (
        pd.DataFrame(read.sites.drop(columns="geometry")).sort_values("site_id", ignore_index=True)
        for read in found
    )
    pd.testing.assert_frame_equal(one, two)

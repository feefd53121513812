"""``digonce pairs`` as a use case: rows in, pairs out, and a word on every row left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from api.pairs import PAIR_COLUMNS, run_pairs
from coordination.faults import Fault, InputRefusedError, UsageError
from data.read_layers import Layer, read_layer

EAST, NORTH = 618_000.0, 3_474_000.0


def layer_of(
    shapes: list[Any], crs: int = 4549, faults: list[Fault] | None = None, **columns: list[Any]
) -> Layer:
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    return Layer(table, CRS(crs), "geojson", 1, "works.geojson", faults or [])


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


STREET = [box(0, 0, 100, 10), box(80, 0, 100, 10), box(183, 0, 50, 10), box(500, 0, 10, 10)]


def pairs(table: pd.DataFrame) -> list[tuple[Any, Any]]:
    return list(zip(table["left"].tolist(), table["right"].tolist(), strict=True))


def test_measures_of_a_pair() -> None:
    layer = layer_of(
        STREET,
        start=["2025-03-01", "2025-03-10", "2025-05-01", "2025-03-01"],
        finish=["2025-03-14", "2025-03-20", "2025-05-02", "2025-03-02"],
    )
    table = run_pairs(layer, start_column="start", finish_column="finish").table
    assert tuple(table.columns) == PAIR_COLUMNS
    assert table.to_dict("records") == [
        {
            "left": 0, "right": 1, "distance_m": 0.0, "shared_area_m2": 200.0,
            "shared_length_m": 20.0, "overlap_days": 5, "gap_days": 0,
        }
    ]  # fmt: skip


def test_reach_in_space_and_time() -> None:
    layer = layer_of(STREET, start=["2025-03-01", "2025-03-11", "2025-03-21", "2025-03-01"])
    reach = {"start_column": "start"}
    assert pairs(run_pairs(layer, **reach).table) == []
    assert pairs(run_pairs(layer, **reach, gap_days=9).table) == []
    assert pairs(run_pairs(layer, **reach, gap_days=10).table) == [(0, 1)]
    near = run_pairs(layer, **reach, within_m=3, gap_days=10).table
    assert pairs(near) == [(0, 1), (1, 2)]
    assert near["distance_m"].tolist() == [0.0, 3.0]
    assert near["gap_days"].tolist() == [10, 10]
    assert near["overlap_days"].tolist() == [0, 0]


def test_without_dates_time_is_left_out() -> None:
    table = run_pairs(layer_of(STREET)).table
    assert pairs(table) == [(0, 1)]
    assert table["overlap_days"].isna().all()
    assert table["gap_days"].isna().all()


def test_the_finish_day_is_included() -> None:
    layer = layer_of(STREET[:2], a=["2025-03-01", "2025-03-14"], b=["2025-03-14", "2025-03-20"])
    table = run_pairs(layer, start_column="a", finish_column="b").table
    assert table["overlap_days"].tolist() == [1]


def test_the_least_shared_length() -> None:
    touching = [*STREET, box(233, 0, 5, 10)]
    assert pairs(run_pairs(layer_of(touching)).table) == [(0, 1), (2, 4)]
    assert pairs(run_pairs(layer_of(touching), min_shared_m=20).table) == [(0, 1)]
    assert pairs(run_pairs(layer_of(touching), min_shared_m=20.1).table) == []


def test_ids_stand_in_place_of_row_numbers() -> None:
    table = run_pairs(layer_of(STREET, code=["A", "B", "C", "D"]), id_column="code").table
    assert pairs(table) == [("A", "B")]


def test_rows_left_out_are_counted_and_named() -> None:
    shapes = [STREET[0], None, shapely.Polygon(), STREET[0], STREET[0], STREET[0], STREET[0]]
    layer = layer_of(
        shapes,
        start=["2025-03-01", "2025-03-01", "2025-03-01", "", "soon", "2025-03-09", "2025-03-02"],
        finish=["2025-03-05"] * 7,
    )
    result = run_pairs(layer, start_column="start", finish_column="finish")
    assert pairs(result.table) == [(0, 6)]
    assert [(fault.row, fault.code, fault.column) for fault in result.left_out] == [
        (2, "pairs.no_geometry", None),
        (3, "pairs.no_geometry", None),
        (4, "pairs.date_missing", "start"),
        (5, "pairs.date_unreadable", "start"),
        (6, "finish_before_start", "finish"),
    ]
    assert (result.rows, result.rows_left_out, result.rows_compared) == (7, 5, 2)
    assert "soon" in result.left_out[3].text("en")
    with pytest.raises(InputRefusedError) as refused:
        run_pairs(layer, start_column="start", finish_column="finish", strict=True)
    assert refused.value.faults == result.left_out


def test_what_the_reader_could_not_read_is_said_once() -> None:
    own = Fault("geometry_unreadable", row=2)
    note = Fault("reader_says", level="note", params={"words": "well"})
    result = run_pairs(layer_of([STREET[0], None], faults=[note, own]))
    assert result.left_out == [own]
    assert result.notes == [note]


def test_invalid_areas_are_repaired_and_named() -> None:
    bow_tie = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((0, 0), (9, 9), (9, 0), (0, 9))])
    flat = shapely.Polygon([(EAST + x, NORTH) for x in (0, 5, 9)])
    result = run_pairs(layer_of([STREET[0], bow_tie, flat]))
    assert pairs(result.table) == [(0, 1)]
    assert result.table["shared_area_m2"].tolist() == [40.5]
    assert [(fault.row, fault.level) for fault in result.repaired] == [(2, "repaired")]
    assert [(fault.row, fault.code) for fault in result.left_out] == [(3, "pairs.no_area_left")]


def test_a_month_lasts_to_its_end() -> None:
    layer = layer_of(
        STREET[:2], start=["2025年3月", "2025年3月"], finish=["2025年3月", "2025年4月"]
    )
    table = run_pairs(layer, start_column="start", finish_column="finish").table
    assert table["overlap_days"].tolist() == [31]


def test_days_and_months_that_cannot_be_told_apart_are_asked_for() -> None:
    layer = layer_of(STREET[:2], start=["01/02/2025", "03/02/2025"])
    with pytest.raises(InputRefusedError) as refused:
        run_pairs(layer, start_column="start")
    assert [fault.code for fault in refused.value.faults] == ["pairs.date_style"]
    assert "--date-style" in refused.value.faults[0].text("zh")
    dmy = run_pairs(layer, start_column="start", gap_days=2, date_style="dmy")
    assert (pairs(dmy.table), dmy.date_style) == ([(0, 1)], "dmy")
    assert pairs(run_pairs(layer, start_column="start", gap_days=2, date_style="mdy").table) == []


def test_one_column_decides_for_the_other() -> None:
    layer = layer_of(
        STREET[:2], start=["01/02/2025", "03/02/2025"], finish=["03/02/2025", "28/02/2025"]
    )
    result = run_pairs(layer, start_column="start", finish_column="finish")
    assert result.date_style == "dmy"
    assert result.table["overlap_days"].tolist() == [1]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"finish_column": "finish"}, "pairs.error.finish_without_start"),
        ({"start_column": "begin"}, "pairs.error.no_such_column"),
        ({"id_column": "code"}, "pairs.error.no_such_column"),
        ({"within_m": -1.0}, "pairs.error.negative"),
        ({"gap_days": -1}, "pairs.error.negative"),
        ({"min_shared_m": float("nan")}, "pairs.error.negative"),
        ({"start_column": "finish", "date_style": "xyz"}, "pairs.error.date_style"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], key: str) -> None:
    layer = layer_of(STREET, finish=["2025-03-01"] * 4)
    with pytest.raises(UsageError) as refused:
        run_pairs(layer, **options)
    assert refused.value.key == key
    assert refused.value.text("zh") != refused.value.text("en")


def test_a_table_without_geometry_is_refused() -> None:
    bare = Layer(pd.DataFrame({"a": [1]}), None, "csv", 2, "works.csv", [])
    with pytest.raises(InputRefusedError) as refused:
        run_pairs(bare)
    assert [fault.code for fault in refused.value.faults] == ["pairs.no_geometry_column"]


def test_nothing_to_compare() -> None:
    for layer in (layer_of([]), layer_of([None, None]), layer_of([STREET[0], None])):
        result = run_pairs(layer)
        assert pairs(result.table) == []
        assert tuple(result.table.columns) == PAIR_COLUMNS


def test_neighbours_touch_as_published_although_reprojection_parts_them() -> None:
    # A kilometre of edge in degrees, and a neighbour whose corners lie in the middle of it.
    long = shapely.Polygon([(121.20, 31.39), (121.21, 31.39), (121.21, 31.40), (121.20, 31.40)])
    below = shapely.Polygon([(121.2049, 31.38), (121.2051, 31.38), (121.2051, 31.39), (121.2049, 31.39)])  # fmt: skip
    layer = layer_of([long, below], crs=4326)
    metric = layer.table.to_crs(4549).geometry
    assert metric[0].distance(metric[1]) > 1e-3 or metric[0].intersection(metric[1]).area > 0
    for within_m in (0.0, 1e-6):
        table = run_pairs(layer, within_m=within_m).table
        assert pairs(table) == [(0, 1)]
        assert table["distance_m"].tolist() == [0.0]


boxes = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30))
days = st.tuples(st.integers(1, 28), st.integers(0, 10))


@given(
    st.lists(st.tuples(boxes, days), min_size=2, max_size=8),
    st.sampled_from([0.0, 3.25]),  # no two corners of the half-metre board are 3.25 m apart
    st.sampled_from([0, 1, 3]),
)
@settings(max_examples=40, deadline=None)
def test_degrees_and_metres_give_the_same_answer(
    rows: list[tuple[tuple[int, int, int, int], tuple[int, int]]], within_m: float, gap_days: int
) -> None:
    shapes = [box(x, y, width - 0.5, height - 0.5) for (x, y, width, height), _ in rows]
    start = [f"2025-03-{day:02}" for _, (day, _) in rows]
    finish = [
        str(np.datetime64(first) + extra)
        for first, (_, (_, extra)) in zip(start, rows, strict=True)
    ]
    metric = layer_of(shapes, start=start, finish=finish)
    degrees = Layer(metric.table.to_crs(4326), CRS(4326), "geojson", 1, "works.geojson", [])
    options: dict[str, Any] = {
        "start_column": "start", "finish_column": "finish",
        "within_m": within_m, "gap_days": gap_days,
    }  # fmt: skip
    here, there = run_pairs(metric, **options).table, run_pairs(degrees, **options).table
    assert pairs(here) == pairs(there)
    for column in ("distance_m", "shared_area_m2", "shared_length_m"):
        assert there[column].tolist() == pytest.approx(here[column].tolist(), abs=2e-3)
    assert there[["overlap_days", "gap_days"]].equals(here[["overlap_days", "gap_days"]])


@pytest.mark.real_data
def test_paris_has_the_published_pairs(real_data: Path) -> None:
    layer = read_layer(real_data / "paris_chantiers" / "chantiers_2024-03.geojson")
    in_space = run_pairs(layer, id_column="project_id")
    in_time = run_pairs(layer, id_column="project_id", start_column="start", finish_column="end")
    assert (len(in_space.table), len(in_time.table)) == (396, 364)
    # Every row is a project of its own in this edition, so no pair lies inside one.
    assert (in_time.table["left"] != in_time.table["right"]).all()
    assert [(fault.row, fault.code) for fault in in_time.left_out] == [
        (446, "pairs.no_geometry"),
        (814, "pairs.no_geometry"),
        (1550, "pairs.no_geometry"),
    ]
    assert in_time.rows_compared == 1722
    assert in_time.crs == CRS(2154)

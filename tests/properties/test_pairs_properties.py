"""The engine against comparing everything with everything, on awkward random input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import affinity
from shapely.geometry.base import BaseGeometry

import geo.nearby_pairs as nearby_module
from geo.nearby_pairs import nearby_pairs, spacetime_pairs

TO_LONLAT = Transformer.from_crs(4549, 4326, always_xy=True)
TO_METRES = Transformer.from_crs(4326, 4549, always_xy=True)

Row = tuple[BaseGeometry | None, int, int]

# Whole numbers on a small board, so that touching, nesting and equality are common.
coordinate = st.integers(0, 12)
corner = st.tuples(coordinate, coordinate)
points = corner.map(shapely.Point)
lines = st.lists(corner, min_size=2, max_size=4).map(shapely.LineString)
boxes = st.tuples(corner, st.integers(1, 6), st.integers(1, 6)).map(
    lambda box: shapely.box(*box[0], box[0][0] + box[1], box[0][1] + box[2])
)
triangles = (
    st.lists(corner, min_size=3, max_size=3, unique=True)
    .map(shapely.Polygon)
    .filter(lambda shape: shape.area > 0)
)
simple = st.one_of(points, lines, boxes, triangles)
empties = st.sampled_from(
    [None, shapely.Point(), shapely.Polygon(), shapely.GeometryCollection(), shapely.MultiPoint()]
)
districts = st.just(shapely.box(-500, -500, 500, 500))
geometries: st.SearchStrategy[Any] = st.one_of(
    simple,
    simple,
    empties,
    districts,
    st.lists(simple, max_size=3).map(shapely.GeometryCollection),
    st.lists(corner, min_size=1, max_size=3).map(shapely.MultiPoint),
)
# Days of work: usually few, sometimes none, sometimes years.
durations = st.one_of(st.integers(1, 8), st.integers(1, 8), st.sampled_from([0, -3, 400, 10**7]))
rows = st.lists(
    st.tuples(geometries, st.integers(0, 20), durations).map(
        lambda row: (row[0], row[1], row[1] + row[2])
    ),
    max_size=14,
)
distances = st.sampled_from([0.0, 0.0, 1.0, 2.5, 5.0])
gaps = st.sampled_from([0, 0, 1, 2, 7])


def as_array(shapes: list[BaseGeometry | None]) -> np.ndarray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def columns(table: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    days = np.array([row[1:] for row in table], dtype=np.int64).reshape(-1, 2)
    return as_array([row[0] for row in table]), days[:, 0], days[:, 1]


def brute_force(table: list[Row], within_m: float, gap_days: int) -> list[tuple[int, int]]:
    found = []
    for right, (shape_b, start_b, finish_b) in enumerate(table):
        for left, (shape_a, start_a, finish_a) in enumerate(table[:right]):
            if shape_a is None or shape_b is None or shape_a.is_empty or shape_b.is_empty:
                continue
            if finish_a <= start_a or finish_b <= start_b:
                continue
            # Inclusive days, as people say it.
            last_a, last_b = finish_a - 1, finish_b - 1
            gap = max(start_a, start_b) - min(last_a, last_b)
            if max(gap, 0) <= gap_days and shape_a.distance(shape_b) <= within_m:
                found.append((left, right))
    return sorted(found)


def as_list(pairs: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    return list(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))


@given(rows, distances, gaps)
@settings(max_examples=250, deadline=None)
def test_equals_brute_force(table: list[Row], within_m: float, gap_days: int) -> None:
    found = spacetime_pairs(*columns(table), within_m=within_m, gap_days=gap_days)
    assert as_list(found) == brute_force(table, within_m, gap_days)


@pytest.mark.parametrize(("max_cells", "max_candidates"), [(1, 3), (4, 1), (10**4, 7)])
@given(rows, distances, gaps)
@settings(max_examples=50, deadline=None)
def test_the_way_it_is_cut_up_does_not_matter(
    max_cells: int, max_candidates: int, table: list[Row], within_m: float, gap_days: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearby_module, "_MAX_CELLS", max_cells)
        patch.setattr(nearby_module, "_MAX_CANDIDATES", max_candidates)
        found = spacetime_pairs(*columns(table), within_m=within_m, gap_days=gap_days)
    assert as_list(found) == brute_force(table, within_m, gap_days)


tables = st.lists(
    st.tuples(simple, st.integers(0, 20), st.integers(1, 8)).map(
        lambda row: (row[0], row[1], row[1] + row[2])
    ),
    min_size=2,
    max_size=10,
)


@given(tables, st.randoms(use_true_random=False), distances, gaps)
@settings(max_examples=80, deadline=None)
def test_the_order_of_rows_only_renames_pairs(
    table: list[Row], random: Any, within_m: float, gap_days: int
) -> None:
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = spacetime_pairs(
        *columns([table[row] for row in order]), within_m=within_m, gap_days=gap_days
    )
    renamed = sorted(tuple(sorted((order[a], order[b]))) for a, b in as_list(shuffled))
    found = spacetime_pairs(*columns(table), within_m=within_m, gap_days=gap_days)
    assert renamed == as_list(found)


@given(
    tables,
    st.integers(-(2**20), 2**20),
    st.integers(-(2**20), 2**20),
    st.integers(-(10**12), 10**12),
    distances,
    gaps,
)
@settings(max_examples=80, deadline=None)
def test_shifting_everything_in_space_and_time_changes_nothing(
    table: list[Row], east_m: int, north_m: int, days: int, within_m: float, gap_days: int
) -> None:
    shapes, start, finish = columns(table)
    moved = np.array([affinity.translate(shape, east_m, north_m) for shape in shapes])
    before = spacetime_pairs(shapes, start, finish, within_m=within_m, gap_days=gap_days)
    after = spacetime_pairs(
        moved, start + days, finish + days, within_m=within_m, gap_days=gap_days
    )
    assert as_list(before) == as_list(after)


@given(tables, distances, gaps)
@settings(max_examples=80, deadline=None)
def test_more_reach_only_adds_pairs(table: list[Row], within_m: float, gap_days: int) -> None:
    arrays = columns(table)
    near = set(as_list(spacetime_pairs(*arrays, within_m=within_m, gap_days=gap_days)))
    assert near <= set(as_list(spacetime_pairs(*arrays, within_m=within_m + 1, gap_days=gap_days)))
    assert near <= set(as_list(spacetime_pairs(*arrays, within_m=within_m, gap_days=gap_days + 1)))


@given(tables, distances)
@settings(max_examples=80, deadline=None)
def test_reprojection_keeps_all_pairs_that_are_not_on_the_edge(
    table: list[Row], within_m: float
) -> None:
    # A metre of the board is a metre near Jiading; the zone's scale error there is 0.17 m/km.
    shapes, start, finish = columns(table)
    placed = shapely.transform(shapes, lambda xy: np.add(xy, [619_000.0, 3_474_000.0]))
    there = shapely.transform(placed, TO_LONLAT.transform, interleaved=False)
    back = shapely.transform(there, TO_METRES.transform, interleaved=False)
    tolerance_m = 1e-5
    found = set(as_list(spacetime_pairs(back, start, finish, within_m=within_m + tolerance_m)))
    surely = set(as_list(spacetime_pairs(shapes, start, finish, within_m=within_m)))
    perhaps = set(
        as_list(spacetime_pairs(shapes, start, finish, within_m=within_m + 2 * tolerance_m))
    )
    assert surely <= found <= perhaps


@given(st.lists(geometries, max_size=8), st.lists(geometries, max_size=8), distances)
@settings(max_examples=80, deadline=None)
def test_two_layers_equal_brute_force(
    left: list[BaseGeometry | None], right: list[BaseGeometry | None], within_m: float
) -> None:
    expected = [
        (a, b)
        for a, shape_a in enumerate(left)
        for b, shape_b in enumerate(right)
        if shape_a is not None and shape_b is not None and shape_a.distance(shape_b) <= within_m
    ]
    assert as_list(nearby_pairs(as_array(left), as_array(right), within_m=within_m)) == expected


@given(st.lists(geometries, max_size=10), distances)
@settings(max_examples=60, deadline=None)
def test_one_layer_is_the_layer_with_itself(
    shapes: list[BaseGeometry | None], within_m: float
) -> None:
    both = as_list(nearby_pairs(as_array(shapes), as_array(shapes), within_m=within_m))
    once = as_list(nearby_pairs(as_array(shapes), within_m=within_m))
    assert once == [(a, b) for a, b in both if a < b]

"""Repair of what is drawn badly, and the account of it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.validity import polygons_only, repair

SQUARE = shapely.box(0, 0, 10, 10)
BOW_TIE = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])


def test_valid_geometry_stays_the_same_object() -> None:
    shapes = [SQUARE, shapely.Point(1, 1), None, shapely.LineString([(0, 0), (1, 1)])]
    fixed, repairs = repair(shapes)
    assert all(one is other for one, other in zip(fixed, shapes, strict=True))
    assert repairs.row.tolist() == []


def test_the_account_of_a_repair() -> None:
    fixed, repairs = repair([SQUARE, BOW_TIE])
    assert fixed[1].is_valid
    assert repairs.row.tolist() == [1]
    assert repairs.reason.tolist() == ["Self-intersection[2 2]"]
    assert repairs.area_before.tolist() == [0.0]  # both halves cancel out as drawn
    assert repairs.area_after.tolist() == [8.0]
    assert repairs.lost.tolist() == [False]


def test_a_street_drawn_over_itself_loses_no_ground() -> None:
    # Two overlapping parts, the usual fault of real lists; line work would cut out what lies twice.
    twice = shapely.MultiPolygon([shapely.box(0, 0, 60, 8), shapely.box(40, 1, 100, 9)])
    fixed, repairs = repair([twice])
    assert fixed[0].area == 820
    assert repairs.area_before.tolist() == [960.0]
    assert shapely.make_valid(twice, method="linework").area == 680


def test_areas_stay_areas() -> None:
    spike = shapely.Polygon([(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)])
    fixed, _ = repair([spike])
    assert fixed[0].geom_type == "Polygon"
    assert fixed[0].area == 100


def test_an_area_that_collapses_becomes_missing() -> None:
    fixed, repairs = repair([shapely.Polygon([(0, 0), (5, 5), (10, 10), (0, 0)])])
    assert fixed[0] is None
    assert repairs.lost.tolist() == [True]
    assert repairs.area_after.tolist() == [0.0]


@pytest.mark.parametrize(
    ("gap_m", "close_gap_m", "parts"), [(0.03, 0.05, 1), (0.08, 0.05, 2), (0.03, 0.0, 2)]
)
def test_narrow_gaps_between_pieces_are_closed(
    gap_m: float, close_gap_m: float, parts: int
) -> None:
    # Invalid because its first part crosses itself in a corner far away.
    pieces = shapely.MultiPolygon(
        [
            shapely.Polygon([(0, 0), (10, 0), (10, 10), (5, 10), (5, 12), (6, 10), (0, 10)]),
            shapely.box(10 + gap_m, 0, 20, 10),
        ]
    )
    assert not pieces.is_valid
    fixed, _ = repair([pieces], close_gap_m=close_gap_m)
    assert len(shapely.get_parts(fixed[0])) == parts
    assert fixed[0].area == pytest.approx(200.5, abs=1)


def test_a_line_of_no_length_keeps_its_place() -> None:
    fixed, _ = repair([shapely.LineString([(3, 3), (3, 3)])])
    assert fixed[0] == shapely.Point(3, 3)


def test_polygons_only() -> None:
    nested = shapely.GeometryCollection(
        [shapely.MultiPolygon([SQUARE, shapely.box(20, 0, 30, 10)]), shapely.Point(0, 0)]
    )
    shapes = polygons_only(
        [nested, None, shapely.Point(1, 1), SQUARE, shapely.GeometryCollection()]
    )
    assert shapely.area(shapes)[[0, 3]].tolist() == [200.0, 100.0]
    assert shapes[1] is None
    assert shapely.is_empty(shapes).tolist() == [False, False, True, False, True]


corner = st.tuples(st.integers(0, 8), st.integers(0, 8))


@given(st.lists(st.lists(corner, min_size=3, max_size=7).map(shapely.Polygon), max_size=6))
@settings(max_examples=150)
def test_whatever_is_drawn_comes_out_valid_or_missing(drawn: list[shapely.Polygon]) -> None:
    fixed, repairs = repair(np.array(drawn, dtype=object))
    given_back = shapely.is_geometry(fixed)
    assert shapely.is_valid(fixed[given_back]).all()
    assert set(shapely.get_type_id(fixed[given_back])) <= {3, 6}
    hull = shapely.convex_hull(np.array(drawn, dtype=object))
    assert (repairs.area_after <= shapely.area(hull)[repairs.row] + 1e-6).all()
    again, untouched = repair(fixed)
    assert untouched.row.tolist() == []
    assert all(one is other for one, other in zip(again, fixed, strict=True))

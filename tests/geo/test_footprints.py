from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    Point,
    Polygon,
    box,
)

from geo.footprints import widen


def test_every_kind_becomes_a_multipolygon_of_the_stated_width() -> None:
    ring_road = LineString([(0, 0), (100, 0), (100, 100)])
    shapes = np.array(
        [
            Point(5, 5),
            LineString([(0, 0), (10, 0)]),
            ring_road,
            box(0, 0, 7, 3),
            MultiPoint([(0, 0), (100, 0)]),
            MultiLineString([[(0, 0), (10, 0)], [(50, 0), (50, 10)]]),
            GeometryCollection([Point(0, 0), box(100, 0, 110, 10)]),
            LineString([(0, 0, 7), (10, 0, 9)]),
        ],
        dtype=object,
    )
    dug = widen(shapes, 4.0)
    assert set(shapely.get_type_id(dug)) == {6}
    assert shapely.is_valid(dug).all()
    assert not shapely.has_z(dug).any()
    areas = shapely.area(dug).round(3).tolist()
    assert areas[:2] == [16.0, 40.0]
    # The outer corner of the bend is round.
    assert areas[2] == pytest.approx(800 - 4 + np.pi, abs=0.1)
    assert areas[3:] == [21.0, 32.0, 80.0, 116.0, 40.0]


def test_flat_ends_add_no_length_and_squares_lie_along_the_axes() -> None:
    line, point = widen(np.array([LineString([(0, 0), (10, 0)]), Point(5, 5)]), [2.0, 4.0])
    assert line.bounds == (0, -1, 10, 1)
    assert point.equals(box(3, 3, 7, 7))


def test_crossing_strips_count_their_common_ground_once() -> None:
    cross = MultiLineString([[(-10, 0), (10, 0)], [(0, -10), (0, 10)]])
    assert widen(np.array([cross]), 2.0)[0].area == pytest.approx(40 + 40 - 4)


def test_polygons_stay_as_they_are_whatever_the_width() -> None:
    shape = Polygon([(0, 0), (10, 0), (10, 10)], [[(5, 1), (9, 1), (9, 4)]])
    assert widen(np.array([shape]), np.nan)[0].equals_exact(shapely.MultiPolygon([shape]))


def test_what_has_no_place_gives_none() -> None:
    shapes = np.array(
        [None, Point(), LineString([(1, 1), (1, 1)]), GeometryCollection(), box(0, 0, 1, 1)],
        dtype=object,
    )
    assert [shape is None for shape in widen(shapes, 2.0)] == [True, True, True, True, False]
    assert widen(np.zeros(0, dtype=object), 2.0).tolist() == []


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan])
def test_a_line_without_width_is_refused_by_its_row(width: float) -> None:
    shapes = np.array([box(0, 0, 1, 1), LineString([(0, 0), (1, 1)])], dtype=object)
    with pytest.raises(ValueError, match="row 1"):
        widen(shapes, [2.0, width])

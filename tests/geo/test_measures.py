"""What two geometries share, by kinds of geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from geo.measures import shared

STREET = shapely.box(0, 0, 100, 10)
LINE = shapely.LineString([(0, 0), (100, 0)])
SLANTED = affinity.rotate(STREET, 30, origin=(0, 0))


@pytest.mark.parametrize(
    ("a", "b", "distance_m", "area_m2", "length_m"),
    [
        # Areas: the longer side of the smallest rotated rectangle, part by part.
        (STREET, shapely.box(60, -5, 200, 5), 0, 200, 40),
        (STREET, shapely.box(20, -5, 24, 20), 0, 40, 10),
        (STREET, STREET, 0, 1000, 100),
        (SLANTED, SLANTED, 0, 1000, 100),
        (STREET, shapely.MultiPolygon([shapely.box(0, 0, 20, 5), shapely.box(50, 0, 80, 5)]), 0, 250, 50),
        (STREET, shapely.box(100, 0, 120, 10), 0, 0, 0),  # a common edge is no ground
        (STREET, shapely.box(99.9999, 0, 120, 10), 0, 0, 0),  # nor is the rounding of coordinates
        (STREET, shapely.box(103, 14, 120, 20), 5, 0, 0),
        # A line and an area: the length inside, on the edge too.
        (STREET, shapely.LineString([(-50, 5), (60, 5)]), 0, 0, 60),
        (STREET, LINE, 0, 0, 100),
        (shapely.LineString([(0, 20), (100, 20)]), STREET, 10, 0, 0),
        # Lines: the one within a centimetre of the other.
        (LINE, shapely.LineString([(40, 0), (140, 0)]), 0, 0, 60),
        (LINE, shapely.LineString([(70, 0.005), (30, 0.005)]), 0.005, 0, 40),
        (LINE, shapely.LineString([(30, 0.02), (70, 0.02)]), 0.02, 0, 0),
        (LINE, shapely.LineString([(100, 0), (200, 0)]), 0, 0, 0),  # end to end
        (LINE, shapely.LineString([(100, 0), (100, 50)]), 0, 0, 0.01),  # a corner
        (LINE, shapely.LineString([(50, -50), (50, 50)]), 0, 0, 0.02),  # a crossing
        # Points.
        (STREET, shapely.Point(5, 5), 0, 0, 0),
        (LINE, shapely.Point(5, 3), 3, 0, 0),
        (shapely.Point(0, 0), shapely.Point(3, 4), 5, 0, 0),
        # Collections: their lines and areas together, twice-drawn ground once.
        (
            shapely.GeometryCollection([STREET, shapely.LineString([(0, 20), (30, 20)])]),
            shapely.box(0, 5, 50, 30),
            0, 250, 80,
        ),
        (
            shapely.GeometryCollection([STREET, STREET, shapely.Point(5, 5)]),
            shapely.GeometryCollection([shapely.Point(50, 5), shapely.box(0, 0, 50, 10)]),
            0, 500, 50,
        ),
        (shapely.GeometryCollection([shapely.Point(5, 5)]), STREET, 0, 0, 0),
    ],
)  # fmt: skip
def test_known_pairs(
    a: shapely.Geometry, b: shapely.Geometry, distance_m: float, area_m2: float, length_m: float
) -> None:
    for one, other in ((a, b), (b, a)):
        found = shared([one], [other])
        assert found.distance_m[0] == pytest.approx(distance_m, abs=1e-9)
        assert found.area_m2[0] == pytest.approx(area_m2, abs=1e-9)
        assert found.length_m[0] == pytest.approx(length_m, abs=1e-9)


def test_missing_and_empty_share_nothing() -> None:
    found = shared([None, shapely.Polygon(), STREET], [STREET, STREET, None])
    assert np.isnan(found.distance_m).all()
    assert found.area_m2.tolist() == found.length_m.tolist() == [0.0, 0.0, 0.0]


def test_no_pairs() -> None:
    found = shared([], [])
    assert found.distance_m.shape == found.area_m2.shape == found.length_m.shape == (0,)


def test_two_arrays_of_one_length() -> None:
    with pytest.raises(ValueError, match="one length"):
        shared([STREET], [STREET, STREET])


rectangles = st.tuples(
    st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30)
).map(lambda r: shapely.box(r[0], r[1], r[0] + r[2], r[1] + r[3]))


@given(st.lists(st.tuples(rectangles, rectangles), min_size=1, max_size=6), st.floats(0, 180))
@settings(max_examples=100)
def test_turning_and_shifting_changes_no_measure(
    pairs: list[tuple[shapely.Polygon, shapely.Polygon]], degrees: float
) -> None:
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    moved = [
        [affinity.translate(affinity.rotate(s, degrees, origin=(0, 0)), 6e5, 3.4e6) for s in side]
        for side in (left, right)
    ]
    before, after = shared(left, right), shared(*moved)
    assert after.area_m2 == pytest.approx(before.area_m2, abs=1e-5)
    assert after.length_m == pytest.approx(before.length_m, abs=1e-5)
    assert after.distance_m == pytest.approx(before.distance_m, abs=1e-6)
    width = [
        max(0.0, min(a.bounds[i + 2], b.bounds[i + 2]) - max(a.bounds[i], b.bounds[i]))
        for a, b in pairs
        for i in (0, 1)
    ]
    expected = [
        max(w, h) if min(w, h) > 0 else 0.0 for w, h in zip(width[::2], width[1::2], strict=True)
    ]
    assert before.length_m == pytest.approx(expected)
    assert before.area_m2 == pytest.approx(
        [math.prod(p) for p in zip(width[::2], width[1::2], strict=True)]
    )

"""Pieces of lines: the same whatever they are asked for with."""

from __future__ import annotations

import numpy as np
import shapely

from geo.line_parts import points_along, substrings


def test_a_piece_does_not_depend_on_the_lines_before_it() -> None:
    random = np.random.default_rng(3)
    lines = np.array(
        [
            shapely.LineString(random.uniform(0.0, 1e6, (vertices, 2)))
            for vertices in random.integers(2, 40, 60)
        ]
    )
    length = shapely.length(lines)
    from_m, to_m = 0.2 * length, 0.7 * length
    together = substrings(lines, from_m, to_m)
    alone = [
        substrings(lines[row : row + 1], from_m[row : row + 1], to_m[row : row + 1])[0]
        for row in range(len(lines))
    ]
    assert shapely.to_wkb(together).tolist() == shapely.to_wkb(np.array(alone)).tolist()


def test_a_piece_that_begins_at_a_vertex_has_it_once() -> None:
    line = shapely.LineString([(0, 0), (0.1, 0), (0.3, 0), (0.7, 0), (1.5, 0)])
    before = shapely.LineString([(0, 0), (987_654.321, 0)])
    measures = np.array([0.0, 0.1 + (0.3 - 0.1)])
    (_, piece) = substrings(np.array([before, line]), measures, np.array([10.0, 0.7]))
    assert shapely.get_coordinates(piece).tolist() == [[0.3, 0.0], [0.7, 0.0]]


def test_places_along_lines_are_those_that_shapely_finds() -> None:
    random = np.random.default_rng(4)
    lines = np.array(
        [
            shapely.LineString(random.uniform(0.0, 1e4, (vertices, 2)))
            for vertices in random.integers(2, 12, 20)
        ]
    )
    line = np.repeat(np.arange(20), 7)
    share = np.tile([-0.5, 0.0, 0.2, 0.5, 0.9, 1.0, 1.5], 20)
    at = share * shapely.length(lines)[line]
    expected = shapely.line_interpolate_point(lines[line], np.maximum(at, 0.0))
    found = points_along(lines, line, at)
    np.testing.assert_allclose(found, shapely.get_coordinates(expected), atol=1e-8)

"""Known answers of the engine."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import geo
from geo.nearby_pairs import _sorted_keys, nearby_pairs, spacetime_pairs

SQUARE = shapely.box(0, 0, 10, 10)


def pairs(shapes: object, start: object, finish: object, **reach: float) -> list[tuple[int, int]]:
    left, right = spacetime_pairs(shapes, start, finish, **reach)  # type: ignore[arg-type]
    assert left.dtype == right.dtype == np.int64
    return list(zip(left.tolist(), right.tolist(), strict=True))


def test_the_fixed_name() -> None:
    assert geo.spacetime_pairs is spacetime_pairs


@pytest.mark.parametrize(
    ("start_b", "gap_days", "meets"),
    [(4, 0, True), (5, 0, False), (5, 1, True), (6, 1, False), (6, 2, True), (11, 7, True)],
)
def test_days_shared_consecutive_and_apart(start_b: int, gap_days: int, meets: bool) -> None:
    # The first work takes days 0 to 4; its half-open finish is 5.
    found = pairs([SQUARE, SQUARE], [0, start_b], [5, start_b + 3], gap_days=gap_days)
    assert found == ([(0, 1)] if meets else [])


@pytest.mark.parametrize(
    ("other", "within_m", "meets"),
    [
        (shapely.box(10, 0, 20, 10), 0.0, True),  # a common edge
        (shapely.box(10, 10, 20, 20), 0.0, True),  # a common corner
        (shapely.box(13, 14, 20, 20), 5.0, True),  # exactly five metres over the corner
        (shapely.box(13, 14, 20, 20), 4.999, False),
        (shapely.Point(10, 5), 0.0, True),
        (shapely.LineString([(10, -5), (10, 15)]), 0.0, True),
        (shapely.LineString([(10.001, -5), (10.001, 15)]), 0.0, False),
        (shapely.LineString([(10, 5), (10, 5)]), 0.0, True),  # a line of no length
        (shapely.GeometryCollection([shapely.Point(99, 99), shapely.Point(5, 5)]), 0.0, True),
    ],
)
def test_touching_counts(other: shapely.Geometry, within_m: float, meets: bool) -> None:
    assert pairs([SQUARE, other], [0, 0], [1, 1], within_m=within_m) == ([(0, 1)] if meets else [])


def test_missing_and_empty_geometries_and_periods_without_days_are_in_no_pair() -> None:
    shapes = [SQUARE, None, shapely.Polygon(), SQUARE, SQUARE, SQUARE]
    assert pairs(shapes, [0, 0, 0, 5, 5, 0], [10, 10, 10, 5, 4, 10], within_m=1e6) == [(0, 5)]


def test_nothing_and_one() -> None:
    assert pairs([], [], []) == []
    assert pairs([SQUARE], [0], [1]) == []
    assert pairs([None, None], [0, 0], [1, 1]) == []


def test_equal_rows_pair_with_each_other() -> None:
    assert pairs([SQUARE] * 3, [0] * 3, [1] * 3) == [(0, 1), (0, 2), (1, 2)]


def test_open_ended_periods_do_not_wrap_round() -> None:
    ever = np.iinfo(np.int64)
    start = np.array([0, ever.min + 1, 10**6])
    finish = np.array([ever.max, 5, ever.max])
    assert pairs([SQUARE] * 3, start, finish, gap_days=30) == [(0, 1), (0, 2)]


def test_one_far_outlier_and_one_district_among_many() -> None:
    corners = np.arange(2000) * 100.0
    small = shapely.box(corners, 0, corners + 10, 10)
    shapes = np.concatenate(
        [small, [shapely.box(-1e7, -1e7, -9e6, -9e6), shapely.box(-50, -50, 250_000, 5)]]
    )
    found = pairs(shapes, np.zeros(2002, dtype=int), np.full(2002, 30))
    assert found == [(row, 2001) for row in range(2000)]


def test_long_projects_meet_every_short_one_in_their_time() -> None:
    start = np.arange(0, 3650, 10)
    shapes = np.array([SQUARE] * (len(start) + 1))
    found = pairs(shapes, np.append(start, 0), np.append(start + 10, 1000))
    assert found == [(row, len(start)) for row in range(100)]


def test_a_slanted_box_does_not_count_as_near() -> None:
    slanted = shapely.LineString([(0, 0), (100, 100)])
    inside_its_box = shapely.Point(80, 20)
    assert pairs([slanted, inside_its_box], [0, 0], [1, 1], within_m=42.4) == []
    assert pairs([slanted, inside_its_box], [0, 0], [1, 1], within_m=42.5) == [(0, 1)]


def test_the_caller_keeps_its_arrays_and_unprepared_geometries() -> None:
    shapes = np.array([SQUARE, shapely.box(5, 5, 15, 15)])
    start = np.array([0, 0])
    spacetime_pairs(shapes, start, start + 1, within_m=3)
    assert start.tolist() == [0, 0]
    assert not shapely.is_prepared(shapes).any()


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (([SQUARE], [0], [1, 2]), {}, ValueError, "one length"),
        (([SQUARE], [0.5], [1]), {}, TypeError, "start_day"),
        (([SQUARE], [0], np.array(["2025-01-01"], "datetime64[D]")), {}, TypeError, "finish_day"),
        (([SQUARE], [0], [1]), {"within_m": -1.0}, ValueError, "within_m"),
        (([SQUARE], [0], [1]), {"within_m": float("nan")}, ValueError, "within_m"),
        (([SQUARE], [0], [1]), {"gap_days": -1}, ValueError, "gap_days"),
        (([[SQUARE]], [0], [1]), {}, ValueError, "one-dimensional"),
    ],
)
def test_arguments_that_cannot_be_meant(
    arguments: tuple[object, object, object],
    options: dict[str, float],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        spacetime_pairs(*arguments, **options)  # type: ignore[arg-type]


def test_two_layers_are_not_compared_within_themselves() -> None:
    left, right = nearby_pairs([SQUARE, SQUARE], [shapely.Point(12, 5)], within_m=2)
    assert (left.tolist(), right.tolist()) == ([0, 1], [0, 0])


@pytest.mark.parametrize("most", [1_000, 2**62])
def test_keys_are_sorted_alike_whether_or_not_they_fit_one_number(most: int) -> None:
    keys = np.random.default_rng(3).permutation(1_000)
    ordered, position = _sorted_keys(keys, most)
    assert ordered.tolist() == list(range(1_000))
    assert np.array_equal(keys[position], ordered)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.tiles import answers_for, split_plane, tiles_touched

coarse = st.integers(-5, 5).map(float)


@given(arrays(np.float64, st.tuples(st.integers(0, 40), st.just(2)), elements=coarse),
       st.integers(1, 9))  # fmt: skip
def test_every_point_lies_in_one_tile_and_no_tile_holds_too_many(
    points: np.ndarray, most: int
) -> None:
    tiles = split_plane(points, most)
    inside = (points[:, None, :] >= tiles[None, :, :2]) & (points[:, None, :] < tiles[None, :, 2:])
    held = inside.all(axis=2)
    assert held.sum(axis=1).tolist() == [1] * len(points)
    for column in held.T:
        assert column.sum() <= most or len(np.unique(points[column], axis=0)) == 1


@given(
    arrays(np.float64, st.tuples(st.integers(1, 30), st.just(4)), elements=coarse),
    st.integers(1, 5),
)
def test_two_boxes_that_meet_have_one_tile_that_answers_and_both_touch_it(
    corners: np.ndarray, most: int
) -> None:
    boxes = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])],
        axis=1,
    )
    tiles = split_plane(boxes[:, :2], most)
    row, tile = tiles_touched(tiles, boxes)
    touched = {number: set(row[tile == number].tolist()) for number in range(len(tiles))}
    left, right = np.triu_indices(len(boxes), 1)
    low = np.maximum(boxes[left, :2], boxes[right, :2])
    high = np.minimum(boxes[left, 2:], boxes[right, 2:])
    meet = (low <= high).all(axis=1)
    left, right = left[meet], right[meet]
    answers = np.array([answers_for(one, boxes[left], boxes[right]) for one in tiles])
    assert answers.sum(axis=0).tolist() == [1] * len(left)
    for number, (a, b) in zip(answers.argmax(axis=0), zip(left, right, strict=True), strict=True):
        assert {int(a), int(b)} <= touched[int(number)]


def test_boxes_without_numbers_touch_nothing() -> None:
    tiles = split_plane([[0, 0], [1, 1]], 1)
    assert tiles_touched(tiles, [[np.nan] * 4])[0].tolist() == []


def test_points_that_coincide_stay_together() -> None:
    assert len(split_plane(np.zeros((10, 2)), 3)) == 1
    assert split_plane(np.empty((0, 2)), 3).tolist() == [[-np.inf, -np.inf, np.inf, np.inf]]
    with pytest.raises(ValueError, match="at least 1"):
        split_plane([[0, 0]], 0)

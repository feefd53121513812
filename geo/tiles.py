"""Tiles of the plane with about equally many places, for work that is too large for one process.

Every box is entered in each tile that it touches (its halo); two boxes that meet have a point in
common, and the tile that holds it is the only one to answer for the pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]


def split_plane(points: npt.ArrayLike, most_points: int) -> Floats:
    """Return half-open rectangles that cover the plane, none with more than so many of the points.

    The larger side of what the points span is halved at their median, again and again.

    Parameters
    ----------
    points
        Shape (n, 2): x and y.
    most_points
        At least 1. Points that coincide stay together, however many they are.

    Returns
    -------
    numpy.ndarray
        Shape (tiles, 4): low x, low y, high x, high y; the outer edges are infinite.

    Raises
    ------
    ValueError
        When ``most_points`` is below 1.

    Examples
    --------
    >>> split_plane([[0, 0], [1, 0], [2, 0], [3, 0]], 2)[:, [0, 2]].tolist()
    [[-inf, 1.5], [1.5, inf]]
    """
    if most_points < 1:
        raise ValueError(f"most_points must be at least 1, got {most_points}")
    whole = (-np.inf, -np.inf, np.inf, np.inf)
    given: Floats = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    open_parts: list[tuple[Floats, tuple[float, ...]]] = [(given, whole)]
    tiles = []
    while open_parts:
        inside, box = open_parts.pop()
        span = np.ptp(inside, axis=0) if len(inside) else np.zeros(2)
        if len(inside) <= most_points or not span.any():
            tiles.append(box)
            continue
        axis = int(span[1] > span[0])
        values = inside[:, axis]
        cut = float(np.median(values))
        if cut == values.min():  # more than half of them lie on the lower edge
            cut = float(values[values > cut].min())
        low, high = list(box), list(box)
        low[axis + 2], high[axis] = cut, cut
        below = values < cut
        open_parts += [(inside[~below], tuple(high)), (inside[below], tuple(low))]
    return np.array(tiles, dtype=np.float64)


def tiles_touched(tiles: Floats, boxes: npt.ArrayLike) -> tuple[Positions, Positions]:
    """Return which boxes touch which tiles.

    Parameters
    ----------
    tiles
        `split_plane`.
    boxes
        Shape (n, 4): low x, low y, high x, high y; boxes with NaN touch nothing.

    Returns
    -------
    row, tile
        Positions, sorted by tile, then row.

    Examples
    --------
    >>> tiles = split_plane([[0, 0], [1, 0], [2, 0], [3, 0]], 2)
    >>> row, tile = tiles_touched(tiles, [[0, 0, 1, 1], [1, 0, 2, 1]])
    >>> row.tolist(), tile.tolist()
    ([0, 1, 1], [0, 0, 1])
    """
    given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    found = [
        np.flatnonzero(
            (given[:, 0] < tile[2])
            & (given[:, 2] >= tile[0])
            & (given[:, 1] < tile[3])
            & (given[:, 3] >= tile[1])
        )
        for tile in tiles
    ]
    counts = [len(rows) for rows in found]
    rows = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return rows.astype(np.int64), np.repeat(np.arange(len(tiles)), counts)


def answers_for(
    tile: npt.ArrayLike, left: npt.ArrayLike, right: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Tell for which pairs of boxes a tile answers: it holds the lower corner of what they share.

    Of tiles that cover the plane exactly one answers for two boxes that meet, and it is one that
    both touch.

    Parameters
    ----------
    tile
        Shape (4,).
    left, right
        Boxes, shape (n, 4).

    Examples
    --------
    >>> tiles = split_plane([[0, 0], [1, 0], [2, 0], [3, 0]], 2)
    >>> one, two = [[1, 0, 3, 1]], [[2, 0, 4, 1]]
    >>> [bool(answers_for(tile, one, two)[0]) for tile in tiles]
    [False, True]
    """
    low_x, low_y, high_x, high_y = np.asarray(tile, dtype=np.float64)
    corner = np.maximum(
        np.asarray(left, dtype=np.float64)[:, :2], np.asarray(right, dtype=np.float64)[:, :2]
    )
    inside: npt.NDArray[np.bool_] = (
        (corner[:, 0] >= low_x)
        & (corner[:, 0] < high_x)
        & (corner[:, 1] >= low_y)
        & (corner[:, 1] < high_y)
    )
    return inside

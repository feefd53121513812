"""Parts of lines, many at once: measures along a line in, pieces of it out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]


def as_geometries(value: object) -> Geometries:
    """Return what shapely made from arrays as the array that it is (its types also allow one)."""
    return np.asarray(value, dtype=object)


def ragged_ranges(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return the numbers ``start[i] … stop[i] - 1`` of all ranges, and which range each is from.

    Parameters
    ----------
    start, stop
        Bounds, shape (n,); an empty or reversed range gives nothing.

    Returns
    -------
    tuple of int64 arrays
        Range number and value, ordered by range.

    Examples
    --------
    >>> owner, value = ragged_ranges(np.array([3, 7]), np.array([5, 8]))
    >>> owner.tolist(), value.tolist()
    ([0, 0, 1], [3, 4, 7])
    """
    size = np.maximum(stop - start, 0)
    owner = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    return owner, np.arange(len(owner)) - np.repeat(first, size) + np.repeat(start, size)


def connected(count: int, left: Ints, right: Ints) -> Ints:
    """Return for each of ``count`` items the smallest item that it hangs together with.

    Parameters
    ----------
    count
        Number of items.
    left, right
        Pairs of joined items, shape (n,).

    Examples
    --------
    >>> connected(5, np.array([4, 1]), np.array([1, 3])).tolist()
    [0, 1, 2, 1, 1]
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        low = np.minimum(label[left], label[right])
        lower = label.copy()
        for side in (left, right):
            np.minimum.at(lower, label[side], low)
        lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower


def substrings(lines: Geometries, from_m: Floats, to_m: Floats) -> Geometries:
    """Return the piece of each line between two measures along it.

    Parameters
    ----------
    lines
        LineStrings, shape (n,).
    from_m, to_m
        Measures from the first vertex [m], shape (n,); cut to the line's length.

    Returns
    -------
    array of LineString, shape (n,)
        In the line's direction; None where the line is missing or nothing is left
        (``to_m <= from_m``).

    Examples
    --------
    >>> line = shapely.linestrings([[0, 0], [10, 0], [10, 10]])
    >>> substrings(np.array([line]), np.array([4.0]), np.array([13.0]))[0].wkt
    'LINESTRING (4 0, 10 0, 10 3)'
    """
    lines = np.asarray(lines, dtype=object)
    if not len(lines):
        return lines.copy()
    xy, owner, along, first, counts = _measured(lines)
    length = np.zeros(len(lines))
    length[counts > 0] = along[(first + counts - 1)[counts > 0]]
    start = np.clip(np.asarray(from_m, dtype=np.float64), 0.0, length)
    stop = np.clip(np.asarray(to_m, dtype=np.float64), 0.0, length)
    keep = np.flatnonzero((counts > 1) & (stop > start))

    inner = (along > start[owner]) & (along < stop[owner]) & np.isin(owner, keep)
    ends = [
        (keep, at[keep], _points_along(xy, along, first, counts, keep, at[keep]))
        for at in (start, stop)
    ]
    all_owner = np.concatenate([ends[0][0], owner[inner], ends[1][0]])
    all_along = np.concatenate([ends[0][1], along[inner], ends[1][1]])
    all_xy = np.concatenate([ends[0][2], xy[inner], ends[1][2]])
    order = np.lexsort((all_along, all_owner))
    pieces = np.full(len(lines), None, dtype=object)
    if len(keep):
        rank = np.full(len(lines), -1)
        rank[keep] = np.arange(len(keep))
        pieces[keep] = shapely.linestrings(all_xy[order], indices=rank[all_owner[order]])
    return pieces


def points_along(lines: Geometries, line: Ints, at: Floats) -> Floats:
    """Return the places at measures along lines.

    Parameters
    ----------
    lines
        LineStrings, none missing or empty, shape (n,).
    line, at
        Which line, and the measure from its first vertex [m], shape (m,); cut to the line's length.

    Returns
    -------
    array of float, shape (m, 2)
        Coordinates.

    Examples
    --------
    >>> line = shapely.linestrings([[0, 0], [10, 0], [10, 10]])
    >>> points_along(np.array([line]), np.array([0, 0]), np.array([4.0, 13.0])).tolist()
    [[4.0, 0.0], [10.0, 3.0]]
    """
    xy, _, along, first, counts = _measured(lines)
    return _points_along(xy, along, first, counts, line, np.clip(at, 0.0, None))


def _measured(lines: Geometries) -> tuple[Floats, Ints, Floats, Ints, Ints]:
    """Return the vertices of lines: coordinates, whose, measures; and where each line's begin, how many."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    counts = np.bincount(owner, minlength=len(lines))
    first = np.cumsum(counts) - counts
    step = np.zeros(len(xy))
    if len(xy):
        step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
        step[first[counts > 0]] = 0.0
    return xy, owner, _running_sums(step, first, counts), first, counts


def _running_sums(step: Floats, first: Ints, counts: Ints) -> Floats:
    """Return the sum of steps up to each vertex of each line.

    Line by line, so that what a line gives does not depend, in its last digits, on the lines that
    happen to be asked for with it.
    """
    along = step.copy()
    longest_first = np.argsort(-counts, kind="stable")
    size = counts[longest_first]
    for vertex in range(1, int(counts.max(initial=0))):
        at = first[longest_first[: np.searchsorted(-size, -vertex, side="left")]] + vertex
        along[at] += along[at - 1]
    return along


def _points_along(  # noqa: PLR0917 - one table of vertices
    xy: Floats, along: Floats, first: Ints, counts: Ints, line: Ints, at: Floats
) -> Floats:
    """Return the coordinates at measure ``at`` of each ``line``, shape (n, 2)."""
    # One sorted axis for all lines: each line's measures are lifted above those of the line before.
    lift = np.cumsum(np.concatenate([[0.0], along[np.maximum(first + counts - 1, 0)][:-1] + 1.0]))
    lifted = along + np.repeat(lift, counts)
    upper = np.searchsorted(lifted, at + lift[line], side="left")
    lowest, highest = first[line] + 1, first[line] + counts[line] - 1
    upper = np.clip(upper, lowest, highest)
    # Lifting costs the last digits: the line's own measures decide.
    upper = np.where((upper > lowest) & (along[upper - 1] >= at), upper - 1, upper)
    upper = np.where((upper < highest) & (along[upper] < at), upper + 1, upper)
    span = along[upper] - along[upper - 1]
    share = np.divide(at - along[upper - 1], span, out=np.zeros(len(at)), where=span > 0)
    share = np.clip(share, 0.0, 1.0)[:, None]
    return np.asarray(xy[upper - 1] * (1.0 - share) + xy[upper] * share)

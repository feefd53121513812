"""Which geometries meet, in space alone and in space and time: the only code of its kind.

Candidates come from boxes: every geometry is entered in the cells of a grid over x, y and time that
its box and its period touch, entries are sorted by cell, and only entries of one cell are compared.
A pair that shares several cells is taken in one of them only, the one that holds the larger of both
left edges, of both lower edges and of both starts. What touches more cells than is sensible (a
project of many years, a footprint of a whole district) is looked up in a packed tree instead. Every
candidate is then tested exactly.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely

from geo.intervals import meets, reach

Positions = npt.NDArray[np.int64]
Pairs = tuple[Positions, Positions]

_MAX_CELLS = 64  # entries in the grid per geometry; whatever needs more goes to the tree
_SAMPLE = 10_000  # rows that are looked at to choose the size of the cells
_MAX_CANDIDATES = 2_000_000  # compared at once, so that memory stays bounded
_NEVER_DEGENERATE = (0, 3, 4, 6)  # types of points and (valid) areas
_CELLS_PER_AXIS = 2**20  # three axes fit one int64 key


def spacetime_pairs(
    geometries: npt.ArrayLike,
    start_day: npt.ArrayLike,
    finish_day: npt.ArrayLike,
    *,
    within_m: float = 0.0,
    gap_days: int = 0,
) -> Pairs:
    """Return all unordered pairs of geometries that meet in space and in time.

    Parameters
    ----------
    geometries
        Shape (n,), in metres of one plane CRS (any CRS where ``within_m`` is 0). Areas must be
        valid (`geo.validity.repair`). Missing and empty geometries are in no pair.
    start_day, finish_day
        Shape (n,), int64, half-open: ``finish_day`` is the day after the last. A period without
        days is in no pair.
    within_m
        Largest distance; 0 means that they share a point (touching counts).
    gap_days
        Largest gap; 0 means that they share a day, 1 adds consecutive periods
        (`geo.intervals.gap_days`).

    Returns
    -------
    left, right
        Positions, int64, ``left < right``, sorted by left, then right. Exact: the answer of
        comparing everything with everything.

    Raises
    ------
    TypeError
        When days are not integers.
    ValueError
        When the arrays differ in length, or ``within_m`` or ``gap_days`` is negative.

    Examples
    --------
    >>> squares = shapely.box([0, 10, 100], 0, [10, 20, 110], 10)
    >>> left, right = spacetime_pairs(squares, [0, 5, 0], [6, 9, 9])
    >>> left.tolist(), right.tolist()
    ([0], [1])
    """
    shapes = _geometries(geometries)
    start, finish = _day_array(start_day, "start_day"), _day_array(finish_day, "finish_day")
    if not len(shapes) == len(start) == len(finish):
        raise ValueError(
            "geometries, start_day and finish_day must have one length, "
            f"got {len(shapes)}, {len(start)}, {len(finish)}"
        )
    if gap_days < 0:
        raise ValueError(f"gap_days must not be negative, got {gap_days}")
    return _pairs(shapes, start, finish, _distance(within_m), int(gap_days))


def nearby_pairs(
    left: npt.ArrayLike, right: npt.ArrayLike | None = None, *, within_m: float = 0.0
) -> Pairs:
    """Return which geometries of ``left`` lie within ``within_m`` of which of ``right``.

    Parameters
    ----------
    left, right
        Shapes (n,) and (m,), in metres of one plane CRS (any CRS where ``within_m`` is 0), areas
        valid. Without ``right``, all unordered pairs within ``left``.
    within_m
        Largest distance; 0 means that they share a point (touching counts).

    Returns
    -------
    left, right
        Positions, int64, sorted by left, then right; ``left < right`` where there is one array.
        Missing and empty geometries are in no pair.

    Examples
    --------
    >>> roads = shapely.linestrings([[[0, 0], [100, 0]], [[0, 50], [100, 50]]])
    >>> nearby_pairs(shapely.points([[5.0, 3.0]]), roads, within_m=5)
    (array([0]), array([0]))
    >>> nearby_pairs(roads, within_m=50)
    (array([0]), array([1]))
    """
    distance = _distance(within_m)
    shapes = _geometries(left)
    if right is None:
        days = np.zeros(len(shapes), dtype=np.int64)
        return _pairs(shapes, days, days + 1, distance, 0)
    others = _geometries(right)
    boxes = _boxes(shapes, distance)
    found = [(_none(), _none())]
    known = np.flatnonzero(np.isfinite(boxes[0]))
    for query, tree_item in _in_tree(boxes, known, others):
        near = _near(shapes[query], others[tree_item], distance)
        found.append((query[near], tree_item[near]))
    return _sorted(found)


def _pairs(
    shapes: npt.NDArray[np.object_],
    start: Positions,
    finish: Positions,
    within_m: float,
    gap_days: int,
) -> Pairs:
    boxes = _boxes(shapes, within_m)
    known = np.flatnonzero(np.isfinite(boxes).all(axis=0) & (start < finish))
    found = [(_none(), _none())]
    for left, right in _candidates(shapes, boxes, start, reach(finish, gap_days), known):
        both = meets(start[left], finish[left], start[right], finish[right], gap_days)
        left, right = left[both], right[both]  # noqa: PLW2901 - fewer and fewer
        both = _boxes_meet(boxes, left, right)
        left, right = left[both], right[both]  # noqa: PLW2901
        low, high = np.minimum(left, right), np.maximum(left, right)
        near = _near(shapes[low], shapes[high], within_m)
        found.append((low[near], high[near]))
    return _sorted(found)


def _near(
    left: npt.NDArray[np.object_], right: npt.NDArray[np.object_], within_m: float
) -> npt.NDArray[np.bool_]:
    """Tell which pairs meet: the one test of space."""
    near: npt.NDArray[np.bool_]
    if within_m:
        near = shapely.dwithin(left, right, within_m)
        return near
    # `intersects` is exact, but blind to lines of no length; these are compared by distance.
    near = shapely.intersects(left, right)
    rest = np.flatnonzero(~near)
    rest = rest[_may_be_degenerate(left[rest]) | _may_be_degenerate(right[rest])]
    rest = rest[~(shapely.is_valid(left[rest]) & shapely.is_valid(right[rest]))]
    near[rest] = shapely.dwithin(left[rest], right[rest], 0.0)
    return near


def _may_be_degenerate(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return ~np.isin(shapely.get_type_id(shapes), _NEVER_DEGENERATE)


def _candidates(
    shapes: npt.NDArray[np.object_],
    boxes: npt.NDArray[np.float64],
    start: Positions,
    finish: Positions,
    known: Positions,
) -> Iterator[Pairs]:
    """Yield every pair of known rows whose boxes and periods meet once, and some that do not."""
    if len(known) < 2:
        return
    cells = _cells(boxes[:, known], start[known], finish[known])
    count = np.prod([last - first + 1.0 for first, last in cells], axis=0)
    large = count > _MAX_CELLS
    small = ~large
    yield from _in_grid([(first[small], last[small]) for first, last in cells], known[small])

    oversize = np.zeros(len(shapes), dtype=bool)
    oversize[known[large]] = True
    for query, other in _in_tree(boxes, known[large], shapes):
        once = ~oversize[other] | (query < other)
        yield query[once], other[once]


def _cells(
    boxes: npt.NDArray[np.float64], start: Positions, finish: Positions
) -> list[tuple[Positions, Positions]]:
    """Return the first and last cell along x, y and time that each row touches.

    Cells are some three boxes wide and four periods long, so that a row touches few of them and
    meets few strangers there. Far-off rows share the cell at the edge: cell numbers only have to
    grow with the coordinate.
    """
    low_x, low_y, high_x, high_y = boxes
    # Sizes are a matter of speed alone, and every so-manieth row tells them well enough.
    some = slice(None, None, -(-len(low_x) // _SAMPLE))
    sides = np.maximum(high_x[some] - low_x[some], high_y[some] - low_y[some])
    spread_x, spread_y = (
        float(np.subtract(*np.quantile(low[some], [0.95, 0.05]))) for low in (low_x, low_y)
    )
    crowd_m = float(np.sqrt(spread_x / len(low_x) * spread_y))
    cell_m = max(3.0 * float(np.median(sides)), crowd_m) or 1.0
    periods = (finish[some] - start[some]).astype(np.float64)
    slice_days = 4.0 * max(float(np.median(periods)), 1.0)
    middles = [float(np.median(low[some])) for low in (low_x, low_y, start)]
    return [
        (_cell(low_x, cell_m, middles[0]), _cell(high_x, cell_m, middles[0])),
        (_cell(low_y, cell_m, middles[1]), _cell(high_y, cell_m, middles[1])),
        (_cell(start, slice_days, middles[2]), _cell(finish - 1, slice_days, middles[2])),
    ]


def _cell(
    values: npt.NDArray[np.float64] | Positions,
    size: float,
    middle: float,
) -> Positions:
    half = _CELLS_PER_AXIS // 2
    number = np.floor((values.astype(np.float64) - middle) / size)
    return np.clip(number, -half, half - 1).astype(np.int64) + half


def _in_grid(cells: list[tuple[Positions, Positions]], rows: Positions) -> Iterator[Pairs]:
    """Yield pairs of rows that share a cell, each pair once."""
    if not len(rows):
        return
    sizes = [last - first + 1 for first, last in cells]
    count = sizes[0] * sizes[1] * sizes[2]
    entry = np.repeat(np.arange(len(rows)), count)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    key = np.zeros(len(entry), dtype=np.int64)
    begins = np.zeros(len(entry), dtype=np.uint8)
    most = 1
    for axis, ((first, last), size) in enumerate(zip(cells, sizes, strict=True)):
        least = int(first.min())
        span = int(last.max()) - least + 1
        step, along = np.divmod(step, size[entry])
        key = key * span + (first[entry] - least) + along
        begins |= (along == 0).astype(np.uint8) << axis
        most *= span

    key, order = _sorted_keys(key, most)
    begins, row = begins[order], rows[entry[order]]
    fresh = np.flatnonzero(np.diff(key, prepend=-1))
    size = np.diff(fresh, append=len(key))
    after = np.repeat(fresh + size, size) - np.arange(len(key)) - 1  # later entries of the cell
    total = np.cumsum(after)
    cuts = np.searchsorted(total, np.arange(_MAX_CANDIDATES, total[-1:].sum(), _MAX_CANDIDATES))
    for begin, end in zip([0, *cuts], [*cuts, len(key)], strict=True):
        times = after[begin:end]
        left = np.repeat(np.arange(begin, end), times)
        right = np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times) + left + 1
        # One of the two begins here along each axis: no other shared cell has that.
        once = (begins[left] | begins[right]) == 0b111
        yield row[left[once]], row[right[once]]


def _sorted_keys(key: Positions, most: int) -> tuple[Positions, Positions]:
    """Return keys below ``most`` in order, and their positions.

    Key and position in one number sort several times faster than positions by key.
    """
    bits = len(key).bit_length()
    if most.bit_length() + bits > 62:
        order = np.argsort(key)
        return key[order], order
    packed = (key << bits) | np.arange(len(key))
    packed.sort()
    return packed >> bits, packed & ((1 << bits) - 1)


def _in_tree(
    boxes: npt.NDArray[np.float64], queries: Positions, shapes: npt.NDArray[np.object_]
) -> Iterator[Pairs]:
    """Yield pairs of queried rows and positions in ``shapes`` whose boxes meet."""
    if not len(queries):
        return
    tree = shapely.STRtree(shapes)
    for part in np.array_split(queries, -(-len(queries) // 4096)):
        query, other = tree.query(shapely.box(*boxes[:, part]))
        for begin in range(0, len(query), _MAX_CANDIDATES):
            end = begin + _MAX_CANDIDATES
            yield part[query[begin:end]], other[begin:end]


def _boxes(shapes: npt.NDArray[np.object_], within_m: float) -> npt.NDArray[np.float64]:
    """Return bounds, shape (4, n), grown so that they meet whenever the geometries are near."""
    boxes = np.ascontiguousarray(shapely.bounds(shapes).T)
    if within_m and boxes.size:
        largest = np.nanmax(np.abs(boxes), initial=0.0)
        grow = within_m + 8 * np.finfo(np.float64).eps * (largest + within_m)
        boxes[:2] -= grow
        boxes[2:] += grow
    return boxes


def _boxes_meet(
    boxes: npt.NDArray[np.float64], left: Positions, right: Positions
) -> npt.NDArray[np.bool_]:
    low_x, low_y, high_x, high_y = boxes
    meet: npt.NDArray[np.bool_] = (
        (low_x[left] <= high_x[right])
        & (low_x[right] <= high_x[left])
        & (low_y[left] <= high_y[right])
        & (low_y[right] <= high_y[left])
    )
    return meet


def _geometries(values: npt.ArrayLike) -> npt.NDArray[np.object_]:
    shapes = np.asarray(values, dtype=object)
    if shapes.ndim != 1:
        raise ValueError(f"geometries must be one-dimensional, got shape {shapes.shape}")
    return shapes


def _day_array(values: npt.ArrayLike, name: str) -> Positions:
    days = np.asarray(values)
    if days.size and days.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole days as integers, got {days.dtype}")
    return days.astype(np.int64)


def _distance(within_m: float) -> float:
    if not (within_m >= 0 and np.isfinite(within_m)):
        raise ValueError(f"within_m must be a finite distance of at least 0 m, got {within_m}")
    return float(within_m)


def _none() -> Positions:
    return np.empty(0, dtype=np.int64)


def _sorted(found: list[Pairs]) -> Pairs:
    left = np.concatenate([pair[0] for pair in found])
    right = np.concatenate([pair[1] for pair in found])
    order = np.lexsort((right, left))
    return left[order], right[order]

"""How well places lie on roads: the evidence for how coordinates have to be read.

Works lie on roads, and borders follow them for long stretches. A reading of the coordinates that is
right puts outlines close to centre lines and parallel to them far more often than chance does, and
what chance does is measured on the same roads by displacing the same places all around.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

NEAR_M = 30.0
"""A place nearer than this to a centre line can lie on the road."""

STEP_M = 20.0
"""Outlines are looked at in points so far apart."""

MOST_POINTS = 4_000
"""So many points of a file are looked at, taken evenly from all of it."""

_RUN = 5
"""So many points in a row, 100 m, that all lie on one line are a stretch that follows a road."""
_TIGHT_M, _LOOSE_M = 7.0, 14.0
"""Widths of the two bells that distances are weighed with: borders are drawn on the line, digs lie
beside it."""
_SEEN_M = 60.0
"""No distance beyond this counts, so none is looked for."""
_RINGS_M = (350.0, 650.0, 950.0, 1300.0, 1700.0)
_DIRECTIONS = 14


@dataclass(frozen=True)
class Outlines:
    """Points along outlines and lines.

    Attributes
    ----------
    xy
        Shape (n, 2) [m].
    direction
        Of the outline there [radians], NaN for a point geometry; shape (n,).
    row
        Which geometry, ascending; shape (n,).
    """

    xy: Floats
    direction: Floats
    row: Integers


@dataclass(frozen=True)
class Fit:
    """How well one reading of the places lies on the roads.

    Attributes
    ----------
    points
        How many points lie within the extent of the roads.
    share_near
        Share of them within `NEAR_M` of a centre line.
    median_m
        Median distance of the rows from the nearest centre line, of a row the median of its points.
    scores
        What is compared: closeness and direction of all points, and of whole stretches; shape (2,).
    """

    points: int
    share_near: float
    median_m: float
    scores: Floats


@dataclass(frozen=True)
class Chance:
    """What displaced copies of the same places score.

    Attributes
    ----------
    scores
        Shape (k, 2), one row per displacement that kept half of the points among the roads.
    """

    scores: Floats

    def surprise(self, fit: Fit) -> Floats:
        """Return how many standard deviations each score lies above chance; shape (2,)."""
        if len(self.scores) < _DIRECTIONS:
            return np.zeros(2)
        spread = np.maximum(self.scores.std(axis=0), 1.0 / max(fit.points, 1))
        return np.asarray((fit.scores - self.scores.mean(axis=0)) / spread)

    def beats(self, fit: Fit, times: float = 1.0) -> npt.NDArray[np.bool_]:
        """Tell for each score whether it is above ``times`` that of every displacement; shape (2,)."""
        if len(self.scores) < _DIRECTIONS:
            return np.zeros(2, dtype=np.bool_)
        return np.asarray(fit.scores > times * self.scores.max(axis=0))


def outline_points(
    geometries: npt.ArrayLike,
    *,
    within: tuple[float, float, float, float] | None = None,
    most: int = MOST_POINTS,
) -> Outlines:
    """Return points along the outlines of areas and along lines, and points themselves.

    Parameters
    ----------
    geometries
        Shape (n,), in metres; missing ones are passed over.
    within
        West, south, east, north [m]: only points in this box.
    most
        About so many points at most: a row that has more than its share gives stretches of its
        outline, evenly spread.

    Examples
    --------
    >>> outlines = outline_points([shapely.LineString([(0, 0), (100, 0)]), None])
    >>> outlines.xy[:, 0].tolist(), outlines.row.tolist()
    ([10.0, 30.0, 50.0, 70.0, 90.0], [0, 0, 0, 0, 0])
    """
    shapes = np.array(geometries, dtype=object)
    areas = shapely.get_dimensions(shapes) == 2
    shapes[areas] = shapely.boundary(shapes[areas])
    parts, row_of_part = shapely.get_parts(shapes, return_index=True)
    parts, index = shapely.get_parts(parts, return_index=True)  # collections hold collections
    row_of_part = row_of_part[index]
    filled = ~shapely.is_empty(parts)  # an empty point has no coordinates to stand beside its row
    parts, row_of_part = parts[filled], row_of_part[filled]
    isolated = shapely.get_dimensions(parts) == 0

    dots, dot_row = shapely.get_coordinates(parts[isolated]), row_of_part[isolated]
    lines, line_row = parts[~isolated], row_of_part[~isolated]
    length_m = shapely.length(lines)
    count = np.where(length_m > 0, np.maximum(np.round(length_m / STEP_M), 4), 0).astype(np.intp)
    line = np.repeat(np.arange(len(lines)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at_m = (place + 0.5) * (length_m / np.maximum(count, 1))[line]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at_m))
    if within is not None:
        inside = in_box(xy, within)
        line, place, at_m, xy = line[inside], place[inside], at_m[inside], xy[inside]
        inside = in_box(dots, within)
        dots, dot_row = dots[inside], dot_row[inside]

    kept = _share(line_row[line], line, place, most)
    line, at_m, xy = line[kept], at_m[kept], xy[kept]
    back = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at_m - 0.5))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at_m + 0.5))
    direction = np.arctan2(*(ahead - back).T[::-1])
    if len(dots) > most:
        few = np.linspace(0, len(dots) - 1, most).astype(np.intp)
        dots, dot_row = dots[few], dot_row[few]
    return Outlines(
        np.concatenate([xy, dots]),
        np.concatenate([direction, np.full(len(dots), np.nan)]),
        np.concatenate([line_row[line], dot_row]),
    )


def in_box(xy: Floats, box: tuple[float, float, float, float]) -> npt.NDArray[np.bool_]:
    """Return which places lie in a box, its edge included; shape (n,).

    Examples
    --------
    >>> in_box(np.array([[1.0, 1.0], [3.0, 1.0]]), (0, 0, 2, 2)).tolist()
    [True, False]
    """
    x, y = xy.T
    west, south, east, north = box
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north), dtype=np.bool_)


def _share(row: Integers, line: Integers, place: Integers, most: int) -> npt.NDArray[np.bool_]:
    """Return which points to keep: of a row with more than its share, every so many-th stretch."""
    if len(row) <= most:
        return np.ones(len(row), dtype=np.bool_)
    has = np.bincount(row)
    low, high = float(2 * _RUN), float(has.max())
    for _ in range(30):  # the share at which all rows together give so many
        level = (low + high) / 2.0
        low, high = (level, high) if np.minimum(has, level).sum() < most else (low, level)
    every = np.maximum(np.ceil(has / high), 1).astype(np.intp)[row]
    stretch = place // (2 * _RUN) + line  # so that short lines are not all taken or all left
    return np.asarray(stretch % every == 0, dtype=np.bool_)


class Roads:
    """Centre lines to lay places on.

    Parameters
    ----------
    centre_lines
        Shape (n,), lines in metres; missing ones are passed over.

    Examples
    --------
    >>> roads = Roads([shapely.LineString([(0, 0), (1000, 0)])])
    >>> fit = roads.fit(outline_points([shapely.LineString([(100, 4), (300, 4)])]))
    >>> fit.points, fit.share_near, fit.median_m
    (10, 1.0, 4.0)
    """

    def __init__(self, centre_lines: npt.ArrayLike) -> None:
        parts = shapely.get_parts(np.asarray(centre_lines, dtype=object))
        xy, line = shapely.get_coordinates(parts, return_index=True)
        joined = (line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
        start, end = xy[:-1][joined], xy[1:][joined]
        self._direction = np.arctan2(*(end - start).T[::-1])
        pieces = np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)
        self._tree = shapely.STRtree(pieces)
        west, south, east, north = (float(value) for value in shapely.total_bounds(parts))
        self.extent = (west - NEAR_M, south - NEAR_M, east + NEAR_M, north + NEAR_M)

    def __len__(self) -> int:
        """Return how many straight pieces there are."""
        return len(self._direction)

    def distance_m(self, xy: Floats, within_m: float | None = None) -> Floats:
        """Return the distance to the nearest centre line [m], inf beyond ``within_m``; shape (n,)."""
        return self._nearest(xy, within_m)[0]

    def away_m(self, geometries: npt.ArrayLike) -> Floats:
        """Return how far each geometry lies from the nearest centre line [m], none missing.

        Examples
        --------
        >>> Roads([shapely.LineString([(0, 0), (9, 0)])]).away_m([shapely.box(0, 5, 1, 9)]).tolist()
        [5.0]
        """
        shapes = np.asarray(geometries, dtype=object)
        (place, _), found_m = self._tree.query_nearest(
            shapes, return_distance=True, all_matches=False
        )
        distance_m = np.full(len(shapes), np.inf)
        distance_m[place] = found_m
        return distance_m

    def fit(self, outlines: Outlines) -> Fit:
        """Return how well outlines lie on the roads, as far as they lie among them."""
        among = self._among(outlines.xy)
        if not among.any():
            return Fit(0, 0.0, float("inf"), np.zeros(2))
        distance_m = self.distance_m(outlines.xy[among])
        order = np.lexsort((distance_m, outlines.row[among]))
        rows, first, count = np.unique(outlines.row[among], return_index=True, return_counts=True)
        first = np.searchsorted(outlines.row[among][order], rows)
        medians = distance_m[order][first + count // 2]
        return Fit(
            int(among.sum()),
            float((distance_m <= NEAR_M).mean()),
            float(np.median(medians)),
            self._scores(outlines, outlines.xy, among),
        )

    def chance(self, outlines: Outlines, *, around: tuple[tuple[float, float], ...] = ()) -> Chance:
        """Return what displaced copies of outlines score.

        Parameters
        ----------
        outlines
            As read.
        around
            Displacements [m] of the readings that are compared: no copy is taken within 120 m of
            one, for it would still fit a little.
        """
        angle = 2.0 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
        shifts = np.concatenate(
            [
                radius * np.column_stack([np.cos(turned), np.sin(turned)])
                for i, radius in enumerate(_RINGS_M)
                for turned in [angle + i * np.pi / _DIRECTIONS]
            ]
        )
        for taken in around:
            shifts = shifts[np.hypot(*(shifts - taken).T) > 120.0]
        least = max(int(self._among(outlines.xy).sum()), 1)
        scores = []
        for shift in shifts:
            xy = outlines.xy + shift
            among = self._among(xy)
            if 2 * among.sum() >= least:
                scores.append(self._scores(outlines, xy, among))
        return Chance(np.array(scores).reshape(-1, 2))

    def _scores(self, outlines: Outlines, xy: Floats, among: npt.NDArray[np.bool_]) -> Floats:
        distance_m, direction = self._nearest(xy, _SEEN_M)
        turned = np.nan_to_num(direction - outlines.direction)
        parallel = np.cos(turned) ** 4
        tight, loose = (
            np.where(among, np.exp(-0.5 * (distance_m / width_m) ** 2) * parallel, 0.0)
            for width_m in (_TIGHT_M, _LOOSE_M)
        )
        followed = np.where(np.isnan(outlines.direction), 0.0, _least_of_run(tight, outlines.row))
        return np.asarray(np.array([loose.sum(), followed.sum()]) / among.sum())

    def _among(self, xy: Floats) -> npt.NDArray[np.bool_]:
        return in_box(xy, self.extent)

    def _nearest(self, xy: Floats, within_m: float | None) -> tuple[Floats, Floats]:
        (place, piece), found_m = self._tree.query_nearest(
            shapely.points(xy), max_distance=within_m, return_distance=True, all_matches=False
        )
        distance_m, direction = np.full(len(xy), np.inf), np.zeros(len(xy))
        distance_m[place] = found_m
        direction[place] = self._direction[piece]
        return distance_m, direction


def _least_of_run(values: Floats, row: Integers) -> Floats:
    """Return the least value of each point and its neighbours, 0 where the outline ends before."""
    half = _RUN // 2
    least = values.copy()
    for step in range(1, half + 1):
        same = row[step:] == row[:-step]
        least[:-step] = np.where(same, np.minimum(least[:-step], values[step:]), 0.0)
        least[step:] = np.where(same, np.minimum(least[step:], values[:-step]), 0.0)
        least[:step] = least[len(least) - step :] = 0.0
    return least

"""What two geometries share: metres, square metres, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.validity import polygons_only

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

SAME_LINE_M = 0.01
"""Lines that run this close to each other run on each other."""

ROUNDING_M = 0.001
"""A common area narrower than this is the rounding of coordinates (neighbours that touch), no ground."""

_LINE, _AREA = 1, 2  # dimensions
_POLYGON, _COLLECTION = 3, 7  # types
_AT_ONCE = 100_000


@dataclass(frozen=True)
class Shared:
    """Measures of pairs of geometries, one entry per pair.

    Attributes
    ----------
    distance_m
        Shortest distance, 0 where they touch; NaN where one is missing or empty.
    area_m2
        Common area; 0 unless both have area.
    length_m
        Lines: the length of one within 0.01 m of the other (the smaller of both readings). A line
        and an area: the length inside. Areas: over the connected parts of the common area, the sum
        of the longer sides of their smallest rotated rectangles. Points: 0. Collections: the sum
        over their lines and areas.
    """

    distance_m: Floats
    area_m2: Floats
    length_m: Floats


def shared(left: npt.ArrayLike, right: npt.ArrayLike) -> Shared:
    """Measure pairs of geometries.

    Parameters
    ----------
    left, right
        Shape (n,), in metres of one plane CRS, areas valid.

    Returns
    -------
    Shared
        Three arrays of shape (n,).

    Raises
    ------
    ValueError
        When the arrays differ in length.

    Examples
    --------
    >>> wide = shared([shapely.box(0, 0, 40, 8)], [shapely.box(10, -5, 30, 3)])
    >>> wide.area_m2.tolist(), wide.length_m.tolist(), wide.distance_m.tolist()
    ([60.0], [20.0], [0.0])
    """
    a, b = np.asarray(left, dtype=object), np.asarray(right, dtype=object)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"left and right must be one-dimensional and of one length, got {a.shape}, {b.shape}"
        )
    # In parts, so that the intersections of many pairs are never all in memory.
    parts = [
        _shared(a[begin : begin + _AT_ONCE], b[begin : begin + _AT_ONCE])
        for begin in range(0, max(len(a), 1), _AT_ONCE)
    ]
    distance, area, length = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Shared(distance, area, length)


def _shared(a: Geometries, b: Geometries) -> tuple[Floats, Floats, Floats]:
    distance = np.asarray(shapely.distance(a, b), dtype=np.float64)
    areas_a, lines_a = _by_dimension(a)
    areas_b, lines_b = _by_dimension(b)
    area, length = _common_area(areas_a, areas_b)
    length = length + _length_inside(lines_a, areas_b) + _length_inside(lines_b, areas_a)
    length += _common_line(lines_a, lines_b)
    return distance, area, length


def _by_dimension(shapes: Geometries) -> tuple[Geometries, Geometries]:
    """Return the areas and the lines of each geometry, None where it has none."""
    dimension = shapely.get_dimensions(shapes)
    areas, lines = (
        np.full(len(shapes), None, dtype=object),
        np.full(len(shapes), None, dtype=object),
    )
    mixed = shapely.get_type_id(shapes) == _COLLECTION
    areas[(dimension == _AREA) & ~mixed] = shapes[(dimension == _AREA) & ~mixed]
    lines[(dimension == _LINE) & ~mixed] = shapes[(dimension == _LINE) & ~mixed]
    if mixed.any():
        # The union counts once what lies twice in a collection, lines inside its areas included.
        flat = np.asarray(shapely.union_all(shapes[mixed][:, np.newaxis], axis=1), dtype=np.object_)
        areas[mixed] = polygons_only(flat)
        lines[mixed] = _lines_only(flat)
    return areas, lines


def _lines_only(shapes: Geometries) -> Geometries:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    line = shapely.get_dimensions(parts) == _LINE
    lines = np.full(len(shapes), None, dtype=object)
    if line.any():
        held, number = np.unique(owner[line], return_inverse=True)
        lines[held] = shapely.multilinestrings(parts[line], indices=number)
    return lines


def _both(a: Geometries, b: Geometries) -> npt.NDArray[np.int64]:
    return np.flatnonzero(shapely.is_geometry(a) & shapely.is_geometry(b))


def _common_area(a: Geometries, b: Geometries) -> tuple[Floats, Floats]:
    """Return the common area of areas and the length of its connected parts."""
    area, length = np.zeros(len(a)), np.zeros(len(a))
    row = _both(a, b)
    common = polygons_only(shapely.intersection(a[row], b[row]))
    parts, owner = shapely.get_parts(common, return_index=True)
    real = ~shapely.is_empty(parts)
    parts, owner = parts[real], owner[real]
    part_area, part_length = shapely.area(parts), _longer_side(parts)
    ground = part_area > ROUNDING_M * part_length
    np.add.at(area, row[owner[ground]], part_area[ground])
    np.add.at(length, row[owner[ground]], part_length[ground])
    return area, length


def _longer_side(areas: Geometries) -> Floats:
    """Return the longer side of the smallest rotated rectangle around each polygon."""
    # Seen from its own corner: far from the origin the rectangle loses tenths of millimetres.
    corner = np.repeat(shapely.bounds(areas)[:, :2], shapely.get_num_coordinates(areas), axis=0)
    near_origin = shapely.set_coordinates(areas.copy(), shapely.get_coordinates(areas) - corner)
    rectangles = shapely.oriented_envelope(near_origin)
    side = np.zeros(len(areas))
    proper = shapely.get_type_id(rectangles) == _POLYGON
    corners = shapely.get_coordinates(rectangles[proper]).reshape(-1, 5, 2)
    steps = np.linalg.norm(np.diff(corners, axis=1), axis=2)
    side[proper] = steps.max(axis=1, initial=0.0)
    # What is thinner than the rounding of coordinates has a line as its rectangle.
    side[~proper] = shapely.length(rectangles[~proper])
    return side


def _length_inside(lines: Geometries, areas: Geometries) -> Floats:
    length = np.zeros(len(lines))
    row = _both(lines, areas)
    length[row] = shapely.length(shapely.intersection(lines[row], areas[row]))
    return length


def _common_line(a: Geometries, b: Geometries) -> Floats:
    length = np.zeros(len(a))
    row = _both(a, b)
    readings = [
        shapely.length(
            shapely.intersection(
                one[row], shapely.buffer(other[row], SAME_LINE_M, cap_style="flat")
            )
        )
        for one, other in ((a, b), (b, a))
    ]
    length[row] = np.minimum(*readings)
    return length

"""Repair of invalid geometry where that is safe, with an account of what it changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[np.object_]
Positions = npt.NDArray[np.int64]

_POLYGON, _MULTIPOLYGON = 3, 6


@dataclass(frozen=True)
class Repairs:
    """What was repaired: one entry per geometry that was invalid.

    Attributes
    ----------
    row
        Positions, ascending.
    reason
        What was wrong, as GEOS says it, such as ``Self-intersection[3 4]``.
    area_before, area_after
        Area as drawn and as repaired, in square units of the coordinates (m² in a metric CRS).
    lost
        True where nothing was left: the geometry is missing now.
    """

    row: Positions
    reason: npt.NDArray[np.str_]
    area_before: npt.NDArray[np.float64]
    area_after: npt.NDArray[np.float64]
    lost: npt.NDArray[np.bool_]


def repair(geometries: npt.ArrayLike, *, close_gap_m: float = 0.05) -> tuple[Geometries, Repairs]:
    """Make geometries valid; whatever is valid already stays the same object.

    Areas are repaired by the structure method (rings keep their meaning as shells and holes; the
    line-work method loses what is drawn twice) and stay areas: pieces that collapse to lines or
    points go. Lines of no length become points. Gaps and holes narrower than ``close_gap_m`` between the pieces of a repaired area
    are closed.

    Parameters
    ----------
    geometries
        Shape (n,), in metres of one plane CRS. In degrees pass ``close_gap_m=0``.
    close_gap_m
        Width of gaps that are closed; 0 leaves them.

    Returns
    -------
    geometries
        A new array; missing stays missing, and an area of which nothing is left becomes missing.
    repairs
        `Repairs`.

    Examples
    --------
    >>> bow_tie = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    >>> shapes, repairs = repair([bow_tie, None])
    >>> float(shapes[0].area), repairs.row.tolist(), repairs.area_after.tolist()
    (8.0, [0], [8.0])
    """
    shapes = np.array(geometries, dtype=object)
    row = np.flatnonzero(~shapely.is_valid(shapes) & shapely.is_geometry(shapes))
    drawn = shapes[row]
    area = np.isin(shapely.get_type_id(drawn), (_POLYGON, _MULTIPOLYGON))
    repaired = shapely.make_valid(drawn, method="structure", keep_collapsed=True)
    repaired[area] = polygons_only(
        shapely.make_valid(drawn[area], method="structure", keep_collapsed=False)
    )
    if close_gap_m > 0:
        repaired[area] = _close_gaps(repaired[area], close_gap_m)
    lost = ~shapely.is_geometry(repaired) | shapely.is_empty(repaired)
    repaired[lost] = None
    shapes[row] = repaired
    return shapes, Repairs(
        row,
        np.asarray(shapely.is_valid_reason(drawn), dtype=np.str_),
        shapely.area(drawn),
        np.nan_to_num(shapely.area(repaired)),
        lost,
    )


def polygons_only(geometries: npt.ArrayLike) -> Geometries:
    """Return the areas among the parts of each geometry.

    Returns
    -------
    numpy.ndarray
        Polygons and MultiPolygons; an empty MultiPolygon where a geometry has no area, missing
        where it is missing.

    Examples
    --------
    >>> mixed = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.Point(5, 5)])
    >>> polygons_only([mixed])[0].wkt
    'MULTIPOLYGON (((1 0, 1 1, 0 1, 0 0, 1 0)))'
    """
    shapes = np.array(geometries, dtype=object)
    mixed = np.flatnonzero(
        shapely.is_geometry(shapes)
        & ~np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTIPOLYGON))
    )
    parts, owner = shapely.get_parts(shapes[mixed], return_index=True)
    # A collection may hold MultiPolygons, which have parts of their own.
    parts, inner = shapely.get_parts(parts, return_index=True)
    area = shapely.get_type_id(parts) == _POLYGON
    shapes[mixed] = shapely.MultiPolygon()
    if area.any():
        held, owner = parts[area], owner[inner[area]]
        shapes[mixed[np.unique(owner)]] = shapely.multipolygons(
            held, indices=np.unique(owner, return_inverse=True)[1]
        )
    return shapes


def _close_gaps(areas: Geometries, gap_m: float) -> Geometries:
    """Close gaps between parts, and holes, that are narrower than ``gap_m``."""
    closed = areas.copy()
    pieces = _pieces(areas)
    split = np.flatnonzero(pieces > 1)
    half = gap_m / 2.0
    grown = shapely.buffer(areas[split], half, join_style="mitre", mitre_limit=2.0)
    filled = shapely.buffer(grown, -half, join_style="mitre", mitre_limit=2.0)
    # Only where it helps: growing and shrinking moves every corner by a rounding error.
    better = _pieces(filled) < pieces[split]
    better &= shapely.is_valid(filled)
    closed[split[better]] = filled[better]
    return closed


def _pieces(areas: Geometries) -> npt.NDArray[np.int64]:
    parts, owner = shapely.get_parts(areas, return_index=True)
    rings = 1 + shapely.get_num_interior_rings(parts)
    return np.bincount(owner, weights=rings, minlength=len(areas)).astype(np.int64)

"""Points and lines widened to the ground that a dig occupies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

from geo.line_parts import Geometries, as_geometries


def widen(geometries: Geometries, width_m: npt.ArrayLike) -> Geometries:
    """Return the ground that each geometry stands for.

    Parameters
    ----------
    geometries
        Points, lines, polygons or collections of them in a metric CRS, shape (n,).
    width_m
        Width of the strip around a line and side of the square around a point [m], one number or
        shape (n,). Not looked at for polygons.

    Returns
    -------
    array of MultiPolygon, shape (n,)
        Lines with flat ends, squares parallel to the axes, polygons as they are, the parts of a
        collection together. Missing and empty geometries give None, and so do lines without
        length.

    Raises
    ------
    ValueError
        When a point or line has no positive width.

    Examples
    --------
    >>> dig = widen(shapely.from_wkt(["LINESTRING (0 0, 10 0)", "POINT (5 5)"]), [2.0, 4.0])
    >>> shapely.area(dig).tolist()
    [20.0, 16.0]
    >>> dig[1].bounds
    (3.0, 3.0, 7.0, 7.0)
    """
    geometries = np.asarray(geometries, dtype=object)
    width = np.broadcast_to(np.asarray(width_m, dtype=np.float64), geometries.shape)
    parts, row = _simple_parts(shapely.force_2d(geometries))
    dimension = shapely.get_dimensions(parts)
    thin = dimension < 2
    bad = row[thin & ~(width[row] > 0)]
    if len(bad):
        raise ValueError(
            f"width_m must be positive for points and lines, found {width[bad[0]]} in row {bad[0]}"
        )
    ground = parts.copy()
    point, line = np.flatnonzero(dimension == 0), np.flatnonzero(dimension == 1)
    half = width[row] / 2.0
    ground[point] = shapely.buffer(parts[point], half[point], cap_style="square")
    ground[line] = shapely.buffer(parts[line], half[line], cap_style="flat")
    solid = ~shapely.is_empty(ground)
    ground, row, thin = ground[solid], row[solid], thin[solid]

    whole = np.full(len(geometries), None, dtype=object)
    if not len(ground):
        return whole
    pieces, piece = shapely.get_parts(ground, return_index=True)
    rows, rank = np.unique(row[piece], return_inverse=True)
    together = as_geometries(shapely.multipolygons(pieces, indices=rank))
    # Strips of one row may overlap where they meet; polygons stay exactly as they are.
    mixed = np.isin(rows, row[thin]) & (np.bincount(rank) > 1)
    united = as_geometries(shapely.union_all(together[mixed][:, None], axis=1))
    alone = shapely.get_type_id(united) == 3
    united[alone] = shapely.multipolygons(united[alone][:, None])
    together[mixed] = united
    whole[rows] = together
    return whole


def _simple_parts(geometries: Geometries) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Return the points, lines and polygons of all geometries, and the row of each."""
    parts, row = shapely.get_parts(geometries, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        row = row[inner]
    kept = ~shapely.is_empty(parts)
    return as_geometries(parts[kept]), row[kept].astype(np.int64)

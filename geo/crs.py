"""The metric working plane: which one fits a place, and the way into it.

Coordinates are always taken as x = east or longitude, y = north or latitude, whatever the order of
axes that an authority defines (EPSG:4549 is northing first).
"""

from __future__ import annotations

from functools import lru_cache

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

Geometries = npt.NDArray[np.object_]
Bounds = tuple[float, float, float, float]

_WGS84 = CRS.from_epsg(4326)

# National planes where they fit better than UTM: EPSG code, and west, south, east, north of a box
# in degrees. The first box that holds the place wins; boxes are about fit, not about borders.
_PLANES: tuple[tuple[int, Bounds], ...] = (
    (4549, (120.85, 30.65, 122.25, 31.90)),  # Shanghai is not cut at 121.5° E
    (3826, (119.95, 21.80, 122.10, 25.40)),  # Taiwan
    (3825, (119.20, 23.10, 119.85, 23.90)),  # Penghu
    (27700, (-8.70, 49.90, 1.00, 61.00)),  # Great Britain …
    (27700, (1.00, 51.00, 1.80, 53.00)),  # … and its south-east, across from France
    (2154, (-5.20, 41.30, 9.60, 51.10)),  # France
)
_CHINA: Bounds = (73.5, 3.0, 135.1, 53.6)


def metric_crs(place: gpd.GeoSeries | Bounds) -> CRS:
    """Return the plane CRS in metres in which a place is measured.

    In China the CGCS2000 3-degree zone (EPSG:4534 to 4554; 4549 for all of Shanghai); TWD97,
    British National Grid and Lambert-93 where they fit; UTM elsewhere.

    Parameters
    ----------
    place
        A GeoSeries with a CRS, of which the middle (median of the box centres) counts, so that a
        few wild rows do not move it; or west, south, east, north in degrees.

    Returns
    -------
    pyproj.CRS
        Largest errors of length, from the planes' own scale factors: 0.3 ‰ in a 3-degree zone (0.6
        ‰ at the eastern end of Shanghai), 0.1 ‰ in TWD97, 1 ‰ in UTM (0.4 ‰ at its central
        meridian), 2 ‰ in the British grid's far west, 3 ‰ in Lambert-93 in the far south (0.1 ‰ in
        Paris). Areas err twice as much.

    Raises
    ------
    ValueError
        When the GeoSeries has no CRS or no geometry, or the bounds are not finite.

    Examples
    --------
    >>> metric_crs((121.2, 31.3, 121.3, 31.4)).to_epsg()
    4549
    >>> metric_crs((2.2, 48.8, 2.4, 48.9)).to_epsg()
    2154
    >>> metric_crs((-74.1, 40.6, -73.8, 40.9)).to_epsg()
    32618
    """
    lon, lat = _middle(place) if isinstance(place, gpd.GeoSeries) else _centre(place)
    if not (np.isfinite(lon) and np.isfinite(lat)):
        raise ValueError("there is no place: the geometries are missing or their bounds not finite")
    for code, box in _PLANES:
        if _holds(box, lon, lat):
            return CRS.from_epsg(code)
    if _holds(_CHINA, lon, lat):
        return CRS.from_epsg(4534 + round((lon - 75.0) / 3.0))
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def reproject(geometries: npt.ArrayLike, source: CRS, target: CRS) -> Geometries:
    """Return geometries of one CRS in another, x east and y north in both.

    Parameters
    ----------
    geometries
        Shape (n,), two-dimensional coordinates in ``source``.
    source, target
        The two CRS.

    Returns
    -------
    numpy.ndarray of shapely geometries
        Missing stays missing; a geometry that ``target`` cannot show becomes missing too. The input
        itself where both CRS are the same.

    Examples
    --------
    >>> there = reproject([shapely.Point(120, 0)], CRS(4326), CRS(4549))
    >>> shapely.get_coordinates(there).round(3).tolist()
    [[500000.0, 0.0]]
    """
    shapes = np.asarray(geometries, dtype=object)
    if source.equals(target, ignore_axis_order=True):
        return shapes
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    moved_xy = np.column_stack(_transformer(source, target).transform(xy[:, 0], xy[:, 1]))
    moved: Geometries = shapely.set_coordinates(shapes.copy(), moved_xy)
    nowhere = np.zeros(len(shapes), dtype=bool)
    nowhere[row[~np.isfinite(moved_xy).all(axis=1)]] = True
    moved[nowhere] = None
    return moved


def to_metric(places: gpd.GeoSeries, crs: CRS | None = None) -> gpd.GeoSeries:
    """Return a GeoSeries in a metric CRS, by default in the one that `metric_crs` chooses.

    Examples
    --------
    >>> corner = gpd.GeoSeries([shapely.Point(121.25, 31.39)], crs=4326)
    >>> to_metric(corner).crs.to_epsg()
    4549
    """
    target = metric_crs(places) if crs is None else crs
    if places.crs is None:
        raise ValueError("the geometries have no CRS")
    moved = reproject(np.asarray(places.array, dtype=object), places.crs, target)
    return gpd.GeoSeries(moved, index=places.index, crs=target)


@lru_cache(maxsize=32)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _middle(places: gpd.GeoSeries) -> tuple[float, float]:
    if places.crs is None:
        raise ValueError("the geometries have no CRS")
    boxes = shapely.bounds(np.asarray(places.array, dtype=object))
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        raise ValueError("there is no place: all geometries are missing or empty")
    x, y = np.median((boxes[:, :2] + boxes[:, 2:]) / 2.0, axis=0)
    lon, lat = _transformer(places.crs, _WGS84).transform(x, y)
    return float(lon), float(lat)


def _centre(bounds: Bounds) -> tuple[float, float]:
    west, south, east, north = bounds
    return (west + east) / 2.0, (south + north) / 2.0


def _holds(box: Bounds, lon: float, lat: float) -> bool:
    west, south, east, north = box
    return west <= lon <= east and south <= lat <= north

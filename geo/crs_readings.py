"""What coordinates can be in whose CRS nobody wrote down: candidates, best first, for a person to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from geo.crs import Geometries, reproject
from geo.frames import FRAMES, Frame, unshifted
from geo.road_fit import NEAR_M, Floats, Roads, outline_points

_PLANES = (
    4549, 4528,  # CGCS2000 3-degree zone at 120° E, plain and with the zone in front
    4550, 4529, 4510, 4499,  # at 123° E in 3- and in 6-degree zones: 1.39 km north of …
    32651,  # … UTM, whose scale at the middle is 0.9996
    3857, 4548, 4527, 32650, 4547, 4526, 3826, 2154, 27700,
)  # fmt: skip
_MARGIN_DEG = 0.7
"""How far outside its area of use a plane is thought of: Shanghai uses that of 120° E up to 122°."""

LOCAL_M = 60_000.0
"""City grids keep their numbers below this: no national plane has both so small in China."""

_FEW = 400
_FAR_M = 20_000.0
_WGS84 = CRS.from_epsg(4326)
_FOREIGN = frozenset({"EPSG:3826", "EPSG:2154", "EPSG:27700"})
_SHANGHAI = (120.85, 30.65, 122.25, 31.90)
"""Degrees; of readings that nothing else ranks, the one that leads here comes first."""


@dataclass(frozen=True)
class CrsReading:
    """One way to read bare numbers.

    Attributes
    ----------
    crs
        As a command takes it, ``EPSG:4549``.
    frame
        Of degrees; None in a plane.
    north_first
        Whether the first number is the northing or the latitude.
    lon, lat
        Where the middle of the file then lies [degrees, WGS 84].
    share_near
        Share of the rows that lie within 30 m of a road, None where there are no roads to ask.
    """

    crs: str
    frame: Frame | None
    north_first: bool
    lon: float
    lat: float
    share_near: float | None

    @property
    def options(self) -> str:
        """What has to be said to have it read so, as on the command line.

        Examples
        --------
        >>> CrsReading("EPSG:4326", "gcj02", True, 121.2, 31.3, None).options
        '--crs EPSG:4326 --frame gcj02 --axes yx'
        """
        frame = f" --frame {self.frame}" if self.frame not in (None, "wgs84") else ""
        return f"--crs {self.crs}{frame}{' --axes yx' if self.north_first else ''}"


def looks_local(geometries: npt.ArrayLike) -> bool:
    """Tell whether all numbers are too small for a national plane and too large for degrees.

    Examples
    --------
    >>> looks_local([shapely.Point(-11_000, 8_000)]), looks_local([shapely.Point(121, 31)])
    (True, False)
    """
    xy = np.abs(shapely.get_coordinates(np.asarray(geometries, dtype=object)))
    xy = xy[np.isfinite(xy).all(axis=1)]
    return bool(len(xy) and (xy < LOCAL_M).all() and not (xy <= (180.0, 90.0)).all())


def crs_readings(
    geometries: npt.ArrayLike,
    *,
    roads: Roads | None = None,
    plane: CRS | None = None,
    working: Sequence[CRS] = (),
) -> tuple[CrsReading, ...]:
    """Return in which CRS bare numbers can be, the likeliest first.

    Parameters
    ----------
    geometries
        Shape (n,), coordinates of an unknown CRS; missing ones are passed over.
    roads, plane
        Centre lines to lay them on, and their CRS; a reading that puts the middle of the file more
        than 20 km from all of them is left out.
    working
        Further planes to try first.

    Returns
    -------
    tuple of CrsReading
        None is taken: it is for a person to confirm one. Empty where nothing fits.

    Examples
    --------
    >>> found = crs_readings([shapely.Point(618908.662, 3473781.441)])
    >>> found[0].options, round(found[0].lon, 4), round(found[0].lat, 4)
    ('--crs EPSG:4549', 121.25, 31.38)
    >>> crs_readings([shapely.Point(3473781.441, 40618908.662)])[0].options
    '--crs EPSG:4528 --axes yx'
    """
    shapes = _few(np.asarray(geometries, dtype=object))
    xy = shapely.get_coordinates(shapes)
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return ()
    small = bool((np.abs(xy) <= 180.0).all())
    planes = dict.fromkeys([*(crs.to_epsg() for crs in working), *_PLANES])
    asked: list[tuple[str, Frame | None, bool]] = []
    for north_first in (False, True):
        places = xy[:, ::-1] if north_first else xy
        middle = np.median(places, axis=0)
        if (np.abs(places) <= (180.0, 90.0)).all():
            # Where both orders can be degrees, the other one is believed only inside China.
            if not north_first or _china(middle):
                frames = FRAMES if _china(middle) else FRAMES[:1]
                asked += [("EPSG:4326", frame, north_first) for frame in frames]
        elif not small:
            asked += [
                (f"EPSG:{code}", None, north_first)
                for code in planes
                if code is not None and _holds(code, middle)
            ]
    if len({north_first for _, _, north_first in asked}) > 1 and small:
        asked = [one for one in asked if one[2] == _china(np.median(xy, axis=0)[::-1])]
    found = [_reading(shapes, one, roads, plane) for one in asked]
    if roads is not None and plane is not None:
        found = [reading for reading in found if _near(reading, roads, plane)]
    else:
        found = [r for r in found if r.crs in _FOREIGN or r.frame or _china((r.lon, r.lat))]
    return tuple(
        sorted(found, key=lambda r: (-(r.share_near or 0.0), not _holds_degrees(_SHANGHAI, r)))
    )


def north_first(geometries: npt.ArrayLike, code: int) -> bool:
    """Tell whether numbers lie in a plane's area of use only when their order is turned.

    Parameters
    ----------
    geometries
        Shape (n,).
    code
        EPSG code of a plane.

    Examples
    --------
    >>> north_first([shapely.Point(3473781, 618908)], 4549)
    True
    >>> north_first([shapely.Point(618908, 3473781)], 4549)
    False
    """
    xy = shapely.get_coordinates(np.asarray(geometries, dtype=object))
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return False
    middle = np.median(xy, axis=0)
    return _holds(code, middle[::-1]) and not _holds(code, middle)


def share_near(geometries: Geometries, roads: Roads) -> float:
    """Return the share of rows whose median point lies within `geo.road_fit.NEAR_M` of a road.

    Examples
    --------
    >>> roads = Roads([shapely.LineString([(0, 0), (1000, 0)])])
    >>> share_near(np.array([shapely.Point(5, 5), shapely.Point(5, 500)]), roads)
    0.5
    """
    outlines = outline_points(geometries)
    if not len(outlines.xy):
        return 0.0
    near = roads.distance_m(outlines.xy, 2 * NEAR_M) <= NEAR_M
    rows = np.bincount(outlines.row)
    return float((2 * np.bincount(outlines.row, near)[rows > 0] >= rows[rows > 0]).mean())


def _few(shapes: Geometries) -> Geometries:
    given = shapes[shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)]
    if len(given) <= _FEW:
        return np.asarray(given, dtype=object)
    return np.asarray(given[np.linspace(0, len(given) - 1, _FEW).astype(np.intp)], dtype=object)


def _china(place: Floats | tuple[float, float]) -> bool:
    return bool(73.5 <= place[0] <= 135.1 and 17.0 <= place[1] <= 53.6)


def _holds_degrees(box: tuple[float, float, float, float], reading: CrsReading) -> bool:
    return box[0] <= reading.lon <= box[2] and box[1] <= reading.lat <= box[3]


@lru_cache(maxsize=64)
def _box(code: int) -> tuple[float, ...] | None:
    """Return the area of use in the plane's own numbers, with a margin."""
    crs = CRS.from_epsg(code)
    if crs.area_of_use is None or not crs.is_projected:
        return None
    west, south, east, north = crs.area_of_use.bounds
    degrees = shapely.box(
        west - _MARGIN_DEG, max(south - _MARGIN_DEG, -85.0),
        east + _MARGIN_DEG, min(north + _MARGIN_DEG, 85.0),
    )  # fmt: skip
    outline = np.array([shapely.segmentize(degrees, 1.0)], dtype=object)
    return tuple(shapely.total_bounds(reproject(outline, _WGS84, crs)).tolist())


def _holds(code: int, place: Floats) -> bool:
    box = _box(code)
    return box is not None and bool(box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3])


def _reading(
    shapes: Geometries,
    asked: tuple[str, Frame | None, bool],
    roads: Roads | None,
    plane: CRS | None,
) -> CrsReading:
    crs, frame, north_first = asked
    if north_first:
        shapes = shapely.transform(shapes, lambda xy: xy[:, ::-1])
    placed = unshifted(shapes, CRS(crs), frame or "wgs84", _WGS84)
    lon, lat = np.nanmedian(shapely.get_coordinates(placed), axis=0).tolist()
    share = None
    if roads is not None and plane is not None:
        share = share_near(reproject(placed, _WGS84, plane), roads)
    return CrsReading(crs, frame, north_first, lon, lat, share)


def _near(reading: CrsReading, roads: Roads, plane: CRS) -> bool:
    place = np.array([shapely.Point(reading.lon, reading.lat)], dtype=object)
    at = reproject(place, _WGS84, plane)
    xy = shapely.get_coordinates(at)
    return bool(len(xy) and np.isfinite(roads.distance_m(xy, _FAR_M)).all())

"""GCJ-02 and BD-09, the shifted degrees of Chinese web maps, and the way back to WGS 84.

Both look like plain degrees and lie 20 to 710 m (GCJ-02) and 0.7 to 1.5 km (BD-09) away.
No authority publishes the formulas; these are the ones that independent libraries agree on to the
last digit, and the published values of several of them are the tests. The way back has no closed
form and is iterated; the one-step inverse of many packages is metres off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from geo.crs import Geometries, reproject

Frame = Literal["wgs84", "gcj02", "bd09"]
FRAMES: tuple[Frame, ...] = get_args(Frame)

Degrees = npt.NDArray[np.float64]

SHIFTED_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north [degrees] of the box outside which GCJ-02 is WGS 84, as the published
formula has it. It is a box, not a border: Korea, Mongolia and Taiwan lie in it although maps there
are seldom shifted. At its edge the shift breaks off from some hundred metres to nothing, so that a
place within 1 km of the edge may have no way back; no edge runs through China."""

_RADIUS_M = 6378245.0  # of the Krasovsky ellipsoid
_ECCENTRICITY2 = 0.00669342162296594323
_TURN = np.pi * 3000.0 / 180.0
_STEPS = 6
"""A step leaves at most 0.7 % of the error of GCJ-02 within China (the largest slope of the shift),
so that six of them take 700 m to what a double can tell (3e-9 m); five leave up to 1.3e-8 m."""
_BD09_STEPS = 6
"""Here a step leaves at most 2 % of some 5 m."""


def wgs84_to_gcj02(lonlat: npt.ArrayLike) -> Degrees:
    """Return GCJ-02 degrees of WGS 84 degrees.

    Parameters
    ----------
    lonlat
        Shape (..., 2), longitude first.

    Returns
    -------
    numpy.ndarray
        The same shape. NaN gives NaN; outside `SHIFTED_BOX` nothing is moved.

    Examples
    --------
    >>> wgs84_to_gcj02([116.404, 39.915]).round(8).tolist()
    [116.4102445, 39.91640428]
    """
    places = _checked(lonlat)
    return np.where(_inside(places), places + _shift(places), places)


def gcj02_to_wgs84(lonlat: npt.ArrayLike) -> Degrees:
    """Return WGS 84 degrees of GCJ-02 degrees, to the last digits of a double (3e-9 m).

    Parameters
    ----------
    lonlat
        Shape (..., 2), longitude first.

    Returns
    -------
    numpy.ndarray
        The same shape. NaN gives NaN; outside `SHIFTED_BOX` nothing is moved.

    Examples
    --------
    >>> gcj02_to_wgs84([116.41024449916938, 39.91640428150164]).round(9).tolist()
    [116.404, 39.915]
    """
    places = _checked(lonlat)
    return np.where(_inside(places), _inverse(places, places, _shift, _STEPS), places)


def gcj02_to_bd09(lonlat: npt.ArrayLike) -> Degrees:
    """Return BD-09 degrees of GCJ-02 degrees; shapes and NaN as `wgs84_to_gcj02`.

    Examples
    --------
    >>> gcj02_to_bd09([116.404, 39.915]).round(8).tolist()
    [116.41036949, 39.92133699]
    """
    places = _checked(lonlat)
    return np.where(_inside(places), places + _turn(places), places)


def bd09_to_gcj02(lonlat: npt.ArrayLike) -> Degrees:
    """Return GCJ-02 degrees of BD-09 degrees, to 7e-9 m; shapes and NaN as `wgs84_to_gcj02`.

    Examples
    --------
    >>> bd09_to_gcj02([116.41036949371029, 39.92133699351021]).round(9).tolist()
    [116.404, 39.915]
    """
    places = _checked(lonlat)
    near = places - _turn(places - (0.0065, 0.006))
    return np.where(_inside(places), _inverse(places, near, _turn, _BD09_STEPS), places)


def to_wgs84(lonlat: npt.ArrayLike, frame: Frame) -> Degrees:
    """Return WGS 84 degrees of the degrees of any frame; shapes and NaN as `wgs84_to_gcj02`.

    Raises
    ------
    ValueError
        When the frame is none of `FRAMES` or the last axis has not two values.

    Examples
    --------
    >>> to_wgs84([121.25, 31.38], "wgs84").tolist()
    [121.25, 31.38]
    """
    if frame == "wgs84":
        return _checked(lonlat)
    if frame == "gcj02":
        return gcj02_to_wgs84(lonlat)
    if frame == "bd09":
        return gcj02_to_wgs84(bd09_to_gcj02(lonlat))
    raise ValueError(f"frame is one of {', '.join(FRAMES)}, not {frame!r}")


def from_wgs84(lonlat: npt.ArrayLike, frame: Frame) -> Degrees:
    """Return degrees of any frame of WGS 84 degrees; the other way of `to_wgs84`.

    Examples
    --------
    >>> (from_wgs84([121.25, 31.38], "bd09") - [121.25, 31.38]).round(4).tolist()
    [0.011, 0.0037]
    """
    if frame == "wgs84":
        return _checked(lonlat)
    if frame == "gcj02":
        return wgs84_to_gcj02(lonlat)
    if frame == "bd09":
        return gcj02_to_bd09(wgs84_to_gcj02(lonlat))
    raise ValueError(f"frame is one of {', '.join(FRAMES)}, not {frame!r}")


def unshifted(geometries: npt.ArrayLike, source: CRS, frame: Frame, target: CRS) -> Geometries:
    """Return geometries of a frame in a CRS that has none, such as the working plane.

    Shifted degrees that somebody projected as if they were true ones are projected back first.

    Parameters
    ----------
    geometries
        Shape (n,), two-dimensional coordinates in ``source``, degrees or metres.
    source, target
        CRS of what comes in and of what goes out.
    frame
        Frame of the degrees behind ``source``.

    Returns
    -------
    numpy.ndarray of shapely geometries
        Missing stays missing, as in `geo.crs.reproject`.

    Examples
    --------
    >>> there = unshifted([shapely.Point(121.531541859215, 31.17530398364597)], CRS(4326), "gcj02",
    ...                   CRS(4326))
    >>> shapely.get_coordinates(there).round(7).tolist()
    [[121.5272106, 31.1774276]]
    """
    if frame == "wgs84":
        return reproject(geometries, source, target)
    degrees = np.array(reproject(geometries, source, _WGS84), dtype=object)
    true = shapely.transform(degrees, lambda lonlat: to_wgs84(lonlat, frame))
    return reproject(true, _WGS84, target)


_WGS84 = CRS.from_epsg(4326)


def _checked(lonlat: npt.ArrayLike) -> Degrees:
    places = np.asarray(lonlat, dtype=np.float64)
    if places.ndim == 0 or places.shape[-1] != 2:
        raise ValueError(f"expected longitude and latitude along the last axis, not {places.shape}")
    return places


def _inside(places: Degrees) -> npt.NDArray[np.bool_]:
    west, south, east, north = SHIFTED_BOX
    lon, lat = places[..., :1], places[..., 1:]
    return np.asarray(
        (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north), dtype=np.bool_
    )


def _inverse(
    shifted: Degrees, near: Degrees, shift: Callable[[Degrees], Degrees], steps: int
) -> Degrees:
    """Return where ``place + shift(place)`` is ``shifted``, by fixed-point steps from ``near``."""
    for _ in range(steps):
        near = shifted - shift(near)
    return near


def _shift(places: Degrees) -> Degrees:
    """Return what GCJ-02 adds to WGS 84 [degrees]."""
    x, y = places[..., 0] - 105.0, places[..., 1] - 35.0
    waves = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
        + 2.0 / 3.0 * (waves + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)
                       + 160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y))
    )  # fmt: skip
    east_m = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
        + 2.0 / 3.0 * (waves + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)
                       + 150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x))
    )  # fmt: skip
    lat = np.radians(places[..., 1])
    bent = 1.0 - _ECCENTRICITY2 * np.sin(lat) ** 2
    along_meridian_m = _RADIUS_M * (1.0 - _ECCENTRICITY2) / bent**1.5
    along_parallel_m = _RADIUS_M / np.sqrt(bent) * np.cos(lat)
    return np.degrees(np.stack([east_m / along_parallel_m, north_m / along_meridian_m], axis=-1))


def _turn(places: Degrees) -> Degrees:
    """Return what BD-09 adds to GCJ-02 [degrees]."""
    x, y = places[..., 0], places[..., 1]
    length = np.hypot(x, y) + 2e-5 * np.sin(y * _TURN)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _TURN)
    return np.stack(
        [length * np.cos(angle) + 0.0065 - x, length * np.sin(angle) + 0.006 - y], axis=-1
    )

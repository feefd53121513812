"""What coordinates are in: the CRS that is stated or found, and whether the numbers can be of it.

A CRS is never assumed. What a file does not say has to be said, and what the numbers contradict is
refused with a sentence about what to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import Fault, InputRefusedError
from data.coordinates import AS_WRITTEN, Coordinates
from geo.crs_readings import crs_readings, looks_local, north_first

_OLD_DATUM = re.compile(r"(?:new)?beijing(?:19)?54|newbeijing|xian(?:19)?80|beijings54")
"""Beijing 54 and Xi'an 80 as EPSG, ESRI and people call them: PROJ would silently move nothing."""
_OLD_RADII_M = frozenset({6378245, 6378140})
"""Semi-major axes of Krasovsky 1940 and IAG 1975, on which the two stand."""
_NAMELESS = re.compile(
    r"unknown|unnamed|undefined|userdefined|kras+ov?sky|kras+owsky|iag|notspecified"
)
"""What programs write for a datum of which only the ellipsoid was entered."""


def refusal(source: str, code: str, **params: str | float) -> InputRefusedError:
    """Return the error that refuses a whole file for one reason."""
    return InputRefusedError([Fault(code, params=params)], source=source)


def crs_of(crs: CRS | str | int, source: str) -> CRS:
    """Return a CRS as a person or a file wrote it, or refuse the file.

    Examples
    --------
    >>> crs_of("EPSG:4549", "roads.csv").to_epsg()
    4549
    """
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        raise refusal(source, "crs_unknown", crs=str(crs)) from None


def judged_crs(
    geometry: npt.NDArray[np.object_],
    *,
    found: CRS | None,
    stated: CRS | None,
    kind: str,
    source: str,
    said: Coordinates = AS_WRITTEN,
) -> tuple[CRS, list[Fault]]:
    """Return the CRS to read the geometry in, with a note when the stated one overrules the file's.

    Parameters
    ----------
    geometry
        As the file has it.
    found, stated
        What the file says and what the user says.
    kind
        Format of the file.
    source
        The file's name.
    said
        What else is said; a local grid goes before everything.

    Raises
    ------
    InputRefusedError
        When neither the file nor the user says the CRS (then with what it can be), or when its datum
        has no published shift.
    """
    if said.grid is not None:
        return said.grid.crs, list(said.notes)
    notes: list[Fault] = []
    if stated is not None and found is not None and not stated.equals(found):
        params: dict[str, str | int | float] = {
            "stated": stated.to_string(),
            "found": found.to_string(),
        }
        notes.append(Fault("crs_overruled", level="note", params=params))
    used = stated or found
    if used is None:
        missing = [*notes, _crs_missing(kind, geometry), *readings_told(geometry, said)]
        raise InputRefusedError(missing, source=source)
    if without_shift(used):
        raise refusal(source, "crs_without_shift", crs=f"{used.to_string()} ({used.name})")
    return used, notes


def judged_geometry(
    geometry: npt.NDArray[np.object_],
    crs: CRS,
    *,
    first_row: int,
    source: str,
    kind: str = "",
    said: Coordinates = AS_WRITTEN,
) -> tuple[npt.NDArray[np.object_], list[Fault]]:
    """Return the geometry in 2-D, with empty ones missing and impossible ones missing and named.

    A local grid is converted here, so that nothing beyond ever sees its numbers.

    Raises
    ------
    InputRefusedError
        When the numbers as a whole cannot be of this CRS.
    """
    geometry = shapely.force_2d(np.array(geometry, dtype=object))
    geometry[shapely.is_empty(geometry)] = None
    broken = _rows_of(geometry, lambda xy: ~np.isfinite(xy).all(axis=1))
    geometry[broken] = None
    notes: list[Fault] = []
    if said.axes == "yx":
        geometry = _turned(geometry)
    if said.grid is not None:
        geometry = said.grid.convert(geometry)
    else:
        geometry, notes = _in_order(geometry, crs, source, kind, said)
    outside = np.zeros(len(geometry), dtype=np.bool_)
    if crs.is_geographic:
        outside = _rows_of(geometry, lambda xy: (np.abs(xy) > (180.000001, 90.000001)).any(axis=1))
        if outside.sum() * 2 > shapely.is_geometry(geometry).sum():
            x0, y0 = (f"{value:g}" for value in shapely.total_bounds(geometry)[:2])
            fault = Fault("crs_not_degrees", params={"crs": crs.to_string(), "x0": x0, "y0": y0})
            raise InputRefusedError([fault, *readings_told(geometry, said)], source=source)
    faults = [
        Fault("geometry_unreadable" if broken[i] else "coordinates_not_degrees", row=first_row + i)
        for i in map(int, np.flatnonzero(broken | outside))
    ]
    geometry[outside] = None
    return geometry, notes + faults


def _in_order(
    geometry: npt.NDArray[np.object_], crs: CRS, source: str, kind: str, said: Coordinates
) -> tuple[npt.NDArray[np.object_], list[Fault]]:
    """Return geometry with the east first, where it is plain which number that is."""
    known = shapely.get_coordinates(geometry)
    if not len(known):
        return geometry, []
    x, y = (f"{value:.9g}" for value in known[0])
    params: dict[str, str | int | float] = {"crs": crs.to_string(), "x0": x, "y0": y}
    if crs.is_geographic:
        if said.axes is None and _swapped(known):
            raise refusal(source, "crs_axes_swapped", crs=crs.to_string(), x0=x, y0=y)
        return geometry, []
    if (np.abs(known) <= (180, 90)).all() or (np.abs(known) <= (90, 180)).all():
        fault = Fault("crs_not_metres", params=params)
        raise InputRefusedError([fault, *readings_told(geometry, said)], source=source)
    code = crs.to_epsg()
    if said.axes is None and code is not None and north_first(geometry, code):
        if kind not in _SURVEYED:
            raise refusal(source, "coordinates.crs_north_first", crs=crs.to_string(), x0=x, y0=y)
        # Chinese survey tables call the northing X; the plane leaves no doubt which number it is.
        return _turned(geometry), [
            Fault("coordinates.crs_north_first_turned", "note", params=params)
        ]
    return geometry, []


_SURVEYED = frozenset({"csv", "xlsx"})


def without_shift(crs: CRS) -> bool:
    """Tell whether the way from a CRS to WGS 84 is unpublished, however the CRS is written.

    Examples
    --------
    >>> without_shift(CRS("EPSG:2437")), without_shift(CRS("EPSG:4549"))
    (True, False)
    """
    geodetic = crs.geodetic_crs
    if geodetic is None:
        return False
    names = [_folded(geodetic.name), _folded(geodetic.datum.name if geodetic.datum else "")]
    if any(_OLD_DATUM.match(name) for name in names):
        return True
    shape = geodetic.ellipsoid
    old = shape is not None and round(shape.semi_major_metre) in _OLD_RADII_M
    return old and any(_NAMELESS.match(name) for name in names)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()).removeprefix("d")


def readings_told(geometry: npt.NDArray[np.object_], said: Coordinates) -> list[Fault]:
    """Return what the numbers can be in, as a fault that says what to confirm; empty if unknown."""
    known = said.known
    found = crs_readings(
        geometry,
        roads=known.roads if known else None,
        plane=known.crs if known else None,
        working=(known.crs,) if known else (),
    )
    local = [Fault("coordinates.crs_local_grid")] if looks_local(geometry) else []
    if not found or (local and known is None):
        return local
    best = found[0]
    if best.share_near is None:
        told = "; ".join(f"{r.options} → {r.lon:.4f}° E {r.lat:.4f}° N" for r in found[:_SHOWN])
        return [Fault("coordinates.crs_readings", params={"readings": told})]
    told = "; ".join(f"{r.options} → {100 * (r.share_near or 0):.0f} %" for r in found[:_SHOWN])
    code = (
        "coordinates.crs_readings_roads" if best.share_near else "coordinates.crs_readings_no_road"
    )
    params = {"readings": told, "best": best.options, "share": f"{100 * best.share_near:.0f}"}
    return [*local, Fault(code, params=dict(params))]


_SHOWN = 6


def _rows_of(
    geometry: npt.NDArray[np.object_],
    test: Callable[[npt.NDArray[np.float64]], npt.ArrayLike],
) -> npt.NDArray[np.bool_]:
    """Return which rows have a vertex that passes the test."""
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    rows = np.zeros(len(geometry), dtype=np.bool_)
    rows[row[np.asarray(test(xy), dtype=np.bool_)]] = True
    return rows


def _turned(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.transform(geometry, lambda xy: xy[:, ::-1]), dtype=object)


def _crs_missing(kind: str, geometry: npt.NDArray[np.object_]) -> Fault:
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(geometry))
    degrees = -180 <= x0 <= x1 <= 180 and -90 <= y0 <= y1 <= 90
    code = "crs_missing_degrees" if degrees else "crs_missing_metres"
    if kind == "shapefile":
        code = "crs_missing_prj"
    return Fault(code, params={"x0": f"{x0:g}", "y0": f"{y0:g}", "x1": f"{x1:g}", "y1": f"{y1:g}"})


def _swapped(coordinates: npt.NDArray[np.float64]) -> bool:
    """Tell whether every place reads as latitude and longitude, and none the other way round."""
    degrees = np.abs(coordinates)
    return bool(((degrees[:, 0] <= 90) & (degrees[:, 1] > 90) & (degrees[:, 1] <= 180)).all())

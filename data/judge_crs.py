"""What coordinates are in: the CRS that is stated or found, and whether the numbers can be of it.

A CRS is never assumed. What a file does not say has to be said, and what the numbers contradict is
refused with a sentence about what to do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import Fault, InputRefusedError

_WITHOUT_SHIFT = frozenset({"Beijing 1954", "New Beijing", "Xian 1980"})
"""Datums of which the way to WGS 84 is not published: PROJ would silently move nothing."""


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
) -> tuple[CRS, list[Fault]]:
    """Return the CRS to read the geometry in, with a note when the stated one overrules the file's.

    Raises
    ------
    InputRefusedError
        When neither the file nor the user says the CRS, or when its datum has no published shift.
    """
    notes: list[Fault] = []
    if stated is not None and found is not None and not stated.equals(found):
        params: dict[str, str | float] = {
            "stated": stated.to_string(),
            "found": found.to_string(),
        }
        notes.append(Fault("crs_overruled", level="note", params=params))
    used = stated or found
    if used is None:
        raise InputRefusedError([*notes, _crs_missing(kind, geometry)], source=source)
    if _datum(used) in _WITHOUT_SHIFT:
        raise refusal(source, "crs_without_shift", crs=f"{used.to_string()} ({used.name})")
    return used, notes


def judged_geometry(
    geometry: npt.NDArray[np.object_], crs: CRS, *, first_row: int, source: str
) -> tuple[npt.NDArray[np.object_], list[Fault]]:
    """Return the geometry in 2-D, with empty ones missing and impossible ones missing and named.

    Raises
    ------
    InputRefusedError
        When the numbers as a whole cannot be of this CRS.
    """
    geometry = shapely.force_2d(np.array(geometry, dtype=object))
    geometry[shapely.is_empty(geometry)] = None
    coordinates, row = shapely.get_coordinates(geometry, return_index=True)
    broken = np.zeros(len(geometry), dtype=np.bool_)
    broken[row[~np.isfinite(coordinates).all(axis=1)]] = True
    outside = np.zeros(len(geometry), dtype=np.bool_)
    known = coordinates[np.isfinite(coordinates).all(axis=1)]
    if crs.is_projected and len(known) and (np.abs(known) <= (180, 90)).all():
        x, y = (f"{value:g}" for value in known[0])
        raise refusal(source, "crs_not_metres", crs=crs.to_string(), x0=x, y0=y)
    if crs.is_geographic and len(known) and _swapped(known):
        x, y = (f"{value:g}" for value in known[0])
        raise refusal(source, "crs_axes_swapped", crs=crs.to_string(), x0=x, y0=y)
    if crs.is_geographic:
        outside[row[(np.abs(coordinates) > (180.000001, 90.000001)).any(axis=1)]] = True
        if outside.sum() * 2 > shapely.is_geometry(geometry).sum():
            x0, y0 = (f"{value:g}" for value in shapely.total_bounds(geometry)[:2])
            raise refusal(source, "crs_not_degrees", crs=crs.to_string(), x0=x0, y0=y0)
    faults = [
        Fault("geometry_unreadable" if broken[i] else "coordinates_not_degrees", row=first_row + i)
        for i in map(int, np.flatnonzero(broken | outside))
    ]
    geometry[broken | outside] = None
    return geometry, faults


def _datum(crs: CRS) -> str:
    geodetic = crs.geodetic_crs
    return geodetic.datum.name if geodetic is not None and geodetic.datum is not None else ""


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

"""Control points of a city's own grid: a small table that stays on the user's machine."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import Fault, InputRefusedError
from data.read_tables import decode_text
from geo.control_points import LEAST_POINTS, LocalGrid, Model, fit_local_grid
from geo.crs import metric_crs, reproject

LIMIT_M = 0.5
"""Residuals above this are no survey of one grid."""
MOST_SCALE_ERROR = 0.01
MOST_BYTES = 1_000_000

_NAMES = {
    "name": ("name", "点名", "点号", "编号", "id", "no"),
    "x": ("x", "x_local", "local_x", "地方x"),
    "y": ("y", "y_local", "local_y", "地方y"),
    "lon": ("lon", "lng", "longitude", "经度", "经度(wgs84)"),
    "lat": ("lat", "latitude", "纬度"),
    "east": ("east", "easting", "e", "东坐标", "东"),
    "north": ("north", "northing", "n", "北坐标", "北"),
    "crs": ("crs", "epsg", "坐标系"),
}


def read_control_points(
    path: Path,
    *,
    working_crs: CRS | None = None,
    limit_m: float = LIMIT_M,
    axes: str | None = None,
    model: Model = "similarity",
) -> tuple[LocalGrid, list[Fault]]:
    """Fit a local grid to the control points of a CSV file.

    Columns are ``name, x, y`` (local, in the order of the file to import) and ``lon, lat`` (WGS 84
    degrees) or ``east, north`` and ``crs`` (such as EPSG:4549). Nothing that it says in words, here
    or in a refusal, holds a coordinate.

    Parameters
    ----------
    path
        The table.
    working_crs
        Plane to fit in; None chooses one by the place.
    limit_m
        Largest residual that is taken [m].
    axes
        ``yx`` where the file to import and the control points have the northing first.
    model
        See `geo.control_points.fit_local_grid`.

    Returns
    -------
    grid, notes
        The fit, and its residuals in words.

    Raises
    ------
    InputRefusedError
        When the table cannot be read or the points do not fit.
    """
    source = path.name
    table = _table(path, source)
    local = _numbers(table, ("x", "y"), source)
    if axes == "yx":
        local = local[:, ::-1]
    known, crs = _known(table, working_crs, source)
    names = tuple(
        table["name"].fillna("").astype(str)
        if "name" in table
        else map(str, range(1, len(table) + 1))
    )
    if len(local) < LEAST_POINTS[model]:
        raise _refusal(source, "too_few", count=len(local), least=LEAST_POINTS[model])
    try:
        grid = fit_local_grid(local, known, crs, names=names, model=model)
    except ValueError:
        raise _refusal(source, "degenerate") from None
    worst = int(grid.residual_m.argmax())
    told: dict[str, str | int | float] = {
        "count": len(names), "rms": f"{grid.rms_m:.3f}", "worst": f"{grid.residual_m[worst]:.3f}",
        "left_out": f"{grid.left_out_m.max():.3f}", "name": names[worst], "limit": f"{limit_m:g}",
        "residuals": ", ".join(
            f"{name} {metres:.3f}" for name, metres in zip(names, grid.residual_m, strict=True)
        ),
    }  # fmt: skip
    if grid.residual_m[worst] <= limit_m:
        if abs(_scale(local, known) - 1.0) > MOST_SCALE_ERROR:
            raise _refusal(source, "not_metres")
        return grid, [Fault("coordinates.control.fitted", "note", params=told)]
    faults = [Fault("coordinates.control.too_large", params=told)]
    if fit_local_grid(local[:, ::-1], known, crs, model="similarity").rms_m * 10.0 < grid.rms_m:
        faults.append(Fault("coordinates.control.mirrored", "note"))
    elif grid.outlier is not None:
        faults.append(Fault("coordinates.control.outlier", "note", params={"name": grid.outlier}))
    raise InputRefusedError(faults, source=source)


def _scale(local: npt.NDArray[np.float64], known: npt.NDArray[np.float64]) -> float:
    spread = [float(np.hypot(*(xy - xy.mean(axis=0)).T).mean()) for xy in (local, known)]
    return spread[1] / spread[0]


def _table(path: Path, source: str) -> pd.DataFrame:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES)
    except OSError as error:
        raise _refusal(source, "unreadable", reason=error.strerror or "") from None
    lines = decode_text(content, None, source)[0].splitlines()
    cells = [[cell.strip() for cell in line.replace("，", ",").split(",")] for line in lines]
    cells = [row for row in cells if any(row)]
    if not cells:
        raise _refusal(source, "unreadable", reason="–")
    header = [unicodedata.normalize("NFKC", name).strip().strip('"').lower() for name in cells[0]]
    ours = {alias: name for name, aliases in _NAMES.items() for alias in aliases}
    rows = [row[: len(header)] + [""] * (len(header) - len(row)) for row in cells[1:]]
    table = pd.DataFrame(rows, columns=[ours.get(name, f"-{name}") for name in header])
    return table.loc[:, ~table.columns.duplicated()]


def _numbers(table: pd.DataFrame, names: tuple[str, str], source: str) -> npt.NDArray[np.float64]:
    lacking = [name for name in names if name not in table]
    if lacking:
        raise _refusal(source, "unreadable", reason=f"{', '.join(lacking)} ?")
    values = table[list(names)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise _refusal(source, "unreadable", reason=f"{', '.join(names)}: {int(bad[0]) + 2}")
    return np.asarray(values)


def _known(
    table: pd.DataFrame, working_crs: CRS | None, source: str
) -> tuple[npt.NDArray[np.float64], CRS]:
    """Return the points in a plane in metres, and the plane."""
    degrees = "lon" in table and "lat" in table
    there = _numbers(table, ("lon", "lat") if degrees else ("east", "north"), source)
    said = set(table["crs"]) - {""} if "crs" in table else set()
    if len(said) > 1 or (not degrees and not said):
        raise _refusal(source, "unreadable", reason="crs ?")
    try:
        given = CRS("EPSG:4326" if degrees else _epsg(next(iter(said))))
    except CRSError:
        raise _refusal(source, "unreadable", reason="crs ?") from None
    places = np.asarray(shapely.points(there), dtype=object)
    if degrees and not (np.abs(there) <= (180.0, 90.0)).all():
        raise _refusal(source, "unreadable", reason="lon, lat ?")
    lonlat = shapely.get_coordinates(reproject(places, given, CRS("EPSG:4326")))
    if len(lonlat) != len(there):
        raise _refusal(source, "unreadable", reason="east, north ?")
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    plane = working_crs or metric_crs((float(west), float(south), float(east), float(north)))
    return shapely.get_coordinates(reproject(places, given, plane)), plane


def _epsg(said: str) -> str:
    return f"EPSG:{said}" if said.isdigit() else said


def _refusal(source: str, code: str, **params: str | float) -> InputRefusedError:
    return InputRefusedError([Fault(f"coordinates.control.{code}", params=params)], source=source)

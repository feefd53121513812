"""Geometry in the columns of a table: as WKT, WKB, GeoJSON, written pairs, or two columns of numbers.

Of several columns that hold geometry the one that says most is taken (areas before lines before
points), and a row that leaves it empty falls back to the other's point with a note; where two say
equally much it is asked which one is meant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from coordination.faults import Fault
from data.bounded_geometry import from_geojson, from_wkb, from_wkt
from data.judge_crs import refusal
from data.source_hints import SourceHints
from data.written_coordinates import (
    CoordinateColumn,
    angle_of,
    coordinate_column,
    written_geometry,
)

LOOKED_AT = 500
"""So many filled cells of a column show whether it holds geometry."""

# Possessive, so that no run of blanks or digits can make the match slow.
_WKT = re.compile(
    r"\s*+(?:SRID=(?P<srid>\d{1,9});)?\s*+(?:MULTI)?"
    r"(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*+Z?M?\s*+(?:\(|EMPTY)",
    re.IGNORECASE,
)
_HEX_WKB = re.compile(r"\s*+(?:\\x)?0[01](?:[0-9A-Fa-f]{2}){8,}+\s*+\Z")
_GEOJSON = re.compile(r"""\s*+\{(?=.*"(?:coordinates|geometries|geometry)"\s*+:)""", re.DOTALL)
_ONE = r"-?\d++(?:\.\d++)?"
_PAIRS = re.compile(rf"\s*+(?:\[\s*+{_ONE}\s*+,\s*+{_ONE}\s*+\]\s*+(?:,\s*+)?)++\Z")
_PAIR = re.compile(rf"\s*+[(\[]?\s*+({_ONE})(?:\s*+[,;]\s*+|\s++)({_ONE})\s*+[)\]]?\s*+\Z")
_NUMBER = re.compile(_ONE)
# Degrees first, then the plane; in Chinese lists X of a survey may be north: those columns are
# named 北坐标 and 东坐标 or have to be mapped.
_COORDINATES = (
    (
        ("lon", "lng", "long", "longitude", "longitud", "longitudine", "经度", "經度"),
        ("lat", "latitude", "latitud", "latitudine", "纬度", "緯度"),
    ),
    (("x", "x坐标", "x座標", "东坐标", "easting"), ("y", "y坐标", "y座標", "北坐标", "northing")),
    (
        ("横坐标", "横坐标y", "y(东)", "y(东坐标)", "东"),
        ("纵坐标", "纵坐标x", "x(北)", "x(北坐标)", "北"),
    ),
    (("中心点x坐标", "中心點x坐標"), ("中心点y坐标", "中心點y坐標")),
)
_LATITUDE_FIRST = frozenset({"geo_point_2d"})
"""Columns whose text is ``latitude, longitude`` by the documentation of the portal that writes them."""


@dataclass(frozen=True)
class TableGeometry:
    """Geometry found in the columns of a table.

    Attributes
    ----------
    geometry
        One per row, missing where the row has none or an unreadable one.
    crs
        What the values say of their CRS, as text, or None.
    columns
        The columns it came from.
    faults
        Rows whose geometry cannot be read.
    """

    geometry: npt.NDArray[np.object_]
    crs: str | None
    columns: tuple[str, ...]
    faults: list[Fault]


def find_geometry(
    table: pd.DataFrame, *, first_row: int, hints: SourceHints | None = None, source: str = ""
) -> TableGeometry | None:
    """Find the geometry of a table's rows.

    Parameters
    ----------
    table
        Any table.
    first_row
        Number of its first row as a person counts it.
    hints
        What a mapping says; goes before what is found.
    source
        The file's name.

    Returns
    -------
    TableGeometry or None
        None where no column holds geometry.

    Raises
    ------
    InputRefusedError
        When the hints name a column that the table lacks, when two columns hold geometry of one
        kind and nothing says which is meant, or when one column states several CRS.

    Examples
    --------
    >>> found = find_geometry(pd.DataFrame({"a": ["SRID=4549;POINT (1 2)"]}), first_row=2)
    >>> found.crs, found.geometry[0]
    ('EPSG:4549', <POINT (1 2)>)
    """
    hints = hints or SourceHints()
    return _named(table, hints, first_row, source) or _found(table, hints, first_row, source)


def _named(
    table: pd.DataFrame, hints: SourceHints, first_row: int, source: str
) -> TableGeometry | None:
    asked = [name for name in (hints.column, hints.lon, hints.lat) if name is not None]
    lacking = [name for name in asked if name not in table]
    if lacking:
        raise refusal(
            source, "mapping_column_missing", column=lacking[0],
            columns=", ".join(map(str, table.columns)),
        )  # fmt: skip
    numbers = (
        _from_numbers(table, hints.lon, hints.lat, first_row, hints)
        if hints.lon is not None and hints.lat is not None
        else None
    )
    if hints.column is None:
        return numbers
    kind = _kind(table[hints.column], hints.column) or "written"
    read = _from_text(table[hints.column], hints.column, kind, first_row, source, hints=hints)
    return read if numbers is None else _filled_up(read, numbers, first_row)


def _found(
    table: pd.DataFrame, hints: SourceHints, first_row: int, source: str
) -> TableGeometry | None:
    """Return the geometry of the column that says most, filled up from the other."""
    columns = {name: _kind(table[name], str(name)) for name in table.columns}
    read = [
        _from_text(table[name], str(name), kind, first_row, source, hints=hints)
        for name, kind in columns.items()
        if kind is not None
    ]
    numbers = _coordinate_columns(table, source)
    points = _from_numbers(table, *numbers, first_row, hints) if numbers is not None else None
    if not read:
        return points
    dimension = [
        int(shapely.get_dimensions(item.geometry).max(initial=-1)) if len(item.geometry) else -1
        for item in read
    ]
    best = [item for item, size in zip(read, dimension, strict=True) if size == max(dimension)]
    if not all(_same(best[0].geometry, item.geometry) for item in best[1:]):
        names = ", ".join(name for item in best for name in item.columns)
        raise refusal(source, "geometry_columns_several", columns=names)
    others = [item for item in read if all(item is not one for one in best)]
    # A single point beside is the same work's; two points are its ends, or something else.
    if len(others) == 1 and points is None:
        return _filled_up(best[0], others[0], first_row)
    return best[0] if points is None or others else _filled_up(best[0], points, first_row)


def _same(first: npt.NDArray[np.object_], second: npt.NDArray[np.object_]) -> bool:
    missing = ~shapely.is_geometry(first) & ~shapely.is_geometry(second)
    return bool((missing | shapely.equals_exact(first, second, 1e-6)).all())


def _filled_up(first: TableGeometry, second: TableGeometry, first_row: int) -> TableGeometry:
    """Return ``first``, and where it is empty ``second`` if that is in the same kind of numbers."""
    both = (shapely.total_bounds(item.geometry) for item in (first, second))
    degrees = {bool((np.abs(bounds) <= 180).all()) for bounds in both}
    named = {fault.row for fault in first.faults if fault.level == "refused"}
    empty = ~shapely.is_geometry(first.geometry) & shapely.is_geometry(second.geometry)
    empty &= ~np.isin(np.arange(len(empty)) + first_row, [row for row in named if row is not None])
    columns = (*first.columns, *second.columns)
    if not empty.any() or degrees == {True, False}:
        faults = first.faults
        return TableGeometry(first.geometry, first.crs or second.crs, columns, faults)
    geometry = np.where(empty, second.geometry, first.geometry)
    note = Fault(
        "geometry_from_second", "note", row=first_row + int(np.flatnonzero(empty)[0]),
        column=first.columns[0],
        params={"count": int(empty.sum()), "columns": ", ".join(second.columns)},
    )  # fmt: skip
    return TableGeometry(geometry, first.crs or second.crs, columns, [*first.faults, note])


def _kind(column: pd.Series[Any], name: str) -> str | None:
    """Return how most filled cells of a column write geometry, or None where they do not."""
    texts = [value for value in column.dropna().iloc[:LOOKED_AT] if isinstance(value, str)]
    if not texts:
        return None
    half = len(texts) / 2
    for kind, pattern in (
        ("wkt", _WKT),
        ("geojson", _GEOJSON),
        ("wkb", _HEX_WKB),
        ("pairs", _PAIRS),
    ):
        if sum(pattern.match(text) is not None for text in texts) > half:
            return kind
    if name.rpartition(".")[2].lower() in _LATITUDE_FIRST:
        return "latitude_first"
    called = coordinate_column(name)
    if called is not None and any(written_geometry(text, called).geometry for text in texts):
        return "written"
    return None


def _from_text(
    column: pd.Series[Any], name: str, kind: str, first_row: int, source: str, *, hints: SourceHints
) -> TableGeometry:
    texts = [None if pd.isna(value) else str(value).strip() or None for value in column]
    if kind == "written":
        return _from_written(texts, name, first_row, hints)
    crs: str | None = None
    if kind == "geojson":
        geometry, crs = from_geojson(texts), "EPSG:4326"
    elif kind == "wkb":
        geometry, crs = _from_hex(texts, name, source)
    elif kind == "wkt":
        geometry, crs = _from_ewkt(texts, name, source)
    elif kind == "pairs":
        geometry = _from_pairs(texts)
    else:
        geometry = _from_pair(texts)
        if kind == "latitude_first":
            geometry, crs = shapely.transform(geometry, lambda xy: xy[:, ::-1]), "EPSG:4326"
    unread = np.array([text is not None for text in texts]) & ~shapely.is_geometry(geometry)
    return TableGeometry(
        _turned(geometry, hints), crs, (name,), _unreadable(unread, first_row, name)
    )


def _turned(geometry: npt.NDArray[np.object_], hints: SourceHints) -> npt.NDArray[np.object_]:
    if not hints.north_first:
        return geometry
    return np.asarray(shapely.transform(geometry, lambda xy: xy[:, ::-1]), dtype=object)


def _from_written(
    texts: list[str | None], name: str, first_row: int, hints: SourceHints
) -> TableGeometry:
    """Return geometry from coordinates as people write them, with a reason for every other cell."""
    called = coordinate_column(name) or CoordinateColumn()
    if hints.north_first:
        called = replace(called, order="north_first")
    geometry = np.full(len(texts), None, dtype=object)
    faults = []
    for at, text in enumerate(texts):
        if text is None:
            continue
        written = written_geometry(text, called, hints.shape)
        geometry[at] = written.geometry
        if written.fault:
            faults.append(
                Fault(
                    f"coordinates.cell.{written.fault}",
                    "note" if written.fault == "words" else "refused",
                    row=first_row + at,
                    column=name,
                    params={"found": text[:40]},
                )
            )
    return TableGeometry(geometry, None, (name,), faults)


def _from_ewkt(
    texts: list[str | None], name: str, source: str
) -> tuple[npt.NDArray[np.object_], str | None]:
    matches = [None if text is None else _WKT.match(text) for text in texts]
    stated = {match["srid"] for match in matches if match is not None}
    bare = [
        text.partition(";")[2] if text is not None and match is not None and match["srid"] else text
        for text, match in zip(texts, matches, strict=True)
    ]
    return from_wkt(bare), _one_srid(stated, name, source)


def _from_hex(
    texts: list[str | None], name: str, source: str
) -> tuple[npt.NDArray[np.object_], str | None]:
    def unhex(text: str | None) -> bytes | None:
        try:
            return None if text is None else bytes.fromhex(text.removeprefix("\\x"))
        except ValueError:
            return None

    geometry = from_wkb([unhex(text) for text in texts])
    srid = shapely.get_srid(geometry[shapely.is_geometry(geometry)])
    return geometry, _one_srid({str(code) if code else None for code in srid}, name, source)


def _one_srid(stated: set[str | None], name: str, source: str) -> str | None:
    """Return the one CRS that all values state; what states none beside others is doubtful."""
    if len(stated) > 1:
        said = ", ".join(sorted(code or "–" for code in stated))
        raise refusal(source, "srid_mixed", column=name, found=said)
    code = next(iter(stated), None)
    return f"EPSG:{code}" if code else None


def _from_pairs(texts: list[str | None]) -> npt.NDArray[np.object_]:
    """Return lines from ``[x,y],[x,y]``, closed ones as areas, one pair as a point."""
    geometry = np.full(len(texts), None, dtype=object)
    for at, text in enumerate(texts):
        if text is None or _PAIRS.match(text) is None:
            continue
        xy = np.array(_NUMBER.findall(text), dtype=np.float64).reshape(-1, 2)
        geometry[at] = shape_of(xy)
    return geometry


def shape_of(xy: npt.NDArray[np.float64]) -> BaseGeometry:
    """Return the point, line, or (where it is closed) area that runs through places.

    Examples
    --------
    >>> shape_of(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])).geom_type
    'Polygon'
    """
    if len(xy) == 1:
        return shapely.Point(xy[0])
    closed = len(xy) >= 4 and (xy[0] == xy[-1]).all()
    return shapely.Polygon(xy) if closed else shapely.LineString(xy)


def _from_pair(texts: list[str | None]) -> npt.NDArray[np.object_]:
    geometry = np.full(len(texts), None, dtype=object)
    for at, text in enumerate(texts):
        match = None if text is None else _PAIR.match(text)
        if match is not None:
            geometry[at] = shapely.points(float(match[1]), float(match[2]))
    return geometry


def _unreadable(unread: npt.NDArray[np.bool_], first_row: int, column: str) -> list[Fault]:
    return [
        Fault("geometry_unreadable", row=first_row + int(i), column=column)
        for i in np.flatnonzero(unread)
    ]


def _coordinate_columns(table: pd.DataFrame, source: str) -> tuple[str, str] | None:
    """Return two columns of one parent that are called as coordinates are."""
    parents: dict[str, dict[str, str]] = {}
    for name in table:
        folded = unicodedata.normalize("NFKC", str(name)).strip().lower()
        parent, _, last = folded.rpartition(".")
        parents.setdefault(parent, {}).setdefault(last, str(name))
    for easts, norths in _COORDINATES:
        pairs = [
            (
                next(names[name] for name in easts if name in names),
                next(names[name] for name in norths if name in names),
            )
            for names in parents.values()
            if names.keys() & set(easts) and names.keys() & set(norths)
        ]
        if len(pairs) > 1:
            named = ", ".join(f"{east} + {north}" for east, north in pairs)
            raise refusal(source, "geometry_columns_several", columns=named)
        if pairs:
            return pairs[0]
    return None


def _from_numbers(
    table: pd.DataFrame, east: str, north: str, first_row: int, hints: SourceHints
) -> TableGeometry:
    letters = ("N", "E") if hints.north_first else ("E", "N")
    x, y = (
        _numbers(table[name], letter) for name, letter in zip((east, north), letters, strict=True)
    )
    given = table[[east, north]].notna()
    whole = np.isfinite(x) & np.isfinite(y)
    geometry = np.full(len(table), None, dtype=object)
    geometry[whole] = shapely.points(x[whole], y[whole])
    unread = given.any(axis=1).to_numpy() & ~whole
    geometry = _turned(geometry, hints)
    return TableGeometry(geometry, None, (east, north), _unreadable(unread, first_row, east))


def _numbers(column: pd.Series[Any], letter: str) -> npt.NDArray[np.float64]:
    """Return a column's numbers, also those in degrees and minutes; NaN where there is none."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    for at in np.flatnonzero(np.isnan(values) & column.notna().to_numpy()).tolist():
        cell = column.iloc[at]
        angle = angle_of(cell) if isinstance(cell, str) else None
        if angle is not None and angle.letter in ("", letter):
            values[at] = angle.value
    return values

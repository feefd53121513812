"""Geometry blobs of a GeoPackage, and the functions that its R-tree triggers call.

A blob is a header (magic, flags, srs_id, envelope) and WKB. We write one envelope (x and y) and
little-endian WKB; what other programs write, with any envelope or none, is read as well.
"""

from __future__ import annotations

import math
import sqlite3
import struct
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

GeometryKind = Literal["MULTIPOLYGON", "MULTILINESTRING", "MULTIPOINT"]
Geometries = npt.NDArray[np.object_]

_HEADER = np.dtype(
    [
        ("magic", "S2"),
        ("version", "u1"),
        ("flags", "u1"),
        ("srs_id", "<i4"),
        ("envelope", "<f8", (4,)),  # min x, max x, min y, max y
    ]
)
_LITTLE_ENDIAN_XY = 0b0000_0011
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # by the envelope code in bits 1-3 of the flags

_PARTS: dict[GeometryKind, tuple[int, int, Callable[..., Geometries]]] = {
    "MULTIPOLYGON": (3, 6, shapely.multipolygons),
    "MULTILINESTRING": (1, 5, shapely.multilinestrings),
    "MULTIPOINT": (0, 4, shapely.multipoints),
}  # simple type, multi type, what joins parts


def as_multi(geometries: Geometries, kind: GeometryKind) -> Geometries:
    """Return every geometry in the one type of its layer, in the plane.

    Parameters
    ----------
    geometries
        Any mixture of the simple and the multi type; missing stays missing.
    kind
        The layer's declared type.

    Returns
    -------
    numpy.ndarray of object
        Same length; empty geometries come out missing, because a layer has a place or has none.

    Raises
    ------
    ValueError
        When a geometry is of a type that the layer cannot hold.

    Examples
    --------
    >>> as_multi(np.array([shapely.box(0, 0, 1, 1), None]), "MULTIPOLYGON")[0].geom_type
    'MultiPolygon'
    """
    simple, multi, _ = _PARTS[kind]
    flat = shapely.force_2d(np.asarray(geometries, dtype=object))
    present = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
    types = shapely.get_type_id(flat)
    wrong = present & (types != simple) & (types != multi)
    if wrong.any():
        position = int(np.flatnonzero(wrong)[0])
        found = flat[position].geom_type
        raise ValueError(f"row {position}: a {kind} layer cannot hold a {found}")
    result = np.full(len(flat), None, dtype=object)
    result[present] = flat[present]
    _promote(result, kind)
    return result


def _promote(geometries: Geometries, kind: GeometryKind) -> None:
    """Replace those of the simple type by the multi type, in place."""
    simple, _, join = _PARTS[kind]
    single = np.flatnonzero(shapely.get_type_id(geometries) == simple)
    if len(single):
        geometries[single] = join(geometries[single], indices=np.arange(len(single)))


def as_single(geometries: Geometries) -> Geometries:
    """Return geometries of one part as that part; those of several parts stay as they are.

    Examples
    --------
    >>> as_single(as_multi(np.array([shapely.box(0, 0, 1, 1)]), "MULTIPOLYGON"))[0].geom_type
    'Polygon'
    """
    result = geometries.copy()
    one = shapely.get_num_geometries(geometries) == 1
    result[one] = shapely.get_geometry(geometries[one], 0)
    return result


def encode(geometries: Geometries, srs_id: int) -> list[bytes | None]:
    """Return GeoPackage blobs; missing gives None.

    Parameters
    ----------
    geometries
        Not empty (see `as_multi`).
    srs_id
        Of the layer.
    """
    blobs: list[bytes | None] = [None] * len(geometries)
    present = np.flatnonzero(~shapely.is_missing(geometries))
    if not len(present):
        return blobs
    header = np.zeros(len(present), dtype=_HEADER)
    header["magic"] = b"GP"
    header["flags"] = _LITTLE_ENDIAN_XY
    header["srs_id"] = srs_id
    header["envelope"] = shapely.bounds(geometries[present])[:, [0, 2, 1, 3]]
    heads = header.tobytes()
    bodies = shapely.to_wkb(geometries[present], byte_order=1)
    size = _HEADER.itemsize
    for number, (position, body) in enumerate(zip(present.tolist(), bodies, strict=True)):
        blobs[position] = heads[number * size : (number + 1) * size] + body
    return blobs


def wkb_of(blob: bytes | None) -> bytes | None:
    """Return the WKB inside a blob; missing stays missing.

    Raises
    ------
    ValueError
        When these bytes are no GeoPackage geometry.
    """
    if blob is None:
        return None
    code = (blob[3] >> 1) & 0b111 if len(blob) > 8 else 7
    if blob[:2] != b"GP" or code >= len(_ENVELOPE_BYTES):
        raise ValueError("not a GeoPackage geometry")
    return blob[8 + _ENVELOPE_BYTES[code] :]


def decode(blobs: Sequence[bytes | None]) -> Geometries:
    """Return the geometries of blobs, in the plane; missing and empty ones give None.

    What another program wrote as a simple type comes out as the multi type.

    Examples
    --------
    >>> point = np.array([shapely.MultiPoint([(1, 2)]), None])
    >>> shapely.get_coordinates(decode(encode(point, 4549))).tolist()
    [[1.0, 2.0]]
    """
    bodies = np.empty(len(blobs), dtype=object)
    bodies[:] = [wkb_of(blob) for blob in blobs]
    geometries: Geometries = shapely.force_2d(shapely.from_wkb(bodies))
    geometries[shapely.is_empty(geometries)] = None
    for kind in _PARTS:
        _promote(geometries, kind)
    return geometries


def _envelope(blob: bytes) -> tuple[float, float, float, float]:
    order = "<" if blob[3] & 1 else ">"
    if (blob[3] >> 1) & 0b111:
        values = struct.unpack_from(f"{order}4d", blob, 8)
        return values[0], values[1], values[2], values[3]
    bounds = shapely.bounds(shapely.from_wkb(wkb_of(blob)))
    return float(bounds[0]), float(bounds[2]), float(bounds[1]), float(bounds[3])


def _is_empty(blob: bytes | None) -> int | None:
    if blob is None:
        return None
    if blob[3] & 0b0001_0000:
        return 1
    if (blob[3] >> 1) & 0b111:  # an envelope; that of an empty geometry is not a number
        return int(math.isnan(_envelope(blob)[0]))
    return int(shapely.is_empty(shapely.from_wkb(wkb_of(blob))))


def register_functions(connection: sqlite3.Connection) -> None:
    """Give ``connection`` the few functions that the R-tree triggers call."""

    def side(number: int) -> Callable[[bytes | None], float | None]:
        return lambda blob: None if blob is None else _envelope(blob)[number]

    for number, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, side(number), deterministic=True)
    connection.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)


def sql_wkb(column: str) -> str:
    """Return the SQL expression for the WKB inside a blob, with core functions only.

    The triggers that log the edits of other programs need it: those have no function of ours.
    """
    flags = f"instr('0123456789ABCDEF', substr(hex(substr({column}, 4, 1)), 2, 1)) - 1"
    skip = f"CASE ({flags}) / 2 WHEN 0 THEN 0 WHEN 1 THEN 32 WHEN 4 THEN 64 ELSE 48 END"
    return f"substr({column}, 9 + {skip})"

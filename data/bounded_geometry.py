"""Geometry from text and bytes of strangers: bounded in depth and size before GEOS sees it.

GEOS reads nested collections by recursion and has no limit: some ten thousand levels overflow the
stack and kill the process, which no ``except`` catches. So what is nested deeper than any work is
counted here first and refused.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

MOST_DEPTH = 32
"""Levels of brackets or collections; a MultiPolygon in a collection in a collection has six."""

MOST_VERTICES = 1_000_000
"""Vertices of one geometry. A city's outline has some ten thousand."""

MOST_FILE_VERTICES = 50_000_000
"""Vertices of one file; a million works have some twelve million."""

GEOMETRY_TYPES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
     "GeometryCollection"}
)  # fmt: skip

_CURVED = re.compile(
    r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE|TRIANGLE|TIN|POLYHEDRAL",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[^()]+")
_COLLECTIONS = frozenset({4, 5, 6, 7})
_LINEAR = frozenset(range(1, 8))


def from_wkt(texts: Sequence[str | None]) -> npt.NDArray[np.object_]:
    """Return geometry, missing where a text is missing or cannot be read (curves cannot).

    Examples
    --------
    >>> from_wkt(["POINT (1 2)", "CIRCULARSTRING (0 0, 1 1, 2 0)", "(" * 100_000]).tolist()
    [<POINT (1 2)>, None, None]
    """
    safe = [text if text is not None and _safe_wkt(text) else None for text in texts]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(
            shapely.from_wkt(np.array(safe, dtype=object), on_invalid="ignore"), object
        )


def _safe_wkt(text: str) -> bool:
    if _CURVED.search(text[:200]) or "\0" in text or text.count(",") > MOST_VERTICES:
        return False
    if text.count("(") <= MOST_DEPTH:
        return _CURVED.search(text) is None
    depth = deepest = 0
    for bracket in _BRACKETS.sub("", text):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest <= MOST_DEPTH and _CURVED.search(text) is None


def from_wkb(blobs: Iterable[bytes | None]) -> npt.NDArray[np.object_]:
    """Return geometry from (E)WKB, missing where the bytes are missing or cannot be read.

    Examples
    --------
    >>> from_wkb([shapely.to_wkb(shapely.Point(1, 2)), b"no", None]).tolist()
    [<POINT (1 2)>, None, None]
    """
    safe = [blob if blob is not None and safe_wkb(blob) else None for blob in blobs]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(
            shapely.from_wkb(np.array(safe, dtype=object), on_invalid="ignore"), object
        )


def safe_wkb(blob: bytes) -> bool:
    r"""Tell whether (E)WKB is of straight lines, not nested too deeply, and as long as it says.

    Examples
    --------
    >>> safe_wkb(shapely.to_wkb(shapely.box(0, 0, 1, 1)))
    True
    >>> safe_wkb((b"\x01" + struct.pack("<II", 7, 1)) * 100_000)
    False
    """
    try:
        return _wkb_end(memoryview(blob), 0, 0) is not None
    except (struct.error, IndexError):
        return False


def _wkb_end(blob: memoryview, at: int, depth: int) -> int | None:
    """Return where one geometry ends, or None where it is none that may be read."""
    if depth > MOST_DEPTH or blob[at] > 1:
        return None
    order = "<" if blob[at] else ">"
    (code,) = struct.unpack_from(f"{order}I", blob, at + 1)
    at += 5 + (4 if code & 0x20000000 else 0)  # EWKB: the SRID
    thousands, kind = divmod(code & 0x0FFFFFFF, 1000)
    if kind not in _LINEAR or thousands > 3:
        return None
    dimensions = 2 + bool(code & 0x80000000 or thousands in (1, 3))
    width = 8 * (dimensions + bool(code & 0x40000000 or thousands in (2, 3)))
    if kind == 1:
        return _inside(blob, at + width)
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    at += 4
    if count > len(blob):
        return None
    if kind == 2:
        return _inside(blob, at + count * width)
    for _ in range(count):
        end: int | None
        if kind in _COLLECTIONS:
            end = _wkb_end(blob, at, depth + 1)
        else:
            (points,) = struct.unpack_from(f"{order}I", blob, at)
            end = _inside(blob, at + 4 + points * width)
        if end is None:
            return None
        at = end
    return at


def _inside(blob: memoryview, end: int) -> int | None:
    return end if end <= len(blob) else None


def from_geojson(values: Iterable[Any]) -> npt.NDArray[np.object_]:
    """Return geometry from GeoJSON objects (a geometry, or a Feature with one) or their text.

    Missing where a value is missing or cannot be read.

    Examples
    --------
    >>> from_geojson([{"type": "Point", "coordinates": [1, 2]}, "{", None]).tolist()
    [<POINT (1 2)>, None, None]
    """
    written = np.array([_geometry_text(value) for value in values], dtype=object)
    with np.errstate(over="ignore", invalid="ignore"):  # an endless number becomes infinite
        return np.asarray(shapely.from_geojson(written, on_invalid="ignore"), dtype=object)


def _geometry_text(value: Any) -> str | None:
    try:
        if isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, dict) and value.get("type") == "Feature":
            value = value.get("geometry")
        return json.dumps(value) if isinstance(value, dict) else None
    except (ValueError, RecursionError):  # which also bounds the depth that GEOS sees
        return None


def too_many_vertices(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Return which geometries have more than `MOST_VERTICES` vertices."""
    return np.asarray(shapely.get_num_coordinates(geometry) > MOST_VERTICES, dtype=np.bool_)


MOST_CROSSINGS = 5_000
"""How often one area's outline may cross itself. Repair takes time with the square of it: a scribble of
1,000 places crosses itself 100,000 times and takes 13 s, one of 2,000 minutes."""

MOST_FILE_CROSSINGS = 100_000
"""The same for all areas of a file together."""

_MOST_CANDIDATES = 5_000_000
_HARMLESS_VERTICES = 50
_CHEAPLY_VALID_VERTICES = 2_000


def tangled(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Return which areas cross themselves so often that they are scribbles and not to be repaired.

    Examples
    --------
    >>> scribble = shapely.Polygon(np.random.default_rng(0).random((400, 2)))
    >>> tangled(np.array([scribble, shapely.box(0, 0, 1, 1), None], dtype=object)).tolist()
    [True, False, False]
    """
    found = np.zeros(len(geometry), dtype=np.bool_)
    large = shapely.get_num_coordinates(geometry) > _HARMLESS_VERTICES
    suspects = np.flatnonzero(large & (shapely.get_dimensions(geometry) == 2))
    # To ask a large scribble whether it is valid takes minutes too, so those are counted at once.
    small = shapely.get_num_coordinates(geometry[suspects]) <= _CHEAPLY_VALID_VERTICES
    cheap = suspects[small]
    suspects = np.sort(
        np.concatenate([suspects[~small], cheap[~shapely.is_valid(geometry[cheap])]])
    )
    left = MOST_FILE_CROSSINGS
    for at in suspects.tolist():
        crossings = _crossings(geometry[at])
        left -= crossings
        found[at] = crossings > MOST_CROSSINGS or left < 0
    return found


def _crossings(area: shapely.Geometry) -> int:
    """Return how often the segments of an outline cross, as far as it matters."""
    ends, ring = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(area)), return_index=True
    )
    follows = ring[1:] == ring[:-1]
    first, second = ends[:-1][follows], ends[1:][follows]
    low, high = np.minimum(first, second), np.maximum(first, second)
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    tree = shapely.STRtree(boxes)
    step, start = 16, 0
    crossings = candidates = 0
    while start < len(boxes):
        a, b = tree.query(boxes[start : start + step])
        a = a + start
        once = a < b
        a, b = a[once], b[once]
        candidates += len(a)
        p, q, r, s = first[a], second[a], first[b], second[b]
        apart = (_side(p, q, r) * _side(p, q, s) < 0) & (_side(r, s, p) * _side(r, s, q) < 0)
        crossings += int(apart.sum())
        if crossings > MOST_CROSSINGS or candidates > _MOST_CANDIDATES:
            return MOST_CROSSINGS + 1
        start += step
        step = min(2 * step, 100_000) if len(once) < 500_000 else max(16, step // 2)
    return crossings


def _side(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], c: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return on which side of the line through ``a`` and ``b`` the places ``c`` lie."""
    turn: npt.NDArray[np.float64] = np.sign(
        (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    )
    return turn

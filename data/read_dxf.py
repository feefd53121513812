"""DXF drawings: what is drawn in model space, by layer, in metres.

A drawing has no coordinate system and often no honest unit, so the one has to be stated and the
other is said in a note. Every entity is a row; a block with attributes is one row, one without is
the entities in it. What is no footprint (solids, dimensions, proxies, outside references) is named,
with its count.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ezdxf
import ezdxf.path
import numpy as np
import numpy.typing as npt
import shapely
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert
from ezdxf.filemanagement import readfile
from ezdxf.lldxf.const import DXFError
from shapely.geometry.base import BaseGeometry

from coordination.faults import Fault
from data.bounded_geometry import tangled
from data.found_layer import FoundLayer, table_of
from data.headers import fold
from data.judge_crs import refusal
from data.source_hints import DRAWING_UNITS, SourceHints

# The library logs each mended number; how many there were is told as a note of the file.
logging.getLogger("ezdxf").addHandler(logging.NullHandler())

MOST_DXF_BYTES = 150_000_000
"""A larger drawing is not read: it takes some twenty times its length in memory."""

MOST_ENTITIES = 500_000
"""Entities after blocks are taken apart; blocks in blocks can stand for any number."""

MOST_BLOCK_DEPTH = 8
"""Levels of blocks in blocks."""

CHORD_ERROR_M = 0.01
"""How far the chords of an arc may lie from it [m]."""

_UNITS = {1: "inch", 2: "foot", 4: "mm", 5: "cm", 6: "m", 7: "km", 14: "dm"}
_BINARY = b"AutoCAD Binary DXF\r\n\x1a\x00"
_END = re.compile(rb"(?:^|\n)\s*0\s*\r?\n\s*EOF\s*\Z")
_CURVES = frozenset({"LINE", "LWPOLYLINE", "POLYLINE", "CIRCLE", "ARC", "ELLIPSE", "SPLINE"})
_CLOSED = frozenset({"CIRCLE"})
_TEXTS = frozenset({"TEXT", "MTEXT"})
_BROKEN = (
    DXFError, ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError,
    AssertionError, RecursionError, EOFError,
)  # fmt: skip
"""What damaged drawings raise inside the library, which was written for whole ones."""
_FEWEST_CHORDS = 10_000


@dataclass
class _Read:
    """What is gathered on the way through a drawing."""

    source: str
    document: Drawing
    scale: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[BaseGeometry | None] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    texts: list[tuple[float, float, str]] = field(default_factory=list)
    """Easting, northing [m] and words."""
    not_read: Counter[str] = field(default_factory=Counter)
    entities: int = 0


def read_dxf(
    path: Path,
    source: str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    hints: SourceHints,
) -> FoundLayer:
    """Read the model space of a drawing.

    Columns: ``layer``, ``entity``, ``handle``, ``color``, ``block``, ``layer_off`` (the layer is off
    or frozen), ``text`` (texts that stand inside the area, joined), then a block's attributes.

    Parameters
    ----------
    path
        The file, text or binary.
    source
        The file's name.
    layer
        Only entities on this layer of the drawing.
    encoding
        Of its texts, where the drawing states a wrong one.
    hints
        The unit, which goes before what the drawing says, and the layers that are meant.

    Raises
    ------
    InputRefusedError
        When it is cut, damaged or too large, says no unit and none is given, or holds nothing.
    """
    if path.stat().st_size > MOST_DXF_BYTES:
        raise refusal(source, "file_too_large", found=path.stat().st_size, most=MOST_DXF_BYTES)
    binary = _check_end(path, source)
    try:
        if binary:
            document = readfile(path)
            auditor = document.audit()
        else:
            document, auditor = recover.readfile(path)
    except _BROKEN as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    scale, notes = _metres(document, hints.drawing_unit, source)
    read = _Read(source, document, scale, faults=notes)
    try:
        count = _count(document.modelspace(), document, {}, 0)
    except _BROKEN as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    if count > MOST_ENTITIES:
        raise refusal(source, "dxf_too_many", most=MOST_ENTITIES)
    if auditor.errors or auditor.fixes:
        count = len(auditor.errors) + len(auditor.fixes)
        read.faults.append(Fault("dxf_recovered", "note", params={"count": count}))
    try:
        for entity in document.modelspace():
            _take(entity, read, 0, None)
    except _BROKEN as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    _decode(read, document.encoding, encoding)
    _choose(read, (layer,) if layer is not None else hints.layers)
    return _found(read)


def _check_end(path: Path, source: str) -> bool:
    """Refuse a drawing without its last mark (half of it would be missing); tell if it is binary."""
    with path.open("rb") as stream:
        binary = stream.read(len(_BINARY)) == _BINARY
        stream.seek(max(0, path.stat().st_size - 200))
        tail = stream.read()
    whole = (
        tail.rstrip(b"\0\r\n").endswith(b"EOF")
        if binary
        else _END.search(tail.rstrip(b"\0\x1a \t\r\n"))
    )
    if not whole:
        raise refusal(source, "file_cut")
    return binary


def _metres(document: Drawing, unit: str | None, source: str) -> tuple[float, list[Fault]]:
    """Return how many metres one unit is, and a note that says which unit was taken."""
    said = _UNITS.get(int(document.header.get("$INSUNITS", 0) or 0))
    used = unit or said
    if used is None:
        raise refusal(source, "dxf_unit_missing", units=", ".join(DRAWING_UNITS))
    code = "dxf_unit" if said in (None, used) else "dxf_unit_overruled"
    return DRAWING_UNITS[used], [Fault(code, "note", params={"unit": used, "said": said or "–"})]


def _count(
    entities: Iterable[DXFEntity], document: Drawing, known: dict[str, int], depth: int
) -> int:
    """Return how many entities there are after blocks are taken apart, without taking them apart."""
    total = 0
    for entity in entities:
        total += 1
        if isinstance(entity, Insert):
            name = str(entity.dxf.name)
            if name not in known:
                # A block that holds itself, or too many levels, counts as too many.
                known[name] = MOST_ENTITIES if depth < MOST_BLOCK_DEPTH else MOST_ENTITIES + 1
                block = document.blocks.get(name)
                if block is not None and depth < MOST_BLOCK_DEPTH:
                    known[name] = _count(block, document, known, depth + 1)
            total += entity.mcount * known[name]
    return total


def _take(entity: DXFEntity, read: _Read, depth: int, parent: dict[str, Any] | None) -> None:
    """Add an entity as a row, or a block as the rows of what is in it."""
    read.entities += 1
    if read.entities > MOST_ENTITIES:
        raise refusal(read.source, "dxf_too_many", most=MOST_ENTITIES)
    kind = entity.dxftype()
    if kind in _TEXTS:
        _take_text(entity, read)
        return
    row = _row(entity, read.document, parent)
    if isinstance(entity, Insert):
        _take_block(entity, read, depth, row)
        return
    if kind == "MLINE":
        for part in _parts(entity):
            _take(part, read, depth + 1, row)
        return
    if not (kind in _CURVES or kind in ("HATCH", "MPOLYGON", "POINT", "SOLID", "TRACE")):
        read.not_read[kind] += 1
        return
    shape: BaseGeometry | None = None
    try:
        shape = _shape(entity, kind, read.scale)
    except (*_BROKEN, shapely.errors.GEOSException):
        read.faults.append(Fault("geometry_unreadable", row=len(read.rows) + 1))
    else:
        if shape is None:
            read.not_read[kind] += 1
            return
    read.rows.append(row)
    read.shapes.append(shape)


def _row(entity: DXFEntity, document: Drawing, parent: dict[str, Any] | None) -> dict[str, Any]:
    name = str(entity.dxf.get("layer", "0"))
    if name == "0" and parent is not None:  # what lies on 0 in a block is on the block's layer
        name = str(parent["layer"])
    off = False
    if document.layers.has_entry(name):
        entry = document.layers.get(name)
        off = bool(entry.is_off() or entry.is_frozen())
    return {
        "layer": name,
        "entity": entity.dxftype(),
        "handle": entity.dxf.get("handle") or (parent or {}).get("handle"),
        "color": int(entity.dxf.get("color", 256)),
        "block": (parent or {}).get("block"),
        "layer_off": off or bool((parent or {}).get("layer_off")),
    }


def _take_block(insert: Insert, read: _Read, depth: int, row: dict[str, Any]) -> None:
    block = insert.block()
    if block is None or block.block is None or block.block.is_xref:
        read.not_read["XREF"] += 1
        return
    row["block"] = str(insert.dxf.name)
    if depth >= MOST_BLOCK_DEPTH or insert.mcount > MOST_ENTITIES:
        raise refusal(read.source, "dxf_too_many", most=MOST_ENTITIES)
    single = [insert] if insert.mcount <= 1 else list(insert.multi_insert())
    attributes = {
        str(item.dxf.tag): str(item.dxf.text) for item in insert.attribs if item.dxf.get("tag")
    }
    if not attributes:
        for one in single:
            for part in _parts(one):
                _take(part, read, depth + 1, row)
        return
    inner = _Read(read.source, read.document, read.scale, entities=read.entities)
    for one in single:
        for part in _parts(one):
            _take(part, inner, depth + 1, row)
    read.entities = inner.entities
    read.not_read += inner.not_read
    read.texts += inner.texts
    read.faults += [fault for fault in inner.faults if fault.row is None]
    shapes = [shape for shape in inner.shapes if shape is not None]
    place = insert.ocs().to_wcs(insert.dxf.insert)
    shapes = shapes or [shapely.Point(place.x * read.scale, place.y * read.scale)]
    most = max(int(shapely.get_dimensions(shape)) for shape in shapes)
    parts = shapely.get_parts([s for s in shapes if int(shapely.get_dimensions(s)) == most])
    make = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)[most]
    for tag, text in attributes.items():
        row[tag if tag not in row else f"{tag}_2"] = text
    read.rows.append(row)
    read.shapes.append(parts[0] if len(parts) == 1 else make(list(parts)))


def _parts(entity: Any) -> Iterator[DXFEntity]:
    """Yield what is in a block, moved to where it stands; bounded by the caller's count."""
    yield from (
        entity.virtual_entities(skipped_entity_callback=lambda *_: None)
        if isinstance(entity, Insert)
        else entity.virtual_entities()
    )


def _shape(entity: Any, kind: str, scale: float) -> BaseGeometry | None:
    """Return an entity in metres, arcs as chords; None for what is no line or area."""
    if kind == "POINT":
        place = entity.dxf.location
        return shapely.Point(place.x * scale, place.y * scale)
    if kind in ("SOLID", "TRACE"):
        corners = [(v.x * scale, v.y * scale) for v in entity.wcs_vertices()]
        return shapely.Polygon(corners) if len(corners) > 2 else None
    if kind in ("HATCH", "MPOLYGON"):
        rings = [_flat(path, scale) for path in ezdxf.path.from_hatch(entity)]
        return _area([ring for ring in rings if len(ring) > 3])
    if kind == "POLYLINE" and not (entity.is_2d_polyline or entity.is_3d_polyline):
        return None
    xy = _flat(ezdxf.path.make_path(entity), scale)
    closed = kind in _CLOSED or bool(
        getattr(entity, "is_closed", False) or getattr(entity, "closed", False)
    )
    closed = closed or (kind != "LINE" and len(xy) > 3 and bool((xy[0] == xy[-1]).all()))
    if closed and len(np.unique(xy, axis=0)) > 2:
        return shapely.Polygon(xy)
    return shapely.LineString(xy)


def _flat(path: ezdxf.path.Path, scale: float) -> npt.NDArray[np.float64]:
    """Return a path as places in metres, shape (n, 2)."""
    corners = np.array([(v.x, v.y) for v in path.control_vertices()], dtype=np.float64)
    if len(corners) == 0:
        return np.empty((0, 2))
    size = float(np.ptp(corners, axis=0).max())
    if not np.isfinite(size):
        raise ValueError("endless")
    error = max(CHORD_ERROR_M / scale, size / _FEWEST_CHORDS)
    if not path.has_curves:
        return corners * scale
    xy = np.array([(v.x, v.y) for v in path.flattening(error)], dtype=np.float64)
    return xy * scale


def _area(rings: list[npt.NDArray[np.float64]]) -> BaseGeometry | None:
    """Return the area of boundaries by the even-odd rule, as hatches are filled."""
    area: Any = None
    for ring in rings:
        drawn: BaseGeometry = shapely.Polygon(ring)
        if tangled(np.array([drawn], dtype=object))[0]:
            return drawn  # to mend it would take minutes; it is refused with all others of its kind
        part = shapely.make_valid(drawn)
        area = part if area is None else shapely.symmetric_difference(area, part)
    return area if area is None or isinstance(area, BaseGeometry) else None


def _take_text(entity: Any, read: _Read) -> None:
    written = entity.plain_text() if entity.dxftype() == "TEXT" else entity.plain_text(split=False)
    place = entity.dxf.insert
    if entity.dxftype() == "TEXT":
        place = entity.ocs().to_wcs(place)
    if str(written).strip():
        read.texts.append((place.x * read.scale, place.y * read.scale, str(written).strip()))


def _decode(read: _Read, stated: str, encoding: str | None) -> None:
    """Bring texts into the stated encoding, or refuse letters that are in none."""
    try:
        for row in read.rows:
            for name in [name for name in row if isinstance(name, str)]:
                value = row.pop(name)
                row[_decoded(name, stated, encoding)] = (
                    _decoded(value, stated, encoding) if isinstance(value, str) else value
                )
        read.texts = [(x, y, _decoded(text, stated, encoding)) for x, y, text in read.texts]
    except (UnicodeError, LookupError):
        raise refusal(read.source, "encoding_wrong", encoding=encoding or stated) from None


def _decoded(text: str, stated: str, encoding: str | None) -> str:
    if text.isascii():
        return text
    if encoding is None:
        text.encode("utf-8")  # half letters are bytes that the stated encoding does not know
        return text
    return text.encode(stated, "surrogateescape").decode(encoding)


def _choose(read: _Read, layers: tuple[str, ...]) -> None:
    """Keep the rows of some layers of the drawing, and name the others."""
    if not layers:
        return
    meant = {fold(layer) for layer in layers}
    found = Counter(str(row["layer"]) for row in read.rows)
    keep = [at for at, row in enumerate(read.rows) if fold(row["layer"]) in meant]
    if not keep:
        raise refusal(
            read.source, "layer_missing", layer=", ".join(layers), layers=", ".join(found) or "–"
        )
    left = ", ".join(f"{name} {count}" for name, count in found.items() if fold(name) not in meant)
    if left:
        read.faults.append(Fault("dxf_layers_left", "note", params={"layers": left}))
    number = {at + 1: new + 1 for new, at in enumerate(keep)}
    read.rows = [read.rows[at] for at in keep]
    read.shapes = [read.shapes[at] for at in keep]
    read.faults = [
        fault if fault.row is None else Fault(fault.code, fault.level, number[fault.row])
        for fault in read.faults
        if fault.row is None or fault.row in number
    ]


def _found(read: _Read) -> FoundLayer:
    if read.not_read:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(read.not_read.items()))
        read.faults.append(Fault("dxf_not_read", "note", params={"kinds": kinds}))
    if not read.rows:
        raise refusal(read.source, "dxf_nothing")
    off = dict.fromkeys(str(row["layer"]) for row in read.rows if row["layer_off"])
    if off:
        read.faults.append(Fault("dxf_layers_off", "note", params={"layers": ", ".join(off)}))
    geometry = np.empty(len(read.rows), dtype=object)
    geometry[:] = read.shapes
    table = table_of(read.rows, read.source)
    texts, lone = _texts_inside(geometry, read.texts)
    if any(texts):
        table.insert(6, "text", texts)
    if lone:
        read.faults.append(
            Fault("dxf_texts_left", "note", params={"count": len(lone), "found": lone[0][:40]})
        )
    return FoundLayer(table, geometry, None, "dxf", 1, read.faults)


def _texts_inside(
    geometry: npt.NDArray[np.object_], texts: list[tuple[float, float, str]]
) -> tuple[list[str | None], list[str]]:
    """Return the texts in every area, joined by lines, and those that lie in none.

    A text in areas that lie in each other belongs to the smallest.
    """
    found: list[list[str]] = [[] for _ in geometry]
    if not texts:
        return [None] * len(found), []
    areas = np.flatnonzero(shapely.get_dimensions(geometry) == 2)
    places = shapely.points([(x, y) for x, y, _ in texts])
    tree = shapely.STRtree(geometry[areas])
    at, inside = tree.query(places, predicate="intersects")
    size = shapely.area(geometry[areas])
    best: dict[int, int] = {}
    for number, area in zip(at.tolist(), inside.tolist(), strict=True):
        if number not in best or size[area] < size[best[number]]:
            best[number] = area
    for number, area in sorted(best.items()):
        found[int(areas[area])].append(texts[number][2])
    lone = [text for number, (_, _, text) in enumerate(texts) if number not in best]
    return ["\n".join(words) or None for words in found], lone

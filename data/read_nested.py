"""Feeds in JSON and XML that hold records somewhere: found, flattened, with their geometry.

Where a document has several lists of records it is asked which one is meant; a list of links to
further pages is none. ESRI's JSON is read with its spatial reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from coordination.faults import Fault
from data.flat_records import flat, joined
from data.found_layer import Format, FoundLayer, table_of
from data.geometry_columns import find_geometry
from data.judge_crs import crs_of, refusal
from data.read_geojson import features_of, read_features
from data.safe_xml import local
from data.source_hints import SourceHints

_LINKS = frozenset({"links", "_links", "rel", "href"})
_DEEPEST = 6
"""Levels of objects above the records."""


def read_nested_json(
    document: Any, source: str, *, layer: str | None, hints: SourceHints
) -> FoundLayer:
    """Read the records of a JSON document.

    Parameters
    ----------
    document
        As parsed.
    source
        The file's name.
    layer
        Dotted path to the list of records, where there are several; `SourceHints.records` too.
    hints
        Where the geometry is.

    Raises
    ------
    InputRefusedError
        When there are no records, or several lists of them and none is named.
    """
    path = layer or hints.records
    lists = dict(_lists(document, (), 0))
    if path is not None and path not in lists:
        raise refusal(
            source, "layer_missing", layer=path, layers=", ".join(filter(None, lists)) or "–"
        )
    if not lists:
        raise refusal(source, "records_missing")
    if path is None and len(lists) > 1:
        raise refusal(source, "records_several", found=", ".join(lists))
    path = next(iter(lists)) if path is None else path
    records, parent = lists[path]
    features = features_of(records)
    if features is not None:
        return read_features(features, parent, source)
    if records and all(_is_esri(item) for item in records):
        return _read_esri(records, parent, source)
    rows = [flat(item) if isinstance(item, dict) else {} for item in records]
    faults = [
        Fault("record_unreadable", row=number)
        for number, item in enumerate(records, start=1)
        if not isinstance(item, dict)
    ]
    return _with_geometry(rows, "json", faults, source, hints)


def _with_geometry(
    rows: list[dict[str, Any]], kind: Format, faults: list[Fault], source: str, hints: SourceHints
) -> FoundLayer:
    table = table_of(rows, source)
    read = find_geometry(table, first_row=1, hints=hints, source=source)
    if read is None:
        return FoundLayer(table, None, None, kind, 1, faults)
    crs = crs_of(read.crs, source) if read.crs is not None else None
    return FoundLayer(table, read.geometry, crs, kind, 1, faults + read.faults, read.columns)


def _lists(
    value: Any, path: tuple[str, ...], depth: int
) -> Iterator[tuple[str, tuple[list[Any], Any]]]:
    """Yield every list of records by its path, with the object that it is in."""
    if isinstance(value, list):
        if _are_records(value):
            yield ".".join(path), (value, None)
        return
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    for name, inner in value.items():
        if isinstance(inner, list) and _are_records(inner) and name not in _LINKS:
            yield ".".join((*path, str(name))), (inner, value)
        elif isinstance(inner, dict):
            yield from _lists(inner, (*path, str(name)), depth + 1)


def _are_records(values: list[Any]) -> bool:
    objects = [item for item in values if isinstance(item, dict)]
    return len(objects) * 2 > len(values) and not all(
        item.keys() <= {"rel", "href", "type", "title"} for item in objects
    )


# --- ESRI JSON -----------------------------------------------------------------------------------


def _is_esri(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("attributes"), dict)


def _read_esri(records: list[Any], parent: Any, source: str) -> FoundLayer:
    table = table_of([flat(item["attributes"]) for item in records], source)
    geometry = np.full(len(records), None, dtype=object)
    faults = []
    for at, item in enumerate(records):
        written = item.get("geometry")
        if written is None:
            continue
        try:
            geometry[at] = _esri_shape(written)
        except (ValueError, TypeError, AttributeError, OverflowError, shapely.errors.GEOSException):
            faults.append(Fault("geometry_unreadable", row=at + 1))
    reference = parent.get("spatialReference") if isinstance(parent, dict) else None
    crs = _esri_crs(reference, source) if isinstance(reference, dict) else None
    return FoundLayer(table, geometry, crs, "json", 1, faults)


def _esri_crs(reference: dict[str, Any], source: str) -> CRS | None:
    code = reference.get("latestWkid") or reference.get("wkid")
    if isinstance(code, int):
        web_mercator = code in (102100, 102113)
        authority = "ESRI" if code >= 100_000 and not web_mercator else "EPSG"
        return crs_of(f"{authority}:{3857 if web_mercator else code}", source)
    written = reference.get("wkt")
    return crs_of(written, source) if isinstance(written, str) else None


def _esri_shape(written: dict[str, Any]) -> shapely.Geometry | None:
    if "x" in written:
        x, y = written["x"], written["y"]
        return None if x in (None, "NaN") else shapely.Point(float(x), float(y))
    if "points" in written:
        return shapely.MultiPoint(_xy(written["points"]))
    if "paths" in written:
        lines = [shapely.LineString(_xy(path)) for path in written["paths"]]
        return shapely.MultiLineString(lines) if lines else None
    if "rings" in written:
        return _esri_area([shapely.LinearRing(_xy(ring)) for ring in written["rings"]])
    raise ValueError("geometry")


def _xy(places: Any) -> npt.NDArray[np.float64]:
    return np.array([place[:2] for place in places], dtype=np.float64).reshape(-1, 2)


def _esri_area(rings: list[shapely.LinearRing]) -> shapely.Geometry | None:
    """Return an area of rings: clockwise ones are outer, the others holes of the one around them."""
    outer = [shapely.Polygon(ring) for ring in rings if not shapely.is_ccw(ring)]
    if not outer:
        outer, rings = [shapely.Polygon(ring) for ring in rings], []
    holes: list[list[shapely.LinearRing]] = [[] for _ in outer]
    for ring in rings:
        if shapely.is_ccw(ring):
            inside = shapely.contains_xy(outer, *shapely.get_coordinates(ring)[0])
            around = np.flatnonzero(inside)
            if len(around) == 0:
                raise ValueError("hole")
            smallest = min(around, key=lambda at: float(shapely.area(outer[at])))
            holes[int(smallest)].append(ring)
    areas = [
        shapely.Polygon(area.exterior, holes=inner or None)
        for area, inner in zip(outer, holes, strict=True)
    ]
    return shapely.MultiPolygon(areas) if len(areas) > 1 else (areas[0] if areas else None)


# --- XML -----------------------------------------------------------------------------------------


def read_nested_xml(
    root: Element, source: str, *, layer: str | None, hints: SourceHints
) -> FoundLayer:
    """Read the repeated elements of an XML document as records.

    Columns are the paths of elements and attributes below the record, joined by dots.

    Parameters
    ----------
    root
        As `data.safe_xml.parse_xml` returns it.
    source
        The file's name.
    layer
        Tag of the record, where several are repeated; `SourceHints.records` too.
    hints
        Where the geometry is.
    """
    wanted = layer or hints.records
    if wanted is not None:
        records = [item for item in root.iter() if local(item.tag) == wanted.rpartition(".")[2]]
        if not records:
            raise refusal(
                source, "layer_missing", layer=wanted, layers=", ".join(_repeated(root)) or "–"
            )
    else:
        found = _repeated(root)
        if not found:
            raise refusal(source, "records_missing")
        if len(found) > 1:
            raise refusal(source, "records_several", found=", ".join(found))
        records = next(iter(found.values()))
    rows = []
    for item in records:
        cells: dict[str, list[Any]] = {}
        _xml_cells(item, "", cells)
        rows.append({name: joined(values) for name, values in cells.items()})
    return _with_geometry(rows, "xml", [], source, hints)


def _repeated(root: Element) -> dict[str, list[Element]]:
    """Return the elements of the first level on which some tag stands more than once."""
    level = [root]
    while level:
        groups: dict[str, list[Element]] = {}
        several = False
        for parent in level:
            counts: dict[str, int] = {}
            for child in parent:
                tag = local(child.tag)
                if tag:
                    groups.setdefault(tag, []).append(child)
                    counts[tag] = counts.get(tag, 0) + 1
            several = several or max(counts.values(), default=0) > 1
        if several:
            return {
                tag: items for tag, items in groups.items() if len(items) > 1 and _has_cells(items)
            }
        level = [child for items in groups.values() for child in items]
    return {}


def _has_cells(items: list[Element]) -> bool:
    return any(len(item) or len(item.attrib) > 1 for item in items[:100])


def _xml_cells(element: Element, name: str, cells: dict[str, list[Any]]) -> None:
    for key, value in element.attrib.items():
        cells.setdefault(f"{name}.{local(key)}" if name else local(key), []).append(value)
    text = (element.text or "").strip()
    if name and (text or not (len(element) or element.attrib)):
        cells.setdefault(name, []).append(text or None)
    for child in element:
        tag = local(child.tag)
        if tag:
            _xml_cells(child, f"{name}.{tag}" if name else tag, cells)

"""KML, also as KMZ: placemarks with their folder, extended data and time.

Read here and not by GDAL: a placemark is a row whatever it holds, what it holds that is no work
(tracks, models, pictures) is said by row, and links to other files are never followed. KML is in
WGS 84 by its standard; whether its numbers are is judged against the road network elsewhere, for
Chinese exports often are not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from coordination.faults import Fault
from data.found_layer import WGS84, FoundLayer, table_of
from data.judge_crs import refusal
from data.safe_xml import local

_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
_NO_WORK = frozenset({"Track", "MultiTrack", "Model"})
_CONTAINERS = frozenset({"kml", "Document", "Folder"})
_PICTURES = frozenset({"NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay"})
_BREAK = re.compile(r"<\s*(?:br|/p|/tr|/li|/div|/h\d)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


def read_kml(root: Element, source: str, *, layer: str | None = None) -> FoundLayer:
    """Read the placemarks of a KML document.

    Columns: ``id``, ``name``, ``description`` (its HTML as text), ``folder`` (names from the
    outside, joined by `` / ``), ``begin`` and ``end`` (TimeSpan, or both from TimeStamp), then the
    extended data by name. Altitude is left out.

    Parameters
    ----------
    root
        As `data.safe_xml.parse_xml` returns it.
    source
        The file's name.
    layer
        Only placemarks in the folder of this name, or below it.

    Raises
    ------
    InputRefusedError
        When the document cannot be read, holds no placemark, or only links to others.
    """
    rows: list[dict[str, Any]] = []
    shapes: list[BaseGeometry | None] = []
    faults: list[Fault] = []
    links = 0
    folders: dict[str, None] = {}
    for mark, path in _features(root, ()):
        kind = local(mark.tag)
        if kind in _PICTURES:
            links += 1
            continue
        folders.update(dict.fromkeys(path))
        if layer is not None and layer not in path:
            continue
        number = len(rows) + 1
        rows.append(_row(mark, path))
        try:
            shapes.append(_geometry(mark))
        except (ValueError, shapely.errors.GEOSException):
            shapes.append(None)
            faults.append(Fault("geometry_unreadable", row=number))
        faults += [
            Fault("kml_not_read", row=number, params={"kind": kind})
            for kind in dict.fromkeys(local(item.tag) for item in mark.iter())
            if kind in _NO_WORK
        ]
    if links:
        faults.append(Fault("kml_links", "note", params={"count": links}))
    if not rows:
        if layer is not None and folders:
            raise refusal(source, "layer_missing", layer=layer, layers=", ".join(folders))
        raise refusal(source, "kml_only_links" if links else "kml_without_placemarks")
    geometry = np.empty(len(rows), dtype=object)
    geometry[:] = shapes
    return FoundLayer(table_of(rows, source), geometry, WGS84, "kml", 1, faults)


def _features(element: Element, path: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """Yield placemarks and what is drawn otherwise, with the folders around; depth is bounded."""
    for child in element:
        kind = local(child.tag)
        if kind == "Placemark" or kind in _PICTURES:
            yield child, path
        elif kind in _CONTAINERS:
            name = _text(child, "name") if kind == "Folder" else None
            yield from _features(child, (*path, name) if name else path)
        elif kind in ("Update", "NetworkLinkControl"):
            continue


def _row(mark: Element, path: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": mark.get("id"), "name": _text(mark, "name")}
    description = _text(mark, "description")
    row["description"] = plain_text(description) if description else None
    row["folder"] = " / ".join(path) or None
    for item in mark:
        kind = local(item.tag)
        if kind == "TimeSpan":
            row["begin"], row["end"] = _text(item, "begin"), _text(item, "end")
        elif kind == "TimeStamp":
            row["begin"] = row["end"] = _text(item, "when")
        elif kind == "address":
            row["address"] = _text(mark, "address")
        elif kind == "ExtendedData":
            for name, value in _extended(item):
                # A name of ours that is taken is kept apart, never overwritten.
                row[name if row.get(name) is None else f"{name}_2"] = value
    return row


def _extended(data: Element) -> Iterator[tuple[str, str | None]]:
    for item in data:
        kind = local(item.tag)
        if kind == "Data" and item.get("name"):
            yield str(item.get("name")), _text(item, "value")
        elif kind == "SchemaData":
            for field in item:
                if local(field.tag) == "SimpleData" and field.get("name"):
                    yield str(field.get("name")), (field.text or "").strip() or None
        elif kind and not len(item):
            yield kind, (item.text or "").strip() or None


def _text(element: Element, name: str) -> str | None:
    for child in element:
        if local(child.tag) == name:
            return (child.text or "").strip() or None
    return None


def plain_text(written: str) -> str:
    r"""Return the text of an HTML fragment: breaks become lines, tags go, entities are letters.

    Examples
    --------
    >>> plain_text("<b>仓场路</b><br/>DN300 &amp; DN500<script>x()</script>")
    '仓场路\nDN300 & DN500'
    """
    text = _TAG.sub(" ", _BREAK.sub("\n", _HIDDEN.sub(" ", written)))
    lines = (" ".join(line.split()) for line in html.unescape(text).split("\n"))
    return "\n".join(line for line in lines if line)


def _geometry(element: Element) -> BaseGeometry | None:
    """Return the geometry of a placemark or of a MultiGeometry; None where it has none."""
    parts: list[Any] = [
        part
        for child in element
        if local(child.tag) in _GEOMETRIES and (part := _one(child)) is not None
    ]
    if len(parts) < 2:
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(parts)
    if kinds == {"LineString"}:
        return shapely.MultiLineString(parts)
    if kinds == {"Point"}:
        return shapely.MultiPoint(parts)
    return shapely.GeometryCollection(parts)


def _one(element: Element) -> BaseGeometry | None:
    kind = local(element.tag)
    if kind == "MultiGeometry":
        return _geometry(element)
    if kind == "Polygon":
        outer = [_ring(item) for item in element if local(item.tag) == "outerBoundaryIs"]
        inner = [_ring(item) for item in element if local(item.tag) == "innerBoundaryIs"]
        if len(outer) != 1:
            raise ValueError(kind)
        return shapely.Polygon(outer[0], holes=inner or None)
    coordinates = _coordinates(element)
    if kind == "Point":
        if len(coordinates) != 1:
            raise ValueError(kind)
        return shapely.Point(coordinates[0])
    return shapely.LineString(coordinates)


def _ring(boundary: Element) -> shapely.LinearRing:
    rings = [item for item in boundary if local(item.tag) == "LinearRing"]
    if len(rings) != 1:
        raise ValueError("LinearRing")
    return shapely.LinearRing(_coordinates(rings[0]))


def _coordinates(element: Element) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return longitude and latitude, shape (n, 2); some programs put blanks after the commas."""
    written = re.sub(r"\s*,\s*", ",", _text(element, "coordinates") or "").split()
    numbers = [item.split(",")[:2] for item in written]
    if any(len(pair) != 2 for pair in numbers):
        raise ValueError("coordinates")
    return np.array(numbers, dtype=np.float64).reshape(-1, 2)

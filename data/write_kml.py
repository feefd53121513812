"""Layers as KML 2.2, for programs that look at maps rather than work with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.write_layers import COORDINATE_DIGITS, json_text, plain_value, write_whole

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def write_kml(
    path: Path,
    rows: gpd.GeoDataFrame,
    *,
    name: str,
    origin: Mapping[str, object],
    title: str | None = None,
    period: tuple[str, str] | None = None,
) -> Path:
    """Write one Placemark per row: every value in ``ExtendedData``, geometry in WGS 84.

    Parameters
    ----------
    path
        Where.
    rows
        Any known CRS. Coordinates get 7 digits (about a centimetre), longitude first.
    name
        Name of the document.
    origin
        What the file says of itself, in the document's ``ExtendedData``.
    title
        Column that gives the Placemarks their names.
    period
        Columns of first and last day, which become ``TimeSpan``.
    """
    plain = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    columns = {str(name): [_text(value) for value in plain[name]] for name in plain.columns}
    shapes = _geometries(rows.geometry)
    titles = columns[title] if title is not None else [""] * len(rows)
    spans = [columns[column] for column in period] if period is not None else None
    placemarks = []
    for row in range(len(rows)):
        parts = [f"<name>{titles[row] or ''}</name>"]
        if spans is not None and (spans[0][row] or spans[1][row]):
            begin, end = spans[0][row], spans[1][row]
            parts.append(
                "<TimeSpan>"
                + (f"<begin>{begin}</begin>" if begin else "")
                + (f"<end>{end}</end>" if end else "")
                + "</TimeSpan>"
            )
        parts.append(_extended({key: values[row] for key, values in columns.items()}))
        parts.append(shapes[row])
        placemarks.append("<Placemark>" + "".join(parts) + "</Placemark>")
    said = _extended({key: _text(value) for key, value in origin.items()})
    return write_whole(
        path,
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n'
        f"<Document><name>{_text(name)}</name>{said}\n"
        + "\n".join(placemarks)
        + "\n</Document>\n</kml>\n",
    )


def _text(value: object) -> str | None:
    """Return a value as text of an element, or None where it is missing."""
    plain = plain_value(value)
    if plain is None:
        return None
    text = plain if isinstance(plain, str) else json_text(plain)
    # A bare carriage return would be read as a line end.
    return escape(_NOT_XML.sub("", text), {"\r": "&#13;"})


def _extended(values: Mapping[str, str | None]) -> str:
    data = "".join(
        f'<Data name="{escape(key, {chr(34): "&quot;"})}"><value>{value}</value></Data>'
        for key, value in values.items()
        if value is not None
    )
    return f"<ExtendedData>{data}</ExtendedData>" if data else ""


def _geometries(geometries: gpd.GeoSeries) -> list[str]:
    texts = np.full(len(geometries), "", dtype=object)
    here = ~(geometries.isna() | geometries.is_empty).to_numpy()
    if not here.any():
        return texts.tolist()
    if geometries.crs is None:
        raise ValueError("geometries have no CRS: they cannot be written as WGS 84")
    shapes = shapely.orient_polygons(
        shapely.force_2d(geometries.to_crs(4326).to_numpy()[here]), exterior_cw=False
    )
    texts[here] = [_geometry(shape) for shape in shapes]
    return texts.tolist()


def _geometry(shape: Any) -> str:
    parts = shapely.get_parts(shape)
    if shape.geom_type.startswith("Multi") or shape.geom_type == "GeometryCollection":
        return "<MultiGeometry>" + "".join(map(_geometry, parts)) + "</MultiGeometry>"
    if shape.geom_type == "Polygon":
        rings = [f"<outerBoundaryIs>{_ring(shape.exterior)}</outerBoundaryIs>"]
        rings += [f"<innerBoundaryIs>{_ring(hole)}</innerBoundaryIs>" for hole in shape.interiors]
        return f"<Polygon>{''.join(rings)}</Polygon>"
    kind = "LineString" if shape.geom_type in ("LineString", "LinearRing") else "Point"
    return f"<{kind}>{_coordinates(shape)}</{kind}>"


def _ring(ring: Any) -> str:
    return f"<LinearRing>{_coordinates(ring)}</LinearRing>"


def _coordinates(shape: Any) -> str:
    pairs = np.round(shapely.get_coordinates(shape), COORDINATE_DIGITS).tolist()
    return "<coordinates>" + " ".join(f"{x!r},{y!r}" for x, y in pairs) + "</coordinates>"

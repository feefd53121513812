"""What a person says about where the rows and the geometry of a file are, when it is not plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.coordinates import AXES, Axes
from data.written_coordinates import Shape
from geo.frames import FRAMES, Frame

DRAWING_UNITS: Mapping[str, float] = {
    "mm": 0.001, "cm": 0.01, "dm": 0.1, "m": 1.0, "km": 1000.0, "inch": 0.0254, "foot": 0.3048,
}  # fmt: skip
"""Units that a drawing may be in, and how many metres each is."""


@dataclass(frozen=True)
class SourceHints:
    """Where to find rows and geometry; what is None is found by the reader, or asked for.

    In a mapping file::

        frame = "gcj02"              # of the coordinates: wgs84, gcj02 or bd09
        axes = "yx"                  # northing or latitude first, whatever the format says
        records = "results"          # where in a JSON or XML document the rows are

        [geometry]
        column = "geo_shape"         # holds WKT, WKB, GeoJSON or coordinates; or two columns of numbers:
        lon = "utm_x"                # longitude or easting
        lat = "utm_y"                # latitude or northing
        north_first = true           # the numbers are written latitude (northing) first
        shape = "area"               # lists of places that are not closed: "area" or "line"

        [dxf]
        unit = "mm"                  # where the drawing does not say it

    ``geometry = "geo_shape"`` is short for the first.

    Attributes
    ----------
    frame, axes
        As `data.coordinates.Coordinates`; what is said beside the mapping goes first.
    records
        Dotted path to the list of rows in a JSON document, or to the repeated element in XML.
    column
        Column that holds the geometry.
    lon, lat
        Columns of longitude or easting, and of latitude or northing.
    north_first
        Whether the geometry is written northing (latitude) first.
    shape
        What lists of places that do not end where they begin are: ``area`` or ``line``.
    drawing_unit
        One of `DRAWING_UNITS`.
    header_row
        Number of the row of a table's header, as a person counts it.
    headers
        Names of columns, folded, by which a header is known besides those of the catalogue.
    """

    frame: Frame | None = None
    axes: Axes | None = None
    records: str | None = None
    column: str | None = None
    lon: str | None = None
    lat: str | None = None
    north_first: bool = False
    shape: Shape | None = None
    drawing_unit: str | None = None
    header_row: int | None = None
    headers: frozenset[str] = frozenset()
    layers: tuple[str, ...] = ()


HINT_ENTRIES = frozenset({"frame", "axes", "records", "geometry", "dxf"})
"""Entries of a mapping file that `hints_of` reads."""


def hints_of(raw: Mapping[str, Any]) -> tuple[SourceHints, list[str]]:
    """Read the entries of a mapping file that say where rows and geometry are.

    Returns
    -------
    hints, wrong
        What was said, and the entries that are not written as they should be.

    Examples
    --------
    >>> hints_of({"records": "results", "geometry": "geo_shape"})[0].column
    'geo_shape'
    >>> hints_of({"dxf": {"unit": "ell"}})[1]
    ['[dxf] unit']
    """
    wrong: list[str] = []
    geometry = raw.get("geometry", {})
    if isinstance(geometry, str):
        geometry = {"column": geometry}
    drawing = raw.get("dxf", {})
    if not isinstance(geometry, dict):
        wrong.append("geometry")
        geometry = {}
    if not isinstance(drawing, dict):
        wrong.append("dxf")
        drawing = {}
    wrong += [f"[geometry] {key}" for key in geometry.keys() - _GEOMETRY_KEYS]
    wrong += [f"[dxf] {key}" for key in drawing.keys() - {"unit"}]

    def text(entry: str, value: Any) -> str | None:
        if value is None or (isinstance(value, str) and value):
            return value
        wrong.append(entry)
        return None

    unit = text("[dxf] unit", drawing.get("unit"))
    if unit is not None and unit not in DRAWING_UNITS:
        wrong.append("[dxf] unit")
        unit = None
    north_first = geometry.get("north_first", False)
    if not isinstance(north_first, bool):
        wrong.append("[geometry] north_first")
        north_first = False
    shape = geometry.get("shape")
    if shape not in (None, "area", "line"):
        wrong.append("[geometry] shape")
        shape = None
    frame = next((known for known in FRAMES if known == raw.get("frame")), None)
    axes = next((known for known in AXES if known == raw.get("axes")), None)
    wrong += [
        entry
        for entry, known in (("frame", frame), ("axes", axes))
        if entry in raw and known is None
    ]
    if (geometry.get("lon") is None) != (geometry.get("lat") is None):
        wrong.append("[geometry] lon, lat")
    hints = SourceHints(
        frame=frame,
        axes=axes,
        records=text("records", raw.get("records")),
        column=text("[geometry] column", geometry.get("column")),
        lon=text("[geometry] lon", geometry.get("lon")),
        lat=text("[geometry] lat", geometry.get("lat")),
        north_first=north_first,
        shape=shape,
        drawing_unit=unit,
        layers=tuple(raw["layers"]) if isinstance(raw.get("layers"), dict) else (),
    )
    return hints, wrong


_GEOMETRY_KEYS = frozenset({"column", "lon", "lat", "north_first", "shape"})

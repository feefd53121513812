"""Nested records become flat rows: ``address.street``, scalars of a list joined, geometry kept whole."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from data.bounded_geometry import GEOMETRY_TYPES
from data.found_layer import plain
from data.geometry_columns import shape_of

JOINED_BY = "; "
"""Between the values of a list in one cell."""

_FAR = 1e9
_PLACES = (("lng", "lat"), ("lon", "lat"), ("longitude", "latitude"), ("x", "y"))


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a nested record as one row.

    An object becomes columns with dotted names, a list of scalars one text, a list of objects one
    text per column. What is a GeoJSON geometry or feature, or a list of places, stays whole, as the
    text of a GeoJSON geometry.

    Examples
    --------
    >>> flat({"at": {"street": "仓场路", "no": 7}, "kinds": ["gas", "water"], "days": [{"n": 1}]})
    {'at.street': '仓场路', 'at.no': 7, 'kinds': 'gas; water', 'days.n': 1}
    """
    row: dict[str, Any] = {}
    _flatten(record, "", row)
    return row


def _flatten(value: Any, name: str, row: dict[str, Any]) -> None:
    if isinstance(value, dict):
        if is_geometry(value):
            shape = value.get("geometry") if value.get("type") == "Feature" else value
            _put(row, name, None if shape is None else json.dumps(shape))
            return
        for key, inner in value.items():
            _flatten(inner, f"{name}.{plain(key)}" if name else plain(key), row)
        if not value and name:
            _put(row, name, None)
    elif isinstance(value, list):
        _flatten_list(value, name, row)
    else:
        _put(row, name, plain(value))


def _put(row: dict[str, Any], name: str, value: Any) -> None:
    """Set a cell; a name that is taken (``a.b`` beside ``b`` in ``a``) is kept apart."""
    while name in row:
        name += "_2"
    row[name] = value


def _flatten_list(values: list[Any], name: str, row: dict[str, Any]) -> None:
    places = _places(values, name)
    if places is not None:
        _put(row, name, places)
    elif values and all(isinstance(item, dict) for item in values):
        inner = [flat(item) for item in values]
        for key in dict.fromkeys(key for item in inner for key in item):
            _put(row, f"{name}.{key}", joined([item.get(key) for item in inner]))
    elif any(isinstance(item, dict | list) for item in values):
        _put(row, name, plain(values))
    else:
        _put(row, name, joined(values))


def joined(values: list[Any]) -> Any:
    """Return the one value of a list, or the text of several.

    Examples
    --------
    >>> joined([7]), joined(["a", None, "b"]), joined([])
    (7, 'a; b', None)
    """
    if len(values) == 1:
        return plain(values[0])
    said = [value for value in values if value is not None and value != ""]
    return JOINED_BY.join(str(plain(value)) for value in said) or None


def is_geometry(value: dict[str, Any]) -> bool:
    """Tell whether an object is a GeoJSON geometry, or a feature with one or without.

    Examples
    --------
    >>> is_geometry({"type": "Point", "coordinates": [1, 2]}), is_geometry({"type": "Point"})
    (True, False)
    """
    kind = value.get("type")
    if kind == "Feature":
        inner = value.get("geometry", "")
        return inner is None or (isinstance(inner, dict) and is_geometry(inner))
    return (
        isinstance(kind, str)
        and kind in GEOMETRY_TYPES
        and ("coordinates" in value or "geometries" in value)
    )


def _places(values: list[Any], name: str) -> str | None:
    """Return a list of ``{"lat": …, "lng": …}`` as the text of a GeoJSON geometry.

    A ring that is called a polygon is one, also where its first place is not repeated.
    """
    if not values or not isinstance(values[0], dict):
        return None
    names = next((pair for pair in _PLACES if values[0].keys() == set(pair)), None)
    if names is None or any(not isinstance(item, dict) for item in values):
        return None
    xy = [[item.get(name) for name in names] for item in values]
    if not all(type(n) in (int, float) and -_FAR < n < _FAR for place in xy for n in place):
        return None
    if name.lower().endswith("polygon") and len(xy) > 2 and xy[0] != xy[-1]:
        xy.append(xy[0])
    shape = shape_of(np.array(xy, dtype=np.float64))
    coordinates: list[Any] = {"Point": xy[0], "LineString": xy}.get(shape.geom_type, [xy])
    return json.dumps({"type": shape.geom_type, "coordinates": coordinates})

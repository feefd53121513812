"""GeoJSON: features by the standard, and their properties as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault
from data.bounded_geometry import GEOMETRY_TYPES, from_geojson
from data.flat_records import flat
from data.found_layer import WGS84, FoundLayer, plain, table_of
from data.judge_crs import crs_of

MOST_DOTTED = 200
"""More columns than this are free tags and no fields."""


def features_of(document: Any) -> list[Any] | None:
    """Return the features of a GeoJSON document, or None where it is none.

    A bare list of features, as some portals write it, is one too.
    """
    if isinstance(document, list):
        alike = [isinstance(item, dict) and item.get("type") == "Feature" for item in document]
        return document if alike and all(alike) else None
    if not isinstance(document, dict):
        return None
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if isinstance(kind, str) and kind in GEOMETRY_TYPES:
        return [{"type": "Feature", "geometry": document, "properties": {}}]
    return None


def read_features(features: list[Any], document: Any, source: str) -> FoundLayer:
    """Read features: types stay, nested properties become dotted columns, a bad one is a row's fault."""
    rows = [feature if isinstance(feature, dict) else {} for feature in features]
    properties = [
        row["properties"] if isinstance(row.get("properties"), dict) else {} for row in rows
    ]
    table = _with_nested(properties, source)
    if "id" not in table and any(row.get("id") is not None for row in rows):
        table["id"] = [plain(row.get("id")) for row in rows]
    geometry = from_geojson([row.get("geometry") for row in rows])
    given = np.array([row.get("geometry") is not None for row in rows], dtype=np.bool_)
    unread = given & ~shapely.is_geometry(geometry)
    faults = [
        Fault("geometry_unreadable", row=i + 1)
        for i in range(len(rows))
        if unread[i]
        or rows[i].get("type") != "Feature"
        or not isinstance(rows[i].get("properties"), dict | None)
    ]
    return FoundLayer(table, geometry, geojson_crs(document, source), "geojson", 1, faults)


def _with_nested(properties: list[dict[str, Any]], source: str) -> pd.DataFrame:
    """Return properties as columns; what is nested as JSON, and beside it as dotted columns.

    Free tags, of which every feature has others, stay JSON alone: thousands of columns help nobody.
    """
    table = table_of(
        [{plain(name): plain(value) for name, value in row.items()} for row in properties], source
    )
    nested = [
        {name: value for name, value in row.items() if isinstance(value, dict | list)}
        for row in properties
    ]
    if not any(nested):
        return table
    dotted = [flat(row) for row in nested]
    names = dict.fromkeys(name for row in dotted for name in row if name not in table)
    if len(names) <= MOST_DOTTED:
        beside = [{name: row.get(name) for name in names} for row in dotted]
        table = pd.concat([table, table_of(beside, source)], axis=1)
    return table


def geojson_crs(document: Any, source: str) -> CRS:
    """Return WGS 84 as RFC 7946 says, or the member ``crs`` of the older standard."""
    member = document.get("crs") if isinstance(document, dict) else None
    if not isinstance(member, dict):
        return WGS84
    properties = member.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and not name.endswith("CRS84"):
        return crs_of(name, source)
    return WGS84

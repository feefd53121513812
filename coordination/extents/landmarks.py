"""Bridges, rivers and borders: where they meet a road."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.extents.names import fold_name
from coordination.extents.parsed import End
from coordination.extents.streets import Roads, Streets

_BORDER_WORDS = ("边界", "交界", "分界", "界线", "界")
_LEVEL_OF = {"镇": "town", "街道": "town", "乡": "town", "村": "village", "区": "district",
             "县": "district", "市": "city"}  # fmt: skip


def landmarks_named(streets: Streets, name: str) -> gpd.GeoDataFrame | None:
    """Return the landmarks of exactly this name, or None."""
    landmarks = streets.gazetteer.landmarks
    if landmarks is None or not len(landmarks) or not name:
        return None
    same = landmarks["name"].map(lambda text: fold_name(str(text)) == fold_name(name))
    found = landmarks[same & landmarks.geometry.notna()]
    return found if len(found) else None


def landmark_points(streets: Streets, roads: Roads, name: str) -> list[shapely.Point]:
    """Return where landmarks of a name lie on a road.

    A line or an area that the road crosses gives the crossings, anything else within
    `ExtentPolicy.landmark_m` the point of the road beside it.
    """
    found = landmarks_named(streets, name)
    if found is None:
        return []
    road = streets.line(roads)
    points: list[shapely.Point] = []
    for shape in found.geometry:
        common = shapely.intersection(shape, road)
        if not common.is_empty:
            points += [part.centroid for part in shapely.get_parts(common)]
        elif shapely.distance(shape, road) <= streets.policy.landmark_m:
            points.append(shapely.get_point(shapely.shortest_line(road, shape), 0))
    return points


def _levels(areas: gpd.GeoDataFrame) -> pd.Series[str]:
    """Return the level of each area, by the last letters of its name where none is stated."""
    names = areas["name"].astype("str").str
    told = pd.Series(None, index=areas.index, dtype="object")
    for word, level in _LEVEL_OF.items():
        told = told.where(~names.endswith(word), level)
    if "level" not in areas:
        return told
    return areas["level"].astype("object").where(areas["level"].notna(), told)


def border_points(streets: Streets, roads: Roads, end: End) -> list[shapely.Point] | None:
    """Return where a road crosses the border that an end names; None for a name nobody knows.

    ``镇界`` is every border between towns, ``区界`` between districts; a name is that area's own.
    """
    boundaries = streets.gazetteer.boundaries
    if boundaries is None:
        return None
    name = fold_name(end.name or end.text)
    for word in _BORDER_WORDS:
        name = name.removesuffix(word)
    own = boundaries[boundaries.geometry.notna()]
    if name in _LEVEL_OF:
        own = own[_levels(own) == _LEVEL_OF[name]]
    elif name:
        folded = own["name"].map(lambda text: fold_name(str(text)))
        short = folded.str.replace(r"(镇|街道|乡|区|县)$", "", regex=True)
        own = own[(folded == name) | (short == name)]
    if not len(own):
        return None
    edges = shapely.union_all(shapely.boundary(own.geometry.to_numpy()))
    common = shapely.intersection(streets.line(roads), edges)
    points: list[shapely.Point] = []
    for part in np.atleast_1d(shapely.get_parts(common)):
        if shapely.get_type_id(part) == 0:
            points.append(part)
        elif not part.is_empty:
            points += [shapely.get_point(part, 0), shapely.get_point(part, -1)]
    return points

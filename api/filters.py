"""Filters of lists; one small parser per parameter."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from coordination.faults import UsageError
from geo.crs import reproject


def parse_bbox(bbox: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north (degrees) of ``"121.2,31.3,121.3,31.4"``.

    Raises
    ------
    UsageError
        When it is not four numbers in order.
    """
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise UsageError("http.bad_bbox", found=bbox) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise UsageError("http.bad_bbox", found=bbox)
    return west, south, east, north


def in_bbox(
    table: gpd.GeoDataFrame, bbox: tuple[float, float, float, float]
) -> npt.NDArray[np.bool_]:
    """Tell which geometries meet a lon/lat box; missing ones do not."""
    if table.crs is None:
        raise ValueError("the table has no CRS")
    # The box's edges bend in the plane: densified before it is carried over.
    west, south, east, north = bbox
    # One place or one line is a box too, of a millimetre.
    whole = shapely.box(west, south, max(east, west + 1e-8), max(north, south + 1e-8))
    box = shapely.segmentize(whole, max(east - west, north - south, 1e-8) / 16)
    plane = reproject(np.asarray([box]), CRS(4326), table.crs)[0]
    meets: npt.NDArray[np.bool_] = shapely.intersects(table.geometry.to_numpy(), plane)
    return meets


def known(name: str, value: str, codes: Collection[str]) -> str:
    """Return ``value`` when it is one of ``codes``; else say which there are."""
    if value not in codes:
        raise UsageError("http.unknown_value", name=name, found=value, expected=", ".join(codes))
    return value

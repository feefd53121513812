"""Tables as JSON: missing is null, days are ISO dates, geometries RFC 7946."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one dict per row of ``table``, geometry left out.

    Examples
    --------
    >>> rows(pd.DataFrame({"a": [1.0, None], "day": pd.to_datetime(["2026-03-01", None])}))
    [{'a': 1.0, 'day': '2026-03-01'}, {'a': None, 'day': None}]
    """
    if isinstance(table, gpd.GeoDataFrame):
        table = pd.DataFrame(table.drop(columns=table.geometry.name))
    columns = {str(name): _plain(table[name]) for name in table.columns}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _plain(column: pd.Series[Any]) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        texts = column.dt.strftime("%Y-%m-%d")
        return [
            None if missing else text for text, missing in zip(texts, column.isna(), strict=True)
        ]
    values = column.astype("object").to_numpy()
    missing = column.isna().to_numpy(dtype=bool)
    return [
        None if gone else value.item() if isinstance(value, np.generic) else value
        for value, gone in zip(values, missing, strict=True)
    ]


def geometries(table: gpd.GeoDataFrame) -> list[dict[str, Any] | None]:
    """Return the geometries of ``table`` in lon/lat (WGS 84, 7 digits) as GeoJSON, missing as None."""
    return _geojson(table.geometry)


def geojson_shapes(shapes: npt.NDArray[np.object_], crs: CRS) -> list[dict[str, Any] | None]:
    """Return geometries in ``crs`` as `geometries` does."""
    return _geojson(gpd.GeoSeries(shapes, crs=crs))


def _geojson(series: gpd.GeoSeries) -> list[dict[str, Any] | None]:
    shapes = series.to_crs(4326).to_numpy()
    texts = shapely.to_geojson(shapely.set_precision(shapes, 1e-7, mode="pointwise"))
    return [None if text is None else json.loads(text) for text in texts]

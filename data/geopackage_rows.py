"""Data frames to rows of SQLite values and back, column by column."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from data.geopackage_geometry import Geometries, as_multi, decode
from data.geopackage_schema import Column, ColumnKind, Table

Value = str | int | float | bytes | None
Row = tuple[Value, ...]

_DTYPES: dict[ColumnKind, Any] = {
    "text": "str", "code": "str", "json": "str", "number": "float64", "integer": "Int64",
    "flag": "boolean", "date": "datetime64[us]", "blob": "object",
}  # fmt: skip


def to_values(series: pd.Series, kind: ColumnKind) -> list[Value]:
    """Return a column as values that SQLite stores; every kind of missing gives None.

    Examples
    --------
    >>> to_values(pd.Series(pd.to_datetime(["2025-03-01", None])), "date")
    ['2025-03-01', None]
    """
    if kind == "date":
        days = series.astype("datetime64[us]").to_numpy(dtype="datetime64[D]")
        texts = np.datetime_as_string(days).astype(object)
        texts[np.isnat(days)] = None
        return cast("list[Value]", texts.tolist())
    column = series.astype("object" if kind == "blob" else _DTYPES[kind])
    values = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = None
    if kind == "flag":
        return [None if value is None else int(value) for value in values]
    return cast("list[Value]", values.tolist())


def to_series(values: Sequence[Value], kind: ColumnKind) -> pd.Series:
    """Return stored values as a column of the domain's dtype.

    Examples
    --------
    >>> to_series([1, None], "flag").tolist()
    [True, <NA>]
    """
    if kind == "date":
        days = [("NaT" if value is None else str(value)[:10]) for value in values]
        return pd.Series(np.array(days, dtype="datetime64[D]").astype("datetime64[us]"))
    if kind == "flag":
        values = [None if value is None else bool(value) for value in values]
    return pd.Series(list(values), dtype=_DTYPES[kind])


def to_rows(frame: pd.DataFrame, columns: Sequence[Column]) -> list[Row]:
    """Return the rows of ``frame`` in the order of ``columns``; a column it lacks is missing.

    A column ``extra`` takes every further column of the frame, as one JSON object per row.
    """
    if not columns:
        return [()] * len(frame)
    lists: list[list[Value]] = []
    for column in columns:
        if column.name == "extra" and "extra" not in frame:
            lists.append(_extra(frame, {column.name for column in columns}))
        elif column.name in frame:
            lists.append(to_values(frame[column.name], column.kind))
        else:
            lists.append([None] * len(frame))
    return list(zip(*lists, strict=True))


def _extra(frame: pd.DataFrame, known: set[str]) -> list[Value]:
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    names = [name for name in frame.columns if name not in known and name != geometry]
    if not names:
        return [None] * len(frame)
    objects: list[dict[str, object]] = [{} for _ in range(len(frame))]
    for name in names:
        column = frame[name]
        dates = pd.api.types.is_datetime64_any_dtype(column.dtype)
        values = column.map(pd.Timestamp.isoformat, na_action="ignore") if dates else column
        for position, (value, missing) in enumerate(
            zip(values.tolist(), column.isna().tolist(), strict=True)
        ):
            if not missing:
                objects[position][str(name)] = value
    return [
        json.dumps(row, ensure_ascii=False, sort_keys=True, default=str) if row else None
        for row in objects
    ]


def to_frame(rows: Sequence[Row], columns: Sequence[Column]) -> pd.DataFrame:
    """Return rows as a frame with the domain's dtypes and a RangeIndex."""
    lists: Sequence[Sequence[Value]] = (
        list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    )
    return pd.DataFrame(
        {
            column.name: to_series(values, column.kind)
            for column, values in zip(columns, lists, strict=True)
        },
        index=pd.RangeIndex(len(rows)),
    )


def spread_extra(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with the column ``extra`` taken apart into the columns of the source."""
    objects = [json.loads(text) if isinstance(text, str) else {} for text in frame["extra"]]
    names = list(dict.fromkeys(name for row in objects for name in row))
    further = {
        name: pd.Series([row.get(name) for row in objects], index=frame.index).infer_objects()
        for name in names
    }
    return frame.drop(columns="extra").assign(**further)


def to_geoframe(
    rows: Sequence[Row], columns: Sequence[Column], crs: CRS | None
) -> gpd.GeoDataFrame:
    """Return rows whose last value is a blob as a frame with ``geometry``."""
    frame = to_frame([row[:-1] for row in rows], columns)
    geometry = decode([cast("bytes | None", row[-1]) for row in rows])
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(geometry, crs=crs, index=frame.index))


def layer_geometries(rows: pd.DataFrame, table: Table) -> Geometries:
    """Return the geometries of ``rows`` in the type of ``table``; no geometry column: all missing."""
    if table.geometry is None or not isinstance(rows, gpd.GeoDataFrame) or not _has_geometry(rows):
        return np.full(len(rows), None, dtype=object)
    return as_multi(rows.geometry.to_numpy(dtype=object), table.geometry)


def _has_geometry(rows: gpd.GeoDataFrame) -> bool:
    return rows.active_geometry_name is not None


def frame_crs(rows: pd.DataFrame) -> CRS | None:
    """Return the CRS of a frame's geometry, or None when it has no geometry at all."""
    if not isinstance(rows, gpd.GeoDataFrame) or not _has_geometry(rows):
        return None
    return rows.crs

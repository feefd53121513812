"""Layers as Arrow tables, and the files that are made from them: GeoPackage, Shapefile, GeoParquet."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS

from coordination.faults import UsageError
from data.write_layers import json_text, plain_value, whole, whole_folder, write_csv, write_whole

GEOMETRY = "geometry"

_DBF_BYTES = 10
_DBF_TEXT_BYTES = 254
_KINDS = ("Point", "LineString", "Polygon")
_SUFFIXES = ("points", "lines", "areas")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Members of our archives carry the first day that archives know, so that bytes do not drift."""


def arrow_table(rows: gpd.GeoDataFrame) -> pa.Table:
    """Return a layer as Arrow: days as days, flags as flags, lists as JSON text, geometry as WKB.

    Parameters
    ----------
    rows
        Any layer; its geometry becomes the last column, `GEOMETRY`.

    Examples
    --------
    >>> layer = gpd.GeoDataFrame({"code": ["A1"]}, geometry=[shapely.Point(1, 2)])
    >>> arrow_table(layer).schema.names
    ['code', 'geometry']
    """
    plain = pd.DataFrame(rows.drop(columns=rows.geometry.name))
    columns = {str(name): _arrow_column(plain[name]) for name in plain.columns}
    columns[GEOMETRY] = pa.array(shapely.to_wkb(rows.geometry.to_numpy()), pa.binary())
    return pa.table(columns)


def _arrow_column(column: pd.Series[Any]) -> pa.Array:
    missing = column.isna().to_numpy(dtype=np.bool_)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pa.array(column.to_numpy("datetime64[D]"), pa.date32())
    for is_kind, kind in (
        (pd.api.types.is_bool_dtype, pa.bool_()),
        (pd.api.types.is_integer_dtype, pa.int64()),
        (pd.api.types.is_float_dtype, pa.float64()),
    ):
        if is_kind(column.dtype):
            values = column.astype(object).where(~missing, None)
            return pa.array(values.tolist(), kind)
    texts = [
        None if gone else value if isinstance(value, str) else json_text(value)
        for value, gone in zip(column.tolist(), missing, strict=True)
    ]
    return pa.array(texts, pa.string())


def write_geopackage(
    path: Path, rows: gpd.GeoDataFrame, *, name: str, origin: Mapping[str, object]
) -> Path:
    """Write a GeoPackage 1.3 with one layer per kind of geometry.

    Parameters
    ----------
    path
        Where.
    rows
        The layer; CRS as it stands.
    name
        Its name; with several kinds ``_points``, ``_lines``, ``_areas`` follow.
    origin
        What the file says of itself, in its metadata; ``run_at`` is its time.
    """
    with whole(path) as part:
        for suffix, kind, layer in _by_kind(rows):
            pyogrio.write_arrow(
                arrow_table(layer), part, layer=name + suffix, driver="GPKG", append=part.exists(),
                geometry_name=GEOMETRY, geometry_type=f"Multi{kind}", crs=_crs_text(rows.crs),
                dataset_options=None if part.exists() else {"VERSION": "1.3"},
                layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
                layer_metadata={key: _said(value) for key, value in origin.items()},
            )  # fmt: skip
        at = str(origin["run_at"]).partition("+")[0] + "Z"
        with closing(sqlite3.connect(part)) as connection, connection:
            connection.execute("UPDATE gpkg_contents SET last_change = ?", (at,))
            connection.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (at,))
    return path


def _by_kind(rows: gpd.GeoDataFrame) -> list[tuple[str, str, gpd.GeoDataFrame]]:
    """Return suffix, kind and rows of each kind of geometry, all of it multi-part.

    Rows without geometry go with the largest kind, so that no layer is made of nothing but gaps.
    """
    shapes = np.asarray(rows.geometry.array, dtype=object)
    dimension = np.where(shapely.is_geometry(shapes), shapely.get_dimensions(shapes), -1)
    present = [kind for kind in range(3) if (dimension == kind).any()] or [2]
    dimension[dimension < 0] = present[-1]
    parts = []
    for kind in present:
        layer = rows[dimension == kind].copy()
        layer[layer.geometry.name] = _multi(shapes[dimension == kind])
        parts.append((f"_{_SUFFIXES[kind]}" if len(present) > 1 else "", _KINDS[kind], layer))
    return parts


def _multi(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return every geometry as one of many parts; a collection keeps those of its dimension."""
    many = np.full(len(shapes), None, dtype=object)
    makers: tuple[Callable[..., Any], ...] = (
        shapely.multipoints,
        shapely.multilinestrings,
        shapely.multipolygons,
    )
    dimension = shapely.get_dimensions(shapes)
    single = shapely.get_num_geometries(shapes) * shapely.is_geometry(shapes)
    for kind, make in enumerate(makers):
        rows = np.flatnonzero((dimension == kind) & (single > 0))
        parts, row = shapely.get_parts(shapes[rows], return_index=True)
        same = shapely.get_dimensions(parts) == kind
        if len(rows):
            make(parts[same], indices=rows[row[same]], out=many)
    return many


def _crs_text(crs: CRS | None) -> str | None:
    if crs is None:
        return None
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())


def _said(value: object) -> str:
    plain = plain_value(value)
    return plain if isinstance(plain, str) else json_text(plain)


def write_geoparquet(path: Path, rows: gpd.GeoDataFrame, *, origin: Mapping[str, object]) -> Path:
    """Write GeoParquet 1.0 (WKB), with what the file says of itself among its key-value metadata."""
    table = arrow_table(rows)
    shapes = rows.geometry.to_numpy()
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in shapes if shape is not None}),
    }
    if rows.crs is not None:
        column["crs"] = rows.crs.to_json_dict()
    bounds = shapely.total_bounds(shapes)
    if np.isfinite(bounds).all():
        column["bbox"] = bounds.tolist()
    geo = {"version": "1.0.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    metadata = {"geo": json.dumps(geo), **{f"digonce:{k}": _said(v) for k, v in origin.items()}}
    with whole(path) as part:
        pq.write_table(table.replace_schema_metadata(metadata), part, compression="zstd")
    return path


def write_shapefile(
    path: Path, rows: gpd.GeoDataFrame, *, name: str, origin: Mapping[str, object]
) -> tuple[tuple[Path, ...], int]:
    """Write a Shapefile in UTF-8, one per kind of geometry, with what its format cannot hold beside it.

    Parameters
    ----------
    path
        ``….zip`` for one archive; ``….shp`` or a folder for the parts themselves.
    rows
        The layer; its CRS needs a WKT1 (``.prj``).
    name
        Name of the files in an archive or folder.
    origin
        Goes into ``NAME.provenance.json``.

    Returns
    -------
    files
        What was written: the archive, or all parts. ``NAME.fields.csv`` says what the names of the
        columns, which hold 10 bytes, were; ``NAME.long_texts.csv`` (only where there are any)
        holds the whole of each text of more than 254 bytes, which the ``.dbf`` holds cut.
    cut
        How many texts were cut.
    """
    if path.suffix.lower() == ".zip":
        with whole(path) as part:
            folder = part.parent / "parts"
            folder.mkdir()
            cut = _shapefile_parts(folder, rows, name, origin)
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(folder.iterdir()):
                    member = zipfile.ZipInfo(file.name, _FIRST_DAY)
                    member.compress_type = zipfile.ZIP_DEFLATED
                    member.external_attr = 0o644 << 16
                    archive.writestr(member, file.read_bytes())
            shutil.rmtree(folder)
        return (path,), cut
    single = path.suffix.lower() == ".shp"
    target = path.parent if single else path
    with whole_folder(target) as folder:
        cut = _shapefile_parts(folder, rows, path.stem if single else name, origin)
        files = tuple(target / file.name for file in sorted(folder.iterdir()))
    return files, cut


def _shapefile_parts(
    folder: Path, rows: gpd.GeoDataFrame, name: str, origin: Mapping[str, object]
) -> int:
    short = short_names([str(column) for column in rows.columns if column != rows.geometry.name])
    cut = 0
    for suffix, kind, layer in _by_kind(rows):
        main = folder / f"{name}{suffix}.shp"
        table = arrow_table(layer)
        table, long = _without_long_texts(table)
        table = table.rename_columns([short.get(column, column) for column in table.schema.names])
        pyogrio.write_arrow(
            table, main, driver="ESRI Shapefile", geometry_name=GEOMETRY, encoding="UTF-8",
            geometry_type="MultiPoint" if kind == "Point" else kind, crs=_crs_text(rows.crs),
            layer_options={"DBF_DATE_LAST_UPDATE": str(origin["run_at"])[:10]},
        )  # fmt: skip
        main.with_suffix(".cpg").write_text("UTF-8", encoding="ascii")
        if len(long):
            cut += len(long)
            write_csv(folder / f"{name}{suffix}.long_texts.csv", long, free_text=("text",))
    legend = pd.DataFrame({"shapefile_name": list(short.values()), "field": list(short)})
    write_csv(folder / f"{name}.fields.csv", legend)
    write_whole(folder / f"{name}.provenance.json", json_text(origin) + "\n")
    return cut


def short_names(names: list[str]) -> dict[str, str]:
    """Return a different name of at most 10 bytes for each name, the same in any order of case.

    Raises
    ------
    UsageError
        When there are more names than can be told apart.

    Examples
    --------
    >>> short_names(["start_precision", "start_precise", "道路名称和起讫点"])
    {'start_precision': 'start_prec', 'start_precise': 'start_pr_1', '道路名称和起讫点': '道路名'}
    """
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidate = _first_bytes(name, _DBF_BYTES)
        number = 0
        while candidate.casefold() in taken:
            number += 1
            if number > 999:
                raise UsageError("export.error.names", name=name)
            candidate = _first_bytes(name, _DBF_BYTES - len(f"_{number}")) + f"_{number}"
        taken.add(candidate.casefold())
        short[name] = candidate
    return short


def _first_bytes(text: str, most: int) -> str:
    return text.encode("utf-8")[:most].decode("utf-8", "ignore")


def _without_long_texts(table: pa.Table) -> tuple[pa.Table, pd.DataFrame]:
    """Cut texts that a ``.dbf`` cannot hold, and return them whole by row (from 1) and column."""
    long: list[tuple[int, str, str]] = []
    for place, field in enumerate(table.schema):
        if field.type != pa.string():
            continue
        texts = table.column(place).to_pylist()
        rows = [
            row
            for row, text in enumerate(texts)
            if text is not None and len(text) * 4 > _DBF_TEXT_BYTES
            and len(text.encode("utf-8")) > _DBF_TEXT_BYTES
        ]  # fmt: skip
        for row in rows:
            long.append((row + 1, field.name, texts[row]))
            texts[row] = _first_bytes(texts[row], _DBF_TEXT_BYTES)
        if rows:
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table, pd.DataFrame(sorted(long), columns=["row", "field", "text"])

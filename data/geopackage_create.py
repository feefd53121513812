"""How a new store is made: empty layers by GDAL, everything else by the migrations."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyogrio.raw
from pyproj import CRS

from coordination.faults import StoreError, UsageError
from data import geopackage_schema as schema
from data.geopackage_connection import connect, store_errors
from data.geopackage_crs import refuse_crs, set_crs
from data.geopackage_writer import Writer, now
from data.migrations import run_steps

_OGR_TYPES = {
    "MULTIPOLYGON": "MultiPolygon", "MULTILINESTRING": "MultiLineString", "MULTIPOINT": "MultiPoint",
}  # fmt: skip


def make_file(file: Path, *, crs: CRS | None, time_zone: str) -> None:
    """Make a new, empty store; see `data.geopackage_store.create_store`."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError("store.bad_time_zone", time_zone=time_zone) from error
    if file.exists():
        raise StoreError("store.exists", path=str(file))
    if crs is not None:
        refuse_crs(crs)
    if not os.access(file.resolve().parent, os.W_OK):
        raise StoreError("store.no_folder", path=str(file))
    with tempfile.TemporaryDirectory(prefix=".digonce-", dir=file.resolve().parent) as folder:
        draft = Path(folder) / "new.gpkg"
        _make_layers(draft)
        with store_errors(file), closing(connect(draft, wait_s=0, wal=False)) as connection:
            _make_tables(connection, crs=crs, time_zone=time_zone)
        move_into_place(draft, file)


def _make_layers(draft: Path) -> None:
    for number, table in enumerate(schema.LAYERS):
        assert table.geometry is not None
        options: dict[str, Any] = {} if number else {"dataset_options": {"VERSION": "1.3"}}
        pyogrio.raw.write(
            str(draft),
            geometry=np.array([], dtype=object),
            field_data=[],
            fields=[],
            layer=table.name,
            driver="GPKG",
            geometry_type=_OGR_TYPES[table.geometry],
            crs="EPSG:4326",  # a placeholder that every GeoPackage has
            append=number > 0,
            layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
            **options,
        )


def _make_tables(connection: sqlite3.Connection, *, crs: CRS | None, time_zone: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    run_steps(connection, after=0)
    connection.execute("UPDATE write_state SET ours = 1")
    settings = (("format", "digonce"), ("time_zone", time_zone), ("created_at", now()))
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", settings)
    for table in ("gpkg_contents", "gpkg_geometry_columns"):
        connection.executemany(
            f"UPDATE {table} SET srs_id = -1 WHERE table_name = ?",
            [(layer.name,) for layer in schema.LAYERS],
        )
    if crs is not None:
        # What a store is made with is its revision 0; the log begins after it.
        set_crs(Writer(connection, actor="digonce", at=now(), revision=0), crs)
    connection.execute("UPDATE write_state SET ours = 0")
    connection.execute("COMMIT")


def move_into_place(draft: Path, file: Path) -> None:
    """Give ``draft`` its name unless somebody else took the name meanwhile."""
    try:
        os.link(draft, file)
    except FileExistsError as error:
        raise StoreError("store.exists", path=str(file)) from error
    except OSError:  # a file system without links
        if file.exists():
            raise StoreError("store.exists", path=str(file)) from None
        draft.rename(file)

"""A GeoPackage of a stranger, read as rows of plain tables and nothing else.

Read here through SQLite itself and not by GDAL, because a database can carry SQL that runs when it is
read: the file is opened for reading only, its schema is not trusted, and everything but reading
tables is denied. Views and virtual tables are refused by name.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from data.bounded_geometry import from_wkb
from data.found_layer import FoundLayer, column_of
from data.judge_crs import crs_of, refusal

_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_MOST_VALUE_BYTES = 200_000_000
_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA}
)  # fmt: skip
_PRAGMAS = frozenset({"table_info"})
_FIDS = frozenset({"fid", "ogc_fid", "objectid_fid"})


def read_geopackage(path: Path, source: str, *, layer: str | None = None) -> FoundLayer:
    """Read one layer of a GeoPackage.

    Parameters
    ----------
    path
        The file; a write-ahead log beside it is read with it.
    source
        The file's name.
    layer
        Its table; needed where there are several.

    Raises
    ------
    InputRefusedError
        When it is cut or damaged, no GeoPackage, or has not exactly one layer to read.
    """
    _check_length(path, source)
    try:
        connection = _open(path)
        try:
            return _read(connection, source, layer)
        finally:
            connection.close()
    # UnicodeError: its own messages quote broken names.
    except (sqlite3.Error, OverflowError, MemoryError, UnicodeError) as error:
        if "decode to UTF-8" in str(error):
            raise refusal(source, "encoding_wrong", encoding="UTF-8") from None
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None


def _check_length(path: Path, source: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(100)
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    size = path.stat().st_size
    if len(head) < 100 or size < pages * (65536 if page == 1 else page):
        raise refusal(source, "file_cut")
    if not page:
        raise refusal(source, "not_a_geopackage")


def _open(path: Path) -> sqlite3.Connection:
    beside = any(
        part.exists() and part.stat().st_size
        for part in (Path(f"{path}-wal"), Path(f"{path}-journal"))
    )
    # Without a log beside it nobody writes it: then no lock or shared memory file is made.
    uri = f"{path.resolve().as_uri()}?mode=ro{'' if beside else '&immutable=1'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in (
        "trusted_schema = OFF",
        "query_only = ON",
        "cell_size_check = ON",
        "mmap_size = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.set_authorizer(_authorize)
    return connection


def _authorize(
    action: int, first: str | None, second: str | None, schema: str | None, trigger: str | None
) -> int:
    """Allow reading tables and asking for their columns, directly and not through a view."""
    del second, schema
    allowed = action in _ALLOWED and trigger is None
    if action == sqlite3.SQLITE_PRAGMA:
        allowed = first in _PRAGMAS
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _read(connection: sqlite3.Connection, source: str, layer: str | None) -> FoundLayer:
    tables = {
        name: (kind, str(sql or ""))
        for name, kind, sql in connection.execute("SELECT name, type, sql FROM sqlite_master")
        if kind in ("table", "view")
    }
    if "gpkg_contents" not in tables:
        raise refusal(source, "not_a_geopackage")
    contents = connection.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall()
    listed = {str(name): str(kind) for name, kind in contents if name in tables}
    spatial = [name for name, kind in listed.items() if kind == "features"]
    plain = [name for name, kind in listed.items() if kind in ("attributes", "aspatial")]
    chosen = choose(layer, spatial or plain, source, extra=[*spatial, *plain])
    kind, sql = tables[chosen]
    if kind == "view" or sql.lstrip()[:14].upper() == "CREATE VIRTUAL":
        raise refusal(source, "layer_is_a_view", layer=chosen)
    return _read_table(connection, source, chosen)


def choose(layer: str | None, names: list[str], source: str, extra: list[str] | None = None) -> str:
    """Return the layer that is meant: the named one, or the only one.

    Parameters
    ----------
    layer
        Its name, or None.
    names
        The layers to choose from where none is named.
    source
        The file's name.
    extra
        Further ones, which have to be named.
    """
    everything = dict.fromkeys([*names, *(extra or [])])
    if layer is not None:
        if layer in everything:
            return layer
        raise refusal(source, "layer_missing", layer=layer, layers=", ".join(everything))
    if not names:
        raise refusal(source, "file_empty")
    if len(names) > 1:
        raise refusal(source, "layer_not_named", layers=", ".join(everything))
    return names[0]


def _read_table(connection: sqlite3.Connection, source: str, table: str) -> FoundLayer:
    columns = connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    types = {str(name): str(kind).upper() for _, name, kind, *_ in columns}
    keys = [str(name) for _, name, _, _, _, key in columns if key]
    shape_column, srs_id = _geometry_column(connection, table, types)
    order = keys[0] if len(keys) == 1 and types[keys[0]] == "INTEGER" else None
    names = list(types)
    rows = connection.execute(
        f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)}"  # noqa: S608, quoted
        + (f" ORDER BY {_quoted(order)}" if order is not None else "")
    ).fetchall()
    cells = (
        dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    )
    faults: list[Fault] = []
    geometry = None
    if shape_column is not None:
        geometry = _shapes(list(cells.pop(shape_column)), srs_id, faults)
    if order is not None and order.lower() in _FIDS:
        del cells[order]
    frame = pd.DataFrame(
        {name: column_of([_cell(value, types[name]) for value in cells[name]]) for name in cells},
        index=range(len(rows)),
    )
    crs = _crs(connection, srs_id, source) if shape_column is not None else None
    return FoundLayer(frame, geometry, crs, "gpkg", 1, faults)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _geometry_column(
    connection: sqlite3.Connection, table: str, types: dict[str, str]
) -> tuple[str | None, int]:
    try:
        found = connection.execute(
            "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
        ).fetchall()
    except sqlite3.OperationalError:  # a GeoPackage without spatial layers need not have the table
        return None, 0
    for name, srs_id in found:
        if name in types and isinstance(srs_id, int):
            return name, srs_id
    return None, 0


def _crs(connection: sqlite3.Connection, srs_id: int, source: str) -> CRS | None:
    """Return the CRS of the layer; ids of -1 and 0 say that it is not known."""
    found = connection.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys"
        " WHERE srs_id = ?", (srs_id,),
    ).fetchone()  # fmt: skip
    if found is None or srs_id <= 0:
        return None
    organization, code, definition = found
    if str(organization).upper() == "EPSG" and isinstance(code, int):
        return crs_of(code, source)
    try:
        return crs_of(str(definition), source)
    except InputRefusedError:
        return None


def _shapes(blobs: list[Any], srs_id: int, faults: list[Fault]) -> npt.NDArray[np.object_]:
    """Return the geometry of blobs, with a fault for each that is none or in another CRS."""
    inner = [_wkb(blob, srs_id) if isinstance(blob, bytes) else None for blob in blobs]
    geometry = from_wkb(inner)
    given = np.array([blob is not None for blob in blobs], dtype=np.bool_)
    faults += [
        Fault("geometry_unreadable", row=int(at) + 1)
        for at in np.flatnonzero(given & ~shapely.is_geometry(geometry))
    ]
    return geometry


def _wkb(blob: bytes, srs_id: int) -> bytes | None:
    if len(blob) < 8 or blob[:2] != b"GP" or (blob[3] >> 1 & 7) not in _ENVELOPES or blob[3] & 32:
        return None
    said = int.from_bytes(blob[4:8], "little" if blob[3] & 1 else "big", signed=True)
    if said not in (srs_id, 0, -1):
        return None
    return blob[8 + _ENVELOPES[blob[3] >> 1 & 7] :]


def _cell(value: Any, kind: str) -> Any:
    if kind == "BOOLEAN" and value in (0, 1):
        return bool(value)
    return value.hex() if isinstance(value, bytes) else value

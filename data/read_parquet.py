"""GeoParquet, and plain Parquet with a column of geometry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS

from coordination.faults import Fault
from data.bounded_geometry import from_wkb
from data.found_layer import MOST_CELLS, MOST_COLUMNS, WGS84, FoundLayer, column_of, plain
from data.geometry_columns import find_geometry
from data.judge_crs import crs_of, refusal
from data.source_hints import SourceHints

MOST_PARQUET_BYTES = 4_000_000_000
"""All that a file may unpack to."""


def read_parquet(path: Path, source: str, *, hints: SourceHints) -> FoundLayer:
    """Read a Parquet file; its geometry by the GeoParquet standard, else as in any table.

    Raises
    ------
    InputRefusedError
        When it is cut or damaged, would unpack to too much, or encodes geometry otherwise than WKB.
    """
    try:
        file = pq.ParquetFile(path)
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
        if columns > MOST_COLUMNS:
            raise refusal(source, "too_many_columns", found=columns, most=MOST_COLUMNS)
        if (
            rows * columns > MOST_CELLS
            or sum(g.total_byte_size for g in groups) > MOST_PARQUET_BYTES
        ):
            raise refusal(source, "too_many_cells", found=rows * columns, most=MOST_CELLS)
        table = file.read()
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    return _found(table, source, hints)


def _found(table: pa.Table, source: str, hints: SourceHints) -> FoundLayer:
    named = _geo(table, source)
    cells = {
        str(name): _cells(table.column(at), source) for at, name in enumerate(table.column_names)
    }
    if named is None:
        return _plain_table(cells, source, hints)
    name, crs = named
    values = cells.pop(name)
    geometry = from_wkb(values)
    given = np.array([value is not None for value in values], dtype=np.bool_)
    faults = [
        Fault("geometry_unreadable", row=int(at) + 1, column=name)
        for at in np.flatnonzero(given & ~shapely.is_geometry(geometry))
    ]
    return FoundLayer(_frame(cells, len(values)), geometry, crs, "parquet", 1, faults)


def _plain_table(cells: dict[str, list[Any]], source: str, hints: SourceHints) -> FoundLayer:
    """Return a table; a column of bytes may be WKB, and is judged as its hexadecimal text would be."""
    rows = len(next(iter(cells.values()), []))
    frame = _frame(cells, rows)
    read = find_geometry(frame, first_row=1, hints=hints, source=source)
    if read is None:
        return FoundLayer(frame, None, None, "parquet", 1)
    crs = crs_of(read.crs, source) if read.crs is not None else None
    return FoundLayer(frame, read.geometry, crs, "parquet", 1, read.faults, read.columns)


def _frame(cells: dict[str, list[Any]], rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: column_of([v.hex() if isinstance(v, bytes) else plain(v) for v in values])
            for name, values in cells.items()
        },
        index=range(rows),
    )


def _cells(column: pa.ChunkedArray, source: str) -> list[Any]:
    """Return a column as plain values; days and times are ISO text, as from any database."""
    kind = column.type
    try:
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind):
            column = column.cast(pa.string())
        elif pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
        return list(column.to_pylist())
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None


def _geo(table: pa.Table, source: str) -> tuple[str, CRS | None] | None:
    """Return the primary geometry column and its CRS by the metadata ``geo``; None where there is none."""
    written = (table.schema.metadata or {}).get(b"geo")
    if written is None:
        return None
    try:
        document = json.loads(written)
        name = document["primary_column"]
        described = document["columns"][name]
        encoding = described["encoding"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise refusal(source, "file_broken", reason="geo") from None
    if not isinstance(name, str) or table.column_names.count(name) != 1:
        raise refusal(source, "file_broken", reason="geo")
    kind = table.schema.field(name).type
    if encoding != "WKB" or not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise refusal(source, "parquet_encoding", found=str(encoding)[:40])
    if "crs" not in described:
        return name, WGS84
    stated = described["crs"]
    return name, None if stated is None else crs_of(json.dumps(stated), source)

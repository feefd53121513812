"""What the reader of one format found, before CRS and geometry are judged alike for all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from coordination.faults import Fault
from data.judge_crs import refusal

Format = Literal[
    "geojson", "json", "xml", "gpkg", "shapefile", "csv", "xlsx", "kml", "dxf", "parquet",
    "flatgeobuf",
]  # fmt: skip

WGS84 = CRS("EPSG:4326")

MOST_COLUMNS = 16_384
"""As many columns as a spreadsheet can have."""

MOST_CELLS = 100_000_000
"""Rows × columns: a document whose every row has columns of its own would fill any memory."""


@dataclass
class FoundLayer:
    """What one format's reader found.

    Attributes
    ----------
    table
        Every row and column as in the source, without geometry.
    geometry
        One per row, missing where the row has none; None where the format or file has none at all.
    crs
        What the file says, or None.
    format
        Which format it was.
    first_row
        Number of the first row as a person counts it.
    faults
        What was found on the way.
    columns
        Columns that the geometry was made of.
    numbers
        Number of every row as a person counts it, where they do not simply follow each other.
    sheets
        The sheets that were read together, else empty.
    around
        Texts above the header and below the rows of a table.
    """

    table: pd.DataFrame
    geometry: npt.NDArray[np.object_] | None
    crs: CRS | None
    format: Format
    first_row: int
    faults: list[Fault] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    numbers: npt.NDArray[np.int64] | None = None
    sheets: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


def table_of(rows: Sequence[dict[str, Any]], source: str) -> pd.DataFrame:
    """Return rows as a table: columns in order of first appearance, missing where a row has none.

    Raises
    ------
    InputRefusedError
        When there would be more than `MOST_COLUMNS` columns or `MOST_CELLS` cells.

    Examples
    --------
    >>> table_of([{"a": 1}, {"a": 2, "b": "x"}], "feed.json").columns.tolist()
    ['a', 'b']
    """
    columns: dict[str, None] = {}
    for row in rows:
        columns.update(dict.fromkeys(row))
        if len(columns) > MOST_COLUMNS:
            raise refusal(source, "too_many_columns", found=len(columns), most=MOST_COLUMNS)
    if len(columns) * len(rows) > MOST_CELLS:
        raise refusal(source, "too_many_cells", found=len(columns) * len(rows), most=MOST_CELLS)
    return pd.DataFrame(
        {name: column_of([row.get(name) for row in rows]) for name in columns},
        index=range(len(rows)),
    )


def column_of(values: list[Any]) -> pd.Series[Any]:
    """Return a column of one kind where it is of one kind; whole numbers never become floats."""
    column = pd.Series(values, dtype=object)
    if column.isna().any() and any(isinstance(value, int) for value in values):
        return column
    return column.infer_objects()


def plain(value: Any) -> Any:
    """Return a value of a document as a cell: objects and lists as JSON, text that can be written."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and not value.isascii():
        # JSON can spell half a letter, which no encoding can write.
        return value.encode("utf-8", "replace").decode("utf-8")
    return value

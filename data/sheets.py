"""One sheet of a workbook as it stands: cells of their kind, what is merged, what is hidden."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""As many as a spreadsheet can have."""

MOST_CELLS = 20_000_000
"""A sheet with more filled cells is no list of projects: 500,000 rows of 40 cells have as many."""

MOST_AREA = 60_000_000
"""Rows times columns that are held as a table; one cell far out makes a table of three columns."""

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column, 0-based and inclusive."""


class TooLargeError(ValueError):
    """A sheet that cannot be held."""


class Formula(str):
    """The text of a formula of which a workbook keeps no value; a text may look the same."""

    __slots__ = ()


@dataclass
class Sheet:
    """What one sheet holds; only filled cells take room, however far out one lies.

    Attributes
    ----------
    name
        As on its tab.
    hidden
        Not shown to whoever opens the workbook.
    filled
        Rows (0-based) and values by column (0-based).
    merged
        Merged ranges.
    hidden_rows
        Rows (0-based) that are not shown, filtered out or folded away.
    """

    name: str
    hidden: bool = False
    filled: dict[int, tuple[array[int], list[Any]]] = field(default_factory=dict)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)

    @property
    def height(self) -> int:
        """Number of rows down to the last filled one."""
        return 1 + max((max(rows) for rows, _ in self.filled.values()), default=-1)

    def put(self, row: int, column: int, value: Any) -> None:
        """Fill a cell."""
        held = self.filled.get(column)
        if held is None:
            held = self.filled[column] = (array("i"), [])
        held[0].append(row)
        held[1].append(value)

    def cells(self) -> pd.DataFrame:
        """Return the sheet as a table of objects, blanks None; columns are the filled ones, by place.

        Raises
        ------
        TooLargeError
            When it would have more than `MOST_AREA` cells.

        Examples
        --------
        >>> sheet = Sheet("list")
        >>> sheet.put(0, 1, "路名"); sheet.put(2, 1, "沪宜公路"); sheet.put(2, 3, 4.5)
        >>> sheet.cells().values.tolist()
        [['路名', None], [None, None], ['沪宜公路', 4.5]]
        """
        height = self.height
        if height * len(self.filled) > MOST_AREA:
            raise TooLargeError
        columns: dict[int, Any] = {}
        for place in sorted(self.filled):
            rows, values = self.filled[place]
            column = np.full(height, None, dtype=object)
            boxed = np.empty(len(values), dtype=object)
            boxed[:] = values
            column[np.frombuffer(rows, dtype=np.intc)] = boxed
            columns[place] = column
        return pd.DataFrame(columns, index=range(height), dtype=object)


def sheet_of(name: str, rows: Iterable[Iterable[Any]]) -> Sheet:
    """Return a sheet of rows of values; None and empty text are blanks.

    Raises
    ------
    TooLargeError
        When more than `MOST_CELLS` are filled.
    """
    sheet = Sheet(name)
    count = 0
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if value is None or value == "":
                continue
            sheet.put(number, place, value)
            count += 1
        if count > MOST_CELLS:
            raise TooLargeError
    return sheet

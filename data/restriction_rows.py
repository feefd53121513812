"""What rows of restrictions say beside their area: codes, days without a year, places by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.faults import Fault
from coordination.restrictions import (
    CODES,
    DEFAULTS,
    code_fault,
    codes_in,
    is_whole_city,
    row_faults,
    yearless,
    yearless_days,
)
from data.cells import joined, text_column

_NAMED_PLACES = ("road", "town", "road_class")


def with_base_years(
    table: pd.DataFrame, columns: Mapping[str, Sequence[str]]
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return a source whose days without a year (``06-01``, ``6月1日``) have one, and which rows had.

    Only where both ends have none: such a row recurs yearly.

    Parameters
    ----------
    table
        As in the source.
    columns
        The columns of ``start`` and ``finish`` (one each; else nothing is done).

    Examples
    --------
    >>> rows = pd.DataFrame({"起": ["12-20", "2026-01-01"], "止": ["01-05", "2026-01-03"]})
    >>> with_base_years(rows, {"start": ["起"], "finish": ["止"]})[0].values.tolist()
    [['2000-12-20', '2001-01-05'], ['2026-01-01', '2026-01-03']]
    """
    none = np.zeros(len(table), dtype=bool)
    names = [columns.get(name, ()) for name in ("start", "finish")]
    if any(len(name) != 1 for name in names):
        return table, none
    start, finish = (text_column(joined(table, tuple(name))) for name in names)
    told = {
        at: (first, last)
        for at, (one, two) in enumerate(zip(start, finish, strict=True))
        if (first := yearless(one)) is not None and (last := yearless(two)) is not None
    }
    if not told:
        return table, none
    result = table.copy()
    days = {at: yearless_days(first, last) for at, (first, last) in told.items()}
    for end, name in enumerate(names):
        cells = result[name[0]].astype("object").to_numpy(copy=True)
        for at, both in days.items():
            cells[at] = both[end].isoformat()
        result[name[0]] = pd.Series(cells, index=result.index, dtype="object")
    none[list(days)] = True
    return result, none


def judged_rows(
    rows: pd.DataFrame,
    numbers: npt.NDArray[np.int64],
    columns: Mapping[str, str],
    every_year: npt.NDArray[np.bool_],
    shapes: npt.NDArray[np.object_],
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return rows with codes for words, and what is wrong with them.

    A row needs a place: an area that was drawn, or a road, town, road class or ``全市`` by name.

    Parameters
    ----------
    rows
        `coordination.restrictions.COLUMNS` as read.
    numbers
        Number of every row.
    columns
        What the source calls a field.
    every_year
        Rows whose days had no year.
    shapes
        What was drawn, shape ``(n,)``.
    """
    rows, faults = rows.copy(), list[Fault]()
    said = rows["recurs"].notna().to_numpy()
    for name in CODES:
        cells: list[str | None] = []
        for at, written in enumerate(rows[name].astype("object")):
            found, odd = codes_in(name, None if pd.isna(written) else written)
            cells.append(" ".join(found) or DEFAULTS.get(name))
            if odd:
                column = columns.get(name, name)
                faults.append(code_fault(name, odd[0], row=int(numbers[at]), column=column))
        rows[name] = pd.Series(cells, index=rows.index, dtype="str")
    other = every_year & rows["recurs"].ne("yearly").to_numpy() & said
    faults += [
        Fault("restrictions.yearless", row=int(numbers[at]), column=columns.get("start", "start"),
              params={"found": f"{rows['start'].iloc[at]:%m-%d}"})
        for at in np.flatnonzero(other)
    ]  # fmt: skip
    rows.loc[every_year, "recurs"] = "yearly"
    faults += row_faults(rows.assign(row=numbers), columns)
    faults += _places(rows, numbers, shapes)
    undated = (rows["start"].isna() & rows["finish"].isna()).to_numpy()
    for code, recurs in (
        ("restrictions.always", "once"),
        ("restrictions.not_announced", "announced"),
    ):
        bare = undated & rows["recurs"].eq(recurs).to_numpy()
        if bare.any():
            first = int(numbers[int(np.flatnonzero(bare)[0])])
            faults.append(Fault(code, "note", row=first, params={"count": int(bare.sum())}))
    return rows, faults


def _places(
    rows: pd.DataFrame, numbers: npt.NDArray[np.int64], shapes: npt.NDArray[np.object_]
) -> list[Fault]:
    given = shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)
    no_area = given & (shapely.get_dimensions(shapes) != 2)
    named = rows[list(_NAMED_PLACES)].notna().any(axis=1).to_numpy()
    faults = [Fault("restrictions.place_missing", row=int(row)) for row in numbers[no_area]]
    nowhere = ~given & ~named
    faults += [Fault("not_an_area", row=int(row)) for row in numbers[nowhere]]
    city = ~given & np.array([is_whole_city(town) for town in rows["town"].astype("object")])
    city &= rows[["road", "road_class"]].isna().all(axis=1).to_numpy()
    if city.any():
        first = int(numbers[int(np.flatnonzero(city)[0])])
        faults.append(
            Fault("restrictions.whole_city", "note", row=first, params={"count": int(city.sum())})
        )
    return faults


def made_ids(rows: pd.DataFrame, shapes: npt.NDArray[np.object_]) -> list[str | None]:
    """Return an id for each row from what it is about, so that days that move leave it alone.

    Name, kind, place and, unless it recurs yearly, the year; missing where a row says nothing.
    """
    years = rows["start"].dt.year.where(rows["recurs"].ne("yearly"))
    told = [rows[name].astype("object") for name in ("name", "kind", *_NAMED_PLACES)]
    ids: list[str | None] = []
    for wkb, year, *texts in zip(shapely.to_wkb(shapes), years, *told, strict=True):
        parts: list[Any] = [*texts, year]
        known = ["" if pd.isna(part) else str(part) for part in parts]
        blob = b"" if wkb is None else wkb
        if not blob and not any(known):
            ids.append(None)
            continue
        ids.append(f"auto-{hashlib.sha256(blob + chr(31).join(known).encode()).hexdigest()[:12]}")
    return ids

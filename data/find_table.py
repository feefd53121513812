"""The list inside a sheet: where its header stands, over how many rows, and which rows are its own.

Printed lists have a title and a line with the unit above their header, headers over two or three
rows with merged cells, a row of units or of column numbers below, sums, headings and notes between
and below their rows. What is found is said in notes; where two rows could be the header it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from data.column_mapping import field_of
from data.headers import BELOW, every_unit, fold, is_known, take_apart, words
from data.sheets import Range
from data.table_rows import another_header, kinds_of_rows

_LOOKED_AT = 60
"""A header further down than so many filled rows has to be named."""

_MOST_HEADER_ROWS = 3
_MOST_HEADER_LETTERS = 60
_UNIT_LINE = re.compile(r"[(\[]?(?:单位|單位)?[:：]?(.+?)[)\]]?")
_COLUMN_NUMBER = re.compile(r"[(\[]?(\d{1,2}|[a-z]|[一二三四五六七八九十]{1,3})[)\]]?(?:=.*)?")
_NUMBERLIKE = re.compile(r"[+-]?[\d,.]+%?")
_NOT_SPREAD = frozenset({"length_m", "area_m2"})


class HeaderAsk(ValueError):  # noqa: N818 - it is a question
    """Two rows could be the header.

    Attributes
    ----------
    rows
        Their numbers, as a person counts them, and how they begin.
    """

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__(str(rows))
        self.rows = tuple(rows)


class AnotherListError(ValueError):
    """A second list with a header of its own stands below the first."""

    def __init__(self, row: int) -> None:
        super().__init__(str(row))
        self.row = row


@dataclass(frozen=True)
class FoundTable:
    """A list as found in a sheet.

    Attributes
    ----------
    table
        Its rows below the header, RangeIndex, blanks None.
    numbers
        The number of each row as a person counts it in the sheet.
    header_row
        Number of the (first) row of its header.
    known
        How many of its columns have a name that is known here.
    around
        The texts above the header and below the list, without repetitions.
    notes
        What was left out or taken for something.
    """

    table: pd.DataFrame
    numbers: npt.NDArray[np.int64]
    header_row: int
    known: int
    around: tuple[str, ...] = ()
    notes: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class _Block:
    """Some rows taken for a header, 0-based."""

    top: int
    depth: int
    names: tuple[str | None, ...]
    known: int


def find_table(
    cells: pd.DataFrame,
    *,
    merged: Sequence[Range] = (),
    header_row: int | None = None,
    further: frozenset[str] = frozenset(),
) -> FoundTable:
    """Find the list in a sheet.

    Parameters
    ----------
    cells
        The sheet from its first row on; blanks are None, columns are places.
    merged
        Merged ranges of the sheet, columns as in ``cells``.
    header_row
        Number (from 1) of the first row of the header, where it is said and not to be found.
    further
        Folded headers that count as known besides those of the catalogue (those of a mapping).

    Raises
    ------
    HeaderAsk
        When two rows fit equally well.
    AnotherListError
        When a second header with other columns stands below.

    Examples
    --------
    >>> rows = [["2025年掘路计划表", None], ["项目名称", "长度"], ["甲", 12], ["合计", 12]]
    >>> found = find_table(pd.DataFrame(rows, dtype=object))
    >>> found.header_row, found.table["项目名称"].tolist(), found.numbers.tolist()
    (2, ['甲'], [3])
    """
    places = {place: at for at, place in enumerate(cells.columns)}
    merged = [_shifted(area, places) for area in merged]
    merged = [area for area in merged if area[3] >= area[1]]
    looked = _head(cells)
    if not looked:
        return FoundTable(cells.iloc[:0], np.zeros(0, np.int64), 1, 0)
    filled = {at: row for at, row in looked.items() if any(_given(value) for value in row)}
    if not filled:
        return FoundTable(cells.iloc[:0], np.zeros(0, np.int64), 1, 0)
    block = (
        _best(looked, filled, merged, further)
        if header_row is None
        else _block_at(header_row - 1, looked, merged, further, forced=True)
    )
    notes: list[Fault] = []
    top, bottom = block.top, block.top + block.depth
    names = list(block.names)
    bottom = _below_header(bottom, looked, names)
    written, notes = header_names(names, [int(place) + 1 for place in cells.columns])
    body = cells.iloc[bottom:]
    last = _last_filled(body)
    body = body.iloc[: last + 1].reset_index(drop=True)
    body = body.where(body.notna() & (body != ""), None) if len(body) else body
    inside = [
        (r0 - bottom, c0, r1 - bottom, c1) for r0, c0, r1, c1 in merged if r1 >= bottom and r0 <= r1
    ]
    above = [list(row) for at, row in looked.items() if at < bottom]
    kinds = kinds_of_rows(body, written, above=above, merged=inside, first=bottom + 1)
    if top > 0:
        params: dict[str, str | int | float] = {"header_row": top + 1}
        notes.append(Fault("header_found", "note", params=params))
    notes += kinds.notes
    body, spread = _filled_down(body, written, inside, kinds.kept, bottom + 1)
    notes += spread
    used = [
        place
        for place, name in enumerate(names)
        if name is not None or body.iloc[:, place].notna().any()
    ]
    table = body.iloc[:, used].set_axis([written[place] for place in used], axis=1)
    numbers = np.arange(bottom + 1, bottom + 1 + len(table), dtype=np.int64)
    second = another_header(table[kinds.kept], 0, further) if block.known >= 2 else None
    if second is not None:
        raise AnotherListError(int(numbers[kinds.kept][second]))
    titles = [_row_text(row) for at, row in looked.items() if at < top]
    around = tuple(dict.fromkeys(text for text in [*titles, *kinds.said] if text))
    return FoundTable(
        table[kinds.kept].reset_index(drop=True), numbers[kinds.kept], top + 1, block.known, around,
        notes,
    )  # fmt: skip


def header_names(
    cells: Sequence[Any], numbers: Sequence[int] | None = None
) -> tuple[list[str], list[Fault]]:
    """Return column names without blanks and doubles, and notes about what was renamed.

    Parameters
    ----------
    cells
        As written.
    numbers
        By which a column without a name is called, default 1, 2, …

    Examples
    --------
    >>> header_names(["项目编号 ", None, "长度", "长度"])[0]
    ['项目编号', 'column_2', '长度', '长度_2']
    """
    names: dict[str, None] = {}  # in order, and looked up at once
    times: dict[str, int] = {}
    notes: list[Fault] = []
    for number, cell in zip(numbers or range(1, len(cells) + 1), cells, strict=True):
        written = "" if cell is None or pd.isna(cell) else " ".join(str(cell).split())
        base = name = written or f"column_{number}"
        while name in names:
            times[base] = times.get(base, 1) + 1
            name = f"{base}_{times[base]}"
        if written and name != base:
            notes.append(Fault("column_twice", "note", column=base, params={"name": name}))
        names[name] = None
    return list(names), notes


# --- The header --------------------------------------------------------------------------------


def _given(value: Any) -> bool:
    return value is not None and value == value and value != ""  # noqa: PLR0124 - not NaN


def _head(cells: pd.DataFrame) -> dict[int, list[Any]]:
    """Return the first rows as lists, down to `_LOOKED_AT` filled ones."""
    rows: dict[int, list[Any]] = {}
    filled = 0
    for start in range(0, len(cells), 500):
        rows_here = cells.iloc[start : start + 500]
        part = rows_here.to_numpy(dtype=object)
        # One cell far below leaves a million blank rows.
        blank = rows_here.isna().all(axis=1).tolist()
        for at, values in enumerate(part, start=start):
            if blank[at - start]:
                rows[at] = [None] * len(values)
                continue
            row = [value if _given(value) else None for value in values]
            rows[at] = row
            filled += any(value is not None for value in row)
            if filled >= _LOOKED_AT:
                return rows
    return rows


def _shifted(area: Range, places: dict[Any, int]) -> Range:
    """Return a range in columns by their place among the filled ones."""
    r0, c0, r1, c1 = area
    within = [at for place, at in places.items() if c0 <= int(place) <= c1] if c1 > c0 else []
    if c1 == c0:
        within = [places[c0]] if c0 in places else []
    return (r0, min(within), r1, max(within)) if within else (r0, 1, r1, 0)


def _is_text(value: Any) -> bool:
    """Tell whether a cell can be part of a header: a short text, no number and no date."""
    return (
        isinstance(value, str)
        and len(value) <= _MOST_HEADER_LETTERS
        and not _NUMBERLIKE.fullmatch(value.strip())
        and not _says_something(value)
    )


def _says_something(value: str) -> bool:
    """Tell whether a text is a line such as 填报单位：区水务局, which no header is."""
    label, colon, said = fold(value).partition(":")
    return bool(colon and said) and any(
        label in words(kind) for kind in ("unit_line", "list_unit", "list_date")
    )


def _texts_only(row: Sequence[Any]) -> bool:
    given = [value for value in row if value is not None]
    return bool(given) and all(_is_text(value) for value in given)


def _block_at(
    top: int,
    rows: dict[int, list[Any]],
    merged: Sequence[Range],
    further: frozenset[str],
    *,
    forced: bool = False,
) -> _Block:
    """Return the header that begins in a row, with the rows below that belong to it."""
    first = rows.get(top) or []
    depth = 1
    reach = [r1 - top + 1 for r0, _, r1, _ in merged if r0 == top and r1 > top]
    down = max([1, *(r for r in reach if r <= _MOST_HEADER_ROWS)])
    if down > 1 and all(
        _texts_only(rows.get(top + i) or [])
        for i in range(down)
        if rows.get(top + i) and any(rows[top + i])
    ):
        depth = down
    elif not reach and _continues(first, rows.get(top + 1) or [], merged, top, further):
        depth = 2
        if _continues(rows[top + 1], rows.get(top + 2) or [], merged, top + 1, further):
            depth = 3
    elif reach and depth == 1 and forced:
        depth = down
    names = _names(rows, top, depth, merged)
    known = {take_apart(name).whole for name in names if name and is_known(name, further)}
    return _Block(top, depth, tuple(names), len(known))


def _continues(
    upper: Sequence[Any], lower: Sequence[Any], merged: Sequence[Range], top: int,
    further: frozenset[str],
) -> bool:  # fmt: skip
    """Tell whether the row below a header row says more of it: texts under its groups alone."""
    if not _texts_only(lower) or not _texts_only(upper):
        return False
    across = {
        place
        for r0, c0, r1, c1 in merged
        if r0 <= top <= r1 and c1 > c0
        for place in range(c0, c1 + 1)
    }
    under = [at for at, value in enumerate(lower) if value is not None]
    groups = 0
    for at in under:
        covered = at in across
        if not covered:
            left = next((i for i in range(at, -1, -1) if upper[i] is not None), None)
            covered = upper[at] is None and left is not None
            # The group's own column: something stands to the right of it in the row below only.
            covered |= (
                upper[at] is not None
                and at + 1 < len(upper)
                and upper[at + 1] is None
                and lower[at + 1] is not None
            )
        if not covered:
            return False
        groups += 1
    hits = sum(is_known(str(lower[at]), further) for at in under)
    plain = sum(value is not None for value in upper) - sum(upper[at] is not None for at in under)
    return groups >= 2 and (hits >= 1 or bool(across)) and plain >= 1


def _names(
    rows: dict[int, list[Any]], top: int, depth: int, merged: Sequence[Range]
) -> list[str | None]:
    """Return the header of every column, joined from above down."""
    width = len(next(iter(rows.values())))
    grid: list[list[str | None]] = [
        [
            None if value is None else " ".join(str(value).split())
            for value in rows.get(top + i) or [None] * width
        ]
        for i in range(depth)
    ]
    for r0, c0, r1, c1 in merged:
        if not top <= r0 < top + depth:
            continue
        value = grid[r0 - top][c0]
        for row in range(r0 - top, min(r1 - top, depth - 1) + 1):
            for place in range(c0, c1 + 1):
                grid[row][place] = grid[row][place] or value
    for i in range(
        depth - 1
    ):  # groups that are not merged: their name stands over the first column
        for place in range(1, width):
            if grid[i][place] is None and grid[i + 1][place] is not None and i + 1 < depth:
                upper = grid[i][place - 1]
                if upper is not None and grid[i + 1][place - 1] not in (None, upper):
                    grid[i][place] = upper
    names: list[str | None] = []
    for place in range(width):
        parts = list(dict.fromkeys(part for row in grid if (part := row[place])))
        names.append(BELOW.join(parts) or None)
    return names


def _best(
    rows: dict[int, list[Any]],
    filled: dict[int, list[Any]],
    merged: Sequence[Range],
    further: frozenset[str],
) -> _Block:
    """Return the header, or ask which of several rows it is."""
    first = next(iter(filled), next(iter(rows)))
    blocks = [
        _block_at(at, rows, merged, further) for at, row in filled.items() if _texts_only(row)
    ]
    plain = _block_at(first, rows, merged, further)
    likely = [
        block
        for block in blocks
        if block.known >= 2 and block.known >= 0.3 * sum(name is not None for name in block.names)
    ]
    if likely:
        best = max(likely, key=lambda block: (block.known, -block.depth, -block.top))
        # A row that hides inside the best one, or says the same again, is no rival.
        rivals = [
            block
            for block in likely
            if block.known == best.known
            and not best.top <= block.top < best.top + best.depth
            and not block.top <= best.top < block.top + block.depth
            and [fold(n or "") for n in block.names] != [fold(n or "") for n in best.names]
        ]
        if rivals:
            asked = sorted([best, *rivals], key=lambda block: block.top)
            raise HeaderAsk([(block.top + 1, _begin(rows[block.top])) for block in asked])
        # The groups above it belong to it: one of them may state the unit.
        around = [
            block
            for block in likely
            if block.known >= best.known
            and block.top < best.top < best.top + best.depth <= block.top + block.depth
        ]
        return min(around, key=lambda block: block.top, default=best)
    return _by_shape(filled, plain, rows, merged, further)


def _by_shape(
    filled: dict[int, list[Any]],
    plain: _Block,
    rows: dict[int, list[Any]],
    merged: Sequence[Range],
    further: frozenset[str],
) -> _Block:
    """Return the header of a list whose columns nobody knows: its first full row of texts."""
    widths = {at: sum(value is not None for value in row) for at, row in filled.items()}
    widest = max(widths.values())
    if widths[plain.top] > 1 or widest <= 2:
        return plain
    full = [at for at, row in filled.items() if widths[at] >= 0.7 * widest and _texts_only(row)]
    if not full:
        return plain
    then = [at for at in filled if at > full[0]]
    if len(full) == 1 or (then and not _texts_only(filled[then[0]])):
        return _block_at(full[0], rows, merged, further)
    raise HeaderAsk([(at + 1, _begin(filled[at])) for at in full[:5]])


def _begin(row: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in row if value is not None)[:60]


def _below_header(bottom: int, rows: dict[int, list[Any]], names: list[str | None]) -> int:
    """Take a row of units into the names, pass over a row of column numbers; return where data begin."""
    for _ in range(2):
        row = rows.get(bottom)
        given = [(at, value) for at, value in enumerate(row or []) if value is not None]
        if not given:
            return bottom
        units = [_as_unit(value) for _, value in given]
        if all(unit is not None for unit in units):
            for (at, _), unit in zip(given, units, strict=True):
                if names[at] is not None and take_apart(names[at] or "").unit is None:
                    names[at] = f"{names[at]}({unit})"
            bottom += 1
            continue
        if len(given) >= 3 and _are_column_numbers([value for _, value in given]):
            bottom += 1
            continue
        return bottom
    return bottom


def _as_unit(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    match = _UNIT_LINE.fullmatch(fold(value))
    return match[1] if match and match[1] in every_unit() else None


def _are_column_numbers(values: Sequence[Any]) -> bool:
    said = [_COLUMN_NUMBER.fullmatch(fold(value)) for value in values]
    if not all(said):
        return False
    texts = [match[1] for match in said if match]
    if all(text.isascii() and text.isdigit() for text in texts):
        numbers = [int(text) for text in texts]
        return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] <= 1
    return texts in (list("abcdefghijklmnopqrstuvwxyz"[: len(texts)]), list("甲乙丙丁")[: len(texts)],
                     list("一二三四五六七八九")[: len(texts)])  # fmt: skip


def _row_text(row: Sequence[Any]) -> str:
    return " ".join(
        dict.fromkeys(" ".join(str(value).split()) for value in row if value is not None)
    )[:500]


# --- The rows ----------------------------------------------------------------------------------


def _last_filled(body: pd.DataFrame) -> int:
    last = -1
    for place in range(body.shape[1]):
        column = body.iloc[:, place]
        filled = np.flatnonzero((column.notna() & (column != "")).to_numpy(dtype=np.bool_))
        if len(filled):
            last = max(last, int(filled[-1]))
    return last


def _filled_down(
    body: pd.DataFrame,
    names: Sequence[str],
    merged: Sequence[Range],
    kept: npt.NDArray[np.bool_],
    first: int,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Give every row of a merged range its value; a length of several rows together is no row's."""
    tall = [area for area in merged if area[2] > area[0] >= 0]
    if not tall:
        return body, []
    notes: list[Fault] = []
    columns: dict[int, Any] = {}
    for r0, c0, r1, _ in tall:
        values = columns.setdefault(c0, body.iloc[:, c0].to_numpy(dtype=object, copy=True))
        end = min(r1, len(values) - 1)
        if r0 >= len(values) or values[r0] is None:
            continue
        own = [at for at in range(r0 + 1, end + 1) if values[at] is None and kept[at]]
        if not own:
            continue
        if field_of(names[c0]) in _NOT_SPREAD:
            params: dict[str, str | int | float] = {
                "found": str(values[r0])[:40], "last": first + own[-1]
            }  # fmt: skip
            notes.append(
                Fault("merged_total", "note", row=first + r0, column=names[c0], params=params)
            )
            values[r0] = None
            continue
        for at in own:
            values[at] = values[r0]
    frame = {place: columns.get(place, body.iloc[:, place]) for place in range(body.shape[1])}
    filled = pd.DataFrame(frame, index=body.index, dtype=object)
    return filled.where(filled.notna(), None), notes

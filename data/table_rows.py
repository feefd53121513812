"""Which rows of a table are rows of a list: sums, repeated headers, headings and notes are not."""

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
from data.headers import fold, is_known, units_of, words
from data.sheets import Range

_NAMED_AT_MOST = 20
_SERIAL = re.compile(r"[(]?[\d.\-]{1,9}[)]?|[一二三四五六七八九十]{1,3}")
_HEADING = re.compile(
    r"[((]?[一二三四五六七八九十]{1,3}[)).、:]|第[一二三四五六七八九十\d]{1,3}(?:部分|类|批|章)|【[^】]*】"
)
_SUM_AFTER = re.compile(r"[::((\[共\d]")
_SUM_TOLERANCE = 0.005
_MAYBE_SUM = re.compile(r"[计計和]|tal|sum", re.IGNORECASE)
_MOST_TEXTS = 5_000
"""Texts of one column that are compared with headers; a longer column holds names, not headers."""


@dataclass
class RowKinds:
    """What the rows below a header are.

    Attributes
    ----------
    kept
        Rows of the list, shape (n,); blank rows between others are kept.
    notes
        What was left out, named by row.
    said
        Texts of the notes below the table.
    """

    kept: npt.NDArray[np.bool_]
    notes: list[Fault] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def kinds_of_rows(
    body: pd.DataFrame,
    names: Sequence[str],
    *,
    above: Sequence[Sequence[Any]],
    merged: Sequence[Range],
    first: int,
) -> RowKinds:
    """Tell the rows of a list from what is printed between and below them.

    Parameters
    ----------
    body
        What stands below the header; columns by place, blanks None.
    names
        Its headers.
    above
        The rows of the header and of the titles above it, which printed lists repeat on every page.
    merged
        Ranges by place in ``body``, rows counted from its first.
    first
        Number of its first row as a person counts it.
    """
    count = len(body)
    columns = [_objects(body.iloc[:, place]) for place in range(body.shape[1])]
    filled = [
        np.array([value is not None for value in column], dtype=np.bool_) for column in columns
    ]
    how_many = np.zeros(count, dtype=np.int64)
    for full in filled:
        how_many += full
    found = RowKinds(np.ones(count, dtype=np.bool_))
    measured = frozenset(
        place for place, name in enumerate(names) if units_of(field_of(name) or "")
    )
    serial = [place for place, name in enumerate(names) if fold(name) in words("serial")]

    def leave_out(rows: npt.NDArray[np.bool_], code: str, **params: str) -> None:
        rows = rows & found.kept
        found.kept[rows] = False
        places = np.flatnonzero(rows)
        found.notes += [
            Fault(code, "note", row=first + int(at), params=dict(params))
            for at in places[:_NAMED_AT_MOST]
        ]
        if len(places) > _NAMED_AT_MOST:
            more = len(places) - _NAMED_AT_MOST
            found.notes.append(Fault("rows_left_out_more", "note", params={"count": more}))

    if how_many.max(initial=0) > 1 or len(columns) > 1:
        leave_out(_repeated(columns, filled, how_many, above), "header_repeated")
    leave_out(_sums(columns, filled, serial), "total_left_out")
    leave_out(
        _checked_sums(columns, filled, how_many, serial, found.kept, measured=measured),
        "total_left_out",
    )
    if serial:
        numbered = (how_many > 0) & (how_many == np.sum([filled[i] for i in serial], axis=0))
        numbered &= found.kept
        for at in np.flatnonzero(numbered):  # a heading or a note may begin in that column
            numbered[at] = all(
                columns[i][at] is None or _SERIAL.fullmatch(fold(columns[i][at])) for i in serial
            )
        if numbered.any() and not numbered[found.kept & (how_many > 0)].all():
            found.kept[numbered] = False
            params: dict[str, str | int | float] = {"count": int(numbered.sum())}
            row = first + int(np.flatnonzero(numbered)[0])
            found.notes.append(Fault("rows_only_numbered", "note", row=row, params=params))
    if len(columns) > 2:
        headings = _headings(columns, filled, how_many, merged)
        for at in np.flatnonzero(headings & found.kept):
            said = next(str(column[at]) for column in columns if column[at] is not None)
            only = np.zeros(count, dtype=np.bool_)
            only[at] = True
            leave_out(only, "heading_left_out", found=said[:60])
    _notes_below(columns, how_many, found, first)
    return found


def _objects(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    values = np.array(column, dtype=object)
    values[column.isna().to_numpy(dtype=np.bool_)] = None
    return values


def _repeated(
    columns: Sequence[npt.NDArray[np.object_]],
    filled: Sequence[npt.NDArray[np.bool_]],
    how_many: npt.NDArray[np.int64],
    above: Sequence[Sequence[Any]],
) -> npt.NDArray[np.bool_]:
    """Return the rows that say what a row of the header or a title says, cell by cell."""
    found = np.zeros(len(how_many), dtype=np.bool_)
    for row in above:
        wanted = [None if value is None else fold(value) for value in row]
        if not any(wanted):
            continue
        texts = sum(value is not None for value in wanted)
        possible = how_many == texts
        for column, full, value in zip(columns, filled, wanted, strict=False):
            if not possible.any():
                break
            if value is None:
                possible &= ~full
                continue
            for at in np.flatnonzero(possible):
                possible[at] = column[at] is not None and fold(column[at]) == value
        if texts > 1 or (texts == 1 and possible.sum() < 0.2 * max(1, (how_many > 0).sum())):
            found |= possible
    return found


def is_sum(text: object) -> bool:
    """Tell whether a text says that its row is a sum.

    Examples
    --------
    >>> [is_sum(text) for text in ("合 计：", "水务局小计", "合计（12项）", "合计路改造")]
    [True, True, True, False]
    """
    said = fold(text)
    bare = said.strip(":、. 。-—=")
    totals = words("totals")
    if bare in totals:
        return True
    if len(bare) <= 30 and any(
        bare.endswith(word)
        and not word.isascii()
        and word in ("合计", "小计", "总计", "合計", "小計", "總計")
        for word in totals
    ):
        return True
    return any(
        bare.startswith(word) and _SUM_AFTER.match(bare[len(word) :]) is not None
        for word in totals
        if not word.isascii()
    )


def _sums(
    columns: Sequence[npt.NDArray[np.object_]],
    filled: Sequence[npt.NDArray[np.bool_]],
    serial: Sequence[int],
) -> npt.NDArray[np.bool_]:
    """Return the rows of which the first text, or any text by itself, says that they are sums."""
    count = len(columns[0]) if columns else 0
    found = np.zeros(count, dtype=np.bool_)
    open_rows = np.ones(count, dtype=np.bool_)  # no text met yet
    known: dict[str, bool] = {}
    exact = words("totals")
    for place, (column, full) in enumerate(zip(columns, filled, strict=True)):
        for at in np.flatnonzero(full):
            value = column[at]
            if not isinstance(value, str):
                continue
            if len(value) <= 40 and _MAYBE_SUM.search(value):
                says = known.get(value)
                if says is None:
                    says = known[value] = is_sum(value)
                if says and (open_rows[at] or fold(value).strip(":") in exact):
                    found[at] = True
            if place not in serial and not _is_number(value):
                open_rows[at] = False
        if place > 8:
            break
    return found


def _is_number(value: str) -> bool:
    try:
        float(value.replace(",", ""))
    except ValueError:
        return False
    return True


def _checked_sums(
    columns: Sequence[npt.NDArray[np.object_]],
    filled: Sequence[npt.NDArray[np.bool_]],
    how_many: npt.NDArray[np.int64],
    serial: Sequence[int],
    kept: npt.NDArray[np.bool_],
    *,
    measured: frozenset[int],
) -> npt.NDArray[np.bool_]:
    """Return the rows of numbers alone, each the sum of its column above it.

    Only rows that are much emptier than others come into question, and only with a column that has
    a unit: codes add up by chance.
    """
    found = np.zeros(len(how_many), dtype=np.bool_)
    given = how_many[how_many > 0]
    if len(given) < 3 or len(columns) < 3:
        return found
    sparse = (how_many > 0) & (how_many <= 0.5 * np.median(given)) & kept
    sums = {place: _RunningSum(columns[place]) for place in range(len(columns))}
    for at in np.flatnonzero(sparse)[:1000]:
        cells = [
            place for place in range(len(columns)) if filled[place][at] and place not in serial
        ]
        numbers = [_float(columns[place][at]) for place in cells]
        if not measured & set(cells) or any(number is None or number == 0 for number in numbers):
            continue
        agreeing = 0
        for place, number in zip(cells, numbers, strict=True):
            parts, total = sums[place].above(int(at), kept, found)
            agreeing += parts > 1 and abs(total - (number or 0)) <= _SUM_TOLERANCE * abs(total)
        found[at] = agreeing == len(cells)
    return found


class _RunningSum:
    """The numbers of a column above a row, added up once on the way down."""

    def __init__(self, column: npt.NDArray[np.object_]) -> None:
        self.column = column
        self.next = 0
        self.parts = 0
        self.total = 0.0

    def above(
        self, row: int, kept: npt.NDArray[np.bool_], found: npt.NDArray[np.bool_]
    ) -> tuple[int, float]:
        """Return how many numbers there are above a row, and their sum; rows only go down."""
        for at in range(self.next, row):
            if kept[at] and not found[at] and (value := _float(self.column[at])) is not None:
                self.parts += 1
                self.total += value
        self.next = row
        return self.parts, self.total


def _float(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and len(value) < 30:
        try:
            return float(value.replace(",", ""))
        except ValueError:
            return None
    return None


def _headings(
    columns: Sequence[npt.NDArray[np.object_]],
    filled: Sequence[npt.NDArray[np.bool_]],
    how_many: npt.NDArray[np.int64],
    merged: Sequence[Range],
) -> npt.NDArray[np.bool_]:
    """Return rows of one text that heads the rows below: numbered in Chinese, or merged across."""
    found = np.zeros(len(how_many), dtype=np.bool_)
    across = {
        row
        for r0, c0, r1, c1 in merged
        if c1 - c0 + 1 >= max(3, len(columns) // 2) and r1 - r0 < 3
        for row in range(max(r0, 0), r1 + 1)
    }
    lone = how_many == 1
    for place, (column, full) in enumerate(zip(columns, filled, strict=True)):
        for at in np.flatnonzero(lone & full):
            value = column[at]
            if isinstance(value, str) and (
                int(at) in across or (place < 2 and _HEADING.match(fold(value)))
            ):
                found[at] = True
    # 一 and 道路 in two cells: 序号 is a Chinese numeral and only the name follows.
    pair = how_many == 2
    for at in np.flatnonzero(pair & filled[0] & filled[1]):
        first = columns[0][at]
        if isinstance(first, str) and re.fullmatch(
            r"[((]?[一二三四五六七八九十]{1,3}[))、]?", fold(first)
        ):
            found[at] = True
    return found


def _notes_below(
    columns: Sequence[npt.NDArray[np.object_]],
    how_many: npt.NDArray[np.int64],
    found: RowKinds,
    first: int,
) -> None:
    """Leave out what stands below the last row of the list: notes, names, the day it was made."""
    starts = words("notes")
    given = np.flatnonzero((how_many > 0) & found.kept)
    usual = float(np.median(how_many[given])) if len(given) else 0.0
    last_note = -1
    for at in given[::-1][:50]:
        cells = [column[at] for column in columns if column[at] is not None]
        texts = [fold(value) for value in cells if isinstance(value, str)]
        begun = bool(texts) and _begins(texts[0], starts)
        labels = sum(_begins(text, starts) for text in texts)
        numbered = bool(texts) and re.match(r"\d{1,2}[、.)]", texts[0]) is not None
        sparse = len(cells) <= max(1.0, 0.5 * usual) and len(cells) < len(columns)
        if not (sparse and (begun or labels >= 1 or (numbered and len(cells) == 1))):
            break
        last_note = int(at)
        found.said.append(" ".join(str(value) for value in cells))
        found.kept[at] = False
    if last_note >= 0:
        found.said.reverse()
        said = " ".join(" ".join(found.said).split())[:80]
        found.notes.append(
            Fault("notes_left_out", "note", row=first + last_note, params={"found": said})
        )


def _begins(text: str, starts: frozenset[str]) -> bool:
    head = re.match(r"[^:\d(.、]{1,8}", text)
    return (
        head is not None
        and head[0] in starts
        and text[len(head[0]) :][:1] in (":", "", "1", "(", ".", "、")
    )


def another_header(body: pd.DataFrame, first: int, further: frozenset[str]) -> int | None:
    """Return the number of a row that looks like the header of another list, or None."""
    columns = [_objects(body.iloc[:, place]) for place in range(body.shape[1])]
    hits = np.zeros(len(body), dtype=np.int64)
    filled = np.zeros(len(body), dtype=np.int64)
    for column in columns:
        known: dict[str, bool] = {}
        for at, value in enumerate(column):
            if value is None:
                continue
            filled[at] += 1
            if isinstance(value, str) and len(value) <= 20:
                says = known.get(value)
                if says is None:
                    says = len(known) < _MOST_TEXTS and is_known(value, further)
                    known[value] = says
                hits[at] += says
    rows = np.flatnonzero((hits >= 3) & (hits >= 0.6 * filled))
    return first + int(rows[0]) if len(rows) else None

"""Columns with periods: start and finish in one cell, durations among them, and ends left open.

What a column is called says little: 计划工期 holds ``60天`` in one list, ``3—5月`` in the next and both
in a third. Every cell is taken for what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from data.cells import Cells, holds, joined, per_text
from data.column_mapping import Matched
from data.date_text import FIRST_YEAR, LAST_YEAR, Bound, ParsedDates, parse_dates
from data.headers import WINDOW, fold
from data.number_words import Duration, duration_of, is_number, is_several

_SPEAKS_OF_TIME = re.compile(
    r"年|季|半年|[^个\D]\s*月|(?<!\d)(?:19|20)\d\d\W|\W(?:19|20)\d\d(?!\d)|[qh][1-4]"
)
"""What a duration never has."""

_WITH_DURATION = re.compile(
    r"(?P<when>.{2,60}?)(?:起算?|开工|开始)?[\s,，;；、(（]*"
    r"(?P<long>(?:工期|施工|共|计|共计|为期|历时|约|[:：])*\s*\d{1,4}\s*(?:个?日历天|天|个月|周))[)）]?"
)
_OPEN_END = re.compile(r"[初底末]")
_WIDE = frozenset({"quarter", "half", "year"})


@dataclass(frozen=True)
class DateContext:
    """What the dates of all columns leave open (`data.date_text.parse_dates`)."""

    style: str | None
    time_zone: str
    years: pd.Series[Any] | int | None
    list_date: date | None

    def read(self, raw: pd.Series[Any], bound: Bound) -> ParsedDates:
        """Return a column's days at one of their bounds."""
        return parse_dates(
            raw, bound=bound, style=self.style, time_zone=self.time_zone, years=self.years,
            list_date=self.list_date,
        )  # fmt: skip


@dataclass
class Periods:
    """A column of a table that gives start and finish in one cell.

    Attributes
    ----------
    cells
        The column.
    start, finish
        Its cells read as either bound.
    given
        Cells that are a period, or should be one.
    durations
        Days of the cells that are, or end in, a duration; NaN elsewhere.
    rounded
        Those of which the duration is given in months or years.
    of_durations
        The column is our ``duration_days``, whose other cells are read there.
    """

    cells: Cells
    start: ParsedDates
    finish: ParsedDates
    given: npt.NDArray[np.bool_]
    durations: npt.NDArray[np.float64]
    rounded: npt.NDArray[np.bool_]
    of_durations: bool

    @classmethod
    def of(
        cls,
        source: pd.DataFrame,
        matched: Matched,
        raw: Mapping[str, pd.Series[Any]],
        numbers: npt.NDArray[np.int64],
        how: DateContext,
    ) -> Periods | None:
        """Return the periods of a table, None where it has none.

        Parameters
        ----------
        source, matched, numbers
            As `data.field_values.read_fields`.
        raw
            Cells by our field, where they are joined already.
        how
            What dates leave open.
        """
        name = next(
            (name for name in (WINDOW.name, "duration_days", "start") if name in matched.columns),
            None,
        )
        if name is None or (name == "start" and "finish" in matched.columns):
            return None
        columns = matched.columns[name]
        whole = raw[name] if name in raw else joined(source, columns)
        cells = Cells(whole, WINDOW, " + ".join(columns), numbers)
        if name != "start":
            cells.without_errors(silent=name != WINDOW.name)
        none = np.full(len(whole), np.nan)
        if name == "start":
            start, finish = how.read(cells.raw, "start"), how.read(cells.raw, "finish")
            return cls(cells, start, finish, start.ranged, none, none == 0, of_durations=False)
        lasting = _durations(cells)
        rest, tails = _tails(cells, how)
        start, finish = how.read(rest, "start"), how.read(rest, "finish")
        # What is left of 60-90天 is no time: then its end is no duration of anything.
        said = [d or (None if bad else t) for d, t, bad in
                zip(lasting, tails, start.bad, strict=True)]  # fmt: skip
        long = np.array([np.nan if d is None else d.days for d in said], dtype=np.float64)
        rounded = np.array([d is not None and d.rounded for d in said], dtype=np.bool_)
        given = cells.texts.notna().to_numpy(dtype=np.bool_, copy=True)
        given &= np.array([duration is None for duration in lasting], dtype=np.bool_)
        if name == "duration_days":
            # Two numbers and numbers of a unit that nobody knows are faults of a duration.
            number = holds(cells.texts, lambda text: is_number(text) or is_several(text))
            understood = ~start.bad | np.array([c in _ALMOST for c in start.reason], np.bool_)
            speaks = holds(cells.texts, lambda text: bool(_SPEAKS_OF_TIME.search(fold(text))))
            years = given & number & holds(cells.texts, _is_year)
            given &= (understood & (~number | start.ranged)) | speaks
            given |= years & given.any()
        return cls(cells, start, finish, given, long, rounded, name == "duration_days")

    def fill(
        self, values: dict[str, pd.Series[Any]], written: dict[str, npt.NDArray[np.bool_]]
    ) -> list[Fault]:
        """Fill start, finish and duration where their own columns say nothing."""
        cells, given = self.cells, self.given
        if self.start.ambiguous:
            unread = given & np.array([c == "date_unreadable" for c in self.start.reason], np.bool_)
            if unread.any():
                found = str(cells.texts[unread].iloc[0])[:80]
                params: dict[str, str | int | float] = {"found": found}
                cells.faults.append(
                    Fault("date_style_undecided", column=cells.column, params=params)
                )
                given = given & ~unread
        for code in dict.fromkeys(self.start.reason[given]):
            if code is None:
                continue
            same = given & (self.start.reason == code)
            cells.each("window_unreadable" if code == "date_unreadable" else str(code), same)
        cells.together("date_open_start", self.start.open_start & given)
        index = self.start.days.index
        differs = np.zeros(len(given), dtype=np.bool_)
        for name, read in (("start", self.start), ("finish", self.finish)):
            # One day in a column of periods is when it begins.
            lone = (read.precision == "day").to_numpy(dtype=np.bool_) & ~read.ranged
            said = given & ~lone if name == "finish" else given
            ours = said & read.days.notna().to_numpy(dtype=np.bool_)
            before = values.get(name, pd.Series(pd.NaT, index=index)).astype("datetime64[us]")
            own = written.get(name, np.zeros(len(given), dtype=np.bool_))
            differs |= ours & before.notna().to_numpy() & (before != read.days).to_numpy()
            take = ours & ~own
            values[name] = before.where(~take, read.days)
            precision = values.get(f"{name}_precision", pd.Series(None, index=index, dtype="str"))
            values[f"{name}_precision"] = precision.where(~take, read.precision)
            written[name] = own | said
        if cells.column and differs.any() and not self.of_durations:
            cells.together("window_differs", differs)
        self._fill_durations(values, index)
        return cells.faults

    def _fill_durations(self, values: dict[str, pd.Series[Any]], index: pd.Index[Any]) -> None:
        long = pd.Series(self.durations, index=index).round().astype("Int64")
        before = values.get("duration_days")
        missing = pd.Series(data=True, index=index) if before is None else before.isna()
        take = missing & long.notna()
        if take.any():
            values["duration_days"] = long if before is None else before.where(~take, long)
            rounded = take.to_numpy(dtype=np.bool_) & self.rounded
            self.cells.together("duration_rounded", rounded)


_ALMOST = frozenset({"date_year_missing", "date_year_short", "date_from_now"})
"""Why a text that surely is a period cannot be taken."""


def _is_year(text: str) -> bool:
    return len(text) == 4 and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR


def _durations(cells: Cells) -> list[Duration | None]:
    """Return the duration of every cell that is one; 2025 alone is a year among periods."""
    read = per_text(cells.texts, duration_of)
    years = holds(cells.texts, _is_year)
    return [None if year else duration for year, duration in zip(years, read, strict=True)]


def _tails(cells: Cells, how: DateContext) -> tuple[pd.Series[Any], list[Duration | None]]:
    """Cut durations off texts that can only be understood without: 2025年3月1日起60天."""
    matches = per_text(cells.texts, _WITH_DURATION.fullmatch)
    tails: list[Duration | None] = [None] * len(matches)
    if not any(matches):
        return cells.raw, tails
    plain = how.read(cells.raw, "start")
    whole = cells.raw.astype(object).copy()
    for at, match in enumerate(matches):
        lasting = duration_of(match["long"]) if match else None
        if match and lasting is not None and plain.reason[at] == "date_unreadable":
            tails[at] = lasting
            whole.iloc[at] = match["when"]
    return whole, tails


def close_open_ends(
    start: Cells,
    how: DateContext,
    values: dict[str, pd.Series[Any]],
    written: Mapping[str, npt.NDArray[np.bool_]],
) -> list[Fault]:
    """Let works finish with the period in which they start, where nothing else says when.

    A start of ``9-11月``, 上半年 or 二季度 is the window of the work; of ``9月`` and 年底 it is not known.
    """
    if "start" not in values or "finish" not in values:
        return []
    blank = values["finish"].isna().to_numpy() & ~written["finish"]
    blank = blank & values["start"].notna().to_numpy()
    if not blank.any():
        return []
    ends = how.read(start.raw, "finish")
    # What the text itself says: a column of precisions may call a day's text a half year.
    wide = ends.precision.isin(_WIDE).to_numpy(dtype=np.bool_) & ~holds(
        start.texts, lambda text: _OPEN_END.search(text) is not None
    )
    take = blank & (wide | ends.ranged) & ends.days.notna().to_numpy()
    if "duration_days" in values:  # one that does not fit says that only the start is meant
        room = (ends.days - values["start"]).dt.days + 1
        take &= ~(values["duration_days"] > room).fillna(value=False).to_numpy(dtype=np.bool_)
    if not take.any():
        return []
    values["finish"] = values["finish"].where(~take, ends.days)
    values["finish_precision"] = values["finish_precision"].where(~take, ends.precision)
    return [
        Fault(
            "finish_from_start", "repaired", row=int(start.numbers[at]), column=start.column,
            params={"found": str(start.texts.iloc[at])[:80],
                    "finish": f"{ends.days.iloc[at]:%Y-%m-%d}"},
        )
        for at in np.flatnonzero(take)
    ]  # fmt: skip

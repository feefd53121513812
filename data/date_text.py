"""Dates as people write them become days, each with the precision that the text really has.

A column is read as a whole: whether ``03/04/2025`` means March or April is decided by its
neighbours, and where they do not decide it nobody guesses.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Bound = Literal["start", "finish"]

STYLES = ("dmy", "mdy", "ymd", "roc")
"""What a person can say of ``1/2/03``: order of day, month and year, or years of the ROC calendar."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Works outside these years are typing errors."""

_NULL_DAYS = frozenset(
    {date(1970, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1, 1, 1),
     date(9999, 12, 31)}
)  # fmt: skip
_MISSING = frozenset(
    {"", "-", "--", "—", "/", "无", "未知", "待定", "未定", "暂无", "na", "n/a", "nan", "nat", "null",
     "none", "<na>", "tbd", "tbc", "unknown"}
)  # fmt: skip
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_FIRST, _EXCEL_LAST = 32874, 73415  # 1990-01-01 and 2101-01-01 as Excel counts days
_HAN_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name}

_TIME = (
    r"(?:(?:T|\s|(?<=[日号]))\s*(?P<hour>\d{1,2})(?::|时|点)(?P<minute>\d{1,2})?分?"
    r"(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?\s*(?P<half>[AP]M)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_YMD = re.compile(
    r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?" + _TIME,
    re.IGNORECASE,
)
_TRIPLE = re.compile(
    r"(?P<a>\d{1,3})\s*[-/.]\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<c>\d{4}|\d{1,2})" + _TIME, re.IGNORECASE
)
_ROC = re.compile(
    r"(?:民國|民国)\s*(\d{1,3})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
)
_ROC_HAN = re.compile(r"(\d{3})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_DAY_MONTH_NAME = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]*(?P<name>[A-Z]{3,9})\.?,?[\s-]*(?P<y>\d{4})" + _TIME,
    re.IGNORECASE,
)
_MONTH_NAME_DAY = re.compile(
    r"(?P<name>[A-Z]{3,9})\.?\s*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + _TIME,
    re.IGNORECASE,
)
_MONTH_NAME = re.compile(r"([A-Z]{3,9})\.?[\s-]*(\d{4})", re.IGNORECASE)
_MONTH = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:月份?)?\s*(?:初|上旬|中旬|下旬|中|底|末)?", re.IGNORECASE
)
_MONTHS_OF_YEAR = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月?\s*[-至到~—–]\s*(\d{1,2})\s*月")
_YEAR = re.compile(r"(\d{4})\s*(?:年度?)?\s*(?:全年|内)?")
_QUARTER = re.compile(r"(\d{4})\s*[年-]?\s*(?:第?([1-4一二三四])\s*季度?|Q([1-4]))", re.IGNORECASE)
_QUARTER_FIRST = re.compile(r"Q([1-4])\s*[-/]?\s*(\d{4})", re.IGNORECASE)
_HALF = re.compile(r"(\d{4})\s*[年-]?\s*(?:(上|下)半年|H([12]))", re.IGNORECASE)
_RANGE = re.compile(r"(.{6,}?)\s*(?:至|到|~|—|–|―)\s*(.{6,})")


@dataclass(frozen=True)
class ParsedDates:
    """One column of dates, read.

    Attributes
    ----------
    days
        ``datetime64[us]`` at midnight, same index as the input; NaT where missing or bad. Of a
        coarse text the first day for a start and the last day for a finish.
    precision
        ``day``, ``month``, ``quarter``, ``half``, ``year``, or ``unknown`` where there is no day.
    bad
        Something is written that cannot be understood, or that no work can mean (see `absurd`).
    absurd
        Those of `bad` that are dates, before 1990 or after 2100.
    null_day
        A day that programs write for "none" (1970-01-01, 1900-01-01, 9999-12-31): missing, not bad.
    style
        The order of day, month and year that was used for texts that need one, else None.
    ambiguous
        The column needs a style and does not show which; what needs it is in `bad`.
    """

    days: pd.Series[pd.Timestamp]
    precision: pd.Series[str]
    bad: npt.NDArray[np.bool_]
    absurd: npt.NDArray[np.bool_]
    null_day: npt.NDArray[np.bool_]
    style: str | None
    ambiguous: bool


@dataclass(frozen=True)
class _Days:
    """The days that one text means, both inclusive."""

    first: date
    last: date
    precision: str


def parse_dates(
    values: pd.Series[Any],
    *,
    bound: Bound,
    style: str | None = None,
    time_zone: str = "Asia/Shanghai",
) -> ParsedDates:
    """Read a column of dates.

    Understood are ISO dates and times; ``2025年3月1日``, ``2025.3``, ``2025/3/1``, ``20250301``;
    ROC years (``1100421``, ``110/04/21``); days as Excel counts them; seconds and milliseconds
    since 1970; day, month and year in either order; years, quarters and half-years
    (``2025年二季度``, ``2025Q2``, ``2025年上半年``); English month names.

    Parameters
    ----------
    values
        Text, numbers, dates or any mix of them.
    bound
        Whether the column starts or finishes works: which day a coarse text gives.
    style
        One of `STYLES` to say the order instead of inferring it.
    time_zone
        The store's zone. A time that states its own zone is converted to it before the day is
        taken; a time without one is local already. The finish day of a work that ends at midnight
        is the written day (lists write whole days as midnight).

    Raises
    ------
    ValueError
        When ``style`` is none of `STYLES`.

    Examples
    --------
    >>> column = pd.Series(["2025年3月", "2025-03-05T20:00:00Z", "1100421", "soon"])
    >>> read = parse_dates(column, bound="finish")
    >>> read.days.dt.strftime("%Y-%m-%d").tolist()
    ['2025-03-31', '2025-03-06', '2021-04-21', nan]
    >>> read.precision.tolist(), read.bad.tolist()
    (['month', 'day', 'day', 'unknown'], [False, False, False, True])
    """
    if style is not None and style not in STYLES:
        raise ValueError(f"style must be one of {STYLES}, found {style!r}")
    zone = ZoneInfo(time_zone)
    keys, unique = pd.factorize(_plain(values), use_na_sentinel=True)
    texts = [_folded(value) for value in unique]
    needed = style or _common_style(texts)
    ambiguous = style is None and needed is None and _needs_style(texts)

    count = len(unique) + 1  # the last slot stands for missing
    day = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    precision = np.full(count, "unknown", dtype=object)
    bad, absurd, null_day = (np.zeros(count, dtype=np.bool_) for _ in range(3))
    for slot, (value, text) in enumerate(zip(unique, texts, strict=True)):
        if text.casefold() in _MISSING:
            continue
        found = _days_of(value, text, bound, needed, zone)
        if found is None:
            bad[slot] = True
        elif found.first in _NULL_DAYS:
            null_day[slot] = True
        elif not FIRST_YEAR <= found.first.year <= found.last.year <= LAST_YEAR:
            bad[slot] = absurd[slot] = True
        else:
            day[slot] = np.datetime64(found.first if bound == "start" else found.last)
            precision[slot] = found.precision
    return ParsedDates(
        days=pd.Series(day[keys].astype("datetime64[us]"), index=values.index, name=values.name),
        precision=pd.Series(precision[keys], index=values.index, dtype="str"),
        bad=bad[keys],
        absurd=absurd[keys],
        null_day=null_day[keys],
        style=needed,
        ambiguous=ambiguous,
    )


def infer_style(*columns: pd.Series[Any]) -> str | None:
    """Return the one order of day, month and year that fits all columns, or None.

    Start and finish are written by the same hand: what one column leaves open the other decides.

    Examples
    --------
    >>> infer_style(pd.Series(["01/02/2025"]), pd.Series(["28/02/2025"]))
    'dmy'
    """
    return _common_style(
        [_folded(value) for column in columns for value in pd.unique(_plain(column).dropna())]
    )


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as objects that can be told apart by value (dates as dates)."""
    plain = values.astype(object)
    return plain.where(plain.notna(), None)


def _folded(value: Hashable) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(value)).strip(" '\"").split())


def _days_of(
    value: Hashable, text: str, bound: Bound, style: str | None, zone: ZoneInfo
) -> _Days | None:
    """Return the days that one cell means, or None where it cannot be understood."""
    if isinstance(value, datetime):
        local = value.astimezone(zone) if value.tzinfo is not None else value
        return _day(local.date())
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, float) and not value.is_integer() and value < _EXCEL_FIRST:
        return None  # 2025.1 as a number is January or October
    try:
        return _text_days(text, bound, style, zone)
    except (ValueError, OverflowError):
        return None  # the 30th of February, hour 25


def _text_days(text: str, bound: Bound, style: str | None, zone: ZoneInfo) -> _Days | None:
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text) and not re.fullmatch(r"\d{4}\.\d{1,2}", text):
        return _number_days(text.partition(".")[0], style, zone)
    for pattern, reading in _READINGS:
        match = pattern.fullmatch(text)
        if match:
            return reading(match, style, zone)
    pair = _RANGE.fullmatch(text)
    if pair:
        ends = [_text_days(part.strip(), bound, style, zone) for part in pair.groups()]
        if ends[0] is not None and ends[1] is not None:
            chosen = ends[0] if bound == "start" else ends[1]
            return _Days(chosen.first, chosen.last, chosen.precision)
    return None


def _number_days(digits: str, style: str | None, zone: ZoneInfo) -> _Days | None:
    """Read what is digits only; the number of digits says what it is."""
    value = int(digits)
    if len(digits) == 4:
        return _months(value, 1, 12, "year")
    if len(digits) == 5 and _EXCEL_FIRST <= value < _EXCEL_LAST:
        return _day(_EXCEL_EPOCH + timedelta(days=value))
    if len(digits) == 6:
        year, month = divmod(value, 100)
        if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and style != "roc":
            return _months(year, month, month, "month")
    if len(digits) in (6, 7):
        return _day(date(value // 10000 + 1911, value // 100 % 100, value % 100))
    if len(digits) in (8, 12, 14) and 1000 <= int(digits[:4]) <= 2999:
        return _day(date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])))
    if value == 0 or len(digits) in (9, 10, 12, 13):
        seconds = value / 1000 if len(digits) >= 12 else value
        return _day(datetime.fromtimestamp(seconds, tz=UTC).astimezone(zone).date())
    return None


def _day(day: date) -> _Days:
    return _Days(day, day, "day")


def _months(year: int, first: int, last: int, precision: str) -> _Days:
    return _Days(
        date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]), precision
    )


def _at(year: int, month: int, day: int, match: re.Match[str], zone: ZoneInfo) -> _Days:
    """Return the day, moved to the store's zone where the text states a zone of its own."""
    written = date(year, month, day)
    if match["hour"] is None:
        return _day(written)
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59 or int(match["second"] or 0) > 60:
        raise ValueError
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    if match["zone"] is None:
        return _day(written)
    stated = match["zone"].upper()
    offset = timedelta(0)
    if stated not in ("Z", "UTC", "GMT"):
        digits = stated[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        offset = -offset if stated[0] == "-" else offset
    moment = datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute) - offset
    return _day(moment.astimezone(zone).date())


def _month_number(name: str) -> int:
    if name[:3].lower() not in _MONTHS:
        raise ValueError(name)
    return _MONTHS[name[:3].lower()]


def _read_triple(match: re.Match[str], style: str | None, zone: ZoneInfo) -> _Days | None:
    parts = _in_style(match, style) if style else None
    if style is None:
        choices = {_in_style(match, choice) for choice in STYLES} - {None}
        parts = choices.pop() if len(choices) == 1 else None
    return _at(*parts, match, zone) if parts else None


def _in_style(match: re.Match[str], style: str) -> tuple[int, int, int] | None:
    """Return year, month and day of ``a/b/c`` in a style, or None where it cannot be that."""
    a, b, c = int(match["a"]), int(match["b"]), int(match["c"])
    if style == "roc":
        year, month, day = a + 1911, b, c
        fits = len(match["a"]) >= 2 and len(match["c"]) < 4
    elif style == "ymd":
        year, month, day = a + 2000, b, c
        fits = len(match["a"]) == 2 and len(match["c"]) < 4
    else:
        day, month = (a, b) if style == "dmy" else (b, a)
        year = c if len(match["c"]) == 4 else c + 2000
        fits = len(match["a"]) < 3 and len(match["c"]) != 1
    if not fits or not FIRST_YEAR <= year <= LAST_YEAR or not 1 <= month <= 12:
        return None
    return (year, month, day) if 1 <= day <= calendar.monthrange(year, month)[1] else None


def _triples(texts: Iterable[str]) -> list[re.Match[str]]:
    return [match for text in texts if (match := _TRIPLE.fullmatch(text))]


def _common_style(texts: Iterable[str]) -> str | None:
    """Return the one style that reads all texts which need one.

    Where no style reads all of them, the one that reads most does, if it is alone with that: the
    rest are typing errors in single rows and come out bad.
    """
    triples = _triples(texts)
    fits = {
        style: sum(_in_style(match, style) is not None for match in triples) for style in STYLES
    }
    most = max(fits.values())
    best = [style for style in STYLES if fits[style] == most]
    if most == 0:
        return None
    if len(best) > 1 and all(
        len({_in_style(match, style) for style in best}) == 1 for match in triples
    ):
        return best[0]  # 5/5/2025 is the same day either way
    return best[0] if len(best) == 1 else None


def _needs_style(texts: Iterable[str]) -> bool:
    return any(
        len({_in_style(match, style) for style in STYLES} - {None}) > 1 for match in _triples(texts)
    )


_Read = Callable[[re.Match[str], str | None, ZoneInfo], _Days | None]

_READINGS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_YMD, lambda m, _, zone: _at(int(m["y"]), int(m["m"]), int(m["d"]), m, zone)),
    (_ROC, lambda m, _, __: _day(date(int(m[1]) + 1911, int(m[2]), int(m[3])))),
    (_ROC_HAN, lambda m, _, __: _day(date(int(m[1]) + 1911, int(m[2]), int(m[3])))),
    (_TRIPLE, _read_triple),
    (
        _DAY_MONTH_NAME,
        lambda m, _, zone: _at(int(m["y"]), _month_number(m["name"]), int(m["d"]), m, zone),
    ),
    (
        _MONTH_NAME_DAY,
        lambda m, _, zone: _at(int(m["y"]), _month_number(m["name"]), int(m["d"]), m, zone),
    ),
    (_QUARTER_FIRST, lambda m, _, __: _quarter(int(m[2]), m[1])),
    (_QUARTER, lambda m, _, __: _quarter(int(m[1]), m[2] or m[3])),
    (_HALF, lambda m, _, __: _half(int(m[1]), m[2] or m[3])),
    (_MONTHS_OF_YEAR, lambda m, _, __: _months(int(m[1]), int(m[2]), int(m[3]), "month")),
    (_MONTH, lambda m, _, __: _months(int(m[1]), int(m[2]), int(m[2]), "month")),
    (
        _MONTH_NAME,
        lambda m, _, __: _months(int(m[2]), _month_number(m[1]), _month_number(m[1]), "month"),
    ),
    (_YEAR, lambda m, _, __: _months(int(m[1]), 1, 12, "year")),
)


def _quarter(year: int, which: str) -> _Days:
    last = 3 * _HAN_DIGITS[which]
    return _months(year, last - 2, last, "quarter")


def _half(year: int, which: str) -> _Days:
    return _months(year, 1, 6, "half") if which in ("上", "1") else _months(year, 7, 12, "half")

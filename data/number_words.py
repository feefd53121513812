"""Numbers and durations as people write them into a cell: 约1,200米, DN300, 45日历天, 3个月."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from data.headers import fold, units_of

_DIGITS = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+(?:e[+-]?\d+)?)"
_NUMBER = re.compile(
    rf"(?:约为?|大约|≈|~|共计?|计|总长|长约?|宽约?|dn|[φøф⌀]|d|de)?({_DIGITS})([^\d]{{0,8}})"
)
_SEVERAL = re.compile(
    rf"(?:约|dn|[φøф⌀]|d|de)?{_DIGITS}\D{{0,4}}(?:[-~—–至到/、,;x×*+和](?:dn|[φøф⌀]|d|de)?{_DIGITS}\D{{0,4}})+"
)
_ABOUT = re.compile(r"(?:左右|上下|余|多|许|\(估\)|\(约\))$")

DAYS_PER_MONTH, DAYS_PER_YEAR = 30, 365
"""As contracts count them; what is taken so is said in a note."""

_DURATION = re.compile(
    r"(?:约|大约|共计?|计|工期|施工工期|为期|历时|:)*(?P<n>\d{1,4}(?:\.\d+)?|[一二两三四五六七八九十]{1,2}|半)"
    r"(?P<half>个半)?(?P<unit>个?日历天|天|日|d|days?|周|星期|週|个?月|个月|月份?|年|个?季度)?"
    r"(?:左右|上下|余|多|内|以内|\(估\)|\(约\))*"
)
_HAN = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
        "十": 10, "半": 0.5}  # fmt: skip


@dataclass(frozen=True)
class Duration:
    """How long something takes.

    Attributes
    ----------
    days
        Whole days.
    rounded
        Given in months or years, of which the days are only about right.
    """

    days: int
    rounded: bool


def duration_of(text: str) -> Duration | None:
    """Return a duration, None for a text that is none; 9月 is a month and 2025年 a year.

    A bare number is one too, in days.

    Examples
    --------
    >>> duration_of("约60天"), duration_of("3个月"), duration_of("9月"), duration_of("2025年")
    (Duration(days=60, rounded=False), Duration(days=90, rounded=True), None, None)
    """
    match = _DURATION.fullmatch(fold(text))
    if match is None:
        return None
    written, unit = match["n"], match["unit"] or ""
    if written.isascii():
        number = float(written)
    elif len(written) == 1:
        number = float(_HAN[written])
    elif "十" in written and "半" not in written and "两" not in written:
        tens, _, ones = written.partition("十")
        number = 10.0 * (_HAN[tens] if tens else 1) + (_HAN[ones] if ones else 0)
    else:
        return None
    if match["half"]:
        if unit not in ("月", "个月"):
            return None
        number, unit = number + 0.5, "个月"
    if not unit:
        return Duration(round(number), rounded=False) if written.isascii() else None
    if "季" in unit:
        return None
    if unit == "年":
        return Duration(round(number * DAYS_PER_YEAR), rounded=True) if number <= 20 else None
    if "月" in unit:
        spoken = unit == "个月" or written == "半"
        return Duration(round(number * DAYS_PER_MONTH), rounded=True) if spoken else None
    return Duration(round(number * units_of("duration_days").get(unit, 1.0)), rounded=False)


def is_number(text: str) -> bool:
    """Tell whether a text is one number, with a unit or without."""
    return _NUMBER.fullmatch(bare(text)) is not None


def is_several(text: str) -> bool:
    """Tell whether a text is several numbers: 300-400, 3×5."""
    return _SEVERAL.fullmatch(bare(text)) is not None


def bare(text: str) -> str:
    """Return the text of a number without blanks and words such as 左右."""
    return _ABOUT.sub("", fold(text))


def number_of(text: str, units: Mapping[str, float], factor: float) -> float | None:
    """Return a number in our unit: its own unit goes before the header's, an unknown one is none.

    Examples
    --------
    >>> number_of("约1.2公里", units_of("length_m"), 1.0), number_of("3坪", units_of("area_m2"), 1.0)
    (1200.0, None)
    """
    match = _NUMBER.fullmatch(bare(text))
    if match is None:
        return None
    number = float(match[1].replace(",", ""))
    unit = _ABOUT.sub("", match[2])
    if not unit:
        return number * factor
    if not units:
        return number * factor if len(unit) <= 4 else None
    return number * units[unit] if unit in units else None

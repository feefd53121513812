"""How numbers, days and money are written for people: the same on report and map.

Every function takes a plain number or a missing value (None, NaN, NaT) and gives text; missing is
`MISSING`. Units are spelled by the catalogue (``report.format``).
"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from coordination.wording import text

MISSING = "—"

SEVERITY_COLOURS = {"high": "#a50f15", "medium": "#e08e00", "notice": "#0b62a8"}
"""Told apart by colour-blind readers; a word and a shape always stand beside them."""
MEMBER_COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#b5548a", "#8a6d00", "#2b8cbe", "#6a3d9a", "#5b6470",
)  # fmt: skip
"""Of the projects of one case by their number, in turn."""

Number = float | int | np.floating | np.integer | None
Day = date | datetime | np.datetime64 | pd.Timestamp | None


def is_missing(value: object) -> bool:
    """Return whether a single value stands for "not known".

    Examples
    --------
    >>> [is_missing(value) for value in (None, float("nan"), pd.NaT, pd.NA, 0, "")]
    [True, True, True, True, False, False]
    """
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def count(value: Number) -> str:
    """Return a whole number with thousands separated.

    Examples
    --------
    >>> count(12345)
    '12,345'
    """
    return MISSING if value is None or is_missing(value) else f"{round(float(value)):,}"


def _decimals(value: float, digits: int) -> str:
    rounded = f"{value:,.{digits}f}"
    return "0" if float(rounded.replace(",", "")) == 0 else rounded


def metres(value: Number, lang: str) -> str:
    """Return a length: one decimal below 10 m, kilometres from 10,000 m on.

    Examples
    --------
    >>> metres(3.14159, "en"), metres(1234.4, "zh"), metres(15250, "en"), metres(None, "en")
    ('3.1 m', '1,234 米', '15.2 km', '—')
    """
    if value is None or is_missing(value):
        return MISSING
    length_m = float(value)
    if abs(length_m) >= 10_000:
        return text("report.format.kilometres", lang, value=_decimals(length_m / 1000, 1))
    return text(
        "report.format.metres", lang, value=_decimals(length_m, 1 if abs(length_m) < 10 else 0)
    )


def square_metres(value: Number, lang: str) -> str:
    """Return an area: one decimal below 10 m².

    Examples
    --------
    >>> square_metres(86.4, "zh"), square_metres(2.04, "en")
    ('86 平方米', '2.0 m²')
    """
    if value is None or is_missing(value):
        return MISSING
    area_m2 = float(value)
    return text(
        "report.format.square_metres", lang, value=_decimals(area_m2, 1 if abs(area_m2) < 10 else 0)
    )


def days(value: Number, lang: str) -> str:
    """Return a number of days.

    Examples
    --------
    >>> days(1, "en"), days(23, "en"), days(23, "zh")
    ('1 day', '23 days', '23 天')
    """
    if value is None or is_missing(value):
        return MISSING
    whole = round(float(value))
    key = "report.format.day" if whole == 1 else "report.format.days"
    return text(key, lang, value=f"{whole:,}")


def percent(share: Number) -> str:
    """Return a share of one as a whole percentage; what is not nothing is never shown as 0.

    Examples
    --------
    >>> percent(0.255), percent(1), percent(0.001), percent(0.998)
    ('26%', '100%', '<1%', '>99%')
    """
    if share is None or is_missing(share):
        return MISSING
    value = float(share) * 100
    if 0 < value < 1:
        return "<1%"
    if 99 < value < 100:
        return ">99%"
    return f"{round(value)}%"


def _wan_digits(value_wan: float) -> str:
    return _decimals(value_wan, 0 if abs(value_wan) >= 1000 else 1 if abs(value_wan) >= 1 else 2)


def _yuan_digits(value_wan: float) -> str:
    yuan = value_wan * 10_000
    rounded = round(yuan, -3 if abs(yuan) >= 100_000 else -2)
    return f"{rounded:,.0f}"


def wan(value_wan: Number, lang: str) -> str:
    """Return money that is kept in 万元 (10,000 yuan); in English it is spelled in yuan.

    Examples
    --------
    >>> wan(12.34, "zh"), wan(12.34, "en"), wan(0.086, "zh")
    ('12.3 万元', '123,000 yuan', '0.09 万元')
    """
    if value_wan is None or is_missing(value_wan):
        return MISSING
    amount = float(value_wan)
    return text(
        "report.format.wan",
        lang,
        value=_wan_digits(amount) if lang == "zh" else _yuan_digits(amount),
    )


def wan_range(low: Number, mid: Number, high: Number, lang: str) -> str:
    """Return an estimate as its middle value with the range behind it.

    Examples
    --------
    >>> wan_range(8.0, 12.3, 16.0, "zh")
    '12.3（8.0–16.0）万元'
    """
    if low is None or mid is None or high is None or any(map(is_missing, (low, mid, high))):
        return MISSING
    digits = _wan_digits if lang == "zh" else _yuan_digits
    return text(
        "report.format.wan_range",
        lang,
        low=digits(float(low)),
        mid=digits(float(mid)),
        high=digits(float(high)),
    )


def day(value: Day) -> str:
    """Return a day as ISO 8601 writes it, the same in both languages.

    Examples
    --------
    >>> day(date(2025, 3, 1)), day(np.datetime64("NaT"))
    ('2025-03-01', '—')
    """
    return (
        MISSING if value is None or is_missing(value) else pd.Timestamp(value).strftime("%Y-%m-%d")
    )


def long_day(value: Day, lang: str) -> str:
    """Return a day in words, for titles.

    Examples
    --------
    >>> long_day(date(2025, 3, 1), "zh"), long_day(date(2025, 3, 1), "en")
    ('2025年3月1日', '1 March 2025')
    """
    if value is None or is_missing(value):
        return MISSING
    stamp = pd.Timestamp(value)
    return text(
        "report.format.long_day",
        lang,
        year=stamp.year,
        month=text(f"report.month.{stamp.month}", lang),
        day=stamp.day,
    )


def period(start: Day, finish: Day, lang: str) -> str:
    """Return an inclusive period, as a quarter or year where it is exactly one.

    Examples
    --------
    >>> period(date(2025, 3, 1), date(2025, 6, 9), "en")
    '2025-03-01 – 2025-06-09'
    >>> period(date(2025, 1, 1), date(2025, 12, 31), "zh")
    '2025年全年'
    >>> period(date(2025, 4, 1), date(2025, 6, 30), "en")
    'Q2 2025'
    """
    if is_missing(start) and is_missing(finish):
        return MISSING
    if start is None or finish is None or is_missing(start) or is_missing(finish):
        return f"{day(start)} – {day(finish)}"
    first, last = pd.Timestamp(start), pd.Timestamp(finish)
    if first.is_year_start and last.is_year_end and first.year == last.year:
        return text("report.format.year", lang, year=first.year)
    if (
        first.is_quarter_start
        and last.is_quarter_end
        and first.to_period("Q") == last.to_period("Q")
    ):
        return text("report.format.quarter", lang, year=first.year, quarter=first.quarter)
    return day(first) if first == last else f"{day(first)} – {day(last)}"


def chainage(value_m: Number) -> str:
    """Return a position along a section as planners write it.

    Examples
    --------
    >>> chainage(1234.5), chainage(80)
    ('K1+235', 'K0+080')
    """
    if value_m is None or is_missing(value_m):
        return MISSING
    whole = int(float(value_m) + 0.5)
    return f"K{whole // 1000}+{whole % 1000:03d}"


def member_colour(number: int) -> str:
    """Return the colour of project ``number`` (from 1) of a case.

    Examples
    --------
    >>> member_colour(1) == member_colour(len(MEMBER_COLOURS) + 1)
    True
    """
    return MEMBER_COLOURS[(number - 1) % len(MEMBER_COLOURS)]

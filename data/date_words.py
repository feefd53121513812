"""One text that means a day, a month, a quarter, a year or a period, as people write it.

Understood by patterns, most exact first; what a text leaves open (its year, the day of "from now on")
has to be stated by whoever asks, and is never taken from a clock.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Bound = Literal["start", "finish"]

STYLES = ("dmy", "mdy", "ymd", "roc")
"""What a person can say of ``1/2/03``: order of day, month and year, or years of the ROC calendar."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Works outside these years are typing errors."""

MOST_LETTERS = 200
"""A longer text is no date."""

_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_FIRST, _EXCEL_LAST = 32874, 73415  # 1990-01-01 and 2101-01-01 as Excel counts days
_LARGEST_OFFSET = timedelta(hours=14)
_HAN_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_HAN_NUMBERS = {letter: value for value, letter in enumerate("〇一二三四五六七八九")} | {
    "零": 0, "○": 0, "0": 0,
}  # fmt: skip
_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_abbr) if name}

_TIME = (
    r"(?:(?:T|\s|(?<=[日号]))\s*(?P<hour>\d{1,2})(?::|时|点)(?P<minute>\d{1,2})?分?"
    r"(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?\s*(?P<half>[AP]M)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_PART = r"\s*(?:初|上旬|中旬|下旬|中|(?:底|末)\s*(?:前|之前|以前)?)?"
"""Part of a month: the month is taken as a whole, which is wide enough for any of them."""

# 2025-3-6 has one kind of stroke; 2025.3-6 is March to June.
_YMD = re.compile(
    r"(?P<y>\d{4})\s*(?P<s>[-/.])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})[日号]?" + _TIME,
    re.IGNORECASE,
)
_YMD_HAN = re.compile(
    r"(?P<y>\d{4})\s*年度?\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?"
    + _TIME.replace(r"(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})", "(?P<zone>(?!))"),
    re.IGNORECASE,
)
# A day with a zone and no time is that day; year, month and day may be cells of their own; and
# 20211107 1000 is a day and a time in digits.
_DAY_WITH_ZONE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})")
_THREE_CELLS = re.compile(r"(\d{4}) (\d{1,2}) (\d{1,2})")
_DIGITS_AND_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})[ T](?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?")
_TRIPLE = re.compile(
    r"(?P<a>\d{1,3})\s*[-/.]\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<c>\d{4}|\d{1,2})" + _TIME, re.IGNORECASE
)
_ROC = re.compile(
    r"(?:中華)?(?:民國|民国)\s*(\d{1,3})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
)
_ROC_HAN = re.compile(r"(\d{3})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_ROC_MONTH = re.compile(
    r"(?:(?:中華)?(?:民國|民国)\s*(\d{1,3})|(\d{3}))\s*年\s*(\d{1,2})\s*月份?" + _PART
)
_ROC_YEAR = re.compile(r"(?:(?:中華)?(?:民國|民国)\s*(\d{1,3})|(\d{3}))\s*年度?(?:全年)?")
_SHORT_YEAR = re.compile(r"[\'‘’]?(\d{2})\s*年\s*(\d{1,2})\s*月.*")
_DAY_MONTH_NAME = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]*(?P<name>[A-Z]{3,9})\.?,?[\s-]*(?P<y>\d{4})" + _TIME,
    re.IGNORECASE,
)
_MONTH_NAME_DAY = re.compile(
    r"(?P<name>[A-Z]{3,9})\.?\s*(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + _TIME,
    re.IGNORECASE,
)
_MONTH_NAME = re.compile(r"([A-Z]{3,9})\.?[\s-]*(\d{4})", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})\s*(?:[-/.]|年度?)\s*(\d{1,2})\s*(?:月份?)?" + _PART, re.IGNORECASE)
_YEAR = re.compile(r"(\d{4})\s*(?:年度?)?\s*(?:全年|内)?")
# Without a year, which the context states.
_OPEN_YEAR = r"(?:(?P<y>\d{4})\s*(?:年度?|-)?\s*)?"
_DAY = re.compile(r"(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?")
_MONTH_ALONE = re.compile(r"(?P<m>\d{1,2})\s*月份?" + _PART)
_MONTHS_OF = re.compile(
    _OPEN_YEAR + r"(?P<a>\d{1,2})\s*月?份?\s*[-至到~—–―、]+\s*(?P<b>\d{1,2})\s*月份?" + _PART
)
_QUARTER = re.compile(
    _OPEN_YEAR + r"(?:第?(?P<q>[1-4一二三四])\s*季度?|Q(?P<r>[1-4]))" + _PART, re.IGNORECASE
)
_QUARTER_FIRST = re.compile(r"Q([1-4])\s*[-/]?\s*(\d{4})", re.IGNORECASE)
_HALF = re.compile(_OPEN_YEAR + r"(?:(?P<h>上|下)半年|H(?P<i>[12]))", re.IGNORECASE)
_WHOLE = re.compile(_OPEN_YEAR + r"(?:全年|年内|年度内|本年度|当年|年度)")
_YEARS_END = re.compile(_OPEN_YEAR + r"年?\s*(?P<e>年底|底|末|年末|年初|初)(?:前|之前|以前)?")
_FROM_NOW = re.compile(r"(?:自)?即日(?:起|开始|開始)?")

_STRONG = re.compile(r"\s*(?:至|到|~|—|–|―|→|--|\s-\s)+\s*")
_BEFORE = re.compile(r"(?:预计|預計|计划|計畫|拟于|拟|暂定|约|自|从|從|于|於)\s*")
_AFTER = re.compile(
    r"\s*(?:起|开始|開始|止|为止|為止|结束|開工|开工|竣工|完工|完成|左右|期间|期間|实施)"
)
_BY_THEN = re.compile(r"(?<=[日号月])\s*(?:之前|以前|前)(?=完|竣|结束|$)")
"""A work that is finished by a day may finish on it; one that starts before it may start any time."""
_NEXT_YEAR = re.compile(r"(?:次年|翌年|隔年)")
_DAY_ALONE = re.compile(r"(\d{1,2})\s*[日号]")
_MONTH_DAYS = re.compile(r"(\d{1,2})[./](\d{1,2})\s*(?:[-至到~—–―]|--)+\s*(\d{1,2})[./](\d{1,2})")
_MONTH_DAY_DOTTED = re.compile(r"(\d{1,2})\s*[./]\s*(\d{1,2})")


class DoubtError(ValueError):
    """A text that could be a date, were it not for one thing; its text is the code of the fault."""


@dataclass(frozen=True)
class Context:
    """What a text may leave open.

    Attributes
    ----------
    bound
        Which day of a coarse text or a period is wanted.
    style
        Order of day, month and year where they are numbers, or None.
    zone
        Where the store is; times that state a zone of their own are moved there.
    year
        Of texts that state none, or None.
    list_date
        What "from now on" means, or None.
    seconds
        Whether numbers of nine digits and more are seconds (or milliseconds) since 1970.
    october_shown
        Whether the column shows that ``2025.1`` is January: it writes October as ``2025.10``.
    """

    bound: Bound
    style: str | None
    zone: ZoneInfo
    year: int | None = None
    list_date: date | None = None
    seconds: bool = True
    october_shown: bool = True


@dataclass(frozen=True)
class Days:
    """The days that one text means.

    Attributes
    ----------
    first, last
        Both inclusive; the first is None where a period begins "from now on" on an unknown day.
    precision
        Of the bound that was asked for.
    ranged
        Whether the text names both ends.
    """

    first: date | None
    last: date
    precision: str
    ranged: bool = False


def folded(value: Hashable) -> str:
    """Return a text with widths of letters folded and Chinese numerals of dates as digits.

    Examples
    --------
    >>> folded("二〇二五年十二月三日"), folded("２０２５．３")
    ('2025年12月3日', '2025.3')
    """
    text = " ".join(unicodedata.normalize("NFKC", str(value)[:MOST_LETTERS]).strip(' "').split())
    text = text if re.match(r"'\d\d\D", text) else text.strip("'")
    if not re.search(r"[一二三四五六七八九十〇零○]", text):
        return text
    text = re.sub(
        r"[〇零○一二三四五六七八九]{4}(?=\s*年)",
        lambda match: "".join(str(_HAN_NUMBERS[letter]) for letter in match[0]),
        text,
    )
    return re.sub(
        r"[一二三四五六七八九十]{1,3}(?=\s*[月日号])",
        lambda match: str(_han_number(match[0])),
        text,
    )


def _han_number(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_HAN_NUMBERS[letter]) for letter in text))
    return 10 * (_HAN_NUMBERS.get(tens, 1) if tens else 1) + _HAN_NUMBERS.get(ones, 0)


def days_of(value: Hashable, text: str, context: Context) -> Days | None:
    """Return the days that one cell means, or None where it cannot be understood.

    Parameters
    ----------
    value
        As it stands in the cell.
    text
        The same `folded`.
    context
        What it leaves open.

    Raises
    ------
    DoubtError
        Where one thing is missing; its text is the code of the fault that says which.
    ValueError, OverflowError
        Where a number in it is beyond any calendar.
    """
    if isinstance(value, datetime):
        local = value.astimezone(context.zone) if value.tzinfo is not None else value
        return _day(local.date())
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, float) and not value.is_integer() and value < _EXCEL_FIRST:
        return _dotted_number(value)
    return _text_days(text, context)


def _dotted_number(value: float) -> Days | None:
    """Read 2025.3 as a spreadsheet keeps it; its January and October are one number."""
    match = re.fullmatch(r"(\d{4})\.(\d{1,2})", repr(float(value)))
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    if match[2] == "1":
        raise DoubtError("date_month_or_october")
    return _months(int(match[1]), int(match[2]), int(match[2]), "month")


def _text_days(text: str, context: Context) -> Days | None:
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text) and not re.fullmatch(r"\d{4}\.\d{1,2}", text):
        return _number_days(text.partition(".")[0], context)
    if not context.october_shown and re.fullmatch(r"\d{4}\.1", text):
        raise DoubtError("date_month_or_october")
    found = _one(text, context)
    if found is not None:
        return found
    bare = _bare(text if context.bound == "start" else _BY_THEN.sub("", text))
    if bare != text and bare:
        found = _one(bare, context)
        if found is not None:
            return found
    return _period(bare, context)


def _bare(text: str) -> str:
    """Return a text without the words that say that it is planned, begins or ends."""
    text = text.strip(" 。.,;")
    match = _BEFORE.match(text)
    text = text[match.end() :] if match else text
    tail = _AFTER.search(text)
    return text[: tail.start()].strip() if tail and tail.end() == len(text) else text


def _one(text: str, context: Context) -> Days | None:
    """Return what a text without two ends means."""
    for pattern, reading in _READINGS:
        match = pattern.fullmatch(text)
        if match:
            return reading(match, context)
    return None


def _period(text: str, context: Context) -> Days | None:
    """Return what a text with two ends means: the one way in which it can be cut, else None."""
    match = _MONTH_DAYS.fullmatch(text)
    if match:  # 3.10-4.20 is no date by itself, and as a period it is only this
        year = _year(None, context)
        first, last = (date(year, int(match[i]), int(match[i + 1])) for i in (1, 3))
        return Days(first, last, "day", True) if first <= last else None
    cuts = [(match.start(), match.end()) for match in _STRONG.finditer(text)][:8]
    found = _cut(text, cuts, context)
    if found is None:
        found = _cut(text, [(m.start(), m.end()) for m in re.finditer("-", text)][:12], context)
    return found


def _cut(text: str, cuts: Iterable[tuple[int, int]], context: Context) -> Days | None:
    readings = set()
    doubt: DoubtError | None = None
    for start, end in cuts:
        left, right = _bare(text[:start]), _bare(text[end:])
        if not left or not right:
            continue
        try:
            both = _both_ends(left, right, context)
        except DoubtError as error:
            doubt = error
            continue
        except (ValueError, OverflowError):
            continue
        if both is not None:
            readings.add(both)
    if not readings and doubt is not None:
        raise doubt
    return readings.pop() if len(readings) == 1 else None


def _both_ends(left: str, right: str, context: Context) -> Days | None:
    begin, finish = replace(context, bound="start"), replace(context, bound="finish")
    later = _NEXT_YEAR.match(right)
    if later:
        right = right[later.end() :]
    last: Days | None = None
    first: Days | None
    if _FROM_NOW.fullmatch(left):
        last = _end(right, finish)
        if last is None:
            return None
        opened = context.list_date
        return Days(
            opened, last.last, _of_bound(context, "day" if opened else "unknown", last), True
        )
    try:
        first = _end(left, begin)
    except DoubtError as error:
        if str(error) != "date_year_missing" or later:
            raise
        # 3月1日至2025年6月30日: the year stands at the end.
        last = _end(right, replace(finish, year=None))
        if last is None:
            return None
        first = _end(left, replace(begin, year=last.last.year))
        if first is not None and first.first is not None and first.first > last.last:
            raise
    if first is None or first.first is None:
        return None
    if last is None:
        year = first.first.year + (1 if later else 0)
        last = _end(right, replace(finish, year=year)) or _short_end(left, right, first.first)
        if last is None:
            return None
    return Days(first.first, last.last, _of_bound(context, first.precision, last), True)


def _of_bound(context: Context, precision: str, last: Days) -> str:
    return precision if context.bound == "start" else last.precision


def _end(text: str, context: Context) -> Days | None:
    """Return what one end of a period means; a bare number is none."""
    if re.fullmatch(r"\d+", text):
        return _number_days(text, context) if len(text) in (4, 6, 7, 8) else None
    return _one(text, context)


def _short_end(left: str, right: str, first: date) -> Days | None:
    """Return an end that leaves out what the beginning said: 3月10日至20日, 2025.3.1-6.30."""
    match = _DAY_ALONE.fullmatch(right)
    if match and re.search(r"月\s*\d{1,2}\s*[日号]?$", left):
        return _day(date(first.year, first.month, int(match[1])))
    match = _MONTH_DAY_DOTTED.fullmatch(right)
    if match and re.fullmatch(r"\d{4}\s*[./]\s*\d{1,2}\s*[./]\s*\d{1,2}", left):
        return _day(date(first.year, int(match[1]), int(match[2])))
    match = re.fullmatch(r"(\d{1,2})", right)
    if match and re.fullmatch(r"\d{4}\s*[./]\s*\d{1,2}", left):
        return _months(first.year, int(match[1]), int(match[1]), "month")
    return None


def _number_days(digits: str, context: Context) -> Days | None:
    """Read what is digits only; the number of digits says what it is."""
    value = int(digits)
    if len(digits) == 4:
        return _months(value, 1, 12, "year")
    if len(digits) == 5 and _EXCEL_FIRST <= value < _EXCEL_LAST:
        return _day(_EXCEL_EPOCH + timedelta(days=value))
    if len(digits) == 6:
        year, month = divmod(value, 100)
        if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and context.style != "roc":
            return _months(year, month, month, "month")
    if len(digits) in (6, 7):
        return _day(date(value // 10000 + 1911, value // 100 % 100, value % 100))
    if len(digits) in (8, 12, 14) and 1000 <= int(digits[:4]) <= 2999:
        return _day(date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])))
    if value == 0 or (context.seconds and len(digits) in (9, 10, 12, 13)):
        seconds = value / 1000 if len(digits) >= 12 else value
        return _day(datetime.fromtimestamp(seconds, tz=UTC).astimezone(context.zone).date())
    return None


def _day(day: date) -> Days:
    return Days(day, day, "day")


def _months(year: int, first: int, last: int, precision: str) -> Days:
    if first > last:
        raise ValueError(f"{first} > {last}")
    return Days(
        date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]), precision
    )


def _year(stated: str | None, context: Context) -> int:
    if stated is not None:
        return int(stated)
    if context.year is None:
        raise DoubtError("date_year_missing")
    return context.year


def _at(year: int, month: int, day: int, match: re.Match[str], zone: ZoneInfo) -> Days:
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
    if abs(offset) > _LARGEST_OFFSET:
        raise ValueError(stated)  # hours of work, 8:00-18:00
    moment = datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute) - offset
    return _day(moment.astimezone(zone).date())


def _month_number(name: str) -> int:
    if name[:3].lower() not in _MONTHS:
        raise ValueError(name)
    return _MONTHS[name[:3].lower()]


def _read_triple(match: re.Match[str], context: Context) -> Days | None:
    parts = in_style(match, context.style) if context.style else None
    if context.style is None:
        choices = {in_style(match, choice) for choice in STYLES} - {None}
        parts = choices.pop() if len(choices) == 1 else None
    return _at(*parts, match, context.zone) if parts else None


def in_style(match: re.Match[str], style: str) -> tuple[int, int, int] | None:
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


def triples(texts: Iterable[str]) -> list[re.Match[str]]:
    """Return the texts that are three numbers with strokes."""
    return [match for text in texts if (match := _TRIPLE.fullmatch(text))]


def common_style(texts: Iterable[str]) -> str | None:
    """Return the one style that reads all texts which need one.

    Where no style reads all of them, the one that reads most does, if it is alone with that: the
    rest are typing errors in single rows and come out bad.
    """
    numbers = triples(texts)
    fits = {style: sum(in_style(match, style) is not None for match in numbers) for style in STYLES}
    most = max(fits.values())
    best = [style for style in STYLES if fits[style] == most]
    if most == 0:
        return None
    if len(best) > 1 and all(
        len({in_style(match, style) for style in best}) == 1 for match in numbers
    ):
        return best[0]  # 5/5/2025 is the same day either way
    return best[0] if len(best) == 1 else None


def needs_style(texts: Iterable[str]) -> bool:
    """Tell whether any text is another day in another style."""
    return any(
        len({in_style(match, style) for style in STYLES} - {None}) > 1 for match in triples(texts)
    )


def _read_from_now(_: re.Match[str], context: Context) -> Days:
    if context.list_date is None:
        raise DoubtError("date_from_now")
    return _day(context.list_date)


def _read_short_year(_: re.Match[str], context: Context) -> Days | None:
    del context
    raise DoubtError("date_year_short")


def _read_years_end(match: re.Match[str], context: Context) -> Days:
    # Wide enough for what people mean by it.
    year = _year(match["y"], context)
    return (
        _months(year, 1, 3, "quarter") if "初" in match["e"] else _months(year, 10, 12, "quarter")
    )


def _read_months(match: re.Match[str], context: Context) -> Days:
    year = _year(match["y"], context)
    return replace(_months(year, int(match["a"]), int(match["b"]), "month"), ranged=True)


def _quarter(year: int, which: str) -> Days:
    last = 3 * _HAN_DIGITS[which]
    return _months(year, last - 2, last, "quarter")


def _half(year: int, which: str) -> Days:
    return _months(year, 1, 6, "half") if which in ("上", "1") else _months(year, 7, 12, "half")


def _month(year: int, month: int) -> Days:
    return _months(year, month, month, "month")


_Read = Callable[[re.Match[str], Context], Days | None]

_READINGS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_YMD, lambda m, its: _at(int(m["y"]), int(m["m"]), int(m["d"]), m, its.zone)),
    (_YMD_HAN, lambda m, its: _at(int(m["y"]), int(m["m"]), int(m["d"]), m, its.zone)),
    (_DAY_WITH_ZONE, lambda m, _: _day(date(int(m[1]), int(m[2]), int(m[3])))),
    (_THREE_CELLS, lambda m, _: _day(date(int(m[1]), int(m[2]), int(m[3])))),
    (_DIGITS_AND_TIME, lambda m, _: _day(date(int(m[1]), int(m[2]), int(m[3])))),
    (_ROC, lambda m, _: _day(date(int(m[1]) + 1911, int(m[2]), int(m[3])))),
    (_ROC_HAN, lambda m, _: _day(date(int(m[1]) + 1911, int(m[2]), int(m[3])))),
    (_TRIPLE, _read_triple),
    (
        _DAY_MONTH_NAME,
        lambda m, its: _at(int(m["y"]), _month_number(m["name"]), int(m["d"]), m, its.zone),
    ),
    (
        _MONTH_NAME_DAY,
        lambda m, its: _at(int(m["y"]), _month_number(m["name"]), int(m["d"]), m, its.zone),
    ),
    (_QUARTER_FIRST, lambda m, _: _quarter(int(m[2]), m[1])),
    (_QUARTER, lambda m, its: _quarter(_year(m["y"], its), m["q"] or m["r"])),
    (_HALF, lambda m, its: _half(_year(m["y"], its), m["h"] or m["i"])),
    (_MONTHS_OF, _read_months),
    (_MONTH, lambda m, _: _month(int(m[1]), int(m[2]))),
    (_ROC_MONTH, lambda m, _: _month(int(m[1] or m[2]) + 1911, int(m[3]))),
    (_ROC_YEAR, lambda m, _: _months(int(m[1] or m[2]) + 1911, 1, 12, "year")),
    (_MONTH_NAME, lambda m, _: _month(int(m[2]), _month_number(m[1]))),
    (_YEAR, lambda m, _: _months(int(m[1]), 1, 12, "year")),
    (_DAY, lambda m, its: _day(date(_year(None, its), int(m["m"]), int(m["d"])))),
    (_MONTH_ALONE, lambda m, its: _month(_year(None, its), int(m["m"]))),
    (_WHOLE, lambda m, its: _months(_year(m["y"], its), 1, 12, "year")),
    (_YEARS_END, _read_years_end),
    (_FROM_NOW, _read_from_now),
    (_SHORT_YEAR, _read_short_year),
)

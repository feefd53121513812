"""The cells of matched columns become values of our kinds; every cell that cannot is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from coordination.projects import Field, as_fields
from coordination.wording import LANGUAGES, table
from data.column_mapping import ColumnMapping, Matched, fold
from data.date_text import Bound, ParsedDates, infer_style, parse_dates
from data.headers import PLAN_YEAR, WINDOW, units_of
from data.sheets import Formula
from data.value_words import value_words

_YES = frozenset({"是", "yes", "y", "true", "1", "1.0", "有", "√", "oui", "on"})
_NO = frozenset({"否", "no", "n", "false", "0", "0.0", "无", "×", "non", "off"})
_NOTHING = frozenset(
    {"", "-", "--", "—", "/", "无", "n/a", "na", "nan", "nat", "none", "null", "<na>", "未知", "待定"}
)  # fmt: skip
_DIGITS = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+(?:e[+-]?\d+)?)"
_NUMBER = re.compile(
    rf"(?:约为?|大约|≈|~|共计?|计|总长|长约?|宽约?|dn|[φøф⌀]|d|de)?({_DIGITS})([^\d]{{0,8}})"
)
_SEVERAL = re.compile(
    rf"(?:约|dn|[φøф⌀]|d|de)?{_DIGITS}\D{{0,4}}(?:[-~—–至到/、,;x×*+和](?:dn|[φøф⌀]|d|de)?{_DIGITS}\D{{0,4}})+"
)
_ABOUT = re.compile(r"(?:左右|上下|余|多|许|\(估\)|\(约\))$")
_CELL_ERRORS = frozenset(
    {"#ref!", "#n/a", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!",
     "#getting_data"}
)  # fmt: skip
_OTHERS = "*"
_MOST_LETTERS = {"code": 200, _OTHERS: 20_000}
"""Longer texts are not what a person wrote into a cell; no page could show them."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ONE_LINE = frozenset({"name", "name_en", "owner_unit", "department", "town", "funding"})
"""Texts that stand inside sentences and table cells; an extent keeps its lines, they are roads."""


@dataclass(frozen=True)
class FieldValues:
    """A table in our fields.

    Attributes
    ----------
    table
        Index of the source; exactly the fields asked for, in their dtypes.
    faults
        Refused cells by row; unknown codes and days that stand for nothing as notes per value.
    written
        Per field whether its columns say anything in a row, understood or not.
    """

    table: pd.DataFrame
    faults: list[Fault]
    written: dict[str, npt.NDArray[np.bool_]]


def read_fields(
    source: pd.DataFrame,
    matched: Matched,
    fields: Iterable[Field],
    mapping: ColumnMapping,
    *,
    numbers: npt.NDArray[np.int64],
    time_zone: str,
) -> FieldValues:
    """Read the columns of a table into our fields.

    Parameters
    ----------
    source
        As read by `data.read_layers.read_layer`.
    matched
        Which columns are ours.
    fields
        The fields to read.
    mapping
        Values, constants, factors, order of dates.
    numbers
        Number of every row as a person counts it (`data.read_layers.Layer.numbers`).
    time_zone
        The store's zone, for times that state their own.
    """
    fields = tuple(fields)
    values: dict[str, pd.Series[Any]] = {}
    faults: list[Fault] = []
    written: dict[str, npt.NDArray[np.bool_]] = {}
    raw = {
        item.name: _joined(source, matched.columns[item.name])
        for item in fields
        if item.name in matched.columns
    }
    dates = [raw[item.name] for item in fields if item.kind == "date" and item.name in raw]
    style = mapping.date_style or (infer_style(*dates) if dates else None)
    how = _DateContext(style, mapping.time_zone or time_zone, _years(source, matched, mapping),
                       mapping.list_date)  # fmt: skip
    window = _Window.of(source, matched, raw, numbers, how)
    for item in fields:
        if item.name not in raw:
            continue
        column = " + ".join(matched.columns[item.name])
        cells = _Cells(raw[item.name], item, column, numbers)
        written[item.name] = cells.texts.notna().to_numpy()
        cells.without_errors()
        if item.name == "duration_days" and window is not None:
            cells.blank(window.from_duration)
        if item.kind == "date":
            read = _dates(cells, how)
            values[item.name] = read.days
            values[f"{item.name}_precision"] = read.precision
        else:
            said = _READERS[item.kind](cells, mapping, matched.units)
            # A precision may be a column of its own; what it leaves open the date's text shows.
            values[item.name] = said.fillna(values[item.name]) if item.name in values else said
        faults += cells.faults
    if window is not None:
        faults += window.fill(values, written)
    faults += _fill_years(values, how, numbers, source.index)
    result = pd.DataFrame(values, index=source.index)
    for name, constant in mapping.constants.items():
        if any(item.name == name for item in fields):
            result[name] = _with_constant(result.get(name), constant, source.index)
    _add_layer_constants(result, source, mapping, {item.name for item in fields})
    return FieldValues(as_fields(result, fields), faults, written)


class _Cells:
    """One column on its way: its texts, where it stands, and the faults found in it."""

    def __init__(
        self, raw: pd.Series[Any], item: Field, column: str, numbers: npt.NDArray[np.int64]
    ) -> None:
        self.raw = raw
        self.item = item
        self.column = column
        self.numbers = numbers
        self.texts = text_column(raw)
        self.faults: list[Fault] = []

    def each(self, code: str, bad: npt.NDArray[np.bool_]) -> None:
        """Refuse the cells at ``bad``."""
        for at in map(int, np.flatnonzero(bad)):
            params: dict[str, str | int | float] = {"found": str(self.texts.iloc[at])[:80]}
            self.faults.append(
                Fault(code, row=int(self.numbers[at]), column=self.column, params=params)
            )

    def blank(self, cells: npt.NDArray[np.bool_]) -> None:
        """Take cells out, which have been dealt with."""
        if cells.any():
            self.raw = self.raw.astype(object).where(~cells, None)
            self.texts = self.texts.where(~cells)

    def without_errors(self) -> None:
        """Refuse errors of a spreadsheet, and formulas of which it keeps no value."""
        begun = self.texts.str.get(0)
        odd = (begun == "#") | ((begun == "=") & (self.texts.str.len() > 1))
        if not odd.any():
            return
        errors = _holds(self.texts.where(odd), lambda text: text.casefold() in _CELL_ERRORS)
        formulas = (begun == "=").to_numpy(dtype=np.bool_, na_value=False) & odd.to_numpy()
        if self.item.kind == "text":  # a project may be called =1+1
            formulas &= self.raw.map(lambda cell: isinstance(cell, Formula)).to_numpy(np.bool_)
        self.each("cell_error", errors)
        self.each("formula_without_value", formulas)
        self.blank(errors | formulas)

    def too_long(self, most: int) -> None:
        """Refuse the cells of more than ``most`` letters."""
        letters = self.texts.str.len().fillna(0).to_numpy()
        for at in map(int, np.flatnonzero(letters > most)):
            params: dict[str, str | int | float] = {"found": int(letters[at]), "most": most}
            self.faults.append(
                Fault("text_too_long", row=int(self.numbers[at]), column=self.column, params=params)
            )

    def together(self, code: str, where: npt.NDArray[np.bool_], **params: str) -> None:
        """Note once per value what holds for many cells."""
        texts = self.texts[where]
        for value, places in texts.groupby(texts).indices.items():
            at = int(np.flatnonzero(where)[places[0]])
            self.faults.append(
                Fault(
                    code,
                    "note",
                    row=int(self.numbers[at]),
                    column=self.column,
                    params={"found": str(value)[:80], "count": len(places), **params},
                )
            )


def text_column(raw: pd.Series[Any]) -> pd.Series[str]:
    """Return cells as trimmed text; whole numbers lose their ``.0``, blanks are missing.

    Examples
    --------
    >>> text_column(pd.Series([12.0, " 沪宜公路 ", None, ""], dtype=object)).tolist()
    ['12', '沪宜公路', nan, nan]
    """
    return raw.map(_text_of, na_action="ignore").astype("str")


def _text_of(value: Hashable) -> str | None:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    # Databases and spreadsheets end a text at a control letter, or refuse it.
    text = _CONTROL.sub("", str(value)).replace("\r\n", "\n").strip()
    return text or None


def _joined(source: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series[Any]:
    if len(columns) == 1:
        return source[columns[0]].astype(object)
    texts = [text_column(source[name]).fillna("") for name in columns]
    joined = texts[0].str.cat(pd.concat(texts[1:], axis=1), sep=" ").str.strip()
    return joined.where(joined != "", None).astype(object)


@dataclass(frozen=True)
class _DateContext:
    """What the dates of all columns leave open."""

    style: str | None
    time_zone: str
    years: pd.Series[Any] | int | None
    list_date: date | None

    def read(self, raw: pd.Series[Any], bound: Bound) -> ParsedDates:
        return parse_dates(
            raw, bound=bound, style=self.style, time_zone=self.time_zone, years=self.years,
            list_date=self.list_date,
        )  # fmt: skip


def _years(
    source: pd.DataFrame, matched: Matched, mapping: ColumnMapping
) -> pd.Series[Any] | int | None:
    """Return the year that each row's dates belong to, or the one of the whole list."""
    columns = matched.columns.get(PLAN_YEAR.name)
    if columns is None:
        return mapping.year
    read = parse_dates(_joined(source, columns), bound="start")
    whole = read.days.notna() & (read.precision == "year") & ~read.ranged
    years = read.days.dt.year.where(whole)
    return years if mapping.year is None else years.fillna(mapping.year)


def _fill_years(
    values: dict[str, pd.Series[Any]],
    how: _DateContext,
    numbers: npt.NDArray[np.int64],
    index: pd.Index[Any],
) -> list[Fault]:
    """Give rows without any date the whole of their year, where a column says it."""
    if not isinstance(how.years, pd.Series):
        return []
    years = how.years.reindex(index)
    bare = years.notna()
    for name in ("start", "finish"):
        if name in values:
            bare &= values[name].isna()
    if not bare.any():
        return []
    for name, ends in (("start", "-01-01"), ("finish", "-12-31")):
        days = pd.to_datetime(
            years.where(bare).astype("Int64").astype("str") + ends, errors="coerce"
        )
        before = values.get(name, pd.Series(pd.NaT, index=index))
        values[name] = before.astype("datetime64[us]").where(~bare, days.astype("datetime64[us]"))
        precision = values.get(f"{name}_precision", pd.Series(None, index=index, dtype="str"))
        values[f"{name}_precision"] = precision.where(~bare, "year")
    first = int(numbers[int(np.flatnonzero(bare.to_numpy())[0])])
    return [Fault("plan_year_taken", "note", row=first, params={"count": int(bare.sum())})]


@dataclass
class _Window:
    """A column that gives start and finish in one cell, or a column of starts or durations that does."""

    cells: _Cells
    start: ParsedDates
    finish: ParsedDates
    given: npt.NDArray[np.bool_]
    from_duration: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        source: pd.DataFrame,
        matched: Matched,
        raw: Mapping[str, pd.Series[Any]],
        numbers: npt.NDArray[np.int64],
        how: _DateContext,
    ) -> _Window | None:
        """Return the periods of a table, None where it has none."""
        name = next(
            (name for name in (WINDOW.name, "duration_days", "start") if name in matched.columns),
            None,
        )
        if name is None or (name == "start" and "finish" in matched.columns):
            return None
        columns = matched.columns[name]
        joined = raw[name] if name in raw else _joined(source, columns)
        cells = _Cells(joined, WINDOW, " + ".join(columns), numbers)
        if name == WINDOW.name:
            cells.without_errors()
        start, finish = how.read(cells.raw, "start"), how.read(cells.raw, "finish")
        given = cells.texts.notna().to_numpy(dtype=np.bool_)
        from_duration = np.zeros(len(given), dtype=np.bool_)
        if name == "duration_days":
            # 90 and 90天 are durations; what has a month or a stroke is a period.
            number = _holds(cells.texts, lambda text: _NUMBER.fullmatch(_bare(text)) is not None)
            doubt = np.array([code in _ALMOST for code in start.reason], dtype=np.bool_)
            given = given & ~number & (~start.bad | doubt)
            from_duration = given
        elif name == "start":
            given = start.ranged
        return cls(cells, start, finish, given, from_duration)

    def fill(
        self, values: dict[str, pd.Series[Any]], written: dict[str, npt.NDArray[np.bool_]]
    ) -> list[Fault]:
        """Fill start and finish where their own columns say nothing."""
        cells, given = self.cells, self.given
        for code in dict.fromkeys(self.start.reason[given]):
            if code is None:
                continue
            same = given & (self.start.reason == code)
            cells.each("window_unreadable" if code == "date_unreadable" else str(code), same)
        cells.together("date_open_start", self.start.open_start & given)
        differs = np.zeros(len(given), dtype=np.bool_)
        for name, read in (("start", self.start), ("finish", self.finish)):
            # One day in a column of periods is when it begins.
            lone = (read.precision == "day").to_numpy(dtype=np.bool_) & ~read.ranged
            said = given & ~lone if name == "finish" else given
            ours = said & read.days.notna().to_numpy(dtype=np.bool_)
            index = read.days.index
            before = values.get(name, pd.Series(pd.NaT, index=index)).astype("datetime64[us]")
            own = written.get(name, np.zeros(len(given), dtype=np.bool_))
            differs |= ours & before.notna().to_numpy() & (before != read.days).to_numpy()
            take = ours & ~own
            values[name] = before.where(~take, read.days)
            precision = values.get(f"{name}_precision", pd.Series(None, index=index, dtype="str"))
            values[f"{name}_precision"] = precision.where(~take, read.precision)
            written[name] = own | said
        if cells.column and differs.any() and not self.from_duration.any():
            cells.together("window_differs", differs)
        return cells.faults


_ALMOST = frozenset({"date_year_missing", "date_year_short", "date_from_now"})
"""Why a text that surely is a period cannot be taken."""


def _dates(cells: _Cells, how: _DateContext) -> ParsedDates:
    bound: Bound = "finish" if cells.item.name.endswith("finish") else "start"
    read = how.read(cells.raw, bound)
    if read.ambiguous:
        cells.faults.append(
            Fault(
                "date_style_undecided",
                column=cells.column,
                params={"found": str(cells.texts[read.bad].iloc[0])},
            )
        )
        return read
    for code in dict.fromkeys(read.reason[read.bad]):
        cells.each(str(code), read.bad & (read.reason == code))
    cells.together("date_open_start", read.open_start)
    cells.together("date_means_nothing", read.null_day)
    return read


def _texts(cells: _Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    texts = cells.texts
    cells.too_long(_MOST_LETTERS.get(cells.item.name, _MOST_LETTERS[_OTHERS]))
    if cells.item.name in _ONE_LINE:
        texts = texts.str.replace(r"\s+", " ", regex=True)
    ours = mapping.values.get(cells.item.name)
    if ours is None:
        return texts
    said = _per_text(texts, lambda text: ours.get(fold(text), ours.get(_OTHERS, text)) or None)
    return pd.Series(said, index=texts.index, dtype="str")


def _per_text(texts: pd.Series[str], read: Callable[[str], Any]) -> list[Any]:
    """Return what ``read`` makes of each text, once per distinct text; None where missing."""
    made = {text: read(text) for text in texts.dropna().unique()}
    return [made.get(text) for text in texts]


def _holds(texts: pd.Series[str], test: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Return where a text is written that passes the test."""
    return np.array([value is True for value in _per_text(texts, test)], dtype=np.bool_)


def _says_nothing(cells: _Cells) -> npt.NDArray[np.bool_]:
    """Return which cells are blank, or hold a dash or a word that stands for blank."""
    nothing = _per_text(cells.texts, lambda text: fold(text) in _NOTHING)
    return np.array([value is not False for value in nothing], dtype=np.bool_)


def _numbers(cells: _Cells, _: ColumnMapping, units: Mapping[str, float]) -> pd.Series[Any]:
    factor = units.get(cells.item.name, 1.0)
    read = pd.to_numeric(cells.texts, errors="coerce").to_numpy(dtype=np.float64) * factor
    odd = np.isnan(read) & cells.texts.notna().to_numpy()
    if odd.any():
        own = units_of(cells.item.name)
        said = _per_text(cells.texts.where(odd), lambda text: _number_of(text, own, factor))
        read = np.where(odd, np.array([np.nan if v is None else v for v in said], np.float64), read)
        unread = cells.texts.where(odd & ~np.isfinite(read))
        several = _holds(unread, lambda text: _SEVERAL.fullmatch(_bare(text)) is not None)
        cells.together("number_range", several)
        unit_unknown = _holds(unread, lambda text: _NUMBER.fullmatch(_bare(text)) is not None)
        unit_unknown &= ~several & bool(own)
        cells.each("number_unit_unknown", unit_unknown)
        cells.blank(several | unit_unknown)
    finite = np.isfinite(read)
    cells.each("number_unreadable", ~finite & ~_says_nothing(cells))
    numbers = pd.Series(np.where(finite, read, np.nan), index=cells.texts.index)
    return numbers.round().astype("Int64") if cells.item.kind == "integer" else numbers


def _bare(text: str) -> str:
    """Return the text of a number without blanks and words such as 左右."""
    folded = fold(text)
    return _ABOUT.sub("", folded)


def _number_of(text: str, units: Mapping[str, float], factor: float) -> float | None:
    """Return a number in our unit: its own unit goes before the header's, an unknown one is none."""
    match = _NUMBER.fullmatch(_bare(text))
    if match is None:
        return None
    number = float(match[1].replace(",", ""))
    unit = _ABOUT.sub("", match[2])
    if not unit:
        return number * factor
    if not units:
        return number * factor if len(unit) <= 4 else None
    return number * units[unit] if unit in units else None


def _flags(cells: _Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    own = {
        their: code.casefold() in _YES
        for their, code in mapping.values.get(cells.item.name, {}).items()
    }
    known = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False) | own
    read = _per_text(cells.texts, lambda text: known.get(fold(text)))
    unknown = np.array([value is None for value in read], dtype=np.bool_)
    cells.together("flag_unknown", unknown & ~_says_nothing(cells))
    return pd.Series(read, index=cells.texts.index, dtype="boolean")


def _codes(cells: _Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    item = cells.item
    known = {fold(code): code for code in item.codes}
    for lang in LANGUAGES:
        known |= {fold(label): code for code, label in _labels(item.name, lang).items()}
    known |= value_words(item.name)
    known |= mapping.values.get(item.name, {})
    fallback = known.pop(_OTHERS, None)
    read = _per_text(cells.texts, lambda text: known.get(fold(text), fallback))
    unknown = np.array([value is None for value in read], dtype=np.bool_)
    cells.together("code_unknown", unknown & ~_says_nothing(cells), codes=", ".join(item.codes))
    # What is mapped to "" is meant to say nothing.
    return pd.Series([value or None for value in read], index=cells.texts.index, dtype="str")


def _labels(name: str, lang: str) -> dict[str, str]:
    for topic in ("labels", "reading"):
        try:
            return table(f"{topic}.{name}", lang)
        except KeyError:
            continue
    return {}


_READERS = {
    "text": _texts,
    "number": _numbers,
    "integer": _numbers,
    "flag": _flags,
    "code": _codes,
}


def _add_layer_constants(
    result: pd.DataFrame, source: pd.DataFrame, mapping: ColumnMapping, names: set[str]
) -> None:
    """Fill what rows leave open by the layer of the drawing that they are on."""
    column = next((name for name in source.columns if fold(name) == "layer"), None)
    if column is None or not mapping.layers:
        return
    layers = {fold(layer): constants for layer, constants in mapping.layers.items()}
    on = source[column].map(fold)
    for name in sorted({name for constants in layers.values() for name in constants} & names):
        said = {layer: constants.get(name) for layer, constants in layers.items()}
        filled = on.map(said).astype(object)
        before = result[name].astype(object) if name in result else filled
        result[name] = before.where(before.notna(), filled)


def _with_constant(
    column: pd.Series[Any] | None, constant: str | float | bool, index: pd.Index[Any]
) -> pd.Series[Any]:
    if column is None:
        return pd.Series([constant] * len(index), index=index)
    return column.astype(object).where(column.notna(), constant)

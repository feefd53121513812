"""The cells of matched columns become values of our kinds; every cell that cannot is named."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from coordination.projects import Field, as_fields
from coordination.wording import LANGUAGES, table
from data.cells import Cells, holds, joined, per_text, says_nothing, text_column
from data.column_mapping import ColumnMapping, Matched
from data.date_text import Bound, ParsedDates, infer_style, parse_dates
from data.headers import EXTENT_FROM, EXTENT_TO, PLAN_YEAR, fold, units_of
from data.number_words import duration_of, is_number, is_several, number_of
from data.period_column import DateContext, Periods, close_open_ends
from data.value_words import value_words

__all__ = ["FieldValues", "read_fields", "text_column"]

_YES = frozenset({"是", "yes", "y", "true", "1", "1.0", "有", "√", "oui", "on"})
_NO = frozenset({"否", "no", "n", "false", "0", "0.0", "无", "×", "non", "off"})
_OTHERS = "*"
_MOST_LETTERS = {"code": 200, _OTHERS: 20_000}
"""Longer texts are not what a person wrote into a cell; no page could show them."""
_KEYS = frozenset({"code", "site_id", "depends_on"})
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
        item.name: _extents(source, matched)
        if item.name == "extent_text" and EXTENT_FROM.name in matched.columns
        else joined(source, matched.columns[item.name])
        for item in fields
        if item.name in matched.columns
    }
    dates = [raw[item.name] for item in fields if item.kind == "date" and item.name in raw]
    style = mapping.date_style or (infer_style(*dates) if dates else None)
    how = DateContext(style, mapping.time_zone or time_zone, _years(source, matched, mapping),
                       mapping.list_date)  # fmt: skip
    periods = Periods.of(source, matched, raw, numbers, how)
    starts: Cells | None = None
    for item in fields:
        if item.name not in raw:
            continue
        column = " + ".join(matched.columns[item.name])
        cells = Cells(raw[item.name], item, column, numbers)
        written[item.name] = cells.texts.notna().to_numpy()
        cells.without_errors()
        if item.name == "duration_days" and periods is not None and periods.of_durations:
            cells.blank(periods.given)
        starts = cells if item.name == "start" else starts
        if item.kind == "date":
            read = _dates(cells, how)
            values[item.name] = read.days
            values[f"{item.name}_precision"] = read.precision
        else:
            said = _READERS[item.kind](cells, mapping, matched.units)
            # A precision may be a column of its own; what it leaves open the date's text shows.
            values[item.name] = said.fillna(values[item.name]) if item.name in values else said
        faults += cells.faults
    if periods is not None:
        faults += periods.fill(values, written)
    if starts is not None:
        faults += close_open_ends(starts, how, values, written)
    faults += _fill_years(values, how, numbers, source.index)
    result = pd.DataFrame(values, index=source.index)
    for name, constant in mapping.constants.items():
        if any(item.name == name for item in fields):
            result[name] = _with_constant(result.get(name), constant, source.index)
    _add_layer_constants(result, source, mapping, {item.name for item in fields})
    return FieldValues(as_fields(result, fields), faults, written)


def _years(
    source: pd.DataFrame, matched: Matched, mapping: ColumnMapping
) -> pd.Series[Any] | int | None:
    """Return the year that each row's dates belong to, or the one of the whole list."""
    columns = matched.columns.get(PLAN_YEAR.name)
    if columns is None:
        return mapping.year
    read = parse_dates(joined(source, columns), bound="start")
    whole = read.days.notna() & (read.precision == "year") & ~read.ranged
    years = read.days.dt.year.where(whole)
    return years if mapping.year is None else years.fillna(mapping.year)


def _fill_years(
    values: dict[str, pd.Series[Any]],
    how: DateContext,
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


def _dates(cells: Cells, how: DateContext) -> ParsedDates:
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


def _texts(cells: Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    texts = cells.texts
    cells.too_long(_MOST_LETTERS.get(cells.item.name, _MOST_LETTERS[_OTHERS]))
    if cells.item.name in _KEYS:  # ０１２ is 012 in the next edition
        texts = pd.Series(
            per_text(texts, lambda text: unicodedata.normalize("NFKC", text).strip()),
            index=texts.index, dtype="str",
        )  # fmt: skip
    if cells.item.name in _ONE_LINE:
        texts = texts.str.replace(r"\s+", " ", regex=True)
    ours = mapping.values.get(cells.item.name)
    if ours is None:
        return texts
    said = per_text(texts, lambda text: ours.get(fold(text), ours.get(_OTHERS, text)) or None)
    return pd.Series(said, index=texts.index, dtype="str")


def _numbers(cells: Cells, _: ColumnMapping, units: Mapping[str, float]) -> pd.Series[Any]:
    factor = units.get(cells.item.name, 1.0)
    read = pd.to_numeric(cells.texts, errors="coerce").to_numpy(dtype=np.float64) * factor
    odd = np.isnan(read) & cells.texts.notna().to_numpy()
    if odd.any():
        own = units_of(cells.item.name)
        said = per_text(cells.texts.where(odd), lambda text: number_of(text, own, factor))
        if cells.item.name == "duration_days":
            said = _durations(cells, odd, said)
        read = np.where(odd, np.array([np.nan if v is None else v for v in said], np.float64), read)
        unread = cells.texts.where(odd & ~np.isfinite(read))
        several = holds(unread, is_several)
        cells.together("number_range", several)
        unit_unknown = holds(unread, is_number) & ~several & bool(own)
        cells.each("number_unit_unknown", unit_unknown)
        cells.blank(several | unit_unknown)
    finite = np.isfinite(read)
    cells.each("number_unreadable", ~finite & ~says_nothing(cells))
    numbers = pd.Series(np.where(finite, read, np.nan), index=cells.texts.index)
    return numbers.round().astype("Int64") if cells.item.kind == "integer" else numbers


def _durations(cells: Cells, odd: npt.NDArray[np.bool_], said: list[Any]) -> list[Any]:
    """Add durations in months and years, and in Chinese numerals, to the numbers that were read."""
    lasting = per_text(cells.texts.where(odd), duration_of)
    rounded = np.array([d is not None and d.rounded for d in lasting], dtype=np.bool_)
    cells.together("duration_rounded", rounded)
    return [d.days if d is not None else v for d, v in zip(lasting, said, strict=True)]


def _extents(source: pd.DataFrame, matched: Matched) -> pd.Series[Any]:
    """Return both ends of the extent as one text; one end alone is kept as it is."""
    ends = [
        text_column(joined(source, matched.columns[item.name])) for item in (EXTENT_FROM, EXTENT_TO)
    ]
    whole = ends[0].str.cat(ends[1], sep="-")
    return whole.fillna(ends[0]).fillna(ends[1]).astype(object)


def _flags(cells: Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    own = {
        their: code.casefold() in _YES
        for their, code in mapping.values.get(cells.item.name, {}).items()
    }
    known = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False) | own
    read = per_text(cells.texts, lambda text: known.get(fold(text)))
    unknown = np.array([value is None for value in read], dtype=np.bool_)
    cells.together("flag_unknown", unknown & ~says_nothing(cells))
    return pd.Series(read, index=cells.texts.index, dtype="boolean")


def _codes(cells: Cells, mapping: ColumnMapping, _: Mapping[str, float]) -> pd.Series[Any]:
    item = cells.item
    known = {fold(code): code for code in item.codes}
    for lang in LANGUAGES:
        known |= {fold(label): code for code, label in _labels(item.name, lang).items()}
    known |= value_words(item.name)
    known |= mapping.values.get(item.name, {})
    fallback = known.pop(_OTHERS, None)
    read = per_text(cells.texts, lambda text: known.get(fold(text), fallback))
    unknown = np.array([value is None for value in read], dtype=np.bool_)
    cells.together("code_unknown", unknown & ~says_nothing(cells), codes=", ".join(item.codes))
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

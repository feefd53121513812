"""The cells of matched columns become values of our kinds; every cell that cannot is named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from coordination.projects import Field, as_fields
from coordination.wording import LANGUAGES, table
from data.column_mapping import ColumnMapping, Matched, fold
from data.date_text import Bound, ParsedDates, infer_style, parse_dates

_YES = frozenset({"是", "yes", "y", "true", "1", "1.0", "有", "√", "oui", "on"})
_NO = frozenset({"否", "no", "n", "false", "0", "0.0", "无", "×", "non", "off"})
_NOTHING = frozenset(
    {"", "-", "--", "—", "/", "无", "n/a", "na", "nan", "nat", "none", "null", "<na>", "未知", "待定"}
)  # fmt: skip
_NUMBER = re.compile(
    r"[约≈~]?([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d*\.?\d+(?:e[+-]?\d+)?)\D{0,4}"
)
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
    first_row: int,
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
    first_row
        Number of the first row as a person counts it.
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
    for item in fields:
        if item.name not in raw:
            continue
        column = " + ".join(matched.columns[item.name])
        cells = _Cells(raw[item.name], item, column, first_row)
        written[item.name] = cells.texts.notna().to_numpy()
        if item.kind == "date":
            read = _dates(cells, style, mapping.time_zone or time_zone)
            values[item.name] = read.days
            values[f"{item.name}_precision"] = read.precision
        else:
            said = _READERS[item.kind](cells, mapping, matched.units)
            # A precision may be a column of its own; what it leaves open the date's text shows.
            values[item.name] = said.fillna(values[item.name]) if item.name in values else said
        faults += cells.faults
    result = pd.DataFrame(values, index=source.index)
    for name, constant in mapping.constants.items():
        if any(item.name == name for item in fields):
            result[name] = _with_constant(result.get(name), constant, source.index)
    _add_layer_constants(result, source, mapping, {item.name for item in fields})
    return FieldValues(as_fields(result, fields), faults, written)


class _Cells:
    """One column on its way: its texts, where it stands, and the faults found in it."""

    def __init__(self, raw: pd.Series[Any], item: Field, column: str, first_row: int) -> None:
        self.raw = raw
        self.item = item
        self.column = column
        self.first_row = first_row
        self.texts = text_column(raw)
        self.faults: list[Fault] = []

    def each(self, code: str, bad: npt.NDArray[np.bool_]) -> None:
        """Refuse the cells at ``bad``."""
        for at in map(int, np.flatnonzero(bad)):
            params: dict[str, str | int | float] = {"found": str(self.texts.iloc[at])[:80]}
            self.faults.append(
                Fault(code, row=self.first_row + at, column=self.column, params=params)
            )

    def too_long(self, most: int) -> None:
        """Refuse the cells of more than ``most`` letters."""
        letters = self.texts.str.len().fillna(0).to_numpy()
        for at in map(int, np.flatnonzero(letters > most)):
            params: dict[str, str | int | float] = {"found": int(letters[at]), "most": most}
            self.faults.append(
                Fault("text_too_long", row=self.first_row + at, column=self.column, params=params)
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
                    row=self.first_row + at,
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


def _dates(cells: _Cells, style: str | None, time_zone: str) -> ParsedDates:
    bound: Bound = "finish" if cells.item.name.endswith("finish") else "start"
    read = parse_dates(cells.raw, bound=bound, style=style, time_zone=time_zone)
    if read.ambiguous:
        cells.faults.append(
            Fault(
                "date_style_undecided",
                column=cells.column,
                params={"found": str(cells.texts[read.bad].iloc[0])},
            )
        )
        return read
    cells.each("date_unreadable", read.bad & ~read.absurd)
    cells.each("date_absurd", read.absurd)
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


def _says_nothing(cells: _Cells) -> npt.NDArray[np.bool_]:
    """Return which cells are blank, or hold a dash or a word that stands for blank."""
    nothing = _per_text(cells.texts, lambda text: fold(text) in _NOTHING)
    return np.array([value is not False for value in nothing], dtype=np.bool_)


def _numbers(cells: _Cells, _: ColumnMapping, units: Mapping[str, float]) -> pd.Series[Any]:
    read = pd.to_numeric(cells.texts, errors="coerce").to_numpy(dtype=np.float64)
    odd = np.isnan(read) & cells.texts.notna().to_numpy()
    if odd.any():
        said = [np.nan if value is None else value for value in _per_text(cells.texts, _number_of)]
        read = np.where(odd, np.array(said, dtype=np.float64), read)
    finite = np.isfinite(read)
    cells.each("number_unreadable", ~finite & ~_says_nothing(cells))
    numbers = pd.Series(np.where(finite, read, np.nan), index=cells.texts.index)
    numbers *= units.get(cells.item.name, 1.0)
    return numbers.round().astype("Int64") if cells.item.kind == "integer" else numbers


def _number_of(text: str) -> float:
    match = _NUMBER.fullmatch("".join(unicodedata.normalize("NFKC", text).split()).lower())
    return float(match[1].replace(",", "")) if match else float("nan")


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
    if item.name == "method":
        # 是否开挖 is answered with yes or no; "no" leaves open whether anything is done below.
        known |= {"是": "open_cut", "否": "trenchless"} | {
            "顶管": "trenchless", "定向钻": "trenchless", "拉管": "trenchless",
            "非开挖修复": "trenchless", "铣刨": "surface",
        }  # fmt: skip
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

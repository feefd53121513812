"""One column on its way from cells to values: its texts, where it stands, what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import Fault
from coordination.projects import Field
from data.headers import fold
from data.sheets import Formula

NOTHING = frozenset(
    {"", "-", "--", "—", "/", "无", "n/a", "na", "nan", "nat", "none", "null", "<na>", "未知", "待定"}
)  # fmt: skip
"""Folded words that stand for a blank."""

_CELL_ERRORS = frozenset(
    {"#ref!", "#n/a", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!",
     "#getting_data"}
)  # fmt: skip
_ROAD = re.compile(r".*(?:路|街|大道|公路|巷|弄|道)(?:\W.*)?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Cells:
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

    def without_errors(self, *, silent: bool = False) -> None:
        """Refuse errors of a spreadsheet, and formulas of which it keeps no value.

        ``silent`` where the same column is read once more.
        """
        begun = self.texts.str.get(0)
        odd = (begun == "#") | ((begun == "=") & (self.texts.str.len() > 1))
        if not odd.any():
            return
        errors = holds(self.texts.where(odd), lambda text: text.casefold() in _CELL_ERRORS)
        formulas = (begun == "=").to_numpy(dtype=np.bool_, na_value=False) & odd.to_numpy()
        if self.item.kind == "text":  # a project may be called =1+1
            formulas &= self.raw.map(lambda cell: isinstance(cell, Formula)).to_numpy(np.bool_)
        if not silent:
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


def joined(source: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series[Any]:
    """Return some columns as one, their texts joined by a blank; one alone keeps its kinds."""
    if len(columns) == 1:
        return source[columns[0]].astype(object)
    texts = [text_column(source[name]).fillna("") for name in columns]
    joined = texts[0].str.cat(pd.concat(texts[1:], axis=1), sep=" ").str.strip()
    return joined.where(joined != "", None).astype(object)


def per_text(texts: pd.Series[str], read: Callable[[str], Any]) -> list[Any]:
    """Return what ``read`` makes of each text, once per distinct text; None where missing."""
    made = {text: read(text) for text in texts.dropna().unique()}
    return [made.get(text) for text in texts]


def holds(texts: pd.Series[str], test: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Return where a text is written that passes the test."""
    return np.array([value is True for value in per_text(texts, test)], dtype=np.bool_)


def says_nothing(cells: Cells) -> npt.NDArray[np.bool_]:
    """Return which cells are blank, or hold a dash or a word that stands for blank."""
    nothing = per_text(cells.texts, lambda text: fold(text) in NOTHING)
    return np.array([value is not False for value in nothing], dtype=np.bool_)


def looks_like_roads(column: pd.Series[Any]) -> bool:
    """Tell whether more than half of the first cells of a column name a road.

    Examples
    --------
    >>> looks_like_roads(pd.Series(["博园路（墨玉路—嘉松北路）", "沪宜公路", 3]))
    True
    """
    texts = text_column(column.dropna().iloc[:200]).dropna()
    alike = sum(_ROAD.fullmatch(text[:200]) is not None for text in texts)
    return 2 * alike > len(texts)

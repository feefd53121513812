"""Sheets for people: header in their language and frozen, real dates, nothing that calculates."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from coordination.faults import UsageError
from data.write_layers import json_text, whole

MOST_LETTERS = 32_767
"""As many as a cell of a spreadsheet holds."""

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_HEAD = PatternFill("solid", start_color="FFE8EEF4")
_MOST_WIDTH, _LEAST_WIDTH = 42, 9
_LOOKED_AT = 200


def write_xlsx(
    path: Path, rows: pd.DataFrame, *, name: str, origin: Mapping[str, object], lang: str
) -> Path:
    """Write one sheet; the arguments are those of `write_book`, ``name`` the sheet's."""
    return write_book(path, {name: rows}, title=name, origin=origin, lang=lang)


def write_book(
    path: Path,
    sheets: Mapping[str, pd.DataFrame],
    *,
    title: str,
    origin: Mapping[str, object],
    lang: str,
) -> Path:
    """Write sheets; text is text whatever it looks like, and no cell is a formula.

    Parameters
    ----------
    path
        Where.
    sheets
        Rows by name of the sheet, at least one. Columns stand under the names that the header shows.
        Days become days of the spreadsheet; lists become JSON text.
    title
        What the file is called in its properties.
    origin
        What the file says of itself, in its properties (``description``); ``run_at`` is its time.
    lang
        ``zh`` or ``en``: how flags are answered.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    UsageError
        When a text is longer than a cell holds: nothing is cut in silence.
    """
    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = f"digonce {origin.get('software_version', '')}".strip()
    book.properties.title = title
    book.properties.description = json_text(origin)
    at = datetime.fromisoformat(str(origin["run_at"])).replace(tzinfo=None)
    book.properties.created = at
    for name, rows in sheets.items():
        _add_sheet(book, name, rows, lang)
    with whole(path) as part:
        book.save(part)
        _without_clock(part, f"{at.isoformat(timespec='seconds')}Z")
    return path


def _add_sheet(book: openpyxl.Workbook, name: str, rows: pd.DataFrame, lang: str) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    names = [str(column) for column in rows.columns]
    columns = [_cells(rows.iloc[:, place], names[place], lang) for place in range(len(names))]
    for place, column in enumerate(columns):
        letters = max((_width(value) for value in [names[place], *column[:_LOOKED_AT]]), default=0)
        width = min(max(letters + 2, _LEAST_WIDTH), _MOST_WIDTH)
        sheet.column_dimensions[get_column_letter(place + 1)].width = width
    sheet.append([_header(sheet, text) for text in names])
    for row in zip(*columns, strict=True):
        sheet.append([_cell(sheet, value) for value in row])
    if names:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{len(rows) + 1}"


def _cells(column: pd.Series[Any], name: str, lang: str) -> list[Any]:
    missing = column.isna().to_numpy(dtype=np.bool_)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        values: list[Any] = list(column.dt.to_pydatetime())
    elif pd.api.types.is_bool_dtype(column.dtype):
        yes, no = ("是", "否") if lang == "zh" else ("yes", "no")
        values = [yes if value is True else no for value in column.astype(object)]
    elif pd.api.types.is_numeric_dtype(column.dtype):
        values = column.astype(object).tolist()
    else:
        values = [
            None if gone else _text(value, row, name)
            for row, (value, gone) in enumerate(zip(column.tolist(), missing, strict=True), start=2)
        ]
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


def _text(value: object, row: int, column: str) -> str:
    written = _CONTROL.sub("", value if isinstance(value, str) else json_text(value))
    # A spreadsheet reads _x000D_ as the letter of that number, and line ends as its own.
    text = _ESCAPE.sub("_x005F_", written).replace("\r\n", "\n").replace("\r", "_x000D_")
    if len(text) > MOST_LETTERS:
        raise UsageError("export.error.cell", row=row, column=column, letters=len(text))
    return text


def _width(value: object) -> int:
    if isinstance(value, datetime):
        return 10
    first = str(value if value is not None else "").partition("\n")[0]
    return sum(2 if letter > "\u2e80" else 1 for letter in first[:_MOST_WIDTH])


def _header(sheet: WriteOnlyWorksheet, text: str) -> Any:
    cell = _cell(sheet, text)
    cell.font, cell.fill = Font(bold=True), _HEAD
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = "yyyy-mm-dd"
        return cell
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    if cell.data_type != "s":  # it looks like a formula or like an error, and is neither
        cell.data_type = "s"
        cell.quotePrefix = True
    return cell


def _without_clock(path: Path, at: str) -> None:
    """Give every member the first day that archives know, and the workbook the time of the run."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    core = members["docProps/core.xml"].decode("utf-8")
    core = re.sub(r"(<dcterms:modified[^>]*>)[^<]*", rf"\g<1>{at}", core)
    members["docProps/core.xml"] = core.encode("utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, _FIRST_DAY)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)

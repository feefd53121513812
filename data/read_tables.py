"""CSV and workbooks as plain tables."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.faults import SHEET_STEP, Fault, InputRefusedError
from data.column_mapping import field_of, fold
from data.find_table import AnotherListError, FoundTable, HeaderAsk, find_table, header_names
from data.read_old_workbooks import PasswordNeededError, read_old_workbook
from data.read_xlsx import read_xlsx
from data.sheets import MOST_CELLS, MOST_COLUMNS, Range, Sheet, TooLargeError

__all__ = ["MOST_COLUMNS", "MOST_WORKBOOK_BYTES", "ReadTable", "decode_text",
           "header_names", "read_csv_text", "read_sheets", "read_workbook"]  # fmt: skip

_INERT = re.compile(r"^'('*[ \u3000\ufeff]*[=+\-@\t\r])")
CSV_SEPARATORS = (",", ";", "\t", "|", "，")

MOST_WORKBOOK_BYTES = 500_000_000
"""A workbook that unpacks to more is no list of projects: 100,000 rows of 40 cells take a third."""

_CUT = ("unexpected end of data", "truncated data")
"""What decoders say of a text that ends inside a letter."""

_TITLE_ROWS = 30
"""Titles above a header in CSV are no further down."""


def decode_text(content: bytes, encoding: str | None, source: str) -> tuple[str, list[Fault]]:
    """Return text and a note where its encoding was inferred.

    Order: the stated encoding, byte order mark, strict UTF-8, strict GB18030.

    Raises
    ------
    InputRefusedError
        When it is none of them, or the stated one does not fit.
    """
    if encoding is not None:
        try:
            return content.decode(encoding).removeprefix("\ufeff"), []
        except (UnicodeDecodeError, LookupError):
            raise _refusal(source, "encoding_wrong", encoding=encoding) from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        tried: tuple[str, ...] = ("utf-16",)
    else:
        tried = () if b"\0" in content else ("utf-8-sig", "gb18030")
    for name in tried:
        try:
            text = content.decode(name)
        except UnicodeDecodeError as error:
            if error.reason in _CUT and error.start > len(content) - 4:
                raise _refusal(source, "file_cut") from None
            continue
        guessed = name == "gb18030"
        note = Fault("encoding_guessed", level="note", params={"encoding": name})
        return text, [note] if guessed else []
    raise _refusal(source, "encoding_unknown" if b"\0" not in content else "format_unknown")


def _refusal(source: str, code: str, **params: str | float) -> InputRefusedError:
    return InputRefusedError([Fault(code, params=params)], source=source)


@dataclass(frozen=True)
class ReadTable:
    """The list that a CSV file or a workbook holds.

    Attributes
    ----------
    table
        Its rows, RangeIndex; cells of a workbook keep their kind, blanks are None.
    numbers
        Number of each row, no two alike: as a person counts it in the file or sheet, and
        `coordination.faults.SHEET_STEP` more for every sheet before its own, where several are read.
    sheets
        Names of the sheets that were read together; empty where it is one.
    around
        What stands above the header and below the list.
    faults
        What was left out, or taken for something.
    """

    table: pd.DataFrame
    numbers: npt.NDArray[np.int64]
    sheets: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)


# --- CSV ---------------------------------------------------------------------------------------


def read_csv_text(
    text: str,
    source: str,
    *,
    header_row: int | None = None,
    further: frozenset[str] = frozenset(),
) -> ReadTable:
    """Return the list in a text of rows with separators; all cells are text.

    Parameters
    ----------
    text
        The file's.
    source
        What errors call it.
    header_row, further
        As `data.find_table.find_table`.

    Raises
    ------
    InputRefusedError
        When rows have more cells than the header, a quotation mark is never closed, there is no
        row below the header, or two rows could be the header.
    """
    text = _with_line_ends(text, source)
    separator = _separator(text)
    columns = text.partition("\n")[0].count(separator) + 1
    if columns > MOST_COLUMNS:
        raise _refusal(source, "too_many_columns", found=columns, most=MOST_COLUMNS)
    try:
        raw = _csv_cells(text, separator, None)
    except pd.errors.EmptyDataError:
        raise _refusal(source, "file_empty") from None
    except pd.errors.ParserError as error:
        raw = _uneven_cells(text, separator, str(error), source)
    found = _found(raw, source, header_row=header_row, further=further)
    table = armed_again(found.table)
    return ReadTable(table, found.numbers, (), found.around, found.notes)


def _with_line_ends(text: str, source: str) -> str:
    """Return a text whose lines may have ended as on old Macs; one line end among others is refused."""
    if re.search(r"\r(?!\n)", text) is None:
        return text
    if "\n" not in text:
        return text.replace("\r", "\n")
    try:
        for _ in csv.reader(io.StringIO(text), delimiter=_separator(text)):
            pass
    except csv.Error as error:
        # A reader would take the end of such a cell for the next row.
        raise _refusal(source, "file_broken", reason=str(error)[:200]) from None
    return text


def armed_again(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of text without the apostrophes that keep formulas from running.

    Spreadsheets and `data.write_layers.inert` put one before ``= + - @``; it is no part of the text.

    Examples
    --------
    >>> armed_again(pd.DataFrame({"name": ["'=1+1", "'tis"]}))["name"].tolist()
    ['=1+1', "'tis"]
    """
    table = table.copy(deep=False)
    for place in range(table.shape[1]):
        cells = table.iloc[:, place].tolist()
        if any(isinstance(cell, str) and cell.startswith("'") for cell in cells):
            mended = [_INERT.sub(r"\1", c) if isinstance(c, str) else c for c in cells]
            table.isetitem(place, pd.array(mended, dtype=table.dtypes.iloc[place]))
    return table


def _csv_cells(text: str, separator: str, width: int | None) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=None,
        names=None if width is None else range(width),
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=False,
    )


def _uneven_cells(text: str, separator: str, reason: str, source: str) -> pd.DataFrame:
    """Return the cells of a list whose titles are shorter than its rows, refuse any other."""
    width = None if "EOF inside string" in reason else _even_width(text, separator)
    if width is not None:
        try:
            return _csv_cells(text, separator, width)
        except pd.errors.ParserError as error:
            reason = str(error)
    raise InputRefusedError(_ragged(text, separator, reason), source=source)


def _even_width(text: str, separator: str) -> int | None:
    """Return the width of a list whose title rows are shorter, None where its rows are uneven."""
    most = 0
    try:
        rows = csv.reader(io.StringIO(text), delimiter=separator)
        for number, row in enumerate(rows):
            width = len(row)
            if width > most:
                if number >= _TITLE_ROWS:
                    return None
                most = width
            elif 1 < width < most and number >= _TITLE_ROWS:
                continue
    except csv.Error:
        return None
    first = len(next(csv.reader(io.StringIO(text), delimiter=separator)))
    # A header that is itself shorter than the rows below it lost a quotation mark somewhere.
    return most if first <= most // 2 and most <= MOST_COLUMNS else None


def _separator(text: str) -> str:
    """Return the separator that cuts the first rows into the most columns, equally many in each.

    One that cuts all of them alike goes before one that the header lacks: ``ref;place`` above
    ``A;48.8, 2.3`` is no list with commas.
    """
    lines = io.StringIO(text[:200_000]).readlines()[:200]
    best: tuple[bool, float, str] = (False, 0.0, ",")
    for separator in CSV_SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row][:20]
        except csv.Error:  # one cell above the reader's limit: the header decides alone
            widths = [lines[0].count(separator) + 1]
        if not widths:
            continue
        # The last of the sampled rows may be cut by the sample; titles and notes are shorter.
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        even = usual if widths.count(usual) >= max(1, len(widths) - 1) else 1 + (usual - 1) / 2
        alike = widths[0] > 1 and len(set(widths)) == 1
        if (alike, even) > best[:2]:
            best = (alike, even, separator)
    return best[2]


def _ragged(text: str, separator: str, reason: str) -> list[Fault]:
    if "EOF inside string" in reason:
        return [Fault("quote_not_closed")]
    faults: list[Fault] = []
    try:
        rows = csv.reader(io.StringIO(text), delimiter=separator)
        width = len(next(rows))
        faults = [
            Fault("row_too_long", row=number, params={"found": len(row), "expected": width})
            for number, row in enumerate(rows, start=2)
            if len(row) > width
        ]
    except csv.Error:
        pass  # below: what the other reader said
    return faults or [Fault("file_broken", params={"reason": reason[:200]})]


# --- Workbooks ---------------------------------------------------------------------------------


def read_sheets(path: Path, source: str) -> list[Sheet]:
    """Return the worksheets of a workbook of any kind (.xlsx, .xls, .xlsb, .ods).

    Raises
    ------
    InputRefusedError
        When it cannot be read as a workbook, is encrypted, or would unpack to more than
        `MOST_WORKBOOK_BYTES`.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.read(4) == b"PK\x03\x04"
        if not packed:
            return read_old_workbook(path)
        with zipfile.ZipFile(path) as archive:
            # The sizes that it states hold: zipfile reads no further than they say.
            if sum(item.file_size for item in archive.infolist()) > MOST_WORKBOOK_BYTES:
                raise _refusal(source, "zip_too_large")
            names = archive.namelist()
            if "[Content_Types].xml" in names and not any(
                n.endswith("workbook.bin") for n in names
            ):
                return read_xlsx(archive)
        return read_old_workbook(path)
    except TooLargeError:
        raise _refusal(source, "workbook_too_large", most=MOST_CELLS) from None
    except PasswordNeededError:
        raise _refusal(source, "workbook_password") from None
    except (
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        ValueError,
        EOFError,
        OSError,
        RuntimeError,
        zlib.error,
    ):
        raise _refusal(source, "workbook_broken") from None


def read_workbook(
    path: Path,
    source: str | None = None,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    further: frozenset[str] = frozenset(),
) -> ReadTable:
    """Return the list in a workbook.

    Sheets that look like project lists and agree on which column is which are read together; others
    are passed over with a note. Hidden sheets are only read when they are named.

    Parameters
    ----------
    path, source
        The file, and what errors call it.
    sheet
        Name of the one sheet to read.
    header_row, further
        As `data.find_table.find_table`.

    Raises
    ------
    InputRefusedError
        As `read_sheets`; and when there is no such sheet, when the sheets differ and one has to be
        named, or when two rows could be the header.
    """
    source = source or path.name
    sheets = [item for item in read_sheets(path, source) if item.filled]
    names = ", ".join(item.name for item in sheets)
    if sheet is not None:
        chosen = [item for item in sheets if item.name == sheet]
        if not chosen:
            raise _refusal(source, "layer_missing", layer=sheet, layers=names)
        return _one_sheet(chosen[0], source, header_row, further)
    visible = [item for item in sheets if not item.hidden]
    notes = [
        Fault("sheet_hidden", "note", params={"sheet": item.name}) for item in sheets if item.hidden
    ]
    if not visible:
        raise _refusal(source, "layer_not_named" if sheets else "file_empty", layers=names)
    if len(visible) == 1:
        read = _one_sheet(visible[0], source, header_row, further)
        return replace(read, faults=[*notes, *read.faults])
    return _several_sheets(visible, source, header_row, further, notes, names=names)


def _one_sheet(
    sheet: Sheet, source: str, header_row: int | None, further: frozenset[str]
) -> ReadTable:
    found = _found_in(sheet, source, header_row, further)
    hidden = _hidden_rows(sheet, found)
    return ReadTable(found.table, found.numbers, (), found.around, [*found.notes, *hidden])


def _found_in(
    sheet: Sheet, source: str, header_row: int | None, further: frozenset[str]
) -> FoundTable:
    try:
        cells = sheet.cells()
    except TooLargeError:
        raise _refusal(source, "workbook_too_large", most=MOST_CELLS) from None
    return _found(cells, source, merged=sheet.merged, header_row=header_row, further=further,
                  sheet=sheet.name)  # fmt: skip


def _hidden_rows(sheet: Sheet, found: FoundTable) -> list[Fault]:
    hidden = [int(row) for row in found.numbers if int(row) - 1 in sheet.hidden_rows]
    if not hidden:
        return []
    params: dict[str, str | int | float] = {"count": len(hidden)}
    return [Fault("rows_hidden", "note", row=hidden[0], params=params)]


def _several_sheets(
    sheets: list[Sheet],
    source: str,
    header_row: int | None,
    further: frozenset[str],
    notes: list[Fault],
    *,
    names: str,
) -> ReadTable:
    """Return the rows of all sheets that look like project lists, where they agree on columns."""
    found: list[tuple[Sheet, FoundTable]] = []
    for item in sheets:
        table = _found_in(item, source, header_row, further)
        if len(table.table):
            found.append((item, table))
    lists = [(item, table) for item, table in found if table.known >= 2]
    if not lists and len(found) == 1:
        lists = found
    if not lists:
        raise _refusal(source, "layer_not_named" if found else "file_empty", layers=names)
    if not _agree([table for _, table in lists]):
        raise _refusal(source, "sheets_differ", layers=", ".join(item.name for item, _ in lists))
    notes += [
        Fault("sheet_passed_over", "note", params={"sheet": item.name})
        for item in sheets
        if all(item is not other for other, _ in lists)
    ]
    if len(lists) == 1:
        item, table = lists[0]
        faults = [*notes, *table.notes, *_hidden_rows(item, table)]
        return ReadTable(table.table, table.numbers, (), table.around, faults)
    said = ", ".join(item.name for item, _ in lists)
    notes.append(
        Fault("sheets_together", "note", params={"sheets": said[:200], "count": len(lists)})
    )
    numbers = []
    for place, (item, table) in enumerate(lists):
        step = place * SHEET_STEP
        numbers.append(table.numbers + step)
        for fault in [*table.notes, *_hidden_rows(item, table)]:
            notes.append(fault if fault.row is None else replace(fault, row=fault.row + step))
    # One spelling per column: sheets differ in blanks and widths of letters.
    spelled: dict[str, str] = {}
    parts = []
    for _, table in lists:
        called = [spelled.setdefault(fold(name), name) for name in table.table.columns]
        parts.append(table.table.set_axis(called, axis=1).astype(object))
    whole = pd.concat(parts, ignore_index=True).astype(object)
    return ReadTable(
        whole.where(whole.notna(), None),
        np.concatenate(numbers),
        tuple(item.name for item, _ in lists),
        tuple(dict.fromkeys(text for _, table in lists for text in table.around)),
        notes,
    )


def _agree(tables: list[FoundTable]) -> bool:
    """Tell whether the same field has the same column in all sheets, and most columns are shared."""
    columns: dict[str, set[str]] = {}
    for table in tables:
        folded = {fold(name) for name in table.table.columns}
        for name in folded:
            meant = field_of(name)
            if meant is not None:
                columns.setdefault(meant, set()).add(name)
    first = {fold(name) for name in tables[0].table.columns}
    shared = [
        len(first & (other := {fold(name) for name in table.table.columns}))
        >= 0.6 * len(first | other)
        for table in tables[1:]
    ]
    several = [name for name, called in columns.items() if len(called) > 1 and not all(
        called <= {fold(column) for column in table.table.columns} for table in tables)]  # fmt: skip
    return all(shared) and not several


def _found(
    cells: pd.DataFrame,
    source: str,
    *,
    merged: Sequence[Range] = (),
    header_row: int | None,
    further: frozenset[str],
    sheet: str = "",
) -> FoundTable:
    try:
        return find_table(cells, merged=merged, header_row=header_row, further=further)
    except HeaderAsk as asked:
        rows = "; ".join(f"{row}: {begin}" for row, begin in asked.rows)
        raise _refusal(source, "header_doubtful", rows=rows, sheet=sheet) from None
    except AnotherListError as error:
        raise _refusal(source, "another_list", found=error.row) from None

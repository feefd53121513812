"""CSV and XLSX as plain tables, and the geometry that some of their columns hold."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import numpy.typing as npt
import openpyxl
import pandas as pd
import shapely
from openpyxl.utils.exceptions import InvalidFileException

from coordination.faults import Fault, InputRefusedError

_CURVED = re.compile(
    r"CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE", re.IGNORECASE
)
_SEPARATORS = (",", ";", "\t", "|", "，")
_WKT = re.compile(
    r"\s*(?:SRID=(?P<srid>\d+);)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b",
    re.IGNORECASE,
)
# Degrees first, then the plane; in Chinese lists X of a survey may be north: those columns are
# named 北坐标 and 东坐标 or have to be mapped.
_COORDINATES = (
    (("lon", "lng", "long", "longitude", "经度", "經度"), ("lat", "latitude", "纬度", "緯度")),
    (("x", "x坐标", "x座標", "东坐标", "easting"), ("y", "y坐标", "y座標", "北坐标", "northing")),
    (("中心点x坐标", "中心點x坐標"), ("中心点y坐标", "中心點y坐標")),
)


MOST_WORKBOOK_BYTES = 500_000_000
"""A workbook that unpacks to more is no list of projects: 100,000 rows of 40 cells take a third."""

MOST_COLUMNS = 16_384
"""As many columns as a spreadsheet can have."""

_LOOKED_AT = 500
"""So many filled cells of a column show whether it holds geometry."""


@dataclass(frozen=True)
class TableGeometry:
    """Geometry found in the columns of a table.

    Attributes
    ----------
    geometry
        One per row, missing where the row has none or an unreadable one.
    crs
        What the values say of their CRS, as text, or None.
    columns
        The columns it came from.
    faults
        Rows whose geometry cannot be read.
    """

    geometry: npt.NDArray[np.object_]
    crs: str | None
    columns: tuple[str, ...]
    faults: list[Fault]


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
        except UnicodeDecodeError:
            continue
        guessed = name == "gb18030"
        note = Fault("encoding_guessed", level="note", params={"encoding": name})
        return text, [note] if guessed else []
    raise _refusal(source, "encoding_unknown" if b"\0" not in content else "format_unknown")


def _refusal(source: str, code: str, **params: str | float) -> InputRefusedError:
    return InputRefusedError([Fault(code, params=params)], source=source)


def read_csv_text(text: str, source: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Return a table of text, empty cells missing, and notes about its header.

    Raises
    ------
    InputRefusedError
        When rows have more cells than the header, a quotation mark is never closed, or there is no
        row below the header.
    """
    separator = _separator(text)
    columns = text.partition("\n")[0].count(separator) + 1
    if columns > MOST_COLUMNS:
        raise _refusal(source, "too_many_columns", found=columns, most=MOST_COLUMNS)
    try:
        raw = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        raise _refusal(source, "file_empty") from None
    except pd.errors.ParserError as error:
        raise InputRefusedError(_ragged(text, separator, str(error)), source=source) from None
    names, notes = header_names(raw.iloc[0].tolist())
    table = raw.iloc[1:].reset_index(drop=True)
    table.columns = pd.Index(names)
    table = table.where(table.notna() & (table != ""), None)
    return _without_blank_end(table), notes


def _separator(text: str) -> str:
    """Return the separator that cuts the first rows into the most columns, equally many in each."""
    lines = io.StringIO(text[:200_000]).readlines()[:200]
    best: tuple[float, str] = (0.0, ",")
    for separator in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row][:20]
        except csv.Error:  # one cell above the reader's limit: the header decides alone
            widths = [len(row) for row in csv.reader(lines[:1], delimiter=separator)]
        if not widths:
            continue
        # The last of the sampled rows may be cut by the sample.
        even = widths[0] if len(set(widths[:-1])) <= 1 else 1 + (widths[0] - 1) / 2
        if even > best[0]:
            best = (even, separator)
    return best[1]


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


def header_names(cells: list[Any]) -> tuple[list[str], list[Fault]]:
    """Return column names without blanks and doubles, and notes about what was renamed.

    Examples
    --------
    >>> header_names(["项目编号 ", None, "长度", "长度"])[0]
    ['项目编号', 'column_2', '长度', '长度_2']
    """
    names: dict[str, None] = {}  # in order, and looked up at once
    times: dict[str, int] = {}
    notes: list[Fault] = []
    for number, cell in enumerate(cells, start=1):
        written = "" if cell is None or pd.isna(cell) else " ".join(str(cell).split())
        base = name = written or f"column_{number}"
        while name in names:
            times[base] = times.get(base, 1) + 1
            name = f"{base}_{times[base]}"
        if written and name != base:
            notes.append(Fault("column_twice", "note", column=base, params={"name": name}))
        names[name] = None
    return list(names), notes


def _without_blank_end(table: pd.DataFrame) -> pd.DataFrame:
    filled = np.flatnonzero(table.notna().any(axis=1).to_numpy())
    return table.iloc[: filled[-1] + 1] if len(filled) else table.iloc[:0]


def read_workbook(path: Path) -> dict[str, pd.DataFrame]:
    """Return the sheets of an XLSX file by name, header in row 1, cells of their own kind.

    Raises
    ------
    InputRefusedError
        When it cannot be read as a workbook, or would unpack to more than `MOST_WORKBOOK_BYTES`.
    """
    try:
        # As a stream, since openpyxl judges a path by its suffix.
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")  # openpyxl warns of styles, which nobody reads here
            with zipfile.ZipFile(stream) as archive:
                # The sizes that it states hold: zipfile reads no further than they say.
                if sum(item.file_size for item in archive.infolist()) > MOST_WORKBOOK_BYTES:
                    raise _refusal(path.name, "zip_too_large")
            stream.seek(0)
            workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            sheets: dict[str, pd.DataFrame] = {}
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()  # some programs write a wrong one
                sheets[sheet.title] = _sheet_table(sheet.iter_rows(values_only=True))
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        OSError,
        RuntimeError,
        zlib.error,
    ):
        raise _refusal(path.name, "workbook_broken") from None
    return sheets


def _sheet_table(rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return a sheet as a table; only what is filled is held, however far out one cell lies."""
    header: Sequence[Any] = ()
    columns: dict[int, dict[int, Any]] = {}
    last = 0
    for number, row in enumerate(rows):
        if number == 0:
            header = row
            continue
        for place, cell in enumerate(row):
            if cell is not None and cell != "":
                columns.setdefault(place, {})[number - 1] = cell
                last = number
    width = max([len(header), *(place + 1 for place in columns)])
    padded = [*header, *[None] * (width - len(header))]
    names, _ = header_names(padded)
    # A column without name and content is formatting.
    used = [place for place, cell in enumerate(padded) if cell is not None or place in columns]
    table = pd.DataFrame(
        {names[place]: pd.Series(columns.get(place, {}), dtype=object) for place in used},
        index=range(last),
    )
    return table.where(table.notna(), None)


def find_geometry(table: pd.DataFrame, *, first_row: int) -> TableGeometry | None:
    """Find geometry in a WKT column, a GeoJSON column, or two columns of coordinates.

    Parameters
    ----------
    table
        Any table.
    first_row
        Number of its first row as a person counts it.

    Returns
    -------
    TableGeometry or None
        None where no column holds geometry.
    """
    for name in table.columns:
        texts = table[name].dropna()
        texts = texts.iloc[:_LOOKED_AT]
        texts = texts[texts.map(lambda value: isinstance(value, str))]
        if texts.empty:
            continue
        wkt = texts.map(lambda value: _WKT.match(value) is not None)
        if wkt.mean() > 0.5:
            return _from_text(table[name], name, "wkt", first_row)
        json_like = texts.str.lstrip().str.startswith("{") & texts.str.contains('"coordinates"')
        if json_like.mean() > 0.5:
            return _from_text(table[name], name, "geojson", first_row)
    return _from_coordinates(table, first_row)


def _from_text(column: pd.Series[Any], name: str, kind: str, first_row: int) -> TableGeometry:
    texts = np.array([None if pd.isna(value) else str(value).strip() for value in column], object)
    crs: str | None = "EPSG:4326" if kind == "geojson" else None
    if kind == "geojson":
        geometry = shapely.from_geojson(texts, on_invalid="ignore")
    else:
        prefixes = {match["srid"] for t in texts if t is not None and (match := _WKT.match(t))}
        stated = prefixes - {None}
        if len(stated) == 1:
            crs = f"EPSG:{stated.pop()}"
        bare = [None if t is None else t.partition(";")[2] if ";" in t else t for t in texts]
        geometry = _from_wkt(np.array(bare, dtype=object))
    geometry = np.asarray(geometry, dtype=object)
    unread = np.array([t is not None for t in texts]) & ~shapely.is_geometry(geometry)
    return TableGeometry(geometry, crs, (name,), _unreadable(unread, first_row, name))


def _from_wkt(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return geometry, missing where a text cannot be read; curves stop shapely, so they go first."""
    curved = [text is not None and _CURVED.search(text) is not None for text in texts]
    plain = texts.copy()
    plain[np.array(curved, dtype=np.bool_)] = None
    return np.asarray(shapely.from_wkt(plain, on_invalid="ignore"), dtype=object)


def _unreadable(unread: npt.NDArray[np.bool_], first_row: int, column: str) -> list[Fault]:
    return [
        Fault("geometry_unreadable", row=first_row + int(i), column=column)
        for i in np.flatnonzero(unread)
    ]


def _from_coordinates(table: pd.DataFrame, first_row: int) -> TableGeometry | None:
    folded = {unicodedata.normalize("NFKC", str(name)).strip().lower(): str(name) for name in table}
    for easts, norths in _COORDINATES:
        east = next((folded[name] for name in easts if name in folded), None)
        north = next((folded[name] for name in norths if name in folded), None)
        if east is not None and north is not None:
            break
    else:
        return None
    columns = (east, north)
    x, y = (
        pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64) for name in columns
    )
    given = table[list(columns)].notna()
    whole = np.isfinite(x) & np.isfinite(y)
    geometry = np.full(len(table), None, dtype=object)
    geometry[whole] = shapely.points(x[whole], y[whole])
    unread = given.any(axis=1).to_numpy() & ~whole
    return TableGeometry(geometry, None, columns, _unreadable(unread, first_row, columns[0]))

"""Any layer or table that people send, read as it is: format by content, encoding, CRS, geometry.

Nothing is dropped and nothing is guessed silently: what a file does not say (its CRS) has to be
said, what cannot be read in a row is a fault of that row, and what cannot be read at all is refused
with a sentence about what to do.
"""

from __future__ import annotations

import re
import stat
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import SHEET_STEP, Fault
from data.bounded_geometry import MOST_VERTICES, tangled, too_many_vertices
from data.coordinates import AS_WRITTEN, Coordinates, frame_in_names, holds_coordinates
from data.found_layer import Format, FoundLayer
from data.geometry_columns import find_geometry
from data.judge_crs import crs_of, judged_crs, judged_geometry, refusal
from data.mojibake import garbled_columns
from data.read_gdal import read_flatgeobuf, read_shapefile
from data.read_geojson import features_of, read_features
from data.read_geopackage import read_geopackage
from data.read_json import parse_json
from data.read_kml import read_kml
from data.read_nested import read_nested_json, read_nested_xml
from data.read_parquet import read_parquet
from data.read_tables import CSV_SEPARATORS, ReadTable, decode_text, read_csv_text, read_workbook
from data.read_wzdx import is_wzdx, read_wzdx
from data.safe_archive import BROKEN, members, open_archive, unpack
from data.safe_xml import MOST_XML_BYTES, local, parse_xml
from data.shapefile_parts import unpack_shapefile
from data.source_hints import SourceHints

__all__ = ["Format", "Layer", "read_layer"]

MOST_TEXT_BYTES = 2_000_000_000
"""A longer table is not read: it would take several times its length in memory."""

_BLANKS = b"\xef\xbb\xbf \t\r\n\0"
_DXF = re.compile(rb"\s*(?:999\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\b")
_BINARY_DXF = b"AutoCAD Binary DXF\r\n\x1a\x00"
_SEPARATOR = b"\x1e"
_NOT_READ = (
    (b"AC10", "dwg_not_read"),
    (b"RDX", "r_data_not_read"),
    (b"RDA", "r_data_not_read"),
    (b"%PDF-", "format_unknown"),
    (b"7z\xbc\xaf", "format_unknown"),
    (b"Rar!", "format_unknown"),
)
_IN_ARCHIVES = frozenset(
    {".geojson", ".json", ".gpkg", ".kml", ".dxf", ".csv", ".xlsx", ".xml", ".parquet", ".fgb"}
)
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|svg|OGRVRT|VRTDataset)\b", re.IGNORECASE)
_NO_RECORDS = frozenset(
    {"html", "svg", "gpx", "OGRVRTDataSource", "VRTDataset", "FeatureCollection"}
)
"""Roots of documents that are no feed of records, or that would name files of this machine."""


@dataclass(frozen=True)
class Layer:
    """One layer as read: every row, every column, in the file's order.

    Attributes
    ----------
    table
        RangeIndex, columns as in the source (text stays text, dates of databases are ISO text,
        spreadsheet cells keep their kind). A GeoDataFrame in `crs` where the layer has geometry,
        2-D, missing where the row has none or where it could not be read (then a fault says so).
    crs
        CRS of the geometry, None for a table without.
    format
        Which format it was (`data.found_layer.Format`).
    first_row
        Number of the first data row as a person counts it: 1 in a layer, 2 below a header.
    source
        The file's name.
    faults
        What was found on the way: unreadable geometry by row, notes about the encoding.
    geometry_columns
        Columns of a table that the geometry was made of.
    row_numbers
        Number of every row as a person counts it, no two alike, where they do not simply follow
        `first_row`: titles, sums and repeated headers of a table are left out. Ask `numbers`.
    sheets
        The sheets that were read together, in order, else empty; rows of the second count from
        `coordination.faults.SHEET_STEP` on, and so on.
    around
        Texts above the header and below the rows of a table.
    """

    table: pd.DataFrame
    crs: CRS | None
    format: Format
    first_row: int
    source: str
    faults: list[Fault] = field(default_factory=list)
    geometry_columns: tuple[str, ...] = ()
    row_numbers: npt.NDArray[np.int64] | None = None
    sheets: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    said: Coordinates = AS_WRITTEN

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Number of every row, no two alike; faults of rows carry these."""
        if self.row_numbers is not None:
            return self.row_numbers
        return np.arange(len(self.table), dtype=np.int64) + self.first_row

    @property
    def places(self) -> list[tuple[str | None, int]]:
        """The sheet of every row, where several were read, and its number there."""
        if not self.sheets:
            return [(None, int(number)) for number in self.numbers]
        return [(self.sheets[n // SHEET_STEP], n % SHEET_STEP) for n in self.numbers.tolist()]

    def rows_in_sheets(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the column ``row`` as it is counted in each sheet, and ``sheet``."""
        if not self.sheets:
            return rows
        place = rows["row"].to_numpy() // SHEET_STEP
        named = np.array(self.sheets, dtype=object)[place]
        return rows.assign(row=rows["row"] % SHEET_STEP, sheet=named)

    def in_sheets(self, faults: Iterable[Fault]) -> list[Fault]:
        """Return faults with the sheet of their row, and the row as it is counted in that sheet."""
        if not self.sheets:
            return list(faults)
        return [
            fault
            if fault.row is None or fault.sheet is not None
            else replace(
                fault, row=fault.row % SHEET_STEP, sheet=self.sheets[fault.row // SHEET_STEP]
            )
            for fault in faults
        ]


def read_layer(
    path: Path | str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    crs: CRS | str | int | None = None,
    hints: SourceHints | None = None,
    said: Coordinates = AS_WRITTEN,
) -> Layer:
    """Read one layer of a file, whatever its format.

    Read are GeoJSON, other JSON and XML that hold records, GeoPackage, Shapefile, KML and KMZ, DXF,
    GeoParquet, FlatGeobuf, CSV (separator found) and XLSX; one of them in a ZIP too. Tables may hold
    geometry in a column (WKT, WKB, GeoJSON) or in columns of coordinates.

    Parameters
    ----------
    path
        The file; of a Shapefile any of its parts, or the archive.
    layer
        Name of the layer, of the sheet, of the Shapefile in its archive, of the folder in KML, of
        the list of records in a feed. Needed where there are several, except in KML.
    encoding
        Encoding of the text; without it ``.cpg``, the DBF's own mark, strict UTF-8 and strict
        GB18030 are tried in this order.
    crs
        CRS of the coordinates; goes before what the file says. A file that does not say it is
        refused without.
    hints
        Where rows and geometry are, as a mapping file says it.
    said
        What is said of the coordinates beside their CRS, and roads to compare them with.

    Raises
    ------
    InputRefusedError
        When the file cannot be read as a whole; its faults say why and what to do.
    """
    path = Path(path)
    source = path.name or str(path)
    stated = crs_of(crs, source) if crs is not None else None
    hints = hints or SourceHints()
    said = said.or_else(hints.frame, hints.axes)
    if said.axes is not None:  # the two say the same: turned once, not twice
        hints = replace(hints, north_first=False)
    found = _read(path, source, layer, encoding, hints)
    faults = found.faults + garbled_columns(found.table)
    table = found.table.reset_index(drop=True)
    nowhere = found.geometry is None or not shapely.is_geometry(found.geometry).any()
    if found.geometry is None or (nowhere and found.crs is None and stated is None):
        return Layer(
            table, None, found.format, found.first_row, source, faults, found.columns,
            found.numbers, found.sheets, found.around,
        )  # fmt: skip

    named = frame_in_names(found.columns)
    if named is not None and said.frame is None and said.grid is None:
        columns = ", ".join(found.columns)
        raise refusal(source, "coordinates.frame_in_header", frame=named, columns=columns)
    used, notes = judged_crs(
        found.geometry, found=found.crs, stated=stated, kind=found.format, source=source, said=said
    )
    large = too_many_vertices(found.geometry)
    bad = [
        Fault("geometry_too_large", row=int(at), params={"most": MOST_VERTICES})
        for at in np.flatnonzero(large)
    ]
    shapes = np.array(found.geometry, dtype=object)
    shapes[large] = None
    scribbles = tangled(shapes)
    shapes[scribbles] = None
    bad += [Fault("geometry_tangled", row=int(at)) for at in np.flatnonzero(scribbles)]
    geometry, unusable = judged_geometry(
        shapes, used, first_row=0, source=source, kind=found.format, said=said
    )
    numbers = found.numbers
    if numbers is None:
        numbers = np.arange(len(table), dtype=np.int64) + found.first_row
    notes += _renumbered([*bad, *unusable], numbers)
    if said.grid is not None:  # local numbers beside their conversion would give the grid away
        table = table.drop(
            columns=[name for name in table if holds_coordinates(name, found.columns)]
        )
    table = gpd.GeoDataFrame(
        table.drop(columns="geometry", errors="ignore"), geometry=geometry, crs=used
    )
    return Layer(
        table, used, found.format, found.first_row, source, faults + notes, found.columns,
        found.numbers, found.sheets, found.around, said,
    )  # fmt: skip


def _renumbered(faults: Iterable[Fault], numbers: npt.NDArray[np.int64]) -> list[Fault]:
    """Return faults of rows by position as faults of rows by number."""
    return [
        fault if fault.row is None else replace(fault, row=int(numbers[fault.row]))
        for fault in faults
    ]


def _read(
    path: Path, source: str, layer: str | None, encoding: str | None, hints: SourceHints
) -> FoundLayer:
    head = _head(path, source)
    if not head.strip(_BLANKS):
        raise refusal(source, "file_empty")
    if head.startswith(b"SQLite format 3\0"):
        return read_geopackage(path, source, layer=layer)
    if head.startswith(b"\xd0\xcf\x11\xe0"):  # .xls, or a workbook with a password
        return _read_xlsx(path, source, layer, hints)
    if head.startswith(b"PK\x03\x04"):
        return _read_archive(path, source, layer, encoding, hints)
    if head.startswith(b"\0\0\x27\x0a") or path.suffix.lower() in (".dbf", ".prj", ".cpg"):
        return read_shapefile(path, source, encoding)
    if head.startswith(b"PAR1"):
        return read_parquet(path, source, hints=hints)
    if head.startswith(b"fgb\x03fgb"):
        return read_flatgeobuf(path, source)
    _refuse_by_name(path, source, head)
    text = head.lstrip(_BLANKS).removeprefix(_SEPARATOR)
    if text.startswith((b"{", b"[")):
        return _read_json(path, source, layer, encoding, hints)
    if _MARKUP.match(text):
        raise refusal(source, "format_unknown")
    if text.startswith(b"<") or b"<\0?\0x\0m\0l" in head[:16]:
        return _read_xml(path, source, layer, encoding, hints)
    if head.startswith(_BINARY_DXF) or _DXF.match(head):
        from data.read_dxf import read_dxf  # noqa: PLC0415 - it alone takes half a second

        return read_dxf(path, source, layer=layer, encoding=encoding, hints=hints)
    content = _content(path, source, MOST_TEXT_BYTES)
    words, notes = decode_text(content, encoding, source)
    read = read_csv_text(words, source, header_row=hints.header_row, further=hints.headers)
    if len(read.numbers) and _ends_in_a_cut_row(words):
        notes = [*notes, Fault("row_cut", row=int(read.numbers[-1]))]
    return _with_geometry(read, "csv", notes, source, hints)


def _ends_in_a_cut_row(text: str) -> bool:
    """Tell whether the last row of a table breaks off: no line end, and fewer cells than the one before."""
    if text.endswith(("\n", "\r")):
        return False
    before, last = ("", "", *text[-200_000:].splitlines())[-2:]
    if '"' in before + last:
        return False
    cells = [before.count(separator) - last.count(separator) for separator in CSV_SEPARATORS]
    return max(cells) > 0 and min(cells) >= 0


def _head(path: Path, source: str) -> bytes:
    """Return how a file begins; what is no plain file (a device never ends) is not opened."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise refusal(source, "file_not_plain")
        with path.open("rb") as stream:
            return stream.read(1024)
    except FileNotFoundError:
        raise refusal(source, "file_missing", file=str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise refusal(source, "file_unreadable", reason=reason) from None


def _content(path: Path, source: str, most: int) -> bytes:
    size = path.stat().st_size
    if size > most:
        raise refusal(source, "file_too_large", found=size, most=most)
    return path.read_bytes()


def _refuse_by_name(path: Path, source: str, head: bytes) -> None:
    """Refuse formats that are known and not read, each with what to do instead."""
    for magic, code in _NOT_READ:
        if head.startswith(magic):
            raise refusal(source, code)
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        inside = b""
        if head.startswith(b"\x1f\x8b"):
            try:
                inside = zlib.decompressobj(wbits=31).decompress(head, 64)
            except zlib.error:
                inside = b""
        r_data = inside.startswith((b"RD", b"X\n")) or path.suffix.lower() in (".rda", ".rds")
        raise refusal(source, "r_data_not_read" if r_data else "format_unknown")


def _read_json(
    path: Path, source: str, layer: str | None, encoding: str | None, hints: SourceHints
) -> FoundLayer:
    document, notes = parse_json(_content(path, source, MOST_TEXT_BYTES), source, encoding)
    try:
        features = features_of(document) if hints.records is None else None
        if hints.records is None and is_wzdx(document):
            found = read_wzdx(document, source)
        elif features is not None:
            found = read_features(features, document, source)
        else:
            found = read_nested_json(document, source, layer=layer, hints=hints)
    except RecursionError:
        raise refusal(source, "json_too_deep") from None
    found.faults[:0] = notes
    return found


def _read_xml(
    path: Path, source: str, layer: str | None, encoding: str | None, hints: SourceHints
) -> FoundLayer:
    content = _content(path, source, MOST_XML_BYTES)
    root = parse_xml(content, source, encoding)
    kind = local(root.tag)
    if kind == "kml":
        return read_kml(root, source, layer=layer)
    if kind in _NO_RECORDS:
        raise refusal(source, "format_unknown")
    return read_nested_xml(root, source, layer=layer, hints=hints)


def _read_archive(
    path: Path, source: str, layer: str | None, encoding: str | None, hints: SourceHints
) -> FoundLayer:
    """Read what an archive holds: a workbook, a Shapefile, or one file of another format."""
    try:
        with (
            open_archive(path) as archive,
            tempfile.TemporaryDirectory(prefix="digonce-") as folder,
        ):
            items = members(archive, source)
            names = {item.filename: item for item in items}
            if "[Content_Types].xml" in names or {"content.xml", "mimetype"} <= names.keys():
                return _read_xlsx(path, source, layer, hints)
            suffixes = {re.sub(r"^.*(?=\.)", "", name).lower() for name in names}
            if ".shp" in suffixes:
                shapefile = unpack_shapefile(path, layer, Path(folder))
                return read_shapefile(shapefile, source, encoding)
            readable = [
                name
                for name in names
                if Path(name.replace("\\", "/")).suffix.lower() in _IN_ARCHIVES
            ]
            if "doc.kml" in names:
                readable = ["doc.kml"]
            if len(readable) != 1:
                raise refusal(source, "zip_several" if readable else "zip_without_layer")
            target = Path(folder) / f"member{Path(readable[0]).suffix.lower()}"
            unpack(archive, names[readable[0]], target)
            if _head(target, source).startswith(b"PK\x03\x04") and target.suffix != ".xlsx":
                raise refusal(source, "zip_without_layer")
            return _read(target, source, layer, encoding, hints)
    except BROKEN:
        raise refusal(source, "zip_broken") from None


def _read_xlsx(path: Path, source: str, sheet: str | None, hints: SourceHints) -> FoundLayer:
    read = read_workbook(
        path, source, sheet=sheet, header_row=hints.header_row, further=hints.headers
    )
    return _with_geometry(read, "xlsx", [], source, hints)


def _with_geometry(
    read: ReadTable, kind: Format, faults: list[Fault], source: str, hints: SourceHints
) -> FoundLayer:
    if not len(read.table) and kind == "xlsx":
        raise refusal(source, "file_empty")
    shapes = find_geometry(read.table, first_row=0, hints=hints, source=source)
    first = int(read.numbers[0]) if len(read.numbers) else 2
    follow = np.array_equal(read.numbers, np.arange(len(read.numbers)) + first)
    found = FoundLayer(
        read.table, None, None, kind, first, faults + read.faults,
        numbers=None if follow else read.numbers, sheets=read.sheets, around=read.around,
    )  # fmt: skip
    if shapes is not None:
        found.geometry = shapes.geometry
        found.crs = crs_of(shapes.crs, source) if shapes.crs is not None else None
        found.columns = shapes.columns
        found.faults = found.faults + _renumbered(shapes.faults, read.numbers)
    return found

"""Any layer or table that people send, read as it is: format by content, encoding, CRS, geometry.

Nothing is dropped and nothing is guessed silently: what a file does not say (its CRS) has to be
said, what cannot be read in a row is a fault of that row, and what cannot be read at all is refused
with a sentence about what to do.
"""

from __future__ import annotations

import json
import tempfile
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely
from pyproj import CRS

from coordination.faults import Fault
from data.judge_crs import crs_of, judged_crs, judged_geometry, refusal
from data.read_tables import decode_text, find_geometry, read_csv_text, read_workbook
from data.shapefile_parts import dbf_encoding, missing_or_cut_parts, unpack_shapefile

Format = Literal["geojson", "gpkg", "shapefile", "csv", "xlsx"]

_WGS84 = CRS("EPSG:4326")
_GEOJSON_GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
     "GeometryCollection"}
)  # fmt: skip
_LATER = (
    b"<",
    b"%PDF-",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"AutoCAD",
    b"  0\r\nSECTION",
    b"  0\nSECTION",
    b"0\nSECTION",
    b"0\r\nSECTION",
)


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
        ``geojson``, ``gpkg``, ``shapefile``, ``csv`` or ``xlsx``.
    first_row
        Number of the first data row as a person counts it: 1 in a layer, 2 below a header.
    source
        The file's name.
    faults
        What was found on the way: unreadable geometry by row, notes about the encoding.
    geometry_columns
        Columns of a table that the geometry was made of.
    """

    table: pd.DataFrame
    crs: CRS | None
    format: Format
    first_row: int
    source: str
    faults: list[Fault] = field(default_factory=list)
    geometry_columns: tuple[str, ...] = ()


@dataclass
class _Found:
    """What one format's reader found, before CRS and geometry are judged alike for all."""

    table: pd.DataFrame
    geometry: npt.NDArray[np.object_] | None
    crs: CRS | None
    format: Format
    first_row: int
    faults: list[Fault]
    columns: tuple[str, ...] = ()


def read_layer(
    path: Path | str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    crs: CRS | str | int | None = None,
) -> Layer:
    """Read one layer of a file, whatever its format.

    Read are GeoJSON, GeoPackage, Shapefile (also zipped, one or more in the archive), CSV
    (separator found; geometry in a WKT or GeoJSON column or in columns of coordinates) and XLSX
    (header in its first row, geometry as in CSV).

    Parameters
    ----------
    path
        The file; of a Shapefile any of its parts, or the archive.
    layer
        Name of the layer, of the sheet, or of the Shapefile in its archive. Needed where there are
        several.
    encoding
        Encoding of the text; without it ``.cpg``, the DBF's own mark, strict UTF-8 and strict
        GB18030 are tried in this order.
    crs
        CRS of the coordinates; goes before what the file says. A file that does not say it is
        refused without.

    Raises
    ------
    InputRefusedError
        When the file cannot be read as a whole; its faults say why and what to do.
    """
    path = Path(path)
    source = path.name or str(path)
    stated = crs_of(crs, source) if crs is not None else None
    found = _read(path, layer, encoding)
    faults = list(found.faults)
    table = found.table.reset_index(drop=True)
    nowhere = found.geometry is None or not shapely.is_geometry(found.geometry).any()
    if found.geometry is None or (nowhere and found.crs is None and stated is None):
        return Layer(table, None, found.format, found.first_row, source, faults, found.columns)

    used, notes = judged_crs(
        found.geometry, found=found.crs, stated=stated, kind=found.format, source=source
    )
    geometry, unusable = judged_geometry(
        found.geometry, used, first_row=found.first_row, source=source
    )
    table = gpd.GeoDataFrame(
        table.drop(columns="geometry", errors="ignore"), geometry=geometry, crs=used
    )
    return Layer(
        table, used, found.format, found.first_row, source, faults + notes + unusable, found.columns
    )


def _read(path: Path, layer: str | None, encoding: str | None) -> _Found:
    source = path.name or str(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except FileNotFoundError:
        raise refusal(source, "file_missing", file=str(path)) from None
    except (IsADirectoryError, PermissionError) as error:
        raise refusal(source, "file_unreadable", reason=error.strerror or "") from None
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise refusal(source, "file_empty")
    if head.startswith(b"SQLite format 3\0"):
        return _read_geopackage(path, layer, head)
    if head.startswith(b"PK\x03\x04"):
        return _read_archive(path, layer, encoding)
    if head.startswith(b"\0\0\x27\x0a") or path.suffix.lower() in (".dbf", ".prj", ".cpg"):
        return _read_shapefile(path, encoding)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise refusal(source, "old_excel")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return _read_geojson(path.read_bytes(), source, encoding)
    if text.startswith(_LATER):
        raise refusal(source, "format_unknown")
    return _read_csv(path.read_bytes(), source, encoding)


# --- GeoJSON -----------------------------------------------------------------------------------


def _read_geojson(content: bytes, source: str, encoding: str | None) -> _Found:
    """Read GeoJSON by the standard library: types stay, and a bad feature is one row's fault."""
    text, notes = decode_text(content, encoding, source)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise refusal(source, "json_broken", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise refusal(source, "json_not_geojson") from None
    except ValueError:  # a number of thousands of digits
        raise refusal(source, "json_number") from None
    features = _features(document)
    if features is None:
        raise refusal(source, "json_not_geojson")
    rows = [feature if isinstance(feature, dict) else {} for feature in features]
    properties = [
        {_plain(name): _plain(value) for name, value in (row.get("properties") or {}).items()}
        if isinstance(row.get("properties"), dict | None)
        else {}
        for row in rows
    ]
    columns: dict[str, None] = {}
    for row in properties:
        columns.update(dict.fromkeys(row))
    table = pd.DataFrame(
        {name: _column([row.get(name) for row in properties]) for name in columns},
        index=range(len(rows)),
    )
    if "id" not in table and any(row.get("id") is not None for row in rows):
        table["id"] = _column([_plain(row.get("id")) for row in rows])
    written = np.array(
        [None if row.get("geometry") is None else json.dumps(row["geometry"]) for row in rows],
        dtype=object,
    )
    with np.errstate(over="ignore"):  # an endless number becomes infinite and is named below
        geometry = np.asarray(shapely.from_geojson(written, on_invalid="ignore"), dtype=object)
    unread = [written[i] is not None and geometry[i] is None for i in range(len(rows))]
    faults = [
        Fault("geometry_unreadable", row=i + 1)
        for i in range(len(rows))
        if unread[i]
        or rows[i].get("type") != "Feature"
        or not isinstance(rows[i].get("properties"), dict | None)
    ]
    return _Found(table, geometry, _geojson_crs(document, source), "geojson", 1, notes + faults)


def _features(document: Any) -> list[Any] | None:
    if not isinstance(document, dict):
        return None
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if kind in _GEOJSON_GEOMETRIES:
        return [{"type": "Feature", "geometry": document, "properties": {}}]
    return None


def _geojson_crs(document: dict[str, Any], source: str) -> CRS:
    """Return WGS 84 as RFC 7946 says, or the member ``crs`` of the older standard."""
    member = document.get("crs")
    if not isinstance(member, dict):
        return _WGS84
    properties = member.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and not name.endswith("CRS84"):
        return crs_of(name, source)
    return _WGS84


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and not value.isascii():
        # JSON can spell half a letter, which no encoding can write.
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def _column(values: list[Any]) -> pd.Series[Any]:
    """Return a column of one kind where it is of one kind; whole numbers never become floats."""
    column = pd.Series(values, dtype=object)
    if column.isna().any() and any(isinstance(value, int) for value in values):
        return column
    return column.infer_objects()


# --- GeoPackage and Shapefile, through GDAL ------------------------------------------------------


def _read_geopackage(path: Path, layer: str | None, head: bytes) -> _Found:
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    if path.stat().st_size < pages * (65536 if page == 1 else page):
        raise refusal(path.name, "file_cut")
    try:
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError:
        raise refusal(path.name, "not_a_geopackage") from None
    spatial = [name for name, kind in layers if kind is not None]
    chosen = _choose(layer, spatial or [name for name, _ in layers], path.name, extra=layers[:, 0])
    return _read_gdal(path, chosen, None, "gpkg", path.name)


def _choose(layer: str | None, names: list[str], source: str, extra: Any = ()) -> str:
    everything = ", ".join(dict.fromkeys([*names, *extra]))
    if layer is not None:
        if layer in names or layer in list(extra):
            return layer
        raise refusal(source, "layer_missing", layer=layer, layers=everything)
    if not names:
        raise refusal(source, "file_empty")
    if len(names) > 1:
        raise refusal(source, "layer_not_named", layers=everything)
    return names[0]


def _read_archive(path: Path, layer: str | None, encoding: str | None) -> _Found:
    try:
        with zipfile.ZipFile(path) as archive:
            if "[Content_Types].xml" in archive.namelist():
                return _read_xlsx(path, layer)
        with tempfile.TemporaryDirectory(prefix="digonce-") as folder:
            members = unpack_shapefile(path, layer, Path(folder))
            return _read_shapefile(members, encoding, path.name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error):
        raise refusal(path.name, "zip_broken") from None


def _read_shapefile(path: Path, encoding: str | None, source: str | None = None) -> _Found:
    source = source or path.name
    main = path.with_suffix(".shp") if path.suffix.lower() != ".shp" else path
    lacking = missing_or_cut_parts(main)
    if lacking:
        code, part = lacking
        raise refusal(source, code, part=part)
    used, guessed = dbf_encoding(main) if encoding is None else (encoding, False)
    if used is None:
        raise refusal(source, "encoding_unknown")
    found = _read_gdal(main, None, used, "shapefile", source)
    if guessed:
        found.faults.append(Fault("encoding_guessed", level="note", params={"encoding": used}))
    return found


def _read_gdal(
    path: Path, layer: str | None, encoding: str | None, kind: Format, source: str
) -> _Found:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = pyogrio.read_dataframe(
                path, layer=layer, encoding=encoding, datetime_as_string=True
            )
    except UnicodeDecodeError:
        raise refusal(source, "encoding_wrong", encoding=encoding or "UTF-8") from None
    except LookupError:
        raise refusal(source, "encoding_wrong", encoding=encoding or "") from None
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError,
    ) as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    notes = [
        Fault("reader_says", level="note", params={"words": str(warning.message)[:200]})
        for warning in caught
    ]
    if not isinstance(table, gpd.GeoDataFrame):
        return _Found(pd.DataFrame(table), None, None, kind, 1, notes)
    geometry = np.asarray(table.geometry.array, dtype=object)
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    return _Found(plain, geometry, table.crs, kind, 1, notes)


# --- Tables --------------------------------------------------------------------------------------


def _read_csv(content: bytes, source: str, encoding: str | None) -> _Found:
    text, notes = decode_text(content, encoding, source)
    table, faults = read_csv_text(text, source)
    return _with_geometry(table, "csv", notes + faults, source)


def _read_xlsx(path: Path, sheet: str | None) -> _Found:
    sheets = read_workbook(path)
    chosen = _choose(sheet, [name for name, table in sheets.items() if len(table)], path.name)
    return _with_geometry(sheets[chosen], "xlsx", [], path.name)


def _with_geometry(table: pd.DataFrame, kind: Format, faults: list[Fault], source: str) -> _Found:
    read = find_geometry(table, first_row=2)
    if read is None:
        return _Found(table, None, None, kind, 2, faults)
    crs = crs_of(read.crs, source) if read.crs is not None else None
    return _Found(table, read.geometry, crs, kind, 2, faults + read.faults, read.columns)

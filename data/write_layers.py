"""Writing layers and tables for others: whole files or none, and the same bytes from the same rows."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.faults import UsageError

COORDINATE_DIGITS = 7
"""Digits of a degree: about one centimetre, and what RFC 7946 calls enough."""

_LIVE_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ARMED = re.compile(r"'*[ \u3000\ufeff]*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula, or what `inert` made of such a text."""


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file so that a reader sees the old one or the new one, never a half.

    Parameters
    ----------
    path
        Where; its folder is made when it is missing.
    content
        Text is written as UTF-8.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    UsageError
        When nothing can be written there.
    """
    blob = content.encode("utf-8") if isinstance(content, str) else content
    with whole(path) as part:
        part.write_bytes(blob)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a place to write a file to, which then takes the place of ``path`` in one step.

    The place is in a new folder beside ``path`` and has its name, for libraries that judge by the
    suffix or leave further files beside theirs. With an error nothing of it remains.

    Parameters
    ----------
    path
        Where the file is to be; its folder is made when it is missing.

    Raises
    ------
    UsageError
        When nothing can be written there.
    """
    with whole_folder(path.parent) as folder:
        yield folder / path.name


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder whose files then take the place of those of the same names in ``folder``.

    Each file is replaced in one step. With an error nothing is replaced.

    Parameters
    ----------
    folder
        Made when it is missing.

    Raises
    ------
    UsageError
        When nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = Path(tempfile.mkdtemp(prefix=".digonce-", suffix=".part", dir=folder))
        try:
            yield parts
            for part in sorted(parts.iterdir()):
                # Temporary files are private; what is made for others is as open as its folder.
                part.chmod(0o644)
                part.replace(folder / part.name)
        finally:
            shutil.rmtree(parts, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = str(error.filename2 or error.filename or folder)
        raise UsageError("errors.cannot_write", path=where, reason=reason) from error


def plain_value(value: object) -> Any:
    """Return a cell as JSON knows it: missing is None, days are ISO text, numbers are Python's.

    Parameters
    ----------
    value
        A cell of a table, or a list or mapping of such.

    Examples
    --------
    >>> plain_value(pd.Timestamp("2025-03-01")), plain_value(np.float64("nan")), plain_value([1, None])
    ('2025-03-01', None, [1, None])
    """
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain_value(item) for item in value]
    if value is None or bool(pd.isna(value)):  # type: ignore[call-overload]
        return None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):
        midnight = value.time() == datetime.min.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    return str(value)


def json_text(document: object) -> str:
    """Return a document as JSON with Chinese left readable and no number that JSON lacks.

    Examples
    --------
    >>> json_text({"road": "仓场路", "gap_days": float("nan")})
    '{"road":"仓场路","gap_days":null}'
    """
    return json.dumps(
        plain_value(document), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _json_texts(column: pd.Series[Any]) -> list[str]:
    """Return what `json_text` makes of each cell, by the column's kind where it has one."""
    kind = column.dtype
    if kind == np.float64:
        texts = [float.__repr__(value) for value in column.tolist()]
        return ["null" if text in ("nan", "inf", "-inf") else text for text in texts]
    if pd.api.types.is_string_dtype(kind) and kind != np.object_:
        missing = column.isna().to_numpy(dtype=np.bool_)
        quoted = map(json.encoder.encode_basestring, column.where(~missing, "").tolist())
        return ["null" if gone else text for text, gone in zip(quoted, missing, strict=True)]
    if (
        pd.api.types.is_datetime64_dtype(kind)
        and (column.dropna().dt.normalize() == column.dropna()).all()
    ):
        return [
            f'"{text}"' if isinstance(text, str) else "null"
            for text in column.dt.strftime("%Y-%m-%d")
        ]
    return [json_text(value) for value in column]


def geojson_geometries(geometries: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Return RFC 7946 geometry texts: lon/lat WGS 84, 7 digits, 2-D, outer rings counter-clockwise.

    Parameters
    ----------
    geometries
        Any CRS (it must be known unless all are missing); shape ``(n,)``.

    Returns
    -------
    numpy.ndarray of str
        Shape ``(n,)``; ``"null"`` where the geometry is missing or empty.

    Raises
    ------
    ValueError
        When there is a geometry but no CRS.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(121, 31, 122, 32), None], crs=4326)
    >>> geojson_geometries(square).tolist()[1]
    'null'
    """
    here = ~(geometries.isna() | geometries.is_empty).to_numpy()
    texts = np.full(len(geometries), "null", dtype=object)
    if not here.any():
        return texts
    if geometries.crs is None:
        raise ValueError("geometries have no CRS: they cannot be written as WGS 84")
    degrees = shapely.force_2d(geometries.to_crs(4326).to_numpy()[here])
    rounded = np.round(shapely.get_coordinates(degrees), COORDINATE_DIGITS)
    rounded_geometries = shapely.set_coordinates(degrees, rounded)
    texts[here] = shapely.to_geojson(shapely.orient_polygons(rounded_geometries, exterior_cw=False))
    return texts


def write_geojson(
    path: Path,
    rows: gpd.GeoDataFrame,
    *,
    id_column: str | None = None,
    members: Mapping[str, object] | None = None,
) -> Path:
    """Write a layer as an RFC 7946 FeatureCollection, one feature per line.

    Parameters
    ----------
    path
        Where.
    rows
        Properties and one geometry column, any known CRS. Cells may hold lists and mappings.
    id_column
        Column that is the feature's ``id`` (it stays among the properties).
    members
        Further top-level members such as ``provenance`` (RFC 7946 §6.1 allows them).

    Returns
    -------
    pathlib.Path
        ``path``.
    """
    properties = rows.drop(columns=rows.geometry.name)
    names = [json.dumps(str(name), ensure_ascii=False) for name in properties.columns]
    columns = [_json_texts(properties.iloc[:, place]) for place in range(len(names))]
    texts = geojson_geometries(rows.geometry)
    ids = [f'"id":{json_text(value)},' for value in rows[id_column]] if id_column else None
    features = [
        '{"type":"Feature",'
        + (ids[row] if ids else "")
        + '"properties":{'
        + ",".join(f"{name}:{column[row]}" for name, column in zip(names, columns, strict=True))
        + '},"geometry":'
        + texts[row]
        + "}"
        for row in range(len(rows))
    ]
    head = "".join(
        f"{json.dumps(name)}:{json_text(value)},\n" for name, value in (members or {}).items()
    )
    body = ",\n".join(features)
    return write_whole(path, f'{{"type":"FeatureCollection",\n{head}"features":[\n{body}\n]}}\n')


def inert(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return free text that no spreadsheet takes for a formula: an apostrophe goes in front.

    `data.read_tables.armed_again` takes it away; a text that has apostrophes before a formula
    already gets one more, so that nothing is lost on the way.

    Parameters
    ----------
    values
        Text, missing allowed.

    Returns
    -------
    pandas.Series
        Same index; text that starts with ``= + - @`` or a tab or carriage return is prefixed, also
        where only spaces stand before it.

    Examples
    --------
    >>> inert(pd.Series(["=1+1", "仓场路", None, "'=1"])).tolist()
    ["'=1+1", '仓场路', nan, "''=1"]
    """
    words = values.astype("object")
    live = words.map(lambda word: isinstance(word, str) and _ARMED.match(word) is not None)
    return words.where(~live.astype(bool), "'" + words.astype("str"))


def write_csv(path: Path, rows: pd.DataFrame, *, free_text: tuple[str, ...] = ()) -> Path:
    """Write a table as CSV: UTF-8 with BOM so that Excel reads it, missing cells empty.

    Parameters
    ----------
    path
        Where.
    rows
        Cells are written as they print; dates as ISO days.
    free_text
        Columns whose text people wrote; formulas in them are made inert (`inert`).

    Returns
    -------
    pathlib.Path
        ``path``.
    """
    table = pd.DataFrame(rows).copy()
    for name in free_text:
        if name in table:
            table[name] = inert(table[name])
    content = table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return write_whole(path, b"\xef\xbb\xbf" + content.encode("utf-8"))

"""Shapefile and FlatGeobuf through GDAL, which sees nothing but one file of ours under a plain name.

GDAL takes a path for a small language (archives, addresses, databases) and a file for whatever its
content claims. So it is handed links in a folder of our own, after the content has been looked at,
and no name of a stranger ever reaches it.
"""

from __future__ import annotations

import struct
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely

from coordination.faults import Fault
from data.found_layer import Format, FoundLayer
from data.judge_crs import refusal
from data.shapefile_parts import dbf_text_encoding, missing_or_cut_parts, without_cut_letters

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_HEADER_BYTES = 100


def read_shapefile(path: Path, source: str, encoding: str | None) -> FoundLayer:
    """Read a Shapefile by any of its parts.

    Raises
    ------
    InputRefusedError
        When a part is missing, cut or does not fit the others, or its text cannot be decoded.
    """
    main = path if path.suffix.lower() == ".shp" else _main(path)
    lacking = missing_or_cut_parts(main)
    if lacking:
        code, part = lacking
        raise refusal(source, code, part=part)
    used, notes = dbf_text_encoding(main) if encoding is None else (encoding, [])
    if used is None:
        raise refusal(source, "encoding_unknown")
    kinds = _record_kinds(main, source)
    with tempfile.TemporaryDirectory(prefix="digonce-") as folder:
        for suffix in _PARTS:
            part_path = _part(main, suffix)
            if part_path is not None:
                (Path(folder) / f"layer{suffix}").symlink_to(part_path.resolve())
        mended, cut = without_cut_letters(main, used)
        if mended is not None:
            (Path(folder) / "layer.dbf").unlink()
            (Path(folder) / "layer.dbf").write_bytes(mended)
        found = read_by_gdal(Path(folder) / "layer.shp", used, "shapefile", source)
    if len(found.table) != len(kinds):
        raise refusal(source, "part_disagrees", shapes=len(kinds), rows=len(found.table))
    if found.geometry is not None:
        lost = ~shapely.is_geometry(found.geometry) & (kinds != 0)
        found.faults += [
            Fault("geometry_unreadable", row=int(at) + 1) for at in np.flatnonzero(lost)
        ]
    found.faults += notes + cut
    return found


def _main(path: Path) -> Path:
    return _part(path, ".shp") or path.with_suffix(".shp")


def _part(path: Path, suffix: str) -> Path | None:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.exists():
            return candidate
    return None


def _record_kinds(path: Path, source: str) -> npt.NDArray[np.int32]:
    """Return the kind of every record of a ``.shp``; 0 is a row without geometry.

    Raises
    ------
    InputRefusedError
        When index and records do not fit, or the DBF has another number of rows: rows would be lost
        or stand beside the wrong geometry without a word.
    """
    shp, shx, dbf = (_part(path, suffix) for suffix in (".shp", ".shx", ".dbf"))
    if shp is None or shx is None or dbf is None:
        raise refusal(source, "part_missing", part=".shp")
    index = shx.read_bytes()[_HEADER_BYTES:]
    entries = np.frombuffer(index[: len(index) // 8 * 8], ">u4").reshape(-1, 2).astype(np.int64)
    with dbf.open("rb") as stream:
        rows = struct.unpack("<I", stream.read(8)[4:])[0]
    if rows != len(entries):
        raise refusal(source, "part_disagrees", shapes=len(entries), rows=rows)
    size = shp.stat().st_size
    start, length = 2 * entries[:, 0], 2 * entries[:, 1]
    if len(entries) == 0:
        return np.zeros(0, dtype=np.int32)
    if (start < _HEADER_BYTES).any() or (start + 8 + length > size).any() or (length < 4).any():
        raise refusal(source, "part_cut", part=".shp")
    content = np.memmap(shp, np.uint8, mode="r")
    at = start[:, None] + np.arange(12)
    heads = np.ascontiguousarray(content[at])
    said = heads[:, 4:8].copy().view(">u4").ravel().astype(np.int64) * 2
    if (said != length).any():
        raise refusal(source, "part_cut", part=".shp")
    return heads[:, 8:12].copy().view("<i4").ravel()


def read_flatgeobuf(path: Path, source: str) -> FoundLayer:
    """Read a FlatGeobuf file; its buffers are verified, and its rows counted against its header."""
    with tempfile.TemporaryDirectory(prefix="digonce-") as folder:
        link = Path(folder) / "layer.fgb"
        link.symlink_to(path.resolve())
        try:
            said = pyogrio.read_info(link)["features"]
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            IndexError,  # it opens, and has no layer
        ) as error:
            raise refusal(source, "file_broken", reason=str(error)[:200]) from None
        found = read_by_gdal(link, None, "flatgeobuf", source)
    if said >= 0 and said != len(found.table):
        raise refusal(source, "file_cut")
    return found


def read_by_gdal(path: Path, encoding: str | None, kind: Format, source: str) -> FoundLayer:
    """Read the only layer of a file whose name and content are known to be what ``kind`` says."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = pyogrio.read_dataframe(path, encoding=encoding, datetime_as_string=True)
    except UnicodeDecodeError:
        raise refusal(source, "encoding_wrong", encoding=encoding or "UTF-8") from None
    except LookupError:
        raise refusal(source, "encoding_wrong", encoding=encoding or "") from None
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError,
        shapely.errors.GEOSException,
    ) as error:
        raise refusal(source, "file_broken", reason=str(error)[:200]) from None
    notes = [
        Fault("reader_says", level="note", params={"words": str(warning.message)[:200]})
        for warning in caught
    ]
    if not isinstance(table, gpd.GeoDataFrame):
        return FoundLayer(pd.DataFrame(table), None, None, kind, 1, notes)
    geometry = np.asarray(table.geometry.array, dtype=object)
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    return FoundLayer(plain, geometry, table.crs, kind, 1, notes)

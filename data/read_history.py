"""Finished works become the road ledger: what was opened or resurfaced where, and since when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from coordination.policy import Policy
from coordination.project_checks import check_sizes, check_windows
from coordination.projects import FIELD, Field
from data.column_mapping import ColumnMapping, load_mapping, match_columns
from data.coordinates import AS_WRITTEN, Coordinates
from data.field_values import read_fields
from data.place_rows import ground_of, place_rows
from data.read_layers import Layer, read_layer
from data.table_context import with_context

LEDGER_KINDS = ("opening", "resurfacing")
SURFACES = ("asphalt", "concrete", "footway")

_FIELDS = (
    Field("ledger_id", "text", "site", "履历编号", "ledger id", ("id", "fid", "objectid")),
    Field("kind", "code", "site", "履历类型", "ledger kind", (), LEDGER_KINDS),
    Field("surface", "code", "site", "路面类型", "surface", ("路面", "路面结构"), SURFACES),
    Field("day", "date", "site", "竣工验收日期", "day of completion", ("验收日期", "竣工日")),
    *(
        FIELD[name]
        for name in (
            "code", "site_id", "owner_unit", "sector", "work_type", "utility", "road", "position",
            "method", "length_m", "width_m", "area_m2", "actual_start", "actual_finish", "start",
            "finish",
        )
    ),
)  # fmt: skip
_COLUMNS = ("ledger_id", "road", "kind", "surface", "day", "start", "finish", "sector", "method",
            "owner_unit", "work_type", "source")  # fmt: skip

_RENEWS = ("new", "rebuild", "widen", "major_repair", "medium_repair", "renovation")
"""Kinds of road work that leave a new surface behind."""


@dataclass(frozen=True)
class ReadHistory:
    """The road ledger as read.

    Attributes
    ----------
    ledger
        ``ledger_id, road, kind, surface, day, start, finish, sector, method, owner_unit, work_type,
        source`` and ``geometry`` (MultiPolygon in `crs`); ``day`` is the last day of the work.
    rows
        ``row``, ``code`` (the ledger id), ``outcome``: ``accepted``, ``incomplete`` (no place),
        ``repaired``, ``refused``, or ``left_out`` (works that touched no ground).
    faults
        Everything that was found.
    crs
        The metric working CRS.
    """

    ledger: gpd.GeoDataFrame
    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS


def read_history(
    path: Path | str,
    *,
    mapping: ColumnMapping | Path | str | None = None,
    crs: CRS | str | int | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    said: Coordinates = AS_WRITTEN,
    policy: Policy,
    working_crs: CRS | None = None,
    time_zone: str | None = None,
) -> ReadHistory:
    """Read finished works.

    The kind is the row's own; else works on the surface, and road works that leave a new one, are
    resurfacings, and all others openings. The window is the actual one, else the planned one; a
    row without a last day is refused, for nothing can be counted from it.

    Parameters
    ----------
    path, mapping, crs, encoding, layer, policy, working_crs, time_zone
        As `data.read_projects.read_projects`; further fields are ``ledger_id``, ``kind``,
        ``surface`` and ``day``.

    Raises
    ------
    InputRefusedError
        When the file as a whole cannot be read.
    """
    if isinstance(mapping, Path | str):
        mapping = load_mapping(mapping)
    mapping = mapping or ColumnMapping()
    source = read_layer(
        path,
        layer=layer or mapping.layer,
        encoding=encoding or mapping.encoding,
        crs=crs if crs is not None else mapping.crs,
        said=said,
        hints=mapping.hints,
    )
    names = [str(name) for name in source.table.columns if name != "geometry"]
    matched = match_columns(names, _FIELDS, mapping, truncated=source.format == "shapefile")
    if matched.faults:
        raise InputRefusedError(matched.faults, source=source.source)
    if not len(source.table):
        raise InputRefusedError([Fault("file_empty")], source=source.source)
    mapping, matched, around = with_context(source.around, mapping, matched)
    read = read_fields(
        source.table, matched, _FIELDS, mapping, numbers=source.numbers,
        time_zone=time_zone or "Asia/Shanghai",
    )  # fmt: skip
    places = place_rows(source, working_crs)
    faults = [*source.faults, *around, *read.faults, *places.faults]
    columns = {name: " + ".join(theirs) for name, theirs in matched.columns.items()}

    rows = read.table
    rows.insert(0, "row", source.numbers)
    rows = rows[source.table.notna().any(axis=1).to_numpy()].copy()
    rows["start"] = rows["actual_start"].fillna(rows["start"])
    rows["finish"] = rows["actual_finish"].fillna(rows["finish"])
    rows["day"] = rows["day"].fillna(rows["finish"])
    rows["kind"] = rows["kind"].fillna(_kinds(rows))
    rows["source"] = source.source
    faults += check_windows(rows, columns)
    faults += check_sizes(rows, columns)
    told = {fault.row for fault in faults if fault.level == "refused"}
    faults += [
        Fault("history_without_day", row=int(row), column=columns.get("finish", "finish"))
        for row in rows.loc[rows["day"].isna(), "row"]
        if row not in told
    ]
    rows["ledger_id"] = _ledger_ids(rows, source)
    twice = rows["ledger_id"].duplicated()
    faults += [
        Fault("ledger_id_twice", row=int(row), params={"id": str(name)})
        for row, name in zip(rows.loc[twice, "row"], rows.loc[twice, "ledger_id"], strict=True)
    ]
    refused = _among(rows, faults, "refused")
    untouched = (rows["method"] == "none").to_numpy(dtype=bool) & ~refused
    if untouched.any():
        faults.append(Fault("history_left_out", "note", params={"count": int(untouched.sum())}))
    geometry = places.geometry[rows.index.to_numpy()]
    placeless = ~shapely.is_geometry(geometry)
    faults += [
        Fault("place_missing", "note", row=int(row))
        for row in rows.loc[placeless & ~refused & ~untouched, "row"]
    ]
    kept = ~refused & ~untouched
    footprints, _ = ground_of(geometry[kept], rows[kept], policy.footprint)
    ledger = gpd.GeoDataFrame(
        rows.loc[kept, list(_COLUMNS)].reset_index(drop=True), geometry=footprints, crs=places.crs
    )
    outcome = np.select(
        [refused, untouched, placeless, _among(rows, faults, "repaired")],
        ["refused", "left_out", "incomplete", "repaired"],
        "accepted",
    ).astype(object)
    return ReadHistory(
        ledger,
        pd.DataFrame(
            {"row": rows["row"], "code": rows["ledger_id"], "outcome": outcome}
        ).reset_index(drop=True),
        sorted(faults, key=lambda fault: (fault.level != "refused", fault.row or 0)),
        places.crs,
    )


def _among(rows: pd.DataFrame, faults: list[Fault], level: str) -> npt.NDArray[np.bool_]:
    numbers = {fault.row for fault in faults if fault.level == level}
    whole = level == "refused" and None in numbers
    return rows["row"].isin(numbers - {None}).to_numpy(dtype=bool) | whole


def _kinds(rows: pd.DataFrame) -> pd.Series[str]:
    renewed = (rows["method"] == "surface") | (
        (rows["sector"] == "road") & rows["work_type"].isin(_RENEWS)
    )
    return pd.Series("opening", index=rows.index).where(~renewed, "resurfacing")


def _ledger_ids(rows: pd.DataFrame, source: Layer) -> pd.Series[str]:
    """Return an id that the next edition of the same register gives again.

    The row's own, else its project's code with the site, else a hash of what happened where.
    """
    counted = (rows.groupby("code", dropna=False).cumcount() + 1).astype("str")
    from_code = rows["code"].str.cat(rows["site_id"].fillna(counted), sep="/")
    if isinstance(source.table, gpd.GeoDataFrame):
        shapes = np.asarray(source.table.geometry.array, dtype=object)[rows.index.to_numpy()]
    else:
        shapes = np.full(len(rows), None, dtype=object)
    made = [
        "auto-" + hashlib.sha256(f"{wkb or ''}|{day}|{road}|{kind}".encode()).hexdigest()[:12]
        for wkb, day, road, kind in zip(
            shapely.to_wkb(shapes, hex=True), rows["day"], rows["road"], rows["kind"], strict=True
        )
    ]
    hashed = pd.Series(made, index=rows.index, dtype="str")
    again = hashed.groupby(hashed).cumcount()
    hashed = hashed.where(again == 0, hashed + "-" + (again + 1).astype("str"))
    fallback = from_code.fillna(hashed)
    return rows["ledger_id"].fillna(fallback).astype("str")

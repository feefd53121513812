"""A list of projects becomes projects and sites: all faults of all rows, nothing dropped silently.

What cannot be understood is refused; what is missing is stored and marked as incomplete. Rows of
one code are the sites of one project, and a project goes in whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from coordination.policy import Policy
from coordination.project_checks import (
    check_known,
    check_same_project,
    check_site_ids,
    check_sizes,
    check_windows,
)
from coordination.projects import FIELDS, PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.column_mapping import ColumnMapping, Matched, load_mapping, match_columns
from data.coordinates import AS_WRITTEN, Coordinates
from data.field_values import FieldValues, read_fields, text_column
from data.place_rows import ground_of, place_rows
from data.read_layers import Layer, read_layer

TIME_ZONE = "Asia/Shanghai"

_KEY = ("owner_unit", "name")
_TOTALS = frozenset({"合计", "总计", "小计", "共计", "合計", "總計", "小計", "total", "subtotal"})
_IDENTIFYING = frozenset({"code", "name", "road", "extent_text"})
"""A table without geometry that has none of these is no list of projects."""


@dataclass(frozen=True)
class ReadProjects:
    """What a list of projects holds.

    Attributes
    ----------
    projects
        `PROJECT_FIELDS`, one row per project that can go in.
    sites
        ``project_code``, `SITE_FIELDS`, ``footprint_source`` and ``geometry`` (MultiPolygon in
        `crs`, missing where the place is unknown); one row per row that can go in.
    filings
        What was filed, for each site: ``project_code, site_id, source_file, source_row,
        geometry_type, crs, wkb, row_json``.
    rows
        ``row`` (as a person counts it), ``code``, ``outcome``: ``accepted``, ``incomplete`` (place,
        date or method is missing), ``repaired`` or ``refused``.
    faults
        Everything that was found, refusals first, then by row.
    crs
        The metric working CRS of `sites`.
    """

    projects: pd.DataFrame
    sites: gpd.GeoDataFrame
    filings: pd.DataFrame
    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS


def read_projects(
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
    known: pd.DataFrame | None = None,
) -> ReadProjects:
    """Read a list of projects from any layer or table.

    Parameters
    ----------
    path, crs, encoding, layer, said
        As `data.read_layers.read_layer`; they go before what the mapping says.
    mapping
        A mapping or its file; without it columns are matched by the names that lists use.
    policy
        Widths of what was drawn as a line or a point.
    working_crs
        The store's CRS in metres; None chooses one by the place, EPSG:4549 for a list without any.
    time_zone
        The store's zone, default Asia/Shanghai; a mapping's zone goes before it.
    known
        Projects of the store (`coordination.project_checks.known_projects`).

    Returns
    -------
    ReadProjects
        With any row refused it is the caller who decides whether the others go in.

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
    )
    matched = _matched(source, mapping)
    read = read_fields(
        source.table, matched, FIELDS, mapping, first_row=source.first_row,
        time_zone=time_zone or TIME_ZONE,
    )  # fmt: skip
    places = place_rows(source, working_crs)
    faults = [*source.faults, *matched.faults, *read.faults, *places.faults]
    columns = {name: " + ".join(theirs) for name, theirs in matched.columns.items()}

    rows = read.table
    rows.insert(0, "row", np.arange(len(rows)) + source.first_row)
    totals = _totals(source)
    rows = rows[_filled(source) & ~totals].copy()
    if rows.empty:
        raise InputRefusedError([*source.faults, Fault("file_empty")], source=source.source)
    left_out = np.flatnonzero(totals) + source.first_row
    faults += [Fault("total_left_out", "note", row=int(row)) for row in left_out]
    faults += _finish_from_duration(rows, read)
    faults += _zero_is_missing(rows, columns)
    rows["code"], notes = _codes(rows, source, mapping)
    faults += notes
    faults += check_windows(rows, columns)
    faults += check_sizes(rows, columns)
    faults += check_same_project(rows, columns)
    rows["site_id"] = _site_ids(rows)
    faults += check_site_ids(rows, columns)
    if known is not None:
        faults += check_known(rows, known, columns)

    refused = _refused(rows, faults)
    faults += _siblings(rows, refused)
    refused |= rows["code"].isin(rows.loc[refused, "code"])
    geometry = places.geometry[rows.index.to_numpy()]
    faults += _missing(rows[~refused], geometry[(~refused).to_numpy()], columns)
    outcome = _outcome(rows, refused, geometry, faults)

    good = rows[~refused]
    drawn = geometry[(~refused).to_numpy()]
    projects, sites = _tables(good, drawn, policy, places.crs)
    return ReadProjects(
        projects=projects,
        sites=sites,
        filings=_filings(good, source),
        rows=pd.DataFrame(
            {"row": rows["row"], "code": rows["code"], "outcome": outcome}
        ).reset_index(drop=True),
        faults=sorted(faults, key=lambda fault: (fault.level != "refused", fault.row or 0)),
        crs=places.crs,
    )


def _matched(source: Layer, mapping: ColumnMapping) -> Matched:
    """Match the columns; a table that has none of ours is not a list of projects."""
    names = [str(name) for name in source.table.columns if name != "geometry"]
    matched = match_columns(names, FIELDS, mapping, truncated=source.format == "shapefile")
    if matched.faults:
        raise InputRefusedError(matched.faults, source=source.source)
    if not len(source.table):
        raise InputRefusedError([Fault("file_empty")], source=source.source)
    if source.crs is None and not _IDENTIFYING & matched.columns.keys():
        fault = Fault("columns_unknown", params={"columns": ", ".join(names)})
        raise InputRefusedError([fault], source=source.source)
    unused = [name for name in matched.unused if name not in source.geometry_columns]
    if unused:
        matched.faults.append(
            Fault("columns_not_used", "note", params={"columns": ", ".join(unused)})
        )
    return matched


def _filled(source: Layer) -> npt.NDArray[np.bool_]:
    """Return which rows say anything at all: spreadsheets have blank ones between others."""
    unreadable = {fault.row for fault in source.faults if fault.level == "refused"}
    numbers = np.arange(len(source.table)) + source.first_row
    named = np.isin(numbers, [row for row in unreadable if row is not None])
    return np.asarray(source.table.notna().any(axis=1).to_numpy() | named, dtype=np.bool_)


def _totals(source: Layer) -> npt.NDArray[np.bool_]:
    """Return which rows of a spreadsheet are sums of others: their first cell says so."""
    table = source.table
    if source.format not in ("csv", "xlsx") or not len(table.columns):
        return np.zeros(len(table), dtype=np.bool_)
    cells = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).astype(object)
    first = text_column(cells.bfill(axis=1).iloc[:, 0])
    words = first.str.replace(r"[\s:：]", "", regex=True).str.lower()
    return words.isin(_TOTALS).to_numpy(dtype=np.bool_)


def _finish_from_duration(rows: pd.DataFrame, read: FieldValues) -> list[Fault]:
    """Fill a missing finish from start and duration, where the finish was left blank."""
    blank = ~read.written.get("finish", np.zeros(len(read.table), dtype=np.bool_))
    open_end = (
        rows["finish"].isna()
        & rows["start"].notna()
        & (rows["start_precision"] == "day")
        & rows["duration_days"].between(1, 36_500).fillna(value=False).astype(bool)
        & blank[rows.index.to_numpy()]
    )
    if not open_end.any():
        return []
    days = pd.to_timedelta(rows.loc[open_end, "duration_days"].astype("int64") - 1, unit="D")
    rows.loc[open_end, "finish"] = (rows.loc[open_end, "start"] + days).astype("datetime64[us]")
    rows.loc[open_end, "finish_precision"] = "day"
    return [
        Fault(
            "finish_from_duration", "repaired", row=int(row), params={"finish": f"{day:%Y-%m-%d}"}
        )
        for row, day in zip(rows.loc[open_end, "row"], rows.loc[open_end, "finish"], strict=True)
    ]


def _zero_is_missing(rows: pd.DataFrame, columns: dict[str, str]) -> list[Fault]:
    """Take zero for missing where a work cannot have it, and say so once per column."""
    faults = []
    for name in ("length_m", "width_m", "area_m2", "duration_days", "permit_area_m2"):
        zero = (rows[name] == 0).fillna(value=False).astype(bool)
        if zero.any():
            first = int(rows.loc[zero, "row"].iloc[0])
            rows.loc[zero, name] = np.nan if name != "duration_days" else pd.NA
            faults.append(
                Fault(
                    "zero_is_missing", "note", row=first, column=columns.get(name, name),
                    params={"count": int(zero.sum())},
                )
            )  # fmt: skip
    return faults


def _codes(
    rows: pd.DataFrame, source: Layer, mapping: ColumnMapping
) -> tuple[pd.Series[str], list[Fault]]:
    """Return a code for every row; one without gets it from a key, which is named.

    The key is that of the mapping (the code then reads as the columns joined by ``|``), else unit
    and name of the project, else everything that the row says: the code is then made of a hash, so
    that the same file gives the same codes.
    """
    codes = rows["code"].astype(object)
    lacking = codes.isna().to_numpy()
    if not lacking.any():
        return rows["code"], []
    table = source.table.loc[rows.index]
    if mapping.code_from:
        names = {str(name).strip(): name for name in table.columns}
        parts = [text_column(table[names[name]]).fillna("") for name in mapping.code_from]
        made = pd.Series("|".join(values) for values in zip(*parts, strict=True)).to_numpy()
        key, hashed = " | ".join(mapping.code_from), np.zeros(len(rows), dtype=np.bool_)
        lone = np.array([not value.strip("|") for value in made])
    else:
        made = np.full(len(rows), "", dtype=object)
        key, hashed = " + ".join(_KEY), lacking
        lone = rows[list(_KEY)].isna().any(axis=1).to_numpy()
        made[~lone] = (rows["owner_unit"].str.cat(rows["name"], sep="|")).to_numpy(object)[~lone]
    whole = lone & lacking
    if whole.any():
        shapes = _wkb(source)[rows.index.to_numpy()]
        documents = _row_documents(table[whole])
        made[whole] = [
            text + (shape.hex() if shape is not None else "")
            for text, shape in zip(documents, shapes[whole], strict=True)
        ]
    digest = [f"auto-{hashlib.sha256(text.encode()).hexdigest()[:12]}" for text in made]
    codes[lacking] = np.where(hashed | whole, digest, made)[lacking]
    first = int(rows.loc[lacking, "row"].iloc[0])
    note = Fault(
        "code_from_key", "note", row=first, params={"count": int(lacking.sum()), "made_from": key}
    )
    return codes.astype("str"), [note]


def _site_ids(rows: pd.DataFrame) -> pd.Series[str]:
    """Return a site id for every row: its own, else 1, 2, … in the file's order within its code."""
    counted = (rows.groupby("code").cumcount() + 1).astype("str")
    return rows["site_id"].fillna(counted).astype("str")


def _refused(rows: pd.DataFrame, faults: list[Fault]) -> pd.Series[bool]:
    numbers = {fault.row for fault in faults if fault.level == "refused" and fault.row is not None}
    whole = any(fault.level == "refused" and fault.row is None for fault in faults)
    return rows["row"].isin(numbers) | whole


def _siblings(rows: pd.DataFrame, refused: pd.Series[bool]) -> list[Fault]:
    """Refuse the other rows of a project that lost one: half a project would look like all of it."""
    bad = rows.loc[refused].groupby("code")["row"].first()
    others = rows[~refused & rows["code"].isin(bad.index)]
    return [
        Fault("sibling_refused", row=int(row), params={"code": str(code), "other": int(bad[code])})
        for row, code in zip(others["row"], others["code"], strict=True)
    ]


def _missing(
    rows: pd.DataFrame,
    geometry: npt.NDArray[np.object_],
    columns: dict[str, str],
) -> list[Fault]:
    """Name what is missing: by row, or once where the whole list has none; method once for all."""
    faults: list[Fault] = []
    for name, lacks in (
        ("place", ~shapely.is_geometry(geometry)),
        ("start", rows["start"].isna().to_numpy()),
        ("finish", rows["finish"].isna().to_numpy()),
    ):
        if len(rows) > 1 and lacks.all():
            faults.append(Fault(f"{name}_nowhere", "note"))
            continue
        code, column = ("place_missing", None) if name == "place" else ("date_missing", name)
        faults += [
            Fault(
                code, "note", row=int(row), column=columns.get(column, column) if column else None
            )
            for row in rows.loc[lacks, "row"]
        ]
    without = rows.loc[rows["method"].isna(), "row"]
    if len(without):
        faults.append(
            Fault(
                "method_missing", "note", row=int(without.iloc[0]),
                column=columns.get("method", "method"), params={"count": len(without)},
            )
        )  # fmt: skip
    return faults


def _outcome(
    rows: pd.DataFrame,
    refused: pd.Series[bool],
    geometry: npt.NDArray[np.object_],
    faults: list[Fault],
) -> npt.NDArray[np.object_]:
    mended = {fault.row for fault in faults if fault.level == "repaired"}
    incomplete = rows[["start", "finish", "method"]].isna().any(axis=1).to_numpy()
    incomplete = incomplete | ~shapely.is_geometry(geometry)
    return np.select(
        [refused.to_numpy(), incomplete, rows["row"].isin(mended).to_numpy()],
        ["refused", "incomplete", "repaired"],
        "accepted",
    ).astype(object)


def _tables(
    rows: pd.DataFrame, geometry: npt.NDArray[np.object_], policy: Policy, crs: CRS
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    names = [item.name for item in PROJECT_FIELDS if item.name != "code"]
    # The first value that any row of the project gives; rows do not contradict each other.
    projects = rows.groupby("code", sort=False)[names].first().reset_index()
    footprints, source = ground_of(geometry, rows, policy.footprint)
    sites = as_fields(rows, SITE_FIELDS)
    sites.insert(0, "project_code", rows["code"].astype("str"))
    sites["footprint_source"] = pd.Series(source, index=rows.index, dtype="str")
    frame = gpd.GeoDataFrame(sites, geometry=footprints, crs=crs).reset_index(drop=True)
    return as_fields(projects, PROJECT_FIELDS), frame


def _filings(rows: pd.DataFrame, source: Layer) -> pd.DataFrame:
    """Return what was filed, as it was: geometry in its own CRS and every cell of the row."""
    at = rows.index.to_numpy()
    shapes = _shapes(source)[at]
    kinds = [None if shape is None else shape.geom_type for shape in shapes]
    crs = None if source.crs is None else source.crs.to_string()
    filings = pd.DataFrame(
        {
            "project_code": rows["code"].to_numpy(),
            "site_id": rows["site_id"].to_numpy(),
            "source_file": source.source,
            "source_row": rows["row"].to_numpy(),
            "geometry_type": pd.Series(kinds, dtype="str"),
            "crs": pd.Series([crs if kind else None for kind in kinds], dtype="str"),
            "wkb": pd.Series(_wkb(source)[at], dtype=object),
            "row_json": pd.Series(_row_documents(source.table.loc[rows.index]), dtype="str"),
        }
    )
    return filings.reset_index(drop=True)


def _shapes(source: Layer) -> npt.NDArray[np.object_]:
    if isinstance(source.table, gpd.GeoDataFrame):
        return np.asarray(source.table.geometry.array, dtype=object)
    return np.full(len(source.table), None, dtype=object)


def _wkb(source: Layer) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.to_wkb(_shapes(source)), dtype=object)


def _row_documents(table: pd.DataFrame) -> list[str]:
    """Return every row as a JSON object of the cells that say something."""
    plain = pd.DataFrame(table).drop(columns="geometry", errors="ignore").astype(object)
    plain = plain.where(plain.notna(), None)
    names = [str(name) for name in plain.columns]
    return [
        json.dumps(
            {name: value for name, value in zip(names, values, strict=True) if value is not None},
            ensure_ascii=False,
            default=_json_value,
        )
        for values in plain.itertuples(index=False, name=None)
    ]


def _json_value(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)

"""A list of projects becomes projects and sites: all faults of all rows, nothing dropped silently.

What cannot be understood is refused; what is missing is stored and marked as incomplete; what can
mean several things is asked. Rows of one code are the sites of one project, and a project goes in
whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.extents.located import Gazetteer
from coordination.faults import Fault, InputRefusedError
from coordination.list_keys import adopted_codes
from coordination.located_cells import NO_ANSWERS
from coordination.policy import Policy
from coordination.project_checks import (
    check_known,
    check_same_project,
    check_site_ids,
    check_sizes,
    check_windows,
)
from coordination.projects import FIELDS, UNKNOWN_DAY
from coordination.questions import Question
from coordination.remarks import read_remarks, with_confirmed
from coordination.text_places import PlacedRows, not_placed, place_by_text
from coordination.works import FRAME_OPEN
from data.cells import looks_like_roads
from data.column_mapping import ColumnMapping, Matched, fold, load_mapping, match_columns
from data.coordinates import AS_WRITTEN, Coordinates
from data.field_values import FieldValues, read_fields, text_column
from data.headers import words
from data.judge_frame import FRAME_LEFT_OPEN
from data.place_rows import place_rows
from data.project_sites import filings_of, project_tables, row_documents, sites_of, wkb_of
from data.read_layers import Layer, read_layer
from data.table_context import with_context

TIME_ZONE = "Asia/Shanghai"

_KEY = ("owner_unit", "name")
_TOTALS = frozenset({"合计", "总计", "小计", "共计", "合計", "總計", "小計", "total", "subtotal"})
_IDENTIFYING = frozenset({"code", "name", "road", "extent_text"})
"""A table without geometry that has none of these is no list of projects."""
_PLACING = frozenset({"road", "extent_text"})
_TIMES = ("start", "finish", "method")
"""What a site needs besides its place to take part in the rules."""


@dataclass(frozen=True)
class ReadProjects:
    """What a list of projects holds.

    Attributes
    ----------
    projects
        `PROJECT_FIELDS`, one row per project that can go in.
    sites
        ``project_code``, `SITE_FIELDS`, ``footprint_source``, ``place_confidence``, ``inferred``,
        ``confirmed`` (`coordination.city.City`) and ``geometry`` (MultiPolygon in `crs`, missing
        where the place is unknown); one row per row that can go in, or per place that its words name.
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
    questions
        What has to be asked, with row and column.
    """

    projects: pd.DataFrame
    sites: gpd.GeoDataFrame
    filings: pd.DataFrame
    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS
    questions: list[Question] = field(default_factory=list)


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
    gazetteer: Gazetteer | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
    today: date | None = None,
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
    gazetteer
        Roads, in ``working_crs``, on which a row without geometry is located from its words; None
        leaves it without a place.
    answers
        What people answered earlier, by question key.
    today
        The day on which the names of roads are meant where a row has no start.

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
        hints=mapping.hints,
    )
    matched = _matched(source, mapping)
    mapping, matched, around = with_context(source.around, mapping, matched, source.table)
    read = read_fields(
        source.table, matched, FIELDS, mapping, numbers=source.numbers,
        time_zone=time_zone or TIME_ZONE,
    )  # fmt: skip
    places = place_rows(source, working_crs)
    faults = [*source.faults, *matched.faults, *around, *read.faults, *places.faults]
    columns = {name: " + ".join(theirs) for name, theirs in matched.columns.items()}

    rows = read.table
    rows.insert(0, "row", source.numbers)
    totals = _totals(source)
    rows = rows[_filled(source) & ~totals].copy()
    if rows.empty:
        raise InputRefusedError([*source.faults, Fault("file_empty")], source=source.source)
    faults += [Fault("total_left_out", "note", row=int(row)) for row in source.numbers[totals]]
    computed = _finish_from_duration(rows, read)
    faults += computed
    faults += _zero_is_missing(rows, columns)
    rows["code"], notes = _codes(rows, source, mapping)
    faults += notes
    if known is not None and mapping.code_from:
        rows["code"], notes = _kept_codes(rows, known, matched, mapping)
        faults += notes
    computed += [fault for fault in read.faults if fault.code == "finish_from_start"]
    rows["inferred"] = _named(rows, computed, "finish")
    if any(fault.code in FRAME_LEFT_OPEN for fault in places.faults):
        drawn_here = shapely.is_geometry(places.geometry[rows.index.to_numpy()])
        named = (rows["inferred"].fillna("").astype(object) + f" {FRAME_OPEN}").str.strip()
        rows["inferred"] = rows["inferred"].astype(object).where(~drawn_here, named).astype("str")
    faults += check_windows(rows, columns)
    faults += check_sizes(rows, columns)
    faults += check_same_project(rows, columns)
    rows["site_id"] = _site_ids(rows)
    faults += check_site_ids(rows, columns)
    if known is not None:
        shapes = places.geometry[rows.index.to_numpy()]
        faults += check_known(rows.assign(geometry=shapes), known, columns)

    refused = _refused(rows, faults)
    faults += _siblings(rows, refused)
    refused |= rows["code"].isin(rows.loc[refused, "code"])
    good = rows[~refused]
    drawn = places.geometry[good.index.to_numpy()]
    if gazetteer is None:
        placed = not_placed(good)
        faults += _words_without_roads(good, drawn)
    else:
        placed = place_by_text(
            good, drawn, gazetteer, policy,
            today=UNKNOWN_DAY if today is None else (today - date(1970, 1, 1)).days,
            answers=answers, columns=columns,
        )  # fmt: skip
    faults += placed.notes
    remarks = read_remarks(_with_words(good, placed, source, matched), known, answers, columns)
    good = with_confirmed(good, remarks.confirmed)
    rows.loc[good.index, list(_TIMES)] = good[list(_TIMES)]
    sites = sites_of(good, placed)
    lacks = np.full(len(rows), fill_value=True)
    lacks[~refused.to_numpy()] = _without_place(drawn, placed)
    faults += _missing(rows, lacks, refused, good.index[sorted(placed.asked)], columns)

    projects, sites = project_tables(
        good,
        sites,
        drawn[placed.origin],
        placed.footprints,
        policy=policy,
        crs=places.crs,
    )
    return ReadProjects(
        projects=projects,
        sites=sites,
        filings=filings_of(good.iloc[placed.origin].assign(site_id=sites["site_id"].to_numpy()), source),
        rows=source.rows_in_sheets(
            pd.DataFrame(
                {"row": rows["row"], "code": rows["code"],
                 "outcome": _outcome(rows, refused, lacks, faults)}
            ).reset_index(drop=True)
        ),
        faults=source.in_sheets(
            sorted(faults, key=lambda fault: (fault.level != "refused", fault.row or 0))
        ),
        crs=places.crs,
        questions=[*placed.questions, *remarks.questions],
    )  # fmt: skip


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
    matched.faults.extend(matched.notes)
    unused = [name for name in unused if fold(name) not in words("serial")]
    if source.crs is None and not _PLACING & matched.columns.keys():
        roads = [name for name in unused if looks_like_roads(source.table[name])]
        if roads:
            params: dict[str, str | int | float] = {"columns": ", ".join(roads)[:200]}
            matched.faults.append(Fault("place_column_unknown", "note", params=params))
    if unused:
        matched.faults.append(
            Fault("columns_not_used", "note", params={"columns": ", ".join(unused)})
        )
    return matched


def _filled(source: Layer) -> npt.NDArray[np.bool_]:
    """Return which rows say anything at all: spreadsheets have blank ones between others."""
    unreadable = {fault.row for fault in source.faults if fault.level == "refused"}
    named = np.isin(source.numbers, [row for row in unreadable if row is not None])
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

    The key is that of the mapping (the code then reads as the columns joined by ``|``), which goes
    before a column of codes that nobody named: lists that are renumbered have one. Else it is unit
    and name of the project, else everything that the row says: the code is then made of a hash, so
    that the same file gives the same codes.
    """
    codes = rows["code"].astype(object)
    lacking = codes.isna().to_numpy()
    if mapping.code_from and "code" not in mapping.columns:
        lacking = np.ones(len(rows), dtype=np.bool_)
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
        shapes = wkb_of(source)[rows.index.to_numpy()]
        documents = row_documents(table[whole])
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


def _kept_codes(
    rows: pd.DataFrame, known: pd.DataFrame, matched: Matched, mapping: ColumnMapping
) -> tuple[pd.Series[str], list[Fault]]:
    """Return the codes with those of the store, where the mapping's key finds a stored project."""
    ours = {theirs: name for name, several in matched.columns.items() for theirs in several}
    fields = [ours.get(name) for name in mapping.code_from]
    if any(name is None or name not in known for name in fields):
        return rows["code"], []
    kept = adopted_codes(rows, known, [name for name in fields if name is not None])
    found = kept.notna() & (kept != rows["code"])
    if not found.any():
        return rows["code"], []
    key = " + ".join(mapping.code_from)
    count = int(kept[found].nunique())
    note = Fault("code_kept", "note", params={"count": count, "made_from": key})
    return rows["code"].where(~found, kept).astype("str"), [note]


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


def _named(rows: pd.DataFrame, faults: list[Fault], name: str) -> pd.Series[str]:
    """Return the name of a field in the rows for which it was inferred."""
    numbers = [fault.row for fault in faults]
    names = np.full(len(rows), None, dtype=object)
    names[rows["row"].isin(numbers).to_numpy()] = name
    return pd.Series(names, rows.index, dtype="str")


def _with_words(
    good: pd.DataFrame, placed: PlacedRows, source: Layer, matched: Matched
) -> pd.DataFrame:
    """Return the rows with the further texts that remarks are read from."""
    words = good.assign(extent_rest=placed.rest)
    kind = matched.columns.get("work_type")
    if kind is not None:
        words["work_type_text"] = text_column(source.table.loc[good.index, kind[0]])
    return words


def _without_place(drawn: npt.NDArray[np.object_], placed: PlacedRows) -> npt.NDArray[np.bool_]:
    """Return the rows of which a site has no place."""
    lacks = ~(shapely.is_geometry(drawn[placed.origin]) | shapely.is_geometry(placed.footprints))
    any_lacks = np.zeros(len(drawn), dtype=np.bool_)
    any_lacks[placed.origin[lacks]] = True
    return any_lacks


def _words_without_roads(good: pd.DataFrame, drawn: npt.NDArray[np.object_]) -> list[Fault]:
    """Note rows that could be located if there were roads."""
    words = good[["road", "extent_text"]].notna().any(axis=1).to_numpy()
    count = int((words & ~shapely.is_geometry(drawn)).sum())
    return [Fault("placing.no_roads", "note", params={"count": count})] if count else []


def _missing(
    rows: pd.DataFrame,
    lacks_place: npt.NDArray[np.bool_],
    refused: pd.Series[bool],
    asked: pd.Index[Any],
    columns: dict[str, str],
) -> list[Fault]:
    """Name what is missing: by row, or once where the whole list has none; method once for all.

    A place that is asked about is not named again.
    """
    faults: list[Fault] = []
    lacks_place = (lacks_place & ~rows.index.isin(asked))[~refused.to_numpy()]
    rows = rows[~refused]
    for name, lacks in (
        ("place", lacks_place),
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
    lacks_place: npt.NDArray[np.bool_],
    faults: list[Fault],
) -> npt.NDArray[np.object_]:
    mended = {fault.row for fault in faults if fault.level == "repaired"}
    incomplete = rows[list(_TIMES)].isna().any(axis=1).to_numpy() | lacks_place
    return np.select(
        [refused.to_numpy(), incomplete, rows["row"].isin(mended).to_numpy()],
        ["refused", "incomplete", "repaired"],
        "accepted",
    ).astype(object)

"""Parts of a store: what lies in some places, read with the layers' own R-trees and keys."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.findings import Findings
from coordination.openings import depended_codes
from data import geopackage_schema as schema
from data.geopackage_crs import DEFAULT_CRS, stored_crs
from data.geopackage_read import bundles_of, column_names, findings_of_run, revisions
from data.geopackage_rows import spread_extra, to_frame, to_geoframe
from data.geopackage_writer import read_meta
from data.store import LivePlaces
from geo.spacetime_index import EVER

# Days since 1970-01-01 of the first and last that a site is filed for, or really was at work.
_FIRST_DAY = (
    'CAST(julianday(min(COALESCE(sites."start", sites.actual_start),'
    ' COALESCE(sites.actual_start, sites."start"))) - 2440587.5 AS INTEGER)'
)
_LAST_DAY = (
    "CAST(julianday(max(COALESCE(sites.finish, sites.actual_finish),"
    " COALESCE(sites.actual_finish, sites.finish))) - 2440587.5 AS INTEGER)"
)
_IN = "(SELECT value FROM json_each(?))"
Boxes = npt.NDArray[np.float64]


def _keys(codes: Collection[str]) -> str:
    return json.dumps(sorted(codes))


def live_places(connection: sqlite3.Connection, codes: Collection[str] | None = None) -> LivePlaces:
    """Return box and days of every placed site that takes part, or of those of some projects.

    A site's days run from the first to the last that it is filed or really was at work; where one
    is not known its side is open.
    """
    chosen = "" if codes is None else f" WHERE sites.project_code IN {_IN}"
    rows = connection.execute(
        "SELECT sites.project_code, tree.minx, tree.miny, tree.maxx, tree.maxy,"
        f" {_FIRST_DAY}, {_LAST_DAY} FROM sites JOIN rtree_sites_geom AS tree ON tree.id = sites.fid"
        + chosen,
        () if codes is None else (_keys(codes),),
    ).fetchall()
    log_revision, _ = revisions(connection)
    columns = list(zip(*rows, strict=True)) or [()] * 7
    return LivePlaces(
        log_revision,
        np.array(columns[0], dtype=object),
        np.array(columns[1:5], dtype=np.float64).T.reshape(-1, 4),
        np.array([EVER[0] if day is None else day for day in columns[5]], dtype=np.int64),
        np.array([EVER[1] if day is None else day + 1 for day in columns[6]], dtype=np.int64),
    )


def codes_changed(
    connection: sqlite3.Connection, since: int, limit: int
) -> tuple[int, frozenset[str]] | None:
    """Return the log's revision and whose projects or sites changed; None where it cannot tell."""
    log_revision, _ = revisions(connection)
    (last,) = connection.execute("SELECT COALESCE(max(revision), 0) FROM change_log").fetchone()
    if last != log_revision or log_revision < since:
        return None
    rows = connection.execute(
        "SELECT table_name, row_key, json_extract(before, '$.project_code'),"
        " json_extract(after, '$.project_code') FROM change_log"
        " WHERE revision > ? AND table_name IN ('projects', 'sites') LIMIT ?",
        (since, limit + 1),
    ).fetchall()
    if len(rows) > limit:
        return None
    codes = {
        code
        for table, key, *of_sites in rows
        for code in ((key,) if table == "projects" else of_sites)
        if code is not None
    }
    return log_revision, frozenset(codes)


def codes_in(connection: sqlite3.Connection, boxes: Boxes) -> set[str]:
    """Return the projects with a site whose box meets one of ``boxes``, by the layer's R-tree."""
    found: set[str] = set()
    for low_x, low_y, high_x, high_y in boxes.tolist():
        found |= {
            code
            for (code,) in connection.execute(
                "SELECT DISTINCT sites.project_code FROM rtree_sites_geom AS tree"
                " JOIN sites ON sites.fid = tree.id"
                " WHERE tree.minx <= ? AND tree.maxx >= ? AND tree.miny <= ? AND tree.maxy >= ?",
                (high_x, low_x, high_y, low_y),
            )
        }
    return found


def codes_between(connection: sqlite3.Connection, start_day: int, finish_day: int) -> set[str]:
    """Return the projects with a placed site of which a day meets these, half-open."""
    rows = connection.execute(
        f"SELECT DISTINCT sites.project_code FROM sites"
        f" WHERE COALESCE({_FIRST_DAY}, {EVER[0]}) < ? AND COALESCE({_LAST_DAY}, {EVER[1]}) >= ?"
        " AND sites.fid IN (SELECT id FROM rtree_sites_geom) AND ? < ?",
        (finish_day, start_day, start_day, finish_day),
    )
    return {code for (code,) in rows}


def read_part(
    connection: sqlite3.Connection,
    codes: Collection[str],
    boxes: Boxes,
    numbers: Collection[str],
) -> City:
    """Return some projects with all that goes with them, and past works in ``boxes``.

    With them come the projects that bear one of ``numbers`` (``external_id``), and the rows of all
    that dependencies join with them. Network, restrictions, boundaries and assets stay out.
    """
    meta = read_meta(connection)
    crs = stored_crs(meta) or DEFAULT_CRS
    wanted = set(codes)
    if numbers:
        wanted |= {
            code
            for (code,) in connection.execute(
                f"SELECT code FROM projects WHERE external_id IN {_IN}", (_keys(numbers),)
            )
        }
    linked = wanted | _linked(connection, wanted)
    projects = to_frame(
        connection.execute(
            f"SELECT {column_names(schema.PROJECTS, 'projects')} FROM projects"
            f" WHERE code IN {_IN} ORDER BY fid",
            (_keys(linked),),
        ).fetchall(),
        schema.PROJECTS.columns,
    )
    sites = connection.execute(
        f"SELECT {column_names(schema.SITES, 'sites')} FROM sites"
        " JOIN projects ON projects.code = sites.project_code"
        f" WHERE sites.project_code IN {_IN} ORDER BY projects.fid, sites.fid",
        (_keys(wanted),),
    ).fetchall()
    _, data_revision = revisions(connection)
    return City(
        crs=crs,
        projects=projects.assign(revision=projects["revision"].astype("int64")),
        sites=to_geoframe(sites, schema.SITES.columns, crs),
        ledger=_ledger_in(connection, wanted, boxes) if _has(connection, meta) else None,
        data_revision=data_revision,
        bundles=_bundles_of(connection, wanted),
        answers=dict(connection.execute("SELECT key, answer FROM answers ORDER BY fid")),
    )


def has_permits(connection: sqlite3.Connection, besides: Collection[str]) -> bool:
    """Tell whether any project has a permit, or any site an actual day, besides some projects.

    The conditions are those of partial indexes, word by word: no row is read that has neither.
    """
    (told,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM projects WHERE"
        " (permit_start IS NOT NULL OR permit_finish IS NOT NULL OR permit_area_m2 > 0)"
        f" AND code NOT IN {_IN})"
        " OR EXISTS (SELECT 1 FROM sites WHERE"
        " (actual_start IS NOT NULL OR actual_finish IS NOT NULL)"
        f" AND project_code NOT IN {_IN})",
        (_keys(besides), _keys(besides)),
    ).fetchone()
    return bool(told)


def read_findings_of(connection: sqlite3.Connection, codes: Collection[str]) -> Findings | None:
    """Return the stored findings that name one of some projects, without hot spots."""
    meta = read_meta(connection)
    if "findings_run" not in meta:
        return None
    crs = stored_crs(meta) or DEFAULT_CRS
    names = column_names(schema.FINDINGS, "findings")
    rows = connection.execute(
        f"SELECT {names} FROM findings WHERE fid IN (SELECT fid FROM findings WHERE project_a"
        f" IN {_IN} UNION SELECT fid FROM findings WHERE project_b IN {_IN}) ORDER BY fid",
        (_keys(codes), _keys(codes)),
    ).fetchall()
    table = to_geoframe(rows, schema.FINDINGS.columns, crs)
    spans = to_frame(
        connection.execute(
            f"SELECT {column_names(schema.FINDING_SPANS, 'finding_spans')} FROM finding_spans"
            f" WHERE finding_id IN {_IN} ORDER BY fid",
            (_keys(table["finding_id"]),),
        ).fetchall(),
        schema.FINDING_SPANS.columns,
    )
    hotspots = to_geoframe([], schema.HOTSPOTS.columns, crs)
    return findings_of_run(connection, meta, table, spans, hotspots)


def decisions_of(connection: sqlite3.Connection, finding_ids: Collection[str]) -> pd.DataFrame:
    """Return the decisions on some findings, oldest first."""
    rows = connection.execute(
        f"SELECT {column_names(schema.DECISIONS, 'decisions')} FROM decisions"
        f" WHERE finding_id IN {_IN} ORDER BY fid",
        (_keys(finding_ids),),
    ).fetchall()
    return to_frame(rows, schema.DECISIONS.columns).astype({"revision": "int64"})


def _linked(connection: sqlite3.Connection, codes: Collection[str]) -> set[str]:
    """Return the projects that depend on one of ``codes`` or that they depend on, link by link."""
    neighbours: dict[str, set[str]] = {}
    for code, named in connection.execute(
        "SELECT code, depends_on FROM projects WHERE depends_on IS NOT NULL"
    ):
        for other in depended_codes(named):
            neighbours.setdefault(code, set()).add(other)
            neighbours.setdefault(other, set()).add(code)
    found: set[str] = set()
    ahead = [code for code in codes if code in neighbours]
    while ahead:
        code = ahead.pop()
        if code not in found:
            found.add(code)
            ahead += neighbours[code] - found
    return found


def _has(connection: sqlite3.Connection, meta: dict[str, str]) -> bool:
    if "has_ledger" in meta:
        return True
    return connection.execute("SELECT 1 FROM ledger LIMIT 1").fetchone() is not None


def _ledger_in(
    connection: sqlite3.Connection, codes: Collection[str], boxes: Boxes
) -> gpd.GeoDataFrame:
    """Return past works in ``boxes``, and those that the projects completed themselves."""
    meta = read_meta(connection)
    fids = {
        fid
        for (fid,) in connection.execute(
            f"SELECT fid FROM ledger WHERE source IN {_IN}", (_keys(codes),)
        )
    }
    for low_x, low_y, high_x, high_y in boxes.tolist():
        fids |= {
            fid
            for (fid,) in connection.execute(
                "SELECT id FROM rtree_ledger_geom"
                " WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?",
                (high_x, low_x, high_y, low_y),
            )
        }
    rows = connection.execute(
        f"SELECT {column_names(schema.LEDGER, 'ledger')} FROM ledger WHERE fid IN {_IN}"
        " ORDER BY fid",
        (json.dumps(sorted(fids)),),
    ).fetchall()
    frame = to_geoframe(rows, schema.LEDGER.columns, stored_crs(meta) or DEFAULT_CRS)
    return cast("gpd.GeoDataFrame", spread_extra(frame))


def _bundles_of(connection: sqlite3.Connection, codes: Collection[str]) -> pd.DataFrame:
    """Return the bundles of some projects, and those that share a member with one of them."""
    known = set(codes)
    while True:
        members = bundles_of(connection, known)
        if set(members["code"]) <= known:
            return members
        known |= set(members["code"])

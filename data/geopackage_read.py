"""Reading a store's tables as the domain's values, inside one read transaction."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from coordination.city import City
from coordination.findings import Findings, RuleRun
from data import geopackage_schema as schema
from data.geopackage_crs import DEFAULT_CRS, stored_crs
from data.geopackage_geometry import as_single
from data.geopackage_rows import Row, spread_extra, to_frame, to_geoframe
from data.geopackage_schema import Table, quoted
from data.geopackage_writer import read_meta
from geo.road_network import RoadNetwork


def revisions(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the revision of the log and that of the data."""
    row = connection.execute("SELECT log_revision, data_revision FROM write_state").fetchone()
    return int(row[0]), int(row[1])


def read_city(connection: sqlite3.Connection, *, works: bool = True) -> City:
    """Return all tables; without ``works`` those of projects, sites and the ledger empty.

    While nothing chose a CRS the store holds no geometry, and the tables carry `DEFAULT_CRS`.
    """
    meta = read_meta(connection)
    crs = stored_crs(meta) or DEFAULT_CRS
    _, data_revision = revisions(connection)
    projects = read_table(connection, schema.PROJECTS, most=None if works else 0)
    sites = connection.execute(
        f"SELECT {column_names(schema.SITES, 'sites')} FROM sites"
        " JOIN projects ON projects.code = sites.project_code"
        " ORDER BY projects.fid, sites.fid LIMIT ?",
        (-1 if works else 0,),
    ).fetchall()
    return City(
        crs=crs,
        projects=projects.assign(revision=projects["revision"].astype("int64")),
        sites=to_geoframe(sites, schema.SITES.columns, crs),
        network=_network(connection, meta, crs),
        ledger=_optional(connection, meta, "ledger", (schema.LEDGER,), crs) if works else None,
        restrictions=_optional(connection, meta, "restrictions", (schema.RESTRICTIONS,), crs),
        boundaries=_optional(connection, meta, "boundaries", (schema.BOUNDARIES,), crs),
        assets=_optional(
            connection,
            meta,
            "assets",
            (schema.ASSET_POINTS, schema.ASSET_LINES, schema.ASSETS),
            crs,
        ),
        data_revision=data_revision,
        bundles=bundles_of(connection),
        aliases=_aliases(connection, meta),
        answers=dict(connection.execute("SELECT key, answer FROM answers ORDER BY fid")),
    )


_JOINING = "bundle_id NOT IN (SELECT bundle_id FROM bundles WHERE mode = 'traffic_management')"


def bundles_of(
    connection: sqlite3.Connection, codes: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the accepted bundles that join openings, all or those with one of some projects.

    Projects that only take up a road together open nothing together.
    """
    among = "" if codes is None else (
        " AND bundle_id IN (SELECT bundle_id FROM bundle_members"
        " WHERE code IN (SELECT value FROM json_each(?)))"
    )  # fmt: skip
    rows = connection.execute(
        f"SELECT bundle_id, code FROM bundle_members WHERE {_JOINING}{among} ORDER BY fid",
        () if codes is None else (json.dumps(sorted(codes)),),
    ).fetchall()
    return pd.DataFrame(rows, columns=["bundle_id", "code"], dtype="object")


def read_findings(connection: sqlite3.Connection) -> Findings | None:
    """Return what the last detection wrote, with the statuses that people decided since."""
    meta = read_meta(connection)
    if "findings_run" not in meta:
        return None
    crs = stored_crs(meta) or DEFAULT_CRS
    table = read_table(connection, schema.FINDINGS, crs)
    spans = read_table(connection, schema.FINDING_SPANS)
    hotspots = read_table(connection, schema.HOTSPOTS, crs)
    return findings_of_run(connection, meta, table, spans, hotspots)


def findings_of_run(
    connection: sqlite3.Connection,
    meta: Mapping[str, str],
    table: pd.DataFrame,
    spans: pd.DataFrame,
    hotspots: pd.DataFrame,
) -> Findings:
    """Return tables, or parts of them, as the findings of the run that the store remembers."""
    run = json.loads(meta["findings_run"])
    rules = connection.execute(
        "SELECT rule, ran, missing, found, label_zh, label_en FROM rules_run ORDER BY fid"
    ).fetchall()
    hotspots = cast("gpd.GeoDataFrame", hotspots)
    hotspots[["openings_24m", "openings_60m"]] = hotspots[["openings_24m", "openings_60m"]].astype(
        "int64"
    )
    return Findings(
        table=cast("gpd.GeoDataFrame", table),
        spans=spans,
        hotspots=_singles(hotspots),
        rules_run=tuple(
            RuleRun(rule, bool(ran), tuple(missing.split()), found, zh or "", en or "")
            for rule, ran, missing, found, zh, en in rules
        ),
        as_of=np.datetime64(run["as_of"], "D"),
        policy_version=run["policy_version"],
        data_revision=run["data_revision"],
    )


def column_names(table: Table, prefix: str) -> str:
    """Return the columns of a table for a SELECT; in a layer the geometry comes last."""
    names = (*table.names, "geom") if table.geometry else table.names
    return ", ".join(f"{prefix}.{quoted(name)}" for name in names)


def _rows(connection: sqlite3.Connection, table: Table, most: int | None = None) -> list[Row]:
    return connection.execute(
        f"SELECT {column_names(table, table.name)} FROM {table.name} ORDER BY fid LIMIT ?",
        (-1 if most is None else most,),
    ).fetchall()


def read_table(
    connection: sqlite3.Connection,
    table: Table,
    crs: CRS | None = None,
    *,
    most: int | None = None,
) -> pd.DataFrame:
    """Return one table, or its first rows, in the order in which its rows came."""
    rows = _rows(connection, table, most)
    frame = (
        to_geoframe(rows, table.columns, crs) if table.geometry else to_frame(rows, table.columns)
    )
    return spread_extra(frame) if "extra" in frame else frame


def _singles(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(
        gpd.GeoSeries(
            as_single(frame.geometry.to_numpy(dtype=object)), crs=frame.crs, index=frame.index
        )
    )


def _network(
    connection: sqlite3.Connection, meta: Mapping[str, str], crs: CRS
) -> RoadNetwork | None:
    sections = cast("gpd.GeoDataFrame", read_table(connection, schema.ROAD_SECTIONS, crs))
    if "has_roads" not in meta and sections.empty:
        return None
    flags = {name: sections[name].fillna(value=False).astype(bool) for name in ("oneway", "named")}
    junctions = cast("gpd.GeoDataFrame", read_table(connection, schema.JUNCTIONS, crs))
    return RoadNetwork(_singles(sections.assign(**flags)), _singles(junctions))


def _aliases(connection: sqlite3.Connection, meta: Mapping[str, str]) -> pd.DataFrame | None:
    """Return other names of roads without our key, or None when none were ever imported."""
    if "has_aliases" not in meta:
        return None
    return read_table(connection, schema.ROAD_ALIASES).drop(columns="alias_id")


def _optional(
    connection: sqlite3.Connection,
    meta: Mapping[str, str],
    kind: str,
    tables: tuple[Table, ...],
    crs: CRS,
) -> gpd.GeoDataFrame | None:
    """Return a layer, or None when it was never imported: that is not the same as empty."""
    rows = [row for table in tables for row in _rows(connection, table)]
    if f"has_{kind}" not in meta and not rows:
        return None
    frame = to_geoframe(rows, tables[0].columns, crs)
    return cast("gpd.GeoDataFrame", spread_extra(frame))

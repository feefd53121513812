"""The write side of the GeoPackage store: one transaction, one revision, every change logged."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, cast

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import UsageError
from coordination.findings import STATUSES, Findings
from data import geopackage_schema as schema
from data.geopackage_geometry import encode, wkb_of
from data.geopackage_rows import (
    Row,
    Value,
    frame_crs,
    layer_geometries,
    to_rows,
)
from data.geopackage_schema import Column, Table, quoted
from data.store import ImportOutcome
from geo.road_network import RoadNetwork

LayerKind = Literal["restrictions", "boundaries", "assets"]
_PLAIN_PROJECT = schema.PROJECTS.columns[:-1]  # all but the revision
_FILED = ("site_id", "geometry_type", "crs", "wkb")
_FIRST_OWN_SRS_ID = 100_000


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the store's settings."""
    return dict(connection.execute("SELECT key, value FROM meta WHERE value IS NOT NULL"))


def stored_crs(meta: Mapping[str, str]) -> CRS | None:
    """Return the working CRS, or None while nothing chose one."""
    return CRS.from_user_input(meta["crs"]) if "crs" in meta else None


class GeopackageTransaction:
    """One revision in the making; see `data.store.Transaction`.

    The store opens and ends it; whatever is written in between carries ``revision``.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, actor: str, at: str, revision: int
    ) -> None:
        self.revision = revision
        self._connection = connection
        self._actor = actor
        self._at = at
        self._log: list[Row] = []
        self._data_changed = False
        self._touched: dict[str, Table] = {}

    # ---- projects ------------------------------------------------------------------------------

    def put_projects(
        self, projects: pd.DataFrame, sites: gpd.GeoDataFrame, filings: pd.DataFrame
    ) -> ImportOutcome:
        """Insert or replace projects by code, each with all of its sites; never delete others."""
        self._adopt_crs(sites)
        rows = {cast("str", row[0]): row for row in to_rows(projects, _PLAIN_PROJECT)}
        if len(rows) != len(projects) or None in rows:
            raise ValueError("every project needs a code of its own")
        new_sites = _grouped(rows, self._layer_rows(sites, schema.SITES), "sites")
        new_filings = _grouped(rows, to_rows(filings, schema.FILINGS.columns), "filings")
        stored = self._stored_projects(list(rows))
        old_sites = self._stored_children(schema.SITES, list(rows))
        old_filings = self._stored_children(schema.FILINGS, list(rows))
        outcome: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
        for code, row in rows.items():
            fields, places = new_sites[code], new_filings[code]
            if code not in stored:
                outcome["new"].append(code)
            elif (
                stored[code] == row
                and _plain(old_sites[code]) == _plain(fields)
                and _filed(old_filings[code]) == _filed(places)
            ):
                outcome["unchanged"].append(code)
                continue
            else:
                outcome["changed"].append(code)
            before = _project_document(stored.get(code), old_sites[code], old_filings[code])
            after = _project_document(row, fields, places)
            self._record("projects", code, before, after)
        written = [*outcome["new"], *outcome["changed"]]
        if written:
            self._write_projects(rows, stored, written)
            for table, children in ((schema.SITES, new_sites), (schema.FILINGS, new_filings)):
                self._delete_children(table, outcome["changed"])
                self._insert(table, [row for code in written for row in children[code]])
            self._stage_events(rows, stored, written)
        return ImportOutcome(
            tuple(outcome["new"]), tuple(outcome["changed"]), tuple(outcome["unchanged"]),
            self.revision,
        )  # fmt: skip

    def _stored_projects(self, codes: Sequence[str]) -> dict[str, Row]:
        names = _name_list(_PLAIN_PROJECT)
        cursor = self._connection.execute(
            f"SELECT {names} FROM projects WHERE code IN (SELECT value FROM json_each(?))",
            (json.dumps(codes),),
        )
        return {row[0]: row for row in cursor}

    def _stored_children(self, table: Table, codes: Sequence[str]) -> dict[str, list[Row]]:
        names = _name_list(table.columns) + (", geom" if table.geometry else "")
        cursor = self._connection.execute(
            f"SELECT {names} FROM {table.name}"
            " WHERE project_code IN (SELECT value FROM json_each(?)) ORDER BY fid",
            (json.dumps(codes),),
        )
        children: dict[str, list[Row]] = {code: [] for code in codes}
        for row in cursor:
            children[row[0]].append(row)
        return children

    def _write_projects(
        self, rows: Mapping[str, Row], stored: Mapping[str, Row], codes: Sequence[str]
    ) -> None:
        self._insert(
            schema.PROJECTS, [(*rows[code], self.revision) for code in codes if code not in stored]
        )
        names = [*(column.name for column in _PLAIN_PROJECT), "revision"]
        assignments = ", ".join(f"{quoted(name)} = ?" for name in names)
        self._connection.executemany(
            f"UPDATE projects SET {assignments} WHERE code = ?",
            [(*rows[code], self.revision, code) for code in codes if code in stored],
        )

    def _delete_children(self, table: Table, codes: Sequence[str]) -> None:
        self._touch(table)
        self._connection.executemany(
            f"DELETE FROM {table.name} WHERE project_code = ?",
            [(code,) for code in codes],
        )

    def _stage_events(
        self, rows: Mapping[str, Row], stored: Mapping[str, Row], codes: Sequence[str]
    ) -> None:
        stage = [column.name for column in _PLAIN_PROJECT].index("stage")
        moves = [
            (code, self.revision, self._actor, self._at, before, rows[code][stage], None)
            for code in codes
            if (before := stored[code][stage] if code in stored else None) != rows[code][stage]
        ]
        self._insert(schema.STAGE_EVENTS, moves)

    # ---- layers --------------------------------------------------------------------------------

    def put_roads(self, network: RoadNetwork, *, source: str) -> ImportOutcome:
        """Replace the road layer as a whole (a new road revision) if it differs."""
        self._adopt_crs(network.sections)
        outcome = self._replace(schema.ROAD_SECTIONS, network.sections)
        junctions = self._replace(schema.JUNCTIONS, network.junctions)
        self._set_meta("has_roads", "1")
        self._set_meta("road_source", source)
        if any((outcome.new, outcome.changed, junctions.new, junctions.changed)):
            self._set_meta("road_revision", str(self.revision), logged=False)
        return outcome

    def put_ledger(self, ledger: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace ledger rows by ``ledger_id``."""
        self._adopt_crs(ledger)
        self._set_meta("has_ledger", "1")
        return self._upsert(schema.LEDGER, ledger)

    def put_layer(self, kind: LayerKind, rows: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace rows of a layer by its id column."""
        self._adopt_crs(rows)
        self._set_meta(f"has_{kind}", "1")
        if kind == "restrictions":
            return self._upsert(schema.RESTRICTIONS, rows)
        if kind == "boundaries":
            return self._upsert(schema.BOUNDARIES, rows)
        return self._put_assets(rows)

    def _put_assets(self, rows: gpd.GeoDataFrame) -> ImportOutcome:
        """Put areas, lines and points each in their own layer; an asset may change its kind."""
        tables = (schema.ASSET_POINTS, schema.ASSET_LINES, schema.ASSETS)
        dimension = rows.geometry.geom_type.map(_DIMENSION).fillna(2).astype("int64")
        parts = [rows[dimension == number] for number in range(3)]
        for table in tables:
            others = set().union(
                *(
                    part["asset_id"]
                    for part, own in zip(parts, tables, strict=True)
                    if own is not table
                )
            )
            self._delete_rows(table, others)
        outcomes = [self._upsert(table, part) for table, part in zip(tables, parts, strict=True)]
        return ImportOutcome(
            tuple(code for outcome in outcomes for code in outcome.new),
            tuple(code for outcome in outcomes for code in outcome.changed),
            tuple(code for outcome in outcomes for code in outcome.unchanged),
            self.revision,
        )

    def _delete_rows(self, table: Table, keys: set[str]) -> None:
        stored = self._stored_layer(table)
        for key in sorted(keys & stored.keys()):
            self._record(table.name, key, _document(table, stored[key]), None)
            self._touch(table)
            self._connection.execute(
                f"DELETE FROM {table.name} WHERE {quoted(table.key[0])} = ?",
                (key,),
            )

    def _replace(self, table: Table, frame: gpd.GeoDataFrame) -> ImportOutcome:
        """Make a layer exactly these rows in this order, if it is not that already."""
        rows = self._keyed(table, frame)
        stored = self._stored_layer(table)
        outcome = self._compare(table, rows, stored)
        gone = [key for key in stored if key not in rows]
        for key in gone:
            self._record(table.name, key, _document(table, stored[key]), None)
        if gone or outcome.new or outcome.changed:
            self._clear(table)
            self._insert(table, list(rows.values()))
        return outcome

    def _upsert(self, table: Table, frame: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace rows by their key; never delete others."""
        rows = self._keyed(table, frame)
        stored = self._stored_layer(table)
        outcome = self._compare(table, rows, stored)
        self._insert(table, [rows[key] for key in outcome.new])
        if outcome.changed:
            self._touch(table)
            names = ", ".join(f"{quoted(name)} = ?" for name in (*table.names, "geom"))
            self._connection.executemany(
                f"UPDATE {table.name} SET {names} WHERE {quoted(table.key[0])} = ?",
                [(*rows[key], key) for key in outcome.changed],
            )
        return outcome

    def _keyed(self, table: Table, frame: gpd.GeoDataFrame) -> dict[str, Row]:
        position = table.names.index(table.key[0])
        rows = {cast("str", row[position]): row for row in self._layer_rows(frame, table)}
        if len(rows) != len(frame) or None in rows:
            raise ValueError(f"every row of {table.name} needs a {table.key[0]} of its own")
        return rows

    def _compare(
        self, table: Table, rows: Mapping[str, Row], stored: Mapping[str, Row]
    ) -> ImportOutcome:
        new: list[str] = []
        changed: list[str] = []
        unchanged: list[str] = []
        for key, row in rows.items():
            old = stored.get(key)
            if old is not None and _plain([old]) == _plain([row]):
                unchanged.append(key)
                continue
            (new if old is None else changed).append(key)
            before = None if old is None else _document(table, old)
            self._record(table.name, key, before, _document(table, row))
        return ImportOutcome(tuple(new), tuple(changed), tuple(unchanged), self.revision)

    def _stored_layer(self, table: Table) -> dict[str, Row]:
        position = table.names.index(table.key[0])
        return {str(row[position]): row for row in self._stored_rows(table)}

    def _stored_rows(self, table: Table) -> list[Row]:
        names = _name_list(table.columns) + (", geom" if table.geometry else "")
        return self._connection.execute(f"SELECT {names} FROM {table.name} ORDER BY fid").fetchall()

    def _layer_rows(self, frame: pd.DataFrame, table: Table) -> list[Row]:
        geometries = layer_geometries(frame, table)
        blobs = encode(geometries, self._srs_id())
        return [
            (*row, blob) for row, blob in zip(to_rows(frame, table.columns), blobs, strict=True)
        ]

    # ---- findings ------------------------------------------------------------------------------

    def put_findings(self, findings: Findings) -> None:
        """Replace findings, spans, hot spots and the record of which rules ran.

        Findings follow from the data, so they move the log but not the ``data_revision``.
        """
        self._adopt_crs(findings.table)
        run = {
            "as_of": str(findings.as_of.astype("datetime64[D]")),
            "policy_version": findings.policy_version,
            "data_revision": findings.data_revision,
        }
        rules = pd.DataFrame(
            {
                "rule": [entry.rule for entry in findings.rules_run],
                "ran": [entry.ran for entry in findings.rules_run],
                "missing": [" ".join(entry.missing) for entry in findings.rules_run],
                "found": [entry.found for entry in findings.rules_run],
            }
        )
        rows = self._keyed(schema.FINDINGS, findings.table)
        stored = self._stored_layer(schema.FINDINGS)
        self._log_findings(rows, stored)
        # The order is worst first and belongs to the table, so the lists are compared, not the keys.
        if _plain(list(stored.values())) != _plain(list(rows.values())):
            self._clear(schema.FINDINGS)
            self._insert(schema.FINDINGS, list(rows.values()))
        others = (
            (schema.FINDING_SPANS, to_rows(findings.spans, schema.FINDING_SPANS.columns)),
            (schema.HOTSPOTS, self._layer_rows(findings.hotspots, schema.HOTSPOTS)),
            (schema.RULES_RUN, to_rows(rules, schema.RULES_RUN.columns)),
        )
        for table, new_rows in others:
            if _plain(self._stored_rows(table), table) != _plain(new_rows, table):
                self._clear(table)
                self._insert(table, new_rows)
        self._set_meta("findings_run", json.dumps(run), data=False)

    def _log_findings(self, rows: Mapping[str, Row], stored: Mapping[str, Row]) -> None:
        """Log which findings came, went or changed; their place follows from the projects'."""
        for key in dict.fromkeys((*rows, *stored)):
            before, after = (
                None if row is None else _document(schema.FINDINGS, row, place=False)
                for row in (stored.get(key), rows.get(key))
            )
            if before != after:
                self._record("findings", key, before, after, data=False)

    def put_decision(self, finding_id: str, decision: Mapping[str, object]) -> None:
        """Append a decision (``status, note, agreed_item, deadline``) to a finding."""
        stored = self._connection.execute(
            f"SELECT {_name_list(schema.FINDINGS.columns)} FROM findings WHERE finding_id = ?",
            (finding_id,),
        ).fetchone()
        if stored is None:
            raise UsageError("store.no_such_finding", finding_id=finding_id)
        before = _document(schema.FINDINGS, stored, place=False)
        status = decision.get("status") or before["status"]
        if status not in STATUSES:
            raise ValueError(f"unknown status {status!r}; one of {', '.join(STATUSES)}")
        state = before | self._state_of_decision(stored)
        texts = [_text_or_none(decision.get(name)) for name in ("note", "agreed_item", "deadline")]
        row = (finding_id, self.revision, self._actor, self._at, status, *texts, _to_json(state))
        self._insert(schema.DECISIONS, [row])
        self._touch(schema.FINDINGS)
        self._connection.execute(
            "UPDATE findings SET status = ? WHERE finding_id = ?", (status, finding_id)
        )
        self._record(
            "decisions", finding_id, None, dict(zip(schema.DECISIONS.names, row, strict=True))
        )
        if status != before["status"]:
            self._record("findings", finding_id, before, before | {"status": status})

    def _state_of_decision(self, finding: Row) -> dict[str, object]:
        """Return what a later run compares with: stage, methods and dates of the projects."""
        values = dict(zip(schema.FINDINGS.names, finding, strict=True))
        projects: dict[str, object] = {}
        for code in (values["project_a"], values["project_b"]):
            row = self._connection.execute(
                "SELECT stage FROM projects WHERE code = ?", (code,)
            ).fetchone()
            if row is None:
                continue
            sites = self._connection.execute(
                'SELECT site_id, method, "start", finish FROM sites WHERE project_code = ? ORDER BY fid',
                (code,),
            ).fetchall()
            names = ("site_id", "method", "start", "finish")
            projects[str(code)] = {
                "stage": row[0], "sites": [dict(zip(names, site, strict=True)) for site in sites]
            }  # fmt: skip
        run = json.loads(read_meta(self._connection).get("findings_run", "{}"))
        return {"projects": projects, "policy_version": run.get("policy_version")}

    # ---- evidence and settings -----------------------------------------------------------------

    def put_check(
        self,
        check_id: str,
        *,
        policy_version: str,
        request: Mapping[str, object],
        answer: Mapping[str, object],
    ) -> None:
        """Keep a check before approval as evidence; it changes no data and never changes itself."""
        (data_revision,) = self._connection.execute(
            "SELECT data_revision FROM write_state"
        ).fetchone()
        self._insert(
            schema.CHECKS,
            [(check_id, self._at, self._actor, data_revision, policy_version,
              _to_json(request), _to_json(answer))],
        )  # fmt: skip

    def set_crs(self, crs: CRS) -> None:
        """Fix the working CRS; refused once a layer holds geometry in another."""
        stored = stored_crs(read_meta(self._connection))
        if stored is not None and stored == crs:
            return
        if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
            raise UsageError("store.crs_not_metric", crs=_crs_name(crs))
        if stored is not None and self._holds_geometry():
            raise UsageError("store.crs_fixed", stored=_crs_name(stored), crs=_crs_name(crs))
        srs_id = self._register_crs(crs)
        names = [(srs_id, table.name) for table in schema.LAYERS]
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            self._connection.executemany(
                f"UPDATE {table} SET srs_id = ? WHERE table_name = ?",
                names,
            )
        authority = _authority(crs)
        self._set_meta("srs_id", str(srs_id), logged=False)
        self._set_meta("crs", ":".join(authority) if authority else crs.to_wkt())

    def set_as_of(self, day: date | None) -> None:
        """Pin the day on which the store is judged; None gives it free again."""
        self._set_meta("as_of", None if day is None else day.isoformat())

    def _register_crs(self, crs: CRS) -> int:
        try:
            definition = crs.to_wkt("WKT1_GDAL", output_axis_rule=True)  # as GDAL writes it
        except CRSError as error:
            raise UsageError("store.crs_not_metric", crs=_crs_name(crs)) from error
        authority = _authority(crs)
        if authority and authority[1].isdigit():
            srs_id, organization, number = int(authority[1]), authority[0], int(authority[1])
        else:
            (last,) = self._connection.execute(
                "SELECT max(srs_id) FROM gpkg_spatial_ref_sys"
            ).fetchone()
            srs_id = max(_FIRST_OWN_SRS_ID, last + 1)
            organization, number = "NONE", srs_id
        self._connection.execute(
            "INSERT INTO gpkg_spatial_ref_sys"
            " (srs_name, srs_id, organization, organization_coordsys_id, definition)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (srs_id) DO NOTHING",
            (crs.name, srs_id, organization, number, definition),
        )
        return srs_id

    def _holds_geometry(self) -> bool:
        return any(
            self._connection.execute(
                f"SELECT EXISTS (SELECT 1 FROM {table.name} WHERE geom IS NOT NULL)"
            ).fetchone()[0]
            for table in schema.LAYERS
        )

    def _adopt_crs(self, frame: gpd.GeoDataFrame) -> None:
        """Hold geometry to the working CRS; the first geometry chooses it."""
        crs = frame_crs(frame)
        if crs is None:
            if frame_has_places(frame):
                raise UsageError("store.crs_missing")
            return
        self.set_crs(crs)

    def _srs_id(self) -> int:
        return int(read_meta(self._connection).get("srs_id", -1))

    # ---- writing and logging -------------------------------------------------------------------

    def _set_meta(
        self, key: str, value: str | None, *, data: bool = True, logged: bool = True
    ) -> None:
        before = read_meta(self._connection).get(key)
        if before == value:
            return
        self._connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
        if logged:
            self._record(
                "meta", key,
                None if before is None else {"value": before},
                None if value is None else {"value": value},
                data=data,
            )  # fmt: skip

    def _touch(self, table: Table) -> None:
        self._touched[table.name] = table

    def _clear(self, table: Table) -> None:
        self._touch(table)
        self._connection.execute(f"DELETE FROM {table.name}")

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._touch(table)
        names = (*table.names, "geom") if table.geometry else table.names
        self._connection.executemany(
            f"INSERT INTO {table.name} ({', '.join(map(quoted, names))})"
            f" VALUES ({', '.join('?' * len(names))})",
            rows,
        )

    def _record(
        self,
        table: str,
        key: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
        *,
        data: bool = True,
    ) -> None:
        action = "insert" if before is None else "delete" if after is None else "update"
        self._data_changed |= data
        texts = [None if document is None else _to_json(document) for document in (before, after)]
        self._log.append(
            (self.revision, len(self._log) + 1, table, key, action, self._actor, self._at, *texts)
        )

    def finish(self) -> bool:
        """Write the log, the revision and the layers' extents; return whether anything was written.

        Only the store calls it, right before it commits.
        """
        if not self._log and not self._touched:
            return False
        self._insert(schema.CHANGE_LOG, self._log)
        for table in self._touched.values():
            self._update_contents(table)
        self._connection.execute(
            "UPDATE write_state SET ours = 0,"
            " log_revision = CASE WHEN ? THEN ? ELSE log_revision END,"
            " data_revision = CASE WHEN ? THEN ? ELSE data_revision END",
            (bool(self._log), self.revision, self._data_changed, self.revision),
        )
        return True

    def _update_contents(self, table: Table) -> None:
        extent: Row = (None, None, None, None)
        if table.geometry:
            extent = self._connection.execute(
                f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM rtree_{table.name}_geom"
            ).fetchone()
        self._connection.execute(
            "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ?"
            " WHERE table_name = ?",
            (self._at, *extent, table.name),
        )


_DIMENSION = {
    "Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "LinearRing": 1,
    "Polygon": 2, "MultiPolygon": 2,
}  # fmt: skip


def frame_has_places(frame: pd.DataFrame) -> bool:
    """Return whether any row of ``frame`` has a geometry."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return False
    return bool(frame.geometry.notna().any())


def _name_list(columns: Sequence[Column]) -> str:
    return ", ".join(quoted(column.name) for column in columns)


def _grouped(codes: Mapping[str, Row], rows: Sequence[Row], what: str) -> dict[str, list[Row]]:
    """Return rows by the project code in front of them."""
    groups: dict[str, list[Row]] = {code: [] for code in codes}
    for row in rows:
        group = groups.get(cast("str", row[0]))
        if group is None:
            raise ValueError(f"{what} of a project that is not given: {row[0]!r}")
        group.append(row)
    return groups


def _plain(rows: Sequence[Row], table: Table | None = None) -> list[Row]:
    """Return layer rows with WKB for the blob, so that another program's header does not count."""
    if table is not None and table.geometry is None:
        return list(rows)
    return [(*row[:-1], wkb_of(cast("bytes | None", row[-1]))) for row in rows]


def _filed(rows: Sequence[Row]) -> list[Row]:
    positions = [schema.FILINGS.names.index(name) for name in _FILED]
    return [tuple(row[position] for position in positions) for row in rows]


def _document(table: Table, row: Row, *, place: bool = True) -> dict[str, object]:
    """Return a row as the log keeps it: what is missing is left out, geometry is WKB hex."""
    document: dict[str, object] = {
        column.name: bool(value) if column.kind == "flag" else value
        for column, value in zip(table.columns, row, strict=False)
        if value is not None
    }
    if place and table.geometry and row[-1] is not None:
        document["geometry"] = cast("bytes", wkb_of(cast("bytes", row[-1]))).hex()
    return document


def _project_document(
    row: Row | None, sites: Sequence[Row], filings: Sequence[Row]
) -> dict[str, object] | None:
    """Return a project with its sites and filings as the log keeps it."""
    if row is None:
        return None
    document = _document(schema.PROJECTS, row)
    document["sites"] = [_document(schema.SITES, site) for site in sites]
    document["filings"] = [
        {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in _document(schema.FILINGS, filing).items()
        }
        for filing in filings
    ]
    return document


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _text_or_none(value: object) -> Value:
    if value is None or value is pd.NaT:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _authority(crs: CRS) -> tuple[str, str] | None:
    """Return authority and code if they mean exactly this CRS."""
    found = crs.to_authority()
    if found is None or CRS.from_authority(*found) != crs:
        return None
    return found[0], found[1]


def _crs_name(crs: CRS) -> str:
    authority = _authority(crs)
    return ":".join(authority) if authority else crs.name

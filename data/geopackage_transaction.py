"""The write side of the GeoPackage store: one transaction, one revision, every change logged."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, cast

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from coordination.findings import Findings
from coordination.policy import Policy
from coordination.scenarios import Acceptance, KeptPlan
from data import geopackage_plans as plans
from data import geopackage_schema as schema
from data.geopackage_answers import put_answers
from data.geopackage_crs import adopt_crs, set_crs
from data.geopackage_findings import put_decision, put_findings
from data.geopackage_ledger import correct_entry, corrected_entries
from data.geopackage_policies import put_policy
from data.geopackage_projects import (
    PLAIN_PROJECT,
    project_document,
    stored_children,
    stored_projects,
)
from data.geopackage_review import put_reply
from data.geopackage_rows import Row, to_rows
from data.geopackage_schema import Table, quoted
from data.geopackage_stages import move_stages, put_days
from data.geopackage_writer import Writer, plain, to_json
from data.store import ImportOutcome, alias_id
from geo.road_network import RoadNetwork

LayerKind = Literal["restrictions", "boundaries", "assets"]
_FILED = ("site_id", "geometry_type", "crs", "wkb")
_DIMENSION = {
    "Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "LinearRing": 1,
    "Polygon": 2, "MultiPolygon": 2,
}  # fmt: skip


class GeopackageTransaction:
    """One revision in the making; see `data.store.Transaction`.

    The store opens and ends it; whatever is written in between carries ``revision``.
    """

    def __init__(self, writer: Writer) -> None:
        self.revision = writer.revision
        self._writer = writer

    # ---- projects ------------------------------------------------------------------------------

    def put_projects(
        self, projects: pd.DataFrame, sites: gpd.GeoDataFrame, filings: pd.DataFrame
    ) -> ImportOutcome:
        """Insert or replace projects by code, each with all of its sites; never delete others."""
        adopt_crs(self._writer, sites)
        rows = {cast("str", row[0]): row for row in to_rows(projects, PLAIN_PROJECT)}
        if len(rows) != len(projects) or None in rows:
            raise ValueError("every project needs a code of its own")
        new_sites = _grouped(rows, self._writer.layer_rows(sites, schema.SITES), "sites")
        new_filings = _grouped(rows, to_rows(filings, schema.FILINGS.columns), "filings")
        stored = stored_projects(self._writer, list(rows))
        old_sites = stored_children(self._writer, schema.SITES, list(rows))
        old_filings = stored_children(self._writer, schema.FILINGS, list(rows))
        outcome: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": []}
        for code, row in rows.items():
            fields, places = new_sites[code], new_filings[code]
            if code not in stored:
                outcome["new"].append(code)
            elif (
                stored[code] == row
                and plain(old_sites[code]) == plain(fields)
                and _filed(old_filings[code]) == _filed(places)
            ):
                outcome["unchanged"].append(code)
                continue
            else:
                outcome["changed"].append(code)
            before = project_document(stored.get(code), old_sites[code], old_filings[code])
            after = project_document(row, fields, places)
            self._writer.record("projects", code, before, after)
        written = [*outcome["new"], *outcome["changed"]]
        if written:
            self._write_projects(rows, stored, written)
            for table, children in ((schema.SITES, new_sites), (schema.FILINGS, new_filings)):
                self._delete_children(table, outcome["changed"])
                self._writer.insert(table, [row for code in written for row in children[code]])
            self._stage_events(rows, stored, written)
        return self._writer.outcome(outcome["new"], outcome["changed"], outcome["unchanged"])

    def _write_projects(
        self, rows: Mapping[str, Row], stored: Mapping[str, Row], codes: Sequence[str]
    ) -> None:
        self._writer.insert(
            schema.PROJECTS, [(*rows[code], self.revision) for code in codes if code not in stored]
        )
        names = [*(column.name for column in PLAIN_PROJECT), "revision"]
        assignments = ", ".join(f"{quoted(name)} = ?" for name in names)
        self._writer.connection.executemany(
            f"UPDATE projects SET {assignments} WHERE code = ?",
            [(*rows[code], self.revision, code) for code in codes if code in stored],
        )

    def _delete_children(self, table: Table, codes: Sequence[str]) -> None:
        self._writer.touch(table)
        self._writer.connection.executemany(
            f"DELETE FROM {table.name} WHERE project_code = ?",
            [(code,) for code in codes],
        )

    def _stage_events(
        self, rows: Mapping[str, Row], stored: Mapping[str, Row], codes: Sequence[str]
    ) -> None:
        names = [column.name for column in PLAIN_PROJECT]
        stage, year = names.index("stage"), names.index("plan_year")
        moves = [
            (
                code,
                self.revision,
                self._writer.actor,
                self._writer.at,
                before,
                rows[code][stage],
                None,
                rows[code][year],
                None,
            )
            for code in codes
            if (before := stored[code][stage] if code in stored else None) != rows[code][stage]
        ]
        self._writer.insert(schema.STAGE_EVENTS, moves)

    def move_stages(self, moves: pd.DataFrame) -> ImportOutcome:
        """Move projects to another stage; their sites and the decisions on them stay."""
        return move_stages(self._writer, moves)

    def put_days(
        self, codes: Sequence[str], what: Literal["start", "finish", "papers"], day: date
    ) -> ImportOutcome:
        """Record on which day works began, ended, or their papers were filed."""
        return put_days(self._writer, codes, what, day)

    # ---- layers --------------------------------------------------------------------------------

    def put_roads(self, network: RoadNetwork, *, source: str) -> ImportOutcome:
        """Replace the road layer as a whole (a new road revision) if it differs."""
        adopt_crs(self._writer, network.sections)
        outcome = self._writer.replace(schema.ROAD_SECTIONS, network.sections)
        junctions = self._writer.replace(schema.JUNCTIONS, network.junctions)
        self._writer.set_meta("has_roads", "1")
        self._writer.set_meta("road_source", source)
        if any((outcome.new, outcome.changed, junctions.new, junctions.changed)):
            self._writer.set_meta("road_revision", str(self.revision), logged=False)
        return outcome

    def put_ledger(self, ledger: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace ledger rows by ``ledger_id``."""
        adopt_crs(self._writer, ledger)
        self._writer.set_meta("has_ledger", "1")
        # What people corrected stays as they left it when the register is imported again.
        kept = ledger["ledger_id"].isin(corrected_entries(self._writer.connection))
        if "note" in ledger:
            kept &= ledger["note"].isna()
        outcome = self._writer.upsert(schema.LEDGER, ledger[~kept])
        unchanged = (*outcome.unchanged, *ledger.loc[kept, "ledger_id"])
        return self._writer.outcome(outcome.new, outcome.changed, unchanged)

    def correct_ledger(
        self, ledger_id: str, changes: Mapping[str, str], *, reason: str
    ) -> ImportOutcome:
        """Correct one row of the ledger; the row keeps who and why, the log what it was."""
        return correct_entry(self._writer, ledger_id, changes, reason=reason)

    def put_layer(self, kind: LayerKind, rows: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace rows of a layer by its id column."""
        adopt_crs(self._writer, rows)
        self._writer.set_meta(f"has_{kind}", "1")
        if kind == "restrictions":
            return self._writer.upsert(schema.RESTRICTIONS, rows)
        if kind == "boundaries":
            return self._writer.upsert(schema.BOUNDARIES, rows)
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
            self._writer.delete_rows(table, others)
        outcomes = [
            self._writer.upsert(table, part) for table, part in zip(tables, parts, strict=True)
        ]
        return self._writer.outcome(
            [code for outcome in outcomes for code in outcome.new],
            [code for outcome in outcomes for code in outcome.changed],
            [code for outcome in outcomes for code in outcome.unchanged],
        )

    # ---- names and answers ---------------------------------------------------------------------

    def put_aliases(self, aliases: pd.DataFrame) -> ImportOutcome:
        """Insert or replace other names of roads by `data.store.alias_id`."""
        first_days = aliases["valid_from"].astype("datetime64[us]")
        known = [
            alias_id(alias, name, None if pd.isna(day) else day.date())
            for alias, name, day in zip(aliases["alias"], aliases["name"], first_days, strict=True)
        ]
        self._writer.set_meta("has_aliases", "1")
        return self._writer.upsert(schema.ROAD_ALIASES, aliases.assign(alias_id=known))

    def put_answers(self, answers: pd.DataFrame) -> ImportOutcome:
        """Remember what people answered; a missing answer takes an earlier one back."""
        return put_answers(self._writer, answers)

    # ---- findings ------------------------------------------------------------------------------

    def put_findings(self, findings: Findings, *, made_by: str = "") -> None:
        """Replace findings, spans, hot spots and the record of which rules ran."""
        put_findings(self._writer, findings, made_by=made_by)

    def put_decision(self, finding_id: str, decision: Mapping[str, object]) -> None:
        """Append a decision (``status, note, agreed_item, deadline``) to a finding."""
        put_decision(self._writer, finding_id, decision)

    def put_reply(self, finding_id: str, reply: Mapping[str, object]) -> None:
        """Append a unit's answer to a finding."""
        put_reply(self._writer, finding_id, reply)

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
        (data_revision,) = self._writer.connection.execute(
            "SELECT data_revision FROM write_state"
        ).fetchone()
        self._writer.insert(
            schema.CHECKS,
            [(check_id, self._writer.at, self._writer.actor, data_revision, policy_version,
              to_json(request), to_json(answer))],
        )  # fmt: skip

    def put_policy(self, policy: Policy, toml: str) -> ImportOutcome:
        """Adopt a policy; it keeps its place in the history for ever."""
        return put_policy(self._writer, policy, toml)

    # ---- plans ---------------------------------------------------------------------------------

    def put_scenario(self, kept: KeptPlan) -> str:
        """Keep a scenario and return its id; no change of the data."""
        return plans.put_scenario(self._writer, kept)

    def delete_scenario(self, scenario_id: str) -> None:
        """Delete a scenario of which nothing was accepted."""
        plans.delete_scenario(self._writer, scenario_id)

    def accept(
        self,
        scenario_id: str,
        taken: Acceptance,
        places: gpd.GeoDataFrame,
        deadline: date | None,
    ) -> tuple[str, ...]:
        """Accept bundles and propose dates to owners."""
        return plans.accept(self._writer, scenario_id, taken, places, deadline)

    def answer_proposal(self, proposal_id: str, answer: str, note: str = "") -> None:
        """Record an owner's answer; an agreement gives the project its dates."""
        plans.answer_proposal(self._writer, proposal_id, answer, note)

    def set_crs(self, crs: CRS) -> None:
        """Fix the working CRS; refused once a layer holds geometry in another."""
        set_crs(self._writer, crs)

    def set_as_of(self, day: date | None) -> None:
        """Pin the day on which the store is judged; None gives it free again."""
        self._writer.set_meta("as_of", None if day is None else day.isoformat())


def _grouped(codes: Mapping[str, Row], rows: Sequence[Row], what: str) -> dict[str, list[Row]]:
    """Return rows by the project code in front of them."""
    groups: dict[str, list[Row]] = {code: [] for code in codes}
    for row in rows:
        group = groups.get(cast("str", row[0]))
        if group is None:
            raise ValueError(f"{what} of a project that is not given: {row[0]!r}")
        group.append(row)
    return groups


def _filed(rows: Sequence[Row]) -> list[Row]:
    positions = [schema.FILINGS.names.index(name) for name in _FILED]
    return [tuple(row[position] for position in positions) for row in rows]

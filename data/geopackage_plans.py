"""Scenarios, accepted bundles and proposals, written to and read from a store."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from coordination.faults import UsageError
from coordination.scenarios import ANSWERS, Acceptance, KeptPlan, Scenario, left_in_bundle
from coordination.schedule_wishes import Wishes
from data import geopackage_schema as schema
from data.geopackage_projects import project_documents
from data.geopackage_read import read_table
from data.geopackage_rows import to_frame, to_rows
from data.geopackage_schema import Table
from data.geopackage_writer import Writer, document_of, name_list

_SITE_DAYS = (
    "UPDATE sites SET \"start\" = ?, finish = ?, start_precision = 'day', finish_precision = 'day',"
    " duration_days = ? WHERE project_code = ? AND site_id = ?"
)


def scenarios(connection: sqlite3.Connection) -> tuple[Scenario, ...]:
    """Return the scenarios that are kept, oldest first."""
    names = name_list(schema.SCENARIOS.columns)
    rows = connection.execute(f"SELECT {names} FROM scenarios ORDER BY fid").fetchall()
    return tuple(_scenario(dict(zip(schema.SCENARIOS.names, row, strict=True))) for row in rows)


def _scenario(row: Mapping[str, Any]) -> Scenario:
    return Scenario(
        **{
            **row,
            "as_of": date.fromisoformat(row["as_of"]),
            "wishes": Wishes.of_document(json.loads(row["wishes"])),
            "reproducible": bool(row["reproducible"]),
            "comparison": json.loads(row["comparison"]),
        }
    )


def read_scenario(connection: sqlite3.Connection, name: str) -> KeptPlan | None:
    """Return a scenario by its id or its name."""
    found = [one for one in scenarios(connection) if name in (one.scenario_id, one.name)]
    if not found:
        return None
    scenario = min(found, key=lambda one: one.scenario_id != name)

    def rows_of(table: Table) -> pd.DataFrame:
        rows = connection.execute(
            f"SELECT {name_list(table.columns)} FROM {table.name} WHERE scenario_id = ? ORDER BY fid",
            (scenario.scenario_id,),
        ).fetchall()
        return to_frame(rows, table.columns).drop(columns="scenario_id")

    schedule = rows_of(schema.SCENARIO_SCHEDULES).astype({"moved_days": "int64"})
    return KeptPlan(scenario, schedule, rows_of(schema.SCENARIO_BUNDLES))


def put_scenario(writer: Writer, kept: KeptPlan) -> str:
    """Keep a scenario; see `data.store.Transaction.put_scenario`."""
    one = kept.scenario
    if any(other.name == one.name for other in scenarios(writer.connection)):
        raise UsageError("scenarios.taken", name=one.name)
    scenario_id = f"S{writer.revision}"
    row = (
        scenario_id, one.name, writer.actor, writer.at, one.data_revision, one.policy_version,
        one.software_version, one.as_of.isoformat(), one.parent,
        json.dumps(one.wishes.document(), ensure_ascii=False), one.seed, int(one.reproducible),
        json.dumps(dict(one.comparison), ensure_ascii=False),
    )  # fmt: skip
    writer.insert(schema.SCENARIOS, [row])
    for table, frame in (
        (schema.SCENARIO_SCHEDULES, kept.schedule), (schema.SCENARIO_BUNDLES, kept.bundles),
    ):  # fmt: skip
        writer.insert(table, to_rows(frame.assign(scenario_id=scenario_id), table.columns))
    document = document_of(schema.SCENARIOS, row)
    writer.record("scenarios", scenario_id, None, document, data=False)
    return scenario_id


def delete_scenario(writer: Writer, scenario_id: str) -> None:
    """Delete a scenario; see `data.store.Transaction.delete_scenario`."""
    (used,) = writer.connection.execute(
        "SELECT count(*) FROM proposals WHERE scenario_id = ?", (scenario_id,)
    ).fetchone()
    row = writer.connection.execute(
        f"SELECT {name_list(schema.SCENARIOS.columns)} FROM scenarios WHERE scenario_id = ?",
        (scenario_id,),
    ).fetchone()
    if row is None:
        raise UsageError("scenarios.unknown", name=scenario_id)
    if used:
        raise UsageError("scenarios.accepted", name=row[1])
    for table in (schema.SCENARIOS, schema.SCENARIO_SCHEDULES, schema.SCENARIO_BUNDLES):
        writer.touch(table)
        writer.connection.execute(f"DELETE FROM {table.name} WHERE scenario_id = ?", (scenario_id,))
    writer.record("scenarios", scenario_id, document_of(schema.SCENARIOS, row), None, data=False)


def accept(
    writer: Writer,
    scenario_id: str,
    taken: Acceptance,
    places: gpd.GeoDataFrame,
    deadline: date | None,
) -> tuple[str, ...]:
    """Accept bundles and propose dates; see `data.store.Transaction.accept`."""
    for bundle_id in taken.withdrawn:
        _put_members(writer, bundle_id, ())
    bundles = gpd.GeoDataFrame(
        taken.bundles.rename(columns={"roads": "name"})
        .drop(columns="codes")
        .assign(status="accepted", revision=writer.revision, scenario_id=scenario_id),
        geometry=places.geometry.to_numpy(), crs=places.crs,
    )  # fmt: skip
    extra = [name for name in bundles.columns if name not in schema.BUNDLES.names]
    extra = [name for name in extra if name != "geometry"]
    bundles["extra"] = [
        json.dumps({k: v for k, v in row.items() if pd.notna(v)}, ensure_ascii=False, default=str)
        for row in pd.DataFrame(bundles[extra]).to_dict("records")
    ]
    writer.insert(schema.BUNDLES, writer.layer_rows(bundles, schema.BUNDLES))
    order = dict(zip(taken.proposals["code"], taken.proposals["works_order"], strict=True))
    for bundle in taken.bundles.to_dict("records"):
        codes = str(bundle["codes"]).split()
        writer.insert(
            schema.BUNDLE_MEMBERS,
            [
                (bundle["bundle_id"], code, _whole(order.get(code)), None, None, None)
                for code in codes
            ],
        )
        after = {"bundle_id": bundle["bundle_id"], "mode": bundle["mode"], "codes": " ".join(codes),
                 "scenario_id": scenario_id}  # fmt: skip
        writer.record("bundles", str(bundle["bundle_id"]), None, after)
    ids = tuple(f"{writer.revision}-{at + 1}" for at in range(len(taken.proposals)))
    proposals = taken.proposals.assign(
        proposal_id=list(ids), scenario_id=scenario_id, revision=writer.revision,
        actor=writer.actor, at=writer.at, deadline=deadline,
    )  # fmt: skip
    rows = to_rows(proposals, schema.PROPOSALS.columns)
    writer.insert(schema.PROPOSALS, rows)
    for row in rows:
        writer.record("proposals", str(row[0]), None, document_of(schema.PROPOSALS, row))
    return ids


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def accepted_bundles(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return the accepted bundles: ``bundle_id, mode, codes, start, finish, …``."""
    bundles = read_table(connection, schema.BUNDLES)
    members = read_table(connection, schema.BUNDLE_MEMBERS)
    codes = members.groupby("bundle_id")["code"].agg(" ".join)
    return bundles.assign(codes=bundles["bundle_id"].map(codes).fillna(""))


def _put_members(writer: Writer, bundle_id: str, members: tuple[str, ...]) -> None:
    """Leave these members in a bundle; without any it is given up."""
    mode = writer.connection.execute(
        "SELECT mode FROM bundles WHERE bundle_id = ?", (bundle_id,)
    ).fetchone()
    before = tuple(
        code
        for (code,) in writer.connection.execute(
            "SELECT code FROM bundle_members WHERE bundle_id = ? ORDER BY fid", (bundle_id,)
        )
    )
    if mode is None or not before:
        return
    writer.touch(schema.BUNDLE_MEMBERS)
    writer.connection.execute(
        "DELETE FROM bundle_members WHERE bundle_id = ?"
        " AND code NOT IN (SELECT value FROM json_each(?))",
        (bundle_id, json.dumps(members)),
    )
    document = {"bundle_id": bundle_id, "mode": mode[0], "codes": " ".join(before)}
    if not members:
        writer.touch(schema.BUNDLES)
        writer.connection.execute("DELETE FROM bundles WHERE bundle_id = ?", (bundle_id,))
    after = {**document, "codes": " ".join(members)} if members else None
    writer.record("bundles", bundle_id, document, after)


def proposals(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return what was proposed to owners, oldest first."""
    table = read_table(connection, schema.PROPOSALS)
    return table.astype({"revision": "int64", "moved_days": "int64"})


def answer_proposal(writer: Writer, proposal_id: str, answer: str, note: str) -> None:
    """Record an owner's answer; see `data.store.Transaction.answer_proposal`."""
    if answer not in ANSWERS:
        raise UsageError("scenarios.bad_answer", found=answer, known=", ".join(ANSWERS))
    row = writer.connection.execute(
        f"SELECT {name_list(schema.PROPOSALS.columns)} FROM proposals WHERE proposal_id = ?",
        (proposal_id,),
    ).fetchone()
    if row is None:
        raise UsageError("scenarios.no_proposal", proposal=proposal_id)
    told = dict(zip(schema.PROPOSALS.names, row, strict=True))
    if told["answer"] is not None:
        raise UsageError(
            "scenarios.answered",
            proposal=proposal_id,
            by=told["answered_by"],
            at=told["answered_at"],
        )
    if answer == "agreed" and told["moved_days"]:
        _give_dates(writer, told)
    if answer == "declined" and told["bundle_id"] is not None:
        members = tuple(
            code
            for (code,) in writer.connection.execute(
                "SELECT code FROM bundle_members WHERE bundle_id = ? ORDER BY fid",
                (told["bundle_id"],),
            )
        )
        _put_members(writer, told["bundle_id"], left_in_bundle(members, told["code"]))
    given = (answer, note or None, writer.actor, writer.at, writer.revision)
    names = ("answer", "note", "answered_by", "answered_at", "answered_revision")
    writer.touch(schema.PROPOSALS)
    writer.connection.execute(
        f"UPDATE proposals SET {', '.join(f'{name} = ?' for name in names)} WHERE proposal_id = ?",
        (*given, proposal_id),
    )
    before = document_of(schema.PROPOSALS, row)
    after = before | {
        name: value for name, value in zip(names, given, strict=True) if value is not None
    }
    writer.record("proposals", proposal_id, before, after)


def _give_dates(writer: Writer, told: Mapping[str, Any]) -> None:
    """Give a project the dates that its owner agreed to, unless it changed since they were proposed."""
    code = told["code"]
    found = writer.connection.execute(
        "SELECT revision FROM projects WHERE code = ?", (code,)
    ).fetchone()
    if found is None or int(found[0]) > int(told["revision"]):
        raise UsageError("scenarios.project_changed", code=code, proposal=told["proposal_id"])
    before = project_documents(writer, [code])
    writer.touch(schema.SITES)
    for site in json.loads(told["sites"] or "[]"):
        start, finish = date.fromisoformat(site["start"]), date.fromisoformat(site["finish"])
        writer.connection.execute(
            _SITE_DAYS,
            (site["start"], site["finish"], (finish - start).days + 1, code, site["site_id"]),
        )
    after = project_documents(writer, [code])
    if before != after:
        writer.touch(schema.PROJECTS)
        writer.connection.execute(
            "UPDATE projects SET revision = ? WHERE code = ?", (writer.revision, code)
        )
        writer.record("projects", code, before[code], after[code])

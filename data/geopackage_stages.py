"""The stages of projects, written to and read from a store: a move is an event that stays."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Literal, cast

import pandas as pd

from coordination.faults import StoreError
from coordination.stages import PLANNING
from data import geopackage_schema as schema
from data.geopackage_projects import project_documents
from data.geopackage_rows import Row, to_rows, to_series
from data.geopackage_writer import Writer
from data.store import ImportOutcome

EVENT_COLUMNS = (
    "project_code", "revision", "actor", "at", "stage_from", "stage_to", "reason", "plan_year",
    "gates",
)  # fmt: skip
_MOVE = (
    schema.Column("code"), schema.Column("stage_from"), schema.Column("stage_to"),
    schema.Column("plan_year", "integer"), schema.Column("reason"), schema.Column("gates"),
)  # fmt: skip


def move_stages(writer: Writer, moves: pd.DataFrame) -> ImportOutcome:
    """Move projects to another stage; see `data.store.Transaction.move_stages`."""
    rows = to_rows(moves, _MOVE)
    codes = list(dict.fromkeys(str(row[0]) for row in rows))
    before = project_documents(writer, codes)
    at = {code: document.get("stage") for code, document in before.items()}
    events: list[Row] = []
    for code, stage_from, stage_to, year, reason, gates in rows:
        if code not in at or (at[str(code)] or "") != (stage_from or ""):
            raise StoreError("store.stage_moved", code=str(code), expected=str(stage_from or "–"))
        at[str(code)] = stage_to
        writer.connection.execute(
            "UPDATE projects SET stage = ?, plan_year = coalesce(?, plan_year), revision = ?"
            " WHERE code = ?",
            (stage_to, year, writer.revision, code),
        )
        events.append(
            (code, writer.revision, writer.actor, writer.at, stage_from or None, stage_to, reason,
             year, gates or "{}")
        )  # fmt: skip
    if events:
        writer.touch(schema.PROJECTS)
        writer.insert(schema.STAGE_EVENTS, events)
    return _record(writer, before, codes)


def put_days(
    writer: Writer, codes: Sequence[str], what: Literal["start", "finish", "papers"], day: date
) -> ImportOutcome:
    """Record on which day works began, ended, or their papers were filed."""
    before = project_documents(writer, codes)
    listed = json.dumps(list(codes))
    among = "IN (SELECT value FROM json_each(?))"
    if what == "papers":
        writer.touch(schema.PROJECTS)
        writer.connection.execute(
            f"UPDATE projects SET papers_on = ? WHERE code {among}", (day.isoformat(), listed)
        )
    else:
        writer.touch(schema.SITES)
        # What a site says of itself stays: the others of its project end on the same day.
        writer.connection.execute(
            f"UPDATE sites SET actual_{what} = ? WHERE actual_{what} IS NULL"
            f" AND project_code {among}",
            (day.isoformat(), listed),
        )
    outcome = _record(writer, before, codes)
    writer.connection.executemany(
        "UPDATE projects SET revision = ? WHERE code = ?",
        [(writer.revision, code) for code in outcome.changed],
    )
    return outcome


def _record(
    writer: Writer, before: dict[str, dict[str, object]], codes: Sequence[str]
) -> ImportOutcome:
    after = project_documents(writer, codes)
    changed = [code for code in codes if before[code] != after[code]]
    for code in changed:
        writer.record("projects", code, before[code], after[code])
    return writer.outcome([], changed, [code for code in codes if before[code] == after[code]])


def stage_events(connection: sqlite3.Connection, code: str | None = None) -> pd.DataFrame:
    """Return the moves of all projects or of one, oldest first, other programs' edits among them."""
    where, values = ("", ()) if code is None else ("WHERE project_code = ?", (code,))
    names = ", ".join(schema.quoted(name) for name in EVENT_COLUMNS)
    rows = connection.execute(
        f"SELECT {names} FROM stage_events {where} ORDER BY fid", values
    ).fetchall()
    only = "" if code is None else " AND row_key = ?"
    rows += connection.execute(
        "SELECT row_key, revision, actor, at, json_extract(before, '$.stage'),"
        " json_extract(after, '$.stage'), NULL, json_extract(after, '$.plan_year'), NULL"
        " FROM change_log WHERE table_name = 'projects' AND actor = 'external'"
        " AND json_extract(before, '$.stage') IS NOT json_extract(after, '$.stage')"
        f" AND after IS NOT NULL{only}",
        values,
    ).fetchall()
    ordered = sorted(rows, key=lambda row: row[1])  # stable: events of one revision in their order
    lists = list(zip(*ordered, strict=True)) if ordered else [()] * len(EVENT_COLUMNS)
    kinds = {"revision": "integer", "plan_year": "integer"}
    return pd.DataFrame(
        {
            name: to_series(values, cast("schema.ColumnKind", kinds.get(name, "text")))
            for name, values in zip(EVENT_COLUMNS, lists, strict=True)
        }
    )


_BESIDE_THE_DATA = (
    "decisions", "replies", "findings", "checks", "scenarios", "proposals",
)  # fmt: skip
_UNSEEN_BY_RULES = ("$.stage", "$.plan_year", "$.papers_on", "$.revision")


def judged_data_changed(connection: sqlite3.Connection, revision: int) -> bool:
    """Tell whether anything that a rule looks at was written after ``revision``.

    Decisions and replies are not looked at, nor is a move between stages of planning; an adopted
    policy is.
    """
    tables = ", ".join("?" * len(_BESIDE_THE_DATA))
    paths = ", ".join("?" * len(_UNSEEN_BY_RULES))
    planning = ", ".join("?" * len(PLANNING))
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM change_log WHERE revision > ?"
        f" AND table_name NOT IN ({tables})"
        " AND NOT (table_name = 'meta' AND row_key IN ('findings_run', 'as_of'))"
        " AND NOT (table_name = 'projects' AND before IS NOT NULL AND after IS NOT NULL"
        f" AND json_remove(before, {paths}) = json_remove(after, {paths})"
        " AND (json_extract(before, '$.stage') IS json_extract(after, '$.stage')"
        f"  OR coalesce(json_extract(before, '$.stage'), ?) IN ({planning})"
        f"  AND json_extract(after, '$.stage') IN ({planning}))))",
        (
            revision, *_BESIDE_THE_DATA, *_UNSEEN_BY_RULES, *_UNSEEN_BY_RULES, PLANNING[0],
            *PLANNING, *PLANNING,
        ),
    ).fetchone()  # fmt: skip
    return bool(row[0])

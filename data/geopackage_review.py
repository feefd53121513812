"""Answers of units, and what a finding was at a revision: what a review rests on."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from typing import Any

from coordination.faults import UsageError
from data import geopackage_schema as schema
from data.geopackage_rows import Value
from data.geopackage_writer import Writer, document_of, name_list, read_meta

State = dict[str, Any]


def put_reply(writer: Writer, finding_id: str, reply: Mapping[str, object]) -> None:
    """Append a unit's answer to a finding; see `data.store.Transaction.put_reply`."""
    known = writer.connection.execute(
        "SELECT 1 FROM findings WHERE finding_id = ?", (finding_id,)
    ).fetchone()
    if known is None:
        raise UsageError("store.no_such_finding", finding_id=finding_id)
    seen = reply.get("seen_revision")
    row = (
        finding_id, writer.revision, None if seen is None else int(str(seen)), writer.actor,
        writer.at,
        *(_plain(reply.get(name)) for name in ("unit", "answer", "note")),
        *(_plain(reply.get(name)) for name in ("proposed_start", "proposed_finish")),
    )  # fmt: skip
    writer.insert(schema.REPLIES, [row])
    writer.record("replies", finding_id, None, dict(zip(schema.REPLIES.names, row, strict=True)))


def _plain(value: object) -> Value:
    if value is None or value == "":
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def finding_state(
    connection: sqlite3.Connection, finding_id: str, revision: int | None = None
) -> State | None:
    """Return a finding with what a decision on it rests on, now or as it was at ``revision``."""
    finding = _row_at(connection, "findings", finding_id, revision)
    if finding is None:
        return None
    projects = {}
    for code in (finding.get("project_a"), finding.get("project_b")):
        project = None if code is None else _project_at(connection, str(code), revision)
        if project is not None:
            projects[str(code)] = project
    run = _row_at(connection, "meta", "findings_run", revision) or {}
    policy = json.loads(str(run.get("value", "{}"))).get("policy_version")
    (decided,) = connection.execute(
        "SELECT max(revision) FROM decisions WHERE finding_id = ?", (finding_id,)
    ).fetchone()
    return finding | {
        "projects": projects, "policy_version": policy, "decided_revision": decided or 0
    }  # fmt: skip


def _row_at(
    connection: sqlite3.Connection, table: str, key: str, revision: int | None
) -> State | None:
    """Return a row as it is, or as it was: what the first change after ``revision`` replaced."""
    if revision is not None:
        changed = connection.execute(
            "SELECT before FROM change_log WHERE revision > ? AND table_name = ? AND row_key = ?"
            " ORDER BY revision, seq LIMIT 1",
            (revision, table, key),
        ).fetchone()
        if changed is not None:
            return None if changed[0] is None else dict(json.loads(changed[0]))
    if table == "meta":
        value = read_meta(connection).get(key)
        return None if value is None else {"value": value}
    row = connection.execute(
        f"SELECT {name_list(schema.FINDINGS.columns)} FROM findings WHERE finding_id = ?", (key,)
    ).fetchone()
    return None if row is None else document_of(schema.FINDINGS, row, place=False)


def _project_at(connection: sqlite3.Connection, code: str, revision: int | None) -> State | None:
    """Return ``stage`` and ``sites`` of a project, also where another program edited a site."""
    names = ("site_id", "method", "start", "finish")
    row = connection.execute("SELECT stage FROM projects WHERE code = ?", (code,)).fetchone()
    sites = connection.execute(
        'SELECT site_id, method, "start", finish FROM sites WHERE project_code = ? ORDER BY fid',
        (code,),
    ).fetchall()
    stage: Any = None if row is None else row[0]
    known = row is not None
    by_id: dict[Any, State] = {site[0]: dict(zip(names, site, strict=True)) for site in sites}
    if revision is not None:
        # Newest first, so that the change right after the revision has the last word.
        changes = connection.execute(
            "SELECT table_name, before, after FROM change_log WHERE revision > ?"
            " AND (table_name = 'projects' AND row_key = ?"
            "  OR table_name = 'sites' AND substr(row_key, 1, ?) = ?)"
            " ORDER BY revision DESC, seq DESC",
            (revision, code, len(code) + 1, f"{code}/"),
        )
        for table, before_text, after_text in changes:
            before = json.loads(before_text) if before_text else None
            after = json.loads(after_text) if after_text else None
            if table == "sites":
                if after is not None:
                    by_id.pop(after.get("site_id"), None)
                if before is not None:
                    by_id[before.get("site_id")] = {name: before.get(name) for name in names}
                continue
            known = before is not None
            stage = None if before is None else before.get("stage")
            if before is not None and "sites" in before:
                by_id = {
                    site.get("site_id"): {name: site.get(name) for name in names}
                    for site in before["sites"]
                }
    return {"stage": stage, "sites": list(by_id.values())} if known else None

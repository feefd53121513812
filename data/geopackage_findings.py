"""Findings and the decisions on them, written to and read from a store."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import pandas as pd

from coordination.faults import UsageError
from coordination.findings import STATUSES, Findings
from data import geopackage_schema as schema
from data.geopackage_crs import adopt_crs
from data.geopackage_rows import Row, Value, to_rows
from data.geopackage_writer import Writer, document_of, name_list, plain, read_meta, to_json


def put_findings(writer: Writer, findings: Findings, *, made_by: str = "") -> None:
    """Replace findings, spans, hot spots and the record of which rules ran.

    Findings follow from the data, so they move the log but not the ``data_revision``.
    """
    adopt_crs(writer, findings.table)
    run = {
        "as_of": str(findings.as_of.astype("datetime64[D]")),
        "policy_version": findings.policy_version,
        "data_revision": findings.data_revision,
        "made_by": made_by,
    }
    rules = pd.DataFrame(
        {
            "rule": [entry.rule for entry in findings.rules_run],
            "ran": [entry.ran for entry in findings.rules_run],
            "missing": [" ".join(entry.missing) for entry in findings.rules_run],
            "found": [entry.found for entry in findings.rules_run],
            "label_zh": [entry.label_zh for entry in findings.rules_run],
            "label_en": [entry.label_en for entry in findings.rules_run],
        }
    )
    rows = writer.keyed(schema.FINDINGS, findings.table)
    stored = writer.stored_layer(schema.FINDINGS)
    _log_findings(writer, rows, stored)
    # The order is worst first and belongs to the table, so the lists are compared, not the keys.
    if plain(list(stored.values())) != plain(list(rows.values())):
        writer.clear(schema.FINDINGS)
        writer.insert(schema.FINDINGS, list(rows.values()))
    others = (
        (schema.FINDING_SPANS, to_rows(findings.spans, schema.FINDING_SPANS.columns)),
        (schema.HOTSPOTS, writer.layer_rows(findings.hotspots, schema.HOTSPOTS)),
        (schema.RULES_RUN, to_rows(rules, schema.RULES_RUN.columns)),
    )
    for table, new_rows in others:
        if plain(writer.stored_rows(table), table) != plain(new_rows, table):
            writer.clear(table)
            writer.insert(table, new_rows)
    writer.set_meta("findings_run", json.dumps(run), data=False)


def _log_findings(writer: Writer, rows: Mapping[str, Row], stored: Mapping[str, Row]) -> None:
    """Log which findings came, went or changed; their place follows from the projects'."""
    for key in dict.fromkeys((*rows, *stored)):
        before, after = (
            None if row is None else document_of(schema.FINDINGS, row, place=False)
            for row in (stored.get(key), rows.get(key))
        )
        if before != after:
            writer.record("findings", key, before, after, data=False)


def put_decision(writer: Writer, finding_id: str, decision: Mapping[str, object]) -> None:
    """Append a decision (``status, note, agreed_item, deadline``) to a finding."""
    stored = writer.connection.execute(
        f"SELECT {name_list(schema.FINDINGS.columns)} FROM findings WHERE finding_id = ?",
        (finding_id,),
    ).fetchone()
    if stored is None:
        raise UsageError("store.no_such_finding", finding_id=finding_id)
    before = document_of(schema.FINDINGS, stored, place=False)
    status = decision.get("status") or before["status"]
    if status not in STATUSES:
        raise ValueError(f"unknown status {status!r}; one of {', '.join(STATUSES)}")
    state = before | _state_of_decision(writer, stored)
    texts = [_text_or_none(decision.get(name)) for name in ("note", "agreed_item", "deadline")]
    seen = decision.get("seen_revision")
    row = (
        finding_id, writer.revision, writer.actor, writer.at, status, *texts, to_json(state),
        _text_or_none(decision.get("reason_code")), None if seen is None else int(str(seen)),
        _text_or_none(state.get("policy_version")),
    )  # fmt: skip
    writer.insert(schema.DECISIONS, [row])
    writer.touch(schema.FINDINGS)
    writer.connection.execute(
        "UPDATE findings SET status = ? WHERE finding_id = ?", (status, finding_id)
    )
    writer.record(
        "decisions", finding_id, None, dict(zip(schema.DECISIONS.names, row, strict=True))
    )
    if status != before["status"]:
        writer.record("findings", finding_id, before, before | {"status": status})


def _state_of_decision(writer: Writer, finding: Row) -> dict[str, object]:
    """Return what a later run compares with: stage, methods and dates of the projects."""
    values = dict(zip(schema.FINDINGS.names, finding, strict=True))
    projects: dict[str, object] = {}
    for code in (values["project_a"], values["project_b"]):
        row = writer.connection.execute(
            "SELECT stage FROM projects WHERE code = ?", (code,)
        ).fetchone()
        if row is None:
            continue
        sites = writer.connection.execute(
            'SELECT site_id, method, "start", finish FROM sites WHERE project_code = ? ORDER BY fid',
            (code,),
        ).fetchall()
        names = ("site_id", "method", "start", "finish")
        projects[str(code)] = {
            "stage": row[0], "sites": [dict(zip(names, site, strict=True)) for site in sites]
        }  # fmt: skip
    run = json.loads(read_meta(writer.connection).get("findings_run", "{}"))
    return {"projects": projects, "policy_version": run.get("policy_version")}


def _text_or_none(value: object) -> Value:
    if value is None or value is pd.NaT:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)

"""``/api/v1/findings``: read findings, and record what was decided on them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import geopandas as gpd
import pandas as pd
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Language, Limit, Offset, SettingsNeeded, SnapshotsNeeded
from api.filters import in_bbox, known, parse_bbox
from api.paging import page
from api.problems import NotFoundError
from api.rows import geometries, rows
from api.workflow import decide, rules_run
from coordination.findings import SEVERITIES, STATUSES, Findings
from coordination.wording import table as wordings

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])


class Decision(BaseModel):
    """What a meeting decided on one finding."""

    model_config = ConfigDict(extra="forbid")

    status: Literal[
        "open", "notified", "negotiating", "resolved", "not_mergeable", "deferred", "waived"
    ]
    note: str = Field(default="", max_length=4000)
    agreed_item: str = Field(default="", max_length=4000)
    deadline: date | None = None


def finding_documents(findings: Findings, table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``table`` as JSON, each with its spans and its place in lon/lat."""
    own = findings.spans[findings.spans["finding_id"].isin(table["finding_id"])]
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in rows(own):
        spans.setdefault(span.pop("finding_id"), []).append(span)
    return [
        row | {"spans": spans.get(row["finding_id"], []), "geometry": shape}
        for row, shape in zip(rows(table), geometries(table), strict=True)
    ]


def _detected(snapshots: SnapshotsNeeded) -> tuple[Findings, pd.DataFrame, int]:
    newest = snapshots.newest()
    if newest.findings is None:
        raise NotFoundError("http.no_detection")
    return newest.findings, newest.city.projects, newest.city.data_revision


@router.get("")
def list_findings(
    request: Request,
    snapshots: SnapshotsNeeded,
    rule: Annotated[str | None, Query()] = None,
    severity: Annotated[str | None, Query()] = None,
    status: Annotated[str | None, Query()] = None,
    unit: Annotated[str | None, Query(description="owner unit of one of the projects")] = None,
    town: Annotated[str | None, Query(description="town of one of the projects")] = None,
    road: Annotated[str | None, Query()] = None,
    project: Annotated[str | None, Query(description="project code")] = None,
    period: Annotated[date | None, Query(alias="from", description="first day")] = None,
    until: Annotated[date | None, Query(alias="to", description="last day")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in lon/lat")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List what the last detection found, worst first."""
    findings, projects, revision = _detected(snapshots)
    table = findings.table
    if rule is not None:
        table = table[table["rule"] == known("rule", rule, wordings("labels.rule", "en"))]
    if severity is not None:
        table = table[table["severity"] == known("severity", severity, SEVERITIES)]
    if status is not None:
        table = table[table["status"] == known("status", status, STATUSES)]
    for column, value in (("owner_unit", unit), ("town", town), ("code", project)):
        if value is not None:
            codes = projects.loc[projects[column] == value, "code"]
            table = table[table["project_a"].isin(codes) | table["project_b"].isin(codes)]
    if road is not None:
        table = table[table["road"] == road]
    if period is not None:
        table = table[table["finish"] >= pd.Timestamp(period)]
    if until is not None:
        table = table[table["start"] <= pd.Timestamp(until)]
    if bbox is not None:
        table = table[in_bbox(table, parse_bbox(bbox))]
    documents = finding_documents(findings, table.iloc[offset : offset + limit])
    answer = page(
        request, documents, total=len(table), limit=limit, offset=offset, data_revision=revision
    )
    return answer | {
        "as_of": str(findings.as_of),
        "policy_version": findings.policy_version,
        "rules_run": rules_run(findings),
    }


@router.get("/{finding_id}")
def read_finding(finding_id: str, snapshots: SnapshotsNeeded, lang: Language) -> dict[str, Any]:
    """Return one finding with its spans and the decisions on it, oldest first."""
    del lang
    findings, _, _ = _detected(snapshots)
    table = findings.table[findings.table["finding_id"] == finding_id]
    if table.empty:
        raise NotFoundError("http.no_finding", finding_id=finding_id)
    with snapshots.store() as store:
        decisions = store.decisions()
    own = decisions[decisions["finding_id"] == finding_id].drop(columns=["finding_id", "state"])
    return finding_documents(findings, table)[0] | {"decisions": rows(own)}


@router.post("/{finding_id}/decisions", status_code=201)
def add_decision(
    finding_id: str, decision: Decision, snapshots: SnapshotsNeeded, settings: SettingsNeeded
) -> dict[str, Any]:
    """Record a decision; it stays with the finding through later detections."""
    with snapshots.store() as store:
        found = store.read_findings()
        if found is None or finding_id not in set(found.table["finding_id"]):
            raise NotFoundError("http.no_finding", finding_id=finding_id)
        document = decision.model_dump(mode="json")
        decide(store, finding_id, document, actor=settings.actor)
    return {"finding_id": finding_id} | document

"""``/api/v1/findings``: read findings, and record what was decided on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import geopandas as gpd
import pandas as pd
from fastapi import APIRouter, Query, Request, Response

from api.dependencies import Language, Limit, Offset, SnapshotsNeeded
from api.filters import in_bbox, known, parse_bbox
from api.paging import page
from api.problems import NotFoundError
from api.review import Chosen, history, review_documents, reviewed
from api.rows import geometries, rows
from api.workflow import rules_run
from coordination.city import City
from coordination.findings import SEVERITIES, STATUSES, Findings, rule_labels
from coordination.partners import with_others

router = APIRouter(prefix="/api/v1/findings", tags=["findings"])


def finding_documents(
    city: City, findings: Findings, table: gpd.GeoDataFrame
) -> list[dict[str, Any]]:
    """Return the rows of ``table`` as JSON, each with its spans, its place in lon/lat, and what
    people call a restriction, asset or zone that it names.
    """  # noqa: D205 the sentence is one
    table = with_others(city, table)
    own = findings.spans[findings.spans["finding_id"].isin(table["finding_id"])]
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in rows(own):
        spans.setdefault(span.pop("finding_id"), []).append(span)
    return [
        row | {"spans": spans.get(row["finding_id"], []), "geometry": shape}
        for row, shape in zip(rows(table), geometries(table), strict=True)
    ]


def _detected(snapshots: SnapshotsNeeded) -> tuple[Findings, City]:
    newest = snapshots.newest()
    if newest.findings is None:
        raise NotFoundError("http.no_detection")
    return newest.findings, newest.city


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
    overdue: Annotated[bool, Query(description="a reply is overdue")] = False,
    as_of: Annotated[date | None, Query(description="day of judgement of what is overdue")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List what the last detection found, worst first."""
    findings, city = _detected(snapshots)
    projects, table = city.projects, findings.table
    if rule is not None:
        table = table[table["rule"] == known("rule", rule, rule_labels(findings.rules_run, "en"))]
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
    if overdue:
        with snapshots.store() as store:
            late = reviewed(store, Chosen(overdue=True), as_of=as_of).table["finding_id"]
        table = table[table["finding_id"].isin(late)]
    documents = finding_documents(city, findings, table.iloc[offset : offset + limit])
    answer = page(
        request, documents, total=len(table), limit=limit, offset=offset,
        data_revision=city.data_revision,
    )  # fmt: skip
    return answer | {
        "as_of": str(findings.as_of),
        "policy_version": findings.policy_version,
        "rules_run": rules_run(findings),
    }


@router.get("/{finding_id}")
def read_finding(
    finding_id: str, response: Response, snapshots: SnapshotsNeeded, lang: Language
) -> dict[str, Any]:
    """Return one finding with its spans, who is asked until when, and decisions, oldest first.

    ``revision`` (also the ETag) is what a decision on it refers to.
    """
    del lang
    findings, city = _detected(snapshots)
    table = findings.table[findings.table["finding_id"] == finding_id]
    if table.empty:
        raise NotFoundError("http.no_finding", finding_id=finding_id)
    with snapshots.store() as store:
        found = reviewed(store, Chosen(status=table["status"].iloc[0]), as_of=None)
        past = history(store, finding_id)
    found = replace(found, table=found.table[found.table["finding_id"] == finding_id])
    told = {
        name: value
        for one in review_documents(found)
        for name, value in one.items()
        if name in ("units", "deadline", "asked", "overdue_units")
    }
    response.headers["ETag"] = f'"{past["revision"]}"'
    return finding_documents(city, findings, table)[0] | told | past

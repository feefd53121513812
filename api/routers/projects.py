"""``/api/v1/projects``: read projects with their sites."""

from __future__ import annotations

from typing import Annotated, Any

import geopandas as gpd
import pandas as pd
from fastapi import APIRouter, Query, Request

from api.dependencies import Language, Limit, Offset, SnapshotsNeeded
from api.filters import in_bbox, parse_bbox
from api.paging import page
from api.problems import NotFoundError
from api.rows import geometries, rows
from coordination.projects import FIELDS

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])

PRIVATE = [field.name for field in FIELDS if field.private]


def with_sites(projects: pd.DataFrame, sites: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return projects as JSON, each with its ``sites``; contacts left out."""
    own = sites[sites["project_code"].isin(projects["code"])]
    shapes = geometries(own)
    by_code: dict[str, list[dict[str, Any]]] = {}
    for site, shape in zip(rows(own), shapes, strict=True):
        by_code.setdefault(site.pop("project_code"), []).append(site | {"geometry": shape})
    public = projects.drop(columns=PRIVATE, errors="ignore")
    return [project | {"sites": by_code.get(project["code"], [])} for project in rows(public)]


@router.get("")
def list_projects(
    request: Request,
    snapshots: SnapshotsNeeded,
    sector: Annotated[str | None, Query()] = None,
    stage: Annotated[str | None, Query()] = None,
    unit: Annotated[str | None, Query(description="owner unit")] = None,
    town: Annotated[str | None, Query()] = None,
    road: Annotated[str | None, Query()] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in lon/lat")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """List projects in the order of their codes."""
    city = snapshots.newest().city
    projects = city.projects
    for column, value in (
        ("sector", sector),
        ("stage", stage),
        ("owner_unit", unit),
        ("town", town),
    ):
        if value is not None:
            projects = projects[projects[column] == value]
    if road is not None:
        on_road = city.sites.loc[city.sites["road"] == road, "project_code"]
        projects = projects[projects["code"].isin(on_road)]
    if bbox is not None:
        inside = city.sites.loc[in_bbox(city.sites, parse_bbox(bbox)), "project_code"]
        projects = projects[projects["code"].isin(inside)]
    projects = projects.sort_values("code", kind="stable")
    shown = projects.iloc[offset : offset + limit]
    return page(
        request, with_sites(shown, city.sites), total=len(projects), limit=limit, offset=offset,
        data_revision=city.data_revision,
    )  # fmt: skip


@router.get("/{code:path}")
def read_project(code: str, snapshots: SnapshotsNeeded, lang: Language) -> dict[str, Any]:
    """Return one project with its sites and its revision."""
    del lang
    city = snapshots.newest().city
    project = city.projects[city.projects["code"] == code]
    if project.empty:
        raise NotFoundError("http.no_project", code=code)
    return with_sites(project, city.sites)[0]

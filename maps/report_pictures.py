"""Small SVG pictures for the report: the plan of a case, its windows in time, a road's openings.

They carry numbers, road names and ISO dates only, so that one picture serves both languages; the
numbers are those of the list of members that stands beside them. System fonts; every text is
escaped; equal input gives equal text.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.audience import ANYBODY, Audience, for_audience
from coordination.city import City
from coordination.figures import MOST_MEMBERS, MOST_ROADS, Case, RoadOpenings, cases_of, worst_roads
from coordination.findings import Findings
from maps.report_plan import case_plan_svg
from maps.report_timelines import gantt_svg, road_timeline_svg


def report_pictures(
    city: City,
    findings: Findings,
    *,
    unit: str | None = None,
    audience: Audience = ANYBODY,
    detailed: int = 100,
) -> dict[str, str]:
    """Return the pictures of one report; the arguments are those of ``data.report_page``.

    Parameters
    ----------
    city, findings
        The whole truth; what ``audience`` may not see is taken out here.
    unit
        Only the cases in which this unit takes part.
    audience
        Who reads the report.
    detailed
        How many cases, from the worst, are shown in full.

    Returns
    -------
    dict
        ``plan:CASE_ID``, ``gantt:CASE_ID`` and ``road:ROAD`` to SVG text. A case without any place
        or time has no such picture.
    """
    shown_city, shown = for_audience(city, findings, audience)
    sites = _works(shown_city)
    rows_of_code = sites.groupby("project_code", sort=False).indices if len(sites) else {}
    as_of = pd.Timestamp(findings.as_of)
    pictures: dict[str, str] = {}
    for case in cases_of(shown_city, shown, unit=unit)[:detailed]:
        members = case.projects[:MOST_MEMBERS]
        lists = [rows_of_code.get(code, np.array([], dtype=np.intp)) for code in members]
        rows = np.concatenate(lists) if lists else np.array([], dtype=np.intp)
        numbers = np.repeat(np.arange(1, len(members) + 1), [len(part) for part in lists])
        own = gpd.GeoDataFrame(sites.iloc[rows])
        plan = _plan_of_case(shown_city, shown, case, own, numbers)
        if plan:
            pictures[f"plan:{case.case_id}"] = plan
        dated = (own["start"].notna() & own["finish"].notna()).to_numpy()
        if dated.any():
            pictures[f"gantt:{case.case_id}"] = gantt_svg(
                pd.DataFrame(own[dated]).assign(number=numbers[dated]), len(members), as_of=as_of
            )
    for road in worst_roads(shown)[:MOST_ROADS]:
        windows = _windows_of_road(shown_city, road)
        if len(windows):
            pictures[f"road:{road.road}"] = road_timeline_svg(windows, as_of=as_of)
    return pictures


def _works(city: City) -> gpd.GeoDataFrame:
    """Return the sites, and the finished works of the ledger under their ledger id."""
    ledger = city.ledger
    if ledger is None or ledger.empty:
        return city.sites
    finished = gpd.GeoDataFrame(
        {
            "project_code": ledger["ledger_id"].astype("str"),
            "start": pd.to_datetime(ledger["start"]),
            "finish": pd.to_datetime(ledger["finish"]),
        },
        geometry=ledger.geometry,
        crs=ledger.crs,
    )
    return gpd.GeoDataFrame(pd.concat([city.sites, finished], ignore_index=True))


def _plan_of_case(
    city: City,
    findings: Findings,
    case: Case,
    sites: gpd.GeoDataFrame,
    numbers: npt.NDArray[np.int64],
) -> str:
    table = findings.table.iloc[list(case.rows)]
    shared = table.geometry.to_numpy()
    return case_plan_svg(
        footprints=sites.geometry.to_numpy(),
        numbers=numbers,
        shared=shared,
        severities=table["severity"].tolist(),
        city=city,
        roads=case.roads,
    )


def _windows_of_road(city: City, road: RoadOpenings) -> pd.DataFrame:
    """Return start and finish of what opened the road, or will, as far as the store knows."""
    sites = city.sites
    here = sites["project_code"].isin(road.project_codes) & (
        sites["road"].isna() | (sites["road"] == road.road)
    )
    parts = [pd.DataFrame(sites.loc[here, ["start", "finish"]])]
    if city.ledger is not None and len(city.ledger):
        ledger = city.ledger
        opened = (ledger["road"] == road.road) & (ledger["kind"] == "opening")
        parts.append(pd.DataFrame(ledger.loc[opened, ["start", "finish"]]))
    return pd.concat(parts, ignore_index=True).dropna().sort_values(["start", "finish"])

"""Closures laid on a complete published network; a partial one is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination import Policy, detect
from coordination.city import City
from coordination.findings import Findings
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.read_roads import read_roads
from geo.network_completeness import network_completeness
from geo.road_network import RoadNetwork, build_network

pytestmark = pytest.mark.real_data


def network_of(path: Path) -> RoadNetwork:
    policy = Policy().network
    lines = read_roads(path).centre_lines
    return build_network(lines, width_m=policy.width_m, corner_radius_m=policy.corner_radius_m)


def with_closures(network: RoadNetwork, sections: list[int]) -> Findings:
    """Return what is found where the whole of each section is closed in March 2026."""
    own = network.sections.iloc[sections]
    codes = [f"P{at}" for at in sections]
    projects = as_fields(
        pd.DataFrame(
            {"code": codes, "name": codes, "owner_unit": codes, "sector": "road",
             "work_type": "major_repair", "stage": "approved"}
        ),
        PROJECT_FIELDS,
    )  # fmt: skip
    dates = pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-31")
    rows = pd.DataFrame(
        {"site_id": codes, "road": own["road"].to_numpy(), "method": "surface",
         "traffic_impact": "full", "start": dates[0], "finish": dates[1]}
    )  # fmt: skip
    width = own["width_m"].to_numpy() / 2
    strips = shapely.buffer(own.geometry.to_numpy(), width, cap_style="flat")
    sites = gpd.GeoDataFrame(
        as_fields(rows, SITE_FIELDS).assign(project_code=codes, footprint_source="polygon"),
        geometry=np.array([shapely.MultiPolygon([strip]) for strip in strips], dtype=object),
        crs=network.crs,
    )
    city = City(network.crs, projects, sites, network=network)
    return detect(city, Policy(), as_of=date(2026, 1, 1))


def test_the_complete_network_is_judged_on(real_data: Path) -> None:
    network = network_of(real_data / "shanghai_jingan_osm" / "edges.geojson")
    whole = network_completeness(network)
    assert whole.joined_share == pytest.approx(0.926, abs=0.002)
    # High for a complete network: the file keeps one piece only of every two-way street.
    assert whole.no_way_round_share == pytest.approx(0.263, abs=0.002)
    laid = ["f90dc743a13e129b", "a4607b82283f1d81", "74593daba5346140", "b87435e40b67e49d"]
    rows = [network.sections.index[network.sections["section_id"] == name][0] for name in laid]
    table = with_closures(network, rows).table
    table = table[table["rule"] == "parallel_closure"].set_index("road")
    pairs = {frozenset(pair) for pair in zip(table["project_a"], table["project_b"], strict=True)}
    codes = [f"P{row}" for row in rows]
    assert pairs == {frozenset(codes[:2]), frozenset(codes[2:])}
    assert "绕行不超过 817 米" in table.loc["汉口路", "reason_zh"]
    assert "须绕行 2024 米" in table.loc["汉口路", "reason_zh"]
    assert table.loc["延安东路", "severity"] == "high"


def test_the_partial_network_is_refused(real_data: Path) -> None:
    network = network_of(real_data / "shanghai_jiading_osm_roads" / "ways.geojson")
    whole = network_completeness(network)
    assert (whole.joined_share < 0.1, whole.no_way_round_share > 0.7) == (True, True)
    run = next(
        run for run in with_closures(network, [0, 5]).rules_run if run.rule == "parallel_closure"
    )
    assert (run.ran, run.missing) == (False, ("network_partial",))

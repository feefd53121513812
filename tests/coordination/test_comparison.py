"""The plans side by side: findings are counted as if the bundles of each plan were accepted."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from coordination import City, Policy
from coordination.comparison import compare_plans, count_findings, scheduled_city
from coordination.detection import look
from coordination.schedule_build import schedule_problem
from coordination.schedule_check import check_schedule
from coordination.schedule_rounds import Search
from coordination.scheduling import plan

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))
from test_redetection import NETWORK, tables

AS_OF = np.datetime64("2026-01-01", "D")
FILED = [
    ("A", 20, "2026-03-01", "2026-03-20"), ("B", 60, "2026-05-01", "2026-05-20"),
    ("D", 400, "2026-03-01", "2026-03-20"), ("E", 430, "2026-05-01", "2026-05-20"),
    ("F", 700, "2026-05-01", "2026-05-20"),
]  # fmt: skip


def city() -> City:
    made = [tables(*row, stage="annual_plan") for row in FILED]
    sites = pd.concat([one[1] for one in made], ignore_index=True)
    return City(
        CRS(4549), pd.concat([one[0] for one in made], ignore_index=True),
        gpd.GeoDataFrame(sites, geometry="geometry", crs=4549), network=NETWORK,
    )  # fmt: skip


def test_the_city_of_a_plan_has_its_bundles_accepted_and_those_for_traffic_not() -> None:
    # Moving weighs little, so that works are put side by side and not only close behind each other.
    policy = replace(Policy(), plan=replace(Policy().plan, move_yuan_day=1.0))
    context = look(city(), policy, AS_OF)
    problem = schedule_problem(context)
    compared = compare_plans(plan(problem, Search(deterministic_s=1.0)), context)
    best = compared.plan.schedules["optimised"]
    then = scheduled_city(context.city, context, problem, best)
    held = then.bundles.groupby("bundle_id")["code"].agg(sorted).to_dict()
    assert held == {
        one.bundle_id: list(one.codes)
        for one in compared.bundles
        if one.mode != "traffic_management"
    }
    assert sorted(held.values()) == [["A", "B"], ["D", "E"]]
    assert compared.findings is not None
    # Without the bundles the shared openings would be findings again.
    bare = City(**{**vars(then), "bundles": context.city.bundles})
    assert compared.findings["optimised"] < count_findings(bare, policy, as_of=AS_OF)


def test_of_a_plan_as_filed_nothing_is_bundled() -> None:
    context = look(city(), Policy(), AS_OF)
    problem = schedule_problem(context)
    then = scheduled_city(context.city, context, problem, check_schedule(problem, problem.filed()))
    assert then.bundles.empty

"""Predicted against achieved: what was really shared counts, by the same formula."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from pyproj import CRS

from coordination import City, Policy
from coordination.bundling import bundles
from coordination.detection import look
from coordination.savings_ledger import achieved_wan, savings_ledger
from coordination.schedule_build import schedule_problem
from coordination.schedule_check import check_schedule

sys.path.insert(0, str(Path(__file__).parents[1] / "api"))
from test_redetection import NETWORK, tables


def city_of(*rows: tuple[str, float, str, str], **fields: Any) -> City:
    """Return completed projects that were at work on these days, filed for quite others."""
    made = [tables(code, at, "2020-01-01", "2020-01-20", stage="completed", town=f"镇{code}",
                   **fields) for code, at, _, _ in rows]  # fmt: skip
    sites = pd.concat([one[1] for one in made], ignore_index=True).assign(
        actual_start=pd.to_datetime([row[2] for row in rows]),
        actual_finish=pd.to_datetime([row[3] for row in rows]),
    )
    return City(
        CRS(4549), pd.concat([one[0] for one in made], ignore_index=True),
        gpd.GeoDataFrame(sites, geometry="geometry", crs=4549), network=NETWORK,
    )  # fmt: skip


def accepted(codes: str, mid: float, mode: str = "shared_trench") -> pd.DataFrame:
    return pd.DataFrame(
        [{"bundle_id": f"B{codes}", "name": "甲路", "mode": mode, "codes": codes,
          "saving_low_wan": mid / 2, "saving_mid_wan": mid, "saving_high_wan": mid * 2}]
    )  # fmt: skip


TOGETHER = [("A", 20, "2026-03-01", "2026-03-20"), ("B", 20, "2026-03-10", "2026-03-31")]
APART = [("A", 20, "2026-03-01", "2026-03-20"), ("B", 20, "2026-06-10", "2026-06-30")]


def test_what_was_really_shared_is_what_a_plan_with_these_days_would_have_saved() -> None:
    city = city_of(*TOGETHER)
    filed = city.sites.assign(
        start=city.sites["actual_start"], finish=city.sites["actual_finish"],
        actual_start=pd.NaT, actual_finish=pd.NaT,
    )  # fmt: skip
    planned = replace(city, sites=filed, projects=city.projects.assign(stage="approved"))
    context = look(planned, Policy(), pd.Timestamp("2026-01-01").to_datetime64())
    problem = schedule_problem(context)
    (one,) = bundles(problem, check_schedule(problem, problem.filed()), context)
    assert one.saved_wan[1] > 0
    assert achieved_wan(city, ["A", "B"], Policy()).tolist() == pytest.approx(one.saved_wan)


def test_a_pair_that_shares_little_saves_what_it_shares() -> None:
    # A and B lie on 30 m of one another: too little for a bundle, unless a coordinator joins them.
    few = city_of(("A", 20, "2026-03-01", "2026-03-20"), ("B", 90, "2026-03-10", "2026-03-31"))
    whole = achieved_wan(city_of(*TOGETHER), ["A", "B"], Policy())
    assert achieved_wan(few, ["A", "B"], Policy()).tolist() == pytest.approx(
        (whole * 0.3).tolist(), rel=1e-3
    )


def test_what_was_opened_twice_after_all_saved_nothing() -> None:
    assert achieved_wan(city_of(*APART), ["A", "B"], Policy()).tolist() == [0.0, 0.0, 0.0]


def test_groups_add_up_to_the_whole() -> None:
    city = city_of(*TOGETHER)
    told = savings_ledger(city, accepted("A B", 3.0), Policy())
    assert told.bundles["state"].tolist() == ["done"]
    totals = told.totals()
    assert totals["predicted_mid_wan"] == totals["due_mid_wan"] == 3.0
    assert totals["achieved_mid_wan"] > 0
    for name, table in told.groups.items():
        assert table["achieved_mid_wan"].sum() == pytest.approx(
            totals["achieved_mid_wan"], abs=1e-3
        ), name
    assert told.groups["town"]["name"].tolist() == ["镇A", "镇B"]
    assert told.groups["town"]["predicted_mid_wan"].tolist() == [1.5, 1.5]


def test_what_is_not_over_has_only_a_prediction() -> None:
    city = city_of(*TOGETHER)
    stages = city.projects.assign(stage=["completed", "in_progress"])
    for changed, state in (
        (replace(city, projects=stages), "under_way"),
        (replace(city, projects=city.projects.assign(stage="approved")), "planned"),
        (replace(city, sites=city.sites.assign(actual_finish=pd.NaT)), "no_dates"),
    ):
        told = savings_ledger(changed, accepted("A B", 3.0), Policy())
        assert told.bundles["state"].tolist() == [state]
        assert told.bundles["achieved_mid_wan"].isna().all()
        assert (told.totals()["due_mid_wan"], told.totals()["predicted_mid_wan"]) == (0.0, 3.0)


def test_bundles_for_traffic_only_and_no_bundles_at_all_save_nothing() -> None:
    city = city_of(*TOGETHER)
    for table in (accepted("A B", 3.0, "traffic_management"), accepted("A B", 3.0).iloc[0:0]):
        told = savings_ledger(city, table, Policy())
        assert told.bundles.empty
        assert told.totals()["achieved_mid_wan"] == 0.0
        assert told.groups["sector"].empty

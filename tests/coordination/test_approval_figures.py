"""The figures behind an approval, from works on known roads and findings by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.approval import FIGURES
from coordination.approval_figures import approval_figures
from coordination.city import City
from coordination.detection import detect
from coordination.policy import Policy
from coordination.rules.concurrent_works import ConcurrentWorks

Work = dict[str, Any]
AS_OF = date(2026, 1, 1)


def finding(rule: str, a: str, b: str | None, **changed: Any) -> Work:
    return {
        "finding_id": f"{rule}-{a}-{b}", "rule": rule, "severity": "high", "status": "open",
        "project_a": a, "project_b": b, "kind_b": "project",
    } | changed  # fmt: skip


def figures(city: City, *findings: Work, codes: list[str] | None = None) -> pd.DataFrame:
    columns = list(finding("", "", None))
    table = pd.DataFrame(list(findings), columns=columns)
    return approval_figures(city, table, Policy(), as_of=AS_OF, codes=codes).set_index("code")


def test_size_and_road_of_a_project(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", cost_wan=80.0, line_kind="hard"),
        work("A", "2026-03-01", "2026-03-31", site_id="A-2", box=(100.0, 998.0, 150.0, 1002.0)),
        work("B", "2026-03-01", "2026-03-31", method="trenchless"),
        work("C", "2026-03-01", "2026-03-31", method="none"),
        work("D", "2026-03-01", "2026-03-31", box=None, footprint_source=None),
        work("E", None, None),
    )
    found = figures(city)
    assert found.index.tolist() == ["A", "B", "C", "D", "E"]
    assert found["road_class"].fillna("").tolist() == ["arterial", "local", "local", "", "local"]
    assert found["length_m"].fillna(-1).tolist() == [150.0, 20.0, 0.0, -1.0, 100.0]
    assert found["area_m2"].fillna(-1).tolist() == [500.0, 60.0, 0.0, -1.0, 300.0]
    assert found["method"].tolist() == ["open_cut", "trenchless", "none", "open_cut", "open_cut"]
    assert np.isnan(found.loc["D", "impact_index"])
    assert np.isnan(found.loc["E", "impact_index"])
    assert found.loc["A", "impact_index"] > found.loc["C", "impact_index"] > 0


def test_finished_projects_are_left_out_unless_they_are_named(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2025-03-01", "2025-03-31", stage="completed"),
        work("C", "2026-03-01", "2026-03-31", stage="withdrawn"),
        work("D", "2025-12-01", "2026-03-31", stage="in_progress"),
    )
    assert figures(city).index.tolist() == ["A", "D"]
    assert figures(city, codes=["D", "B"]).index.tolist() == ["B", "D"]
    assert len(figures(city, codes=[])) == 0


@pytest.mark.parametrize(
    ("changed", "findings", "utilities"),
    [
        ({}, 1, 2),
        ({"severity": "medium"}, 1, 2),
        ({"severity": "notice"}, 0, 1),
        ({"status": "resolved"}, 0, 1),
        ({"status": "waived"}, 0, 1),
        ({"status": "cleared"}, 0, 1),
        ({"status": "negotiating"}, 1, 2),
        ({"status": "to_reassess"}, 1, 2),
        ({"status": "deferred"}, 1, 2),
    ],
)
def test_findings_count_while_they_are_not_settled(
    work: Callable[..., Work], make_city: Callable[..., City], changed: Work, findings: int,
    utilities: int,
) -> None:  # fmt: skip
    city = make_city(*(work(code, "2026-03-01", "2026-03-31") for code in "ABC"))
    found = figures(city, finding("concurrent_works", "A", "B", **changed))
    assert found["findings"].tolist() == [findings, findings, 0]
    assert found["utilities"].tolist() == [utilities, utilities, 1]


def test_one_kind_of_utility_counts_once(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-03-01", "2026-03-31"),
        work("E", "2026-03-01", "2026-03-31", utility="water"),
        work("F", "2026-03-01", "2026-03-31", utility=None),
    )
    found = figures(
        city,
        finding("concurrent_works", "A", "B"),
        finding("concurrent_works", "A", "E"),
        finding("concurrent_works", "A", "F"),
    )
    assert found.loc["A", ["findings", "utilities"]].tolist() == [3, 2]
    assert found.loc["F", ["findings", "utilities"]].tolist() == [1, 1]


def test_the_later_of_two_projects_digs_up_what_the_other_made(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    city = make_city(
        work("A", "2026-09-01", "2026-09-30"),
        work("R", "2024-03-01", "2024-09-01", sector="road", stage="in_progress"),
        work("S", "2026-09-01", "2026-09-30"),
    )
    found = figures(
        city,
        finding("no_dig_period", "A", "R"),
        finding("no_dig_period", "L1", "S", kind_b="project", severity="notice"),
    )
    assert found["no_dig"].tolist() == [True, False, False]
    assert found.loc["A", "surface_age_years"] == pytest.approx(2.0, abs=0.01)
    turned = figures(city, finding("no_dig_period", "R", "A"))
    assert turned["no_dig"].tolist() == [True, False, False]


def test_the_age_of_a_surface_in_the_ledger(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    entry = {
        "ledger_id": "L1", "kind": "resurfacing", "day": "2023-03-01", "start": "2023-02-01", "finish": "2023-03-01", "road": "甲路",
        "box": (0.0, -6.0, 600.0, 6.0),
    }  # fmt: skip
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-01", "2026-03-31"), ledger=[entry]
    )
    found = figures(city, finding("no_dig_period", "A", "L1", kind_b="ledger"))
    assert found["no_dig"].tolist() == [True, False]
    assert found.loc["A", "surface_age_years"] == pytest.approx(3.0, abs=0.01)
    assert np.isnan(found.loc["B", "surface_age_years"])


def test_without_detection_nothing_is_claimed(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"))
    found = approval_figures(city, None, Policy(), as_of=AS_OF)
    assert found.columns.tolist() == ["code", "name", "owner_unit", *FIGURES[1:]]
    assert found[["no_dig", "findings", "utilities"]].isna().all(axis=None)
    offroad = approval_figures(
        make_city(work("A", "2026-03-01", "2026-03-31"), roads=False), None, Policy(), as_of=AS_OF
    )
    assert offroad["road_class"].isna().all()


def test_counted_traffic_goes_before_the_estimate(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    # 31 days (3), a local road (1), its volume, a lane (3), 100 m (4).
    city = make_city(work("A", "2026-03-01", "2026-03-31", traffic_impact="lane"))
    estimated = figures(city).loc["A", "impact_index"]
    counts = gpd.GeoDataFrame(
        {"asset_id": ["v"], "kind": "traffic_volume", "value": 50000.0},
        geometry=[shapely.from_wkt("LINESTRING (0 0, 600 0)")], crs=4549,
    )  # fmt: skip
    counted = replace(city, assets=counts)
    index = figures(counted).loc["A", "impact_index"]
    assert index > estimated
    work_b = work("B", "2026-03-01", "2026-03-31", traffic_impact="lane")
    both = replace(
        make_city(work("A", "2026-03-01", "2026-03-31", traffic_impact="lane"), work_b),
        assets=counts,
    )
    told = detect(both, Policy(), as_of=AS_OF, rules=(ConcurrentWorks(),)).table
    assert told["impact_index"].tolist() == [index]


def test_a_restriction_of_the_same_name_is_no_matter_of_the_project(
    work: Callable[..., Work], make_city: Callable[..., City]
) -> None:
    days = ("2026-03-01", "2026-03-31")
    met = finding("restricted_period", "A", "B", kind_b="restriction")
    found = figures(make_city(work("A", *days), work("B", *days)), met)
    assert found["findings"].tolist() == [1, 0]

"""The figures of a meeting: literal answers on a city written by hand, and laws of the estimate."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.figures import (
    Coverage,
    Saving,
    cases,
    coverage,
    figures,
    joint_saving,
    worst_roads,
)


def test_figures_of_the_example(meeting: Any) -> None:
    got = figures(meeting.city, meeting.findings)
    assert (got.projects, got.sites, got.units) == (7, 7, 6)
    # The cleared finding counts nowhere.
    assert got.findings == 6
    assert got.by_severity == {"high": 2, "medium": 2, "notice": 2}
    assert got.by_rule == {
        "concurrent_works": {"high": 2, "medium": 0, "notice": 0},
        "repeat_excavation": {"high": 0, "medium": 2, "notice": 0},
        "opportunity": {"high": 0, "medium": 0, "notice": 1},
        "incomplete_data": {"high": 0, "medium": 0, "notice": 1},
    }
    assert (got.cases, got.open_cases) == (3, 2)
    assert got.cases_by_severity == {"high": 2, "medium": 1, "notice": 0}
    assert got.incomplete_projects == 1
    assert (got.metres_opened, got.reopened_m, got.roads_reopened) == (820.0, 320.0, 2)
    # W1-R1 and W1-G1 join the three works; G1-R1 would count one of them twice. c3 is settled.
    assert got.saving == Saving(11.04, 16.92, 22.8)


def test_coverage_counts_projects_with_usable_place_time_and_cost(meeting: Any) -> None:
    total, first, *_ = coverage(meeting.city)
    assert total == Coverage(None, 7, with_place=6, with_time=6, with_cost=6, complete=5)
    assert first == Coverage("给水公司", 2, with_place=1, with_time=1, with_cost=2, complete=1)


def test_coverage_leaves_withdrawn_projects_out_and_asks_every_site(meeting: Any) -> None:
    city = meeting.city
    projects = city.projects.copy()
    projects.loc[projects["code"] == "D1", "stage"] = "withdrawn"
    extra = city.sites[city.sites["project_code"] == "G1"].assign(site_id="G1-2", start=pd.NaT)
    sites = pd.concat([city.sites, extra], ignore_index=True)
    total = coverage(replace(city, projects=projects, sites=sites))[0]
    assert (total.projects, total.with_place, total.with_time) == (6, 6, 5)


def test_coverage_of_nothing(meeting: Any) -> None:
    empty = replace(
        meeting.city, projects=meeting.city.projects.iloc[:0], sites=meeting.city.sites.iloc[:0]
    )
    assert coverage(empty) == (Coverage(None, 0, 0, 0, 0, 0),)
    sites_lost = replace(meeting.city, sites=meeting.city.sites.iloc[:0])
    assert coverage(sites_lost)[0] == Coverage(None, 7, 0, 0, 6, 0)


def test_cases_come_worst_first_and_settled_last(meeting: Any) -> None:
    listed = cases(meeting.findings)
    assert [case.case_id for case in listed] == ["c1", "c2", "c3"]
    assert [case.is_open for case in listed] == [True, True, False]
    first = listed[0]
    assert (first.severity, first.rows, first.roads) == ("high", (0, 1, 2), ("仓场路",))
    assert first.projects == ("G1", "W1", "R1")
    assert first.impact_index == 3.25
    assert listed[2].saving is None


def test_cases_of_some_projects(meeting: Any) -> None:
    assert [case.case_id for case in cases(meeting.findings, projects=["T1"])] == ["c3"]
    assert cases(meeting.findings, projects=[]) == ()


def test_a_dossier_that_joins_all_pairs_closes_the_case(meeting: Any) -> None:
    table = meeting.findings.table.copy()
    table.loc[table["case_id"] == "c2", "coordinated"] = "案卷 12"
    listed = cases(replace(meeting.findings, table=table))
    assert [(case.case_id, case.is_open) for case in listed[:2]] == [("c1", True), ("c2", False)]


def test_a_finding_without_case_is_its_own(meeting: Any) -> None:
    table = meeting.findings.table.assign(case_id=None)
    assert len(cases(replace(meeting.findings, table=table))) == 5


def test_worst_roads(meeting: Any) -> None:
    first, second = worst_roads(meeting.findings)
    assert (first.road, first.openings_24m, first.shortest_gap_days) == ("仓场路", 3, 14.0)
    assert (first.metres_opened, first.reopened_m, first.hotspots) == (700.0, 260.0, 2)
    assert first.project_codes == ("W1", "G1", "R1")
    assert second.road == "博园路"


def test_without_network_there_are_no_metres(meeting: Any) -> None:
    bare = replace(meeting.findings, hotspots=meeting.findings.hotspots.iloc[:0])
    got = figures(meeting.city, bare)
    assert np.isnan(got.metres_opened)
    assert worst_roads(bare) == ()


def test_figures_of_nothing(meeting: Any) -> None:
    nothing = replace(
        meeting.findings,
        table=meeting.findings.table.iloc[:0],
        hotspots=meeting.findings.hotspots.iloc[:0],
    )
    got = figures(meeting.city, nothing)
    assert (got.findings, got.cases, got.saving) == (0, 0, None)
    assert got.by_severity == {"high": 0, "medium": 0, "notice": 0}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=7), st.randoms(use_true_random=False))
def test_joint_saving_is_separate_minus_together_on_one_stretch(
    widths: list[int], rnd: Any
) -> None:
    # Opening one stretch costs its widest dig; a pair saves the narrower of the two.
    pairs = list(combinations(range(len(widths)), 2))
    rnd.shuffle(pairs)
    mid = np.array([min(widths[a], widths[b]) for a, b in pairs], dtype=float)
    table = pd.DataFrame(
        {
            "road": "R",
            "project_a": [f"P{a}" for a, _ in pairs],
            "project_b": [f"P{b}" for _, b in pairs],
            "saving_low_wan": mid / 2,
            "saving_mid_wan": mid,
            "saving_high_wan": mid * 2,
        }
    )
    saving = joint_saving(table)
    assert saving is not None
    assert saving.mid_wan == pytest.approx(sum(widths) - max(widths))
    assert saving.low_wan == pytest.approx(saving.mid_wan / 2)


def test_roads_save_apart_and_one_pair_once() -> None:
    table = pd.DataFrame(
        {
            "road": ["R", "R", "Q", None],
            "project_a": "A",
            "project_b": "B",
            "saving_low_wan": [1.0, 2.0, 1.0, np.nan],
            "saving_mid_wan": [2.0, 3.0, 1.0, np.nan],
            "saving_high_wan": [3.0, 4.0, 1.0, np.nan],
        }
    )
    assert joint_saving(table) == Saving(3.0, 4.0, 5.0)
    assert joint_saving(table.iloc[3:]) is None

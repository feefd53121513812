"""Other windows for a project: planted situations whose best window is known."""

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

from coordination import Policy
from coordination.check import Verdict, check
from coordination.city import City
from coordination.movable import movable_windows
from coordination.works import works_table

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = np.datetime64("2026-01-01", "D")


def verdict_of(city: City, code: str, policy: Policy | None = None) -> Verdict:
    """Return the check of a stored project in place of itself."""
    projects = city.projects[city.projects["code"] == code].reset_index(drop=True)
    sites = city.sites[city.sites["project_code"] == code].reset_index(drop=True)
    answer = check(city, projects, sites, policy or Policy(), as_of=AS_OF)
    return answer.verdicts[0]


def windows(verdict: Verdict) -> list[tuple[date, date]]:
    assert verdict.other_windows is not None
    return [(one.start, one.finish) for one in verdict.other_windows.alternatives]


def none(verdict: Verdict) -> str | None:
    assert verdict.other_windows is not None
    return verdict.other_windows.none


def test_two_works_on_one_stretch_follow_each_other_in_one_opening(
    make_city: MakeCity, work: MakeWork
) -> None:
    # A gas pipe in the same weeks as the water pipe below it: right behind it, in one opening.
    city = make_city(work("A", "2026-03-16", "2026-04-14"), work("B", "2026-03-01", "2026-03-31"))
    verdict = verdict_of(city, "A")
    assert verdict.verdict == "coordinate"
    best = verdict.other_windows.alternatives[0]
    assert (best.start, best.finish, best.moved_days) == (date(2026, 4, 1), date(2026, 4, 30), 16)
    assert [(one.rule, one.project) for one in best.avoids] == [("concurrent_works", "B")]
    assert best.shares_with == ("B",)
    assert best.weight == 0
    # Both ways one opening: 300 m² shared before as after, so nothing more is saved.
    assert best.saves_wan == (0.0, 0.0, 0.0)
    assert "改为 2026-04-01 至 2026-04-30（推迟 16 天）" in best.reason.zh
    assert "2026-04-01 to 2026-04-30 instead (16 day(s) later)" in best.reason.en


def test_a_repeat_becomes_one_opening_and_says_what_that_saves(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-06-01", "2026-06-30", stage="annual_plan"),
        work("B", "2026-03-01", "2026-04-15"),
    )
    verdict = verdict_of(city, "A")
    best = verdict.other_windows.alternatives[0]
    assert (best.start, best.finish) == (date(2026, 4, 16), date(2026, 5, 15))
    assert [(one.rule, one.project) for one in best.avoids] == [("repeat_excavation", "B")]
    # 100 m of shared road × 3 m at 140, 220 and 300 yuan/m².
    assert best.saves_wan == (4.2, 6.6, 9.0)
    assert "少开挖 300 平方米" in best.formula.zh
    assert "leaves 300 m² unopened" in best.formula.en


def test_the_movable_window_ends_the_search(make_city: MakeCity, work: MakeWork) -> None:
    # The same repeat, but an approved project moves by 30 days only: it cannot reach April.
    city = make_city(work("A", "2026-06-01", "2026-06-30"), work("B", "2026-03-01", "2026-04-15"))
    assert none(verdict_of(city, "A")) == "not_better"
    # It can where the unit says so.
    city = make_city(
        work("A", "2026-06-01", "2026-06-30", earliest_start=pd.Timestamp("2026-04-16")),
        work("B", "2026-03-01", "2026-04-15"),
    )
    assert windows(verdict_of(city, "A")) == [(date(2026, 4, 16), date(2026, 5, 15))]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"fixed": True}, "fixed"),
        ({"stage": "permitted"}, "stage"),
        ({"stage": "in_progress"}, "stage"),
        ({"stage": "emergency"}, "emergency"),
        ({"stage": "approved", "actual_start": "2026-03-16"}, "begun"),
    ],
)
def test_what_does_not_move_is_not_moved(
    make_city: MakeCity, work: MakeWork, values: Work, why: str
) -> None:
    city = make_city(
        work("A", "2026-03-16", "2026-04-14", **values), work("B", "2026-03-01", "2026-03-31")
    )
    assert none(verdict_of(city, "A")) == why
    assert windows(verdict_of(city, "A")) == []


def test_a_safety_repair_is_only_brought_forward(make_city: MakeCity, work: MakeWork) -> None:
    # Later is free, earlier is not: nothing is proposed, and the answer says why.
    works = [
        work("A", "2026-03-16", "2026-04-14", safety_critical=True),
        work("B", "2026-02-01", "2026-03-31"),
    ]
    verdict = verdict_of(make_city(*works), "A")
    assert none(verdict) == "safety"
    assert "只能提前" in verdict.other_windows.why_none.zh
    # With room before it, it is brought forward.
    works[1] = work("B", "2026-04-01", "2026-05-31")
    best = verdict_of(make_city(*works), "A").other_windows.alternatives[0]
    assert (best.start, best.finish) == (date(2026, 3, 2), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("start", "more", "earliest"),
    [
        ("2026-02-10", {}, "2026-01-31"),
        ("2026-01-20", {}, "2026-01-20"),
        ("2026-12-01", {"stage": "reserve"}, "2026-01-31"),
        ("2026-02-10", {"earliest_start": pd.Timestamp("2026-01-05")}, "2026-01-05"),
        ("2026-02-10", {"safety_critical": True}, "2026-01-02"),
    ],
    ids=["annual plan", "soon", "within the year", "as its owner says", "safety"],
)
def test_nothing_is_brought_forward_to_days_for_which_nobody_can_be_ready(
    make_city: MakeCity, work: MakeWork, start: str, more: Work, earliest: str
) -> None:
    row = {"stage": "annual_plan", "finish": "2026-12-20", "duration_days": 15} | more
    city = make_city(work("A", start, **row))
    as_of = int(AS_OF.astype(np.int64))
    works = works_table(city, Policy(), as_of)
    windows = movable_windows(city.projects, city.sites, works, Policy(), as_of_day=as_of)
    day = windows["earliest_day"].loc["A"]
    assert str(np.datetime64(int(day), "D")) == earliest


def test_nothing_to_avoid_needs_no_other_window(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-16", "2026-04-14"),
        work("B", "2026-03-01", "2026-03-31", box=(450.0, 1.0, 550.0, 4.0)),
    )
    verdict = verdict_of(city, "A")
    assert (verdict.verdict, none(verdict)) == ("clear", "not_needed")


def festival(city: City, start: str, finish: str) -> City:
    rows = gpd.GeoDataFrame(
        {
            "restriction_id": ["R1"], "name": ["花博会"], "kind": ["fair"], "road": ["甲路"],
            "start": pd.to_datetime([start]), "finish": pd.to_datetime([finish]),
            "severity": ["high"], "legal_basis": [None], "source": ["x"], "recurs": ["once"],
        },
        geometry=[shapely.MultiPolygon([shapely.box(0, -50, 600, 50)])],
        crs=4549,
    )  # fmt: skip
    return replace(city, restrictions=rows)


def test_a_festival_is_stepped_around(make_city: MakeCity, work: MakeWork) -> None:
    city = festival(make_city(work("A", "2026-05-01", "2026-05-20")), "2026-05-10", "2026-05-25")
    verdict = verdict_of(city, "A")
    assert verdict.verdict == "blocked"
    # The last day before it and the first day after it.
    assert (date(2026, 4, 20), date(2026, 5, 9)) in windows(verdict)
    assert (date(2026, 5, 26), date(2026, 6, 14)) in windows(verdict)


def test_a_lock_that_outlasts_the_time_left_is_named(make_city: MakeCity, work: MakeWork) -> None:
    surface = {
        "ledger_id": "L1", "kind": "resurfacing", "road": "甲路", "surface": "asphalt",
        "sector": "road", "method": "surface", "owner_unit": "区交通委", "work_type": "major_repair",
        "source": "history", "day": "2025-04-30", "start": "2025-04-01", "finish": "2025-04-30",
        "box": (0.0, -6.0, 280.0, 6.0),
    }  # fmt: skip
    city = make_city(work("A", "2026-05-01", "2026-05-20"), ledger=[surface])
    verdict = verdict_of(city, "A")
    assert verdict.verdict == "blocked"
    assert none(verdict) == "locked"
    assert "2028-04-30" in verdict.other_windows.why_none.zh
    # A filing that may wait until the lock is over is told the first day after it.
    city = make_city(
        work("A", "2028-04-20", "2028-05-10", latest_finish=pd.Timestamp("2028-07-31")),
        ledger=[surface],
    )
    assert windows(verdict_of(city, "A"))[0] == (date(2028, 5, 1), date(2028, 5, 21))


def test_a_wide_window_is_narrowed_to_the_days_that_the_work_takes(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-01-01", "2026-12-31", stage="reserve", duration_days=20),
        work("B", "2026-03-01", "2026-03-31"),
    )
    best = verdict_of(city, "A").other_windows.alternatives[0]
    assert best.narrowed
    assert (best.start, best.finish) == (date(2026, 4, 1), date(2026, 4, 20))


def test_the_order_of_rows_does_not_matter(make_city: MakeCity, work: MakeWork) -> None:
    works = [
        work("A", "2026-06-01", "2026-06-30", stage="annual_plan"),
        work("B", "2026-03-01", "2026-04-15"),
        work("C", "2026-05-01", "2026-05-31", box=(150.0, -4.0, 250.0, -1.0)),
    ]
    one, two = (verdict_of(make_city(*rows), "A") for rows in (works, works[::-1]))
    assert one == two
    assert len(windows(one)) >= 1

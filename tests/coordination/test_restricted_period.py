"""保障期冲突 on planted works: what meets a restricted period, and what only nearly does."""

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

from coordination.check import check
from coordination.city import City
from coordination.detection import detect
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.restrictions import COLUMNS, policy_faults
from coordination.rule_policy import RestrictedPeriodRow, RestrictedPolicy
from coordination.rules.restricted_period import RestrictedPeriod

RULES = (RestrictedPeriod(),)
Row = dict[str, Any]


def restricted(city: City, *rows: Row) -> City:
    """Return the city with imported restrictions; ``box`` is a drawn area."""
    table = pd.DataFrame(list(rows), columns=[*COLUMNS, "box"], dtype="object")
    table["restriction_id"] = table["restriction_id"].fillna(table["name"])
    for name in ("start", "finish"):
        table[name] = pd.to_datetime(table[name])
    shapes = [
        None if not isinstance(box, tuple) else shapely.MultiPolygon([shapely.box(*box)])
        for box in table.pop("box")
    ]
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=4549), crs=4549)
    return replace(city, restrictions=frame)


def found(city: City, policy: Policy | None = None, *, as_of: str = "2026-01-01") -> Findings:
    """Return what the rule finds."""
    return detect(city, policy or Policy(), as_of=date.fromisoformat(as_of), rules=RULES)


FAIR = {"name": "进博会", "start": "2026-11-05", "finish": "2026-11-10"}


@pytest.mark.parametrize(
    ("start", "finish", "days"),
    [
        ("2026-10-20", "2026-11-04", 0),
        ("2026-10-20", "2026-11-05", 1),
        ("2026-11-10", "2026-11-20", 1),
        ("2026-11-11", "2026-11-20", 0),
        ("2026-10-01", "2026-11-30", 6),
    ],
)
def test_a_day_before_and_after(
    make_city: Callable[..., City], work: Callable[..., Row], start: str, finish: str, days: int
) -> None:
    table = found(restricted(make_city(work("A", start, finish)), FAIR)).table
    assert table["overlap_days"].tolist() == ([days] if days else [])
    if days:
        (row,) = table.to_dict("records")
        assert (row["project_a"], row["project_b"], row["kind_b"]) == ("A", "进博会", "restriction")
        assert (row["severity"], row["road"], row["likelihood"]) == ("medium", "甲路", 1.0)
        assert row["overlap_days_certain"] == days


def codes(findings: Findings) -> list[str]:
    """Return project and restriction of each finding, sorted."""
    table = findings.table
    return sorted(f"{a}/{b}" for a, b in zip(table["project_a"], table["project_b"], strict=True))


def run_of(findings: Findings) -> tuple[bool, tuple[str, ...]]:
    """Return whether the rule ran, and what was missing."""
    (run,) = [run for run in findings.rules_run if run.rule == "restricted_period"]
    return run.ran, run.missing


@pytest.mark.parametrize(
    ("start", "finish", "days"),
    [
        ("2026-12-01", "2026-12-19", 0), ("2026-12-01", "2026-12-20", 1),
        ("2027-01-05", "2027-01-20", 1), ("2027-01-06", "2027-01-20", 0),
        ("2026-12-28", "2027-01-02", 6), ("2026-01-06", "2026-12-19", 0),
    ],
)  # fmt: skip
def test_yearly_across_new_year(
    make_city: Callable[..., City], work: Callable[..., Row], start: str, finish: str, days: int
) -> None:
    yearly = {"name": "年关", "recurs": "yearly", "start": "2019-12-20", "finish": "2020-01-05"}
    table = found(restricted(make_city(work("A", start, finish)), yearly)).table
    assert table["overlap_days"].tolist() == ([days] if days else [])


def test_several_years_are_one_finding_with_all_days(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    yearly = {"name": "汛期", "recurs": "yearly", "start": "2020-06-01", "finish": "2020-09-30"}
    city = restricted(make_city(work("A", "2026-09-21", "2028-06-10")), yearly)
    (row,) = found(city).table.to_dict("records")
    assert row["overlap_days"] == 10 + 122 + 10
    assert (str(row["start"])[:10], str(row["finish"])[:10]) == ("2026-09-21", "2026-09-30")
    assert "窗口内共 3 次" in row["reason_zh"]


@pytest.mark.parametrize(
    ("duration", "severity", "steps", "certain"),
    [
        (5, "notice", "base:high avoidable:-2 unlikely:-1", 0),
        (10, "notice", "base:high avoidable:-2", 0),
        (13, "high", "base:high", 1),
        (30, "high", "base:high", 6),
    ],
)
def test_certain_and_possible(
    make_city: Callable[..., City], work: Callable[..., Row],
    duration: int, severity: str, steps: str, certain: int,
) -> None:  # fmt: skip
    # Thirty days, of which 11-18 are closed to it: 12 free days before, 12 behind.
    window = work("A", "2026-10-24", "2026-11-22", duration_days=duration, stage="reserve")
    row = {**FAIR, "severity": "high"}
    if duration == 5:
        window = work("A", "2026-01-01", "2026-12-31", duration_days=5, stage="reserve")
    (one,) = found(restricted(make_city(window), row)).table.to_dict("records")
    assert one["overlap_days_certain"] == certain
    assert (one["severity"], one["severity_steps"]) == (severity, steps)
    assert one["overlap_days"] == 6


@pytest.mark.parametrize(
    ("row", "hit"),
    [
        ({"road": "甲路"}, True),
        ({"road": "甲北路"}, False),
        ({"road": "甲"}, False),
        ({"road": "乙路"}, False),
        ({"road_class": "local"}, True),
        ({"road_class": "arterial secondary"}, False),
        ({"box": (190.0, 0.0, 400.0, 10.0)}, True),
        ({"box": (200.0, 0.0, 400.0, 10.0)}, False),  # touches only
        ({"box": (190.0, 0.0, 400.0, 10.0), "road": "乙路"}, False),
        ({"box": (190.0, 0.0, 400.0, 10.0), "road": "甲路"}, True),
        ({"town": "西镇"}, True),
        ({"town": "W1"}, True),
        ({"town": "东镇"}, False),
        ({"town": "东镇", "box": (190.0, 0.0, 250.0, 10.0)}, False),
        ({"town": "西镇", "road_class": "local"}, True),
        ({"town": "西镇", "road_class": "arterial"}, False),
        ({"town": "全市"}, True),
        ({}, True),
    ],
)
def test_places(
    make_city: Callable[..., City], work: Callable[..., Row], row: Row, hit: bool
) -> None:
    city = restricted(make_city(work("A", "2026-11-01", "2026-11-20")), {**FAIR, **row})
    shapes = [shapely.MultiPolygon([shapely.box(*box)]) for box in
              ((-50.0, -50.0, 200.0, 50.0), (200.0, -50.0, 700.0, 50.0))]  # fmt: skip
    towns = gpd.GeoDataFrame(
        {"boundary_id": ["W1", "E1"], "name": ["西镇", "东镇"]}, geometry=shapes, crs=4549
    )
    assert codes(found(replace(city, boundaries=towns))) == (["A/进博会"] if hit else [])


def test_both_carriageways_and_the_junction_of_a_road(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    days = ("2026-11-01", "2026-11-20")
    city = make_city(
        work("A", *days, box=(100.0, 998.0, 200.0, 1002.0)),
        work("B", *days, box=(400.0, 1018.0, 500.0, 1022.0)),
        work("C", *days, box=(297.0, -3.0, 303.0, 3.0)),
    )
    assert codes(found(restricted(city, {**FAIR, "road": "丙大道"}))) == ["A/进博会", "B/进博会"]
    (row,) = found(restricted(city, {**FAIR, "road": "乙路"})).table.to_dict("records")
    assert (row["project_a"], row["place"], row["severity_steps"]) == (
        "C", "junction", "base:medium place:-1",
    )  # fmt: skip


def test_without_a_network_the_filed_road_tells(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    days = ("2026-11-01", "2026-11-20")
    city = make_city(
        work("A", *days, road="丁路、甲路"), work("B", *days, road="甲北路"), roads=False
    )
    assert codes(found(restricted(city, {**FAIR, "road": "甲路"}))) == ["A/进博会"]
    assert run_of(found(restricted(city, {**FAIR, "road_class": "local"}))) == (True, ("network",))


@pytest.mark.parametrize(
    ("row", "values", "hit"),
    [
        ({"works": "excavation"}, {"method": "surface"}, False),
        ({"works": "opens"}, {"method": "surface"}, True),
        ({"works": "opens"}, {"method": "none"}, False),
        ({"works": "excavation"}, {"method": "trenchless"}, True),
        ({"works": "lane"}, {"traffic_impact": "footway"}, False),
        ({"works": "lane"}, {"traffic_impact": "lane"}, True),
        ({"works": "half"}, {"traffic_impact": "lane"}, False),
        ({"works": "half"}, {"traffic_impact": "full"}, True),
        ({"works": "lane"}, {}, True),  # nobody said how much stays open
        ({"works": "lane"}, {"method": "none"}, False),
        ({"works": "full excavation"}, {"traffic_impact": "lane"}, True),
        ({}, {"stage": "emergency"}, False),
        ({}, {"work_type": "emergency"}, False),
        ({}, {"safety_critical": True}, True),
        ({"exempt": "safety_critical"}, {"safety_critical": True}, False),
        ({"exempt": "safety_critical"}, {"safety_critical": False}, True),
        ({}, {"stage": "withdrawn"}, False),
    ],
)
def test_whom_it_concerns(
    make_city: Callable[..., City], work: Callable[..., Row], row: Row, values: Row, hit: bool
) -> None:
    city = restricted(make_city(work("A", "2026-11-01", "2026-11-20", **values)), {**FAIR, **row})
    assert codes(found(city)) == (["A/进博会"] if hit else [])


@pytest.mark.parametrize(("duration", "hit"), [(14, False), (15, True)])
def test_a_work_that_may_pause(
    make_city: Callable[..., City], work: Callable[..., Row], duration: int, hit: bool
) -> None:
    # Twenty days with six to rest leave fourteen.
    window = work("A", "2026-11-01", "2026-11-20", duration_days=duration, stage="reserve")
    table = found(
        restricted(make_city(window), {**FAIR, "mode": "pause", "severity": "high"})
    ).table
    assert table["severity"].tolist() == (["notice"] if hit else [])


@pytest.mark.parametrize(
    ("duration", "mode", "waits"),
    [(20, None, "Move the work"), (5, None, "Fix a start outside"), (15, "pause", "Widen")],
)
def test_a_safety_work_is_never_told_to_wait(
    make_city: Callable[..., City], work: Callable[..., Row],
    duration: int, mode: str | None, waits: str,
) -> None:  # fmt: skip
    for safety in (False, True):
        dig = work("A", "2026-11-01", "2026-11-20", duration_days=duration, stage="reserve")
        row = {**FAIR, "severity": "high", "mode": mode}
        city = restricted(make_city(dig | {"safety_critical": safety}), row)
        (words,) = found(city).table["reason_en"]
        assert (waits in words) is not safety
        assert ("should not wait" in words) is safety


def test_a_year_without_announcement_is_said(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    row = {**FAIR, "recurs": "announced", "restriction_id": "fair-2026"}
    city = make_city(
        work("A", "2027-10-20", "2027-11-20"),
        work("B", "2027-03-01", "2027-04-20", box=(400.0, 1.0, 500.0, 4.0)),
    )
    findings = found(restricted(city, row))
    assert run_of(findings) == (True, ("restriction_dates",))
    (one,) = findings.table.to_dict("records")
    assert (one["project_a"], one["project_b"], one["severity"]) == (
        "A",
        "fair-2026@2027",
        "notice",
    )
    assert "2027 年的日期尚未公布" in one["reason_zh"]
    later = {**row, "restriction_id": "fair-2027", "start": "2027-11-05", "finish": "2027-11-10"}
    findings = found(restricted(city, row, later))
    assert (codes(findings), run_of(findings)) == (["A/fair-2027"], (True, ()))
    # Without any announcement there is no season to expect: the run says so all the same.
    never = {"restriction_id": "x", "name": "庙会", "recurs": "announced"}
    findings = found(restricted(city, never))
    assert (codes(findings), run_of(findings)) == ([], (True, ("restriction_dates",)))


def test_what_always_holds_stays_the_same_while_time_goes_by(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    always = {"name": "保护区", "road": "甲路"}
    city = restricted(make_city(work("A", "2026-03-01", "2026-03-31")), always)
    for as_of in ("2026-01-01", "2026-03-20"):
        (row,) = found(city, as_of=as_of).table.to_dict("records")
        assert (row["overlap_days"], row["overlap_days_certain"]) == (31, 31)
        assert (str(row["start"])[:10], str(row["finish"])[:10]) == ("2026-03-01", "2026-03-31")
        assert "（甲路，长期有效）" in row["reason_zh"]


def test_what_is_over_is_left_alone(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = restricted(make_city(work("A", "2026-10-01", "2026-12-31")), FAIR)
    assert len(found(city, as_of="2026-11-10").table) == 1
    assert not len(found(city, as_of="2026-11-11").table)


def test_only_coarse_dates_make_it(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    month = work("A", "2026-11-01", "2026-12-31", start_precision="month", finish_precision="month")
    (row,) = found(restricted(make_city(month), FAIR)).table.to_dict("records")
    assert "日期只精确到月、季或年" in row["reason_zh"]


def test_periods_of_the_policy(make_city: Callable[..., City], work: Callable[..., Row]) -> None:
    city = make_city(work("A", "2026-06-01", "2026-06-30"))
    assert run_of(found(city)) == (False, ("restrictions",))
    exam = RestrictedPeriodRow(
        "exam", "高考", "06-07", "06-10", recurs="yearly", road_class=("local",),
        severity="high", legal_basis="通告第一号",
    )  # fmt: skip
    policy = Policy(restricted=RestrictedPolicy(periods=(exam,)))
    (row,) = found(city, policy).table.to_dict("records")
    assert (row["project_b"], row["severity"], row["legal_basis"]) == ("exam", "high", "通告第一号")
    assert row["overlap_days"] == 4
    both = restricted(city, {**FAIR, "start": "2026-06-30", "finish": "2026-07-01"})
    assert codes(found(both, policy)) == ["A/exam", "A/进博会"]


@pytest.mark.parametrize(
    ("row", "scope"),
    [
        ({"town": "全市"}, "（全市，"), ({}, "（全市，"), ({"road": "甲路"}, "（甲路，"),
        ({"town": "全市", "road_class": "local"}, "（支路，"),
    ],
)  # fmt: skip
def test_where_it_holds_is_said(
    make_city: Callable[..., City], work: Callable[..., Row], row: Row, scope: str
) -> None:
    city = restricted(make_city(work("A", "2026-11-01", "2026-11-20")), {**FAIR, **row})
    (one,) = found(city).table.to_dict("records")
    assert scope in one["reason_zh"]
    assert "nan" not in one["reason_zh"] + one["reason_en"]


def test_faults_of_the_policys_rows() -> None:
    rows = (
        RestrictedPeriodRow("a", "甲", "2026-13-01", "2026-10-01"),
        RestrictedPeriodRow("a", "乙", "2026-10-01", "2026-10-07", mode="sometimes"),
        RestrictedPeriodRow("c", "丙", "2026-10-07", "2026-10-01"),
        RestrictedPeriodRow("d", "丁", "2026-10-07"),
        RestrictedPeriodRow("e", "戊", recurs="yearly"),
        RestrictedPeriodRow("f", "己", "10-07", "10-09"),
        RestrictedPeriodRow("g", "庚", "12-20", "01-05", recurs="yearly", works=("dance",)),
        RestrictedPeriodRow("h", "辛", "12-20", "01-05", recurs="yearly"),
        RestrictedPeriodRow("i", "壬", "next spring"),
        RestrictedPeriodRow("j", "癸", "10-01", recurs="yearly"),
    )
    faults = policy_faults(RestrictedPolicy(periods=rows))
    assert [(fault.row, fault.code) for fault in faults] == [
        (1, "restrictions.day_unreadable"), (2, "area_id_twice"), (2, "restrictions.code_unknown"),
        (3, "restrictions.finish_first"), (4, "restrictions.day_missing"),
        (5, "restrictions.yearly_without_days"), (6, "restrictions.day_unreadable"),
        (7, "restrictions.code_unknown"), (9, "restrictions.day_unreadable"),
        (10, "restrictions.day_missing"),
    ]  # fmt: skip
    assert all(fault.text(lang) for fault in faults for lang in ("zh", "en"))


def test_a_notice_blocks_nothing(make_city: Callable[..., City], work: Callable[..., Row]) -> None:
    fair = {**FAIR, "severity": "high"}
    for days, verdict in ((10, "clear"), (13, "blocked")):
        window = work("A", "2026-10-24", "2026-11-22", duration_days=days, stage="reserve")
        city = restricted(make_city(window), fair)
        answer = check(
            city, city.projects, city.sites, Policy(), as_of=np.datetime64("2026-01-01"),
            rules=RULES, advice=False,
        )  # fmt: skip
        assert [one.verdict for one in answer.verdicts] == [verdict]
        assert answer.findings.table["severity"].tolist() == [
            "high" if verdict == "blocked" else "notice"
        ]


def test_a_project_that_bears_the_id_of_a_restriction(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    days = ("2026-11-01", "2026-11-20")
    here, there = work("1", *days), work("2", *days, box=(400.0, 1.0, 500.0, 4.0))
    drawn = (
        {**FAIR, "restriction_id": "2", "box": (90.0, -9.0, 210.0, 9.0)},
        {**FAIR, "restriction_id": "1", "box": (390.0, -9.0, 510.0, 9.0)},
    )
    city = restricted(make_city(here, there), *drawn)
    both = found(city)
    assert codes(both) == ["1/2", "2/1"]
    assert both.table["finding_id"].nunique() == 2
    aside = make_city(here, work("2", "2026-12-01", "2026-12-20", box=(400.0, 1.0, 500.0, 4.0)))
    answer = check(
        restricted(aside, drawn[0]), aside.projects.iloc[1:], aside.sites.iloc[1:], Policy(),
        as_of=np.datetime64("2026-01-01"), rules=RULES, advice=False,
    )  # fmt: skip
    assert [one.verdict for one in answer.verdicts] == ["clear"]
    assert answer.findings.table.empty

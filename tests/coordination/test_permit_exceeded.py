"""超批准范围 on planted works: days and area beyond the permit, and what is just inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coordination.city import City
from coordination.detection import detect
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.rule_policy import PermitPolicy
from coordination.rules.permit_exceeded import PermitExceeded

RULES = (PermitExceeded(),)
Row = dict[str, Any]
PERMIT = {"permit_start": "2026-03-01", "permit_finish": "2026-03-31"}


def found(city: City, *, as_of: str = "2026-04-15", policy: Policy | None = None) -> Findings:
    """Return what the rule finds."""
    return detect(city, policy or Policy(), as_of=date.fromisoformat(as_of), rules=RULES)


@pytest.fixture
def permitted(make_city: Callable[..., City], work: Callable[..., Row]) -> Callable[..., City]:
    """Return a maker of cities with one project A under a permit for March 2026."""

    def make(*sites: Row, start: str = "2026-03-01", finish: str = "2026-03-31") -> City:
        rows = [work("A", start, finish, **{**PERMIT, **values}) for values in sites or ({},)]
        for number, row in enumerate(rows):
            row["site_id"] = f"A-{number}"
        for name in ("permit_start", "permit_finish"):
            for row in rows:
                row[name] = pd.to_datetime(row[name])
        return make_city(*rows)

    return make


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        ({"actual_start": "2026-03-01", "actual_finish": "2026-03-31"}, None),
        ({"actual_start": "2026-02-28", "actual_finish": "2026-03-31"},
         "实际开工 2026-02-28 早于许可起始 2026-03-01，提前 1 天"),
        ({"actual_start": "2026-03-01", "actual_finish": "2026-04-01"},
         "实际竣工 2026-04-01 晚于许可截止 2026-03-31，超期 1 天"),
        ({"actual_start": "2026-03-10"},
         "许可已于 2026-03-31 到期仍在施工，截至 2026-04-15 超期 15 天"),
        ({"actual_start": "2026-05-10"}, None),  # has not happened yet
    ],
)  # fmt: skip
def test_what_happened(permitted: Callable[..., City], actual: Row, said: str | None) -> None:
    table = found(permitted(actual)).table
    assert len(table) == (said is not None)
    if said:
        (row,) = table.to_dict("records")
        assert (row["project_a"], row["severity"], row["severity_steps"]) == (
            "A", "medium", "base:medium",
        )  # fmt: skip
        assert row["project_b"] is None or pd.isna(row["project_b"])
        assert said in row["reason_zh"]


def test_what_is_planned_beyond_the_permit(permitted: Callable[..., City]) -> None:
    assert not len(found(permitted(), as_of="2026-02-01").table)
    (row,) = found(
        permitted(start="2026-02-20", finish="2026-04-02"), as_of="2026-02-01"
    ).table.to_dict("records")
    assert "计划开工 2026-02-20 早于许可起始 2026-03-01，提前 9 天" in row["reason_zh"]
    assert "计划竣工 2026-04-02 晚于许可截止 2026-03-31，超出 2 天" in row["reason_zh"]
    assert "planned from 2026-02-20, 9 day(s) before the permit" in row["reason_en"]
    assert (str(row["start"])[:10], str(row["finish"])[:10]) == ("2026-02-20", "2026-04-02")
    assert row["severity"] == "medium"
    # Ten days of work in that window fit into the permit.
    (row,) = found(
        permitted({"duration_days": 10}, start="2026-02-20", finish="2026-04-02"),
        as_of="2026-02-01",
    ).table.to_dict("records")
    assert (row["severity"], row["severity_steps"]) == ("notice", "base:medium fits_permit:-1")


def test_coarse_dates_contradict_no_permit(permitted: Callable[..., City]) -> None:
    year = {"start_precision": "year", "finish_precision": "year"}
    city = permitted(year, start="2026-01-01", finish="2026-12-31")
    assert not len(found(city, as_of="2026-02-01").table)


@pytest.mark.parametrize(
    ("area", "permitted_m2", "beyond"),
    [(105.0, 100.0, False), (105.1, 100.0, True), (100.0, None, False), (None, 285.0, True),
     (None, 286.0, False)],
)  # fmt: skip
def test_area(
    permitted: Callable[..., City], area: float | None, permitted_m2: float | None, beyond: bool
) -> None:
    # The drawn polygon has 300 m²; what is stated counts before it.
    city = permitted({"area_m2": area, "permit_area_m2": permitted_m2})
    table = found(city, as_of="2026-03-15").table
    assert len(table) == beyond
    if area == 105.1:
        assert "面积 105.1 平方米，比许可面积 100 平方米多 5.1 平方米" in table["reason_zh"].iloc[0]


def test_square_metres_are_told_to_a_tenth(permitted: Callable[..., City]) -> None:
    city = permitted({"area_m2": 192.4093, "permit_area_m2": 153.0})
    reason = found(city, as_of="2026-03-15").table["reason_zh"].iloc[0]
    assert "面积 192.4 平方米，比许可面积 153 平方米多 39.4 平方米" in reason


def test_a_plan_that_went_by_is_not_told_beside_the_work_that_goes_on(
    permitted: Callable[..., City],
) -> None:
    open_still = {"actual_start": "2026-03-01"}
    city = permitted(open_still, finish="2026-04-05")
    (row,) = found(city, as_of="2026-04-15").table.to_dict("records")
    assert "截至 2026-04-15 超期 15 天" in row["reason_zh"]
    assert "计划竣工" not in row["reason_zh"]
    (row,) = found(city, as_of="2026-04-05").table.to_dict("records")
    assert "截至 2026-04-05 超期 5 天；计划竣工 2026-04-05" in row["reason_zh"]


def test_areas_of_all_sites_together(permitted: Callable[..., City]) -> None:
    half = {"area_m2": 60.0, "permit_area_m2": 100.0}
    assert len(found(permitted(half, half), as_of="2026-03-15").table) == 1
    assert not len(found(permitted(half), as_of="2026-03-15").table)


def test_an_assumed_width_is_no_area(permitted: Callable[..., City]) -> None:
    city = permitted({"footprint_source": "line", "permit_area_m2": 10.0})
    assert not len(found(city, as_of="2026-03-15").table)


@pytest.mark.parametrize(
    ("start", "finish", "days"),
    [
        ("2026-01-15", "2026-04-14", None),
        ("2026-01-15", "2026-04-15", 91),
        ("2025-11-30", "2026-02-27", None),
        ("2025-11-30", "2026-02-28", 91),
    ],
)
def test_occupation_of_more_than_three_calendar_months(
    permitted: Callable[..., City], start: str, finish: str, days: int | None
) -> None:
    permit = {"permit_start": start, "permit_finish": finish}
    city = permitted(permit, start=start, finish=finish)
    table = found(city, as_of="2025-11-01").table
    assert len(table) == (days is not None)
    if days:
        said = table.iloc[0]
        assert f"获准占道 {days} 天（{start} 至 {finish}），超过 3 个月" in said["reason_zh"]
        assert "请核实是否确需占道这么久" in said["reason_zh"]
        assert f"is permitted to occupy the road for {days} days" in said["reason_en"]
        longer = Policy(permit=PermitPolicy(occupation_months=4))
        assert not len(found(city, as_of="2025-11-01", policy=longer).table)


def test_what_ended_long_ago_is_left_alone(permitted: Callable[..., City]) -> None:
    late = {"actual_start": "2026-03-01", "actual_finish": "2026-04-10", "stage": "completed"}
    assert len(found(permitted(late), as_of="2027-04-10").table) == 1
    assert not len(found(permitted(late), as_of="2027-04-11").table)


def test_a_site_that_is_still_open_leaves_the_project_open(permitted: Callable[..., City]) -> None:
    city = permitted(
        {"actual_start": "2026-03-01", "actual_finish": "2026-03-20"},
        {"actual_start": "2026-03-05"},
    )
    (row,) = found(city).table.to_dict("records")
    assert "截至 2026-04-15 超期 15 天" in row["reason_zh"]


def test_it_says_that_there_are_no_permits(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    (run,) = [
        run
        for run in found(make_city(work("A", "2026-03-01", "2026-03-31"))).rules_run
        if run.rule == "permit_exceeded"
    ]
    assert (run.ran, run.missing) == (False, ("permits",))


def test_sites_one_after_the_other_are_no_long_occupation(permitted: Callable[..., City]) -> None:
    permit = {"permit_start": "2026-01-01", "permit_finish": "2026-12-31"}
    first = {**permit, "actual_start": "2026-01-05", "actual_finish": "2026-02-20"}
    second = {**permit, "actual_start": "2026-05-01", "actual_finish": "2026-06-10"}
    window = {"start": "2026-01-05", "finish": "2026-06-10"}
    assert found(permitted(first, second, **window), as_of="2026-06-15").table.empty
    longer = {**second, "actual_finish": "2026-08-01"}
    (row,) = found(permitted(first, longer, **window), as_of="2026-08-02").table.to_dict("records")
    assert "占道 93 天（2026-05-01 至 2026-08-01），超过 3 个月" in row["reason_zh"]


def test_an_emergency_is_never_too_early_for_its_permit(permitted: Callable[..., City]) -> None:
    early = {"actual_start": "2026-02-27", "actual_finish": "2026-03-31", "stage": "emergency"}
    assert found(permitted(early)).table.empty
    late = {**early, "actual_finish": "2026-04-01"}
    (row,) = found(permitted(late)).table.to_dict("records")
    assert "超期 1 天" in row["reason_zh"]
    assert "早于许可起始" not in row["reason_zh"]

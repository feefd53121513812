"""What the day of judgement, dates that happened, bundles and dependencies do to findings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.review import merge

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]


def found(city: City, rule: str, as_of: date = date(2026, 1, 1)) -> Any:
    table = detect(city, Policy(), as_of=as_of).table
    return table[table["rule"] == rule].reset_index(drop=True)


def test_a_work_completed_later_was_not_finished_on_an_earlier_day(
    make_city: MakeCity, work: MakeWork
) -> None:
    done = {"stage": "completed", "actual_start": "2026-03-01", "actual_finish": "2026-03-31"}
    city = make_city(
        work("A", "2026-03-01", "2026-03-31") | done, work("B", "2026-03-01", "2026-03-31") | done
    )
    assert len(found(city, "concurrent_works", date(2026, 3, 31))) == 1
    assert found(city, "concurrent_works", date(2026, 4, 1)).empty


def test_a_work_completed_without_its_dates_is_finished(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", stage="completed"),
        work("B", "2026-03-01", "2026-03-31", stage="completed"),
    )
    assert found(city, "concurrent_works").empty


def test_a_start_known_to_the_year_has_not_begun_with_the_year(
    make_city: MakeCity, work: MakeWork
) -> None:
    year = work(
        "A", "2026-01-01", "2026-12-31", stage="proposed", start_precision="year",
        finish_precision="year", box=(100.0, 1.0, 140.0, 4.0),
    )  # fmt: skip
    running = work(
        "B", "2026-02-01", "2026-04-30", stage="in_progress", box=(170.0, 1.0, 200.0, 4.0)
    )
    near = found(make_city(year, running), "opportunity", date(2026, 3, 1))
    assert near[["project_a", "project_b"]].to_numpy().tolist() == [["A", "B"]]
    known = year | {"start_precision": "day", "finish_precision": "day"}
    assert found(make_city(known, running), "opportunity", date(2026, 3, 1)).empty


def test_a_work_that_began_has_no_choice_of_start_left(make_city: MakeCity, work: MakeWork) -> None:
    vague = work("A", "2026-03-01", "2026-12-31", stage="annual_plan", duration_days=30)
    firm = work("B", "2026-03-10", "2026-03-19")
    (row,) = found(make_city(vague, firm), "concurrent_works").to_dict("records")
    assert (row["overlap_days_certain"], row["likelihood"] < 0.1) == (0, True)
    begun = vague | {"actual_start": "2026-03-01"}
    (row,) = found(make_city(begun, firm), "concurrent_works").to_dict("records")
    assert (row["severity"], row["overlap_days_certain"], row["likelihood"]) == ("high", 10, 1.0)
    after = work("B", "2026-06-10", "2026-06-19")
    (row,) = found(make_city(begun, after), "concurrent_works").to_dict("records")
    assert (row["severity"], row["overlap_days"], row["likelihood"]) == ("notice", 10, 0.0)


def test_a_dependency_joins_only_works_that_follow_each_other(
    make_city: MakeCity, work: MakeWork
) -> None:
    first = work("A", "2026-02-01", "2026-09-30")
    soon = work("B", "2026-10-14", "2026-10-31", depends_on="A")
    assert found(make_city(first, soon), "repeat_excavation").empty
    late = soon | {"start": "2026-10-15"}
    assert len(found(make_city(first, late), "repeat_excavation")) == 1
    bundle = [("P", "A"), ("P", "B")]
    assert found(make_city(first, late, bundles=bundle), "repeat_excavation").empty


def test_a_bundle_joins_what_dependencies_joined_on_both_sides(
    make_city: MakeCity, work: MakeWork
) -> None:
    works = [
        work("A", "2026-02-01", "2026-02-28"),
        work("B", "2026-03-01", "2026-03-31", depends_on="A"),
        work("C", "2026-08-01", "2026-08-31"),
    ]
    again = found(make_city(*works), "repeat_excavation")
    assert sorted(zip(again["project_a"], again["project_b"], strict=True)) == [
        ("A", "C"), ("B", "C"),
    ]  # fmt: skip
    joined = make_city(*works, bundles=[("P", "B"), ("P", "C")])
    assert found(joined, "repeat_excavation").empty


def test_a_duplicate_is_told_inside_a_bundle_too(make_city: MakeCity, work: MakeWork) -> None:
    same = {"utility": "gas", "funding": "市级"}
    works = [
        work("A", "2026-03-01", "2026-03-31") | same,
        work("B", "2026-03-01", "2026-03-31") | same | {"funding": "区级"},
    ]
    city = make_city(*works, bundles=[("P", "A"), ("P", "B")])
    table = detect(city, Policy(), as_of=date(2026, 1, 1)).table
    assert table["rule"].tolist() == ["duplicate_project"]


def test_one_dossier_of_two_projects_without_a_place_is_told(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", external_id="X-1"),
        work("B", "2026-03-01", "2026-03-31", external_id="X-1", owner_unit="单位A"),
    )
    bare = City(city.crs, city.projects, city.sites.iloc[:0], network=city.network)
    assert len(found(bare, "duplicate_project")) == 1


def test_nothing_is_saved_on_a_work_that_is_finished(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), work("B", "2026-08-01", "2026-08-31"))
    (row,) = found(city, "repeat_excavation").to_dict("records")
    assert row["saving_mid_wan"] == pytest.approx(6.6)
    (row,) = found(city, "repeat_excavation", date(2026, 4, 1)).to_dict("records")
    assert row["saving_mid_wan"] != row["saving_mid_wan"]


def test_what_only_a_bundle_resolved_is_put_up_again_when_it_is_given_up(
    make_city: MakeCity, work: MakeWork
) -> None:
    works = [work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-10", "2026-04-30")]
    free, held = make_city(*works), make_city(*works, bundles=[("P-1", "A"), ("P-1", "B")])
    none = City(free.crs, free.projects, free.sites).bundles.assign(
        finding_id=[], status=[], state=[]
    )[["finding_id", "status", "state"]]
    open_, inside = (detect(city, Policy(), as_of=date(2026, 1, 1)) for city in (free, held))
    resolved = merge(inside, open_, none, held)
    assert sorted(resolved.table["rule"]) == ["concurrent_works", "wrong_order"]
    assert resolved.table["status"].tolist() == ["resolved", "resolved"]
    again = merge(open_, resolved, none, free)
    assert again.table["status"].tolist() == ["to_reassess", "to_reassess"]


@pytest.mark.parametrize("reverse", [False, True])
def test_metres_opened_do_not_depend_on_the_order_of_rows(
    make_city: MakeCity, work: MakeWork, reverse: bool
) -> None:
    works = [
        work("A", "2026-03-01", "2026-03-31", box=(100.0, 1.0, 200.0, 4.0)),
        work("B", "2026-03-10", "2026-04-10", box=(100.0, -6.0, 200.0, 6.0)),
        work("C", "2027-03-10", "2027-04-10", box=(100.0, -6.0, 200.0, 6.0)),
    ]
    city = make_city(*(reversed(works) if reverse else works))
    (spot,) = detect(city, Policy(), as_of=date(2026, 1, 1)).hotspots.to_dict("records")
    assert spot["metres_opened"] == pytest.approx(300)

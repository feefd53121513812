"""Cases stay as small as their place, and keep their id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from coordination import Policy, detect
from coordination.city import City

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)


def cases(city: City) -> Any:
    table = detect(city, Policy(), as_of=AS_OF).table
    return {
        (row["rule"], row["project_a"], row["project_b"]): row["case_id"]
        for row in table.to_dict("records")
    }


def month(work: MakeWork, code: str, from_m: float, to_m: float, **values: Any) -> Work:
    return work(code, "2026-03-01", "2026-03-31", **{"box": (from_m, 1.0, to_m, 4.0)} | values)


def test_a_work_along_the_street_does_not_tie_its_sections_together(
    make_city: MakeCity, work: MakeWork
) -> None:
    street = month(work, "A", 10.0, 590.0)
    case = cases(make_city(street, month(work, "B", 100.0, 200.0), month(work, "C", 400.0, 500.0)))
    west, east = case["concurrent_works", "A", "B"], case["concurrent_works", "A", "C"]
    assert west != east


def test_findings_of_one_section_are_one_case_and_others_do_not_change_its_id(
    make_city: MakeCity, work: MakeWork
) -> None:
    works = [month(work, code, 100.0, 200.0) for code in "AB"]
    alone = cases(make_city(*works))["concurrent_works", "A", "B"]
    more = [month(work, code, 60.0, 80.0) for code in "01"]
    case = cases(make_city(*more, *reversed(works)))
    assert case["concurrent_works", "A", "B"] == alone
    assert case["concurrent_works", "0", "1"] == alone


def test_works_that_only_lie_near_belong_to_the_section_they_lie_on(
    make_city: MakeCity, work: MakeWork
) -> None:
    case = cases(
        make_city(
            month(work, "A", 100.0, 140.0), month(work, "B", 100.0, 140.0),
            month(work, "C", 170.0, 200.0),
        )
    )  # fmt: skip
    assert case["opportunity", "A", "C"] == case["concurrent_works", "A", "B"]


def test_both_carriageways_are_one_place(make_city: MakeCity, work: MakeWork) -> None:
    case = cases(
        make_city(
            month(work, "A", 0, 0, box=(100.0, 996.0, 200.0, 1004.0)),
            month(work, "B", 0, 0, box=(100.0, 996.0, 200.0, 1004.0)),
            month(work, "C", 0, 0, box=(100.0, 1016.0, 200.0, 1024.0)),
            month(work, "D", 0, 0, box=(100.0, 1016.0, 200.0, 1024.0)),
        )
    )
    assert case["concurrent_works", "A", "B"] == case["concurrent_works", "C", "D"]


def test_off_the_roads_a_case_is_a_piece_of_ground(make_city: MakeCity, work: MakeWork) -> None:
    case = cases(
        make_city(
            month(work, "A", 100.0, 200.0), month(work, "B", 100.0, 200.0),
            month(work, "C", 190.0, 300.0), month(work, "D", 500.0, 550.0),
            month(work, "E", 500.0, 550.0), roads=False,
        )
    )  # fmt: skip
    first = case["concurrent_works", "A", "B"]
    assert case["concurrent_works", "A", "C"] == case["concurrent_works", "B", "C"] == first
    assert case["concurrent_works", "D", "E"] != first

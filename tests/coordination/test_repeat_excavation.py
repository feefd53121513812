from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.detection import RULES

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)
PIPE = {"utility": "gas"}
ROAD = {"sector": "road", "work_type": "major_repair", "utility": None}


def found(city: City, rule: str = "repeat_excavation", as_of: date = AS_OF) -> Any:
    own = [one for one in RULES if rule in (one.code, "opportunity")]  # which yields to all others
    table = detect(city, Policy(), as_of=as_of, rules=own).table
    return table[table["rule"] == rule].reset_index(drop=True)


def pairs(table: pd.DataFrame) -> Any:
    return list(zip(table["project_a"], table["project_b"], strict=True))


def test_a_stretch_opened_again_after_seventeen_days(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-04-17", "2026-05-20", box=(150.0, 0.5, 260.0, 2.5)),
    )
    (row,) = found(city).to_dict("records")
    assert (row["severity"], row["severity_steps"]) == ("high", "base:medium short_gap:+1")
    assert (row["gap_days"], row["overlap_days"]) == (17, 0)
    assert (row["from_m"], row["to_m"], row["shared_length_m"]) == pytest.approx((150, 200, 50))
    assert row["shared_area_m2"] == pytest.approx(75)
    assert (str(row["start"].date()), str(row["finish"].date())) == ("2026-03-01", "2026-05-20")
    # 50 m of the narrower dig (2 m) at 140, 220 and 300 yuan.
    assert row["saving_low_wan"] == pytest.approx(1.4)
    assert row["saving_mid_wan"] == pytest.approx(2.2)
    assert row["saving_high_wan"] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("finish", "repeats"), [("2026-04-02", False), ("2026-04-01", True)], ids=["linked", "again"]
)
def test_works_that_follow_within_the_link_days_are_one_opening(
    make_city: MakeCity, work: MakeWork, finish: str, repeats: bool
) -> None:
    # Half-open finish + 14 days: after 2 April a start on 16 April still belongs to the opening.
    city = make_city(work("A", "2026-03-01", finish), work("B", "2026-04-16", "2026-05-20"))
    assert (len(found(city)) == 1) is repeats


def test_a_third_work_between_two_makes_one_opening_of_all(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("C", "2026-04-05", "2026-04-30"),
        work("B", "2026-05-05", "2026-05-20"),
    )
    assert found(city).empty
    # Only where all three dig: C stops short of the last 50 m.
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("C", "2026-04-05", "2026-04-30", box=(100.0, 1.0, 150.0, 4.0)),
        work("B", "2026-05-05", "2026-05-20"),
    )
    (row,) = found(city).to_dict("records")
    assert (row["project_a"], row["project_b"]) == ("A", "B")
    assert (row["from_m"], row["to_m"]) == pytest.approx((150, 200))


@pytest.mark.parametrize(
    ("start", "severity"),
    [
        ("2027-03-31", "high"),
        ("2027-04-01", "medium"),
        ("2028-03-31", "medium"),
        ("2028-04-01", None),
    ],
    ids=["12 months", "a day more", "24 months", "too late"],
)
def test_months_are_calendar_months(
    make_city: MakeCity, work: MakeWork, start: str, severity: str | None
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), work("B", start, "2028-06-30"))
    assert found(city)["severity"].tolist() == ([] if severity is None else [severity])


def test_three_openings_within_sixty_months_are_high(make_city: MakeCity, work: MakeWork) -> None:
    far = [
        work("A", "2026-02-01", "2026-02-20"),
        work("B", "2027-06-01", "2027-06-20"),
        work("C", "2028-11-01", "2028-11-20"),
    ]
    table = found(make_city(*far))
    assert pairs(table) == [("A", "B"), ("B", "C")] or pairs(table) == [("B", "C"), ("A", "B")]
    assert set(table["severity_steps"]) == {"base:medium many_openings:+1"}
    two = found(make_city(*far[:2]))
    assert two["severity_steps"].tolist() == ["base:medium"]


def test_history_counts_and_comes_first(make_city: MakeCity, work: MakeWork) -> None:
    past = {
        "ledger_id": "Z-9", "road": "甲路", "kind": "opening", "surface": None, "day": "2025-06-30",
        "start": "2025-06-01", "finish": "2025-06-30", "sector": "drainage", "method": "open_cut",
        "owner_unit": "水务", "work_type": "new", "source": "2025.xlsx",
        "box": (120.0, 1.0, 180.0, 3.0),
    }  # fmt: skip
    plan = work("A", "2026-03-01", "2026-03-31")
    (row,) = found(make_city(plan, ledger=[past])).to_dict("records")
    assert (row["project_a"], row["project_b"]) == ("Z-9", "A")
    assert row["gap_days"] == 244
    assert "历史掘路 Z-9" in row["reason_zh"]
    # A resurfacing is no opening, and a project is not repeated by its own entry in the ledger.
    assert found(make_city(plan, ledger=[past | {"kind": "resurfacing"}])).empty
    assert found(make_city(plan, ledger=[past | {"source": "A"}])).empty


def test_two_finished_openings_ask_for_nothing(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2025-03-01", "2025-03-31"), work("B", "2025-08-01", "2025-08-31"))
    assert found(city).empty
    assert len(found(city, as_of=date(2025, 8, 31))) == 1


def test_the_right_order_is_an_opportunity_and_no_repeat(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", **PIPE),
        work("B", "2026-08-01", "2026-08-31", method="surface", **ROAD),
        work("C", "2027-02-01", "2027-02-28", **PIPE),
    )
    repeats, chances = found(city), found(city, "opportunity")
    # Pipe A, surface B, pipe C: A and C repeat, and C cuts the fresh surface of B.
    assert sorted(pairs(repeats)) == [("A", "C"), ("B", "C")]
    assert pairs(chances) == [("A", "B")]
    assert "先地下后地上" in chances["reason_zh"][0]


@pytest.mark.parametrize("method", ["surface", "none"])
def test_the_later_work_has_to_dig(make_city: MakeCity, work: MakeWork, method: str) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", **ROAD),
        work("B", "2026-08-01", "2026-08-31", method=method, **ROAD),
    )
    assert found(city).empty


def test_trenchless_works_open_the_ground_at_their_ends_only(
    make_city: MakeCity, work: MakeWork
) -> None:
    drive = work(
        "A", "2026-03-01", "2026-03-31", method="trenchless", box=(50.0, 1.0, 250.0, 3.0), **PIPE
    )
    between = work("B", "2026-08-01", "2026-08-31", box=(100.0, 1.0, 200.0, 3.0))
    at_the_end = work("C", "2026-08-01", "2026-08-31", box=(55.0, 1.0, 90.0, 3.0))
    assert found(make_city(drive, between)).empty
    (row,) = found(make_city(drive, at_the_end)).to_dict("records")
    assert (row["from_m"], row["to_m"]) == pytest.approx((55, 60))
    assert row["shared_area_m2"] == pytest.approx(10)


def test_opposite_sides_crossing_streets_and_junctions_share_no_stretch(
    make_city: MakeCity, work: MakeWork
) -> None:
    north = work("A", "2026-03-01", "2026-03-31", box=(100.0, 1.0, 500.0, 5.0))
    south = work("B", "2026-08-01", "2026-08-31", box=(100.0, -5.0, 500.0, -1.0))
    across = work("C", "2027-03-01", "2027-03-31", box=(296.0, -150.0, 304.0, 150.0))
    assert found(make_city(north, south, across)).empty


def test_a_long_work_is_an_opening_of_its_own_unless_a_dependency_joins_it(
    make_city: MakeCity, work: MakeWork
) -> None:
    long = work("A", "2026-02-01", "2026-09-30", sector="drainage")
    after = work("B", "2026-10-01", "2026-10-31")
    (row,) = found(make_city(long, after)).to_dict("records")
    assert row["gap_days"] == 1
    assert found(make_city(long, after | {"depends_on": "A"})).empty
    assert found(make_city(long, after, bundles=[("P", "A"), ("P", "B")])).empty


def test_year_long_windows_that_will_hardly_meet_are_two_openings(
    make_city: MakeCity, work: MakeWork
) -> None:
    year = {"start": "2026-01-01", "finish": "2026-12-31", "duration_days": 10}
    city = make_city(work("A", None, None) | year, work("B", None, None) | year)
    (row,) = found(city).to_dict("records")
    assert (row["overlap_days"], row["gap_days"]) == (365, 0)
    assert row["likelihood"] == pytest.approx(0.0526, abs=0.0005)
    assert "5%" in row["reason_zh"]
    # With 300 days of work each they meet for certain: no repeat.
    sure = year | {"duration_days": 300}
    assert found(make_city(work("A", None, None) | sure, work("B", None, None) | sure)).empty


def test_without_roads_the_shared_ground_is_the_stretch(
    make_city: MakeCity, work: MakeWork
) -> None:
    first = work("A", "2026-03-01", "2026-03-31")
    again = work("B", "2026-08-01", "2026-08-31", box=(150.0, 2.0, 260.0, 6.0))
    touching = work("C", "2026-08-01", "2026-08-31", box=(200.0, 1.0, 260.0, 4.0), owner_unit="丙")
    (row,) = found(make_city(first, again, roads=False)).to_dict("records")
    assert row["place"] == "footprints"
    assert row["shared_area_m2"] == pytest.approx(100)
    assert found(make_city(first, touching, roads=False)).empty
    linked = work("D", "2026-04-05", "2026-07-25")
    soon = again | {"finish": "2026-08-20"}
    assert pairs(found(make_city(first, soon, roads=False))) == [("A", "B")]
    assert found(make_city(first, soon, linked, roads=False)).empty


def test_one_square_is_opened_again(make_city: MakeCity, work: MakeWork) -> None:
    square = (1000.0, 500.0, 1050.0, 550.0)
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=square),
        work("B", "2026-08-01", "2026-08-31", box=(1000.0, 500.0, 1050.0, 545.0)),
        work("C", "2026-08-01", "2026-08-31", box=(1000.0, 500.0, 1020.0, 520.0)),
    )
    table = found(city)
    assert pairs(table) == [("A", "B")]
    assert table["place"].tolist() == ["square"]


def test_coarse_dates_that_widen_the_gap_are_told(make_city: MakeCity, work: MakeWork) -> None:
    coarse = work("A", "2025-01-01", "2025-12-31", start_precision="year", finish_precision="year")
    city = make_city(coarse, work("B", "2027-06-01", "2027-06-30"))
    (row,) = found(city).to_dict("records")
    assert "Dates are known to the month, quarter or year only" in row["reason_en"]

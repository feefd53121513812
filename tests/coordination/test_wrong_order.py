"""Planted works in the wrong order, and their near misses."""

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
FOOTWAY = {"sector": "road", "work_type": "minor_repair", "utility": None, "position": "footway"}
ASPHALT = {"sector": "road", "work_type": "medium_repair", "utility": None, "method": "surface"}
REBUILT = {"sector": "road", "work_type": "rebuild", "utility": None}
SIGNS = {"sector": "traffic", "work_type": "upkeep", "utility": None, "method": "none"}


def found(city: City, rule: str = "wrong_order", as_of: date = AS_OF) -> pd.DataFrame:
    own = [one for one in RULES if rule in (one.code, "opportunity")]  # which yields to all others
    table = detect(city, Policy(), as_of=as_of, rules=own).table
    return table[table["rule"] == rule].reset_index(drop=True)


def test_a_gas_main_after_the_asphalt(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-06-01", "2026-06-30"), work("B", "2026-03-01", "2026-03-31", **ASPHALT)
    )
    (row,) = found(city).to_dict("records")
    assert (row["project_a"], row["project_b"], row["severity"]) == ("A", "B", "medium")
    assert (row["road"], row["shared_length_m"]) == ("甲路", pytest.approx(100))
    assert row["reason_zh"].startswith(
        "甲路工序倒置：按申报时间，B 工程B（单位B）（沥青面层）于 2026-03-31 完工，12 个月内工序在前的"
        "A 工程A（单位A）（燃气管道层）到 2026-06-30 才完工，共用路段 100 米、面积 300 平方米。"
        "应按工序先后调整时间"
    )
    assert row["reason_en"].startswith(
        "Wrong order on 甲路: by the filed dates B 工程B (单位B) (asphalt surface) ends on 2026-03-31, "
        "and A 工程A (单位A) (gas mains), which comes before it in the order of works, only on "
        "2026-06-30, within 12 months of it"
    )


def test_a_window_that_lets_the_lower_work_end_first_says_so(
    make_city: MakeCity, work: MakeWork
) -> None:
    asphalt = work("B", "2026-03-01", "2026-03-31", **ASPHALT)
    for days, can in ((90, True), (91, False)):
        lower = work("A", "2026-01-01", "2026-12-31", duration_days=days)
        (words,) = found(make_city(lower, asphalt))["reason_en"]
        assert ("By its duration A can end first" in words) is can


def test_a_safety_work_is_not_told_to_wait_for_the_lower_one(
    make_city: MakeCity, work: MakeWork
) -> None:
    asphalt = work("B", "2026-03-01", "2026-03-31", safety_critical=True, **ASPHALT)
    (row,) = found(make_city(work("A", "2026-06-01", "2026-06-30"), asphalt)).to_dict("records")
    assert "B 属安全类，不应因此推迟：请将 A 提前" in row["reason_zh"]
    assert "should not wait: bring A forward" in row["reason_en"]


def test_what_lies_beside_a_finished_work_does_not_break_it_up(
    make_city: MakeCity, work: MakeWork
) -> None:
    done = work("B", "2025-11-01", "2025-11-30", utility="telecom", box=(100.0, 4.5, 200.0, 5.5))
    beside = work("A", "2026-03-01", "2026-03-31", utility="sewer", box=(100.0, 0.5, 200.0, 2.0))
    (words,) = found(make_city(beside, done))["reason_en"]
    assert "may suffer, although the footprints do not overlap" in words
    (words,) = found(make_city(beside | {"box": (100.0, 1.0, 200.0, 5.0)}, done))["reason_en"]
    assert "will be broken up" in words


@pytest.mark.parametrize(
    ("telecom_m", "sewer_m", "wrong"),
    [
        ((-0.75, 0.75), (-0.75, 0.75), True),
        ((1.1, 2.6), (-2.6, -1.1), True),  # the same, each drawn 1.85 m off
        ((1.4, 2.9), (-2.9, -1.4), False),
    ],
)
def test_a_middle_dig_drawn_2_m_off_is_still_in_the_middle(
    make_city: MakeCity,
    work: MakeWork,
    telecom_m: tuple[float, float],
    sewer_m: tuple[float, float],
    wrong: bool,
) -> None:
    boxes = [(100.0, low, 200.0, high) for low, high in (telecom_m, sewer_m)]
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", utility="telecom", box=boxes[0]),
        work("B", "2026-06-01", "2026-06-30", utility="sewer", box=boxes[1]),
    )
    assert len(found(city)) == wrong


@pytest.mark.parametrize(
    ("finish", "wrong"),
    [("2026-03-31", False), ("2026-04-01", True), ("2027-03-31", True), ("2027-04-01", False)],
    ids=["same day", "a day later", "twelve months", "a day more"],
)
def test_the_lower_finish_counts_from_the_next_day_for_twelve_months(
    make_city: MakeCity, work: MakeWork, finish: str, wrong: bool
) -> None:
    city = make_city(
        work("A", "2026-03-01", finish), work("B", "2026-03-01", "2026-03-31", **ASPHALT)
    )
    assert (len(found(city)) == 1) is wrong


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (FOOTWAY, {"utility": "telecom"}, True),
        (SIGNS, ASPHALT, True),
        (SIGNS, {"utility": "gas"}, True),
        ({"utility": "gas"}, {"utility": "sewer"}, True),
        ({"utility": "sewer"}, {"utility": "gas"}, False),
        ({"utility": "gas"}, {"utility": "gas"}, False),
        (REBUILT | {"work_type": "minor_repair"}, {"utility": "gas"}, True),
        # A rebuilt road has a footway and signs of its own: which came last is not known.
        (FOOTWAY, REBUILT, False),
        (SIGNS, REBUILT, False),
        # Some pipe: it may be the deeper one or not.
        ({"utility": "gas"}, {"utility": None}, False),
        (ASPHALT, {"utility": None}, True),
        # Work on a façade, and lamp brackets: nothing lies below them.
        ({"sector": "greening", "utility": None, "method": "none"}, {"utility": "gas"}, False),
    ],
)  # fmt: skip
def test_which_layers_are_in_the_wrong_order(
    make_city: MakeCity, work: MakeWork, first: Work, second: Work, wrong: bool
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", **first),
        work("B", "2026-06-01", "2026-06-30", **second),
    )
    rows = found(city)
    assert (len(rows) == 1) is wrong


def test_where_they_share_no_stretch(make_city: MakeCity, work: MakeWork) -> None:
    upper = work("B", "2026-03-01", "2026-03-31", **ASPHALT)
    other_side = work("A", "2026-06-01", "2026-06-30", box=(100.0, -4.0, 200.0, -1.0))
    assert found(make_city(upper, other_side)).empty
    further = work("A", "2026-06-01", "2026-06-30", box=(200.5, 1.0, 280.0, 4.0))
    assert found(make_city(upper, further)).empty
    # Only the pits of a bored pipe open the ground: they lie beyond the asphalt.
    bored = work("A", "2026-06-01", "2026-06-30", method="trenchless", box=(60.0, 1.0, 240.0, 4.0))
    assert found(make_city(upper, bored)).empty
    bored = work("A", "2026-06-01", "2026-06-30", method="trenchless", box=(100.0, 1.0, 240.0, 4.0))
    (row,) = found(make_city(upper, bored)).to_dict("records")
    assert row["shared_length_m"] == pytest.approx(10)


def test_members_of_a_bundle_and_emergencies_raise_none(
    make_city: MakeCity, work: MakeWork
) -> None:
    upper, lower = (
        work("B", "2026-03-01", "2026-03-31", **ASPHALT),
        ("A", "2026-06-01", "2026-06-30"),
    )
    assert len(found(make_city(upper, work(*lower)))) == 1
    assert found(make_city(upper, work(*lower), bundles=[("P", "A"), ("P", "B")])).empty
    assert found(make_city(upper, work(*lower, stage="emergency"))).empty


def test_a_pair_that_a_lock_names_is_in_the_wrong_order_as_well(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-06-01", "2026-06-30"),
        work("B", "2026-03-01", "2026-03-31", **(ASPHALT | {"work_type": "major_repair"})),
    )
    assert len(found(city)) == 1
    assert len(found(city, "no_dig_lockout")) == 1
    assert found(city, "opportunity").empty


def test_a_past_upper_layer_is_told_as_done(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-01-10", "2026-02-10"),
        work("B", "2025-10-01", "2025-10-31", **FOOTWAY),
    )
    (row,) = found(city).to_dict("records")
    assert "已于 2025-10-31 完工" in row["reason_zh"]
    # On a later day both are finished: nobody can coordinate them.
    assert found(city, as_of=date(2026, 3, 1)).empty


def test_a_finish_known_to_the_year_only_widens(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-01-01", "2026-12-31", start_precision="year", finish_precision="year"),
        work("B", "2026-03-01", "2026-03-31", **ASPHALT),
    )
    (row,) = found(city).to_dict("records")
    assert "按最宽的时间范围判断" in row["reason_zh"]


def test_off_the_network_the_ground_itself_counts(make_city: MakeCity, work: MakeWork) -> None:
    upper, lower = (
        work("B", "2026-03-01", "2026-03-31", **ASPHALT),
        ("A", "2026-06-01", "2026-06-30"),
    )
    (row,) = found(make_city(upper, work(*lower), roads=False)).to_dict("records")
    assert (row["place"], row["shared_area_m2"]) == ("footprints", pytest.approx(300))
    touching = work(*lower, box=(200.0, 1.0, 260.0, 4.0))
    assert found(make_city(upper, touching, roads=False)).empty

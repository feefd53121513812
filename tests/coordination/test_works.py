from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from coordination import Policy
from coordination.city import City
from coordination.impact import impact_index, impact_level
from coordination.policy import ImpactPolicy
from coordination.savings import saved_wan
from coordination.sentences import legal_basis
from coordination.severity import graded
from coordination.wording import table
from coordination.works import add_months, pits, works_table

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]


def day(text: str) -> Any:
    return int(np.datetime64(text, "D").astype(np.int64))


def row(make_city: MakeCity, *works: Work, as_of: str = "2026-01-01") -> Any:
    return works_table(make_city(*works), Policy(), day(as_of)).iloc[0]


@pytest.mark.parametrize(
    ("values", "first", "last"),
    [
        ({}, "2026-03-01", "2026-03-31"),
        ({"actual_start": "2026-03-05"}, "2026-03-05", "2026-03-31"),
        ({"actual_finish": "2026-04-10"}, "2026-03-01", "2026-04-10"),
        ({"actual_start": "2026-05-05"}, "2026-05-05", "2026-05-05"),
        ({"actual_finish": "2026-02-10"}, "2026-02-10", "2026-02-10"),
    ],
)
def test_what_happened_counts_before_what_was_filed(
    make_city: MakeCity, work: MakeWork, values: Work, first: str, last: str
) -> None:
    one = row(make_city, work("A", "2026-03-01", "2026-03-31") | values)
    assert (one["start_day"], one["finish_day"]) == (day(first), day(last) + 1)


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ({}, 31),  # approved, dates to the day: the window is the work
        ({"duration_days": 12}, 12),
        ({"duration_days": 90}, 31),
        ({"stage": "annual_plan", "work_type": "upkeep"}, 4),  # 4 days per 100 m
        ({"stage": "annual_plan", "work_type": "new"}, 30),
        ({"stage": "annual_plan", "work_type": "upkeep", "fixed": True}, 31),
        ({"stage": "annual_plan", "work_type": "upkeep", "length_m": 10.0}, 3),
        ({"work_type": "upkeep", "start_precision": "month"}, 4),
    ],
)
def test_the_duration_is_filed_or_firm_or_typical(
    make_city: MakeCity, work: MakeWork, values: Work, days: int
) -> None:
    one = row(make_city, work("A", "2026-03-01", "2026-03-31") | values)
    assert one["duration_days"] == days


@pytest.mark.parametrize(
    ("values", "layer", "impact"),
    [
        ({"utility": "sewer", "position": "full"}, 1, "full"),
        ({"utility": "gas", "position": "half"}, 3, "half"),
        ({"utility": None, "sector": "drainage", "position": "up"}, 1, "lane"),
        ({"utility": None, "sector": "road", "position": "carriageway"}, 6, "lane"),
        ({"utility": None, "sector": "road", "position": "footway"}, 7, "footway"),
        ({"utility": None, "sector": "road", "method": "surface", "position": "cycleway"}, 8, "lane"),
        ({"utility": None, "sector": "traffic", "method": "none", "position": "verge"}, 9, "none"),
        ({"utility": None, "sector": "greening", "traffic_impact": "lane", "position": "verge"}, 10, "lane"),
    ],
)  # fmt: skip
def test_layer_and_impact_follow_from_what_is_known(
    make_city: MakeCity, work: MakeWork, values: Work, layer: int, impact: str | None
) -> None:
    one = row(make_city, work("A", "2026-03-01", "2026-03-31") | values)
    assert (one["layer"], one["traffic_impact"]) == (layer, impact)
    assert one["buffer_m"] == (10.0 if impact in {"lane", "half", "full"} else 5.0)


def test_months_are_calendar_months() -> None:
    days = np.array([day("2024-02-29"), day("2023-01-31"), day("2023-03-15")])
    assert add_months(days, 12).tolist() == [
        day("2025-02-28"),
        day("2024-01-31"),
        day("2024-03-15"),
    ]
    assert add_months(days, -1).tolist() == [
        day("2024-01-29"),
        day("2022-12-31"),
        day("2023-02-15"),
    ]


def test_pits_are_the_ends_of_a_footprint() -> None:
    drive, short = shapely.box(0, 0, 100, 2), shapely.box(0, 0, 20, 2)
    ends = pits(np.array([drive, short, None], dtype=object), 10.0)
    assert ends[0].area == pytest.approx(40)
    assert not ends[0].intersects(shapely.box(11, 0, 89, 2))
    assert ends[1].equals(short)
    assert ends[2] is None


def test_severity_is_clamped_at_the_end_only() -> None:
    both = np.array([True, True])
    level, words = graded(
        np.array([0, 2]),
        [("down", -1, both), ("lower", -1, both), ("up", 1, np.array([True, False]))],
    )
    assert level.tolist() == [0, 0]
    assert words.tolist() == ["base:notice down:-1 lower:-1 up:+1", "base:high down:-1 lower:-1"]


@pytest.mark.parametrize(
    ("days", "road", "impact", "length_m", "index"),
    [
        (13, "local", "none", 9.9, 0.1 + 0.2 + 0.25 + 0.25 + 0.4),
        (14, "secondary", "lane", 10.0, 0.3 + 0.6 + 0.75 + 0.75 + 0.6),
        (90, "arterial", "half", 100.0, 0.3 + 0.8 + 1.0 + 1.0 + 0.8),
        (91, "expressway", "full", 500.0, 5.0),
        (20, None, None, float("nan"), 0.3 + 0.4 + 0.5 + 0.25 + 0.4),
    ],
)
def test_the_impact_index_is_helsinkis_formula(
    days: int, road: str | None, impact: str | None, length_m: float, index: float
) -> None:
    found = impact_index(
        [days], pd.Series([road], dtype="object"), pd.Series([impact], dtype="object"),
        [length_m], ImpactPolicy(),
    )  # fmt: skip
    assert found.tolist() == [pytest.approx(index)]


def test_yellow_begins_at_three_and_red_at_four() -> None:
    assert impact_level([2.99, 3.0, 3.99, 4.0], ImpactPolicy()).tolist() == [
        None, "yellow", "yellow", "red",
    ]  # fmt: skip


def test_savings_are_the_ground_opened_twice_and_at_most_a_share_of_the_cost() -> None:
    saved = saved_wan(
        [100.0, 100.0, 100.0, np.nan], ["asphalt", "footway", "asphalt", "asphalt"],
        [np.nan, np.nan, 6.0, np.nan], Policy(),
    )  # fmt: skip
    assert saved[:3].tolist() == [[1.4, 2.2, 3.0], [0.8, 1.9, 3.0], [1.4, 2.1, 2.1]]
    assert np.isnan(saved[3]).all()


def test_every_rule_has_a_legal_basis_and_every_catalogue_both_languages() -> None:
    assert legal_basis("night_works").startswith("示例")
    for topic in ("item", "note", "step", "timing", "shared", "legal_basis"):
        assert set(table(f"findings.{topic}", "zh")) == set(table(f"findings.{topic}", "en"))

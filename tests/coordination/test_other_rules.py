from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from coordination import Policy, detect
from coordination.city import City

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)
WEST = (50.0, 1.0, 100.0, 4.0)


def found(city: City, rule: str, as_of: date = AS_OF) -> Any:
    table = detect(city, Policy(), as_of=as_of).table
    table = table[table["rule"] == rule]
    return {
        (row["project_a"], row["project_b"]): row for row in table.to_dict("records")
    }  # fmt: skip


def test_works_near_each_other_are_an_opportunity_up_to_fifty_metres(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=WEST),
        work("B", "2026-08-01", "2026-08-31", box=(150.0, 1.0, 200.0, 4.0)),
        work("C", "2026-08-01", "2026-08-31", box=(251.0, 1.0, 280.0, 4.0)),
    )
    chances = found(city, "opportunity")
    assert set(chances) == {("A", "B")}
    row = chances["A", "B"]
    assert (row["severity"], row["distance_m"], row["gap_days"]) == ("notice", 50.0, 123)
    assert row["saving_mid_wan"] != row["saving_mid_wan"]  # nothing is opened twice


def test_opportunities_reach_across_one_junction(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=(200.0, 1.0, 280.0, 4.0)),
        work("B", "2026-08-01", "2026-08-31", box=(320.0, 1.0, 400.0, 4.0)),
        work("C", "2026-08-01", "2026-08-31", box=(301.0, 20.0, 304.0, 100.0)),
    )
    assert set(found(city, "opportunity")) == {("A", "B")}


@pytest.mark.parametrize(
    ("other", "is_chance"),
    [
        ({"start": "2027-03-31", "finish": "2027-05-31"}, True),
        ({"start": "2027-04-01", "finish": "2027-05-31"}, False),
        ({"owner_unit": "单位A"}, False),
        ({"owner_unit": None}, False),
        ({"stage": "emergency"}, False),
        ({"method": "none"}, False),
        ({"box": (120.0, 1.0, 136.0, 4.0)}, False),
        ({"box": (120.0, 1.0, 137.0, 4.0)}, True),
    ],
    ids=["12 months", "a day more", "one unit", "no unit", "emergency", "no dig", "48 m²", "51 m²"],
)
def test_what_keeps_two_neighbours_from_being_an_opportunity(
    make_city: MakeCity, work: MakeWork, other: Work, is_chance: bool
) -> None:
    plain = work("B", "2026-08-01", "2026-08-31", box=(120.0, 1.0, 170.0, 4.0))
    city = make_city(work("A", "2026-03-01", "2026-03-31", box=WEST), plain | other)
    assert bool(found(city, "opportunity")) is is_chance


@pytest.mark.parametrize(
    ("as_of", "is_chance"),
    [(date(2026, 3, 31), True), (date(2026, 4, 1), False)],
    ids=["last day of the first", "the first is finished"],
)
def test_an_opportunity_needs_two_unfinished_works(
    make_city: MakeCity, work: MakeWork, as_of: date, is_chance: bool
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=WEST),
        work("B", "2026-08-01", "2026-08-31", box=(120.0, 1.0, 170.0, 4.0)),
    )
    assert bool(found(city, "opportunity", as_of)) is is_chance


def test_two_works_under_way_are_no_opportunity(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-05-31", box=WEST),
        work("B", "2026-03-15", "2026-05-31", box=(120.0, 1.0, 170.0, 4.0)),
    )
    assert found(city, "opportunity")
    assert not found(city, "opportunity", date(2026, 3, 15))


def test_a_stronger_rule_for_the_pair_leaves_no_opportunity(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", box=WEST),
        work("B", "2026-03-15", "2026-04-30", box=(105.0, 1.0, 170.0, 4.0)),
    )
    assert found(city, "concurrent_works")
    assert not found(city, "opportunity")


SAME = {"sector": "drainage", "work_type": "rebuild", "owner_unit": "水务", "level": "district"}


@pytest.mark.parametrize(
    ("other", "is_double"),
    [
        ({"level": "town"}, True),
        ({"funding": "市级"}, True),
        ({"owner_unit": "镇政府"}, True),
        ({}, False),
        ({"level": "town", "work_type": "upkeep"}, False),
        ({"level": "town", "utility": "storm"}, False),
        ({"level": "town", "stage": "emergency"}, False),
        ({"level": "town", "box": (150.0, 1.0, 250.0, 4.0)}, True),
        ({"level": "town", "box": (151.0, 1.0, 251.0, 4.0)}, False),
        ({"level": "town", "box": (100.0, -4.0, 200.0, -1.0)}, False),
        ({"level": "town", "start": "2028-03-31", "finish": "2028-05-31"}, True),
        ({"level": "town", "start": "2028-04-01", "finish": "2028-05-31"}, False),
        ({"work_type": "upkeep", "start": "2026-03-31", "finish": "2026-05-31"}, True),
        ({"work_type": "upkeep", "start": "2026-04-01", "finish": "2026-05-31"}, False),
    ],
    ids=[
        "level", "funding", "unit", "equal", "another work", "another pipe", "emergency",
        "half of the place", "less than half", "opposite side", "24 months", "a day more",
        "one unit at a time", "one unit the day after",
    ],
)  # fmt: skip
def test_projects_that_may_be_filed_twice(
    make_city: MakeCity, work: MakeWork, other: Work, is_double: bool
) -> None:
    first = work("A", "2026-03-01", "2026-03-31", funding="区级", utility="sewer", **SAME)
    second = work("B", "2026-08-01", "2026-08-31", funding="区级", utility="sewer", **SAME) | other
    double = found(make_city(first, second), "duplicate_project")
    assert bool(double) is is_double
    if is_double:
        assert double["A", "B"]["severity"] == "medium"
        assert "疑似重复立项" in double["A", "B"]["reason_zh"]


def test_one_dossier_number_twice_is_found_wherever_the_two_lie(
    make_city: MakeCity, work: MakeWork
) -> None:
    east = (450.0, 1.0, 500.0, 4.0)
    two = [
        work("A", "2026-03-01", "2026-03-31", external_id="7", box=WEST),
        work("B", "2026-08-01", "2026-08-31", external_id="7", box=east, owner_unit="单位A"),
    ]
    (row,) = found(make_city(*two), "duplicate_project").values()
    assert "同一外部编号 7" in row["reason_zh"]
    assert "精确到" not in row["reason_zh"]
    assert row["geometry"] is None
    assert "请合并或撤销其一" in row["reason_zh"]
    assert found(make_city(two[0], two[1] | {"owner_unit": None}), "duplicate_project")
    # Three streets under one number are a programme.
    third = work("C", "2026-08-01", "2026-08-31", external_id="7", box=(296.0, 50.0, 300.0, 150.0))
    assert not found(make_city(*two, third), "duplicate_project")


def test_two_units_under_one_dossier_number_dig_together(
    make_city: MakeCity, work: MakeWork
) -> None:
    for box in (WEST, (450.0, 1.0, 500.0, 4.0)):
        two = [
            work("A", "2026-03-01", "2026-03-31", external_id="7", box=WEST),
            work("B", "2026-03-15", "2026-04-30", external_id="7", box=box),
        ]
        assert not found(make_city(*two), "duplicate_project")
    two[1]["box"] = WEST
    (row,) = found(make_city(*two), "concurrent_works").values()
    assert row["coordinated"] == "7"


@pytest.mark.parametrize(
    ("values", "items"),
    [
        ({}, None),
        ({"box": None}, "缺少位置"),
        ({"start": None}, "缺少起止时间"),
        ({"method": None}, "缺少施工工艺"),
        ({"area_m2": 900.0}, "申报面积与图形不符"),
        ({"area_m2": 310.0}, None),
        ({"length_m": 300.0}, "申报长度与图形不符"),
        ({"length_m": 100.0, "width_m": 3.0, "area_m2": 300.0}, None),
        ({"length_m": 100.0, "width_m": 9.0, "area_m2": 300.0}, "长×宽与申报面积不符"),
        ({"stage": "completed", "method": None}, None),
        ({"stage": "withdrawn", "method": None}, None),
    ],
)
def test_what_a_project_lacks_is_named(
    make_city: MakeCity, work: MakeWork, values: Work, items: str | None
) -> None:
    row = found(make_city(work("A", "2026-03-01", "2026-03-31") | values), "incomplete_data")
    if items is None:
        assert row == {}
    else:
        (only,) = row.values()
        assert only["project_a"] == "A"
        assert items in only["reason_zh"]
        assert only["severity"] == "notice"


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"frame_open": True}, "A 工程A（单位A）的坐标参考框架未确认，位置可能偏移数百米。",
         "it may lie hundreds of metres off"),
        ({"method": None}, "资料不足：缺少施工工艺。请补充。", "lacks data: no method."),
        ({"method": None, "area_m2": 900.0},
         "资料不足或前后不一：缺少施工工艺、申报面积与图形不符。请补充并核对。",
         "lacks data or contradicts itself: no method, stated area"),
        ({"area_m2": 900.0}, "申报数据前后不一：申报面积与图形不符。请核对。", "do not agree"),
    ],
)  # fmt: skip
def test_the_sentence_fits_what_is_wrong(
    make_city: MakeCity, work: MakeWork, values: Work, zh: str, en: str
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31") | values)
    if "frame_open" in values:
        city = replace(city, sites=city.sites.assign(inferred="frame"))
    (row,) = found(city, "incomplete_data").values()
    assert zh in row["reason_zh"]
    assert en in row["reason_en"]


def test_a_project_that_lacks_days_at_one_site_only_is_told_so(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31", site_id="1"),
        work("A", None, None, site_id="2"),
    )
    row = found(city, "incomplete_data")["A", None]
    assert "2 处作业地点中有 1 处资料不足：缺少起止时间" in row["reason_zh"]
    assert "lacks data at 1 of its 2 sites: no dates." in row["reason_en"]


def test_works_without_place_or_dates_take_no_part_in_other_rules(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("B", None, "2026-03-31"),
        work("C", "2026-03-01", "2026-03-31", box=None),
    )
    table = detect(city, Policy(), as_of=AS_OF).table
    assert table["rule"].tolist() == ["incomplete_data", "incomplete_data"]
    assert sorted(table["project_a"]) == ["B", "C"]

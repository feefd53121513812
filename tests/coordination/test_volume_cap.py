"""总量超限 on planted works: certain, expected and possible metres in a town and month."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from coordination.city import City
from coordination.detection import detect
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.rule_policy import VolumePolicy
from coordination.rules.volume_cap import VolumeCap
from geo.road_network import build_network

RULES = (VolumeCap(),)
Row = dict[str, Any]
WEST, EAST = (-100.0, -300.0, 300.0, 300.0), (300.0, -300.0, 700.0, 300.0)


def in_towns(city: City, *, level: str | None = "town") -> City:
    """Return the city with 安亭镇 west and 马陆镇 east of 乙路."""
    table = gpd.GeoDataFrame(
        {
            "boundary_id": ["b1", "b2"], "code": ["310114103", "310114104"],
            "name": ["安亭镇", "马陆镇"], "name_en": ["Anting", None], "level": level,
        },
        geometry=[shapely.MultiPolygon([shapely.box(*box)]) for box in (WEST, EAST)],
        crs=4549,
    )  # fmt: skip
    return replace(city, boundaries=table)


def found(
    city: City,
    opened: Mapping[str, float] | None = None,
    lanes: Mapping[str, float] | None = None,
    *,
    as_of: str = "2026-01-01",
) -> Findings:
    """Return what the rule finds under caps."""
    policy = Policy(volume=VolumePolicy(opened_m=opened or {}, closed_lane_m=lanes or {}))
    return detect(city, policy, as_of=date.fromisoformat(as_of), rules=RULES)


def run_of(findings: Findings) -> tuple[bool, tuple[str, ...]]:
    """Return whether the rule ran, and what was missing."""
    (run,) = [run for run in findings.rules_run if run.rule == "volume_cap"]
    return run.ran, run.missing


def test_two_works_above_the_cap_of_their_month(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(
            work("A", "2026-03-05", "2026-03-20"),
            work("B", "2026-03-25", "2026-04-10", box=(0.0, 1.0, 60.0, 4.0)),
            work("C", "2026-03-01", "2026-03-31", box=(400.0, 1.0, 500.0, 4.0)),  # 马陆镇
        )
    )
    table = found(city, {"default": 150.0}).table
    assert list(zip(table["project_a"], table["project_b"], table["severity"], strict=True)) == [
        ("A", "b1", "medium"), ("B", "b1", "medium"),
    ]  # fmt: skip
    row = table.set_index("project_a").loc["A"]
    assert row["kind_b"] == "zone"
    assert (str(row["start"])[:10], str(row["finish"])[:10]) == ("2026-03-01", "2026-03-31")
    assert row["overlap_days"] == 16
    assert row["reason_zh"].startswith(
        "安亭镇 2026-03 开挖总量超过上限：必然开挖 160 米，按工期预计 160 米，最多 160 米，上限 150 米。"
        "A 工程A（单位A）占其中 100 米，另有 1 个项目；其时间窗口内超限月份共 1 个。"
        "请错开开工月份。"
    )
    assert "In Anting more is open in 2026-03" in row["reason_en"]
    assert not len(found(city, {"default": 160.0}).table)


def test_a_wide_window_counts_by_what_is_certain_and_expected(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    year = work("A", "2026-01-01", "2026-12-31", duration_days=10, stage="reserve")
    city = in_towns(make_city(year, work("B", "2026-05-01", "2026-05-31", box=(0, 1, 80, 4))))
    # 100 m somewhere in the year: about 11 m expected in May beside the 80 m that are certain.
    assert not len(found(city, {"default": 100.0}).table)
    table = found(city, {"default": 85.0}).table.set_index("project_a")
    assert table["severity"].to_dict() == {"A": "notice", "B": "notice"}
    assert table.loc["A", "severity_steps"] == "base:medium possible_only:-1"
    table = found(city, {"default": 79.0}).table.set_index("project_a")
    assert table["severity"].to_dict() == {"A": "notice", "B": "medium"}


def test_a_work_longer_than_the_cap_breaks_it_in_any_month(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(work("A", "2026-01-01", "2026-06-30", duration_days=5, stage="reserve"))
    )
    (row,) = found(city, {"default": 99.0}).table.to_dict("records")
    assert row["severity"] == "notice"
    # Five days within 181: 35 of 177 starts reach into March. No total is above the cap there.
    assert row["reason_zh"].startswith(
        "A 工程A（单位A）在安亭镇开挖 100 米，单独一项即超过 2026-03 的开挖上限 99 米"
        "（按工期，当月施工的可能性为 20%）；其时间窗口内超限月份共 6 个。请分段、分月施工"
    )
    assert "by itself more than the cap of 99 m in 2026-03" in row["reason_en"]
    assert not len(found(city, {"default": 100.0}).table)


@pytest.mark.parametrize(
    ("ended", "counts"),
    [
        ({"actual_start": "2026-03-01", "actual_finish": "2026-03-09", "stage": "completed"}, True),
        ({"actual_start": "2026-02-01", "actual_finish": "2026-03-01", "stage": "completed"}, True),
        (
            {"actual_start": "2026-02-01", "actual_finish": "2026-02-28", "stage": "completed"},
            False,
        ),
        ({"stage": "withdrawn"}, False),
        ({"start": "2026-03-02", "finish": "2026-03-15"}, True),
        # Completed on a day that nobody told, but before the day of judgement.
        ({"start": "2026-03-02", "finish": "2026-04-30", "stage": "completed"}, True),
        ({"start": "2026-04-02", "finish": "2026-04-30", "stage": "completed"}, False),
    ],
)
def test_what_ended_earlier_in_the_month_was_open_in_it(
    make_city: Callable[..., City], work: Callable[..., Row], ended: Row, counts: bool
) -> None:
    over = work("B", "2026-03-01", "2026-03-09", box=(0.0, 1.0, 60.0, 4.0)) | ended
    city = in_towns(make_city(work("A", "2026-03-20", "2026-04-20"), over))
    table = found(city, {"default": 150.0}, as_of="2026-03-16").table
    assert table["project_a"].tolist() == (["A"] if counts else [])
    if counts:
        assert "超限月份共 1 个" in table["reason_zh"].iloc[0]
        assert "必然开挖 160 米" in table["reason_zh"].iloc[0]


def test_what_has_begun_is_not_told_to_begin_later(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    rows = [
        work("A", "2026-03-01", "2026-03-31", stage="in_progress", actual_start="2026-03-02"),
        # A plan year has begun, the work has not.
        work("B", "2026-01-01", "2026-12-31", duration_days=20, stage="reserve", box=(0, 1, 60, 4)),
        work("D", "2026-03-20", "2026-04-20", box=(220.0, 1.0, 280.0, 4.0)),
    ]
    city = in_towns(make_city(*rows))
    table = found(city, {"default": 155.0}, as_of="2026-03-16").table.set_index("project_a")
    told = table["reason_zh"]
    assert "该项目已开工，请安排其他项目错开" in told["A"]
    assert told[["B", "D"]].str.contains("请错开开工月份").all()
    assert told.str.contains("当月施工的可能性").to_dict() == {"A": False, "B": True, "D": False}


def test_what_has_begun_is_open_where_it_can_be(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    # Ten days from 20 February on, in a window of the whole year, and still not finished in March.
    under_way = work("A", "2026-01-01", "2026-12-31", duration_days=10, stage="in_progress",
                     actual_start="2026-02-20")  # fmt: skip
    later = work("B", "2026-03-01", "2026-05-31", box=(0.0, 1.0, 60.0, 4.0))
    city = in_towns(make_city(under_way, later))
    table = found(city, {"default": 155.0}, as_of="2026-03-16").table.set_index("project_a")
    assert table["severity"].to_dict() == {"A": "medium", "B": "medium"}
    for code in ("A", "B"):
        assert table.loc[code, "reason_zh"].startswith(
            "安亭镇 2026-03 开挖总量超过上限：必然开挖 160 米"
        )
        assert "其时间窗口内超限月份共 1 个" in table.loc[code, "reason_zh"]
    later = found(city, {"default": 50.0}, as_of="2026-02-20").table.set_index("project_a")
    assert "超限月份共 2 个" in later.loc["A", "reason_zh"]


def test_a_trench_on_two_carriageways_that_lie_together_is_as_long_as_it_is(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    lines = gpd.GeoDataFrame(
        {"source_id": [0, 1], "road": "甲路", "road_class": "local", "width_m": 9.0, "oneway": True,
         "level": 0},
        geometry=shapely.from_wkt(["LINESTRING (0 0, 600 0)", "LINESTRING (600 4, 0 4)"]),
        crs=4549,
    )  # fmt: skip
    roads = build_network(lines, width_m={}, corner_radius_m=8.0)
    narrow = work("A", "2026-03-05", "2026-03-20", box=(60.0, 1.0, 160.0, 3.0))
    wide = work("B", "2026-03-05", "2026-03-20", box=(60.0, -4.5, 160.0, 8.5))
    for one, metres in ((narrow, 100), (wide, 200)):
        city = replace(in_towns(make_city(one)), network=roads)
        reason = found(city, {"default": 10.0}).table["reason_zh"].iloc[0]
        assert f"必然开挖 {metres} 米" in reason, reason


@pytest.mark.parametrize(
    ("caps", "months"),
    [
        ({"安亭镇": 99.0}, 2),
        ({"310114103": 99.0}, 2),
        ({"Anting": 99.0}, 2),
        ({"b1": 99.0}, 2),
        ({"安亭镇": 99.0, "安亭镇@03": 100.0}, 1),
        ({"安亭镇": 99.0, "安亭镇@03": 100.0, "安亭镇@2026-04": 100.0}, 0),
        ({"default@2026-04": 50.0}, 1),
        ({"马陆镇": 1.0}, 0),
        ({"安亭": 1.0}, 0),
    ],
)
def test_caps_by_zone_and_month(
    make_city: Callable[..., City], work: Callable[..., Row], caps: dict[str, float], months: int
) -> None:
    city = in_towns(make_city(work("A", "2026-03-05", "2026-04-20")))
    table = found(city, caps).table
    assert len(table) == (months > 0)
    if months:
        assert f"超限月份共 {months} 个" in table["reason_zh"].iloc[0]


def test_a_work_across_the_border_counts_by_its_part(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(work("A", "2026-03-05", "2026-03-20", box=(200.0, 1.0, 400.0, 4.0)), roads=False)
    )
    assert found(city, {"default": 99.0}).table["project_b"].sort_values().tolist() == ["b1", "b2"]
    assert not len(found(city, {"default": 101.0}).table)


def test_what_touches_the_border_only_is_in_one_town(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(work("A", "2026-03-05", "2026-03-20", box=(200.0, 1.0, 300.0, 4.0)), roads=False)
    )
    assert found(city, {"default": 1.0}).table["project_b"].tolist() == ["b1"]


def test_what_opens_nothing_is_over_or_finished_counts_nothing(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(
            work("A", "2026-03-05", "2026-03-20", method="none"),
            work("B", "2025-03-05", "2025-03-20"),
            work("C", "2026-03-05", "2026-03-20", stage="withdrawn"),
            work("D", "2025-12-01", "2026-01-05"),
        )
    )
    assert found(city, {"default": 1.0}).table["project_a"].tolist() == ["D"]
    assert not len(found(city, {"default": 1.0}, as_of="2026-04-01").table)


def test_an_emergency_counts_and_is_not_asked(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(
        make_city(
            work("A", "2026-03-05", "2026-03-20"),
            work("B", "2026-03-05", "2026-03-20", box=(0.0, 1.0, 60.0, 4.0), stage="emergency"),
        )
    )
    assert found(city, {"default": 150.0}).table["project_a"].tolist() == ["A"]


def test_closed_lanes(make_city: Callable[..., City], work: Callable[..., Row]) -> None:
    # 甲路 is 12 m wide: three lanes. 100 m of full closure are 300 m of lanes, half of it 200 m.
    city = in_towns(
        make_city(work("A", "2026-03-05", "2026-03-20", traffic_impact="full", method="none"))
    )
    assert found(city, None, {"default": 299.0}).table["project_a"].tolist() == ["A"]
    assert not len(found(city, None, {"default": 300.0}).table)
    city = in_towns(make_city(work("A", "2026-03-05", "2026-03-20", traffic_impact="half")))
    assert found(city, None, {"default": 199.0}).table["project_a"].tolist() == ["A"]
    assert not len(found(city, None, {"default": 200.0}).table)
    city = in_towns(make_city(work("A", "2026-03-05", "2026-03-20", traffic_impact="footway")))
    assert not len(found(city, None, {"default": 1.0}).table)


def test_it_says_what_is_missing(make_city: Callable[..., City], work: Callable[..., Row]) -> None:
    city = make_city(work("A", "2026-03-05", "2026-03-20"))
    assert run_of(found(city, {"default": 1.0})) == (False, ("boundaries",))
    assert run_of(found(in_towns(city))) == (False, ("volume_caps",))
    assert run_of(found(in_towns(city), {"default": 1.0})) == (True, ())


def test_default_is_for_towns_and_for_all_where_no_level_is_stated(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = make_city(work("A", "2026-03-05", "2026-03-20"))
    assert not len(found(in_towns(city, level="district"), {"default": 1.0}).table)
    assert len(found(in_towns(city, level=None), {"default": 1.0}).table) == 1


def test_the_months_are_those_of_the_calendar(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    for start, finish, months in (
        ("2026-02-28", "2026-02-28", 1), ("2026-02-28", "2026-03-01", 2),
        ("2028-02-29", "2028-02-29", 1), ("2026-12-31", "2027-01-01", 2),
    ):  # fmt: skip
        city = in_towns(make_city(work("A", start, finish)))
        reason = found(city, {"default": 1.0}).table["reason_zh"].iloc[0]
        assert f"超限月份共 {months} 个" in reason, (start, finish)


def test_the_order_of_the_rows_does_not_matter(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    rows = [
        work("A", "2026-03-05", "2026-03-20"),
        work("B", "2026-03-01", "2026-05-31", box=(0.0, 1.0, 80.0, 4.0), duration_days=20),
        work("D", "2026-04-01", "2026-04-30", box=(220.0, 1.0, 280.0, 4.0)),
    ]
    there = found(in_towns(make_city(*rows)), {"default": 100.0}).table
    back = found(in_towns(make_city(*rows[::-1])), {"default": 100.0}).table
    columns = ["finding_id", "severity", "start", "finish", "overlap_days", "reason_zh"]
    pd.testing.assert_frame_equal(
        there[columns].sort_values("finding_id", ignore_index=True),
        back[columns].sort_values("finding_id", ignore_index=True),
    )


def test_caps_for_zones_that_were_never_imported_are_no_all_clear(
    make_city: Callable[..., City], work: Callable[..., Row]
) -> None:
    city = in_towns(make_city(work("A", "2026-03-01", "2026-03-31")))
    assert run_of(found(city, {"南翔镇": 10.0})) == (False, ("boundaries",))
    assert run_of(found(city, {"南翔镇": 10.0, "安亭镇": 500.0})) == (True, ())

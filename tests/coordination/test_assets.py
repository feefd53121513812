"""Rules about assets: protection zones, and partners that nobody planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from coordination import Policy, detect
from coordination.city import City
from coordination.detection import RULES
from coordination.findings import Findings
from coordination.rule_policy import ProtectionPolicy

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]
Asset = dict[str, Any]

AS_OF = date(2026, 1, 1)
METRO = {"asset_id": "m11", "kind": "metro", "name": "11号线", "owner_unit": "地铁公司"}


def with_assets(city: City, *assets: Asset) -> City:
    columns = ["asset_id", "kind", "name", "road", "owner_unit", "due", "value", "unit", "utility"]
    table = pd.DataFrame(assets, columns=[*columns, "wkt"]).astype({"name": "object"})
    table["due"] = pd.to_datetime(table["due"])
    shapes = shapely.from_wkt(table.pop("wkt"))
    return replace(city, assets=gpd.GeoDataFrame(table, geometry=shapes, crs=4549))


def rows(findings: Findings, rule: str) -> dict[tuple[str, str], dict[str, Any]]:
    table = findings.table[findings.table["rule"] == rule]
    return {(row["project_a"], row["project_b"]): row for row in table.to_dict("records")}


def found(city: City, rule: str, policy: Policy | None = None) -> dict[tuple[str, str], Any]:
    own = [one for one in RULES if one.code == rule]
    return rows(detect(city, policy or Policy(), as_of=AS_OF, rules=own), rule)


def run_of(city: City, rule: str) -> tuple[bool, tuple[str, ...]]:
    runs = detect(city, Policy(), as_of=AS_OF).rules_run
    return next((run.ran, run.missing) for run in runs if run.rule == rule)


# ---- protection_zone: the footprint is x 100–200, y 1–4 on the north side of 甲路 ----------------


@pytest.mark.parametrize(
    ("y", "zone", "area_m2"),
    [(4.0, "10", 300.0), (14.0, "10", 300.0), (14.5, "30", 300.0), (34.5, "50", 300.0),
     (52.0, "50", 200.0), (54.0, "50", 300.0), (54.1, None, None)],
)  # fmt: skip
def test_the_nearest_zone_of_a_metro_is_named(
    make_city: MakeCity, work: MakeWork, y: float, zone: str | None, area_m2: float | None
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"))
    line = f"LINESTRING (0 {y}, 600 {y})"
    result = found(with_assets(city, METRO | {"wkt": line}), "protection_zone")
    if zone is None:
        assert result == {}
        return
    row = result["A", "m11"]
    assert (row["severity"], row["kind_b"], row["road"]) == ("notice", "asset", "甲路")
    assert row["distance_m"] == pytest.approx(y - 4.0)
    assert f"属 {zone} 米保护区" in row["reason_zh"]
    assert row["geometry"].area == pytest.approx(area_m2, abs=0.1)


def test_the_sentence_names_asset_owner_and_ground(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"))
    line = {"wkt": "LINESTRING (0 34, 600 34)"}
    row = found(with_assets(city, METRO | line), "protection_zone")["A", "m11"]
    assert row["reason_zh"].startswith(
        "A 工程A（单位A）的作业范围距地铁“11号线”（地铁公司）30 米，属 30 米保护区，进入保护区的面积为 0 平方米。"
    )
    nameless = METRO | {"name": None, "owner_unit": None, "wkt": "LINESTRING (0 2, 600 2)"}
    row = found(with_assets(city, nameless), "protection_zone")["A", "m11"]
    assert row["reason_en"].startswith(
        "The footprint of A 工程A (单位A) lies on or inside metro m11 (owner unknown, find out first), in its "
        "zone of 10 m; 300 m² lie within the zone."
    )


@pytest.mark.parametrize(
    ("other", "is_told"),
    [
        ({}, True),
        ({"method": "trenchless"}, True),
        ({"method": None}, True),
        ({"method": "surface"}, False),
        ({"method": "none"}, False),
        ({"stage": "completed"}, False),
        ({"stage": "withdrawn"}, False),
        ({"start": "2025-03-01", "finish": "2025-12-31"}, False),
    ],
)
def test_only_unfinished_digs_count(
    make_city: MakeCity, work: MakeWork, other: Work, is_told: bool
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31") | other)
    line = METRO | {"wkt": "LINESTRING (150 -50, 150 50)"}
    assert bool(found(with_assets(city, line), "protection_zone")) is is_told


def test_trenchless_works_drill_below_the_middle_too(make_city: MakeCity, work: MakeWork) -> None:
    bore = work("A", "2026-03-01", "2026-03-31", method="trenchless")
    tree = {"asset_id": "t1", "kind": "tree", "wkt": "POINT (150 6)"}
    row = found(with_assets(make_city(bore), tree), "protection_zone")["A", "t1"]
    assert row["distance_m"] == 2.0
    # The part of the strip y 1–4 inside the circle of 5 m around (150, 6).
    assert row["geometry"].area == pytest.approx(19.8, abs=0.1)


def test_sites_of_one_project_are_one_finding(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-03-01", "2026-03-31"),
        work("A", "2026-05-01", "2026-05-31", site_id="A-2", box=(120.0, 14.0, 140.0, 16.0)),
        work("A", "2026-05-01", "2026-05-31", site_id="A-3", box=(120.0, 18.0, 140.0, 19.0)),
    )
    line = METRO | {"wkt": "LINESTRING (0 25, 600 25)"}
    (row,) = found(with_assets(city, line), "protection_zone").values()
    assert (row["sites_a"], row["distance_m"]) == ("A-2 A-3", 6.0)
    assert "进入保护区的面积为 40 平方米" in row["reason_zh"]


def test_kinds_and_distances_are_the_authority_s(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"))
    cable = {"asset_id": "c", "kind": "光缆", "wkt": "LINESTRING (0 11, 600 11)"}
    own = Policy(protection=ProtectionPolicy(within_m={"光缆": (8.0,)}))
    assert set(found(with_assets(city, cable), "protection_zone", own)) == {("A", "c")}
    assert found(with_assets(city, cable), "protection_zone") == {}


def test_without_protected_assets_nothing_is_clear(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"))
    assert run_of(city, "protection_zone") == (False, ("assets",))
    river = {"asset_id": "r", "kind": "river", "wkt": "LINESTRING (0 0, 600 0)"}
    assert run_of(with_assets(city, river), "protection_zone") == (False, ("assets_protected",))
    far = METRO | {"wkt": "LINESTRING (0 900, 600 900)"}
    assert run_of(with_assets(city, far), "protection_zone") == (True, ())


# ---- missing_partner ---------------------------------------------------------------------------

OVERHEAD = {"asset_id": "o1", "kind": "overhead_line", "owner_unit": "供电公司",
            "wkt": "LINESTRING (0 8, 600 8)"}  # fmt: skip
PIPE = {"asset_id": "p1", "kind": "pipe_due", "name": "DN300", "owner_unit": "水务公司",
        "utility": "water", "due": "2030-06-30", "wkt": "LINESTRING (50 -2, 180 -2)"}  # fmt: skip


@pytest.fixture
def repair(work: MakeWork) -> Work:
    """Return a major repair of 100 m of 甲路 in May 2026."""
    return work(
        "R", "2026-05-01", "2026-05-31", sector="road", utility=None, work_type="major_repair",
        method="surface", box=(100.0, -5.0, 200.0, 5.0),
    )  # fmt: skip


def test_a_repair_along_an_overhead_line_misses_its_partner(
    make_city: MakeCity, repair: Work
) -> None:
    (row,) = found(with_assets(make_city(repair), OVERHEAD), "missing_partner").values()
    assert (row["project_a"], row["project_b"], row["kind_b"]) == ("R", "o1", "asset")
    assert (row["severity"], row["road"], row["distance_m"]) == ("medium", "甲路", 3.0)
    # The line 3 m away lies within 15 m of the work's corners for √(15² − 3²) = 14.7 m more each.
    assert row["reason_zh"].startswith(
        "R 工程R（单位R）计划大修（2026-05-01–2026-05-31），沿线 129 米有架空线 o1（供电公司），"
        "但前后 12 个月内附近无架空线入地项目，建议同步实施。"
    )
    assert row["reason_en"].startswith(
        "R 工程R (单位R) plans a major repair (2026-05-01–2026-05-31) along 129 m of overhead line o1 "
        "(供电公司), but no project within 12 months puts the line below the ground there"
    )


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({"work_type": "widen"}, True),
        ({"work_type": "minor_repair"}, False),
        ({"sector": "pipeline"}, False),
        ({"stage": "completed"}, False),
        ({"box": (100.0, -16.0, 200.0, -7.0)}, True),
        ({"box": (100.0, -16.0, 200.0, -7.1)}, False),
        ({"box": (-9.0, -16.0, 200.0, -8.0)}, False),
    ],
)
def test_which_works_ask_for_a_partner(
    make_city: MakeCity, repair: Work, change: Work, is_told: bool
) -> None:
    near = with_assets(make_city(repair | change), OVERHEAD)
    assert bool(found(near, "missing_partner")) is is_told


@pytest.mark.parametrize(
    ("partner", "is_told"),
    [
        ({"utility": "power"}, False),
        ({"utility": "telecom", "work_type": "renovation"}, False),
        ({"utility": "water"}, True),
        ({"utility": "power", "work_type": "upkeep"}, True),
        ({"utility": "power", "method": "none"}, True),
        ({"utility": "power", "stage": "withdrawn"}, True),
        ({"utility": "power", "start": "2025-02-01", "finish": "2025-05-01"}, False),
        ({"utility": "power", "start": "2025-02-01", "finish": "2025-04-30"}, True),
        ({"utility": "power", "start": "2027-05-31", "finish": "2027-06-30"}, False),
        ({"utility": "power", "start": "2027-06-01", "finish": "2027-06-30"}, True),
        ({"utility": "power", "box": (0.0, 30.0, 400.0, 33.0)}, True),
        ({"utility": "power", "box": (80.0, 6.0, 160.0, 9.0)}, True),
        ({"utility": "power", "box": (80.0, 6.0, 172.0, 9.0)}, False),
    ],
)
def test_what_counts_as_undergrounding(
    make_city: MakeCity, work: MakeWork, repair: Work, partner: Work, is_told: bool
) -> None:
    plain = work("C", "2026-03-01", "2026-04-30", box=(80.0, 6.0, 220.0, 9.0))
    city = with_assets(make_city(repair, plain | partner), OVERHEAD)
    assert bool(found(city, "missing_partner")) is is_told


def test_what_partners_leave_is_told(make_city: MakeCity, work: MakeWork, repair: Work) -> None:
    half = work("C", "2026-03-01", "2026-04-30", utility="power", box=(80.0, 6.0, 120.0, 10.0))
    (row,) = found(with_assets(make_city(repair, half), OVERHEAD), "missing_partner").values()
    # From 120 + 15 to 200 + 14.7.
    assert "沿线 80 米" in row["reason_zh"]


@pytest.mark.parametrize(
    ("due", "is_told"),
    [("2031-05-31", True), ("2031-06-01", False), ("2024-01-01", True), (None, True)],
)
def test_pipes_due_within_five_years_should_go_along(
    make_city: MakeCity, repair: Work, due: str | None, is_told: bool
) -> None:
    city = with_assets(make_city(repair), PIPE | {"due": due})
    assert bool(found(city, "missing_partner")) is is_told


def test_the_sentence_about_a_pipe(make_city: MakeCity, repair: Work) -> None:
    (row,) = found(with_assets(make_city(repair), PIPE), "missing_partner").values()
    assert row["reason_zh"].startswith(
        "R 工程R（单位R）计划大修（2026-05-01–2026-05-31），其下 95 米有待更新管线“DN300”（水务公司），"
        "2030-06-30 到期，但前后 12 个月内附近无该类管线更新项目，建议同步更新。"
    )
    undated = PIPE | {"due": None}
    (row,) = found(with_assets(make_city(repair), undated), "missing_partner").values()
    assert "DN300” (水务公司; by when is not known), but" in row["reason_en"]
    assert "其下 95 米有待更新管线“DN300”（水务公司，到期日不详），" in row["reason_zh"]
    # The road is judged on 2026-01-01, and the pipe was due the day before.
    overdue = PIPE | {"due": "2025-12-31"}
    (row,) = found(with_assets(make_city(repair), overdue), "missing_partner").values()
    assert "已于 2025-12-31 到期" in row["reason_zh"]
    assert "was to be renewed by 2025-12-31" in row["reason_en"]


@pytest.mark.parametrize(
    ("partner", "asset", "is_told"),
    [
        ({"utility": "water"}, {}, False),
        ({"utility": "gas"}, {}, True),
        ({"utility": "gas", "owner_unit": "水务公司"}, {}, False),
        ({"utility": "gas"}, {"utility": None}, True),
        ({"utility": "gas"}, {"utility": None, "owner_unit": None}, False),
        ({"utility": None, "sector": "greening"}, {"utility": None, "owner_unit": None}, True),
    ],
)
def test_whose_pipe_it_is(
    make_city: MakeCity, work: MakeWork, repair: Work, partner: Work, asset: Asset, is_told: bool
) -> None:
    plain = work("B", "2026-03-01", "2026-04-30", box=(80.0, -4.0, 220.0, -1.0))
    city = with_assets(make_city(repair, plain | partner), PIPE | asset)
    assert bool(found(city, "missing_partner")) is is_told


def test_each_half_says_what_it_lacks(make_city: MakeCity, repair: Work) -> None:
    city = make_city(repair)
    assert run_of(city, "missing_partner") == (False, ("assets",))
    assert run_of(with_assets(city, METRO | {"wkt": "POINT (0 0)"}), "missing_partner") == (
        False, ("assets_overhead_line", "assets_pipe_due"),
    )  # fmt: skip
    assert run_of(with_assets(city, OVERHEAD), "missing_partner") == (True, ("assets_pipe_due",))
    assert run_of(with_assets(city, PIPE), "missing_partner") == (True, ("assets_overhead_line",))
    assert run_of(with_assets(city, PIPE, OVERHEAD), "missing_partner") == (True, ())


# ---- counted traffic: the digs of A and B share 甲路 east of x = 0, C lies on 乙路 ---------------


@pytest.mark.parametrize(
    ("wkt", "vehicles", "index", "counted"),
    [
        ("LINESTRING (0 3, 290 3)", 800, 1.80, True),
        ("LINESTRING (0 3, 290 3)", 40_000, 2.80, True),
        ("POINT (40 5)", 40_000, 2.80, True),
        ("POINT (40 40)", 40_000, 1.80, False),
        ("LINESTRING (300 20, 300 200)", 40_000, 1.80, False),
        ("LINESTRING (0 3, 290 3)", None, 1.80, False),
    ],
)
def test_counted_traffic_goes_before_the_estimate(
    make_city: MakeCity,
    work: MakeWork,
    wkt: str,
    vehicles: float | None,
    index: float,
    counted: bool,
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-01", "2026-03-31"))
    count = {"asset_id": "v", "kind": "traffic_volume", "value": vehicles, "wkt": wkt}
    row = found(with_assets(city, count), "concurrent_works")["A", "B"]
    assert row["impact_index"] == pytest.approx(index)
    assert ("交通量为实测" in row["reason_zh"]) is counted
    assert ("estimated from the road class" in row["reason_en"]) is not counted

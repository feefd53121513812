"""A tiny planted city for each rule, in which it finds something, and one in which it just does not.

The pages of docs/rules draw them, and a test runs `coordination.detect` on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from coordination import detect
from coordination.city import City
from coordination.detection import RULES
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from coordination.rule_policy import VolumePolicy
from geo.road_network import RoadNetwork, build_network

Work = dict[str, Any]
Street = tuple[str, str]

CRS_M = CRS(4549)
AS_OF = date(2026, 1, 1)
CROSS: tuple[Street, ...] = (
    ("甲路", "LINESTRING (0 0, 600 0)"), ("乙路", "LINESTRING (300 -200, 300 200)"),
)  # fmt: skip
RING: tuple[Street, ...] = (
    ("南路", "LINESTRING (0 0, 240 0)"), ("东路", "LINESTRING (240 0, 240 120)"),
    ("北路", "LINESTRING (240 120, 0 120)"), ("西路", "LINESTRING (0 120, 0 0)"),
)  # fmt: skip
LEFT = (110.0, 0.5, 170.0, 5.0)
RIGHT = (140.0, 0.5, 200.0, 5.0)
WHOLE = (100.0, -6.0, 210.0, 6.0)


@dataclass(frozen=True)
class Situation:
    """A city to draw, what is judged in it, and in what the two of a rule differ."""

    city: City
    zh: str
    en: str
    policy: Policy = field(default_factory=Policy)
    as_of: date = AS_OF


@dataclass(frozen=True)
class Planted:
    """One finding and its near miss; ``pair`` is what the finding names."""

    found: Situation
    miss: Situation
    pair: tuple[str, str | None]


def judged(one: Situation, code: str) -> Findings:
    """Return what one rule finds in a situation."""
    rules = [rule for rule in RULES if rule.code == code]
    return detect(one.city, one.policy, as_of=one.as_of, rules=rules)


@cache
def planted(code: str) -> tuple[Planted, Findings, Findings]:
    """Return the two cities of a rule, and what it finds in each."""
    made = SITUATIONS[code]()
    return made, judged(made.found, code), judged(made.miss, code)


def dig(code: str, start: str, finish: str, **values: Any) -> Work:
    """Return a pipe project with one site on 甲路."""
    utility = {"A": "gas", "B": "water"}[code]
    plain: Work = {
        "code": code, "name": {"gas": "燃气管道", "water": "给水管道"}[utility],
        "name_en": {"gas": "gas main", "water": "water main"}[utility],
        "owner_unit": {"A": "燃气公司", "B": "水务局"}[code], "sector": "pipeline",
        "work_type": "new", "stage": "approved", "utility": utility, "site_id": f"{code}-1",
        "method": "open_cut", "start": start, "finish": finish, "box": LEFT if code == "A" else RIGHT,
        "footprint_source": "polygon",
    }  # fmt: skip
    return plain | values


def paving(code: str, start: str, finish: str, **values: Any) -> Work:
    """Return a road project that makes a new surface on 甲路."""
    plain = dig(
        code, start, finish, name="路面大修", name_en="resurfacing", owner_unit="区交通委", sector="road",
        work_type="major_repair", utility=None, method="surface", box=WHOLE,
    )  # fmt: skip
    return plain | values


@cache
def roads(streets: tuple[Street, ...] = CROSS) -> RoadNetwork:
    """Return local roads of 12 m."""
    table = gpd.GeoDataFrame(
        {
            "source_id": range(len(streets)), "road": [name for name, _ in streets],
            "road_class": "local", "width_m": 12.0, "oneway": False, "level": 0,
        },
        geometry=shapely.from_wkt([line for _, line in streets]),
        crs=CRS_M,
    )  # fmt: skip
    return build_network(table, width_m={}, corner_radius_m=8.0)


def city_of(*works: Work, streets: tuple[Street, ...] = CROSS) -> City:
    """Return a city of works, one site each."""
    rows = pd.DataFrame(list(works))
    dates = ("start", "finish", "actual_start", "actual_finish", "permit_start", "permit_finish")
    for name in dates:
        if name in rows:
            rows[name] = pd.to_datetime(rows[name])
    sites = as_fields(rows, SITE_FIELDS).assign(
        project_code=rows["code"], footprint_source=rows["footprint_source"]
    )
    shapes = [shapely.MultiPolygon([shapely.box(*box)]) for box in rows["box"]]
    return City(
        CRS_M,
        as_fields(rows, PROJECT_FIELDS),
        gpd.GeoDataFrame(sites, geometry=np.array(shapes, dtype=object), crs=CRS_M),
        network=roads(streets),
    )


def layer(rows: list[Work], shapes: list[Any], days: tuple[str, ...] = ()) -> gpd.GeoDataFrame:
    """Return an imported table."""
    table = pd.DataFrame(rows, dtype="object")
    for name in days:
        table[name] = pd.to_datetime(table[name])
    return gpd.GeoDataFrame(table, geometry=np.array(shapes, dtype=object), crs=CRS_M)


def area(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(west, south, east, north)])


def two(first: Situation, second: Situation, a: str = "A", b: str | None = "B") -> Planted:
    return Planted(first, second, (a, b))


def concurrent_works() -> Planted:
    a, b = dig("A", "2026-03-01", "2026-03-31"), dig("B", "2026-03-16", "2026-04-15")
    return two(
        Situation(city_of(a, b), "同一路段，时间窗口有共同的天", "same stretch, windows share days"),
        Situation(
            city_of(a, dig("B", "2026-04-01", "2026-04-30")),
            "B 在 A 竣工次日才开工，没有共同的天", "B starts the day after A ends: no common day",
        ),
    )  # fmt: skip


def repeat_excavation() -> Planted:
    a = dig("A", "2026-03-01", "2026-03-31")
    return two(
        Situation(
            city_of(a, dig("B", "2026-11-01", "2026-11-30")),
            "同一路段 7 个月后再次开挖", "the same stretch is opened again after 7 months",
        ),
        Situation(
            city_of(a, dig("B", "2028-04-10", "2028-05-09")),
            "两次开挖间隔超过 24 个月", "more than 24 months between the two openings",
        ),
    )  # fmt: skip


def _made() -> gpd.GeoDataFrame:
    row: Work = {
        "ledger_id": "L-1", "road": "甲路", "kind": "resurfacing", "surface": "asphalt",
        "day": "2024-06-30", "start": "2024-05-01", "finish": "2024-06-30", "sector": "road",
        "method": "surface", "owner_unit": "区交通委", "work_type": "major_repair", "source": "履历",
    }  # fmt: skip
    return layer([row], [area(*WHOLE)], ("day", "start", "finish"))


def no_dig_period() -> Planted:
    def under(start: str, finish: str) -> City:
        return replace(city_of(dig("A", start, finish)), ledger=_made())

    return two(
        Situation(
            under("2026-09-01", "2026-09-30"),
            "大修竣工三年内开挖", "a dig within three years of a major repair",
        ),
        Situation(
            under("2027-07-01", "2027-07-31"),
            "禁掘期满后开工", "the dig starts when the lock is over",
        ),
        b="L-1",
    )  # fmt: skip


def no_dig_lockout() -> Planted:
    a = paving("A", "2026-05-01", "2026-06-30")
    return two(
        Situation(
            city_of(a, dig("B", "2026-10-01", "2026-10-31")),
            "先修路，后开挖", "the road is repaired first and dug afterwards",
        ),
        Situation(
            city_of(a, dig("B", "2026-03-01", "2026-04-15")),
            "开挖在路面完工以前结束", "the dig ends before the surface is finished",
        ),
    )  # fmt: skip


def wrong_order() -> Planted:
    upper = dig(
        "A", "2026-03-01", "2026-03-31", name="通信管道", name_en="telecom duct", utility="telecom"
    )
    lower = {"name": "污水管道", "name_en": "sewer", "utility": "sewer"}
    return two(
        Situation(
            city_of(upper, dig("B", "2026-06-01", "2026-06-30", **lower)),
            "下层的污水管道在上层的通信管道之后完工", "the sewer below ends after the duct above it",
        ),
        Situation(
            city_of(upper, dig("B", "2026-01-10", "2026-02-20", **lower)),
            "下层先完工", "the lower layer is finished first",
        ),
    )  # fmt: skip


def restricted_period() -> Planted:
    row: Work = {
        "restriction_id": "R-1", "name": "购物节", "kind": "节日", "start": "2026-11-05",
        "finish": "2026-11-10", "recurs": "once", "works": "all", "mode": "forbid",
    }  # fmt: skip
    fair = layer([row], [area(125, -14, 220, 14)], ("start", "finish"))

    def with_fair(start: str, finish: str) -> City:
        return replace(city_of(dig("A", start, finish)), restrictions=fair)

    return two(
        Situation(
            with_fair("2026-11-01", "2026-11-20"),
            "施工窗口与保障期有共同的天", "the window shares days with the period",
        ),
        Situation(
            with_fair("2026-11-11", "2026-11-30"),
            "保障期结束次日才开工", "the work starts the day after the period ends",
        ),
        b="R-1",
    )  # fmt: skip


def _assets(kind: str, name: str, wkt: str) -> gpd.GeoDataFrame:
    row: Work = {
        "asset_id": "P-1", "kind": kind, "name": name, "road": None, "owner_unit": "权属单位",
        "due": None, "value": None, "unit": None, "utility": None,
    }  # fmt: skip
    return layer([row], [shapely.from_wkt(wkt)], ("due",))


def missing_partner() -> Planted:
    lines = _assets("overhead_line", "架空线", "LINESTRING (60 9, 250 9)")
    rebuilt = paving("A", "2026-05-01", "2026-06-30", name="道路改建", name_en="rebuilt road")
    power = dig(
        "B", "2026-03-01", "2026-04-15", name="架空线入地", name_en="lines put underground",
        utility="power", owner_unit="供电公司", box=(90.0, 6.5, 220.0, 10.0),
    )  # fmt: skip
    return two(
        Situation(
            replace(city_of(rebuilt), assets=lines),
            "沿架空线大修道路，无人安排入地", "a road is repaired along overhead lines that stay",
        ),
        Situation(
            replace(city_of(rebuilt, power), assets=lines),
            "12 个月内已安排架空线入地", "a project puts the lines below the ground within 12 months",
        ),
        b="P-1",
    )  # fmt: skip


def duplicate_project() -> Planted:
    a = dig("A", "2026-03-01", "2026-03-31", funding="区财政")
    same = {
        "utility": "gas", "name": "燃气管道", "name_en": "gas main", "owner_unit": "燃气公司",
        "funding": "企业自筹",
    }  # fmt: skip
    return two(
        Situation(
            city_of(a, dig("B", "2026-06-01", "2026-06-30", box=(115.0, 0.5, 175.0, 5.0), **same)),
            "同一位置、行业、类别，资金来源不同", "same place, sector and work type, other funding",
        ),
        Situation(
            city_of(a, dig("B", "2026-06-01", "2026-06-30", box=(150.0, 0.5, 210.0, 5.0), **same)),
            "共用面积不到较小者的一半", "they share less than half of the smaller footprint",
        ),
    )  # fmt: skip


def parallel_closure() -> Planted:
    def closed(start: str, finish: str) -> City:
        plain: Work = {"traffic_impact": "full", "work_type": "rebuild"}
        return city_of(
            dig("A", "2026-03-01", "2026-03-31", box=(90, -5, 150, 5), **plain),
            dig("B", start, finish, box=(90, 115, 150, 125), **plain),
            streets=RING,
        )

    return two(
        Situation(
            closed("2026-03-16", "2026-04-15"),
            "同期封闭，两处互为唯一绕行路", "closed at the same time, each the only way round the other",
        ),
        Situation(
            closed("2026-04-01", "2026-04-30"),
            "先后封闭，始终有路可绕", "closed one after the other: there is always a way round",
        ),
    )  # fmt: skip


def volume_cap() -> Planted:
    town: Work = {
        "boundary_id": "T-1", "code": "T-1", "name": "安亭镇", "name_en": "Anting", "level": "town",
    }  # fmt: skip
    table = layer([town], [area(92, -26, 220, 26)])
    policy = Policy(volume=VolumePolicy(opened_m={"安亭镇": 100.0}))
    a = dig("A", "2026-03-02", "2026-03-31")
    return two(
        Situation(
            replace(city_of(a, dig("B", "2026-03-09", "2026-03-31")), boundaries=table),
            "三月开挖 120 米，上限 100 米", "120 m are open in March, the cap is 100 m", policy,
        ),
        Situation(
            replace(city_of(a, dig("B", "2026-04-01", "2026-04-30")), boundaries=table),
            "错开月份，每月 60 米", "one month later: 60 m in each month", policy,
        ),
        b="T-1",
    )  # fmt: skip


def protection_zone() -> Planted:
    def near(y: float) -> City:
        metro = _assets("metro", "11号线", f"LINESTRING (40 {y}, 270 {y})")
        return replace(city_of(dig("A", "2026-03-01", "2026-03-31")), assets=metro)

    return two(
        Situation(
            near(30.0), "距地铁 25 米，属 30 米保护区", "25 m from a metro line, in its 30 m zone"
        ),
        Situation(
            near(60.0), "距地铁 55 米，在保护区以外", "55 m from the metro line, outside its zones"
        ),
        b="P-1",
    )


def permit_exceeded() -> Planted:
    permit = {"permit_start": "2026-03-01", "permit_finish": "2026-03-31", "permit_no": "掘-1"}

    def ended(day: str) -> City:
        return city_of(
            dig(
                "A", "2026-03-01", "2026-03-31", stage="in_progress", actual_start="2026-03-01",
                actual_finish=day, **permit,
            )
        )  # fmt: skip

    later = date(2026, 5, 1)
    return two(
        Situation(
            ended("2026-04-12"), "许可到期 12 天后才竣工", "the work ends 12 days after its permit",
            as_of=later,
        ),
        Situation(
            ended("2026-03-31"), "在许可的最后一天竣工", "the work ends on the permit's last day",
            as_of=later,
        ),
        b=None,
    )  # fmt: skip


def opportunity() -> Planted:
    a = dig("A", "2026-03-01", "2026-03-31", box=(90.0, 0.5, 140.0, 5.0))

    def beside(gap_m: float) -> City:
        west = 140.0 + gap_m
        return city_of(a, dig("B", "2026-07-01", "2026-07-31", box=(west, 0.5, west + 50.0, 5.0)))

    return two(
        Situation(beside(30.0), "不同单位，同路相距 30 米，相隔 3 个月",
                  "different units, 30 m apart on one road, 3 months apart"),
        Situation(beside(60.0), "同路相距 60 米，超过 50 米", "60 m apart: more than 50 m"),
    )  # fmt: skip


def incomplete_data() -> Planted:
    def filed(area_m2: float) -> City:
        return city_of(dig("A", "2026-03-01", "2026-03-31", area_m2=area_m2))

    return two(
        Situation(filed(600.0), "申报面积 600 m²，图形只有 270 m²",
                  "600 m² stated, 270 m² drawn"),
        Situation(filed(300.0), "申报面积 300 m²，相差不到三成", "300 m² stated: off by less than 30 %"),
        b=None,
    )  # fmt: skip


SITUATIONS: dict[str, Callable[[], Planted]] = {
    make.__name__: make
    for make in (
        concurrent_works, repeat_excavation, no_dig_period, no_dig_lockout, wrong_order,
        restricted_period, missing_partner, duplicate_project, parallel_closure, volume_cap,
        protection_zone, permit_exceeded, opportunity, incomplete_data,
    )
}  # fmt: skip

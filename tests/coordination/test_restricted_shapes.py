"""Where restricted periods hold, drawn or only named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.city import City
from coordination.restricted_shapes import restricted_shapes
from coordination.rule_policy import RestrictedPeriodRow, RestrictedPolicy

WEST = shapely.box(-50, -300, 290, 1100)
DRAWN = shapely.box(200, -50, 400, 50)
TODAY = int(np.datetime64("2026-01-01", "D").astype(np.int64))


def row(**values: Any) -> RestrictedPeriodRow:
    return RestrictedPeriodRow(**({"id": "p", "name": "节"} | values))


@pytest.fixture
def city(make_city: Callable[..., City], work: Callable[..., Any]) -> City:
    towns = gpd.GeoDataFrame(
        {"boundary_id": ["b1"], "name": ["安亭镇"], "code": ["AT"]}, geometry=[WEST], crs=4549
    )
    aliases = pd.DataFrame(
        {"alias": ["老甲路", "旧乙路"], "name": ["甲路", "乙路"],
         "valid_from": pd.to_datetime([None, None]),
         "valid_to": pd.to_datetime([None, "2020-12-31"])}
    )  # fmt: skip
    plain = make_city(work("A", "2026-03-01", "2026-03-31"))
    return replace(plain, boundaries=towns, aliases=aliases)


def only(city: City, one: RestrictedPeriodRow) -> Any:
    shown = restricted_shapes(city, RestrictedPolicy(periods=(one,)), TODAY)
    (told,) = shown.to_dict("records")
    return told


def test_a_road_is_all_its_sections_also_by_another_name_of_the_day(city: City) -> None:
    told = only(city, row(road="甲路"))
    # 600 m but for the mouths on both sides of the crossing, 14 m from its middle.
    assert (told["place"], told["geometry"].length) == ("roads", pytest.approx(572))
    assert only(city, row(road="老甲路"))["geometry"].equals(told["geometry"])
    assert only(city, row(road="旧乙路"))["place"] == "unknown"
    assert only(city, row(road="丙"))["geometry"] is None


def test_what_is_named_holds_together(city: City) -> None:
    assert only(city, row(town="at"))["geometry"].equals(WEST)
    inside = only(city, row(road="甲路", town="安亭镇"))
    assert inside["geometry"].length == pytest.approx(286)
    arterial = only(city, row(road_class=("arterial",)))
    assert (arterial["place"], arterial["geometry"].length) == ("roads", pytest.approx(1200))
    assert only(city, row(road="甲路", road_class=("arterial",)))["place"] == "unknown"
    assert only(city, row(road="甲路", town="南翔镇"))["place"] == "unknown"
    bare = replace(city, network=None)
    assert only(bare, row(road="甲路"))["place"] == "unknown"


def test_drawn_areas_stay_and_nothing_named_is_the_whole_city(city: City) -> None:
    table = gpd.GeoDataFrame(
        {"restriction_id": ["1", "2", "3"], "name": ["展会", None, "夜市"],
         "kind": ["展会", "考试", None], "town": [None, "安亭镇", "南翔镇"]},
        geometry=[DRAWN, DRAWN, DRAWN], crs=4549,
    )  # fmt: skip
    policy = RestrictedPolicy(periods=(row(), row(id="q", town="全市"), row(id="r", town="南翔镇")))
    shown = restricted_shapes(replace(city, restrictions=table), policy, TODAY)
    assert shown["name"].tolist() == ["展会", "考试", "夜市", "节", "节", "节"]
    assert shown["place"].tolist() == ["area", "area", "area", "city", "city", "unknown"]
    areas = [None if shape is None else shape.area for shape in shown.geometry]
    # Of the drawn 200 m the town has 90 m; a town whose border nobody knows takes nothing away.
    assert areas == [20_000, 9_000, 20_000, None, None, None]


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"start": "2026-05-01", "finish": "2026-05-03"}, "2026-05-01 至 2026-05-03", "2026-05-01 to 2026-05-03"),
        ({"start": "12-20", "finish": "01-05", "recurs": "yearly"}, "每年 12-20 至 01-05", "every year 12-20 to 01-05"),
        ({}, "长期有效", "always"),
        ({"recurs": "announced"}, "日期尚未公布", "days not announced yet"),
    ],
    ids=["once", "yearly", "always", "announced"],
)  # fmt: skip
def test_days_in_words(city: City, values: dict[str, Any], zh: str, en: str) -> None:
    told = only(city, row(**values))
    assert (told["days"].zh, told["days"].en) == (zh, en)
    assert told["scope"].text("zh") == "全市"

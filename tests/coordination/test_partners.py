"""What findings name that is no project reads as a name in both languages."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from coordination.city import City
from coordination.partners import partners, with_others
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields


def layer(**columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({**columns}, geometry=[shapely.Point(0, 0)], crs=4549)


def test_names_of_periods_assets_and_zones() -> None:
    none = pd.DataFrame()
    city = City(
        CRS(4549),
        as_fields(none, PROJECT_FIELDS),
        gpd.GeoDataFrame(as_fields(none, SITE_FIELDS)),
        restrictions=layer(restriction_id=["R-1"], name=["购物节"], kind=["节日"]),
        assets=layer(asset_id=["m11"], kind=["metro"], name=["11号线"], owner_unit=["地铁公司"]),
        boundaries=layer(boundary_id=["b1"], name=["安亭镇"], name_en=["Anting"]),
    )
    table = pd.DataFrame(
        [
            ("R-1", "restriction"), ("R-1@2027", "restriction"), ("spring", "restriction"),
            ("m11", "asset"), ("b1", "zone"), ("A", "project"), ("L-1", "ledger"), (None, None),
        ],
        columns=["project_b", "kind_b"],
    )  # fmt: skip
    found = partners(city, table)
    assert {code: (kind, one.name.zh, one.name.en, one.owner_unit) for (kind, code), one in found.items()} == {
        "R-1": ("restriction", "保障期“购物节”", "restricted period “购物节”", None),
        "R-1@2027": ("restriction", "保障期“购物节”（预计 2027 年）", "restricted period “购物节” 2027, expected", None),
        "spring": ("restriction", "保障期“spring”", "restricted period “spring”", None),
        "m11": ("asset", "地铁“11号线”", "metro “11号线”", "地铁公司"),
        "b1": ("zone", "安亭镇", "zone Anting", None),
    }  # fmt: skip
    assert all(kind == one.kind for (kind, _), one in found.items())
    assert partners(city, table.iloc[5:]) == {}
    named = with_others(city, gpd.GeoDataFrame(table, geometry=[None] * len(table), crs=4549))
    assert named["other_zh"].tolist() == [
        "保障期“购物节”", "保障期“购物节”（预计 2027 年）", "保障期“spring”", "地铁“11号线”", "安亭镇",
        None, None, None,
    ]  # fmt: skip
    assert named["other_en"].tolist()[3:6] == ["metro “11号线”", "zone Anting", None]


def test_a_period_an_asset_and_a_project_may_bear_one_id() -> None:
    none = pd.DataFrame()
    city = City(
        CRS(4549),
        as_fields(none, PROJECT_FIELDS),
        gpd.GeoDataFrame(as_fields(none, SITE_FIELDS)),
        restrictions=layer(restriction_id=["1"], name=["购物节"], kind=["节日"]),
        assets=layer(asset_id=["1"], kind=["metro"], name=["11号线"], owner_unit=[None]),
    )
    table = gpd.GeoDataFrame(
        {"project_b": ["1", "1", "1"], "kind_b": ["project", "asset", "restriction"]},
        geometry=[None] * 3, crs=4549,
    )  # fmt: skip
    assert with_others(city, table)["other_zh"].tolist() == [None, "地铁“11号线”", "保障期“购物节”"]


def test_a_city_without_those_tables_shows_ids() -> None:
    none = pd.DataFrame()
    city = City(CRS(4549), as_fields(none, PROJECT_FIELDS), gpd.GeoDataFrame(none))
    table = pd.DataFrame(
        {"project_b": ["R-9", "m9", "b9"], "kind_b": ["restriction", "asset", "zone"]}
    )
    assert [one.name.zh for one in partners(city, table).values()] == ["保障期“R-9”", "m9", "b9"]

"""Other names of roads, and bridges and rivers with a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordination.faults import InputRefusedError
from data.read_aliases import read_aliases
from data.read_areas import read_areas


def test_a_table_of_aliases(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(
        "曾用名,道路名称,停用日期\n老沪宜公路,沪宜公路,2009-12-31\n博乐北路,博乐路,\n,,\n"
        "城中路,,\n塔城路,塔城路,\n老沪宜公路,沪宜公路,\n",
        "utf-8",
    )
    read = read_aliases(path)
    assert read.aliases["alias"].tolist() == ["老沪宜公路", "博乐北路"]
    assert read.aliases["name"].tolist() == ["沪宜公路", "博乐路"]
    assert [str(day)[:10] for day in read.aliases["valid_to"]] == ["2009-12-31", "NaT"]
    assert read.aliases["source"].tolist() == ["names.csv", "names.csv"]
    assert [(fault.code, fault.row) for fault in read.faults if fault.level == "refused"] == [
        ("alias_incomplete", 5), ("alias_same", 6), ("alias_twice", 7),
    ]  # fmt: skip
    assert read.rows["row"].tolist() == [2, 3, 5, 6, 7]
    assert read.rows["code"].tolist()[:2] == ["老沪宜公路 = 沪宜公路", "博乐北路 = 博乐路"]


def test_one_alias_may_stand_for_two_roads_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("alias,road,valid from\n新建路,A路,\n新建路,B路,2010-01-01\n", "utf-8")
    assert len(read_aliases(path).aliases) == 2


def test_days_the_wrong_way_round_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("alias,road,valid from,valid to\n旧路,A路,2010-01-01,2009-01-01\n", "utf-8")
    read = read_aliases(path)
    assert [fault.code for fault in read.faults] == ["finish_before_start"]
    assert read.aliases.empty


def test_a_table_without_aliases_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("项目编号,道路名称\n1,A路\n", "utf-8")
    with pytest.raises(InputRefusedError) as refused:
        read_aliases(path)
    assert [fault.code for fault in refused.value.faults] == ["alias_columns_missing"]


def test_assets_keep_what_was_drawn_and_get_our_kinds(tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    path.write_text(
        "编号,类型,名称,范围\n1,桥梁,一号桥,POINT (121.2 31.3)\n"
        '2,河道,横沥河,"LINESTRING (121.2 31.3, 121.21 31.31)"\n'
        '3,文物,老宅,"POLYGON ((121.2 31.3, 121.21 31.3, 121.2 31.31, 121.2 31.3))"\n4,桥,二号桥,\n',
        "utf-8",
    )
    read = read_areas(path, "assets", crs=4326)
    assert read.areas.geom_type.tolist() == ["Point", "LineString", "Polygon"]
    assert read.areas["kind"].tolist() == ["bridge", "river", "文物"]
    assert [(fault.code, fault.row) for fault in read.faults] == [("asset_without_place", 5)]
    assert read.rows["outcome"].tolist() == ["accepted", "accepted", "accepted", "refused"]

"""Restrictions and boundaries."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.read_areas import read_areas

AREA = "POLYGON ((121.2 31.3, 121.3 31.3, 121.3 31.4, 121.2 31.3))"


def test_restrictions(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f'编号,名称,开始,结束,范围\n1,节日,2025-10-01,2025-10-07,"{AREA}"\n'
        f'2,考试,2025-06-09,2025-06-07,"{AREA}"\n3,汛期,2025-06-01,2025-09-30,\n'
        f'1,会展,2025-11-05,2025-11-10,"{AREA}"\n,,,,"{AREA}"\n',
        "utf-8",
    )
    found = read_areas(path, "restrictions", crs=4326)
    assert [(fault.code, fault.row) for fault in found.faults] == [
        ("finish_before_start", 3), ("not_an_area", 4), ("area_id_twice", 5),
        ("restrictions.always", 6),
    ]  # fmt: skip
    assert found.rows["outcome"].tolist() == [
        "accepted", "refused", "refused", "refused", "accepted",
    ]  # fmt: skip
    area = found.areas.iloc[0]
    assert (area["restriction_id"], area["name"], area["source"]) == ("1", "节日", "a.csv")
    assert str(area["finish"])[:10] == "2025-10-07"
    assert found.areas.geom_type.tolist() == ["MultiPolygon", "MultiPolygon"]
    assert found.areas["restriction_id"].str.startswith("auto-").tolist() == [False, True]


@pytest.mark.real_data
def test_real_boundaries(real_data: Path) -> None:
    path = real_data / "shanghai_boundaries" / "jiading_towns_GCJ02.geojson"
    found = read_areas(path, "boundaries")
    assert len(found.areas) == 12
    assert found.areas["boundary_id"].is_unique
    assert found.areas.area.sum() / 1e6 == pytest.approx(462.6, abs=0.3)


def test_assets_of_all_shapes_with_their_words(tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    path.write_text(
        "设施编号,类型,名称,权属单位,管线类型,到期,流量,计量单位,范围\n"
        'm1,轨道交通,11号线,地铁公司,,,,,"LINESTRING (121.2 31.3, 121.3 31.3)"\n'
        'p1,待更新管线,DN300,水务公司,给水,2030-06-30,,,"LINESTRING (121.2 31.3, 121.3 31.3)"\n'
        't1,行道树,,绿化所,,,,,"POINT (121.2 31.3)"\n'
        'v1,交通量,,,,,12000,辆/日,"LINESTRING (121.2 31.3, 121.3 31.3)"\n',
        "utf-8",
    )
    found = read_areas(path, "assets", crs=4326)
    assert [fault.code for fault in found.faults if fault.level == "refused"] == []
    assets = found.areas.set_index("asset_id")
    assert assets["kind"].to_dict() == {
        "m1": "metro", "p1": "pipe_due", "t1": "tree", "v1": "traffic_volume",
    }  # fmt: skip
    assert assets.loc["p1", "utility"] == "water"
    assert str(assets.loc["p1", "due"])[:10] == "2030-06-30"
    assert (assets.loc["v1", "value"], assets.loc["v1", "unit"]) == (12000, "辆/日")
    assert assets.geom_type.tolist() == ["LineString", "LineString", "Point", "LineString"]

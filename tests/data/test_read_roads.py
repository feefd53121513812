"""Road centre lines, finished works, and the rows that are handed back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from coordination.faults import InputRefusedError
from coordination.policy import Policy
from data.read_history import ReadHistory, read_history
from data.read_layers import read_layer
from data.read_projects import read_projects
from data.read_roads import ReadRoads, read_roads
from data.rejects import write_rejects
from geo.road_network import build_network

MAPPINGS = Path(__file__).resolve().parents[2] / "docs" / "mappings"


def layer(folder: Path, *rows: tuple[object, dict[str, object]]) -> Path:
    features = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for geometry, properties in rows
    ]
    path = folder / "layer.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def line(*xy: tuple[float, float]) -> dict[str, object]:
    return {"type": "LineString", "coordinates": [list(pair) for pair in xy]}


EAST = line((121.25, 31.39), (121.26, 31.39))
SPOT = {"type": "Point", "coordinates": [121.25, 31.39]}


def ways(folder: Path, *tags: dict[str, object]) -> ReadRoads:
    return read_roads(layer(folder, *((EAST, tag) for tag in tags)))


@pytest.mark.parametrize(
    ("highway", "road_class"),
    [
        ("motorway", "expressway"), ("trunk", "expressway"), ("trunk_link", "expressway"),
        ("primary", "arterial"), ("secondary_link", "secondary"), ("tertiary", "local"),
        ("living_street", "local"), ("主干路", "arterial"), ("次干道", "secondary"),
        ("expressway", "expressway"),
    ],
)  # fmt: skip
def test_classes(tmp_path: Path, highway: str, road_class: str) -> None:
    assert ways(tmp_path, {"highway": highway}).centre_lines["road_class"].tolist() == [road_class]


def test_columns_of_the_network(tmp_path: Path) -> None:
    found = ways(tmp_path, {"id": 7, "name": "仓场路", "highway": "primary", "lanes": "4"})
    assert found.centre_lines.drop(columns="geometry").to_dict("records") == [
        {"source_id": "7", "road": "仓场路", "road_class": "arterial", "width_m": 14.0,
         "oneway": False, "level": 0},
    ]  # fmt: skip
    assert found.crs.to_epsg() == 4549
    assert found.centre_lines.crs == found.crs


@pytest.mark.parametrize(
    ("tags", "width_m"),
    [({"width": "23"}, 23.0), ({"width": "7.5 m"}, 7.5), ({"lanes": "3"}, 10.5), ({"lanes": "0"}, None),
     ({"highway": "primary_link"}, 7.0), ({"宽度": 24}, 24.0)],
)  # fmt: skip
def test_widths(tmp_path: Path, tags: dict[str, object], width_m: float | None) -> None:
    width = ways(tmp_path, {"highway": "primary"} | tags).centre_lines["width_m"].iloc[0]
    assert (None if pd.isna(width) else width) == width_m


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [({"oneway": "yes"}, True), ({"oneway": True}, True), ({"oneway": "no"}, False), ({}, False),
     ({"oneway": "reversible"}, False), ({"junction": "roundabout"}, True),
     ({"highway": "motorway_link"}, True)],
)  # fmt: skip
def test_oneway(tmp_path: Path, tags: dict[str, object], oneway: bool) -> None:
    assert ways(tmp_path, {"highway": "primary"} | tags).centre_lines["oneway"].tolist() == [oneway]


def test_oneway_against_the_drawing_is_turned(tmp_path: Path) -> None:
    there, back = ways(
        tmp_path, {"highway": "primary", "oneway": "yes"}, {"highway": "primary", "oneway": "-1"}
    ).centre_lines.geometry
    assert back.equals_exact(there.reverse(), 1e-9)


@pytest.mark.parametrize(
    ("tags", "level"),
    [({"layer": "2"}, 2), ({"bridge": "yes"}, 1), ({"tunnel": "yes"}, -1), ({"bridge": "no"}, 0),
     ({"tunnel": "building_passage"}, 0), ({"layer": "-1", "tunnel": "yes"}, -1)],
)  # fmt: skip
def test_levels(tmp_path: Path, tags: dict[str, object], level: int) -> None:
    assert ways(tmp_path, {"highway": "primary"} | tags).centre_lines["level"].tolist() == [level]


@pytest.mark.parametrize("column", ["tags", "other_tags"])
def test_tags_in_one_column(tmp_path: Path, column: str) -> None:
    held = {"highway": "secondary", "bridge": "yes", "name": "博园路"}
    text = ",".join(f'"{k}"=>"{v}"' for k, v in held.items())
    found = ways(tmp_path, {column: held if column == "tags" else text}).centre_lines.iloc[0]
    assert (found["road_class"], found["level"], found["road"]) == ("secondary", 1, "博园路")


def test_what_is_no_road_is_left_out_and_counted(tmp_path: Path) -> None:
    path = layer(
        tmp_path, (EAST, {"highway": "primary"}), (EAST, {"highway": "footway"}),
        (EAST, {"highway": "footway"}), (SPOT, {"highway": "crossing"}), (None, {"highway": "primary"}),
        (EAST, {"highway": "service", "service": "driveway"}),
    )  # fmt: skip
    found = read_roads(path)
    assert found.rows["outcome"].tolist() == ["accepted", *["left_out"] * 5]
    told = {f.params["kind"]: f.params["count"] for f in found.faults if f.code == "road_left_out"}
    assert told == {"footway": 2, "Point": 1, "–": 1, "driveway": 1}


def test_parts_become_lines_with_ids_of_their_own(tmp_path: Path) -> None:
    both = {"type": "MultiLineString", "coordinates": [
        [[121.25, 31.39], [121.26, 31.39]], [[121.27, 31.39], [121.28, 31.39]]]}  # fmt: skip
    found = read_roads(layer(tmp_path, (both, {"id": "7", "name": "A"}), (EAST, {"id": "8"})))
    assert found.centre_lines["source_id"].tolist() == ["7", "7/2", "8"]
    assert set(found.centre_lines.geom_type) == {"LineString"}


def test_lines_without_id_get_one_from_their_course(tmp_path: Path) -> None:
    other = line((121.3, 31.3), (121.4, 31.3))
    one = read_roads(layer(tmp_path, (EAST, {"name": "A"}), (other, {"name": "B"}))).centre_lines
    two = read_roads(layer(tmp_path, (other, {"name": "B"}), (EAST, {"name": "A"}))).centre_lines
    assert one["source_id"].tolist() == two["source_id"].tolist()[::-1]


def test_unknown_class_counts_as_local_and_is_named(tmp_path: Path) -> None:
    found = ways(tmp_path, {"highway": "boulevard"}, {"highway": "boulevard"})
    assert [(f.code, f.params["count"]) for f in found.faults] == [("road_class_unknown", 2)]
    assert found.centre_lines["road_class"].isna().all()
    (tmp_path / "m.toml").write_text('[values.road_class]\nboulevard = "arterial"', "utf-8")
    mapped = read_roads(tmp_path / "layer.geojson", mapping=tmp_path / "m.toml")
    assert mapped.centre_lines["road_class"].tolist() == ["arterial", "arterial"]


def test_a_layer_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read_roads(layer(tmp_path, (SPOT, {"name": "A"})))
    assert caught.value.faults[-1].code == "no_road_lines"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "lines", "classes", "oneway", "above"),
    [
        ("shanghai_jiading_osm_roads/ways.geojson", 1285,
         {"local": 454, "secondary": 349, "arterial": 345, "expressway": 137}, 863, 73),
        ("shanghai_jingan_osm/edges.geojson", 796,
         {"local": 352, "arterial": 174, "secondary": 170, "expressway": 100}, 528, 76),
    ],
)  # fmt: skip
def test_real_roads(
    real_data: Path, name: str, lines: int, classes: dict[str, int], oneway: int, above: int
) -> None:
    found = read_roads(real_data / name)
    table = found.centre_lines
    assert (len(table), found.faults, found.crs.to_epsg()) == (lines, [], 4549)
    assert table["road_class"].value_counts().to_dict() == classes
    assert int(table["oneway"].sum()) == oneway
    assert int((table["level"] > 0).sum()) == above


@pytest.mark.real_data
def test_real_roads_become_a_network(real_data: Path) -> None:
    found = read_roads(real_data / "shanghai_jingan_osm" / "edges.geojson")
    policy = Policy().network
    network = build_network(
        found.centre_lines, width_m=policy.width_m, corner_radius_m=policy.corner_radius_m
    )
    assert len(network.sections) > 300
    assert network.sections["road"].nunique() > 100


# --- History ---


def history(path: Path, **options: object) -> ReadHistory:
    found = read_history(path, policy=Policy(), **options)  # type: ignore[arg-type]
    assert all(fault.text("zh") and fault.text("en") for fault in found.faults)
    return found


def finished(**further: object) -> dict[str, object]:
    return {"code": "A", "road": "仓场路", "start": "2024-03-01", "finish": "2024-04-30"} | further


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"method": "open_cut"}, "opening"), ({"method": "trenchless"}, "opening"),
        ({"method": "surface"}, "resurfacing"), ({}, "opening"),
        ({"sector": "road", "work_type": "大修"}, "resurfacing"),
        ({"sector": "road", "work_type": "小修"}, "opening"),
        ({"sector": "road", "work_type": "大修", "履历类型": "开挖"}, "opening"),
    ],
)  # fmt: skip
def test_kind_of_history(tmp_path: Path, cells: dict[str, object], kind: str) -> None:
    found = history(layer(tmp_path, (EAST, finished(**cells))))
    assert found.ledger["kind"].tolist() == [kind]
    assert found.ledger["day"].tolist() == [pd.Timestamp("2024-04-30")]
    assert found.ledger["ledger_id"].tolist() == ["A/1"]
    assert found.ledger.geom_type.tolist() == ["MultiPolygon"]


def test_actual_dates_go_before_planned_ones(tmp_path: Path) -> None:
    row = history(layer(tmp_path, (EAST, finished(actual_finish="2024-06-30")))).ledger.iloc[0]
    assert (row["day"], row["finish"]) == (pd.Timestamp("2024-06-30"), pd.Timestamp("2024-06-30"))


def test_history_faults(tmp_path: Path) -> None:
    path = layer(
        tmp_path, (EAST, finished(finish=None)), (EAST, finished(start="2024-06-01")),
        (EAST, finished(method="none")), (None, finished()), (EAST, finished(id="x")),
        (EAST, finished(id="x")),
    )  # fmt: skip
    found = history(path)
    assert found.rows["outcome"].tolist() == [
        "refused", "refused", "left_out", "incomplete", "accepted", "refused",
    ]  # fmt: skip
    assert [(f.code, f.row) for f in found.faults if f.level == "refused"] == [
        ("history_without_day", 1), ("finish_before_start", 2), ("ledger_id_twice", 6),
    ]  # fmt: skip


def test_ids_of_nameless_history_stay(tmp_path: Path) -> None:
    rows = [(EAST, finished(code=None)), (EAST, finished(code=None)), (None, finished(code=None))]
    ids = history(layer(tmp_path, *rows)).ledger["ledger_id"].tolist()
    assert len(set(ids)) == 3
    assert history(layer(tmp_path, *rows)).ledger["ledger_id"].tolist() == ids


# --- Rejects ---


def some_rejects(tmp_path: Path, target: str, lang: str) -> tuple[Path, int]:
    path = layer(
        tmp_path, (EAST, finished(name="=1+1", finish="2023-01-01")), (EAST, finished(code="B")),
        (EAST, finished(code="C", finish="soon", start="later")),
    )  # fmt: skip
    read = read_projects(path, policy=Policy())
    out = tmp_path / target
    return out, write_rejects(out, read_layer(path), read.faults, lang)


def test_rejects_as_csv(tmp_path: Path) -> None:
    path, count = some_rejects(tmp_path, "rejects.csv", "zh")
    table = pd.read_csv(path)
    assert count == 2
    assert table.columns[:2].tolist() == ["行号", "未导入原因"]
    assert table["行号"].tolist() == [1, 3]
    assert "竣工日期 2023-01-01 早于开工日期" in table["未导入原因"][0]
    assert len(table["未导入原因"][1].splitlines()) == 2
    assert table["finish"].tolist() == ["2023-01-01", "soon"]
    assert table["name"][0] == "'=1+1"
    assert table["geometry"][0].startswith("LINESTRING")


def test_rejects_as_geojson(tmp_path: Path) -> None:
    path, _ = some_rejects(tmp_path, "rejects.geojson", "en")
    document = json.loads(path.read_text("utf-8"))
    assert [f["properties"]["row"] for f in document["features"]] == [1, 3]
    assert "Correct one of the two dates" in document["features"][0]["properties"]["reason"]
    assert document["features"][0]["geometry"] == EAST


def test_rejects_of_a_table_without_geometry(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,start\nA,soon\nB,2025-01-01\n", "utf-8")
    read = read_projects(tmp_path / "a.csv", policy=Policy())
    for name in ("r.csv", "r.geojson"):
        assert write_rejects(tmp_path / name, read_layer(tmp_path / "a.csv"), read.faults) == 1

"""DXF drawings: layers, units, codepages, blocks, arcs, and what is no footprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
from ezdxf.document import Drawing

from coordination.faults import InputRefusedError
from coordination.policy import Policy
from data.column_mapping import parse_mapping
from data.read_layers import Layer, read_layer
from data.read_projects import read_projects
from data.source_hints import SourceHints

CRS = "EPSG:4549"


def drawing(version: str = "R2010", unit: int = 6) -> Drawing:
    document = ezdxf.new(version)
    document.header["$INSUNITS"] = unit
    document.layers.add("给水管线")
    document.layers.add("底图")
    return document


def saved(document: Drawing, path: Path) -> Path:
    # One place that cannot be degrees, so that small figures can be drawn beside it.
    document.modelspace().add_point((5000, 5000))
    document.saveas(path)
    return path


def read(document: Drawing, tmp_path: Path, **how: Any) -> Layer:
    return read_layer(saved(document, tmp_path / "plan.dxf"), crs=CRS, **how)


def rows(layer: Layer) -> Any:
    """What a test drew, without the place far away that every drawing has."""
    return layer.table.iloc[:-1]


def refused(path: Path, **how: Any) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path, **how)
    fault = caught.value.faults[-1]
    assert fault.text("zh")
    assert fault.text("en")
    return fault.code


def test_lines_areas_and_points_by_layer(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    space.add_line(
        (620000, 3470000), (620100, 3470000), dxfattribs={"layer": "给水管线", "color": 5}
    )
    space.add_lwpolyline(
        [(0, 0), (10, 0), (10, 5), (0, 5)], close=True, dxfattribs={"layer": "底图"}
    )
    space.add_point((3, 4, 9))
    layer = read(document, tmp_path)
    assert layer.format == "dxf"
    assert rows(layer)["layer"].tolist() == ["给水管线", "底图", "0"]
    assert rows(layer)["entity"].tolist() == ["LINE", "LWPOLYLINE", "POINT"]
    assert rows(layer)["color"].tolist() == [5, 256, 256]
    line, area, point = rows(layer).geometry
    assert (line.length, area.area, point.coords[0]) == (100.0, 50.0, (3.0, 4.0))
    assert [fault.code for fault in layer.faults] == ["dxf_unit"]


def test_units_become_metres(tmp_path: Path) -> None:
    document = drawing(unit=4)
    document.modelspace().add_line((0, 0), (620_000_000, 0))
    assert read(document, tmp_path).table.geometry[0].length == pytest.approx(620_000)
    stated = read(document, tmp_path, hints=SourceHints(drawing_unit="m"))
    assert stated.table.geometry[0].length == pytest.approx(620_000_000)
    assert [fault.code for fault in stated.faults] == ["dxf_unit_overruled"]


def test_a_drawing_without_unit_or_crs_asks(tmp_path: Path) -> None:
    document = drawing(unit=0)
    document.modelspace().add_line((620000, 3470000), (620100, 3470000))
    path = saved(document, tmp_path / "plan.dxf")
    assert refused(path, crs=CRS) == "dxf_unit_missing"
    hints = SourceHints(drawing_unit="m")
    assert read_layer(path, crs=CRS, hints=hints).table.geometry[0].length == 100
    with pytest.raises(InputRefusedError):
        read_layer(path, hints=hints)


def test_arcs_and_curves_are_chords_within_a_centimetre(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    space.add_circle((0, 0), 20)
    space.add_arc((0, 0), 20, 0, 90)
    space.add_ellipse((0, 0), major_axis=(20, 0), ratio=0.5)
    space.add_spline([(0, 0), (10, 5), (20, 0)])
    space.add_lwpolyline([(0, 0, 1), (10, 0, 0)], format="xyb")
    shapes = rows(read(document, tmp_path)).geometry
    assert shapes[0].area == pytest.approx(np.pi * 400, rel=1e-3)
    assert shapes[1].length == pytest.approx(np.pi * 10, rel=1e-3)
    assert shapes[2].area == pytest.approx(np.pi * 200, rel=1e-3)
    assert shapes[3].geom_type == "LineString"
    assert shapes[4].length == pytest.approx(np.pi * 5, rel=1e-3)
    distance = shapely.distance(
        shapely.points(shapely.get_coordinates(shapes[0])), shapely.Point(0, 0)
    )
    assert np.abs(distance - 20).max() < 0.011


def test_hatches_are_areas_with_their_holes(tmp_path: Path) -> None:
    document = drawing()
    hatch = document.modelspace().add_hatch()
    hatch.paths.add_polyline_path([(0, 0), (10, 0), (10, 10), (0, 10)], is_closed=True)
    hatch.paths.add_polyline_path([(2, 2), (4, 2), (4, 4), (2, 4)], is_closed=True)
    assert read(document, tmp_path).table.geometry[0].area == pytest.approx(96)


def test_texts_belong_to_the_area_around_them(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    space.add_lwpolyline([(0, 0), (100, 0), (100, 100), (0, 100)], close=True)
    space.add_lwpolyline([(0, 0), (10, 0), (10, 10), (0, 10)], close=True)
    space.add_text("仓场路 DN300").set_placement((5, 5))
    space.add_mtext("外面的\\P两行").set_location((50, 50))
    space.add_text("无主").set_placement((500, 500))
    layer = read(document, tmp_path)
    assert rows(layer)["text"].tolist() == ["外面的\n两行", "仓场路 DN300"]
    left = next(fault for fault in layer.faults if fault.code == "dxf_texts_left")
    assert left.params == {"count": 1, "found": "无主"}


def test_blocks_are_taken_apart_and_attributes_are_columns(tmp_path: Path) -> None:
    document = drawing()
    inner = document.blocks.new("坑")
    inner.add_circle((0, 0), 1)
    outer = document.blocks.new("井")
    outer.add_blockref("坑", (10, 0))
    outer.add_line((0, 0), (10, 0), dxfattribs={"layer": "0"})
    space = document.modelspace()
    space.add_blockref(
        "井", (1000, 2000), dxfattribs={"layer": "给水管线", "xscale": 2, "yscale": 2}
    )
    marked = space.add_blockref("坑", (500, 500), dxfattribs={"layer": "底图"})
    marked.add_attrib("项目编号", "JD-07")
    layer = read(document, tmp_path)
    table = rows(layer)
    assert table["entity"].tolist() == ["CIRCLE", "LINE", "INSERT"]
    assert table["layer"].tolist() == ["给水管线", "给水管线", "底图"]
    assert table["block"].tolist() == ["坑", "井", "坑"]
    assert table["项目编号"].fillna("").tolist() == ["", "", "JD-07"]
    assert table.geometry[0].centroid.coords[0] == pytest.approx((1020, 2000))
    assert table.geometry[1].length == pytest.approx(20)
    assert table.geometry[2].area == pytest.approx(np.pi, rel=0.05)


def test_blocks_that_hold_each_other_a_million_times_are_refused(tmp_path: Path) -> None:
    document = drawing()
    below = document.blocks.new("b0")
    below.add_point((0, 0))
    for level in range(1, 8):
        block = document.blocks.new(f"b{level}")
        for at in range(10):
            block.add_blockref(f"b{level - 1}", (at, 0))
    document.modelspace().add_blockref("b7", (0, 0))
    path = saved(document, tmp_path / "bomb.dxf")
    assert refused(path, crs=CRS) == "dxf_too_many"


def test_what_is_no_footprint_and_what_is_off_is_named(tmp_path: Path) -> None:
    document = drawing()
    document.layers.get("底图").off()
    space = document.modelspace()
    space.add_line((0, 0), (10, 0), dxfattribs={"layer": "底图"})
    space.add_3dface([(0, 0), (1, 0), (1, 1)])
    space.add_ray((0, 0), (1, 0))
    layer = read(document, tmp_path)
    notes = {fault.code: fault.params for fault in layer.faults}
    assert notes["dxf_not_read"] == {"kinds": "3DFACE 1, RAY 1"}
    assert notes["dxf_layers_off"] == {"layers": "底图"}
    assert rows(layer)["layer_off"].tolist() == [True]


@pytest.mark.parametrize("version", ["R2000", "R2010"])
def test_chinese_in_every_codepage(tmp_path: Path, version: str) -> None:
    document = drawing(version)
    document.encoding = "gbk" if version == "R2000" else "utf-8"
    document.header["$DWGCODEPAGE"] = "ANSI_936"
    document.modelspace().add_line((0, 0), (10, 0), dxfattribs={"layer": "给水管线"})
    path = saved(document, tmp_path / "plan.dxf")
    if version == "R2000":
        assert "给水管线".encode("gbk") in path.read_bytes()
    assert rows(read_layer(path, crs=CRS))["layer"].tolist() == ["给水管线"]


def test_a_wrong_codepage_is_put_right_by_the_encoding(tmp_path: Path) -> None:
    document = drawing("R2000")
    document.encoding = "gbk"
    document.header["$DWGCODEPAGE"] = "ANSI_936"
    document.modelspace().add_line((0, 0), (10, 0), dxfattribs={"layer": "给水管线"})
    path = saved(document, tmp_path / "plan.dxf")
    path.write_bytes(path.read_bytes().replace(b"ANSI_936", b"ANSI_1252"))
    assert rows(read_layer(path, crs=CRS, encoding="gbk"))["layer"].tolist() == ["给水管线"]


def test_binary_drawings(tmp_path: Path) -> None:
    document = drawing()
    document.modelspace().add_line((0, 0), (10, 0))
    path = tmp_path / "binary.dxf"
    document.modelspace().add_line((0, 0), (1000, 0))
    document.saveas(path, fmt="bin")
    assert read_layer(path, crs=CRS).table.geometry[0].length == 10


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_drawing_is_refused(tmp_path: Path, share: float) -> None:
    document = drawing()
    for at in range(50):
        document.modelspace().add_line((at, 0), (at, 10))
    content = saved(document, tmp_path / "plan.dxf").read_bytes()
    cut = tmp_path / "cut.dxf"
    cut.write_bytes(content[: int(len(content) * share)])
    assert refused(cut, crs=CRS) == "file_cut"


def test_garbage_and_dwg_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    path.write_bytes(b"  0\nSECTION\n  2\nENTITIES\nnonsense\n  0\nEOF\n")
    assert refused(path, crs=CRS) in {"file_broken", "dxf_unit_missing"}
    path.write_bytes(b"AC1032" + bytes(500))
    assert refused(path) == "dwg_not_read"


def test_layers_of_a_mapping_say_what_rows_are(tmp_path: Path) -> None:
    document = drawing()
    space = document.modelspace()
    for layer, y in (("给水管线", 0), ("底图", 10)):
        space.add_line((620000, 3470000 + y), (620100, 3470000 + y), dxfattribs={"layer": layer})
    path = saved(document, tmp_path / "plan.dxf")
    mapping = parse_mapping(
        'crs = "EPSG:4549"\n[columns]\nname = "layer"\ncode = "handle"\n'
        '[layers."给水管线"]\nutility = "water"\nmethod = "open_cut"\n'
    )
    found = read_projects(path, mapping=mapping, policy=Policy())
    assert found.projects["utility"].tolist() == ["water"]
    assert found.sites["method"].tolist() == ["open_cut"]
    left = next(fault for fault in found.faults if fault.code == "dxf_layers_left")
    assert left.params == {"layers": "底图 1, 0 1"}

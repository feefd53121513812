"""KML and KMZ: what becomes a row, what is said, and what is never followed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import shapely

from coordination.faults import InputRefusedError
from data.read_layers import Layer, read_layer

PLAN = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
<Document><name>2025年计划</name>
 <Folder><name>给水</name><Folder><name>嘉定</name>
  <Placemark id="p1"><name>仓场路(嘉罗公路-和政路)</name>
   <description><![CDATA[<b>DN300</b><br>管径&nbsp;300<script>alert(1)</script>]]></description>
   <TimeSpan><begin>2025-03-01</begin><end>2025-04-30</end></TimeSpan>
   <ExtendedData><Data name="项目编号"><value>JD-01</value></Data>
    <SchemaData schemaUrl="#s"><SimpleData name="投资">12.5</SimpleData></SchemaData></ExtendedData>
   <LineString><coordinates>121.25,31.38,5 121.26,31.38,5</coordinates></LineString></Placemark>
 </Folder></Folder>
 <Placemark><name>广场</name><TimeStamp><when>2025-05</when></TimeStamp>
  <Polygon><outerBoundaryIs><LinearRing><coordinates>
   121.20,31.30 121.21,31.30 121.21,31.31 121.20,31.31 121.20,31.30</coordinates></LinearRing></outerBoundaryIs>
   <innerBoundaryIs><LinearRing><coordinates>121.203,31.303 121.206,31.303 121.206,31.306
   121.203,31.303</coordinates></LinearRing></innerBoundaryIs></Polygon></Placemark>
 <Placemark><name>两处</name><MultiGeometry><Point><coordinates>121.2, 31.3, 0</coordinates></Point>
  <Point><coordinates>121.3,31.3</coordinates></Point></MultiGeometry></Placemark>
 <Placemark><name>轨迹</name><gx:Track><when>2025-01-01T00:00:00Z</when><gx:coord>121 31 0</gx:coord></gx:Track></Placemark>
 <Placemark><name>坏</name><Point><coordinates>121.2</coordinates></Point></Placemark>
 <NetworkLink><Link><href>http://192.0.2.1/evil.kml</href></Link></NetworkLink>
</Document></kml>"""


def put(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path, **how: str) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path, **how)  # type: ignore[arg-type]
    fault = caught.value.faults[-1]
    assert fault.text("zh")
    assert fault.text("en")
    return fault.code


@pytest.fixture
def plan(tmp_path: Path) -> Layer:
    return read_layer(put(tmp_path / "plan.kml", PLAN))


def test_every_placemark_is_a_row(plan: Layer) -> None:
    table = plan.table
    assert (plan.format, plan.first_row) == ("kml", 1)
    assert plan.crs is not None
    assert plan.crs.to_epsg() == 4326
    assert table["name"].tolist() == ["仓场路(嘉罗公路-和政路)", "广场", "两处", "轨迹", "坏"]
    assert table["folder"].fillna("").tolist() == ["给水 / 嘉定", "", "", "", ""]
    assert table.loc[0, ["begin", "end", "项目编号", "投资", "id"]].tolist() == [
        "2025-03-01", "2025-04-30", "JD-01", "12.5", "p1",
    ]  # fmt: skip
    assert table.loc[0, "description"] == "DN300\n管径 300"
    assert table.loc[1, ["begin", "end"]].tolist() == ["2025-05", "2025-05"]


def test_geometry_is_flat_and_keeps_its_holes(plan: Layer) -> None:
    shapes = plan.table.geometry
    assert shapes[0].equals_exact(shapely.LineString([(121.25, 31.38), (121.26, 31.38)]), 0)
    assert not shapes[0].has_z
    assert len(shapes[1].interiors) == 1
    assert shapes[1].area == pytest.approx(1e-4 - 4.5e-6)
    assert shapes[2].equals(shapely.MultiPoint([(121.2, 31.3), (121.3, 31.3)]))
    assert shapes.isna().tolist() == [False, False, False, True, True]


def test_what_is_no_footprint_is_named_by_row(plan: Layer) -> None:
    assert [(fault.code, fault.row, fault.level) for fault in plan.faults] == [
        ("kml_not_read", 4, "refused"),
        ("geometry_unreadable", 5, "refused"),
        ("kml_links", None, "note"),
    ]


def test_a_folder_can_be_chosen(tmp_path: Path) -> None:
    path = put(tmp_path / "plan.kml", PLAN)
    assert len(read_layer(path, layer="给水").table) == 1
    assert refused(path, layer="燃气") == "layer_missing"


def test_kmz_is_its_document(tmp_path: Path) -> None:
    path = tmp_path / "plan.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", PLAN)
        archive.writestr("files/extra.kml", "<kml/>")
        archive.writestr("files/icon.png", b"\x89PNG")
    layer = read_layer(path)
    assert (layer.format, layer.source, len(layer.table)) == ("kml", "plan.kmz", 5)


def test_links_alone_are_refused(tmp_path: Path) -> None:
    text = "<kml><NetworkLink><Link><href>http://192.0.2.1/a.kml</href></Link></NetworkLink></kml>"
    assert refused(put(tmp_path / "a.kml", text)) == "kml_only_links"


def test_gbk_and_utf_16_documents(tmp_path: Path) -> None:
    for name in ("GBK", "UTF-16"):
        text = PLAN.replace('encoding="UTF-8"', f'encoding="{name}"').replace("&nbsp;", " ")
        layer = read_layer(put(tmp_path / f"{name}.kml", text.encode(name)))
        assert layer.table["name"][0] == "仓场路(嘉罗公路-和政路)"


def test_our_columns_are_not_overwritten(tmp_path: Path) -> None:
    text = """<kml><Placemark><name>a</name><ExtendedData><Data name="name"><value>b</value></Data>
    </ExtendedData><Point><coordinates>121,31</coordinates></Point></Placemark></kml>"""
    table = read_layer(put(tmp_path / "a.kml", text)).table
    assert table.loc[0, ["name", "name_2"]].tolist() == ["a", "b"]

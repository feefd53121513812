"""Whole files with some bytes changed: a layer or a refusal, never anything else.

What a library might do to the process (a crash cannot be caught) would end the whole run.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import ezdxf
import geopandas as gpd
import openpyxl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordination.faults import InputRefusedError
from data.read_layers import read_layer

TABLE = gpd.GeoDataFrame(
    {"code": ["A", "B", "C"], "road": ["仓场路", "博园路", "r"], "n": [1, 2, 3]},
    geometry=[shapely.box(620000, 3470000, 620009, 3470005), shapely.LineString([(620000, 3470000), (620009, 3470001)]).buffer(1), shapely.Point(620000, 3470000).buffer(5)],
    crs=4549,
)  # fmt: skip
KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Folder><name>给水</name><Placemark><name>a</name><ExtendedData><Data name="code"><value>A</value></Data>
</ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>121,31 121.1,31 121.1,31.1 121,31
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder></Document></kml>"""
KINDS = ("geojson", "json", "xml", "gpkg", "shp", "dbf", "shx", "kml", "kmz", "dxf", "parquet", "fgb", "csv",
         "xlsx", "zip")  # fmt: skip


@cache
def samples() -> dict[str, dict[str, bytes]]:
    """Parts of one small valid file of every kind, by kind and suffix."""
    made: dict[str, dict[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("gpkg", "shp", "fgb", "geojson"):
            TABLE.to_crs(4326 if kind == "geojson" else 4549).to_file(
                folder / f"a.{kind}", engine="pyogrio"
            )
        TABLE.to_parquet(folder / "a.parquet")
        (folder / "a.csv").write_text(
            'code,wkt\nA,"SRID=4549;POINT (620000 3470000)"\nB,\n', "utf-8"
        )
        (folder / "a.json").write_text(
            json.dumps({"rows": [{"a": {"b": [1, 2]}, "lon": 121, "lat": 31}]})
        )
        (folder / "a.xml").write_text(
            "<r><w n='1'><lon>121</lon><lat>31</lat></w><w n='2'><lon/></w></r>"
        )
        (folder / "a.kml").write_text(KML, "utf-8")
        with zipfile.ZipFile(folder / "a.kmz", "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("doc.kml", KML)
        with zipfile.ZipFile(folder / "a.zip", "w") as out:
            for part in ("shp", "shx", "dbf", "prj"):
                out.write(folder / f"a.{part}", f"a.{part}")
        document = ezdxf.new()
        document.header["$INSUNITS"] = 6
        document.blocks.new("b").add_circle((620000, 3470000), 5)
        document.modelspace().add_blockref("b", (0, 0))
        document.modelspace().add_lwpolyline(
            [(620000, 3470000, 1), (620009, 3470000, 0)], format="xyb"
        )
        document.saveas(folder / "a.dxf")
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.append(["项目编号", "路名"])
        book.active.append(["A", "仓场路"])
        book.save(folder / "a.xlsx")
        parts = {path.suffix[1:]: path.read_bytes() for path in folder.iterdir()}
        for kind in KINDS:
            made[kind] = {kind: parts[kind]}
            if kind in ("shp", "dbf", "shx"):
                made[kind] = {part: parts[part] for part in ("shp", "dbf", "shx", "prj", "cpg")}
    return made


@st.composite
def mutated(draw: st.DrawFn, kind: str) -> bytes:
    content = bytearray(samples()[kind][kind])
    if draw(st.booleans()) and len(content) > 2000:
        # Half of the changes go where formats keep their lengths and counts.
        places = st.integers(0, 400)
    else:
        places = st.integers(0, len(content) - 1)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(places)
        how = draw(st.sampled_from(["set", "drop", "double", "fill"]))
        if how == "set":
            content[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif how == "drop":
            del content[at : at + draw(st.integers(1, 200))]
        elif how == "double":
            content[at:at] = content[at : at + draw(st.integers(1, 200))]
        else:
            content[at : at + 4] = draw(
                st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"])
            )
        if len(content) < 2:
            break
        places = st.integers(0, len(content) - 1)
    return bytes(content)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_changed_bytes_give_a_layer_or_a_refusal(kind: str) -> None:
    @given(mutated(kind), st.sampled_from([None, "EPSG:4549"]))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def check(content: bytes, crs: str | None) -> None:
        with tempfile.TemporaryDirectory() as name:
            for part, whole in samples()[kind].items():
                (Path(name) / f"a.{part}").write_bytes(content if part == kind else whole)
            try:
                layer = read_layer(Path(name) / f"a.{kind}", crs=crs)
            except InputRefusedError as error:
                said = [fault.text(lang) for fault in error.faults for lang in ("zh", "en")]
            else:
                said = [layer.format]
            assert all(said)
            assert said

    check()

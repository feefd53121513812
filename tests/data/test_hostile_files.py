"""Files made to do harm, and files cut in half: refused clearly, within bounded time and memory."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.faults import InputRefusedError
from data import bounded_geometry, safe_archive
from data.read_layers import Layer, read_layer

KML = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    + "".join(
        f"<Placemark><name>路{n}</name><Point><coordinates>121.{n:03d},31</coordinates></Point></Placemark>"
        for n in range(60)
    )
    + "</Document></kml>"
)


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, **how: Any) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path, **how)
    faults = [fault for fault in caught.value.faults if fault.level == "refused"]
    for fault in faults:
        assert fault.text("zh")
        assert fault.text("en")
    return faults[-1].code


def archive(path: Path, *items: tuple[str | zipfile.ZipInfo, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in items:
            out.writestr(name, content)
    return path


# --- Archives ---


def test_archives_that_lie_about_their_size(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.kml", KML))
    content = bytearray(path.read_bytes())
    real = struct.pack("<I", len(KML.encode()))
    assert content.count(real) == 2
    path.write_bytes(bytes(content).replace(real, struct.pack("<I", 100)))
    assert refused(path) == "zip_broken"


def test_archives_that_claim_to_be_huge(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.kml", KML))
    real, large = struct.pack("<I", len(KML.encode())), struct.pack("<I", 4_200_000_000)
    path.write_bytes(path.read_bytes().replace(real, large))
    assert refused(path) == "zip_too_large"


def test_bombs_stay_packed(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"0" * (safe_archive.BOMB_BYTES + 1)))
    assert path.stat().st_size < 200_000
    assert refused(path) == "zip_bomb"


def test_archives_in_archives_are_not_opened(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", ("a.kml", KML)).read_bytes()
    assert refused(archive(tmp_path / "a.zip", ("a.kml", inner))) == "zip_without_layer"
    assert refused(archive(tmp_path / "b.zip", ("inner.zip", inner))) == "zip_without_layer"


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.csv", b"a,b\n1,2\n" * 100), ("b.csv", b"1"))
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", directory + 4)
    content[second + 42 : second + 46] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    assert refused(path) in {"zip_bomb", "zip_broken"}


@pytest.mark.parametrize(
    "name",
    [
        "../a.kml",
        "x/../../a.kml",
        "/etc/a.kml",
        "C:/a.kml",
        "C:\\a.kml",
        "..\\a.kml",
        "x\\..\\a.kml",
    ],
)
def test_paths_that_climb(tmp_path: Path, name: str) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = name
    path = archive(tmp_path / "a.zip", (info, KML))
    assert refused(path) == "zip_path_climbs"
    assert not (tmp_path.parent / "a.kml").exists()


def test_names_with_a_nul(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.kmlXevil.sh", KML))
    path.write_bytes(path.read_bytes().replace(b"a.kmlX", b"a.kml\0"))
    assert refused(path) in {"zip_path_climbs", "zip_broken"}


def test_links_in_archives(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("roads.kml")
    info.external_attr = 0o120777 << 16
    assert refused(archive(tmp_path / "a.zip", (info, "/etc/passwd"))) == "zip_link"


def test_members_of_one_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.kml", KML), ("B.KML", KML))
    path.write_bytes(path.read_bytes().replace(b"B.KML", b"A.KML"))
    assert refused(path) == "zip_name_twice"


def test_thousands_of_members(tmp_path: Path) -> None:
    items = [(f"{n}.txt", b"") for n in range(safe_archive.MOST_MEMBERS + 1)]
    assert refused(archive(tmp_path / "a.zip", *items)) == "zip_too_many"


def test_encrypted_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("a.kml", KML))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert refused(path) == "zip_encrypted"


def test_names_that_are_no_gbk(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", ("aXY.kml", KML))
    path.write_bytes(path.read_bytes().replace(b"aXY", b"a\xff\xff"))
    assert len(read_layer(path).table) == 60


def test_one_table_in_an_archive_is_read(tmp_path: Path) -> None:
    layer = read_layer(archive(tmp_path / "a.zip", ("清单.csv", "项目编号,地点\nA,B\n")))
    assert (layer.format, layer.table["项目编号"].tolist(), layer.source) == ("csv", ["A"], "a.zip")
    assert refused(archive(tmp_path / "b.zip", ("a.csv", "a"), ("b.csv", "b"))) == "zip_several"


# --- XML ---

LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    "head",
    [
        LAUGHS + "]>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd">',
        '<!DOCTYPE a [<!ENTITY x "' + "y" * 100_000 + '">]>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/p"> %p;]>',
    ],
)
@pytest.mark.parametrize(
    "body", ["<kml>{}</kml>", "<rows><row a='1' b='2'/><row a='1' b='{}'/></rows>"]
)
def test_entities_are_refused(tmp_path: Path, head: str, body: str) -> None:
    text = "<?xml version='1.0'?>" + head + body.format("&x;")
    assert refused(put(tmp_path / "a.xml", text)) == "xml_entities"


def test_deep_xml(tmp_path: Path) -> None:
    text = "<kml>" + "<Folder>" * 200_000 + "</Folder>" * 200_000 + "</kml>"
    assert refused(put(tmp_path / "a.kml", text)) == "xml_too_deep"


def test_an_encoding_that_is_none(tmp_path: Path) -> None:
    for name in ("no-such", "rot13", "base64"):
        text = f"<?xml version='1.0' encoding='{name}'?><kml/>"
        assert refused(put(tmp_path / "a.kml", text)) in {"encoding_unknown", "encoding_wrong"}


# --- JSON ---


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 200_000 + "]" * 200_000, "json_too_deep"),
        ('{"a":' * 200_000 + "1" + "}" * 200_000, "json_too_deep"),
        ('[{"a": 1' + "0" * 10_000 + "}]", "json_number"),
        ('[{"a": 1, "a": 2}]', "json_name_twice"),
        ('[{"a": 1}', "json_broken"),
        ('{"a": 1}\n{"a": 2}\n{"a"', "json_broken"),
        ('{"rows": 7}', "records_missing"),
        ('{"a": [{"x": 1}], "b": [{"y": 1}]}', "records_several"),
    ],
)
def test_json_that_cannot_be_a_list(tmp_path: Path, text: str, code: str) -> None:
    assert refused(put(tmp_path / "a.json", text)) == code


def test_every_record_with_names_of_its_own(tmp_path: Path) -> None:
    text = json.dumps([{f"n{n}": 1} for n in range(20_000)])
    assert refused(put(tmp_path / "a.json", text)) == "too_many_columns"


def test_deep_collections_do_not_kill_the_process(tmp_path: Path) -> None:
    depth = 200_000
    wkt = "GEOMETRYCOLLECTION(" * depth + "POINT(1 1)" + ")" * depth
    wkb = (b"\x01" + struct.pack("<II", 7, 1)) * depth + b"\x01" + struct.pack("<Idd", 1, 0, 0)
    text = f'code,shape\nA,"{wkt}"\nB,POINT (500000 3400000)\nC,POINT (500000 3400000)\n'
    layer = read_layer(put(tmp_path / "a.csv", text), crs="EPSG:4549")
    assert layer.table.geometry.isna().tolist() == [True, False, False]
    hexed = (
        f"code,shape\nA,{wkb.hex()}\nB,{shapely.to_wkb(shapely.Point(500000, 3400000), hex=True)}\n"
    )
    layer = read_layer(put(tmp_path / "b.csv", hexed), crs="EPSG:4549")
    assert layer.table.geometry.isna().tolist() == [True, False]
    assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_unreadable", 2)]


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6, 7])
def test_wkb_with_absurd_counts(kind: int) -> None:
    blob = b"\x01" + struct.pack("<II", kind, 0xFFFFFFFF) + bytes(64)
    assert not bounded_geometry.safe_wkb(blob)
    assert bounded_geometry.from_wkb([blob]).tolist() == [None]


# --- Many vertices ---


def test_a_polygon_of_many_vertices_is_refused_before_it_is_held(tmp_path: Path) -> None:
    ring = np.column_stack([np.cos(a := np.linspace(0, 6.28, 1_600_000)), np.sin(a)]) / 10 + (
        121,
        31,
    )
    body = ",".join(f"[{x:.7f},{y:.7f}]" for x, y in ring.tolist())
    text = f'{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[{body}]]}}}}'
    assert refused(put(tmp_path / "a.geojson", text)) == "geometry_vertices"


@pytest.mark.parametrize("kind", ["gpkg", "shp", "fgb", "parquet", "csv"])
def test_a_line_of_too_many_vertices_is_a_rows_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    lines = [
        shapely.LineString(np.arange(2000).reshape(-1, 2) + 500_000),
        shapely.LineString([(5e5, 5e5), (5e5, 6e5)]),
    ]
    written(tmp_path, kind, gpd.GeoDataFrame({"a": [1, 2]}, geometry=lines, crs=4549))
    monkeypatch.setattr(bounded_geometry, "MOST_VERTICES", 500)
    layer = read_layer(tmp_path / f"a.{kind}", crs="EPSG:4549")
    assert sorted(layer.table.geometry.isna()) == [False, True]
    assert {fault.code for fault in layer.faults if fault.row is not None} <= {
        "geometry_too_large", "geometry_unreadable",
    }  # fmt: skip


# --- Databases ---


def package(folder: Path) -> Path:
    table = gpd.GeoDataFrame(
        {"路名": [f"路{n}" for n in range(200)]}, geometry=[shapely.Point(5e5 + n, 3.4e6) for n in range(200)],
        crs=4549,
    )  # fmt: skip
    table.to_file(folder / "a.gpkg", layer="works", engine="pyogrio")
    return folder / "a.gpkg"


def changed(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def test_views_and_virtual_tables_are_not_run(tmp_path: Path) -> None:
    contents = "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('evil', 'attributes', 'evil')"
    view = "CREATE VIEW evil AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    path = changed(package(tmp_path), view, contents)
    assert refused(path, layer="evil") == "layer_is_a_view"
    assert len(read_layer(path, layer="works").table) == 200
    path.unlink()
    path = changed(package(tmp_path), "CREATE VIRTUAL TABLE evil USING fts5(a)", contents)
    assert refused(path, layer="evil") == "layer_is_a_view"


def test_columns_that_are_computed_are_not_computed(tmp_path: Path) -> None:
    path = changed(
        package(tmp_path),
        "CREATE TABLE evil (a, b AS (hex(zeroblob(400000000))) VIRTUAL)",
        "INSERT INTO evil (a) VALUES (1)",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('evil', 'attributes', 'evil')",
    )
    assert read_layer(path, layer="evil").table.columns.tolist() == ["a"]


def test_triggers_do_not_fire_and_nothing_is_written(tmp_path: Path) -> None:
    path = changed(
        package(tmp_path), "CREATE TABLE seen (a)",
        "CREATE TRIGGER t AFTER INSERT ON works BEGIN INSERT INTO seen VALUES (1); END",
    )  # fmt: skip
    before = path.read_bytes()
    assert len(read_layer(path).table) == 200
    assert path.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.gpkg"]


def test_a_schema_that_was_tampered_with(tmp_path: Path) -> None:
    path = package(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE works (' WHERE name = 'works'")
    connection.commit()
    connection.close()
    assert refused(path) == "file_broken"


def test_geometry_in_another_system_than_its_layer_is_named(tmp_path: Path) -> None:
    path = changed(
        package(tmp_path), "DROP TRIGGER IF EXISTS rtree_works_geom_update1",
        *(f"DROP TRIGGER IF EXISTS rtree_works_geom_update{n}" for n in range(2, 8)),
        "UPDATE works SET geom = CAST(x'47500001e6100000' || substr(geom, 9) AS BLOB) WHERE fid = 3",
    )  # fmt: skip
    assert [(fault.code, fault.row) for fault in read_layer(path).faults] == [
        ("geometry_unreadable", 3)
    ]


# --- Shapefiles ---


def shapes(folder: Path) -> Path:
    table = gpd.GeoDataFrame(
        {"name": [f"r{n}" for n in range(50)]},
        geometry=[shapely.box(5e5 + n, 3.4e6, 5e5 + n + 1, 3.4e6 + 1) for n in range(50)], crs=4549,
    )  # fmt: skip
    table.to_file(folder / "a.shp", engine="pyogrio")
    return folder / "a.shp"


@pytest.mark.parametrize("value", [0, 4, 1_000_000, 0x7FFFFFFF])
def test_records_that_lie_about_their_length(tmp_path: Path, value: int) -> None:
    path = shapes(tmp_path)
    content = bytearray(path.read_bytes())
    content[104:108] = struct.pack(">I", value)
    path.write_bytes(bytes(content))
    assert refused(path) == "part_cut"


def test_polygons_that_claim_a_billion_points(tmp_path: Path) -> None:
    path = shapes(tmp_path)
    content = bytearray(path.read_bytes())
    content[108 + 36 : 108 + 44] = struct.pack("<II", 1_000_000_000, 1_000_000_000)
    path.write_bytes(bytes(content))
    layer = read_layer(path)
    assert ("geometry_unreadable", 1) in [(fault.code, fault.row) for fault in layer.faults]


def test_rows_and_shapes_that_do_not_match(tmp_path: Path) -> None:
    path = shapes(tmp_path)
    dbf = path.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    content[4:8] = struct.pack("<I", 49)
    dbf.write_bytes(bytes(content))
    assert refused(path) == "part_disagrees"


# --- Names and contents that are not what they seem ---

VRT = """<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource>
</OGRVRTLayer></OGRVRTDataSource>"""


@pytest.mark.parametrize("name", ["a.vrt", "a.shp", "a.gpkg", "a.csv", "a.geojson"])
def test_virtual_data_sources_never_open(tmp_path: Path, name: str) -> None:
    assert refused(put(tmp_path / name, VRT)) == "format_unknown"
    assert refused(put(tmp_path / name, "<?xml version='1.0'?>\n" + VRT)) == "format_unknown"


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://192.0.2.1/a.shp",
        "http://192.0.2.1/a.geojson",
        "PG:host=192.0.2.1",
        "zip://a.zip",
    ],
)
def test_addresses_are_no_files(name: str) -> None:
    assert refused(Path(name)) == "file_missing"


def test_a_name_that_a_library_would_take_for_another(tmp_path: Path) -> None:
    shapes(tmp_path)
    for part in tmp_path.glob("a.*"):
        part.rename(part.with_name("b!a" + part.suffix))
    assert len(read_layer(tmp_path / "b!a.shp").table) == 50


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200), b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(200),
        b"%PDF-1.7\n", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"MZ" + bytes(200), b"\x7fELF" + bytes(200),
    ],
)  # fmt: skip
def test_other_files_with_the_name_of_a_table(tmp_path: Path, content: bytes) -> None:
    assert refused(put(tmp_path / "a.csv", content)) == "format_unknown"


def test_no_plain_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv", Path("/dev/zero"), Path("/dev/null")):
        assert refused(path) == "file_not_plain"
    assert refused(Path("a\0b.csv")) == "file_unreadable"


def test_r_data_is_named(tmp_path: Path) -> None:
    import gzip

    assert (
        refused(put(tmp_path / "a.rda", gzip.compress(b"RDX3\nX\n" + bytes(99))))
        == "r_data_not_read"
    )
    assert refused(put(tmp_path / "a.gz", gzip.compress(b"a,b\n"))) == "format_unknown"


# --- Cut in half ---


def written(folder: Path, kind: str, table: gpd.GeoDataFrame) -> Path:
    path = folder / f"a.{kind}"
    if kind == "csv":
        put(path, pd.DataFrame(table).assign(geometry=table.geometry.to_wkt()).to_csv(index=False))
    elif kind == "parquet":
        table.to_parquet(path)
    else:
        table.to_file(path, engine="pyogrio")
    return path


@pytest.mark.parametrize("tail", ["A3", "A3,路3", "A3,路3,2025-0"])
def test_a_table_that_breaks_off_says_so(tmp_path: Path, tail: str) -> None:
    text = "项目编号,路名,开工,类型\nA1,路1,2025-01-01,给水\nA2,路2,2025-01-01,给水\n"
    layer = read_layer(put(tmp_path / "a.csv", text + tail))
    assert [(fault.code, fault.row) for fault in layer.faults] == [("row_cut", 4)]
    assert read_layer(put(tmp_path / "b.csv", text + "A3,路3,,")).faults == []


def test_a_text_cut_inside_a_letter(tmp_path: Path) -> None:
    content = "项目编号,路名\nA1,沪宜公路\nA2,博园路".encode()[:-1]
    assert refused(put(tmp_path / "a.csv", content)) == "file_cut"


def _kml(folder: Path) -> Path:
    return put(folder / "a.kml", KML)


def _kmz(folder: Path) -> Path:
    return archive(folder / "a.kmz", ("doc.kml", KML))


def _xml(folder: Path) -> Path:
    rows = "".join(f"<row><road>路{n}</road><x>1</x></row>" for n in range(50))
    return put(folder / "a.xml", f"<rows>{rows}</rows>")


def _json(folder: Path) -> Path:
    return put(folder / "a.json", json.dumps([{"road": f"路{n}", "n": n} for n in range(50)]))


def _lines(folder: Path) -> Path:
    return put(
        folder / "a.jsonl", "\n".join(json.dumps({"road": "r" * (n % 7)}) for n in range(50))
    )


def _dxf(folder: Path) -> Path:
    document = ezdxf.new()
    document.header["$INSUNITS"] = 6
    for n in range(50):
        document.modelspace().add_line((5e5 + n, 3.4e6), (5e5 + n, 3.4e6 + 9))
    document.saveas(folder / "a.dxf")
    return folder / "a.dxf"


def _table(kind: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        table = gpd.GeoDataFrame(
            {"路名": [f"路{n}" for n in range(400)]},
            geometry=[shapely.Point(121 + n / 1000, 31) for n in range(400)], crs=4326,
        )  # fmt: skip
        return written(folder, kind, table)

    return make


MAKERS = {
    "kml": _kml, "kmz": _kmz, "xml": _xml, "json": _json, "jsonl": _lines, "dxf": _dxf, "shp": shapes,
    "gpkg": package, "geojson": _table("geojson"), "fgb": _table("fgb"), "parquet": _table("parquet"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("share", [0.1, 0.4, 0.5, 0.7, 0.9, 0.99])
def test_a_file_cut_in_half_never_loses_rows_unsaid(
    tmp_path: Path, kind: str, share: float
) -> None:
    path = MAKERS[kind](tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    code = refused(path, crs="EPSG:4549" if kind == "dxf" else None)
    assert code in {
        "xml_broken", "zip_broken", "json_broken", "file_cut", "file_broken", "part_cut",
        "part_disagrees",
    }  # fmt: skip


def test_the_whole_files_are_read(tmp_path: Path) -> None:
    rows = {}
    for kind, make in MAKERS.items():
        folder = tmp_path / kind
        folder.mkdir()
        rows[kind] = len(read_layer(make(folder), crs="EPSG:4549" if kind == "dxf" else None).table)
    assert rows == {
        "kml": 60, "kmz": 60, "xml": 50, "json": 50, "jsonl": 50, "dxf": 50, "shp": 50, "gpkg": 200,
        "geojson": 400, "fgb": 400, "parquet": 400,
    }  # fmt: skip


def test_ten_million_vertices_are_refused_within_bounded_memory(tmp_path: Path) -> None:
    """In a process of its own, with as much memory as a small server has."""
    code = """
import resource, struct, sys
resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))
import numpy as np
from coordination.faults import InputRefusedError
from data.read_layers import read_layer
n = 10_000_000
block = b",".join(b"[121.%05d,31.5]" % i for i in range(100_000))
with open(sys.argv[1], "wb") as out:
    out.write(b'{"type":"Polygon","coordinates":[[')
    out.write(b",".join([block] * (n // 100_000)))
    out.write(b"]]}")
try:
    read_layer(sys.argv[1])
except InputRefusedError as error:
    print(error.faults[0].code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.geojson")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "geometry_vertices"), done.stderr[-400:]


def test_layer_of_a_hostile_name_stays_a_name(tmp_path: Path) -> None:
    path = package(tmp_path)
    assert refused(path, layer='works"; DROP TABLE works; --') == "layer_missing"
    assert isinstance(read_layer(path), Layer)

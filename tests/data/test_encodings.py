"""Texts in the encodings that lists come in, made byte by byte: programs write only the good ones."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from coordination.faults import InputRefusedError
from data.read_layers import Layer, read_layer

NAMES = ["嘉定区仓场路", "博园路", "沪宜公路"]


def shapefile(
    path: Path, columns: dict[bytes, tuple[int, Sequence[bytes]]], *, driver: int = 0,
    cpg: bytes | None = None,
) -> Path:  # fmt: skip
    """Write points and raw texts: name → width and values, all as bytes."""
    rows = len(next(iter(columns.values()))[1])
    fields = b"".join(
        name[:10].ljust(11, b"\0") + b"C" + bytes(4) + bytes([width, 0]) + bytes(14)
        for name, (width, _) in columns.items()
    )
    width = 1 + sum(width for width, _ in columns.values())
    head = struct.pack("<4BIHH", 3, 125, 1, 1, rows, 33 + len(fields), width)
    head += bytes(17) + bytes([driver]) + bytes(2)
    records = b"".join(
        b" " + b"".join(values[row][:size].ljust(size) for size, values in columns.values())
        for row in range(rows)
    )
    path.with_suffix(".dbf").write_bytes(head + fields + b"\r" + records + b"\x1a")
    box = struct.pack("<8d", 121.25, 31.38, 121.25, 31.38, 0, 0, 0, 0)
    shapes = b"".join(
        struct.pack(">2i", row + 1, 10) + struct.pack("<i2d", 1, 121.25, 31.38)
        for row in range(rows)
    )
    index = b"".join(struct.pack(">2i", 50 + 14 * row, 10) for row in range(rows))
    for suffix, content in ((".shp", shapes), (".shx", index)):
        length = (100 + len(content)) // 2
        start = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length) + struct.pack("<2i", 1000, 1)
        path.with_suffix(suffix).write_bytes(start + box + content)
    if cpg is not None:
        path.with_suffix(".cpg").write_bytes(cpg)
    return path.with_suffix(".shp")


def read(path: Path, **how: str) -> Layer:
    return read_layer(path, crs="EPSG:4326", **how)  # type: ignore[arg-type]


def codes(layer: Layer) -> list[str]:
    return [fault.code for fault in layer.faults]


@pytest.mark.parametrize(
    ("encoding", "driver", "cpg", "told"),
    [
        ("gbk", 0, None, ["encoding_guessed"]),
        ("gbk", 0, b"GBK", []),
        ("gbk", 0, b"936\r\n", []),
        ("gbk", 0, b"\xef\xbb\xbfGBK", []),
        ("gbk", 0, b"OEM 936", []),
        ("gbk", 0x4D, None, []),
        ("gbk", 0x57, None, ["encoding_guessed"]),
        ("gbk", 0, b"UTF-8", ["encodings.cpg_wrong"]),
        ("gbk", 0, b"ISO-8859-1", ["encodings.cpg_wrong"]),
        ("gbk", 0, b"nonsense", ["encoding_guessed"]),
        ("gbk", 0x4D, b"UTF-8", ["encodings.cpg_wrong"]),
        ("utf-8", 0, None, []),
        ("utf-8", 0, b"UTF-8", []),
        ("utf-8", 0, b"GBK", ["encodings.cpg_wrong"]),
        ("utf-8", 0x4D, None, ["encodings.cpg_wrong"]),
        ("utf-8", 0x57, None, []),
        ("utf-8", 0, b"ISO-8859-1", ["encodings.cpg_wrong"]),
    ],
)
def test_shapefiles_say_the_truth_a_lie_or_nothing(
    tmp_path: Path, encoding: str, driver: int, cpg: bytes | None, told: list[str]
) -> None:
    values = [name.encode(encoding) for name in NAMES]
    file = shapefile(
        tmp_path / "a", {"路名".encode(encoding): (30, values)}, driver=driver, cpg=cpg
    )
    layer = read(file)
    assert layer.table["路名"].tolist() == NAMES
    assert codes(layer) == told


@pytest.mark.parametrize(
    ("encoding", "name", "cut"),
    [
        ("utf-8", "计划开工日期", "计划开"),
        ("gbk", "计划开工日期", "计划开工日"),
        ("gbk", "A计划开工日期", "A计划开工"),
        ("utf-8", "AB计划开工", "AB计划"),
    ],
)
def test_names_of_fields_are_cut_inside_a_letter(
    tmp_path: Path, encoding: str, name: str, cut: str
) -> None:
    file = shapefile(tmp_path / "a", {name.encode(encoding): (12, [b"2025-03-01"])})
    assert read(file).table.columns.tolist() == [cut, "geometry"]


@pytest.mark.parametrize("cpg", [None, b"UTF-8", b"GBK"])
@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 16), ("utf-8", 17), ("gbk", 11)])
def test_values_are_cut_inside_a_letter(
    tmp_path: Path, encoding: str, width: int, cpg: bytes | None
) -> None:
    values = [name.encode(encoding) for name in NAMES]
    layer = read(shapefile(tmp_path / "a", {b"name": (width, values)}, cpg=cpg))
    assert layer.table["name"].tolist() == ["嘉定区仓场", "博园路", "沪宜公路"]
    assert [fault.row for fault in layer.faults if fault.code == "encodings.value_cut"] == [1]


def test_a_row_that_was_deleted_is_no_row(tmp_path: Path) -> None:
    file = shapefile(tmp_path / "a", {b"name": (20, [b"a", b"b"])})
    dbf = file.with_suffix(".dbf")
    content = bytearray(dbf.read_bytes())
    content[65] = ord("*")
    dbf.write_bytes(bytes(content))
    with pytest.raises(InputRefusedError) as caught:
        read(file)
    assert [fault.code for fault in caught.value.faults] == ["part_disagrees"]


TABLE = "项目编号,路名,经度,纬度\r\nA,嘉定区仓场路,121.25,31.38\r\nB,㐀𠮷路,121.26,31.39\r\n"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (TABLE.encode("utf-8"), []),
        (TABLE.encode("utf-8-sig"), []),
        (TABLE.encode("gb18030"), ["encoding_guessed"]),
        (b"\xff\xfe" + TABLE.encode("utf-16-le"), []),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), []),
        (b"\xff\xfe" + TABLE.replace(",", "\t").encode("utf-16-le"), []),
        (b"\x84\x31\x95\x33" + TABLE.encode("gb18030"), ["encoding_guessed"]),
        (TABLE.encode("utf-8-sig").replace(b"\r\n", b"\r"), []),
    ],
)
def test_tables_with_and_without_a_mark(tmp_path: Path, raw: bytes, told: list[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(raw)
    layer = read(file)
    assert layer.table.columns.tolist() == ["项目编号", "路名", "经度", "纬度", "geometry"]
    assert layer.table["路名"].tolist() == ["嘉定区仓场路", "㐀𠮷路"]
    assert codes(layer) == told


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_refused_until_it_is_stated(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(TABLE.encode(encoding))
    with pytest.raises(InputRefusedError):
        read(file)
    assert read(file, encoding=encoding).table["路名"].tolist() == ["嘉定区仓场路", "㐀𠮷路"]


def test_utf16_cut_inside_a_letter_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xff\xfe" + TABLE.encode("utf-16-le")[:-5])
    with pytest.raises(InputRefusedError) as caught:
        read(file)
    assert [fault.code for fault in caught.value.faults] == ["file_cut"]


def archive(path: Path, members: dict[str, bytes], encoding: str) -> Path:
    """Write an archive whose names are in an encoding that it does not state, as old programs do."""
    with zipfile.ZipFile(path, "w") as written:
        for number, content in enumerate(members.values()):
            written.writestr(f"{number:0>{len(_name(members, number, encoding))}}", content)
    content = path.read_bytes()
    for number in range(len(members)):
        name = _name(members, number, encoding)
        content = content.replace(f"{number:0>{len(name)}}".encode(), name)
    path.write_bytes(content)
    return path


def _name(members: dict[str, bytes], number: int, encoding: str) -> bytes:
    return list(members)[number].encode(encoding)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["项目编号", "路名", "经度", "纬度"])
    for name in NAMES:
        book.active.append(["A", name, 121.25, 31.38])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def collection() -> bytes:
    place = {"type": "Point", "coordinates": [121.25, 31.38]}
    features = [
        {"type": "Feature", "properties": {"路名": name}, "geometry": place} for name in NAMES
    ]
    document = {"type": "FeatureCollection", "features": features}
    return json.dumps(document, ensure_ascii=False).encode()


def listed() -> bytes:
    rows = [f"A,{name},121.25,31.38" for name in NAMES]
    return "\n".join(["项目编号,路名,经度,纬度", *rows, ""]).encode("gbk")


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize("kind", ["shp", "csv", "geojson", "xlsx"])
def test_archives_with_names_that_say_no_encoding(tmp_path: Path, encoding: str, kind: str) -> None:
    folder = "2025年计划/道路大中修项目汇总表（报批稿）"
    if kind == "shp":
        values = [name.encode("gbk") for name in NAMES]
        file = shapefile(tmp_path / "a", {"路名".encode("gbk"): (30, values)}, cpg=b"GBK")
        members = {
            f"{folder}{suffix}": file.with_suffix(suffix).read_bytes()
            for suffix in (".shp", ".SHX".lower(), ".dbf", ".cpg")
        }
    else:
        content = {"csv": listed, "geojson": collection, "xlsx": workbook}[kind]()
        members = {f"{folder}.{kind}": content}
    layer = read(archive(tmp_path / "a.zip", members, encoding))
    assert layer.table["路名"].tolist() == NAMES
    assert len(layer.table) == 3


def test_the_layer_is_named_as_its_archive_spells_it(tmp_path: Path) -> None:
    members = {}
    for stem, name in (("道路", "仓场路"), ("地块", "甲地块")):
        file = shapefile(tmp_path / stem, {b"name": (12, [name.encode("gbk")])})
        for suffix in (".shp", ".shx", ".dbf"):
            members[f"{stem}{suffix}"] = file.with_suffix(suffix).read_bytes()
    for encoding in ("gbk", "utf-8"):
        file = archive(tmp_path / f"{encoding}.zip", members, encoding)
        with pytest.raises(InputRefusedError) as caught:
            read(file)
        assert caught.value.faults[0].params["layers"] == "地块, 道路"
        assert read(file, layer="地块").table["name"].tolist() == ["甲地块"]


def test_a_line_end_of_an_old_mac_inside_a_cell_is_refused_and_inside_quotes_kept(
    tmp_path: Path,
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(TABLE.replace("嘉定区", "嘉定区\r").encode())
    with pytest.raises(InputRefusedError) as caught:
        read(file)
    assert [fault.code for fault in caught.value.faults] == ["file_broken"]
    file.write_bytes(TABLE.replace("嘉定区仓场路", '"嘉定区\r仓场路"').encode())
    assert read(file).table["路名"].tolist() == ["嘉定区\r仓场路", "㐀𠮷路"]

"""Workbooks of other kinds, written by hand as their formats say, and a child process that fails."""

from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path

import pytest

from coordination import Policy
from coordination.faults import InputRefusedError
from data import read_old_workbooks
from data.read_old_workbooks import read_old_workbook
from data.read_projects import read_projects
from data.read_tables import read_workbook
from data.read_xlsx import BrokenWorkbookError

HEAD = ["项目编号", "项目名称", "路名", "计划开工", "计划竣工", "长度(km)"]


def ods(path: Path) -> Path:
    """Write a list with a title, a merged cell, dates of their own kind and a hidden sheet."""

    def text(value: str, more: str = "") -> str:
        return f'<table:table-cell office:value-type="string" {more}><text:p>{value}</text:p></table:table-cell>'

    def day(value: str) -> str:
        return f'<table:table-cell office:value-type="date" office:date-value="{value}"/>'

    def number(value: float) -> str:
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'

    rows = [
        text("2025年掘路计划", 'table:number-columns-spanned="6"'),
        "".join(text(name) for name in HEAD),
        text("007") + text("甲") + text("仓场路") + day("2025-03-01") + text("4月底") + number(1.2),
        text("008") + text("乙") + text("博园路") + text("3-4月") + text("") + number(0.5),
        text("合计") + "<table:table-cell table:number-columns-repeated='4'/>" + number(1.7),
    ]
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="计划">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest'
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def xls(path: Path) -> Path:
    """Write a BIFF8 stream as older programs left it: no container around it, one sheet."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def bof(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    def label(row: int, column: int, value: str) -> bytes:
        letters = value.encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(value), 1) + letters)

    def number(row: int, column: int, value: float) -> bytes:
        return record(0x0203, struct.pack("<HHHd", row, column, 0, value))

    cells = b"".join(label(0, place, name) for place, name in enumerate(HEAD))
    for place, value in enumerate(["007", "甲", "仓场路", "2025-03-01", "2025年4月"]):
        cells += label(1, place, value)
    cells += number(1, 5, 1.2)
    sheet = bof(0x0010) + cells + record(0x000A, b"")
    name = "计划".encode("utf-16-le")
    entry = struct.pack("<BBBB", 0, 0, 2, 1) + name
    codepage = record(0x0042, struct.pack("<H", 1200))
    end = record(0x000A, b"")
    offset = len(bof(0x0005)) + len(codepage) + 8 + len(entry) + len(end)
    book = bof(0x0005) + codepage + record(0x0085, struct.pack("<I", offset) + entry) + end + sheet
    path.write_bytes(compound(book))
    return path


def compound(stream: bytes) -> bytes:
    """Return a stream called Workbook in a compound file: header, one FAT sector, directory, data."""
    size = 512
    stream = stream.ljust(4096, b"\0")  # shorter ones would live in a mini stream
    stream += b"\0" * (-len(stream) % size)
    count = len(stream) // size
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    fat = [fat_sector, end, *range(3, 2 + count), end]
    fat += [free] * (128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le") if name else b""
        said = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
        return said + struct.pack("<III", free, free, child) + bytes(36) + struct.pack(
            "<IQ", start, length
        )  # fmt: skip

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream))
    directory += entry("", 0, free, 0, 0) * 2
    return header + struct.pack("<128I", *fat) + directory + stream


def test_an_open_document_is_read_like_any_list(tmp_path: Path) -> None:
    found = read_projects(ods(tmp_path / "list.ods"), policy=Policy())
    assert [fault.code for fault in found.faults if fault.level == "refused"] == []
    sites = found.sites
    assert sites["project_code"].tolist() == ["007", "008"]
    assert sites["start"].dt.strftime("%Y-%m-%d").tolist() == ["2025-03-01", "2025-03-01"]
    assert sites["finish"].dt.strftime("%Y-%m-%d").tolist() == ["2025-04-30", "2025-04-30"]
    assert sites["length_m"].tolist() == [1200.0, 500.0]
    assert found.rows["row"].tolist() == [3, 4]


def test_an_old_excel_file_is_read_like_any_list(tmp_path: Path) -> None:
    found = read_projects(xls(tmp_path / "list.xls"), policy=Policy())
    site = found.sites.iloc[0]
    assert (site["project_code"], site["road"], site["length_m"]) == ("007", "仓场路", 1200.0)
    assert f"{site['start']:%Y-%m-%d} {site['finish']:%Y-%m-%d}" == "2025-03-01 2025-04-30"


def test_the_name_of_a_file_says_nothing_of_its_kind(tmp_path: Path) -> None:
    renamed = xls(tmp_path / "list.xls").rename(tmp_path / "list.xlsx")
    assert read_workbook(renamed).table["路名"].tolist() == ["仓场路"]


@pytest.mark.parametrize("kept", [40, 512, 1024, 1700])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    for made in (xls(tmp_path / "a.xls"), ods(tmp_path / "a.ods")):
        made.write_bytes(made.read_bytes()[:kept])
        with pytest.raises(InputRefusedError) as caught:
            read_workbook(made)
        assert [fault.code for fault in caught.value.faults] in (
            ["workbook_broken"],
            ["file_empty"],
        )


CRASHES = {
    "ends at once": "import os; os.kill(os.getpid(), 11)",
    "ends with a code": "import sys; sys.exit(101)",
    "says nonsense": "print('[1, 2')",
    "says too much": "print('[0, [[0, 1]]]')",
    "takes memory": "import sys, resource as r; n = int(sys.argv[2])\n"
    "r.setrlimit(r.RLIMIT_AS, (n, n)); x = bytearray(n)",
    "never ends": "import time; time.sleep(600)",
}


@pytest.mark.parametrize("crash", sorted(CRASHES))
def test_whatever_happens_to_the_child_this_process_goes_on(
    tmp_path: Path, crash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    child.write_text(CRASHES[crash], encoding="utf-8")
    monkeypatch.setattr(read_old_workbooks.calamine_child, "__file__", str(child))
    monkeypatch.setattr(read_old_workbooks, "MOST_CHILD_BYTES", 300_000_000)
    monkeypatch.setattr(read_old_workbooks, "MOST_CHILD_SECONDS", 3)
    assert sys.executable
    with pytest.raises(BrokenWorkbookError):
        read_old_workbook(xls(tmp_path / "a.xls"))

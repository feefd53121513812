"""Garbled Chinese and labels that lie."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from data.mojibake import garbled_columns, mojibake
from data.read_layers import Layer, read_layer

CHANGED = [
    ("鍢夊畾", "utf8_as_gbk", "嘉定"),
    ("¼Î¶¨", "gbk_as_latin", "嘉定"),
    ("å˜‰å®š", "utf8_as_latin", "嘉定"),
    ("å\x98\x89å®\x9a", "utf8_as_latin", "嘉定"),
    ("锟斤拷锟斤拷", "lost", None),
    ("嘉\ufffd路", "lost", None),
    ("烫烫烫烫", "filler", None),
    ("ï»¿项目编号", "mark_as_text", "项目编号"),
]


@pytest.mark.parametrize(("text", "cause", "repaired"), CHANGED)
def test_each_cause_leaves_its_marks(text: str, cause: str, repaired: str | None) -> None:
    seen = mojibake(text)
    assert seen is not None
    assert (seen.cause, seen.repaired) == (cause, repaired)


@pytest.mark.parametrize(
    "text",
    ["嘉定区仓场路", "弄", "Rue de l'Église", "Straße", "渭水路17號", "K0+000", "", "é", "軍訊"],
)
def test_text_is_left_alone(text: str) -> None:
    assert mojibake(text) is None


def test_twice_wrong_is_undone_twice() -> None:
    seen = mojibake("嘉定区".encode().decode("latin-1").encode().decode("latin-1"))
    assert seen is not None
    assert (seen.repaired, seen.times) == ("嘉定区", 2)


def test_every_road_name_of_shanghai(real_data: Path) -> None:
    names = (
        (real_data / "shanghai_road_names" / "shanghai_all_roads.txt")
        .read_text("utf-8")
        .split("\n")
    )
    names = [name.strip() for name in names if name.strip() and not name.isascii()]
    assert len(names) > 8000
    assert [name for name in names if mojibake(name)] == []
    undone = [mojibake(name.encode().decode("latin-1")) for name in names]
    assert [seen.repaired if seen else None for seen in undone] == names


def test_gbk_table_of_xuhui_is_read_with_a_note(real_data: Path) -> None:
    layer = read_layer(real_data / "shanghai_road_names" / "xuhui_edges_GBK.csv")
    assert len(layer.table) == 11_837
    codes = {fault.code for fault in layer.faults}
    assert "encoding_guessed" in codes
    assert not {code for code in codes if code.startswith("encodings.")}


def test_columns_and_their_names_are_told_with_what_they_should_read() -> None:
    faults = garbled_columns(pd.DataFrame({"璺悕": ["鍢夊畾", "鍢夊畾"], "编号": ["1", "2"]}))
    told = {(fault.column, fault.params["found"]): fault.params["repaired"] for fault in faults}
    assert told[("璺悕", "鍢夊畾")] == "嘉定"
    assert "嘉定" in faults[-1].text("zh")
    assert faults[-1].level == "note"


def shapefile(folder: Path, encoding: str, label: str | None) -> Layer:
    layer = gpd.GeoDataFrame(
        {"路名": ["嘉定区仓场路"]}, geometry=[shapely.Point(121.2, 31.3)], crs=4326
    )
    layer.to_file(folder / "a.shp", encoding=encoding)
    (folder / "a.cpg").unlink()
    if label is not None:
        (folder / "a.cpg").write_text(label)
    return read_layer(folder / "a.shp")


@pytest.mark.parametrize(
    ("encoding", "label", "code"),
    [
        ("utf-8", "UTF-8", None),
        ("gb18030", "GBK", None),
        ("gb18030", None, "encoding_guessed"),
        ("gb18030", "UTF-8", "encodings.cpg_wrong"),
        ("utf-8", "GBK", "encodings.cpg_wrong"),
        ("utf-8", "ISO 88591", "encodings.cpg_wrong"),
    ],
)
def test_the_bytes_are_believed_more_than_the_label(
    tmp_path: Path, encoding: str, label: str | None, code: str | None
) -> None:
    layer = shapefile(tmp_path, encoding, label)
    assert layer.table["路名"].tolist() == ["嘉定区仓场路"]
    assert [fault.code for fault in layer.faults] == ([] if code is None else [code])

"""Parquet with and without the metadata of GeoParquet, and FlatGeobuf."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from coordination.faults import InputRefusedError
from data.read_layers import read_layer


def works() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "项目编号": ["JD-01", "JD-02", "JD-03"],
            "length": pd.array([100, None, 300], dtype="Int64"),
            "start": [date(2025, 3, 1), None, date(2025, 5, 1)],
        },
        geometry=[shapely.Point(620000, 3470000), shapely.box(0, 0, 1, 1), None],
        crs=4549,
    )


def refused(path: Path) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path)
    fault = caught.value.faults[-1]
    assert fault.text("zh")
    assert fault.text("en")
    return fault.code


def test_geoparquet_keeps_everything(tmp_path: Path) -> None:
    works().to_parquet(tmp_path / "a.parquet")
    layer = read_layer(tmp_path / "a.parquet")
    assert layer.format == "parquet"
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4549
    assert layer.table["项目编号"].tolist() == ["JD-01", "JD-02", "JD-03"]
    assert layer.table["length"].tolist() == [100, None, 300]
    assert layer.table["start"].fillna("").tolist() == ["2025-03-01", "", "2025-05-01"]
    assert layer.table.geometry[0].coords[0] == (620000, 3470000)
    assert layer.table.geometry.isna().tolist() == [False, False, True]


def test_a_plain_table_with_wkb_asks_for_its_crs(tmp_path: Path) -> None:
    table = works()
    plain = pd.DataFrame(
        {"code": table["项目编号"], "shape": shapely.to_wkb(table.geometry.to_numpy()),
         "at": [datetime(2025, 1, 1, tzinfo=UTC)] * 3},
    )  # fmt: skip
    pq.write_table(pa.Table.from_pandas(plain), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet").startswith(("crs_missing", "coordinates."))
    layer = read_layer(tmp_path / "a.parquet", crs="EPSG:4549")
    assert layer.table.geometry.isna().tolist() == [False, False, True]
    assert layer.table["at"][0].startswith("2025-01-01")


def test_other_encodings_are_named(tmp_path: Path) -> None:
    works().iloc[:1].to_parquet(
        tmp_path / "a.parquet", geometry_encoding="geoarrow", schema_version="1.1.0"
    )
    assert refused(tmp_path / "a.parquet") == "parquet_encoding"


def test_metadata_that_lies_is_refused(tmp_path: Path) -> None:
    for said in (b"[", b"{}", b'{"primary_column": "x", "columns": {"x": {"encoding": "WKB"}}}'):
        table = pa.table({"a": [1]}).replace_schema_metadata({b"geo": said})
        pq.write_table(table, tmp_path / "a.parquet")
        assert refused(tmp_path / "a.parquet") == "file_broken"


def test_flatgeobuf(tmp_path: Path) -> None:
    works().iloc[:2].to_file(tmp_path / "a.fgb", engine="pyogrio", SPATIAL_INDEX="NO")
    layer = read_layer(tmp_path / "a.fgb")
    assert layer.format == "flatgeobuf"
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4549
    assert layer.table["项目编号"].tolist() == ["JD-01", "JD-02"]
    assert layer.table.geometry[0].coords[0] == (620000, 3470000)

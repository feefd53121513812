"""Coordinates in cells: one reading, or a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from coordination.faults import InputRefusedError
from data.column_mapping import parse_mapping
from data.coordinates import Coordinates
from data.read_layers import Layer, read_layer
from data.written_coordinates import CoordinateColumn, angle_of, coordinate_column, written_geometry


@pytest.mark.parametrize(
    ("text", "value", "letter"),
    [
        ("121°15′30″E", 121.258333333, "E"),
        ("121度15分30秒", 121.258333333, ""),
        ("31°23'24.5\"N", 31.390138889, "N"),
        ("31°23’24.5”N", 31.390138889, "N"),
        ("31°23'24.5''N", 31.390138889, "N"),
        ("31º23´24.5″", 31.390138889, ""),
        ("121°15.5′", 121.258333333, ""),
        ("121°15.5", 121.258333333, ""),
        ("121.25°", 121.25, ""),
        ("东经121.25", 121.25, "E"),
        ("東經121°15′", 121.25, "E"),
        ("N 31.5", 31.5, "N"),
        ("31.5S", -31.5, "N"),
        ("121.25W", -121.25, "E"),
        ("-0°30′", -0.5, ""),
        ("１２１．２５", 121.25, ""),
    ],
)
def test_angles(text: str, value: float, letter: str) -> None:
    angle = angle_of(text)
    assert angle is not None
    assert (round(angle.value, 9), angle.letter) == (value, letter)


@pytest.mark.parametrize(
    "text",
    ["121°60′", "121°15′60″", "121.5°15′", "121°15.5′30″", "E121.25W", "E121.25E", "121 km", "", "度",
     "-5W", "121°15′30″ 3"],
)  # fmt: skip
def test_what_is_no_angle(text: str) -> None:
    assert angle_of(text) is None


LINE = "LINESTRING (121.1 31.2, 121.2 31.3)"
RING = "POLYGON ((121.1 31.2, 121.2 31.3, 121.2 31.2, 121.1 31.2))"


@pytest.mark.parametrize(
    ("text", "wkt"),
    [
        ("121.1,31.2;121.2,31.3", LINE),
        ("121.1，31.2；121.2，31.3；", LINE),
        ("121.1 31.2, 121.2 31.3", LINE),
        ("121.1,31.2 121.2,31.3", LINE),
        ("121.1,31.2|121.2,31.3", LINE),
        ("121.1,31.2\n121.2,31.3\n", LINE),
        ("121.1,31.2\r\n121.2,31.3", LINE),
        ("[[121.1,31.2],[121.2,31.3]]", LINE),
        ("(121.1,31.2),(121.2,31.3)", LINE),
        ("（121.1，31.2）（121.2，31.3）", LINE),
        ("121.1、31.2；121.2、31.3", LINE),
        ("121.1,31.2,121.2,31.3", LINE),
        ("121.1,31.2,4.5;121.2,31.3,40.2", LINE),
        ("1,121.1,31.2;2,121.2,31.3", LINE),
        ("1:121.1,31.2;2:121.2,31.3", LINE),
        ("J1：121.1，31.2；J2：121.2，31.3", LINE),
        ("31.2N,121.1E;31.3N,121.2E", LINE),
        ("[[121.1,31.2],[121.2,31.3],[121.2,31.2],[121.1,31.2]]", RING),
        ("121.1,31.2;121.2,31.3;121.2,31.2;121.1,31.2", RING),
        ("(121.1,31.2)", "POINT (121.1 31.2)"),
        ("121.1,31.2", "POINT (121.1 31.2)"),
        ("经度：121.1，纬度：31.2", "POINT (121.1 31.2)"),
        ("纬度31.2经度121.1", "POINT (121.1 31.2)"),
        ("lat=31.2 lng=121.1", "POINT (121.1 31.2)"),
        ("31°12′N 121°06′E", "POINT (121.1 31.2)"),
        ("东经121°06′00″，北纬31°12′00″", "POINT (121.1 31.2)"),
        ("121度6分, 31度12分", "POINT (121.1 31.2)"),
        ("X=3473781.2,Y=618908.1", "POINT (3473781.2 618908.1)"),
        ("Y=618908.1,X=3473781.2", "POINT (3473781.2 618908.1)"),
        ("618908.1,3473781.2,619000.5,3473800.1", "LINESTRING (618908.1 3473781.2, 619000.5 3473800.1)"),
        ("-10777.375,8888.625", "POINT (-10777.375 8888.625)"),
    ],
)  # fmt: skip
def test_what_has_one_reading(text: str, wkt: str) -> None:
    written = written_geometry(text)
    assert written.fault == ""
    assert shapely.equals_exact(written.geometry, shapely.from_wkt(wkt), 1e-9)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("详见附图", "words"),
        ("/", "words"),
        ("121.25", "single"),
        ("121.1,31.2;121.2", "odd"),
        ("121.1,31.2,121.2", "odd"),
        ("618,908.1;3,473,781.2", "odd"),
        ("121,25;31,38", "whole_degrees"),
        ("121,31", "whole_degrees"),
        ("121.1,121.2,31.1,31.2", "unpaired"),
        ("121.1,31.2;121.2,31.3|121.4,31.2;121.5,31.3", "unpaired"),
        ("[[[121.1,31.2],[121.2,31.3]],[[121.4,31.2],[121.5,31.3]]]", "unpaired"),
        ("10.5,20.5,30.5,40.5", "unpaired"),
        ("121.1E,31.2", "letters"),
        ("121.1E,31.2E", "letters"),
        ("121.1,31.2;618908.1,3473781.2", "mixed"),
        ("121.1,3473781.2", "mixed"),
        ("121°75′,31°10′", "unreadable"),
        ("121.1-31.2", "unreadable"),
        ("121.1,31.2附近", "unreadable"),
        ("约121.1,31.2", "unreadable"),
        ("2025-03-01", "unreadable"),
        ("K0+100", "unreadable"),
        ("121.1,31.2" * 20_000, "unreadable"),
    ],
)  # fmt: skip
def test_what_has_none_or_several_is_refused_with_the_reason(text: str, fault: str) -> None:
    written = written_geometry(text)
    assert (written.geometry, written.fault) == (None, fault)


def test_corners_that_are_not_closed_are_asked_about() -> None:
    text = "121.1,31.2;121.2,31.3;121.2,31.2"
    column = coordinate_column("拐点坐标")
    assert column is not None
    assert written_geometry(text, column).fault == "corners_open"
    assert written_geometry(text, column, "line").geometry == shapely.from_wkt(
        "LINESTRING (121.1 31.2, 121.2 31.3, 121.2 31.2)"
    )
    assert written_geometry(text, column, "area").geometry == shapely.from_wkt(RING)
    assert written_geometry(text, coordinate_column("中心坐标")).fault == "centre_several"


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *[(name, CoordinateColumn()) for name in (
            "坐标", "坐标串", "经纬度", "项目坐标", "位置坐标", "座標", "坐标（经度,纬度）", "GPS坐标", "百度坐标", "坐标点",
            "lonlat", "经纬度坐标",
        )],
        *[(name, CoordinateColumn(corners=True)) for name in ("拐点坐标", "界址点坐标", "范围坐标", "红线坐标串")],
        *[(name, CoordinateColumn(centre=True)) for name in ("中心坐标", "中心点坐标", "中心經緯度")],
        *[(name, CoordinateColumn("north_first")) for name in ("坐标(纬度,经度)", "纬经度", "lat,lng")],
        *[(name, None) for name in ("坐标系", "X坐标", "东坐标", "中心点Y坐标", "经度", "备注", "坐标系统", "坐标来源")],
    ],
)  # fmt: skip
def test_names_of_columns(name: str, column: CoordinateColumn | None) -> None:
    assert coordinate_column(name) == column


def table(path: Path, name: str, *cells: str) -> Path:
    rows = [f'{number},"{cell}"' for number, cell in enumerate(cells, 1)]
    path.write_text("\n".join([f'项目编号,"{name}"', *rows, ""]), "utf-8")
    return path


def read(path: Path, mapping: str = "", **said: str) -> Layer:
    return read_layer(
        path, crs="EPSG:4326", hints=parse_mapping(mapping).hints, said=Coordinates(**said)  # type: ignore[arg-type]
    )  # fmt: skip


def test_rows_of_a_file_are_read_refused_or_left_without_a_place(tmp_path: Path) -> None:
    file = table(
        tmp_path / "a.csv", "坐标串", "121.1,31.2;121.2,31.3", "121,25;31,38", "见附图", ""
    )
    layer = read(file)
    assert layer.table.geometry.to_wkt().dropna().tolist() == [LINE]
    told = [(fault.code, fault.level, fault.row) for fault in layer.faults]
    assert told == [
        ("coordinates.cell.whole_degrees", "refused", 3),
        ("coordinates.cell.words", "note", 4),
    ]
    assert "121,25;31,38" in layer.faults[0].text("en")
    assert "121,25;31,38" in layer.faults[0].text("zh")


def test_a_mapping_names_the_column_its_order_and_its_shape(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "四至", "31.2,121.1;31.3,121.2;31.2,121.2", "31.2N 121.1E")
    mapping = '[geometry]\ncolumn = "四至"\nnorth_first = true\nshape = "area"\n'
    shapes = read(file, mapping).table.geometry.to_numpy()
    assert shapely.equals_exact(shapes[0], shapely.from_wkt(RING), 1e-9)
    assert shapely.equals_exact(shapes[1], shapely.Point(121.1, 31.2), 1e-9)
    with pytest.raises(InputRefusedError):
        parse_mapping('[geometry]\nshape = "circle"\n')


def test_degrees_and_minutes_in_two_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "项目编号,经度,纬度\n1,121°15′30″,31°23′24″\n2,121.25,31.38\n3,31°23′N,121°15′E\n4,东经121度15分,北纬31.38\n",
        "utf-8",
    )
    layer = read(file)
    xy = shapely.get_coordinates(layer.table.geometry.to_numpy())
    expected = [[121.25833333, 31.39], [121.25, 31.38], [121.25, 31.38]]
    assert np.allclose(xy, expected, atol=1e-8)
    assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_unreadable", 4)]


def test_latitude_first_by_the_columns_name(tmp_path: Path) -> None:
    layer = read(table(tmp_path / "a.csv", "坐标（纬度，经度）", "31.2,121.1"))
    assert layer.table.geometry.to_wkt().tolist() == ["POINT (121.1 31.2)"]


def test_latitude_first_unsaid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read(table(tmp_path / "a.csv", "坐标", "31.2,121.1"))
    assert [fault.code for fault in caught.value.faults] == ["crs_axes_swapped"]
    layer = read(table(tmp_path / "a.csv", "坐标", "31.2,121.1"), axes="yx")
    assert layer.table.geometry.to_wkt().tolist() == ["POINT (121.1 31.2)"]


@pytest.mark.parametrize(
    ("name", "frame"), [("百度坐标", "bd09"), ("坐标（GCJ-02）", "gcj02"), ("高德坐标", "gcj02")]
)
def test_a_column_called_after_a_shifted_frame_has_to_be_confirmed(
    tmp_path: Path, name: str, frame: str
) -> None:
    file = table(tmp_path / "a.csv", name, "121.1,31.2")
    with pytest.raises(InputRefusedError) as caught:
        read(file)
    assert f"--frame {frame}" in caught.value.faults[0].text("zh")
    for stated in (frame, "wgs84"):
        assert read(file, frame=stated).table.geometry.to_wkt().tolist() == ["POINT (121.1 31.2)"]


places = st.lists(
    st.tuples(
        st.integers(73_600_000, 135_000_000).filter(lambda n: n % 1_000_000 > 0),
        st.integers(18_000_000, 53_000_000).filter(lambda n: n % 1_000_000 > 0),
    ).map(lambda pair: (pair[0] / 1e6, pair[1] / 1e6)),
    min_size=1, max_size=6,
)  # fmt: skip


@given(places, st.sampled_from([(",", ";"), (" ", ","), (",", " "), (",", "|"), ("，", "；"), (",", "\n"),
                                (", ", "; "), (",", ",")]))  # fmt: skip
def test_any_list_reads_as_its_places_however_it_is_parted(
    pairs: list[tuple[float, float]], marks: tuple[str, str]
) -> None:
    within, between = marks
    text = between.join(f"{x:.6f}{within}{y:.6f}" for x, y in pairs)
    geometry = written_geometry(text).geometry
    assert geometry is not None
    assert shapely.get_coordinates(geometry).tolist() == [list(pair) for pair in pairs]


@given(st.text("0123456789.,;|/ -°′″EN[]()XY度分秒:\n", max_size=40))
def test_any_text_has_a_place_or_a_reason(text: str) -> None:
    written = written_geometry(text)
    assert (written.geometry is None) == bool(written.fault)

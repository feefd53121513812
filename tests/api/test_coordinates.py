"""Frames, missing CRS and local grids, from the file to the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import app
from geo.frames import from_wgs84

RUN = CliRunner()
STREETS = [
    [(0, 0), (500, 20), (1100, 30), (1700, 200), (2600, 260)],
    [(300, -900), (340, -200), (360, 500), (500, 1300)],
    [(1500, -1000), (1480, 100), (1390, 900), (1400, 1500)],
    [(-200, 800), (700, 760), (1600, 1010), (2700, 1000)],
]
LINES = [
    shapely.LineString(np.array(street) + np.array([620_000.0, 3_475_000.0])) for street in STREETS
]
ROADS = gpd.GeoDataFrame({"name": ["甲路", "乙路", "丙路", "丁路"]}, geometry=LINES, crs=4549)


def run(*args: object) -> tuple[int, dict[str, Any], str]:
    result = RUN.invoke(app, [str(arg) for arg in args])
    document = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    return result.exit_code, document, result.output


@pytest.fixture(scope="module")
def with_roads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roads")
    roads = folder / "roads.geojson"
    ROADS.to_crs(4326).to_file(roads)
    path = folder / "s.gpkg"
    code, _, out = run("import", "roads", roads, "--store", path, "--frame", "wgs84")
    assert code == 0, out
    return path


@pytest.fixture
def store(with_roads: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(with_roads, tmp_path / "s.gpkg"))


def areas(path: Path, frame: str) -> Path:
    strips = ROADS.geometry.buffer(4.0, cap_style="flat").to_crs(4326)
    shapes = shapely.transform(
        strips.to_numpy(),
        lambda lonlat: from_wgs84(lonlat, frame),  # type: ignore[arg-type]
    )
    gpd.GeoDataFrame({"id": ["1", "2", "3", "4"]}, geometry=shapes, crs=4326).to_file(path)
    return path


def codes(document: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in document.get("faults", document.get("errors", []))]


@pytest.mark.parametrize("frame", ["gcj02", "bd09"])
def test_a_shifted_file_is_refused_until_it_is_confirmed(
    store: Path, tmp_path: Path, frame: str
) -> None:
    file = areas(tmp_path / "a.geojson", frame)
    code, _, out = run("import", "boundaries", file, "--store", store, "--lang", "en")
    assert code == 3
    assert f"--frame {frame}" in out
    assert "south-east" in out or "to the east" in out or "north-east" in out
    code, _, out = run("import", "boundaries", file, "--store", store, "--frame", frame)
    assert code == 0, out
    code, _, out = run(
        "import",
        "boundaries",
        file,
        "--store",
        store,
        "--frame",
        "wgs84",
        "--dry-run",
        "--lang",
        "en",
    )
    assert code == 0
    assert "although the roads speak for" in out


def test_a_true_file_goes_in_unasked(store: Path, tmp_path: Path) -> None:
    file = areas(tmp_path / "a.geojson", "wgs84")
    code, document, out = run("import", "boundaries", file, "--store", store, "--json")
    assert code == 0, out
    assert not [c for c in codes(document) if c.startswith("coordinates.")]


def test_an_unknown_frame_is_wrong_usage(store: Path, tmp_path: Path) -> None:
    file = areas(tmp_path / "a.geojson", "wgs84")
    assert run("import", "boundaries", file, "--store", store, "--frame", "mars")[0] == 2
    assert run("import", "boundaries", file, "--store", store, "--axes", "up")[0] == 2


def test_bare_numbers_are_ranked_by_the_roads(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = [f"{i},路,{xy[0]:.2f},{xy[1]:.2f}" for i, xy in enumerate(LINES[0].coords)]
    file.write_text("编号,项目名称,东坐标,北坐标\n" + "\n".join(rows) + "\n", "utf-8")
    code, _, out = run("import", "projects", file, "--store", store)
    assert code == 3
    assert "--crs EPSG:4549 → 100 %" in out


def test_the_towns_of_jiading_are_caught(real_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    roads = real_data / "shanghai_jiading_osm_roads" / "ways.geojson"
    towns = real_data / "shanghai_boundaries" / "jiading_towns_GCJ02.geojson"
    assert run("import", "roads", roads, "--store", path)[0] == 0
    code, _, out = run("import", "boundaries", towns, "--store", path, "--lang", "en")
    assert code == 3
    assert "--frame gcj02" in out
    assert "481 m to the south-east" in out
    assert run("import", "boundaries", towns, "--store", path, "--frame", "gcj02")[0] == 0


def test_neither_local_numbers_nor_their_grid_are_kept(store: Path, tmp_path: Path) -> None:
    turn = np.array([[np.cos(0.003), np.sin(0.003)], [-np.sin(0.003), np.cos(0.003)]])
    local = np.array([[-11234.567, 8123.456], [-9000.25, 8100.75], [-10050.5, 9990.125],
                      [-10777.375, 8888.625]])  # fmt: skip
    known = local @ turn + (631_000.0, 3_466_300.0)
    control = tmp_path / "control.csv"
    control.write_text(
        "name,x,y,east,north,crs\n"
        + "".join(f"P{i},{x},{y},{e},{n},EPSG:4549\n" for i, ((x, y), (e, n)) in
                  enumerate(zip(local, known, strict=True))),
        "utf-8",
    )  # fmt: skip
    file, rejects = tmp_path / "a.csv", tmp_path / "r.csv"
    file.write_text(
        "项目编号,项目名称,X坐标,Y坐标,计划开工\nP1,甲路修缮,-10777.375,8888.625,2025-03-01\n"
        "P2,乙路修缮,-10050.5,9990.125,昨天的昨天\n",
        "utf-8",
    )
    code, document, out = run("import", "projects", file, "--store", store, "--control-points", control,
                       "--partial", "--rejects", rejects, "--json")  # fmt: skip
    assert code in (0, 3), out
    assert "coordinates.control.fitted" in codes(document)
    kept = store.read_bytes() + rejects.read_bytes() + out.encode()
    for secret in (b"10777", b"8888.6", b"10050.5", b"9990.1", b"0.003", b"11234.5"):
        assert secret not in kept
    for number in (*local.ravel(), 0.003, np.cos(0.003), np.sin(0.003)):
        assert np.float64(number).tobytes() not in kept
        assert np.float64(number).byteswap().tobytes() not in kept


def strip(path: Path, frame: str) -> Path:
    """Write a dig along every street as a list of projects."""
    shapes = ROADS.geometry.buffer(4.0, cap_style="flat").to_crs(4326).to_numpy()
    table = gpd.GeoDataFrame(
        {
            "项目编号": [f"P{at}" for at in range(4)],
            "项目名称": ["甲", "乙", "丙", "丁"],
            "计划开工": "2027-03-01",
            "计划完工": "2027-04-01",
            "施工工艺": "开挖",
        },
        geometry=shapely.transform(shapes, lambda lonlat: from_wgs84(lonlat, frame)),  # type: ignore[arg-type]
        crs=4326,
    )
    table.to_file(path)
    return path


def test_a_mapping_says_frame_and_axes_and_the_command_line_goes_first(
    store: Path, tmp_path: Path
) -> None:
    file, mapping = strip(tmp_path / "a.geojson", "gcj02"), tmp_path / "m.toml"
    how = ("import", "projects", file, "--store", store, "--dry-run", "--lang", "en")
    assert run(*how)[0] == 3
    mapping.write_text('frame = "gcj02"\n', "utf-8")
    code, _, out = run(*how, "--mapping", mapping)
    assert code == 0, out
    assert "roads speak for" not in out
    code, _, out = run(*how, "--mapping", mapping, "--frame", "wgs84")
    assert code == 0
    assert "although the roads speak for gcj02" in out
    mapping.write_text('frame = "mars"\naxes = 3\n', "utf-8")
    code, document, _ = run(*how, "--mapping", mapping, "--json")
    assert code == 3
    entries = [error["params"]["entry"] for error in document["errors"]]
    assert entries == ["frame", "axes"]


def test_a_mapping_turns_axes(store: Path, tmp_path: Path) -> None:
    file, mapping = tmp_path / "a.csv", tmp_path / "m.toml"
    shapes = ROADS.to_crs(4326).geometry
    rows = [f"{at},路,{shape.coords[0][1]},{shape.coords[0][0]}" for at, shape in enumerate(shapes)]
    file.write_text("\n".join(["编号,项目名称,x,y", *rows, ""]), "utf-8")
    how = ("import", "projects", file, "--store", store, "--dry-run", "--crs", "EPSG:4326")
    assert run(*how)[0] == 3
    mapping.write_text('axes = "yx"\n', "utf-8")
    assert run(*how, "--mapping", mapping)[0] == 0


def test_a_check_is_refused_in_the_wrong_frame_and_answered_in_the_right_one(
    store: Path, tmp_path: Path
) -> None:
    file = strip(tmp_path / "a.geojson", "gcj02")
    how = ("check", file, "--store", store, "--as-of", "2027-01-01", "--json")
    code, document, _ = run(*how)
    assert code == 3
    assert "coordinates.frame_looks_like" in codes(document)
    code, document, out = run(*how, "--frame", "gcj02")
    assert code == 0, out
    assert [project["code"] for project in document["projects"]] == ["P0", "P1", "P2", "P3"]


def test_pairs_measure_on_true_ground(tmp_path: Path) -> None:
    out = tmp_path / "pairs.csv"
    true = strip(tmp_path / "true.geojson", "wgs84")
    assert run("pairs", true, "--out", out, "--within-m", "300")[0] == 0
    expected = pd.read_csv(out)
    shifted = strip(tmp_path / "shifted.geojson", "gcj02")
    assert run("pairs", shifted, "--out", out, "--within-m", "300", "--frame", "gcj02")[0] == 0
    found = pd.read_csv(out)
    assert len(expected) > 2
    assert found[["left", "right"]].equals(expected[["left", "right"]])
    for name in ("distance_m", "shared_area_m2"):
        assert np.allclose(found[name], expected[name], atol=1e-3)
    assert run("pairs", true, "--out", out, "--frame", "mars")[0] == 2

"""A file that ends its reader ends a process of its own, and is refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from coordination.faults import InputRefusedError
from data import rehearsal
from data.rehearsal import rehearse


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326).to_file(
        path, engine="pyogrio"
    )
    return path


def test_whole_files_and_refused_ones_pass(layer: Path, tmp_path: Path) -> None:
    rehearse(layer)
    cut = tmp_path / "b.gpkg"
    cut.write_bytes(layer.read_bytes()[:5000])
    rehearse(cut)  # its refusal, with what to do, is the reader's


@pytest.mark.parametrize(
    "harm",
    [
        "import os; os.kill(os.getpid(), 11)",
        "raise MemoryError",
        "import time; time.sleep(60)",
    ],
)
def test_what_ends_the_reader_is_refused(
    layer: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    monkeypatch.setattr(rehearsal, "_CHILD", harm)
    monkeypatch.setattr(rehearsal, "MOST_SECONDS", 5)
    with pytest.raises(InputRefusedError) as caught:
        rehearse(layer)
    (fault,) = caught.value.faults
    assert fault.code == "reader_crashed"
    assert "GeoPackage" in fault.text("zh")
    assert "GeoPackage" in fault.text("en")


def test_memory_has_an_end(layer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "MOST_BYTES", 200_000_000)  # the libraries alone take more
    with pytest.raises(InputRefusedError):
        rehearse(layer)


def test_text_is_not_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "_CHILD", "raise SystemExit(1)")
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    rehearse(path)

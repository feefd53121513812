"""How long each step of a city takes: the sample town through the same pipeline as anybody's files.

``make bench BENCH_ARGS="--only city --size 8000"``; ``--size`` counts projects. Every step runs in
a process of its own, so that its processor time and its peak memory are its own. Imports are told
per file; the assignment to sections is a part of ``detect`` and is told once more by itself, beside
the plain way to the same candidates (`geopandas.sjoin` of footprints and widened sections).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import geopandas as gpd

from api.imports import ImportOptions, Kind, import_file
from api.workflow import run_detection, write_map, write_report_folder
from coordination.policy import Policy
from data.geopackage_store import create_store, open_store
from data.sample_town import AS_OF, make_town, write_inputs
from geo.linear_reference import assign

SIZES = [8_000]
"""Projects of a large city."""

_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024
Row = dict[str, object]


def run(sizes: list[int]) -> list[Row]:
    """Time every step of cities of these numbers of projects and print the table.

    Returns
    -------
    list of dict
        ``projects``, ``step``, ``cpu_s``, ``wall_s``, ``peak_mb`` and ``file_mb`` (what it wrote,
        0 where it wrote nothing).
    """
    rows: list[Row] = []
    for projects in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows += _city(Path(folder), projects)
    return rows


def _city(folder: Path, projects: int) -> list[Row]:
    rows: list[Row] = []
    print(f"\n{projects} projects")
    print(f"{'step':<30}{'processor s':>12}{'wall s':>9}{'peak MB':>9}{'file MB':>9}")

    def timed(name: str, step: Callable[..., list[str]], *arguments: object) -> list[str]:
        # One process per step: peak memory never falls within a process.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            row, left = pool.submit(_measured, step, folder, *arguments).result()
        rows.append({"projects": projects, "step": name, **row})
        print(
            f"{name:<30}{row['cpu_s']:>12.2f}{row['wall_s']:>9.2f}{row['peak_mb']:>9.0f}"
            f"{row['file_mb']:>9.1f}",
            flush=True,
        )
        return left

    for file in timed("make the town", _make, projects):
        timed(f"import {file}", _import, file)
    timed("detect", _detect)
    timed("– assignment to sections", _assign)
    timed("– candidates by sjoin", _sjoin)
    timed("map", _map)
    timed("report", _report)
    return rows


def _measured(
    step: Callable[..., list[str]], folder: Path, *arguments: object
) -> tuple[dict[str, float], list[str]]:
    before = _bytes_in(folder)
    wall, cpu = time.perf_counter(), time.process_time()
    left = step(folder, *arguments)
    row = {
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB, 1),
        "file_mb": round(max(_bytes_in(folder) - before, 0) / 1e6, 1),
    }
    return row, left


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _make(folder: Path, projects: int) -> list[str]:
    """Write the files of the town and an empty store; return the names of those to import."""
    inputs = write_inputs(make_town(projects=projects, seed=1), folder / "input")
    create_store(folder / "city.gpkg").close()
    apart = ("policy", "planted", "near_misses")
    return [file.name for name, file in inputs.items() if name not in apart]


def _import(folder: Path, name: str) -> list[str]:
    kind = cast("Kind", Path(name).stem.split("_")[0])
    options = ImportOptions(crs="EPSG:4326" if name.endswith(".csv") else None)
    with open_store(folder / "city.gpkg") as store:
        import_file(
            store, kind, folder / "input" / name, options, policy=Policy(), actor="benchmark"
        )
    return []


def _detect(folder: Path) -> list[str]:
    with open_store(folder / "city.gpkg") as store:
        with store.transaction("benchmark") as change:
            change.set_as_of(AS_OF)
        run_detection(store, Policy(), as_of=None, actor="benchmark")
    return []


def _assign(folder: Path) -> list[str]:
    with open_store(folder / "city.gpkg") as store:
        city = store.read_city()
    if city.network is not None:
        assign(city.sites.geometry.to_numpy(), city.network)
    return []


def _sjoin(folder: Path) -> list[str]:
    with open_store(folder / "city.gpkg") as store:
        city = store.read_city()
    if city.network is not None:
        sections = city.network.sections
        wide = sections.geometry.buffer(sections["width_m"] / 2 + 7.0, cap_style="flat")
        gpd.sjoin(city.sites[["geometry"]], gpd.GeoDataFrame(geometry=wide), predicate="intersects")
    return []


def _map(folder: Path) -> list[str]:
    with open_store(folder / "city.gpkg") as store:
        write_map(store, folder / "map.html", lang="zh", tiles=None)
    return []


def _report(folder: Path) -> list[str]:
    with open_store(folder / "city.gpkg") as store:
        write_report_folder(store, folder / "report", lang="zh")
    return []

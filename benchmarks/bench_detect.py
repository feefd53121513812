"""Full detection with every rule: where the time goes, and how it grows with the city.

``make bench BENCH_ARGS="--only detect --size 8000"``; ``--size`` counts projects, whole thousands.
A city's year has some 8,000, a city's register 200,000. The city is in memory when the clock
starts (`large_city`): files and store are told by the part ``city``. Processor seconds, for other
work on the machine disturbs them least; each row has a process of its own but for the steps of one
detection, whose memory is the peak so far.

Beside it what a user would pick for the two searches on which everything rests: footprints on
sections of road (`geopandas.sjoin` with widened sections), and sites that overlap in space and time
(PostGIS with a GiST index over both). They find where boxes and shapes meet, and no more: no
metres along a road, no sides, no junctions, no dates that are known to the month only, no rules.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from bench_pairs import ENGINES_PYTHON
from large_city import large_city, sample_town

import coordination.assemble
import coordination.detection
from coordination.city import City
from coordination.detection import RULES, look, run_rules
from coordination.hotspots import hotspots
from coordination.works import works_table
from data.sample_town import AS_OF
from geo import spacetime_pairs
from geo.linear_reference import assign

SIZES = [8_000, 200_000]
POSTGIS = "PostGIS, one process"

_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024
_DAY = np.datetime64(AS_OF, "D")
Row = dict[str, object]


def run(sizes: list[int]) -> list[Row]:
    """Time detection of cities of these numbers of projects and print the table.

    Returns
    -------
    list of dict
        ``projects``, ``step``, ``cpu_s``, ``wall_s``, ``peak_mb`` and ``found`` (how many rows the
        step gave).
    """
    town = sample_town()
    rows: list[Row] = []
    for projects in sizes:
        print(f"\n{projects:,} projects")
        print(f"{'step':<44}{'processor s':>12}{'wall s':>9}{'peak MB':>9}{'found':>11}")
        for part in (_detection, _assignment, _sjoin, _own_pairs, _postgis_pairs):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                rows += pool.submit(part, town, projects).result()
    return rows


class _Clock:
    """Rows of one process."""

    def __init__(self, projects: int) -> None:
        self.projects = projects
        self.rows: list[Row] = []

    @contextmanager
    def step(self, name: str) -> Iterator[list[int]]:
        found: list[int] = []
        wall, cpu = time.perf_counter(), time.process_time()
        yield found
        self.add(
            name,
            time.process_time() - cpu,
            time.perf_counter() - wall,
            found[0] if found else 0,
        )

    def add(self, name: str, cpu_s: float, wall_s: float, found: int) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB
        row: Row = {
            "projects": self.projects, "step": name, "cpu_s": round(cpu_s, 2),
            "wall_s": round(wall_s, 2), "peak_mb": round(peak), "found": found,
        }  # fmt: skip
        self.rows.append(row)
        print(f"{name:<44}{cpu_s:>12.2f}{wall_s:>9.2f}{peak:>9.0f}{found:>11,}", flush=True)

    def inside(self, module: object, name: str, label: str) -> AbstractContextManager[object]:
        """Tell one function inside a step by itself."""
        real = getattr(module, name)

        def timed(*arguments: object, **named: object) -> object:
            with self.step(label):
                return real(*arguments, **named)

        return patch.object(module, name, timed)


def _detection(town: City, projects: int) -> list[Row]:
    clock = _Clock(projects)
    with clock.step("make the city (not detection)"):
        city, policy = large_city(town, projects)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    with (
        clock.step("look: works, places, pairs, openings") as found,
        clock.inside(coordination.detection, "_assign", "  of it: assignment to sections"),
    ):
        context = look(city, policy, _DAY)
        found.append(len(context.pairs))
    for rule in RULES:
        with clock.step(f"rule {rule.code}") as found:
            [(_, one)], _ = run_rules(city, context, [rule])
            found.append(len(one.pairs))
    once = time.perf_counter(), time.process_time()
    candidates, _ = run_rules(city, context, RULES)
    # The rules ran once by themselves above: a second time only for what they leave each other.
    again = time.perf_counter() - once[0], time.process_time() - once[1]
    with (
        clock.step("findings: places, figures, cases, sentences") as found,
        clock.inside(coordination.assemble, "reasons", "  of it: sentences"),
    ):
        table, _ = coordination.assemble.assemble(candidates, context, {})
        found.append(len(table))
    with clock.step("hot spots") as found:
        spots = hotspots(context.grounds, context.works, city.network, context.as_of_day, city.crs)
        found.append(len(spots))
    clock.add(
        "full detection, all rules",
        time.process_time() - cpu - again[1],
        time.perf_counter() - wall - again[0],
        len(table),
    )
    return clock.rows


def _assignment(town: City, projects: int) -> list[Row]:
    clock, (city, _) = _Clock(projects), large_city(town, projects)
    assert city.network is not None
    with clock.step("filed sites on sections: digonce") as found:
        spans = assign(city.sites.geometry.to_numpy(), city.network).spans
        found.append(len(spans))
    return clock.rows


def _sjoin(town: City, projects: int) -> list[Row]:
    clock, (city, _) = _Clock(projects), large_city(town, projects)
    assert city.network is not None
    with clock.step("filed sites on sections: geopandas.sjoin") as found:
        sections = city.network.sections
        wide = sections.geometry.buffer(sections["width_m"] / 2 + 7.0, cap_style="flat")
        joined = gpd.sjoin(city.sites[["geometry"]], gpd.GeoDataFrame(geometry=wide))
        found.append(len(joined))
    return clock.rows


def _dated(town: City, projects: int) -> tuple[npt.NDArray[Any], ...]:
    """Return footprints, first days and the days after the last of all works with both."""
    city, policy = large_city(town, projects)
    works = works_table(city, policy, int(_DAY.astype(np.int64)))
    works = works[works["placed"] & works["dated"]]
    return works.geometry.to_numpy(), *(
        works[name].to_numpy(dtype=np.int64) for name in ("start_day", "finish_day")
    )


def _own_pairs(town: City, projects: int) -> list[Row]:
    clock, (shapes, start, finish) = _Clock(projects), _dated(town, projects)
    with clock.step("works that meet in space and time: digonce") as found:
        found.append(len(spacetime_pairs(shapes, start, finish)[0]))
    return clock.rows


def _postgis_pairs(town: City, projects: int) -> list[Row]:
    clock, name = _Clock(projects), "works that meet in space and time: PostGIS"
    if not ENGINES_PYTHON.exists():
        print(f"{name}: left out, no environment with it")
        return []
    shapes, start, finish = _dated(town, projects)
    table = pd.DataFrame(
        {"id": np.arange(len(shapes)), "start": start, "finish": finish,
         "wkb": shapely.to_wkb(shapes)}
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "works.parquet"
        table.to_parquet(file)
        program = Path(__file__).with_name("engines.py")
        answer = subprocess.run(
            [ENGINES_PYTHON, program, POSTGIS, file],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    row = json.loads(answer.stdout)
    if "missing" in row:
        print(f"{name}: left out ({row['missing']})")
        return []
    clock.add(name, row["cpu_seconds"], row["seconds"], int(row["pairs"]))
    clock.rows[-1]["peak_mb"] = None  # the server's, not ours
    return clock.rows

"""Pairs in space and time: digonce beside what else finds them, on street-like footprints.

Every contender runs in a process of its own, gets the same footprints from a file, and has to find
the same pairs. Seconds are those of the search, with whatever index it builds. The first ratio is of
the clock, where the database engines use every processor and we use one; the second of processor
seconds, which other work on the machine disturbs least (PostGIS works in processes of its own,
whose seconds it does not tell). Memory is the peak of the process, and by how much that passes the
peak while the footprints were loaded.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rtree
import shapely

from geo import spacetime_pairs

Arrays = tuple[npt.NDArray[np.object_], npt.NDArray[np.int64], npt.NDArray[np.int64]]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

LONG_ENOUGH_S = 10.0
SLICE_DAYS = 120  # the best of 60, 120 and 240


def footprints(size: int, seed: int = 0) -> dict[str, npt.NDArray[np.generic]]:
    """Return ``size`` strips along a slanted grid of streets over ten years, as plain arrays.

    The density is that of one city: some 5,300 pairs per 100,000 footprints.
    """
    rng = np.random.default_rng(seed)
    side_m = 40.0 * np.sqrt(size)
    street = np.round(rng.uniform(0, side_m, size) / 150.0) * 150.0 + rng.normal(0, 4, size)
    along = rng.uniform(0, side_m, size)
    length = np.clip(rng.lognormal(4.0, 0.7, size), 5, 800)
    width = rng.uniform(2, 12, size)
    x = along[:, None] + np.outer(length / 2, [-1, 1, 1, -1, -1])
    y = street[:, None] + np.outer(width / 2, [-1, -1, 1, 1, -1])
    crosswise = rng.random(size)[:, None] < 0.5
    x, y = np.where(crosswise, y, x), np.where(crosswise, x, y)
    turn = np.deg2rad(17)
    rings = np.stack(
        [
            600_000 + x * np.cos(turn) - y * np.sin(turn),
            3_450_000 + x * np.sin(turn) + y * np.cos(turn),
        ],
        axis=2,
    )
    start = rng.integers(0, 3650, size)
    days = np.clip(rng.gamma(2, 15, size).astype(np.int64), 1, 400)
    return {"rings": rings, "start": start, "finish": start + days}


def digonce(shapes: Arrays) -> Pairs:
    return spacetime_pairs(*shapes)


def tree_per_slice(shapes: Arrays) -> Pairs:
    """Search a packed tree per slice of time; a pair counts in the slice of its later start."""
    geometry, start, finish = shapes
    order = np.argsort(start, kind="stable")
    edges = np.arange(start.min(), start.max() + SLICE_DAYS + 1, SLICE_DAYS)
    cuts = np.searchsorted(start[order], edges)
    found = []
    for first_day, begin, end in zip(edges, cuts, cuts[1:], strict=False):
        started = order[begin:end]
        alive = np.concatenate([order[:begin][finish[order[:begin]] > first_day], started])
        query, item = shapely.STRtree(geometry[alive]).query(geometry[started])
        later, earlier = started[query], alive[item]
        once = (start[earlier] < start[later]) | (
            (start[earlier] == start[later]) & (earlier < later)
        )
        once &= start[later] < finish[earlier]
        later, earlier = later[once], earlier[once]
        meet = shapely.intersects(geometry[later], geometry[earlier])
        found.append((later[meet], earlier[meet]))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def bare_tree(shapes: Arrays) -> Pairs:
    """Search one packed tree on the plane, then time, then exactly."""
    geometry, start, finish = shapes
    left, right = shapely.STRtree(geometry).query(geometry)
    meet = (left < right) & (start[left] < finish[right]) & (start[right] < finish[left])
    left, right = left[meet], right[meet]
    meet = shapely.intersects(geometry[left], geometry[right])
    return left[meet], right[meet]


def geopandas_sjoin(shapes: Arrays) -> Pairs:
    """Join in space, then filter on time: what most people write."""
    geometry, start, finish = shapes
    table = gpd.GeoDataFrame({"start": start, "finish": finish}, geometry=geometry, crs=4549)
    joined = gpd.sjoin(table, table, predicate="intersects").reset_index(names="index_left")
    joined = joined[
        (joined["index_left"] < joined["index_right"])
        & (joined["start_left"] < joined["finish_right"])
        & (joined["start_right"] < joined["finish_left"])
    ]
    return joined["index_left"].to_numpy(), joined["index_right"].to_numpy()


def rtree_3d(shapes: Arrays) -> Pairs:
    """Load an R-tree over x, y and time in bulk, search in bulk, then exactly."""
    geometry, start, finish = shapes
    bounds = shapely.bounds(geometry)
    # Its boxes are closed: the last day instead of the one after it.
    low = np.column_stack([bounds[:, :2], start.astype(np.float64)])
    high = np.column_stack([bounds[:, 2:], finish.astype(np.float64) - 1])
    tree = rtree.index.Index(
        (np.arange(len(geometry)), low, high),
        properties=rtree.index.Property(dimension=3),
        interleaved=True,
    )
    right, counts = tree.intersection_v(low, high)
    left = np.repeat(np.arange(len(geometry)), counts.astype(np.int64))
    once = left < right
    left, right = left[once], right[once]
    meet = shapely.intersects(geometry[left], geometry[right])
    return left[meet], right[meet]


ENGINES_PYTHON = Path(__file__).parents[1] / ".venv-engines" / "bin" / "python"
ENGINES = ("SedonaDB", "DuckDB spatial", "PostGIS, GiST (geometry, range)")

CONTENDERS: dict[str, Callable[[Arrays], Pairs]] = {
    "digonce": digonce,
    "tree per slice of time": tree_per_slice,
    "bare STRtree + filter": bare_tree,
    "rtree 3-D bulk": rtree_3d,
    "geopandas.sjoin + filter": geopandas_sjoin,
}


def run(sizes: list[int]) -> list[dict[str, float | int | str]]:
    """Run all contenders at all sizes, print a table, and return its rows.

    The database engines of ``engines.py`` run in an environment of their own, which ``make bench``
    builds; without it they are left out, and that is said.
    """
    engines = ENGINES_PYTHON if ENGINES_PYTHON.exists() else None
    if engines is None:
        print(f"\nLeft out, no environment with them: {', '.join(ENGINES)}")
    rows: list[dict[str, float | int | str]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "footprints.npz"
            np.savez(file, **footprints(size))
            ours: dict[str, float] = {}
            for name in CONTENDERS:
                row = _in_own_process(name, file)
                ours = ours or row
                rows.append(_compared(size, name, row, ours))
            for name in ENGINES if engines is not None else ():
                row = _in_own_process(name, file, engines, "engines.py")
                if "missing" in row:
                    print(f"\nLeft out: {name} ({row['missing']})")
                else:
                    rows.append(_compared(size, name, row, ours))
        of_size = [row for row in rows if row["size"] == size]
        counts = {row["pairs"] for row in of_size}
        if len(counts) > 1:
            raise AssertionError(f"the contenders disagree at {size}: {of_size}")
        print(f"\nPairs in space and time, {size:,} footprints, {counts.pop():,} pairs")
        table = pd.DataFrame(of_size).drop(columns=["size", "pairs"])
        print(table.to_string(index=False, float_format="{:,.2f}".format))
    return rows


def _compared(
    size: int, name: str, row: dict[str, float], ours: dict[str, float]
) -> dict[str, float | int | str]:
    """Return one row of the table: how many times as long as ours, by clock and by processor."""
    return {
        "size": size,
        "contender": name,
        **row,
        "times": row["seconds"] / ours["seconds"],
        "times_cpu": row["cpu_seconds"] / ours["cpu_seconds"],
    }


def _in_own_process(
    name: str, file: Path, python: Path | str = sys.executable, script: str = "bench_pairs.py"
) -> dict[str, float]:
    program = Path(__file__).with_name(script)
    answer = subprocess.run(
        [python, program, name, file], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _contend(name: str, file: Path) -> None:
    """Run one contender and print what it took, as JSON."""
    with np.load(file) as stored:
        shapes = (shapely.polygons(stored["rings"]), stored["start"], stored["finish"])
    before = _peak_mib()
    runs = []
    # The best of three, unless that takes too long: whatever else the machine does only adds.
    while len(runs) < 3 and sum(wall for wall, _ in runs) < LONG_ENOUGH_S:
        begun = time.perf_counter(), time.process_time()
        left, _ = CONTENDERS[name](shapes)
        runs.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    seconds, cpu_seconds = (min(column) for column in zip(*runs, strict=True))
    peak = _peak_mib()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "pairs": len(left),
                "peak_mib": peak,
                "above_input_mib": peak - before,
            }
        )
    )


def _peak_mib() -> float:
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    _contend(sys.argv[1], Path(sys.argv[2]))

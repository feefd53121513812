"""How long one check before approval takes as the store grows, and what it costs to be ready.

``make bench BENCH_ARGS="--only check --size 1000000"``; ``--size`` counts stored projects. The stores
are written straight into the tables, without importer and log, because ten minutes of import say
nothing about a check: streets of a grid, about ten projects to a street block over fourteen years,
so that a larger store is a larger city and not a denser one. A check here is what `api.workflow`
does once a file is read: find what lies around, read that part, run all rules on it. The first check
reads roads and builds the live index and is told apart. Beside it: reading the whole store, which is
what a check without parts would begin with.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from api.live import LiveCity
from coordination.check import check
from coordination.detection import RULES
from coordination.policy import Policy
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from data.geopackage_geometry import encode, register_functions
from data.geopackage_store import create_store, open_store
from data.store import Store
from geo.road_network import RoadNetwork, build_network

SIZES = [10_000, 100_000, 1_000_000]
CHECKS = 40
AS_OF = np.datetime64("2026-01-01")
BLOCK_M, PER_BLOCK = 200.0, 10
X, Y = 400_000.0, 3_000_000.0
_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024
_BATCH = 50_000
Row = dict[str, object]


def run(sizes: list[int]) -> list[Row]:
    """Time checks against stores of these numbers of projects and print the table."""
    print(
        f"\n{'projects':>9}{'sections':>10}{'make s':>8}{'roads s':>9}{'index s':>9}{'index MB':>9}"
        f"{'p50 ms':>8}{'p99 ms':>8}{'cpu ms':>8}{'no index':>10}{'near':>6}{'whole s':>9}"
    )
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            row = _measure(Path(folder) / "city.gpkg", size)
        rows.append(row)
        print(
            f"{size:>9}{row['sections']:>10}{row['make_s']:>8}{row['roads_s']:>9}{row['index_s']:>9}"
            f"{row['index_mb']:>9}{row['p50_ms']:>8}{row['p99_ms']:>8}{row['cpu_ms']:>8}"
            f"{row['no_index_p50_ms']:>10}{row['near']:>6}{row['whole_s']:>9}",
            flush=True,
        )
    return rows


def _measure(path: Path, size: int) -> Row:
    random = np.random.default_rng(1)
    began = time.perf_counter()
    sections = _make(path, size, random)
    made = time.perf_counter() - began
    side = _side(size)
    with open_store(path) as store:
        live = LiveCity(indexed=True)
        clock, before = time.perf_counter(), _peak_mb()
        live.surroundings(store)
        roads, after_roads = time.perf_counter() - clock, _peak_mb()
        clock = time.perf_counter()
        live.index(store)
        index, after_index = time.perf_counter() - clock, _peak_mb()
        walls, cpus, near = _checks(store, live, side, random, CHECKS)
        plain = LiveCity(indexed=False)
        plain.surroundings(store)
        without, _, _ = _checks(store, plain, side, random, CHECKS // 3)
        clock = time.perf_counter()
        if size <= 100_000:
            store.read_city()
        whole = time.perf_counter() - clock
    return {
        "projects": size, "sections": sections, "make_s": round(made, 1), "roads_s": round(roads, 1),
        "index_s": round(index, 1), "roads_mb": round(after_roads - before),
        "index_mb": round(after_index - after_roads),
        "p50_ms": round(1000 * float(np.median(walls))),
        "p99_ms": round(1000 * float(np.quantile(walls, 0.99))),
        "cpu_ms": round(1000 * float(np.median(cpus))),
        "no_index_p50_ms": round(1000 * float(np.median(without))),
        "near": int(np.median(near)), "whole_s": round(whole, 1) if size <= 100_000 else "-",
    }  # fmt: skip


def _checks(
    store: Store, live: LiveCity, side: int, random: np.random.Generator, count: int
) -> tuple[list[float], list[float], list[int]]:
    walls, cpus, near = [], [], []
    for number in range(count):
        boxes, days = _works(side, 1, random)
        projects, sites = _tables(boxes, days, first=10**8 + number)
        wall, cpu = time.perf_counter(), time.process_time()
        around = live.around(store, projects, sites, Policy(), RULES, as_of=AS_OF)
        earlier = store.read_findings_of(set(projects["code"]))
        check(
            around.city, projects, sites, Policy(), as_of=AS_OF, earlier=earlier,
            rules=around.rules, advice=False,
        )  # fmt: skip
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        near.append(len(around.city.projects))
    return walls, cpus, near


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB


def _side(size: int) -> int:
    """Return how many streets run each way: a block of street for every so many projects."""
    return max(4, round((size / PER_BLOCK / 2) ** 0.5) + 1)


def _works(side: int, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return strips along streets, bounds of shape (n, 4), and their first and last days."""
    street = random.integers(0, side, count) * BLOCK_M
    at = random.uniform(0, (side - 1) * BLOCK_M - 120, count)
    long, beside = random.uniform(20, 110, count), random.choice([-4.0, 1.0], count)
    along = np.column_stack([X + at, Y + street + beside, X + at + long, Y + street + beside + 3])
    across = np.column_stack([X + street + beside, Y + at, X + street + beside + 3, Y + at + long])
    boxes = np.where(random.random(count)[:, None] < 0.5, along, across)
    first = random.integers(-12 * 365, 2 * 365, count)
    days = np.column_stack([first, first + random.integers(3, 90, count)])
    return boxes, days + int(AS_OF.astype(np.int64))


def _tables(
    boxes: np.ndarray, days: np.ndarray, *, first: int
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    number = np.arange(first, first + len(boxes))
    codes = pd.Series("P" + pd.Series(number).astype(str))
    frame = pd.DataFrame(
        {
            "code": codes, "name": codes, "owner_unit": "U" + pd.Series(number % 17).astype(str),
            "sector": "pipeline", "work_type": "new", "stage": "approved",
            "utility": pd.Series(number % 3).map({0: "gas", 1: "water", 2: "telecom"}),
            "site_id": "1", "method": "open_cut", "traffic_impact": "lane",
            "start": days[:, 0].astype("datetime64[D]").astype("datetime64[us]"),
            "finish": days[:, 1].astype("datetime64[D]").astype("datetime64[us]"),
        }
    )  # fmt: skip
    sites = gpd.GeoDataFrame(
        as_fields(frame, SITE_FIELDS).assign(project_code=codes, footprint_source="polygon"),
        geometry=shapely.multipolygons(shapely.box(*boxes.T)[:, None]), crs=4549,
    )  # fmt: skip
    return as_fields(frame, PROJECT_FIELDS), sites


def _make(path: Path, size: int, random: np.random.Generator) -> int:
    """Write a store with a grid of streets and projects along them; return its sections."""
    side = _side(size)
    network = _grid(side)
    with create_store(path, crs=CRS(4549)) as store, store.transaction("benchmark") as change:
        change.put_roads(network, source="benchmark")
    connection = sqlite3.connect(path)
    # The store's own triggers log or refuse other programs: the one switch that says "ours".
    connection.execute("PRAGMA synchronous = OFF")
    register_functions(connection)
    connection.execute("BEGIN")
    connection.execute("UPDATE write_state SET ours = 1")
    for first in range(0, size, _BATCH):
        count = min(_BATCH, size - first)
        projects, sites = _tables(*_works(side, count, random), first=first)
        _insert(connection, projects, sites)
    connection.execute("UPDATE write_state SET ours = 0")
    connection.commit()
    connection.close()
    return len(network.sections)


def _insert(
    connection: sqlite3.Connection, projects: pd.DataFrame, sites: gpd.GeoDataFrame
) -> None:
    names = ["code", "name", "owner_unit", "sector", "work_type", "stage", "utility"]
    present = [name for name in names if name in projects]
    rows = projects[present].astype("object").to_numpy().tolist()
    connection.executemany(
        f"INSERT INTO projects ({', '.join(present)}, revision) VALUES"
        f" ({', '.join('?' * len(present))}, 1)",
        rows,
    )
    blobs = encode(sites.geometry.to_numpy(dtype=object), 4549)
    starts, finishes = (sites[name].dt.strftime("%Y-%m-%d") for name in ("start", "finish"))
    connection.executemany(
        "INSERT INTO sites (project_code, site_id, method, traffic_impact, footprint_source,"
        ' "start", finish, geom) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        zip(sites["project_code"], sites["site_id"], sites["method"], sites["traffic_impact"],
            sites["footprint_source"], starts, finishes, blobs, strict=True),
    )  # fmt: skip


def _grid(side: int) -> RoadNetwork:
    """Return streets both ways, cut into blocks."""
    end = (side - 1) * BLOCK_M + 60
    far = [(X - 60, X + end), (Y - 60, Y + end)]
    lines = [
        shapely.LineString([(far[0][0], Y + k * BLOCK_M), (far[0][1], Y + k * BLOCK_M)])
        for k in range(side)
    ] + [
        shapely.LineString([(X + k * BLOCK_M, far[1][0]), (X + k * BLOCK_M, far[1][1])])
        for k in range(side)
    ]
    # No street is longer than twenty blocks: names change as they do in a city.
    cut = [
        (f"{'H' if row < side else 'V'}{row % side}-{part}", piece)
        for row, line in enumerate(lines)
        for part, piece in enumerate(_pieces(line))
    ]
    table = gpd.GeoDataFrame(
        {
            "source_id": range(len(cut)), "road": [name for name, _ in cut], "road_class": "local",
            "width_m": 12.0, "oneway": False, "level": 0,
        },
        geometry=[piece for _, piece in cut], crs=4549,
    )  # fmt: skip
    return build_network(table, width_m={}, corner_radius_m=8.0)


def _pieces(line: shapely.LineString) -> list[shapely.LineString]:
    (x0, y0), (x1, y1) = line.coords
    count = max(1, round(line.length / (20 * BLOCK_M)))
    # Cut in the middle of blocks, not at crossings.
    share = [0.0, *((k * 20 * BLOCK_M + 160) / line.length for k in range(1, count)), 1.0]
    points = [(x0 + s * (x1 - x0), y0 + s * (y1 - y0)) for s in share]
    return [shapely.LineString(pair) for pair in pairwise(points)]


if __name__ == "__main__":
    print(date.today())  # noqa: DTZ011 - a label
    run([int(argument) for argument in sys.argv[1:]] or SIZES)

"""How long one check before approval takes as the store grows, and what it costs to be ready.

``make bench BENCH_ARGS="--only check --size 1000000"``; ``--size`` counts stored projects. A check here
is what ``digonce check`` and the service do once a file is read: find what lies around, read that part,
run all rules on it; *verdict* stops at verdict and findings, *advice* goes on to other windows, bundles
and the way of the approval. The first check is told apart: it reads the roads and builds the live index.
Beside it, up to 10,000 projects, what a program without parts would do: read the whole store and run
the rules on all of it.

A larger store is a larger city and not a denser one: streets of a grid, ten projects to a block of
200 m over fourteen years, so that some thirty works lie around a check whatever the size. The stores
are made by writing rows straight into the tables, with the R-tree filled afterwards and without a log:
importing a million projects takes far longer than all checks together and says nothing about them.
Each size runs in a process of its own, so that the peak of its memory is its own.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
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
CHECKS, WITH_ADVICE, WITHOUT_INDEX = 100, 20, 20
AS_OF = np.datetime64("2026-01-01")
BLOCK_M, PER_BLOCK = 200.0, 10
X, Y = 400_000.0, 3_000_000.0
_WHOLE_UP_TO = 10_000
_UNITS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024
_BATCH = 50_000
Row = dict[str, object]
_COLUMNS = {
    "projects": 9, "sections": 9, "file_mb": 8, "make_s": 7, "roads_s": 8, "index_s": 8,
    "index_mb": 9, "peak_mb": 8, "first_s": 8, "near": 5, "find_ms": 8, "p50_ms": 7, "p99_ms": 7,
    "cpu_ms": 7, "advice_p50_ms": 14, "advice_p99_ms": 14, "advice_cpu_ms": 14,
    "no_index_p50_ms": 16, "whole_s": 8,
}  # fmt: skip


def run(sizes: list[int]) -> list[Row]:
    """Time checks against stores of these numbers of projects and print the table."""
    print("\n" + "".join(f"{name:>{width}}" for name, width in _COLUMNS.items()))
    rows = []
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            row = process.submit(measure, size).result()
        rows.append(row)
        print("".join(f"{row[name]:>{width}}" for name, width in _COLUMNS.items()), flush=True)
    return rows


def measure(size: int) -> Row:
    """Return the figures of one size."""
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        began = time.perf_counter()
        sections = _make(path, size, random)
        made = time.perf_counter() - began
        with open_store(path) as store:
            row = _measured(store, size, random)
        file_mb = path.stat().st_size / 1e6
    return {"projects": size, "sections": sections, "file_mb": round(file_mb),
            "make_s": round(made, 1), **row}  # fmt: skip


def _measured(store: Store, size: int, random: np.random.Generator) -> Row:
    side = _side(size)
    live = LiveCity(indexed=True)
    clock = time.perf_counter()
    live.surroundings(store)
    roads = time.perf_counter() - clock
    before, clock = _now_mb(), time.perf_counter()
    index = live.index(store)
    assert index is not None
    indexed, after = time.perf_counter() - clock, _now_mb()
    first = _checks(store, live, side, random, 1, first=10**8)
    timed = _checks(store, live, side, random, CHECKS, first=2 * 10**8)
    peak = _peak_mb()
    advised = _checks(store, live, side, random, WITH_ADVICE, first=3 * 10**8, advice=True)
    places = _works(side, CHECKS, random)[0] + np.array([-110.0, -110.0, 110.0, 110.0])
    clock = time.perf_counter()
    for place in places:
        index.codes(place[None])
    find = (time.perf_counter() - clock) / CHECKS
    plain = LiveCity(indexed=False)
    _checks(store, plain, side, random, 1, first=4 * 10**8)
    without = _checks(store, plain, side, random, WITHOUT_INDEX, first=5 * 10**8)
    whole: object = "-"
    if size <= _WHOLE_UP_TO:
        projects, sites = _tables(*_works(side, 1, random), first=6 * 10**8)
        clock = time.perf_counter()
        check(store.read_city(), projects, sites, Policy(), as_of=AS_OF, advice=False)
        whole = round(time.perf_counter() - clock, 1)
    return {
        "roads_s": round(roads, 1), "index_s": round(indexed, 1), "index_mb": round(after - before),
        "peak_mb": round(peak), "first_s": round(first["wall"][0], 1),
        "near": int(np.median(timed["near"])), "find_ms": round(1000 * find, 1),
        "p50_ms": _ms(timed["wall"], 0.5), "p99_ms": _ms(timed["wall"], 0.99),
        "cpu_ms": _ms(timed["cpu"], 0.5), "advice_p50_ms": _ms(advised["wall"], 0.5),
        "advice_p99_ms": _ms(advised["wall"], 0.99), "advice_cpu_ms": _ms(advised["cpu"], 0.5),
        "no_index_p50_ms": _ms(without["wall"], 0.5), "whole_s": whole,
    }  # fmt: skip


def _ms(seconds: list[float], share: float) -> int:
    return round(1000 * float(np.quantile(seconds, share)))


def _checks(
    store: Store,
    live: LiveCity,
    side: int,
    random: np.random.Generator,
    count: int,
    *,
    first: int,
    advice: bool = False,
) -> dict[str, list[float]]:
    told: dict[str, list[float]] = {"wall": [], "cpu": [], "near": []}
    for number in range(count):
        boxes, days = _works(side, 1, random)
        projects, sites = _tables(boxes, days, first=first + number)
        wall, cpu = time.perf_counter(), time.process_time()
        around = live.around(store, projects, sites, Policy(), RULES, as_of=AS_OF)
        earlier = store.read_findings_of(set(projects["code"]))
        check(
            around.city, projects, sites, Policy(), as_of=AS_OF, earlier=earlier,
            rules=around.rules, advice=advice,
        )  # fmt: skip
        told["wall"].append(time.perf_counter() - wall)
        told["cpu"].append(time.process_time() - cpu)
        told["near"].append(len(around.city.projects))
    return told


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB


def _now_mb() -> float:
    """Return the memory in use, where the system tells; else its peak so far."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return _peak_mb()
    return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20


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
    # One call from SQLite to Python per box would take most of the time.
    triggers = [
        (name, sql)
        for name, sql in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN"
            " ('projects', 'sites') AND (name GLOB 'rtree*' OR name GLOB 'trigger*')"
        )
    ]
    for name, _ in triggers:
        connection.execute(f'DROP TRIGGER "{name}"')
    for first in range(0, size, _BATCH):
        count = min(_BATCH, size - first)
        projects, sites = _tables(*_works(side, count, random), first=first)
        _insert(connection, projects, sites)
        bounds = shapely.bounds(sites.geometry.to_numpy(dtype=object))
        connection.executemany(
            "INSERT INTO rtree_sites_geom (id, minx, maxx, miny, maxy) VALUES (?, ?, ?, ?, ?)",
            np.column_stack([np.arange(first + 1, first + 1 + count), bounds[:, [0, 2, 1, 3]]])
            .tolist(),
        )  # fmt: skip
    for table in ("projects", "sites"):
        connection.execute(
            "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?", (size, table)
        )
    for _, sql in triggers:
        connection.execute(sql)
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
    run([int(argument) for argument in sys.argv[1:]] or SIZES)

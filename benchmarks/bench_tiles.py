"""Pairs in tiles on a cluster of this machine: with one worker and with two, beside one process.

The footprints are those of `bench_pairs`, laid beside each other in cities of 100,000, as GeoParquet.
Up to two million the pairs are those of one process, row by row; beyond that one and two workers
have to agree in the sums of every tile. Memory is the peak of the fullest worker.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from bench_pairs import footprints
from pyproj import CRS

from api.cluster import cluster
from api.pairs import Columns, Questions
from api.tiled_pairs import Job, TiledPairs, run_tiled_pairs
from geo import spacetime_pairs

SIZES = [200_000]
_CITY = 100_000
_COMPARED = 2_000_000
_TILE_ROWS = 100_000
_FIRST_DAY = 18_262  # 2020-01-01


def write(file: Path, size: int) -> None:
    """Write ``size`` footprints, one row group per city, without ever holding them all."""
    geo = (
        '{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB",'
        f'"geometry_types":["Polygon"],"crs":{CRS(4549).to_json()}}}}}}}'
    )
    schema = pa.schema(
        [("start", pa.date32()), ("finish", pa.date32()), ("geometry", pa.binary())],
        metadata={"geo": geo},
    )
    with pq.ParquetWriter(file, schema) as writer:
        for number, count in enumerate(_cities(size)):
            city = _city(number, count)
            columns = {
                "start": pa.array(city["start"].astype("datetime64[D]")),
                "finish": pa.array((city["finish"] - 1).astype("datetime64[D]")),
                "geometry": pa.array(shapely.to_wkb(shapely.polygons(city["rings"]))),
            }
            writer.write_table(pa.table(columns, schema=schema))


def _cities(size: int) -> list[int]:
    return [min(_CITY, size - at) for at in range(0, size, _CITY)]


def _city(number: int, count: int) -> dict[str, npt.NDArray[np.generic]]:
    city = footprints(count, seed=number)
    # Cities touch each other, ten to a row, so that tiles cut through what belongs together.
    aside = np.array([number % 10 - 5, number // 10 - 5]) * 12_600.0
    days = {name: city[name].astype(np.int64) + _FIRST_DAY for name in ("start", "finish")}
    return {"rings": city["rings"] + aside, **days}


def _alone(size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    cities = [_city(number, count) for number, count in enumerate(_cities(size))]
    shapes = np.concatenate([shapely.polygons(city["rings"]) for city in cities])
    start, finish = (
        np.concatenate([city[name] for city in cities]) for name in ("start", "finish")
    )
    return spacetime_pairs(shapes, start, finish)


def _by_tiles(job: Job, workers: int) -> tuple[TiledPairs, dict[str, float]]:
    with (
        tempfile.TemporaryDirectory() as scratch,
        cluster(workers=workers, memory="6GiB") as client,
    ):
        begun = time.perf_counter()
        found = run_tiled_pairs(client, replace(job, scratch=scratch), tile_rows=_TILE_ROWS)
        seconds = time.perf_counter() - begun
        used = list(client.run(_used).values())
    return found, {
        "seconds": seconds,
        "worker_cpu_s": sum(cpu_s for cpu_s, _ in used),
        "worker_peak_mib": max(peak_mib for _, peak_mib in used),
    }


def _used() -> tuple[float, float]:
    """Return processor seconds and peak memory [MiB] of this process.

    ``ru_maxrss`` will not do on Linux: it begins with what the process that started this one held.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status")
    peak = usage.ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        peak = int(lines["VmHWM"].split()[0]) / 1024.0
    return usage.ru_utime + usage.ru_stime, peak


def run(sizes: list[int]) -> list[dict[str, float | int | str]]:
    """Run all sizes, print a table and return its rows."""
    rows: list[dict[str, float | int | str]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "footprints.parquet"
            write(file, size)
            job = Job(str(file), "", Columns(None, "start", "finish", "ymd"), Questions())
            one, first = _by_tiles(job, 1)
            two, second = _by_tiles(job, 2)
        if one.tiles != two.tiles:
            raise AssertionError("one worker and two disagree in the sums of a tile")
        if size <= _COMPARED:
            left, right = _alone(size)
            same = np.array_equal(one.table["left"], left) and np.array_equal(
                one.table["right"], right
            )
            if not same:
                raise AssertionError("tiles and one process disagree")
        for workers, row in ((1, first), (2, second)):
            per_million = row["worker_cpu_s"] * 1e6 / size
            rows.append(
                {"size": size, "workers": workers, "tiles": len(one.tiles),
                 "pairs": len(one.table), **row, "cpu_s_per_million": per_million}
            )  # fmt: skip
        table = pd.DataFrame([row for row in rows if row["size"] == size])
        print(f"\nPairs in tiles, {size:,} footprints")
        print(table.drop(columns="size").to_string(index=False, float_format="{:,.1f}".format))
    return rows

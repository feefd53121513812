"""The engines that a user would pick instead, each searching the footprints of `bench_pairs`.

Runs in an environment of its own (``benchmarks/engines.lock``), so that the project depends on none
of them. Every engine gets its table loaded, untimed; timed are its index and the query. Exact
predicate, half-open days, each unordered pair once.
"""

# ruff: noqa: PLC0415 - an engine is imported only where it runs

from __future__ import annotations

import io
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from postgis_server import postgis

_GIVEN = "SELECT id, start, finish, ST_GeomFromWKB(wkb) AS geom FROM given"
_PAIRS = """
    SELECT count(*) FROM footprints a JOIN footprints b
    ON ST_Intersects(a.geom, b.geom)
    WHERE a.id < b.id AND a.start < b.finish AND b.start < a.finish
"""


def table_of(file: Path) -> pd.DataFrame:
    """Return ``id, start, finish, wkb``."""
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    with np.load(file) as stored:
        shapes = shapely.polygons(stored["rings"])
        days = {name: stored[name].astype(np.int64) for name in ("start", "finish")}
    return pd.DataFrame({"id": np.arange(len(shapes)), **days, "wkb": shapely.to_wkb(shapes)})


def duckdb_spatial(table: pd.DataFrame) -> tuple[int, float]:
    """Let DuckDB's own spatial join find the pairs; it needs no index."""
    import duckdb
    from duckdb_extensions import import_extension

    import_extension("spatial")
    connection = duckdb.connect()
    connection.execute("LOAD spatial")
    connection.register("given", table)
    connection.execute(f"CREATE TABLE footprints AS {_GIVEN}")
    begun = time.perf_counter()
    (count,) = connection.execute(_PAIRS).fetchone()
    return int(count), time.perf_counter() - begun


def sedonadb(table: pd.DataFrame) -> tuple[int, float]:
    """Let SedonaDB's spatial join find the pairs; it needs no index."""
    import pyarrow as pa
    import sedona.db

    session = sedona.db.connect()
    session.create_data_frame(pa.Table.from_pandas(table)).to_view("given")
    session.sql(_GIVEN).to_memtable().to_view("footprints")
    begun = time.perf_counter()
    count = session.sql(_PAIRS).to_pandas().iloc[0, 0]
    return int(count), time.perf_counter() - begun


def postgis_gist(table: pd.DataFrame) -> tuple[int, float]:
    """Join over a GiST index on geometry and range of days together, as its manual advises."""
    count, seconds, _ = _postgis(table, workers=2)
    return count, seconds


def postgis_alone(table: pd.DataFrame) -> tuple[int, float, float]:
    """Do the same in the one process of the connection, whose processor seconds are told."""
    return _postgis(table, workers=0)


def _postgis(table: pd.DataFrame, *, workers: int) -> tuple[int, float, float]:
    import psycopg

    with postgis() as address, psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION postgis")
        connection.execute("CREATE TABLE footprints (id int, days int4range, geom geometry)")
        text = io.StringIO()
        ranges = "[" + table["start"].astype(str) + "," + table["finish"].astype(str) + ")"
        table.assign(days=ranges, wkb=shapely.to_wkb(shapely.from_wkb(table["wkb"]), hex=True))[
            ["id", "days", "wkb"]
        ].to_csv(text, sep="\t", header=False, index=False)
        with connection.cursor().copy("COPY footprints FROM STDIN") as copy:
            copy.write(text.getvalue())
        connection.execute(f"SET max_parallel_workers_per_gather = {workers}")
        if not workers:
            connection.execute("SET max_parallel_maintenance_workers = 0")
        cpu = _cpu_seconds(connection.info.backend_pid)
        begun = time.perf_counter()
        connection.execute("CREATE INDEX ON footprints USING gist (geom, days)")
        connection.execute("ANALYZE footprints")
        row = connection.execute(
            "SELECT count(*) FROM footprints a JOIN footprints b"
            " ON a.geom && b.geom AND a.days && b.days AND a.id < b.id"
            " AND ST_Intersects(a.geom, b.geom)"
        ).fetchone()
        assert row is not None
        seconds = time.perf_counter() - begun
        return int(row[0]), seconds, _cpu_seconds(connection.info.backend_pid) - cpu


def _cpu_seconds(process: int) -> float:
    """Return the processor seconds of another process; missing where the system does not tell."""
    status = Path(f"/proc/{process}/stat")
    if not status.exists():
        return float("nan")
    user, system = status.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


ENGINES: dict[str, Callable[[pd.DataFrame], tuple[float, ...]]] = {
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb_spatial,
    "PostGIS, GiST (geometry, range)": postgis_gist,
    "PostGIS, one process": postgis_alone,
}


def main() -> None:
    """Run one engine and print what it took, as JSON."""
    name, file = sys.argv[1], Path(sys.argv[2])
    table = table_of(file)
    cpu = time.process_time()
    try:
        pairs, seconds, *of_server = ENGINES[name](table)
    except (FileNotFoundError, ModuleNotFoundError) as error:
        print(json.dumps({"missing": str(error)}))
        return
    # A server's seconds and memory are not those of this process.
    served = name.startswith("PostGIS")
    cpu = float("nan") if served else time.process_time() - cpu
    cpu = of_server[0] if of_server else cpu
    peak = float("nan") if served else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"pairs": pairs, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()

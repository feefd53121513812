"""The engines that a user would pick instead, each searching the footprints of `bench_pairs`.

Runs in an environment of its own (``benchmarks/engines.lock``), so that the project depends on none
of them. Every engine gets its table loaded, untimed; timed are its index and the query. Exact
predicate, half-open days, each unordered pair once.
"""

# ruff: noqa: PLC0415 - an engine is imported only where it runs

from __future__ import annotations

import io
import json
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
        connection.execute("SET max_parallel_workers_per_gather = 2")
        begun = time.perf_counter()
        connection.execute("CREATE INDEX ON footprints USING gist (geom, days)")
        connection.execute("ANALYZE footprints")
        row = connection.execute(
            "SELECT count(*) FROM footprints a JOIN footprints b"
            " ON a.geom && b.geom AND a.days && b.days AND a.id < b.id"
            " AND ST_Intersects(a.geom, b.geom)"
        ).fetchone()
        assert row is not None
        return int(row[0]), time.perf_counter() - begun


ENGINES: dict[str, Callable[[pd.DataFrame], tuple[int, float]]] = {
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb_spatial,
    "PostGIS, GiST (geometry, range)": postgis_gist,
}


def main() -> None:
    """Run one engine and print what it took, as JSON."""
    name, file = sys.argv[1], Path(sys.argv[2])
    table = table_of(file)
    cpu = time.process_time()
    try:
        pairs, seconds = ENGINES[name](table)
    except (FileNotFoundError, ModuleNotFoundError) as error:
        print(json.dumps({"missing": str(error)}))
        return
    # A server's seconds and memory are not those of this process.
    served = name.startswith("PostGIS")
    cpu = float("nan") if served else time.process_time() - cpu
    peak = float("nan") if served else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(json.dumps({"pairs": pairs, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()

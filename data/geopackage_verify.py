"""What can be wrong with a store's file."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from coordination.faults import StoreError
from data import geopackage_schema as schema


def problems(connection: sqlite3.Connection) -> Iterator[StoreError]:
    """Yield pages, references, R-trees and revisions that do not agree."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    missing = [table.name for table in schema.TABLES if table.name not in tables]
    for name in missing:
        yield StoreError("store.verify.table", table=name)
    for (detail,) in connection.execute("PRAGMA integrity_check"):
        if detail != "ok":
            yield StoreError("store.verify.integrity", detail=detail)
    broken: dict[str, int] = {}
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        broken[table] = broken.get(table, 0) + 1
    for table, count in broken.items():
        yield StoreError("store.verify.foreign_key", table=table, count=count)
    for layer in schema.LAYERS:
        if layer.name in missing:
            continue
        (rows,) = connection.execute(
            f"SELECT count(*) FROM {layer.name} WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)"
        ).fetchone()
        (indexed,) = connection.execute(f"SELECT count(*) FROM rtree_{layer.name}_geom").fetchone()
        if rows != indexed:
            yield StoreError("store.verify.index", table=layer.name, rows=rows, indexed=indexed)
    ours, state = connection.execute("SELECT ours, log_revision FROM write_state").fetchone()
    (logged,) = connection.execute("SELECT COALESCE(max(revision), 0) FROM change_log").fetchone()
    if ours:
        yield StoreError("store.verify.guard")
    if state != logged:
        yield StoreError("store.verify.log", state=state, logged=logged)

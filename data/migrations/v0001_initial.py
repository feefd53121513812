"""The first version: all tables, on layers that GDAL made empty."""

from __future__ import annotations

import sqlite3

from data.geopackage_schema import STATE_DDL, TABLES, Table, quoted, table_ddl
from data.geopackage_triggers import trigger_ddl


def apply(connection: sqlite3.Connection) -> None:
    """Make every table, index and trigger of version 1."""
    for statement in STATE_DDL.split(";"):
        connection.execute(statement)
    for table in TABLES:
        if table.geometry is None:
            _run(connection, table_ddl(table))
        else:
            _give_columns(connection, table)
    for table in TABLES:
        _run(connection, trigger_ddl(table))


def _give_columns(connection: sqlite3.Connection, layer: Table) -> None:
    """Make an empty layer anew with its columns; GDAL's triggers for index and count stay.

    Adding the columns one by one reads the whole schema again each time.
    """
    triggers = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (layer.name,)
    ).fetchall()
    connection.execute(f"DROP TABLE {quoted(layer.name)}")
    _run(connection, [*table_ddl(layer), *(sql for (sql,) in triggers)])


def _run(connection: sqlite3.Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.execute(statement)

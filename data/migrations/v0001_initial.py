"""The first version: all tables, on layers that GDAL made empty."""

from __future__ import annotations

import re
import sqlite3

from data.migrations.scripts import statements

_TABLE = re.compile(r'CREATE TABLE "?(\w+)"?')


def apply(connection: sqlite3.Connection) -> None:
    """Make every table and index of version 1 (``v0001_initial.sql``)."""
    layers = {
        name for (name,) in connection.execute("SELECT table_name FROM gpkg_geometry_columns")
    }
    for statement in statements("v0001_initial.sql"):
        made = _TABLE.match(statement)
        if made is not None and made[1] in layers:
            _remake(connection, made[1], statement)
        else:
            connection.execute(statement)


def _remake(connection: sqlite3.Connection, layer: str, statement: str) -> None:
    """Make an empty layer anew with its columns; GDAL's triggers for index and count stay.

    Adding the columns one by one reads the whole schema again each time.
    """
    triggers = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (layer,)
    ).fetchall()
    connection.execute(f'DROP TABLE "{layer}"')
    for made in (statement, *(sql for (sql,) in triggers)):
        connection.execute(made)

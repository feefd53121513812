"""The first version: all tables, on layers that GDAL made empty."""

from __future__ import annotations

import sqlite3

from data.geopackage_schema import create_tables


def apply(connection: sqlite3.Connection) -> None:
    """Make every table, index and trigger of version 1."""
    for statement in create_tables():
        connection.execute(statement)

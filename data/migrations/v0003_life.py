"""The third version: plan years, where restrictions hold, replies of units, adopted policies."""

from __future__ import annotations

import sqlite3

from data.migrations.scripts import statements


def apply(connection: sqlite3.Connection) -> None:
    """Add columns and tables (``v0003_life.sql``); what is stored stays."""
    for statement in statements("v0003_life.sql"):
        connection.execute(statement)

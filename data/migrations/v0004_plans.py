"""The fourth version: scenarios of plans, and what was proposed to owners."""

from __future__ import annotations

import sqlite3

from data.migrations.scripts import statements


def apply(connection: sqlite3.Connection) -> None:
    """Add tables (``v0004_plans.sql``); what is stored stays."""
    for statement in statements("v0004_plans.sql"):
        connection.execute(statement)

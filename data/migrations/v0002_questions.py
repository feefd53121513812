"""The second version: how sure a site's place is, other names of roads, and answers to questions."""

from __future__ import annotations

import sqlite3

from data.migrations.scripts import statements


def apply(connection: sqlite3.Connection) -> None:
    """Add columns and tables (``v0002_questions.sql``); what is stored stays."""
    for statement in statements("v0002_questions.sql"):
        connection.execute(statement)

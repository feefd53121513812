"""Ordered steps from one version of the store's tables to the next.

A step is a module ``vNNNN_name`` with ``apply(connection)``; it runs inside one transaction with
all steps that are due, so an upgrade happens as a whole or not at all. A released step is never
edited, and takes nothing from `data.geopackage_schema`, which knows the last version only: what
changes later is a further step. The triggers that log or refuse what other programs write belong to
no step; they follow from the tables and are made anew at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.geopackage_connection import (
    connect,
    refuse_foreign,
    refuse_path,
    store_errors,
    undone_unless_finished,
)
from data.geopackage_schema import SCHEMA_VERSION, TABLES, quoted
from data.geopackage_triggers import trigger_ddl
from data.migrations import v0001_initial, v0002_questions, v0003_life, v0004_plans


@dataclass(frozen=True)
class Step:
    """One step: the version that it reaches, its name, and what it does."""

    version: int
    name: str
    apply: Callable[[sqlite3.Connection], None]


STEPS: tuple[Step, ...] = (
    Step(1, "initial", v0001_initial.apply),
    Step(2, "questions", v0002_questions.apply),
    Step(3, "life", v0003_life.apply),
    Step(4, "plans", v0004_plans.apply),
)


def run_steps(connection: sqlite3.Connection, *, after: int) -> None:
    """Run every step later than version ``after`` inside the caller's transaction."""
    for step in STEPS:
        if step.version <= after:
            continue
        step.apply(connection)
        connection.execute(
            "INSERT INTO schema_versions (version, name, applied_at) VALUES (?, ?, ?)",
            (step.version, step.name, datetime.now(UTC).isoformat(timespec="seconds")),
        )
    _make_triggers(connection)


def _make_triggers(connection: sqlite3.Connection) -> None:
    """Make our triggers anew, as this version wants them."""
    ours = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'digonce!_%' ESCAPE '!'"
    ).fetchall()
    for (name,) in ours:
        connection.execute(f"DROP TRIGGER {quoted(name)}")
    for table in TABLES:
        for statement in trigger_ddl(table):
            connection.execute(statement)


def upgrade(path: str | Path, *, wait_s: float = 5.0) -> tuple[int, int]:
    """Bring a store to the version of this software.

    Parameters
    ----------
    path
        The store's file.
    wait_s
        How long to wait for another writer.

    Returns
    -------
    (int, int)
        Version before and after; equal when there was nothing to do.

    Raises
    ------
    coordination.faults.StoreError
        As `data.geopackage_store.open_store` does.
    """
    file = Path(path)
    refuse_path(file)
    found = refuse_foreign(file, newest=SCHEMA_VERSION, wait_s=wait_s)
    if found == SCHEMA_VERSION:
        return found, found
    with store_errors(file), closing(connect(file, wait_s=wait_s)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with undone_unless_finished(connection):
            (before,) = connection.execute("SELECT max(version) FROM schema_versions").fetchone()
            connection.execute("UPDATE write_state SET ours = 1")
            run_steps(connection, after=before)
            connection.execute("UPDATE write_state SET ours = 0")
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(before), SCHEMA_VERSION

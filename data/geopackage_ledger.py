"""The road ledger in a store: what completed projects write, and corrections by people."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from coordination.faults import UsageError
from coordination.ledger import checked_correction, ledger_entries
from data import geopackage_schema as schema
from data.geopackage_crs import DEFAULT_CRS, stored_crs
from data.geopackage_projects import PLAIN_PROJECT, stored_children, stored_projects
from data.geopackage_rows import Row, to_frame, to_geoframe
from data.geopackage_writer import Writer, document_of, name_list, plain, read_meta
from data.store import ImportOutcome

_NOTE = schema.LEDGER.names.index("note")
_KEY = schema.LEDGER.names.index("ledger_id")


def follow_projects(writer: Writer, codes: Sequence[str]) -> None:
    """Bring the ledger's rows of projects that were written in line with them.

    A completed project has its rows, any other has none. A row that people corrected stays as they
    left it while the project is completed.

    Parameters
    ----------
    writer
        The transaction, in which the projects stand already.
    codes
        The projects.
    """
    stored = _own_rows(writer.connection, codes)
    done = _completed(writer.connection, codes)
    if not stored and not done:
        return
    crs = stored_crs(read_meta(writer.connection)) or DEFAULT_CRS
    projects = to_frame(list(stored_projects(writer, done).values()), PLAIN_PROJECT)
    children = stored_children(writer, schema.SITES, done)
    sites = to_geoframe([row for code in done for row in children[code]], schema.SITES.columns, crs)
    rows = writer.keyed(schema.LEDGER, ledger_entries(projects, sites)) if done else {}
    rows |= {key: stored[key] for key in rows if key in stored and stored[key][_NOTE] is not None}
    if rows:
        writer.set_meta("has_ledger", "1")
    gone = [key for key in stored if key not in rows]
    fresh = [key for key in rows if key not in stored]
    moved = [
        key
        for key, row in rows.items()
        if key in stored and plain([row], schema.LEDGER) != plain([stored[key]], schema.LEDGER)
    ]
    for key in (*gone, *fresh, *moved):
        before, after = stored.get(key), rows.get(key)
        writer.record(
            "ledger", key,
            None if before is None else document_of(schema.LEDGER, before),
            None if after is None else document_of(schema.LEDGER, after),
        )  # fmt: skip
    _delete(writer, gone)
    for key in moved:
        _update(writer, key, rows[key])
    writer.insert(schema.LEDGER, [rows[key] for key in fresh])


def correct_entry(
    writer: Writer, ledger_id: str, changes: Mapping[str, str], *, reason: str
) -> ImportOutcome:
    """Correct one row; see `data.store.Transaction.correct_ledger`."""
    row = _row(writer.connection, ledger_id)
    if row is None:
        raise UsageError("ledger.error.entry", ledger_id=ledger_id)
    if not reason.strip():
        raise UsageError("ledger.error.reason")
    entry = dict(zip(schema.LEDGER.names, row, strict=False))
    values = checked_correction(entry, dict(changes))
    written = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
    if all(entry[name] == value for name, value in written.items()):
        return writer.outcome([], [], [ledger_id])
    written["note"] = f"{writer.at[:10]} {writer.actor}: {reason.strip()}"
    new = (*(written.get(name, value) for name, value in entry.items()), row[-1])
    writer.record(
        "ledger", ledger_id, document_of(schema.LEDGER, row), document_of(schema.LEDGER, new)
    )
    _update(writer, ledger_id, new)
    return writer.outcome([], [ledger_id], [])


def corrected_entries(connection: sqlite3.Connection) -> list[str]:
    """Return the ids of the rows that people corrected."""
    rows = connection.execute("SELECT ledger_id FROM ledger WHERE note IS NOT NULL")
    return [ledger_id for (ledger_id,) in rows]


def entry_history(connection: sqlite3.Connection, ledger_id: str) -> list[tuple[Any, ...]]:
    """Return the entries of the log about one row of the ledger, oldest first."""
    return connection.execute(
        "SELECT revision, table_name, row_key, action, actor, at, before, after FROM change_log"
        " WHERE table_name = 'ledger' AND row_key = ? ORDER BY revision, seq",
        (ledger_id,),
    ).fetchall()


def _completed(connection: sqlite3.Connection, codes: Sequence[str]) -> list[str]:
    rows = connection.execute(
        "SELECT code FROM projects WHERE stage = 'completed'"
        " AND code IN (SELECT value FROM json_each(?)) ORDER BY fid",
        (json.dumps(list(codes)),),
    )
    return [code for (code,) in rows]


def _own_rows(connection: sqlite3.Connection, codes: Sequence[str]) -> dict[str, Row]:
    """Return the rows that projects wrote: their ids begin with the code, an indexed look-up."""
    names = name_list(schema.LEDGER.columns)
    found: dict[str, Row] = {}
    for code in codes:
        # "0" is the character after "/": everything that begins with the code and a slash.
        rows = connection.execute(
            f"SELECT {names}, geom FROM ledger WHERE ledger_id >= ? AND ledger_id < ?"
            " AND source = ? ORDER BY fid",
            (f"{code}/", f"{code}0", code),
        )
        for row in rows:
            if str(row[_KEY]).endswith(("/opening", "/resurfacing")):
                found[str(row[_KEY])] = row
    return found


def _row(connection: sqlite3.Connection, ledger_id: str) -> Row | None:
    names = name_list(schema.LEDGER.columns)
    row = connection.execute(
        f"SELECT {names}, geom FROM ledger WHERE ledger_id = ?", (ledger_id,)
    ).fetchone()
    return cast("Row | None", row)


def _update(writer: Writer, key: str, row: Row) -> None:
    writer.touch(schema.LEDGER)
    names = ", ".join(f"{schema.quoted(name)} = ?" for name in (*schema.LEDGER.names, "geom"))
    writer.connection.execute(f"UPDATE ledger SET {names} WHERE ledger_id = ?", (*row, key))


def _delete(writer: Writer, keys: Sequence[str]) -> None:
    if not keys:
        return
    writer.touch(schema.LEDGER)
    writer.connection.executemany(
        "DELETE FROM ledger WHERE ledger_id = ?", [(key,) for key in keys]
    )

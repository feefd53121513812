"""What every write shares: rows in and out of tables, the log of changes, the revision."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import geopandas as gpd
import pandas as pd

from data import geopackage_schema as schema
from data.geopackage_geometry import encode, wkb_of
from data.geopackage_rows import Row, layer_geometries, to_rows
from data.geopackage_schema import Column, Table, quoted
from data.store import ImportOutcome


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the store's settings."""
    return dict(connection.execute("SELECT key, value FROM meta WHERE value IS NOT NULL"))


def now() -> str:
    """Return the time as the log keeps it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Writer:
    """Writes rows inside one transaction and logs what changed.

    Parameters
    ----------
    connection
        Inside its write transaction.
    actor, at
        Who and when, for the log.
    revision
        The revision in the making; what changes nothing leaves the store at the one before.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, actor: str, at: str, revision: int
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self.revision = revision
        self._log: list[Row] = []
        self._data_changed = False
        self._touched: dict[str, Table] = {}

    # ---- rows ----------------------------------------------------------------------------------

    def touch(self, table: Table) -> None:
        """Note that ``table`` changes, for its entry in ``gpkg_contents``."""
        self._touched[table.name] = table

    def clear(self, table: Table) -> None:
        """Delete all rows of ``table``."""
        self.touch(table)
        self.connection.execute(f"DELETE FROM {table.name}")

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Append rows in the order of the table's columns; in a layer the blob comes last."""
        if not rows:
            return
        self.touch(table)
        names = (*table.names, "geom") if table.geometry else table.names
        self.connection.executemany(
            f"INSERT INTO {table.name} ({', '.join(map(quoted, names))})"
            f" VALUES ({', '.join('?' * len(names))})",
            rows,
        )

    def delete_rows(self, table: Table, keys: set[str]) -> None:
        """Delete and log the rows of a layer that have one of ``keys``."""
        stored = self.stored_layer(table)
        for key in sorted(keys & stored.keys()):
            self.record(table.name, key, document_of(table, stored[key]), None)
            self.touch(table)
            self.connection.execute(
                f"DELETE FROM {table.name} WHERE {quoted(table.key[0])} = ?",
                (key,),
            )

    def replace(self, table: Table, frame: gpd.GeoDataFrame) -> ImportOutcome:
        """Make a layer exactly these rows in this order, if it is not that already."""
        rows = self.keyed(table, frame)
        stored = self.stored_layer(table)
        outcome = self._compare(table, rows, stored)
        gone = [key for key in stored if key not in rows]
        for key in gone:
            self.record(table.name, key, document_of(table, stored[key]), None)
        if gone or outcome.new or outcome.changed:
            self.clear(table)
            self.insert(table, list(rows.values()))
        return outcome

    def upsert(self, table: Table, frame: pd.DataFrame) -> ImportOutcome:
        """Insert or replace rows by their key; never delete others."""
        rows = self.keyed(table, frame)
        stored = self.stored_layer(table)
        outcome = self._compare(table, rows, stored)
        self.insert(table, [rows[key] for key in outcome.new])
        if outcome.changed:
            self.touch(table)
            columns = (*table.names, "geom") if table.geometry else table.names
            names = ", ".join(f"{quoted(name)} = ?" for name in columns)
            self.connection.executemany(
                f"UPDATE {table.name} SET {names} WHERE {quoted(table.key[0])} = ?",
                [(*rows[key], key) for key in outcome.changed],
            )
        return outcome

    def keyed(self, table: Table, frame: pd.DataFrame) -> dict[str, Row]:
        """Return the rows of ``frame`` by their key, which each must have for itself."""
        position = table.names.index(table.key[0])
        rows = {cast("str", row[position]): row for row in self.layer_rows(frame, table)}
        if len(rows) != len(frame) or None in rows:
            raise ValueError(f"every row of {table.name} needs a {table.key[0]} of its own")
        return rows

    def _compare(
        self, table: Table, rows: Mapping[str, Row], stored: Mapping[str, Row]
    ) -> ImportOutcome:
        new: list[str] = []
        changed: list[str] = []
        unchanged: list[str] = []
        for key, row in rows.items():
            old = stored.get(key)
            if old is not None and plain([old], table) == plain([row], table):
                unchanged.append(key)
                continue
            (new if old is None else changed).append(key)
            before = None if old is None else document_of(table, old)
            self.record(table.name, key, before, document_of(table, row))
        return self.outcome(new, changed, unchanged)

    def stored_layer(self, table: Table) -> dict[str, Row]:
        """Return the stored rows of a layer by their key, in order."""
        position = table.names.index(table.key[0])
        return {str(row[position]): row for row in self.stored_rows(table)}

    def stored_rows(self, table: Table) -> list[Row]:
        """Return all stored rows, in order; in a layer the blob comes last."""
        names = name_list(table.columns) + (", geom" if table.geometry else "")
        return self.connection.execute(f"SELECT {names} FROM {table.name} ORDER BY fid").fetchall()

    def layer_rows(self, frame: pd.DataFrame, table: Table) -> list[Row]:
        """Return the rows of ``frame`` as ``table`` stores them."""
        if table.geometry is None:
            return to_rows(frame, table.columns)
        geometries = layer_geometries(frame, table)
        blobs = encode(geometries, int(read_meta(self.connection).get("srs_id", -1)))
        return [
            (*row, blob) for row, blob in zip(to_rows(frame, table.columns), blobs, strict=True)
        ]

    def outcome(
        self, new: Sequence[str], changed: Sequence[str], unchanged: Sequence[str]
    ) -> ImportOutcome:
        """Return an outcome with the revision at which the store will be."""
        revision = self.revision if self._log else self.revision - 1
        return ImportOutcome(tuple(new), tuple(changed), tuple(unchanged), revision)

    # ---- the log -------------------------------------------------------------------------------

    def set_meta(
        self, key: str, value: str | None, *, data: bool = True, logged: bool = True
    ) -> None:
        """Set one of the store's settings and log it, if it differs; None takes it away."""
        before = read_meta(self.connection).get(key)
        if before == value:
            return
        self.connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )
        if logged:
            self.record(
                "meta", key,
                None if before is None else {"value": before},
                None if value is None else {"value": value},
                data=data,
            )  # fmt: skip

    def recorded(self, table: str) -> list[str]:
        """Return the keys of a table that this transaction changed so far, in order."""
        return list(dict.fromkeys(str(row[3]) for row in self._log if row[2] == table))

    def record(
        self,
        table: str,
        key: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
        *,
        data: bool = True,
    ) -> None:
        """Log one change; ``data`` is False for what only follows from the data."""
        action = "insert" if before is None else "delete" if after is None else "update"
        self._data_changed |= data
        texts = [None if document is None else to_json(document) for document in (before, after)]
        self._log.append(
            (self.revision, len(self._log) + 1, table, key, action, self.actor, self.at, *texts)
        )

    def finish(self) -> bool:
        """Write the log, the revision and the layers' extents; return whether anything was written.

        Call it last, right before the commit.
        """
        if not self._log and not self._touched:
            return False
        self.insert(schema.CHANGE_LOG, self._log)
        for table in self._touched.values():
            self._update_contents(table)
        self.connection.execute(
            "UPDATE write_state SET ours = 0,"
            " log_revision = CASE WHEN ? THEN ? ELSE log_revision END,"
            " data_revision = CASE WHEN ? THEN ? ELSE data_revision END",
            (bool(self._log), self.revision, self._data_changed, self.revision),
        )
        return True

    def _update_contents(self, table: Table) -> None:
        extent: Row = (None, None, None, None)
        if table.geometry:
            extent = self.connection.execute(
                f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM rtree_{table.name}_geom"
            ).fetchone()
        self.connection.execute(
            "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ?"
            " WHERE table_name = ?",
            (self.at, *extent, table.name),
        )


def name_list(columns: Sequence[Column]) -> str:
    """Return the columns' names for a SELECT."""
    return ", ".join(quoted(column.name) for column in columns)


def plain(rows: Sequence[Row], table: Table | None = None) -> list[Row]:
    """Return layer rows with WKB for the blob, so that another program's header does not count."""
    if table is not None and table.geometry is None:
        return list(rows)
    return [(*row[:-1], wkb_of(cast("bytes | None", row[-1]))) for row in rows]


def document_of(table: Table, row: Row, *, place: bool = True) -> dict[str, object]:
    """Return a row as the log keeps it: what is missing is left out, geometry is WKB hex."""
    document: dict[str, object] = {
        column.name: bool(value) if column.kind == "flag" else value
        for column, value in zip(table.columns, row, strict=False)
        if value is not None
    }
    if place and table.geometry and row[-1] is not None:
        document["geometry"] = cast("bytes", wkb_of(cast("bytes", row[-1]))).hex()
    return document


def to_json(value: object) -> str:
    """Return ``value`` as the log and the evidence keep it."""
    return json.dumps(value, ensure_ascii=False, default=str)

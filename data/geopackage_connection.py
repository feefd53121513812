"""Connections to the store's file: how they are opened, and what their errors mean to a user."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from coordination.faults import StoreError
from data.geopackage_geometry import register_functions

_KEYS = {
    sqlite3.SQLITE_BUSY: "store.locked",
    sqlite3.SQLITE_LOCKED: "store.locked",
    sqlite3.SQLITE_CORRUPT: "store.corrupt",
    sqlite3.SQLITE_NOTADB: "store.not_a_store",
    sqlite3.SQLITE_READONLY: "store.read_only",
    sqlite3.SQLITE_CANTOPEN: "store.cannot_open",
    sqlite3.SQLITE_FULL: "store.disk_full",
    sqlite3.SQLITE_IOERR: "store.disk_error",
}


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into a `StoreError`; mistakes of ours stay as they are."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        key = _KEYS.get(code & 0xFF) if code is not None else None
        if key is None:
            raise
        raise StoreError(key, path=str(path)) from error


@contextmanager
def undone_unless_finished(connection: sqlite3.Connection) -> Iterator[None]:
    """Roll back a transaction that the block, however it ends, has not brought to its end."""
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def connect(path: Path, *, wait_s: float, wal: bool = True) -> sqlite3.Connection:
    """Open the file for reading and writing, with our functions; it must exist.

    Parameters
    ----------
    path
        The file.
    wait_s
        How long a write waits for another writer.
    wal
        Switch to write-ahead logging; QGIS switches it off when it closes the file.
    """
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=wait_s,
        isolation_level=None,  # transactions are ours, spelled out
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    try:
        register_functions(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        if wal:
            _use_wal(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        # Another program holds the file in its own mode: ours works in that mode too.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise


def refuse_path(path: Path) -> None:
    """Refuse by name what cannot be a store's file.

    Raises
    ------
    StoreError
        ``store.missing``, ``store.directory`` or ``store.read_only``.
    """
    if path.is_dir():
        raise StoreError("store.directory", path=str(path))
    if not path.exists():
        raise StoreError("store.missing", path=str(path))
    # The write-ahead log lies beside the file, so its folder must be writable as well.
    if not (os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)):
        raise StoreError("store.read_only", path=str(path))


def refuse_foreign(path: Path, *, newest: int, wait_s: float) -> int:
    """Return the file's schema version; refuse a file that is not ours, without touching it.

    Parameters
    ----------
    path
        An existing file.
    newest
        The schema version that this software writes.
    wait_s
        How long to wait while another program blocks reading.

    Raises
    ------
    StoreError
        ``store.not_a_store`` (no SQLite), ``store.foreign`` (no store of ours), ``store.newer`` or
        ``store.corrupt``.
    """
    with store_errors(path), closing(connect(path, wait_s=wait_s, wal=False)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not {"meta", "schema_versions", "write_state", "gpkg_contents"} <= tables:
            raise StoreError("store.foreign", path=str(path))
        mark = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if mark != ("digonce",):
            raise StoreError("store.foreign", path=str(path))
        (version,) = connection.execute("SELECT max(version) FROM schema_versions").fetchone()
    if version is None:
        raise StoreError("store.corrupt", path=str(path))
    if version > newest:
        raise StoreError("store.newer", path=str(path), found=version, known=newest)
    return int(version)

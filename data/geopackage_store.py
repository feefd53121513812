"""The embedded store: one GeoPackage that QGIS and GDAL open directly.

GDAL makes the empty layers once; afterwards only SQLite touches the file, in write-ahead mode:
readers see one snapshot each and never wait, one writer at a time, and a process that dies leaves
the file as it was. Two SQLite libraries in one process lose each other's locks, so inside a process
that holds a store nothing else may open its file, not even to read: hand out a `backup`.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio.raw
from pyproj import CRS

from coordination.city import City
from coordination.faults import StoreError, UsageError
from coordination.findings import Findings, RuleRun
from data import geopackage_schema as schema
from data.geopackage_connection import connect, refuse_foreign, refuse_path, store_errors
from data.geopackage_geometry import as_single
from data.geopackage_rows import Row, spread_extra, to_frame, to_geoframe
from data.geopackage_schema import SCHEMA_VERSION, Table, quoted
from data.geopackage_transaction import GeopackageTransaction, read_meta, stored_crs
from data.migrations import run_steps
from data.store import Change, DamagedStoreError, Store, StoreInfo
from geo.road_network import RoadNetwork

_OGR_TYPES = {
    "MULTIPOLYGON": "MultiPolygon", "MULTILINESTRING": "MultiLineString", "MULTIPOINT": "MultiPoint",
}  # fmt: skip


def create_store(
    path: str | Path, *, crs: CRS | None = None, time_zone: str = "Asia/Shanghai"
) -> GeopackageStore:
    """Make a new, empty store.

    Parameters
    ----------
    path
        Where; nothing may be there yet.
    crs
        Metric working CRS; None leaves the choice to the first import.
    time_zone
        IANA name.

    Raises
    ------
    coordination.faults.StoreError
        ``store.exists`` or ``store.no_folder``.
    coordination.faults.UsageError
        ``store.bad_time_zone`` or ``store.crs_not_metric``.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with create_store(Path(folder) / "town.gpkg", crs=CRS(4549)) as store:
    ...         info = store.info()
    >>> info.data_revision, info.crs.to_epsg()
    (0, 4549)
    """
    file = Path(path)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError("store.bad_time_zone", time_zone=time_zone) from error
    if file.exists():
        raise StoreError("store.exists", path=str(file))
    if not os.access(file.resolve().parent, os.W_OK):
        raise StoreError("store.no_folder", path=str(file))
    with tempfile.TemporaryDirectory(prefix=".digonce-", dir=file.resolve().parent) as folder:
        draft = Path(folder) / "new.gpkg"
        _make_layers(draft)
        with store_errors(file), closing(connect(draft, wait_s=0, wal=False)) as connection:
            _make_tables(connection, crs=crs, time_zone=time_zone)
        _move_into_place(draft, file)
    return GeopackageStore(file)


def open_store(path_or_url: str | Path, *, create: bool = False, wait_s: float = 5.0) -> Store:
    """Open a store.

    Parameters
    ----------
    path_or_url
        A file; ``postgresql://…`` is refused, because that back end is not built yet.
    create
        Make an empty store, without a CRS yet, where the file is missing.
    wait_s
        How long a write waits for another writer.

    Raises
    ------
    coordination.faults.StoreError
        ``store.missing``, ``store.directory``, ``store.read_only``, ``store.not_a_store``,
        ``store.foreign``, ``store.newer``, ``store.older``, ``store.corrupt``, ``store.locked`` or
        ``store.postgis_not_built``.
    """
    if str(path_or_url).startswith(("postgresql:", "postgres:")):
        raise StoreError("store.postgis_not_built")
    file = Path(path_or_url)
    if create and not file.exists():
        create_store(file).close()
    return GeopackageStore(file, wait_s=wait_s)


def _make_layers(draft: Path) -> None:
    for number, table in enumerate(schema.LAYERS):
        assert table.geometry is not None
        options: dict[str, Any] = {} if number else {"dataset_options": {"VERSION": "1.3"}}
        pyogrio.raw.write(
            str(draft),
            geometry=np.array([], dtype=object),
            field_data=[],
            fields=[],
            layer=table.name,
            driver="GPKG",
            geometry_type=_OGR_TYPES[table.geometry],
            crs="EPSG:4326",  # a placeholder that every GeoPackage has
            append=number > 0,
            layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
            **options,
        )


def _make_tables(connection: sqlite3.Connection, *, crs: CRS | None, time_zone: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    run_steps(connection, after=0)
    connection.execute("UPDATE write_state SET ours = 1")
    settings = (("format", "digonce"), ("time_zone", time_zone), ("created_at", _now()))
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", settings)
    for table in ("gpkg_contents", "gpkg_geometry_columns"):
        connection.executemany(
            f"UPDATE {table} SET srs_id = -1 WHERE table_name = ?",
            [(layer.name,) for layer in schema.LAYERS],
        )
    if crs is not None:
        # What a store is made with is its revision 0; the log begins after it.
        GeopackageTransaction(connection, actor="digonce", at=_now(), revision=0).set_crs(crs)
    connection.execute("UPDATE write_state SET ours = 0")
    connection.execute("COMMIT")


def _move_into_place(draft: Path, file: Path) -> None:
    """Give ``draft`` its name unless somebody else took the name meanwhile."""
    try:
        os.link(draft, file)
    except FileExistsError as error:
        raise StoreError("store.exists", path=str(file)) from error
    except OSError:  # a file system without links
        if file.exists():
            raise StoreError("store.exists", path=str(file)) from None
        draft.rename(file)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class GeopackageStore:
    """A store in one GeoPackage; see `data.store.Store`. Threads may share it.

    Parameters
    ----------
    path
        An existing store.
    wait_s
        How long a write waits for another writer.
    """

    def __init__(self, path: str | Path, *, wait_s: float = 5.0) -> None:
        self.path = Path(path)
        self._wait_s = wait_s
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        refuse_path(self.path)
        found = refuse_foreign(self.path, newest=SCHEMA_VERSION, wait_s=wait_s)
        if found < SCHEMA_VERSION:
            raise StoreError("store.older", path=str(path), found=found, known=SCHEMA_VERSION)
        with self._borrow():
            pass  # the first connection switches to write-ahead mode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Checkpoint and close; the file is whole by itself unless another process holds it."""
        with self._lock:
            idle, self._idle = self._idle, []
        with store_errors(self.path):
            if idle:
                idle[0].execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            for connection in idle:
                connection.close()

    # ---- reading -------------------------------------------------------------------------------

    def info(self) -> StoreInfo:
        """Return what the store says of itself now."""
        with self._snapshot() as connection:
            meta = read_meta(connection)
            log_revision, data_revision = _revisions(connection)
        return StoreInfo(
            schema_version=SCHEMA_VERSION,
            crs=stored_crs(meta),
            time_zone=meta["time_zone"],
            as_of=date.fromisoformat(meta["as_of"]) if "as_of" in meta else None,
            data_revision=data_revision,
            log_revision=log_revision,
        )

    def read_city(self) -> City:
        """Return all tables on one snapshot."""
        with self._snapshot() as connection:
            meta = read_meta(connection)
            crs = stored_crs(meta)
            if crs is None:
                raise UsageError("store.no_crs_yet", path=str(self.path))
            _, data_revision = _revisions(connection)
            members = _read(connection, schema.BUNDLE_MEMBERS)
            projects = _read(connection, schema.PROJECTS)
            sites = connection.execute(
                f"SELECT {_names(schema.SITES, 'sites')} FROM sites"
                " JOIN projects ON projects.code = sites.project_code"
                " ORDER BY projects.fid, sites.fid"
            ).fetchall()
            return City(
                crs=crs,
                projects=projects.assign(revision=projects["revision"].astype("int64")),
                sites=to_geoframe(sites, schema.SITES.columns, crs),
                network=_network(connection, meta, crs),
                ledger=_optional(connection, meta, "ledger", (schema.LEDGER,), crs),
                restrictions=_optional(
                    connection, meta, "restrictions", (schema.RESTRICTIONS,), crs
                ),
                boundaries=_optional(connection, meta, "boundaries", (schema.BOUNDARIES,), crs),
                assets=_optional(
                    connection,
                    meta,
                    "assets",
                    (schema.ASSET_POINTS, schema.ASSET_LINES, schema.ASSETS),
                    crs,
                ),
                data_revision=data_revision,
                bundles=members[["bundle_id", "code"]],
            )

    def read_findings(self) -> Findings | None:
        """Return what the last detection wrote with the decisions since, or None."""
        with self._snapshot() as connection:
            meta = read_meta(connection)
            if "findings_run" not in meta:
                return None
            crs = stored_crs(meta)
            run = json.loads(meta["findings_run"])
            table = _read(connection, schema.FINDINGS, crs)
            spans = _read(connection, schema.FINDING_SPANS)
            hotspots = _read(connection, schema.HOTSPOTS, crs)
            rules = connection.execute(
                "SELECT rule, ran, missing, found FROM rules_run ORDER BY fid"
            ).fetchall()
        hotspots = cast("gpd.GeoDataFrame", hotspots)
        hotspots[["openings_24m", "openings_60m"]] = hotspots[
            ["openings_24m", "openings_60m"]
        ].astype("int64")
        return Findings(
            table=cast("gpd.GeoDataFrame", table),
            spans=spans,
            hotspots=_singles(hotspots),
            rules_run=tuple(
                RuleRun(rule, bool(ran), tuple(missing.split()), found)
                for rule, ran, missing, found in rules
            ),
            as_of=np.datetime64(run["as_of"], "D"),
            policy_version=run["policy_version"],
            data_revision=run["data_revision"],
        )

    def decisions(self) -> pd.DataFrame:
        """Return all decisions, oldest first."""
        with self._snapshot() as connection:
            decisions = _read(connection, schema.DECISIONS)
        return decisions.astype({"revision": "int64"})

    def filings(self) -> pd.DataFrame:
        """Return every site's geometry as it was filed (columns as in ``put_projects``)."""
        with self._snapshot() as connection:
            return _read(connection, schema.FILINGS)

    def read_check(self, check_id: str) -> dict[str, object] | None:
        """Return a check as it was answered, or None."""
        with self._snapshot() as connection:
            row = connection.execute(
                "SELECT answer FROM checks WHERE check_id = ?", (check_id,)
            ).fetchone()
        return None if row is None else cast("dict[str, object]", json.loads(row[0]))

    def changes(self, since: int = 0, limit: int | None = None) -> list[Change]:
        """Return the log after revision ``since``, in order."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT revision, table_name, row_key, action, actor, at, before, after"
                " FROM change_log WHERE revision > ? ORDER BY revision, seq LIMIT ?",
                (since, -1 if limit is None else limit),
            ).fetchall()
        return [
            Change(
                revision,
                table,
                key,
                cast('Literal["insert", "update", "delete"]', action),
                actor,
                at,
                _document(before),
                _document(after),
            )
            for revision, table, key, action, actor, at, before, after in rows
        ]

    # ---- writing -------------------------------------------------------------------------------

    @contextmanager
    def transaction(
        self, actor: str, *, expect_revision: int | None = None
    ) -> Iterator[GeopackageTransaction]:
        """Open the single write transaction (bounded wait, then `StoreError` ``store.locked``).

        Parameters
        ----------
        actor
            Who the log names.
        expect_revision
            The revision that the caller read; data that changed since raises ``store.moved``.
        """
        with self._borrow() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                log_revision, data_revision = _revisions(connection)
                if expect_revision is not None and not (
                    data_revision <= expect_revision <= log_revision
                ):
                    raise StoreError("store.moved", expected=expect_revision, found=data_revision)
                connection.execute("UPDATE write_state SET ours = 1")
                transaction = GeopackageTransaction(
                    connection, actor=actor, at=_now(), revision=log_revision + 1
                )
                yield transaction
                connection.execute("COMMIT" if transaction.finish() else "ROLLBACK")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    # ---- care ----------------------------------------------------------------------------------

    def verify(self) -> None:
        """Check that the file is whole.

        Raises
        ------
        data.store.DamagedStoreError
            With every problem: pages, foreign keys, R-trees that disagree with their layer, a log
            that does not reach the revision.
        """
        with self._snapshot() as connection:
            problems = tuple(_problems(connection))
        if problems:
            raise DamagedStoreError(str(self.path), problems)

    def backup(self, to: str | Path) -> None:
        """Write a whole, compact copy while others go on reading and writing.

        Raises
        ------
        coordination.faults.StoreError
            ``store.exists`` when ``to`` is there already, ``store.no_folder``.
        """
        target = Path(to)
        if target.exists():
            raise StoreError("store.exists", path=str(target))
        folder = target.resolve().parent
        if not os.access(folder, os.W_OK):
            raise StoreError("store.no_folder", path=str(target))
        with tempfile.TemporaryDirectory(prefix=".digonce-", dir=folder) as drafts:
            draft = Path(drafts) / "backup.gpkg"
            with self._borrow() as connection:
                connection.execute("VACUUM INTO ?", (str(draft),))
            _move_into_place(draft, target)

    # ---- connections ---------------------------------------------------------------------------

    @contextmanager
    def _borrow(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread at a time."""
        with store_errors(self.path):
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = connect(self.path, wait_s=self._wait_s)
            try:
                yield connection
            finally:
                with self._lock:
                    self._idle.append(connection)

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside one read transaction."""
        with self._borrow() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")


def _revisions(connection: sqlite3.Connection) -> tuple[int, int]:
    row = connection.execute("SELECT log_revision, data_revision FROM write_state").fetchone()
    return int(row[0]), int(row[1])


def _names(table: Table, prefix: str) -> str:
    names = (*table.names, "geom") if table.geometry else table.names
    return ", ".join(f"{prefix}.{quoted(name)}" for name in names)


def _rows(connection: sqlite3.Connection, table: Table) -> list[Row]:
    return connection.execute(
        f"SELECT {_names(table, table.name)} FROM {table.name} ORDER BY fid"
    ).fetchall()


def _read(connection: sqlite3.Connection, table: Table, crs: CRS | None = None) -> pd.DataFrame:
    rows = _rows(connection, table)
    frame = (
        to_geoframe(rows, table.columns, crs) if table.geometry else to_frame(rows, table.columns)
    )
    return spread_extra(frame) if "extra" in frame else frame


def _singles(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(
        gpd.GeoSeries(
            as_single(frame.geometry.to_numpy(dtype=object)), crs=frame.crs, index=frame.index
        )
    )


def _network(
    connection: sqlite3.Connection, meta: Mapping[str, str], crs: CRS
) -> RoadNetwork | None:
    sections = cast("gpd.GeoDataFrame", _read(connection, schema.ROAD_SECTIONS, crs))
    if "has_roads" not in meta and sections.empty:
        return None
    flags = {name: sections[name].fillna(value=False).astype(bool) for name in ("oneway", "named")}
    junctions = cast("gpd.GeoDataFrame", _read(connection, schema.JUNCTIONS, crs))
    return RoadNetwork(_singles(sections.assign(**flags)), _singles(junctions))


def _optional(
    connection: sqlite3.Connection,
    meta: Mapping[str, str],
    kind: str,
    tables: tuple[Table, ...],
    crs: CRS,
) -> gpd.GeoDataFrame | None:
    """Return a layer, or None when it was never imported: that is not the same as empty."""
    rows = [row for table in tables for row in _rows(connection, table)]
    if f"has_{kind}" not in meta and not rows:
        return None
    frame = to_geoframe(rows, tables[0].columns, crs)
    return cast("gpd.GeoDataFrame", spread_extra(frame))


def _document(text: str | None) -> dict[str, object] | None:
    if text is None:
        return None
    return {name: value for name, value in json.loads(text).items() if value is not None}


def _problems(connection: sqlite3.Connection) -> Iterator[StoreError]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    missing = [table.name for table in schema.TABLES if table.name not in tables]
    for name in missing:
        yield StoreError("store.verify.table", table=name)
    for (detail,) in connection.execute("PRAGMA integrity_check"):
        if detail != "ok":
            yield StoreError("store.verify.integrity", detail=detail)
    broken: dict[str, int] = {}
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        broken[table] = broken.get(table, 0) + 1
    for table, count in broken.items():
        yield StoreError("store.verify.foreign_key", table=table, count=count)
    for layer in schema.LAYERS:
        if layer.name in missing:
            continue
        (rows,) = connection.execute(
            f"SELECT count(*) FROM {layer.name} WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)"
        ).fetchone()
        (indexed,) = connection.execute(f"SELECT count(*) FROM rtree_{layer.name}_geom").fetchone()
        if rows != indexed:
            yield StoreError("store.verify.index", table=layer.name, rows=rows, indexed=indexed)
    ours, state = connection.execute("SELECT ours, log_revision FROM write_state").fetchone()
    (logged,) = connection.execute("SELECT COALESCE(max(revision), 0) FROM change_log").fetchone()
    if ours:
        yield StoreError("store.verify.guard")
    if state != logged:
        yield StoreError("store.verify.log", state=state, logged=logged)

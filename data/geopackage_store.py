"""The embedded store: one GeoPackage that QGIS and GDAL open directly.

GDAL makes the empty layers once; afterwards only SQLite touches the file, in write-ahead mode:
readers see one snapshot each and never wait, one writer at a time, and a process that dies leaves
the file as it was. Two SQLite libraries in one process lose each other's locks, so inside a process
that holds a store nothing else may open its file, not even to read: hand out a `backup`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import pandas as pd
from pyproj import CRS

from coordination.city import City
from coordination.faults import StoreError
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.scenarios import KeptPlan, Scenario
from data import geopackage_part as part
from data import geopackage_plans as plans
from data import geopackage_schema as schema
from data.geopackage_connection import (
    connect,
    refuse_foreign,
    refuse_path,
    store_errors,
    undone_unless_finished,
)
from data.geopackage_create import make_file, move_into_place
from data.geopackage_crs import stored_crs
from data.geopackage_ledger import entry_history, follow_projects
from data.geopackage_policies import adopted_policies
from data.geopackage_read import read_city, read_findings, read_table, revisions
from data.geopackage_review import finding_state
from data.geopackage_rows import to_frame
from data.geopackage_schema import SCHEMA_VERSION
from data.geopackage_stages import judged_data_changed, stage_events
from data.geopackage_transaction import GeopackageTransaction
from data.geopackage_verify import problems
from data.geopackage_writer import Writer, name_list, now, read_meta
from data.store import AdoptedPolicy, Change, DamagedStoreError, LivePlaces, Store, StoreInfo

_ENDLESS = 2**63 - 1


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
    make_file(file, crs=crs, time_zone=time_zone)
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
        self._closed = False
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
            self._closed = True
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
            log_revision, data_revision = revisions(connection)
        return StoreInfo(
            schema_version=SCHEMA_VERSION,
            crs=stored_crs(meta),
            time_zone=meta["time_zone"],
            as_of=date.fromisoformat(meta["as_of"]) if "as_of" in meta else None,
            data_revision=data_revision,
            log_revision=log_revision,
        )

    def read_city(self) -> City:
        """Return all tables on one snapshot (see `data.geopackage_read.read_city`)."""
        with self._snapshot() as connection:
            return read_city(connection)

    def read_findings(self) -> Findings | None:
        """Return what the last detection wrote with the decisions since, or None."""
        with self._snapshot() as connection:
            return read_findings(connection)

    def decisions(self) -> pd.DataFrame:
        """Return all decisions, oldest first."""
        with self._snapshot() as connection:
            decisions = read_table(connection, schema.DECISIONS)
        return decisions.astype({"revision": "int64"})

    def replies(self) -> pd.DataFrame:
        """Return all answers of units, oldest first."""
        with self._snapshot() as connection:
            replies = read_table(connection, schema.REPLIES)
        return replies.astype({"revision": "int64"})

    def finding_state(self, finding_id: str, revision: int | None = None) -> dict[str, Any] | None:
        """Return a finding with what a decision on it rests on, now or as it was."""
        with self._snapshot() as connection:
            return finding_state(connection, finding_id, revision)

    def stage_events(self, code: str | None = None) -> pd.DataFrame:
        """Return the moves of stages, of all projects or of one, oldest first."""
        with self._snapshot() as connection:
            return stage_events(connection, code)

    def judged_data_changed(self, since: int) -> bool:
        """Tell whether anything that a rule looks at was written after revision ``since``."""
        with self._snapshot() as connection:
            return judged_data_changed(connection, since)

    def policies(self) -> tuple[AdoptedPolicy, ...]:
        """Return every policy that was adopted, oldest first; the last one is in force."""
        with self._snapshot() as connection:
            return adopted_policies(connection)

    def policy(self) -> Policy | None:
        """Return the adopted policy in force, or None while nobody adopted one."""
        with self._snapshot() as connection:
            adopted = adopted_policies(connection, last=True)
        return adopted[0].policy if adopted else None

    def scenarios(self) -> tuple[Scenario, ...]:
        """Return the scenarios that are kept, oldest first."""
        with self._snapshot() as connection:
            return plans.scenarios(connection)

    def read_scenario(self, name: str) -> KeptPlan | None:
        """Return a scenario by its id or its name, or None."""
        with self._snapshot() as connection:
            return plans.read_scenario(connection, name)

    def accepted_bundles(self) -> pd.DataFrame:
        """Return the accepted bundles with their members."""
        with self._snapshot() as connection:
            return plans.accepted_bundles(connection)

    def proposals(self) -> pd.DataFrame:
        """Return what was proposed to owners, oldest first."""
        with self._snapshot() as connection:
            return plans.proposals(connection)

    def answers(self) -> dict[str, str]:
        """Return every remembered answer by the key of its question."""
        with self._snapshot() as connection:
            return dict(connection.execute("SELECT key, answer FROM answers ORDER BY fid"))

    def answers_given(self) -> pd.DataFrame:
        """Return the answers with who gave them and when, oldest first."""
        with self._snapshot() as connection:
            answers = read_table(connection, schema.ANSWERS)
        return answers.astype({"revision": "int64"})

    def sites_edited_elsewhere(self) -> frozenset[str]:
        """Return the sites (``code/site``) that another program has ever changed."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT DISTINCT row_key FROM change_log"
                " WHERE table_name = 'sites' AND actor = 'external'"
            ).fetchall()
        return frozenset(key for (key,) in rows)

    def filings(self, codes: Collection[str] | None = None) -> pd.DataFrame:
        """Return every site's geometry as it was filed (columns as in ``put_projects``)."""
        with self._snapshot() as connection:
            if codes is None:
                return read_table(connection, schema.FILINGS)
            rows = connection.execute(
                f"SELECT {name_list(schema.FILINGS.columns)} FROM filings"  # noqa: S608 - our names
                " WHERE project_code IN (SELECT value FROM json_each(?)) ORDER BY fid",
                (json.dumps(sorted(codes)),),
            ).fetchall()
        return to_frame(rows, schema.FILINGS.columns)

    def sources(self) -> pd.DataFrame:
        """Return ``project_code, source_file``: where each project came from, without the rest."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT project_code, source_file FROM filings"
                " GROUP BY project_code, source_file ORDER BY min(fid)"
            ).fetchall()
        return pd.DataFrame(rows, columns=["project_code", "source_file"], dtype="str")

    def ledger_history(self, ledger_id: str) -> list[Change]:
        """Return what was changed in one row of the ledger, oldest first."""
        with self._snapshot() as connection:
            return [_change(row) for row in entry_history(connection, ledger_id)]

    def read_check(self, check_id: str) -> dict[str, object] | None:
        """Return a check as it was answered, or None."""
        with self._snapshot() as connection:
            row = connection.execute(
                "SELECT answer FROM checks WHERE check_id = ?", (check_id,)
            ).fetchone()
        return None if row is None else cast("dict[str, object]", json.loads(row[0]))

    def live_places(self, codes: Collection[str] | None = None) -> LivePlaces:
        """Return box and days of every site with a place, or of those of some projects."""
        with self._snapshot() as connection:
            return part.live_places(connection, codes)

    def codes_changed(self, since: int, *, limit: int) -> tuple[int, frozenset[str]] | None:
        """Return whose projects or sites changed after ``since``; None where the log cannot tell."""
        with self._snapshot() as connection:
            return part.codes_changed(connection, since, limit)

    def codes_in(self, boxes: part.Boxes) -> set[str]:
        """Return the projects with a site whose box meets one of ``boxes``."""
        with self._snapshot() as connection:
            return part.codes_in(connection, boxes)

    def codes_between(self, start_day: int, finish_day: int) -> set[str]:
        """Return the projects with a placed site of which a day meets these, half-open."""
        with self._snapshot() as connection:
            return part.codes_between(connection, start_day, finish_day)

    def read_part(
        self, codes: Collection[str], *, boxes: part.Boxes, numbers: Collection[str] = ()
    ) -> City:
        """Return some projects with all that goes with them, and past works in ``boxes``."""
        with self._snapshot() as connection:
            return part.read_part(connection, codes, boxes, numbers)

    def has_permits(self, *, besides: Collection[str] = ()) -> bool:
        """Tell whether any project has a permit, or any site an actual day."""
        with self._snapshot() as connection:
            return part.has_permits(connection, besides)

    def read_surroundings(self) -> City:
        """Return network, restrictions, boundaries, assets and aliases, without any work."""
        with self._snapshot() as connection:
            return read_city(connection, works=False)

    def read_findings_of(self, codes: Collection[str]) -> Findings | None:
        """Return the stored findings that name one of some projects, without hot spots."""
        with self._snapshot() as connection:
            return part.read_findings_of(connection, codes)

    def decisions_of(self, finding_ids: Collection[str]) -> pd.DataFrame:
        """Return the decisions on some findings, oldest first."""
        with self._snapshot() as connection:
            return part.decisions_of(connection, finding_ids)

    def findings_made_by(self) -> str:
        """Return what the stored findings were made by, as ``put_findings`` was told."""
        with self._snapshot() as connection:
            run = json.loads(read_meta(connection).get("findings_run", "{}"))
        return str(run.get("made_by", ""))

    def changes(
        self, since: int = 0, limit: int | None = None, *, besides: Collection[str] = ()
    ) -> list[Change]:
        """Return the log after revision ``since``, in order, without the tables ``besides``.

        A ``limit`` is reached within a revision, which is then returned whole: the last revision
        is where the next call goes on.
        """
        with self._snapshot() as connection:
            last = None
            if limit is not None:
                last = connection.execute(
                    "SELECT revision FROM change_log WHERE revision > ?"
                    " ORDER BY revision, seq LIMIT 1 OFFSET ?",
                    (since, max(limit, 1) - 1),
                ).fetchone()
            rows = connection.execute(
                "SELECT revision, table_name, row_key, action, actor, at, before, after"
                " FROM change_log WHERE revision > ? AND revision <= ?"
                " AND table_name NOT IN (SELECT value FROM json_each(?)) ORDER BY revision, seq",
                (since, _ENDLESS if last is None else last[0], json.dumps(sorted(besides))),
            ).fetchall()
        return [_change(row) for row in rows]

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
            with undone_unless_finished(connection):
                log_revision, data_revision = revisions(connection)
                if expect_revision is not None and not (
                    data_revision <= expect_revision <= log_revision
                ):
                    raise StoreError("store.moved", expected=expect_revision, found=data_revision)
                connection.execute("UPDATE write_state SET ours = 1")
                writer = Writer(connection, actor=actor, at=now(), revision=log_revision + 1)
                yield GeopackageTransaction(writer)
                follow_projects(writer, writer.recorded("projects"))
                connection.execute("COMMIT" if writer.finish() else "ROLLBACK")

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
            found = tuple(problems(connection))
        if found:
            raise DamagedStoreError(str(self.path), found)

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
            move_into_place(draft, target)

    # ---- connections ---------------------------------------------------------------------------

    @contextmanager
    def _borrow(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to one thread at a time."""
        with store_errors(self.path):
            with self._lock:
                if self._closed:
                    raise ValueError("this store is closed")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = connect(self.path, wait_s=self._wait_s)
            try:
                yield connection
            finally:
                self._take_back(connection)

    def _take_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if self._closed:
                connection.close()
            else:
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


def _change(row: tuple[Any, ...]) -> Change:
    """Return one entry of the log from its row."""
    revision, table, key, action, actor, at, before, after = row
    return Change(revision, table, key, action, actor, at, _document(before), _document(after))


def _document(text: str | None) -> dict[str, object] | None:
    if text is None:
        return None
    return {name: value for name, value in json.loads(text).items() if value is not None}

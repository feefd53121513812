"""The use case of an import: one file, one transaction, one report on every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pyproj import CRS

from api.parse import parse_crs
from api.progress import Steps, silent
from api.rows import rows
from api.settings import Settings
from coordination import Policy
from coordination.faults import Fault
from coordination.project_checks import known_projects
from data.column_mapping import ColumnMapping
from data.geopackage_store import create_store, open_store
from data.read_history import read_history
from data.read_layers import read_layer
from data.read_projects import read_projects
from data.read_roads import read_roads
from data.rejects import write_rejects
from data.store import ImportOutcome, Store, Transaction
from geo.road_network import build_network

Kind = Literal["roads", "projects", "history"]


@dataclass(frozen=True)
class ImportOptions:
    """How a file is to be read; what is None is found out from the file, or asked for."""

    mapping: ColumnMapping | None = None
    crs: str | None = None
    encoding: str | None = None
    layer: str | None = None
    partial: bool = False
    dry_run: bool = False
    rejects: Path | None = None


@dataclass(frozen=True)
class ImportReport:
    """What became of every row of one file.

    Attributes
    ----------
    rows
        ``row`` (as a person counts it), ``code``, ``outcome`` (``accepted``, ``incomplete``,
        ``repaired``, ``refused``), and ``change`` (``new``, ``changed``, ``unchanged``, missing
        where nothing was written).
    outcome
        Codes by what changed, and the data revision after the import.
    written
        False for a dry run, and where rows were refused without ``partial``.
    details
        Counts of what roads became.
    """

    kind: Kind
    source: str
    crs: str
    rows: pd.DataFrame
    faults: tuple[Fault, ...]
    outcome: ImportOutcome
    written: bool
    details: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Number of rows that cannot go in."""
        return int((self.rows["outcome"] == "refused").sum())

    def counts(self) -> dict[str, int]:
        """Return the figures of the report: rows by outcome, codes by change, revision."""
        by_outcome = self.rows["outcome"].value_counts()
        return {
            "rows": len(self.rows),
            **{
                name: int(by_outcome.get(name, 0))
                for name in ("accepted", "incomplete", "repaired", "refused")
            },
            "new": len(self.outcome.new),
            "changed": len(self.outcome.changed),
            "unchanged": len(self.outcome.unchanged),
            "revision": self.outcome.revision,
        }


def import_document(report: ImportReport, lang: str) -> dict[str, Any]:
    """Return the report as machines read it: every row, and every fault with its sentence."""
    return {
        "kind": report.kind,
        "source": report.source,
        "crs": report.crs,
        "written": report.written,
        "counts": report.counts(),
        "details": dict(report.details),
        "rows": rows(report.rows),
        "faults": [
            {
                "code": fault.code,
                "level": fault.level,
                "row": fault.row,
                "column": fault.column,
                "detail": fault.text(lang),
                "params": fault.params,
            }
            for fault in report.faults
        ],
    }


def import_path(
    settings: Settings,
    kind: Kind,
    path: Path,
    options: ImportOptions,
    *,
    policy: Policy,
    step: Steps = silent,
) -> ImportReport:
    """Import a file into the store that the settings name, which is made where there is none.

    A store made for an import that then wrote nothing is taken away again.
    """
    where = settings.store_path()
    made = not settings.store.startswith("postgresql:") and not where.exists()
    if made:
        create_store(where).close()
    written = False
    try:
        with open_store(settings.store, wait_s=settings.wait_s) as store:
            report = import_file(
                store, kind, path, options, policy=policy, actor=settings.actor, step=step
            )
        written = report.written
    finally:
        if made and not written:
            where.unlink()
    return report


def import_file(
    store: Store,
    kind: Kind,
    path: Path,
    options: ImportOptions,
    *,
    policy: Policy,
    actor: str,
    step: Steps = silent,
) -> ImportReport:
    """Import one file into an open store: read everything, then write in one short transaction.

    Raises
    ------
    InputRefusedError
        When the file as a whole cannot be read.
    """
    if options.crs is not None:
        parse_crs(options.crs)
    importer = {"roads": _roads, "projects": _projects, "history": _history}[kind]
    return importer(store, path, options, policy=policy, actor=actor, step=step)


def _roads(
    store: Store, path: Path, options: ImportOptions, *, policy: Policy, actor: str, step: Steps
) -> ImportReport:
    step("read")
    info = store.info()
    read = read_roads(
        path, mapping=options.mapping, crs=options.crs, encoding=options.encoding,
        layer=options.layer, working_crs=info.crs,
    )  # fmt: skip
    step("network")
    network = build_network(
        read.centre_lines,
        width_m=policy.network.width_m,
        corner_radius_m=policy.network.corner_radius_m,
    )
    step("write")
    outcome, written = _write(
        store, actor, options, read.rows,
        lambda change: change.put_roads(network, source=path.name), crs=read.crs,
    )  # fmt: skip
    _reject(options, path, read.faults)
    details = {
        "roads": network.sections["road"].nunique(),
        "sections": len(network.sections),
        "junctions": len(network.junctions),
    }
    return ImportReport(
        "roads", path.name, read.crs.to_string(), read.rows, tuple(read.faults), outcome, written,
        details,
    )  # fmt: skip


def _projects(
    store: Store, path: Path, options: ImportOptions, *, policy: Policy, actor: str, step: Steps
) -> ImportReport:
    step("read")
    info = store.info()
    read = read_projects(
        path, mapping=options.mapping, crs=options.crs, encoding=options.encoding,
        layer=options.layer, policy=policy, working_crs=info.crs, time_zone=info.time_zone,
        known=_known(store) if info.crs else None,
    )  # fmt: skip
    step("network")
    step("write")
    outcome, written = _write(
        store, actor, options, read.rows,
        lambda change: change.put_projects(read.projects, read.sites, read.filings), crs=read.crs,
    )  # fmt: skip
    _reject(options, path, read.faults)
    table = _with_change(read.rows, outcome) if written else read.rows
    return ImportReport(
        "projects", path.name, read.crs.to_string(), table, tuple(read.faults), outcome, written
    )


def _known(store: Store) -> pd.DataFrame:
    city = store.read_city()
    return known_projects(city.projects, city.sites)


def _history(
    store: Store, path: Path, options: ImportOptions, *, policy: Policy, actor: str, step: Steps
) -> ImportReport:
    step("read")
    info = store.info()
    read = read_history(
        path, mapping=options.mapping, crs=options.crs, encoding=options.encoding,
        layer=options.layer, policy=policy, working_crs=info.crs, time_zone=info.time_zone,
    )  # fmt: skip
    step("network")
    step("write")
    outcome, written = _write(
        store,
        actor,
        options,
        read.rows,
        lambda change: change.put_ledger(read.ledger),
        crs=read.crs,
    )
    _reject(options, path, read.faults)
    table = _with_change(read.rows, outcome) if written else read.rows
    return ImportReport(
        "history", path.name, read.crs.to_string(), table, tuple(read.faults), outcome, written
    )


def _write(
    store: Store,
    actor: str,
    options: ImportOptions,
    table: pd.DataFrame,
    put: Callable[[Transaction], ImportOutcome],
    *,
    crs: CRS,
) -> tuple[ImportOutcome, bool]:
    """Write unless it is a dry run, or rows were refused without leave to go on without them."""
    refused = bool((table["outcome"] == "refused").any())
    if options.dry_run or (refused and not options.partial):
        return ImportOutcome((), (), (), store.info().data_revision), False
    with store.transaction(actor) as change:
        if store.info().crs is None:
            change.set_crs(crs)
        outcome = put(change)
    return replace(outcome, revision=store.info().data_revision), True


def _with_change(table: pd.DataFrame, outcome: ImportOutcome) -> pd.DataFrame:
    change = {
        code: name
        for name in ("new", "changed", "unchanged")
        for code in getattr(outcome, name)
    }  # fmt: skip
    return table.assign(change=table["code"].map(change).where(table["outcome"] != "refused"))


def _reject(options: ImportOptions, path: Path, faults: Sequence[Fault]) -> None:
    if options.rejects is not None:
        layer = read_layer(path, layer=options.layer, encoding=options.encoding, crs=options.crs)
        write_rejects(options.rejects, layer, list(faults))

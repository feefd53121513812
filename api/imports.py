"""The use case of an import: one file, one transaction, one report on every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
from pyproj import CRS

from api.judgement import (
    Judgement,
    edition_document,
    judge_list,
    put_list,
    quality_document,
)
from api.parse import parse_crs
from api.policies import policy_in_force
from api.progress import Steps, silent
from api.provenance import day_of_judgement
from api.questions import known_answers, question_documents
from api.rows import rows
from api.settings import Settings
from coordination import City, Policy
from coordination.editions import Edition
from coordination.faults import Fault, UsageError
from coordination.list_stages import keep_progress, stage_notes
from coordination.located_cells import gazetteer_of
from coordination.project_checks import known_projects
from coordination.quality import Quality
from coordination.questions import Question
from coordination.relocation import Relocated, relocate
from data.column_mapping import ColumnMapping
from data.coordinates import AS_WRITTEN, Axes, Coordinates, known_roads
from data.geopackage_crs import DEFAULT_CRS
from data.geopackage_store import create_store, open_store
from data.read_aliases import read_aliases
from data.read_areas import AreaKind, read_areas
from data.read_control_points import LIMIT_M, read_control_points
from data.read_history import read_history
from data.read_layers import Layer, read_layer
from data.read_projects import ReadProjects, read_projects
from data.read_roads import read_roads
from data.rejects import write_rejects
from data.store import ImportOutcome, Store, Transaction
from geo.frames import Frame
from geo.road_network import RoadNetwork, build_network

Kind = Literal["roads", "projects", "history", "restrictions", "boundaries", "assets", "aliases"]
KINDS: tuple[Kind, ...] = get_args(Kind)


OUTCOMES = ("accepted", "incomplete", "repaired", "left_out", "refused")


@dataclass(frozen=True)
class ImportOptions:
    """How a file is to be read; what is None is found out from the file, or asked for.

    ``answers`` (`data.question_files.read_answers`) hold for this file and are remembered with it.
    ``edition_of`` names the stored file whose next edition a list of projects is.
    """

    mapping: ColumnMapping | None = None
    crs: str | None = None
    frame: Frame | None = None
    axes: Axes | None = None
    control_points: Path | None = None
    control_limit_m: float = LIMIT_M
    encoding: str | None = None
    layer: str | None = None
    partial: bool = False
    dry_run: bool = False
    rejects: Path | None = None
    said: Coordinates = AS_WRITTEN
    answers: pd.DataFrame | None = None
    edition_of: str | None = None
    lang: str = "zh"


@dataclass(frozen=True)
class ImportReport:
    """What became of every row of one file.

    Attributes
    ----------
    rows
        ``row`` (as a person counts it), ``code``, ``outcome`` (``accepted``, ``incomplete``,
        ``repaired``, ``left_out``: no business of ours, such as a footpath among roads;
        ``refused``), and ``change`` (``new``, ``changed``, ``unchanged``, missing
        where nothing was written).
    outcome
        Codes by what changed, and the data revision after the import.
    written
        False for a dry run, and where rows were refused without ``partial``.
    details
        Counts of what roads became.
    questions
        What has to be asked before everything in the file is certain.
    edition, quality
        Of a list of projects: how it compares with what was stored, and how good its data is.
    """

    kind: Kind
    source: str
    crs: str
    rows: pd.DataFrame
    faults: tuple[Fault, ...]
    outcome: ImportOutcome
    written: bool
    details: Mapping[str, int] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    edition: Edition | None = None
    quality: Quality | None = None

    @property
    def refused(self) -> int:
        """Number of rows that cannot go in."""
        return int((self.rows["outcome"] == "refused").sum())

    def counts(self) -> dict[str, int]:
        """Return the figures of the report: rows by outcome, codes by change, revision."""
        by_outcome = self.rows["outcome"].value_counts()
        return {
            "rows": len(self.rows),
            **{name: int(by_outcome.get(name, 0)) for name in OUTCOMES},
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
        "questions": question_documents(report.questions, CRS(report.crs), lang),
        "comparison": report.edition and edition_document(report.edition, lang),
        "quality": report.quality and quality_document(report.quality, "all", "unit", "town"),
    }


def import_path(
    settings: Settings,
    kind: Kind,
    path: Path,
    options: ImportOptions,
    *,
    step: Steps = silent,
) -> ImportReport:
    """Import a file into the store that the settings name, which is made where there is none.

    The policy is the one in force there (`api.policies.policy_in_force`).
    A store made for an import that then wrote nothing is taken away again.
    """
    where = settings.store_path()
    made = not where.exists()
    if made:
        create_store(where).close()
    written = False
    try:
        with open_store(settings.store, wait_s=settings.wait_s) as store:
            report = import_file(
                store, kind, path, options, policy=policy_in_force(settings, store),
                actor=settings.actor, step=step,
            )  # fmt: skip
        written = report.written
    finally:
        if made and not written and _untouched(settings):
            where.unlink()
    return report


def _untouched(settings: Settings) -> bool:
    """Tell whether nobody else has written into the store that this import made."""
    with open_store(settings.store, wait_s=settings.wait_s) as store:
        return store.info().data_revision == 0


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
    options = replace(options, said=_said(options, store))
    step("read")
    read = _READERS[kind](store, path, options, policy, step)
    step("write")
    if options.rejects is not None:  # first, so that a path that cannot be written stops the import
        write_rejects(options.rejects, _layer(path, options), read.faults, options.lang)
    refused = bool((read.rows["outcome"] == "refused").any())
    written = not options.dry_run and (options.partial or not refused)
    outcome = ImportOutcome((), (), (), store.info().data_revision)
    if written:
        with store.transaction(actor) as change:
            if options.answers is not None:
                change.put_answers(options.answers)
            if read.chooses_crs:
                change.set_crs(read.crs)
            outcome = read.put(change)
        outcome = replace(outcome, revision=store.info().data_revision)
    return ImportReport(
        kind=kind,
        source=path.name,
        crs=read.crs.to_string(),
        rows=_with_change(read.rows, outcome) if written else read.rows,
        faults=tuple(read.faults),
        outcome=outcome,
        written=written,
        details=read.details,
        questions=tuple(read.questions),
        edition=read.judged.edition if read.judged else None,
        quality=read.judged.quality if read.judged else None,
    )


@dataclass(frozen=True)
class _Read:
    """A file as read, and how it is put into the store."""

    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS
    put: Callable[[Transaction], ImportOutcome]
    chooses_crs: bool
    details: Mapping[str, int] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    judged: Judgement | None = None


def _roads(store: Store, path: Path, options: ImportOptions, policy: Policy, step: Steps) -> _Read:
    crs = store.info().crs
    read = read_roads(path, working_crs=crs, **_how(options))
    step("network")
    network = build_network(
        read.centre_lines,
        width_m=policy.network.width_m,
        corner_radius_m=policy.network.corner_radius_m,
    )
    details = {
        "roads": int(network.sections["road"].nunique()),
        "sections": len(network.sections),
        "junctions": len(network.junctions),
    }
    again = _relocated(store, network, read.crs, policy, options)
    if again is not None:
        details["relocated"] = again.located

    def put(change: Transaction) -> ImportOutcome:
        outcome = change.put_roads(network, source=path.name)
        if again is not None:
            change.put_projects(again.projects, again.sites, again.filings)
        return outcome

    return _Read(
        read.rows, [*read.faults, *(again.notes if again else ())], read.crs, put, crs is None,
        details, questions=[*(again.questions if again else ())],
    )  # fmt: skip


def _relocated(
    store: Store, network: RoadNetwork, crs: CRS, policy: Policy, options: ImportOptions
) -> Relocated | None:
    """Locate sites that have their place from words, or none yet, on the new roads."""
    city = store.read_city()
    if city.sites[["road", "extent_text"]].isna().all(axis=None):
        return None
    city = replace(city, network=network, crs=crs)
    gazetteer = gazetteer_of(city)
    assert gazetteer is not None
    return relocate(
        city, store.filings(), gazetteer, policy,
        answers=known_answers(store, options.answers), edited=store.sites_edited_elsewhere(),
        today=int(day_of_judgement(store.info(), None).astype("int64")),
    )  # fmt: skip


def _projects(
    store: Store, path: Path, options: ImportOptions, policy: Policy, step: Steps
) -> _Read:
    del step
    info = store.info()
    city = store.read_city()
    answers = known_answers(store, options.answers)
    today = day_of_judgement(info, None).astype(object)
    read = read_projects(
        path, policy=policy, working_crs=info.crs, time_zone=info.time_zone,
        known=known_projects(city.projects, city.sites),
        gazetteer=gazetteer_of(city), answers=answers, today=today,
        **_how(options),
    )  # fmt: skip
    read = _with_progress(read, city)
    judged = judge_list(
        store, city, read, source=path.name, edition_of=options.edition_of, answers=answers,
        as_of=today,
    )  # fmt: skip
    judged = replace(judged, read=_with_progress(judged.read, city))
    notes = stage_notes(judged.read.projects, city, store.read_findings(), policy.stages)
    return _Read(
        judged.read.rows, [*read.faults, *notes], read.crs,
        lambda change: put_list(change, store, city, judged),
        info.crs is None, questions=[*read.questions, *judged.questions], judged=judged,
    )  # fmt: skip


def _with_progress(read: ReadProjects, city: City) -> ReadProjects:
    """Return a list with what the office has done since, where the list leaves that open."""
    projects, sites = keep_progress(read.projects, read.sites, city)
    return replace(read, projects=projects, sites=sites)


def _history(
    store: Store, path: Path, options: ImportOptions, policy: Policy, step: Steps
) -> _Read:
    del step
    info = store.info()
    read = read_history(
        path, policy=policy, working_crs=info.crs, time_zone=info.time_zone, **_how(options)
    )
    return _Read(
        read.rows, read.faults, read.crs, lambda change: change.put_ledger(read.ledger),
        info.crs is None,
    )  # fmt: skip


def _areas(kind: AreaKind) -> _Reader:
    def reader(
        store: Store, path: Path, options: ImportOptions, policy: Policy, step: Steps
    ) -> _Read:
        del policy, step
        info = store.info()
        read = read_areas(
            path, kind, working_crs=info.crs, time_zone=info.time_zone, **_how(options)
        )
        return _Read(
            read.rows, read.faults, read.crs, lambda change: change.put_layer(kind, read.areas),
            # Restrictions that name their place choose no plane for the places of others.
            info.crs is None and bool(read.areas.geometry.notna().any()),
        )  # fmt: skip

    return reader


def _aliases(
    store: Store, path: Path, options: ImportOptions, policy: Policy, step: Steps
) -> _Read:
    del policy, step
    info = store.info()
    how = _how(options)
    how.pop("crs")
    how.pop("said")
    read = read_aliases(path, time_zone=info.time_zone, **how)
    faults = read.faults + _unknown_roads(read.aliases, store)
    return _Read(
        read.rows, faults, info.crs or DEFAULT_CRS,
        lambda change: change.put_aliases(read.aliases),
        chooses_crs=False,
    )  # fmt: skip


def _unknown_roads(aliases: pd.DataFrame, store: Store) -> list[Fault]:
    """Note the names that the network does not have: such an alias leads nowhere yet."""
    network = store.read_city().network
    roads = set() if network is None else set(network.sections["road"])
    unknown = aliases.loc[~aliases["name"].isin(roads), "name"].value_counts(sort=False)
    return [
        Fault("alias_road_unknown", "note", params={"name": str(name), "count": int(count)})
        for name, count in unknown.items()
    ]


_Reader = Callable[[Store, Path, ImportOptions, Policy, Steps], _Read]

_READERS: Mapping[Kind, _Reader] = {
    "roads": _roads,
    "projects": _projects,
    "history": _history,
    "restrictions": _areas("restrictions"),
    "boundaries": _areas("boundaries"),
    "assets": _areas("assets"),
    "aliases": _aliases,
}


def _how(options: ImportOptions) -> dict[str, Any]:
    return {
        "mapping": options.mapping, "crs": options.crs, "encoding": options.encoding,
        "layer": options.layer, "said": options.said,
    }  # fmt: skip


def _said(options: ImportOptions, store: Store) -> Coordinates:
    """Return what is said of the coordinates, and the store's roads to compare them with."""
    known = known_roads(store.read_city().network)
    axes = options.axes or (options.mapping.hints.axes if options.mapping else None)
    grid, notes = None, list[Fault]()
    if options.control_points is not None:
        if options.crs is not None or options.frame is not None:
            raise UsageError("coordinates.control.frame_with_grid")
        grid, notes = read_control_points(
            options.control_points, working_crs=store.info().crs,
            limit_m=options.control_limit_m, axes=axes,
        )  # fmt: skip
    return Coordinates(
        frame=options.frame, axes=axes, grid=grid, known=known,
        without_roads=known is None, crs_stated=options.crs is not None, notes=tuple(notes),
    )  # fmt: skip


def _layer(path: Path, options: ImportOptions) -> Layer:
    """Read the file once more as it is, for the rows that were refused."""
    mapping = options.mapping or ColumnMapping()
    return read_layer(
        path,
        layer=options.layer or mapping.layer,
        encoding=options.encoding or mapping.encoding,
        crs=options.crs or mapping.crs,
        said=options.said,
        hints=mapping.hints,
    )


def _with_change(table: pd.DataFrame, outcome: ImportOutcome) -> pd.DataFrame:
    change = {
        code: name for name in ("new", "changed", "unchanged") for code in getattr(outcome, name)
    }
    in_store = ~table["outcome"].isin(("refused", "left_out"))
    return table.assign(change=table["code"].map(change).where(in_store))

"""The store as everybody else sees it: one interface for two back ends.

GeoPackage is built (`data.geopackage_store`); PostGIS comes later behind the same protocol. Reading
gives the domain's values on one snapshot; writing happens in one short transaction that is one
``data_revision``, logs every change (what, who, when, before, after) and leaves nothing half-written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from coordination.city import City
from coordination.faults import StoreError
from coordination.findings import Findings
from coordination.policy import Policy
from coordination.scenarios import Acceptance, KeptPlan, Scenario
from geo.road_network import RoadNetwork


@dataclass(frozen=True)
class StoreInfo:
    """What the store says of itself.

    Attributes
    ----------
    schema_version
        Version of the tables; a newer one is refused.
    crs
        Metric working CRS, or None while nothing chose one.
    time_zone
        IANA name; dates that come with another zone are converted to it first.
    as_of
        The store's pinned day (the demo), or None for today.
    data_revision
        The last transaction that changed the data: what `Store.read_city` shows and people decided.
        Findings follow from the data, so writing them does not move it, and the same data gives
        the same answers.
    log_revision
        The last entry of the log of changes, findings included; never below ``data_revision``.
    """

    schema_version: int
    crs: CRS | None
    time_zone: str
    as_of: date | None
    data_revision: int
    log_revision: int = 0


@dataclass(frozen=True)
class LivePlaces:
    """Where and when sites lie, at one revision of the log.

    Attributes
    ----------
    revision
        Of the log.
    codes
        Of the projects, shape (n,), one per site with a place.
    boxes
        Shape (n, 4): min x, min y, max x, max y (m).
    start_day, finish_day
        Shape (n,), half-open; `geo.spacetime_index.EVER` where a side is not known.
    """

    revision: int
    codes: npt.NDArray[np.object_]
    boxes: npt.NDArray[np.float64]
    start_day: npt.NDArray[np.int64]
    finish_day: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """One entry of the log of changes.

    A project is logged with its sites and filings below ``before`` and ``after`` (table
    ``projects``); another program's edit of one site is an entry of table ``sites`` with the actor
    ``external``. What is missing is left out; geometry is WKB as hex.
    """

    revision: int
    table: str
    key: str
    action: Literal["insert", "update", "delete"]
    actor: str
    at: str
    before: dict[str, object] | None
    after: dict[str, object] | None


@dataclass(frozen=True)
class ImportOutcome:
    """What an import did, per project or row: each list holds codes in the file's order.

    ``revision`` is where the store stands afterwards; the one before when nothing changed.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    revision: int


@dataclass(frozen=True)
class AdoptedPolicy:
    """A policy that was adopted, with who, when, and the file as it stood."""

    version: str
    revision: int
    actor: str
    at: str
    toml: str
    policy: Policy


class DamagedStoreError(StoreError):
    """A store that is not whole, with everything that is wrong with it."""

    def __init__(self, path: str, problems: Sequence[StoreError]) -> None:
        super().__init__("store.damaged", path=path, count=len(problems))
        self.problems = tuple(problems)

    def text(self, lang: str) -> str:
        """Return one line for the whole and one per problem."""
        return "\n".join(
            error.text(lang) for error in (StoreError(self.key, **self.params), *self.problems)
        )


def alias_id(alias: str, name: str, valid_from: date | None) -> str:
    """Return what an alias is known by: its words and its first day.

    Examples
    --------
    >>> alias_id("老沪宜公路", "沪宜公路", None)
    '老沪宜公路 = 沪宜公路'
    """
    known = f"{alias} = {name}"
    return known if valid_from is None else f"{known} ({valid_from:%Y-%m-%d})"


class Transaction(Protocol):
    """One revision in the making; leaving the block by an exception undoes all of it."""

    revision: int

    def put_projects(
        self, projects: pd.DataFrame, sites: gpd.GeoDataFrame, filings: pd.DataFrame
    ) -> ImportOutcome:
        """Insert or replace projects by code, each with all of its sites; never delete others.

        ``filings`` keeps the geometry as filed: ``project_code, site_id, source_file, source_row,
        geometry_type, crs, wkb`` (wkb is bytes or missing, crs as text), and ``row_json``.
        A project whose row, sites and filings' geometry are equal to what is stored is unchanged and
        is not logged.
        """

    def move_stages(self, moves: pd.DataFrame) -> ImportOutcome:
        """Move projects to another stage; their sites and the decisions on them stay.

        ``moves``: `coordination.roll_over.MOVE_COLUMNS`; several moves of one project come in their
        order. Each is an event with who, when, why, and the gates that it passed. Raises `StoreError`
        ``store.stage_moved`` when a project does not stand where its move begins.
        """

    def put_days(
        self, codes: Sequence[str], what: Literal["start", "finish", "papers"], day: date
    ) -> ImportOutcome:
        """Record on which day works began or ended (at sites without a day), or papers were filed."""

    def put_roads(self, network: RoadNetwork, *, source: str) -> ImportOutcome:
        """Replace the road layer as a whole (a new road revision) if it differs."""

    def put_ledger(self, ledger: gpd.GeoDataFrame) -> ImportOutcome:
        """Insert or replace ledger rows by ``ledger_id``."""

    def correct_ledger(
        self, ledger_id: str, changes: Mapping[str, str], *, reason: str
    ) -> ImportOutcome:
        """Correct one row of the ledger (`coordination.ledger.checked_correction`).

        The row's ``note`` says who and why, the log what it was. A corrected row of a completed
        project stays as corrected when the project is written again.
        """

    def put_layer(
        self, kind: Literal["restrictions", "boundaries", "assets"], rows: gpd.GeoDataFrame
    ) -> ImportOutcome:
        """Insert or replace rows by ``restriction_id``, ``boundary_id`` or ``asset_id``.

        Columns that the layer does not have come back as they were (numbers, texts, flags; dates
        as ISO text).
        """

    def put_aliases(self, aliases: pd.DataFrame) -> ImportOutcome:
        """Insert or replace other names of roads; never delete others.

        ``alias, name, valid_from, valid_to, source``; one row is known by its alias, name and
        first day (`alias_id`), which the outcome lists.
        """

    def put_answers(self, answers: pd.DataFrame) -> ImportOutcome:
        """Remember what people answered, by the key of the question.

        ``kind, subject, answer`` and ``label`` (the answer in words, for people; may be missing). An
        answer that is missing takes an earlier one back. The outcome lists keys.
        """

    def put_findings(self, findings: Findings, *, made_by: str = "") -> None:
        """Replace findings, spans, hot spots and the record of which rules ran.

        The caller has merged earlier decisions already (`coordination.review.merge`). ``made_by``
        names what they rest on beside data and day; `Store.findings_made_by` tells it again.
        """

    def put_decision(self, finding_id: str, decision: Mapping[str, object]) -> None:
        """Append a decision to a finding.

        ``status, note, agreed_item, deadline, reason_code, seen_revision``; all but the first may be
        missing. ``state`` keeps the finding's row as decided, ``policy_version`` and, per project code,
        ``stage`` and ``sites`` (``site_id, method, start, finish``).
        """

    def put_reply(self, finding_id: str, reply: Mapping[str, object]) -> None:
        """Append a unit's answer to a finding.

        ``unit, answer, note, proposed_start, proposed_finish, seen_revision``; all but the first two
        may be missing.
        """

    def put_check(
        self,
        check_id: str,
        *,
        policy_version: str,
        request: Mapping[str, object],
        answer: Mapping[str, object],
    ) -> None:
        """Keep a check before approval as evidence; it is no change of the data."""

    def put_policy(self, policy: Policy, toml: str) -> ImportOutcome:
        """Adopt a policy: from now on it is in force. A change of the data: findings follow from it.

        ``toml`` is kept as it stands. The version in force with equal content is unchanged. Raises
        `coordination.faults.DigonceError` ``policy.taken`` when the version was adopted with other
        content, or is that of the built-in policy.
        """

    def put_scenario(self, kept: KeptPlan) -> str:
        """Keep a scenario and return its id; no change of the data.

        Raises `coordination.faults.UsageError` ``scenarios.taken`` where the name is.
        """

    def delete_scenario(self, scenario_id: str) -> None:
        """Delete a scenario of which nothing was accepted (`UsageError` ``scenarios.accepted``)."""

    def accept(
        self,
        scenario_id: str,
        taken: Acceptance,
        places: gpd.GeoDataFrame,
        deadline: date | None,
    ) -> tuple[str, ...]:
        """Accept bundles and propose dates to owners; a change of the data.

        ``places`` are the grounds of ``taken.bundles``, row by row; by ``deadline`` answers are asked
        for. Returns the ids of the proposals.
        """

    def answer_proposal(self, proposal_id: str, answer: str, note: str = "") -> None:
        """Record an owner's answer: ``agreed`` gives the project its dates, ``declined`` leaves them.

        A project that declines leaves its bundle. Raises `coordination.faults.UsageError` where the
        proposal is unknown or answered, or the project changed since.
        """

    def set_crs(self, crs: CRS) -> None:
        """Fix the working CRS; refused once a layer holds geometry in another."""

    def set_as_of(self, day: date | None) -> None:
        """Pin the day on which the store is judged."""


class Store(Protocol):
    """One open store. Use as a context manager; closing leaves one whole file behind."""

    def info(self) -> StoreInfo:
        """Return what the store says of itself now."""

    def read_city(self) -> City:
        """Return all tables on one snapshot."""

    def read_findings(self) -> Findings | None:
        """Return what the last detection wrote with the decisions since, or None."""

    def decisions(self) -> pd.DataFrame:
        """Return all decisions, oldest first.

        Columns: ``finding_id, revision, actor, at, status, note, agreed_item, deadline`` and
        ``state`` (JSON of the finding as decided).
        """

    def replies(self) -> pd.DataFrame:
        """Return all answers of units, oldest first.

        Columns: ``finding_id, revision, seen_revision, actor, at, unit, answer, note,
        proposed_start, proposed_finish``.
        """

    def finding_state(self, finding_id: str, revision: int | None = None) -> dict[str, Any] | None:
        """Return a finding with what a decision on it rests on, now or as it was at ``revision``.

        As `coordination.review.state_of`, with the finding's other fields and ``decided_revision``
        (of the last decision, 0 for none). None where there is, or was, no such finding.
        """

    def stage_events(self, code: str | None = None) -> pd.DataFrame:
        """Return the moves of stages, of all projects or of one, oldest first.

        Columns: ``project_code, revision, actor, at, stage_from, stage_to, reason, plan_year`` and
        ``gates`` (JSON of `coordination.stages.gates_document`; missing where a list or another
        program moved the stage past the gates).
        """

    def judged_data_changed(self, since: int) -> bool:
        """Tell whether anything that a rule looks at was written after revision ``since``."""

    def policies(self) -> tuple[AdoptedPolicy, ...]:
        """Return every policy that was adopted, oldest first; the last one is in force."""

    def policy(self) -> Policy | None:
        """Return the adopted policy in force, or None while nobody adopted one."""

    def scenarios(self) -> tuple[Scenario, ...]:
        """Return the scenarios that are kept, oldest first."""

    def read_scenario(self, name: str) -> KeptPlan | None:
        """Return a scenario by its id or its name, or None."""

    def accepted_bundles(self) -> pd.DataFrame:
        """Return the accepted bundles, oldest first.

        Columns: ``bundle_id, name, mode, status, lead_unit, start, finish, saving_low_wan,
        saving_mid_wan, saving_high_wan, codes`` (with blanks between), and more.
        """

    def proposals(self) -> pd.DataFrame:
        """Return what was proposed to owners, oldest first.

        Columns: ``proposal_id, scenario_id, bundle_id, code, unit, revision, actor, at, filed_start,
        filed_finish, start, finish, moved_days, sites, reason_zh, reason_en, deadline, answer, note,
        answered_by, answered_at, answered_revision``.
        """

    def answers(self) -> dict[str, str]:
        """Return every remembered answer by the key of its question."""

    def answers_given(self) -> pd.DataFrame:
        """Return the answers with who gave them and when, oldest first.

        Columns: ``key, kind, subject, answer, label, actor, at, revision``.
        """

    def sites_edited_elsewhere(self) -> frozenset[str]:
        """Return the sites (``code/site``) that another program, such as QGIS, has ever changed."""

    def filings(self, codes: Collection[str] | None = None) -> pd.DataFrame:
        """Return every site's geometry as it was filed (columns as in ``put_projects``).

        ``codes`` takes only those of some projects.
        """

    def sources(self) -> pd.DataFrame:
        """Return ``project_code, source_file``: where each project came from, without the rest."""

    def ledger_history(self, ledger_id: str) -> Sequence[Change]:
        """Return what was changed in one row of the ledger, oldest first."""

    def read_check(self, check_id: str) -> dict[str, object] | None:
        """Return the answer of a check as it was given, or None."""

    def findings_made_by(self) -> str:
        """Return what the stored findings were made by, as ``put_findings`` was told."""

    def live_places(self, codes: Collection[str] | None = None) -> LivePlaces:
        """Return box and days of every site with a place, or of those of some projects."""

    def codes_changed(self, since: int, *, limit: int) -> tuple[int, frozenset[str]] | None:
        """Return the log's last revision, and whose projects or sites changed after ``since``.

        None where the log cannot tell: it does not reach the store's revision, or ends before
        ``since``, or holds more than ``limit`` such changes.
        """

    def codes_in(self, boxes: npt.NDArray[np.float64]) -> set[str]:
        """Return the projects with a site whose box meets one of ``boxes``, shape (n, 4), m."""

    def codes_between(self, start_day: int, finish_day: int) -> set[str]:
        """Return the projects with a placed site of which a day meets these, half-open.

        Days since 1970-01-01; a site without a first or a last day is open on that side.
        """

    def read_part(
        self,
        codes: Collection[str],
        *,
        boxes: npt.NDArray[np.float64],
        numbers: Collection[str] = (),
    ) -> City:
        """Return some projects with all that goes with them, and past works in ``boxes``.

        With them come the projects that bear one of ``numbers`` (``external_id``), and the rows of
        all that dependencies join with them. Network, restrictions, boundaries and assets are
        None: `read_surroundings` has them.
        """

    def has_permits(self, *, besides: Collection[str] = ()) -> bool:
        """Tell what `coordination.City.has_permits` tells of the whole, without some projects."""

    def read_surroundings(self) -> City:
        """Return network, restrictions, boundaries, assets and aliases, without any work."""

    def read_findings_of(self, codes: Collection[str]) -> Findings | None:
        """Return the stored findings that name one of some projects, without hot spots."""

    def decisions_of(self, finding_ids: Collection[str]) -> pd.DataFrame:
        """Return the decisions on some findings, oldest first; columns as of `decisions`."""

    def changes(
        self, since: int = 0, limit: int | None = None, *, besides: Collection[str] = ()
    ) -> Sequence[Change]:
        """Return the log after revision ``since``, in order, without the tables ``besides``.

        A ``limit`` is reached within a revision, which is then returned whole, so that the last
        revision is where the next call goes on.
        """

    def transaction(
        self, actor: str, *, expect_revision: int | None = None
    ) -> AbstractContextManager[Transaction]:
        """Open the single write transaction (bounded wait, then `StoreError` ``store.locked``).

        With ``expect_revision`` (the city's or the store's), raises `StoreError` ``store.moved``
        when the data moved on.
        """

    def verify(self) -> None:
        """Check that the store is whole; raises `DamagedStoreError` when it is not."""

    def backup(self, to: str | Path) -> None:
        """Write a whole copy as a GeoPackage while others go on reading and writing."""

    def close(self) -> None:
        """Checkpoint and close."""

    def __enter__(self) -> Self:
        """Enter the block at whose end the store is closed."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""

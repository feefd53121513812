"""Use cases of the stages: moving, rolling the plan over, what stands behind a gate, emergencies."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd

from api.provenance import day_of_judgement
from api.rows import rows
from coordination import City, Policy
from coordination.emergencies import emergencies, emergencies_by_unit
from coordination.faults import DigonceError, StoreError, UsageError
from coordination.findings import Findings
from coordination.projects import STAGES
from coordination.roll_over import MOVE_COLUMNS, Roll, plan_years, roll
from coordination.stages import (
    Freshness,
    Passage,
    gate,
    gates_document,
    needs_reason,
    stage_label,
    standing_above,
)
from coordination.wording import text
from data.store import Store, Transaction

_TRIES = 3
_DAY_OF: dict[str, Literal["start", "finish"]] = {
    "in_progress": "start", "emergency": "start", "completed": "finish",
}  # fmt: skip


class HeldError(DigonceError):
    """Projects that a gate holds; nothing was moved."""

    def __init__(self, held: Sequence[Passage]) -> None:
        super().__init__("stages.error.blocked", count=len(held))
        self.held = tuple(held)

    def text(self, lang: str) -> str:
        """Return what holds each project, then what can be done."""
        return "\n".join((*(one.sentence(lang) for one in self.held), super().text(lang)))


class StageUsageError(UsageError):
    """A move that cannot be meant as it stands; its stages are named in the reader's language."""

    def text(self, lang: str) -> str:
        """Return the message in ``lang``."""
        stages = {name: stage_label(str(stage), lang) for name, stage in self.params.items()}
        return text(self.key, lang, **stages)


@dataclass(frozen=True)
class Moved:
    """What became of a move.

    Attributes
    ----------
    passages
        One per project, with what its gates said.
    moved
        Codes of those that moved (would move, in a dry run).
    overridden
        Those among them that a gate had held.
    revision
        Where the store stands afterwards.
    """

    stage: str
    passages: tuple[Passage, ...]
    moved: tuple[str, ...]
    overridden: tuple[str, ...]
    revision: int
    written: bool

    def document(self) -> dict[str, Any]:
        """Return it as machines read it."""
        return {
            "stage": self.stage,
            "moved": list(self.moved),
            "overridden": list(self.overridden),
            "projects": [one.document() for one in self.passages],
            "written": self.written,
            "data_revision": self.revision,
        }


@dataclass(frozen=True)
class _Standing:
    """What a move is judged on: one state of the store."""

    city: City
    findings: Findings | None
    freshness: Freshness
    log_revision: int


def _standing(store: Store, policy: Policy) -> _Standing:
    log_revision = store.info().log_revision
    city, findings = store.read_city(), store.read_findings()
    return _Standing(city, findings, freshness_of(store, findings, policy), log_revision)


def freshness_of(store: Store, findings: Findings | None, policy: Policy) -> Freshness:
    """Tell whether the findings show the data as it is now, under this policy."""
    if findings is None:
        return "none"
    if findings.policy_version != policy.version:
        return "policy"
    return "stale" if store.judged_data_changed(findings.data_revision) else "fresh"


def _written(
    store: Store, policy: Policy, actor: str, write: Callable[[_Standing, Transaction], None]
) -> None:
    """Judge on a snapshot and write at once; start again when anything moved in between."""
    tries = _TRIES
    while True:
        standing = _standing(store, policy)
        tries -= 1
        with store.transaction(actor) as change:
            found = store.info().log_revision
            if found == standing.log_revision:
                write(standing, change)
                return
            if not tries:
                raise StoreError("store.moved", expected=standing.log_revision, found=found)


def move_stage(
    store: Store,
    codes: Sequence[str],
    stage_to: str,
    *,
    policy: Policy,
    actor: str,
    reason: str = "",
    override: bool = False,
    partial: bool = False,
    dry_run: bool = False,
    plan_year: int | None = None,
    on: date | None = None,
) -> Moved:
    """Move projects to a stage, each through the gates on its way, in one transaction.

    Parameters
    ----------
    codes
        Stored projects.
    stage_to
        Where to; what stands there already stays and is no event.
    reason
        Why; needed backwards, aside and for an override.
    override
        Move although a gate holds the project; what it said is recorded with the move.
    partial
        Leave what is held and move the others.
    plan_year
        Year of the plan that they enter; where it is None the filed start tells.
    on
        Day on which the works began (``in_progress``, ``emergency``) or ended (``completed``).

    Raises
    ------
    UsageError
        For an unknown stage or code, a reason that is missing, or works that would end before they
        began.
    HeldError
        When a gate holds a project, without ``override`` or ``partial``: nothing is moved.
    """
    if stage_to not in STAGES:
        raise UsageError("stages.error.unknown_stage", found=stage_to, expected=", ".join(STAGES))
    if plan_year is not None and not 1900 <= plan_year <= 2999:
        raise UsageError("stages.error.year_backwards", year=plan_year)
    if on is not None and stage_to not in _DAY_OF:
        raise StageUsageError("stages.error.day_not_for", stage_to=stage_to)
    reason = reason.strip()
    if override and not reason:
        raise UsageError("stages.error.override_reason")
    chosen = list(dict.fromkeys(codes))
    told: list[Moved] = []

    def judged(standing: _Standing) -> tuple[tuple[Passage, ...], list[Passage]]:
        refuse_unknown(standing.city, chosen)
        passages = tuple(
            gate(
                standing.city, chosen, stage_to, standing.findings, policy.stages,
                freshness=standing.freshness,
            )
        )  # fmt: skip
        going = [one for one in passages if one.stage_from != stage_to]
        if on is not None:
            _refuse_reversed(standing.city, [one.code for one in going], _DAY_OF[stage_to], on)
        for one in going:
            if not reason and needs_reason(one.stage_from, stage_to):
                raise StageUsageError(
                    "stages.error.reason", stage_from=one.stage_from, stage_to=stage_to
                )
        held = [one for one in going if not one.allowed]
        if held and not override and not partial:
            raise HeldError(held)
        return passages, [one for one in going if one.allowed or override]

    def write(standing: _Standing, change: Transaction) -> None:
        passages, going = judged(standing)
        moves = _moves(standing, going, stage_to, reason, plan_year, override=override)
        change.move_stages(moves)
        if on is not None:
            change.put_days([one.code for one in going], _DAY_OF[stage_to], on)
        told.append(_moved(stage_to, passages, going, change.revision, written=bool(going)))

    if dry_run:
        standing = _standing(store, policy)
        passages, going = judged(standing)
        return _moved(stage_to, passages, going, standing.city.data_revision, written=False)
    _written(store, policy, actor, write)
    return told[-1]


def _refuse_reversed(
    city: City, codes: Collection[str], what: Literal["start", "finish"], day: date
) -> None:
    """Refuse a day on which works would end before they began, or begin after their end."""
    sites = city.sites[city.sites["project_code"].isin(list(codes))]
    other = sites["actual_start" if what == "finish" else "actual_finish"]
    wrong = other > pd.Timestamp(day) if what == "finish" else other < pd.Timestamp(day)
    if wrong.any():
        raise UsageError(
            f"stages.error.{what}_reversed", code=str(sites["project_code"][wrong].iloc[0]),
            day=day.isoformat(), other=str(other[wrong].iloc[0].date()),
        )  # fmt: skip


def _moved(
    stage: str,
    passages: tuple[Passage, ...],
    going: Sequence[Passage],
    revision: int,
    *,
    written: bool,
) -> Moved:
    overridden = tuple(one.code for one in going if one.blocks)
    return Moved(stage, passages, tuple(one.code for one in going), overridden, revision, written)


def _moves(
    standing: _Standing,
    going: Sequence[Passage],
    stage_to: str,
    reason: str,
    plan_year: int | None,
    *,
    override: bool,
) -> pd.DataFrame:
    years = plan_years(standing.city) if stage_to == "annual_plan" and plan_year is None else None
    found = standing.findings
    revision = None if found is None else found.data_revision
    return pd.DataFrame(
        [
            (
                one.code, one.stage_from, stage_to,
                plan_year if years is None else years[one.code], reason or None,
                json.dumps(
                    gates_document(one, overridden=override, findings_revision=revision),
                    ensure_ascii=False,
                ),
            )
            for one in going
        ],
        columns=list(MOVE_COLUMNS),
    )  # fmt: skip


def refuse_unknown(city: City, codes: Collection[str]) -> None:
    """Refuse codes that no stored project has.

    Raises
    ------
    UsageError
        With those codes.
    """
    unknown = sorted(set(codes) - set(city.projects["code"]))
    if unknown:
        raise UsageError("stages.error.unknown_codes", codes=", ".join(unknown))


def roll_plan(
    store: Store, to_year: int, *, policy: Policy, actor: str, lang: str, dry_run: bool = False
) -> Roll:
    """Roll the annual plan into ``to_year``; twice does nothing more."""
    if not 1900 <= to_year <= 2999:
        raise UsageError("stages.error.year_backwards", year=to_year)
    told: list[Roll] = []

    def rolled(standing: _Standing) -> Roll:
        return roll(
            standing.city, standing.findings, policy.stages, to_year,
            freshness=standing.freshness, lang=lang,
        )  # fmt: skip

    def write(standing: _Standing, change: Transaction) -> None:
        told.append(rolled(standing))
        change.move_stages(told[-1].moves)

    if dry_run:
        return rolled(_standing(store, policy))
    _written(store, policy, actor, write)
    return told[-1]


def roll_document(found: Roll, *, written: bool) -> dict[str, Any]:
    """Return a roll-over as machines read it."""
    return {
        "to_year": found.to_year,
        "admitted": list(found.admitted),
        "kept": list(found.kept),
        "waiting": [one.document() for one in found.waiting],
        "going_on": list(found.going_on),
        "completed": list(found.completed),
        "past_windows": list(found.past_windows),
        "year_unknown": list(found.year_unknown),
        "moves": rows(found.moves.drop(columns="gates")),
        "written": written,
    }


def put_papers(store: Store, code: str, day: date, *, actor: str) -> None:
    """Record on which day the papers of an emergency work were filed.

    Raises
    ------
    UsageError
        For an unknown project, one that is no emergency, or a day before its start.
    """
    city = store.read_city()
    refuse_unknown(city, [code])
    project = city.projects.set_index("code").loc[code]
    if "emergency" not in (project["stage"], project["work_type"]):
        raise UsageError("stages.error.not_emergency", code=code)
    own = city.sites[city.sites["project_code"] == code]
    start = own["actual_start"].fillna(own["start"]).min()
    if pd.notna(start) and pd.Timestamp(day) < start:
        raise UsageError("stages.error.papers_before", day=day.isoformat(), start=str(start.date()))
    with store.transaction(actor) as change:
        change.put_days([code], "papers", day)


def stage_report(store: Store, policy: Policy) -> dict[str, Any]:
    """Return how many projects stand where, who stands behind a gate, and how moves came about."""
    standing = _standing(store, policy)
    projects = standing.city.projects
    counts = projects["stage"].value_counts()
    years = plan_years(standing.city)
    planned = projects["stage"].isin(("annual_plan", "approved", "permitted", "in_progress"))
    by_year = years[planned.to_numpy()].value_counts().sort_index()
    events = store.stage_events()
    gates = [json.loads(one) if isinstance(one, str) else None for one in events["gates"]]
    moved = [one for one in gates if one is not None]
    return {
        "freshness": standing.freshness,
        "stages": {stage: int(counts.get(stage, 0)) for stage in STAGES},
        "without_stage": int(projects["stage"].isna().sum()),
        "planned_by_year": {str(year): int(count) for year, count in by_year.items()},
        "standing_above": [
            one.document()
            for one in standing_above(standing.city, standing.findings, policy.stages)
        ],
        "overrides": sum(bool(one.get("override")) for one in moved),
        "exempt_moves": sum(bool(one.get("exempt")) for one in moved),
        "moves_past_gates": int((events["gates"].isna() & events["stage_to"].isin(_GATED)).sum()),
    }


_GATED = ("reserve", "annual_plan", "approved", "permitted")


def emergency_report(store: Store, policy: Policy, as_of: date | None) -> dict[str, Any]:
    """Return the emergency works, their papers, and their count per unit."""
    day = day_of_judgement(store.info(), as_of)
    city = store.read_city()
    table = emergencies(city, policy, day)
    states = table["state"].value_counts()
    return {
        "as_of": str(day),
        "count": len(table),
        "states": {
            state: int(states.get(state, 0))
            for state in ("filed", "late", "due", "overdue", "unknown")
        },
        "protected": None if city.ledger is None else int(table["protected"].sum()),
        "units": rows(emergencies_by_unit(table)),
        "emergencies": rows(table),
    }


def stage_history(store: Store, code: str) -> list[dict[str, Any]]:
    """Return how a project went through the stages, oldest first."""
    refuse_unknown(store.read_city(), [code])
    told = rows(store.stage_events(code))
    for event in told:
        event["gates"] = json.loads(event["gates"]) if event["gates"] else None
    return told


def listed(
    store: Store, *, unit: str | None = None, stage: str | None = None, year: int | None = None
) -> list[dict[str, Any]]:
    """Return ``code, name, owner_unit, stage, plan_year`` of projects, in the order of codes."""
    city = store.read_city()
    if stage is not None and stage not in STAGES:
        raise UsageError("stages.error.unknown_stage", found=stage, expected=", ".join(STAGES))
    projects = city.projects.assign(plan_year=plan_years(city).array)
    for name, value in (("owner_unit", unit), ("stage", stage), ("plan_year", year)):
        if value is not None:
            projects = projects[(projects[name] == value).fillna(value=False).astype(bool)]
    names = ["code", "name", "owner_unit", "stage", "plan_year", "town", "cost_wan"]
    return rows(projects.sort_values("code", kind="stable")[names])

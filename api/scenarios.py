"""Scenarios of plans, what is accepted of them, and what owners answer: the use cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from api.planning import Planned, PlanOptions
from api.provenance import SOFTWARE_VERSION, day_of_judgement
from coordination.city import City
from coordination.faults import UsageError
from coordination.scenarios import KeptPlan, Scenario, acceptance
from coordination.schedule_wishes import Dragged, Wishes, dragged, dropping, pairs
from coordination.works import add_months
from data.store import Store

ANSWER_DAYS = 14
"""By so many days after a proposal its owner is asked to answer, unless a deadline is given."""
_PLAN_RESTS_ON = (
    "road_sections", "junctions", "ledger", "restrictions", "boundaries", "assets", "asset_lines",
    "asset_points", "policies",
)  # fmt: skip
_MOST_CHANGES = 1_000_000
_STANDING = {
    f"cost_without_moving_{level}_wan": f"cost_{level}_wan" for level in ("low", "mid", "high")
}
FIGURES = (
    "metres_opened", *_STANDING, "weighted_closed_days", "projects_moved", "hard_rules_broken",
    "findings",
)  # fmt: skip
"""Figures by which scenarios are compared.

A plan that was made again weighs moving from the days of the plan before, the first one from the filed
days: costs without moving are what can be compared.
"""


@dataclass(frozen=True)
class Asked:
    """What a person asks of a plan beyond how long to look.

    Attributes
    ----------
    base
        Name or id of the scenario from which is planned again.
    pins
        First day per code.
    forbid, force
        Pairs of codes.
    drop
        Codes that leave their bundle.
    slips
        Days, or months where the flag is set, by which projects come later than in ``base``.
    """

    base: str | None = None
    pins: Mapping[str, date] = field(default_factory=dict)
    forbid: Sequence[tuple[str, str]] = ()
    force: Sequence[tuple[str, str]] = ()
    drop: Sequence[str] = ()
    slips: Mapping[str, tuple[int, bool]] = field(default_factory=dict)


def resolved(store: Store, asked: Asked) -> tuple[Wishes, KeptPlan | None]:
    """Return the wishes with those of the scenario from which is planned again, and that scenario.

    Raises
    ------
    UsageError
        ``scenarios.unknown``, ``scenarios.slip_from`` where a slip has no scenario to compare with,
        ``scenarios.wish.unknown``, ``scenarios.wish.no_bundle``.
    """
    base = None if asked.base is None else scenario_named(store, asked.base)
    bundles: dict[str, Sequence[str]] = {}
    if asked.drop:
        accepted = store.accepted_bundles()
        bundles = {
            str(one): str(codes).split()
            for one, codes in zip(accepted["bundle_id"], accepted["codes"], strict=True)
        } | ({} if base is None else dict(base.members()))
    own = Wishes(
        pins={code: _day_number(day) for code, day in asked.pins.items()},
        slips=_slips(asked, base),
        forbid=pairs(asked.forbid),
        force=pairs(asked.force),
    )
    own = own.then(dropping(asked.drop, bundles))
    return (own if base is None else base.scenario.wishes.then(own)), base


def _slips(asked: Asked, base: KeptPlan | None) -> dict[str, int]:
    if not asked.slips:
        return {}
    if base is None:
        raise UsageError("scenarios.slip_from")
    days = base.first_days()
    found = {}
    for code, (count, months) in asked.slips.items():
        if code not in days:
            raise UsageError("scenarios.wish.unknown", code=code)
        later = add_months(np.array([days[code]], dtype=np.int64), count) if months else None
        found[code] = days[code] + count if later is None else int(later[0])
    return found


def _day_number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def refuse_name(store: Store, name: str) -> None:
    """Refuse a name under which no plan can be kept, before anybody plans.

    Raises
    ------
    UsageError
        ``scenarios.taken``, ``scenarios.no_name``.
    """
    if not name.strip():
        raise UsageError("scenarios.no_name")
    if any(one.name == name.strip() for one in store.scenarios()):
        raise UsageError("scenarios.taken", name=name.strip())


def scenario_named(store: Store, name: str) -> KeptPlan:
    """Return a scenario by name or id.

    Raises
    ------
    UsageError
        ``scenarios.unknown`` where there is none.
    """
    found = store.read_scenario(name)
    if found is None:
        raise UsageError("scenarios.unknown", name=name)
    return found


def keep(
    store: Store,
    planned: Planned,
    *,
    name: str,
    wishes: Wishes,
    base: KeptPlan | None,
    options: PlanOptions,
    actor: str,
) -> KeptPlan:
    """Keep a plan as a scenario; what it rests on is written with it.

    Raises
    ------
    UsageError
        ``scenarios.taken``.
    """
    schedule = planned.tables.schedule
    schedule = schedule.assign(
        unit=planned.problem.projects["owner_unit"].to_numpy(dtype=object),
        sites=_site_days(planned),
        **{
            column: pd.to_datetime(schedule[column])
            for column in ("filed_start", "filed_finish", "start", "finish")
        },
    )
    bundles = pd.DataFrame(planned.tables.bundles.drop(columns="geometry"))
    bundles = bundles.assign(
        **{column: pd.to_datetime(bundles[column]) for column in ("start", "finish")}
    )
    origin = planned.provenance
    told = Scenario(
        "", name.strip(), actor, "", origin.data_revision, origin.policy_version, SOFTWARE_VERSION,
        date.fromisoformat(origin.as_of), None if base is None else base.scenario.scenario_id,
        wishes, options.seed, planned.plan.reproducible, planned.tables.comparison,
    )  # fmt: skip
    with store.transaction(actor) as writing:
        scenario_id = writing.put_scenario(KeptPlan(told, schedule, bundles))
    return scenario_named(store, scenario_id)


def _site_days(planned: Planned) -> list[str]:
    """Return, per project, the days of its sites in the schedule as JSON."""
    problem, check = planned.problem, planned.plan.schedules["optimised"]
    start, finish = problem.work_days(check.start_day)
    at = planned.context.works["site"].to_numpy(dtype=np.int64)[
        problem.works["row"].to_numpy(dtype=np.int64)
    ]
    names = planned.city.sites["site_id"].to_numpy(dtype=object)[at]
    found: list[list[dict[str, str]]] = [[] for _ in range(len(problem.projects))]
    for project, name, first, end in zip(
        problem.works["project"].tolist(), names, start, finish, strict=True
    ):
        found[project].append(
            {"site_id": str(name), "start": str(np.datetime64(int(first), "D")),
             "finish": str(np.datetime64(int(end) - 1, "D"))}
        )  # fmt: skip
    return [json.dumps(one, ensure_ascii=False) for one in found]


@dataclass(frozen=True)
class Difference:
    """What one plan does otherwise than another.

    Attributes
    ----------
    figures
        Later minus earlier, by name of `FIGURES`; None where one of the two was not counted.
    dragged
        Projects that stand elsewhere, without those that were asked to.
    """

    figures: Mapping[str, float | None]
    dragged: tuple[Dragged, ...]


def difference(
    before: KeptPlan, comparison: Mapping[str, Any], days: Mapping[str, int], wishes: Wishes
) -> Difference:
    """Return what a plan does otherwise than the scenario from which was planned again.

    Parameters
    ----------
    before
        The scenario.
    comparison, days
        ``comparison.json`` and first days per code of the later plan.
    wishes
        Of the later plan: what it pins or lets slip was asked for and drags nobody.
    """
    old, new = figures_of(before.scenario.comparison), figures_of(comparison)
    figures: dict[str, float | None] = {}
    for name in FIGURES:
        one, other = old[name], new[name]
        change = None if one is None or other is None else round(other - one, 4)
        figures[name] = change or (None if change is None else 0)  # never "-0.0"
    asked = {*wishes.pins, *wishes.slips}
    return Difference(figures, dragged(before.first_days(), days, asked))


def figures_of(comparison: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the `FIGURES` of a plan, from what ``comparison.json`` holds.

    Examples
    --------
    >>> best = {"cost_low_wan": 8.0, "cost_mid_wan": 9.5, "cost_high_wan": 11.0, "moving_wan": 0.5}
    >>> figures_of({"plans": {"optimised": best}})["cost_without_moving_mid_wan"]
    9.0
    """
    best = comparison["plans"]["optimised"]
    standing = {
        name: round(float(best[whole]) - float(best["moving_wan"]), 4)
        for name, whole in _STANDING.items()
    }
    return {name: standing.get(name, best.get(name)) for name in FIGURES}


def first_days(planned: Planned) -> dict[str, int]:
    """Return the first day of each project in a plan."""
    days = planned.plan.schedules["optimised"].start_day
    return dict(zip(planned.problem.projects["code"].astype(str), days.tolist(), strict=True))


def accept(
    store: Store,
    name: str,
    *,
    actor: str,
    bundles: Sequence[str] = (),
    deadline: date | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Accept a scenario or some of its bundles: bundles hold from now on, owners get proposals.

    Raises
    ------
    UsageError
        As `coordination.scenarios.acceptance`; ``scenarios.unknown``; ``scenarios.deadline_past``.
    StoreError
        ``store.moved`` where the data moves on meanwhile.
    """
    kept = scenario_named(store, name)
    day = day_of_judgement(store.info(), today)
    now = date.fromisoformat(str(day))
    if deadline is not None and deadline < now:
        raise UsageError("scenarios.deadline_past", deadline=str(deadline), today=str(now))
    city = store.read_city()
    accepted = store.accepted_bundles()
    since = kept.scenario.data_revision
    told = store.codes_changed(since, limit=_MOST_CHANGES)
    changed = frozenset({"?"}) if told is None else told[1]
    tables = {one.table for one in store.changes(since)} & set(_PLAN_RESTS_ON)
    taken = acceptance(
        kept,
        set(bundles) or None,
        {
            str(one): str(codes).split()
            for one, codes in zip(accepted["bundle_id"], accepted["codes"], strict=True)
        },
        changed,
        sorted(tables),
    )
    places = gpd.GeoDataFrame(
        geometry=[_ground(city, str(codes).split()) for codes in taken.bundles["codes"]],
        crs=city.crs,
    )
    deadline = deadline or now + timedelta(days=ANSWER_DAYS)
    with store.transaction(actor, expect_revision=city.data_revision) as writing:
        proposed = writing.accept(kept.scenario.scenario_id, taken, places, deadline)
        revision = writing.revision
    return {
        "scenario_id": kept.scenario.scenario_id,
        "name": kept.scenario.name,
        "bundles": taken.bundles["bundle_id"].tolist(),
        "withdrawn": list(taken.withdrawn),
        "proposals": list(proposed),
        "deadline": deadline.isoformat(),
        "data_revision": revision,
    }


def _ground(city: City, codes: Sequence[str]) -> shapely.MultiPolygon:
    own = city.sites.geometry[city.sites["project_code"].isin(codes) & city.sites.geometry.notna()]
    union = shapely.union_all(np.asarray(own.array))
    parts = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def answer(
    store: Store, proposal_id: str, given: str, *, actor: str, note: str = ""
) -> dict[str, Any]:
    """Record what an owner says to a proposal, and return the proposal as it stands then."""
    with store.transaction(actor) as writing:
        writing.answer_proposal(proposal_id, given, note)
    table = store.proposals()
    return proposal_documents(table[table["proposal_id"] == proposal_id])[0]


def proposals(
    store: Store, *, unit: str | None = None, answered: bool | None = None
) -> list[dict[str, Any]]:
    """Return what was proposed to owners, all or of one unit, answered or not."""
    table = store.proposals()
    if unit is not None:
        table = table[table["unit"] == unit]
    if answered is not None:
        table = table[table["answer"].notna() == answered]
    return proposal_documents(table)


def proposal_documents(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return proposals for machines; days as ISO dates, what is missing as None."""
    return [{**one, "sites": json.loads(one["sites"] or "[]")} for one in documents(table)]


def documents(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows for machines; days as ISO dates, what is missing as None."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return value.item() if isinstance(value, np.generic) else value


def scenario_document(one: Scenario) -> dict[str, Any]:
    """Return what is known of a scenario, for machines."""
    return {
        "scenario_id": one.scenario_id,
        "name": one.name,
        "actor": one.actor,
        "at": one.at,
        "data_revision": one.data_revision,
        "policy_version": one.policy_version,
        "software_version": one.software_version,
        "as_of": one.as_of.isoformat(),
        "parent": one.parent,
        "wishes": one.wishes.document(),
        "seed": one.seed,
        "reproducible": one.reproducible,
        "comparison": dict(one.comparison),
    }


def kept_document(kept: KeptPlan) -> dict[str, Any]:
    """Return a scenario with its schedule and bundles, for machines."""
    bundles = [{**one, "codes": str(one["codes"]).split()} for one in documents(kept.bundles)]
    return {
        **scenario_document(kept.scenario),
        "schedule": documents(kept.schedule.drop(columns="sites")),
        "bundles": bundles,
    }


def delete(store: Store, name: str, *, actor: str) -> str:
    """Delete a scenario of which nothing was accepted, and return its id."""
    scenario_id = scenario_named(store, name).scenario.scenario_id
    with store.transaction(actor) as writing:
        writing.delete_scenario(scenario_id)
    return scenario_id

"""What a page or a map tells of a plan: as its reader may see it, per bundle and per road."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.audience import SOMEONE, Audience, hidden_codes
from coordination.bundling import Bundle
from coordination.city import City
from coordination.comparison import Compared, opening_labels
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import ScheduleProblem
from coordination.wording import text

Days = npt.NDArray[np.int64]
Period = tuple[int, int]


@dataclass(frozen=True)
class RoadChange:
    """What a plan does to a road.

    Attributes
    ----------
    road
        Its name.
    filed_m, scheduled_m
        Metres opened.
    filed, scheduled
        Half-open days of its openings.
    works
        Rows of ``problem.works`` that open it, in works order.
    """

    road: str
    filed_m: float
    scheduled_m: float
    filed: tuple[Period, ...]
    scheduled: tuple[Period, ...]
    works: tuple[int, ...]


def for_reader(
    compared: Compared, city: City, audience: Audience, lang: str | None = None
) -> tuple[Compared, frozenset[int]]:
    """Return a plan as a reader may see it, and the rows of the projects that stay unnamed.

    A bundle with a hidden member keeps roads, mode, and who else takes part and when. Its metres and
    money are not told, since those of the hidden one follow from them; its id, a hash of codes that could
    be guessed, gives way to a made-up one. A bundle of nobody else is left out.

    Parameters
    ----------
    compared, city
        The whole truth.
    audience
        Who reads.
    lang
        Language of the name that a hidden project goes by; None for its made-up code.
    """
    problem = compared.plan.problem
    codes = problem.projects["code"].astype("object")
    aliases = hidden_codes(city, audience)
    hidden = codes.isin(list(aliases)).to_numpy(dtype=bool)
    if not hidden.any():
        return compared, frozenset()
    if lang is not None:
        aliases = dict.fromkeys(aliases, text("report.confidential.someone", lang))
    names = {code: aliases.get(code, code) for code in codes}
    projects = problem.projects.assign(
        code=codes.map(names).to_numpy(dtype=object),
        owner_unit=problem.projects["owner_unit"].astype("object").mask(hidden),
    )
    rows = frozenset(np.flatnonzero(hidden).tolist())
    shown = replace(
        compared,
        plan=replace(compared.plan, problem=replace(problem, projects=projects)),
        bundles=tuple(
            _unnamed(one, names, rows, f"{SOMEONE}B{rank}")
            for rank, one in enumerate(compared.bundles, start=1)
            if any(member.project not in rows for member in one.members)
        ),
    )
    return shown, rows


def unveiled(rows: pd.DataFrame, hidden: frozenset[int]) -> pd.DataFrame:
    """Return the rows of `ScheduleCheck.broken` that concern no hidden project."""
    return rows[~rows[["project", "other"]].isin(hidden).any(axis=1)]


def _unnamed(bundle: Bundle, names: dict[str, str], hidden: frozenset[int], alias: str) -> Bundle:
    if not any(one.project in hidden for one in bundle.members):
        return bundle
    members = tuple(
        replace(
            one,
            code=names[one.code],
            unit=None if one.project in hidden else one.unit,
            shares=tuple(names[code] for code in one.shares),
            alone=tuple(names[code] for code in one.alone),
            length_m=0.0,
            lost_fen=0,
        )
        for one in bundle.members
    )
    open_units = {one.unit for one in members}
    seen = [one for one in members if one.project not in hidden]
    return replace(
        bundle,
        bundle_id=alias,
        members=members,
        lead_unit=bundle.lead_unit if bundle.lead_unit in open_units else None,
        partner_units=tuple(unit for unit in bundle.partner_units if unit in open_units),
        start_day=min(one.start_day for one in seen),
        finish_day=max(one.finish_day for one in seen),
        length_m=0.0,
        apart_fen=(0, 0, 0),
        together_fen=(0, 0, 0),
        saved_fen=(0, 0, 0),
        metres_saved=0.0,
        veiled=True,
    )


def road_changes(compared: Compared) -> tuple[RoadChange, ...]:
    """Return the roads of which the plan opens fewer metres than was filed, the most saved first.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_check import check_schedule
    >>> from types import SimpleNamespace
    >>> problem = two_streets()
    >>> plans = {"as_filed": check_schedule(problem, problem.filed()),
    ...     "optimised": check_schedule(problem, [0, 10, 50, 50])}
    >>> found = road_changes(SimpleNamespace(
    ...     plan=SimpleNamespace(problem=problem, schedules=plans)))
    >>> [(one.road, one.filed_m, one.scheduled_m, len(one.scheduled)) for one in found]
    [('R', 400.0, 200.0, 2)]
    """
    problem = compared.plan.problem
    road = problem.stretches["road"].astype("object").fillna("").to_numpy(dtype=object)
    tables = [
        _openings_of(problem, compared.plan.schedules[name], road)
        for name in ("as_filed", "optimised")
    ]
    metres = [table.groupby("road")["length_m"].sum() for table in tables]
    saved = metres[0].sub(metres[1], fill_value=0.0)
    saved = saved[(saved > 0.5) & (saved.index != "")]
    order = saved.sort_values(ascending=False, kind="stable").index
    layer = problem.works["layer_low"].to_numpy(dtype=np.int64)
    start, _ = problem.work_days(compared.plan.schedules["optimised"].start_day)
    members = pd.DataFrame(
        {
            "road": road[problem.members["stretch"].to_numpy(dtype=np.int64)],
            "work": problem.members["work"].to_numpy(dtype=np.int64),
        }
    ).drop_duplicates()
    on = members.groupby("road")["work"]
    periods = [
        table.groupby(["road", "label"]).agg(first=("start_day", "min"), end=("finish_day", "max"))
        for table in tables
    ]
    return tuple(
        RoadChange(
            road=name,
            filed_m=float(metres[0][name]),
            scheduled_m=float(metres[1][name]),
            filed=_periods(periods[0], name),
            scheduled=_periods(periods[1], name),
            works=tuple(
                sorted(on.get_group(name).tolist(), key=lambda work: (layer[work], start[work]))
            ),
        )
        for name in order
    )


def _openings_of(
    problem: ScheduleProblem, check: ScheduleCheck, road: npt.NDArray[np.object_]
) -> pd.DataFrame:
    stretch = check.openings["stretch"].to_numpy(dtype=np.int64)
    return check.openings[["start_day", "finish_day"]].assign(
        road=road[stretch],
        length_m=problem.stretches["length_m"].to_numpy(dtype=float)[stretch],
        label=opening_labels(problem, check),
    )


def _periods(table: pd.DataFrame, road: str) -> tuple[Period, ...]:
    rows = table.loc[road]
    return tuple(
        (int(first), int(end)) for first, end in zip(rows["first"], rows["end"], strict=True)
    )

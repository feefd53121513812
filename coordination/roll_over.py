"""The plan rolls from year to year: what was not begun is carried over and keeps its history."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd

from coordination.city import City
from coordination.findings import Findings
from coordination.stage_policy import StagePolicy
from coordination.stages import Freshness, Passage, gate, gates_document
from coordination.wording import text

MOVE_COLUMNS = ("code", "stage_from", "stage_to", "plan_year", "reason", "gates")
"""A move of a stage as a store takes it; moves of one project come in their order. ``gates`` is the
JSON of `coordination.stages.gates_document`; ``plan_year`` missing leaves the year as it is."""

_PLANNED = ("annual_plan", "approved", "permitted", "carried_over")


@dataclass(frozen=True)
class Roll:
    """What rolling the plan into a year does.

    Attributes
    ----------
    to_year
        The new year.
    moves
        `MOVE_COLUMNS`: nothing when the plan stands there already.
    admitted
        Projects that enter the plan of the new year.
    kept
        Approved or permitted ones: the approval stands, only the year moves.
    waiting
        Carried over, but held before the plan's gate, each with what holds it.
    going_on
        Projects of earlier years that have begun: they keep their stage and year.
    completed
        Completed projects of the year before.
    past_windows
        Carried-over projects whose window ended before the new year: new dates are needed.
    year_unknown
        Planned projects that state no year and no start: left alone.
    """

    to_year: int
    moves: pd.DataFrame
    admitted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    waiting: tuple[Passage, ...] = ()
    going_on: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()
    past_windows: tuple[str, ...] = ()
    year_unknown: tuple[str, ...] = ()


def plan_years(city: City) -> pd.Series[int]:
    """Return the plan year of each project: as stated, else the year of its first filed start.

    Returns
    -------
    pandas.Series
        Nullable integers by code.
    """
    starts = city.sites.groupby("project_code")["start"].min() if len(city.sites) else None
    stated = city.projects.set_index("code")["plan_year"].astype("Int64")
    if starts is None:
        return stated
    filed = pd.DatetimeIndex(starts.reindex(stated.index)).year
    return stated.fillna(pd.Series(filed, index=stated.index, dtype="Float64").astype("Int64"))


def roll(
    city: City,
    findings: Findings | None,
    policy: StagePolicy,
    to_year: int,
    *,
    freshness: Freshness = "fresh",
    lang: str = "zh",
) -> Roll:
    """Return what has to move for the plan of ``to_year``; doing it twice does nothing more.

    What is in the annual plan of an earlier year and not begun is carried over (``carried_over``),
    and enters the new plan through its gate; what the gate holds waits there. Approved and permitted
    projects that have not begun keep their stage, since an approval does not lapse with the year,
    and count for the new one.

    Parameters
    ----------
    city, findings, policy, freshness
        As in `coordination.stages.gate`.
    to_year
        The new year.
    lang
        Language of the reasons that stand in the history.
    """
    projects = city.projects.set_index("code", drop=False)
    years = plan_years(city)
    sites = city.sites.groupby("project_code")
    begun = sites["actual_start"].max().reindex(projects.index).notna()
    begun |= projects["stage"].eq("in_progress")
    planned = projects["stage"].isin(_PLANNED)
    early = (years < to_year).fillna(value=False).astype(bool)
    waits = projects["stage"].eq("carried_over") & ~(years > to_year).fillna(value=False).astype(
        bool
    )
    # A year that only the window tells is said of the project from now on.
    unknown = years.isna() & planned & ~waits & ~begun

    out_of_plan = projects["stage"].eq("annual_plan") & early & ~begun
    kept = projects["stage"].isin(("approved", "permitted")) & early & ~begun
    candidates = [*projects.index[out_of_plan | waits]]
    carried = projects.index.isin(candidates)
    as_carried = city.projects.assign(
        stage=city.projects["stage"].mask(
            pd.Series(carried, index=city.projects.index), "carried_over"
        )
    )
    passages = gate(
        City(city.crs, as_carried, city.sites), candidates, "annual_plan", findings, policy,
        freshness=freshness,
    )  # fmt: skip
    stated = projects["plan_year"].astype("object").to_dict()
    rows: list[tuple[str, str, str, int, str, str]] = []
    for passage in passages:
        code = passage.code
        year = years[code]
        last = to_year - 1 if pd.isna(year) else int(year)
        why = text("stages.reason.roll", lang, year=last)
        stands = stated.get(code) == to_year
        held = json.dumps(gates_document(passage), ensure_ascii=False)
        if projects.loc[code, "stage"] == "annual_plan":
            rows.append((code, "annual_plan", "carried_over", to_year, why, held))
        elif not passage.allowed and not stands:
            rows.append((code, "carried_over", "carried_over", to_year, why, held))
        if passage.allowed:
            admit = text("stages.reason.roll_admit", lang, year=to_year)
            rows.append((code, "carried_over", "annual_plan", to_year, admit, held))
    for code in projects.index[kept]:
        stage = str(projects.loc[code, "stage"])
        why = text("stages.reason.roll", lang, year=int(years[code]))
        rows.append((str(code), stage, stage, to_year, why, "{}"))
    finishes = sites["finish"].max().reindex(projects.index)
    moved = pd.Series(carried, index=projects.index) | kept
    past = moved & (finishes < pd.Timestamp(to_year, 1, 1))
    return Roll(
        to_year=to_year,
        moves=pd.DataFrame(rows, columns=list(MOVE_COLUMNS)),
        admitted=tuple(one.code for one in passages if one.allowed),
        kept=_codes(kept),
        waiting=tuple(one for one in passages if not one.allowed),
        going_on=_codes(begun & early & ~projects["stage"].isin(("completed", "withdrawn"))),
        completed=_codes(projects["stage"].eq("completed") & (years == to_year - 1)),
        past_windows=_codes(past),
        year_unknown=_codes(unknown),
    )


def _codes(flags: pd.Series[bool]) -> tuple[str, ...]:
    plain = flags.fillna(value=False).astype(bool)
    return tuple(str(code) for code in plain.index[plain])

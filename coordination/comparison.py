"""The plans side by side: as filed, by hand rule, greedy, optimised, and what nobody can beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.bundle_groups import bundle_groups
from coordination.bundling import Bundle, bundle_id, bundles
from coordination.city import City
from coordination.detection import RULES, look, run_rules
from coordination.policy import Policy
from coordination.rules.protocol import Context, Rule
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_problem import FEN_PER_WAN, ScheduleProblem
from coordination.scheduling import PLANS, Plan
from geo.line_parts import connected

COMPARED = (*PLANS, "bound")


@dataclass(frozen=True)
class Compared:
    """A plan beside the others.

    Attributes
    ----------
    plan
        The plan.
    bundles
        Its bundles.
    findings
        How many findings each plan leaves, its bundles taken as accepted; None where not counted.
    """

    plan: Plan
    bundles: tuple[Bundle, ...]
    findings: Mapping[str, int] | None

    def table(self) -> dict[str, dict[str, Any]]:
        """Return what ``comparison.json`` holds per plan of `COMPARED`."""
        rows: dict[str, dict[str, Any]] = {
            name: self._row(name, check) for name, check in self.plan.schedules.items()
        }
        rows["bound"] = dict.fromkeys(rows["as_filed"], None) | {
            "metres_opened": round(self.plan.bound_metres, 1),
            "cost_mid_wan": round(self.plan.bound_fen / FEN_PER_WAN, 4),
        }
        return {name: rows[name] for name in COMPARED}

    def _row(self, name: str, check: ScheduleCheck) -> dict[str, Any]:
        problem = self.plan.problem
        low, mid, high = (round(fen / FEN_PER_WAN, 4) for fen in check.cost_fen)
        moved = check.start_day != problem.filed()
        days = np.abs(check.start_day - problem.filed())
        return {
            "metres_opened": round(check.metres_opened, 1),
            "openings": count_openings(problem, check),
            "weighted_closed_days": round(check.weighted_closed_days, 1),
            "cost_low_wan": low,
            "cost_mid_wan": mid,
            "cost_high_wan": high,
            "reinstatement_wan": round(check.reinstatement_fen[1] / FEN_PER_WAN, 4),
            "occupation_wan": round(check.occupation_fen / FEN_PER_WAN, 4),
            "fees_wan": round(check.fees_fen[1] / FEN_PER_WAN, 4),
            "moving_wan": round(check.moving_fen / FEN_PER_WAN, 4),
            "projects_moved": int(moved.sum()),
            "days_moved": int(days.sum()),
            "hard_rules_broken": len(check.broken),
            "findings": None if self.findings is None else self.findings[name],
        }


def compare_plans(
    plan: Plan,
    context: Context,
    *,
    count: bool = True,
    rules: Sequence[Rule] = RULES,
) -> Compared:
    """Return the plan with its bundles, and the findings that it and the others leave.

    Parameters
    ----------
    plan
        The plan.
    context
        `coordination.detection.look` at the city from which its problem was made.
    count
        Whether to run the rules over each plan.
    rules
        The rules.
    """
    findings = None
    if count:
        as_of = np.datetime64(context.as_of_day, "D")
        findings = {
            name: count_findings(
                scheduled_city(context.city, context, plan.problem, check)
                if name != "as_filed" else context.city,
                context.policy, as_of=as_of, rules=rules,
            )
            for name, check in plan.schedules.items()
        }  # fmt: skip
    held = bundles(plan.problem, plan.schedules["optimised"], context)
    return Compared(plan, held, findings)


def scheduled_city(
    city: City,
    context: Context,
    problem: ScheduleProblem,
    check: ScheduleCheck,
) -> City:
    """Return the city as a schedule would have it: moved dates to the day, its bundles accepted.

    Bundles for traffic management only join no openings, and are left out.

    Parameters
    ----------
    city
        The tables.
    context
        What the rules saw of it.
    problem, check
        The problem and the schedule; a project that does not move keeps its dates as they are filed.
    """
    start, finish = problem.work_days(check.start_day)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    moves = problem.movable()[project]
    row = problem.works["row"].to_numpy(dtype=np.int64)[moves]
    site = context.works["site"].to_numpy(dtype=np.int64)[row]
    first = pd.to_datetime(start[moves].astype("datetime64[D]"))
    last = pd.to_datetime((finish[moves] - 1).astype("datetime64[D]"))
    values: dict[str, Any] = {
        "start": first, "finish": last, "start_precision": "day", "finish_precision": "day",
        "duration_days": finish[moves] - start[moves],
    }  # fmt: skip
    sites = city.sites.assign(
        **{
            name: _put(city.sites[name], site, value)
            for name, value in values.items()
            if name in city.sites
        }
    )
    code = problem.projects["code"].to_numpy(dtype=object)
    groups = [np.unique(one["project"]) for one in bundle_groups(problem, check, context)]
    joined = [
        {"bundle_id": bundle_id(code[one].tolist()), "code": member}
        for one in groups
        for member in code[one]
    ]
    table = pd.concat([city.bundles, pd.DataFrame(joined, columns=["bundle_id", "code"])])
    return replace(city, sites=sites, bundles=table.reset_index(drop=True))


def _put(column: pd.Series[Any], at: npt.NDArray[np.int64], values: Any) -> pd.Series[Any]:
    changed = column.copy()
    changed.iloc[at] = values
    return changed


def count_findings(
    city: City, policy: Policy, *, as_of: np.datetime64, rules: Sequence[Rule] = RULES
) -> int:
    """Return how many findings a city has: one per rule, pair and road, as `detect` tells them.

    Parameters
    ----------
    city, policy, as_of, rules
        As for `coordination.detection.detect`.
    """
    context = look(city, policy, as_of)
    found, _ = run_rules(city, context, rules)
    total = 0
    for _, one in found:
        pairs = one.pairs
        left, right = (
            pairs[name].astype("object").fillna("") for name in ("code_left", "code_right")
        )
        swapped = left > right
        keys = pd.DataFrame(
            {
                "a": right.where(swapped, left),
                "b": left.where(swapped, right),
                "kind": pairs["kind_right"].astype("object"),
                "road": pairs["road"].astype("object").fillna(""),
            }
        )
        total += len(keys.drop_duplicates())
    return total


def count_openings(problem: ScheduleProblem, check: ScheduleCheck) -> int:
    """Return the openings of a schedule; those of one project on one section count once.

    The plain number changes when one more project splits a stretch.

    Examples
    --------
    >>> from coordination.schedule_check import check_schedule
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> count_openings(problem, check_schedule(problem, problem.filed()))
    4
    """
    return len(np.unique(opening_labels(problem, check)))


def opening_labels(problem: ScheduleProblem, check: ScheduleCheck) -> npt.NDArray[np.int64]:
    """Return a label per row of ``check.openings``: equal where one work on one section joins them."""
    stretch = problem.members["stretch"].to_numpy(dtype=np.int64)
    work = problem.members["work"].to_numpy(dtype=np.int64)
    section = problem.stretches["section"].to_numpy(dtype=np.int64)[stretch]
    # Off the roads every piece of ground is a place of its own.
    place = np.where(section >= 0, section, -1 - stretch)
    keys = pd.DataFrame({"place": place, "work": work}).groupby(["place", "work"]).ngroup()
    first = pd.Series(check.opening).groupby(keys.to_numpy()).transform("first").to_numpy()
    return connected(len(check.openings), check.opening, first)

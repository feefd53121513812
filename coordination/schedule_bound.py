"""What no schedule can beat: each stretch looked at alone.

On its own a stretch is opened as seldom, and as cheaply, as the windows of its works allow; in a whole
schedule the same works are also wanted elsewhere. So the sum over the stretches is never more than what
any schedule costs (moving left aside). A set of works of which no two can be joined is no bound: a third
may join them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import DECIMETRES, Effort, solve
from coordination.schedule_starts import Starts, starts
from coordination.schedule_stretches import StretchGroup, stretch_groups


@dataclass(frozen=True)
class Bound:
    """Least that the stretches cost.

    Attributes
    ----------
    metres
        Metres opened, m.
    money_fen
        Reinstatement and closed days, fen.
    groups
        ``openings`` and ``fen`` per group of `stretch_groups`, in its order.
    """

    metres: float
    money_fen: float
    groups: pd.DataFrame


def stretch_bound(problem: ScheduleProblem, free: Starts, effort: Effort) -> Bound:
    """Return the sum of the least costs of all stretches, each looked at alone.

    Rules between two works are left out: without them it can only be cheaper.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    effort
        Of the solver, for each group of stretches with three works or more.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> bound = stretch_bound(problem, starts(problem), Effort(1.0, 10.0))
    >>> bound.metres, bound.money_fen
    (200.0, 13800000.0)
    """
    rows = []
    groups = stretch_groups(problem)
    for group in groups:
        if len(group.works) == 1:
            rows.append((1, _alone(problem, group)))
        elif len(group.works) == 2 and not _may_rest(problem, group):
            rows.append(_of_two(problem, free, group))
        else:
            rows.append(_of_many(problem, group, effort))
    table = pd.DataFrame(rows, columns=["openings", "fen"])
    length = np.array([group.length_m for group in groups], dtype=float)
    return Bound(
        metres=float((table["openings"].to_numpy(dtype=float) * length).sum()),
        money_fen=float(table["fen"].sum()),
        groups=table,
    )


def _alone(problem: ScheduleProblem, group: StretchGroup) -> float:
    days = problem.works["days"].to_numpy(dtype=np.int64)
    return float(sum(group.mid_fen) + group.day_fen * int(days[list(group.works)].sum()))


def _may_rest(problem: ScheduleProblem, group: StretchGroup) -> bool:
    pauses = problem.barred.loc[problem.barred["pause"].astype(bool), "work"]
    joined = [label[list(group.works)] for label in (problem.bundle, problem.dependent)]
    tied = any((label >= 0).sum() > len(set(label[label >= 0].tolist())) for label in joined)
    return bool(pauses.isin(group.works).any()) or tied


def _of_two(problem: ScheduleProblem, free: Starts, group: StretchGroup) -> tuple[int, float]:
    """Return least openings and cost of two works: one opening where a start of both allows it.

    With the second starting ``shift`` days after the first, one opening lasts from the earlier start
    to the later finish; the shortest is where the shorter lies inside the longer.
    """
    one, other = group.works
    days = problem.works["days"].to_numpy(dtype=np.int64)
    offset = problem.works["offset_days"].to_numpy(dtype=np.int64)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    first, second = int(days[one]), int(days[other])
    apart = _alone(problem, group)
    if max(first, second) > problem.max_opening_days:
        return 2, apart
    between = int(offset[other] - offset[one])
    if project[one] == project[other]:
        low = high = np.array([between])
    else:
        (low_a, high_a), (low_b, high_b) = free.of(int(project[one])), free.of(int(project[other]))
        low = (low_b[None, :] - high_a[:, None]).ravel() + between
        high = (high_b[None, :] - low_a[:, None]).ravel() + between
    # Linked: either starts before the other's finish and the days that still count as one opening.
    least, most = 1 - second - problem.link_days, first + problem.link_days - 1
    low, high = np.maximum(low, least), np.minimum(high, most)
    some = low <= high
    if not some.any():
        return 2, apart
    best_low = min(0, first - second)
    shift = np.where(high[some] < best_low, high[some], np.maximum(low[some], best_low))
    hull = np.maximum(first, shift + second) - np.minimum(0, shift)
    shortest = int(hull.min())
    if shortest > problem.max_opening_days:
        return 2, apart
    joined = float(max(group.mid_fen) + group.day_fen * shortest)
    return 1, min(joined, apart)


def _of_many(problem: ScheduleProblem, group: StretchGroup, effort: Effort) -> tuple[int, float]:
    """Return what the solver proves of one group alone; where it proves nothing, the least there is."""
    alone = _only(problem, group)
    own = starts(alone)
    day = np.array([int(own.of(at)[0][0]) for at in range(len(alone.projects))], dtype=np.int64)
    every = np.ones(len(day), dtype=bool)
    dearest = float(max(group.mid_fen))
    money = solve(alone, own, day, every, effort)
    fen = dearest if money.bound is None else max(money.bound, dearest)
    metres = solve(alone, own, money.start_day, every, effort, objective="metres")
    count = 1.0
    if metres.bound is not None and group.length_m > 0:
        count = metres.bound / max(round(group.length_m * DECIMETRES), 1)
    return max(1, int(np.ceil(count - 0.01))), fen


def _only(problem: ScheduleProblem, group: StretchGroup) -> ScheduleProblem:
    """Return the works of one group on its stretches, free of all rules about two and of moving."""
    project = problem.works["project"].to_numpy(dtype=np.int64)
    keep = np.zeros(len(problem.projects), dtype=bool)
    keep[project[list(group.works)]] = True
    stretches = problem.members["stretch"].isin(group.stretches)
    bare = {
        name: getattr(problem, name).iloc[0:0]
        for name in ("order", "locks", "apart", "depends", "crews", "corridors", "forbid", "force")
    }
    part, _ = part_of(
        replace(problem, members=problem.members[stretches].reset_index(drop=True), **bare), keep
    )
    return replace(part, projects=part.projects.assign(move_fen_day=0))

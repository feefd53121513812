"""A schedule brought to keep what a coordinator asked of pairs, before the search makes it cheaper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import check_schedule
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import Effort, solve
from coordination.schedule_starts import starts
from coordination.schedule_wish_rules import joined_projects

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_EFFORT = Effort(3.0, 30.0)


def keep_wishes(problem: ScheduleProblem, day: Days, label: Rows, *, seed: int = 0) -> Days:
    """Return a schedule that keeps the wishes about pairs where that is found, pair by pair.

    First the two alone are set free; where that does not do, with all that open ground beside them. Nothing
    is accepted that breaks more rules than before.

    Parameters
    ----------
    problem
        What is scheduled.
    day
        First days to begin with, each admitted, shape ``(projects,)``.
    label
        The part of each project (`coordination.schedule_parts.core_of`), shape ``(projects,)``.
    seed
        For what the solver draws at random.
    """
    day = np.asarray(day, dtype=np.int64).copy()
    for rule in ("force", "forbid"):
        pairs = getattr(problem, rule)[["left", "right"]].to_numpy(dtype=np.int64).tolist()
        for left, right in pairs:
            part, rows = part_of(problem, label == label[left])
            for chosen in (_pair(rows, left, right), _beside(part, _pair(rows, left, right))):
                before = check_schedule(part, day[rows])
                joined = joined_projects(part, before.opening)
                two = tuple(np.flatnonzero(_pair(rows, left, right)).tolist())
                if (two in joined) == (rule == "force"):
                    break
                effort = Effort(_EFFORT.deterministic_s, _EFFORT.wall_s, seed)
                found = solve(part, starts(part), day[rows], chosen, effort)
                if len(check_schedule(part, found.start_day).broken) < len(before.broken):
                    day[rows] = found.start_day
    return day


def _pair(rows: Rows, left: int, right: int) -> npt.NDArray[np.bool_]:
    return np.isin(rows, [left, right])


def _beside(part: ScheduleProblem, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return these projects and all with which they open a stretch."""
    project = part.works["project"].to_numpy(dtype=np.int64)
    member = project[part.members["work"].to_numpy(dtype=np.int64)]
    stretch = part.members["stretch"].to_numpy(dtype=np.int64)
    touched = np.isin(stretch, stretch[chosen[member]])
    beside = chosen.copy()
    beside[member[touched]] = True
    return beside

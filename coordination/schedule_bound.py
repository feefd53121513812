"""What no schedule can beat: the stretches shared out among small problems, each solved by itself.

A schedule of the whole is also one of every small problem, so its cost is never less than the sum of
what each of them costs at least. The more projects a small problem holds, the more of what pulls a
project to and fro is inside it, and the nearer comes the sum. Two works of which neither can be joined
to the other are no reason for two openings: a third may join them; therefore each small problem is a
problem of the same kind and no count of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_parts import kept_rules
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import MIXED, Effort, solve
from coordination.schedule_starts import Starts, starts
from coordination.schedule_stretches import opening_labels, reach_of

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

CLUSTER_PROJECTS = 100
"""So many projects are in a small problem."""
_LEAST_S = 0.02
_RULES = ("order", "locks", "apart", "depends", "crews", "corridors")


@dataclass(frozen=True)
class Bound:
    """Least that the stretches cost.

    Attributes
    ----------
    metres
        Metres opened, m.
    money_fen
        Reinstatement, closed days and moving, fen.
    used_s
        Deterministic seconds that it took to find.
    """

    metres: float
    money_fen: float
    used_s: float


def cluster_bound(
    problem: ScheduleProblem,
    free: Starts,
    effort: Effort,
    start_day: Days | None = None,
    *,
    projects: int = CLUSTER_PROJECTS,
) -> Bound:
    """Return the sum of the least costs of the stretches, some of them at a time.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    effort
        Of the solver, in all.
    start_day
        Days of a schedule, shape ``(projects,)``: then the bound is one of all schedules that keep the
        rules which this one keeps. Without them rules between works are left out: it can only be
        cheaper.
    projects
        Most projects of a small problem, but for stretches that alone have more.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> bound = cluster_bound(problem, starts(problem), Effort(1.0, 10.0), projects=1)
    >>> bound.metres, bound.money_fen
    (200.0, 14180000.0)
    """
    if start_day is None:
        problem = _without(problem, _RULES)
        start_day = np.array([int(free.of(at)[0][0]) for at in range(len(free.kept))])
    else:
        problem = kept_rules(problem, start_day)
    # A pair that shall share an opening need not do so on the stretches of one small problem.
    problem = _without(problem, ("forbid", "force"))
    project = problem.works["project"].to_numpy(dtype=np.int64)
    member = project[problem.members["work"].to_numpy(dtype=np.int64)]
    label = opening_labels(problem, reach_of(problem, free))
    number = clusters(label, member, projects)
    told = np.zeros(len(problem.projects), dtype=bool)
    metres = fen = used_s = 0.0
    count = int(number.max(initial=-1)) + 1
    left_s = effort.deterministic_s
    # Small ones first: what they do not use is left to the large ones.
    sizes = np.bincount(number, minlength=count)
    weight_left = float(sizes.sum())
    for at in np.argsort(sizes, kind="stable").tolist():
        own = np.flatnonzero(number == at)
        keep = np.zeros(len(problem.projects), dtype=bool)
        keep[member[own]] = True
        # What moving a project weighs is counted once.
        rate = problem.projects["move_fen_day"].to_numpy(dtype=np.int64)
        part, rows = part_of(
            replace(
                problem,
                members=problem.members.iloc[own].reset_index(drop=True),
                projects=problem.projects.assign(move_fen_day=np.where(told, 0, rate)),
            ),
            keep,
        )
        told |= keep
        own_starts, every = starts(part), np.ones(len(rows), dtype=bool)
        seconds = max(left_s * sizes[at] / weight_left, _LEAST_S)
        weight_left -= sizes[at]
        each = replace(effort, deterministic_s=seconds / 2, by_cores=len(rows) > MIXED)
        for objective in ("money", "metres"):
            found = solve(
                part, own_starts, start_day[rows], every, each,
                objective=objective, chooses_rules=False,
            )  # fmt: skip
            used_s += found.used_s
            left_s = max(left_s - found.used_s, 0.0)
            least = max(found.bound or 0.0, 0.0)
            metres += least if objective == "metres" else 0.0
            fen += least if objective == "money" else 0.0
    return Bound(metres, fen, used_s)


def _without(problem: ScheduleProblem, names: Sequence[str]) -> ScheduleProblem:
    bare = {name: getattr(problem, name).iloc[0:0] for name in names}
    return replace(problem, **bare)


def clusters(label: Rows, project: Rows, most: int) -> Rows:
    """Return a number per entry: entries of one label together, few projects to a number.

    Parameters
    ----------
    label, project
        Per entry, shape ``(n,)``.
    most
        Projects of a number, but for labels that alone have more.

    Examples
    --------
    >>> clusters(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 5]), 3).tolist()
    [0, 0, 0, 0, 1]
    """
    held: dict[int, set[int]] = {}
    of_project: dict[int, set[int]] = {}
    for of, one in zip(label.tolist(), project.tolist(), strict=True):
        held.setdefault(of, set()).add(one)
        of_project.setdefault(one, set()).add(of)
    numbers: dict[int, int] = {}
    number = 0
    for first in sorted(held, key=lambda of: (-len(held[of]), of)):
        if first in numbers:
            continue
        inside: set[int] = set()
        beside: set[int] = set()
        best: int | None = first
        while best is not None:
            numbers[best] = number
            for one in held[best] - inside:
                beside |= of_project[one]
            inside |= held[best]
            beside = {of for of in beside if of not in numbers}
            best = _nearest(held, beside, inside, most)
        number += 1
    return np.array([numbers[of] for of in label.tolist()], dtype=np.int64)


def _nearest(
    held: Mapping[int, set[int]], beside: set[int], inside: set[int], most: int
) -> int | None:
    """Return which label to take next: the one that shares most and adds least."""
    fits = [of for of in beside if len(held[of] | inside) <= most]
    if not fits:
        return None
    return min(fits, key=lambda of: (len(held[of] - inside), -len(held[of] & inside), of))

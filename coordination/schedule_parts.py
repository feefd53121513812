"""What of a problem is left to decide, and the parts into which that falls.

A rule that every admitted day keeps, or none, decides nothing: the one is never broken, the other always.
Without them a plan falls into many more parts, and what is left can mostly be kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_check import check_schedule, lock_end, project_finish
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from coordination.schedule_stretches import Reach, reach_of, sharing
from geo.line_parts import connected

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Core:
    """A problem without the rules that decide nothing.

    Attributes
    ----------
    problem
        The same projects, works and stretches.
    fees_fen
        Fees that every schedule pays: mid value.
    label
        The part of each project, by its smallest project, shape ``(projects,)``: parts share no
        opening and no rule.
    """

    problem: ScheduleProblem
    fees_fen: int
    label: Rows


def core_of(problem: ScheduleProblem, free: Starts) -> Core:
    """Return what is left to decide.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> core = core_of(two_streets(), starts(two_streets()))
    >>> core.label.tolist(), core.fees_fen
    ([0, 0, 2, 2], 0)
    """
    reach = reach_of(problem, free)
    stays = ~problem.movable() | free.kept
    project = problem.works["project"].to_numpy(dtype=np.int64)
    barred = problem.barred
    of_stayer = stays[project[barred["work"].to_numpy(dtype=np.int64)]]
    of_stayer &= ~barred["pause"].to_numpy(dtype=bool)
    open_locks, shut_locks = _locks(problem, reach)
    # What a dropped row costs it costs on every day, so also on the filed ones.
    paid = check_schedule(
        replace(problem, barred=barred[of_stayer | barred["pause"].to_numpy(dtype=bool)],
                locks=problem.locks[shut_locks]),
        problem.filed(),
    ).fees_fen[1]  # fmt: skip
    core = replace(
        problem,
        barred=barred[~of_stayer].reset_index(drop=True),
        order=problem.order[_order(problem, reach)].reset_index(drop=True),
        locks=problem.locks[open_locks].reset_index(drop=True),
        apart=problem.apart[_apart(problem, reach)].reset_index(drop=True),
        depends=problem.depends[_depends(problem, free)].reset_index(drop=True),
        crews=_crowded(problem.crews, "unit", problem.crews_most),
        corridors=_crowded(problem.corridors, "corridor", problem.corridors_most),
    )
    return Core(core, paid, _label(core, reach))


def _open(always: Flags, never: Flags) -> Flags:
    return np.asarray(~always & ~never, dtype=bool)


def _order(problem: ScheduleProblem, reach: Reach) -> Flags:
    lower, upper = (problem.order[name].to_numpy(dtype=np.int64) for name in ("lower", "upper"))
    months = np.full(len(lower), problem.order_months, dtype=np.int64)
    always = reach.finish_high[lower] <= reach.finish_low[upper]
    always |= reach.finish_low[lower] > lock_end(reach.finish_high[upper], months)
    never = reach.finish_low[lower] > reach.finish_high[upper]
    never &= reach.finish_high[lower] <= lock_end(reach.finish_low[upper], months)
    return _open(always, never)


def _locks(problem: ScheduleProblem, reach: Reach) -> tuple[Flags, Flags]:
    """Return which locks are left to decide, and which are broken on every day."""
    dig, surface, months = (
        problem.locks[name].to_numpy(dtype=np.int64) for name in ("dig", "surface", "months")
    )
    always = reach.finish_high[dig] <= reach.finish_low[surface]
    always |= reach.start_low[dig] >= lock_end(reach.finish_high[surface], months)
    never = reach.finish_low[dig] > reach.finish_high[surface]
    never &= reach.start_high[dig] < lock_end(reach.finish_low[surface], months)
    return _open(always, never), np.asarray(never, dtype=bool)


def _apart(problem: ScheduleProblem, reach: Reach) -> Flags:
    left, right = (problem.apart[name].to_numpy(dtype=np.int64) for name in ("left", "right"))
    always = reach.finish_high[left] <= reach.start_low[right]
    always |= reach.finish_high[right] <= reach.start_low[left]
    never = reach.start_high[left] < reach.finish_low[right]
    never &= reach.start_high[right] < reach.finish_low[left]
    return _open(always, never)


def _depends(problem: ScheduleProblem, free: Starts) -> Flags:
    later, earlier = (
        problem.depends[name].to_numpy(dtype=np.int64) for name in ("later", "earlier")
    )
    first, last = free.ends()
    filed = problem.filed()
    first, last = np.minimum(first, filed), np.maximum(last, filed)
    always = first[later] >= project_finish(problem, last)[earlier]
    never = last[later] < project_finish(problem, first)[earlier]
    return _open(always, never)


def _crowded(table: pd.DataFrame, group: str, most: Rows) -> pd.DataFrame:
    """Return the rows of groups that are larger than what may go on at once."""
    number = table[group].to_numpy(dtype=np.int64)
    size = np.bincount(number, minlength=len(most))
    kept: pd.DataFrame = table[size[number] > most[number]].reset_index(drop=True)
    return kept


def _label(problem: ScheduleProblem, reach: Reach) -> Rows:
    project = problem.works["project"].to_numpy(dtype=np.int64)
    member = project[problem.members["work"].to_numpy(dtype=np.int64)]
    one, other = sharing(problem, reach)
    left, right = [member[one]], [member[other]]
    for table, first, second in (
        (problem.order, "lower", "upper"), (problem.locks, "dig", "surface"),
        (problem.apart, "left", "right"),
    ):  # fmt: skip
        left.append(project[table[first].to_numpy(dtype=np.int64)])
        right.append(project[table[second].to_numpy(dtype=np.int64)])
    for number, tied in (
        (problem.crews["unit"], problem.crews["project"].to_numpy(dtype=np.int64)),
        (
            problem.corridors["corridor"],
            project[problem.corridors["work"].to_numpy(dtype=np.int64)],
        ),
    ):
        _, lead, group = np.unique(
            number.to_numpy(dtype=np.int64), return_index=True, return_inverse=True
        )
        left.append(tied[lead[group]])
        right.append(tied)
    for table, first, second in (
        (problem.depends, "later", "earlier"), (problem.forbid, "left", "right"),
        (problem.force, "left", "right"),
    ):  # fmt: skip
        left.append(table[first].to_numpy(dtype=np.int64))
        right.append(table[second].to_numpy(dtype=np.int64))
    return connected(len(problem.projects), np.concatenate(left), np.concatenate(right))

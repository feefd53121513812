"""Which works may ever share an opening; stretches on which the same ones may count as one.

Works that no start brings together, not even through a third, are openings of their own, whatever the
schedule. So a stretch falls into groups of works, and equal groups on several stretches are added up:
the solver and the bound look at each once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts
from geo.line_parts import connected, ragged_ranges

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reach:
    """Earliest and latest days of works.

    Attributes
    ----------
    start_low, start_high
        First and last day on which each work may start, shape ``(works,)``.
    finish_low, finish_high
        Half-open finishes on these days.
    """

    start_low: Days
    start_high: Days
    finish_low: Days
    finish_high: Days


def reach_of(problem: ScheduleProblem, free: Starts) -> Reach:
    """Return between which days the works may lie; the filed days are among them.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    """
    first, last = free.ends()
    filed = problem.filed()
    return reach_between(problem, np.minimum(first, filed), np.maximum(last, filed))


def reach_between(problem: ScheduleProblem, first_day: Days, last_day: Days) -> Reach:
    """Return between which days the works may lie when the projects start within some days.

    Parameters
    ----------
    problem
        What is scheduled.
    first_day, last_day
        Per project, both inclusive, shape ``(projects,)``.
    """
    start_low, finish_low = problem.work_days(first_day)
    start_high, finish_high = problem.work_days(last_day)
    return Reach(start_low, start_high, finish_low, finish_high)


def sharing(problem: ScheduleProblem, reach: Reach) -> tuple[Rows, Rows]:
    """Return the pairs of entries of ``problem.members`` that may meet in one opening.

    Of two works on one stretch: each may start before the other's finish and the days that still count
    as one opening, and neither is too long for it; or a bundle or a dependency joins them.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> problem = two_streets()
    >>> [rows.tolist() for rows in sharing(problem, reach_of(problem, starts(problem)))]
    [[0, 2], [1, 3]]
    """
    stretch, work = (problem.members[name].to_numpy(dtype=np.int64) for name in ("stretch", "work"))
    row = np.arange(len(stretch))
    one, other = ragged_ranges(row + 1, np.searchsorted(stretch, stretch, "right"))
    x, y = work[one], work[other]
    link, most = problem.link_days, problem.max_opening_days
    days = problem.works["days"].to_numpy(dtype=np.int64)
    near = reach.start_low[y] < reach.finish_high[x] + link
    near &= reach.start_low[x] < reach.finish_high[y] + link
    # Too long together they are still not without effect: one that starts an opening of its own
    # ends the running one.
    short = np.maximum(days[x], days[y]) <= most
    joined = (problem.bundle[x] == problem.bundle[y]) & (problem.bundle[x] >= 0)
    depends = (problem.dependent[x] == problem.dependent[y]) & (problem.dependent[x] >= 0)
    met = joined | (near & (short | depends))
    return one[met], other[met]


@dataclass(frozen=True)
class OpeningGroup:
    """Works that may share openings, on all stretches where just these may.

    Attributes
    ----------
    works
        Rows of ``problem.works``, ascending.
    mid_fen
        Reinstatement of each work's opening, summed over the stretches. Of two works the dearer one
        per stretch is summed up first and the other second: who is who does not matter.
    day_fen
        What a closed day of all the stretches weighs.
    length_m
        Their length.
    """

    works: tuple[int, ...]
    mid_fen: tuple[int, ...]
    day_fen: int
    length_m: float


def opening_labels(problem: ScheduleProblem, reach: Reach) -> Rows:
    """Return a label per entry of ``problem.members``; entries of two labels never share an opening."""
    return connected(len(problem.members), *sharing(problem, reach))


def opening_groups(problem: ScheduleProblem, reach: Reach) -> list[OpeningGroup]:
    """Return the stretches' works in groups that never share an opening with one another.

    Where the works of a group stand in the same order of cost on two stretches, the dearest of an
    opening is the same on both, and so the sum over both is that of one stretch with summed costs.

    Parameters
    ----------
    problem
        What is scheduled.
    reach
        Between which days its works may lie.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> problem = two_streets()
    >>> groups = opening_groups(problem, reach_of(problem, starts(problem)))
    >>> [(group.works, group.length_m) for group in groups]
    [((0, 1), 100.0), ((2, 3), 100.0)]
    """
    members = problem.members
    stretch, work, cost = (
        members[name].to_numpy(dtype=np.int64) for name in ("stretch", "work", "mid_fen")
    )
    label = opening_labels(problem, reach)
    order = np.lexsort((work, label))
    cuts = np.flatnonzero(np.diff(label[order], prepend=-1))
    length = problem.stretches["length_m"].to_numpy(dtype=float)[stretch]
    day = problem.stretches["day_fen"].to_numpy(dtype=np.int64)[stretch]
    held: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[list[int], int, float]] = {}
    works, costs = work[order].tolist(), cost[order].tolist()
    ends = np.append(cuts, len(order))[1:]
    for low, high in zip(cuts.tolist(), ends.tolist(), strict=True):
        own, paid = works[low:high], costs[low:high]
        rank: tuple[int, ...] = ()
        if len(own) == 2:
            paid.sort(reverse=True)
        elif len(own) > 2:
            rank = tuple(sorted(range(len(own)), key=paid.__getitem__))
        key = (tuple(own), rank)
        before = held.get(key, ([0] * len(own), 0, 0.0))
        at = int(order[low])
        held[key] = (
            [a + b for a, b in zip(before[0], paid, strict=True)],
            before[1] + int(day[at]), before[2] + float(length[at]),
        )  # fmt: skip
    return [
        OpeningGroup(of, tuple(paid), day_fen, length_m)
        for (of, _), (paid, day_fen, length_m) in held.items()
    ]

"""Plans to compare with: the hand rule that merges what lies on one section, and a greedy one.

Both move projects only within their windows and skip what would break a hard rule.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coordination.schedule_placing import Placing
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import Starts, settled

Days = npt.NDArray[np.int64]


def greedy(problem: ScheduleProblem, free: Starts) -> Days:
    """Return a schedule in which each project joins the opening nearest to its filed day that fits.

    Projects are taken by filed day. One that stands may be joined by starting or ending with it, ending
    as far from its end as the works order asks, or right before or behind it; where nothing fits a
    project stays where it was filed.

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
    >>> greedy(two_streets(), starts(two_streets())).tolist()
    [100, 0, 50, 80]
    """
    day, placing = _begun(problem, free)
    order = np.lexsort((np.arange(len(day)), day))
    link, most = problem.link_days, problem.max_opening_days
    for project in order.tolist():
        if placing.placed[project]:
            continue
        wish = int(day[project])
        own = dict(zip(placing.works[project], placing.days_of(project, wish), strict=True))
        wanted: set[int] = set()
        for work, start, finish, lag in placing.neighbours(project):
            length, offset = own[work][1] - own[work][0], own[work][0] - wish
            if finish - start > most or length > most:
                continue
            ends_with = finish - length
            for begin in (start, finish, start - length, ends_with, ends_with + lag):
                joined = begin < finish + link and start < begin + length + link
                if joined and max(finish, begin + length) - min(start, begin) <= most:
                    wanted.add(begin - offset)
            if own[work][0] < finish + link and start < own[work][1] + link:
                wanted.add(wish)
        fits = [one for one in sorted(wanted) if free.nearest(project, one) == one]
        fits.sort(key=lambda one: (abs(one - wish), one))
        chosen = next((one for one in fits if not placing.breaks(project, one)), None)
        placing.put(
            project, _else_stays(placing, free, project, wish) if chosen is None else chosen
        )
    return placing.day


def same_section_merge(problem: ScheduleProblem, free: Starts) -> Days:
    """Return Shanghai's hand rule: all projects on one section become one, underground first.

    Of each section the projects that lie mostly on it follow each other in the works order from the
    filed day of the earliest; one that may not start then, or would break a rule, stays as filed.

    Parameters
    ----------
    problem, free
        As for `greedy`.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> from coordination.schedule_starts import starts
    >>> same_section_merge(two_streets(), starts(two_streets())).tolist()
    [0, 30, 50, 80]
    """
    day, placing = _begun(problem, free)
    section = _section_of(problem)
    layer = np.full(len(day), 99)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    np.minimum.at(layer, project, problem.works["layer_low"].to_numpy(dtype=np.int64))
    left: list[int] = []
    for place in np.unique(section[section >= 0]):
        on_it = np.flatnonzero(section == place)
        cursor = int(day[on_it].min())
        order = on_it[np.lexsort((on_it, day[on_it], layer[on_it]))]
        for one in order.tolist():
            if not placing.placed[one]:
                start = free.next(one, cursor)
                if start is None or placing.breaks(one, start):
                    left.append(one)
                    continue
                placing.put(one, start)
            cursor = max(
                cursor, *(finish for _, finish in placing.days_of(one, int(placing.day[one])))
            )
    for one in [*left, *np.flatnonzero(section < 0).tolist()]:
        if not placing.placed[one]:
            placing.put(one, _else_stays(placing, free, one, int(day[one])))
    return placing.day


def _begun(problem: ScheduleProblem, free: Starts) -> tuple[Days, Placing]:
    """Return filed days that may be had, and a schedule in which only what does not move stands."""
    day = settled(problem, free, problem.filed())
    fixed = ~problem.movable() | free.kept
    return day, Placing(problem, day, fixed)


def _else_stays(placing: Placing, free: Starts, project: int, wish: int) -> int:
    """Return the filed day, or the nearest one on which it breaks nothing, if there is one."""
    if not placing.breaks(project, wish):
        return wish
    days = [wish]
    for work, start, finish, _ in placing.neighbours(project):
        offset = placing.offset[work]
        length = placing.finish[work] - placing.start[work]
        days += [finish - offset, start - length - offset]
    days = [one for one in days if free.nearest(project, one) == one]
    days.sort(key=lambda one: (abs(one - wish), one))
    return next((one for one in days if not placing.breaks(project, one)), wish)


def _section_of(problem: ScheduleProblem) -> npt.NDArray[np.int64]:
    """Return the section on which each project opens the most metres; -1 for none."""
    count = len(problem.projects)
    section = problem.stretches["section"].to_numpy(dtype=np.int64)
    # On roads whose sections have the same number, the road tells them apart.
    stretch = problem.members["stretch"].to_numpy(dtype=np.int64)
    road = np.unique(problem.stretches["road"].astype("str"), return_inverse=True)[1]
    place = np.where(section >= 0, section * (road.max(initial=0) + 1) + road, -1)
    project = problem.works["project"].to_numpy(dtype=np.int64)[
        problem.members["work"].to_numpy(dtype=np.int64)
    ]
    metres = problem.stretches["length_m"].to_numpy(dtype=float)[stretch]
    on = place[stretch] >= 0
    keys, at = np.unique(np.stack([project[on], place[stretch][on]]), axis=1, return_inverse=True)
    total = np.bincount(at.ravel(), weights=metres[on], minlength=keys.shape[1])
    best = np.full(count, -1, dtype=np.int64)
    for one in np.lexsort((-keys[1], total)).tolist():
        best[keys[0, one]] = keys[1, one]
    return best

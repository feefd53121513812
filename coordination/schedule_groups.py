"""A schedule brought to what crews and corridors bear.

A unit with few crews, or a corridor, ties projects all over the city together, although mostly there is
room enough. So the parts are first made good without these rules, which also bounds what can be had with
them. Then part after part takes its place, the largest first: one that finds no room is solved again with
what stands already. What that leaves is fitted in together, and made better a neighbourhood at a time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import check_schedule
from coordination.schedule_neighbourhoods import (
    Searched,
    neighbours,
    problem_beside,
    search_neighbourhoods,
)
from coordination.schedule_parts import kept_rules, without_groups
from coordination.schedule_placing import Placing
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import MIXED, Effort, Limits, Solved, fit_groups, solve
from coordination.schedule_starts import Starts, starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_ROOM_SHARE, _FIT_SHARE = 0.5, 0.2
_S_PER_PROJECT = 0.05
_GROUP_RULES = ("crews", "corridor")


@dataclass(frozen=True)
class Fitted:
    """What fitting came to: days, whether the clock stopped it."""

    start_day: Days
    by_clock: bool


def fit_into_groups(
    problem: ScheduleProblem,
    day: Days,
    label: Rows,
    loose_label: Rows,
    *,
    most_occupation_fen: npt.NDArray[np.float64],
    effort: Effort,
) -> Fitted:
    """Return days like the given ones at which crews and corridors bear what goes on at once.

    Parameters
    ----------
    problem
        What is scheduled.
    day
        First days that were found without crews and corridors, shape ``(projects,)``.
    label, loose_label
        The part of each project with all rules, and without crews and corridors, shape
        ``(projects,)``.
    most_occupation_fen
        What closed days may weigh in the part of each project, shape ``(projects,)``.
    effort
        How long to look, in all.
    """
    day, by_clock = day.copy(), False
    broken = check_schedule(problem, day).broken
    tied = broken["project"].to_numpy(dtype=np.int64)[broken["rule"].isin(_GROUP_RULES)]
    labels = np.unique(label[tied])
    own = _shared(effort, 1.0 / max(len(labels), 1))
    for of in labels.tolist():
        part, rows = part_of(problem, label == of)
        free = starts(part)
        roomy = make_room(part, free, day[rows], loose_label[rows], _shared(own, _ROOM_SHARE))
        left_s = own.deterministic_s - roomy.used_s
        now = check_schedule(part, roomy.start_day)
        if now.broken["rule"].isin(_GROUP_RULES).any():
            # Who found no room one after the other may find it together.
            fitted = fit_groups(part, free, now.start_day, _shared(own, _FIT_SHARE))
            left_s, by_clock = left_s - fitted.used_s, by_clock | fitted.by_clock
            now = check_schedule(part, fitted.start_day)
        searched = search_neighbourhoods(
            part, free, now.start_day,
            Limits(None, int(most_occupation_fen[rows[0]]) - now.occupation_fen),
            replace(_shared(own, 1.0 - _ROOM_SHARE - _FIT_SHARE), deterministic_s=left_s),
            first=now.start_day != day[rows],
        )  # fmt: skip
        by_clock |= roomy.by_clock | searched.by_clock
        day[rows] = searched.start_day
    return Fitted(day, by_clock)


def _shared(effort: Effort, share: float) -> Effort:
    return replace(
        effort,
        deterministic_s=effort.deterministic_s * share,
        wall_s=effort.wall_s * share,
    )


def make_room(
    problem: ScheduleProblem, free: Starts, day: Days, loose_label: Rows, effort: Effort
) -> Searched:
    """Return days at which who was one too many has gone where there is room.

    Part after part takes its place, the largest first. One that finds no room on its days is solved
    again, with what stands already; a project by itself goes to the nearest day that has room and
    breaks no rule which is kept now, if there is one.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    day
        First days, shape ``(projects,)``.
    loose_label
        The part of each project without crews and corridors, shape ``(projects,)``.
    effort
        How long to look, in all.

    Examples
    --------
    >>> import pandas as pd
    >>> from dataclasses import replace
    >>> from coordination.schedule_examples import two_streets
    >>> crews = pd.DataFrame({"unit": 0, "project": [2, 3]})
    >>> problem = replace(two_streets(), crews=crews, crews_most=np.array([1]))
    >>> day, alone = np.array([0, 10, 50, 60]), np.arange(4)
    >>> make_room(problem, starts(problem), day, alone, Effort(1.0, 10.0)).start_day.tolist()
    [0, 10, 50, 80]
    """
    ends = time.monotonic() + effort.wall_s
    placing = Placing(kept_rules(without_groups(problem), day), day, np.ones(len(day), dtype=bool))
    room = _Room(problem, free, placing)
    near = neighbours(problem)
    stays = ~problem.movable() | free.kept
    stands = stays.copy()
    for project in np.flatnonzero(stays).tolist():
        room.take(project)
    used_s, by_clock = 0.0, False
    for group in _largest_first(loose_label, np.flatnonzero(~stays)):
        if not room.bears(group) and len(group) > 1:
            clock_s = ends - time.monotonic()
            by_clock |= clock_s <= 0
            seconds = min(_S_PER_PROJECT * len(group), effort.deterministic_s - used_s)
            if clock_s > 0 and seconds > 0:
                own = Effort(seconds, clock_s, effort.seed, by_cores=len(group) > MIXED)
                found = _solved_beside(problem, placing.day, near, group, stands=stands, effort=own)
                used_s += found.used_s
                for project, start in zip(group, found.start_day.tolist(), strict=True):
                    placing.put(project, start)
        for project in group:
            if not room.has(project, int(placing.day[project])):
                placing.put(project, room.nearest(project))
            room.take(project)
        stands[group] = True
    return Searched(placing.day, used_s, by_clock)


def _largest_first(label: Rows, projects: Rows) -> list[list[int]]:
    order = projects[np.argsort(label[projects], kind="stable")]
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    groups = [group.tolist() for group in np.split(order, cuts) if len(group)]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _solved_beside(
    problem: ScheduleProblem,
    day: Days,
    near: Sequence[set[int]],
    group: Sequence[int],
    *,
    stands: Flags,
    effort: Effort,
) -> Solved:
    """Solve a part among those that stand; what does not stand yet takes no room."""
    counts = stands.copy()
    counts[group] = True
    project = problem.works["project"].to_numpy(dtype=np.int64)
    among = replace(
        problem,
        crews=problem.crews[counts[problem.crews["project"].to_numpy(dtype=np.int64)]],
        corridors=problem.corridors[
            counts[project[problem.corridors["work"].to_numpy(dtype=np.int64)]]
        ],
    )
    # Beside it are those of the same part that do not move.
    own = np.zeros(len(day), dtype=bool)
    for one in group:
        own[[one, *near[one]]] = True
    sub, rows = problem_beside(among, own, group)
    found = solve(sub, starts(sub), day[rows], np.isin(rows, group), effort, chooses_rules=False)
    return replace(found, start_day=found.start_day[np.searchsorted(rows, group)])


class _Room:
    """How many go on at once, per crew or corridor and day."""

    def __init__(self, problem: ScheduleProblem, free: Starts, placing: Placing) -> None:
        self.placing, self.free = placing, free
        project = np.array(placing.project, dtype=np.int64)
        self.most = np.concatenate([problem.crews_most, problem.corridors_most]).tolist()
        # Per project, its groups: with the works that count, all from first to last for a crew.
        self.groups: list[list[tuple[int, int | None]]] = [[] for _ in range(len(problem.projects))]
        for unit, of in problem.crews[["unit", "project"]].to_numpy(dtype=np.int64).tolist():
            self.groups[of].append((unit, None))
        shift = len(problem.crews_most)
        rows = problem.corridors[["corridor", "work"]].to_numpy(dtype=np.int64).tolist()
        for corridor, work in rows:
            self.groups[int(project[work])].append((shift + corridor, work))
        first, last = free.ends()
        self.low = int(min(first.min(), placing.day.min()))
        _, finish = problem.work_days(np.maximum(last, placing.day))
        self.count = np.zeros((len(self.most), int(finish.max()) - self.low + 1), dtype=np.int64)

    def has(self, project: int, day: int) -> bool:
        """Tell whether all groups of a project bear it from a day on."""
        return all(
            int(self.count[group, begin:end].max(initial=0)) < self.most[group]
            for group, begin, end in self._spans(project, day)
        )

    def take(self, project: int, by: int = 1) -> None:
        """Count a project in, where it stands."""
        for group, begin, end in self._spans(project, int(self.placing.day[project])):
            self.count[group, begin:end] += by

    def bears(self, projects: Sequence[int]) -> bool:
        """Tell whether there is room for all of some projects where they stand."""
        taken = []
        for project in projects:
            if not self.has(project, int(self.placing.day[project])):
                break
            self.take(project)
            taken.append(project)
        for project in taken:
            self.take(project, -1)
        return len(taken) == len(projects)

    def nearest(self, project: int) -> int:
        """Return the nearest day that has room and breaks no rule, or that on which it stands."""
        wish = int(self.placing.day[project])
        first, last = self.free.of(project)
        days = np.concatenate(
            [np.arange(low, high + 1) for low, high in zip(first, last, strict=True)]
        )
        near = days[np.lexsort((days, np.abs(days - wish)))].tolist()
        return next(
            (at for at in near if self.has(project, at) and not self.placing.breaks(project, at)),
            wish,
        )

    def _spans(self, project: int, day: int) -> Sequence[tuple[int, int, int]]:
        if not self.groups[project]:
            return ()
        works = self.placing.works[project]
        days = dict(zip(works, self.placing.days_of(project, day), strict=True))
        last = max(end for _, end in days.values())
        spans = [
            (group, *((day, last) if work is None else days[work]))
            for group, work in self.groups[project]
        ]
        return [(group, begin - self.low, end - self.low) for group, begin, end in spans]

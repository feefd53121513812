"""A schedule brought to what crews and corridors bear.

A unit with few crews, or a corridor, ties projects all over the city together, although mostly there is
room enough. So the parts are first made good without these rules, which also bounds what can be had with
them. Then who is too many goes to the nearest day that has room and breaks nothing, who finds none is
fitted in together with the others, and what that moved is made better a neighbourhood at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import check_schedule
from coordination.schedule_neighbourhoods import search_neighbourhoods
from coordination.schedule_parts import kept_rules, without_groups
from coordination.schedule_placing import Placing
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import Effort, Limits, fit_groups
from coordination.schedule_starts import Starts, starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_FIT_SHARE = 0.5
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
    label
        The part of each project with all rules, shape ``(projects,)``.
    most_occupation_fen
        What closed days may weigh in the part of each project, shape ``(projects,)``.
    effort
        How long to look, in all.
    """
    day, by_clock = day.copy(), False
    broken = check_schedule(problem, day).broken
    tied = broken["project"].to_numpy(dtype=np.int64)[broken["rule"].isin(_GROUP_RULES)]
    labels = np.unique(label[tied])
    for of in labels.tolist():
        part, rows = part_of(problem, label == of)
        free = starts(part)
        roomy = make_room(part, free, day[rows])
        own = Effort(effort.deterministic_s / len(labels), effort.wall_s / len(labels), effort.seed)
        used_s = 0.0
        now = check_schedule(part, roomy)
        if now.broken["rule"].isin(_GROUP_RULES).any():
            # Who found no room alone may find it together with others.
            fitted = fit_groups(part, free, roomy, _shared(own, _FIT_SHARE))
            used_s, by_clock = fitted.used_s, by_clock | fitted.by_clock
            now = check_schedule(part, fitted.start_day)
        searched = search_neighbourhoods(
            part, free, now.start_day,
            Limits(None, int(most_occupation_fen[rows[0]]) - now.occupation_fen),
            replace(_shared(own, 1.0 - _FIT_SHARE), deterministic_s=own.deterministic_s - used_s),
            first=now.start_day != day[rows],
        )  # fmt: skip
        by_clock |= searched.by_clock
        day[rows] = searched.start_day
    return Fitted(day, by_clock)


def _shared(effort: Effort, share: float) -> Effort:
    return replace(
        effort,
        deterministic_s=effort.deterministic_s * share,
        wall_s=effort.wall_s * share,
    )


def make_room(problem: ScheduleProblem, free: Starts, day: Days) -> Days:
    """Return days at which who was one too many has gone to the nearest day with room.

    Who shares the most ground with others stays first. A project for which no day has room, or only
    days that break a rule which is kept now, stays.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `coordination.schedule_starts.starts` of it.
    day
        First days, shape ``(projects,)``.

    Examples
    --------
    >>> import pandas as pd
    >>> from dataclasses import replace
    >>> from coordination.schedule_examples import two_streets
    >>> crews = pd.DataFrame({"unit": 0, "project": [2, 3]})
    >>> problem = replace(two_streets(), crews=crews, crews_most=np.array([1]))
    >>> make_room(problem, starts(problem), np.array([0, 10, 50, 60])).tolist()
    [0, 10, 50, 80]
    """
    placing = Placing(kept_rules(without_groups(problem), day), day, np.ones(len(day), dtype=bool))
    room = _Room(problem, free, placing)
    stays = ~problem.movable() | free.kept
    shared = np.array([len(placing.neighbours(one)) for one in range(len(day))])
    for project in np.lexsort((np.arange(len(day)), -shared, ~stays)).tolist():
        wish = int(day[project])
        if not stays[project] and not room.has(project, wish):
            first, last = free.of(project)
            days = np.concatenate(
                [np.arange(low, high + 1) for low, high in zip(first, last, strict=True)]
            )
            near = days[np.lexsort((days, np.abs(days - wish)))].tolist()
            new = next(
                (at for at in near if room.has(project, at) and not placing.breaks(project, at)),
                wish,
            )
            placing.put(project, new)
        room.take(project, int(placing.day[project]))
    return placing.day


class _Room:
    """How many go on at once, per crew or corridor and day."""

    def __init__(self, problem: ScheduleProblem, free: Starts, placing: Placing) -> None:
        self.placing = placing
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

    def take(self, project: int, day: int) -> None:
        """Count a project in."""
        for group, begin, end in self._spans(project, day):
            self.count[group, begin:end] += 1

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

"""A schedule brought to what crews and corridors bear.

A unit with few crews, or a corridor, ties projects all over the city together, although mostly there is
room enough. So the parts are first made good without these rules, which also bounds what can be had with
them, and then brought to them: by as few days as can be, and then a neighbourhood at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import check_schedule
from coordination.schedule_neighbourhoods import search_neighbourhoods
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import Effort, Limits, fit_groups
from coordination.schedule_starts import starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_FIT_SHARE = 0.4
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
    *,
    effort: Effort,
    stop: Callable[[], bool],
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
    stop
        Asked between parts.
    """
    day, by_clock = day.copy(), False
    broken = check_schedule(problem, day).broken
    tied = broken["project"].to_numpy(dtype=np.int64)[broken["rule"].isin(_GROUP_RULES)]
    labels = np.unique(label[tied])
    for of in labels.tolist():
        if stop():
            return Fitted(day, by_clock=True)
        part, rows = part_of(problem, label == of)
        free = starts(part)
        own = replace(effort, deterministic_s=effort.deterministic_s / len(labels))
        fitted = fit_groups(
            part, free, day[rows],
            replace(own, deterministic_s=own.deterministic_s * _FIT_SHARE),
        )  # fmt: skip
        now = check_schedule(part, fitted.start_day)
        more_fen = int(most_occupation_fen[rows[0]]) - now.occupation_fen
        searched = search_neighbourhoods(
            part, free, fitted.start_day, Limits(None, more_fen),
            replace(own, deterministic_s=own.deterministic_s - fitted.used_s),
            first=fitted.start_day != day[rows],
        )  # fmt: skip
        by_clock |= fitted.by_clock or searched.by_clock
        day[rows] = searched.start_day
    return Fitted(day, by_clock)

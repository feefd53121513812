"""On which days a project may start, as far as that depends on it alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coordination.schedule_problem import ScheduleProblem, resumed_finish
from geo.intervals import uncovered
from geo.line_parts import ragged_ranges

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Starts:
    """Runs of days on which projects may start.

    Attributes
    ----------
    project, first_day, last_day
        One entry per run, both days inclusive; sorted. A project that no day would suit keeps its
        filed day.
    kept
        Projects that keep their filed day although they break a rule there, because no day suits,
        shape ``(projects,)``.
    """

    project: Rows
    first_day: Days
    last_day: Days
    kept: npt.NDArray[np.bool_]

    def of(self, project: int) -> tuple[Days, Days]:
        """Return first and last days of the runs of one project."""
        low, high = np.searchsorted(self.project, [project, project + 1])
        return self.first_day[low:high], self.last_day[low:high]

    def ends(self) -> tuple[Days, Days]:
        """Return the first and the last day of every project, shape ``(projects,)``."""
        row = np.arange(len(self.kept))
        low, high = (np.searchsorted(self.project, row, side) for side in ("left", "right"))
        return self.first_day[low], self.last_day[high - 1]

    def nearest(self, project: int, day: int) -> int:
        """Return the day nearest to ``day`` on which a project may start; the earlier of two."""
        first, last = self.of(project)
        near = np.clip(day, first, last)
        away = np.abs(near - day)
        return int(near[np.argmin(away)])

    def next(self, project: int, day: int) -> int | None:
        """Return the first day from ``day`` on on which a project may start, or None."""
        first, last = self.of(project)
        later = last >= day
        return int(max(first[later][0], day)) if later.any() else None


def starts(problem: ScheduleProblem) -> Starts:
    """Return on which days every project may start: window, restricted periods, young surfaces.

    The filed day is admitted beside the window. A project that does not move has its filed day alone,
    one that a coordinator pinned the day of the pin, whatever lies on it.

    Parameters
    ----------
    problem
        What is scheduled.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> free = starts(two_streets())
    >>> free.first_day.tolist(), free.last_day.tolist()
    ([0, 0, 0, 0], [200, 200, 200, 200])
    """
    filed = problem.filed()
    first, last = (
        problem.projects[name].to_numpy(dtype=np.int64) for name in ("first_day", "last_day")
    )
    count = len(filed)
    pinned = np.zeros(count, dtype=bool)
    pin = problem.pins["project"].to_numpy(dtype=np.int64)
    pinned[pin] = True
    stays = filed.copy()
    stays[pin] = problem.pins["day"].to_numpy(dtype=np.int64)
    moves = problem.movable() & ~pinned
    outside = moves & ((filed < first) | (filed > last))
    # Half-open starts; the filed day outside the window is a run of its own.
    begin = np.concatenate([np.where(moves, first, stays), filed[outside]])
    end = np.concatenate([np.where(moves, last, stays), filed[outside]]) + 1
    owner = np.concatenate([np.arange(count), np.flatnonzero(outside)])
    blocker, shut_from, shut_until = _shut(problem, moves)
    # A shut period concerns every run of its project.
    order = np.argsort(blocker, kind="stable")
    low = np.searchsorted(blocker[order], owner, "left")
    high = np.searchsorted(blocker[order], owner, "right")
    run, position = ragged_ranges(low, high)
    which = order[position]
    of_run, free_from, free_until = uncovered(begin, end, run, shut_from[which], shut_until[which])
    project = owner[of_run]
    kept = np.bincount(project, minlength=count) == 0
    project = np.concatenate([project, np.flatnonzero(kept)])
    free_from = np.concatenate([free_from, filed[kept]])
    free_until = np.concatenate([free_until, filed[kept] + 1])
    order = np.lexsort((free_from, project))
    return Starts(project[order], free_from[order], free_until[order] - 1, kept)


def _shut(problem: ScheduleProblem, moves: npt.NDArray[np.bool_]) -> tuple[Rows, Days, Days]:
    """Return half-open starts of movable projects on which one of their works meets barred days."""
    barred = problem.barred
    rows = barred[~barred["pause"].astype(bool)]
    work = rows["work"].to_numpy(dtype=np.int64)
    project, offset, days = (
        problem.works[name].to_numpy(dtype=np.int64) for name in ("project", "offset_days", "days")
    )
    begin, end = (rows[name].to_numpy(dtype=np.int64) for name in ("start_day", "end_day"))
    rests = np.isin(work, barred["work"].to_numpy(dtype=np.int64)[barred["pause"].astype(bool)])
    plain = moves[project[work]] & ~rests
    owner = [project[work[plain]]]
    low = [(begin - offset[work] - days[work] + 1)[plain]]
    high = [(end - offset[work])[plain]]
    for at in np.flatnonzero(moves[project[work]] & rests):
        # A work that may rest meanwhile is longer on some days: every day is tried.
        one = int(work[at])
        mine = project[one]
        tried = _tried(problem, int(mine)) + int(offset[one])
        pause = barred[(barred["work"] == one) & barred["pause"].astype(bool)]
        finish = resumed_finish(
            tried, int(days[one]), pause["start_day"].to_numpy(), pause["end_day"].to_numpy()
        )
        met = tried[(tried < end[at]) & (finish > begin[at])] - int(offset[one])
        owner.append(np.full(len(met), mine))
        low.append(met)
        high.append(met + 1)
    return np.concatenate(owner), np.concatenate(low), np.concatenate(high)


def _tried(problem: ScheduleProblem, project: int) -> Days:
    row = problem.projects.iloc[project]
    window = np.arange(int(row["first_day"]), int(row["last_day"]) + 1)
    return np.union1d(window, [int(row["filed_day"])])


def settled(problem: ScheduleProblem, free: Starts, wish_day: Days) -> Days:
    """Return first days that every project may have, as near to the wished ones as may be.

    Parameters
    ----------
    problem
        What is scheduled.
    free
        `starts` of it.
    wish_day
        First days, shape ``(projects,)``.
    """
    day = np.asarray(wish_day, dtype=np.int64).copy()
    for project in range(len(problem.projects)):
        first, last = free.of(project)
        if not ((first <= day[project]) & (day[project] <= last)).any():
            day[project] = free.nearest(project, int(day[project]))
    return day

"""Parts of a plan made better, each by itself, in whatever process they are given to.

A small part is solved as a whole, with all freedom to choose which rules stay broken where not all can
be kept. Of a larger one first as many rules as can be are mended, and what is kept then stays kept: to
choose among rules and money at once is more than the solver's bound can bear. What it leaves open is
searched a neighbourhood at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from coordination.schedule_bound import cluster_bound
from coordination.schedule_check import check_schedule
from coordination.schedule_neighbourhoods import (
    limits_left,
    schedule_key,
    search_neighbourhoods,
)
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_solver import MIXED, Effort, Limits, mend, solve
from coordination.schedule_starts import Starts, starts

Days = npt.NDArray[np.int64]

CHOOSES_RULES = 12
"""Up to so many movable projects the solver chooses which rules stay broken."""
SOLVED_WHOLE = 150
"""Up to so many movable projects a part is given to the solver as a whole."""
_LEAST_S = 0.02
_METRES_SHARE = 0.25


@dataclass(frozen=True)
class Part:
    """A part to be made better.

    Attributes
    ----------
    problem
        A problem of its own.
    start_day
        Days to start from, shape ``(projects,)``.
    limits
        What may come out more than with these.
    effort
        Deterministic seconds for this part; the clock holds for all together.
    bound_metres, bound_fen
        What is known to be the least; NaN where nothing is.
    proven, metres_settled
        As of `Improved`, from before.
    first
        Whether nobody has looked at it yet: then rules are mended at any price.
    """

    problem: ScheduleProblem
    start_day: Days
    limits: Limits
    effort: Effort
    bound_metres: float = np.nan
    bound_fen: float = np.nan
    proven: bool = False
    metres_settled: bool = False
    first: bool = True


@dataclass(frozen=True)
class Improved:
    """What became of a part.

    Attributes
    ----------
    start_day
        The days.
    bound_metres, bound_fen
        What no schedule beats that breaks no more rules; NaN where it is not known.
    same_rules
        Whether the bounds are only of the schedules that keep the rules which this one keeps.
    proven
        Whether nothing cheaper exists among these.
    metres_settled
        Whether one among these opens no more metres than the bound.
    used_s
        Deterministic seconds that it took.
    by_clock
        Whether the clock stopped it.
    """

    start_day: Days
    bound_metres: float
    bound_fen: float
    same_rules: bool
    proven: bool
    metres_settled: bool
    used_s: float
    by_clock: bool


Task = tuple[Part, ...]


def improve(task: Task) -> tuple[Improved, ...]:
    """Make each part of a task better; it runs in whatever process it is given to."""
    return tuple(_improved(part) for part in task)


def _improved(part: Part) -> Improved:
    problem, free = part.problem, starts(part.problem)
    movable = int((problem.movable() & ~free.kept).sum())
    if not movable:
        only = check_schedule(problem, part.start_day)
        return Improved(
            part.start_day, only.metres_opened, float(only.cost_fen[1]), same_rules=False,
            proven=True, metres_settled=True, used_s=0.0, by_clock=False,
        )  # fmt: skip
    work = _Work(part, free, movable)
    if movable <= CHOOSES_RULES:
        work.solve_whole(share=0.7)
        work.bound_metres_whole()
        return work.done()
    if part.first:
        work.mend_rules()
    if movable > SOLVED_WHOLE:
        work.search(share=0.5)
        work.bound_in_clusters()
        return work.done()
    if not (part.first or work.proven):
        work.search(share=0.25)
    work.solve_whole(share=0.5)
    if part.first and not work.proven:
        work.search(share=0.2)
    work.bound_metres_whole()
    return work.done()


class _Work:
    """One part while it is made better: its best days, their check, and what effort is left."""

    def __init__(self, part: Part, free: Starts, movable: int) -> None:
        self.problem, self.free = part.problem, free
        # What one way leaves open the other may close: they take turns.
        self.effort = replace(
            part.effort,
            seed=part.effort.seed % 1_000_000,
            by_cores=(movable > MIXED) == part.first,
        )
        self.left_s = self.effort.deterministic_s
        # Whatever money asks for, the bound of the metres gets its share.
        self.reserve_s = self.left_s * _METRES_SHARE
        self.base = self.now = check_schedule(part.problem, part.start_day)
        self.limits = part.limits
        self.chooses = movable <= CHOOSES_RULES
        self.every = np.ones(len(part.problem.projects), dtype=bool)
        self.bound_metres, self.bound_fen = part.bound_metres, part.bound_fen
        self.proven, self.metres_settled = part.proven, part.metres_settled
        self.by_clock = False

    def done(self) -> Improved:
        return Improved(
            self.now.start_day, self.bound_metres, self.bound_fen,
            not self.chooses and len(self.now.broken) > 0, self.proven, self.metres_settled,
            self.effort.deterministic_s - self.left_s, self.by_clock,
        )  # fmt: skip

    def mend_rules(self) -> None:
        """Break as few rules as can be, at any price."""
        if not len(self.now.broken):
            return
        found = mend(self.problem, self.free, self.now.start_day, self._share(0.2))
        self._used(found.used_s, by_clock=found.by_clock)
        then = check_schedule(self.problem, found.start_day)
        if len(then.broken) < len(self.now.broken):
            # Nothing that breaks as few rules is known to compare with.
            self.limits = replace(limits_left(self.limits, self.base, then), more_metres=None)
            self.base = self.now = then

    def solve_whole(self, *, share: float) -> None:
        """Solve the part as one, first as if there were no limits: its bound is one of all schedules."""
        if self.proven:
            return
        found = solve(
            self.problem, self.free, self.now.start_day, self.every, self._share(share),
            chooses_rules=self.chooses,
        )  # fmt: skip
        self._used(found.used_s, by_clock=found.by_clock)
        self.proven = found.proven
        if found.bound is not None:
            self.bound_fen = float(np.fmax(self.bound_fen, found.bound))
        if not self._take(found.start_day) and self._passes_limits(found.start_day):
            limited = solve(
                self.problem, self.free, self.now.start_day, self.every, self._share(share),
                self._limits_now(), chooses_rules=self.chooses,
            )  # fmt: skip
            self._used(limited.used_s, by_clock=limited.by_clock)
            self.proven = limited.proven
            self._take(limited.start_day)

    def search(self, *, share: float) -> None:
        """Set neighbourhoods free."""
        found = search_neighbourhoods(
            self.problem, self.free, self.now.start_day, self._limits_now(), self._share(share)
        )
        self._used(found.used_s, by_clock=found.by_clock)
        self._take(found.start_day)

    def bound_metres_whole(self) -> None:
        """Look for the least metres, unless they are known."""
        if self.metres_settled:
            return
        self.reserve_s = 0.0
        found = solve(
            self.problem, self.free, self.now.start_day, self.every, self._share(1.0),
            objective="metres", chooses_rules=self.chooses,
        )  # fmt: skip
        self._used(found.used_s, by_clock=found.by_clock)
        if found.bound is not None:
            self.bound_metres = float(np.fmax(self.bound_metres, found.bound))
            self.metres_settled = found.proven

    def bound_in_clusters(self) -> None:
        """Bound what is too large to be solved as one."""
        self.reserve_s = 0.0
        effort = replace(self._share(1.0), by_cores=False)
        bound = cluster_bound(self.problem, self.free, effort, self.now.start_day)
        self._used(bound.used_s, by_clock=False)
        self.bound_metres = float(np.fmax(self.bound_metres, bound.metres))
        self.bound_fen = float(np.fmax(self.bound_fen, bound.money_fen))

    def _take(self, day: Days) -> bool:
        """Take days that are better; tell whether they are."""
        then = check_schedule(self.problem, day)
        if schedule_key(then, self.base, self.limits) < schedule_key(
            self.now, self.base, self.limits
        ):
            self.now = then
            return True
        return False

    def _passes_limits(self, day: Days) -> bool:
        return schedule_key(check_schedule(self.problem, day), self.base, self.limits)[1] > 0

    def _limits_now(self) -> Limits:
        return limits_left(self.limits, self.base, self.now)

    def _share(self, share: float) -> Effort:
        """Return a share of the whole effort, as far as it is left."""
        seconds = min(self.effort.deterministic_s * share, self.left_s - self.reserve_s)
        return replace(self.effort, deterministic_s=max(seconds, _LEAST_S))

    def _used(self, seconds: float, *, by_clock: bool) -> None:
        self.left_s -= seconds
        self.by_clock |= by_clock

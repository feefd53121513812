"""A schedule, or a part of it, in variables of CP-SAT: first days, finishes, and what is added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from coordination.schedule_problem import ScheduleProblem, resumed_finish
from coordination.schedule_starts import Starts
from coordination.schedule_stretches import Reach, reach_between

Days = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Term = Any
"""A whole number or an expression of OR-Tools, whose own types know no sum of both."""


class Model:
    """One CP-SAT model in the making.

    Parameters
    ----------
    problem
        What is scheduled.
    starts
        `coordination.schedule_starts.starts` of it.
    start_day
        Days of the projects that stay, and to begin with of the others, shape ``(projects,)``.
    free
        Which projects may be moved, shape ``(projects,)``.

    lenient
        Whether a rule that the given days keep may be broken in favour of another one.

    Attributes
    ----------
    money, occupation, moving, metres
        Terms to be added up: fen, and millimetres opened.
    broken
        One term per rule that may be broken.
    shared
        Per pair of works, the smaller first: what makes a literal whether they share an opening, for
        each group of stretches.
    exact
        Whether no schedule has less than what is added up; else it only comes near to that.
    """

    def __init__(
        self,
        problem: ScheduleProblem,
        starts: Starts,
        start_day: Days,
        free: Flags,
        *,
        lenient: bool = False,
    ) -> None:
        self.lenient = lenient
        self.problem, self.day, self.starts = problem, start_day, starts
        self.model = cp_model.CpModel()
        self.money: list[Term] = []
        self.occupation: list[Term] = []
        self.moving: list[Term] = []
        self.metres: list[Term] = []
        self.broken: list[Term] = []
        self.exact = True
        self.shared: dict[tuple[int, int], list[Callable[[], Term]]] = {}
        movable = problem.movable() & ~starts.kept
        self.is_free = np.asarray(free & movable, dtype=bool)
        self.project: list[int] = problem.works["project"].to_numpy(dtype=np.int64).tolist()
        self.offset: list[int] = problem.works["offset_days"].to_numpy(dtype=np.int64).tolist()
        self.days: list[int] = problem.works["days"].to_numpy(dtype=np.int64).tolist()
        now_start, now_finish = problem.work_days(start_day)
        self.now_start: list[int] = now_start.tolist()
        self.now_finish: list[int] = now_finish.tolist()
        first, last = starts.ends()
        self.reach: Reach = reach_between(
            problem,
            np.where(self.is_free, first, start_day),
            np.where(self.is_free, last, start_day),
        )
        self.begin_low: list[int] = self.reach.start_low.tolist()
        self.begin_high: list[int] = self.reach.start_high.tolist()
        self.end_low: list[int] = self.reach.finish_low.tolist()
        self.end_high: list[int] = self.reach.finish_high.tolist()
        self.pauses: dict[int, list[tuple[int, int]]] = {}
        for work, begin, end in zip(*(one.tolist() for one in problem.pauses()), strict=True):
            self.pauses.setdefault(work, []).append((begin, end))
        self.start: dict[int, cp_model.IntVar] = {}
        self._finish: dict[int, Term] = {}
        self._before: dict[tuple[int, int], Term] = {}
        rate, wish = (
            problem.projects[name].to_numpy(dtype=np.int64).tolist()
            for name in ("move_fen_day", "wish_day")
        )
        for project in np.flatnonzero(self.is_free).tolist():
            self._variable(project, rate[project], wish[project])

    def _variable(self, project: int, rate: int, wish: int) -> None:
        first, last = self.starts.of(project)
        now = int(self.day[project])
        if not ((first <= now) & (now <= last)).any():
            code = self.problem.projects["code"].iloc[project]
            raise ValueError(f"project {code!r} may not start on day {now}")
        domain = cp_model.Domain.from_intervals(
            [[int(low), int(high)] for low, high in zip(first, last, strict=True)]
        )
        start = self.model.new_int_var_from_domain(domain, f"s{project}")
        self.model.add_hint(start, now)
        self.start[project] = start
        if rate:
            most = max(abs(int(first[0]) - wish), abs(int(last[-1]) - wish))
            away = self.model.new_int_var(0, most, f"away{project}")
            self.model.add(away >= start - wish)
            self.model.add(away >= wish - start)
            self.moving.append(away * rate)

    def begin(self, work: int) -> Term:
        """Return the first day of a work: a number where its project stays."""
        project = self.project[work]
        if project in self.start:
            return self.start[project] + self.offset[work]
        return self.now_start[work]

    def end(self, work: int) -> Term:
        """Return the half-open finish of a work."""
        project = self.project[work]
        if project not in self.start:
            return self.now_finish[work]
        if not self.may_rest(work):
            return self.start[project] + (self.offset[work] + self.days[work])
        if work not in self._finish:
            self._finish[work] = self._resumed(work)
        return self._finish[work]

    def may_rest(self, work: int) -> bool:
        """Tell whether a work can be longer than its days of work."""
        return any(
            begin < self.end_high[work] and self.begin_low[work] < end
            for begin, end in self.pauses.get(work, ())
        )

    def _resumed(self, work: int) -> Term:
        """Return the finish of a work that rests meanwhile, piece by piece of its starts.

        While a pause is away, or wholly inside, the finish goes with the start; of a work that would
        start during a pause it stands still.
        """
        low, high = self.begin_low[work], self.begin_high[work]
        begin, end = (np.array(one) for one in zip(*self.pauses[work], strict=True))
        finish = resumed_finish(np.arange(low, high + 1), self.days[work], begin, end)
        return self.follows(self.begin(work), low, finish.tolist())

    def follows(self, day: Term, low: int, table: Sequence[int]) -> Term:
        """Return what a table tells of a day, piece by piece.

        A table of every day would be simpler and would give the solver a literal for each.

        Parameters
        ----------
        day
            From ``low`` on.
        table
            What follows from ``low``, the day after, and so on: it goes with the day, stands still or
            leaps ahead, and never falls.
        """
        runs = pieces(table)
        if len(runs) == 1:
            return day + (table[0] - low) if runs[0][2] else table[0]
        variable = self.model.new_int_var(table[0], table[-1], "")
        literals = []
        for first, last, goes in runs:
            inside = self.model.new_bool_var("")
            literals.append(inside)
            self.require(day >= low + first, [inside])
            self.require(day <= low + last, [inside])
            moved = day - (low + first) if goes else 0
            self.require(variable == moved + table[first], [inside])
        self.model.add_exactly_one(literals)
        return variable

    def one_of(self, values: Iterable[int]) -> Term:
        """Return a variable that takes these values alone.

        The search by cores raises an amount of money from value to value: fen by fen it would never
        come to an end, and its own count of work would not notice.
        """
        return self.model.new_int_var_from_domain(cp_model.Domain.from_values(list(values)), "")

    def length(self, work: int) -> Term:
        """Return the days from the start to the finish of a work."""
        if self.project[work] in self.start and not self.may_rest(work):
            return self.days[work]
        return self.end(work) - self.begin(work)

    def before(self, one: int, other: int) -> Term:
        """Return a literal that lets one work start before another, or on one day and be shorter."""
        tie = self.tie(one, other)
        if (one, other) not in self._before:
            literal = self.model.new_bool_var(f"b{one}_{other}")
            self.require(self.begin(one) + tie <= self.begin(other), [literal])
            self._before[one, other] = literal
        return self._before[one, other]

    def tie(self, one: int, other: int) -> int:
        """Return by how many days one work must start before another to come first.

        Of works that start on one day the shorter comes first, as openings are told
        (`geo.intervals.openings`), and of equal ones that with the lower number.
        """
        return int((self.days[one], one) > (self.days[other], other))

    def require(self, what: Term, switch: Sequence[Term] = ()) -> None:
        """Add a constraint that holds where all literals do; one about numbers alone may be none."""
        if isinstance(what, bool | np.bool_):
            if not what:
                self.model.add_bool_or([literal.negated() for literal in switch])
            return
        constraint = self.model.add(what)
        if switch:
            constraint.only_enforce_if(*switch)

    def all_stay(self, works: Sequence[int]) -> bool:
        """Tell whether none of some works can be moved."""
        return not any(self.is_free[self.project[work]] for work in works)


def pieces(finish: Sequence[int]) -> list[tuple[int, int, bool]]:
    """Return runs of finishes that go with the start or stand still: first, last, whether it goes.

    Examples
    --------
    >>> pieces([3, 4, 5, 5, 5, 9])
    [(0, 2, True), (3, 4, False), (5, 5, False)]
    """
    found: list[tuple[int, int, bool]] = []
    first, step = 0, -1
    for at in range(1, len(finish)):
        now = finish[at] - finish[at - 1]
        if at == first + 1 and now in {0, 1}:
            step = now
        elif at == first + 1 or now != step:
            found.append((first, at - 1, at - 1 > first and step == 1))
            first = at
    last = len(finish) - 1
    return [*found, (first, last, last > first and step == 1)]

"""Projects placed one by one: which rules a day would break, and which openings it would join.

An aid of the simple planners (`coordination.schedule_baselines`); what they make is judged by
`coordination.schedule_check` like everything else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coordination.schedule_check import lock_end
from coordination.schedule_problem import ScheduleProblem
from geo.line_parts import ragged_ranges

Days = npt.NDArray[np.int64]

_AFTER, _LOCK, _APART, _DEPENDS, _FORBID = "after", "lock", "apart", "depends", "forbid"


class Placing:
    """A schedule in the making.

    Parameters
    ----------
    problem
        What is scheduled.
    day
        First days, shape ``(projects,)``; changed by `put`.
    placed
        Which projects stand already, shape ``(projects,)``.
    """

    def __init__(self, problem: ScheduleProblem, day: Days, placed: npt.NDArray[np.bool_]) -> None:
        self.day, self.placed = day.copy(), placed.copy()
        works = problem.works
        self.project: list[int] = works["project"].to_numpy(dtype=np.int64).tolist()
        self.works: list[list[int]] = [[] for _ in range(len(problem.projects))]
        for work, project in enumerate(self.project):
            self.works[project].append(work)
        self.start, self.finish = (days.tolist() for days in problem.work_days(self.day))
        self.offset: list[int] = works["offset_days"].to_numpy(dtype=np.int64).tolist()
        self.days: list[int] = works["days"].to_numpy(dtype=np.int64).tolist()
        self.pauses: dict[int, list[tuple[int, int]]] = {}
        for work, start, end in zip(*(one.tolist() for one in problem.pauses()), strict=True):
            self.pauses.setdefault(work, []).append((start, end))
        self.locked_until: dict[tuple[int, int], int] = {}
        self.rules: list[list[tuple[str, int, int, int]]] = [[] for _ in self.project]
        self.order_months = problem.order_months
        self.lag: dict[tuple[int, int], int] = {}
        for lower, upper, lag in zip(*(one.tolist() for one in problem.ordered()), strict=True):
            self._tie(_AFTER, lower, upper, lag)
            self.lag[lower, upper] = lag
        rows = problem.locks[["dig", "surface", "months"]].to_numpy(dtype=np.int64).tolist()
        for dig, surface, months in rows:
            self._tie(_LOCK, dig, surface, months)
        for left, right in problem.apart[["left", "right"]].to_numpy(dtype=np.int64).tolist():
            self._tie(_APART, left, right, 0)
        for later, earlier in problem.depends.to_numpy(dtype=np.int64).tolist():
            for one in self.works[later]:
                for other in self.works[earlier]:
                    self._tie(_DEPENDS, one, other, 0)
        self.groups: list[list[tuple[int, int]]] = [[] for _ in range(len(problem.projects))]
        self.held: dict[tuple[int, int], list[int]] = {}
        self.most: dict[tuple[int, int], int] = {}
        for kind, table, most in (
            (0, problem.crews.rename(columns={"unit": "group"}), problem.crews_most),
            (1, problem.corridors.rename(columns={"corridor": "group"}), problem.corridors_most),
        ):
            for row in table.to_dict("records"):
                project = row["project"] if kind == 0 else self.project[int(row["work"])]
                key = (kind, int(row["group"]))
                self.groups[int(project)].append(key)
                self.held.setdefault(key, []).append(int(project))
                self.most[key] = int(most[key[1]])
        self.beside: list[list[int]] = [[] for _ in self.project]
        for one, other in works_that_meet(problem).tolist():
            self.beside[one].append(other)
        for left, right in problem.forbid[["left", "right"]].to_numpy(dtype=np.int64).tolist():
            for one in self.works[left]:
                for other in set(self.beside[one]) & set(self.works[right]):
                    self._tie(_FORBID, one, other, problem.link_days)

    def _tie(self, rule: str, one: int, other: int, number: int) -> None:
        """Remember a rule with its number: days for the order and for pairs kept apart, else months."""
        self.rules[one].append((rule, one, other, number))
        self.rules[other].append((rule, one, other, number))

    def put(self, project: int, day: int) -> None:
        """Let a project stand on a day."""
        self.day[project] = day
        self.placed[project] = True
        for work, (start, finish) in zip(
            self.works[project], self.days_of(project, day), strict=True
        ):
            self.start[work], self.finish[work] = start, finish

    def days_of(self, project: int, day: int) -> list[tuple[int, int]]:
        """Return the half-open days of the works of a project that starts on ``day``."""
        return [
            (day + self.offset[work], self._done(work, day + self.offset[work]))
            for work in self.works[project]
        ]

    def _done(self, work: int, start: int) -> int:
        """Return the finish of a work, as `coordination.schedule_problem.resumed_finish` does."""
        finish, reach = start + self.days[work], start
        for first, end in self.pauses.get(work, ()):
            begin = max(first, reach)
            if begin < finish and begin < end:
                finish += end - begin
                reach = end
        return finish

    def breaks(self, project: int, day: int) -> bool:
        """Tell whether a project on a day breaks a rule with one that stands already."""
        new = dict(zip(self.works[project], self.days_of(project, day), strict=True))
        for work in self.works[project]:
            for rule, one, other, number in self.rules[work]:
                partner = self.project[other if one == work else one]
                if partner != project and not self.placed[partner]:
                    continue
                first = new.get(one) or (self.start[one], self.finish[one])
                second = new.get(other) or (self.start[other], self.finish[other])
                if self._broken(rule, first, second, number):
                    return True
        return self._crowds(project, new)

    def _crowds(self, project: int, new: dict[int, tuple[int, int]]) -> bool:
        begin, end = min(one for one, _ in new.values()), max(one for _, one in new.values())
        for key in self.groups[project]:
            spans = [
                (min(self.start[w] for w in self.works[other]),
                 max(self.finish[w] for w in self.works[other]))
                for other in set(self.held[key])
                if other != project and self.placed[other]
            ]  # fmt: skip
            met = [span for span in spans if span[0] < end and begin < span[1]]
            for moment in [begin, *(one for one, _ in met if one > begin)]:
                going = sum(1 for one, other in met if one <= moment < other)
                if going + 1 > self.most[key]:
                    return True
        return False

    def neighbours(self, project: int) -> list[tuple[int, int, int, int]]:
        """Return the placed works that open a stretch with a project: own work, start, finish, lag.

        The lag is by how many days the own work has to end after the other, negative for before it.
        """
        found = {
            (work, self.start[other], self.finish[other],
             self.lag.get((other, work), 0) - self.lag.get((work, other), 0))
            for work in self.works[project]
            for other in self.beside[work]
            if self.placed[self.project[other]]
        }  # fmt: skip
        return sorted(found)

    def _broken(
        self, rule: str, first: tuple[int, int], second: tuple[int, int], number: int
    ) -> bool:
        if rule == _AFTER:
            if first[1] + number <= second[1]:
                return False
            return first[1] <= self._later(second[1], self.order_months)
        if rule == _LOCK:
            return first[1] > second[1] and first[0] < self._later(second[1], number)
        if rule == _DEPENDS:
            return first[0] < second[1]
        if rule == _FORBID:
            return first[0] < second[1] + number and second[0] < first[1] + number
        return first[0] < second[1] and second[0] < first[1]

    def _later(self, finish: int, months: int) -> int:
        known = self.locked_until.get((finish, months))
        if known is None:
            known = int(lock_end(np.array([finish]), np.array([months]))[0])
            self.locked_until[finish, months] = known
        return known


def works_that_meet(problem: ScheduleProblem) -> npt.NDArray[np.int64]:
    """Return the ordered pairs of works of different projects that open a stretch together.

    Parameters
    ----------
    problem
        What is scheduled.

    Returns
    -------
    numpy.ndarray of int64
        Shape ``(pairs, 2)``, each pair once each way, sorted.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> works_that_meet(two_streets()).tolist()
    [[0, 1], [1, 0], [2, 3], [3, 2]]
    """
    stretch, work = (problem.members[name].to_numpy(dtype=np.int64) for name in ("stretch", "work"))
    first = np.searchsorted(stretch, stretch, "left")
    last = np.searchsorted(stretch, stretch, "right")
    row, other = ragged_ranges(first, last)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    pairs = np.stack([work[row], work[other]], axis=1)
    return np.unique(pairs[project[pairs[:, 0]] != project[pairs[:, 1]]], axis=0)

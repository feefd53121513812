"""The one room that knows OR-Tools: a schedule, or a part of it, as a model for CP-SAT.

Openings are counted without slots. On a stretch each work is either the first of an opening or follows
another one: it starts no earlier than that one (indices break ties) and before the finish that the
opening has reached so far plus ``link_days``. What an opening costs is added up along the way: the dearest
member so far, and the days from its first start to the furthest finish so far.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from coordination.schedule_check import check_schedule, lock_end
from coordination.schedule_problem import ScheduleProblem, resumed_finish
from coordination.schedule_solver_wishes import Chain, same_opening
from coordination.schedule_starts import Starts
from coordination.schedule_stretches import StretchGroup, stretch_groups
from coordination.schedule_wish_rules import joined_projects

Days = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Term = Any
"""A whole number or an expression of OR-Tools, whose own types know no sum of both."""
DECIMETRES = 10
"""Metres are counted in whole decimetres."""
_LONGEST_MONTH_DAYS = 31


@dataclass(frozen=True)
class Effort:
    """How long to look.

    Attributes
    ----------
    deterministic_s
        CP-SAT's own count of work: the same on every machine, about a second of one core.
    wall_s
        Seconds of the clock after which it stops all the same: then the result is not reproducible.
    seed
        For what the solver draws at random.
    """

    deterministic_s: float
    wall_s: float
    seed: int = 0


@dataclass(frozen=True)
class Limits:
    """How much more than on the given days may come out; None sets no limit, below 0 asks for less.

    Attributes
    ----------
    more_metres
        Metres opened.
    more_occupation_fen
        What closed days weigh.
    """

    more_metres: float | None = None
    more_occupation_fen: int | None = None


@dataclass(frozen=True)
class Solved:
    """What the solver found.

    Attributes
    ----------
    start_day
        First day of each project, shape ``(projects,)``.
    bound
        No schedule of the free projects has less of the objective on the stretches that they open:
        fen, moving included, or decimetres opened. None where the model only comes near to the
        definition, or a rule stays broken that might be kept.
    proven
        Whether nothing better exists.
    used_s
        Deterministic seconds that it took.
    by_clock
        Whether the clock stopped it.
    """

    start_day: Days
    bound: float | None
    proven: bool
    used_s: float
    by_clock: bool


def solve(  # noqa: PLR0917 - the question as a whole
    problem: ScheduleProblem,
    free_starts: Starts,
    start_day: Days,
    free: Flags,
    effort: Effort,
    limits: Limits | None = None,
    *,
    objective: str = "money",
    stop: Callable[[], bool] | None = None,
) -> Solved:
    """Return better days for some projects, the others staying where they are.

    A rule that the given days keep is kept; one that they break is mended if it can be, at any price.

    Parameters
    ----------
    problem
        What is scheduled.
    free_starts
        `coordination.schedule_starts.starts` of it.
    start_day
        Days to start from, each admitted by ``free_starts``, shape ``(projects,)``.
    free
        Which projects may be moved, shape ``(projects,)``.
    effort
        How long to look.
    limits
        What must not be passed.
    objective
        ``money``, or ``metres`` (opened) alone.
    stop
        Asked now and then; the best so far is returned when it says so.

    Raises
    ------
    ValueError
        When a given day is not admitted.
    """
    model = _Model(problem, free_starts, np.asarray(start_day, dtype=np.int64), free)
    model.openings()
    model.order()
    model.locks()
    model.depends()
    model.apart()
    model.crews()
    model.corridors()
    model.wishes()
    model.within(limits or Limits())
    return model.solve(effort, objective, stop)


class _Model:
    """One CP-SAT model in the making."""

    def __init__(
        self, problem: ScheduleProblem, starts: Starts, start_day: Days, free: Flags
    ) -> None:
        self.problem, self.day, self.starts = problem, start_day, starts
        self.model = cp_model.CpModel()
        self.money: list[Term] = []
        self.moving: list[Term] = []
        self.broken: list[Term] = []
        self.excess: list[Term] = []
        self.metres: list[Term] = []
        self.occupation: list[Term] = []
        self.exact = True
        self.chains: list[Chain] = []
        self.counted: list[Chain] = []
        movable = problem.movable() & ~starts.kept
        self.free = np.flatnonzero(free & movable)
        self.start: dict[int, cp_model.IntVar] = {}
        for project in self.free.tolist():
            self._variable(project)
        self.project = problem.works["project"].to_numpy(dtype=np.int64)
        self.offset = problem.works["offset_days"].to_numpy(dtype=np.int64)
        self.days = problem.works["days"].to_numpy(dtype=np.int64)
        self.now_start, self.now_finish = problem.work_days(start_day)
        self.is_free = np.zeros(len(problem.projects), dtype=bool)
        self.is_free[self.free] = True
        self.finish: dict[int, Term] = {}
        pauses = problem.barred[problem.barred["pause"].astype(bool)]
        of_work = pauses["work"].to_numpy(dtype=np.int64)
        self.pauses = {work: pauses[of_work == work] for work in np.unique(of_work).tolist()}

    def _variable(self, project: int) -> None:
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
        rows = self.problem.projects
        rate, wish = (
            int(rows[name].to_numpy(dtype=np.int64)[project])
            for name in ("move_fen_day", "wish_day")
        )
        if rate:
            reach = max(abs(int(first[0]) - wish), abs(int(last[-1]) - wish))
            away = self.model.new_int_var(0, reach, f"away{project}")
            self.model.add(away >= start - wish)
            self.model.add(away >= wish - start)
            self.model.add_hint(away, abs(now - wish))
            self.moving.append(away * rate)

    # Days of works: numbers where the project stays, else expressions, and what they can be.

    def begin(self, work: int) -> Term:
        """Return the first day of a work."""
        project = int(self.project[work])
        if project in self.start:
            return self.start[project] + int(self.offset[work])
        return int(self.now_start[work])

    def end(self, work: int) -> Term:
        """Return the half-open finish of a work."""
        project = int(self.project[work])
        if project not in self.start:
            return int(self.now_finish[work])
        if work not in self.pauses:
            return self.start[project] + int(self.offset[work] + self.days[work])
        if work not in self.finish:
            self.finish[work] = self._resumed(work, project)
        return self.finish[work]

    def _resumed(self, work: int, project: int) -> cp_model.IntVar:
        """Return the finish of a work that rests meanwhile: a table over its starts."""
        low, high = self.begins(work)
        rows = self.pauses[work]
        table = resumed_finish(
            np.arange(low, high + 1), int(self.days[work]),
            rows["start_day"].to_numpy(), rows["end_day"].to_numpy(),
        ).tolist()  # fmt: skip
        finish = self.model.new_int_var(min(table), max(table), f"f{work}")
        at = self.start[project] + int(self.offset[work]) - low
        self.model.add_element(at, table, finish)
        self.model.add_hint(finish, int(self.now_finish[work]))
        return finish

    def begins(self, work: int) -> tuple[int, int]:
        """Return the earliest and the latest first day of a work."""
        project = int(self.project[work])
        if project not in self.start:
            return int(self.now_start[work]), int(self.now_start[work])
        first, last = self.starts.of(project)
        offset = int(self.offset[work])
        return int(first[0]) + offset, int(last[-1]) + offset

    def ends(self, work: int) -> tuple[int, int]:
        """Return the earliest and the latest finish of a work."""
        low, high = self.begins(work)
        if self.project[work] not in self.start:
            return int(self.now_finish[work]), int(self.now_finish[work])
        rests = 0
        if work in self.pauses:
            rows = self.pauses[work]
            rests = int((rows["end_day"] - rows["start_day"]).sum())
        days = int(self.days[work])
        return low + days, high + days + rests

    # Openings.

    def openings(self) -> None:
        """Add what the openings of all stretches cost on which a free project has a work."""
        for number, group in enumerate(stretch_groups(self.problem)):
            if not self.is_free[self.project[list(group.works)]].any():
                continue
            self._group(number, group)

    def _group(self, number: int, group: StretchGroup) -> None:
        """Count the openings of stretches with the same works; see the head of this room."""
        works, most = group.works, self.problem.max_opening_days
        same = [self.problem.bundle[list(works)], self.problem.dependent[list(works)]]
        if any((label >= 0).sum() > len(set(label[label >= 0])) for label in same):
            self.exact = False
        costs = list(group.mid_fen)
        day = group.day_fen
        metres = round(group.length_m * DECIMETRES)
        follows = self._follows(number, works)
        first = []
        reach: dict[int, Term] = {}
        dearest: dict[int, Term] = {}
        head: dict[int, Term] = {}
        for y, work in enumerate(works):
            before = [(x, literal) for (x, z), literal in follows.items() if z == y]
            opens = self.model.new_bool_var(f"o{number}_{y}") if before else None
            first.append(opens)
            high = self.begins(work)[1]
            if opens is None:
                reach[y], dearest[y], head[y] = self.end(work), costs[y], self.begin(work)
                continue
            self.model.add_exactly_one([opens, *(literal for _, literal in before)])
            reach[y] = self.model.new_int_var(self.ends(work)[0], self._latest(works), "")
            dearest[y] = self.model.new_int_var(costs[y], max(costs), "")
            head[y] = self.model.new_int_var(min(self.begins(w)[0] for w in works), high, "")
        for y, work in enumerate(works):
            opens = first[y]
            if opens is None:
                self.money.append(costs[y])
                self._close(self.end(work) - self.begin(work), day)
                self.metres.append(metres)
                continue
            before = [(x, literal) for (x, z), literal in follows.items() if z == y]
            reach_before = self.model.new_int_var(
                min(self.begins(w)[0] for w in works), self._latest(works), ""
            )
            paid = self.model.new_int_var(0, costs[y], "")
            self.model.add(reach_before == self.begin(work)).only_enforce_if(opens)
            self.model.add(paid == costs[y]).only_enforce_if(opens)
            self.model.add(dearest[y] == costs[y]).only_enforce_if(opens)
            self.model.add(head[y] == self.begin(work)).only_enforce_if(opens)
            for x, literal in before:
                self.model.add(reach_before == reach[x]).only_enforce_if(literal)
                self.model.add(head[y] == head[x]).only_enforce_if(literal)
                self.model.add(
                    self.begin(work) < reach[x] + self.problem.link_days
                ).only_enforce_if(literal)
                self.model.add(paid >= costs[y] - dearest[x]).only_enforce_if(literal)
                self.model.add(dearest[y] == dearest[x] + paid).only_enforce_if(literal)
                self.model.add(self.end(work) - head[y] <= most).only_enforce_if(literal)
            self.model.add_max_equality(reach[y], [reach_before, self.end(work)])
            self.money.append(paid)
            self._close(reach[y] - reach_before, day)
            self.metres.append(metres * opens)

        self.chains.append(
            Chain(works, follows, tuple(first), [head[y] for y in range(len(works))])
        )

    def _latest(self, works: Sequence[int]) -> int:
        return max(self.ends(work)[1] for work in works)

    def _close(self, days: Term, day_fen: int) -> None:
        self.occupation.append(days * day_fen)

    def _follows(self, number: int, works: Sequence[int]) -> dict[tuple[int, int], Term]:
        """Return, per ordered pair of works that may follow each other in an opening, whether it does.

        ``s[x] + (1 if x > y else 0) ≤ s[y]``; the rest is said where openings are counted. A work
        longer than an opening may be follows nothing and is followed by nothing.
        """
        found: dict[tuple[int, int], Term] = {}
        most, link = self.problem.max_opening_days, self.problem.link_days
        for x, one in enumerate(works):
            for y, other in enumerate(works):
                if x == y or max(self.days[one], self.days[other]) > most:
                    continue
                tie = 1 if x > y else 0
                # Others of the stretch may carry the opening on: the furthest finish decides.
                if self.begins(one)[0] + tie > self.begins(other)[1]:
                    continue
                if self.begins(other)[0] >= self._latest(works) + link:
                    continue
                literal = self.model.new_bool_var(f"l{number}_{x}_{y}")
                self.model.add(self.begin(one) + tie <= self.begin(other)).only_enforce_if(literal)
                found[x, y] = literal
        return found

    # Rules about two.

    def _soft(self, kept: bool, name: str) -> list[Term]:
        """Return what switches a rule off where the given days break it already."""
        if kept:
            return []
        broken = self.model.new_bool_var(name)
        self.broken.append(broken)
        return [broken.negated()]

    def _require(self, what: Term, switch: Sequence[Term]) -> None:
        if isinstance(what, bool | np.bool_):
            return
        constraint = self.model.add(what)
        if switch:
            constraint.only_enforce_if(*switch)

    def _one_free(self, *works: int) -> bool:
        return any(self.is_free[self.project[work]] for work in works)

    def order(self) -> None:
        """``f[lower] ≤ f[upper]``, or so much later that it is no matter of order."""
        months = self.problem.order_months
        for lower, upper in (
            self.problem.order[["lower", "upper"]].to_numpy(dtype=np.int64).tolist()
        ):
            if not self._one_free(lower, upper):
                continue
            latest = int(lock_end(self.now_finish[[upper]], np.array([months]))[0])
            now_lower, now_upper = int(self.now_finish[lower]), int(self.now_finish[upper])
            kept = not now_upper < now_lower <= latest
            switch = self._soft(kept, f"order{lower}_{upper}")
            far = months * _LONGEST_MONTH_DAYS + 1
            self._either(
                (self.end(lower) <= self.end(upper), now_lower <= now_upper),
                (self.end(lower) >= self.end(upper) + far, kept and now_lower > now_upper),
                self.ends(lower)[1] >= self.ends(upper)[0] + far, switch,
            )  # fmt: skip

    def _either(
        self,
        first: tuple[Term, bool],
        second: tuple[Term, bool],
        second_possible: bool,
        switch: Sequence[Term],
    ) -> None:
        """Require one of two; each with whether it holds on the given days."""
        if not second_possible and not (second[1] and not first[1]):
            self._require(first[0], switch)
            return
        if second[1] and not first[1] and not second_possible:
            # It holds by the calendar though not by the cautious count of months: it stays so.
            return
        other = self.model.new_bool_var("")
        self._require(first[0], [*switch, other.negated()])
        self._require(second[0], [*switch, other])

    def locks(self) -> None:
        """``f[dig] ≤ f[surface]``, or the dig begins when the lock is over."""
        columns = ["dig", "surface", "months"]
        for dig, surface, months in self.problem.locks[columns].to_numpy(dtype=np.int64).tolist():
            if not self._one_free(dig, surface):
                continue
            until = int(lock_end(self.now_finish[[surface]], np.array([months]))[0])
            before = int(self.now_finish[dig]) <= int(self.now_finish[surface])
            after = int(self.now_start[dig]) >= until
            switch = self._soft(before or after, f"lock{dig}_{surface}")
            far = months * _LONGEST_MONTH_DAYS + 1
            self._either(
                (self.end(dig) <= self.end(surface), before),
                (self.begin(dig) >= self.end(surface) + far, after),
                self.begins(dig)[1] >= self.ends(surface)[0] + far, switch,
            )  # fmt: skip

    def depends(self) -> None:
        """``s[later] ≥ f`` of every work of the earlier project."""
        works_of: dict[int, list[int]] = {}
        for work, project in enumerate(self.project.tolist()):
            works_of.setdefault(project, []).append(work)
        pairs = self.problem.depends[["later", "earlier"]].to_numpy(dtype=np.int64).tolist()
        for later, earlier in pairs:
            if not (self.is_free[later] or self.is_free[earlier]):
                continue
            begin = self.start.get(later, int(self.day[later]))
            works = works_of.get(earlier, [])
            kept = all(int(self.day[later]) >= int(self.now_finish[work]) for work in works)
            switch = self._soft(kept, f"depends{later}_{earlier}")
            for work in works:
                self._require(begin >= self.end(work), switch)

    def apart(self) -> None:
        """Two full closures of one stretch: one ends before the other begins."""
        for left, right in self.problem.apart[["left", "right"]].to_numpy(dtype=np.int64).tolist():
            if not self._one_free(left, right):
                continue
            kept = bool(
                self.now_finish[left] <= self.now_start[right]
                or self.now_finish[right] <= self.now_start[left]
            )
            switch = self._soft(kept, f"apart{left}_{right}")
            left_first = self.model.new_bool_var("")
            self._require(self.end(left) <= self.begin(right), [*switch, left_first])
            self._require(self.end(right) <= self.begin(left), [*switch, left_first.negated()])

    def crews(self) -> None:
        """At most so many projects of a unit at once."""
        units = self.problem.crews["unit"].to_numpy(dtype=np.int64)
        for unit in np.unique(units).tolist():
            rows = self.problem.crews[units == unit]
            projects = rows["project"].to_numpy(dtype=np.int64)
            if not self.is_free[projects].any():
                continue
            works = np.flatnonzero(np.isin(self.project, projects))
            groups = [works[self.project[works] == project].tolist() for project in projects]
            self._at_once(groups, int(self.problem.crews_most[unit]))

    def corridors(self) -> None:
        """At most so many closures in a corridor at once."""
        corridors = self.problem.corridors["corridor"].to_numpy(dtype=np.int64)
        for corridor in np.unique(corridors).tolist():
            rows = self.problem.corridors[corridors == corridor]
            works = rows["work"].to_numpy(dtype=np.int64).tolist()
            if not self._one_free(*works):
                continue
            most = int(self.problem.corridors_most[corridor])
            self._at_once([[work] for work in works], most)

    def _at_once(self, groups: Sequence[Sequence[int]], most: int) -> None:
        """Each group of works goes on from its first start to its last finish."""
        intervals, now = [], []
        for works in groups:
            project = int(self.project[works[0]])
            single = len(works) == 1
            begin = (
                self.begin(works[0]) if single else self.start.get(project, int(self.day[project]))
            )
            first = int(self.now_start[works[0]]) if single else int(self.day[project])
            now.append((first, max(int(self.now_finish[work]) for work in works)))
            latest = max(1, *(self.ends(work)[1] for work in works))
            end = self.model.new_int_var(0, latest, "")
            size = self.model.new_int_var(0, latest + 100_000, "")
            self.model.add_max_equality(end, [self.end(work) for work in works])
            intervals.append(self.model.new_interval_var(begin, size, end, ""))
        peak = max(sum(1 for other in now if other[0] <= one[0] < other[1]) for one in now)
        most_now = self.model.new_int_var(most, max(most, peak), "")
        self.model.add_cumulative(intervals, [1] * len(intervals), most_now)
        if peak > most:
            self.broken.append(most_now - most)

    def wishes(self) -> None:
        """Pairs that a coordinator wants in no common opening, or in one at least."""
        link = self.problem.link_days
        joined = joined_projects(self.problem, check_schedule(self.problem, self.day).opening)
        for rule in ("forbid", "force"):
            table = getattr(self.problem, rule)
            for left, right in table[["left", "right"]].to_numpy(dtype=np.int64).tolist():
                if not (self.is_free[left] or self.is_free[right]):
                    continue
                kept = ((left, right) in joined) == (rule == "force")
                switch = self._soft(kept, f"{rule}{left}_{right}")
                pairs = [
                    (chain, x, y)
                    for chain in self.chains
                    for x, one in enumerate(chain.works)
                    for y, other in enumerate(chain.works)
                    if self.project[one] == left and self.project[other] == right
                ]
                same = [same_opening(self.model, chain, x, y) for chain, x, y in pairs]
                if rule == "force":
                    self.model.add_bool_or([*same, *(one.negated() for one in switch)])
                    continue
                self.exact &= not pairs
                for (chain, _, _), joins in zip(pairs, same, strict=True):
                    self.model.add_bool_or([joins.negated(), *(one.negated() for one in switch)])
                    self._chains_count(chain, link)

    def _chains_count(self, chain: Chain, link: int) -> None:
        """Let a work be first of an opening only where nothing that began earlier still reaches it.

        Elsewhere the sums see to that; to keep a pair apart it would be a way out.
        """
        if chain in self.counted:
            return
        self.counted.append(chain)
        most = self.problem.max_opening_days
        for y, work in enumerate(chain.works):
            opens = chain.first[y]
            for x, one in enumerate(chain.works):
                if opens is None or x == y or max(self.days[one], self.days[work]) > most:
                    continue
                tie = 1 if x > y else 0
                ways = (
                    self.begin(one) + tie > self.begin(work),
                    self.end(one) + link <= self.begin(work),
                    self.end(work) > chain.head[x] + most,
                )
                if any(isinstance(way, bool | np.bool_) and bool(way) for way in ways):
                    continue
                taken = [self.model.new_bool_var("") for _ in ways]
                self.model.add_bool_or([opens.negated(), *taken])
                for way, literal in zip(ways, taken, strict=True):
                    if isinstance(way, bool | np.bool_):
                        self.model.add(literal == 0)
                    else:
                        self.model.add(way).only_enforce_if(literal)

    # Limits and the search.

    def within(self, limits: Limits) -> None:
        """Keep metres and closed days within limits, or come as near to them as can be."""
        if limits == Limits() or not self.metres:
            return
        now = check_schedule(self.problem, self.day).openings
        members = self.problem.members
        free = self.is_free[self.project[members["work"].to_numpy(dtype=np.int64)]]
        touched = now["stretch"].isin(members.loc[free, "stretch"])
        stretch = now["stretch"].to_numpy(dtype=np.int64)[touched]
        length = self.problem.stretches["length_m"].to_numpy(dtype=float)[stretch]
        day = self.problem.stretches["day_fen"].to_numpy(dtype=np.int64)[stretch]
        closed = int((now["closed_days"].to_numpy(dtype=np.int64)[touched] * day).sum())
        for more, present, total, scale in (
            (limits.more_metres, float(length.sum()), self.metres, DECIMETRES),
            (limits.more_occupation_fen, closed, self.occupation, 1),
        ):
            if more is None:
                continue
            over = self.model.new_int_var(0, 1 << 40, "")
            # Lengths are rounded: what is allowed must not be forbidden by that.
            slack = len(total) if total is self.metres else 0
            self.model.add(sum(total) <= round((present + more) * scale) + slack + over)
            self.excess.append(over)

    def solve(self, effort: Effort, objective: str, stop: Callable[[], bool] | None) -> Solved:
        """Search for fewer broken rules, then for less above the limits, then for less of the rest.

        One after the other: in one sum the large weights would blind the solver's bound.
        """
        if not self.start:
            return Solved(self.day.copy(), None, proven=True, used_s=0.0, by_clock=False)
        money = [*self.money, *self.occupation, *self.moving]
        levels = [self.broken, self.excess, self.metres if objective == "metres" else money]
        left_s, clock_s, proven, by_clock = effort.deterministic_s, effort.wall_s, True, False
        day, bound = self.day.copy(), 0.0
        for parts in levels:
            if not parts:
                continue
            self.model.minimize(sum(parts))
            solver = self._solver(replace(effort, deterministic_s=left_s, wall_s=clock_s), stop)
            status = solver.solve(self.model)
            left_s = max(left_s - float(solver.response_proto.deterministic_time), 0.01)
            clock_s = max(clock_s - solver.wall_time, 0.01)
            by_clock |= clock_s <= 0.01 and status != cp_model.OPTIMAL
            bound = float(solver.best_objective_bound)
            if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                proven = False
                break
            proven &= status == cp_model.OPTIMAL
            for project, start in self.start.items():
                day[project] = solver.value(start)
            if parts is not levels[-1]:
                self.model.add(sum(parts) <= round(solver.objective_value))
                self._hint(solver)
        used_s = effort.deterministic_s - left_s
        told = self.exact and (proven or not (self.broken or self.excess))
        return Solved(day, bound if told else None, proven, used_s, by_clock)

    def _solver(self, effort: Effort, stop: Callable[[], bool] | None) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = effort.seed
        solver.parameters.max_deterministic_time = effort.deterministic_s
        solver.parameters.max_time_in_seconds = effort.wall_s
        if stop is not None:

            def asked(_: float) -> None:
                if stop():
                    solver.stop_search()

            solver.best_bound_callback = asked
        return solver

    def _hint(self, solver: cp_model.CpSolver) -> None:
        """Go on from what was found."""
        values = solver.response_proto.solution
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for index, value in enumerate(values):
            self.model.add_hint(self.model.get_int_var_from_proto_index(index), int(value))

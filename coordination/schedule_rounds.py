"""The parts of a plan made better in rounds, by whatever processes there are.

Every part once, then those that lack most to their bound. Nothing is accepted that the independent check
does not find better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_check import ScheduleCheck, check_schedule, closed_fen
from coordination.schedule_groups import fit_into_groups
from coordination.schedule_improving import Improved, Part, Task, improve
from coordination.schedule_parts import Core
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import Effort, Limits

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_S_PER_PROJECT, _MOST_S_PER_PROJECT = 0.1, 0.5
_LEAST_S = 0.05
_ROUNDS = 3
_TASK_S, _TASK_PARTS = 2.0, 60
"""Small parts go to a process together, up to so much work and so many."""

Runner = Callable[[Callable[[Task], tuple[Improved, ...]], Sequence[Task]],
                  Iterable[tuple[int, tuple[Improved, ...]]]]  # fmt: skip
"""Works on tasks and gives their number and results as they come."""


def one_by_one(
    work: Callable[[Task], tuple[Improved, ...]], tasks: Sequence[Task]
) -> Iterator[tuple[int, tuple[Improved, ...]]]:
    """Work on tasks in this process."""
    for number, task in enumerate(tasks):
        yield number, work(task)


@dataclass(frozen=True)
class Progress:
    """Where the search stands.

    Attributes
    ----------
    done, parts
        Parts that are finished for this round, and of how many.
    cost_fen, metres_opened
        Of the best schedule so far.
    gap_money, gap_metres
        Its distance to the bound; NaN while there is none.
    """

    done: int
    parts: int
    cost_fen: int
    metres_opened: float
    gap_money: float
    gap_metres: float


def gap(found: float, bound: float) -> float:
    """Return how far from the bound a figure is, as a share of the bound.

    Examples
    --------
    >>> gap(103.0, 100.0), gap(0.0, 0.0)
    (0.03, 0.0)
    """
    if bound <= 0:
        return 0.0 if found <= 0 else float("inf")
    return (found - bound) / bound


@dataclass(frozen=True)
class Search:
    """How long and with what to search.

    Attributes
    ----------
    deterministic_s
        Work in all, in the solver's own count: the same whatever the machine does meanwhile.
    wall_s
        Returns how many seconds of the clock are left.
    seed
        For all that is drawn at random.
    run
        Who works on the parts.
    tell
        Is told where the search stands.
    stop
        Asked now and then; the best so far is returned when it says so.
    """

    deterministic_s: float = 30.0
    wall_s: Callable[[], float] = field(default=lambda: 3_600.0)
    seed: int = 0
    run: Runner = one_by_one
    tell: Callable[[Progress], None] = field(default=lambda _: None)
    stop: Callable[[], bool] = field(default=lambda: False)


def by_part(problem: ScheduleProblem, check: ScheduleCheck, label: Rows) -> pd.DataFrame:
    """Return what a schedule does per part.

    Parameters
    ----------
    problem, check
        The problem and a schedule of it.
    label
        Its parts (`coordination.schedule_parts`): no opening has works of two.

    Returns
    -------
    pandas.DataFrame
        Index label: ``broken`` (rules), ``metres``, ``occupation_fen``, ``cost_fen`` (mid).
    """
    work = problem.members["work"].to_numpy(dtype=np.int64)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    table = check.openings
    stretch = table["stretch"].to_numpy(dtype=np.int64)
    part = np.zeros(len(table), dtype=np.int64)
    part[check.opening] = label[project[work]]
    size = len(label)

    def added(of: Rows, values: npt.NDArray[np.float64] | Days) -> npt.NDArray[np.float64]:
        return np.bincount(of, weights=values, minlength=size).astype(float)

    closed = closed_fen(problem, table)
    wish = problem.projects["wish_day"].to_numpy(dtype=np.int64)
    rate = problem.projects["move_fen_day"].to_numpy(dtype=np.int64)
    moving = added(label, np.abs(check.start_day - wish) * rate)
    paid = added(part, table["mid_fen"].to_numpy(dtype=np.int64))
    occupation = added(part, closed)
    rows = pd.DataFrame(
        {
            "broken": added(label[check.broken["project"].to_numpy(dtype=np.int64)],
                            np.ones(len(check.broken))),
            "metres": added(part, problem.stretches["length_m"].to_numpy(dtype=float)[stretch]),
            "occupation_fen": occupation,
            "cost_fen": paid + occupation + moving + added(label, check.project_fees_fen),
        }
    )  # fmt: skip
    return rows.loc[np.unique(label)]


def _best(
    told: Mapping[str, pd.DataFrame], over: Sequence[npt.NDArray[np.float64]] | None = None
) -> Rows:
    """Return which plan is best in each part: fewest rules broken, limits passed least, cheapest."""
    broken, cost = (
        np.stack([one[name].to_numpy(dtype=float) for one in told.values()])
        for name in ("broken", "cost_fen")
    )
    passed = np.zeros_like(cost) if over is None else np.stack(over)
    best: Rows = np.lexsort((cost, passed, broken), axis=0)[0]
    return best


class Rounds:
    """The best schedule so far, part by part."""

    def __init__(
        self,
        problem: ScheduleProblem,
        label: Rows,
        simple: Mapping[str, ScheduleCheck],
        begun: Mapping[str, Days],
    ) -> None:
        self.problem, self.label = problem, label
        told = {name: by_part(problem, check, label) for name, check in simple.items()}
        choices = {
            name: told[name] if name in told
            else by_part(problem, check_schedule(problem, day), label)
            for name, day in begun.items()
        }  # fmt: skip
        names = list(choices)
        best = _best(choices)
        labels = choices[names[0]].index.to_numpy()
        chosen = best[np.searchsorted(labels, label)]
        every = np.stack([begun[name] for name in names])
        self.begun, self.begun_told = every, choices
        self.day: Days = every[chosen, np.arange(len(label))]
        self.labels = labels
        rivals = [*told.values(), *choices.values()]
        self.rivals_broken, self.rivals_metres = (
            np.stack([one[name].to_numpy(dtype=float) for one in rivals])
            for name in ("broken", "metres")
        )
        self.most_occupation_fen = told["as_filed"]["occupation_fen"]
        self.bounds = pd.DataFrame(
            {
                "bound_metres": np.nan,
                "bound_fen": np.nan,
                "same_rules": False,
                "proven": False,
                "metres_settled": False,
            },
            index=labels,
        )
        movable = problem.movable()
        counts = pd.Series(label).value_counts()
        self.sizes = pd.DataFrame(
            {
                "projects": counts.reindex(labels).to_numpy(),
                "movable": pd.Series(movable).groupby(label).sum().reindex(labels).to_numpy(),
            },
            index=labels,
        )
        self.reproducible = True

    def improve(self, search: Search) -> None:
        """Improve every part once, then those that are furthest from their bound."""
        size = self.sizes["movable"].to_numpy(dtype=float)
        alone = self._settle_alone()
        left = search.deterministic_s
        wanted = np.where(alone, 0.0, _S_PER_PROJECT * size)
        effort = np.maximum(wanted * min(1.0, left / 2 / max(wanted.sum(), _LEAST_S)), _LEAST_S)
        left -= self._round(self.labels[~alone], effort[~alone], search, number=0)
        for number in range(1, _ROUNDS):
            lacking = np.where(size < 1, 0.0, self._lacking())
            if left <= _LEAST_S or lacking.sum() <= 0:
                return
            if search.stop() or search.wall_s() <= 1.0:
                self.reproducible = False
                return
            spent = left / (_ROUNDS - number)
            budget = np.minimum(lacking / lacking.sum() * spent, _MOST_S_PER_PROJECT * size)
            worth = budget > _LEAST_S
            left -= self._round(self.labels[worth], budget[worth], search, number=number)

    def within_limits(self) -> None:
        """Take a simple plan where the search ended before it came within its limits."""
        now = by_part(self.problem, check_schedule(self.problem, self.day), self.label)
        told = {"found": now, **self.begun_told}
        most_metres = self._most_metres(np.min([one["broken"] for one in told.values()], axis=0))
        over = [
            (one["metres"] - most_metres).clip(lower=0.0).round(6).to_numpy(dtype=float)
            + (one["occupation_fen"] - self.most_occupation_fen).clip(lower=0).to_numpy(dtype=float)
            for one in told.values()
        ]
        best = _best(told, over)
        at = best[np.searchsorted(self.labels, self.label)]
        self.day = np.stack([self.day, *self.begun])[at, np.arange(len(at))]
        self._other_days(best > 0, best > 0)

    def _other_days(self, changed: Flags, rules: Flags) -> None:
        """Forget what the bounds say no more of parts with other days, and which keep other rules."""
        self.bounds.loc[changed, "proven"] = False
        self.bounds.loc[rules & self.bounds["same_rules"], ["bound_metres", "bound_fen"]] = np.nan

    def _most_metres(self, broken: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return, per part, the fewest metres of a simple plan that breaks no more rules."""
        within = np.where(self.rivals_broken <= broken, self.rivals_metres, np.inf)
        return np.asarray(within.min(axis=0), dtype=float)

    def fit(self, core: Core, begun: Mapping[str, Days], search: Search) -> None:
        """Bring the days to what crews and corridors bear, or take a simple plan that breaks less."""
        # Who asked to stop gets the rules kept as far as that is quickly done.
        effort = Effort(search.deterministic_s, max(search.wall_s(), 1.0), search.seed % 1_000_000)
        if search.stop():
            effort, self.reproducible = Effort(_LEAST_S, 1.0), False
        found = fit_into_groups(
            core.problem, self.day, core.label, self.label,
            most_occupation_fen=self._filed_occupation(core.label), effort=effort,
        )  # fmt: skip
        self.reproducible &= not found.by_clock
        loosely = self.day
        choices = {"fitted": found.start_day, **begun}
        told = {
            name: by_part(core.problem, check_schedule(core.problem, day), core.label)
            for name, day in choices.items()
        }
        best = _best(told)
        every = np.stack(list(choices.values()))
        at = best[np.searchsorted(told["fitted"].index.to_numpy(), core.label)]
        self.day = every[at, np.arange(len(at))]
        changed = np.isin(self.labels, self.label[self.day != loosely])
        # Which rules a simple plan keeps is not what the bounds are of.
        self._other_days(changed, np.isin(self.labels, self.label[at > 0]))
        self._tell(search, len(self.labels), len(self.labels))

    def _filed_occupation(self, label: Rows) -> npt.NDArray[np.float64]:
        """Return, per project, what closed days weigh as filed in its part of another division."""
        first = np.unique(self.label, return_index=True)[1]
        own = np.bincount(
            label[first], weights=self.most_occupation_fen.to_numpy(), minlength=len(label)
        )
        return np.asarray(own[label], dtype=float)

    def _lacking(self) -> npt.NDArray[np.float64]:
        """Return what the parts lack to their bounds, in money and in metres, as shares of the whole."""
        now = self.table()
        lacking = np.zeros(len(now))
        for name, bound, known in (
            ("cost_fen", "bound_fen", "proven"),
            ("metres", "bound_metres", "metres_settled"),
        ):
            short = (now[name] - now[bound]).fillna(now[name]).to_numpy(dtype=float)
            short = np.where(now[known].to_numpy(dtype=bool), 0.0, np.maximum(short, 0.0))
            lacking += short / max(float(now[name].sum()), 1.0)
        return lacking

    def _settle_alone(self) -> Flags:
        """Tell which parts are one project whose cost no start changes; that is their bound."""
        pauses = self.problem.barred.loc[self.problem.barred["pause"].astype(bool), "work"]
        project = self.problem.works["project"].to_numpy(dtype=np.int64)
        resting = self.label[project[pauses.to_numpy(dtype=np.int64)]]
        alone = (self.sizes["projects"].to_numpy() == 1) & ~np.isin(self.labels, resting)
        now = by_part(self.problem, check_schedule(self.problem, self.day), self.label)
        rows = self.labels[alone]
        self.bounds.loc[rows, "bound_metres"] = now.loc[rows, "metres"]
        self.bounds.loc[rows, "bound_fen"] = now.loc[rows, "cost_fen"]
        self.bounds.loc[rows, ["proven", "metres_settled"]] = True
        return np.asarray(alone, dtype=bool)

    def _round(
        self,
        labels: Rows,
        effort_s: npt.NDArray[np.float64],
        search: Search,
        *,
        number: int,
    ) -> float:
        """Improve some parts and return the deterministic seconds that it took."""
        check = check_schedule(self.problem, self.day)
        now = by_part(self.problem, check, self.label)
        # No plan that breaks no more may open fewer metres; none may close more than is filed.
        most_metres = pd.Series(self._most_metres(now["broken"].to_numpy()), index=self.labels)
        order = np.argsort(self.label, kind="stable")
        sorted_label = self.label[order]
        left_s = max(search.wall_s(), 1.0)
        parts: list[_Sent] = []
        for label, seconds in zip(labels.tolist(), effort_s.tolist(), strict=True):
            low, high = np.searchsorted(sorted_label, [label, label + 1])
            keep = np.zeros(len(self.label), dtype=bool)
            keep[order[low:high]] = True
            part, rows = part_of(self.problem, keep)
            more_metres = float(most_metres[label] - now.loc[label, "metres"])
            more_fen = self.most_occupation_fen[label] - now.loc[label, "occupation_fen"]
            bound = self.bounds.loc[label]
            seed = search.seed * 1_000_003 + number * 10_007 + label
            sent = Part(
                part, self.day[rows],
                Limits(more_metres if np.isfinite(more_metres) else None, int(more_fen)),
                Effort(seconds, left_s, seed),
                bound_metres=float(bound["bound_metres"]), bound_fen=float(bound["bound_fen"]),
                proven=bool(bound["proven"]), metres_settled=bool(bound["metres_settled"]),
                first=number == 0,
            )  # fmt: skip
            parts.append(_Sent(label, rows, sent))
        held = _tasks(parts, small_first=number == 0)
        if number == 0:
            self._tell(search, 0, len(parts))
        done = 0
        used_s: list[float] = []
        tasks = [tuple(one.part for one in group) for group in held]
        for at, results in search.run(improve, tasks):
            for of, one in zip(held[at], results, strict=True):
                self.day[of.rows] = one.start_day
                self.reproducible &= not one.by_clock
                self._bound(of.label, one)
                used_s.append(one.used_s)
                done += 1
            if at % 10 == 0 or done == len(parts):
                self._tell(search, done, len(parts))
            if search.stop():
                break
        # Who works on the parts may have been told to stop before giving back any.
        self.reproducible &= done == len(parts)
        # Exactly, in whatever order they came.
        return fsum(used_s)

    def _tell(self, search: Search, done: int, parts: int) -> None:
        best = check_schedule(self.problem, self.day)
        bound = self.bounds["bound_fen"].sum(min_count=len(self.bounds))
        metres = self.bounds["bound_metres"].sum(min_count=len(self.bounds))
        cost = best.cost_fen[1]
        search.tell(
            Progress(
                done, parts, cost, best.metres_opened, gap(cost, bound),
                gap(best.metres_opened, metres),
            )
        )  # fmt: skip

    def _bound(self, label: int, one: Improved) -> None:
        for name in self.bounds.columns.tolist():
            self.bounds.loc[label, name] = getattr(one, name)

    def table(self) -> pd.DataFrame:
        """Return size, cost and bound of every part."""
        told = by_part(self.problem, check_schedule(self.problem, self.day), self.label)
        return pd.concat([self.sizes, told[["cost_fen", "metres"]], self.bounds], axis=1)


@dataclass(frozen=True)
class _Sent:
    """A part on its way: its label, its rows among the projects, and what is asked."""

    label: int
    rows: Rows
    part: Part


def _tasks(parts: Sequence[_Sent], *, small_first: bool) -> list[list[_Sent]]:
    """Return parts as tasks, small ones together.

    Small ones first, who stops soon has most of them; large ones first, no process waits for the last.
    """
    sign = 1 if small_first else -1
    held: list[list[_Sent]] = []
    weight = 0.0
    for one in sorted(
        parts, key=lambda sent: (sign * sent.part.effort.deterministic_s, sent.label)
    ):
        seconds = one.part.effort.deterministic_s
        if not held or weight + seconds > _TASK_S or len(held[-1]) >= _TASK_PARTS:
            held.append([])
            weight = 0.0
        held[-1].append(one)
        weight += seconds
    return held

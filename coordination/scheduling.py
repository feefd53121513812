"""From the plan as filed to an integrated schedule: parts that hang together, each made better in turn.

The simple plans come first, so that there is an answer within seconds. Then every part starts from the
best of them: a small one is solved as a whole, of a large one a neighbourhood at a time is set free and
solved while the rest stays (large-neighbourhood search). Nothing is accepted that the independent check
does not find better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_baselines import greedy, same_section_merge
from coordination.schedule_bound import cluster_bound
from coordination.schedule_check import ScheduleCheck, check_schedule, closed_fen
from coordination.schedule_mending import keep_wishes
from coordination.schedule_parts import core_of
from coordination.schedule_problem import ScheduleProblem, part_of
from coordination.schedule_solver import Effort, Limits, solve
from coordination.schedule_starts import Starts, settled, starts

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PLANS = ("as_filed", "same_section_merge", "greedy", "optimised")
SOLVED_WHOLE = 40
"""Up to so many movable projects a part is given to the solver as a whole."""
_NEIGHBOURS = (8, 14, 20)
_TRY_S = 0.5
_S_PER_PROJECT, _MOST_S_PER_PROJECT = 0.06, 0.5
_LEAST_S = 0.05
_ROUNDS = 4


@dataclass(frozen=True)
class Task:
    """Parts to be made better, as they go to another process.

    Attributes
    ----------
    parts
        Each a problem of its own.
    start_day
        Days to start from, per part.
    more
        What may come out more than with these, per part.
    effort
        Deterministic seconds per part; the clock holds for all together.
    """

    parts: tuple[ScheduleProblem, ...]
    start_day: tuple[Days, ...]
    more: tuple[Limits, ...]
    effort: tuple[Effort, ...]


@dataclass(frozen=True)
class Improved:
    """What became of a part.

    Attributes
    ----------
    start_day
        The days.
    bound_metres, bound_fen
        What no schedule beats; NaN where it is not known.
    proven
        Whether nothing better exists.
    used_s
        Deterministic seconds that it took.
    by_clock
        Whether the clock stopped it.
    """

    start_day: Days
    bound_metres: float
    bound_fen: float
    proven: bool
    used_s: float
    by_clock: bool


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


@dataclass(frozen=True)
class Plan:
    """A schedule with what it is compared with.

    Attributes
    ----------
    problem
        What was scheduled.
    schedules
        By name of `PLANS`.
    part
        Label of the part of each project, shape ``(projects,)``.
    parts
        Index label of the part: ``projects``, ``movable``, ``cost_fen``, ``metres``, ``bound_fen``,
        ``bound_metres``, ``proven``.
    reproducible
        False where the clock ended the search before its count of work did.
    fees_fen
        Fees that no schedule avoids: of works that no start takes out of a no-dig period.
    """

    problem: ScheduleProblem
    schedules: Mapping[str, ScheduleCheck]
    part: Rows
    parts: pd.DataFrame
    reproducible: bool
    fees_fen: int = 0

    @property
    def bound_metres(self) -> float:
        """No schedule opens fewer metres."""
        return float(self.parts["bound_metres"].sum())

    @property
    def bound_fen(self) -> float:
        """No schedule costs less, mid value."""
        return float(self.parts["bound_fen"].sum()) + self.fees_fen

    @property
    def gap_metres(self) -> float:
        """``(found − bound) / bound``."""
        return gap(self.schedules["optimised"].metres_opened, self.bound_metres)

    @property
    def gap_money(self) -> float:
        """``(found − bound) / bound``."""
        return gap(self.schedules["optimised"].cost_fen[1], self.bound_fen)


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


def plan(
    problem: ScheduleProblem, search: Search | None = None, start_day: Days | None = None
) -> Plan:
    """Return an integrated schedule beside the plans that it is compared with.

    Parameters
    ----------
    problem
        What is scheduled.
    search
        How long and with what.
    start_day
        Days of an earlier schedule from which the search may start too, shape ``(projects,)``.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> found = plan(two_streets(), Search(deterministic_s=5.0))
    >>> found.schedules["as_filed"].metres_opened, found.schedules["optimised"].metres_opened
    (400.0, 200.0)
    >>> round(found.gap_metres, 3), bool(found.parts["proven"].all())
    (0.0, True)
    """
    search = search or Search()
    free = starts(problem)
    filed = problem.filed()
    days = {
        "as_filed": filed,
        "same_section_merge": same_section_merge(problem, free),
        "greedy": greedy(problem, free),
    }
    core = core_of(problem, free)
    simple = {name: check_schedule(core.problem, day) for name, day in days.items()}
    begun = dict(days, settled=settled(problem, free, filed))
    del begun["as_filed"]
    if start_day is not None:
        begun["given"] = settled(problem, free, start_day)
    if len(problem.forbid) or len(problem.force):
        base = begun["greedy"] if start_day is None else begun["given"]
        begun["wished"] = keep_wishes(core.problem, base, core.label, seed=search.seed)
    state = _State(core.problem, core.label, simple, begun)
    state.rounds(search)
    days["optimised"] = state.day
    return Plan(
        problem=problem,
        schedules={name: check_schedule(problem, day) for name, day in days.items()},
        part=core.label,
        parts=state.table(),
        reproducible=state.reproducible,
        fees_fen=core.fees_fen,
    )


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


class _State:
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
        keys = np.stack(
            [choices[name][["broken", "cost_fen"]].to_numpy(dtype=float) for name in names]
        )
        best = np.zeros(keys.shape[1], dtype=np.int64)
        for number in range(1, len(names)):
            one, now = keys[number], keys[best, np.arange(keys.shape[1])]
            better = (one[:, 0] < now[:, 0]) | ((one[:, 0] == now[:, 0]) & (one[:, 1] < now[:, 1]))
            best[better] = number
        labels = choices[names[0]].index.to_numpy()
        chosen = best[np.searchsorted(labels, label)]
        every = np.stack([begun[name] for name in names])
        self.day: Days = every[chosen, np.arange(len(label))]
        self.labels = labels
        # No plan that breaks no more may open fewer metres; none may close more than is filed.
        self.limits = pd.DataFrame(index=labels)
        least = np.full(len(labels), np.inf)
        fewest = np.min([choices[name]["broken"].to_numpy() for name in names], axis=0)
        for one in (*told.values(), *choices.values()):
            fits = one["broken"].to_numpy() <= fewest
            least = np.where(fits, np.minimum(least, one["metres"].to_numpy()), least)
        self.limits["metres"] = least
        self.limits["occupation_fen"] = told["as_filed"]["occupation_fen"].to_numpy()
        self.bounds = pd.DataFrame(
            {"bound_metres": np.nan, "bound_fen": np.nan, "proven": False}, index=labels
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

    def rounds(self, search: Search) -> None:
        """Improve every part once, then those that are furthest from their bound."""
        size = self.sizes["movable"].to_numpy(dtype=float)
        alone = self._settle_alone()
        left = search.deterministic_s
        wanted = np.where(alone, 0.0, _S_PER_PROJECT * size)
        effort = np.maximum(wanted * min(1.0, left / 2 / max(wanted.sum(), _LEAST_S)), _LEAST_S)
        left -= self._round(self.labels[~alone], effort[~alone], search, number=0)
        for number in range(1, _ROUNDS):
            if search.stop() or search.wall_s() <= 1.0 or left <= _LEAST_S:
                return
            now = self.table()
            lacking = (now["cost_fen"] - now["bound_fen"]).fillna(now["cost_fen"]).to_numpy()
            lacking = np.where(now["proven"].to_numpy(dtype=bool) | (size < 1), 0.0, lacking)
            lacking = np.maximum(lacking, 0.0)
            if lacking.sum() <= 0:
                return
            spent = left / (_ROUNDS - number)
            budget = np.minimum(lacking / lacking.sum() * spent, _MOST_S_PER_PROJECT * size)
            worth = budget > _LEAST_S
            left -= self._round(self.labels[worth], budget[worth], search, number=number)

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
        self.bounds.loc[rows, "proven"] = True
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
        order = np.argsort(self.label, kind="stable")
        sorted_label = self.label[order]
        parts: list[tuple[int, ScheduleProblem, Rows, Limits, float]] = []
        for label, seconds in zip(labels.tolist(), effort_s.tolist(), strict=True):
            low, high = np.searchsorted(sorted_label, [label, label + 1])
            keep = np.zeros(len(self.label), dtype=bool)
            keep[order[low:high]] = True
            part, rows = _part(self.problem, keep)
            row, most = now.loc[label], self.limits.loc[label]
            more = Limits(
                float(most["metres"] - row["metres"]),
                int(most["occupation_fen"] - row["occupation_fen"]),
            )
            parts.append((label, part, rows, more, seconds))
        tasks, held = _tasks(parts, self.day, search, number=number)
        done, used_s = 0, 0.0
        for at, results in search.run(improve, tasks):
            for (label, _, rows, _, _), one in zip(held[at], results, strict=True):
                self.day[rows] = one.start_day
                self.reproducible &= not one.by_clock
                self._bound(label, one)
                used_s += one.used_s
                done += 1
            if at % 10 == 0 or done == len(parts):
                self._tell(search, done, len(parts))
            if search.stop():
                self.reproducible = False
                break
        return used_s

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
        for name, value in (("bound_metres", one.bound_metres), ("bound_fen", one.bound_fen)):
            known = self.bounds[name].to_numpy(dtype=float)[self.labels == label][0]
            self.bounds.loc[label, name] = np.fmax(known, value)
        if one.proven:
            self.bounds.loc[label, "proven"] = True

    def table(self) -> pd.DataFrame:
        """Return size, cost and bound of every part."""
        told = by_part(self.problem, check_schedule(self.problem, self.day), self.label)
        return pd.concat([self.sizes, told[["cost_fen", "metres"]], self.bounds], axis=1)


def _part(problem: ScheduleProblem, keep: Flags) -> tuple[ScheduleProblem, Rows]:
    return part_of(problem, keep)


def _tasks(
    parts: Sequence[tuple[int, ScheduleProblem, Rows, Limits, float]],
    day: Days,
    search: Search,
    *,
    number: int,
) -> tuple[list[Task], list[list[tuple[int, ScheduleProblem, Rows, Limits, float]]]]:
    """Return parts as tasks: large ones alone and first, small ones together."""
    ordered = sorted(parts, key=lambda one: (-one[4], one[0]))
    held: list[list[tuple[int, ScheduleProblem, Rows, Limits, float]]] = []
    weight = 0.0
    for one in ordered:
        if not held or weight + one[4] > 2.0 or len(held[-1]) >= 60:
            held.append([])
            weight = 0.0
        held[-1].append(one)
        weight += one[4]
    left = max(search.wall_s(), 1.0)
    tasks = [
        Task(
            parts=tuple(one[1] for one in group),
            start_day=tuple(day[one[2]] for one in group),
            more=tuple(one[3] for one in group),
            effort=tuple(
                Effort(one[4], left, search.seed * 1_000_003 + number * 10_007 + one[0])
                for one in group
            ),
        )
        for group in held
    ]
    return tasks, held


def improve(task: Task) -> tuple[Improved, ...]:
    """Make each part of a task better; it runs in whatever process it is given to."""
    return tuple(
        _improved(part, day, more, effort)
        for part, day, more, effort in zip(
            task.parts, task.start_day, task.more, task.effort, strict=True
        )
    )


def _improved(part: ScheduleProblem, day: Days, more: Limits, effort: Effort) -> Improved:
    free = starts(part)
    movable = int((part.movable() & ~free.kept).sum())
    if not movable:
        only = check_schedule(part, day)
        return Improved(
            day, only.metres_opened, float(only.cost_fen[1]), proven=True, used_s=0.0,
            by_clock=False,
        )  # fmt: skip
    effort = replace(effort, seed=effort.seed % 1_000_000)
    if movable <= SOLVED_WHOLE:
        return _solved_whole(part, free, day, more, effort)
    half = replace(effort, deterministic_s=effort.deterministic_s / 2)
    day, stopped = _search(part, day, more, half)
    bound = cluster_bound(part, free, half, None if len(check_schedule(part, day).broken) else day)
    return Improved(
        day, bound.metres, bound.money_fen, proven=False,
        used_s=effort.deterministic_s / 2 + bound.used_s, by_clock=stopped,
    )  # fmt: skip


def _solved_whole(
    part: ScheduleProblem, free: Starts, day: Days, more: Limits, effort: Effort
) -> Improved:
    """Solve a part as one, first as if there were no limits: its bound is one of all schedules."""
    every = np.ones(len(part.projects), dtype=bool)
    base = check_schedule(part, day)
    found = solve(part, free, day, every, effort)
    used_s, by_clock, proven = found.used_s, found.by_clock, found.proven
    fen = np.nan if found.bound is None else found.bound
    now = check_schedule(part, found.start_day)
    if _key(now, base, more)[1] > 0:
        limited = solve(part, free, day, every, effort, more)
        used_s, by_clock = used_s + limited.used_s, by_clock | limited.by_clock
        now, proven = check_schedule(part, limited.start_day), limited.proven
    if not _key(now, base, more) < _key(base, base, more):
        now = base
    least = replace(effort, deterministic_s=effort.deterministic_s / 2)
    metres = solve(part, free, now.start_day, every, least, objective="metres")
    return Improved(
        now.start_day,
        np.nan if metres.bound is None else metres.bound,
        fen,
        proven=proven,
        used_s=used_s + metres.used_s,
        by_clock=by_clock or metres.by_clock,
    )


def _key(check: ScheduleCheck, base: ScheduleCheck, more: Limits) -> tuple[int, float, int]:
    over = 0.0
    if more.more_metres is not None:
        over += max(check.metres_opened - base.metres_opened - more.more_metres, 0.0)
    if more.more_occupation_fen is not None:
        over += max(check.occupation_fen - base.occupation_fen - more.more_occupation_fen, 0)
    return len(check.broken), round(over, 6), check.cost_fen[1]


def _search(part: ScheduleProblem, day: Days, more: Limits, effort: Effort) -> tuple[Days, bool]:
    """Set neighbourhoods free, one after the other, while the rest stays."""
    rng = np.random.default_rng(effort.seed)
    near = _neighbours(part)
    base = check_schedule(part, day)
    now = base
    key = _key(now, base, more)
    left, clock = effort.deterministic_s, effort.wall_s
    movable = np.flatnonzero(part.movable() & ~starts(part).kept)
    weight = np.ones(len(part.projects))
    while left > 0.05 and len(movable):
        chance = weight[movable] / weight[movable].sum()
        seed = int(rng.choice(movable, p=chance))
        size = int(rng.choice(_NEIGHBOURS))
        chosen = _around(near, seed, size, rng)
        keep = np.zeros(len(day), dtype=bool)
        keep[list(chosen)] = True
        for one in list(chosen):
            keep[list(near[one])] = True
        sub, rows = part_of(part, keep)
        free = np.isin(rows, list(chosen))
        slack = Limits(
            None if more.more_metres is None
            else more.more_metres + base.metres_opened - now.metres_opened,
            None if more.more_occupation_fen is None
            else more.more_occupation_fen + base.occupation_fen - now.occupation_fen,
        )  # fmt: skip
        found = solve(
            sub, starts(sub), day[rows], free,
            Effort(min(_TRY_S, left), clock, int(rng.integers(1_000_000))), slack,
        )  # fmt: skip
        left -= max(found.used_s, 0.01)
        if found.by_clock:
            return day, True
        weight[seed] *= 0.6
        if np.array_equal(found.start_day, day[rows]):
            continue
        then_day = day.copy()
        then_day[rows] = found.start_day
        then = check_schedule(part, then_day)
        then_key = _key(then, base, more)
        if then_key < key:
            day, now, key = then_day, then, then_key
            for one in chosen:
                weight[list(near[one])] = 1.0
    return day, False


def _neighbours(part: ScheduleProblem) -> list[set[int]]:
    """Return the projects with which each one shares a stretch or a rule."""
    project = part.works["project"].to_numpy(dtype=np.int64)
    near: list[set[int]] = [set() for _ in range(len(part.projects))]
    groups: list[Sequence[int]] = []
    member = project[part.members["work"].to_numpy(dtype=np.int64)]
    stretch = part.members["stretch"].to_numpy(dtype=np.int64)
    cuts = np.flatnonzero(np.diff(stretch)) + 1
    groups += [held.tolist() for held in np.split(member, cuts) if len(held)]
    for table, one, other in (
        (part.order, "lower", "upper"), (part.locks, "dig", "surface"),
        (part.apart, "left", "right"),
    ):  # fmt: skip
        groups += project[table[[one, other]].to_numpy(dtype=np.int64)].tolist()
    groups += part.depends[["later", "earlier"]].to_numpy(dtype=np.int64).tolist()
    groups += [rows.tolist() for _, rows in part.crews.groupby("unit")["project"]]
    groups += [
        project[rows.to_numpy(dtype=np.int64)].tolist()
        for _, rows in part.corridors.groupby("corridor")["work"]
    ]
    for tied in {tuple(sorted(set(group))) for group in groups}:
        for project_row in tied:
            near[project_row].update(tied)
    for project_row, others in enumerate(near):
        others.discard(project_row)
    return near


def _around(near: Sequence[set[int]], seed: int, size: int, rng: np.random.Generator) -> list[int]:
    """Return a project and those nearest to it along shared stretches."""
    chosen, front = [seed], [seed]
    known = {seed}
    while front and len(chosen) < size:
        more = sorted({other for one in front for other in near[one]} - known)
        rng.shuffle(more)
        more = more[: size - len(chosen)]
        chosen += more
        known |= set(more)
        front = more
    return chosen

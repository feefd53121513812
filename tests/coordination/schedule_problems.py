"""Random small problems, and the best schedule by trying every one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_check import ScheduleCheck, check_schedule
from coordination.schedule_examples import problem_of
from coordination.schedule_problem import (
    BARRED_COLUMNS,
    LOCK_COLUMNS,
    ORDER_COLUMNS,
    ScheduleProblem,
)
from coordination.schedule_starts import starts


def random_problem(
    seed: int, *, count: int = 3, days: int = 10, rules: bool = True
) -> ScheduleProblem:
    """Return a problem of a few projects on a few stretches, some of them fixed."""
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 6, count)
    filed = rng.integers(0, days, count)
    first = np.maximum(filed - rng.integers(0, days, count), 0)
    last = filed + rng.integers(0, days, count)
    fixed = rng.random(count) < 0.15
    works = pd.DataFrame(
        {
            "code": [f"P{number}" for number in range(count)],
            "filed_day": filed,
            "first_day": np.where(fixed, filed, first),
            "last_day": np.where(fixed, filed, last),
            "days": length,
            "layer": rng.integers(1, 10, count),
        }
    )
    many = int(rng.integers(1, 4))
    rows = [
        (stretch, work, int(rng.integers(1, 9)) * 10_000)
        for stretch in range(many)
        for work in np.flatnonzero(rng.random(count) < 0.8)
    ]
    rows = rows or [(0, 0, 10_000)]
    members = pd.DataFrame(rows, columns=["stretch", "work", "mid_fen"])
    used, members["stretch"] = np.unique(members["stretch"], return_inverse=True)
    metres = rng.integers(1, 5, len(used)) * 10.0
    stretches = pd.DataFrame({"length_m": metres, "day_fen": rng.integers(0, 4, len(used)) * 1_000})
    problem = problem_of(
        works, stretches, members,
        link_days=int(rng.integers(1, 4)), max_opening_days=int(rng.integers(4, 12)),
    )  # fmt: skip
    return _with_rules(problem, rng, days) if rules else problem


def _with_rules(problem: ScheduleProblem, rng: np.random.Generator, days: int) -> ScheduleProblem:
    count = len(problem.projects)
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]

    def some(share: float) -> list[tuple[int, int]]:
        return [pair for pair in pairs if rng.random() < share]

    layer = problem.works["layer_low"].to_numpy()
    order = [(a, b) for a, b in some(0.3) if layer[a] < layer[b]]
    lagged = [(a, b, int(rng.integers(0, 4))) for a, b in order]
    barred = [
        (int(rng.integers(0, count)), begin := int(rng.integers(0, days)),
         begin + int(rng.integers(1, 4)), "restricted", bool(rng.random() < 0.4), "fair", 0, 0, 0)
        for _ in range(int(rng.integers(0, 3)))
    ]  # fmt: skip
    locks = [(a, b, 1, 1_000, 2_000, 3_000) for a, b in some(0.1)]
    apart = [(a, b) for a, b in some(0.1) if a < b]
    depends = some(0.08)[:1]
    crews = [(0, project) for project in range(count) if rng.random() < 0.3]
    corridors = [(0, work) for work in range(count) if rng.random() < 0.3]
    return replace(
        problem,
        order=pd.DataFrame(lagged, columns=list(ORDER_COLUMNS), dtype="int64"),
        barred=pd.DataFrame(barred, columns=list(BARRED_COLUMNS)),
        locks=pd.DataFrame(locks, columns=list(LOCK_COLUMNS), dtype="int64"),
        apart=pd.DataFrame(apart, columns=["left", "right"], dtype="int64"),
        depends=pd.DataFrame(depends, columns=["later", "earlier"], dtype="int64"),
        crews=pd.DataFrame(crews, columns=["unit", "project"], dtype="int64"),
        crews_most=np.array([2], dtype=np.int64),
        corridors=pd.DataFrame(corridors, columns=["corridor", "work"], dtype="int64"),
        corridors_most=np.array([1], dtype=np.int64),
    )


def best_by_trying(problem: ScheduleProblem) -> ScheduleCheck:
    """Return the schedule with the fewest broken rules, and of these the cheapest."""
    return min(every_schedule(problem), key=lambda one: (len(one.broken), one.cost_fen[1]))


def rich_problem(
    seed: int, *, sites: int = 5, days: int = 4, calendar: bool = True, wishes: bool = True
) -> ScheduleProblem:
    """Return a problem with every rule there is, of projects of which some have several sites.

    Without ``calendar`` no rule counts in calendar months.
    """
    rng = np.random.default_rng(seed)
    problem = _of_several_sites(random_problem(seed, count=sites, days=days), rng)
    count = len(problem.projects)
    project = problem.works["project"].to_numpy()
    bundle = np.where(rng.random(sites) < 0.2, 0, -1)
    # Whoever depends on another may share its opening, as `joined_labels` has it.
    dependent = np.full(sites, -1)
    for later, earlier in problem.depends[["later", "earlier"]].to_numpy().tolist():
        dependent[(project == later) | (project == earlier)] = 0
    more = [
        (int(rng.integers(0, sites)), begin := int(rng.integers(0, days + 3)),
         begin + int(rng.integers(1, 4)), rule, rule == "restricted", rule, fee, fee, fee)
        for rule, fee in (("restricted", 0), ("no_dig", 5_000)) if rng.random() < 0.5
    ]  # fmt: skip
    barred = pd.concat([problem.barred, pd.DataFrame(more, columns=list(BARRED_COLUMNS))])
    asked = [(a, b) for a in range(count) for b in range(a + 1, count)]
    draw = rng.random(len(asked)) if wishes else np.ones(len(asked))
    pair = {
        name: pd.DataFrame(
            [one for one, drawn in zip(asked, draw, strict=True) if low <= drawn < low + 0.1],
            columns=["left", "right"], dtype="int64",
        )
        for name, low in (("forbid", 0.0), ("force", 0.1))
    }  # fmt: skip
    changed = replace(
        problem, bundle=bundle, dependent=dependent,
        barred=barred.reset_index(drop=True).astype({"pause": bool}), **pair,
    )  # fmt: skip
    if calendar:
        return changed
    return replace(changed, order=changed.order[:0], locks=changed.locks[:0])


def _of_several_sites(problem: ScheduleProblem, rng: np.random.Generator) -> ScheduleProblem:
    """Let some projects be sites of the one before them."""
    sites = len(problem.projects)
    own = rng.random(sites) < 0.7
    own[0] = True
    project = np.cumsum(own) - 1
    offset = np.where(own, 0, rng.integers(0, 3, sites))
    end = offset + problem.works["days"].to_numpy()
    length = np.zeros(int(own.sum()), dtype=np.int64)
    np.maximum.at(length, project, end)

    def of_two(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
        return table[project[table[one]] != project[table[other]]].reset_index(drop=True)

    def renumbered(table: pd.DataFrame, *names: str) -> pd.DataFrame:
        return table.assign(**{name: project[table[name]] for name in names}).drop_duplicates()

    return replace(
        problem,
        projects=problem.projects[own].reset_index(drop=True).assign(length_days=length),
        works=problem.works.assign(project=project, offset_days=offset),
        order=of_two(problem.order, "lower", "upper"),
        locks=of_two(problem.locks, "dig", "surface"),
        apart=of_two(problem.apart, "left", "right"),
        depends=renumbered(of_two(problem.depends, "later", "earlier"), "later", "earlier"),
        crews=renumbered(problem.crews, "project").reset_index(drop=True),
    )


def every_schedule(problem: ScheduleProblem) -> list[ScheduleCheck]:
    """Return all schedules in which each project starts on a day that it may have."""
    free = starts(problem)
    choices = [
        [
            day
            for first, last in zip(*free.of(project), strict=True)
            for day in range(first, last + 1)
        ]
        for project in range(len(problem.projects))
    ]
    return [check_schedule(problem, np.array(days)) for days in product(*choices)]


def shifted(problem: ScheduleProblem, days: int) -> ScheduleProblem:
    """Return the problem so many days later."""

    def later(table: pd.DataFrame, *names: str) -> pd.DataFrame:
        return table.assign(**{name: table[name] + days for name in names})

    return replace(
        problem,
        projects=later(problem.projects, "filed_day", "first_day", "last_day", "wish_day"),
        barred=later(problem.barred, "start_day", "end_day"),
        pins=later(problem.pins, "day"),
        as_of_day=problem.as_of_day + days,
    )


def reordered(problem: ScheduleProblem, order: npt.NDArray[np.int64]) -> ScheduleProblem:
    """Return the problem with its projects in another order."""
    number = np.argsort(order)

    def renumbered(table: pd.DataFrame, *names: str) -> pd.DataFrame:
        return table.assign(**{name: number[table[name]] for name in names})

    def pairs(table: pd.DataFrame) -> pd.DataFrame:
        both = np.sort(number[table[["left", "right"]].to_numpy(dtype=np.int64)], axis=1)
        return pd.DataFrame(both, columns=["left", "right"])

    return replace(
        problem,
        projects=problem.projects.iloc[order].reset_index(drop=True),
        works=renumbered(problem.works, "project"),
        depends=renumbered(problem.depends, "later", "earlier"),
        crews=renumbered(problem.crews, "project"),
        pins=renumbered(problem.pins, "project"),
        forbid=pairs(problem.forbid),
        force=pairs(problem.force),
    )

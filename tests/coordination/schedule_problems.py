"""Random small problems, and the best schedule by trying every one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
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
    free = starts(problem)
    choices = []
    for project in range(len(problem.projects)):
        first, last = free.of(project)
        choices.append([day for a, b in zip(first, last, strict=True) for day in range(a, b + 1)])
    judged = (check_schedule(problem, np.array(days)) for days in product(*choices))
    return min(judged, key=lambda one: (len(one.broken), one.cost_fen[1]))

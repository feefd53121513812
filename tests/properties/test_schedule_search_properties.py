"""The search for a schedule, held against all schedules of problems with every rule there is."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from coordination.schedule_bound import cluster_bound
from coordination.schedule_check import ScheduleCheck, check_schedule
from coordination.schedule_parts import kept_rules
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_solver import Effort, Solved, solve
from coordination.schedule_starts import settled, starts

sys.path.insert(0, str(Path(__file__).parents[1] / "coordination"))
from schedule_problems import every_schedule, random_problem, rich_problem

SEEDS = st.integers(0, 10_000)
ENOUGH = Effort(2.0, 60.0)
AT_ONCE = {"crews", "corridor"}
"""Several too many at once are one peak to the solver, and a break each to the judge."""


def small(seed: int, *, most: int = 60) -> tuple[ScheduleProblem, list[ScheduleCheck]]:
    """Return a problem with every rule, and all its schedules."""
    problem = rich_problem(seed, sites=4)
    free = starts(problem)
    days = np.bincount(free.project, weights=free.last_day - free.first_day + 1)
    assume(2 <= days.prod() <= most)
    return problem, every_schedule(problem)


def solved(problem: ScheduleProblem, *, by_cores: bool) -> Solved:
    free = starts(problem)
    every = np.ones(len(problem.projects), dtype=bool)
    effort = replace(ENOUGH, by_cores=by_cores)
    return solve(problem, free, settled(problem, free, problem.filed()), every, effort)


def test_the_search_by_cores_comes_to_an_end() -> None:
    problem = random_problem(1, count=4, days=5, rules=False)
    found = solved(problem, by_cores=True)
    assert found.proven
    assert not found.by_clock


@given(seed=SEEDS, by_cores=st.booleans())
@example(seed=37, by_cores=False).via("a bundle of several works: the model only comes near")
@settings(max_examples=12)
def test_what_is_proven_is_the_best_of_all_schedules(seed: int, *, by_cores: bool) -> None:
    problem, every = small(seed)
    found = solved(problem, by_cores=by_cores)
    mine = check_schedule(problem, found.start_day)
    best = min(every, key=lambda one: (len(one.broken), one.cost_fen[1]))
    if not found.proven or AT_ONCE & {*best.broken["rule"], *mine.broken["rule"]}:
        return
    assert len(mine.broken) == len(best.broken)
    assert mine.cost_fen[1] == best.cost_fen[1]
    assert found.bound is not None
    counted = mine.cost_fen[1] - fixed_fees_fen(problem, mine.start_day)
    assert found.bound <= counted + 1e-3
    if "lockout" not in set(mine.broken["rule"]):  # that of two works that stay is no matter
        assert found.bound >= counted - 1e-3


def keeping(problem: ScheduleProblem, given_one: ScheduleCheck) -> ScheduleProblem:
    """Return the problem with the rules alone that a schedule keeps."""
    broken = given_one.broken.set_index(["rule", "project", "other"]).index
    wishes = {}
    for rule, table in (("forbid", problem.forbid), ("force", problem.force)):
        pairs = table[["left", "right"]].to_numpy().tolist()
        wishes[rule] = table[np.array([(rule, *pair) not in broken for pair in pairs], dtype=bool)]
    return replace(kept_rules(problem, given_one.start_day), **wishes)


def keep_all(problem: ScheduleProblem, every: list[ScheduleCheck]) -> list[ScheduleCheck]:
    """Return the schedules that break nothing but what lies on a day by itself."""
    alone = ["window", "restricted", "no_dig", "pin"]
    return [
        one for one in every
        if check_schedule(problem, one.start_day).broken["rule"].isin(alone).all()
    ]  # fmt: skip


def fixed_fees_fen(problem: ScheduleProblem, day: npt.NDArray[np.int64]) -> int:
    """Return the fees of what no start takes out of barred days."""
    return check_schedule(replace(problem, locks=problem.locks[:0]), day).fees_fen[1]


@given(
    seed=SEEDS, at=st.integers(0, 1_000), by_cores=st.booleans(),
    objective=st.sampled_from(["money", "metres"]),
)  # fmt: skip
@settings(max_examples=8)
def test_no_schedule_that_keeps_the_same_rules_beats_the_bounds(
    seed: int, at: int, objective: str, *, by_cores: bool
) -> None:
    problem, every = small(seed)
    begun = every[at % len(every)]
    kept = keeping(problem, begun)
    keeps = keep_all(kept, every)
    effort, free = replace(ENOUGH, by_cores=by_cores), starts(problem)
    found = solve(
        problem, free, begun.start_day, np.ones(len(problem.projects), dtype=bool), effort,
        objective=objective, chooses_rules=False,
    )  # fmt: skip
    mine = check_schedule(problem, found.start_day)
    if found.proven:
        assert keep_all(kept, [mine])
        assert len(mine.broken) <= len(begun.broken)
    if found.bound is not None:
        # One rule more may be kept than at the beginning, and then it has to be.
        fees = fixed_fees_fen(problem, mine.start_day)
        as_many = [one for one in every if len(one.broken) <= len(mine.broken)]
        for one in keep_all(keeping(problem, mine), as_many):
            least = one.metres_opened if objective == "metres" else one.cost_fen[1] - fees
            assert found.bound <= least + 1e-3
    for projects in (1, 2):
        bound = cluster_bound(problem, free, effort, begun.start_day, projects=projects)
        assert bound.money_fen <= min(one.cost_fen[1] for one in keeps) + 1e-3
        assert bound.metres <= min(one.metres_opened for one in keeps) + 1e-3

"""The road above ends some days after what digs below it: from the policy to the schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination import Policy
from coordination.city import City
from coordination.detection import look
from coordination.not_bundled import explain
from coordination.schedule_baselines import greedy
from coordination.schedule_build import schedule_problem
from coordination.schedule_check import check_schedule
from coordination.schedule_examples import problem_of
from coordination.schedule_problem import ORDER_COLUMNS, ScheduleProblem, part_of
from coordination.schedule_solver import Effort, solve
from coordination.schedule_starts import settled, starts

sys.path.insert(0, str(Path(__file__).parent))
from schedule_problems import best_by_trying, random_problem

Work = dict[str, Any]

ASPHALT = {"sector": "road", "work_type": "medium_repair", "utility": None, "method": "surface"}
REBUILT = {"sector": "road", "work_type": "rebuild", "utility": None}
SIGNS = {"sector": "traffic", "work_type": "upkeep", "utility": None, "method": "none"}


@pytest.mark.parametrize(
    ("upper", "last_day", "lag_days"),
    [
        (ASPHALT, "2026-05-20", 7),
        (REBUILT, "2026-05-20", 7),
        (ASPHALT, "2026-05-04", 4),  # four days of asphalt are all that a trench has to wait for
        (SIGNS, "2026-05-20", 0),
        ({"utility": "telecom"}, "2026-05-20", 0),
    ],
    ids=["asphalt", "rebuilt road", "short", "signs", "telecom"],
)
def test_the_road_waits_for_the_trench_below_and_a_pipe_does_not(
    make_city: Callable[..., City], work: Callable[..., Work],
    upper: Work, last_day: str, lag_days: int,
) -> None:  # fmt: skip
    city = make_city(
        work("A", "2026-05-01", "2026-05-20", utility="sewer"),
        work("B", "2026-05-01", last_day, **upper),
    )
    as_of = np.datetime64("2026-01-01", "D")
    order = schedule_problem(look(city, Policy(), as_of)).order
    assert order.to_numpy().tolist() == [[0, 1, lag_days]]
    plan = replace(Policy().plan, surface_lag_days=0)
    bare = schedule_problem(look(city, replace(Policy(), plan=plan), as_of)).order
    assert bare["lag_days"].tolist() == [0]


def street(lag_days: int, last_day: int = 60) -> ScheduleProblem:
    """Return a sewer of 30 days from day 50, and asphalt of 20 days that may start until some day."""
    works = pd.DataFrame(
        {"code": ["sewer", "asphalt"], "filed_day": [50, 60], "first_day": [50, 0],
         "last_day": [50, last_day], "days": [30, 20], "layer": [1, 8]}
    )  # fmt: skip
    members = pd.DataFrame({"stretch": [0, 0], "work": [0, 1], "mid_fen": [8_800_000, 4_400_000]})
    order = pd.DataFrame([(0, 1, lag_days)], columns=list(ORDER_COLUMNS))
    return problem_of(works, pd.DataFrame({"length_m": [100.0]}), members, order=order)


def test_the_greedy_plan_ends_the_road_as_many_days_after_the_trench_as_it_has_to() -> None:
    for lag, day in ((0, 60), (7, 67)):
        problem = street(lag, last_day=200)
        assert greedy(problem, starts(problem)).tolist() == [50, day]


def test_a_window_that_ends_before_the_lag_does_is_why_a_pair_is_no_bundle() -> None:
    for last, why in ((66, "order"), (67, "money")):
        problem = street(7, last)
        assert explain(problem, starts(problem), [(0, 1)]) == (why, 0)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12)
def test_the_solver_keeps_the_lags_that_the_judge_asks_for(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(seed, days=4, rules=False)
    layer = problem.works["layer_low"].to_numpy()
    rows = [
        (one, other, int(rng.integers(1, 5)))
        for one in range(len(layer))
        for other in range(len(layer))
        if layer[one] < layer[other]
    ]
    problem = replace(problem, order=pd.DataFrame(rows, columns=list(ORDER_COLUMNS), dtype="int64"))
    free = starts(problem)
    every = np.ones(len(problem.projects), dtype=bool)
    day = settled(problem, free, problem.filed())
    found = solve(problem, free, day, every, Effort(3.0, 60.0))
    best, mine = best_by_trying(problem), check_schedule(problem, found.start_day)
    assert len(mine.broken) == len(best.broken)
    assert not found.proven or mine.cost_fen[1] == best.cost_fen[1]
    part, _ = part_of(problem, every)
    assert part.ordered()[2].tolist() == problem.ordered()[2].tolist()

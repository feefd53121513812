"""Crews and corridors that tie many parts together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from coordination.schedule_check import check_schedule
from coordination.schedule_examples import problem_of
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_rounds import Search
from coordination.scheduling import plan

STREETS = 30


def streets(crews: int) -> ScheduleProblem:
    """Return thirty streets, each dug by the one unit twice, 100 days apart, for 10 days each."""
    count = 2 * STREETS
    works = pd.DataFrame(
        {
            "code": [f"P{number:02d}" for number in range(count)],
            "filed_day": np.arange(count) // 2 * 5 + np.arange(count) % 2 * 100,
            "first_day": 0, "last_day": 400, "days": 10,
        }
    )  # fmt: skip
    members = pd.DataFrame(
        {"stretch": np.arange(count) // 2, "work": np.arange(count), "mid_fen": 1_000_000}
    )
    return problem_of(
        works, pd.DataFrame({"length_m": np.full(STREETS, 100.0)}), members,
        crews=pd.DataFrame({"unit": 0, "project": np.arange(count)}), crews_most=np.array([crews]),
    )  # fmt: skip


def test_few_crews_tie_streets_together_and_cost_next_to_nothing() -> None:
    problem = streets(2)
    assert len(check_schedule(problem, problem.filed()).broken)
    found = plan(problem, Search(deterministic_s=3.0))
    best = found.schedules["optimised"]
    assert best.broken["rule"].tolist() == []
    assert best.metres_opened == 100.0 * STREETS
    assert found.gap_metres == 0.0
    assert found.gap_money < 0.25
    assert found.bound_fen <= best.cost_fen[1]


def test_where_there_are_crews_enough_nothing_is_lost() -> None:
    tied, free = (
        plan(streets(crews), Search(deterministic_s=2.0))
        for crews in (2 * STREETS - 1, 2 * STREETS)
    )
    assert tied.schedules["optimised"].cost_fen == free.schedules["optimised"].cost_fen
    assert bool(tied.parts["proven"].all())


def test_a_crew_too_few_is_told_and_not_fatal() -> None:
    problem = streets(1)
    short = problem.projects.assign(first_day=lambda one: one["filed_day"] - 1,
                                    last_day=lambda one: one["filed_day"] + 1)  # fmt: skip
    found = plan(replace(problem, projects=short), Search(deterministic_s=2.0))
    best, filed = found.schedules["optimised"], found.schedules["as_filed"]
    assert 0 < len(best.broken) <= len(filed.broken)
    assert set(best.broken["rule"]) == {"crews"}


def test_stopped_at_once_the_plan_still_has_room_for_its_crews() -> None:
    found = plan(streets(3), Search(deterministic_s=2.0, stop=lambda: True))
    assert found.schedules["optimised"].broken["rule"].tolist() == []
    assert not found.reproducible

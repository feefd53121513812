"""Parts made better: who gets how much of the effort."""

from __future__ import annotations

import numpy as np
import pytest

from coordination import schedule_improving
from coordination.schedule_examples import two_streets
from coordination.schedule_improving import Part, improve
from coordination.schedule_solver import Effort, Limits, Solved


def test_the_bound_of_the_metres_gets_its_share_whatever_money_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Where a schedule passed its limits, money was asked for twice and nothing was left: of a city's
    # largest part no metres were bounded.
    asked: list[tuple[str, float]] = []

    def solve(*question: object, objective: str = "money", chooses_rules: bool) -> Solved:
        _, _, day, _, effort, *_ = question
        asked.append((objective, effort.deterministic_s))
        return Solved(
            np.asarray(day), None, proven=False, used_s=effort.deterministic_s, by_clock=False
        )

    monkeypatch.setattr(schedule_improving, "solve", solve)
    problem = two_streets()
    never = Limits(more_occupation_fen=-(10**12))
    improve((Part(problem, problem.filed(), never, Effort(10.0, 100.0)),))
    assert [objective for objective, _ in asked] == ["money", "money", "metres"]
    assert sum(seconds for _, seconds in asked) <= 10.1
    assert asked[-1][1] >= 2.5

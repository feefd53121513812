"""The page on plans: its example by hand is what the program finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coordination.schedule_examples import two_streets
from coordination.schedule_problem import FEN_PER_YUAN, HARD_RULES
from coordination.schedule_rounds import Search
from coordination.scheduling import plan

PAGE = (Path(__file__).parents[2] / "docs" / "plan.md").read_text(encoding="utf-8")


def test_the_example_by_hand_is_what_is_found() -> None:
    problem = two_streets()
    problem = replace(problem, order=problem.order.assign(lag_days=7))
    found = plan(problem, Search(deterministic_s=2.0))
    filed, best = found.schedules["as_filed"], found.schedules["optimised"]
    assert filed.cost_fen[1] == 231_000 * FEN_PER_YUAN
    assert (filed.metres_opened, filed.broken["rule"].tolist()) == (400.0, ["order"])
    assert best.cost_fen[1] == 142_840 * FEN_PER_YUAN
    assert (best.metres_opened, len(best.broken)) == (200.0, 0)
    assert best.moving_fen == (117 + 90) * 20 * FEN_PER_YUAN
    assert found.gap_money == 0.0
    for figure in ("231,000", "142,840", "94,040", "48,800", "137,000", "94,000"):
        assert figure in PAGE


def test_every_hard_rule_of_a_plan_is_on_the_page() -> None:
    table = PAGE[PAGE.index("## Hard rules") : PAGE.index("## How it is found")]
    assert [rule for rule in HARD_RULES if f"`{rule}`" not in table] == []

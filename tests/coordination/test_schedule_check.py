"""The judge of schedules: each hard rule broken on purpose, and sums by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.plan_words import broken_texts
from coordination.schedule_check import check_schedule, lock_end
from coordination.schedule_examples import problem_of, two_streets
from coordination.schedule_model import pieces
from coordination.schedule_parts import core_of
from coordination.schedule_problem import (
    BARRED_COLUMNS,
    HARD_RULES,
    LOCK_COLUMNS,
    ScheduleProblem,
    part_of,
    resumed_finish,
)
from coordination.schedule_rounds import Search
from coordination.schedule_solver import Effort, solve
from coordination.schedule_starts import starts
from coordination.scheduling import plan


def three(**more: object) -> ScheduleProblem:
    """Three works of ten days on one stretch of 100 m, filed on days 0, 40 and 80."""
    works = pd.DataFrame(
        {"code": ["A", "B", "C"], "filed_day": [0, 40, 80], "first_day": [0, 0, 0],
         "last_day": [100, 100, 100], "days": [10, 10, 10], "layer": [1, 5, 8]}
    )  # fmt: skip
    members = pd.DataFrame(
        {"stretch": [0, 0, 0], "work": [0, 1, 2], "mid_fen": [30_000, 20_000, 10_000]}
    )
    return problem_of(works, pd.DataFrame({"length_m": [100.0]}), members, **more)


def barred(**row: object) -> pd.DataFrame:
    plain = {"work": 0, "start_day": 5, "end_day": 7, "rule": "restricted", "pause": False,
             "name": "fair", "low_fen": 0, "mid_fen": 0, "high_fen": 0}  # fmt: skip
    return pd.DataFrame([plain | row], columns=list(BARRED_COLUMNS))


BROKEN: dict[str, tuple[ScheduleProblem, list[int], list[int]]] = {
    # rule: problem, days that keep it, days that break it
    "window": (three(), [0, 40, 80], [101, 40, 80]),
    "restricted": (three(barred=barred()), [7, 40, 80], [6, 40, 80]),
    "no_dig": (three(barred=barred(rule="no_dig")), [7, 40, 80], [0, 40, 80]),
    "order": (
        three(order=pd.DataFrame({"lower": [0], "upper": [2]})), [80, 40, 80], [81, 40, 80],
    ),
    "lockout": (
        three(locks=pd.DataFrame([(0, 2, 36, 1, 2, 3)], columns=list(LOCK_COLUMNS))),
        [80, 40, 80], [81, 40, 80],
    ),
    "depends": (
        three(depends=pd.DataFrame({"later": [1], "earlier": [0]})), [30, 40, 80], [31, 40, 80],
    ),
    "crews": (
        three(crews=pd.DataFrame({"unit": [0, 0], "project": [0, 1]}), crews_most=np.array([1]),
              names={"unit:0": "Gas"}),
        [30, 40, 80], [31, 40, 80],
    ),
    "closures": (
        three(apart=pd.DataFrame({"left": [0], "right": [1]})), [30, 40, 80], [49, 40, 80],
    ),
    "corridor": (
        three(corridors=pd.DataFrame({"corridor": [0, 0], "work": [0, 1]}),
              corridors_most=np.array([1]), names={"corridor:0": "north"}),
        [50, 40, 80], [45, 40, 80],
    ),
    "pin": (three(pins=pd.DataFrame({"project": [0], "day": [7]})), [7, 40, 80], [0, 40, 80]),
    "forbid": (
        three(forbid=pd.DataFrame({"left": [0], "right": [1]})), [0, 24, 80], [0, 23, 80],
    ),
    "force": (
        three(force=pd.DataFrame({"left": [0], "right": [1]})), [0, 23, 80], [0, 24, 80],
    ),
}  # fmt: skip


def test_each_hard_rule_has_a_case() -> None:
    assert tuple(BROKEN) == HARD_RULES


@pytest.mark.parametrize("rule", HARD_RULES)
def test_a_schedule_broken_on_purpose_is_told(rule: str) -> None:
    problem, kept, broken = BROKEN[rule]
    assert check_schedule(problem, np.array(kept)).broken["rule"].tolist() == []
    assert check_schedule(problem, np.array(broken)).broken["rule"].tolist() == [rule]


def test_a_lower_layer_far_later_is_a_repeat_and_no_wrong_order() -> None:
    problem = three(order=pd.DataFrame({"lower": [0], "upper": [2]}))
    far = replace(problem, projects=problem.projects.assign(last_day=1_000))
    # The upper work ends on day 90 (1970-03-31); twelve months later is 1971-03-31.
    assert len(check_schedule(far, np.array([445, 40, 80])).broken) == 1
    assert len(check_schedule(far, np.array([446, 40, 80])).broken) == 0


LAGGED = pd.DataFrame({"lower": [0], "upper": [2], "lag_days": [7]})


def test_a_lower_layer_that_ends_too_soon_before_the_upper_one_is_told_with_the_days_that_lack() -> (
    None
):
    problem = three(order=LAGGED)
    assert len(check_schedule(problem, np.array([73, 40, 80])).broken) == 0
    days = (
        "A lies below C: it is finished on {}, C on 1970-03-31; days between the two: {}, needed: 7"
    )
    for day, told in (
        (74, days.format("1970-03-25", 6)),
        (80, days.format("1970-03-31", 0)),
        (81, "A lies below C and is finished after it (1970-04-01 to 1970-04-01)"),
    ):
        broken = check_schedule(problem, np.array([day, 40, 80])).broken
        assert broken["rule"].tolist() == ["order"]
        assert broken_texts(problem, broken, "en") == [told]
    assert broken_texts(problem, check_schedule(problem, np.array([74, 40, 80])).broken, "zh") == [
        "A 属下层，于 1970-03-25 完工，上层的 C 于 1970-03-31 完工：相隔 6 天，至少须隔 7 天"
    ]


def test_of_two_projects_the_pair_of_works_is_told_of_which_most_days_lack() -> None:
    # A's second work ends on the day of C; its first one four days earlier.
    problem = three(order=pd.DataFrame(
        {"lower": [0, 1], "upper": [2, 2], "lag_days": [7, 7]}))  # fmt: skip
    works = problem.works.assign(project=[0, 0, 2], offset_days=[0, 4, 0])
    problem = replace(problem, works=works)
    broken = check_schedule(problem, np.array([76, 40, 80])).broken
    assert broken[["first_day", "end_day", "lag_days"]].to_numpy().tolist() == [[90, 97, 7]]


def test_closures_of_several_sites_of_two_projects_are_one_break() -> None:
    problem = three(apart=pd.DataFrame({"left": [0, 1], "right": [1, 2]}))
    problem = replace(problem, works=problem.works.assign(project=[0, 1, 0], offset_days=0))
    broken = check_schedule(problem, np.array([40, 40, 80])).broken
    assert broken[["rule", "project", "other"]].to_numpy().tolist() == [["closures", 0, 1]]


def test_sums_by_hand() -> None:
    problem = three()
    apart = check_schedule(problem, problem.filed())
    assert apart.metres_opened == 300.0
    assert apart.reinstatement_fen == (60_000, 60_000, 60_000)
    assert apart.occupation_fen == 30 * 10_000  # three times ten days, a yuan a metre
    assert apart.moving_fen == 0
    joined = check_schedule(problem, np.array([30, 40, 49]))
    assert joined.metres_opened == 100.0
    assert joined.reinstatement_fen[1] == 30_000
    assert joined.openings["closed_days"].tolist() == [29]
    assert joined.moving_fen == (30 + 31) * 2_000
    assert joined.cost_fen[1] == 30_000 + 290_000 + 122_000


def test_a_gap_of_link_days_is_another_opening() -> None:
    problem = three()
    assert len(check_schedule(problem, np.array([0, 23, 80])).openings) == 2
    assert len(check_schedule(problem, np.array([0, 24, 80])).openings) == 3


def test_an_opening_too_long_is_cut() -> None:
    problem = three(max_opening_days=25)
    assert len(check_schedule(problem, np.array([0, 15, 80])).openings) == 2
    assert len(check_schedule(problem, np.array([0, 16, 80])).openings) == 3


def test_members_of_a_bundle_are_one_opening_and_close_nothing_in_between() -> None:
    problem = three(bundle=np.array([0, 0, -1]))
    check = check_schedule(problem, np.array([0, 60, 95]))
    assert check.openings["works"].tolist() == [2, 1]
    assert check.openings["closed_days"].tolist() == [20, 10]


def test_fees_of_what_digs_early() -> None:
    rows = barred(rule="no_dig", low_fen=1, mid_fen=2, high_fen=3)
    assert check_schedule(three(barred=rows), np.array([0, 40, 80])).fees_fen == (1, 2, 3)


def test_one_day_per_project_is_asked_for() -> None:
    with pytest.raises(ValueError, match="one first day per project is expected"):
        check_schedule(three(), np.array([1, 2]))


@given(
    start=st.integers(0, 20), days=st.integers(1, 12),
    pauses=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=4),
)  # fmt: skip
@settings(max_examples=100)
def test_a_work_that_rests_is_done_when_its_days_are_worked(
    start: int, days: int, pauses: list[tuple[int, int]]
) -> None:
    resting = {day for first, length in pauses for day in range(first, first + length)}
    day, worked = start, 0
    while worked < days:
        worked += day not in resting
        day += 1
    first = np.array([first for first, _ in pauses], dtype=np.int64)
    end = first + np.array([length for _, length in pauses], dtype=np.int64)
    assert resumed_finish(np.array([start]), days, first, end).tolist() == [day]


@given(shift=st.integers(-500, 500))
@settings(max_examples=10)
def test_shifting_everything_changes_no_sum(shift: int) -> None:
    problem = two_streets()
    columns = ["filed_day", "first_day", "last_day", "wish_day"]
    later = replace(problem, projects=problem.projects.assign(
        **{name: problem.projects[name] + shift for name in columns}))  # fmt: skip
    one, other = (
        check_schedule(problem, problem.filed()), check_schedule(later, later.filed()),
    )  # fmt: skip
    assert one.cost_fen == other.cost_fen
    assert one.broken["rule"].tolist() == other.broken["rule"].tolist()


def test_parts_add_up_to_the_whole() -> None:
    problem = two_streets()
    label = core_of(problem, starts(problem)).label
    whole = check_schedule(problem, problem.filed())
    parts = [part_of(problem, label == one) for one in np.unique(label)]
    told = [check_schedule(part, part.filed()) for part, _ in parts]
    assert sum(one.cost_fen[1] for one in told) == whole.cost_fen[1]
    assert sum(one.metres_opened for one in told) == whole.metres_opened
    assert sum(len(one.broken) for one in told) == len(whole.broken)


def test_what_keeps_a_lag_is_left_to_decide_and_what_never_does_is_not() -> None:
    for last, left in ((72, 0), (73, 0), (80, 1)):  # A always, always, sometimes keeps it
        problem = three(order=LAGGED)
        table = problem.projects.assign(first_day=[60, 40, 80], last_day=[last, 40, 80],
                                        filed_day=[60, 40, 80])  # fmt: skip
        problem = replace(problem, projects=table)
        assert len(core_of(problem, starts(problem)).problem.order) == left
    table = problem.projects.assign(first_day=[74, 40, 80], last_day=[78, 40, 80],
                                    filed_day=[74, 40, 80])  # fmt: skip
    problem = replace(problem, projects=table)
    assert len(core_of(problem, starts(problem)).problem.order) == 0


@pytest.mark.parametrize("rule", ["order", "apart"])
def test_a_pair_that_breaks_a_rule_on_every_day_does_not_keep_its_other_sites_to_it(
    rule: str,
) -> None:
    # Two projects of two sites each that never move against each other within a site: on the first the
    # rule is broken on every day. That is the one break of the pair, so the other site decides nothing,
    # and both are free to open it together as they are filed.
    works = pd.DataFrame(
        {"code": ["A", "B", "C", "D"], "filed_day": 0, "first_day": 0, "last_day": 0,
         "days": [30, 10, 10, 9], "layer": [1, 8, 1, 8]}
    )  # fmt: skip
    members = pd.DataFrame({"stretch": [0, 0, 1, 1], "work": [0, 1, 2, 3], "mid_fen": 10_000})
    names = {"order": ("lower", "upper"), "apart": ("left", "right")}[rule]
    # Of closures either project may stand first in a row.
    rows = [(0, 1), (2, 3) if rule == "order" else (3, 2)]
    problem = problem_of(
        works, pd.DataFrame({"length_m": [100.0, 100.0]}), members,
        **{rule: pd.DataFrame(rows, columns=list(names))},
    )  # fmt: skip
    projects = problem.projects.iloc[:2].assign(
        last_day=[0, 19], why=["fixed", None], length_days=[30, 10]
    )
    problem = replace(
        problem, projects=projects, works=problem.works.assign(project=[0, 1, 0, 1]),
    )  # fmt: skip
    found = plan(problem, Search(deterministic_s=1.0))
    best, filed = found.schedules["optimised"], found.schedules["as_filed"]
    assert len(best.broken) == len(filed.broken) == 1
    assert best.cost_fen[1] <= filed.cost_fen[1]
    assert best.start_day.tolist() == [0, 0]
    assert found.bound_fen <= filed.cost_fen[1]


def test_months_are_those_of_the_calendar_in_the_solver_too() -> None:
    # The upper work ends on 1970-02-14; from 1971-02-15 on the lower one is no matter of order.
    works = pd.DataFrame(
        {"code": ["lower", "upper"], "filed_day": [353, 0], "first_day": [300, 0],
         "last_day": [400, 40], "days": [58, 45], "layer": [1, 3]}
    )  # fmt: skip
    members = pd.DataFrame({"stretch": [0, 0], "work": [0, 1], "mid_fen": [30_000, 20_000]})
    problem = problem_of(
        works, pd.DataFrame({"length_m": [100.0]}), members,
        order=pd.DataFrame({"lower": [0], "upper": [1]}),
    )  # fmt: skip
    found = plan(problem, Search(deterministic_s=1.0))
    best = found.schedules["optimised"]
    assert best.start_day.tolist() == [353, 0]
    assert found.bound_fen <= best.cost_fen[1]


@pytest.mark.parametrize("months", [6, 12, 36])
def test_months_cost_the_solver_next_to_nothing(months: int) -> None:
    # As a table of every day they once took a third of a deterministic second, and parts of two
    # projects were left without a bound.
    works = pd.DataFrame(
        {"code": ["lower", "upper"], "filed_day": [353, 0], "first_day": [0, 0],
         "last_day": [1_500, 1_500], "days": [58, 45], "layer": [1, 8]}
    )  # fmt: skip
    members = pd.DataFrame({"stretch": [0, 0], "work": [0, 1], "mid_fen": [30_000, 20_000]})
    problem = problem_of(
        works, pd.DataFrame({"length_m": [100.0]}), members,
        order=pd.DataFrame({"lower": [0], "upper": [1]}), order_months=months,
    )  # fmt: skip
    every = np.array([True, True])
    found = solve(problem, starts(problem), problem.filed(), every, Effort(0.1, 60.0))
    assert found.proven
    assert found.used_s < 0.03


@given(months=st.integers(1, 60), first=st.integers(0, 40_000), days=st.integers(1, 400))
def test_runs_tell_every_day_of_a_table(months: int, first: int, days: int) -> None:
    finish = np.arange(first, first + days)
    table = lock_end(finish, np.full(days, months)).tolist()
    told = [
        table[low] + (at - low if goes else 0)
        for low, high, goes in pieces(table)
        for at in range(low, high + 1)
    ]
    assert told == table

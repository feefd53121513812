"""Which projects of a schedule make one bundle, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.bundling import Bundle, bundles
from coordination.not_bundled import not_bundled
from coordination.plan_words import (
    bundle_warnings,
    member_texts,
    moved_reasons,
    not_bundled_text,
    value_text,
)
from coordination.policy import Policy
from coordination.schedule_check import check_schedule
from coordination.schedule_examples import problem_of
from coordination.schedule_problem import ScheduleProblem
from coordination.schedule_starts import starts


def plan_of(
    layers: list[int],
    opened: list[tuple[str, float, list[int]]],
    *,
    paid: dict[int, int] | None = None,
    filed: list[int] | None = None,
    project: list[int] | None = None,
    shapes: list[shapely.Geometry] | None = None,
) -> tuple[ScheduleProblem, object]:
    """Return works of 30 days with their context: per stretch its road, metres and works."""
    count = len(layers)
    works = pd.DataFrame(
        {
            "code": [f"P{number}" for number in range(count)],
            "filed_day": filed or [0] * count,
            "first_day": 0,
            "last_day": 300,
            "days": 30,
            "layer": layers,
        }
    )
    stretches = pd.DataFrame(
        {"length_m": [metres for _, metres, _ in opened], "road": [road for road, _, _ in opened]}
    )
    members = pd.DataFrame(
        [
            (stretch, work, (paid or {}).get(work, 1_000_000))
            for stretch, (_, _, some) in enumerate(opened)
            for work in some
        ],
        columns=["stretch", "work", "mid_fen"],
    )
    problem = problem_of(works, stretches, members)
    problem = replace(
        problem, works=problem.works.assign(digs=[layer not in (7, 8, 9) for layer in layers])
    )
    if project is not None:
        kept = problem.projects.iloc[: max(project) + 1].reset_index(drop=True)
        problem = replace(problem, projects=kept, works=problem.works.assign(project=project))
    ground = shapes or [shapely.box(0, 0, 100, 2)] * count
    context = SimpleNamespace(
        works=gpd.GeoDataFrame(
            {"traffic_impact": ["none"] * count}, geometry=ground, crs="EPSG:4549"
        ),
        opened=np.array(ground, dtype=object),
        policy=Policy(),
        projects=pd.DataFrame({"code": problem.projects["code"], "cost_wan": np.nan}),
        meetings=pd.DataFrame({"place": [], "left": [], "right": [], "road": []}),
    )
    return problem, context


def made(problem: ScheduleProblem, context: object) -> tuple[Bundle, ...]:
    return bundles(problem, check_schedule(problem, problem.filed()), context)


def test_a_few_metres_in_common_join_nobody_but_half_of_a_short_work_does() -> None:
    # P1 has 100 m of its own and 10 m with P0; P2 is 12 m long and lies on 10 m of P0.
    problem, context = plan_of(
        [1, 2, 5], [("A", 10, [0, 1]), ("A", 10, [0, 2]), ("A", 2, [2]), ("A", 200, [0]),
                    ("A", 100, [1])],
    )  # fmt: skip
    assert [one.codes for one in made(problem, context)] == [("P0", "P2")]
    check = check_schedule(problem, problem.filed())
    apart = not_bundled(problem, check, starts(problem), made(problem, context))
    assert [(one.left, one.right, one.why, one.length_m) for one in apart] == [
        (0, 1, "elsewhere", 10.0)
    ]
    assert "P0 与 P1" in not_bundled_text(problem, apart[0], "zh")


def test_two_that_share_little_and_nothing_else_are_told_so() -> None:
    problem, context = plan_of([1, 2], [("A", 10, [0, 1]), ("A", 90, [0]), ("A", 90, [1])])
    check = check_schedule(problem, problem.filed())
    held = made(problem, context)
    assert held == ()
    found = not_bundled(problem, check, starts(problem), held)
    assert [one.why for one in found] == ["little"]
    assert "10 m only" in not_bundled_text(problem, found[0], "en")


def test_who_is_moved_to_share_an_opening_without_a_bundle_is_not_told_that_it_makes_room() -> None:
    problem, context = plan_of(
        [1, 2, 3], [("A", 10, [0, 1]), ("A", 90, [0]), ("A", 90, [1]), ("A", 90, [2])],
        filed=[0, 60, 60],
    )  # fmt: skip
    free, filed = starts(problem), check_schedule(problem, problem.filed())
    check = check_schedule(problem, np.array([0, 20, 20]))
    assert bundles(problem, check, context) == ()
    told = moved_reasons(problem, check, filed, free, {}, "en")
    assert told[1] == (
        "40 days earlier; to share one opening with a neighbour, though they make no bundle "
        "(see not bundled)."
    )
    assert told[2] == "40 days earlier; makes room for neighbours to be bundled."


FORCED = {"force": pd.DataFrame({"left": [0], "right": [1]})}
ACCEPTED = {"bundle": np.array([0, 0])}


@pytest.mark.parametrize("asked", [FORCED, ACCEPTED], ids=["wish", "accepted"])
def test_a_pair_that_was_asked_for_is_a_bundle_however_little_it_shares(
    asked: dict[str, Any],
) -> None:
    problem, context = plan_of([1, 2], [("A", 10, [0, 1]), ("A", 90, [0]), ("A", 90, [1])])
    problem = replace(problem, **asked)
    (one,) = made(problem, context)
    assert (one.codes, one.length_m) == (("P0", "P1"), 10.0)
    check = check_schedule(problem, problem.filed())
    assert not_bundled(problem, check, starts(problem), (one,)) == ()


def test_a_forced_pair_comes_before_longer_common_ground_elsewhere() -> None:
    # P0 works on two roads: with P1 on 10 m of A, as was asked, with P2 on 100 m of B.
    problem, context = plan_of(
        [1, 2, 3, 1], [("A", 10, [0, 1]), ("A", 90, [1]), ("B", 100, [3, 2])], project=[0, 1, 2, 0],
        shapes=[shapely.box(0, 0, 200, 2)] * 2 + [shapely.box(900, 0, 1000, 2)] * 2,
    )  # fmt: skip
    assert [one.codes for one in made(problem, context)] == [("P0", "P2")]
    (one,) = made(replace(problem, **FORCED), context)
    assert one.codes == ("P0", "P1")


def test_a_forced_pair_that_the_schedule_does_not_join_is_told_as_such() -> None:
    problem, context = plan_of([1, 2], [("A", 100, [0, 1])], filed=[0, 200])
    problem = replace(problem, **FORCED)
    held = made(problem, context)
    assert held == ()
    (one,) = not_bundled(problem, check_schedule(problem, problem.filed()), starts(problem), held)
    assert (one.why, one.gap_days) == ("unmet", 170)
    assert "wants P0 and P1 joined" in not_bundled_text(problem, one, "en")


@pytest.mark.parametrize(
    ("away_m", "codes"), [(20.0, [("P0", "P1", "P2")]), (900.0, [("P0", "P1")])]
)
def test_a_list_of_roads_holds_only_what_adjoins(
    away_m: float, codes: list[tuple[str, ...]]
) -> None:
    # P0 works on two roads: with P1 on 200 m of A, with P2 on 100 m of B.
    problem, context = plan_of(
        [1, 2, 3, 1], [("A", 200, [0, 1]), ("B", 100, [3, 2])], project=[0, 1, 2, 0],
        shapes=[shapely.box(0, 0, 200, 2), shapely.box(0, 0, 200, 2)]
        + [shapely.box(200 + away_m, 0, 300 + away_m, 2)] * 2,
    )  # fmt: skip
    found = made(problem, context)
    assert [one.codes for one in found] == codes
    assert found[0].mode == ("programme" if len(codes[0]) == 3 else "shared_trench")


@pytest.mark.parametrize(
    ("second", "filed", "mode"),
    [
        (shapely.box(0, 1, 100, 3), [0, 5], "shared_trench"),
        (shapely.box(0, 6, 100, 8), [0, 5], "one_closure"),
        (shapely.box(0, 1, 100, 3), [0, 35], "one_closure"),
    ],
    ids=["common_ground", "other_lane", "one_after_the_other"],
)
def test_a_shared_trench_has_common_ground_at_one_time(
    second: shapely.Geometry, filed: list[int], mode: str
) -> None:
    problem, context = plan_of(
        [2, 3], [("A", 100, [0, 1])], filed=filed, shapes=[shapely.box(0, 0, 100, 2), second]
    )
    assert [one.mode for one in made(problem, context)] == [mode]


def test_who_digs_leads_and_not_who_only_lays_a_surface() -> None:
    problem, context = plan_of([1, 8], [("A", 100, [0, 1])], paid={1: 5_000_000})
    (one,) = made(problem, context)
    assert (one.lead_unit, one.partner_units) == ("P0", ("P1",))
    # Trees come last and beside the road.
    problem, context = plan_of([1, 10], [("A", 100, [0, 1])], paid={1: 5_000_000})
    assert made(problem, context)[0].lead_unit == "P0"
    # Of two that dig the same, the one with the larger work: a pipe and not its hydrant.
    problem, context = plan_of([2, 2], [("A", 8, [0, 1]), ("A", 90, [0])])
    assert made(problem, context)[0].lead_unit == "P0"
    # Then the one that closes the road up again.
    problem, context = plan_of([2, 6], [("A", 100, [0, 1])])
    assert made(problem, context)[0].lead_unit == "P1"


def test_what_is_said_of_a_bundle() -> None:
    problem, context = plan_of(
        [1, 6, 8], [("A", 80, [0, 1]), ("A", 60, [1, 2])], paid={0: 3_000_000}
    )
    (one,) = made(problem, context)
    assert [member.alone for member in one.members] == [(), ("P0", "P2"), ()]
    why, leaves = member_texts(one, "en")[1]
    assert why == (
        "shares one opening with P0, P2 at A (140 m); step 2 of the works order: road base"
    )
    assert leaves == (
        "without it: these 140 m are opened once more, some 2.0 (10,000 yuan) saved less; "
        "P0, P2 would share with nobody"
    )
    assert "各自开挖合计 6.00 万元" in value_text(one, "zh")
    assert "4.00 万元 ＝ 节约 2.00 万元" in value_text(one, "zh")


def test_one_surface_made_twice_is_a_question_and_two_pipes_are_none() -> None:
    problem, context = plan_of([8, 8], [("A", 80, [0, 1])])
    (one,) = made(problem, context)
    check = check_schedule(problem, problem.filed())
    assert bundle_warnings(one, problem, check, "zh") == [
        "P0 与 P1 都在同一处做路面：先核对是否重复立项"
    ]
    problem, context = plan_of([2, 2], [("A", 80, [0, 1])])
    assert bundle_warnings(made(problem, context)[0], problem, check, "zh") == []


def test_a_pair_between_which_a_rule_stays_broken_is_no_bundle() -> None:
    # The sewer P0 ends after the asphalt P1; P2 shares with both, most with P1.
    problem, context = plan_of(
        [1, 8, 10], [("A", 60, [0, 1, 2]), ("A", 80, [1, 2])], filed=[5, 0, 10]
    )
    problem = replace(problem, order=pd.DataFrame({"lower": [0], "upper": [1]}))
    check = check_schedule(problem, problem.filed())
    assert check.broken["rule"].tolist() == ["order"]
    held = bundles(problem, check, context)
    assert [one.codes for one in held] == [("P1", "P2")]
    why = {
        (one.left, one.right): one.why for one in not_bundled(problem, check, starts(problem), held)
    }
    assert why == {(0, 1): "broken", (0, 2): "elsewhere"}


def test_pipes_and_road_that_end_on_one_day_are_told_to_hand_over() -> None:
    for filed, told in ([0, 0], 1), ([0, 9], 0):
        problem, context = plan_of([1, 8], [("A", 60, [0, 1])], filed=filed)
        check = check_schedule(problem, problem.filed())
        (one,) = bundles(problem, check, context)
        said = bundle_warnings(one, problem, check, "zh")
        assert len(said) == told
        assert all("1970-01-30" in sentence for sentence in said)

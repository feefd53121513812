"""What a coordinator asks of a plan: kept, or told why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coordination.schedule_check import check_schedule
from coordination.schedule_examples import problem_of, two_streets
from coordination.schedule_rounds import Search
from coordination.schedule_wishes import WishError, Wishes, dragged, dropping, pairs, wished
from coordination.scheduling import plan

SHORT = Search(deterministic_s=2.0)


def day_of(found: object, code: str) -> int:
    codes = found.problem.projects["code"].tolist()  # type: ignore[attr-defined]
    return int(found.schedules["optimised"].start_day[codes.index(code)])  # type: ignore[attr-defined]


def test_a_pinned_project_starts_on_its_day_and_the_other_comes_to_it() -> None:
    found = plan(wished(two_streets(), Wishes(pins={"power": 150})), SHORT)
    assert day_of(found, "power") == 150
    assert found.schedules["optimised"].metres_opened == 200.0
    assert found.schedules["optimised"].broken.empty
    assert found.schedules["as_filed"].broken["rule"].tolist() == ["order", "pin"]


def test_a_forbidden_pair_is_never_joined() -> None:
    found = plan(wished(two_streets(), Wishes(forbid=pairs([("power", "gas")]))), SHORT)
    best = found.schedules["optimised"]
    assert best.broken.empty
    assert best.metres_opened == 300.0  # the other street is still opened once


def test_a_forced_pair_is_joined_at_any_price() -> None:
    dear = replace(two_streets(), projects=two_streets().projects.assign(move_fen_day=10**7))
    found = plan(wished(dear, Wishes(force=pairs([("gas", "power")]))), SHORT)
    assert found.schedules["optimised"].broken.empty
    assert found.schedules["optimised"].metres_opened == 200.0


def test_planned_again_from_a_schedule_nothing_moves_without_a_reason() -> None:
    first = plan(two_streets(), SHORT)
    last = dict(zip(first.problem.projects["code"],
                    first.schedules["optimised"].start_day.tolist(), strict=True))  # fmt: skip
    again = wished(two_streets(), Wishes(pins={"gas": last["gas"] + 5}), last)
    found = plan(again, SHORT, first.schedules["optimised"].start_day)
    after = dict(zip(last, found.schedules["optimised"].start_day.tolist(), strict=True))
    assert [one.code for one in dragged(last, after, ["gas"])] in ([], ["power"])
    assert after["sewer"] == last["sewer"]
    assert after["asphalt"] == last["asphalt"]


def test_a_slip_holds_outside_the_window_and_for_what_does_not_move() -> None:
    fixed = two_streets()
    projects = fixed.projects.assign(why=["stage", None, None, None])
    changed = wished(replace(fixed, projects=projects), Wishes(slips={"sewer": 300}))
    best = plan(changed, SHORT).schedules["optimised"]
    assert best.start_day[0] == 300
    # The asphalt cannot wait for it: a break that is told, not hidden.
    assert best.broken["rule"].tolist() == ["order"]


REFUSED = {
    "unknown": Wishes(pins={"nobody": 3}),
    "contradiction": Wishes(force=pairs([("gas", "power")]), forbid=pairs([("gas", "power")])),
    "outside": Wishes(pins={"gas": 201}),
    "no_ground": Wishes(force=pairs([("gas", "sewer")])),
    "cannot_meet": Wishes(pins={"gas": 0, "power": 200}, force=pairs([("gas", "power")])),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_had_is_told(what: str) -> None:
    with pytest.raises(WishError) as error:
        wished(two_streets(), REFUSED[what])
    assert error.value.key == f"scenarios.wish.{what}"
    assert error.value.text("zh") != error.value.text("en")


def test_a_pair_that_cannot_meet_is_told_by_how_many_days() -> None:
    with pytest.raises(WishError, match="157 days short"):
        # Gas is finished on day 30: up to day 43 another joins it; power begins on day 200.
        wished(two_streets(), REFUSED["cannot_meet"])


def test_a_fixed_or_barred_day_is_refused() -> None:
    problem = two_streets()
    fixed = replace(problem, projects=problem.projects.assign(why=["begun", None, None, None]))
    with pytest.raises(WishError, match="under way"):
        wished(fixed, Wishes(pins={"sewer": 3}))
    with pytest.raises(WishError, match="under way"):
        wished(fixed, Wishes(slips={"sewer": 3}))
    barred = pd.DataFrame(
        {"work": [2], "start_day": [60], "end_day": [70], "rule": ["restricted"], "pause": [False],
         "name": ["fair"], "low_fen": [0], "mid_fen": [0], "high_fen": [0]}
    )  # fmt: skip
    with pytest.raises(WishError, match="restricted"):
        wished(replace(problem, barred=barred), Wishes(pins={"gas": 65}))


def test_who_leaves_a_bundle_is_kept_apart_from_all_its_members() -> None:
    wish = dropping(["B"], {"one": ["A", "B", "C"], "other": ["D", "E"]})
    assert sorted(wish.forbid) == [("A", "B"), ("B", "C")]
    with pytest.raises(WishError):
        dropping(["X"], {"one": ["A", "B"]})


def test_an_accepted_bundle_holds_until_one_leaves_it() -> None:
    held = replace(two_streets(), bundle=np.array([-1, -1, 0, 0]))
    with pytest.raises(WishError, match="accepted bundle"):
        wished(held, Wishes(forbid=pairs([("gas", "power")])))
    free = wished(held, dropping(["gas"], {"B": ["gas", "power"]}))
    assert check_schedule(free, free.filed()).metres_opened == 400.0


def test_a_chain_over_a_third_counts_as_joined() -> None:
    works = pd.DataFrame(
        {"code": ["A", "B", "C"], "filed_day": [0, 20, 40], "first_day": [0, 0, 0],
         "last_day": [60, 60, 60], "days": [10, 10, 10]}
    )  # fmt: skip
    members = pd.DataFrame({"stretch": [0] * 3, "work": [0, 1, 2], "mid_fen": [9_000_000] * 3})
    problem = problem_of(works, pd.DataFrame({"length_m": [100.0]}), members)
    apart = wished(problem, Wishes(forbid=pairs([("A", "C")])))
    assert check_schedule(apart, apart.filed()).broken["rule"].tolist() == ["forbid"]
    best = plan(apart, SHORT).schedules["optimised"]
    assert best.broken.empty
    assert best.metres_opened == 200.0

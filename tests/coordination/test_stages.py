"""Stages: which moves there are, what a gate holds, how the plan rolls, and emergency papers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.emergencies import emergencies, emergencies_by_unit
from coordination.findings import Findings
from coordination.projects import STAGES
from coordination.roll_over import plan_years, roll
from coordination.stage_policy import StagePolicy
from coordination.stages import (
    LINE,
    MOVES,
    gate,
    gates_between,
    gates_document,
    needs_reason,
    standing_above,
)

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]
GATES = StagePolicy()


@pytest.mark.parametrize(
    ("stage", "forward"),
    [
        ("proposed", "preliminary"), ("preliminary", "reserve"), ("reserve", "annual_plan"),
        ("annual_plan", "approved"), ("approved", "permitted"), ("permitted", "in_progress"),
        ("in_progress", "completed"),
    ],
)  # fmt: skip
def test_one_step_at_a_time(stage: str, forward: str) -> None:
    assert forward in MOVES[stage]
    beyond = LINE[LINE.index(forward) + 1 :]
    assert not set(beyond) & set(MOVES[stage])


def test_every_stage_has_its_moves() -> None:
    assert set(MOVES) == {*STAGES, ""}
    assert all(set(targets) <= set(STAGES) for targets in MOVES.values())
    assert "proposed" not in MOVES["completed"]
    assert "withdrawn" not in MOVES["completed"]
    assert "emergency" not in MOVES["in_progress"]
    assert MOVES["withdrawn"] == ("proposed",)


@pytest.mark.parametrize(
    ("stage_from", "stage_to", "needed"),
    [
        ("proposed", "preliminary", False),
        ("in_progress", "completed", False),
        ("emergency", "completed", False),
        ("carried_over", "annual_plan", False),
        ("annual_plan", "reserve", True),
        ("completed", "in_progress", True),
        ("reserve", "withdrawn", True),
        ("proposed", "emergency", True),
        ("annual_plan", "carried_over", True),
        ("withdrawn", "proposed", True),
        ("emergency", "proposed", True),
        ("carried_over", "reserve", True),
        ("", "annual_plan", False),
    ],
)
def test_what_has_to_be_explained(stage_from: str, stage_to: str, needed: bool) -> None:
    assert needs_reason(stage_from, stage_to) is needed


def test_a_jump_answers_for_the_gates_that_it_leaves_out() -> None:
    assert gates_between("proposed", "permitted") == (
        "preliminary", "reserve", "annual_plan", "approved", "permitted",
    )  # fmt: skip
    assert gates_between("permitted", "annual_plan") == ()
    assert gates_between("reserve", "withdrawn") == ()
    assert gates_between("", "reserve") == ("proposed", "preliminary", "reserve")


@pytest.fixture
def town(work: MakeWork, make_city: MakeCity) -> City:
    """A and B meet (high); C lies alone; D has no cost; all in the reserve but D."""
    rest = {"stage": "reserve", "cost_wan": 100.0}
    return make_city(
        work("A", "2026-03-01", "2026-03-31", **rest),
        work("B", "2026-03-10", "2026-04-30", **rest),
        work("C", "2026-03-01", "2026-03-31", box=(400.0, 1.0, 500.0, 4.0), **rest),
        work("D", "2029-03-01", "2029-03-31", stage="preliminary", box=(10.0, 1.0, 40.0, 4.0)),
    )


def judged(city: City, **status: str) -> Findings:
    """Return findings, all ``high`` of A and B with one status or severity."""
    found = detect(city, Policy(), as_of=date(2026, 1, 1))
    table = found.table.copy()
    for name, value in status.items():
        table[name] = value
    return replace(found, table=table)


def held(city: City, findings: Findings | None, code: str, to: str, **how: Any) -> Any:
    (passage,) = gate(city, [code], to, findings, how.pop("policy", GATES), **how)
    return [(block.kind, block.stage, block.rule or block.what) for block in passage.blocks]


def firm(city: City) -> City:
    """Return the town judged as if approved, so that the meeting is certain and high."""
    return replace(city, projects=city.projects.assign(fixed=True))


def test_an_unsettled_high_finding_blocks_the_plan(town: City) -> None:
    city = firm(town)
    findings = judged(city)
    table = findings.table
    assert table["severity"].tolist()[0] == "high"
    blocked = held(city, findings, "A", "annual_plan")
    assert blocked == [("finding", "annual_plan", "concurrent_works")]
    assert held(city, findings, "B", "annual_plan") == blocked
    assert held(city, findings, "C", "annual_plan") == []
    (passage,) = gate(city, ["A"], "annual_plan", findings, GATES)
    finding_id = table["finding_id"][0]
    assert passage.sentence("zh") == (
        f"A 不能从储备库进入年度计划：尚有未处理的问题：交叉作业 {finding_id}。"
    )
    assert passage.sentence("en") == (
        "A may not go from reserve pool to annual plan: unsettled findings: "
        f"concurrent works {finding_id}."
    )
    assert passage.document()["blocks"] == [
        {
            "kind": "finding", "stage": "annual_plan", "what": finding_id,
            "rule": "concurrent_works",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "blocks"),
    [
        ({"status": "waived"}, 0),
        ({"status": "resolved"}, 0),
        ({"status": "not_mergeable"}, 0),
        ({"status": "cleared"}, 0),
        ({"status": "deferred"}, 1),
        ({"status": "to_reassess"}, 1),
        ({"status": "negotiating"}, 1),
        ({"severity": "medium"}, 0),
        ({"severity": "notice"}, 0),
    ],
)
def test_what_settles_a_finding(town: City, changed: dict[str, str], blocks: int) -> None:
    findings = judged(firm(town), **changed)
    assert len(held(town, findings, "A", "annual_plan")) == blocks


def test_the_policy_says_what_blocks(town: City) -> None:
    findings = judged(firm(town), severity="medium")
    strict = StagePolicy(
        blocking_severities={"annual_plan": ("high", "medium")}, settled=("resolved",)
    )
    assert held(town, findings, "A", "annual_plan", policy=strict)
    by_rule = StagePolicy(
        blocking_severities={}, blocking_rules={"annual_plan": ("concurrent_works",)}, needs={}
    )
    assert held(town, findings, "A", "annual_plan", policy=by_rule)
    notices = judged(firm(town), severity="notice")
    assert held(town, notices, "A", "annual_plan", policy=by_rule) == []
    open_door = StagePolicy(blocking_severities={}, blocking_rules={}, needs={})
    assert held(town, None, "A", "annual_plan", policy=open_door, freshness="none") == []


def test_a_restriction_that_bears_the_code_of_a_project_is_not_the_project(town: City) -> None:
    findings = judged(firm(town), project_a="B", project_b="A", kind_b="restriction")
    assert held(town, findings, "A", "annual_plan") == []
    assert held(town, findings, "B", "annual_plan")


@pytest.mark.parametrize("freshness", ["none", "stale", "policy"])
def test_old_findings_open_no_gate(town: City, freshness: Any) -> None:
    findings = judged(firm(town))
    assert held(town, findings, "C", "annual_plan", freshness=freshness) == [
        ("detection", "annual_plan", freshness)
    ]
    # Gates that ask for no findings do not ask for a detection.
    assert held(town, findings, "C", "preliminary", freshness=freshness) == []


def test_what_is_not_known_blocks_the_reserve(
    town: City, make_city: MakeCity, work: MakeWork
) -> None:
    assert held(town, None, "D", "reserve") == [("missing", "reserve", "cost")]
    bare = make_city(
        work("E", "2026-03-01", None, stage="preliminary", cost_wan=0.0, box=None),
        work("F", "2026-03-01", "2026-03-02", stage="preliminary", cost_wan=0.5),
    )
    assert held(bare, None, "E", "reserve") == [
        ("missing", "reserve", "place"), ("missing", "reserve", "time"),
        ("missing", "reserve", "cost"),
    ]  # fmt: skip
    assert held(bare, None, "F", "reserve") == []
    (passage,) = gate(bare, ["E"], "reserve", None, GATES)
    assert passage.sentence("en").endswith("missing: place, time, cost.")


def test_there_is_no_way_past_the_pools(town: City) -> None:
    findings = judged(firm(town))
    assert held(town, findings, "D", "annual_plan") == [
        ("move", "annual_plan", ""), ("missing", "reserve", "cost"),
    ]  # fmt: skip
    assert held(town, findings, "A", "reserve") == []  # it stands there already


def test_emergencies_pass_and_are_counted(town: City) -> None:
    findings = judged(firm(town))
    (passage,) = gate(town, ["A"], "emergency", findings, GATES, freshness="stale")
    assert passage.exempt
    assert passage.allowed
    upkeep = replace(town, projects=town.projects.assign(work_type="emergency"))
    (passage,) = gate(upkeep, ["A"], "annual_plan", findings, GATES)
    assert (passage.exempt, passage.allowed) == (True, True)
    assert "应急抢修" in passage.sentence("zh")
    assert gates_document(passage)["exempt"] is True


def test_a_safety_repair_is_not_asked_to_wait(town: City) -> None:
    city = replace(firm(town), projects=firm(town).projects.assign(safety_critical=True))
    (passage,) = gate(city, ["A"], "annual_plan", judged(city), GATES)
    assert "不应因此推迟" in passage.sentence("zh")
    assert "not to be delayed" in passage.sentence("en")


def test_who_stands_behind_a_gate(town: City) -> None:
    city = replace(firm(town), projects=firm(town).projects.assign(stage="approved"))
    findings = judged(city)
    told = standing_above(city, findings, GATES)
    assert [(one.code, one.blocks[0].kind) for one in told] == [
        ("A", "finding"), ("B", "finding"), ("D", "missing"),
    ]  # fmt: skip
    done = replace(city, projects=city.projects.assign(stage="in_progress"))
    assert standing_above(done, findings, GATES) == []


def test_unknown_stages_and_codes(town: City) -> None:
    with pytest.raises(ValueError, match="unknown stage 'later'"):
        gate(town, ["A"], "later", None, GATES)
    with pytest.raises(KeyError):
        gate(town, ["X"], "reserve", None, GATES)


# ---- the plan rolls ------------------------------------------------------------------------------


@pytest.fixture
def plan(work: MakeWork, make_city: MakeCity) -> City:
    """Return a plan of 2026 on far-apart places, some of it begun."""
    boxes = [(60.0 * k, 1.0, 60.0 * k + 20.0, 4.0) for k in range(9)]

    def one(k: int, code: str, stage: str, **more: Any) -> Work:
        days = {"start": "2026-06-01", "finish": "2026-06-30"} | more
        start, finish = days.pop("start"), days.pop("finish")
        return work(code, start, finish, stage=stage, box=boxes[k], cost_wan=1.0, **days)

    return make_city(
        one(0, "waits", "annual_plan", plan_year=2026),
        one(1, "by-window", "annual_plan"),
        one(2, "begun", "annual_plan", plan_year=2026, actual_start="2026-06-03"),
        one(3, "going", "in_progress", plan_year=2026),
        one(4, "done", "completed", plan_year=2026),
        one(5, "approved", "approved", plan_year=2026),
        one(6, "next", "annual_plan", plan_year=2027),
        one(7, "pool", "reserve", plan_year=2026),
        one(8, "no-year", "annual_plan", start=None, finish=None),
    )


def applied(city: City, moves: pd.DataFrame) -> City:
    """Return the city after moves, as a store would write them."""
    projects = city.projects.set_index("code", drop=False)
    for move in moves.itertuples():
        assert projects.loc[move.code, "stage"] == move.stage_from
        projects.loc[move.code, "stage"] = move.stage_to
        projects.loc[move.code, "plan_year"] = move.plan_year
    return replace(city, projects=projects.reset_index(drop=True))


def test_the_plan_rolls_once(plan: City) -> None:
    findings = judged(plan)
    found = roll(plan, findings, GATES, 2027, lang="en")
    steps = [tuple(row) for row in found.moves.iloc[:, :5].itertuples(index=False)]
    assert steps == [
        ("waits", "annual_plan", "carried_over", 2027, "carried over: not begun in 2026"),
        ("waits", "carried_over", "annual_plan", 2027, "carried over into the plan of 2027"),
        ("by-window", "annual_plan", "carried_over", 2027, "carried over: not begun in 2026"),
        ("by-window", "carried_over", "annual_plan", 2027, "carried over into the plan of 2027"),
        ("approved", "approved", "approved", 2027, "carried over: not begun in 2026"),
    ]
    assert found.admitted == ("waits", "by-window")
    assert found.kept == ("approved",)
    assert found.going_on == ("begun", "going")
    assert found.completed == ("done",)
    assert found.past_windows == ("waits", "by-window", "approved")
    assert found.year_unknown == ("no-year",)
    after = applied(plan, found.moves)
    again = roll(after, findings, GATES, 2027)
    assert again.moves.empty
    assert plan_years(after).to_dict()["by-window"] == 2027


def test_what_the_gate_holds_waits_carried_over(plan: City) -> None:
    found = roll(plan, None, GATES, 2027, freshness="none")
    assert found.admitted == ()
    assert [one.code for one in found.waiting] == ["waits", "by-window"]
    after = applied(plan, found.moves)
    assert after.projects.set_index("code")["stage"]["waits"] == "carried_over"
    assert roll(after, None, GATES, 2027, freshness="none").moves.empty
    later = roll(after, judged(plan), GATES, 2027)
    assert later.admitted == ("waits", "by-window")
    assert later.moves["stage_to"].tolist() == ["annual_plan", "annual_plan"]
    held_gates = json.loads(found.moves["gates"][0])
    assert held_gates["blocks"][0]["kind"] == "detection"


def test_years_go_on(plan: City) -> None:
    first = applied(plan, roll(plan, judged(plan), GATES, 2027).moves)
    second = roll(first, judged(plan), GATES, 2028)
    assert set(second.admitted) == {"waits", "by-window", "next"}
    assert second.completed == ()


# ---- emergency works -----------------------------------------------------------------------------


def test_papers_are_due_within_a_day(work: MakeWork, make_city: MakeCity) -> None:
    def one(code: str, start: str | None, papers: str | None, **more: Any) -> Work:
        return work(code, start, "2026-06-30", stage="emergency", papers_on=papers, **more)

    city = make_city(
        one("today", "2026-06-10", None),
        one("yesterday", "2026-06-09", None),
        one("before", "2026-06-08", None),
        one("filed", "2026-06-01", "2026-06-02"),
        one("late", "2026-06-01", "2026-06-04"),
        one("actual", "2026-06-01", None, actual_start="2026-06-09"),
        one("unknown", None, None),
        work("kind", "2026-06-10", "2026-06-11", work_type="emergency", stage="in_progress"),
        work("gone", "2026-06-10", "2026-06-11", work_type="emergency", stage="withdrawn"),
        work("plain", "2026-06-10", "2026-06-11"),
    )
    papers = pd.to_datetime(city.projects["papers_on"])
    city = replace(city, projects=city.projects.assign(papers_on=papers))
    table = emergencies(city, Policy(), np.datetime64("2026-06-10")).set_index("code")
    assert table["state"].to_dict() == {
        "today": "due", "kind": "due", "yesterday": "due", "actual": "due", "before": "overdue",
        "filed": "filed", "late": "late", "unknown": "unknown",
    }  # fmt: skip
    assert table.loc["before", ["late_days", "late_hours"]].tolist() == [1, 24]
    assert table.loc["late", "late_days"] == 2
    assert table["protected"].isna().all()
    units = emergencies_by_unit(table.reset_index()).set_index("owner_unit")
    assert units["count"].sum() == 8
    assert units.loc["单位before", "overdue"] == 1


def test_emergencies_on_locked_ground(work: MakeWork, make_city: MakeCity) -> None:
    surface = {
        "ledger_id": "L1", "road": "甲路", "kind": "resurfacing", "surface": "asphalt",
        "day": "2024-05-01", "start": "2024-04-01", "finish": "2024-04-30", "sector": "road",
        "method": "surface", "owner_unit": "路政", "work_type": "rebuild", "source": "x",
        "box": (100.0, -6.0, 200.0, 6.0),
    }  # fmt: skip
    city = make_city(
        work("on", "2026-06-10", "2026-06-11", stage="emergency"),
        work("beside", "2026-06-10", "2026-06-11", stage="emergency", box=(300.0, 1.0, 310.0, 4.0)),
        work("after", "2030-06-10", "2030-06-11", stage="emergency"),
        ledger=[surface],
    )
    table = emergencies(city, Policy(), np.datetime64("2026-06-12")).set_index("code")
    assert table["protected"].to_dict() == {"on": True, "beside": False, "after": False}
    assert table.loc["on", "protected_roads"] == "甲路"

"""Tiers, site visits and fees: known answers, and near misses at every threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coordination.approval import APPROVALS, FIGURES, approval, approval_documents
from coordination.approval_policy import (
    SAMPLE_ROWS,
    ApprovalPolicy,
    ApprovalRow,
    FeePolicy,
    SiteVisitPolicy,
)
from coordination.policy import Policy

PLAIN = {
    "code": "P1", "sector": "pipeline", "work_type": "upkeep", "stage": "reserve",
    "line_kind": "hard", "method": "open_cut", "road_class": "local", "surface": "asphalt",
    "cost_wan": 10.0, "impact_index": 2.0, "length_m": 10.0, "area_m2": 100.0, "no_dig": False,
    "surface_age_years": np.nan, "findings": 0, "utilities": 1,
}  # fmt: skip


def judged(policy: Policy | None = None, **changed: Any) -> dict[str, Any]:
    found = approval(pd.DataFrame([PLAIN | changed]), policy or Policy())
    return found.to_dict("records")[0]


def reasons(lang: str = "en", policy: Policy | None = None, **changed: Any) -> list[str]:
    return [one.text(lang) for one in judged(policy, **changed)["reasons"]]


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({}, "simple"),
        ({"cost_wan": 99.99}, "simple"),
        ({"cost_wan": 100.0}, "ordinary"),
        ({"cost_wan": 999.99}, "ordinary"),
        ({"cost_wan": 1000.0}, "joint"),
        ({"cost_wan": 4999.99}, "joint"),
        ({"cost_wan": 5000.0}, "case_by_case"),
        ({"impact_index": 3.99}, "simple"),
        ({"impact_index": 4.0}, "joint"),
        ({"length_m": 50.0}, "simple"),
        ({"length_m": 50.1}, "ordinary"),
        ({"length_m": 100.0, "line_kind": "soft"}, "simple"),
        ({"length_m": 100.1, "line_kind": "soft"}, "ordinary"),
        ({"length_m": 60.0, "line_kind": "soft", "sector": "road"}, "ordinary"),
        ({"length_m": 60.0, "line_kind": None}, "ordinary"),
        ({"length_m": 60.0, "method": "none"}, "simple"),
        ({"length_m": 60.0, "road_class": "arterial"}, "joint"),
        ({"road_class": "arterial"}, "ordinary"),
        ({"road_class": "secondary"}, "simple"),
        ({"road_class": "arterial", "method": "trenchless"}, "simple"),
        ({"no_dig": True}, "case_by_case"),
        ({"no_dig": True, "stage": "emergency"}, "emergency"),
        ({"work_type": "emergency", "cost_wan": 9000.0}, "emergency"),
    ],
)
def test_the_first_row_that_is_met_decides(changed: dict[str, Any], tier: str) -> None:
    assert judged(**changed)["tier"] == tier


def test_reasons_tell_figure_and_threshold_in_both_languages() -> None:
    assert reasons(cost_wan=1200.5) == ["cost 1200.5 (10,000 yuan), from 1000 on"]
    assert reasons("zh", cost_wan=1200.5) == ["投资1200.5万元，达到1000万元"]
    assert reasons(length_m=60.0, road_class="arterial") == [
        "large dig: 60 m, longer than 50 m", "on a road of class arterial",
    ]  # fmt: skip
    assert reasons("zh", length_m=120.0, line_kind="soft") == ["大型掘路：120米，超过100米"]
    assert reasons("zh", no_dig=True) == ["开挖禁掘期内的路面"]
    assert reasons(road_class="arterial") == [
        "on a road of class arterial", "method: open cut",
    ]  # fmt: skip
    assert reasons() == ["meets no condition of a stricter tier"]
    one = judged(no_dig=True)
    assert (one["tier_zh"], one["path_zh"]) == ("一事一议", "联席会议专题审议后报区政府")


def test_a_missing_figure_meets_no_threshold_and_is_told() -> None:
    one = judged(cost_wan=np.nan)
    assert (one["tier"], one["unknown"]) == ("simple", ("cost_wan",))
    # What a stricter row decides already needs no further figure.
    assert judged(cost_wan=np.nan, no_dig=True)["unknown"] == ()
    assert judged(cost_wan=9000.0, impact_index=np.nan)["unknown"] == ()
    both = judged(cost_wan=np.nan, impact_index=np.nan)
    assert both["unknown"] == ("cost_wan", "impact_index")
    # A row that the project misses for another reason does not ask.
    rows = (ApprovalRow("joint", least_cost_wan=5.0, sectors=("road",)), ApprovalRow("simple"))
    policy = replace(Policy(), approval=ApprovalPolicy(rows=rows))
    assert judged(policy, cost_wan=np.nan)["unknown"] == ()
    assert judged(policy, cost_wan=np.nan, sector="road")["unknown"] == ("cost_wan",)


def test_every_condition_of_a_row_has_to_be_met() -> None:
    row = ApprovalRow(
        "joint", least_cost_wan=5.0, least_length_m=5.0, large_dig=False, no_dig=False,
        emergency=False, main_road=False, sectors=("pipeline", "road"), work_types=("upkeep",),
        methods=("open_cut",),
    )  # fmt: skip
    policy = replace(Policy(), approval=ApprovalPolicy(rows=(row, ApprovalRow("simple"))))
    assert judged(policy)["tier"] == "joint"
    for changed in (
        {"cost_wan": 4.9}, {"length_m": 4.9}, {"length_m": 51.0}, {"no_dig": True},
        {"stage": "emergency"}, {"road_class": "arterial"}, {"sector": "fire"},
        {"work_type": "new"}, {"method": "surface"},
    ):  # fmt: skip
        assert judged(policy, **changed)["tier"] == "simple"
    assert len(reasons(policy=policy)) == 9


def test_main_roads_are_those_of_the_policy() -> None:
    policy = replace(Policy(), main_roads=("secondary",))
    assert judged(policy, road_class="secondary")["tier"] == "ordinary"
    assert judged(policy, road_class="arterial")["tier"] == "simple"


@pytest.mark.parametrize(
    ("changed", "visited"),
    [
        ({}, []),
        ({"cost_wan": 999.99}, []),
        ({"cost_wan": 1000.0}, ["cost 1000 (10,000 yuan), from 1000 on"]),
        ({"impact_index": 3.99}, []),
        ({"impact_index": 4.0}, ["impact index 4, from 4 on"]),
        ({"findings": 2}, []),
        ({"findings": 3}, ["3 undecided findings of medium or above, from 3 on"]),
        ({"utilities": 2}, []),
        ({"utilities": 3}, ["3 kinds of utility come together, from 3 on"]),
        ({"utilities": 9, "stage": "emergency"}, []),
        ({"cost_wan": np.nan, "impact_index": np.nan, "findings": None}, []),
        ({"findings": 4, "utilities": 4},
         ["4 undecided findings of medium or above, from 3 on",
          "4 kinds of utility come together, from 3 on"]),
    ],
)  # fmt: skip
def test_any_criterion_is_enough_for_a_visit(changed: dict[str, Any], visited: list[str]) -> None:
    one = judged(**changed)
    assert [reason.text("en") for reason in one["visit_reasons"]] == visited
    assert one["site_visit"] == bool(visited)


def test_criteria_of_a_visit_are_those_of_the_policy() -> None:
    policy = replace(Policy(), site_visit=SiteVisitPolicy(least_findings=1))
    assert judged(policy, findings=1)["site_visit"]
    assert not judged(policy, findings=0)["site_visit"]


def test_reinstatement_is_area_times_rate() -> None:
    one = judged(area_m2=100.0)
    assert [one[f"reinstatement_{name}_wan"] for name in ("low", "mid", "high")] == [1.4, 2.2, 3.0]
    footway = judged(area_m2=100.0, surface="footway")
    assert footway["reinstatement_low_wan"] == 0.8
    assert judged(method="none")["reinstatement_high_wan"] == 0.0
    assert np.isnan(judged(area_m2=np.nan)["reinstatement_mid_wan"])
    assert judged(surface="gravel")["reinstatement_low_wan"] == 1.4


@pytest.mark.parametrize(
    ("age", "low", "high"),
    [
        (np.nan, 1.4, 15.0),  # 1 × 1.4 to 5 × 3.0
        (0.0, 7.0, 15.0), (0.99, 7.0, 15.0),
        (1.0, 5.6, 12.0), (2.5, 4.2, 9.0), (4.0, 1.4, 3.0), (7.0, 1.4, 3.0), (-0.1, 7.0, 15.0),
    ],
)  # fmt: skip
def test_the_fee_for_digging_early_falls_with_the_years(
    age: float, low: float, high: float
) -> None:
    one = judged(no_dig=True, surface_age_years=age)
    assert (one["early_fee_low_wan"], one["early_fee_high_wan"]) == (low, high)
    for exempt in ({"no_dig": False}, {"no_dig": True, "stage": "emergency"}):
        assert judged(surface_age_years=age, **exempt)["early_fee_high_wan"] == 0.0


def test_the_years_of_the_fee_are_those_of_the_policy() -> None:
    policy = replace(Policy(), fees=FeePolicy(early_factor_by_year=(3.0,)))
    one = judged(policy, no_dig=True, surface_age_years=4.0)
    assert (one["early_fee_low_wan"], one["early_fee_high_wan"]) == (4.2, 9.0)


def test_absent_columns_count_as_missing() -> None:
    found = approval(pd.DataFrame({"code": ["A", "B"]}, index=[7, 3]), Policy())
    assert found["tier"].tolist() == ["simple", "simple"]
    assert found.index.tolist() == [7, 3]
    assert found["unknown"].tolist() == [("cost_wan", "impact_index")] * 2
    assert tuple(found.columns) == APPROVALS
    none = approval(pd.DataFrame(columns=list(FIGURES)), Policy())
    assert (len(none), tuple(none.columns)) == (0, APPROVALS)


def test_a_table_without_a_last_row_is_a_mistake_of_ours() -> None:
    policy = replace(Policy(), approval=ApprovalPolicy(rows=SAMPLE_ROWS[:-1]))
    with pytest.raises(ValueError, match="last row"):
        judged(policy)


def test_documents_are_plain_and_in_both_languages() -> None:
    found = approval(pd.DataFrame([PLAIN | {"area_m2": np.nan, "findings": 3}]), Policy())
    (one,) = approval_documents(found)
    assert (one.code, one.tier, one.site_visit) == ("P1", "simple", True)
    assert one.document["reinstatement_low_wan"] is None
    assert one.document["visit_reason_zh"] == "未处理的较大冲突3项，达到3项"
    assert one.document["unknown"] == []

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.findings import Findings
from coordination.review import merge, state_of

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)
NONE = pd.DataFrame(columns=["finding_id", "status", "state"])


@pytest.fixture
def pair(work: MakeWork) -> Any:
    return [work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-10", "2026-04-30")]


def judged(city: City, policy: Policy | None = None) -> Any:
    return detect(city, policy or Policy(), as_of=AS_OF)


def decided(findings: Findings, city: City, status: str = "not_mergeable") -> Any:
    key = findings.table["finding_id"][0]
    state = json.dumps(state_of(findings, key, city), ensure_ascii=False)
    return pd.DataFrame({"finding_id": [key], "status": [status], "state": [state]})


def statuses(findings: Findings) -> Any:
    return dict(zip(findings.table["rule"], findings.table["status"], strict=True))


def with_status(findings: Findings, status: str) -> Any:
    table = findings.table.copy()
    table["status"] = status
    return replace(findings, table=table)


def test_the_state_of_a_finding_names_what_a_decision_rests_on(
    make_city: MakeCity, pair: list[Work]
) -> None:
    city = make_city(*pair)
    findings = judged(city)
    state = state_of(findings, findings.table["finding_id"][0], city)
    assert state["severity"] == "high"
    assert state["policy_version"] == "default-2"
    assert state["shared_area_m2"] == pytest.approx(300)
    assert state["projects"]["A"] == {
        "stage": "approved",
        "sites": [
            {"site_id": "A-1", "method": "open_cut", "start": "2026-03-01", "finish": "2026-03-31"}
        ],
    }
    json.dumps(state)
    with pytest.raises(KeyError):
        state_of(findings, "nothing", city)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "not_mergeable"),
        ({"finish": "2026-05-07"}, "not_mergeable"),
        ({"finish": "2026-05-08"}, "to_reassess"),
        ({"start": "2026-03-02"}, "to_reassess"),
        ({"start": "2026-03-03"}, "not_mergeable"),
        ({"box": (120.0, 1.0, 200.0, 4.0)}, "to_reassess"),
        ({"box": (110.0, 1.0, 200.0, 4.0)}, "not_mergeable"),
        ({"stage": "permitted"}, "to_reassess"),
        ({"method": "trenchless"}, "to_reassess"),
        ({"name": "另一个名称"}, "not_mergeable"),
    ],
    ids=[
        "nothing", "7 days", "8 days", "8 days earlier", "7 days earlier", "60 m²", "30 m²",
        "stage", "method", "name",
    ],
)  # fmt: skip
def test_a_decision_holds_until_what_it_rests_on_changes(
    make_city: MakeCity, pair: list[Work], change: Work, status: str
) -> None:
    city = make_city(*pair)
    before = judged(city)
    decisions = decided(before, city)
    now = make_city(pair[0], pair[1] | change)
    after = merge(judged(now), with_status(before, "not_mergeable"), decisions, now)
    assert statuses(after)["concurrent_works"] == status


def test_another_policy_puts_decisions_up_again(make_city: MakeCity, pair: list[Work]) -> None:
    city = make_city(*pair)
    before = judged(city)
    after = judged(city, Policy(version="2026-2"))
    merged = merge(after, with_status(before, "resolved"), decided(before, city, "resolved"), city)
    assert statuses(merged)["concurrent_works"] == "to_reassess"


def test_a_decision_survives_a_second_run_without_an_earlier_one_at_hand(
    make_city: MakeCity, pair: list[Work]
) -> None:
    city = make_city(*pair)
    findings = judged(city)
    merged = merge(findings, None, decided(findings, city, "deferred"), city)
    assert statuses(merged)["concurrent_works"] == "deferred"
    assert statuses(merge(findings, None, NONE))["concurrent_works"] == "open"


def test_what_is_no_longer_found_is_cleared_and_comes_back_to_be_reassessed(
    make_city: MakeCity, pair: list[Work]
) -> None:
    city = make_city(*pair)
    before = judged(city)
    apart = make_city(pair[0], pair[1] | {"start": "2029-05-01", "finish": "2029-06-30"})
    cleared = merge(judged(apart), before, NONE, apart)
    assert set(statuses(cleared).values()) == {"cleared"}
    assert sorted(cleared.table["reason_zh"]) == sorted(before.table["reason_zh"])
    assert len(cleared.spans) == len(before.spans)
    again = merge(judged(city), cleared, NONE, city)
    assert statuses(again)["concurrent_works"] == "to_reassess"
    still = merge(judged(city), again, NONE, city)
    assert statuses(still)["concurrent_works"] == "to_reassess"
    twice = merge(judged(apart), cleared, NONE, apart)
    assert set(statuses(twice).values()) == {"cleared"}


def test_what_a_bundle_holds_is_resolved_by_it(make_city: MakeCity, pair: list[Work]) -> None:
    before = judged(make_city(*pair))
    city = make_city(*pair, bundles=[("P-1", "A"), ("P-1", "B")])
    merged = merge(judged(city), before, NONE, city)
    assert statuses(merged)["concurrent_works"] == "resolved"
    assert set(statuses(merged).values()) == {"resolved"}
    assert set(merged.table["coordinated"]) == {"P-1"}

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.detection import RULES
from coordination.findings import DETAIL_COLUMNS, FINDING_COLUMNS, SPAN_COLUMNS, Findings
from coordination.rules.protocol import Context, Reach, RuleWords, Worded, candidates

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)


def two_repeats(work: MakeWork, shift_days: int = 0) -> Any:
    day = pd.Timedelta(days=shift_days)
    moved = [
        work("A", "2026-03-01", "2026-03-31"),
        work("B", "2026-08-01", "2026-08-31", box=(150.0, 1.0, 260.0, 3.0)),
        work("C", "2026-03-15", "2026-04-30", box=(320.0, 1.0, 420.0, 4.0)),
        work("C", "2027-03-15", "2027-04-30", box=(180.0, 1.0, 230.0, 4.0), site_id="C-2"),
    ]
    for row in moved:
        row |= {name: str((pd.Timestamp(row[name]) + day).date()) for name in ("start", "finish")}
    return moved


def comparable(findings: Findings) -> Any:
    table = pd.DataFrame(findings.table.drop(columns="geometry")).sort_values("finding_id")
    return table.reset_index(drop=True)


def test_the_table_has_the_promised_columns_and_is_worst_first(
    make_city: MakeCity, work: MakeWork
) -> None:
    findings = detect(make_city(*two_repeats(work)), Policy(), as_of=AS_OF)
    assert list(findings.table.columns) == [*FINDING_COLUMNS, *DETAIL_COLUMNS, "geometry"]
    assert list(findings.spans.columns) == list(SPAN_COLUMNS)
    assert findings.table.crs == 4549
    rank = {"high": 2, "medium": 1, "notice": 0}
    levels = findings.table["severity"].map(rank).tolist()
    assert levels == sorted(levels, reverse=True)
    assert set(findings.table["status"]) == {"open"}
    assert findings.table["finding_id"].is_unique
    assert (findings.policy_version, str(findings.as_of)) == ("default-2", "2026-01-01")


def test_an_empty_city_gives_empty_tables(make_city: MakeCity, work: MakeWork) -> None:
    findings = detect(make_city(work("A", "2026-03-01", "2026-03-31")), Policy(), as_of=AS_OF)
    assert len(findings.table) == len(findings.spans) == len(findings.hotspots) == 0
    assert list(findings.table.columns) == [*FINDING_COLUMNS, *DETAIL_COLUMNS, "geometry"]


def test_every_rule_of_the_domain_is_listed_as_ran_or_not(
    make_city: MakeCity, work: MakeWork
) -> None:
    findings = detect(make_city(*two_repeats(work)), Policy(), as_of=AS_OF)
    runs = {run.rule: run for run in findings.rules_run}
    assert len(runs) == 14
    assert [rule for rule, run in runs.items() if run.ran] == [
        "concurrent_works", "repeat_excavation", "no_dig_period", "no_dig_lockout", "wrong_order",
        "duplicate_project", "opportunity", "incomplete_data",
    ]  # fmt: skip
    # The surfaces of works are judged; that there is no ledger of earlier ones is told.
    assert runs["no_dig_period"].missing == ("ledger",)
    assert runs["restricted_period"].missing == ("restrictions",)
    counts = findings.table["rule"].value_counts()
    assert runs["repeat_excavation"].found == counts["repeat_excavation"]


NIGHT_WORKS = RuleWords(
    label=Worded("夜间施工", "night works"),
    legal_basis=Worded("本区规定", "rule of this district"),
    sentences={"plain": Worded("{a}夜间施工 {nights} 晚。", "{a} works {nights} nights.")},
)


@dataclass(frozen=True)
class EveryProject:
    code: str = "night_works"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = NIGHT_WORKS

    def run(self, context: Context) -> Any:
        codes = sorted(set(context.works["code"]))
        return candidates(pd.DataFrame({"code_left": codes, "facts": [{"nights": 3}] * len(codes)}))


def test_a_city_adds_a_rule_without_touching_the_engine(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-01", "2026-03-31"))
    missing = EveryProject("by_ledger", needs=("ledger",))
    findings = detect(city, Policy(), as_of=AS_OF, rules=(*RULES, EveryProject(), missing))
    own = findings.table[findings.table["rule"] == "night_works"]
    assert set(own["project_a"]) == {"A", "B"}
    assert all(" works 3 nights. " in sentence for sentence in own["reason_en"])
    assert set(own["legal_basis"]) == {"本区规定 / rule of this district"}
    runs = {run.rule: (run.ran, run.missing, run.found) for run in findings.rules_run}
    assert runs["night_works"] == (True, (), 2)
    assert runs["by_ledger"] == (False, ("ledger",), 0)
    labels = {run.rule: run.label("zh") for run in findings.rules_run}
    assert (labels["night_works"], labels["repeat_excavation"]) == ("夜间施工", "重复开挖")


def test_the_order_of_rows_changes_nothing(make_city: MakeCity, work: MakeWork) -> None:
    works = two_repeats(work)
    one = detect(make_city(*works), Policy(), as_of=AS_OF)
    other = detect(make_city(*works[::-1]), Policy(), as_of=AS_OF)
    pd.testing.assert_frame_equal(comparable(one), comparable(other))
    assert one.table["finding_id"].tolist() == other.table["finding_id"].tolist()
    assert one.table.geometry.geom_equals(other.table.geometry).all()
    pd.testing.assert_frame_equal(one.spans, other.spans)


def test_shifting_in_time_with_the_day_of_judgement_keeps_everything_but_dates(
    make_city: MakeCity, work: MakeWork
) -> None:
    # 28 days later all gaps are the same; no gap is near a limit in calendar months.
    one = detect(make_city(*two_repeats(work)), Policy(), as_of=AS_OF)
    later = date(2026, 1, 29)
    other = detect(make_city(*two_repeats(work, 28)), Policy(), as_of=later)
    dated = ["start", "finish", "reason_zh", "reason_en"]
    pd.testing.assert_frame_equal(
        comparable(one).drop(columns=dated), comparable(other).drop(columns=dated)
    )


def test_shifting_in_space_keeps_everything_but_places(make_city: MakeCity, work: MakeWork) -> None:
    works = two_repeats(work)
    one = make_city(*works, roads=False)
    other = replace(one, sites=one.sites.set_geometry(one.sites.geometry.translate(5000, -3000)))
    before, after = (detect(city, Policy(), as_of=AS_OF) for city in (one, other))
    pd.testing.assert_frame_equal(comparable(before), comparable(after), rtol=1e-6)


def test_identity_stays_when_dates_and_metres_move(make_city: MakeCity, work: MakeWork) -> None:
    first = [work("A", "2026-03-01", "2026-03-31"), work("B", "2026-08-01", "2026-08-31")]
    one = detect(make_city(*first), Policy(), as_of=AS_OF).table
    # B now comes first, is shorter, and lies elsewhere on the road.
    first[1] |= {"start": "2026-01-10", "finish": "2026-01-20", "box": (160.0, 1.0, 180.0, 3.0)}
    other = detect(make_city(*first), Policy(), as_of=AS_OF).table
    # Which of the two comes first also makes the order of the works wrong or right.
    one, other = (table[table["rule"] == "repeat_excavation"] for table in (one, other))
    assert len(one) == 1
    assert one["finding_id"].tolist() == other["finding_id"].tolist()
    assert other[["project_a", "project_b"]].to_numpy().tolist() == [["A", "B"]]
    assert one["case_id"].tolist() == other["case_id"].tolist()


def test_one_finding_per_road_where_two_projects_share_two(
    make_city: MakeCity, work: MakeWork
) -> None:
    # Both lie on 甲路 and, with a second site, on 乙路.
    along = {"box": (100.0, 1.0, 200.0, 4.0)}
    across = {"box": (296.0, 50.0, 299.0, 150.0)}
    city = make_city(
        work("A", "2026-03-01", "2026-03-31") | along,
        work("A", "2026-03-01", "2026-03-31", site_id="A-2") | across,
        work("B", "2026-03-10", "2026-04-15") | along,
        work("B", "2026-03-10", "2026-04-15", site_id="B-2") | across,
    )
    table = detect(city, Policy(), as_of=AS_OF).table
    table = table[table["rule"] == "concurrent_works"].set_index("road")
    assert sorted(table.index) == ["乙路", "甲路"]
    assert table.loc["甲路", "shared_area_m2"] == pytest.approx(300)
    assert table.loc["甲路", "sites_a"] == "A-1"
    assert table.loc["乙路", "shared_length_m"] == pytest.approx(100)


def test_a_footprint_round_a_corner_is_cut_by_road(make_city: MakeCity, work: MakeWork) -> None:
    import shapely

    corner = shapely.MultiPolygon(
        [shapely.Polygon([(200, 1), (300, 1), (300, 150), (296, 150), (296, 4), (200, 4)])]
    )
    city = make_city(work("A", "2026-03-01", "2026-03-31"), work("B", "2026-03-10", "2026-04-15"))
    city.sites["geometry"] = [corner, corner]
    table = detect(city, Policy(), as_of=AS_OF).table
    table = table[table["rule"] == "concurrent_works"].set_index("road")
    assert sorted(table.index) == ["乙路", "甲路"]
    # 3 m on 甲路 from x = 200, 4 m on 乙路 up to y = 150: each has its own part.
    assert table.loc["甲路", "shared_area_m2"] < 400
    assert table.loc["乙路", "shared_area_m2"] < 650
    assert table["shared_area_m2"].sum() < 1000


def test_findings_that_share_a_project_on_one_road_are_one_case(
    make_city: MakeCity, work: MakeWork
) -> None:
    works = [
        work("A", "2026-03-01", "2026-03-31", box=(60.0, 1.0, 270.0, 4.0)),
        work("B", "2026-03-01", "2026-03-31", box=(60.0, 1.0, 80.0, 4.0)),
        work("C", "2026-03-01", "2026-03-31", box=(250.0, 1.0, 270.0, 4.0)),
        work("D", "2026-03-01", "2026-03-31", box=(450.0, 1.0, 550.0, 4.0)),
        work("E", "2026-03-01", "2026-03-31", box=(450.0, 1.0, 550.0, 4.0)),
    ]
    table = detect(make_city(*works), Policy(), as_of=AS_OF).table
    case = {
        (row["rule"], row["project_a"], row["project_b"]): row["case_id"]
        for row in table.to_dict("records")
    }
    first = case["concurrent_works", "A", "B"]
    assert case["concurrent_works", "A", "C"] == first
    # On the same road, but neither near nor of a common project.
    assert case["concurrent_works", "D", "E"] != first
    assert len(set(case.values())) == 2


def test_hot_spots_count_history_and_plans_and_are_worst_first(
    make_city: MakeCity, work: MakeWork
) -> None:
    past = {
        "ledger_id": "Z-1", "road": "甲路", "kind": "opening", "surface": None, "day": "2024-06-30",
        "start": "2024-06-01", "finish": "2024-06-30", "sector": "drainage", "method": "open_cut",
        "owner_unit": "水务", "work_type": "new", "source": "2024.xlsx",
        "box": (100.0, 1.0, 200.0, 4.0),
    }  # fmt: skip
    long_ago = past | {
        "ledger_id": "Z-0",
        "day": "2020-12-31",
        "start": "2020-12-01",
        "finish": "2020-12-31",
    }
    city = make_city(
        work("A", "2025-08-01", "2025-08-31"),
        work("B", "2026-08-01", "2026-08-31", box=(150.0, 1.0, 250.0, 4.0)),
        work("C", "2025-08-01", "2025-08-31", box=(296.0, 50.0, 299.0, 150.0)),
        work("D", "2026-08-01", "2026-08-31", box=(296.0, 50.0, 299.0, 150.0)),
        ledger=[past, long_ago],
    )
    spots = detect(city, Policy(), as_of=AS_OF).hotspots
    assert spots["road"].tolist() == ["甲路", "乙路"]
    worst = spots.iloc[0]
    # 2024-06, 2025-08 and 2026-08: two within 24 months, three within 60 on the middle 50 m.
    assert (worst["openings_24m"], worst["openings_60m"]) == (2, 3)
    assert (worst["from_m"], worst["to_m"]) == pytest.approx((150, 200))
    assert worst["shortest_gap_days"] == 335
    assert worst["metres_opened"] == pytest.approx(300)
    assert worst["project_codes"] == "A B Z-1"
    assert worst.geometry.length == pytest.approx(50)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from coordination import Policy, detect
from coordination.city import City
from coordination.detection import RULES

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]

AS_OF = date(2026, 1, 1)
RULE = "concurrent_works"


def found(city: City, as_of: date = AS_OF, rule: str = RULE) -> Any:
    own = [one for one in RULES if rule in (one.code, "opportunity")]  # which yields to all others
    table = detect(city, Policy(), as_of=as_of, rules=own).table
    return table[table["rule"] == rule].reset_index(drop=True)


def test_certain_meeting_on_a_shared_stretch_is_high(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31"),
        work("B", "2026-05-20", "2026-06-30", box=(150.0, 2.0, 260.0, 4.0)),
    )
    table = found(city)
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["severity"], row["severity_steps"]) == ("high", "base:high")
    assert (row["project_a"], row["project_b"], row["place"], row["road"]) == (
        "A",
        "B",
        "road",
        "甲路",
    )
    assert (row["overlap_days"], row["overlap_days_certain"], row["gap_days"]) == (12, 12, 0)
    assert (row["from_m"], row["to_m"], row["shared_length_m"]) == pytest.approx((150, 200, 50))
    assert row["shared_area_m2"] == pytest.approx(100)
    assert row["distance_m"] == 0
    assert str(row["start"].date()) == "2026-05-20"
    assert str(row["finish"].date()) == "2026-05-31"
    assert row.geometry.bounds == (150.0, 2.0, 200.0, 4.0)
    assert (row["sites_a"], row["sites_b"]) == ("A-1", "B-1")


@pytest.mark.parametrize(
    ("start", "meets"), [("2026-05-31", True), ("2026-06-01", False)], ids=["last day", "day after"]
)
def test_one_common_day_counts_and_the_day_after_does_not(
    make_city: MakeCity, work: MakeWork, start: str, meets: bool
) -> None:
    city = make_city(work("A", "2026-05-01", "2026-05-31"), work("B", start, "2026-06-30"))
    assert (len(found(city)) == 1) is meets


@pytest.mark.parametrize(("as_of", "meets"), [(date(2026, 5, 31), True), (date(2026, 6, 1), False)])
def test_one_of_the_two_is_not_finished_on_the_day_of_judgement(
    make_city: MakeCity, work: MakeWork, as_of: date, meets: bool
) -> None:
    city = make_city(work("A", "2026-05-01", "2026-05-31"), work("B", "2026-05-10", "2026-05-20"))
    assert (len(found(city, as_of)) == 1) is meets


def test_shared_days_that_are_over_are_no_more_than_a_notice(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", traffic_impact="full"),
        work("B", "2026-05-10", "2026-05-20"),
    )
    last, after = found(city, date(2026, 5, 20)), found(city, date(2026, 5, 21))
    assert last["severity"].tolist() == ["high"]
    assert after["severity"].tolist() == ["notice"]
    assert after["severity_steps"].tolist() == ["base:high closure_or_main_road:+1 over:-3"]


def test_completed_works_are_finished_whatever_their_dates_say(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", stage="completed"),
        work("B", "2026-05-01", "2026-05-31", stage="completed"),
    )
    assert found(city).empty


def test_withdrawn_projects_take_no_part(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", stage="withdrawn"),
        work("B", "2026-05-01", "2026-05-31"),
    )
    assert found(city).empty


def test_sites_of_one_project_are_no_pair(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31"),
        work("A", "2026-05-01", "2026-05-31", site_id="A-2"),
    )
    assert found(city).empty


def test_two_sites_that_meet_one_work_are_one_finding_with_two_spans(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", box=(100.0, 1.0, 130.0, 4.0)),
        work("A", "2026-05-01", "2026-05-31", box=(160.0, 1.0, 200.0, 4.0), site_id="A-2"),
        work("B", "2026-05-01", "2026-05-31"),
    )
    findings = detect(city, Policy(), as_of=AS_OF)
    (row,) = findings.table[findings.table["rule"] == RULE].to_dict("records")
    assert row["sites_a"] == "A-1 A-2"
    assert row["shared_length_m"] == pytest.approx(70)
    assert (row["from_m"], row["to_m"]) == pytest.approx((160, 200))
    assert row["shared_area_m2"] == pytest.approx(210)
    spans = findings.spans[findings.spans["finding_id"] == row["finding_id"]]
    assert spans[["from_m", "to_m"]].to_numpy().tolist() == [[100, 130], [160, 200]]
    assert spans["side"].tolist() == ["left", "left"]


@pytest.mark.parametrize(
    ("gap_m", "impact", "meets"),
    [(10.0, None, True), (10.5, None, False), (19.0, "lane", True), (20.5, "half", False)],
)
def test_only_the_buffers_meet(
    make_city: MakeCity, work: MakeWork, gap_m: float, impact: str | None, meets: bool
) -> None:
    near = (200.0 + gap_m, 1.0, 290.0, 4.0)
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", traffic_impact=impact),
        work("B", "2026-05-01", "2026-05-31", traffic_impact=impact, box=near),
    )
    table = found(city)
    assert (len(table) == 1) is meets
    if meets:
        assert table["severity"][0] == "medium"
        assert table["severity_steps"][0] == "base:high only_buffers:-1"
        assert table["distance_m"][0] == pytest.approx(gap_m)
        assert (table["shared_length_m"][0], table["shared_area_m2"][0]) == (0, 0)


def test_the_impact_is_derived_from_the_position(make_city: MakeCity, work: MakeWork) -> None:
    near = (215.0, 1.0, 290.0, 4.0)
    meets = make_city(
        work("A", "2026-05-01", "2026-05-31", position="full"),
        work("B", "2026-05-01", "2026-05-31", position="half", box=near),
    )
    apart = make_city(
        work("A", "2026-05-01", "2026-05-31", position="footway"),
        work("B", "2026-05-01", "2026-05-31", position="verge", box=near),
    )
    assert len(found(meets)) == 1
    assert found(apart).empty


def test_opposite_sides_count_one_level_less_and_share_no_stretch(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31"),
        work("B", "2026-05-01", "2026-05-31", box=(100.0, -4.0, 200.0, -1.0)),
    )
    (row,) = found(city).to_dict("records")
    assert row["severity_steps"] == "base:high only_buffers:-1 opposite_sides:-1"
    assert row["severity"] == "notice"
    assert row["shared_length_m"] == 0


def test_carriageways_of_one_road_are_opposite_sides_of_a_main_road(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work(
            "A",
            "2026-05-01",
            "2026-05-31",
            traffic_impact="lane",
            box=(100.0, 998.0, 200.0, 1003.0),
        ),
        work(
            "B",
            "2026-05-01",
            "2026-05-31",
            traffic_impact="lane",
            box=(100.0, 1017.0, 200.0, 1022.0),
        ),
    )
    (row,) = found(city).to_dict("records")
    assert row["road"] == "丙大道"
    assert row["severity_steps"] == (
        "base:high only_buffers:-1 opposite_sides:-1 closure_or_main_road:+1"
    )
    assert row["severity"] == "medium"


def test_streets_that_cross_meet_at_the_junction_only(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", box=(100.0, -4.0, 500.0, 4.0)),
        work("B", "2026-05-01", "2026-05-31", box=(296.0, -150.0, 304.0, 150.0)),
    )
    (row,) = found(city).to_dict("records")
    assert (row["place"], row["severity_steps"]) == ("junction", "base:high place:-1")
    assert row["road"] == "乙路/甲路" or row["road"] == "甲路/乙路"
    assert row["shared_area_m2"] == pytest.approx(64)


def test_a_street_nearby_is_another_road(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", box=(230.0, 1.0, 284.0, 5.0)),
        work("B", "2026-05-01", "2026-05-31", box=(295.0, 15.0, 298.0, 150.0)),
    )
    assert found(city).empty


def test_less_than_open_cut_counts_one_level_less_and_a_closure_one_more(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", method="surface"),
        work("B", "2026-05-01", "2026-05-31"),
        work("C", "2026-05-01", "2026-05-31", traffic_impact="full"),
    )
    steps = {
        (row["project_a"], row["project_b"]): (row["severity_steps"], row["severity"])
        for row in found(city).to_dict("records")
    }
    assert steps == {
        ("A", "B"): ("base:high not_open_cut:-1", "medium"),
        ("A", "C"): ("base:high not_open_cut:-1 closure_or_main_road:+1", "high"),
        ("B", "C"): ("base:high closure_or_main_road:+1", "high"),
    }


def test_an_unknown_method_counts_as_open_cut_and_the_sentence_says_so(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", method=None), work("B", "2026-05-01", "2026-05-31")
    )
    (row,) = found(city).to_dict("records")
    assert row["severity"] == "high"
    assert "A施工工艺不明，按开挖计" in row["reason_zh"]
    assert "The method of A is unknown and counts as open cut." in row["reason_en"]
    assert "method of B" not in row["reason_en"]


@pytest.mark.parametrize(
    ("days", "likelihood", "severity"),
    [(31, 1.0, "high"), (10, 328 / 484, "medium"), (1, 31 / 961, "notice")],
)
def test_the_level_follows_the_likelihood_of_meeting(
    make_city: MakeCity, work: MakeWork, days: int, likelihood: float, severity: str
) -> None:
    # Both windows are the same 31 days: with 10 days of work there are 22 starts each, and they
    # meet when the starts differ by less than 10.
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", duration_days=days),
        work("B", "2026-05-01", "2026-05-31", duration_days=days),
    )
    (row,) = found(city).to_dict("records")
    assert row["likelihood"] == pytest.approx(likelihood)
    assert row["severity"] == severity
    assert row["overlap_days"] == 31
    assert row["overlap_days_certain"] == (31 if days == 31 else 0)


def test_a_match_that_only_coarse_dates_make_is_told(make_city: MakeCity, work: MakeWork) -> None:
    coarse = work(
        "A", "2026-04-01", "2026-06-30", start_precision="quarter", finish_precision="quarter"
    )
    city = make_city(coarse, work("B", "2026-04-10", "2026-04-20"))
    exact = make_city(work("A", "2026-04-01", "2026-06-30"), work("B", "2026-04-10", "2026-04-20"))
    assert "Dates are known to the month, quarter or year only" in found(city)["reason_en"][0]
    assert "Dates are known" not in found(exact)["reason_en"][0]


def test_without_roads_the_footprints_alone_decide_and_the_sentence_says_so(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31"),
        work("B", "2026-05-01", "2026-05-31", box=(150.0, 3.0, 260.0, 6.0)),
        roads=False,
    )
    (row,) = found(city).to_dict("records")
    assert row["place"] == "footprints"
    assert row["road"] is None or row["road"] != row["road"]
    assert row["severity"] == "high"
    assert "无路网" in row["reason_zh"]
    assert row["shared_area_m2"] == pytest.approx(50)


def test_one_square_off_the_roads_is_shared_and_a_part_of_it_counts_less(
    make_city: MakeCity, work: MakeWork
) -> None:
    square = (1000.0, 500.0, 1050.0, 550.0)
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", box=square),
        work("B", "2026-05-01", "2026-05-31", box=(1000.0, 500.0, 1050.0, 545.0)),
        work("C", "2026-05-01", "2026-05-31", box=(1000.0, 500.0, 1020.0, 520.0)),
    )
    steps = {
        (row["project_a"], row["project_b"]): (row["place"], row["severity_steps"])
        for row in found(city).to_dict("records")
    }
    assert steps == {
        ("A", "B"): ("square", "base:high"),
        ("A", "C"): ("square", "base:high place:-1"),
        ("B", "C"): ("square", "base:high place:-1"),
    }


def test_members_of_a_bundle_raise_nothing_among_themselves(
    make_city: MakeCity, work: MakeWork
) -> None:
    works = [work(code, "2026-05-01", "2026-05-31") for code in "ABC"]
    city = make_city(*works, bundles=[("P1", "A"), ("P1", "B")])
    table = detect(city, Policy(), as_of=AS_OF).table
    pairs = set(zip(table["project_a"], table["project_b"], strict=True))
    assert pairs == {("A", "C"), ("B", "C")}


def test_a_shared_dossier_or_a_dependency_is_named(make_city: MakeCity, work: MakeWork) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", external_id="甲-7"),
        work("B", "2026-05-01", "2026-05-31", external_id="甲-7", depends_on="C"),
        work("C", "2026-05-01", "2026-05-31"),
    )
    table = found(city)
    joined = dict(
        zip(
            zip(table["project_a"], table["project_b"], strict=True),
            table["coordinated"],
            strict=True,
        )
    )
    assert joined[("A", "B")] == "甲-7"
    assert joined[("B", "C")] == "B→C"
    assert joined[("A", "C")] is None or joined[("A", "C")] != joined[("A", "C")]


def test_answers_mark_pairs_as_coordinated_and_take_the_mark_away(
    make_city: MakeCity, work: MakeWork
) -> None:
    city = make_city(
        work("A", "2026-05-01", "2026-05-31", external_id="甲-7"),
        work("B", "2026-05-01", "2026-05-31", external_id="甲-7"),
        work("C", "2026-05-01", "2026-05-31"),
    )
    answers = {"dossier:甲-7[external_id]": "separate", "remark:与a同步[bundle_with:c]": "A"}

    def marks(of: City) -> dict[tuple[str, str], str]:
        table = found(of)
        pairs = zip(table["project_a"], table["project_b"], strict=True)
        told = zip(pairs, table["coordinated"], strict=True)
        return {pair: mark for pair, mark in told if isinstance(mark, str)}

    assert marks(city) == {("A", "B"): "甲-7"}
    answered = replace(city, answers=answers)
    assert marks(answered) == {("A", "C"): "A + C"}
    # The findings themselves stay: only an accepted bundle resolves them.
    assert len(found(answered)) == len(found(city)) == 3

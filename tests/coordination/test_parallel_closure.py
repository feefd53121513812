"""Closures that together do harm: tiny networks with answers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import pytest
import shapely

from coordination import Policy, detect
from coordination.city import City
from coordination.detection import RULES
from coordination.findings import Findings
from coordination.rule_policy import ClosurePolicy
from coordination.rules.parallel_closure import _name, _named_roads_at
from geo.road_network import RoadNetwork, build_network

Work = dict[str, Any]
MakeWork = Callable[..., Work]
MakeCity = Callable[..., City]
Street = tuple[str, float, float, float, float]

AS_OF = date(2026, 1, 1)
SQUARE: tuple[Street, ...] = (
    ("南路", 0, 0, 400, 0), ("东路", 400, 0, 400, 400),
    ("北路", 400, 400, 0, 400), ("西路", 0, 400, 0, 0),
)  # fmt: skip


def streets(*rows: Street, oneway: tuple[str, ...] = (), main: tuple[str, ...] = ()) -> RoadNetwork:
    table = gpd.GeoDataFrame(
        {
            "source_id": range(len(rows)),
            "road": [row[0] for row in rows],
            "road_class": ["arterial" if row[0] in main else "local" for row in rows],
            "width_m": 10.0,
            "oneway": [row[0] in oneway for row in rows],
            "level": 0,
        },
        geometry=[shapely.LineString([row[1:3], row[3:5]]) for row in rows],
        crs=4549,
    )
    return build_network(table, width_m={}, corner_radius_m=8.0)


def ladder(third_y: float) -> tuple[Street, ...]:
    """Three streets of 600 m from west to east, at y = 0, 300 and further up."""
    return (
        ("甲路", 0, 0, 600, 0), ("乙路", 0, 300, 600, 300), ("丙路", 0, third_y, 600, third_y),
        ("西路", 0, 0, 0, third_y), ("东路", 600, 0, 600, third_y),
    )  # fmt: skip


@pytest.fixture
def closing(work: MakeWork) -> MakeWork:
    """Return a maker of works that close 100 m of a road around a point."""

    def make(code: str, x: float, y: float, **values: Any) -> Work:
        plain = work(
            code, "2026-03-01", "2026-03-31", traffic_impact="full",
            box=(x - 50, y - 4, x + 50, y + 4),
        )  # fmt: skip
        return plain | values

    return make


def found(city: City, network: RoadNetwork, policy: Policy | None = None) -> Findings:
    own = [rule for rule in RULES if rule.code == "parallel_closure"]
    return detect(replace(city, network=network), policy or Policy(), as_of=AS_OF, rules=own)


def rows(findings: Findings) -> list[dict[str, Any]]:
    table = findings.table
    return table[table["rule"] == "parallel_closure"].to_dict("records")


def test_two_sides_of_a_ring_cut_each_other_off(make_city: MakeCity, closing: MakeWork) -> None:
    findings = found(make_city(closing("A", 200, 0), closing("B", 200, 400)), streets(*SQUARE))
    (row,) = rows(findings)
    assert (row["project_a"], row["project_b"], row["severity"]) == ("A", "B", "medium")
    assert (row["road"], row["place"], row["overlap_days"]) == ("南路", "road", 31)
    assert (row["shared_length_m"], row["shared_area_m2"], row["distance_m"]) == (0, 0, 392)
    assert row["saving_mid_wan"] != row["saving_mid_wan"]
    assert row["geometry"].area == pytest.approx(1600)
    assert row["reason_zh"].startswith(
        "A 工程A（单位A）与B 工程B（单位B）计划同期封路（2026-03-01–2026-03-31）：两者必然同时施工 31 天。"
        "A 封闭南路（东路—西路），B 封闭北路（东路—西路）。原经前一路段的车辆，只封其中一处时可绕行，"
        "路程不超过 1200 米；两处同时封闭则无路可绕。请错开封路时间。"
    )
    assert (
        "A closes 南路 (东路 to 西路), B closes 北路 (东路 to 西路). Traffic of the former has a way round "
        "of at most 1200 m while only one of the two is closed; once both are, there is no way round."
    ) in row["reason_en"]
    spans = findings.spans[findings.spans["finding_id"] == row["finding_id"]]
    assert spans["road"].tolist() == ["南路"]


def test_the_two_carriageways_of_a_street_are_told_apart(
    make_city: MakeCity, closing: MakeWork
) -> None:
    ring = SQUARE[1:]
    for name, said in (
        ("南路", "封闭南路（东路—西路），A 封闭南路的另一段或另一侧车行道"),
        (None, "封闭一条无名道路，A 封闭另一条无名道路"),
    ):
        network = streets(("南路", 0, 0, 400, 0), ("南路", 0, -30, 400, -30), *ring,
                          ("东路", 400, -30, 400, 0), ("西路", 0, 0, 0, -30))  # fmt: skip
        if name is None:
            sections = network.sections
            network = replace(network, sections=sections.assign(named=sections["road"] != "南路"))
        city = make_city(closing("A", 200, 0), closing("B", 200, -30))
        (row,) = rows(found(city, network))
        assert said in row["reason_zh"]
        assert "A closes another " in row["reason_en"]


def test_what_is_finished_closes_nothing_any_more(make_city: MakeCity, closing: MakeWork) -> None:
    goes_on = closing("A", 200, 0, start="2025-12-01", finish="2026-02-28")
    over = closing("B", 200, 400, start="2025-12-01", finish="2025-12-31")
    assert not rows(found(make_city(goes_on, over), streets(*SQUARE)))
    assert rows(found(make_city(goes_on, over | {"finish": "2026-01-01"}), streets(*SQUARE)))


def test_codes_and_order_of_rows_do_not_matter(make_city: MakeCity, closing: MakeWork) -> None:
    one = rows(found(make_city(closing("A", 200, 0), closing("B", 200, 400)), streets(*SQUARE)))
    two = rows(found(make_city(closing("B", 200, 400), closing("A", 200, 0)), streets(*SQUARE)))
    assert [row["finding_id"] for row in one] == [row["finding_id"] for row in two]
    assert [row["reason_zh"] for row in one] == [row["reason_zh"] for row in two]


@pytest.mark.parametrize(
    "other",
    [
        {"start": "2026-04-01", "finish": "2026-04-30"},
        {"traffic_impact": "half"},
        {"traffic_impact": None},
        {"stage": "withdrawn"},
        {"code": "A", "site_id": "A-2"},
    ],
    ids=["a day later", "half the road", "no impact", "withdrawn", "one project"],
)
def test_what_keeps_two_closures_apart(make_city: MakeCity, closing: MakeWork, other: Work) -> None:
    city = make_city(closing("A", 200, 0), closing("B", 200, 400) | other)
    assert rows(found(city, streets(*SQUARE))) == []


def test_one_common_day_is_enough(make_city: MakeCity, closing: MakeWork) -> None:
    late = closing("B", 200, 400, start="2026-03-31", finish="2026-04-30")
    (row,) = rows(found(make_city(closing("A", 200, 0), late), streets(*SQUARE)))
    assert (row["start"].date(), row["finish"].date()) == (date(2026, 3, 31), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("third_y", "told"),
    [(595, None), (605, ("1200", "1810", "51")), (2000, ("1200", "4600", "283"))],
)
def test_the_way_round_must_become_half_as_long_again(
    make_city: MakeCity, closing: MakeWork, third_y: float, told: tuple[str, ...] | None
) -> None:
    city = make_city(closing("A", 300, 0), closing("B", 300, 300))
    result = rows(found(city, streets(*ladder(third_y))))
    if told is None:
        assert result == []
        return
    alone, together, percent = told
    assert (
        f"只封其中一处时绕行不超过 {alone} 米；两处同时封闭则须绕行 {together} 米，增加 {percent}%。"
        in result[0]["reason_zh"]
    )


def test_a_closure_off_the_way_round_does_no_harm(make_city: MakeCity, closing: MakeWork) -> None:
    city = make_city(closing("A", 300, 0), closing("B", 300, 2000))
    assert rows(found(city, streets(*ladder(2000)))) == []


def test_what_cuts_off_by_itself_is_no_joint_effect(make_city: MakeCity, closing: MakeWork) -> None:
    network = streets(*SQUARE, ("里弄", 200, 0, 200, 200))
    alley = closing("A", 200, 100, box=(196, 60, 204, 160))
    assert rows(found(make_city(alley, closing("B", 300, 0)), network)) == []


@pytest.mark.parametrize("oneway", [("甲路",), ("乙路",), ("甲路", "乙路")])
def test_oneway_streets_count_in_their_direction(
    make_city: MakeCity, closing: MakeWork, oneway: tuple[str, ...]
) -> None:
    city = make_city(closing("A", 300, 0), closing("B", 300, 300))
    (row,) = rows(found(city, streets(*ladder(2000), oneway=oneway)))
    assert "须绕行 4600 米" in row["reason_zh"]


def test_streets_of_opposite_directions_are_no_way_round_for_each_other(
    make_city: MakeCity, closing: MakeWork
) -> None:
    first, _, *rest = ladder(2000)
    network = streets(first, ("乙路", 600, 300, 0, 300), *rest, oneway=("甲路", "乙路"))
    city = make_city(closing("A", 300, 0), closing("B", 300, 300))
    assert rows(found(city, network)) == []


def test_two_bridges_cut_and_a_third_saves(make_city: MakeCity, closing: MakeWork) -> None:
    banks = (
        ("北滨路", 0, 400, 900, 400), ("北街", 0, 700, 900, 700), ("北一", 0, 400, 0, 700),
        ("北二", 900, 400, 900, 700),
        ("南滨路", 0, 0, 900, 0), ("南街", 0, -300, 900, -300), ("南一", 0, -300, 0, 0),
        ("南二", 900, -300, 900, 0), ("一号桥", 300, 0, 300, 400), ("二号桥", 600, 0, 600, 400),
    )  # fmt: skip
    upright = {"box": (296.0, 150.0, 304.0, 250.0)}, {"box": (596.0, 150.0, 604.0, 250.0)}
    city = make_city(closing("A", 0, 0) | upright[0], closing("B", 0, 0) | upright[1])
    (row,) = rows(found(city, streets(*banks)))
    assert "路程不超过 1000 米" in row["reason_zh"]
    assert "无路可绕" in row["reason_zh"]
    third = ("三号桥", 450, 0, 450, 400)
    assert rows(found(city, streets(*banks, third))) == []


def test_main_roads_count_one_level_more(make_city: MakeCity, closing: MakeWork) -> None:
    city = make_city(closing("A", 200, 0), closing("B", 200, 400))
    (row,) = rows(found(city, streets(*SQUARE, main=("北路",))))
    assert (row["severity"], row["severity_steps"]) == ("high", "base:medium main_road:+1")


def test_windows_that_are_unlikely_to_meet_give_a_notice(
    make_city: MakeCity, closing: MakeWork
) -> None:
    whole_year = {"start": "2026-01-01", "finish": "2026-12-31", "stage": "proposed",
                  "duration_days": 10}  # fmt: skip
    city = make_city(closing("A", 200, 0) | whole_year, closing("B", 200, 400) | whole_year)
    (row,) = rows(found(city, streets(*SQUARE)))
    assert row["severity"] == "notice"
    assert row["likelihood"] == pytest.approx(0.0518, abs=0.001)


def test_one_carriageway_is_closed_by_what_the_authority_says(
    make_city: MakeCity, closing: MakeWork
) -> None:
    half = {"traffic_impact": "half"}
    city = make_city(closing("A", 300, 0) | half, closing("B", 300, 300) | half)
    network = streets(*ladder(2000), oneway=("甲路", "乙路"))
    assert rows(found(city, network)) == []
    policy = Policy(closure=ClosurePolicy(oneway_impacts=("full", "half")))
    assert len(rows(found(city, network, policy))) == 1
    assert rows(found(city, streets(*ladder(2000)), policy)) == []


def test_beyond_the_edge_of_the_map_there_may_be_a_way(
    make_city: MakeCity, closing: MakeWork
) -> None:
    def leaving(stub_m: float) -> RoadNetwork:
        return streets(
            ("甲路", -stub_m, 0, 600 + stub_m, 0), ("乙路", -stub_m, 300, 600 + stub_m, 300),
            ("西路", 0, 0, 0, 300), ("东路", 600, 0, 600, 300),
        )  # fmt: skip

    city = make_city(closing("A", 300, 0), closing("B", 300, 300))
    lenient = Policy(closure=ClosurePolicy(most_no_way_round_share=0.9))
    assert rows(found(city, leaving(100), lenient)) == []
    (row,) = rows(found(city, leaving(1000), lenient))
    assert "可能须绕出路网范围，至少绕行 4600 米，增加至少 283%" in row["reason_zh"]
    run = next(
        run for run in found(city, leaving(1000)).rules_run if run.rule == "parallel_closure"
    )
    assert (run.ran, run.missing) == (False, ("network_partial",))


def test_a_work_over_several_sections_is_one_closure(
    make_city: MakeCity, closing: MakeWork
) -> None:
    network = streets(*ladder(2000), ("中路", 300, -200, 300, 0), ("南路", 0, -200, 300, -200),
                      ("西南路", 0, -200, 0, 0))  # fmt: skip
    whole = closing("A", 300, 0, box=(20.0, -4.0, 580.0, 4.0))
    (row,) = rows(found(make_city(whole, closing("B", 300, 300)), network))
    assert "A 封闭甲路（东路—西" in row["reason_zh"]
    assert "则须绕行 4600 米" in row["reason_zh"]


def test_what_lies_at_the_middle_of_a_closed_street_may_be_cut_off(
    make_city: MakeCity, closing: MakeWork
) -> None:
    # 里弄 leaves 甲路 in its middle and is the only other way there; through traffic has 乙路.
    network = streets(*ladder(300)[:1], *ladder(300)[2:], ("里弄", 300, 0, 300, 300))
    whole = closing("A", 300, 0, box=(20.0, -4.0, 580.0, 4.0))
    alley = closing("B", 300, 150, box=(296.0, 100.0, 304.0, 200.0))
    (row,) = rows(found(make_city(whole, alley), network))
    assert "B 封闭里弄（丙路—甲路）" in row["reason_zh"]
    assert "路程不超过 900 米；两处同时封闭则无路可绕" in row["reason_zh"]


def test_works_on_the_same_section_are_left_to_other_rules(
    make_city: MakeCity, closing: MakeWork
) -> None:
    city = make_city(closing("A", 100, 0), closing("B", 300, 0))
    assert rows(found(city, streets(*SQUARE))) == []


def test_a_stretch_is_named_as_people_would_say_it() -> None:
    network = RoadNetwork(
        gpd.GeoDataFrame(
            {
                "section_id": ["s0", "s1", "s2", "s3"],
                "road": ["甲路", "乙弄", "#39839275", "乙弄"],
                "named": [True, True, False, True],
                "node_from": ["n0", "n0", "n2", "n1"],
                "node_to": ["n1", "n4", "n3", "n5"],
            },
            geometry=[shapely.LineString([(0, at), (9, at)]) for at in range(4)],
            crs=4549,
        ),
        gpd.GeoDataFrame({"junction_id": [], "name": []}, geometry=[], crs=4549),
    )
    loop = _name((0,), network, _named_roads_at(network))
    assert (loop.zh, loop.en) == (
        "甲路（与乙弄的两处路口之间）", "甲路 (between its two junctions with 乙弄)"
    )  # fmt: skip
    nameless = _name((2,), network, _named_roads_at(network))
    assert (nameless.zh, nameless.en) == ("一条无名道路", "a road without a name")

"""Each rule of the resolver on a network small enough to know the answer by heart."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from coordination.extents.grammar import parse_extents
from coordination.extents.located import Gazetteer, Located
from coordination.extents.parsed import End, Extent, ParsedText
from coordination.extents.resolve import ExtentPolicy, canonical, locate, questions
from coordination.questions import question_key
from geo.road_network import RoadNetwork, build_network

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}


def network(*rows: tuple[object, ...]) -> RoadNetwork:
    """Return a network of rows ``(name, points)`` and what differs from a local two-way road."""
    plain = {"road_class": "local", "width_m": np.nan, "oneway": False, "level": 0}
    table = [
        {"source_id": f"w{number:02d}", "road": row[0], **plain, **(row[2] if len(row) > 2 else {})}
        for number, row in enumerate(rows)
    ]
    lines = gpd.GeoDataFrame(table, geometry=[shapely.LineString(row[1]) for row in rows], crs=4549)
    return build_network(lines, width_m=WIDTHS, corner_radius_m=8.0)


def road(name: str, *points: tuple[float, float], **further: object) -> tuple[object, ...]:
    return (name, list(points), further)


LADDER = (
    road("甲路", (0, 0), (1000, 0)),
    road("乙路", (100, -200), (100, 300)),
    road("丙路", (400, -200), (400, 300)),
    road("丁路", (800, -200), (800, 300)),
    road("戊路", (0, 250), (1000, 250)),
)
"""甲路 and 戊路 run east, crossed by 乙路, 丙路 and 丁路; mouths are 13 m from each node."""

TWO_CARRIAGEWAYS = (
    road("甲路", (0, 0), (1000, 0), oneway=True),
    road("甲路", (1000, 20), (0, 20), oneway=True),
    road("乙路", (100, -200), (100, 300)),
    road("丁路", (800, -200), (800, 300)),
)


def stretch(name: str, *ends: str | End, **further: object) -> Extent:
    made = tuple(end if isinstance(end, End) else End("road", end, text=end) for end in ends)
    return Extent("text", "stretch", (name,), made, **further)


def find(streets: RoadNetwork | Gazetteer, extent: Extent, **options: object) -> Located:
    gazetteer = streets if isinstance(streets, Gazetteer) else Gazetteer(streets)
    found = locate([ParsedText(extent.text, (extent,))], gazetteer, **options)
    one = found[0][0]
    for lang in ("zh", "en"):  # every word that was used exists and can be said
        assert one.reason.text(lang)
        assert all(note.text(lang) for note in one.notes)
        assert all(candidate.text(lang) for candidate in one.candidates)
    assert len({candidate.key for candidate in one.candidates}) == len(one.candidates)
    return one


def wkt(found: Located) -> str:
    assert found.geometry is not None
    return shapely.to_wkt(found.geometry, rounding_precision=1)


def code(found: Located) -> str:
    return found.reason.code.removeprefix("extents.")


def keys(found: Located) -> list[str]:
    return [candidate.key for candidate in found.candidates]


def lengths(found: Located) -> list[float]:
    return [
        round(candidate.geometry.length, 1) for candidate in found.candidates if candidate.geometry
    ]


# Names


def test_a_stretch_runs_from_mouth_to_mouth_through_the_junctions_between() -> None:
    found = find(network(*LADDER), stretch("甲路", "乙路", "丁路"))
    assert (found.status, found.confidence) == ("located", 0.95)
    assert wkt(found) == "MULTILINESTRING ((113 0, 387 0, 413 0, 787 0))"
    assert found.length_m == pytest.approx(674)
    assert found.ground_width_m == 10.0
    assert code(found) == "assumed.exact"


def test_the_ends_may_stand_the_other_way_round() -> None:
    found = find(network(*LADDER), stretch("甲路", "丁路", "乙路"))
    assert wkt(found) == "MULTILINESTRING ((787 0, 413 0, 387 0, 113 0))"


@pytest.mark.parametrize("name", ["Ａ1 甲路", " a1甲 路", "A1甲路"])
def test_width_case_and_blanks_of_a_name_do_not_matter(name: str) -> None:
    found = find(
        network(road("A1甲路", (0, 0), (1000, 0)), *LADDER[1:]), stretch(name, "乙路", "丁路")
    )
    assert found.status == "located"


SUFFIXES = network(
    road("墨玉南路", (0, 0), (1000, 0)), road("胜辛北路", (0, 200), (1000, 200)), *LADDER[1:4]
)


def test_another_compass_word_is_another_road() -> None:
    found = find(SUFFIXES, stretch("墨玉路", "乙路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.road_similar")
    assert keys(found) == ["墨玉南路(乙路-丁路)"]
    assert lengths(found) == [674.0]
    assert "墨玉南路" in found.candidates[0].text("zh")
    for other in ("胜辛路", "胜辛南路", "胜辛东路"):
        assert find(SUFFIXES, stretch(other, "乙路", "丁路")).status == "ask"


def test_another_compass_word_is_another_cross_street() -> None:
    roads = network(LADDER[0], road("墨玉南路", (100, -200), (100, 300)), LADDER[3])
    found = find(roads, stretch("甲路", "墨玉路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.end_similar")
    assert keys(found) == ["甲路(墨玉南路-丁路)"]
    assert lengths(found) == [674.0]


def test_a_name_with_a_slip_is_a_candidate_and_nothing_more() -> None:
    roads = network(road("江浦路", (0, 0), (1000, 0)), *LADDER[1:4])
    found = find(roads, stretch("江埔路", "乙路", "丁路"))
    assert (found.status, keys(found)) == ("ask", ["江浦路(乙路-丁路)"])
    unlike = find(roads, stretch("江埔路", "乙路", "子虚路"))
    assert (unlike.status, code(unlike)) == ("unknown", "reason.road_unlike")
    far = find(roads, stretch("曹安公路", "乙路", "丁路"))
    assert (far.status, code(far), far.candidates) == ("unknown", "reason.road_not_in_network", ())


def aliases(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "alias", "valid_from", "valid_to"])


def test_a_former_name_means_the_road_while_it_was_valid() -> None:
    roads = network(*LADDER)
    renamed = Gazetteer(roads, aliases(("甲路", "老街", np.nan, 1000)))
    old = stretch("老街", "乙路", "丁路")
    assert find(renamed, old, day=900).confidence == 0.9
    assert find(renamed, old, day=1000).status == "located"
    late = find(renamed, old, day=1001)
    assert (late.status, code(late)) == ("ask", "reason.road_several")
    assert keys(late) == ["甲路(乙路-丁路)"]
    assert find(renamed, old).status == "located"  # no day: it never meant another road


def test_two_roads_that_swapped_their_names_are_told_apart_by_the_day() -> None:
    roads = network(*LADDER)
    swapped = Gazetteer(
        roads, aliases(("甲路", "戊路", np.nan, 1000), ("戊路", "甲路", np.nan, 1000))
    )
    extent = stretch("甲路", "乙路", "丁路")
    before = find(swapped, extent, day=500)
    assert before.geometry is not None
    assert before.geometry.bounds == pytest.approx((113, 250, 787, 250))
    after = find(swapped, extent, day=1500)
    assert after.geometry is not None
    assert after.geometry.bounds == pytest.approx((113, 0, 787, 0))
    undated = find(swapped, extent)
    assert (undated.status, code(undated)) == ("ask", "reason.road_several")
    assert sorted(keys(undated)) == ["戊路(乙路-丁路)", "甲路(乙路-丁路)"]


@pytest.mark.parametrize("name", ["G15沈海高速", "G15", "沈海高速"])
def test_a_route_number_beside_a_name_finds_the_road(name: str) -> None:
    for stored in ("G15沈海高速", "沈海高速", "G15"):
        roads = network(road(stored, (0, 0), (1000, 0)), *LADDER[1:])
        found = find(roads, stretch(name, "乙路", "丁路"))
        if (stored == "沈海高速" and name == "G15") or (stored == "G15" and name == "沈海高速"):
            assert found.status == "unknown"
        else:
            assert (found.status, found.confidence) == ("located", 0.95 if name == stored else 0.9)


# Where ends meet


def test_a_cross_street_that_meets_twice_is_asked_with_both_places() -> None:
    crescent = (road("弯路", (100, 0), (100, 150), (500, 150), (500, 0)), LADDER[0], LADDER[3])
    found = find(network(*crescent), stretch("甲路", "弯路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.meets_often")
    assert found.reason.params["count"] == 2
    assert keys(found) == ["甲路(弯路@100,0-丁路)", "甲路(弯路@500,0-丁路)"]
    assert lengths(found) == [674.0, 274.0]


def test_the_stated_length_ranks_and_chooses_only_where_the_others_are_far_off() -> None:
    roads = network(road("弯路", (100, 0), (100, 150), (500, 150), (500, 0)), LADDER[0], LADDER[3])
    chosen = find(roads, stretch("甲路", "弯路", "丁路", length_m=280.0))
    assert (chosen.status, chosen.confidence, code(chosen)) == ("located", 0.7, "assumed.by_length")
    assert chosen.length_m == pytest.approx(274)
    ranked = find(roads, stretch("甲路", "弯路", "丁路", length_m=520.0))
    assert (ranked.status, lengths(ranked)) == ("ask", [674.0, 274.0])
    near = find(roads, stretch("甲路", "弯路", "丁路", length_m=380.0))
    assert (near.status, lengths(near)) == ("ask", [274.0, 674.0])


def test_the_two_carriageways_of_a_road_are_one_crossing() -> None:
    found = find(network(*TWO_CARRIAGEWAYS), stretch("甲路", "乙路", "丁路"))
    assert (found.status, found.confidence) == ("located", 0.95)
    assert wkt(found) == "MULTILINESTRING ((113 0, 787 0), (113 20, 787 20))"
    assert found.length_m == pytest.approx(674)
    assert found.ground_width_m == 5.0


def test_a_street_that_only_one_carriageway_has_ends_both() -> None:
    roads = network(*TWO_CARRIAGEWAYS, road("己路", (500, 0), (500, -200)))
    found = find(roads, stretch("甲路", "乙路", "己路"))
    assert (found.status, found.confidence) == ("located", 0.95)
    assert found.length_m == pytest.approx(374, abs=15)
    assert found.geometry is not None
    for part in found.geometry.geoms:
        assert part.bounds[0] == pytest.approx(113, abs=1)
        assert part.bounds[2] == pytest.approx(490, abs=5)
    other = find(roads, stretch("甲路", "己路", "丁路"))
    assert other.geometry is not None
    assert [part.bounds[2] for part in other.geometry.geoms] == pytest.approx([787, 787], abs=1)


def test_a_street_that_does_not_meet_the_road_is_asked_with_what_is_near() -> None:
    roads = network(*LADDER[:4], road("短路", (500, 300), (500, 120)))
    found = find(roads, stretch("甲路", "短路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.end_does_not_meet")
    assert found.reason.params["distance_m"] == 120
    extended, nearest = found.candidates[:2]
    assert extended.key == "甲路(短路@500,0-丁路)"
    assert extended.distance_m == 120
    assert extended.geometry is not None
    assert extended.geometry.bounds == pytest.approx((500, 0, 787, 0))
    assert nearest.key == "甲路(丙路/甲路@400,0-丁路)"
    assert nearest.distance_m == pytest.approx(156)


def test_a_street_on_another_level_is_no_junction() -> None:
    roads = network(*LADDER[:4], road("高架路", (600, -300), (600, 300), level=1))
    found = find(roads, stretch("甲路", "高架路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.end_crosses_levels")
    assert keys(found)[0] == "甲路(高架路@600,0-丁路)"
    assert found.candidates[0].distance_m == 0


def test_a_road_in_pieces_is_walked_over_a_short_gap_and_asked_over_a_long_one() -> None:
    for gap, status in ((20, "located"), (200, "ask")):
        roads = network(
            road("甲路", (0, 0), (500, 0)), road("甲路", (500 + gap, 0), (1500, 0)),
            road("乙路", (100, -200), (100, 300)), road("丁路", (1300, -200), (1300, 300)),
        )  # fmt: skip
        found = find(roads, stretch("甲路", "乙路", "丁路"))
        assert found.status == status
        if gap == 20:
            assert (found.confidence, code(found)) == (0.8, "assumed.gap")
            assert found.length_m == pytest.approx(1174)
        else:
            assert code(found) == "reason.gap"
            assert (keys(found), lengths(found)) == (["甲路(乙路-丁路)"], [1174.0])


def test_pieces_too_far_apart_to_be_joined_are_offered_as_pieces() -> None:
    roads = network(
        road("甲路", (0, 0), (500, 0)), road("甲路", (3500, 0), (4000, 0)),
        road("乙路", (100, -200), (100, 300)), road("丁路", (3700, -200), (3700, 300)),
    )  # fmt: skip
    found = find(roads, stretch("甲路", "乙路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.not_connected")
    assert lengths(found) == [387.0 + 187.0]


def test_a_ring_has_two_ways_round_and_both_are_offered() -> None:
    ring = [(0, 0), (600, 0), (600, 400), (0, 400), (0, 0)]
    roads = network(
        road("环路", *ring),
        road("乙路", (300, 0), (300, -200)),
        road("丁路", (300, 400), (300, 600)),
    )
    found = find(roads, stretch("环路", "乙路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.two_ways")
    assert lengths(found) == pytest.approx([974, 974], abs=1)


def test_one_end_twice_means_no_stretch() -> None:
    found = find(network(*LADDER), stretch("甲路", "乙路", "乙路"))
    assert (found.status, code(found)) == ("unknown", "reason.ends_equal")


def test_one_end_alone_is_asked_in_both_directions() -> None:
    found = find(network(*LADDER), stretch("甲路", "丙路"))
    assert (found.status, code(found)) == ("ask", "reason.one_end")
    assert sorted(lengths(found)) == [387.0, 587.0]


def test_an_end_nobody_knows_is_asked_with_the_stated_length_and_the_ends_of_the_road() -> None:
    found = find(network(*LADDER), stretch("甲路", "乙路", "子虚大道", length_m=500.0))
    assert (found.status, code(found)) == ("ask", "reason.end_not_in_network")
    assert [round(candidate.geometry.bounds[2]) for candidate in found.candidates if candidate.geometry] == [
        600, 1000, 87,
    ]  # fmt: skip


def test_the_end_of_the_road_is_taken_only_where_there_is_one() -> None:
    roads = network(
        road("甲路", (100, 0), (1000, 0)), road("乙路", (100, -200), (100, 300)), *LADDER[2:4]
    )
    dead = End("place", "路底", text="路底")
    found = find(roads, stretch("甲路", "乙路", dead))
    assert (found.status, found.confidence, wkt(found)) == (
        "located", 0.8, "MULTILINESTRING ((113 0, 387 0, 413 0, 787 0, 813 0, 1000 0))",
    )  # fmt: skip
    assert find(roads, stretch("甲路", "丙路", dead)).status == "ask"


# Ends of other kinds


def test_an_offset_is_measured_from_the_crossing_along_the_road() -> None:
    west = End("road", "丁路", offset_m=100.0, towards="west", text="丁路以西100米")
    found = find(network(*LADDER), stretch("甲路", "乙路", west))
    assert (found.status, found.confidence, wkt(found)) == (
        "located", 0.85, "MULTILINESTRING ((113 0, 387 0, 413 0, 700 0))",
    )  # fmt: skip
    anywhere = End("road", "丙路", offset_m=100.0, text="丙路外100米")
    asked = find(network(*LADDER), stretch("甲路", "乙路", anywhere))
    assert (asked.status, code(asked)) == ("ask", "reason.offset_either_way")
    assert sorted(lengths(asked)) == [187.0, 387.0]


TOWNS = gpd.GeoDataFrame(
    {"name": ["东镇", "西镇"], "level": ["town", "town"]},
    geometry=[shapely.box(600, -500, 2000, 500), shapely.box(-500, -500, 600, 500)],
    crs=4549,
)


@pytest.mark.parametrize(
    ("words", "name"),
    [("镇界", ""), ("镇界", "镇界"), ("东镇界", "东镇"), ("东镇边界", "东镇边界")],
)
def test_a_border_crossed_once_is_an_end(words: str, name: str) -> None:
    border = Gazetteer(network(*LADDER), boundaries=TOWNS)
    found = find(border, stretch("甲路", "乙路", End("boundary", name, text=words)))
    assert (found.status, found.confidence, wkt(found)) == (
        "located", 0.85, "MULTILINESTRING ((113 0, 387 0, 413 0, 600 0))",
    )  # fmt: skip


def test_towns_without_a_stated_level_are_known_by_their_names() -> None:
    plain = TOWNS.assign(level=None, name=["东镇", "西街道"])
    border = Gazetteer(network(*LADDER), boundaries=plain)
    end = End("boundary", "", text="镇界")
    found = find(border, stretch("甲路", "乙路", end))
    assert (found.status, found.length_m) == ("located", 487.0)
    district = find(border, stretch("甲路", "乙路", End("boundary", "", text="区界")))
    assert code(district) == "reason.boundary_unknown"
    assert "区界" in district.reason.text("zh")


def test_a_border_crossed_often_or_unknown_is_asked() -> None:
    end = End("boundary", "", text="镇界")
    three = TOWNS.assign(
        geometry=[shapely.box(200, -500, 600, 500), shapely.box(700, -500, 900, 500)]
    )
    asked = find(Gazetteer(network(*LADDER), boundaries=three), stretch("甲路", "乙路", end))
    assert (asked.status, code(asked)) == ("ask", "reason.border_crossed_often")
    assert sorted(lengths(asked)) == [87.0, 487.0, 587.0, 787.0]
    without = find(network(*LADDER), stretch("甲路", "乙路", end))
    assert (without.status, code(without)) == ("ask", "reason.no_boundaries")
    stranger = End("boundary", "外镇", text="外镇界")
    nobody = find(Gazetteer(network(*LADDER), boundaries=TOWNS), stretch("甲路", "乙路", stranger))
    assert code(nobody) == "reason.boundary_unknown"


LANDMARKS = gpd.GeoDataFrame(
    {"name": ["一号桥", "横沥河", "北桥"], "kind": ["bridge", "river", "bridge"]},
    geometry=[
        shapely.Point(600, 4), shapely.LineString([(300, -400), (300, 100)]), shapely.Point(600, 900),
    ],
    crs=4549,
)  # fmt: skip


def test_bridges_and_rivers_are_ends_where_landmarks_know_them() -> None:
    known = Gazetteer(network(*LADDER), landmarks=LANDMARKS)
    bridge = find(known, stretch("甲路", "乙路", End("bridge", "一号桥", text="一号桥")))
    assert (bridge.status, bridge.confidence) == ("located", 0.9)
    assert bridge.geometry is not None
    assert bridge.geometry.bounds == pytest.approx((113, 0, 600, 0))
    river = find(known, stretch("甲路", End("river", "横沥河", text="横沥河"), "丁路"))
    assert river.geometry is not None
    assert river.geometry.bounds == pytest.approx((300, 0, 787, 0))
    elsewhere = find(known, stretch("甲路", "乙路", End("bridge", "北桥", text="北桥")))
    assert (elsewhere.status, code(elsewhere)) == ("ask", "reason.bridge_unknown")


def test_a_bridge_without_a_name_is_asked_among_what_is_above_the_ground() -> None:
    roads = network(
        road("甲路", (0, 0), (500, 0)), road("乙路", (100, -200), (100, 300)),
        road("丙路", (500, -200), (500, 300)), road("甲路", (500, 0), (700, 0), level=1),
        road("丁路", (700, -200), (700, 300)), road("甲路", (700, 0), (1000, 0)),
    )  # fmt: skip
    found = find(roads, stretch("甲路", "乙路", End("bridge", "一号桥", text="一号桥")))
    assert (found.status, code(found)) == ("ask", "reason.bridge_unknown")
    assert keys(found)[0] == "甲路(乙路-bridge@600,0)"


def test_chainage_is_asked_in_both_directions() -> None:
    ends = (End("chainage", "", 0.0, text="K0+000"), End("chainage", "", 300.0, text="K0+300"))
    found = find(network(*LADDER), stretch("甲路", *ends))
    assert (found.status, code(found)) == ("ask", "reason.chainage")
    assert sorted(keys(found)) == [
        "甲路(K0+000-K0+300)|east@0,0",
        "甲路(K0+000-K0+300)|west@1000,0",
    ]
    assert [tuple(c.geometry.bounds) for c in found.candidates if c.geometry] == [
        pytest.approx((0, 0, 300, 0)), pytest.approx((700, 0, 1000, 0)),
    ]  # fmt: skip
    beyond = (End("chainage", "", 0.0), End("chainage", "", 3000.0))
    assert code(find(network(*LADDER), stretch("甲路", *beyond))) == "reason.chainage_beyond"


def test_two_roads_that_follow_each_other_are_one_corridor() -> None:
    roads = network(
        road("四平路", (0, 0), (500, 0)), road("吴淞路", (500, 0), (1000, 0)),
        road("新港路", (100, -200), (100, 300)), road("海宁路", (800, -200), (800, 300)),
        road("中路", (500, -200), (500, 200)),
    )  # fmt: skip
    both = Extent(
        "t", "stretch", ("四平路", "吴淞路"), (End("road", "新港路"), End("road", "海宁路"))
    )
    found = find(roads, both)
    assert (found.status, found.confidence, wkt(found)) == (
        "located", 0.9, "MULTILINESTRING ((113 0, 487 0, 513 0, 787 0))",
    )  # fmt: skip


# Parts of a road


def test_up_and_down_are_asked_unless_a_convention_is_set() -> None:
    roads = network(*TWO_CARRIAGEWAYS)
    down = stretch("甲路", "乙路", "丁路", carriageway="down")
    found = find(roads, down)
    assert (found.status, code(found)) == ("ask", "reason.carriageway")
    assert {c.key: c.geometry is not None for c in found.candidates} == {
        "甲路(乙路-丁路)down|east": True, "甲路(乙路-丁路)down|west": True,
    }  # fmt: skip
    known = find(roads, down, policy=ExtentPolicy(up_travels={"甲路": "east"}))
    assert (known.status, known.confidence) == ("located", 0.8)
    assert (
        shapely.to_wkt(known.ground, rounding_precision=0) == "MULTILINESTRING ((113 20, 787 20))"
    )
    answered = find(
        roads, down, answers={question_key("extent", canonical(down)): "甲路(乙路-丁路)down|east"}
    )
    assert (answered.status, answered.confidence) == ("located", 1.0)
    assert (
        shapely.to_wkt(answered.ground, rounding_precision=0) == "MULTILINESTRING ((113 0, 787 0))"
    )


def test_the_direction_of_travel_says_which_carriageway() -> None:
    for towards, y in ((("west", "east"), 0), (("east", "west"), 20)):
        found = find(network(*TWO_CARRIAGEWAYS), stretch("甲路", "乙路", "丁路", travel=towards))
        assert (found.status, found.confidence) == ("located", 0.95)
        assert found.ground is not None
        assert found.ground.bounds == pytest.approx((113, y, 787, y))
        assert found.ground_width_m == 5.0
    across = find(
        network(*TWO_CARRIAGEWAYS), stretch("甲路", "乙路", "丁路", travel=("south", "north"))
    )
    assert (across.status, code(across)) == ("ask", "reason.travel_not_along")


def test_traffic_keeps_right_on_an_undivided_road_unless_it_is_said_to_keep_left() -> None:
    extent = stretch("甲路", "乙路", "丁路", travel=("west", "east"))
    for right, y in ((True, -2.5), (False, 2.5)):
        found = find(network(*LADDER), extent, policy=ExtentPolicy(drive_on_right=right))
        assert found.ground is not None
        assert found.ground.bounds == pytest.approx((113, y, 787, y))
        assert found.ground_width_m == 5.0


def test_a_side_lies_a_quarter_of_the_width_off_and_must_lie_across() -> None:
    roads = network(*LADDER)
    for side, y in (("north", 2.5), ("south", -2.5)):
        for ends in (("乙路", "丁路"), ("丁路", "乙路")):
            found = find(roads, stretch("甲路", *ends, side=side))
            assert (found.status, found.ground_width_m) == ("located", 5.0)
            assert found.ground is not None
            assert found.ground.bounds == pytest.approx((113, y, 787, y))
            assert found.geometry is not None
            assert found.geometry.bounds[1] == 0
    along = find(roads, stretch("甲路", "乙路", "丁路", side="west"))
    assert (along.status, code(along)) == ("ask", "reason.side_not_across")


def test_a_side_of_a_divided_road_is_its_carriageway_there() -> None:
    for side, y in (("north", 20), ("south", 0)):
        found = find(network(*TWO_CARRIAGEWAYS), stretch("甲路", "乙路", "丁路", side=side))
        assert found.ground is not None
        assert found.ground.bounds == pytest.approx((113, y, 787, y))


def test_a_one_way_street_has_two_sides() -> None:
    roads = network(road("甲路", (0, 0), (1000, 0), oneway=True), *LADDER[1:4])
    for side, y in (("north", 2.5), ("south", -2.5)):
        found = find(roads, stretch("甲路", "丁路", "乙路", side=side))
        assert found.ground is not None
        assert found.ground.bounds == pytest.approx((113, y, 787, y))
        assert found.ground_width_m == 5.0


def test_a_side_of_a_doubtful_stretch_is_asked_with_the_side_in_place() -> None:
    roads = network(road("弯路", (100, 0), (100, 150), (500, 150), (500, 0)), LADDER[0], LADDER[3])
    extent = stretch("甲路", "弯路", "丁路", side="north")
    found = find(roads, extent)
    assert (found.status, code(found)) == ("ask", "reason.meets_often")
    chosen = find(
        roads, extent, answers={question_key("extent", canonical(extent)): keys(found)[1]}
    )
    assert chosen.ground is not None
    assert chosen.ground.bounds == pytest.approx((513, 2.5, 787, 2.5))


def test_a_footway_lies_at_the_edge_on_its_side_or_on_both() -> None:
    roads = network(*LADDER)
    one = find(roads, stretch("甲路", "乙路", "丁路", side="north", position="footway"))
    assert one.ground is not None
    assert one.ground.bounds == pytest.approx((113, 6.5, 787, 6.5))
    assert one.ground_width_m is None
    both = find(roads, stretch("甲路", "乙路", "丁路", position="footway"))
    assert (both.confidence, code(both)) == (0.8, "assumed.both_edges")
    assert both.ground is not None
    assert both.ground.bounds == pytest.approx((113, -6.5, 787, 6.5))


# Whole roads, junctions, places, areas


def test_a_whole_road_is_all_of_it_and_less_sure_when_it_is_long() -> None:
    found = find(network(*LADDER), Extent("甲路", "whole_road", ("甲路",)))
    assert (found.status, found.confidence) == ("located", 0.85)
    assert found.length_m == pytest.approx(1000)
    long = find(
        network(road("甲路", (0, 0), (4000, 0)), LADDER[1]), Extent("甲路", "whole_road", ("甲路",))
    )
    assert long.confidence == 0.7


def test_two_roads_of_one_name_far_apart_are_asked() -> None:
    roads = network(
        road("中心路", (0, 0), (500, 0)), road("中心路", (5000, 0), (5700, 0)),
        road("乙路", (100, -200), (100, 300)), road("丁路", (5500, -200), (5500, 300)),
    )  # fmt: skip
    found = find(roads, Extent("中心路", "whole_road", ("中心路",)))
    assert (found.status, code(found)) == ("ask", "reason.several_roads")
    assert found.reason.params["count"] == 2
    assert lengths(found) == pytest.approx([700, 500, 1148], abs=60)


def test_a_junction_is_where_its_roads_meet_once() -> None:
    found = find(network(*LADDER), Extent("t", "junction", ("甲路", "丙路")))
    assert (found.status, found.confidence) == ("located", 0.95)
    assert found.geometry is not None
    assert found.geometry.bounds == pytest.approx((387, -13, 413, 13))
    assert np.isnan(found.length_m)


def test_a_junction_of_one_road_is_asked_among_all_of_its_junctions() -> None:
    found = find(network(*LADDER), Extent("t", "junction", ("甲路",)))
    assert (found.status, code(found)) == ("ask", "reason.junction_of_one")
    assert sorted(keys(found)) == ["丁路/甲路@800,0", "丙路/甲路@400,0", "乙路/甲路@100,0"]


def test_roads_that_do_not_meet_have_no_junction() -> None:
    found = find(network(*LADDER), Extent("t", "junction", ("甲路", "戊路")))
    assert (found.status, code(found)) == ("ask", "reason.roads_do_not_meet")
    assert found.reason.params["distance_m"] == 250


def test_a_place_is_a_landmark_or_unknown() -> None:
    known = Gazetteer(network(*LADDER), landmarks=LANDMARKS)
    found = find(known, Extent("一号桥", "place", place="一号桥"))
    assert (found.status, found.confidence, wkt(found)) == ("located", 0.9, "POINT (600 4)")
    nowhere = find(known, Extent("红房子桥", "place", place="红房子桥"))
    assert (nowhere.status, code(nowhere)) == ("unknown", "reason.place_unknown")


def ring(*names: str, **further: object) -> Extent:
    return Extent("t", "area", (), tuple(End("road", name) for name in names), **further)


def test_roads_enclose_an_area_with_and_without_themselves() -> None:
    roads = network(*LADDER)
    found = find(roads, ring("甲路", "乙路", "戊路", "丙路"))
    assert (found.status, found.confidence) == ("located", 0.85)
    assert found.geometry is not None
    assert found.geometry.area == pytest.approx(300 * 250)
    inner = find(roads, ring("甲路", "乙路", "戊路", "丙路", bounds_excluded=True))
    assert inner.geometry is not None
    assert inner.geometry.area == pytest.approx(290 * 240)


def test_an_area_that_is_not_closed_or_out_of_order_is_asked_or_unknown() -> None:
    roads = network(*LADDER)
    order = find(roads, ring("甲路", "戊路", "乙路", "丙路"))
    assert (order.status, code(order)) == ("ask", "reason.area_order")
    away = find(roads, ring("甲路", "乙路", "丁路"))
    assert (away.status, code(away)) == ("unknown", "reason.area_open")
    assert away.reason.params["apart"] == "乙路/丁路"


# Sizes and answers


def test_a_stated_length_that_contradicts_lowers_the_confidence_and_says_both() -> None:
    fits = find(network(*LADDER), stretch("甲路", "乙路", "丁路", length_m=700.0))
    assert (fits.confidence, fits.notes) == (0.95, ())
    off = find(network(*LADDER), stretch("甲路", "乙路", "丁路", length_m=900.0))
    assert (off.status, off.confidence) == ("located", 0.5)
    assert [note.params for note in off.notes if "length_off" in note.code] == [
        {"stated_m": 900, "measured_m": 674}
    ]


def test_an_answer_places_the_extent_for_good_and_none_means_none() -> None:
    roads = network(road("弯路", (100, 0), (100, 150), (500, 150), (500, 0)), LADDER[0], LADDER[3])
    extent = stretch("甲路", "弯路", "丁路")
    (question,) = questions([find(roads, extent)])
    assert question.key == "extent:甲路(弯路-丁路)"
    chosen = find(roads, extent, answers={question.key: "甲路(弯路@500,0-丁路)"})
    assert (chosen.status, chosen.confidence) == ("located", 1.0)
    assert chosen.length_m == pytest.approx(274)
    assert questions([chosen]) == []
    none = find(roads, extent, answers={question.key: "none"})
    assert (none.status, code(none)) == ("unknown", "reason.answered_none")
    moved = find(roads, extent, answers={question.key: "甲路（弯路@470，20-丁路）"})
    assert (moved.status, moved.length_m) == ("located", pytest.approx(274))
    gone = find(roads, extent, answers={question.key: "甲路(弯路@900,0-丁路)"})
    assert gone.status == "ask"
    assert [note.code for note in gone.notes] == ["extents.reason.answer_gone"]


def test_an_answer_in_words_is_read_again() -> None:
    roads = network(*LADDER)
    extent = stretch("子虚路", "乙路", "丁路")
    key = question_key("extent", canonical(extent))

    def reread(text: str) -> ParsedText:
        assert text == "甲路(乙路-丁路)"
        return ParsedText(text, (stretch("甲路", "乙路", "丁路"),))

    found = find(roads, extent, answers={key: "text:甲路(乙路-丁路)"}, reread=reread)
    assert found.status == "located"
    assert found.extent.roads == ("甲路",)


def test_a_chosen_road_whose_ends_are_doubtful_asks_on() -> None:
    roads = network(road("墨玉南路", (0, 0), (1000, 0)), *LADDER[1:4])
    extent = stretch("墨玉路", "乙路", "子虚路")
    first = find(roads, extent)
    assert keys(first) == ["墨玉南路(乙路-子虚路)"]
    assert first.candidates[0].geometry is None
    key = question_key("extent", canonical(extent))
    second = find(roads, extent, answers={key: "墨玉南路(乙路-子虚路)"})
    (question,) = questions([second])
    assert question.subject == "墨玉南路(乙路-子虚路)"
    assert question.candidates


def test_equal_extents_are_found_once_and_texts_keep_their_order() -> None:
    roads = Gazetteer(network(*LADDER))
    a, b = stretch("甲路", "乙路", "丁路"), stretch("戊路", "乙路", "丁路")
    found = locate([ParsedText("1", (a, b)), ParsedText("2", ()), ParsedText("3", (a,))], roads)
    assert [len(each) for each in found] == [2, 0, 1]
    assert found[0][0] is found[2][0]
    assert found[0][1].extent is b


# What must not be taken silently


def said(streets: RoadNetwork, text: str) -> Located:
    """Return the first place of a text."""
    (places,) = locate([parse_extents(text)], Gazetteer(streets))
    return places[0]


@pytest.mark.parametrize(
    "behind",
    [
        "局部",
        "多处",
        "3处",
        "附近",
        "部分路段",
        "（局部）",
        "以北50米",
        "两侧各50米",
        "除丙路口",
        "等处",
    ],
)
def test_words_behind_the_ends_that_mean_some_of_it_are_asked(behind: str) -> None:
    found = said(network(*LADDER), f"甲路(乙路-丁路){behind}")
    assert (found.status, code(found)) == ("ask", "reason.not_all_of_it")
    assert keys(found) == ["甲路(乙路-丁路)"]
    assert canonical(found.extent) != "甲路(乙路-丁路)"


@pytest.mark.parametrize(
    "text", ["甲路(乙路-丙路除外)", "甲路(乙路-丁路延伸段)", "甲路(乙路-丁路以外)"]
)
def test_what_is_excepted_is_not_located(text: str) -> None:
    assert said(network(*LADDER), text).status == "ask"


def test_along_a_stretch_is_all_of_it() -> None:
    assert said(network(*LADDER), "甲路(乙路-丁路)沿线").confidence == 0.95


def test_a_road_parted_from_its_ends_by_a_comma_is_not_meant_as_a_whole() -> None:
    assert said(network(*LADDER), "甲路,乙路-丁路").status == "ask"


def test_a_road_with_a_length_that_is_not_its_own_is_not_meant_as_a_whole() -> None:
    found = said(network(*LADDER), "甲路约300米")
    assert (found.status, code(found)) == ("ask", "reason.part_of_road")
    assert canonical(found.extent) == "甲路 300 m"
    assert said(network(*LADDER), "甲路约990米").status == "located"


def test_a_side_behind_the_last_end_may_be_that_of_the_road() -> None:
    found = said(network(*LADDER), "甲路乙路-丁路南侧")
    assert (found.status, code(found)) == ("ask", "reason.side_of_end")
    assert keys(found) == ["甲路(乙路-丁路)", "甲路(乙路-丁路)south"]
    assert said(network(*LADDER), "甲路(乙路东侧-丁路西侧)").status == "located"


def test_an_area_lies_on_the_sides_that_are_named() -> None:
    streets = network(*LADDER)
    there = said(streets, "甲路以北、戊路以南、乙路以东、丁路以西")
    assert (there.status, there.confidence) == ("located", 0.85)
    astray = said(streets, "甲路以南、戊路以北、乙路以东、丁路以西")
    assert (astray.status, code(astray)) == ("ask", "reason.area_sides")


def test_one_crossing_is_no_proof_where_the_street_almost_meets_elsewhere() -> None:
    short = network(*LADDER, road("丁路", (600, -200), (600, -40)))
    found = find(short, stretch("甲路", "乙路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.meets_and_nears")
    assert lengths(found) == [674.0, 487.0]
    over = network(*LADDER[:3], road("丁路", (800, -200), (800, 0)),
                   road("丁路", (600, -200), (600, 200), level=1))  # fmt: skip
    assert code(find(over, stretch("甲路", "乙路", "丁路"))) == "reason.meets_and_nears"


def test_a_way_round_is_asked_where_the_straight_one_may_be_missing() -> None:
    ring = network(
        road("甲路", (0, 0), (300, 0)), road("甲路", (350, 0), (600, 0)),
        road("甲路", (0, 0), (0, 400), (600, 400), (600, 0)),
        road("乙路", (0, -100), (0, 0)), road("丁路", (600, -100), (600, 0)),
    )  # fmt: skip
    found = find(ring, stretch("甲路", "乙路", "丁路"))
    assert (found.status, code(found)) == ("ask", "reason.way_round")


def test_a_corridor_runs_along_each_of_its_roads() -> None:
    streets = network(*LADDER, road("己路", (1000, 0), (1600, 0)))
    extent = Extent("", "stretch", ("甲路", "己路"), (End("road", "乙路"), End("road", "丁路")))
    found = find(streets, extent)
    assert (found.status, code(found)) == ("ask", "reason.corridor_without")


def test_an_answer_about_another_place_is_not_dropped_when_the_network_changes() -> None:
    crescent = road("弯路", (100, 0), (100, 150), (500, 150), (500, 0))
    extent = stretch("甲路", "弯路", "丁路")
    (asked,) = questions([find(network(crescent, LADDER[0], LADDER[3]), extent)])
    answers = {asked.key: asked.candidates[0].key}  # the one at 100
    cut = road("弯路", (300, 150), (500, 150), (500, 0))
    found = find(network(cut, LADDER[0], LADDER[3]), extent, answers=answers)
    assert (found.status, code(found)) == ("ask", "reason.answer_gone")
    (again,) = found.candidates
    agreed = {asked.key: again.key}
    assert find(network(cut, LADDER[0], LADDER[3]), extent, answers=agreed).confidence == 1.0


def test_a_chainage_that_was_answered_is_asked_again_when_the_road_begins_elsewhere() -> None:
    ends = (End("chainage", "", 0.0), End("chainage", "", 300.0))
    extent = Extent("", "stretch", ("甲路",), ends)
    (asked,) = questions([find(network(*LADDER), extent)])
    answers = {asked.key: asked.candidates[0].key}
    longer = network(road("甲路", (-400, 0), (1000, 0)), *LADDER[1:])
    assert find(network(*LADDER), extent, answers=answers).confidence == 1.0
    assert find(longer, extent, answers=answers).status == "ask"


def test_what_bears_the_name_of_a_road_is_an_offer_at_most() -> None:
    pipe = gpd.GeoDataFrame(
        {"name": ["辛路"], "kind": ["pipe"]}, geometry=[shapely.Point(600, 5)], crs=4549
    )
    found = find(Gazetteer(network(*LADDER), landmarks=pipe), stretch("甲路", "乙路", "辛路"))
    assert found.status == "ask"


def test_a_short_name_alone_that_differs_by_a_character_is_another_road() -> None:
    streets = network(road("嘉怡路", (0, 0), (1000, 0)), *LADDER[1:])
    found = said(streets, "嘉好路")
    assert (found.status, code(found)) == ("unknown", "reason.road_slip_short")
    assert "嘉怡路" in found.reason.text("zh")
    fitting = said(streets, "嘉好路(乙路-丁路)")
    assert (fitting.status, code(fitting)) == ("ask", "reason.road_slip")

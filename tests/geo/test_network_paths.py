"""Walks along roads: over junctions and gaps, on one carriageway, round rings."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.network_paths import (
    Place,
    Walk,
    Ways,
    node_points,
    pieces,
    place_point,
    places_at,
    terminals,
    walks,
    ways_along,
)
from geo.road_network import RoadNetwork, build_network, empty_network

WIDTHS = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}


def network(*rows: tuple[str, list[tuple[float, float]], bool]) -> RoadNetwork:
    lines = gpd.GeoDataFrame(
        {
            "source_id": [f"w{number:02d}" for number in range(len(rows))],
            "road": [road for road, _, _ in rows],
            "road_class": "local",
            "width_m": np.nan,
            "oneway": [oneway for _, _, oneway in rows],
            "level": 0,
        },
        geometry=[shapely.LineString(points) for _, points, _ in rows],
        crs=4549,
    )
    return build_network(lines, width_m=WIDTHS, corner_radius_m=8.0)


def ways_of(found: RoadNetwork, *roads: str, bridge_m: float = 0.0) -> Ways:
    own = np.flatnonzero(found.sections["road"].isin(roads))
    return ways_along(found, own.tolist(), node_points(found), bridge_m=bridge_m)


def junction(found: RoadNetwork, name: str) -> Place:
    nodes = found.junctions.loc[found.junctions["name"] == name, "junction_id"]
    assert len(nodes)
    return Place(tuple(nodes))


def rounded(walk: Walk) -> str:
    return shapely.to_wkt(walk.line, rounding_precision=0)


PLAIN = network(
    ("A", [(0, 0), (1000, 0)], False),
    ("B", [(100, -200), (100, 200)], False),
    ("C", [(400, -200), (400, 200)], False),
    ("D", [(800, -200), (800, 200)], False),
)


def test_a_walk_goes_from_mouth_to_mouth_and_straight_through_junctions() -> None:
    ways = ways_of(PLAIN, "A")
    (walk,) = walks(ways, junction(PLAIN, "A/B"), junction(PLAIN, "A/D"))
    assert rounded(walk) == "LINESTRING (113 0, 387 0, 413 0, 787 0)"
    assert (walk.length_m, walk.gap_m, walk.unique, walk.beside) == (674.0, 0.0, True, ())
    assert len(walk.nodes) == 3
    (back,) = walks(ways, junction(PLAIN, "A/D"), junction(PLAIN, "A/B"))
    assert back.line.equals(walk.line.reverse())
    assert back.section.tolist() == walk.section.tolist()[::-1]
    assert back.from_m.tolist() == walk.to_m.tolist()[::-1]


def test_a_walk_may_begin_and_end_within_a_section() -> None:
    ways = ways_of(PLAIN, "A")
    section = int(np.flatnonzero(PLAIN.sections["road"] == "A")[1])
    start = PLAIN.sections.geometry[section].coords[0][0]
    one, two = Place((), section, 50.0), Place((), section, 20.0)
    (walk,) = walks(ways, one, two)
    assert rounded(walk) == f"LINESTRING ({start + 50:.0f} 0, {start + 20:.0f} 0)"
    (further,) = walks(ways, one, junction(PLAIN, "A/D"))
    assert further.line.coords[0][0] == pytest.approx(start + 50)
    assert place_point(ways, one).x == pytest.approx(start + 50)


def test_one_place_twice_and_places_elsewhere_have_no_walk() -> None:
    ways = ways_of(PLAIN, "A")
    assert walks(ways, junction(PLAIN, "A/B"), junction(PLAIN, "A/B")) == []
    assert walks(ways, junction(PLAIN, "A/B"), Place(("nowhere",))) == []
    assert walks(ways, Place(), Place()) == []


DIVIDED = network(
    ("A", [(0, 0), (1000, 0)], True),
    ("A", [(1000, 20), (0, 20)], True),
    ("B", [(100, -200), (100, 200)], False),
    ("D", [(800, -200), (800, 200)], False),
)


def test_a_divided_road_is_walked_on_one_carriageway_with_the_other_beside_it() -> None:
    ways = ways_of(DIVIDED, "A")
    (walk,) = walks(ways, junction(DIVIDED, "A/B"), junction(DIVIDED, "A/D"))
    assert rounded(walk) == "LINESTRING (113 0, 787 0)"
    ((section, from_m, to_m),) = walk.beside
    other = DIVIDED.sections.geometry[section]
    assert (from_m, to_m) == (pytest.approx(other.length), 0.0)
    assert walk.unique


def ring(size: float) -> RoadNetwork:
    corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)]
    return network(
        ("A", corners, False),
        ("B", [(size / 2, 0), (size / 2, -200)], False),
        ("D", [(size / 2, size), (size / 2, size + 200)], False),
    )


def test_a_ring_is_walked_both_ways_round() -> None:
    found = ring(400)
    both = walks(ways_of(found, "A"), junction(found, "A/B"), junction(found, "A/D"))
    assert [walk.unique for walk in both] == [False, False]
    assert [round(walk.length_m) for walk in both] == [774, 774]
    assert both[0].line.centroid.distance(both[1].line.centroid) > 200


def test_a_crescent_on_the_way_is_another_way() -> None:
    found = network(
        ("A", [(0, 0), (1000, 0)], False),
        ("A", [(300, 0), (300, 150), (600, 150), (600, 0)], False),
        ("B", [(100, -200), (100, 200)], False),
        ("D", [(800, -200), (800, 200)], False),
    )
    both = walks(ways_of(found, "A"), junction(found, "A/B"), junction(found, "A/D"))
    assert [round(walk.length_m, -2) for walk in both] == [700, 1000]
    assert not any(walk.unique for walk in both)


@pytest.mark.parametrize(("bridge_m", "count"), [(0.0, 0), (50.0, 0), (250.0, 1)])
def test_gaps_are_bridged_only_as_far_as_it_is_said(bridge_m: float, count: int) -> None:
    found = network(
        ("A", [(0, 0), (300, 0)], False),
        ("A", [(500, 0), (1000, 0)], False),
        ("B", [(100, -200), (100, 200)], False),
        ("D", [(800, -200), (800, 200)], False),
    )
    ways = ways_of(found, "A", bridge_m=bridge_m)
    there = walks(ways, junction(found, "A/B"), junction(found, "A/D"))
    assert [walk.gap_m for walk in there] == [200.0] * count
    assert [round(walk.length_m) for walk in there] == [674] * count
    assert len(pieces(ways)) == 2 - count


def test_a_road_ends_where_all_of_it_leaves_to_one_side() -> None:
    for found in (PLAIN, DIVIDED):
        ways = ways_of(found, "A")
        ends = np.array([ways.point[node] for node in terminals(ways)])
        assert sorted({round(x, -2) for x in ends[:, 0]}) == [0, 1000]


def test_places_at_a_distance_lie_both_ways_along_the_road() -> None:
    ways = ways_of(PLAIN, "A")
    found = sorted(
        place_point(ways, place).x for place in places_at(ways, junction(PLAIN, "A/C"), 200.0)
    )
    assert found == pytest.approx([200, 600])
    assert places_at(ways, junction(PLAIN, "A/C"), 5000.0) == []
    assert places_at(ways, Place(("nowhere",)), 10.0) == []


def test_an_empty_network_has_no_points() -> None:
    assert node_points(empty_network(PLAIN.crs)) == {}

"""Ways round closures on random grids, against all-pairs distances worked out the plain way."""

from __future__ import annotations

from itertools import combinations, product
from math import inf

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.detours import directed_roads, joint_detour, journeys, way_round
from geo.network_completeness import network_completeness
from geo.road_network import RoadNetwork, empty_network

SIDE = 4
Distances = dict[tuple[str, str], float]


def grid(kept: list[bool], oneway: list[int], detour_m: list[int]) -> RoadNetwork:
    """Return blocks of 100 m whose streets are longer than straight, some oneway, some missing."""
    spots = list(product(range(SIDE), range(SIDE)))
    pairs = [(a, b) for a, b in combinations(spots, 2) if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
    rows = [
        (pair if way < 2 else pair[::-1], way > 0, float(more))
        for pair, there, way, more in zip(pairs, kept, oneway, detour_m, strict=True)
        if there
    ]
    ends = [((100.0 * a[0], 100.0 * a[1]), (100.0 * b[0], 100.0 * b[1])) for (a, b), _, _ in rows]
    crs = empty_network(gpd.GeoSeries(crs=4549).crs).crs
    sections = gpd.GeoDataFrame(
        {
            "section_id": [f"s{at}" for at in range(len(rows))],
            "road": [f"R{at}" for at in range(len(rows))],
            "road_class": "local",
            "width_m": 10.0,
            "oneway": np.array([way for _, way, _ in rows], dtype=bool),
            "node_from": [f"{a[0]}{a[1]}" for (a, _), _, _ in rows],
            "node_to": [f"{b[0]}{b[1]}" for (_, b), _, _ in rows],
            "trim_from_m": np.array([more for _, _, more in rows], dtype=float),
            "trim_to_m": 0.0,
            "named": True,
            "level": 0,
        },
        geometry=[shapely.LineString(line) for line in ends],
        crs=crs,
    )
    return RoadNetwork(sections, empty_network(crs).junctions)


def all_pairs(network: RoadNetwork, closed: set[int], only: set[int] | None = None) -> Distances:
    """Return the shortest distance between all nodes (Floyd and Warshall)."""
    table = network.sections
    nodes = sorted({*table["node_from"], *table["node_to"]})
    found = {(a, b): 0.0 if a == b else inf for a in nodes for b in nodes}
    for at, row in enumerate(table.itertuples()):
        if at not in closed and (only is None or at in only):
            length_m = row.geometry.length + row.trim_from_m
            there = (row.node_from, row.node_to)
            found[there] = min(found[there], length_m)
            if not row.oneway:
                found[there[::-1]] = min(found[there[::-1]], length_m)
    for via, a, b in product(nodes, nodes, nodes):
        found[a, b] = min(found[a, b], found[a, via] + found[via, b])
    return found


COUNT = 2 * SIDE * (SIDE - 1)
GRIDS = st.builds(
    grid,
    st.lists(st.sampled_from([True, True, True, False]), min_size=COUNT, max_size=COUNT),
    st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(0, 400), min_size=COUNT, max_size=COUNT),
)


@settings(max_examples=50)
@given(GRIDS, st.data())
def test_joint_detours_are_those_of_all_pairs(network: RoadNetwork, data: st.DataObject) -> None:
    count = len(network.sections)
    if count < 2:
        return
    some = st.sets(st.integers(0, count - 1), min_size=1, max_size=3)
    closed, also = data.draw(some), data.draw(some)
    also = also - closed
    roads = directed_roads(network)
    plain_a, plain_ab = all_pairs(network, closed), all_pairs(network, closed | also)
    plain_b, inside = all_pairs(network, also), all_pairs(network, set(), only=closed)
    xy = dict(zip(roads.edge_nodes, roads.edge_xy, strict=True))
    for journey in journeys(roads, closed):
        a, b = journey.start, journey.end
        assert journey.direct_m == pytest.approx(inside[a, b])
        alone = way_round(roads, a, b, closed)
        assert (inf if alone is None else alone.length_m) == pytest.approx(plain_a[a, b])
        if alone is None:
            continue
        beyond = min(
            (
                plain_ab[a, out] + float(np.hypot(*(xy[out] - xy[back]))) + plain_ab[back, b]
                for out, back in product(xy, xy)
                if out != back
            ),
            default=inf,
        )
        base = max(plain_a[a, b], plain_b[a, b])
        together = min(plain_ab[a, b], beyond)
        if together == pytest.approx(1.5 * base):
            continue  # on the line: the last bit decides
        found = joint_detour(roads, journey, alone, closed, also, longer_share=0.5)
        assert (found is not None) is (together > 1.5 * base)
        if found is not None:
            assert found.alone_m == pytest.approx(base)
            assert found.together_m == pytest.approx(together)
            assert found.beyond is (beyond < plain_ab[a, b])


@settings(max_examples=50)
@given(GRIDS, st.data())
def test_journeys_lead_from_mouth_to_next_mouth(network: RoadNetwork, data: st.DataObject) -> None:
    count = len(network.sections)
    if not count:
        return
    closed = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=4))
    roads = directed_roads(network)
    table = network.sections
    at = {}
    for row, (one, two) in enumerate(zip(table["node_from"], table["node_to"], strict=True)):
        at.setdefault(one, set()).add(row)
        at.setdefault(two, set()).add(row)
    mouths = {node for node, rows in at.items() if rows & closed and rows - closed}
    inside = all_pairs(network, set(), only=closed)
    expected = set()
    for section in closed:  # between the ends of one section, where both are mouths
        one, two = table["node_from"][section], table["node_to"][section]
        for a, b in ((one, two), (two, one)):
            if {a, b} <= mouths and inside[a, b] < inf:
                expected.add((a, b))
    found = {(journey.start, journey.end) for journey in journeys(roads, closed)}
    assert expected <= found
    assert all({a, b} <= mouths and inside[a, b] < inf for a, b in found)


@settings(max_examples=40)
@given(GRIDS)
def test_completeness_is_that_of_taking_each_section_away(network: RoadNetwork) -> None:
    table = network.sections
    if not len(table):
        return
    lengths = (table.geometry.length + table["trim_from_m"]).to_numpy()

    def pieces(kept: list[int]) -> dict[str, str]:
        piece = {node: node for node in {*table["node_from"], *table["node_to"]}}
        for row in kept:
            a, b = piece[table["node_from"][row]], piece[table["node_to"][row]]
            piece = {node: a if name == b else name for node, name in piece.items()}
        return piece

    every = list(range(len(table)))
    whole = pieces(every)
    bridges = [
        row for row in every
        if len({*pieces([one for one in every if one != row]).values()}) > len({*whole.values()})
    ]  # fmt: skip
    of_piece: dict[str, float] = {}
    for row in every:
        name = whole[table["node_from"][row]]
        of_piece[name] = of_piece.get(name, 0.0) + float(lengths[row])
    measured = network_completeness(network)
    assert measured.length_m == pytest.approx(lengths.sum())
    assert measured.joined_share == pytest.approx(max(of_piece.values()) / lengths.sum())
    assert measured.no_way_round_share == pytest.approx(lengths[bridges].sum() / lengths.sum())

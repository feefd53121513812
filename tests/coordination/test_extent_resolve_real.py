"""Real networks: stretches taken from them are found again, and real words are never placed wrongly."""

from __future__ import annotations

import collections
import csv
import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
import shapely

from coordination.extents.grammar import parse_extents
from coordination.extents.located import Gazetteer, Located
from coordination.extents.parsed import End, Extent, ParsedText
from coordination.extents.resolve import locate
from coordination.policy import NetworkPolicy
from data.read_roads import read_roads
from geo.road_network import RoadNetwork, build_network

pytestmark = pytest.mark.real_data
JIADING = "shanghai_jiading_osm_roads/ways.geojson"
JINGAN = "shanghai_jingan_osm/edges.geojson"


@cache
def network(folder: Path, name: str) -> RoadNetwork:
    read = read_roads(folder / name)
    policy = NetworkPolicy()
    return build_network(
        read.centre_lines, width_m=policy.width_m, corner_radius_m=policy.corner_radius_m
    )


def true_stretches(streets: RoadNetwork, count: int) -> list[tuple[Extent, shapely.Geometry]]:
    """Return stretches between junctions of one road, with the sections of the way between them."""
    sections = streets.sections[streets.sections["named"]]
    at_node: dict[str, set[str]] = collections.defaultdict(set)
    for column in ("node_from", "node_to"):
        for node, road in zip(sections[column], sections["road"], strict=True):
            at_node[node].add(road)
    draw = random.Random(0)
    roads = sorted(sections["road"].unique())
    found: list[tuple[Extent, shapely.Geometry]] = []
    while len(found) < count:
        road = draw.choice(roads)
        own = sections[sections["road"] == road]
        met = sorted(
            (node, other)
            for node in {*own["node_from"], *own["node_to"]}
            for other in at_node[node] - {road}
        )
        if len(met) < 2:
            continue
        (start, one), (goal, two) = draw.sample(met, 2)
        ways: nx.Graph[str] = nx.Graph()
        for u, v, at, length in zip(
            own["node_from"], own["node_to"], own.index, own.geometry.length, strict=True
        ):
            if not ways.has_edge(u, v) or ways[u][v]["length"] > length:
                ways.add_edge(u, v, section=at, length=length)
        if start == goal or one == two or not nx.has_path(ways, start, goal):
            continue
        path = nx.shortest_path(ways, start, goal, weight="length")
        lines = [own.geometry[ways[u][v]["section"]] for u, v in pairwise(path)]
        ends = (End("road", one), End("road", two))
        found.append(
            (Extent(f"{road}({one}-{two})", "stretch", (road,), ends), shapely.union_all(lines))
        )
    return found


def covers(place: shapely.Geometry, truth: shapely.Geometry) -> bool:
    """Return whether a place holds the truth on either carriageway."""
    return truth.intersection(place.buffer(45)).length > 0.98 * truth.length


@pytest.mark.parametrize(("name", "least"), [(JIADING, 0.85), (JINGAN, 0.85)])
def test_stretches_of_a_real_network_are_located_exactly_or_asked_with_the_truth(
    real_data: Path, name: str, least: float
) -> None:
    streets = network(real_data, name)
    truths = true_stretches(streets, 200)
    texts = [ParsedText(extent.text, (extent,)) for extent, _ in truths]
    located = 0
    for (extent, truth), (found,) in zip(truths, locate(texts, Gazetteer(streets)), strict=True):
        if found.status == "located":
            located += 1
            assert found.geometry is not None
            assert covers(found.geometry, truth), extent.text
            # No more than the way there: junctions between, and what lies beside it.
            assert found.geometry.difference(truth.convex_hull.buffer(130)).length < 1.0, (
                extent.text
            )
            assert found.length_m < truth.length + 70 * len(shapely.get_parts(truth))
        elif found.status == "ask":
            places = [one.geometry for one in found.candidates if one.geometry is not None]
            assert any(covers(place, truth) for place in places), extent.text
        else:
            # Two streets at one junction: there is no stretch between them.
            assert found.reason.code == "extents.reason.ends_touch", extent.text
            assert truth.length < 60
    assert located >= least * len(truths)


STRINGS = (
    "仓场路(嘉罗公路-和政路)", "博园路（嘉松北路—墨玉路）", "博园路下行(嘉松北路-墨玉南路)",
    "民丰路(一号桥-墨玉路)", "武威路(众仁路—镇界)", "四平路—吴淞路(新港路—海宁路)",
    "北沿公路(东瑞路至建设公路)东向西", "天山路从天中路至芙蓉江路", "博乐路西侧和塔城路",
    "沪宜公路路口", "红房子桥", "A路-B路-C路-D路合围区域(不含上述道路)", "K0+000～K1+200",
)  # fmt: skip

CERTAIN = {"清峪路(丰庄西路-花家浜路)": 950.0}
"""What may be located on the network of Jiading: text to length [m]. All else is asked or unknown."""


def outcomes(folder: Path, name: str, texts: list[str]) -> dict[str, tuple[Located, ...]]:
    parsed = [parse_extents(text) for text in texts]
    return dict(zip(texts, locate(parsed, Gazetteer(network(folder, name))), strict=True))


def announcements(folder: Path) -> list[str]:
    path = folder / "zh_jiading_projects" / "announcements.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["raw_text"] for row in csv.DictReader(file)]


def test_nothing_that_was_announced_is_placed_wrongly(real_data: Path) -> None:
    texts = [*STRINGS, *announcements(real_data)]
    assert len(texts) == 39
    for name in (JIADING, JINGAN):
        for text, places in outcomes(real_data, name, texts).items():
            for found in places:
                assert found.reason.text("zh")
                assert found.reason.text("en")
                if found.status == "located":
                    assert name == JIADING
                    assert found.length_m == pytest.approx(CERTAIN[text], abs=1.0)
                for one in found.candidates:
                    assert one.text("zh")
                    assert one.text("en")


def test_what_a_person_would_expect_of_the_strings_at_jiading(real_data: Path) -> None:
    found = outcomes(real_data, JIADING, list(STRINGS))

    def said(text: str) -> list[tuple[str, str]]:
        return [(one.status, one.reason.code.rpartition(".")[2]) for one in found[text]]

    assert said("仓场路(嘉罗公路-和政路)") == [("unknown", "road_not_in_network")]
    assert said("博园路（嘉松北路—墨玉路）") == [("ask", "end_does_not_meet")]
    assert said("博园路下行(嘉松北路-墨玉南路)")[0][0] == "ask"
    assert said("民丰路(一号桥-墨玉路)") == [("ask", "bridge_unknown")]
    assert said("武威路(众仁路—镇界)") == [("ask", "no_boundaries")]
    assert said("沪宜公路路口") == [("ask", "junction_of_one")]
    assert said("红房子桥") == [("unknown", "place_unknown")]
    assert "天山西路(天中路-芙蓉江路)" in [
        one.key for one in found["天山路从天中路至芙蓉江路"][0].candidates
    ]

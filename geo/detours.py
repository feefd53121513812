"""Ways round closed sections, alone and together: directed, along the network.

What is closed is a set of sections. A journey is a way through it: from one of its mouths to the
next, or from one end of a closed street to the other. With ``direct`` the journey's length while
nothing is closed, and ``d(X)`` the shortest way between the same two nodes without the sections in
``X``, two closures ``A`` and ``B`` without a common section harm a journey of ``A`` **together** when

    ``d(A)`` is finite  and  ``d(A ∪ B) > (1 + longer_share) · max(d(A), d(B))``

``d(A ∪ B)`` is infinite where the two cut the journey off. ``d(B) ≤ direct``, because the journey
itself stays open while only ``B`` is closed; what ``A`` cuts off by itself (a dead end) is no joint
effect. The same with ``A`` and ``B`` exchanged makes the pair symmetric. Only pairs are looked at:
three closures of which no two do harm are not found.

Lengths run from node to node; turning round is possible at every node, and nothing is known of
banned turns. Beyond the edge of the map there may be roads that nobody drew: a way that leaves the
map at one street and comes back at another is at least as long as the straight line between them,
and ``d(A ∪ B)`` is taken to be no more than that. What is said therefore holds whatever lies beyond.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import shapely

from geo.line_parts import Floats, Ints, as_geometries
from geo.nearby_pairs import nearby_pairs
from geo.network_paths import node_points
from geo.road_network import RoadNetwork

EDGE_AHEAD_M = 500.0
"""A dead end beyond which no section comes within this distance leads off the map."""

_SIDEWAYS = 0.35  # how far to both sides one looks ahead, as a share of the distance
_HEADING_M = 20.0  # of the street's end, that tell where it leads


@dataclass(frozen=True)
class DirectedRoads:
    """A network ready for ways round closures.

    Attributes
    ----------
    graph
        Nodes joined in the directions of traffic; each edge carries ``ways``: ``(length_m,
        section)`` of its sections, shortest first.
    edge_nodes
        Dead ends that lead off the map, each with its number.
    edge_xy
        Their coordinates [m], shape (n, 2).
    ends
        Nodes at which each section begins and ends, shape (s, 2).
    """

    graph: nx.DiGraph[str]
    edge_nodes: Mapping[str, int]
    edge_xy: Floats
    ends: npt.NDArray[np.object_]


@dataclass(frozen=True)
class Journey:
    """A way through a closure.

    Attributes
    ----------
    start, end
        Nodes.
    direct_m
        Its length while nothing is closed [m].
    sections
        The closed sections on it, in order.
    """

    start: str
    end: str
    direct_m: float
    sections: tuple[int, ...]


@dataclass(frozen=True)
class Way:
    """The shortest way between two nodes: its length [m] and its sections, in order."""

    length_m: float
    sections: tuple[int, ...]


@dataclass(frozen=True)
class JointDetour:
    """What two closures do together to a journey.

    Attributes
    ----------
    alone_m
        The best way with the one closure alone, ``max(d(A), d(B))`` [m].
    together_m
        The best way with both [m]; infinite where there is none.
    beyond
        That way may lead over roads beyond the edge of the map: ``together_m`` is the least that
        it can measure.
    """

    alone_m: float
    together_m: float
    beyond: bool

    @property
    def longer_share(self) -> float:
        """By which share the way is longer than with one closure; infinite where there is none."""
        return self.together_m / self.alone_m - 1.0


def directed_roads(network: RoadNetwork) -> DirectedRoads:
    """Return a network as a directed graph: a oneway section leads from its first node to its last.

    Parameters
    ----------
    network
        From `geo.road_network.build_network`.
    """
    sections = network.sections
    length = sections.geometry.length + sections["trim_from_m"] + sections["trim_to_m"]
    ways: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for at, (one, two, oneway, length_m) in enumerate(
        zip(
            sections["node_from"].to_list(),
            sections["node_to"].to_list(),
            sections["oneway"].to_list(),
            length.to_list(),
            strict=True,
        )
    ):
        if one != two:  # a loop leads nowhere
            ways.setdefault((one, two), []).append((length_m, at))
            if not oneway:
                ways.setdefault((two, one), []).append((length_m, at))
    found: nx.DiGraph[str] = nx.DiGraph()
    for (one, two), parallel in ways.items():
        found.add_edge(one, two, ways=sorted(parallel))
    edge = _edge_nodes(network)
    point = node_points(network)
    xy = np.array([point[node] for node in edge], dtype=np.float64).reshape(-1, 2)
    ends = sections[["node_from", "node_to"]].to_numpy(dtype=object)
    return DirectedRoads(found, {node: k for k, node in enumerate(edge)}, xy, ends)


def journeys(roads: DirectedRoads, closed: AbstractSet[int]) -> list[Journey]:
    """Return the journeys that lead through closed sections.

    They run between mouths: nodes of the closure that also touch an open section. There is one from
    each mouth to every next one, and where the closure is one street with two ends, one from end to
    end, each in every direction that traffic may take.

    Parameters
    ----------
    roads
        From `directed_roads`.
    closed
        Positions of the closed sections.

    Returns
    -------
    list of Journey
        Sorted by ``start, end``; one per pair of nodes, the shortest.
    """
    shut: nx.Graph[str] = nx.Graph()
    shut.add_edges_from(roads.ends[sorted(closed)].tolist())
    shut.remove_edges_from([*nx.selfloop_edges(shut)])
    still_open = _Open(without=closed)
    mouths = {node for node in shut if _touches_open(roads, node, still_open)}
    found: dict[tuple[str, str], Journey] = {}
    through = _Open(only=closed)
    for piece in nx.connected_components(shut):
        ends = [node for node in piece if shut.degree[node] == 1 and node in mouths]
        straight = [(a, b) for a in ends for b in ends if a != b] if len(ends) == 2 else []
        next_ones = [(a, b) for a in sorted(piece & mouths) for b in _next_mouths(shut, a, mouths)]
        for a, b in dict.fromkeys([*next_ones, *straight]):
            way = _shortest(roads, a, b, through)
            if way is not None:
                found[a, b] = Journey(a, b, way.length_m, way.sections)
    return [found[key] for key in sorted(found)]


def way_round(roads: DirectedRoads, start: str, end: str, closed: AbstractSet[int]) -> Way | None:
    """Return the shortest way without closed sections, or None where there is none.

    Parameters
    ----------
    roads
        From `directed_roads`.
    start, end
        Nodes.
    closed
        Positions of the closed sections.
    """
    return _shortest(roads, start, end, _Open(without=closed))


def joint_detour(
    roads: DirectedRoads,
    journey: Journey,
    alone: Way,
    closed: AbstractSet[int],
    also_closed: AbstractSet[int],
    *,
    longer_share: float,
) -> JointDetour | None:
    """Return what a second closure adds to the harm of a first one, None where not enough.

    Parameters
    ----------
    roads
        From `directed_roads`.
    journey
        Through the first closure.
    alone
        Its `way_round` with the first closure alone.
    closed, also_closed
        Sections of the two closures, without a common one.
    longer_share
        How much longer than with one closure alone the way must become (the formula of the module).
    """
    if also_closed.isdisjoint(alone.sections):
        return None
    alone_m = alone.length_m
    if alone_m < journey.direct_m:  # the street itself leads round: then the other one may matter
        other = way_round(roads, journey.start, journey.end, also_closed)
        assert other is not None, "the journey itself is open"
        alone_m = max(alone_m, other.length_m)
    both = closed | also_closed
    least_m = (1.0 + longer_share) * alone_m
    way = way_round(roads, journey.start, journey.end, both)
    inside_m = inf if way is None else way.length_m
    if inside_m <= least_m:
        return None
    outside_m = _beyond_m(roads, journey, _Open(without=both), inside_m)
    together_m = min(inside_m, outside_m)
    if together_m <= least_m:
        return None
    return JointDetour(alone_m, together_m, beyond=outside_m < inside_m)


@dataclass(frozen=True)
class _Open:
    """Which sections may be used; called by networkx for the length of an edge, None hides it."""

    without: AbstractSet[int] = frozenset()
    only: AbstractSet[int] | None = None

    def way(self, edge: dict[str, Any]) -> tuple[float, int] | None:
        """Return length and section of the shortest one, None where none is open."""
        ways: list[tuple[float, int]] = edge["ways"]
        for way in ways:
            if way[1] not in self.without and (self.only is None or way[1] in self.only):
                return way
        return None

    def __call__(self, _one: str, _two: str, edge: dict[str, Any]) -> float | None:
        way = self.way(edge)
        return None if way is None else way[0]


def _shortest(roads: DirectedRoads, start: str, end: str, is_open: _Open) -> Way | None:
    try:
        length_m, nodes = nx.bidirectional_dijkstra(roads.graph, start, end, weight=is_open)
    except nx.NetworkXNoPath:
        return None
    ways = [is_open.way(roads.graph.edges[step]) for step in pairwise(nodes)]
    return Way(float(length_m), tuple(way[1] for way in ways if way is not None))


def _touches_open(roads: DirectedRoads, node: str, is_open: _Open) -> bool:
    around: Any = chain(
        roads.graph.in_edges(node, data=True), roads.graph.out_edges(node, data=True)
    )
    return any(is_open.way(edge) is not None for *_, edge in around)


def _next_mouths(shut: nx.Graph[str], mouth: str, mouths: AbstractSet[str]) -> list[str]:
    """Return the mouths that closed sections lead to without passing another mouth."""
    found, seen, ahead = set(), {mouth}, [mouth]
    while ahead:
        for node in shut[ahead.pop()]:
            if node not in seen:
                seen.add(node)
                if node in mouths:
                    found.add(node)
                else:
                    ahead.append(node)
    return sorted(found)


def _beyond_m(roads: DirectedRoads, journey: Journey, is_open: _Open, most_m: float) -> float:
    """Return the least that a way over roads beyond the map can measure [m]; infinite for none."""
    if len(roads.edge_nodes) < 2:
        return inf
    most = None if most_m == inf else most_m
    out = _lengths(roads.graph, journey.start, is_open, most)
    back = _lengths(roads.graph.reverse(copy=False), journey.end, is_open, most)
    # A way round is short and a map has many ends: only those that are reached are looked at.
    leaves, leave = _at_edge(roads, out)
    comes, come = _at_edge(roads, back)
    step = roads.edge_xy[leaves, None] - roads.edge_xy[None, comes]
    total = leave[:, None] + np.hypot(step[..., 0], step[..., 1]) + come[None, :]
    total[leaves[:, None] == comes[None, :]] = inf
    return float(total.min(initial=inf))


def _at_edge(roads: DirectedRoads, reached: Mapping[str, float]) -> tuple[Ints, Floats]:
    """Return the ends of the map that were reached, sorted, and the metres to each."""
    nodes = sorted(reached.keys() & roads.edge_nodes.keys())
    number = np.array([roads.edge_nodes[node] for node in nodes], dtype=np.int64)
    return number, np.array([reached[node] for node in nodes], dtype=np.float64)


def _lengths(
    graph: nx.DiGraph[str], start: str, is_open: _Open, most_m: float | None
) -> Mapping[str, float]:
    found: Mapping[str, float] = nx.single_source_dijkstra_path_length(
        graph, start, cutoff=most_m, weight=is_open
    )
    return found


def _edge_nodes(network: RoadNetwork) -> tuple[str, ...]:
    """Return the dead ends that no section lies ahead of, sorted."""
    sections = network.sections
    lines = as_geometries(sections.geometry.to_numpy())
    names = np.concatenate([sections["node_from"].to_numpy(str), sections["node_to"].to_numpy(str)])
    node, first, count = np.unique(names, return_index=True, return_counts=True)
    last_of = first[count == 1]
    row, at_end = last_of % len(lines) if len(lines) else last_of, last_of >= len(lines)
    own = lines[row]
    tip = shapely.get_coordinates(shapely.get_point(own, np.where(at_end, -1, 0)))
    inside = np.where(at_end, -_HEADING_M, _HEADING_M)
    behind = shapely.get_coordinates(shapely.line_interpolate_point(own, inside))
    ahead = tip - behind
    ahead *= EDGE_AHEAD_M / np.maximum(np.hypot(*ahead.T), 0.01)[:, None]
    aside = _SIDEWAYS * np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    wedge = shapely.polygons(np.stack([tip, tip + ahead + aside, tip + ahead - aside], axis=1))
    end, met = nearby_pairs(as_geometries(wedge), lines)
    leads_on = np.ones(len(row), dtype=np.bool_)
    leads_on[end[met != row[end]]] = False
    return tuple(node[count == 1][leads_on].tolist())

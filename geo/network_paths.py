"""Walks along a road: from one place on it to another, over junctions, gaps and both carriageways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import shapely
import shapely.ops

from geo.line_parts import Floats, Geometries, Ints, as_geometries, connected
from geo.road_network import RoadNetwork

PARALLEL_M = 60.0
"""Lines of one road that run beside each other no further apart are its carriageways."""

Spans = list[tuple[int, float, float]]
"""Section, from and to [m]; section -1 is a gap."""

_STEP_M = 10.0
_LEAST_BESIDE_M = 20.0


@dataclass(frozen=True)
class Place:
    """Somewhere on a road: at nodes of the network, or at a point of a section.

    Attributes
    ----------
    nodes
        Nodes that are one place (those of one crossing); empty for a point of a section.
    section, at_m
        Position of the section and measure along it [m].
    """

    nodes: tuple[str, ...] = ()
    section: int = -1
    at_m: float = 0.0


@dataclass(frozen=True)
class Walk:
    """A way along a road.

    Attributes
    ----------
    section
        Positions of the sections, in order, shape (n,).
    from_m, to_m
        Measures between which each is walked [m]; ``from_m > to_m`` against its direction.
    line
        LineString from start to end: the sections joined straight through junctions and gaps.
    gap_m
        The widest gap that was bridged, 0 for none.
    nodes
        Nodes that it passes, with its ends where they are nodes.
    beside
        Spans of other sections that run beside it (the other carriageway), in its order and
        measured in its direction: ``(section, from_m, to_m)``.
    unique
        False where the road itself offers another way, and not only its other carriageway.
    """

    section: Ints
    from_m: Floats
    to_m: Floats
    line: shapely.LineString
    gap_m: float
    nodes: tuple[str, ...]
    beside: tuple[tuple[int, float, float], ...] = ()
    unique: bool = True

    @property
    def spans(self) -> list[tuple[int, float, float]]:
        """Its sections with the measures between which each is walked."""
        return list(
            zip(self.section.tolist(), self.from_m.tolist(), self.to_m.tolist(), strict=True)
        )

    @property
    def length_m(self) -> float:
        """Length of the line [m]."""
        return float(self.line.length)


@dataclass(frozen=True)
class Ways:
    """Some sections of a network, ready to be walked.

    Attributes
    ----------
    network
        Where they are from.
    sections
        Their positions, ascending, shape (n,).
    graph
        Directed: every section in both directions, ``cost`` [m], ``legal`` (with the traffic),
        ``span`` ``(section, from_m, to_m)``; gaps between unconnected pieces have section -1.
    point
        Coordinates of the nodes.
    lines, node_from, node_to
        Geometry and nodes of all sections of the network, shape (all,).
    divided
        Whether any of the sections is oneway.
    """

    network: RoadNetwork
    sections: Ints
    graph: nx.MultiDiGraph[Any]
    point: Mapping[str, tuple[float, float]]
    lines: Geometries
    node_from: npt.NDArray[np.object_]
    node_to: npt.NDArray[np.object_]
    divided: bool


def node_points(network: RoadNetwork) -> dict[str, tuple[float, float]]:
    """Return a point for every node: the middle of its junction, or the ends of its sections.

    Parameters
    ----------
    network
        From `geo.road_network.build_network`.
    """
    sections = network.sections
    lines = as_geometries(sections.geometry.to_numpy())
    names = np.concatenate(
        [sections["node_from"].to_numpy(dtype=object), sections["node_to"].to_numpy(dtype=object)]
    )
    if not len(names):
        return {}
    xy = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    node, of_end = np.unique(names.astype(str), return_inverse=True)
    count = np.bincount(of_end)
    mean = np.stack([np.bincount(of_end, weights=xy[:, axis]) / count for axis in (0, 1)], axis=1)
    found = dict(zip(node.tolist(), map(tuple, mean.tolist()), strict=True))
    middle = shapely.get_coordinates(shapely.centroid(network.junctions.geometry.to_numpy()))
    for name, place in zip(network.junctions["junction_id"], middle.tolist(), strict=True):
        if name in found:
            found[name] = (place[0], place[1])
    return found


def ways_along(
    network: RoadNetwork,
    sections: Iterable[int],
    point: Mapping[str, tuple[float, float]],
    *,
    bridge_m: float = 0.0,
) -> Ways:
    """Make sections of one road, or of roads that follow each other, ready to be walked.

    Parameters
    ----------
    network
        From `geo.road_network.build_network`.
    sections
        Positions of the sections.
    point
        From `node_points`.
    bridge_m
        Pieces that do not hang together are joined, shortest gaps first, where no more than this
        is missing between them.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from geo.road_network import build_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"source_id": [1, 2], "road": ["A", "B"], "road_class": "local", "width_m": 10.0,
    ...      "oneway": False, "level": 0},
    ...     geometry=shapely.from_wkt(["LINESTRING (0 0, 200 0)", "LINESTRING (100 0, 100 90)"]),
    ...     crs=4549)
    >>> network = build_network(lines, width_m={"local": 10.0}, corner_radius_m=8.0)
    >>> ways = ways_along(network, [0, 1], node_points(network))
    >>> ends = terminals(ways)
    >>> walks(ways, Place((ends[0],)), Place((ends[1],)))[0].line.wkt
    'LINESTRING (0 0, 87 0, 113 0, 200 0)'
    """
    own = np.unique(np.asarray(list(sections), dtype=np.int64))
    table = network.sections
    node_from = table["node_from"].to_numpy(dtype=object)
    node_to = table["node_to"].to_numpy(dtype=object)
    lines = as_geometries(table.geometry.to_numpy())
    one, two = node_from[own], node_to[own]
    oneway = table["oneway"].to_numpy(dtype=np.bool_)[own]
    length = shapely.length(lines[own])
    trims = (table["trim_from_m"] + table["trim_to_m"]).to_numpy(dtype=np.float64)[own]
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    for u, v, at, size, cost, single in zip(
        one, two, own.tolist(), length.tolist(), (length + trims).tolist(), oneway, strict=True
    ):
        graph.add_edge(u, v, cost=cost, legal=True, span=(at, 0.0, size))
        graph.add_edge(v, u, cost=cost, legal=not single, span=(at, size, 0.0))
    if bridge_m > 0:
        for u, v, gap in _gaps(graph, point, bridge_m):
            graph.add_edge(u, v, cost=gap, legal=True, span=(-1, 0.0, gap))
            graph.add_edge(v, u, cost=gap, legal=True, span=(-1, 0.0, gap))
    return Ways(network, own, graph, point, lines, node_from, node_to, bool(oneway.any()))


def _gaps(
    graph: nx.MultiDiGraph[Any], point: Mapping[str, tuple[float, float]], bridge_m: float
) -> list[tuple[str, str, float]]:
    """Return the shortest gaps that join the pieces of a graph."""
    pieces = [sorted(piece) for piece in nx.weakly_connected_components(graph)]
    if len(pieces) < 2:
        return []
    nodes = [node for piece in pieces for node in piece]
    owner = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    xy = np.array([point[node] for node in nodes])
    points = as_geometries(shapely.points(xy))
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=bridge_m)
    apart = owner[left] < owner[right]
    left, right = left[apart], right[apart]
    gap = np.hypot(*(xy[left] - xy[right]).T)
    label = np.arange(len(pieces))
    found = []
    for at in np.argsort(gap, kind="stable"):
        a, b = label[owner[left[at]]], label[owner[right[at]]]
        if a != b:
            label[label == b] = a
            found.append((nodes[left[at]], nodes[right[at]], max(float(gap[at]), 0.01)))
    return found


def pieces(ways: Ways) -> list[Ints]:
    """Return the sections of each connected piece, gaps that were bridged included; longest first."""
    one = ways.node_from[ways.sections]
    length = shapely.length(ways.lines[ways.sections])
    found = []
    for nodes in nx.weakly_connected_components(ways.graph):
        inside = np.fromiter((node in nodes for node in one), dtype=np.bool_, count=len(one))
        found.append((-float(length[inside].sum()), ways.sections[inside]))
    return [own for _, own in sorted(found, key=lambda item: (item[0], item[1].tolist()))]


def spans_from(ways: Ways, node: str) -> list[tuple[int, float, float]]:
    """Return the spans that leave a node: section, from, to [m]; section -1 is a gap."""
    edges: Any = ways.graph.out_edges(node, data="span")
    return [span for _, _, span in edges]


def terminals(ways: Ways) -> list[str]:
    """Return the nodes at which the road ends: all its sections leave to one side; sorted."""
    point = ways.point
    lines = ways.lines[ways.sections]
    size = shapely.length(lines)
    reach = np.minimum(30.0, size)
    ahead, back = (
        dict(
            zip(
                ways.sections.tolist(),
                shapely.get_coordinates(shapely.line_interpolate_point(lines, at)),
                strict=True,
            )
        )
        for at in (reach, size - reach)
    )
    found = []
    for node in ways.graph:
        away: list[Floats | None] = []
        for section, from_m, to_m in spans_from(ways, node):
            if section < 0:
                away.append(None)
                continue
            step = (ahead if to_m > from_m else back)[section] - point[node]
            length = np.hypot(*step)
            if length > 0:
                away.append(step / length)
        if any(step is None for step in away):
            continue
        directions = np.array(away)
        if len(directions) and (directions @ directions.T).min() > 0.0:
            found.append(node)
    return sorted(found)


def walks(ways: Ways, start: Place, end: Place) -> list[Walk]:
    """Return the shortest way between two places and, where the road offers one, another way.

    A divided road is walked on one carriageway: with the traffic, in the direction that is
    shorter; against it only where there is no other way.

    Parameters
    ----------
    ways
        From `ways_along`.
    start, end
        Places on it.

    Returns
    -------
    list of Walk
        Empty where the places do not hang together or are one place; two, and ``unique`` False,
        where the road has another way between them that does not run beside the first (a ring, a
        crescent).
    """
    first = _shortest(ways, start, end, frozenset())
    if first is None:
        return []
    first = replace(first, beside=tuple(beside(ways, first)))
    around = _ear(ways, first)
    if around is None:
        return [first]
    one = replace(first, unique=False)
    second = _shortest(ways, start, end, around)
    if second is None:
        return [one]
    return [one, replace(second, unique=False, beside=tuple(beside(ways, second)))]


@contextmanager
def _with_places(ways: Ways, places: dict[str, Place]) -> Iterator[nx.MultiDiGraph[Any]]:
    """Lend the graph with a node for each place; they are taken out again afterwards."""
    graph = ways.graph
    try:
        _add_places(ways, places)
        yield graph
    finally:
        graph.remove_nodes_from(places)


def _add_places(ways: Ways, places: dict[str, Place]) -> None:
    graph = ways.graph
    table = ways.network.sections
    for name, place in places.items():
        for node in place.nodes:
            if node in ways.graph:
                graph.add_edge(name, node, cost=0.0, legal=True, span=None)
                graph.add_edge(node, name, cost=0.0, legal=True, span=None)
        if place.section < 0:
            continue
        row = table.iloc[place.section]
        length, both = row.geometry.length, not row["oneway"]
        at = min(max(place.at_m, 0.0), length)
        s = place.section
        graph.add_edge(
            row["node_from"], name, cost=at + row["trim_from_m"], legal=True, span=(s, 0.0, at)
        )
        graph.add_edge(
            name, row["node_from"], cost=at + row["trim_from_m"], legal=both, span=(s, at, 0.0)
        )
        rest = length - at + row["trim_to_m"]
        graph.add_edge(name, row["node_to"], cost=rest, legal=True, span=(s, at, length))
        graph.add_edge(row["node_to"], name, cost=rest, legal=both, span=(s, length, at))
    one, two = places.values()
    if one.section >= 0 and one.section == two.section:
        both = not table["oneway"].iloc[one.section]
        a, b = places
        cost = abs(one.at_m - two.at_m)
        ahead = two.at_m >= one.at_m
        graph.add_edge(a, b, cost=cost, legal=ahead or both, span=(one.section, one.at_m, two.at_m))
        graph.add_edge(
            b, a, cost=cost, legal=both or not ahead, span=(one.section, two.at_m, one.at_m)
        )


def _shortest(ways: Ways, start: Place, end: Place, without: frozenset[int]) -> Walk | None:
    """Return the shortest walk that keeps off some sections, or None."""
    with _with_places(ways, {"start": start, "end": end}) as graph:
        if "start" not in graph or "end" not in graph:
            return None
        path = _best_path(graph, without, divided=ways.divided)
        if path is None:
            return None
        spans, passed, gap = path
    spans = [span for span in spans if span[0] >= 0 and abs(span[1] - span[2]) > 1e-6]
    if not spans:
        return None
    section = np.array([span[0] for span in spans], dtype=np.int64)
    from_m = np.array([span[1] for span in spans])
    to_m = np.array([span[2] for span in spans])
    return Walk(section, from_m, to_m, _joined(ways.lines, spans), gap, passed)


def _best_path(
    graph: nx.MultiDiGraph[Any], without: frozenset[int], *, divided: bool
) -> tuple[Spans, tuple[str, ...], float] | None:
    """Return the spans of the shortest path, the nodes on it, and its widest gap [m].

    A road without carriageways is walked alike in both directions: once is enough.
    """

    def cost(legal_only: bool) -> Any:
        def of(_u: str, _v: str, edges: dict[int, dict[str, Any]]) -> float | None:
            costs = [
                edge["cost"]
                for edge in edges.values()
                if (edge["legal"] or not legal_only)
                and (edge["span"] is None or edge["span"][0] not in without)
            ]
            return min(costs) if costs else None

        return of

    found: list[tuple[float, list[str], bool, Spans]] = []
    runs = [("start", "end", False)]
    if divided:
        runs += [("start", "end", True), ("end", "start", True)]
    for source, target, legal_only in runs:
        try:
            size, path = _dijkstra(graph, source, target, cost(legal_only))
        except nx.NetworkXNoPath:
            continue
        spans = _spans_on(graph, path, without, legal_only=legal_only)
        found.append((size, path, legal_only, spans))
    if not found:
        return None
    shortest = min(found, key=lambda entry: entry[0])
    # A gap is no place to turn round: with the traffic only where that leads over none besides.
    legal = [
        entry
        for entry in found
        if entry[2]
        and entry[0] <= 1.1 * shortest[0] + 60.0
        and _widest_gap(entry[3]) <= _widest_gap(shortest[3])
    ]
    # Rounded so that both directions of one walk, whose sums differ in the last digit, choose alike.
    _, path, _, spans = min(
        legal or found, key=lambda entry: (round(entry[0], 6), entry[1][0] != "start")
    )
    passed = [node for node in path if node not in ("start", "end")]
    if path[0] == "end":
        spans = [(s, b, a) for s, a, b in reversed(spans)]
        passed.reverse()
    return spans, tuple(dict.fromkeys(passed)), _widest_gap(spans)


def _spans_on(
    graph: nx.MultiDiGraph[Any], path: list[str], without: frozenset[int], *, legal_only: bool
) -> Spans:
    spans = []
    for u, v in pairwise(path):
        edges = [
            edge
            for edge in graph.get_edge_data(u, v).values()
            if (edge["legal"] or not legal_only)
            and (edge["span"] is None or edge["span"][0] not in without)
        ]
        best = min(edges, key=lambda edge: edge["cost"])
        if best["span"] is not None:
            spans.append(best["span"])
    return spans


def _widest_gap(spans: Spans) -> float:
    return max((abs(b - a) for section, a, b in spans if section < 0), default=0.0)


def _dijkstra(
    graph: nx.MultiDiGraph[Any], source: str, target: str, weight: Any
) -> tuple[float, list[str]]:
    size: Any
    path: Any
    size, path = nx.single_source_dijkstra(graph, source, target, weight=weight)
    return float(size), list(path)


def _joined(lines: Geometries, spans: list[tuple[int, float, float]]) -> shapely.LineString:
    """Return one line along spans in order, straight between one and the next."""
    joined = np.concatenate([shapely.get_coordinates(_part(lines[s], a, b)) for s, a, b in spans])
    moved = np.ones(len(joined), dtype=np.bool_)
    moved[1:] = np.abs(np.diff(joined, axis=0)).sum(axis=1) > 1e-9
    return shapely.LineString(joined[moved])


def _part(line: shapely.LineString, from_m: float, to_m: float) -> shapely.LineString:
    """Return a part of a line; the whole of it, the usual case, at no cost."""
    if abs(to_m - from_m) >= line.length - 1e-9:
        return line if to_m > from_m else line.reverse()
    part = shapely.ops.substring(line, from_m, to_m)
    return part if isinstance(part, shapely.LineString) else shapely.LineString([part, part])


def beside(ways: Ways, walk: Walk) -> list[tuple[int, float, float]]:
    """Return the spans of other sections that run beside a walk: its other carriageway.

    Parameters
    ----------
    ways, walk
        The walk and what it was found on.

    Returns
    -------
    list of (section, from_m, to_m)
        In the order of the walk, measured in its direction: ``from_m > to_m`` where the section's
        own direction is against it.
    """
    others = np.setdiff1d(ways.sections, walk.section)
    lines = ways.lines[others]
    near = shapely.dwithin(lines, walk.line, PARALLEL_M) if len(lines) else np.zeros(0, dtype=bool)
    others, lines = others[near], lines[near]
    if not len(others):
        return []
    size = shapely.length(lines)
    steps = np.maximum(np.ceil(size / _STEP_M).astype(np.int64), 2)
    owner = np.repeat(np.arange(len(others)), steps + 1)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    at = size[owner] * nth / steps[owner]
    points = as_geometries(shapely.line_interpolate_point(lines[owner], at))
    along = shapely.line_locate_point(walk.line, points)
    length = walk.line.length
    inside = (along > 1e-6) & (along < length - 1e-6)
    inside &= shapely.distance(points, walk.line) <= PARALLEL_M
    # Runs of neighbouring samples that lie beside the walk, each within one line.
    starts = np.flatnonzero(inside & ~np.append(False, inside[:-1] & (owner[1:] == owner[:-1])))
    stops = np.flatnonzero(inside & ~np.append(inside[1:] & (owner[1:] == owner[:-1]), False))
    found = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        line = lines[owner[start]]
        step = float(size[owner[start]] / steps[owner[start]])
        low, high = _ends_of(line, walk.line, float(at[start]), float(at[stop]), step)
        chord = np.subtract(line.interpolate(high).coords[0], line.interpolate(low).coords[0])
        first, last = (walk.line.project(line.interpolate(m)) for m in (low, high))
        there = np.subtract(
            walk.line.interpolate(last).coords[0], walk.line.interpolate(first).coords[0]
        )
        scale = np.hypot(*chord) * np.hypot(*there)
        if high - low < _LEAST_BESIDE_M or scale <= 0 or abs(chord @ there) < 0.7 * scale:
            continue
        if _leaves(line, walk.line):  # a branch that forks off
            continue
        span = (low, high) if last > first else (high, low)
        found.append((min(first, last), int(others[owner[start]]), *span))
    return [(s, a, b) for _, s, a, b in sorted(found)]


def _leaves(line: shapely.LineString, walk: shapely.LineString) -> bool:
    """Return whether a line goes further from a walk than its other carriageway would."""
    points = as_geometries(shapely.points(shapely.segmentize(line, _STEP_M).coords))
    along = shapely.line_locate_point(walk, points)
    inside = (along > 1e-6) & (along < walk.length - 1e-6)
    return bool((inside & (shapely.distance(points, walk) > PARALLEL_M)).any())


def _ends_of(
    line: shapely.LineString, walk: shapely.LineString, low: float, high: float, step: float
) -> tuple[float, float]:
    """Move sampled bounds to the ends of the line, or to where the walk itself ends."""
    feet = [line.project(shapely.Point(walk.coords[at])) for at in (0, -1)]
    below = [foot for foot in feet if low - step <= foot <= low + 1e-9]
    above = [foot for foot in feet if high - 1e-9 <= foot <= high + step]
    return (min(below) if below else low), (max(above) if above else high)


def _ear(ways: Ways, walk: Walk) -> frozenset[int] | None:
    """Return the sections of a walk that another way of the road leads round, or None."""
    parallel = walk.beside
    covered = set(walk.section.tolist())
    covered |= {s for s, _, _ in parallel}
    rest = np.array([s for s in ways.sections.tolist() if s not in covered], dtype=np.int64)
    if not len(rest):
        return None
    one, two = ways.node_from, ways.node_to
    on_walk = set(walk.nodes)
    for s in covered:
        on_walk |= {one[s], two[s]}
    along = {node: walk.line.project(shapely.Point(ways.point[node])) for node in on_walk}
    # Pieces of the rest hang together at nodes that are not on the walk.
    code = {node: at for at, node in enumerate(dict.fromkeys([*one[rest], *two[rest]]))}
    free = [(code[u], code[v]) for u, v in zip(one[rest], two[rest], strict=True)]
    links = [
        (number, at)
        for number, (u, v) in enumerate(zip(one[rest], two[rest], strict=True))
        for at in (code[u], code[v])
        if (u if code[u] == at else v) not in on_walk
    ]
    label = connected(
        len(rest) + len(code),
        np.array([number for number, _ in links], dtype=np.int64),
        np.array([len(rest) + at for _, at in links], dtype=np.int64),
    )
    names = list(code)
    for piece in np.unique(label[: len(rest)]):
        touched = sorted(
            along[names[at]]
            for number in np.flatnonzero(label[: len(rest)] == piece)
            for at in free[number]
            if names[at] in on_walk
        )
        if len(touched) > 1 and touched[-1] - touched[0] > PARALLEL_M:
            low, high = touched[0], touched[-1]
            spans = [
                *walk.spans,
                *parallel,
            ]
            middles = [
                walk.line.project(ways.lines[s].interpolate((a + b) / 2)) for s, a, b in spans
            ]
            return frozenset(
                s for (s, _, _), m in zip(spans, middles, strict=True) if low < m < high
            )
    return None


def places_at(ways: Ways, start: Place, distance_m: float) -> list[Place]:
    """Return the places at a walking distance from another, in every direction of the road.

    Parameters
    ----------
    ways
        From `ways_along`.
    start
        Where it is measured from: the middle of a crossing, not its mouth.
    distance_m
        Distance along the road [m].
    """
    with _with_places(ways, {"start": start, "end": Place()}) as graph:
        if "start" not in graph:
            return []
        reached = nx.single_source_dijkstra_path_length(graph, "start", weight="cost")
    table = ways.network.sections
    found = []
    for section in ways.sections.tolist():
        row = table.iloc[section]
        length = row.geometry.length
        sources = [
            (reached.get(row["node_from"]), row["trim_from_m"], True),
            (reached.get(row["node_to"]), row["trim_to_m"], False),
        ]
        if section == start.section:
            sources = []
            found += [
                Place((), section, at)
                for at in (start.at_m - distance_m, start.at_m + distance_m)
                if 0 <= at <= length
            ]
        far = [size for size, _, _ in sources if size is not None]
        for size, trim, ahead in sources:
            if size is None or size > min(far):
                continue
            on = distance_m - size - trim
            if -trim <= on <= length:
                on = max(on, 0.0)
                found.append(Place((), section, on if ahead else length - on))
    return found


def place_point(ways: Ways, place: Place) -> shapely.Point:
    """Return where a place is."""
    if place.section >= 0:
        return shapely.Point(ways.lines[place.section].interpolate(place.at_m))
    return shapely.Point(np.mean([ways.point[node] for node in place.nodes], axis=0))


def lines_of(network: RoadNetwork, spans: Iterable[tuple[int, float, float]]) -> Geometries:
    """Return the line of each span, in the direction in which it is given."""
    lines = as_geometries(network.sections.geometry.to_numpy())
    return as_geometries([_part(lines[s], a, b) for s, a, b in spans])

"""A network as extents see it: roads by name, where they meet, and how they are walked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from coordination.extents.extent_policy import ExtentPolicy
from coordination.extents.located import Gazetteer
from coordination.extents.names import RoadNames, road_names
from geo.line_parts import Floats, Geometries, Ints, as_geometries, connected
from geo.network_paths import Place, Ways, node_points, spans_from, terminals, ways_along

Roads = tuple[str, ...]
"""Names in the network that are one road."""

_FAN = [
    np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for turn in np.deg2rad([75.0, 50.0, 25.0, 0.0, -25.0, -50.0, -75.0])
]


@dataclass(frozen=True)
class Crossing:
    """Where a road meets another: one crossing of one or several nodes.

    Attributes
    ----------
    place
        Its nodes.
    point
        Their middle.
    name
        The roads that meet there, for people.
    """

    place: Place
    point: shapely.Point
    name: str


@dataclass(frozen=True)
class Streets:
    """A gazetteer, indexed once for many extents.

    Attributes
    ----------
    gazetteer, policy
        What it was made from.
    names
        Meaning of names.
    sections_of
        Positions of the sections of each name.
    nodes_of
        Nodes of each name, with the junctions that tell it.
    point
        Coordinates of the nodes.
    junction_name
        Roads that meet at each junction.
    lines, width_m, node_from, node_to
        Geometry, width and nodes of the sections.
    """

    gazetteer: Gazetteer
    policy: ExtentPolicy
    names: RoadNames
    sections_of: dict[str, Ints]
    nodes_of: dict[str, frozenset[str]]
    point: dict[str, tuple[float, float]]
    junction_name: dict[str, str]
    lines: Geometries
    width_m: Floats
    node_from: npt.NDArray[np.object_]
    node_to: npt.NDArray[np.object_]
    _ways: dict[tuple[Roads, float], Ways] = field(default_factory=dict, repr=False)
    _lines: dict[Roads, shapely.MultiLineString] = field(default_factory=dict, repr=False)
    _closed: dict[Roads, shapely.MultiLineString] = field(default_factory=dict, repr=False)
    _dead_ends: dict[Roads, Geometries] = field(default_factory=dict, repr=False)

    def sections(self, roads: Roads) -> Ints:
        """Return the positions of the sections of one road or corridor."""
        return np.unique(np.concatenate([self.sections_of[name] for name in roads]))

    def nodes(self, roads: Roads) -> frozenset[str]:
        """Return the nodes of one road or corridor."""
        return frozenset().union(*(self.nodes_of[name] for name in roads))

    def ways(self, roads: Roads, *, bridge_m: float | None = None) -> Ways:
        """Return one road or corridor, ready to be walked; gaps up to `ExtentPolicy.bridge_m`."""
        reach = self.policy.bridge_m if bridge_m is None else bridge_m
        key = (tuple(sorted(roads)), reach)
        if key not in self._ways:
            self._ways[key] = ways_along(
                self.gazetteer.network, self.sections(roads), self.point, bridge_m=reach
            )
        return self._ways[key]

    def line(self, roads: Roads) -> shapely.MultiLineString:
        """Return all sections of a road as one geometry."""
        if roads not in self._lines:
            line = shapely.MultiLineString(list(self.lines[self.sections(roads)]))
            shapely.prepare(line)
            self._lines[roads] = line
        return self._lines[roads]

    def closed_lines(self, roads: Roads) -> Geometries:
        """Return the sections of a road drawn on to the middles of their junctions."""
        own = self.sections(roads)
        one, two = self.node_from[own], self.node_to[own]
        xy, line = shapely.get_coordinates(self.lines[own], return_index=True)
        starts = np.array([self.point[node] for node in one])
        ends = np.array([self.point[node] for node in two])
        numbers = np.arange(len(own))
        rank = np.concatenate([numbers, line, numbers])
        order = np.argsort(rank, kind="stable")
        return as_geometries(
            shapely.linestrings(np.concatenate([starts, xy, ends])[order], indices=rank[order])
        )

    def closed(self, roads: Roads) -> shapely.MultiLineString:
        """Return `closed_lines` as one geometry."""
        if roads not in self._closed:
            line = shapely.MultiLineString(list(self.closed_lines(roads)))
            shapely.prepare(line)
            self._closed[roads] = line
        return self._closed[roads]

    def dead_ends(self, roads: Roads) -> Geometries:
        """Return a fan for every point at which the lines of a road end, at its gaps too.

        It opens from there, up to `ExtentPolicy.almost_m`, over where the road may go on.
        """
        if roads not in self._dead_ends:
            ways = self.ways(roads, bridge_m=0.0)
            fans = []
            for node in terminals(ways):
                section, from_m, to_m = spans_from(ways, node)[0]
                line = self.lines[section]
                back = from_m + np.sign(to_m - from_m) * min(30.0, line.length)
                mouth = np.array(line.interpolate(from_m).coords[0])
                ahead = mouth - line.interpolate(back).coords[0]
                ahead *= self.policy.almost_m / max(float(np.hypot(*ahead)), 1e-9)
                fans.append([mouth, *(mouth + turn @ ahead for turn in _FAN), mouth])
            self._dead_ends[roads] = as_geometries(
                shapely.polygons(np.array(fans).reshape(-1, len(_FAN) + 2, 2))
            )
        return self._dead_ends[roads]

    def almost(self, one: Roads, other: Roads, met: list[Crossing]) -> list[shapely.Point]:
        """Return where two roads nearly meet, or cross without meeting, away from where they meet.

        A road of which a piece is missing, or that passes over the other, may be meant there as
        well: that it meets once elsewhere is then no proof.
        """
        # Drawn on through their junctions: what passes above a junction crosses the road there.
        lines = self.closed(one), self.closed(other)
        reach = self.policy.almost_m
        found: list[shapely.Point] = []
        for road, cross in ((one, lines[1]), (other, lines[0])):
            fans = self.dead_ends(road)
            ends = shapely.get_point(
                shapely.get_exterior_ring(fans[shapely.intersects(fans, cross)]), 0
            )
            found += [shapely.get_point(shapely.shortest_line(end, lines[0]), 1) for end in ends]
        if shapely.intersects(*lines):
            parts = np.atleast_1d(shapely.get_parts(shapely.intersection(*lines)))
            found += [part.centroid for part in parts]
        places = [shapely.Point(self.point[node]) for each in met for node in each.place.nodes]
        kept: list[shapely.Point] = []
        for point in found:
            away = min((point.distance(place) for place in places), default=np.inf)
            if away > reach and all(point.distance(each) > reach for each in kept):
                kept.append(point)
        return kept

    def crossings(self, one: Roads, other: Roads) -> list[Crossing]:
        """Return where two roads meet; nodes near each other are one crossing."""
        common = self.nodes(one) & self.nodes(other)
        walked = {node for node in common if node in self.ways(one).graph}
        return self.grouped(walked or common)

    def grouped(self, nodes: frozenset[str] | set[str]) -> list[Crossing]:
        """Return nodes as crossings: those within `ExtentPolicy.one_crossing_m` are one."""
        names = sorted(nodes)
        if not names:
            return []
        xy = np.array([self.point[name] for name in names])
        points = as_geometries(shapely.points(xy))
        left, right = shapely.STRtree(points).query(
            points, predicate="dwithin", distance=self.policy.one_crossing_m
        )
        label = connected(len(names), left, right)
        found = []
        for group in np.unique(label):
            own = np.flatnonzero(label == group)
            told = [self.junction_name[names[at]] for at in own if names[at] in self.junction_name]
            found.append(
                Crossing(
                    Place(tuple(names[at] for at in own)),
                    shapely.Point(xy[own].mean(axis=0)),
                    max(told, key=len, default=""),
                )
            )
        return found


def streets_of(gazetteer: Gazetteer, policy: ExtentPolicy) -> Streets:
    """Index a gazetteer.

    Parameters
    ----------
    gazetteer
        Network, aliases, boundaries, landmarks.
    policy
        Distances and customs.
    """
    network = gazetteer.network
    sections = network.sections
    named = np.flatnonzero(sections["named"].to_numpy(dtype=np.bool_))
    road = sections["road"].to_numpy(dtype=object)
    one = sections["node_from"].to_numpy(dtype=object)
    two = sections["node_to"].to_numpy(dtype=object)
    sections_of: dict[str, list[int]] = {}
    nodes_of: dict[str, set[str]] = {}
    for at in named.tolist():
        sections_of.setdefault(road[at], []).append(at)
        nodes_of.setdefault(road[at], set()).update((one[at], two[at]))
    junctions = network.junctions
    junction_name = dict(zip(junctions["junction_id"], junctions["name"], strict=True))
    # A street whose last metres lie in a junction has no section there; its name still says so.
    for node, name in junction_name.items():
        for part in name.split("/"):
            if part in nodes_of:
                nodes_of[part].add(node)
    return Streets(
        gazetteer,
        policy,
        road_names(sections_of, gazetteer.aliases),
        {name: np.array(own, dtype=np.int64) for name, own in sections_of.items()},
        {name: frozenset(own) for name, own in nodes_of.items()},
        node_points(network),
        junction_name,
        as_geometries(sections.geometry.to_numpy()),
        sections["width_m"].to_numpy(dtype=np.float64),
        one,
        two,
    )

"""Where roads meet: which nodes are one junction, where its mouths lie, what area it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.line_parts import Floats, Geometries, Ints, as_geometries, connected, substrings

Flags = npt.NDArray[np.bool_]

CARRIAGEWAYS_APART_M = 60.0
"""Oneway lines of one road, in opposite directions and no further apart, are its carriageways."""

SHORTEST_SECTION_M = 5.0
"""What is left of an edge between two mouths must be longer, or the junctions are one."""


@dataclass(frozen=True)
class Mouths:
    """Where sections end and junctions begin.

    Attributes
    ----------
    from_m, to_m
        How far the mouths lie from the ends of each edge, along it [m], shape (e,).
    inside
        True for edges that lie wholly in a junction, shape (e,).
    group
        Smallest node of the junction (or lone node) that each node belongs to, shape (v,).
    is_junction
        Whether the group of each node is a junction: two roads and three ways or more, shape (v,).
    """

    from_m: Floats
    to_m: Floats
    inside: Flags
    group: Ints
    is_junction: Flags


def has_partner(edges: pd.DataFrame) -> Flags:
    """Return which edges are one carriageway of two: oneway, the same road in both directions.

    Parameters
    ----------
    edges
        From `geo.noding.join_edges`.
    """
    partner = np.zeros(len(edges), dtype=np.bool_)
    own = np.flatnonzero((edges["oneway"] & edges["named"]).to_numpy())
    lines = edges["geometry"].to_numpy()
    probes = np.array([0.25, 0.5, 0.75])
    probed, share = np.repeat(own, len(probes)), np.tile(probes, len(own))
    places = shapely.line_interpolate_point(lines[probed], share, normalized=True)
    row, other = shapely.STRtree(lines[own]).query(
        places, predicate="dwithin", distance=CARRIAGEWAYS_APART_M
    )
    one, two = probed[row], own[other]
    road = edges["road"].to_numpy()
    level = edges["level"].to_numpy()
    same = (one != two) & (road[one] == road[two]) & (level[one] == level[two])
    row, one, two = row[same], one[same], two[same]
    at = shapely.line_locate_point(lines[two], places[row])
    here = direction_at(lines[one], shapely.length(lines[one]) * share[row])
    opposite = (here * direction_at(lines[two], at)).sum(axis=1) < -0.7
    partner[one[opposite]] = True
    return partner


def direction_at(lines: Geometries, at: Floats) -> Floats:
    """Return the unit direction of each line near measure ``at``, shape (n, 2).

    Examples
    --------
    >>> direction_at(shapely.linestrings([[[0, 0], [9, 0]]]), np.array([4.0])).tolist()
    [[1.0, 0.0]]
    """
    length = shapely.length(lines)
    low = np.clip(at - 1.0, 0.0, np.maximum(length - 2.0, 0.0))
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines, low))
    after = shapely.get_coordinates(
        shapely.line_interpolate_point(lines, np.minimum(low + 2.0, length))
    )
    step = after - before
    size = np.hypot(step[:, 0], step[:, 1])[:, None]
    return np.divide(step, size, out=np.zeros_like(step), where=size > 0)


def crossovers(edges: pd.DataFrame, partner: Flags) -> Flags:
    """Return which edges only join the two carriageways of one road: openings of the median.

    They would break the road into sections where no road meets it.
    """
    ends = _edge_ends(edges).sort_values(["node", "edge", "at_end"])
    degree = ends.groupby("node")["edge"].transform("size")
    three = ends[degree == 3]
    edge = three["edge"].to_numpy().reshape(-1, 3)
    at_end = three["at_end"].to_numpy().reshape(-1, 3)
    carriageway = np.where(partner[edge], three["road"].to_numpy().reshape(-1, 3), -1)
    # beside[e, k]: the road whose carriageway goes on at end k of edge e, and nothing else is there.
    beside = np.full((len(edges), 2), -1, dtype=np.int64)
    for own, one, two in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        same = (carriageway[:, one] == carriageway[:, two]) & (carriageway[:, one] >= 0)
        beside[edge[same, own], at_end[same, own]] = carriageway[same, one]
    short = edges["length_m"].to_numpy() <= CARRIAGEWAYS_APART_M
    return np.asarray((beside[:, 0] >= 0) & (beside[:, 0] == beside[:, 1]) & short & ~partner)


def _edge_ends(edges: pd.DataFrame) -> pd.DataFrame:
    """Return two rows per edge: edge, at_end (0 or 1), node, road (code)."""
    count = len(edges)
    return pd.DataFrame(
        {
            "edge": np.tile(np.arange(count), 2),
            "at_end": np.repeat([0, 1], count),
            "node": np.concatenate([edges["node_from"], edges["node_to"]]),
            "road": np.tile(pd.factorize(edges["road"])[0], 2),
        }
    )


def find_mouths(
    edges: pd.DataFrame,
    partner: Flags,
    node_xy: Floats,
    *,
    corner_radius_m: float,
    junction_areas: Geometries,
) -> Mouths:
    """Say which nodes are one junction and where its mouths lie.

    A mouth lies half the widest crossing road's width and the corner radius from the node, or
    where the edge leaves the given area. Edges on which the mouths leave nothing, and edges
    between the two carriageways of another road, are inside; the nodes that they join are one
    junction.

    Parameters
    ----------
    edges
        From `geo.noding.join_edges`, ``width_m`` without gaps.
    partner
        From `has_partner`.
    node_xy
        Coordinates of the nodes [m], shape (v, 2).
    corner_radius_m
        Radius of the kerb at corners.
    junction_areas
        Polygons of known junctions, may be empty, shape (k,).
    """
    count, nodes = len(edges), len(node_xy)
    ends = _edge_ends(edges)
    half = np.tile(edges["width_m"].to_numpy(dtype=np.float64) / 2.0, 2)
    ends["half"] = half
    crossing = _widest_other(ends)
    degree = np.bincount(ends["node"], minlength=nodes)
    meets = degree[ends["node"]] >= 3
    mouth = np.where(meets & (crossing > 0), crossing + corner_radius_m, 0.0)

    length = edges["length_m"].to_numpy(dtype=np.float64)
    tree = shapely.STRtree(junction_areas)
    node, area = tree.query(shapely.points(node_xy), predicate="intersects")
    node_area = np.full(nodes, -1, dtype=np.int64)
    node_area[node[::-1]] = area[::-1]
    mouth = _mouths_of_areas(edges, node_area, junction_areas, mouth)

    from_m, to_m = mouth[:count], mouth[count:]
    swallowed = (from_m + to_m > 0) & (length <= from_m + to_m + SHORTEST_SECTION_M)
    inside = swallowed | _between_carriageways(edges, ends, partner)
    known = np.flatnonzero(node_area >= 0)
    _, first = np.unique(node_area[known], return_index=True)
    first_of = np.full(len(junction_areas), -1, dtype=np.int64)
    first_of[node_area[known[first]]] = known[first]
    group = connected(
        nodes,
        np.concatenate([edges["node_from"].to_numpy()[inside], known]),
        np.concatenate([edges["node_to"].to_numpy()[inside], first_of[node_area[known]]]),
    )
    here = (meets & (crossing > 0)) | (node_area[ends["node"]] >= 0)
    junction = np.zeros(nodes, dtype=np.bool_)
    junction[group[ends["node"].to_numpy()[here]]] = True
    return Mouths(from_m, to_m, inside, group, junction[group])


def _widest_other(ends: pd.DataFrame) -> Floats:
    """Return for each edge end the half width of the widest other road at its node, else 0."""
    per_road = ends.groupby(["node", "road"])["half"].max().reset_index()
    per_road = per_road.sort_values(["node", "half"], ascending=[True, False], kind="stable")
    place = per_road.groupby("node").cumcount()
    best = per_road[place == 0].set_index("node")
    second = per_road[place == 1].set_index("node")["half"]
    own_is_best = ends["node"].map(best["road"]) == ends["road"]
    other = np.where(
        own_is_best, ends["node"].map(second).fillna(0.0), ends["node"].map(best["half"])
    )
    return np.asarray(other, dtype=np.float64)


def _mouths_of_areas(
    edges: pd.DataFrame, node_area: Ints, junction_areas: Geometries, mouth: Floats
) -> Floats:
    """Move the mouths of edges that start in a given area to where they leave it."""
    count = len(edges)
    lines = np.tile(edges["geometry"].to_numpy(), 2)
    node = np.concatenate([edges["node_from"], edges["node_to"]])
    own = np.flatnonzero(node_area[node] >= 0)
    if not len(own):
        return mouth
    within = shapely.intersection(lines[own], junction_areas[node_area[node[own]]])
    parts, piece = shapely.get_parts(shapely.line_merge(within), return_index=True)
    line = lines[own[piece]]
    one = shapely.line_locate_point(line, shapely.get_point(parts, 0))
    two = shapely.line_locate_point(line, shapely.get_point(parts, -1))
    backward = own[piece] >= count
    length = shapely.length(line)
    near = np.where(backward, length - np.maximum(one, two), np.minimum(one, two))
    far = np.where(backward, length - np.minimum(one, two), np.maximum(one, two))
    first = near < 0.01  # the piece that the end itself lies on
    mouth = mouth.copy()
    mouth[own[piece[first]]] = far[first]
    return mouth


def _between_carriageways(edges: pd.DataFrame, ends: pd.DataFrame, partner: Flags) -> Flags:
    """Return which edges lie between the two carriageways of another road."""
    carriageways = ends.loc[partner[ends["edge"]], ["node", "road"]].drop_duplicates()
    near = ends.merge(carriageways, on="node", suffixes=("", "_other"))
    near = near[near["road"] != near["road_other"]]
    sides = near.groupby(["edge", "road_other"])["at_end"].nunique()
    between = np.zeros(len(edges), dtype=np.bool_)
    between[sides[sides == 2].index.get_level_values("edge").to_numpy(dtype=np.int64)] = True
    return between & (edges["length_m"].to_numpy() <= CARRIAGEWAYS_APART_M)


def junction_polygons(
    edges: pd.DataFrame,
    mouths: Mouths,
    *,
    corner_radius_m: float,
    junction_areas: Geometries,
    node_xy: Floats,
) -> tuple[Ints, Geometries]:
    """Return the junctions' nodes and the area of each between its mouths.

    The area is the ground of the pieces inside, with the corners rounded by the kerb's radius.

    Returns
    -------
    group : int array
        Smallest node of each junction, ascending.
    areas : array of Polygon
        In the same order.
    """
    lines = edges["geometry"].to_numpy()
    half = edges["width_m"].to_numpy(dtype=np.float64) / 2.0
    length = edges["length_m"].to_numpy(dtype=np.float64)
    node_from, node_to = edges["node_from"].to_numpy(), edges["node_to"].to_numpy()
    outside = ~mouths.inside
    pieces = np.concatenate(
        [
            lines[mouths.inside],
            substrings(lines[outside], np.zeros(outside.sum()), mouths.from_m[outside]),
            substrings(lines[outside], (length - mouths.to_m)[outside], length[outside]),
        ]
    )
    half = np.concatenate([half[mouths.inside], half[outside], half[outside]])
    node = np.concatenate([node_from[mouths.inside], node_from[outside], node_to[outside]])
    group = mouths.group[node]
    keep = ~shapely.is_missing(pieces) & mouths.is_junction[node]
    order = np.flatnonzero(keep)[np.argsort(group[keep], kind="stable")]
    own, rank = np.unique(group[order], return_inverse=True)
    if not len(own):
        return own, np.zeros(0, dtype=object)
    ground = shapely.buffer(pieces[order], half[order], cap_style="flat")
    together = as_geometries(shapely.geometrycollections(ground, indices=rank))
    area = as_geometries(shapely.union_all(together[:, None], axis=1))
    area = as_geometries(shapely.buffer(shapely.buffer(area, corner_radius_m), -corner_radius_m))
    scattered = shapely.get_type_id(area) != 3
    area[scattered] = shapely.convex_hull(area[scattered])
    area = as_geometries(shapely.polygons(shapely.get_exterior_ring(area)))

    if len(junction_areas):
        inside, given = shapely.STRtree(junction_areas).query(
            shapely.points(node_xy), predicate="intersects"
        )
        known = mouths.group[inside]
        for junction in np.unique(known):  # given areas are few
            at = np.flatnonzero(own == junction)
            area[at] = shapely.union_all(junction_areas[np.unique(given[known == junction])])
    return own, area

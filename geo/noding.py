"""Lines as drawn become edges between nodes: split where they meet, joined where they only go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.line_parts import Floats, Geometries, Ints, as_geometries, connected

Flags = npt.NDArray[np.bool_]

MILLIMETRE = 3
"""Decimals to which coordinates are rounded before they are compared."""


@dataclass(frozen=True)
class Segments:
    """Straight pieces between neighbouring vertices; each place on the ground once.

    Attributes
    ----------
    xy
        Coordinates of the vertices [m], shape (v, 2), in lexicographic order.
    start, end
        Vertices of each segment, in the direction of its line, shape (s,).
    line
        Line that each segment belongs to, shape (s,).
    """

    xy: Floats
    start: Ints
    end: Ints
    line: Ints


def node_lines(lines: Geometries, level: Ints, *, tolerance_m: float) -> Segments:
    """Cut lines where they meet.

    Lines meet at vertices that they share, at ends that come within ``tolerance_m`` of another
    line of the same level, and where two lines of the same level cross. Where lines of different
    levels share a vertex they meet only if one of them ends there (the foot of a ramp).

    Parameters
    ----------
    lines
        LineStrings in metres, shape (n,). What is drawn twice (there and back, or by two lines)
        counts for the first line.
    level
        Layer of each line, 0 for the ground.
    tolerance_m
        How near an end must come to touch.

    Returns
    -------
    Segments
        Vertices, not yet joined to edges.
    """
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    owner = owner.astype(np.int64)
    xy = np.round(xy, MILLIMETRE)
    xy = _snap_ends(xy, owner, level, tolerance_m)
    xy, owner = _insert(xy, owner, *_meetings(xy, owner, level, tolerance_m))

    place, vertex = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    ends_here = np.zeros(len(place), dtype=np.bool_)
    ends_here[vertex[_line_ends(owner)]] = True
    # A vertex in the middle of lines of several levels is one vertex per level.
    own_level = np.where(ends_here[vertex], np.iinfo(np.int64).min, level[owner])
    keys, vertex = np.unique(
        np.stack([vertex.astype(np.int64), own_level], axis=1), axis=0, return_inverse=True
    )
    corner = place[keys[:, 0]]
    vertex = vertex.astype(np.int64)

    start, end, line = vertex[:-1], vertex[1:], owner[:-1]
    real = (owner[:-1] == owner[1:]) & (start != end)
    start, end, line = start[real], end[real], line[real]
    _, once = np.unique(
        np.stack([np.minimum(start, end), np.maximum(start, end)], axis=1),
        axis=0,
        return_index=True,
    )
    once.sort()
    return Segments(
        np.stack([corner.real, corner.imag], axis=1), start[once], end[once], line[once]
    )


def _line_ends(owner: Ints) -> Ints:
    """Return the positions of the first and last coordinate of each line."""
    change = np.flatnonzero(np.diff(owner))
    if not len(owner):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], change + 1, change, [len(owner) - 1]])


def _snap_ends(xy: Floats, owner: Ints, level: Ints, tolerance_m: float) -> Floats:
    """Move ends onto a vertex of another line of the same level that lies within tolerance."""
    ends = _line_ends(owner)
    points = as_geometries(shapely.points(xy))
    end, other = shapely.STRtree(points).query(
        points[ends], predicate="dwithin", distance=tolerance_m
    )
    end = ends[end]
    meets = (owner[end] != owner[other]) & (level[owner[end]] == level[owner[other]])
    place, vertex = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    label = connected(len(place), vertex[end[meets]], vertex[other[meets]])
    snapped = place[label[vertex]]
    return np.stack([snapped.real, snapped.imag], axis=1)


def _meetings(
    xy: Floats, owner: Ints, level: Ints, tolerance_m: float
) -> tuple[Ints, Floats, Floats]:
    """Return where lines meet away from their vertices: line, measure along it, coordinates."""
    count = len(level)
    lines = np.full(count, None, dtype=object)
    long = np.flatnonzero(np.bincount(owner, minlength=count) > 1)
    rows = np.isin(owner, long)
    lines[long] = shapely.linestrings(xy[rows], indices=np.searchsorted(long, owner[rows]))
    tree = shapely.STRtree(lines)

    ends = _line_ends(owner)
    end_points = as_geometries(shapely.points(xy[ends]))
    end, touched = tree.query(end_points, predicate="dwithin", distance=tolerance_m)
    key = xy[:, 0] + 1j * xy[:, 1]
    has = pd.MultiIndex.from_arrays([owner, key])
    known = pd.MultiIndex.from_arrays([touched, key[ends[end]]]).isin(has)
    meets = (owner[ends[end]] != touched) & (level[owner[ends[end]]] == level[touched]) & ~known
    end, touched = end[meets], touched[meets]

    left, right = tree.query(lines, predicate="crosses")
    cross = (left < right) & (level[left] == level[right])
    left, right = left[cross], right[cross]
    parts, pair = shapely.get_parts(
        shapely.intersection(lines[left], lines[right]), return_index=True
    )
    points = shapely.get_type_id(parts) == 0
    parts, pair = parts[points], pair[points]

    line = np.concatenate([touched, left[pair], right[pair]]).astype(np.int64)
    place = np.concatenate([end_points[end], parts, parts])
    at = shapely.line_locate_point(lines[line], place)
    return line, at, np.round(shapely.get_coordinates(place), MILLIMETRE)


def _insert(xy: Floats, owner: Ints, line: Ints, at: Floats, new_xy: Floats) -> tuple[Floats, Ints]:
    """Return the coordinates of all lines with new vertices in their place along the lines."""
    step = np.zeros(len(xy))
    step[1:] = np.hypot(*(xy[1:] - xy[:-1]).T)
    total = np.cumsum(step)
    first = np.searchsorted(owner, owner, side="left")
    along = total - total[first]
    # A coordinate of the line stands before a new one at the same measure, but its last one after.
    last = np.append(owner[1:] != owner[:-1], True)
    rank = np.concatenate([np.where(last, 2, 0), np.ones(len(line), dtype=np.int64)])
    all_owner = np.concatenate([owner, line])
    order = np.lexsort((rank, np.concatenate([along, at]), all_owner))
    return np.concatenate([xy, new_xy])[order], all_owner[order]


def join_edges(segments: Segments, attributes: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """Join segments to edges that run on until a junction, a dead end or another road.

    Parameters
    ----------
    segments
        From `node_lines`.
    attributes
        One row per line, ordered by source: ``source_id`` (str), ``road`` (str or missing),
        ``road_class`` (str), ``width_m`` (NaN when unknown), ``oneway`` (bool), ``level`` (int).

    Returns
    -------
    edges : pandas.DataFrame
        ``geometry`` (LineString in the direction of its first source), ``node_from``, ``node_to``
        (vertices), ``length_m``, ``road``, ``named``, ``road_class`` (of most of its length),
        ``width_m`` (mean over its length, NaN when nowhere known), ``oneway``, ``level``,
        ``sources`` (ids joined by ``+``).
    edge
        Edge of each segment, shape (s,).
    """
    line, start, end = segments.line, segments.start, segments.end
    named = attributes["road"].notna().to_numpy()
    class_code, classes = pd.factorize(attributes["road_class"], sort=True)
    name_code = pd.factorize(attributes["road"])[0]
    kind = np.where(named, name_code, -1 - class_code)[line]
    oneway = attributes["oneway"].to_numpy(dtype=np.bool_)[line]

    left, right = _pairs_at_plain_nodes(segments)
    head_to_tail = (end[left] == start[right]) | (start[left] == end[right])
    goes_on = (
        (kind[left] == kind[right])
        & (oneway[left] == oneway[right])
        & (head_to_tail | ~oneway[left])
    )
    label = connected(len(line), left[goes_on], right[goes_on])
    members, edge = np.unique(label, return_inverse=True)
    edge = edge.astype(np.int64)
    straight = as_geometries(
        shapely.linestrings(np.stack([segments.xy[start], segments.xy[end]], axis=1))
    )
    by_edge = np.argsort(edge, kind="stable")
    geometry = _merged(straight[by_edge], edge[by_edge])
    tangled = np.flatnonzero(shapely.get_type_id(geometry) != 1)
    if len(tangled):
        # A road over itself: its pieces stay apart.
        apart = np.isin(edge, tangled)
        label = np.where(apart, np.arange(len(line)), label)
        members, edge = np.unique(label, return_inverse=True)
        by_edge = np.argsort(edge, kind="stable")
        geometry = _merged(straight[by_edge], edge[by_edge])

    geometry, node_from, node_to = _orient(segments, geometry, edge)
    size = np.hypot(*(segments.xy[end] - segments.xy[start]).T)
    rows = pd.DataFrame({"edge": edge, "line": line, "size": size})
    rows["known"] = attributes["width_m"].to_numpy(dtype=np.float64)[line]
    rows["code"] = class_code[line]
    rows["level"] = attributes["level"].to_numpy(dtype=np.int64)[line]
    first_line = rows.groupby("edge")["line"].min().to_numpy()
    wide = rows[rows["known"].notna()]
    weight = wide.groupby("edge")["size"].sum()
    width = (wide["known"] * wide["size"]).groupby(wide["edge"]).sum() / weight

    # Lines without a name that run on into one another are one road, named after the first.
    own = rows[~named[line]].groupby("edge")["line"].min()
    first_of = pd.Series(rows["edge"].map(own).to_numpy(), index=line).dropna()
    road_of = connected(
        len(attributes), first_of.index.to_numpy(), first_of.to_numpy(dtype=np.int64)
    )
    made_up = "#" + attributes["source_id"].iloc[road_of].astype(str)
    road = attributes["road"].where(named, made_up.to_numpy())
    sources = (
        pd.DataFrame({"edge": edge, "id": attributes["source_id"].to_numpy()[line]})
        .drop_duplicates()
        .sort_values(["edge", "id"])
        .groupby("edge")["id"]
        .agg("+".join)
    )
    edges = pd.DataFrame(
        {
            "geometry": geometry,
            "node_from": node_from,
            "node_to": node_to,
            "length_m": shapely.length(geometry),
            "road": road.to_numpy()[first_line],
            "named": named[first_line],
            "road_class": np.asarray(classes)[_of_most(rows, "code", len(members))],
            "width_m": width.reindex(range(len(members))).to_numpy(),
            "oneway": attributes["oneway"].to_numpy(dtype=np.bool_)[first_line],
            "level": _of_most(rows, "level", len(members)),
            "sources": sources.to_numpy(),
        }
    )
    return edges, edge


def _merged(lines: Geometries, edge: Ints) -> Geometries:
    """Return the line of each edge from its pieces, ordered by edge."""
    return as_geometries(shapely.line_merge(shapely.multilinestrings(lines, indices=edge)))


def _of_most(rows: pd.DataFrame, column: str, count: int) -> Ints:
    """Return for each edge the value that most of its length has (the smaller one of two)."""
    total = rows.groupby(["edge", column])["size"].sum().reset_index()
    best = total.sort_values(["edge", "size", column], ascending=[True, False, True])
    values = best.drop_duplicates("edge")[column].to_numpy()
    if len(values) != count:
        raise AssertionError("every edge has a segment")
    return np.asarray(values, dtype=np.int64)


def _pairs_at_plain_nodes(segments: Segments) -> tuple[Ints, Ints]:
    """Return the two segments at each vertex where exactly two meet."""
    count = len(segments.start)
    vertex = np.concatenate([segments.start, segments.end])
    segment = np.tile(np.arange(count), 2)
    order = np.argsort(vertex, kind="stable")
    degree = np.bincount(vertex, minlength=len(segments.xy))
    first = (np.cumsum(degree) - degree)[degree == 2]
    return segment[order][first], segment[order][first + 1]


def _orient(segments: Segments, geometry: Geometries, edge: Ints) -> tuple[Geometries, Ints, Ints]:
    """Turn each edge into the direction of most of its first line; return its end vertices."""
    start, end, line = segments.start, segments.end, segments.line
    count = len(geometry)
    first_line = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first_line, edge, line)
    of_first = np.flatnonzero(line == first_line[edge])
    points = as_geometries(shapely.points(segments.xy))
    ahead = shapely.line_locate_point(
        geometry[edge[of_first]], points[end[of_first]]
    ) > shapely.line_locate_point(geometry[edge[of_first]], points[start[of_first]])
    vote = np.bincount(edge[of_first], weights=np.where(ahead, 1.0, -1.0), minlength=count)
    geometry = np.where(vote < 0, shapely.reverse(geometry), geometry)

    # The ends are the vertices that only one segment of the edge has.
    pairs, times = np.unique(
        np.concatenate([np.stack([edge, start], axis=1), np.stack([edge, end], axis=1)]),
        axis=0,
        return_counts=True,
    )
    ends = pairs[times == 1]
    open_edge = np.bincount(ends[:, 0], minlength=count) == 2
    one = np.full(count, -1, dtype=np.int64)
    two = np.full(count, -1, dtype=np.int64)
    one[open_edge] = ends[::2, 1]
    two[open_edge] = ends[1::2, 1]
    first_xy = shapely.get_coordinates(shapely.get_point(geometry, 0))
    swapped = open_edge & (np.abs(segments.xy[one] - first_xy).sum(axis=1) > 1e-6)
    node_from, node_to = np.where(swapped, two, one), np.where(swapped, one, two)

    degree = np.bincount(np.concatenate([start, end]), minlength=len(segments.xy))
    for ring in np.flatnonzero(~open_edge):  # few: loops and roundabouts without a break
        own = np.unique(np.concatenate([start[edge == ring], end[edge == ring]]))
        busy = own[degree[own] > 2]
        anchor = busy[0] if len(busy) else own[0]
        xy = shapely.get_coordinates(geometry[ring])[:-1]
        at = int(np.abs(xy - segments.xy[anchor]).sum(axis=1).argmin())
        xy = np.roll(xy, -at, axis=0)
        geometry[ring] = shapely.linestrings(np.concatenate([xy, xy[:1]]))
        node_from[ring] = node_to[ring] = anchor
    return geometry, node_from, node_to

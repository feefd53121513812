"""Footprints on roads: which sections a site is on, from where to where, and on which side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from geo.intervals import elementary_pieces
from geo.line_parts import Floats, Geometries, Ints, as_geometries, connected
from geo.network_parts import sections_around
from geo.road_network import RoadNetwork
from geo.road_strips import SIDES, Flags, Meetings, meet_strips, road_strips
from geo.spans import (
    Stretches,
    along_road_distance,
    shared_spans,
    span_geometry,
    stretches,
)

__all__ = [
    "AssignmentRule",
    "Assignments",
    "Stretches",
    "along_road_distance",
    "assign",
    "shared_spans",
    "span_geometry",
    "stretches",
]

OPEN_GROUND = -1
"""Stands for the junction of a place that is in no junction: a square or other open ground."""


@dataclass(frozen=True)
class AssignmentRule:
    """When a footprint is on a section.

    Attributes
    ----------
    cover_share
        It covers at least this share of the section.
    own_share
        … or at least this share of its own length (each of its connected parts by itself) lies on
        the section.
    continue_m
        … or it covers this many metres of it while it comes without a break from an assigned
        section of the same road (or of the road that the site names).
    along_m
        … or it covers this many metres and lies more on the road than beside it: the ends of long
        corridors round a corner.
    beside_m
        How far beyond the road's edge a footprint still counts as on it: footway and kerb strips.
    mostly_share
        A part is on the road only when the centre line is inside it on this share of the metres
        that it takes, or when this share of what lies near the section is on its strips.
    outside_m
        What "near" means: this far beyond ``beside_m``.
    side_share
        Both sides count when each holds at least this share of what lies on both …
    full_share
        … or when the footprint is at least this share of the road wide …
    middle_m
        … or when it is narrower than twice this and half of it lies within this of the centre line:
        neither plans nor centre lines are drawn so exactly that its side would be certain. 0 takes
        every side at its word.
    seam_m
        Parts of one footprint within this distance of each other are one part.
    break_m
        Gaps at a mouth up to this length are no break.
    place_m2
        Least area in a junction that is told.
    """

    cover_share: float = 0.70
    own_share: float = 0.30
    continue_m: float = 15.0
    along_m: float = 30.0
    beside_m: float = 7.0
    mostly_share: float = 0.5
    outside_m: float = 15.0
    side_share: float = 0.25
    full_share: float = 0.8
    middle_m: float = 2.0
    seam_m: float = 1.0
    break_m: float = 5.0
    place_m2: float = 1.0


@dataclass(frozen=True)
class Assignments:
    """Where sites lie.

    Attributes
    ----------
    spans
        ``site`` and ``section`` (positions), ``from_m``, ``to_m`` along the section, ``side``
        (``left``, ``right``, ``both``, relative to the section's direction), ``area_m2`` (of the
        footprint on these metres). Sorted; spans of one site and section do not overlap.
    places
        ``site``, ``junction`` (position, or -1 for open ground), ``area_m2``: the junctions that a
        site lies on, whether or not it is on a section as well; and for a site that is on no
        section what lies on no junction either.
    """

    spans: pd.DataFrame
    places: pd.DataFrame


def assign(
    footprints: Geometries,
    network: RoadNetwork,
    rule: AssignmentRule | None = None,
    *,
    road_hint: Geometries | None = None,
) -> Assignments:
    """Assign footprints to sections, and what is on no section to junctions and squares.

    Planners draw whole streets across their junctions, so that plain overlap says little; the rule
    is that of the domain ("same road"). Sections above or below a road on the ground are only
    assigned to sites that name them, and those sites not to the roads on the ground.

    Parameters
    ----------
    footprints
        Polygons or MultiPolygons in the network's CRS, shape (n,); missing ones are nowhere.
    network
        Sections and junctions.
    rule
        When a footprint is on a section; None is the default rule.
    road_hint
        Name of the road that each site says it is on, shape (n,), may be missing.

    Returns
    -------
    Assignments
        Spans on sections, and places.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from geo.road_network import build_network
    >>> lines = gpd.GeoDataFrame(
    ...     {"source_id": [1], "road": ["A"], "road_class": "local", "width_m": 10.0,
    ...      "oneway": False, "level": 0},
    ...     geometry=shapely.from_wkt(["LINESTRING (0 0, 200 0)"]), crs=4549)
    >>> network = build_network(lines, width_m={}, corner_radius_m=8.0)
    >>> assign(np.array([shapely.box(20, 2, 60, 4)]), network).spans.round(6)
       site  section  from_m  to_m  side  area_m2
    0     0        0    20.0  60.0  left     80.0
    """
    rule = rule or AssignmentRule()
    footprints = np.asarray(footprints, dtype=object)
    parts, site = _connected_parts(footprints, rule.seam_m)
    around = np.arange(len(network.sections))
    # A few footprints look at the roads around them, not at the whole city; many lie everywhere.
    if len(parts) < len(around):
        _, around = sections_around(
            parts, network.sections, beside_m=rule.beside_m, outside_m=rule.outside_m
        )
    sections = network.sections.iloc[around]
    if not len(sections) or not len(parts):
        spans = _as_spans(*(np.zeros(0),) * 6)
        return Assignments(spans, _places(footprints, network, spans, rule))

    own_length, own_width = own_size(parts)
    strips = road_strips(sections, beside_m=rule.beside_m, outside_m=rule.outside_m)
    meetings = meet_strips(
        parts,
        own_width,
        strips,
        side_share=rule.side_share,
        full_share=rule.full_share,
        middle_m=rule.middle_m,
        extra_m=rule.continue_m,
    )
    part, section = meetings.part, meetings.section
    road = pd.factorize(sections["road"])[0]
    hinted = np.zeros(len(part), dtype=np.bool_)
    if road_hint is not None:
        names = sections["road"].to_numpy(dtype=object)
        hinted = np.asarray(names[section] == np.asarray(road_hint, dtype=object)[site[part]])
    taken = _taken(meetings.intervals, np.arange(len(part)), meetings)
    admitted = (meetings.cut_m > 0) & (meetings.cut_m >= rule.mostly_share * taken)
    admitted |= meetings.share_on >= rule.mostly_share
    admitted &= ~meetings.covered | hinted
    # A work that names the deck it lies on is not on the streets that the deck crosses over.
    raised = strips.level[section] != 0
    on_deck = hinted & raised & (meetings.share_on >= rule.mostly_share)
    aloft = np.bincount(site[part[on_deck]], minlength=len(footprints)) > 0
    admitted &= ~aloft[site[part]] | hinted | raised

    pair = pd.factorize(site[part] * len(sections) + section)[0]
    covered = _taken(meetings.intervals[admitted[meetings.intervals["meeting"]]], pair, meetings)
    own = np.maximum(
        meetings.on_m2 / shapely.area(parts)[part],
        meetings.cut_m / np.maximum(own_length[part], 0.01),
    )
    assigned = covered[pair] >= rule.cover_share * strips.length_m[section]
    assigned |= own >= rule.own_share
    assigned |= (taken >= rule.along_m) & (meetings.share_on >= rule.mostly_share)
    assigned |= hinted & (taken >= rule.continue_m)
    assigned &= admitted
    at_ends = _reached_ends(meetings, strips.length_m, sections, rule.break_m)
    long = admitted & (taken >= rule.continue_m)
    assigned = _continued(assigned, long, at_ends, part, road[section])

    good = np.zeros(pair.max(initial=-1) + 1, dtype=np.bool_)
    good[pair[assigned]] = True
    rows = meetings.intervals[(good[pair] & admitted)[meetings.intervals["meeting"].to_numpy()]]
    meeting = rows["meeting"].to_numpy()
    spans = _without_overlap(rows, site[part[meeting]], section[meeting], strips.length_m)
    spans["section"] = around[spans["section"].to_numpy()]
    return Assignments(spans, _places(footprints, network, spans, rule))


def own_size(polygons: Geometries) -> tuple[Floats, Floats]:
    """Return length and mean width of polygons as strips of the same area and perimeter [m].

    Holds for bent strips too; a square is as long as it is wide, and the lengths of the parts of a
    MultiPolygon add up.

    Examples
    --------
    >>> [size.tolist() for size in own_size(np.array([shapely.box(0, 0, 40, 3)]))]
    [[40.0], [3.0]]
    """
    parts, row = shapely.get_parts(polygons, return_index=True)
    half = shapely.length(shapely.get_exterior_ring(parts)) / 2.0
    root = np.sqrt(np.maximum(half**2 - 4.0 * shapely.area(parts), 0.0))
    length = np.bincount(row, weights=(half + root) / 2.0, minlength=len(polygons)).astype(float)
    area = shapely.area(polygons)
    return length, np.divide(area, length, out=np.zeros(len(area)), where=length > 0)


def _connected_parts(footprints: Geometries, seam_m: float) -> tuple[Geometries, Ints]:
    """Return the connected parts of each footprint, and whose they are.

    Splinters of one drawing that lie within ``seam_m`` of each other are one part.
    """
    parts, site = shapely.get_parts(footprints, return_index=True)
    solid = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)
    parts, site = as_geometries(parts[solid]), site[solid].astype(np.int64)
    several = np.flatnonzero(np.bincount(site, minlength=len(footprints))[site] > 1)
    one, two = shapely.STRtree(parts[several]).query(
        parts[several], predicate="dwithin", distance=seam_m
    )
    own = site[several[one]] == site[several[two]]
    label = connected(len(parts), several[one[own]], several[two[own]])
    order = np.argsort(label, kind="stable")
    first, rank = np.unique(label[order], return_inverse=True)
    if not len(first):
        return parts, site
    return as_geometries(shapely.multipolygons(parts[order], indices=rank)), site[first]


def _taken(intervals: pd.DataFrame, group: Ints, meetings: Meetings) -> Floats:
    """Return the metres that the intervals of each group of meetings take together."""
    of = group[intervals["meeting"].to_numpy(dtype=np.int64)]
    pieces = elementary_pieces(of, intervals["from_m"], intervals["to_m"])
    size = max(len(meetings.part), 1)
    length = pieces.finish - pieces.start
    return np.bincount(pieces.group, weights=length, minlength=size).astype(np.float64)


def _reached_ends(
    meetings: Meetings, length_m: Floats, sections: pd.DataFrame, break_m: float
) -> pd.DataFrame:
    """Return the nodes at whose mouths each meeting arrives: meeting, node."""
    reach = meetings.intervals.groupby("meeting").agg(low=("from_m", "min"), high=("to_m", "max"))
    meeting = reach.index.to_numpy(dtype=np.int64)
    section = meetings.section[meeting]
    node_from = sections["node_from"].to_numpy(dtype=object)[section]
    node_to = sections["node_to"].to_numpy(dtype=object)[section]
    at_from = (reach["low"] <= break_m).to_numpy()
    at_to = (reach["high"] >= length_m[section] - break_m).to_numpy()
    return pd.DataFrame(
        {
            "meeting": np.concatenate([meeting[at_from], meeting[at_to]]),
            "node": np.concatenate([node_from[at_from], node_to[at_to]]),
        }
    )


def _continued(
    assigned: Flags, long: Flags, at_ends: pd.DataFrame, part: Ints, road: Ints
) -> Flags:
    """Add meetings into which an assigned one of the same part and road goes on."""
    meeting = at_ends["meeting"].to_numpy()
    keys = pd.DataFrame(
        {"part": part[meeting], "road": road[meeting], "node": at_ends["node"].to_numpy()}
    )
    corner = keys.groupby(["part", "road", "node"]).ngroup().to_numpy()
    while True:
        from_here = np.zeros(corner.max(initial=-1) + 1, dtype=np.bool_)
        from_here[corner[assigned[meeting]]] = True
        more = assigned.copy()
        more[meeting[from_here[corner] & long[meeting]]] = True
        if np.array_equal(more, assigned):
            return assigned
        assigned = more


def _without_overlap(
    rows: pd.DataFrame, site: Ints, section: Ints, length_m: Floats
) -> pd.DataFrame:
    """Return spans without overlap from intervals of several parts and sides."""
    count = len(length_m)
    group = site * count + section
    start, finish = rows["from_m"].to_numpy(), rows["to_m"].to_numpy()
    limit = length_m[section]
    start = np.where(start < 0.01, 0.0, start)
    finish = np.where(finish > limit - 0.01, limit, finish)
    pieces = elementary_pieces(group, start, finish, tolerance=0.01)
    sides = np.zeros(len(pieces.group), dtype=np.int64)
    np.bitwise_or.at(sides, pieces.piece, rows["sides"].to_numpy(dtype=np.int64)[pieces.span])
    density = rows["area_m2"].to_numpy() / np.maximum(finish - start, 0.01)
    area = np.bincount(
        pieces.piece,
        weights=density[pieces.span] * (pieces.finish - pieces.start)[pieces.piece],
        minlength=len(pieces.group),
    ).astype(np.float64)
    # Neighbouring pieces on the same side are one span.
    fresh = np.ones(len(sides), dtype=np.bool_)
    fresh[1:] = (
        (pieces.group[1:] != pieces.group[:-1])
        | (sides[1:] != sides[:-1])
        | (pieces.start[1:] > pieces.finish[:-1] + 0.01)
    )
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(sides)) - 1 if len(first) else first
    total: Floats = np.add.reduceat(area, first) if len(first) else area
    return _as_spans(
        pieces.group[first] // count,
        pieces.group[first] % count,
        pieces.start[first],
        pieces.finish[last],
        sides[first],
        total,
    )


def _as_spans(  # noqa: PLR0917 - the columns
    site: Ints | Floats,
    section: Ints | Floats,
    from_m: Floats,
    to_m: Floats,
    sides: Ints | Floats,
    area_m2: Floats,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site": site.astype(np.int64),
            "section": section.astype(np.int64),
            "from_m": from_m,
            "to_m": to_m,
            "side": pd.array(SIDES[sides.astype(np.int64)], dtype="str"),
            "area_m2": area_m2,
        }
    )


def _places(
    footprints: Geometries, network: RoadNetwork, spans: pd.DataFrame, rule: AssignmentRule
) -> pd.DataFrame:
    """Return the junctions and open ground that sites lie on."""
    areas = as_geometries(network.junctions.geometry.to_numpy())
    site, junction = shapely.STRtree(areas).query(footprints, predicate="intersects")
    area = shapely.area(shapely.intersection(footprints[site], areas[junction]))
    kept = area >= rule.place_m2
    site, junction, area = site[kept], junction[kept], area[kept]
    rest = shapely.area(footprints) - np.bincount(site, weights=area, minlength=len(footprints))
    nowhere = np.ones(len(footprints), dtype=np.bool_)
    nowhere[spans["site"]] = False
    in_junction = np.zeros(len(footprints), dtype=np.bool_)
    in_junction[site] = True
    open_ground = np.flatnonzero(nowhere & (rest > 0) & (~in_junction | (rest >= rule.place_m2)))
    places = pd.DataFrame(
        {
            "site": np.concatenate([site, open_ground]).astype(np.int64),
            "junction": np.concatenate([junction, np.full(len(open_ground), OPEN_GROUND)]).astype(
                np.int64
            ),
            "area_m2": np.concatenate([area, rest[open_ground]]),
        }
    )
    return places.sort_values(["site", "junction"], ignore_index=True)

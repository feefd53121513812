"""The ends of a stretch: where on its road each may lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from coordination.extents.headings import ARROW, heading, share_towards
from coordination.extents.landmarks import border_points, landmark_points
from coordination.extents.names import fold_name
from coordination.extents.outcomes import Assumed, end_text, why
from coordination.extents.parsed import End
from coordination.extents.streets import Crossing, Roads, Streets
from coordination.faults import Fault
from geo.line_parts import as_geometries
from geo.network_paths import Place, place_point, places_at, spans_from, terminals

ROAD_ENDS = frozenset(
    {"路底", "道路尽头", "尽头", "路尽头", "终点", "起点", "断头路", "路末端", "末端"}
)
"""Words for the end of a road, wherever that is."""

_EXTEND_M = 300.0


@dataclass(frozen=True)
class Spot:
    """Where an end may lie.

    Attributes
    ----------
    key, label
        In the key of a candidate, and for people.
    place, point
        On the network, and in the plane.
    why
        Wording below ``extents.candidate``.
    distance_m
        How far from where it was looked for; None where that has no meaning.
    assumed
        Keys of `coordination.extents.outcomes.CONFIDENCE`.
    one_name
        Whether its name is exactly as written.
    """

    key: str
    label: str
    place: Place
    point: shapely.Point
    why: str = "crossing"
    distance_m: float | None = None
    assumed: Assumed = ()
    one_name: bool = True


@dataclass(frozen=True)
class EndFound:
    """What an end may be: one certain spot, or options with the reason why it is asked."""

    spot: Spot | None
    options: tuple[Spot, ...] = ()
    reason: Fault | None = None


def find_end(streets: Streets, roads: Roads, own: Roads, end: End, day: int | None) -> EndFound:
    """Return where an end lies.

    Parameters
    ----------
    streets
        The index.
    roads
        All roads of the stretch.
    own
        The road of a corridor that this end belongs to.
    end
        What was written.
    day
        For former names.
    """
    bare = replace(end, offset_m=0.0, towards=None)
    if end.kind == "boundary":
        found = _at_border(streets, roads, bare)
    elif fold_name(end.name) in ROAD_ENDS:
        found = _at_road_end(streets, roads)
    elif end.kind in ("bridge", "river"):
        found = _at_landmark(streets, roads, own, bare, day)
    elif end.kind == "place":
        meaning = streets.names.meaning(end.name, day)
        known = meaning.roads or any(reason != "slip" for _, reason in meaning.others)
        on_road = landmark_points(streets, roads, end.name)
        found = (
            _at_road(streets, roads, own, bare, day)
            if known and not on_road
            else _at_landmark(streets, roads, own, bare, day)
        )
    else:
        found = _at_road(streets, roads, own, bare, day)
        if found.spot is None and landmark_points(streets, roads, end.name):
            # Something that bears the name of a road is an offer at most.
            there = _at_landmark(streets, roads, own, bare, day)
            more = (there.spot,) if there.spot else there.options
            found = EndFound(None, (*found.options, *more), found.reason)
    return found if not end.offset_m else _moved(streets, roads, end, found)


def spot_key(name: str, point: shapely.Point) -> str:
    """Return the key of one of several places of one name: the name and where it is, to 10 m."""
    return f"{name}@{round(point.x, -1):.0f},{round(point.y, -1):.0f}"


def _at_road(streets: Streets, roads: Roads, own: Roads, end: End, day: int | None) -> EndFound:
    meaning = streets.names.meaning(end.name, day)
    if not meaning.roads:
        options = _of_other_names(streets, roads, own, meaning.others)
        kinds = {kind for _, kind in meaning.others}
        reason = "end_not_in_network"
        if kinds & {"alias_or_own", "alias_past", "number_or_name"}:
            reason = "end_several_roads"
        elif options:
            reason = "end_similar"
        return EndFound(None, options, why(reason, end=end.name, road=roads[0]))
    if set(meaning.roads) & set(own):
        return EndFound(None, (), why("end_is_road", end=end.name, road=roads[0]))
    met = streets.crossings(own, meaning.roads) or streets.crossings(roads, meaning.roads)
    almost = streets.almost(own, meaning.roads, met) if met else []
    if len(met) == 1 and not almost:
        assumed: Assumed = ()
        if meaning.through != "exact":
            assumed += ((meaning.through, {"name": end.name, "road": meaning.roads[0]}),)
        if len(met[0].place.nodes) > 1:
            assumed += (("several_nodes", {"end": end.name, "road": roads[0]}),)
        only = Spot(end_text(end), end.name, met[0].place, met[0].point, assumed=assumed)
        return EndFound(only)
    if met:
        options = tuple(
            Spot(
                spot_key(end.name, one.point), one.name or end.name, one.place, one.point, "meeting"
            )
            for one in met
        )
        options += tuple(
            _spot_near(streets, roads, end.name, point, "almost", away_m=away)
            for point in almost
            for away in (shapely.distance(point, streets.line(meaning.roads)),)
        )
        code = "meets_often" if len(met) > 1 else "meets_and_nears"
        often = why(code, end=end.name, road=roads[0], count=len(met))
        return EndFound(None, options, often)
    return _not_met(streets, roads, own, end, meaning.roads)


def _of_other_names(
    streets: Streets, roads: Roads, own: Roads, others: tuple[tuple[str, str], ...]
) -> tuple[Spot, ...]:
    """Return where roads of other names meet the road."""
    found = []
    for name, kind in others:
        other = (name,)
        if name in roads:
            continue
        met = streets.crossings(own, other) or streets.crossings(roads, other)
        for one in met:
            key = name if len(met) == 1 else spot_key(name, one.point)
            found.append(Spot(key, name, one.place, one.point, kind, one_name=False))
    return tuple(found)


def _not_met(streets: Streets, roads: Roads, own: Roads, end: End, cross: Roads) -> EndFound:
    """Return candidates for a street that does not meet the road."""
    road_line, cross_line = streets.line(roads), streets.line(cross)
    away = float(shapely.distance(road_line, cross_line))
    options = [
        _spot_near(streets, roads, end.name, point, "levels", away_m=0.0)
        for point in _points_of(shapely.intersection(road_line, cross_line))
    ]
    if not options:
        options += _extended(streets, roads, cross, end.name, road_line)
    options += _nearest(streets, roads, end.name, cross_line)
    meaning = streets.names.similar(end.name)
    options += _of_other_names(streets, roads, own, meaning)
    code = "end_crosses_levels" if away == 0 else "end_does_not_meet"
    return EndFound(
        None,
        _once(streets, options),
        why(code, end=end.name, road=roads[0], distance_m=round(away)),
    )


def _extended(
    streets: Streets, roads: Roads, cross: Roads, name: str, road_line: shapely.MultiLineString
) -> list[Spot]:
    """Return where a street would reach the road if its ends went straight on."""
    ways = streets.ways(cross)
    found = []
    for node in terminals(ways):
        for section, from_m, to_m in spans_from(ways, node):
            if section < 0:
                continue
            line = streets.lines[section]
            back = from_m + np.sign(to_m - from_m) * min(30.0, line.length)
            mouth, inner = line.interpolate(from_m), line.interpolate(back)
            step = np.array([mouth.x - inner.x, mouth.y - inner.y])
            size = np.hypot(*step)
            if size == 0:
                continue
            far = np.array([mouth.x, mouth.y]) + step / size * _EXTEND_M
            hit = shapely.intersection(shapely.LineString([mouth, shapely.Point(far)]), road_line)
            points = _points_of(hit)
            if points:
                first = min(points, key=mouth.distance)
                away = mouth.distance(first)
                found.append(_spot_near(streets, roads, name, first, "extended", away_m=away))
    return found


def _nearest(
    streets: Streets, roads: Roads, name: str, cross_line: shapely.MultiLineString
) -> list[Spot]:
    """Return the junctions and ends of the road that lie nearest to a street."""
    names = sorted(streets.nodes(roads))
    points = as_geometries(shapely.points(np.array([streets.point[node] for node in names])))
    away = np.asarray(shapely.distance(points, cross_line))
    ends = set(terminals(streets.ways(roads)))
    found: list[Spot] = []
    for at in np.argsort(away, kind="stable"):
        if away[at] > streets.policy.near_m or len(found) == 3:
            break
        node, point = names[at], points[at]
        label = streets.junction_name.get(node, name)
        kind = "nearest" if node in streets.junction_name else "nearest_end"
        if node not in streets.junction_name and node not in ends:
            continue
        found.append(
            Spot(
                spot_key(label, point), label, Place((node,)), point, kind,
                float(round(away[at])), one_name=False,
            )
        )  # fmt: skip
    return found


def _at_road_end(streets: Streets, roads: Roads) -> EndFound:
    options = road_ends(streets, roads)
    return EndFound(None, tuple(options), why("road_end", road=roads[0], count=len(options)))


def road_ends(streets: Streets, roads: Roads) -> list[Spot]:
    """Return the ends of a road in the network."""
    ways = streets.ways(roads)
    centre = streets.line(roads).centroid
    found = []
    for crossing in streets.grouped(set(terminals(ways))):
        towards = heading(crossing.point.x - centre.x, crossing.point.y - centre.y)
        found.append(
            Spot(
                spot_key("end", crossing.point), f"{roads[0]} {ARROW[towards]}", crossing.place,
                crossing.point, f"end_{towards}", assumed=(("road_end", {}),),
            )
        )  # fmt: skip
    return found


def _at_border(streets: Streets, roads: Roads, end: End) -> EndFound:
    if streets.gazetteer.boundaries is None or not len(streets.gazetteer.boundaries):
        return EndFound(None, tuple(road_ends(streets, roads)), why("no_boundaries", end=end.text))
    points = border_points(streets, roads, end)
    if points is None:
        return EndFound(None, (), why("boundary_unknown", end=end.name or end.text))
    grouped = _grouped_points(points, streets.policy.one_crossing_m)
    options = tuple(
        replace(
            _spot_near(streets, roads, end.name or end.text, point, "border"),
            one_name=True, assumed=(("boundary_end", {}),),
        )
        for point in grouped
    )  # fmt: skip
    if len(options) == 1:
        return EndFound(replace(options[0], key=end_text(end)))
    code = "border_crossed_often" if options else "border_not_crossed"
    if not options:
        options = tuple(road_ends(streets, roads))
    return EndFound(
        None, options, why(code, end=end.name or end.text, road=roads[0], count=len(grouped))
    )


def _at_landmark(streets: Streets, roads: Roads, own: Roads, end: End, day: int | None) -> EndFound:
    name = end.name or end.text
    points = _grouped_points(landmark_points(streets, roads, name), streets.policy.one_crossing_m)
    options = [
        replace(_spot_near(streets, roads, name, point, "landmark"),
                one_name=True, assumed=(("landmark_end", {}),))
        for point in points
    ]  # fmt: skip
    if len(options) == 1:
        return EndFound(replace(options[0], key=end_text(end)))
    if options:
        reason = why("landmark_often", end=name, road=roads[0], count=len(options))
        return EndFound(None, tuple(options), reason)
    meaning = streets.names.meaning(name, day)
    if meaning.roads:
        # A bridge that is a road of its own in the network.
        options += [
            Spot(
                spot_key(name, one.point), name, one.place, one.point, "bridge_road", one_name=False
            )
            for one in streets.crossings(roads, meaning.roads)
        ]
    if end.kind == "bridge":
        options += _bridges(streets, roads)
    options += _of_other_names(streets, roads, own, meaning.others)
    code = "end_similar" if options else "end_not_in_network"
    if end.kind in ("bridge", "river"):
        code = f"{end.kind}_unknown"
    return EndFound(None, _once(streets, options), why(code, end=name, road=roads[0]))


def _bridges(streets: Streets, roads: Roads) -> list[Spot]:
    """Return the middles of the road's sections above the ground."""
    level = streets.gazetteer.network.sections["level"].to_numpy(dtype=np.int64)
    found = []
    for section in streets.sections(roads).tolist():
        if level[section] > 0:
            line = streets.lines[section]
            point = line.interpolate(0.5, normalized=True)
            place = Place((), section, line.length / 2)
            found.append(
                Spot(
                    spot_key("bridge", point),
                    roads[0],
                    place,
                    point,
                    "bridge_level",
                    one_name=False,
                )
            )
    return found


def _moved(streets: Streets, roads: Roads, end: End, found: EndFound) -> EndFound:
    """Return an end measured off along the road from where it was found."""
    ways = streets.ways(roads)
    options: list[Spot] = []
    for spot in (found.spot,) if found.spot else found.options:
        places = places_at(ways, spot.place, end.offset_m)
        for place in places:
            point = place_point(ways, place)
            step = point.x - spot.point.x, point.y - spot.point.y
            if end.towards is not None and share_towards(*step, end.towards) < 0.5:
                continue
            label = f"{spot.label} {ARROW[heading(*step)]} {end.offset_m:g} m"
            options.append(
                replace(
                    spot, key=spot_key(end_text(end), point), label=label, place=place, point=point,
                    why="offset", assumed=(*spot.assumed, ("offset", {})),
                )
            )  # fmt: skip
    options = list(_once(streets, options))
    if found.spot and len(options) == 1:
        return EndFound(replace(options[0], key=end_text(end)))
    if found.spot is None:
        return EndFound(None, tuple(options), found.reason)
    code = "offset_either_way" if options else "offset_leaves_road"
    return EndFound(None, tuple(options), why(code, end=end.text or end_text(end), road=roads[0]))


def _spot_near(
    streets: Streets,
    roads: Roads,
    name: str,
    point: shapely.Point,
    kind: str,
    *,
    away_m: float | None = None,
) -> Spot:
    """Return a spot at the section of the road that passes nearest to a point."""
    own = streets.sections(roads)
    lines = streets.lines[own]
    at = int(np.argmin(shapely.distance(lines, point)))
    place = Place((), int(own[at]), float(lines[at].project(point)))
    return Spot(
        spot_key(name, point), name, place, point, kind,
        None if away_m is None else float(round(away_m)), one_name=False,
    )  # fmt: skip


def _once(streets: Streets, options: list[Spot]) -> tuple[Spot, ...]:
    """Return options without those that lie where an earlier one does."""
    kept: list[Spot] = []
    for spot in options:
        if all(spot.point.distance(other.point) > streets.policy.one_crossing_m for other in kept):
            kept.append(spot)
    return tuple(kept)


def _points_of(geometry: shapely.Geometry) -> list[shapely.Point]:
    """Return the points of an intersection; of a common line its ends."""
    found = []
    for part in shapely.get_parts(geometry):
        if part.is_empty:
            continue
        if shapely.get_type_id(part) == 0:
            found.append(part)
        elif shapely.get_type_id(part) == 1:
            found += [shapely.get_point(part, 0), shapely.get_point(part, -1)]
    return found


def _grouped_points(points: list[shapely.Point], within_m: float) -> list[shapely.Point]:
    """Return one point for each group of near ones."""
    kept: list[shapely.Point] = []
    for point in points:
        if all(point.distance(other) > within_m for other in kept):
            kept.append(point)
    return kept


def crossings_named(streets: Streets, roads: Roads) -> list[Crossing]:
    """Return every junction of a road with another named road, along the road as far as it goes."""
    return [one for one in streets.grouped(streets.nodes(roads)) if "/" in one.name]

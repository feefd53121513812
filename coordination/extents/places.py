"""Whole roads, junctions, bridges and other places with a name."""

from __future__ import annotations

import numpy as np
import shapely

from coordination.extents.ends import crossings_named, spot_key
from coordination.extents.headings import share_towards
from coordination.extents.landmarks import landmark_points, landmarks_named
from coordination.extents.outcomes import (
    Assumed,
    Found,
    Option,
    Outcome,
    Params,
    canonical,
    why,
)
from coordination.extents.parsed import Compass, Extent
from coordination.extents.streets import Crossing, Roads, Streets
from coordination.extents.stretches import chained, found_of, meant_roads, width_of
from geo.junctions import has_partner
from geo.line_parts import Ints
from geo.network_paths import pieces, terminals, walks

_MOST_PLACES = 20


def find_whole_road(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return all of a road; pieces of one name that lie far apart may be two roads, and are asked."""
    meant = meant_roads(streets, extent, day)
    if isinstance(meant, Outcome):
        return meant
    each, assumed = meant
    roads = tuple(name for own in each for name in own)
    policy = streets.policy
    groups = pieces(streets.ways(roads, bridge_m=policy.one_road_m))
    whole = [_whole(streets, roads, own) for own in groups]
    if len(groups) > 1:
        options = tuple(
            Option(
                spot_key(canonical(extent), found.geometry.centroid),
                "extents.candidate.one_of_roads",
                {"road": roads[0], "length_m": round(found.length_m), **_near(streets, own)},
                found, one_name=True,
            )
            for own, found in zip(groups, whole, strict=True)
        )  # fmt: skip
        every = _whole(streets, roads, streets.sections(roads))
        params: Params = {
            "road": roads[0], "length_m": round(every.length_m), "count": len(groups),
        }  # fmt: skip
        options += (Option(canonical(extent), "extents.candidate.all_pieces", params, every),)
        return Outcome(
            options=options, reason=why("several_roads", road=roads[0], count=len(groups))
        )
    found = whole[0]
    named: Params = {"road": roads[0], "length_m": round(found.length_m)}
    assumed += (("whole_road", dict(named)),)
    if len(pieces(streets.ways(roads, bridge_m=policy.gap_m))) > 1:
        assumed += (("many_pieces", dict(named)),)
    if found.length_m > policy.long_road_m:
        assumed += (("long_road", dict(named)),)
    return Outcome(found, assumed=assumed)


def _near(streets: Streets, own: Ints) -> Params:
    """Return a junction by which people know a piece of road."""
    table = streets.gazetteer.network.sections
    nodes = {*table["node_from"].iloc[own], *table["node_to"].iloc[own]}
    told = sorted(streets.junction_name[node] for node in nodes if node in streets.junction_name)
    return {"near": told[0] if told else "–"}


def _whole(streets: Streets, roads: Roads, own: Ints) -> Found:
    """Return sections of a road as one place: a walk where they are one, else all their lines."""
    ways = streets.ways(roads, bridge_m=streets.policy.gap_m)
    inside = set(own.tolist())
    lines = streets.lines[own]
    total = float(shapely.length(lines).sum())
    table = streets.gazetteer.network.sections
    one, two = table["node_from"].to_numpy(dtype=object), table["node_to"].to_numpy(dtype=object)
    nodes = {*one[own], *two[own]}
    ends = streets.grouped({node for node in terminals(ways) if node in nodes})
    if len(ends) == 2 and inside == set(ways.sections.tolist()):
        found = walks(ways, ends[0].place, ends[1].place)
        if len(found) == 1 and found[0].unique:
            covered = sum(abs(b - a) for _, a, b in (*found[0].spans, *found[0].beside))
            if covered >= 0.98 * total:
                return found_of(streets, found[0])
    partner = has_partner(table.iloc[own].reset_index(drop=True))
    length = float((shapely.length(lines) * np.where(partner, 0.5, 1.0)).sum())
    spans = [(int(s), 0.0, float(line.length)) for s, line in zip(own, lines, strict=True)]
    shape = shapely.MultiLineString(chained(list(lines)))
    return Found(shape, shape, width_of(streets, spans), length)


def find_junction(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return the junction of the named roads; of one road, or of roads that meet often, ask which."""
    meant = meant_roads(streets, extent, day)
    if isinstance(meant, Outcome):
        return meant
    each, assumed = meant
    joined = "/".join(own[0] for own in each)
    if len(each) == 1:
        met = crossings_named(streets, each[0])
        options = tuple(_junction_option(streets, one, "junction_of_road") for one in met)
        return Outcome(options=options[:_MOST_PLACES], reason=why("junction_of_one", roads=joined))
    common = frozenset.intersection(*(streets.nodes(own) for own in each))
    met = streets.grouped(common)
    named: Params = {"roads": joined}
    if len(met) == 1:
        if len(met[0].place.nodes) > 1:
            assumed += (("several_nodes", {"end": joined, "road": joined}),)
        return Outcome(_junction(streets, met[0]), assumed=(*assumed, ("exact_junction", named)))
    if met:
        options = tuple(_junction_option(streets, one, "junction_place") for one in met)
        return Outcome(options=options, reason=why("junction_often", roads=joined, count=len(met)))
    lines = [streets.line(own) for own in each]
    away = float(shapely.distance(lines[0], lines[1]))
    near = [
        one for one in crossings_named(streets, each[0])
        if lines[1].distance(one.point) <= streets.policy.near_m
    ]  # fmt: skip
    near.sort(key=lambda one: lines[1].distance(one.point))
    options = tuple(
        _junction_option(streets, one, "junction_near", round(lines[1].distance(one.point)))
        for one in near[:3]
    )
    if away < 1.0:
        point = shapely.get_point(shapely.shortest_line(lines[0], lines[1]), 0)
        levels = Option(
            spot_key(joined, point), "extents.candidate.junction_levels", {"name": joined},
            Found(point, point), distance_m=0.0,
        )  # fmt: skip
        options = (levels, *options)
    code = "junction_levels" if away < 1.0 else "roads_do_not_meet"
    return Outcome(options=options, reason=why(code, roads=joined, distance_m=round(away)))


def _junction(streets: Streets, crossing: Crossing) -> Found:
    """Return the ground of a junction: its area, or a point where the network has none."""
    junctions = streets.gazetteer.network.junctions
    own = junctions["junction_id"].isin(crossing.place.nodes).to_numpy()
    areas = junctions.geometry.to_numpy()[own]
    shape = shapely.union_all(areas) if len(areas) else crossing.point
    return Found(shape, shape)


def _junction_option(
    streets: Streets, crossing: Crossing, wording: str, distance_m: float | None = None
) -> Option:
    params: Params = {
        "name": crossing.name, "distance_m": 0 if distance_m is None else round(distance_m),
    }  # fmt: skip
    return Option(
        spot_key(crossing.name, crossing.point), f"extents.candidate.{wording}", params,
        _junction(streets, crossing), distance_m=distance_m, one_name=True,
    )  # fmt: skip


def find_place(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return a place with a name: a landmark, or a bridge that the network has as a road."""
    name = extent.place or extent.text
    roads: Roads = ()
    assumed: Assumed = ()
    if extent.roads:
        meant = meant_roads(streets, extent, day)
        if isinstance(meant, Outcome):
            return meant
        roads = tuple(road for own in meant[0] for road in own)
        assumed = meant[1]
    named: Params = {"name": name}
    landmarks = landmarks_named(streets, name)
    if landmarks is not None:
        shapes = list(landmarks.geometry)
        if roads:
            shapes = list(landmark_points(streets, roads, name))
        if len(shapes) == 1:
            shape = shapes[0]
            width = None
            length = float(shape.length) if shapely.get_dimensions(shape) == 1 else float("nan")
            return Outcome(
                Found(shape, shape, width, length), assumed=(*assumed, ("landmark", named))
            )
        options = tuple(
            Option(
                spot_key(name, shape.centroid), "extents.candidate.landmark_place", named,
                Found(shape, shape), one_name=True,
            )
            for shape in shapes
        )  # fmt: skip
        if options:
            return Outcome(
                options=options, reason=why("place_often", name=name, count=len(options))
            )
    meaning = streets.names.meaning(name, day)
    if meaning.roads and not roads:
        # The network has it as a road of its own: a bridge, a square.
        found = _whole(streets, meaning.roads, streets.sections(meaning.roads))
        named = {"name": name, "road": meaning.roads[0], "length_m": round(found.length_m)}
        return Outcome(found, assumed=(*assumed, ("other_name_part", named)))
    options = _level_options(streets, roads) if roads else ()
    options += tuple(
        Option(other, f"extents.candidate.place_{kind}", {"name": other, "asked": name},
               _whole(streets, (other,), streets.sections((other,))))
        for other, kind in meaning.others
        if "桥" in other or "隧道" in other or "立交" in other or "地道" in other
    )  # fmt: skip
    code = "place_unknown_on_road" if roads else "place_unknown"
    return Outcome(options=options, reason=why(code, name=name, road=roads[0] if roads else ""))


def _level_options(streets: Streets, roads: Roads) -> tuple[Option, ...]:
    """Return the sections of a road above or below the ground, as candidates for a bridge."""
    level = streets.gazetteer.network.sections["level"].to_numpy(dtype=np.int64)
    found = []
    for section in streets.sections(roads).tolist():
        if level[section] != 0:
            line = streets.lines[section]
            shape = shapely.MultiLineString([line])
            point = line.interpolate(0.5, normalized=True)
            place = Found(
                shape, shape, width_of(streets, [(section, 0.0, line.length)]), line.length
            )
            params: Params = {
                "road": roads[0],
                "length_m": round(line.length),
            }
            found.append(
                Option(spot_key("bridge", point), "extents.candidate.bridge_section", params, place)
            )
    return tuple(found)


def find_sided_junction(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return the junctions of a road, or of several; a side there only ranks what is asked."""
    outcome = find_junction(streets, extent, day)
    if extent.side is None or outcome.found is not None:
        return outcome
    side: Compass = extent.side
    centre = np.mean(
        [option.found.geometry.centroid.coords[0] for option in outcome.options if option.found] or
        [(0.0, 0.0)], axis=0,
    )  # fmt: skip

    def off(option: Option) -> float:
        if option.found is None:
            return 1.0
        middle = option.found.geometry.centroid
        return -share_towards(middle.x - centre[0], middle.y - centre[1], side)

    return Outcome(
        options=tuple(sorted(outcome.options, key=off)), reason=outcome.reason, notes=outcome.notes
    )

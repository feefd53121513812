"""Stretches: from one end to the other along a road or along several that follow each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import shapely

from coordination.extents.ends import EndFound, Spot, find_end, road_ends, spot_key
from coordination.extents.headings import ARROW, OPPOSITE, heading
from coordination.extents.names import fold_name
from coordination.extents.outcomes import (
    Assumed,
    Found,
    Option,
    Outcome,
    Params,
    canonical,
    end_text,
    unknown,
    why,
    with_road,
)
from coordination.extents.parsed import Extent
from coordination.extents.streets import Roads, Streets
from coordination.faults import Fault
from geo.network_paths import (
    PARALLEL_M,
    Place,
    Walk,
    Ways,
    lines_of,
    place_point,
    places_at,
    terminals,
    walks,
)

_MOST_PER_END = 6
_SHORT_NAME = 3
_LEADS_ROUND = 1.5
"""A walk so much longer than the straight line may miss a shorter one …"""
_LEADS_ROUND_OVER_GAP = 1.2
"""… and over a gap it may turn from one carriageway to the other."""


def meant_roads(
    streets: Streets, extent: Extent, day: int | None
) -> tuple[tuple[Roads, ...], Assumed] | Outcome:
    """Return the roads that an extent names, or why one of them has to be asked for.

    Returns
    -------
    roads, assumed
        Names in the network, one tuple for each name as written.
    Outcome
        With each road that may be meant instead, and the place where the mended extent has one;
        without any where the extent names no road.
    """
    if not extent.roads:
        return unknown("road_missing")
    found: list[Roads] = []
    assumed: Assumed = ()
    for at, name in enumerate(extent.roads):
        meaning = streets.names.meaning(name, day)
        if meaning.roads:
            found.append(meaning.roads)
            if meaning.through != "exact":
                assumed += ((meaning.through, {"name": name, "road": meaning.roads[0]}),)
            continue
        kinds = {kind for _, kind in meaning.others}
        code = "road_not_in_network"
        if kinds & {"alias_or_own", "alias_past", "number_or_name"}:
            code = "road_several"
        elif kinds == {"slip"}:
            code = "road_slip"
            if extent.kind == "whole_road" and len(fold_name(name)) <= _SHORT_NAME:
                # One letter of two that tell: with no end that fits, another road most likely.
                names = "、".join(other for other, _ in meaning.others[:4])
                return unknown("road_slip_short", road=name, names=names)
        elif meaning.others:
            code = "road_similar"
        mended = [(other, kind, with_road(extent, at, other)) for other, kind in meaning.others]
        options = tuple(
            Option(
                canonical(instead), f"extents.candidate.road_{kind}",
                {"name": other, "asked": name}, instead=instead,
            )
            for other, kind, instead in mended
        )  # fmt: skip
        return Outcome(options=options, reason=why(code, road=name))
    return tuple(found), assumed


def find_stretch(streets: Streets, extent: Extent, day: int | None) -> Outcome:
    """Return where a stretch runs, or what may be meant.

    Parameters
    ----------
    streets
        The index.
    extent
        Of kind ``stretch`` with one end or two.
    day
        For former names.
    """
    meant = meant_roads(streets, extent, day)
    if isinstance(meant, Outcome):
        return meant
    each, assumed = meant
    roads = tuple(name for own in each for name in own)
    if len(each) > 1:
        assumed += (("corridor", {"roads": "—".join(extent.roads)}),)
    if any(end.kind == "chainage" for end in extent.ends):
        return _by_chainage(streets, extent, roads, each, day)
    one = find_end(streets, roads, each[0], extent.ends[0], day)
    if len(extent.ends) > 1:
        two = find_end(streets, roads, each[-1], extent.ends[1], day)
    else:
        ends = tuple(road_ends(streets, roads))
        two = EndFound(None, ends, why("one_end", end=end_text(extent.ends[0]), road=roads[0]))
    one, two = _with_stated_length(streets, roads, extent, one, two)
    if one.spot and two.spot:
        return _between(streets, extent, roads, one.spot, two.spot, assumed=assumed)
    return _among(streets, extent, roads, one, two, assumed=assumed)


def found_of(streets: Streets, walk: Walk) -> Found:
    """Return the ground of a walk with the other carriageway beside it."""
    chains = chained(list(lines_of(streets.gazetteer.network, walk.beside)))
    geometry = shapely.MultiLineString([walk.line, *chains])
    width = width_of(streets, [*walk.spans, *walk.beside])
    return Found(geometry, geometry, width, walk.length_m, walk=walk)


def width_of(streets: Streets, spans: list[tuple[int, float, float]]) -> float:
    """Return the width of spans, by their length [m]."""
    total = sum(abs(b - a) for _, a, b in spans)
    area = sum(abs(b - a) * float(streets.width_m[s]) for s, a, b in spans)
    return round(area / total, 2)


def chained(lines: list[shapely.LineString]) -> list[shapely.LineString]:
    """Join lines that follow each other, straight through what lies between them.

    Examples
    --------
    >>> two = list(shapely.linestrings([[[0, 0], [9, 0]], [[20, 0], [30, 0]]]))
    >>> [line.wkt for line in chained(two)]
    ['LINESTRING (0 0, 9 0, 20 0, 30 0)']
    """
    chains: list[list[tuple[float, ...]]] = []
    for line in lines:
        xy = list(line.coords)
        for chain in chains:
            gap = np.subtract(xy[0], chain[-1])
            ahead = np.subtract(chain[-1], chain[-2])
            if np.hypot(*gap) <= PARALLEL_M and gap @ ahead >= 0.5 * np.hypot(*gap) * np.hypot(
                *ahead
            ):
                chain.extend(xy if np.hypot(*gap) > 1e-9 else xy[1:])
                break
        else:
            chains.append(xy)
    return [shapely.LineString(chain) for chain in chains]


def _between(
    streets: Streets, extent: Extent, roads: Roads, one: Spot, two: Spot, *, assumed: Assumed
) -> Outcome:
    """Return the stretch between two certain ends."""
    ways = streets.ways(roads)
    if one.point.distance(two.point) < 1.0:
        return unknown("ends_equal", end=one.label, road=roads[0])
    ways_there = walks(ways, one.place, two.place)
    key = canonical(extent)
    if not ways_there and one.point.distance(two.point) <= streets.policy.one_crossing_m:
        return unknown("ends_touch", start=one.label, end=two.label, road=roads[0])
    if not ways_there:
        return _apart(streets, roads, one, two, key)
    if len(ways_there) > 1 or not ways_there[0].unique:
        options = tuple(
            Option(
                spot_key(f"{key}|via", walk.line.interpolate(0.5, normalized=True)),
                "extents.candidate.way_round",
                {"road": roads[0], "length_m": round(walk.length_m)},
                found_of(streets, walk), one_name=walk.gap_m <= streets.policy.gap_m,
            )
            for walk in ways_there
        )  # fmt: skip
        reason = why("two_ways", road=roads[0], start=one.label, end=two.label)
        return _chosen_by_length(streets, extent, options, reason, assumed)
    walk = ways_there[0]
    found = found_of(streets, walk)
    if not _touches_each(streets, extent, walk):
        told: Params = {"road": roads[0], "length_m": round(walk.length_m)}
        option = Option(key, "extents.candidate.way_round", told, found)
        corridor = {"roads": "、".join(extent.roads), "start": one.label, "end": two.label}
        return Outcome(options=(option,), reason=why("corridor_without", **corridor))
    if _leads_round(streets, roads, walk):
        told = {"road": roads[0], "length_m": round(walk.length_m)}
        option = Option(key, "extents.candidate.way_round", told, found)
        reason = why("way_round", road=roads[0], start=one.label, end=two.label)
        return Outcome(options=(option,), reason=reason)
    if walk.gap_m > streets.policy.gap_m:
        params: Params = {
            "road": roads[0], "gap_m": round(walk.gap_m), "length_m": round(walk.length_m),
        }  # fmt: skip
        option = Option(key, "extents.candidate.over_gap", params, found)
        return Outcome(options=(option,), reason=why("gap", road=roads[0], gap_m=round(walk.gap_m)))
    named = {"road": roads[0], "start": one.label, "end": two.label}
    assumed += tuple((key, {**named, **more}) for key, more in (*one.assumed, *two.assumed))
    if walk.gap_m > 0:
        assumed += (("gap", {"road": roads[0], "gap_m": round(walk.gap_m)}),)
    return Outcome(found, assumed=(*assumed, ("exact", dict(named))))


def _touches_each(streets: Streets, extent: Extent, walk: Walk) -> bool:
    """Return whether a walk runs along each road of a corridor; one road always is."""
    if len(extent.roads) < 2:
        return True
    road = streets.gazetteer.network.sections["road"].to_numpy(dtype=object)
    return len(set(road[walk.section])) >= len(extent.roads)


def _leads_round(streets: Streets, roads: Roads, walk: Walk) -> bool:
    """Return whether a walk leads round, and a shorter way may be missing in the network.

    So it may where the road breaks off inside of what the walk leads round, where it leads over a
    gap, or along one-way streets, which are walked with the traffic.
    """
    ends = shapely.Point(walk.line.coords[0]), shapely.Point(walk.line.coords[-1])
    straight_m = ends[0].distance(ends[1])
    if walk.gap_m > 0 and walk.length_m > _LEADS_ROUND_OVER_GAP * straight_m:
        return True
    if walk.length_m <= _LEADS_ROUND * straight_m:
        return False
    if streets.gazetteer.network.sections["oneway"].to_numpy()[walk.section].any():
        return True  # it may have turned round at the end of the road
    fans = streets.dead_ends(roads)
    mouths = shapely.get_point(shapely.get_exterior_ring(fans), 0)
    near = shapely.dwithin(mouths, walk.line.convex_hull, streets.policy.almost_m)
    return bool((near & ~shapely.dwithin(mouths, walk.line, 1.0)).any())


def _apart(streets: Streets, roads: Roads, one: Spot, two: Spot, key: str) -> Outcome:
    """Offer both pieces where two ends do not hang together."""
    ways = streets.ways(roads)
    ends = [Place((node,)) for node in terminals(ways)]
    lines: list[shapely.LineString] = []
    for spot, goal in ((one, two), (two, one)):
        reached = [walk for end in ends for walk in walks(ways, spot.place, end)[:1]]
        if reached:
            best = min(
                reached, key=lambda walk: shapely.Point(walk.line.coords[-1]).distance(goal.point)
            )
            lines.append(best.line if spot is one else best.line.reverse())
    away = round(one.point.distance(two.point))
    reason = why("not_connected", road=roads[0], start=one.label, end=two.label, distance_m=away)
    if not lines:
        return Outcome(reason=reason)
    shape = shapely.MultiLineString(lines)
    found = Found(shape, shape, None, float(shape.length))
    params: Params = {"road": roads[0], "length_m": round(shape.length)}
    return Outcome(options=(Option(key, "extents.candidate.pieces", params, found),), reason=reason)


def _among(
    streets: Streets,
    extent: Extent,
    roads: Roads,
    one: EndFound,
    two: EndFound,
    *,
    assumed: Assumed,
) -> Outcome:
    """Return what a stretch may be when an end is doubtful."""
    ways = streets.ways(roads)
    starts = (one.spot,) if one.spot else one.options[:_MOST_PER_END]
    goals = (two.spot,) if two.spot else two.options[:_MOST_PER_END]
    reasons = [end.reason for end in (one, two) if end.reason is not None]
    options: list[tuple[float, int, Option]] = []
    both = one.spot is None and two.spot is None
    for rank, (start, goal) in enumerate(product(starts, goals)):
        for walk in walks(ways, start.place, goal.place):
            if walk.length_m < 1.0:
                continue
            doubtful = start if one.spot is None else goal
            key = f"{'—'.join(extent.roads)}({start.key}-{goal.key})"
            if not walk.unique:
                key = spot_key(f"{key}|via", walk.line.interpolate(0.5, normalized=True))
            params: Params = {
                "road": roads[0], "name": doubtful.label, "length_m": round(walk.length_m),
                "start": start.label, "end": goal.label,
                "asked": end_text(extent.ends[0 if doubtful is start else -1]),
                "distance_m": round(doubtful.distance_m or 0),
            }  # fmt: skip
            wording = "both_ends" if both else doubtful.why
            if wording.startswith("end_"):
                towards = heading(goal.point.x - start.point.x, goal.point.y - start.point.y)
                wording = f"end_{towards if doubtful is goal else OPPOSITE[towards]}"
            if walk.gap_m > streets.policy.gap_m:
                wording, params["gap_m"] = "ends_over_gap", round(walk.gap_m)
            option = Option(
                key, f"extents.candidate.{wording}", params, found_of(streets, walk),
                distance_m=doubtful.distance_m,
                one_name=start.one_name and goal.one_name and walk.gap_m <= streets.policy.gap_m,
            )  # fmt: skip
            off = abs(walk.length_m - extent.length_m) if extent.length_m else 0.0
            options.append((off, rank, option))
    ranked = tuple(option for _, _, option in sorted(options, key=lambda entry: entry[:2]))
    code = reasons[0].code.removeprefix("extents.reason.") if reasons else ""
    if len(ranked) == 1 and code == "road_end" and ranked[0].one_name:
        params = {"road": roads[0], **ranked[0].params}
        return Outcome(ranked[0].found, assumed=(*assumed, ("road_end", params)))
    outcome = _chosen_by_length(streets, extent, ranked, reasons[0], assumed)
    return replace(outcome, notes=tuple(reasons[1:]))


def _chosen_by_length(
    streets: Streets,
    extent: Extent,
    options: tuple[Option, ...],
    reason: Fault,
    assumed: Assumed,
) -> Outcome:
    """Let the stated length choose where only one fits and every name is as written; else ask."""
    asked = Outcome(options=options, reason=reason)
    stated = extent.length_m
    if not stated or len(options) < 2 or not all(option.one_name for option in options):
        return asked
    off = [
        abs(option.found.length_m - stated) / stated if option.found else 0.0 for option in options
    ]
    fits = [at for at, share in enumerate(off) if share <= streets.policy.length_off_share]
    others = [share for at, share in enumerate(off) if at not in fits]
    if len(fits) != 1 or min(others) <= streets.policy.length_other_share:
        return asked
    chosen = options[fits[0]]
    params = {**chosen.params, "stated_m": round(stated)}
    return Outcome(chosen.found, options, assumed=(*assumed, ("by_length", params)))


def _with_stated_length(
    streets: Streets, roads: Roads, extent: Extent, one: EndFound, two: EndFound
) -> tuple[EndFound, EndFound]:
    """Add, for an end that is nowhere near, the places at the stated length from the other."""
    known, lost = (one, two) if one.spot else (two, one)
    if known.spot is None or lost.spot or lost.options:
        return one, two
    ways = streets.ways(roads)
    options: list[Spot] = []
    if extent.length_m:
        for place in places_at(ways, known.spot.place, extent.length_m):
            point = place_point(ways, place)
            towards = heading(point.x - known.spot.point.x, point.y - known.spot.point.y)
            label = f"{known.spot.label} {ARROW[towards]} {extent.length_m:g} m"
            if all(point.distance(spot.point) > PARALLEL_M for spot in options):
                options.append(
                    Spot(
                        spot_key("length", point),
                        label,
                        place,
                        point,
                        "stated_length",
                        one_name=False,
                    )
                )
    options += [replace(spot, one_name=False) for spot in road_ends(streets, roads)]
    mended = replace(lost, options=tuple(options))
    return (one, mended) if known is one else (mended, two)


def _by_chainage(
    streets: Streets, extent: Extent, roads: Roads, each: tuple[Roads, ...], day: int | None
) -> Outcome:
    """Offer both directions: where a road's chainage begins is not known."""
    ways = streets.ways(roads)
    ends = [crossing.place for crossing in streets.grouped(set(terminals(ways)))]
    chains = [
        walk
        for at, one in enumerate(ends[:_MOST_PER_END])
        for two in ends[at + 1 : _MOST_PER_END]
        for walk in walks(ways, one, two)[:1]
    ]
    reason = why("chainage", road=roads[0])
    if not chains:
        return Outcome(reason=why("chainage_no_line", road=roads[0]))
    chain = max(chains, key=lambda walk: walk.length_m)
    options = []
    for backwards in (False, True):
        line = chain.line.reverse() if backwards else chain.line
        spots = []
        for at, end in enumerate(extent.ends):
            if end.kind == "chainage" and end.chainage_m is not None:
                if not 0 <= end.chainage_m <= line.length + 1.0:
                    break
                spots.append(_on_section(streets, ways, line.interpolate(end.chainage_m)))
            else:
                found = find_end(streets, roads, each[0 if at == 0 else -1], end, day)
                if found.spot is None:
                    return Outcome(reason=found.reason)
                spots.append(found.spot.place)
        if len(spots) < len(extent.ends):
            continue
        if len(spots) == 1:
            spots.append(_on_section(streets, ways, shapely.Point(line.coords[-1])))
        for walk in walks(ways, spots[0], spots[1])[:1]:
            towards = heading(*np.subtract(line.coords[-1], line.coords[0]))
            params: Params = {
                "road": roads[0], "length_m": round(walk.length_m),
            }  # fmt: skip
            options.append(
                Option(
                    # With its zero: in a network that goes on further the same words are elsewhere.
                    spot_key(f"{canonical(extent)}|{towards}", shapely.Point(line.coords[0])),
                    f"extents.candidate.chainage_{towards}",
                    params, found_of(streets, walk),
                )
            )  # fmt: skip
    if not options:
        reason = why("chainage_beyond", road=roads[0], length_m=round(chain.length_m))
    return Outcome(options=tuple(options), reason=reason)


def _on_section(streets: Streets, ways: Ways, point: shapely.Point) -> Place:
    """Return the place of a walk's own point on the nearest section."""
    lines = streets.lines[ways.sections]
    at = int(np.argmin(shapely.distance(lines, point)))
    return Place((), int(ways.sections[at]), float(lines[at].project(point)))

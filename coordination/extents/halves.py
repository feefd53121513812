"""One carriageway, one direction of travel, one side: the part of a road that is meant."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from coordination.extents.headings import OPPOSITE, heading, share_towards
from coordination.extents.outcomes import Found, Option, Outcome, canonical, why
from coordination.extents.parsed import Compass, Extent
from coordination.extents.streets import Streets
from coordination.extents.stretches import chained, width_of
from geo.line_parts import Geometries
from geo.network_paths import lines_of

_SIDES: dict[str | None, Compass] = {
    "east_side": "east", "west_side": "west", "south_side": "south", "north_side": "north",
}  # fmt: skip
_AT_THE_EDGE = ("footway", "cycleway", "verge")
_BESIDE_M = {"footway": 1.5, "verge": 1.5, "cycleway": -1.75}
"""How far beyond the road's edge the middle of each strip lies [m]."""

ACROSS = 0.5
"""A road has an east side where its direction is at least 30° off east."""


@dataclass(frozen=True)
class Half:
    """One half of a road.

    Attributes
    ----------
    heading
        Where its traffic goes.
    side
        On which side of the road it lies; None where the road does not run across.
    ground, width_m
        Its middle, and its width.
    """

    heading: Compass
    side: tuple[float, float]
    ground: shapely.MultiLineString
    width_m: float


def part_meant(streets: Streets, extent: Extent, outcome: Outcome) -> Outcome:
    """Narrow an outcome to the carriageway, direction or side that an extent names.

    上行 and 下行 have no compass of their own: unless the policy tells where 上行 runs, both
    carriageways are offered with their directions.

    Parameters
    ----------
    streets
        The index.
    extent
        What was written.
    outcome
        Of the whole road between the ends.
    """
    carriageway = extent.carriageway or (
        extent.position if extent.position in ("up", "down") else None
    )
    side = extent.side or _SIDES.get(extent.position)
    if carriageway is None and extent.travel is None and side is None:
        if extent.position in _AT_THE_EDGE:
            return _both_edges(streets, extent, outcome)
        return outcome
    bases = (
        (Option(canonical(extent), "extents.candidate.same", found=outcome.found),)
        if outcome.found
        else outcome.options
    )
    options: list[Option] = []
    chosen: Found | None = None
    reason = outcome.reason
    assumed = outcome.assumed
    for base in bases:
        if base.found is None:
            options.append(base)
            continue
        halves = halves_of(streets, base.found)
        if side is not None and len(halves) == 1:
            halves = _split(halves[0])
        picked, code, by = _pick(streets, extent, halves, carriageway, side)
        if picked is not None:
            found = _on(base.found, picked, extent, side is not None)
            chosen = found
            assumed = (*outcome.assumed, *(((by, {}),) if by else ()))
            options.append(replace(base, found=found))
            continue
        reason = outcome.reason or why(code, road="—".join(extent.roads))
        for half in halves:
            params = {
                "length_m": round(base.found.length_m), **base.params, "road": "—".join(extent.roads),
            }  # fmt: skip
            options.append(
                Option(
                    f"{base.key}|{half.heading}", f"extents.candidate.half_{half.heading}", params,
                    _on(base.found, half, extent, at_edge=False), distance_m=base.distance_m,
                )
            )  # fmt: skip
        if not halves:
            options.append(base)
    if outcome.found is not None and chosen is not None:
        return replace(outcome, found=chosen, assumed=assumed)
    return Outcome(options=tuple(options), reason=reason, notes=outcome.notes)


def _pick(
    streets: Streets,
    extent: Extent,
    halves: list[Half],
    carriageway: str | None,
    side: Compass | None,
) -> tuple[Half | None, str, str]:
    """Return the half that is meant, else why it is asked; and what was assumed."""
    if side is not None:
        lying = [half for half in halves if share_towards(*half.side, side) >= ACROSS]
        if len(lying) == 1 and len(halves) == 2:
            return lying[0], "", ""
        return None, "side_not_across" if halves else "part_unclear", ""
    if extent.travel is not None:
        going = [half for half in halves if half.heading == extent.travel[1]]
        if len(going) == 1:
            return going[0], "", ""
        return None, "travel_not_along" if halves else "part_unclear", ""
    names = [*extent.roads, ""]
    axis = "east_west" if halves and halves[0].heading in ("east", "west") else "north_south"
    up = next((streets.policy.up_travels[name] for name in (*names, axis)
               if name in streets.policy.up_travels), None)  # fmt: skip
    if up is not None:
        wanted = up if carriageway == "up" else OPPOSITE[up]
        going = [half for half in halves if half.heading == wanted]
        if len(going) == 1:
            return going[0], "", "convention"
    return None, "carriageway" if halves else "part_unclear", ""


def halves_of(streets: Streets, found: Found) -> list[Half]:
    """Return the two halves of a stretch: its carriageways, or the halves of an undivided road.

    The halves of an undivided road lie right and left of its centre line by a quarter of its
    width; traffic keeps to one side by `ExtentPolicy.drive_on_right`. None where the stretch
    has no one direction (it turns back on itself) or is no walk.
    """
    walk = found.walk
    if walk is None:
        return []
    ahead = np.subtract(walk.line.coords[-1], walk.line.coords[0])
    if np.hypot(*ahead) < 0.5 * walk.length_m:
        return []
    ahead /= np.hypot(*ahead)
    right = np.array([ahead[1], -ahead[0]])
    oneway = streets.gazetteer.network.sections["oneway"].to_numpy(dtype=np.bool_)
    spans = walk.spans
    every = [*spans, *walk.beside]
    network = streets.gazetteer.network
    halves = []
    towards = heading(*ahead.tolist())
    for sign in (1, -1):
        own = [span for span in every if oneway[span[0]] and np.sign(span[2] - span[1]) == sign]
        two_way = [span for span in spans if not oneway[span[0]]]
        keeps_right = sign * (1 if streets.policy.drive_on_right else -1)
        lines = chained(list(lines_of(network, own)))
        for span in two_way:
            quarter = width_of(streets, [span]) / 4
            lines += offset(lines_of(network, [span]), keeps_right * quarter)
        if not lines:
            continue
        size = sum(abs(b - a) for _, a, b in own) + sum(abs(b - a) for _, a, b in two_way)
        width = sum(
            abs(span[2] - span[1]) * width_of(streets, [span]) * (1.0 if oneway[span[0]] else 0.5)
            for span in (*own, *two_way)
        )
        halves.append(
            Half(
                towards if sign > 0 else OPPOSITE[towards],
                tuple((right * keeps_right).tolist()),
                shapely.MultiLineString(lines),
                round(width / size, 2),
            )
        )
    return halves


def offset(lines: Geometries, to_right_m: float) -> list[shapely.LineString]:
    """Return lines shifted to the right of their direction (left where negative).

    Examples
    --------
    >>> lines = shapely.linestrings([[[0, 0], [9, 0]]])
    >>> [line.wkt for line in offset(np.array([lines[0]]), 2.0)]
    ['LINESTRING (0 -2, 9 -2)']
    """
    shifted = shapely.offset_curve(lines, -to_right_m)
    return [part for part in shapely.get_parts(shifted) if shapely.get_type_id(part) == 1]


def _on(found: Found, half: Half, extent: Extent, at_edge: bool) -> Found:
    """Return a place narrowed to one half; a footway lies at the road's edge on that side."""
    if at_edge and extent.position in _AT_THE_EDGE:
        ground = _shifted(half, half.width_m / 2 + _BESIDE_M[extent.position or ""])
        return replace(found, ground=ground, ground_width_m=None)
    return replace(found, ground=half.ground, ground_width_m=half.width_m)


def _split(half: Half) -> list[Half]:
    """Return the two sides of a road that is all one carriageway."""
    sides = [replace(half, side=(half.side[0] * sign, half.side[1] * sign)) for sign in (1, -1)]
    return [
        replace(side, ground=_shifted(side, half.width_m / 4), width_m=half.width_m / 2)
        for side in sides
    ]


def _shifted(half: Half, away_m: float) -> shapely.MultiLineString:
    """Return the middle of a half moved away from the middle of the road."""
    first = half.ground.geoms[0].coords
    chord = np.subtract(first[-1], first[0])
    to_right = chord @ np.array([-half.side[1], half.side[0]]) > 0
    lines = np.asarray(half.ground.geoms, dtype=object)
    return shapely.MultiLineString(offset(lines, away_m if to_right else -away_m))


def _both_edges(streets: Streets, extent: Extent, outcome: Outcome) -> Outcome:
    """Put a footway or verge without a side on both edges of the road."""

    def edges(found: Found) -> Found | None:
        halves = halves_of(streets, found)
        if len(halves) == 1:
            halves = _split(halves[0])
        if len(halves) != 2:
            return None
        both = [_on(found, half, extent, at_edge=True).ground for half in halves]
        shape = shapely.MultiLineString([line for part in both for line in shapely.get_parts(part)])
        return replace(found, ground=shape, ground_width_m=None)

    if outcome.found is not None:
        found = edges(outcome.found)
        if found is None:
            return outcome
        return replace(outcome, found=found, assumed=(*outcome.assumed, ("both_edges", {})))
    options = tuple(
        replace(option, found=edges(option.found) or option.found) if option.found else option
        for option in outcome.options
    )
    return replace(outcome, options=options)

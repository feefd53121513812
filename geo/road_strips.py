"""The ground beside a section: a strip to its left and one to its right, and what lies on them."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.junctions import direction_at
from geo.line_parts import (
    Floats,
    Geometries,
    Ints,
    as_geometries,
    points_along,
    ragged_ranges,
    substrings,
)

Flags = npt.NDArray[np.bool_]

LEFT, RIGHT = 1, 2
SIDES = np.array(["", "left", "right", "both"], dtype=object)
"""Names of the sides by their bits: left 1, right 2, both 3."""

CHUNK_M = 60.0
"""The reach of a strip is constant over pieces of a section of at most this length."""

_DRAWN_M = 0.05
"""Half an 8 m road is drawn 4 m wide: rounding does not make it narrower than twice 2 m."""


@dataclass(frozen=True)
class Strips:
    """The ground that counts as beside each section, all arrays of shape (s,).

    Attributes
    ----------
    lines
        The sections.
    left, right
        Polygons on either side: half the road's width and a margin wide, but not beyond the middle
        between the section and a parallel one of the same level.
    outer
        Polygon that reaches well beyond both: what lies more outside the strips than inside is not
        on the road.
    half_m
        Half the road's width [m].
    length_m
        Length [m].
    level
        0 on the ground.
    beside_m
        The margin [m].
    """

    lines: Geometries
    left: Geometries
    right: Geometries
    outer: Geometries
    half_m: Floats
    length_m: Floats
    level: Ints
    beside_m: float


def road_strips(sections: gpd.GeoDataFrame, *, beside_m: float, outside_m: float) -> Strips:
    """Return the strips beside sections.

    Parameters
    ----------
    sections
        `geo.road_network.RoadNetwork.sections`.
    beside_m
        How far beside the road's edge a footprint still counts as on it [m].
    outside_m
        How far beyond that the outer strip reaches [m].

    Examples
    --------
    >>> line = shapely.linestrings([[0, 0], [50, 0]])
    >>> table = gpd.GeoDataFrame({"width_m": [10.0], "level": [0]}, geometry=[line])
    >>> road_strips(table, beside_m=5.0, outside_m=15.0).left[0].area
    500.0
    """
    lines = as_geometries(sections.geometry.to_numpy())
    length = shapely.length(lines)
    half = sections["width_m"].to_numpy(dtype=np.float64) / 2.0
    level = (
        pd.to_numeric(sections["level"]).fillna(0).to_numpy(dtype=np.int64)
        if "level" in sections
        else np.zeros(len(lines), dtype=np.int64)
    )
    count = np.maximum(np.ceil(length / CHUNK_M), 1).astype(np.int64)
    section, number = ragged_ranges(np.zeros(len(lines), dtype=np.int64), count)
    size = (length / count)[section]
    probes = _probes(lines, section, number * size, (number + 1) * size)
    sides = []
    for sign in (1.0, -1.0):
        reach = _reach(lines, level, half, section, probes, sign, beside_m)
        # Chunks that follow each other with one reach are one strip: fewer to buffer and to unite.
        first = np.ones(len(section), dtype=np.bool_)
        first[1:] = (section[1:] != section[:-1]) | (reach[1:] != reach[:-1])
        run = np.flatnonzero(first)
        last = np.append(run[1:], len(section)) - 1
        whole = substrings(lines[section[run]], (number * size)[run], ((number + 1) * size)[last])
        strip = shapely.buffer(whole, sign * reach[run], cap_style="flat", single_sided=True)
        sides.append(_united(as_geometries(strip), section[run], len(lines)))
    outer = as_geometries(shapely.buffer(lines, half + beside_m + outside_m, cap_style="flat"))
    return Strips(lines, sides[0], sides[1], outer, half, length, level, beside_m)


def _united(strips: Geometries, section: Ints, count: int) -> Geometries:
    """Return the union of the strips of each section; ``section`` is sorted and none is missing."""
    united = np.empty(count, dtype=object)
    united[section] = strips
    several = np.bincount(section, minlength=count)[section] > 1
    numbers, rank = np.unique(section[several], return_inverse=True)
    if len(numbers):
        together = as_geometries(shapely.geometrycollections(strips[several], indices=rank))
        united[numbers] = shapely.union_all(together[:, None], axis=1)
    return united


@dataclass(frozen=True)
class _Probes:
    """Places on chunks from which neighbours are looked for, all arrays of shape (n,) or (n, 2).

    Attributes
    ----------
    chunk
        Position.
    start, along
        Coordinates, and the unit direction of the chunk there.
    """

    chunk: Ints
    start: Floats
    along: Floats


def _probes(lines: Geometries, section: Ints, from_m: Floats, to_m: Floats) -> _Probes:
    shares = np.array([0.1, 0.5, 0.9])
    chunk = np.repeat(np.arange(len(section)), len(shares))
    low, high = from_m[chunk], to_m[chunk]
    at = low + (high - low) * np.tile(shares, len(section))
    # The direction over two metres, of the chunk alone.
    before = np.clip(at - 1.0, low, np.maximum(high - 2.0, low))
    after = np.minimum(before + 2.0, high)
    places = points_along(lines, np.tile(section[chunk], 3), np.concatenate([at, before, after]))
    start, one, two = np.split(places, 3)
    step = two - one
    size = np.hypot(step[:, 0], step[:, 1])[:, None]
    along = np.divide(step, size, out=np.zeros_like(step), where=size > 0)
    return _Probes(chunk, start, along)


def _reach(  # noqa: PLR0917 - one table of chunks
    lines: Geometries,
    level: Ints,
    half: Floats,
    section: Ints,
    probes: _Probes,
    sign: float,
    beside_m: float,
) -> Floats:
    """Return how far each chunk's strip reaches to one side."""
    reach = (half + beside_m)[section]
    owner, start, along = probes.chunk, probes.start, probes.along
    aside = np.stack([-along[:, 1], along[:, 0]], axis=1) * sign
    widest = half.max(initial=0.0)
    # A neighbour further away than this leaves the strip as it is.
    look = (reach[owner] * (1.0 + widest / half[section[owner]]))[:, None]
    rays = as_geometries(shapely.linestrings(np.stack([start, start + aside * look], axis=1)))
    # Lines ask a tree of rays: fewer to prepare than the other way round.
    other, ray = shapely.STRtree(rays).query(lines, predicate="intersects")
    own = section[owner[ray]]
    beside = (other != own) & (level[other] == level[own])
    ray, other, own = ray[beside], other[beside], own[beside]
    met = shapely.intersection(rays[ray], lines[other])
    away = shapely.distance(shapely.points(start[ray]), met)
    there = direction_at(
        lines[other], shapely.line_locate_point(lines[other], shapely.centroid(met))
    )
    parallel = (np.abs((there * along[ray]).sum(axis=1)) > 0.8) & (away > 0.5)
    middle = away * half[own] / (half[own] + half[other])
    np.minimum.at(reach, owner[ray[parallel]], middle[parallel])
    return reach


def _covered(section: Ints, on_strips: Geometries, strips: Strips) -> Flags:
    """Return what lies on a section above or below the ground, and close to a road on the ground."""
    covered = np.zeros(len(section), dtype=np.bool_)
    off = np.flatnonzero(strips.level[section] != 0)
    ground = strips.outer[strips.level == 0]
    row, road = shapely.STRtree(ground).query(on_strips[off], predicate="intersects")
    piece = on_strips[off[row]]
    near = shapely.area(shapely.intersection(piece, ground[road])) >= 0.5 * shapely.area(piece)
    covered[off[row[near]]] = True
    return covered


@dataclass(frozen=True)
class Meetings:
    """Where parts of footprints and sections meet, all arrays of shape (m,) but the intervals.

    Attributes
    ----------
    part, section
        Positions.
    on_m2
        Area of the part on the section's strips.
    share_on
        Share of what lies near the section that is on its strips.
    cut_m
        Length of the centre line inside the part.
    covered
        True where the section is above or below the ground and a road on the ground is there too.
    intervals
        ``meeting``, ``from_m``, ``to_m``, ``sides`` (bits), ``area_m2``: the metres that the part
        takes; intervals of one meeting may overlap.
    """

    part: Ints
    section: Ints
    on_m2: Floats
    share_on: Floats
    cut_m: Floats
    covered: Flags
    intervals: pd.DataFrame


def meet_strips(
    parts: Geometries,
    width_m: Floats,
    strips: Strips,
    *,
    side_share: float,
    full_share: float,
    middle_m: float,
    extra_m: float,
) -> Meetings:
    """Measure what each part of a footprint takes of each section that it meets.

    A part narrower than half the road is projected on the centre line; a wider one that lies on
    both sides is cut by it, and takes one side alone where it goes on for ``extra_m`` or more.

    Parameters
    ----------
    parts
        Polygons or MultiPolygons, shape (p,).
    width_m
        Mean width of each part [m], shape (p,).
    strips
        From `road_strips`.
    side_share
        Both sides count when each holds at least this share of what lies on both.
    full_share
        Both sides count as well when the part is at least this share of the road wide: what is
        drawn as wide as the road means the road, also where it is drawn a little beside it.
    middle_m
        Both sides count as well when the part is narrower than twice this and at least half of what
        lies on both is within this of the centre line [m].
    extra_m
        Least length of a one-sided end of a wide part [m].
    """
    # Whatever touches a strip, found by trees: what is cut in vain costs the most.
    tree = shapely.STRtree(parts)
    touching = [
        touched[1] * len(strips.lines) + touched[0]
        for touched in (
            tree.query(side, predicate="intersects") for side in (strips.left, strips.right)
        )
    ]
    pairs = np.unique(np.concatenate(touching))
    part, section = np.divmod(pairs, max(len(strips.lines), 1))
    shape = parts[part]
    on_left, on_right = (
        _common(shape, side[section], np.searchsorted(pairs, found))
        for side, found in zip((strips.left, strips.right), touching, strict=True)
    )
    left_m2, right_m2 = shapely.area(on_left), shapely.area(on_right)
    real = left_m2 + right_m2 > 0.01
    part, section, shape = part[real], section[real], shape[real]
    on_left, on_right = on_left[real], on_right[real]
    left_m2, right_m2 = left_m2[real], right_m2[real]
    on_m2 = left_m2 + right_m2
    near_m2 = shapely.area(shape)
    wider = np.flatnonzero(near_m2 > on_m2 + 0.01)
    outer = strips.outer[section[wider]]
    near_m2[wider] = shapely.area(shapely.intersection(shape[wider], outer))
    cut = as_geometries(shapely.intersection(strips.lines[section], shape))
    cut_m = shapely.length(cut)

    rows = np.arange(len(part))
    extents = {
        bit: _extents(ground, strips.lines[section], rows)
        for bit, ground in ((LEFT, on_left), (RIGHT, on_right))
    }
    long_m = np.zeros(len(part))
    for found in extents.values():
        size = (found["to_m"] - found["from_m"]).to_numpy()
        long_m = np.maximum(
            long_m, np.bincount(found["meeting"], weights=size, minlength=len(part))
        )
    on_both = np.minimum(left_m2, right_m2) >= side_share * on_m2
    sides = np.where(left_m2 >= right_m2, LEFT, RIGHT)
    sides[on_both | (on_m2 >= full_share * 2.0 * strips.half_m[section] * long_m)] = LEFT | RIGHT
    narrow = np.flatnonzero((sides != LEFT | RIGHT) & (width_m[part] < 2.0 * middle_m - _DRAWN_M))
    narrow = narrow[shapely.distance(shape[narrow], strips.lines[section[narrow]]) < middle_m]
    middle = as_geometries(
        shapely.buffer(strips.lines[section[narrow]], middle_m, cap_style="flat")
    )
    on_middle_m2 = shapely.area(shapely.intersection(on_left[narrow], middle))
    on_middle_m2 += shapely.area(shapely.intersection(on_right[narrow], middle))
    sides[narrow[on_middle_m2 >= 0.5 * on_m2[narrow]]] = LEFT | RIGHT
    is_cut = (width_m[part] >= strips.half_m[section]) & on_both & (cut_m > 0)

    cut_rows = np.flatnonzero(is_cut)
    cuts = _extents(cut[cut_rows], strips.lines[section[cut_rows]], cut_rows)
    cuts["sides"] = LEFT | RIGHT
    length = (cuts["to_m"] - cuts["from_m"]).to_numpy()
    cuts["area_m2"] = length * (on_m2 / np.where(cut_m > 0, cut_m, 1.0))[cuts["meeting"]]
    frames = [cuts]
    for bit, found in extents.items():
        meeting = found["meeting"].to_numpy()
        found["sides"] = np.where(is_cut[meeting], bit, sides[meeting])
        frames.append(_beyond(found[is_cut[meeting]], cuts, extra_m))
        frames.append(found[~is_cut[meeting] & ((sides[meeting] & bit) > 0)])
    intervals = pd.concat(frames, ignore_index=True)
    share_on = np.divide(on_m2, near_m2, out=np.ones(len(on_m2)), where=near_m2 > 0)
    covered = _covered(section, np.where(left_m2 >= right_m2, on_left, on_right), strips)
    return Meetings(part, section, on_m2, share_on, cut_m, covered, intervals)


def _common(one: Geometries, two: Geometries, rows: Ints) -> Geometries:
    """Return what both have in common in the rows where they touch, else nothing."""
    common = np.full(len(one), shapely.Polygon(), dtype=object)
    common[rows] = shapely.intersection(one[rows], two[rows])
    return common


def _extents(shapes: Geometries, lines: Geometries, meeting: Ints) -> pd.DataFrame:
    """Return from where to where each connected part of each shape lies along its line."""
    pieces, row = shapely.get_parts(shapes, return_index=True)
    solid = shapely.get_dimensions(pieces) >= 1
    pieces, row = pieces[solid], row[solid]
    xy, owner = shapely.get_coordinates(pieces, return_index=True)
    at = shapely.line_locate_point(lines[row[owner]], shapely.points(xy))
    low = np.full(len(pieces), np.inf)
    high = np.full(len(pieces), -np.inf)
    np.minimum.at(low, owner, at)
    np.maximum.at(high, owner, at)
    found = pd.DataFrame(
        {
            "meeting": meeting[row].astype(np.int64),
            "from_m": low,
            "to_m": high,
            "area_m2": shapely.area(pieces),
        }
    )
    return found[high > low].reset_index(drop=True)


def _beyond(one_sided: pd.DataFrame, cuts: pd.DataFrame, extra_m: float) -> pd.DataFrame:
    """Return the ends of one-sided intervals that go on beyond the cuts of their meeting."""
    if not len(one_sided):
        return one_sided
    reach = cuts.groupby("meeting").agg(low=("from_m", "min"), high=("to_m", "max"))
    near = one_sided.join(reach, on="meeting")
    length = near["to_m"] - near["from_m"]
    before = near.assign(to_m=near[["to_m", "low"]].min(axis=1))
    after = near.assign(from_m=near[["from_m", "high"]].max(axis=1))
    ends = pd.concat([before, after])
    kept = ends["to_m"] - ends["from_m"]
    ends["area_m2"] *= kept / pd.concat([length, length])
    return ends.loc[kept >= extra_m, one_sided.columns]

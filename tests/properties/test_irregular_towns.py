"""Extents in towns without order, of which it is known where every street meets every other.

Streets follow the edges of a net of triangles and go on as straight as they can. Some share a
name, some have two carriageways; in some a piece is missing, some end short of the street they
lead to, some pass over another.
"""

from __future__ import annotations

import collections
import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import shapely
from shapely.ops import substring

from coordination.extents.located import Gazetteer
from coordination.extents.parsed import End, Extent, ParsedText
from coordination.extents.resolve import locate
from geo.road_network import build_network

STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒"
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class IrregularTown:
    """Streets as they are: ``streets[i]`` passes the points of its numbers and is called ``names[i]``.

    `lines` are what is left of them in the network.
    """

    points: Points
    streets: list[list[int]]
    names: list[str]
    lines: gpd.GeoDataFrame

    def stretches(self) -> Iterator[tuple[str, str, str, shapely.LineString]]:
        """Yield road, both cross streets and the true line of every stretch."""
        through = collections.defaultdict(set)
        for street, numbers in enumerate(self.streets):
            for number in numbers:
                through[number].add(self.names[street])
        for name, numbers in zip(self.names, self.streets, strict=True):
            for i, j in itertools.combinations(range(len(numbers)), 2):
                line = shapely.LineString([self.points[n] for n in numbers[i : j + 1]])
                cross = through[numbers[i]] - {name}, through[numbers[j]] - {name}
                for one, two in itertools.product(*map(sorted, cross)):
                    if one != two and numbers[i] != numbers[j]:
                        yield name, one, two, line


def irregular_town(seed: int, size: int = 4) -> IrregularTown:
    """Return a town of some ``size * size`` junctions."""
    draw = random.Random(seed)
    points = [
        (i * 260 + draw.uniform(-70, 70), j * 260 + draw.uniform(-70, 70))
        for i in range(size)
        for j in range(size)
    ]
    number = {point: at for at, point in enumerate(points)}
    net = shapely.delaunay_triangles(shapely.MultiPoint(points), only_edges=True)
    edges = [
        (number[edge.coords[0]], number[edge.coords[-1]])
        for edge in shapely.get_parts(shapely.get_parts(net))
        if edge.length < 420 and draw.random() < 0.68
    ]
    streets = _streets(points, edges, draw)
    names: list[str] = []
    for at in range(len(streets)):
        if at and draw.random() < 0.15:
            names.append(draw.choice(names))
        else:
            new = "" if at < len(STEMS) else "新"
            names.append(STEMS[at % len(STEMS)] + new + draw.choice(["路", "东路", "公路"]))
    rows = []
    for name, numbers in zip(names, streets, strict=True):
        divided = draw.random() < 0.2
        for line, level in _damaged([points[n] for n in numbers], draw):
            if not divided:
                rows.append((name, line, False, level))
                continue
            for off in (9.0, -9.0):
                beside = shapely.get_parts(shapely.offset_curve(line, off))
                rows += [
                    (name, part if off < 0 else part.reverse(), True, level)
                    for part in beside
                    if part.length > 5
                ]
    table = {
        "source_id": [f"w{at:03d}" for at in range(len(rows))],
        "road": [row[0] for row in rows],
        "road_class": "local",
        "width_m": 10.0,
        "oneway": [row[2] for row in rows],
        "level": [row[3] for row in rows],
    }
    lines = gpd.GeoDataFrame(table, geometry=[row[1] for row in rows], crs=4549)
    return IrregularTown(points, streets, names, lines)


def _streets(points: Points, edges: list[tuple[int, int]], draw: random.Random) -> list[list[int]]:
    """Join edges to streets that go on as straight as they can."""
    at = collections.defaultdict(list)
    for edge, pair in enumerate(edges):
        for end in pair:
            at[end].append(edge)

    def other(edge: int, end: int) -> int:
        one, two = edges[edge]
        return two if one == end else one

    def direction(edge: int, end: int) -> float:
        (x, y), (u, v) = points[end], points[other(edge, end)]
        return math.atan2(v - y, u - x)

    goes_on: dict[tuple[int, int], int] = {}
    for end, own in at.items():
        free = set(own)
        turns = []
        for one, two in itertools.combinations(own, 2):
            turn = direction(one, end) - direction(two, end)
            bend = abs(abs((turn + math.pi) % (2 * math.pi) - math.pi) - math.pi)
            if bend < math.radians(draw.choice([30, 30, 60])):
                turns.append((bend, one, two))
        for _, one, two in sorted(turns):
            if {one, two} <= free:
                free -= {one, two}
                goes_on[end, one], goes_on[end, two] = two, one

    def follow(edge: int, end: int) -> tuple[list[int], list[int]]:
        used, passed, now = [edge], [end], edge
        while (end, now) in goes_on and goes_on[end, now] not in used:
            now = goes_on[end, now]
            end = other(now, end)
            used.append(now)
            passed.append(end)
        return used, passed

    seen: set[int] = set()
    streets = []
    for edge, (one, two) in enumerate(edges):
        if edge in seen:
            continue
        back, before = follow(edge, one)
        ahead, after = follow(edge, two)
        ring = set(back[1:]) & set(ahead[1:])
        seen |= {*back, *ahead}
        streets.append([*([one] if ring else reversed(before)), *after])
    return streets


def _damaged(points: Points, draw: random.Random) -> list[tuple[shapely.LineString, int]]:
    """Return a street's line with its level, perhaps in pieces, with one missing or one above."""
    line = shapely.LineString(points)
    what = draw.random()
    if what < 0.15 and len(points) > 2:
        at = draw.randrange(len(points) - 1)
        begin = shapely.LineString(points[: at + 1]).length if at else 0.0
        edge, gap = math.dist(points[at], points[at + 1]), draw.uniform(10, 80)
        if edge > gap + 60:
            stop = begin + (edge - gap) / 2
            return [(substring(line, 0, stop), 0), (substring(line, stop + gap, line.length), 0)]
    elif what < 0.32:
        cut = draw.uniform(12, 70)
        if line.length > cut + 40:
            return [(substring(line, cut, line.length), 0)]
    elif what < 0.46 and len(points) > 2:
        at = draw.randrange(1, len(points) - 1)
        middle = shapely.LineString(points[: at + 1]).length
        low, high = middle - 50, middle + 50
        if low > 1 and high < line.length - 1:
            return [
                (substring(line, 0, low), 0),
                (substring(line, low, high), 1),
                (substring(line, high, line.length), 0),
            ]
    return [(line, 0)]


def fits(place: shapely.Geometry, truth: shapely.LineString) -> bool:
    """Return whether a place is the true stretch but for its mouths."""
    ends = shapely.MultiPoint([truth.coords[0], truth.coords[-1]])
    return bool(
        truth.difference(ends.buffer(75)).difference(place.buffer(30)).length < 1
        and place.difference(truth.buffer(30)).length < 1
    )


def test_what_is_located_in_an_irregular_town_is_the_truth_and_what_is_asked_offers_it() -> None:
    # Thousands of towns were tried once; these few are what the suite has time for.
    offered = asked = located = 0
    for seed in range(10):
        town = irregular_town(seed)
        truths = list(town.stretches())[:40]
        texts = []
        for road, one, two, _ in truths:
            ends = (End("road", one), End("road", two))
            extent = Extent(f"{road}({one}-{two})", "stretch", (road,), ends)
            texts.append(ParsedText(extent.text, (extent,)))
        network = build_network(town.lines, width_m={"local": 10.0}, corner_radius_m=8.0)
        places = locate(texts, Gazetteer(network))
        for (road, one, two, truth), (found,) in zip(truths, places, strict=True):
            if found.status == "located":
                located += 1
                assert found.geometry is not None
                assert fits(found.geometry, truth), (seed, road, one, two)
            elif found.status == "ask":
                asked += 1
                shapes = [one.geometry for one in found.candidates if one.geometry is not None]
                offered += any(fits(shape, truth) for shape in shapes)
    assert located >= 100
    assert offered >= 0.85 * asked

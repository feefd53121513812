"""How well footprints are assigned to sections: drawings whose truth is known, with noise.

Run it as ``python benchmarks/bench_assignment.py [--per-kind 200] [--seed 0]``. It draws footprints of
every kind that planners draw on a grid town made here, and on the roads of Jiading where the folder
of real data is there, displaces them, assigns them, and compares with what was meant.

Noise of ``n`` metres moves the whole drawing by ``n`` in a random direction and each vertex by a
normal error of ``n / 4``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.line_parts import substrings
from geo.linear_reference import AssignmentRule, Assignments, assign
from geo.road_network import RoadNetwork, build_network

WIDTH_M = {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}
NOISE_M = (0.0, 2.0, 5.0)
SHORTEST_M = 60.0


@dataclass(frozen=True)
class Drawing:
    """A drawn footprint and what was meant by it.

    Attributes
    ----------
    shape
        Polygon or MultiPolygon.
    meant
        ``(section, from_m, to_m, side)`` of each section meant; empty for junctions and squares.
    """

    shape: shapely.Geometry
    meant: tuple[tuple[int, float, float, str], ...]


class Town:
    """A network with what drawing on it needs at hand."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        sections = network.sections
        self.lines = sections.geometry.to_numpy()
        self.length = shapely.length(self.lines)
        self.width = sections["width_m"].to_numpy()
        self.road = sections["road"].to_numpy(dtype=object)
        self.ends = sections[["node_from", "node_to"]].to_numpy(dtype=object)
        self.oneway = sections["oneway"].to_numpy()
        ground = sections["level"].to_numpy() == 0
        self.fit = ground & sections["named"].to_numpy() & (self.length >= SHORTEST_M)
        self.at_node: dict[str, list[int]] = {}
        for section in np.flatnonzero(self.fit):
            for node in self.ends[section]:
                self.at_node.setdefault(node, []).append(int(section))
        self.junctions = network.junctions.geometry.to_numpy()
        self.all_lines = shapely.union_all(self.lines)
        self.tree = shapely.STRtree(np.where(ground, self.lines, None))
        self.carriageways: list[tuple[int, int]] | None = None

    def chain(self, rng: np.random.Generator, longest: int, *, oneway: bool = False) -> list[int]:
        """Return neighbouring sections of one road, each turned as the walk goes (see `path`)."""
        first = int(rng.choice(np.flatnonzero(self.fit & (self.oneway == oneway))))
        found, node = [first], self.ends[first, 1]
        while len(found) < longest:
            onward = [
                other
                for other in self.at_node.get(node, [])
                if other not in found
                and self.road[other] == self.road[first]
                and self.oneway[other] == oneway
                and (self.ends[other, 0] == node or not oneway)
                and self._ahead(found[-1], other, node)
            ]
            if not onward:
                break
            found.append(onward[0])
            node = self.ends[onward[0], 1 if self.ends[onward[0], 0] == node else 0]
        return found

    def _ahead(self, one: int, other: int, node: str) -> bool:
        """Tell whether the walk goes roughly straight on from one section into the other."""
        here = shapely.get_coordinates(self.lines[one])
        there = shapely.get_coordinates(self.lines[other])
        step = here[-1] - here[-2] if self.ends[one, 1] == node else here[0] - here[1]
        onward = there[1] - there[0] if self.ends[other, 0] == node else there[-2] - there[-1]
        return bool(step @ onward > 0.8 * np.hypot(*step) * np.hypot(*onward))

    def path(self, chain: list[int]) -> tuple[shapely.LineString, list[tuple[float, bool]]]:
        """Return the line along a chain, and where on it each section starts and if it is turned."""
        node = self.ends[chain[0], 1]
        coordinates = [shapely.get_coordinates(self.lines[chain[0]])]
        turned = [False]
        for section in chain[1:]:
            backward = self.ends[section, 0] != node
            xy = shapely.get_coordinates(self.lines[section])
            coordinates.append(xy[::-1] if backward else xy)
            turned.append(backward)
            node = self.ends[section, 0 if backward else 1]
        line = shapely.LineString(np.concatenate(coordinates))
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line.coords, axis=0).T))])
        first = np.cumsum([0] + [len(xy) for xy in coordinates[:-1]])
        return line, list(zip(along[first].tolist(), turned, strict=True))

    def along(  # noqa: PLR0917 - a drawing in the road's own coordinates
        self, chain: list[int], start: float, stop: float, low: float, high: float, side: str
    ) -> Drawing:
        """Draw from ``start`` to ``stop`` along a chain, ``low`` to ``high`` to the left of it."""
        line, places = self.path(chain)
        meant = []
        for section, (at, backward) in zip(chain, places, strict=True):
            one, two = np.clip([start - at, stop - at], 0.0, self.length[section])
            if two - one > 1.0:
                if backward:
                    one, two = self.length[section] - two, self.length[section] - one
                flip = {"left": "right", "right": "left"}
                meant.append((section, one, two, flip.get(side, side) if backward else side))
        return Drawing(strip(line, start, stop, low, high), tuple(meant))


def strip(
    line: shapely.LineString, start: float, stop: float, low: float, high: float
) -> shapely.Geometry:
    """Return the ground from ``start`` to ``stop`` along a line, ``low`` to ``high`` to its left."""
    xy = np.array(line.coords)
    if start < 0 or stop > line.length:  # drawn beyond the ends
        for at, beside in ((0, 1), (-1, -2)):
            step = xy[at] - xy[beside]
            xy[at] += step / np.hypot(*step) * 60.0
        line, start, stop = shapely.LineString(xy), start + 60.0, stop + 60.0
    part = substrings(np.array([line]), np.array([start]), np.array([stop]))[0]
    if low < 0 < high:
        sides = [part.buffer(d, cap_style="flat", single_sided=True) for d in (low, high)]
        return shapely.union_all(sides)
    near, far = sorted((low, high), key=abs)
    wide = part.buffer(far, cap_style="flat", single_sided=True)
    return (
        wide
        if near == 0
        else wide.difference(part.buffer(near, cap_style="flat", single_sided=True))
    )


def whole_street(town: Town, rng: np.random.Generator) -> Drawing:
    """Several sections and the junctions between, drawn a little into the junctions at both ends."""
    chain = town.chain(rng, int(rng.integers(1, 5)))
    half = town.width[chain].max() * rng.uniform(0.45, 0.6)
    more = rng.uniform(0.0, 12.0, 2)
    length = town.path(chain)[0].length
    return town.along(chain, -more[0], length + more[1], -half, half, "both")


def partial_dig(town: Town, rng: np.random.Generator) -> Drawing:
    """A piece of one section: its full width, or one half of it."""
    chain = town.chain(rng, 1)
    length, half = town.length[chain[0]], town.width[chain[0]] / 2.0
    size = rng.uniform(15.0, min(length, 150.0))
    start = rng.uniform(0.0, length - size)
    low, high, side = [(-half, half, "both"), (0.0, half, "left"), (-half, 0.0, "right")][
        rng.integers(3)
    ]
    return town.along(chain, start, start + size, low, high, side)


def kerb_strip(town: Town, rng: np.random.Generator) -> Drawing:
    """A narrow strip at the kerb, on the carriageway's edge or on the footway."""
    chain = town.chain(rng, int(rng.integers(1, 4)))
    half = town.width[chain].min() / 2.0
    wide = rng.uniform(1.5, 3.5)
    near = rng.uniform(half - wide - 1.0, half + 0.5)
    sign = rng.choice([-1.0, 1.0])
    start, stop = _inside(town, chain, rng)
    low, high = sorted((sign * near, sign * (near + wide)))
    return town.along(chain, start, stop, low, high, "left" if sign > 0 else "right")


def corridor(town: Town, rng: np.random.Generator) -> Drawing:
    """A full-width corridor over several sections that begins and ends inside a section."""
    chain = town.chain(rng, int(rng.integers(1, 5)))
    half = town.width[chain].max() / 2.0
    return town.along(chain, *_inside(town, chain, rng), -half, half, "both")


def _inside(town: Town, chain: list[int], rng: np.random.Generator) -> tuple[float, float]:
    """Return where a drawing begins and ends, at least 25 m inside its first and last section."""
    line, _ = town.path(chain)
    first, last = town.length[chain[0]], town.length[chain[-1]]
    if len(chain) == 1:
        return rng.uniform(0, first / 2 - 15.0), rng.uniform(first / 2 + 15.0, first)
    return rng.uniform(0, first - 25.0), line.length - rng.uniform(0, last - 25.0)


def square(town: Town, rng: np.random.Generator) -> Drawing:
    """A dig on a junction, or a square away from every road."""
    if rng.random() < 0.5:
        area = town.junctions[rng.integers(len(town.junctions))]
        size = rng.uniform(3.0, 0.35 * np.sqrt(area.area))
        centre = area.representative_point()
        return Drawing(centre.buffer(size, cap_style="square").intersection(area), ())
    west, south, east, north = town.network.sections.total_bounds
    while True:
        centre = shapely.Point(rng.uniform(west, east), rng.uniform(south, north))
        size = rng.uniform(5.0, 30.0)
        if centre.distance(town.all_lines) > 40.0 + 1.5 * size:
            return Drawing(centre.buffer(size, cap_style="square"), ())


def side_street(town: Town, rng: np.random.Generator) -> Drawing:
    """A street drawn right to the middle of the main road that it leaves."""
    while True:
        chain = town.chain(rng, 1)
        node = town.ends[chain[0], 0]
        trim = town.network.sections["trim_from_m"].to_numpy()[chain[0]]
        others = [s for s in town.at_node[node] if town.road[s] != town.road[chain[0]]]
        if others and trim > 0:
            break
    half = town.width[chain[0]] / 2.0
    stop = town.length[chain[0]] * rng.uniform(0.4, 1.0)
    return town.along(chain, -trim, stop, -half, half, "both")


def unmapped_lane(town: Town, rng: np.random.Generator) -> Drawing:
    """A lane that the network does not have, drawn up to the kerb of a road that it has."""
    section = town.chain(rng, 1)[0]
    half = town.width[section] / 2.0
    at = town.length[section] * rng.uniform(0.3, 0.7)
    line = town.lines[section]
    xy = shapely.get_coordinates(line.interpolate([at - 1.0, at, at + 1.0]))
    step = (xy[2] - xy[0]) / np.hypot(*(xy[2] - xy[0]))
    aside = np.array([-step[1], step[0]]) * rng.choice([-1.0, 1.0])
    lane = shapely.LineString([xy[1] + aside * half, xy[1] + aside * (half + rng.uniform(40, 120))])
    if lane.distance(town.all_lines.difference(line.buffer(1.0))) < 25.0:
        return unmapped_lane(town, rng)
    return Drawing(lane.buffer(rng.uniform(2.0, 4.0), cap_style="flat"), ())


def across(town: Town, rng: np.random.Generator) -> Drawing:
    """A narrow cut across the road."""
    chain = town.chain(rng, 1)
    half = town.width[chain[0]] / 2.0 + 2.0
    at = rng.uniform(10.0, town.length[chain[0]] - 14.0)
    return town.along(chain, at, at + 3.0, -half, half, "both")


def one_carriageway(town: Town, rng: np.random.Generator) -> Drawing:
    """One carriageway of a dual road, or a strip on it."""
    chain = town.chain(rng, int(rng.integers(1, 4)), oneway=True)
    half = town.width[chain].min() / 2.0
    start, stop = _inside(town, chain, rng)
    if rng.random() < 0.5:
        return town.along(chain, start, stop, -half, half, "both")
    # Most of a carriageway of up to 7 m is its middle, where no side is certain.
    side = "right" if half > 3.5 else "both"
    return town.along(chain, start, stop, -half, -half + 3.0, side)


def full_dual(town: Town, rng: np.random.Generator) -> Drawing:
    """Both carriageways of a dual road between two junctions, drawn as one."""
    if town.carriageways is None:
        town.carriageways = _carriageways(town)
    one, two = town.carriageways[rng.integers(len(town.carriageways))]
    half = max(town.width[one], town.width[two]) / 2.0
    both = shapely.union_all(town.lines[[one, two]].tolist())
    gap = shapely.distance(*(line.interpolate(0.5, normalized=True) for line in both.geoms))
    shape = shapely.buffer(shapely.buffer(both, gap, cap_style="flat"), half - gap)
    shape = shape.union(both.buffer(half, cap_style="flat"))
    meant = tuple((int(s), 0.0, float(town.length[s]), "both") for s in (one, two))
    return Drawing(shape, meant)


def _carriageways(town: Town) -> list[tuple[int, int]]:
    """Return pairs of carriageways between the same two junctions."""
    found = []
    for one in np.flatnonzero(town.fit & town.oneway):
        for two in town.at_node[town.ends[one, 1]]:
            opposite = (town.ends[two] == town.ends[one][::-1]).all()
            same = town.oneway[two] and town.road[two] == town.road[one]
            if two > one and opposite and same:
                found.append((int(one), int(two)))
    return found


def round_the_corner(town: Town, rng: np.random.Generator) -> Drawing:
    """A corridor that turns from one road into another and ends well inside both."""
    while True:
        one = town.chain(rng, 1)[0]
        node = town.ends[one, 1]
        others = [
            s
            for s in town.at_node[node]
            if town.road[s] != town.road[one] and not town.oneway[s] and town.ends[s, 0] == node
        ]
        if others:
            break
    two = int(rng.choice(others))
    half = min(town.width[one], town.width[two]) / 2.0
    lengths = [rng.uniform(40.0, town.length[s]) for s in (one, two)]
    xy = np.concatenate([shapely.get_coordinates(town.lines[s]) for s in (one, two)])
    line = shapely.LineString(xy)
    start = town.length[one] - lengths[0]
    stop = line.length - town.length[two] + lengths[1]
    meant = ((one, start, town.length[one], "both"), (two, 0.0, lengths[1], "both"))
    part = substrings(np.array([line]), np.array([start]), np.array([stop]))[0]
    return Drawing(part.buffer(half, cap_style="flat"), meant)


KINDS: dict[str, Callable[[Town, np.random.Generator], Drawing]] = {
    kind.__name__: kind
    for kind in (
        whole_street, partial_dig, kerb_strip, corridor, across, round_the_corner, side_street,
        unmapped_lane, square, one_carriageway, full_dual,
    )
}  # fmt: skip


def drawn(town: Town, kind: str, rng: np.random.Generator) -> Drawing:
    """Draw until the truth is beyond doubt: no other road of the ground lies on the drawing."""
    while True:
        drawing = KINDS[kind](town, rng)
        near = town.tree.query(drawing.shape, predicate="intersects")
        others = np.setdiff1d(near, [row[0] for row in drawing.meant])
        inside = shapely.length(shapely.intersection(town.lines[others], drawing.shape))
        most = 15.0 if drawing.meant else 1.0
        if not (inside > np.minimum(most, 0.2 * town.length[others])).any():
            return drawing


def displaced(
    shape: shapely.Geometry, noise_m: float, rng: np.random.Generator
) -> shapely.Geometry:
    """Return a drawing moved by ``noise_m``, its vertices by a quarter of that."""
    turn = rng.uniform(0.0, 2.0 * np.pi)
    move = noise_m * np.array([np.cos(turn), np.sin(turn)])

    def shaken(xy: np.ndarray) -> np.ndarray:
        places, which = np.unique(xy, axis=0, return_inverse=True)
        return xy + move + rng.normal(0.0, noise_m / 4.0, places.shape)[which]

    moved = shapely.transform(shape, shaken)
    return shapely.make_valid(moved, method="structure", keep_collapsed=False)


def grid_town(*, seed: int = 0) -> RoadNetwork:
    """Return a town of eight by eight streets, two of them dual carriageways, one of them bent."""
    rng = np.random.default_rng(seed)
    at = np.concatenate([[0.0], np.cumsum(rng.uniform(150.0, 320.0, 7))])
    rows = []
    for number, place in enumerate(at):
        for across_town in (False, True):
            road_class = ["local", "secondary", "arterial", "local"][number % 4]
            bend = 60.0 * np.sin(np.linspace(0.0, np.pi, 30)) if number == 5 else np.zeros(30)
            run = np.linspace(-120.0, at[-1] + 120.0, 30)
            offsets = [-9.0, 9.0] if number == 2 else [0.0]
            for offset in offsets:
                xy = np.stack([run, place + offset + bend], axis=1)
                xy = xy[:, ::-1] if across_town else xy
                # Traffic keeps to the right.
                if offset and (offset > 0) != across_town:
                    xy = xy[::-1]
                rows.append(
                    (f"{'横' if across_town else '纵'}{number}路", road_class, xy, bool(offset))
                )
    lines = gpd.GeoDataFrame(
        {
            "source_id": np.arange(len(rows)),
            "road": [row[0] for row in rows],
            "road_class": [row[1] for row in rows],
            "width_m": np.nan,
            "oneway": [row[3] for row in rows],
            "level": 0,
        },
        geometry=[shapely.LineString(row[2] + [600_000.0, 3_470_000.0]) for row in rows],
        crs=4549,
    )
    return build_network(lines, width_m=WIDTH_M, corner_radius_m=8.0)


def jiading(folder: Path) -> RoadNetwork:
    """Return the network of Jiading from OSM ways."""
    ways = gpd.read_file(folder / "shanghai_jiading_osm_roads" / "ways.geojson").to_crs(4549)
    kind = ways["highway"].str.removesuffix("_link")
    classes = {
        "motorway": "expressway",
        "trunk": "expressway",
        "primary": "arterial",
        "secondary": "secondary",
    }
    lines = gpd.GeoDataFrame(
        {
            "source_id": ways["osm_way_id"],
            "road": ways["name"],
            "road_class": kind.map(classes).fillna("local"),
            "width_m": np.where(ways["highway"].str.endswith("_link"), 7.0, np.nan),
            "oneway": ways["oneway"].eq("yes"),
            "level": ways["bridge"].notna().astype(int),
        },
        geometry=ways.geometry,
        crs=ways.crs,
    )
    return build_network(lines, width_m=WIDTH_M, corner_radius_m=8.0)


def score(found: Assignments, drawings: list[Drawing], kinds: list[str]) -> pd.DataFrame:
    """Return precision, recall, share of right sides and errors of ends per kind of drawing."""
    meant = pd.DataFrame(
        [(site, *row) for site, drawing in enumerate(drawings) for row in drawing.meant],
        columns=["site", "section", "from_m", "to_m", "side"],
    )
    spans = found.spans.groupby(["site", "section"]).agg(
        from_m=("from_m", "min"), to_m=("to_m", "max"), side=("side", "first"),
        sides=("side", "nunique"),
    )  # fmt: skip
    both = meant.merge(
        spans.reset_index(), "outer", on=["site", "section"], indicator=True,
        suffixes=("", "_found"),
    )  # fmt: skip
    both["kind"] = np.array(kinds, dtype=object)[both["site"].to_numpy()]
    rows = []
    for kind in [*dict.fromkeys(kinds), "all"]:
        own = both if kind == "all" else both[both["kind"] == kind]
        hit = own[own["_merge"] == "both"]
        error = np.concatenate(
            [(hit[end] - hit[f"{end}_found"]).abs().to_numpy() for end in ("from_m", "to_m")]
        )
        claimed, true = (own["_merge"] != "left_only").sum(), (own["_merge"] != "right_only").sum()
        rows.append(
            {
                "kind": kind,
                "drawn": len(kinds) if kind == "all" else kinds.count(kind),
                "meant": true,
                "wrong": claimed - len(hit),
                "missed": true - len(hit),
                "precision": len(hit) / claimed if claimed else np.nan,
                "recall": len(hit) / true if true else np.nan,
                "right_side": hit["side"].eq(hit["side_found"]).mean() if len(hit) else np.nan,
                "error_50_m": np.median(error) if len(error) else np.nan,
                "error_95_m": np.quantile(error, 0.95) if len(error) else np.nan,
            }
        )
    return pd.DataFrame(rows)


def measure(
    network: RoadNetwork,
    noise_m: float,
    *,
    per_kind: int,
    seed: int,
    rule: AssignmentRule | None = None,
    left_out: tuple[str, ...] = (),
) -> tuple[pd.DataFrame, float]:
    """Draw, displace, assign and score; return the scores and the seconds that assigning took."""
    rng = np.random.default_rng(seed)
    town = Town(network)
    kinds = [kind for kind in KINDS if kind not in left_out for _ in range(per_kind)]
    drawings = [drawn(town, kind, rng) for kind in kinds]
    shapes = np.array([displaced(d.shape, noise_m, rng) for d in drawings], dtype=object)
    began = time.perf_counter()
    found = assign(shapes, network, rule)
    return score(found, drawings, kinds), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-kind", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("DIGONCE_TEST_DATA", root.parent / "shared" / "data"))
    networks = {"grid": grid_town()}
    if (folder / "shanghai_jiading_osm_roads").exists():
        networks["jiading"] = jiading(folder)
    for name, network in networks.items():
        print(f"{name}: {len(network.sections)} sections, {len(network.junctions)} junctions")
        for noise_m in NOISE_M:
            table, seconds = measure(network, noise_m, per_kind=options.per_kind, seed=options.seed)
            drawn = table["drawn"].iloc[-1]
            print(f"\nnoise {noise_m:g} m, {drawn} footprints assigned in {seconds:.2f} s")
            print(table.round(3).to_string(index=False))
        print()


if __name__ == "__main__":
    main()

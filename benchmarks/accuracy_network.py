"""Streets on which planted works lie: an irregular town made here, or a real network.

The made town is no grid: nodes are displaced, streets bend, one in eight is missing (T-junctions, dead
ends), diagonals cut across, roads change their name on the way (``…东路`` goes on where ``…西路`` ends).
At its rim hang *headlands*, small loops whose only ways into town are two or three links: what happens
to traffic when links close is known there by adding up lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.policy import NetworkPolicy
from geo.road_network import RoadNetwork, build_network

METRIC_CRS = CRS(4549)
WIDTH_M = {"arterial": 24.0, "secondary": 18.0, "local": 10.0}
HALF_PLOT_M = 62.0
"""A plot holds works up to this far from its origin along the road."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Streets:
    """A network, and plots on it.

    Attributes
    ----------
    network
        What detection gets.
    plots
        One row per free piece of road: ``road``, ``road_class``, ``width_m``, ``at_m`` (of the
        origin along the line), ``geometry`` (LineString, m). Works on different plots are further
        apart than any rule reaches.
    headlands
        One row per link between town and headland: ``headland``, ``link`` (0, 1, …), ``links``
        (how many that headland has) and the columns of ``plots``; empty on real networks.
    graph
        The made town as its lines: nodes, ``length_m`` and ``line`` per edge; ``line`` is a column
        of ``plots`` and ``headlands`` too. None on real networks.
    """

    network: RoadNetwork
    plots: gpd.GeoDataFrame
    headlands: gpd.GeoDataFrame
    graph: nx.MultiGraph[tuple[float, float]] | None


def made_streets(side: int, rng: np.random.Generator) -> Streets:
    """Make a town of about ``side`` × ``side`` junctions."""
    xy = _nodes(side, rng)
    edges = _edges(side, rng)
    rows = []
    for a, b, road, road_class in edges:
        line = _bent(xy[a], xy[b], rng)
        rows.append((road, road_class, line, -1, -1))
    rows += _headlands(side, xy, rng)
    table = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=["road", "road_class", "geometry", "headland", "link"]),
        geometry="geometry",
        crs=METRIC_CRS,
    )
    table["width_m"] = table["road_class"].map(WIDTH_M)
    table["at_m"] = table.geometry.length / 2
    table["line"] = np.arange(len(table))
    lines = table.assign(source_id=np.arange(len(table)), oneway=False, level=0)
    policy = NetworkPolicy()
    network = build_network(lines, width_m=policy.width_m, corner_radius_m=policy.corner_radius_m)
    # Works keep 45 m from every node: off the junctions, and off streets that leave at a sharp angle.
    plots = table[(table["headland"] < 0) & (table.geometry.length > 2 * HALF_PLOT_M + 90.0)]
    links = table[(table["headland"] >= 0) & (table["link"] >= 0)].copy()
    links["links"] = links.groupby("headland")["link"].transform("size")
    graph: nx.MultiGraph[tuple[float, float]] = nx.MultiGraph()
    for number, line in enumerate(table.geometry):
        graph.add_edge(line.coords[0], line.coords[-1], length_m=line.length, line=number)
    return Streets(network, _without_near(plots, table), links.reset_index(drop=True), graph)


def real_streets(network: RoadNetwork) -> Streets:
    """Take the free pieces of a real network: long sections of named roads on the ground.

    Sections run from mouth to mouth; a plot keeps 25 m from both, so that works on neighbouring
    sections are more than 50 m apart along the road. One of two carriageways is left out, as its twin
    is too near.
    """
    sections = network.sections
    keep = (
        sections["named"].to_numpy()
        & (sections["level"].to_numpy() == 0)
        & (sections.geometry.length.to_numpy() >= 2 * HALF_PLOT_M + 50.0)
    )
    plots = sections.loc[keep, ["road", "road_class", "width_m", "geometry"]].copy()
    plots["at_m"] = plots.geometry.length / 2
    table = sections[sections["level"] == 0]
    return Streets(
        network,
        _without_near(plots, table),
        plots.iloc[:0].assign(headland=0, link=0, links=0),
        None,
    )


def _without_near(plots: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out plots beside which another street runs: there a footprint may be on either."""
    at = plots["at_m"].to_numpy()
    pieces = [
        shapely.ops.substring(line, middle - HALF_PLOT_M, middle + HALF_PLOT_M)
        for line, middle in zip(plots.geometry, at, strict=True)
    ]
    ground = shapely.buffer(
        np.array(pieces, dtype=object), plots["width_m"].to_numpy() / 2 + 5.0, cap_style="flat"
    )
    zone = shapely.buffer(
        lines.geometry.to_numpy(), lines["width_m"].to_numpy() / 2 + 8.0, cap_style="flat"
    )
    plot, _ = shapely.STRtree(zone).query(ground, predicate="intersects")
    near = np.bincount(plot, minlength=len(plots)) > 1
    # Across a sharp bend metres along and across the road no longer tell the distance.
    ends = shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)
    near |= shapely.distance(*ends) < 0.985 * shapely.length(pieces)
    kept = np.flatnonzero(~near)
    # Two carriageways are one road: only one of them holds a plot.
    road = plots["road"].to_numpy(dtype=object)
    one, two = shapely.STRtree(ground[kept]).query(ground[kept], predicate="dwithin", distance=75.0)
    twins = (one < two) & (road[kept[one]] == road[kept[two]])
    alone: gpd.GeoDataFrame = plots.iloc[np.delete(kept, two[twins])].reset_index(drop=True)
    return alone


def _nodes(side: int, rng: np.random.Generator) -> Floats:
    """Return places of ``side * side`` nodes: uneven distances, displaced, turned."""
    columns = np.cumsum(rng.uniform(270.0, 430.0, side))
    rows = np.cumsum(rng.uniform(270.0, 430.0, side))
    x, y = np.meshgrid(columns, rows)
    xy = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-35.0, 35.0, (side * side, 2))
    turn = np.deg2rad(17.0)
    turned = xy @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.round(turned - turned.mean(axis=0) + np.array([618_900.0, 3_473_000.0]), 3)


def _edges(side: int, rng: np.random.Generator) -> list[tuple[int, int, str, str]]:
    """Return node, node, road and class of each street of the town."""
    edges = []
    for way, (along, across) in enumerate([(1, side), (side, 1)]):
        for line in range(side):
            road_class = str(rng.choice(["arterial", "secondary", "local"], p=[0.2, 0.35, 0.45]))
            stem, piece = f"{'甲乙'[way]}{line:02d}", 0
            for step in range(side - 1):
                if rng.random() < 0.2:
                    piece += 1
                a = line * across + step * along
                suffix = ("西东" if way == 0 else "南北")[piece % 2]
                name = f"{stem}{suffix}{piece // 2 or ''}路"
                inner = 0 < line < side - 1
                if inner and rng.random() < 0.12:
                    continue
                edges.append((a, a + along, name, road_class))
    for k in range(side):
        i, j = rng.integers(1, side - 2, 2)
        edges.append((int(i * side + j), int((i + 1) * side + j + 1), f"斜{k:02d}路", "local"))
    unique = {(a, b): (a, b, road, kind) for a, b, road, kind in edges}
    graph = nx.Graph((a, b) for a, b in unique)
    whole = max(nx.connected_components(graph), key=len)
    return [edge for edge in unique.values() if edge[0] in whole]


def _bent(a: Floats, b: Floats, rng: np.random.Generator) -> shapely.LineString:
    """Return a gentle bow from one node to another."""
    step = b - a
    length = float(np.hypot(*step))
    normal = np.array([-step[1], step[0]]) / length
    share = np.linspace(0.0, 1.0, max(int(length // 18), 2))
    bow = rng.uniform(-0.04, 0.04) * length * np.sin(np.pi * share)
    points = a + share[:, None] * step + bow[:, None] * normal
    points[0], points[-1] = a, b
    return shapely.LineString(points)


def _headlands(
    side: int, xy: Floats, rng: np.random.Generator
) -> list[tuple[str, str, shapely.LineString, int, int]]:
    """Return loops outside the rim: links 0 … n-1 and the road that joins their far ends."""
    rims = [
        (list(range(side)), (side, 2 * side)),
        (list(range(side * (side - 1), side * side)), (-side, -2 * side)),
        (list(range(0, side * side, side)), (1, 2)),
        (list(range(side - 1, side * side, side)), (-1, -2)),
    ]
    rows = []
    number = 0
    for rim, (inward, _) in rims:
        for first in range(1, len(rim) - 5, 4):
            links = 2 + number % 2
            ends = []
            for link in range(links):
                node = rim[first + link]
                out = xy[node] - xy[node + inward]
                out = out / np.hypot(*out) * rng.uniform(300.0, 340.0)
                ends.append(np.round(xy[node] + out, 3))
                way = [xy[node] + out / 2]
                if link == 2:  # the third way in is a long one
                    aside = 0.2 * (xy[node] - xy[rim[first + 1]])
                    way = [xy[node] + 0.4 * out + aside, xy[node] + 2.2 * out + aside]
                line = shapely.LineString([xy[node], *way, ends[-1]])
                rows.append((f"岬{number:02d}{'一二三'[link]}路", "local", line, number, link))
            for one, two in pairwise(ends):
                rows.append(
                    (f"岬{number:02d}环路", "local", shapely.LineString([one, two]), number, -1)
                )
            number += 1
    return rows

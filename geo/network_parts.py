"""The part of a road network that what lies at some places can depend on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.line_parts import Geometries, Ints, as_geometries
from geo.road_network import RoadNetwork

STRIPS_M = 22.0
"""Beyond a road's edge nothing further away than this is assigned to it, or keeps it from being so
(`geo.linear_reference.AssignmentRule.beside_m` and ``outside_m``)."""


def sections_around(
    shapes: Geometries,
    sections: gpd.GeoDataFrame,
    *,
    beside_m: float,
    outside_m: float,
    tree: shapely.STRtree | None = None,
) -> tuple[Ints, Ints]:
    """Return the sections on which shapes may lie, and all that these sections' strips depend on.

    The ground that belongs to a section ends midway to a parallel one, so that a footprint's
    section also depends on neighbours that it does not touch (`geo.road_strips.road_strips`).

    Parameters
    ----------
    shapes
        Footprints, shape (n,), m; missing ones are nowhere.
    sections
        `geo.road_network.RoadNetwork.sections`.
    beside_m, outside_m
        As in `geo.linear_reference.AssignmentRule`.
    tree
        Of the sections' lines, where it is at hand.

    Returns
    -------
    touched, around
        Positions of sections, sorted; ``touched`` is a part of ``around``.
    """
    lines = as_geometries(sections.geometry.to_numpy())
    none = np.empty(0, dtype=np.int64)
    if not len(lines):
        return none, none
    tree = shapely.STRtree(lines) if tree is None else tree
    half = sections["width_m"].to_numpy(dtype=np.float64) / 2.0
    widest = int(np.argmax(half))
    reach = float(half[widest]) + beside_m + outside_m
    known = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    touched = np.unique(tree.query(known, predicate="dwithin", distance=reach)[1])
    # As far as a section looks for parallel ones; how far that is, the widest of all decides.
    look = (half + beside_m) * (1.0 + half[widest] / np.maximum(half, 0.01))
    beside = tree.query(lines[touched], predicate="dwithin", distance=look[touched])[1]
    around = np.unique(np.concatenate([touched, beside, [widest]])).astype(np.int64)
    return touched.astype(np.int64), around


class NetworkParts:
    """Cuts small networks out of a large one; made once per road layer, shared by threads.

    Parameters
    ----------
    network
        The whole network.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        sections = network.sections
        self._lines = shapely.STRtree(as_geometries(sections.geometry.to_numpy()))
        self._areas = shapely.STRtree(as_geometries(network.junctions.geometry.to_numpy()))
        self._road, _ = pd.factorize(sections["road"])
        self._by_road = _rows_by(self._road)
        nodes = np.concatenate(
            [sections[name].to_numpy(dtype=object) for name in ("node_from", "node_to")]
        )
        self._ends, self._node_names = pd.factorize(nodes)
        self._by_node = _rows_by(self._ends)

    def touched(self, shapes: Geometries, *, strips_m: float = STRIPS_M) -> Ints:
        """Return the positions of the sections on which shapes may lie, sorted."""
        return self._around(shapes, strips_m)[0]

    def part(self, shapes: Geometries, *, strips_m: float = STRIPS_M) -> RoadNetwork:
        """Return the part of the network that decides where the shapes lie, and on which cases.

        Kept are the sections on which a shape may lie, each with the whole of its road (a case is
        named after all carriageways of its road, and a finding belongs to the nearest section of
        its road); the sections that narrow their strips; those that end at a junction that is
        touched (they make it one of a main road); and the widest section, which decides how far
        parallels are looked for.

        Parameters
        ----------
        shapes
            Footprints, shape (n,), m.
        strips_m
            How far beyond a road's edge its strips and their surroundings reach.

        Returns
        -------
        RoadNetwork
            Sections and junctions in the order of the whole network: what is worked out on the part
            is what is worked out on the whole, but for the positions of rows.
        """
        sections, junctions = self.network.sections, self.network.junctions
        touched, around = self._around(shapes, strips_m)
        roads = _rows_of(self._by_road, np.unique(self._road[touched]))
        met = np.unique(self._areas.query(shapes, predicate="intersects")[1])
        node = pd.Index(self._node_names).get_indexer(
            pd.Index(junctions["junction_id"].to_numpy(dtype=object)[met])
        )
        incident = _rows_of(self._by_node, node[node >= 0]) % max(len(sections), 1)
        rows = np.unique(np.concatenate([around, roads, incident])).astype(np.int64)
        own = self._node_names[
            np.unique(np.concatenate([self._ends[rows], self._ends[rows + len(sections)]]))
        ]
        kept = junctions["junction_id"].isin(own).to_numpy(copy=True)
        kept[met] = True
        return RoadNetwork(
            sections.iloc[rows].reset_index(drop=True), junctions[kept].reset_index(drop=True)
        )

    def _around(self, shapes: Geometries, strips_m: float) -> tuple[Ints, Ints]:
        return sections_around(
            as_geometries(shapes), self.network.sections,
            beside_m=strips_m, outside_m=0.0, tree=self._lines,
        )  # fmt: skip


def _rows_by(codes: Ints) -> tuple[Ints, Ints]:
    """Return rows sorted by their code, and where each code begins."""
    order = np.argsort(codes, kind="stable")
    count = int(codes.max(initial=-1)) + 1
    return order, np.searchsorted(codes[order], np.arange(count + 1))


def _rows_of(by: tuple[Ints, Ints], codes: Ints) -> Ints:
    order, begin = by
    if not len(codes):
        return np.empty(0, dtype=np.int64)
    return np.concatenate([order[begin[code] : begin[code + 1]] for code in codes.tolist()])

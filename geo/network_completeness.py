"""Whether a network is whole enough to say which way is the best way round."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import pandas as pd

from geo.line_parts import connected
from geo.road_network import RoadNetwork


@dataclass(frozen=True)
class Completeness:
    """How well a network hangs together, by length of road.

    A street that is missing from a network shows at its neighbours: pieces fall apart, and streets
    that lead on in truth end blindly. A complete network that was only cut out of a larger one has
    such ends along its edge too, but there alone: they weigh little in a length.

    Attributes
    ----------
    length_m
        Length of all sections, from node to node [m].
    joined_share
        Share of it in the largest piece that hangs together, whatever the direction of traffic.
    no_way_round_share
        Share of it on sections whose loss takes a piece off the network (its bridges, in the words
        of graph theory): dead ends and whatever leads to nothing but dead ends.
    """

    length_m: float
    joined_share: float
    no_way_round_share: float


def network_completeness(network: RoadNetwork) -> Completeness:
    """Return how well a network hangs together.

    Parameters
    ----------
    network
        From `geo.road_network.build_network`.

    Returns
    -------
    Completeness
        An empty network has no length, and shares 0 and 1.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from geo.road_network import build_network
    >>> def streets(*lines):
    ...     table = gpd.GeoDataFrame({"source_id": range(len(lines)), "road": [*"ABCD"][:len(lines)],
    ...         "road_class": "local", "width_m": 10.0, "oneway": False, "level": 0},
    ...         geometry=shapely.linestrings(lines), crs=4549)
    ...     return build_network(table, width_m={}, corner_radius_m=8.0)
    >>> corners = [(0, 0), (300, 0), (300, 300), (0, 300), (0, 0)]
    >>> block = streets(*zip(corners, corners[1:]))
    >>> network_completeness(block)
    Completeness(length_m=1200.0, joined_share=1.0, no_way_round_share=0.0)
    >>> network_completeness(streets([(0, 0), (300, 0)], [(150, 0), (150, 300)])).no_way_round_share
    1.0
    """
    sections = network.sections
    full = sections.geometry.length + sections["trim_from_m"] + sections["trim_to_m"]
    length_m = full.to_numpy(dtype=np.float64)
    total = float(length_m.sum())
    if total <= 0:
        return Completeness(0.0, 0.0, 1.0)
    node, names = pd.factorize(pd.concat([sections["node_from"], sections["node_to"]]))
    one, two = np.split(node, 2)
    piece = connected(len(names), one, two)[one]
    largest = float(np.bincount(piece, weights=length_m).max())
    # Two sections between the same nodes are each other's way round; one that returns to its node
    # takes nothing off.
    low, high = np.minimum(one, two), np.maximum(one, two)
    _, way, count = np.unique(low * len(names) + high, return_inverse=True, return_counts=True)
    by_itself = (count[way] == 1) & (low != high)
    simple = nx.Graph(zip(low[low != high].tolist(), high[low != high].tolist(), strict=True))
    bridges = {(min(edge), max(edge)) for edge in nx.bridges(simple)}
    is_bridge = np.fromiter(
        (edge in bridges for edge in zip(low.tolist(), high.tolist(), strict=True)), dtype=np.bool_
    )
    alone = float(length_m[by_itself & is_bridge].sum())
    return Completeness(total, largest / total, alone / total)

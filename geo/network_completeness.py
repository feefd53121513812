"""Whether a network is whole enough to say which way is the best way round."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from geo.road_network import RoadNetwork, graph


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
    roads = graph(network)
    edges: list[tuple[str, str, float]] = list(roads.edges(data="length_m"))
    total = sum(length_m for *_, length_m in edges)
    if total <= 0:
        return Completeness(0.0, 0.0, 1.0)
    pieces = (roads.subgraph(nodes) for nodes in nx.connected_components(roads))
    largest = max(piece.size(weight="length_m") for piece in pieces)
    # Two sections between the same nodes are each other's way round; one that returns to its node
    # takes nothing off.
    simple = nx.Graph((one, two) for one, two, _ in edges if one != two)
    bridges = {frozenset(edge) for edge in nx.bridges(simple)}
    alone = sum(
        length_m
        for one, two, length_m in edges
        if frozenset((one, two)) in bridges and roads.number_of_edges(one, two) == 1
    )
    return Completeness(total, largest / total, alone / total)

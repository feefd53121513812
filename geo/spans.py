"""What spans along sections have in common: stretches, shared metres, distance along a road."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.intervals import elementary_pieces
from geo.line_parts import Floats, Geometries, Ints, as_geometries, ragged_ranges, substrings
from geo.road_network import RoadNetwork
from geo.road_strips import SIDES

_BITS = {"left": 1, "right": 2, "both": 3}

PARALLEL_M = 60.0
"""Carriageways of one road are measured side by side up to this distance."""


@dataclass(frozen=True)
class Stretches:
    """Elementary pieces of sections: every site covers all of a stretch or none of it.

    Attributes
    ----------
    pieces
        ``stretch`` (RangeIndex number), ``section``, ``from_m``, ``to_m``, ``side`` (``left`` or
        ``right``), sorted by section, side and from.
    members
        ``stretch``, ``site``: which sites cover which stretch.
    """

    pieces: pd.DataFrame
    members: pd.DataFrame


def stretches(spans: pd.DataFrame, sections: gpd.GeoDataFrame) -> Stretches:
    """Return the common refinement of all spans, cut to the mouths of their sections.

    Parameters
    ----------
    spans
        `geo.linear_reference.Assignments.spans`; ``both`` covers the left and the right stretch.
    sections
        `geo.road_network.RoadNetwork.sections`.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (100, 0)])])
    >>> spans = pd.DataFrame({"site": [0, 1], "section": [0, 0], "from_m": [0.0, 40.0],
    ...                       "to_m": [100.0, 60.0], "side": ["both", "left"]})
    >>> found = stretches(spans, road)
    >>> found.pieces
       stretch  section  from_m   to_m   side
    0        0        0     0.0   40.0   left
    1        1        0    40.0   60.0   left
    2        2        0    60.0  100.0   left
    3        3        0     0.0  100.0  right
    >>> found.members[found.members["stretch"] == 1]["site"].tolist()
    [0, 1]
    """
    bits = spans["side"].map(_BITS).to_numpy(dtype=np.int64)
    row = np.concatenate([np.flatnonzero(bits & 1), np.flatnonzero(bits & 2)])
    right = np.repeat([0, 1], [int((bits & 1 > 0).sum()), int((bits & 2 > 0).sum())])
    section = spans["section"].to_numpy(dtype=np.int64)[row]
    length = shapely.length(sections.geometry.to_numpy())[section]
    found = elementary_pieces(
        section * 2 + right,
        np.clip(spans["from_m"].to_numpy(dtype=np.float64)[row], 0.0, length),
        np.clip(spans["to_m"].to_numpy(dtype=np.float64)[row], 0.0, length),
    )
    pieces = pd.DataFrame(
        {
            "stretch": np.arange(len(found.group)),
            "section": found.group // 2,
            "from_m": found.start,
            "to_m": found.finish,
            "side": pd.array(SIDES[found.group % 2 + 1], dtype="str"),
        }
    )
    members = pd.DataFrame(
        {"stretch": found.piece, "site": spans["site"].to_numpy(dtype=np.int64)[row[found.span]]}
    ).drop_duplicates(ignore_index=True)
    return Stretches(pieces, members)


def shared_spans(spans: pd.DataFrame, left_site: Ints, right_site: Ints) -> pd.DataFrame:
    """Return the metres that both sites of each pair cover on a common side.

    Parameters
    ----------
    spans
        `geo.linear_reference.Assignments.spans`.
    left_site, right_site
        Pairs of sites, shape (n,).

    Returns
    -------
    pandas.DataFrame
        ``pair`` (position), ``section``, ``from_m``, ``to_m``, ``side`` (the common one),
        ``length_m``; sorted, pairs that share nothing have no row.

    Examples
    --------
    >>> spans = pd.DataFrame({"site": [0, 1, 2], "section": [0, 0, 0], "from_m": [0.0, 40.0, 0.0],
    ...     "to_m": [100.0, 160.0, 50.0], "side": ["both", "left", "right"]})
    >>> shared_spans(spans, np.array([0, 1]), np.array([1, 2]))
       pair  section  from_m   to_m  side  length_m
    0     0        0    40.0  100.0  left      60.0
    """
    pair, one, two = _span_pairs(spans, left_site, right_site)
    section = spans["section"].to_numpy(dtype=np.int64)
    bits = spans["side"].map(_BITS).to_numpy(dtype=np.int64)
    common = bits[one] & bits[two]
    from_m, to_m = (spans[name].to_numpy(dtype=np.float64) for name in ("from_m", "to_m"))
    low = np.maximum(from_m[one], from_m[two])
    high = np.minimum(to_m[one], to_m[two])
    met = (section[one] == section[two]) & (common > 0) & (high > low)
    found = pd.DataFrame(
        {
            "pair": pair[met],
            "section": section[one[met]],
            "from_m": low[met],
            "to_m": high[met],
            "side": pd.array(SIDES[common[met]], dtype="str"),
            "length_m": (high - low)[met],
        }
    )
    return found.sort_values(["pair", "section", "from_m"], ignore_index=True)


def along_road_distance(
    network: RoadNetwork, spans: pd.DataFrame, left_site: Ints, right_site: Ints
) -> Floats:
    """Return the distance along one road between the two sites of each pair [m].

    Measured on one section, across one junction between neighbouring sections of one road, or
    between the road's two carriageways side by side.

    Parameters
    ----------
    network
        The network of the spans.
    spans
        `geo.linear_reference.Assignments.spans`.
    left_site, right_site
        Pairs of sites, shape (n,).

    Returns
    -------
    float array, shape (n,)
        0 where they overlap along the road (on whichever side), infinite where they are on no
        common road or further apart than one junction.
    """
    pair, one, two = _span_pairs(spans, left_site, right_site)
    sections = network.sections
    road = pd.factorize(sections["road"])[0]
    section = spans["section"].to_numpy(dtype=np.int64)
    same_road = road[section[one]] == road[section[two]]
    pair, one, two = pair[same_road], one[same_road], two[same_road]
    s, t = section[one], section[two]
    from_m, to_m = (spans[name].to_numpy(dtype=np.float64) for name in ("from_m", "to_m"))
    lines = as_geometries(sections.geometry.to_numpy())

    gap = np.maximum(from_m[one], from_m[two]) - np.minimum(to_m[one], to_m[two])
    away = np.where(s == t, np.maximum(gap, 0.0), np.inf)

    other = np.flatnonzero(s != t)
    away[other] = np.minimum(
        _across_junction(network, lines, s[other], t[other], one[other], two[other], from_m, to_m),
        _side_by_side(lines, s[other], t[other], one[other], two[other], from_m, to_m),
    )
    distance = np.full(len(left_site), np.inf)
    np.minimum.at(distance, pair, away)
    return distance


def _across_junction(  # noqa: PLR0917 - pairs of spans
    network: RoadNetwork,
    lines: Geometries,
    s: Ints,
    t: Ints,
    one: Ints,
    two: Ints,
    from_m: Floats,
    to_m: Floats,
) -> Floats:
    """Return the distance through a junction that both sections meet, infinite without one."""
    length = shapely.length(lines)
    ends = [
        (network.sections[node].to_numpy(dtype=object), at_end)
        for node, at_end in (("node_from", False), ("node_to", True))
    ]
    best = np.full(len(s), np.inf)
    for node_s, end_s in ends:
        for node_t, end_t in ends:
            met = node_s[s] == node_t[t]
            reach = [
                (length[line] - to_m[span]) if at_end else from_m[span]
                for line, span, at_end in ((s, one, end_s), (t, two, end_t))
            ]
            mouth = [
                shapely.get_point(lines[line], -1 if at_end else 0)
                for line, at_end in ((s, end_s), (t, end_t))
            ]
            total = reach[0] + reach[1] + shapely.distance(*mouth)
            best = np.where(met, np.minimum(best, total), best)
    return best


def _side_by_side(  # noqa: PLR0917 - pairs of spans
    lines: Geometries, s: Ints, t: Ints, one: Ints, two: Ints, from_m: Floats, to_m: Floats
) -> Floats:
    """Return the gap along ``s`` to a span on a parallel section, infinite if it is not parallel.

    A span that is projected on ``s`` and keeps a length there lies beside it, not beyond its ends.
    """
    there = substrings(lines[t], from_m[two], to_m[two])
    ends = [shapely.line_locate_point(lines[s], shapely.get_point(there, at)) for at in (0, -1)]
    low, high = np.minimum(*ends), np.maximum(*ends)
    gap = np.maximum(from_m[one], low) - np.minimum(to_m[one], high)
    beside = (high - low > 0) & (shapely.distance(lines[s], there) <= PARALLEL_M)
    return np.where(beside, np.maximum(gap, 0.0), np.inf)


def span_geometry(spans: pd.DataFrame, sections: gpd.GeoDataFrame) -> Geometries:
    """Return the centre line of each span.

    Parameters
    ----------
    spans
        Table with ``section`` (position), ``from_m``, ``to_m``.
    sections
        `geo.road_network.RoadNetwork.sections`.

    Returns
    -------
    array of LineString, shape (n,)
        In the section's direction; None where a span has no length.

    Examples
    --------
    >>> road = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (100, 0)])])
    >>> spans = pd.DataFrame({"section": [0], "from_m": [20.0], "to_m": [50.0]})
    >>> span_geometry(spans, road)[0].wkt
    'LINESTRING (20 0, 50 0)'
    """
    lines = as_geometries(sections.geometry.to_numpy())
    return substrings(
        lines[spans["section"].to_numpy(dtype=np.int64)],
        spans["from_m"].to_numpy(dtype=np.float64),
        spans["to_m"].to_numpy(dtype=np.float64),
    )


def _span_pairs(spans: pd.DataFrame, left_site: Ints, right_site: Ints) -> tuple[Ints, Ints, Ints]:
    """Return every span of the left with every span of the right site: pair, one, two (rows)."""
    site = spans["site"].to_numpy(dtype=np.int64)
    order = np.argsort(site, kind="stable")
    ordered = site[order]
    left, right = np.asarray(left_site), np.asarray(right_site)
    pair, one = ragged_ranges(
        np.searchsorted(ordered, left, "left"), np.searchsorted(ordered, left, "right")
    )
    row, two = ragged_ranges(
        np.searchsorted(ordered, right[pair], "left"),
        np.searchsorted(ordered, right[pair], "right"),
    )
    return pair[row], order[one[row]], order[two]

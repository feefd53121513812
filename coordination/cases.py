"""Cases (事项): the findings of one place, the unit of lists, sheets and meetings."""

from __future__ import annotations

import hashlib

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.nearby_pairs import nearby_pairs
from geo.road_network import RoadNetwork

_BESIDE_M = 60.0
"""How far apart the carriageways of one road may lie to be one place."""


def case_ids(
    findings: gpd.GeoDataFrame, network: RoadNetwork | None, *, within_m: float
) -> npt.NDArray[np.object_]:
    """Return the case of each finding: the place for which somebody calls the units together.

    A case is what was found on one section of a road, from junction to junction and on both its
    carriageways, at one junction, or on one piece of ground off the roads. A finding on several
    sections belongs to the one where it shares most. A work along a whole street therefore does not
    tie the street together: the coordinator deals with it section by section, and each case stays
    as small as its place.

    Parameters
    ----------
    findings
        ``finding_id, place, road, section_id, project_a, project_b`` and the shared place as
        geometry (m). ``section_id`` is missing where the works only lie near each other: they
        belong to the nearest section of their road.
    network
        The road network, or None.
    within_m
        Off the roads, findings that share a project are one case up to this distance between their
        places; others only where their places touch.

    Returns
    -------
    numpy.ndarray of str
        16 hexadecimal digits per finding. On a road and at a junction a hash of the place alone, so
        that a case keeps its id whichever findings come and go; off the roads a hash of the
        smallest ``finding_id``.

    Examples
    --------
    >>> two = gpd.GeoDataFrame({"finding_id": ["f1", "f2"], "place": ["junction"] * 2,
    ...     "road": ["R/S"] * 2, "section_id": [None] * 2, "project_a": ["A", "B"],
    ...     "project_b": ["C", "D"]}, geometry=[None, None])
    >>> len(set(case_ids(two, None, within_m=50.0)))
    1
    """
    names = ("finding_id", "place", "road", "section_id")
    finding, place, road, section = (findings[name].to_numpy(dtype=object) for name in names)
    keys = np.array([f"finding\x1f{name}" for name in finding], dtype=object)
    at_junction = place == "junction"
    keys[at_junction] = [f"junction\x1f{name}" for name in road[at_junction]]
    off = np.flatnonzero((place == "square") | (place == "footprints"))
    keys[off] = _off_roads(findings.iloc[off], within_m)
    on = np.flatnonzero(place == "road")
    if network is not None and len(on):
        sections = _nearest_section(
            findings.geometry.to_numpy()[on], road[on], section[on], network
        )
        keys[on] = [f"section\x1f{name}" for name in _places_of_sections(network)[sections]]
    return np.array([_hash(key) for key in keys], dtype=object)


def _hash(key: str) -> str:
    return hashlib.sha256(f"case\x1f{key}".encode()).hexdigest()[:16]


def _nearest_section(
    shapes: npt.NDArray[np.object_],
    road: npt.NDArray[np.object_],
    section_id: npt.NDArray[np.object_],
    network: RoadNetwork,
) -> npt.NDArray[np.int64]:
    """Return the section (row) of each finding: its own, else the nearest one of its road."""
    sections = network.sections
    known = pd.Index(sections["section_id"]).get_indexer(pd.Index(section_id))
    wanted = pd.DataFrame({"road": road}).reset_index(names="row")[known < 0]
    near = wanted.merge(
        pd.DataFrame({"road": sections["road"].to_numpy(dtype=object)}).reset_index(names="at"),
        on="road",
    )
    lines = sections.geometry.to_numpy()[near["at"].to_numpy()]
    # To the millimetre: where two sections are as near, the name decides and not the last bit.
    near["away_m"] = shapely.distance(shapes[near["row"].to_numpy()], lines).round(3)
    near["name"] = sections["section_id"].to_numpy(dtype=object)[near["at"].to_numpy()]
    nearest = near.sort_values(["row", "away_m", "name"]).drop_duplicates("row")
    found: npt.NDArray[np.int64] = known.astype(np.int64)
    found[nearest["row"].to_numpy()] = nearest["at"].to_numpy()
    return found


def _places_of_sections(network: RoadNetwork) -> npt.NDArray[np.object_]:
    """Return one name per section, equal for the carriageways of one road that lie side by side."""
    sections = network.sections
    lines, road = sections.geometry.to_numpy(), sections["road"].to_numpy(dtype=object)
    names = sections["section_id"].to_numpy(dtype=object)
    length = shapely.length(lines)
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    one, two = shapely.STRtree(lines).query(middle, predicate="dwithin", distance=_BESIDE_M)
    # The middle of the shorter one lies beside the longer one, not before or behind it.
    along = shapely.line_locate_point(lines[two], middle[one])
    beside = (one != two) & (road[one] == road[two]) & (length[one] <= length[two])
    beside &= (along > 1.0) & (along < length[two] - 1.0)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_edges_from(zip(names[one[beside]], names[two[beside]], strict=True))
    first = {name: min(group) for group in nx.connected_components(graph) for name in group}
    return np.array([first.get(name, name) for name in names], dtype=object)


def _off_roads(findings: gpd.GeoDataFrame, within_m: float) -> list[str]:
    """Return the smallest finding of each piece of ground off the roads."""
    ids = findings["finding_id"].to_numpy(dtype=object)
    shapes = findings.geometry.to_numpy()
    ends = [findings[name].to_numpy(dtype=object) for name in ("project_a", "project_b")]
    left, right = nearby_pairs(shapes, within_m=within_m)
    shared = np.zeros(len(left), dtype=bool)
    for one in ends:
        for two in ends:
            shared |= pd.notna(one[left]) & (one[left] == two[right])
    tied = shared | (shapely.distance(shapes[left], shapes[right]) == 0)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(ids)
    graph.add_edges_from(zip(ids[left[tied]], ids[right[tied]], strict=True))
    first = {name: min(group) for group in nx.connected_components(graph) for name in group}
    return [f"ground\x1f{first[name]}" for name in ids]

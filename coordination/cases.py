"""Cases (事项): the findings of one place that hang together, the unit of lists and meetings."""

from __future__ import annotations

import hashlib

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from geo.nearby_pairs import nearby_pairs

Edges = list[tuple[str, str]]


def case_ids(
    findings: gpd.GeoDataFrame, spans: pd.DataFrame, *, within_m: float
) -> npt.NDArray[np.object_]:
    """Return the case of each finding.

    Two findings hang together when they are on the same road, junction or square **and** share a
    project, or lie near each other: on one section with at most ``within_m`` between their spans,
    or, off the sections, with touching places. A road alone does not make a case, else one long
    road would be one endless case.

    Parameters
    ----------
    findings
        ``finding_id, place, road, project_a, project_b`` and the shared place as geometry (m).
    spans
        ``finding_id, section_id, from_m, to_m``.
    within_m
        What counts as near along a section.

    Returns
    -------
    numpy.ndarray of str
        16 hexadecimal digits per finding: a hash of the smallest ``finding_id`` of the case, so
        that a case keeps its id while that finding stays.

    Examples
    --------
    >>> alone = gpd.GeoDataFrame({"finding_id": ["f1"], "place": ["road"], "road": ["R"],
    ...     "project_a": ["A"], "project_b": ["B"]}, geometry=[None])
    >>> none = pd.DataFrame({"finding_id": [], "section_id": [], "from_m": [], "to_m": []})
    >>> len(case_ids(alone, none, within_m=50.0)[0])
    16
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(findings["finding_id"])
    graph.add_edges_from(_of_one_project(findings))
    graph.add_edges_from(_along_sections(spans, within_m))
    graph.add_edges_from(_touching(findings))
    case = {
        finding: _case_id(min(component))
        for component in nx.connected_components(graph)
        for finding in component
    }
    return findings["finding_id"].map(case).to_numpy(dtype=object)


def _case_id(finding_id: str) -> str:
    return hashlib.sha256(f"case\x1f{finding_id}".encode()).hexdigest()[:16]


def _chain(table: pd.DataFrame, keys: list[str]) -> Edges:
    """Return edges that tie all findings with equal keys together."""
    table = table.sort_values([*keys, "finding_id"])
    same = (table[keys].to_numpy()[1:] == table[keys].to_numpy()[:-1]).all(axis=1)
    ids = table["finding_id"].to_numpy()
    return list(zip(ids[:-1][same], ids[1:][same], strict=True))


def _of_one_project(findings: gpd.GeoDataFrame) -> Edges:
    named = pd.DataFrame(findings[["finding_id", "road", "project_a", "project_b"]])
    ends = pd.concat(
        [
            named[["finding_id", "road", project]].rename(columns={project: "project"})
            for project in ("project_a", "project_b")
        ]
    )
    # Findings without a place (missing data, a shared dossier number) stay by themselves.
    ends = ends.dropna()
    return _chain(ends.astype("str"), ["road", "project"])


def _along_sections(spans: pd.DataFrame, within_m: float) -> Edges:
    """Tie findings whose spans on one section overlap or nearly touch."""
    table = spans.sort_values(["section_id", "from_m", "to_m", "finding_id"], ignore_index=True)
    if len(table) < 2:
        return []
    section = table["section_id"].astype("str").to_numpy()
    reach = table.groupby("section_id", sort=False)["to_m"].cummax().to_numpy()
    near = (section[1:] == section[:-1]) & (table["from_m"].to_numpy()[1:] <= reach[:-1] + within_m)
    ids = table["finding_id"].to_numpy()
    return list(zip(ids[:-1][near], ids[1:][near], strict=True))


def _touching(findings: gpd.GeoDataFrame) -> Edges:
    """Tie findings off the sections whose places touch, or that are at the same junction."""
    off = findings[findings["place"].isin(("square", "footprints"))]
    ids = off["finding_id"].to_numpy()
    left, right = nearby_pairs(off.geometry.to_numpy())
    junctions = pd.DataFrame(findings.loc[findings["place"].eq("junction"), ["finding_id", "road"]])
    at_one = _chain(junctions.astype("str"), ["road"])
    return [*zip(ids[left], ids[right], strict=True), *at_one]

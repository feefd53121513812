"""Centre lines become roads, sections between junctions, and junction areas."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from geo.junctions import Mouths, crossovers, find_mouths, has_partner, junction_polygons
from geo.line_parts import as_geometries, substrings
from geo.noding import join_edges, node_lines

ROAD_CLASSES = ("expressway", "arterial", "secondary", "local")
CENTRE_LINE_COLUMNS = ("source_id", "road", "road_class", "width_m", "oneway", "level")


@dataclass(frozen=True)
class RoadNetwork:
    """Roads as sections that run from junction mouth to junction mouth.

    Attributes
    ----------
    sections
        RangeIndex; ``section_id`` (stable: from the source's ids and the end nodes), ``road``
        (name shared by parallel carriageways; unnamed roads get a name of their own),
        ``road_class`` (``expressway``, ``arterial``, ``secondary``, ``local``), ``width_m``,
        ``oneway`` (True for one carriageway of a dual carriageway), ``node_from``, ``node_to``
        (ids of junctions or dead ends), ``trim_from_m``, ``trim_to_m`` (how far the mouths lie
        from the nodes), ``named`` (False for a made-up name),
        ``level`` (0 on the ground, bridges above, tunnels below; 0 where the column is absent),
        ``geometry`` LineString from mouth to mouth in the metric CRS: ``from_m = 0`` is its first
        vertex, left and right are relative to its direction.
    junctions
        RangeIndex; ``junction_id``, ``name`` (roads that meet, joined by ``/``), ``geometry``
        Polygon of the area between the mouths.
    """

    sections: gpd.GeoDataFrame
    junctions: gpd.GeoDataFrame

    @property
    def crs(self) -> CRS:
        """The metric CRS of all geometry and measures."""
        if self.sections.crs is None:
            raise ValueError("the network's sections have no CRS; set their metric CRS")
        return self.sections.crs


def build_network(
    centre_lines: gpd.GeoDataFrame,
    *,
    width_m: Mapping[str, float],
    corner_radius_m: float,
    junction_areas: gpd.GeoSeries | None = None,
    tolerance_m: float = 0.5,
) -> RoadNetwork:
    """Make sections and junctions from centre lines.

    Lines are cut where they meet (`geo.noding.node_lines`) and joined where one road only goes on.
    Sections run from mouth to mouth; what lies between mouths belongs to the junction. The several
    nodes at which the carriageways of one road cross another are one junction, and openings in the
    median of one road are left out.

    Parameters
    ----------
    centre_lines
        Lines in a metric CRS: ``source_id``, ``road`` (name or missing), ``road_class`` (one of
        `ROAD_CLASSES`; missing counts as ``local``), ``width_m`` (of the road, or of the one
        carriageway that a oneway line stands for; may be missing), ``oneway`` (bool; drawn in the
        direction of traffic), ``level`` (int: 0 on the ground, bridges above, tunnels below).
    width_m
        Width of a whole road by class [m], for lines without a width; each of two carriageways
        takes half of it.
    corner_radius_m
        Radius of the kerb at corners [m].
    junction_areas
        Polygons of known junctions in the same CRS; elsewhere mouths come from widths.
    tolerance_m
        How near a line's end must come to another line to touch it [m].

    Returns
    -------
    RoadNetwork
        Ids do not depend on the order of the rows, nor on roads elsewhere.

    Raises
    ------
    ValueError
        When the CRS is missing or not metric, or a column is missing.

    Examples
    --------
    >>> import shapely
    >>> lines = gpd.GeoDataFrame(
    ...     {"source_id": [1, 2], "road": ["A", "B"], "road_class": "local", "width_m": 10.0,
    ...      "oneway": False, "level": 0},
    ...     geometry=shapely.from_wkt(["LINESTRING (0 0, 200 0)", "LINESTRING (100 0, 100 90)"]),
    ...     crs=4549)
    >>> network = build_network(lines, width_m={"local": 10.0}, corner_radius_m=8.0)
    >>> network.sections.geometry.to_wkt(rounding_precision=1).tolist()
    ['LINESTRING (0 0, 87 0)', 'LINESTRING (113 0, 200 0)', 'LINESTRING (100 13, 100 90)']
    >>> network.junctions["name"].tolist()
    ['A/B']
    """
    crs, rows = _checked(centre_lines)
    areas = (
        np.zeros(0, dtype=object)
        if junction_areas is None
        else as_geometries(junction_areas[junction_areas.notna() & ~junction_areas.is_empty])
    )
    lines = rows["geometry"].to_numpy()
    attributes = rows.drop(columns="geometry")
    if not len(lines):
        return empty_network(crs)
    segments = node_lines(lines, attributes["level"].to_numpy(), tolerance_m=tolerance_m)
    edges, edge = join_edges(segments, attributes)
    only_median = crossovers(edges, has_partner(edges))
    if only_median.any():
        kept = ~only_median[edge]
        segments = replace(
            segments,
            start=segments.start[kept],
            end=segments.end[kept],
            line=segments.line[kept],
        )
        edges, _ = join_edges(segments, attributes)
    partner = has_partner(edges)
    by_class = edges["road_class"].map(dict(width_m)).to_numpy(dtype=np.float64)
    if np.isnan(by_class[edges["width_m"].isna()]).any():
        missing = sorted(set(edges["road_class"]) - set(width_m))
        raise ValueError(f"width_m has no width for the classes {missing}; add them")
    edges["width_m"] = edges["width_m"].fillna(
        pd.Series(np.where(partner, by_class / 2.0, by_class), index=edges.index)
    )
    mouths = find_mouths(
        edges,
        partner,
        segments.xy,
        corner_radius_m=corner_radius_m,
        junction_areas=areas,
    )
    node_id = _place_ids(segments.xy)
    sections = _sections(edges, mouths, node_id)
    group, polygons = junction_polygons(
        edges,
        mouths,
        corner_radius_m=corner_radius_m,
        junction_areas=areas,
        node_xy=segments.xy,
    )
    names = _junction_names(edges, mouths)
    junctions = gpd.GeoDataFrame(
        {"junction_id": node_id[group], "name": names.reindex(group).to_numpy(dtype=object)},
        geometry=polygons,
        crs=crs,
    )
    return RoadNetwork(gpd.GeoDataFrame(sections, geometry="geometry", crs=crs), junctions)


def graph(network: RoadNetwork) -> nx.MultiGraph[str]:
    """Return the network as a graph: junctions and dead ends joined by sections.

    Parameters
    ----------
    network
        From `build_network`.

    Returns
    -------
    networkx.MultiGraph
        Edges are keyed by ``section_id`` and carry ``section`` (position), ``road``, ``oneway``
        and ``length_m``, the length from node to node: the section and what its junctions took.

    Examples
    --------
    >>> graph(empty_network(CRS(4549))).number_of_edges()
    0
    """
    sections = network.sections
    full = sections.geometry.length + sections["trim_from_m"] + sections["trim_to_m"]
    found: nx.MultiGraph[str] = nx.MultiGraph()
    names = ["node_from", "node_to", "section_id", "road", "oneway"]
    columns = (sections[name].to_list() for name in names)
    for at, (one, two, key, road, oneway, length_m) in enumerate(
        zip(*columns, full.to_list(), strict=True)
    ):
        found.add_edge(one, two, key=key, section=at, road=road, oneway=oneway, length_m=length_m)
    return found


def _checked(centre_lines: gpd.GeoDataFrame) -> tuple[CRS, pd.DataFrame]:
    """Return the CRS, and one row per LineString in an order that only depends on the rows themselves."""
    crs = centre_lines.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name not in ("metre", "meter"):
        raise ValueError(f"centre_lines must be in a metric projected CRS, found {crs}")
    missing = [name for name in CENTRE_LINE_COLUMNS if name not in centre_lines]
    if missing:
        raise ValueError(f"centre_lines lacks the columns {missing}")
    geometry = shapely.force_2d(centre_lines.geometry.to_numpy())
    parts, row = shapely.get_parts(geometry, return_index=True)
    linear = np.isin(shapely.get_type_id(parts), (1, 2)) & (shapely.length(parts) > 0)
    parts, row = parts[linear], row[linear]
    table = pd.DataFrame(centre_lines[list(CENTRE_LINE_COLUMNS)]).iloc[row].reset_index(drop=True)
    table["source_id"] = table["source_id"].astype(str)
    table["road"] = table["road"].astype(object).where(table["road"].notna(), None)
    table["road_class"] = table["road_class"].fillna("local").astype(object)
    strange = sorted(set(table["road_class"]) - set(ROAD_CLASSES))
    if strange:
        raise ValueError(f"road_class must be one of {ROAD_CLASSES}, found {strange}")
    table["width_m"] = table["width_m"].astype(np.float64)
    table["oneway"] = table["oneway"].astype(np.bool_)
    table["level"] = table["level"].fillna(0).astype(np.int64)
    table["geometry"] = parts
    table["bytes"] = shapely.to_wkb(parts)
    ordered = table.sort_values(["source_id", "bytes"], kind="stable", ignore_index=True)
    return crs, ordered.drop(columns="bytes")


def _junction_names(edges: pd.DataFrame, mouths: Mouths) -> pd.Series[str]:
    """Return the names of the roads at each group of nodes, joined by ``/``.

    Made-up names stand only where fewer than two roads have a name of their own.
    """
    ends = pd.DataFrame(
        {
            "group": mouths.group[np.concatenate([edges["node_from"], edges["node_to"]])],
            "road": np.tile(edges["road"].to_numpy(), 2),
            "named": np.tile(edges["named"].to_numpy(), 2),
        }
    ).drop_duplicates()
    enough = ends.groupby("group")["named"].transform("sum") >= 2
    told = ends[ends["named"] | ~enough].sort_values(
        ["group", "named", "road"], ascending=[True, False, True]
    )
    return told.groupby("group", sort=False)["road"].agg("/".join)


def _place_ids(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Return an id for each node from its coordinates in centimetres."""
    whole = np.round(xy * 100.0).astype(np.int64).astype(str)
    return np.asarray(
        np.char.add(np.char.add(np.char.add("n", whole[:, 0]), "_"), whole[:, 1]), dtype=object
    )


def _sections(
    edges: pd.DataFrame, mouths: Mouths, node_id: npt.NDArray[np.object_]
) -> pd.DataFrame:
    """Return the table of sections: what is left of the edges between the mouths."""
    kept = ~mouths.inside
    own = edges[kept]
    key = (
        own["sources"].to_numpy(dtype=object)
        + "|" + node_id[own["node_from"]] + "|" + node_id[own["node_to"]]
    )  # fmt: skip
    # Two ways of one source between the same nodes: told apart by where their middle lies.
    middle = shapely.line_interpolate_point(own["geometry"].to_numpy(), 0.5, normalized=True)
    twice = pd.Series(key).duplicated(keep=False).to_numpy()
    key = np.where(twice, key + "|" + _place_ids(shapely.get_coordinates(middle)), key)
    length = own["length_m"].to_numpy()
    table = pd.DataFrame(
        {
            "section_id": [hashlib.sha256(text.encode()).hexdigest()[:16] for text in key],
            "road": own["road"],
            "road_class": own["road_class"],
            "width_m": own["width_m"],
            "oneway": own["oneway"],
            "node_from": node_id[mouths.group[own["node_from"]]],
            "node_to": node_id[mouths.group[own["node_to"]]],
            "trim_from_m": mouths.from_m[kept],
            "trim_to_m": mouths.to_m[kept],
            "named": own["named"],
            "level": own["level"],
            "geometry": substrings(
                own["geometry"].to_numpy(), mouths.from_m[kept], length - mouths.to_m[kept]
            ),
        }
    )
    return table.reset_index(drop=True)


def empty_network(crs: CRS) -> RoadNetwork:
    """Return a network without roads."""
    sections = {
        "section_id": "str", "road": "str", "road_class": "str", "width_m": "float64",
        "oneway": "bool", "node_from": "str", "node_to": "str", "trim_from_m": "float64",
        "trim_to_m": "float64", "named": "bool", "level": "int64",
    }  # fmt: skip
    junctions = {"junction_id": "str", "name": "str"}
    return RoadNetwork(
        *(
            gpd.GeoDataFrame(
                {name: pd.Series(dtype=dtype) for name, dtype in columns.items()},
                geometry=gpd.GeoSeries([], crs=crs),
                crs=crs,
            )
            for columns in (sections, junctions)
        )
    )

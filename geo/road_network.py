"""Centre lines become roads, sections between junctions, and junction areas."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd


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
        from the nodes), ``named`` (False for a made-up name), ``geometry`` LineString from mouth to mouth in the metric CRS:
        ``from_m = 0`` is its first vertex, left and right are relative to its direction.
    junctions
        RangeIndex; ``junction_id``, ``name`` (roads that meet, joined by ``/``), ``geometry``
        Polygon of the area between the mouths.
    """

    sections: gpd.GeoDataFrame
    junctions: gpd.GeoDataFrame

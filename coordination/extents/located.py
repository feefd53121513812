"""Where an extent is, or what has to be asked first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from coordination.extents.parsed import Extent
from coordination.faults import Fault
from coordination.questions import Candidate
from geo.road_network import RoadNetwork

Status = Literal["located", "ask", "unknown"]


@dataclass(frozen=True)
class Gazetteer:
    """Everything that has a name and a place.

    Attributes
    ----------
    network
        Roads; their CRS is that of every geometry here.
    aliases
        ``name`` (as in the network), ``alias``, ``valid_from``, ``valid_to`` (days, missing for
        open): other and former names of roads. None where none were imported.
    boundaries
        ``name``, ``level``, ``geometry`` (areas of towns and districts), or None.
    landmarks
        ``name``, ``kind`` (``bridge``, ``river``, …), ``geometry``, or None.
    """

    network: RoadNetwork
    aliases: pd.DataFrame | None = None
    boundaries: gpd.GeoDataFrame | None = None
    landmarks: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class Located:
    """What became of one extent.

    Attributes
    ----------
    extent
        What was asked for.
    status
        ``located``; ``ask``: several things may be meant, or an end does not meet the road;
        ``unknown``: nothing in the network comes near.
    confidence
        0 to 1; 1 only for what a person has confirmed. 0 unless located.
    reason
        Why, in both languages; also for what was located (how sure, and what was assumed).
    geometry
        Centre line (MultiLineString), Point or (Multi)Polygon in the network's CRS; None unless
        located. Lines run from the first end to the second.
    ground
        What a footprint is made from: `geometry` shifted to the carriageway or side that is meant.
    ground_width_m
        Width of the ground where the road tells it and the row does not (one carriageway, half of
        the road, the whole road); None for areas and points.
    length_m
        Length of the centre line; parallel carriageways count once. NaN unless a line.
    candidates
        Best first. Of a located extent: what else could be meant, if anything.
    notes
        Contradictions: a stated length or area that does not fit.
    """

    extent: Extent
    status: Status
    confidence: float
    reason: Fault
    geometry: BaseGeometry | None = None
    ground: BaseGeometry | None = None
    ground_width_m: float | None = None
    length_m: float = float("nan")
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[Fault, ...] = field(default_factory=tuple)

"""What somebody said about the coordinates of a file, and what they are compared with."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from pyproj import CRS

from coordination.faults import Fault
from geo.control_points import LocalGrid
from geo.frames import Frame
from geo.road_fit import Roads
from geo.road_network import RoadNetwork

Axes = Literal["xy", "yx"]
"""``xy``: east or longitude first; ``yx``: north or latitude first."""
AXES: tuple[Axes, ...] = get_args(Axes)


_COORDINATE_NAME = re.compile(
    r"坐标|座標|坐標|座标|\A(?:point_?|center_?|centroid_?|start_?|end_?)?[xy]\d?\Z"
    r"|easting|northing|\bwkt\b|geom|shape_?(?:wkt|text)|\Acoord|\Abbox\Z"
)


@dataclass(frozen=True)
class KnownRoads:
    """Centre lines of the store that places are laid on.

    Attributes
    ----------
    roads
        The lines, in metres.
    crs
        Their plane.
    """

    roads: Roads
    crs: CRS


def known_roads(network: RoadNetwork | None) -> KnownRoads | None:
    """Return the roads of a network to lay places on, None where there are none."""
    if network is None or not len(network.sections):
        return None
    return KnownRoads(Roads(network.sections.geometry.to_numpy()), network.crs)


@dataclass(frozen=True)
class Coordinates:
    """How the numbers of a file are to be read, beside its CRS; None is not said.

    Attributes
    ----------
    frame
        WGS 84 or one of the shifted degrees.
    axes
        Which number comes first, where a file has it the other way round than its format says.
    grid
        A city's own grid, by control points. What is read with it is converted at once; neither the
        local numbers nor the grid are kept anywhere.
    known
        Roads to compare with, where the store has some.
    without_roads
        Whether there is a store, and it has no roads: what cannot be compared is then told.
    crs_stated
        Whether a person stated the CRS: rows far from every road are then noted, not refused.
    notes
        What there is to say of the grid: its residuals.
    """

    frame: Frame | None = None
    axes: Axes | None = None
    grid: LocalGrid | None = field(default=None, repr=False)
    known: KnownRoads | None = field(default=None, repr=False, compare=False)
    without_roads: bool = False
    crs_stated: bool = False
    notes: tuple[Fault, ...] = ()

    def or_else(self, frame: Frame | None, axes: Axes | None) -> Coordinates:
        """Return the same with what was left open said; control points leave nothing open.

        Examples
        --------
        >>> Coordinates(frame="wgs84").or_else("gcj02", "yx").frame
        'wgs84'
        """
        if self.grid is not None:
            return self
        return replace(self, frame=self.frame or frame, axes=self.axes or axes)


AS_WRITTEN = Coordinates()
"""Nothing is said and nothing is known."""


def crs_text(crs: CRS, said: Coordinates) -> str:
    """Return a CRS with its frame, as a filing keeps it.

    Examples
    --------
    >>> crs_text(CRS("EPSG:4326"), Coordinates(frame="gcj02"))
    'EPSG:4326 gcj02'
    >>> crs_text(CRS("EPSG:4549"), AS_WRITTEN)
    'EPSG:4549'
    """
    return crs.to_string() if said.frame is None else f"{crs.to_string()} {said.frame}"


def frame_in_names(names: tuple[str, ...]) -> Frame | None:
    """Return the shifted frame that names of columns speak of, or None.

    Examples
    --------
    >>> frame_in_names(("坐标（百度）",)), frame_in_names(("lng_gcj02", "lat_gcj02"))
    ('bd09', 'gcj02')
    >>> frame_in_names(("坐标（WGS84）",)) is None
    True
    """
    folded = unicodedata.normalize("NFKC", " ".join(names)).lower()
    for frame, words in _FRAME_NAMES:
        if words.search(folded):
            return frame
    return None


_FRAME_NAMES: tuple[tuple[Frame, re.Pattern[str]], ...] = (
    ("bd09", re.compile(r"百度|bd-?_?09|baidu")),
    ("gcj02", re.compile(r"火星|高德|腾讯|騰訊|gcj-?_?02|amap")),
)


def holds_coordinates(name: object, geometry_columns: tuple[str, ...]) -> bool:
    """Tell whether a column holds coordinates, by what the geometry was made of or by its name.

    Examples
    --------
    >>> holds_coordinates("中心点X坐标", ()), holds_coordinates("X", ()), holds_coordinates("名称", ())
    (True, True, False)
    """
    folded = unicodedata.normalize("NFKC", str(name)).strip().lower()
    return str(name) in geometry_columns or _COORDINATE_NAME.search(folded) is not None

"""The geometry of a layer's rows in the metric working CRS: moved, judged, repaired, widened."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from coordination.policy import FootprintPolicy
from data.judge_frame import judged_places
from data.read_layers import Layer
from geo.crs import metric_crs, reproject
from geo.footprints import widen
from geo.frames import unshifted
from geo.validity import repair

DEFAULT_CRS = CRS("EPSG:4549")
"""Working CRS of a list without any geometry: CGCS2000 3-degree zone of Shanghai."""

AREA_MARGIN_DEG = 1.0
"""How far outside its CRS's area of use a row may lie."""

FAR_M, FAR_TIMES = 100_000.0, 20.0
"""A row is far away from the others beyond this, and beyond so many times the distance from the
middle within which nine rows of ten lie: a city's list then catches another province, and a
country's list catches nothing of its own."""

_WGS84 = CRS("EPSG:4326")
_POINT, _AREA = 0, 2
_SOURCES = np.array(["point", "line", "polygon"], dtype=object)


@dataclass(frozen=True)
class Places:
    """Where the rows of a layer are.

    Attributes
    ----------
    geometry
        One per row in `crs`, valid, of the kind that was drawn; missing where the row has none or
        where it was refused.
    crs
        The metric working CRS.
    faults
        Refused and repaired rows.
    """

    geometry: npt.NDArray[np.object_]
    crs: CRS
    faults: list[Fault]


def place_rows(layer: Layer, working_crs: CRS | None) -> Places:
    """Bring a layer's geometry into the working CRS, row by row judged.

    Parameters
    ----------
    layer
        As read.
    working_crs
        The store's, in metres; None chooses one by the place (`geo.crs.metric_crs`).

    Raises
    ------
    InputRefusedError
        When most rows lie outside the working CRS's area of use: the CRS is wrong, or the axes are
        swapped.
    """
    count = len(layer.table)
    if layer.crs is None or not isinstance(layer.table, gpd.GeoDataFrame):
        return Places(np.full(count, None, dtype=object), working_crs or DEFAULT_CRS, [])
    filed = np.asarray(layer.table.geometry.array, dtype=object)
    if not shapely.is_geometry(filed).any():
        return Places(np.full(count, None, dtype=object), working_crs or DEFAULT_CRS, [])
    crs = _plane(layer.table.geometry) if working_crs is None else working_crs
    frame = layer.said.frame or "wgs84"
    placed = np.array(unshifted(filed, layer.crs, frame, crs), dtype=object)
    away = _outside(filed, placed, layer.crs, crs, layer.source)
    faults = [
        Fault("place_far_away", row=int(layer.numbers[i]), params={"crs": layer.crs.to_string()})
        for i in np.flatnonzero(away)
    ]
    placed[away] = None
    kept = filed.copy()
    kept[away] = None
    faults += judged_places(kept, placed, layer.crs, layer.said, layer.source)
    drawn = placed.copy()
    placed, repairs = repair(placed)
    for i, reason, before, after, lost in zip(
        repairs.row, repairs.reason, repairs.area_before, repairs.area_after, repairs.lost,
        strict=True,
    ):  # fmt: skip
        code = "geometry_repaired"
        if lost:
            # An area drawn as one point or one line, or a line without length, still says where.
            hull = shapely.convex_hull(drawn[i])
            code = (
                "geometry_lost" if shapely.get_dimensions(hull) == _AREA else "geometry_collapsed"
            )
            placed[i] = None if code == "geometry_lost" else hull
        faults.append(
            Fault(
                code,
                "refused" if code == "geometry_lost" else "repaired",
                row=int(layer.numbers[i]),
                params={
                    "reason": str(reason).partition("[")[0],
                    "before": f"{float(before):.1f}",
                    "after": f"{float(after):.1f}",
                },
            )
        )
    return Places(placed, crs, faults)


def _plane(geometry: gpd.GeoSeries) -> CRS:
    try:
        return metric_crs(geometry)
    except ValueError:  # numbers without degrees: refused as outside of any plane
        return DEFAULT_CRS


def in_true_degrees(layer: Layer) -> Layer:
    """Return a layer whose stated frame is shifted in WGS 84 degrees, any other as it is."""
    frame = layer.said.frame or "wgs84"
    if frame == "wgs84" or layer.crs is None or not isinstance(layer.table, gpd.GeoDataFrame):
        return layer
    filed = np.asarray(layer.table.geometry.array, dtype=object)
    true = unshifted(filed, layer.crs, frame, _WGS84)
    table = layer.table.set_geometry(gpd.GeoSeries(true, index=layer.table.index, crs=_WGS84))
    return replace(layer, table=table, crs=_WGS84)


def _outside(
    filed: npt.NDArray[np.object_],
    placed: npt.NDArray[np.object_],
    source: CRS,
    crs: CRS,
    name: str,
) -> npt.NDArray[np.bool_]:
    """Return which rows cannot lie where they say they lie."""
    given = shapely.is_geometry(filed)
    lost = given & ~shapely.is_geometry(placed)
    centres = shapely.centroid(shapely.envelope(placed))
    outside = lost.copy()
    if crs.area_of_use is not None:
        box = shapely.buffer(
            shapely.box(*crs.area_of_use.bounds), AREA_MARGIN_DEG, join_style="mitre"
        )
        lonlat = reproject(centres, crs, CRS("EPSG:4326"))
        # What has no degrees is as far away as what has wrong ones.
        outside |= given & ~shapely.intersects(lonlat, box)
    if 2 * outside.sum() > given.sum():
        bounds = shapely.total_bounds(filed)
        raise InputRefusedError(
            [
                Fault(
                    "file_outside_area",
                    params={
                        "crs": source.to_string(),
                        "working": crs.to_string(),
                        "x0": f"{bounds[0]:g}",
                        "y0": f"{bounds[1]:g}",
                        "x1": f"{bounds[2]:g}",
                        "y1": f"{bounds[3]:g}",
                    },
                )
            ],
            source=name,
        )
    inside = given & ~outside
    xy = np.column_stack([shapely.get_x(centres[inside]), shapely.get_y(centres[inside])])
    if len(xy) > 2:
        distance_m = np.hypot(*(xy - np.median(xy, axis=0)).T)
        far = distance_m > max(FAR_M, FAR_TIMES * float(np.quantile(distance_m, 0.9)))
        outside[np.flatnonzero(inside)[far]] = True
    return np.asarray(outside, dtype=np.bool_)


def ground_of(
    geometry: npt.NDArray[np.object_], rows: pd.DataFrame, policy: FootprintPolicy
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return footprints and what they were made of.

    Parameters
    ----------
    geometry
        As placed, shape (n,).
    rows
        ``width_m`` [m], ``utility``, ``sector``, ``position``; any may be missing. The width of a
        line is the row's own, else that of its utility, its sector, its position, the default.
    policy
        Widths.

    Returns
    -------
    footprints
        MultiPolygon, shape (n,), missing where there is no geometry.
    source
        ``polygon``, ``line``, ``point``, or missing.
    """
    dimension = np.where(shapely.is_geometry(geometry), shapely.get_dimensions(geometry), -1)
    own = rows["width_m"].where(rows["width_m"] > 0)
    width = (
        own.fillna(rows["utility"].map(policy.width_m).astype(float))
        .fillna(rows["sector"].map(policy.width_m).astype(float))
        .fillna(rows["position"].map(policy.position_width_m).astype(float))
        .fillna(policy.width_m["default"])
        .to_numpy(dtype=np.float64)
    )
    side = own.fillna(policy.point_width_m).to_numpy(dtype=np.float64)
    footprints = widen(geometry, np.where(dimension == _POINT, side, width))
    source = np.full(len(footprints), None, dtype=object)
    ground = shapely.is_geometry(footprints)
    source[ground] = _SOURCES[dimension[ground]]
    return footprints, source

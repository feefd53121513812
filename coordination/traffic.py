"""Counted traffic: vehicles a day on the roads of works, from imported counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.assets import assets_of
from coordination.city import City
from geo.line_parts import as_geometries
from geo.nearby_pairs import nearby_pairs

BESIDE_M = 20.0
"""A count that is drawn as a line is that of sections whose middle lies this near to it."""

STATION_M = 30.0
"""A count that is drawn as a point is that of the nearest section, at most this far away."""


def vehicles_per_day(city: City, spans: pd.DataFrame, count: int) -> npt.NDArray[np.float64]:
    """Return the traffic of each work: the largest count of the sections that it lies on.

    Counts are assets of the kind ``traffic_volume``; their ``value`` is vehicles a day.

    Parameters
    ----------
    city
        Its assets and its network.
    spans
        Where works lie along the roads: ``site`` (0 … count - 1)``, section``.
    count
        How many works there are.

    Returns
    -------
    numpy.ndarray of float64
        Shape ``(count,)``, NaN where nothing was counted, or there is no network.
    """
    none = np.full(count, np.nan)
    if city.assets is None or city.network is None or not len(spans):
        return none
    counts = assets_of(city, ("traffic_volume",))
    counts = counts[counts["value"] > 0].reset_index(drop=True)
    if not len(counts):
        return none
    lines = as_geometries(city.network.sections.geometry.to_numpy())
    shapes = as_geometries(counts.geometry.to_numpy())
    point = shapely.get_dimensions(shapes) == 0
    middle = as_geometries(shapely.line_interpolate_point(lines, 0.5, normalized=True))
    along, beside = nearby_pairs(shapes[~point], middle, within_m=BESIDE_M)
    station, nearest = shapely.STRtree(lines).query_nearest(shapes[point], max_distance=STATION_M)
    counted = np.concatenate([np.flatnonzero(~point)[along], np.flatnonzero(point)[station]])
    section = np.concatenate([beside, nearest])
    of_section = pd.Series(counts["value"].to_numpy(dtype=float)[counted]).groupby(section).max()
    value = of_section.reindex(spans["section"].to_numpy()).to_numpy()
    of_work = pd.Series(value).groupby(spans["site"].to_numpy()).max()
    none[of_work.index.to_numpy(dtype=np.int64)] = of_work.to_numpy()
    return none

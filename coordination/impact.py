"""The impact index of a project: how much a work burdens the people around it, from 1 to 5."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.policy import ImpactPolicy

Floats = npt.NDArray[np.float64]


def _points(values: Floats, limits: tuple[float, ...], points: tuple[float, ...]) -> Floats:
    return np.asarray(points)[np.searchsorted(np.asarray(limits, dtype=float), values, "right")]


def _by_code(codes: pd.Series[str], points: Mapping[str, float], missing: float) -> Floats:
    return np.asarray(codes.map(dict(points)).astype("float64").fillna(missing), dtype=np.float64)


def impact_index(
    duration_days: npt.ArrayLike,
    road_class: pd.Series[str],
    traffic_impact: pd.Series[str],
    length_m: npt.ArrayLike,
    policy: ImpactPolicy,
    *,
    vehicles_per_day: npt.ArrayLike | None = None,
) -> Floats:
    """Return the impact index of each work.

    ``0.10 duration + 0.20 street class + 0.25 traffic volume + 0.25 lane effect + 0.20 affected
    length``, each from 1 to 5 points [City of Helsinki, open formula for excavation permits]. Where
    no traffic was counted, the volume is estimated from the class; every finding says so.

    Parameters
    ----------
    duration_days
        Days of work, shape ``(n,)``.
    road_class, traffic_impact
        Codes, shape ``(n,)``; missing takes the policy's ``default`` class and the impact
        ``none``.
    length_m
        Affected length of road, m, shape ``(n,)``; missing counts as none.
    policy
        Weights and points.
    vehicles_per_day
        Counted traffic, shape ``(n,)``; missing where nothing was counted.

    Returns
    -------
    numpy.ndarray of float64
        Shape ``(n,)``, two decimals.

    Examples
    --------
    >>> one = pd.Series(["arterial"])
    >>> impact_index([30], one, pd.Series(["full"]), [250.0], ImpactPolicy()).tolist()
    [4.15]
    >>> impact_index([30], one, pd.Series(["full"]), [250.0], ImpactPolicy(),
    ...              vehicles_per_day=[800.0]).tolist()
    [3.4]
    """
    days = np.asarray(duration_days, dtype=float)
    length = np.nan_to_num(np.asarray(length_m, dtype=float))
    weight = policy.weights
    volume = _by_code(road_class, policy.volume_points, policy.volume_points["default"])
    if vehicles_per_day is not None:
        counted = np.asarray(vehicles_per_day, dtype=float)
        points = _points(np.nan_to_num(counted), policy.vehicles_per_day, policy.vehicle_points)
        volume = np.where(np.isnan(counted), volume, points)
    index = (
        weight["duration"]
        * _points(days, tuple(map(float, policy.duration_days)), policy.duration_points)
        + weight["road_class"]
        * _by_code(road_class, policy.class_points, policy.class_points["default"])
        + weight["volume"] * volume
        + weight["lanes"] * _by_code(traffic_impact, policy.lane_points, policy.lane_points["none"])
        + weight["length"] * _points(length, policy.length_m, policy.length_points)
    )
    return np.round(index, 2)


def impact_level(index: npt.ArrayLike, policy: ImpactPolicy) -> npt.NDArray[np.object_]:
    """Return ``red``, ``yellow`` or None for each index; missing gives None.

    Examples
    --------
    >>> impact_level([2.9, 3.0, 4.2, float("nan")], ImpactPolicy()).tolist()
    [None, 'yellow', 'red', None]
    """
    values = np.asarray(index, dtype=float)
    level = np.full(values.shape, None, dtype=object)
    level[values >= policy.yellow_from] = "yellow"
    level[values >= policy.red_from] = "red"
    return level

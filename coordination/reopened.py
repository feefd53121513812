"""Where ground is opened again by another project: the pairs behind repeats and right orders."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.meetings import pair_key, pair_times
from coordination.openings import Grounds, opening_periods
from coordination.policy import Policy
from coordination.works import (
    FOOTWAY_LAYER,
    ROAD_BASE_LAYER,
    SURFACE_LAYER,
    UNDERGROUND,
    add_months,
)

_UPPER = (ROAD_BASE_LAYER, FOOTWAY_LAYER, SURFACE_LAYER)


def reopened(
    works: gpd.GeoDataFrame, found: Grounds, bundled: frozenset[str], policy: Policy
) -> pd.DataFrame:
    """Return works of different projects in different openings of one piece of ground.

    Parameters
    ----------
    works
        `coordination.works.works_table`.
    found
        Ground that works open, in openings.
    bundled
        Pairs (`coordination.meetings.pair_key`) of an accepted bundle: they are coordinated.
    policy
        Months and counts.

    Returns
    -------
    pandas.DataFrame
        One row per piece and pair: ``ground, left, right`` (``left < right``), ``earlier, later``,
        the columns of `coordination.meetings.pair_times`, ``number`` (which opening of the last
        ``repeat_count_months`` the later one is), ``often`` (``repeat_count`` openings within that
        time, these two among them), ``right_order``. At least one is unfinished, the gap at most
        ``repeat_months``; windows that overlap are only here when the two probably do not meet.
    """
    finished = works["finished"].to_numpy(dtype=bool)
    members = found.members
    open_now = members[~finished[members["work"].to_numpy()]]
    rows = open_now.merge(members, on="ground", suffixes=("_a", "_b"))
    a, b = rows["work_a"].to_numpy(), rows["work_b"].to_numpy()
    codes = works["code"].to_numpy()
    # Two unfinished works come twice; one finished work comes once, on the right.
    rows = rows[
        (rows["opening_a"] != rows["opening_b"]).to_numpy()
        & (codes[a] != codes[b])
        & ((a < b) | finished[b])
    ].reset_index(drop=True)
    rows = rows[_is_about(found.pieces, rows)].reset_index(drop=True)
    a, b = rows["work_a"].to_numpy(), rows["work_b"].to_numpy()
    if bundled:
        free = ~pair_key(pd.Series(codes[a]), pd.Series(codes[b])).isin(bundled)
        rows = rows[free.to_numpy()].reset_index(drop=True)
        a, b = rows["work_a"].to_numpy(), rows["work_b"].to_numpy()
    start, finish = works["start_day"].to_numpy(), works["finish_day"].to_numpy()
    b_first = (start[b] < start[a]) | ((start[b] == start[a]) & (finish[b] < finish[a]))
    rows["earlier"], rows["later"] = np.where(b_first, b, a), np.where(b_first, a, b)
    rows["left"], rows["right"] = np.minimum(a, b), np.maximum(a, b)
    rows["opening_1"] = np.where(b_first, rows["opening_b"], rows["opening_a"])
    rows["opening_2"] = np.where(b_first, rows["opening_a"], rows["opening_b"])
    rows = rows[within_months(works, rows, policy.repeat_months)].reset_index(drop=True)
    rows = pd.concat([rows, pair_times(works, rows["left"], rows["right"])], axis=1)
    apart = (rows["overlap_days"] == 0) | (rows["likelihood"] < policy.likely)
    rows = rows[apart].reset_index(drop=True)
    rows["number"], rows["often"] = _openings_around(works, found, rows, policy)
    layer = works["layer"].to_numpy()
    rows["right_order"] = np.isin(layer[rows["later"].to_numpy()], _UPPER) & (
        layer[rows["earlier"].to_numpy()] <= UNDERGROUND
    )
    again: pd.DataFrame = rows
    return again


def _is_about(pieces: pd.DataFrame, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell whether a piece is about these two works: shared ground off the roads is about two."""
    piece = pieces.iloc[rows["ground"].to_numpy()]
    low = np.minimum(rows["work_a"].to_numpy(), rows["work_b"].to_numpy())
    high = np.maximum(rows["work_a"].to_numpy(), rows["work_b"].to_numpy())
    own = (piece["left"].to_numpy() == low) & (piece["right"].to_numpy() == high)
    about: npt.NDArray[np.bool_] = own | (piece["left"].to_numpy() < 0)
    return about


def within_months(works: pd.DataFrame, rows: pd.DataFrame, months: int) -> npt.NDArray[np.bool_]:
    """Tell where the later work starts at most so many calendar months after the earlier's last day.

    Parameters
    ----------
    works
        `coordination.works.works_table`.
    rows
        ``earlier``, ``later``: rows of ``works``.
    months
        Calendar months.
    """
    last_day = works["finish_day"].to_numpy()[rows["earlier"].to_numpy()] - 1
    first_day = works["start_day"].to_numpy()[rows["later"].to_numpy()]
    within: npt.NDArray[np.bool_] = first_day <= add_months(last_day, months)
    return within


def _openings_around(
    works: gpd.GeoDataFrame, found: Grounds, rows: pd.DataFrame, policy: Policy
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Count openings of a piece: up to the later one, and in any window that holds both."""
    months, count = policy.repeat_count_months, policy.repeat_count
    periods = opening_periods(found, works)
    ground, start = periods["ground"].to_numpy(), periods["start_day"].to_numpy()
    first = rows["opening_1"].to_numpy()
    last = rows["opening_2"].to_numpy()
    first, last = np.minimum(first, last), np.maximum(first, last)
    often = np.zeros(len(rows), dtype=bool)
    for back in range(count):
        begin = first - back
        end = np.maximum(last, begin + count - 1)
        inside = (begin >= 0) & (end < len(periods))
        begin, end = np.where(inside, begin, 0), np.where(inside, end, 0)
        inside &= (ground[begin] == ground[first]) & (ground[end] == ground[first])
        often |= inside & (start[end] < add_months(start[begin], months))
    number = np.ones(len(rows), dtype=np.int64)
    since = add_months(start[last], -months)
    step = 1
    while True:
        before = last - step
        counted = before >= 0
        before = np.where(counted, before, 0)
        counted &= (ground[before] == ground[last]) & (start[before] > since)
        if not counted.any():
            return number, often
        number += counted
        step += 1

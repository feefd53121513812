"""How far a project may move in time: the window of the check before approval and of the schedule."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY, day_numbers

Days = npt.NDArray[np.int64]

MOVABLE_COLUMNS = (
    "why", "start_day", "finish_day", "duration_days", "earliest_day", "latest_day", "never_later",
    "one_window",
)  # fmt: skip
_FAR = 1 << 40


def movable_windows(
    projects: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    works: gpd.GeoDataFrame,
    policy: Policy,
    *,
    as_of_day: int,
) -> pd.DataFrame:
    """Return, per project with a dated site, between which days it may be carried out.

    What is in progress, permitted, finished, an emergency or fixed does not move. Any other moves
    within ``earliest_start``–``latest_finish``; where a side of that is missing, by stage: within
    its plan year (that of its filed start where none is stated), or by so many days either way
    (``policy.move``), forward to ``ready_days`` after the day of judgement at most. Nothing is moved
    into the past. A safety repair moves earlier, never later, and as soon as it likes.
    The sites of a project move together.

    Parameters
    ----------
    projects, sites
        As in `coordination.city.City`.
    works
        `coordination.works.works_table` of them: ``site`` is the row of ``sites``.
    policy
        ``move``.
    as_of_day
        Day of judgement, days since 1970-01-01; a moved project starts after it.

    Returns
    -------
    pandas.DataFrame
        Index ``code``, sorted; `MOVABLE_COLUMNS`: ``why`` it does not move (``emergency``,
        ``fixed``, ``stage``, ``begun``, ``finished``, ``no_room``; missing where it may),
        ``start_day``, ``finish_day`` (half-open, of all its sites together as filed),
        ``duration_days`` of its longest site, ``earliest_day``, ``latest_day`` (half-open, between
        which the whole project must lie), ``never_later`` (safety repair: it may start on its
        filed day at the latest), ``one_window`` (its sites share one window).

    Examples
    --------
    >>> from coordination.city import City
    >>> from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
    >>> from coordination.works import works_table
    >>> row = pd.DataFrame({"code": ["A"], "stage": ["approved"], "site_id": ["1"],
    ...     "start": pd.to_datetime(["2026-03-01"]), "finish": pd.to_datetime(["2026-03-10"])})
    >>> sites = gpd.GeoDataFrame(as_fields(row, SITE_FIELDS).assign(project_code="A"),
    ...     geometry=gpd.GeoSeries([None], crs=4549))
    >>> city = City(sites.crs, as_fields(row, PROJECT_FIELDS), sites)
    >>> works = works_table(city, Policy(), 20_000)
    >>> one = movable_windows(city.projects, city.sites, works, Policy(), as_of_day=20_000).loc["A"]
    >>> int(one["start_day"] - one["earliest_day"]), int(one["latest_day"] - one["finish_day"])
    (30, 30)
    """
    own = (works["dated"] & ~works["ledger"]).to_numpy(dtype=bool)
    rows = pd.DataFrame(works.loc[own, ["code", "site", "start_day", "finish_day", "emergency"]])
    rows["finished"] = works["finished"].to_numpy(dtype=bool)[own]
    rows["duration_days"] = works["duration_days"].to_numpy()[own]
    at = rows["site"].to_numpy(dtype=np.int64)
    rows["begun"] = _days(sites, "actual_start")[at] != UNKNOWN_DAY
    # How many days its sites leave to the project on either side, where they say so.
    earliest, latest = _days(sites, "earliest_start")[at], _days(sites, "latest_finish")[at]
    start, finish = rows["start_day"].to_numpy(), rows["finish_day"].to_numpy()
    rows["back"] = np.where(earliest == UNKNOWN_DAY, _FAR, start - earliest)
    rows["ahead"] = np.where(latest == UNKNOWN_DAY, _FAR, latest + 1 - finish)
    rows["window"] = list(zip(start, finish, strict=True))
    table = rows.groupby("code", sort=True).agg(
        start_day=("start_day", "min"), finish_day=("finish_day", "max"),
        duration_days=("duration_days", "max"), emergency=("emergency", "any"),
        finished=("finished", "all"), begun=("begun", "any"), back=("back", "min"),
        ahead=("ahead", "min"), one_window=("window", "nunique"),
    )  # fmt: skip
    table["one_window"] = table["one_window"] == 1
    filed = projects.drop_duplicates("code").set_index("code").reindex(table.index)
    table["never_later"] = filed["safety_critical"].astype("object").eq(True).to_numpy()
    _by_stage(table, filed, policy, as_of_day)
    table["earliest_day"] = np.maximum(table["start_day"] - table["back"], as_of_day + 1)
    table["latest_day"] = table["finish_day"] + table["ahead"]
    later = table["never_later"].to_numpy(dtype=bool)
    table.loc[later, "latest_day"] = np.minimum(table["latest_day"], table["finish_day"])[later]
    table["why"] = _why(table, filed, policy)
    return table[list(MOVABLE_COLUMNS)]


def start_limits(movable: pd.Series[Any], length_days: int) -> tuple[int, int]:
    """Return the first and the last day on which a project may start; the last is smaller where it
    may not at all.

    Parameters
    ----------
    movable
        Row of `movable_windows`.
    length_days
        Days from its first to its last.
    """  # noqa: D205 the sentence is one
    if isinstance(movable["why"], str):
        return 0, -1
    last = int(movable["latest_day"]) - length_days
    if movable["never_later"]:
        last = min(last, int(movable["start_day"]))
    return int(movable["earliest_day"]), last


def _by_stage(table: pd.DataFrame, filed: pd.DataFrame, policy: Policy, as_of_day: int) -> None:
    """Fill in what the sites left open: the plan year, or so many days either way."""
    start, finish = table["start_day"].to_numpy(), table["finish_day"].to_numpy()
    stated = pd.to_numeric(filed["plan_year"], errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    year_of_start = start.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    year = np.where(np.isnan(stated), year_of_start, np.nan_to_num(stated) - 1970).astype(np.int64)
    first, last = _first_day(year), _first_day(year + 1)
    within = filed["stage"].map(dict(policy.move.within_days)).to_numpy(dtype=float)
    fixed_days = np.nan_to_num(within).astype(np.int64)
    by_year = np.isnan(within)
    # A filed window that leaves its plan year may stay where it is.
    back = np.where(by_year, np.maximum(start - first, 0), fixed_days)
    ahead = np.where(by_year, np.maximum(last - finish, 0), fixed_days)
    # Design, tender and permit take their time; nobody digs next week what is filed for December.
    ready = np.maximum(start - (as_of_day + policy.move.ready_days), 0)
    back = np.where(table["never_later"], back, np.minimum(back, ready))
    table["back"] = np.where(table["back"] >= _FAR // 2, back, table["back"])
    table["ahead"] = np.where(table["ahead"] >= _FAR // 2, ahead, table["ahead"])


def _why(table: pd.DataFrame, filed: pd.DataFrame, policy: Policy) -> npt.NDArray[np.object_]:
    stays = ~filed["stage"].isin((*policy.move.within_days, *policy.move.plan_year_stages))
    room = table["latest_day"] - table["earliest_day"]
    needed = table["finish_day"] - table["start_day"]
    narrower = table["one_window"] & (table["duration_days"] < needed)
    needed = needed.mask(narrower, table["duration_days"])
    shut = (room < needed) | (
        (room == needed) & (table["earliest_day"] == table["start_day"]) & ~narrower
    )
    no_earlier = (table["earliest_day"] == table["start_day"]) & ~narrower
    no_earlier |= table["earliest_day"] > table["start_day"]
    shut |= table["never_later"] & no_earlier
    reasons: npt.NDArray[np.object_] = np.select(
        [
            table["finished"], table["emergency"], filed["fixed"].astype("object").eq(True),
            (stays & filed["stage"].notna()).to_numpy(), table["begun"], shut,
        ],
        ["finished", "emergency", "fixed", "stage", "begun", "no_room"],
        "",
    ).astype(object)  # fmt: skip
    reasons[reasons == ""] = None
    return reasons


def _days(sites: pd.DataFrame, name: str) -> Days:
    if name not in sites:
        return np.full(len(sites), UNKNOWN_DAY, dtype=np.int64)
    return day_numbers(pd.to_datetime(sites[name]))


def _first_day(years_since_1970: Days) -> Days:
    day: Days = years_since_1970.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return day

"""Windows worth judging for one project: where something near it begins or ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.calendar import expand
from coordination.movable import start_limits
from coordination.policy import Policy
from coordination.restricted_places import in_place
from coordination.restrictions import restriction_table
from coordination.rules.protocol import Context
from coordination.shared_openings import ground_in_common
from coordination.works import ROAD_BASE_LAYER, UNDERGROUND, add_months
from geo.intervals import gap_days, overlap_days
from geo.nearby_pairs import nearby_pairs

Days = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

MEETING_COST, REPEAT_COST, OLD_REPEAT_COST, ORDER_COST, SHUT_COST = 16.0, 16.0, 4.0, 4.0, 400.0
_YEAR = 366


@dataclass(frozen=True)
class Surroundings:
    """What lies around one project in time.

    Attributes
    ----------
    start_day, finish_day
        Half-open windows of its neighbours, shape ``(n,)``.
    layer
        Their place in the works order, shape ``(n,)``.
    meets, digs_there
        Whether they would be concurrent with it, and whether they open the same ground.
    worth_wan
        What sharing one opening would save, mid value, shape ``(n,)``.
    shut
        Half-open periods, shape ``(m, 2)``, in which the project must not work: locks of surfaces and
        restricted periods of its place.
    own_layer
        Its own place in the works order.
    """

    start_day: Days
    finish_day: Days
    layer: Days
    meets: npt.NDArray[np.bool_]
    digs_there: npt.NDArray[np.bool_]
    worth_wan: Numbers
    shut: Days
    own_layer: int


def surroundings(context: Context, code: str, days: tuple[int, int]) -> Surroundings:
    """Return what lies around a project.

    Parameters
    ----------
    context
        What rules see of the city in which it lies.
    code
        The project.
    days
        Half-open days between which it may lie.
    """
    works = context.works
    mine = works["code"].eq(code).to_numpy(dtype=bool) & ~works["ledger"].to_numpy(dtype=bool)
    met = context.meetings
    left, right = met["left"].to_numpy(dtype=np.int64), met["right"].to_numpy(dtype=np.int64)
    buffers = works["buffer_m"].to_numpy(dtype=float)
    close = met["distance_m"].to_numpy(dtype=float) <= buffers[left] + buffers[right]
    close &= ~met["bundled"].to_numpy(dtype=bool)
    meeting = np.zeros(len(works), dtype=bool)
    meeting[right[close & mine[left]]] = True
    meeting[left[close & mine[right]]] = True
    members = context.grounds.members
    own_ground = members.loc[mine[members["work"].to_numpy()], "ground"]
    digging = np.zeros(len(works), dtype=bool)
    digging[members.loc[members["ground"].isin(own_ground), "work"].to_numpy()] = True
    others = np.flatnonzero((meeting | digging) & ~mine)
    worth = ground_in_common(context, code)["mid_wan"]
    codes = works["code"].to_numpy(dtype=object)[others]
    layers = works["layer"].to_numpy(dtype=np.int64)
    return Surroundings(
        start_day=works["start_day"].to_numpy(dtype=np.int64)[others],
        finish_day=works["finish_day"].to_numpy(dtype=np.int64)[others],
        layer=layers[others],
        meets=meeting[others],
        digs_there=digging[others],
        worth_wan=worth.reindex(codes).fillna(0.0).to_numpy(dtype=float),
        shut=np.concatenate([_locks(context, code, mine), _restricted(context, mine, days)]),
        own_layer=int(layers[mine].min()) if mine.any() else UNDERGROUND,
    )


def _locks(context: Context, code: str, mine: npt.NDArray[np.bool_]) -> Days:
    """Return when surfaces below the project are locked."""
    found = context.surfaces
    _, near = nearby_pairs(context.opened[mine], found.shapes)
    table = found.table.iloc[np.unique(near)]
    table = table[table["code"] != code]
    locked: Days = table[["locked_from_day", "locked_until_day"]].to_numpy(dtype=np.int64)
    return locked


def _restricted(context: Context, mine: npt.NDArray[np.bool_], days: tuple[int, int]) -> Days:
    """Return the restricted periods of the place."""
    table, policy = context.city.restrictions, context.policy.restricted
    if table is None and not policy.periods:
        return np.empty((0, 2), dtype=np.int64)
    rows = restriction_table(table, policy, context.city.crs)
    here = in_place(context, rows, np.flatnonzero(mine)).table["row"].unique()
    dated = expand(rows.iloc[here].reset_index(drop=True), *days)
    periods: Days = dated[["start_day", "end_day"]].to_numpy(dtype=np.int64)
    return periods


def candidate_windows(
    around: Surroundings, movable: pd.Series[Any], policy: Policy
) -> pd.DataFrame:
    """Return windows in which a project may lie and at one end of which something changes.

    It begins when a neighbour has ended, or with it; ends when a neighbour begins, or with it; lies
    so far behind or before one that a repeat is none, or a lesser one; begins when a lock or a
    restricted period ends, ends when one begins; begins with a month; lies at an end of the time
    left to it. A project with one window is also tried with the days that it really takes.

    Parameters
    ----------
    around
        `surroundings`.
    movable
        Row of `coordination.movable.movable_windows`.
    policy
        Months of repeats, ``link_days``.

    Returns
    -------
    pandas.DataFrame
        ``start_day``, ``finish_day`` (half-open), ``cost`` and ``worth_wan`` as a first look
        estimates them, ``moved_days``, ``promising`` (whether it looks better than the filed
        window); most promising first. The filed window is left out.
    """
    filed = int(movable["finish_day"] - movable["start_day"])
    lengths = {filed}
    if movable["one_window"]:
        lengths.add(int(movable["duration_days"]))
    begins, ends = _events(around, movable, policy)
    tables = []
    for length in sorted(lengths):
        first, last = start_limits(movable, length)
        starts = np.unique(np.concatenate([begins, ends - length, [first, last]]))
        starts = starts[(starts >= first) & (starts <= last)]
        tables.append(pd.DataFrame({"start_day": starts, "finish_day": starts + length}))
    table = pd.concat(tables, ignore_index=True).astype("int64")
    now = {name: int(movable[name]) for name in ("start_day", "finish_day")}
    as_filed = table["start_day"].eq(now["start_day"]) & table["finish_day"].eq(now["finish_day"])
    # The filed window stands first, to be compared with.
    table = pd.concat([pd.DataFrame([now]), table[~as_filed]], ignore_index=True)
    table["cost"], table["worth_wan"] = _first_look(table, around, policy)
    cost, worth = table["cost"].iloc[0], table["worth_wan"].iloc[0]
    table["promising"] = (table["cost"] < cost) | (
        (table["cost"] == cost) & (table["worth_wan"] > worth)
    )
    table = table.iloc[1:].reset_index(drop=True)
    table["moved_days"] = table["start_day"] - int(movable["start_day"])
    table["far"] = table["moved_days"].abs()
    table["narrowed"] = table["finish_day"] - table["start_day"] < filed
    order = ["cost", "worth_wan", "narrowed", "far", "start_day"]
    table = table.sort_values(order, ascending=[True, False, True, True, True], ignore_index=True)
    return table.drop(columns=["far", "narrowed"])


def _events(around: Surroundings, movable: pd.Series[Any], policy: Policy) -> tuple[Days, Days]:
    start, finish, last_day = around.start_day, around.finish_day, around.finish_day - 1
    months = (policy.repeat_high_months, policy.repeat_months)
    first_month = np.datetime64(int(movable["earliest_day"]), "D").astype("datetime64[M]")
    count = (int(movable["latest_day"]) - int(movable["earliest_day"])) // 28 + 2
    of_months = (first_month + np.arange(max(count, 1))).astype("datetime64[D]").astype(np.int64)
    begins = [finish, start, around.shut[:, 1], of_months]
    begins += [add_months(last_day, number) + 1 for number in months]
    ends = [start, finish, around.shut[:, 0]]
    ends += [add_months(start, -number) for number in months]
    return np.concatenate(begins), np.concatenate(ends)


def _first_look(
    table: pd.DataFrame, around: Surroundings, policy: Policy
) -> tuple[Numbers, Numbers]:
    """Return an estimate of what each window runs into, and what it would share."""
    start = table["start_day"].to_numpy(dtype=np.int64)[:, None]
    finish = table["finish_day"].to_numpy(dtype=np.int64)[:, None]
    other = around.start_day[None, :], around.finish_day[None, :]
    common = overlap_days(start, finish, *other) > 0
    gap = gap_days(start, finish, *other)
    later = start >= other[1]
    upper = np.where(later, around.own_layer, around.layer[None, :])
    lower = np.where(later, around.layer[None, :], around.own_layer)
    right_order = (upper >= ROAD_BASE_LAYER) & (lower <= UNDERGROUND)
    linked = common | (gap <= policy.link_days)
    again = around.digs_there & ~linked & ~right_order
    cost = np.where(around.meets & common, MEETING_COST, 0.0)
    cost += np.where(again & (gap <= _YEAR), REPEAT_COST, 0.0)
    cost += np.where(again & (gap > _YEAR) & (gap <= 2 * _YEAR), OLD_REPEAT_COST, 0.0)
    first_ends = np.where(finish <= other[1], around.own_layer, around.layer[None, :])
    last_ends = np.where(finish <= other[1], around.layer[None, :], around.own_layer)
    wrong = around.digs_there & (first_ends > last_ends) & (gap <= _YEAR)
    cost += np.where(wrong, ORDER_COST, 0.0)
    shut = overlap_days(start, finish, around.shut[None, :, 0], around.shut[None, :, 1]) > 0
    total = cost.sum(axis=1) + SHUT_COST * shut.sum(axis=1)
    worth = np.where(around.digs_there & linked, around.worth_wan[None, :], 0.0).sum(axis=1)
    return total, worth

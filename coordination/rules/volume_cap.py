"""总量超限: more open, or more lanes closed, in a town and month than the authority wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.calendar import month_bounds
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
    nothing,
)
from coordination.severity import MEDIUM, NOTICE
from coordination.works import STARTED_STAGES
from coordination.zone_metres import Zones, zone_metres, zones_of
from geo.intervals import meeting_likelihood, meets, overlap_days, overlap_range

Floats = npt.NDArray[np.float64]
_TOLERANCE_M = 0.05


@dataclass(frozen=True)
class VolumeCap:
    """Opened length or closed lanes in a zone and calendar month above its cap in the policy.

    A filed window is often a whole year around ten days of work. In each month that its window
    touches a work counts *for certain* when it is open in it whatever its start, *expected* with
    the likelihood that it is, and *possible* in full. Medium for works that are certain in a month
    whose certain total is above the cap; a notice for works of months whose expected total is, or
    that are longer than the cap by themselves. One finding per project and zone, about its worst
    month; months that are over are left alone. What ended earlier in the month of the day of
    judgement counts, and so do emergencies, but they are not asked to move.
    """

    code: str = "volume_cap"
    needs: tuple[str, ...] = ("boundaries",)
    yields_to: tuple[str, ...] = ()
    reach: Reach = "city"
    by_month: bool = True
    words: RuleWords | None = None

    def concerns(self, works: pd.DataFrame, policy: Policy) -> npt.NDArray[np.bool_]:
        """Tell which works it looks at: all where there are caps, none where there are none.

        Parameters
        ----------
        works
            `coordination.works.works_table`.
        policy
            ``volume``.
        """
        caps = bool(policy.volume.opened_m) or bool(policy.volume.closed_lane_m)
        return np.full(len(works), caps, dtype=np.bool_)

    def run(self, context: Context) -> Candidates:
        """Return projects with works in months above the cap.

        Raises
        ------
        CannotRunError
            When the policy has no caps, or no boundary bears a name that they are for.
        """
        policy = context.policy.volume
        kinds = (("opened", policy.opened_m), ("lanes", policy.closed_lane_m))
        if not any(caps for _, caps in kinds):
            raise CannotRunError("volume_caps")
        assert context.city.boundaries is not None
        zones = zones_of(context.city.boundaries, frozenset().union(*(caps for _, caps in kinds)))
        if not zones.ids:
            raise CannotRunError("boundaries")
        parts = zone_metres(context, zones)
        begin, end = _months(context, parts)
        tables = [
            _over(context, parts, zones, kind, caps, (begin, end)) for kind, caps in kinds if caps
        ]
        tables = [table for table in tables if len(table)]
        if not tables:
            return nothing()
        return candidates(pd.concat(tables, ignore_index=True))


def cap_of(caps: Mapping[str, float], names: tuple[str, ...], month: str) -> float:
    """Return the cap of a zone in a month, NaN where there is none; the closest key counts.

    Parameters
    ----------
    caps
        As in `coordination.rule_policy.VolumePolicy`.
    names
        What the zone is called; ``default`` last, where it is a town.
    month
        ``2026-10``.

    Examples
    --------
    >>> caps = {"default": 900.0, "安亭镇": 500.0, "安亭镇@10": 100.0}
    >>> cap_of(caps, ("安亭镇", "default"), "2026-10"), cap_of(caps, ("马陆镇", "default"), "2026-10")
    (100.0, 900.0)
    """
    for name in names:
        for key in (f"{name}@{month}", f"{name}@{month[5:]}", name):
            if key in caps:
                return float(caps[key])
    return float("nan")


def _months(
    context: Context, parts: pd.DataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the months from the day of judgement to the last finish."""
    last = context.works["finish_day"].to_numpy()[parts["work"].to_numpy()].max(initial=0)
    return month_bounds(context.as_of_day, max(int(last), context.as_of_day + 1))


def _over(  # noqa: PLR0917 - one kind of metres over all zones and months
    context: Context,
    parts: pd.DataFrame,
    zones: Zones,
    kind: str,
    caps: Mapping[str, float],
    months: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> pd.DataFrame:
    """Return one row per project and zone whose works are in months above the cap."""
    parts = parts[parts[f"{kind}_m"] > 0].reset_index(drop=True)
    counted = _by_month(context, parts, months)
    counted["metres"] = parts[f"{kind}_m"].to_numpy()[counted["part"].to_numpy()]
    counted["zone"] = parts["zone"].to_numpy()[counted["part"].to_numpy()]
    work = parts["work"].to_numpy()[counted["part"].to_numpy()]
    counted["code"] = context.works["code"].to_numpy()[work]
    counted["work"] = work
    counted["certain_m"] = counted["metres"] * counted["certain"]
    counted["expected_m"] = counted["metres"] * counted["likelihood"]
    cell = counted.groupby(["zone", "month"])
    totals = cell[["certain_m", "expected_m", "metres"]].sum()
    totals["projects"] = cell["code"].nunique()
    names = months[0].astype("datetime64[D]").astype("datetime64[M]").astype(str)
    totals["cap_m"] = [
        cap_of(caps, zones.names[zone], names[month]) for zone, month in totals.index
    ]
    counted = counted.join(totals.add_prefix("all_"), on=["zone", "month"])
    limit = counted["all_cap_m"] + _TOLERANCE_M
    sure = counted["certain"] & (counted["all_certain_m"] > limit)
    likely = (counted["all_expected_m"] > limit) | (counted["metres"] > limit)
    here = context.works.iloc[counted["work"].to_numpy()]
    asked = ~(here["emergency"] | here["finished"]).to_numpy(dtype=bool)
    counted = counted.assign(sure=sure, alone=~sure & (counted["all_expected_m"] <= limit))
    found = counted[(sure | likely) & asked]
    if not len(found):
        return pd.DataFrame()
    found = found.assign(ratio=found["all_expected_m"] / found["all_cap_m"].clip(lower=1e-9))
    own = found.groupby(["code", "zone", "month"])["metres"].transform("sum")
    found = found.assign(
        own_m=own, months=found.groupby(["code", "zone"])["month"].transform("nunique")
    )
    worst = found.sort_values(
        ["code", "zone", "sure", "ratio", "month", "metres", "work"],
        ascending=[True, True, False, False, True, False, True],
    ).drop_duplicates(["code", "zone"])
    return _worded(worst.reset_index(drop=True), context, parts, zones, kind, months)


def _by_month(
    context: Context,
    parts: pd.DataFrame,
    months: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> pd.DataFrame:
    """Return each part in each month in which its work may be open: certain, and how likely."""
    works = context.works
    work = parts["work"].to_numpy()
    mine = works.iloc[work]
    # What is finished, on whatever day, was so by the day of judgement.
    ended = np.where(mine["finished"], context.as_of_day, np.iinfo(np.int64).max)
    start, finish, last = (
        mine["start_day"].to_numpy(),
        np.minimum(mine["finish_day"].to_numpy(), ended),
        np.minimum(mine["last_finish_day"].to_numpy(), ended),
    )
    began, days = mine["first_start_day"].to_numpy(), mine["duration_days"].to_numpy()
    # What goes on longer than it should have taken is open on the day of judgement, if not beyond.
    overrun = ~mine["finished"].to_numpy(dtype=bool) & (last <= context.as_of_day)
    last = np.where(overrun, context.as_of_day + 1, last)
    days = np.where(overrun, last - began, days)
    begin, end = months
    first = np.searchsorted(end, start, "right")
    count = np.maximum(np.searchsorted(begin, finish, "left") - first, 0)
    part = np.repeat(np.arange(len(parts)), count)
    month = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count) + first[part]
    met = meets(start[part], finish[part], begin[month], end[month]) & (start < finish)[part]
    part, month = part[met], month[met]
    lie = (
        began[part], last[part], days[part], begin[month], end[month], (end - begin)[month],
    )  # fmt: skip
    counted = pd.DataFrame(
        {
            "part": part,
            "month": month,
            "certain": overlap_range(*lie).least > 0,
            "likelihood": meeting_likelihood(*lie),
            "days": overlap_days(start[part], finish[part], begin[month], end[month]),
        }
    )
    # A work that has begun cannot be at work wherever its filed window still reaches.
    return counted[counted["likelihood"] > 0].reset_index(drop=True)


def _worded(  # noqa: PLR0917 - one step of `_over`
    worst: pd.DataFrame,
    context: Context,
    parts: pd.DataFrame,
    zones: Zones,
    kind: str,
    months: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
) -> pd.DataFrame:
    begin, end = (days[worst["month"].to_numpy()] for days in months)
    names = begin.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    zone = worst["zone"].to_numpy()
    begun = _begun(context)[worst["work"].to_numpy()]
    facts = [
        {
            "zone": Worded(zones.zh[number], zones.en[number]), "month": month,
            "certain_m": f"{row.all_certain_m:.0f}", "expected_m": f"{row.all_expected_m:.0f}",
            "possible_m": f"{row.all_metres:.0f}", "cap_m": f"{row.all_cap_m:g}",
            "own_m": f"{row.own_m:.0f}", "others": int(row.all_projects) - 1,
            "months": int(row.months), "chance": _chance(row), "remedy": _remedy(row, has_begun),
        }
        for row, number, month, has_begun in zip(_rows(worst), zone, names, begun, strict=True)
    ]  # fmt: skip
    sure = worst["sure"].to_numpy(dtype=bool)
    geometry = parts.set_index(["work", "zone"])["geometry"]
    at = list(zip(worst["work"], zone, strict=True))
    shapes = geometry[~geometry.index.duplicated()].reindex(at).to_numpy(dtype=object)
    real = shapely.is_geometry(shapes)
    return pd.DataFrame(
        {
            "code_left": worst["code"].to_numpy(dtype=object),
            "left": worst["work"].to_numpy(dtype=np.int64),
            "code_right": np.array(zones.ids, dtype=object)[zone],
            "kind_right": "zone",
            "level": np.where(sure, MEDIUM, NOTICE),
            "steps": np.where(sure, "base:medium", "base:medium possible_only:-1"),
            "variant": np.where(worst["alone"], f"{kind}_alone", kind),
            "number": worst["months"].to_numpy(),
            "first_day": begin,
            "end_day": end,
            "overlap_days": worst["days"].to_numpy(dtype=np.float64),
            "likelihood": worst["likelihood"].to_numpy(dtype=np.float64),
            "geometry": _where(real, shapes),
            "facts": facts,
        }
    )


def _begun(context: Context) -> npt.NDArray[np.bool_]:
    """Tell which works have begun for certain: a window that has begun says nothing yet."""
    works = context.works
    actual = works["actual_start"].to_numpy()
    began = (actual != UNKNOWN_DAY) & (actual <= context.as_of_day)
    return np.asarray(began | works["stage"].isin(STARTED_STAGES).to_numpy(), dtype=np.bool_)


def _chance(row: Any) -> Worded:
    """Return how likely the project's own metres are open in the month, nothing when certain."""
    if row.certain:
        return Worded("", "")
    return Worded.of("findings.volume.chance", likelihood=f"{max(100 * row.likelihood, 1):.0f}")


def _remedy(row: Any, has_begun: bool) -> Worded:
    """Return what to do: what has begun cannot begin later, what is above alone needs parts."""
    if row.own_m > row.all_cap_m + _TOLERANCE_M:
        return Worded.of("findings.volume.parts")
    return Worded.of(f"findings.volume.{'begun' if has_begun else 'spread'}")


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _where(
    known: npt.NDArray[np.bool_], shapes: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    kept = np.full(len(shapes), None, dtype=object)
    kept[known] = shapes[known]
    return kept

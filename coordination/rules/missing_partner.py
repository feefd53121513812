"""应同步未同步: a road is rebuilt along overhead lines or above old pipes, and nobody renews them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.assets import (
    Rows,
    assets_of,
    called,
    judged_works,
    near_part,
    owners,
    roads_of_works,
    united,
)
from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.reopened import within_months
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
)
from coordination.severity import MEDIUM, graded
from coordination.works import add_months
from geo.nearby_pairs import nearby_pairs

Flags = npt.NDArray[np.bool_]
IsPartner = Callable[[Rows, Rows], Flags]
"""Tells of works (first) and assets (second), row by row, whether the work would do the job."""

_UNDERGROUND_LINES = ("power", "telecom")


@dataclass(frozen=True)
class MissingPartner:
    """A road is to be rebuilt, and what should go along is in nobody's plan.

    Judged are unfinished road works of the kinds ``policy.partner.work_types``. Along them lie
    overhead lines, or pipes due for renewal up to ``due_months`` after the work's last day (overdue
    ones too, and those that are listed without a date), within ``within_m``. What lies within reach
    of a partner is taken care of; a finding says that at least ``least_m`` of the asset is left.

    A partner digs within ``within_m`` of the line and its time is at most ``partner_months`` from
    the road work's. For overhead lines it is power or telecom work of the kinds
    ``underground_work_types``; for pipes a work of the pipe's utility, or of its owner; where the
    asset names neither, any work on a utility. Lengths are those of lines: an asset that was drawn
    as a point has none. Medium.
    """

    code: str = "missing_partner"
    needs: tuple[str, ...] = ("assets",)
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return road projects and the assets that nobody takes along.

        Raises
        ------
        CannotRunError
            Where neither overhead lines nor pipes due for renewal were imported.
        """
        lines = assets_of(context.city, ("overhead_line",))
        pipes = assets_of(context.city, ("pipe_due",))
        missing = tuple(
            code
            for code, table in (("assets_overhead_line", lines), ("assets_pipe_due", pipes))
            if not len(table)
        )
        if len(missing) == 2:
            raise CannotRunError(*missing)
        found = [
            _told(context, lines, _along(context, lines, _undergrounds(context))),
            _told(context, pipes, _due(context, pipes)),
        ]
        return candidates(pd.concat(found, ignore_index=True), missing=missing)


def _undergrounds(context: Context) -> IsPartner:
    works, policy = context.works, context.policy.partner
    does = (
        works["utility"].isin(_UNDERGROUND_LINES)
        & works["work_type"].isin(policy.underground_work_types)
    ).to_numpy(dtype=bool)
    return lambda work, _asset: does[work]


def _due(context: Context, pipes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return `_along` of pipes that are due by the policy's months after the work's last day."""
    works = context.works
    utility = works["utility"].to_numpy(dtype=object)
    unit = works["owner_unit"].to_numpy(dtype=object)
    own_utility = _column(pipes, "utility")
    own_unit = _column(pipes, "owner_unit")

    def does(work: Rows, asset: Rows) -> Flags:
        same = utility[work] == own_utility[asset]
        same |= pd.notna(own_unit[asset]) & (unit[work] == own_unit[asset])
        nobody = pd.isna(own_utility[asset]) & pd.isna(own_unit[asset])
        result: Flags = (same | nobody) & pd.notna(utility[work])
        return result

    along = _along(context, pipes, does)
    due = day_numbers(pd.to_datetime(pipes["due"]))[along["asset"].to_numpy()]
    last = works["finish_day"].to_numpy()[along["work"].to_numpy()] - 1
    limit = add_months(last, context.policy.partner.due_months)
    asks: pd.DataFrame = along.loc[(due == UNKNOWN_DAY) | (due <= limit)]
    return asks


def _column(table: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    if name not in table:
        return np.full(len(table), None, dtype=object)
    return table[name].astype("object").where(table[name].notna(), None).to_numpy(dtype=object)


def _along(context: Context, assets: gpd.GeoDataFrame, does: IsPartner) -> pd.DataFrame:
    """Return ``work``, ``asset`` and ``left`` (the line along the work that no partner reaches)."""
    works, policy = context.works, context.policy.partner
    shapes, lines = works.geometry.to_numpy(), assets.geometry.to_numpy()
    asking = works["sector"].eq("road") & works["work_type"].isin(policy.work_types)
    here = np.flatnonzero(judged_works(context) & asking.to_numpy(dtype=bool))
    work, asset = nearby_pairs(shapes[here], lines, within_m=policy.within_m)
    work = here[work]
    left = near_part(lines[asset], shapes[work], policy.within_m)
    long = shapely.length(left) > 0
    work, asset, left = work[long], asset[long], left[long]

    part_of_project = works["placed"] & works["dated"] & ~works["ledger"]
    digging = np.flatnonzero((part_of_project & works["digs"]).to_numpy(dtype=bool))
    row, partner = nearby_pairs(left, shapes[digging], within_m=policy.within_m)
    partner = digging[partner]
    start = works["start_day"].to_numpy()
    first = start[partner] <= start[work[row]]
    time = pd.DataFrame(
        {
            "earlier": np.where(first, partner, work[row]),
            "later": np.where(first, work[row], partner),
        }
    )
    taken = does(partner, asset[row]) & within_months(works, time, policy.partner_months)
    rows, reach = united(
        shapely.buffer(shapes[partner[taken]], policy.within_m, quad_segs=16), row[taken]
    )
    left[rows] = shapely.difference(left[rows], reach)
    return pd.DataFrame({"work": work, "asset": asset, "left": pd.Series(left, dtype="object")})


def _told(context: Context, assets: gpd.GeoDataFrame, along: pd.DataFrame) -> pd.DataFrame:
    """Return candidates: one per project and asset of which enough is left."""
    works, policy = context.works, context.policy.partner
    codes = works["code"].to_numpy(dtype=object)
    along = along.assign(code=codes[along["work"].to_numpy()])
    along = along.sort_values(["code", "asset", "work"], ignore_index=True)
    pair = np.asarray(along.groupby(["code", "asset"], sort=True).ngroup(), dtype=np.int64)
    _, whole = united(along["left"].to_numpy(dtype=object), pair)
    length_m = shapely.length(whole)
    first = along.loc[~along[["code", "asset"]].duplicated()].reset_index(drop=True)
    enough = length_m >= policy.least_m
    first, length_m, whole = first[enough].reset_index(drop=True), length_m[enough], whole[enough]
    work, row = first["work"].to_numpy(dtype=np.int64), first["asset"].to_numpy(dtype=np.int64)
    place, road = roads_of_works(context)
    level, steps = graded(np.full(len(first), MEDIUM))
    due = day_numbers(pd.to_datetime(assets["due"]))[row]
    overhead = assets["kind"].eq("overhead_line").to_numpy(dtype=bool)[row]
    names, units = called(assets), owners(assets)
    facts: list[dict[str, object]] = [
        {
            "asset": names[at],
            "owner": units[at],
            "work_type": Worded.of(f"labels.work_type.{kind}"),
            "along_m": f"{metres:.0f}",
            "months": policy.partner_months,
            "due": "—" if day == UNKNOWN_DAY else str(np.datetime64(int(day), "D")),
        }
        for at, kind, metres, day in zip(
            row, works["work_type"].to_numpy(dtype=object)[work], length_m, due, strict=True
        )
    ]
    return pd.DataFrame(
        {
            "code_left": codes[work],
            "code_right": assets["asset_id"].to_numpy(dtype=object)[row],
            "kind_right": "asset",
            "left": work,
            "place": place[work],
            "road": road[work],
            "level": level,
            "steps": steps,
            "variant": np.select(
                [overhead, due == UNKNOWN_DAY, due < context.as_of_day],
                ["overhead", "pipe_undated", "pipe_overdue"],
                "pipe",
            ),
            "distance_m": shapely.distance(
                works.geometry.to_numpy()[work], assets.geometry.to_numpy()[row]
            ),
            "facts": pd.Series(facts, dtype="object"),
            "geometry": pd.Series(
                near_part(works.geometry.to_numpy()[work], whole, policy.within_m), dtype="object"
            ),
        }
    )

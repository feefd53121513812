"""工序倒置: on one stretch a lower layer is finished after an upper one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.common_ground import Lying, common_ground
from coordination.meetings import pair_key
from coordination.rules.protocol import (
    Candidates,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
    nothing,
)
from coordination.severity import MEDIUM, graded
from coordination.under_lock import project_words
from coordination.works import SIGNS_LAYER, add_months

_PAINTS = ("road", "traffic")
"""Sectors whose works that open nothing are signs and markings; others work beside the road."""


@dataclass(frozen=True)
class WrongOrder:
    """The finish of a lower layer comes after that of an upper one, at most ``order.months`` later.

    A work may span a range of layers (a rebuilt road goes from its base to its signs): the order is
    wrong only where all of the lower work's layers lie below all of the upper one's. The lower work
    opens ground that the upper one takes. Members of an accepted bundle raise none. What a lock
    names as well is told by both rules: each says something that the other does not. Medium.
    """

    code: str = "wrong_order"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return pairs of which the lower work is finished last."""
        works = context.works
        low, high = works["layer_low"].to_numpy(), works["layer_high"].to_numpy()
        end = works["finish_day"].to_numpy()
        finished = works["finished"].to_numpy(dtype=bool)
        dated = works["dated"].to_numpy(dtype=bool)
        codes = works["code"].to_numpy(dtype=object)
        exempt = works["emergency"].to_numpy(dtype=bool)
        # A finished work in the wrong order asks nobody to coordinate any more.
        lower = works["opens"].to_numpy(dtype=bool) & dated & ~finished & ~exempt
        paints = _paints(works)
        upper = (works["opens"].to_numpy(dtype=bool) | paints) & dated & ~exempt
        earliest_end = (works["first_start_day"] + works["duration_days"]).to_numpy()
        latest = add_months(end - 1, context.policy.order.months) + 1

        def wanted(
            below: npt.NDArray[np.int64], above: npt.NDArray[np.int64]
        ) -> npt.NDArray[np.bool_]:
            asked: npt.NDArray[np.bool_] = lower[below] & upper[above]
            asked &= (high[below] < low[above]) & (codes[below] != codes[above])
            return asked & (end[below] > end[above]) & (end[below] <= latest[above])

        pairs, spans = common_ground(
            _digs(context), _layers(context, paints), context.network,
            context.policy, wanted=wanted,
        )  # fmt: skip
        pairs = _not_bundled(pairs, context)
        if not len(pairs):
            return nothing()
        pairs = pairs.rename(columns={"left": "lower", "right": "upper"})
        below, above = pairs["lower"].to_numpy(), pairs["upper"].to_numpy()
        level, steps = graded(np.full(len(pairs), MEDIUM))
        sure_below, sure_above = works["sure_finish_day"].to_numpy(), end
        pairs = pairs.assign(
            left=below,
            right=above,
            code_left=codes[below],
            code_right=codes[above],
            level=level,
            steps=steps,
            opened=~paints[above],
            widened=sure_below[below] <= sure_above[above],
            variant=np.select(
                [finished[above], earliest_end[below] <= end[above]], ["done", "can_swap"], "plain"
            ),
        )
        facts = _facts(pairs, context)
        pairs["facts"] = pd.Series(facts, index=pairs.index, dtype="object")
        spans = spans.rename(columns={"pair": "candidate"})
        return candidates(pairs, spans[spans["candidate"].isin(pairs.index)])


def layer_pairs(context: Context, taking: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return pairs of works of which one lies below the other on a common stretch, whenever they are.

    Parameters
    ----------
    context
        What the rules see.
    taking
        Which works to look at, shape ``(works,)``.

    Returns
    -------
    pandas.DataFrame
        ``lower``, ``upper`` (rows of ``context.works``): all layers of the one lie below those of the
        other, and the lower one opens the ground. Emergencies are exempt.
    """
    works = context.works
    low, high = works["layer_low"].to_numpy(), works["layer_high"].to_numpy()
    codes = works["code"].to_numpy(dtype=object)
    paints = _paints(works)
    free = taking & ~works["emergency"].to_numpy(dtype=bool)
    opens = works["opens"].to_numpy(dtype=bool)

    def wanted(below: npt.NDArray[np.int64], above: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        asked: npt.NDArray[np.bool_] = free[below] & free[above] & opens[below]
        asked &= (opens | paints)[above] & (codes[below] != codes[above])
        return asked & (high[below] < low[above])

    pairs, _ = common_ground(
        _digs(context), _layers(context, paints), context.network, context.policy, wanted=wanted
    )
    return pairs.rename(columns={"left": "lower", "right": "upper"})[["lower", "upper"]]


def _paints(works: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Tell which works are signs and markings."""
    return np.asarray(works["method"].eq("none") & works["sector"].isin(_PAINTS), dtype=bool)


def _digs(context: Context) -> Lying:
    road = context.works["road"].to_numpy(dtype=object)
    return Lying(context.opened, context.opening_spans, road)


def _layers(context: Context, paints: npt.NDArray[np.bool_]) -> Lying:
    """Return where works make their layers: what they open, and what is painted."""
    shapes = np.where(paints, context.works.geometry.to_numpy(), context.opened)
    painted = context.spans[paints[context.spans["site"].to_numpy(dtype=np.int64)]]
    spans = pd.concat([context.opening_spans, painted], ignore_index=True)
    return Lying(shapes, spans, context.works["road"].to_numpy(dtype=object))


def _not_bundled(pairs: pd.DataFrame, context: Context) -> pd.DataFrame:
    bundles = context.city.bundles
    if not len(bundles):
        return pairs
    both = bundles.merge(bundles, on="bundle_id")
    held = set(pair_key(both["code_x"], both["code_y"]))
    codes = context.works["code"]
    left, right = (
        codes.iloc[pairs[name].to_numpy()].reset_index(drop=True) for name in ("left", "right")
    )
    free: pd.DataFrame = pairs[~pair_key(left, right).isin(held).to_numpy(dtype=bool)]
    return free


def _facts(pairs: pd.DataFrame, context: Context) -> list[dict[str, Any]]:
    works = context.works
    codes = works["code"].to_numpy(dtype=object)
    told = np.unique(pairs[["lower", "upper"]].to_numpy(dtype=np.int64))
    words = project_words(codes[told], context.projects)
    low, high = works["layer_low"].to_numpy(), works["layer_high"].to_numpy()
    last = (works["finish_day"].to_numpy() - 1).astype("datetime64[D]")
    known = context.projects.drop_duplicates("code").set_index("code")
    careful = known["safety_critical"].astype("object").eq(True).to_dict()
    return [
        {
            "lower_code": codes[below],
            "remedy": _remedy(codes[below], codes[above], safety=careful.get(codes[above], False)),
            "harm": Worded.of(f"findings.order.{'breaks' if shared > 0 else 'beside'}"),
            "lower": words[codes[below]],
            "upper": words[codes[above]],
            "lower_layer": _layer(low[below], high[below]),
            "upper_layer": _layer(low[above], high[above]),
            "lower_day": str(last[below]),
            "upper_day": str(last[above]),
            "gap_months": context.policy.order.months,
        }
        for below, above, shared in zip(
            pairs["lower"].tolist(), pairs["upper"].tolist(), pairs["area_m2"].tolist(), strict=True
        )
    ]


def _remedy(lower: str, upper: str, *, safety: bool) -> Worded:
    """Return what to do; a safety work is never told to wait for another."""
    if safety:
        return Worded.of("findings.order.safety", lower_code=lower, upper_code=upper)
    return Worded.of("findings.order.remedy")


def _layer(low: int, high: int) -> Worded:
    first = Worded.of(f"findings.layer.l{low}")
    if low == high or high > SIGNS_LAYER:
        return first
    last = Worded.of(f"findings.layer.l{high}")
    zh = Worded.of("findings.layer.range", low=first.zh, high=last.zh).zh
    return Worded(zh, Worded.of("findings.layer.range", low=first.en, high=last.en).en)

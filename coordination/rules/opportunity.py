"""统筹机会: works that could be done together, where no stronger rule speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, candidates
from coordination.rules.repeat_excavation import by_pair_and_road
from coordination.works import add_months


@dataclass(frozen=True)
class Opportunity:
    """Different units near each other on one road, or works that follow each other in the right order.

    Within ``opportunity_m`` along the same road, windows at most ``opportunity_months`` apart, both
    at least ``opportunity_area_m2`` and opening ground or surface. None is finished or an
    emergency, at least one has not started.
    """

    code: str = "opportunity"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = (
        "concurrent_works", "repeat_excavation", "no_dig_lockout", "wrong_order",
        "duplicate_project",
    )  # fmt: skip
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return pairs that could share an opening."""
        near = self._near(context)
        ordered = self._right_order(context)
        # Works in the right order share a stretch: that says more than that they are near.
        told = set(zip(ordered.pairs["left"], ordered.pairs["right"], strict=True))
        fresh = [pair not in told for pair in zip(near["left"], near["right"], strict=True)]
        near = near[np.array(fresh, dtype=bool)]
        if not len(near):
            return ordered
        spans = context.meeting_spans.rename(columns={"meeting": "candidate"})
        side_by_side = candidates(near, spans[spans["candidate"].isin(near.index)])
        offset = len(ordered.pairs)
        return Candidates(
            pd.concat([ordered.pairs, side_by_side.pairs], ignore_index=True),
            pd.concat(
                [
                    ordered.spans,
                    side_by_side.spans.assign(candidate=side_by_side.spans["candidate"] + offset),
                ],
                ignore_index=True,
            ),
        )

    def _near(self, context: Context) -> pd.DataFrame:
        works, policy = context.works, context.policy
        met = context.meetings
        left, right = met["left"].to_numpy(), met["right"].to_numpy()
        units = works["owner_unit"].to_numpy(dtype=object)
        known = pd.notna(units[left]) & pd.notna(units[right])
        big = (works["area_m2"] >= policy.opportunity_area_m2).to_numpy()
        opens = works["opens"].to_numpy()
        start, last = works["start_day"].to_numpy(), works["finish_day"].to_numpy() - 1
        limit = add_months(last, policy.opportunity_months)
        soon = (start[left] <= limit[right]) & (start[right] <= limit[left])
        near: pd.DataFrame = met.loc[
            known
            & (units[left] != units[right])
            & big[left] & big[right]
            & opens[left] & opens[right]
            & ~met["bundled"].to_numpy(dtype=bool)
            & soon
            & (met["along_m"].to_numpy() <= policy.opportunity_m)
            & met["place"].isin(("road", "footprints")).to_numpy()
            & _can_join(works, left, right)
        ]  # fmt: skip
        codes = works["code"].to_numpy()
        return near.assign(
            code_left=codes[near["left"].to_numpy()],
            code_right=codes[near["right"].to_numpy()],
            variant="near",
            level=0,
            steps="base:notice",
        )

    def _right_order(self, context: Context) -> Candidates:
        again = context.reopened
        again = again[again["right_order"].to_numpy(dtype=bool)]
        can = _can_join(context.works, again["left"].to_numpy(), again["right"].to_numpy())
        found = again[can].assign(level=0, steps="base:notice", variant="right_order")
        return by_pair_and_road(found, context)


def _can_join(
    works: pd.DataFrame, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    free = ~(works["finished"] | works["emergency"]).to_numpy(dtype=bool)
    waiting = ~works["started"].to_numpy(dtype=bool)
    can: npt.NDArray[np.bool_] = free[left] & free[right] & (waiting[left] | waiting[right])
    return can

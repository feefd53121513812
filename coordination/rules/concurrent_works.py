"""交叉作业: works on one road, in reach of each other, whose windows share a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, candidates, nothing
from coordination.severity import HIGH, MEDIUM, NOTICE, graded


@dataclass(frozen=True)
class ConcurrentWorks:
    """Windows share a day, ``distance_m <= buffer_m[a] + buffer_m[b]``, on the same road.

    Severity starts high when the two meet whatever their starts, medium from the policy's
    likelihood on, else notice. One level less each: only the buffers meet; any of the two is not
    open cut; opposite sides; they meet only at a junction or on open ground. One more: full closure
    or main road. A notice, whatever else, where the shared days are over while one of the two goes on:
    nothing is left to coordinate.
    """

    code: str = "concurrent_works"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return pairs at work on one road at a time."""
        works, policy = context.works, context.policy
        met = context.meetings
        buffers = works["buffer_m"].to_numpy()
        reach_m = buffers[met["left"].to_numpy()] + buffers[met["right"].to_numpy()]
        met = met[(met["overlap_days"] > 0) & (met["distance_m"] <= reach_m) & ~met["bundled"]]
        if not len(met):
            return nothing()
        left, right = met["left"].to_numpy(), met["right"].to_numpy()
        open_cut = works["method"].eq("open_cut").to_numpy()
        full = works["traffic_impact"].eq("full").to_numpy()
        off_road = met["place"].eq("junction") | (met["place"].eq("square") & ~met["same_square"])
        likelihood = met["likelihood"].to_numpy()
        base = np.where(
            met["overlap_days_certain"] > 0,
            HIGH,
            np.where(likelihood >= policy.likely, MEDIUM, NOTICE),
        )
        only_buffers = (met["distance_m"] > 0).to_numpy()
        finish = works["finish_day"].to_numpy()
        over = np.minimum(finish[left], finish[right]) <= context.as_of_day
        level, steps = graded(
            base,
            [
                ("only_buffers", -1, only_buffers),
                ("not_open_cut", -1, ~(open_cut[left] & open_cut[right])),
                ("opposite_sides", -1, met["opposite"].to_numpy(dtype=bool)),
                ("place", -1, off_road.to_numpy(dtype=bool)),
                (
                    "closure_or_main_road",
                    +1,
                    full[left] | full[right] | met["main_road"].to_numpy(dtype=bool),
                ),
                ("over", -3, over),
            ],
        )
        codes = works["code"].to_numpy()
        pairs = met.assign(
            code_left=codes[left],
            code_right=codes[right],
            level=level,
            steps=steps,
            variant=np.where(only_buffers, "near", np.where(met["opposite"], "opposite", "shared")),
        )
        spans = context.meeting_spans.rename(columns={"meeting": "candidate"})
        return candidates(pairs, spans[spans["candidate"].isin(pairs.index)])

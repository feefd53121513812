"""重复开挖: one stretch opened again by another project within two years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.policy import Policy
from coordination.reopened import within_months
from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, candidates, nothing
from coordination.severity import MEDIUM, graded
from coordination.works import add_months


@dataclass(frozen=True)
class RepeatExcavation:
    """Two openings of one stretch by different projects, at most ``repeat_months`` apart.

    The later work digs. Footway, base or surface work after underground work is the right order and
    left to `coordination.rules.opportunity`. Works whose windows overlap are a repeat only when
    they form different openings and probably do not meet. High up to ``repeat_high_months``, or
    with ``repeat_count`` openings within ``repeat_count_months``; else medium.
    """

    code: str = "repeat_excavation"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return pairs that open the same stretch twice."""
        again = context.reopened
        works, policy = context.works, context.policy
        later_digs = works["digs"].to_numpy()[again["later"].to_numpy()]
        again = again[later_digs & ~again["right_order"].to_numpy(dtype=bool)]
        close = within_months(works, again, policy.repeat_high_months)
        often = again["often"].to_numpy(dtype=bool)
        level, steps = graded(
            np.full(len(again), MEDIUM), [("short_gap", +1, close), ("many_openings", +1, often)]
        )
        found = again.assign(level=level, steps=steps, widened=_widened(works, again, policy))
        unlikely = again["overlap_days"].to_numpy() > 0
        found["variant"] = np.where(unlikely, "unlikely", "plain")
        return by_pair_and_road(found, context)


def by_pair_and_road(found: pd.DataFrame, context: Context) -> Candidates:
    """Put the pieces of each pair and road together; a sliver is how neighbours are drawn."""
    if not len(found):
        return nothing()
    pieces = context.grounds.pieces.iloc[found["ground"].to_numpy()].reset_index(drop=True)
    table = pd.concat([found.drop(columns="ground").reset_index(drop=True), pieces[
        ["place", "road", "section", "from_m", "to_m", "side", "length_m"]
    ]], axis=1)  # fmt: skip
    keys = ["left", "right", "place", "road"]
    table["candidate"] = table.groupby(keys, dropna=False, sort=False).ngroup()
    table = table.sort_values(["candidate", "level", "number"], ascending=[True, False, False])
    length = table.groupby("candidate")["length_m"].sum(min_count=1)
    long_enough = ~(length < context.policy.min_shared_m)
    table = table[long_enough.reindex(table["candidate"]).to_numpy()]
    pairs = table.drop_duplicates("candidate").set_index("candidate")
    codes = context.works["code"].to_numpy()
    pairs["code_left"] = codes[pairs["left"].to_numpy()]
    pairs["code_right"] = codes[pairs["right"].to_numpy()]
    pairs["opened"] = True
    spans = table.loc[table["section"] >= 0, ["candidate", "section", "from_m", "to_m", "side"]]
    return candidates(pairs, spans)


def _widened(works: pd.DataFrame, rows: pd.DataFrame, policy: Policy) -> npt.NDArray[np.bool_]:
    """Tell which gaps may be longer than a repeat allows when coarse dates are taken narrowly."""
    last_day = works["sure_finish_day"].to_numpy()[rows["earlier"].to_numpy()] - 1
    first_day = works["sure_start_day"].to_numpy()[rows["later"].to_numpy()]
    widened: npt.NDArray[np.bool_] = first_day > add_months(last_day, policy.repeat_months)
    return widened

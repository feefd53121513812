"""先修后挖: a planned surface will lock a stretch on which another dig is planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.meetings import pair_key
from coordination.openings import depended_codes
from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, nothing
from coordination.severity import HIGH, graded
from coordination.surfaces import digs_under_lock
from coordination.under_lock import as_candidates, digging


@dataclass(frozen=True)
class NoDigLockout:
    """Any day of a planned dig falls into the lock that a surface will have once it is made.

    Swap the two or bundle them. A dig that ends by the surface's last day is in the right
    order; so is one on which the surface depends and whose window still lets it come first. Members
    of one accepted bundle, and emergencies, raise none. High.
    """

    code: str = "no_dig_lockout"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return digs that a planned surface will lock out."""
        works, table = context.works, context.surfaces.table
        digs = digging(works) & ~works["emergency"].to_numpy(dtype=bool)
        locks = ~table["done"].to_numpy(dtype=bool)
        if not digs.any() or not locks.any():
            return nothing()
        pairs, spans = digs_under_lock(
            works, context.opened, context.opening_spans, context.surfaces, context.network,
            context.policy, digs=digs, locks=locks,
        )  # fmt: skip
        work, surface = pairs["work"].to_numpy(), pairs["surface"].to_numpy()
        earliest_end = works["first_start_day"] + works["duration_days"]
        first = earliest_end.to_numpy()[work] <= table["locked_from_day"].to_numpy()[surface]
        codes = works["code"].to_numpy(dtype=object)[work]
        makers = table["code"].to_numpy(dtype=object)[surface]
        kept = ~_bundled(codes, makers, context) & ~(first & _waits(makers, codes, context))
        begun = works["started"].to_numpy(dtype=bool)[table["work"].to_numpy()[surface]]
        begun &= table["work"].to_numpy()[surface] >= 0
        level, steps = graded(np.full(len(pairs), HIGH))
        pairs = pairs.assign(
            level=level,
            steps=steps,
            variant=np.select([first, begun], ["can_swap", "begun"], "plain"),
        )
        return as_candidates(pairs[kept], spans[kept[spans["pair"].to_numpy()]], context)


def _bundled(
    codes: npt.NDArray[np.object_], makers: npt.NDArray[np.object_], context: Context
) -> npt.NDArray[np.bool_]:
    bundles = context.city.bundles
    if not len(bundles):
        return np.zeros(len(codes), dtype=bool)
    both = bundles.merge(bundles, on="bundle_id")
    held = set(pair_key(both["code_x"], both["code_y"]))
    return pair_key(pd.Series(codes), pd.Series(makers)).isin(held).to_numpy(dtype=bool)


def _waits(
    makers: npt.NDArray[np.object_], codes: npt.NDArray[np.object_], context: Context
) -> npt.NDArray[np.bool_]:
    """Tell which surfaces depend on the dig."""
    depends = context.projects.drop_duplicates("code").set_index("code")["depends_on"]
    named = {code: depended_codes(depends.get(code)) for code in set(makers)}
    return np.array(
        [code in named[maker] for maker, code in zip(makers, codes, strict=True)], dtype=bool
    )

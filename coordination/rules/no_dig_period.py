"""禁掘期冲突: a dig meets a surface that is too young to be opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, nothing
from coordination.severity import HIGH, graded
from coordination.surfaces import digs_under_lock
from coordination.under_lock import as_candidates, digging


@dataclass(frozen=True)
class NoDigPeriod:
    """Any day of a dig falls into the lock of a surface that is there already.

    The surface is done as of the day of judgement, by the ledger or by a finished project, and lies
    on the same stretch and side. A trenchless work counts at its pits. High; an emergency is exempt:
    it is told as a notice, so that it can be counted, and blocks nothing.
    """

    code: str = "no_dig_period"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return digs under lock; without a ledger, under the surfaces of finished projects."""
        works = context.works
        missing = () if context.city.ledger is not None else ("ledger",)
        digs, locks = digging(works), context.surfaces.table["done"].to_numpy(dtype=bool)
        if not digs.any() or not locks.any():
            return nothing(missing)
        pairs, spans = digs_under_lock(
            works, context.opened, context.opening_spans, context.surfaces, context.network,
            context.policy, digs=digs, locks=locks,
        )  # fmt: skip
        emergency = works["emergency"].to_numpy(dtype=bool)[pairs["work"].to_numpy()]
        known = context.surfaces.table["kind_known"].to_numpy(dtype=bool)
        known = known[pairs["surface"].to_numpy()]
        level, steps = graded(np.full(len(pairs), HIGH), [("emergency", -2, emergency)])
        pairs = pairs.assign(
            level=level,
            steps=steps,
            variant=np.where(emergency, "emergency", np.where(known, "plain", "unknown_kind")),
        )
        return as_candidates(pairs, spans, context, missing=missing)

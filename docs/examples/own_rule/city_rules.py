"""占道过久: a work that takes a lane or more for longer than the city wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coordination.rules.protocol import (
    Candidates,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
)
from coordination.severity import MEDIUM, graded

WORDS = RuleWords(
    label=Worded("占道过久", "long occupation"),
    legal_basis=Worded("本市规定，示例", "a rule of this city, sample"),
    sentences={
        "plain": Worded(
            "{a}占用车道 {days} 天，超过 {most} 天，请缩短工期或分段施工。",
            "{a} takes a lane for {days} days, more than {most}; shorten it, or build in stages.",
        )
    },
)


@dataclass(frozen=True)
class LongOccupation:
    """An unfinished work closes a lane, half or all of a road for more than ``most_days``.

    ``most_days`` stands in the policy under ``[own_rules.long_occupation]``; 60 where it does not.
    One level less where the work is an emergency.
    """

    code: str = "long_occupation"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = WORDS

    def run(self, context: Context) -> Candidates:
        """Return the works that take too long."""
        works = context.works
        most = int(str(context.policy.own_rules.get(self.code, {}).get("most_days", 60)))
        closes = works["traffic_impact"].isin(("lane", "half", "full"))
        judged = works["placed"] & works["dated"] & ~works["ledger"] & ~works["finished"]
        long = closes & judged & (works["duration_days"] > most)
        rows = np.flatnonzero(long.to_numpy(dtype=bool))
        emergency = works["emergency"].to_numpy(dtype=bool)[rows]
        level, steps = graded(np.full(len(rows), MEDIUM), [("emergency", -1, emergency)])
        days = works["duration_days"].to_numpy()[rows]
        facts = [{"days": int(one), "most": most} for one in days]
        return candidates(
            pd.DataFrame(
                {
                    "code_left": works["code"].to_numpy(dtype=object)[rows],
                    "left": rows,
                    "place": "footprints",
                    "road": works["road"].to_numpy(dtype=object)[rows],
                    "level": level,
                    "steps": steps,
                    "facts": pd.Series(facts, dtype="object"),
                }
            )
        )


LONG_OCCUPATION = LongOccupation()

"""资料不足: a project that cannot take part in every rule, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, candidates
from coordination.works import DONE_STAGES


@dataclass(frozen=True)
class IncompleteData:
    """Place, dates or method missing, frame unconfirmed, or a stated size that contradicts.

    One finding per unfinished project; its items are ``place``, ``dates``, ``method``, ``frame``
    (neither stated nor confirmed by the roads whether degrees are shifted), ``area``
    and ``length`` (off the geometry by more than ``size_tolerance``) and ``product`` (length ×
    width is not the stated area).
    """

    code: str = "incomplete_data"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return unfinished projects that lack something."""
        works = context.works
        sites = works[~works["ledger"] & ~works["finished"].astype(bool)]
        tolerance = context.policy.size_tolerance
        polygon = sites["footprint_source"].eq("polygon")
        along = sites["footprint_source"].isin(("polygon", "line"))
        lacks = pd.DataFrame(
            {
                "place": ~sites["placed"],
                "dates": ~sites["dated"],
                "method": ~sites["method_known"],
                "frame": sites["placed"] & sites["frame_open"].astype(bool),
                "area": polygon & _contradict(sites["stated_area_m2"], sites["area_m2"], tolerance),
                # A dig may be wider than long: then the stated length is the shorter side.
                "length": along
                & _contradict(sites["stated_length_m"], sites["measured_length_m"], tolerance)
                & _contradict(
                    sites["stated_length_m"],
                    sites["area_m2"] / sites["measured_length_m"],
                    tolerance,
                ),
                "product": _contradict(
                    sites["stated_area_m2"],
                    sites["stated_length_m"] * sites["stated_width_m"],
                    tolerance,
                ),
            }
        )
        by_project = lacks.groupby(sites["code"].astype("object")).any()
        without_site = context.projects.loc[
            ~context.projects["code"].isin(set(works["code"]))
            & ~context.projects["stage"].isin(DONE_STAGES),
            "code",
        ]
        nothing = pd.DataFrame(
            {name: name in {"place", "dates", "method"} for name in lacks.columns},
            index=pd.Index(without_site, dtype="object"),
        )
        found = pd.concat([by_project, nothing]).astype(bool)
        found = found[found.any(axis=1)].sort_index()
        names = np.array(found.columns, dtype=object)
        items = [" ".join(names[row]) for row in found.to_numpy(dtype=bool)]
        nowhere = lacks["place"] | lacks["dates"]
        without = nowhere.groupby(sites["code"].astype("object")).agg(["sum", "size"])
        without = without.reindex(found.index, fill_value=0)
        first = pd.Series(sites.index, index=sites["code"].astype("object"))
        first = first[~first.index.duplicated()]
        return candidates(
            pd.DataFrame(
                {
                    "code_left": found.index.to_numpy(dtype=object),
                    "left": first.reindex(found.index).fillna(-1).to_numpy(dtype=np.int64),
                    "items": items,
                    "variant": np.where(without["sum"] < without["size"], "partly", "plain"),
                    "facts": [
                        {"lacking_sites": lacking, "all_sites": every}
                        for lacking, every in without.to_numpy().tolist()
                    ],
                }
            )
        )


def _contradict(
    stated: pd.Series[float], measured: pd.Series[float], tolerance: float
) -> pd.Series[bool]:
    """Tell which stated sizes are off by more than a share of the larger of the two."""
    known = (stated > 0) & (measured > 0)
    larger = np.maximum(stated, measured)
    return known & ((stated - measured).abs() > tolerance * larger)

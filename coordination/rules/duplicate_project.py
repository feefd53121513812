"""疑似重复立项: two filings that look like one and the same work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.dossiers import PROGRAMME_FROM
from coordination.rules.protocol import Candidates, Context, Reach, RuleWords, candidates
from coordination.severity import MEDIUM
from coordination.works import DONE_STAGES, add_months


@dataclass(frozen=True)
class DuplicateProject:
    """Same place, sector and work type with different funding, level or unit; or the same unit with
    overlapping windows on the same place; or one external dossier number twice in one unit.

    *Same place*: the footprints share ``same_place_share`` of the smaller one, on the same road or
    square. Different utilities are different works. The first kind looks at windows at most
    ``duplicate_months`` apart. A dossier number on three projects or more is a programme of
    several streets, and counts only at the same place. Under one number different units dig
    together: their projects are coordinated candidates (`coordination.dossiers`), no duplicates.
    """  # noqa: D205 the sentence is one

    code: str = "duplicate_project"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return pairs that may be filed twice."""
        works, policy = context.works, context.policy
        met = context.meetings
        left, right = met["left"].to_numpy(), met["right"].to_numpy()
        share = met["shared_area_m2"].to_numpy() / np.maximum(met["smaller_m2"].to_numpy(), 1e-9)
        same_place = (share >= policy.same_place_share) & met["place"].ne("junction").to_numpy()
        filed = ~works["ledger"].to_numpy(dtype=bool) & ~works["emergency"].to_numpy(dtype=bool)
        same_place &= filed[left] & filed[right]
        start, last = works["start_day"].to_numpy(), works["finish_day"].to_numpy() - 1
        limit = add_months(last, policy.duplicate_months)
        soon = (start[left] <= limit[right]) & (start[right] <= limit[left])

        def same(name: str) -> npt.NDArray[np.bool_]:
            return _alike(works[name], left, right)

        def differ(name: str) -> npt.NDArray[np.bool_]:
            return _differ(works[name], left, right)

        one_work = same("sector") & same("work_type") & ~differ("utility") & soon
        funded_twice = one_work & (differ("funding") | differ("level") | differ("owner_unit"))
        filed_twice = same("owner_unit") & (met["overlap_days"] > 0).to_numpy() & ~differ("utility")
        dossier = same("external_id") & ~differ("owner_unit")
        variant = np.select(
            [dossier, funded_twice, filed_twice], ["dossier", "funding", "unit"], ""
        )
        found = met.assign(variant=variant, meeting_row=met.index)[same_place & (variant != "")]
        codes = works["code"].to_numpy()
        found = found.assign(
            code_left=codes[found["left"].to_numpy()],
            code_right=codes[found["right"].to_numpy()],
            items=works["external_id"].to_numpy(dtype=object)[found["left"].to_numpy()],
        )
        found["items"] = found["items"].where(found["variant"].eq("dossier"), "")
        found = pd.concat([found, _dossiers_twice(context, found)])
        found.index = np.arange(len(found))
        found = found.assign(level=MEDIUM, steps="base:medium")
        spans = context.meeting_spans.rename(columns={"meeting": "meeting_row"})
        row_of = found.reset_index(names="candidate")[["candidate", "meeting_row"]].dropna()
        return candidates(found, row_of.merge(spans, on="meeting_row"))


def _alike(
    column: pd.Series[str], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    values = column.to_numpy(dtype=object)
    alike: npt.NDArray[np.bool_] = pd.notna(values[left]) & (values[left] == values[right])
    return alike


def _differ(
    column: pd.Series[str], left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    values = column.to_numpy(dtype=object)
    known = pd.notna(values[left]) & pd.notna(values[right])
    different: npt.NDArray[np.bool_] = known & (values[left] != values[right])
    return different


def _dossiers_twice(context: Context, found: pd.DataFrame) -> pd.DataFrame:
    """Return projects that share a dossier number with exactly one other, wherever they lie.

    A unit that is not known may be the same.
    """
    works = context.works
    projects = context.projects
    unfinished = set(works.loc[~works["finished"].astype(bool), "code"])
    # A project without a site is filed all the same.
    placeless = ~projects["code"].isin(set(works["code"])) & ~projects["stage"].isin(DONE_STAGES)
    unfinished |= set(projects.loc[placeless, "code"])
    units = projects.set_index("code")["owner_unit"].dropna().to_dict()
    projects = projects.loc[projects["external_id"].notna(), ["code", "external_id"]]
    rows = []
    for number, codes in projects.groupby("external_id")["code"]:
        if not 1 < len(codes) < PROGRAMME_FROM:
            continue
        rows += [
            (a, b, number)
            for a, b in combinations(sorted(codes), 2)
            if (a in unfinished or b in unfinished)
            and units.get(a, units.get(b)) == units.get(b, units.get(a))
        ]
    table = pd.DataFrame(rows, columns=["code_left", "code_right", "items"], dtype="object")
    told = set(zip(found["code_left"], found["code_right"], strict=True))
    told |= {(b, a) for a, b in told}
    fresh = [pair not in told for pair in zip(table["code_left"], table["code_right"], strict=True)]
    return table[np.array(fresh, dtype=bool)].assign(
        left=-1, right=-1, variant="dossier", place=None, road=None, meeting_row=np.nan
    )

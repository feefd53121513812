"""With whom a project shares its openings, and what that saves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.closed_spans import closed_spans
from coordination.openings import Grounds
from coordination.rules.protocol import Context
from coordination.savings import saved_wan, surface_of

SHARED_COLUMNS = ("length_m", "area_m2", "low_wan", "mid_wan", "high_wan")


def shared_openings(context: Context, code: str) -> pd.DataFrame:
    """Return the projects in whose openings a project lies, and what one opening saves.

    On each stretch that both open, and where nothing of either is finished, the saving is that of
    `coordination.savings.saved_wan`: length × the narrower dig × rate, at most the policy's share
    of what both cost. Where several share a metre the widest of them stands for all. Off the roads
    it is the common ground.

    Parameters
    ----------
    context
        What rules see of the city in which the project lies.
    code
        The project.

    Returns
    -------
    pandas.DataFrame
        Index ``code`` of the other project, widest dig first; ``length_m`` of stretches shared
        (both sides of one metre count once; 0 off the roads), ``area_m2`` that need not be opened
        twice thanks to it, ``low_wan``, ``mid_wan``, ``high_wan`` (10,000 yuan; sum them up).
    """
    return _valued(_together(context.grounds, context, code), context, one_by_one=False)


def ground_in_common(context: Context, code: str) -> pd.DataFrame:
    """Return the projects that open the same ground as a project, whenever they do.

    Parameters
    ----------
    context, code
        As for `shared_openings`.

    Returns
    -------
    pandas.DataFrame
        As `shared_openings`, each by itself: what it would save if just the two were one opening.
    """
    grounds = context.grounds
    whenever = grounds.members.assign(opening=grounds.members["ground"])
    pairs = _together(Grounds(grounds.pieces, whenever), context, code)
    return _valued(pairs, context, one_by_one=True)


def _together(grounds: Grounds, context: Context, code: str) -> pd.DataFrame:
    """Return the unfinished works in one opening with the project's: ``own, other`` and the piece."""
    works, members = context.works, grounds.members
    work = members["work"].to_numpy()
    codes = works["code"].to_numpy(dtype=object)
    free = ~(works["finished"] | works["ledger"]).to_numpy(dtype=bool)[work]
    mine = codes[work] == code
    pairs = members[free & mine].merge(
        members[free & ~mine], on=["ground", "opening"], suffixes=("_own", "_other")
    )
    pieces = grounds.pieces.iloc[pairs["ground"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    pairs = pd.concat(
        [
            pairs.rename(columns={"work_own": "own", "work_other": "other"})[["own", "other"]],
            pieces[["section", "from_m", "to_m", "left", "right"]],
        ],
        axis=1,
    )
    # Ground off the roads is about two works.
    ends = pairs[["left", "right"]].to_numpy(dtype=np.int64)
    two = np.sort(pairs[["own", "other"]].to_numpy(dtype=np.int64), axis=1)
    about = (ends[:, 0] < 0) | (np.sort(ends, axis=1) == two).all(axis=1)
    kept: pd.DataFrame = pairs[about].drop_duplicates().reset_index(drop=True)
    return kept


def _valued(pairs: pd.DataFrame, context: Context, *, one_by_one: bool) -> pd.DataFrame:
    works = context.works
    own, other = (pairs[name].to_numpy(dtype=np.int64) for name in ("own", "other"))
    width = np.nan_to_num(works["width_m"].to_numpy(dtype=float))
    surface = surface_of(works["position"])
    pairs = pairs.assign(
        code=works["code"].to_numpy(dtype=object)[other],
        narrower_m=np.fmin(width[own], width[other]),
        kind=np.where(surface[own] == surface[other], surface[own], "asphalt"),
    )
    widest = pairs.groupby("code")["narrower_m"].max().sort_values(ascending=False, kind="stable")
    rows, before = [], pairs.iloc[0:0]
    for code, narrower_m in widest.items():
        mine = pairs[pairs["code"] == code]
        told = mine if one_by_one else pd.concat([before, mine])
        length_m = _road_length_m(told) - (0.0 if one_by_one else _road_length_m(before))
        off = mine[mine["section"] < 0]
        area_m2 = length_m * narrower_m + _common_m2(off, context.opened)
        rows.append((code, _road_length_m(mine), area_m2, mine["kind"].iloc[0]))
        before = told
    table = pd.DataFrame(rows, columns=["code", "length_m", "area_m2", "kind"]).set_index("code")
    cost = works.drop_duplicates("code").set_index("code")["cost_wan"].astype("float64")
    mine_wan = cost.reindex(works["code"].to_numpy(dtype=object)[own[:1]]).sum(min_count=1)
    both_wan = cost.reindex(table.index).to_numpy(dtype=float) + mine_wan
    saved = saved_wan(
        table["area_m2"].to_numpy(dtype=float),
        table["kind"].to_numpy(dtype=object),
        both_wan,
        context.policy,
    )
    found = table.assign(**dict(zip(SHARED_COLUMNS[2:], saved.T, strict=True)))
    return found[list(SHARED_COLUMNS)]


def _road_length_m(pairs: pd.DataFrame) -> float:
    """Return the length of the union of stretches; both sides of one metre count once."""
    on = pairs[pairs["section"] >= 0]
    if not len(on):
        return 0.0
    closed = closed_spans(
        on["section"].to_numpy(dtype=np.int64),
        on["from_m"].to_numpy(dtype=float),
        on["to_m"].to_numpy(dtype=float),
    )
    return float((closed["to_m"] - closed["from_m"]).sum())


def _common_m2(pairs: pd.DataFrame, opened: npt.NDArray[np.object_]) -> float:
    own, other = (pairs[name].to_numpy(dtype=np.int64) for name in ("own", "other"))
    return float(shapely.area(shapely.intersection(opened[own], opened[other])).sum())

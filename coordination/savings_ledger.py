"""What accepted bundles were to save, and what they saved: openings really shared, by actual dates.

The achieved saving is computed as the predicted one (`coordination.bundling`), from the days on which the
members really were at work: each bundle by itself, as if its members were a plan with these dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.bundling import TRAFFIC_ONLY, bundles
from coordination.city import City
from coordination.detection import look
from coordination.policy import Policy
from coordination.schedule_build import schedule_problem
from coordination.schedule_check import check_schedule
from coordination.schedule_problem import FEN_PER_WAN

STATES = ("planned", "under_way", "done", "no_dates")
"""No member is finished; some are; all are; all are, but of one the actual days are not known."""
LEVELS = ("low", "mid", "high")
GROUPS = ("owner_unit", "sector", "town")
_SUMS = tuple(
    f"{kind}_{level}_wan" for kind in ("predicted", "due", "achieved") for level in LEVELS
)


@dataclass(frozen=True)
class SavingsLedger:
    """Predicted against achieved.

    Attributes
    ----------
    bundles
        ``bundle_id, roads, codes`` (with blanks between), ``state`` (of `STATES`), ``predicted_…_wan``,
        ``due_…_wan`` (predicted, of those that are done; else missing), ``achieved_…_wan`` (missing where
        not done), each ``low``, ``mid`` and ``high``, 10,000 yuan.
    groups
        By name of `GROUPS`: ``name, bundles`` (in which it has a part) and the same sums. A bundle counts
        for its members in equal parts, so that the groups add up to the whole.
    """

    bundles: pd.DataFrame
    groups: dict[str, pd.DataFrame]

    def totals(self) -> dict[str, float]:
        """Return the sums over all bundles, 10,000 yuan."""
        return {name: round(float(self.bundles[name].sum()), 4) for name in _SUMS}


def savings_ledger(city: City, accepted: pd.DataFrame, policy: Policy) -> SavingsLedger:
    """Return what accepted bundles were to save and what those that are done saved.

    Parameters
    ----------
    city
        The tables, with actual days of the sites.
    accepted
        ``bundle_id, name`` (its roads), ``mode, codes`` (with blanks between), ``saving_low_wan,
        saving_mid_wan, saving_high_wan``; bundles for traffic only save no opening and are left out.
    policy
        Rates and limits.
    """
    digging = accepted[accepted["mode"].ne(TRAFFIC_ONLY) & accepted["codes"].ne("")]
    rows = []
    for told in digging.to_dict("records"):
        codes = str(told["codes"]).split()
        state = _state(city, codes)
        predicted = np.array([told[f"saving_{level}_wan"] for level in LEVELS], dtype=float)
        done = state == "done"
        nothing = np.full(3, np.nan)
        achieved = achieved_wan(city, codes, policy) if done else nothing
        values = np.concatenate([predicted, predicted if done else nothing, achieved])
        rows.append((told["bundle_id"], told["name"], " ".join(codes), state, *values.tolist()))
    table = pd.DataFrame(rows, columns=["bundle_id", "roads", "codes", "state", *_SUMS])
    table = table.astype(dict.fromkeys(_SUMS, "float64"))
    return SavingsLedger(table, {name: _grouped(table, city, name) for name in GROUPS})


def _state(city: City, codes: Sequence[str]) -> str:
    own = city.projects[city.projects["code"].isin(codes)]
    finished = own["stage"].eq("completed")
    if not finished.any():
        return "planned"
    if not finished.all() or len(own) < len(codes):
        return "under_way"
    sites = city.sites[city.sites["project_code"].isin(codes)]
    known = sites["actual_start"].notna() & sites["actual_finish"].notna()
    return "done" if bool(known.all()) else "no_dates"


def achieved_wan(city: City, codes: Sequence[str], policy: Policy) -> npt.NDArray[np.float64]:
    """Return what projects saved by really sharing openings, 10,000 yuan: low, mid, high.

    Parameters
    ----------
    city
        Holds their sites with ``actual_start`` and ``actual_finish``.
    codes
        The members of one bundle.
    policy
        As for the prediction.
    """
    own = city.projects[city.projects["code"].isin(codes)].reset_index(drop=True)
    sites = city.sites[city.sites["project_code"].isin(codes)].reset_index(drop=True)
    start, finish = sites["actual_start"], sites["actual_finish"]
    none = start.where(start.isna())
    sites = sites.assign(
        start=start, finish=finish, start_precision="day", finish_precision="day",
        duration_days=(finish - start).dt.days + 1, actual_start=none, actual_finish=none,
    )  # fmt: skip
    happened = replace(
        city, projects=own.assign(stage="approved"), sites=sites, ledger=None, restrictions=None,
        assets=None, bundles=city.bundles.iloc[0:0], permits=None,
    )  # fmt: skip
    before = start.min().to_datetime64().astype("datetime64[D]") - np.timedelta64(1, "D")
    context = look(happened, policy, before)
    problem = schedule_problem(context)
    if not len(problem.projects):
        return np.zeros(3)
    # They were joined, however little they share; whether they did share it, the days tell.
    joined = replace(problem, bundle=np.zeros(len(problem.works), dtype=np.int64))
    found = bundles(joined, check_schedule(problem, problem.filed()), context)
    fen = np.sum([one.saved_fen for one in found], axis=0, initial=0.0)
    return np.asarray(fen if np.ndim(fen) else np.zeros(3), dtype=float).round(4) / FEN_PER_WAN


def _grouped(table: pd.DataFrame, city: City, name: str) -> pd.DataFrame:
    """Return the sums per unit, sector or town; each member bears an equal part of its bundle."""
    members = table.assign(code=table["codes"].str.split()).explode("code")
    share = members.groupby("bundle_id")["code"].transform("size").astype(float)
    members[list(_SUMS)] = members[list(_SUMS)].div(share, axis=0)
    of_project = city.projects.drop_duplicates("code").set_index("code")[name].astype("object")
    members["name"] = members["code"].map(of_project).astype("object").fillna("")
    sums = members.groupby("name")[list(_SUMS)].sum(min_count=1).round(4)
    counted = members.groupby("name")["bundle_id"].nunique()
    return sums.assign(bundles=counted).reset_index()[["name", "bundles", *_SUMS]]

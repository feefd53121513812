"""Emergency works: dig first, file the papers within a day, and be counted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.surfaces import surfaces
from coordination.works import works_table
from geo.intervals import meets
from geo.nearby_pairs import nearby_pairs

HOURS_A_DAY = 24
EMERGENCY_COLUMNS = (
    "code", "name", "owner_unit", "town", "start", "papers_on", "state", "late_days", "late_hours",
    "protected", "protected_roads",
)  # fmt: skip


def emergencies(city: City, policy: Policy, as_of: np.datetime64) -> pd.DataFrame:
    """Return the emergency works, and whether their papers came in time.

    Parameters
    ----------
    city
        Projects whose stage or kind of work is ``emergency``, without the withdrawn.
    policy
        ``stages.papers_days``: the papers are due that many days after the start; ``no_dig``.
    as_of
        Day of judgement.

    Returns
    -------
    pandas.DataFrame
        `EMERGENCY_COLUMNS`, latest start first: ``start`` (actual where known); ``state``:
        ``filed`` in time, ``late`` filed late, ``due``, ``overdue``, or ``unknown`` where no start
        is known and nothing is filed; ``late_days`` and ``late_hours`` (0 where not late; days are
        all that is known, so hours come in 24s); ``protected``: begun on ground that a surface locks
        (`coordination.surfaces`), or where a place is unknown on a road of that name, missing
        without a ledger; ``protected_roads`` joined by blanks.
    """
    projects = city.projects
    chosen = projects["stage"].eq("emergency") | projects["work_type"].eq("emergency")
    chosen &= projects["stage"].ne("withdrawn")
    table = projects.loc[chosen, ["code", "name", "owner_unit", "town", "papers_on"]]
    table = table.reset_index(drop=True)
    sites = city.sites[city.sites["project_code"].isin(table["code"])].reset_index(drop=True)
    sites = sites.assign(begun=sites["actual_start"].fillna(sites["start"]))
    first = sites.groupby("project_code")["begun"].min().reindex(table["code"])
    table["start"] = first.to_numpy()
    _add_papers(table, policy.stages.papers_days, as_of)
    roads = _protected(city, sites, policy, as_of)
    if roads is None:
        table["protected"] = pd.array([pd.NA] * len(table), dtype="boolean")
        table["protected_roads"] = ""
    else:
        told = table["code"].map(roads)
        table["protected"] = told.notna().astype("boolean")
        table["protected_roads"] = told.fillna("")
    ordered = table.sort_values("start", ascending=False, kind="stable", na_position="last")
    return ordered[list(EMERGENCY_COLUMNS)].reset_index(drop=True)


def _add_papers(table: pd.DataFrame, papers_days: int, as_of: np.datetime64) -> None:
    start, filed = day_numbers(table["start"]), day_numbers(table["papers_on"])
    today = int(as_of.astype("datetime64[D]").astype(np.int64))
    known, has = start != UNKNOWN_DAY, filed != UNKNOWN_DAY
    due = np.where(known, start + papers_days, today)
    late = np.maximum(np.where(has, filed, today) - due, 0)
    late[~known] = 0
    table["late_days"] = late
    table["late_hours"] = late * HOURS_A_DAY
    table["state"] = np.select(
        [has & (late > 0), has, ~known, late > 0], ["late", "filed", "unknown", "overdue"], "due"
    )


def _protected(
    city: City, sites: gpd.GeoDataFrame, policy: Policy, as_of: np.datetime64
) -> dict[str, str] | None:
    """Return the locked roads by project, or None where no ledger tells."""
    if city.ledger is None:
        return None
    if not len(sites):
        return {}
    day = int(as_of.astype("datetime64[D]").astype(np.int64))
    found = surfaces(city, works_table(city, policy, day), policy, day)
    table = found.table[found.table["done"]]
    shapes = found.shapes[found.table["done"].to_numpy(dtype=bool)]
    ground = sites.geometry.to_numpy(dtype=object)
    left, right = nearby_pairs(ground, shapes)
    pairs = [np.column_stack([left, right])]
    # Where either has no place, the name of the road has to do.
    named = pd.DataFrame({"left": np.arange(len(sites)), "road": sites["road"]}).dropna()
    others = pd.DataFrame({"right": np.arange(len(table)), "road": table["road"].to_numpy()})
    both = named.merge(others.dropna(), on="road")
    placeless = pd.isna(ground[both["left"]]) | pd.isna(shapes[both["right"]])
    pairs.append(both.loc[placeless, ["left", "right"]].to_numpy(dtype=np.int64))
    site, surface = np.concatenate(pairs).T.astype(np.int64)
    begun = day_numbers(sites["begun"])[site]
    begun = np.where(begun == UNKNOWN_DAY, day, begun)
    locked_from, locked_until = (
        table[name].to_numpy(dtype=np.int64)[surface]
        for name in ("locked_from_day", "locked_until_day")
    )
    kept = meets(begun, begun + 1, locked_from, locked_until)
    kept &= sites["project_code"].to_numpy(dtype=object)[site] != _codes(table)[surface]
    road = sites["road"].fillna(pd.Series("", index=sites.index)).to_numpy(dtype=object)[site]
    other = table["road"].fillna("").to_numpy(dtype=object)[surface]
    told = pd.DataFrame(
        {
            "code": sites["project_code"].to_numpy(dtype=object)[site],
            "road": np.where(other != "", other, road),
        }
    )[kept].drop_duplicates()
    return {
        str(code): " ".join(sorted(filter(None, part)))
        for code, part in told.groupby("code")["road"]
    }


def _codes(table: pd.DataFrame) -> npt.NDArray[np.object_]:
    codes: npt.NDArray[np.object_] = table["code"].to_numpy(dtype=object)
    return codes


def emergencies_by_unit(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``owner_unit, count, protected, overdue`` of `emergencies`, most first."""
    marked = table.assign(
        owner_unit=table["owner_unit"].astype("object").fillna(""),
        count=1,
        protected=table["protected"].fillna(value=False).astype(int),
        overdue=table["state"].eq("overdue").astype(int),
    )
    sums = marked.groupby("owner_unit")[["count", "protected", "overdue"]].sum().reset_index()
    return sums.sort_values(["count", "owner_unit"], ascending=[False, True], ignore_index=True)

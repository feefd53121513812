"""Routine upkeep packages (综合管养): recurring small works of several sectors in one area and season.

A lighter second mode beside the schedule: nothing is moved and nothing is solved. Upkeep that several
sectors plan for one town and one quarter is put together, so that one crew, one closure and one notice
serve them all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.closed_spans import closed_spans
from coordination.rules.protocol import Context
from geo.intervals import union_days

Days = npt.NDArray[np.int64]

PACKAGE_COLUMNS = (
    "package_id", "area", "year", "quarter", "projects", "codes", "sectors", "units", "lead_unit",
    "start", "finish", "roads", "shared_road_m", "days_apart", "days_together",
)  # fmt: skip


@dataclass(frozen=True)
class UpkeepPackages:
    """Packages, and the upkeep that is in none.

    Attributes
    ----------
    table
        `PACKAGE_COLUMNS`, RangeIndex: ``area`` (town as filed; empty where none is known), ``year`` and
        ``quarter``, ``codes``, ``sectors``, ``units``, ``roads`` (joined by blanks, roads by 、),
        ``lead_unit`` (with the most works, of equal ones the first by name), ``start``, ``finish``
        (ISO days, the window that all of them share within the season; the season itself where they
        share none), ``shared_road_m`` (of road on which at least two sectors work), ``days_apart`` and
        ``days_together`` (days of occupation on the roads that they share, each by itself and as one).
    alone
        Codes of upkeep projects of which no other sector works in the area and season.
    """

    table: pd.DataFrame
    alone: tuple[str, ...]


def upkeep_packages(context: Context) -> UpkeepPackages:
    """Return upkeep works grouped by area and season.

    Upkeep is unfinished, dated work of a kind in ``policy.plan.upkeep_work_types``. A project belongs to
    the quarter in which the middle of its window lies; a package has works of at least
    ``policy.plan.upkeep_least_sectors`` sectors. Emergencies take no part.

    Parameters
    ----------
    context
        `coordination.detection.look` at the city.
    """
    works, policy = context.works, context.policy.plan
    mine = works["work_type"].isin(policy.upkeep_work_types) & works["dated"]
    mine &= ~works["finished"] & ~works["ledger"] & ~works["emergency"]
    rows = pd.DataFrame(
        {name: works[name] for name in ("code", "sector", "owner_unit", "start_day", "finish_day")}
    )[mine.to_numpy(dtype=bool)]
    rows["work"] = np.flatnonzero(mine.to_numpy(dtype=bool))
    towns = context.projects.drop_duplicates("code").set_index("code")["town"].astype("object")
    rows["area"] = rows["code"].map(towns).fillna("").astype("object")
    middle = (rows["start_day"].to_numpy() + rows["finish_day"].to_numpy() - 1) // 2
    month = np.asarray(middle, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]")
    since = month.astype(np.int64)
    rows["year"], rows["quarter"] = 1970 + since // 12, since % 12 // 3 + 1
    # A project of several sites goes where its first one goes.
    first = rows.sort_values(["code", "start_day", "work"]).drop_duplicates("code")
    place = first.set_index("code")[["area", "year", "quarter"]]
    for name in place.columns:
        rows[name] = rows["code"].map(place[name])
    packages, alone = [], []
    number = rows.groupby(["area", "year", "quarter"], sort=True).ngroup().to_numpy()
    for at in range(int(number.max(initial=-1)) + 1):
        held = rows[number == at]
        area, year, quarter = held[["area", "year", "quarter"]].iloc[0]
        sectors = sorted(held["sector"].dropna().unique())
        if len(sectors) < policy.upkeep_least_sectors:
            alone += sorted(held["code"].unique())
            continue
        packages.append(_package(str(area), int(year), int(quarter), held, sectors, context))
    table = pd.DataFrame(packages, columns=list(PACKAGE_COLUMNS))
    return UpkeepPackages(table, tuple(sorted(alone)))


def _package(  # noqa: PLR0917 - what a package is
    area: str, year: int, quarter: int, held: pd.DataFrame, sectors: list[str], context: Context
) -> dict[str, object]:
    codes = sorted(held["code"].unique())
    units = held.drop_duplicates("code")["owner_unit"].dropna()
    counts = units.value_counts()
    lead = min(counts.index, key=lambda name: (-counts[name], name)) if len(counts) else None
    begin = np.datetime64(f"{year}-{3 * quarter - 2:02d}-01", "D").astype(np.int64)
    month = np.datetime64(f"{year}-{3 * quarter - 2:02d}", "M") + 3
    end = month.astype("datetime64[D]").astype(np.int64)
    start = max(int(held["start_day"].max()), int(begin))
    finish = min(int(held["finish_day"].min()), int(end))
    if start >= finish:
        start, finish = int(begin), int(end)
    roads, shared_m, apart, together = _on_roads(held, context)
    key = "\x1f".join((area, str(year), str(quarter), *codes))
    return {
        "package_id": f"U{hashlib.sha256(key.encode()).hexdigest()[:12]}",
        "area": area,
        "year": year,
        "quarter": quarter,
        "projects": len(codes),
        "codes": " ".join(codes),
        "sectors": " ".join(sectors),
        "units": " ".join(sorted(units.unique())),
        "lead_unit": lead,
        "start": str(np.datetime64(start, "D")),
        "finish": str(np.datetime64(finish - 1, "D")),
        "roads": "、".join(roads),
        "shared_road_m": round(shared_m, 1),
        "days_apart": apart,
        "days_together": together,
    }


def _on_roads(held: pd.DataFrame, context: Context) -> tuple[list[str], float, int, int]:
    """Return the roads, the metres that two sectors share, and days of occupation apart and together.

    A section is occupied on the days on which a work lies on it; as one, on the longest of them.
    """
    if context.network is None or not len(context.spans):
        return [], 0.0, 0, 0
    spans = context.spans.merge(held, left_on="site", right_on="work")
    names = context.network.sections["road"].to_numpy(dtype=object)
    section = spans["section"].to_numpy(dtype=np.int64)
    roads = sorted({str(one) for one in names[section] if isinstance(one, str)})
    sectors = spans.groupby("section")["sector"].nunique()
    shared = spans[spans["section"].isin(sectors.index[sectors > 1])]
    metres = 0.0
    for _, of_section in shared.groupby("section"):
        metres += _twice_m(of_section)
    days = shared.drop_duplicates(["section", "work"])
    _, apart = union_days(days["start_day"], days["finish_day"], days["section"])
    length = (days["finish_day"] - days["start_day"]).groupby(days["section"]).max()
    return roads, metres, int(apart.sum()), int(length.sum())


def _twice_m(spans: pd.DataFrame) -> float:
    """Return the metres of a section on which at least two sectors work."""
    total = 0.0
    covered = []
    for _, own in spans.groupby("sector"):
        one = closed_spans(
            np.zeros(len(own), dtype=np.int64),
            own["from_m"].to_numpy(dtype=float),
            own["to_m"].to_numpy(dtype=float),
        )
        covered.append(one)
        total += float((one["to_m"] - one["from_m"]).sum())
    every = pd.concat(covered, ignore_index=True)
    union = closed_spans(
        np.zeros(len(every), dtype=np.int64),
        every["from_m"].to_numpy(dtype=float),
        every["to_m"].to_numpy(dtype=float),
    )
    # Metres above the first sector that covers them; where three meet they count twice.
    return total - float((union["to_m"] - union["from_m"]).sum())

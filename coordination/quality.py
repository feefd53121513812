"""How good the data of projects is: what was given, inferred, confirmed, is missing or contradicts.

**Score** of a project, 0 to 100: the sum over the groups of weight × value, where the value of what
is given or confirmed is 1, of what the reader inferred `QualityPolicy.inferred`, of what contradicts
itself `QualityPolicy.contradicting`, of what is missing 0; a day counts by its precision; fields of
sites count with the mean over the sites. The score of a unit, town or file is the mean over its
projects. Giving more, or confirming what was inferred, never lowers it: a stated size that
contradicts the footprint still counts more than none.

**Coverage** (覆盖率): the share of projects with a usable place, time and cost. A place or a date
that was inferred is usable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.works import strip_length_m

By = Literal["all", "unit", "town", "file"]

STATES = ("missing", "contradicting", "inferred", "confirmed", "given")
"""Worst first: a project counts with the worst state among its sites."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "place": ("geometry",),
        "time": ("start", "finish"),
        "cost": ("cost_wan",),
        "method": ("method",),
        "unit": ("owner_unit",),
        "code": ("code",),
        "road": ("road",),
        "size": ("length_m", "area_m2"),
    }
)
"""Fields by group; ``geometry`` is the footprint."""

OF_PROJECT = frozenset({"cost_wan", "owner_unit", "code"})
MADE_CODE = "auto-"
"""How a code begins that the reader made because the list has none."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class QualityPolicy:
    """What counts how much (a sample, to be confirmed by the authority).

    Attributes
    ----------
    weights
        Points by group; they sum to 100.
    inferred, contradicting
        Value of what the reader inferred, and of a stated size that the footprint contradicts.
    precision
        Value of a date by its precision.
    size_tolerance
        A stated size contradicts when it is off by more than this share of the larger one.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "place": 25.0, "time": 25.0, "cost": 10.0, "method": 15.0, "unit": 10.0,
                "code": 5.0, "road": 5.0, "size": 5.0,
            }
        )
    )  # fmt: skip
    inferred: float = 0.6
    contradicting: float = 0.5
    precision: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"day": 1.0, "month": 0.9, "quarter": 0.8, "half": 0.7, "year": 0.5, "unknown": 0.5}
        )
    )
    size_tolerance: float = 0.3


DEFAULT = QualityPolicy()


@dataclass(frozen=True)
class Gap:
    """One group that costs points: what it loses, and in how many projects."""

    group: str
    points: float
    missing: int
    inferred: int
    contradicting: int


@dataclass(frozen=True)
class Quality:
    """The quality of the data of some projects.

    Attributes
    ----------
    table
        One row for all together, then one per unit, town and file: ``by`` (``all``, ``unit``,
        ``town``, ``file``), ``name`` (empty where a project names none), ``projects``, ``score``
        (NaN without projects), ``with_place``, ``with_time``, ``with_cost``, ``complete``
        (projects), ``GROUP_STATE`` (projects) and ``GROUP_points`` (mean) for all of `GROUPS` and
        `STATES`; most projects first.
    projects
        ``code``, ``score`` and the state of each group, one row per project that is not withdrawn.
    """

    table: pd.DataFrame
    projects: pd.DataFrame
    policy: QualityPolicy = DEFAULT

    def rows(self, by: By) -> pd.DataFrame:
        """Return the rows of one kind."""
        return self.table[self.table["by"] == by].reset_index(drop=True)

    @property
    def score(self) -> float:
        """The score of all together, NaN without projects."""
        return float(self.rows("all")["score"].iloc[0])

    def gaps(self, most: int = 3) -> tuple[Gap, ...]:
        """Return the groups that cost most points, worst first."""
        whole = self.rows("all").iloc[0]
        found = [
            Gap(
                group, weight - float(whole[f"{group}_points"]), int(whole[f"{group}_missing"]),
                int(whole[f"{group}_inferred"]), int(whole[f"{group}_contradicting"]),
            )
            for group, weight in self.policy.weights.items()
            if whole["projects"] and weight - float(whole[f"{group}_points"]) > 1e-9
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda gap: -gap.points)[:most])

    def document(self, *by: By) -> list[dict[str, Any]]:
        """Return the rows of the kinds asked for (default: all) as plain values for JSON."""
        table = self.table[self.table["by"].isin(by)] if by else self.table
        return [_plain(row) for row in table.to_dict("records")]


def quality(
    projects: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    *,
    sources: pd.DataFrame | None = None,
    policy: QualityPolicy = DEFAULT,
) -> Quality:
    """Judge the data of projects, in all and by unit, town and file.

    Parameters
    ----------
    projects, sites
        As in `coordination.city.City`; ``sites`` may have ``inferred`` and ``confirmed`` (names of
        fields, separated by blanks). Withdrawn projects are left out.
    sources
        ``project_code, source_file``: where each project came from.
    policy
        Weights and values.

    Examples
    --------
    >>> from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
    >>> projects = as_fields(pd.DataFrame({"code": ["A"], "owner_unit": ["gas"]}), PROJECT_FIELDS)
    >>> sites = as_fields(pd.DataFrame({"method": ["open_cut"]}), SITE_FIELDS)
    >>> sites.insert(0, "project_code", ["A"])
    >>> told = quality(projects, gpd.GeoDataFrame(sites, geometry=[None], crs=4549))
    >>> told.score, [gap.group for gap in told.gaps()]
    (30.0, ['place', 'time', 'cost'])
    """
    withdrawn = (projects["stage"] == "withdrawn").fillna(value=False).astype(bool)
    projects = projects[~withdrawn].drop_duplicates("code").reset_index(drop=True)
    at = pd.Index(projects["code"]).get_indexer(pd.Index(sites["project_code"]))
    sites, at = sites[at >= 0].reset_index(drop=True), at[at >= 0]
    judged = pd.DataFrame({"code": projects["code"].to_numpy(dtype=object)})
    points = pd.DataFrame(index=judged.index)
    states: dict[tuple[str, str], npt.NDArray[np.int64]] = {}
    for group, fields in GROUPS.items():
        values, worst = np.zeros(len(projects)), np.full(len(projects), len(STATES), dtype=np.int64)
        for name in fields:
            state, value = _judge(name, projects, sites, at, policy)
            states[group, name] = state
            values += value / len(fields)
            worst = np.minimum(worst, state)
        points[group] = values * policy.weights.get(group, 0.0)
        judged[group] = np.array(STATES, dtype=object)[worst]
    judged.insert(1, "score", points.sum(axis=1))
    usable = pd.DataFrame(
        {
            "with_place": states["place", "geometry"] > 0,
            "with_time": (states["time", "start"] > 0) & (states["time", "finish"] > 0),
            "with_cost": states["cost", "cost_wan"] > 0,
        }
    )
    usable["complete"] = usable.all(axis=1)
    table = _summed(judged, points, usable, _names(projects, sources))
    return Quality(table, judged, policy)


def _judge(
    name: str,
    projects: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    at: npt.NDArray[np.integer[Any]],
    policy: QualityPolicy,
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return state (row of `STATES`, the worst of its sites) and value of one field per project."""
    inferred, confirmed = _named(sites, "inferred", name), _named(sites, "confirmed", name)
    number = len(projects)
    if name in OF_PROJECT:
        has = _has(projects, name)
        inferred = np.bincount(at, weights=inferred, minlength=number) > 0
        confirmed = np.bincount(at, weights=confirmed, minlength=number) > 0
        if name == "code":
            inferred |= projects["code"].str.startswith(MADE_CODE).to_numpy(dtype=bool)
        state = np.select([~has, confirmed, inferred], [0, 3, 2], 4)
        return state.astype(np.int64), np.array([0.0, 0.0, policy.inferred, 1.0, 1.0])[state]
    has = (
        shapely.is_geometry(sites.geometry.to_numpy()) if name == "geometry" else _has(sites, name)
    )
    if name == "geometry":
        has = has & ~shapely.is_empty(np.asarray(sites.geometry.to_numpy(), dtype=object))
    wrong = has & _contradicts(name, sites, policy.size_tolerance)
    of_site = np.select([~has, wrong, confirmed, inferred], [0, 1, 3, 2], 4)
    value = np.array([0.0, policy.contradicting, policy.inferred, 1.0, 1.0])[of_site]
    if f"{name}_precision" in sites:
        known = sites[f"{name}_precision"].map(dict(policy.precision)).astype("float64")
        value = value * known.fillna(1.0).to_numpy()
    count = np.bincount(at, minlength=number)
    total = np.bincount(at, weights=value, minlength=number)
    worst = np.full(number, len(STATES), dtype=np.int64)
    np.minimum.at(worst, at, of_site)
    worst[count == 0] = 0
    return worst, np.divide(total, count, out=np.zeros(number), where=count > 0)


def _has(table: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    if name not in table:
        return np.zeros(len(table), dtype=np.bool_)
    # A cost or a size of zero is what lists write for "not known".
    known = table[name] > 0 if pd.api.types.is_numeric_dtype(table[name]) else table[name].notna()
    return known.fillna(value=False).to_numpy(dtype=np.bool_)


def _named(sites: pd.DataFrame, column: str, name: str) -> npt.NDArray[np.bool_]:
    """Tell which sites list a field in a column of names."""
    if column not in sites:
        return np.zeros(len(sites), dtype=np.bool_)
    names = " " + sites[column].astype("object").fillna("").astype(str) + " "
    return names.str.contains(f" {name} ", regex=False).to_numpy(dtype=np.bool_)


def _contradicts(name: str, sites: gpd.GeoDataFrame, tolerance: float) -> npt.NDArray[np.bool_]:
    """Tell which stated sizes the footprint contradicts.

    Only what was drawn says anything: a line has no area of its own, a point no size at all.
    """
    if name not in ("length_m", "area_m2") or "footprint_source" not in sites:
        return np.zeros(len(sites), dtype=np.bool_)
    shapes = sites.geometry.to_numpy()
    area = shapely.area(shapes)
    length = strip_length_m(area, shapely.length(shapes))
    stated = sites[name].to_numpy(dtype=np.float64)
    polygon = sites["footprint_source"].eq("polygon").to_numpy(dtype=np.bool_)
    if name == "area_m2":
        return polygon & _off(stated, area, tolerance)
    along = sites["footprint_source"].isin(("polygon", "line", "text")).to_numpy(dtype=np.bool_)
    with np.errstate(invalid="ignore", divide="ignore"):
        across = np.where(length > 0, area / length, np.nan)
    return along & _off(stated, length, tolerance) & _off(stated, across, tolerance)


def _off(stated: Floats, measured: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        known = (stated > 0) & (measured > 0)
        off = np.abs(stated - measured) > tolerance * np.maximum(stated, measured)
    return np.asarray(known & off, dtype=np.bool_)


def _names(projects: pd.DataFrame, sources: pd.DataFrame | None) -> dict[By, pd.Series[str]]:
    """Return what each project is counted under."""
    names: dict[By, pd.Series[str]] = {
        "all": pd.Series("", index=projects.index, dtype="object"),
        "unit": projects["owner_unit"].astype("object").fillna(""),
        "town": projects["town"].astype("object").fillna(""),
    }
    if sources is not None:
        held = sources.drop_duplicates("project_code").set_index("project_code")["source_file"]
        names["file"] = projects["code"].map(held).astype("object").fillna("")
    return names


def _summed(
    judged: pd.DataFrame,
    points: pd.DataFrame,
    usable: pd.DataFrame,
    names: Mapping[By, pd.Series[str]],
) -> pd.DataFrame:
    counts = pd.DataFrame({"projects": np.ones(len(judged), dtype=np.int64)})
    for name in usable:
        counts[name] = usable[name].astype(np.int64)
    for group in GROUPS:
        for state in STATES:
            counts[f"{group}_{state}"] = (judged[group] == state).astype(np.int64)
    means = points.add_suffix("_points").assign(score=judged["score"])
    tables = []
    for by, named in names.items():
        total = counts.groupby(named.to_numpy()).sum()
        mean = means.groupby(named.to_numpy()).mean()
        table = total.join(mean).rename_axis("name").reset_index()
        if by == "all" and table.empty:
            empty = dict.fromkeys(total.columns, 0) | dict.fromkeys(mean.columns, np.nan)
            table = pd.DataFrame([{"name": "", **empty}])
        table = table.sort_values(["projects", "name"], ascending=[False, True])
        table.insert(0, "by", by)
        tables.append(table)
    every = pd.concat([table for table in tables if len(table)], ignore_index=True)
    first = ["by", "name", "projects", "score", *usable.columns]
    return every[[*first, *(name for name in every.columns if name not in first)]]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one row nested by group: ``{"place": {"missing": 3, …, "points": 21.0}, …}``."""
    projects = int(row["projects"])
    names = {
        "with_place": "place",
        "with_time": "time",
        "with_cost": "cost",
        "complete": "complete",
    }
    return {
        "by": row["by"],
        "name": row["name"],
        "projects": projects,
        "score": _rounded(row["score"]),
        "coverage": {
            short: {
                "projects": int(row[name]),
                "share": round(int(row[name]) / projects, 4) if projects else None,
            }
            for name, short in names.items()
        },
        "groups": {
            group: {state: int(row[f"{group}_{state}"]) for state in STATES}
            | {"points": _rounded(row[f"{group}_points"])}
            for group in GROUPS
        },
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)

"""A new edition of a list beside what is stored: what is new, moved, changed, gone or renumbered.

Nothing here writes or deletes; a project that is absent is asked about, never taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.list_keys import (
    DEFAULT,
    EditionPolicy,
    KeyJudgement,
    evidence,
    judge_keys,
    renumbered_fault,
    united,
)
from coordination.projects import FIELD, PROJECT_FIELDS, SITE_FIELDS, day_numbers
from coordination.wording import text

Status = Literal["new", "renumbered", "moved", "changed", "gone", "unchanged"]
STATUSES: tuple[Status, ...] = get_args(Status)

COLUMNS = (
    "code", "status", "earlier_code", "name", "owner_unit", "road", "fields", "start_moved_days",
    "finish_moved_days", "place_moved_m", "place_shared", "past",
)  # fmt: skip
OVER = ("completed", "withdrawn")
_BETWEEN = "\x1f"
_WINDOW = ("start", "finish")


@dataclass(frozen=True)
class Edition:
    """A list compared with what is stored.

    Attributes
    ----------
    table
        `COLUMNS`, one row per project of either side: the list's in its order, then those that are
        gone. ``status``: ``new``; ``moved`` (window or place; ``fields`` names what else changed);
        ``changed``; ``gone`` (stored from an earlier edition and absent now); ``unchanged``;
        ``renumbered`` (the work of ``earlier_code`` under another code).
        ``start_moved_days``, ``finish_moved_days``: later is positive, NaN where a day is missing;
        ``place_moved_m`` between the centres, ``place_shared`` the common share of both footprints
        together (NaN where a place is missing); ``past``: gone, and its window was over.
    keys
        How well each key finds the list's projects in the store.
    continues
        Source files of which the list is the next edition.
    """

    table: pd.DataFrame
    keys: KeyJudgement
    continues: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Projects by status, all of `STATUSES`."""
        found = self.table["status"].value_counts()
        return {status: int(found.get(status, 0)) for status in STATUSES}

    def sentences(self, lang: str) -> list[str]:
        """Return one sentence per row of the table."""
        return [
            _sentence({str(name): value for name, value in row.items()}, lang)
            for row in self.table.to_dict("records")
        ]

    def summary(self, lang: str) -> list[str]:
        """Return the counts, and what the list was compared with, in words."""
        words = [text("editions.counts", lang, **self.counts)]
        past = int(self.table["past"].sum())
        if past:
            words.append(text("editions.gone_past", lang, count=past))
        if self.continues:
            words.append(text("editions.continues", lang, lists=", ".join(self.continues)))
        else:
            words.append(text("editions.continues_none", lang))
        if self.keys.renumbered:
            words.append(renumbered_fault(self.keys, {}).text(lang))
        return words


def compare(
    projects: pd.DataFrame,
    sites: gpd.GeoDataFrame,
    stored_projects: pd.DataFrame,
    stored_sites: gpd.GeoDataFrame,
    *,
    sources: pd.DataFrame | None = None,
    source: str | None = None,
    edition_of: str | None = None,
    as_of: date | None = None,
    held: Collection[str] = (),
    apart: Collection[tuple[str, str]] = (),
    follows: Collection[str] = (),
    policy: EditionPolicy = DEFAULT,
) -> Edition:
    """Compare a list with what is stored.

    Parameters
    ----------
    projects, sites
        The list: `PROJECT_FIELDS`; ``project_code``, `SITE_FIELDS` and footprints (m).
    stored_projects, stored_sites
        The same of the store, in the same CRS.
    sources
        ``project_code, source_file``: where each stored project came from.
    source, edition_of
        The list's own file, and the file whose next edition it is. Without ``edition_of`` the list
        continues every file of which it holds enough of the projects and units (`EditionPolicy`).
    as_of
        Stored windows that end before this day are over. None: no window is.
    held
        Codes that the list has although they are not among ``projects`` (refused rows): not gone.
    apart
        A project of the list and a stored one that look like the same work and are not.
    follows
        Files of which the list is known to be a later edition.
    policy
        Distances and shares.

    Returns
    -------
    Edition
        The order of rows and sites does not matter, nor what the file is called.

    Examples
    --------
    >>> from coordination.projects import as_fields
    >>> def listed(codes, start):
    ...     projects = as_fields(pd.DataFrame({"code": codes, "name": codes}), PROJECT_FIELDS)
    ...     sites = as_fields(pd.DataFrame({"start": pd.to_datetime([start] * len(codes))}), SITE_FIELDS)
    ...     sites.insert(0, "project_code", codes)
    ...     return projects, gpd.GeoDataFrame(sites, geometry=[None] * len(codes), crs=4549)
    >>> told = compare(*listed(["A", "C"], "2026-03-11"), *listed(["A", "B"], "2026-03-01"))
    >>> told.table[["code", "status", "start_moved_days"]].values.tolist()
    [['A', 'moved', 10.0], ['C', 'new', nan]]
    """
    now = evidence(_joined(projects, sites))
    stored = evidence(_joined(stored_projects, stored_sites))
    keys = judge_keys(now, stored, policy)
    pairs = keys.pairs
    renumbered = pairs["now"].ne(pairs["stored"]).to_numpy(dtype=bool)
    # A code that the list still holds under its own name cannot be another one's earlier code.
    if not keys.renumbered:
        free = ~pairs["stored"].isin(projects["code"]).to_numpy()
        other = pd.Index(zip(pairs["now"], pairs["stored"], strict=True)).isin(list(apart))
        pairs = pairs[~renumbered | (free & ~other)].reset_index(drop=True)
    rows = _compared(pairs, (projects, sites), (stored_projects, stored_sites), policy)
    fresh = projects.loc[~projects["code"].isin(pairs["now"]), ["code"]].assign(status="new")
    continues: tuple[str, ...] = ()
    gone = pd.DataFrame({"code": pd.Series(dtype="object")})
    if sources is not None:
        origin = sources[["project_code", "source_file"]].drop_duplicates()
        files = set(origin["source_file"])
        named = (
            {edition_of}
            if edition_of is not None
            else (_continued(now, stored, pairs, origin, policy) | {source})
        ) | set(follows)
        continues = tuple(sorted(files & named))
        absent = sources.loc[sources["source_file"].isin(continues), "project_code"]
        gone = _gone(stored_projects, stored, set(absent) - set(pairs["stored"]) - set(held), as_of)
    listed = pd.concat([rows, fresh], ignore_index=True)
    order = pd.Series(np.arange(len(projects)), index=projects["code"].to_numpy())
    listed = listed.iloc[np.argsort(listed["code"].map(order).to_numpy(), kind="stable")]
    table = pd.concat([listed, gone], ignore_index=True).reindex(columns=list(COLUMNS))
    table = _described(table, now, projects, stored, stored_projects)
    return Edition(table, keys, continues)


def _joined(projects: pd.DataFrame, sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one row per site with its project's fields; a project without sites has one row."""
    own = pd.DataFrame(sites).rename(columns={"project_code": "code"})
    names = ["code", "road", "extent_text", "start", "finish", "geometry"]
    names = [name for name in names if name in own]
    fields = ["code", "owner_unit", "name", "external_id", "permit_no", "town"]
    fields = [name for name in fields if name in projects]
    return projects[fields].merge(own[names], on="code", how="left")


def _compared(
    pairs: pd.DataFrame,
    now: tuple[pd.DataFrame, gpd.GeoDataFrame],
    stored: tuple[pd.DataFrame, gpd.GeoDataFrame],
    policy: EditionPolicy,
) -> pd.DataFrame:
    """Return status and differences of the projects that are on both sides."""
    if pairs.empty:  # the first list of a store: thirty fields need not be looked at
        return pd.DataFrame(columns=list(COLUMNS), dtype="object").astype({"status": "str"})
    ends = [
        _Side(projects, sites, pairs[name].to_numpy(dtype=object))
        for (projects, sites), name in ((now, "now"), (stored, "stored"))
    ]
    a, b = ends
    table = pd.DataFrame({"code": pairs["now"].to_numpy(dtype=object)})
    table["earlier_code"] = pairs["stored"].to_numpy(dtype=object)
    differs: dict[str, npt.NDArray[np.bool_]] = {
        item.name: a.project(item.name) != b.project(item.name)
        for item in PROJECT_FIELDS
        if item.name != "code"
    }
    differs |= {
        item.name: a.sites(item.name) != b.sites(item.name)
        for item in SITE_FIELDS
        if item.name != "site_id"
    }
    moved = np.zeros(len(table), dtype=bool)
    for name in _WINDOW:
        first, last = (a.days(name, end) - b.days(name, end) for end in ("min", "max"))
        days = np.where(first != 0, first, last)
        days = np.where(differs[name] | np.isnan(days), days, 0.0)
        table[f"{name}_moved_days"] = days
        shifted = differs[name] & ~np.isnan(days)
        moved |= shifted
        differs[name] &= ~shifted
    table["place_moved_m"], table["place_shared"], lost = _moved(a.shapes(), b.shapes())
    moved |= (table["place_shared"] < policy.same_share).to_numpy()
    differs["place"] = lost
    names = np.array(list(differs), dtype=object)
    flags = np.column_stack(list(differs.values())) if len(table) else np.zeros((0, len(names)))
    changed = flags.any(axis=1).astype(bool)
    table["fields"] = [" ".join(names[np.flatnonzero(row)]) for row in flags]
    renumbered = table["code"].ne(table["earlier_code"]).to_numpy(dtype=bool)
    table["status"] = np.select(
        [renumbered, moved, changed], ["renumbered", "moved", "changed"], "unchanged"
    )
    table["earlier_code"] = table["earlier_code"].where(renumbered, None)
    return table


class _Side:
    """One side of the comparison: its projects in the order of the pairs."""

    def __init__(
        self, projects: pd.DataFrame, sites: gpd.GeoDataFrame, codes: npt.NDArray[np.object_]
    ) -> None:
        self._codes = codes
        self._projects = projects.drop_duplicates("code").set_index("code").reindex(codes)
        at = pd.Index(codes).get_indexer(pd.Index(sites["project_code"]))
        self._sites = sites[at >= 0]
        self._at = at[at >= 0]

    def project(self, name: str) -> npt.NDArray[np.object_]:
        """Return a field as it is compared; missing is an empty text."""
        if name not in self._projects:
            return np.full(len(self._codes), "", dtype=object)
        return _as_text(self._projects[name])

    def sites(self, name: str) -> npt.NDArray[np.object_]:
        """Return the values of all sites of each project, sorted: their order means nothing."""
        result = np.full(len(self._codes), "", dtype=object)
        if name not in self._sites:
            return result
        told = pd.DataFrame({"at": self._at, "text": _as_text(self._sites[name])})
        joined = told.sort_values(["at", "text"]).groupby("at")["text"].agg(_BETWEEN.join)
        result[joined.index.to_numpy()] = joined.to_numpy(dtype=object)
        return result

    def days(self, name: str, end: str) -> npt.NDArray[np.float64]:
        """Return the earliest (``min``) or latest day of each project, NaN where one is missing."""
        result = np.full(len(self._codes), np.nan)
        known = self._sites[name].notna().to_numpy()
        numbers = day_numbers(self._sites[name]).astype(np.float64)
        days = pd.Series(np.where(known, numbers, np.nan)).groupby(self._at).agg(end)
        result[days.index.to_numpy()] = days.to_numpy()
        return result

    def shapes(self) -> npt.NDArray[np.object_]:
        """Return the whole ground of each project."""
        return united(
            np.asarray(self._sites.geometry.to_numpy(), dtype=object), self._at, len(self._codes)
        )


def _as_text(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    missing = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(column):
        texts = column.dt.strftime("%Y-%m-%d").to_numpy(dtype=object)
    elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        texts = np.array([f"{x:.9g}" for x in column.astype("Float64").fillna(0.0)], dtype=object)
    else:
        texts = np.array([str(value).strip() for value in column], dtype=object)
    return np.where(missing, "", texts).astype(object)


def _moved(
    now: npt.NDArray[np.object_], before: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return metres between the centres, the shared part of both, and where one place is missing."""
    has, had = shapely.is_geometry(now), shapely.is_geometry(before)
    metres = np.full(len(now), np.nan)
    share = np.full(len(now), np.nan)
    both = np.flatnonzero(has & had)
    same = shapely.equals_exact(now[both], before[both], tolerance=1e-6, normalize=True)
    metres[both[same]], share[both[same]] = 0.0, 1.0
    other = both[~same]
    if len(other):
        a, b = now[other], before[other]
        metres[other] = shapely.distance(shapely.centroid(a), shapely.centroid(b))
        common = shapely.area(shapely.intersection(a, b))
        whole = shapely.area(a) + shapely.area(b) - common
        share[other] = np.divide(common, whole, out=np.ones_like(common), where=whole > 0)
    return metres, share, has != had


def _continued(
    now: pd.DataFrame,
    stored: pd.DataFrame,
    pairs: pd.DataFrame,
    held: pd.DataFrame,
    policy: EditionPolicy,
) -> frozenset[str]:
    """Return the source files of which the list holds enough to be the next edition."""
    held = held[held["project_code"].isin(stored["code"])]
    met = held["project_code"].isin(pairs["stored"])
    by_file = held.assign(met=met).groupby("source_file")["met"].agg(["size", "sum"])
    least = np.minimum(by_file["size"], len(now))
    enough = by_file["sum"] >= policy.list_share * least
    units = stored.set_index("code")["owner_unit"]
    of_file = held.assign(unit=held["project_code"].map(units))
    of_file = of_file[of_file["unit"] != ""].drop_duplicates(["source_file", "unit"])
    again = of_file["unit"].isin(now["owner_unit"]).groupby(of_file["source_file"]).mean()
    enough &= again.reindex(by_file.index).fillna(1.0) >= policy.units_share
    return frozenset(str(name) for name in by_file.index[enough])


def _gone(
    projects: pd.DataFrame, stored: pd.DataFrame, absent: Collection[object], as_of: date | None
) -> pd.DataFrame:
    over = projects["stage"].isin(OVER) if "stage" in projects else False
    rows = projects.loc[projects["code"].isin(list(absent)) & ~over, ["code"]]
    last = pd.to_datetime(stored.set_index("code")["finish"].reindex(rows["code"].to_numpy()))
    past = np.zeros(len(rows), dtype=bool)
    if as_of is not None:
        past = (last < pd.Timestamp(as_of)).to_numpy(dtype=bool)
    return rows.assign(status="gone", past=past)


def _described(
    table: pd.DataFrame,
    now: pd.DataFrame,
    projects: pd.DataFrame,
    stored: pd.DataFrame,
    stored_projects: pd.DataFrame,
) -> pd.DataFrame:
    """Fill in what people know a project by, from the list, else from the store."""
    gone = (table["status"] == "gone").to_numpy(dtype=bool)

    def told(name: str, side: pd.DataFrame) -> npt.NDArray[np.object_]:
        values = side.drop_duplicates("code").set_index("code")[name].astype("object")
        return table["code"].map(values).astype("object").to_numpy()

    for name in ("name", "owner_unit"):
        table[name] = pd.Series(
            np.where(gone, told(name, stored_projects), told(name, projects)), dtype="object"
        )
    road = pd.Series(np.where(gone, told("road", stored), told("road", now)), dtype="object")
    table["road"] = road.str.replace(_BETWEEN, "、")
    table["past"] = table["past"].astype("boolean").fillna(value=False).astype(bool)
    table["fields"] = table["fields"].astype("object").fillna("")
    for name in ("start_moved_days", "finish_moved_days", "place_moved_m", "place_shared"):
        table[name] = table[name].astype("float64")
    return table


def _sentence(row: Mapping[str, object], lang: str) -> str:
    """Return one row of the comparison in words."""
    code, name = str(row["code"]), _word(row["name"])
    status = str(row["status"])
    parts = [text(f"editions.status.{status}", lang, code=code, name=name,
                  earlier=_word(row["earlier_code"]))]  # fmt: skip
    for key in ("start_moved_days", "finish_moved_days"):
        days = float(str(row[key]))
        if days and not np.isnan(days):
            way = "later" if days > 0 else "earlier"
            parts.append(text(f"editions.{key}.{way}", lang, days=f"{abs(days):.0f}"))
    share = float(str(row["place_shared"]))
    if share < DEFAULT.same_share:
        parts.append(
            text(
                "editions.place_moved", lang, metres=f"{float(str(row['place_moved_m'])):.0f}",
                share=f"{100 * share:.0f} %",
            )
        )  # fmt: skip
    fields = str(row["fields"]).split()
    if fields:
        names = [FIELD[one].zh if lang == "zh" else FIELD[one].en for one in fields if one in FIELD]
        names += [text("editions.place", lang)] if "place" in fields else []
        parts.append(
            text("editions.fields", lang, fields=("、" if lang == "zh" else ", ").join(names))
        )
    if row["past"]:
        parts.append(text("editions.past", lang))
    return ("；" if lang == "zh" else "; ").join(parts) + ("。" if lang == "zh" else ".")


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""

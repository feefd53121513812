"""What a store gives away: one flat layer per kind, as its reader may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from coordination.audience import Audience, for_audience, hidden_codes, without_ledger_of
from coordination.city import City
from coordination.findings import DETAIL_COLUMNS, FINDING_COLUMNS, HOTSPOT_COLUMNS, Findings
from coordination.partners import OTHER_COLUMNS, with_others
from coordination.projects import FIELD, FIELDS, day_numbers
from coordination.wording import table
from geo.intervals import meets

What = Literal[
    "projects", "findings", "hotspots", "sections", "junctions", "ledger", "restrictions",
    "boundaries", "assets",
]  # fmt: skip
WHATS: tuple[What, ...] = get_args(What)

_DATED: Mapping[What, tuple[str, str]] = {
    "projects": ("start", "finish"), "findings": ("start", "finish"), "ledger": ("start", "finish"),
    "restrictions": ("start", "finish"),
}  # fmt: skip
_GROUND = "geometry"


@dataclass(frozen=True)
class ExportTable:
    """One layer on its way out.

    Attributes
    ----------
    what
        Which.
    rows
        One row per site, finding, section …, all columns under our names, ``geometry`` last, in the
        store's CRS.
    left_out
        How many rows are missing and why: ``confidential`` (projects), ``no_dates`` and
        ``other_period`` (rows, only where a period was asked for).
    """

    what: What
    rows: gpd.GeoDataFrame
    left_out: Mapping[str, int]


def export_table(
    what: What,
    city: City,
    findings: Findings | None,
    *,
    audience: Audience,
    period: tuple[date | None, date | None] = (None, None),
) -> ExportTable:
    """Return one layer of a city as its reader may see it.

    Parameters
    ----------
    what
        Which.
    city, findings
        The whole truth; what is missing gives no rows.
    audience
        Contacts go to nobody but the office itself; confidential projects of others are left out,
        and findings with one keep a trace (`coordination.audience.for_audience`).
    period
        First and last day, inclusive; either may be open. Rows whose dates meet it, which leaves
        out rows without dates.
    """
    hidden: dict[str, str] = {}
    if not audience.sees_confidential:
        hidden = hidden_codes(city, audience)
        if findings is not None:
            city, findings = for_audience(city, findings, audience)
        else:
            open_rows = ~city.projects["code"].isin(list(hidden))
            city = _with_projects(city, city.projects[open_rows].assign(contact=None))
            city = without_ledger_of(city, hidden)
    left_out = {}
    if what == "projects":
        shown = ~city.projects["code"].isin([*hidden, *hidden.values()])
        rows = _projects(_with_projects(city, city.projects[shown]))
        left_out["confidential"] = len(hidden)
    else:
        rows = _layer(what, city, findings)
    if what in _DATED and period != (None, None):
        rows, left_out["no_dates"], left_out["other_period"] = _within(rows, _DATED[what], period)
    kept = {reason: count for reason, count in left_out.items() if count}
    return ExportTable(what, rows.reset_index(drop=True), kept)


def _with_projects(city: City, projects: pd.DataFrame) -> City:
    sites = city.sites[city.sites["project_code"].isin(projects["code"])]
    return replace(
        city, projects=projects.reset_index(drop=True), sites=sites.reset_index(drop=True)
    )


def _projects(city: City) -> gpd.GeoDataFrame:
    """Return one row per site with the columns of its project, as a list is written."""
    sites = pd.DataFrame(city.sites).rename(columns={"project_code": "code"})
    sites = sites.rename(columns={city.sites.geometry.name: _GROUND})
    whole = city.projects.merge(sites, on="code", how="left", suffixes=("", "_site"))
    names = [field.name for field in FIELDS if field.name in whole]
    return gpd.GeoDataFrame(whole[[*names, _GROUND]], geometry=_GROUND, crs=city.crs)


def _layer(what: What, city: City, findings: Findings | None) -> gpd.GeoDataFrame:
    layers: dict[str, gpd.GeoDataFrame | None] = {
        "sections": city.network.sections if city.network is not None else None,
        "junctions": city.network.junctions if city.network is not None else None,
        "ledger": city.ledger, "restrictions": city.restrictions,
        "boundaries": city.boundaries, "assets": city.assets,
    }  # fmt: skip
    if findings is not None:
        found = with_others(city, findings.table)
        columns = [*FINDING_COLUMNS, *DETAIL_COLUMNS, *OTHER_COLUMNS]
        layers["findings"] = found[[*columns, found.geometry.name]]
        spots = findings.hotspots
        layers["hotspots"] = spots[[*HOTSPOT_COLUMNS, spots.geometry.name]]
    rows = layers.get(what)
    if rows is None:
        return gpd.GeoDataFrame({_GROUND: []}, geometry=_GROUND, crs=city.crs)
    if rows.geometry.name != _GROUND:
        rows = rows.rename_geometry(_GROUND)
    return rows[[*(name for name in rows.columns if name != _GROUND), _GROUND]]


def _within(
    rows: gpd.GeoDataFrame, names: tuple[str, str], period: tuple[date | None, date | None]
) -> tuple[gpd.GeoDataFrame, int, int]:
    start, finish = (day_numbers(rows[name]) for name in names)
    dated = rows[list(names)].notna().all(axis=1).to_numpy()
    first = np.datetime64(period[0] or date.min, "D").astype(np.int64)
    last = np.datetime64(period[1] or date.max, "D").astype(np.int64)
    start, finish = np.where(dated, start, 0), np.where(dated, finish, -1)
    within = meets(start, finish + 1, first, last + 1) & dated
    return rows[within], int((~dated).sum()), int((dated & ~within).sum())


def in_words(rows: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return a table as people read it: headers and codes in their language, no geometry.

    A code list without words, or of which two codes share one, stays in codes; a list of projects
    reads back as it was.

    Examples
    --------
    >>> in_words(pd.DataFrame({"code": ["A1"], "stage": ["approved"]}), "zh").to_dict("list")
    {'项目编号': ['A1'], '项目阶段': ['批复']}
    """
    shown = {}
    for name in (str(column) for column in rows.columns if column != _GROUND):
        field = FIELD.get(name)
        words = _words(name, lang)
        column = rows[name]
        if words and (field is None or field.kind == "code"):
            column = column.astype(object).map(lambda code, w=words: w.get(code, code))
        header = (field.zh if lang == "zh" else field.en) if field is not None else name
        shown[header] = column
    return pd.DataFrame(shown, index=rows.index)


def _words(name: str, lang: str) -> dict[str, str]:
    for topic in ("labels", "reading"):
        try:
            words = table(f"{topic}.{name}", lang)
        except KeyError:
            continue
        return words if len(set(words.values())) == len(words) else {}
    return {}

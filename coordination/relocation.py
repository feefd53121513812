"""Sites that were located from words are located again when the roads change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.city import City
from coordination.extents.located import Gazetteer
from coordination.faults import Fault
from coordination.policy import Policy
from coordination.projects import UNKNOWN_DAY
from coordination.questions import Question
from coordination.text_places import FILLED, PlacedRows, place_by_text


@dataclass(frozen=True)
class Relocated:
    """Projects with sites that were looked for on other roads.

    Attributes
    ----------
    projects, sites, filings
        Of every project that has such a site, with all of its sites, as a store takes them; what
        is the same as before included.
    located
        How many sites have a place from words now.
    questions, notes
        What has to be asked, and which sites lost their place.
    """

    projects: pd.DataFrame
    sites: gpd.GeoDataFrame
    filings: pd.DataFrame
    located: int
    questions: tuple[Question, ...]
    notes: tuple[Fault, ...]


def relocate(
    city: City,
    filings: pd.DataFrame,
    gazetteer: Gazetteer,
    policy: Policy,
    *,
    answers: Mapping[str, str],
    today: int = UNKNOWN_DAY,
    edited: frozenset[str] = frozenset(),
) -> Relocated | None:
    """Locate again what was located from words, and what has words and no place yet.

    Parameters
    ----------
    city
        With the sites as they are.
    filings
        Of the store (`data.store.Store.filings`).
    gazetteer
        The new roads, in the city's CRS.
    policy, answers, today
        As `coordination.text_places.place_by_text`.
    edited
        Sites (``code/site``) that a person drew anew since: they stay.

    Returns
    -------
    Relocated or None
        None where no site has its place from words.
    """
    sites = city.sites
    words = sites[["road", "extent_text"]].notna().any(axis=1)
    keys = sites["project_code"].astype(str) + "/" + sites["site_id"].astype(str)
    concerned = (sites["footprint_source"] == "text") | (sites.geometry.isna() & words)
    concerned &= ~keys.isin(edited)
    if not concerned.any():
        return None
    old = sites[concerned]
    rows = pd.DataFrame(old.drop(columns="geometry")).assign(code=old["project_code"], row=0)
    inferred = [_names(names) for names in rows["inferred"]]
    for name in FILLED:  # what the words said is read from them again
        rows[name] = rows[name].mask(np.array([name in names for names in inferred], dtype=bool))
    nowhere = np.full(len(rows), None, dtype=object)
    placed = place_by_text(rows, nowhere, gazetteer, policy, today=today, answers=answers)
    again = _again(old, rows, placed, city)
    codes = old["project_code"].unique()
    kept = sites[sites["project_code"].isin(codes) & ~concerned]
    everything = pd.concat([kept, again]).sort_index(kind="stable").reset_index(drop=True)
    had = old.geometry.notna().to_numpy()
    located = shapely.is_geometry(placed.footprints)
    lost = np.zeros(len(old), dtype=bool)
    lost[placed.origin[~located]] = True
    return Relocated(
        city.projects[city.projects["code"].isin(codes)],
        gpd.GeoDataFrame(everything, geometry="geometry", crs=city.crs),
        _filings(filings[filings["project_code"].isin(codes)], old, again),
        int(located.sum()),
        tuple(
            replace(asked, reason=replace(asked.reason, row=None, column=None))
            for asked in placed.questions
        ),
        tuple(
            Fault("placing.lost", "note", params={"code": str(code), "site": str(site)})
            for code, site in old.loc[lost & had, ["project_code", "site_id"]].itertuples(
                index=False
            )
        ),
    )


def _again(
    old: gpd.GeoDataFrame, rows: pd.DataFrame, placed: PlacedRows, city: City
) -> gpd.GeoDataFrame:
    """Return the sites as they are now; one that names several places has become several."""
    again = old.iloc[placed.origin].copy()
    for name in placed.values.columns:
        again[name] = placed.values[name].to_numpy()
    # What was inferred of other fields, and confirmed of them, stays.
    for name in ("inferred", "confirmed"):
        again[name] = [
            " ".join(dict.fromkeys([*_names(new), *_others(before)])) or None
            for new, before in zip(again[name], rows[name].iloc[placed.origin], strict=True)
        ]
        again[name] = again[name].astype("str")
    part = placed.part
    again["site_id"] = [
        f"{site}.{number}" if number else site
        for site, number in zip(again["site_id"], part, strict=True)
    ]
    located = shapely.is_geometry(placed.footprints)
    source = np.full(len(again), None, dtype=object)
    source[located] = "text"
    again["footprint_source"] = pd.Series(source, index=again.index, dtype="str")
    return again.set_geometry(gpd.GeoSeries(placed.footprints, index=again.index, crs=city.crs))


def _names(names: object) -> list[str]:
    return names.split() if isinstance(names, str) else []


def _others(names: object) -> list[str]:
    return [name for name in _names(names) if name != "geometry" and name not in FILLED]


def _filings(filings: pd.DataFrame, old: gpd.GeoDataFrame, again: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the filings, repeated for a site that has become several."""
    renamed = pd.DataFrame(
        {
            "project_code": again["project_code"].to_numpy(),
            "site_id": old["site_id"].loc[again.index].to_numpy(),
            "now": again["site_id"].to_numpy(),
        }
    )
    merged = filings.merge(renamed, on=["project_code", "site_id"], how="left", sort=False)
    return merged.assign(site_id=merged["now"].fillna(merged["site_id"])).drop(columns="now")
